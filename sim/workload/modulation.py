"""Rates that chance moves: a rate times factors that change from time to time.

Given the factors, arrivals are a Poisson process: a doubly stochastic, or Cox, process (Cox & Lewis, The Statistical
Analysis of Series of Events, 1966, ch. 7). Its points are those of a unit-rate process seen through two clocks: the
factors' and the rate's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.distributions.portable import Floats
from sim.engine.contract import Int64s
from sim.workload.points import MAX_POINTS, TICKS, CumulativeRate, too_many


@dataclass(frozen=True, slots=True)
class Factors:
    """Paths of factors, each constant from time to time.

    Attributes
    ----------
    first : int64[paths + 1]
        Pieces of path p are ``first[p]`` to ``first[p + 1] - 1``.
    start : int64[pieces]
        Microseconds from which a piece holds, rising within a path from 0.
    factor : float64[pieces]
        At least 0.
    """

    first: Int64s
    start: Int64s
    factor: Floats


class Modulated:
    """Integral of a rate times each path of factors, and its inverse.

    Parameters
    ----------
    base : CumulativeRate
    factors : Factors

    Attributes
    ----------
    ends : int64[paths]
        Ticks at the horizon.
    """

    def __init__(self, base: CumulativeRate, factors: Factors) -> None:
        self._base = base
        self._low = base.levels(factors.start)
        self._high = np.append(self._low[1:], base.end)
        self._high[factors.first[1:] - 1] = base.end
        self._factor = factors.factor
        grown = (self._high - self._low).astype(np.float64) * self._factor
        expected = float(np.cumsum(grown)[-1]) / TICKS
        if expected > MAX_POINTS:
            raise too_many(expected, "arrivals")
        # Paths lie end to end, so that one search finds the piece in all of them.
        upto = np.concatenate(([0], np.cumsum(np.floor(grown).astype(np.int64))))
        self._corners = upto[:-1]
        self._begin = upto[factors.first[:-1]]
        self.ends = np.asarray(upto[factors.first[1:]] - self._begin, np.int64)

    def times(self, path: Int64s, ticks: Int64s) -> Int64s:
        """Return when the integral along a path reaches a level.

        Parameters
        ----------
        path, ticks : int64[n]
            Levels from 0 to below the path's end.

        Returns
        -------
        int64[n]
            Microseconds.
        """
        level = self._begin[path] + ticks
        piece = np.searchsorted(self._corners, level, side="right") - 1
        inside = np.floor((level - self._corners[piece]) / self._factor[piece]).astype(np.int64)
        return self._base.times(np.minimum(self._low[piece] + inside, self._high[piece] - 1))
