"""Providers of language models, small enough that their limits are met."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from sim.engine.contract import CORE, NEVER, Breaker, Budget, Demand, Layer, Provider, Status

FAILED = (Status.LIMITED, Status.ERROR, Status.TIMED_OUT, Status.OPEN)
_MINUTE = 60_000_000


@st.composite
def layers(draw: st.DrawFn, tick: int) -> Layer:
    """A client that does not wait long."""
    attempts = draw(st.sampled_from([1, 2, 3, 3]))
    decorrelated = draw(st.booleans())
    delays = draw(st.lists(st.sampled_from([0, 1, 1, 2, 5]), min_size=2, max_size=2))
    return Layer(
        attempts=attempts,
        retries=draw(st.sampled_from([FAILED, FAILED, FAILED[:2], FAILED[:1], FAILED[2:]])),
        delay=tuple(delay * tick for delay in (sorted(delays) if decorrelated else delays[:attempts - 1])),
        jitter=draw(st.sampled_from([0, CORE // 2, CORE])),
        decorrelated=decorrelated,
        reach=draw(st.sampled_from([CORE, 3 * CORE])),
        obeys=draw(st.sampled_from([0, 3, 100])) * tick,
    )


@st.composite
def providers(draw: st.DrawFn, demanded: Demand, tick: int) -> Provider:
    """What might answer the calls of a demand; any step may be one."""
    steps = len(demanded.step_cpu)
    called = np.arange(steps) % draw(st.sampled_from([1, 1, 2, 3])) == 0
    calls = int(called.sum())
    upstreams, ways = draw(st.sampled_from([1, 2])), draw(st.sampled_from([1, 2]))
    stack = tuple(draw(st.lists(layers(tick), min_size=draw(st.sampled_from([0, 1, 1, 2])), max_size=2)))
    tries = int(np.prod([layer.attempts for layer in stack]))

    def some(values: list[int], *shape: int) -> np.ndarray:
        count = int(np.prod(shape))
        return np.array(draw(st.lists(st.sampled_from(values), min_size=count, max_size=count)),
                        np.int64).reshape(shape)

    luck = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))

    def many(values: list[int], *shape: int) -> np.ndarray:
        return luck.choice(np.array(values, np.int64), shape)

    def one(values: list[int]) -> int:
        return draw(st.sampled_from(values))

    count = one([0, 0, 1, 2])
    begin = some([0, 1, 3, 8], count) * tick
    # So many a minute that one comes in some ticks.
    rates = some([NEVER, NEVER, NEVER, 1, 2, 5], 3, upstreams) * (_MINUTE // (5 * tick))
    return Provider(
        call_of=np.where(called, np.cumsum(called) - 1, NEVER),
        upstream=some(list(range(upstreams)), ways, calls),
        model=np.arange(upstreams),
        length=many([0, 1, 1, 2, 3, 5, 8], ways, calls, one([1, tries])) * tick,
        cost=many([0, 1, 1, 2, 4], 2, calls),
        rate=np.where(rates < 0, NEVER, rates),
        burst=some([1, 2, 4, 6], 3, upstreams),
        slots=some([NEVER, NEVER, 0, 1, 1, 2, 3], upstreams),
        room=some([NEVER, 0, 1, 2], upstreams),
        errors=some([0, 0, 0, 300_000, CORE], upstreams),
        down_of=some(list(range(upstreams)), count),
        down_from=begin,
        down_until=begin + some([0, 2, 5, 9], count) * tick,
        down_rate=some([0, 500_000, CORE], count),
        luck=many([0, 299_999, 500_000, 999_999], calls, tries),
        jitter=many([0, 333_333, 500_000, 999_999], calls, tries) if one([0, 1]) else np.zeros((0, 0), np.int64),
        layers=stack,
        timeout=one([0, 1, 2, 4]) * tick if one([0, 1]) else NEVER,
        finishes=draw(st.booleans()),
        counts_refused=draw(st.booleans()),
        answer=one([0, 0, 1, 3]) * tick,
        hint=one([NEVER, 1, tick, 7 * tick]),
        fall_back=one([NEVER, 0, 1, 2]) if ways == 2 else NEVER,
        budget=draw(st.sampled_from([None, None, Budget(2 * CORE, 0, False), Budget(CORE, CORE // 3, True)])),
        breaker=draw(st.sampled_from([None, None, Breaker(1, CORE, 3 * tick, False), Breaker(2, CORE, tick, True),
                                      Breaker(3, CORE // 2, 0, False)])),
    )
