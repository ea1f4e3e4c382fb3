"""Definitions, hand-worked cases and invariants of the statistics; coverage is in ``test_coverage.py``."""

from __future__ import annotations

import math
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import bdtr, bdtrc

from sim import stats
from sim.stats import INFINITE, PERCENTILES, Estimate

unhurried = settings(deadline=None)

finite = st.integers(0, 10**12)
latencies = st.lists(finite | st.just(INFINITE), min_size=1, max_size=60)
levels = st.fractions(Fraction(1, 1000), 1, max_denominator=1000)
section = st.floats(0.01, 1e6)


def array(values: list[int]) -> np.ndarray:
    return np.array(values, np.int64)


# --- quantiles -------------------------------------------------------------------------------------------------------

@unhurried
@given(latencies, levels)
def test_quantile_is_the_least_value_that_a_share_q_does_not_exceed(values: list[int], q: Fraction) -> None:
    least = min(v for v in values if sum(w <= v for w in values) >= q * len(values))
    assert stats.quantile(array(values), q) == (math.inf if least == INFINITE else least)


@unhurried
@given(latencies, levels)
def test_quantile_does_not_depend_on_order_and_leaves_its_input_alone(values: list[int], q: Fraction) -> None:
    turned = array(sorted(values, reverse=True))
    kept = turned.copy()
    assert stats.quantile(turned, q) == stats.quantile(array(values), q)
    assert (turned == kept).all()


@unhurried
@given(st.lists(st.lists(finite, min_size=20, max_size=40), min_size=5, max_size=7), st.integers(1, 1000))
def test_percentiles_are_quantiles_of_the_pool_and_of_each_replication(rows: list[list[int]], unit: int) -> None:
    arrays = [array(row) for row in rows]
    found = stats.percentiles(arrays, {"half": Fraction(1, 2)}, unit)["half"]
    assert found.value == stats.quantile(np.concatenate(arrays), Fraction(1, 2)) / unit
    if found.sections:
        assert found.sections == tuple(stats.quantile(a, Fraction(1, 2)) / unit for a in arrays)
    assert all((a == row).all() for a, row in zip(arrays, rows, strict=True)), "inputs are left alone"


@pytest.mark.parametrize(("n", "q", "rank"), [(100, "99/100", 99), (1000, "999/1000", 999), (20, "19/20", 19),
                                              (100, "7/100", 7), (101, "99/100", 100), (1, "1/2", 1), (5, "1", 5)])
def test_rank_is_exact_where_a_float_would_be_one_off(n: int, q: str, rank: int) -> None:
    assert stats.quantile(np.arange(1, n + 1), Fraction(q)) == rank


@pytest.mark.parametrize("q", [Fraction(0), Fraction(-1), Fraction(3, 2)])
def test_quantile_refuses_levels_that_are_none(q: Fraction) -> None:
    with pytest.raises(ValueError, match="not in"):
        stats.quantile(array([1]), q)


def test_quantile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no values"):
        stats.quantile(array([]), Fraction(1, 2))


def test_percentile_is_pooled_and_in_the_unit_asked_for() -> None:
    rows = [np.arange(1 + r, 1001 + r, dtype=np.int64) for r in range(6)]
    found = stats.percentile(rows, PERCENTILES["p50"], 1000)
    assert found.value == sorted(np.concatenate(rows))[2999] / 1000
    assert found.sections == tuple((500 + r) / 1000 for r in range(6))
    assert found.why is None


@pytest.mark.parametrize(("rows", "q", "why"), [
    ([np.arange(100)] * 8, "p99", "p99 needs 1,000 requests, there are 800"),
    ([np.arange(300)] * 8, "p99", "the interval of p99 needs 1,000 requests in each replication, the smallest has 300"),
    ([np.arange(5000)] * 4, "p99", "the interval of a percentile needs 5 replications, there are 4"),
    ([np.arange(9000)] * 8, "p99_9", "the interval of p99.9 needs 10,000 requests in each replication, the smallest "
                                     "has 9,000"),
    ([], "p50", "p50 needs 20 requests, there are 0"),
])
def test_what_the_sample_cannot_support_says_why(rows: list[np.ndarray], q: str, why: str) -> None:
    found = stats.percentile(rows, PERCENTILES[q])
    assert found.why == why
    assert stats.interval(found) == (None, None)


def test_effective_number_by_hand() -> None:
    """Eight replications of 1,000; the 800 values beyond the pooled p90 all lie in one. Variance of their number:
    (7 * 100^2 + 700^2) / 7 = 80,000, against 1,000 * 0.9 * 0.1 = 90; 100 expected * 90 / 80,000 = 0.11."""
    rows = [np.arange(1000) + (2000 if r == 3 else 0) for r in range(8)]
    found = stats.percentile(rows, PERCENTILES["p90"])
    assert found.value == 2199
    assert found.why == ("p90 is moved by a few spells of slow requests: each replication holds about 0.1 independent "
                         "ones beyond it, 5 are needed")


def test_a_percentile_that_never_varies_is_supported_however_dependent() -> None:
    """Most requests wait exactly 0: the median is 0 in every replication, whatever the others do."""
    rows = [array([0] * 900 + [10**6] * (10 if r % 2 else 100)) for r in range(6)]
    assert stats.interval(stats.percentile(rows, Fraction(1, 2))) == (0.0, 0.0)


def test_failures_are_infinite() -> None:
    completed = array([5] * 980)
    failing = np.concatenate([completed, array([INFINITE] * 20)])
    all_fail = stats.percentile([failing] * 6, PERCENTILES["p99"])
    assert all_fail.value == math.inf and all_fail.why is None and all_fail.constant
    assert stats.interval(all_fail) == (math.inf, math.inf)
    assert stats.figure(all_fail) == {"value": None, "why": "infinite: too many requests did not complete"}
    some = Estimate(5.0, [5.0, 5.0, math.inf, 5.0])
    assert some.why == "infinite in 1 of 4 replications"
    assert stats.figure(some) == {"value": 5.0, "low": None, "high": None, "why": some.why}


# --- intervals -------------------------------------------------------------------------------------------------------

def test_interval_of_a_mean_by_hand() -> None:
    """Values 1 to 5: mean 3, variance 2.5, t(4) = 2.776445 (table), so 3 -+ 2.776445 * sqrt(2.5 / 5)."""
    low, high = stats.interval(stats.mean([1, 2, 3, 4, 5]))
    assert low == pytest.approx(3 - 1.963243, abs=1e-6)
    assert high == pytest.approx(3 + 1.963243, abs=1e-6)


def test_spread_is_about_the_pooled_value_not_the_mean_of_the_sections() -> None:
    """Asmussen and Glynn (2007), III.5: sections 2 and 4 about 2 give variance (0 + 4) / 1 / 2."""
    assert Estimate(2.0, [2.0, 4.0]).error == pytest.approx(math.sqrt(2))


@pytest.mark.parametrize(("freedom", "level", "table"), [(1, 0.95, 12.7062), (7, 0.95, 2.3646), (30, 0.99, 2.7500),
                                                         (10**7, 0.95, 1.9600)])
def test_student_against_tables(freedom: int, level: float, table: float) -> None:
    assert stats.student(freedom, level) == pytest.approx(table, abs=5e-5)


@unhurried
@given(st.lists(section, min_size=2, max_size=30), section, st.floats(-1e3, 1e3))
def test_interval_moves_and_scales_with_the_figure(sections: list[float], scale: float, shift: float) -> None:
    plain = stats.interval(stats.mean(sections))
    moved = stats.interval(stats.mean([scale * x + shift for x in sections]))
    size = max(scale * max(sections), abs(shift))
    for before, after in zip(plain, moved, strict=True):
        assert before is not None and after == pytest.approx(scale * before + shift, abs=1e-6 * size)


@unhurried
@given(st.lists(section, min_size=2, max_size=30), st.floats(0.5, 0.98))
def test_a_higher_level_is_wider(sections: list[float], level: float) -> None:
    estimate = stats.mean(sections)
    (low, high), (lower, higher) = stats.interval(estimate, level), stats.interval(estimate, level + 0.01)
    assert low is not None and high is not None and lower is not None and higher is not None
    assert lower <= low <= (estimate.value or 0) <= high <= higher


def test_one_replication_has_a_value_and_no_interval() -> None:
    told = stats.figure(stats.mean([Decimal("4.35")]))
    assert told == {"value": 4.35, "low": None, "high": None, "why": "one replication has no spread to judge by"}


def test_exact_figures_have_an_interval_of_no_width() -> None:
    assert stats.figure(stats.exact(4.35)) == {"value": 4.35, "low": 4.35, "high": 4.35}
    assert stats.figure(stats.mean([Decimal("0.1")] * 3)) == {"value": 0.1, "low": 0.1, "high": 0.1}


def test_an_estimate_is_a_number_or_says_why_not() -> None:
    with pytest.raises(ValueError, match="reason"):
        Estimate(None)
    with pytest.raises(ValueError, match="not a number"):
        Estimate(1.0, [1.0, math.nan])


# --- means, ratios, pairs --------------------------------------------------------------------------------------------

def test_ratio_by_hand() -> None:
    """(1 + 5) / (2 + 4) = 1. Left out in turn: 5/4 and 1/2; pseudo-values 2 - 5/4 and 2 - 1/2."""
    found = stats.ratio([1, 5], [2, 4])
    assert (found.value, found.sections) == (1.0, (0.75, 1.5))


@unhurried
@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(1, 1000)), min_size=2, max_size=20))
def test_ratio_of_equal_denominators_is_the_mean(rows: list[tuple[int, int]]) -> None:
    tops, bottom = [y for y, _ in rows], rows[0][1]
    assert stats.ratio(tops, [bottom] * len(tops)) == stats.mean([Fraction(y, bottom) for y in tops])


def test_a_replication_without_any_counts_nothing() -> None:
    with_empty, without = stats.ratio([3, 0, 5], [2, 0, 4]), stats.ratio([3, 5], [2, 4])
    assert with_empty.value == without.value
    assert with_empty.why is None


@pytest.mark.parametrize(("tops", "bottoms", "value", "why"), [
    ([0, 0], [0, 0], None, "there is nothing to divide by: none occurred"),
    ([0, 3], [0, 2], 1.5, "only one replication has any"),
    ([3], [2], 1.5, "one replication has no spread to judge by"),
    ([], [], None, "there is nothing to divide by: none occurred"),
])
def test_ratios_that_cannot_be(tops: list[int], bottoms: list[int], value: float | None, why: str) -> None:
    found = stats.ratio(tops, bottoms)
    assert (found.value, found.why) == (value, why)


def test_mean_of_no_replication() -> None:
    assert stats.mean([]).why == "there is no replication"


@unhurried
@given(st.lists(st.tuples(section, section), min_size=2, max_size=20))
def test_paired_ratio_turned_around_is_its_inverse(pairs: list[tuple[float, float]]) -> None:
    ours, theirs = stats.mean([a for a, _ in pairs]), stats.mean([b for _, b in pairs])
    one, other = stats.paired_ratio(ours, theirs), stats.paired_ratio(theirs, ours)
    for key, back in (("value", "value"), ("low", "high"), ("high", "low")):
        assert one[key] == pytest.approx(1 / other[back], rel=1e-9)  # type: ignore[literal-required]


@unhurried
@given(st.lists(section, min_size=2, max_size=20), st.floats(0.1, 10))
def test_a_constant_factor_is_found_exactly_however_noisy_the_figure(sections: list[float], factor: float) -> None:
    theirs = stats.mean(sections)
    told = stats.paired_ratio(Estimate((theirs.value or 0) * factor, [s * factor for s in sections]), theirs)
    assert told["low"] == pytest.approx(factor, rel=1e-9)
    assert told["high"] == pytest.approx(factor, rel=1e-9)


def test_paired_ratio_against_the_spread_of_logarithms() -> None:
    ours, theirs = Estimate(3.0, [2.0, 4.0]), Estimate(2.0, [1.0, 4.0])
    error = math.sqrt(sum((math.log(x) - math.log(1.5)) ** 2 for x in (2.0, 1.0)) / 2)
    told = stats.paired_ratio(ours, theirs)
    assert told["high"] == pytest.approx(1.5 * math.exp(12.7062 * error), rel=1e-4)
    assert told["low"] == pytest.approx(1.5 * math.exp(-12.7062 * error), rel=1e-4)


@pytest.mark.parametrize(("ours", "theirs", "told"), [
    (stats.exact(1), stats.exact(0), {"value": None, "why": "the reference is 0"}),
    (stats.exact(0), stats.exact(2), {"value": 0.0, "low": 0.0, "high": 0.0}),
    (stats.exact(3), stats.exact(2), {"value": 1.5, "low": 1.5, "high": 1.5}),
    (stats.exact(3), Estimate(1.0, [0.0, 2.0]),
     {"value": 3.0, "low": None, "high": None, "why": "the reference is 0 in some replications"}),
    (Estimate(None, (), "too few"), stats.exact(2), {"value": None, "why": "too few"}),
    (stats.exact(2), Estimate(None, (), "too few"), {"value": None, "why": "of the reference: too few"}),
    (stats.exact(2), stats.exact(math.inf),
     {"value": None, "why": "of the reference: infinite: too many requests did not complete"}),
    (Estimate(3.0, (), "one only"), stats.exact(2), {"value": 1.5, "low": None, "high": None, "why": "one only"}),
])
def test_paired_ratios_at_their_edges(ours: Estimate, theirs: Estimate, told: dict[str, object]) -> None:
    assert stats.paired_ratio(ours, theirs) == told


def test_paired_ratio_that_is_zero_in_some_replications_is_not_on_the_log_scale() -> None:
    told = stats.paired_ratio(Estimate(1.0, [0.0, 2.0]), stats.exact(2))
    assert told["value"] == 0.5 and told["low"] is not None and told["low"] < 0


def test_differences() -> None:
    assert stats.difference(Estimate(3.0, [2.0, 4.0]), stats.exact(1)) == Estimate(2.0, [1.0, 3.0])
    assert stats.difference(stats.exact(1), Estimate(None, (), "too few")).why == "too few"
    assert stats.difference(stats.exact(math.inf), stats.exact(1)).why == "infinite on one side"
    with pytest.raises(ValueError, match="zip"):
        stats.difference(stats.mean([1, 2]), stats.mean([1, 2, 4]))


# --- one long run ----------------------------------------------------------------------------------------------------

def brute_mser(means: list[float]) -> int:
    """The definition: least of (sum of squares about the mean of what is left) / (number left)^2."""
    def statistic(d: int) -> float:
        left = means[d:]
        centre = sum(left) / len(left)
        return sum((x - centre) ** 2 for x in left) / len(left) ** 2
    return min(range(len(means) - 5), key=statistic)


@unhurried
@given(st.lists(st.integers(0, 50), min_size=50, max_size=120))
def test_warm_up_against_the_definition(values: list[int]) -> None:
    groups = [sum(values[i : i + 5]) / 5 for i in range(0, len(values) // 5 * 5, 5)]
    least = brute_mser(groups)
    found = stats.warm_up(array(values))
    if found.first is None:
        # Beyond half of the run, or at the last place that is looked at.
        assert least > len(groups) // 2 or least == len(groups) - 6
    else:
        # Equal minima may be told apart by rounding: the cut must be as good as the least.
        tail = groups[found.first // 5 :]
        best = groups[least:]
        assert np.var(tail) / len(tail) == pytest.approx(np.var(best) / len(best), abs=1e-9)


def test_warm_up_of_a_decaying_start_is_cut() -> None:
    """A start at 20 standard deviations that fades by a third every 100 observations is below one at 740."""
    rng = np.random.default_rng(1)
    series = rng.normal(10, 1, 10_000) + 20 * np.exp(-np.arange(10_000) * math.log(1.5) / 100)
    first = stats.warm_up(series).first
    assert first is not None and 500 <= first <= 2_000


def test_a_stationary_run_keeps_nearly_all() -> None:
    rng = np.random.default_rng(2)
    cuts = [stats.warm_up(rng.normal(0, 1, 2_000)).first for _ in range(40)]
    assert np.median([2_000 if cut is None else cut for cut in cuts]) < 200


def test_warm_up_of_a_run_that_never_settles_is_refused() -> None:
    assert "has not settled" in str(stats.warm_up(np.arange(1_000.0) ** 2).why)


def test_warm_up_of_a_cycle_is_whole_periods() -> None:
    """Days of 24 hours with a start that lasts two and a half days; by single hours the cycle would look like it."""
    hours = np.arange(24 * 28)
    series = 100 + 80 * np.sin(hours * 2 * np.pi / 24) + np.where(hours < 60, 300.0, 0.0)
    assert stats.warm_up(series, 24).first == 72


@pytest.mark.parametrize(("n", "period", "why"), [(49, None, "in 50 observations or more, there are 49"),
                                                  (24 * 10 - 1, 24, "in 10 whole periods or more, there are 9")])
def test_warm_up_of_too_little_is_refused(n: int, period: int | None, why: str) -> None:
    assert why in str(stats.warm_up(np.zeros(n), period).why)


def test_correlation_of_neighbours() -> None:
    rng = np.random.default_rng(31)
    noise = rng.normal(size=100)
    assert stats.correlated(np.arange(100.0)) and stats.correlated(noise.cumsum())
    assert not stats.correlated(np.zeros(100)) and not stats.correlated(np.full(100, 7.0))
    assert not stats.correlated(np.tile([1.0, -1.0], 50))  # to be correlated the other way makes intervals too wide


@pytest.mark.parametrize("phases", [1, 5])
def test_a_tenth_of_independent_series_is_taken_to_correlate(phases: int) -> None:
    """Whatever the cycle of the load, for what each time of it differs by is taken off."""
    rng = np.random.default_rng(32)
    cycle = np.tile(np.arange(phases) * 10.0, 100 // phases)
    hits = sum(stats.correlated(row + cycle, phases) for row in rng.exponential(size=(2_000, 100)))
    assert min(bdtr(hits, 2_000, 0.1), bdtrc(hits - 1, 2_000, 0.1)) > 0.0005, hits


def test_a_cycle_that_is_not_taken_off_looks_like_correlation() -> None:
    cycle = np.repeat(np.tile([0.0, 5.0], 10), 5) + np.random.default_rng(33).normal(size=100)
    assert stats.correlated(cycle) and not stats.correlated(cycle, 10)


def test_importing_stats_loads_nothing_heavy() -> None:
    code = "import sys, sim.stats, sim.claims; print([m for m in ('numpy', 'scipy', 'pandas') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
