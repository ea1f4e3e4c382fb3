"""Queues of the textbook, written as the arrays that a model reads."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from sim.engine import Capacity, Demand
from sim.engine.contract import CORE, NEVER, Reuse

US = 1_000_000


def requests(at: ArrayLike, wait: ArrayLike = 0, cpu: ArrayLike = 0, *, agent: ArrayLike | None = None,
             serial: bool = False, drain: int = 10**6 * US) -> Demand:  # fmt: skip
    """Requests of one step each; times in seconds, in order of rows."""
    at_us = np.rint(np.asarray(at, float) * US).astype(np.int64)
    n = len(at_us)
    zeros = np.zeros(n, np.int64)
    wait_us, cpu_us = (np.rint(np.broadcast_to(x, n) * US).astype(np.int64) for x in (wait, cpu))
    wait_us = np.where(wait_us + cpu_us == 0, 1, wait_us)
    horizon = int(at_us.max()) + 1
    return Demand(
        horizon=horizon,
        stop=horizon + drain,
        serial=serial,
        agent=np.arange(n) if agent is None else np.asarray(agent, np.int64),
        session=zeros - 1,
        after=zeros - 1,
        at=at_us,
        coalesced=zeros,
        held=zeros,
        memory=zeros,
        step_first=np.arange(n + 1),
        step_kind=zeros.astype(np.int8),
        step_cpu=cpu_us,
        step_wait=wait_us,
        step_tokens_in=zeros,
        step_tokens_cached=zeros,
        step_tokens_out=zeros,
        step_model=zeros - 1,
    )


def servers(demand: Demand, count: int, *, queue: int = NEVER, slots: int = 1, cores: float | None = None,
            pools: ArrayLike | None = None) -> Capacity:  # fmt: skip
    """A fixed number of instances that are always on, first come first served."""
    return pool(demand, minimum=count, maximum=count, queue=queue, slots=slots, cores=cores, early=False, pools=pools)


def pool(demand: Demand, *, minimum: int = 0, maximum: int = NEVER, queue: int = NEVER, slots: int = 1,
         cores: float | None = None, early: bool = True, reuse: Reuse = Reuse.MOST_RECENT, start: ArrayLike = 0,
         after: tuple[float, ...] = (), enter: tuple[float, ...] = (), keeps: tuple[bool, ...] = (),
         wake: tuple[ArrayLike, ...] = (), initial_rung: int = NEVER, pools: ArrayLike | None = None,
         ) -> Capacity:  # fmt: skip
    """A pool with a ladder; times in seconds."""
    n = demand.n
    own = np.zeros(n, np.int64) if pools is None else np.asarray(pools, np.int64)

    def micro(seconds: ArrayLike) -> np.ndarray:
        return np.rint(np.broadcast_to(seconds, n) * US).astype(np.int64)

    return Capacity(
        pools=int(own.max()) + 1,
        pool_of=own,
        concurrency=slots,
        minimum=minimum,
        maximum=maximum,
        queue_limit=queue,
        duration_limit=NEVER,
        early=early,
        reuse=reuse,
        cpu=slots * CORE if cores is None else int(cores * CORE),
        memory=NEVER,
        base_memory=0,
        memory_kills=False,
        rung_after=np.array([round(x * US) if x >= 0 else NEVER for x in after], np.int64),
        rung_enter=np.array([round(x * US) for x in enter], np.int64),
        rung_keeps=np.array(keeps, np.bool_),
        rung_wake=np.array([micro(x) for x in wake], np.int64).reshape(len(wake), n),
        start=micro(start),
        initial_rung=initial_rung,
    )
