"""Numbers as people read them: three significant digits, a unit that suits, dollars with cents.

Rounding happens here and nowhere before.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["seconds", "dollars", "bytes", "share", "ratio", "number"]
"""What a figure is a number of; decides its unit and digits."""

NONE = "–"
"""What stands where there is no figure."""

_EVEN = 0.75
"""From which ratio of its two sides on an interval is told by the larger of them."""

_MOST = 6
"""Digits that are shown at most."""

_TIMES = ((1e-6, "µs"), (1e-3, "ms"), (1.0, "s"), (60.0, "min"), (3600.0, "h"), (86400.0, "days"))
_UP_TO = (1e-3, 1.0, 120.0, 5400.0, 172800.0, math.inf)
_BYTES = ((1.0, "B"), (2.0**10, "KiB"), (2.0**20, "MiB"), (2.0**30, "GiB"), (2.0**40, "TiB"))
_COUNTED = 10_000
_WRITTEN = 12
_SIZES = ((1.0, ""), (1e6, " million"), (1e9, " billion"), (1e12, " trillion"))


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure ready to be printed.

    Attributes
    ----------
    value : str
        With its unit; `NONE` where there is no value.
    spread : str
        For a column of a table: half the interval, rounded up to the last digit of the value; the ends of the interval
        where the value is far from its middle; its other end where the value is one of them. Empty where the figure is
        exact or has no interval.
    full : str
        For a sentence: the value and both ends of its interval, with as many digits as tell them apart.
    why : str
        Why there is no value or no interval; empty if there is.
    """

    value: str
    full: str
    spread: str = ""
    why: str = ""


def show(figure: Mapping[str, Any] | None, kind: Kind) -> Shown:
    """Make a figure of a summary printable.

    Parameters
    ----------
    figure : mapping or None
        ``{"value", "low", "high"}``, or ``{"value": None, "why": ...}``; an end that is None is unknown. None or an
        empty mapping where the summary has no such figure.
    kind : Kind
        What it is a number of.

    Returns
    -------
    Shown
    """
    figure = figure or {}
    value, why = figure.get("value"), str(figure.get("why") or "")
    if value is None:
        return Shown(NONE, NONE, why=why)
    scale = _SCALES[kind](float(value))
    low, high = figure.get("low"), figure.get("high")
    if low is None or high is None or low == high:
        text = _cents(scale.text(value))
        return Shown(text, text, why=why)
    below, above = value - low, high - value
    # A value of 0 has no digits of its own: two digits of its interval say enough.
    fine = scale.digits(max(below, above), 2)
    places = scale.digits(value, 3) if value else fine
    if min(below, above) > _EVEN * max(above, below):
        spread = f"±{scale.bare(max(below, above), places, up=True)}"
    elif value == low:
        spread = f"≤{scale.bare(high, fine, up=True)}"
    elif value == high:
        spread = f"≥{scale.bare(low, fine)}"
    else:
        spread = f"{scale.bare(low, places)}–{scale.bare(high, places)}"
    tried = (scale.digits(value, digits) if value else fine for digits in range(3, _MOST))
    different = len({low, value, high})
    apart = next((p for p in tried if len({scale.bare(one, p) for one in (low, value, high)}) == different), places)
    full = f"{scale.text(value, apart)} ({scale.bare(low, apart)} to {scale.bare(high, apart)})"
    return Shown(scale.text(value), full, spread, why)


def given(value: float, kind: Kind) -> str:
    """Return a number that a person wrote, without zeros that say nothing: 3 s rather than 3.00 s."""
    if kind == "dollars":
        return dollars(value)
    scale = _SCALES[kind](value)
    # More digits than anybody writes, and fewer than a binary fraction is true to.
    written = scale.text(value, max(0, scale.digits(value, _WRITTEN)))
    return re.sub(r"(\.\d*?)0+(?=\D*$)", lambda found: found[1].rstrip("."), written)


def seconds(value: float) -> str:
    """Return a length of time, such as "310 ms" or "2.50 h"."""
    return _seconds(value).text(value)


def dollars(value: float) -> str:
    """Return an amount of money: three digits below a dollar, cents below a thousand, whole dollars above."""
    return _cents(_dollars(value).text(value))


def share(value: float) -> str:
    """Return a fraction as a percentage."""
    return _share(value).text(value)


def number(value: float) -> str:
    """Return a count (all digits below ten thousand) or a quantity, with millions in words."""
    return _number(value).text(value)


def significant(value: float, digits: int = 3) -> str:
    """Round to significant digits, without an exponent.

    Examples
    --------
    >>> significant(0.012345), significant(12.345), significant(12345)
    ('0.0123', '12.3', '12,300')
    """
    return _Scale("", "").text(value, _places(value, digits))


@dataclass(frozen=True, slots=True)
class _Scale:
    """How numbers near a value are written: sign before, sign behind, size of the unit, decimal places if fixed."""

    before: str
    behind: str
    unit: float = 1.0
    places: int | None = None

    def digits(self, value: float, digits: int) -> int:
        """Return the decimal places that show so many digits of a value; below 0 where it is rounded to tens."""
        return _places(value / self.unit, digits) if self.places is None else self.places

    def bare(self, value: float, places: int, *, up: bool = False) -> str:
        """Write a number in the unit, without its signs; rounded to the nearest, or up."""
        step = 10.0**-places
        size = value / self.unit
        if up:
            # What is a whole number of steps but for the last bit of a float stays so.
            size = math.ceil(size / step - 1e-6) * step
        elif places < 0:
            size = round(size / step) * step
        return f"{size:,.{max(0, places)}f}".replace("-", "−")

    def text(self, value: float, places: int | None = None) -> str:
        """Write a number with unit and signs, with three digits unless places are given."""
        bare = self.bare(value, self.digits(value, 3) if places is None else places)
        sign = "−" if bare.startswith("−") else ""
        return f"{sign}{self.before}{bare.removeprefix(sign)}{self.behind}"


def _places(value: float, digits: int) -> int:
    """Return the decimal places that show so many significant digits."""
    if value == 0:
        return 0
    rounded = abs(float(f"{value:.{digits - 1}e}"))
    return digits - 1 - math.floor(math.log10(rounded))


def _seconds(value: float) -> _Scale:
    size = _rounded(value)
    unit, name = (1.0, "s") if value == 0 else next(_TIMES[i] for i, limit in enumerate(_UP_TO) if size < limit)
    return _Scale("", f" {name}", unit)


def _dollars(value: float) -> _Scale:
    size = _rounded(value)
    if 0 < size < 1:
        return _Scale("$", "")
    return _Scale("$", "", places=2 if round(abs(value), 2) < 1000 else 0)


def _share(value: float) -> _Scale:
    # What is not all of it does not look like all of it: 99.96%, not 100%.
    nearly = 0.9995 <= value < 1
    return _Scale("", "%", 0.01, places=min(_MOST, -math.floor(math.log10((1 - value) * 100))) if nearly else None)


def _bytes(value: float) -> _Scale:
    size = _rounded(value)
    unit, name = next((pair for pair in reversed(_BYTES) if size >= pair[0]), _BYTES[0])
    return _Scale("", f" {name}", unit)


def _ratio(value: float) -> _Scale:
    return _Scale("×", "")


def _number(value: float) -> _Scale:
    size = _rounded(value)
    if value == round(value) and size < _COUNTED:
        return _Scale("", "", places=0)
    unit, name = next((pair for pair in reversed(_SIZES) if size >= pair[0] > 1), _SIZES[0])
    return _Scale("", name, unit)


def _cents(text: str) -> str:
    """Write 50 cents as $0.50, not $0.500."""
    return re.sub(r"^(−?\$0\.\d\d\d*?)0+$", r"\1", text)


def _rounded(value: float) -> float:
    """Return the size of a number as it is going to be shown: 999.9 ms is 1 s."""
    return abs(float(f"{value:.2e}"))


_SCALES: dict[Kind, Callable[[float], _Scale]] = {
    "seconds": _seconds,
    "dollars": _dollars,
    "bytes": _bytes,
    "share": _share,
    "ratio": _ratio,
    "number": _number,
}
