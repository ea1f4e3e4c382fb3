"""Hand-made cases: a demand and what serves it, from plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.engine.contract import (
    CORE,
    NEVER,
    Capacity,
    Credit,
    Demand,
    Gpu,
    KeepAlive,
    Market,
    Offer,
    Queueing,
    Recovery,
    Reuse,
    Scaler,
)

LONG = 300
SPARE = 2


def spread(value: int | Sequence[int], n: int) -> list[int]:
    """One value for each of n, or those given."""
    return [value] * n if isinstance(value, int) else list(value)


@dataclass(frozen=True)
class Case:
    """One demand and what serves it. Its representation can be pasted into a test."""

    demand: Demand
    capacity: Capacity


def demand(
    at: Sequence[int],
    steps: Sequence[Sequence[tuple[int, int]]],
    *,
    gpu: Sequence[tuple[int, int]] = (),
    agent: Sequence[int] | None = None,
    after: Sequence[int] | None = None,
    memory: Sequence[int] | None = None,
    patience: Sequence[int] = (),
    linger: Sequence[int] = (),
    parallel: int = 0,
    serial: bool = False,
    horizon: int = 10**12,
    stop: int = 10**13,
    frees: Sequence[int] = (),
) -> Demand:
    """A demand from plain lists.

    ``steps[r]`` are the (CPU, wait) pairs of request r, ``gpu[s]`` (prefill, decode); ``frees`` are steps.
    """
    n = len(at)
    flat = [step for of_one in steps for step in of_one]
    m = len(flat)
    return Demand(
        horizon=horizon,
        stop=stop,
        serial=serial,
        agent=np.array(range(n) if agent is None else agent, dtype=np.int64),
        session=np.full(n, NEVER, dtype=np.int64),
        after=np.array([NEVER] * n if after is None else after, dtype=np.int64),
        at=np.array(at, dtype=np.int64),
        coalesced=np.zeros(n, dtype=np.int64),
        held=np.zeros(n, dtype=np.int64),
        memory=np.array([0] * n if memory is None else memory, dtype=np.int64),
        patience=np.array(patience, dtype=np.int64),
        linger=np.array(linger, dtype=np.int64),
        parallel=parallel,
        step_first=np.cumsum([0, *(len(of_one) for of_one in steps)]).astype(np.int64),
        step_kind=np.zeros(m, dtype=np.int8),
        step_cpu=np.array([cpu for cpu, _ in flat], dtype=np.int64),
        step_wait=np.array([wait for _, wait in flat], dtype=np.int64),
        step_tokens_in=np.zeros(m, dtype=np.int64),
        step_tokens_cached=np.zeros(m, dtype=np.int64),
        step_tokens_out=np.zeros(m, dtype=np.int64),
        step_model=np.full(m, NEVER, dtype=np.int64),
        step_prefill=np.array([prefill for prefill, _ in gpu], dtype=np.int64),
        step_decode=np.array([decode for _, decode in gpu], dtype=np.int64),
        frees=np.isin(np.arange(m), np.array(frees, dtype=np.int64)),
    )


def capacity(
    n: int,
    *,
    pools: int = 1,
    pool_of: Sequence[int] | None = None,
    concurrency: int = 1,
    minimum: int = 0,
    maximum: int = NEVER,
    queue_limit: int = NEVER,
    duration_limit: int = NEVER,
    early: bool = False,
    reuse: Reuse = Reuse.MOST_RECENT,
    cpu: int = CORE,
    memory: int = NEVER,
    base_memory: int = 0,
    memory_kills: bool = False,
    ladder: Sequence[tuple[int, int, bool, int | Sequence[int]]] = (),
    start: int | Sequence[int] = 0,
    speed: Sequence[int] = (),
    spare: int = 1,
    initial_rung: int = NEVER,
    refused: Sequence[int] = (),
    start_pace: Sequence[int] = (),
    quota: int = NEVER,
    pace_every: int = NEVER,
    pace_burst: int = 1,
    lifetime: int = NEVER,
    lifetime_kills: bool = False,
    check_every: int = NEVER,
    check_most: int = NEVER,
    loose: Sequence[int] = (),
    floor: Sequence[tuple[int, int]] = (),
    credit: Credit | None = None,
    scaler: Scaler | None = None,
    buffer: int = 0,
    keep_alive: KeepAlive | None = None,
    gpu: Gpu | None = None,
    queueing: Queueing | None = None,
    market: Market | None = None,
    recovery: Recovery | None = None,
) -> Capacity:
    """A capacity from plain values.

    A rung is (after, enter, keeps, wake). Wakes, starts and speeds are one number, or one for each request, or one for
    each request and each spare row; of fewer, the spare rows have the last. ``refused`` and ``loose`` are rows.
    """

    def lucky(value: int | Sequence[int]) -> list[int]:
        given = spread(value, n)
        return [*given, *[given[-1] if given else 0] * (n + spare - len(given))]

    def those(rows: Sequence[int]) -> np.ndarray:
        return np.isin(np.arange(n), np.array(rows, dtype=np.int64))

    k = len(ladder)
    return Capacity(
        pools=pools,
        pool_of=np.array([0] * n if pool_of is None else pool_of, dtype=np.int64),
        concurrency=concurrency,
        minimum=minimum,
        maximum=maximum,
        queue_limit=queue_limit,
        duration_limit=duration_limit,
        early=early,
        reuse=reuse,
        cpu=cpu,
        memory=memory,
        base_memory=base_memory,
        memory_kills=memory_kills,
        rung_after=np.array([rung[0] for rung in ladder], dtype=np.int64),
        rung_enter=np.array([rung[1] for rung in ladder], dtype=np.int64),
        rung_keeps=np.array([rung[2] for rung in ladder], dtype=np.bool_),
        rung_wake=np.array([lucky(rung[3]) for rung in ladder], dtype=np.int64).reshape(k, n + spare),
        start=np.array(lucky(start), dtype=np.int64),
        speed=np.array(lucky(speed) if speed else (), dtype=np.int64),
        spare=spare,
        initial_rung=initial_rung,
        refused=those(refused),
        start_pace=np.array(start_pace, dtype=np.int64),
        quota=quota,
        pace_every=pace_every,
        pace_burst=pace_burst,
        lifetime=lifetime,
        lifetime_kills=lifetime_kills,
        check_every=check_every,
        check_most=check_most,
        stick=~those(loose),
        floor_at=np.array([at for at, _ in floor], dtype=np.int64),
        floor=np.array([number for _, number in floor], dtype=np.int64),
        credit=credit,
        scaler=scaler,
        buffer=buffer,
        keep_alive=keep_alive,
        gpu=gpu,
        queueing=queueing,
        market=market,
        recovery=recovery,
    )


def offer(
    *windows: tuple[int, int],
    lives: Sequence[int] = (NEVER,),
    noticed: Sequence[bool] = (True,),
    notice: int = 0,
    after: int = 0,
    by_deadline: bool = False,
    pools: int = 1,
) -> Offer:
    """An offer that is up in the windows, or always; the same lives in each of the pools."""
    up = windows or ((0, NEVER),)
    return Offer(
        opens=np.array([begin for begin, _ in up], dtype=np.int64),
        closes=np.array([end for _, end in up], dtype=np.int64),
        lives=np.array([list(lives)] * pools, dtype=np.int64),
        noticed=np.resize(np.array(noticed, dtype=np.bool_), (pools, len(lives))),
        notice=notice,
        after=after,
        by_deadline=by_deadline,
    )
