"""The figures of a study: which there are, and that they are what the measures say."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim import claims, stats, study
from sim.catalog.prices import Group
from sim.report.terminal import render
from sim.stats import PERCENTILES
from sim.study import Estimates
from sim.trace.waits import CAUSES
from tests.system.support import Tree, base, bind, replications, run, workload

DEPLOYMENTS: Tree = {
    "containers": {"platform": "cloud-run/request-based", "concurrency": 2},
    "machines": {"platform": "fly/machines", "size": "shared-cpu-1x-1gb", "placement": "per-agent"},
    "functions": {"platform": "aws-lambda/arm", "memory": "1024 MiB"},
}
CALLS = [{"llm": {"model": "mid-tier", "input": 2000, "output": 300}}]
NOTHING = {"renewal": {"gap": "9 weeks"}}


@pytest.mark.parametrize("tree", [
    base(deployments=DEPLOYMENTS, replications=2), base(workload=workload(request=CALLS)),
    base(workload=workload(arrivals=NOTHING, agents=1))], ids=["tools", "calls", "nothing"])  # fmt: skip
def test_expectations_may_name_exactly_the_figures_there_are(tree: Tree, folder: Path) -> None:
    for figures in run(tree, folder).estimates.values():
        assert set(figures) == set(claims.dimensions.FIGURES)
        assert len(figures) == len(list(figures)) == len(claims.dimensions.FIGURES)
        assert all(isinstance(figures[name], stats.Estimate) for name in figures)


def test_waits_and_groups_of_the_bill_are_all_among_them() -> None:
    """Whoever adds a cause or a group finds out here that it has no figure."""
    for cause in CAUSES:
        assert f"wait_s.{cause}.p99" in claims.dimensions.FIGURES
    for group in Group:
        assert {f"cost.{group.value}", f"cost.{group.value}.per_agent"} < set(claims.dimensions.FIGURES)
    for percentile in PERCENTILES:
        assert f"latency_s.{percentile}" in claims.dimensions.FIGURES


def test_every_figure_has_a_section_for_each_replication_or_says_why_not(folder: Path) -> None:
    for figures in run(base(deployments=DEPLOYMENTS, replications=6), folder).estimates.values():
        assert {len(figures[name].sections) for name in figures if figures[name].why is None} == {6}


def test_figures_are_where_the_summary_has_them(folder: Path) -> None:
    result = run(base(deployments=DEPLOYMENTS, replications=6), folder)
    for name, figures in result.estimates.items():
        for path in figures:
            part: Any = result.summary["deployments"][name]
            for key in path.split("."):
                part = part[key]
            wanted = figures[path].value
            assert part["value"] == (None if wanted is None or math.isinf(wanted) else wanted), path


def test_the_order_of_asking_does_not_matter(folder: Path) -> None:
    measures = [one.measures["here"] for one in replications(base(replications=5), folder)]
    forth, back = Estimates(measures), Estimates(measures)
    assert {name: forth[name] for name in forth} == {name: back[name] for name in reversed(list(back))}
    assert dict(study.estimates(bind(base(replications=5), folder), replications(base(replications=5), folder))["here"]
                ) == dict(forth)  # fmt: skip
    with pytest.raises(KeyError):
        forth["latency_s"]


def test_figures_are_those_of_the_tables(folder: Path) -> None:
    """A mean and a percentile, from the trace of the one replication, in the plainest way."""
    result = run(base(), folder)
    latency = np.sort((result.requests["ended_us"] - result.requests["arrived_us"]).to_numpy(np.int64))
    assert (result.requests["fate"] == "completed").all()
    figures = result.estimates["here"]
    assert figures["latency_s.mean"].value == pytest.approx(latency.mean() / 1e6, rel=1e-12)
    for name, q in PERCENTILES.items():
        if figures[f"latency_s.{name}"].value is not None:
            rank = math.ceil(Fraction(q) * len(latency))
            assert figures[f"latency_s.{name}"].value == latency[rank - 1] / 1e6
    assert figures["latency_s.p90"].value is not None


# What the sample cannot support


def test_the_terminal_says_why_a_percentile_has_no_interval_or_no_value(folder: Path) -> None:
    """Some 290 requests in each of six replications: enough for p95 of all, not for that of each."""
    result = run(base(replications=6, deployments=DEPLOYMENTS), folder)
    for width in (70, 140):
        text = " ".join(render(result.summary, width=width).split())
        for path in ("overhead_s.p99", "latency_s.p99"):
            why = {str(figures[path].why) for figures in result.estimates.values() if not figures[path].constant}
            assert why and all(one in text for one in why), (why, text)
    assert result.estimates["containers"]["overhead_s.p99"].why == (
        "the interval of p99 needs 1,000 requests in each replication, the smallest has "
        f"{min(len(one.measures['containers'].times['overhead_s']) for one in result._replications):,}")
    assert "p99.9" in str(result.estimates["containers"]["overhead_s.p99_9"].why)


def test_the_terminal_says_that_slow_spells_move_a_percentile(folder: Path) -> None:
    """One server for bursts of half an hour's work: whole replications are slow or are not."""
    slow = base(replications=8, horizon="1 day", deployments={"server": {"platform": "hetzner/cx23", "instances": 1,
                                                                        "concurrency": 1}},
                workload=workload(agents=40, serial=False, arrivals={"poisson": {"rate": "2/h"}},
                                  request=[{"tool": {"wait": "exponential(mean=40 s)"}}]))  # fmt: skip
    result = run(slow, folder)
    why = str(result.estimates["server"]["overhead_s.p95"].why)
    assert "is moved by a few spells of slow requests" in why
    for width in (70, 140):
        assert why in " ".join(render(result.summary, width=width).split())
