"""How long a run takes to forget how it began: the warm-up that figures leave out, given or found.

A run begins with nobody in it. Until there are as many requests and instances as there will be on average, latency and
bill are those of an emptier fleet. The warm-up is found on pilot runs without one, the first replications of the same
case. From each deployment come three series that show how it fills: the mean overhead of the requests that arrive in
each bin of time, and the mean numbers of requests in the system and of instances up. They are averaged over the
replications, as Welch does (1983, The statistical analysis of simulation results), and MSER-5 looks for the cut in each
of them; see `sim.stats.warm_up`. The latest cut counts, rounded up to whole days.

A load that repeats each day or week never settles within it, so there the bins are whole days or weeks, and the pilot
lasts at least as many of them as the method needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim import stats, units
from sim.engine.contract import Demand, Fate, Int64s, Outcome
from sim.scenario import Case, Scenario
from sim.scenario.window import AUTO, period
from sim.study.measure import UP
from sim.trace.spans import Spans
from sim.units import DAY

BINS = 500
"""Bins of a pilot whose load does not repeat: a hundred groups of five."""

PERIODS = 10
"""Days or weeks that a pilot has at least whose load repeats after one: as many as MSER needs."""

_SERIES = ("the overhead", "the number of requests in the system", "the number of instances up")


@dataclass(frozen=True, slots=True)
class WarmUp:
    """The warm-up of all replications of a case.

    Attributes
    ----------
    length : int
        Microseconds: whole days.
    method, why : str
        How it was found, and what it follows from.
    settled : bool
        Whether the method found that the run had settled by then.
    """

    length: int
    method: str
    why: str
    settled: bool = True


@dataclass(frozen=True, slots=True)
class Filling:
    """How a deployment filled in a pilot run, by bin of time.

    Attributes
    ----------
    overhead, completed : int64[b]
        Of the requests that arrived in a bin and completed: the sum of overheads in microseconds, and their number.
    present, up : int64[b]
        Microseconds that requests were in the system, and that instances were up.
    """

    overhead: Int64s
    completed: Int64s
    present: Int64s
    up: Int64s

    def __add__(self, other: Filling) -> Filling:
        """Put two replications together."""
        return Filling(self.overhead + other.overhead, self.completed + other.completed,
                       self.present + other.present, self.up + other.up)


def given(scenario: Scenario) -> WarmUp | None:
    """Return the warm-up that a scenario gives; None where it is to be found."""
    if scenario.warmup == AUTO:
        return None
    assert isinstance(scenario.warmup, int)
    return WarmUp(scenario.warmup, "given", "the scenario says so" if scenario.warmup else "the scenario asks for none")


def pilot(scenario: Scenario) -> tuple[int, int]:
    """Return how long a pilot run lasts, and its bins, in microseconds."""
    cycle = cycle_of(scenario)
    if cycle is None:
        return scenario.horizon, scenario.horizon // BINS
    return max(scenario.horizon, PERIODS * cycle), cycle


def filling(demand: Demand, outcome: Outcome, ideal: Int64s, spans: Spans, size: int) -> Filling:
    """Say how a deployment fills.

    Parameters
    ----------
    demand, outcome : Demand, Outcome
    ideal : int64[n]
        Ideal latency of each request.
    spans : Spans
        Of the outcome.
    size : int
        Of a bin, in microseconds; it divides the horizon.
    """
    edges = np.arange(0, demand.horizon + 1, size)
    done = outcome.fate == Fate.COMPLETED
    of = outcome.arrived[done] // size
    overhead = np.zeros(len(edges) - 1, np.int64)
    np.add.at(overhead, of, (outcome.ended - outcome.arrived - ideal)[done])
    arrived, up = outcome.fate != Fate.ABSENT, np.isin(spans.state, UP)
    ended = np.where(outcome.ended < 0, demand.stop, outcome.ended)
    return Filling(overhead, np.bincount(of, minlength=len(overhead)), time_in_bins(outcome.arrived[arrived],
                   ended[arrived], edges), time_in_bins(spans.begin[up], spans.end[up], edges))


def find(case: Case, pilots: Sequence[Mapping[str, Filling]]) -> WarmUp:
    """Find the warm-up of a case.

    Parameters
    ----------
    case : Case
    pilots : sequence of mapping of str to Filling
        Of each pilot run, by deployment.

    Returns
    -------
    WarmUp
        Where a series does not settle within half of the pilot, that half.
    """
    length, size = pilot(case.scenario)
    cycle = cycle_of(case.scenario)
    whole = cycle or DAY
    cuts: list[tuple[int, str, bool]] = []
    for deployment in case.deployments:
        first, *others = (one[deployment.name] for one in pilots)
        for name, begins, series in _series(sum(others, first)):
            cut = stats.warm_up(series, period=None if cycle is None else 1)
            told = f"{name} of {deployment.name}"
            if cut.first is not None:
                cuts.append((int(begins[cut.first]) * size, told, True))
            elif not cut.short:
                cuts.append((length // 2, told, False))
    latest, told, _ = max(cuts, key=lambda one: one[0])
    restless = [told for _, told, settled in cuts if not settled]
    found = -(-latest // whole) * whole
    seen = f"{len(pilots)} pilot run{'s' if len(pilots) > 1 else ''} of {units.show_duration(length)}"
    if restless:
        why = f"within half of {seen}, {_listed(restless)} did not settle; that half is left out"
    elif found:
        why = f"in {seen}, {told} settled last, after {units.show_duration(latest)}"
    else:
        why = f"{seen} show no time in which a deployment fills"
    method = "MSER-5" if cycle is None else f"MSER of whole {'days' if cycle == DAY else 'weeks'}"
    return WarmUp(found, method, why, not restless)


def cycle_of(scenario: Scenario) -> int | None:
    """Return after how long the load repeats, in microseconds; None where it has no cycle."""
    arrivals = scenario.workload.arrivals
    return period(arrivals.weekly, arrivals.sessions and arrivals.sessions.shape)


def _series(filled: Filling) -> Iterator[tuple[str, Int64s, NDArray[np.float64] | Int64s]]:
    """Name each series, say which bin each of its values is of, and give them."""
    every, some = np.arange(len(filled.up)), np.flatnonzero(filled.completed)
    yield _SERIES[0], some, filled.overhead[some] / filled.completed[some]
    yield _SERIES[1], every, filled.present
    yield _SERIES[2], every, filled.up


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def time_in_bins(begin: Int64s, end: Int64s, edges: Int64s) -> Int64s:
    """Return the time that stretches have in each bin.

    Up to a moment they have the time since all begins before it, less that since all ends. The two sums may wrap around
    64 bits; what a bin has of their difference does not.
    """
    def since(moments: Int64s) -> Int64s:
        ordered = np.sort(moments)
        before = np.searchsorted(ordered, edges)
        return before * edges - np.concatenate(([0], np.cumsum(ordered)))[before]

    return np.diff(since(begin) - since(end))
