"""What a model may count on, whatever the workload."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.engine.contract import NEVER, Demand
from sim.errors import AdvisedError
from sim.scenario.schema import Workload
from sim.units import DAY
from sim.workload import work
from tests.workload.support import draw, sessions, workload

durations = st.sampled_from(["0 s", "1 us", "3 ms", "exponential(mean=2 s)", "lognormal(mean=10 min, p95=30 min)"])
counts = st.sampled_from([0, 1, 7, "geometric(mean=2)", "lognormal(mean=300, p95=900)"])
leaves = st.one_of(
    st.fixed_dictionaries({"wait": durations}),
    st.fixed_dictionaries({"tool": st.fixed_dictionaries({"cpu": durations}, optional={"wait": durations})}),
    st.fixed_dictionaries({"llm": st.fixed_dictionaries(
        {"model": st.sampled_from(["mid-tier", "small"]), "input": counts, "output": counts},
        optional={"time": durations})}))
rounds = st.sampled_from([1, 3, "geometric(mean=2)", "uniform(0, 2)"])
steps = st.recursive(
    leaves, lambda inner: st.fixed_dictionaries(
        {"loop": st.fixed_dictionaries({"times": rounds, "steps": st.lists(inner, min_size=1, max_size=3)})}),
    max_leaves=5)
rates = st.sampled_from(["0.3/h", "5/h"])
arrivals = st.one_of(
    st.fixed_dictionaries({"poisson": st.fixed_dictionaries({"rate": rates})}),
    st.fixed_dictionaries({"renewal": st.fixed_dictionaries({"gap": st.sampled_from(
        ["1 h", "lognormal(mean=2 h, cv=3)", "exponential(mean=20 min)", "weibull(shape=0.5, scale=1 h)"])})}),
    st.builds(lambda day, night: {"weekly": {"day": {"when": "08:00-20:00", "rate": day},
                                             "night": {"when": "otherwise", "rate": night}}},
              rates, st.sampled_from(["0/h", "2/h"])),
    st.builds(lambda rate, scope: {"bursts": {"scope": scope, "phases": {
        "on": {"rate": rate, "stay": "1 h"}, "off": {"rate": 0, "stay": "2 h"}}}},
              rates, st.sampled_from(["agent", "fleet"])))
windows = st.sampled_from([{}, {"debounce": {"quiet": "5 min"}}, {"batch": {"window": "20 min", "size": 3}}])
open_workloads = st.builds(
    lambda agents, arrivals, request, serial: Workload.model_validate(
        {"agents": agents, "arrivals": arrivals, "request": request, "serial": serial}),
    st.integers(1, 4), st.builds(lambda kind, window: kind | window, arrivals, windows),
    st.lists(steps, min_size=1, max_size=4), st.booleans())
closed_workloads = st.builds(
    lambda agents, think, request: Workload.model_validate(
        {"agents": agents, "arrivals": {"closed": {"think": think}}, "request": request}),
    st.integers(1, 4), st.sampled_from(["1 h", "exponential(mean=3 h)", "mixture(50%: 0 s, 50%: 1 h)"]),
    st.lists(steps, min_size=1, max_size=4))
session_workloads = st.builds(
    lambda agents, per_day, shape, serial: sessions(per_day=per_day, shape=shape, serial=serial, agents=agents),
    st.integers(1, 5), st.sampled_from([0.2, 3, 40]), st.booleans(), st.booleans())
seeds = st.integers(0, 2**64 - 1)
replications = st.integers(0, 9999)
horizons = st.sampled_from([DAY, 3 * DAY])


class TestContract:
    @settings(max_examples=60, deadline=None)
    @given(st.one_of(open_workloads, closed_workloads, session_workloads), horizons, seeds, replications)
    def test_invariants(self, made: Workload, horizon: int, seed: int, replication: int):
        found = draw(made, horizon, seed, replication)
        n, m = found.n, len(found.step_kind)
        assert found.horizon == horizon
        assert found.stop == horizon + DAY
        assert found.serial == made.serial
        for name in ("agent", "session", "after", "at", "coalesced", "held", "memory"):
            assert getattr(found, name).dtype == np.int64
            assert len(getattr(found, name)) == n
        for name in ("step_cpu", "step_wait", "step_tokens_in", "step_tokens_cached", "step_tokens_out", "step_model"):
            assert getattr(found, name).dtype == np.int64
            assert len(getattr(found, name)) == m
        assert found.step_kind.dtype == np.int8
        assert found.step_first.dtype == np.int64
        assert found.step_first[0] == 0
        assert found.step_first[-1] == m
        assert (np.diff(found.step_first) >= 1).all()
        assert (np.diff(found.agent) >= 0).all()
        assert ((found.agent >= 0) & (found.agent < made.agents)).all()
        assert (found.after < np.arange(n)).all()
        opens = found.after == NEVER
        assert (found.agent[~opens] == found.agent[found.after[~opens]]).all()
        assert (found.session[~opens] == found.session[found.after[~opens]]).all()
        assert ((found.at >= 0) & (~opens | (found.at < horizon))).all()
        assert (np.diff(found.at[opens])[np.diff(found.agent[opens]) == 0] >= 0).all()
        assert (found.step_cpu >= 0).all()
        assert (found.step_wait >= 0).all()
        assert (found.step_cpu + found.step_wait >= 1).all()
        assert ((found.step_model >= 0) == (found.step_kind == 0)).all()
        assert (found.step_tokens_cached <= found.step_tokens_in).all()

    @settings(max_examples=15, deadline=None)
    @given(st.one_of(open_workloads, session_workloads), seeds, replications)
    def test_same_address_same_bytes(self, made: Workload, seed: int, replication: int):
        assert_equal(draw(made, DAY, seed, replication), draw(made, DAY, seed, replication))

    @settings(max_examples=15, deadline=None)
    @given(open_workloads, seeds, st.integers(1, 5))
    def test_other_agents_have_no_effect(self, made: Workload, seed: int, more: int):
        few = draw(made, DAY, seed)
        many = draw(made.model_copy(update={"agents": made.agents + more}), DAY, seed)
        assert_equal(few, first_rows(many, int((many.agent < made.agents).sum())))

    @settings(max_examples=15, deadline=None)
    @given(open_workloads, seeds)
    def test_a_longer_horizon_only_adds(self, made: Workload, seed: int):
        short, long = draw(made, DAY, seed), draw(made, 2 * DAY, seed)
        for agent in range(made.agents):
            rows, more = np.flatnonzero(short.agent == agent), np.flatnonzero(long.agent == agent)
            kept = more[: len(rows)]
            assert np.array_equal(short.at[rows], long.at[kept])
            assert np.array_equal(work(short)[rows], work(long)[kept])
            assert (long.at[more[len(rows):]] >= DAY).all()


def first_rows(demand: Demand, n: int) -> Demand:
    """The first rows of a demand."""
    m = int(demand.step_first[n])
    cut = {field.name: value[:m] if field.name.startswith("step") else value[:n]
           for field in dataclasses.fields(demand) if isinstance(value := getattr(demand, field.name), np.ndarray)}
    return dataclasses.replace(demand, **{**cut, "step_first": demand.step_first[: n + 1]})


def assert_equal(one: Demand, other: Demand) -> None:
    for field in dataclasses.fields(one):
        assert np.array_equal(getattr(one, field.name), getattr(other, field.name)), field.name


def test_more_tokens_than_a_call_can_have_are_refused():
    """The mean is infinite: of some hundred calls, one has more than a billion tokens."""
    call = {"llm": {"model": "mid-tier", "input": 10, "output": "pareto(minimum=10, shape=0.2)"}}
    with pytest.raises(AdvisedError, match=r"`output` of a call comes to .* more than 1e\+09"):
        draw(workload({"poisson": {"rate": "4/h"}}, request=[call]))
    capped = {"llm": {**call["llm"], "output": "pareto(minimum=10, shape=0.2, max=200000)"}}
    assert draw(workload({"poisson": {"rate": "4/h"}}, request=[capped])).step_tokens_out.max() <= 200_000


def test_work_that_no_sum_can_hold_is_refused():
    """A thousand rounds of 300 years each for some hundred requests: 2^53 us each, and int64 ends at 2^63."""
    step = {"loop": {"times": 1000, "steps": [{"wait": "pareto(minimum=250 days, shape=0.01)"}]}}
    with pytest.raises(AdvisedError, match="years of work"):
        draw(workload({"poisson": {"rate": "4/h"}}, request=[step]))
