"""Reading YAML with positions: values by YAML 1.2, places of keys and values, and what is refused."""

import math

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim import documents
from sim.documents import reading
from sim.errors import InputError


def read(text):
    return documents.parse(text.encode(), "f.yaml")


def problems(text):
    with pytest.raises(InputError) as caught:
        documents.parse(text if isinstance(text, bytes) else text.encode(), "f.yaml")
    return [(p.line, p.column, p.message) for p in caught.value.problems]


def spot(mark):
    return mark.line, mark.column, mark.width


@pytest.fixture(params=["libyaml", "python"], autouse=True)
def loader(request, monkeypatch):
    """Both parsers must say the same."""
    if request.param == "python":
        monkeypatch.setattr(reading, "Loader", yaml.SafeLoader)


@pytest.mark.parametrize(("text", "value"), [
    # YAML 1.2.2, chapter 10.3.2, and what YAML 1.1 made of the rest.
    ("5:30", "5:30"), ("22:00-08:00", "22:00-08:00"), ("on", "on"), ("yes", "yes"), ("No", "No"), ("010", 10),
    ("0o10", 8), ("0x1F", 31), ("1_000", "1_000"), ("0b11", "0b11"), ("-7", -7), ("+7", 7), ("1.", 1.0), (".5", 0.5),
    ("1e3", 1000.0), ("-1.5E-2", -0.015), (".inf", math.inf), ("-.INF", -math.inf), ("true", True), ("FALSE", False),
    ("null", None), ("~", None), ("", None), ("2026-11-01", "2026-11-01"), ("2026-11", "2026-11"), ("500m", "500m"),
    ("'5'", "5"), ('"true"', "true"), ("=", "="), ("0.2/h", "0.2/h"), ("nan", "nan"), ("inf", "inf"), ("1e", "1e"),
    ("9" * 60, "9" * 60),
])
def test_scalars_are_those_of_the_core_schema(text, value):
    got = read(f"key: {text}\n").data["key"]
    assert got == value and type(got) is type(value)


def test_nan():
    assert math.isnan(read("key: .NaN\n").data["key"])


def test_keys_are_text():
    assert read("1: a\nyes: b\nnull: c\n2.50: d\n").data == {"1": "a", "yes": "b", "null": "c", "2.50": "d"}


def test_places_of_keys_and_values():
    doc = read("a:\n  b: [1, {c: x}]\n  'd': |\n    text\n    more\n")
    assert doc.data == {"a": {"b": [1, {"c": "x"}], "d": "text\nmore\n"}}
    assert spot(doc.keys["a", "b"]) == (2, 3, 1)
    assert spot(doc.values["a", "b", 1, "c"]) == (2, 14, 1)
    assert spot(doc.keys["a", "d"]) == (3, 3, 3)
    assert doc.values["a", "d"].line == 3
    assert doc.flow == {("a", "b", 1)}
    assert doc.value(("a", "b", 1, "c")) == "x" and doc.value(("a", "z")) is None
    told = doc.problem(("a", "b", 1, "missing"), "m", "f")
    assert (told.line, told.column, told.source) == (2, 10, "  b: [1, {c: x}]")
    assert doc.problem(("a",), "m").line == 1  # a block of lines is told at its key


def test_aliases_repeat_what_they_name():
    doc = read("a: &x {k: 1}\nb: *x\nc: [*x, *x]\n")
    assert doc.data == {"a": {"k": 1}, "b": {"k": 1}, "c": [{"k": 1}, {"k": 1}]}
    assert spot(doc.values["c", 1, "k"]) == spot(doc.values["a", "k"]) == (1, 11, 1)


def test_columns_are_characters_and_other_line_breaks_count():
    assert problems('a: "é😀", b\n')[0][:2] == (1, 8)
    assert problems("a: 1\r\nb: 2\r\nb: 3\r\n") == [(3, 1, "`b` is given twice, first in line 2")]
    assert read("\ufeffa: 1\n").keys["a",].column == 1


@pytest.mark.parametrize(("text", "problem"), [
    ("", (1, 1, "the file is empty")),
    ("# only a comment\n", (1, 1, "the file is empty")),
    ("- a\n", (1, 1, "the file is not a mapping")),
    ("text\n", (1, 1, "the file is not a mapping")),
    ("a: 1\nb: 2\na: 3\n", (3, 1, "`a` is given twice, first in line 1")),
    ("a: 1\n--- \nb: 2\n", (2, 1, "a second document begins here")),
    ("a: !!str 5\n", (1, 4, "tags such as `!!str` are not read")),
    ("a: !mine 5\n", (1, 4, "tags such as `!mine` are not read")),
    ("<<: {a: 1}\n", (1, 1, "merge keys `<<` are not part of YAML 1.2")),
    ("? [a, b]\n: 1\n", (1, 3, "a key must be a plain word")),
    ("a: *b\n", (1, 4, "nothing before this is named `&b`")),
    ("a: &b [1, *b]\n", (1, 11, "`*b` stands inside of what it repeats")),
    ("a:\n\tb: 1\n", (2, 1, "a tab indents this line")),
    ("a:\n  b: 1\n\tc: 2\n", (3, 1, "a tab indents this line")),
    ("a: b: c\n", (1, 5, "a second `: ` on one line")),
    ("a: 1\n  b: 2\n", (2, 4, "a value is given here, but the line above has a value already")),
    ("a:1\nb: 2\n", (1, 2, "a space is missing after `a:`")),
    ("a: [1, 2\nb: 3\n", (2, 2, "a comma or the closing `]` is missing before this")),
    ("a: {x: 1\nb: 3\n", (2, 2, "a comma or the closing `}` is missing before this")),
    ("a: 'x\nb: 3\n", (1, 4, "this quote is never closed")),
    ("a:\n    b: 2\n  c: 3\n", (3, 3, "the indentation of this line fits no line above")),
    ("a: 1\nfoo\nb: 2\n", (2, 1, "this line has no `: `")),
    ("a: 1\n- b\n", (2, 1, "an item of a list stands among keys")),
    ("a: @x\n", (1, 4, "a text cannot begin with `@`")),
    ("a: `x`\n", (1, 4, "a text cannot begin with a backtick")),
    ("a: *x*\n", (1, 4, "a text cannot begin with `*`")),
    ("a: & b\n", (1, 4, "a text cannot begin with `&`")),
    ("a: | b\n", (1, 4, "a text cannot begin with `|`")),
    ("a: !<b\n", (1, 4, "a text cannot begin with `!`")),
    ("a:\n  - b\n  c\n", (3, 3, "this line has no `: `")),
    ("a:\n  - b: 1\n  c: 2\n", (3, 3, "this does not go on the list above")),
    ("a: - b\n", (1, 4, "this does not go on the list above")),
    ('a: "x" y\n', (1, 8, "nothing may follow the closing quote or bracket")),
    ("a: }\n", (1, 4, "`}` stands where a value should")),
    ("a: 1\n...\nb: 2\n", (3, 1, "there is more after the end of the document")),
    (b"a: caf\xe9\n", (1, 7, "this is not UTF-8 text")),
    ("a: b\x00\n", (1, 5, "the character U+0000 does not belong in a text file")),
    ("a: " + "[" * 50, (1, 44, "nested more than 40 levels deep")),
    ("a: " + "[" * 100_000, (1, 44, "nested more than 40 levels deep")),
])
def test_what_is_refused(text, problem):
    assert problem in problems(text)


def test_all_that_is_refused_is_told_at_once():
    found = problems("a: 1\na: 2\nb: !!int 3\nc: *d\n<<: {e: 1}\n")
    assert [line for line, _, _ in found] == [2, 3, 4, 5]


def test_alias_bombs_are_refused_quickly():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    line, _, message = problems("\n".join(lines))[0]
    assert (line, message) == (5, "there are more than 50,000 values in here, those that aliases repeat included")


def test_size_is_bounded():
    assert "2,000,000" in problems(b"#" * 2_000_001)[0][2]


def test_a_missing_file_names_its_neighbours(tmp_path):
    (tmp_path / "bots.yaml").write_text("a: 1\n")
    with pytest.raises(InputError) as caught:
        documents.read(tmp_path / "bot.yaml", "bot.yaml")
    assert str(caught.value).splitlines() == ["bot.yaml: error: there is no such file",
                                              "     = fix: did you mean `bots.yaml`, in that folder"]
    with pytest.raises(InputError, match="this is a folder"):
        documents.read(tmp_path)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True),
                       st.integers() | st.booleans() | st.none() | st.lists(st.integers(), max_size=3), min_size=1,
                       max_size=6))
def test_what_yaml_writes_is_read_back_with_its_places(data):
    doc = read(yaml.safe_dump(data))
    assert doc.data == data
    for key in data:
        mark = doc.keys[key,]
        assert doc.source.lines[mark.line - 1][mark.column - 1 :].lstrip("'\"").startswith(key)


def test_a_key_that_is_given_twice_may_be_told_later():
    """So that it hides nothing of what else is wrong; the first counts."""
    document = documents.parse(b"a: 1\nb: {c: 2, c: 3}\na: 4\n", "f.yaml", strict=False)
    assert document.data == {"a": 1, "b": {"c": 2}}
    assert [(one.line, one.column, one.message) for one in document.doubled] == [
        (2, 11, "`c` is given twice, first in line 2"), (3, 1, "`a` is given twice, first in line 1")]
    assert documents.parse(b"a: 1\n", "f.yaml", strict=False).doubled == ()
    with pytest.raises(InputError, match="given twice"):
        documents.parse(b"a: 1\na: 4\n", "f.yaml")


def test_a_folder_names_what_is_in_it(tmp_path):
    with pytest.raises(InputError, match=r"this is a folder\n     = fix: name a YAML file"):
        documents.read(tmp_path, "here")
    for name in ("a.yaml", "b.yml", "c.csv"):
        (tmp_path / name).write_text("x: 1\n")
    with pytest.raises(InputError, match=r"fix: write one of `a\.yaml`, `b\.yml`, in that folder"):
        documents.read(tmp_path, "here")
