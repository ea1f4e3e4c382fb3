"""What is told of a scenario that can be run: prices that there are not, and keys that change nothing."""

import pytest

from sim import claims
from sim.api import Study
from sim.scenario import loads, notices

HEAD = """name: test
as_of: 2026-11-01
month: 2026-11
horizon: 7 days
replications: 1
prices: {book}
workload:
  agents: 6
  serial: {serial}
  memory: {memory}
  arrivals: {{poisson: {{rate: 6/h}}}}
  request: [{{tool: {{cpu: 100 ms, wait: "exponential(mean=5 min)"}}}}{call}]
deployments:
"""
FLY = "platform: fly/machines, size: shared-cpu-1x-1gb, concurrency: 3"
RUN = "platform: cloud-run/request-based, concurrency: 3"
E2B = "platform: e2b/sandbox, memory: 1 GiB, concurrency: 3"
VM = "platform: hetzner/cx23, concurrency: 3"


def made(deployments, tmp_path, book="list-2026", call="", more="", memory="20 MiB", serial="false"):
    text = HEAD.format(book=book, call=call, memory=memory, serial=serial)
    return loads(text + "".join(f"  {name}: {{{keys}}}\n" for name, keys in deployments.items()) + more, tmp_path,
                 check=claims.problems)


def told(deployments, tmp_path, **more):
    found = notices(made(deployments, tmp_path, **more), tmp_path)
    assert all(one.warning and one.line > 0 and one.fix and "warning: " in one.render() for one in found)
    return [one.message for one in found]


def test_nothing_is_told_of_what_has_prices_and_effects(tmp_path):
    assert told({"a": f"{FLY}, start: 5 s, reuse: newest, idle_timeout: 1 min"}, tmp_path) == []


def test_a_meter_without_a_price_is_told_with_the_figures_that_lack_a_number(tmp_path):
    (one,) = told({"free": "platform: e2b/sandbox"}, tmp_path, book="article-2026")
    assert "article-2026 has no price for `paused sandboxes` of e2b/sandbox" in one
    assert "`free.cost.infrastructure` and `free.cost.total` have no number" in one


def test_a_meter_that_does_not_run_needs_no_price(tmp_path):
    """What idles within the minimum is billed only where a minimum is kept."""
    few = told({"a": RUN}, tmp_path, book="article-2026")
    more = told({"a": f"{RUN}, min_instances: 1"}, tmp_path, book="article-2026")
    assert len(more) == len(few) + 1


def test_a_model_without_a_price_is_told_at_its_name(tmp_path):
    scenario = made({"a": VM}, tmp_path, book="article-2026", call=", {llm: {model: small, input: 9, output: 9}}")
    (one,) = notices(scenario, tmp_path)
    assert one.message == "article-2026 has no price for tokens of `small`: `cost.llm` and `cost.total` have no number"
    assert one.source is not None and one.source[one.column - 1:][:one.width] == "small"


def test_what_is_told_comes_true(tmp_path):
    scenario = made({"a": "platform: e2b/sandbox, placement: per-agent"}, tmp_path, book="article-2026")
    cost = Study(scenario, tmp_path).run(workers=1).summary["deployments"]["a"]["cost"]
    assert cost["infrastructure"]["value"] is None and cost["total"]["value"] is None


IDLE = [
    (FLY, "placement: per-agent", "start", "5 s", "80 s"),
    (E2B, "placement: per-agent", "start", "5 s", "80 s"),
    (FLY, "min_instances: 2, max_instances: 2", "start", "5 s", "80 s"),
    (FLY, "min_instances: 2, max_instances: 2", "wake", "5 s", "70 s"),
    (RUN, "min_instances: 2, max_instances: 2", "idle_timeout", "1 min", "20 min"),
    (FLY, "placement: per-agent, min_instances: 1", "wake", "5 s", "70 s"),
    (VM, "instances: 2", "start", "5 s", "80 s"),
    (FLY, "max_instances: 1", "reuse", "newest", "oldest"),
    (RUN, "placement: per-agent", "reuse", "newest", "oldest"),
    (RUN, "max_instances: 1", "binding", "early", "late"),
]


@pytest.mark.parametrize(("platform", "pool", "key", "one", "other"), IDLE)
def test_a_key_that_changes_nothing_is_told_and_changes_nothing(platform, pool, key, one, other, tmp_path):
    assert [message.partition(":")[0] for message in told({"a": f"{platform}, {pool}, {key}: {one}"}, tmp_path)] == [
        f"`{key}` changes nothing"]
    figures = []
    for value in (one, other):
        study = Study(made({"a": f"{platform}, {pool}, {key}: {value}"}, tmp_path), tmp_path)
        figures.append(study.run(workers=1).summary["deployments"]["a"] | {"rests_on": None})
    assert figures[0] == figures[1]


@pytest.mark.parametrize(("keys", "more"), [
    (f"{FLY}, start: 5 s", {}),
    (f"{RUN}, placement: per-agent, start: 5 s", {}),  # it is deleted when idle, and starts again
    (f"{FLY}, min_instances: 1, max_instances: 2, wake: 5 s", {}),
    (f"{RUN}, max_instances: 1, queue: 2, binding: early", {}),
    # An instance that runs out of memory ends and starts again.
    (f"{FLY}, placement: per-agent, start: 5 s", {"memory": "300 MiB"}),
    (f"{FLY}, min_instances: 2, max_instances: 2, start: 5 s", {"memory": "300 MiB"}),
    # In one case of the axis there is something to choose.
    (f"{FLY}, max_instances: 1, reuse: newest", {"more": "axes: {deployments.a.max_instances: [1, 2]}\n"}),
])
def test_a_key_that_changes_something_is_not_told(keys, more, tmp_path):
    assert told({"a": keys}, tmp_path, **more) == []


def test_an_inherited_key_is_there_for_the_deployment_that_gives_it(tmp_path):
    assert told({"a": f"{FLY}, start: 5 s", "b": "extends: a, placement: per-agent"}, tmp_path) == []


def test_the_same_is_told_once_for_all_cases(tmp_path):
    found = told({"a": f"{VM}, instances: 2, start: 5 s"}, tmp_path, more="axes: {workload.agents: [1, 2, 3]}\n")
    assert len(found) == 1
