"""What follows from a summary, as sentences: rules on its figures, nothing else.

A rule speaks only where the figures carry it: differences within the intervals are not mentioned.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypedDict

from sim.report.numbers import dollars, number, seconds, share

Tree = Mapping[str, Any]

SLOW_PARTS = {
    "turn": ("waiting for the agent's own earlier requests", "shorter requests, or `serial: false`, shorten that line"),
    "queue": ("waiting in a queue", "more instances, or more slots on each, take them out of it"),
    "start": ("waiting for a start", "a minimum of instances, or a longer idle timeout, avoids starts"),
    "wake": ("waiting for a wake", "a longer idle timeout makes wakes rarer"),
    "contention": ("sharing CPU", "fewer slots on an instance, or more CPU, shorten it"),
}
"""What the slowest requests may have been doing, and what helps."""

_HALF = 0.5
_NAMED = 3
_BEYOND = {"p50": 0.5, "p95": 0.05, "p99": 0.01}
_MOSTLY = 0.8
_NOTABLE = 0.001
"""A share of failed or unfinished requests from which on it is mentioned."""


class Advice(TypedDict):
    """One piece of advice: the rule that gave it, and a sentence or two."""

    rule: str
    text: str


def advise(summary: Tree) -> list[Advice]:
    """Derive advice from a summary.

    Parameters
    ----------
    summary : mapping
        As ``summary.json`` holds it.

    Returns
    -------
    list of Advice
        The most pressing first; empty where nothing is to be said.
    """
    return [{"rule": name, "text": text} for name, rule in _RULES.items() for text in rule(summary)]


def _losses(summary: Tree) -> Iterator[str]:
    for name, deployment in summary["deployments"].items():
        failed, unfinished = _lost(deployment)
        if failed > _NOTABLE:
            yield f"{name} fails {share(failed)} of its requests; percentiles count them as endless."
        if unfinished > _NOTABLE:
            yield (
                f"{name} leaves {share(unfinished)} of its requests unfinished: it cannot keep up with the load, and "
                "its figures grow with the horizon."
            )


def _lost(deployment: Tree) -> tuple[float, float]:
    """Return the shares of requests that failed, and that were not finished."""
    requests = {name: figure["value"] for name, figure in deployment["requests"].items()}
    arrived = requests["arrived"] or 1
    return requests["failed"] / arrived, requests["unfinished"] / arrived


def _filling(summary: Tree) -> Iterator[str]:
    found = summary["warmup"]
    if not found["settled"]:
        yield (
            f"The end of the warm-up was not found: {found['why']}. Figures may still depend on how the run began. "
            "Simulate longer, give a `warmup`, or see whether a deployment cannot keep up."
        )


def _precision(summary: Tree) -> Iterator[str]:
    count = summary["replications"]
    for expectation in summary.get("expect", ()):
        if expectation["verdict"] == "inconclusive":
            needed = _replications(expectation, count)
            if needed is None:
                yield f"`{expectation['text']}` cannot be decided: {expectation.get('why') or 'no interval'}."
            elif needed > count:
                yield (
                    f"`{expectation['text']}` is undecided: its interval covers the bound. About {needed:,} "
                    f"replications would decide it, if its value stays (--replications {needed})."
                )
    missing: dict[tuple[str, str], list[str]] = {}
    for name, deployment in summary["deployments"].items():
        untold = [
            percentile
            for percentile, beyond in _BEYOND.items()
            # Where so many were lost that it is endless, the losses have been told.
            if deployment["overhead_s"][percentile]["value"] is None
            and sum(_lost(deployment)) < beyond
        ]
        if untold:
            # Where a percentile cannot be told, those above it cannot either.
            why = deployment["overhead_s"][untold[0]].get("why", "")
            missing.setdefault((untold[0], why), []).append(name)
    for (percentile, why), names in missing.items():
        yield f"{percentile} cannot be told for {_listed(names)}: {why}."


def _replications(expectation: Tree, count: int) -> int | None:
    """How many replications would take the bound out of the interval, which shrinks with their square root."""
    numbers = [expectation.get(key) for key in ("value", "low", "high", "bound")]
    if None in numbers or numbers[0] == numbers[3]:
        return None
    value, low, high, bound = map(float, numbers)  # type: ignore[arg-type]  # none of them is None
    half = value - low if bound < value else high - value
    # A tenth more, so that the bound is not just at the edge; rounded up to two digits, as it is a rough guess.
    guess = max(1.0, count * (half / (value - bound)) ** 2 * 1.1)
    step = int(10 ** max(0, math.floor(math.log10(guess)) - 1))
    return math.ceil(guess / step) * step


def _choice(summary: Tree) -> Iterator[str]:
    places = {
        name: _Place(deployment)
        for name, deployment in summary["deployments"].items()
        if deployment["cost"]["infrastructure"]["value"] is not None
        and deployment["overhead_s"]["p99"]["value"] is not None
    }
    by_cost = sorted(places, key=lambda name: places[name].cost["value"])
    worse: dict[str, list[str]] = {}
    for name in places:
        better = [other for other in by_cost if places[other].beats(places[name])]
        if better:
            worse.setdefault(better[0], []).append(name)
    for best, names in worse.items():
        yield (
            f"{best} beats {_listed(names)}: it costs less and adds less at p99, and it is no worse at p50, at p95 or "
            "in failures."
        )
    steps: list[str] = []
    least = math.inf
    for name in by_cost:
        p99 = places[name].overhead["p99"]["value"]
        if p99 < least:
            least = p99
            steps.append(f"{name} ({dollars(places[name].cost['value'])} a month, p99 {seconds(p99)})")
    if len(steps) > 1:
        yield f"Cost is traded for overhead between {_listed(steps)}, cheapest first."


class _Place:
    """What a deployment is chosen by."""

    def __init__(self, deployment: Tree) -> None:
        self.cost: Tree = deployment["cost"]["infrastructure"]
        self.overhead: Tree = deployment["overhead_s"]
        self.failed: Tree = deployment["failed_fraction"]

    def beats(self, other: _Place) -> bool:
        """Whether it is cheaper and faster than another beyond the intervals, and worse in nothing."""
        pairs = [(self.overhead[one], other.overhead[one]) for one in ("p50", "p95")] + [(self.failed, other.failed)]
        return (
            _below(self.cost, other.cost)
            and _below(self.overhead["p99"], other.overhead["p99"])
            and not any(_below(theirs, ours) for ours, theirs in pairs)
        )


def _slowest(summary: Tree) -> Iterator[str]:
    found: dict[str, list[str]] = {}
    for name, deployment in summary["deployments"].items():
        parts, total = deployment["slowest"], deployment["slowest"]["overhead"]
        if total <= 0:
            continue
        cause = max(SLOW_PARTS, key=lambda part: parts[part])
        if parts[cause] > _HALF * total:
            found.setdefault(cause, []).append(f"{name} ({share(parts[cause] / total)})")
    for cause, names in found.items():
        doing, remedy = SLOW_PARTS[cause]
        yield f"The slowest 1% lose most of their time {doing} on {_listed(names)}; {remedy}."


def _assumptions(summary: Tree) -> Iterator[str]:
    decided = [one["text"] for one in summary.get("expect", ()) if one["verdict"] != "inconclusive"]
    rests = []
    for name, deployment in summary["deployments"].items():
        guesses = [figure["path"] for figure in deployment["rests_on"] if figure["standing"] == "assumed"]
        if guesses and any(_mentions(text, name) for text in decided):
            named = ", ".join(guesses[:_NAMED]) + (" and others" if len(guesses) > _NAMED else "")
            rests.append(f"{len(guesses)} of {name} ({named})")
    if rests:
        yield f"Verdicts rest on assumed figures: {_listed(rests)}. summary.json has the reasons; measure what matters."


def _lines(summary: Tree) -> Iterator[str]:
    deployments = summary["deployments"]
    model = [_fraction(deployment["cost"], "llm") for deployment in deployments.values()]
    parts = [part for part in model if part is not None]
    if parts and min(parts) > _MOSTLY:
        own = [deployment["cost"]["infrastructure"]["value"] for deployment in deployments.values()]
        known = [value for value in own if value is not None]
        yield (
            f"The language model is {share(min(parts))} of the bill or more wherever the whole is known; "
            f"infrastructure costs {dollars(min(known))} to {dollars(max(known))} a month beside it."
        )
    largest: dict[str, list[str]] = {}
    for name, deployment in deployments.items():
        lines = [line for line in deployment["cost"]["lines"] if line["group"] != "llm" and (line["amount"] or 0) > 0]
        whole = math.fsum(line["amount"] for line in lines)
        if len(lines) > 1 and lines[0]["amount"] > _HALF * whole:
            part = share(lines[0]["amount"] / whole)
            largest.setdefault(lines[0]["item"], []).append(f"{name} ({part})")
    if largest:
        told = "; ".join(f"{item} for {_listed(names)}" for item, names in largest.items())
        yield f"One line is most of the cost of infrastructure: {told}."


def _unpriced(summary: Tree) -> Iterator[str]:
    for name, deployment in summary["deployments"].items():
        items = [line for line in deployment["cost"]["lines"] if line["amount"] is None]
        if items:
            used = _listed([f"{line['item']} ({number(line['quantity'])} {line['unit']})" for line in items])
            yield f"{name}: {summary['prices']} has no price for {used}, so there is no total; it is not $0.00."


_RULES: dict[str, Callable[[Tree], Iterator[str]]] = {
    "losses": _losses,
    "filling": _filling,
    "unpriced": _unpriced,
    "precision": _precision,
    "choice": _choice,
    "slowest": _slowest,
    "assumptions": _assumptions,
    "lines": _lines,
}
"""The rules, the most pressing first."""


def _below(one: Tree, other: Tree) -> bool:
    """Whether a figure is below another one beyond their intervals."""
    high, low = one.get("high"), other.get("low")
    return high is not None and low is not None and bool(high < low)


def _fraction(cost: Tree, group: str) -> float | None:
    part, whole = cost[group]["value"], cost["total"]["value"]
    return float(part / whole) if part is not None and whole else None


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w.-]){re.escape(name)}\.", text) is not None


def _listed(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
