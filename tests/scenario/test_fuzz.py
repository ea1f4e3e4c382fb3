"""Whatever is done to a good file, it is loaded, or told what is wrong: never a traceback."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.documents import Document, parse
from sim.errors import InputError
from sim.scenario import bind, loads

RIGHT = Path(__file__).parent / "right"
TEXTS = [(RIGHT / name).read_text() for name in ("support-bot.yaml", "coding-agent.yaml")]
SCALARS = [
    "", "~", "0", "-1", "1e400", ".nan", "-.inf", "true", "5 min", "-3 s", "9e99 s", "4/h", "2 GiB", "*a", "&a x",
    "!!int 3", "[]", "{}", "[1, 2]", "{a: b}", "[[[]]]", "lognormal(mean=1 s, p95=2 s)", '"lognormal(mean=1,"',
    "support-bot", "serverless", "machines", "fly/machines", "hetzner/cx23", "shared-cpu-2x-2gb", "otherwise",
    "'10:00-12:00, sat'", "per-session", "unlimited", "data/sessions.csv", "../x", '"\\0"', "/", "x" * 5000, "1" * 400,
    "{samples: data/starts.csv, column: tti_ms, unit: ms}", "| \n  text", "2026-11", "é😀",
]
KEYS = ["name", "platform", "extends", "instances", "min_instances", "size", "memory", "tool", "llm", "loop", "steps",
        "rate", "weekly", "sessions", "shape", "file", "poisson", "request", "placement", "queue", "<<", "1", ""]


def lines_of(doc: Document):
    return sorted({mark.line for mark in doc.values.values() if mark.line > 1})


def check(text):
    try:
        bind(loads(text, RIGHT), RIGHT)
    except InputError as error:
        assert error.problems and str(error)
        assert all(problem.message for problem in error.problems)


@st.composite
def mutated(draw):
    """A good file with some scalars replaced, keys renamed, lines deleted, repeated or moved."""
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 3))):
        try:
            doc = parse(text.encode(), "f")
        except InputError:
            break
        lines = text.split("\n")
        kind = draw(st.sampled_from(["value", "value", "key", "delete", "repeat", "indent"]))
        marks = doc.keys if kind == "key" else doc.values
        place = draw(st.sampled_from(sorted(marks, key=str)))
        mark = marks[place]
        row, line = mark.line - 1, lines[mark.line - 1]
        if kind in ("value", "key"):
            new = draw(st.sampled_from(KEYS if kind == "key" else SCALARS) | st.text(max_size=8))
            lines[row] = line[: mark.column - 1] + new + line[mark.column - 1 + mark.width:]
        elif kind == "delete":
            del lines[row]
        elif kind == "repeat":
            lines.insert(draw(st.integers(0, len(lines))), line)
        else:
            lines[row] = " " * draw(st.integers(0, 6)) + line.lstrip()
        text = "\n".join(lines)
    return text


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_mutated_files_are_loaded_or_told(text):
    check(text)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(TEXTS), st.integers(0, 3000), st.integers(0, 60), st.text(max_size=6))
def test_files_with_holes_are_loaded_or_told(text, at, length, new):
    check(text[:at] + new.encode("utf-8", "ignore").decode() + text[at + length:])


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_told(raw):
    try:
        parse(raw, "f")
    except InputError as error:
        assert str(error)
