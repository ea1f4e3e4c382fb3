"""A closed population: each agent asks, waits for the answer, thinks, and asks again.

When a request comes depends on the answers before it, so an agent's requests are a chain of which the models find the
times. How many of them are drawn is decided on the ideal platform, where answers come soonest: up to the first that
would come there at the horizon or later. A request that fails may be over sooner than that. `ran_out` says whether a
chain came to its end in a run; then the demand is drawn again with chains ``stretch`` times as long, which begin with
the same requests.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sim import luck
from sim.distributions import Distribution
from sim.engine.contract import Demand, Int64s, Outcome
from sim.luck import Stream
from sim.scenario.schema import Workload
from sim.workload.points import MAX_POINTS, too_many

_FIRST = 8
"""Requests of each agent that are looked at first; then twice as many, and so on."""

Lengths = Callable[[Int64s], Int64s]
"""Work of requests, by their addresses, in microseconds."""


def think(seed: int, replication: int, law: Distribution, agent: Int64s, ordinal: Int64s) -> Int64s:
    """Draw the time before requests, in microseconds."""
    return law.integers(luck.uniform(seed, replication, Stream.THINK, agent, ordinal))


def counts(agents: int, horizon: int, thinking: Callable[[Int64s, Int64s], Int64s], lengths: Lengths) -> Int64s:
    """Return how many requests each agent's chain has: those that come before the horizon where answers come soonest.

    And one more, which shows in a run whether there would have been others.

    Parameters
    ----------
    agents, horizon : int
    thinking : callable
        Time before request ``ordinal`` of ``agent``, for arrays of both.
    lengths : callable
        See `Lengths`.

    Raises
    ------
    AdvisedError
        When there are too many.
    """
    found = np.zeros(agents, np.int64)
    going, ended = np.arange(agents, dtype=np.int64), np.zeros(agents, np.int64)
    width = _FIRST
    while len(going):
        if float(found.sum()) + len(going) * width > MAX_POINTS:
            raise too_many(float(found.sum()) + len(going) * width, "requests")
        ordinal = found[going, None] + np.arange(width, dtype=np.int64)
        agent = np.broadcast_to(going[:, None], ordinal.shape)
        gap = thinking(agent.ravel(), ordinal.ravel()).reshape(ordinal.shape)
        work = lengths(luck.of_agent(agent, ordinal).ravel()).reshape(ordinal.shape)
        over = ended[:, None] + np.cumsum(gap + work, axis=1)
        before = (over - work < horizon).sum(axis=1)
        found[going] += np.where(before < width, before + 1, width)
        going, ended = going[before == width], over[before == width, -1]
        width *= 2
    return found


def ran_out(workload: Workload, demand: Demand, outcome: Outcome) -> bool:
    """Say whether an agent of a closed population had no request left, though it might have asked again.

    Parameters
    ----------
    workload : Workload
    demand : Demand
    outcome : Outcome
        Of a run of this demand.
    """
    if workload.arrivals.closed is None:
        return False
    last = np.append(demand.agent[1:] != demand.agent[:-1], True)
    if demand.callers is None:
        return bool((outcome.ended[last] >= 0).any())
    # Where an attempt at it is over, the request may be.
    first = demand.callers.first
    over = (outcome.ended >= 0) | (outcome.left >= 0)
    return bool(over[np.isin(first, first[last])].any())
