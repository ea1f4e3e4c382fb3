"""What must be true of every run, checked on its own records.

The checks know the contract, not the model: they take the arrays that a model gave and ask whether they can be what the
contract says. A run whose audit fails shows no figures. They are meant to be cheap enough to be run always.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.contract import (
    CORE,
    NEVER,
    Bools,
    Capacity,
    Cause,
    Demand,
    Fate,
    Int64s,
    Outcome,
    State,
    Warmth,
)
from sim.errors import SimError
from sim.exact import total
from sim.trace.waits import waits


class AuditError(SimError):
    """The records of a run cannot be true: its figures are not shown.

    Parameters
    ----------
    failed : mapping of str to sequence of str
        What is wrong, by deployment.
    """

    def __init__(self, failed: Mapping[str, Sequence[str]]) -> None:
        self.failed = dict(failed)
        super().__init__(self.failed)

    def __str__(self) -> str:
        found = [f"{name}: {fault}" for name, faults in self.failed.items() for fault in faults]
        return "the audit of the run failed, so its figures are not shown\n" + "\n".join(found)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be true: its name, whether it is, and the figures that say so."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Audit:
    """All checks of one run."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)

    def also(self, check: Check) -> Audit:
        """Add a check."""
        return Audit((*self.checks, check))

    def summary(self) -> dict[str, Any]:
        """Give the audit as it stands in ``summary.json``."""
        return {
            "passed": self.passed,
            "checks": [{"name": c.name, "passed": c.passed, "detail": c.detail} for c in self.checks],
        }


def audit(demand: Demand, capacity: Capacity, outcome: Outcome) -> Audit:
    """Check the records of a run.

    Parameters
    ----------
    demand, capacity : Demand, Capacity
        What the model was given.
    outcome : Outcome
        What it gave.

    Returns
    -------
    Audit
        It raises nothing: when the arrays are too broken to be read, only the check ``arrays`` is there, and fails.
    """
    broken = _arrays(demand, capacity, outcome)
    if broken:
        return Audit((Check("arrays", passed=False, detail=broken),))
    records = _Records(demand, capacity, outcome)
    checks = [Check("arrays", passed=True, detail="lengths and codes are as the contract says")]
    for name, check in _CHECKS.items():
        fault, figures = check(records)
        checks.append(Check(name, passed=fault is None, detail=figures if fault is None else fault))
    return Audit(tuple(checks))


def work(demand: Demand, outcome: Outcome, asked: Bools) -> dict[str, int]:
    """Divide the work of requests that arrived, in microseconds at full speed, by the records of their steps.

    Parameters
    ----------
    demand : Demand
    outcome : Outcome
    asked : bool[n]
        The requests.

    Returns
    -------
    dict of str to int
        ``useful``: steps that ended, of requests that did not fail; ``wasted``: those of requests that failed;
        ``lost``: steps of failed requests that did not end; ``remaining``: steps of unfinished requests that did not
        end; ``offered``: everything that arrived, which is their sum. A request that was abandoned is one that failed.
    """
    length = demand.step_cpu + demand.step_wait
    request = demand.by_step(np.arange(demand.n, dtype=np.int64))
    fate, done = np.where(asked, outcome.fate, Fate.ABSENT)[request], outcome.step_ended >= 0
    failed, arrived = (fate == Fate.FAILED) | (fate == Fate.ABANDONED), fate != Fate.ABSENT
    return {
        "offered": total(length[arrived]),
        "useful": total(length[done & arrived & ~failed]),
        "wasted": total(length[done & failed]),
        "lost": total(length[~done & failed]),
        "remaining": total(length[~done & (fate == Fate.UNFINISHED)]),
    }


class _Records:
    """The arrays, and what several checks derive from them."""

    def __init__(self, demand: Demand, capacity: Capacity, outcome: Outcome) -> None:
        self.demand = demand
        self.capacity = capacity
        self.outcome = outcome
        order = np.argsort(outcome.turn_instance, kind="stable")
        self.instance = outcome.turn_instance[order]
        self.state = outcome.turn_state[order]
        self.rung = outcome.turn_rung[order].astype(np.int64)
        self.time = outcome.turn_time[order]
        self.first = np.ones(len(order), dtype=np.bool_)
        self.first[1:] = self.instance[1:] != self.instance[:-1]
        self.final = np.roll(self.first, -1)
        self.began = outcome.started >= 0
        self.left = np.where(outcome.ended >= 0, outcome.ended, demand.stop)

    def before(self, values: NDArray[Any]) -> NDArray[Any]:
        """Look up the same instance's change before; at its first, the value has no meaning."""
        return np.roll(values, 1)

    @cached_property
    def length(self) -> Int64s:
        """How long each state lasted, by change."""
        end = np.where(self.final, self.demand.stop, np.roll(self.time, -1))
        return end - self.time

    @cached_property
    def off(self) -> Int64s:
        """When each instance went off, or the end of the run."""
        time = np.full(len(self.outcome.opener), self.demand.stop, dtype=np.int64)
        gone = self.state == State.OFF
        time[self.instance[gone]] = self.time[gone]
        return time

    @cached_property
    def busy(self) -> Int64s:
        """Microseconds in BUSY and DRAINING, by instance."""
        found = np.zeros(len(self.outcome.opener), dtype=np.int64)
        serving = (self.state == State.BUSY) | (self.state == State.DRAINING)
        np.add.at(found, self.instance, np.where(serving, self.length, 0))
        return found

    @cached_property
    def initial(self) -> Bools:
        """Whether each instance was there at the start."""
        found = np.zeros(len(self.outcome.opener), dtype=np.bool_)
        found[self.instance[self.first]] = self.state[self.first] != State.STARTING
        return found


_Finding = tuple[str | None, str]
"""What is wrong, if anything; else the figures that show that nothing is."""


def _arrays(demand: Demand, capacity: Capacity, outcome: Outcome) -> str:
    """Say what makes the arrays unreadable, or nothing."""
    n, m, i, t = demand.n, len(demand.step_cpu), len(outcome.opener), len(outcome.turn_time)
    lengths = (
        (n, ("arrived", "admitted", "bound", "started", "ended", "instance", "fate", "cause", "warmth")),
        (m, ("step_ended",)),
        (i, ("pool",)),
        (t, ("turn_instance", "turn_state", "turn_rung")),
    )
    wrong = [name for length, names in lengths for name in names if getattr(outcome, name).shape != (length,)]
    if wrong:
        return f"wrong length: {', '.join(wrong)}"
    ranges: tuple[tuple[str, int, int], ...] = (
        ("fate", 0, len(Fate)),
        ("cause", 0, len(Cause)),
        ("warmth", 0, len(Warmth)),
        ("instance", NEVER, i),
        ("opener", NEVER, n),
        ("pool", 0, capacity.pools),
        ("turn_instance", 0, i),
        ("turn_state", 0, len(State)),
        ("turn_rung", NEVER, len(capacity.rung_after)),
        *((name, NEVER, demand.stop) for name in ("arrived", "admitted", "bound", "started", "ended", "step_ended")),
        ("turn_time", 0, demand.stop),
    )
    for name, least, limit in ranges:
        values = getattr(outcome, name)
        outside = np.flatnonzero((values < least) | (values >= limit))
        if len(outside):
            return f"{name}[{outside[0]}] is {values[outside[0]]}, outside [{least}, {limit})"
    return ""


def _requests(records: _Records) -> _Finding:
    o, demand = records.outcome, records.demand
    absent, completed = o.fate == Fate.ABSENT, o.fate == Fate.COMPLETED
    failed, unfinished, abandoned = (o.fate == fate for fate in (Fate.FAILED, Fate.UNFINISHED, Fate.ABANDONED))
    story = (o.arrived, o.admitted, o.bound, o.started)
    fault = _first(
        "request",
        ("never arrived, but has a time", absent & (np.maximum.reduce([*story, o.ended]) >= 0)),
        ("has a fate, but never arrived", ~absent & (o.arrived < 0)),
        ("arrived at the horizon or later", o.arrived >= demand.horizon),
        ("left without fate, or has a fate without having left", (completed | failed | abandoned) != (o.ended >= 0)),
        ("completed without having begun, or lost patience when it had",
         (completed & (o.started < 0)) | (abandoned & (o.started >= 0))),
        ("failed without a cause, or has a cause without having failed", failed != (o.cause != Cause.NONE)),
        ("began, but on no instance, or the reverse", records.began != (o.instance >= 0)),
        ("was cold or woken, but never began", ~records.began & (o.warmth != Warmth.WARM)),
        *(
            ("skipped a part of its way or went it backwards", (later >= 0) & ((earlier < 0) | (later < earlier)))
            for earlier, later in pairwise(story)
        ),
        ("left before it came or began", (o.ended >= 0) & (o.ended < np.maximum(o.arrived, o.started))),
    )
    merged = total(demand.coalesced[o.arrived >= 0])
    numbers = [int(np.count_nonzero(which)) for which in (o.arrived >= 0, completed, failed, abandoned, unfinished)]
    told = (f"{numbers[0] + merged} arrived = {numbers[1]} completed + {numbers[2]} failed + {numbers[3]} abandoned + "
            f"{numbers[4]} unfinished")
    told += f" + {merged} coalesced" * (merged > 0)
    if fault is None and numbers[0] != sum(numbers[1:]):
        fault = told.replace(" = ", " is not ")
    return fault, told


def _arrivals(records: _Records) -> _Finding:
    o, demand = records.outcome, records.demand
    follows = demand.after >= 0
    gone = np.where(follows, _or(o.ended, NEVER)[demand.after], 0)
    due = np.where(gone >= 0, gone + demand.at, demand.horizon)
    due = np.where(due < min(demand.horizon, demand.stop), due, NEVER)
    fault = _first("request", ("did not arrive when it was due", o.arrived != due))
    return fault, f"{np.count_nonzero(due >= 0)} of {demand.n} requests were due before the horizon and arrived then"


def _turns(records: _Records) -> _Finding:
    o, demand = records.outcome, records.demand
    # Who loses patience while being held has no turn, and takes none from others.
    rows = np.flatnonzero((o.arrived >= 0) & ((o.admitted >= 0) | (o.fate != Fate.ABANDONED) | (not demand.serial)))
    admitted = o.arrived[rows]
    if demand.serial:
        rows = rows[np.lexsort((rows, o.arrived[rows], demand.agent[rows]))]
        admitted = o.arrived[rows]
        same = demand.agent[rows[1:]] == demand.agent[rows[:-1]]
        gone = o.ended[rows[:-1]]
        turn = np.where(gone < 0, NEVER, np.maximum(admitted[1:], gone))
        admitted = np.concatenate((admitted[:1], np.where(same, turn, admitted[1:])))
    wrong = np.zeros(demand.n, dtype=np.bool_)
    wrong[rows] = o.admitted[rows] != admitted
    fault = _first("request", ("was not admitted when it was its turn", wrong))
    held = int(np.count_nonzero(o.admitted > o.arrived))
    return fault, f"{held} requests were held for an earlier one of their agent" if demand.serial else "not serial"


_LEGAL: dict[State, tuple[State, ...]] = {
    State.OFF: (),
    State.STARTING: (State.IDLE, State.BUSY),
    State.IDLE: (State.BUSY, State.ENTERING),
    State.BUSY: (State.IDLE,),
    State.ENTERING: (State.RESTING, State.WAKING, State.OFF),
    State.RESTING: (State.WAKING, State.ENTERING),
    State.WAKING: (State.IDLE, State.BUSY),
    State.DRAINING: (State.OFF,),
}
"""Which state may follow which. Any that serves may also go off where running out of memory ends an instance."""


def _states(records: _Records) -> _Finding:
    o, capacity = records.outcome, records.capacity
    legal = np.zeros((len(State), len(State)), dtype=np.bool_)
    for earlier, later in _LEGAL.items():
        legal[earlier, list(later)] = True
    if capacity.memory_kills:
        legal[[State.STARTING, State.IDLE, State.BUSY, State.WAKING], State.OFF] = True
    if capacity.lifetime >= 0:
        legal[[State.IDLE, *([State.BUSY] if capacity.lifetime_kills else [])], State.OFF] = True
    if capacity.scaler is not None or (capacity.lifetime >= 0 and not capacity.lifetime_kills):
        legal[State.BUSY, State.DRAINING] = True
    state, rung, first = records.state, records.rung, records.first
    before, rung_before = records.before(state), records.before(rung)
    opened = o.opener[records.instance] >= 0
    has_rung = (state == State.ENTERING) | (state == State.RESTING) | (state == State.WAKING)
    keeps = _or(capacity.rung_keeps, False)[rung]
    next_rung = np.where(before == State.RESTING, rung_before + 1, 0)
    # What was opened for no request, where that can be, begins as what was opened for one.
    initial = (state == State.IDLE) | (state == State.RESTING)
    start = ((state == State.STARTING) & (opened | (capacity.spare > 0))) | (initial & ~opened)
    fault = _first(
        "change of state",
        ("goes back in time", ~first & (records.time < records.before(records.time))),
        ("does not follow from the state before", ~first & ~legal[before, state]),
        ("begins a life in a wrong state", first & ~start),
        ("begins an initial life after the start of the run", first & initial & (records.time != 0)),
        ("has a rung where there is none, or none where there is one", has_rung != (rung >= 0)),
        ("enters another rung than the next", ~first & (state == State.ENTERING) & (rung != next_rung)),
        ("rests in or wakes from another rung",
         ~first & ((state == State.RESTING) | (state == State.WAKING)) & (rung != rung_before)),
        ("rests in a rung that keeps nothing", (state == State.RESTING) & ~keeps),
        ("goes off from a rung that keeps",
         ~first & (state == State.OFF) & (before == State.ENTERING) & _or(capacity.rung_keeps, False)[rung_before]),
        where=np.argsort(o.turn_instance, kind="stable"),
    )  # fmt: skip
    opening = records.time[first]
    if fault is None and (len(opening) != len(o.opener) or bool((np.diff(opening) < 0).any())):
        fault = "instances are not numbered in the order of their opening, or one has no state at all"
    if fault is None and bool((np.diff(o.turn_time) < 0).any()):
        fault = "changes of state are not listed as they happened"
    return fault, f"{len(o.opener)} instances, {len(state)} changes of state, each legal"


def _clocks(records: _Records) -> _Finding:
    o, capacity = records.outcome, records.capacity
    state, rung, ended = records.state, records.rung, ~records.final
    after = _or(capacity.rung_after, NEVER)
    enter = _or(capacity.rung_enter, 0)
    then, then_rung = np.roll(state, -1), np.roll(rung, -1)
    # A state cut off by the end of the run may have lasted up to its time; one that was left lasted exactly that.
    least, most = _start_lengths(records)
    starting, entering = state == State.STARTING, state == State.ENTERING
    least, most = (np.select([starting, entering], [bound, enter[rung]], NEVER) for bound in (least, most))
    lasted = (records.length > most) | (ended & (records.length < least))
    down = ended & (then == State.ENTERING)
    due = after[np.where(down, then_rung, -1)]
    idle = state == State.IDLE
    late = np.where(idle, _late_from_idle(records, due), records.length != due)
    kept = capacity.minimum > 0 or len(capacity.floor) > 0
    goes = not kept and _looks_after_itself(records) and not len(records.demand.linger) and not len(capacity.stick)
    waits_for = np.select([state == State.RESTING, idle & goes], [rung + 1, 0], -1)
    limit = after[waits_for]
    fault = _first(
        "change of state",
        ("starts or enters for another time than it takes", (most >= 0) & lasted),
        ("ends in a rung that is never entered", down & (due < 0) & ~(idle & (capacity.scaler is not None))),
        ("ends in the next rung at another time than the ladder says", down & late),
        ("was due for its next rung, but did not enter it", (limit >= 0) & (records.length > limit)),
        ("wakes for a time that no wake takes", ended & (state == State.WAKING) & _impossible_wake(records)),
        where=np.argsort(o.turn_instance, kind="stable"),
    )
    return fault, "starts, rungs and wakes last as long as they take"


def _start_lengths(records: _Records) -> tuple[Int64s, Int64s]:
    """Return the shortest and the longest time that the start of each change's instance may take."""
    capacity, opener = records.capacity, records.outcome.opener[records.instance]
    spare = capacity.start[records.demand.n :]
    least, most = (np.where(opener >= 0, _or(capacity.start, 0)[opener], bound)
                   for bound in (spare.min(initial=np.iinfo(np.int64).max), spare.max(initial=0)))
    if len(capacity.slow):
        least, most = least * int(capacity.slow.min()) // CORE, most * int(capacity.slow.max()) // CORE
    return least, most


def _looks_after_itself(records: _Records) -> bool:
    """Tell whether each idle instance goes down its ladder by itself."""
    return records.capacity.check_every < 0 and records.capacity.scaler is None


def _late_from_idle(records: _Records, due: Int64s) -> Bools:
    """Tell which idle times did not end when they should, where they ended in a rung."""
    if records.capacity.scaler is not None:
        return np.zeros(len(due), dtype=np.bool_)
    if records.capacity.check_every >= 0:
        off_beat: Bools = (records.time + records.length) % records.capacity.check_every != 0
        return (records.length < due) | off_beat
    if len(records.demand.linger):
        return records.length < due
    # An idle instance that had to stay is looked at again after the same time, so it may enter at any multiple.
    off_beat = np.where(due > 0, records.length % np.maximum(due, 1) != 0, records.length > 0)
    return np.asarray(off_beat | ((due > 0) & (records.length == 0)), np.bool_)


def _impossible_wake(records: _Records) -> Bools:
    wakes = records.capacity.rung_wake
    if not wakes.size:
        return np.ones(len(records.state), dtype=np.bool_)
    least = _or(wakes.min(axis=1), 0)[records.rung]
    most = _or(wakes.max(axis=1), 0)[records.rung]
    return (records.length < least) | (records.length > most)


def _work(records: _Records) -> _Finding:
    o, demand = records.outcome, records.demand
    length = demand.step_cpu + demand.step_wait
    request = demand.by_step(np.arange(demand.n, dtype=np.int64))
    done = o.step_ended >= 0
    begin = np.empty(len(done), dtype=np.int64)
    begin[1:] = o.step_ended[:-1]
    begin[demand.step_first[:-1]] = o.started
    taken = o.step_ended - begin
    last = o.step_ended[demand.step_first[1:] - 1]
    fast = bool((records.capacity.speed > CORE).any())
    fault = _first(
        "step",
        ("ended although the one before had not, or its request had not begun", done & (begin < 0)),
        ("took less than its length at full speed", done & (taken < (demand.step_wait if fast else length))),
        ("waits only, but took longer than that", done & (demand.step_cpu == 0) & (taken != length)),
        ("ended after its request", done & (o.step_ended > records.left[request])),
    ) or _first(
        "request",
        ("completed at another time than its last step", (o.fate == Fate.COMPLETED) & (o.ended != last)),
        ("ended its last step, but is unfinished", (o.fate == Fate.UNFINISHED) & (last >= 0)),
    )
    parts = work(demand, o, o.fate != Fate.ABSENT)
    offered = total(demand.by_request(length)[o.fate != Fate.ABSENT])
    spent = parts["useful"] + parts["wasted"] + parts["lost"] + parts["remaining"]
    if fault is None and not offered == parts["offered"] == spent:
        fault = f"offered {parts['offered']} us, {offered} us by fate, but the steps account for {spent} us"
    told = " + ".join(f"{_duration(parts[name])} {name}" for name in ("useful", "wasted", "lost", "remaining"))
    return fault, f"{_duration(offered)} offered = {told}"


def _waits(records: _Records) -> _Finding:
    o = records.outcome
    found = waits(records.demand, o)
    completed = o.fate == Fate.COMPLETED
    parts = found.window + found.turn + found.queue + found.start + found.wake + found.contention + found.service
    cold, woken = records.began & (o.warmth == Warmth.COLD), records.began & (o.warmth == Warmth.WOKEN)
    ready, asked = _readiness(records)
    fault = _first(
        "request",
        ("has waits that do not add up to its latency", completed & (parts != found.latency)),
        ("was served faster than at full speed",
         completed & (found.contention < 0) & (not (records.capacity.speed > CORE).any())),
        ("began warm, but not when it was given its instance", records.began & ~cold & ~woken & (o.started != o.bound)),
        ("began cold or woken, but its instance did not become ready then", (cold | woken) & ~ready),
        ("was given its instance before that was asked for", (cold | woken) & ready & (o.bound < asked)),
    )
    return fault, f"{np.count_nonzero(cold)} cold, {np.count_nonzero(woken)} woken; waits add up to latencies"


def _readiness(records: _Records) -> tuple[Bools, Int64s]:
    """Of each cold or woken request: whether its instance became ready as it began, and when that was asked for."""
    o = records.outcome
    coming = ~records.final & ((records.state == State.STARTING) | (records.state == State.WAKING))
    changes = np.flatnonzero(coming)
    ends = records.time[changes] + records.length[changes]
    entering = ~records.first[changes] & (records.before(records.state)[changes] == State.ENTERING)
    since = np.where(entering, records.before(records.time)[changes], records.time[changes])
    kind = np.where(records.state[changes] == State.STARTING, Warmth.COLD, Warmth.WOKEN)
    # One number for (instance, time, kind): times are replaced by their rank, so that it cannot overflow.
    times = np.unique(ends)
    keys = (records.instance[changes] * (len(times) + 1) + np.searchsorted(times, ends)) * len(Warmth) + kind
    rank = np.minimum(np.searchsorted(times, o.started), len(times))
    known = np.zeros(len(rank), dtype=np.bool_)
    known[rank < len(times)] = times[rank[rank < len(times)]] == o.started[rank < len(times)]
    wanted = (o.instance * (len(times) + 1) + rank) * len(Warmth) + o.warmth
    order = np.argsort(keys, kind="stable")
    keys, since = _or(keys[order], np.iinfo(np.int64).max), _or(since[order], 0)
    place = np.searchsorted(keys, wanted)
    return known & (keys[place] == wanted), since[place]


def _residents(records: _Records) -> _Finding:
    o, capacity = records.outcome, records.capacity
    # A refused request leaves in the microsecond in which it begins, and was no resident.
    rows = np.flatnonzero(records.began & (records.left > o.started))
    sweep = (o.instance[rows], o.started[rows], records.left[rows], len(o.opener))
    most, occupied = _at_once(*sweep)
    fault = _first(
        "instance",
        (f"had more than {capacity.concurrency} residents at once", most > capacity.concurrency),
        ("was busy without residents, or had residents without being busy", occupied != records.busy),
    )
    if fault is None and capacity.memory >= 0:
        used, _ = _at_once(*sweep, weight=records.demand.memory[rows])
        room = capacity.memory - capacity.base_memory
        fault = _first("instance", (f"had residents that use more than {room} bytes", used > max(0, room)))
    return fault, f"at most {int(most.max(initial=0))} of {capacity.concurrency} residents on an instance"


def _instances(records: _Records) -> _Finding:
    o, capacity = records.outcome, records.capacity
    opened = np.zeros(len(o.opener), dtype=np.int64)
    opened[records.instance[records.first]] = records.time[records.first]
    most, _ = _at_once(o.pool, opened, records.off, capacity.pools)
    limit = np.iinfo(np.int64).max if capacity.maximum < 0 else capacity.maximum
    initial = np.bincount(o.pool[records.initial], minlength=capacity.pools)
    expected = capacity.minimum or int(capacity.initial_rung >= 0)
    # A resting instance there from the start counts even where the pool could never have opened one.
    fault = _first(
        "pool",
        (f"had more than {capacity.maximum} instances at once", most > max(limit, expected)),
        (f"did not begin with {expected} instances", initial != expected),
    ) or _first(
        "request",
        ("began in another pool than its own", records.began & (_or(o.pool, NEVER)[o.instance] != capacity.pool_of)),
    )
    openings = np.sort(opened[~records.initial])
    burst, every = capacity.pace_burst, capacity.pace_every
    if fault is None and every >= 0 and bool((openings[burst:] - openings[:-burst] < every).any()):
        fault = f"more than {burst} instances were opened within less than {every} us"
    if fault is None:
        opener = np.where(o.opener >= 0, _or(capacity.pool_of, NEVER)[o.opener], o.pool)
        fault = _first("instance", ("was opened for a request of another pool", opener != o.pool))
    return fault, f"at most {int(most.max(initial=0))} instances in a pool"


def _limits(records: _Records) -> _Finding:
    o, capacity, demand = records.outcome, records.capacity, records.demand
    limit, stayed = capacity.duration_limit, np.where(records.began, records.left - o.started, 0)
    timed_out = o.cause == Cause.DURATION
    off = _or(records.off, NEVER)[o.instance]
    dead = off if capacity.memory_kills else o.started
    patience = demand.patience if len(demand.patience) else np.full(demand.n, NEVER)
    refused = capacity.refused if len(capacity.refused) else np.zeros(demand.n, np.bool_)
    waited = np.where(o.arrived >= 0, np.where(records.began, o.started, records.left) - o.arrived, 0)
    full = o.cause == Cause.QUEUE_FULL
    fault = _first(
        "request",
        ("stayed longer than the limit of duration", (stayed > limit) & (limit >= 0)),
        ("failed for its duration, but not at the limit", timed_out & ((stayed != limit) | (limit < 0))),
        ("failed for a full queue, but had begun or there is no limit",
         full & (records.began | (capacity.queue_limit < 0))),
        ("failed for a full queue, but not at once", full & (o.ended != o.admitted)),
        ("failed for memory, but there is no limit or it had not begun",
         (o.cause == Cause.MEMORY) & (~records.began | (capacity.memory < 0))),
        ("failed for memory, but was not refused, or its instance did not go off",
         (o.cause == Cause.MEMORY) & (o.ended != dead)),
        ("failed for the end of its instance's life, but that did not end then",
         (o.cause == Cause.LIFETIME) & ((o.ended != off) | ~records.began | (not capacity.lifetime_kills))),
        ("failed for its size, but is not too large, or not at once",
         (o.cause == Cause.PAYLOAD) != (refused & (o.admitted >= 0) & (o.ended == o.admitted))),
        ("lost patience, but not then", (o.fate == Fate.ABANDONED) & (o.ended - o.arrived != patience)),
        ("waited longer than it has patience", (patience >= 0) & (waited > patience)),
    )  # fmt: skip
    if fault is None and capacity.early and capacity.queue_limit >= 0 and not capacity.memory_kills:
        # How long a request that never began was in the queue is not recorded, nor that one returned to the queue when
        # the instance it was bound to was killed.
        rows = np.flatnonzero(records.began & (o.bound > o.admitted))
        longest, _ = _at_once(capacity.pool_of[rows], o.admitted[rows], o.bound[rows], capacity.pools)
        fault = _first("pool", (f"had more than {capacity.queue_limit} in its queue", longest > capacity.queue_limit))
    return fault, f"{np.count_nonzero(timed_out)} failed for duration, {np.count_nonzero(full)} for a full queue"


def _cpu(records: _Records) -> _Finding:
    o, demand = records.outcome, records.demand
    spent = demand.by_request(np.where(o.step_ended >= 0, demand.step_cpu, 0))
    used = np.zeros(len(o.opener), dtype=np.int64)
    np.add.at(used, o.instance[records.began], spent[records.began])
    # cpu x busy / CORE would overflow, so whole seconds and the rest are multiplied apart.
    seconds, rest = np.divmod(records.busy, CORE)
    cpu = -(-records.capacity.cpu * int(records.capacity.speed.max(initial=CORE)) // CORE)
    offered = seconds * cpu + rest * cpu // CORE
    fault = _first("instance", ("did more work than its CPU can do", used > offered))
    return fault, f"{_duration(total(used))} of CPU used of {_duration(total(offered))} there while busy"


def _presence(records: _Records) -> _Finding:
    o = records.outcome
    arrived = o.arrived >= 0
    rows = total((records.left - o.arrived)[arrived])
    if rows != o.presence:
        return f"the integral of requests in the system is {o.presence} us, the sum of their times in it {rows} us", ""
    return None, f"the integral of requests in the system and the sum of their times in it are both {_duration(rows)}"


_CHECKS: dict[str, Callable[[_Records], _Finding]] = {
    "requests": _requests,
    "arrivals": _arrivals,
    "turns": _turns,
    "states": _states,
    "clocks": _clocks,
    "work": _work,
    "waits": _waits,
    "residents": _residents,
    "instances": _instances,
    "limits": _limits,
    "cpu": _cpu,
    "presence": _presence,
}


def _first(thing: str, *faults: tuple[str, Bools], where: Int64s | None = None) -> str | None:
    """Name the first of some faults that there is, with the first thing that has it."""
    for sentence, mask in faults:
        rows = np.flatnonzero(mask)
        if len(rows):
            row = rows[0] if where is None else where[rows[0]]
            others = f" (and {len(rows) - 1} more)" if len(rows) > 1 else ""
            return f"{thing} {row} {sentence}{others}"
    return None


def _or(values: NDArray[Any], missing: int) -> NDArray[Any]:
    """Append a value, so that the index NEVER finds it."""
    return np.concatenate((values, np.array([missing], dtype=values.dtype)))


def _at_once(
    group: Int64s, begin: Int64s, end: Int64s, groups: int, weight: Int64s | None = None
) -> tuple[Int64s, Int64s]:
    """Of intervals in groups: the most that overlap in each group, and for how long one does at least.

    An interval that ends in the microsecond in which another begins does not overlap it. Each counts 1, or its weight.
    """
    groups_twice = np.concatenate((group, group))
    counts = np.ones(len(group), dtype=np.int64) if weight is None else weight
    change = np.concatenate((counts, -counts))
    time = np.concatenate((begin, end))
    order = np.lexsort((change, time, groups_twice))
    of, count = groups_twice[order], np.cumsum(change[order])
    most, covered = np.zeros(groups, dtype=np.int64), np.zeros(groups, dtype=np.int64)
    np.maximum.at(most, of, count)
    inside = count[:-1] > 0
    np.add.at(covered, of[:-1][inside], np.diff(time[order])[inside])
    return most, covered


def _duration(microseconds: int) -> str:
    return f"{microseconds / 1e6:,.6g} s"
