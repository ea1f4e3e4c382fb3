"""A run worked out by hand, and runs of the model on which the audit is tried."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from sim.engine import simulate
from sim.engine.contract import (
    CORE,
    NEVER,
    Breaker,
    Budget,
    Callers,
    Capacity,
    Cause,
    Checkpoints,
    Demand,
    Fate,
    Gpu,
    Market,
    Offer,
    Outcome,
    Queueing,
    Recovery,
    Resume,
    Reuse,
    State,
    Warmth,
)


@dataclass(frozen=True)
class Run:
    demand: Demand
    capacity: Capacity
    outcome: Outcome


def demand(**given: Any) -> Demand:
    """A demand with one step of ``cpu`` and ``wait`` for each request, unless steps are given."""
    n = len(given["at"])
    steps = {"step_cpu": np.full(n, 10), "step_wait": np.full(n, 10), "step_first": np.arange(n + 1)} | given
    m = len(steps["step_cpu"])
    fields: dict[str, Any] = {
        "horizon": 10_000, "stop": 20_000, "serial": False, "agent": np.arange(n), "session": np.full(n, NEVER),
        "after": np.full(n, NEVER), "coalesced": np.zeros(n), "held": np.zeros(n),
        "memory": np.ones(n), "step_kind": np.zeros(m), "step_tokens_in": np.zeros(m),
        "step_tokens_cached": np.zeros(m), "step_tokens_out": np.zeros(m), "step_model": np.full(m, NEVER),
    } | steps  # fmt: skip
    for name, value in fields.items():
        if not isinstance(value, (int, bool)):
            kind = {"step_kind": np.int8, "frees": np.bool_}.get(name, np.int64)
            fields[name] = np.asarray(value, dtype=kind)
    return Demand(**fields)


def capacity(n: int, **given: Any) -> Capacity:
    fields: dict[str, Any] = {
        "pools": 1, "pool_of": np.zeros(n), "concurrency": 1, "minimum": 0, "maximum": NEVER, "queue_limit": NEVER,
        "duration_limit": NEVER, "early": True, "reuse": Reuse.MOST_RECENT, "cpu": CORE, "memory": NEVER,
        "base_memory": 0, "memory_kills": False, "rung_after": [100], "rung_enter": [5], "rung_keeps": [True],
        "rung_wake": np.full((1, n), 20), "start": np.full(n, 50), "initial_rung": NEVER,
    } | given  # fmt: skip
    for name in ("pool_of", "rung_after", "rung_enter", "rung_wake", "start"):
        fields[name] = np.asarray(fields[name], dtype=np.int64)
    fields["rung_keeps"] = np.asarray(fields["rung_keeps"], dtype=np.bool_)
    return Capacity(**fields)


@pytest.fixture
def by_hand() -> Run:
    """Four requests, one instance with a ladder of one rung, each time worked out from the contract.

    Request 0 (agent 0, 10 us CPU then 20 us wait; then 5 us CPU) arrives at 0 and opens instance 0, which starts
    for 50 us: 50 to 85. Request 1 (agent 0) arrives at 30, is held until 85, begins warm: 85 to 95. The instance idles
    for 100 us, enters its rung at 195 for 5 us and rests from 200. Request 2 (agent 1) arrives at 300 and wakes it for
    20 us: 320 to 330. Request 3 (agent 1) arrives at 995 and wakes it again, but the run stops at 1000. Request 4
    would follow request 3, which never leaves.
    """
    asked = demand(
        horizon=999, stop=1000, serial=True, agent=[0, 0, 1, 1, 1], session=[NEVER, NEVER, 7, 8, 8],
        after=[NEVER, NEVER, NEVER, NEVER, 3], at=[0, 30, 300, 995, 0], memory=[1, 2, 3, 4, 5],
        step_first=[0, 2, 3, 4, 5, 6], step_kind=[0, 1, 1, 1, 0, 1], step_cpu=[10, 5, 10, 0, 10, 10],
        step_wait=[20, 0, 0, 10, 0, 0], step_tokens_in=[100, 0, 0, 0, 40, 0],
        step_tokens_cached=[60, 0, 0, 0, 30, 0], step_tokens_out=[10, 0, 0, 0, 4, 0],
        step_model=[1, NEVER, NEVER, NEVER, 0, NEVER],
    )  # fmt: skip
    serves = capacity(5)
    turns = [
        (0, State.STARTING, NEVER), (50, State.BUSY, NEVER), (85, State.IDLE, NEVER), (85, State.BUSY, NEVER),
        (95, State.IDLE, NEVER), (195, State.ENTERING, 0), (200, State.RESTING, 0), (300, State.WAKING, 0),
        (320, State.BUSY, NEVER), (330, State.IDLE, NEVER), (430, State.ENTERING, 0), (435, State.RESTING, 0),
        (995, State.WAKING, 0),
    ]  # fmt: skip
    completed, unfinished, absent = Fate.COMPLETED, Fate.UNFINISHED, Fate.ABSENT
    happened = Outcome(
        arrived=np.array([0, 30, 300, 995, NEVER]),
        admitted=np.array([0, 85, 300, 995, NEVER]),
        bound=np.array([0, 85, 300, NEVER, NEVER]),
        started=np.array([50, 85, 320, NEVER, NEVER]),
        ended=np.array([85, 95, 330, NEVER, NEVER]),
        instance=np.array([0, 0, 0, NEVER, NEVER]),
        fate=np.array([completed, completed, completed, unfinished, absent], dtype=np.int8),
        cause=np.full(5, Cause.NONE, dtype=np.int8),
        warmth=np.array([Warmth.COLD, Warmth.WARM, Warmth.WOKEN, Warmth.WARM, Warmth.WARM], dtype=np.int8),
        step_ended=np.array([80, 85, 95, 330, NEVER, NEVER]),
        spent=np.zeros(5, dtype=np.int64),
        opener=np.array([0]),
        pool=np.array([0]),
        turn_time=np.array([turn[0] for turn in turns]),
        turn_instance=np.zeros(len(turns), dtype=np.int64),
        turn_state=np.array([turn[1] for turn in turns], dtype=np.int8),
        turn_rung=np.array([turn[2] for turn in turns], dtype=np.int8),
        presence=85 + 65 + 30 + 5,
    )
    return Run(asked, serves, happened)


def _fleet(callers: dict[str, Any] | None = None, **serves: Any) -> Run:
    """Sixty requests of six agents in a rush, some following others, on whatever serves them."""
    luck = np.random.default_rng(5)
    n, agents = 60, 6
    agent = np.sort(luck.integers(0, agents, n))
    after = np.full(n, NEVER)
    for row in range(1, n):
        if agent[row] == agent[row - 1] and luck.random() < 0.4:
            after[row] = row - 1
    at = np.where(after >= 0, luck.integers(0, 300, n), np.sort(luck.integers(0, 6000, n)))
    m = 2 * n
    asked = demand(
        serial=serves.pop("serial", True), horizon=6000, stop=6400, agent=agent, after=after, at=at,
        memory=luck.integers(1, 4, n), step_first=np.arange(0, m + 1, 2), step_cpu=luck.integers(0, 60, m),
        step_wait=luck.integers(1, 120, m), patience=np.full(n, serves.pop("patience", NEVER)),
        **serves.pop("gpu_time", {}),
    )  # fmt: skip
    ladder = {
        "rung_after": [80, 200], "rung_enter": [7, 3], "rung_keeps": [True, False],
        "rung_wake": luck.integers(10, 30, (2, n)), "start": luck.integers(20, 90, n),
    }  # fmt: skip
    if callers is not None:
        # Every other row is another attempt at the request before it.
        first = np.arange(n) % 2 == 0
        asked = replace(
            asked, agent=asked.agent[np.arange(n) // 2 * 2], after=np.full(n, NEVER),
            at=np.where(first, asked.at, 40),
            callers=Callers(np.where(first, NEVER, np.arange(n) - 1), np.ones(len(Cause), np.bool_), cancels=False,
                            timeout=np.full(n, 120), **callers))  # fmt: skip
    offered = capacity(n, **(ladder | serves))
    return Run(asked, offered, simulate(asked, offered))


@pytest.fixture(scope="session")
def fleets() -> dict[str, Run]:
    """Runs that between them use every mechanism."""
    own = np.sort(np.random.default_rng(5).integers(0, 6, 60))
    luck = np.random.default_rng(6)
    on_gpu = {"step_prefill": luck.integers(0, 30, 120), "step_decode": luck.integers(0, 90, 120)}
    classes = Queueing(rank=luck.integers(0, 3, 60), need=luck.integers(1, 5, 60), memory_waits=True)
    return {
        "early": _fleet(concurrency=2, maximum=2, queue_limit=1, serial=False),
        "late": _fleet(early=False, concurrency=3, maximum=2, minimum=1, cpu=CORE // 2),
        "own": _fleet(pools=6, pool_of=own, maximum=1, initial_rung=0, rung_keeps=[True, True], duration_limit=170),
        "killed": _fleet(concurrency=4, maximum=2, memory=6, memory_kills=True),
        "tried": _fleet({}, concurrency=2, maximum=2, serial=False, queue_limit=3),
        "spent": _fleet({"budget": Budget(2 * CORE, 0, own=False), "breaker": Breaker(4, CORE, 100, own=False)},
                        concurrency=2, maximum=2, duration_limit=100),
        "limited": _fleet(concurrency=3, maximum=2, duration_limit=150, lifetime=400, patience=300),
        "refused": _fleet(concurrency=4, maximum=1, memory=5, base_memory=1, duration_limit=150, serial=False),
        "gpu": _fleet(early=False, concurrency=4, maximum=2, memory=7, serial=False, gpu_time=on_gpu,
                      duration_limit=400, gpu=Gpu(CORE, CORE, CORE, CORE // 50), queueing=classes),
        "saved": _fleet(serial=False, concurrency=2, cpu=2 * CORE, market=_market(luck, 30), recovery=Recovery(
            Resume.CHECKPOINT, again=20, attempts=9, checkpoints=Checkpoints(40, 10, 15, returns=True))),
        "freed": _fleet(concurrency=2, maximum=3, market=_market(luck, 0), gpu_time={"frees": np.arange(120) % 4 == 1},
                        recovery=Recovery(Resume.DURABLE, again=5, attempts=3, replay=4, frees=True)),
        "anew": _fleet(concurrency=2, maximum=3, market=_market(luck, 0), recovery=Recovery(Resume.RESTART)),
    }


def _market(luck: np.random.Generator, notice: int) -> Market:
    """An offer that comes and goes, and one that is always there, of which instances are taken as well."""
    gone = np.arange(1, 8) * 900
    always = np.array([0]), np.array([NEVER])
    lives, noticed = luck.integers(60, 500, (1, 40)), luck.random((1, 40)) < 0.7
    return Market((Offer(np.append(0, gone), np.append(gone - 300, NEVER), lives, noticed, notice),
                   Offer(*always, lives[:, ::-1].copy(), noticed, notice, after=50)))
