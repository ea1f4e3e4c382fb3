"""Stretches of time by day, added up exactly."""

from __future__ import annotations

from typing import Any

import numpy as np

from sim.exact import Int64s, Objects, sums
from sim.units import DAY


def by_day(begin: Int64s, end: Int64s, days: int, weight: Int64s | None = None) -> Objects:
    """Split stretches of time at midnight and add them up by day.

    Parameters
    ----------
    begin, end : int64[n]
        Microseconds; ``0 <= begin < end <= days * DAY``.
    days : int
    weight : int64[n] or None
        How often each stretch counts; at most ten million.

    Returns
    -------
    object[days]
        Microseconds, as Python integers.
    """
    first, last = begin // DAY, (end - 1) // DAY
    times = np.ones(len(begin), dtype=np.int64) if weight is None else weight
    total: Any = sums(first, (np.minimum(end, (first + 1) * DAY) - begin) * times, days)
    over = last > first
    total += sums(last[over], (end[over] - last[over] * DAY) * times[over], days)
    # The days between are whole: they are counted where they begin and where they end.
    whole = sums(first[over] + 1, times[over], days + 1) - sums(last[over], times[over], days + 1)
    return np.asarray(total + np.cumsum(whole)[:days] * DAY, dtype=object)
