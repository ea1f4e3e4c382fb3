"""Checks of callers: who gave up, who tried again, and what kept others from it."""

from __future__ import annotations

import numpy as np

from sim.engine.contract import CORE, NEVER, Bools, Callers, Cause, Fate
from sim.trace.audit.records import Finding, Records, first_fault
from sim.workload.seen import seen


def calls(records: Records) -> Finding:
    """Check that attempts were given up and tried again as their callers do, and that requests add up."""
    o, demand, callers = records.outcome, records.demand, records.demand.callers
    if callers is None:
        return None, "nobody gives up on an attempt, nobody tries again"
    timeout = callers.timeout if len(callers.timeout) else np.full(demand.n, NEVER)
    retry, came, gave_up = callers.retry_of >= 0, o.arrived >= 0, o.left >= 0
    cancelled = o.cause == Cause.TIMEOUT
    refused = o.cause == Cause.BREAKER
    overdue = (timeout >= 0) & came & (records.left - o.arrived > np.maximum(timeout, 0))
    due, again = _due(records, callers)
    fault = first_fault(
        "attempt",
        ("was given up, but not at its timeout", gave_up & ((timeout < 0) | (o.left != o.arrived + timeout))),
        ("stayed beyond its timeout, but its caller did not leave", overdue & ~gave_up),
        ("was given up after it had left", gave_up & (o.ended >= 0) & (o.ended < o.left)),
        ("was given up and went on, or the reverse", cancelled != (gave_up & callers.cancels)),
        ("was cancelled, but not as its caller left", cancelled & (o.ended != o.left)),
        ("was kept away by a breaker that there is not, or came in all the same",
         refused & ((callers.breaker is None) | (o.admitted >= 0) | (o.ended != o.arrived))),
        ("is a first attempt, and has a time to be tried again", ~retry & (o.due >= 0)),
        ("was tried again, though nobody had reason to, or at another time", (o.due >= 0) & (o.due != due)),
        ("arrived, but not when it was to be tried again", retry & (o.arrived != np.where(o.due < demand.stop, o.due,
                                                                                          NEVER))),
        ("was not tried again, though nothing spoke against it",
         again & (o.due < 0) if callers.budget is None else np.zeros(demand.n, np.bool_)),
    )  # fmt: skip
    whole = seen(demand, o)
    fates = [int(np.count_nonzero(whole.fate == fate))
             for fate in (Fate.COMPLETED, Fate.FAILED, Fate.ABANDONED, Fate.UNFINISHED)]  # fmt: skip
    asked = int(np.count_nonzero(came & ~retry))
    told = (f"{asked} requests = {fates[0]} completed + {fates[1]} failed + {fates[2]} abandoned + {fates[3]} "
            f"unfinished, in {np.count_nonzero(came)} attempts")
    if fault is None and asked != sum(fates):
        fault = told.replace(" = ", " is not ")
    return fault or _spent(records, callers), told


def _due(records: Records, callers: Callers) -> tuple[np.ndarray, Bools]:
    """Say when each retry would come, if its caller wants it, and which of them have a reason to."""
    o, demand = records.outcome, records.demand
    before = np.maximum(callers.retry_of, 0)
    given_up = o.left >= 0
    over = np.where(given_up, o.left, o.ended)[before]
    cause = np.where(given_up, Cause.TIMEOUT, o.cause)[before]
    again = (callers.retry_of >= 0) & (over >= 0) & callers.retried[cause]
    again &= given_up[before] | (o.fate[before] == Fate.FAILED)
    return np.where(again, over + demand.at, NEVER), again


def _spent(records: Records, callers: Callers) -> str | None:
    """Say whose budget did not have what was spent of it."""
    o, rule = records.outcome, callers.budget
    if rule is None:
        return None
    agent = records.demand.agent if rule.own else np.zeros(records.demand.n, np.int64)
    good = np.bincount(agent[(o.fate == Fate.COMPLETED) & (o.left < 0)], minlength=int(agent.max(initial=0)) + 1)
    spent = np.bincount(agent[o.due >= 0], minlength=len(good))
    return first_fault("budget", ("had less than was spent of it", spent * CORE > rule.most + good * rule.gain))
