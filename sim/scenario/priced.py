"""Prices that a deployment is billed by, as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction

from sim import units
from sim.catalog.charges import Allowance, Charge, Credit, Floor
from sim.catalog.counting import TOKENS, Basis, Measure
from sim.catalog.figures import Sourced
from sim.catalog.prices import PriceList
from sim.scenario.deployment import BoundDeployment

Priced = tuple[str, str, str, Sourced]
"""What is priced, the price, its terms, and what it rests on."""


def of_deployment(deployment: BoundDeployment, book: str) -> Iterator[Priced]:
    """List the prices of a platform that a deployment meets: of what a run counts.

    Parameters
    ----------
    deployment : BoundDeployment
    book : str
        The price book.
    """
    meters = deployment.profile.meters.running(deployment.minimum)
    listed = deployment.prices(book)
    for charge in listed.of_size(deployment.size):
        if charge.measure is Measure.PLAN or (charge.measure is not Measure.COUNT and charge.meter in meters):
            yield charge.item, _rate(charge), ", ".join(_terms(charge, listed)), charge
    yield from _beside(listed)


def of_platform(listed: PriceList) -> Iterator[Priced]:
    """List all prices of a platform.

    Parameters
    ----------
    listed : PriceList
    """
    for charge in listed.charges:
        yield charge.item, _rate(charge), ", ".join(_terms(charge, listed)), charge
    yield from _beside(listed)


def of_models(models: Iterable[str], listed: PriceList) -> Iterator[Priced]:
    """List the prices of tokens of language models, of those that a run counts.

    Parameters
    ----------
    models : iterable of str
    listed : PriceList
        Of tokens.
    """
    for model in models:
        for charge in listed.charges:
            if charge.meter == model and charge.measure in TOKENS:
                yield charge.item, _rate(charge), ", ".join(_terms(charge, listed)), charge


def _beside(listed: PriceList) -> Iterator[Priced]:
    """List what is taken off, added or asked for beside the charges."""
    for name, one in listed.commitments.items():
        yield one.item, f"{units.show_money(one.rate)} per {one.per.text}", f"bought for the month as {name}", one
    for added in listed.surcharges:
        of = ", ".join(added.of) or "all that was used"
        least = f"{units.show_money(added.least)} a month at least" if added.least else ""
        yield added.item, f"{units.show_percent(added.percent)} of {of}", least, added
    for credit in listed.credits:
        yield credit.item, f"{units.show_money(credit.amount)} off a month", _seat(credit), credit
    for floor in listed.floors:
        yield floor.item, f"{units.show_money(floor.amount)} a month at least", _seat(floor), floor


def _seat(one: Credit | Floor) -> str:
    return "for each seat" if one.per_seat else ""


def _rate(charge: Charge) -> str:
    return "no price known" if charge.rate is None else f"{units.show_money(charge.rate)} per {charge.per.text}"


def _terms(charge: Charge, listed: PriceList) -> Iterator[str]:
    if charge.rounding:
        yield charge.rounding
    if charge.included:
        of = "GiB for each vCPU" if charge.basis is Basis.EXTRA_MEMORY else "of the disk"
        yield f"the first {_number(charge.included)} {of} free"
    if charge.amount != 1:
        yield f"each counts {_number(charge.amount)}"
    if charge.allowance is not None:
        yield from _free(listed.allowances[charge.allowance], charge)
    for tier in charge.tiers:
        on = f" on {', '.join(tier.plans)}" if tier.plans else ""
        yield f"{units.show_money(tier.rate)} above {_number(tier.above)}{on}"
    for amount, words in ((charge.cap, "at most"), (charge.least, "at least")):
        if amount is not None:
            yield f"{words} {units.show_money(amount)} a month"
    if charge.cents or listed.cents:
        yield f"line to {units.show_money(charge.cents or listed.cents or Decimal(0))}"
    for words, names in (("variant", charge.variants), ("plan", charge.plans)):
        if names:
            yield f"{words} {', '.join(names)}"


def _free(free: Allowance, charge: Charge) -> Iterator[str]:
    seat = " and seat" if free.per_seat else ""
    by_plan = [f"{_number(quantity)} ({plan})" for plan, quantity in free.by_plan.items()]
    yield f"{' or '.join(by_plan) or _number(free.quantity or Fraction(0))} {free.per.text} a month{seat} free"
    if free.by_value:
        yield "taken off in dollars, so that dearer regions use it up sooner"
    elif charge.draws != 1:
        yield f"which each unit draws {_number(charge.draws)} of"


def _number(number: Fraction) -> str:
    return f"{int(number):,}" if number.denominator == 1 else f"{float(number):g}"
