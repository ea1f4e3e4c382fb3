"""The work of a run, divided by what became of it."""

from __future__ import annotations

import numpy as np

from sim.engine.contract import Bools, Demand, Fate, Outcome
from sim.exact import total


def work(demand: Demand, outcome: Outcome, asked: Bools) -> dict[str, int]:
    """Divide the work of requests that arrived, in microseconds at full speed, by the records of their steps.

    Parameters
    ----------
    demand : Demand
    outcome : Outcome
    asked : bool[n]
        The requests.

    Returns
    -------
    dict of str to int
        ``useful``: steps that ended, of requests that did not fail; ``wasted``: those of requests that failed;
        ``lost``: steps of failed requests that did not end; ``remaining``: steps of unfinished requests that did not
        end; ``offered``: everything that arrived, which is their sum. A request that was abandoned is one that failed,
        and so is an attempt that its caller gave up, whatever became of it.
    """
    length = demand.step_length
    request = demand.by_step(np.arange(demand.n, dtype=np.int64))
    fate, done = np.where(asked, outcome.fate, Fate.ABSENT)[request], outcome.step_ended >= 0
    arrived = fate != Fate.ABSENT
    failed = arrived & in_vain(outcome)[request]
    return {
        "offered": total(length[arrived]),
        "useful": total(length[done & arrived & ~failed]),
        "wasted": total(length[done & failed]),
        "lost": total(length[~done & failed]),
        "remaining": total(length[~done & (fate == Fate.UNFINISHED) & ~failed]),
    }


def in_vain(outcome: Outcome) -> Bools:
    """Say which attempts failed, or were given up by their callers.

    Parameters
    ----------
    outcome : Outcome

    Returns
    -------
    bool[n]
    """
    failed = (outcome.fate == Fate.FAILED) | (outcome.fate == Fate.ABANDONED)
    return np.asarray(failed | (outcome.left >= 0)) if len(outcome.left) else failed
