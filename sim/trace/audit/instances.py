"""Checks of instances: their states, how long they last, and how many there are."""

from __future__ import annotations

import numpy as np

from sim.engine.contract import CORE, NEVER, Bools, Int64s, State
from sim.trace.audit.records import Finding, Records, at_once, first_fault, padded
from sim.trace.audit.visits import initially

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


def states(records: Records) -> Finding:
    """Check that each change of state is one that there can be."""
    o, capacity = records.outcome, records.capacity
    legal = np.zeros((len(State), len(State)), dtype=np.bool_)
    for earlier, later in _LEGAL.items():
        legal[earlier, list(later)] = True
    if capacity.memory_kills:
        legal[[State.STARTING, State.IDLE, State.BUSY, State.WAKING], State.OFF] = True
    if capacity.lifetime >= 0:
        legal[[State.IDLE, *([State.BUSY] if capacity.lifetime_kills else [])], State.OFF] = True
    if capacity.market is not None:
        legal[[state for state in State if state != State.OFF], State.OFF] = True
    drains = capacity.market is not None or capacity.scaler is not None
    if drains or (capacity.lifetime >= 0 and not capacity.lifetime_kills):
        legal[State.BUSY, State.DRAINING] = True
    state, rung, first = records.state, records.rung, records.first
    before, rung_before = records.before(state), records.before(rung)
    opened = o.opener[records.instance] >= 0
    has_rung = (state == State.ENTERING) | (state == State.RESTING) | (state == State.WAKING)
    keeps = padded(capacity.rung_keeps, False)[rung]
    next_rung = np.where(before == State.RESTING, rung_before + 1, 0)
    # What was opened for no request, where that can be, begins as what was opened for one.
    initial = (state == State.IDLE) | (state == State.RESTING)
    start = ((state == State.STARTING) & (opened | (capacity.spare > 0))) | (initial & ~opened)
    fault = first_fault(
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
         ~first & (state == State.OFF) & (before == State.ENTERING) & padded(capacity.rung_keeps, False)[rung_before]
         & (capacity.market is None)),
        where=np.argsort(o.turn_instance, kind="stable"),
    )  # fmt: skip
    opening = records.time[first]
    if fault is None and (len(opening) != len(o.opener) or bool((np.diff(opening) < 0).any())):
        fault = "instances are not numbered in the order of their opening, or one has no state at all"
    if fault is None and bool((np.diff(o.turn_time) < 0).any()):
        fault = "changes of state are not listed as they happened"
    return fault, f"{len(o.opener)} instances, {len(state)} changes of state, each legal"


def clocks(records: Records) -> Finding:
    """Check that starts, rungs and wakes lasted as long as they should."""
    o, capacity = records.outcome, records.capacity
    state, rung, ended = records.state, records.rung, ~records.final
    after = padded(capacity.rung_after, NEVER)
    enter = padded(capacity.rung_enter, 0)
    then, then_rung = np.roll(state, -1), np.roll(rung, -1)
    # A state cut off by the end of the run may have lasted up to its time; one that was left lasted exactly that.
    least, most = _start_lengths(records)
    starting, entering = state == State.STARTING, state == State.ENTERING
    least, most = (np.select([starting, entering], [bound, enter[rung]], NEVER) for bound in (least, most))
    # Of an instance that was taken, what it did is cut off as well.
    ended &= (then != State.OFF) | (capacity.market is None)
    lasted = (records.length > most) | (ended & (records.length < least))
    down = ended & (then == State.ENTERING)
    due = after[np.where(down, then_rung, -1)]
    idle = state == State.IDLE
    late = np.where(idle, _late_from_idle(records, due), records.length != due)
    kept = capacity.minimum > 0 or len(capacity.floor) > 0 or capacity.buffer > 0
    goes = not kept and _looks_after_itself(records) and not len(records.demand.linger) and not len(capacity.stick)
    waits_for = np.select([state == State.RESTING, idle & goes], [rung + 1, 0], -1)
    limit = after[waits_for]
    fault = first_fault(
        "change of state",
        ("starts or enters for another time than it takes", (most >= 0) & lasted),
        ("ends in a rung that is never entered", down & (due < 0) & ~(idle & (capacity.scaler is not None))),
        ("ends in the next rung at another time than the ladder says", down & late),
        ("was due for its next rung, but did not enter it", (limit >= 0) & (records.length > limit)),
        ("wakes for a time that no wake takes", ended & (state == State.WAKING) & _impossible_wake(records)),
        where=np.argsort(o.turn_instance, kind="stable"),
    )
    return fault, "starts, rungs and wakes last as long as they take"


def _start_lengths(records: Records) -> tuple[Int64s, Int64s]:
    """Return the shortest and the longest time that the start of each change's instance may take."""
    capacity, opener = records.capacity, records.outcome.opener[records.instance]
    spare = capacity.start[records.demand.n :]
    least, most = (np.where(opener >= 0, padded(capacity.start, 0)[opener], bound)
                   for bound in (spare.min(initial=np.iinfo(np.int64).max), spare.max(initial=0)))
    if len(capacity.start_pace):
        fast, slow = int(capacity.start_pace.max()), int(capacity.start_pace.min())
        least, most = least * CORE // fast, -(-most * CORE // slow)
    return least, most


def _looks_after_itself(records: Records) -> bool:
    """Tell whether each idle instance goes down its ladder by itself."""
    capacity = records.capacity
    return capacity.check_every < 0 and capacity.scaler is None and capacity.keep_alive is None


def _late_from_idle(records: Records, due: Int64s) -> Bools:
    """Tell which idle times did not end when they should, where they ended in a rung."""
    if records.capacity.scaler is not None:
        return np.zeros(len(due), dtype=np.bool_)
    habit = records.capacity.keep_alive
    if habit is not None:
        longest = max(habit.bin * habit.bins * (CORE + habit.margin) // CORE, int(records.capacity.rung_after[0]))
        return (records.length > longest) & (len(records.demand.linger) == 0)
    if records.capacity.check_every >= 0:
        off_beat: Bools = (records.time + records.length) % records.capacity.check_every != 0
        return (records.length < due) | off_beat
    if len(records.demand.linger):
        return records.length < due
    # An idle instance that had to stay is looked at again after the same time, so it may enter at any multiple.
    off_beat = np.where(due > 0, records.length % np.maximum(due, 1) != 0, records.length > 0)
    return np.asarray(off_beat | ((due > 0) & (records.length == 0)), np.bool_)


def _impossible_wake(records: Records) -> Bools:
    wakes = records.capacity.rung_wake
    if not wakes.size:
        return np.ones(len(records.state), dtype=np.bool_)
    least = padded(wakes.min(axis=1), 0)[records.rung]
    most = padded(wakes.max(axis=1), 0)[records.rung]
    return (records.length < least) | (records.length > most)


def instances(records: Records) -> Finding:
    """Check that there were no more instances than there may be, and as many at the start as there should."""
    o, capacity = records.outcome, records.capacity
    opened = np.zeros(len(o.opener), dtype=np.int64)
    opened[records.instance[records.first]] = records.time[records.first]
    seen = records.visits
    most, _ = at_once(o.pool, opened, records.off, capacity.pools)
    limit = np.iinfo(np.int64).max if capacity.maximum < 0 else capacity.maximum
    initial = np.bincount(o.pool[records.initial], minlength=capacity.pools)
    expected = max(capacity.minimum, capacity.buffer) or int(capacity.initial_rung >= 0)
    expected *= initially(capacity.market)
    # A resting instance there from the start counts even where the pool could never have opened one.
    fault = first_fault(
        "pool",
        (f"had more than {capacity.maximum} instances at once", most > max(limit, expected)),
        (f"did not begin with {expected} instances", initial != expected),
    ) or first_fault(
        "request",
        ("began in another pool than its own", o.pool[seen.instance] != capacity.pool_of[seen.request]),
        where=seen.request,
    )
    openings = np.sort(opened[~records.initial])
    burst, every = capacity.pace_burst, capacity.pace_every
    if fault is None and every >= 0 and bool((openings[burst:] - openings[:-burst] < every).any()):
        fault = f"more than {burst} instances were opened within less than {every} us"
    if fault is None:
        opener = np.where(o.opener >= 0, padded(capacity.pool_of, NEVER)[o.opener], o.pool)
        fault = first_fault("instance", ("was opened for a request of another pool", opener != o.pool))
    return fault, f"at most {int(most.max(initial=0))} instances in a pool"
