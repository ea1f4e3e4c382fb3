"""Callers that give up and try again: both models alike, and what is true of every run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from sim.engine import simulate
from sim.engine.contract import CORE, NEVER, Breaker, Budget, Cause, Demand, Fate, Outcome
from sim.trace.audit import audit
from sim.workload.seen import seen

from .cases import Case, capacity, demand
from .drawn_callers import attempts, calling, calling_on_spot
from .test_parity import QUIET, compare


@settings(max_examples=250, deadline=None, suppress_health_check=QUIET)
@given(calling())
def test_every_row_of_cases_with_callers(case: Case) -> None:
    compare(case)


@settings(max_examples=80, deadline=None, suppress_health_check=QUIET)
@given(calling_on_spot())
def test_every_row_of_cases_with_callers_on_spot(case: Case) -> None:
    compare(case)


@pytest.mark.nightly
@settings(max_examples=10_000, deadline=None, suppress_health_check=QUIET)
@given(calling(most=10))
def test_every_row_of_many_cases_with_callers(case: Case) -> None:
    compare(case)


@settings(max_examples=150, deadline=None, suppress_health_check=QUIET)
@given(calling())
def test_the_audit_passes_every_run(case: Case) -> None:
    found = audit(case.demand, case.capacity, simulate(case.demand, case.capacity))
    assert found.passed, [check for check in found.checks if not check.passed]


@settings(max_examples=100, deadline=None, suppress_health_check=QUIET)
@given(calling())
def test_each_request_that_came_is_seen_once_and_has_one_end(case: Case) -> None:
    o, callers = simulate(case.demand, case.capacity), case.demand.callers
    assert callers is not None
    whole = seen(case.demand, o)
    came = set(np.flatnonzero((o.arrived >= 0) & (callers.retry_of < 0)).tolist())
    rows = np.flatnonzero(whole.fate != Fate.ABSENT)
    assert sorted(callers.first[rows].tolist()) == sorted(came)
    for row in rows.tolist():
        first = int(callers.first[row])
        assert whole.arrived[row] == o.arrived[first]
        if whole.fate[row] == Fate.COMPLETED:
            assert o.left[row] == NEVER and whole.ended[row] == o.ended[row] == o.step_ended[
                case.demand.step_first[row + 1] - 1]  # fmt: skip
        # Whoever tried before it did so in vain.
        assert all(o.left[other] >= 0 or o.fate[other] == Fate.FAILED for other in range(first, row))
    completed = (o.fate == Fate.COMPLETED) & (o.left == NEVER)
    assert np.array_equal(completed, whole.fate == Fate.COMPLETED), "no request completes twice for its caller"


# By hand. One server, unless said otherwise.


def run(asked: Demand, tries: int, delay: int = 0, **said: object) -> Outcome:
    """Run requests with so many attempts each on one warm instance, and hold the audit against it."""
    again = attempts(asked, [tries] * asked.n, [delay] * (tries * asked.n))
    assert again.callers is not None
    limits = {name: said.pop(name) for name in ("queue_limit", "duration_limit") if name in said}
    timeout = np.full(again.n, said.pop("timeout", NEVER), np.int64)
    again = replace(again, callers=replace(again.callers, timeout=timeout, **said))
    serves = capacity(again.n, minimum=1, maximum=1, **limits)
    outcome = simulate(again, serves)
    assert audit(again, serves, outcome).passed
    return outcome


def test_a_caller_gives_up_and_tries_again_until_it_is_served() -> None:
    # The first takes 10. The second waits 4, comes again at 5 + 4 + 3 = 12, and is served from then on.
    outcome = run(demand([0, 5], [[(0, 10)], [(0, 4)]]), 2, delay=3, timeout=4, cancels=True)
    # The first is given up too, at 4; so the second begins at 5, after all; the first comes again at 7, waits, is given
    # up at 11 although it has begun at 9.
    assert outcome.arrived.tolist() == [0, 7, 5, NEVER]
    assert outcome.started.tolist() == [0, 9, 5, NEVER]
    assert outcome.ended.tolist() == [4, 11, 9, NEVER]
    assert outcome.left.tolist() == [4, 11, NEVER, NEVER]
    assert outcome.cause.tolist() == [Cause.TIMEOUT, Cause.TIMEOUT, Cause.NONE, Cause.NONE]


def test_an_attempt_that_is_not_cancelled_is_worked_on_for_nobody() -> None:
    # Given up at 4, tried again at 5, behind itself: it ends at 10, the other attempt begins then, given up at 9.
    outcome = run(demand([0], [[(0, 10)]]), 2, delay=1, timeout=4, cancels=False)
    assert outcome.arrived.tolist() == [0, 5]
    assert outcome.started.tolist() == [0, 10]
    assert outcome.ended.tolist() == [10, 20]
    assert outcome.left.tolist() == [4, 9]
    assert outcome.fate.tolist() == [Fate.COMPLETED] * 2


def test_an_attempt_that_ends_at_its_timeout_has_ended() -> None:
    outcome = run(demand([0], [[(0, 4)]]), 2, timeout=4, cancels=True)
    assert outcome.fate.tolist() == [Fate.COMPLETED, Fate.ABSENT]
    assert outcome.left.tolist() == [NEVER, NEVER]


def test_who_loses_patience_does_not_come_back_and_who_gives_up_first_has_none_to_lose() -> None:
    asked = demand([0, 0, 0], [[(0, 30)]] * 3, patience=[NEVER, 5, 7])
    outcome = run(asked, 2, delay=1, timeout=6, cancels=True)
    # The first is given up at 6, with 30 to go, and the third then begins. Patience of the second ends at 5.
    assert outcome.fate[2:4].tolist() == [Fate.ABANDONED, Fate.ABSENT]
    assert outcome.left[4] == 6 and outcome.cause[4] == Cause.TIMEOUT
    both = run(demand([0, 0], [[(0, 30)]] * 2, patience=[NEVER, 6]), 2, timeout=6, cancels=False)
    assert both.fate[2:].tolist() == [Fate.ABANDONED, Fate.ABSENT], "at one instant patience comes first"


def test_whoever_follows_waits_for_the_last_attempt_but_not_for_a_caller_long_gone() -> None:
    asked = demand([0, 2], [[(0, 10)], [(0, 1)]], agent=[0, 0], after=[NEVER, 0])
    cancelled = run(asked, 3, delay=1, timeout=4, cancels=True)
    assert cancelled.arrived.tolist() == [0, 5, 10, 16, NEVER, NEVER]  # the third is given up at 14
    # The first attempt ends at 10; the others, given up at 9 and 14, hold the instance until 20 and 30.
    burning = run(asked, 3, delay=1, timeout=4, cancels=False)
    assert burning.arrived.tolist() == [0, 5, 10, 16, 21, 26]
    assert burning.started.tolist() == [0, 10, 20, 30, 31, 32]


def test_an_agent_that_works_on_one_request_at_a_time_waits_for_what_it_gave_up() -> None:
    outcome = run(demand([0], [[(0, 10)]], serial=True), 2, delay=1, timeout=4, cancels=False)
    assert outcome.admitted.tolist() == [0, 10]


def test_retries_are_for_the_causes_that_are_named() -> None:
    asked = demand([0, 0, 0], [[(0, 5)]] * 3)
    named = np.array([cause == Cause.QUEUE_FULL for cause in Cause])
    outcome = run(asked, 2, delay=2, queue_limit=1, duration_limit=3, retried=named)
    # One is served, one waits, one is turned away and comes again; the limit of duration is final.
    assert outcome.cause.tolist() == [Cause.DURATION, 0, Cause.DURATION, 0, Cause.QUEUE_FULL, Cause.QUEUE_FULL]
    assert outcome.arrived.tolist() == [0, NEVER, 0, NEVER, 0, 2]


def test_a_retry_comes_although_the_horizon_has_passed() -> None:
    outcome = run(demand([0], [[(0, 9)]], horizon=1), 2, delay=7, duration_limit=3)
    assert outcome.arrived.tolist() == [0, 10]
    late = demand([0], [[(0, 9)]], horizon=1, stop=5)
    again = attempts(late, [2], [0, 7])
    waiting = simulate(again, capacity(2, minimum=1, duration_limit=3))
    assert waiting.due.tolist() == [NEVER, 10] and waiting.arrived.tolist() == [0, NEVER]
    whole = seen(again, waiting)
    assert whole.fate.tolist() == [Fate.UNFINISHED, Fate.ABSENT], "its caller was about to try again"


@pytest.mark.parametrize(("own", "tried"), [(False, 3), (True, 4)])
def test_a_budget_is_spent_and_earned(own: bool, tried: int) -> None:
    # A token and a half at first. Of agent 0: fails and is tried (one half left), then half a token more for what
    # completes at 21, which is a whole one. Of agent 1, the same; where they share, there is nothing left for it.
    steps = [[(0, 9)], [(0, 1)], [(0, 9)], [(0, 9)]]
    asked = demand([0, 20, 40, 60], steps, agent=[0, 0, 0, 1])
    budget = Budget(CORE * 3 // 2, CORE // 2, own)
    outcome = run(asked, 2, delay=4, duration_limit=2, budget=budget)
    assert (outcome.due >= 0).sum() + 1 == tried
    assert outcome.due[[1, 5]].tolist() == [6, 46]


def test_a_breaker_opens_probes_and_closes() -> None:
    # Two of two fail, at 2 and 5: open until 15. Turned away at 8. Let in at 16, fails at 18: open until 28. Let in at
    # 30, completes at 31, so that one at 32 is let in; but who comes at 30 beside the probe is turned away.
    steps = [[(0, 9)], [(0, 9)], [(0, 1)], [(0, 9)], [(0, 1)], [(0, 1)], [(0, 1)]]
    asked = demand([0, 3, 8, 16, 30, 30, 32], steps)
    outcome = run(asked, 1, duration_limit=2, breaker=Breaker(2, CORE, 10, own=False))
    expected = [Cause.DURATION, Cause.DURATION, Cause.BREAKER, Cause.DURATION, 0, Cause.BREAKER, 0]
    assert outcome.cause.tolist() == expected
    assert outcome.admitted.tolist() == [0, 3, NEVER, 16, 30, NEVER, 32]


def test_a_breaker_goes_by_the_share_of_the_last_results() -> None:
    # Good, bad, bad: two of the last three. Half of three is reached; all of three is not.
    steps = [[(0, 1)], [(0, 9)], [(0, 9)], [(0, 1)]]
    asked = demand([0, 3, 8, 16], steps)
    half = run(asked, 1, duration_limit=2, breaker=Breaker(3, CORE // 2, 10, own=False))
    every = run(asked, 1, duration_limit=2, breaker=Breaker(3, CORE, 10, own=False))
    assert half.cause[3] == Cause.BREAKER
    assert every.cause[3] == Cause.NONE


def test_agents_have_breakers_of_their_own() -> None:
    asked = demand([0, 5, 5], [[(0, 9)], [(0, 1)], [(0, 1)]], agent=[0, 0, 1])
    outcome = run(asked, 1, duration_limit=2, breaker=Breaker(1, 1, 10, own=True))
    assert outcome.cause.tolist() == [Cause.DURATION, Cause.BREAKER, Cause.NONE]
