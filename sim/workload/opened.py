"""Arrivals that do not depend on the platform: each kind gives when each agent asks."""

from __future__ import annotations

import numpy as np

from sim.luck import Stream
from sim.scenario.arrivals import Arrivals
from sim.workload import bursts, points, week
from sim.workload.fleet import Fleet
from sim.workload.modulation import Factors, Modulated
from sim.workload.points import CumulativeRate, Points
from sim.workload.week import Week


def draw(arrivals: Arrivals, fleet: Fleet) -> Points:
    """Draw when requests come, in microseconds.

    Parameters
    ----------
    arrivals : Arrivals
        Of a kind in which requests come on their own.
    fleet : Fleet

    Returns
    -------
    Points
        By agent, then in order of time; the ordinal counts the agent's own.
    """
    if arrivals.renewal is not None:
        gap = arrivals.renewal.gap.load(fleet.directory)
        return points.renewal(fleet.seed, fleet.replication, gap, fleet.agents, fleet.horizon)
    if arrivals.bursts is not None:
        paths = bursts.factors(arrivals.bursts, fleet.agents, fleet.horizon, fleet.seed, fleet.replication)
        return poisson(week.constant(bursts.mean_rate(arrivals.bursts)), Stream.ARRIVAL, fleet, paths)
    if arrivals.weekly is not None:
        return poisson(week.from_buckets(arrivals.weekly), Stream.ARRIVAL, fleet)
    assert arrivals.poisson is not None  # the schema lets arrivals be nothing else
    return poisson(week.constant(arrivals.poisson.rate), Stream.ARRIVAL, fleet)


def poisson(rate: Week, stream: Stream, fleet: Fleet, factors: Factors | None = None) -> Points:
    """Draw Poisson processes with a rate, which factors may modulate.

    Parameters
    ----------
    rate : Week
        Of one agent.
    stream : Stream
        Of the luck; entity is the agent, ordinal the point.
    fleet : Fleet
    factors : Factors, optional
        One path for all agents, or one for each.
    """
    clock = CumulativeRate(rate, fleet.horizon)
    if factors is None:
        found = points.poisson(fleet.seed, fleet.replication, stream, np.full(fleet.agents, clock.end))
        return Points(found.entity, found.ordinal, clock.times(found.value))
    modulated = Modulated(clock, factors)
    path = np.arange(fleet.agents, dtype=np.int64) % len(modulated.ends)
    found = points.poisson(fleet.seed, fleet.replication, stream, modulated.ends[path])
    return Points(found.entity, found.ordinal, modulated.times(path[found.entity], found.value))
