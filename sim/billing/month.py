"""The calendar month that is billed, and how a run that is shorter or longer than it stands for its days."""

from __future__ import annotations

import calendar
import re
from collections import Counter
from dataclasses import dataclass, replace

from sim.errors import AdvisedError, quoted
from sim.units import DAY

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
class Run:
    """Simulated days that follow each other in the month, too.

    Attributes
    ----------
    first, last : int
        The days from ``first`` to before ``last``.
    times : int
        How often the month has this run.
    """

    first: int
    last: int
    times: int


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
    def runs(self) -> tuple[Run, ...]:
        """The month cut where a simulated day is not followed by the next."""
        if not self.days:
            return ()
        counts: Counter[tuple[int, int]] = Counter()
        first = before = self.days[0]
        for day in self.days[1:]:
            if day != before + 1:
                counts[first, before + 1] += 1
                first = day
            before = day
        counts[first, before + 1] += 1
        return tuple(Run(begin, end, times) for (begin, end), times in counts.items())


def tile(month: Month, horizon: int) -> Tiling:
    """Cover a month with the days of a run that begins on a Monday.

    If the run has whole weeks, each day of the month is a simulated one of the same weekday: the first such day, then
    those that follow, from day 0 again after the last. Otherwise the days are taken in turn from day 0. A run that is
    as long as the month or longer repeats no day.

    Parameters
    ----------
    month : Month
    horizon : int
        Microseconds that were simulated: whole days.

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
