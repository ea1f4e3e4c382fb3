"""Loading: what good files become, and that all that is wrong is told at once."""

import shutil
import subprocess
import sys
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from sim import distributions
from sim.errors import InputError
from sim.scenario import Scenario, load, loads

RIGHT = Path(__file__).parent / "right"
MINUTE = 60_000_000


def python(code, *arguments):
    """What a fresh interpreter prints."""
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True,
                          cwd=Path(__file__).parents[2])
    return done.stdout


def test_the_sample_of_the_design():
    scenario = load(RIGHT / "support-bot.yaml")
    assert (scenario.name, scenario.as_of, scenario.month) == ("support-bot", date(2026, 11, 1), "2026-11")
    assert scenario.horizon == 4 * 7 * 1440 * MINUTE and scenario.drain == 1440 * MINUTE
    weekly = scenario.workload.arrivals.weekly
    assert [weekly[name].rate for name in ("idle", "normal", "peak")] == [
        Fraction(1, 18_000), Fraction(1, 900), Fraction(1, 300)]
    llm, loop = scenario.workload.request
    assert llm.llm.input == distributions.count("lognormal(mean=3000, p95=9000)")
    assert [step.model_fields_set for step in loop.loop.steps] == [{"tool"}, {"llm"}]
    assert scenario.workload.memory == 600 * 2**20 and scenario.workload.serial
    assert scenario.deployments["suspend"].idle_timeout == 5 * MINUTE
    assert scenario.deployments["serverless"].vcpu == 1
    assert [one.that for one in scenario.expect][1] == "serverless-warm.overhead_s.p99 < serverless.overhead_s.p99"


def test_recorded_sessions():
    scenario = load(RIGHT / "coding-agent.yaml")
    sessions = scenario.workload.arrivals.sessions
    assert (sessions.per_day, sessions.shape.time, sessions.shape.rate) == (120.5, "t_s", "rate")
    assert scenario.seed == 2**64 - 1 and not scenario.workload.serial and scenario.workload.request is None
    assert scenario.deployments["sandbox"].start.samples.where == (("provider", "e2b"),)
    assert scenario.deployments["servers"].queue == "unlimited" and scenario.deployments["functions"].queue == 5
    assert scenario.expect[0].claim == "A01"


@pytest.mark.parametrize("name", ["support-bot.yaml", "coding-agent.yaml"])
def test_a_scenario_written_back_as_text_is_the_same(name):
    scenario = load(RIGHT / name)
    assert Scenario.model_validate(scenario.model_dump(mode="json", exclude_none=True)) == scenario
    assert Scenario.model_validate(scenario.model_dump(mode="json", exclude_unset=True)) == scenario
    assert Scenario.model_validate_json(scenario.model_dump_json(exclude_none=True)) == scenario


def test_a_scenario_is_equal_wherever_it_was_written(tmp_path):
    text = (RIGHT / "support-bot.yaml").read_text()
    assert loads(text, tmp_path) == loads("# a comment\n" + text, tmp_path) == load(RIGHT / "support-bot.yaml")
    assert loads(text, tmp_path) != loads(text.replace("agents: 200", "agents: 201"), tmp_path)


def test_problems_of_all_kinds_are_told_together(tmp_path):
    text = (RIGHT / "coding-agent.yaml").read_text()
    shutil.copytree(RIGHT / "data", tmp_path / "data")
    for old, new in (("month: 2026-02", "month: february"), ("data/week.csv", "data/weeks.csv"),
                     ("agents: 50", "agents: 0"), ("shared-cpu-2x-2gb", "shared-cpu-2x-2g"),
                     ("max_duration: 10 min", "max_duration: 10 h"),
                     ("queue: 5", "que: 5"), ("prices: article-2026", "prices: article")):
        assert old in text
        text = text.replace(old, new)
    with pytest.raises(InputError) as caught:
        loads(text, tmp_path)
    assert [(problem.line, problem.message) for problem in caught.value.problems] == [
        (3, "`february` is not a month"),
        (8, "unknown price book `article`"),
        (10, "`0` is too small"),
        (16, "there is no file `data/weeks.csv`"),
        (25, "aws-lambda/arm ends every request after 15 min"),
        (25, "unknown key `que`"),
        (29, "fly/machines has no size `shared-cpu-2x-2g`"),
    ]


def test_a_long_list_of_known_names_is_cut():
    text = (RIGHT / "support-bot.yaml").read_text().replace("hetzner/cx23", "kubernetes")
    with pytest.raises(InputError, match=r"fix: write one of (`[\w/-]+`, ){11}`[\w/-]+` and \d+ more"):
        loads(text, RIGHT)


def test_a_figure_that_cannot_be_is_not_followed_by_others():
    """One slip, one message: what only follows from it is not told."""
    text = (RIGHT / "support-bot.yaml").read_text()
    for old, new in (("rate: 4/h", "rate: 4"), ('"10:00-17:00"', '"10:00-17:0"'), ("hetzner/cx23", "hetzner/cx2"),
                     ("cpu: 200 ms", "cpu: 200"), ("extends: serverless,", "extends: serverles,"),
                     ("memory: 600 MiB", "memory: 600"), ("times: geometric(mean=3)", "times:"),
                     ("prices: list-2026", "prices: [list-2026]"),
                     ("model: mid-tier, input: 4000", "model: mid, input: 4")):
        assert old in text
        with pytest.raises(InputError) as caught:
            loads(text.replace(old, new), RIGHT)
        assert len(caught.value.problems) == 1, str(caught.value)


def test_a_path_may_be_text(monkeypatch):
    monkeypatch.chdir(RIGHT)
    assert load("support-bot.yaml").name == "support-bot"
    with pytest.raises(InputError, match=r"^support-bots\.yaml: error: there is no such file"):
        load("support-bots.yaml")


def test_importing_leaves_the_heavy_packages_out():
    code = "import sys, sim.scenario; print(*sys.modules)"
    assert not {"numpy", "pandas", "scipy", "matplotlib", "pyarrow", "simpy"} & set(python(code).split())

