"""Expectations that compare cases: read, checked, and judged against arithmetic on the figures of the cases."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import t as student

import sim
from sim.api import Sweep
from sim.claims import ExpectationError, across, check, parse, verdicts_across
from sim.errors import InputError
from sim.scenario import Settings
from sim.stats import Estimate, exact

KNOWN = ("a.x", "a.cost.total", "b-c.y")
AXES = {"load": ["1/h", "4/h"], "timeout": ["1 min", "5 min"]}


def test_a_case_stands_behind_its_figure() -> None:
    (one,) = parse("2 * a.x[load=4/h, timeout=5 min] < b-c.y [load = 1/h,timeout=5 min]").comparisons
    assert one.left.right.case == (("load", "4/h"), ("timeout", "5 min"))
    assert one.left.right.key == "a.x[load=4/h, timeout=5 min]" and one.right.key == "b-c.y[load=1/h, timeout=5 min]"
    assert (one.right.start, one.right.end) == (35, 67)
    assert across(parse("a.x[load=4/h] < 1")) and not across(parse("a.x < 1"))


@pytest.mark.parametrize(("text", "column", "message"), [
    ("a.x[load] < 1", 4, "this names no case"),
    ("a.x[] < 1", 4, "this names no case"),
    ("a.x[load=1/h,] < 1", 4, "this names no case"),
    ("a.x[=1/h] < 1", 4, "this names no case"),
    ("a.x[load=1/h < 1", 4, "this names no case"),
])
def test_what_is_no_case(text: str, column: int, message: str) -> None:
    with pytest.raises(ExpectationError) as caught:
        parse(text)
    assert (caught.value.column, caught.value.message) == (column, message)


@pytest.mark.parametrize(("text", "found"), [
    ("a.x[load=4/h] < 2 * a.x[load=1/h]", []),
    ("a.x[lod=4/h] < a.x[load=1/h]", [("there is no axis `lod`", "did you mean `load`?")]),
    ("a.x[load=4h] < 1", [("`load` does not take the value `4h`", "did you mean `4/h`?")]),
    ("a.x[load=4/h, load=1/h] < 1", [("`load` is here twice", "leave one of them out")] * 2),
    ("a.x[load=4/h] < a.x", [("`a.x` does not say of which `load`",
                              "name the case behind each figure, as `a.x[load=4/h]` does")]),
    ("a.y[load=4/h] < 1", [("there is no figure `y`", "choose one of `x`, `cost.total`")]),
])
def test_cases_that_there_are_not(text: str, found: list[tuple[str, str]]) -> None:
    told = [(error.message, error.fix) for error in check(parse(text), KNOWN, AXES)]
    assert [message for message, _ in told] == [message for message, _ in found]
    assert [fix for _, fix in told][:1] == [fix for _, fix in found][:1] or "y" in text


def test_without_axes_there_are_no_cases() -> None:
    (error,) = check(parse("a.x[load=4/h] < 1"), KNOWN)
    assert (error.message, error.fix) == ("there is no axis `load`",
                                          "vary something by `axes`, or leave the brackets out")


def settings(**pairs: str) -> Settings:
    return Settings(tuple(pairs.items()))


def test_cases_are_compared_by_the_paired_ratio() -> None:
    """The interval of the log-ratio of the same replications, by Student's t on its sections."""
    low, high = [10.0, 20.0, 40.0, 15.0], [31.0, 58.0, 121.0, 46.0]
    of = {"1/h": Estimate(sum(low) / 4, low), "4/h": Estimate(sum(high) / 4, high)}
    cases = {settings(load=load): {"a.x": one}.__getitem__ for load, one in of.items()}
    ((one,),) = verdicts_across([parse("a.x[load=4/h] > 2 * a.x[load=1/h]")], cases, 0.95)
    free, verdict = one
    logs = np.log(high) - np.log(low)
    middle = math.log(sum(high) / sum(low))
    half = student.ppf(0.975, 3) * math.sqrt(np.sum((logs - middle) ** 2) / 3 / 4)
    assert not free and verdict.measure == "ratio" and verdict.bound == 2
    assert verdict.value == pytest.approx(math.exp(middle))
    assert verdict.low == pytest.approx(math.exp(middle - half), rel=1e-9)
    assert verdict.high == pytest.approx(math.exp(middle + half), rel=1e-9)
    assert verdict.verdict == "holds"


def test_an_axis_that_is_not_named_is_free_and_the_level_is_shared() -> None:
    value = {("1/h", "1 min"): 1.0, ("1/h", "5 min"): 2.0, ("4/h", "1 min"): 3.0, ("4/h", "5 min"): 1.0}
    drawn = {pair: Estimate(one, [one, one * 1.01, one * (0.99 - one / 100)]) for pair, one in value.items()}
    cases = {settings(load=load, timeout=timeout): {"a.x": one}.__getitem__ for (load, timeout), one in drawn.items()}
    texts = ["a.x[load=4/h] > a.x[load=1/h]", "a.x[load=1/h, timeout=5 min] > 1.5"]
    first, second = verdicts_across([parse(text) for text in texts], cases, 0.94)
    assert [(str(free), verdict.verdict) for free, verdict in first] == [("timeout=1 min", "holds"),
                                                                       ("timeout=5 min", "fails")]
    assert [(str(free), verdict.value) for free, verdict in second] == [("", 2.0)]
    assert {verdict.level for _, verdict in [*first, *second]} == {1 - 0.06 / 3}


def test_what_never_varies_is_decided_exactly() -> None:
    cases = {settings(load=load): {"a.x": exact(value)}.__getitem__ for load, value in (("1/h", 0.1), ("4/h", 0.3))}
    (((_, verdict),),) = verdicts_across([parse("a.x[load=4/h] == 3 * a.x[load=1/h]")], cases, 0.95)
    assert verdict.verdict == "holds"


SCENARIO = """\
name: two
as_of: 2026-11-01
month: 2026-11
horizon: 1 day
drain: 1 h
replications: 5
workload:
  agents: 2
  arrivals: {poisson: {rate: 2/h}}
  request: [{wait: exponential(mean=20 s)}]
deployments:
  a: {platform: hetzner/cx23, instances: 1, concurrency: 1}
axes:
  load:
    path: workload.arrivals
    values: {few: {poisson: {rate: 2/h}}, many: {poisson: {rate: 40/h}}}
  deployments.a.instances: [1, 2]
expect:
  - "a.requests.arrived[load=many] > 10 * a.requests.arrived[load=few]"
  - a.cost.infrastructure < $1
  - "a.latency_s.mean[load=many, instances=1] > a.latency_s.mean[load=many, instances=2]"
  - "a.cost.infrastructure[instances=2] == 3 * a.cost.infrastructure[instances=1]"
"""


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    path = tmp_path_factory.mktemp("across") / "two.yaml"
    path.write_text(SCENARIO)
    found = sim.load(path).run(workers=1)
    assert isinstance(found, Sweep)
    return found


def test_a_sweep_judges_them_in_the_order_of_the_file(sweep: Sweep) -> None:
    assert [one.verdict for one in sweep.expectations] == ["holds", "fails", "holds", "fails"]
    assert [one["case"] for one in sweep.summary["expect"]] == [{"instances": 1}, {"instances": 2}, {}, {"load": "few"},
                                                               {"load": "many"}]
    assert sweep.exit_code == 3
    # In a case there is only what each case is judged by.
    assert {len(case["expect"]) for case in sweep.summary["cases"]} == {1}
    latency = sweep.latency.set_index(["load", "instances", "statistic"]).value
    found = sweep.summary["expect"][2]
    assert found["value"] == pytest.approx(latency["many", 1, "mean"] / latency["many", 2, "mean"])
    assert found["low"] > 1


def test_values_may_have_names(sweep: Sweep) -> None:
    assert sweep.summary["axes"]["load"]["values"] == ["few", "many"]
    arrived = sweep.figures.query("figure == 'requests.arrived' and instances == 1").set_index("load").value
    # 48 agent-hours of 2 and 40 an hour, in the mean of 5 replications: four standard errors.
    for load, mean in (("few", 96), ("many", 1920)):
        assert abs(arrived[load] - mean) < 4 * math.sqrt(mean / 5)


@pytest.mark.parametrize(("old", "new", "message"), [
    ("values: {few:", "values: {2few:", "`2few` cannot be the name of a value"),
    ("name: two", "name: two\nprecision: {latency_s.mean: 50%}",
     "this compares cases, which have as many replications each as `precision` asks for"),
    ("[load=many] > 10", "[load=more] > 10", "`load` does not take the value `more`"),
])
def test_what_a_file_may_not_say(old: str, new: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "two.yaml").write_text(SCENARIO.replace(old, new))
    with pytest.raises(InputError) as caught:
        sim.load(tmp_path / "two.yaml")
    assert message in str(caught.value)


def test_a_case_that_is_no_more_cannot_be_compared(tmp_path: Path) -> None:
    text = SCENARIO.replace("deployments.a.instances: [1, 2]", "seed: [1, 2]")
    (tmp_path / "two.yaml").write_text(text[: text.index("expect:")] + "expect: ['a.cost.total[seed=1] < $9']\n")
    study = sim.load(tmp_path / "two.yaml")
    with pytest.raises(InputError, match="there is no axis `seed`"):
        study.run(seed=3)
