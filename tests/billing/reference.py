"""A second, crude way to count metered time: day by day, record by record, without numpy.

It shares nothing with `sim.billing` but the words of the vendors' rules.
"""

from __future__ import annotations

import calendar
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction

from sim.engine.contract import State

from .make import D, Span

AT_REST = (State.ENTERING, State.RESTING)


def simulated_days(year: int, month: int, horizon: int) -> list[int]:
    """The simulated day for each day of the month; day 0 of a run is a Monday."""
    first, length = calendar.monthrange(year, month)
    if horizon % 7:
        return [day % horizon for day in range(length)]
    days = [next(day for day in range(horizon) if day % 7 == first)]
    while len(days) < length:
        days.append((days[-1] + 1) % horizon)
    return days


@dataclass
class Record:
    """Stretches of an instance's metered time in the window, counted from its begin; when it began; how long it is."""

    pieces: list[tuple[int, int, int]]
    begun: int | None
    length: int


def pairs(spans: list[Span], begin: int, end: int) -> dict[int, int]:
    """As which instance of the window's begin each one of its end goes on, in one pool."""
    going = {span[0] for span in spans if span[3] < end <= span[4]}
    coming = {span[0] for span in spans if span[3] <= begin < span[4]}
    same = going & coming
    others = zip(sorted(going - same), sorted(coming - same), strict=False)
    return {instance: instance for instance in same} | dict(others)


def records(spans: list[Span], on: set[State], by_start: bool, days: int, warm_up: int = 0) -> list[Record]:
    """Records within the window of some days after the warm-up."""
    begin, end = warm_up, warm_up + days * D
    found: list[Record] = []
    heads: dict[int, tuple[State, Record | None]] = {}
    tails: dict[int, tuple[State, Record | None]] = {}
    for instance in {span[0] for span in spans}:
        groups: list[list[Span]] = []
        for span in sorted((span for span in spans if span[0] == instance), key=lambda span: span[3]):
            before = groups[-1][-1] if groups else None
            if by_start:
                new = before is None or (before[1] in AT_REST and span[1] not in AT_REST)
            else:
                new = before is None or before[4] != span[3] or (before[1] in on) != (span[1] in on)
            groups += [[span]] if new else []
            groups[-1] += [] if new else [span]
        for group in groups:
            metered = [span for span in group if span[1] in on]
            pieces = [(instance, max(b, begin) - begin, min(e, end) - begin) for _, _, _, b, e in metered
                      if b < end and e > begin]
            record = None
            if pieces:
                first = metered[0][3]
                record = Record(pieces, first - begin if first >= begin else None, sum(e - b for _, b, e in pieces))
                found.append(record)
            for _, state, _, b, e in group:
                if b <= begin < e:
                    heads[instance] = state, record
                if b < end <= e:
                    tails[instance] = state, record
    for one, other in pairs(spans, begin, end).items():
        (state, before), (next_state, after) = tails[one], heads[other]
        open_ = not (state in AT_REST and next_state not in AT_REST) if by_start else {state, next_state} <= on
        if open_ and before and after:
            before.length += after.length if after is not before else 0
            after.begun = None
    return found


def added(record: Record, round_up: int, minimum: int) -> int:
    """What rounding up and the minimum add to a record."""
    billed = max(record.length, minimum)
    return billed + (round_up - billed % round_up if billed % round_up else 0) - record.length


def month_time(found: list[Record], days: list[int], round_up: int, minimum: int) -> int:
    """Billed time in the month."""
    total = 0
    for day in days:
        for record in found:
            total += sum(max(0, min(e, (day + 1) * D) - max(b, day * D)) for _, b, e in record.pieces)
            if record.begun is not None and record.begun // D == day:
                total += added(record, round_up, minimum)
    return total


def by_instance(
    found: list[Record], days: list[int], going_on: dict[int, int], round_up: int, minimum: int
) -> Counter[int]:
    """How many instances have how much billed time, day by day; who goes on as another takes its time along."""
    counts: Counter[int] = Counter()
    times: Counter[int] = Counter()
    for number, day in enumerate(days):
        if number and day == 0:
            counts.update(time for instance, time in times.items() if instance not in going_on)
            times = Counter({going_on[one]: time for one, time in times.items() if one in going_on})
        for record in found:
            instance = record.pieces[0][0]
            times[instance] += month_time([record], [day], round_up, minimum)
    counts.update(times.values())
    del counts[0]
    return counts


def idle_in_minimum(spans: list[Span], minimum: int, days: list[int], horizon: int, step: int) -> int:
    """Time of idle instances within the minimum, looked at in every step of the clock."""
    total = 0
    active_states = (State.STARTING, State.BUSY, State.WAKING)
    for day in days:
        for at in range(day * D, (day + 1) * D, step):
            if at >= horizon * D:
                continue
            now = [state for _, state, _, begin, end in spans if begin <= at < end]
            active = sum(state in active_states for state in now)
            total += min(now.count(State.IDLE), max(0, minimum - active)) * step
    return total


def priced(quantity: Fraction, tiers: list[tuple[Fraction, Fraction]], free: Fraction) -> Fraction:
    """Dollars for a quantity, unit by fraction of a unit: each tier is (up to, rate)."""
    left, below, total = max(Fraction(0), quantity - free), Fraction(0), Fraction(0)
    for bound, rate in tiers:
        total += max(Fraction(0), min(left, bound) - below) * rate
        below = bound
    return total
