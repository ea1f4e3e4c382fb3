"""Quantities as they stand on invoices."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.billing.quantity import number, quantity, whole
from sim.catalog.counting import Unit
from sim.errors import AdvisedError
from sim.units import DAY

MONTH = 28 * DAY


@pytest.mark.parametrize(("text", "read"), [
    (5, 5), ("5", 5), (2.5, "2.5"), ("0.1", "1/10"), (1e-7, "1/10000000"), ("5M", 5_000_000), ("5 million", 5_000_000),
    ("1.5K", 1500), ("2B", 2 * 10**9), ("1,234,567.5", "1234567.5"), ("1_000", 1000), (".5", "1/2"), ("3.", 3),
])  # fmt: skip
def test_numbers(text: object, read: object) -> None:
    assert number(text) == Fraction(str(read))


@pytest.mark.parametrize(("text", "told"), [
    ("five", "not a quantity"), ("-5", "0 or more"), (-5, "0 or more"), (True, "not a quantity"), (None, "not a"),
    ("5 apples", "leave the unit out"), ("1,23", "leave the unit out"), ("", "not a quantity"), ([], "not a quantity"),
    ("9" * 99, "not a quantity"), (float("nan"), "not a quantity"), (float("inf"), "not a quantity"),
])  # fmt: skip
def test_what_is_no_number(text: object, told: str) -> None:
    with pytest.raises(AdvisedError, match=told):
        number(text)


def test_whole_numbers() -> None:
    assert whole("1.5M") == 1_500_000
    with pytest.raises(AdvisedError, match="whole"):
        whole("1.5")


@pytest.mark.parametrize(("text", "per", "units"), [
    ("5M", "1M requests", 5), ("5M requests", "1M requests", 5), ("1 request", "requests", 1),
    (250, "1K steps", "0.25"),
    ("180000 vCPU-s", "vCPU-s", 180_000), ("50 vCPU-h", "vCPU-s", 180_000), (180_000, "vCPU-s", 180_000),
    ("400K GB-s", "1M GB-s", "0.4"), ("400K", "1M GB-s", "0.4"), ("2 GB-month", "GB-h", 2 * 672),
    ("672 GB-h", "GB-month", 1), ("30 GB-day", "GB-30d", 1), ("1.5 TB", "GB", 1500), ("1500 MB", "GB", "1.5"),
    ("2 GiB", "GiB", 2), ("512 MiB", "GiB", "0.5"), ("1 GB", "GiB", Fraction(10**9, 2**30)), (12, "GB", 12),
    ("1.5 TB-month", "GB-month", 1500), ("2 TiB-h", "GiB-h", 2048),
    ("2 TB", "TB", 2), ("3 h", "min", 180), ("3", "seat-month", 3), ("7 ACU", "ACU", 7),
])  # fmt: skip
def test_quantities_become_units_of_the_charge(text: object, per: str, units: object) -> None:
    assert quantity(text, Unit.parse(per), MONTH) == Fraction(str(units))


@pytest.mark.parametrize(("text", "per", "told"), [
    ("5 actions", "1M requests", "counted in `requests`"), ("5 GB", "GB-month", "counted in `GB-month`"),
    ("5 vCPU-s", "GB-s", "counted in `GB-s`"), ("5 GiB-s", "GB-s", "counted in `GB-s`"), ("5 h", "requests", "counted"),
    ("5 TB-h", "GiB-h", "counted"), ("10 h", "GPU-s", "write for example `10 GPU-h`"),
    ("5 GBs", "GB", "is not a unit"), ("3", "TB", "does not say of what"), ("5 requests", "h", "counted in `h`"),
])  # fmt: skip
def test_quantities_of_something_else(text: object, per: str, told: str) -> None:
    with pytest.raises(AdvisedError, match=told):
        quantity(text, Unit.parse(per), MONTH)


@given(st.fractions(0, 10**9, max_denominator=1000), st.sampled_from(["s", "min", "h", "day", "month", "730h"]),
       st.sampled_from(["s", "h", "30d", "month"]))
def test_time_is_converted_by_what_it_lasts(amount: Fraction, unit: str, per: str) -> None:
    exact = Unit.parse(f"GB-{unit}")
    made = quantity(amount, exact, MONTH) * exact.size(MONTH)
    assert quantity(amount, Unit.parse(f"GB-{per}"), MONTH) == amount
    assert made == amount * exact.size(MONTH)
