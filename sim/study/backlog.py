"""Whether requests pile up: where a deployment cannot keep up, its figures grow with the length of the run.

At any moment some requests are *late*: they would have left by then, had nothing kept them waiting and had every step a
full core. Their mean number over a stretch of time is the backlog. Of a run that has settled, it is expected to be the
same in any two stretches; of one that is offered more than it can serve, it grows as long as the run lasts. How long
requests last by themselves does not matter, so that a fleet that is merely filling up has no backlog.

Two stretches of the window are compared, the same parts of a load that repeats: the first and the last of its whole
cycles, half of them each. A window of one cycle is compared with what came before it: its end with the end of the
warm-up, as long as half of that. The difference is paired by replication, so that its interval is Student's t of the
differences.

Also counted is the time of instances that the window opened and did not see end. Of a fleet that has settled there
would be as many at its begin, left over from before, with as much time before them as these have behind them (the age
and the residual life of a renewal process are alike). Of a run that begins empty, that much is missing from the bill.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from sim import stats
from sim.billing.continuity import continuity
from sim.engine.contract import NEVER, Demand, Outcome
from sim.exact import total
from sim.scenario import BoundDeployment, Scenario
from sim.study import warmup
from sim.trace.spans import Spans
from sim.trace.window import Window
from sim.units import WEEK

MATERIAL = 0.1
"""The backlog must have grown by more than this part of what it was, beyond chance, to be worth a word."""

LEAST = 1.0
"""And by as many requests on average: less of them than one are no pile."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one replication of a deployment was offered, and how many requests were late.

    Attributes
    ----------
    slots, cores : Fraction
        Work that arrived in the window for each unit of its time: in requests at once, and of that the CPU time.
    before, after : Fraction or None
        Mean number of late requests in the earlier and in the later stretch; None where there are no two.
    opened, there : int
        Microseconds that instances were there in the window, up or at rest: those that are there at its end and go on
        as none that was at its begin (`sim.billing.continuity`); all.
    """

    slots: Fraction
    cores: Fraction
    before: Fraction | None
    after: Fraction | None
    opened: int = 0
    there: int = 0


def stretches(scenario: Scenario, window: Window) -> tuple[Window, Window] | None:
    """Return two stretches of time in which a load that has settled is the same.

    Parameters
    ----------
    scenario : Scenario
    window : Window
        After the warm-up.

    Returns
    -------
    tuple of Window, or None
        Equally long, the earlier first. None where the window is one cycle of its load and nothing comes before it.
    """
    cycle = warmup.cycle_of(scenario) or (WEEK if scenario.workload.arrivals.cron is not None else None)
    half = window.length // 2 if cycle is None else window.length // cycle // 2 * cycle
    begin = window.begin
    if not half:
        half = window.begin // 2
        begin -= half
    return (Window(begin, begin + half), Window(window.end - half, window.end)) if half else None


def load(
    demand: Demand, outcome: Outcome, spans: Spans, window: Window, parts: tuple[Window, Window] | None
) -> Load:
    """Say what a run was offered, how many requests were late, and how long instances were there.

    Parameters
    ----------
    demand : Demand
    outcome : Outcome
        Of the same run.
    spans : Spans
        Of the outcome.
    window : Window
    parts : tuple of Window, or None
        As `stretches` gives them.
    """
    asked, arrived = window.holds(outcome.arrived), outcome.arrived >= 0
    cpu = demand.by_request(demand.step_cpu)
    work = demand.by_request(demand.step_length)
    left = np.where(outcome.ended >= 0, outcome.ended, demand.stop)[arrived]
    due = np.minimum(outcome.arrived[arrived] + work[arrived], left)
    late = [Fraction(total(part.share(due, left)), part.length) for part in parts or ()]
    before, after = late or (None, None)
    goes_on = continuity(spans, outcome.pool, window).as_which != NEVER
    last = spans.instance[(spans.begin < window.end) & (spans.end >= window.end)]
    new = last[~goes_on[last]]
    time = window.share(spans.begin, spans.end)
    return Load(Fraction(total(work[asked]), window.length), Fraction(total(cpu[asked]), window.length), before, after,
                total(time[np.isin(spans.instance, new)]), total(time))


def told(
    deployment: BoundDeployment, agents: int, loads: Sequence[Load], level: float, tests: int, resampled: bool
) -> dict[str, Any]:
    """Say what all replications of a deployment were offered, and whether requests pile up.

    Parameters
    ----------
    deployment : BoundDeployment
    agents : int
    loads : sequence of Load
        Of each replication.
    level : float
        Of the intervals.
    tests : int
        How many deployments are looked at: the chance that any of those that keep up is said to pile up is at most
        that of an interval of the level to lie above what it is of (Bonferroni).
    resampled : bool
        Whether each replication drew from a resample of the recorded input of its own.

    Returns
    -------
    dict
        Figures of ``slots`` and ``cores`` that were offered, and how many there are at ``most``, None for no limit; of
        the backlog ``before`` and ``after``, and its ``growth``; whether it is ``growing``; and which part of the time
        of instances is ``left_over``: of those that the window opened and did not see end.
    """
    pairs = [(one.before, one.after) for one in loads if one.before is not None and one.after is not None]
    none = stats.Estimate(None, (), "the window is one cycle of its load, and no warm-up comes before it")
    columns = [[one for one, _ in pairs], [other for _, other in pairs], [other - one for one, other in pairs]]
    before, after, growth = (stats.mean(column) if column else none for column in columns)
    if resampled:
        before, after, growth = before.of_resamples(), after.of_resamples(), growth.of_resamples()
    low = stats.interval(growth, 1 - (1 - level) / tests).low
    grown = low is not None and low > MATERIAL * (before.value or 0.0) and (growth.value or 0.0) >= LEAST
    slots, cores = (stats.mean([getattr(one, name) for one in loads]) for name in ("slots", "cores"))
    instances = _most(deployment, agents)
    return {
        "offered": {
            "slots": {**stats.figure(slots.within(0.0), level),
                      "most": None if instances is None else instances * deployment.concurrency},
            "cores": {**stats.figure(cores.within(0.0), level),
                      "most": None if instances is None else float(instances * deployment.vcpu)},
        },
        "backlog": {"before": stats.figure(before.within(0.0), level), "after": stats.figure(after.within(0.0), level),
                    "growth": stats.figure(growth, level), "growing": grown},
        "left_over": stats.figure(
            stats.ratio([one.opened for one in loads], [one.there for one in loads]).within(0.0, 1.0), level),
    }


def _most(deployment: BoundDeployment, agents: int) -> int | None:
    """Return how many instances there can be at once; None for no limit."""
    if deployment.placement == "shared":
        return deployment.maximum
    return agents if deployment.placement == "per-agent" else None
