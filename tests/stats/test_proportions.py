"""Shares and counts where hardly any or nearly all fared alike: by hand, against the binomial, and by coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import bdtr, bdtrc, bdtri

from sim import stats
from sim.stats import Estimate
from sim.stats.estimates import clopper_pearson
from sim.stats.proportions import FEW

# By hand


def test_none_of_a_thousand() -> None:
    """(1 - p)^1000 = 0.025 at p = 1 - exp(ln 0.025 / 1000) = 1 - exp(-0.00368888) = 0.00368208."""
    found = stats.proportion([0, 0, 0, 0], [100, 400, 300, 200])
    assert (found.value, found.sections, found.why) == (0.0, (0.0,) * 4, None)
    assert not found.constant and found.unanimous
    assert stats.interval(found) == (0.0, pytest.approx(0.00368208, abs=1e-8))
    assert stats.figure(found) == {"value": 0.0, "low": 0.0, "high": stats.interval(found).high}


def test_all_of_a_thousand_is_the_mirror_image() -> None:
    found = stats.proportion([100, 400, 300, 200], [100, 400, 300, 200])
    assert (found.value, found.constant) == (1.0, False)
    assert stats.interval(found) == (pytest.approx(1 - 0.00368208, abs=1e-8), 1.0)


@pytest.mark.parametrize(("n", "three"), [(100, 2.9513), (1_000, 2.9912), (10**6, 2.99573)])
def test_rule_of_three(n: int, three: float) -> None:
    """At one side: 3 / n. The exact number is 1 - 0.05^(1/n); n times it is 2.95 for n = 100 and tends to ln 20."""
    assert clopper_pearson(0, n, 0.9)[1] * n == pytest.approx(three, abs=1e-4)


@given(st.integers(1, 500), st.data(), st.floats(0.5, 0.999))
def test_clopper_and_pearson_by_their_definition(n: int, data: st.DataObject, level: float) -> None:
    k = data.draw(st.integers(0, n))
    low, high = clopper_pearson(k, n, level)
    assert 0 <= low <= k / n <= high <= 1
    # With the share at an end, as many or more (as few or fewer) come up with a probability of (1 - level) / 2.
    assert (low == 0) if k == 0 else bdtrc(k - 1, n, low) == pytest.approx((1 - level) / 2, rel=1e-6)
    assert (high == 1) if k == n else bdtr(k, n, high) == pytest.approx((1 - level) / 2, rel=1e-6)
    if 0 < k < n:
        assert high == pytest.approx(bdtri(k, n, (1 - level) / 2), rel=1e-6)
    assert clopper_pearson(n - k, n, level) == pytest.approx((1 - high, 1 - low), abs=1e-9)


def test_a_count_of_none_is_its_share_times_the_mean_number_of_requests() -> None:
    """1,000 requests in four replications: 250 each, of which at most 0.368% are of that sort."""
    found = stats.count([0, 0, 0, 0], [100, 400, 300, 200])
    assert stats.interval(found) == (0.0, pytest.approx(250 * 0.00368208, abs=1e-6))
    assert stats.count([3, 1, 0, 2], [100, 400, 300, 200]).value == 1.5


def test_few_are_told_with_the_wider_of_two_intervals() -> None:
    """One in each of five: nothing varies, but 5 of 500 could be from 0.33% to 2.32% (tables: 0.0033, 0.0232)."""
    found = stats.proportion([1] * 5, [100] * 5)
    assert stats.interval(found) == (pytest.approx(0.0033, abs=5e-5), pytest.approx(0.0232, abs=5e-5))
    # All five in one replication: by the spread, 1% -+ 2.776 * 1%, cut off at 0, is the wider one.
    spread = stats.interval(stats.proportion([5, 0, 0, 0, 0], [100] * 5))
    assert spread == (0.0, pytest.approx(0.01 + 2.776445 * 0.01, abs=1e-6))


def test_many_are_told_by_their_spread_alone() -> None:
    counts = [FEW // 2, FEW - FEW // 2]
    found, few = stats.proportion(counts, [1000, 1000]), stats.proportion([counts[0] - 1, counts[1]], [1000, 1000])
    assert found.pooled is None and few.pooled is not None
    assert stats.interval(found) == stats.interval(stats.ratio(counts, [1000, 1000]).within(0, 1))
    nearly_all = [1000 - one for one in counts]
    assert stats.proportion(nearly_all, [1000, 1000]).pooled is None
    assert stats.proportion([nearly_all[0] + 1, nearly_all[1]], [1000, 1000]).pooled is not None


def test_intervals_end_where_the_figure_does() -> None:
    inside = stats.proportion([60, 50, 60, 50], [100] * 4)
    assert stats.interval(inside) == stats.interval(stats.ratio([60, 50, 60, 50], [100] * 4))
    assert stats.interval(stats.proportion([100, 0, 100, 60], [100] * 4)) == (0.0, 1.0)
    assert stats.interval(stats.count([0, 90, 0], [100] * 3)).low == 0.0
    assert stats.interval(stats.mean([0, 9]).within(0.0)).low == 0.0 > (stats.interval(stats.mean([0, 9])).low or 0)


def test_what_has_no_interval_has_none_because_of_this() -> None:
    assert stats.proportion([0], [50]).why == "one replication has no spread to judge by"
    assert stats.interval(stats.proportion([0], [50])) == (None, None)
    assert stats.proportion([0, 0], [0, 0]).value is None
    assert stats.interval(stats.count([0, 0], [0, 0])) == (0.0, 0.0), "of no requests none can fail"


def test_of_resamples_too() -> None:
    found = stats.proportion([0, 0], [500, 500])
    assert found.of_resamples().resampled
    assert stats.interval(found.of_resamples()) == stats.interval(found)


def test_precision_of_a_share() -> None:
    """No precision relative to 0; of 1, how far below it may be."""
    assert stats.half_width(stats.proportion([0] * 12, [100] * 12)) is None
    all_of = stats.proportion([100] * 12, [100] * 12)
    low = stats.interval(all_of).low or 0.0
    assert stats.half_width(all_of) == pytest.approx(1 - low)
    few = stats.proportion([1] * 12, [100] * 12)
    assert stats.half_width(few) == pytest.approx(((stats.interval(few).high or 0) - 0.01) / 0.01)
    assert not stats.precise(few, 0.05, 12)
    assert stats.precise(Estimate(0.0, [0.0] * 12), 0.05, 12)


# Coverage


def held(rng: np.random.Generator, replications: int, size: float, share: float, together: int = 1) -> list[bool]:
    """Whether 95% intervals hold the share: so many requests in a replication on average, which fail in groups."""
    found = []
    for _ in range(400):
        trials = together * (1 + rng.poisson(size / together - 1, replications))
        counts = together * rng.binomial(trials // together, share)
        low, high = stats.interval(stats.proportion(counts.tolist(), trials.tolist()))
        assert low is not None and high is not None
        found.append(low <= share <= high)
    return found


def at_least(hits: list[bool], level: float) -> bool:
    """Whether so many hits are likely enough if coverage is at least nominal (one-sided, 0.1%)."""
    return bool(bdtr(sum(hits), len(hits), level) > 0.001)


@pytest.mark.parametrize("replications", [5, 8, 20])
@pytest.mark.parametrize("events", [0.5, 2, 5, 10, 60, 400])
def test_coverage_is_nominal_or_more(events: float, replications: int) -> None:
    """From hardly any event in all replications together to many; and of those that it does not happen to."""
    rng, share = np.random.default_rng(71), events / (replications * 500)
    assert at_least(held(rng, replications, 500, share), 0.95 if events < 60 else 0.94)
    assert at_least(held(rng, replications, 500, 1 - share), 0.95 if events < 60 else 0.94)


def test_coverage_by_spread_alone_would_be_below_nominal() -> None:
    """What the interval for few is there for: five failures expected in 20 replications."""
    rng, hits = np.random.default_rng(72), []
    for _ in range(600):
        counts = rng.binomial(500, 5 / 10_000, 20)
        low, high = stats.interval(stats.ratio(counts.tolist(), [500] * 20))
        hits.append(low is not None and high is not None and low <= 5 / 10_000 <= high)
    assert not at_least(hits, 0.95)


def test_what_fails_in_groups_is_covered_once_it_is_seen_and_not_before() -> None:
    """Failures come 20 at a time, two groups expected in all. With none seen the bound is on groups, as is said."""
    rng, replications = np.random.default_rng(73), 8
    share = 2 / (replications * 500 / 20)
    assert not at_least(held(rng, replications, 500, share, together=20), 0.95)
    many = 60 / (replications * 500 / 20)
    assert at_least(held(rng, replications, 500, many, together=20), 0.94)
    # None in n / 20 groups is seen with probability exp(-2); the bound times 20 holds the share then.
    n = replications * 500
    assert clopper_pearson(0, n, 0.95)[1] < share < 20 * clopper_pearson(0, n, 0.95)[1] == pytest.approx(
        clopper_pearson(0, n // 20, 0.95)[1], rel=0.02)  # fmt: skip


def test_no_rounding_at_a_tiny_level() -> None:
    assert 0 < clopper_pearson(0, 10**9, 1 - 1e-9)[1] < 1e-7
    assert math.isclose(clopper_pearson(1, 1, 0.95)[0], 0.025)
