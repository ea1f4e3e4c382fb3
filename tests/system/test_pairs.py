"""Mechanisms compose: random combinations of them, in whole scenarios, give figures that can be true."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings

from sim.api import Result
from sim.billing import Invoice
from sim.catalog.prices import Group
from sim.errors import InputError
from sim.report.document import document
from sim.report.terminal import render
from sim.trace.waits import CAUSES

from .drawn import blind_scenarios, scenarios
from .support import Tree, bind, requests, run, text

QUIET = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large,
         HealthCheck.large_base_example]  # fmt: skip
some = settings(max_examples=40, deadline=None, suppress_health_check=QUIET)
many = settings(some, max_examples=1000)


@some
@given(scenarios())
def test_a_valid_scenario_gives_figures_that_can_be_true(folder: Path, tree: Tree) -> None:
    check(run(tree, folder))


@pytest.mark.nightly
@many
@given(scenarios())
def test_a_valid_scenario_gives_figures_that_can_be_true_nightly(folder: Path, tree: Tree) -> None:
    check(run(tree, folder))


@some
@given(blind_scenarios())
def test_an_invalid_combination_is_told_and_never_raises(folder: Path, tree: Tree) -> None:
    check_if_valid(tree, folder)


@pytest.mark.nightly
@many
@given(blind_scenarios())
def test_an_invalid_combination_is_told_and_never_raises_nightly(folder: Path, tree: Tree) -> None:
    check_if_valid(tree, folder)


def check_if_valid(tree: Tree, folder: Path) -> None:
    try:
        bind(tree, folder)
    except InputError as error:
        event("invalid")
        lines = text(tree).splitlines()
        for problem in error.problems:
            assert problem.message and problem.fix
            assert 1 <= problem.line <= len(lines) and problem.column >= 1
        return
    event("valid")
    check(run(tree, folder))


def check(result: Result) -> None:
    assert result.exit_code in (0, 3, 4)
    summary = json.loads(document(result.summary))
    for width in (60, 100, 140):
        assert render(summary, width=width)
    for bound in result.case.deployments:
        told = summary["deployments"][bound.name]
        assert told["audit"]["passed"], [one for one in told["audit"]["checks"] if not one["passed"]]
        for one in result._replications:
            check_invoice(one.measures[bound.name].invoice)
        check_cost(told, result.case.scenario.workload.agents)
        check_percentiles(told)
        check_requests(result, bound)
        if summary["replications"] == 1:  # the tables are those of the first
            check_figures(result, bound.name, told)
    check_instances(result)
    check_same_demand(result)
    check_folder(result)


def check_folder(result: Result) -> None:
    """What is kept of a run can be read, and the scenario in it is the same scenario."""
    assert len(result.bill) == sum(len(told["cost"]["lines"]) for told in result.summary["deployments"].values())
    assert len(result.latency) == len(result.overhead) == 6 * len(result.case.deployments)
    kept = result.write(result.case.directory / "kept")
    again = bind((kept / "case.yaml").read_text(encoding="utf-8"), result.case.directory)
    assert again.identity == result.case.identity
    assert (kept / "summary.json").read_text(encoding="utf-8") == document(result.summary)
    assert set(json.loads((kept / "invoice.json").read_text(encoding="utf-8"))) == set(result.summary["deployments"])


def check_invoice(invoice: Invoice) -> None:
    for line in invoice.lines:
        assert line.amount is None or line.amount >= 0 or (line.rate is not None and line.rate < 0), line
        assert line.quantity >= 0 and line.free >= 0
        assert line.source and (line.standing if line.amount is not None else line.reason)
    priced = [line for line in invoice.lines if line.amount is not None]
    assert invoice.total() == sum((line.amount for line in priced), Fraction(0))
    assert sum(invoice.total(group) for group in Group) == invoice.total() >= 0


def check_cost(told: Tree, agents: int) -> None:
    cost = told["cost"]
    amounts = [line["amount"] for line in cost["lines"]]
    if None in amounts:
        assert cost["total"]["value"] is None and "no price" in cost["total"]["why"]
        return
    total = cost["total"]["value"]
    assert math.isclose(math.fsum(amounts), total, rel_tol=1e-12, abs_tol=1e-12)
    assert math.isclose(math.fsum(cost[group.value]["value"] for group in Group), total, rel_tol=1e-12, abs_tol=1e-12)
    assert math.isclose(cost["per_agent"]["value"] * agents, total, rel_tol=1e-12)


def check_percentiles(told: Tree) -> None:
    for group in ("latency_s", "overhead_s", "first_step_s", "start_up_s"):
        values = [told[group][name].get("value") for name in ("p50", "p90", "p95", "p99", "p99_9")]
        known = [value for value in values if value is not None]
        assert known == sorted(known), group
    for name in ("cold_start_fraction", "wake_fraction", "failed_fraction", "completed_fraction", "utilisation"):
        value = told[name]["value"]
        assert value is None or 0 <= value <= 1, name
    counts, causes = told["requests"], told["requests"]["failed_by_cause"]
    arrived, failed, *others = (counts[name]["value"] for name in (
        "arrived", "failed", "completed", "abandoned", "unfinished", "coalesced"))  # fmt: skip
    assert math.isclose(arrived, math.fsum([failed, *others]))
    assert math.isclose(failed, math.fsum(figure["value"] for figure in causes.values()))
    work = {name: figure["value"] for name, figure in told["work_s"].items()}
    assert math.isclose(work["offered"], work["useful"] + work["lost"] + work["wasted"] + work["remaining"])


def check_requests(result: Result, bound: Any) -> None:
    table = requests(result, bound.name)
    done = table[table["fate"] == "completed"]
    waited = sum(done[f"{cause}_s"] for cause in ("window", *CAUSES))
    assert np.allclose(waited + done["service_us"] / 1e6, done["latency_s"], rtol=0, atol=1e-5)
    if bound.duration_limit is not None:
        begun = table[table["ended_us"].notna() & table["started_us"].notna()]
        assert begun.empty or (begun["ended_us"] - begun["started_us"]).max() <= bound.duration_limit


def check_figures(result: Result, name: str, told: Tree) -> None:
    """The figures of one replication are those that a person finds in its tables."""
    window = result._replications[0].window
    assert window.length == result.case.scenario.horizon
    assert window.begin == result.summary["warmup_s"] * 1_000_000
    table = requests(result, name)
    in_window = table["arrived_us"].between(window.begin, window.end, inclusive="left")
    assert table["in_window"].equals(in_window.rename("in_window"))
    counted = set(table["request"][in_window])
    table = table[in_window]
    merged = told["requests"]["coalesced"]["value"]
    assert merged == table["coalesced"].sum()
    assert len(table) == told["requests"]["arrived"]["value"] - merged
    each, asked = told["cost"]["per_1000_requests"]["value"], told["requests"]["per_month"]["value"]
    if told["cost"]["total"]["value"] is not None:
        total = told["cost"]["total"]["value"]
        assert asked == 0 if each is None else math.isclose(each * asked / 1000, total, rel_tol=1e-12)
    fates = table["fate"].value_counts()
    every = ("completed", "failed", "abandoned", "unfinished")
    assert all(told["requests"][fate]["value"] == fates.get(fate, 0) for fate in every)
    completed = table["fate"] == "completed"
    for group, column in (("latency_s", "latency_s"), ("overhead_s", "overhead_s")):
        values = np.sort(np.where(completed, table[column], np.inf))
        for percentile, q in (("p50", Fraction(1, 2)), ("p90", Fraction(9, 10)), ("p95", Fraction(19, 20))):
            value = told[group][percentile]["value"]
            expected = values[math.ceil(q * len(values)) - 1] if len(values) else np.inf
            assert value is None or value == expected, (group, percentile)
            assert value is not None or np.isinf(expected) or len(values) < 10 / min(q, 1 - q)
    began = table["started_us"].notna()
    for figure, warmth in (("cold_start_fraction", "cold"), ("wake_fraction", "woken")):
        share = told[figure]["value"]
        assert share == ((table["warmth"] == warmth).sum() / began.sum() if began.any() else None), figure
    attempts = result.attempts[result.attempts["deployment"] == name]
    begun = attempts[attempts["request"].isin(counted)]
    for of in ("in", "cached", "out"):
        assert told["tokens"][of]["value"] == begun[f"tokens_{of}"].sum() == table[f"tokens_{of}"].sum()
    states = result.instances[result.instances["deployment"] == name]
    length = (states["end_us"].clip(upper=window.end) - states["begin_us"].clip(lower=window.begin)).clip(lower=0)
    up, busy, resting = (int(length[states["state"].isin(kinds)].sum()) for kinds in (
        ["starting", "idle", "busy", "draining", "entering", "waking"], ["busy", "draining"], ["resting"]))  # fmt: skip
    assert told["instances"]["mean"]["value"] == float(Fraction(up, window.length))
    assert told["instances"]["resting"]["value"] == float(Fraction(resting, window.length))
    assert told["utilisation"]["value"] == (float(Fraction(busy, up)) if up else None)
    spare = states["opener"].isna() & states["begin_us"].between(window.begin, window.end, inclusive="left")
    opened = states[states["state"].eq("starting") & (states["opener"].isin(counted) | spare)]
    ended = opened["end_us"] < window.end + result.case.scenario.drain
    assert (told["start_up_s"]["mean"]["value"] is not None) == (len(opened) > 0 and ended.all())


def check_instances(result: Result) -> None:
    """No more instances than allowed at one time, and no more requests on one of them than it has slots."""
    for bound in result.case.deployments:
        table = result.instances[result.instances["deployment"] == bound.name]
        for _, spans in table.groupby("pool"):
            most = most_at_once(spans["begin_us"], spans["end_us"])
            assert bound.maximum is None or most <= bound.maximum
        served = requests(result, bound.name)
        served = served[served["started_us"].notna()]
        end = served["ended_us"].fillna(served["started_us"].max() + 1 if len(served) else 0)
        for number, there in served.groupby("instance"):
            assert most_at_once(there["started_us"], end[there.index]) <= bound.concurrency, number


def most_at_once(begin: Any, end: Any) -> int:
    """The largest number of intervals that overlap; one that ends as another begins does not."""
    begin, end = np.asarray(begin, np.int64), np.asarray(end, np.int64)
    begin, end = begin[end > begin], end[end > begin]
    time = np.concatenate((begin, end))
    change = np.repeat((1, -1), len(begin))
    return int(np.cumsum(change[np.lexsort((change, time))]).max(initial=0))


def check_same_demand(result: Result) -> None:
    """Every deployment meets the same arrivals, unless sessions wait for answers; always the same work."""
    tables = [requests(result, bound.name).set_index("request") for bound in result.case.deployments]
    for other in tables[1:]:
        arrivals = result.case.scenario.workload.arrivals
        if arrivals.sessions is None and arrivals.closed is None:
            assert tables[0]["arrived_us"].equals(other["arrived_us"])
        both = tables[0].index.intersection(other.index)
        assert tables[0].loc[both, "service_us"].equals(other.loc[both, "service_us"])
