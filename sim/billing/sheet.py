"""A file of quantities to be priced without a simulation, as an invoice names them.

::

    month: 2026-11                     # or `hours: 730`
    prices: list-2026
    usage:
      - platform: aws-lambda/arm
        requests: {count: 5M, duration: 120 ms, memory: 512 MiB}
      - platform: hetzner
        instances: {size: cx23, count: 3, hours: month}
      - platform: cloudflare
        quantities: {worker-requests: 15M, worker-cpu: 75000 CPU-s}
    tokens:
      mid-tier: {input: 12M, cached: 40M, output: 900K}
    labour:
      - {hours: 4, rate: $80/h}
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from sim import units
from sim.billing import quantity
from sim.billing.month import Hours, Month
from sim.catalog.charges import Bytes, Duration, Money
from sim.catalog.figures import Entry
from sim.errors import AdvisedError

ALL = "month"
"""Instead of hours: the whole month."""


def _several(value: Any) -> Any:
    """Read one entry alone as a list of one."""
    return [value] if isinstance(value, Mapping) else value


def _hours(value: Any) -> Any:
    return value if value == ALL else quantity.number(value)


def _month(value: Any) -> Any:
    if value is None or isinstance(value, Month):
        return value
    return Month.parse(str(value))


Cores = Annotated[Fraction, BeforeValidator(units.cores)]
Memory = Annotated[Fraction, BeforeValidator(quantity.memory)]
Disk = Annotated[quantity.Space, BeforeValidator(quantity.space)]
Count = Annotated[int, BeforeValidator(quantity.whole)]
Number = Annotated[Fraction, BeforeValidator(quantity.number)]


class Shape(Entry):
    """How large instances are, and how many there were.

    Attributes
    ----------
    size : str or None
        A named size of the platform; it brings cores, memory, disk and GPUs.
    vcpu, memory, disk, gpus
        Where the size does not say them: cores, bytes, a disk, a number. Memory of "2 GB" is 2 GiB, as vendors mean it.
    """

    size: str | None = None
    vcpu: Cores | None = None
    memory: Memory | None = None
    disk: Disk | None = None
    gpus: Annotated[int, Field(strict=True, ge=0)] | None = None


class Instances(Shape):
    """Instances that ran.

    Attributes
    ----------
    count : int
        As many as that, each as the other keys say.
    meter : str or None
        Of which state the time is: a meter of the price list; while it runs, where that is plain.
    hours : Fraction or "month" or None
        How long each of them ran in the month.
    starts, seconds_each : int, Fraction or None
        Instead: how often each of them started, and how long it ran each time: each is rounded by itself.
    enters, wakes : int
        How often each of them went to rest in a state that the platform keeps, and woke from it.
    cpu : int or None
        CPU time that each of them used, in seconds of one vCPU: in the month, or after each start.
    memory_used : Fraction or None
        Bytes of memory that were in use, on average.
    """

    count: Count = 1
    meter: str | None = None
    hours: Annotated[Fraction | str, BeforeValidator(_hours)] | None = None
    starts: Count | None = None
    seconds_each: Number | None = None
    enters: Count = 0
    wakes: Count = 0
    cpu: Duration | None = None
    memory_used: Memory | None = None

    @model_validator(mode="after")
    def _says_how_long(self) -> Instances:
        if (self.starts is None) != (self.seconds_each is None):
            raise AdvisedError("`starts` and `seconds_each` go together", "write both, or `hours`")
        if (self.hours is None) == (self.starts is None):
            raise AdvisedError("how long each of them ran is not said, or twice",
                               "write `hours: 500`, `hours: month`, or `starts` with `seconds_each`")
        return self


class Requests(Shape):
    """Requests that were served.

    Attributes
    ----------
    count : int
    duration : int or None
        How long each of them ran; each is rounded by itself.
    cpu : int or None
        CPU time that each of them used, on one core.
    payload : int or None
        Bytes.
    concurrency : int
        How many of them shared an instance all the time.
    overflow : int
        How many of them came while all provisioned instances were busy.
    """

    count: Count
    overflow: Count = 0
    duration: Duration | None = None
    cpu: Duration | None = None
    payload: Bytes | None = None
    concurrency: Annotated[int, Field(strict=True, ge=1)] = 1


class Use(Entry):
    """What was used of one platform.

    Attributes
    ----------
    platform : str
        With its variant, ``aws-lambda/arm``; without it, of all variants: then only quantities can be given.
    plan, region : str or None
        Of the vendor; those of the price list where left out.
    seats : int or None
        Of the plan; 1 where left out.
    quantities : dict of str to object
        By the id of a charge, how much was used; see `sim.billing.quantity`.
    instances : tuple of Instances
    requests : tuple of Requests
    commitments : dict of str to Fraction
        By name, units that were bought for the month.
    without : tuple of str
        Charges that were not made, such as for an address that the instances do not have.
    allowances : bool or None
        Whether the vendor's free allowances and credits are left for this; they are, unless it is said that they are
        not: others of the organisation may have used them up.
    credit : Decimal or None
        Dollars that are left of a credit which the vendor gives once, or of one that was bought before.
    """

    platform: str = Field(min_length=1)
    plan: str | None = None
    region: str | None = None
    seats: Annotated[int, Field(strict=True, ge=1)] | None = None
    quantities: dict[str, Any] = Field(default_factory=dict)
    instances: Annotated[tuple[Instances, ...], BeforeValidator(_several)] = ()
    requests: Annotated[tuple[Requests, ...], BeforeValidator(_several)] = ()
    commitments: dict[str, Number] = Field(default_factory=dict)
    without: tuple[str, ...] = ()
    allowances: Annotated[bool, Field(strict=True)] | None = None
    credit: Annotated[Money, Field(gt=0)] | None = None


class Tokens(Entry):
    """Tokens of a language model.

    Attributes
    ----------
    input, cached, output : int
        Of prompts and not cached, of prompts and cached, generated.
    written, written_hour : int
        Of prompts and written to the cache, to be kept for minutes, or for an hour; not counted as input.
    batch : bool
        Whether the calls were made in a batch.
    """

    input: Count = 0
    cached: Count = 0
    output: Count = 0
    written: Count = 0
    written_hour: Count = 0
    batch: Annotated[bool, Field(strict=True)] = False


class Labour(Entry):
    """Hours that people worked.

    Attributes
    ----------
    item : str
    hours : Fraction
    rate : Decimal
        Dollars an hour.
    """

    item: str = Field("operating and patching", min_length=1)
    hours: Number
    rate: Annotated[Decimal, BeforeValidator(units.hourly)]


class Sheet(Entry):
    """Everything that one account used in a month.

    Attributes
    ----------
    month : Month or None
    hours : int or None
        Instead: the hours of the month.
    prices : str
        The price book.
    catalog : str or None
        A folder of one's own that is put over the catalogue; see `sim.catalog.own`.
    usage : tuple of Use
    tokens : dict of str to tuple of Tokens
        By language model.
    labour : tuple of Labour
    round_lines : Decimal or None
        Each line is rounded to a multiple of it, halves up, where the price list does not say it: to $0.01 as on most
        invoices. Lines are exact where it is left out.
    """

    month: Annotated[Month | None, BeforeValidator(_month)] = None
    hours: Annotated[int, Field(strict=True, ge=1, le=8784)] | None = None
    prices: str = "list-2026"
    catalog: Annotated[str, Field(min_length=1)] | None = None
    usage: Annotated[tuple[Use, ...], BeforeValidator(_several)] = ()
    tokens: dict[str, Annotated[tuple[Tokens, ...], BeforeValidator(_several)]] = Field(default_factory=dict)
    labour: Annotated[tuple[Labour, ...], BeforeValidator(_several)] = ()
    round_lines: Annotated[Money, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Sheet:
        if (self.month is None) == (self.hours is None):
            raise AdvisedError("which month it is is not said, or twice", "write `month: 2026-11`, or `hours: 730`")
        if not self.usage and not self.tokens and not self.labour:
            raise AdvisedError("nothing was used", "add `usage:`, `tokens:` or `labour:`")
        return self

    @property
    def period(self) -> Month | Hours:
        """How long the month is."""
        return self.month if self.month is not None else Hours(self.hours or 0)
