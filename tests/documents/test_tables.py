"""Tables: fields as the csv module of the standard library reads them, places of fields, and what is refused."""

import csv
import gzip
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sim.documents import read_table, tables, why_no_number
from sim.errors import AdvisedError

FIELD = st.text(st.sampled_from("ab1,\"\n\r é;"), max_size=4)


def read(folder, text, name="x.csv"):
    raw = text if isinstance(text, bytes) else text.encode()
    (folder / name).write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    return read_table(folder / name, name)


def told(found, faults):
    return [(one.line, one.column, one.width, one.message) for one in found.problems(faults)]


@given(rows=st.lists(st.lists(FIELD, min_size=3, max_size=3), max_size=5), end=st.sampled_from(["\n", "\r\n"]))
@example(rows=[["", "", ""], ["1", "2", "3"]], end="\n")
def test_fields_are_those_of_the_standard_library(rows, end):
    text = io.StringIO()
    csv.writer(text, lineterminator=end).writerows([["a", "b", "c"], *rows])
    found = tables._at_one_stroke(text.getvalue(), "x") or tables._by_rows(text.getvalue(), "x")
    assert found.header == ("a", "b", "c")
    expected = list(csv.reader(io.StringIO(text.getvalue(), newline="")))[1:]
    rows = [row for row in expected if len(row) == 3]
    assert [list(row) for row in zip(*found.columns.values(), strict=True)] == rows
    assert len(found.ragged) == sum(len(row) not in (0, 3) for row in expected)
    lines = tables._BREAK.split(text.getvalue())
    for row, fields in enumerate(rows):
        for column, field in zip("abc", fields, strict=True):
            (problem,) = found.problems([found.fault(row, column, "m", "f")])
            marked = lines[problem.line - 1][problem.column - 1 :][: problem.width]
            first = tables._BREAK.split(field.replace('"', '""'))[0]
            assert not field or marked.lstrip('"').startswith(first[:1]) or marked.startswith('"')


@pytest.mark.parametrize("text", ["a,b\n1,2\n3,4", "a,b\n1,2\n3,4\n", "a,b\r\n1,2\r\n3,4\r\n"])
def test_a_plain_file_is_read_at_one_stroke(text):
    found = tables._at_one_stroke(text, "x")
    assert found is not None and found.columns == {"a": ["1", "3"], "b": ["2", "4"]}
    assert list(found.first) == [2, 3]


@pytest.mark.parametrize("text", ['a,b\n"1",2\n', "a,b\n1\n", "a,b\n1,2,3\n", "a,b\n\n1,2\n", "a\n\n", "", "\n",
                                  "a\rb\n"])
def test_others_are_read_row_by_row(text):
    assert tables._at_one_stroke(text, "x") is None


@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz"])
def test_places(tmp_path, name):
    found = read(tmp_path, '\ufeffa,b\r\n\r\n"x, ""y""",5\r\n"two\r\nlines",\r\n', name)
    assert found.columns == {"a": ('x, "y"', "two\r\nlines"), "b": ("5", "")}
    faults = [found.fault(row, column, f"{column}{row}", "") for row in (0, 1) for column in "ab"]
    assert told(found, faults) == [(3, 1, 10, "a0"), (3, 12, 1, "b0"), (4, 1, 4, "a1"), (5, 8, 1, "b1")]


def test_rows_of_another_length_are_told_and_left_out(tmp_path):
    found = read(tmp_path, "a,b,c\n1,2\n1,2,3\n1,2,3,4,5\n")
    assert found.columns == {"a": ("1",), "b": ("2",), "c": ("3",)}
    assert told(found, found.ragged) == [(2, 4, 1, "this row has 2 fields, and the header has 3"),
                                         (4, 7, 1, "this row has 5 fields, and the header has 3")]


def test_the_first_faults_are_told_and_the_number_of_the_others(tmp_path):
    found = read(tmp_path, "a,b\n" + "x,y\n" * 15)
    faults = [found.fault(row, column, "m", "f") for column in "ba" for row in range(15)]
    problems = found.problems(faults)
    places = [(row + 2, column) for row in range(15) for column in (1, 3)]
    assert [(one.line, one.column) for one in problems] == places[:21]
    assert {one.message for one in problems[:20]} == {"m"}
    assert problems[20].message == "10 more fields of this file are wrong, from here on"
    assert len(found.problems(faults[:20])) == 20


def test_a_changed_file_is_read_again(tmp_path):
    assert read(tmp_path, "a\n1\n").columns == {"a": ["1"]}
    assert read(tmp_path, "a\n12\n").columns == {"a": ["12"]}
    assert read_table(tmp_path / "x.csv", "x.csv") is read_table(tmp_path / "x.csv", "x.csv")


def test_parquet_is_told_by_row_and_column(tmp_path):
    import pandas as pd

    pd.DataFrame({"a": [1.5, None], "b": ["x", "y"]}).to_parquet(tmp_path / "x.parquet")
    found = read_table(tmp_path / "x.parquet", "x.parquet")
    assert found.columns["b"] == ["x", "y"] and found.columns["a"][0] == "1.5"
    assert told(found, [found.fault(1, "b", "m", "f")]) == [(2, 2, 1, "m")]


@pytest.mark.parametrize(("text", "message"), [
    ("", "`x.csv` is empty"), ("\n", "`x.csv` is empty"), ("a,b\n", "`x.csv` has a header and no rows"),
    ("a,b,a\n1,2,3\n", "`x.csv` has two columns `a`"), (b"a\n\xff\n", "`x.csv` cannot be read: 'utf-8' codec"),
])
def test_refused(tmp_path, text, message):
    with pytest.raises(AdvisedError, match=message) as error:
        read(tmp_path, text)
    assert error.value.fix


def test_what_is_no_file(tmp_path):
    with pytest.raises(AdvisedError, match="cannot be read: no such file"):
        read_table(tmp_path / "x.csv", "x.csv")
    with pytest.raises(AdvisedError, match="cannot be read: Is a directory"):
        read_table(tmp_path, "x.csv")
    (tmp_path / "x.csv.gz").write_text("a\n1\n")
    with pytest.raises(AdvisedError, match="cannot be read: Not a gzipped file"):
        read_table(tmp_path / "x.csv.gz", "x.csv.gz")


@pytest.mark.parametrize(("text", "message"), [
    ("", "there is no `c`"), (" ", "there is no `c`"), ("5 s", "`c` is `5 s`, which is not a number"),
    ("nan", "`c` is `nan`, which is not a finite number"), ("-inf", "`c` is `-inf`, which is not a finite number"),
    ("-1", "`c` is `-1`, which is negative"), ("11", "`c` is `11`, which is too large"),
    ("1.5", "`c` is `1.5`, which is not a whole number"),
])
def test_why_a_text_is_no_number(text, message):
    assert why_no_number("c", text, 10)[0] == message
