"""What is written is read back as it was."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim import documents
from sim.documents.writing import folded, inline, scalar

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from([
    "5 min", "22:00-08:00, sat", "yes", "null", "~", "1e3", "0x1F", "2026-11-01", "a: b", "a #b", "a#b", "-", "- a",
    "lognormal(mean=1 s, p95=2 s)", "$0.50", "< 3", "---", "... x", "'", '"', "\\", "é😀", "\u2028", "a\nb", " a", "a ",
    "key:", "[a", "*a", "&a", "!a", "%a", "@a", "`a", "?", ": a", "=", "<<", "\ufeff", "\x85", "+1", ".5", "~a",
])
SCALARS = TEXTS | st.integers() | st.floats(allow_nan=False) | st.booleans() | st.none()
DATA = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3))


def read(text):
    return documents.parse(f"key: {text}\n".encode(), "f").data["key"]


@given(SCALARS)
def test_scalars(value):
    got = read(scalar(value))
    assert got == value and type(got) is type(value)


@given(DATA)
def test_anything_on_one_line(data):
    text = inline(data)
    assert "\n" not in text and read(text) == data


def test_nan_and_infinity():
    assert math.isnan(read(scalar(math.nan))) and read(scalar(-math.inf)) == -math.inf


@pytest.mark.parametrize("text", ["5 min", "lognormal(mean=1 s, p95=2 s)", "a.b < 0.5 * c.d", "$0.50 < a", "2026-11-01",
                                  "22:00-08:00, sat, sun", "fly/machines", "(a + b) / c < 3 s"])
def test_quotes_are_left_out_where_they_can_be(text):
    assert scalar(text) == text


@given(TEXTS.filter(str.strip))
def test_folded(text):
    lines = folded(text, 2, 20)
    assert lines is None or read(">-\n" + "\n".join(lines)) == text
    assert folded(" ".join(text.split()), 2, 20) is not None or not text.isprintable()
