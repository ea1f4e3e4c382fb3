"""From a deployment to the arrays a model reads: the one place where start-up luck becomes integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from sim import luck
from sim.distributions import Distribution
from sim.engine.calling import Luck, lower_provider
from sim.engine.contract import CORE, NEVER, Bools, Capacity, Credit, Demand, Int64s, KeepAlive, Reuse, Scaler
from sim.engine.lower_gpu import gpu, queueing
from sim.engine.offers import offers
from sim.luck import Floats, Stream
from sim.scenario import BoundDeployment
from sim.scenario.elastic import Limits
from sim.units import MINUTE, SECOND, WEEK
from sim.workload.attempts import attempt_of

_REUSE = {
    "most-recent": Reuse.MOST_RECENT,
    "newest": Reuse.NEWEST,
    "oldest": Reuse.OLDEST,
    "least-loaded": Reuse.LEAST_LOADED,
}

_SPARE = 4096
"""Rows of luck for openings that are done for no request, where there may be any; then they come again."""

_STARTING = 65_536
"""Instances that are starting at once, up to which a start becomes slower."""


_IMAGE, _TRIES = 2**15, 2**15 + 2
"""Ordinals of a start's luck, beyond those of its parts: whether the image is there, and the tries that fail."""

_MOST_TRIES = 2**10
"""Of a start: nine tenths to this power are less than any number that is drawn."""


def lower(
    deployment: BoundDeployment, demand: Demand, agents: int, directory: Path, seed: int, replication: int,
    models: Sequence[str] = (),
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
    models : sequence of str
        Names of language models: those that ``Demand.step_model`` counts in, then others that a provider sends calls
        to.

    Returns
    -------
    Capacity
        Independent of the deployment's name and of the other deployments.
    """
    pools, pool_of = _pools(deployment.placement, demand, agents)
    kept = [index for index, rung in enumerate(deployment.ladder) if rung.keeps]
    drawn = _Luck(seed, replication, directory, *attempt_of(demand), _spare(deployment, pools))
    wakes = [drawn.of_all(rung.wake, Stream.WAKE, Stream.SPARE_WAKE, index)
             for index, rung in enumerate(deployment.ladder)]
    return Capacity(
        pools=pools,
        pool_of=pool_of,
        concurrency=deployment.concurrency,
        maximum=_limit(deployment.maximum),
        queue_limit=_limit(deployment.queue),
        duration_limit=_limit(deployment.duration_limit),
        early=deployment.binding == "early",
        reuse=_REUSE[deployment.reuse],
        # Less than one part for each resident would stop the clock of the contract.
        cpu=max(deployment.concurrency, int(deployment.vcpu * CORE)),
        memory=deployment.memory if deployment.gpu.memory is None else deployment.gpu.memory,
        base_memory=deployment.base_memory if deployment.gpu.memory is None else 0,
        memory_kills=deployment.memory_kills,
        rung_after=np.array([_limit(rung.after) for rung in deployment.ladder], np.int64),
        rung_enter=np.array([rung.enter for rung in deployment.ladder], np.int64),
        rung_keeps=np.array([rung.keeps for rung in deployment.ladder], np.bool_),
        rung_wake=np.array(wakes, np.int64).reshape(len(wakes), demand.n + drawn.spare),
        start=_starts(deployment, drawn),
        initial_rung=kept[-1] if kept and deployment.placement == "per-agent" else NEVER,
        spare=drawn.spare,
        scaler=_scaler(deployment),
        buffer=deployment.elastic.spare,
        keep_alive=_keep_alive(deployment),
        gpu=gpu(deployment.gpu, demand),
        queueing=queueing(deployment.discipline, demand),
        **offers(deployment, demand, pools, directory, seed, replication),
        provider=None if deployment.provider is None else lower_provider(
            deployment.provider, demand, models, Luck(seed, replication, drawn.whom)),
        **_floor(deployment, demand.horizon),
        **_limits(deployment.elastic.limits, demand),
        **_idle_and_cpu(deployment, drawn),
    )


@dataclass(frozen=True, slots=True)
class _Luck:
    """Draws what is drawn for each request, and for openings and wakes that are done for none."""

    seed: int
    replication: int
    directory: Path
    whom: Int64s
    attempt: Int64s
    spare: int

    def of_all(self, law: Distribution, stream: Stream, spare: Stream, ordinal: int = 0) -> Int64s:
        """Draw whole numbers, those for no request last."""
        known = law.load(self.directory)
        return known.integers(self.uniform(stream, spare, ordinal))

    def factors(self, law: Distribution, stream: Stream, spare: Stream) -> Int64s:
        """Draw factors in millionths, at least 1."""
        known = law.load(self.directory)
        drawn = known.quantile(self.uniform(stream, spare))
        return np.asarray(np.maximum(1, np.rint(drawn * CORE)), np.int64)

    def uniform(self, stream: Stream, spare: Stream, ordinal: int = 0) -> Floats:
        """Draw uniform numbers, those for no request last."""
        return np.concatenate([
            self._of_rows(stream, ordinal),
            luck.uniform(self.seed, self.replication, spare, self._spares(), ordinal),
        ])

    def share(self, of: Fraction, stream: Stream) -> Bools:
        """Draw for which rows something is not so that is so of a share."""
        return np.asarray(self._of_rows(stream) >= float(of))

    def _of_rows(self, stream: Stream, ordinal: int = 0) -> Floats:
        return luck.uniform(self.seed, self.replication, stream, self.whom, self.attempt + ordinal)

    def _spares(self) -> Int64s:
        return np.arange(self.spare, dtype=np.int64)


def _starts(deployment: BoundDeployment, drawn: _Luck) -> Int64s:
    """Draw how long starts take: their parts, an image where it is not there, and tries that fail before one succeeds.

    Drift moves what was measured, all starts of a replication alike: its factor is as likely to be below 1 as above,
    and uniform in its logarithm.
    """
    said, streams = deployment.start_up, (Stream.START, Stream.SPARE_START)
    parts = [drawn.of_all(time, *streams, part) for part, time in enumerate(deployment.start)]
    length = sum(parts, np.zeros(len(drawn.whom) + drawn.spare, np.int64))
    if said.image is not None:
        missed = drawn.uniform(*streams, _IMAGE) >= float(said.image.hits)
        length = length + np.where(missed, drawn.of_all(said.image.pull, *streams, _IMAGE + 1), 0)
    if said.drift:
        u = luck.uniform(drawn.seed, drawn.replication, Stream.DRIFT, np.zeros(1, np.int64))[0]
        length = np.rint(length * (1 + float(said.drift)) ** (2 * u - 1)).astype(np.int64)
    if said.failures is not None and said.failures.share:
        # The number of failures before a success is geometric: at least k of them with the k-th power of their share.
        u, share = drawn.uniform(*streams, _TRIES), float(said.failures.share)
        for failed in range(1, _MOST_TRIES):
            again = u < share**failed
            if not again.any():
                break
            length = length + np.where(again, drawn.of_all(said.failures.after, *streams, _TRIES + failed), 0)
    return length


def _spare(deployment: BoundDeployment, pools: int) -> int:
    """Return how many rows of luck are needed for instances that no request asks for."""
    said = deployment.elastic
    lost = deployment.memory_kills or said.limits.lifetime is not None or deployment.spot is not None
    kept = deployment.minimum > 0 and lost
    opened = said.scaling is not None or said.schedule or kept or said.spare or said.idle.learnt is not None
    initial = pools * max(1, deployment.minimum, said.spare) if said.cpu.speed is not None else 0
    return max(_SPARE if opened else 0, initial)


def _pools(placement: str, demand: Demand, agents: int) -> tuple[int, Int64s]:
    if placement == "shared":
        return 1, np.zeros(demand.n, np.int64)
    if placement == "per-agent":
        return agents, demand.agent
    return int(demand.session.max(initial=-1)) + 1, demand.session


def _floor(deployment: BoundDeployment, horizon: int) -> dict[str, Any]:
    """Return the minimum, and its steps until the horizon; after it the last one stays."""
    parts = deployment.elastic.schedule
    if not parts:
        return {"minimum": deployment.minimum}
    steps = [(week * WEEK + minute * MINUTE, number) for week in range(-(-horizon // WEEK)) for minute, number in parts]
    changes = [(time, number) for (_, before), (time, number) in pairwise(steps)
               if number != before and time < horizon]
    return {
        "minimum": parts[0][1],
        "floor_at": np.array([time for time, _ in changes], np.int64),
        "floor": np.array([number for _, number in changes], np.int64),
    }


def _limits(limits: Limits, demand: Demand) -> dict[str, Any]:
    slower = float(limits.slowdown or 0)
    others = np.arange(_STARTING if slower else 0)
    return {
        "quota": _limit(limits.quota),
        "pace_every": max(1, round(SECOND / limits.openings)) if isinstance(limits.openings, Fraction) else NEVER,
        "pace_burst": limits.burst,
        "lifetime": _limit(limits.lifetime),
        "lifetime_kills": limits.at_lifetime == "kill",
        "start_pace": np.maximum(1, np.rint(CORE / (1 + slower * others))).astype(np.int64),
        # Where nothing is said of payloads there are none, so nothing is refused.
        "refused": demand.payload > (limits.payload if isinstance(limits.payload, int) else np.iinfo(np.int64).max),
    }


def _idle_and_cpu(deployment: BoundDeployment, drawn: _Luck) -> dict[str, Any]:
    idle, cpu = deployment.elastic.idle, deployment.elastic.cpu
    found: dict[str, Any] = {"check_every": _limit(idle.check), "check_most": _limit(idle.stops)}
    if idle.stuck:
        found["stick"] = drawn.share(idle.stuck, Stream.STICK)
    if cpu.speed is not None:
        found["speed"] = drawn.factors(cpu.speed, Stream.CPU_SPEED, Stream.SPARE_SPEED)
    if cpu.credit is not None:
        whole = int(deployment.vcpu * CORE)
        found["credit"] = Credit(round(cpu.credit.baseline * whole), cpu.credit.first * whole, cpu.credit.most * whole)
    return found


def _scaler(deployment: BoundDeployment) -> Scaler | None:
    scaling = deployment.elastic.scaling
    if scaling is None:
        return None
    load = scaling.requests or scaling.cpu
    assert load is not None  # the schema says that there is one
    if scaling.cpu is not None:
        target = round(scaling.cpu.target * deployment.vcpu * CORE)
    else:
        assert scaling.requests is not None
        target = round(scaling.requests.target * CORE)
    return Scaler(
        tick=load.every,
        window=load.window,
        target=max(1, target),
        by_cpu=scaling.cpu is not None,
        panic_window=NEVER if load.panic is None else load.panic.window,
        panic_at=0 if load.panic is None else round(load.panic.at * CORE),
        stabilise=load.stabilise,
        tolerance=round(load.tolerance * CORE),
        counts_coming=load.counts_starting,
    )


def _keep_alive(deployment: BoundDeployment) -> KeepAlive | None:
    learnt = deployment.elastic.idle.learnt
    if learnt is None:
        return None
    head, tail, margin = (round(share * CORE) for share in (learnt.head, learnt.tail, learnt.margin))
    # 1 + cv^2 is the number of bins times the sum of squared counts, over the square of the sum.
    return KeepAlive(learnt.bin, learnt.range // learnt.bin, head, tail, margin, learnt.least,
                     round((1 + learnt.cv**2) * CORE))


def _limit(value: int | str | None) -> int:
    return value if isinstance(value, int) else NEVER
