"""Arrivals that do not depend on the platform: each kind gives when each agent asks."""

from __future__ import annotations

import numpy as np

from sim.distributions.portable import Floats
from sim.engine.contract import Int64s
from sim.luck import Stream
from sim.scenario import reachable
from sim.scenario.arrivals import Arrivals, Burstiness, Renewal, Skew
from sim.workload import bulk, burstiness, bursts, cron, points, rates, week
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
    return bulk.fill(_events(arrivals, fleet), arrivals.bulk, fleet)


def _events(arrivals: Arrivals, fleet: Fleet) -> Points:
    """Draw what comes, each of which may bring several requests."""
    if arrivals.cron is not None:
        return cron.draw(arrivals.cron, fleet)
    if arrivals.renewal is not None:
        return _renewal(arrivals.renewal, fleet)
    if arrivals.bursts is not None:
        paths = bursts.factors(arrivals.bursts, fleet.agents, fleet.horizon, fleet.seed, fleet.replication)
        return poisson(week.constant(bursts.mean_rate(arrivals.bursts)), Stream.ARRIVAL, fleet, paths)
    if arrivals.rates is not None and arrivals.rates.agent is not None:
        return rates.of_agents(arrivals.rates, fleet)
    if arrivals.rates is not None:
        rate = rates.of_fleet(arrivals.rates, fleet)
    elif arrivals.weekly is not None:
        rate = week.from_buckets(arrivals.weekly)
    else:
        assert arrivals.poisson is not None  # the schema lets arrivals be nothing else
        rate = week.constant(arrivals.poisson.rate)
    return poisson(rate, Stream.ARRIVAL, fleet, bursty(arrivals.burstiness, arrivals.skew, rate, fleet))


def bursty(asked: Burstiness | None, skew: Skew | None, rate: Week, fleet: Fleet) -> Factors | None:
    """Draw the factors that make arrivals as bursty as asked for; None where nothing is asked.

    Parameters
    ----------
    asked : Burstiness or None
    skew : Skew or None
    rate : Week
        Of one agent.
    fleet : Fleet

    Raises
    ------
    AdvisedError
        When arrivals cannot be as bursty as that.
    """
    if asked is None:
        return None
    paths = 1 if asked.scope == "fleet" else fleet.agents
    return burstiness.factors(asked, float(rate.mean) * reachable.of_one(asked, skew, fleet.agents), paths, fleet)


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
    modulated = None if factors is None else Modulated(clock, factors)
    ends = np.array([clock.end]) if modulated is None else modulated.ends
    path = np.arange(fleet.agents, dtype=np.int64) % len(ends)
    found = points.poisson(fleet.seed, fleet.replication, stream, _scaled(ends[path], fleet.shares))
    ticks = _unscaled(found, ends[path], fleet.shares)
    times = clock.times(ticks) if modulated is None else modulated.times(path[found.entity], ticks)
    return Points(found.entity, found.ordinal, times)


def _renewal(asked: Renewal, fleet: Fleet) -> Points:
    """Draw renewal processes; an agent with a larger share has all gaps shorter."""
    ends = np.full(fleet.agents, fleet.horizon, np.int64)
    gap = asked.gap.load(fleet.directory)
    found = points.renewal(fleet.seed, fleet.replication, gap, _scaled(ends, fleet.shares))
    return Points(found.entity, found.ordinal, _unscaled(found, ends, fleet.shares))


def _scaled(ends: Int64s, shares: Floats | None) -> Int64s:
    """Return where processes end on clocks that run as fast as their shares say."""
    return ends if shares is None else np.floor(ends * shares).astype(np.int64)


def _unscaled(found: Points, ends: Int64s, shares: Floats | None) -> Int64s:
    """Return points on the common clock."""
    if shares is None:
        return found.value
    return np.minimum(np.floor(found.value / shares[found.entity]).astype(np.int64), ends[found.entity] - 1)
