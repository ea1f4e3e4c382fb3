"""Requests beyond provisioned instances: which they are, and what they cost in a run."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.billing import Month, meter, rate
from sim.billing.kept import kept
from sim.billing.overflow import overflows
from sim.catalog.prices import prices
from sim.engine.contract import Warmth
from sim.trace.window import Window

from .make import BUSY, GIB, IDLE, MIN, STARTING, D, H, S, deployment, life, requests_of, seen

Asked = list[tuple[int, int, int]]
"""Begin and end in minutes (-1 where it did not come to that), and the pool."""
ASKED = st.lists(st.tuples(st.integers(-1, 60), st.integers(-1, 30), st.integers(0, 1)), max_size=12).map(
    lambda rows: [(begin, begin + length if length >= 0 else -1, pool) for begin, length, pool in rows])


def beyond(asked: Asked, number: int) -> list[bool]:
    rows = [(begin * MIN if begin >= 0 else -1, end * MIN if end >= 0 else -1, pool, Warmth.WARM)
            for begin, end, pool in asked]
    window = Window(0, D)
    return overflows(requests_of(rows), np.array([0, 1]), kept(number, (), window), window).tolist()


def by_hand(asked: Asked, number: int) -> list[bool]:
    """Give each request, in the order in which they begin, the first provisioned instance that is free."""
    free_at = {pool: [0] * number for pool in (0, 1)}
    found = [False] * len(asked)
    for place in sorted((place for place, row in enumerate(asked) if row[0] >= 0), key=lambda one: asked[one][0]):
        begin, end, pool = asked[place]
        free = next((one for one, until in enumerate(free_at[pool]) if until <= begin), None)
        if free is None:
            found[place] = True
        else:
            free_at[pool][free] = end if end >= 0 else 10**9
    return found


@given(ASKED, st.integers(0, 4))
def test_it_is_whoever_finds_no_instance_free(asked: Asked, number: int) -> None:
    assert beyond(asked, number) == by_hand(asked, number)


@given(ASKED)
def test_more_provisioned_instances_leave_fewer_beyond(asked: Asked) -> None:
    # With as many as there are requests none is left; each instance more serves at least as many.
    counts = [sum(beyond(asked, number)) for number in range(len(asked) + 1)]
    assert counts[0] == sum(begin >= 0 for begin, _, _ in asked)
    assert counts[-1] == 0
    assert all(later <= before for before, later in pairwise(counts))


def test_what_they_cost_in_a_run() -> None:
    # One environment of 1 GB is provisioned all November: 2,592,000 GB-s x 0.0000041667. Each day it serves a request
    # of 100 s; meanwhile another environment starts, 0.5 s, and serves one of 50.2 s; then the first serves 20 s.
    #   provisioned  30 x 120 s x 0.0000097222;  beyond  30 x 50.7 s, less 400,000 that are free;  90 requests are free
    spans = [*life(0, 0, (BUSY, 100 * S), (IDLE, H), (BUSY, 20 * S), (IDLE, D - H - 120 * S)),
             *life(1, 10 * S, (STARTING, S // 2), (BUSY, 50_200_000), (IDLE, 10 * MIN))]
    requests = [(0, 100 * S, 0, Warmth.WARM), (10 * S + S // 2, 60_700_000, 1, Warmth.COLD),
                (H + 100 * S, H + 120 * S, 0, Warmth.WARM)]
    book, november = prices("list-2026", "aws-lambda/x86-provisioned"), Month(2026, 11)
    one = deployment("aws-lambda/x86-provisioned", memory=GIB, minimum=1)
    usage = meter(seen(D, spans, requests), one, book, november)
    assert {name: used.quantity for name, used in usage.used.items()} == {
        "requests": Fraction(90, 10**6), "duration-x86": 30 * Fraction("50.7"), "duration-provisioned": 30 * 120,
        "provisioned": 2_592_000}
    assert rate(usage, book, november).total() == (
        2_592_000 * Fraction("0.0000041667") + 3600 * Fraction("0.0000097222"))


@settings(max_examples=30, deadline=None)
@given(ASKED, st.integers(0, 3))
def test_every_request_is_billed_once(asked: Asked, number: int) -> None:
    # What is provisioned and what is beyond make the time of all requests, each rounded up to a millisecond.
    rows = [(begin * MIN, end * MIN if end >= 0 else -1, 0, Warmth.WARM) for begin, end, _ in asked if begin >= 0]
    book = prices("list-2026", "aws-lambda/arm-provisioned")
    one = deployment("aws-lambda/arm-provisioned", memory=GIB, minimum=number)
    usage = meter(seen(D, (), rows), one, book, Month(2026, 11))
    time = sum((D if end < 0 else end) - begin for begin, end, *_ in rows)
    assert usage.used["duration-arm"].quantity + usage.used["duration-provisioned-arm"].quantity == (
        30 * Fraction(time, S))
