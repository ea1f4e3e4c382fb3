"""Quantities and a price list to a bill. Nothing here knows of a simulation."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

from sim.billing.invoice import DOLLARS, Invoice, Kind, Line
from sim.billing.month import Hours, Month
from sim.catalog.charges import Allowance, Charge, Commitment, Credit, Floor, Group, Surcharge
from sim.catalog.counting import Measure
from sim.catalog.figures import Sourced, Standing
from sim.catalog.prices import PriceList

SEAT = "seat"
"""What a plan's fee is for where each seat pays it."""


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
        """Make it from quantities and the number of instances that have each; one that has none was not there."""
        exact = tuple((Fraction(quantity), count) for quantity, count in instances if quantity)
        return cls(sum((quantity * count for quantity, count in exact), Fraction(0)), exact)

    def __add__(self, other: Used) -> Used:
        """Put two uses of one charge together."""
        return Used(self.quantity + other.quantity, self.instances + other.instances)


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
    seats : int
        Of the vendor's plan.
    committed : dict of str to Fraction
        By the name of the commitment, units that were bought for the month.
    credit : Decimal
        Dollars that are left of what the vendor gave once, or sold before.
    """

    used: Mapping[str, Used]
    unpriced: tuple[Unpriced, ...] = field(default=())
    seats: int = 1
    committed: Mapping[str, Fraction] = field(default_factory=dict)
    credit: Decimal = Decimal(0)


def rate(usage: Usage, prices: PriceList, month: Month | Hours) -> Invoice:
    """Price what was used.

    Each allowance is spent first, by the charges in the order of the list; then tiers, whole units, caps and least
    prices are applied, and last the rounding that is part of a price. What was not used has no line; a plan's fee
    always has. Then come what is committed, what is charged on top, credits, and what is missing to the least bill.

    Parameters
    ----------
    usage : Usage
    prices : PriceList
        A plan in it is charged: leave out what is for other variants, as `sim.catalog.prices.prices` does.
    month : Month or Hours
        How long the month is that is billed.

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
    bill = _Bill(usage, prices, month)
    charged = list(bill.charges())
    charged += bill.commitments()
    charged += [_without_price(one, prices) for one in usage.unpriced if one.quantity > 0]
    charged += [bill.surcharge(one, charged) for one in prices.surcharges]
    charged += list(bill.credits(charged))
    return Invoice(str(month), prices.book, (*charged, *bill.floors(charged)), prices.not_covered)


class _Bill:
    """The lines of one bill, part by part."""

    def __init__(self, usage: Usage, prices: PriceList, month: Month | Hours) -> None:
        self._usage, self._prices, self._month = usage, prices, month.microseconds
        self._plans = {charge.id for charge in prices.charges if charge.measure is Measure.PLAN}

    def charges(self) -> Iterator[Line]:
        """Yield the lines of what was used, and of the fees of plans."""
        prices, left = self._prices, self._free()
        for charge in prices.charges:
            used = self._used(charge)
            if used is None or used.quantity == 0:
                continue
            free = Fraction(0)
            if charge.allowance is not None:
                size = charge.per.size(self._month) * charge.draws
                free = min(used.quantity, left[charge.allowance] / size)
                left[charge.allowance] -= free * size
            for line in self._lines(charge, used, free):
                rests = charge.allowance is not None and line.free
                yield _resting_on(line, prices.allowances[charge.allowance or ""]) if rests else line

    def commitments(self) -> Iterator[Line]:
        """Yield the lines of what was bought for the month."""
        for name, bought in self._usage.committed.items():
            one = self._prices.commitments[name]
            if bought:
                amount = self._rounded(bought * Fraction(one.rate))
                yield _flat(self._prices, one, bought, one.per.text, one.rate, amount)

    def surcharge(self, one: Surcharge, charged: Iterable[Line]) -> Line:
        """Return the line of what comes on top of other lines; without an amount where one of these has none."""
        lines = [line for line in charged if self._is_of(line, one.of)]
        known = sum((line.amount for line in lines if line.amount is not None), Fraction(0))
        amount = max(known * one.percent, Fraction(one.least))
        made = _flat(self._prices, one, known, DOLLARS, _decimal(one.percent), self._rounded(amount))
        if any(line.amount is None for line in lines):
            return replace(made, amount=None)
        return replace(made, least=one.least, raised=int(amount > known * one.percent)) if one.least else made

    def credits(self, charged: Iterable[Line]) -> Iterator[Line]:
        """Yield what the vendor takes off, the one credit after the other; fees of plans are not paid by them."""
        spent = sum((line.amount for line in charged if line.amount is not None and line.charge not in self._plans),
                    Fraction(0))
        for credit in self._prices.credits:
            most = credit.amount * self._seats(credit)
            taken = min(Fraction(most), spent)
            spent -= taken
            if taken > 0:
                made = _flat(self._prices, credit, Fraction(1), "month", -most, -taken)
                yield replace(made, credit=most)
        if taken := min(Fraction(self._usage.credit), spent):
            yield Line(
                platform=self._prices.platform, charge=None, group=Group.INFRASTRUCTURE, item="credit from before",
                quantity=Fraction(1), free=Fraction(0), billable=Fraction(1), unit="month", rate=-self._usage.credit,
                amount=-taken, standing=None, source="as given", as_of=None, reason=None, kind=Kind.CREDIT,
                credit=self._usage.credit,
            )  # fmt: skip

    def floors(self, charged: Iterable[Line]) -> Iterator[Line]:
        """Yield what is missing to the least that a month with the platform costs, credits taken off."""
        spent = sum((line.amount for line in charged if line.amount is not None), Fraction(0))
        for floor in self._prices.floors:
            least = floor.amount * self._seats(floor)
            missing = max(Fraction(0), Fraction(least) - spent)
            spent += missing
            if missing:
                made = _flat(self._prices, floor, Fraction(1), "month", least, missing)
                yield replace(made, least=least, raised=1)

    def _free(self) -> dict[str, Fraction]:
        """How much each allowance holds, in the things that are counted (of time, microseconds of one of them)."""
        free = {name: (one.quantity or Fraction(0)) * one.per.size(self._month) * self._seats(one)
                for name, one in self._prices.allowances.items()}
        for name, bought in self._usage.committed.items():
            commitment = self._prices.commitments[name]
            free[commitment.allowance] += bought * commitment.per.size(self._month)
        return free

    def _used(self, charge: Charge) -> Used | None:
        if charge.measure is Measure.PLAN:
            return Used(Fraction(self._usage.seats if charge.per.noun == SEAT else 1))
        used = self._usage.used.get(charge.id)
        if used is None or not charge.nearest:
            return used
        return Used(math.floor(used.quantity / charge.nearest + Fraction(1, 2)) * charge.nearest)

    def _seats(self, one: Allowance | Credit | Floor) -> int:
        return self._usage.seats if one.per_seat else 1

    def _is_of(self, line: Line, names: Collection[str]) -> bool:
        return line.charge in names if names else line.charge not in self._plans

    def _lines(self, charge: Charge, used: Used, free: Fraction) -> Iterator[Line]:
        """Make the lines of a charge: one, or one for each tier that is reached."""
        if charge.by_instance:
            yield self._by_instance(charge, used)
            return
        left = used.quantity - free
        if charge.whole_units:
            left = Fraction(math.ceil(left))
        if charge.rate is None:
            # What is free costs nothing, whatever more of it would.
            yield self._line(charge, (used.quantity, free, left), None, None if left else Fraction(0))
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
                yield self._line(charge, (quantity, covered, billable), one, billable * Fraction(one))

    def _by_instance(self, charge: Charge, used: Used) -> Line:
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
        line = self._line(charge, (used.quantity, Fraction(0), used.quantity), charge.rate, total)
        return replace(
            line, instances=sum(count for _, count in used.instances),
            cap=charge.cap, capped=None if charge.cap is None else capped,
            least=charge.least, raised=None if charge.least is None else raised,
        )  # fmt: skip

    def _line(
        self, charge: Charge, units: tuple[Fraction, Fraction, Fraction], rate: Decimal | None, amount: Fraction | None
    ) -> Line:
        """Make a line of the units that were used, are free, and are billable."""
        quantity, free, billable = units
        cents = charge.cents or self._prices.cents
        told = [charge.rounding, f"line to ${cents:f}" if cents and amount is not None else ""]
        return Line(
            platform=self._prices.platform, charge=charge.id, group=charge.group, item=charge.item, quantity=quantity,
            free=free, billable=billable, unit=charge.per.text, rate=rate, amount=self._rounded(amount, cents),
            standing=charge.standing, source=charge.source, as_of=charge.as_of, reason=charge.reason,
            rounding="; ".join(text for text in told if text),
        )  # fmt: skip

    def _rounded(self, amount: Fraction | None, cents: Decimal | None = None) -> Fraction | None:
        """Round an amount as the vendor does, halves up."""
        to = cents or self._prices.cents
        if amount is None or not to:
            return amount
        return math.floor(amount / Fraction(to) + Fraction(1, 2)) * Fraction(to)


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
        kind=Kind.UNPRICED,
    )  # fmt: skip


_KINDS: Mapping[type[Sourced], Kind] = {
    Commitment: Kind.COMMITMENT, Surcharge: Kind.SURCHARGE, Credit: Kind.CREDIT, Floor: Kind.FLOOR,
}  # fmt: skip


def _flat(
    prices: PriceList, one: Commitment | Surcharge | Credit | Floor, quantity: Fraction, unit: str, rate: Decimal,
    amount: Fraction | None,
) -> Line:  # fmt: skip
    """Make a line of what is no charge."""
    return Line(
        platform=prices.platform, charge=None, group=one.group, item=one.item, quantity=quantity, free=Fraction(0),
        billable=quantity, unit=unit, rate=rate, amount=amount, standing=one.standing, source=one.source,
        as_of=one.as_of, reason=one.reason, kind=_KINDS[type(one)],
    )  # fmt: skip


def _decimal(share: Fraction) -> Decimal:
    """Write a share as a decimal; a percentage that a person wrote is one."""
    return Decimal(share.numerator) / Decimal(share.denominator)
