"""Scenarios that extend another file."""

import shutil
from pathlib import Path

import pytest

from sim.errors import InputError
from sim.scenario import bind, cases, load, loads

RIGHT = Path(__file__).parent / "right"
BOT, AGENT = RIGHT / "support-bot.yaml", RIGHT / "coding-agent.yaml"


@pytest.fixture
def write(tmp_path):
    shutil.copytree(RIGHT / "data", tmp_path / "data")
    for path in (BOT, AGENT):
        shutil.copy(path, tmp_path)

    def made(text, name="own.yaml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return made


def test_an_empty_extension_is_the_same(write):
    scenario = load(write("extends: support-bot.yaml\n"))
    assert scenario == load(BOT) and scenario.extends is None
    assert bind(scenario, RIGHT).identity == bind(load(BOT), RIGHT).identity


def test_mappings_are_merged_and_lists_replaced(write):
    scenario = load(write("""
extends: support-bot.yaml
name: own
workload:
  agents: 3
  arrivals: {weekly: {peak: {rate: 20/h}}}
  request: [{wait: 1 s}]
deployments:
  suspend: {idle_timeout: 1 min}
  more: {extends: suspend, size: shared-cpu-1x-2gb}
expect: []
"""))
    base = load(BOT)
    assert (scenario.name, scenario.seed, scenario.horizon) == ("own", base.seed, base.horizon)
    weekly = scenario.workload.arrivals.weekly
    assert weekly["peak"].rate * 3600 == 20 and weekly["peak"].when == base.workload.arrivals.weekly["peak"].when
    assert weekly["normal"] == base.workload.arrivals.weekly["normal"]
    assert len(scenario.workload.request) == 1 and scenario.expect == ()
    assert list(scenario.deployments) == [*base.deployments, "more"]
    given = scenario.deployments["suspend"].given
    assert given == {**base.deployments["suspend"].given, "idle_timeout": 60_000_000}


def test_through_several_files(write):
    write("extends: support-bot.yaml\nseed: 5\nreplications: 5\n", "middle.yaml")
    scenario = load(write("extends: middle.yaml\nseed: 6\n"))
    assert (scenario.seed, scenario.replications, scenario.name) == (6, 5, "support-bot")


@pytest.mark.parametrize(("text", "kept"), [
    ("workload: {arrivals: {poisson: {rate: 4/h}}}", {"poisson"}),
    ("workload: {arrivals: {sessions: {file: data/sessions.csv, per_day: 5}}}", {"sessions"}),
])
def test_arrivals_of_another_kind_replace_those_of_the_base(write, text, kept):
    scenario = load(write(f"extends: support-bot.yaml\n{text}\n"))
    assert scenario.workload.arrivals.model_fields_set == kept
    assert (scenario.workload.request is None) == (kept == {"sessions"})


def test_what_says_the_same_in_another_way_is_replaced(write):
    scenario = load(write("extends: support-bot.yaml\ndeployments:\n  always-on: {max_instances: 9}\n"
                          "  serverless: {memory: 2 GiB}\n"))
    given = scenario.deployments["always-on"].given
    assert (given["min_instances"], given["max_instances"], "instances" in given) == (4, 9, False)
    assert scenario.deployments["serverless"].given["memory"] == 2 * 2**30


def test_data_files_are_found_where_the_file_that_names_them_says(write, tmp_path):
    write("extends: ../coding-agent.yaml\nname: below\n", "below/own.yaml")
    write("extends: ../below/own.yaml\nworkload: {arrivals: {sessions: {per_day: 7}}}\n", "beside/own.yaml")
    base = load(tmp_path / "coding-agent.yaml")
    for folder in ("below", "beside"):
        scenario = load(tmp_path / folder / "own.yaml")
        sessions = scenario.workload.arrivals.sessions
        assert sessions.file == "../data/sessions.csv" and sessions.shape.file == "../data/week.csv"
        assert scenario.deployments["sandbox"].start.samples.file == "../data/starts.csv"
        case = bind(scenario, tmp_path / folder)
        assert case.deployments[0].start[0].load(case.directory).mean == (
            bind(base, tmp_path).deployments[0].start[0].load(tmp_path).mean)
    assert load(tmp_path / "beside" / "own.yaml").workload.arrivals.sessions.per_day == 7


def test_a_column_that_is_called_as_a_key_is_no_file(write, tmp_path):
    (tmp_path / "data" / "odd.csv").write_text("file,samples,ms\na.csv,b.csv,5\n")
    write("""extends: support-bot.yaml
deployments:
  suspend:
    start: {samples: data/odd.csv, column: ms, unit: ms, where: {file: a.csv, samples: b.csv}}
""", "odd.yaml")
    scenario = load(write("extends: ../odd.yaml\n", "below/own.yaml"))
    samples = scenario.deployments["suspend"].start.samples
    assert samples.file == "../data/odd.csv" and samples.where == (("file", "a.csv"), ("samples", "b.csv"))


def test_every_value_knows_its_file(write, tmp_path):
    document = load(write("extends: support-bot.yaml\nseed: 5\n")).document
    files = {place: mark.source.name for place, mark in document.values.items()}
    assert files["seed",] == str(tmp_path / "own.yaml")
    assert files["workload", "agents"] == str(tmp_path / "support-bot.yaml")
    assert [part.name for part in document.read] == [str(tmp_path / "own.yaml"), str(tmp_path / "support-bot.yaml")]


def test_problems_are_told_in_the_file_that_has_them(write, tmp_path):
    path = tmp_path / "support-bot.yaml"
    path.write_text(path.read_text().replace("agents: 200", "agents: none"))
    with pytest.raises(InputError) as caught:
        load(write("extends: support-bot.yaml\nhorizon: 1\nworkload: {memory: 5}\n"))
    assert [(Path(problem.file).name, problem.line) for problem in caught.value.problems] == [
        ("own.yaml", 2), ("own.yaml", 3), ("support-bot.yaml", 12)]


def test_axes_and_settings_go_over_what_is_extended(write):
    path = write("extends: support-bot.yaml\naxes: {workload.agents: [1, 2], seed: [1, 2]}\n")
    assert len(cases(load(path))) == 4
    assert [one.workload.agents for _, one in cases(load(path, ["workload.agents=9"]))] == [9, 9]
    above = write("extends: own.yaml\naxes: {seed: [7]}\n", "above.yaml")
    assert [(one.workload.agents, one.seed) for _, one in cases(load(above))] == [(1, 7), (2, 7)]


def test_of_text_the_folder_is_given(write, tmp_path):
    assert loads("extends: support-bot.yaml\nname: text\n", tmp_path).name == "text"
