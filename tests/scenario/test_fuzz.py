"""Whatever is done to a good file, it is loaded, or told what is wrong: never a traceback."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.documents import Document, parse
from sim.errors import InputError
from sim.scenario import bind, cases, loads, show

RIGHT = Path(__file__).parent / "right"
AXES = """axes:
  deployments.suspend.idle_timeout: [1 min, 5 min]
  load: {path: workload.arrivals.weekly.peak.rate, values: [6/h, 12/h]}
"""
EXTENDING = """extends: support-bot.yaml
name: more
workload: {agents: 5, arrivals: {poisson: {rate: 4/h}}}
deployments:
  suspend: {idle_timeout: 1 min}
axes: {workload.agents: [1, 2], deployments.suspend.size: [shared-cpu-1x-1gb]}
"""
TEXTS = [(RIGHT / name).read_text() for name in ("support-bot.yaml", "coding-agent.yaml")]
TEXTS = [*TEXTS, TEXTS[0] + AXES, EXTENDING]
SCALARS = [
    "", "~", "0", "-1", "1e400", ".nan", "-.inf", "true", "5 min", "-3 s", "9e99 s", "4/h", "2 GiB", "*a", "&a x",
    "!!int 3", "[]", "{}", "[1, 2]", "{a: b}", "[[[]]]", "lognormal(mean=1 s, p95=2 s)", '"lognormal(mean=1,"',
    "support-bot", "serverless", "machines", "fly/machines", "hetzner/cx23", "shared-cpu-2x-2gb", "otherwise",
    "'10:00-12:00, sat'", "per-session", "unlimited", "data/sessions.csv", "../x", '"\\0"', "/", "x" * 5000, "1" * 400,
    "{samples: data/starts.csv, column: tti_ms, unit: ms}", "| \n  text", "2026-11", "é😀",
]
KEYS = ["name", "platform", "extends", "instances", "min_instances", "size", "memory", "tool", "llm", "loop", "steps",
        "rate", "weekly", "sessions", "shape", "file", "poisson", "request", "placement", "queue", "<<", "1", "",
        "axes", "path", "values", "workload.agents", "deployments.suspend.idle_timeout", "workload.request[0].wait"]


def lines_of(doc: Document):
    return sorted({mark.line for mark in doc.values.values() if mark.line > 1})


def check(text, *settings):
    try:
        scenario = loads(text, RIGHT, settings=settings)
        for _, case in cases(scenario):
            bind(case, RIGHT)
        assert loads(show(bind(scenario, RIGHT)), RIGHT) == scenario
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


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
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


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(TEXTS), st.lists(st.builds(
    lambda path, sign, value: f"{path}{sign}{value}",
    st.sampled_from(["workload.agents", "deployments.suspend.idle_timeout", "workload.request[0].llm.input", "axes",
                     "workload.arrivals", "deployments.new", "expect", "prices", "precision.overhead_s.p99", "drain",
                     "workload.request[1].loop.steps[0].wait", "deployments.suspend", "reference", "axes.load.values",
                     "extends", "deployments.sandbox.start.where.provider", "workload"]) | st.text(max_size=12),
    st.sampled_from(["=", " = ", "", "=="]), st.sampled_from(SCALARS) | st.text(max_size=8)), max_size=3))
def test_any_settings_are_put_or_told(text, given_settings):
    check(text, *given_settings)
