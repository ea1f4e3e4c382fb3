"""Checks of GPU time and of queues that have an order of their own."""

from __future__ import annotations

from heapq import heappop, heappush

import numpy as np

from sim.engine.contract import CORE, NEVER, Cause, Int64s
from sim.trace.audit.records import Finding, Records, duration, first_fault
from sim.trace.steps import began


def gpu(records: Records) -> Finding:
    """Check that phases on the GPU took as long as they must, and what was done of those that were cut off."""
    o, demand, rule = records.outcome, records.demand, records.capacity.gpu
    if not len(demand.step_decode):
        return None, "no step has GPU time"
    assert rule is not None
    asked, over = demand.step_gpu, o.prefill_ended >= 0
    begin, _ = began(demand, o)
    least_prefill = demand.step_prefill * CORE // max(CORE, rule.prefill_speed)
    least_decode = demand.step_decode * CORE // max(CORE, rule.decode_speed)
    done = o.step_ended >= 0
    step = np.minimum(demand.step_first[:-1] + demand.by_request(done.astype(np.int64)), demand.step_first[1:] - 1)
    cut = records.began & (demand.by_request((~done).astype(np.int64)) > 0)
    reached = np.where(over[step], asked[step], demand.step_prefill[step])
    fault = first_fault(
        "step",
        ("has no GPU time, but a prefill that ended", over & (asked == 0)),
        ("ended, but not its prefill", done & (asked > 0) & ~over),
        ("had less prefill than it asked for", over & (o.prefill_ended - begin < least_prefill)),
        ("had less decode than it asked for",
         over & done & (o.step_ended - o.prefill_ended < least_decode + demand.step_wait)),
    ) or first_fault(
        "request",
        ("did GPU work on a step in flight, but was in none", (o.gpu_spent != 0) & ~cut),
        ("did more GPU work on its step in flight than it came to, or less than none",
         (o.gpu_spent < 0) | (cut & (o.gpu_spent > reached))),
        ("ended its prefill, but did less work than that", cut & over[step] & (records.left > o.started)
         & (o.gpu_spent < demand.step_prefill[step])),
    )
    return fault, f"{duration(int(asked[done].sum()))} of GPU time done"


def order(records: Records) -> Finding:
    """Check that nobody began before somebody who was to go first, and that only those failed who fit nowhere."""
    o, capacity, rule = records.outcome, records.capacity, records.capacity.queueing
    too_large = o.cause == Cause.TOO_LARGE
    if rule is None:
        return first_fault("request", ("was too large for an instance, which nobody is", too_large)), "by arrival"
    need = rule.need if len(rule.need) else np.ones(len(o.cause), np.int64)
    room = capacity.memory - capacity.base_memory if rule.memory_waits and capacity.memory >= 0 else NEVER
    large = (need > capacity.concurrency) | ((room >= 0) & (records.demand.memory > room))
    if len(capacity.refused):
        large &= ~capacity.refused
    fault = first_fault(
        "request",
        ("is too large for an instance and did not fail at once, or failed for it and is not",
         (o.admitted >= 0) & (too_large != large)),
        ("was too large, but not at once", too_large & (o.ended != o.admitted)),
        ("failed for memory that it should have waited for", (o.cause == Cause.MEMORY) & rule.memory_waits),
    )
    if fault is None and not rule.backfill:
        rank = rule.rank if len(rule.rank) else np.zeros(len(o.cause), np.int64)
        fault = _passed(records, rank)
    return fault, f"{int(np.count_nonzero(too_large))} too large for an instance"


def _passed(records: Records, rank: Int64s) -> str | None:
    """Name a request that began while another one of its pool was waiting that was to go first."""
    o = records.outcome
    until = np.where(records.began, o.started, records.left)
    waiting: dict[int, list[tuple[int, int, int]]] = {}
    coming = np.lexsort((o.admitted,))
    coming = coming[o.admitted[coming] >= 0].tolist()
    place = 0
    rows = np.flatnonzero(records.began)
    for row in rows[np.argsort(o.started[rows], kind="stable")].tolist():
        now = int(o.started[row])
        while place < len(coming) and o.admitted[coming[place]] < now:
            one = coming[place]
            mates = waiting.setdefault(int(records.capacity.pool_of[one]), [])
            heappush(mates, (int(rank[one]), int(o.admitted[one]), one))
            place += 1
        mates = waiting.get(int(records.capacity.pool_of[row]), [])
        while mates and until[mates[0][2]] <= now:
            heappop(mates)
        if mates and mates[0] < (int(rank[row]), int(o.admitted[row]), row):
            return f"request {row} began before request {mates[0][2]}, which waited and was to go first"
    return None
