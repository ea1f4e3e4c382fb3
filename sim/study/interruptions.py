"""What interruptions did to requests: how often, what work they cost, and whether deadlines were met all the same."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from sim.engine.contract import NEVER, Bools, Demand, Fate, Int64s, Outcome, Parting
from sim.exact import total
from sim.scenario.market import Spot
from sim.units import HOUR

_INTERRUPTED = [int(Parting.INTERRUPTED), int(Parting.SAVED)]

Ratio = tuple[int | Fraction, int | Fraction]


def ratios(demand: Demand, outcome: Outcome, tried: Bools, requests: int, spot: Spot | None) -> dict[str, Ratio]:
    """Return the figures that are ratios of sums, of the requests asked for.

    Parameters
    ----------
    demand : Demand
    outcome : Outcome
        Without visits, no request is interrupted.
    tried : bool[n]
        The attempts at requests that count.
    requests : int
        How many requests these are.
    spot : Spot or None
        Its zones are the first offers; any other is on demand.

    Returns
    -------
    dict of str to (number, number)
        Interruptions by request, and by hour on an instance. Of the time on instances: what came to nothing, what
        checkpoints took, and what was on demand.
    """
    seen, again, zones = outcome.visits, outcome.repeats, 0 if spot is None else len(spot.zones)
    rows = tried[seen.request] & (seen.started != NEVER)
    began, until = seen.started[rows], seen.ended[rows]
    times = np.where(until == NEVER, demand.stop, until) - began
    counted = int(np.isin(seen.parting[rows], _INTERRUPTED).sum())
    repeated = tried[_owner(demand, again.step)]
    lost = total((again.cpu + again.wait - again.kept)[repeated])
    on_demand = outcome.offer[seen.instance[rows]] >= zones if len(outcome.offer) else np.zeros(len(times), np.bool_)
    on_instances = total(times)
    return {
        "interruptions.per_request": (counted, requests),
        "interruptions.per_hour": (counted, Fraction(on_instances, HOUR)),
        "lost_fraction": (lost, on_instances),
        "checkpoint_fraction": (total(seen.overhead[rows]), on_instances),
        "on_demand_fraction": (total(times[on_demand]), on_instances),
    }


def missed(demand: Demand, outcome: Outcome, asked: Bools) -> tuple[int, int]:
    """Count the requests asked for that missed their deadline, and those of which it is known whether they did.

    It is not known of one that has not ended when the run stops before its deadline.
    """
    if not len(demand.deadline):
        return 0, 0
    due = outcome.arrived + demand.deadline
    done = outcome.fate == Fate.COMPLETED
    known = asked & (outcome.arrived >= 0) & (done | (outcome.ended != NEVER) | (due < demand.stop))
    return int((known & ~(done & (outcome.ended <= due))).sum()), int(known.sum())


def _owner(demand: Demand, step: Int64s) -> Int64s:
    """Return the request of each step."""
    return np.asarray(np.searchsorted(demand.step_first, step, side="right") - 1)
