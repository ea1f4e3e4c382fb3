"""Sums of int64 arrays that are exact, however large.

numpy adds 64-bit integers modulo 2^64 without a word. A year has 3.2e13 microseconds, so the time of 300,000 instances
in a year is beyond 2^63 already.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Int64s = NDArray[np.int64]
Objects = NDArray[np.object_]
"""An array of Python integers, which cannot overflow."""

_HALF = 32
_BITS = 21
_MASK = (1 << _BITS) - 1


def total(values: Int64s) -> int:
    """Add up values.

    Parameters
    ----------
    values : int64[n]
        Fewer than 2**31 of them, of either sign.
    """
    return (int((values >> _HALF).sum()) << _HALF) + int((values & 0xFFFFFFFF).sum())


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
    found = np.zeros(size, dtype=object)
    for shift, part in _parts(index, value, size):
        found += part.astype(object) << shift
    return found


def narrow_sums(index: Int64s, value: Int64s, size: int) -> Int64s:
    """Add up values by index as `sums` does, where every sum is known to fit 64 bits."""
    found = np.zeros(size, dtype=np.int64)
    for shift, part in _parts(index, value, size):
        found += part << shift
    return found


def _parts(index: Int64s, value: Int64s, size: int) -> Iterator[tuple[int, Int64s]]:
    """Add up each 21 bits of the values, and say how far they are from the right."""
    largest = int(value.max()) if len(value) else 0
    assert not len(value) or value.min() >= 0, "only what is not negative is added up"
    for shift in range(0, max(largest.bit_length(), 1), _BITS):
        weights = ((value >> shift) & _MASK).astype(np.float64)
        yield shift, np.bincount(index, weights=weights, minlength=size).astype(np.int64)
