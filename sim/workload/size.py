"""How much a workload asks for, on average: known before anything is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from sim.distributions import Distribution
from sim.scenario import crontab, recordings
from sim.scenario.recorded import Column
from sim.scenario.schema import Step, Workload
from sim.units import DAY, SECOND, WEEK
from sim.workload import bursts, rates, recording, replay, rows, week


@dataclass(frozen=True, slots=True)
class Size:
    """What is expected of one replication.

    Attributes
    ----------
    sessions : float
        0 where requests belong to none.
    requests, steps : float
        Steps are those of all requests together.
    """

    sessions: float
    requests: float
    steps: float


def expected(workload: Workload, directory: Path, horizon: int) -> Size:
    """Return how large the demand of a workload is on average.

    Parameters
    ----------
    workload : Workload
    directory : Path
        Folder that the files it names are relative to.
    horizon : int
        Microseconds.

    Raises
    ------
    InputError, AdvisedError
        When a file cannot be used.
    """
    sessions = workload.arrivals.sessions
    if sessions is not None:
        recorded = recording.read(directory / sessions.file)
        drawn = sessions.per_day * horizon / DAY / len(recorded.names)
        return Size(drawn * len(recorded.names), drawn * len(recorded.gap), drawn * len(recorded.kind))
    steps, means = workload.request or (), _Means(workload, directory)
    if workload.arrivals.closed is not None:
        cycle = means.of(workload.arrivals.closed.think) + means.length(steps)
        a_second = SECOND / max(cycle, 1.0)
    else:
        a_second = float(_a_second(workload, directory, horizon))
    bulk = workload.arrivals.bulk
    requests = a_second * horizon / SECOND * workload.agents * (1.0 if bulk is None else max(means.of(bulk.size), 1.0))
    return Size(0.0, requests, requests * means.steps(steps))


def _a_second(workload: Workload, directory: Path, horizon: int) -> Fraction | float:
    """Return the mean rate of one agent, a second; of requests before a window merges them."""
    arrivals, agents = workload.arrivals, workload.agents
    if arrivals.requests is not None:
        whole = replay.read(arrivals.requests, directory)
        lasting = 1.0 if arrivals.requests.loop or arrivals.requests.blocks else min(whole.length / horizon, 1.0)
        return float(arrivals.requests.rate or len(whole.at) * SECOND / whole.length) * lasting / agents
    if arrivals.rates is not None:
        return (arrivals.rates.mean or rates.read(arrivals.rates, directory).mean) / agents
    if arrivals.cron is not None:
        named = {minute for line in arrivals.cron.schedule for minute in crontab.minutes(line)}
        return Fraction(len(named) * SECOND, WEEK)
    if arrivals.bursts is not None:
        return bursts.mean_rate(arrivals.bursts)
    if arrivals.renewal is not None:
        return SECOND / max(arrivals.renewal.gap.load(directory).mean, 1.0)
    if arrivals.weekly is not None:
        return week.from_buckets(arrivals.weekly).mean
    assert arrivals.poisson is not None  # the schema lets arrivals be nothing else
    return arrivals.poisson.rate


class _Means:
    """Means of what the steps of a workload draw, or take from its recorded rows."""

    def __init__(self, workload: Workload, directory: Path) -> None:
        recorded = workload.arrivals.requests or workload.rows
        self._directory = directory
        self._file = None if recorded is None else recorded.file

    def of(self, law: Distribution | Column) -> float:
        """Return the mean of a distribution or column, in microseconds or counts."""
        if not isinstance(law, Column):
            return law.load(self._directory).mean
        assert self._file is not None  # the schema lets columns be named only where there are rows
        found = recordings.table(self._directory, self._file)
        return float(np.cumsum(rows.Rows(found, np.arange(len(found))).values(law))[-1]) / len(found)

    def steps(self, steps: Sequence[Step]) -> float:
        """Return the mean number of steps that are done, loops unrolled."""
        return sum((max(self.of(step.loop.times), 1.0) * self.steps(step.loop.steps) if step.loop is not None else 1.0)
                   for step in steps)  # fmt: skip

    def length(self, steps: Sequence[Step]) -> float:
        """Return the mean length of a request, in microseconds; of calls that their model times, only what is sure."""
        total = 0.0
        for step in steps:
            if step.loop is not None:
                total += max(self.of(step.loop.times), 1.0) * self.length(step.loop.steps)
            elif step.tool is not None:
                total += self.of(step.tool.cpu) + self.of(step.tool.wait)
            elif step.wait is not None:
                total += self.of(step.wait)
            elif step.llm is not None and step.llm.time is not None:
                total += self.of(step.llm.time)
        return total
