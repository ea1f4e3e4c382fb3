"""Figures against an axis: that lines, bands and turns are those of the sweep."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import sim
from sim import plots
from sim.api import Sweep
from sim.errors import AdvisedError, UnknownName
from sim.report.plots import varied

SCENARIO = """
name: swept
as_of: 2026-11-01
month: 2026-11
horizon: 1 day
seed: 2
replications: 3
workload:
  agents: 4
  arrivals: {poisson: {rate: 1/h}}
  request:
    - tool: {wait: "lognormal(mean=60 s, p95=150 s)"}
  memory: 50 MiB
deployments:
  server: {platform: hetzner/cx23, placement: per-agent, instances: 1, concurrency: 1}
  suspend: {platform: fly/machines, size: shared-cpu-2x-2gb, placement: per-agent, max_instances: 1, concurrency: 1}
axes:
  load: {path: workload.arrivals.poisson.rate, values: [1/h, 4/h, 30/h]}
  idle_timeout: {path: deployments.suspend.idle_timeout, values: [5 min, 10 s]}
"""
FIGURES = ("cost.infrastructure", "cost.infrastructure.per_agent", "overhead_s.p50", "wake_fraction", "memory_mb",
           "instances.mean", "overhead_s.p99")  # fmt: skip


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    path = tmp_path_factory.mktemp("swept") / "swept.yaml"
    path.write_text(SCENARIO)
    found = sim.load(path).run(workers=1)
    assert isinstance(found, Sweep)
    return found


def lines(ax: Axes) -> dict[str, np.ndarray]:
    return {str(line.get_label()): np.asarray(line.get_xydata()) for line in ax.lines}


def texts(ax: Axes) -> str:
    return "\n".join(text.get_text() for text in (*ax.texts, ax.xaxis.label, ax.yaxis.label, ax._left_title,
                                                  *ax.get_xticklabels()))  # fmt: skip


@pytest.mark.parametrize("figure", FIGURES)
def test_lines_and_bands_are_the_frame(figure: str, sweep: Sweep) -> None:
    ax = plots.against(sweep, "load", figure, at={"idle_timeout": "5 min"})
    frame = sweep.figures.query("figure == @figure and idle_timeout == '5 min'")
    for number, name in enumerate(("server", "suspend")):
        rows = frame[frame.deployment == name]
        drawn = lines(ax)[name]
        assert drawn[:, 0] == pytest.approx(np.array([1, 4, 30]) / 3600), "requests a second"
        assert drawn[:, 1] == pytest.approx(rows.value.to_numpy(), nan_ok=True)
        if rows.high.notna().all():
            band = ax.collections[number].get_paths()[0].vertices[:, 1]
            assert (band.min(), band.max()) == pytest.approx((rows.low.min(), rows.high.max()))


def test_values_are_drawn_in_their_order(sweep: Sweep) -> None:
    ax = plots.against(sweep, "idle_timeout", "wake_fraction", at={"load": "30/h"})
    rows = sweep.figures.query("figure == 'wake_fraction' and deployment == 'suspend' and load == '30/h'")
    told = rows.set_index("idle_timeout").value
    assert told["5 min"] < told["10 s"]
    assert lines(ax)["suspend"] == pytest.approx(np.array([[10, told["10 s"]], [300, told["5 min"]]]))


def made_up(figure: str, **deployments: list[float | None]) -> Any:
    """A sweep over 1, 2, 3 ... with one figure of each deployment."""
    def told(value: float | None) -> dict[str, Any]:
        return {"value": None, "why": "too few"} if value is None else {"value": value, "low": None, "high": None}

    cases = [{"case": {"load": number + 1}, "prices": "list-2026", "level": 0.95,
              "deployments": {name: {figure: told(values[number])} for name, values in deployments.items()}}
             for number in range(3)]  # fmt: skip
    axes = {"load": {"path": "workload.agents", "values": [1, 2, 3]}}
    return SimpleNamespace(summary={"scenario": "made-up", "replications": 1, "axes": axes, "cases": cases})


def test_only_of_costs_and_times_the_lowest_is_the_best() -> None:
    crossing: dict[str, list[float | None]] = {"a": [0.1, 0.2, 0.3], "b": [0.25, 0.25, 0.25]}
    assert "→" not in texts(plots.against(made_up("utilisation", **crossing), "load", "utilisation"))
    assert "a → b at 3" in texts(plots.against(made_up("start_up_s", **crossing), "load", "start_up_s"))


def test_gaps_say_why() -> None:
    ax = plots.against(made_up("start_up_s", a=[1.0, None, 3.0], b=[None] * 3), "load", "start_up_s")
    assert "not drawn: a in parts, b (too few)" in texts(ax)
    assert [text.get_text() for text in ax.texts if text.get_text() in "ab"] == ["a"], "b has no end to be named at"


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize("axis", ["load", "idle_timeout"])
def test_it_says_what_it_shows(axis: str, figure: str, sweep: Sweep) -> None:
    at = {"idle_timeout": "10 s"} if axis == "load" else {"load": "4/h"}
    given = Figure(figsize=(6, 4)).add_subplot()
    assert plots.against(sweep, axis, figure, at=at, ax=given) is given
    ax = plots.against(sweep, axis, figure, at=at)
    assert len(ax._repr_png_()) > 5000  # type: ignore[attr-defined]
    assert any(f"({unit})" in ax.get_ylabel() for unit in ("USD", "s", "%", "MB", "number"))
    assert f"{next(iter(at))}={next(iter(at.values()))}" in texts(ax)
    assert ("workload.arrivals.poisson.rate" if axis == "load" else "suspend.idle_timeout") in ax.get_xlabel()
    shown = [label.get_text() for label in ax.get_xticklabels()]
    assert shown == (["1/h", "4/h", "30/h"] if axis == "load" else ["10 s", "5 min"]), "as they are written"
    figure_ = ax.get_figure(root=True)
    assert isinstance(figure_, Figure)
    for text in (one for one in (*ax.texts, ax._left_title) if one.get_text()):
        box = text.get_window_extent()
        assert -1 < box.x0 < box.x1 < 801, text
        assert -1 < box.y0 < box.y1 < figure_.get_size_inches()[1] * 100 + 1, text


def test_units_and_scales(sweep: Sweep) -> None:
    at = {"idle_timeout": "5 min"}
    cost = plots.against(sweep, "load", "cost.infrastructure.per_agent", at=at)
    assert cost.get_ylabel() == "infrastructure cost per agent, a month (USD)"
    assert cost.get_xscale() == "log", "1 and 30 an hour are of different size"
    assert plots.against(sweep, "load", "wake_fraction", at=at).get_ylim()[1] == pytest.approx(1.05)
    assert plots.against(sweep, "idle_timeout", "overhead_s.p50", at={"load": "1/h"}).get_ylabel() == (
        "p50 of overhead (s)")


def test_what_is_missing_says_why(sweep: Sweep) -> None:
    ax = plots.against(sweep, "load", "overhead_s.p99", at={"idle_timeout": "5 min"})
    why = sweep.figures.query("figure == 'overhead_s.p99' and deployment == 'server' and load == '1/h'").why.iloc[0]
    assert "1,000 requests" in why
    assert " ".join(texts(ax).split()).count("p99 needs 1,000 requests") == 1


def test_the_turn_is_where_the_lines_cross(sweep: Sweep) -> None:
    ax = plots.against(sweep, "load", "cost.infrastructure", at={"idle_timeout": "5 min"})
    server, suspend = lines(ax)["server"], lines(ax)["suspend"]
    assert suspend[0, 1] < server[0, 1] < suspend[2, 1]
    marked = next(text.get_text() for text in ax.texts if "→" in text.get_text())
    assert marked.startswith("suspend → server at ")
    at = float(marked.removeprefix("suspend → server at ").removesuffix("/h")) / 3600
    y = [np.interp(np.log(at), np.log(line[:, 0]), np.log(line[:, 1])) for line in (server, suspend)]
    # The number has three digits; the scale of costs may be linear, where lines between points are other ones.
    straight = [np.interp(np.log(at), np.log(line[:, 0]), line[:, 1]) for line in (server, suspend)]
    compared = y if ax.get_yscale() == "log" else straight
    assert compared[0] == pytest.approx(compared[1], rel=0.02)
    assert "dotted: where the lowest changes" in " ".join(texts(ax).split())
    alone = plots.against(sweep, "load", "cost.infrastructure", deployments=["server"], at={"idle_timeout": "5 min"})
    assert "→" not in texts(alone)
    fraction = plots.against(sweep, "load", "wake_fraction", at={"idle_timeout": "5 min"})
    assert "→" not in texts(fraction), "a lower fraction of wakes is not better or worse"


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=6))
def test_turns_are_found_where_the_lowest_changes(points: list[tuple[int, int, int]]) -> None:
    x = np.arange(len(points), dtype=float)
    table = np.array(points, float).T
    found = varied.flips(x, dict(zip("abc", table, strict=True)))
    for at, before, after in found:
        left = min(int(at), len(x) - 2)
        one, other = (np.interp(at, x, table["abc".index(name)]) for name in (before, after))
        assert one == pytest.approx(other)
        assert table["abc".index(before), left] == table[:, left].min()
        assert table["abc".index(after), left + 1] == table[:, left + 1].min()
    for left in range(len(x) - 1):
        lowest = [set(np.flatnonzero(table[:, end] == table[:, end].min())) for end in (left, left + 1)]
        turns = sum(left < at < left + 1 for at, *_ in found)
        assert turns == (not lowest[0] & lowest[1]), "one that is the lowest at both ends is so between them"
    assert all(at % 1 for at, *_ in found), "never at a point itself"


def test_a_line_with_a_gap_is_no_candidate_there() -> None:
    x = np.array([0.0, 1.0, 2.0])
    lines_ = {"a": np.array([1.0, math.nan, 1.0]), "b": np.array([5.0, 5.0, 5.0]), "c": np.array([4.0, 6.0, 7.0])}
    assert varied.flips(x, lines_) == [(0.5, "c", "b")]


@pytest.mark.parametrize(("values", "at", "between"), [
    ([1, 10], [1, 10], (4.2, "5")),
    ([0.5, 1.5], [0.5, 1.5], (1.25, "1.25")),
    (["1 min", "30 s"], [60, 30], (45, "45.0 s")),
    (["2/h", "1/min"], [2 / 3600, 1 / 60], (3 / 3600, "3.00/h")),
    (["5%", "20%"], [0.05, 0.2], (0.1, "10.0%")),
    (["$2", "$0.50"], [2, 0.5], (1.25, "$1.25")),
    (["1 GiB", "512 MiB"], [2**30, 2**29], (3 * 2**28, "768 MiB")),
    (["late", "early"], [0, 1], None),
    ([True, False], [0, 1], None),
    (["1 min", "2/h"], [0, 1], None),
])  # fmt: skip
def test_values_are_read_as_amounts(values: list[Any], at: list[float], between: tuple[float, str] | None) -> None:
    found = varied.numbers(values)
    assert found.at == pytest.approx(np.array(at, float))
    assert found.text[0] == ("true" if values[0] is True else str(values[0]))
    if between is None:
        assert found.show is None
    else:
        assert found.show is not None
        assert found.show(between[0]) == between[1]


def test_what_cannot_be_drawn_is_refused(sweep: Sweep) -> None:
    with pytest.raises(UnknownName, match="did you mean `load`"):
        plots.against(sweep, "laod", at={"idle_timeout": "5 min"})
    with pytest.raises(UnknownName, match="did you mean `suspend`"):
        plots.against(sweep, "load", deployments=["supsend"], at={"idle_timeout": "5 min"})
    with pytest.raises(UnknownName, match=r"did you mean `overhead_s\.p99`"):
        plots.against(sweep, "load", "overhead.p99", at={"idle_timeout": "5 min"})
    with pytest.raises(AdvisedError, match="the sweep has also the axis `idle_timeout`"):
        plots.against(sweep, "load")
    with pytest.raises(AdvisedError, match="never is '5 s'"):
        plots.against(sweep, "load", at={"idle_timeout": "5 s"})


def test_a_sweep_is_no_result_and_a_result_no_sweep(sweep) -> None:
    with pytest.raises(AdvisedError, match=r"this is a sweep of \d+ cases, and not a result; draw one of"):
        plots.latency(sweep)
    (first, *_) = sweep.results.values()
    with pytest.raises(AdvisedError, match="this result is of one case, so there is no axis"):
        plots.against(first, "load")
    assert repr(sweep).startswith(f"<Sweep of {sweep.scenario.name}: ") and "a result of each case" in repr(sweep)
