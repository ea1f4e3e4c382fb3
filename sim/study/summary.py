"""What all replications say together, in plain values."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from sim import stats
from sim.scenario import BoundDeployment, Case
from sim.study import asked
from sim.study.estimates import Estimates
from sim.study.identity import files, identity
from sim.study.measure import Measures
from sim.study.replicate import Replication
from sim.study.stopping import stopping
from sim.units import SECOND

PAIRED = ("overhead_s.p50", "overhead_s.p95", "overhead_s.p99", "latency_s.p99", "cost.total", "cost.infrastructure")
"""Figures that are compared with those of the reference."""


def summary(
    case: Case, replications: Sequence[Replication], found: Mapping[str, Estimates], unclear: Sequence[str] = ()
) -> dict[str, Any]:
    """Say a study in plain values, as ``summary.json`` holds them.

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
        "resampled": asked.resampled(scenario),
        "reference": case.reference,
        "deployments": {
            deployment.name: _deployment(
                deployment, [one.measures[deployment.name] for one in replications], found[deployment.name], level
            )
            for deployment in case.deployments
        },
        "paired": {
            name: {path: stats.paired_ratio(found[name][path], found[case.reference][path], level) for path in PAIRED}
            for name in found
            if name != case.reference
        },
    }


def _covers(case: Case) -> str:
    """Say what intervals cover."""
    recorded = set(files(case.scenario))
    if not asked.resampled(case.scenario):
        return "chance of the simulation" + ("; recorded input as it is" if recorded else "")
    assert case.scenario.workload.arrivals.sessions is not None  # the schema lets nothing else be resampled
    others = recorded - {case.scenario.workload.arrivals.sessions.file}
    return "chance of the simulation and of which sessions were recorded" + (
        "; other recorded input as it is" if others else "")


def _deployment(
    deployment: BoundDeployment, measures: Sequence[Measures], found: Estimates, level: float
) -> dict[str, Any]:
    told: dict[str, Any] = {"platform": deployment.platform}
    for path, estimate in found.items():
        _branch(told, path).update(stats.figure(estimate, level))
    told["slowest"] = {part: sum(one.slowest[part] for one in measures) for part in measures[0].slowest}
    told["cost"].update({"currency": "USD", "month": measures[0].invoice.month, "lines": _lines(measures)})
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


def _lines(measures: Sequence[Measures]) -> list[dict[str, Any]]:
    """Lines of the mean bill: largest first, those without a price last."""
    lines: dict[tuple[str, str, str], dict[str, Any]] = {}
    sums: dict[tuple[str, str, str], list[Fraction]] = {}
    for one in measures:
        for line in one.invoice.lines:
            key = (line.group.value, line.platform, line.item)
            lines.setdefault(key, line.to_dict())
            kept = sums.setdefault(key, [Fraction(0), Fraction(0), Fraction(0)])
            for index, value in enumerate((line.quantity, line.free, line.amount or Fraction(0))):
                kept[index] += value
    for key, told in lines.items():
        quantity, free, amount = (float(value / len(measures)) for value in sums[key])
        told.update(quantity=quantity, free=free, amount=None if told["amount"] is None else amount)
    return sorted(lines.values(), key=lambda line: (line["amount"] is None, -(line["amount"] or 0.0)))
