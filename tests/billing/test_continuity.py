"""Servers that go on where the days of a window come round again: by hand."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.billing import Month, Usage, meter, meter_tokens, rate
from sim.billing.continuity import continuity
from sim.catalog.prices import Scope, prices
from sim.engine.contract import NEVER
from sim.trace.window import Window

from .make import BUSY, IDLE, MIN, RESTING, STARTING, D, H, Span, deployment, life, seen, spans_of
from .test_metering import charge, listed, used

FEBRUARY, NOVEMBER, DECEMBER = Month(2026, 2), Month(2026, 11), Month(2026, 12)
CX23 = deployment("hetzner/cx23", "cx23")
HETZNER = prices("list-2026", "hetzner/cx23")


def hetzner(days: int, spans: list[Span], month: Month, warm_up: int = 0) -> Usage:
    return meter(seen(days * D, spans, warm_up=warm_up), CX23, HETZNER, month)


@pytest.mark.parametrize("month", [FEBRUARY, NOVEMBER, DECEMBER], ids=str)
@pytest.mark.parametrize("days", [7, 14, 28, 35])
@pytest.mark.parametrize("warm_up", [0, 7])
def test_a_fleet_that_is_always_on_costs_its_caps(month: Month, days: int, warm_up: int) -> None:
    # Even February's 672 h x 0.0104 = 6.9888 are above the cap of 6.49, and 672 x 0.001 = 0.672 above that of 0.60.
    # Three servers: 3 x 7.09. The second was opened within the warm-up, if there is one, at 17 minutes past.
    last = (days + warm_up + 1) * D
    opened = 17 * MIN if warm_up else 0
    spans = life(0, 0, (IDLE, last)) + life(1, opened, (BUSY, D), (IDLE, last)) + life(2, 0, (BUSY, last))
    usage = hetzner(days, spans, month, warm_up * D)
    assert usage.used["cx23"].instances == ((Fraction(24 * month.days), 3),)
    assert rate(usage, HETZNER, month).total() == 3 * Fraction("7.09")


def test_a_server_that_is_replaced_is_another_one() -> None:
    # Server 0 is there Monday to Wednesday, server 1 from Thursday on: on Monday it goes on as server 0. November 2026
    # begins with a Sunday and has 4 weeks and a Monday then:
    #   Sunday 24 h + 72 h = 96 h;  three times Thursday to Wednesday, 168 h;  Thursday to Monday 120 h;  together 720 h
    week = life(0, 0, (IDLE, 3 * D)) + life(1, 3 * D, (IDLE, 9 * D))
    usage = hetzner(7, week, NOVEMBER)
    assert usage.used["cx23"].instances == ((Fraction(96), 1), (Fraction(120), 1), (Fraction(168), 3))
    # A cap between: min(96, 100) + min(120, 100) + 3 x min(168, 100) = 496.
    book = listed(charge(cap="$100"))
    assert rate(used(week, 7, NOVEMBER, *book.charges), book, NOVEMBER).total() == 496


def test_a_fleet_that_is_renewed_one_by_one_reaches_its_caps() -> None:
    # Each week one of two servers is replaced on Thursday: 0 goes, 2 comes; 1 stays. So 2 goes on as 0 until Thursday,
    # and 1 is there all month. The cap of 170 h is reached by 1 alone.
    week = life(0, 0, (IDLE, 3 * D)) + life(1, 0, (IDLE, 9 * D)) + life(2, 3 * D, (IDLE, 6 * D))
    book = listed(charge(cap="$170"))
    usage = used(week, 7, NOVEMBER, *book.charges)
    assert usage.used["time"].instances == ((96, 1), (120, 1), (168, 3), (720, 1))
    assert rate(usage, book, NOVEMBER).total() == 96 + 120 + 3 * 168 + 170


@pytest.mark.parametrize("scope", [Scope.INTERVAL, Scope.START])
def test_what_goes_on_is_rounded_up_once(scope: Scope) -> None:
    # Server 1 is busy from Sunday 23:50 on, server 0 until Monday 0:15. That is one record of 25 min, billed as 1 h; it
    # begins on Sunday, of which November has five, as of Mondays: 5 x (10 + 35) + 5 x 15 min = 5 h.
    week = life(0, 0, (BUSY, 15 * MIN)) + life(1, 7 * D - 10 * MIN, (STARTING, MIN), (BUSY, D))
    terms = {"round_up": "1 h", "scope": scope}
    usage = used(week, 7, NOVEMBER, charge(**terms), charge("capped", cap="$9", **terms))
    assert usage.used["time"].quantity == 5
    # The last Sunday of the month is not its end: Monday the 30th is. So all five servers go on.
    assert usage.used["capped"].instances == ((Fraction(1), 5),)
    # In February, which ends with a Saturday and begins with a Sunday, the four Sundays' records are whole.
    assert used(week, 7, FEBRUARY, charge(**terms)).used["time"].quantity == 4


def test_what_wakes_as_the_week_comes_round_begins_another_record() -> None:
    # At rest on Sunday night, busy on Monday: each is 20 min long, and billed as 1 h. Both rest and work are metered.
    week = life(0, 0, (BUSY, 20 * MIN)) + life(1, 7 * D - 20 * MIN, (RESTING, 2 * D, 0))
    book = [charge("a", meter="suspended", round_up="1 h"), charge("b", round_up="1 h", scope="start")]
    usage = used(week, 7, NOVEMBER, *book)
    assert (usage.used["a"].quantity, usage.used["b"].quantity) == (5, 5)
    # One that had worked before it came to rest, 10 min, is rounded up by itself, on Sunday: five hours more.
    worked = life(0, 0, (BUSY, 20 * MIN)) + life(1, 7 * D - 40 * MIN, (BUSY, 10 * MIN), (RESTING, 2 * D, 0))
    assert used(worked, 7, NOVEMBER, *book).used["b"].quantity == 10


def test_a_record_of_the_warm_up_was_rounded_up_then() -> None:
    # Busy for 25 minutes around the begin of the window, after a warm-up of a day: what is in it is billed.
    spans = life(0, D - 10 * MIN, (BUSY, 25 * MIN)) + life(1, D + H, (BUSY, 25 * MIN))
    run = seen(D, spans, warm_up=D)
    assert used(run, 1, NOVEMBER, charge(round_up="1 h")).used["time"].quantity == 30 * (Fraction(1, 4) + 1)


def test_requests_are_rounded_up_where_they_begin() -> None:
    # Minutes from the begin of a window of a day: -10 to 15, rounded up before it, and 1430 to 1455, of which 10 count
    # and are rounded up to 60. Together 75.
    bound = deployment("aws-lambda/x86")
    book = listed(charge("time", meter="invocation", scope="request", round_up="1 h"),
                  charge("count", meter="invocation", measure="requests", per="requests"))
    spans = life(0, 0, (BUSY, 3 * D))
    requests = [(D - 10 * MIN, D + 15 * MIN, 0, 0), (2 * D - 10 * MIN, 2 * D + 15 * MIN, 0, 0)]
    usage = meter(seen(D, spans, requests, warm_up=D), bound, book, NOVEMBER)
    assert usage.used["time"].quantity == 30 * Fraction(75, 60)
    assert usage.used["count"].quantity == 30  # of the one that began in the window


def test_whose_pool_it_is_comes_before_whose_number_it_is() -> None:
    # At the end there are 3 of pool 0, 4 and 5 of pool 1; at the begin 0 and 1 of pool 1, 2 of pool 2.
    spans = spans_of([span for first in range(3) for span in life(first, 0, (IDLE, H))]
                     + [span for last in range(3, 6) for span in life(last, D - H, (IDLE, D))])
    found = continuity(spans, np.array([1, 1, 2, 0, 1, 1]), Window(0, D))
    # 4 and 5 go on as 0 and 1, in their pool; 3 as 2, which is left.
    assert found.as_which.tolist() == [NEVER, NEVER, NEVER, 2, 0, 1]


def test_who_is_there_at_both_ends_goes_on_as_itself() -> None:
    spans = spans_of(life(0, 0, (IDLE, H)) + life(1, 0, (IDLE, H), (RESTING, 9 * H, 0), (BUSY, D))
                     + life(2, 5 * H, (IDLE, D)) + life(3, 6 * H, (IDLE, D)))
    found = continuity(spans, np.zeros(4, np.int64), Window(0, D))
    assert found.as_which.tolist() == [NEVER, 1, 0, NEVER]


def test_nobody_there() -> None:
    found = continuity(spans_of([]), np.zeros(0, np.int64), Window(0, D))
    assert len(found.as_which) == len(found.going) == len(found.coming) == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.booleans()), max_size=12))
def test_as_many_go_on_as_can(drawn: list[tuple[int, bool, bool]]) -> None:
    spans: list[Span] = []
    for number, (_, begins, ends) in enumerate(drawn):
        at = 0 if begins else 2 * H
        spans += life(number, at, (IDLE, D if ends else H))
    pool = np.array([pool for pool, _, _ in drawn], np.int64)
    made = spans_of(spans)
    as_which = continuity(made, pool, Window(0, 8 * H)).as_which
    going = {number for number, (_, _, ends) in enumerate(drawn) if ends}
    coming = {number for number, (_, begins, _) in enumerate(drawn) if begins}
    pairs = {one: other for one, other in enumerate(as_which.tolist()) if other != NEVER}
    assert len(pairs) == len(set(pairs.values())) == min(len(going), len(coming))
    assert set(pairs) <= going and set(pairs.values()) <= coming
    assert all(pairs[number] == number for number in going & coming)
    # Where a pool has both an end and a begin that are not the same instance, they are not given to others.
    for one in range(6):
        left = {number for number in going - coming if pool[number] == one}
        new = {number for number in coming - going if pool[number] == one}
        assert sum(pairs.get(number) in new for number in left) == min(len(left), len(new))


def test_the_book_of_a_month_on_a_longer_window() -> None:
    # Five weeks for November's 30 days: days 6 to 34, then day 0. The server of days 0 to 6 12:00 is there for 12 h of
    # day 6 and, going on from that of the end, on day 0: 30 days less 12 h to 35 x 24 h; two servers.
    spans = life(0, 0, (IDLE, 6 * D + 12 * H)) + life(1, 20 * D, (IDLE, 30 * D))
    usage = used(spans, 35, NOVEMBER, charge(cap="$500"))
    assert usage.used["time"].instances == ((12, 1), (15 * 24 + 24, 1))


def test_tokens_are_of_the_windows_days() -> None:
    # Two days after three: December has the first 16 times, the second 15 times.
    steps = [(3 * D - 1, 0, 7, 0, 0, 0), (3 * D, 0, 1000, 0, 0, 0), (5 * D - 1, 0, 10, 0, 0, 0), (5 * D, 0, 7, 0, 0, 0)]
    book = listed(charge("input", meter="big", measure="input", group="llm", per="1M tokens"))
    usage = meter_tokens(seen(2 * D, steps=steps, warm_up=3 * D), ["big"], book, DECEMBER)
    assert usage.used["input"].quantity * 10**6 == 16 * 1000 + 15 * 10


def test_windows_after_a_warm_up_see_only_what_is_in_them() -> None:
    # The same week, once from the start of a run and once after two weeks in which something else was.
    week = life(0, H, (BUSY, 3 * H)) + life(1, 5 * D, (BUSY, 2 * H), (RESTING, H, 0))
    later = life(2, D, (BUSY, 7 * D)) + [(one, state, rung, begin + 14 * D, end + 14 * D)
                                         for one, state, rung, begin, end in week]
    charges = [charge("a", round_up="7 min"), charge("b", cap="$2"), charge("c", meter="suspended")]
    assert used(seen(7 * D, later, warm_up=14 * D), 7, NOVEMBER, *charges) == used(week, 7, NOVEMBER, *charges)
    bound = replace(deployment("cloud-run/request-based"), minimum=2)
    book = listed(charge("idle", meter="idle"))
    idle = life(0, H, (IDLE, 3 * H)) + life(1, 0, (IDLE, 16 * D))
    run = meter(seen(D, idle, warm_up=2 * H), bound, book, NOVEMBER)
    assert run.used["idle"].quantity == 30 * (24 + 2)
