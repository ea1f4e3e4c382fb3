"""The values of the catalogue: how each is read, and written so that it can be read again."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer

from sim import distributions, units
from sim.distributions import Distribution


def _limit(value: Any) -> Any:
    """Read the word ``unlimited`` as no limit."""
    return None if value == "unlimited" else value


def _shown_limit(value: int | None) -> int | str:
    return "unlimited" if value is None else value


def _duration_limit(value: Any) -> Any:
    return None if value == "unlimited" else units.duration(value)


def _text(show: Callable[[Any], str]) -> PlainSerializer:
    """Write a value as it is written in a file, so that it can be read again."""
    return PlainSerializer(lambda value: "unlimited" if value is None else show(value), when_used="json")


Duration = Annotated[int, BeforeValidator(units.duration), _text(units.show_duration)]
Memory = Annotated[int, BeforeValidator(units.size), _text(units.show_size)]
Cores = Annotated[Fraction, BeforeValidator(units.cores), _text(units.show_cores)]
SomeDuration = Annotated[int, BeforeValidator(units.duration), Field(ge=1), _text(units.show_duration)]
Rate = Annotated[Fraction, BeforeValidator(units.rate), Field(gt=0), _text(units.show_rate)]
Share = Annotated[Fraction, BeforeValidator(units.percent), _text(units.show_percent)]
Times = Annotated[Distribution, BeforeValidator(distributions.duration), _text(Distribution.show)]
Counts = Annotated[Distribution, BeforeValidator(distributions.count), _text(Distribution.show)]
Count = Annotated[int, Field(strict=True, ge=0)]
Slots = Annotated[int, Field(strict=True, ge=1)]
Limit = Annotated[Count | None, BeforeValidator(_limit), PlainSerializer(_shown_limit, when_used="json")]
DurationLimit = Annotated[int | None, BeforeValidator(_duration_limit), _text(units.show_duration)]
