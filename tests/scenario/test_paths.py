"""Paths: their grammar, and what they lead to."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim import documents
from sim.scenario import Scenario, paths
from sim.scenario.paths import PathError, find, parse, place_of, written

RIGHT = Path(__file__).parent / "right"
DATA = documents.read(RIGHT / "support-bot.yaml").data
KEYS = st.from_regex(r"[A-Za-z0-9_<$%-]{1,8}", fullmatch=True)
PLACES = st.builds(lambda first, rest: (first, *rest), KEYS, st.lists(KEYS | st.integers(0, 999_999), max_size=5))


def place(text, data=DATA):
    return place_of(find(parse(text), data, Scenario))


@given(PLACES)
def test_a_place_written_as_a_path_is_read_back(there):
    path = parse(written(there))
    assert place_of(path.steps) == there
    for step in path.steps:
        part = path.text[step.start:step.end]
        assert part == (f"[{step.key}]" if isinstance(step.key, int) else step.key)


@given(st.text(max_size=12))
def test_any_text_is_a_path_or_told(text):
    try:
        assert written(place_of(parse(text).steps)) == text or "[0" in text
    except PathError as error:
        assert error.message and error.fix and 0 <= error.start < error.end


@pytest.mark.parametrize(("text", "there"), [
    ("workload.agents", ("workload", "agents")),
    ("prices", ("prices",)),
    ("deployments.suspend.idle_timeout", ("deployments", "suspend", "idle_timeout")),
    ("workload.request[1].loop.times", ("workload", "request", 1, "loop", "times")),
    ("workload.request[1].loop.steps[0].tool.cpu", ("workload", "request", 1, "loop", "steps", 0, "tool", "cpu")),
    # What the file leaves out.
    ("drain", ("drain",)),
    ("deployments.suspend.queue", ("deployments", "suspend", "queue")),
    ("workload.request[0].llm.time", ("workload", "request", 0, "llm", "time")),
    ("workload.request[1].loop.steps[0].wait", ("workload", "request", 1, "loop", "steps", 0, "wait")),
    ("workload.arrivals.poisson.rate", ("workload", "arrivals", "poisson", "rate")),
    ("workload.arrivals.sessions.shape.file", ("workload", "arrivals", "sessions", "shape", "file")),
    # Names of the author's own.
    ("deployments.another", ("deployments", "another")),
    ("workload.arrivals.weekly.night", ("workload", "arrivals", "weekly", "night")),
    # Figures are keys with points.
    ("precision.overhead_s.p99", ("precision", "overhead_s.p99")),
    ("precision.max_replications", ("precision", "max_replications")),
    ("intervals.confidence", ("intervals", "confidence")),
])
def test_what_a_path_leads_to(text, there):
    assert place(text) == there


def test_a_key_with_points_is_found_where_the_file_has_it():
    data = {**DATA, "precision": {"overhead_s.p99": "5%"}, "axes": {"workload.agents": [1], "drain": [2]}}
    assert place("precision.overhead_s.p99", data) == ("precision", "overhead_s.p99")
    assert place("axes.workload.agents[0]", data) == ("axes", "workload.agents", 0)


@pytest.mark.parametrize(("text", "marked", "message", "fix"), [
    ("workload.agnets", "agnets", "unknown key `agnets`", "did you mean `agents`?"),
    ("worklod.agents", "worklod", "unknown key `worklod`", "did you mean `workload`?"),
    ("deployments.suspnd.size", "suspnd", "there is no `suspnd` in `deployments`", "did you mean `suspend`?"),
    ("workload.arrivals.weekly.pek.rate", "pek", "there is no `pek` in `workload.arrivals.weekly`",
     "did you mean `peak`?"),
    ("workload.request[2]", "[2]", "`workload.request` has 2 items",
     "write `workload.request[0]` to `workload.request[1]`"),
    ("workload.request.llm", "llm", "`workload.request` is a list: `llm` does not say which item",
     "write `workload.request[0]` to `workload.request[1]`"),
    ("seed[0]", "[0]", "`seed` is not a list", "leave the index out"),
    ("seed.x", "x", "`seed` is `1`, which has no keys", "give the whole value of `seed`"),
    ("drain.x", "x", "`drain` has no keys", "give the whole value of `drain`"),
    ("deployments.suspend.start.samples", "samples", "`deployments.suspend.start` has no keys",
     "give the whole value of `deployments.suspend.start`"),
    ("intervals[0]", "[0]", "there is no `intervals` that has items", "give the whole value of `intervals`"),
    ("", "", "`` is no path: it begins with no key", "write such as `workload.agents`"),
    ("[0].x", "[", "`[0].x` is no path: it begins with no key", "write such as `workload.agents`"),
    ("a b", " ", "`a b` is no path: ` ` has no meaning here", "write keys with points between them"),
    (".a", ".", "`.a` is no path: `.` has no meaning here", "write keys with points between them"),
    ("a[-1]", "[", "`a[-1]` is no path: `[` has no meaning here", "write keys with points between them"),
    ("a[0]b", "b", "`a[0]b` is no path: `b` has no meaning here", "write keys with points between them"),
])
def test_what_leads_nowhere(text, marked, message, fix):
    with pytest.raises(PathError) as caught:
        place(text)
    error = caught.value
    assert (error.message, text[error.start:error.end]) == (message, marked)
    assert error.fix.startswith(fix)


def test_models_made_in_python_have_paths_too():
    scenario = Scenario.model_validate(DATA)
    assert place("workload.request[0].llm.model", dict(scenario)) == ("workload", "request", 0, "llm", "model")


def test_the_grammar_is_documented_with_the_paths_that_are_asked_for():
    for text in ("workload.agents", "deployments.suspend.idle_timeout", "workload.request[1].loop.times", "prices"):
        assert f"    {text}\n" in paths.__doc__ and place(text)
