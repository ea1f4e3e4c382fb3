"""What the figures of a summary rest on: guesses, what is left out, and how old the prices are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

Tree = Mapping[str, Any]

STALE = 180
"""Days from which on a price is called old: half a year. Vendors change their lists about as often as that."""

EVERYWHERE = "everywhere"
"""Stands for the platform where something is so on all of them."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What the figures of the deployments on one platform rest on.

    Attributes
    ----------
    platform : str
        Or `EVERYWHERE`.
    deployments : tuple of str
    assumed : tuple of mapping
        Figures that are guesses, each with ``path``, ``value`` and ``reason``.
    not_modelled : tuple of str
        What the platform does and the model does not.
    not_covered : tuple of str
        What the vendor charges for and the bill leaves out.
    """

    platform: str
    deployments: tuple[str, ...]
    assumed: tuple[Tree, ...]
    not_modelled: tuple[str, ...]
    not_covered: tuple[str, ...]


def bases(summary: Tree) -> list[Basis]:
    """Say what a summary rests on, by platform.

    Parameters
    ----------
    summary : mapping
        As ``summary.json`` holds it.

    Returns
    -------
    list of Basis
        In the order of the deployments. What is assumed on several platforms alike, and what no bill of theirs covers,
        comes last, under `EVERYWHERE`. Platforms of which nothing is to be said are left out.
    """
    platforms: dict[str, list[str]] = {}
    for name, deployment in summary["deployments"].items():
        platforms.setdefault(deployment["platform"], []).append(name)
    found = [_basis(summary, platform, names) for platform, names in platforms.items()]
    if len(found) > 1:
        covered = tuple(text for text in found[0].not_covered if all(text in one.not_covered for one in found))
        assumed = tuple(guess for guess in found[0].assumed if all(guess in one.assumed for one in found))
        found = [_without(one, assumed, covered) for one in found]
        found.append(Basis(EVERYWHERE, tuple(summary["deployments"]), assumed, (), covered))
    return [one for one in found if one.assumed or one.not_modelled or one.not_covered]


def _basis(summary: Tree, platform: str, names: list[str]) -> Basis:
    mine = [summary["deployments"][name] for name in names]
    guesses = {(figure["path"], figure["value"]): figure
               for one in mine for figure in one["rests_on"] if figure["standing"] == "assumed"}
    modelled, covered = (tuple(dict.fromkeys(text for one in mine for text in one[key]))
                         for key in ("not_modelled", "not_covered"))
    return Basis(platform, tuple(names), tuple(guesses.values()), modelled, covered)


def _without(one: Basis, assumed: tuple[Tree, ...], covered: tuple[str, ...]) -> Basis:
    return replace(one, assumed=tuple(guess for guess in one.assumed if guess not in assumed),
                   not_covered=tuple(text for text in one.not_covered if text not in covered))


def ages(summary: Tree) -> dict[str, int]:
    """Say how old the prices of a bill are on the day for which the scenario speaks.

    Parameters
    ----------
    summary : mapping
        As ``summary.json`` holds it.

    Returns
    -------
    dict of str to int
        Days by ``platform: item``, the oldest first; less than 0 where a price is newer than that day.
    """
    found = {f"{line['platform']}: {line['item']}": line["age_days"]
             for line in _lines(summary) if line["age_days"] is not None}
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def aged(summary: Tree) -> str:
    """Say in a few words how old the prices are."""
    days = list(ages(summary).values())
    book, day = summary["prices"], summary["as_of"]
    if not days:
        return f"prices {book}"
    if days[0] > 0:
        return f"prices {book}, up to {days[0]:,} day{'s' if days[0] > 1 else ''} old on {day}"
    return f"prices {book} of {day}" if days[0] == 0 else f"prices {book}, all of them newer than {day}"


def _lines(summary: Tree) -> Iterator[Tree]:
    for deployment in summary["deployments"].values():
        yield from deployment["cost"]["lines"]
