"""The life of instances worked out by hand, minute by minute. Every number here is a minute.

Each scenario runs on the model and on the crude reference: the rows below were written before either had run them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from sim.engine import simulate
from sim.engine.contract import NEVER, Capacity, Cause, Demand, Outcome, Reuse, State, Warmth

from . import reference
from .cases import capacity, demand
from .story import turns

MINUTE = 60_000_000
STARTING, IDLE, BUSY, OFF = State.STARTING, State.IDLE, State.BUSY, State.OFF
ENTERING, RESTING, WAKING = State.ENTERING, State.RESTING, State.WAKING
WARM, COLD, WOKEN = Warmth.WARM, Warmth.COLD, Warmth.WOKEN

Simulate = Callable[[Demand, Capacity], Outcome]
Rung = tuple[int, int, bool, int]
Row = tuple[int, int, int, int, int, Warmth]

both = pytest.mark.parametrize("run", [simulate, reference.simulate], ids=["model", "reference"])
either_binding = pytest.mark.parametrize("early", [True, False], ids=["early", "late"])


def minutes(value: int) -> int:
    return value if value == NEVER else value * MINUTE


def asks(at: Sequence[int], work: Sequence[int], stop: int, **more: Sequence[int]) -> Demand:
    """Requests that each wait for ``work`` minutes."""
    steps = [[(0, length * MINUTE)] for length in work]
    return demand([minutes(t) for t in at], steps, horizon=stop * MINUTE, stop=stop * MINUTE, **more)


def ladder(*rungs: Rung) -> list[Rung]:
    return [(minutes(after), minutes(enter), keeps, minutes(wake)) for after, enter, keeps, wake in rungs]


def starts(*lengths: int) -> list[int]:
    return [minutes(length) for length in lengths]


def life(outcome: Outcome, number: int) -> list[tuple[int, State] | tuple[int, State, int]]:
    """The turns of an instance as (minute, state), with the rung where there is one."""
    assert (outcome.turn_time % MINUTE == 0).all()
    return [
        (time // MINUTE, state) if rung == NEVER else (time // MINUTE, state, rung)
        for time, instance, state, rung in turns(outcome)
        if instance == number
    ]


def rows(outcome: Outcome) -> list[Row]:
    """The requests as (arrived, bound, started, ended, instance, warmth), in minutes."""
    times = [outcome.arrived, outcome.bound, outcome.started, outcome.ended]
    in_minutes = [np.where(t == NEVER, NEVER, t // MINUTE).tolist() for t in times]
    return [
        (*four, int(on), Warmth(w))
        for *four, on, w in zip(*in_minutes, outcome.instance, outcome.warmth, strict=True)  # type: ignore[misc]
    ]


@both
@either_binding
def test_timeouts_that_shrink(run: Simulate, early: bool) -> None:
    # Suspended after 60 min, stopped after 10 more, archived after 1 more.
    rungs = ladder((60, 1, True, 1), (10, 2, True, 3), (1, 4, True, 20))
    o = run(asks([0, 100], [5, 5], stop=190), capacity(2, early=early, ladder=rungs, start=starts(2, 2)))
    assert life(o, 0) == [
        (0, STARTING),  # for request 0, 2 min
        (2, BUSY),  # its work, 5 min
        (7, IDLE),  # 60 min
        (67, ENTERING, 0),  # 1 min
        (68, RESTING, 0),  # 10 min
        (78, ENTERING, 1),  # 2 min
        (80, RESTING, 1),  # 1 min
        (81, ENTERING, 2),  # 4 min
        (85, RESTING, 2),  # no deeper rung: for as long as it takes
        (100, WAKING, 2),  # for request 1, 20 min from the archive
        (120, BUSY),
        (125, IDLE),
        (185, ENTERING, 0),
        (186, RESTING, 0),
    ]
    assert rows(o) == [(0, 0, 2, 7, 0, COLD), (100, 100, 120, 125, 0, WOKEN)]
    assert o.opener.tolist() == [0]


@both
@either_binding
def test_timeouts_that_grow_down_to_deletion(run: Simulate, early: bool) -> None:
    rungs = ladder((1, 1, True, 1), (10, 2, True, 3), (60, 4, False, 0))
    o = run(asks([0, 90], [5, 5], stop=99), capacity(2, early=early, ladder=rungs, start=starts(2, 2)))
    assert life(o, 0) == [
        (0, STARTING),
        (2, BUSY),
        (7, IDLE),  # 1 min
        (8, ENTERING, 0),  # 1 min
        (9, RESTING, 0),  # 10 min
        (19, ENTERING, 1),  # 2 min
        (21, RESTING, 1),  # 60 min
        (81, ENTERING, 2),  # 4 min
        (85, OFF),  # deleted; its number is not used again
    ]
    assert life(o, 1) == [(90, STARTING), (92, BUSY), (97, IDLE), (98, ENTERING, 0)]  # RESTING at 99 is cut off
    assert rows(o) == [(0, 0, 2, 7, 0, COLD), (90, 90, 92, 97, 1, COLD)]
    assert o.opener.tolist() == [0, 1]


@both
@either_binding
def test_a_deadline_that_comes_nearer(run: Simulate, early: bool) -> None:
    # It rests from 0 in rung 0 and would be stopped after 60 min. Woken at 10 it is idle at 16, and an idle instance is
    # suspended after 5: at 21, long before the old deadline. After that it is stopped 60 min after 22: not at 60.
    rungs = ladder((5, 1, True, 1), (60, 1, True, 9))
    o = run(asks([10], [5], stop=200), capacity(1, early=early, ladder=rungs, initial_rung=0))
    assert life(o, 0) == [
        (0, RESTING, 0),
        (10, WAKING, 0),
        (11, BUSY),
        (16, IDLE),
        (21, ENTERING, 0),
        (22, RESTING, 0),
        (82, ENTERING, 1),
        (83, RESTING, 1),
    ]
    assert rows(o) == [(10, 10, 11, 16, 0, WOKEN)]
    assert o.opener.tolist() == [NEVER]


@both
@either_binding
def test_a_deadline_that_moves_away(run: Simulate, early: bool) -> None:
    # Idle at 3, to be suspended at 13. Requests at 12 and 20 put it off to 14 + 10, then 22 + 10.
    rungs = ladder((10, 1, True, 1))
    o = run(asks([0, 12, 20], [2, 2, 2], stop=99), capacity(3, early=early, ladder=rungs, start=starts(1, 1, 1)))
    assert life(o, 0) == [
        (0, STARTING),
        (1, BUSY),
        (3, IDLE),
        (12, BUSY),
        (14, IDLE),
        (20, BUSY),
        (22, IDLE),
        (32, ENTERING, 0),
        (33, RESTING, 0),
    ]
    assert rows(o) == [(0, 0, 1, 3, 0, COLD), (12, 12, 12, 14, 0, WARM), (20, 20, 20, 22, 0, WARM)]


@both
def test_requests_while_entering_bound_early(run: Simulate) -> None:
    # Two slots an instance. Idle at 5, entering from 15 to 20. Request 1 comes at 17 and becomes the waker: it waits
    # until the rung is entered, then 2 min. Request 2 takes the other slot at 18; request 3 has to open instance 1.
    rungs = ladder((10, 5, True, 2))
    serves = capacity(4, concurrency=2, cpu=2_000_000, early=True, ladder=rungs, start=starts(1, 1, 1, 1))
    o = run(asks([0, 17, 18, 19], [4, 4, 6, 4], stop=30), serves)
    assert life(o, 0) == [
        (0, STARTING),
        (1, BUSY),
        (5, IDLE),
        (15, ENTERING, 0),
        (20, WAKING, 0),  # no rest between: somebody waits
        (22, BUSY),
        (28, IDLE),
    ]
    assert life(o, 1) == [(19, STARTING), (20, BUSY), (24, IDLE)]
    assert rows(o) == [
        (0, 0, 1, 5, 0, COLD),
        (17, 17, 22, 26, 0, WOKEN),
        (18, 18, 22, 28, 0, WOKEN),
        (19, 19, 20, 24, 1, COLD),
    ]


@both
def test_requests_while_entering_bound_late(run: Simulate) -> None:
    # One slot. Request 1 makes instance 0 turn round at 17. At 18 the queue holds two and one slot is on its way:
    # instance 1 is opened, is ready at 19, and serves the head, request 1. Request 2 begins on instance 0 at 22: it was
    # given it when it was admitted (18), after the wake was asked for (17). Request 1 was given its own at 18 too.
    rungs = ladder((10, 5, True, 2))
    o = run(asks([0, 17, 18], [4, 4, 6], stop=29), capacity(3, ladder=rungs, start=starts(1, 1, 1)))
    assert life(o, 0) == [
        (0, STARTING),
        (1, BUSY),
        (5, IDLE),
        (15, ENTERING, 0),
        (20, WAKING, 0),
        (22, BUSY),
        (28, IDLE),
    ]
    assert life(o, 1) == [(18, STARTING), (19, BUSY), (23, IDLE)]
    assert rows(o) == [(0, 0, 1, 5, 0, COLD), (17, 18, 19, 23, 1, COLD), (18, 18, 22, 28, 0, WOKEN)]
    assert o.opener.tolist() == [0, 2]


@both
@either_binding
def test_a_wake_from_each_rung(run: Simulate, early: bool) -> None:
    rungs = ladder((10, 1, True, 1), (20, 2, True, 3), (40, 4, True, 20))
    serves = capacity(4, early=early, ladder=rungs, initial_rung=2)
    o = run(asks([5, 50, 100, 300], [5, 5, 5, 5], stop=330), serves)
    assert life(o, 0) == [
        (0, RESTING, 2),
        (5, WAKING, 2),  # 20 min from rung 2
        (25, BUSY),
        (30, IDLE),
        (40, ENTERING, 0),
        (41, RESTING, 0),
        (50, WAKING, 0),  # 1 min from rung 0
        (51, BUSY),
        (56, IDLE),
        (66, ENTERING, 0),
        (67, RESTING, 0),
        (87, ENTERING, 1),
        (89, RESTING, 1),
        (100, WAKING, 1),  # 3 min from rung 1
        (103, BUSY),
        (108, IDLE),
        (118, ENTERING, 0),
        (119, RESTING, 0),
        (139, ENTERING, 1),
        (141, RESTING, 1),
        (181, ENTERING, 2),
        (185, RESTING, 2),
        (300, WAKING, 2),
        (320, BUSY),
        (325, IDLE),
    ]
    assert rows(o) == [
        (5, 5, 25, 30, 0, WOKEN),
        (50, 50, 51, 56, 0, WOKEN),
        (100, 100, 103, 108, 0, WOKEN),
        (300, 300, 320, 325, 0, WOKEN),
    ]


@both
@either_binding
def test_the_minimum_keeps_one_awake(run: Simulate, early: bool) -> None:
    # Instance 0 is idle from 0, looked at when it has been idle for 10, and stays: it is the only one. Request 1 finds
    # it busy and opens instance 1. At 32 instance 0 has been idle for 10 and instance 1 is idle too: 0 is suspended.
    # Instance 1 is looked at at 36 and stays, being alone; so it does at 60, for it is idle from 50. At 57 instance 1
    # is busy and instance 0 is woken. At 75 instance 1 goes, for 0 is awake; at 79 instance 0 stays.
    rungs = ladder((10, 1, True, 2))
    serves = capacity(5, early=early, minimum=1, ladder=rungs, start=starts(3, 3, 3, 3, 3))
    o = run(asks([12, 13, 40, 55, 57], [10] * 5, stop=200), serves)
    assert life(o, 0) == [
        (0, IDLE),
        (12, BUSY),
        (22, IDLE),
        (32, ENTERING, 0),
        (33, RESTING, 0),
        (57, WAKING, 0),
        (59, BUSY),
        (69, IDLE),
    ]
    assert life(o, 1) == [
        (13, STARTING),
        (16, BUSY),
        (26, IDLE),
        (40, BUSY),
        (50, IDLE),
        (55, BUSY),
        (65, IDLE),
        (75, ENTERING, 0),
        (76, RESTING, 0),
    ]
    assert rows(o) == [
        (12, 12, 12, 22, 0, WARM),
        (13, 13, 16, 26, 1, COLD),
        (40, 40, 40, 50, 1, WARM),
        (55, 55, 55, 65, 1, WARM),
        (57, 57, 59, 69, 0, WOKEN),
    ]
    assert o.opener.tolist() == [NEVER, 1]


@both
@either_binding
def test_deletion_with_requests_queued_at_the_maximum(run: Simulate, early: bool) -> None:
    # One instance at most. While it is being deleted (15 to 20) it can neither be woken nor replaced: requests 1 and 2
    # queue, request 3 finds two queued and fails. At 20 a new one is opened for request 1, ready after 3 min; request 2
    # begins when request 1 leaves.
    serves = capacity(
        4, early=early, maximum=1, queue_limit=2, ladder=ladder((10, 5, False, 0)), start=starts(1, 3, 9, 9)
    )
    o = run(asks([0, 17, 18, 19], [4, 4, 4, 4], stop=40), serves)
    assert life(o, 0) == [(0, STARTING), (1, BUSY), (5, IDLE), (15, ENTERING, 0), (20, OFF)]
    assert life(o, 1) == [(20, STARTING), (23, BUSY), (31, IDLE)]  # 27: from one request to the next, still busy
    assert rows(o) == [
        (0, 0, 1, 5, 0, COLD),
        (17, 20, 23, 27, 1, COLD),
        (18, 27, 27, 31, 1, WARM),
        (19, NEVER, NEVER, 19, NEVER, WARM),
    ]
    assert o.cause.tolist() == [Cause.NONE, Cause.NONE, Cause.NONE, Cause.QUEUE_FULL]
    assert o.opener.tolist() == [0, 1]


@both
def test_a_kill_with_a_queue(run: Simulate) -> None:
    # One instance at most, two slots, 4 bytes, of which 1 is always in use. Requests 0 and 1 use one each. Request 2
    # (3 bytes) and request 3 (1 byte) queue. When request 0 leaves at 12, request 2 begins, and 1 + 1 + 3 is too much:
    # the instance is off, 1 and 2 fail. A new one is opened for request 3, ready 2 min later. Request 4 follows
    # request 1 at once, and takes the second slot of the instance that is coming.
    serves = capacity(
        5,
        concurrency=2,
        cpu=2_000_000,
        maximum=1,
        early=True,
        memory=4,
        base_memory=1,
        memory_kills=True,
        start=starts(2, 9, 9, 2, 9),
    )
    wanted = asks(
        [0, 1, 4, 5, 0],
        [10, 30, 5, 10, 4],
        stop=50,
        agent=[0, 1, 2, 3, 1],
        after=[NEVER, NEVER, NEVER, NEVER, 1],
        memory=[1, 1, 3, 1, 1],
    )
    o = run(wanted, serves)
    assert life(o, 0) == [(0, STARTING), (2, BUSY), (12, OFF)]
    assert life(o, 1) == [(12, STARTING), (14, BUSY), (24, IDLE)]
    assert rows(o) == [
        (0, 0, 2, 12, 0, COLD),
        (1, 1, 2, 12, 0, COLD),
        (4, 12, 12, 12, 0, WARM),
        (5, 12, 14, 24, 1, COLD),
        (12, 12, 14, 18, 1, COLD),
    ]
    assert o.cause.tolist() == [Cause.NONE, Cause.MEMORY, Cause.MEMORY, Cause.NONE, Cause.NONE]
    assert o.presence == (12 + 11 + 8 + 19 + 6) * MINUTE


@both
def test_a_kill_while_others_still_wait_for_readiness(run: Simulate) -> None:
    # Three are bound to instance 0. As it becomes ready, request 0 begins, request 1 is too large, both fail. Request 2
    # had not begun: it goes back to the queue, and another instance is opened for it.
    serves = capacity(3, concurrency=3, cpu=3_000_000, early=True, memory=5, memory_kills=True, start=starts(2, 9, 3))
    o = run(asks([0, 0, 1], [5, 5, 5], stop=20, memory=[1, 9, 1]), serves)
    assert life(o, 0) == [(0, STARTING), (2, BUSY), (2, OFF)]
    assert life(o, 1) == [(2, STARTING), (5, BUSY), (10, IDLE)]
    assert rows(o) == [(0, 0, 2, 2, 0, COLD), (0, 0, 2, 2, 0, COLD), (1, 2, 5, 10, 1, COLD)]
    assert o.opener.tolist() == [0, 2]


@both
@either_binding
def test_a_refused_request_does_not_keep_an_instance_awake(run: Simulate, early: bool) -> None:
    # Idle from 5. Request 1 (5 bytes of 2) is refused at 12; the instance is suspended at 15 as if it had not come.
    serves = capacity(2, early=early, memory=2, ladder=ladder((10, 1, True, 1)), start=starts(1, 1))
    o = run(asks([0, 12], [4, 4], stop=30, memory=[1, 5]), serves)
    assert life(o, 0) == [(0, STARTING), (1, BUSY), (5, IDLE), (15, ENTERING, 0), (16, RESTING, 0)]
    assert rows(o) == [(0, 0, 1, 5, 0, COLD), (12, 12, 12, 12, 0, WARM)]
    assert o.cause.tolist() == [Cause.NONE, Cause.MEMORY]


@both
def test_early_and_late_differ_in_who_gets_the_quick_start(run: Simulate) -> None:
    # Request 0 opens instance 0 (5 min), request 1 at minute 1 opens instance 1 (1 min).
    wanted = asks([0, 1], [10, 10], stop=30)
    early = run(wanted, capacity(2, early=True, start=starts(5, 1)))
    assert rows(early) == [(0, 0, 5, 15, 0, COLD), (1, 1, 2, 12, 1, COLD)]
    # Late: instance 1 is ready first and serves the head of the queue, whom it was not opened for.
    late = run(wanted, capacity(2, early=False, start=starts(5, 1)))
    assert rows(late) == [(0, 1, 2, 12, 1, COLD), (1, 1, 5, 15, 0, COLD)]


@both
@either_binding
def test_the_shallowest_rung_is_woken_first(run: Simulate, early: bool) -> None:
    # At 40 instance 0 is stopped (9 min to wake), instance 1 is suspended (1 min). The oldest would be instance 0.
    rungs = ladder((5, 1, True, 1), (10, 1, True, 9))
    serves = capacity(3, early=early, reuse=Reuse.OLDEST, ladder=rungs, start=starts(1, 1, 1))
    o = run(asks([0, 1, 40], [10, 30, 5], stop=47), serves)
    assert life(o, 0) == [
        (0, STARTING),
        (1, BUSY),
        (11, IDLE),
        (16, ENTERING, 0),
        (17, RESTING, 0),
        (27, ENTERING, 1),
        (28, RESTING, 1),
    ]
    assert life(o, 1) == [
        (1, STARTING),
        (2, BUSY),
        (32, IDLE),
        (37, ENTERING, 0),
        (38, RESTING, 0),
        (40, WAKING, 0),
        (41, BUSY),
        (46, IDLE),
    ]
    assert rows(o)[2] == (40, 40, 41, 46, 1, WOKEN)


@both
@either_binding
def test_a_rung_that_is_never_entered_ends_the_way_down(run: Simulate, early: bool) -> None:
    rungs = ladder((10, 1, True, 1), (NEVER, 1, True, 1), (1, 1, False, 0))
    o = run(asks([0], [4], stop=10_000), capacity(1, early=early, ladder=rungs, start=starts(1)))
    assert life(o, 0) == [(0, STARTING), (1, BUSY), (5, IDLE), (15, ENTERING, 0), (16, RESTING, 0)]


@both
@either_binding
def test_what_takes_no_time_is_listed_all_the_same(run: Simulate, early: bool) -> None:
    # Start, timeout, entering and waking take nothing. Request 1 follows request 0 at once: at minute 4 the instance is
    # left (END), goes to rest (EXPIRE, ENTERED), and only then does request 1 arrive (ARRIVAL) and wake it (READY).
    wanted = asks([0, 0], [4, 4], stop=9, agent=[0, 0], after=[NEVER, 0])
    o = run(wanted, capacity(2, early=early, ladder=ladder((0, 0, True, 0))))
    assert life(o, 0) == [
        (0, STARTING),
        (0, BUSY),
        (4, IDLE),
        (4, ENTERING, 0),
        (4, RESTING, 0),
        (4, WAKING, 0),
        (4, BUSY),
        (8, IDLE),
        (8, ENTERING, 0),
        (8, RESTING, 0),
    ]
    assert rows(o) == [(0, 0, 0, 4, 0, COLD), (4, 4, 4, 8, 0, WOKEN)]


@both
@either_binding
def test_expiry_comes_before_an_arrival_of_the_same_moment(run: Simulate, early: bool) -> None:
    # Idle from 5, suspended at 15, and request 1 arrives at 15: too late to find it awake, it turns it round.
    serves = capacity(2, early=early, ladder=ladder((10, 2, True, 3)), start=starts(1, 1))
    o = run(asks([0, 15], [4, 4], stop=25), serves)
    assert life(o, 0) == [
        (0, STARTING),
        (1, BUSY),
        (5, IDLE),
        (15, ENTERING, 0),
        (17, WAKING, 0),
        (20, BUSY),
        (24, IDLE),
    ]
    assert rows(o) == [(0, 0, 1, 5, 0, COLD), (15, 15, 20, 24, 0, WOKEN)]
