"""One long run instead of replications: batches of its time, and whether they are as good as independent.

A scenario with ``replications: 1`` has its window cut into batches of whole days, or of whole cycles where the load
repeats, at least `sim.stats.BATCHES` of them. What does not divide is left out at the beginning. Each batch is measured
as if it were the window of a replication, so requests count where they arrive, and each has a bill of its own. They
are the sections of every figure; `sim.stats.longrun` says by which test, and after whom.

Figures are of the whole window, and so is the bill, where the window is no longer than the month: what is rounded, free
or capped counts once. Of a longer one a bill would leave out days; there it is the mean of the bills of the batches. A
batch that is shorter than the month is told over, as a short horizon is.

There are no batches of a load that follows a recording, since they would not be alike, and none of a run that draws
from one resample of the recorded input.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from sim import stats
from sim.distributions.portable import Floats
from sim.engine.contract import Bools, Fate, Int64s, Warmth
from sim.scenario import Scenario
from sim.stats import BATCHES, INFINITE, PARTS, PERCENTILES
from sim.study import asked, warmup
from sim.study.measure import FINITE, UP, Measures, Run, Timed, timed
from sim.trace.window import Window
from sim.units import DAY, WEEK

ARRIVALS, INSTANCES = "arrivals", "instances up"
"""Series by which all figures are judged that are neither times nor shares."""


@dataclass(frozen=True, slots=True)
class Cut:
    """How the window of a run is cut into batches.

    Attributes
    ----------
    windows : tuple of Window
        Of the batches, in order of time; none where there are none.
    why : str
        Why there are none; empty where nobody asked for them.
    phases : int
        Of a load that repeats: every how many parts of batches the same time of its cycle comes; else 1.
    """

    windows: tuple[Window, ...]
    why: str = ""
    phases: int = 1


@dataclass(frozen=True, slots=True)
class Batches:
    """What the batches of a run say, of one deployment.

    Attributes
    ----------
    measures : tuple of Measures
        Of each batch.
    share : float
        Of the window, how much one of them is.
    billed : bool
        Whether the bill of the run is the mean of theirs, for the window is longer than the month.
    correlated : dict of str to bool
        Of each figure that is a time or a share, and of `ARRIVALS` and `INSTANCES`, whether neighbours correlate.
    """

    measures: tuple[Measures, ...]
    share: float
    billed: bool
    correlated: Mapping[str, bool]

    def restless(self, figure: str) -> str | None:
        """Return a series in which neighbours correlate that a figure is judged by; None where there is none."""
        series: tuple[str, ...] = (ARRIVALS, INSTANCES)
        if figure in self.correlated:
            series = (figure,)
        elif figure == "overhead_fraction":
            series = ("overhead_s.mean",)
        elif figure.startswith(("requests.", "tokens.", "work_s.")):
            series = (ARRIVALS, "completed_fraction")
        return next((one for one in series if self.correlated.get(one)), None)


def cut(scenario: Scenario, window: Window) -> Cut:
    """Cut the window of the only run of a scenario into batches.

    Parameters
    ----------
    scenario : Scenario
    window : Window

    Returns
    -------
    Cut
    """
    if asked.looks(scenario) != (1,):
        return Cut(())
    arrivals = scenario.workload.arrivals
    if asked.resampled(scenario):
        return Cut((), "one replication draws one resample of the recorded input: give more")
    if arrivals.rates is not None or (arrivals.requests is not None and arrivals.requests.blocks is None):
        return Cut((), "the load follows a recording, so that batches of one run are not alike: give more replications")
    cycle = warmup.cycle_of(scenario) or (WEEK if arrivals.cron is not None else None)
    unit = cycle or DAY
    units = window.length // unit
    size = units // BATCHES * unit
    if not size:
        whole = "weeks" if unit == WEEK else "days"
        return Cut((), f"the batch means of one run need {BATCHES} whole {whole}, there are {units}: lengthen "
                       "`horizon`, or give more replications")  # fmt: skip
    count = window.length // size
    begins = (window.end - (count - number) * size for number in range(count))
    return Cut(tuple(Window(begin, begin + size) for begin in begins), "", 1 if cycle is None else PARTS)


def correlated(run: Run, cut_: Cut) -> dict[str, bool]:
    """Say of the figures of a run whether neighbouring batches correlate in them; see `Batches`.

    Parameters
    ----------
    run : Run
    cut_ : Cut
        With batches.
    """
    first, last = cut_.windows[0], cut_.windows[-1]
    edges = np.arange(first.begin, last.end + 1, first.length // PARTS)
    return {name: stats.correlated(series, cut_.phases) for name, series in _series(run, edges)}


def _series(run: Run, edges: Int64s) -> Iterator[tuple[str, Floats]]:
    """Sum up each figure over each part of a batch, less what the number of observations in it lets expect."""
    outcome, found = run.seen, timed(run)
    for name, one in found.items():
        yield from _of_times(name, one, edges)
    for name, every in FINITE.items():
        done = found[every].times < INFINITE
        yield from _of_times(name, Timed(found[every].times[done], found[every].at[done]), edges)
    arrived, began = outcome.fate != Fate.ABSENT, outcome.started >= 0
    for name, happened, came in (
        ("cold_start_fraction", outcome.warmth == Warmth.COLD, began),
        ("wake_fraction", outcome.warmth == Warmth.WOKEN, began),
        ("failed_fraction", outcome.fate == Fate.FAILED, arrived),
        ("completed_fraction", outcome.fate == Fate.COMPLETED, arrived),
    ):
        yield name, _residual(happened[came], outcome.arrived[came], edges)
    yield ARRIVALS, np.histogram(outcome.arrived[arrived], edges)[0].astype(np.float64)
    up = np.isin(run.spans.state, UP)
    yield INSTANCES, warmup.time_in_bins(run.spans.begin[up], run.spans.end[up], edges).astype(np.float64)


def _of_times(name: str, timed_: Timed, edges: Int64s) -> Iterator[tuple[str, Floats]]:
    """Yield the series of the mean and of each percentile of times."""
    inside = (timed_.at >= edges[0]) & (timed_.at < edges[-1])
    times, at = timed_.times[inside], timed_.at[inside]
    if len(times):
        finite = times < INFINITE
        yield f"{name}.mean", _residual(times[finite], at[finite], edges)
        for percentile, q in PERCENTILES.items():
            yield f"{name}.{percentile}", _residual(times > stats.quantile(times, q), at, edges)


def _residual(values: Int64s | Bools, at: Int64s, edges: Int64s) -> Floats:
    """Sum up values in bins of time, each less the mean of all."""
    inside = (at >= edges[0]) & (at < edges[-1])
    kept = values[inside].astype(np.float64)
    weights = kept - kept.mean() if len(kept) else kept
    return np.histogram(at[inside], edges, weights=weights)[0].astype(np.float64)
