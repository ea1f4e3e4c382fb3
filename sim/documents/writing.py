"""Writing values so that `sim.documents.reading` reads the same."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sim.documents.comments import OWN
from sim.documents.reading import meaning
from sim.documents.tree import Place

_PLAIN = re.compile(r"[A-Za-z0-9$(./<+_~].*(?<![\s:])")
_NEVER_PLAIN = re.compile(r":\s|\s#|\A(?:\.\.\.|<<)")
_MARKS_OF_FLOW = frozenset(",[]{}:#")


def scalar(value: object, flow: bool = False) -> str:
    """Write a scalar.

    Parameters
    ----------
    value : str, int, float, bool or None
    flow : bool
        Whether it stands within braces or brackets.

    Returns
    -------
    str
        Without quotes where it needs none.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    if not isinstance(value, str):
        return repr(value)
    plain = value.isprintable() and _PLAIN.fullmatch(value) and not _NEVER_PLAIN.search(value)
    if plain and meaning(value) == value and not (flow and _MARKS_OF_FLOW & set(value)):
        return value
    return '"' + "".join(_escaped(sign) for sign in value) + '"'


def inline(data: Any) -> str:
    """Write any value on one line, with braces and brackets."""
    if isinstance(data, Mapping):
        return "{" + ", ".join(f"{scalar(str(key), flow=True)}: {inline(value)}" for key, value in data.items()) + "}"
    if isinstance(data, (list, tuple)):
        return "[" + ", ".join(inline(item) for item in data) + "]"
    return scalar(data, flow=True)


@dataclass(frozen=True)
class Remarks:
    """What is written around values, by their places.

    Attributes
    ----------
    above, below : mapping of tuple to sequence of str
        Lines above a key or item; lines behind the last key of a mapping. Each is a comment.
    beside : mapping of tuple to str
        A comment behind a key or item, on its line.
    added : mapping of tuple to str
        What this program says of a key or item: behind it, or above it where the line would be too long.
    apart : collection of tuple
        What has an empty line above.
    flow : collection of tuple
        What is written on one line, in braces or brackets.
    """

    above: Mapping[Place, Sequence[str]] = field(default_factory=dict)
    beside: Mapping[Place, str] = field(default_factory=dict)
    added: Mapping[Place, str] = field(default_factory=dict)
    below: Mapping[Place, Sequence[str]] = field(default_factory=dict)
    apart: Collection[Place] = ()
    flow: Collection[Place] = ()


def block(data: Any, remarks: Remarks, width: int = 120) -> Iterator[str]:
    """Write a mapping line by line.

    Parameters
    ----------
    data : mapping
    remarks : Remarks
    width : int
        Columns beyond which a long text is folded.

    Yields
    ------
    str
        Lines without their ends.
    """
    yield from _inside(data, (), remarks, width)
    yield from remarks.below.get((), ())


def _inside(data: Any, place: Place, remarks: Remarks, width: int) -> Iterator[str]:
    margin = "  " * len(place)
    for key, value in data.items() if isinstance(data, Mapping) else enumerate(data):
        here = (*place, key)
        if here in remarks.apart:
            yield ""
        yield from (f"{margin}{line}" for line in remarks.above.get(here, ()))
        first, *more = _pair(here, value, remarks, width)
        added = f"{OWN} {remarks.added[here]}" if here in remarks.added else ""
        if added and len(first) + 1 + len(added) > width:
            yield from textwrap.wrap(added, width, initial_indent=margin, subsequent_indent=f"{margin}{OWN}   ")
        yield f"{first} {added}" if added and len(first) + 1 + len(added) <= width else first
        yield from more


def _pair(place: Place, data: Any, remarks: Remarks, width: int) -> Iterator[str]:
    """Write a key or an item with what is behind it."""
    margin, key = "  " * (len(place) - 1), place[-1]
    head = f"{margin}-" if isinstance(key, int) else f"{margin}{scalar(key)}:"
    beside = f" {text}" if (text := remarks.beside.get(place, "")) else ""
    if not isinstance(data, (Mapping, list)) or not data or place in remarks.flow:
        text = inline(data) if isinstance(data, (Mapping, list)) else scalar(data)
        lines = folded(data, 2 * len(place), width - 2 * len(place)) if isinstance(data, str) else None
        if lines is not None and len(head) + 1 + len(text) > width:
            yield from (f"{head} >-{beside}", *lines)
        else:
            yield f"{head} {text}{beside}"
        return
    inner = [*_inside(data, place, remarks, width), *(f"{margin}  {line}" for line in remarks.below.get(place, ()))]
    if isinstance(key, str):
        yield from (f"{head}{beside}", *inner)
    elif beside or inner[0].lstrip().startswith("#"):
        # Nothing may stand between the hyphen and the first key: the comment goes above.
        first = next(at for at, line in enumerate(inner) if not line.lstrip().startswith("#"))
        yield from (f"{margin}{line.lstrip()}" for line in (beside, *inner[:first]) if line)
        yield from (f"{head} {inner[first].lstrip()}", *inner[first + 1 :])
    else:
        yield from (f"{head} {inner[0].lstrip()}", *inner[1:])


def folded(text: str, indent: int, width: int) -> list[str] | None:
    """Write a long text as the lines of a block behind ``>-``.

    Returns
    -------
    list of str or None
        None where the text would not be read back as it is: it has line breaks or runs of blanks.
    """
    if not text or text != " ".join(text.split()) or not text.isprintable():
        return None
    margin = " " * indent
    return textwrap.wrap(text, indent + width, initial_indent=margin, subsequent_indent=margin,
                         break_long_words=False, break_on_hyphens=False)


def _escaped(sign: str) -> str:
    """Write a character of a text in quotes."""
    if sign in '"\\':
        return f"\\{sign}"
    if sign.isprintable():
        return sign
    return {"\n": "\\n", "\t": "\\t"}.get(sign, f"\\U{ord(sign):08x}")
