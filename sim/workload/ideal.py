"""What a request would take on a platform with instant, endless, free instances.

A platform's overhead on a request is the request's latency there minus this.
"""

from __future__ import annotations

import numpy as np

from sim.engine.contract import NEVER, Demand, Int64s


def work(demand: Demand) -> Int64s:
    """Return the work of each request: the sum of its steps, CPU at nominal speed.

    Parameters
    ----------
    demand : Demand

    Returns
    -------
    int64[n]
        Microseconds.
    """
    total = np.concatenate(([0], np.cumsum(demand.step_cpu + demand.step_wait)))
    return np.asarray(total[demand.step_first[1:]] - total[demand.step_first[:-1]], np.int64)


def ideal(demand: Demand) -> Int64s:
    """Return the latency of each request on the ideal platform.

    It is the request's work; and, where an agent works on one request at a time and requests come on their own, the
    wait for the agent's turn (Lindley's recursion, agent by agent).

    Where requests follow others (sessions), when they come depends on the platform, so a wait on one platform has no
    counterpart on another: there the ideal latency is the work alone, and a wait for the agent's turn counts as
    overhead. Without ``serial`` there is no such wait.

    Parameters
    ----------
    demand : Demand

    Returns
    -------
    int64[n]
        Microseconds; NEVER for a request that never arrives on the ideal platform.
    """
    needed = work(demand)
    if (demand.after != NEVER).any():
        return needed
    absent = demand.at >= demand.horizon
    if demand.serial:
        needed = needed + _turns(demand, np.where(absent, 0, needed))
    return np.where(absent, NEVER, needed)


def _turns(demand: Demand, needed: Int64s) -> Int64s:
    """Return how long each request is held until its agent's earlier ones are done, with one server for each agent."""
    order = np.lexsort((np.arange(demand.n), demand.at, demand.agent))
    held = np.zeros(demand.n, np.int64)
    waits = []
    current, free = NEVER, 0
    for agent, at, length in zip(demand.agent[order].tolist(), demand.at[order].tolist(), needed[order].tolist(),
                                 strict=True):
        if agent != current:
            current, free = agent, 0
        begin = free if free > at else at
        waits.append(begin - at)
        free = begin + length
    held[order] = waits
    return held
