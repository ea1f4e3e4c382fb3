"""A closed population against queueing theory, on the SimPy model."""

from __future__ import annotations

from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim import scenario
from sim.api import Study
from sim.engine import simulate
from sim.engine.contract import NEVER, Fate, Outcome
from sim.scenario.schema import Workload
from sim.units import DAY, HOUR, MINUTE
from sim.workload import demand, ran_out, work
from tests.validation.support import servers
from tests.workload.support import SCENARIOS, draw

THINK, SERVICE = 10, 2  # minutes


def population(agents: int, think: str = f"exponential(mean={THINK} min)",
               wait: str = f"exponential(mean={SERVICE} min)") -> Workload:  # fmt: skip
    return Workload.model_validate(
        {"agents": agents, "arrivals": {"closed": {"think": think}}, "request": [{"wait": wait}]})


def repairman(agents: int, count: int) -> tuple[float, float]:
    """Throughput a minute and mean response of M/M/c//N (Kleinrock, Queueing Systems I, 1975, 3.8), by its states."""
    weights = [1.0]
    for k in range(agents):
        weights.append(weights[-1] * (agents - k) / THINK / (min(k + 1, count) / SERVICE))
    share = np.array(weights) / sum(weights)
    throughput = float(share @ np.minimum(np.arange(agents + 1), count)) / SERVICE
    return throughput, agents / throughput - THINK


def mva(agents: int) -> tuple[float, float]:
    """The same for one server by mean value analysis (Reiser & Lavenberg, 1980)."""
    queue = response = throughput = 0.0
    for n in range(1, agents + 1):
        response = SERVICE * (1 + queue)
        throughput = n / (THINK + response)
        queue = throughput * response
    return throughput, response


def test_mean_value_analysis_agrees():
    assert repairman(9, 1) == pytest.approx(mva(9))


def measured(agents: int, count: int, runs: int) -> tuple[np.ndarray, np.ndarray]:
    """Throughput and mean response, in minutes, of each of several runs; the first hours are left out."""
    rates, responses = [], []
    for replication in range(runs):
        found = draw(population(agents), horizon=DAY, replication=replication)
        outcome = simulate(found, servers(found, count))
        assert not ran_out(population(agents), found, outcome)
        done = (outcome.arrived >= 3 * HOUR) & (outcome.ended >= 0)
        rates.append(done.sum() / (21 * 60))
        responses.append((outcome.ended - outcome.arrived)[done].sum() / MINUTE / (21 * 60))
    return np.array(rates), np.array(responses)


@pytest.mark.parametrize(("agents", "count"), [(3, 1), (9, 1), (12, 2), (5, 5)])
def test_machine_repairman(agents: int, count: int):
    throughput, response = repairman(agents, count)
    rates, responses = measured(agents, count, 20)
    for values, theory in ((rates, throughput), (responses, throughput * response)):
        error = 5 * values.std(ddof=1) / np.sqrt(len(values))
        assert error < 0.1 * theory
        assert abs(values.mean() - theory) < error


class TestChains:
    def test_each_request_follows_the_one_before(self):
        found = draw(population(4), horizon=DAY)
        opens = np.flatnonzero(np.append(True, np.diff(found.agent) > 0))
        assert found.agent[opens].tolist() == [0, 1, 2, 3]
        assert (found.after[opens] == NEVER).all()
        rest = np.setdiff1d(np.arange(found.n), opens)
        assert np.array_equal(found.after[rest], rest - 1)

    @pytest.mark.parametrize("think", ["exponential(mean=10 min)", "5 min", "mixture(90%: 1 s, 10%: 3 h)"])
    def test_just_one_more_than_come_on_the_ideal_platform(self, think: str):
        found = draw(population(5, think), horizon=DAY)
        for agent in range(5):
            rows = np.flatnonzero(found.agent == agent)
            lengths = work(found)[rows]
            came = np.cumsum(found.at[rows] + lengths) - lengths
            assert (came < DAY).tolist() == [True] * (len(rows) - 1) + [False]

    def test_no_time_to_think_once(self):
        found = draw(population(2, "mixture(99%: 0 s, 1%: 1 h)"), horizon=DAY)
        assert (found.at == 0).mean() > 0.9

    def test_longer_chains_begin_alike(self):
        short = draw(population(3), horizon=DAY)
        long = demand(population(3), SCENARIOS, DAY, DAY, 1, 0, stretch=3)
        assert long.n == 3 * short.n
        for agent in range(3):
            mine, theirs = np.flatnonzero(short.agent == agent), np.flatnonzero(long.agent == agent)
            assert np.array_equal(short.at[mine], long.at[theirs[: len(mine)]])
            assert np.array_equal(work(short)[mine], work(long)[theirs[: len(mine)]])

    def test_other_agents_have_no_effect(self):
        few, many = draw(population(2), horizon=DAY), draw(population(4), horizon=DAY)
        assert np.array_equal(few.at, many.at[many.agent < 2])


class TestFailures:
    """Callers that are turned away think and ask again, sooner than any answer: chains must be long enough."""

    def outcome(self, agents: int, stretch: int, replication: int) -> tuple[Workload, Any, Outcome]:
        made = population(agents)
        found = demand(made, SCENARIOS, DAY, DAY, 1, replication, stretch=stretch)
        return made, found, simulate(found, servers(found, 1, queue=0))

    def test_a_chain_that_is_too_short_is_noticed(self):
        assert ran_out(*self.outcome(30, 1, 0))
        assert not ran_out(*self.outcome(30, 2, 0))

    def test_a_study_draws_chains_that_are_long_enough(self, tmp_path: Path):
        text = """
            {name: lost, as_of: 2026-11-01, month: 2026-11, horizon: 1 day, replications: 1, workload: {agents: 30,
             arrivals: {closed: {think: exponential(mean=10 min)}}, request: [{wait: exponential(mean=2 min)}]},
             deployments: {free: {platform: hetzner/cx23, instances: 1, concurrency: 30},
                           full: {platform: hetzner/cx23, instances: 1, concurrency: 1, queue: 0}}}
        """
        found = Study(scenario.loads(text, tmp_path), tmp_path).run(workers=1).requests
        full, free = (found[found["deployment"] == name] for name in ("full", "free"))
        last = full.groupby("agent")["arrived_s"].max()
        # Nobody falls silent: the last request of each is a time to think before the horizon or less.
        assert (86_400 - last).mean() < 3 * 600 and len(full) > 1.15 * len(free)
        assert (full["fate"] == "failed").mean() > 0.7

    def test_engset(self):
        # Engset's loss system: the share turned away of N sources and one server is that of N - 1 sources' time.
        agents, lost, came = 30, [], []
        offered = SERVICE / THINK
        weights = [comb(agents - 1, k) * offered**k for k in (0, 1)]
        blocking = weights[1] / sum(weights)
        for replication in range(10):
            _, _, found = self.outcome(agents, 2, replication)
            late = found.arrived >= HOUR
            lost.append((late & (found.fate == Fate.FAILED)).sum())
            came.append(late.sum())
        share = np.array(lost) / np.array(came)
        error = 5 * share.std(ddof=1) / np.sqrt(len(share))
        assert error < 0.02 and abs(share.mean() - blocking) < error
        # Sources are idle but for the one that is served, so the rate is known too.
        rate = np.array(came) / (23 * 60)
        expected = (agents - (1 - 1 / sum(comb(agents, k) * offered**k for k in (0, 1)))) / THINK
        assert abs(rate.mean() - expected) < 5 * rate.std(ddof=1) / np.sqrt(len(rate))
