"""How much a workload asks for, on average: known before anything is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from sim.distributions import Distribution
from sim.scenario.schema import Arrivals, Step, Workload
from sim.units import DAY, SECOND
from sim.workload import recording, week


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
        recorded = recording.read(directory / sessions.file, sessions.file)
        drawn = sessions.per_day * horizon / DAY / len(recorded.names)
        return Size(drawn * len(recorded.names), drawn * len(recorded.gap), drawn * len(recorded.kind))
    requests = float(_a_second(workload.arrivals, directory)) * horizon / SECOND * workload.agents
    return Size(0.0, requests, requests * _steps(workload.request or (), directory))


def _a_second(arrivals: Arrivals, directory: Path) -> Fraction | float:
    """Return the mean rate of one agent, a second."""
    if arrivals.renewal is not None:
        return SECOND / max(_mean(arrivals.renewal.gap, directory), 1.0)
    if arrivals.weekly is not None:
        return week.from_buckets(arrivals.weekly).mean
    assert arrivals.poisson is not None  # the schema lets arrivals be nothing else
    return arrivals.poisson.rate


def _steps(steps: Sequence[Step], directory: Path) -> float:
    """Return the mean number of steps that are done, loops unrolled."""
    return sum(max(_mean(step.loop.times, directory), 1.0) * _steps(step.loop.steps, directory)
               if step.loop is not None else 1.0 for step in steps)


def _mean(law: Distribution, directory: Path) -> float:
    return law.load(directory).mean
