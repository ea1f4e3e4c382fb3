"""Checks of visits: of requests that were on several instances, and of instances that were taken."""

from __future__ import annotations

import numpy as np

from sim.engine.contract import NEVER, Bools, Cause, Fate, Int64s, Market, Parting, State
from sim.exact import total
from sim.trace.audit.records import Finding, Records, duration, first_fault, padded
from sim.trace.visits import last, lost


def visits(records: Records) -> Finding:
    """Check that visits follow one another as they must, each on an instance that was there."""
    o, rule, seen = records.outcome, records.capacity.recovery, records.visits
    if rule is None:
        extra = len(o.visits.request) + len(o.repeats.step) > 0
        return ("requests have visits or repeats, but no recovery" if extra else None), "one for each that began"
    ends = last(seen)
    first = np.roll(ends, 1)
    left = records.visit_left
    gone = records.left[seen.request]
    parting = seen.parting
    taken = (parting == Parting.INTERRUPTED) | (parting == Parting.SAVED)
    after = np.append(seen.admitted[1:], 0)
    pause = np.select([taken, parting == Parting.RETURNED], [seen.ended + rule.again, seen.ended], NEVER)
    opened = np.full(len(o.opener), NEVER, np.int64)
    opened[records.instance[records.first]] = records.time[records.first]
    off = records.off[seen.instance]
    fault = first_fault(
        "visit",
        ("is not told by the row of its request, or that by none", first & _differs(records)),
        ("skipped a part of its way or went it backwards",
         (seen.bound < seen.admitted) | (seen.started < seen.bound) | (left < seen.started)),
        ("began before the one before it was over", ~first & (seen.admitted < np.roll(left, 1))),
        ("was followed by another at the wrong time", ~ends & (pause >= 0) & (after != pause)),
        ("was over, but neither ended nor followed by what ended it", ~ends & (parting == Parting.LEFT)),
        ("was over in a way that there is not", np.isin(parting, _impossible(records))),
        ("was over at another time than its request", (parting == Parting.LEFT) & (left != gone)),
        ("was on an instance that was not there", (seen.started < opened[seen.instance]) | (left > off)),
        ("was interrupted, but its instance was not taken then", (parting == Parting.INTERRUPTED) & (left != off)),
        ("had more overhead than time, or less than none",
         (seen.overhead < 0) | ((rule.checkpoints is not None) & (seen.overhead > left - seen.started))),
    )
    times = np.bincount(seen.request[taken], minlength=records.demand.n)
    broken = o.cause == Cause.INTERRUPTED
    fault = fault or first_fault(
        "request",
        ("failed for interruptions, but had not as many as that takes, or had more",
         broken != ((times == rule.attempts) & (rule.attempts >= 0))),
        ("did more again than it had lost", _beyond(records)),
    ) or _sums(records)
    told = f"{len(seen.request)} visits, {np.count_nonzero(taken)} interrupted, {duration(total(lost(o)))} of work lost"
    return fault, told


def _impossible(records: Records) -> list[Parting]:
    """Name the ways in which no visit can be over."""
    rule, market = records.capacity.recovery, records.capacity.market
    assert rule is not None
    can = {
        Parting.INTERRUPTED: market is not None,
        Parting.SAVED: market is not None and rule.checkpoints is not None,
        Parting.RETURNED: market is not None and rule.checkpoints is not None and rule.checkpoints.returns,
        Parting.FREED: rule.frees,
    }
    return [parting for parting, possible in can.items() if not possible]


def _differs(records: Records) -> Bools:
    o, seen = records.outcome, records.visits
    rows = seen.request
    wrong: Bools = np.zeros(len(rows), np.bool_)
    for name in ("bound", "started", "instance", "warmth", "admitted"):
        wrong |= getattr(o, name)[rows] != getattr(seen, name)
    missing = bool(np.count_nonzero(records.began) != len(np.unique(rows)))
    return np.asarray(wrong | missing, np.bool_)


def _beyond(records: Records) -> Bools:
    """Tell who has executions that did more of a step than there is, or kept more than they did."""
    o, demand = records.outcome, records.demand
    again = o.repeats
    wrong = (again.cpu < 0) | (again.wait < 0) | (again.kept < 0) | (lost(o) < 0)
    wrong |= (again.cpu > demand.step_cpu[again.step]) | (again.wait > demand.step_wait[again.step])
    wrong |= (again.cpu + again.wait == 0) | (again.left < again.began)
    found = np.zeros(demand.n, np.bool_)
    found[np.searchsorted(demand.step_first, again.step[wrong], "right") - 1] = True
    return found


def _sums(records: Records) -> str | None:
    """Check the time on instances against the work that was done there, which is told apart from it."""
    o, demand, seen = records.outcome, records.demand, records.visits
    on = np.zeros(demand.n, np.int64)
    np.add.at(on, seen.request, records.visit_left - seen.started)
    did = demand.by_request(demand.step_length - np.where(records.freed, demand.step_wait, 0))
    np.add.at(did, seen.request, seen.overhead)
    again, step = np.zeros(len(demand.step_cpu), np.int64), o.repeats.step
    np.add.at(again, step, lost(o) - np.where(records.freed[step] & o.repeats.over, o.repeats.wait, 0))
    did += demand.by_request(again)
    completed = o.fate == Fate.COMPLETED
    wrong = on != did if records.alone else (on < did) & (not records.fast)
    return first_fault("request", ("was on instances for another time than its work took there", completed & wrong))


def market(records: Records) -> Finding:
    """Check that instances were opened from offers that were open, and were off when they had to be."""
    o, rule = records.outcome, records.capacity.market
    if rule is None:
        return ("instances are from offers, but there are none" if len(o.offer) else None), "no offers"
    opened = np.full(len(o.opener), NEVER, np.int64)
    opened[records.instance[records.first]] = records.time[records.first]
    faults = []
    for index, offer in enumerate(rule.offers):
        mine = o.offer == index
        place = np.searchsorted(offer.opens, opened, "right") - 1
        closes = padded(offer.closes, 0)[place]
        ended = (closes >= 0) & (opened >= closes - offer.notice)
        faults += [
            (f"was opened from offer {index}, which was not open", mine & ((place < 0) | ended)),
            (f"was still there when offer {index} closed", mine & (closes >= 0) & (records.off > closes)),
            (f"was there for longer than the lives of offer {index}", mine & _outlives(records, offer.lives)),
        ]
    fault = first_fault("instance", *faults)
    taken = np.bincount(o.offer[o.offer >= 0], minlength=len(rule.offers)).tolist()
    return fault, "instances by offer: " + ", ".join(str(number) for number in taken)


def _outlives(records: Records, lives: Int64s) -> Bools:
    """Tell which instances were there for longer after they were last ready than any life is."""
    longest = np.where(lives < 0, np.iinfo(np.int64).max, lives).max(axis=1)[records.outcome.pool]
    up = (records.state == State.IDLE) | (records.state == State.BUSY)
    coming = np.isin(records.before(records.state), (State.STARTING, State.WAKING))
    ready = np.full(len(records.outcome.opener), NEVER, np.int64)
    became = up & (records.first | coming)
    np.maximum.at(ready, records.instance[became], records.time[became])
    return np.asarray((ready >= 0) & (records.off - ready > longest), np.bool_)


def initially(market: Market | None) -> bool:
    """Tell whether there can be instances at the start."""
    if market is None:
        return True
    return any(bool(len(one.opens)) and one.after == 0 and one.opens[0] == 0
               and (one.closes[0] < 0 or one.closes[0] > one.notice) for one in market.offers)
