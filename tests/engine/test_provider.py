"""Calls that a provider answers: both models alike, hand-worked stories, and what is true of every run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.engine import simulate
from sim.engine.contract import (
    CORE,
    NEVER,
    Breaker,
    Budget,
    Cause,
    Fate,
    Layer,
    Outcome,
    Provider,
    Status,
    Tries,
)  # fmt: skip
from sim.engine.contract.provider import MINUTE, delay_after
from sim.trace.audit import audit

from .cases import Case, capacity, demand
from .drawn import capacities, demands
from .drawn_callers import called
from .drawn_provider import FAILED, providers
from .test_parity import QUIET, compare

LIMITED, ERROR, TIMED_OUT, OPEN = FAILED


@st.composite
def served(draw: st.DrawFn, most: int = 8) -> Case:
    """A demand, with or without attempts, some of whose steps are calls."""
    tick = draw(st.sampled_from([1, 10, 1000]))
    asked = draw(demands(most=most, unit=tick))
    if draw(st.sampled_from([False, False, True])):
        asked = draw(called(asked, tick))
    serves = draw(capacities(asked, tick))
    return Case(asked, replace(serves, provider=draw(providers(asked, tick)), market=None, recovery=None))


@settings(max_examples=120, deadline=None, suppress_health_check=QUIET)
@given(served())
def test_every_row_of_cases_with_a_provider(case: Case) -> None:
    compare(case)


@pytest.mark.nightly
@settings(max_examples=8_000, deadline=None, suppress_health_check=QUIET)
@given(served(most=12))
def test_every_row_of_many_cases_with_a_provider(case: Case) -> None:
    compare(case)


@settings(max_examples=60, deadline=None, suppress_health_check=QUIET)
@given(served())
def test_every_run_passes_the_audit(case: Case) -> None:
    checks = audit(case.demand, case.capacity, simulate(case.demand, case.capacity)).checks
    assert [(check.name, check.detail) for check in checks if not check.passed] == []


@pytest.mark.parametrize(("column", "row", "value"), [
    ("ended", 0, 3), ("served", 1, 104), ("status", 0, Status.ERROR), ("number", 1, 2), ("asked", 1, 1), ("step", 0, 0),
])  # fmt: skip
def test_the_audit_sees_what_cannot_be(column: str, row: int, value: int) -> None:
    asked = demand([0, 5], [[(0, 10)]] * 2)
    serves = replace(capacity(2), provider=provider(2, **limit(100, 1), hint=7, answer=2, layers=again(2, 1, obeys=98)))
    found = simulate(asked, serves)
    changed = getattr(found.tries, column).copy()
    changed[row] = value
    broken = replace(found, tries=replace(found.tries, **{column: changed}))
    # An error after as long a time is all that cannot be told from a limit.
    assert audit(asked, serves, broken).passed == (column == "status")


def test_the_audit_sees_a_bucket_that_holds_less() -> None:
    asked = demand([0, 5], [[(0, 10)]] * 2)
    serves = replace(capacity(2), provider=provider(2, **limit(100, 2)))
    found = simulate(asked, serves)
    assert audit(asked, serves, found).passed
    for other in (limit(100, 1), {"slots": np.array([1])}):
        assert not audit(asked, replace(capacity(2), provider=provider(2, **other)), found).passed


# Stories: one request for each call, each on an instance of its own


def provider(n: int, **given_: object) -> Provider:
    """A provider without limits that serves each of n calls for 10, at once."""
    said: dict[str, object] = {
        "call_of": np.arange(n), "upstream": np.zeros((1, n), np.int64), "model": np.zeros(1, np.int64),
        "length": np.full((1, n, 1), 10), "cost": np.zeros((2, n), np.int64), "rate": np.full((3, 1), NEVER),
        "burst": np.full((3, 1), NEVER), "slots": np.array([NEVER]), "room": np.array([NEVER]),
        "errors": np.zeros(1, np.int64),
    }  # fmt: skip
    return Provider(**{**said, **given_})  # type: ignore[arg-type]


def story(at: list[int], stop: int = 10**6, **given_: object) -> Outcome:
    """What becomes of calls that are asked at these times."""
    asked = demand(at, [[(0, 10)]] * len(at), stop=stop)
    serves = replace(capacity(len(at)), provider=provider(len(at), **given_))
    found = simulate(asked, serves)
    assert audit(asked, serves, found).passed
    return found


def told(tries: Tries) -> list[tuple[int, int, int, int, Status]]:
    """(step, asked, served, ended, status) of each try."""
    return [(int(a), int(b), int(c), int(d), Status(e)) for a, b, c, d, e in zip(
        tries.step, tries.asked, tries.served, tries.ended, tries.status, strict=True)]  # fmt: skip


def again(attempts: int, *delay: int, **given_: object) -> tuple[Layer, ...]:
    return (Layer(attempts, FAILED, delay or (0,) * (attempts - 1), **given_),)  # type: ignore[arg-type]


def limit(every: int, burst: int) -> dict[str, object]:
    """A bucket of requests that gains one in so many microseconds."""
    return {"rate": np.array([[MINUTE // every], [NEVER], [NEVER]]), "burst": np.array([[burst], [NEVER], [NEVER]])}


def test_a_provider_without_limits_is_none_at_all() -> None:
    asked = demand([0, 3, 4], [[(2, 5), (1, 0), (0, 4)], [(0, 7)], [(3, 2)]], serial=True, agent=[0, 0, 1])
    plain = capacity(3, concurrency=2, cpu=CORE)
    given_ = replace(plain, provider=provider(5, length=asked.step_wait.reshape(1, 5, 1)))
    without, with_one = simulate(asked, plain), simulate(asked, given_)
    assert without.step_ended.tolist() == with_one.step_ended.tolist()
    assert without.ended.tolist() == with_one.ended.tolist()
    assert told(with_one.tries) == []


def test_who_is_limited_asks_again_when_told_to() -> None:
    # The bucket holds one and gains one each 100: the second, at 5, lacks 95, rounded up to 7s: 98.
    found = story([0, 5], **limit(100, 1), hint=7, answer=2, layers=again(2, 1, obeys=98))
    assert told(found.tries) == [(1, 5, NEVER, 7, LIMITED), (1, 105, 105, 115, Status.DONE)]
    # Who does not obey so long a time comes back after its own delay, and fails for good.
    found = story([0, 5], **limit(100, 1), hint=7, answer=2, layers=again(2, 1, obeys=97))
    assert told(found.tries) == [(1, 5, NEVER, 7, LIMITED), (1, 8, NEVER, 10, LIMITED)]
    assert (found.fate[1], found.cause[1], found.ended[1]) == (Fate.FAILED, Cause.PROVIDER, 10)


def test_a_bucket_of_tokens_lets_a_large_call_wait_and_a_small_one_through() -> None:
    # 5 tokens, one each 10; the first takes 4. At 10 there are 2: too few for 3, enough for 2.
    found = story([0, 10, 10], cost=np.array([[4, 3, 2], [0, 0, 0]]),
                  rate=np.array([[NEVER], [MINUTE // 10], [NEVER]]), burst=np.array([[NEVER], [5], [NEVER]]))
    assert [Fate(fate) for fate in found.fate] == [Fate.COMPLETED, Fate.FAILED, Fate.COMPLETED]


def test_whose_refused_tries_count_stays_refused() -> None:
    # A token each 10, a try each 5: where refused ones count, none is ever let through again but by the first token.
    layers = again(20, *[5] * 19)
    assert told(story([0, 1], **limit(10, 1), layers=layers).tries)[-1] == (1, 11, 11, 21, Status.DONE)
    found = story([0, 1], **limit(10, 1), layers=layers, counts_refused=True)
    assert {status for *_, status in told(found.tries)} == {LIMITED}


def test_slots_and_a_queue_and_who_finds_both_full() -> None:
    found = story([0, 1, 2], slots=np.array([1]), room=np.array([1]))
    assert told(found.tries) == [(1, 1, 10, 20, Status.DONE), (2, 2, NEVER, 2, LIMITED)]


def test_who_times_out_frees_its_place_unless_the_provider_finishes() -> None:
    # One slot. The second is in it from 5 and gives up at 7, with 7 to go; the third waits.
    # Its 4 end as its time does, which is in time.
    given_: dict[str, object] = {"slots": np.array([1]), "timeout": 6, "length": np.array([[[5], [9], [4]]])}
    found = story([0, 1, 5], **given_)
    assert told(found.tries) == [(1, 1, 5, 7, TIMED_OUT), (2, 5, 7, 11, Status.DONE)]
    found = story([0, 1, 5], **given_, finishes=True)
    assert told(found.tries) == [(1, 1, 5, 7, TIMED_OUT), (2, 5, 14, 11, TIMED_OUT)]


def test_an_outage_fails_those_who_ask_within_it() -> None:
    window = {"down_of": np.array([0]), "down_from": np.array([5]), "down_until": np.array([8]),
              "down_rate": np.array([CORE // 2]), "luck": np.array([[0], [499_999], [500_000], [0]])}
    found = story([4, 5, 7, 8], **window)
    assert told(found.tries) == [(1, 5, NEVER, 5, ERROR)]


def test_layers_multiply_and_the_inner_begins_anew() -> None:
    layers = (Layer(2, FAILED, (3,)), Layer(2, FAILED, (100,)))
    found = story([0], errors=np.array([CORE]), luck=np.zeros((1, 4), np.int64), layers=layers)
    assert [asked for _, asked, *_ in told(found.tries)] == [0, 3, 103, 106]
    assert (found.ended[0], found.cause[0]) == (106, Cause.PROVIDER)


def test_what_is_not_retried_goes_to_the_next_layer() -> None:
    layers = (Layer(5, (LIMITED,), (1,) * 4), Layer(2, (ERROR,), (50,)))
    found = story([0], errors=np.array([CORE]), luck=np.zeros((1, 10), np.int64), layers=layers)
    assert [asked for _, asked, *_ in told(found.tries)] == [0, 50]


def test_falling_back_goes_to_the_other_model_for_good() -> None:
    two = {"upstream": np.array([[0], [1]]), "model": np.arange(2), "length": np.array([[[10]], [[4]]]),
           "errors": np.array([CORE, 0]), "luck": np.zeros((1, 3), np.int64), "slots": np.array([NEVER] * 2),
           "room": np.array([NEVER] * 2), "rate": np.full((3, 2), NEVER), "burst": np.full((3, 2), NEVER)}
    found = story([0], **two, layers=again(3, 1, 1), fall_back=2)
    assert told(found.tries) == [(0, 0, NEVER, 0, ERROR), (0, 1, NEVER, 1, ERROR), (0, 2, 2, 6, Status.DONE)]
    assert found.tries.way.tolist() == [0, 0, 1]


def test_a_budget_runs_out_and_a_success_fills_it() -> None:
    # Two tokens, and half of one for a success: the third failure may not try again, nor the one after one success.
    lucky = np.array([[0, CORE - 1], [0, CORE - 1], [0, CORE - 1]])
    found = story([0, 100, 200], errors=np.array([1]), luck=lucky, layers=again(2, 1),
                  budget=Budget(CORE, CORE // 2, own=False))
    # The second has half a token.
    assert [Fate(fate) for fate in found.fate] == [Fate.COMPLETED, Fate.FAILED, Fate.FAILED]


def test_a_breaker_opens_and_a_probe_closes_it() -> None:
    lucky = np.array([[0], [0], [9], [9], [9], [9]])
    found = story([0, 1, 2, 12, 15, 23], errors=np.array([1]), luck=lucky, breaker=Breaker(2, CORE, 10, own=False))
    # Two fail, it opens at 1; the third meets it; at 12 there is a probe, which is over at 22: until then it is open.
    assert told(found.tries) == [(0, 0, NEVER, 0, ERROR), (1, 1, NEVER, 1, ERROR), (2, 2, NEVER, 2, OPEN),
                                 (4, 15, NEVER, 15, OPEN)]


def test_a_request_that_dies_hangs_up() -> None:
    asked = demand([0, 1], [[(0, 10)]] * 2)
    serves = replace(capacity(2, duration_limit=4), provider=provider(2, slots=np.array([1])))
    # The first is cut at 4 and frees its slot; the second, of 1, has it from 4 to 5.
    found = simulate(asked, serves)
    assert told(found.tries) == [(0, 0, 0, 4, Status.LEFT), (1, 1, 4, 5, Status.LEFT)]


def test_what_is_under_way_at_the_end_has_not_ended() -> None:
    found = story([0], stop=5)
    assert told(found.tries) == [(0, 0, 0, NEVER, Status.NONE)]


@pytest.mark.parametrize(("jitter", "least", "most"), [(0, 800, 800), (CORE // 4, 600, 800), (CORE // 2, 400, 800),
                                                       (CORE, 0, 800)])
def test_jitter_takes_a_part_of_the_delay(jitter: int, least: int, most: int) -> None:
    # None, that of two vendors' SDKs, equal and full jitter of a delay of 800.
    layer = Layer(4, FAILED, (200, 400, 800), jitter)
    drawn = [delay_after(layer, 2, NEVER, luck) for luck in range(0, CORE, 1000)]
    # The luck is less than one, and delays are whole.
    assert (min(drawn), max(drawn)) == (least + (jitter > 0), most)


def test_decorrelated_jitter_lies_between_base_and_three_times_the_last() -> None:
    layer = Layer(9, FAILED, (100, 10_000), decorrelated=True)
    assert [delay_after(layer, 3, before, CORE // 2) for before in (NEVER, 100, 300, 10_000)] == [200, 200, 500, 10_000]
    assert delay_after(layer, 3, 300, 0) == 100
