"""Numbers as people read them."""

from __future__ import annotations

import math
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from sim.report.numbers import NONE, dollars, given, number, seconds, share, show, significant


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 s"), (1e-6, "1.00 µs"), (0.00042, "420 µs"), (0.0311, "31.1 ms"), (0.9994, "999 ms"), (0.9996, "1.00 s"),
        (1.2349, "1.23 s"), (59.99, "60.0 s"), (119.4, "119 s"), (120, "2.00 min"), (5340, "89.0 min"),
        (5400, "1.50 h"), (172_800, "2.00 days"), (1e7, "116 days"), (-0.25, "−250 ms"),
    ],
)  # fmt: skip
def test_seconds(value: float, text: str) -> None:
    assert seconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "$0.00"), (0.5, "$0.50"), (0.1, "$0.10"), (0.77256, "$0.773"), (0.0389, "$0.0389"), (1.5e-7, "$0.00000015"),
        (0.9999, "$1.00"), (1.005, "$1.00"), (17.96, "$17.96"), (999.994, "$999.99"), (999.996, "$1,000"),
        (25260.4, "$25,260"), (-3.5, "−$3.50"),
    ],
)  # fmt: skip
def test_dollars(value: float, text: str) -> None:
    assert dollars(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0%"), (0.0123456, "1.23%"), (0.5, "50.0%"), (1, "100%"), (0.000012, "0.00120%")],
)
def test_share(value: float, text: str) -> None:
    assert share(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (200, "200"), (9_876, "9,876"), (461_300, "461,000"), (2.5, "2.50"), (6.41e9, "6.41 billion"),
     (999_999, "1.00 million"), (36e6, "36.0 million"), (0.0333, "0.0333")],
)  # fmt: skip
def test_number(value: float, text: str) -> None:
    assert number(value) == text


@hypothesis.given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15))
def test_three_digits_are_never_further_off_than_half_of_the_third(value: float) -> None:
    back = float(significant(value).replace(",", "").replace("−", "-"))
    assert math.isclose(back, value, rel_tol=0.00501, abs_tol=0)


def test_an_interval_is_told_in_the_unit_of_its_figure() -> None:
    shown = show({"value": 0.95, "low": 0.88, "high": 1.02}, "seconds")
    assert (shown.value, shown.spread, shown.full) == ("950 ms", "±70", "950 ms (880 to 1,020)")


@pytest.mark.parametrize(
    ("value", "half", "kind", "spread"),
    [
        (1.36, 0.0062, "seconds", "±0.01"), (0.412, 0.02472, "seconds", "±25"), (58.3, 3.41, "seconds", "±3.5"),
        (0.103, 0.0007, "ratio", "±0.001"), (154.52, 0.927, "dollars", "±0.93"), (25260, 101.04, "dollars", "±102"),
        (0.7726, 0.0046, "dollars", "±0.005"), (0.164, 0.00164, "share", "±0.2"), (0.0, 0.0021, "seconds", "±0.0021"),
        (0.734, 0.26, "share", "±26.0"), (123_456, 440, "number", "±1,000"), (5.0, 1.0, "ratio", "±1.00"),
    ],
)  # fmt: skip
def test_half_an_interval_is_rounded_up_to_the_last_digit_of_its_value(
    value: float, half: float, kind: Any, spread: str
) -> None:
    assert show({"value": value, "low": value - half, "high": value + half}, kind).spread == spread


def test_an_interval_that_is_much_wider_to_one_side_is_told_by_its_ends() -> None:
    assert show({"value": 0.868, "low": 0.741, "high": 1.3}, "ratio").spread == "0.741–1.300"
    assert show({"value": 0.868, "low": 0.741, "high": 1.017}, "ratio").spread == "±0.149"


def test_an_interval_to_one_side_is_told_by_its_other_end() -> None:
    """A share of 0 or 1 (`sim.stats.proportions`): rounded away from the value."""
    none = show({"value": 0.0, "low": 0.0, "high": 0.001781}, "share")
    assert (none.value, none.spread, none.full) == ("0%", "≤0.18", "0.00% (0.00 to 0.18)")
    every = show({"value": 1.0, "low": 0.99821, "high": 1.0}, "share")
    assert (every.value, every.spread, every.full) == ("100%", "≥99.82", "100.0% (99.8 to 100.0)")
    late = show({"value": 0.0, "low": 0.0, "high": 0.0314}, "seconds")
    assert (late.value, late.spread, late.full) == ("0 s", "≤0.032", "0.000 s (0.000 to 0.031)")


def test_a_sentence_has_as_many_digits_as_tell_the_interval_apart() -> None:
    assert show({"value": 1.0, "low": 0.9996, "high": 1.0004}, "ratio").full == "×1.0000 (0.9996 to 1.0004)"
    assert show({"value": 1.0, "low": 1 - 1e-9, "high": 1 + 1e-9}, "ratio").full == "×1.00 (1.00 to 1.00)"


@pytest.mark.parametrize(("value", "text"), [
    (0.9994, "99.9%"), (0.9995, "99.95%"), (0.99964, "99.96%"), (0.99996, "99.996%"), (1.0, "100%"), (1.0004, "100%"),
])
def test_nearly_all_is_not_told_as_all(value: float, text: str) -> None:
    assert show({"value": value}, "share").value == share(value) == text


def test_an_exact_figure_has_no_interval() -> None:
    assert show({"value": 17.96, "low": 17.96, "high": 17.96}, "dollars").full == "$17.96"
    assert show({"value": 0.5, "low": 0.5, "high": 0.5}, "dollars").value == "$0.50"


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [(3.0, "seconds", "3 s"), (0.0, "seconds", "0 s"), (90.0, "seconds", "90 s"), (0.001, "share", "0.1%"),
     (0.2, "share", "20%"), (1.05, "ratio", "×1.05"), (1.0, "ratio", "×1"), (0.5, "dollars", "$0.50"),
     (18.0, "dollars", "$18.00"), (100.0, "number", "100"), (600 * 2.0**20, "bytes", "600 MiB"),
     (0.9995, "share", "99.95%"), (0.99999, "share", "99.999%"), (1.0, "share", "100%"), (1.2345, "ratio", "×1.2345"),
     (0.1 + 0.2, "seconds", "300 ms"), (1234.5, "number", "1,234.5")],
)  # fmt: skip
def test_what_a_person_wrote_is_told_without_idle_zeros(value: float, kind: Any, text: str) -> None:
    assert given(value, kind) == text


def test_a_figure_without_interval_says_why() -> None:
    shown = show({"value": 2.0, "low": None, "high": None, "why": "one replication"}, "seconds")
    assert (shown.value, shown.full, shown.spread, shown.why) == ("2.00 s", "2.00 s", "", "one replication")


def test_a_figure_without_value_says_why_and_never_is_zero() -> None:
    shown = show({"value": None, "why": "no price is known"}, "dollars")
    assert (shown.value, shown.why) == (NONE, "no price is known")
    assert show(None, "dollars").value == show({}, "dollars").value == NONE
