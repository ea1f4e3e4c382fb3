"""Small random cases in which instances are taken, and waits free them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from sim.engine.contract import CORE, NEVER, Capacity, Checkpoints, Demand, Market, Offer, Recovery, Resume

from .cases import Case, offer
from .drawn import capacities, demands


@st.composite
def offers(draw: st.DrawFn, pools: int, tick: int) -> Offer:
    """An offer whose instances are soon taken."""
    notice = draw(st.sampled_from([0, 0, 1, 2, 4]))
    edges = draw(st.sampled_from([
        [0, NEVER], [0, NEVER], [0, NEVER], [3, NEVER], [0, 5, 9, NEVER], [0, 3, 4, 8, 12, 13, 15, NEVER], [1, 20],
        [0, 7, 8, 15, 30, 60],
    ]))  # fmt: skip
    times = [edge if edge == NEVER else edge * tick for edge in edges]
    lives = draw(st.lists(st.sampled_from([NEVER, 2, 3, 3, 4, 5, 7, 11]), min_size=1, max_size=4))
    return offer(
        *zip(times[::2], times[1::2], strict=True),
        lives=[life if life == NEVER else life * tick for life in lives],
        noticed=draw(st.lists(st.booleans(), min_size=len(lives), max_size=len(lives))),
        notice=notice * tick,
        after=draw(st.sampled_from([0, 0, 0, tick, 4 * tick, NEVER])),
        by_deadline=draw(st.booleans()),
        pools=pools,
    )


@st.composite
def recoveries(draw: st.DrawFn, tick: int) -> Recovery:
    """What becomes of who was interrupted."""
    resume = draw(st.sampled_from(list(Resume)))
    every = draw(st.sampled_from([NEVER, 1, 1, 2, 3, 5]))
    return Recovery(
        resume=resume,
        again=draw(st.sampled_from([0, 0, 1, 3])) * tick,
        attempts=draw(st.sampled_from([NEVER, NEVER, NEVER, 1, 2, 3])),
        replay=draw(st.sampled_from([0, 1, 2])) * tick if resume is Resume.DURABLE else 0,
        checkpoints=Checkpoints(
            every=every if every == NEVER else every * tick,
            write=draw(st.sampled_from([0, 1, 1, 2])) * tick,
            restore=draw(st.sampled_from([0, 1, 2])) * tick,
            returns=draw(st.booleans()),
        ) if resume is Resume.CHECKPOINT else None,
        frees=resume is not Resume.CHECKPOINT and draw(st.booleans()),
    )  # fmt: skip


@st.composite
def spot_cases(draw: st.DrawFn, most: int = 10) -> Case:
    """A demand and a capacity of any kind, with a recovery, and mostly with offers."""
    tick = draw(st.sampled_from([1, 10, 1000]))
    asked = draw(demands(most=most, unit=tick))
    # Who begins anew again and again would do so for as long as there is.
    stop = min(asked.stop, 60 * tick)
    asked = replace(asked, stop=stop, horizon=min(asked.horizon, stop))
    serves = fit(draw(capacities(asked, tick)), draw(st.integers(0, 3)) > 0)
    recovery = draw(recoveries(tick))
    if recovery.checkpoints is not None:
        asked, serves = replace(asked, parallel=0), unshared(serves)
    if recovery.frees:
        asked = replace(asked, frees=freeing(asked, draw(st.integers(0, 7))))
    market = None
    if draw(st.integers(0, 5)) or not recovery.frees:
        market = Market(
            offers=draw(st.one_of(st.lists(offers(serves.pools, tick), min_size=1, max_size=3).map(tuple),
                                  gaps(serves.pools, tick))),
            deadline=np.array(draw(st.sampled_from([[], [NEVER, 3, 9, 20]])) * asked.n, np.int64)[: asked.n] * tick,
        )
        market = replace(market, deadline=np.where(market.deadline < 0, NEVER, market.deadline))
    return Case(asked, replace(serves, market=market, recovery=recovery))


@st.composite
def gaps(draw: st.DrawFn, pools: int, tick: int) -> tuple[Offer, Offer]:
    """An offer that comes and goes, and one behind it that is always there: there is a way back."""
    edges = np.cumsum(draw(st.lists(st.sampled_from([1, 2, 3, 5, 8]), min_size=8, max_size=8))) * tick
    first = offer(
        *zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True),
        notice=draw(st.sampled_from([0, 0, 1, 2])) * tick,
        pools=pools,
    )
    return first, replace(draw(offers(pools, tick)), opens=np.array([0]), closes=np.array([NEVER]),
                          after=draw(st.sampled_from([0, tick, 2 * tick])))  # fmt: skip


def fit(serves: Capacity, eased: bool) -> Capacity:
    """The capacity without what cannot be with offers; eased, without much that keeps requests from instances."""
    serves = replace(serves, keep_alive=None, gpu=None, queueing=None)
    if serves.scaler is not None and serves.maximum == NEVER:
        # It asks for more at every tick, for as long as they are taken as fast as they come.
        serves = replace(serves, maximum=max(4, serves.minimum))
    if eased:
        maximum = NEVER if serves.maximum == NEVER else max(2, serves.maximum)
        serves = replace(serves, memory=NEVER, refused=np.zeros(0, np.bool_), maximum=maximum, queue_limit=NEVER,
                         duration_limit=NEVER, start=np.minimum(serves.start, int(serves.start.min()) + 4000))
    return serves


def unshared(serves: Capacity) -> Capacity:
    """The capacity with a core for everybody, and without an end for want of memory."""
    scaler = serves.scaler if serves.scaler is None else replace(serves.scaler, by_cpu=False)
    return replace(serves, cpu=serves.concurrency * CORE, speed=np.zeros(0, np.int64), credit=None, memory_kills=False,
                   scaler=scaler)


def freeing(asked: Demand, rest: int) -> np.ndarray:
    """Some of the steps that may free an instance."""
    first = np.isin(np.arange(len(asked.step_cpu)), asked.step_first[:-1])
    may = (asked.step_wait > 0) & ~(first & (asked.step_cpu == 0))
    return may & (np.arange(len(may)) % 8 != rest)
