"""Batches: sizes, and how much burstier counts become."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.units import DAY, HOUR
from tests.workload.support import draw, workload

KINDS: dict[str, dict[str, Any]] = {
    "poisson": {"poisson": {"rate": "6/h"}},
    "renewal": {"renewal": {"gap": "10 min"}},
    "weekly": {"weekly": {"all": {"when": "otherwise", "rate": "6/h"}}},
    "bursts": {"bursts": {"phases": {"on": {"rate": "12/h", "stay": "5 min"}, "off": {"rate": 0, "stay": "5 min"}}}},
    "cron": {"cron": {"schedule": "*/10 * * * *"}},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("over", ["agent", "fleet"])
class TestSizes:
    def test_batches(self, kind: str, over: str):
        made = workload(KINDS[kind] | {"bulk": {"size": "geometric(mean=4)", "over": over}}, agents=50)
        plain = draw(workload(KINDS[kind], agents=50), horizon=4 * DAY)
        found = draw(made, horizon=4 * DAY)
        # Events come as they do without; at each time there is a batch, unless two fall on one microsecond.
        times, sizes = np.unique(found.at, return_counts=True)
        assert np.array_equal(times, np.unique(plain.at))
        assert abs(found.n / plain.n - 4) < 5 * np.sqrt(12 / plain.n)
        if kind == "poisson":
            assert abs((sizes == 1).mean() - 1 / 4) < 5 * np.sqrt(3 / 16 / len(sizes))
        agents = [len(np.unique(found.agent[found.at == time])) for time in times[sizes > 3][:50]]
        if kind == "poisson":
            assert all(count == 1 for count in agents) if over == "agent" else np.mean(agents) > 3

    def test_a_longer_run_only_adds(self, kind: str, over: str):
        made = workload(KINDS[kind] | {"bulk": {"size": "geometric(mean=4)", "over": over}}, agents=5)
        short, long = draw(made, horizon=DAY), draw(made, horizon=2 * DAY)
        for agent in range(5):
            later = long.at[long.agent == agent]
            assert np.array_equal(short.at[short.agent == agent], later[later < DAY])


@pytest.mark.parametrize(("size", "mean", "square"), [
    ("geometric(mean=4)", 4, 28), ("5", 5, 25),
    ("uniform(1, 3)", 2, 0.25 * 1 + 0.5 * 4 + 0.25 * 9),  # rounded to 1, 2, 3
])  # fmt: skip
def test_dispersion_of_a_compound_poisson_process(size: str, mean: float, square: float):
    # Var N / E N = E[S^2] / E[S] (Cox & Isham, Point Processes, 1980, 5.2).
    found = draw(workload({"poisson": {"rate": "6/h"}, "bulk": {"size": size}}, agents=400), horizon=4 * DAY)
    counts = np.histogram2d(found.agent, found.at // HOUR, (np.arange(401), np.arange(97)))[0]
    each = ((counts - 6 * mean) ** 2).mean(axis=1) / (6 * mean)
    error = 5 * each.std(ddof=1) / 20
    assert error < 0.1 * square / mean
    assert abs(each.mean() - square / mean) < error


def test_over_the_fleet_agents_are_chosen_by_their_shares():
    made = workload({"poisson": {"rate": "6/h"}, "bulk": {"size": 5, "over": "fleet"}, "skew": {"shares": [6, 3, 1]}},
                    agents=3)  # fmt: skip
    found = draw(made, horizon=20 * DAY)
    shares = np.array([0.6, 0.3, 0.1])
    counts = np.bincount(found.agent)
    assert (abs(counts - found.n * shares) < 5 * np.sqrt(found.n * shares)).all()


def test_work_is_drawn_for_each():
    steps = [{"wait": "exponential(mean=1 s)"}]
    found = draw(workload({"poisson": {"rate": "6/h"}, "bulk": {"size": 5}}, request=steps))
    assert len(np.unique(found.step_wait)) > 0.99 * found.n
