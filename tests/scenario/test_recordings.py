"""Rows of recordings: all that is wrong is told at once, before anything is simulated, the same by every command."""

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from sim.cli import program
from sim.errors import AdvisedError, InputError
from sim.scenario import recordings
from sim.scenario.arrivals import Rates, Requests, Shape
from sim.scenario.recorded import Column

SESSIONS = "session,turn,step,gap_s,kind,cpu_s,wait_s,tokens_in,tokens_cached,tokens_out,model\n"


def write(folder, text, name="x.csv"):
    (folder / name).write_text(text)
    return recordings.table(folder, name)


def told(call, *arguments):
    """Line, column and message of everything that is told."""
    with pytest.raises(InputError) as error:
        call(*arguments)
    assert all(one.fix and one.source is not None for one in error.value.problems)
    return [(one.line, one.column, one.message) for one in error.value.problems]


def test_sessions_tell_everything_at_once(tmp_path):
    rows = ["a,0,0,,llm,0,1.5,10,12,1,m", ",0,0,,llm,0,1,,,,", "a,0,1,-3,tool,nan,,,,,", "a,0.5,x,,gpu,0,1e99,1.5,,,m",
            "a,0,2,,llm", "b,0,0,,llm,0,1,1,,,"]
    found = told(recordings.sessions, write(tmp_path, SESSIONS + "\n".join(rows)))
    assert found == [
        (2, 21, "12 tokens were cached of 10 in the prompt"),
        (3, 1, "there is no `session`"),
        (4, 7, "`gap_s` is `-3`, which is negative"), (4, 15, "`cpu_s` is `nan`, which is not a finite number"),
        (4, 19, "there is no `wait_s`"),
        (5, 3, "`turn` is `0.5`, which is not a whole number"), (5, 7, "`step` is `x`, which is not a number"),
        (5, 10, "`kind` is `gpu`"), (5, 16, "`wait_s` is `1e99`, which is too large"),
        (5, 21, "`tokens_in` is `1.5`, which is not a whole number"),
        (6, 11, "this row has 5 fields, and the header has 11"),
        (7, 20, "there are tokens and no model"),
    ]


STEPS = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=8)


@given(STEPS)
def test_numbering(rows):
    """Right is: each step once, and for each that is not the first, the one before it."""
    seen = set(rows)
    right = len(seen) == len(rows) and all(
        (session, turn, step - 1) in seen if step else not turn or (session, turn - 1, 0) in seen
        for session, turn, step in rows)  # fmt: skip
    text = "session,turn,step,gap_s,kind,wait_s\n" + "".join(f"{s},{t},{n},,llm,1\n" for s, t, n in rows)
    table = recordings.Table("x", *_parsed(text))
    if right:
        recordings.sessions(table)
    else:
        with pytest.raises(InputError, match="is due"):
            recordings.sessions(table)


def _parsed(text):
    header, *rows = [line.split(",") for line in text.splitlines()]
    columns = dict(zip(header, map(list, zip(*rows, strict=True)), strict=True))
    numbers = range(2, len(rows) + 2)
    return tuple(header), columns, numbers, numbers, (), text


def test_each_gap_in_the_numbers_is_told(tmp_path):
    rows = "".join(f"{row},,llm,1\n" for row in ("a,0,0", "a,0,2", "a,0,3", "a,2,0", "b,0,0", "b,0,0", "c,1,0"))
    assert told(recordings.sessions, write(tmp_path, f"session,turn,step,gap_s,kind,wait_s\n{rows}")) == [
        (3, 5, "this is turn 0, step 2 of session `a`, where turn 0, step 1 or turn 1, step 0 is due"),
        (5, 3, "this is turn 2, step 0 of session `a`, where turn 0, step 4 or turn 1, step 0 is due"),
        (7, 5, "this is turn 0, step 0 of session `b`, where turn 0, step 1 or turn 1, step 0 is due"),
        (8, 3, "this is turn 1, step 0 of session `c`, where turn 0, step 0 is due"),
    ]


def test_a_shape(tmp_path):
    text = "t_s,rate\n0,1\n,2\n7200,-1\n3600,inf\n3600,3\n604800,1\n"
    assert told(recordings.shape, write(tmp_path, text), Shape(file="x.csv")) == [
        (3, 1, "there is no `t_s`"), (4, 6, "`rate` is `-1`, which is negative"),
        (5, 1, "`t_s` is `3600`, which is before the `7200` in line 4"),
        (5, 6, "`rate` is `inf`, which is not a finite number"), (6, 1, "`t_s` is `3600`, as `3600` in line 5"),
        (7, 1, "`t_s` is `604800`, which is too large"),
    ]
    with pytest.raises(AdvisedError, match="has no `rate` above 0"):
        recordings.shape(write(tmp_path, "t_s,rate\n0,0\n"), Shape(file="x.csv"))


def test_rates_rise_within_each_series(tmp_path):
    asked = Rates(file="x.csv", agent="who", cv="cv", period="1 h")
    text = "t_s,who,rate,cv\n0,a,1,1\n0,b,1,x\n60,a,1,1\n60,,1,1\n60,a,1,1\n5,b,1,1\n3600,b,1,1\n"
    assert told(recordings.rates, write(tmp_path, text), asked) == [
        (3, 7, "`cv` is `x`, which is not a number"), (5, 4, "there is no `who`"),
        (6, 1, "`t_s` is `60`, as `60` in line 4"), (8, 1, "`t_s` is `3600`, which is too large"),
    ]


@pytest.mark.parametrize(("times", "expected"), [
    (["0", "60", "60", "30", "x", ""], [
        (5, 1, "`t_s` is `30`, which is before the `60` in line 4"), (6, 1, "`t_s` is `x`, which is not a number"),
        (7, 1, "there is no `t_s`")]),
    (["2026-11-01 08:00", "2026-11-01T07:00", "noon", "2026-11-01 09:00"], [
        (3, 1, "`t_s` is `2026-11-01T07:00`, which is before the `2026-11-01 08:00` in line 2"),
        (4, 1, "`t_s` is `noon`, which is no date and time")]),
])  # fmt: skip
def test_requests(tmp_path, times, expected):
    text = "t_s,n\n" + "".join(f"{time},1\n" for time in times)
    assert told(recordings.requests, write(tmp_path, text), Requests(file="x.csv")) == expected


def test_times_of_requests(tmp_path):
    table = write(tmp_path, "t_s\n0\n0.5\n90\n")
    assert recordings.requests(table, Requests(file="x.csv", unit="min")) == [0, 30_000_000, 5_400_000_000]
    table = write(tmp_path, "t_s\n2026-11-01 08:00\n2026-11-01T09:00:01+01:00\n", "y.csv")
    assert recordings.requests(table, Requests(file="y.csv")) == [0, 1_000_000]


def test_columns_that_steps_take_values_from(tmp_path):
    table = write(tmp_path, "n,took\n1.5,2\n,\n-1,1e30\n")
    assert told(recordings.columns, table, [Column("n", "", 1), Column("took", "ms", 1000)]) == [
        (2, 1, "`n` is `1.5`, which is not a whole number"), (3, 1, "there is no `n`"), (3, 2, "there is no `took`"),
        (4, 1, "`n` is `-1`, which is negative"), (4, 4, "`took` is `1e30`, which is too large"),
    ]


SCENARIO = """name: x
as_of: 2026-11-01
month: 2026-11
horizon: 1 week
replications: 2
workload:
  agents: 1
  arrivals: {requests: {file: asked.csv}}
  request: [{wait: {column: took, unit: s}}]
  memory: 1 MiB
deployments:
  a: {platform: e2b/sandbox, start: {samples: starts.csv, column: ms, unit: ms}}
"""


def test_every_command_tells_the_same_and_all_of_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.yaml").write_text(SCENARIO.replace("agents: 1", "agents: 0"))
    (tmp_path / "asked.csv").write_text("t_s,took\n5,1\n1,\n")
    (tmp_path / "starts.csv").write_text("ms\nfast\n1\n")
    results = [CliRunner().invoke(program, [command, "x.yaml"]) for command in ("validate", "run", "show")]
    assert {one.exit_code for one in results} == {2}
    (text,) = {one.stderr.strip() for one in results}
    places = ["asked.csv:3:1", "asked.csv:3:3", "starts.csv:2:1", "x.yaml:7:11"]
    assert [line.split(": error")[0] for line in text.splitlines() if ": error" in line] == places
    assert not (tmp_path / "results").exists()


def test_a_file_is_told_as_it_can_be_opened(tmp_path, monkeypatch):
    """Names of data files are relative to the scenario, places of problems to where the command is given."""
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder" / "x.yaml").write_text(SCENARIO)
    (tmp_path / "folder" / "asked.csv").write_text("t_s,took\n5,x\n")
    (tmp_path / "folder" / "starts.csv").write_text("ms\n1\n")
    told = CliRunner().invoke(program, ["validate", "folder/x.yaml"]).stderr
    assert told.startswith("folder/asked.csv:2:3: error: `took` is `x`, which is not a number\n    2 | 5,x\n")
