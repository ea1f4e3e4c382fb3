"""Places of rows in a table that is sorted by what they belong to."""

from __future__ import annotations

import numpy as np

from sim.engine.contract import Int64s


def ranges(first: Int64s, counts: Int64s) -> Int64s:
    """Return ``first[0], first[0] + 1, ...``, ``counts[0]`` numbers, then those from ``first[1]``, and so on."""
    offset = np.cumsum(counts) - counts
    return np.asarray(np.arange(int(counts.sum())) + np.repeat(first - offset, counts), np.int64)


def ranks(values: Int64s) -> Int64s:
    """Return how often each sorted value has come before."""
    return np.arange(len(values), dtype=np.int64) - np.searchsorted(values, values, side="left")
