"""What one replication of one deployment says, in numbers that can be pooled with those of other replications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.billing import Invoice, Month, amounts, tile
from sim.catalog.prices import Group
from sim.engine.contract import Bools, Cause, Demand, Fate, Int64s, Outcome, Provider, State, Status, Warmth
from sim.exact import sums, total
from sim.scenario import BoundDeployment
from sim.stats import INFINITE
from sim.study import interruptions
from sim.study.times import Times
from sim.trace.audit import Audit, Check
from sim.trace.calls import calls
from sim.trace.gpu import first_token, on_gpu, phases
from sim.trace.spans import Spans
from sim.trace.steps import of_tries, with_repeats
from sim.trace.waits import Waits, slowest
from sim.trace.window import Window
from sim.trace.work import in_vain, work
from sim.units import DAY, SECOND
from sim.workload.seen import attempts

COSTS: Mapping[str, Group | None] = {"cost": None, **{f"cost.{group.value}": group for group in Group}}
"""Sums of the bill, by the path that the figures of an agent and of a thousand requests have in common."""

FINITE = {f"completed.{name}": name for name in ("latency_s", "overhead_s")}
"""Times of the requests that completed, by those of all requests."""

_SERVING = [int(state) for state in (State.BUSY, State.DRAINING)]
TROUBLE = (Status.LIMITED, Status.ERROR, Status.TIMED_OUT, Status.OPEN)
"""How tries of calls fail."""
UP = [*_SERVING, *(int(state) for state in (State.STARTING, State.IDLE, State.ENTERING, State.WAKING))]
"""States of an instance that is up."""


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
    """One run of the model, and what is derived from it once. Figures are of the window, the arrays of all of it.

    Its bills are those of the first days of the month, as `sim.billing.accumulate` makes them. What is ``seen`` is the
    outcome as callers saw it (`sim.workload.seen`), of which the ideal and the waits are: figures of requests are of
    that, those of instances, work and tokens of all attempts.
    """

    window: Window
    demand: Demand
    outcome: Outcome
    seen: Outcome
    ideal: Int64s
    waits: Waits
    spans: Spans
    bills: Sequence[Invoice]
    audit: Audit
    provider: Provider | None = None


def measure(run: Run, deployment: BoundDeployment, agents: int, month: Month) -> Measures:
    """Reduce a run to what is kept of it: figures of the requests that arrived in the window, and of its time.

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
    demand, outcome, seen, window, invoice = run.demand, run.outcome, run.seen, run.window, run.bills[-1]
    up, most, resting, busy = _instances(run.spans, window)
    asked, tried = window.holds(seen.arrived), _tried(run)
    began, arrived, ever = asked & (seen.started >= 0), int(asked.sum()), outcome.started >= 0
    counts = {fate.name.lower(): int((seen.fate[asked] == fate).sum()) for fate in Fate if fate is not Fate.ABSENT}
    cold, woken = (int((began & (seen.warmth == warmth)).sum()) for warmth in (Warmth.COLD, Warmth.WOKEN))
    given_up = (seen.fate == Fate.ABANDONED) | (seen.cause == Cause.TIMEOUT)
    resident = window.share(outcome.started[ever], np.where(outcome.ended < 0, demand.stop, outcome.ended)[ever])
    vain = in_vain(outcome)
    billed, of_asked = with_repeats(demand, outcome, run.provider), demand.by_step(tried)
    merged = total(demand.coalesced[asked])
    times = Times({name: one.times for name, one in timed(run).items()}, finite=FINITE)
    return Measures(
        times=times,
        proportions={
            "cold_start_fraction": (cold, int(began.sum())),
            "wake_fraction": (woken, int(began.sum())),
            "failed_fraction": (counts["failed"], arrived),
            "completed_fraction": (counts["completed"], arrived),
            "given_up_fraction": (int((asked & given_up).sum()), arrived),
            "retried_fraction": (int((asked & (attempts(demand, seen) > 1)).sum()), arrived),
            "deadline_missed_fraction": interruptions.missed(demand, seen, asked),
        },
        ratios={
            "overhead_fraction": _overhead_of_latency(run, asked),
            "utilisation": (busy, up),
            "concurrency": (total(resident), busy),
            "attempts": (int(tried.sum()), arrived),
            "wasted_fraction": (total(resident[vain[ever]]), total(resident)),
            "gpu_token_rate": (_generated(demand, outcome, window) * SECOND, up),
            "memory_mb": (deployment.base_memory * busy + _weighted(demand.memory[ever], resident), busy * 1_000_000),
            **interruptions.ratios(demand, outcome, tried, arrived, deployment.spot),
        },
        counts={
            "requests.arrived": arrived + merged,
            "requests.coalesced": merged,
            **{f"requests.{fate}": count for fate, count in counts.items()},
            **{f"requests.failed_by_cause.{cause.name.lower()}": int((seen.cause[asked] == cause).sum())
               for cause in Cause if cause is not Cause.NONE},
        },
        amounts={
            "requests.per_month": Fraction(_requests_of_month(seen, window, month)),
            "instances.mean": Fraction(up, window.length),
            "instances.resting": Fraction(resting, window.length),
            "instances.max": Fraction(most),
            **{f"work_s.{name}": Fraction(value, SECOND) for name, value in work(demand, outcome, tried).items()},
            **{f"tokens.{name}": Fraction(total(count[of_asked])) for name, count in (
                ("in", billed.prompt), ("cached", billed.cached), ("out", billed.generated))},
            "tokens.wasted": Fraction(total((billed.prompt + billed.generated)[of_asked & demand.by_step(vain)])),
            **_calls(run, of_asked),
            **_costs(invoice, agents),
        },
        slowest=slowest(run.waits, run.ideal, asked),
        invoice=invoice,
        curve={name: np.array([np.nan if owed is None else float(owed) for owed in amount])
               for name, amount in amounts(run.bills).items()},
        audit=run.audit.also(_counted(run, times, counts)),
    )


class Timed(NamedTuple):
    """Times of requests or starts, and the moments that they belong to.

    Attributes
    ----------
    times : int64[n]
        Microseconds; `sim.stats.INFINITE` for what failed or was not finished.
    at : int64[n]
        When each of the requests arrived, for which the instance was started, or when the wake began.
    """

    times: Int64s
    at: Int64s


def timed(run: Run) -> dict[str, Timed]:
    """Return the times of the window, by figure."""
    demand, outcome, waits = run.demand, run.seen, run.waits
    asked, completed = run.window.holds(outcome.arrived), outcome.fate == Fate.COMPLETED
    arrived = outcome.arrived[asked]
    first = outcome.step_ended[demand.step_first[:-1]]
    starts, wakes = run.spans.state == State.STARTING, run.spans.state == State.WAKING
    # A start counts where the request does that the instance was opened for; a wake, and a start for no request, where
    # it begins.
    opener, at = run.outcome.opener[run.spans.instance], run.spans.begin.copy()
    counts = run.window.holds(at)
    wakes &= counts
    opened = starts & (opener >= 0)
    at[opened], counts[opened] = run.outcome.arrived[opener[opened]], _tried(run)[opener[opened]]
    starts &= counts
    found = {
        "latency_s": Timed(np.where(completed, waits.latency, INFINITE)[asked], arrived),
        "overhead_s": Timed(np.where(completed, waits.latency - run.ideal, INFINITE)[asked], arrived),
        "first_step_s": Timed(np.where(first >= 0, first - outcome.arrived + waits.window, INFINITE)[asked], arrived),
        "start_up_s": Timed(_lengths(run.spans, starts, demand.stop), at[starts]),
        "wake_up_s": Timed(_lengths(run.spans, wakes, demand.stop), at[wakes]),
    }
    for cause, came in _came(outcome).items():
        found[f"wait_s.{cause}"] = Timed(_waited(getattr(waits, cause), came & asked), outcome.arrived[came & asked])
    found |= _on_gpu(run, asked)
    # Below 0 on instances that are faster than the nominal speed, and at models that are faster than the one asked for.
    for cause in ("contention", "provider"):
        found[f"wait_s.{cause}"] = Timed(getattr(waits, cause)[completed & asked], outcome.arrived[completed & asked])
    return found


def _tried(run: Run) -> Bools:
    """Say which attempts were made at the requests of the window."""
    callers, came = run.demand.callers, run.outcome.arrived
    return run.window.holds(came if callers is None else came[callers.first]) & (came >= 0)


def _on_gpu(run: Run, asked: Bools) -> dict[str, Timed]:
    """Return the times of the requests that have GPU time."""
    demand, outcome = run.demand, run.seen
    rows, done = asked & on_gpu(demand), outcome.fate == Fate.COMPLETED
    spent, first = phases(demand, outcome), first_token(demand, outcome)
    to_first = np.where(first >= 0, first - outcome.arrived + run.waits.window, INFINITE)
    return {"first_token_s": Timed(to_first[rows], outcome.arrived[rows])} | {
        name: Timed(demand.by_request(times)[rows & done], outcome.arrived[rows & done])
        for name, times in (("prefill_s", spent.prefill), ("decode_s", spent.decode))}


def _lengths(spans: Spans, rows: Bools, stop: int) -> Int64s:
    """Return how long some spans last. Nothing happens at the end of the run: what lasts until then is cut off."""
    begin, end = spans.begin[rows], spans.end[rows]
    return np.where(end < stop, end - begin, INFINITE)


def _counted(run: Run, times: Times, fates: Mapping[str, int]) -> Check:
    """Check that figures count the requests of the window, each once: their arrivals are counted anew, in order."""
    arrivals = np.sort(run.seen.arrived[run.seen.fate != Fate.ABSENT])
    before, until = arrivals.searchsorted([run.window.begin, run.window.end]).tolist()
    told = {"latencies": len(times["latency_s"]), "overheads": len(times["overhead_s"]), "fates": sum(fates.values())}
    wrong = [f"{count} {name}" for name, count in told.items() if count != until - before]
    here = f"{until - before} requests arrived in the window, {before} before it and {len(arrivals) - until} after it"
    if wrong:
        return Check("window", False, f"{here}, but figures are of {', '.join(wrong)}")
    return Check("window", True, f"{here}; figures count those in it")


def _generated(demand: Demand, outcome: Outcome, window: Window) -> int:
    """Count the tokens of the decodes that ended in the window."""
    own = (demand.step_gpu > 0) & window.holds(outcome.step_ended)
    return total(demand.step_tokens_out[own])


def _came(outcome: Outcome) -> dict[str, Bools]:
    """Say which requests came to each wait: all that arrived to that for their turn, all admitted to the queue."""
    began = outcome.started >= 0
    arrived = outcome.arrived >= 0
    return {"window": arrived, "retry": arrived, "turn": arrived, "queue": outcome.admitted >= 0, "start": began,
            "wake": began,
            **dict.fromkeys(("interruption", "contention", "provider", "backoff"), outcome.fate == Fate.COMPLETED)}


def _waited(times: Int64s, came: Bools) -> Int64s:
    """Return the waits of those that came to wait; endless for who never got further."""
    return np.where(times >= 0, times, INFINITE)[came]


def _overhead_of_latency(run: Run, asked: Bools) -> tuple[int, int]:
    """Add up overhead and latency of the requests that completed, here and on the ideal platform."""
    both = asked & (run.waits.latency >= 0) & (run.ideal >= 0)
    latency = total(run.waits.latency[both])
    return latency - total(run.ideal[both]), latency


def _calls(run: Run, asked: Bools) -> dict[str, Fraction]:
    """Count calls, how often a provider was asked, how that failed, and what tokens failed tries were billed."""
    demand, outcome = run.demand, run.outcome
    names = {status: f"calls.{status.name.lower()}" for status in TROUBLE}
    if run.provider is None:
        count = Fraction(total((asked & (demand.step_model >= 0) & (outcome.step_ended >= 0)).astype(np.int64)))
        return {"calls.made": count, "calls.tries": count, **dict.fromkeys(names.values(), Fraction(0)),
                "tokens.in_vain": Fraction(0)}
    found = calls(demand, outcome, run.provider)
    here = asked[found.step]
    spent = of_tries(demand, found)
    vain = here & (found.status != Status.DONE)
    return {
        "calls.made": Fraction(int((here & found.last).sum())),
        "calls.tries": Fraction(int(here.sum())),
        **{name: Fraction(int((here & (found.status == status)).sum())) for status, name in names.items()},
        "tokens.in_vain": Fraction(total(spent.prompt[vain]) + total(spent.generated[vain])),
    }


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


def _requests_of_month(outcome: Outcome, window: Window, month: Month) -> int:
    """Count the requests that arrive in the month that the window is tiled to."""
    arrived = outcome.arrived[window.holds(outcome.arrived)] - window.begin
    days = np.bincount(arrived // DAY, minlength=window.days)
    return sum(int(count) * weight for count, weight in zip(days, tile(month, window.length).weights, strict=True))


def _instances(spans: Spans, window: Window) -> tuple[int, int, int, int]:
    """Time up, the most at one time, time resting, time busy, within the window."""
    length = window.share(spans.begin, spans.end)
    up = np.isin(spans.state, UP) & (length > 0)
    times = np.concatenate((np.maximum(spans.begin[up], window.begin), np.minimum(spans.end[up], window.end)))
    change = np.concatenate((np.ones(up.sum(), np.int64), np.full(up.sum(), -1, np.int64)))
    order = np.lexsort((change, times))
    most = int(np.cumsum(change[order]).max(initial=0))
    return total(length[up]), most, total(length[spans.state == State.RESTING]), total(
        length[np.isin(spans.state, _SERVING)])


def _weighted(weights: Int64s, values: Int64s) -> int:
    """Add up values, each times its weight. Weights are few different ones, such as the memory of requests."""
    unique, inverse = np.unique(weights, return_inverse=True)
    grouped = sums(np.asarray(inverse, np.int64), values, len(unique))
    return sum(weight * value for weight, value in zip(unique.tolist(), grouped.tolist(), strict=True))
