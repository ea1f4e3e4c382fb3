"""Sums of int64 arrays that are exact, however large."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.contract import Int64s
from sim.units import DAY

_BITS = 21
_MASK = (1 << _BITS) - 1
Objects = NDArray[np.object_]
"""An array of Python integers, which cannot overflow."""


def sums(index: Int64s, value: Int64s, size: int) -> Objects:
    """Add up values by index.

    numpy's bincount adds floats, which are exact below 2^53: the values are added in three parts of 21 bits, so that
    up to 2^32 of them can be.

    Parameters
    ----------
    index : int64[n]
        From 0 to before ``size``.
    value : int64[n]
        Not negative.
    size : int

    Returns
    -------
    object[size]
        Python integers.
    """
    total = np.zeros(size, dtype=object)
    for shift, part in _parts(index, value, size):
        total += part.astype(object) << shift
    return total


def narrow_sums(index: Int64s, value: Int64s, size: int) -> Int64s:
    """Add up values by index as `sums` does, where every sum is known to fit 64 bits."""
    total = np.zeros(size, dtype=np.int64)
    for shift, part in _parts(index, value, size):
        total += part << shift
    return total


def _parts(index: Int64s, value: Int64s, size: int) -> Iterator[tuple[int, Int64s]]:
    """Add up each 21 bits of the values, and say how far they are from the right."""
    largest = int(value.max()) if len(value) else 0
    assert not len(value) or value.min() >= 0, "only what is not negative is added up"
    for shift in range(0, max(largest.bit_length(), 1), _BITS):
        weights = ((value >> shift) & _MASK).astype(np.float64)
        yield shift, np.bincount(index, weights=weights, minlength=size).astype(np.int64)


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
