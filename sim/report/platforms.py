"""What the catalogue knows of platforms: a list of all, and one with every figure that it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sim import catalog, units
from sim.catalog import Profile, prices
from sim.errors import UnknownName
from sim.scenario import priced, resting
from sim.scenario.listing import Row, Sources, grounds, table

BOOK = "list-2026"
"""The price book that says what platforms charge by."""


def named(name: str | None) -> tuple[str, ...]:
    """Return the platforms that a name stands for.

    Parameters
    ----------
    name : str or None
        A platform, or what comes before the slash of several; None for all.

    Raises
    ------
    UnknownName
        There is no such platform.
    """
    if name is None:
        return catalog.platform_ids()
    try:
        return (catalog.profile(name).id,)
    except UnknownName as error:
        variants = tuple(one for one in error.known if one.startswith(f"{name}/"))
        if not variants:
            raise
        return variants


def listed(names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the main facts of platforms as plain values; ``sizes`` counts named ones, 0 where a size is chosen."""
    return [_facts(catalog.profile(name)) for name in names]


def show_list(names: Sequence[str]) -> str:
    """Write the main facts of platforms."""
    lines = []
    for one in listed(names):
        count = one["sizes"]
        sizes = f"{count} named size{'s' if count > 1 else ''}" if count else "size to be chosen"
        facts = [f"{one['placement']} by default", f"when idle {one['when_idle']}", sizes,
                 *([one["isolation"]] if one["isolation"] else [])]
        lines += [f"{one['id']:<40}{one['title']}", f"{'':<40}charges by {', '.join(one['charges_by'])}",
                  f"{'':<40}{'; '.join(facts)}", ""]  # fmt: skip
    return "\n".join([*lines, "`sim platforms NAME` explains one of them, with a source for every figure.", ""])


def explained(name: str) -> dict[str, Any]:
    """Return everything that is known of a platform as plain values: figures, prices by book, what is left out."""
    profile = catalog.profile(name)
    books = {book: prices.prices(book, name) for book in _books(name)}
    return {
        **_facts(profile),
        "vendor": profile.vendor,
        "figures": [{"path": one.path, "value": one.value, **grounds(one)} for one in resting.of_profile(profile)],
        "meters": profile.meters.model_dump(include={*_PHASES, "rungs"}),
        "prices": {book: [{"item": item, "rate": rate, "terms": terms, **grounds(one)}
                          for item, rate, terms, one in priced.of_platform(found)] for book, found in books.items()},
        "not_modelled": list(profile.not_modelled),
        "not_charged": {book: list(found.not_covered) for book, found in books.items()},
    }  # fmt: skip


def show(name: str) -> str:
    """Write everything that is known of a platform; see `explained`."""
    profile, sources = catalog.profile(name), Sources()
    figures: list[Row] = [(one.path, one.value, sources.mark(one), "") for one in resting.of_profile(profile)]
    lines = [f"{profile.id}: {profile.title}, by {profile.vendor}", "", *table("", "behaviour", figures), "",
             "meter that runs in each phase", *_meters(profile)]
    for book in _books(name):
        rows = [(item, rate, sources.mark(one), terms)
                for item, rate, terms, one in priced.of_platform(prices.prices(book, name))]
        lines += ["", *table("", f"prices of {book}", rows)]
    left_out = [f"   - {text}" for book in _books(name) for text in prices.prices(book, name).not_covered]
    for title, texts in (("not modelled", [f"   - {text}" for text in profile.not_modelled]),
                         ("charged by the vendor, and not in a bill", list(dict.fromkeys(left_out)))):
        lines += ["", title, *texts] if texts else []
    return "\n".join([*lines, *sources.lines(), ""])


_PHASES = ("starting", "idle", "busy", "entering", "waking", "minimum_idle", "request")


def _meters(profile: Profile) -> list[str]:
    named = {phase.replace("_", " "): getattr(profile.meters, phase) for phase in _PHASES} | profile.meters.rungs
    return [f"   {phase:<14}{meter or 'none'}" for phase, meter in named.items()]


def _facts(profile: Profile) -> dict[str, Any]:
    """Return what a list says of a platform."""
    charges = [charge.per.text for charge in prices.prices(BOOK, profile.id).of_size(profile.default_size)
               if charge.meter in profile.meters.names] if BOOK in _books(profile.id) else []
    first = profile.ladder[0] if profile.ladder else None
    return {
        "id": profile.id,
        "title": profile.title,
        "charges_by": list(dict.fromkeys(charges)),
        "scales_to_zero": first is not None and profile.minimum.value == 0,
        "when_idle": f"{first.name} after {units.show_duration(first.after.value)}" if first else "it runs on",
        "placement": profile.placement.value,
        "isolation": profile.isolation.value if profile.isolation is not None else None,
        "sizes": len(profile.sizes),
    }


def _books(name: str) -> list[str]:
    return [book for book in prices.books() if name.partition("/")[0] in prices.platforms(book)]
