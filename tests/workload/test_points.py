"""Arrivals against the laws they are drawn from.

Chances: an interval is left once in a million draws when the program is right; seeds are fixed, so a test that passes
goes on passing.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sim.errors import AdvisedError
from sim.luck import Stream
from sim.units import DAY, HOUR, SECOND, WEEK
from sim.workload import points
from sim.workload.points import TICKS, CumulativeRate
from sim.workload.week import Week, constant
from tests.workload.support import draw, workload

SURE = 1 - 1e-6

WEEKLY = {
    "idle": {"when": "22:00-08:00, sat, sun", "rate": "0.2/h"},
    "normal": {"when": "08:00-10:00, 17:00-22:00", "rate": "4/h"},
    "peak": {"when": "10:00-17:00", "rate": "12/h"},
}
HOURS_OF_WEEK = {"idle": 98, "normal": 35, "peak": 35}


def assert_poisson(counts: np.ndarray | int, mean: float) -> None:
    """Every count lies where a Poisson variable of this mean lies, and their spread is that of such variables."""
    counts = np.atleast_1d(counts)
    low, high = stats.poisson.interval(1 - 1e-6 / len(counts), mean)
    assert ((counts >= low) & (counts <= high)).all()
    low, high = stats.poisson.interval(SURE, mean * len(counts))
    assert low <= counts.sum() <= high
    if len(counts) > 20:
        low, high = stats.chi2.interval(SURE, len(counts) - 1)
        assert low <= ((counts - counts.mean()) ** 2).sum() / counts.mean() <= high


def bucket_of(at: np.ndarray) -> np.ndarray:
    """The bucket of WEEKLY, worked out by the clock."""
    day, hour = at % WEEK // DAY, at % DAY // HOUR
    names = np.where((hour >= 10) & (hour < 17), "peak", "normal")
    return np.where((day >= 5) | (hour < 8) | (hour >= 22), "idle", names)


class TestPoisson:
    def test_counts_and_gaps(self):
        found = draw(workload({"poisson": {"rate": "3/h"}}, agents=300))
        assert_poisson(np.bincount(found.agent, minlength=300), 3 * 168)
        gaps = np.concatenate([np.diff(found.at[found.agent == agent]) for agent in range(300)])
        # Long gaps are cut off by the end of the week: at most 1 in 504, far less than this test can see.
        assert stats.kstest(gaps / (HOUR / 3), "expon").pvalue > 1e-4
        assert abs(stats.spearmanr(gaps[:-1], gaps[1:]).statistic) < 5 / np.sqrt(len(gaps))

    def test_independent_of_each_other(self):
        found = draw(workload({"poisson": {"rate": "3/h"}}, agents=50))
        merged = np.bincount(found.at // (6 * HOUR), minlength=28)
        assert_poisson(merged, 50 * 18)

    @pytest.mark.parametrize("factor", [2, 4, 8])
    def test_rate_rescales_time(self, factor: int):
        slow = draw(workload({"poisson": {"rate": "1/h"}}, agents=20), horizon=factor * DAY)
        fast = draw(workload({"poisson": {"rate": f"{factor}/h"}}, agents=20), horizon=DAY)
        assert np.array_equal(slow.agent, fast.agent)
        assert np.array_equal(slow.at // factor, fast.at)

    def test_replications_and_seeds_differ(self):
        made = workload({"poisson": {"rate": "1/h"}}, agents=20)
        first, *others = (draw(made, seed=s, replication=r).at for s, r in ((1, 0), (1, 1), (2, 0)))
        assert all(not np.isin(other, first).any() for other in others)

    def test_size_is_refused(self):
        with pytest.raises(AdvisedError, match="arrivals, which is more than can be run"):
            draw(workload({"poisson": {"rate": "1/ms"}}, agents=1000))


class TestWeekly:
    def test_counts_of_buckets(self):
        agents, weeks = 100, 2
        found = draw(workload({"weekly": WEEKLY}, agents=agents), horizon=weeks * WEEK)
        names = bucket_of(found.at)
        for name, rate in (("idle", 0.2), ("normal", 4), ("peak", 12)):
            counts = np.bincount(found.agent[names == name], minlength=agents)
            assert_poisson(counts, rate * HOURS_OF_WEEK[name] * weeks)

    def test_even_within_a_bucket(self):
        found = draw(workload({"weekly": WEEKLY}, agents=200))
        at = found.at[bucket_of(found.at) == "peak"]
        assert stats.kstest((at % DAY - 10 * HOUR) / (7 * HOUR), "uniform").pvalue > 1e-4

    def test_times_two(self):
        doubled = {name: {**bucket, "rate": f"{2 * float(bucket['rate'][:-2])}/h"} for name, bucket in WEEKLY.items()}
        once = draw(workload({"weekly": WEEKLY}, agents=10), horizon=2 * WEEK)
        twice = draw(workload({"weekly": doubled}, agents=10), horizon=WEEK)
        levels = [expected(made.at, scale) for made, scale in ((once, 1.0), (twice, 2.0))]
        assert np.array_equal(once.agent, twice.agent)
        assert np.abs(levels[0] - levels[1]).max() < 1e-6

    def test_no_request_at_rate_zero(self):
        buckets = {"day": {"when": "08:00-20:00", "rate": "20/h"}, "night": {"when": "otherwise", "rate": "0/h"}}
        found = draw(workload({"weekly": buckets}, agents=20))
        assert found.n > 20_000
        assert (found.at % DAY // HOUR).min() == 8
        assert (found.at % DAY // HOUR).max() == 19


def expected(at: np.ndarray, scale: float) -> np.ndarray:
    """Requests of one agent expected before each time under WEEKLY: an hour at a time."""
    rates = {"idle": 0.2 * scale, "normal": 4 * scale, "peak": 12 * scale}
    hours = np.arange(0, 2 * WEEK, HOUR)
    of_hour = np.array([rates[name] for name in bucket_of(hours)])
    before = np.concatenate(([0.0], np.cumsum(of_hour)))
    return before[at // HOUR] + of_hour[at // HOUR] * (at % HOUR / HOUR)


class TestRenewal:
    @pytest.mark.parametrize(("gap", "cv2"), [
        ("exponential(mean=2 h)", 1.0), ("gamma(mean=2 h, cv=0.5)", 0.25), ("lognormal(mean=2 h, cv=1.5)", 2.25),
        ("2 h", 0.0), ("uniform(1 h, 3 h)", 1 / 12), ("mixture(0.5: 1 h, 0.5: 3 h)", 0.25)])
    def test_stationary_from_the_start(self, gap: str, cv2: float):
        # A stationary renewal process has horizon / mean points whatever the law of its gaps (Cox, 1962, 4.5),
        # and the first is on average mean (1 + cv^2) / 2 away.
        agents = 4000
        found = draw(workload({"renewal": {"gap": gap}}, agents=agents), horizon=DAY)
        for begin in (0, 23):
            within = (found.at >= begin * HOUR) & (found.at < (begin + 1) * HOUR)
            share = np.bincount(found.agent[within], minlength=agents)
            assert abs(share.mean() - 0.5) < 5 * max(share.std(), 0.5) / np.sqrt(agents)
        first = draw(workload({"renewal": {"gap": gap}}, agents=agents), horizon=WEEK)
        first_at = first.at[np.append(True, np.diff(first.agent) > 0)] / HOUR
        assert len(first_at) == agents
        assert abs(first_at.mean() - (1 + cv2)) < 5 * first_at.std() / np.sqrt(agents)

    def test_gaps_have_their_law(self):
        found = draw(workload({"renewal": {"gap": "gamma(mean=10 min, cv=0.5)"}}, agents=30))
        gaps = np.concatenate([np.diff(found.at[found.agent == agent]) for agent in range(30)])
        assert stats.kstest(gaps / (600 * SECOND), stats.gamma(4, scale=0.25).cdf).pvalue > 1e-4

    def test_gap_of_nothing_is_a_microsecond(self):
        found = draw(workload({"renewal": {"gap": "mixture(0.999: 0 s, 0.001: 1 s)"}}), horizon=10_000)
        assert (np.diff(found.at) >= 1).all()


class TestCumulativeRate:
    weeks = st.builds(
        lambda cuts, rates: Week((0, *sorted(cuts)), tuple(rates[: len(cuts) + 1])),
        st.sets(st.integers(1, WEEK - 1), max_size=4),
        st.lists(st.fractions(0, 2, max_denominator=10**6), min_size=5, max_size=5))

    @given(weeks, st.integers(1, 3 * WEEK), st.data())
    def test_inverse(self, week: Week, horizon: int, data: Any):
        rate = CumulativeRate(week, horizon)
        assert rate.end - 1 < exactly(week, horizon) <= rate.end
        if rate.end == 0:
            return
        levels = np.array(sorted(data.draw(st.lists(st.integers(0, rate.end - 1), min_size=1, max_size=8))), np.int64)
        times = rate.times(levels)
        assert (np.diff(times) >= 0).all()
        assert ((times >= 0) & (times < horizon)).all()
        for level, time in zip(levels.tolist(), times.tolist(), strict=True):
            # 3 weeks in doubles are good to a thousandth of a microsecond, so a time is off by one at the most.
            assert exactly(week, time - 1) <= level
            assert level <= exactly(week, min(time + 2, horizon))

    def test_many_weeks_repeat(self):
        week = Week((0, DAY), (Fraction(5, 512), Fraction(1, 1024)))
        rate = CumulativeRate(week, 10 * WEEK)
        level = int(exactly(week, WEEK))
        assert level == exactly(week, WEEK)
        ticks = np.arange(0, level, level // 1000)
        first, ninth = rate.times(ticks), rate.times(ticks + 8 * level)
        assert np.abs(ninth - first - 8 * WEEK).max() <= 1

    def test_constant_is_division(self):
        rate = CumulativeRate(constant(Fraction(1, 4)), DAY)
        assert rate.times(np.array([0, TICKS, 3 * TICKS // 2])).tolist() == [0, 4 * SECOND, 6 * SECOND]


def exactly(week: Week, time: int) -> Fraction:
    """The integral of the rate from 0, in ticks."""
    total = Fraction(0)
    full, rest = divmod(max(time, 0), WEEK)
    for (start, end), rate in zip(pairwise((*week.starts, WEEK)), week.rates, strict=True):
        total += rate * (full * (end - start) + max(0, min(rest, end) - start))
    return total * TICKS / SECOND


class TestBlocks:
    @pytest.mark.parametrize("cells", [1, 7, 100])
    def test_no_effect(self, cells: int, monkeypatch: pytest.MonkeyPatch):
        end = 3 * TICKS
        whole = points.poisson(1, 0, Stream.ARRIVAL, np.full(9, end))
        monkeypatch.setattr(points, "CELLS", cells)
        parts = points.poisson(1, 0, Stream.ARRIVAL, np.full(9, end))
        for name in ("entity", "ordinal", "value"):
            assert np.array_equal(getattr(whole, name), getattr(parts, name))

    def test_longer_horizon_adds_at_the_end(self):
        short = points.poisson(1, 0, Stream.ARRIVAL, np.full(5, 4 * TICKS))
        long = points.poisson(1, 0, Stream.ARRIVAL, np.full(5, 400 * TICKS))
        kept = long.value < 4 * TICKS
        assert np.array_equal(short.value, long.value[kept])
        assert np.array_equal(short.ordinal, long.ordinal[kept])

    def test_nothing_happens(self):
        assert len(points.poisson(1, 0, Stream.ARRIVAL, np.full(5, 0)).value) == 0
