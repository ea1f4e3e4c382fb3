"""Text such as "5 min", "4 GiB", "$0.0000166667" to exact numbers, and back.

======== ==================== ==========================================
quantity written              becomes
======== ==================== ==========================================
duration ``1 h 30 min``       `int`, microseconds
size     ``4 GiB``            `int`, bytes
rate     ``0.2/h``            `fractions.Fraction`, per second
cores    ``2``, ``500m``      `fractions.Fraction`, cores
percent  ``5%``               `fractions.Fraction`, of one
money    ``$0.0000166667``    `decimal.Decimal`, dollars
hourly   ``$80/h``            `decimal.Decimal`, dollars an hour
======== ==================== ==========================================

Nothing is rounded: a text that the unit on the right cannot hold exactly is an error. So is a number without its
unit (except 0), a negative one, and one beyond 64 bits. Every error names what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from sim.errors import AdvisedError, quoted

INT64_MAX = 2**63 - 1

US = 1
MS = 1_000
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY

GIB = 2**30

_DURATIONS: Mapping[str, int] = {
    "us": US, "µs": US, "μs": US, "ms": MS,
    "s": SECOND, "second": SECOND, "seconds": SECOND,
    "min": MINUTE, "minute": MINUTE, "minutes": MINUTE,
    "h": HOUR, "hour": HOUR, "hours": HOUR,
    "d": DAY, "day": DAY, "days": DAY,
    "week": WEEK, "weeks": WEEK,
}  # fmt: skip
_SIZES: Mapping[str, int] = {
    "B": 1,
    "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "KiB": 2**10, "MiB": 2**20, "GiB": GIB, "TiB": 2**40,
}  # fmt: skip

# What people write instead of a unit, and what they are told; {n} stands for their number.
_DURATION_HINTS: Mapping[str, str] = {
    "m": "write `{n} min` (`m` may be minutes, months or thousandths)",
    "sec": "write `{n} s`", "secs": "write `{n} s`", "mins": "write `{n} min`",
    "hr": "write `{n} h`", "hrs": "write `{n} h`", "w": "write `{n} week`", "wk": "write `{n} week`",
    "msec": "write `{n} ms`", "usec": "write `{n} us`", "ns": "the clock ticks in microseconds: write `us`",
    "month": "months differ in length: write days or weeks", "months": "months differ in length: write days or weeks",
    "year": "years differ in length: write days or weeks", "years": "years differ in length: write days or weeks",
}  # fmt: skip
_SIZE_HINTS: Mapping[str, str] = {
    **dict.fromkeys(("k", "K", "kb", "Kb", "KB"), "write `{n} kB` (1000 bytes) or `{n} KiB` (1024 bytes)"),
    **dict.fromkeys(("m", "M", "mb", "Mb"), "write `{n} MB` (1000² bytes) or `{n} MiB` (1024² bytes)"),
    **dict.fromkeys(("g", "G", "gb", "Gb"), "write `{n} GB` (1000³ bytes) or `{n} GiB` (1024³ bytes)"),
    **dict.fromkeys(("t", "T", "tb", "Tb"), "write `{n} TB` (1000⁴ bytes) or `{n} TiB` (1024⁴ bytes)"),
    "Ki": "write `{n} KiB`", "Mi": "write `{n} MiB`", "Gi": "write `{n} GiB`", "Ti": "write `{n} TiB`",
}  # fmt: skip

_NUMBER = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_TERM = re.compile(rf"\s*([+-]?{_NUMBER})\s*([A-Za-zµμ]*)")
_PLAIN = re.compile(rf"[+-]?{_NUMBER}")
_SPECIAL = re.compile(r"[+-]?\.?(?:nan|inf(?:inity)?)\b", re.IGNORECASE)
_CLOCK = re.compile(r"\d+:\d\d(?::\d\d)?")
_LONGEST = 80


class UnitError(AdvisedError):
    """A text is not the quantity that is wanted."""


def duration(value: object) -> int:
    """Read a duration.

    Parameters
    ----------
    value : str, 0 or timedelta
        One or more terms, such as "5 min" or "1 h 30 min". Units: us, ms, s, min, h, day, week.

    Returns
    -------
    int
        Microseconds, at least 0.

    Raises
    ------
    UnitError
        Not a duration, negative, finer than a microsecond, or beyond 64 bits.
    """
    if isinstance(value, timedelta):
        return _whole(Fraction(value // timedelta(microseconds=1)), str(value), "a duration", "microsecond", "1 us")
    if _is_number(value) and value == 0:
        return 0
    text = _text(value, "a duration", "5 min")
    if _CLOCK.fullmatch(text.strip()):
        raise UnitError(f"{quoted(text)} is not a duration", "write it with units, such as `5 h 30 min`")
    total = _terms(text, "a duration", _DURATIONS, _DURATION_HINTS, "5 min")
    return _whole(total, text, "a duration", "microsecond", "1 us")


def size(value: object) -> int:
    """Read an amount of memory or data.

    Parameters
    ----------
    value : str or 0
        Such as "600 MiB" or "1.5 GB". Units: B; kB MB GB TB (powers of 1000); KiB MiB GiB TiB (powers of 1024).

    Returns
    -------
    int
        Bytes, at least 0.

    Raises
    ------
    UnitError
        Not a size, negative, not whole bytes, or beyond 64 bits.
    """
    return _whole(exact_size(value), str(value), "a size", "byte", "1 B")


def exact_size(value: object) -> Fraction:
    """Read an amount of memory or data, which need not be whole bytes: 3.95 GiB is none.

    Parameters
    ----------
    value : str or 0
        As of `size`.

    Returns
    -------
    Fraction
        Bytes, at least 0.

    Raises
    ------
    UnitError
        Not a size, or negative.
    """
    if _is_number(value) and value == 0:
        return Fraction(0)
    return _terms(_text(value, "a size", "4 GiB"), "a size", _SIZES, _SIZE_HINTS, "4 GiB")


def rate(value: object) -> Fraction:
    """Read how often something happens.

    Parameters
    ----------
    value : str, 0 or Fraction
        A number, a slash and a unit of time, such as "0.2/h". A Fraction is per second already.

    Returns
    -------
    Fraction
        Per second, at least 0 and at most a million: the clock ticks in microseconds.

    Raises
    ------
    UnitError
        Not a rate, negative, or beyond the clock.
    """
    if isinstance(value, Fraction):
        return _at_most_clock(value, f"{value} a second")
    if _is_number(value) and value == 0:
        return Fraction(0)
    text = _text(value, "a rate", "4/h")
    number, slash, unit = (part.strip() for part in text.partition("/"))
    if not slash:
        begin = re.match(_NUMBER, number)
        shown = begin[0] if begin else "4"
        raise UnitError(f"{quoted(text)} is not a rate: it does not say per what",
                        f"write `{shown}/h`, `{shown}/min` or `{shown}/day`")
    if unit not in _DURATIONS:
        raise UnitError(f"{quoted(text)} is not a rate: {quoted(unit)} is no unit of time",
                        "write a unit alone after the slash: s, min, h, day or week")
    return _at_most_clock(_number(number, text, "a rate", f"4/{unit}") * SECOND / _DURATIONS[unit], text)


def cores(value: object) -> Fraction:
    """Read a number of CPU cores.

    Parameters
    ----------
    value : int, float, Fraction or str
        Such as 2, 0.5, or "500m" for thousandths.

    Returns
    -------
    Fraction
        Cores, at least 0.

    Raises
    ------
    UnitError
        Not a number of cores, or negative.
    """
    if isinstance(value, Fraction):
        return _not_negative(value, str(value), "a number of cores")
    if _is_number(value):
        return _number(repr(value), repr(value), "a number of cores", "0.5")
    text = _text(value, "a number of cores", "0.5")
    plain, thousandths = text.strip(), Fraction(1)
    if plain.endswith("m"):
        plain, thousandths = plain[:-1].rstrip(), Fraction(1, 1000)
    return _number(plain, text, "a number of cores", "0.5` or `500m") * thousandths


def percent(value: object) -> Fraction:
    """Read a share.

    Parameters
    ----------
    value : str, 0 or Fraction
        Such as "5%". A Fraction is a share of one already.

    Returns
    -------
    Fraction
        Of one: "5%" is 1/20. At least 0.

    Raises
    ------
    UnitError
        Not a share, or negative.
    """
    if isinstance(value, Fraction):
        return _not_negative(value, str(value), "a percentage")
    if _is_number(value) and value == 0:
        return Fraction(0)
    text = _text(value, "a percentage", "5%")
    if not text.rstrip().endswith("%"):
        plain = text.strip()
        fix = "write for example `5%`"
        if _is_plain(plain):  # 0.05 is a share of one, 5 was meant to be per cent
            share = Fraction(Decimal(plain))
            fix = f"write `{_decimal(share if share > 1 else share * 100)}%`"
        raise UnitError(f"{quoted(text)} is not a percentage: it has no %", fix)
    return _number(text.rstrip()[:-1].strip(), text, "a percentage", "5%") / 100


def money(value: object) -> Decimal:
    """Read an amount of money.

    Parameters
    ----------
    value : str, 0 or Decimal
        A dollar sign and a number, such as "$0.0000166667". A Decimal is dollars already.

    Returns
    -------
    Decimal
        Dollars, at least 0.

    Raises
    ------
    UnitError
        Not an amount in dollars, or negative.
    """
    if isinstance(value, Decimal):
        value = f"${value}"
    if _is_number(value) and value == 0:
        return Decimal(0)
    text = _text(value, "an amount of money", "$0.50")
    plain = text.strip()
    if not plain.startswith("$"):
        fix = f"write `${plain}`" if _is_plain(plain) else "write dollars, for example `$0.50`"
        raise UnitError(f"{quoted(text)} is not an amount of money: it does not start with $", fix)
    _number(plain[1:].strip(), text, "an amount of money", "$0.50")
    return Decimal(plain[1:].strip())


def hourly(value: object) -> Decimal:
    """Read what an hour costs.

    Parameters
    ----------
    value : str or Decimal
        Such as "$80/h". A Decimal is dollars an hour already.

    Returns
    -------
    Decimal
        Dollars an hour, at least 0.

    Raises
    ------
    UnitError
        Not an amount in dollars, or not for an hour.
    """
    if isinstance(value, Decimal):
        return money(value)
    amount, slash, per = (part.strip() for part in _text(value, "the price of an hour", "$80/h").partition("/"))
    if not slash or per not in ("h", "hour"):
        raise UnitError(f"{quoted(value)} is not the price of an hour", "write for example `$80/h`")
    return money(amount)


def show_duration(us: int) -> str:
    """Return the text that `duration` reads as ``us`` microseconds."""
    if us == 0:
        return "0 s"
    if us % WEEK == 0:
        return _plural(us // WEEK, "week")
    if us < SECOND:
        return f"{_decimal(Fraction(us, MS))} ms" if us >= MS else f"{us} us"
    days, rest = divmod(us, DAY)
    hours, rest = divmod(rest, HOUR)
    minutes, rest = divmod(rest, MINUTE)
    terms = (_plural(days, "day") if days else "", f"{hours} h" if hours else "", f"{minutes} min" if minutes else "",
             f"{_decimal(Fraction(rest, SECOND))} s" if rest else "")
    return " ".join(term for term in terms if term)


def show_size(size: int) -> str:
    """Return the shortest text that `size` reads as this number of bytes."""
    units = ((unit, name) for name, unit in reversed(list(_SIZES.items())) if unit <= size and size * 1000 % unit == 0)
    texts = [f"{_decimal(Fraction(size, unit))} {name}" for unit, name in units]
    return min(texts, key=lambda text: len(text.partition(" ")[0])) if texts else f"{size} B"


def show_rate(per_second: Fraction) -> str:
    """Return the shortest text that `rate` reads as this many a second.

    A fraction that no unit of time makes a decimal of (none that `rate` gives) is rounded to twelve digits.
    """
    if per_second == 0:
        return "0/h"
    units = (("s", SECOND), ("h", HOUR), ("min", MINUTE), ("day", DAY), ("week", WEEK))
    texts = [f"{_decimal(amount)}/{name}" for name, unit in units
             if _is_decimal(amount := per_second * unit / SECOND)]
    return min(texts, key=lambda text: len(text.partition("/")[0])) if texts else f"{_decimal(per_second * 3600)}/h"


def show_cores(cores: Fraction) -> str:
    """Return the text that `cores` reads as this number; rounded to twelve digits if it is no decimal."""
    return _decimal(cores)


def show_percent(share: Fraction) -> str:
    """Return the text that `percent` reads as this share; rounded to twelve digits if it is no decimal."""
    return f"{_decimal(share * 100)}%"


def show_money(dollars: Decimal) -> str:
    """Return the text that `money` reads as this amount: every digit, without an exponent."""
    return f"${dollars:f}"


def show_hourly(dollars: Decimal) -> str:
    """Return the text that `hourly` reads as this many dollars an hour."""
    return f"{show_money(dollars)}/h"


def _terms(text: str, what: str, units: Mapping[str, int], hints: Mapping[str, str], example: str) -> Fraction:
    """Add up the terms, each a number and a unit."""
    _refuse_special(text, what, example)
    total, at, seen = Fraction(0), 0, set[int]()
    while at < len(text.rstrip()):
        term = _TERM.match(text, at)
        if term is None or (not term[2] and term.end() < len(text.rstrip())):
            raise _not_a(text, what, example)
        number, unit, at = term[1], term[2], term.end()
        if not unit:
            raise _without_unit(text, number, what, units)
        if unit not in units:
            raise UnitError(f"{quoted(text)} is not {what}: {quoted(unit)} is no unit",
                            _hint(number, unit, units, hints))
        if units[unit] in seen:
            raise UnitError(f"{quoted(text)} names {quoted(unit)} twice", f"write it once, such as `{example}`")
        seen.add(units[unit])
        total += _number(number, text, what, example) * units[unit]
    if not seen:
        raise _not_a(text, what, example)
    return total


def _hint(number: str, unit: str, units: Mapping[str, int], hints: Mapping[str, str]) -> str:
    """Say which unit to write instead of one that is none."""
    if unit in hints:
        return hints[unit].format(n=number)
    meant = [known for known in units if known.casefold() == unit.casefold()]
    listed = "us, ms, s, min, h, day, week" if units is _DURATIONS else ", ".join(_SIZES)
    return f"write `{number} {meant[0]}`" if meant else f"write one of the units {listed}"


def _without_unit(text: str, number: str, what: str, units: Mapping[str, int]) -> UnitError:
    shown = number.lstrip("+-")
    first, second, third = ("s", "min", "h") if units is _DURATIONS else ("MB", "MiB", "GiB")
    return UnitError(f"{quoted(text)} is not {what}: it has no unit",
                     f"write `{shown} {first}`, `{shown} {second}` or `{shown} {third}`")


def _number(plain: str, text: str, what: str, example: str) -> Fraction:
    """Read a decimal exactly. Decimals of absurd length or size are refused before they cost anything."""
    _refuse_special(plain, what, example)
    if not _PLAIN.fullmatch(plain):
        raise _not_a(text, what, example)
    number = Decimal(plain)
    if number and abs(number.adjusted()) > _LONGEST:
        raise UnitError(f"{quoted(text)} is {'too large' if number.adjusted() > 0 else 'too small'} for {what}",
                        f"write for example `{example}`")
    return _not_negative(Fraction(number) if number else Fraction(0), text, what)


def _not_negative(number: Fraction, text: str, what: str) -> Fraction:
    if number < 0:
        raise UnitError(f"{quoted(text)} is negative", f"{what} is 0 or more")
    return number


def _whole(number: Fraction, text: str, what: str, unit: str, least: str) -> int:
    _not_negative(number, text, what)
    if number.denominator != 1:
        raise UnitError(f"{quoted(text)} is not a whole number of {unit}s", f"the finest {what[2:]} is `{least}`")
    if number > INT64_MAX:
        raise UnitError(f"{quoted(text)} is more {unit}s than 64 bits can count",
                        f"the largest {what[2:]} is {'292,471 years' if unit == 'microsecond' else '8,388,607 TiB'}")
    return int(number)


def _at_most_clock(per_second: Fraction, text: str) -> Fraction:
    if per_second > SECOND:
        raise UnitError(f"{quoted(text)} is more than one a microsecond, the tick of the clock", "write a lower rate")
    return _not_negative(per_second, text, "a rate")


def _text(value: object, what: str, example: str) -> str:
    """Return a value as text to be read; numbers too, so that they get the message about their unit."""
    if _is_number(value):
        return repr(value)
    if not isinstance(value, str):
        kind = {bool: "true or false", type(None): "empty", list: "a list", tuple: "a list", dict: "a mapping"}
        raise UnitError(f"this is {kind.get(type(value), type(value).__name__)}, not {what}",
                        f"write for example `{example}`")
    if not value.strip():
        raise UnitError(f"this is empty, not {what}", f"write for example `{example}`")
    if len(value) > _LONGEST:
        raise UnitError(f"{quoted(value)} is too long for {what}", f"write for example `{example}`")
    return value


def _refuse_special(text: str, what: str, example: str) -> None:
    if _SPECIAL.match(text.strip()):
        raise UnitError(f"{quoted(text)} is not {what}: it must be a finite number", f"write for example `{example}`")


def _not_a(text: str, what: str, example: str) -> UnitError:
    if re.search(r"\d[,_]\d", text):
        return UnitError(f"{quoted(text)} is not {what}", "write `1500` and `1.5`: no separator between thousands, "
                         "a point before the decimals")
    return UnitError(f"{quoted(text)} is not {what}", f"write for example `{example}`")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_plain(text: str) -> bool:
    return len(text) <= _LONGEST and _PLAIN.fullmatch(text) is not None and abs(Decimal(text).adjusted()) <= _LONGEST


def _is_decimal(number: Fraction) -> bool:
    """Whether a fraction has a finite decimal expansion: its denominator has no prime factor but 2 and 5."""
    denominator = number.denominator
    for prime in (2, 5):
        while denominator % prime == 0:
            denominator //= prime
    return denominator == 1


def _decimal(number: Fraction) -> str:
    """Return a fraction as decimal digits without exponent; rounded to twelve significant ones if it has no end."""
    if not _is_decimal(number):
        return f"{Decimal(f'{float(number):.12g}'):f}"
    places = 0
    while number.denominator != 1 and (number * 10**places).denominator != 1:
        places += 1
    digits = str(abs(number * 10**places).numerator).rjust(places + 1, "0")
    sign = "-" if number < 0 else ""
    return sign + (f"{digits[:-places]}.{digits[-places:]}" if places else digits)


def _plural(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
