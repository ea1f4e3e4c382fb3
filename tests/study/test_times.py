"""Times kept in few bytes are the times that were given, in order."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.stats import INFINITE
from sim.study.times import Times

FINITE = {"completed.latency_s": "latency_s"}

some = st.lists(
    st.just(0) | st.just(INFINITE) | st.integers(-300, 300) | st.integers(-(2**40), 2**40)
    | st.integers(-(2**63), 2**63 - 1), max_size=40)  # fmt: skip


def of(values: list[int]) -> Times:
    return Times({"latency_s": np.array(values, np.int64)}, FINITE)


@given(some)
def test_they_come_back_in_order(values: list[int]) -> None:
    found = of(values)
    assert found["latency_s"].tolist() == sorted(values)
    assert found["completed.latency_s"].tolist() == sorted(value for value in values if value != INFINITE)
    assert all(found[name].dtype == np.int64 for name in found)


@given(some)
def test_workers_send_what_they_have(values: list[int]) -> None:
    sent = pickle.loads(pickle.dumps(of(values)))
    assert {name: times.tolist() for name, times in sent.items()} == {
        name: times.tolist() for name, times in of(values).items()}  # fmt: skip


@pytest.mark.parametrize(("values", "bytes_each"), [
    ([0] * 100, 0), ([INFINITE] * 100, 0), ([255] * 100, 1), ([256] * 100, 2), ([2**16] * 100, 4),
    ([2**32 - 1] * 100, 4), ([2**32] * 100, 8), ([-1] * 100, 4), ([-(2**31), 2**31 - 1] * 50, 4),
    ([-1, 2**31] * 50, 8), ([2**63 - 2] * 100, 8)])  # fmt: skip
def test_what_they_take(values: list[int], bytes_each: int) -> None:
    assert of(values).nbytes == bytes_each * len(values)


def test_names() -> None:
    assert list(of([1])) == ["latency_s", "completed.latency_s"]
    assert len(of([1])) == 2
    with pytest.raises(KeyError):
        of([1])["x"]
    assert len(of([])["latency_s"]) == 0


def test_what_is_given_is_left_alone() -> None:
    given_ = np.array([3, 1, 2], np.int64)
    Times({"a": given_}, {})["a"][0] = 9
    assert given_.tolist() == [3, 1, 2]
