"""Checks of calls of language models: each try as its answer says, no more than the limits let through."""

from __future__ import annotations

from itertools import accumulate

import numpy as np

from sim.engine.contract import Bools, Cause, Fate, Int64s, Provider, Status
from sim.engine.contract.provider import MINUTE
from sim.trace.audit.records import Finding, Records, at_once, first_fault
from sim.trace.calls import Calls, calls


def answered(records: Records) -> Finding:
    """Check that calls were answered and made again as the provider and its clients do, within the limits."""
    provider = records.capacity.provider
    if provider is None:
        return None, "calls take the time that they take"
    found = calls(records.demand, records.outcome, provider)
    fault = _tries(records, provider, found) or _ends(records, found) or _limits(provider, found)
    failed = int(found.failed.sum())
    return fault, f"{len(found.step)} tries of {int(found.last.sum())} calls, of which {failed} failed"


def _tries(records: Records, provider: Provider, found: Calls) -> str | None:
    """Say which try does not fit its answer, or the try before it."""
    asked, served, ended, status = found.asked, found.served, found.ended, found.status
    first = np.roll(found.last, 1)
    told = (status == Status.LIMITED) | (status == Status.ERROR)
    done, late = status == Status.DONE, status == Status.TIMED_OUT
    most = int(np.prod([layer.attempts for layer in provider.layers]))
    over = np.where(ended < 0, records.demand.stop, ended)
    too_late = (provider.timeout >= 0) & (over - asked > max(0, provider.timeout))
    return first_fault(
        "try",
        ("is not of a call", provider.call_of[found.step] < 0),
        ("is not the next of its call", found.number != np.where(first, 0, np.roll(found.number, 1) + 1)),
        ("is one more than clients make", found.number >= most),
        ("asked before the one before it had failed",
         ~first & (~np.roll(found.failed, 1) | (asked < np.roll(ended, 1)))),
        ("came into service before it asked", (served >= 0) & (served < asked)),
        ("was refused, but not then, or was served", told & ((ended != asked + provider.answer) | (served >= 0))),
        ("met an open breaker, but not at once", (status == Status.OPEN) & ((ended != asked) | (served >= 0))),
        ("met a breaker that there is not", (status == Status.OPEN) & (provider.breaker is None)),
        ("succeeded, but not when its service was over", done & ((served < 0) | (ended != served + found.length))),
        ("timed out, but not then", late & (ended != asked + provider.timeout)),
        ("went on after it should have timed out", too_late),
        ("has not ended, though its request has", (status == Status.NONE) & (ended >= 0)),
    )  # fmt: skip


def _ends(records: Records, found: Calls) -> str | None:
    """Say which step or request did not end as its call did."""
    o, demand = records.outcome, records.demand
    last = np.flatnonzero(found.last)
    end = np.full(len(o.step_ended), -2, np.int64)
    end[found.step[last]] = np.where(found.status[last] == Status.DONE, found.ended[last], -1)
    given_up = np.zeros(demand.n, np.bool_)
    failed = last[found.failed[last]]
    owner = np.repeat(np.arange(demand.n), np.diff(demand.step_first))
    given_up[owner[found.step[failed]]] = True
    return first_fault("step", ("did not end as its call did", (end > -2) & (end != o.step_ended))) or first_fault(
        "request",
        ("failed for its provider, though no call had",
         (o.fate == Fate.FAILED) & (o.cause == Cause.PROVIDER) & ~given_up),
    )


def _limits(provider: Provider, found: Calls) -> str | None:
    """Say which upstream served more than it may."""
    rows = np.flatnonzero((found.served >= 0) & (found.until > found.served))
    count = len(provider.model)
    most, _ = at_once(found.upstream[rows], found.served[rows], found.until[rows], count)
    fault = first_fault("upstream", ("served more calls at once than it has slots",
                                     (provider.slots >= 0) & (most > provider.slots)))
    costs = np.concatenate((np.ones((1, provider.cost.shape[1]), np.int64), provider.cost))
    let = found.served >= 0
    for bucket, upstream in zip(*np.nonzero(provider.rate >= 0), strict=True):
        rows = np.flatnonzero(let & (found.upstream == upstream))
        rows = rows[np.argsort(found.asked[rows], kind="stable")]
        cost = costs[bucket, provider.call_of[found.step[rows]]]
        too_much = _beyond(found.asked[rows], cost, int(provider.rate[bucket, upstream]),
                           int(provider.burst[bucket, upstream]))
        fault = fault or first_fault("try", ("took more than its bucket can have held", too_much), where=rows)
    return fault


def _beyond(asked: Int64s, cost: Int64s, rate: int, burst: int) -> Bools:
    """Say at which takings a bucket that was full at first holds less than nothing."""

    def take(state: tuple[int, int], taking: tuple[int, int]) -> tuple[int, int]:
        level, then = state
        now, spent = taking
        return min(burst * MINUTE, level + (now - then) * rate) - spent * MINUTE, now

    levels = accumulate(zip(asked.tolist(), cost.tolist(), strict=True), take, initial=(burst * MINUTE, 0))
    return np.fromiter((level < 0 for level, _ in levels), np.bool_, len(asked) + 1)[1:]
