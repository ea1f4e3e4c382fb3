"""Recorded rates, of the fleet or of each agent, over any time."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import numpy as np

from sim import distributions
from sim.distributions.portable import Floats
from sim.documents import Table
from sim.engine.contract import Int64s
from sim.luck import Stream
from sim.scenario import recorded, recordings
from sim.scenario.arrivals import Rates
from sim.units import SECOND
from sim.workload import points, week
from sim.workload.fleet import Fleet
from sim.workload.modulation import Factors, Modulated
from sim.workload.points import TICKS, CumulativeRate, Points
from sim.workload.week import Week


@dataclass(frozen=True, slots=True)
class Series:
    """Recorded rates of one or several, each piecewise constant.

    Attributes
    ----------
    first : int64[n + 1]
        Pieces of series i are ``first[i]`` to ``first[i + 1] - 1``.
    start : int64[pieces]
        Microseconds from which a rate holds, rising within a series from 0.
    rate : float64[pieces]
        Events a second.
    cv : float64[n]
        Coefficient of variation of gaps.
    length : int
        Microseconds after which all repeat.
    """

    first: Int64s
    start: Int64s
    rate: Floats
    cv: Floats
    length: int

    @property
    def mean(self) -> float:
        """Mean rate of all together, a second."""
        end = np.append(self.start[1:], self.length)
        end[self.first[1:] - 1] = self.length
        return float(np.cumsum((end - self.start) * self.rate)[-1] / self.length)


def read(rates: Rates, directory: Path) -> Series:
    """Read recorded rates; one series, of the fleet, where no column says whose they are.

    Raises
    ------
    InputError, AdvisedError
        When the file cannot be read as such; see `sim.scenario.recordings.rates`.
    """
    return _read(recordings.table(directory, rates.file), rates)


@lru_cache(maxsize=4)
def _read(table: Table, rates: Rates) -> Series:
    found = recordings.rates(table, rates)
    at = np.rint(np.array(found.numbers(rates.time)) * SECOND).astype(np.int64)
    rate = np.array(found.numbers(rates.rate)) * (SECOND / recorded.time_unit(rates.per))
    who = np.zeros(len(at), np.int64)
    if rates.agent is not None:
        who = np.unique(np.array(table.texts(rates.agent)), return_inverse=True)[1].astype(np.int64)
    order = np.lexsort((np.arange(len(at)), who))
    cv = np.array(found.numbers(rates.cv)) if rates.cv is not None else np.ones(len(at))
    return _pieces(rates, who[order], at[order], rate[order], cv[order])


def _pieces(rates: Rates, who: Int64s, at: Int64s, rate: Floats, cv: Floats) -> Series:
    """Divide time among rates: to the end of the period, and with nothing where no rate holds."""
    last = int(at.max())
    steps = np.diff(np.unique(at))
    length = rates.period or last + (rates.hold or (int(steps[-1]) if len(steps) else SECOND))
    first, starts, levels, irregular = [0], [], [], []
    for one in range(int(who[-1]) + 1):
        mine = who == one
        start, level = at[mine], rate[mine]
        weights = cv[mine] * level
        irregular.append(float(np.cumsum(weights)[-1] / np.cumsum(level)[-1]) if level.any() else 1.0)
        if rates.hold is not None:
            over = start + rates.hold
            gaps = over < np.append(start[1:], length)
            start, level = np.append(start, over[gaps]), np.append(level, np.zeros(gaps.sum()))
            order = np.argsort(start, kind="stable")
            start, level = start[order], level[order]
        if start[0] > 0:  # before the first comes what is last
            start, level = np.append(0, start), np.append(level[-1] if rates.hold is None else 0.0, level)
        starts.append(start)
        levels.append(level)
        first.append(first[-1] + len(start))
    where = np.array(first, np.int64), np.concatenate(starts)
    return Series(*where, np.concatenate(levels), np.array(irregular), length)


def of_fleet(rates: Rates, fleet: Fleet) -> Week:
    """Return the rate of one agent where the series is that of the fleet."""
    series = read(rates, fleet.directory)
    found = Week(tuple(series.start.tolist()), tuple(Fraction(rate) / fleet.agents for rate in series.rate.tolist()),
                 series.length)
    return found if rates.mean is None else found.scaled_to(rates.mean / fleet.agents)


def of_agents(rates: Rates, fleet: Fleet) -> Points:
    """Draw requests where each agent has a series of its own.

    Raises
    ------
    InputError, AdvisedError
        When there are not as many series as agents, or they come to too many requests.
    """
    series = read(rates, fleet.directory)
    assert rates.agent is not None  # else the series is the fleet's
    recordings.require_agents(recordings.table(fleet.directory, rates.file), rates.agent, fleet.agents, exactly=True)
    mean = series.mean / fleet.agents
    target = Fraction(mean) if rates.mean is None else rates.mean / fleet.agents
    modulated = Modulated(CumulativeRate(week.constant(target), fleet.horizon), _factors(series, mean, fleet.horizon))
    where = fleet.seed, fleet.replication
    if rates.cv is None:
        found = points.poisson(*where, Stream.ARRIVAL, modulated.ends)
        return Points(found.entity, found.ordinal, modulated.times(found.entity, found.value))
    parts = []
    rounded = np.array([float(f"{cv:.2g}") for cv in series.cv])
    for cv in np.unique(rounded).tolist():
        law = distributions.count(f"weibull(mean={TICKS}, cv={max(cv, 0.01)})")
        names = np.flatnonzero(rounded == cv)
        part = points.renewal(*where, law, modulated.ends[names], names)
        parts.append((part.entity, part.ordinal, modulated.times(part.entity, part.value)))
    agent, ordinal, at = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((ordinal, agent))
    return Points(agent[order], ordinal[order], at[order])


def _factors(series: Series, mean: float, horizon: int) -> Factors:
    """Return how many times the mean each rate is, period after period."""
    periods = -(-horizon // series.length)
    first, starts, levels = [0], [], []
    for low, high in zip(series.first[:-1], series.first[1:], strict=True):
        begin = np.repeat(np.arange(periods, dtype=np.int64) * series.length, high - low)
        start = begin + np.tile(series.start[low:high], periods)
        kept = start < horizon
        starts.append(start[kept])
        levels.append(np.tile(series.rate[low:high], periods)[kept] / mean)
        first.append(first[-1] + int(kept.sum()))
    return Factors(np.array(first, np.int64), np.concatenate(starts), np.concatenate(levels))
