"""What is bought from offers: hours at the price of their time, checkpoints kept and moved; by hand."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.billing import Kept, Month, Sold, tile
from sim.billing.bill import billing
from sim.billing.spot import SpotMetering
from sim.catalog import PACKAGE
from sim.engine.offers import Prices
from sim.trace.window import Window

from .make import BUSY, IDLE, STARTING, D, H, deployment, life, seen, spans_of

MONTH = Month(2026, 11)
ON = {"platform": "aws-ec2/gpu", "window": Window(0, 2 * D)}


def prices(*changes: tuple[int, str]) -> Prices:
    return Prices(np.array([at for at, _ in changes], np.int64), tuple(Decimal(rate) for _, rate in changes), "a test")


def lines(sold: Sold, rows, window: Window = ON["window"], days: int | None = None):
    spans = spans_of(rows)
    made = SpotMetering(sold, "aws-ec2/gpu", spans, np.ones(len(spans.begin), np.bool_), window)
    tiling = tile(MONTH, window.length)
    return made.invoice(tiling if days is None else tiling.until(days), MONTH, "list-2026").lines


def test_a_constant_price():
    sold = Sold(np.array([0, 1]), ("a",), (prices((0, "0.92")), None))
    (line,) = lines(sold, [*life(0, 3 * H, (STARTING, H), (BUSY, 4 * H)), *life(1, 0, (BUSY, 9 * H))])
    assert (line.item, line.unit, line.quantity, line.rate) == ("spot instances, a", "h", 5 * 15, Decimal("0.92"))
    assert line.amount == Fraction("0.92") * 75  # day 1 of two stands for 15 days of November


def test_a_price_that_changes_costs_what_it_does_at_each_time():
    sold = Sold(np.array([0]), ("a",), (prices((-H, "1"), (4 * H, "2"), (26 * H, "4")),))
    # 3 h at 1 and 2 h at 2 on the first day, cut by midnight; 1 h at 2 and 1 h at 4 on the second.
    rows = [*life(0, H, (BUSY, 5 * H)), *life(0, 25 * H, (BUSY, 2 * H))]
    (line,) = lines(sold, rows)
    assert line.quantity == 15 * 7
    assert line.amount == 15 * (3 * 1 + 2 * 2) + 15 * (1 * 2 + 1 * 4)
    assert line.rate is None
    (first,) = lines(sold, rows, days=1)
    assert first.amount == 3 * 1 + 2 * 2


def test_nothing_outside_the_window_is_charged():
    sold = Sold(np.array([0]), ("a",), (prices((0, "1"), (40 * H, "3")),))
    window = Window(D, 2 * D)
    (line,) = lines(sold, life(0, 23 * H, (BUSY, 2 * D)), window)
    assert line.amount == 30 * (16 * 1 + 8 * 3)
    assert lines(sold, life(0, 0, (BUSY, D)), window) == ()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 30)), min_size=1, max_size=8),
       st.dictionaries(st.integers(-5, 50), st.integers(0, 9), min_size=1, max_size=6))
def test_it_is_the_sum_over_each_hour(stays, changes):
    changes = [(-10, 1), *sorted(changes.items())]
    sold = Sold(np.zeros(len(stays), np.int64), ("a",), (prices(*((at * H, str(rate)) for at, rate in changes)),))
    rows = [one for number, (begin, length) in enumerate(stays) for one in life(number, begin * H, (BUSY, length * H))]
    by_hour = sum(next(rate for at, rate in reversed(changes) if at <= hour)
                  for begin, length in stays for hour in range(begin, min(48, begin + length)))  # fmt: skip
    assert sum((line.amount for line in lines(sold, rows)), Fraction(0)) == 15 * by_hour


def test_checkpoints_are_kept_by_the_month_and_moved_by_the_gigabyte():
    kept = Kept(np.array([6 * H, 40 * H]), np.array([30 * H, 60 * H]), np.array([H, 30 * H, 50 * H]), 20 * 10**9,
                Decimal("0.023"), Decimal("0.02"))  # fmt: skip
    stored, moved = lines(Sold(np.zeros(0, np.int64), ("a",), (None,), kept), [])
    # One for 18 h of the first day, 6 h of the second, another for 8 h of it; 20 GB each; each day stands for 15.
    assert stored.quantity == Fraction(20 * 15 * (18 + 6 + 8), 30 * 24)
    assert stored.amount == stored.quantity * Fraction("0.023")
    assert (moved.quantity, moved.amount) == (15 * 2 * 20, Fraction("0.02") * 600)
    assert (stored.unit, moved.unit) == ("GB-month", "GB")
    free = Kept(kept.begin, kept.end, kept.moved, kept.size, None, None)
    assert lines(Sold(np.zeros(0, np.int64), ("a",), (None,), free), []) == ()


@pytest.mark.parametrize("listed", [True, False])
def test_time_is_charged_once_by_the_offer_it_is_from(listed):
    """Instance 0 is a spot one, instance 1 is on demand: five hours each."""
    here = deployment("aws-ec2/gpu", "p5.4xlarge")
    rows = [*life(0, 0, (STARTING, H), (BUSY, 3 * H), (IDLE, H)), *life(1, 0, (BUSY, 5 * H))]
    sold = Sold(np.array([0, 1]), ("a",), (None if listed else prices((0, "2")), None))
    book, tokens = (PACKAGE.prices("list-2026", name) for name in ("aws-ec2/gpu", "llm"))
    observed = dataclasses.replace(seen(D, rows), sold=sold)
    made = billing(observed, here, (), MONTH, book, tokens)(tile(MONTH, D))
    told = {line.item: (line.quantity, line.amount) for line in made.lines}
    on_demand = (Fraction(150), 150 * Fraction("6.88"))
    if listed:
        assert told == {"p5.4xlarge, one H100": on_demand,
                        "p5.4xlarge, spot, GPU hours": (Fraction(150), 150 * Fraction("5.580"))}
    else:
        assert told == {"p5.4xlarge, one H100": on_demand, "spot instances, a": (Fraction(150), Fraction(300))}
