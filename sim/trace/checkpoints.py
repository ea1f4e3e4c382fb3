"""From when to when requests have a checkpoint, and when one is read elsewhere than it was written."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.engine.contract import NEVER, Capacity, Checkpoints, Demand, Int64s, Outcome, Parting
from sim.engine.contract.checkpoints import attained


@dataclass(frozen=True, slots=True)
class Written:
    """Checkpoints of a run.

    Attributes
    ----------
    begin, end : int64[k]
        Microseconds from the end of a request's first write until it has left, or the run has stopped.
    moved : int64[j]
        Microseconds at which a visit began that went on from a checkpoint of another zone.
    """

    begin: Int64s
    end: Int64s
    moved: Int64s


def written(demand: Demand, capacity: Capacity, outcome: Outcome, zones: int) -> Written:
    """Find the checkpoints of a run.

    Parameters
    ----------
    demand : Demand
    capacity : Capacity
        With checkpoints.
    outcome : Outcome
    zones : int
        The first offers; instances of any other are taken to be in the zone of the first.
    """
    assert capacity.recovery is not None and capacity.recovery.checkpoints is not None
    rule, seen = capacity.recovery.checkpoints, outcome.visits
    work = demand.by_request(demand.step_length)
    begin: dict[int, int] = {}
    moved: list[int] = []
    saved, place = dict.fromkeys(range(demand.n), 0), dict.fromkeys(range(demand.n), 0)
    for row, request in enumerate(seen.request.tolist()):
        started, done = int(seen.started[row]), saved[request]
        if started == NEVER:
            continue
        offer = int(outcome.offer[seen.instance[row]])
        zone = offer if offer < zones else 0
        if done and place[request] != zone:
            moved.append(started)
        ended = demand.stop if seen.ended[row] == NEVER else int(seen.ended[row])
        left, told = int(work[request]) - done, seen.parting[row] == Parting.SAVED
        kept = _kept(rule, ended - started, left, done > 0, saved=bool(told))
        if kept:
            saved[request], place[request] = done + kept, zone
            first = ended if rule.every == NEVER or kept < rule.every else started + rule.every + rule.write
            begin.setdefault(request, first)
    rows = np.fromiter(begin, np.int64, len(begin))
    left_at = np.where(outcome.ended[rows] == NEVER, demand.stop, outcome.ended[rows])
    return Written(np.fromiter(begin.values(), np.int64, len(begin)), left_at, np.array(moved, np.int64))


def _kept(rule: Checkpoints, elapsed: int, left: int, resumed: bool, *, saved: bool) -> int:
    """Return the work of a visit that is in a checkpoint when it is over."""
    if saved:  # on notice, all that was done before this last write
        return attained(rule, elapsed - rule.write, left, resumed)[0]
    return attained(rule, elapsed, left, resumed)[1]
