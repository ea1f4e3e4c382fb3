"""Errors as they are told."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.errors import AdvisedError, InputError, Problem, SimError, UnknownName, choose, nearest, quoted


def test_a_problem_is_told_as_a_compiler_does():
    problem = Problem("bots.yaml", 3, 5, "unknown key `platfrom`", "did you mean `platform`?", "    platfrom: fly", 8)
    assert problem.render() == (
        "bots.yaml:3:5: error: unknown key `platfrom`\n"
        "    3 |     platfrom: fly\n"
        "      |     ^^^^^^^^\n"
        "      = fix: did you mean `platform`?")


def test_a_problem_without_a_place():
    assert Problem("bots.yaml", 0, 0, "there is no such file", "check the path").render() == (
        "bots.yaml: error: there is no such file\n     = fix: check the path")
    assert Problem("bots.yaml", 0, 0, "is wrong").render() == "bots.yaml: error: is wrong"


def test_all_problems_are_told_once_and_in_order():
    late, early, other = Problem("a", 9, 1, "late"), Problem("a", 2, 7, "early"), Problem("B", 1, 1, "other")
    error = InputError([late, early, late, other])
    assert error.problems == (other, early, late)
    assert str(error) == "B:1:1: error: other\n\na:2:7: error: early\n\na:9:1: error: late"
    with pytest.raises(ValueError):
        InputError([])


def test_exit_codes():
    assert (SimError.exit_code, InputError.exit_code, UnknownName.exit_code, AdvisedError.exit_code) == (1, 2, 2, 2)
    assert issubclass(AdvisedError, ValueError) and issubclass(UnknownName, LookupError)


def test_names_that_were_probably_meant():
    platforms = ["fly/machines", "hetzner/cx23", "cloud-run/request-based"]
    assert nearest("hetzner/cx32", platforms) == "hetzner/cx23"
    assert nearest("Cloud_Run/Request Based", platforms) == "cloud-run/request-based"
    assert nearest("azure", platforms) is None
    assert choose("azure", platforms) == "write one of `fly/machines`, `hetzner/cx23`, `cloud-run/request-based`"
    assert choose("azure", platforms, most=1) == "write one of `fly/machines` and 2 more"
    assert choose("x", ["only"]) == "write `only`" and choose("x", []) == "none is known here"
    error = UnknownName("fly/machine", platforms, "platform")
    assert str(error) == "unknown platform `fly/machine`; did you mean `fly/machines`?"


@pytest.mark.parametrize("error", [
    InputError([Problem("a", 1, 2, "m", "f", "source", 3)]), UnknownName("a", ["b"], "platform"),
    AdvisedError("is wrong", "write it right"),
])
def test_errors_cross_processes(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error) and str(again) == str(error)


def test_what_a_person_wrote_is_shown_printable_and_short():
    assert quoted("a\x1b[31mb\n") == "`a�[31mb�`"
    assert len(quoted("x" * 500)) == 62


texts = st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=300)


@given(texts.filter(lambda text: "\n" not in text), st.integers(1, 400), st.integers(1, 400))
def test_any_line_is_shown_with_a_caret_below_it(source, column, width):
    lines = Problem("f", 1, column, "m", "", source, width).render().split("\n")
    assert len(lines) == 3 and all(ch.isprintable() for ch in lines[1])
    assert len(lines[1]) <= 140 and set(lines[2][8:]) <= {" ", "^"} and "^" in lines[2]


def test_the_caret_stands_below_wide_and_combining_characters():
    lines = Problem("f", 1, 4, "m", "", "多é́: x", 1).render().split("\n")
    assert lines[2] == "      |    ^"  # 多 takes two columns, é one, its second accent none


def test_long_lines_are_cut_around_the_caret():
    lines = Problem("f", 1, 301, "m", "", "a" * 300 + "b" + "c" * 300, 1).render().split("\n")
    assert lines[1][8] == "…" and lines[1][-1] == "…"
    assert lines[1][lines[2].index("^")] == "b"
