"""Requests as often as their callers may try them.

The luck of a request is that of each attempt at it: its work, memory and patience, and its caller's timeout, are drawn
once. What an attempt has for itself is the wait before it.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np

from sim import luck
from sim.distributions.portable import Floats
from sim.engine.contract import CORE, NEVER, Breaker, Budget, Callers, Cause, Demand, Int64s
from sim.luck import Stream
from sim.scenario import callers as said
from sim.scenario.quantities import LONGEST
from sim.scenario.schema import Workload
from sim.workload.places import ranges
from sim.workload.points import MAX_POINTS, too_many


def with_attempts(asked: Demand, workload: Workload, directory: Path, seed: int, replication: int) -> Demand:
    """Make rows of requests rows of attempts at them.

    Parameters
    ----------
    asked : Demand
        With a row for each request.
    workload : Workload
    directory : Path
        Folder that files of recorded samples are relative to.
    seed, replication : int
        Address of the luck.

    Returns
    -------
    Demand
        The same where the workload says nothing of callers.

    Raises
    ------
    AdvisedError
        When there would be too many rows.
    """
    callers = workload.callers
    if callers is None:
        return asked
    count, n = callers.attempts, asked.n
    if max(n, len(asked.step_cpu)) * count > MAX_POINTS:
        raise too_many(float(max(n, len(asked.step_cpu)) * count), "attempts and their steps")
    whom = luck.of_requests(asked.agent)
    rows = np.repeat(np.arange(n, dtype=np.int64), count)
    attempt = np.tile(np.arange(count, dtype=np.int64), n)
    at = np.repeat(asked.at[:, None], count, axis=1)
    if callers.backoff is not None and count > 1:
        luck_of_waits = luck.uniform(seed, replication, Stream.BACKOFF, whom[:, None],
                                     np.arange(1, count, dtype=np.int64)[None, :])
        at[:, 1:] = waits(callers.backoff, luck_of_waits)
    else:
        at[:, 1:] = 0
    timeout = np.zeros(0, np.int64)
    if callers.timeout is not None:
        law = callers.timeout.load(directory)
        timeout = law.integers(luck.uniform(seed, replication, Stream.TIMEOUT, whom))[rows]
    after = np.where(asked.after >= 0, asked.after * count, NEVER)[rows]
    return dataclasses.replace(
        _repeated(asked, rows),
        after=np.where(attempt == 0, after, NEVER),
        at=at.ravel(),
        callers=Callers(
            retry_of=np.where(attempt == 0, NEVER, np.arange(n * count) - 1),
            retried=np.array([cause is not Cause.NONE and _name(cause) in (callers.retry_on or said.TRANSIENT)
                              for cause in Cause]),
            cancels=callers.cancels,
            timeout=timeout,
            budget=_budget(callers.budget),
            breaker=_breaker(callers.breaker),
        ),
    )  # fmt: skip


def waits(backoff: said.Backoff, u: Floats) -> Int64s:
    """Return the waits before retries.

    Parameters
    ----------
    backoff : Backoff
    u : float64[n, k]
        Luck of the waits before retry 1 to k.

    Returns
    -------
    int64[n, k]
        Microseconds. Without jitter ``e = min(cap, base factor^(i - 1))`` before retry i; with equal jitter between e/2
        and e, with full jitter between 0 and e; with decorrelated jitter between the base and the factor times the wait
        before, the cap at most.
    """
    cap = LONGEST if backoff.cap is None else backoff.cap
    found = np.empty(u.shape)
    before = np.full(len(u), float(backoff.base))
    for place in range(u.shape[1]):
        if backoff.jitter == "decorrelated":
            before = np.minimum(cap, backoff.base + u[:, place] * (backoff.factor * before - backoff.base))
            found[:, place] = before
            continue
        # Products rather than powers, whose last bit depends on the machine.
        whole = before
        before = np.minimum(before * backoff.factor, float(cap))
        share = {"none": 0.0, "equal": 0.5, "full": 1.0}[backoff.jitter]
        found[:, place] = np.minimum(whole, cap) * (1 - share + share * u[:, place])
    return np.rint(found).astype(np.int64)


def attempt_of(demand: Demand) -> tuple[Int64s, Int64s]:
    """Return where the luck of each row is, as an entity and what to add to the ordinal of a draw.

    Parameters
    ----------
    demand : Demand

    Returns
    -------
    int64[n], int64[n]
        Each attempt has luck of its own; that of the first is the one that it would have if it were the only one.
    """
    if demand.callers is None:
        return luck.of_requests(demand.agent), np.zeros(demand.n, np.int64)
    first = demand.callers.first
    opens = demand.callers.retry_of < 0
    whom = luck.of_requests(demand.agent[opens])[np.cumsum(opens) - 1]
    return whom, (np.arange(demand.n, dtype=np.int64) - first) << 16


def _repeated(asked: Demand, rows: Int64s) -> Demand:
    """Return a demand with the given rows of another."""
    counts = np.diff(asked.step_first)[rows]
    steps = ranges(asked.step_first[rows], counts)
    columns = {field.name: getattr(asked, field.name) for field in dataclasses.fields(asked)}
    made: dict[str, Any] = {
        name: column[steps if name.startswith("step_") else rows] for name, column in columns.items()
        if isinstance(column, np.ndarray) and len(column) and name != "step_first"
    }
    made["step_first"] = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)))
    return dataclasses.replace(asked, **made)


def _budget(budget: said.Budget | None) -> Budget | None:
    if budget is None:
        return None
    return Budget(budget.tokens * CORE, round(budget.per_success * CORE), budget.scope == "agent")


def _breaker(breaker: said.Breaker | None) -> Breaker | None:
    if breaker is None:
        return None
    return Breaker(breaker.calls, max(1, round(breaker.share * CORE)), breaker.open_for, breaker.scope == "agent")


def _name(cause: Cause) -> str:
    return cause.name.lower().replace("_", "-")
