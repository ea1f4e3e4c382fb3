"""One replication of a case: every deployment with the same arrivals, work and luck."""

from __future__ import annotations

from dataclasses import dataclass

from sim import workload
from sim.billing import Invoice, Month, accumulate, observe
from sim.catalog.prices import prices
from sim.engine import Capacity, simulate
from sim.engine.contract import Demand, Outcome
from sim.engine.lower import lower
from sim.scenario import BoundDeployment, Case
from sim.study import asked
from sim.study.measure import Measures, Run, measure
from sim.trace.audit import audit
from sim.trace.spans import Spans, spans
from sim.trace.waits import waits


@dataclass(frozen=True, slots=True)
class Replication:
    """One replication: the measures of each deployment, and the runs in full where they were asked for.

    Attributes
    ----------
    number : int
    measures : dict of str to Measures
        By deployment.
    demand : Demand or None
    runs : dict of str to (Capacity, Outcome)
    """

    number: int
    measures: dict[str, Measures]
    demand: Demand | None
    runs: dict[str, tuple[Capacity, Outcome]]


def replicate(case: Case, number: int, keep: bool) -> Replication:
    """Run every deployment of a case once, with the same arrivals, work and luck.

    Parameters
    ----------
    case : Case
    number : int
        Of the replication: an address of luck.
    keep : bool
        Whether to give the arrays of the runs too.

    Returns
    -------
    Replication
    """
    scenario, month = case.scenario, Month.parse(case.scenario.month)
    demand = workload.demand(scenario.workload, case.directory, scenario.horizon, scenario.drain, scenario.seed, number,
                             asked.resampled(scenario))
    ideal = workload.ideal(demand)
    measures, runs = {}, {}
    for deployment in case.deployments:
        capacity = lower(deployment, demand, scenario.workload.agents, case.directory, scenario.seed, number)
        outcome = simulate(demand, capacity)
        lasting = spans(outcome, demand.stop)
        run = Run(demand, outcome, ideal, waits(demand, outcome), lasting,
                  _bills(case, deployment, (demand, outcome, lasting), month), audit(demand, capacity, outcome))
        measures[deployment.name] = measure(run, deployment, scenario.workload.agents, month)
        if keep:
            runs[deployment.name] = capacity, outcome
    return Replication(number, measures, demand if keep else None, runs)


def _bills(
    case: Case, deployment: BoundDeployment, run: tuple[Demand, Outcome, Spans], month: Month
) -> tuple[Invoice, ...]:
    """Make the bill of the first days of the month, for each number of days; the last is that of the month."""
    models = workload.models(case.scenario.workload, case.directory)
    return accumulate(
        observe(*run), deployment, models, month, prices(case.book, deployment.platform), prices(case.book, "llm")
    )
