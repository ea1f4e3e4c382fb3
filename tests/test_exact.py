"""Sums that do not fit 64 bits, against those of Python's integers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.exact import narrow_sums, sums, total


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=50))
def test_total(values: list[int]) -> None:
    assert total(np.array(values, np.int64)) == sum(values)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2**63 - 1)), max_size=50))
def test_sums_by_index(pairs: list[tuple[int, int]]) -> None:
    index, values = (np.array([pair[place] for pair in pairs], np.int64) for place in (0, 1))
    assert sums(index, values, 4).tolist() == [sum(v for i, v in pairs if i == k) for k in range(4)]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2**57)), max_size=50))
def test_narrow_sums_by_index(pairs: list[tuple[int, int]]) -> None:
    index, values = (np.array([pair[place] for pair in pairs], np.int64) for place in (0, 1))
    found = narrow_sums(index, values, 4)
    assert found.dtype == np.int64 and found.tolist() == [sum(v for i, v in pairs if i == k) for k in range(4)]


def test_many_values() -> None:
    """Their floats would not be exact."""
    values = np.arange(100_000, dtype=np.int64) * 900_000_001
    assert narrow_sums(np.zeros(100_000, np.int64), values, 1)[0] == sum(range(100_000)) * 900_000_001 == total(values)


def test_what_is_negative_is_not_added_up_by_index() -> None:
    with pytest.raises(AssertionError, match="not negative"):
        sums(np.zeros(1, np.int64), np.array([-1]), 1)
