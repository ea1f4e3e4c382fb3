"""Properties of meters: of turns, of memory in use, of records, and of what a person gives."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import groupby

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import sim
from sim.billing import Month, Used, turns
from sim.billing.kept import kept
from sim.billing.records import memory, minimum_idle
from sim.catalog.charges import Charge
from sim.engine.contract import State, Warmth
from sim.trace.window import Window

from .make import GIB, MIN, D, H, Span, requests_of, spans_of
from .reference import AT_REST
from .test_metering import charge, lives
from .test_rating import NOVEMBER, STATED

LADDER = [0]


def counted(spans: list[Span], begin: int, end: int) -> dict[str, int]:
    """Starts, enterings and wakes within a window, by looking at the life of each instance on its own."""
    found = {"starts": 0, "enters": 0, "wakes": 0}
    for _, group in groupby(sorted(spans, key=lambda span: (span[0], span[3])), key=lambda span: span[0]):
        states = list(group)
        if begin <= states[0][3] < end and (states[0][3] > 0 or states[0][1] is State.STARTING):
            found["starts"] += 1
        before = None
        for _, state, _, at, _ in states:
            rests = state in AT_REST
            if begin <= at < end:
                found["enters"] += rests and not before and at > 0
                found["wakes"] += before is True and not rests
            before = rests
    return found


def turned(spans: list[Span], begin: int, end: int) -> dict[str, int]:
    made, window = spans_of(spans), Window(begin, end)
    return {"starts": sum(turns.starts(made, window)), "enters": sum(turns.enters(made, LADDER, window)),
            "wakes": sum(turns.wakes(made, LADDER, window))}


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from([1, 3, 7]), st.sampled_from([0, 1, 2]))
def test_turns_are_those_of_the_reference(data: st.DataObject, days: int, warm_up: int) -> None:
    spans = data.draw(lives(days + warm_up, 7 * MIN))
    begin, end = warm_up * D, (warm_up + days) * D
    assert turned(spans, begin, end) == counted(spans, begin, end)
    # By day they are those of each day alone, and nothing is lost between.
    made = [turned(spans, begin + day * D, begin + (day + 1) * D) for day in range(days)]
    assert {name: sum(one[name] for one in made) for name in made[0]} == turned(spans, begin, end)


@settings(max_examples=40, deadline=None)
@given(st.data(), st.integers(1, 5))
def test_what_happens_later_costs_as_much(data: st.DataObject, later: int) -> None:
    # All that begins after the first moment, some days later, seen through a window as much later.
    spans = [span for span in data.draw(lives(3, 11 * MIN)) if span[3] >= MIN]
    whole = {instance for instance, *_ in spans}
    moved = [(instance, state, rung, begin + later * D, end + later * D) for instance, state, rung, begin, end in spans]
    assert turned(moved, later * D, (later + 3) * D) == turned(spans, 0, 3 * D)
    half = whole & set(list(whole)[::2])
    parts = [[span for span in spans if (span[0] in half) is one] for one in (True, False)]
    first, second = (turned(part, 0, 3 * D) for part in parts)
    assert {name: first[name] + second[name] for name in first} == turned(spans, 0, 3 * D)


@given(st.lists(st.tuples(st.integers(-1, 5 * 24), st.integers(0, 60), st.integers(0, 300 * GIB)), max_size=8))
def test_memory_in_use_is_the_integral_over_requests(asked: list[tuple[int, int, int]]) -> None:
    # Requests begin on the hour, last some hours; -1 never began. The window is the second and third day.
    window = Window(D, 3 * D)
    rows = [(begin * H if begin >= 0 else -1, (begin + length) * H if length else -1, 0, Warmth.WARM)
            for begin, length, _ in asked]
    requests = replace(requests_of(rows), memory=np.array([size for *_, size in asked], dtype=np.int64))
    total = 0
    for begin, length, size in asked:
        last = begin + length if length else 72
        total += size * H * len([hour for hour in range(24, 72) if begin >= 0 and begin <= hour < last])
    assert sum(memory(requests, window)) == total


@given(st.integers(1, 10 * H), st.integers(0, H), st.integers(0, 10**10), st.integers(0, 10**10))
def test_a_record_is_billed_whole_and_long_enough(round_up: int, minimum: int, time: int, more: int) -> None:
    one = Charge.model_validate({"id": "x", "item": "x", "meter": "m", "per": "h", "rate": "$1", **STATED,
                                 "round_up": f"{round_up} us", "minimum": f"{minimum} us"})
    billed = one.billed(time)
    assert billed % round_up == 0
    assert billed >= max(time, minimum)
    assert billed < max(time, minimum) + round_up
    assert one.billed(billed) == billed
    assert one.billed(time + more) >= billed


@given(st.fractions(0, 10**6, max_denominator=10**4), st.fractions(0, 10**6, max_denominator=10**4))
def test_uses_of_one_charge_add_up(one: Fraction, other: Fraction) -> None:
    assert Used.by_instance((one, 2)) + Used.by_instance((other, 3)) == Used.by_instance((one, 2), (other, 3))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 50), st.integers(1, 2000), st.integers(1, 10**6))
def test_as_many_instances_cost_as_many_times(count: int, starts: int, milliseconds: int) -> None:
    milliseconds = min(milliseconds, 30 * 86_400_000 // starts)
    each = {"vcpu": 2, "memory": "4 GiB", "starts": starts, "seconds_each": milliseconds / 1000}
    use = {"platform": "modal/sandbox", "allowances": False}
    one, many = (sim.rate({"month": "2026-11", "usage": {**use, "instances": {**each, "count": n}}})
                 for n in (1, count))
    assert many.total() == count * one.total()
    # One core and 4 GiB; each start is rounded up to a second.
    seconds = starts * -(-milliseconds // 1000)
    assert one.total() == seconds * (Fraction("0.00003942") + 4 * Fraction("0.00000667"))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 720), min_size=1, max_size=5))
def test_a_server_never_costs_more_than_its_cap_nor_less_for_more(hours: list[int]) -> None:
    def cost(*each: int) -> Fraction:
        servers = [{"size": "cx33", "hours": one} for one in each]
        return sim.rate({"month": str(NOVEMBER), "usage": {
            "platform": "hetzner", "without": ["ipv4"], "instances": servers}}).total()

    assert cost(*hours) == sum((cost(one) for one in hours), Fraction(0)) == cost(*reversed(hours))
    assert all(cost(one) == min(one * Fraction("0.0160"), Fraction("9.99")) for one in hours)


WORKDAYS = tuple(step for day in range(5) for step in ((day * 1440 + 480, 2), (day * 1440 + 1080, 0)))
SCHEDULE = ((0, 0), *WORKDAYS, (5 * 1440, 1))
"""Two instances from 8 to 18 on workdays, none at night, one on the weekend."""


def test_provisioned_capacity_by_window() -> None:
    # A week: 5 x 10 h x 2 and 2 x 24 h x 1 are 148 h. Of the days, the Friday has 20 h, the Saturday 24 h. Rounded up
    # to 7 h each, ten hours are 14 and the weekend's 48 are 49: 5 x 14 x 2 + 49.
    week = kept(9, SCHEDULE, Window(0, 7 * D))
    assert [time // H for time in week.provisioned(charge())] == [20, 20, 20, 20, 20, 24, 24]
    assert sum(week.provisioned(charge(round_up="7 h"))) == 189 * H
    # Thursday to the next Tuesday, after a warm-up: 20 + 20 + 24 + 24 + 20.
    assert [time // H for time in kept(9, SCHEDULE, Window(3 * D, 8 * D)).provisioned(charge())] == [20, 20, 24, 24, 20]
    assert sum(kept(3, (), Window(D, 3 * D)).provisioned(charge())) == 3 * 48 * H
    assert sum(kept(0, (), Window(D, 3 * D)).provisioned(charge(minimum="1 h"))) == 0


@settings(max_examples=25, deadline=None)
@given(st.data(), st.integers(0, 2))
def test_idle_within_a_minimum_by_window_is_that_of_its_parts(data: st.DataObject, warm_up: int) -> None:
    # The same spans, cut where the minimum changes and each part taken with its own: the sum is the whole.
    spans = data.draw(lives(2 + warm_up, 2 * H))
    window = Window(warm_up * D, (warm_up + 2) * D)
    parts, pool = kept(0, SCHEDULE, window), np.zeros(9, dtype=np.int64)
    total = 0
    for begin, end, number in zip(parts.begin, parts.end, parts.number, strict=True):
        cut = [(one, state, rung, max(b, window.begin + begin), min(e, window.begin + end))
               for one, state, rung, b, e in spans if b < window.begin + end and e > window.begin + begin]
        total += sum(minimum_idle(spans_of(cut), pool, kept(int(number), (), window), window))
    assert sum(minimum_idle(spans_of(spans), pool, parts, window)) == total


def test_months_are_as_long_as_they_are() -> None:
    # A GB kept all month is one GB-month in each; GB-hours of it are 672, 720 or 744; of 730 hours, 730.
    for month, hours in (("2026-02", 672), ("2028-02", 696), ("2026-11", 720), ("2026-12", 744)):
        assert Month.parse(month).microseconds == hours * H
        made = sim.rate({"month": month, "usage": {"platform": "hetzner", "instances": {
            "size": "cx23", "hours": "month"}}})
        assert {line.quantity for line in made.lines} == {hours}
    made = sim.rate({"hours": 730, "usage": {"platform": "hetzner", "instances": {"size": "cx23", "hours": "month"}}})
    assert {line.quantity for line in made.lines} == {730}


def test_a_charge_is_made_once() -> None:
    assert charge().rounding == ""
    assert charge(round_up="1 min", minimum="2 min", scope="start").rounding == (
        "rounded up to 1 min, 2 min at least, for each start")
