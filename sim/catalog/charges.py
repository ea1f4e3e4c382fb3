"""One price each: a charge, and what a vendor gives away, adds or asks for beside its charges."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum
from fnmatch import fnmatchcase
from fractions import Fraction
from functools import cached_property
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from sim import units
from sim.catalog.counting import EXTRA, OF_INSTANCES, OF_TIME, TOKENS, USABLE, Basis, Measure, Resources, Scope, Unit
from sim.catalog.figures import Entry, Sourced
from sim.errors import AdvisedError, quoted


class Group(StrEnum):
    """The part of the bill that a charge belongs to."""

    INFRASTRUCTURE = "infrastructure"
    LLM = "llm"
    ORCHESTRATION = "orchestration"
    LABOUR = "labour"


def number(value: object) -> Fraction:
    """Read a number as it is written: 0.1 is a tenth."""
    try:
        found = value if isinstance(value, Fraction) else Fraction(Decimal(str(value)))
    except (ArithmeticError, ValueError) as error:
        raise AdvisedError(f"{quoted(value)} is not a number", "write such as `180000` or `0.25`") from error
    if found < 0:
        raise AdvisedError(f"{quoted(value)} is negative", "write 0 or more")
    return found


def _factor(value: object) -> Decimal:
    """Read a factor as a decimal that a price can be multiplied by exactly."""
    exact = number(value)
    return Decimal(exact.numerator) / Decimal(exact.denominator)


Money = Annotated[Decimal, BeforeValidator(units.money)]
Duration = Annotated[int, BeforeValidator(units.duration)]
Bytes = Annotated[int, BeforeValidator(units.size)]
Share = Annotated[Fraction, BeforeValidator(units.percent)]
Per = Annotated[Unit, BeforeValidator(Unit.parse)]
Number = Annotated[Fraction, BeforeValidator(number)]


class Tier(Entry):
    """A rate for what is used beyond a quantity.

    Attributes
    ----------
    above : Fraction
        In units of the charge, after the free allowance.
    rate : Decimal
        Dollars a unit.
    plans : tuple of str
        The plans of the vendor that have it; all when empty.
    """

    above: Annotated[Number, Field(gt=0)]
    rate: Money
    plans: tuple[str, ...] = ()


class Payload(Entry):
    """How many requests a vendor makes of a large one.

    Attributes
    ----------
    first, then : int
        Bytes that one request carries; bytes of each further one that is charged.
    """

    first: Annotated[Bytes, Field(ge=1)]
    then: Annotated[Bytes, Field(ge=1)]

    def requests(self, size: int) -> int:
        """How many requests one with so many bytes is charged as."""
        return 1 + max(0, -(-(size - self.first) // self.then))


class Offered(Sourced):
    """What holds for some variants and plans of a platform only.

    Attributes
    ----------
    variants : tuple of str
        The variants of the platform that it is for; all when empty.
    plans : tuple of str
        The plans of the vendor that it is for; all when empty.
    """

    variants: tuple[str, ...] = ()
    plans: tuple[str, ...] = ()


class Allowance(Offered):
    """What is free each month, once for the account, for all charges that name it, in the order of the list.

    Attributes
    ----------
    quantity : Fraction
    by_plan : dict of str to Fraction
        Instead, by plan of the vendor; none on a plan that is not here.
    per : Unit
        What the quantity is of. A share of a month is not a share of the allowance.
    per_seat : bool
        Whether there is as much for each seat of the plan.
    by_value : bool
        Whether the vendor takes it off in dollars, at the rates that the list gives: where a unit costs 1.4 times as
        much in a region, it takes up 1.4 times as much.
    """

    quantity: Number | None = None
    by_plan: dict[str, Number] = Field(default_factory=dict)
    per: Per
    per_seat: bool = False
    by_value: bool = False

    @model_validator(mode="after")
    def _has_a_quantity(self) -> Allowance:
        if (self.quantity is None) == (not self.by_plan):
            raise AdvisedError("how much is free is not said, or twice", "write either `quantity` or `by_plan`")
        return self

    def on(self, plan: str | None) -> Allowance:
        """Return what is free on a plan."""
        if self.quantity is not None:
            return self
        return self.model_copy(update={"quantity": self.by_plan.get(plan or "", Fraction(0)), "by_plan": {}})


class Monthly(Offered):
    """Dollars of a month.

    Attributes
    ----------
    item : str
    amount : Decimal
        Dollars.
    per_seat : bool
        Whether there is as much for each seat of the plan.
    group : Group
    """

    item: str = Field(min_length=1)
    amount: Money
    per_seat: bool = False
    group: Group = Group.INFRASTRUCTURE


class Credit(Monthly):
    """Dollars that the vendor takes off what was used each month; what is left over is lost. It pays no plan's fee."""


class Floor(Monthly):
    """Dollars that a month with the platform costs at least: a fee that pays for what is used up to it."""


class Surcharge(Offered):
    """A part of other charges that comes on top of them.

    Attributes
    ----------
    item : str
    percent : Fraction
        Of one.
    of : tuple of str
        The charges; all but the fees of plans when empty.
    least : Decimal
        Dollars a month that it is at least, whatever was used.
    group : Group
    """

    item: str = Field(min_length=1)
    percent: Share
    of: tuple[str, ...] = ()
    least: Money = Decimal(0)
    group: Group = Group.INFRASTRUCTURE


class Commitment(Offered):
    """What is bought for the whole month, used or not; charges draw on it, and what is beyond it has their own rate.

    A month's use is held against a month's commitment: use that comes and goes pays as if it had come evenly.

    Attributes
    ----------
    item : str
    rate : Decimal
        Dollars a unit.
    per : Unit
    allowance : str
        The allowance that a unit adds its own quantity to.
    group : Group
    """

    item: str = Field(min_length=1)
    rate: Money
    per: Per
    allowance: str
    group: Group = Group.INFRASTRUCTURE


class Region(Sourced):
    """How much more (or less) a region costs than the one whose prices the list gives.

    Attributes
    ----------
    factor : Decimal
        Of the rate of each charge that is ``regional``.
    """

    factor: Annotated[Decimal, BeforeValidator(_factor)] = Decimal(1)


class Charge(Offered):
    """The price of one thing.

    Attributes
    ----------
    id : str
        Its key in the price list.
    item : str
        How a bill names it.
    group : Group
    meter : str or None
        The meter of the profile that it prices; of tokens, the model; of a plan, None, and of a count that has none.
    measure : Measure
    scope : Scope
        What is one record, of time.
    basis : Basis
        What is counted of the instance.
    included : Fraction
        What costs nothing of a basis that is `EXTRA`: GiB of memory for each vCPU; GB or GiB of disk.
    amount : Fraction
        What one of it counts: 0.128 where each object is billed as 128 MB; 0.05 where 20 messages are a request.
    step, floor : Fraction
        What is counted of the instance is a multiple of the one (0 for any) and at least the other.
    or_used : bool
        Whether what was used is counted instead where that is more. In a run no instance uses more than it has, so
        this is only for quantities that are given.
    with_start : bool
        Whether the start of the instance is billed with the first request that waited for it, with the scope REQUEST.
    provisioned_only : bool
        Whether it is for requests that provisioned instances serve, with the scope REQUEST. Beside such a charge,
        others of its meter are for the requests that come while all of these instances are busy.
    rate : Decimal or None
        Dollars a unit; None when no price is known.
    per : Unit
    regional : bool
        Whether the factor of a region applies to it.
    region_rates : dict of str to Decimal
        By region, the rate there.
    round_up, minimum : int
        Microseconds: a record lasts a multiple of the one and at least the other.
    payload : Payload or None
        How many requests one with a large payload is.
    allowance : str or None
        The free allowance of the list that it draws on.
    draws : Fraction
        How much of the allowance a unit takes up: 2 where its minutes count twice.
    nearest : Fraction
        What was used in the month is rounded to a multiple of it, halves up, before anything is taken off; in units of
        the charge, 0 for not at all.
    whole_units : bool
        Whether a part of a unit costs as much as a whole one.
    tiers : tuple of Tier
        Other rates for larger quantities, in their order.
    cap, least : Decimal or None
        Dollars that an instance costs in a calendar month: at most, however long the month; at least, if it was there.
    cents : Decimal or None
        The line is rounded to a multiple of it, halves up; as the list says where it is None.
    sizes : tuple of str
        Patterns of the sizes that it is the price of; of all when empty.
    """

    id: str
    item: str = Field(min_length=1)
    group: Group = Group.INFRASTRUCTURE
    meter: str | None = None
    measure: Measure = Measure.TIME
    scope: Scope = Scope.INTERVAL
    basis: Basis = Basis.ONE
    included: Number = Fraction(0)
    amount: Annotated[Number, Field(gt=0)] = Fraction(1)
    step: Number = Fraction(0)
    floor: Number = Fraction(0)
    or_used: bool = False
    with_start: bool = False
    provisioned_only: bool = False
    rate: Money | None = None
    per: Per
    regional: bool = False
    region_rates: dict[str, Money] = Field(default_factory=dict)
    round_up: Annotated[Duration, Field(ge=1)] = 1
    minimum: Duration = 0
    payload: Payload | None = None
    allowance: str | None = None
    draws: Annotated[Number, Field(gt=0)] = Fraction(1)
    nearest: Number = Fraction(0)
    whole_units: bool = False
    tiers: tuple[Tier, ...] = ()
    cap: Money | None = None
    least: Money | None = None
    cents: Money | None = None
    sizes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> Charge:
        for wrong, message, fix in (*self._wrong_counts(), *self._wrong_terms()):
            if wrong:
                raise AdvisedError(message, fix)
        return self

    def _wrong_counts(self) -> Iterator[tuple[bool, str, str]]:
        plan, counted = self.measure is Measure.PLAN, self.measure is Measure.COUNT
        recorded, based = self.measure in (Measure.TIME, Measure.PROVISIONED), self.measure in OF_INSTANCES
        yield (not counted and (self.meter is None) != plan, f"a charge for {self.measure.value} needs "
               f"{'no' if plan else 'a'} meter", "only a plan has none, and a count may have none")
        yield (not counted and (self.measure in OF_TIME) != self.per.timed, f"{quoted(self.per.text)} does not measure "
               f"{self.measure.value}", "write a unit of time for time, CPU, memory, provisioned capacity and plans, "
               "else a unit that counts")
        yield (not recorded and (self.round_up != 1 or self.minimum != 0), "only time has a minimum or is rounded up",
               "leave `round_up` and `minimum` out, or write `whole_units: true`")
        yield self.measure is not Measure.TIME and self.scope is not Scope.INTERVAL, "only time has a scope", \
            "leave `scope` out"
        yield not based and self.basis is not Basis.ONE, "only what instances do has a basis", "leave `basis` out"
        yield (self.basis is Basis.ONE and (self.step != 0 or self.floor != 0),
               "`step` and `floor` are of a basis", "write `basis: vcpu` or `basis: memory`, or leave them out")
        yield ((self.basis in EXTRA) != (self.included != 0),
               "`basis: extra-memory` (or `extra-disk`) and `included` go together", "write both or neither")
        yield (self.with_start and self.scope is not Scope.REQUEST, "only a request can be billed with the start",
               "write `scope: request`")
        yield (self.provisioned_only and self.scope is not Scope.REQUEST, "only requests are served by provisioned "
               "instances", "write `scope: request`")
        yield (self.or_used and (self.measure is not Measure.TIME or self.basis not in USABLE), "only time by cores or "
               "memory has a use", "write `basis: vcpu`, `core` or `memory`, or leave `or_used` out")
        yield (self.payload is not None and self.measure is not Measure.REQUESTS, "only requests have a payload",
               "write `measure: requests`, or leave `payload` out")

    def _wrong_terms(self) -> Iterator[tuple[bool, str, str]]:
        by_instance = self.by_instance
        yield (by_instance and (self.measure is not Measure.TIME or self.scope in (Scope.REQUEST, Scope.MONTH)),
               "only the time of an instance has a cap or a least price", "leave `cap` and `least` out")
        yield (by_instance and (self.allowance is not None or self.tiers != () or self.whole_units),
               "a price with a cap cannot have an allowance, tiers or whole units", "price them apart")
        yield (self.nearest != 0 and by_instance, "a price with a cap rounds no quantity", "leave `nearest` out")
        yield (self.rate is None and (by_instance or self.tiers != () or self.whole_units or self.cents is not None),
               "a charge without a rate has no terms either", "write `rate`, or leave the terms out")
        yield (self.draws != 1 and self.allowance is None, "`draws` is of an allowance", "name its `allowance`")
        yield (bool(self.region_rates) and (self.tiers != () or by_instance),
               "a price with tiers or a cap has no other rates by region", "write a charge for each region")
        above = [tier.above for tier in self.tiers]
        yield above != sorted(set(above)), "the tiers are not in order", "write the lowest `above` first"

    @property
    def by_instance(self) -> bool:
        """Whether each instance is priced by itself, between its least price and its cap."""
        return self.cap is not None or self.least is not None

    def matches(self, size: str | None) -> bool:
        """Say whether this is a price of the size."""
        return not self.sizes or (size is not None and any(fnmatchcase(size, pattern) for pattern in self.sizes))

    def counts(self, has: Resources, used: Fraction = Fraction(0)) -> Fraction:
        """How much the charge counts of an instance.

        Parameters
        ----------
        has : Resources
            What the instance has.
        used : Fraction
            How much of the basis it used, where that counts instead if it is more.

        Returns
        -------
        Fraction
            Of what its unit is of, such as GiB.
        """
        found = max(has.of(self.basis, self.included), self.floor, used if self.or_used else Fraction(0))
        return (math.ceil(found / self.step) * self.step if self.step else found) * self.amount

    def billed(self, time: int) -> int:
        """Microseconds for which a record of so many is billed."""
        return -(-max(time, self.minimum) // self.round_up) * self.round_up

    def in_region(self, name: str, region: Region) -> Charge:
        """Return the price of the same thing in a region; the standing is that of the weaker of the two figures."""
        if name in self.region_rates:
            return self.model_copy(update={"rate": self.region_rates[name]})
        if not self.regional or self.rate is None:
            return self
        prices = {"rate": self.rate, "cap": self.cap, "least": self.least}
        reasons = "; ".join(reason for reason in (self.reason, region.reason) if reason)
        return self.model_copy(update={
            **{key: None if one is None else one * region.factor for key, one in prices.items()},
            "tiers": tuple(tier.model_copy(update={"rate": tier.rate * region.factor}) for tier in self.tiers),
            "standing": max(self.standing, region.standing, key=list(type(self.standing)).index),
            "source": self.source if region.source == self.source else f"{self.source}; {region.source}",
            "as_of": min(self.as_of, region.as_of), "reason": reasons or None,
        })  # fmt: skip

    @cached_property
    def rounding(self) -> str:
        """How the vendor rounds, in words; empty where nothing is rounded."""
        parts = []
        if self.round_up > 1:
            parts.append(f"rounded up to {units.show_duration(self.round_up)}")
        if self.minimum:
            parts.append(f"{units.show_duration(self.minimum)} at least")
        if parts and self.measure is Measure.TIME:
            parts.append({Scope.INTERVAL: "for each run of it", Scope.START: "for each start",
                          Scope.REQUEST: "for each request", Scope.MONTH: "for the month"}[self.scope])
        if self.step:
            parts.append(f"{self.basis.value} in steps of {units.show_cores(self.step)}")
        if self.floor:
            parts.append(f"{self.basis.value} at least {units.show_cores(self.floor)}")
        if self.or_used:
            parts.append(f"{self.basis.value} that was used where that is more")
        if self.payload is not None:
            parts.append(f"one up to {units.show_size(self.payload.first)}, then one more for each "
                         f"{units.show_size(self.payload.then)}")
        if self.nearest:
            parts.append(f"to the nearest {units.show_cores(self.nearest)} {self.per.text}")
        if self.whole_units:
            parts.append("in whole units")
        return ", ".join(parts)


class ModelPrice(Sourced):
    """What the tokens of a language model cost, dollars a million; None when no price is known.

    Attributes
    ----------
    input, cached, output : Decimal or None
        Of prompt tokens, of prompt tokens that were cached, of generated tokens.
    written, written_hour : Decimal or None
        Of prompt tokens that are written to the cache, to be kept for minutes or for an hour; None where that costs
        nothing beside the input.
    """

    input: Money | None = None
    cached: Money | None = None
    output: Money | None = None
    written: Money | None = None
    written_hour: Money | None = None

    def charges(self, model: str) -> Iterator[dict[str, Any]]:
        """Spell the prices out as charges, in the form of a file."""
        names = {Measure.INPUT: "input", Measure.CACHED: "cached input", Measure.OUTPUT: "output",
                 Measure.WRITTEN: "cache write", Measure.WRITTEN_HOUR: "hour's cache write"}
        for measure, words in names.items():
            rate = getattr(self, measure.value.replace("-", "_"))
            if rate is None and measure not in TOKENS:
                continue
            yield {
                "id": f"{model} {words}", "item": f"{model} {words} tokens", "group": Group.LLM, "meter": model,
                "measure": measure, "rate": rate, "per": "1M tokens",
                "standing": self.standing, "source": self.source, "as_of": self.as_of, "reason": self.reason,
            }  # fmt: skip
