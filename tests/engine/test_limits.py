"""What limits, checks, lifetimes, patience and the scaler promise, seen in the rows of any run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from simpy.events import Event

from sim.engine import simulate
from sim.engine.contract import CORE, NEVER, Cause, Credit, Fate, KeepAlive, Outcome, Scaler, State
from sim.engine.ticks import Ticks

from .cases import Case, capacity, demand
from .drawn import cases
from .story import turns

some = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)

UP = {State.STARTING, State.IDLE, State.BUSY, State.ENTERING, State.WAKING, State.DRAINING}


def fleets(outcome: Outcome) -> Iterator[tuple[int, int, State, dict[int, State]]]:
    """Each turn as (time, instance, new state, states of all before it)."""
    states: dict[int, State] = {}
    for time, number, state, _ in turns(outcome):
        yield time, number, state, states
        states[number] = state


@some
@given(cases(), st.integers(1, 3))
def test_nothing_is_opened_or_woken_beyond_the_quota(case: Case, quota: int) -> None:
    outcome = simulate(case.demand, replace(case.capacity, quota=quota))
    for time, number, state, states in fleets(outcome):
        opened = state == State.STARTING
        woken = state == State.WAKING and states[number] == State.RESTING
        if time and (opened or woken):
            assert sum(one in UP for one in states.values()) < quota


@some
@given(cases(), st.sampled_from([1, 3, 10, 5000]), st.integers(1, 3))
def test_openings_keep_to_the_token_bucket(case: Case, every: int, burst: int) -> None:
    # In any time t a bucket of b tokens, one more each T, lets at most b + floor(t / T) through (Turner 1986).
    outcome = simulate(case.demand, replace(case.capacity, pace_every=every, pace_burst=burst))
    times = [time for time, _, state, _ in turns(outcome) if state == State.STARTING]
    for first in range(len(times)):
        for last in range(first, len(times)):
            assert last - first + 1 <= burst + (times[last] - times[first]) // every


def test_a_burst_is_served_at_the_pace_of_openings() -> None:
    # Ten requests at once, three tokens, one more each 100: opened at 0, 0, 0, 100, 200, ..., 700; each starts for 5.
    asked = demand([0] * 10, [[(0, 1000)]] * 10)
    outcome = simulate(asked, capacity(10, early=True, start=5, pace_every=100, pace_burst=3))
    assert outcome.started.tolist() == [5, 5, 5, *range(105, 800, 100)]
    # Tokens that were not used are kept, three at most: at 10,000 there are three again, not more.
    asked = demand([0] * 3 + [10_000] * 5, [[(0, 1)]] * 8)
    serves = capacity(8, early=True, start=5, pace_every=100, pace_burst=3, ladder=[(0, 0, False, 0)])
    assert simulate(asked, serves).started.tolist() == [5, 5, 5, 10_005, 10_005, 10_005, 10_006, 10_006]


def test_pools_take_turns_for_the_quota_in_order_of_admission() -> None:
    # One instance up at a time, three agents with one each: the one that was admitted first comes first.
    asked = demand([2, 1, 0], [[(0, 10)]] * 3)
    serves = capacity(3, pools=3, pool_of=[0, 1, 2], quota=1, early=True, start=3, ladder=[(4, 0, False, 0)])
    outcome = simulate(asked, serves)
    # 0: starts; 3 to 13 busy, 17 off; 17: the next.
    assert outcome.started.tolist() == [37, 20, 3]


def test_an_instance_that_leaves_its_rung_for_the_next_takes_the_request_that_waits() -> None:
    # One may be up. The second request must let the first's instance rest (at 1105), unless its own is up by itself:
    # that enters its next rung at 100, is there at 110 and wakes from it in 20.
    asked = demand([0, 5], [[(0, 1000)], [(0, 1)]])
    rungs = [(50, 0, True, 5), (100, 10, True, 20)]
    serves = capacity(2, pools=2, pool_of=[0, 1], quota=1, initial_rung=0, ladder=rungs)
    assert simulate(asked, serves).started.tolist() == [5, 130]


def test_many_starts_at_once_are_slower() -> None:
    # Alone each does 1 in 1, two of them half of it, three or more a fourth.
    asked = demand([0, 10, 30, 1000, 1000, 1000, 1000], [[(0, 1)]] * 7)
    serves = capacity(7, early=True, start=100, start_pace=[CORE, CORE // 2, CORE // 4], ladder=[(0, 0, False, 0)])
    # At 10 the first has 90 left, at 30 it has 80 and the second 90; three of them: 80 take 320, until 350. Then the
    # second has 10 left and the third 20: 10 take 20, until 370; then the third has 10, alone, until 380. The four that
    # start together are ready together, however many there are.
    assert simulate(asked, serves).started.tolist() == [350, 370, 380, 1400, 1400, 1400, 1400]


@pytest.mark.parametrize("early", [False, True])
def test_one_to_spare_is_opened_as_soon_as_the_last_is_taken(early: bool) -> None:
    # One idle at first. Each request takes the one that is ready, or on its way, and has another opened at once.
    asked = demand([0, 10, 20, 500], [[(0, 1000)]] * 3 + [[(0, 1)]], stop=5000)
    serves = capacity(4, early=early, buffer=1, start=100, ladder=[(50, 0, False, 0)])
    outcome = simulate(asked, serves)
    # Opened at 0, 10 and 20 for no request; the one of 20 is ready at 120 and there at 500, and then another is opened.
    assert outcome.started.tolist() == [0, 100, 110, 500]
    assert [t for t, _, state, _ in turns(outcome) if state == State.STARTING] == [0, 10, 20, 500]
    # At the end there are no requests: one stays, whatever the ladder says.
    states = {number: state for _, number, state, _ in turns(outcome)}
    assert sorted(states.values()) == [*[State.OFF] * 4, State.IDLE]


def test_an_instance_goes_and_is_back_by_the_gaps_there_were() -> None:
    # Served for 1 each; gaps of 25 and 29. With two gaps known, both in the third bin of 10: it goes at once, is back
    # after 20, ready 3 later, and stays until (3 x 10 - 20) after that.
    asked = demand([0, 26, 56, 80, 180], [[(0, 1)]] * 5)
    habit = KeepAlive(bin=10, bins=6, head=50_000, tail=990_000, margin=0, least=2, spread=CORE)
    serves = capacity(5, early=True, maximum=1, start=3, ladder=[(40, 0, False, 0)], keep_alive=habit)
    outcome = simulate(asked, serves)
    told = [turn[:3] for turn in turns(outcome)]
    assert told[:8] == [
        (0, 0, State.STARTING), (3, 0, State.BUSY), (4, 0, State.IDLE), (26, 0, State.BUSY), (27, 0, State.IDLE),
        (56, 0, State.BUSY), (57, 0, State.IDLE), (57, 0, State.ENTERING),
    ]  # fmt: skip
    assert told[8:14] == [
        (57, 0, State.OFF), (77, 1, State.STARTING), (80, 1, State.IDLE), (80, 1, State.BUSY), (81, 1, State.IDLE),
        (81, 1, State.ENTERING),
    ]  # fmt: skip
    # Gaps of 22, 29 and 23 by then: back at 101, ready at 104, gone at 114; the last request starts another.
    assert told[14:] == [
        (81, 1, State.OFF), (101, 2, State.STARTING), (104, 2, State.IDLE), (114, 2, State.ENTERING),
        (114, 2, State.OFF), (180, 3, State.STARTING), (183, 3, State.BUSY), (184, 3, State.IDLE),
        # A gap of 99 is out of range. Of four gaps one is outside; the others say as before.
        (184, 3, State.ENTERING), (184, 3, State.OFF), (204, 4, State.STARTING), (207, 4, State.IDLE),
        (217, 4, State.ENTERING), (217, 4, State.OFF),
    ]  # fmt: skip


def test_gaps_that_tell_nothing_leave_an_instance_for_the_whole_range() -> None:
    # One gap in each bin: sum of squares x bins is the square of the sum, so the counts do not vary at all.
    at, gaps = [0], [5, 15, 25]
    for gap in gaps:
        at.append(at[-1] + 1 + gap)
    asked = demand(at, [[(0, 1)]] * 4)
    for spread, gone in ((CORE, at[-1] + 1), (CORE + 1, at[-1] + 31)):
        habit = KeepAlive(bin=10, bins=3, head=CORE, tail=CORE, margin=0, least=3, spread=spread)
        serves = capacity(4, early=True, maximum=1, ladder=[(40, 0, False, 0)], keep_alive=habit)
        left = [t for t, _, state, _ in turns(simulate(asked, serves)) if state == State.ENTERING]
        assert left[0] == gone


@some
@given(cases(), st.sampled_from([1, 4, 30, 4000]), st.booleans())
def test_nothing_is_warm_for_longer_than_its_lifetime(case: Case, lifetime: int, kills: bool) -> None:
    outcome = simulate(case.demand, replace(case.capacity, lifetime=lifetime, lifetime_kills=kills))
    warm_since: dict[int, int] = {}
    for time, number, state, states in fleets(outcome):
        warm = state in (State.IDLE, State.BUSY)
        if warm and states.get(number) not in (State.IDLE, State.BUSY):
            warm_since[number] = time
        if states.get(number) in (State.IDLE, State.BUSY):
            assert time - warm_since[number] <= lifetime
        if state == State.DRAINING:
            assert not kills or case.capacity.scaler is not None
    for row in np.flatnonzero(outcome.cause == Cause.LIFETIME):
        assert kills and outcome.ended[row] - warm_since[int(outcome.instance[row])] == lifetime


def test_an_instance_at_the_end_of_its_life_is_replaced_when_it_must_stay() -> None:
    # One that must be there, 100 each: taken at 100 while it serves for 30 from 90, so it drains until 120; the next
    # starts at 100 for 7 (the luck of no request), and is taken at 207 for one that is ready at 214, and so on.
    asked = demand([90, 130], [[(0, 30)], [(0, 1)]], stop=320)
    serves = capacity(2, minimum=1, maximum=2, start=[1, 1, 7], lifetime=100)
    told = [turn[:3] for turn in turns(simulate(asked, serves))]
    assert told == [
        (0, 0, State.IDLE), (90, 0, State.BUSY), (100, 0, State.DRAINING), (100, 1, State.STARTING),
        (107, 1, State.IDLE), (120, 0, State.OFF), (130, 1, State.BUSY), (131, 1, State.IDLE), (207, 1, State.OFF),
        (207, 2, State.STARTING), (214, 2, State.IDLE), (314, 2, State.OFF), (314, 3, State.STARTING),
    ]  # fmt: skip


@some
@given(cases())
def test_nobody_waits_longer_than_they_have_patience(case: Case) -> None:
    asked = case.demand
    outcome = simulate(asked, case.capacity)
    patience = asked.patience if len(asked.patience) else np.full(asked.n, NEVER)
    for row in np.flatnonzero(outcome.arrived >= 0):
        left = outcome.fate[row] == Fate.ABANDONED
        assert not left or outcome.ended[row] - outcome.arrived[row] == patience[row] != NEVER
        if outcome.started[row] >= 0 and patience[row] != NEVER:
            assert outcome.started[row] - outcome.arrived[row] <= patience[row]


def test_who_waits_in_line_or_for_a_turn_or_for_a_start_may_leave() -> None:
    # One server, busy from 0 to 50. Row 1 waits in line until 10; row 2 is of the same agent as row 0 and waits for
    # its turn until 20; row 3 waits until 50 and is served; row 4 arrives at 60, when row 3 is being served until 100.
    patience = [NEVER, 10, 20, 45, 5]
    asked = demand([0, 0, 0, 5, 60], [[(0, 50)]] * 5, agent=[0, 1, 0, 2, 3], patience=patience, serial=True)
    outcome = simulate(asked, capacity(5, minimum=1, maximum=1))
    assert outcome.ended.tolist() == [50, 10, 20, 100, 65]
    assert outcome.started.tolist() == [0, NEVER, NEVER, 50, NEVER]
    # Who is bound to an instance that is starting may leave too; the instance comes all the same, and is idle.
    outcome = simulate(demand([0], [[(0, 1)]], patience=[3]), capacity(1, early=True, start=9))
    assert (outcome.ended.tolist(), turns(outcome)[-1][:3]) == ([3], (9, 0, State.IDLE))


def test_what_the_platform_does_not_take_fails_at_once_and_opens_nothing() -> None:
    outcome = simulate(demand([0, 4], [[(0, 1)]] * 2), capacity(2, refused=[1]))
    assert outcome.cause.tolist() == [Cause.NONE, Cause.PAYLOAD] and outcome.ended.tolist() == [1, 4]
    assert len(outcome.opener) == 1


def test_checks_stop_one_idle_instance_at_a_time() -> None:
    # Three instances idle from 10, 11, 12; idle time 20; a check each 25 stops one: at 50, 75, 100 (at 25 none is due).
    asked = demand([0, 1, 2], [[(0, 10)]] * 3, stop=200)
    serves = capacity(3, early=True, ladder=[(20, 0, False, 0)], check_every=25, check_most=1)
    off = [turn[:2] for turn in turns(simulate(asked, serves)) if turn[2] == State.OFF]
    assert off == [(50, 0), (75, 1), (100, 2)]
    off = [turn[:2] for turn in turns(simulate(asked, replace(serves, check_most=NEVER))) if turn[2] == State.OFF]
    assert off == [(50, 0), (50, 1), (50, 2)]


def test_a_stop_that_does_not_stick_is_tried_again_after_the_next_request() -> None:
    # Idle from 10; at 30 it should go and does not; after the request of 500 to 510 it goes at 530.
    asked = demand([0, 500], [[(0, 10)]] * 2)
    outcome = simulate(asked, capacity(2, ladder=[(20, 0, False, 0)], loose=[0]))
    assert [turn[0] for turn in turns(outcome) if turn[2] == State.ENTERING] == [530]


def test_an_open_connection_puts_idleness_off() -> None:
    # Ends at 10 and 12, with connections open until 110 and 22: idle counts from 110, so it goes at 130.
    asked = demand([0, 0], [[(0, 10)], [(0, 12)]], linger=[100, 10])
    outcome = simulate(asked, capacity(2, concurrency=2, ladder=[(20, 0, False, 0)]))
    assert [turn[0] for turn in turns(outcome) if turn[2] == State.ENTERING] == [130]


def test_the_floor_follows_its_steps() -> None:
    # Nobody asks. Two from 100 on, which start for 7 each; none from 200 on, so they are let go when looked at next:
    # idle since 107, looked at each 30: 137, 167, 197, 227.
    asked = demand([1000], [[(0, 1)]], stop=900)
    outcome = simulate(asked, capacity(1, start=[1, 7], floor=[(100, 2), (200, 0)], ladder=[(30, 0, False, 0)]))
    told = [turn[:3] for turn in turns(outcome)]
    assert told == [
        (100, 0, State.STARTING), (100, 1, State.STARTING), (107, 0, State.IDLE), (107, 1, State.IDLE),
        (227, 0, State.ENTERING), (227, 0, State.OFF), (227, 1, State.ENTERING), (227, 1, State.OFF),
    ]  # fmt: skip


# CPU


def test_a_slow_instance_takes_longer_for_cpu_and_not_for_waiting() -> None:
    # 1,000 us of CPU at four fifths of the speed are 1,250 us; then 100 us of waiting.
    outcome = simulate(demand([0], [[(1000, 100)]]), capacity(1, speed=[CORE * 4 // 5]))
    assert outcome.ended.tolist() == [1350]


def test_credit_is_used_up_and_earned_again() -> None:
    # A core at full speed uses 1 and earns 1/16: a balance of 750 us lasts 800 us. Of 1,000 us of CPU 200 are left,
    # which take 3,200 us at 1/16. Then 16,000 us idle earn 1,000 us, but 750 at most: the next 1,000 us take as long.
    credit = Credit(rate=CORE // 16, first=750 * CORE, most=750 * CORE)
    outcome = simulate(demand([0, 20_000], [[(1000, 0)]] * 2), capacity(2, credit=credit))
    assert outcome.ended.tolist() == [4000, 24_000]
    # An idle time of 1,600 us earns 100 us, which last 106.67 us: 107; the other 893 (893.3125 less what the last
    # microsecond used beyond the balance) take 16 times as long.
    outcome = simulate(demand([0, 5600], [[(1000, 0)]] * 2), capacity(2, credit=credit))
    assert outcome.ended.tolist() == [4000, 5600 + 107 + 893 * 16]


@some
@given(cases(plain=True))
def test_credit_that_is_never_used_up_changes_nothing(case: Case) -> None:
    rich = Credit(rate=0, first=10**15, most=10**15)
    a, b = simulate(case.demand, case.capacity), simulate(case.demand, replace(case.capacity, credit=rich))
    assert np.array_equal(a.ended, b.ended) and np.array_equal(a.turn_time, b.turn_time)


# Scaler


def scaler(**given: int) -> Scaler:
    plain = Scaler(tick=10, window=10, target=CORE, by_cpu=False, panic_window=NEVER, panic_at=2 * CORE, stabilise=0,
                   tolerance=0, counts_coming=True)  # fmt: skip
    return replace(plain, **given)


def count_at(outcome: Outcome, time: int, states: set[State]) -> int:
    """Instances in one of the states at the end of a microsecond."""
    last = {number: state for when, number, state, _ in turns(outcome) if when <= time}
    return sum(state in states for state in last.values())


STEADY = demand([0] * 4, [[(0, 995)]] * 4, stop=2000)
"""Four requests that last for a while."""


def test_a_steady_load_is_given_what_it_needs() -> None:
    # Four requests in the system, two slots on an instance, of which one is to be in use: 4 / 1 = 4 instances at the
    # first tick; the first came from zero. When they are over at 1000 the load is 4 x 5 / 10 = 2 at 1000 and 0 at 1010.
    serves = capacity(4, concurrency=2, start=5, ladder=[(0, 0, False, 0)], scaler=scaler())
    outcome = simulate(STEADY, serves)
    there = {State.STARTING, State.IDLE, State.BUSY}
    assert [count_at(outcome, time, there) for time in (0, 9, 10, 500)] == [1, 1, 4, 4]
    assert count_at(outcome, 1100, there) == 0
    # By CPU: each of four cores' worth asked for by one resident each is in use: target 0.5 of a core, twice as many.
    asked = demand([0] * 4, [[(995, 0)]] * 4, stop=2000)
    outcome = simulate(asked, capacity(4, concurrency=4, cpu=4 * CORE, ladder=[(0, 0, False, 0)],
                                       scaler=scaler(target=CORE // 2, by_cpu=1)))  # fmt: skip
    assert count_at(outcome, 10, there) == 8


def test_a_scaler_blind_to_instances_that_are_starting_swings() -> None:
    # A start takes six ticks. Counting those that come, the three that are missing are opened once. Blind to them, each
    # of the six ticks opens three more, until the first three are ready at 70: 1 + 18 instances for 4 requests. Then at
    # each tick three become ready that are too many, and three go.
    def there(sees: bool) -> list[int]:
        serves = capacity(4, start=[5, 5, 5, 5, 60], ladder=[(0, 0, False, 0)], scaler=scaler(counts_coming=int(sees)))
        outcome = simulate(STEADY, serves)
        alive = {State.STARTING, State.IDLE, State.BUSY}
        return [count_at(outcome, time, alive) for time in range(5, 200, 10)]

    assert there(sees=True) == [1] + [4] * 19
    assert there(sees=False) == [1, 4, 7, 10, 13, 16, 19, 19, 16, 13, 10, 7] + [4] * 8


def test_stabilisation_and_tolerance_hold_instances_back_from_going() -> None:
    # Over at 1000: the recommendation of tick 1000 (2) and those before it (4) count for another 200 us.
    base = capacity(4, start=5, ladder=[(0, 0, False, 0)], scaler=scaler(stabilise=200))
    there = {State.STARTING, State.IDLE, State.BUSY}
    outcome = simulate(STEADY, base)
    assert [count_at(outcome, time, there) for time in (1100, 1180, 1300)] == [4, 4, 0]
    # One more than wanted of four is a quarter: within a tolerance of 30%, nothing goes.
    asked = demand([0] * 4, [[(0, 995)]] * 3 + [[(0, 300)]], stop=2000)
    for tolerance, left in ((0, 3), (300_000, 4)):
        outcome = simulate(asked, replace(base, scaler=scaler(tolerance=tolerance)))
        assert count_at(outcome, 500, there) == left


def test_panic_answers_a_burst_at_once_and_keeps_what_it_gave() -> None:
    # A stable window of 200 sees a twentieth of twenty requests after one tick of 10: 1. The panic window of 10 sees
    # all twenty, which is twice and more what is there, so twenty are opened, and kept while panic lasts (200 from the
    # last tick at which there were too few).
    asked = demand([0] * 20, [[(0, 30)]] * 20, stop=2000)
    calm = capacity(20, ladder=[(0, 0, False, 0)], scaler=scaler(window=200))
    there = {State.STARTING, State.IDLE, State.BUSY}
    outcome = simulate(asked, calm)
    assert count_at(outcome, 10, there) == 1
    outcome = simulate(asked, replace(calm, scaler=scaler(window=200, panic_window=10)))
    assert [count_at(outcome, time, there) for time in (10, 100, 200)] == [20, 20, 20]
    assert count_at(outcome, 400, there) == 0


# Work that is cut off


def test_what_a_limit_cuts_off_has_been_worked_on() -> None:
    # Steps of 10 us of CPU and 5 of waiting, one after the other, at most 7, 12 and 20 us: 7 of CPU are done; all 10,
    # while it waits; 5 of the second step.
    asked = demand([0], [[(10, 5), (10, 5)]])
    for limit, spent in ((7, 7), (12, 10), (20, 5), (NEVER, 0)):
        assert simulate(asked, capacity(1, duration_limit=limit)).spent.tolist() == [spent]


def test_who_shares_a_core_has_done_half_of_it() -> None:
    # Two on one core from 0 on, cut off at 9: 4.5 us each, of which whole ones count. At 1.5 times the speed: 6.75.
    asked = demand([0, 0], [[(10, 0)], [(10, 0)]])
    serves = capacity(2, concurrency=2, duration_limit=9)
    assert simulate(asked, serves).spent.tolist() == [4, 4]
    assert simulate(asked, replace(serves, speed=np.full(3, CORE * 3 // 2))).spent.tolist() == [6, 6]


def test_what_ends_with_its_instance_has_been_worked_on() -> None:
    # The first works alone on a core from 0 to 6, when a second is too much for the memory: both fail, the second
    # without having done anything. With one instance, which lives for 8 us, each has done 8 when it ends.
    asked = demand([0, 6], [[(10, 0)], [(10, 0)]], memory=[2, 2], horizon=9, stop=30)
    killed = simulate(asked, capacity(2, concurrency=2, memory=3, memory_kills=True))
    assert killed.spent.tolist() == [6, 0]
    assert killed.cause.tolist() == [Cause.MEMORY, Cause.MEMORY]
    taken = simulate(asked, capacity(2, concurrency=1, maximum=1, minimum=1, lifetime=8, lifetime_kills=True, start=9))
    assert taken.spent.tolist() == [8, 8]
    assert taken.cause.tolist() == [Cause.LIFETIME, Cause.LIFETIME]


def test_who_leaves_before_having_begun_has_done_nothing() -> None:
    asked = demand([0, 0], [[(9, 0)], [(9, 0)]], patience=[NEVER, 5], stop=9, horizon=9)
    outcome = simulate(asked, capacity(2, maximum=1))
    assert outcome.fate.tolist() == [Fate.UNFINISHED, Fate.ABANDONED]
    assert outcome.spent.tolist() == [9, 0]


# Ticks that can change nothing


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Times of ticks; so many that nobody counts them are a failure."""
    times: list[int] = []
    happen = Ticks._happen

    def counted(self: Ticks, event: Event) -> None:
        times.append(self._clock.now)
        assert len(times) < 1000
        happen(self, event)

    monkeypatch.setattr(Ticks, "_happen", counted)
    return times


def test_a_scaler_does_not_look_where_nothing_is(ticks: list[int]) -> None:
    # Requests of 20 us, 10^12 us from each other: looks at 10, 20, ... while the window of 100 us sees one, and once
    # more, when the instance is let go. At 10^12 + 20 the load of the last 100 us is 20 / 100 of a request.
    asked = demand([0, 10**12], [[(0, 20)], [(0, 20)]], horizon=10**13, stop=10**13)
    scaler = Scaler(10, 100, CORE, False, NEVER, 0, 0, 0, True)
    outcome = simulate(asked, capacity(2, ladder=[(0, 0, False, 0)], scaler=scaler))
    assert outcome.started.tolist() == [0, 10**12]
    last = 130  # the last of the load is seen at 120
    assert set(ticks) <= {*range(10, last + 1, 10), *range(10**12, 10**12 + last + 1, 10)}
    assert [time for time, _, state, _ in turns(outcome) if state == State.OFF] == [120, 10**12 + 120]


def test_idle_instances_are_not_checked_before_one_can_go(ticks: list[int]) -> None:
    # One instance is idle from 3 on, and may go after 10^9: at the first check, every 7 us, from 10^9 + 3 on, which is
    # 142857144 x 7 = 1000000008. The other is kept for ever, and not looked at.
    asked = demand([0], [[(0, 3)]])
    outcome = simulate(asked, capacity(1, minimum=1, ladder=[(10**9, 0, False, 0)], check_every=7))
    assert ticks == []
    assert len(outcome.opener) == 1
    outcome = simulate(asked, capacity(1, ladder=[(10**9, 0, False, 0)], check_every=7))
    assert ticks == [1_000_000_008]
    assert turns(outcome)[-1] == (1_000_000_008, 0, State.OFF, NEVER)
