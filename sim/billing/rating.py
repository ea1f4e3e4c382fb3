"""Quantities and a price list to a bill. Nothing here knows of a simulation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

from sim.billing.invoice import Invoice, Line
from sim.billing.month import Month
from sim.catalog.figures import Standing
from sim.catalog.prices import Allowance, Charge, Credit, Group, Measure, PriceList


@dataclass(frozen=True, slots=True)
class Used:
    """How much was used of one thing in a month.

    Attributes
    ----------
    quantity : Fraction
        In units of the charge.
    instances : tuple of (Fraction, int)
        The same by instance, for a charge with a cap or a least price: a quantity, and how many instances have it.
    """

    quantity: Fraction
    instances: tuple[tuple[Fraction, int], ...] = ()

    @classmethod
    def by_instance(cls, *instances: tuple[Fraction | int, int]) -> Used:
        """Make it from quantities and the number of instances that have each."""
        exact = tuple((Fraction(quantity), count) for quantity, count in instances)
        return cls(sum((quantity * count for quantity, count in exact), Fraction(0)), exact)


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Use of a meter that the price list does not price.

    Attributes
    ----------
    meter : str
    quantity : Fraction
    unit : str
    group : Group
    """

    meter: str
    quantity: Fraction
    unit: str
    group: Group


@dataclass(frozen=True, slots=True)
class Usage:
    """What one account used of one platform in a month.

    Attributes
    ----------
    used : dict of str to Used
        By the id of the charge. A charge that is not here was not used.
    unpriced : tuple of Unpriced
    """

    used: Mapping[str, Used]
    unpriced: tuple[Unpriced, ...] = field(default=())


def rate(usage: Usage, prices: PriceList, month: Month) -> Invoice:
    """Price what was used.

    Each allowance is spent first, by the charges in the order of the list; then tiers, whole units, caps and least
    prices are applied, and last the rounding that is part of a price. What was not used has no line; a plan's fee
    always has.

    Parameters
    ----------
    usage : Usage
    prices : PriceList
        A plan in it is charged: leave out what is for other variants, as `sim.catalog.prices.prices` does.
    month : Month

    Returns
    -------
    Invoice

    Raises
    ------
    UnknownName
        The usage names a charge that the list does not have.
    ValueError
        The usage of a charge with a cap or a least price does not say what each instance used.
    """
    for name in usage.used:
        prices.charge(name)
    left = {name: free.quantity * free.per.size(month.microseconds) for name, free in prices.allowances.items()}
    lines: list[Line] = []
    for charge in prices.charges:
        used = Used(Fraction(1)) if charge.measure is Measure.PLAN else usage.used.get(charge.id)
        if used is None or used.quantity == 0:
            continue
        if charge.allowance is None:
            lines += _lines(charge, used, Fraction(0), prices.platform)
            continue
        size = charge.per.size(month.microseconds)
        free = min(used.quantity, left[charge.allowance] / size)
        left[charge.allowance] -= free * size
        for line in _lines(charge, used, free, prices.platform):
            lines.append(_resting_on(line, prices.allowances[charge.allowance]) if line.free else line)
    lines += [_without_price(one, prices) for one in usage.unpriced if one.quantity > 0]
    spent = sum((line.amount for line in lines if line.amount is not None), Fraction(0))
    for credit in prices.credits:
        taken = min(Fraction(credit.amount), spent)
        spent -= taken
        if taken > 0:
            lines.append(_credit(credit, taken, prices.platform))
    return Invoice(str(month), prices.book, tuple(lines), prices.not_covered)


def _lines(charge: Charge, used: Used, free: Fraction, platform: str) -> Iterator[Line]:
    """Make the lines of a charge: one, or one for each tier that is reached."""
    if charge.cap is not None or charge.least is not None:
        yield _by_instance(charge, platform, used)
        return
    left = used.quantity - free
    if charge.whole_units:
        left = Fraction(math.ceil(left))
    if charge.rate is None:
        yield _line(charge, platform, (used.quantity, free, left), None, None)
        return
    bounds = [Fraction(0), *(tier.above for tier in charge.tiers)]
    rates = [charge.rate, *(tier.rate for tier in charge.tiers)]
    for number, (above, one) in enumerate(zip(bounds, rates, strict=True)):
        upper = bounds[number + 1] if number + 1 < len(bounds) else left
        billable = min(left, upper) - above
        if billable > 0 or number == 0:
            covered = free if number == 0 else Fraction(0)
            # What rounding up to whole units adds was not used.
            quantity = min(billable, used.quantity - free - above) + covered
            yield _line(charge, platform, (quantity, covered, billable), one, billable * Fraction(one))


def _by_instance(charge: Charge, platform: str, used: Used) -> Line:
    """Price each instance between its least price and its cap."""
    if not used.instances or used.quantity != sum(quantity * count for quantity, count in used.instances):
        raise ValueError(f"the charge {charge.id!r} is for each instance: say how much each of them used")
    each = Fraction(charge.rate or 0)
    total = Fraction(0)
    capped = raised = 0
    for quantity, count in used.instances:
        amount = quantity * each
        if charge.least is not None and amount < charge.least:
            amount, raised = Fraction(charge.least), raised + count
        if charge.cap is not None and amount > charge.cap:
            amount, capped = Fraction(charge.cap), capped + count
        total += count * amount
    line = _line(charge, platform, (used.quantity, Fraction(0), used.quantity), charge.rate, total)
    return replace(
        line, instances=sum(count for _, count in used.instances),
        cap=charge.cap, capped=None if charge.cap is None else capped,
        least=charge.least, raised=None if charge.least is None else raised,
    )  # fmt: skip


def _line(
    charge: Charge, platform: str, units: tuple[Fraction, Fraction, Fraction], rate: Decimal | None,
    amount: Fraction | None,
) -> Line:  # fmt: skip
    """Make a line of the units that were used, are free, and are billable."""
    quantity, free, billable = units
    if amount is not None and charge.cents:
        cents = Fraction(charge.cents)
        amount = math.floor(amount / cents + Fraction(1, 2)) * cents
    return Line(
        platform=platform, charge=charge.id, group=charge.group, item=charge.item, quantity=quantity, free=free,
        billable=billable, unit=charge.per.text, rate=rate, amount=amount, standing=charge.standing,
        source=charge.source, as_of=charge.as_of, reason=charge.reason,
    )  # fmt: skip


def _resting_on(line: Line, allowance: Allowance) -> Line:
    """Give a line the standing of its allowance, where that is the weaker."""
    order = list(Standing)
    if line.standing is None or order.index(allowance.standing) <= order.index(line.standing):
        return line
    reasons = (reason for reason in (line.reason, allowance.reason) if reason)
    return replace(line, standing=allowance.standing, reason="; ".join(reasons) or None)


def _without_price(one: Unpriced, prices: PriceList) -> Line:
    return Line(
        platform=prices.platform, charge=None, group=one.group, item=f"{one.meter} of {prices.platform}",
        quantity=one.quantity, free=Fraction(0), billable=one.quantity, unit=one.unit, rate=None, amount=None,
        standing=None, source=f"price book {prices.book}", as_of=None, reason="the price book has no price for it",
    )  # fmt: skip


def _credit(credit: Credit, taken: Fraction, platform: str) -> Line:
    return Line(
        platform=platform, charge=None, group=Group.INFRASTRUCTURE, item=credit.item, quantity=Fraction(1),
        free=Fraction(0), billable=Fraction(1), unit="month", rate=-credit.amount, amount=-taken,
        standing=credit.standing, source=credit.source, as_of=credit.as_of, reason=credit.reason,
        credit=credit.amount,
    )  # fmt: skip
