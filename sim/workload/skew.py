"""Few agents, most traffic: how the requests of a fleet divide among its agents."""

from __future__ import annotations

import numpy as np

from sim import luck
from sim.engine.contract import Int64s
from sim.luck import Stream
from sim.workload.fleet import Fleet


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
