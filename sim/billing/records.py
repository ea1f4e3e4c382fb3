"""Metered time as records: what a vendor rounds up and charges a minimum for, one by one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.billing.exact import by_day
from sim.billing.month import Tiling
from sim.catalog.prices import Scope
from sim.engine.contract import Bools, Int8s, Int64s, State, Warmth
from sim.exact import Objects, narrow_sums, sums
from sim.trace.spans import Spans
from sim.units import DAY


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
    """

    started: Int64s
    ended: Int64s
    instance: Int64s
    warmth: Int8s


@dataclass(frozen=True, slots=True)
class Records:
    """Stretches of metered time within the horizon, and the records they belong to.

    Attributes
    ----------
    begin, end : int64[n]
        Microseconds; ``begin < end``.
    record : int64[n]
        From 0, not decreasing.
    instance : int64[n]
    """

    begin: Int64s
    end: Int64s
    record: Int64s
    instance: Int64s

    @property
    def count(self) -> int:
        """Number of records."""
        return int(self.record[-1]) + 1 if len(self.record) else 0

    def added(self, round_up: int, minimum: int) -> tuple[Int64s, Int64s, Int64s]:
        """Say what rounding up and the minimum add to each record.

        Parameters
        ----------
        round_up, minimum : int
            Microseconds.

        Returns
        -------
        begin, instance, added : int64[count]
            When each record begins, whose it is, and microseconds.
        """
        first = np.flatnonzero(np.diff(self.record, prepend=-1))
        raw = narrow_sums(self.record, self.end - self.begin, self.count)
        billed = -(-np.maximum(raw, minimum) // round_up) * round_up
        return self.begin[first], self.instance[first], billed - raw

    def daily(self, days: int, round_up: int, minimum: int) -> Objects:
        """Billed time by simulated day: time where it passes, what is added where its record begins.

        A record that crosses midnight is so rounded up once. Where the two days stand for different numbers of days of
        the month, a record that lasts longer can come out cheaper, by less than its rounding.

        Returns
        -------
        object[days]
            Microseconds, as Python integers.
        """
        begin, _, added = self.added(round_up, minimum)
        return np.asarray(by_day(self.begin, self.end, days) + sums(begin // DAY, added, days), dtype=object)


class ByInstance:
    """Billed time of each instance.

    An instance whose meter runs through the whole horizon is one instance all month. Any other is a new one each time
    its days come round: nobody keeps the server that was deleted on Friday until next Monday.

    Parameters
    ----------
    made : Records
    days : int
        Simulated days.
    round_up, minimum : int
        Microseconds.
    """

    def __init__(self, made: Records, days: int, round_up: int, minimum: int) -> None:
        self._made = made
        numbers, self._index = np.unique(made.instance, return_inverse=True)
        self._begun, owner, self._added = made.added(round_up, minimum)
        self._owner = np.searchsorted(numbers, owner)
        self._size = len(numbers)
        self._always = narrow_sums(self._index, made.end - made.begin, self._size) == days * DAY
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
        through = np.zeros(self._size, dtype=np.int64)
        found: dict[int, int] = {}
        for run in tiling.runs:
            used = self._within(run.first, run.last)
            through += used * run.times
            _tally(found, used[~self._always & (used > 0)], run.times)
        _tally(found, through[self._always & (through > 0)], 1)
        return tuple(sorted(found.items()))

    def _within(self, first: int, last: int) -> Int64s:
        """Microseconds of each instance on simulated days that follow each other."""
        if (first, last) not in self._used:
            from_, to = first * DAY, last * DAY
            begin, end = np.maximum(self._made.begin, from_), np.minimum(self._made.end, to)
            inside = end > begin
            used = narrow_sums(self._index[inside], (end - begin)[inside], self._size)
            here = (self._begun >= from_) & (self._begun < to)
            self._used[first, last] = used + narrow_sums(self._owner[here], self._added[here], self._size)
        return self._used[first, last]


def of_spans(spans: Spans, on: Bools, scope: Scope, horizon: int) -> Records:
    """Collect the spans of a meter into records.

    Parameters
    ----------
    spans : Spans
    on : bool[s]
        The spans in which the meter runs.
    scope : Scope
        INTERVAL or MONTH: spans of an instance that follow each other without a gap are one record. START: all those
        between one start or wake of the instance and the next are.
    horizon : int
        Microseconds: nothing from then on is billed.

    Returns
    -------
    Records
    """
    kept = on & (spans.begin < horizon)
    begin, end = spans.begin[kept], np.minimum(spans.end[kept], horizon)
    instance = spans.instance[kept]
    if scope is Scope.START:
        part = starts(spans)[kept]
        new = part[1:] != part[:-1]
    else:
        new = (instance[1:] != instance[:-1]) | (begin[1:] != end[:-1])
    record = np.concatenate([np.zeros(min(len(begin), 1), dtype=np.int64), np.cumsum(new, dtype=np.int64)])
    return Records(begin, end, record, instance)


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


def of_requests(requests: Requests, spans: Spans, with_start: bool, horizon: int) -> Records:
    """Make each request that began within the horizon a record.

    Parameters
    ----------
    requests : Requests
    spans : Spans
        Of the same run.
    with_start : bool
        Whether the time for which an instance started is billed with the first request that waited for it.
    horizon : int
        Microseconds: what a request does from then on is not billed.

    Returns
    -------
    Records
        A request that took no time has none.
    """
    began = np.flatnonzero((requests.started >= 0) & (requests.started < horizon))
    begin, ended = requests.started[began].copy(), requests.ended[began]
    end = np.where(ended < 0, horizon, np.minimum(ended, horizon))
    instance = requests.instance[began]
    if with_start:
        begin -= _start_times(spans, instance, begin, np.asarray(requests.warmth[began] == Warmth.COLD))
    lasting = end > begin
    begin, end, instance = begin[lasting], end[lasting], instance[lasting]
    return Records(begin, end, np.arange(len(begin), dtype=np.int64), instance)


def minimum_idle(spans: Spans, pool: Int64s, minimum: int, horizon: int, days: int) -> Objects:
    """Time of idle instances within the minimum: the integral of min(idle, max(0, minimum - active)) over each pool.

    Parameters
    ----------
    spans : Spans
    pool : int64[i]
        The pool of each instance.
    minimum : int
        Instances that a pool keeps. Those that start, wake or are busy count towards it first.
    horizon : int
        Microseconds.
    days : int
        The same in days.

    Returns
    -------
    object[days]
        Microseconds by simulated day, as Python integers.
    """
    idle = spans.state == State.IDLE
    active = np.isin(spans.state, [State.STARTING, State.BUSY, State.DRAINING, State.WAKING])
    kept = (idle | active) & (spans.begin < horizon)
    begin, end = spans.begin[kept], np.minimum(spans.end[kept], horizon)
    one = np.ones(len(begin), dtype=np.int64)
    time = np.concatenate([begin, end])
    where = np.tile(pool[spans.instance[kept]], 2)
    order = np.lexsort((time, where))
    time, where = time[order], where[order]
    # Every pool's changes add up to nothing, so that one running sum serves them all.
    idling, acting = (
        np.cumsum(np.concatenate([one * is_so, -one * is_so])[order]) for is_so in (idle[kept], active[kept])
    )
    counted = np.minimum(idling, np.maximum(0, minimum - acting))[:-1]
    lasting = (counted > 0) & (time[1:] > time[:-1]) & (where[1:] == where[:-1])
    return by_day(time[:-1][lasting], time[1:][lasting], days, counted[lasting])


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


def _tally(found: dict[int, int], used: Int64s, times: int) -> None:
    """Count how many instances have each amount."""
    for amount, count in zip(*np.unique(used, return_counts=True), strict=True):
        found[int(amount)] = found.get(int(amount), 0) + int(count) * times
