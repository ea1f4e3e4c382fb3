"""Binding, against a platform made up here, so that every expected figure is one of this file."""

import dataclasses
import os
import pickle
import subprocess
import sys
from datetime import date
from fractions import Fraction
from pathlib import Path

import cloudpickle
import pytest

from sim import catalog, distributions
from sim.catalog.profiles import Profile
from sim.errors import InputError, UnknownName
from sim.scenario import Scenario, bind, loads

MINUTE, SECOND, MIB, GIB = 60_000_000, 1_000_000, 2**20, 2**30
FIELDS = {"placement": "shared", "binding": "late", "reuse": "newest", "concurrency": 7, "minimum": 0, "maximum": 9,
          "queue": 30, "duration": "10 min", "max_duration": "1 h", "base_memory": "100 MiB", "on_memory": "kill"}
HEAD = """
name: test
as_of: 2026-11-01
month: 2026-11
horizon: 1 day
workload:
  agents: 3
  arrivals: {poisson: {rate: 4/h}}
  memory: 50 MiB
  request:
    - llm: {model: mid-tier, input: 10, output: 10}
    - llm: {model: frontier, input: 10, output: 10, time: 2 s}
deployments:
"""


def figure(value, standing="vendor"):
    return {"value": value, "standing": standing, "source": "a test", "as_of": "2026-01-02",
            **({"reason": "why not"} if standing == "assumed" else {})}


def sized(**more):
    return {"standing": "vendor", "source": "a test", "as_of": "2026-01-02", **more}


def profile(id, **more):
    ladder = [
        {"name": "paused", "after": figure("5 min", "assumed"), "enter": figure("2 s"),
         "enter_per_gib": figure("4 s"), "wake": figure("300 ms"), "keeps": True, "max_memory": figure("8 GiB")},
        {"name": "deleted", "after": figure("30 days"), "enter": figure(0), "keeps": False},
    ]
    meters = {**dict.fromkeys(("starting", "idle", "busy", "entering", "waking"), "up"), "rungs": {"paused": None}}
    start = [{"name": "image", "time": figure("exponential(mean=2 s)", "measured")},
             {"name": "code", "time": figure("1 s")}]
    return Profile.model_validate({
        "id": id, "title": "T", "vendor": "V", "ladder": ladder, "start": start, "meters": sized(**meters),
        **{key: figure(value) for key, value in FIELDS.items()}, **more})


def free(**more):
    return {"vcpu_range": sized(low=0.25, high=4), "memory_range": sized(low="128 MiB", high="16 GiB"),
            "default_vcpu": figure(1), "default_memory": figure("1536 MiB"), **more}


SIZES = {"sizes": {"s": sized(vcpu=1, memory="1 GiB"), "m": sized(vcpu=2, memory="4 GiB"),
                   "l": sized(vcpu=2, memory="16 GiB")}, "default_size": "m"}
PLATFORMS = {
    "hetzner/free": profile("hetzner/free", **free()),
    "hetzner/sizes": profile("hetzner/sizes", **SIZES),
    "hetzner/linked": profile("hetzner/linked", memory_range=sized(low="128 MiB", high="16 GiB"),
                              default_memory=figure("1 GiB"), memory_per_vcpu=figure("1769 MiB"),
                              max_concurrency=figure(7)),
    "hetzner/server": profile("hetzner/server", **SIZES, ladder=[], minimum=figure(1), maximum=figure(1),
                              meters=sized(idle="up", busy="up"), max_duration=figure("unlimited"),
                              duration=figure("unlimited"), queue=figure("unlimited")),
    "nowhere/unpriced": profile("nowhere/unpriced", **free()),
}


@pytest.fixture(autouse=True)
def platforms(monkeypatch):
    def look_up(_, id):
        if id not in PLATFORMS:
            raise UnknownName(id, PLATFORMS, "platform")
        return PLATFORMS[id]
    monkeypatch.setattr(catalog.Catalogue, "profile", look_up)


def bound(text, tmp_path, head=HEAD):
    scenario = loads(head + text, tmp_path)
    return {one.name: one for one in bind(scenario, tmp_path).deployments}


def only(keys, tmp_path):
    return bound(f"  it: {{platform: hetzner/{keys}}}\n", tmp_path)["it"]


def told(keys, tmp_path, head=HEAD):
    with pytest.raises(InputError) as caught:
        bound(f"  it: {{platform: {keys}}}\n", tmp_path, head)
    return [problem.message for problem in caught.value.problems]


def test_defaults_are_those_of_the_profile(tmp_path):
    it = only("free", tmp_path)
    assert (it.platform, it.size, it.vcpu, it.memory) == ("hetzner/free", None, 1, 1536 * MIB)
    assert (it.placement, it.binding, it.reuse, it.concurrency) == ("shared", "late", "newest", 7)
    assert (it.minimum, it.maximum, it.queue, it.duration_limit) == (0, 9, 30, 10 * MINUTE)
    assert (it.base_memory, it.memory_kills) == (100 * MIB, True)
    assert it.start == (distributions.duration("exponential(mean=2 s)"), distributions.duration("1 s"))
    paused, deleted = it.ladder
    # 2 s, and 4 s for each of 1.5 GiB.
    assert (paused.name, paused.after, paused.enter, paused.keeps) == ("paused", 5 * MINUTE, 8 * SECOND, True)
    assert paused.wake == distributions.duration("300 ms")
    assert (deleted.after, deleted.enter, deleted.keeps) == (30 * 1440 * MINUTE, 0, False)
    assert deleted.wake == distributions.ZERO


def test_keys_of_the_deployment_come_first(tmp_path):
    it = only("free, vcpu: 500m, memory: 3 GiB, placement: per-agent, binding: early, reuse: oldest, concurrency: 2, "
              "idle_timeout: 9 s, queue: unlimited, max_duration: 3 s, start: 7 s, wake: 8 s", tmp_path)
    assert (it.vcpu, it.memory, it.placement) == (Fraction(1, 2), 3 * GIB, "per-agent")
    assert (it.binding, it.reuse, it.concurrency) == ("early", "oldest", 2)
    assert (it.queue, it.duration_limit, it.start) == (None, 3 * SECOND, (distributions.duration("7 s"),))
    assert (it.ladder[0].after, it.ladder[0].enter) == (9 * SECOND, 14 * SECOND)
    assert it.ladder[0].wake == distributions.duration("8 s") and it.ladder[1].after == 30 * 1440 * MINUTE


def test_shapes(tmp_path):
    assert (only("sizes", tmp_path).size, only("sizes", tmp_path).memory) == ("m", 4 * GIB)
    small = only("sizes, size: s", tmp_path)
    assert (small.size, small.vcpu, small.memory, small.ladder[0].enter) == ("s", 1, GIB, 6 * SECOND)
    linked = only("linked, memory: 3538 MiB", tmp_path)
    assert (linked.size, linked.vcpu) == (None, 2)
    assert only("linked", tmp_path).vcpu == Fraction(1024, 1769)


@pytest.mark.parametrize(("keys", "minimum", "maximum"), [
    ("free", 0, 9), ("free, instances: 4", 4, 4), ("free, min_instances: 2", 2, 9), ("free, max_instances: 50", 0, 50),
    ("free, placement: per-agent", 0, 1), ("free, placement: per-agent, instances: 1", 1, 1),
    ("free, placement: per-agent, min_instances: 1", 1, 1), ("server", 1, 1), ("server, instances: 3", 3, 3),
    ("server, placement: per-agent", 1, 1), ("server, max_instances: 5", 1, 5),
    ("server, min_instances: 0, max_instances: 5", 0, 5),
])
def test_how_many_instances(keys, minimum, maximum, tmp_path):
    it = only(keys, tmp_path)
    assert (it.minimum, it.maximum) == (minimum, maximum)


def test_an_instance_of_a_session_is_not_kept(tmp_path):
    (tmp_path / "s.csv").write_text("session,turn,step,gap_s,kind,wait_s\na,0,0,,llm,1\n")
    head = ("name: test\nas_of: 2026-11-01\nmonth: 2026-11\nhorizon: 1 day\nworkload:\n  agents: 3\n"
            "  arrivals: {sessions: {file: s.csv, per_day: 5}}\ndeployments:\n")
    it = bound("  it: {platform: hetzner/server, placement: per-session}\n", tmp_path, head)["it"]
    assert (it.minimum, it.maximum) == (0, 1)
    assert told("hetzner/free, placement: per-session, min_instances: 1", tmp_path, head) == [
        "with `placement: per-session` every session has one instance of its own, and none is kept"]


def test_keys_are_inherited(tmp_path):
    text = ("  a: {platform: hetzner/free, instances: 4, vcpu: 2, memory: 2 GiB, queue: 1}\n"
            "  b: {extends: a, max_instances: 6, queue: 2}\n"
            "  c: {extends: b, instances: 3}\n"
            "  d: {extends: a, platform: hetzner/sizes, size: s}\n"
            "  e: {extends: d, min_instances: 1}\n")
    got = {name: (one.minimum, one.maximum, one.queue, one.size, one.vcpu, one.memory // MIB)
           for name, one in bound(text, tmp_path).items()}
    assert got == {
        "a": (4, 4, 1, None, 2, 2048),
        "b": (4, 6, 2, None, 2, 2048),
        "c": (3, 3, 2, None, 2, 2048),
        "d": (4, 4, 1, "s", 1, 1024),
        "e": (1, 4, 1, "s", 1, 1024),
    }


@pytest.mark.parametrize(("keys", "messages"), [
    ("hetzner/fre", ["unknown platform `hetzner/fre`"]),
    ("hetzner/sizes, size: x", ["hetzner/sizes has no size `x`"]),
    ("hetzner/sizes, vcpu: 2", ["hetzner/sizes has named sizes, so `vcpu` cannot be chosen"]),
    ("hetzner/free, size: m", ["hetzner/free has no named sizes"]),
    ("hetzner/free, vcpu: 5", ["hetzner/free does not have instances of 5 vCPU"]),
    ("hetzner/free, vcpu: 0.2, memory: 64 MiB", ["hetzner/free does not have instances of 0.2 vCPU",
                                                 "hetzner/free does not have instances of 64 MiB"]),
    ("hetzner/linked, vcpu: 2", ["on hetzner/linked the cores follow from the memory"]),
    ("hetzner/free, memory: 9 GiB", ["instances of 9 GiB cannot be paused on hetzner/free"]),
    ("hetzner/sizes, size: l", ["instances of 16 GiB cannot be paused on hetzner/sizes"]),
    ("hetzner/free, memory: 149 MiB",
     ["no request fits: one takes 50 MiB beside the 100 MiB of the runtime, an instance has 149 MiB"]),
    ("hetzner/free, memory: 249 MiB",
     ["3 requests at once do not fit, and the default concurrency of hetzner/free lets them in: one takes 50 MiB "
      "beside the 100 MiB of the runtime, an instance has 249 MiB"]),
    ("hetzner/linked, concurrency: 8", ["hetzner/linked serves 7 requests at once on an instance, not 8"]),
    ("hetzner/free, max_duration: 61 min", ["hetzner/free ends every request after 1 h"]),
    ("hetzner/server, idle_timeout: 5 min",
     ["instances of hetzner/server run until they are deleted: they never rest"]),
    ("hetzner/free, min_instances: 10",
     ["`min_instances` 10 is more than the 9 that hetzner/free has at most by default"]),
    ("hetzner/free, min_instances: 1, idle_timeout: 999 ms",
     ["`999 ms` is too short where instances are kept: each is looked at again that often"]),
    ("hetzner/free, placement: per-agent, max_instances: 2",
     ["with `placement: per-agent` every agent has one instance of its own"]),
    ("hetzner/free, placement: per-session", ["`placement: per-session` needs arrivals in sessions"]),
    ("nowhere/unpriced", ["the price book has no prices of nowhere/unpriced"]),
])
def test_what_a_platform_does_not_allow(keys, messages, tmp_path):
    assert told(keys, tmp_path) == messages


@pytest.mark.parametrize("keys", [
    "free, memory: 8 GiB", "free, memory: 150 MiB, concurrency: 1", "free, vcpu: 0.25", "free, vcpu: 4",
    "linked, concurrency: 7",
    "free, max_duration: 1 h", "server, max_duration: 9 days", "free, min_instances: 9", "free, idle_timeout: 0",
    "free, min_instances: 1, idle_timeout: 1 s", "free, concurrency: 1000",
    # Three agents work on one request each: 3 x 50 MiB and the runtime's 100 MiB are just there.
    "free, memory: 250 MiB", "free, memory: 249 MiB, concurrency: 7", "free, memory: 150 MiB, placement: per-agent",
])
def test_what_a_platform_just_allows(keys, tmp_path):
    assert only(keys, tmp_path)


def test_what_a_deployment_rests_on(tmp_path):
    it = only("sizes, size: s, idle_timeout: 9 s, instances: 2, wake: 8 s", tmp_path)
    rests = {one.path: one for one in it.rests_on}
    assert set(rests) == {
        "sizes.s", "placement", "binding", "reuse", "concurrency", "queue", "duration", "base_memory", "on_memory",
        "meters", "ladder.paused.enter", "ladder.paused.enter_per_gib", "ladder.deleted.after", "ladder.deleted.enter",
        "start.image.time", "start.code.time", "size", "idle_timeout", "instances", "wake",
        "llm.mid-tier.first_token", "llm.mid-tier.tokens_per_second"}
    assert dataclasses.astuple(rests["start.image.time"]) == (
        "start.image.time", "exponential(mean=2 s)", "measured", "a test", date(2026, 1, 2), None)
    assert dataclasses.astuple(rests["idle_timeout"]) == ("idle_timeout", "9 s", "scenario", "", None, None)
    assert [rests[path].value for path in ("sizes.s", "base_memory", "duration", "meters", "ladder.deleted.after")] == [
        "1 vCPU, 1 GiB", "100 MiB", "10 min", "up", "30 days"]
    default = {one.path: one for one in only("sizes, size: s", tmp_path).rests_on}
    assert default["ladder.paused.after"].reason == "why not"
    apart = {one.path for one in only("free, placement: per-agent, start: 1 s", tmp_path).rests_on}
    assert "maximum" not in apart and "minimum" in apart and not any(path.startswith("start.") for path in apart)


def test_identity_is_of_content(tmp_path):
    def identity(text, head=HEAD):
        return bind(loads(head + text, tmp_path), tmp_path).identity

    text = "  a: {platform: hetzner/free, queue: 3, idle_timeout: 90 s}\n  b: {platform: hetzner/server}\n"
    same = ("  a:\n    idle_timeout: 1 min 30 s  # a comment\n    queue: 3\n    platform: hetzner/free\n"
            "  b: {platform: hetzner/server}\n")
    assert len(identity(text)) == 64 and identity(same) == identity(text)
    assert identity(text + "reference: a\n") != identity(text + "reference: b\n")
    for old, new in (("90 s", "91 s"), ("queue: 3", "queue: 4"), ("hetzner/server", "hetzner/sizes"), ("  a:", "  c:")):
        assert identity(text.replace(old, new)) != identity(text)
    assert identity(text, HEAD.replace("4/h", "5/h")) != identity(text)


def test_a_case_is_the_same_in_every_process():
    path = Path(__file__).parent / "right" / "support-bot.yaml"
    code = ("import sys; from pathlib import Path; from sim.scenario import bind, load; path = Path(sys.argv[1])\n"
            "case = bind(load(path), path.parent); print(case.identity, [one.rests_on for one in case.deployments])")
    told = {subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True,
                           cwd=path.parents[3], env={**os.environ, "PYTHONHASHSEED": seed}).stdout for seed in "12"}
    assert len(told) == 1


def test_identity_follows_the_catalogue(tmp_path, monkeypatch):
    scenario = loads(HEAD + "  a: {platform: hetzner/free}\n", tmp_path)
    before = bind(scenario, tmp_path).identity
    monkeypatch.setitem(PLATFORMS, "hetzner/free", profile("hetzner/free", **free(queue=figure(31))))
    assert bind(scenario, tmp_path).identity != before


def test_a_case_crosses_processes(tmp_path):
    case = bind(loads(HEAD + "  a: {platform: hetzner/free}\n", tmp_path), tmp_path)
    assert pickle.loads(cloudpickle.dumps(case)) == case
    assert case.reference == "a" and case.book == "list-2026" and case.directory == tmp_path


def test_a_scenario_made_in_python_is_told_by_path(tmp_path):
    scenario = Scenario.model_validate({
        "name": "test", "as_of": date(2026, 11, 1), "month": "2026-11", "horizon": "1 day",
        "workload": {"agents": 3, "arrivals": {"poisson": {"rate": Fraction(1, 900)}}, "request": [{"wait": "1 s"}]},
        "deployments": {"a": {"platform": "hetzner/free", "concurrency": 3}, "b": {"platform": "hetzner/fre"}}})
    with pytest.raises(InputError) as caught:
        bind(scenario, tmp_path)
    assert str(caught.value) == ("test: error: deployments.b.platform: unknown platform `hetzner/fre`\n"
                                 "     = fix: did you mean `hetzner/free`?")


def test_positions_are_kept_for_bind(tmp_path, monkeypatch):
    scenario = loads(HEAD + "  a: {platform: hetzner/free}\n", tmp_path)
    monkeypatch.delitem(PLATFORMS, "hetzner/free")
    with pytest.raises(InputError) as caught:
        bind(scenario, tmp_path)
    assert caught.value.problems[0].place == "scenario:14:17"
