"""Prices that a deployment is billed by, as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from sim import units
from sim.catalog.figures import Sourced
from sim.catalog.prices import Charge, PriceList, Scope, prices
from sim.scenario.deployment import BoundDeployment

Priced = tuple[str, str, str, Sourced]
"""What is priced, the price, its terms, and what it rests on."""


def of_deployment(deployment: BoundDeployment, book: str) -> Iterator[Priced]:
    """List the prices of a platform that a deployment meets.

    Parameters
    ----------
    deployment : BoundDeployment
    book : str
        The price book.
    """
    meters = deployment.profile.meters.running(deployment.minimum)
    listed = prices(book, deployment.platform)
    for charge in listed.of_size(deployment.size):
        if charge.meter is None or charge.meter in meters:
            yield charge.item, _rate(charge), ", ".join(_terms(charge, listed)), charge
    yield from _credits(listed)


def of_platform(listed: PriceList) -> Iterator[Priced]:
    """List all prices of a platform.

    Parameters
    ----------
    listed : PriceList
    """
    for charge in listed.charges:
        yield charge.item, _rate(charge), ", ".join(_terms(charge, listed)), charge
    yield from _credits(listed)


def of_models(models: Iterable[str], book: str) -> Iterator[Priced]:
    """List the prices of tokens of language models.

    Parameters
    ----------
    models : iterable of str
    book : str
    """
    listed = prices(book, "llm")
    for model in models:
        for charge in listed.charges:
            if charge.meter == model:
                yield charge.item, _rate(charge), ", ".join(_terms(charge, listed)), charge


def _credits(listed: PriceList) -> Iterator[Priced]:
    for credit in listed.credits:
        yield credit.item, f"{units.show_money(credit.amount)} off a month", "", credit


def _rate(charge: Charge) -> str:
    return "no price known" if charge.rate is None else f"{units.show_money(charge.rate)} per {charge.per.text}"


def _terms(charge: Charge, listed: PriceList) -> Iterator[str]:
    if charge.whole_units:
        yield "in whole units"
    if charge.round_up > 1:
        yield f"rounded up to {units.show_duration(charge.round_up)}"
    if charge.minimum:
        yield f"{units.show_duration(charge.minimum)} at least"
    if charge.round_up > 1 or charge.minimum:
        yield {Scope.INTERVAL: "for each run of it", Scope.START: "for each start", Scope.REQUEST: "for each request",
               Scope.MONTH: "for the month"}[charge.scope]  # fmt: skip
    if charge.included:
        yield f"the first {_number(charge.included)} GiB for each vCPU free"
    if charge.allowance is not None:
        free = listed.allowances[charge.allowance]
        yield f"{_number(free.quantity)} {free.per.text} a month free"
    for tier in charge.tiers:
        yield f"{units.show_money(tier.rate)} above {_number(tier.above)}"
    for amount, words in ((charge.cap, "at most"), (charge.least, "at least")):
        if amount is not None:
            yield f"{words} {units.show_money(amount)} a month"


def _number(number: Fraction) -> str:
    return f"{int(number):,}" if number.denominator == 1 else f"{float(number):g}"
