"""A figure and what it rests on: who says so, where, and when.

Every price, default and limit of the catalogue is a `Figure`. In a file it is a mapping::

    {value: 15 min, standing: vendor, source: autoscaling}
    {value: 6 min, standing: assumed, source: recycling, reason: the vendor publishes no idle keep-alive}

``source`` is a key of the file's own table ``sources``, or a text of its own. ``as_of`` may be left out when the
source is a key: it is then the day of that source.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum
from typing import Any, Generic, TypeGuard, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from sim.errors import AdvisedError, choose, quoted

T = TypeVar("T")


class Standing(StrEnum):
    """How well a figure is founded, the best first.

    Attributes
    ----------
    MEASURED : somebody measured it; the source says who and when.
    VENDOR : the vendor states it.
    ARTICLE : the article that the claims are taken from states it.
    CALIBRATED : fitted, so that a run agrees with something known; the reason says with what.
    ASSUMED : a guess; the reason says why this one.
    """

    MEASURED = "measured"
    VENDOR = "vendor"
    ARTICLE = "article"
    CALIBRATED = "calibrated"
    ASSUMED = "assumed"


class Entry(BaseModel):
    """Anything in a file of the catalogue. Frozen; refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, defer_build=True)


class Source(Entry):
    """A document that figures are taken from.

    Attributes
    ----------
    title : str
        Whose document it is and what it is called.
    at : str or None
        Where it is: an address, or repository@commit.
    read : date
        The day on which it was read.
    as_of : date or None
        The day of the document itself, where it is older: of its commit, of its measurements.
    """

    title: str = Field(min_length=1)
    at: str | None = Field(None, min_length=1)
    read: date
    as_of: date | None = None

    @property
    def day(self) -> date:
        """The day for which it speaks."""
        return self.as_of or self.read

    def __str__(self) -> str:
        parts = (self.title, self.at, f"of {self.as_of.isoformat()}" if self.as_of else None,
                 f"read {self.read.isoformat()}")
        return ", ".join(part for part in parts if part)


class Sourced(Entry):
    """What a figure rests on.

    Attributes
    ----------
    standing : Standing
    source : str
        The document, complete enough to be found.
    as_of : date
        The day on which it was so.
    reason : str or None
        Why this value; there must be one when the standing is ``assumed`` or ``calibrated``.
    """

    standing: Standing
    source: str = Field(min_length=1)
    as_of: date
    reason: str | None = Field(None, min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _date_of_source(cls, data: Any, info: ValidationInfo) -> Any:
        if not isinstance(data, Mapping) or "as_of" in data or not _is_key(data.get("source")):
            return data
        source = _table(info).get(data["source"])
        # A key that is not in the table is told as such; that the day is missing then helps nobody.
        return {**data, "as_of": source.day if source is not None else date.max}

    @field_validator("source", mode="before")
    @classmethod
    def _text_of_source(cls, key: Any, info: ValidationInfo) -> Any:
        if not _is_key(key):
            return key
        table = _table(info)
        if key not in table:
            raise AdvisedError(f"this file has no source {quoted(key)}",
                               choose(key, table) if table else "add it to `sources`, or name the document in full")
        return str(table[key])

    @model_validator(mode="after")
    def _guess_has_reason(self) -> Sourced:
        if self.standing in (Standing.ASSUMED, Standing.CALIBRATED) and self.reason is None:
            raise AdvisedError(f"a figure that is {self.standing.value} needs a reason", "say why it is this value")
        return self


class Figure(Sourced, Generic[T]):
    """A value and what it rests on.

    Attributes
    ----------
    value : T
        In base units: microseconds, bytes, cores, dollars.
    """

    value: T


def figures(entry: Entry, path: str = "") -> Iterator[tuple[str, Sourced]]:
    """Go through everything in an entry that rests on a source.

    Parameters
    ----------
    entry : Entry
        Such as a profile.
    path : str
        What to put before each path.

    Yields
    ------
    tuple of str and Sourced
        The dotted path, such as ``ladder.suspended.wake``, and what is there. An item of a list goes by its name
        where it has one, else by its index.
    """
    if isinstance(entry, Sourced):
        yield path, entry
        return
    for field in type(entry).model_fields:
        yield from _figures_in(getattr(entry, field), f"{path}.{field}" if path else field)


def _figures_in(value: object, path: str) -> Iterator[tuple[str, Sourced]]:
    if isinstance(value, Entry):
        yield from figures(value, path)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _figures_in(item, f"{path}.{key}")
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _figures_in(item, f"{path}.{getattr(item, 'name', index)}")


def _is_key(source: object) -> TypeGuard[str]:
    """Whether a source is meant as a key of the table: the name of a document has more than one word."""
    return isinstance(source, str) and source != "" and " " not in source


def _table(info: ValidationInfo) -> Mapping[str, Source]:
    """Return the sources of the file that is being validated."""
    context = info.context or {}
    table: Mapping[str, Source] = context.get("sources", {})
    return table
