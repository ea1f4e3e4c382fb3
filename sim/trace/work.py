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
        end; ``offered``: everything that arrived, which is their sum. A request that was abandoned is one that failed.
    """
    length = demand.step_length
    request = demand.by_step(np.arange(demand.n, dtype=np.int64))
    fate, done = np.where(asked, outcome.fate, Fate.ABSENT)[request], outcome.step_ended >= 0
    failed, arrived = (fate == Fate.FAILED) | (fate == Fate.ABANDONED), fate != Fate.ABSENT
    return {
        "offered": total(length[arrived]),
        "useful": total(length[done & arrived & ~failed]),
        "wasted": total(length[done & failed]),
        "lost": total(length[~done & failed]),
        "remaining": total(length[~done & (fate == Fate.UNFINISHED)]),
    }
