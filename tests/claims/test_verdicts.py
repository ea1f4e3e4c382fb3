"""Verdicts: arithmetic against Python's, regions by hand, error rates against the binomial distribution."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import bdtr, bdtrc

from sim import claims, stats
from sim.claims import Verdict, exit_code, judge, parse
from sim.stats import Estimate, exact

unhurried = settings(deadline=None)


def one(text: str, figures: Mapping[str, Estimate], level: float = 0.95) -> Verdict:
    (verdict,) = judge([parse(text)], figures.__getitem__, level)
    return verdict


# --- arithmetic ------------------------------------------------------------------------------------------------------

VALUES = {"a.x": 2.5, "b-c.y": 0.1, "d.z": 0.0}
FORMS = ["{} + {}", "{} - {}", "{} * {}", "{} / {}", "({} + {})", "({} - {})", "-{} + {}", "-({} * {})",
         "ratio({}, {})", "min({}, {})", "max({}, {})", "abs({} - {})"]
LEAVES = st.decimals(0, 1000, places=2).map(str) | st.sampled_from(list(VALUES))
TEXTS = st.recursive(LEAVES, lambda parts: st.builds(str.format, st.sampled_from(FORMS), parts, parts), max_leaves=12)


def in_python(text: str) -> Fraction | None:
    """What Python makes of the same text with fractions for all numbers; None for a division by 0."""
    names = {"F": Fraction, "ratio": lambda a, b: a / b}
    code = re.sub(r"a\.x|b-c\.y|d\.z|\d+\.\d+", lambda m: f"F('{VALUES.get(m[0], m[0])}')", text)
    try:
        return Fraction(eval(code, names))
    except ZeroDivisionError:
        return None


@unhurried
@given(TEXTS)
def test_arithmetic_and_precedence_are_those_of_python(text: str) -> None:
    value, verdict = in_python(text), one(f"{text} < 1", {path: exact(v) for path, v in VALUES.items()})
    if value is None:
        assert (verdict.verdict, verdict.why) == ("inconclusive", "a division by 0")
    else:
        assert verdict.value == verdict.low == verdict.high == float(value)
        assert verdict.verdict == ("holds" if value < 1 else "fails")


@unhurried
@given(TEXTS, st.lists(st.floats(0.5, 2), min_size=2, max_size=6))
def test_an_expression_is_measured_by_what_each_replication_says(text: str, sections: list[float]) -> None:
    """As if the study had computed it in each replication and called it a figure."""
    text = f"{text} + 0"  # keeps a quotient off the log scale
    plain = {path: exact(v) for path, v in VALUES.items()}
    alone = [one(f"{text} < 1", {**plain, "a.x": exact(x)}).value for x in (2.5, *sections)]
    found = one(f"{text} < 1", {**plain, "a.x": Estimate(2.5, sections)})
    if None in alone:
        assert found.why == "a division by 0"
        return
    value, *each = (x or 0.0 for x in alone)
    expected, size = stats.interval(Estimate(value, each)), max(abs(value), *map(abs, each), 1.0)
    assert (found.low, found.high) == pytest.approx(expected, abs=1e-9 * size, rel=1e-6)


@pytest.mark.parametrize(("text", "verdict"), [
    ("x.cost.total == 3 * $4.35", "holds"),  # in floats, 3 * 4.35 is 13.049999999999999
    ("x.cost.total <= 3 * $4.35", "holds"),
    ("x.cost.total < 3 * $4.35", "fails"),
    ("x.cost.total > $13.04999", "holds"),
    ("x.cost.total >= $13.05", "holds"),
    ("x.cost.total - $0.05 == $13", "holds"),
    ("x.cost.total == $13 within 1%", "holds"),
    ("x.cost.total == $13 within $0.05", "holds"),
    ("x.cost.total == $13 within $0.04", "fails"),
    ("x.memory_mb.max < 512 MiB", "fails"),
    ("x.memory_mb.max == 600 MB", "holds"),
    ("x.latency_s.p50 == 0.1 s + 200 ms", "holds"),
    ("$13 < x.cost.total < $14 and x.latency_s.p50 < 1 s", "holds"),
    ("$13 < x.cost.total < $13.01 and x.latency_s.p50 < 1 s", "fails"),
])
def test_figures_that_do_not_vary_are_decided_exactly(text: str, verdict: str) -> None:
    figures = {"x.cost.total": Estimate(13.05, [13.05] * 4), "x.memory_mb.max": exact(600),
               "x.latency_s.p50": exact(0.3)}
    assert one(text, figures).verdict == verdict


# --- regions ---------------------------------------------------------------------------------------------------------

NOISY = Estimate(10.0, [9.0, 11.0, 9.0, 11.0, 10.0, 10.0])
LOW, HIGH = stats.interval(NOISY)
assert LOW is not None and HIGH is not None


@pytest.mark.parametrize(("symbol", "bound", "verdict"), [
    ("<", HIGH + 0.001, "holds"), ("<", HIGH - 0.001, "inconclusive"), ("<", LOW + 0.001, "inconclusive"),
    ("<", LOW - 0.001, "fails"), ("<=", HIGH + 0.001, "holds"), ("<=", LOW - 0.001, "fails"),
    (">", LOW - 0.001, "holds"), (">", 10, "inconclusive"), (">", HIGH + 0.001, "fails"),
    (">=", LOW - 0.001, "holds"), (">=", HIGH + 0.001, "fails"), ("==", 10, "inconclusive"),
    ("==", HIGH + 0.001, "fails"), ("==", LOW - 0.001, "fails"),
])
def test_an_interval_against_a_bound(symbol: str, bound: float, verdict: str) -> None:
    flipped = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "=="}[symbol]
    for text in (f"a.x {symbol} {bound:.6f}", f"{bound:.6f} {flipped} a.x"):
        found = one(text, {"a.x": NOISY})
        assert found.verdict == verdict
        assert (found.value, found.low, found.high, found.bound) == (10.0, LOW, HIGH, pytest.approx(bound, abs=1e-6))
        assert found.measure == "value"


@pytest.mark.parametrize(("tolerance", "verdict"), [("20%", "holds"), ("2", "holds"), ("5%", "inconclusive"),
                                                    ("0.5", "inconclusive")])
def test_an_interval_against_a_tolerance(tolerance: str, verdict: str) -> None:
    assert one(f"a.x == 10 within {tolerance}", {"a.x": NOISY}).verdict == verdict
    assert one(f"a.x == 15 within {tolerance}", {"a.x": NOISY}).verdict == "fails"


@unhurried
@given(st.lists(st.floats(1, 100), min_size=2, max_size=10), st.floats(0, 200), st.floats(0, 50),
       st.sampled_from(["<", "<=", ">", ">="]))
def test_verdicts_are_monotone_in_the_bound(sections: list[float], bound: float, more: float, symbol: str) -> None:
    figures = {"a.x": stats.mean(sections)}
    rank = {"fails": 0, "inconclusive": 1, "holds": 2}
    lower, higher = (rank[one(f"a.x {symbol} {b:.9f}", figures).verdict] for b in (bound, bound + more))
    assert lower <= higher if symbol[0] == "<" else lower >= higher


@unhurried
@given(st.lists(st.floats(1, 100), min_size=2, max_size=10), st.floats(0, 200), st.floats(0.5, 0.99))
def test_a_higher_level_never_decides_more(sections: list[float], bound: float, level: float) -> None:
    figures = {"a.x": stats.mean(sections)}
    loose, strict = (one(f"a.x < {bound:.9f}", figures, at).verdict for at in (level, level + 0.009))
    assert strict in (loose, "inconclusive")


@unhurried
@given(st.lists(st.tuples(st.floats(1, 100), st.floats(1, 100)), min_size=2, max_size=10))
def test_opposite_expectations_have_opposite_verdicts(pairs: list[tuple[float, float]]) -> None:
    figures = {"a.x": stats.mean([a for a, _ in pairs]), "b.x": stats.mean([b for _, b in pairs])}
    ours, theirs = one("a.x < b.x", figures).verdict, one("b.x <= a.x", figures).verdict
    assert {ours, theirs} in ({"holds", "fails"}, {"inconclusive"})


# --- what is measured ------------------------------------------------------------------------------------------------

PAIRED = {
    "a.cost.total": Estimate(2.0, [1.0, 3.0, 2.0]), "b.cost.total": Estimate(8.0, [4.0, 12.0, 8.0]),
    "a.overhead_s.p99": Estimate(1.0, [0.0, 2.0, 1.0]), "b.overhead_s.p99": Estimate(3.0, [2.0, 4.0, 3.0]),
}  # fmt: skip


@pytest.mark.parametrize(("text", "measure", "unit", "value", "bound", "verdict"), [
    ("a.cost.total < b.cost.total", "ratio", "ratio", 0.25, 1.0, "holds"),
    ("a.cost.total < 0.5 * b.cost.total", "ratio", "ratio", 0.25, 0.5, "holds"),
    ("b.cost.total > 5 * a.cost.total", "ratio", "ratio", 4.0, 5.0, "fails"),
    ("a.cost.total / b.cost.total < 0.5", "value", "ratio", 0.25, 0.5, "holds"),
    ("ratio(a.cost.total, b.cost.total) < 50%", "value", "ratio", 0.25, 0.5, "holds"),
    ("4 * a.cost.total == b.cost.total", "ratio", "ratio", 1.0, 1.0, "holds"),
    ("a.cost.total == 0.25 * b.cost.total within 5%", "ratio", "ratio", 0.25, 0.25, "holds"),
    ("a.cost.total == b.cost.total within $1", "difference", "USD", -6.0, 0.0, "inconclusive"),
    ("b.overhead_s.p99 > a.overhead_s.p99", "difference", "s", 2.0, 0.0, "holds"),
    ("a.overhead_s.p99 < $0.10 / $0.01 * 1 s", "value", "s", 1.0, 10.0, "holds"),
    ("a.cost.total + b.cost.total < $40", "value", "USD", 10.0, 40.0, "holds"),
])
def test_measures(text: str, measure: str, unit: str, value: float, bound: float, verdict: str) -> None:
    found = one(text, PAIRED)
    assert (found.measure, found.unit, found.value, found.bound) == (measure, unit, value, bound)
    assert found.verdict == verdict


FIXED = {"a.cost.total": exact(2.0), "b.cost.total": Estimate(8.0, [7.5, 8.5, 8.0]), "c.cost.total": exact(8.0),
         "z.overhead_s.p99": exact(0.0), "b.overhead_s.p99": Estimate(3.0, [2.0, 4.0, 3.0])}  # fmt: skip


@pytest.mark.parametrize(("text", "measure", "value", "bound", "verdict"), [
    # A fixed figure to the left is not told as if it were the bound of the other.
    ("a.cost.total < b.cost.total", "ratio", 0.25, 1.0, "holds"),
    ("a.cost.total < 0.5 * b.cost.total", "ratio", 0.25, 0.5, "holds"),
    ("b.cost.total > a.cost.total", "ratio", 4.0, 1.0, "holds"),
    ("z.overhead_s.p99 < b.overhead_s.p99", "difference", -3.0, 0.0, "holds"),
    # Two that are fixed: the left one, against the other.
    ("a.cost.total < c.cost.total", "value", 2.0, 8.0, "holds"),
    # A number to the left is the bound, whether the figure moves or not.
    ("$4 < c.cost.total", "value", 8.0, 4.0, "holds"),
    ("$9 <= c.cost.total", "value", 8.0, 9.0, "fails"),
    ("$4 < b.cost.total", "value", 8.0, 4.0, "holds"),
    # The tolerance is relative to the right side of the text: 10% of 8, not of 7.3.
    ("$7.25 == c.cost.total within 10%", "value", 8.0, 7.25, "holds"),
])
def test_what_is_told_is_the_figure_in_question(
    text: str, measure: str, value: float, bound: float, verdict: str
) -> None:
    found = one(text, FIXED)
    assert (found.measure, found.value, found.bound, found.verdict) == (measure, value, bound, verdict)


def test_a_number_to_the_left_is_the_bound_also_where_there_is_no_interval() -> None:
    found = one("4 < a.x", {"a.x": stats.mean([5])})
    assert (found.verdict, found.value, found.bound) == ("inconclusive", 5.0, 4.0)


def test_a_reason_that_several_figures_share_is_told_once() -> None:
    few = Estimate(None, (), "too few requests")
    found = one("a.x < b.x + c.x", {"a.x": few, "b.x": few, "c.x": Estimate(None, (), "no price")})
    assert found.why == "a.x and b.x: too few requests; c.x: no price"


def test_ratio_has_the_interval_of_paired_log_ratios() -> None:
    figures = {"a.x": Estimate(3.0, [2.0, 4.0, 3.5]), "b.x": Estimate(2.0, [1.5, 2.0, 2.0])}
    told = stats.paired_ratio(figures["a.x"], figures["b.x"])
    for text in ("a.x < b.x", "a.x / b.x < 1", "ratio(a.x, b.x) < 1"):
        found = one(text, figures)
        assert (found.value, found.low, found.high) == pytest.approx((told["value"], told["low"], told["high"]))


# --- shares of 0 and 1 ------------------------------------------------------------------------------------------------

NONE, ALL = stats.proportion([0] * 8, [500] * 8), stats.proportion([500] * 8, [500] * 8)
SOME = stats.proportion([5, 9, 7, 6, 8, 7, 4, 10], [500] * 8)
SHARES = {"a.failed_fraction": NONE, "a.completed_fraction": ALL, "b.failed_fraction": SOME, "c.failed_fraction": NONE,
          "a.requests.failed": stats.count([0] * 8, [500] * 8), "a.x": NOISY}
MOST = 1 - 0.025 ** (1 / 4000)
"""(1 - p)^4000 = 0.025: 0.0922%."""


@pytest.mark.parametrize(("text", "verdict", "low", "high"), [
    ("a.failed_fraction < 0.1%", "holds", 0, MOST),
    ("0.1% > a.failed_fraction", "holds", 0, MOST),
    ("a.failed_fraction < 0.09%", "inconclusive", 0, MOST),
    ("a.failed_fraction == 0", "inconclusive", 0, MOST),
    ("a.failed_fraction <= 0", "inconclusive", 0, MOST),
    ("a.failed_fraction > 0", "inconclusive", 0, MOST),
    ("a.failed_fraction >= 0", "holds", 0, MOST),
    ("a.failed_fraction > 0.1%", "fails", 0, MOST),
    ("a.failed_fraction == 0 within 0.001", "holds", 0, MOST),
    ("a.failed_fraction == 5%", "fails", 0, MOST),
    ("a.completed_fraction > 99.9%", "holds", 1 - MOST, 1),
    ("a.completed_fraction == 100%", "inconclusive", 1 - MOST, 1),
    ("1 - a.failed_fraction > 99.9%", "holds", 1 - MOST, 1),
    ("1000 * a.failed_fraction < 1", "holds", 0, 1000 * MOST),
    ("a.requests.failed <= 3", "holds", 0, 500 * MOST),
    ("a.requests.failed < 0.4", "inconclusive", 0, 500 * MOST),
])  # fmt: skip
def test_what_every_request_did_is_not_taken_to_be_certain(text: str, verdict: str, low: float, high: float) -> None:
    found = one(text, SHARES)
    assert found.verdict == verdict
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-12), pytest.approx(high, rel=1e-9))
    assert found.level == 0.95


def test_what_no_number_of_requests_decides_says_so_and_is_not_waited_for() -> None:
    found = one("a.failed_fraction == 0", SHARES)
    assert found.why == "what was so in every request need not be so always; leave room in the bound, such as 0.1%"
    assert claims.settled([found], 10)
    more = one("a.failed_fraction < 0.09%", SHARES)
    assert more.why is None and not claims.settled([more], 10)


def test_several_shares_of_0_have_their_part_of_the_level_each() -> None:
    """At 97.5% each, the worse of 1 - 0.0125^(1 / 4000) = 0.1095%; two of them together."""
    each = 1 - 0.0125 ** (1 / 4000)
    found = one("a.failed_fraction + c.failed_fraction < 0.22%", SHARES)
    assert (found.verdict, found.high) == ("holds", pytest.approx(2 * each))
    assert one("a.failed_fraction + c.failed_fraction < 0.21%", SHARES).verdict == "inconclusive"
    apart = one("a.failed_fraction - c.failed_fraction < 0.11%", SHARES)
    assert (apart.verdict, apart.low, apart.high) == ("holds", pytest.approx(-each), pytest.approx(each))


def test_a_share_of_0_against_one_that_varies() -> None:
    """Seven in 500 on average, 1.4% -+ 0.33%, against at most 0.11%: it is clear which is smaller."""
    assert one("a.failed_fraction < b.failed_fraction", SHARES).verdict == "holds"
    assert one("b.failed_fraction < a.failed_fraction", SHARES).verdict == "fails"
    assert one("a.failed_fraction < b.failed_fraction - 1%", SHARES).verdict == "inconclusive"


def test_that_a_share_of_0_moves_counts_when_the_level_is_shared() -> None:
    texts = ["a.failed_fraction < 1%", "a.x < 100"]
    assert {v.level for v in judge([parse(t) for t in texts], SHARES.__getitem__)} == {0.975}


def test_intervals_of_figures_that_stand_alone_end_where_the_figure_does() -> None:
    """A mean of counts 0 and 30 in turn: its interval by spread goes below 0."""
    uneven = stats.mean([0, 30, 0, 30]).within(0.0)
    assert stats.interval(stats.mean([0, 30, 0, 30])).low < 0  # type: ignore[operator]
    found = one("a.requests.unfinished >= 0", {"a.requests.unfinished": uneven})
    assert (found.verdict, found.low) == ("holds", 0)
    seldom = one("b.y < 2%", {"b.y": stats.proportion([1] * 5, [100] * 5)})
    assert (seldom.verdict, seldom.high) == ("inconclusive", pytest.approx(0.0232, abs=5e-5))


# --- missing, infinite, several --------------------------------------------------------------------------------------

def test_a_figure_without_a_value_is_inconclusive_with_the_reason() -> None:
    found = one("a.x < 5", {"a.x": Estimate(None, (), "too few requests")})
    assert (found.verdict, found.value, found.low, found.bound, found.why) == (
        "inconclusive", None, None, 5.0, "a.x: too few requests")


def test_a_figure_without_an_interval_is_told_and_not_decided() -> None:
    found = one("a.x < b.x", {"a.x": stats.mean([4]), "b.x": exact(5)})
    assert (found.verdict, found.value, found.low, found.bound, found.why) == (
        "inconclusive", 4.0, None, 5.0, "a.x: one replication has no spread to judge by")


def test_an_infinite_figure_is_beyond_any_bound() -> None:
    endless = Estimate(math.inf, [math.inf] * 5)
    figures = {"a.p99": endless, "b.p99": exact(3), "c.p99": endless}
    below, above = one("a.p99 < 5", figures), one("a.p99 > b.p99", figures)
    assert (below.verdict, below.value, below.why) == ("fails", None, "infinite: too many requests did not complete")
    assert above.verdict == "holds"
    assert one("b.p99 < a.p99", figures).verdict == "holds"
    undefined = one("a.p99 - c.p99 < 1", figures)
    assert (undefined.verdict, undefined.why) == ("inconclusive", "no result, for figures are infinite")


def test_division_by_a_figure_that_is_zero_in_some_replications() -> None:
    found = one("1 / a.x < 5", {"a.x": Estimate(1.0, [0.0, 2.0])})
    assert (found.verdict, found.why) == ("inconclusive", "a division by 0")


def test_of_several_comparisons_the_one_that_decides_is_told() -> None:
    figures = {"a.x": NOISY, "b.x": exact(1), "c.x": Estimate(None, (), "too few")}
    unclear = one("b.x < 2 and 9.9 < a.x and c.x > 2", figures)
    assert (unclear.verdict, unclear.bound, [p.verdict for p in unclear.parts]) == (
        "inconclusive", 9.9, ["holds", "inconclusive", "inconclusive"])
    failing = one("c.x < 2 and b.x < 0.5 and a.x < 5", figures)
    assert (failing.verdict, failing.value, failing.bound) == ("fails", 1.0, 0.5)
    assert failing.text == "c.x < 2 and b.x < 0.5 and a.x < 5"
    assert one("b.x < 2", figures).parts == ()


def test_claim_and_note_go_with_the_verdict() -> None:
    (found,) = judge([parse("a.x < 2", "A01", "as written")], {"a.x": exact(1)}.__getitem__)
    assert (found.claim, found.note) == ("A01", "as written")


def test_the_level_is_shared_among_what_chance_moves_and_among_looks() -> None:
    figures = {"a.x": NOISY, "b.x": exact(1)}
    texts = ["a.x < 100 and a.x > 1", "b.x < 2", "2 * a.x < 10"]
    assert {v.level for v in judge([parse(t) for t in texts], figures.__getitem__)} == {1 - 0.05 / 3}
    (found,) = judge([parse("a.x < 100")], figures.__getitem__, looks=4)
    assert found.level == 1 - 0.05 / 4
    assert (found.low, found.high) == stats.interval(NOISY, 1 - 0.05 / 4)
    (sure,) = judge([parse("b.x < 2")], figures.__getitem__)
    assert sure.level == 0.95


def test_an_unknown_figure_is_the_callers_error() -> None:
    with pytest.raises(KeyError):
        one("a.x < 1", {})


@pytest.mark.parametrize(("found", "code"), [(["holds", "holds"], 0), (["holds", "inconclusive"], 4),
                                             (["inconclusive", "fails", "holds"], 3), ([], 0)])
def test_exit_codes(found: list[str], code: int) -> None:
    figures = {"a.x": NOISY}
    texts = {"holds": "a.x < 99", "fails": "a.x > 99", "inconclusive": "a.x < 10"}
    assert exit_code(judge([parse(texts[verdict]) for verdict in found], figures.__getitem__)) == code


# --- error rates -----------------------------------------------------------------------------------------------------

def assert_rate(count: int, n: int, rate: float) -> None:
    assert min(bdtr(count, n, rate), bdtrc(count - 1, n, rate) if count else 1.0) > 0.0005, f"{count} of {n}"


def test_at_the_bound_each_side_errs_at_half_the_level() -> None:
    """Normal sections whose mean is the bound: t is exact, so `holds` and `fails` come up in 2.5% each."""
    rng, n, verdicts = np.random.default_rng(31), 4_000, []
    for _ in range(n):
        verdicts.append(one("a.x < 10", {"a.x": stats.mean(rng.normal(10, 1, 6).tolist())}).verdict)
    assert_rate(verdicts.count("holds"), n, 0.025)
    assert_rate(verdicts.count("fails"), n, 0.025)


def test_paired_comparison_errs_as_often_however_much_both_move() -> None:
    rng, n, verdicts = np.random.default_rng(32), 2_000, []
    for _ in range(n):
        common = rng.normal(0, 2, 6)
        sections = {name: np.exp(common + rng.normal(0, 0.1, 6)) for name in ("a.x", "b.x")}
        figures = {name: Estimate(float(np.exp(np.log(s).mean())), s.tolist()) for name, s in sections.items()}
        verdicts.append(one("a.x < b.x", figures).verdict)
    assert_rate(verdicts.count("holds"), n, 0.025)
    assert_rate(verdicts.count("fails"), n, 0.025)


def test_several_expectations_together_err_at_most_at_the_level() -> None:
    """Eight independent comparisons, each at its bound: any decision is an error."""
    rng, n, wrong = np.random.default_rng(33), 1_500, 0
    expectations = [parse(f"a.x{i} < 10") for i in range(8)]
    for _ in range(n):
        figures = {f"a.x{i}": stats.mean(rng.normal(10, 1, 6).tolist()) for i in range(8)}
        wrong += any(v.verdict != "inconclusive" for v in judge(expectations, figures.__getitem__))
    assert_rate(wrong, n, 1 - (1 - 0.05 / 8) ** 8)


def test_stopping_at_the_first_clear_verdict_errs_at_most_at_the_level() -> None:
    rng, n, wrong = np.random.default_rng(34), 1_000, 0
    schedule = stats.looks(8, 64)
    for _ in range(n):
        values = rng.normal(10, 1, 64).tolist()
        for count in schedule:
            (found,) = judge([parse("a.x < 10")], {"a.x": stats.mean(values[:count])}.__getitem__, looks=len(schedule))
            if found.verdict != "inconclusive":
                wrong += 1
                break
    assert bdtrc(wrong - 1, n, 0.05) > 0.001
    assert wrong > 0.005 * n, "the correction must not make verdicts impossible"


def test_what_is_clearly_so_is_found() -> None:
    rng, n, found = np.random.default_rng(35), 500, 0
    for _ in range(n):
        found += one("a.x < 10", {"a.x": stats.mean(rng.normal(8, 1, 8).tolist())}).verdict == "holds"
    assert found > 0.95 * n


# --- a share within a sum --------------------------------------------------------------------------------------------

FEW = stats.proportion([3, 1, 0, 2], [1000, 1000, 1000, 1000])
"""Six of 4,000: by Clopper and Pearson 0.055% to 0.326%, by sectioning less."""


@pytest.mark.parametrize(("text", "factor", "offset"), [
    ("a.failed_fraction + 0 < 50%", 1, 0), ("1 - a.failed_fraction > 50%", -1, 1), ("-a.failed_fraction < 1", -1, 0),
    ("(a.failed_fraction - 20%) / 4 < 50%", 0.25, -0.05), ("2 * a.failed_fraction + a.failed_fraction < 50%", 3, 0),
    ("0.1 + 0.5 * (1 - a.failed_fraction) > 10%", -0.5, 0.6), ("a.failed_fraction * 3 - 1 < 1", 3, -1),
])  # fmt: skip
def test_a_share_within_a_sum_keeps_its_interval(text: str, factor: float, offset: float) -> None:
    alone = stats.interval(FEW)
    assert alone.low is not None and alone.high is not None
    found = one(text, {"a.failed_fraction": FEW})
    ends = sorted((factor * alone.low + offset, factor * alone.high + offset))
    assert [found.low, found.high] == pytest.approx(ends, rel=1e-12) and found.verdict == "holds"
    # Of the sections alone, the interval would be another.
    assert stats.interval(Estimate(FEW.value, FEW.sections)) != alone


def test_what_is_left_of_a_share_is_not_more_than_all() -> None:
    many = stats.proportion([400, 10, 5, 900], [1000] * 4)
    assert many.pooled is None
    found = one("1 - a.failed_fraction < 2", {"a.failed_fraction": many})
    assert (found.low, found.high) == (pytest.approx(1 - stats.interval(many).high), 1.0)


def test_other_expressions_are_judged_by_their_sections() -> None:
    used = {"a.failed_fraction": FEW, "b.failed_fraction": FEW}
    for text in ("a.failed_fraction * a.failed_fraction < 1", "1 / a.failed_fraction > 1",
                 "max(a.failed_fraction, 0) < 1", "a.failed_fraction - b.failed_fraction < 1",
                 "a.failed_fraction - a.failed_fraction < 1"):
        assert one(text, used).verdict in ("holds", "inconclusive"), text
    assert one("a.failed_fraction - a.failed_fraction < 1", used).high == 0
