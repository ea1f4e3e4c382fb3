"""What all replications say together: estimates by path, and the summary made of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from sim import stats
from sim.scenario import BoundDeployment, Case
from sim.stats import INFINITE, Estimate
from sim.study.identity import identity
from sim.study.measure import Measures
from sim.study.replicate import Replication

SECOND = 1_000_000

PAIRED = ("overhead_s.p50", "overhead_s.p95", "overhead_s.p99", "latency_s.p99", "cost.total", "cost.infrastructure")
"""Figures that are compared with those of the reference."""

EXACT = ("requests", "work_s")
"""Counts over all replications: told as plain numbers."""

COSTS = ("cost.total", "cost.infrastructure", "cost.llm", "cost.orchestration", "cost.labour")


def estimates(measures: Sequence[Measures]) -> dict[str, Estimate]:
    """Estimate every figure of a deployment.

    Parameters
    ----------
    measures : sequence of Measures
        Of one deployment, in order of replication.

    Returns
    -------
    dict of str to Estimate
        By path, such as ``overhead_s.p99`` or ``cost.infrastructure.per_agent``.
    """
    found: dict[str, Estimate] = {}
    for name in measures[0].times:
        times = [one.times[name] for one in measures]
        found[f"{name}.mean"] = _mean(times)
        for percentile, estimate in stats.percentiles(times, unit=SECOND).items():
            found[f"{name}.{percentile}"] = estimate
    for name in measures[0].ratios:
        tops, bottoms = zip(*(one.ratios[name] for one in measures), strict=True)
        found[name] = stats.ratio(tops, bottoms)
    for name in {name: None for one in measures for name in one.amounts}:
        if all(name in one.amounts for one in measures):
            found[name] = stats.mean([one.amounts[name] for one in measures])
    unpriced = sorted({item for one in measures for item in one.invoice.unpriced})
    for group in COSTS:
        for name in (group, f"{group.removesuffix('.total')}.per_agent", f"{group.removesuffix('.total')}.per_1000_requests"):
            if name not in found:
                why = f"no price is known for {', '.join(unpriced)}" if unpriced else "there were no requests"
                found[name] = Estimate(None, (), why)
    found["instances.max"] = stats.exact(max(one.most_instances for one in measures))
    requests = _totals(measures, ("completed", "failed", "unfinished"))
    for name, count in {**requests, "arrived": sum(requests.values())}.items():
        found[f"requests.{name}"] = stats.exact(count)
    for name, time in _totals(measures, ("offered", "useful", "lost", "wasted", "remaining")).items():
        found[f"work_s.{name}"] = stats.exact(time / SECOND)
    return found


def _mean(times: Sequence[np.ndarray[Any, np.dtype[np.int64]]]) -> Estimate:
    missing = sum(int((values == INFINITE).sum()) for values in times)
    if missing:
        return Estimate(None, (), f"{missing:,} of {sum(map(len, times)):,} requests did not complete")
    return stats.ratio([stats.total(values) for values in times], [len(values) for values in times], SECOND)


def summary(
    case: Case, replications: Sequence[Replication], found: Mapping[str, Mapping[str, Estimate]]
) -> dict[str, Any]:
    """Say a study in plain values, as ``summary.json`` holds them.

    Parameters
    ----------
    case : Case
    replications : sequence of Replication
    found : dict of str to dict of str to Estimate
        The estimates of each deployment.

    Returns
    -------
    dict
    """
    scenario = case.scenario
    return {
        "scenario": scenario.name,
        "about": scenario.about,
        "identity": identity(case),
        "seed": scenario.seed,
        "replications": len(replications),
        "horizon_s": scenario.horizon // SECOND,
        "month": scenario.month,
        "as_of": scenario.as_of.isoformat(),
        "prices": case.book,
        "agents": scenario.workload.agents,
        "level": stats.LEVEL,
        "covers": "chance of the simulation; recorded input as it is",
        "reference": case.reference,
        "deployments": {
            deployment.name: _deployment(
                deployment, [one.measures[deployment.name] for one in replications], found[deployment.name]
            )
            for deployment in case.deployments
        },
        "paired": {
            name: {path: stats.paired_ratio(found[name][path], found[case.reference][path]) for path in PAIRED}
            for name in found
            if name != case.reference
        },
    }


def _deployment(
    deployment: BoundDeployment, measures: Sequence[Measures], found: Mapping[str, Estimate]
) -> dict[str, Any]:
    told: dict[str, Any] = {"platform": deployment.platform}
    for path, estimate in found.items():
        _branch(told, path).update(stats.figure(estimate))
    for name in EXACT:
        told[name].update({key: value["value"] for key, value in told[name].items() if key != "per_month"})
    told["slowest"] = _totals([one.slowest for one in measures], tuple(measures[0].slowest))
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


def _totals(measures: Sequence[Any], names: Sequence[str]) -> dict[str, int]:
    counts = [one.counts if isinstance(one, Measures) else one for one in measures]
    return {name: sum(one[name] for one in counts) for name in names}


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
