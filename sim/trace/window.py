"""The window of a run: the part of it that figures and bill speak of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.engine.contract import Bools, Int64s
from sim.units import DAY


@dataclass(frozen=True, slots=True)
class Window:
    """From the end of the warm-up until the end of arrivals.

    Attributes
    ----------
    begin, end : int
        Microseconds since the start of the run; the end is not part of it.
    """

    begin: int
    end: int

    @property
    def length(self) -> int:
        """Microseconds."""
        return self.end - self.begin

    @property
    def days(self) -> int:
        """Whole days in it."""
        return self.length // DAY

    def holds(self, times: Int64s) -> Bools:
        """Say which moments are in the window; NEVER is not."""
        return np.asarray((times >= self.begin) & (times < self.end))

    def share(self, begin: Int64s, end: Int64s) -> Int64s:
        """Return how much of each stretch of time is in the window, in microseconds."""
        return np.asarray(np.maximum(np.minimum(end, self.end) - np.maximum(begin, self.begin), 0), np.int64)
