"""Interruptions, checkpoints and waits that free worked out by hand, on the model and on the crude reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.engine import simulate
from sim.engine.contract import (
    CORE,
    NEVER,
    Capacity,
    Cause,
    Checkpoints,
    Demand,
    Fate,
    Market,
    Offer,
    Outcome,
    Parting,
    Recovery,
    Resume,
)
from sim.engine.contract.checkpoints import attained, time_of, time_until

from . import reference
from .cases import capacity, demand, offer

Simulate = Callable[[Demand, Capacity], Outcome]

both = pytest.mark.parametrize("run", [simulate, reference.simulate], ids=["model", "reference"])


def served(n: int, recovery: Recovery, *offers: Offer, deadline: list[int] | None = None, **more: int) -> Capacity:
    """Instances for one request each, that start in 2."""
    market = Market(offers, np.array(deadline or [], np.int64)) if offers else None
    return capacity(n, **{"start": 2, **more}, market=market, recovery=recovery)


def saving(every: int, write: int, restore: int, *, again: int = 0, returns: bool = False) -> Recovery:
    return Recovery(Resume.CHECKPOINT, again, checkpoints=Checkpoints(every, write, restore, returns))


def stays(o: Outcome) -> list[tuple[int, ...]]:
    """(admitted, started, ended, instance, parting, overhead) of each visit."""
    seen = o.visits
    columns = (seen.admitted, seen.started, seen.ended, seen.instance, seen.parting, seen.overhead)
    return [tuple(row) for row in np.stack(columns).T.tolist()]


def again(o: Outcome) -> list[tuple[int, ...]]:
    """Rows of repeats."""
    return [tuple(int(value) for value in row) for row in zip(*astuple(o.repeats), strict=True)]


@both
def test_who_begins_anew_does_all_steps_again(run: Simulate) -> None:
    # Ready at 2, taken 7 later, at 9. By then the step of 4 has ended, at 6, and 3 of the 5 of the other are done.
    # Again at 9 + 1; the second instance lives for 20. It is ready at 12, and 9 later all is done.
    o = run(demand([0], [[(4, 0), (0, 5)]]), served(1, Recovery(Resume.RESTART, again=1), offer(lives=[7, 20])))
    assert stays(o) == [(0, 2, 9, 0, Parting.INTERRUPTED, 0), (10, 12, 21, 1, Parting.LEFT, 0)]
    assert o.step_ended.tolist() == [16, 21]
    assert again(o) == [(0, 2, 6, 1, 4, 0, 0), (1, 6, 9, 0, 0, 3, 0)]
    assert (o.started.tolist(), o.ended.tolist(), o.presence) == ([2], [21], 21)


@both
def test_durable_steps_are_not_done_again_but_replayed(run: Simulate) -> None:
    # As above, but the first step is done for good: the second visit begins with a replay of 2, from 12 on, and the
    # whole second step: until 19.
    o = run(demand([0], [[(4, 0), (0, 5)]]), served(1, Recovery(Resume.DURABLE, 1, replay=2), offer(lives=[7, 20])))
    assert stays(o) == [(0, 2, 9, 0, Parting.INTERRUPTED, 0), (10, 12, 19, 1, Parting.LEFT, 2)]
    assert o.step_ended.tolist() == [6, 19]
    assert again(o) == [(1, 6, 9, 0, 0, 3, 0)]


@both
def test_work_since_the_last_write_is_lost(run: Simulate) -> None:
    # Every 3 of work a write of 1. Ready at 2: 3 of work until 5, written at 6, 3 more until 9, and taken at 9, before
    # that is written: 3 are kept. Ready again at 11: a restore of 2, the 7 that are left with 2 writes (after 3 and 6,
    # as 1 is left then): 2 + 7 + 2 = 11, until 22. The step of 4 ends in the second visit: 13 + 1 = 14.
    o = run(demand([0], [[(4, 0), (0, 6)]]), served(1, saving(3, 1, 2), offer(lives=[7, 50])))
    assert stays(o) == [(0, 2, 9, 0, Parting.INTERRUPTED, 1), (9, 11, 22, 1, Parting.LEFT, 4)]
    # Of the first step, 3 of CPU were kept and the fourth was lost; of the second, 2 of the wait.
    assert again(o) == [(0, 2, 7, 1, 4, 0, 3), (1, 7, 9, 0, 0, 2, 0)]
    assert o.step_ended.tolist() == [14, 22]


@both
def test_a_write_that_ends_as_the_instance_is_taken_counts(run: Simulate) -> None:
    # Taken at 2 + 8 = 10, when the second write ends: 6 of 10 are kept; 11 + 1 of restore, 4 with a write: 12 to 18.
    o = run(demand([0], [[(0, 10)]]), served(1, saving(3, 1, 1), offer(lives=[8, 50])))
    assert stays(o) == [(0, 2, 10, 0, Parting.INTERRUPTED, 2), (10, 12, 18, 1, Parting.LEFT, 2)]
    assert again(o) == [(0, 2, 10, 0, 0, 6, 6)]


@both
@pytest.mark.parametrize(("write", "kept"), [(3, True), (4, False)])
def test_a_notice_saves_what_is_done_if_there_is_the_time(run: Simulate, write: int, kept: bool) -> None:
    # Taken at 12, told 3 before, at 9: 7 are done. A write of 3 just fits.
    o = run(demand([0], [[(0, 20)]]), served(1, saving(NEVER, write, 0), offer(lives=[10, 50], notice=3)))
    parting = Parting.SAVED if kept else Parting.INTERRUPTED
    assert stays(o)[0] == (0, 2, 12, 0, parting, 3 if kept else 0)
    assert o.ended.tolist() == [14 + (13 if kept else 20)]
    assert again(o) == [(0, 2, 12, 0, 0, 7 if kept else 10, 7 if kept else 0)]


@both
def test_who_would_be_done_in_time_goes_on_after_the_notice(run: Simulate) -> None:
    # Two on an instance that is taken at 12 and told at 8: one ends at 12, with it, the other is written by 9.
    serves = served(2, saving(NEVER, 1, 0), offer(lives=[10, 50], notice=4), concurrency=2, cpu=2 * CORE)
    o = run(demand([0, 0], [[(0, 10)], [(0, 11)]]), serves)
    assert o.fate.tolist() == [Fate.COMPLETED] * 2
    assert o.ended.tolist() == [12, 11 + 5]
    assert o.visits.parting.tolist() == [Parting.LEFT, Parting.SAVED, Parting.LEFT]


@both
def test_the_last_attempt_fails(run: Simulate) -> None:
    o = run(demand([0, 50], [[(0, 9)], [(0, 1)]]), served(2, Recovery(Resume.RESTART, attempts=2), offer(lives=[5])))
    assert o.cause.tolist() == [Cause.INTERRUPTED, Cause.NONE]
    assert o.ended.tolist() == [7 + 7, 53]
    assert o.spent.tolist() == [0, 0]


@both
def test_what_is_not_there_is_waited_for(run: Simulate) -> None:
    # Up from 10 to 20 and from 25 on. Arrives at 3, opened at 10, ready at 12, taken at 20 with 8 of 9 done, opened at
    # 25, ready at 27.
    o = run(demand([3], [[(0, 9)]]), served(1, Recovery(Resume.RESTART), offer((10, 20), (25, NEVER))))
    assert [row[:3] for row in stays(o)] == [(3, 12, 20), (20, 27, 36)]
    assert o.visits.bound.tolist() == [10, 25]


@both
@pytest.mark.parametrize(("after", "deadline", "begins"), [(4, NEVER, 6), (NEVER, 30, 20), (4, 30, 6), (0, NEVER, 2)])
def test_another_offer_is_used_when_its_time_has_come(run: Simulate, after: int, deadline: int, begins: int) -> None:
    # Spot comes at 40. A start of 2 and 10 of work must begin 12 before the deadline, at 18, to be ready at 20.
    serves = served(1, Recovery(Resume.RESTART), offer((40, NEVER)), offer(after=after, by_deadline=True),
                    deadline=[deadline])  # fmt: skip
    o = run(demand([0], [[(0, 10)]]), serves)
    assert o.started.tolist() == [begins]
    assert o.offer.tolist() == [1]


@both
def test_the_way_back_is_at_a_checkpoint(run: Simulate) -> None:
    # On the second offer from 2 on, with a write after each 4 of work: ended at 7, 12, 17. The first offer is there
    # from 9 on, so it goes back at 12, with 8 done, and is ready there at 14; 4 of work are left, after a restore of 1.
    serves = served(1, saving(4, 1, 1, returns=True), offer((9, NEVER)), offer())
    o = run(demand([0], [[(0, 12)]]), serves)
    assert stays(o) == [(0, 2, 12, 0, Parting.RETURNED, 2), (12, 14, 19, 1, Parting.LEFT, 1)]
    assert o.offer.tolist() == [1, 0]


@both
def test_those_bound_to_an_instance_that_is_taken_wait_at_the_head(run: Simulate) -> None:
    # Early: the second is bound to the instance that starts from 0 to 9, and is taken at 5, when the offer closes; the
    # first too. Both are bound to the one that is opened at 6, in their order.
    serves = served(2, Recovery(Resume.RESTART), offer((0, 5), (6, NEVER)), start=9, concurrency=2, early=True)
    o = run(demand([0, 1], [[(0, 3)], [(0, 3)]]), serves)
    assert o.bound.tolist() == [6, 6] and o.started.tolist() == [15, 15]
    assert len(o.visits.request) == 2


@both
def test_a_wait_that_frees_lets_others_in(run: Simulate) -> None:
    # One instance. The first computes 3 from 2 on, and leaves it for its wait of 10; the second has it from 5 to 11. At
    # 15 the first is admitted again, replays 1, and ends its last step of 2 at 18.
    asked = demand([0, 0], [[(3, 10), (2, 0)], [(6, 0)]], frees=[0])
    o = run(asked, served(2, Recovery(Resume.DURABLE, replay=1, frees=True), maximum=1))
    assert o.visits.request.tolist() == [0, 0, 1]
    assert stays(o)[:2] == [(0, 2, 5, 0, Parting.FREED, 0), (15, 15, 18, 0, Parting.LEFT, 1)]
    assert stays(o)[2] == (0, 5, 11, 0, Parting.LEFT, 0)
    assert o.step_ended.tolist() == [15, 18, 11]


@given(every=st.integers(1, 9), write=st.integers(0, 4), restore=st.integers(0, 4), left=st.integers(1, 40),
       resumed=st.booleans())  # fmt: skip
def test_arithmetic_against_a_walk(every: int, write: int, restore: int, left: int, resumed: bool) -> None:
    rule = Checkpoints(every, write, restore)
    done = kept = time = 0
    states = [(0, 0)] * (restore if resumed else 0)
    while done < left:
        states.append((done, kept))
        done += 1
        if done % every == 0 and done < left:
            states += [(done, kept)] * write
            kept = done
    assert time_of(rule, left, resumed) == len(states)
    for time, state in enumerate(states):
        assert attained(rule, time, left, resumed) == state
    for work in range(left):
        assert states[time_until(rule, work, resumed)] == (work, work // every * every)
