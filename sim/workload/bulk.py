"""Bulk arrivals: what comes brings several requests at once."""

from __future__ import annotations

import numpy as np

from sim import luck
from sim.luck import Stream
from sim.scenario.arrivals import Bulk
from sim.workload import skew
from sim.workload.fleet import Fleet
from sim.workload.places import ranges, ranks
from sim.workload.points import MAX_POINTS, Points, too_many


def fill(points: Points, bulk: Bulk | None, fleet: Fleet) -> Points:
    """Let each event bring a random number of requests, all at its time.

    Parameters
    ----------
    points : Points
        Events, by agent.
    bulk : Bulk or None
        Without it, each event is one request.
    fleet : Fleet
        Luck is in streams BULK and BULK_AGENT.

    Returns
    -------
    Points
        Requests by agent, then in order of time; numbered anew, in this order.

    Raises
    ------
    AdvisedError
        When there are too many.
    """
    if bulk is None:
        return points
    where = fleet.seed, fleet.replication
    key = luck.of_agent(points.entity, points.ordinal)
    size = np.maximum(bulk.size.load(fleet.directory).integers(luck.uniform(*where, Stream.BULK, key)), 1)
    total = float(size.sum(dtype=np.float64))
    if total > MAX_POINTS:
        raise too_many(total, "arrivals")
    event = np.repeat(np.arange(len(size)), size)
    place = ranges(np.zeros_like(size), size)
    agent, at = points.entity[event], points.value[event]
    if bulk.over == "fleet":
        agent = skew.chosen(fleet, Stream.BULK_AGENT, key[event], place)
    order = np.lexsort((place, event, at, agent))
    agent, at = agent[order], at[order]
    return Points(agent, ranks(agent), at)
