"""Functions of one number give the bits of those of arrays; reading a distribution needs no numpy."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.distributions import count, duration, portable
from sim.distributions.single import exp1, log1, ndtri1

PAIRS = [(log1, portable.log), (exp1, portable.exp), (ndtri1, portable.ndtri)]
RANDOM = np.random.default_rng(1)
POINTS = {
    "log1": np.concatenate([10.0 ** RANDOM.uniform(-307, 308, 20_000), RANDOM.uniform(0.5, 2.0, 20_000),
                            [5e-324, 1e-310, 0.0, 1.0, 0.7071067811865476, 0.7071067811865475]]),
    "exp1": np.concatenate([RANDOM.uniform(-760, 720, 20_000), RANDOM.uniform(-1, 1, 20_000),
                            [0.0, -0.0, 709.9, 710.0, -745.0, -746.0, 1e4, -1e4, math.inf, -math.inf]]),
    "ndtri1": np.concatenate([RANDOM.uniform(0, 1, 20_000), 2.0 ** -RANDOM.uniform(1, 1000, 10_000),
                              [0.075, 0.925, 0.07499999, 0.5, 1 - 2**-53]]),
}  # fmt: skip


@pytest.mark.parametrize(("one", "many"), PAIRS, ids=lambda function: function.__name__)
def test_the_same_bits(one, many):
    points = POINTS.get(one.__name__)
    assert np.array([one(x) for x in points.tolist()]).tobytes() == many(points).tobytes()


@given(st.floats(0, exclude_min=True, allow_infinity=False), st.floats(allow_nan=False), st.floats(1e-300, 1 - 2**-53))
def test_the_same_bits_anywhere(x, y, p):
    for function, many, value in ((log1, portable.log, x), (exp1, portable.exp, y), (ndtri1, portable.ndtri, p)):
        assert np.float64(function(value)).tobytes() == many(np.array([value]))[0].tobytes()


@pytest.mark.parametrize(("law", "zero"), [
    (duration(0), True), (duration("0 s"), True), (duration("1 us"), False), (count(0), True),
    (duration("empirical([0 s, 0 s])"), True), (duration("empirical([0 s, 1 s])"), False),
    (duration("empirical([0 s], min=1 s)"), False), (duration("empirical([0 s], max=1 s)"), True),
    (duration("constant(0 s, min=2 s)"), False), (duration("mixture(0.5: 0 s, 0.5: constant(0 s))"), True),
    (duration("mixture(0.5: 0 s, 0.5: 1 s)"), False), (duration("mixture(1: 0 s, min=1 s)"), False),
    (duration("exponential(mean=1 s)"), False), (duration("uniform(0 s, 1 s)"), False),
    (duration({"samples": "f.csv", "column": "c", "unit": "s"}), False),
], ids=str)  # fmt: skip
def test_always_zero(law, zero):
    assert law.always_zero is zero
    if law.samples is None:
        assert (law.mean == 0) is zero


@pytest.mark.parametrize("law", [count("geometric(mean=3)"), count("geometric(mean=1)"), count(7), count(0)], ids=str)
def test_moments_without_arrays_are_those_with(law):
    for k in (1, 2):
        assert law.law.moment(k) == pytest.approx(float(law.law.tail(np.zeros(1), k)[0]), rel=1e-15)


def test_reading_needs_no_numpy():
    code = """
import sys
from sim.distributions import count, duration, kinds
for text in kinds().values():
    (count if "geometric" in text else duration)(text).show()
assert count("geometric(mean=3)").mean == 3.0
print("numpy" in sys.modules, duration("exponential(mean=1 s)").mean, "numpy" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "1000000.0", "True"]
