"""Every field of the schema changes something, and only what it is for."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest

from sim import scenario
from sim.api import Result, Study
from sim.distributions.recorded import Samples
from sim.report.terminal import render
from sim.scenario import elastic
from sim.scenario.model import Model
from sim.scenario.recorded import Column

from . import pairs, pairs_provider, pairs_spot
from .pairs import BURSTY, DESCRIPTIVE, MOVES_ARRIVALS, OWN_TESTS, PHASES, Pair, crowd
from .support import ASKED, LEVELS, Tree, base, bind, figures, load, requests, run, tables, with_value, workload

PAIRS = (*pairs.PAIRS, *pairs_spot.SPOT_PAIRS, *pairs_provider.PAIRS_OF_PROVIDERS)
CHOICES = pairs.CHOICES | pairs_spot.SPOT_CHOICES
PLACES = pairs.PLACES | pairs_spot.SPOT_PLACES
NESTED = pairs.NESTED | pairs_spot.SPOT_NESTED | pairs_provider.DEFAULTS_OF_PROVIDERS

ECHOED = ("identity", "seed", "scenario", "about", "as_of", "prices", "reference")
"""Keys of the summary that only repeat what the file says: they prove no effect."""


def models() -> Iterator[type[Model]]:
    """Return every model of the schema, once."""
    modules = [importlib.import_module(f"sim.scenario.{one.name}") for one in pkgutil.iter_modules(scenario.__path__)]
    found = {one for module in modules for _, one in inspect.getmembers(module, inspect.isclass)
             if issubclass(one, Model) and one not in (Model, elastic.Target)}  # fmt: skip
    yield from sorted(found, key=lambda one: one.__name__)


def look(result: Result, path: str) -> Any:
    """Return what stands at a path of the summary."""
    deployment, _, rest = path.rpartition(":")
    part: Any = result.summary["deployments"][deployment] if deployment else result.summary
    for key in rest.split("."):
        part = part[key]
    return part


def happened(result: Result) -> Any:
    """All tables and figures, without what only repeats the file: the age of a price is counted from its ``as_of``."""
    told = {}
    for name in result.summary["deployments"]:
        found = figures(result, name)
        lines = [{key: value for key, value in line.items() if key != "age_days"} for line in found["cost"]["lines"]]
        told[name] = (found | {"cost": found["cost"] | {"lines": lines}}, tables(result, name))
    return told


def both(pair: Pair, folder: Path) -> tuple[Tree, Tree]:
    return with_value(pair.tree, pair.path, pair.one), with_value(pair.tree, pair.path, pair.other)


@pytest.fixture(scope="module")
def data(folder: Path) -> Path:
    """The data files, one more with starts, and files to be extended."""
    (folder / "again.csv").write_text("ms\n700\n900\n", encoding="utf-8")
    for number, name in ((2, "two"), (5, "five")):
        (folder / f"{name}-agents.yaml").write_text(f"workload: {{agents: {number}}}\n", encoding="utf-8")
    return folder


def test_every_field_has_a_pair() -> None:
    fields = {f"{model.__name__}.{name}" for model in models() for name in model.model_fields}
    keys = {"file": "samples"}
    fields |= {f"Samples.{keys.get(field.name, field.name)}" for field in dataclasses.fields(Samples)}
    fields |= {f"Column.{field.name}" for field in dataclasses.fields(Column) if field.name != "scale"}
    paired = [pair.name for pair in PAIRS]
    assert sorted([*paired, *OWN_TESTS]) == sorted(fields)


def test_every_field_with_named_values_is_listed() -> None:
    found = set()
    for model in models():
        for name, field in model.model_fields.items():
            named = [one for one in (field.annotation, *get_args(field.annotation)) if get_origin(one) is Literal]
            found |= {f"{model.__name__}.{name}" for one in named if len(get_args(one)) > 1}
    assert set(CHOICES) == found


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_a_field_changes_what_it_is_for(pair: Pair, data: Path) -> None:
    one, other = (run(tree, data) for tree in both(pair, data))
    for path in pair.shows:
        assert look(one, path) is not None or look(other, path) is not None, path
        assert look(one, path) != look(other, path), path
    assert one.summary["identity"] != other.summary["identity"]
    if pair.name in DESCRIPTIVE:
        assert happened(one) == happened(other)
        if pair.name != "Scenario.about":
            assert render(one.summary, width=120) != render(other.summary, width=120)
    else:
        assert happened(one) != happened(other)
    if not pair.name.startswith(MOVES_ARRIVALS) and not {"sessions", "closed"} & set(pair.tree["workload"]["arrivals"]):
        assert requests(one)["arrived_us"].equals(requests(other)["arrived_us"])


@pytest.mark.parametrize("name", CHOICES)
def test_each_named_value_is_a_behaviour_of_its_own(name: str, data: Path) -> None:
    model, _, key = name.partition(".")
    annotation = next(one for one in models() if one.__name__ == model).model_fields[key].annotation
    values = [value for one in (annotation, *get_args(annotation)) if get_origin(one) is Literal
              for value in get_args(one)]  # fmt: skip
    traces = {value: tables(run(with_value(CHOICES[name], f"{PLACES[model]}.{key}", value), data), "here")
              for value in values}  # fmt: skip
    for one, other in combinations(values, 2):
        assert traces[one] != traces[other], (one, other)


def test_a_case_of_an_axis_is_the_scenario_with_the_value_written_in_it(data: Path) -> None:
    axes = {"workload.agents": [3, 9], "wait": {"path": "deployments.here.idle_timeout", "values": ["1 min", "1 h"]}}
    made = scenario.cases(load(crowd() | {"axes": axes}, data))
    assert [str(settings) for settings, _ in made] == [
        f"agents={agents}, wait={idle}" for agents in (3, 9) for idle in ("1 min", "1 h")]  # fmt: skip
    for settings, case in made:
        chosen = dict(settings.pairs)
        written = with_value(crowd(), "workload.agents", chosen["agents"])
        written = with_value(written, "deployments.here.idle_timeout", chosen["wait"])
        mine, theirs = Study(case, data).run(workers=1), run(written, data)
        assert happened(mine) == happened(theirs)


DEFAULTS = {
    "axes": {}, "about": "", "warmup": "0 s", "drain": "1 day", "seed": 0, "replications": 8, "prices": "list-2026",
    "expect": [],
    "workload.serial": True, "workload.memory": "256 MiB", "workload.parallel": "0%",
    "workload.request.0.tool.cpu": "0 s",
    "workload.request.1.tool.wait": "0 s", "workload.arrivals.sessions.shape.time": "t_s",
    "workload.arrivals.sessions.shape.rate": "rate", "workload.arrivals.bursts.scope": "agent",
    "workload.arrivals.burstiness.scope": "fleet", "workload.arrivals.bulk.over": "agent",
    "workload.arrivals.requests.time": "t_s", "workload.arrivals.requests.unit": "s",
    "workload.arrivals.rates.per": "s",
    "workload.arrivals.requests.begin": "0 s", "workload.arrivals.requests.loop": False,
}  # fmt: skip
"""What the schema says of fields that are left out; the others are None: nothing is said."""


def test_every_default_is_listed() -> None:
    with_default = {name for model in models() for name, field in model.model_fields.items()
                    if not field.is_required() and field.default is not None}  # fmt: skip
    assert with_default == {path.rpartition(".")[2] for path in (*DEFAULTS, *NESTED)}


@pytest.mark.parametrize("path", NESTED)
def test_a_default_below_a_deployment_may_be_written_out(path: str, data: Path) -> None:
    value, tree = NESTED[path]
    assert bind(tree, data).identity == bind(with_value(tree, path, value), data).identity


@pytest.mark.parametrize("path", DEFAULTS)
def test_a_default_may_be_written_out(path: str, data: Path) -> None:
    tree = base(horizon="1 week", workload=workload(
        request=[{"tool": {"wait": "1 s"}}, {"tool": {"cpu": "1 s"}}],
        arrivals={"sessions": {"file": "sessions.csv", "per_day": 20, "shape": {"file": LEVELS}}}))  # fmt: skip
    if "sessions" not in path:
        kinds = {"bursts": {"phases": PHASES}, "requests": {"file": ASKED}, "rates": {"file": LEVELS},
                 "poisson": {"rate": "2/h"}}  # fmt: skip
        kind = next((kind for kind in kinds if kind in path), "poisson")
        options = {"burstiness": BURSTY, "bulk": {"size": 2}}
        beside = {option: value for option, value in options.items() if option in path}
        tree["workload"]["arrivals"] = {kind: kinds[kind]} | beside
    else:
        del tree["workload"]["request"]
    for key in ("seed", "replications"):
        del tree[key]
    if path == "workload.memory":
        del tree["workload"]["memory"]
    assert bind(tree, data).identity == bind(with_value(tree, path, DEFAULTS[path]), data).identity
