"""What a request would take on a platform with instant, endless, free instances.

A platform's overhead on a request is the request's latency there minus this. What is not the platform's doing is the
same on both: the arrivals, the work, the luck, and the fates. A request that failed fails on the ideal platform too,
after as long as it was served here; else a platform would be charged, or given credit, for the turns that its failures
let pass sooner or later than success would have.
"""

from __future__ import annotations

import numpy as np

from sim.engine.contract import NEVER, Demand, Fate, Int64s, Outcome
from sim.workload.seen import tried_for


def work(demand: Demand) -> Int64s:
    """Return the work of each request: the sum of its steps, CPU at nominal speed.

    Parameters
    ----------
    demand : Demand

    Returns
    -------
    int64[n]
        Microseconds.
    """
    return demand.by_request(demand.step_length)


def ideal(demand: Demand, outcome: Outcome) -> Int64s:
    """Return the latency of each request on the ideal platform, with the fates of a run.

    It is the request's work, and before it the time for which a window held it back, and the wait for the agent's turn,
    where an agent works on one request at a time. Where requests come on their own, that wait is what it would be on
    the ideal platform (Lindley's recursion, agent by agent: Lindley, 1952, Proc. Cambridge Phil. Soc. 48): each earlier
    request holds the agent for its work, or, if it failed or was abandoned, for what of that it was served here: not
    for what it waited, which is the platform's.

    Where requests follow others (sessions), when they come depends on the platform, so a wait on one platform has no
    counterpart on another. There the wait is the one that was had, so that overhead counts from admission.

    So it is too where callers try again: on the ideal platform each request needs one attempt, and an agent whose
    request waits for another may meanwhile have had its turn with a later one.

    On instances of at most nominal speed no request can be faster than this, and on the ideal platform itself each
    takes exactly so long: a request holds its agent here at least as long as there, and Lindley's recursion grows with
    each of its terms.

    Parameters
    ----------
    demand : Demand
    outcome : Outcome
        Of the same run, as callers saw it.

    Returns
    -------
    int64[n]
        Microseconds; NEVER for a request that was not admitted. That of one that failed is what it would have taken.
    """
    needed = work(demand)
    admitted = outcome.admitted >= 0
    if not demand.serial:
        wait = np.zeros(demand.n, np.int64)
    elif (demand.after != NEVER).any() or demand.callers is not None:
        wait = outcome.admitted - outcome.arrived - tried_for(outcome)
    else:
        failed = (outcome.fate == Fate.FAILED) | (outcome.fate == Fate.ABANDONED)
        begun = np.where(outcome.started >= 0, outcome.started, outcome.ended)
        holds = np.where(failed, np.minimum(outcome.ended - begun, needed), needed)
        wait = np.zeros(demand.n, np.int64)
        wait[admitted] = _turns(demand.agent[admitted], demand.at[admitted], holds[admitted])
    return np.where(admitted, demand.held + wait + needed, NEVER)


def _turns(agent: Int64s, at: Int64s, holds: Int64s) -> Int64s:
    """Return how long each request is held until its agent's earlier ones are done, with one server for each agent.

    A request that comes at ``a`` and holds for ``h`` lets the next begin at ``max(a, free) + h``. Unrolled, it begins
    at the largest ``a - H`` among the agent's requests up to it, plus its own ``H``, where ``H`` is the sum of all
    ``h`` before. A running maximum within each agent is one over pairs (agent, rank of ``a - H``).
    """
    count = len(at)
    order = np.lexsort((np.arange(count), at, agent))
    first = np.flatnonzero(np.diff(agent[order], prepend=NEVER))
    number = np.repeat(np.arange(len(first)), np.diff(np.append(first, count)))
    # Sums over all agents may wrap around 64 bits; their differences within one agent do not.
    before = np.cumsum(holds[order]) - holds[order]
    before -= before[first][number]
    slack = at[order] - before
    ranked = np.argsort(slack, kind="stable")
    rank = np.empty(count, np.int64)
    rank[ranked] = np.arange(count)
    top = np.maximum.accumulate(number * count + rank) - number * count
    wait = np.empty(count, np.int64)
    wait[order] = slack[ranked][top] - slack
    return wait
