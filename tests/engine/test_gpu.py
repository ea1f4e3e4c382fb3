"""GPU time and the order of queues worked out by hand, in microseconds, on the model and on the crude reference."""

from __future__ import annotations

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.engine import simulate
from sim.engine.contract import CORE, NEVER, Capacity, Cause, Demand, Gpu, Queueing, Warmth, gpu_pace

from .cases import capacity, demand
from .test_work import Simulate, both


def ints(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def jobs(at: list[int], lengths: list[int], **more: object) -> Demand:
    """Requests that wait so long and use neither CPU nor GPU."""
    return demand(at, [[(0, length)] for length in lengths], **more)  # type: ignore[arg-type]


def one_device(n: int, slots: int, rule: Queueing, **more: int) -> Capacity:
    return capacity(n, minimum=1, maximum=1, concurrency=slots, queueing=rule, **more)


# GPU time


@both
def test_half_a_gpu_each(run: Simulate) -> None:
    # Law 1/k: row 0 has 10 of decode and is alone until 4; both at half until row 1 has done its 3, at 10; row 0 has
    # then 3 left, until 13.
    wanted = demand([0, 4], [[(0, 0)], [(0, 0)]], gpu=[(0, 10), (0, 3)])
    o = run(wanted, capacity(2, minimum=1, maximum=1, concurrency=2, gpu=Gpu(CORE, CORE, CORE, CORE)))
    assert o.ended.tolist() == [13, 10]
    assert o.prefill_ended.tolist() == [0, 4]


@both
def test_a_batch_slows_each_of_its_sequences(run: Simulate) -> None:
    # Each other sequence adds a quarter: alone 1, two 1.25, three 1.5 times as long. Row 0 decodes 100 from 0; rows 1
    # and 2 come at 20 with 40 each. 80 left at 1 / 1.5 a microsecond: rows 1 and 2 end at 20 + 60 = 80 (their pace is
    # 666,666 millionths: 40 us of work are not quite done after 60, so at 81), when row 0 has 40 - left.
    wanted = demand([0, 20, 20], [[(0, 0)]] * 3, gpu=[(0, 100), (0, 40), (0, 40)])
    o = run(wanted, capacity(3, minimum=1, maximum=1, concurrency=3, gpu=Gpu(CORE, CORE, 0, CORE // 4)))
    left = 80 * CORE - 61 * 666_666
    assert o.ended.tolist() == [81 + -(-left // CORE), 81, 81]


@both
def test_a_prompt_holds_up_those_that_decode_but_not_the_other_way(run: Simulate) -> None:
    # Prompts slow everybody by all, sequences nobody. Row 0: prefill 10 alone until 10, then decode 30. Row 1 comes at
    # 20 with a prompt of 8, which has the whole speed (nobody else is in prefill), until 28, and halves row 0: row 0
    # has done 10 + 4 of 30 by 28, and ends at 28 + 16. Row 1 decodes 2 beside it, until 30.
    wanted = demand([0, 20], [[(0, 0)], [(0, 0)]], gpu=[(10, 30), (8, 2)])
    o = run(wanted, capacity(2, minimum=1, maximum=1, concurrency=2, gpu=Gpu(CORE, CORE, CORE, 0)))
    assert o.prefill_ended.tolist() == [10, 28]
    assert o.ended.tolist() == [44, 30]


@both
def test_speeds_of_a_gpu_and_the_order_of_phases(run: Simulate) -> None:
    # CPU 5, then a prompt of 10 at twice the speed, then 6 of decode at half of it, then 7 of waiting.
    o = run(demand([0], [[(5, 7)]], gpu=[(10, 6)]), capacity(1, minimum=1, gpu=Gpu(2 * CORE, CORE // 2)))
    assert o.prefill_ended.tolist() == [10]
    assert o.ended.tolist() == [10 + 12 + 7]


@both
def test_gpu_work_that_was_cut_off_is_told(run: Simulate) -> None:
    # Limit 8: row 0 has a prompt of 3 and 20 of decode, of which 5 are done; row 1, alone on its own, has a prompt of
    # 20 of which 8 are done; row 2 has done its GPU time and waits; row 3 is in its CPU time.
    wanted = demand([0] * 4, [[(0, 0)], [(0, 0)], [(0, 9)], [(9, 0)]], gpu=[(3, 20), (20, 1), (2, 2), (5, 5)])
    o = run(wanted, capacity(4, minimum=4, duration_limit=8, gpu=Gpu()))
    assert o.gpu_spent.tolist() == [8, 8, 4, 0]
    assert o.spent.tolist() == [0, 0, 0, 8]
    assert (o.cause == Cause.DURATION).all()


@given(st.integers(1, 64), st.integers(1, 2 * CORE), st.integers(0, CORE))
def test_a_batch_does_more_together_and_each_less(batch: int, speed: int, slows: int) -> None:
    # Batch times pace is B v / (1 + s (B - 1)), which rises in B as s is 1 at most; each alone gets less.
    def pace(size: int) -> int:
        return gpu_pace(Gpu(CORE, speed, 0, slows), 0, size, decode=True)

    assert pace(batch + 1) <= pace(batch)
    if pace(batch + 1) > 1:
        assert (batch + 1) * (pace(batch + 1) + 1) > batch * pace(batch)
    assert abs(pace(batch) - speed / (1 + slows / CORE * (batch - 1))) <= 1


# Order


@both
def test_lower_ranks_go_first_and_equals_as_they_came(run: Simulate) -> None:
    # One slot. Row 0 until 10. Then rank 0: row 3, then row 4; then rank 1: row 1, then row 2.
    rule = Queueing(rank=ints(5, 1, 1, 0, 0))
    o = run(jobs([0, 1, 2, 3, 4], [10, 5, 5, 5, 5]), one_device(5, 1, rule))
    assert o.started.tolist() == [0, 20, 25, 10, 15]


@both
def test_the_head_blocks_the_line_unless_there_is_backfill(run: Simulate) -> None:
    # Four slots. Row 0 holds 3 until 10. Row 1 needs 2: it waits. Row 2 needs 1, which is there, but waits behind it.
    wanted = jobs([0, 1, 2], [10, 4, 3])
    o = run(wanted, one_device(3, 4, Queueing(need=ints(3, 2, 1))))
    assert o.started.tolist() == [0, 10, 10]
    o = run(wanted, one_device(3, 4, Queueing(need=ints(3, 2, 1), backfill=True)))
    assert o.started.tolist() == [0, 10, 2]


@both
def test_backfill_makes_no_reservation(run: Simulate) -> None:
    # Two slots. Row 0 holds 1 until 10, row 1 needs both. Rows 2 and 3 need 1 and pass it one after the other: when row
    # 0 leaves at 10, row 2 still holds a slot (2 to 12), and row 3 takes the other (10 to 20). Row 1 begins at 20.
    o = run(jobs([0, 1, 2, 3], [10, 5, 10, 10]), one_device(4, 2, Queueing(need=ints(1, 2, 1, 1), backfill=True)))
    assert o.started.tolist() == [0, 20, 2, 10]


@both
def test_memory_is_waited_for(run: Simulate) -> None:
    # 10 bytes, 2 of them the instance's own. Rows 0 and 1 use 4 each. Row 2 (3 bytes) has a slot, but waits for its
    # memory until 5. Row 3 can never have its 9 bytes and fails at once; without waiting it fails when it begins.
    wanted = jobs([0, 0, 1, 2], [5, 9, 4, 1], memory=[4, 4, 3, 9])
    o = run(wanted, one_device(4, 4, Queueing(memory_waits=True), memory=10, base_memory=2))
    assert o.started.tolist() == [0, 0, 5, NEVER]
    assert o.cause.tolist() == [Cause.NONE, Cause.NONE, Cause.NONE, Cause.TOO_LARGE]
    o = run(wanted, one_device(4, 4, Queueing(), memory=10, base_memory=2))
    assert o.cause.tolist() == [Cause.NONE, Cause.NONE, Cause.MEMORY, Cause.MEMORY]


@both
def test_who_gives_up_lets_those_behind_begin(run: Simulate) -> None:
    # Row 0 holds 2 of 3 slots. Row 1 needs 3 and leaves at 1 + 4; row 2, behind it, needs 1, and begins then.
    wanted = jobs([0, 1, 2], [20, 5, 5], patience=[NEVER, 4, NEVER])
    o = run(wanted, one_device(3, 3, Queueing(need=ints(2, 3, 1))))
    assert o.started.tolist() == [0, NEVER, 5]


@both
def test_instances_are_opened_for_what_does_not_fit_those_on_their_way(run: Simulate) -> None:
    # Instances of 4 slots that start in 10. Row 0 needs 3: one is opened. Row 1 needs 3, for which one slot is left:
    # another is opened. Row 2 needs 1: of 8 slots on their way 6 are spoken for. All begin at 10 and 11, cold.
    rule = Queueing(need=ints(3, 3, 1))
    o = run(jobs([0, 1, 2], [50, 50, 50]), capacity(3, concurrency=4, start=10, queueing=rule))
    assert o.started.tolist() == [10, 11, 11]
    assert o.opener.tolist() == [0, 1]
    assert o.warmth.tolist() == [Warmth.COLD] * 3
    # Three that need 3 of 4 slots: 9 slots seem to be served by 12, so three are opened at once; of 2 and 2 and 2 and
    # 3 bytes in 4, the second instance, which memory asks for, is opened when the first is ready.
    asks = jobs([0, 0, 0], [50, 50, 50], memory=[3, 3, 3])
    o = run(asks, capacity(3, concurrency=3, start=10, memory=4, queueing=Queueing(memory_waits=True)))
    assert o.started.tolist() == [10, 20, 30]
    assert o.opener.tolist() == [0, 1, 2]


@both
def test_a_full_queue_sends_away_who_comes_last_whatever_the_rank(run: Simulate) -> None:
    rule = Queueing(rank=ints(0, 1, 0))
    o = run(jobs([0, 1, 2], [10, 10, 10]), one_device(3, 1, rule, queue_limit=1))
    assert o.cause.tolist() == [Cause.NONE, Cause.NONE, Cause.QUEUE_FULL]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9), st.integers(0, 2)), min_size=1, max_size=12),
       st.integers(1, 3))
def test_ranks_share_the_same_work(work: list[tuple[int, int, int]], slots: int) -> None:
    """With one slot, whoever goes first, the slot is busy for as long: the order does not change the last end."""
    n, (at, lengths, ranks) = len(work), map(list, zip(*work, strict=True))
    plain = simulate(jobs(at, lengths), capacity(n, minimum=1, maximum=1))
    ranked = simulate(jobs(at, lengths), one_device(n, 1, Queueing(rank=ints(*ranks))))
    assert plain.ended.max() == ranked.ended.max()
    assert int((plain.turn_state == 3).sum()) == int((ranked.turn_state == 3).sum()), "busy periods are the same"
    # Equal ranks are no ranks at all, on any number of slots.
    equal = simulate(jobs(at, lengths), one_device(n, slots, Queueing(rank=ints(*([1] * n)))))
    usual = simulate(jobs(at, lengths), capacity(n, minimum=1, maximum=1, concurrency=slots))
    assert equal.started.tolist() == usual.started.tolist()


@both
def test_an_instance_is_opened_for_the_first_whom_those_on_their_way_leave_out(run: Simulate) -> None:
    # Four slots on their way for rows 0 and 1, who need two each: the next one is opened for row 2, not for row 1.
    o = run(jobs([0, 1, 2], [50, 50, 50]), capacity(3, concurrency=4, start=10, queueing=Queueing(need=ints(2, 2, 1))))
    assert o.opener.tolist() == [0, 2]
    assert o.started.tolist() == [10, 10, 12]
