"""A bill: lines with exact amounts, in groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from sim.catalog.charges import Group
from sim.catalog.figures import Standing

if TYPE_CHECKING:
    import pandas as pd

DOLLARS = "USD"
"""The unit of what a surcharge is a share of."""


class Kind(StrEnum):
    """What a line is.

    Attributes
    ----------
    CHARGE : what was used, or the fee of a plan.
    COMMITMENT : what was bought for the whole month.
    SURCHARGE : a share of other lines, its rate; ``quantity`` is the dollars that it is of.
    CREDIT : what the vendor takes off.
    FLOOR : what is missing to the least that a month costs, its rate.
    LABOUR : people's hours.
    UNPRICED : what was used and has no price in the book.
    """

    CHARGE = "charge"
    COMMITMENT = "commitment"
    SURCHARGE = "surcharge"
    CREDIT = "credit"
    FLOOR = "floor"
    LABOUR = "labour"
    UNPRICED = "unpriced"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a bill.

    Attributes
    ----------
    platform : str
    charge : str or None
        The charge of the price list; None for a meter that the list does not price.
    group : Group
    item : str
    quantity : Fraction
        Units that are used, what is free among them.
    free : Fraction
        Units that an allowance covered.
    billable : Fraction
        Units that the rate is for: what is not free, in whole units where only these are sold.
    unit : str
    rate : Decimal or None
        Dollars a unit; None when no price is known.
    amount : Fraction or None
        Dollars, exact. Rate times billable units, unless a cap, a least price or rounding is part of the price. None
        when no price is known.
    instances : int or None
        Instances that are charged one by one, where there is a cap or a least price; else None.
    cap, least : Decimal or None
        Dollars that one of them costs at the most and at the least, where there is such a thing.
    capped, raised : int or None
        How many of them would cost more, or less, without it.
    credit : Decimal or None
        Of a credit, the dollars a month that the vendor takes off at most; ``amount`` is what was taken.
    rounding : str
        How the vendor rounds what was used and the line, in words; empty where nothing is rounded.
    kind : Kind
    standing : Standing or None
        How well the price is founded; None where there is none.
    source : str
    as_of : date or None
    reason : str or None
        Why a guessed price is what it is, or why there is none.
    """

    platform: str
    charge: str | None
    group: Group
    item: str
    quantity: Fraction
    free: Fraction
    billable: Fraction
    unit: str
    rate: Decimal | None
    amount: Fraction | None
    standing: Standing | None
    source: str
    as_of: date | None
    reason: str | None
    instances: int | None = None
    cap: Decimal | None = None
    capped: int | None = None
    least: Decimal | None = None
    raised: int | None = None
    credit: Decimal | None = None
    rounding: str = ""
    kind: Kind = Kind.CHARGE

    def to_dict(self) -> dict[str, Any]:
        """Return the line as plain values: amounts as the nearest float, prices as text, to the last digit."""
        return {
            "group": self.group.value,
            "platform": self.platform,
            "charge": self.charge,
            "item": self.item,
            "quantity": float(self.quantity),
            "free": float(self.free),
            "billable": float(self.billable),
            "unit": self.unit,
            "rate": _text(self.rate),
            "amount": None if self.amount is None else float(self.amount),
            "instances": self.instances,
            "cap": _text(self.cap),
            "capped": self.capped,
            "least": _text(self.least),
            "raised": self.raised,
            "credit": _text(self.credit),
            "rounding": self.rounding,
            "kind": self.kind.value,
            "standing": None if self.standing is None else self.standing.value,
            "source": self.source,
            "as_of": None if self.as_of is None else self.as_of.isoformat(),
            "reason": self.reason,
        }


_COLUMNS = (
    "group", "platform", "charge", "item", "quantity", "free", "billable", "unit", "rate", "amount", "instances", "cap",
    "capped", "least", "raised", "credit", "rounding", "kind", "standing", "source", "as_of", "reason",
)  # fmt: skip
"""The keys of `Line.to_dict`, which a frame without lines has, too."""


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"


@dataclass(frozen=True, slots=True)
class Invoice:
    """What a deployment costs in a month.

    Attributes
    ----------
    month : str
        Such as "2026-11".
    book : str
        The price book.
    lines : tuple of Line
    not_covered : tuple of str
        What the vendors of what was used charge for beside this.
    """

    month: str
    book: str
    lines: tuple[Line, ...]
    not_covered: tuple[str, ...] = ()

    def total(self, group: Group | None = None) -> Fraction:
        """Add up the lines that have a price.

        Parameters
        ----------
        group : Group or None
            Only the lines of this group.

        Returns
        -------
        Fraction
            Dollars, exact. Less than the bill where a line has no price: see `complete`.
        """
        return sum((line.amount for line in self._of(group) if line.amount is not None), Fraction(0))

    def complete(self, group: Group | None = None) -> bool:
        """Say whether every line (of the group) has a price."""
        return all(line.amount is not None for line in self._of(group))

    def unpriced(self, group: Group | None = None) -> tuple[str, ...]:
        """Return the items (of the group) without a price."""
        return tuple(line.item for line in self._of(group) if line.amount is None)

    def __add__(self, other: Invoice) -> Invoice:
        """Put two bills of one month and book together.

        Raises
        ------
        ValueError
            They are not of one month and book.
        """
        if (self.month, self.book) != (other.month, other.book):
            raise ValueError(f"a bill of {self.month} by {self.book} and one of {other.month} by {other.book}")
        missing = (text for text in other.not_covered if other.lines and text not in self.not_covered)
        return Invoice(self.month, self.book, self.lines + other.lines, (*self.not_covered, *missing))

    def to_dict(self) -> dict[str, Any]:
        """Return the bill as plain values, for JSON. Sums are made exactly, then given as the nearest float."""
        groups: Mapping[str, Any] = {
            group.value: {"amount": float(self.total(group)), "complete": self.complete(group)} for group in Group
        }
        return {
            "currency": "USD",
            "month": self.month,
            "prices": self.book,
            "total": float(self.total()),
            "complete": self.complete(),
            "groups": groups,
            "lines": [line.to_dict() for line in self.lines],
            "unpriced": list(self.unpriced()),
            "not_covered": list(self.not_covered),
        }

    def frame(self) -> pd.DataFrame:
        """Return the lines as a frame: one row each, with the columns of `Line.to_dict`."""
        import pandas as pd

        return pd.DataFrame([line.to_dict() for line in self.lines], columns=list(_COLUMNS))

    def _of(self, group: Group | None) -> Iterable[Line]:
        return (line for line in self.lines if group is None or line.group is group)
