"""What a request waited for, in whole microseconds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.engine.contract import NEVER, Bools, Demand, Fate, Int64s, Outcome, Parting, Provider, Warmth
from sim.exact import total
from sim.trace.calls import calls
from sim.workload.seen import tried_for

CAUSES = ("retry", "turn", "queue", "start", "wake", "interruption", "contention", "provider", "backoff")
"""The parts of a platform's overhead, in the order in which a request meets them. A window is no part of it."""


@dataclass(frozen=True, slots=True)
class Waits:
    """Where the time of each request went. All int64[n], microseconds, NEVER where it did not come to that.

    For a completed request the sum of the ten waits and ``service`` is ``latency``, exactly.

    Attributes
    ----------
    window : ndarray
        For the window in which requests are merged, from the first of them; of those that arrived.
    retry : ndarray
        From its arrival until its last attempt, which all that follows is of: in earlier attempts and between them.
    turn : ndarray
        For the agent's earlier requests: admitted less arrived, of the last attempt.
    queue : ndarray
        For an instance: bound less admitted.
    start, wake : ndarray
        For the instance to start or to wake: started less bound of a cold or woken request, 0 of the others that began.
    interruption : ndarray
        What interruptions and what is done against them added, of completed requests: time between visits, work that
        was done again, checkpoints, restores and replays.
    contention : ndarray
        What shared or slow CPU added: ended less started less ``service`` and ``interruption``, of completed requests.
        Negative on an instance that is faster than the nominal speed.
    provider : ndarray
        What calls took at their provider beyond their steps' waiting times, of completed requests: in its queue, or at
        another model, which may be faster.
    backoff : ndarray
        From when calls first asked until they asked for the last time, of completed requests.
    service : ndarray
        Length of the steps on a full core of nominal speed; known of every request.
    latency : ndarray
        Ended less arrived, and ``window`` before that, of completed requests.
    """

    window: Int64s
    retry: Int64s
    turn: Int64s
    queue: Int64s
    start: Int64s
    wake: Int64s
    interruption: Int64s
    contention: Int64s
    provider: Int64s
    backoff: Int64s
    service: Int64s
    latency: Int64s


def waits(demand: Demand, outcome: Outcome, provider: Provider | None = None) -> Waits:
    """Divide the time of each request, as callers saw it, among what it waited for; see `sim.workload.seen`.

    Parameters
    ----------
    demand : Demand
    outcome : Outcome
    provider : Provider or None
        That it ran with.
    """

    def known(mask: Bools, values: Int64s) -> Int64s:
        return np.where(mask, values, np.int64(NEVER))

    begun = outcome.started >= 0
    completed = outcome.fate == Fate.COMPLETED
    service = demand.by_request(demand.step_length)
    ready = outcome.started - outcome.bound
    tried = tried_for(outcome)
    beyond, again = _of_calls(demand, outcome, provider)
    interrupted = _interruption(demand, outcome)
    return Waits(
        window=known(outcome.arrived >= 0, demand.held),
        retry=known(outcome.arrived >= 0, tried),
        turn=known(outcome.admitted >= 0, outcome.admitted - outcome.arrived - tried),
        queue=known(outcome.bound >= 0, outcome.bound - outcome.admitted),
        start=known(begun, np.where(outcome.warmth == Warmth.COLD, ready, 0)),
        wake=known(begun, np.where(outcome.warmth == Warmth.WOKEN, ready, 0)),
        interruption=known(completed, interrupted),
        contention=known(completed, outcome.ended - outcome.started - service - interrupted - beyond - again),
        provider=known(completed, beyond),
        backoff=known(completed, again),
        service=service,
        latency=known(completed, outcome.ended - outcome.arrived + demand.held),
    )


def _of_calls(demand: Demand, outcome: Outcome, provider: Provider | None) -> tuple[Int64s, Int64s]:
    """Add up, by request, what its calls took beyond their steps' waiting times: at the provider, and before that."""
    beyond, again = (np.zeros(len(demand.step_wait), np.int64) for _ in range(2))
    if provider is not None:
        found = calls(demand, outcome, provider)
        last = np.flatnonzero(found.last)
        first = np.append(0, last[:-1] + 1)[: len(last)]
        step = found.step[last]
        beyond[step] = found.ended[last] - found.asked[last] - demand.step_wait[step]
        again[step] = found.asked[last] - found.asked[first]
    return demand.by_request(beyond), demand.by_request(again)


def _interruption(demand: Demand, outcome: Outcome) -> Int64s:
    """Add up what visits beyond the first took that was no work on steps, and the work that was done again."""
    seen, again = outcome.visits, outcome.repeats
    if not len(seen.request):
        return np.zeros(demand.n, np.int64)
    follows = np.flatnonzero(seen.request[1:] == seen.request[:-1])
    between = np.zeros(len(seen.request), np.int64)
    # Of a request that has completed, every visit began and ended; of others nothing is asked.
    between[follows + 1] = np.maximum(seen.started[follows + 1] - seen.ended[follows], 0)
    lost = np.zeros(len(demand.step_cpu), np.int64)
    np.add.at(lost, again.step, again.cpu + again.wait - again.kept)
    # Between a visit that waiting ended and the next lies the waiting, which is work of its step.
    freed = np.flatnonzero(seen.parting[:-1] == Parting.FREED)
    between[np.intersect1d(follows, freed) + 1] = 0
    by_request = np.zeros(demand.n, np.int64)
    np.add.at(by_request, seen.request, between + seen.overhead)
    return np.asarray(by_request + demand.by_request(lost))


def slowest(found: Waits, ideal: Int64s, asked: Bools, per_cent: int = 1) -> dict[str, int]:
    """Add up what the slowest of some requests waited for.

    Slowest are the completed requests with the largest overhead (latency less ideal latency), rounded up to one whole
    request; of equal ones those of the lower row.

    Parameters
    ----------
    found : Waits
    ideal : int64[n]
        Latency of each request on the ideal platform, NEVER where there is none.
    asked : bool[n]
        The requests.
    per_cent : int
        How many of the completed requests count as slowest.

    Returns
    -------
    dict of str to int
        Number of ``requests``; their ``latency`` and ``overhead`` in microseconds; and of the latter, the part of each
        of `CAUSES`. The parts add up to the overhead. An agent's requests wait for each other on the ideal platform
        too, so ``turn`` is only what comes on top.
    """
    rows = np.flatnonzero(asked & (found.latency >= 0) & (ideal >= 0))
    overhead = found.latency[rows] - ideal[rows]
    count = -(-len(rows) * per_cent // 100)
    last = np.argsort(-overhead, kind="stable")[:count]
    rows = rows[last]
    parts = {cause: total(getattr(found, cause)[rows]) for cause in CAUSES if cause != "turn"}
    whole, latency = total(overhead[last]), total(found.latency[rows])
    return {"requests": len(rows), "latency": latency, "overhead": whole, "turn": whole - sum(parts.values()), **parts}
