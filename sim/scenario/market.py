"""What a person may say of instances that can be taken back, and of what becomes of the work on them.

The models are part of `sim.scenario.schema`. No profile has defaults for them: how often spot capacity is lost, and
what it costs, is nowhere promised.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema

from sim import distributions, units
from sim.distributions import Distribution
from sim.documents import Flaw
from sim.errors import AdvisedError, quoted
from sim.scenario.elastic import more_than_all, time_of
from sim.scenario.extends import Given
from sim.scenario.model import Model, Raw, keys_of
from sim.scenario.quantities import (
    DURATION_SCHEMA,
    TIMES_SCHEMA,
    Duration,
    Hourly,
    Name,
    Share,
    Size,
    SomeDuration,
    Text,
    Truth,
    Whole,
    show_law,
)

POLICIES = ("young", "daly", "exact", "on-notice")
"""Words for the work between two checkpoints."""

SPOT = "spot"
"""The meter of instances that can be taken back."""

MOST_ZONES = 64
MOST_ATTEMPTS = 1_000_000

_PER_GB = re.compile(r"\s*(\$[^/]*?)\s*/\s*(GB-month|GB)\s*")


def _deadline(value: object) -> Distribution | Fraction:
    if isinstance(value, Fraction) or (isinstance(value, str) and "%" in value and "(" not in value):
        share = units.percent(value)
        if share < 1:
            raise AdvisedError("nothing is done in less than its own length", "write 100% or more, such as `130%`")
        return share
    law = distributions.duration(value)
    if law.always_zero:
        raise AdvisedError("nothing is done in no time", "write a deadline above 0, such as `20 h`")
    return law


def _show_deadline(value: Distribution | Fraction) -> object:
    return units.show_percent(value) if isinstance(value, Fraction) else show_law(value)


def _waiting(value: object) -> object:
    if value in ("now", "never", "deadline"):
        return value
    if isinstance(value, str) and not any(sign.isdigit() for sign in value):
        raise AdvisedError(f"{quoted(value)} does not say when", "write `now`, `never`, `deadline`, or a time to wait "
                           "for spot capacity first, such as `10 min`")
    return units.duration(value)


def _every(value: object) -> object:
    if value in POLICIES:
        return value
    if isinstance(value, str) and not any(sign.isdigit() for sign in value):
        raise AdvisedError(f"{quoted(value)} is no policy", "write `young`, `daly`, `exact`, `on-notice`, or the work "
                           "between two checkpoints, such as `10 min`")
    time = units.duration(value)
    if time == 0:
        raise AdvisedError("there is no end of checkpoints", "write for example `10 min`")
    return time


def _show(value: object) -> object:
    return units.show_duration(value) if isinstance(value, int) else value


def _shift(value: object) -> object:
    if isinstance(value, str) and value != "random" and not any(sign.isdigit() for sign in value):
        raise AdvisedError(f"{quoted(value)} does not say where", "write `random`, or a time from the beginning of the "
                           "recording, such as `6 h`")
    return value if value == "random" else units.duration(value)


def _lasting(value: object) -> Distribution:
    law = distributions.duration(value)
    if law.always_zero:
        raise AdvisedError("it would end before it began", "write a time above 0, such as `exponential(mean=5 h)`")
    return law


def _per_gb(unit: str, example: str) -> PlainValidator:
    def read(value: object) -> Decimal:
        if isinstance(value, Decimal):
            return value
        found = _PER_GB.fullmatch(value) if isinstance(value, str) else None
        if found is None or found[2] != unit:
            raise AdvisedError(f"{quoted(value)} is no price of a {unit}", f"write for example `{example}`")
        return units.money(found[1])

    return PlainValidator(read)


def _words(schema: dict[str, Any], *words: str) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [schema, {"enum": list(words)}]})


_DOLLARS = r"^\s*\$\s*[0-9.]+\s*/\s*"

Deadline = Annotated[Distribution | Fraction, PlainValidator(_deadline),
                     PlainSerializer(_show_deadline, when_used="json"), WithJsonSchema(TIMES_SCHEMA)]
Zones = Annotated[tuple[Name, ...], Field(min_length=1, max_length=MOST_ZONES), PlainSerializer(list, when_used="json")]
Lasting = Annotated[Distribution, PlainValidator(_lasting), PlainSerializer(show_law, when_used="json"),
                    WithJsonSchema(TIMES_SCHEMA)]
Waiting = Annotated[int | Literal["now", "never", "deadline"], PlainValidator(_waiting),
                    PlainSerializer(_show, when_used="json"), _words(DURATION_SCHEMA, "now", "never", "deadline")]
Every = Annotated[int | Literal["young", "daly", "exact", "on-notice"], PlainValidator(_every),
                  PlainSerializer(_show, when_used="json"), _words(DURATION_SCHEMA, *POLICIES)]
Shift = Annotated[int | Literal["random"], PlainValidator(_shift), PlainSerializer(_show, when_used="json"),
                  _words(DURATION_SCHEMA, "random")]
PerGbMonth = Annotated[Decimal, _per_gb("GB-month", "$0.023/GB-month"),
                       PlainSerializer(lambda value: f"${value}/GB-month", when_used="json"),
                       WithJsonSchema({"type": "string", "pattern": _DOLLARS + "GB-month\\s*$"})]
PerGb = Annotated[Decimal, _per_gb("GB", "$0.02/GB"),
                  PlainSerializer(lambda value: f"${value}/GB", when_used="json"),
                  WithJsonSchema({"type": "string", "pattern": _DOLLARS + "GB\\s*$"})]


class Cycle(Model):
    """There, and not there, in turn: each for a time that is drawn anew."""

    up: Lasting = Field(description="How long it is there.", examples=["exponential(mean=5 h)"])
    down: Lasting = Field(description="How long it is not.", examples=["exponential(mean=30 min)"])


class Trace(Model):
    """Recorded capacity: a row for each change, which holds until the next one of its zone."""

    file: Text = Field(description="CSV, gzipped or not, or parquet, next to the scenario file.",
                       examples=["data/spot-aws-v100.csv.gz"])
    time: Text = Field("t_s", description="Column of the time, in seconds from the beginning of the recording.")
    available: Text = Field("available", description="Column that says 1 where an instance could be had, else 0.")
    zone: Text | None = Field(None, description="Column of the zone, where the file has several.", examples=["zone"])
    price: Text | None = Field(None, description="Column of the price in dollars an hour, where that is to be paid.",
                               examples=["price_usd_h"])
    shift: Shift = Field(0, description="Where in the recording a run begins; with `random` each replication somewhere "
                         "else, in all zones alike. After its end it begins again.")  # fmt: skip


class Spot(Model):
    """Instances that the platform takes back, at a price of their own, and what else there is when they are gone."""

    zones: Zones = Field(
        ("spot",), description="Tried in this order, each with capacity of its own.", examples=["[us-west-2a]"])
    lifetime: Lasting | None = Field(None, description="How long an instance is left, from when it is ready.",
                                 examples=["weibull(mean=5 h, shape=0.6)"])
    availability: Cycle | None = Field(
        None, description="When a zone has capacity. When that ends, all instances in it are taken.")
    trace: Trace | None = Field(None, description="When a zone had capacity, as recorded.")
    outages: Cycle | None = Field(None, description="Times without capacity in any zone: `down` between times of `up`.")
    notice: Duration = Field(0, description="How long before it is taken an instance is told.", examples=["2 min"])
    noticed: Share = Field(units.percent("100%"), description="Share of instances that are told, where it is a best "
                           "effort.")  # fmt: skip
    price: Hourly | None = Field(None, description="Of an instance; without this, and without a recorded one, it is "
                                 "that of the meter `spot` of the platform's prices.", examples=["$0.92/h"])
    on_demand: Waiting = Field("never", description="When a request is given an instance on demand instead: `now` "
                               "where there is no spot capacity, after having waited for so long, or when its deadline "
                               "can only just be met.")  # fmt: skip
    returns: Truth = Field(False, description="Whether a request moves to an earlier zone, or from on demand to spot, "
                           "at the next checkpoint after there is capacity again.")  # fmt: skip

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say what is said twice, or of nothing."""
        given = keys_of(raw)
        trace = keys_of(given.get("trace"))
        zones = given.get("zones")
        if "trace" in given and "availability" in given:
            yield Flaw(("availability",), "the trace says when there is capacity", "leave out `availability`, or "
                       "`trace`", at_key=True)  # fmt: skip
        if isinstance(zones, (list, tuple)) and len(set(map(str, zones))) < len(zones):
            yield Flaw(("zones",), "a zone is named twice", "name each once", at_key=True)
        if trace and "zone" not in trace and isinstance(zones, (list, tuple)) and len(zones) > 1:
            yield Flaw(("trace",), f"there are {len(zones)} zones, and nothing says of which a row is",
                       "name the column, such as `zone: zone`, or have one zone", at_key=True)
        if "price" in given and "price" in trace:
            yield Flaw(("price",), "the recorded price is to be paid", "leave it out, or the `price` of the trace",
                       at_key=True)
        if "noticed" in given and not time_of(given.get("notice")):
            yield Flaw(("noticed",), "there is no notice that some would be told of", "add `notice: 2 min`",
                       at_key=True)
        yield from more_than_all(raw, "noticed", "no more instances are told than there are")


class Checkpoint(Model):
    """How a request saves its work. While it writes, or restores, it does nothing else."""

    every: Every = Field(description="Work between two checkpoints: fixed; by the formula of `young` or `daly`, or the "
                         "`exact` optimum, for the mean life of instances; or none but `on-notice`.",
                         examples=["10 min"])  # fmt: skip
    write: SomeDuration = Field(description="How long it takes to write one.", examples=["30 s"])
    restore: Duration = Field(0, description="How long it takes to go on from one, on another instance.",
                              examples=["1 min"])
    size: Size | None = Field(None, description="Of a checkpoint; the last is kept until the request has ended.",
                              examples=["20 GB"])
    storage: PerGbMonth | None = Field(None, description="What keeping it costs.", examples=["$0.023/GB-month"])
    egress: PerGb | None = Field(None, description="What reading it from another zone costs.", examples=["$0.02/GB"])

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say whether there is a price of nothing, or something without a price."""
        given = keys_of(raw)
        priced = [key for key in ("storage", "egress") if key in given]
        if priced and "size" not in given:
            yield Flaw((priced[0],), "nothing is said of the size of a checkpoint", "add `size: 20 GB`", at_key=True)
        if "size" in given and not priced:
            yield Flaw(("size",), "its size has no effect without a price", "add `storage: $0.023/GB-month`, or leave "
                       "it out", at_key=True)  # fmt: skip


class Recovery(Model):
    """What becomes of a request whose instance is taken."""

    resume: Literal["fail", "restart", "durable"] | None = Field(
        None, description="Whether it fails, starts again, or goes on with its first unfinished step. It goes on from "
        "its last checkpoint where some are written, else it starts again.")
    again: Duration = Field(0, description="How long until somebody has noticed and it waits for an instance again.",
                            examples=["30 s"])
    attempts: Annotated[Whole, Field(ge=2, le=MOST_ATTEMPTS)] | None = Field(
        None, description="Instances it is tried on at most; it fails when the last is taken.", examples=[5])
    replay: Duration = Field(0, description="CPU time to pass over each finished step, where these are durable.",
                             examples=["50 ms"])
    checkpoint: Checkpoint | None = Field(None, description="How its work is saved.")

    @classmethod
    def flaws(cls, raw: Raw) -> Iterator[Flaw]:
        """Say what does not go with how a request goes on."""
        given = keys_of(raw)
        resume = given.get("resume")
        if "checkpoint" in given and resume is not None:
            yield Flaw(("checkpoint",), f"with `resume: {resume}` no checkpoint is read", "leave one of the two out",
                       at_key=True)
        if time_of(given.get("replay")) and resume != "durable":
            yield Flaw(("replay",), "no finished step is passed over", "write `resume: durable`, or leave it out",
                       at_key=True)
        if resume == "fail":
            for key in ("again", "attempts"):
                if given.get(key) is not None and time_of(given[key]) != 0:
                    yield Flaw((key,), "it fails, and is not tried again", "leave it out, or `resume: fail`",
                               at_key=True)


def flaws(given: Given, deadlines: bool) -> Iterator[Flaw]:
    """Say what of a deployment's keys does not go together.

    Parameters
    ----------
    given : mapping
        Its keys, inherited ones too.
    deadlines : bool
        Whether requests have some.
    """
    spot, recovery = given.value("spot"), given.value("recovery")
    if spot is None:
        if recovery is not None:
            yield Flaw(given.place("recovery"), "no instance is ever taken back",
                       "add `spot:`, or leave `recovery` out", at_key=True)
        return
    checkpoint = recovery.checkpoint if recovery is not None else None
    if spot.on_demand == "deadline" and not deadlines:
        yield Flaw((*given.place("spot"), "on_demand"), "requests have no deadline",
                   "give them one in the workload, such as `deadline: 20 h`")
    if spot.returns and checkpoint is None:
        yield Flaw((*given.place("spot"), "returns"), "a request moves only at a checkpoint, and none is written",
                   "write `returns: false`, or have some written: beside `spot`, `recovery: {checkpoint: {every: 10 "
                   "min, write: 30 s}}`")
    if spot.returns and spot.on_demand == "never" and len(spot.zones) == 1:
        yield Flaw((*given.place("spot"), "returns"), "there is nowhere to return from", "add a zone, or "
                   "`on_demand: now`")
    if spot.lifetime is None and spot.availability is None and spot.trace is None and spot.outages is None:
        yield Flaw(given.place("spot"), "nothing says when instances are taken", "add a `lifetime`, `availability` or "
                   "`trace`", at_key=True)
    if checkpoint is not None and checkpoint.every == "on-notice" and not spot.notice:
        yield Flaw((*given.place("recovery"), "checkpoint", "every"), "there is no notice on which one would be "
                   "written", "add `notice: 2 min` to `spot`, or write one every `10 min`")


