"""From the arrays of a model to a bill."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from sim.billing import Month, bill, observe
from sim.catalog.prices import Group, prices
from sim.engine import simulate
from sim.engine.contract import CORE, NEVER, Cause, Demand, Fate, Outcome, State, Warmth
from sim.trace.spans import spans
from sim.trace.window import Window
from tests.engine import cases as capacities

from .make import GIB, D, H, S, deployment


def longs(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def shorts(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int8)


DEMAND = Demand(
    horizon=D, stop=2 * D, serial=True, agent=longs(0, 0), session=longs(0, 0), after=longs(-1, 0), at=longs(H, S),
    coalesced=longs(0, 0), held=longs(0, 0),
    memory=longs(GIB // 4, GIB // 4), step_first=longs(0, 2, 3), step_kind=shorts(0, 1, 0), step_cpu=longs(0, 3 * S, 0),
    step_wait=longs(5 * S, 2 * S, 2 * (2 * D - H - 13 * S)), step_tokens_in=longs(2000, 0, 9000),
    step_tokens_cached=longs(0, 0, 0), step_tokens_out=longs(100, 0, 700), step_model=longs(0, NEVER, 0),
)  # fmt: skip
"""An agent's call, tool and, after a second, another call, which is half over as the run stops."""

OUTCOME = Outcome(
    arrived=longs(H, H + 13 * S), admitted=longs(H, H + 13 * S), bound=longs(H, H + 13 * S),
    started=longs(H + 2 * S, H + 13 * S), ended=longs(H + 12 * S, NEVER), instance=longs(0, 0),
    fate=shorts(Fate.COMPLETED, Fate.UNFINISHED), cause=shorts(Cause.NONE, Cause.NONE),
    warmth=shorts(Warmth.COLD, Warmth.WARM), step_ended=longs(H + 7 * S, H + 12 * S, NEVER), spent=longs(0, 0),
    opener=longs(0), pool=longs(0), turn_time=longs(H, H + 2 * S, H + 12 * S, H + 13 * S),
    turn_instance=longs(0, 0, 0, 0),
    turn_state=shorts(State.STARTING, State.BUSY, State.IDLE, State.BUSY),
    turn_rung=shorts(NEVER, NEVER, NEVER, NEVER), presence=0,
)  # fmt: skip

DAY_ONE = Window(0, D)
SEEN = observe(DEMAND, OUTCOME, spans(OUTCOME, DEMAND.stop), DAY_ONE)
FEBRUARY = Month.parse("2026-02")


def test_a_run_to_a_bill() -> None:
    # Cloud Run, 1 vCPU and 1 GiB: starting and busy for 12 s, idle 1 s, busy until the horizon, 82,787 s: together
    # 82,799 s, on each of 28 days: 2,318,372 s.
    #   vCPU 2,318,372 - 180,000 = 2,138,372 x 0.000024 = 51.320928;  GiB 1,958,372 x 0.0000025 = 4.89593
    # Calls: 28 x (2,000 + 9,000) tokens x 3 / 1e6 = 0.924, 28 x (100 + 700 / 2) x 15 / 1e6 = 0.189. Two requests a
    # day: free.
    made = bill(SEEN, deployment("cloud-run/request-based"), ["mid-tier"], FEBRUARY,
                prices("list-2026", "cloud-run/request-based"), prices("list-2026", "llm"))
    assert {line.charge: line.amount for line in made.lines} == {
        "active-cpu": Fraction("51.320928"), "active-memory": Fraction("4.89593"), "requests": 0,
        "mid-tier input": Fraction("0.924"), "mid-tier output": Fraction("0.189")}
    assert made.total(Group.INFRASTRUCTURE) == Fraction("56.216858")
    assert made.total(Group.LLM) == Fraction("1.113")
    assert made.total() == Fraction("57.329858")
    assert made.complete()
    assert (made.month, made.book) == ("2026-02", "list-2026")


def test_requests_of_a_run() -> None:
    # Lambda, 1 GiB: 2 s of start and 10 s of the first, and what the second runs until the horizon, every day.
    made = bill(SEEN, deployment("aws-lambda/x86", memory=GIB), ["mid-tier"], FEBRUARY,
                prices("list-2026", "aws-lambda/x86"), prices("list-2026", "llm"))
    duration = next(line for line in made.lines if line.charge == "duration-x86")
    assert duration.quantity == duration.billable + duration.free == 28 * (12 + 86_400 - 3613)


def test_cpu_is_paid_for_that_a_limit_cut_off() -> None:
    # Cloudflare bills CPU used. On half a core, requests of 10 s of CPU, and of 3 s and 9 s of waiting, are cut off
    # after 4 s, which is 2 s of CPU each. If only after 12 s, it is 6 s of the one; the other, which comes 10 s before
    # the end of the run, is cut off by that, as it waits: 3 s. All that on each of 28 days.
    asked = capacities.demand([0, D - 10 * S], [[(10 * S, 0)], [(3 * S, 9 * S)]], horizon=D, stop=D)
    for limit, used in ((4 * S, 4), (12 * S, 9)):
        outcome = simulate(asked, capacities.capacity(2, cpu=CORE // 2, duration_limit=limit))
        seen = observe(asked, outcome, spans(outcome, D), DAY_ONE)
        made = bill(seen, deployment("cloudflare/containers", "lite"), [], FEBRUARY,
                    prices("list-2026", "cloudflare/containers"), prices("list-2026", "llm"))
        cpu = next(line for line in made.lines if line.charge == "cpu")
        assert cpu.quantity == 28 * used


def test_cached_tokens_cost_what_cached_tokens_do() -> None:
    # Of the 2,000 prompt tokens 1,500 were cached, and all 9,000 of the call that was cut off:
    # 28 x (500 x 3 + 10,500 x 0.30 + 450 x 15) / 1e6.
    demand = replace(DEMAND, step_tokens_cached=longs(1500, 0, 9000))
    seen = observe(demand, OUTCOME, spans(OUTCOME, DEMAND.stop), DAY_ONE)
    made = bill(seen, deployment("cloud-run/request-based"), ["mid-tier"], FEBRUARY,
                prices("list-2026", "cloud-run/request-based"), prices("list-2026", "llm"))
    assert made.total(Group.LLM) == 28 * Fraction(1500 + 3150 + 6750, 10**6)


def test_price_lists_of_two_books_make_no_bill() -> None:
    with pytest.raises(ValueError, match="article-2026"):
        bill(SEEN, deployment("cloud-run/request-based"), ["mid-tier"], FEBRUARY,
             prices("list-2026", "cloud-run/request-based"), prices("article-2026", "llm"))
