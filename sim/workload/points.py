"""Points in time: unit-rate Poisson processes, their rescaling to any rate, renewal processes.

A unit-rate process is counted in ticks of 2^-32 of its mean gap. Its points are a running sum of integers, each at
its own address of luck, so they depend neither on the horizon nor on how many are drawn at once. A Poisson process
whose rate varies is the unit-rate process seen through the inverse of the cumulative rate (Çinlar, Introduction to
Stochastic Processes, 1975, p. 96): another rate moves the same points.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from sim import luck
from sim.distributions import Distribution, portable
from sim.distributions.portable import Floats
from sim.engine.contract import Int64s
from sim.errors import AdvisedError
from sim.luck import Stream
from sim.units import SECOND
from sim.workload.week import Week

TICKS = 2**32
"""Ticks in the mean gap of a unit-rate process."""

MAX_POINTS = 2**26
"""Arrivals, and steps, that one workload may have; more is a mistake, or a case for another machine."""

CELLS = 2**20
"""Gaps drawn at once."""

LONGEST_GAP = 2**46
"""Microseconds (2.2 years): longer gaps of a renewal process are cut to it, so that sums stay in 64 bits."""

FIRST_GAPS = 2**16
"""Quantiles of the gap among which the one that contains time 0 is drawn."""

Gaps = Callable[[Int64s, Int64s], Int64s]
"""Gap before point ``ordinal`` of process ``entity``, for arrays of both."""


@dataclass(frozen=True, slots=True)
class Points:
    """Points of several processes, by process, then in order of time.

    Attributes
    ----------
    entity, ordinal, value : int64[n]
        The process, the number of the point within it, and where it is.
    """

    entity: Int64s
    ordinal: Int64s
    value: Int64s


class CumulativeRate:
    """Integral of a week's rate from 0 to a horizon, and its inverse.

    The integral is piecewise linear. Its corners are exact; within a piece the inverse is one division of IEEE
    doubles, rounded down to a microsecond, so twice the rate halves the time to the microsecond.

    Parameters
    ----------
    week : Week
        Rates a second.
    horizon : int
        Microseconds.
    """

    def __init__(self, week: Week, horizon: int) -> None:
        starts: list[int] = []
        levels: list[Fraction] = []
        slopes: list[float] = []
        heights: list[float] = []
        level = Fraction(0)
        for base in range(0, horizon, week.length):
            for start, end, rate in zip(week.starts, (*week.starts[1:], week.length), week.rates, strict=True):
                if base + start >= horizon:
                    break
                starts.append(base + start)
                levels.append(level)
                slopes.append(float(SECOND / (rate * TICKS)) if rate else 0.0)
                heights.append(float(rate * TICKS / SECOND))
                level += rate * TICKS * (min(base + end, horizon) - base - start) / SECOND
        self.mean = level / TICKS
        if self.mean > MAX_POINTS:
            raise too_many(float(self.mean), "arrivals")
        self.end = math.ceil(level)
        corners = [math.ceil(level) for level in levels]
        self._starts = np.array(starts, np.int64)
        self._ends = np.append(self._starts[1:], horizon)
        self._corners = np.array(corners, np.int64)
        self._beyond = np.array([float(up - level) for up, level in zip(corners, levels, strict=True)])
        self._slopes, self._heights = np.array(slopes), np.array(heights)
        self._tops = np.append(self._corners[1:], self.end)

    def levels(self, times: Int64s) -> Int64s:
        """Return the integral up to some times: what `times` turns back, to about a microsecond.

        Parameters
        ----------
        times : int64[n]
            Microseconds from 0 to the horizon.

        Returns
        -------
        int64[n]
            Ticks, from 0 to ``end``, rising with time.
        """
        piece = np.searchsorted(self._starts, times, side="right") - 1
        inside = np.floor((times - self._starts[piece]).astype(np.float64) * self._heights[piece]).astype(np.int64)
        return np.asarray(np.minimum(self._corners[piece] + inside, self._tops[piece]), np.int64)

    def times(self, ticks: Int64s) -> Int64s:
        """Return when the integral reaches a level.

        Parameters
        ----------
        ticks : int64[n]
            Levels from 0 to below ``end``.

        Returns
        -------
        int64[n]
            Microseconds, rounded down, in the piece in which the level is reached.
        """
        piece = np.searchsorted(self._corners, ticks, side="right") - 1
        inside = (ticks - self._corners[piece]).astype(np.float64) + self._beyond[piece]
        times = self._starts[piece] + np.floor(inside * self._slopes[piece]).astype(np.int64)
        return np.asarray(np.minimum(times, self._ends[piece] - 1), np.int64)


def poisson(seed: int, replication: int, stream: Stream, ends: Int64s) -> Points:
    """Return the points of unit-rate Poisson processes, each before a level of its own.

    Parameters
    ----------
    seed, replication, stream
        Address of the luck; entity is the process, ordinal the point.
    ends : int64[entities]
        Ticks, for each process.

    Returns
    -------
    Points
        Values in ticks, below the process's end.
    """
    def gaps(entity: Int64s, ordinal: Int64s) -> Int64s:
        share = luck.uniform(seed, replication, stream, entity, ordinal)
        return np.asarray(np.floor(portable.log(share) * -TICKS), np.int64)

    return running_sums(gaps, ends, ends / TICKS)


def renewal(seed: int, replication: int, gap: Distribution, ends: Int64s, entities: Int64s | None = None) -> Points:
    """Return the points of stationary renewal processes, each before a time of its own.

    Time 0 falls into a gap as an observer who comes at any time finds it: a gap is chosen in proportion to its length
    (among `FIRST_GAPS` quantiles of the distribution), and 0 lies evenly within it. So the mean number of points is
    time / mean gap from the start, and processes with constant gaps are not in step.

    Parameters
    ----------
    seed, replication
        Address of the luck, in stream ARRIVAL: entity is the process; ordinal 0 and 1 place the first point, ordinal
        n + 1 is the gap before point n.
    gap : Distribution
        Microseconds; a gap shorter than one counts as one, a longer one than `LONGEST_GAP` is cut.
    ends : int64[n]
        Microseconds, for each process.
    entities : int64[n], optional
        Number of each process, in rising order; from 0 on when absent.

    Returns
    -------
    Points
        Values in microseconds, below the process's end.
    """
    def drawn(uniforms: Floats) -> Int64s:
        return np.clip(gap.integers(uniforms), 1, LONGEST_GAP)

    names = np.arange(len(ends), dtype=np.int64) if entities is None else entities
    lengths = drawn((np.arange(FIRST_GAPS) + 0.5) / FIRST_GAPS)
    upto = np.cumsum(lengths)

    def gaps(entity: Int64s, ordinal: Int64s) -> Int64s:
        entity = names[entity]
        found = drawn(luck.uniform(seed, replication, Stream.ARRIVAL, entity, ordinal + 1))
        first = np.flatnonzero(ordinal == 0)
        share = luck.uniform(seed, replication, Stream.ARRIVAL, entity[first], 0)
        chosen = lengths[np.searchsorted(upto[:-1], np.floor(share * upto[-1]).astype(np.int64), side="right")]
        place = luck.uniform(seed, replication, Stream.ARRIVAL, entity[first], 1)
        found[first] = np.floor(place * chosen).astype(np.int64)
        return found

    made = running_sums(gaps, ends, ends.astype(np.float64) * (FIRST_GAPS / int(upto[-1])))
    return Points(names[made.entity], made.ordinal, made.value)


def too_many(count: float, what: str) -> AdvisedError:
    """Return the error that refuses a workload for its size."""
    return AdvisedError(f"the workload comes to about {count:.2g} {what}, which is more than can be run",
                        "shorten the horizon, or lower the rate, the number of agents or the rounds of loops")


def running_sums(gaps: Gaps, ends: Int64s, expected: Floats, what: str = "arrivals") -> Points:
    """Return the running sums of gaps that stay below an end, of every process.

    Parameters
    ----------
    gaps : callable
        See `Gaps`; a gap is 0 or more and sooner or later above.
    ends : int64[entities]
        Where each process stops.
    expected : float64[entities]
        Points expected of each process.
    what : str
        What they are, for the message that refuses them.

    Raises
    ------
    AdvisedError
        When there are too many.
    """
    if expected.sum() > MAX_POINTS:
        raise too_many(float(expected.sum()), what)
    busiest_first = np.argsort(-expected, kind="stable")
    found: list[tuple[Int64s, Int64s, Int64s]] = []
    low = 0
    while low < len(ends):
        most = float(expected[busiest_first[low]])
        width = min(CELLS, math.ceil(most + 4 * math.sqrt(most)) + 8)
        entity = np.sort(busiest_first[low : low + max(1, CELLS // width)])
        low += len(entity)
        value = np.zeros(len(entity), np.int64)
        first = 0
        while len(entity):
            ordinal = np.arange(first, first + width, dtype=np.int64)
            steps = gaps(np.repeat(entity, width), np.tile(ordinal, len(entity))).reshape(len(entity), width)
            values = value[:, None] + np.cumsum(steps, axis=1)
            row, column = np.nonzero(values < ends[entity, None])
            found.append((entity[row], ordinal[column], values[row, column]))
            short = values[:, -1] < ends[entity]
            entity, value = entity[short], values[short, -1]
            first += width
    columns = [np.concatenate(parts) if parts else np.zeros(0, np.int64) for parts in zip(*found, strict=True)]
    order = np.lexsort((columns[1], columns[0]))
    return Points(*(column[order] for column in columns))
