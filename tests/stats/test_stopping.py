"""When to stop, by hand, and what stopping does to intervals."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import stdtrit

from sim import stats
from sim.stats import INFINITE, Estimate

from .test_coverage import assert_nominal, holds


def sample(n: int, spread: float, mean: float = 1.0) -> Estimate:
    """Values ``spread`` to either side of a mean."""
    return stats.mean([mean + spread * (-1) ** i for i in range(n)])


@pytest.mark.parametrize(("first", "maximum", "looks"), [
    (8, 60, (8, 12, 18, 27, 41, 60)), (8, 8, (8,)), (1, 5, (1, 2, 3, 5)), (20, 8, (20,)), (10, 11, (10, 11))])
def test_looks_by_hand(first: int, maximum: int, looks: tuple[int, ...]) -> None:
    assert stats.looks(first, maximum) == looks


@given(st.integers(1, 500), st.integers(1, 10_000))
def test_looks_grow_by_half_and_end_at_the_maximum(first: int, maximum: int) -> None:
    found = stats.looks(first, maximum)
    assert (found[0], found[-1]) == (first, max(first, maximum))
    assert all(a < b <= math.ceil(a * 1.5) for a, b in pairwise(found))
    assert all(b == math.ceil(a * 1.5) for a, b in pairwise(found[:-1]))


def test_half_width_by_hand() -> None:
    """Ten values of standard deviation 0.1 sqrt(10 / 9) = 0.1054 about 2: t(9) = 2.2622, so 0.0754 / 2."""
    assert stats.half_width(sample(10, 0.1, 2.0)) == pytest.approx(2.26216 * 0.105409 / math.sqrt(10) / 2, rel=1e-5)
    assert stats.half_width(sample(10, 0.1, -2.0)) == stats.half_width(sample(10, 0.1, 2.0))


@given(st.lists(st.floats(0.1, 10), min_size=2, max_size=20), st.floats(0.5, 0.999))
def test_half_width_is_that_of_the_interval(values: list[float], level: float) -> None:
    estimate = stats.mean(values)
    low, high = stats.interval(estimate, level)
    assert low is not None and high is not None and estimate.value is not None
    assert stats.half_width(estimate, level) == pytest.approx((high - low) / 2 / estimate.value, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("estimate", [
    Estimate(None, (), "too few"), Estimate(3.0, (), "moved by a few spells"), sample(1, 0.1), sample(10, 1.0, 0.0),
    Estimate(math.inf, [math.inf] * 12), Estimate(5.0, [5.0] * 11 + [math.inf])], ids=str)
def test_where_there_is_no_relative_precision(estimate: Estimate) -> None:
    assert stats.half_width(estimate) is None
    assert stats.precise(estimate, 0.05, 10), "more replications are of no use"


@pytest.mark.parametrize(("estimate", "precision", "precise"), [
    (sample(10, 0.1), 0.08, True), (sample(10, 0.1), 0.07, False),  # 0.0754
    (sample(8, 0.001), 0.5, False),  # fewer than ten before the first decision
    (Estimate(None, (), "the interval of a percentile needs 5 replications, there are 4"), 0.5, True),
    (stats.exact(3), 0.01, True), (Estimate(2.0, [2.0] * 12), 0.01, True)])
def test_precise_by_hand(estimate: Estimate, precision: float, precise: bool) -> None:
    assert stats.precise(estimate, precision, len(estimate.sections) or 12) is precise


def test_what_varies_is_not_decided_on_before_there_are_ten() -> None:
    unsupported = stats.percentile([np.arange(1000)] * 4, stats.PERCENTILES["p50"])
    assert unsupported.why is not None and not stats.precise(unsupported, 0.5, 4)
    assert stats.precise(stats.percentile([np.full(1000, INFINITE)] * 8, stats.PERCENTILES["p50"]), 0.5, 8)


def stopped(values: list[float], first: int, precision: float) -> Estimate:
    """The mean of as many values as a precision takes."""
    estimates = ((n, stats.mean(values[:n])) for n in stats.looks(first, len(values)))
    return next(estimate for n, estimate in estimates if stats.precise(estimate, precision, n))


@pytest.mark.parametrize("first", [2, 10])
def test_stopping_at_a_precision_keeps_coverage(first: int) -> None:
    """Chow and Robbins: with a fine precision, stopping when it is reached hardly costs coverage."""
    rng, hits, taken = np.random.default_rng(22), [], []
    for _ in range(400):
        estimate = stopped(rng.gamma(4, 0.25, 2_000).tolist(), first, 0.05)
        taken.append(len(estimate.sections))
        hits.append(holds(stats.figure(estimate), 1.0))
        assert (stats.half_width(estimate) or 0.0) <= 0.05
    assert_nominal(hits)
    needed = (1.96 * 0.5 / 0.05) ** 2
    assert 0.9 < np.mean(taken) / needed < 1.5, "as many as the known variance asks for, up to the next look"


def test_stopping_at_a_coarse_precision_costs_little() -> None:
    """The worst that it does: 20% of a skewed figure, reached at the first looks."""
    rng = np.random.default_rng(23)
    hits = [holds(stats.figure(stopped(rng.gamma(4, 0.25, 200).tolist(), 8, 0.2)), 1.0) for _ in range(1_000)]
    assert np.mean(hits) > 0.9


# --- resamples of the recorded input ---------------------------------------------------------------------------------

def test_of_resamples_by_hand() -> None:
    """Spread of the replications themselves, and of their mean: S^2 (1 + 1 / R)."""
    plain = stats.mean([8.0, 12.0, 8.0, 12.0])
    estimate = plain.of_resamples()
    variance = 16 / 3
    assert (plain.error, plain.noise) == (pytest.approx(math.sqrt(variance / 4)), plain.error)
    assert (estimate.error, estimate.noise) == (pytest.approx(math.sqrt(variance * 1.25)), plain.noise)
    low, high = stats.interval(estimate)
    assert (low, high) == (pytest.approx(10 - stdtrit(3, 0.975) * math.sqrt(variance * 1.25)),
                           pytest.approx(10 + stdtrit(3, 0.975) * math.sqrt(variance * 1.25)))  # fmt: skip


def test_comparisons_of_resamples_are_of_resamples() -> None:
    ours, theirs = (stats.mean(values) for values in ([2.0, 3.0, 4.0], [1.0, 1.4, 2.1]))
    assert stats.difference(ours.of_resamples(), theirs.of_resamples()) == stats.difference(ours, theirs).of_resamples()
    told, plain = stats.paired_ratio(ours.of_resamples(), theirs.of_resamples()), stats.paired_ratio(ours, theirs)
    logs = [math.log((told[end] or 0) / (told["value"] or 1)) for end in ("low", "high")]
    narrow = [math.log((plain[end] or 0) / (plain["value"] or 1)) for end in ("low", "high")]
    assert logs == pytest.approx([2 * one for one in narrow]), "sqrt(R + 1) = 2 times as wide"
    sometimes_none = stats.mean([0.0, 3.0, 4.0]).of_resamples()
    assert _width(stats.paired_ratio(sometimes_none, theirs)) == pytest.approx(
        2 * _width(stats.paired_ratio(stats.mean([0.0, 3.0, 4.0]), theirs)))  # fmt: skip


def _width(told: stats.Figure) -> float:
    return (told["high"] or 0.0) - (told["low"] or 0.0)


def test_what_never_varies_has_no_width_with_resamples_either() -> None:
    assert stats.interval(Estimate(2.5, [2.5] * 8).of_resamples()) == (2.5, 2.5)
    assert stats.exact(4).of_resamples().error == 0.0


def test_precision_leaves_out_what_more_replications_would_not_lessen() -> None:
    plain = sample(12, 0.1)
    assert stats.half_width(plain.of_resamples()) == stats.half_width(plain)
