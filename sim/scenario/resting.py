"""What a deployment's behaviour rests on: each figure with who says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from sim import catalog, units
from sim.catalog import Catalogue, Profile
from sim.catalog.figures import Sourced
from sim.catalog.profiles import Combination, Meters, Range, Size
from sim.distributions import Distribution
from sim.scenario import elastic
from sim.scenario.extends import Given
from sim.scenario.model import Model

STATED = "scenario"
"""Standing of a figure that the scenario gives."""

_OVERRIDES: Mapping[str, tuple[str, ...]] = {
    "vcpu": ("default_vcpu",),
    "memory": ("default_memory",),
    "placement": ("placement",),
    "binding": ("binding",),
    "reuse": ("reuse",),
    "concurrency": ("concurrency",),
    "instances": ("minimum", "maximum"),
    "min_instances": ("minimum",),
    "max_instances": ("maximum",),
    "queue": ("queue",),
    "max_duration": ("duration",),
}
"""Fields of a profile that each key of a deployment replaces."""

_NESTED = ("limits", "idle", "cpu")
"""Keys of a deployment that replace fields of a profile one by one."""

_TIMES = frozenset({"after", "enter", "enter_per_gib", "duration", "idle_timeout", "max_duration"})
_LIMITS = frozenset({"vcpu_range", "memory_range", "whole_vcpu_above", "max_concurrency", "max_duration",
                     "max_memory", "isolation"})  # fmt: skip
"""Fields that a deployment is held against, or that tell apart platforms only; it does not rest on them."""


@dataclass(frozen=True, slots=True)
class RestsOn:
    """A figure and its standing.

    Attributes
    ----------
    path : str
        What it is a figure of: a field of the profile such as ``ladder.suspended.wake``, or a key of the deployment.
    value : str
        As text, with its unit.
    standing : str
        A `sim.catalog.Standing`, or ``scenario`` where the scenario gives it.
    source : str
        The document; empty where the scenario gives it.
    as_of : date or None
        The day on which it was so; None where the scenario gives it.
    reason : str or None
        Why this value, for a guess.
    """

    path: str
    value: str
    standing: str
    source: str = ""
    as_of: date | None = None
    reason: str | None = None


def of_platform(profile: Profile, given: Given, size: str | None, placement: str) -> Iterator[RestsOn]:
    """List the figures of a platform that a deployment uses, and those that it gives instead.

    Parameters
    ----------
    profile : Profile
    given : mapping
        Keys of the deployment.
    size : str or None
        The named size of its instances.
    placement : str
        Pools of one agent or session have one instance at most, whatever the platform says.
    """
    replaced = {field for key in given.pairs for field in _OVERRIDES.get(key, ())}
    first = profile.ladder[0].name if profile.ladder else ""
    replaced |= {f"ladder.{first}.{field}" for key, field in (("idle_timeout", "after"), ("wake", "wake"))
                 if key in given}
    replaced |= {f"{key}.{part}" for key in _NESTED if key in given for part in elastic.replaced(given.value(key))}
    credit = profile.cpu.credit
    if "credit" in getattr(given.value("cpu"), "model_fields_set", ()) or not (credit and credit.holds_for(size)):
        replaced |= {f"cpu.credit.{part}" for part in ("baseline", "first", "most")}
    said = given.value("start_up")
    replaced |= {f"start.{name}.time" for name in (said.parts if said is not None and said.parts else ())}
    replaced |= {"shared": set(), "per-agent": {"maximum"}}.get(placement, {"minimum", "maximum"})
    for path, figure in catalog.figures(profile):
        top = path.partition(".")[0]
        other_size = top == "sizes" and path != f"sizes.{size}"
        limit = path.rpartition(".")[2] in _LIMITS or top == "combinations"
        if not limit and not other_size and not (top == "start" and "start" in given) and path not in replaced:
            yield _figure(path, figure)
    for key, (value, _) in given.pairs.items():
        if key != "platform":
            yield from _stated(key, value)


def _stated(path: str, value: Any) -> Iterator[RestsOn]:
    """List what a scenario says, key by key."""
    parts = value if isinstance(value, dict) else _written(value) if isinstance(value, Model) else None
    if parts is None:
        yield RestsOn(path, _show(path, value), STATED)
    for key, part in (parts or {}).items():
        yield from _stated(f"{path}.{key}", part)


def _written(value: Model) -> dict[str, Any]:
    """Return what a model says beyond its defaults, as a scenario writes it."""
    return value.model_dump(mode="json", exclude_defaults=True)


def default(profile: Profile, key: str) -> str | None:
    """Return what a platform does where a deployment does not give a key.

    Parameters
    ----------
    profile : Profile
    key : str
        Of a deployment, such as ``concurrency``.

    Returns
    -------
    str or None
        As text; None where the platform has no default for it.
    """
    first = profile.ladder[0] if profile.ladder else None
    if key == "size":
        return profile.default_size
    if key == "idle_timeout":
        return None if first is None else _show("after", first.after.value)
    if key == "wake":
        return None if first is None or first.wake is None else first.wake.value.show()
    if key == "start":
        return " + ".join(part.time.value.show() for part in profile.start) or None
    figures = [getattr(profile, name) for name in _OVERRIDES.get(key, ())]
    texts = dict.fromkeys(_show(key, figure.value) for figure in figures if figure is not None)
    return " to ".join(texts) or None


def of_profile(profile: Profile) -> Iterator[RestsOn]:
    """List all figures of a platform."""
    for path, figure in catalog.figures(profile):
        yield _figure(path, figure)


def of_model(model: str, catalogue: Catalogue) -> Iterator[RestsOn]:
    """List the figures of a language model."""
    for path, figure in catalog.figures(catalogue.llm(model), f"llm.{model}"):
        yield _figure(path, figure)


def _figure(path: str, figure: Sourced) -> RestsOn:
    if isinstance(figure, Size):
        value = f"{units.show_cores(figure.vcpu)} vCPU, {units.show_size(figure.memory)}"
    elif isinstance(figure, Meters):
        value = ", ".join(sorted(figure.names))
    elif isinstance(figure, Range):
        value = f"{_show(path, figure.low)} to {_show(path, figure.high)}"
    elif isinstance(figure, Combination):
        value = str(figure)
    elif path.partition(".")[0] in _NESTED:
        value = str(figure.model_dump(mode="json")["value"])
    else:
        value = _show(path, getattr(figure, "value", None))
    return RestsOn(path, value, figure.standing.value, figure.source, figure.as_of, figure.reason)


def _show(path: str, value: Any) -> str:
    """Return a value as text; the last word of its path says in which unit a whole number is."""
    word = path.rpartition(".")[2]
    if value is None:
        return "unlimited"
    if isinstance(value, Distribution):
        return value.show()
    if isinstance(value, Fraction):
        return units.show_rate(value) if word == "openings" else units.show_cores(value)
    if isinstance(value, int) and word in _TIMES:
        return units.show_duration(value)
    if isinstance(value, int) and ("memory" in word or word == "payload"):
        return units.show_size(value)
    return str(value)
