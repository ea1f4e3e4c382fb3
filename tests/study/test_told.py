"""What a summary tells beside its estimates: causes, parts of latency, lines of the bill, what it rests on."""

from __future__ import annotations

import dataclasses
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.billing import Invoice, Line
from sim.catalog.figures import Standing
from sim.catalog.prices import Group
from sim.study import Estimates
from sim.study.estimates import BatchMeans
from sim.study.summary import _lines
from sim.trace.columns import REFERENCE, REPLICATIONS
from tests.system.support import Tree, base, replications, run, workload

AS_OF = date(2026, 11, 1)


def line(item: str, **given: Any) -> Line:
    one = Line(
        platform="p", charge=item, group=Group.INFRASTRUCTURE, item=item, quantity=Fraction(6), free=Fraction(0),
        billable=Fraction(6), unit="h", rate=Decimal("0.5"), amount=Fraction(3), standing=Standing.VENDOR,
        source="a test", as_of=date(2026, 5, 1), reason=None,
    )  # fmt: skip
    return dataclasses.replace(one, **given)


def bills(*bills: tuple[Line, ...]) -> Any:
    return [SimpleNamespace(invoice=Invoice("2026-11", "test", lines)) for lines in bills]


# Failures


# Two requests of 300 MiB do not fit beside each other into 512 MiB. Each lasts 60 s: on one deployment 10 s are
# allowed, on another there is one slot and no place in the queue.
FAILING: Tree = base(
    workload=workload(request=[{"tool": {"wait": "60 s"}}], memory="300 MiB", serial=False,
                      arrivals={"poisson": {"rate": "20/h"}}),
    deployments={
        "tight": {"platform": "cloud-run/request-based", "memory": "512 MiB", "concurrency": 8, "max_instances": 1},
        "short": {"platform": "cloud-run/request-based", "memory": "512 MiB", "concurrency": 1, "max_duration": "10 s"},
        "full": {"platform": "cloud-run/request-based", "memory": "512 MiB", "concurrency": 1, "max_instances": 1,
                 "queue": 0},
    }, replications=2)  # fmt: skip


def test_failures_are_counted_by_their_cause(folder: Path) -> None:
    found = run(FAILING, folder)
    for name, cause in {"tight": "memory", "short": "duration", "full": "queue_full"}.items():
        requests = found.summary["deployments"][name]["requests"]
        by_cause = requests["failed_by_cause"]
        assert by_cause[cause]["value"] == requests["failed"]["value"] > 0
        assert sum(one["value"] for one in by_cause.values()) == requests["failed"]["value"]
        assert found.estimates[name][f"requests.failed_by_cause.{cause}"].value == requests["failed"]["value"]
    # In the trace of the first replication, by the plainest way.
    failed = found.requests.query("deployment == 'short'")["cause"].eq("duration").sum()
    first = found.replications.query("replication == 0 and deployment == 'short'").set_index("figure")["value"]
    assert first["requests.failed_by_cause.duration"] == failed
    text = " ".join(one["text"] for one in found.summary["advice"])
    for said in ("fail for memory: lower `concurrency` (now 8)", "because they last too long: raise `max_duration` "
                 "(now 10 s)", "because the queue is full: let more of them wait with `queue` (now 0)"):
        assert said in text


# Three numbers apart


MACHINES = base(deployments={
    "machines": {"platform": "fly/machines", "size": "shared-cpu-1x-1gb", "placement": "per-agent"},
    "containers": {"platform": "cloud-run/request-based", "concurrency": 2},
})  # fmt: skip


def test_what_the_caller_felt_and_what_starting_and_waking_took_are_apart(folder: Path) -> None:
    found = run(MACHINES, folder)
    for name, state, path in (("machines", "waking", "wake_up_s"), ("containers", "starting", "start_up_s")):
        # Every change of the instance counts, whether a request waited for it or not.
        spans = found.instances[found.instances["deployment"].eq(name) & found.instances["state"].eq(state)]
        assert len(spans) > 10
        assert found.estimates[name][f"{path}.mean"].value == pytest.approx(spans["duration_s"].mean(), rel=1e-12)
        requests = found.requests[found.requests["deployment"].eq(name) & found.requests["fate"].eq("completed")]
        first = found.estimates[name]["first_step_s.mean"].value
        assert first == pytest.approx(requests["first_step_s"].mean(), rel=1e-12)
        overhead = found.estimates[name]["overhead_fraction"].value
        assert overhead == pytest.approx(requests["overhead_s"].sum() / requests["latency_s"].sum(), rel=1e-12)
    assert found.estimates["machines"]["start_up_s.mean"].value is None
    assert found.estimates["containers"]["wake_up_s.mean"].value is None


# Replications


def test_the_figures_of_each_replication_are_its_own(folder: Path) -> None:
    tree = MACHINES | {"replications": 3}
    found = run(tree, folder)
    frame = found.replications
    assert [(column.name, column.dtype) for column in REFERENCE[REPLICATIONS]] == [
        (name, str(dtype)) for name, dtype in frame.dtypes.items()]
    figures = list(found.estimates["machines"])
    assert len(frame) == 3 * 2 * len(figures)
    wide = frame.pivot(index=["deployment", "figure"], columns="replication", values="value")
    # The same figures as of a run with this replication alone, and means of counts that are those of all.
    alone = run(tree | {"replications": 1}, folder)
    for name, of_all in found.estimates.items():
        for path in figures:
            expected = alone.estimates[name][path].value
            assert wide.loc[(name, path), 0] == pytest.approx(np.nan if expected is None else expected, nan_ok=True)
        for path in ("requests.arrived", "work_s.useful"):
            assert wide.loc[(name, path)].mean() == pytest.approx(of_all[path].value, rel=1e-12)
        assert wide.loc[(name, "cost.total")].mean() == pytest.approx(of_all["cost.total"].value, rel=1e-12)
    assert wide.loc[("machines", "cost.total")].nunique() == 3
    assert np.isnan(wide.loc[("machines", "latency_s.p99_9")]).all()


def test_a_result_shows_what_it_is_in_a_line(folder: Path) -> None:
    found = run(MACHINES | {"expect": ["machines.cost.total > $0", "machines.cost.total < $0"]}, folder)
    found.expectations[0] = dataclasses.replace(found.expectations[0], verdict="holds")
    found.expectations[1] = dataclasses.replace(found.expectations[1], verdict="fails")
    assert repr(found) == "<Result of small: 2 deployments, 1 replication, 2 expectations (1 holds, 1 fails)>"


# The bill


def test_a_sum_without_a_price_names_the_items_of_its_own_group_alone(folder: Path) -> None:
    [one] = replications(base(), folder)
    measures = one.measures["here"]
    unpriced = (line("disk", amount=None, rate=None), line("tokens", amount=None, rate=None, group=Group.LLM))
    known = {name: value for name, value in measures.amounts.items()
             if not name.startswith(("cost.total", "cost.per", "cost.infrastructure", "cost.llm"))}
    changed = dataclasses.replace(measures, amounts=known, invoice=Invoice("2026-11", "test", unpriced))
    # Of one run, too: that it is too short for an interval is no reason for there being no value.
    for found in (Estimates([changed]), BatchMeans(changed, None, "the run is too short")):
        for per in ("", ".per_agent", ".per_1000_requests"):
            assert found[f"cost.infrastructure{per}"].why == "no price is known for disk"
            assert found[f"cost.llm{per}"].why == "no price is known for tokens"
        for path in ("cost.total", "cost.per_agent", "cost.per_1000_requests"):
            assert found[path].why == "no price is known for disk, tokens"


def test_the_lines_of_the_mean_bill_are_means_and_tiers_stay_apart() -> None:
    capped = line("server", instances=3, cap=Decimal("6.49"), capped=1, amount=Fraction(12))
    tier = line("requests", rate=Decimal("0.4"), amount=Fraction(1), free=Fraction(4), billable=Fraction(2))
    other = line("requests", rate=Decimal("0.1"), amount=Fraction(2))
    made = _lines(bills((capped, tier, other), (dataclasses.replace(capped, capped=2, instances=4), tier)), AS_OF)
    assert [(one["item"], one["rate"], one["amount"]) for one in made] == [
        ("server", "0.5", 12.0), ("requests", "0.4", 1.0), ("requests", "0.1", 1.0)]
    server, first, second = made
    assert (server["instances"], server["cap"], server["capped"], server["least"]) == (3.5, "6.49", 1.5, None)
    assert (first["quantity"], first["free"], first["billable"]) == (6.0, 4.0, 2.0)
    # In one bill of two only: a line that is not there is of nothing.
    assert (second["quantity"], second["billable"]) == (3.0, 3.0)


def test_the_age_of_a_price_is_counted_from_the_day_of_the_scenario() -> None:
    old, new = line("old", as_of=date(2025, 11, 1)), line("new", as_of=date(2026, 11, 8))
    made = _lines(bills((old, new, line("none", as_of=None))), AS_OF)
    assert {one["item"]: one["age_days"] for one in made} == {"old": 365, "new": -7, "none": None}


# What it rests on


def test_what_is_left_out_is_told_of_each_deployment(folder: Path) -> None:
    found = run(MACHINES, folder)
    for deployment in found.case.deployments:
        told = found.summary["deployments"][deployment.name]
        assert told["not_modelled"] == list(deployment.profile.not_modelled) != []
        assert told["not_covered"] != []
        # No model is called: what its price leaves out is of no matter here.
        assert not any("prompt cache" in text for text in told["not_covered"])
        guesses = [figure for figure in told["rests_on"] if figure["standing"] == "assumed"]
        assert guesses and all(figure["reason"] for figure in guesses)
    calls = base(workload=workload(request=[{"llm": {"model": "mid-tier", "input": 2000, "output": 300}}]))
    told = run(calls, folder).summary["deployments"]["here"]
    assert any("prompt cache" in text for text in told["not_covered"])
