"""Axes: the cases that they make, and how these are called."""

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.errors import InputError
from sim.scenario import Scenario, Settings, axes, bind, cases, changed, load, loads
from sim.units import MINUTE
from sim.workload import demand

RIGHT = Path(__file__).parent / "right"
BOT = RIGHT / "support-bot.yaml"
IDLE = "deployments.suspend.idle_timeout"


def scenario(text, *settings):
    return loads(BOT.read_text() + text, RIGHT, "bot.yaml", settings)


def labels(made):
    return [str(settings) for settings, _ in cases(made)]


def test_without_axes_there_is_one_case():
    made = load(BOT)
    assert cases(made) == ((Settings(), made),) and not Settings() and str(Settings()) == ""


def test_cases_are_the_product_in_the_order_of_the_file():
    made = scenario(f"axes:\n  {IDLE}: [1 min, 5 min, 15 min]\n"
                    "  load: {path: workload.arrivals.weekly.peak.rate, values: [6/h, 12/h]}\n")
    assert labels(made) == [f"idle_timeout={idle}, load={load}" for idle in ("1 min", "5 min", "15 min")
                            for load in ("6/h", "12/h")]
    found = [(one.deployments["suspend"].idle_timeout // MINUTE, one.workload.arrivals.weekly["peak"].rate * 3600)
             for _, one in cases(made)]
    assert found == [(idle, load) for idle in (1, 5, 15) for load in (6, 12)]
    assert all(one.axes == () and one.settings == settings for settings, one in cases(made))
    assert [axis.name for axis in made.axes] == ["idle_timeout", "load"]


def test_the_scenario_itself_is_what_the_file_says():
    made = scenario(f"axes: {{{IDLE}: [1 min, 15 min]}}\n")
    assert made.model_copy(update={"axes": ()}) == load(BOT)


def test_a_case_is_what_the_same_settings_make():
    made = scenario(f"axes:\n  {IDLE}: [1 min, 5 min]\n  workload.agents: [10, 20]\n")
    for settings, one in cases(made):
        texts = [f"{axis.path}={value}" for axis, (_, value) in zip(made.axes, settings.pairs, strict=True)]
        assert one == load(BOT, texts) and bind(one, RIGHT).identity == bind(load(BOT, texts), RIGHT).identity


def test_names_are_as_short_as_tells_them_apart():
    made = scenario("axes:\n  deployments.suspend.concurrency: [1, 2]\n  deployments.serverless.concurrency: [10]\n"
                    "  workload.request[0].llm.input: [1]\n  workload.request[1].loop.steps[1].llm.input: [1]\n"
                    "  seed: [1]\n  agents: {path: workload.memory, values: [1 MiB]}\n  workload.agents: [3]\n")
    assert [axis.name for axis in made.axes] == [
        "suspend.concurrency", "serverless.concurrency", "request[0].llm.input", "steps[1].llm.input", "seed", "agents",
        "workload.agents"]


@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(".".join), unique=True, max_size=6))
def test_names_are_never_the_same(paths):
    made = axes.read({path: [1] for path in paths})
    names = [axis.name for axis in made]
    assert len(set(names)) == len(names) == len(paths)
    assert all(axis.path.endswith(axis.name) for axis in made)


def test_values_may_be_anything():
    made = scenario("axes:\n  workload.serial: [true, false]\n  kind:\n    path: workload.arrivals\n    values:\n"
                    "      - {poisson: {rate: 4/h}}\n      - renewal: {gap: 10 min}\n")
    assert labels(made)[:2] == ['serial=true, kind={"poisson": {"rate": "4/h"}}',
                                'serial=true, kind={"renewal": {"gap": "10 min"}}']
    assert cases(made)[3][0].pairs == (("serial", False), ("kind", '{"renewal": {"gap": "10 min"}}'))
    assert cases(made)[1][1].workload.arrivals.model_fields_set == {"renewal"}


def test_what_is_set_on_the_command_line_is_fixed():
    text = f"axes:\n  {IDLE}: [1 min, 5 min]\n  workload.agents: [10, 20]\n"
    made = scenario(text, f"{IDLE}=3 min")
    assert labels(made) == ["agents=10", "agents=20"]
    assert {one.deployments["suspend"].idle_timeout for _, one in cases(made)} == {3 * MINUTE}
    assert labels(scenario(text, "axes={}")) == [""]
    assert labels(scenario(text, "axes={seed: [1, 2]}")) == ["seed=1", "seed=2"]
    assert labels(scenario(text, f"axes.{IDLE}=[9 min]", "workload.agents=3")) == ["idle_timeout=9 min"]
    assert labels(scenario(text, f"axes.{IDLE}[0]=9 min", "workload.agents=3"))[0] == "idle_timeout=9 min"
    assert labels(changed(scenario("axes: {seed: [1, 2], workload.agents: [3, 4]}\n"), {"seed": 7})) == [
        "agents=3", "agents=4"]


def test_cases_of_a_changed_scenario_are_changed():
    made = changed(scenario(f"axes: {{{IDLE}: [1 min, 5 min]}}\n"), {"replications": 3})
    assert [one.replications for _, one in cases(made)] == [3, 3]
    copied = made.model_copy(update={"replications": 4})
    assert [one.replications for _, one in cases(copied)] == [4, 4]


def test_a_scenario_made_in_python_has_cases_too():
    data = load(BOT).model_dump(mode="json", exclude_none=True)
    made = Scenario.model_validate({**data, "axes": {IDLE: ["1 min", "5 min"]}})
    again = Scenario.model_validate({**data, "axes": made.axes})
    assert labels(made) == labels(again) == ["idle_timeout=1 min", "idle_timeout=5 min"]
    wrong = Scenario.model_validate({**data, "axes": {"workload.agents": [1, 0]}})
    with pytest.raises(InputError, match="`0` is too small"):
        cases(wrong)


def test_axes_are_written_back_as_they_are_read():
    made = scenario(f"axes: {{{IDLE}: [1 min, 5 min]}}\n")
    again = Scenario.model_validate(made.model_dump(mode="json", exclude_none=True))
    assert again == made and made != load(BOT)


def test_a_rate_that_is_varied_meets_the_same_luck():
    """One process of unit rate is rescaled: with twice the rate, request k comes after half the time."""
    made = loads("""
name: x
as_of: 2026-11-01
month: 2026-11
horizon: 1 week
workload: {agents: 1, arrivals: {poisson: {rate: 4/h}}, request: [{wait: 1 s}], memory: 1 MiB}
deployments: {a: {platform: hetzner/cx23}}
axes: {workload.arrivals.poisson.rate: [1/h, 2/h]}
""", RIGHT)
    slow, fast = (demand(one.workload, RIGHT, one.horizon, one.drain, one.seed, 0).at for _, one in cases(made))
    assert len(slow) > 100
    assert abs(slow - 2 * fast[: len(slow)]).max() <= 2


def test_the_number_of_cases_is_bounded():
    most = list(range(1, axes.MAX_CASES + 1))
    assert len(cases(scenario(f"axes: {{seed: {most}}}\n"))) == axes.MAX_CASES
    with pytest.raises(InputError, match=r"the axes make 1,000,000 cases, more than the 200") as caught:
        scenario(f"axes: {{seed: {list(range(1000))}, replications: {list(range(1, 1001))}}}\n")
    assert caught.value.exit_code == 2


def test_each_value_is_told_where_it_stands_and_once():
    with pytest.raises(InputError) as caught:
        scenario(f"axes:\n  {IDLE}: [1 min, 5]\n  workload.agents: [1, 2, 3, 4]\n")
    (problem,) = caught.value.problems
    assert problem.source[problem.column - 1:] == "5]" and problem.message == "`5` is not a duration: it has no unit"


def test_data_files_are_read_once_for_all_cases(monkeypatch):
    from sim.distributions import Samples

    count = 0
    original = Samples.read

    def read(self, directory):
        nonlocal count
        count += 1
        return original(self, directory)

    monkeypatch.setattr(Samples, "read", read)
    text = (RIGHT / "coding-agent.yaml").read_text()
    loads(text, RIGHT)
    alone, count = count, 0
    loads(text + "axes: {seed: [1, 2, 3], workload.agents: [1, 2, 3]}\n", RIGHT)
    assert count == alone > 0
    count = 0
    loads(text + "axes: {deployments.sandbox.start.where.provider: [e2b, modal]}\n", RIGHT)
    assert count == alone + 1  # a value that the file has itself is known


def test_sizes():
    made = scenario(f"axes: {{{IDLE}: [1 min, 5 min, 15 min], workload.agents: [1, 2]}}\n")
    assert math.prod(len(axis.values) for axis in made.axes) == len(cases(made)) == 6
