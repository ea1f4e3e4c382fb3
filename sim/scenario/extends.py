"""Deployments that start from the keys of another.

A key that a deployment gives replaces the inherited one. Keys that say the same thing in two ways count as one:
``instances: 4`` is inherited as ``min_instances: 4, max_instances: 4`` by a deployment that gives one of these, and
not at all by one that gives ``instances``, and the other way round; a deployment that gives ``size`` does not inherit
``vcpu`` and ``memory``, nor the other way round.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from sim.documents import Flaw, Place
from sim.errors import choose, quoted

Keys = Mapping[str, Mapping[str, Any]]
"""What each deployment of a file gives."""

Value = TypeVar("Value")

_BOUNDS = ("min_instances", "max_instances")


@dataclass(frozen=True, slots=True)
class Given:
    """All keys of a deployment, inherited ones too.

    Attributes
    ----------
    pairs : mapping of str to (object, str)
        The value of each key, and the deployment that gives it.
    """

    pairs: Mapping[str, tuple[Any, str]]

    def __contains__(self, key: str) -> bool:
        return key in self.pairs

    def value(self, key: str, otherwise: Any = None) -> Any:
        """Return the value of a key."""
        return self.pairs[key][0] if key in self.pairs else otherwise

    def place(self, key: str) -> Place:
        """Return where a key is given, from the deployments on."""
        return self.pairs[key][1], key


def lineage(name: str, keys: Keys) -> list[str]:
    """Return a deployment and those it starts from, nearest first; cut where a name is unknown or comes again."""
    line: list[str] = []
    while name in keys and name not in line:
        line.append(name)
        above = keys[name].get("extends")
        if not isinstance(above, str):
            break
        name = above
    return line


def resolve(name: str, keys: Keys) -> Given:
    """Return all keys of a deployment, its own and the inherited ones.

    Parameters
    ----------
    name : str
    keys : mapping of str to mapping
        What each deployment of the file gives.
    """
    given: dict[str, tuple[Any, str]] = {}
    for member in reversed(lineage(name, keys)):
        own = keys[member]
        given = beneath(given, own) | {key: (value, member) for key, value in own.items() if key != "extends"}
    return Given(given)


def beneath(given: Mapping[str, Value], own: Collection[str]) -> dict[str, Value]:
    """Return what is left of a deployment's keys when others are put over them.

    Parameters
    ----------
    given : mapping
    own : collection of str
        The others.
    """
    left = dict(given)
    if "instances" in own:
        _drop(left, *_BOUNDS)
    elif "instances" in left and any(bound in own for bound in _BOUNDS):
        left |= dict.fromkeys(_BOUNDS, left.pop("instances"))
    if "size" in own:
        _drop(left, "vcpu", "memory")
    elif "vcpu" in own or "memory" in own:
        _drop(left, "size")
    return left


def flaws(keys: Keys) -> Iterator[Flaw]:
    """Say which deployments start from one that does not exist, or from themselves, and what they then lack."""
    for name, own in keys.items():
        above = own.get("extends")
        if isinstance(above, str) and above not in keys:
            others = [other for other in keys if other != name]
            yield Flaw((name, "extends"), f"there is no deployment {quoted(above)}", choose(above, others))
        line = lineage(name, keys)
        end = keys[line[-1]].get("extends")
        if end == name and name == next(other for other in keys if other in line):
            circle = " → ".join([*line, name])
            yield Flaw((name, "extends"), f"{quoted(name)} starts from itself: {circle}", "leave one `extends` out")
        if not isinstance(end, str):
            yield from _lacks(name, resolve(name, keys))


def _lacks(name: str, given: Given) -> Iterator[Flaw]:
    if "platform" not in given:
        yield Flaw((name,), "`platform` is missing",
                   "add for example `platform: e2b/sandbox`; `sim platforms` lists all", True)
    low, high = given.value("min_instances"), given.value("max_instances")
    own = [bound for bound in _BOUNDS if bound in given and given.place(bound)[0] == name]
    if own and isinstance(low, int) and isinstance(high, int) and low > high:
        others = [f"`{bound}` is inherited from {given.place(bound)[0]}" for bound in _BOUNDS if bound not in own]
        yield Flaw((name, own[0]), f"`min_instances` {low} is more than `max_instances` {high}",
                   "; ".join(["let the minimum be at most the maximum", *others]))


def _drop(given: dict[str, Value], *keys: str) -> None:
    for key in keys:
        given.pop(key, None)
