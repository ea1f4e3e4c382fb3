"""Few agents, most traffic: shares of agents, whatever the kind of arrivals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.scenario.arrivals import Skew
from sim.units import DAY, HOUR
from sim.workload import skew
from tests.workload.support import SCENARIOS, draw, workload

AGENTS = 8
KINDS: dict[str, dict[str, Any]] = {
    "poisson": {"poisson": {"rate": "20/h"}},
    "weekly": {"weekly": {"day": {"when": "08:00-20:00", "rate": "40/h"}, "night": {"when": "otherwise", "rate": 0}}},
    "renewal": {"renewal": {"gap": "lognormal(mean=3 min, cv=0.5)"}},
    "bursts": {"bursts": {"phases": {"on": {"rate": "40/h", "stay": "5 min"}, "off": {"rate": 0, "stay": "5 min"}}}},
    "bursty": {"poisson": {"rate": "20/h"}, "burstiness": {"index_of_dispersion": 2, "at": "60 s"}},
}
ZIPF = 1 / np.arange(1, AGENTS + 1) / (1 / np.arange(1, AGENTS + 1)).sum()


class TestShares:
    def test_zipf(self):
        found = skew.shares(Skew.model_validate({"zipf": 1.0}), AGENTS)
        assert found == pytest.approx(AGENTS * ZIPF, rel=1e-12)
        steep = skew.shares(Skew.model_validate({"zipf": 1.5}), 1000)
        assert steep[0] / steep[99] == pytest.approx(1000, rel=1e-12)

    def test_written_out_they_repeat(self):
        found = skew.shares(Skew.model_validate({"shares": [8, 1, 0]}), 5)
        assert found == pytest.approx(5 * np.array([8, 1, 0, 8, 1]) / 18)


@pytest.mark.parametrize("kind", KINDS)
class TestKinds:
    @pytest.mark.parametrize(("asked", "shares"), [
        ({"zipf": 1.0}, ZIPF), ({"shares": [6, 1, 0, 1]}, np.array([6, 1, 0, 1, 6, 1, 0, 1]) / 16)])
    def test_shares_and_sum(self, kind: str, asked: dict[str, Any], shares: np.ndarray):
        runs = 60
        made = workload(KINDS[kind] | {"skew": asked}, agents=AGENTS)
        counts = np.array([np.bincount(draw(made, horizon=DAY, replication=r).agent, minlength=AGENTS)
                           for r in range(runs)])  # fmt: skip
        mean = AGENTS * 20 * 24
        error = 5 * counts.std(axis=0, ddof=1) / np.sqrt(runs)
        assert (error < 0.05 * mean).all()
        assert (abs(counts.mean(axis=0) - shares * mean) <= error).all()
        total = counts.sum(axis=1)
        assert abs(total.mean() - mean) < 5 * total.std() / np.sqrt(runs)

    def test_equal_shares_change_nothing(self, kind: str):
        one = draw(workload(KINDS[kind], agents=3), horizon=DAY)
        other = draw(workload(KINDS[kind] | {"skew": {"shares": [2, 2, 2]}}, agents=3), horizon=DAY)
        assert np.array_equal(one.agent, other.agent) and np.array_equal(one.at, other.at)


def test_gaps_keep_their_law():
    found = draw(workload(KINDS["renewal"] | {"skew": {"shares": [3, 1]}}, agents=2), horizon=7 * DAY)
    for agent, mean in ((0, 2), (1, 6)):
        gaps = np.diff(found.at[found.agent == agent]) / HOUR * 60
        assert abs(gaps.mean() / mean - 1) < 5 * 0.5 / np.sqrt(len(gaps))
        assert abs(gaps.std() / gaps.mean() - 0.5) < 0.05


def test_sessions():
    made = workload({"sessions": {"file": "data/claude-code-sessions.csv.gz", "per_day": 3000}, "skew": {"zipf": 1.0}},
                    agents=AGENTS, request=None)  # fmt: skip
    found = draw(made, horizon=DAY, directory=SCENARIOS)
    counts = np.bincount(found.agent[found.after == -1], minlength=AGENTS)
    assert (abs(counts - ZIPF * counts.sum()) < 5 * np.sqrt(counts.sum() * ZIPF)).all()


def test_recorded_requests(tmp_path: Any):
    (tmp_path / "x.csv").write_text("t_s\n" + "\n".join(map(str, range(5000))))
    made = workload({"requests": {"file": "x.csv"}, "skew": {"zipf": 1.0}}, agents=AGENTS)
    counts = np.bincount(draw(made, horizon=DAY, directory=tmp_path).agent, minlength=AGENTS)
    assert (abs(counts - ZIPF * 5000) < 5 * np.sqrt(5000 * ZIPF)).all()
