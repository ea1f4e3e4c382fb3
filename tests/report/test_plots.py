"""Plots: that they show what the tables say, and can be read."""

from __future__ import annotations

import functools
import io
import itertools
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

import sim
from sim.errors import UnknownName
from sim.report import plots
from sim.report.plots import breakdown, cost, exceedance, fleet, style
from sim.study import warmup
from sim.study.replicate import replicate
from sim.trace.waits import CAUSES

SCENARIO = """
name: little
as_of: 2026-11-01
month: 2026-11
horizon: 1 day
seed: 3
replications: {replications}
workload:
  agents: 6
  arrivals: {{poisson: {{rate: {rate}}}}}
  request:
    - llm: {{model: mid-tier, input: 3000, output: "lognormal(mean=200, p95=500)"}}
    - tool: {{cpu: 300 ms, wait: "lognormal(mean=1.5 s, p95=5 s)"}}
  memory: 100 MiB
deployments:
{deployments}
"""
DEPLOYMENTS = {
    "always-on": "{platform: hetzner/cx23, placement: per-agent, instances: 1, concurrency: 1}",
    "suspend": "{platform: fly/machines, size: shared-cpu-1x-1gb, placement: per-agent, idle_timeout: 1 min}",
    "serverless": "{platform: cloud-run/request-based, vcpu: 1, memory: 1 GiB, concurrency: 20}",
    "impatient": "{platform: aws-lambda/x86, memory: 1 GiB, max_duration: 8 s}",
    "crowded": "{platform: hetzner/cx23, instances: 1, concurrency: 1}",
}


def ran(folder: Path, names: tuple[str, ...] = tuple(DEPLOYMENTS), rate: str = "6/h", replications: int = 2) -> Any:
    """A result of a small run."""
    text = "\n".join(f"  {name}: {DEPLOYMENTS[name]}" for name in names)
    path = folder / "little.yaml"
    path.write_text(SCENARIO.format(rate=rate, replications=replications, deployments=text))
    return sim.load(path).run(workers=1)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return ran(tmp_path_factory.mktemp("little"))


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One deployment, one replication."""
    return ran(tmp_path_factory.mktemp("alone"), ("always-on",), replications=1)


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Nobody asks."""
    return ran(tmp_path_factory.mktemp("idle"), ("always-on", "serverless"), rate="0.000001/h")


ALL: dict[str, Callable[..., Axes]] = {
    "latency": plots.latency,
    "overhead": plots.overhead,
    "start_up": plots.start_up,
    "time_parts": plots.time_parts,
    "time_parts of overhead": lambda run, **given: plots.time_parts(run, "overhead_s", **given),
    "instances": plots.instances,
    "load": lambda run, **given: plots.load(run, next(iter(run.summary["deployments"])), **given),
    "load of another": lambda run, **given: plots.load(run, list(run.summary["deployments"])[-1], **given),
    "timeline": lambda run, **given: plots.timeline(run, next(iter(run.summary["deployments"])), **given),
    "timeline of another": lambda run, **given: plots.timeline(run, list(run.summary["deployments"])[-1], **given),
    "cost_curve": plots.cost_curve,
    "cost_curve, log": lambda run, **given: plots.cost_curve(run, "total", scale="log", **given),
    "cost_against": plots.cost_against,
    "cost_against latency": lambda run, **given: plots.cost_against(run, "latency_s.p50", "cost.per_agent", **given),
}
COMPARING = [name for name in ALL if not name.startswith(("load", "timeline"))]


def png(ax: Axes) -> bytes:
    buffer = io.BytesIO()
    figure = ax.get_figure(root=True)
    assert isinstance(figure, Figure)
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def written(ax: Axes) -> list[Text]:
    """What is written in or beside the axes, but for the labels of ticks."""
    legend = ax.get_legend()
    return [*ax.texts, *([] if legend is None else legend.get_texts()), ax.xaxis.label, ax.yaxis.label, ax._left_title]


def texts(ax: Axes) -> str:
    return "\n".join(text.get_text() for text in (*written(ax), *ax.get_xticklabels(), *ax.get_yticklabels()))


def lines(ax: Axes) -> dict[str, Line2D]:
    return {str(line.get_label()): line for line in ax.lines}


# All of them ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("which", ["result", "alone", "idle"])
def test_it_draws_and_says_what_it_shows(name: str, which: str, request: pytest.FixtureRequest) -> None:
    run = request.getfixturevalue(which)
    given = Figure(figsize=(6, 4)).add_subplot()
    before = dict(rcParams)
    assert ALL[name](run, ax=given) is given
    if which == "result":
        assert len(png(given)) > 5000
    own = ALL[name](run)
    assert own is not given
    assert len(png(own)) > 5000
    assert dict(rcParams) == before
    for ax in (given, own):
        assert any(unit in ax.get_xlabel() for unit in ("(s)", "(USD)", "(days", "(h:min)"))
        assert any(unit in ax.get_ylabel() for unit in ("(%)", "(s)", "(USD)", "(number)")) or name.startswith("time_p")
        assert "little" in texts(ax)
        if name in COMPARING:
            assert all(one in texts(ax) for one in run.summary["deployments"])
    figure = own.get_figure(root=True)
    assert isinstance(figure, Figure)
    assert figure.get_size_inches()[0] * figure.dpi == 800
    for text in (one for one in written(own) if one.get_text()):
        box = text.get_window_extent()
        assert box.x0 > -1, text
        assert box.y0 > -1, text
        assert box.x1 < 801, text
        assert box.y1 < figure.get_size_inches()[1] * figure.dpi + 1, text


@pytest.mark.parametrize("name", COMPARING)
def test_some_of_the_deployments_keep_their_colours(name: str, result: Any) -> None:
    def colours(ax: Axes) -> set[str]:
        return {to_hex(line.get_color()) for line in ax.lines if line.get_label() == "suspend"}

    whole, some = ALL[name](result), ALL[name](result, deployments=["suspend", "crowded"])
    assert colours(whole) == colours(some)
    assert "suspend" in texts(some)
    assert "serverless" not in texts(some)
    with pytest.raises(UnknownName, match="did you mean `suspend`"):
        ALL[name](result, deployments=["supsend"])


def test_axes_of_their_own_show_themselves(alone: Any) -> None:
    assert sim.plots is plots
    shown = [plots.cost_curve(alone)._repr_png_() for _ in range(2)]  # type: ignore[attr-defined]
    assert shown[0].startswith(b"\x89PNG")
    assert shown[0] == shown[1], "equal results are equal bytes"
    assert b"Software" not in shown[0]


def test_plots_leave_pyplot_alone() -> None:
    code = "import sys, sim.report.plots; sys.exit('matplotlib.pyplot' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_no_two_of_many_deployments_look_alike() -> None:
    made = style.looks([f"d{number}" for number in range(30)])
    assert len({(look.colour, look.dashes) for look in made.values()}) == 30


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(0, 1), max_size=12), st.floats(0.01, 0.1))
def test_labels_are_spread(places: list[float], gap: float) -> None:
    wanted = sorted(places)
    made = style.spread(wanted, gap)
    assert len(made) == len(wanted)
    assert all(after - before >= gap - 1e-9 for before, after in itertools.pairwise(made))
    apart = all(after - before >= gap for before, after in itertools.pairwise(wanted))
    if apart:
        assert made == pytest.approx(wanted)
    assert sum(made) == pytest.approx(sum(wanted)), "what is moved is moved to both sides"


# Latency and overhead ------------------------------------------------------------------------------------------------


def seconds(run: Any, name: str, figure: str) -> np.ndarray:
    """Times of all replications, from the microseconds of their tables; infinite where a request did not complete."""
    return np.concatenate([of_table(one, name, figure) for one in singles(run)])


@functools.cache
def singles(run: Any) -> list[pd.DataFrame]:
    """The tables of requests of each replication, played again."""
    numbers = range(run.summary["replications"])
    warm_up = warmup.given(run.case.scenario)
    return [sim.Result(run.case, [replicate(run.case, number, warm_up, True)], {}).requests for number in numbers]


def of_table(requests: pd.DataFrame, name: str, figure: str) -> np.ndarray:
    rows = requests[requests.deployment == name]
    time = (rows.ended_us - rows.arrived_us).astype("Float64") / 1e6
    if figure == "overhead_s":
        time -= rows.ideal_us / 1e6
    return np.where(rows.fate == "completed", time.fillna(0).to_numpy(float), np.inf)


@pytest.mark.parametrize("figure", ["latency_s", "overhead_s"])
def test_curves_are_the_share_of_slower_requests(figure: str, result: Any) -> None:
    ax = (plots.latency if figure == "latency_s" else plots.overhead)(result)
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    for name in DEPLOYMENTS:
        values = seconds(result, name, figure)
        x, y = (np.asarray(one) for one in lines(ax)[name].get_data())
        assert lines(ax)[name].get_drawstyle() == "steps-post"
        assert (np.diff(x) >= 0).all()
        for at in np.geomspace(ax.get_xlim()[0], ax.get_xlim()[1], 300):
            drawn = y[np.searchsorted(x, at, side="right") - 1]
            assert drawn == pytest.approx(np.mean(values > at), abs=1e-12)
        assert x[-1] == ax.get_xlim()[1]
        assert y[-1] == pytest.approx(np.isinf(values).mean())
        seen = x[1:-1]
        expected = values[np.isfinite(values) & (values > ax.get_xlim()[0])]
        assert seen == pytest.approx(np.unique(np.round(expected, 6)), abs=1e-9)


def test_percentiles_are_marked_where_they_are(result: Any) -> None:
    ax = plots.overhead(result)
    written = texts(ax)
    marks = [line.get_xydata()[0] for line in ax.lines if line.get_linestyle() == "None"]
    expected = []
    for name in DEPLOYMENTS:
        values = seconds(result, name, "overhead_s")
        for level in (0.95, 0.99):
            at = np.quantile(values, level, method="inverted_cdf")
            if 1e-3 < at < np.inf:
                expected.append((at, 1 - level))
    assert len(marks) == len(expected) >= 3
    assert np.array(marks) == pytest.approx(np.array(expected))
    assert "always-on  p95 0 s  p99 0 s" in written
    assert "p99 never" in written, "more than 1% of the impatient's requests fail"


def test_starts_are_counted_by_themselves(result: Any) -> None:
    ax = plots.start_up(result)
    counts = result.times("start_up_s").groupby("deployment", observed=False).size()
    assert counts["always-on"] == 0
    assert "always-on  none" in texts(ax)
    assert f"Start-up of {counts.max()} starts at most" in texts(ax)
    assert "starts that take longer (%)" in texts(ax)
    states = result.instances[result.instances.state == "starting"]
    first = states.groupby("deployment", observed=False).size()
    assert counts["serverless"] >= first["serverless"] > 0, "the table has the first replication alone"


def test_failures_are_said_and_never_come_down(result: Any) -> None:
    failed = pd.concat(one[one.deployment == "impatient"] for one in singles(result)).fate.eq("failed").mean()
    assert 0.01 < failed < 1
    ax = plots.latency(result)
    shown = next(text for text in ax.texts if "failed or unfinished" in text.get_text())
    assert float(shown.get_text().split("%")[0]) == pytest.approx(100 * failed, rel=0.01)
    assert lines(ax)["impatient"].get_ydata()[-1] == pytest.approx(failed)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(st.integers(0, 20).map(float), st.just(math.inf)), min_size=1, max_size=40))
def test_exceedance(values: list[float]) -> None:
    value, above = exceedance.exceedance(np.array(values))
    assert value.tolist() == sorted({one for one in values if one < math.inf})
    assert above.tolist() == pytest.approx([sum(one > at for one in values) / len(values) for at in value])


# Where the time goes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("figure", ["latency_s", "overhead_s"])
def test_bars_add_up_to_the_figure(figure: str, result: Any) -> None:
    for name in DEPLOYMENTS:
        requests = result.requests[result.requests.deployment == name]
        attempts = result.attempts[result.attempts.deployment == name]
        middle, slowest = breakdown.parts(requests, attempts, figure)
        values = np.sort(requests[figure].dropna())
        count = math.ceil(len(values) / 100)
        assert sum(slowest.values()) == pytest.approx(values[-count:].mean())
        assert values[int(0.48 * len(values))] <= sum(middle.values()) + 1e-9
        assert sum(middle.values()) <= values[int(0.52 * len(values))] + 1e-9


def test_bars_are_what_the_steps_took(result: Any) -> None:
    ax = plots.time_parts(result, deployments=["crowded"])
    requests = result.requests[result.requests.deployment == "crowded"].sort_values("latency_s")
    worst = requests.tail(math.ceil(len(requests) / 100))
    attempts = result.attempts[result.attempts.deployment == "crowded"]
    expected = {part: worst[f"{part}_s"].mean() for part in CAUSES}
    for kind in ("llm", "tool"):
        times = [sum((rows.cpu_us + rows.wait_us)[rows.kind == kind]) / 1e6
                 for _, rows in attempts[attempts.request.isin(worst.request)].groupby("request")]
        expected[kind] = float(np.mean(times))
    drawn = {str(bars.get_label()): bars.patches[1] for bars in ax.containers}  # type: ignore[attr-defined]
    assert {part: bar.get_width() for part, bar in drawn.items()} == pytest.approx(
        {part: value for part, value in expected.items() if part in drawn})
    assert all(abs(expected[part]) < 0.01 * worst.latency_s.mean() for part in set(expected) - set(drawn))
    assert expected["queue"] > 0
    at = 0.0
    for bar in drawn.values():
        assert bar.get_x() == pytest.approx(at)
        at += bar.get_width()
    assert at == pytest.approx(worst.latency_s.mean(), rel=0.01)


def test_the_slowest_are_those_of_the_summary(alone: Any, tmp_path: Path) -> None:
    run = ran(tmp_path, ("suspend", "serverless"), replications=1)
    for name in ("suspend", "serverless"):
        told = run.summary["deployments"][name]["slowest"]
        _, slowest = breakdown.parts(run.requests[run.requests.deployment == name],
                                     run.attempts[run.attempts.deployment == name], "overhead_s")
        assert slowest == pytest.approx({part: told[part] / told["requests"] / 1e6 for part in slowest}, abs=1e-9)


def test_requests_of_the_warm_up_are_not_drawn(result: Any) -> None:
    late = result.requests.assign(in_window=result.requests["arrived_s"] > 40_000)
    tables = {"summary": result.summary, "attempts": result.attempts}
    whole, part = ([bar.get_width() for bars in plots.time_parts(SimpleNamespace(**tables, requests=one)).containers
                    for bar in bars.patches] for one in (late, late[late["in_window"]]))
    assert whole == part != []


# Over time -----------------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-5, 40), st.integers(1, 30)), max_size=12),
       st.lists(st.integers(0, 30), min_size=2, max_size=6, unique=True))
def test_counting(stretches: list[tuple[int, int]], cuts: list[int]) -> None:
    edges = np.array(sorted(cuts), float)
    begin = np.array([one for one, _ in stretches], float)
    end = begin + [length for _, length in stretches]
    found = fleet.counted(begin, end, edges)
    for number, (left, right) in enumerate(itertools.pairwise(edges)):
        overlap = np.clip(np.minimum(end, right) - np.maximum(begin, left), 0, None).sum()
        assert found.mean[number] == pytest.approx(overlap / (right - left))
        # Everything is whole: it is enough to look in the middle of each unit of time.
        assert found.most[number] == max(((begin < at) & (at < end)).sum() for at in np.arange(left + 0.5, right))


def test_instances_that_are_up(result: Any) -> None:
    ax = plots.instances(result)
    drawn = {str(patch.get_label()): patch.get_data() for patch in ax.patches if hasattr(patch, "get_data")}
    for name in DEPLOYMENTS:
        rows = result.instances[(result.instances.deployment == name) & (result.instances.state != "resting")]
        begin, end = rows.begin_us.to_numpy() / 1e6, rows.end_us.to_numpy() / 1e6
        values, edges = drawn[name].values, drawn[name].edges
        assert (edges[0], edges[-1], len(edges)) == (0, 86_400, 145)
        expected = [np.clip(np.minimum(end, right) - np.maximum(begin, left), 0, None).sum() / (right - left)
                    for left, right in itertools.pairwise(edges)]
        assert values == pytest.approx(np.array(expected))
    assert drawn["always-on"].values == pytest.approx(np.full(144, 6.0))
    assert "always-on  (most 6)" in texts(ax)


def test_states_are_stacked_and_waiting_requests_counted(result: Any) -> None:
    ax = plots.load(result, "crowded", within=(36_000.0, 43_200.0))
    stairs = {str(patch.get_label()): patch.get_data() for patch in ax.patches if hasattr(patch, "get_data")}
    assert set(stairs) == {"busy", "idle"}
    assert stairs["idle"].values == pytest.approx(np.ones(len(stairs["idle"].values)))
    assert stairs["idle"].baseline == pytest.approx(stairs["busy"].values)
    rows = result.requests[result.requests.deployment == "crowded"]
    begin, end = rows.admitted_us.to_numpy(float) / 1e6, rows.started_us.to_numpy(float) / 1e6
    lasting = end > begin
    begin, end = begin[lasting], end[lasting]
    segments = {}
    for lines_ in (one for one in ax.collections if isinstance(one, LineCollection)):
        segments = {segment[0][0]: segment[0][1] for segment in lines_.get_segments()}
    edges = stairs["busy"].edges
    for left, right in itertools.pairwise(edges):
        at = [left, *begin[(begin >= left) & (begin < right)]]
        assert segments.get(left, 0) == max(((begin <= one) & (one < end)).sum() for one in at)
    assert segments, "some wait on a crowded server"


def test_a_timeline_is_the_table_of_instances(result: Any) -> None:
    window = (30_000.0, 36_000.0)
    ax = plots.timeline(result, "suspend", count=4, within=window)
    shown = [int(label.get_text()) for label in ax.get_yticklabels()]
    assert len(shown) == 4
    table = result.instances[result.instances.deployment == "suspend"]
    table = table[(table.begin_us < window[1] * 1e6) & (table.end_us > window[0] * 1e6)]
    expected = {(state, shown.index(number), begin / 1e6, (end - begin) / 1e6)
                for number, state, begin, end in zip(table.instance, table.state, table.begin_us, table.end_us,
                                                     strict=True) if number in shown}
    drawn = {(bars.get_label(), round(bar.get_y() + bar.get_height() / 2), bar.get_x(), bar.get_width())
             for bars in ax.containers for bar in bars.patches}
    assert {one[:2] for one in drawn} == {one[:2] for one in expected}
    assert np.array(sorted(one[2:] for one in drawn)) == pytest.approx(np.array(sorted(one[2:] for one in expected)))
    requests = result.requests[(result.requests.deployment == "suspend") & result.requests.instance.isin(shown)]
    arrived = requests.arrived_s[requests.arrived_s.between(*window)]
    assert sorted(lines(ax)["arrival"].get_xdata()) == pytest.approx(sorted(arrived))


def test_failures_are_on_the_timeline(result: Any) -> None:
    ax = plots.timeline(result, "impatient", count=20, within=(0.0, 86_400.0))
    shown = [int(label.get_text()) for label in ax.get_yticklabels()]
    failed = result.requests[(result.requests.deployment == "impatient") & (result.requests.fate == "failed")]
    failed = failed[failed.instance.isin(shown)]
    assert len(failed) > 3
    assert sorted(lines(ax)["failure"].get_xdata()) == pytest.approx(sorted(failed.ended_us / 1e6))


def test_a_sample_is_spread_and_prefers_the_busy() -> None:
    table = pd.DataFrame({"instance": [*range(10), *range(10, 30)], "state": ["idle"] * 10 + ["busy"] * 20})
    assert fleet.sample(table, 4).tolist() == [10, 15, 20, 25]
    assert fleet.sample(table, 25).tolist() == [0, 2, 4, 6, 8, *range(10, 30)]
    assert fleet.sample(table, 100).tolist() == list(range(30))
    assert fleet.sample(table.head(0), 3).tolist() == []


def test_the_busiest_hours() -> None:
    hour = 3600.0
    arrivals = np.array([0.5, 10.2, 10.9, 11.5, 20.1, 20.2]) * hour
    assert fleet.busiest(arrivals, (0.0, 24 * hour)) == (10 * hour, 12 * hour)
    assert fleet.busiest(np.array([]), (0.0, 24 * hour)) == (0, 2 * hour)
    assert fleet.busiest(arrivals, (12 * hour, 24 * hour)) == (19 * hour, 21 * hour)


@pytest.mark.parametrize(("days", "expected"), [
    (7, ["Mon\nday 0", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Mon\nday 7"]),
    (1, ["Mon\n0:00", "3:00", "6:00", "9:00", "12:00", "15:00", "18:00", "21:00", "Tue\n0:00"]),
])  # fmt: skip
def test_times_are_written_as_people_say_them(days: int, expected: list[str], result: Any) -> None:
    ax = plots.instances(result, within=(0.0, days * 86_400.0))
    png(ax)
    inside = [label.get_text() for label in ax.get_xticklabels() if 0 <= label.get_position()[0] <= days * 86_400]
    assert inside == expected


# Cost ----------------------------------------------------------------------------------------------------------------


def test_the_curve_is_the_frame(result: Any) -> None:
    ax = plots.cost_curve(result, "llm")
    for number, name in enumerate(DEPLOYMENTS):
        rows = result.cost_curve.query("deployment == @name and group == 'llm'")
        x, y = lines(ax)[name].get_data()
        assert list(x) == list(range(31))
        assert y == pytest.approx(rows.amount.to_numpy())
        band = ax.collections[number].get_paths()[0].vertices
        assert band[:, 1].max() == pytest.approx(rows.high.max())
        last = rows[rows.day == 30]
        edge = band[np.isclose(band[:, 0], 30)][:, 1]
        assert (edge.min(), edge.max()) == pytest.approx((last.low.item(), last.high.item()))
    assert ax.get_ylim()[0] == 0
    assert "cost so far (USD)" in ax.get_ylabel()
    assert "November 2026" in ax.get_xlabel()


def test_the_curve_ends_with_the_bill(result: Any) -> None:
    ax = plots.cost_curve(result)
    for name, told in result.summary["deployments"].items():
        last = float(np.asarray(lines(ax)[name].get_ydata())[-1])
        assert last == pytest.approx(told["cost"]["infrastructure"]["value"])
        assert f"{name}  ${last:.2f}" in texts(ax)


def test_the_curve_has_its_kinks(result: Any) -> None:
    # Six CX23 with an address: 6 x $0.2736 a day until the caps, 6 x $7.09.
    y = np.asarray(lines(plots.cost_curve(result))["always-on"].get_ydata())
    assert y == pytest.approx([6 * min(0.2496 * day, 6.49) + 6 * min(0.024 * day, 0.6) for day in range(31)])


def test_weekends_are_shaded(result: Any) -> None:
    ax = plots.cost_curve(result)
    shaded = {patch.get_x() + 1 for patch in ax.patches}
    assert shaded == {1, 7, 8, 14, 15, 21, 22, 28, 29}  # of November 2026, which begins on a Sunday


def test_a_curve_without_a_price_says_so(result: Any) -> None:
    table = result.cost_curve.copy()
    numbers = ["amount", "low", "high"]
    table.loc[(table.deployment == "suspend") & (table.day > 3), numbers] = math.nan
    table.loc[table.deployment == "crowded", numbers] = math.nan
    ax = plots.cost_curve(SimpleNamespace(summary=result.summary, cost_curve=table))
    png(ax)
    assert "not drawn: suspend, crowded (no known price)" in texts(ax)
    assert "crowded" not in lines(ax)


def told(**deployments: tuple[Any, Any]) -> Any:
    """A summary of figures alone: cost, then p99 of overhead, each a value, or value, low and high, or a reason."""

    def figure(value: Any) -> dict[str, Any]:
        if isinstance(value, str):
            return {"value": None, "why": value}
        if isinstance(value, tuple):
            return dict(zip(("value", "low", "high"), value, strict=True))
        return {"value": value, "low": None, "high": None}

    return SimpleNamespace(summary={
        "scenario": "little", "prices": "list-2026", "level": 0.95, "replications": 5, "month": "2026-11",
        "deployments": {name: {"cost": {"infrastructure": figure(dollars)}, "overhead_s": {"p99": figure(slow)}}
                        for name, (dollars, slow) in deployments.items()},
    })  # fmt: skip


def test_points_bars_and_frontier() -> None:
    run = told(a=(10.0, 2.0), b=((20.0, 18.0, 23.0), (1.0, 0.8, 1.1)), c=(25.0, 1.5), d=(40.0, 0.5), e=(5.0, "too few"),
               f=("no price", 3.0))
    ax = plots.cost_against(run)
    png(ax)
    points = {name: tuple(line.get_xydata()[0]) for name, line in lines(ax).items() if name in "abcd"}
    assert points == {"a": (10, 2), "b": (20, 1), "c": (25, 1.5), "d": (40, 0.5)}
    assert lines(ax)["frontier"].get_xydata().tolist() == [[10, 2], [20, 1], [40, 0.5]]
    bars = [segment for one in ax.collections if isinstance(one, LineCollection) for segment in one.get_segments()]
    assert sorted(np.round(bar, 9).tolist() for bar in bars) == [[[18, 1], [23, 1]], [[20, 0.8], [20, 1.1]]]
    assert "not drawn: e (too few)" in texts(ax)
    assert "not drawn: f (no price)" in texts(ax)


def test_zero_and_never_have_their_places() -> None:
    ax = plots.cost_against(told(free=(0.0, 0.0), slow=(900.0, 40.0), quick=(3.0, 0.002), broken=(7.0, math.inf)))
    png(ax)
    assert ax.get_yscale() == "symlog"
    assert ax.get_xscale() == "symlog"
    y = {name: float(np.asarray(line.get_ydata())[0]) for name, line in lines(ax).items() if name != "frontier"}
    assert y["free"] == 0
    assert y["broken"] == ax.get_ylim()[1] > 40
    assert ax.get_ylim()[0] < 0
    assert "broken, never" in texts(ax)
    assert lines(ax)["frontier"].get_xydata().tolist() == [[0, 0]]
    assert "none is cheaper or faster than free" in texts(ax)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=10))
def test_the_frontier_is_what_nothing_beats(places: list[tuple[int, int]]) -> None:
    points = [cost.Point(str(number), x, y, None, None) for number, (x, y) in enumerate(places)]
    found = cost.frontier(points)
    kept = {(one.x, one.y) for one in found}
    assert len(kept) == len(found)
    for x, y in places:
        beaten = any((p, q) != (x, y) and p <= x and q <= y for p, q in places)
        assert ((x, y) in kept) == (not beaten)


def test_names_do_not_cover_each_other() -> None:
    run = told(**{f"deployment-{number}": (10.0 + number % 3, 1.0 + number // 3) for number in range(9)})
    ax = plots.cost_against(run)
    png(ax)
    figure = ax.get_figure(root=True)
    assert isinstance(figure, Figure)
    names = [text for text in ax.texts if text.get_text().startswith("deployment")]
    boxes = [text.get_window_extent() for text in names]
    covered = [one.overlaps(other) for number, one in enumerate(boxes) for other in boxes[:number]]
    assert len(boxes) == 9
    assert not any(covered)


def test_a_figure_that_there_is_not(result: Any) -> None:
    with pytest.raises(UnknownName, match=r"did you mean `overhead_s\.p99`"):
        plots.cost_against(result, "overhead.p99")
    with pytest.raises(UnknownName, match=r"unknown figure `cost`"):
        plots.cost_against(result, "overhead_s.p99", "cost")
