"""The calendar month that is billed, and how a run that is shorter or longer than it stands for its days."""

from __future__ import annotations

import calendar
import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise

from sim.errors import AdvisedError, quoted
from sim.units import DAY, HOUR

WEEK_DAYS = 7
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month, in UTC.

    Attributes
    ----------
    year, number : int
        The number is from 1 to 12.
    """

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Month:
        """Read a month such as "2026-11".

        Raises
        ------
        AdvisedError
            It is not one.
        """
        found = _MONTH.fullmatch(text)
        if found is None or found[1] == "0000":
            raise AdvisedError(f"{quoted(text)} is not a month", "write year and month, such as `2026-11`")
        return cls(int(found[1]), int(found[2]))

    @property
    def days(self) -> int:
        """Number of its days."""
        return calendar.monthrange(self.year, self.number)[1]

    @property
    def weekday(self) -> int:
        """Weekday of its first day: 0 for Monday."""
        return calendar.monthrange(self.year, self.number)[0]

    @property
    def microseconds(self) -> int:
        """Its length."""
        return self.days * DAY

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"


@dataclass(frozen=True, slots=True)
class Hours:
    """A month of so many hours, as vendors reckon one in their examples: 730, or thirty days.

    Attributes
    ----------
    hours : int
    """

    hours: int

    @property
    def microseconds(self) -> int:
        """Its length."""
        return self.hours * HOUR

    def __str__(self) -> str:
        return f"{self.hours:,} h"


@dataclass(frozen=True, slots=True)
class Tiling:
    """Which simulated days the days of a month are, all of them or its first.

    Attributes
    ----------
    month : Month
    days : tuple of int
        For each day of the month that is counted, the simulated day that stands for it.
    horizon : int
        Simulated days.
    """

    month: Month
    days: tuple[int, ...]
    horizon: int

    @property
    def weights(self) -> list[int]:
        """For each simulated day, how many days of the month it stands for."""
        counts = Counter(self.days)
        return [counts[day] for day in range(self.horizon)]

    def until(self, day: int) -> Tiling:
        """Return the tiling of the first days of the month.

        Parameters
        ----------
        day : int
            How many of its days are over, from 0.

        Returns
        -------
        Tiling
            Of the same month, which is as long as before.
        """
        return replace(self, days=self.days[:day])

    @property
    def runs(self) -> tuple[tuple[int, int], ...]:
        """The days in order, cut where the first simulated day follows the last: the first of each, and one past it."""
        cuts = [0, *(place for place, day in enumerate(self.days) if place and day == 0), len(self.days)]
        return tuple((self.days[first], self.days[last - 1] + 1) for first, last in pairwise(cuts) if last > first)


def tile(month: Month, horizon: int) -> Tiling:
    """Cover a month with the days of a window that begins on a Monday.

    If the window has whole weeks, each day of the month is a simulated one of the same weekday: the first such day,
    then those that follow, from day 0 again after the last. Otherwise the days are taken in turn from day 0. A window
    that is as long as the month or longer repeats no day.

    Parameters
    ----------
    month : Month
    horizon : int
        Microseconds of the window: whole days.

    Returns
    -------
    Tiling

    Raises
    ------
    AdvisedError
        The horizon is not whole days.
    """
    simulated, rest = divmod(horizon, DAY)
    if rest or simulated < 1:
        raise AdvisedError("only whole days can stand for a month", "make the horizon a number of days")
    offset = month.weekday if simulated % WEEK_DAYS == 0 else 0
    return Tiling(month, tuple((offset + day) % simulated for day in range(month.days)), simulated)
