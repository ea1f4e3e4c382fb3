"""The shipped workloads are what their comments say."""

from __future__ import annotations

import numpy as np
import pytest

from sim import catalog, claims, scenario
from sim.engine.contract import Demand
from sim.scenario import Scenario
from sim.units import HOUR, SECOND, WEEK
from sim.workload import demand, work
from tests.workload.support import SCENARIOS

QUANTILES = (np.arange(10**5) + 0.5) / 10**5


def shipped(name: str) -> tuple[Scenario, Demand]:
    made = scenario.load(SCENARIOS / f"{name}.yaml")
    return made, demand(made.workload, SCENARIOS, made.horizon, made.drain, made.seed, 0)


@pytest.mark.parametrize("name", ["coding-agent", "support-bot"])
def test_names_and_figures_exist(name: str):
    made = scenario.load(SCENARIOS / f"{name}.yaml")
    known = claims.figures(made.deployments)
    assert len(scenario.bind(made, SCENARIOS).deployments) >= 4
    for expectation in made.expect:
        assert claims.check(claims.parse(expectation.that), known) == []


class TestSupportBot:
    def test_idle_about_95_percent_of_the_time(self):
        # By hand: 98 h at 0.05/h, 35 h at 1/h, 35 h at 3/h; length from the means of the parts.
        made, found = shipped("support-bot")
        profile = catalog.llm("mid-tier")
        slowness = (1 / profile.tokens_per_second.value.quantile(QUANTILES)).mean()
        first = profile.first_token.value.mean / SECOND
        length = 0.5 + 11 * (first + 799 * slowness + 2) + first + 599 * slowness
        requests = 98 * 0.05 + 35 * 1 + 35 * 3
        assert 0.04 < requests * length / (168 * 3600) < 0.05
        assert found.n == pytest.approx(200 * requests, abs=5 * np.sqrt(200 * requests))
        lengths = work(found) / SECOND
        assert lengths.mean() == pytest.approx(length, abs=5 * lengths.std() / np.sqrt(found.n))
        assert made.workload.agents == 200

    def test_busiest_hours(self):
        _, found = shipped("support-bot")
        at_once = resident(found, found.at)
        assert at_once.max() < 4 * 20  # the shared servers have a place for each
        assert 24 < np.quantile(at_once, 0.5) < 36


class TestCodingAgent:
    def test_two_sessions_a_working_day(self):
        _, found = shipped("coding-agent")
        start = found.at[found.after == -1]
        working = (start % WEEK) < 5 * 24 * HOUR
        per_day = working.sum() / 20
        assert per_day == pytest.approx(80, abs=5 * np.sqrt(80 / 20) + 2)
        assert 0.85 < working.mean() < 0.91

    def test_servers_are_enough(self):
        _, found = shipped("coding-agent")
        at = arrivals(found)
        assert resident(found, at).max() <= 3 * 8


def arrivals(found: Demand) -> np.ndarray:
    """When requests arrive where nothing waits; -1 for those that come too late."""
    lengths, at = work(found).tolist(), found.at.tolist()
    for row, after in enumerate(found.after.tolist()):
        if after >= 0:
            at[row] = at[after] + lengths[after] + at[row] if at[after] >= 0 else -1
        if at[row] >= found.horizon:
            at[row] = -1
    return np.array(at)


def resident(found: Demand, at: np.ndarray) -> np.ndarray:
    """Requests at work when each arrives, where nothing waits."""
    came = at >= 0
    begin, end = np.sort(at[came]), np.sort((at + work(found))[came])
    return np.searchsorted(begin, begin, side="right") - np.searchsorted(end, begin, side="right")
