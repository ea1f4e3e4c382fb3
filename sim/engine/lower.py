"""From a deployment to the arrays a model reads: the one place where start-up luck becomes integers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sim import luck
from sim.engine.contract import CORE, NEVER, Capacity, Demand, Int64s, Reuse
from sim.scenario import BoundDeployment

_REUSE = {
    "most-recent": Reuse.MOST_RECENT,
    "newest": Reuse.NEWEST,
    "oldest": Reuse.OLDEST,
    "least-loaded": Reuse.LEAST_LOADED,
}


def lower(
    deployment: BoundDeployment, demand: Demand, agents: int, directory: Path, seed: int, replication: int
) -> Capacity:
    """Lower a deployment for the requests it will meet.

    Parameters
    ----------
    deployment : BoundDeployment
    demand : Demand
        The requests; each start and wake has the luck of the request that it is done for.
    agents : int
        Agents of the workload, also those that ask for nothing in this run: an instance of their own is billed too.
    directory : Path
        Where files of recorded samples are looked for.
    seed, replication : int
        Where luck is addressed.

    Returns
    -------
    Capacity
        Independent of the deployment's name and of the other deployments.
    """
    pools, pool_of = _pools(deployment.placement, demand, agents)
    first = np.searchsorted(demand.agent, demand.agent)
    whom = luck.of_agent(demand.agent, np.arange(demand.n) - first)
    start = np.zeros(demand.n, np.int64)
    for part, time in enumerate(deployment.start):
        u = luck.uniform(seed, replication, luck.Stream.START, whom, part)
        start += time.load(directory).integers(u)
    wakes = [
        rung.wake.load(directory).integers(luck.uniform(seed, replication, luck.Stream.WAKE, whom, index))
        for index, rung in enumerate(deployment.ladder)
    ]
    kept = [index for index, rung in enumerate(deployment.ladder) if rung.keeps]
    return Capacity(
        pools=pools,
        pool_of=pool_of,
        concurrency=deployment.concurrency,
        minimum=deployment.minimum,
        maximum=_limit(deployment.maximum),
        queue_limit=_limit(deployment.queue),
        duration_limit=_limit(deployment.duration_limit),
        early=deployment.binding == "early",
        reuse=_REUSE[deployment.reuse],
        # Less than one part for each resident would stop the clock of the contract.
        cpu=max(deployment.concurrency, int(deployment.vcpu * CORE)),
        memory=deployment.memory,
        base_memory=deployment.base_memory,
        memory_kills=deployment.memory_kills,
        rung_after=np.array([_limit(rung.after) for rung in deployment.ladder], np.int64),
        rung_enter=np.array([rung.enter for rung in deployment.ladder], np.int64),
        rung_keeps=np.array([rung.keeps for rung in deployment.ladder], np.bool_),
        rung_wake=np.array(wakes, np.int64).reshape(len(wakes), demand.n),
        start=start,
        initial_rung=kept[-1] if kept and deployment.placement == "per-agent" else NEVER,
    )


def _pools(placement: str, demand: Demand, agents: int) -> tuple[int, Int64s]:
    if placement == "shared":
        return 1, np.zeros(demand.n, np.int64)
    if placement == "per-agent":
        return agents, demand.agent
    return int(demand.session.max(initial=-1)) + 1, demand.session


def _limit(value: int | None) -> int:
    return NEVER if value is None else value
