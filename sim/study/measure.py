"""What one replication of one deployment says, in numbers that can be pooled with those of other replications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from sim.billing import Invoice, Month, tile
from sim.catalog.prices import Group
from sim.engine.contract import Cause, Demand, Fate, Int64s, Outcome, State, Warmth
from sim.scenario import BoundDeployment
from sim.stats import INFINITE, total
from sim.study.times import Times
from sim.trace.audit import Audit, work
from sim.trace.spans import Spans
from sim.trace.waits import CAUSES, Waits, slowest
from sim.units import DAY

COSTS: Mapping[str, Group | None] = {"cost": None, **{f"cost.{group.value}": group for group in Group}}
"""Sums of the bill, by the path that the figures of an agent and of a thousand requests have in common."""

_UP = [int(s) for s in (State.STARTING, State.IDLE, State.BUSY, State.ENTERING, State.WAKING)]


@dataclass(frozen=True, slots=True)
class Measures:
    """Everything that is kept of one replication of one deployment.

    Attributes
    ----------
    times : Times
        Microseconds, one for each request (or start) that has the figure; `sim.stats.INFINITE` for one that failed or
        was not finished.
    ratios : dict of str to (number, number)
        Numerator and denominator of a figure that is pooled as a ratio of sums.
    amounts : dict of str to Fraction
        Figures of which the replication gives one value.
    counts : dict of str to int
        Requests by fate, and failures by cause; work by what became of it, in microseconds.
    most_instances : int
        Largest number that was up at one time within the horizon.
    slowest : dict of str to int
        Where the time of the slowest 1% went.
    invoice : Invoice
    audit : Audit
    """

    times: Times
    ratios: Mapping[str, tuple[int | Fraction, int | Fraction]]
    amounts: Mapping[str, Fraction]
    counts: Mapping[str, int]
    most_instances: int
    slowest: Mapping[str, int]
    invoice: Invoice
    audit: Audit


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the model, and what is derived from it once."""

    demand: Demand
    outcome: Outcome
    ideal: Int64s
    waits: Waits
    spans: Spans
    invoice: Invoice
    audit: Audit


def measure(run: Run, deployment: BoundDeployment, agents: int, month: Month) -> Measures:
    """Reduce a run to what is kept of it.

    Parameters
    ----------
    run : Run
    deployment : BoundDeployment
    agents : int
    month : Month

    Returns
    -------
    Measures
    """
    demand, outcome, waits = run.demand, run.outcome, run.waits
    up, most, resting, busy = _instances(run.spans, demand.horizon)
    began, cold = outcome.started >= 0, outcome.warmth == Warmth.COLD
    arrived, completed = outcome.arrived >= 0, outcome.fate == Fate.COMPLETED
    resident = _within(outcome.started[began], np.where(outcome.ended < 0, demand.stop, outcome.ended)[began],
                       demand.horizon)
    memory = sum(int(m) * int(t) for m, t in zip(*_grouped(demand.memory[began], resident), strict=True))
    asked = _requests_of_month(outcome, demand.horizon, month)
    tokens = {name: int(getattr(demand, f"step_tokens_{name}")[outcome.step_ended >= 0].sum())
              for name in ("in", "cached", "out")}
    count = int(began.sum())
    return Measures(
        times=_times(run),
        ratios={
            "cold_start_fraction": (int((began & cold).sum()), count),
            "wake_fraction": (int((began & (outcome.warmth == Warmth.WOKEN)).sum()), count),
            "failed_fraction": (int((outcome.fate == Fate.FAILED).sum()), int(arrived.sum())),
            "completed_fraction": (int(completed.sum()), int(arrived.sum())),
            "overhead_fraction": _overhead_of_latency(run),
            "utilisation": (busy, up),
            "concurrency": (int(resident.sum()), busy),
            "memory_mb": (deployment.base_memory * busy + memory, busy * 1_000_000),
        },
        amounts={
            "instances.mean": Fraction(up, demand.horizon),
            "instances.resting": Fraction(resting, demand.horizon),
            "requests.per_month": Fraction(asked),
            **{f"tokens.{name}": Fraction(value) for name, value in tokens.items()},
            **_costs(run.invoice, agents),
        },
        counts={
            **{fate.name.lower(): int((outcome.fate == fate).sum()) for fate in Fate if fate is not Fate.ABSENT},
            **{f"failed_by_cause.{cause.name.lower()}": int((outcome.cause == cause).sum())
               for cause in Cause if cause is not Cause.NONE},
            **work(demand, outcome),
        },
        most_instances=most,
        slowest=slowest(waits, run.ideal),
        invoice=run.invoice,
        audit=run.audit,
    )


def _times(run: Run) -> Times:
    demand, outcome, waits, ideal = run.demand, run.outcome, run.waits, run.ideal
    arrived, completed = outcome.arrived >= 0, outcome.fate == Fate.COMPLETED
    latency = np.where(completed, waits.latency, INFINITE)
    overhead = np.where(completed, waits.latency - ideal, INFINITE)
    first = outcome.step_ended[demand.step_first[:-1]]
    first_step = np.where(first >= 0, first - outcome.arrived, INFINITE)
    starts, wakes = run.spans.state == State.STARTING, run.spans.state == State.WAKING
    given = {
        "latency_s": latency[arrived],
        "overhead_s": overhead[arrived],
        "first_step_s": first_step[arrived],
        "start_up_s": (run.spans.end - run.spans.begin)[starts],
        "wake_up_s": (run.spans.end - run.spans.begin)[wakes],
        **{f"wait_s.{cause}": getattr(waits, cause)[getattr(waits, cause) >= 0] for cause in CAUSES},
    }
    return Times(given, finite={f"completed.{name}": name for name in ("latency_s", "overhead_s")})


def _overhead_of_latency(run: Run) -> tuple[int, int]:
    """Add up overhead and latency of the requests that completed, here and on the ideal platform."""
    both = (run.waits.latency >= 0) & (run.ideal >= 0)
    latency = total(run.waits.latency[both])
    return latency - total(run.ideal[both]), latency


def _costs(invoice: Invoice, agents: int) -> dict[str, Fraction]:
    """Dollars a month, in all and by group; also for an agent.

    A sum with an item of unknown price is left out: it is not the smaller sum of the others.
    """
    sums = {path: invoice.total(group) for path, group in COSTS.items() if invoice.complete(group)}
    return {cost_name(path): amount for path, amount in sums.items()} | {
        f"{path}.per_agent": amount / agents for path, amount in sums.items()}


def cost_name(path: str) -> str:
    """Return the figure of a sum of the bill."""
    return "cost.total" if path == "cost" else path


def _requests_of_month(outcome: Outcome, horizon: int, month: Month) -> int:
    """Count the requests that arrive in the month that the horizon is tiled to."""
    days = np.bincount(outcome.arrived[outcome.arrived >= 0] // DAY, minlength=horizon // DAY)
    return sum(int(count) * weight for count, weight in zip(days, tile(month, horizon).weights, strict=True))


def _instances(spans: Spans, horizon: int) -> tuple[int, int, int, int]:
    """Time up, the most at one time, time resting, time busy, within the horizon."""
    length = _within(spans.begin, spans.end, horizon)
    up = np.isin(spans.state, _UP) & (length > 0)
    times = np.concatenate((spans.begin[up], np.minimum(spans.end[up], horizon)))
    change = np.concatenate((np.ones(up.sum(), np.int64), np.full(up.sum(), -1, np.int64)))
    order = np.lexsort((change, times))
    most = int(np.cumsum(change[order]).max(initial=0))
    return int(length[up].sum()), most, int(length[spans.state == State.RESTING].sum()), int(
        length[spans.state == State.BUSY].sum())


def _within(begin: Int64s, end: Int64s, horizon: int) -> Int64s:
    """Length of each stretch of time within the horizon."""
    return np.maximum(np.minimum(end, horizon) - begin, 0)


def _grouped(keys: Int64s, values: Int64s) -> tuple[Sequence[int], Sequence[int]]:
    """Add up values by key."""
    unique, inverse = np.unique(keys, return_inverse=True)
    sums = np.zeros(len(unique), np.int64)
    np.add.at(sums, inverse, values)
    return unique.tolist(), sums.tolist()
