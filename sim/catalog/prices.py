"""What the meters of a platform cost. How the platform behaves is in its profile; a price list only prices meters.

A price book is a folder of price lists, one file for each platform::

    charges:
      vcpu:
        item: vCPU while a request is served
        meter: active                  # a meter that the profile names
        basis: vcpu                    # what of the instance is counted: here its vCPUs
        rate: $0.000024
        per: vCPU-s                    # what the rate is for
        round_up: 100 ms
        allowance: cpu
        standing: vendor
        source: pricing

A charge without a rate has no known price: the bill says so, and never says $0.00.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fnmatch import fnmatchcase
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, model_validator

from sim import units
from sim.catalog.entries import validate
from sim.catalog.figures import Entry, Source, Sourced
from sim.documents import Place, read
from sim.errors import AdvisedError, InputError, UnknownName, choose, quoted

BOOKS: Final = Path(__file__).with_suffix("")
"""The folder of the price books that come with the package."""

_TIMES: Final[Mapping[str, int]] = {
    "ms": units.MS, "s": units.SECOND, "min": units.MINUTE, "h": units.HOUR, "day": units.DAY,
    "30d": 30 * units.DAY, "730h": 730 * units.HOUR,
}  # fmt: skip
_TIMED: Final = re.compile(rf"(?:(?P<amount>[A-Za-z]+)-)?(?P<time>{'|'.join(_TIMES)}|month)")
_COUNTED: Final = re.compile(r"(?:1(?P<scale>[KM])? )?(?P<noun>[a-z]+)")
_SCALES: Final[Mapping[str | None, int]] = {None: 1, "K": 10**3, "M": 10**6}


@dataclass(frozen=True, slots=True)
class Unit:
    """What a rate is for, such as ``vCPU-s``, ``GB-month`` or ``1M requests``.

    Attributes
    ----------
    text : str
        As it was written.
    count : int
        Things, of a unit that counts them: a million of ``1M requests``.
    time : int or None
        Microseconds, of a unit of time; of ``month``, and of a unit that counts things, None.
    monthly : bool
        Whether the time is the calendar month that is billed, whatever its length.
    """

    text: str
    count: int = 1
    time: int | None = None
    monthly: bool = False

    @classmethod
    def parse(cls, value: object) -> Unit:
        """Read a unit.

        Parameters
        ----------
        value : str or Unit
            A time (``ms s min h day``, ``30d`` for thirty days, ``730h``, ``month`` for the calendar month), alone or
            behind an amount and a hyphen; or a noun, alone or behind ``1K`` or ``1M``.

        Returns
        -------
        Unit

        Raises
        ------
        AdvisedError
            None of these.
        """
        if isinstance(value, Unit):
            return value
        text = value if isinstance(value, str) else ""
        if timed := _TIMED.fullmatch(text):
            return cls(text, time=_TIMES.get(timed["time"]), monthly=timed["time"] == "month")
        if counted := _COUNTED.fullmatch(text):
            return cls(text, count=_SCALES[counted["scale"]])
        raise AdvisedError(f"{quoted(value)} is not a unit", "write such as `vCPU-s`, `GB-month` or `1M requests`")

    @property
    def timed(self) -> bool:
        """Whether the unit is one of time."""
        return self.monthly or self.time is not None

    def size(self, month: int) -> int:
        """How much of the thing counted one unit is.

        Parameters
        ----------
        month : int
            Microseconds of the calendar month that is billed.

        Returns
        -------
        int
            Microseconds of a unit of time, else things.
        """
        if self.monthly:
            return month
        return self.time if self.time is not None else self.count


class Group(StrEnum):
    """The part of the bill that a charge belongs to."""

    INFRASTRUCTURE = "infrastructure"
    LLM = "llm"
    ORCHESTRATION = "orchestration"
    LABOUR = "labour"


class Measure(StrEnum):
    """What is counted on a meter.

    Attributes
    ----------
    TIME : the time for which the meter runs, times the basis.
    REQUESTS : requests that began.
    CPU : CPU time that steps used, in cores.
    INPUT : prompt tokens that were not cached.
    CACHED : prompt tokens that were.
    OUTPUT : generated tokens.
    PLAN : nothing: a fee for each calendar month, whatever is used. It has no meter.
    """

    TIME = "time"
    REQUESTS = "requests"
    CPU = "cpu"
    INPUT = "input"
    CACHED = "cached"
    OUTPUT = "output"
    PLAN = "plan"


TOKENS: Final = frozenset({Measure.INPUT, Measure.CACHED, Measure.OUTPUT})
_OF_TIME: Final = frozenset({Measure.TIME, Measure.CPU, Measure.PLAN})


class Scope(StrEnum):
    """What the vendor takes as one record, to which the minimum and the rounding up apply.

    Attributes
    ----------
    INTERVAL : each uninterrupted run of the meter.
    START : all that an instance runs the meter between one start or wake and the next.
    REQUEST : each request, from its beginning to its end.
    MONTH : everything in the month.
    """

    INTERVAL = "interval"
    START = "start"
    REQUEST = "request"
    MONTH = "month"


class Basis(StrEnum):
    """What of an instance is counted while its meter runs.

    Attributes
    ----------
    ONE : the instance itself.
    VCPU, CORE : its vCPUs; its physical cores, each of two vCPUs.
    MEMORY : its memory, in GiB. (Where a vendor says GB of memory, it means these.)
    EXTRA_MEMORY : its memory beyond `Charge.included` for each vCPU, in GiB.
    DISK, DISK_GIB : its disk, in GB of 10^9 bytes; in GiB.
    """

    ONE = "one"
    VCPU = "vcpu"
    CORE = "core"
    MEMORY = "memory"
    EXTRA_MEMORY = "extra-memory"
    DISK = "disk"
    DISK_GIB = "disk-gib"


Money = Annotated[Decimal, BeforeValidator(units.money)]
Duration = Annotated[int, BeforeValidator(units.duration)]
Per = Annotated[Unit, BeforeValidator(Unit.parse)]


def _number(value: object) -> Fraction:
    """Read a number as it is written: 0.1 is a tenth."""
    try:
        number = value if isinstance(value, Fraction) else Fraction(Decimal(str(value)))
    except (ArithmeticError, ValueError) as error:
        raise AdvisedError(f"{quoted(value)} is not a number", "write such as `180000` or `0.25`") from error
    if number < 0:
        raise AdvisedError(f"{quoted(value)} is negative", "write 0 or more")
    return number


Number = Annotated[Fraction, BeforeValidator(_number)]


class Tier(Entry):
    """A rate for what is used beyond a quantity.

    Attributes
    ----------
    above : Fraction
        In units of the charge, after the free allowance.
    rate : Decimal
        Dollars a unit.
    """

    above: Annotated[Number, Field(gt=0)]
    rate: Money


class Allowance(Sourced):
    """What is free each month, once for the account, for all charges that name it, in the order of the list.

    Attributes
    ----------
    quantity : Fraction
    per : Unit
        What the quantity is of. A share of a month is not a share of the allowance.
    """

    quantity: Number
    per: Per


class Credit(Sourced):
    """Dollars that the vendor takes off the platform's charges each month; what is left over is lost.

    Attributes
    ----------
    item : str
    amount : Decimal
        Dollars.
    """

    item: str
    amount: Money


class Charge(Sourced):
    """The price of one thing.

    Attributes
    ----------
    id : str
        Its key in the price list.
    item : str
        How a bill names it.
    group : Group
    meter : str or None
        The meter of the profile that it prices; of tokens, the model; of a plan, None.
    measure : Measure
    scope : Scope
        What is one record, of time.
    basis : Basis
        What is counted of the instance, of time.
    included : Fraction
        GiB for each vCPU that cost nothing, with the basis EXTRA_MEMORY.
    with_start : bool
        Whether the start of the instance is billed with the first request that waited for it, with the scope REQUEST.
    rate : Decimal or None
        Dollars a unit; None when no price is known.
    per : Unit
    round_up, minimum : int
        Microseconds: a record lasts a multiple of the one and at least the other.
    allowance : str or None
        The free allowance of the list that it draws on.
    whole_units : bool
        Whether a part of a unit costs as much as a whole one.
    tiers : tuple of Tier
        Other rates for larger quantities, in their order.
    cap, least : Decimal or None
        Dollars that an instance costs in a calendar month: at most, however long the month; at least, if it was there.
    cents : Decimal or None
        The line is rounded to a multiple of it, halves up.
    sizes : tuple of str
        Patterns of the sizes that it is the price of; of all when empty.
    variants : tuple of str
        The variants of the platform that it is the price of; of all when empty.
    """

    id: str
    item: str = Field(min_length=1)
    group: Group = Group.INFRASTRUCTURE
    meter: str | None = None
    measure: Measure = Measure.TIME
    scope: Scope = Scope.INTERVAL
    basis: Basis = Basis.ONE
    included: Number = Fraction(0)
    with_start: bool = False
    rate: Money | None = None
    per: Per
    round_up: Annotated[Duration, Field(ge=1)] = 1
    minimum: Duration = 0
    allowance: str | None = None
    whole_units: bool = False
    tiers: tuple[Tier, ...] = ()
    cap: Money | None = None
    least: Money | None = None
    cents: Money | None = None
    sizes: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> Charge:
        for wrong, message, fix in self._contradictions():
            if wrong:
                raise AdvisedError(message, fix)
        return self

    def _contradictions(self) -> Iterator[tuple[bool, str, str]]:
        timed, by_resource = self.measure is Measure.TIME, self.cap is not None or self.least is not None
        yield ((self.meter is None) != (self.measure is Measure.PLAN), f"a charge for {self.measure.value} needs "
               f"{'no' if self.measure is Measure.PLAN else 'a'} meter", "only a plan has none")
        yield ((self.measure in _OF_TIME) != self.per.timed, f"{quoted(self.per.text)} does not measure "
               f"{self.measure.value}", "write a unit of time for time, CPU and plans, else a unit that counts")
        yield (not timed and (self.round_up != 1 or self.minimum != 0), "only time has a minimum or is rounded up",
               "leave `round_up` and `minimum` out, or write `whole_units: true`")
        yield (not timed and (self.basis is not Basis.ONE or self.scope is not Scope.INTERVAL),
               "only time has a basis and a scope", "leave `basis` and `scope` out")
        yield ((self.basis is Basis.EXTRA_MEMORY) != (self.included != 0),
               "`basis: extra-memory` and `included` go together", "write both or neither")
        yield (self.with_start and self.scope is not Scope.REQUEST, "only a request can be billed with the start",
               "write `scope: request`")
        yield (by_resource and (not timed or self.scope in (Scope.REQUEST, Scope.MONTH)),
               "only the time of an instance has a cap or a least price", "leave `cap` and `least` out")
        yield (by_resource and (self.allowance is not None or self.tiers != () or self.whole_units),
               "a price with a cap cannot have an allowance, tiers or whole units", "price them apart")
        yield (self.rate is None and (by_resource or self.tiers != () or self.whole_units or self.cents is not None),
               "a charge without a rate has no terms either", "write `rate`, or leave the terms out")
        above = [tier.above for tier in self.tiers]
        yield above != sorted(set(above)), "the tiers are not in order", "write the lowest `above` first"

    def matches(self, size: str | None) -> bool:
        """Say whether this is a price of the size."""
        return not self.sizes or (size is not None and any(fnmatchcase(size, pattern) for pattern in self.sizes))


class ModelPrice(Sourced):
    """What the tokens of a language model cost, dollars a million; None when no price is known.

    Attributes
    ----------
    input, cached, output : Decimal or None
        Of prompt tokens, of prompt tokens that were cached, of generated tokens.
    """

    input: Money | None = None
    cached: Money | None = None
    output: Money | None = None

    def charges(self, model: str) -> Iterator[dict[str, Any]]:
        """Spell the prices out as charges, in the form of a file."""
        names = {Measure.INPUT: "input", Measure.CACHED: "cached input", Measure.OUTPUT: "output"}
        for measure, words in names.items():
            yield {
                "id": f"{model} {words}", "item": f"{model} {words} tokens", "group": Group.LLM, "meter": model,
                "measure": measure, "rate": getattr(self, measure.value), "per": "1M tokens",
                "standing": self.standing, "source": self.source, "as_of": self.as_of, "reason": self.reason,
            }  # fmt: skip


class PriceList(Entry):
    """What the meters of one platform cost.

    Attributes
    ----------
    book : str
        The name of the price book.
    platform : str
        Such as ``cloud-run``, or ``llm`` for the prices of tokens.
    title : str
        Vendor, region and plan.
    not_covered : tuple of str
        What the vendor charges for beside this, and a bill leaves out.
    allowances : dict of str to Allowance
    credits : tuple of Credit
    charges : tuple of Charge
        In the order of the file.
    """

    book: str
    platform: str
    title: str
    not_covered: tuple[str, ...] = ()
    allowances: dict[str, Allowance] = Field(default_factory=dict)
    credits: tuple[Credit, ...] = ()
    charges: tuple[Charge, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_are_known(self) -> PriceList:
        for charge in self.charges:
            _check_allowance(charge, self.allowances)
        return self

    @property
    def as_of(self) -> date:
        """The day of its oldest price."""
        return min(charge.as_of for charge in self.charges)

    def charge(self, name: str) -> Charge:
        """Return a charge.

        Raises
        ------
        UnknownName
            No charge has this id.
        """
        found = next((charge for charge in self.charges if charge.id == name), None)
        if found is None:
            raise UnknownName(name, [charge.id for charge in self.charges], "charge")
        return found

    def of_size(self, size: str | None) -> tuple[Charge, ...]:
        """Return the charges that apply to instances of a size."""
        return tuple(charge for charge in self.charges if charge.matches(size))

    def unpriced(self, meters: Iterable[str], size: str | None) -> tuple[str, ...]:
        """Return the meters that the list does not price for a size.

        A meter is priced when a charge of it applies, and when, of its charges for certain sizes, one applies too.

        Parameters
        ----------
        meters : iterable of str
        size : str or None

        Returns
        -------
        tuple of str
            In the order of ``meters``.
        """
        def priced(meter: str) -> bool:
            on_meter = [charge for charge in self.charges if charge.meter == meter]
            sized = [charge for charge in on_meter if charge.sizes]
            return any(charge.matches(size) for charge in (sized or on_meter))

        return tuple(meter for meter in meters if not priced(meter))


def books(folder: Path = BOOKS) -> tuple[str, ...]:
    """Return the names of the price books."""
    return tuple(sorted(path.name for path in folder.iterdir() if path.is_dir()))


def platforms(book: str, folder: Path = BOOKS) -> tuple[str, ...]:
    """Return the platforms of a price book, ``llm`` among them.

    Raises
    ------
    UnknownName
        There is no such book.
    """
    known = books(folder)
    if book not in known:
        raise UnknownName(book, known, "price book")
    return tuple(sorted(path.stem for path in (folder / book).glob("*.yaml")))


@cache
def prices(book: str, platform: str, folder: Path = BOOKS) -> PriceList:
    """Return the price list of a platform. A file is read once.

    Parameters
    ----------
    book : str
        Such as ``list-2026``.
    platform : str
        Such as ``hetzner``, or with a variant, ``aws-lambda/arm``: then only with what is charged for that variant.
    folder : Path
        Where the books are.

    Returns
    -------
    PriceList

    Raises
    ------
    UnknownName
        The book, or the platform in it, does not exist.
    InputError
        The file is wrong.
    """
    name, _, variant = platform.partition("/")
    known = platforms(book, folder)
    if name not in known:
        raise UnknownName(name, known, f"platform of the price book {book}")
    return load(folder / book / f"{name}.yaml", book, variant or None)


def load(path: Path, book: str, variant: str | None = None) -> PriceList:
    """Read a price list.

    Parameters
    ----------
    path : Path
    book : str
        The name of the book it belongs to.
    variant : str or None
        Leave out what is charged for other variants only.

    Returns
    -------
    PriceList

    Raises
    ------
    InputError
        Everything that is wrong in the file.
    """
    document = read(path)
    data = dict(document.data)
    places: dict[str, Place] = {key: (key,) for key in data}
    sources = {
        key: validate(Source, entry, document, ("sources", key))
        for key, entry in _mapping(data.pop("sources", {})).items()
    }
    allowances = {
        key: validate(Allowance, entry, document, ("allowances", key), sources=sources)
        for key, entry in _mapping(data.pop("allowances", {})).items()
    }
    charges = []
    for key, entry in _mapping(data.pop("charges", {})).items():
        charge = validate(Charge, {"id": key, **_mapping(entry)}, document, ("charges", key), sources=sources)
        try:
            _check_allowance(charge, allowances)
        except AdvisedError as error:
            wrong = document.problem(("charges", key, "allowance"), error.message, error.fix)
            raise InputError([wrong]) from error
        charges.append(charge)
    for model, entry in _mapping(data.pop("models", {})).items():
        price = validate(ModelPrice, entry, document, ("models", model), sources=sources)
        charges += [Charge.model_validate(charge) for charge in price.charges(model)]
    kept = [charge for charge in charges if variant is None or not charge.variants or variant in charge.variants]
    return validate(
        PriceList, {"book": book, "platform": path.stem, **data, "allowances": allowances, "charges": kept}, document,
        places, sources=sources,
    )  # fmt: skip


def _check_allowance(charge: Charge, allowances: Mapping[str, Allowance]) -> None:
    """Raise an AdvisedError if a charge draws on an allowance that is not there, or not of what it counts."""
    name = charge.allowance
    if name is None:
        return
    if name not in allowances:
        raise AdvisedError(f"the list has no allowance {quoted(name)}", choose(name, allowances))
    if allowances[name].per.timed != charge.per.timed:
        raise AdvisedError(f"allowance {quoted(name)} is not of what {quoted(charge.id)} counts",
                           "one is of time, the other counts things")


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
