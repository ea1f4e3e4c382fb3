"""Requests as often as their callers may try them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sim import luck
from sim.engine.contract import CORE, NEVER, Breaker, Budget, Cause
from sim.errors import AdvisedError
from sim.luck import Stream
from sim.scenario.callers import Backoff, Failure
from sim.scenario.schema import Workload
from sim.units import DAY, SECOND
from sim.workload import demand
from sim.workload.attempts import attempt_of, waits


def asked(callers: dict | None, **workload):
    steps = [{"tool": {"wait": "exponential(mean=3 s)"}}]
    said = {"agents": 3, "arrivals": {"poisson": {"rate": "20/h"}}, "patience": "exponential(mean=9 s)",
            "request": [{"loop": {"times": "geometric(mean=2)", "steps": steps}}]}
    made = Workload.model_validate(said | workload | ({} if callers is None else {"callers": callers}))
    return demand(made, Path(), DAY, 0, 7, 0)


def test_each_attempt_is_the_request_again():
    alone, tried = asked(None), asked({"timeout": "exponential(mean=5 s)", "attempts": 3})
    assert tried.n == 3 * alone.n and (np.diff(alone.step_first) > 1).any()
    for name in ("agent", "session", "memory", "coalesced", "held", "patience"):
        assert np.array_equal(getattr(tried, name), np.repeat(getattr(alone, name), 3)), name
    assert tried.callers.retry_of.reshape(-1, 3).tolist() == [[NEVER, 3 * r, 3 * r + 1] for r in range(alone.n)]
    assert np.array_equal(tried.at[::3], alone.at)
    timeouts = tried.callers.timeout.reshape(-1, 3)
    assert (timeouts == timeouts[:, :1]).all() and len(set(timeouts[:, 0].tolist())) > alone.n // 2
    for row in range(tried.n):
        mine, its = (one.step_wait[one.step_first[r]:one.step_first[r + 1]]
                     for one, r in ((tried, row), (alone, row // 3)))  # fmt: skip
        assert np.array_equal(mine, its)


def test_who_follows_follows_the_first_attempt():
    closed = {"arrivals": {"closed": {"think": "1 h"}}}
    alone, tried = asked(None, **closed), asked({"timeout": "1 min", "attempts": 2}, **closed)
    follows = alone.after >= 0
    assert follows.any() and np.array_equal(tried.after[::2], np.where(follows, 2 * alone.after, NEVER))
    assert (tried.after[1::2] == NEVER).all()


def test_more_attempts_leave_the_luck_of_the_first_ones_as_it_was():
    two, four = (asked({"timeout": "1 min", "attempts": n, "backoff": {"base": "1 s"}}) for n in (2, 4))
    assert np.array_equal(two.at.reshape(-1, 2), four.at.reshape(-1, 4)[:, :2])
    entity, ordinal = attempt_of(four)
    assert np.array_equal(entity[::4], attempt_of(two)[0][::2])
    assert ordinal.reshape(-1, 4).tolist() == [[0, 1 << 16, 2 << 16, 3 << 16]] * (four.n // 4)
    assert np.array_equal(attempt_of(asked(None))[0], entity[::4])


def test_what_is_said_of_callers_is_what_models_read():
    found = asked({"timeout": "1 min", "attempts": 2, "cancels": False, "retry_on": ["timeout", "queue-full"],
                   "budget": {"tokens": 3, "per_success": 0.25, "scope": "fleet"},
                   "breaker": {"calls": 4, "share": "50%", "open_for": "30 s"}}).callers
    assert found.cancels is False
    assert [cause for cause in Cause if found.retried[cause]] == [Cause.QUEUE_FULL, Cause.TIMEOUT]
    assert found.budget == Budget(3 * CORE, CORE // 4, own=False)
    assert found.breaker == Breaker(4, CORE // 2, 30 * SECOND, own=True)
    everything = asked({"timeout": "1 min", "attempts": 2}).callers.retried
    assert [cause for cause in Cause if not everything[cause]] == [Cause.NONE, Cause.PAYLOAD, Cause.TOO_LARGE]


def test_every_cause_of_the_contract_can_be_named():
    assert {name.upper().replace("-", "_") for name in Failure.__args__} == {c.name for c in Cause} - {"NONE"}


U = np.array([[0.0, 0.25, 0.5, 1.0], [0.5] * 4])


@pytest.mark.parametrize(("said", "expected"), [
    # base 2^(i-1): 1, 2, 4, 8, with 5 at most.
    ({"jitter": "none"}, [[1, 2, 4, 5]] * 2),
    # Between a half and all of it.
    ({"jitter": "equal"}, [[0.5, 1.25, 3, 5], [0.75, 1.5, 3, 3.75]]),
    ({"jitter": "full"}, [[0, 0.5, 2, 5], [0.5, 1, 2, 2.5]]),
    # Between 1 and twice the one before: 1; 1 + 0.25 (2 - 1) = 1.25; 1 + 0.5 (2.5 - 1) = 1.75; 3.5.
    # 1 + 0.5 (2 - 1) = 1.5; 1 + 0.5 (3 - 1) = 2; 1 + 0.5 (4 - 1) = 2.5; 3.
    ({"jitter": "decorrelated"}, [[1, 1.25, 1.75, 3.5], [1.5, 2, 2.5, 3]]),
])  # fmt: skip
def test_waits_by_hand(said, expected):
    backoff = Backoff.model_validate({"base": "1 s", "cap": "5 s"} | said)
    assert (waits(backoff, U) / SECOND).tolist() == expected


def test_mean_waits_are_those_of_the_article():
    """Equal 0.75 and full 0.5 of the exponential; decorrelated, not capped, b (2 1.5^n - 1) with factor 3."""
    n = 40_000
    u = luck.uniform(1, 0, Stream.BACKOFF, np.arange(n, dtype=np.int64)[:, None], np.arange(1, 4)[None, :])
    for jitter, means in (("equal", [0.75, 1.5, 3]), ("full", [0.5, 1, 2]), ("decorrelated", [2, 3.5, 5.75])):
        factor = 3 if jitter == "decorrelated" else 2
        found = waits(Backoff.model_validate({"base": "1 s", "factor": factor, "jitter": jitter}), u) / SECOND
        error = found.std(axis=0) / np.sqrt(n)
        assert (np.abs(found.mean(axis=0) - means) < 4.5 * error).all(), jitter


def test_too_many_attempts_are_refused():
    with pytest.raises(AdvisedError, match="attempts"):
        asked({"timeout": "1 min", "attempts": 50}, agents=4000, arrivals={"poisson": {"rate": "20/h"}},
              request=[{"tool": {"wait": "1 s"}}])
