"""How many instances a deployment keeps, over the time of a window: what provisioned capacity is paid by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.billing.exact import by_day
from sim.catalog.charges import Charge
from sim.engine.contract import Int64s
from sim.exact import Objects, sums
from sim.trace.window import Window
from sim.units import DAY, MINUTE, WEEK


@dataclass(frozen=True, slots=True)
class Kept:
    """A minimum of instances, by stretches that follow each other and fill the window.

    Attributes
    ----------
    begin, end : int64[k]
        Microseconds since the window began.
    number : int64[k]
        Instances of each pool.
    days : int
        Of the window.
    """

    begin: Int64s
    end: Int64s
    number: Int64s
    days: int

    def at(self, times: Int64s) -> Int64s:
        """Return how many are kept at moments of the window."""
        return np.asarray(self.number[np.searchsorted(self.begin, times, side="right") - 1])

    def provisioned(self, charge: Charge) -> Objects:
        """Return the time of those that are kept, each stretch as one record.

        Parameters
        ----------
        charge : Charge
            Says how a record is rounded up, and how long it is at least.

        Returns
        -------
        object[days]
            Microseconds by day of the window, as Python integers; what is added to a stretch where it begins.
        """
        some = self.number > 0
        begin, end, number = self.begin[some], self.end[some], self.number[some]
        added = np.array([charge.billed(int(length)) - int(length) for length in end - begin], dtype=np.int64)
        return np.asarray(by_day(begin, end, self.days, number) + sums(begin // DAY, added * number, self.days),
                          dtype=object)


def kept(minimum: int, schedule: Sequence[tuple[int, int]], window: Window) -> Kept:
    """Say how many instances of each pool are kept.

    Parameters
    ----------
    minimum : int
        Where there is no schedule.
    schedule : sequence of (int, int)
        Minute of the week from which a minimum holds, and the minimum; the first is at 0. A run begins with a week.
    window : Window

    Returns
    -------
    Kept
    """
    parts = schedule or [(0, minimum)]
    weeks = range(window.begin // WEEK, -(-window.end // WEEK))
    steps = [(week * WEEK + minute * MINUTE, number) for week in weeks for minute, number in parts]
    changes = [step for at, step in enumerate(steps) if at == 0 or steps[at - 1][1] != step[1]]
    begin = np.array([time for time, _ in changes], dtype=np.int64)
    end = np.append(begin[1:], window.end)
    number = np.array([number for _, number in changes], dtype=np.int64)
    within = (end > window.begin) & (begin < window.end)
    begin, end = np.maximum(begin[within], window.begin), np.minimum(end[within], window.end)
    return Kept(begin - window.begin, end - window.begin, number[within], window.days)
