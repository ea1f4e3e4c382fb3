"""Checks of requests: their way from arrival to departure, and the limits that they meet."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from sim.engine.contract import NEVER, Bools, Cause, Fate, Int64s, State, Warmth
from sim.exact import total
from sim.trace.audit.records import Finding, Records, at_once, first_fault, padded
from sim.trace.waits import CAUSES, waits


def requests(records: Records) -> Finding:
    """Check that each request went its way in order, and that their fates add up."""
    o, demand = records.outcome, records.demand
    absent, completed = o.fate == Fate.ABSENT, o.fate == Fate.COMPLETED
    failed, unfinished, abandoned = (o.fate == fate for fate in (Fate.FAILED, Fate.UNFINISHED, Fate.ABANDONED))
    story = (o.arrived, o.admitted, o.bound, o.started)
    fault = first_fault(
        "request",
        ("never arrived, but has a time", absent & (np.maximum.reduce([*story, o.ended]) >= 0)),
        ("has a fate, but never arrived", ~absent & (o.arrived < 0)),
        ("arrived at the horizon or later", (o.arrived >= demand.horizon) & ~records.retry),
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
    merged = total(demand.coalesced[(o.arrived >= 0) & ~records.retry])
    numbers = [int(np.count_nonzero(which)) for which in (o.arrived >= 0, completed, failed, abandoned, unfinished)]
    told = (f"{numbers[0] + merged} arrived = {numbers[1]} completed + {numbers[2]} failed + {numbers[3]} abandoned + "
            f"{numbers[4]} unfinished")
    told += f" + {merged} coalesced" * (merged > 0)
    if fault is None and numbers[0] != sum(numbers[1:]):
        fault = told.replace(" = ", " is not ")
    return fault, told


def arrivals(records: Records) -> Finding:
    """Check that each arrived when it was due."""
    o, demand = records.outcome, records.demand
    follows = demand.after >= 0
    gone = np.where(follows, padded(records.over, NEVER)[demand.after], 0)
    due = np.where(gone >= 0, gone + demand.at, demand.horizon)
    due = np.where(due < min(demand.horizon, demand.stop), due, NEVER)
    due[records.retry] = o.arrived[records.retry]  # these are looked at with what callers do
    fault = first_fault("request", ("did not arrive when it was due", o.arrived != due))
    return fault, f"{np.count_nonzero(due >= 0)} of {demand.n} requests were due before the horizon and arrived then"


def turns(records: Records) -> Finding:
    """Check that an agent whose requests are served one at a time took them in order."""
    o, demand = records.outcome, records.demand
    # Who leaves while being held has no turn, and takes none from others; and so has who is kept away by a breaker.
    held = demand.serial & ((o.fate == Fate.ABANDONED) | (o.cause == Cause.TIMEOUT))
    rows = np.flatnonzero((o.arrived >= 0) & ((o.admitted >= 0) | ~(held | (o.cause == Cause.BREAKER))))
    admitted = o.arrived[rows]
    if demand.serial:
        rows = rows[np.lexsort((rows, *_ties(records, rows), o.arrived[rows], demand.agent[rows]))]
        admitted = o.arrived[rows]
        same = demand.agent[rows[1:]] == demand.agent[rows[:-1]]
        gone = o.ended[rows[:-1]]
        turn = np.where(gone < 0, NEVER, np.maximum(admitted[1:], gone))
        admitted = np.concatenate((admitted[:1], np.where(same, turn, admitted[1:])))
    wrong = np.zeros(demand.n, dtype=np.bool_)
    wrong[rows] = o.admitted[rows] != admitted
    fault = first_fault("request", ("was not admitted when it was its turn", wrong))
    waited = int(np.count_nonzero(o.admitted > o.arrived))
    return fault, f"{waited} requests were held for an earlier one of their agent" if demand.serial else "not serial"


def _ties(records: Records, rows: Int64s) -> tuple[Int64s, ...]:
    """Say what orders arrivals of one microsecond before their rows do: with retries among them, only what they did."""
    if records.demand.callers is None:
        return ()
    endless = np.iinfo(np.int64).max
    o = records.outcome
    times = (np.where(times[rows] < 0, endless, times[rows]) for times in (o.ended, o.admitted))
    return tuple(times)


def waiting(records: Records) -> Finding:
    """Check that waits add up to latencies, and that who waited for an instance began as it became ready."""
    o = records.outcome
    found = waits(records.demand, o, records.capacity.provider)
    completed = o.fate == Fate.COMPLETED
    parts = found.window + found.service + sum((getattr(found, cause) for cause in CAUSES), np.int64(0))
    seen = records.visits
    cold, woken = seen.warmth == Warmth.COLD, seen.warmth == Warmth.WOKEN
    ready, asked = _readiness(records)
    fault = first_fault(
        "request",
        ("has waits that do not add up to its latency", completed & (parts != found.latency)),
        ("was served faster than at full speed",
         completed & (found.contention < 0) & (not records.fast)),
    ) or first_fault(
        "request",
        ("began warm, but not when it was given its instance", ~cold & ~woken & (seen.started != seen.bound)),
        ("began cold or woken, but its instance did not become ready then", (cold | woken) & ~ready),
        ("was given its instance before that was asked for", (cold | woken) & ready & (seen.bound < asked)),
        where=seen.request,
    )
    return fault, f"{np.count_nonzero(cold)} cold, {np.count_nonzero(woken)} woken; waits add up to latencies"


def _readiness(records: Records) -> tuple[Bools, Int64s]:
    """Of each cold or woken visit: whether its instance became ready as it began, and when that was asked for."""
    o = records.visits
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
    keys, since = padded(keys[order], np.iinfo(np.int64).max), padded(since[order], 0)
    place = np.searchsorted(keys, wanted)
    return known & (keys[place] == wanted), since[place]


def limits(records: Records) -> Finding:
    """Check that limits were kept, and that who failed for one did so at it."""
    o, capacity, demand = records.outcome, records.capacity, records.demand
    seen, moves = records.visits, capacity.recovery is not None
    limit, stayed = capacity.duration_limit, np.zeros(demand.n, np.int64)
    started, instance = o.started.copy(), o.instance.copy()
    # Visits are in order of time, so these are the last ones.
    started[seen.request], instance[seen.request] = seen.started, seen.instance
    stayed[seen.request] = records.visit_left - seen.started
    too_long = np.zeros(demand.n, np.bool_)
    too_long[seen.request[(records.visit_left - seen.started > limit) & (limit >= 0)]] = True
    timed_out = o.cause == Cause.DURATION
    off = padded(records.off, NEVER)[instance]
    dead = off if capacity.memory_kills else started
    patience = demand.patience if len(demand.patience) else np.full(demand.n, NEVER)
    refused = capacity.refused if len(capacity.refused) else np.zeros(demand.n, np.bool_)
    waited = np.where(o.arrived >= 0, np.where(records.began, o.started, records.left) - o.arrived, 0)
    full = o.cause == Cause.QUEUE_FULL
    gone = o.left >= 0 if len(o.left) else np.zeros(demand.n, np.bool_)  # who is gone has no patience
    fault = first_fault(
        "request",
        ("stayed longer than the limit of duration", too_long),
        ("failed for its duration, but not at the limit", timed_out & ((stayed != limit) | (limit < 0))),
        ("failed for a full queue, but had begun or there is no limit",
         full & ((records.began & (not moves)) | (capacity.queue_limit < 0))),
        ("failed for a full queue, but not at once", full & ~records.began & (o.ended != o.admitted)),
        ("failed for memory, but there is no limit or it had not begun",
         (o.cause == Cause.MEMORY) & (~records.began | (capacity.memory < 0))),
        ("failed for memory, but was not refused, or its instance did not go off",
         (o.cause == Cause.MEMORY) & (o.ended != dead)),
        ("failed for the end of its instance's life, but that did not end then",
         (o.cause == Cause.LIFETIME) & ((o.ended != off) | ~records.began | (not capacity.lifetime_kills))),
        ("failed for its size, but is not too large, or not at once",
         (o.cause == Cause.PAYLOAD) != (refused & (o.admitted >= 0) & (o.ended == o.admitted))),
        ("lost patience, but not then", (o.fate == Fate.ABANDONED) & (o.ended - o.arrived != patience)),
        ("waited longer than it has patience", (patience >= 0) & (waited > patience) & ~gone),
    )  # fmt: skip
    if fault is None and capacity.early and capacity.queue_limit >= 0 and not (capacity.memory_kills or moves):
        # How long a request that never began was in the queue is not recorded, nor that one returned to the queue when
        # the instance it was bound to was killed or taken.
        rows = np.flatnonzero(records.began & (o.bound > o.admitted))
        longest, _ = at_once(capacity.pool_of[rows], o.admitted[rows], o.bound[rows], capacity.pools)
        fault = first_fault(
            "pool", (f"had more than {capacity.queue_limit} in its queue", longest > capacity.queue_limit))
    return fault, f"{np.count_nonzero(timed_out)} failed for duration, {np.count_nonzero(full)} for a full queue"
