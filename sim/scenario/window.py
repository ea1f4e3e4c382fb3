"""Which part of a run counts: its warm-up and its horizon, and whether both are whole periods of the load."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from sim import units
from sim.documents import Flaw
from sim.errors import AdvisedError, quoted
from sim.scenario import weekly
from sim.scenario.model import Raw
from sim.scenario.quantities import DURATION_SCHEMA, whole_days

AUTO = "auto"


def _warm_up(value: object) -> int | str:
    if value == AUTO:
        return AUTO
    if isinstance(value, str) and not any(map(str.isdigit, value)):
        raise AdvisedError(f"{quoted(value)} is no warm-up", f"write a duration such as `1 week`, or `{AUTO}`")
    return 0 if _is_none(value) else whole_days(value)


def _is_none(value: object) -> bool:
    """Say whether a duration can be read and is 0."""
    try:
        return units.duration(value) == 0
    except AdvisedError:
        return False


def _show(value: int | str) -> str:
    return value if isinstance(value, str) else units.show_duration(value)


WarmUp = Annotated[int | Literal["auto"], PlainValidator(_warm_up), PlainSerializer(_show, when_used="json"),
                   WithJsonSchema({"anyOf": [{"const": AUTO}, {"type": "integer", "minimum": 0, "maximum": 0},
                                             DURATION_SCHEMA]})]  # fmt: skip


def flaws(raw: Raw) -> Iterator[Flaw]:
    """Say where a load that repeats each week is not cut into whole weeks.

    Ten days of it have two Mondays and one Friday, and would stand for a month of such.

    Parameters
    ----------
    raw : mapping
        The scenario as it was written.
    """
    arrivals = _key(raw.get("workload"), "arrivals")
    if period(_key(arrivals, "weekly"), _key(_key(arrivals, "sessions"), "shape")) != units.WEEK:
        return
    otherwise = {"horizon": "some days of the week would count for more than others",
             "warmup": "the figures would not begin with a Monday, as the load does"}
    for key, why in otherwise.items():
        time = _days(raw.get(key))
        if time % units.WEEK:
            weeks = max(1, (time + units.WEEK // 2) // units.WEEK) * units.WEEK
            yield Flaw((key,), f"the load repeats each week, and {quoted(units.show_duration(time))} is not a whole "
                       f"number of weeks: {why}", f"write for example `{units.show_duration(weeks)}`")


def period(buckets: Any, shape: Any) -> int | None:
    """Say after how long a load repeats.

    Parameters
    ----------
    buckets : mapping of str to (mapping or Bucket), or None
        A weekly profile, as it was written or as the schema has it.
    shape : object
        A recorded week, which is taken to differ from day to day; None where there is none.

    Returns
    -------
    int or None
        Microseconds: a week, or a day where all days are alike; None where the load has no cycle.
    """
    if shape is not None:
        return units.WEEK
    texts = {name: _key(one, "when") for name, one in buckets.items()} if isinstance(buckets, Mapping) else {}
    if len(texts) < 2 or not all(isinstance(text, str) for text in texts.values()):
        return None  # what cannot be read is told elsewhere
    return units.DAY if weekly.repeats_daily(texts) else units.WEEK


def _days(value: Any) -> int:
    """Return a number of whole days in microseconds; 0 for what is none, which is told elsewhere."""
    try:
        return whole_days(value)
    except AdvisedError:
        return 0


def _key(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, Mapping) else getattr(value, key, None)
