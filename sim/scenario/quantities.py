"""The types of the schema's fields: how each is read, written back, and described to an editor."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BeforeValidator, Field, PlainSerializer, PlainValidator, Strict, WithJsonSchema

from sim import distributions, units
from sim.distributions import Distribution
from sim.errors import AdvisedError, quoted
from sim.scenario import crontab, recorded
from sim.scenario.recorded import Column

_Read = TypeVar("_Read")
_Number = TypeVar("_Number", int, Fraction)

LONGEST = 520 * units.WEEK
"""Microseconds that anything of a scenario lasts at most, ten years: sums of such times stay within 64 bits."""

UNLIMITED = "unlimited"
"""Says that there is no limit, whatever the platform has."""

MOST = 1_000_000
"""Of anything that is counted one by one, such as agents and instances."""

MOST_BYTES = 10**15
"""Bytes of one request: more than any network carries in a year."""

MOST_TOKENS = 10**9
"""Tokens of one call: a hundred times what the largest model takes."""

_NUMBER = r"([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"
_TIME = r"(us|µs|μs|ms|s|seconds?|min|minutes?|h|hours?|d|days?|weeks?)"
_BYTES = r"([kMGT]B|[KMGT]iB|B)"

DURATION_SCHEMA = {"type": "string", "pattern": rf"^\s*({_NUMBER}\s*{_TIME}\s*)+$",
                    "description": "A duration with its unit: us, ms, s, min, h, day or week."}  # fmt: skip
_SOME_DURATION_SCHEMA = {**DURATION_SCHEMA, "type": ["string", "integer"], "minimum": 0, "maximum": 0}
_SIZE_SCHEMA = {"type": "string", "pattern": rf"^\s*({_NUMBER}\s*{_BYTES}\s*)+$",
                "description": "Bytes with their unit: B, kB, MB, GB, TB, KiB, MiB, GiB or TiB."}  # fmt: skip
_RATE_SCHEMA = {"type": "string", "pattern": rf"^\s*{_NUMBER}\s*/\s*{_TIME}\s*$",
                "description": "How often, per unit of time."}  # fmt: skip
SHARE_SCHEMA = {"type": "string", "pattern": rf"^\s*{_NUMBER}\s*%\s*$", "description": "A percentage."}
_HOURLY_SCHEMA = {"type": "string", "pattern": rf"^\s*\$\s*{_NUMBER}\s*/\s*h(our)?\s*$",
                  "description": "Dollars an hour."}  # fmt: skip
_CORES_SCHEMA = {"type": ["number", "string"], "exclusiveMinimum": 0, "pattern": rf"^\s*{_NUMBER}\s*m?\s*$",
                 "description": "CPU cores; `500m` are 500 thousandths."}  # fmt: skip


def _law_schema(what: str, number: bool) -> dict[str, Any]:
    """Return the schema of a distribution: a text, a number, or where recorded samples are."""
    samples = {
        "type": "object",
        "description": "Samples recorded in a CSV file, each as likely.",
        "properties": {"samples": {"type": "string"}, "column": {"type": "string"}, "unit": {"type": "string"},
                       "where": {"type": "object"}, "ended": {"type": "object"}},
        "required": ["samples", "column"],
        "additionalProperties": False,
    }  # fmt: skip
    scalar: dict[str, Any] = {"type": ["string", "number"]}
    if not number:
        scalar = {"type": ["string", "integer"], "minimum": 0, "maximum": 0}  # 0 alone needs no unit
    return {"anyOf": [scalar, samples], "description": f"{what}: fixed, or a distribution."}


TIMES_SCHEMA = _law_schema("A duration", number=False)


def above_zero(read: Callable[[object], _Number], message: str, fix: str) -> Callable[[object], _Number]:
    """Read a number that must not be 0, and say why and what to write where it is.

    Parameters
    ----------
    read : callable
        Reads a number from 0.
    message, fix : str
    """
    def number(value: object) -> _Number:
        found = read(value)
        if found == 0:
            raise AdvisedError(message, fix)
        return found

    return number


_cores = above_zero(units.cores, "an instance needs CPU", "write a number of cores above 0, such as `0.5`")
_rate = above_zero(units.rate, "at a rate of 0 no request ever arrives", "write a rate above 0, such as `4/h`")
_openings = above_zero(units.rate, "at a rate of 0 nothing is ever opened", "write a rate above 0, such as `5/s`")
_some_duration = above_zero(
    units.duration, "no time at all has no effect here", "write a duration above 0, such as `30 s`")


def _times(value: object) -> Distribution:
    if isinstance(value, str) and not set(value) & set("([{"):
        units.duration(value)  # its message is the better one where no distribution is meant
    return distributions.duration(value)


def _duration(value: object) -> int:
    time = units.duration(value)
    if time > LONGEST:
        raise AdvisedError(f"{quoted(units.show_duration(time))} is longer than anything that is simulated",
                           f"write `{units.show_duration(LONGEST)}` or less")
    return time


def whole_days(value: object) -> int:
    """Read a duration of whole days, one at least.

    Parameters
    ----------
    value : str or timedelta
        Such as "4 weeks".

    Returns
    -------
    int
        Microseconds.

    Raises
    ------
    AdvisedError
        It is none.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 10_000:
        raise AdvisedError(f"{quoted(value)} is not a duration: it has no unit", f"write `{value} days`")
    time = _duration(value)
    if time == 0 or time % units.DAY:
        up = -(-time // units.DAY) or 1
        raise AdvisedError(f"{quoted(units.show_duration(time))} is not a whole number of days",
                           f"bills are made of whole days: write for example `{units.show_duration(up * units.DAY)}`")
    return time


def _gap(value: object) -> Distribution:
    law = _times(value)
    if law.always_zero:
        raise AdvisedError("requests without a gap between them never end", "write a gap above 0, such as `30 s`")
    return law


def _factor(value: object) -> Distribution:
    law = distributions.count(value)
    if law.always_zero:
        raise AdvisedError("at no speed nothing is ever done", "write a speed above 0, such as `0.9`")
    return law


def _tokens(value: object) -> Distribution:
    law = distributions.count(value)
    largest = _largest(law)
    if largest > MOST_TOKENS:
        raise AdvisedError(f"{largest:g} is more tokens than any model takes or makes",
                           f"write {MOST_TOKENS} or less")
    return law


def _largest(law: Distribution) -> int | float:
    """Return the largest number that a distribution is written with; of its draws nothing is known before they come."""
    numbers = [*(float(number) for _, number in law.params), *law.values, *(_largest(part) for _, part in law.parts)]
    return max(numbers, default=0)


def _bytes(value: object) -> Distribution:
    law = distributions.count(value)
    if _largest(law) > MOST_BYTES:
        raise AdvisedError(f"{_largest(law):g} bytes are more than anybody sends", f"write {MOST_BYTES} or less")
    return law


def _at_least_once(value: object) -> Distribution:
    law = distributions.count(value)
    if law.samples is None and law.mean < 1:
        raise AdvisedError("a loop runs at least once", "write a count of 1 or more, such as `geometric(mean=3)`")
    return law


def _slots(value: object) -> Distribution:
    law = distributions.count(value)
    if law.samples is None and law.mean < 1:
        raise AdvisedError("a request holds one slot at least", "write a whole number of 1 or more, such as `4`")
    return law


def _tokens_a_second(value: object) -> Fraction:
    rate = units.rate(value)
    if rate == 0:
        raise AdvisedError("at this speed no token ever comes", "write tokens a second, such as `33.3/s`")
    return rate


def _batch(value: object) -> Distribution:
    law = distributions.count(value)
    if law.samples is None and law.mean < 1:
        raise AdvisedError("a batch has one request at least",
                           "write a count of 1 or more, such as `geometric(mean=5)`")
    return law


def _schedule(value: object) -> str:
    if not isinstance(value, str):
        raise AdvisedError(f"{quoted(value)} is not a schedule", "write for example `\"*/15 9-17 * * mon-fri\"`")
    crontab.minutes(value)
    return value


def _day(value: object) -> date:
    if isinstance(value, date):
        return value
    text = value if isinstance(value, str) else ""
    try:
        return date.fromisoformat(text if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else "")
    except ValueError:
        fix = "write year, month and day, such as `2026-11-01`"
        raise AdvisedError(f"{quoted(value)} is not a date", fix) from None


def _month(value: object) -> str:
    text = value if isinstance(value, str) else ""
    if not re.fullmatch(r"[12][0-9]{3}-(0[1-9]|1[0-2])", text):
        raise AdvisedError(f"{quoted(value)} is not a month", "write year and month, such as `2026-11`")
    return text


def _queue(value: object) -> object:
    whole = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31
    if whole or value == "unlimited":
        return value
    raise AdvisedError(f"{quoted(value)} is not a number of requests", "write a whole number from 0, or `unlimited`")


def _or_unlimited(read: Callable[[object], object]) -> PlainValidator:
    """Read the word ``unlimited``, or a value."""
    return PlainValidator(lambda value: value if value == UNLIMITED else read(value))


def _show_or_unlimited(show: Callable[[Any], object]) -> PlainSerializer:
    return PlainSerializer(lambda value: value if value == UNLIMITED else show(value), when_used="json")


def _schema_or_unlimited(schema: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [schema, {"const": UNLIMITED}]})


def _some_number(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST:
        return value
    raise AdvisedError(f"{quoted(value)} is not a number of instances", "write a whole number from 1, or `unlimited`")


def _listed(value: object) -> object:
    """Take one value as a list of one."""
    return value if isinstance(value, (list, tuple)) else [value]


def _show_each(show: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda values: show(values[0]) if len(values) == 1 else [show(value) for value in values]


def _index(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise AdvisedError(f"{quoted(value)} is not a number", "write a number above 1, such as `20`")
    if value <= 1:
        raise AdvisedError(f"{quoted(value)} is not bursty: Poisson arrivals have an index of 1",
                           "write a number above 1, such as `20`")
    return float(value)


def _time_unit(value: object) -> object:
    recorded.time_unit(value)
    return value


def _or_column(read: Callable[[object], _Read], of: str) -> Callable[[object], _Read | Column]:
    """Read a column of recorded rows, or else something else."""
    return lambda value: recorded.read(value, of) if recorded.is_column(value) else read(value)


def _show_or_column(show: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: value.show() if isinstance(value, Column) else show(value)


def _with_column(schema: dict[str, Any], of: str) -> WithJsonSchema:
    described = {key: value for key, value in schema.items() if key == "description"}
    return WithJsonSchema({"anyOf": [*schema.get("anyOf", [schema]), recorded.schema(of)], **described})


def _some_or_list(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "array", "items": schema, "minItems": 1}]}


def show_law(law: Distribution) -> Any:
    """Return a distribution as it is written."""
    number = law.of == "count" and law.kind == "constant" and len(law.params) == 1
    return json.loads(law.show()) if number or law.samples is not None else law.show()


def _show_cores(cores: Fraction) -> int | float:
    return int(cores) if cores.denominator == 1 else float(units.show_cores(cores))


Duration = Annotated[int, PlainValidator(_duration), PlainSerializer(units.show_duration, when_used="json"),
                     WithJsonSchema(_SOME_DURATION_SCHEMA)]  # fmt: skip
SomeDuration = Annotated[int, PlainValidator(_some_duration),
                         PlainSerializer(units.show_duration, when_used="json"),
                         WithJsonSchema(DURATION_SCHEMA)]  # fmt: skip
WholeDays = Annotated[int, PlainValidator(whole_days), PlainSerializer(units.show_duration, when_used="json"),
                      WithJsonSchema(DURATION_SCHEMA)]  # fmt: skip
Size = Annotated[int, PlainValidator(units.size), PlainSerializer(units.show_size, when_used="json"),
                 WithJsonSchema(_SIZE_SCHEMA)]  # fmt: skip
Rate = Annotated[Fraction, PlainValidator(units.rate), PlainSerializer(units.show_rate, when_used="json"),
                 WithJsonSchema(_RATE_SCHEMA)]  # fmt: skip
SomeRate = Annotated[Fraction, PlainValidator(_rate), PlainSerializer(units.show_rate, when_used="json"),
                     WithJsonSchema(_RATE_SCHEMA)]  # fmt: skip
Cores = Annotated[Fraction, PlainValidator(_cores), PlainSerializer(_show_cores, when_used="json"),
                  WithJsonSchema(_CORES_SCHEMA)]  # fmt: skip
Hourly = Annotated[Decimal, PlainValidator(units.hourly), PlainSerializer(units.show_hourly, when_used="json"),
                   WithJsonSchema(_HOURLY_SCHEMA)]  # fmt: skip
Times = Annotated[Distribution, PlainValidator(_times), PlainSerializer(show_law, when_used="json"),
                  WithJsonSchema(TIMES_SCHEMA)]  # fmt: skip
Gap = Annotated[Distribution, PlainValidator(_gap), PlainSerializer(show_law, when_used="json"),
                WithJsonSchema(TIMES_SCHEMA)]  # fmt: skip
Factor = Annotated[Distribution, PlainValidator(_factor), PlainSerializer(show_law, when_used="json"),
                   WithJsonSchema(_law_schema("A number", number=True))]  # fmt: skip
Bytes = Annotated[Distribution, PlainValidator(_bytes), PlainSerializer(show_law, when_used="json"),
                  WithJsonSchema(_law_schema("A number", number=True))]  # fmt: skip
Share = Annotated[Fraction, PlainValidator(units.percent), PlainSerializer(units.show_percent, when_used="json"),
                  WithJsonSchema(SHARE_SCHEMA)]  # fmt: skip
# Of a step: drawn for each visit, or the request's own value in recorded rows.
StepTimes = Annotated[Distribution | Column, PlainValidator(_or_column(_times, recorded.DURATION)),
                      PlainSerializer(_show_or_column(show_law), when_used="json"),
                      _with_column(TIMES_SCHEMA, recorded.DURATION)]  # fmt: skip
StepTokens = Annotated[Distribution | Column, PlainValidator(_or_column(_tokens, recorded.COUNT)),
                       PlainSerializer(_show_or_column(show_law), when_used="json"),
                       _with_column(_law_schema("A number", number=True), recorded.COUNT)]  # fmt: skip
StepRounds = Annotated[Distribution | Column, PlainValidator(_or_column(_at_least_once, recorded.COUNT)),
                       PlainSerializer(_show_or_column(show_law), when_used="json"),
                       _with_column(_law_schema("A number of 1 or more", number=True), recorded.COUNT)]  # fmt: skip
StepCount = Annotated[Distribution | Column, PlainValidator(_or_column(distributions.count, recorded.COUNT)),
                      PlainSerializer(_show_or_column(show_law), when_used="json"),
                      _with_column(_law_schema("A number", number=True), recorded.COUNT)]  # fmt: skip
StepSlots = Annotated[Distribution | Column, PlainValidator(_or_column(_slots, recorded.COUNT)),
                      PlainSerializer(_show_or_column(show_law), when_used="json"),
                      _with_column(_law_schema("A number of 1 or more", number=True), recorded.COUNT)]  # fmt: skip
TokenRate = Annotated[Fraction, PlainValidator(_tokens_a_second),
                      PlainSerializer(units.show_rate, when_used="json"),
                      WithJsonSchema(_RATE_SCHEMA)]  # fmt: skip
StepMemory = Annotated[int | Column, PlainValidator(_or_column(units.size, recorded.SIZE)),
                       PlainSerializer(_show_or_column(units.show_size), when_used="json"),
                       _with_column(_SIZE_SCHEMA, recorded.SIZE)]  # fmt: skip
Lengths = Annotated[tuple[SomeDuration, ...], Field(min_length=1), BeforeValidator(_listed),
                    PlainSerializer(_show_each(units.show_duration), when_used="json"),
                    WithJsonSchema(_some_or_list(DURATION_SCHEMA))]  # fmt: skip
Indices = Annotated[tuple[Annotated[float, PlainValidator(_index)], ...], Field(min_length=1), BeforeValidator(_listed),
                    PlainSerializer(_show_each(float), when_used="json"),
                    WithJsonSchema(_some_or_list({"type": "number", "exclusiveMinimum": 1}))]  # fmt: skip
Sizes = Annotated[Distribution, PlainValidator(_batch), PlainSerializer(show_law, when_used="json"),
                  WithJsonSchema(_law_schema("A number of 1 or more", number=True))]  # fmt: skip
Schedules = Annotated[tuple[Annotated[str, PlainValidator(_schedule)], ...], Field(min_length=1),
                      BeforeValidator(_listed), PlainSerializer(_show_each(str), when_used="json"),
                      WithJsonSchema(_some_or_list({"type": "string"}))]  # fmt: skip
TimeUnit = Annotated[str, PlainValidator(_time_unit),
                     WithJsonSchema({"type": "string", "description": "us, ms, s, min, h or day."})]  # fmt: skip
Queue = Annotated[int | Literal["unlimited"], PlainValidator(_queue),
                  WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"const": "unlimited"}]})]  # fmt: skip
NumberLimit = Annotated[int | Literal["unlimited"], _or_unlimited(_some_number),
                        _schema_or_unlimited({"type": "integer", "minimum": 1, "maximum": MOST})]  # fmt: skip
RateLimit = Annotated[Fraction | Literal["unlimited"], _or_unlimited(_openings), _show_or_unlimited(units.show_rate),
                      _schema_or_unlimited(_RATE_SCHEMA)]  # fmt: skip
TimeLimit = Annotated[int | Literal["unlimited"], _or_unlimited(_duration),
                      _show_or_unlimited(units.show_duration), _schema_or_unlimited(DURATION_SCHEMA)]  # fmt: skip
SizeLimit = Annotated[int | Literal["unlimited"], _or_unlimited(units.size), _show_or_unlimited(units.show_size),
                      _schema_or_unlimited(_SIZE_SCHEMA)]  # fmt: skip
Day = Annotated[date, PlainValidator(_day), PlainSerializer(date.isoformat, when_used="json"),
                WithJsonSchema({"type": "string", "format": "date"})]  # fmt: skip
Month = Annotated[str, PlainValidator(_month),
                  WithJsonSchema({"type": "string", "pattern": "^[12][0-9]{3}-(0[1-9]|1[0-2])$"})]  # fmt: skip
Whole = Annotated[int, Strict()]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Correlation = Annotated[float, Strict(), Field(gt=0, lt=1, allow_inf_nan=False)]
Truth = Annotated[bool, Strict()]
Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
