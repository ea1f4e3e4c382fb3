"""The SimPy model and the crude one tell the same story of instances that are taken, row for row."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from sim.engine import simulate
from sim.trace.audit import audit

from .cases import Case
from .drawn_spot import spot_cases
from .test_parity import QUIET, compare


@settings(max_examples=400, deadline=None, suppress_health_check=QUIET)
@given(spot_cases())
def test_every_row_of_cases_with_interruptions(case: Case) -> None:
    compare(case)


@settings(max_examples=100, deadline=None, suppress_health_check=QUIET)
@given(spot_cases())
def test_the_audit_passes_where_instances_are_taken(case: Case) -> None:
    found = audit(case.demand, case.capacity, simulate(case.demand, case.capacity))
    assert found.passed, [check for check in found.checks if not check.passed]


@pytest.mark.nightly
@settings(max_examples=20_000, deadline=None, suppress_health_check=QUIET)
@given(spot_cases())
def test_every_row_of_many_cases_with_interruptions(case: Case) -> None:
    compare(case)
