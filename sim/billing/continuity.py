"""Which instance goes on as which, where the days of a run are told over again.

A month is made of the days of a window, which may come round several times. Who looks at the server room as the last of
these days becomes the first again, sees the same servers going on; so does the vendor, who counts what a server costs
until its cap. So the window is taken as a circle, and each instance that is there at its end goes on as one that is
there at its begin:

1. an instance that is there at both, as itself;
2. of the others, in each pool, the first that was opened as the first that was opened, the second as the second, and so
   on;
3. of those that are left, likewise, whatever their pool.

Who is left then ends with the window, or is new with it. Where nobody comes or goes, everybody is there all month.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.engine.contract import NEVER, Bools, Int64s, State
from sim.trace.spans import Spans
from sim.trace.window import Window


@dataclass(frozen=True, slots=True)
class Continuity:
    """Pairs of instances that are one.

    Attributes
    ----------
    as_which : int64[i]
        For each instance that is there at the end of the window, as which it goes on at its begin; else NEVER.
    going, coming : int64[p]
        For each pair, the span at the end of the window, and that at its begin.
    wakes : bool[p]
        Whether it goes on as one that is awake after having been at rest.
    """

    as_which: Int64s
    going: Int64s
    coming: Int64s
    wakes: Bools


def continuity(spans: Spans, pool: Int64s, window: Window) -> Continuity:
    """Say which instance goes on as which.

    Parameters
    ----------
    spans : Spans
    pool : int64[i]
        The pool of each instance.
    window : Window

    Returns
    -------
    Continuity
    """
    there_last = np.flatnonzero((spans.begin < window.end) & (spans.end >= window.end))
    there_first = np.flatnonzero((spans.begin <= window.begin) & (spans.end > window.begin))
    going, coming = spans.instance[there_last], spans.instance[there_first]
    as_which = np.full(len(pool), NEVER, np.int64)
    both = np.intersect1d(going, coming)
    as_which[both] = both
    for group in (pool, np.zeros_like(pool)):
        left = going[as_which[going] == NEVER]
        new = np.setdiff1d(coming, as_which)
        one, other = _in_order(group[left], group[new])
        as_which[left[one]] = new[other]
    paired = as_which[going] != NEVER
    last = there_last[paired]
    first = there_first[np.searchsorted(coming, as_which[going[paired]])]
    resting = (spans.state == State.RESTING) | (spans.state == State.ENTERING)
    return Continuity(as_which, last, first, resting[last] & ~resting[first])


def _in_order(one: Int64s, other: Int64s) -> tuple[Int64s, Int64s]:
    """Pair the first of each group with the first of the same group, and so on; return the places of the paired."""
    size = len(one) + len(other)
    (first, keys), (second, others) = _ranked(one, size), _ranked(other, size)
    _, here, there = np.intersect1d(keys, others, assume_unique=True, return_indices=True)
    return first[here], second[there]


def _ranked(group: Int64s, size: int) -> tuple[Int64s, Int64s]:
    """Order by group; say of each the group and its rank within it, below a size, as one number."""
    order = np.argsort(group, kind="stable")
    ordered = group[order]
    rank = np.arange(len(group)) - np.searchsorted(ordered, ordered)
    return order, np.asarray(ordered * size + rank, np.int64)
