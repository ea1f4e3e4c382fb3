"""What a price book charges for on a platform, by the names that `sim rate` knows."""

from __future__ import annotations

from typing import Any

from sim.catalog.charges import Charge
from sim.catalog.prices import PriceList, whole
from sim.scenario import priced
from sim.scenario.listing import Sources, grounds, table


def listed(book: str, platform: str) -> dict[str, Any]:
    """Return the charges of a platform as plain values.

    Parameters
    ----------
    book : str
    platform : str
        Without a variant: a file has those of all.

    Raises
    ------
    UnknownName
        There is no such book, or no such platform in it.
    """
    found = whole(book, platform.partition("/")[0])
    return {
        "platform": found.platform, "prices": book, "title": found.title, "plans": list(found.plans),
        "regions": list(found.known_regions), "commitments": list(found.commitments),
        "charges": [{"id": one.id, "item": one.item, "unit": one.per.text, "rate": rate, "meter": one.meter,
                     "measure": one.measure.value, "terms": terms, **grounds(one)}
                    for _, rate, terms, one in priced.of_platform(found) if isinstance(one, Charge)],
        "not_covered": list(found.not_covered),
    }  # fmt: skip


def show(book: str, platform: str) -> str:
    """Write the charges of a platform; see `listed`."""
    found, sources = whole(book, platform.partition("/")[0]), Sources()
    rows = []
    for item, rate, terms, one in priced.of_platform(found):
        more = "; ".join(part for part in (item, terms) if part)
        name = one.id if isinstance(one, Charge) else _name(one, found)
        rows.append((name, rate, sources.mark(one), more))
    lines = [f"{found.platform}, {book}: {found.title}"]
    for title, names in (("plans", found.plans), ("regions", found.known_regions),
                         ("commitments", tuple(found.commitments))):
        lines += [f"{title}: {', '.join(names)}"] if names else []
    left = [f"   - {text}" for text in found.not_covered]
    return "\n".join([*lines, "", *table("", "charges, for `quantities:`", rows),
                      *(["", "not in a bill", *left] if left else []), *sources.lines(), ""])


def _name(one: Any, found: PriceList) -> str:
    """Return the name of what is no charge: that of a commitment, else what it is."""
    names = [name for name, commitment in found.commitments.items() if commitment is one]
    return names[0] if names else f"({type(one).__name__.lower()})"
