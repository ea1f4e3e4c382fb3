"""What follows from a summary, as sentences: rules on its figures, nothing else.

A rule speaks only where the figures carry it: differences within the intervals are not mentioned.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypedDict

from sim.report.basis import STALE, ages
from sim.report.bill import used
from sim.report.numbers import dollars, given, seconds, share, significant

Tree = Mapping[str, Any]

SLOW_PARTS = {
    "retry": ("in earlier attempts and between them", "fewer failures and timeouts shorten that"),
    "turn": ("waiting for the agent's own earlier requests", "shorter requests, or `serial: false`, shorten that line"),
    "queue": ("waiting in a queue", "more instances, or more slots on each, take them out of it"),
    "start": ("waiting for a start", "a minimum of instances, or a longer idle timeout, avoids starts"),
    "wake": ("waiting for a wake", "a longer idle timeout makes wakes rarer"),
    "interruption": ("being interrupted, and doing work again", "checkpoints, more zones, or a fall-back to on demand "
                     "make less of it"),
    "provider": ("the provider's queue", "a provider or plan with more calls at once, shortens it"),
    "backoff": ("trying calls again", "higher rate limits, or fewer calls at once, shorten it"),
    "contention": ("sharing CPU", "fewer slots on an instance, or more CPU, shorten it"),
}
"""What the slowest requests may have been doing, and what helps."""
OF_ITS_OWN = {
    "queue": "more slots on an instance, or shorter requests, take them out of it",
    "start": "a longer idle timeout makes starts rarer",
}
"""What helps instead where each agent or session has one instance of its own, and more cannot be had."""


class Cause(NamedTuple):
    """Why requests fail: in a word, within a sentence, and what helps on a deployment."""

    short: str
    told: str
    fix: Callable[[Tree], str]


def _more_memory(deployment: Tree) -> str:
    larger = "more `memory` or a larger `size`"
    if _set(deployment, "concurrency") == "1":
        return f"take {larger}"
    return f"lower `concurrency`{_now(deployment, 'concurrency')}, or take {larger}"


def _more_room(deployment: Tree) -> str:
    pool = "" if _own(deployment) else f" or `max_instances`{_now(deployment, 'max_instances', 'instances', 'maximum')}"
    return (f"let more of them wait with `queue`{_now(deployment, 'queue')}, or raise `concurrency`"
            f"{_now(deployment, 'concurrency')}{pool}")


def _more_time(deployment: Tree) -> str:
    return (f"raise `max_duration`{_now(deployment, 'max_duration', 'duration')} if the platform lets you, make "
            "requests shorter, or choose a platform that lets them last")


def _smaller(_: Tree) -> str:
    return "send what is large another way, such as by a link to storage"


def _longer_life(_: Tree) -> str:
    return "let instances drain (`at_lifetime: drain`), or make what fails able to go on elsewhere"


def _longer_timeout(deployment: Tree) -> str:
    if (deployment.get("wasted_fraction", {}).get("value") or 0.0) > HOPELESS:
        return ("most of what it does is for nobody, and retries keep it so: let few wait with `queue`"
                f"{_now(deployment, 'queue')}, cancel what is given up (`cancels` of `callers`), or give retries a "
                "`budget`")
    return "let callers wait longer (`timeout` of `callers`), give them more attempts, or make answers faster"


def _often_taken(_: Tree) -> str:
    return "let them go on more often, from a checkpoint or a finished step, or take instances that last longer"


def _other_provider(_: Tree) -> str:
    return "raise the limits of the model (`provider`), fall back to another, or try longer"


def _closed_breaker(_: Tree) -> str:
    return "see to what fails before it opens, or let it look at more calls or open for less long"


def _larger_instance(deployment: Tree) -> str:
    return (f"let requests need fewer `slots`, raise `concurrency`{_now(deployment, 'concurrency')}, or take more "
            "`memory`")


CAUSES = {
    "queue_full": Cause("queue", "because the queue is full", _more_room),
    "memory": Cause("memory", "for memory", _more_memory),
    "duration": Cause("duration", "because they last too long", _more_time),
    "payload": Cause("payload", "because they are too large", _smaller),
    "lifetime": Cause("lifetime", "because their instance is at the end of its life", _longer_life),
    "timeout": Cause("timed out", "because their callers give up on them", _longer_timeout),
    "breaker": Cause("breaker", "because a circuit breaker keeps them away", _closed_breaker),
    "too_large": Cause("too large", "because no instance has room for them", _larger_instance),
    "interrupted": Cause("interrupted", "because their instance is taken too often", _often_taken),
    "provider": Cause("provider", "because a call of a language model fails for good", _other_provider),
}
"""Why requests fail, by the name of the cause in a summary."""

HOPELESS = 0.5
"""Part of the time on instances that serves attempts in vain, from which on more of them only make it worse."""

NEGLIGIBLE = 0.05
"""Part of their own latency that the slowest 1% must lose to a platform for advice on it.

People tell two lengths of time apart from about a tenth on (Weber's law, for seconds and longer). Half of that is on
the safe side, and the slowest 1% are the worst case: what is too little to be noticed there is less everywhere else.
"""

_HALF = 0.5
_NAMED = 3
_BEYOND = {"p50": 0.5, "p95": 0.05, "p99": 0.01}
_MOSTLY = 0.8
_FULL = 0.95
"""Work offered beyond this part of what there is leaves no room for chance."""
_NOTABLE = 0.001
"""A share of failed or unfinished requests from which on it is mentioned."""
_MINOR = 0.1
"""A cause of fewer failures than this part of them all is not mentioned."""


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
    if not any_arrived(summary):
        return []  # nothing happened: nothing follows
    return [{"rule": name, "text": text} for name, rule in _RULES.items() for text in rule(summary)]


def _losses(summary: Tree) -> Iterator[str]:
    for name, deployment in summary["deployments"].items():
        failed, unfinished = _lost(deployment)
        if failed > _NOTABLE:
            requests = deployment["requests"]
            for cause, count in by_cause(deployment):
                if count > _MINOR * requests["failed"]["value"]:
                    why = CAUSES[cause]
                    yield (f"{name}: {share(count / requests['arrived']['value'])} of requests fail {why.told}: "
                           f"{why.fix(deployment)}. Percentiles count them as endless.")
        if unfinished > _NOTABLE:
            yield (
                f"{name} leaves {share(unfinished)} of its requests unfinished: it cannot keep up with the load, and "
                "its figures grow with the horizon."
            )


def _overload(summary: Tree) -> Iterator[str]:
    """Say where requests pile up: percentiles there look like any others, and mean nothing."""
    for name, deployment in summary["deployments"].items():
        backlog = deployment["backlog"]
        if backlog["growing"]:
            before, after, least, most = map(significant, (
                backlog["before"]["value"], backlog["after"]["value"], backlog["growth"]["low"],
                backlog["growth"]["high"]))
            yield (
                f"{name}: requests pile up. On average {after} are late in the later part of the window, {before} in "
                f"the earlier ({least} to {most} more). {_offered(deployment)}. Its figures and its bill depend on how "
                "long is simulated."
            )


def _offered(deployment: Tree) -> str:
    """Say how much work a deployment is offered of what it can do, and how much of its time is used."""
    scarce, parts = False, []
    for key, unit in (("slots", "slots"), ("cores", "cores of CPU")):
        value, most = deployment["offered"][key]["value"], deployment["offered"][key]["most"]
        if most is not None and value:
            scarce |= value > _FULL * most
            parts.append(f"{significant(value)} of {most:,g} {unit}")
    used_up = deployment["utilisation"]["value"]
    busy = f"; instances that are up serve a request {share(used_up)} of the time" if used_up is not None else ""
    offered = f"is offered work for {_listed(parts)}" if parts else "may have as many instances as it needs"
    if scarce:
        return f"It is overloaded: {offered.removeprefix('is ')}{busy}. Give it more, or fewer requests"
    return (f"It {offered}{busy}: agents may ask for more than they can have one after another, the load may rise, "
            "or the run may not have settled, which a longer `warmup` or horizon would show")


def by_cause(deployment: Tree) -> list[tuple[str, float]]:
    """Return why requests failed and how many, the most first."""
    causes = {cause: figure["value"] for cause, figure in deployment["requests"]["failed_by_cause"].items()}
    return sorted(causes.items(), key=lambda pair: -pair[1])


def any_arrived(summary: Tree) -> bool:
    """Tell whether there was any request."""
    return any(deployment["requests"]["arrived"]["value"] for deployment in summary["deployments"].values())


def _lost(deployment: Tree) -> tuple[float, float]:
    """Return the shares of requests that failed, and that were not finished."""
    requests = deployment["requests"]
    arrived = requests["arrived"]["value"] or 1
    return requests["failed"]["value"] / arrived, requests["unfinished"]["value"] / arrived


def _filling(summary: Tree) -> Iterator[str]:
    found = summary["warmup"]
    if not found["settled"]:
        yield (
            f"The end of the warm-up was not found: {found['why']}. Figures may still depend on how the run began. "
            "Simulate longer, give a `warmup`, or see whether a deployment cannot keep up."
        )


def _left_over(summary: Tree) -> Iterator[str]:
    """Say where a run that begins empty leaves notably more instances than it found."""
    parts = {name: one["left_over"]["value"] or 0.0 for name, one in summary["deployments"].items()}
    told = [f"{name} ({share(part)})" for name, part in parts.items() if part > NEGLIGIBLE]
    if summary["warmup_s"] == 0 and told:
        yield (
            f"The run begins with nobody in it, and nothing is left out (`warmup: 0 s`), but instances live on at its "
            f"end: of their time, these parts are of instances that it opened and did not see end: {_listed(told)}. In "
            "a month that follows others, as much again is left over from before and costs money: give a `warmup` as "
            "long as instances live, or `auto`."
        )


def _missed(summary: Tree) -> Iterator[str]:
    """Say which figures are not as precise as asked for, after as many replications as there may be."""
    missed = [one for one in summary.get("stopping", {}).get("precision", ()) if not one["reached"]]
    told = [f"{one['figure']} (±{share(one['half_width'])}, asked {share(one['asked'])})"
            if one["half_width"] is not None else f"{one['figure']} ({one['why']})" for one in missed]
    if told:
        more = f", and {len(told) - _NAMED} more" if len(told) > _NAMED else ""
        yield (f"Not as precise as asked for, after {summary['replications']} replications: "
               f"{_listed(told[:_NAMED])}{more}; raise `max_replications`, or simulate longer.")


def _precision(summary: Tree) -> Iterator[str]:
    yield from _missed(summary)
    yield from _undecided(summary)
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


def _undecided(summary: Tree) -> Iterator[str]:
    """Say what would decide expectations: of each by itself where they are few."""
    count = summary["replications"]
    unclear = [one for one in summary.get("expect", ()) if one["verdict"] == "inconclusive"]
    needed = [(_replications(one, count), one) for one in unclear]
    without = [one for more, one in needed if more is None]
    more = sorted((more, one["text"]) for more, one in needed if more is not None and more > count)
    if len(without) > _NAMED:
        yield f"{len(without)} expectations cannot be decided; the line below each says why."
    else:
        yield from (f"`{one['text']}` cannot be decided: {one.get('why') or 'no interval'}." for one in without)
    if len(more) > _NAMED:
        middle, most = more[(len(more) - 1) // 2][0], more[-1][0]
        yield (f"{len(more)} expectations are undecided: their intervals cover their bounds. If values stay, about "
               f"{middle:,} replications would decide half of them, {most:,} all (--replications {most}).")
        return
    for replications, text in more:
        yield (f"`{text}` is undecided: its interval covers the bound. About {replications:,} replications would "
               f"decide it, if its value stays (--replications {replications}).")


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
    # Of places that cost the same, the one that adds less comes first.
    by_cost = sorted(places, key=lambda name: (places[name].cost["value"], places[name].overhead["p99"]["value"]))
    yield from _cost_alone(places, by_cost)
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
            # Less than what is negligible is not worth paying for.
            least = 0.0 if places[name].negligible else p99
            steps.append(f"{name} ({dollars(places[name].cost['value'])} a month, p99 {seconds(p99)})")
    if len(steps) > 1:
        yield f"Cost is traded for overhead between {_listed(steps)}, cheapest first."


def _cost_alone(places: Mapping[str, _Place], by_cost: Sequence[str]) -> Iterator[str]:
    """Name the cheapest of the places whose overhead nobody notices."""
    alike = [name for name in by_cost if places[name].negligible]
    failing = [places[name].failed for name in alike]
    sound = [name for name in alike if not any(_below(other, places[name].failed) for other in failing)]
    if len(alike) > 1 and sound:
        part = given(NEGLIGIBLE, "share")
        yield (f"On {_listed(alike)} even the slowest 1% lose under {part} of their time to the platform, so cost "
               f"decides: {sound[0]} is the cheapest of them, {dollars(places[sound[0]].cost['value'])} a month."
               f"{_first_steps({name: places[name].first_step for name in alike})}")


def _first_steps(found: Mapping[str, Tree]) -> str:
    """Say where the first step comes notably later: a small part of the whole may be a large one of that."""
    known = {name: figure["value"] for name, figure in found.items() if figure["value"] is not None}
    if not known:
        return ""
    soon, late = min(known, key=known.__getitem__), max(known, key=known.__getitem__)
    if known[late] <= known[soon] * (1 + NEGLIGIBLE):
        return ""
    return (f" Who waits for the first step notices more: half of these take up to {seconds(known[soon])} on {soon}, "
            f"{seconds(known[late])} on {late}.")


class _Place:
    """What a deployment is chosen by."""

    def __init__(self, deployment: Tree) -> None:
        self.cost: Tree = deployment["cost"]["infrastructure"]
        self.overhead: Tree = deployment["overhead_s"]
        self.failed: Tree = deployment["failed_fraction"]
        self.first_step: Tree = deployment["first_step_s"]["p50"]
        self.negligible = _negligible(deployment)

    def beats(self, other: _Place) -> bool:
        """Whether it is cheaper and faster than another beyond the intervals, and worse in nothing."""
        pairs = [(self.overhead[one], other.overhead[one]) for one in ("p50", "p95")] + [(self.failed, other.failed)]
        return (
            not (self.negligible and other.negligible)
            and _below(self.cost, other.cost)
            and _below(self.overhead["p99"], other.overhead["p99"])
            and not any(_below(theirs, ours) for ours, theirs in pairs)
        )


def _slowest(summary: Tree) -> Iterator[str]:
    found: dict[tuple[str, str], list[str]] = {}
    for name, deployment in summary["deployments"].items():
        parts, total = deployment["slowest"], deployment["slowest"]["overhead"]
        if total <= 0 or _negligible(deployment):
            continue
        cause = max(SLOW_PARTS, key=lambda part: parts[part])
        if parts[cause] > _HALF * total:
            doing, remedy = SLOW_PARTS[cause]
            if _own(deployment):
                remedy = OF_ITS_OWN.get(cause, remedy)
            found.setdefault((doing, remedy), []).append(f"{name} ({share(parts[cause] / total)})")
    for (doing, remedy), names in found.items():
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
        yield (f"Verdicts rest on assumed figures: {_listed(rests)}. README.md of the folder has the reasons; measure "
               "what matters.")


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
        lines = [line for line in deployment["cost"]["lines"]
                 if line["group"] == "infrastructure" and (line["amount"] or 0) > 0]
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
            named = _listed([f"{line['item']} ({used(line)})" for line in items])
            yield f"{name}: {summary['prices']} has no price for {named}, so there is no total; it is not $0.00."


def _ages(summary: Tree) -> Iterator[str]:
    old = {item: days for item, days in ages(summary).items() if days > STALE}
    if old:
        named = [f"{item} ({days:,} days)" for item, days in list(old.items())[:_NAMED]]
        more = f" and {len(old) - _NAMED} more" if len(old) > _NAMED else ""
        yield (f"Prices older than {STALE} days on {summary['as_of']}: {', '.join(named)}{more}; look whether they "
               "still hold.")


_RULES: dict[str, Callable[[Tree], Iterator[str]]] = {
    "losses": _losses,
    "overload": _overload,
    "filling": _filling,
    "left over": _left_over,
    "unpriced": _unpriced,
    "precision": _precision,
    "choice": _choice,
    "slowest": _slowest,
    "assumptions": _assumptions,
    "ages": _ages,
    "lines": _lines,
}
"""The rules, the most pressing first."""


def _below(one: Tree, other: Tree) -> bool:
    """Whether a figure is below another one beyond their intervals."""
    high, low = one.get("high"), other.get("low")
    return high is not None and low is not None and bool(high < low)


def _negligible(deployment: Tree) -> bool:
    """Whether even the slowest requests lose too little of their own time to the platform for anybody to notice."""
    slowest = deployment["slowest"]
    return bool(slowest["overhead"] <= NEGLIGIBLE * slowest["latency"])


def _set(deployment: Tree, *paths: str) -> str | None:
    """Return a setting of a deployment, of several names of it the first that it has."""
    values = {figure["path"]: str(figure["value"]) for figure in deployment["rests_on"]}
    return next((values[path] for path in paths if path in values), None)


def _own(deployment: Tree) -> bool:
    """Whether each agent or session has an instance of its own."""
    return _set(deployment, "placement") in ("per-agent", "per-session")


def _now(deployment: Tree, *paths: str) -> str:
    value = _set(deployment, *paths)
    return "" if value is None else f" (now {value})"


def _fraction(cost: Tree, group: str) -> float | None:
    part, whole = cost[group]["value"], cost["total"]["value"]
    return float(part / whole) if part is not None and whole else None


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w.-]){re.escape(name)}\.", text) is not None


def _listed(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
