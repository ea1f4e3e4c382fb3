"""Arrivals as bursty as asked for: what is drawn, and the closed form by which strengths are found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import integrate

from sim.engine.contract import Demand
from sim.errors import AdvisedError
from sim.scenario import reachable
from sim.scenario.arrivals import Arrivals
from sim.scenario.dispersion import index, solve
from sim.scenario.model import flaws_of
from sim.units import DAY, HOUR, MINUTE, SECOND
from tests.workload.support import SCENARIOS, draw, workload

RUNS = 150


def dispersion(runs: list[np.ndarray], width: int, horizon: int, mean: float) -> tuple[float, float]:
    """Index of dispersion about the known mean, with five standard errors over independent runs."""
    each = []
    for at in runs:
        counts = np.bincount(at // width, minlength=horizon // width)
        each.append(((counts - mean) ** 2).mean() / mean)
    return float(np.mean(each)), float(5 * np.std(each, ddof=1) / np.sqrt(len(each)))


def runs(burst: dict[str, Any], agents: int = 10, rate: int = 60, **keys: Any) -> list[np.ndarray]:
    made = workload({"poisson": {"rate": f"{rate}/h"}, "burstiness": burst} | keys, agents=agents)
    return [draw(made, horizon=2 * HOUR, replication=r).at for r in range(RUNS)]


class TestWhatIsAskedForComes:
    def test_one_length(self):
        found = runs({"index_of_dispersion": 5, "at": "60 s"})
        value, error = dispersion(found, MINUTE, 2 * HOUR, 10)
        assert error < 0.6 and abs(value - 5) < error
        total = np.array([len(at) for at in found])
        assert abs(total.mean() - 1200) < 5 * total.std() / np.sqrt(RUNS)

    def test_several_lengths(self):
        found = runs({"index_of_dispersion": [2, 6, 15], "at": ["5 s", "60 s", "10 min"]}, rate=120)
        for width, goal in ((5 * SECOND, 2), (MINUTE, 6), (10 * MINUTE, 15)):
            value, error = dispersion(found, width, 2 * HOUR, 1200 / 3600 * width / SECOND)
            assert error < 0.3 * goal and abs(value - goal) < error, width

    def test_other_times_are_as_the_closed_form_says(self):
        found = runs({"index_of_dispersion": 5, "at": "60 s"})
        rate = 600 / 3600
        # By hand: windows of 60 s with factors of variance v make 1 + m v w 2/3 at w, so v = 4 * 1.5 / 10.
        for width, goal in ((20 * SECOND, 1 + rate * 0.6 * (20 - 400 / 180)), (10 * MINUTE, 1 + rate * 0.6 * 58)):
            value, error = dispersion(found, width, 2 * HOUR, rate * width / SECOND)
            assert error < 0.35 * goal and abs(value - goal) < error

    def test_each_agent_its_own(self):
        burst = {"index_of_dispersion": 4, "at": "60 s", "scope": "agent"}
        found = runs(burst)
        value, error = dispersion(found, MINUTE, 2 * HOUR, 10)
        assert error < 0.5 and abs(value - 4) < error
        # An agent alone is as bursty as the fleet, and agents know nothing of each other.
        made = workload({"poisson": {"rate": "60/h"}, "burstiness": burst}, agents=2)
        pairs = [draw(made, horizon=2 * HOUR, replication=r) for r in range(RUNS)]
        alone = [one.at[one.agent == 0] for one in pairs]
        value, error = dispersion(alone, MINUTE, 2 * HOUR, 1)
        assert error < 1.5 and abs(value - 4) < error
        products = self.products(pairs)
        assert abs(products.mean()) < 5 * products.std() / np.sqrt(RUNS)

    def products(self, pairs: list[Demand]) -> np.ndarray:
        """Of each run, the mean product of what the counts of two agents in a minute differ from 1."""
        each = []
        for one in pairs:
            a, b = (np.bincount(one.at[one.agent == agent] // MINUTE, minlength=120) for agent in (0, 1))
            each.append(((a - 1) * (b - 1)).mean())
        return np.array(each)

    def test_together(self):
        burst = {"index_of_dispersion": 4, "at": "60 s"}
        made = workload({"poisson": {"rate": "60/h"}, "burstiness": burst}, agents=2)
        products = self.products([draw(made, horizon=2 * HOUR, replication=r) for r in range(RUNS)])
        # Of a variance of 4 * 2 for both, 2 are those of Poisson counts: a covariance of (8 - 2) / 2 between two is
        # shared with the agents themselves: Var(A + B) = 2 (1 + c) + 2 c, so c = 1.5.
        assert abs(products.mean() - 1.5) < 5 * products.std() / np.sqrt(RUNS)

    def test_own_bursts_of_unequal_agents(self):
        found = runs({"index_of_dispersion": 4, "at": "60 s", "scope": "agent"}, agents=4, rate=150,
                     skew={"shares": [6, 2, 1, 1]})  # fmt: skip
        value, error = dispersion(found, MINUTE, 2 * HOUR, 10)
        assert error < 0.8 and abs(value - 4) < error

    def test_sessions(self):
        made = workload({"sessions": {"file": "data/claude-code-sessions.csv.gz", "per_day": 14_400},
                         "burstiness": {"index_of_dispersion": 5, "at": "60 s"}}, agents=10, request=None)
        starts = []
        for r in range(40):
            found = draw(made, horizon=2 * HOUR, replication=r, directory=SCENARIOS)
            starts.append(found.at[found.after == -1])
        value, error = dispersion(starts, MINUTE, 2 * HOUR, 10)
        assert error < 1.2 and abs(value - 5) < error

    def test_a_weekly_profile_keeps_its_shape(self):
        buckets = {"day": {"when": "08:00-20:00", "rate": "60/h"}, "night": {"when": "otherwise", "rate": 0}}
        made = workload({"weekly": buckets, "burstiness": {"index_of_dispersion": 3, "at": "60 s"}}, agents=5)
        days = [draw(made, horizon=DAY, replication=r).at // HOUR for r in range(30)]
        hours = np.array([np.bincount(day, minlength=24) for day in days])
        assert not hours[:, :8].any() and not hours[:, 20:].any()
        mean, error = hours[:, 8:20].mean(), hours[:, 8:20].std() / np.sqrt(30 * 12)
        assert abs(mean - 300) < 5 * error


class TestDraws:
    def arrivals(self, rate: str = "60/h", **burst: Any) -> Any:
        return {"poisson": {"rate": rate}, "burstiness": {"index_of_dispersion": 4, "at": "60 s"} | burst}

    def test_a_longer_run_only_adds(self):
        for scope in ("fleet", "agent"):
            made = workload(self.arrivals(scope=scope), agents=3)
            short, long = draw(made, horizon=DAY), draw(made, horizon=2 * DAY)
            for agent in range(3):
                later = long.at[long.agent == agent]
                assert np.array_equal(short.at[short.agent == agent], later[later < DAY])

    def test_too_many_windows_are_refused(self):
        made = workload(self.arrivals(scope="agent", at="1 ms"), agents=3)
        with pytest.raises(AdvisedError, match="windows of bursts"):
            draw(made)

    def test_what_cannot_be_is_refused(self, tmp_path: Path):
        asked = {"index_of_dispersion": [10, 11], "at": ["10 s", "60 s"]}
        with pytest.raises(ValidationError, match=r"11 at (60 s|1 min) is too low") as refused:
            workload(self.arrivals(**asked), agents=100)
        # The advice can be followed.
        found = flaws_of(refused.value)[0]
        assert found.place == ("arrivals", "burstiness", "index_of_dispersion", 1)
        least = float(found.fix.split()[2])
        draw(workload(self.arrivals(index_of_dispersion=[10, least], at=["10 s", "60 s"]), agents=100), horizon=DAY)
        # Where the rate is in a file, it is found when that is read.
        (tmp_path / "x.csv").write_text("t_s,rate\n0,100\n60,100\n")
        made = workload({"rates": {"file": "x.csv", "per": "min"}, "burstiness": asked}, agents=100)
        with pytest.raises(AdvisedError, match="is too low"):
            draw(made, horizon=DAY, directory=tmp_path)

    @pytest.mark.parametrize(("arrivals", "rate"), [
        ({"poisson": {"rate": "60/h"}}, 8 / 60),
        ({"weekly": {"a": {"when": "sat, sun", "rate": "70/h"}, "b": {"when": "otherwise", "rate": 0}}}, 8 * 20 / 3600),
        ({"sessions": {"file": "x.csv", "per_day": 864}}, 0.01),
        ({"poisson": {"rate": "60/h"}, "skew": {"zipf": 1}}, 8 / 60),
    ])  # fmt: skip
    def test_rate_that_wanders_together(self, arrivals: Any, rate: float):
        made = Arrivals.model_validate(arrivals | {"burstiness": {"index_of_dispersion": 5, "at": "60 s"}})
        assert reachable.together(made, 8) == pytest.approx(rate)

    def test_rate_of_each_agent(self):
        burst = {"index_of_dispersion": 5, "at": "60 s", "scope": "agent"}
        for skew, squares in (({}, 1), ({"skew": {"shares": [3, 1]}}, (2.25 + 0.25) / 2),
                              ({"skew": {"zipf": 1}}, 4 * (1 + 1 / 4 + 1 / 9 + 1 / 16) / (25 / 12) ** 2)):  # fmt: skip
            made = Arrivals.model_validate({"poisson": {"rate": "60/h"}, "burstiness": burst} | skew)
            assert reachable.together(made, 4) == pytest.approx(squares / 60)


strengths = st.lists(st.tuples(st.floats(0.1, 100), st.floats(0, 3)), min_size=1, max_size=4,
                     unique_by=lambda pair: pair[0])  # fmt: skip


class TestClosedForm:
    @settings(deadline=None, max_examples=60)
    @given(strengths, st.floats(0.1, 100), st.floats(0.1, 20))
    def test_index_is_the_integral(self, pairs: list[tuple[float, float]], t: float, rate: float):
        def covariance(u: float) -> float:
            return np.prod([1 + v * max(0.0, 1 - u / w) for w, v in pairs]) - 1

        kinks = [w for w, _ in pairs if w < t]
        total, _ = integrate.quad(lambda u: (t - u) * covariance(u), 0, t, points=kinks or None, limit=200)
        windows, variances = zip(*pairs, strict=True)
        assert index(rate, windows, variances, t) == pytest.approx(1 + 2 * rate * total / t, rel=1e-6)

    @settings(deadline=None, max_examples=60)
    @given(st.lists(st.tuples(st.floats(2, 9), st.floats(0, 3)), min_size=1, max_size=4), st.floats(0.1, 20))
    def test_strengths_are_found_again(self, steps: list[tuple[float, float]], rate: float):
        windows, variances = np.cumprod([step for step, _ in steps]).tolist(), [v for _, v in steps]
        goals = [index(rate, windows, variances, w) for w in windows]
        found = solve(rate, windows, goals)
        again = [index(rate, windows, found, w) for w in windows]
        assert again == pytest.approx(goals, rel=1e-5)
