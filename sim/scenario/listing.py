"""Figures and what they rest on, as lines of text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from sim.catalog.figures import Sourced
from sim.scenario.resting import RestsOn

_WIDTH = 116
_COLUMNS = (60, 40)
"""Columns of a line, and of names and values in it, where they fit."""

Row = tuple[str, str, str, str]
"""What is told, its value, what that rests on, and what else there is to say."""


class Sources:
    """What figures rest on: each source once, numbered as they come."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def mark(self, figure: RestsOn | Sourced) -> str:
        """Return the standing of a figure, its day, and the number of its source."""
        text = "; ".join(part for part in (figure.reason, figure.source) if part)
        number = self._numbers.setdefault(text, len(self._numbers) + 1)
        return f"{figure.standing} {figure.as_of} [{number}]"

    def lines(self, sign: str = "") -> Iterator[str]:
        """Write the sources, each line behind a sign."""
        yield from ("", f"{sign} sources, behind the reasons for what is assumed or calibrated".lstrip())
        for text, number in self._numbers.items():
            yield from _wrapped(sign, f" {f'[{number}]':>5} ", text)


def table(sign: str, title: str, rows: Sequence[Row]) -> list[str]:
    """Write figures in columns.

    Parameters
    ----------
    sign : str
        What each line begins with.
    title : str
    rows : sequence of Row

    Returns
    -------
    list of str
        Nothing where there are no rows.
    """
    if not rows:
        return []
    first, second = (min(max(len(row[column]) for row in rows), most) for column, most in enumerate(_COLUMNS))
    lines = [f"{sign} {title}".lstrip()]
    for name, value, mark, terms in rows:
        row = f"{sign}   {name:<{first}}  {value:<{second}}  {mark}"
        lines += [row] if len(row) <= _WIDTH else _wrapped(sign, f"   {name:<{first}}  ", f"{value}  {mark}")
        lines += _wrapped(sign, "       ", terms) if terms else []
    return lines


def grounds(figure: RestsOn | Sourced) -> dict[str, Any]:
    """Return what a figure rests on as plain values."""
    day = figure.as_of.isoformat() if figure.as_of is not None else None
    return {"standing": str(figure.standing), "source": figure.source, "as_of": day, "reason": figure.reason}


def _wrapped(sign: str, head: str, text: str) -> list[str]:
    """Break a text behind a head, its lines below each other."""
    room = _WIDTH - len(sign) - len(head)
    lines = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)
    return [f"{sign}{head}{lines[0]}", *(f"{sign}{' ' * len(head)}{line}" for line in lines[1:])]
