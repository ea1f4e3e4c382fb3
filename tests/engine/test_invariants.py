"""What is true of every run of the model, whatever it was given.

Nothing here knows how the model works: each test takes the rows and asks whether they can be a world.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from sim.engine import simulate
from sim.engine.contract import CORE, NEVER, Capacity, Cause, Demand, Fate, Outcome, Reuse, State, Warmth

from .cases import Case, capacity, demand
from .drawn import cases
from .story import arrays, difference, turns

QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example, HealthCheck.filter_too_much]
some = settings(max_examples=60, deadline=None, suppress_health_check=QUIET)
few = settings(max_examples=40, deadline=None, suppress_health_check=QUIET)

LEGAL = {
    State.STARTING: {State.BUSY, State.IDLE, State.OFF},
    State.IDLE: {State.BUSY, State.ENTERING, State.OFF},
    State.BUSY: {State.IDLE, State.OFF},
    State.ENTERING: {State.WAKING, State.RESTING, State.OFF},
    State.RESTING: {State.WAKING, State.ENTERING},
    State.WAKING: {State.BUSY, State.IDLE, State.OFF},
    State.OFF: set(),
}
"""Which state may follow which. OFF follows STARTING, IDLE, BUSY and WAKING only where memory kills."""

Turn = tuple[int, State, int]


def lives(outcome: Outcome) -> dict[int, list[Turn]]:
    """The (time, state, rung) of each instance, in order."""
    result: dict[int, list[Turn]] = {}
    for time, number, state, rung in turns(outcome):
        result.setdefault(number, []).append((time, state, rung))
    return result


def residencies(outcome: Outcome, number: int, stop: int) -> list[tuple[int, int, int]]:
    """The (begin, end, row) of requests that occupied the instance for some time."""
    return [
        (int(outcome.started[r]), int(outcome.ended[r]) if outcome.ended[r] != NEVER else stop, int(r))
        for r in np.flatnonzero(outcome.instance == number)
        if outcome.ended[r] == NEVER or outcome.ended[r] > outcome.started[r]
    ]


def together(begin_end: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The intervals, those that touch or overlap made one."""
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(begin_end):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def pairs(rows: list[int]) -> Iterator[tuple[int, int]]:
    return ((a, b) for a in rows for b in rows if a != b)


# Requests


@some
@given(cases())
def test_every_request_has_one_fate_and_its_times_say_which(case: Case) -> None:
    o = simulate(case.demand, case.capacity)
    arrived, left, began = o.arrived != NEVER, o.ended != NEVER, o.started != NEVER
    completed, failed = o.fate == Fate.COMPLETED, o.fate == Fate.FAILED
    unfinished, absent, abandoned = o.fate == Fate.UNFINISHED, o.fate == Fate.ABSENT, o.fate == Fate.ABANDONED
    assert np.array_equal(absent, ~arrived)
    assert np.array_equal(completed | failed | abandoned, left)
    assert np.array_equal(unfinished, arrived & ~left)
    assert arrived.sum() == completed.sum() + failed.sum() + abandoned.sum() + unfinished.sum()
    assert not began[abandoned].any()
    assert np.array_equal(failed, o.cause != Cause.NONE)
    assert np.array_equal(began, o.instance != NEVER)
    assert np.array_equal(began, o.bound != NEVER)
    assert began[completed].all() and not began[absent].any()
    assert not began[o.cause == Cause.QUEUE_FULL].any()
    assert (o.warmth[~began] == Warmth.WARM).all()


@some
@given(cases(plain=True))
def test_waits_are_not_negative_and_follow_one_another(case: Case) -> None:
    d = case.demand
    o = simulate(d, case.capacity)
    for r in range(d.n):
        times = [int(t) for t in (o.arrived[r], o.admitted[r], o.bound[r], o.started[r], o.ended[r]) if t != NEVER]
        assert times == sorted(times)
        assert all(0 <= t < d.stop for t in times)
        steps = o.step_ended[d.step_first[r] : d.step_first[r + 1]].tolist()
        done = [t for t in steps if t != NEVER]
        assert done == sorted(done) and steps[: len(done)] == done, "steps end in order, none is left out"
        work = int((d.step_cpu + d.step_wait)[d.step_first[r] : d.step_first[r + 1]].sum())
        if o.fate[r] == Fate.COMPLETED:
            assert len(done) == len(steps) and done[-1] == o.ended[r]
            assert o.ended[r] - o.started[r] >= work
            if case.capacity.cpu >= case.capacity.concurrency * CORE:
                assert o.ended[r] - o.started[r] == work
        elif done:
            # A killed resident may have ended its last phase in the same microsecond only if it was not its last step.
            assert len(done) < len(steps)
            assert done[-1] <= (o.ended[r] if o.ended[r] != NEVER else d.stop)


@some
@given(cases())
def test_no_request_runs_longer_than_the_limit(case: Case) -> None:
    d, limit = case.demand, case.capacity.duration_limit
    assume(limit != NEVER)
    o = simulate(d, case.capacity)
    began = o.started != NEVER
    until = np.where(o.ended == NEVER, d.stop, o.ended)
    assert (until[began] - o.started[began] <= limit).all()
    assert ((o.ended - o.started)[o.cause == Cause.DURATION] == limit).all()


@some
@given(cases())
def test_presence_is_the_sum_of_the_rows(case: Case) -> None:
    o = simulate(case.demand, case.capacity)
    here = o.arrived != NEVER
    until = np.where(o.ended == NEVER, case.demand.stop, o.ended)
    assert o.presence == int((until - o.arrived)[here].sum())


@some
@given(cases(plain=True))
def test_arrivals_are_where_the_demand_puts_them(case: Case) -> None:
    d = case.demand
    o = simulate(d, case.capacity)
    for r in range(d.n):
        before = int(d.after[r])
        if before == NEVER:
            due = int(d.at[r])
        else:
            due = int(o.ended[before] + d.at[r]) if o.ended[before] != NEVER else d.horizon
        assert o.arrived[r] == (due if due < min(d.horizon, d.stop) else NEVER)
        if before != NEVER and o.arrived[r] != NEVER:
            assert o.arrived[r] >= o.ended[before], "a chain never overlaps itself"


@some
@given(cases())
def test_serial_agents_are_served_one_at_a_time_in_order(case: Case) -> None:
    d = replace(case.demand, serial=True)
    o = simulate(d, case.capacity)
    for agent in set(d.agent.tolist()):
        own = [r for r in range(d.n) if d.agent[r] == agent and o.arrived[r] != NEVER]
        for a, b in pairs(own):
            if o.admitted[a] != NEVER and o.admitted[b] != NEVER:
                a_until = o.ended[a] if o.ended[a] != NEVER else d.stop
                b_until = o.ended[b] if o.ended[b] != NEVER else d.stop
                assert a_until <= o.admitted[b] or b_until <= o.admitted[a]
            if o.arrived[a] < o.arrived[b] and o.admitted[b] != NEVER and o.fate[a] != Fate.ABANDONED:
                assert o.admitted[a] != NEVER and o.admitted[a] <= o.admitted[b]
    loose = simulate(replace(case.demand, serial=False), case.capacity)
    assert np.array_equal(loose.admitted, loose.arrived), "nobody is held who need not be"


@some
@given(cases(plain=True))
def test_queues_are_first_come_first_served(case: Case) -> None:
    c = case.capacity
    c = c if not c.early else replace(c, maximum=1, minimum=min(c.minimum, 1))
    o = simulate(case.demand, c)
    full = o.cause == Cause.QUEUE_FULL
    for pool in range(c.pools):
        own = [int(r) for r in np.flatnonzero((c.pool_of == pool) & (o.admitted != NEVER) & ~full)]
        for a, b in pairs(own):
            if o.admitted[a] < o.admitted[b] and o.started[b] != NEVER:
                assert o.started[a] != NEVER and o.started[a] <= o.started[b]


# Instances


@some
@given(cases(plain=True))
def test_instances_live_legal_lives(case: Case) -> None:
    d, c = case.demand, case.capacity
    o = simulate(d, c)
    story = lives(o)
    assert sorted(story) == list(range(len(o.opener))) == list(range(len(o.pool)))
    assert o.turn_time.tolist() == sorted(o.turn_time.tolist())
    for number, life in story.items():
        time, state, rung = life[0]
        if o.opener[number] != NEVER:
            assert state == State.STARTING and d.n > o.opener[number] and c.pool_of[o.opener[number]] == o.pool[number]
        elif state == State.STARTING:
            assert c.minimum > 0 and c.memory_kills, "opened for no request, in place of one that was killed"
        elif c.minimum > 0:
            assert (time, state, rung) == (0, State.IDLE, NEVER)
        else:
            assert (time, state, rung) == (0, State.RESTING, c.initial_rung)
        for (_, before, rung_before), (_, after, rung_after) in pairwise(life):
            assert after in LEGAL[before]
            in_rung = after in (State.ENTERING, State.RESTING, State.WAKING)
            assert (rung_after != NEVER) == in_rung
            if after == State.ENTERING:
                assert rung_after == (0 if before == State.IDLE else rung_before + 1)
            elif in_rung:
                assert rung_after == rung_before and c.rung_keeps[rung_after]
            elif after == State.OFF:
                deleted = before == State.ENTERING and not c.rung_keeps[rung_before]
                assert deleted or (before != State.ENTERING and c.memory_kills and c.memory != NEVER)


@some
@given(cases(plain=True))
def test_the_ladder_is_gone_down_on_time(case: Case) -> None:
    d, c = case.demand, case.capacity
    o = simulate(d, c)
    for number, life in lives(o).items():
        ends = [*(turn[0] for turn in life[1:]), d.stop]
        for (time, state, rung), end, after in zip(life, ends, [*life[1:], None], strict=True):
            spent, last = end - time, after is None
            if state == State.ENTERING:
                assert spent == c.rung_enter[rung] or (last and spent <= c.rung_enter[rung])
            if state in (State.IDLE, State.RESTING):
                patience = int(c.rung_after[rung + 1]) if rung + 1 < len(c.rung_after) else NEVER
                looked = state == State.IDLE and c.minimum > 0
                if after is not None and after[1] == State.ENTERING:
                    assert patience != NEVER and (spent % patience == 0 if looked else spent == patience)
                elif patience != NEVER and not looked:
                    assert spent <= patience
            if state == State.STARTING:
                lengths = c.start[d.n :] if o.opener[number] == NEVER else c.start[[o.opener[number]]]
                assert spent in lengths or (last and spent <= lengths.max())
            if state == State.WAKING and not last:
                assert spent in c.rung_wake[rung]


@some
@given(cases(plain=True))
def test_instances_are_busy_exactly_while_somebody_is_there(case: Case) -> None:
    d, c = case.demand, case.capacity
    o = simulate(d, c)
    for number, life in lives(o).items():
        ends = [*(turn[0] for turn in life[1:]), d.stop]
        busy = [(t, e) for (t, state, _), e in zip(life, ends, strict=True) if state == State.BUSY and e > t]
        there = residencies(o, number, d.stop)
        assert together(busy) == together([(begin, end) for begin, end, _ in there])
        for moment in {begin for begin, _, _ in there}:
            at_once = [r for begin, end, r in there if begin <= moment < end]
            assert len(at_once) <= c.concurrency
            if c.memory != NEVER:
                assert c.base_memory + int(d.memory[at_once].sum()) <= c.memory


@some
@given(cases(plain=True))
def test_no_pool_exceeds_its_maximum_and_the_minimum_stays(case: Case) -> None:
    c = case.capacity
    o = simulate(case.demand, c)
    state: dict[int, State] = {}
    most = max(c.maximum, 0 if c.minimum or c.initial_rung == NEVER else 1)
    for time, number, new, _ in turns(o):
        if new == State.ENTERING and state[number] == State.IDLE:
            mates = [i for i in state if o.pool[i] == o.pool[number] and i != number]
            warm = {State.IDLE, State.BUSY, State.STARTING, State.WAKING}
            # One entering with a waker counts too, which turns do not show: at least those that will wake are known.
            coming = sum(state[i] in warm for i in mates) + sum(wakes_next(o, i, time) for i in mates)
            assert coming >= c.minimum
        state[number] = new
        there = sum(1 for i, s in state.items() if s != State.OFF and o.pool[i] == o.pool[number])
        assert c.maximum == NEVER or there <= most


def wakes_next(outcome: Outcome, number: int, time: int) -> bool:
    """Whether the instance is entering at this time and is woken as soon as it has entered."""
    life = lives(outcome)[number]
    past = [k for k, turn in enumerate(life) if turn[0] <= time]
    k = past[-1]
    entering = life[k][1] == State.ENTERING
    return entering and (k + 1 == len(life) or life[k + 1][1] == State.WAKING)


@some
@given(cases(plain=True))
def test_cold_and_woken_requests_began_as_their_instance_became_ready(case: Case) -> None:
    o = simulate(case.demand, case.capacity)
    story = lives(o)
    came_from = {Warmth.COLD: State.STARTING, Warmth.WOKEN: State.WAKING}
    for r in np.flatnonzero(o.started != NEVER):
        warmth = Warmth(o.warmth[r])
        life = story[int(o.instance[r])]
        readies = [now for (_, before, _), (now, _, _) in pairwise(life) if before == came_from.get(warmth)]
        if warmth == Warmth.WARM:
            assert o.bound[r] == o.started[r]
        else:
            assert o.started[r] in readies


# Runs compared with runs


def same(a: Outcome, b: Outcome) -> bool:
    """Whether two outcomes are the same bytes."""
    return not difference(a, b)


@few
@given(cases())
def test_the_same_input_gives_the_same_bytes(case: Case) -> None:
    given_bytes = [getattr(case.demand, f.name) for f in fields(Demand)]
    copies = [np.copy(value) for value in given_bytes]
    first, second = simulate(case.demand, case.capacity), simulate(case.demand, case.capacity)
    assert difference(first, second) == []
    assert all(np.array_equal(a, b) for a, b in zip(given_bytes, copies, strict=True)), "the input is left as it was"


@few
@given(cases(plain=True), st.sampled_from([1, 7, 1000, 86_400_000_000, 10**15]))
def test_the_same_story_later(case: Case, shift: int) -> None:
    d = case.demand
    c = replace(case.capacity, minimum=0, initial_rung=NEVER)
    later = replace(d, at=d.at + np.where(d.after == NEVER, shift, 0), horizon=d.horizon + shift, stop=d.stop + shift)
    a, b = simulate(d, c), simulate(later, c)
    others = arrays(b)
    for name, x in arrays(a).items():
        if name in ("arrived", "admitted", "bound", "started", "ended", "step_ended", "turn_time"):
            x = np.where(x == NEVER, NEVER, x + shift)
        assert np.array_equal(x, others[name]), name


@few
@given(cases(stops=False, plain=True), st.sampled_from([2, 10, 1_000_003]))
def test_a_finer_clock_tells_the_same_story(case: Case, times: int) -> None:
    # Only where nobody shares a CPU: else the first whole microsecond at which nothing remains moves.
    d, c = case.demand, replace(case.capacity, cpu=case.capacity.concurrency * CORE)

    def finer(values: np.ndarray) -> np.ndarray:
        return np.where(values < 0, values, values * times)

    limit = c.duration_limit if c.duration_limit == NEVER else c.duration_limit * times
    a = simulate(d, c)
    b = simulate(
        replace(
            d,
            at=finer(d.at),
            horizon=d.horizon * times,
            stop=d.stop * times,
            step_cpu=finer(d.step_cpu),
            step_wait=finer(d.step_wait),
        ),
        replace(
            c,
            duration_limit=limit,
            start=finer(c.start),
            rung_after=finer(c.rung_after),
            rung_enter=finer(c.rung_enter),
            rung_wake=finer(c.rung_wake),
        ),
    )
    assert np.array_equal(finer(a.ended), b.ended) and np.array_equal(finer(a.turn_time), b.turn_time)
    assert np.array_equal(a.instance, b.instance) and np.array_equal(a.turn_state, b.turn_state)


def continuous(case: Case, luck: int) -> Case:
    """The case with times so fine that no two things happen at once."""
    d, c, draw = case.demand, case.capacity, np.random.default_rng(luck)

    def fine(values: np.ndarray) -> np.ndarray:
        return np.where(values < 0, values, values * 10**9 + draw.integers(1, 10**9, values.shape))

    return Case(
        replace(
            d,
            at=fine(d.at),
            horizon=d.horizon * 10**9,
            stop=d.stop * 10**9,
            step_cpu=fine(d.step_cpu),
            step_wait=fine(d.step_wait),
        ),
        replace(
            c,
            # Residents that begin together would come to the limit together: whose end is first is the rows' business.
            duration_limit=NEVER if c.concurrency > 1 or c.duration_limit < 0 else c.duration_limit * 10**9 + 1,
            # A kill ends several requests in one microsecond: whose turn passes first is then the rows' business.
            memory_kills=c.memory_kills and not d.serial,
            start=fine(c.start),
            rung_after=fine(c.rung_after),
            rung_enter=fine(c.rung_enter),
            rung_wake=fine(c.rung_wake),
        ),
    )


def reordered(case: Case, order: list[int]) -> Case:
    """The case with the requests in another order."""
    d, c = case.demand, case.capacity
    place = {NEVER: NEVER, **{old: new for new, old in enumerate(order)}}
    names = {int(a): rank for rank, a in enumerate(dict.fromkeys(d.agent[order].tolist()))}
    steps = np.concatenate([np.arange(d.step_first[r], d.step_first[r + 1]) for r in order])
    own = np.array_equal(c.pool_of, d.agent)
    agent = np.array([names[int(d.agent[r])] for r in order], dtype=np.int64)
    lucky = [*order, *range(d.n, d.n + c.spare)]
    return Case(
        replace(
            d,
            agent=agent,
            after=np.array([place[int(d.after[r])] for r in order], dtype=np.int64),
            at=d.at[order],
            memory=d.memory[order],
            step_first=np.concatenate(([0], np.cumsum(np.diff(d.step_first)[order]))).astype(np.int64),
            step_cpu=d.step_cpu[steps],
            step_wait=d.step_wait[steps],
        ),
        replace(
            c,
            pool_of=agent if own else c.pool_of[order],
            start=c.start[lucky],
            rung_wake=c.rung_wake[:, lucky],
        ),
    )


@few
@given(cases(plain=True), st.integers(0, 2**32), st.permutations(range(4)))
def test_agents_may_be_listed_in_any_order(case: Case, luck: int, agents: list[int]) -> None:
    case = continuous(case, luck)
    d = case.demand
    rank = {agent: k for k, agent in enumerate(agents)}
    order = sorted(range(d.n), key=lambda r: (rank[int(d.agent[r])], r))
    other = reordered(case, order)
    a, b = simulate(case.demand, case.capacity), simulate(other.demand, other.capacity)
    for name in ("arrived", "admitted", "bound", "started", "ended", "fate", "cause", "warmth"):
        assert np.array_equal(getattr(a, name)[order], getattr(b, name)), name
    assert a.presence == b.presence
    steps = np.concatenate([np.arange(d.step_first[r], d.step_first[r + 1]) for r in order])
    assert np.array_equal(a.step_ended[steps], b.step_ended)
    assert sorted(a.turn_time.tolist()) == sorted(b.turn_time.tolist())


# Faster is not slower, where theory says so


@st.composite
def lines_of_work(draw: st.DrawFn) -> tuple[list[int], list[int], list[int]]:
    """Arrivals, lengths, and lengths that are not longer."""
    n = draw(st.integers(1, 10))
    at = draw(st.lists(st.integers(0, 30), min_size=n, max_size=n))
    long = draw(st.lists(st.integers(1, 12), min_size=n, max_size=n))
    short = [draw(st.integers(1, length)) for length in long]
    return at, long, short


def run_line(at: list[int], lengths: list[int], serves: Capacity) -> Outcome:
    return simulate(demand(at, [[(0, length)] for length in lengths]), serves)


@some
@given(lines_of_work(), st.integers(1, 3), st.sampled_from(list(Reuse)))
@example(([0, 0, 0], [3, 3, 3], [3, 1, 3]), 2, Reuse.OLDEST)
def test_shorter_work_makes_nobody_later(
    work: tuple[list[int], list[int], list[int]], slots: int, reuse: Reuse
) -> None:
    # First come first served on c always-on slots: the vector of the slots' remaining work (Kiefer and Wolfowitz 1955,
    # "On the theory of queues with many servers") is monotone in every length, so every start and end is.
    at, long, short = work
    serves = capacity(len(at), minimum=slots, maximum=slots, reuse=reuse)
    slow, fast = run_line(at, long, serves), run_line(at, short, serves)
    assert (fast.started <= slow.started).all() and (fast.ended <= slow.ended).all()
    wider = capacity(len(at), minimum=slots + 1, maximum=slots + 1, reuse=reuse)
    assert (run_line(at, long, wider).started <= slow.started).all()


@some
@given(lines_of_work(), st.integers(0, 20), st.integers(0, 20), st.booleans())
def test_a_shorter_start_makes_nobody_later(
    work: tuple[list[int], list[int], list[int]], a: int, b: int, early: bool
) -> None:
    # One instance that starts once and stays: the queue of Lindley (1952) with a first length that is not longer.
    at, long, _ = work
    n = len(at)
    slow = run_line(at, long, capacity(n, maximum=1, early=early, start=max(a, b)))
    fast = run_line(at, long, capacity(n, maximum=1, early=early, start=min(a, b)))
    assert (fast.ended <= slow.ended).all()
    opened = min(range(n), key=lambda r: (at[r], r))
    assert slow.started[opened] == at[opened] + max(a, b)
    ends = at[opened] + max(a, b)
    for r in sorted(range(n), key=lambda r: (at[r], r)):
        ends = max(ends, at[r]) + long[r]
        assert slow.ended[r] == ends, "Lindley's recursion"


@some
@given(lines_of_work(), st.integers(1, 40), st.integers(1, 40))
def test_more_cpu_makes_nobody_later(work: tuple[list[int], list[int], list[int]], a: int, b: int) -> None:
    # Equal shares: whoever is still there with more CPU is still there with less, so every share is at least as large.
    at, long, _ = work
    n = len(at)
    asks = demand(at, [[(length, 0)] for length in long])
    less, more = sorted((a * CORE // 10, b * CORE // 10))
    slow = simulate(asks, capacity(n, minimum=1, maximum=1, concurrency=n, cpu=less))
    fast = simulate(asks, capacity(n, minimum=1, maximum=1, concurrency=n, cpu=more))
    assert (fast.ended <= slow.ended).all()


@some
@given(lines_of_work(), st.integers(0, 20))
def test_endless_instances_start_in_exactly_their_start_time(
    work: tuple[list[int], list[int], list[int]], start: int
) -> None:
    # Nobody waits for anybody: early binding, no limit, and nothing is ever used twice because it is deleted at once.
    at, long, _ = work
    n = len(at)
    serves = capacity(n, early=True, start=start, ladder=[(0, 0, False, 0)])
    o = run_line(at, long, serves)
    assert np.array_equal(o.started, np.array(at) + start)
    assert np.array_equal(o.ended, np.array(at) + start + np.array(long))
    assert len(o.opener) == n and (o.warmth == Warmth.COLD).all()
