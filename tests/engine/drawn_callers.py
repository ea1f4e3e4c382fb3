"""Callers that give up and try again, drawn for demands that are there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from sim.engine.contract import CORE, NEVER, Breaker, Budget, Callers, Cause, Demand, Market

from .cases import Case
from .drawn import capacities, demands
from .drawn_gpu import on_gpus
from .drawn_spot import fit, freeing, gaps, recoveries, unshared


@st.composite
def called(draw: st.DrawFn, asked: Demand, tick: int, budgets: bool = True) -> Demand:
    """The demand, each request of which has up to four attempts."""
    tries = draw(st.lists(st.sampled_from([1, 2, 2, 3, 4]), min_size=asked.n, max_size=asked.n))
    delays = st.sampled_from([0, 0, 1, 2, 5, 9])
    timeouts = draw(st.sampled_from([[NEVER], [1, 2, 3, 5], [0, 1, 2, 8, NEVER], [4]]))
    made = attempts(asked, tries, [draw(delays) * tick for _ in range(sum(tries))])
    n = made.n
    some = [cause in (Cause.TIMEOUT, Cause.MEMORY) for cause in Cause]
    causes = draw(st.sampled_from([[True] * len(Cause), [True] * len(Cause), some]))
    assert made.callers is not None
    ticks = draw(st.lists(st.sampled_from(timeouts), min_size=n, max_size=n))
    return replace(made, callers=replace(
        made.callers,
        retried=np.array(causes),
        cancels=draw(st.booleans()),
        timeout=np.array([t if t == NEVER else t * tick for t in ticks], np.int64),
        budget=draw(st.none() | st.builds(Budget, most=st.sampled_from([0, CORE, CORE * 5 // 2]),
                                          gain=st.sampled_from([0, CORE // 2, CORE]), own=st.booleans())),
        breaker=draw(st.none() | st.builds(Breaker, calls=st.sampled_from([1, 2, 3]),
                                           share=st.sampled_from([1, CORE // 2, CORE]),
                                           rest=st.sampled_from([0, 1, 4, 9]).map(lambda t: t * tick),
                                           own=st.booleans())),
    ))  # fmt: skip


def attempts(asked: Demand, tries: list[int], delays: list[int]) -> Demand:
    """The demand with so many attempts at each request, all alike, and the delays of rows that are retries."""
    of = [row for row, count in enumerate(tries) for _ in range(count)]
    place = {row: of.index(row) for row in range(asked.n)}
    again = [i > 0 and of[i] == of[i - 1] for i in range(len(of))]
    steps = [range(int(asked.step_first[row]), int(asked.step_first[row + 1])) for row in of]
    flat = [step for one in steps for step in one]
    row_fields = ("agent", "session", "at", "coalesced", "held", "memory", "patience", "linger", "payload")
    step_fields = ("kind", "cpu", "wait", "tokens_in", "tokens_cached", "tokens_out", "model")
    by_row = {name: getattr(asked, name)[of] for name in row_fields if len(getattr(asked, name))}
    by_row["at"] = np.where(again, delays, by_row["at"])
    after = [NEVER if more or asked.after[row] == NEVER else place[int(asked.after[row])]
             for row, more in zip(of, again, strict=True)]  # fmt: skip
    retry_of = np.array([i - 1 if more else NEVER for i, more in enumerate(again)], np.int64)
    return replace(
        asked,
        **by_row,
        **{f"step_{name}": getattr(asked, f"step_{name}")[flat] for name in step_fields},
        step_first=np.cumsum([0, *map(len, steps)]).astype(np.int64),
        after=np.array(after, np.int64),
        callers=Callers(retry_of, np.ones(len(Cause), np.bool_), cancels=True),
    )


@st.composite
def calling(draw: st.DrawFn, most: int = 6) -> Case:
    """A demand of attempts and a capacity on one clock."""
    tick = draw(st.sampled_from([1, 10, 1000]))
    demanded = draw(called(draw(demands(most=most, unit=tick)), tick))
    case = Case(demanded, draw(capacities(demanded, tick)))
    return draw(on_gpus(case, tick)) if draw(st.integers(0, 3)) == 0 else case


@st.composite
def calling_on_spot(draw: st.DrawFn) -> Case:
    """Attempts that go on elsewhere when their instance is taken, also when nobody waits for them any more."""
    tick = draw(st.sampled_from([1, 10]))
    asked = draw(called(draw(demands(most=5, unit=tick)), tick))
    assert asked.callers is not None
    stop = min(asked.stop, 60 * tick)
    asked = replace(asked, stop=stop, horizon=min(asked.horizon, stop), callers=replace(asked.callers, cancels=False))
    serves = fit(draw(capacities(asked, tick)), eased=True)
    recovery = draw(recoveries(tick))
    if recovery.checkpoints is not None:
        serves = unshared(serves)
    if recovery.frees:
        asked = replace(asked, frees=freeing(asked, draw(st.integers(0, 7))))
    market = Market(offers=draw(gaps(serves.pools, tick)), deadline=np.zeros(0, np.int64))
    return Case(asked, replace(serves, market=market, recovery=recovery))
