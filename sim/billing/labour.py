"""What people's work costs: hours a month, on the bill apart from what vendors charge."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from sim.billing.invoice import Invoice, Kind, Line
from sim.billing.month import Hours, Month
from sim.catalog.charges import Group


@dataclass(frozen=True, slots=True)
class Worked:
    """Hours that people worked in a month.

    Attributes
    ----------
    item : str
        What they did.
    hours : Fraction
    rate : Decimal
        Dollars an hour.
    source : str
        Who says so.
    """

    item: str
    hours: Fraction
    rate: Decimal
    source: str


def labour(worked: Iterable[Worked], month: Month | Hours, book: str) -> Invoice:
    """Make a bill of hours that people worked.

    Parameters
    ----------
    worked : iterable of Worked
        Nothing is on the bill where no hour was worked.
    month : Month or Hours
    book : str
        The price book of the bill that this is put to.

    Returns
    -------
    Invoice
    """
    return Invoice(str(month), book, tuple(
        Line(
            platform="labour", charge=None, group=Group.LABOUR, item=one.item, quantity=one.hours, free=Fraction(0),
            billable=one.hours, unit="h", rate=one.rate, amount=one.hours * Fraction(one.rate), standing=None,
            source=one.source, as_of=None, reason=None, kind=Kind.LABOUR,
        )
        for one in worked if one.hours
    ))  # fmt: skip
