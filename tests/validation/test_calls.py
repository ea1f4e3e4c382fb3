"""Calls that a provider answers, against closed forms: truncated geometric tries, and Erlang's loss formula.

Half widths are four standard errors, of which one run in 16,000 is outside.
"""

from dataclasses import replace
from math import factorial, sqrt

import numpy as np
import pytest

from sim.engine import simulate
from sim.engine.contract import CORE, Cause
from tests.engine.cases import capacity, demand
from tests.engine.test_provider import again, provider


@pytest.mark.parametrize(("rate", "attempts"), [(0.3, 4), (0.6, 3)])
def test_tries_are_truncated_geometric(rate, attempts):
    n = 4000
    luck = np.random.default_rng(attempts).integers(0, CORE, (n, attempts))
    asked = demand([row * 100 for row in range(n)], [[(0, 10)]] * n)
    serves = replace(capacity(n), provider=provider(
        n, errors=np.array([round(rate * CORE)]), luck=luck, layers=again(attempts)))
    found = simulate(asked, serves)
    failed = found.cause == Cause.PROVIDER
    lost = rate**attempts
    assert failed.mean() == pytest.approx(lost, abs=4 * sqrt(lost * (1 - lost) / n))
    # Calls that succeed at once are not told.
    tries = np.bincount(found.tries.step, minlength=n)
    tries[tries == 0] = 1
    mean = (1 - rate**attempts) / (1 - rate)
    assert tries.mean() == pytest.approx(mean, abs=4 * tries.std() / sqrt(n))


@pytest.mark.parametrize(("slots", "load"), [(3, 2.0), (8, 6.0)])
def test_calls_that_find_all_slots_taken_are_lost_as_erlang_says(slots, load):
    n, unit = 6000, 1000
    rng = np.random.default_rng(slots)
    at = np.rint(np.cumsum(rng.exponential(unit / load, n))).astype(int)
    length = np.maximum(1, np.rint(rng.exponential(unit, n))).astype(np.int64)
    asked = demand(at.tolist(), [[(0, 10)]] * n)
    serves = replace(capacity(n), provider=provider(
        n, slots=np.array([slots]), room=np.array([0]), length=length.reshape(1, n, 1)))
    lost = simulate(asked, serves).cause == Cause.PROVIDER
    terms = [load**k / factorial(k) for k in range(slots + 1)]
    parts = lost.reshape(30, -1).mean(axis=1)
    assert lost.mean() == pytest.approx(terms[-1] / sum(terms), abs=4 * parts.std() / sqrt(30))
