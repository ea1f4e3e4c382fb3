"""The resolved case as YAML: equal to what it was made from, with everything that it rests on."""

import re
from pathlib import Path

import pytest
import yaml

from sim import catalog, documents
from sim.catalog.prices import prices
from sim.documents.comments import OWN, comments
from sim.scenario import bind, cases, load, loads, resolved, show

HERE = Path(__file__).parent
SHIPPED = HERE.parents[1] / "scenarios"
RIGHT = HERE / "right"
FILES = [*sorted(SHIPPED.glob("*.yaml")), *sorted(RIGHT.glob("*.yaml"))]
MINIMAL = """
name: tiny
as_of: 2026-11-01
month: 2026-11
horizon: 1 day
workload: {agents: 1, arrivals: {poisson: {rate: 4/h}}, request: [{tool: {wait: 1 s}}], memory: 10 MiB}
deployments:
  a: {platform: fly/machines, placement: per-agent, max_instances: 1}
  b: {extends: a, idle_timeout: 1 min}
"""


def shown(scenario, directory=RIGHT):
    return show(bind(scenario, directory))


def remark(text, key):
    """What the program says beside a key."""
    line = next(line for line in text.splitlines() if re.match(rf"\s*-? ?{key}:", line))
    return line.partition(f"{OWN} ")[2]


def block(text, name):
    """The lines of a deployment."""
    lines = text.splitlines()
    begin = lines.index(f"  {name}:")
    end = next((at for at in range(begin + 1, len(lines)) if re.match(r"  \S|\S", lines[at])
                and not lines[at].startswith("  #")), len(lines))
    return lines[begin:end]


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_what_is_shown_loads_as_an_equal_scenario(path):
    scenario = load(path)
    text = shown(scenario, path.parent)
    again = loads(text, path.parent)
    assert again == scenario
    assert bind(again, path.parent).identity == bind(scenario, path.parent).identity
    assert shown(again, path.parent) == text
    assert yaml.safe_load(text)["name"] == scenario.name  # other readers of YAML read it, too


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_no_comment_is_lost(path):
    wanted = comments(documents.read(path))
    found = comments(documents.parse(shown(load(path), path.parent).encode(), "shown"))

    def texts(kept):
        return sorted(text for one in kept.values() for text in (*one.above, one.beside) if text)

    assert texts(found) == texts(wanted)
    # At the same keys; one behind the first key of an item is above the item now.
    assert {place for place, one in wanted.items() if one.above} <= set(found)


@pytest.mark.parametrize("name", ["support-bot", "coding-agent"])
def test_lines_are_short_enough_to_read(name):
    text = shown(load(SHIPPED / f"{name}.yaml"), SHIPPED)
    long = [line for line in text.splitlines() if len(line) > 120 and not line.lstrip().startswith("# ")]
    assert long == [] and not re.search(r"[ \t]$", text, re.MULTILINE)


def test_defaults_are_written_out_and_marked():
    text = shown(loads(MINIMAL, RIGHT))
    defaults = ("drain", "seed", "replications", "prices", "serial", "cpu")
    assert {key: remark(text, key) for key in defaults} == dict.fromkeys(defaults, "default")
    assert "drain: 1 day" in text and "replications: 8" in text and "cpu: 0 s" in text
    assert {key: remark(text, key) for key in ("name", "horizon", "agents", "rate")} == dict.fromkeys(
        ("name", "horizon", "agents", "rate"), "")


def test_what_differs_from_a_default_is_marked():
    text = shown(loads(MINIMAL + "replications: 3\nseed: 0\n", RIGHT))
    assert remark(text, "replications") == "differs from the default, 8" and remark(text, "seed") == "default"
    assert remark(text, "placement") == "differs from the platform's default, shared"
    assert remark(text, "max_instances") == "differs from the platform's default, 2"
    assert remark(text, "idle_timeout") == "differs from the platform's default, 5 min"
    assert remark(text.replace("\n  b:", "\n"), "platform") == ""
    assert remark(shown(loads(MINIMAL.replace("1 min", "300 s"), RIGHT)), "idle_timeout") == "default of the platform"
    assert "idle_timeout: 300 s" in shown(loads(MINIMAL.replace("1 min", "300 s"), RIGHT))


def test_settings_and_axes_are_marked():
    made = loads(MINIMAL + "axes: {workload.agents: [1, 2]}\n", RIGHT, settings=["seed=5", "deployments.b.queue=7"])
    text = shown(made)
    assert remark(text, "seed") == "differs from the default, 0; set by --set 1"
    assert remark(text, "queue") == "differs from the platform's default, unlimited; set by --set 2"
    assert remark(text, "agents").endswith("varied by the axis agents")
    assert "  agents:\n    path: workload.agents\n    values: [1, 2]\n" in text
    assert loads(text, RIGHT) == made
    case = shown(cases(made)[1][1])
    assert "agents: 2" in case and "axes" not in case and "varied" not in case


def test_every_figure_that_a_deployment_rests_on_is_there_with_standing_and_source():
    case = bind(load(RIGHT / "support-bot.yaml"), RIGHT)
    text = show(case)
    sources = " ".join(line.removeprefix(OWN).strip() for line in text[text.index("#= sources"):].splitlines())
    for deployment in case.deployments:
        lines = block(text, deployment.name)
        for figure in deployment.rests_on:
            if figure.standing == "scenario" or figure.path.startswith("llm."):
                continue
            wanted = rf"#=   {re.escape(figure.path)} +{re.escape(figure.value)} +{figure.standing} {figure.as_of} \["
            (line,) = [line for line in lines if re.search(wanted, line)]
            number = re.search(r"\[\d+\]$", line)[0]
            note = sources[sources.index(f"{number} "):]
            assert " ".join((figure.reason or figure.source).split()) in note
            assert " ".join(figure.source.split()) in note
    assert "mid-tier.first_token" in text and "mid-tier.tokens_per_second" in text


def test_inherited_keys_are_told():
    text = shown(loads(MINIMAL, RIGHT))
    assert "    extends: a\n" in text
    assert any(re.search(r"#=   placement +per-agent +from a$", line) for line in block(text, "b"))
    assert not any("from a" in line for line in block(text, "a"))


def test_prices_are_those_that_the_deployment_meets():
    case = bind(load(RIGHT / "support-bot.yaml"), RIGHT)
    text = show(case)
    fly = "\n".join(block(text, "suspend"))
    for charge in prices("list-2026", "fly").charges:
        met = charge.meter in ("started", "suspended") and charge.matches("shared-cpu-2x-2gb")
        assert (charge.item in fly) == met and (f"${charge.rate:f} per {charge.per.text}" in fly) >= met
    # Idle instances are billed only where some are kept.
    assert "idle minimum instances" not in "\n".join(block(text, "serverless"))
    assert "idle minimum instances" in "\n".join(block(text, "serverless-warm"))
    assert "180,000 vCPU-s a month free" in text and "at most $6.49 a month" in text
    assert "mid-tier output tokens" in text and "frontier output tokens" not in text


def test_models_of_recorded_sessions_are_priced():
    path = SHIPPED / "coding-agent.yaml"
    text = shown(load(path), SHIPPED)
    assert "claude-opus-4-5-20251101 output tokens" in text and "mid-tier" not in text


def test_a_scenario_made_in_python_is_shown_too():
    scenario = loads(MINIMAL, RIGHT)
    assert shown(scenario.model_copy(update={"seed": 4})).count("seed: 4 #= differs from the default, 0") == 1


def test_awkward_texts_are_kept():
    awkward = 'about: "x: y # z \\"q\\" \\u00e9\\n  two"\n'
    expect = "expect:\n  - {that: 'a.cost.total < $5', note: 'yes'}\n  - 'b.cost.total < 3 %'\n"
    scenario = loads(MINIMAL + awkward + expect, RIGHT)
    assert loads(shown(scenario), RIGHT) == scenario


def test_the_same_as_plain_values():
    case = bind(load(RIGHT / "support-bot.yaml"), RIGHT)
    plain = resolved(case)
    assert plain["scenario"]["drain"] == "1 day"
    assert list(plain["deployments"]) == [one.name for one in case.deployments]
    suspend = plain["deployments"]["suspend"]
    assert suspend["platform"] == "fly/machines" and len(suspend["rests_on"]) == len(case.deployments[1].rests_on)
    assert {"item", "rate", "terms", "standing", "source", "as_of", "reason"} == set(suspend["prices"][0])
    wake = next(one for one in suspend["rests_on"] if one["path"] == "ladder.suspended.wake")
    figure = catalog.profile("fly/machines").ladder[0].wake
    assert (wake["value"], wake["standing"], wake["reason"]) == (
        figure.value.show(), str(figure.standing), figure.reason)
    assert {one["item"] for one in plain["tokens"]} == {
        f"mid-tier {kind} tokens" for kind in ("input", "cached input", "output")}
