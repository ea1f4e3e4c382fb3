"""What a scenario asks of its replications: how many, at which level, of which recorded input."""

from __future__ import annotations

from sim import stats
from sim.scenario import Scenario


def level(scenario: Scenario) -> float:
    """Return the confidence level of intervals, and of all verdicts together."""
    intervals = scenario.intervals
    return stats.LEVEL if intervals is None or intervals.confidence is None else float(intervals.confidence)


def resampled(scenario: Scenario) -> bool:
    """Say whether each replication draws from a sample of the recorded sessions of its own."""
    return scenario.intervals is not None and scenario.intervals.cover == "recorded-input"


def looks(scenario: Scenario) -> tuple[int, ...]:
    """Return the numbers of replications at which it is decided whether to go on; the only one where it is fixed."""
    if scenario.precision is None:
        return (scenario.replications,)
    return stats.looks(scenario.replications, scenario.precision.max_replications)
