"""Bursty arrivals against the closed forms of the Markov-modulated Poisson process.

Fischer & Meier-Hellstern (1993), The Markov-modulated Poisson process cookbook, Performance Evaluation 18, 149-171:
index of dispersion of counts (12), moments of the interval-stationary gap (6). Agents are independent, so means over
agents have normal intervals; an interval of 5 standard errors is left once in two million draws.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.linalg import expm

from sim.errors import AdvisedError
from sim.units import DAY, HOUR, MINUTE
from tests.workload.support import draw, workload

TWO = {"calm": {"rate": "2/h", "stay": "30 min"}, "burst": {"rate": "60/h", "stay": "10 min"}}
THREE = {"off": {"rate": 0, "stay": "1 h"}, "on": {"rate": "12/h", "stay": "30 min"},
         "storm": {"rate": "90/h", "stay": "5 min"}}  # fmt: skip


def matrices(phases: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Generator, rates and stationary shares, an hour, worked out from the text of the scenario."""
    minutes = {"min": 1, "h": 60}
    stay = [float(p["stay"].split()[0]) * minutes[p["stay"].split()[1]] / 60 for p in phases.values()]
    rate = np.array([float(str(p["rate"]).split("/")[0]) for p in phases.values()])
    n = len(stay)
    generator = np.zeros((n, n))
    for i in range(n):
        generator[i, i], generator[i, (i + 1) % n] = -1 / stay[i], 1 / stay[i]
    return generator, rate, np.array(stay) / sum(stay)


def dispersion(phases: dict[str, Any], t: float) -> float:
    """Index of dispersion of counts over ``t`` hours, by integrating the covariance of the rate."""
    generator, rate, share = matrices(phases)
    mean = share @ rate
    step = t / 2000
    forward, state, total = expm(generator * step), np.eye(len(rate)), 0.0
    for k in range(2001):
        covariance = (share * rate) @ state @ rate - mean**2
        total += (0.5 if k in (0, 2000) else 1.0) * (t - k * step) * covariance * step
        state = state @ forward
    return 1 + 2 * total / (mean * t)


def test_the_integral_is_the_closed_form_of_two_phases():
    generator, rate, _ = matrices(TWO)
    a, b = generator[0, 1], generator[1, 0]
    for t in (0.05, 1.0, 8.0):
        part = 2 * a * b * (rate[0] - rate[1]) ** 2 / ((a + b) ** 2 * (rate[0] * b + rate[1] * a))
        closed = 1 + part * (1 - (1 - np.exp(-(a + b) * t)) / ((a + b) * t))
        assert dispersion(TWO, t) == pytest.approx(closed, rel=1e-4)


def counts(found: Any, agents: int, width: int, windows: int) -> np.ndarray:
    kept = found.at < width * windows
    edges = np.arange(agents + 1), np.arange(windows + 1)
    return np.histogram2d(found.agent[kept], found.at[kept] // width, edges)[0]


def hold(values: np.ndarray, theory: float, most: float) -> None:
    """The mean of independent values is theory's, and known to a share of it."""
    error = 5 * values.std(ddof=1) / np.sqrt(len(values))
    assert error < most * theory, error / theory
    assert abs(values.mean() - theory) < error


@pytest.mark.parametrize("phases", [TWO, THREE])
class TestOwnPhases:
    agents = 1500

    @pytest.mark.parametrize(("width", "most"), [(5 * MINUTE, 0.15), (HOUR, 0.15), (8 * HOUR, 0.25)])
    def test_index_of_dispersion(self, phases: Any, width: int, most: float):
        found = draw(workload({"bursts": {"phases": phases}}, agents=self.agents), horizon=2 * DAY)
        n = counts(found, self.agents, width, 2 * DAY // width)
        _, rate, share = matrices(phases)
        mean = share @ rate * width / HOUR
        hold(n.mean(axis=1), mean, 0.1)
        hold(((n - mean) ** 2).mean(axis=1) / mean, dispersion(phases, width / HOUR), most)

    def test_stationary_from_the_start(self, phases: Any):
        found = draw(workload({"bursts": {"phases": phases}}, agents=10 * self.agents), horizon=HOUR)
        n = counts(found, 10 * self.agents, 10 * MINUTE, 1)[:, 0]
        _, rate, share = matrices(phases)
        mean = share @ rate / 6
        hold(n, mean, 0.1)
        hold((n - mean) ** 2 / mean, dispersion(phases, 1 / 6), 0.2)

    def test_gaps(self, phases: Any):
        found = draw(workload({"bursts": {"phases": phases}}, agents=self.agents), horizon=7 * DAY)
        generator, rate, share = matrices(phases)
        inside, arrival = np.linalg.inv(np.diag(rate) - generator), np.diag(rate)
        start = share * rate / (share @ rate)
        second = 2 * (start @ inside @ inside @ inside @ arrival).sum()
        product = (start @ inside @ inside @ arrival @ inside @ inside @ arrival).sum()
        # Sums over the gaps that begin in six days of seven, by how many are expected to: no gap is left out for its
        # length, as those would be that a run cuts off.
        sums = np.zeros((3, self.agents))
        for agent, at in enumerate(np.split(found.at, np.searchsorted(found.agent, np.arange(1, self.agents)))):
            gap, begun = np.diff(at)[:-1] / HOUR, at[:-2] < 6 * DAY
            following = np.diff(at)[1:] / HOUR
            sums[:, agent] = [(values * begun).sum() for values in (gap, gap**2, gap * following)]
        sums /= share @ rate * 144
        hold(sums[0], 1 / (share @ rate), 0.05)
        hold(sums[1], second, 0.15)
        hold(sums[2], product, 0.1)


class TestFleet:
    def test_all_agents_are_in_one_phase(self):
        agents, runs = 4, 600
        made = workload({"bursts": {"phases": TWO, "scope": "fleet"}}, agents=agents)
        total = np.array([draw(made, horizon=HOUR, replication=r).n for r in range(runs)])
        mean = agents * 16.5
        hold(total, mean, 0.2)
        hold((total - mean) ** 2 / mean, 1 + agents * (dispersion(TWO, 1.0) - 1), 0.5)

    def test_agents_are_independent_in_a_phase(self):
        # Given the phases, agents ask on their own: no two at the same time.
        found = draw(workload({"bursts": {"phases": TWO, "scope": "fleet"}}, agents=3), horizon=DAY)
        assert len(np.unique(found.at)) == found.n


def test_other_agents_and_a_longer_run_have_no_effect():
    few = draw(workload({"bursts": {"phases": THREE}}, agents=3), horizon=2 * DAY)
    many = draw(workload({"bursts": {"phases": THREE}}, agents=5), horizon=4 * DAY)
    for agent in range(3):
        later = many.at[many.agent == agent]
        assert np.array_equal(few.at[few.agent == agent], later[later < 2 * DAY])


def test_rates_move_the_same_points():
    def doubled(rate: str) -> dict[str, Any]:
        return {"on": {"rate": rate, "stay": "1 h"}, "off": {"rate": 0, "stay": "1 h"}}

    once, twice = (draw(workload({"bursts": {"phases": doubled(rate)}}), horizon=7 * DAY) for rate in ("10/h", "20/h"))
    assert twice.n > 1.6 * once.n
    hours = [np.unique(one.at // HOUR) for one in (once, twice)]
    assert np.isin(hours[0], hours[1]).mean() > 0.9  # the phases are where they were


def test_too_many_phases_are_refused():
    short = {"on": {"rate": "1/h", "stay": "1 us"}, "off": {"rate": 0, "stay": "1 us"}}
    with pytest.raises(AdvisedError, match="phases, which is more than can be run"):
        draw(workload({"bursts": {"phases": short}}))
