"""Schedules as cron has them: which minutes of the week a line of five fields names.

::

    minute  hour  day-of-month  month  day-of-week
    */15    9-17  *             *      mon-fri

A field is a list, with commas, of ``*``, numbers, ranges ``a-b``, each with a step ``/n`` if wanted; ``a/n`` is from a
on. Days of the week are 0 to 7 (0 and 7 are Sunday) or ``mon`` to ``sun``. ``@hourly``, ``@daily`` and ``@weekly`` are
known.

A run has weekdays and no dates: its time 0 is a Monday, not a day of a month. So the fields for the day of the month
and for the month can only be ``*``; what they would name is refused rather than guessed.
"""

from __future__ import annotations

import re

from sim.errors import AdvisedError, choose, quoted

_MACROS = {"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0"}
_DATED = ("@monthly", "@yearly", "@annually")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_ITEM = re.compile(r"(?P<first>\*|[a-z]+|[0-9]{1,4})(?:-(?P<last>[a-z]+|[0-9]{1,4}))?(?:/(?P<step>[0-9]{1,4}))?")
_EXAMPLE = "write five fields, such as `*/15 9-17 * * mon-fri`"


def minutes(line: str) -> tuple[int, ...]:
    """Return the minutes of the week that a schedule names, counted from Monday 00:00, rising.

    Raises
    ------
    AdvisedError
        The line cannot be read, or names dates.
    """
    text = line.strip().lower()
    if text in _DATED:
        raise _dated(line)
    if text.startswith("@") and text not in _MACROS:
        raise AdvisedError(f"{quoted(line)} is no schedule", choose(text, _MACROS))
    fields = _MACROS.get(text, text).split()
    if len(fields) != 5:
        many = "field" if len(fields) == 1 else "fields"
        raise AdvisedError(f"{quoted(line)} has {len(fields)} {many}, and a schedule has five", _EXAMPLE)
    minute, hour, day, month, weekday = fields
    if day not in ("*", "?") or month != "*":
        raise _dated(line)
    of_hour, of_day = _values(minute, 0, 59, "minute"), _values(hour, 0, 23, "hour")
    days = {(number + 6) % 7 for number in _values(weekday.replace("?", "*"), 0, 7, "day of the week")}
    return tuple(sorted((d * 24 + h) * 60 + m for d in days for h in of_day for m in of_hour))


def _values(field: str, low: int, high: int, what: str) -> set[int]:
    """Return the numbers that a field names."""
    found: set[int] = set()
    for item in field.split(","):
        match = _ITEM.fullmatch(item)
        if match is None:
            raise AdvisedError(f"{quoted(item)} is no {what} of a schedule", _EXAMPLE)
        step = 1 if match["step"] is None else int(match["step"])
        if step == 0:
            raise AdvisedError(f"{quoted(item)} has a step of 0", "write a step of 1 or more")
        if match["first"] == "*":
            if match["last"] is not None:
                raise AdvisedError(f"{quoted(item)} is no {what} of a schedule", _EXAMPLE)
            first, last = low, high
        else:
            first = _number(match["first"], low, high, what)
            last = first if match["step"] is None else high
            last = last if match["last"] is None else _number(match["last"], low, high, what)
        if last < first:
            raise AdvisedError(f"{quoted(item)} ends before it begins",
                               f"make two ranges of it, such as `{first}-{high},{low}-{last}`")
        found |= set(range(first, last + 1, step))
    return found


def _number(text: str, low: int, high: int, what: str) -> int:
    if text.isdigit() and low <= int(text) <= high:
        return int(text)
    if high == 7 and text in _DAYS:
        return _DAYS.index(text)
    if high == 7 and not text.isdigit():
        raise AdvisedError(f"{quoted(text)} is no day", f"the days are {', '.join(_DAYS)}")
    raise AdvisedError(f"{quoted(text)} is no {what}", f"numbers run from {low} to {high}")


def _dated(line: str) -> AdvisedError:
    return AdvisedError(f"{quoted(line)} names days of a month, and a run has none: it begins on some Monday",
                        "let day and month be `*`, and choose by the day of the week, such as `0 9 * * mon`")
