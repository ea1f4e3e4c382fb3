"""What the catalogue knows of platforms: a list of all, and one with every figure that it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from sim import units
from sim.catalog import PACKAGE, Catalogue, Profile
from sim.catalog.figures import Sourced, Standing, figures
from sim.catalog.prices import PriceList
from sim.errors import UnknownName
from sim.report import monthly
from sim.scenario import priced, resting
from sim.scenario.listing import Row, Sources, grounds, table

BOOK = "list-2026"
"""The price book that says what platforms charge by."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of platforms; None for anything.

    Attributes
    ----------
    gpu, isolation : str or None
        In the name of a GPU that a size has, in what keeps instances apart; in any case. ``any`` is any GPU.
    scales_to_zero : bool
        Whether no instance is left when nothing is asked.
    lasts : int or None
        Microseconds that a request may last at the least.
    memory : int or None
        Bytes that an instance may have at the least.
    idle_cost : Fraction or None
        Dollars a month of one instance at rest, at the most.
    """

    gpu: str | None = None
    isolation: str | None = None
    scales_to_zero: bool = False
    lasts: int | None = None
    memory: int | None = None
    idle_cost: Fraction | None = None

    def fits(self, profile: Profile, catalogue: Catalogue) -> bool:
        """Whether a platform has all of it."""
        gpus = [size.gpu for size in profile.sizes.values() if size.gpu]
        longest, isolation = profile.max_duration.value, profile.isolation.value if profile.isolation else ""
        rests = _at_rest(profile, catalogue) if self.idle_cost is not None else None
        return (
            (self.gpu is None or any(self.gpu == "any" or self.gpu.lower() in gpu.lower() for gpu in gpus))
            and (self.isolation is None or self.isolation.lower() in isolation.lower())
            and (not self.scales_to_zero or _scales_to_zero(profile))
            and (self.lasts is None or longest is None or longest >= self.lasts)
            and (self.memory is None or _most_memory(profile) >= self.memory)
            and (self.idle_cost is None or (rests is not None and rests <= self.idle_cost))
        )


def named(name: str | None, catalogue: Catalogue = PACKAGE) -> tuple[str, ...]:
    """Return the platforms that a name stands for.

    Parameters
    ----------
    name : str or None
        A platform, or what comes before the slash of several; None for all.
    catalogue : Catalogue

    Raises
    ------
    UnknownName
        There is no such platform.
    """
    if name is None:
        return catalogue.platform_ids()
    try:
        return (catalogue.profile(name).id,)
    except UnknownName as error:
        variants = tuple(one for one in error.known if one.startswith(f"{name}/"))
        if not variants:
            raise
        return variants


def listed(
    names: Sequence[str], wanted: Wanted = Wanted(), catalogue: Catalogue = PACKAGE
) -> list[dict[str, Any]]:
    """Return the main facts of platforms as plain values; ``sizes`` counts named ones, 0 where a size is chosen."""
    profiles = [catalogue.profile(name) for name in names]
    return [_facts(profile, catalogue) for profile in profiles if wanted.fits(profile, catalogue)]


def show_list(facts: Sequence[dict[str, Any]]) -> str:
    """Write the main facts of platforms, as `listed` returns them."""
    lines = []
    for one in facts:
        count = one["sizes"]
        sizes = f"{count} named size{'s' if count > 1 else ''}" if count else "size to be chosen"
        kept = [f"{one['placement']} by default", f"when idle {one['when_idle']}", sizes,
                *([one["isolation"]] if one["isolation"] else []), *one["gpus"]]
        by = ", ".join(one["charges_by"]) or "nothing"
        rests = f"at rest {_money(one['at_rest'])} a month"
        lines += [f"{one['id']:<40}{one['title']}", f"{'':<40}charges by {by}; {rests}",
                  f"{'':<40}{'; '.join(kept)}", ""]  # fmt: skip
    told = "`sim platforms NAME` explains one of them, with a source for every figure."
    return "\n".join([*lines, told if facts else "No platform is like this.", ""])


def explained(name: str, today: date, catalogue: Catalogue = PACKAGE) -> dict[str, Any]:
    """Return everything that is known of a platform as plain values: figures, prices by book, what is left out.

    Parameters
    ----------
    name : str
    today : date
        The day from which ages are counted.
    catalogue : Catalogue
    """
    profile = catalogue.profile(name)
    books = _lists(name, catalogue)
    return {
        **_facts(profile, catalogue),
        "vendor": profile.vendor,
        "figures": [{"path": one.path, "value": one.value, **grounds(one)} for one in resting.of_profile(profile)],
        "meters": profile.meters.model_dump(include={*_PHASES, "rungs"}),
        "prices": {book: [{"item": item, "rate": rate, "terms": terms, **grounds(one)}
                          for item, rate, terms, one in priced.of_platform(found)] for book, found in books.items()},
        "guessed": _guessed(profile, books),
        "ages": [{"of": what, "as_of": day.isoformat(), "days": (today - day).days}
                 for what, day in _oldest(profile, books)],
        "monthly": [{"what": one.what, "dollars": {book: float(amount) for book, amount in one.dollars.items()}}
                    for one in monthly.both(profile, books)],
        "not_modelled": list(profile.not_modelled),
        "not_charged": {book: list(found.not_covered) for book, found in books.items()},
    }  # fmt: skip


def show(name: str, today: date, catalogue: Catalogue = PACKAGE) -> str:
    """Write everything that is known of a platform; see `explained`."""
    profile, sources, books = catalogue.profile(name), Sources(), _lists(name, catalogue)
    behaviour: list[Row] = [(one.path, one.value, sources.mark(one), "") for one in resting.of_profile(profile)]
    lines = [f"{profile.id}: {profile.title}, by {profile.vendor}", "", *table("", "behaviour", behaviour), "",
             "meter that runs in each phase", *_meters(profile)]
    for book, found in books.items():
        rows = [(item, rate, sources.mark(one), terms) for item, rate, terms, one in priced.of_platform(found)]
        lines += ["", *table("", f"prices of {book}", rows)]
    apart: list[Row] = [(one.what, "  ".join(f"{book} {_money(float(amount))}" for book, amount in one.dollars.items()),
                         _times(one.dollars), "") for one in monthly.both(profile, books)]
    lines += ["", *table("", "730 hours of one instance, where the books can be compared", apart)] if apart else []
    left_out = [f"   - {text}" for found in books.values() for text in found.not_covered]
    guessed, ages = _guessed(profile, books), _oldest(profile, books)
    for title, texts in (
        ("guessed", [f"   - {one['what']}, {one['standing']}" for one in guessed]),
        ("age", [f"   - the oldest of the {what} is of {day}, {(today - day).days:,} days before {today}"
                 for what, day in ages]),
        ("not modelled", [f"   - {text}" for text in profile.not_modelled]),
        ("charged by the vendor, and not in a bill", list(dict.fromkeys(left_out))),
    ):  # fmt: skip
        lines += ["", title, *texts] if texts else []
    return "\n".join([*lines, *sources.lines(), ""])


_PHASES = ("starting", "idle", "busy", "entering", "waking", "minimum_idle", "request")


def _meters(profile: Profile) -> list[str]:
    named = {phase.replace("_", " "): getattr(profile.meters, phase) for phase in _PHASES} | profile.meters.rungs
    return [f"   {phase:<14}{meter or 'none'}" for phase, meter in named.items()]


def _facts(profile: Profile, catalogue: Catalogue) -> dict[str, Any]:
    """Return what a list says of a platform."""
    found = _lists(profile.id, catalogue).get(BOOK)
    charges = [charge.per.text for charge in found.of_size(profile.default_size)
               if charge.meter in profile.meters.names] if found is not None else []
    first, longest = profile.ladder[0] if profile.ladder else None, profile.max_duration.value
    rests = _at_rest(profile, catalogue)
    return {
        "id": profile.id,
        "title": profile.title,
        "charges_by": list(dict.fromkeys(charges)),
        "scales_to_zero": _scales_to_zero(profile),
        "when_idle": f"{first.name} after {units.show_duration(first.after.value)}" if first else "it runs on",
        "at_rest": None if rests is None else float(rests),
        "placement": profile.placement.value,
        "isolation": profile.isolation.value if profile.isolation is not None else None,
        "sizes": len(profile.sizes),
        "gpus": list(dict.fromkeys(size.gpu for size in profile.sizes.values() if size.gpu)),
        "longest_s": None if longest is None else longest / units.SECOND,
    }


def _scales_to_zero(profile: Profile) -> bool:
    return bool(profile.ladder) and profile.minimum.value == 0


def _most_memory(profile: Profile) -> int:
    sizes = [size.memory for size in profile.sizes.values()]
    return max([*sizes, *([profile.memory_range.high] if profile.memory_range is not None else [])])


def _at_rest(profile: Profile, catalogue: Catalogue) -> Fraction | None:
    """Return dollars a month of one instance of the default size at rest, by the vendors' list."""
    found = _lists(profile.id, catalogue).get(BOOK)
    return monthly.at_rest(profile, profile.default_size, found) if found is not None else None


def _lists(name: str, catalogue: Catalogue) -> dict[str, PriceList]:
    """Return the price lists of a platform by book."""
    platform = name.partition("/")[0]
    return {book: catalogue.prices(book, name) for book in catalogue.books() if platform in catalogue.platforms(book)}


def _guessed(profile: Profile, books: dict[str, PriceList]) -> list[dict[str, str | None]]:
    """Say what is assumed or calibrated, and why."""
    weak = (Standing.ASSUMED, Standing.CALIBRATED)
    made = [(path, one) for path, one in figures(profile) if one.standing in weak]
    made += [(f"{book}: {charge.item}", charge) for book, found in books.items() for charge in found.charges
             if charge.standing in weak]  # fmt: skip
    return [{"what": what, "standing": str(one.standing), "reason": one.reason} for what, one in made]


def _oldest(profile: Profile, books: dict[str, PriceList]) -> list[tuple[str, date]]:
    """Return the oldest day of behaviour and of each book."""
    behaviour: list[Sourced] = [one for _, one in figures(profile)]
    return [("figures of behaviour", min(one.as_of for one in behaviour)),
            *((f"prices of {book}", found.as_of) for book, found in books.items())]


def _times(dollars: dict[str, Fraction]) -> str:
    """Say how many times as much the dearest book is as the cheapest."""
    low, high = min(dollars.values()), max(dollars.values())
    return f"{float(high / low):.2f} times" if low else "free in one of them"


def _money(dollars: float | None) -> str:
    return "an unknown amount" if dollars is None else f"${dollars:,.2f}"
