"""A run as its callers saw it: one row for each request, not for each attempt at it.

A request came when its first attempt did. Everything else is that of its last attempt, until the caller gave that up:
what the platform did afterwards for nobody is not in it. A request whose caller was about to try again when the run
stopped is unfinished.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.engine.contract import NEVER, Bools, Cause, Demand, Fate, Int64s, Outcome


def seen(demand: Demand, outcome: Outcome) -> Outcome:
    """Return what callers saw of a run.

    Parameters
    ----------
    demand : Demand
    outcome : Outcome
        Of the same run.

    Returns
    -------
    Outcome
        Each request has the row of its last attempt that arrived; all other rows are absent. Of instances it says the
        same as ``outcome``, which it is where nobody gives up or tries again.
    """
    if demand.callers is None:
        return outcome
    first = demand.callers.first
    last = _last(first, outcome.arrived >= 0)
    gone, again = last & (outcome.left >= 0), last & _about_to(outcome)
    cut = np.where(gone, outcome.left, demand.stop)

    def kept(times: Int64s, until: Int64s, which: Bools) -> Int64s:
        return np.where(which & (times <= until), times, NEVER)

    started = kept(outcome.started, cut, last)
    began = started >= 0
    return dataclasses.replace(
        outcome,
        admitted=kept(outcome.admitted, cut, last),
        bound=kept(outcome.bound, cut, last),
        arrived=np.where(last, outcome.arrived[first], NEVER),
        started=started,
        ended=np.where(last & ~again, np.where(gone, outcome.left, outcome.ended), NEVER),
        instance=np.where(began, outcome.instance, NEVER),
        warmth=_only(outcome.warmth, began, 0),
        fate=_only(np.where(again, Fate.UNFINISHED, np.where(gone, Fate.FAILED, outcome.fate)), last, Fate.ABSENT),
        cause=_only(np.where(gone, Cause.TIMEOUT, outcome.cause), last & ~again, Cause.NONE),
        step_ended=kept(outcome.step_ended, demand.by_step(cut), demand.by_step(last)),
        spent=np.where(last & ~gone, outcome.spent, 0),
        **_on_gpu(outcome, cut, last, gone, demand),
    )


def _on_gpu(outcome: Outcome, cut: Int64s, last: Bools, gone: Bools, demand: Demand) -> dict[str, Any]:
    if not len(outcome.prefill_ended):
        return {}
    ended = outcome.prefill_ended
    here = demand.by_step(last) & (ended <= demand.by_step(cut))
    return {"prefill_ended": np.where(here, ended, NEVER), "gpu_spent": np.where(last & ~gone, outcome.gpu_spent, 0)}


def tried_for(outcome: Outcome) -> Int64s:
    """Return how long each request had been tried in vain when its last attempt arrived.

    Parameters
    ----------
    outcome : Outcome
        As callers saw it.

    Returns
    -------
    int64[n]
        Microseconds, 0 of those whose first attempt was the last.
    """
    retries = np.flatnonzero(outcome.due >= 0)
    found = np.zeros(len(outcome.arrived), np.int64)
    found[retries] = outcome.due[retries] - outcome.arrived[retries]
    return np.where(outcome.arrived >= 0, found, 0)


def attempts(demand: Demand, outcome: Outcome) -> Int64s:
    """Return how many attempts at a request there were, up to and with that of each row.

    Parameters
    ----------
    demand : Demand
    outcome : Outcome
        Of the same run; either as it was or as callers saw it.

    Returns
    -------
    int64[n]
        0 of rows that are absent.
    """
    rows = np.arange(demand.n, dtype=np.int64)
    first = rows if demand.callers is None else demand.callers.first
    return np.where(outcome.arrived >= 0, rows - first + 1, 0)


def _last(first: Int64s, came: Bools) -> Bools:
    """Say which rows are the last attempts that arrived; attempts arrive in order, so nothing follows one that did."""
    next_came = np.append(came[1:] & (first[1:] == first[:-1]), False)
    return np.asarray(came & ~next_came)


def _about_to(outcome: Outcome) -> Bools:
    """Say after which attempts another was to come and did not, as the run stopped before."""
    waiting = (outcome.due >= 0) & (outcome.arrived < 0)
    return np.append(waiting[1:], False)


def _only(values: NDArray[Any], which: Bools, otherwise: int) -> NDArray[np.int8]:
    return np.where(which, values, otherwise).astype(np.int8)
