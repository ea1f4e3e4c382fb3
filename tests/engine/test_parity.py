"""The SimPy model and the crude one tell the same story, row for row."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from sim.engine import simulate

from . import reference
from .cases import Case
from .drawn import cases, long_case
from .story import difference, side_by_side

QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


def compare(case: Case) -> None:
    expected = reference.simulate(case.demand, case.capacity)
    found = simulate(case.demand, case.capacity)
    if difference(expected, found):
        pytest.fail(side_by_side(case, expected, found), pytrace=False)


@settings(max_examples=600, deadline=None, suppress_health_check=QUIET)
@given(cases())
def test_every_row_of_small_cases(case: Case) -> None:
    compare(case)


@settings(max_examples=200, deadline=None, suppress_health_check=QUIET)
@given(cases(most=4))
def test_every_row_of_tiny_cases(case: Case) -> None:
    compare(case)


@pytest.mark.parametrize("luck", range(25))
def test_every_row_of_long_cases(luck: int) -> None:
    compare(long_case(luck, 100))


@pytest.mark.nightly
@settings(max_examples=20_000, deadline=None, suppress_health_check=QUIET)
@given(cases())
def test_every_row_of_many_cases(case: Case) -> None:
    compare(case)


@pytest.mark.nightly
@pytest.mark.parametrize("luck", range(1000, 1600))
def test_every_row_of_many_long_cases(luck: int) -> None:
    compare(long_case(luck, 40 + luck % 200))
