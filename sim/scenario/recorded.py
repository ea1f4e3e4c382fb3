"""Columns of recorded rows: values of a request that were recorded together and stay together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sim import units
from sim.documents import Place
from sim.errors import AdvisedError, choose, quoted
from sim.scenario.model import Model

_KEYS = ("column", "unit")

COUNT, DURATION, SIZE = "count", "duration", "size"
"""What a column may be of."""

_EXAMPLES = {COUNT: "{column: tokens_in}", DURATION: "{column: took, unit: ms}", SIZE: "{column: memory, unit: MB}"}
_BYTES = re.compile(r"[kMGT]B|[KMGT]iB|B")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the rows that requests are recorded in.

    Attributes
    ----------
    column : str
        Its name.
    unit : str
        Unit of its numbers; empty for plain ones.
    scale : int
        Microseconds or bytes in the unit; 1 for plain numbers.
    """

    column: str
    unit: str
    scale: int

    def show(self) -> dict[str, str]:
        """Return it as it is written."""
        return {"column": self.column} | ({"unit": self.unit} if self.unit else {})


def is_column(value: object) -> bool:
    """Whether a value names a column of recorded rows, and not recorded samples."""
    return isinstance(value, Column) or (isinstance(value, Mapping) and "column" in value and "samples" not in value)


def columns(data: Any, place: Place) -> Iterator[tuple[Place, Mapping[str, Any] | Column]]:
    """Find the columns that a part of a scenario names, as it names them, with the places where it does."""
    if is_column(data):
        yield place, data
        return
    pairs: Iterable[tuple[Any, Any]] = ()
    if isinstance(data, Mapping):
        pairs = data.items()
    elif isinstance(data, (list, tuple)):
        pairs = enumerate(data)
    elif isinstance(data, Model):
        pairs = ((key, getattr(data, key)) for key in type(data).model_fields)
    for key, value in pairs:
        yield from columns(value, (*place, key))


def of(value: Mapping[str, Any] | Column) -> str:
    """Say by its unit what a column is of."""
    unit = value.unit if isinstance(value, Column) else str(value.get("unit", ""))
    return SIZE if _BYTES.fullmatch(unit) else DURATION if unit else COUNT


def read(value: Any, of: str) -> Column:
    """Read a column as it is written.

    Parameters
    ----------
    value : mapping or Column
        Such as ``{column: took, unit: ms}``.
    of : {"count", "duration", "size"}
        Counts have no unit, durations and sizes need one.

    Raises
    ------
    AdvisedError
        A key is unknown, missing, or of the wrong form.
    """
    if isinstance(value, Column):
        return value
    for key in value:
        if key not in _KEYS:
            raise AdvisedError(f"unknown key {quoted(key)} of a recorded column", choose(str(key), _KEYS))
    column, unit = value["column"], value.get("unit", "")
    if not isinstance(column, str) or not column:
        raise AdvisedError("`column` is no name", f"write such as `{_EXAMPLES[of]}`")
    if of == COUNT:
        if unit:
            raise AdvisedError("recorded counts have no unit", "remove `unit`")
        return Column(column, "", 1)
    if not unit:
        raise AdvisedError(f"a recorded {of} needs its unit", f"write such as `{_EXAMPLES[of]}`")
    if of == SIZE:
        if not isinstance(unit, str) or not _BYTES.fullmatch(unit):
            raise AdvisedError(f"{quoted(unit)} is no unit of memory", "write such as `unit: MB`")
        return Column(column, unit, units.size(f"1 {unit}"))
    return Column(column, str(unit), time_unit(unit))


def time_unit(unit: object) -> int:
    """Return the microseconds in a unit of time.

    Raises
    ------
    AdvisedError
        There is no such unit.
    """
    if not isinstance(unit, str) or not re.fullmatch(r"[a-zµμ]+", unit):
        raise AdvisedError(f"{quoted(unit)} is no unit of time", "write us, ms, s, min, h or day")
    return units.duration(f"1 {unit}")


def schema(of: str) -> dict[str, Any]:
    """Return the JSON Schema of a column."""
    properties = {"column": {"type": "string"}} | ({} if of == COUNT else {"unit": {"type": "string"}})
    return {"type": "object", "description": "A column of the rows that requests are recorded in.",
            "properties": properties, "required": list(properties), "additionalProperties": False}  # fmt: skip
