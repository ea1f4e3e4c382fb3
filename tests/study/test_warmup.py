"""The warm-up, given or found, and figures of what comes after it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.engine import simulate
from sim.engine.contract import CORE
from sim.scenario import Case
from sim.study import measure
from sim.study.warmup import BINS, PERIODS, Filling, filling, find, pilot, time_in_bins
from sim.trace.audit import AuditError
from sim.trace.spans import spans
from sim.units import DAY, WEEK
from sim.workload import ideal
from tests.engine.cases import capacity, demand
from tests.system.support import Tree, base, bind, requests, run, workload

ENDLESS = {"platform": "hetzner/cx23", "instances": 1, "concurrency": 2000}
WEEKLY = workload(
    arrivals={"weekly": {"busy": {"when": "mon", "rate": "6/h"}, "calm": {"when": "otherwise", "rate": "1/h"}}},
    request=[{"llm": {"model": "mid-tier", "input": 2000, "output": 300}}, {"tool": {"cpu": "300 ms"}}])


def crowd(**changed: Any) -> Tree:
    """40 requests an hour that stay 8 hours on average, and hinder nobody: 320 at once, in the end."""
    request = [{"wait": "exponential(mean=8 h)"}]
    return base(deployments={"here": ENDLESS}, workload=workload(agents=20, serial=False, memory="1 MiB",
                                                                request=request), **changed)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 130), st.integers(0, 130)), max_size=12), st.sampled_from([2**50, 1]))
def test_time_in_bins_is_what_a_person_counts(drawn: list[tuple[int, int]], unit: int) -> None:
    stretches = [(min(pair), max(pair)) for pair in drawn]
    begin, end = (np.array([pair[i] * unit for pair in stretches], np.int64) for i in (0, 1))
    edges = np.arange(0, 101, 20) * unit
    expected = [sum(max(0, min(b, right) - max(a, left)) for a, b in stretches) * unit
                for left, right in zip(range(0, 100, 20), range(20, 101, 20), strict=True)]
    assert time_in_bins(begin, end, edges).tolist() == expected


def test_how_a_deployment_fills_by_hand() -> None:
    # One instance that starts in 15 and serves two at once; bins of 20. Row 0 comes at 0, begins at 15, ends at 45; row
    # 1 comes at 10, begins at 15, ends at 25; row 2 comes at 30, begins then, and is cut off by the limit of 40 at 70.
    asked = demand([0, 10, 30], [[(0, 30)], [(0, 10)], [(0, 50)]], horizon=100, stop=200)
    outcome = simulate(asked, capacity(3, start=[15] * 3, concurrency=2, maximum=1, cpu=CORE, duration_limit=40))
    assert outcome.ended.tolist() == [45, 25, 70]
    made = filling(asked, outcome, ideal(asked, outcome), spans(outcome, asked.stop), 20)
    assert made.overhead.tolist() == [15 + 5, 0, 0, 0, 0]
    assert made.completed.tolist() == [2, 0, 0, 0, 0]
    assert made.present.tolist() == [20 + 10, 20 + 5 + 10, 5 + 20, 10, 0]
    assert made.up.tolist() == [20, 20, 20, 20, 20]


def shown(series: np.ndarray[Any, Any]) -> Filling:
    """A filling of which only the number of requests in the system changes."""
    level = np.full(len(series), 7, np.int64)
    return Filling(level, level, np.rint(series * 1_000).astype(np.int64), level)


@pytest.fixture
def four_days(tmp_path: Path) -> Case:
    return bind(base(horizon="4 days", warmup="auto"), tmp_path)


def test_the_cut_is_rounded_up_to_whole_days(four_days: Case) -> None:
    # 500 bins of 4 days are 691.2 s each. Until 30 h, bin 156, the level rises; then it is noise.
    noise = np.random.default_rng(1).normal(0, 1, BINS)
    rise = np.minimum(np.arange(BINS) / 156, 1) * 100
    found = find(four_days, [{"here": shown(rise + noise)}])
    assert (found.length, found.method, found.settled) == (2 * DAY, "MSER-5", True)
    assert "the number of requests in the system of here settled last" in found.why


def test_replications_are_averaged(four_days: Case) -> None:
    # Of four runs, each starts with another level; together they are level from the start.
    steps = [np.where(np.arange(BINS) < 200, level, 0.0) for level in (50, -50, 30, -30)]
    assert find(four_days, [{"here": shown(100 + step)} for step in steps]).length == 0
    assert find(four_days, [{"here": shown(100 + steps[0])}]).length == 2 * DAY


def test_nothing_that_fills_needs_no_warm_up(four_days: Case) -> None:
    found = find(four_days, [{"here": shown(np.full(BINS, 9.0))}] * 3)
    assert (found.length, found.settled) == (0, True)
    assert found.why == "3 pilot runs of 4 days show no time in which a deployment fills"


def test_what_never_settles_is_said(four_days: Case) -> None:
    found = find(four_days, [{"here": shown(np.arange(BINS, dtype=float))}])
    assert (found.length, found.settled) == (2 * DAY, False)
    assert "did not settle" in found.why


def test_a_deployment_that_serves_nobody_is_no_trouble(four_days: Case) -> None:
    none = np.zeros(BINS, np.int64)
    assert find(four_days, [{"here": Filling(none, none, none, none)}]).length == 0


def test_the_latest_of_all_deployments_counts(tmp_path: Path) -> None:
    case = bind(base(horizon="4 days", warmup="auto", deployments={"a": ENDLESS, "b": ENDLESS}), tmp_path)
    noise = np.random.default_rng(2).normal(0, 1, BINS)
    late = shown(np.minimum(np.arange(BINS) / 150, 1) * 100 + noise)
    found = find(case, [{"a": shown(np.full(BINS, 9.0)), "b": late}])
    assert found.length == 2 * DAY and " of b settled last" in found.why


@pytest.mark.parametrize(("horizon", "weeks"), [("1 week", PERIODS), ("12 weeks", 12)])
def test_a_weekly_load_is_looked_at_by_weeks(horizon: str, weeks: int, tmp_path: Path) -> None:
    case = bind(base(horizon=horizon, warmup="auto", workload=WEEKLY), tmp_path)
    assert pilot(case.scenario) == (weeks * WEEK, WEEK)
    noise = np.random.default_rng(3).normal(0, 0.1, weeks)
    level = np.where(np.arange(weeks) < 2, 50.0, 100.0)
    found = find(case, [{"here": shown(level + noise)}])
    assert found.method == "MSER of whole weeks"
    assert 2 * WEEK <= found.length <= weeks // 2 * WEEK and found.length % WEEK == 0


def test_days_that_are_alike_are_looked_at_by_days(tmp_path: Path) -> None:
    office = {"busy": {"when": "08:00-18:00", "rate": "6/h"}, "calm": {"when": "otherwise", "rate": "1/h"}}
    case = bind(base(horizon="2 days", warmup="auto", workload=workload(arrivals={"weekly": office})), tmp_path)
    assert pilot(case.scenario) == (PERIODS * DAY, DAY)


def test_figures_are_those_of_a_full_house(folder: Path) -> None:
    """M/G/infinity: 320 at once; in the first day, 320 (1 - 8/24 (1 - exp(-3))) = 219 on average."""
    cold, warm = (run(crowd(replications=8, warmup=time, intervals={"confidence": "99.9%"}), folder).summary
                  for time in ("0 s", "2 days"))
    told = [one["deployments"]["here"]["concurrency"] for one in (cold, warm)]
    assert told[0]["low"] < 219 < told[0]["high"] < 270
    assert told[1]["low"] < 320 < told[1]["high"] < 370
    assert (warm["warmup_s"], warm["warmup"]["method"]) == (2 * 86_400, "given")


def test_the_warm_up_is_found(folder: Path) -> None:
    """The crowd lacks 320 exp(-t / 8 h): 37% after 8 h and 0.2% after two days."""
    told = run(crowd(horizon="8 days", replications=4, warmup="auto"), folder).summary
    assert told["warmup"] == {"method": "MSER-5", "why": told["warmup"]["why"], "settled": True}
    assert told["warmup_s"] in (86_400, 2 * 86_400, 3 * 86_400)
    assert told["advice"] == [] or all(one["rule"] != "filling" for one in told["advice"])


def test_what_cannot_settle_is_told_to_the_reader(folder: Path) -> None:
    told = run(base(workload=workload(agents=60, request=[{"wait": "1 h"}]), warmup="auto", horizon="2 days",
                    deployments={"here": ENDLESS | {"concurrency": 1}}), folder).summary  # fmt: skip
    assert not told["warmup"]["settled"] and told["warmup_s"] == 86_400
    assert [one["rule"] for one in told["advice"]].count("filling") == 1


def test_a_window_sees_the_same_run(folder: Path) -> None:
    """Two weeks, and the second of them after a week of warm-up: the same trace, and figures of its second half."""
    whole, late = (run(base(horizon=horizon, warmup=time, workload=WEEKLY), folder)
                   for horizon, time in (("2 weeks", "0 s"), ("1 week", "1 week")))
    both, second = requests(whole), requests(late)
    assert both.drop(columns="in_window").equals(second.drop(columns="in_window"))
    assert both["in_window"].all()
    assert second["in_window"].tolist() == (both["arrived_us"] >= WEEK).tolist()
    told = late.summary["deployments"]["here"]
    assert told["requests"]["arrived"]["value"] == int(second["in_window"].sum()) > 100
    counted = second[second["in_window"]]
    assert told["latency_s"]["mean"]["value"] == pytest.approx(counted["latency_s"].mean(), rel=1e-12)
    assert told["tokens"]["in"]["value"] == counted["tokens_in"].sum() == 2000 * len(counted)
    assert told["work_s"]["offered"]["value"] == pytest.approx(counted["service_us"].sum() / 1e6, rel=1e-12)
    assert told["slowest"]["requests"] == -(-len(counted) // 100)
    assert told["cold_start_fraction"]["value"] == pytest.approx((counted["warmth"] == "cold").mean(), rel=1e-12)
    spans_ = late.instances
    up = spans_[spans_["state"].isin(["starting", "idle", "busy"])]
    time = (up["end_us"].clip(upper=2 * WEEK) - up["begin_us"].clip(lower=WEEK)).clip(lower=0).sum()
    assert told["instances"]["mean"]["value"] == pytest.approx(time / WEEK, rel=1e-12)
    assert told["audit"]["checks"][-1]["name"] == "window"


def test_requests_of_the_month_are_of_the_windows_days(folder: Path) -> None:
    """Requests come on Mondays only, one every hour; November 2026 has five of them, after any number of weeks."""
    mondays = {"on": {"when": "mon", "rate": "60/h"}, "off": {"when": "otherwise", "rate": 0}}
    tree = base(horizon="1 week", warmup="2 weeks", workload=workload(agents=1, arrivals={"weekly": mondays}))
    result = run(tree, folder)
    table = requests(result)
    week = table[table["in_window"]]
    assert ((week["arrived_us"] // DAY) == 14).all()
    assert result.summary["deployments"]["here"]["requests"]["per_month"]["value"] == 5 * len(week)


def test_figures_that_count_others_than_the_windows_requests_are_not_shown(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    true = measure.timed

    def with_one_twice(made: measure.Run) -> dict[str, measure.Timed]:
        return {name: measure.Timed(np.append(one.times, one.times[:1]), np.append(one.at, one.at[:1]))
                for name, one in true(made).items()}

    monkeypatch.setattr(measure, "timed", with_one_twice)
    with pytest.raises(AuditError, match=r"requests arrived in the window, .* but figures are of"):
        run(crowd(warmup="1 day"), folder)
