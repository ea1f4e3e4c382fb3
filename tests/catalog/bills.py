"""What bills that were worked by hand are written with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from sim.billing import Used

LIST, ARTICLE = "list-2026", "article-2026"
Item = tuple[Used, Fraction, Fraction | None]


@dataclass(frozen=True)
class Rated:
    """What an account used of a platform in a month, and its bill; None for the dollars of what has no known price."""

    book: str
    platform: str
    items: Mapping[str, Item]
    total: Fraction
    month: str = "2026-11"
    plan: str | None = None
    region: str | None = None
    seats: int = 1

    def __str__(self) -> str:
        return f"{self.book} {self.platform} {' '.join(self.items)}"


def of(
    book: str, platform: str, total: str, month: str = "2026-11", *, plan: str | None = None,
    region: str | None = None, seats: int = 1, **items: Item,
) -> Rated:  # fmt: skip
    """A bill; names of charges have underscores for hyphens, and one before or behind where Python needs it."""
    named = {key.strip("_").replace("_", "-"): item for key, item in items.items()}
    return Rated(book, platform, named, Fraction(total), month, plan, region, seats)


def q(used: str | int | Fraction, dollars: str | int | Fraction | None, free: str | int = 0) -> Item:
    """What was used, its dollars, and what of it is free."""
    return Used(Fraction(used)), Fraction(free), None if dollars is None else Fraction(dollars)


NONE = q(1, None)
"""Used, and the book knows no price."""
