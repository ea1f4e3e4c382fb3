"""What one replication of one deployment says, in numbers that can be pooled with those of other replications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from sim.billing import Invoice, Month, amounts, tile
from sim.catalog.prices import Group
from sim.engine.contract import Bools, Demand, Fate, Int64s, Outcome, State, Warmth
from sim.exact import sums, total
from sim.scenario import BoundDeployment
from sim.stats import INFINITE
from sim.study.times import Times
from sim.trace.audit import Audit, work
from sim.trace.spans import Spans
from sim.trace.waits import Waits, slowest
from sim.units import DAY, SECOND

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
    proportions : dict of str to (int, int)
        Of how many requests something is so, and of how many it could be.
    ratios : dict of str to (number, number)
        Numerator and denominator of a figure that is pooled as a ratio of sums.
    counts : dict of str to int
        Requests that arrived, and those by fate.
    amounts : dict of str to Fraction
        Other figures of which the replication gives one value.
    slowest : dict of str to int
        Where the time of the slowest 1% went.
    invoice : Invoice
    curve : dict of str to float64[days + 1]
        Dollars owed after so many days of the month, in all and by group, as `sim.billing.amounts` says them; NaN from
        the day on which something is used that has no known price.
    audit : Audit
    """

    times: Times
    proportions: Mapping[str, tuple[int, int]]
    ratios: Mapping[str, tuple[int | Fraction, int | Fraction]]
    counts: Mapping[str, int]
    amounts: Mapping[str, Fraction]
    slowest: Mapping[str, int]
    invoice: Invoice
    curve: Mapping[str, NDArray[np.float64]]
    audit: Audit


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the model, and what is derived from it once.

    Its bills are those of the first days of the month, as `sim.billing.accumulate` makes them.
    """

    demand: Demand
    outcome: Outcome
    ideal: Int64s
    waits: Waits
    spans: Spans
    bills: Sequence[Invoice]
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
    demand, outcome, waits, invoice = run.demand, run.outcome, run.waits, run.bills[-1]
    up, most, resting, busy = _instances(run.spans, demand.horizon)
    began, arrived = outcome.started >= 0, outcome.arrived >= 0
    counts = {fate.name.lower(): int((outcome.fate == fate).sum()) for fate in Fate if fate is not Fate.ABSENT}
    cold, woken = (int((outcome.warmth == warmth).sum()) for warmth in (Warmth.COLD, Warmth.WOKEN))
    resident = _within(outcome.started[began], np.where(outcome.ended < 0, demand.stop, outcome.ended)[began],
                       demand.horizon)
    asked = _requests_of_month(outcome, demand.horizon, month)
    ended = outcome.step_ended >= 0
    return Measures(
        times=_times(run),
        proportions={
            "cold_start_fraction": (cold, int(began.sum())),
            "wake_fraction": (woken, int(began.sum())),
            "failed_fraction": (counts["failed"], int(arrived.sum())),
            "completed_fraction": (counts["completed"], int(arrived.sum())),
        },
        ratios={
            "utilisation": (busy, up),
            "concurrency": (total(resident), busy),
            "memory_mb": (deployment.base_memory * busy + _weighted(demand.memory[began], resident), busy * 1_000_000),
        },
        counts={"requests.arrived": int(arrived.sum())} | {f"requests.{fate}": n for fate, n in counts.items()},
        amounts={
            "requests.per_month": Fraction(asked),
            "instances.mean": Fraction(up, demand.horizon),
            "instances.resting": Fraction(resting, demand.horizon),
            "instances.max": Fraction(most),
            **{f"work_s.{name}": Fraction(value, SECOND) for name, value in work(demand, outcome).items()},
            **{f"tokens.{name}": Fraction(total(getattr(demand, f"step_tokens_{name}")[ended]))
               for name in ("in", "cached", "out")},
            **_costs(invoice, agents),
        },
        slowest=slowest(waits, run.ideal),
        invoice=invoice,
        curve={name: np.array([np.nan if owed is None else float(owed) for owed in amount])
               for name, amount in amounts(run.bills).items()},
        audit=run.audit,
    )


def _times(run: Run) -> Times:
    demand, outcome, waits, ideal = run.demand, run.outcome, run.waits, run.ideal
    arrived, completed = outcome.arrived >= 0, outcome.fate == Fate.COMPLETED
    latency = np.where(completed, waits.latency, INFINITE)
    overhead = np.where(completed, waits.latency - ideal, INFINITE)
    first = outcome.step_ended[demand.step_first[:-1]]
    first_step = np.where(first >= 0, first - outcome.arrived, INFINITE)
    starts = run.spans.state == State.STARTING
    begin, end = run.spans.begin[starts], run.spans.end[starts]
    given = {
        "latency_s": latency[arrived],
        "overhead_s": overhead[arrived],
        "first_step_s": first_step[arrived],
        # Nothing happens at the end of the run: what lasts until then is cut off.
        "start_up_s": np.where(end < demand.stop, end - begin, INFINITE),
        **{f"wait_s.{cause}": _waited(getattr(waits, cause), came) for cause, came in _came(outcome).items()},
    }
    return Times(given, finite={f"completed.{name}": name for name in ("latency_s", "overhead_s")})


def _came(outcome: Outcome) -> dict[str, Bools]:
    """Say which requests came to each wait: all that arrived to that for their turn, all admitted to the queue."""
    began = outcome.started >= 0
    return {"turn": outcome.arrived >= 0, "queue": outcome.admitted >= 0, "start": began, "wake": began,
            "contention": outcome.fate == Fate.COMPLETED}


def _waited(times: Int64s, came: Bools) -> Int64s:
    """Return the waits of those that came to wait; endless for who never got further."""
    return np.where(times >= 0, times, INFINITE)[came]


def _costs(invoice: Invoice, agents: int) -> dict[str, Fraction]:
    """Dollars a month, in all and by group; also for an agent.

    A sum with an item of unknown price is left out: it is not the smaller sum of the others.
    """
    known = {path: invoice.total(group) for path, group in COSTS.items() if invoice.complete(group)}
    return {cost_name(path): amount for path, amount in known.items()} | {
        f"{path}.per_agent": amount / agents for path, amount in known.items()}


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
    return total(length[up]), most, total(length[spans.state == State.RESTING]), total(
        length[spans.state == State.BUSY])


def _within(begin: Int64s, end: Int64s, horizon: int) -> Int64s:
    """Length of each stretch of time within the horizon."""
    return np.maximum(np.minimum(end, horizon) - begin, 0)


def _weighted(weights: Int64s, values: Int64s) -> int:
    """Add up values, each times its weight. Weights are few different ones, such as the memory of requests."""
    unique, inverse = np.unique(weights, return_inverse=True)
    grouped = sums(np.asarray(inverse, np.int64), values, len(unique))
    return sum(weight * value for weight, value in zip(unique.tolist(), grouped.tolist(), strict=True))
