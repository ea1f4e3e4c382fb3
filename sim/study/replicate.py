"""One replication of a case: every deployment with the same arrivals, work and luck."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from sim import workload
from sim.billing import Invoice, Kept, Month, Sold, accumulate, observe
from sim.engine import Capacity, simulate
from sim.engine.contract import Demand, Outcome, Provider
from sim.engine.lower import lower
from sim.engine.offers import prices
from sim.scenario import BoundDeployment, Case
from sim.scenario.provider import named
from sim.study import asked, backlog, batches, warmup
from sim.study.backlog import Load
from sim.study.batches import Batches, Cut
from sim.study.measure import Measures, Run, measure
from sim.study.warmup import Filling, WarmUp
from sim.trace.audit import audit
from sim.trace.checkpoints import written
from sim.trace.spans import Spans, spans
from sim.trace.waits import waits
from sim.trace.window import Window

_Ran = tuple[BoundDeployment, Capacity, Outcome]


@dataclass(frozen=True, slots=True)
class Replication:
    """One replication: the measures of each deployment, and the runs in full where they were asked for.

    Attributes
    ----------
    number : int
    warm_up : WarmUp
        What figures leave out; the same for all replications of a case.
    window : Window
        What they are of.
    measures : dict of str to Measures
        By deployment.
    cut : Cut
        Of the only run of a scenario into batches.
    batches : dict of str to Batches
        By deployment; empty where there are none.
    loads : dict of str to Load
        By deployment.
    demand : Demand or None
    runs : dict of str to (Capacity, Outcome)
    """

    number: int
    warm_up: WarmUp
    window: Window
    measures: dict[str, Measures]
    cut: Cut
    batches: dict[str, Batches]
    loads: dict[str, Load]
    demand: Demand | None
    runs: dict[str, tuple[Capacity, Outcome]]


def replicate(case: Case, number: int, warm_up: WarmUp, keep: bool) -> Replication:
    """Run every deployment of a case once, with the same arrivals, work and luck.

    Parameters
    ----------
    case : Case
    number : int
        Of the replication: an address of luck.
    warm_up : WarmUp
    keep : bool
        Whether to give the arrays of the runs too.

    Returns
    -------
    Replication
    """
    scenario, month = case.scenario, Month.parse(case.scenario.month)
    window = Window(warm_up.length, warm_up.length + scenario.horizon)
    demand, ran = _ran(case, number, window.end)
    cut = batches.cut(scenario, window)
    parts = backlog.stretches(scenario, window)
    measures, batched, loads, runs = {}, {}, {}, {}
    for deployment, capacity, outcome in ran:
        seen, lasting = workload.seen(demand, outcome), spans(outcome, demand.stop)
        sold = _sold(case, number, deployment, demand, capacity, outcome)
        bills = partial(_bills, case, deployment, demand, outcome, lasting, sold, month,
                        capacity.provider)
        run = Run(window, demand, outcome, seen, workload.ideal(demand, seen), waits(demand, seen, capacity.provider),
                  lasting, bills(window), audit(demand, capacity, outcome), capacity.provider)
        measures[deployment.name] = measure(run, deployment, scenario.workload.agents, month)
        if cut.windows:
            cut_runs = (replace(run, window=part, bills=bills(part)) for part in cut.windows)
            batched[deployment.name] = Batches(
                tuple(measure(part, deployment, scenario.workload.agents, month) for part in cut_runs),
                cut.windows[0].length / window.length, window.length > month.microseconds, batches.correlated(run, cut))
        loads[deployment.name] = backlog.load(demand, outcome, lasting, window, parts)
        if keep:
            runs[deployment.name] = capacity, outcome
    return Replication(number, warm_up, window, measures, cut, batched, loads, demand if keep else None, runs)


def fill(case: Case, number: int) -> dict[str, Filling]:
    """Run every deployment of a case once without a warm-up, to see how it fills.

    Parameters
    ----------
    case : Case
    number : int
        Of the replication.

    Returns
    -------
    dict of str to Filling
        By deployment.
    """
    horizon, size = warmup.pilot(case.scenario)
    demand, ran = _ran(case, number, horizon)
    found = {}
    for deployment, _, outcome in ran:
        seen = workload.seen(demand, outcome)
        found[deployment.name] = warmup.filling(
            demand, seen, workload.ideal(demand, seen), spans(outcome, demand.stop), size)
    return found


def _ran(case: Case, number: int, horizon: int) -> tuple[Demand, Iterable[_Ran]]:
    """Draw the demand, and run every deployment on it.

    Where agents of a closed population ran out of requests, it is drawn again with longer chains.
    """
    scenario, stretch = case.scenario, 1
    while True:
        demand = workload.demand(scenario.workload, case.directory, horizon, scenario.drain, scenario.seed, number,
                                 asked.resampled(scenario), stretch, case.catalogue)
        if scenario.workload.arrivals.closed is None:
            return demand, _runs(case, number, demand)
        ran = list(_runs(case, number, demand))
        if not any(workload.ran_out(scenario.workload, demand, outcome) for _, _, outcome in ran):
            return demand, ran
        stretch *= 2


def _runs(case: Case, number: int, demand: Demand) -> Iterator[_Ran]:
    scenario = case.scenario
    for deployment in case.deployments:
        capacity = lower(deployment, demand, scenario.workload.agents, case.directory, scenario.seed, number,
                         _models(case, deployment))
        yield deployment, capacity, simulate(demand, capacity)


def _sold(
    case: Case, number: int, deployment: BoundDeployment, demand: Demand, capacity: Capacity, outcome: Outcome
) -> Sold | None:
    """Say what was bought from offers, where instances can be taken back."""
    spot, recovery = deployment.spot, deployment.recovery
    if spot is None:
        return None
    said, kept = recovery.checkpoint if recovery is not None else None, None
    if said is not None and said.size is not None:
        found = written(demand, capacity, outcome, len(spot.zones))
        kept = Kept(found.begin, found.end, found.moved, said.size, said.storage, said.egress)
    offered = prices(deployment, case.directory, case.scenario.seed, number, demand.stop)
    return Sold(outcome.offer, spot.zones, offered, kept)


def _models(case: Case, deployment: BoundDeployment) -> tuple[str, ...]:
    """Name the language models of a deployment, by number: those that steps call, then those of its provider only."""
    asked_for = workload.models(case.scenario.workload, case.directory)
    return *asked_for, *(name for name in named(deployment.provider) if name not in asked_for)


def _bills(
    case: Case, deployment: BoundDeployment, demand: Demand, outcome: Outcome, lasting: Spans, sold: Sold | None,
    month: Month, provider: Provider | None, window: Window,
) -> tuple[Invoice, ...]:  # fmt: skip
    """Make the bill of the first days of the month, for each number of days; the last is that of the month."""
    seen = observe(demand, outcome, lasting, window, sold, provider)
    models = _models(case, deployment)
    tokens = case.catalogue.prices(case.book, "llm")
    return accumulate(seen, deployment, models, month, deployment.prices(case.book), tokens)
