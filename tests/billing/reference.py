"""A second, crude way to count metered time: day by day, record by record, without numpy.

It shares nothing with `sim.billing` but the words of the vendors' rules.
"""

from __future__ import annotations

import calendar
from collections import Counter
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


def records(spans: list[Span], on: set[State], by_start: bool, horizon: int) -> list[list[tuple[int, int, int]]]:
    """Records, each a list of (instance, begin, end), within the horizon."""
    found: list[list[tuple[int, int, int]]] = []
    for instance in sorted({span[0] for span in spans}):
        mine = sorted((span for span in spans if span[0] == instance), key=lambda span: span[3])
        current: list[tuple[int, int, int]] = []
        before = None
        for _, state, _, begin, end in mine:
            woke = before in AT_REST and state not in AT_REST
            apart = bool(current) and current[-1][2] != begin
            if current and (woke if by_start else apart):
                found.append(current)
                current = []
            if state in on and begin < horizon * D:
                current = [*current, (instance, begin, min(end, horizon * D))]
            before = state
        if current:
            found.append(current)
    return found


def added(record: list[tuple[int, int, int]], round_up: int, minimum: int) -> int:
    """What rounding up and the minimum add to a record."""
    raw = sum(end - begin for _, begin, end in record)
    billed = max(raw, minimum)
    return billed + (round_up - billed % round_up if billed % round_up else 0) - raw


def month_time(found: list[list[tuple[int, int, int]]], days: list[int], round_up: int, minimum: int) -> int:
    """Billed time in the month."""
    total = 0
    for day in days:
        for record in found:
            total += sum(max(0, min(end, (day + 1) * D) - max(begin, day * D)) for _, begin, end in record)
            if record[0][1] // D == day:
                total += added(record, round_up, minimum)
    return total


def by_instance(
    found: list[list[tuple[int, int, int]]], days: list[int], horizon: int, round_up: int, minimum: int
) -> Counter[int]:
    """How many instances have how much billed time; an instance is a new one where its days come round again."""
    counts: Counter[int] = Counter()
    for instance in {record[0][0] for record in found}:
        mine = [record for record in found if record[0][0] == instance]
        always = sum(end - begin for record in mine for _, begin, end in record) == horizon * D
        whole = part = 0
        for number, day in enumerate(days):
            if number and day != days[number - 1] + 1 and part:
                whole += part
                counts[part] += not always
                part = 0
            part += month_time(mine, [day], round_up, minimum)
        whole += part
        counts[part] += not always and part > 0
        counts[whole] += always
    return +counts


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
