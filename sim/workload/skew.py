"""Few agents, most traffic: how the requests of a fleet divide among its agents."""

from __future__ import annotations

import math

import numpy as np

from sim import luck
from sim.distributions import portable
from sim.distributions.portable import Floats
from sim.engine.contract import Int64s
from sim.luck import Stream
from sim.scenario.arrivals import Skew
from sim.workload.fleet import Fleet


def shares(skew: Skew | None, agents: int) -> Floats | None:
    """Return how many times the mean rate of an agent each has; None when all have the same.

    Parameters
    ----------
    skew : Skew or None
    agents : int

    Returns
    -------
    float64[agents] or None
        Their mean is 1.
    """
    if skew is None:
        return None
    if skew.zipf is not None:
        found = portable.power(np.arange(1, agents + 1, dtype=np.float64), -skew.zipf)
    else:
        found = np.resize(np.array(skew.shares, np.float64), agents)
    return np.asarray(found * (agents / math.fsum(found.tolist())), np.float64)


def chosen(fleet: Fleet, stream: Stream, entity: Int64s, ordinal: Int64s | int = 0) -> Int64s:
    """Choose agents by chance, each by its share.

    Parameters
    ----------
    fleet : Fleet
    stream, entity, ordinal
        Address of the luck.
    """
    if fleet.shares is None:
        return luck.integers_below(fleet.agents, fleet.seed, fleet.replication, stream, entity, ordinal)
    u = luck.uniform(fleet.seed, fleet.replication, stream, entity, ordinal)
    upto = np.cumsum(fleet.shares)
    return np.asarray(np.searchsorted(upto[:-1], u * upto[-1], side="right"), np.int64)
