"""Small random cases on coarse clocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING, fields, replace
from enum import Enum
from typing import Any

import numpy as np
from hypothesis import strategies as st

from sim.engine.contract import CORE, NEVER, Capacity, Credit, Demand, KeepAlive, Reuse, Scaler

from .cases import LONG, SPARE, Case, capacity, demand
from .drawn_gpu import gpu_time, on_gpus, queueing


@st.composite
def demands(draw: st.DrawFn, most: int = 12, chains: bool = True, stops: bool = True, unit: int = 0) -> Demand:
    """Between 1 and ``most`` requests of 1 to 4 agents, on a clock so coarse that much happens at once."""
    tick = unit or draw(st.sampled_from([1, 10, 1000]))
    n = draw(st.integers(1, most))
    agents = draw(st.integers(1, 4))
    agent = sorted(draw(st.lists(st.integers(0, agents - 1), min_size=n, max_size=n)))
    times = st.sampled_from([0, 0, 1, 1, 2, 2, 3, 4, 5, 8, 13, 21, 34])
    lengths = st.sampled_from([0, 0, 1, 1, 2, 3, 5])
    after, at, steps = [], [], []
    for row in range(n):
        own = [earlier for earlier in range(row) if agent[earlier] == agent[row]]
        follows = chains and bool(own) and draw(st.booleans())
        after.append(draw(st.sampled_from([own[-1], *own])) if follows else NEVER)
        at.append(draw(times) * tick)
        of_one = []
        for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
            cpu, wait = draw(lengths) * tick, draw(lengths) * tick
            of_one.append((cpu, wait) if cpu + wait else (0, 1))
        steps.append(of_one)
    horizon = draw(st.sampled_from([100, 100, 20, 8, 3])) * tick
    stop = draw(st.sampled_from([LONG, LONG, 40, 20, 9])) * tick if stops else LONG * tick
    return demand(
        at,
        steps,
        agent=agent,
        after=after,
        memory=draw(st.lists(st.sampled_from([0, 1, 1, 2, 3]), min_size=n, max_size=n)),
        patience=ticks(draw, [[NEVER], [NEVER], [NEVER, 0, 1, 2, 3, 5, 8]], n, tick),
        parallel=draw(st.sampled_from([0, 0, 0, 333_333, 900_000, CORE])),
        linger=ticks(draw, [[0], [0], [0, 0, 1, 2, 5, 13]], n, tick),
        serial=draw(st.booleans()),
        horizon=horizon,
        stop=max(stop, horizon),
    )


def ticks(draw: st.DrawFn, choices: Sequence[Sequence[int]], n: int, tick: int) -> list[int]:
    """Values for n requests from one of the lists, in ticks; NEVER stays."""
    values = draw(st.sampled_from(choices))
    if len(values) == 1:
        return [values[0] if values[0] == NEVER else values[0] * tick] * n
    return [v if v == NEVER else v * tick for v in draw(st.lists(st.sampled_from(values), min_size=n, max_size=n))]


@st.composite
def ladders(
    draw: st.DrawFn, n: int, tick: int, counts: Sequence[int], last_keeps: st.SearchStrategy[bool]
) -> list[tuple[int, int, bool, list[int]]]:
    """Rungs whose timeouts shrink and grow."""
    afters = st.sampled_from([NEVER, 0, 1, 1, 2, 2, 3, 5, 8, 13])
    spans = st.sampled_from([0, 0, 1, 2, 3, 7, 30])
    rungs = []
    count = draw(st.sampled_from(counts))
    for j in range(count):
        after = draw(afters)
        keeps = j < count - 1 or draw(last_keeps)
        wakes = draw(st.lists(spans, min_size=n + SPARE, max_size=n + SPARE))
        rungs.append((after * tick if after > 0 else after, draw(spans) * tick, keeps, [w * tick for w in wakes]))
    return rungs


class Theme(Enum):
    """What a case is about. Left to chance alone, some rules would hardly ever meet the state they are for."""

    ANYTHING = 0
    KILLS = 1  # residents die together, while others wait for readiness or queue
    DELETION = 2  # few instances, which are deleted while requests queue
    RUNGS = 3  # many instances, resting in or entering different rungs
    LIMITS = 4  # openings and wakes that wait for a token or for the quota
    SCALED = 5  # instances that a scaler asks for
    HABIT = 6  # instances that stay, and are there again, by the gaps there were


@st.composite
def capacities(draw: st.DrawFn, demanded: Demand, tick: int) -> Capacity:
    """What might serve this demand."""
    n = demanded.n
    theme = draw(st.sampled_from([Theme.ANYTHING, *Theme]))

    def pick(usual: Sequence[int], **themes: Sequence[int]) -> int:
        return draw(st.sampled_from(themes.get(theme.name, usual)))

    own = bool(pick([0, 1], KILLS=[0], DELETION=[0], RUNGS=[0], SCALED=[0]))
    pools = int(demanded.agent.max()) + 1 if own else pick([1, 1, 2], KILLS=[1], DELETION=[1], RUNGS=[1], SCALED=[1])
    pool_of = demanded.agent if own else draw(st.lists(st.integers(0, pools - 1), min_size=n, max_size=n))
    minimum = pick([0, 0, 0, 1, 2], KILLS=[0, 0, 1], DELETION=[0], RUNGS=[0])
    maximum = pick([NEVER, NEVER, 0, 1, 2, 3], KILLS=[1, 2, 3], DELETION=[1, 1, 2], RUNGS=[NEVER, 3, 4])
    last_keeps = st.just(False) if theme is Theme.DELETION else st.booleans()
    counts = {Theme.KILLS: [0, 1], Theme.DELETION: [1, 2], Theme.RUNGS: [2, 3], Theme.SCALED: [1, 1, 2]}.get(
        theme, [0, 1, 1, 2, 2, 3, 3])
    ladder = draw(ladders(n, tick, counts, last_keeps))
    floor = draw(floors(tick))
    if ladder and (minimum > 0 or floor) and ladder[0][0] == 0:
        ladder[0] = (tick, *ladder[0][1:])  # an idle instance that must stay would be looked at for ever
    kept = [NEVER, NEVER, *(j for j, rung in enumerate(ladder) if rung[2])]
    starts = draw(st.lists(st.sampled_from([0, 0, 1, 1, 2, 3, 4, 9, 40]), min_size=n + SPARE, max_size=n + SPARE))
    speeds = draw(st.sampled_from([[CORE], [CORE], [CORE, CORE // 2, 1_300_000]]))
    some = st.lists(st.integers(0, n - 1), max_size=n)
    scaled = theme is Theme.SCALED
    made = capacity(
        n,
        pools=pools,
        pool_of=[int(p) for p in pool_of],
        concurrency=pick([1, 1, 2, 3, 4], KILLS=[2, 3, 4], RUNGS=[1]),
        minimum=minimum,
        maximum=maximum if maximum == NEVER else max(minimum, maximum),
        queue_limit=pick([NEVER, NEVER, 0, 1, 2, 3], KILLS=[NEVER, 3], DELETION=[NEVER, 3]),
        duration_limit=pick([NEVER, NEVER, NEVER, tick, 2 * tick, 4 * tick, 7 * tick], RUNGS=[NEVER]),
        early=not scaled and draw(st.booleans()),
        reuse=draw(st.sampled_from(list(Reuse))),
        cpu=pick([CORE, 4 * CORE, CORE // 2, CORE * 3 // 2, CORE // 3, 700_001]),
        memory=pick([NEVER, NEVER, 2, 3, 4, 5], KILLS=[2, 3, 4, 5, 6]),
        base_memory=pick([0, 1]),
        memory_kills=bool(pick([0, 1], KILLS=[1])),
        ladder=ladder,
        start=[s * tick for s in starts],
        speed=draw(st.lists(st.sampled_from(speeds), min_size=n + SPARE, max_size=n + SPARE)),
        spare=SPARE,
        initial_rung=draw(st.sampled_from(kept)),
        refused=draw(st.one_of(st.just([]), st.just([]), some)),
        start_pace=pick([0, 0, 1]) * [CORE, CORE * 2 // 3, CORE // 3],
        quota=pick([NEVER, NEVER, 1, 2, 3], LIMITS=[NEVER, 1, 1, 2, 3]),
        pace_every=pick([NEVER, NEVER, NEVER, tick, 5 * tick], LIMITS=[NEVER, tick, 2 * tick, 5 * tick, 13 * tick]),
        pace_burst=pick([1, 1, 2, 3]),
        lifetime=pick([NEVER, NEVER, NEVER, tick, 3 * tick, 8 * tick]),
        lifetime_kills=draw(st.booleans()),
        check_every=pick([NEVER, NEVER, tick, 3 * tick, 7 * tick], SCALED=[NEVER]),
        check_most=pick([NEVER, 0, 1, 1, 2]),
        loose=draw(st.one_of(st.just([]), st.just([]), some)),
        floor=floor,
        credit=draw(st.one_of(st.none(), st.none(), credits(tick))),
        scaler=draw(scalers(tick)) if scaled else None,
    )
    if theme is Theme.HABIT:
        return by_habit(made, draw(habits(tick)))
    return buffered(made, pick([0, 0, 0, 1, 2]))


def buffered(made: Capacity, buffer: int) -> Capacity:
    """The capacity with instances to spare, where it can have them."""
    never_ends = len(made.rung_after) > 0 and made.rung_after[0] == 0
    return made if made.scaler is not None or never_ends else replace(made, buffer=buffer)


def by_habit(made: Capacity, keep_alive: KeepAlive) -> Capacity:
    """The capacity with instances that stay by habit, where it can have them."""
    if made.scaler is not None or not len(made.rung_after) or made.rung_after[0] < 0:
        return made
    none = np.zeros(0, dtype=np.int64)
    return replace(made, maximum=1, minimum=0, floor_at=none, floor=none, check_every=NEVER, buffer=0,
                   keep_alive=keep_alive)


@st.composite
def habits(draw: st.DrawFn, tick: int) -> KeepAlive:
    """A habit that is soon formed."""
    return KeepAlive(
        bin=draw(st.sampled_from([1, 2, 5])) * tick,
        bins=draw(st.sampled_from([1, 3, 10])),
        head=draw(st.sampled_from([0, 50_000, 500_000])),
        tail=draw(st.sampled_from([500_000, 990_000, CORE])),
        margin=draw(st.sampled_from([0, 100_000])),
        least=draw(st.sampled_from([1, 1, 2, 3])),
        spread=draw(st.sampled_from([0, 0, 2 * CORE])),
    )


@st.composite
def floors(draw: st.DrawFn, tick: int) -> list[tuple[int, int]]:
    """Steps of the minimum."""
    times = draw(st.sampled_from([[], [], [], [2], [1, 9], [3, 4, 20]]))
    return [(time * tick, draw(st.sampled_from([0, 1, 2, 3]))) for time in times]


@st.composite
def credits(draw: st.DrawFn, tick: int) -> Credit:
    """Credit that is soon used up."""
    first = draw(st.sampled_from([0, 1, 3])) * tick * CORE
    return Credit(
        rate=draw(st.sampled_from([0, CORE // 16, CORE // 3, 2 * CORE])),
        first=first,
        most=first + draw(st.sampled_from([0, 1, 4])) * tick * CORE,
    )


@st.composite
def scalers(draw: st.DrawFn, tick: int) -> Scaler:
    """A scaler that looks often."""
    every = draw(st.sampled_from([1, 2, 5])) * tick
    return Scaler(
        tick=every,
        window=draw(st.sampled_from([1, 2, 5])) * every,
        target=draw(st.sampled_from([CORE // 3, CORE // 2, CORE, 2 * CORE])),
        by_cpu=draw(st.booleans()),
        panic_window=draw(st.sampled_from([NEVER, every])),
        panic_at=draw(st.sampled_from([CORE, 2 * CORE])),
        stabilise=draw(st.sampled_from([0, 1, 3])) * every,
        tolerance=draw(st.sampled_from([0, 0, 100_000, 500_000])),
        counts_coming=draw(st.booleans()),
    )


@st.composite
def cases(
    draw: st.DrawFn, most: int = 12, chains: bool = True, stops: bool = True, plain: bool = False
) -> Case:
    """A demand and a capacity on one clock; a plain one without limits, checks, lifetimes, credit, scaler or GPU."""
    tick = draw(st.sampled_from([1, 10, 1000]))
    demanded = draw(demands(most=most, chains=chains, stops=stops, unit=tick))
    serves = draw(capacities(demanded, tick))
    if not plain and draw(st.sampled_from([False, False, False, True])):
        return draw(on_gpus(Case(demanded, serves), tick))
    if plain:
        nothing = {f.name: f.default_factory() for f in fields(Demand) if f.default_factory is not MISSING}
        demanded = replace(demanded, **nothing, parallel=0)
        given = {f.name: f.default for f in fields(Capacity) if f.default is not MISSING and f.name != "spare"}
        nothing = {f.name: f.default_factory() for f in fields(Capacity) if f.default_factory is not MISSING}
        serves = replace(serves, **given, **nothing)
    return Case(demanded, serves)


def long_case(luck: int, n: int) -> Case:
    """A longer life: many requests, so that queues fill and empty and instances come and go many times."""
    draw = np.random.default_rng(luck)

    def some(values: Sequence[int], count: int) -> list[int]:
        return [int(v) for v in draw.choice(values, count)]

    def one(values: Sequence[Any]) -> Any:
        return values[int(draw.integers(len(values)))]

    agent = sorted(some(range(4), n))
    at = [a * b for a, b in zip(some(range(n), n), some([1, 2], n), strict=True)]
    after = [NEVER] * n
    for row in range(1, n):
        if agent[row - 1] == agent[row] and one([0, 1]):
            after[row], at[row] = row - 1, one([0, 1, 5, 20])
    steps = [[(c, w + (not c)) for c, w in zip(some([0, 1, 3], k), some([0, 1, 4], k), strict=True)]
             for k in some([1, 1, 2], n)]  # fmt: skip
    wanted = demand(
        at, steps, agent=agent, after=after, memory=some([0, 1, 2, 3], n), serial=one([0, 1]) == 1,
        horizon=one([n, 2 * n]), stop=one([2 * n, 4 * n]), patience=some(one([[NEVER], [NEVER, 2, 9, 30]]), n),
        linger=some(one([[0], [0, 3, 20]]), n),
    )  # fmt: skip
    count, minimum = one([0, 1, 2, 3]), one([0, 0, 1, 2])
    keeps = [j < count - 1 or one([0, 1]) == 1 for j in range(count)]
    ladder = [(one([1, 2, 5, 9, 30]), one([0, 1, 3]), keep, some([0, 1, 3, 8], n + SPARE)) for keep in keeps]
    scaled = bool(ladder) and one([0, 0, 1]) == 1
    serves = capacity(
        n,
        pools=4 if (own := not scaled and one([0, 1])) else 1,
        pool_of=agent if own else None,
        concurrency=one([1, 2, 3]),
        minimum=minimum,
        maximum=one([NEVER, max(1, minimum), minimum + 2, minimum + 4]),
        queue_limit=one([NEVER, 0, 3, 10]),
        duration_limit=one([NEVER, NEVER, 6]),
        early=not scaled and one([0, 1]) == 1,
        reuse=Reuse(one(range(4))),
        cpu=one([CORE, 3 * CORE, 700_001]),
        memory=one([NEVER, 4, 6]),
        base_memory=one([0, 1]),
        memory_kills=one([0, 1]) == 1,
        ladder=ladder,
        start=some([0, 1, 4, 12], n + SPARE),
        speed=some(one([[CORE], [CORE, CORE // 2, 2 * CORE]]), n + SPARE),
        spare=SPARE,
        initial_rung=0 if count and keeps[0] and one([0, 1]) else NEVER,
        start_pace=one([[], [CORE, CORE // 2]]),
        quota=one([NEVER, NEVER, 2, 4]),
        pace_every=one([NEVER, NEVER, 3, 10]),
        pace_burst=one([1, 4]),
        lifetime=one([NEVER, NEVER, 11, 40]),
        lifetime_kills=one([0, 1]) == 1,
        check_every=NEVER if scaled else one([NEVER, 5, 12]),
        check_most=one([NEVER, 1, 2]),
        loose=np.flatnonzero(draw.random(n) < one([0, 0.2])).tolist(),
        floor=one([[], [(n // 2, 2), (n, 0)]]),
        credit=one([None, Credit(CORE // 4, 3 * CORE, 9 * CORE)]),
        scaler=Scaler(4, one([4, 20]), one([CORE // 2, CORE]), one([0, 1]) == 1, one([NEVER, 4]), 2 * CORE,
                      one([0, 12]), one([0, 100_000]), one([0, 1]) == 1) if scaled else None,
    )
    if one([0, 0, 0, 1]):
        serves = by_habit(serves, KeepAlive(one([1, 4]), one([3, 30]), one([0, 50_000]), 990_000, 100_000, one([1, 5]),
                                            one([0, 5 * CORE])))
    serves = buffered(serves, 0 if serves.keep_alive else one([0, 0, 1, 2]))
    if luck % 4 == 1:
        wanted, serves = gpu_time(wanted, serves, 1, one)
    return Case(wanted, queueing(wanted, serves, one) if luck % 4 in (1, 2) else serves)


# Stories
