"""Quantities as a person takes them from an invoice: "5M requests", "180,000 vCPU-s", "1.5 TB"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from sim import units
from sim.catalog.counting import Unit
from sim.errors import AdvisedError, quoted

_NUMBER = re.compile(r"\s*(\d{1,3}(?:[,_]\d{3})+(?:\.\d+)?|\d+(?:\.\d*)?|\.\d+)\s*")
_SCALE = re.compile(r"(K|k|thousand|M|million|B|billion)(?:\s+|$)")
_SCALES: Mapping[str, int] = {
    "K": 10**3, "k": 10**3, "thousand": 10**3, "M": 10**6, "million": 10**6, "B": 10**9, "billion": 10**9,
}  # fmt: skip
_BYTES: Mapping[str, int] = {
    "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "PB": 10**15,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40,
}  # fmt: skip
_DECIMAL = re.compile(r"(?<![A-Za-z])([kMGT])B(?![A-Za-z])")
_LARGER: Mapping[str, tuple[int, str]] = {"TB": (1000, "GB"), "TiB": (1024, "GiB")}
_LONGEST = 60


def number(value: object) -> Fraction:
    """Read a number: 5000000, "5,000,000", "5M" or "5 million".

    Raises
    ------
    AdvisedError
        It is none, or there is something behind it.
    """
    found, unit = _split(value)
    if unit:
        raise AdvisedError(f"{quoted(value)} is not a plain number", "leave the unit out")
    return found


def whole(value: object) -> int:
    """Read a whole number; see `number`."""
    found = number(value)
    if found.denominator != 1:
        raise AdvisedError(f"{quoted(value)} is not a whole number", "write such as `3` or `5M`")
    return int(found)


class Space(NamedTuple):
    """How large a disk is: vendors who bill by GB read "30 GB" as 30, and so do those who bill by GiB.

    Attributes
    ----------
    gb, gib : Fraction
        As it is billed by either.
    """

    gb: Fraction
    gib: Fraction


def space(value: object) -> Space:
    """Read the size of a disk: one in GB is as many GB or GiB as it says, whatever the vendor means by it.

    Raises
    ------
    AdvisedError
        It is none.
    """
    exact = units.exact_size(value)
    return Space(exact / 10**9, exact / 10**9 if _decimal(value) else exact / units.GIB)


def memory(value: object) -> Fraction:
    """Read bytes of memory: vendors sell it in powers of two, and mean GiB where they say GB.

    Raises
    ------
    AdvisedError
        It is none.
    """
    exact = units.exact_size(value)
    if not _decimal(value):
        return exact
    return units.exact_size(_DECIMAL.sub(lambda found: f"{found[1].upper()}iB", str(value)))


def _decimal(value: object) -> bool:
    return isinstance(value, str) and _DECIMAL.search(value) is not None


def quantity(value: object, per: Unit, month: int) -> Fraction:
    """Read how much was used of something.

    Parameters
    ----------
    value : str or number
        A number alone counts things, or the unit of the charge without the number before it; a number with a unit is
        converted where the unit measures the same.
    per : Unit
        What the charge is for.
    month : int
        Microseconds of the month.

    Returns
    -------
    Fraction
        In units of the charge: 5 for "5M requests" where the charge is for a million.

    Raises
    ------
    AdvisedError
        It is no quantity, or one of something else.
    """
    found, text = _split(value)
    if not text:
        if per.noun in _BYTES and per.text.endswith(("TB", "TiB")):
            raise AdvisedError(f"{quoted(value)} does not say of what", f"write for example `{value} {per.text}`")
        return found / per.count
    if not per.timed and per.noun in _BYTES and text in _BYTES:
        return found * _BYTES[text] / (_BYTES[per.noun] * per.count)
    example = f"write for example `{_shown(found)} {_bare(per)}`"
    try:
        unit = Unit.parse(text)
    except AdvisedError as error:
        raise AdvisedError(f"{quoted(text)} is not a unit", example) from error
    times, noun = _LARGER.get(unit.noun, (1, unit.noun)) if per.timed else (1, unit.noun)
    if unit.timed and per.timed and per.noun and not unit.noun:
        example = f"write for example `{_shown(found)} {per.noun}-{text}`"
    if unit.timed != per.timed or _singular(noun) != _singular(per.noun):
        raise AdvisedError(f"{quoted(text)} does not measure this: it is counted in {quoted(_bare(per))}", example)
    return found * times * unit.size(month) / per.size(month)


def _split(value: object) -> tuple[Fraction, str]:
    """Take the number from the begin of a text."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float, Decimal, Fraction)):
        raise AdvisedError(f"{quoted(value)} is not a quantity", "write such as `5M` or `180000 vCPU-s`")
    if isinstance(value, Fraction):
        return value, ""
    text = f"{Decimal(repr(value)):f}" if isinstance(value, float) else str(value)
    begin = _NUMBER.match(text) if len(text) <= _LONGEST else None
    if begin is None:
        fix = "write 0 or more" if text.strip().startswith("-") else "write such as `5M` or `180000 vCPU-s`"
        raise AdvisedError(f"{quoted(text)} is not a quantity", fix)
    found, rest = Fraction(begin[1].replace(",", "").replace("_", "").rstrip(".")), text[begin.end():].strip()
    if scale := _SCALE.match(rest):
        return found * _SCALES[scale[1]], rest[scale.end():].strip()
    return found, rest


def _bare(per: Unit) -> str:
    """Return a unit without the number before it."""
    return re.sub(r"^\d+[KMB]? ", "", per.text)


def _shown(found: Fraction) -> str:
    return str(int(found)) if found.denominator == 1 else f"{float(found):g}"


def _singular(noun: str) -> str:
    return noun.removesuffix("s")
