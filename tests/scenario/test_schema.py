"""The schema: its models in Python."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from sim import documents
from sim.scenario.schema import Arrivals, Deployment, Expectation, Scenario, Step

RIGHT = Path(__file__).parent / "right"
SCHEMA = Scenario.model_json_schema()


def data():
    return documents.read(RIGHT / "support-bot.yaml").data


def test_every_field_is_described():
    fields = [(name, *field) for name, model in SCHEMA["$defs"].items() for field in model["properties"].items()]
    undescribed = [(name, field) for name, field, node in fields
                   if "description" not in node and "$ref" not in node and field not in ("weekly",)]
    assert undescribed == []


def test_models_are_frozen_and_refuse_unknown_keys():
    step = Step.model_validate({"wait": "5 s"})
    with pytest.raises(ValidationError):
        step.wait = None
    with pytest.raises(ValidationError, match="unknown key `wiat`; did you mean `wait`"):
        Step.model_validate({"wiat": "5 s"})


def test_models_are_made_in_python_too():
    assert Deployment(platform="x/y", size=None).given == {"platform": "x/y"}
    arrivals = Arrivals.model_validate({"weekly": {"a": {"when": "mon-sun", "rate": "1/h"}}})
    assert Arrivals(weekly=arrivals.weekly) == arrivals
    with pytest.raises(ValidationError, match="a step can have only one of `tool` and `wait`"):
        Step.model_validate({"tool": {"cpu": "1 s"}, "wait": "1 s"})
    with pytest.raises(ValidationError, match="contradicts it"):
        Deployment(instances=3, min_instances=1)
    expectation = Expectation(that="a < b")
    assert Scenario.model_validate({**data(), "expect": ["a < b", expectation]}).expect == (expectation, expectation)


def test_all_flaws_of_a_model_are_told_at_once():
    with pytest.raises(ValidationError) as caught:
        Scenario.model_validate({"name": "x", "deployments": {"a": {"instances": 1, "max_instances": 0, "vcpus": 2}},
                                 "reference": "b", "workload": {"agents": 0, "arrivals": {"poisson": {"rate": "4"}}}})
    places = {".".join(str(key) for key in one["loc"]) for one in caught.value.errors()}
    assert places == {"as_of", "month", "horizon", "reference", "workload", "workload.agents",
                      "workload.arrivals.poisson.rate", "deployments.a", "deployments.a.max_instances",
                      "deployments.a.vcpus"}
