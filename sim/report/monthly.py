"""What an instance of a platform costs a month that does one thing only: rest, or work with all that it has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from sim.billing import Used
from sim.billing.month import Hours
from sim.billing.rating import Unpriced, Usage, rate
from sim.catalog.charges import Charge, Group
from sim.catalog.counting import Measure, Resources, Scope
from sim.catalog.prices import PriceList
from sim.catalog.profiles import Profile

MONTH = Hours(730)
"""The month that costs are told for."""


@dataclass(frozen=True, slots=True)
class Monthly:
    """A cost of 730 hours by the books that know it.

    Attributes
    ----------
    what : str
        The size, and what the instance does.
    dollars : dict of str to Fraction
        By book.
    """

    what: str
    dollars: dict[str, Fraction]


def at_rest(profile: Profile, size: str | None, listed: PriceList) -> Fraction | None:
    """Return what an instance costs that is never asked for anything, with the fees of the default plan.

    It is on the deepest rung that keeps it, or gone where none does; without a ladder it is idle.

    Parameters
    ----------
    profile : Profile
    size : str or None
        A named size; None where it is chosen, for the default one.
    listed : PriceList
        Of the platform and variant.

    Returns
    -------
    Fraction or None
        Dollars of 730 hours; None where a price is not known.
    """
    last = profile.ladder[-1] if profile.ladder else None
    if profile.minimum.value and profile.ladder:
        meter = profile.meters.minimum_idle or profile.meters.idle
    else:
        meter = profile.meters.idle if last is None else profile.meters.rungs.get(last.name) if last.keeps else None
    return _cost(profile, size, listed, meter, working=False)


def at_work(profile: Profile, size: str | None, listed: PriceList) -> Fraction | None:
    """Return what an instance costs that works all the time, on all of its CPU and memory, without its requests.

    See `at_rest`.
    """
    return _cost(profile, size, listed, profile.meters.busy, working=True)


def both(profile: Profile, lists: dict[str, PriceList]) -> Iterator[Monthly]:
    """Yield the costs that more than one book knows, by size."""
    for size in profile.sizes or [None]:
        told = None
        for what, cost in (("at work", at_work), ("at rest", at_rest)):
            known = {book: cost(profile, size, listed) for book, listed in lists.items()}
            dollars = {book: amount for book, amount in known.items() if amount is not None}
            if len(dollars) > 1 and any(dollars.values()) and dollars != told:
                yield Monthly(f"{size} {what}" if size else what, dollars)
                told = dollars


def _cost(
    profile: Profile, size: str | None, listed: PriceList, meter: str | None, *, working: bool
) -> Fraction | None:
    has, kept = _resources(profile, size), max(1, profile.minimum.value)
    used = {}
    for charge in listed.of_size(size):
        each = _quantity(charge, has, profile, meter, working)
        if each is not None:
            each *= kept if charge.measure is Measure.PROVISIONED else 1
            used[charge.id] = Used.by_instance((each, 1)) if charge.by_instance else Used(each)
    without = listed.unpriced([meter] if meter else [], size)
    unpriced = tuple(Unpriced(name, Fraction(1), "month", Group.INFRASTRUCTURE) for name in without)
    bill = rate(Usage(used, unpriced), listed, MONTH)
    return bill.total() if bill.complete() else None


def _quantity(
    charge: Charge, has: Resources, profile: Profile, meter: str | None, working: bool
) -> Fraction | None:
    """How much of a charge an instance uses in the month; None where it uses nothing of it."""
    month = MONTH.microseconds
    if charge.measure is Measure.PROVISIONED and charge.meter in profile.meters.names:
        return charge.counts(has) * Fraction(month, charge.per.size(month))
    if charge.meter != meter or meter is None:
        return None
    whole = Fraction(month, charge.per.size(month))
    if charge.measure is Measure.TIME:
        return charge.counts(has) * whole if working or charge.scope is not Scope.REQUEST else None
    if charge.measure is Measure.CPU:
        return has.vcpu * whole if working else None
    if charge.measure is Measure.MEMORY:
        return Fraction(has.memory if working else profile.base_memory.value, 2**30) * whole
    return None


def _resources(profile: Profile, size: str | None) -> Resources:
    if size is not None:
        one = profile.sizes[size]
        return Resources(one.vcpu, one.memory, profile.storage_gb(size), one.gpus)
    memory = profile.default_memory.value if profile.default_memory is not None else 0
    vcpu = profile.cores(memory)
    if vcpu is None:
        vcpu = profile.default_vcpu.value if profile.default_vcpu is not None else Fraction(0)
    return Resources(vcpu, memory, profile.storage_gb(None))
