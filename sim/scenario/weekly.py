"""Which minutes of the week a bucket of a weekly profile names.

A text is a list with commas between its items. An item is one of

- hours, ``22:00-08:00``: these hours of every day; hours past midnight are those of the same day, so that this item
  names 00:00 to 08:00 and 22:00 to 24:00;
- days, ``sat`` or ``mon-fri``: the whole of these days;
- hours of days, ``fri 20:00-02:00`` or ``mon-fri 09:00-17:00``: hours past midnight run into the next day.

**The rule.** A minute belongs to the bucket that names it most closely: hours of days before days, days before hours.
So a bucket that names ``sat`` whole takes Saturday from all buckets that name hours only. Buckets that name a minute
equally closely overlap, which is an error, and so is a minute that no bucket names, unless one bucket says
``otherwise`` and takes the rest. The order of the buckets has no effect.

Minutes are counted from Monday 00:00, which is time 0 of a run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sim.errors import AdvisedError, nearest, quoted

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OTHERWISE = "otherwise"
MINUTES_OF_DAY = 1440
MINUTES_OF_WEEK = 7 * MINUTES_OF_DAY

_HOURS_OF_DAYS, _DAYS, _HOURS = range(3)
"""How closely an item names its minutes, the closest first."""

_ITEM = re.compile(
    r"(?:(?P<first>[a-z]+)(?:\s*-\s*(?P<last>[a-z]+))?)?\s*"
    r"(?:(?P<begin>[0-9]{1,2}:[0-9]{2})\s*-\s*(?P<end>[0-9]{1,2}:[0-9]{2}))?"
)
_EXAMPLES = "write hours such as `08:00-18:00`, days such as `sat` or `mon-fri`, or both, with commas between"

Range = tuple[int, int]
"""Minutes of the week: the first, and the one after the last."""

Minutes = int
"""A set of minutes of the week: bit m stands for minute m."""

_WEEK: Minutes = (1 << MINUTES_OF_WEEK) - 1


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with the buckets of a week.

    Attributes
    ----------
    bucket : str or None
        The bucket it is said of, None when of all.
    message, fix : str
    """

    bucket: str | None
    message: str
    fix: str


def parse(when: str) -> tuple[Range, ...]:
    """Return what a bucket names when it is alone.

    Parameters
    ----------
    when : str
        Such as "22:00-08:00, sat, sun".

    Returns
    -------
    tuple of (int, int)
        First minute of the week and the minute after the last, rising, without overlap or contact.

    Raises
    ------
    AdvisedError
        When the text cannot be read.
    """
    hours_of_days, days, hours = _levels(when)
    return tuple(_ranges(hours_of_days | days | hours))


def partition(buckets: Mapping[str, str]) -> tuple[tuple[int, int, str], ...]:
    """Divide the week among buckets.

    Parameters
    ----------
    buckets : mapping of str to str
        Text of each bucket by its name.

    Returns
    -------
    tuple of (int, int, str)
        First minute, minute after the last, name of the bucket; rising, from 0 to 10,080, without gaps.

    Raises
    ------
    AdvisedError
        When they do not divide the week; see `faults`.
    """
    for fault in faults(buckets):
        raise AdvisedError(fault.message, fault.fix)
    owned = _owned({name: _levels(when) for name, when in buckets.items() if not _is_rest(when)})
    free = _WEEK & ~_union(owned)
    owned.update((name, free) for name, when in buckets.items() if _is_rest(when))
    return tuple(sorted((start, end, name) for name, minutes in owned.items() for start, end in _ranges(minutes)))


def faults(buckets: Mapping[str, str]) -> Iterator[Fault]:
    """Say all that keeps buckets from dividing the week.

    Parameters
    ----------
    buckets : mapping of str to str
        Text of each bucket by its name.

    Yields
    ------
    Fault
        A text that cannot be read; two buckets that overlap; minutes that nobody names; a bucket without a minute.
        The last three only when all texts can be read.
    """
    named: dict[str, tuple[Minutes, Minutes, Minutes]] = {}
    rest = [name for name, when in buckets.items() if _is_rest(when)]
    for name in rest[1:]:
        yield Fault(name, f"`{rest[0]}` says `{OTHERWISE}` already", "one bucket can take the rest: name the times")
    for name in [name for name in buckets if name not in rest]:
        try:
            named[name] = _levels(buckets[name])
        except AdvisedError as error:
            yield Fault(name, error.message, error.fix)
    if len(named) + len(rest) < len(buckets):
        return
    owned = _owned(named)
    yield from _overlaps(owned)
    free = _WEEK & ~_union(owned)
    if free and not rest:
        yield Fault(None, f"no bucket names {_describe(free)}",
                    f"name it in a bucket, or write `when: {OTHERWISE}` in the one that takes the rest")
    for name in named:
        if not owned[name]:
            yield Fault(name, f"no minute of the week is left for {quoted(name)}",
                        "other buckets name all of it more closely: leave it out, or name it as closely as they do")
    if rest and not free:
        yield Fault(rest[0], f"no minute of the week is left for {quoted(rest[0])}",
                    "leave it out: the other buckets name the whole week")


def repeats_daily(buckets: Mapping[str, str]) -> bool:
    """Say whether every day of the week is divided among buckets in the same way.

    Parameters
    ----------
    buckets : mapping of str to str
        Text of each bucket by its name.

    Returns
    -------
    bool
        True where a text cannot be read; `faults` says so.
    """
    try:
        owned = _owned({name: _levels(when) for name, when in buckets.items() if not _is_rest(when)})
    except AdvisedError:
        return True
    monday = _span(0, MINUTES_OF_DAY)
    return all(_repeat(minutes & monday, range(7)) == minutes for minutes in owned.values())


def _overlaps(owned: Mapping[str, Minutes]) -> Iterator[Fault]:
    names = list(owned)
    for i, name in enumerate(names):
        for other in names[:i]:
            if both := owned[name] & owned[other]:
                yield Fault(name, f"{quoted(other)} and {quoted(name)} both name {_describe(both)}",
                            "let one end where the other begins")


def _owned(named: Mapping[str, tuple[Minutes, Minutes, Minutes]]) -> dict[str, Minutes]:
    """Return the minutes that no bucket names more closely than this one, for each bucket."""
    owned = dict.fromkeys(named, 0)
    taken = 0
    for level in (_HOURS_OF_DAYS, _DAYS, _HOURS):
        for name, minutes in named.items():
            owned[name] |= minutes[level] & ~taken
        taken = _union(owned)
    return owned


def _union(owned: Mapping[str, Minutes]) -> Minutes:
    union = 0
    for minutes in owned.values():
        union |= minutes
    return union


def _is_rest(when: str) -> bool:
    return when.strip().lower() == OTHERWISE


def _levels(when: str) -> tuple[Minutes, Minutes, Minutes]:
    """Return the minutes that a text names, by how closely it names them."""
    levels = [0, 0, 0]
    for item in when.split(","):
        level, minutes = _item(item.strip())
        levels[level] |= minutes
    return levels[0], levels[1], levels[2]


def _item(item: str) -> tuple[int, Minutes]:
    """Return how closely an item names its minutes, and the minutes."""
    match = _ITEM.fullmatch(item.lower())
    if not item or match is None:
        raise AdvisedError(f"{quoted(item)} is no time of the week" if item else "a time is missing", _EXAMPLES)
    if match["first"] is None:
        begin, end = _hours(match)
        wraps = end > MINUTES_OF_DAY
        of_day = _span(begin, MINUTES_OF_DAY) | _span(0, end - MINUTES_OF_DAY) if wraps else _span(begin, end)
        return _HOURS, _repeat(of_day, range(7))
    first = _day(match["first"])
    days = [(first + day) % 7 for day in range((_day(match["last"] or match["first"]) - first) % 7 + 1)]
    if match["begin"] is None:
        return _DAYS, _repeat(_span(0, MINUTES_OF_DAY), days)
    minutes = _repeat(_span(*_hours(match)), days)
    return _HOURS_OF_DAYS, minutes & _WEEK | minutes >> MINUTES_OF_WEEK


def _day(name: str) -> int:
    if name in DAYS:
        return DAYS.index(name)
    if name == OTHERWISE:
        raise AdvisedError(f"`{OTHERWISE}` stands beside other times", "let it be all that a bucket says")
    groups = {"weekend": "sat, sun", "weekends": "sat, sun", "weekday": "mon-fri", "weekdays": "mon-fri"}
    near = groups.get(name) or (name[:3] if name[:3] in DAYS else nearest(name, DAYS))
    raise AdvisedError(f"{quoted(name)} is no day", f"write `{near}`" if near else f"the days are {', '.join(DAYS)}")


def _hours(match: re.Match[str]) -> Range:
    """Return the first minute of the day and the one after the last, more than 1,440 when it is past midnight."""
    begin, end = _clock(match["begin"]), _clock(match["end"])
    if begin == end:
        raise AdvisedError(f"`{match['begin']}-{match['end']}` begins where it ends",
                           "a whole day is `00:00-24:00`, or the day's name")
    return begin, end if end > begin else end + MINUTES_OF_DAY


def _clock(text: str) -> int:
    hour, minute = (int(part) for part in text.split(":"))
    if minute > 59 or hour * 60 + minute > MINUTES_OF_DAY:
        raise AdvisedError(f"{quoted(text)} is no time of day", "times run from 00:00 to 24:00")
    return hour * 60 + minute


def _span(begin: int, end: int) -> Minutes:
    return (1 << end) - (1 << begin)


def _repeat(of_day: Minutes, days: Iterable[int]) -> Minutes:
    minutes = 0
    for day in days:
        minutes |= of_day << day * MINUTES_OF_DAY
    return minutes


def _ranges(minutes: Minutes) -> Iterator[Range]:
    """Yield the runs of a set of minutes, rising."""
    while minutes:
        begin = (minutes & -minutes).bit_length() - 1
        run = (minutes >> begin) + 1
        end = begin + (run & -run).bit_length() - 1
        yield begin, end
        minutes &= ~_span(begin, end)


def _describe(minutes: Minutes) -> str:
    """Return minutes as text: "08:00-10:00 of mon, tue, wed"."""
    days_of: dict[str, list[str]] = {}
    for day, name in enumerate(DAYS):
        for begin, end in _ranges(minutes >> day * MINUTES_OF_DAY & _span(0, MINUTES_OF_DAY)):
            hours = f"{begin // 60:02}:{begin % 60:02}-{end // 60:02}:{end % 60:02}"
            days_of.setdefault(hours, []).append(name)
    texts = []
    for hours, days in days_of.items():
        which = "every day" if len(days) == 7 else ", ".join(days)
        texts.append(f"all of {which}" if hours == "00:00-24:00" else f"{hours} of {which}")
    return "; ".join(texts[:3]) + (f"; and {len(texts) - 3} more" if len(texts) > 3 else "")
