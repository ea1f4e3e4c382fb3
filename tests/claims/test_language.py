"""What can be written, and what is said of what cannot."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.claims import ExpectationError, check, figures, kind, parse, problems
from sim.claims.dimensions import BYTES, COUNT, DOLLARS, FIGURES, FRACTION, NUMBER, SECONDS, Dimension
from sim.claims.language import Call, Figure, Node, Operation, Quantity
from sim.errors import Problem
from sim.scenario.load import loads

unhurried = settings(deadline=None)

KNOWN = figures(["always-on", "suspend", "e2b", "4-vms"])


def shown(node: Node) -> str:
    """A tree with all its parentheses."""
    if isinstance(node, Quantity):
        return f"{node.value}{'' if node.dimension == NUMBER else f'[{node.dimension}]'}"
    if isinstance(node, Figure):
        return node.path
    if isinstance(node, Operation):
        return f"({shown(node.left)} {node.operator} {shown(node.right)})"
    return f"{node.function}({', '.join(map(shown, node.arguments))})"


def tree(text: str) -> str:
    return "; ".join(f"{shown(c.left)} {c.symbol} {shown(c.right)}"
                     + (f" within {shown(c.tolerance)}" if c.tolerance else "") for c in parse(text).comparisons)


TREES = {
    "suspend.cost.total < 0.5 * always-on.cost.total": "suspend.cost.total < (1/2 * always-on.cost.total)",
    "a.b-c.d < 1": "a.b-c.d < 1",
    "a.b - c.d < 1": "(a.b - c.d) < 1",
    "a.b -c.d < 1": "(a.b - c.d) < 1",
    "4-vms.cost.total > $4.35": "4-vms.cost.total > 87/20[dollars]",
    "a.b + c.d * 2 - 3 / e.f >= 0": "((a.b + (c.d * 2)) - (3 / e.f)) >= 0",
    "(a.b + c.d) * 2 <= -1": "((a.b + c.d) * 2) <= -(1)",
    "a.b / 2 / 2 > 1": "((a.b / 2) / 2) > 1",
    "a.b - 1 - 1 > --1": "((a.b - 1) - 1) > -(-(1))",
    "min(a.b, c.d, 1) < max(e.f)": "min(a.b, c.d, 1) < max(e.f)",
    "abs(a.b-x - c.d) < 1": "abs((a.b-x - c.d)) < 1",
    "ratio(a.b, c.d) < 1.5x": "ratio(a.b, c.d) < 3/2",
    "1 < a.b <= 2 < 3": "1 < a.b; a.b <= 2; 2 < 3",
    "3 > a.b >= c.d": "3 > a.b; a.b >= c.d",
    "a.b < 1 and c.d > 2": "a.b < 1; c.d > 2",
    "a.b == c.d within 5%": "a.b == c.d within 1/20[a fraction]",
    "a.b == 2 s within 300 ms and c.d < 1": "a.b == 2[seconds] within 3/10[seconds]; c.d < 1",
    "a.b < 1 h 30 min": "a.b < 5400[seconds]",
    "a.b<300ms": "a.b < 3/10[seconds]",
    "a.b < 5 s - c.d": "a.b < (5[seconds] - c.d)",
    "a.b < 2 min": "a.b < 120[seconds]",
    "a.b < min(2 min, c.d)": "a.b < min(120[seconds], c.d)",
    "a.b < 1 GiB + 24 MiB": "a.b < (1073741824[bytes] + 25165824[bytes])",
    "a.b < .5 * $ 1": "a.b < (1/2 * 1[dollars])",
    "a.b < 1e-3": "a.b < 1/1000",
    "min.cost.total < and-more.x": "min.cost.total < and-more.x",
    "a.p99_9 == 0": "a.p99_9 == 0",
    "  a.b\n  < 1 ": "a.b < 1",
}


@pytest.mark.parametrize("text", TREES)
def test_trees(text: str) -> None:
    assert tree(text) == TREES[text]


def test_claim_note_and_texts_are_kept() -> None:
    found = parse("1 < a.b <= 2 and (c.d) == 2 within 5%", "A01", "so it is")
    assert (found.claim, found.note) == ("A01", "so it is")
    assert [c.text for c in found.comparisons] == ["1 < a.b", "a.b <= 2", "(c.d) == 2 within 5%"]


ERRORS = {
    # text: (what is underlined, message, fix)
    "suspend.cost.total": ("suspend.cost.total", "this is no comparison",
                           "compare it, such as `suspend.cost.total < ...`"),
    "suspend.cost.total <": ("", "the expectation ends where a figure or a number should follow", ""),
    "suspend.cost.total = $5": ("=", "`=` is no operator", "write `==`"),
    "suspend.cost.total != $5": ("!=", "`!=` is no operator", "write < or >, or == with `within`"),
    "suspend.cost.total <> $5": ("<>", "`<>` is no operator", "write < or >, or == with `within`"),
    "suspend.cost.total =< $5": ("=<", "`=<` is no operator", "write `<=`"),
    "suspend.cost.total ≤ $5": ("≤", "`≤` is no operator", "write `<=`"),
    "suspend.cost.total < 2 × $5": ("×", "`×` is no operator", "write `*`"),
    "suspend.cost.total < $2 ** 2": ("**", "`**` is no operator", "multiply instead"),
    "suspend.cost.total << $5": ("<", "`<` stands where a figure or a number should", ""),
    "suspend.cost.total < $5 && e2b.utilisation > 1%": ("&&", "`&&` is no operator", "write `and`"),
    "suspend.cost.total < $5 or e2b.utilisation > 1%": ("or", "comparisons are joined by `and` only",
                                                        "write several expectations"),
    "not suspend.cost.total < $5": ("not", "`not` is not a figure", "turn the comparison around"),
    "suspend.cost.total < $5 e2b.utilisation > 1%":
        ("e2b.utilisation", "`e2b.utilisation` stands where `and`, an operator or the end should", ""),
    "suspend.cost.total $5": ("$5", "`$5` stands where a comparison: <, <=, >, >= or == should", ""),
    "(suspend.cost.total < $5)": ("<", "a comparison cannot stand in parentheses", "join comparisons with `and`"),
    "2 * (suspend.cost.total": ("", "the expectation ends where `)` should follow", "it closes the `(` at character 5"),
    "suspend.cost.total) < 2": (")", "`)` stands where a comparison: <, <=, >, >= or == should", ""),
    "$1 < suspend.cost.total > $3": (">", "a chain of comparisons goes one way", "join them with `and`"),
    "$1 == suspend.cost.total < $3": ("<", "a chain of comparisons goes one way", "join them with `and`"),
    "suspend.cost.total < $3 within 5%": ("within", "`within` belongs to one `==`", "write `a == b within 5%`"),
    "suspend.cost.total == $3 within": ("", "the expectation ends where a quantity, such as `5%` or `2 s` should "
                                        "follow", ""),
    "suspend.cost.total == $3 within e2b.cost.total":
        ("e2b.cost.total", "`e2b.cost.total` stands where a quantity, such as `5%` or `2 s` should", ""),
    "mean(suspend.cost.total) < $3": ("mean", "unknown function `mean`", "write one of `min`, `max`, `abs`, `ratio`"),
    "maxi(suspend.cost.total, $2) < $3": ("maxi", "unknown function `maxi`", "did you mean `max`?"),
    "min < $3": ("<", "`<` stands where `(` after `min` should", ""),
    "max() < $3": (")", "`)` stands where a figure or a number should", ""),
    "abs(suspend.cost.total, $2) < $3": ("abs(suspend.cost.total, $2)", "`abs` takes 1 argument, not 2",
                                         "write `abs(a - b)`"),
    "ratio(suspend.cost.total) < 3": ("ratio(suspend.cost.total)", "`ratio` takes 2 arguments, not 1",
                                      "write `ratio(a, b)`"),
    "suspend < $3": ("suspend", "`suspend` is not a figure",
                     "write the deployment and the figure, such as `suspend.cost.total`"),
    "suspend.cost.total < 5 $": ("$", "`$` has no meaning here", "write money as `$0.50`"),
    "suspend.cost.total < €5": ("€", "`€` has no meaning here", "write money as `$0.50`"),
    "suspend.cost.total < $1,000": (",", "`,` stands where `and`, an operator or the end should",
                                    "write thousands without a comma"),
    "suspend.cost.total # $5": ("#", "`#` has no meaning here", "write figures, numbers, + - * / and comparisons"),
    "suspend.latency_s.p50 < 5 sec": ("5 sec", "`5 sec` is not a duration: `sec` is no unit", "write `5 s`"),
    "suspend.latency_s.p50 < 5 m": ("5 m", "`5 m` is not a duration: `m` is no unit",
                                    "write `5 min` (`m` may be minutes, months or thousandths)"),
    "suspend.memory_mb < 5 gb": ("5 gb", "`5 gb` is not a size: `gb` is no unit",
                                 "write `5 GB` (1000³ bytes) or `5 GiB` (1024³ bytes)"),
    "suspend.latency_s.p50 < 0.1 us": ("0.1 us", "`0.1 us` is not a whole number of microseconds",
                                       "the finest duration is `1 us`"),
    "suspend.utilisation < 1e99": ("1e99", "`1e99` is out of range", "write a number of an ordinary size"),
    "suspend.utilisation < 1e999999999": ("1e999999999", "`1e999999999` is out of range",
                                          "write a number of an ordinary size"),
    "suspend.utilisation < " + "(" * 40: ("(", "the parentheses are nested too deeply", "write several expectations"),
}


@pytest.mark.parametrize("text", ERRORS)
def test_errors(text: str) -> None:
    with pytest.raises(ExpectationError) as caught:
        parse(text)
    error = caught.value
    assert (text[error.start : error.end], error.message, error.fix) == ERRORS[text]


def test_an_endless_expectation_is_refused() -> None:
    with pytest.raises(ExpectationError, match="at most 500 characters, this one has 600"):
        parse("1+" * 300)


CHECKS = {
    "suspend.overhead_s.p98 < 1 s": ("overhead_s.p98", "there is no figure `overhead_s.p98`",
                                     "did you mean `overhead_s.p99`?"),
    "supend.overhead_s.p99 < 1 s": ("supend", "there is no deployment `supend`", "did you mean `suspend`?"),
    "4-vm.overhead_s.p99 < 1 s": ("4-vm", "there is no deployment `4-vm`", "did you mean `4-vms`?"),
    "cost.total < $5": ("cost.total", "`cost.total` does not say of which deployment",
                        "write such as `always-on.cost.total`"),
    "suspend.cost.total-e2b.cost.total < 0":
        ("cost.total-e2b.cost.total", "there is no figure `cost.total-e2b.cost.total`",
         "a minus stands between spaces: `a - b`"),
    "suspend.cost.total < 5": ("5", "dollars cannot be compared with a number", "write `$5`"),
    "suspend.overhead_s.p99 < 0.5": ("0.5", "seconds cannot be compared with a number", "write `0.5 s`"),
    "$5 < suspend.overhead_s.p99": ("$5 < suspend.overhead_s.p99", "dollars cannot be compared with seconds",
                                    "compare figures of one kind, or their ratio"),
    "suspend.requests.failed < 3%": ("suspend.requests.failed < 3%", "a count cannot be compared with a fraction",
                                     "compare figures of one kind, or their ratio"),
    "suspend.cost.total - 1 < $3": ("1", "dollars cannot be reduced by a number", "write `$1`"),
    "min(suspend.cost.total, 1 s) < $3": ("suspend.cost.total, 1 s", "dollars cannot be put beside seconds",
                                          "compare figures of one kind, or their ratio"),
    "ratio(suspend.cost.total, e2b.overhead_s.p50) < 2":
        ("suspend.cost.total, e2b.overhead_s.p50", "dollars cannot be divided by seconds",
         "compare figures of one kind, or their ratio"),
    "suspend.cost.total / e2b.overhead_s.p50 < 2":
        ("suspend.cost.total / e2b.overhead_s.p50 < 2", "dollars per seconds cannot be compared with a number",
         "compare figures of one kind, or their ratio"),
    "suspend.cost.total == $3 within 2 s": ("$3 within 2 s", "seconds cannot be a tolerance for dollars",
                                            "compare figures of one kind, or their ratio"),
    "ratio(suspend.cost.total, e2b.cost.total) < 2 s":
        ("ratio(suspend.cost.total, e2b.cost.total) < 2 s", "a number cannot be compared with seconds",
         "compare figures of one kind, or their ratio"),
    "$1 < $2": ("$1 < $2", "this compares no figure", "name one, such as `always-on.cost.total`"),
}


@pytest.mark.parametrize("text", CHECKS)
def test_checks(text: str) -> None:
    (error,) = check(parse(text), KNOWN)
    assert (text[error.start : error.end], error.message, error.fix) == CHECKS[text]


def test_all_unknown_figures_are_told_at_once() -> None:
    text = "suspend.costs > $1 and supend.x < max(e2b.y, 2 s) * always-on.latency_s.p50"
    assert [text[e.start : e.end] for e in check(parse(text), KNOWN)] == ["costs", "supend", "y"]


@pytest.mark.parametrize("text", [
    "suspend.cost.total < 0", "0 <= suspend.overhead_s.p50", "suspend.overhead_s.p99 < 2 * 300 ms",
    "suspend.requests.failed < 3% * suspend.requests.arrived", "suspend.failed_fraction < 0.03",
    "suspend.requests.failed / suspend.requests.arrived < 3%", "suspend.instances.max <= 4",
    "suspend.cost.total / suspend.requests.completed < $0.01", "1 - suspend.failed_fraction > 99%",
    "suspend.cost.total == e2b.cost.total within 5%", "suspend.cost.total == e2b.cost.total within $1",
    "suspend.utilisation == e2b.utilisation within 0.01", "4-vms.cost.total - e2b.cost.llm < $2 + suspend.cost.llm",
    "suspend.cost.total / $0.05 > 100", "abs(-suspend.overhead_s.p50) < max(e2b.overhead_s.p99, 5 s)",
    "ratio(suspend.cost.total, e2b.cost.total) < 50%",
])
def test_what_fits_together(text: str) -> None:
    assert check(parse(text), KNOWN) == []


WORDS = ["suspend.cost.total", "e2b.x", "$1", "0", "2", "3 s", "1%", "<", "<=", "==", "+", "-", "*", "/", "(", ")", ",",
         "and", "within", "min", "ratio", "q", "4-vms.cost.llm"]


@unhurried
@given(st.lists(st.sampled_from(WORDS), max_size=14))
def test_any_text_is_read_or_told_of_within_itself(words: list[str]) -> None:
    text = " ".join(words)
    try:
        found = check(parse(text), KNOWN)
    except ExpectationError as error:
        found = [error]
    for error in found:
        assert 0 <= error.start <= error.end <= len(text)
        assert error.message


@unhurried
@given(st.text(max_size=40))
def test_any_characters_are_read_or_told_of(text: str) -> None:
    try:
        parse(text)
    except ExpectationError as error:
        assert 1 <= error.column <= len(text) + 1


def test_an_error_is_shown_in_its_file() -> None:
    source = "  - that: 'supend.cost.total < $5'"
    (error,) = check(parse("supend.cost.total < $5"), KNOWN)
    told = error.problem(Problem("x.yaml", 7, 11, "", "", source))
    assert (told.line, told.column, told.width, told.message) == (7, 12, 6, "there is no deployment `supend`")


def test_an_error_in_a_text_over_several_lines_is_shown_at_its_beginning() -> None:
    (error,) = check(parse("suspend.cost.total < 5"), KNOWN)
    told = error.problem(Problem("x.yaml", 7, 11, "", "", "  - that: >-"))
    assert (told.column, told.message) == (
        11, "dollars cannot be compared with a number, at `5` in `suspend.cost.total < 5`")
    (error,) = check(parse("suspend.cost.total - 1 < $5"), KNOWN)
    assert error.problem(Problem("x", 0, 0, "")).message == (
        "dollars cannot be reduced by a number, at `1` in `suspend.cost.total - 1 < $5`")
    (error,) = check(parse("suspend.cost.totals < $5"), KNOWN)
    assert error.problem(Problem("x", 0, 0, "")).message == (
        "there is no figure `cost.totals`, in `suspend.cost.totals < $5`")


SCENARIO = """\
name: two
as_of: 2026-11-01
month: 2026-11
horizon: 1 week
workload:
  agents: 1
  arrivals: {poisson: {rate: 1/h}}
  request: [{wait: 1 s}]
deployments:
  suspend: {platform: fly/machines, size: shared-cpu-1x-1gb}
expect:
  - suspend.cost.totl < $5
  - that: >-
      suspend.cost.total <
      5
  - {that: "suspend.cost.total < 5 sec", claim: A01}
  - suspend.cost.total < suspended.cost.total
  - suspend.cost.total > 0
"""


def test_all_that_is_wrong_with_the_expectations_of_a_file_is_told_with_its_place(tmp_path: Path) -> None:
    document = loads(SCENARIO, tmp_path, "two.yaml").document
    assert document is not None
    found = problems(document)
    assert [(p.place, p.width, p.message) for p in found] == [
        ("two.yaml:12:13", 9, "there is no figure `cost.totl`"),
        ("two.yaml:13:11", 2, "dollars cannot be compared with a number, at `5` in `suspend.cost.total < 5`"),
        ("two.yaml:16:34", 5, "`5 sec` is not a duration: `sec` is no unit"),
        ("two.yaml:17:26", 9, "there is no deployment `suspended`"),
    ]


@pytest.mark.parametrize(("path", "dimension", "scale"), [
    ("x.cost.total", DOLLARS, 1), ("x.latency_s.p99", SECONDS, 1), ("x.memory_mb.max", BYTES, 10**6),
    ("x.memory_mib", BYTES, 2**20), ("x.cold_start_fraction", FRACTION, 1), ("x.utilisation", FRACTION, 1),
    ("x.requests.failed", COUNT, 1), ("x.completed.latency_s.p99", SECONDS, 1),
    ("x_s.anything", NUMBER, 1), ("x", NUMBER, 1)])
def test_kinds_follow_from_names(path: str, dimension: Dimension, scale: int) -> None:
    assert (kind(path).dimension, kind(path).scale) == (dimension, scale)


def test_figures_without_a_dimension_are_few() -> None:
    assert [name for name in FIGURES if kind(f"x.{name}").dimension == NUMBER] == [
        "attempts", "interruptions.per_request", "interruptions.per_hour", "concurrency", "gpu_token_rate"]
    assert {str(kind(f"x.{name}").dimension) for name in FIGURES} == {
        "seconds", "dollars", "bytes", "a fraction", "a count", "a number"}


def test_dimensions_are_told() -> None:
    assert str(Dimension(seconds=-1)) == "one per seconds"
    assert str(Dimension(seconds=-2, dollars=1, bytes=-1)) == "dollars per seconds^2 bytes"


def test_a_quantity_is_exact() -> None:
    side = parse("a.b < 0.1 * $0.0000166667").comparisons[0].right
    assert isinstance(side, Operation) and isinstance(side.right, Quantity) and isinstance(side.left, Quantity)
    assert side.left.value * side.right.value == Fraction(166667, 10**11)
    assert isinstance(parse("abs(a.b) < 1").comparisons[0].left, Call)
