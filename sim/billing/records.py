"""Metered time as records: what a vendor rounds up and charges a minimum for, one by one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.billing.continuity import Continuity
from sim.billing.exact import by_day
from sim.billing.kept import Kept
from sim.billing.month import Tiling
from sim.catalog.counting import Scope
from sim.engine.contract import NEVER, Bools, Int8s, Int64s, State, Warmth
from sim.exact import Objects, narrow_sums, sums
from sim.trace.spans import Spans
from sim.trace.window import Window
from sim.units import DAY

MIB = 2**20


@dataclass(frozen=True, slots=True)
class Requests:
    """What a bill needs to know of the requests.

    Attributes
    ----------
    started, ended : int64[n]
        Microseconds; negative where it did not come to that.
    instance : int64[n]
        The instance that it began on.
    warmth : int8[n]
        `Warmth`: a COLD one waited for the start of its instance.
    memory : int64[n]
        Bytes in use while it runs, beside the runtime's.
    payload : int64[n] or int64[0]
        Bytes that it carries; none where nothing is said of them.
    """

    started: Int64s
    ended: Int64s
    instance: Int64s
    warmth: Int8s
    memory: Int64s
    payload: Int64s


@dataclass(frozen=True, slots=True)
class Records:
    """Stretches of metered time within the window, and the records they belong to.

    Attributes
    ----------
    begin, end : int64[n]
        Microseconds since the window began; ``begin < end``.
    instance : int64[n]
    begun : int64[r]
        For each record, microseconds since the window began when it began; NEVER where that was before.
    owner : int64[r]
        For each record, the instance on which it began.
    length : int64[r]
        For each record that begins within the window, microseconds that it lasts in all.
    """

    begin: Int64s
    end: Int64s
    instance: Int64s
    begun: Int64s
    owner: Int64s
    length: Int64s

    def added(self, round_up: int, minimum: int) -> tuple[Int64s, Int64s, Int64s]:
        """Say what rounding up and the minimum add to each record that begins within the window.

        Parameters
        ----------
        round_up, minimum : int
            Microseconds.

        Returns
        -------
        begun, owner, added : int64[b]
            When each of these records begins, whose it is, and microseconds.
        """
        here = self.begun != NEVER
        length = self.length[here]
        billed = -(-np.maximum(length, minimum) // round_up) * round_up
        return self.begun[here], self.owner[here], billed - length

    def daily(self, days: int, round_up: int, minimum: int) -> Objects:
        """Billed time by day of the window: time where it passes, what is added where its record begins.

        A record that crosses midnight is so rounded up once. Where the two days stand for different numbers of days of
        the month, a record that lasts longer can come out cheaper, by less than its rounding.

        Returns
        -------
        object[days]
            Microseconds, as Python integers.
        """
        begun, _, added = self.added(round_up, minimum)
        return np.asarray(by_day(self.begin, self.end, days) + sums(begun // DAY, added, days), dtype=object)


class ByInstance:
    """Billed time of each instance, one that goes on as another counted with it; see `sim.billing.continuity`.

    Parameters
    ----------
    made : Records
    as_which : int64[i]
        As which an instance goes on when the days of the window come round again, or NEVER.
    round_up, minimum : int
        Microseconds.
    """

    def __init__(self, made: Records, as_which: Int64s, round_up: int, minimum: int) -> None:
        self._made = made
        self._begun, self._owner, self._added = made.added(round_up, minimum)
        self._goes_on = np.flatnonzero(as_which != NEVER)
        self._as_which = as_which[self._goes_on]
        self._size = len(as_which)
        self._used: dict[tuple[int, int], Int64s] = {}

    def times(self, tiling: Tiling) -> tuple[tuple[int, int], ...]:
        """Billed time on the days of a tiling.

        Parameters
        ----------
        tiling : Tiling

        Returns
        -------
        tuple of (int, int)
            Microseconds, and the number of instances that have as many; in order.
        """
        found: dict[int, int] = {}
        total = np.zeros(self._size, dtype=np.int64)
        for number, (first, last) in enumerate(tiling.runs):
            if number:
                before, total = total, np.zeros(self._size, dtype=np.int64)
                total[self._as_which] = before[self._goes_on]
                before[self._goes_on] = 0
                _tally(found, before)
            total += self._within(first, last)
        _tally(found, total)
        return tuple(sorted(found.items()))

    def _within(self, first: int, last: int) -> Int64s:
        """Microseconds of each instance on days of the window that follow each other."""
        if (first, last) not in self._used:
            from_, to = first * DAY, last * DAY
            begin, end = np.maximum(self._made.begin, from_), np.minimum(self._made.end, to)
            inside = end > begin
            used = narrow_sums(self._made.instance[inside], (end - begin)[inside], self._size)
            here = (self._begun >= from_) & (self._begun < to)
            self._used[first, last] = used + narrow_sums(self._owner[here], self._added[here], self._size)
        return self._used[first, last]


def of_spans(spans: Spans, on: Bools, scope: Scope, window: Window, going_on: Continuity) -> Records:
    """Collect the spans of a meter into records.

    Parameters
    ----------
    spans : Spans
    on : bool[s]
        The spans in which the meter runs.
    scope : Scope
        INTERVAL or MONTH: spans of an instance that follow each other without a gap are one record. START: all those
        between one start or wake of the instance and the next are.
    window : Window
        Nothing outside it is billed.
    going_on : Continuity
        Of the same spans and window. What an instance has open at the end of the window and what the one as which it
        goes on has open at the begin are one record.

    Returns
    -------
    Records
    """
    part = starts(spans) if scope is Scope.START else _contiguous(spans, on)
    kept = np.flatnonzero(on & (spans.begin < window.end) & (spans.end > window.begin))
    begin = np.maximum(spans.begin[kept], window.begin) - window.begin
    end = np.minimum(spans.end[kept], window.end) - window.begin
    parts, first, record = np.unique(part[kept], return_index=True, return_inverse=True)
    length = narrow_sums(record, end - begin, len(parts))
    metered = np.flatnonzero(on)
    since = spans.begin[metered[np.searchsorted(part[metered], parts)]]
    begun = np.where(since < window.begin, NEVER, since - window.begin)
    joined = ~going_on.wakes if scope is Scope.START else on[going_on.going] & on[going_on.coming]
    before, after = (np.searchsorted(parts, part[span[joined]]) for span in (going_on.going, going_on.coming))
    there = _found(parts, before, part[going_on.going[joined]]) & _found(parts, after, part[going_on.coming[joined]])
    before, after = before[there], after[there]
    one = before != after
    length[before[one]] += length[after[one]]
    begun[after] = NEVER
    return Records(begin, end, spans.instance[kept], begun, spans.instance[kept][first], length)


def _contiguous(spans: Spans, on: Bools) -> Int64s:
    """Count stretches of an instance in which a meter runs or does not, and say to which of them each span belongs."""
    new = np.ones(len(on), dtype=np.bool_)
    new[1:] = (spans.instance[1:] != spans.instance[:-1]) | (on[1:] != on[:-1]) | (spans.begin[1:] != spans.end[:-1])
    return np.asarray(np.cumsum(new, dtype=np.int64) - 1)


def _found(values: Int64s, places: Int64s, wanted: Int64s) -> Bools:
    """Say where a search in sorted values came upon the wanted one."""
    there = places < len(values)
    there[there] = values[places[there]] == wanted[there]
    return there


def starts(spans: Spans) -> Int64s:
    """Count the starts and wakes, and say to which of them each span belongs.

    A start lasts until the instance is off or wakes again; what an instance does at rest belongs to the start before.

    Returns
    -------
    int64[s]
        From 0, not decreasing.
    """
    resting = (spans.state == State.RESTING) | (spans.state == State.ENTERING)
    new = np.ones(len(resting), dtype=np.bool_)
    new[1:] = (spans.instance[1:] != spans.instance[:-1]) | (resting[:-1] & ~resting[1:])
    return np.asarray(np.cumsum(new, dtype=np.int64) - 1)


def of_requests(
    requests: Requests, spans: Spans, with_start: bool, window: Window, chosen: Bools | None = None
) -> Records:
    """Make each request a record.

    Parameters
    ----------
    requests : Requests
    spans : Spans
        Of the same run.
    with_start : bool
        Whether the time for which an instance started is billed with the first request that waited for it.
    window : Window
        What a request does outside it is not billed. What it does until the end is rounded up, where it begins.
    chosen : bool[n], optional
        Those to be recorded; all where it is left out.

    Returns
    -------
    Records
        A request that took no time in the window has none.
    """
    began = np.flatnonzero(requests.started >= 0)
    begin, ended = requests.started[began].copy(), requests.ended[began]
    end = np.where(ended < 0, window.end, np.minimum(ended, window.end))
    instance = requests.instance[began]
    if with_start:
        begin -= _start_times(spans, instance, begin, np.asarray(requests.warmth[began] == Warmth.COLD))
    lasting = window.share(begin, end) > 0
    if chosen is not None:
        lasting &= chosen[began]
    begin, end, instance = begin[lasting], end[lasting], instance[lasting]
    return Records(
        begin=np.maximum(begin, window.begin) - window.begin, end=end - window.begin, instance=instance,
        begun=np.where(begin >= window.begin, begin - window.begin, NEVER), owner=instance, length=end - begin)


def memory(requests: Requests, window: Window) -> Objects:
    """Add up the memory of the requests in flight over time.

    Parameters
    ----------
    requests : Requests
    window : Window
        What a request does outside it is not counted.

    Returns
    -------
    object[days]
        Bytes times microseconds by day of the window, as Python integers.
    """
    kept = np.flatnonzero(requests.started >= 0)
    ended = np.where(requests.ended[kept] < 0, window.end, requests.ended[kept])
    begin = np.maximum(requests.started[kept], window.begin) - window.begin
    end = np.minimum(ended, window.end) - window.begin
    lasting = end > begin
    size = requests.memory[kept][lasting]
    # Split, so that no product of a size and a time leaves 64 bits.
    parts = ((MIB, size // MIB), (1, size % MIB))
    return np.asarray(
        sum(by_day(begin[lasting], end[lasting], window.days, part) * unit for unit, part in parts), dtype=object)


def minimum_idle(spans: Spans, pool: Int64s, minimum: Kept, window: Window) -> Objects:
    """Time of idle instances within the minimum: the integral of min(idle, max(0, minimum - active)) over each pool.

    Parameters
    ----------
    spans : Spans
    pool : int64[i]
        The pool of each instance.
    minimum : Kept
        Instances that a pool keeps, over the window. Those that start, wake or are busy count towards it first.
    window : Window
        Nothing outside it is billed.

    Returns
    -------
    object[days]
        Microseconds by day of the window, as Python integers.
    """
    idle = spans.state == State.IDLE
    active = np.isin(spans.state, [State.STARTING, State.BUSY, State.DRAINING, State.WAKING])
    kept = (idle | active) & (spans.begin < window.end) & (spans.end > window.begin)
    begin = np.maximum(spans.begin[kept], window.begin) - window.begin
    end = np.minimum(spans.end[kept], window.end) - window.begin
    one = np.ones(len(begin), dtype=np.int64)
    pools = np.unique(pool)
    # Where the minimum changes, nothing else does: it begins another stretch in every pool.
    still = np.zeros(len(pools) * len(minimum.begin), dtype=np.int64)
    time = np.concatenate([begin, end, np.tile(minimum.begin, len(pools))])
    where = np.concatenate([*[pool[spans.instance[kept]]] * 2, np.repeat(pools, len(minimum.begin))])
    order = np.lexsort((time, where))
    time, where = time[order], where[order]
    # Every pool's changes add up to nothing, so that one running sum serves them all.
    idling, acting = (
        np.cumsum(np.concatenate([one * is_so, -one * is_so, still])[order]) for is_so in (idle[kept], active[kept])
    )
    counted = np.minimum(idling, np.maximum(0, minimum.at(time) - acting))[:-1]
    lasting = (counted > 0) & (time[1:] > time[:-1]) & (where[1:] == where[:-1])
    return by_day(time[:-1][lasting], time[1:][lasting], window.days, counted[lasting])


def _start_times(spans: Spans, instance: Int64s, begin: Int64s, cold: Bools) -> Int64s:
    """Time for which the instance of each request started, given to the first cold request of each instance."""
    times = np.zeros(len(instance), dtype=np.int64)
    waited = np.flatnonzero(cold)
    order = np.lexsort((begin[waited], instance[waited]))
    waited = waited[order]
    first = waited[np.flatnonzero(np.diff(instance[waited], prepend=-1))]
    starting = spans.state == State.STARTING
    begun = spans.instance[starting]
    size = int(max(instance.max(initial=-1), begun.max(initial=-1))) + 1
    lengths = narrow_sums(begun, (spans.end - spans.begin)[starting], size)
    times[first] = lengths[instance[first]]
    return times


def _tally(found: dict[int, int], used: Int64s) -> None:
    """Count how many instances have each amount above 0."""
    for amount, count in zip(*np.unique(used[used > 0], return_counts=True), strict=True):
        found[int(amount)] = found.get(int(amount), 0) + int(count)
