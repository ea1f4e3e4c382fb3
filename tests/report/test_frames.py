"""Tidy frames of a result: figures, times of all replications, the bill as it accumulates."""

from __future__ import annotations

import dataclasses
import math
import statistics
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

import sim
from sim import workload
from sim.api import Result, Sweep
from sim.billing import Invoice, Month, bill, observe, tile
from sim.catalog.prices import Group, prices
from sim.engine.contract import Fate
from sim.errors import UnknownName
from sim.study import warmup
from sim.study.replicate import Replication, replicate
from sim.trace.spans import spans

LITTLE = """
name: little
as_of: 2026-11-01
month: 2026-11
horizon: 1 day
seed: 5
replications: 4
workload:
  agents: 3
  arrivals: {poisson: {rate: 4/h}}
  request:
    - llm: {model: mid-tier, input: 3000, output: "lognormal(mean=200, p95=500)"}
    - tool: {wait: "lognormal(mean=3 s, p95=9 s)"}
deployments:
  server: {platform: hetzner/cx23, placement: per-agent, instances: 1, concurrency: 1}
  plan: {platform: cloudflare/containers, size: standard-3, placement: per-agent, max_instances: 1}
  function: {platform: aws-lambda/x86, memory: 1 GiB, max_duration: 9 s}
"""


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    path = tmp_path_factory.mktemp("little") / "little.yaml"
    path.write_text(LITTLE)
    found = sim.load(path).run(workers=1)
    assert isinstance(found, Result)
    return found


def again(result: Result, number: int) -> Replication:
    """A replication, played again."""
    warm_up = warmup.given(result.case.scenario)
    assert warm_up is not None
    return replicate(result.case, number, warm_up, True)


# Cost curve ----------------------------------------------------------------------------------------------------------


def bills(result: Result, name: str) -> list[Invoice]:
    """The bill of the month of each replication, played again."""
    made, case = [], result.case
    bound = next(one for one in case.deployments if one.name == name)
    for number in range(result.summary["replications"]):
        one = again(result, number)
        assert one.demand is not None
        outcome = one.runs[name][1]
        seen = observe(one.demand, outcome, spans(outcome, one.demand.stop), one.window)
        lists = prices(case.book, bound.platform), prices(case.book, "llm")
        models = workload.models(case.scenario.workload, case.directory)
        made.append(bill(seen, bound, models, Month(2026, 11), *lists))
    return made


def test_it_is_tidy(result: Result) -> None:
    curve = result.cost_curve
    assert list(curve.columns) == ["deployment", "day", "date", "group", "amount", "low", "high"]
    groups = ["total", "infrastructure", "llm", "orchestration", "labour"]
    index = pd.MultiIndex.from_product([["server", "plan", "function"], groups, range(31)])
    assert curve.set_index(["deployment", "group", "day"]).index.sort_values().equals(index.sort_values())
    assert (curve.date == pd.Timestamp("2026-11-01") + pd.to_timedelta(curve.day, unit="D")).all()
    assert curve.date.max() == pd.Timestamp("2026-12-01"), "the last is the midnight that ends the month"


@pytest.mark.parametrize("name", ["server", "plan", "function"])
@pytest.mark.parametrize("group", ["total", *Group])
def test_its_end_is_the_bill_with_its_interval(name: str, group: str, result: Result) -> None:
    last = result.cost_curve.query("deployment == @name and group == @group and day == 30").iloc[0]
    own = [float(made.total(None if group == "total" else Group(group))) for made in bills(result, name)]
    half = student.ppf(0.975, 3) * statistics.stdev(own) / 2
    assert (last.amount, last.low, last.high) == pytest.approx(
        (statistics.mean(own), statistics.mean(own) - half, statistics.mean(own) + half), rel=1e-9, abs=1e-12)
    told = result.summary["deployments"][name]["cost"][group]
    assert (last.amount, last.low, last.high) == pytest.approx((told["value"], told["low"], told["high"]), rel=1e-9)


def test_plans_and_caps_are_its_kinks(result: Result) -> None:
    curve = result.cost_curve.query("group == 'infrastructure'").set_index(["deployment", "day"]).amount
    assert curve["plan", 0] == 5, "Cloudflare's plan is due when the month begins"
    assert curve["function", 0] == 0
    # Three CX23 with an address: $0.2736 a day until the caps of $6.49 and $0.60.
    assert curve["server"].to_numpy() == pytest.approx(
        [3 * (min(0.2496 * day, 6.49) + min(0.024 * day, 0.6)) for day in range(31)])


def test_between_it_is_the_bill_of_the_first_days(result: Result) -> None:
    # Tokens have no plan and no cap, and a horizon of a day makes all days of the month alike.
    assert tile(Month(2026, 11), 86_400_000_000).weights == [30]
    curve = result.cost_curve.query("deployment == 'server' and group == 'llm'")
    assert curve.amount.to_numpy() == pytest.approx(curve.amount.iloc[-1] / 30 * curve.day.to_numpy())


def test_what_has_no_price_is_not_a_number(result: Result) -> None:
    replications = list(result._replications)
    measures = replications[2].measures["plan"]
    spoilt = {name: np.where(np.arange(31) > 12, math.nan, amounts) for name, amounts in measures.curve.items()}
    replications[2] = dataclasses.replace(
        replications[2],
        measures={**replications[2].measures, "plan": dataclasses.replace(measures, curve=spoilt)})
    curve = Result(result.case, replications, {}).cost_curve.set_index(["deployment", "group", "day"]).sort_index()
    numbers = curve.loc[("plan", "total"), ["amount", "low", "high"]].isna()
    assert numbers.loc[13:].all(axis=None)
    assert not numbers.loc[:12].any(axis=None)
    assert curve.loc["server"].notna().all(axis=None)


def test_it_covers_what_the_summary_covers(tmp_path: Path) -> None:
    """Where intervals cover the recorded input, those of the curve do, too: they are wider by sqrt(R + 1)."""
    rows = ["session,turn,step,gap_s,kind,wait_s"]
    rows += [f"s{number},0,0,,wait,{20 + 7 * number}" for number in range(12)]
    (tmp_path / "sessions.csv").write_text("\n".join(rows) + "\n")
    text = LITTLE[: LITTLE.index("workload:")] + """
workload:
  agents: 3
  arrivals: {sessions: {file: sessions.csv, per_day: 400}}
deployments:
  function: {platform: fly/machines, size: shared-cpu-1x-1gb, placement: per-session}
"""
    width = []
    for more in ("", "intervals: {cover: recorded-input}\n"):
        path = tmp_path / "recorded.yaml"
        path.write_text(text + more)
        found = sim.load(path).run(workers=1)
        assert isinstance(found, Result)
        last = found.cost_curve.query("group == 'total' and day == 30").iloc[0]
        told = found.summary["deployments"]["function"]["cost"]["total"]
        assert (last.low, last.high) == pytest.approx((told["low"], told["high"]), rel=1e-9)
        width.append(last.high - last.low)
    assert width[1] > 1.5 * width[0]


# Times ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("figure", ["latency_s", "overhead_s", "first_step_s"])
def test_times_are_those_of_all_replications(figure: str, result: Result) -> None:
    frame = result.times(figure)
    assert list(frame.columns) == ["deployment", "replication", figure]
    for number in range(4):
        table = Result(result.case, [again(result, number)], {}).requests
        for name in ("server", "function"):
            own = frame[(frame.deployment == name) & (frame.replication == number)][figure]
            expected = table[table.deployment == name][figure].astype(float).fillna(math.inf)
            assert own.to_numpy() == pytest.approx(np.sort(expected.to_numpy()))
            assert own.is_monotonic_increasing


def test_times_of_the_warm_up_are_none_of_them(tmp_path: Path) -> None:
    path = tmp_path / "late.yaml"
    path.write_text(LITTLE.replace("replications: 4", "replications: 1\nwarmup: 1 day"))
    late = sim.load(path).run(workers=1)
    assert isinstance(late, Result)
    counted = late.requests[late.requests.in_window].groupby("deployment", observed=True).size()
    assert late.times("latency_s").groupby("deployment", observed=True).size().to_dict() == counted.to_dict()
    assert counted.sum() < len(late.requests)


def test_what_failed_never_came(result: Result) -> None:
    frame = result.times("latency_s")
    failed = sum(int((one.runs["function"][1].fate == Fate.FAILED).sum())
                 for one in (again(result, number) for number in range(4)))
    assert np.isinf(frame[frame.deployment == "function"].latency_s).sum() == failed > 0
    assert np.isfinite(frame[frame.deployment == "server"].latency_s).all()


def test_times_that_there_are_not(result: Result) -> None:
    with pytest.raises(UnknownName, match="did you mean `overhead_s`"):
        result.times("overhead")


# Figures -------------------------------------------------------------------------------------------------------------


def test_figures_are_those_of_the_summary(result: Result) -> None:
    told = result.figures.set_index(["deployment", "figure"])
    for name, deployment in result.summary["deployments"].items():
        for path in ("overhead_s.p50", "latency_s.mean", "cost.infrastructure.per_agent", "cold_start_fraction",
                     "wait_s.queue.p50", "instances.mean", "completed.latency_s.p90"):
            tree: Any = deployment
            for key in path.split("."):
                tree = tree[key]
            own = told.loc[(name, path)]
            expected = [math.nan if tree.get(end) is None else tree[end] for end in ("value", "low", "high")]
            assert own[["value", "low", "high"]].to_list() == pytest.approx(expected, rel=0, abs=0, nan_ok=True)
    assert set(told.loc["server"].index) == set(result.estimates["server"])
    assert math.isnan(told.value["server", "latency_s.p99_9"])
    assert "requests" in told.why["server", "latency_s.p99_9"]


def test_groups_of_figures(result: Result) -> None:
    for group, frame in {"latency_s": result.latency, "overhead_s": result.overhead}.items():
        assert list(frame.columns) == ["deployment", "statistic", "value", "low", "high", "why"]
        assert list(frame.query("deployment == 'plan'").statistic) == ["mean", "p50", "p90", "p95", "p99", "p99_9"]
        figures = result.figures[result.figures.figure.str.startswith(f"{group}.")]
        assert frame.value.to_numpy() == pytest.approx(figures.value.to_numpy(), nan_ok=True)


def test_a_sweep_stacks_its_cases(tmp_path: Path) -> None:
    path = tmp_path / "swept.yaml"
    path.write_text(LITTLE + """
axes:
  load: {path: workload.arrivals.poisson.rate, values: [4/h, 1/h]}
  day: {path: workload.agents, values: [2, 3]}
""")
    sweep = sim.load(path).run(workers=1, replications=2)
    assert isinstance(sweep, Sweep)
    figures = sweep.figures
    assert list(figures.columns) == ["load", "day", "deployment", "figure", "value", "low", "high", "why"]
    assert figures.load.cat.ordered
    assert list(figures.load.cat.categories) == ["4/h", "1/h"], "in the order of the axis"
    curve = sweep.cost_curve
    assert list(curve.columns[:3]) == ["load", "workload.agents", "deployment"], "a column is called day already"
    for settings, one in sweep.results.items():
        load, agents = (value for _, value in settings.pairs)
        own = figures[(figures.load == load) & (figures.day == agents)].drop(columns=["load", "day"])
        pd.testing.assert_frame_equal(own.reset_index(drop=True), one.figures)
        part = curve[(curve.load == load) & (curve["workload.agents"] == agents)]
        assert part.amount.to_numpy() == pytest.approx(one.cost_curve.amount.to_numpy())
