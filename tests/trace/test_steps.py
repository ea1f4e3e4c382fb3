"""Which tokens are billed, worked out by hand: of calls that ended, that were cut off, and that never began."""

import numpy as np
import pytest
from conftest import capacity, demand
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.engine import simulate
from sim.engine.contract import CORE, NEVER, Cause, Fate
from sim.trace.frames import Names, tables
from sim.trace.steps import began, tokens
from sim.trace.window import Window

# One request at 0 on an instance that is ready: a tool of 100 us, a call of 1000 us, a tool, a call of 2000 us.
STEPS = {
    "step_first": [0, 4], "step_cpu": [0, 0, 0, 0], "step_wait": [100, 1000, 400, 2000],
    "step_tokens_in": [0, 500, 0, 900], "step_tokens_cached": [0, 300, 0, 200], "step_tokens_out": [0, 70, 0, 90],
    "step_model": [NEVER, 0, NEVER, 1],
}  # fmt: skip


def billed(asked, **serves):
    """Prompt, cached and generated tokens of each step."""
    n = asked.n
    happened = simulate(asked, capacity(n, **{"minimum": 1, "rung_after": [NEVER], **serves}))
    found = tokens(asked, happened)
    return happened, list(zip(found.prompt.tolist(), found.cached.tolist(), found.generated.tolist(), strict=True))


@pytest.mark.parametrize(("limit", "first", "second"), [
    (NEVER, (500, 300, 70), (900, 200, 90)),  # 3500 us in all
    (3500, (500, 300, 70), (900, 200, 90)),  # an end comes before the limit at one instant
    (3499, (500, 300, 70), (900, 200, 89)),  # 1999 of 2000 us: 89.955
    (2500, (500, 300, 70), (900, 200, 45)),  # 1000 of 2000 us
    (1500, (500, 300, 70), (900, 200, 0)),  # the call began at this instant
    (1499, (500, 300, 70), (0, 0, 0)),  # the tool before it was still running
    (600, (500, 300, 35), (0, 0, 0)),  # 500 of 1000 us
    (115, (500, 300, 1), (0, 0, 0)),  # 15 of 1000 us: 1.05
    (99, (0, 0, 0), (0, 0, 0)),
])  # fmt: skip
def test_a_call_that_the_limit_cuts_off(limit, first, second):
    happened, found = billed(demand(at=[0], **STEPS), duration_limit=limit)
    assert happened.ended.tolist() == [limit if 0 <= limit < 3500 else 3500]
    assert found == [(0, 0, 0), first, (0, 0, 0), second]


def test_a_call_that_the_stop_of_the_run_cuts_off():
    """It had begun at 1500 and would have ended at 3500: 300 of 2000 us by 1800."""
    happened, found = billed(demand(at=[0], horizon=1000, stop=1800, **STEPS))
    assert happened.fate.tolist() == [Fate.UNFINISHED]
    assert found[1::2] == [(500, 300, 70), (900, 200, 90 * 300 // 2000)]


def test_a_call_that_a_kill_for_memory_cuts_off():
    """The second request comes 600 us after the first and does not fit: both fail, and it begins no step."""
    twice = {key: value * 2 for key, value in STEPS.items()} | {"step_first": [0, 4, 8], "memory": [10, 10]}
    happened, found = billed(demand(at=[0, 600], **twice), memory=15, memory_kills=True, concurrency=2,
                             minimum=0, start=[0, 0])
    assert happened.cause.tolist() == [Cause.MEMORY, Cause.MEMORY]
    assert happened.ended.tolist() == [600, 600]
    assert found == [(0, 0, 0), (500, 300, 35), *[(0, 0, 0)] * 6]


def test_a_call_begins_after_the_cpu_time_of_its_step():
    """300 us of CPU, then the call of 1000 us; cut off after 200, 300 and 550 us."""
    steps = {"step_cpu": [300], "step_wait": [1000], "step_tokens_in": [500], "step_tokens_cached": [0],
             "step_tokens_out": [70], "step_model": [0]}  # fmt: skip
    for limit, expected in ((200, (0, 0, 0)), (300, (500, 0, 0)), (550, (500, 0, 17))):  # 70 x 250 / 1000 = 17.5
        assert billed(demand(at=[0], **steps), duration_limit=limit)[1] == [expected]
    # On half a core it begins at 600, but how old it is is counted as if it had begun at 300.
    assert billed(demand(at=[0], **steps), duration_limit=599, cpu=CORE // 2)[1] == [(0, 0, 0)]
    assert billed(demand(at=[0], **steps), duration_limit=600, cpu=CORE // 2)[1] == [(500, 0, 21)]
    # So it can look older than it would have been when it ended: 1599 - 300 of 1000 us.
    assert billed(demand(at=[0], **steps), duration_limit=1600 - 1, cpu=CORE // 2)[1] == [(500, 0, 70)]


def test_long_calls_of_many_tokens_do_not_overflow():
    """10^9 tokens in ten years, cut off one microsecond before: 10^9 x (T - 1) / T is less than 10^9 by a hair."""
    long = 520 * 7 * 86_400 * 10**6
    steps = {"step_cpu": [0], "step_wait": [long], "step_tokens_in": [1], "step_tokens_cached": [0],
             "step_tokens_out": [10**9], "step_model": [0]}  # fmt: skip
    _, found = billed(demand(at=[0], stop=2 * long, **steps), duration_limit=long - 1)
    assert found == [(1, 0, 10**9 - 1)]


@settings(deadline=None)
@given(st.data())
def test_what_is_cut_off_costs_more_the_longer_it_lasted_and_never_more_than_all(data):
    """A longer limit bills no less of any step, no more than there is, and the tables say the same."""
    n = data.draw(st.integers(1, 4))
    m = 3 * n
    some = st.lists(st.integers(0, 30), min_size=m, max_size=m)
    steps = {"step_first": np.arange(n + 1) * 3, "step_cpu": [0] * m, "step_wait": np.array(data.draw(some)) + 1}
    steps |= {f"step_tokens_{name}": np.array(data.draw(some)) for name in ("in", "out")}
    steps["step_tokens_cached"] = steps["step_tokens_in"] // 2
    steps["step_model"] = data.draw(st.lists(st.sampled_from([NEVER, 0, 1]), min_size=m, max_size=m))
    for name in ("in", "out", "cached"):
        steps[f"step_tokens_{name}"] = np.where(np.array(steps["step_model"]) == NEVER, 0, steps[f"step_tokens_{name}"])
    asked = demand(at=sorted(data.draw(st.lists(st.integers(0, 50), min_size=n, max_size=n))), stop=200, horizon=100,
                   **steps)  # fmt: skip
    before = None
    for limit in sorted(data.draw(st.lists(st.integers(0, 95), min_size=1, max_size=4))):
        serves = capacity(n, duration_limit=limit, concurrency=2, minimum=1, rung_after=[NEVER])
        happened = simulate(asked, serves)
        found = np.array([getattr(tokens(asked, happened), name) for name in ("prompt", "cached", "generated")])
        most = np.array([asked.step_tokens_in, asked.step_tokens_cached, asked.step_tokens_out])
        assert (found >= 0).all() and (found <= most).all()
        ended, begun = happened.step_ended >= 0, began(asked, happened)[1]
        assert (found[:, ended] == most[:, ended]).all() and not found[:, ~begun].any()
        # A longer limit may keep the instances longer from others, so of all requests only the first is compared.
        assert before is None or (found[:, :3] >= before[:, :3]).all()
        before = found
        names = Names(("tool",), ("a", "b"), ("rest",))
        made = tables(asked, serves, happened, np.full(n, NEVER), Window(0, 100), names)
        for column, total in zip(("in", "cached", "out"), found.sum(axis=1), strict=True):
            assert made["requests"][f"tokens_{column}"].sum() == made["attempts"][f"tokens_{column}"].sum() == total
