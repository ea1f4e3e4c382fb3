"""What all replications say together, in plain values."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from sim import stats
from sim.billing import Line
from sim.scenario import BoundDeployment, Case
from sim.study import asked, backlog
from sim.study.estimates import Estimates, billed
from sim.study.identity import files, identity
from sim.study.measure import Measures
from sim.study.replicate import Replication
from sim.study.stopping import stopping
from sim.units import SECOND, show_duration

PAIRED = ("overhead_s.p50", "overhead_s.p95", "overhead_s.p99", "latency_s.p99", "cost.total", "cost.infrastructure")
"""Figures that are compared with those of the reference."""


def summary(
    case: Case, replications: Sequence[Replication], found: Mapping[str, Estimates], unclear: Sequence[str] = ()
) -> dict[str, Any]:
    """Say a study in plain values, as ``summary.json`` holds them.

    Every figure, counts too, is of one replication on average: requests, work and tokens of its window, costs and
    ``requests.per_month`` of the month. Only ``slowest`` holds sums over all replications, for its shares.

    Parameters
    ----------
    case : Case
    replications : sequence of Replication
    found : mapping of str to Estimates
        The estimates of each deployment.
    unclear : sequence of str
        Expectations that are inconclusive.

    Returns
    -------
    dict
    """
    scenario, level = case.scenario, asked.level(case.scenario)
    return {
        "scenario": scenario.name,
        "about": scenario.about,
        "identity": identity(case),
        "seed": scenario.seed,
        "replications": len(replications),
        "stopping": stopping(case, found, len(replications), unclear),
        "horizon_s": scenario.horizon // SECOND,
        "warmup_s": replications[0].warm_up.length // SECOND,
        "warmup": {name: getattr(replications[0].warm_up, name) for name in ("method", "why", "settled")},
        "month": scenario.month,
        "as_of": scenario.as_of.isoformat(),
        "prices": case.book,
        "agents": scenario.workload.agents,
        "level": level,
        "covers": _covers(case),
        "method": _method(replications),
        "resampled": asked.resampled(scenario),
        "reference": case.reference,
        "deployments": {
            deployment.name: _deployment(
                deployment, billed(replications, deployment.name), found[deployment.name], level, scenario.as_of,
            ) | backlog.told(
                deployment, scenario.workload.agents, [one.loads[deployment.name] for one in replications], level,
                len(case.deployments), asked.resampled(scenario),
            )
            for deployment in case.deployments
        },
        "paired": {
            name: {path: stats.paired_ratio(found[name][path], found[case.reference][path], level) for path in PAIRED}
            for name in found
            if name != case.reference
        },
    }


def _method(replications: Sequence[Replication]) -> str:
    """Say how intervals are made."""
    first, *others = replications
    if others:
        return f"sectioning over {len(replications)} replications"
    windows = first.cut.windows
    if windows:
        return f"batch means of one run, in {len(windows)} batches of {show_duration(windows[0].length)}"
    return "none: " + (first.cut.why or "one replication has no spread to judge by")


def _covers(case: Case) -> str:
    """Say what intervals cover."""
    recorded, arrivals = set(files(case.scenario)), case.scenario.workload.arrivals
    if arrivals.requests is not None:
        recorded -= {arrivals.requests.file}
        blocks, rate = arrivals.requests.blocks, arrivals.requests.rate
        if blocks is None:
            told = "chance of the simulation; arrivals are replayed " + ("as recorded" if rate is None else "at a rate")
        else:
            told = f"chance of the simulation and of which blocks of {show_duration(blocks)} of the recording come"
    elif not asked.resampled(case.scenario):
        begun = [one.spot.trace.file for one in case.deployments
                 if one.spot is not None and one.spot.trace is not None and one.spot.trace.shift == "random"]
        where = " and of where in recorded capacity it begins" if begun else ""
        return f"chance of the simulation{where}" + ("; recorded input as it is" if recorded - {*begun} else "")
    else:
        assert arrivals.sessions is not None  # the schema lets nothing else be resampled
        recorded -= {arrivals.sessions.file}
        told = "chance of the simulation and of which sessions were recorded"
    return told + ("; other recorded input as it is" if recorded else "")


def _deployment(
    deployment: BoundDeployment, measures: Sequence[Measures], found: Estimates, level: float, as_of: date
) -> dict[str, Any]:
    told: dict[str, Any] = {"platform": deployment.platform}
    for path, estimate in found.items():
        _branch(told, path).update(stats.figure(estimate, level))
    told["slowest"] = {part: sum(one.slowest[part] for one in measures) for part in measures[0].slowest}
    told["cost"].update({"currency": "USD", "month": measures[0].invoice.month, "lines": _lines(measures, as_of)})
    told["not_modelled"] = list(deployment.profile.not_modelled)
    told["not_covered"] = list(measures[0].invoice.not_covered)
    told["rests_on"] = [
        {**dataclasses.asdict(figure), "as_of": None if figure.as_of is None else figure.as_of.isoformat()}
        for figure in deployment.rests_on
    ]
    failed = [one.audit for one in measures if not one.audit.passed]
    told["audit"] = (failed[0] if failed else measures[0].audit).summary()
    return told


def _branch(tree: dict[str, Any], path: str) -> dict[str, Any]:
    for key in path.split("."):
        tree = tree.setdefault(key, {})
    return tree


def _lines(measures: Sequence[Measures], as_of: date) -> list[dict[str, Any]]:
    """Lines of the mean bill: largest first, those without a price last. Tiers of a price are lines of their own."""
    made: dict[tuple[Any, ...], list[Line]] = {}
    for one in measures:
        for line in one.invoice.lines:
            made.setdefault((line.group, line.platform, line.item, line.rate), []).append(line)
    lines = [_line(same, len(measures), as_of) for same in made.values()]
    return sorted(lines, key=lambda line: (line["amount"] is None, -(line["amount"] or 0.0)))


def _line(same: Sequence[Line], count: int, as_of: date) -> dict[str, Any]:
    """Make the mean line of so many bills; those that do not have it count as 0."""

    def mean(values: Iterable[Fraction | int]) -> float:
        return float(sum(values, Fraction(0)) / count)

    told = same[0].to_dict()
    told.update(quantity=mean(line.quantity for line in same), free=mean(line.free for line in same),
                billable=mean(line.billable for line in same))
    if told["amount"] is not None:
        told["amount"] = mean(line.amount or 0 for line in same)
    for name in ("instances", "capped", "raised"):
        if told[name] is not None:
            told[name] = mean(getattr(line, name) for line in same)
    told["age_days"] = None if same[0].as_of is None else (as_of - same[0].as_of).days
    return told
