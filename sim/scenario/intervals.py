"""What a person may ask of intervals: their level, what they cover, how narrow they should be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, PlainSerializer, PlainValidator, WithJsonSchema

from sim import units
from sim.documents import Flaw
from sim.errors import AdvisedError, quoted
from sim.scenario.model import Model, Raw
from sim.scenario.quantities import SHARE_SCHEMA, Whole, above_zero

_HIGHEST = Fraction(9999, 10_000)
"""Confidence that may be asked for: an interval at a higher one rests on a tail that no sample shows."""


def _level(value: object) -> Fraction:
    share = units.percent(value)
    if not Fraction(1, 2) <= share <= _HIGHEST:
        raise AdvisedError(f"{quoted(units.show_percent(share))} is no confidence to draw conclusions with",
                           f"write 50% to {units.show_percent(_HIGHEST)}, such as `95%`")
    return share


_half_width = above_zero(
    units.percent, "no number of replications makes an interval of no width", "write for example `5%`")
_SHOWN = PlainSerializer(units.show_percent, when_used="json")

HalfWidth = Annotated[Fraction, PlainValidator(_half_width), _SHOWN, WithJsonSchema(SHARE_SCHEMA)]
Level = Annotated[Fraction, PlainValidator(_level), _SHOWN, WithJsonSchema(SHARE_SCHEMA)]


class Intervals(Model):
    """What the intervals of a result say."""

    confidence: Level | None = Field(
        None, description="Level of the intervals, and of all verdicts together; 95% when absent.", examples=["95%"])
    cover: Literal["recorded-input"] | None = Field(
        None, description="What intervals cover beside the chance of the simulation: `recorded-input` is which "
        "sessions happened to be recorded. Each replication then draws its own sample of them, with replacement.",
        examples=["recorded-input"])


class Precision(Model):
    """Replications are added until figures are as precise as asked for, and verdicts clear.

    Every other key is a figure, such as ``overhead_s.p99``, and its value the greatest half width of its interval,
    relative to the figure, on each deployment.
    """

    written: ClassVar[str] = "precision: {overhead_s.p99: 5%, max_replications: 60}"
    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, HalfWidth] = Field(init=False)

    max_replications: Annotated[Whole, Field(ge=2, le=10_000)] = Field(
        description="Replications that there are at most.", examples=[60])

    @property
    def figures(self) -> Mapping[str, Fraction]:
        """Half widths by figure."""
        return self.model_extra or {}


def flaws(raw: Raw, replications: int) -> Iterator[Flaw]:
    """Say what the rest of a scenario leaves no room for.

    Parameters
    ----------
    raw : mapping
        The scenario as it was written.
    replications : int
        To begin with, where it does not say how many.
    """
    first, most = raw.get("replications", replications), _key(raw.get("precision"), "max_replications")
    if isinstance(first, int) and isinstance(most, int) and 2 <= most < first:
        yield Flaw(("precision", "max_replications"), f"there are {first} replications to begin with, which is more",
                   f"write a number above {first}, or `replications: {min(most, 10)}`")
    recorded = _key(_key(raw.get("workload"), "arrivals"), "sessions") is not None
    if _key(raw.get("intervals"), "cover") == "recorded-input" and not recorded:
        yield Flaw(("intervals", "cover"), "there are no recorded sessions", "leave out `cover`", at_key=True)


def _key(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, Mapping) else getattr(value, key, None)
