"""What a person may say of how many instances there are, of limits, of idleness and of CPU, beside a pool's bounds.

The models are part of `sim.scenario.schema`. Limits that a deployment does not give are those of its platform; for the
rest no profile has other defaults.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, Literal, TypeVar

from pydantic import ConfigDict, Field

from sim import units
from sim.catalog import Profile, limits
from sim.catalog.figures import Entry
from sim.documents import Flaw, Place
from sim.errors import AdvisedError
from sim.scenario import weekly
from sim.scenario.extends import Given
from sim.scenario.model import Model, Raw
from sim.scenario.quantities import (
    MOST,
    UNLIMITED,
    Duration,
    Factor,
    Number,
    NumberLimit,
    RateLimit,
    Share,
    SizeLimit,
    Text,
    TimeLimit,
    Truth,
    Whole,
)

_Quantity = TypeVar("_Quantity")
Said = TypeVar("Said", bound=Model)


class Panic(Model):
    """A second, shorter look at the load, which only adds instances."""

    window: Duration = Field(description="Over which load is averaged.", examples=["6 s"])
    at: Share = Field(units.percent("200%"), description="It counts when it asks for this much of what is warm; 200% "
                      "is what Knative does.")  # fmt: skip


class Target(Model):
    """Look at the load at intervals, and have as many instances as it needs."""

    window: Duration = Field(60_000_000, description="Over which load is averaged: a multiple of `every`.")
    every: Duration = Field(2_000_000, description="Time between looks.")
    panic: Panic | None = Field(None, description="Look at a shorter window too, and add at once what it asks for.")
    stabilise: Duration = Field(0, description="Take the largest number of instances asked for in this time.")
    tolerance: Share = Field(units.percent("0%"), description="Do nothing while the number is this close.")
    counts_starting: Truth = Field(True, description="Whether instances that are starting count as there. A scaler "
                                   "that is blind to them asks for them again and again.")  # fmt: skip

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say which times are no multiples of the time between looks."""
        default = {name: field.default for name, field in cls.model_fields.items()}
        every = time_of(raw.get("every", default["every"]))
        if every == 0:
            yield Flaw(("every",), "there is no end of looks", "write for example `2 s`")
        panic = raw.get("panic")
        times: dict[Place, Any] = {(key,): raw.get(key, default[key]) for key in ("window", "stabilise")}
        if isinstance(panic, Mapping):
            times["panic", "window"] = panic.get("window")
        for place, value in times.items():
            time = time_of(value)
            least = 0 if place == ("stabilise",) else 1
            if every and time is not None and (time % every or time < least):
                shown = units.show_duration(max(1, -(-time // every)) * every)
                yield Flaw(place, f"this is no multiple of `every`, {units.show_duration(every)}", f"write `{shown}`")
        urgent, usual = time_of(times.get(("panic", "window"))), time_of(times["window",])
        if urgent is not None and usual is not None and urgent >= usual:
            shown = units.show_duration(usual)
            yield Flaw(("panic", "window"), f"panic looks at a shorter time than `window`, {shown}",
                       "write less, or leave `panic` out")


class ByRequests(Target):
    """By the number of requests in the system, as Knative and KEDA do."""

    target: Annotated[Number, Field(gt=0, le=MOST)] = Field(
        description="Requests in the system, served or waiting, for each instance.", examples=[12])


class ByCpu(Target):
    """By the use of CPU, as groups of virtual machines and the Kubernetes autoscaler do."""

    target: Share = Field(description="CPU in use for each instance, of what an instance has.", examples=["60%"])

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say whether an instance is to have no work."""
        yield from super().flaws(raw)
        target = share_of(raw.get("target"))
        if target == 0:
            yield Flaw(("target",), "no number of instances has no work", "write for example `60%`")
        elif target is not None and target > 1:
            yield Flaw(("target",), "no instance uses more CPU than it has", "write 100% or less")


class Scaling(Model):
    """How many instances there are to be, decided at intervals. When absent it is decided request by request."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    requests: ByRequests | None = None
    cpu: ByCpu | None = None

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say whether there is not one kind of load."""
        given = [key for key in ("requests", "cpu") if raw.get(key) is not None]
        if len(given) != 1 and not set(raw) - {"requests", "cpu"}:
            yield Flaw((), "scaling goes by one kind of load", "keep one of the two, such as `requests: {target: 12}`",
                       True)


class Floor(Model):
    """A part of the week with its own minimum of instances."""

    when: Text = Field(description='Hours and days, such as "08:00-18:00, sat"; one may say "otherwise".',
                       examples=['"mon-fri 08:00-18:00"'])  # fmt: skip
    instances: Annotated[Whole, Field(ge=0, le=MOST)] = Field(description="Kept then.", examples=[4])


class Limits(Model):
    """What the platform or the account allows, for all instances of a deployment together.

    What is left out is as the platform has it; `unlimited` lifts a limit of the platform.
    """

    quota: NumberLimit | None = Field(
        None, description="Instances that are neither off nor at rest, at once.", examples=[100])
    openings: RateLimit | None = Field(
        None, description="New instances, as a rate; a burst of `burst` at once.", examples=["5/s"])
    burst: Annotated[Whole, Field(ge=1, le=MOST)] | None = Field(
        None, description="New instances at once, after a pause; 1 when nobody says.", examples=[10])
    slowdown: Share | None = Field(None, description="How much longer a start takes for each other instance that is "
                                   "starting meanwhile.", examples=["1%"])
    lifetime: TimeLimit | None = Field(None, description="An instance is taken this long after it was ready.",
                                       examples=["24 h"])
    at_lifetime: Literal["drain", "kill"] | None = Field(
        None, description="Whether it then finishes what it serves, or ends at once, and its requests fail; `drain` "
        "when nobody says.")
    payload: SizeLimit | None = Field(None, description="A larger request is refused.", examples=["6 MB"])

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say whether an instance would be taken at once."""
        if time_of(raw.get("lifetime")) == 0:
            yield Flaw(("lifetime",), "nothing can be served in no time", "write for example `24 h`")


class Learnt(Model):
    """How long an idle instance stays, and when one is to be there again, by the gaps between its agent's requests.

    The policy that Shahrad et al. found for Azure Functions ("Serverless in the Wild", USENIX ATC 2020, section 4.2): a
    histogram of the gaps, without the forecasts they make for agents whose gaps are mostly out of range. An instance is
    let go as it becomes idle and is there again before most of the gaps end, or stays where they may end at once; it
    goes after nearly all of them have. The figures are theirs, but for `least`, of which they say nothing.
    """

    bin: Duration = Field(units.MINUTE, description="Gaps are counted by this much.")
    range: Duration = Field(4 * units.HOUR, description="Longer gaps are not told apart. An instance stays so long "
                            "while too little is known.")
    head: Share = Field(units.percent("5%"), description="Share of gaps that may end before an instance is back.")
    tail: Share = Field(units.percent("99%"), description="Share of gaps until whose end it stays.")
    margin: Share = Field(units.percent("10%"), description="It is back so much sooner, and stays so much longer.")
    cv: Annotated[Number, Field(le=1000)] = Field(2.0, description="Coefficient of variation of the counts of "
                                                  "bins below which they tell nothing.")
    least: Annotated[Whole, Field(ge=1, le=MOST)] = Field(10, description="Gaps below which they tell nothing.")

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say whether gaps cannot be counted."""
        default = {name: field.default for name, field in cls.model_fields.items()}
        one, whole = (time_of(raw.get(key, default[key])) for key in ("bin", "range"))
        if one == 0:
            yield Flaw(("bin",), "there is no end of bins", "write for example `1 min`")
        elif one and whole is not None and (whole % one or whole < one):
            shown = units.show_duration(max(1, -(-whole // one)) * one)
            yield Flaw(("range",), f"this is no multiple of `bin`, {units.show_duration(one)}", f"write `{shown}`")


class Idle(Model):
    """How idle instances are noticed and let go, where each does not look after itself."""

    check: Duration | None = Field(
        None, description="All idle instances are looked at this often; those idle for `idle_timeout` go.",
        examples=["5 min"])
    stops: Annotated[Whole, Field(ge=1, le=MOST)] | None = Field(
        None, description="How many of them go at a check; all when absent.", examples=[1])
    stuck: Share | None = Field(None, description="Share of instances that stay up when they should go, until they "
                                "have served again.", examples=["10%"])
    learnt: Learnt | None = Field(None, description="How long an instance of one agent's own stays is learnt from its "
                                  "gaps, instead of `idle_timeout`.", examples=["{range: 4 h}"])

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say what has no effect, or no end."""
        if "learnt" in raw and "check" in raw:
            yield Flaw(("check",), "an instance that has learnt when to go is not checked", "leave out `check`", True)
        if time_of(raw.get("check")) == 0:
            yield Flaw(("check",), "there is no end of checks", "write for example `5 min`")
        yield from more_than_all(raw, "stuck", "there are no more instances than all that should go")


class Credit(Model):
    """CPU that an instance may use above a baseline, earned while it uses less."""

    baseline: Share = Field(description="Of its CPU, always there, and earned.", examples=["6.25%"])
    first: Duration = Field(description="Balance when it becomes ready, as time with all of its CPU.",
                            examples=["5 s"])
    most: Duration = Field(description="Balance at most.", examples=["500 s"])

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say whether there is more of something than there can be."""
        yield from more_than_all(raw, "baseline", "an instance has no more CPU than all of its own")
        first, most = time_of(raw.get("first")), time_of(raw.get("most"))
        if first is not None and most is not None and first > most:
            yield Flaw(("first",), f"the balance is {units.show_duration(most)} at most",
                       f"write `{units.show_duration(most)}` or less, or raise `most`")


class Cpu(Model):
    """How fast the CPU of an instance is."""

    speed: Factor | None = Field(None, description="Of an instance, against the nominal speed: drawn when it opens.",
                                 examples=["lognormal(mean=1, cv=0.1)"])
    credit: Credit | None = Field(None, description="CPU that is earned while it is not used.")


@dataclass(frozen=True, slots=True)
class Elastic:
    """What a deployment says of these, with defaults.

    Attributes
    ----------
    scaling : Scaling or None
    spare : int
        Instances kept ready beside those that serve.
    schedule : tuple of (int, int)
        Minute of the week from which a minimum holds, and the minimum; the first is at 0. Empty where it is constant.
    limits, idle, cpu : Limits, Idle, Cpu
    """

    scaling: Scaling | None
    spare: int
    schedule: tuple[tuple[int, int], ...]
    limits: Limits
    idle: Idle
    cpu: Cpu


_NOTHING: Mapping[str, Any] = {"burst": 1, "slowdown": Fraction(0), "at_lifetime": "drain", "stuck": Fraction(0)}
"""What holds where neither a deployment nor its platform says anything."""

_NEEDS = (
    ("limits", "burst", "openings", "5/s"),
    ("limits", "at_lifetime", "lifetime", "24 h"),
    ("idle", "stops", "check", "5 min"),
)
"""Keys that have no effect without another, and an example of that."""


def without_effect(said: Elastic, given: Given) -> Iterator[Flaw]:
    """Say what a deployment gives that has no effect without another key, which the platform does not give either."""
    for part, key, needs, example in _NEEDS:
        own = given.value(part)
        if own is None or getattr(own, key) in (None, _NOTHING.get(key)):
            continue
        if getattr(getattr(said, part), needs) in (None, UNLIMITED):
            yield Flaw((*given.place(part), key), f"`{key}` has no effect without `{needs}`",
                       f"add `{needs}: {example}`", True)


def bound(given: Given, profile: Profile, size: str | None) -> Elastic:
    """Read what a deployment with instances of a size gives, and the platform where it gives nothing."""
    floors = given.value("schedule") or {}
    parts = weekly.partition({name: floor.when for name, floor in floors.items()}) if floors else ()
    idle = given.value("idle") or Idle.model_construct()
    looked_at = given.value("scaling") is None and idle.learnt is None
    return Elastic(
        scaling=given.value("scaling"),
        spare=given.value("spare_instances") or 0,
        schedule=tuple((start, floors[name].instances) for start, _, name in parts),
        limits=_over(profile.limits, given.value("limits") or Limits.model_construct(), size),
        idle=_over(profile.idle if looked_at else limits.Idle.model_construct(), idle, size),
        cpu=_over(profile.cpu, given.value("cpu") or Cpu.model_construct(), size),
    )


def replaced(said: Model) -> frozenset[str]:
    """Return the keys of a platform that those of a deployment stand in the place of.

    A burst is one of the openings that it was said with, and so on.
    """
    given = {key for key in said.model_fields_set if getattr(said, key) is not None}
    return frozenset({*given, *(key for _, key, needs, _ in _NEEDS if needs in given)})


def _over(platform: Entry, said: Said, size: str | None) -> Said:
    """Put what a deployment says over what its platform does."""
    values = {key: _NOTHING[key] for key in type(said).model_fields if key in _NOTHING and getattr(said, key) is None}
    for key in type(platform).model_fields:
        figure = getattr(platform, key)
        if key in replaced(said) or figure is None:
            continue
        if not isinstance(figure, limits.Credit):
            values[key] = figure.value
        elif figure.holds_for(size):
            values[key] = Credit.model_construct(**{name: getattr(figure, name).value for name in Credit.model_fields})
    return said.model_copy(update=values)


def schedule_flaws(schedule: object) -> Iterator[Flaw]:
    """Say what is wrong with the parts of a schedule."""
    parts = schedule if isinstance(schedule, Mapping) else {}
    texts = {name: when for name, part in parts.items() if isinstance(when := _key(part, "when"), str) and when}
    if texts and len(texts) == len(parts):
        for fault in weekly.faults(texts):
            place: Place = () if fault.bucket is None else (fault.bucket, "when")
            yield Flaw(("schedule", *place), fault.message, fault.fix, at_key=fault.bucket is None)


def _key(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, Mapping) else getattr(value, key, None)


def more_than_all(raw: Raw, key: str, message: str) -> Iterator[Flaw]:
    """Refuse more than 100% of something."""
    share = share_of(raw.get(key))
    if share is not None and share > 1:
        yield Flaw((key,), message, "write 100% or less")


def _read(reader: Callable[[object], _Quantity], value: object) -> _Quantity | None:
    """Return a quantity, or None for what is none; its own field says what is wrong with that."""
    try:
        return reader(value)
    except AdvisedError:
        return None


def share_of(value: object) -> Fraction | None:
    """Return a share as written, None of what is none."""
    return _read(units.percent, value)


def time_of(value: object) -> int | None:
    """Return microseconds as written, None of what is no duration."""
    return value if isinstance(value, int) else _read(units.duration, value)
