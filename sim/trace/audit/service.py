"""Checks of service: the work done on instances, by whom, and the time in the system."""

from __future__ import annotations

import numpy as np

from sim.engine.contract import CORE, Fate, cpu_share
from sim.exact import total
from sim.trace.audit.records import Finding, Records, at_once, duration, first_fault
from sim.trace.steps import began
from sim.trace.visits import in_flight
from sim.trace.work import work


def worked(records: Records) -> Finding:
    """Check that steps took as long as they must, and that all work is accounted for."""
    o, demand = records.outcome, records.demand
    length = demand.step_length
    request = demand.by_step(np.arange(demand.n, dtype=np.int64))
    done = o.step_ended >= 0
    begin, _ = began(demand, o)
    kept = np.zeros(len(done), np.int64)
    np.add.at(kept, o.repeats.step, o.repeats.kept)
    taken = o.step_ended - begin + kept
    rule = records.capacity.recovery
    held_up = rule is not None and (rule.checkpoints is not None or rule.replay > 0)
    last = o.step_ended[demand.step_first[1:] - 1]
    cut = records.began & (o.fate != Fate.COMPLETED)
    step = np.minimum(demand.step_first[:-1] + demand.by_request(done.astype(np.int64)), demand.step_first[1:] - 1)
    since = begin[step]
    best = cpu_share(records.capacity.cpu, 1, demand.parallel) * int(records.capacity.speed.max(initial=CORE))
    inside = np.where(in_flight(demand, o), (records.left - since + kept[step]) * max(1, -(-best // CORE**2)), 0)
    fast = records.fast
    # How long a call takes is for its provider to say; its own check asks for that.
    fixed = done & ~records.calls
    fault = first_fault(
        "step",
        ("ended although the one before had not, or its request had not begun", done & (begin < 0)),
        ("took less than its length at full speed", fixed & (taken < (demand.step_wait if fast else length))),
        ("waits only, but took longer than that",
         fixed & (demand.step_cpu + demand.step_gpu == 0) & (taken != length) & (not held_up)),
        ("ended after its request", done & (o.step_ended > records.left[request])),
    ) or first_fault(
        "request",
        ("completed at another time than its last step", (o.fate == Fate.COMPLETED) & (o.ended != last)),
        ("ended its last step, but is unfinished", (o.fate == Fate.UNFINISHED) & (last >= 0)),
        ("did work on a step in flight, but was in none", (o.spent != 0) & ~cut),
        ("did more work on its step in flight than that has, or less than none",
         (o.spent < 0) | (cut & (o.spent > demand.step_cpu[step]))),
        ("did other work on its step in flight than it had time for",
         cut & ((o.spent != np.minimum(demand.step_cpu[step], inside)) if records.alone and not held_up
                else (o.spent > inside))),
    )
    parts = work(demand, o, o.fate != Fate.ABSENT)
    offered = total(demand.by_request(length)[o.fate != Fate.ABSENT])
    spent = parts["useful"] + parts["wasted"] + parts["lost"] + parts["remaining"]
    if fault is None and not offered == parts["offered"] == spent:
        fault = f"offered {parts['offered']} us, {offered} us by fate, but the steps account for {spent} us"
    told = " + ".join(f"{duration(parts[name])} {name}" for name in ("useful", "wasted", "lost", "remaining"))
    return fault, f"{duration(offered)} offered = {told}"


def residents(records: Records) -> Finding:
    """Check that instances held as many requests, and as much memory, as they may."""
    o, capacity = records.outcome, records.capacity
    # A refused request leaves in the microsecond in which it begins, and was no resident.
    seen = records.visits
    stays = np.flatnonzero(records.visit_left > seen.started)
    sweep = (seen.instance[stays], seen.started[stays], records.visit_left[stays], len(o.opener))
    rows = seen.request[stays]
    most, occupied = at_once(*sweep)
    need = capacity.queueing.need if capacity.queueing is not None else ()
    slots = at_once(*sweep, weight=need[rows])[0] if len(need) else most
    fault = first_fault(
        "instance",
        (f"had more than {capacity.concurrency} residents at once", slots > capacity.concurrency),
        ("was busy without residents, or had residents without being busy", occupied != records.busy),
    )
    if fault is None and capacity.memory >= 0:
        used, _ = at_once(*sweep, weight=records.demand.memory[rows])
        room = capacity.memory - capacity.base_memory
        fault = first_fault("instance", (f"had residents that use more than {room} bytes", used > max(0, room)))
    return fault, f"at most {int(most.max(initial=0))} of {capacity.concurrency} residents on an instance"


def cpu(records: Records) -> Finding:
    """Check that no instance did more work than its CPU can do."""
    o, demand = records.outcome, records.demand
    spent = demand.by_request(np.where(o.step_ended >= 0, demand.step_cpu, 0)) + o.spent
    used = np.zeros(len(o.opener), dtype=np.int64)
    if records.capacity.recovery is None:
        np.add.at(used, o.instance[records.began], spent[records.began])
    else:
        # On which of its instances a request did what is not told, so all of them are looked at together.
        used = np.array([total(spent) + total(o.repeats.cpu - np.minimum(o.repeats.cpu, o.repeats.kept))])
    # cpu x busy / CORE would overflow, so whole seconds and the rest are multiplied apart.
    seconds, rest = np.divmod(records.busy, CORE)
    cpu = -(-records.capacity.cpu * int(records.capacity.speed.max(initial=CORE)) // CORE)
    offered = seconds * cpu + rest * cpu // CORE
    there = offered if len(used) == len(offered) else np.array([total(offered)])
    fault = first_fault("instance", ("did more work than its CPU can do", used > there))
    return fault, f"{duration(total(used))} of CPU used of {duration(total(offered))} there while busy"


def presence(records: Records) -> Finding:
    """Check the time that requests were in the system against its own record."""
    o = records.outcome
    arrived = o.arrived >= 0
    rows = total((records.left - o.arrived)[arrived])
    if rows != o.presence:
        return f"the integral of requests in the system is {o.presence} us, the sum of their times in it {rows} us", ""
    return None, f"the integral of requests in the system and the sum of their times in it are both {duration(rows)}"
