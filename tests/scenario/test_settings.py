"""Settings: values put over those of a file."""

from pathlib import Path

import pytest

from sim import distributions
from sim.errors import InputError
from sim.scenario import bind, changed, load, loads
from sim.units import MINUTE

RIGHT = Path(__file__).parent / "right"
BOT = RIGHT / "support-bot.yaml"


def rates(scenario):
    return {name: bucket.rate * 3600 for name, bucket in scenario.workload.arrivals.weekly.items()}


def test_values_are_what_they_would_be_in_the_file():
    scenario = load(BOT, ["workload.agents=50", "deployments.suspend.idle_timeout = 7 min", "drain=0",
                          "workload.request[1].loop.times=5", "workload.arrivals.weekly.peak.rate=60/h",
                          "expect=[]", 'about="a: b"', "workload.serial=false"])
    assert scenario.workload.agents == 50 and not scenario.workload.serial
    assert scenario.deployments["suspend"].idle_timeout == 7 * MINUTE and scenario.drain == 0
    assert scenario.workload.request[1].loop.times == distributions.count(5)
    assert rates(scenario)["peak"] == 60 and rates(scenario)["normal"] == 4
    assert (scenario.expect, scenario.about) == ((), "a: b")


def test_they_say_the_same_as_a_changed_file():
    text = BOT.read_text()
    again = loads(text.replace("agents: 200", "agents: 7").replace("rate: 4/h", "rate: 5/h"), RIGHT)
    setting = load(BOT, ["workload.agents=7", "workload.arrivals.weekly.normal.rate=5/h"])
    assert setting == again and bind(setting, RIGHT).identity == bind(again, RIGHT).identity
    assert load(BOT, []) == load(BOT)


def test_the_later_one_counts():
    assert load(BOT, ["workload.agents=5", "workload.agents=6"]).workload.agents == 6
    both = load(BOT, ["deployments.new={platform: hetzner/cx23, concurrency: 5}", "deployments.new.instances=3"])
    assert both.deployments["new"].instances == 3 and list(both.deployments)[-1] == "new"


@pytest.mark.parametrize(("settings", "given"), [
    (["deployments.always-on.min_instances=1"], {"min_instances": 1, "max_instances": 4}),
    (["deployments.always-on.max_instances=9"], {"min_instances": 4, "max_instances": 9}),
    (["deployments.always-on.min_instances=1", "deployments.always-on.instances=2"], {"instances": 2}),
])
def test_what_says_the_same_in_another_way_is_replaced(settings, given):
    found = load(BOT, settings).deployments["always-on"].given
    assert {key: value for key, value in found.items() if key.endswith("instances")} == given


def test_another_kind_of_arrivals_or_step_replaces_the_old_one():
    scenario = load(BOT, ["workload.arrivals.poisson.rate=4/h", "workload.request[0].wait=3 s"])
    assert scenario.workload.arrivals.model_fields_set == {"poisson"}
    assert scenario.workload.request[0].model_fields_set == {"wait"}
    recorded = load(BOT, ["workload.arrivals={sessions: {file: data/sessions.csv, per_day: 10}}"])
    assert recorded.workload.request is None


def test_size_and_shape_replace_each_other():
    given = load(BOT, ["deployments.serverless.vcpu=2"]).deployments["serverless"].given
    assert given["vcpu"] == 2 and "memory" in given
    suspend = load(BOT, ["deployments.suspend={platform: e2b/sandbox, vcpu: 1, memory: 1 GiB}"]).deployments["suspend"]
    assert "size" not in suspend.given


def test_all_that_is_wrong_is_told_with_what_is_wrong_in_the_file(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text(BOT.read_text().replace("seed: 1", "seeds: 1"))
    with pytest.raises(InputError) as caught:
        load(path, ["workload.agnets=3", "workload.agents=none", "drain"])
    assert [(p.file, p.line, p.column, p.width, p.message) for p in caught.value.problems] == [
        ("--set 1", 0, 10, 6, "unknown key `agnets`"),
        ("--set 2", 0, 17, 4, "`none` is not a whole number"),
        ("--set 3", 0, 1, 5, "`drain` gives no value"),
        (str(path), 7, 1, 5, "unknown key `seeds`"),
    ]


def test_over_several_lines():
    scenario = load(BOT, ["deployments={\n  a: {platform: hetzner/cx23, concurrency: 5}\n}", "reference=a",
                          "expect=[]"])
    assert list(scenario.deployments) == ["a"]
    with pytest.raises(InputError) as caught:
        load(BOT, ["deployments.suspend={\n  idle_timeout: 5\n}"])
    assert "--set 1: error: `5` is not a duration" in str(caught.value) and "idle_timeout: 5\n" in str(caught.value)


def test_the_document_knows_where_each_value_is_from():
    document = load(BOT, ["workload.agents=50"]).document
    mark = document.values["workload", "agents"]
    assert (mark.source.name, mark.column, mark.width) == ("--set 1", 17, 2)
    assert document.values["workload", "request"].source.name == str(BOT)


def test_values_of_the_top_changed_in_python():
    scenario = changed(load(BOT), {"seed": 5, "replications": 3})
    assert (scenario.seed, scenario.replications, scenario.name) == (5, 3, "support-bot")
    assert scenario.document.value(("seed",)) == 5 and load(BOT).seed == 1
    assert bind(scenario, RIGHT).identity == bind(load(BOT, ["seed=5", "replications=3"]), RIGHT).identity


def test_a_changed_copy_is_not_what_the_document_says():
    scenario = load(BOT)
    assert scenario.model_copy().document is scenario.document
    assert scenario.model_copy(update={"seed": 3}).document is None
