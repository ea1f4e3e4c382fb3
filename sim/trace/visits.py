"""The table of visits, whether or not a request can have more than one."""

from __future__ import annotations

import numpy as np

from sim.engine.contract import Bools, Demand, Int8s, Int64s, Outcome, Parting, Visits


def visits(outcome: Outcome) -> Visits:
    """Give every visit of every request, also of a run in which each has one at most.

    Parameters
    ----------
    outcome : Outcome

    Returns
    -------
    Visits
        In order of request, then of time.
    """
    if len(outcome.visits.request):
        return outcome.visits
    rows = np.flatnonzero(outcome.started >= 0)
    return Visits(
        request=rows,
        admitted=outcome.admitted[rows],
        bound=outcome.bound[rows],
        started=outcome.started[rows],
        ended=outcome.ended[rows],
        instance=outcome.instance[rows],
        warmth=outcome.warmth[rows],
        parting=np.zeros(len(rows), np.int8),
        overhead=np.zeros(len(rows), np.int64),
    )


def last(seen: Visits) -> Bools:
    """Tell which visits are the last of their request."""
    return np.append(seen.request[1:] != seen.request[:-1], np.ones(min(1, len(seen.request)), np.bool_))


def part_of_last(seen: Visits, requests: int) -> Int8s:
    """Say why the last visit of each request was over; LEFT for one that never began."""
    found = np.full(requests, Parting.LEFT, np.int8)
    ends = last(seen)
    found[seen.request[ends]] = seen.parting[ends]
    return found


def in_flight(demand: Demand, outcome: Outcome) -> Bools:
    """Tell of which requests the step that did not end had begun, or would have, when they left or the run stopped.

    Parameters
    ----------
    demand : Demand
    outcome : Outcome
        Of the same run.

    Returns
    -------
    bool[n]
        False where the request was on no instance, but for a wait that freed it. Of those that ended all their steps,
        and of those that never began, it says nothing.
    """
    parting = part_of_last(outcome.visits, demand.n)
    found = parting == Parting.LEFT
    freed = np.flatnonzero(parting == Parting.FREED)
    if len(freed):
        over = demand.by_request((outcome.step_ended >= 0).astype(np.int64))[freed]
        step = np.minimum(demand.step_first[freed] + over, demand.step_first[freed + 1] - 1)
        seen = outcome.visits
        since = np.zeros(demand.n, np.int64)
        since[seen.request] = seen.ended
        # The wait that freed it, or one that followed at once.
        first = (over == 0) | (outcome.step_ended[step - 1] <= since[freed])
        found[freed] = demand.frees[step] & (first | (demand.step_cpu[step] == 0))
    return np.asarray(found, np.bool_)


def lost(outcome: Outcome) -> Int64s:
    """Say how much work was done and lost in each of the executions that were not the last, in microseconds."""
    again = outcome.repeats
    return again.cpu + again.wait - again.kept
