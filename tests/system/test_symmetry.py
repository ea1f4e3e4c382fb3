"""What a run may not depend on: names, order, company, the length of the run, and where time begins."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim import catalog, workload
from sim.engine import simulate
from sim.engine.contract import Capacity, Demand, Int64s
from sim.engine.lower import lower
from sim.units import DAY, HOUR, WEEK

from .pairs import crowd, own, recorded, week
from .support import (
    MISSING,
    SESSIONS,
    STARTS,
    Tree,
    base,
    bind,
    figures,
    plain,
    replications,
    requests,
    run,
    same_json,
    tables,
    with_value,
    write_data,
)
from .support import workload as work

FOUR: Tree = {
    "servers": {"platform": "hetzner/cx23", "instances": 2, "concurrency": 3},
    "suspend": {"platform": "fly/machines", "size": "shared-cpu-1x-1gb", "placement": "per-agent"},
    "serverless": {"platform": "cloud-run/request-based", "vcpu": 1, "concurrency": 4, "idle_timeout": "2 min"},
    "functions": {"platform": "aws-lambda/arm", "memory": "1 GiB"},
}
STEPS = [
    {"llm": {"model": "mid-tier", "input": 2000, "output": "gamma(mean=300, cv=1)"}},
    {"loop": {"times": "geometric(mean=2)", "steps": [{"tool": {"cpu": "exponential(mean=300 ms)", "wait": "2 s"}}]}},
]
MIXED = base(replications=2, reference="servers", deployments=FOUR,
             workload=work(agents=3, request=STEPS, arrivals=week()["workload"]["arrivals"]))  # fmt: skip


# Deployments


def said(tree: Tree, folder: Path) -> dict[str, Any]:
    """What is said and what happened of each deployment."""
    result = run(tree, folder)
    return {name: (result.summary["deployments"][name], tables(result, name)) for name in tree["deployments"]}


def test_the_order_of_deployments_changes_only_their_order(folder: Path) -> None:
    turned = MIXED | {"deployments": dict(reversed(FOUR.items()))}
    one, other = run(MIXED, folder), run(turned, folder)
    assert list(other.summary["deployments"]) == list(reversed(one.summary["deployments"]))
    # Equal identities give equal bytes, and these are in another order. Advice names deployments in that order, too.
    assert one.summary.pop("identity") != other.summary.pop("identity")
    advice = [[piece["rule"] for piece in result.summary.pop("advice")] for result in (one, other)]
    assert advice[0] == advice[1]
    assert same_json(one.summary, other.summary)
    assert all(tables(one, name) == tables(other, name) for name in FOUR)
    assert list(one.requests["deployment"].unique()) == list(FOUR)


def test_names_of_deployments_change_only_names(folder: Path) -> None:
    renamed = {name: f"{len(name)}-{name[::-1]}" for name in FOUR}
    one = said(MIXED, folder)
    other = said(MIXED | {"deployments": {renamed[name]: keys for name, keys in FOUR.items()},
                          "reference": renamed["servers"]}, folder)  # fmt: skip
    assert one == {name: other[renamed[name]] for name in FOUR}


def test_the_name_of_the_scenario_changes_nothing_else(folder: Path) -> None:
    assert said(MIXED, folder) == said(MIXED | {"name": "other", "about": "Else."}, folder)


@pytest.mark.parametrize("alone", FOUR)
def test_deployments_do_not_notice_each_other(alone: str, folder: Path) -> None:
    only = MIXED | {"deployments": {alone: FOUR[alone]}, "reference": alone}
    assert said(only, folder)[alone] == said(MIXED, folder)[alone]


def test_company_changes_no_type_of_a_table(folder: Path) -> None:
    one, other = run(MIXED, folder), run(MIXED | {"deployments": {"functions": FOUR["functions"]}, "reference": MISSING}
                                         | {"reference": "functions"}, folder)  # fmt: skip
    for name, table in one.tables.items():
        assert table.dtypes.map(str).to_dict() == other.tables[name].dtypes.map(str).to_dict(), name


@pytest.mark.parametrize("keys", FOUR.values(), ids=FOUR)
def test_one_deployment_under_two_names_is_the_same_twice(keys: Tree, folder: Path) -> None:
    twins = {"one": keys, "other": {"extends": "one"}, "third": keys}
    result = run(MIXED | {"deployments": twins, "reference": "one"}, folder)
    one = result.summary["deployments"]["one"]
    assert all(result.summary["deployments"][name] == one and tables(result, name) == tables(result, "one")
               for name in twins)  # fmt: skip
    for path, ratio in result.summary["paired"]["other"].items():
        value = one["overhead_s" if "overhead" in path else path.split(".")[0]][path.split(".")[1]]["value"]
        assert ratio["value"] == (1.0 if value else None), path


@pytest.mark.parametrize("platform", [name for name in catalog.platform_ids() if name.startswith(
    ("hetzner/cx23", "fly/", "cloud-run", "aws-lambda", "e2b", "daytona", "modal", "cloudflare"))])  # fmt: skip
def test_a_default_of_a_platform_may_be_written_out(platform: str, folder: Path) -> None:
    profile = catalog.profile(platform)
    shared = profile.placement.value == "shared"
    larger = {"cloudflare/containers": "standard-1", "fly/machines": "shared-cpu-1x-1gb",
              "fly/machines-stop": "shared-cpu-1x-1gb"}  # fmt: skip
    shape = {"size": larger.get(platform, profile.default_size)} if profile.sizes else {}
    stated = {
        "placement": profile.placement.value, "binding": profile.binding.value, "reuse": profile.reuse.value,
        "concurrency": profile.concurrency.value, "min_instances": profile.minimum.value if shared else 0,
        "max_instances": profile.maximum.value if shared else 1,
        "queue": "unlimited" if profile.queue.value is None else profile.queue.value,
    }  # fmt: skip
    if profile.ladder:
        stated["idle_timeout"] = f"{profile.ladder[0].after.value} us"
    if shared and profile.maximum.value is None:
        del stated["max_instances"]
    if profile.duration.value is not None:
        stated["max_duration"] = f"{profile.duration.value} us"
    plain_keys = {"platform": platform} | shape
    tree = base(deployments={"plain": plain_keys, "stated": plain_keys | stated}, workload=work(memory="4 MiB"))
    result = run(tree, folder)
    assert figures(result, "plain") == figures(result, "stated")
    assert tables(result, "plain") == tables(result, "stated")


@pytest.mark.parametrize("slots", [2, 40])
def test_what_is_not_used_up_changes_nothing(slots: int, folder: Path) -> None:
    """Memory, a queue, a maximum and a limit of duration that nobody reaches; 40 slots could fill the memory."""
    keys = {"platform": "cloud-run/request-based", "concurrency": slots, "vcpu": 1}
    least = {"memory": "512 MiB", "max_instances": 40, "queue": 100, "max_duration": "50 min"}
    most = {"memory": "4 GiB", "max_instances": 4000, "queue": "unlimited", "max_duration": "60 min"}
    result = run(crowd() | {"deployments": {"least": keys | least, "most": keys | most}}, folder)
    assert figures(result, "least")["requests"]["failed"]["value"] == 0
    assert tables(result, "least") == tables(result, "most")


# Rows and labels


def test_the_order_of_rows_in_a_recording_changes_nothing(tmp_path: Path) -> None:
    tree = recorded() | {"deployments": FOUR}
    first = said(tree, write_data(tmp_path))
    table = pd.read_csv(tmp_path / SESSIONS, dtype=str, keep_default_na=False)
    table.sample(frac=1, random_state=5).to_csv(tmp_path / SESSIONS, index=False)
    starts = pd.read_csv(tmp_path / STARTS).sort_values("ms", ascending=False)
    starts.to_csv(tmp_path / STARTS, index=False)
    assert said(tree, tmp_path) == first


def test_new_names_of_recorded_sessions_in_the_same_order_change_nothing(tmp_path: Path) -> None:
    first = said(recorded(), write_data(tmp_path))
    table = pd.read_csv(tmp_path / SESSIONS, dtype=str, keep_default_na=False)
    table["session"] = "talk " + table["session"]
    table.to_csv(tmp_path / SESSIONS, index=False)
    assert said(recorded(), tmp_path) == first


def taken(demand: Demand, rows: Int64s) -> Demand:
    """The demand of some rows, in that order; none of them may follow another."""
    counts = np.diff(demand.step_first)[rows]
    steps = np.concatenate([np.arange(demand.step_first[row], demand.step_first[row + 1]) for row in rows])
    of_steps = {name: getattr(demand, name)[steps] for name in ("step_kind", "step_cpu", "step_wait", "step_tokens_in",
                "step_tokens_cached", "step_tokens_out", "step_model")}  # fmt: skip
    of_rows = {name: getattr(demand, name)[rows] for name in ("agent", "session", "after", "at", "memory")}
    return dataclasses.replace(demand, step_first=np.concatenate(([0], np.cumsum(counts))), **of_steps, **of_rows)


def lowered(tree: Tree, folder: Path) -> tuple[Demand, Capacity]:
    case = bind(tree, folder)
    scenario = case.scenario
    demand = workload.demand(scenario.workload, folder, scenario.horizon, scenario.drain, scenario.seed, 0)
    return demand, lower(case.deployments[0], demand, scenario.workload.agents, folder, scenario.seed, 0)


@pytest.mark.parametrize("tree", [own(), crowd(), crowd(instances=1, queue=3), crowd(binding="early", max_instances=3)])
def test_which_agent_is_which_matters_to_nobody(tree: Tree, folder: Path) -> None:
    """Agents get each other's numbers and keep their luck: the rows move, what happens to them does not."""
    demand, capacity = lowered(tree, folder)
    agents = tree["workload"]["agents"]
    number = np.random.default_rng(8).permutation(agents)
    rows = np.argsort(number[demand.agent], kind="stable")
    moved = dataclasses.replace(taken(demand, rows), agent=number[demand.agent][rows])
    where = moved.agent if capacity.pools > 1 else np.zeros_like(rows)
    theirs = dataclasses.replace(capacity, pool_of=where, start=capacity.start[rows],
                                 rung_wake=capacity.rung_wake[:, rows])  # fmt: skip
    one, other = simulate(demand, capacity), simulate(moved, theirs)
    assert len(set(demand.at.tolist())) == demand.n, "two arrivals in one microsecond are told apart by their rows"
    for name in ("arrived", "started", "ended", "fate", "cause", "warmth"):
        assert getattr(other, name).tolist() == getattr(one, name)[rows].tolist(), name
    assert one.presence == other.presence


def test_an_agent_more_changes_nothing_for_the_others(folder: Path) -> None:
    """Each agent has luck and an instance of its own."""
    six, nine = (requests(run(with_value(own(), "workload.agents", agents), folder)) for agents in (6, 9))
    assert nine["agent"].nunique() == 9
    # The number of an instance says when it was opened in the fleet.
    kept = nine[nine["agent"] < 6]
    assert kept.drop(columns=["instance"]).equals(six.drop(columns=["instance"]))


# Time


def day_of_load(day: str) -> Tree:
    """A week with load on one day only, on platforms that are back at their start before it and after it."""
    weekly = {"load": {"when": day, "rate": "4/h"}, "none": {"when": "otherwise", "rate": 0}}
    return base(horizon="1 week", workload=work(arrivals={"weekly": weekly}, request=STEPS), deployments=FOUR)


TIMES = ("arrived_us", "admitted_us", "bound_us", "started_us", "ended_us")


def test_load_on_another_day_happens_on_another_day(folder: Path) -> None:
    """Everything is the same, a whole number of days later: each request and each state of each instance."""
    monday, thursday = run(day_of_load("mon"), folder), run(day_of_load("thu"), folder)
    for name in FOUR:
        one, other = requests(monday, name), requests(thursday, name)
        assert len(one) > 100
        for column in one.columns:
            shift = 3 * DAY if column in TIMES else 0
            if column != "arrived_s":
                assert (one[column] + shift if shift else one[column]).equals(other[column]), column
        latency = figures(monday, name)["latency_s"], figures(thursday, name)["latency_s"]
        assert latency[0] == latency[1]


@pytest.mark.parametrize("name", FOUR)
def test_a_quiet_week_before_changes_nothing(name: str, folder: Path) -> None:
    """The second of two weeks alone, if the first leaves the platform as it was."""
    tree = day_of_load("wed") | {"horizon": "2 weeks", "deployments": {name: FOUR[name]}}
    demand, capacity = lowered(tree, folder)
    rows = np.flatnonzero(demand.at >= WEEK)
    later = taken(demand, rows)
    second = dataclasses.replace(later, at=later.at - WEEK, horizon=WEEK, stop=demand.stop - WEEK)
    theirs = dataclasses.replace(capacity, pool_of=capacity.pool_of[rows], start=capacity.start[rows],
                                 rung_wake=capacity.rung_wake[:, rows])  # fmt: skip
    whole, alone = simulate(demand, capacity), simulate(second, theirs)
    assert 50 < len(rows) < demand.n
    for column in ("arrived", "admitted", "bound", "started", "ended"):
        assert getattr(alone, column).tolist() == (getattr(whole, column)[rows] - WEEK).tolist(), column
    for column in ("fate", "cause", "warmth"):
        assert getattr(alone, column).tolist() == getattr(whole, column)[rows].tolist(), column


@pytest.mark.parametrize("factor", [2, 5])
def test_another_rate_moves_the_same_arrivals(factor: int, folder: Path) -> None:
    """Request k of an agent comes when the integral of the rate reaches the same level, with the same work."""
    slow = requests(run(base(horizon="5 days", workload=work(request=STEPS)), folder))
    fast = requests(run(base(horizon="5 days", workload=work(arrivals={"poisson": {"rate": f"{2 * factor}/h"}},
                                                             request=STEPS)), folder))  # fmt: skip
    assert len(fast) > 1.7 * len(slow) * factor / 2
    for agent in range(6):
        few, many = slow[slow["agent"] == agent], fast[fast["agent"] == agent]
        many = many.iloc[: len(few)]
        assert (few["arrived_us"].to_numpy() - factor * many["arrived_us"].to_numpy()).min() >= 0
        assert (few["arrived_us"].to_numpy() - factor * many["arrived_us"].to_numpy()).max() < factor
        assert few["service_us"].tolist() == many["service_us"].tolist()


HORIZONS = {
    "poisson": base(workload=work(request=STEPS)),
    "renewal": base(workload=work(request=STEPS, arrivals={"renewal": {"gap": "gamma(mean=20 min, cv=2)"}})),
    "weekly": MIXED,
    "sessions": recorded(),
}


@pytest.mark.parametrize("name", HORIZONS)
def test_a_longer_horizon_keeps_what_came_before(name: str, folder: Path) -> None:
    """Arrivals, work, and everything that had happened by the end of the shorter."""
    tree = HORIZONS[name] | {"deployments": FOUR}
    end, longer = (WEEK, "2 weeks") if name == "sessions" else (DAY, "3 days")
    short, long = run(tree, folder), run(tree | {"horizon": longer}, folder)
    for name in FOUR:
        one, other = requests(short, name), requests(long, name)
        other = other[other["arrived_us"] < end]
        over = one["ended_us"] < end
        assert len(one) == len(other) > 50 and over.sum() > 50
        key = ["agent", "arrived_us"]
        one, other = one.sort_values(key).reset_index(), other.sort_values(key).reset_index()
        assert one[[*key, "service_us", "tokens_out"]].equals(other[[*key, "service_us", "tokens_out"]])
        over = one["ended_us"] < end
        assert one[over][[*TIMES, "fate", "warmth"]].equals(other[over][[*TIMES, "fate", "warmth"]])


def test_drain_only_finishes_what_was_left(folder: Path) -> None:
    """What ends before the shorter drain is over ends the same; what happens then is not billed anyway."""
    tree = base(workload=work(request=[{"wait": "exponential(mean=1 h)"}]), deployments=FOUR)
    short, long = run(tree | {"drain": "10 min"}, folder), run(tree | {"drain": "2 days"}, folder)
    for name in FOUR:
        one, other = requests(short, name), requests(long, name)
        done = one["ended_us"].notna()
        assert 0 < (~done).sum() < len(one)
        assert one[done].equals(other[done])
        assert (other["fate"] != "unfinished").all()
        costs = [figures(result, name)["cost"]["infrastructure"] for result in (short, long)]
        assert costs[0] == costs[1]


# Replications


def test_more_replications_keep_the_first(folder: Path) -> None:
    few, many = replications(MIXED, folder), replications(MIXED | {"replications": 5}, folder)
    assert [one.number for one in many] == [0, 1, 2, 3, 4]
    for one, other in zip(few, many, strict=False):
        assert plain(one.measures) == plain(other.measures)


def test_more_replications_keep_the_figures_of_the_first(folder: Path) -> None:
    few, many = run(MIXED | {"replications": 5}, folder), run(MIXED | {"replications": 7}, folder)
    for name in FOUR:
        for path in ("cost.total", "latency_s.p50", "overhead_s.p90", "instances.mean"):
            sections = many.estimates[name][path].sections
            assert len(sections) == 7 and sections[:5] == few.estimates[name][path].sections
        assert tables(few, name) == tables(many, name)


def test_what_is_unfinished_is_said_so(folder: Path) -> None:
    """A run without time to drain cuts what is in the system, and its percentiles do not leave that out."""
    keys = {"platform": "hetzner/ccx23", "concurrency": 1000}
    tree = base(drain="0 s", deployments={"here": keys}, workload=work(serial=False, request=[{"wait": "3 h"}]))
    result = run(tree, folder)
    told = figures(result, "here")
    left = int((requests(result)["arrived_us"] >= DAY - 3 * HOUR).sum())
    assert told["requests"]["unfinished"]["value"] == left > 0.1 * told["requests"]["arrived"]["value"]
    assert told["latency_s"]["mean"]["value"] is None and "did not complete" in told["latency_s"]["mean"]["why"]
    assert told["latency_s"]["p90"] == {"value": None, "why": told["latency_s"]["p90"]["why"]}
    assert told["latency_s"]["p50"]["value"] == told["completed"]["latency_s"]["p90"]["value"] == 3 * 3600
