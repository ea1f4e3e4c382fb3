"""Work, turns and orders of events worked out by hand, in microseconds, on the model and on the crude reference."""

from __future__ import annotations

import gc
from collections.abc import Callable

import pytest

from sim.engine import model, simulate
from sim.engine.contract import CORE, NEVER, Capacity, Cause, Demand, Fate, Outcome, Reuse, Warmth

from . import reference
from .cases import capacity, demand

Simulate = Callable[[Demand, Capacity], Outcome]

both = pytest.mark.parametrize("run", [simulate, reference.simulate], ids=["model", "reference"])


def one_host(n: int, cpu: int, **more: int) -> Capacity:
    """One instance, always on, with room for all."""
    return capacity(n, minimum=1, maximum=1, concurrency=n, cpu=cpu, **more)


@both
def test_two_share_a_core(run: Simulate) -> None:
    # 0 to 10 alone: 10 of request 0's 30 are done. Then half a core each: request 1's 15 take 30, until 40; by then
    # request 0 has done 10 + 15, and does its last 5 alone, until 45.
    o = run(demand([0, 10], [[(30, 0)], [(15, 0)]]), one_host(2, CORE))
    assert o.ended.tolist() == [45, 40]


@both
def test_nobody_gets_more_than_a_core(run: Simulate) -> None:
    # 1.5 cores: alone, one core each; two together, three quarters each. 0 to 4 alone; then 6 left takes 8, until 12;
    # request 1 has done 6 of 9 by then and does its last 3 alone.
    o = run(demand([0, 4], [[(10, 0)], [(9, 0)]]), one_host(2, CORE * 3 // 2))
    assert o.ended.tolist() == [12, 15]


@both
def test_several_cores_do_what_is_parallel_at_once(run: Simulate) -> None:
    # Amdahl 1967: nine tenths on four cores, 1 / (0.1 + 0.9 / 4) = 40 / 13 times as fast; on two, 1 / 0.55 = 20 / 11.
    asked = demand([0, 1000], [[(40_000, 0)], [(20_000, 0)]], parallel=900_000)
    # The first alone until 1000 does 3077 (rounded up); then both do 20 / 11 a microsecond, for 11,000.1: the second
    # is done at 12,001, and the first has 40,000 - 1000 x 40 / 13 - 11,001 x 20 / 11 = 16,921.1 left: 13 / 40 of that.
    o = run(asked, one_host(2, 4 * CORE))
    assert o.ended.tolist() == [12_001 + 5_500, 12_001]
    # Below a core there is nothing to do at once: 100,000 at half a core.
    assert run(demand([0], [[(100_000, 0)]], parallel=CORE), one_host(1, CORE // 2)).ended.tolist() == [200_000]
    # All of it is parallel: four times as fast.
    assert run(demand([0], [[(100_000, 7)]], parallel=CORE), one_host(1, 4 * CORE)).ended.tolist() == [25_007]


@both
def test_waiting_takes_no_cpu(run: Simulate) -> None:
    # Request 0 computes 4 alone and waits until 14; request 1 computes from 4 to 14 alone. At 14 request 0 computes 2
    # more beside request 1's last 6, at half a core each, until 18; then request 1's last 4 until 22.
    o = run(demand([0, 4], [[(4, 10), (2, 0)], [(16, 0)]]), one_host(2, CORE))
    assert o.ended.tolist() == [18, 22]
    assert o.step_ended.tolist() == [14, 18, 22]


@both
def test_work_ends_in_the_first_microsecond_at_which_nothing_remains(run: Simulate) -> None:
    # A third of a core is 333,333 millionths: 1 us of work is not quite done after 3 us, so it takes 4.
    o = run(demand([0], [[(1, 0)]]), one_host(1, CORE // 3))
    assert o.ended.tolist() == [4]


@both
def test_who_would_have_ended_earlier_within_the_microsecond_comes_first(run: Simulate) -> None:
    # 0.99 of a core, two slots. Row 0 has 2 to do: 1.01 left when row 1 comes at 1, with 1 to do. At 0.495 each both
    # have something left at 3 (0.02 and 0.01) and nothing at 4 (-0.475 and -0.485): row 1 ends first. It makes room for
    # the 4 bytes of row 2, which has been queueing: 1 + 4 of 5. Had row 0 ended first, row 2 would have been refused.
    wanted = demand([0, 1, 2], [[(2, 0)], [(1, 0)], [(0, 3)]], memory=[1, 4, 4])
    o = run(wanted, capacity(3, minimum=1, maximum=1, concurrency=2, cpu=990_000, memory=5))
    assert o.ended.tolist() == [4, 4, 7]
    assert o.fate.tolist() == [Fate.COMPLETED] * 3
    # With equal work left the lower row ends first.
    wanted = demand([0, 0, 2], [[(1, 0)], [(1, 0)], [(0, 3)]], memory=[1, 4, 4])
    o = run(wanted, capacity(3, minimum=1, maximum=1, concurrency=2, cpu=990_000, memory=5))
    assert o.ended.tolist() == [3, 3, 3]
    assert o.cause.tolist() == [Cause.NONE, Cause.NONE, Cause.MEMORY]


@both
def test_the_limit_lets_what_ends_at_that_very_moment_complete(run: Simulate) -> None:
    serves = one_host(3, 3 * CORE, duration_limit=5)
    o = run(demand([0, 0, 0], [[(0, 5)], [(0, 6)], [(2, 2), (1, 1)]]), serves)
    assert o.ended.tolist() == [5, 5, 5]
    assert o.cause.tolist() == [Cause.NONE, Cause.DURATION, Cause.DURATION]
    assert o.step_ended.tolist() == [5, NEVER, 4, NEVER]


@both
def test_a_crash_gives_its_cpu_back(run: Simulate) -> None:
    # Half a core each until 4, when request 0 fails; request 1 began at 2 and has done 1 of 3: alone, until 6.
    o = run(demand([0, 2], [[(9, 0)], [(3, 0)]]), one_host(2, CORE, duration_limit=4))
    assert o.ended.tolist() == [4, 6]
    assert o.fate.tolist() == [Fate.FAILED, Fate.COMPLETED]


@both
def test_serial_turns_and_what_follows(run: Simulate) -> None:
    # One agent. Requests 1 (at 2) and 2 (at 1) are held, and let in as they came: 2, then 1. Request 3 follows request
    # 0 after 3 microseconds, at 8, and is the last in the line. Other slots are free all the time.
    wanted = demand(
        [0, 2, 1, 3],
        [[(0, 5)], [(0, 5)], [(0, 5)], [(0, 5)]],
        agent=[0] * 4,
        after=[NEVER, NEVER, NEVER, 0],
        serial=True,
    )
    o = run(wanted, capacity(4, minimum=4))
    assert o.arrived.tolist() == [0, 2, 1, 8]
    assert o.admitted.tolist() == o.started.tolist() == [0, 10, 5, 15]
    assert o.ended.tolist() == [5, 15, 10, 20]
    assert o.presence == 5 + 13 + 9 + 12


@both
def test_the_horizon_ends_chains_and_the_stop_ends_everything(run: Simulate) -> None:
    # Request 1 would arrive at 5 + 5 = 10, the horizon: it never does, nor does request 2 after it. Request 3 arrives
    # at 9 and would end at 12, the stop: it does not.
    wanted = demand(
        [0, 5, 0, 9],
        [[(0, 5)], [(0, 1)], [(0, 1)], [(0, 1), (0, 2)]],
        agent=[0, 0, 0, 1],
        after=[NEVER, 0, 1, NEVER],
        horizon=10,
        stop=12,
    )
    o = run(wanted, capacity(4))
    assert o.fate.tolist() == [Fate.COMPLETED, Fate.ABSENT, Fate.ABSENT, Fate.UNFINISHED]
    assert o.ended.tolist() == [5, NEVER, NEVER, NEVER]
    assert o.step_ended.tolist() == [5, NEVER, NEVER, 10, NEVER]
    assert o.presence == 5 + 3


@both
@pytest.mark.parametrize(
    ("reuse", "taken"),
    [(Reuse.MOST_RECENT, 1), (Reuse.NEWEST, 2), (Reuse.OLDEST, 0), (Reuse.LEAST_LOADED, 0)],
)
def test_reuse(run: Simulate, reuse: Reuse, taken: int) -> None:
    # One slot, opened one after the other at 0, 1 and 2 and left at 12, 15 and 10: all are free and empty at 20.
    wanted = demand([0, 1, 2, 20], [[(0, 12)], [(0, 14)], [(0, 8)], [(0, 1)]])
    o = run(wanted, capacity(4, reuse=reuse))
    assert o.instance.tolist() == [0, 1, 2, taken]
    assert o.ended.tolist() == [12, 15, 10, 21]


@both
@pytest.mark.parametrize(
    ("reuse", "taken"),
    [(Reuse.MOST_RECENT, 0), (Reuse.NEWEST, 2), (Reuse.OLDEST, 0), (Reuse.LEAST_LOADED, 2)],
)
def test_reuse_among_loaded_instances(run: Simulate, reuse: Reuse, taken: int) -> None:
    # Two slots. Rows 0 and 1 fill instance 0, rows 2 and 3 instance 1, rows 4 and 5 instance 2. Then row 4 leaves at 5,
    # row 5 at 6, row 1 at 8: instance 0 has one resident and was left last, instance 1 is full, instance 2 is empty.
    wanted = demand([0] * 6 + [9], [[(0, t)] for t in (50, 8, 50, 50, 5, 6, 1)])
    o = run(wanted, capacity(7, concurrency=2, cpu=2 * CORE, early=True, start=[0] * 7, reuse=reuse))
    assert o.instance.tolist() == [0, 0, 1, 1, 2, 2, taken]
    assert o.warmth.tolist()[-1] == Warmth.WARM


def test_a_run_leaves_the_collector_of_garbage_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it fails: it is set for the whole process."""
    before = gc.get_threshold()
    gc.set_threshold(701, 11, 12)
    try:
        simulate(demand([0], [[(30, 0)]]), one_host(1, CORE))
        assert gc.get_threshold() == (701, 11, 12)
        monkeypatch.setattr(model.Model, "run", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            simulate(demand([0], [[(30, 0)]]), one_host(1, CORE))
        assert gc.get_threshold() == (701, 11, 12)
    finally:
        gc.set_threshold(*before)
