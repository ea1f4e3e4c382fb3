"""`Capacity` as plain Python numbers and lists, which a plain Python loop reads fastest."""

from __future__ import annotations

from dataclasses import dataclass

from sim.engine.contract import CORE, Capacity, Credit, Demand, Gpu, KeepAlive, Market, Reuse, Scaler
from sim.engine.legs import Cut


@dataclass(frozen=True, slots=True)
class Rules:
    """What a deployment does, the same for all of its pools; see `sim.engine.contract.Capacity`."""

    concurrency: int
    maximum: int
    queue_limit: int
    duration_limit: int
    early: bool
    reuse: Reuse
    cpu: int
    parallel: int
    memory: int
    base_memory: int
    memory_kills: bool
    rung_after: list[int]
    rung_enter: list[int]
    rung_keeps: list[bool]
    rung_wake: list[list[int]]
    start: list[int]
    speed: list[int]
    linger: list[int] | None
    stick: list[bool] | None
    start_pace: list[int]
    requests: int
    spare: int
    quota: int
    pace_every: int
    pace_burst: int
    lifetime: int
    lifetime_kills: bool
    check_every: int
    check_most: int
    credit: Credit | None
    scaler: Scaler | None
    buffer: int
    keep_alive: KeepAlive | None
    gpu: Gpu | None
    market: Market | None
    shares_cpu: bool
    """Whether requests must be followed leg by leg; elsewhere the length of one is known when it begins."""
    expires: bool
    """Whether each idle instance looks after itself."""
    limited: bool
    """Whether what one pool has can keep another from having."""

    @classmethod
    def of(cls, demand: Demand, capacity: Capacity) -> Rules:
        """Unpack the arrays."""
        spare = max(1, capacity.spare)
        return cls(
            concurrency=capacity.concurrency,
            maximum=capacity.maximum,
            queue_limit=capacity.queue_limit,
            duration_limit=capacity.duration_limit,
            early=capacity.early,
            reuse=capacity.reuse,
            cpu=capacity.cpu,
            parallel=demand.parallel,
            memory=capacity.memory,
            base_memory=capacity.base_memory,
            memory_kills=capacity.memory_kills,
            rung_after=capacity.rung_after.tolist(),
            rung_enter=capacity.rung_enter.tolist(),
            rung_keeps=capacity.rung_keeps.tolist(),
            rung_wake=capacity.rung_wake.tolist(),
            start=capacity.start.tolist(),
            speed=capacity.speed.tolist() or [CORE] * (demand.n + spare),
            linger=demand.linger.tolist() or None,
            stick=capacity.stick.tolist() or None,
            start_pace=capacity.start_pace.tolist(),
            requests=demand.n,
            spare=spare,
            quota=capacity.quota,
            pace_every=capacity.pace_every,
            pace_burst=capacity.pace_burst,
            lifetime=capacity.lifetime,
            lifetime_kills=capacity.lifetime_kills,
            check_every=capacity.check_every,
            check_most=capacity.check_most,
            credit=capacity.credit,
            scaler=capacity.scaler,
            buffer=capacity.buffer,
            keep_alive=capacity.keep_alive,
            gpu=capacity.gpu,
            market=capacity.market,
            shares_cpu=Cut.of(demand, capacity) is not Cut.NOWHERE,
            expires=capacity.check_every < 0 and capacity.scaler is None,
            limited=capacity.quota >= 0 or capacity.pace_every >= 0 or capacity.market is not None,
        )
