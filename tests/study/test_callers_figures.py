"""Figures and tables of callers who try again, by hand.

Two requests of 10 s come at once, to one server for one at a time; their callers give up after 16 s, and come again 1 s
later. The first is served at once. The second begins at 10 s, is given up at 16 s, and is worked on until 20 s. It came
again at 17 s, and is answered at 30 s.
"""

from __future__ import annotations

import numpy as np
import pytest

from sim.api import Result
from tests.system.support import run

SAID = {
    "name": "pairs", "as_of": "2026-11-01", "month": "2026-11", "horizon": "1 day", "seed": 1, "replications": 3,
    "workload": {
        "agents": 1, "serial": False,
        "arrivals": {"cron": {"schedule": ["*/5 * * * *"]}, "bulk": {"size": 2}},
        "request": [{"llm": {"model": "mid-tier", "input": 1000, "output": 100, "time": "10 s"}}],
        "callers": {"timeout": "16 s", "attempts": 3, "cancels": False, "backoff": {"base": "1 s", "jitter": "none"}},
    },
    "deployments": {"vm": {"platform": "hetzner/cx23", "instances": 1, "concurrency": 1}},
}  # fmt: skip
PAIRS = 24 * 12


@pytest.fixture(scope="module")
def result(tmp_path_factory) -> Result:
    return run(SAID, tmp_path_factory.mktemp("pairs"))


def test_requests_are_counted_once_and_attempts_apart(result: Result):
    told = result.summary["deployments"]["vm"]
    figures = {name: told["requests"][name]["value"] for name in ("arrived", "completed", "failed")}
    assert figures == {"arrived": 2 * PAIRS, "completed": 2 * PAIRS, "failed": 0}
    assert told["attempts"]["value"] == 1.5
    assert told["retried_fraction"]["value"] == 0.5
    assert told["given_up_fraction"]["value"] == 0
    assert told["requests"]["per_month"]["value"] == 30 * 2 * PAIRS


def test_latency_is_from_the_first_attempt_to_the_answer(result: Result):
    told = result.summary["deployments"]["vm"]
    assert told["latency_s"]["mean"]["value"] == pytest.approx((10 + 30) / 2)
    assert told["overhead_s"]["mean"]["value"] == pytest.approx(20 / 2)
    assert told["first_step_s"]["mean"]["value"] == pytest.approx((10 + 30) / 2)
    assert told["wait_s"]["retry"]["mean"]["value"] == pytest.approx(17 / 2)
    assert told["wait_s"]["queue"]["mean"]["value"] == pytest.approx(3 / 2), "of the last attempt, from 17 s to 20 s"
    slowest = told["slowest"]
    assert slowest["retry"] == 17_000_000 * slowest["requests"] and slowest["queue"] == 3_000_000 * slowest["requests"]


def test_work_for_nobody_is_work_and_on_the_bill(result: Result):
    told = result.summary["deployments"]["vm"]
    work = {name: figure["value"] for name, figure in told["work_s"].items()}
    assert work == {"offered": 30 * PAIRS, "useful": 20 * PAIRS, "wasted": 10 * PAIRS, "lost": 0, "remaining": 0}
    assert told["wasted_fraction"]["value"] == pytest.approx(1 / 3)
    tokens = {name: figure["value"] for name, figure in told["tokens"].items()}
    assert tokens == {"in": 3000 * PAIRS, "cached": 0, "out": 300 * PAIRS, "wasted": 1100 * PAIRS, "in_vain": 0}
    # $3 and $15 for a million, in 30 days.
    assert told["cost"]["llm"]["value"] == pytest.approx(30 * PAIRS * (3000 * 3 + 300 * 15) / 1e6)


def test_tables_have_a_row_for_each_request_and_each_attempt(result: Result):
    requests, attempts, events = result.requests, result.attempts, result.events
    assert len(requests) == 2 * PAIRS and requests["request"].is_unique
    second = requests[requests["attempts"] == 2]
    assert len(second) == PAIRS
    assert (second["retry_s"] == 17).all() and (second["latency_s"] == 30).all() and (second["queue_s"] == 3).all()
    assert (second["fate"] == "completed").all() and (second["tokens_in"] == 2000).all()
    tries = attempts[attempts["request"] == second["request"].iloc[0]]
    assert tries["attempt"].tolist() == [1, 2]
    assert np.array_equal(tries["begin_us"] - second["arrived_us"].iloc[0], [10_000_000, 20_000_000])
    assert tries["left_us"].isna().tolist() == [False, True]
    assert tries["left_us"].iloc[0] - second["arrived_us"].iloc[0] == 16_000_000
    story = events[events["request"] == second["request"].iloc[0]]
    assert story["event"].tolist() == ["arrived", "began", "given_up", "retried", "completed", "began", "completed"]
