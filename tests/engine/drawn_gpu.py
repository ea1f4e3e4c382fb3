"""GPU time and queueing put into random cases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from sim.engine.contract import CORE, NEVER, Capacity, Demand, Gpu, Queueing

from .cases import Case


@st.composite
def on_gpus(draw: st.DrawFn, case: Case, tick: int) -> Case:
    """The case with GPU time, with a queue that has an order and needs, or with both."""
    which = draw(st.sampled_from(["gpu", "queueing", "both"]))
    demanded, serves = case.demand, case.capacity
    if which != "queueing":
        demanded, serves = gpu_time(demanded, serves, tick, lambda values: draw(st.sampled_from(values)))
    if which != "gpu":
        serves = queueing(demanded, serves, lambda values: draw(st.sampled_from(values)))
    return Case(demanded, serves)


def gpu_time(
    demanded: Demand, serves: Capacity, tick: int, one: Callable[[list[Any]], Any]
) -> tuple[Demand, Capacity]:
    """Steps with GPU time, and GPUs that do it."""
    m = len(demanded.step_cpu)
    lengths = [0, 0, 1, 1, 2, 5]
    speeds = [CORE, CORE, CORE // 2, 1_300_000]
    slows = [0, 10_407, CORE // 3, CORE]
    demanded = replace(
        demanded,
        step_prefill=np.array([one(lengths) * tick for _ in range(m)], dtype=np.int64),
        step_decode=np.array([one(lengths) * tick for _ in range(m)], dtype=np.int64),
    )
    # Several at once on few instances, so that they share.
    few = replace(serves, concurrency=max(serves.concurrency, one([1, 2, 4])))
    if serves.keep_alive is None and serves.maximum != NEVER:
        few = replace(few, maximum=max(1, serves.minimum))
    return demanded, replace(few, gpu=Gpu(one(speeds), one(speeds), one(slows), one(slows)))


def queueing(demanded: Demand, serves: Capacity, one: Callable[[list[Any]], Any]) -> Capacity:
    """A queue with an order, needs and memory, before few instances."""
    n = demanded.n
    rule = Queueing(
        rank=np.array([one([0, 0, 1, 2]) for _ in range(n)] if one([True, True, False]) else [], dtype=np.int64),
        need=np.array([one([1, 1, 1, 2, 3]) for _ in range(n)] if one([True, False]) else [], dtype=np.int64),
        memory_waits=one([True, False]),
        backfill=one([True, False]),
    )
    most = serves.maximum if serves.keep_alive is not None else max(serves.minimum, one([1, 1, 2, 3]))
    memory = one([2, 3, 4]) + serves.base_memory if rule.memory_waits else serves.memory
    made = replace(serves, early=False, maximum=most, memory=memory, queueing=rule,
                   concurrency=max(serves.concurrency, one([1, 2, 3, 4])))
    if one([True, False]):
        return made
    # One instance before which many queue, so that there is somebody to pass.
    none = np.zeros(0, dtype=np.int64)
    start = np.minimum(made.start, one([1, 1000]))
    return replace(made, pools=1, pool_of=np.zeros(n, dtype=np.int64), maximum=1, minimum=0, floor_at=none, floor=none,
                   start=start, queue_limit=NEVER, duration_limit=NEVER, lifetime=NEVER, pace_every=NEVER)
