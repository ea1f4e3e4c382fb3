"""What must be true of time and money, whatever the figures are."""

from __future__ import annotations

import copy
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from sim import workload
from sim.billing import Invoice, Month, bill, observe
from sim.catalog import prices
from sim.study import warmup
from sim.study.replicate import replicate
from sim.trace.spans import spans
from sim.units import SECOND

from .pairs import crowd, recorded
from .support import Tree, base, bind, figures, replications, requests, run
from .support import workload as work

BOOK = "list-2026"

# Prices


def scaled(tree: Any, factor: int) -> Any:
    """A price list with every sum of dollars multiplied."""
    if isinstance(tree, dict):
        return {key: scaled(value, factor) for key, value in tree.items()}
    if isinstance(tree, list):
        return [scaled(value, factor) for value in tree]
    if isinstance(tree, str) and tree.startswith("$"):
        return f"${Decimal(tree.removeprefix('$')) * factor}"
    return tree


def copied(folder: Path, platform: str, factor: int, charge: str | None = None) -> str:
    """Copy a price list into a book of its own, and multiply all its prices, or those of one charge."""
    tree = yaml.safe_load((prices.BOOKS / BOOK / f"{platform}.yaml").read_text(encoding="utf-8"))
    if charge is None:
        tree = scaled(tree, factor)
    else:
        tree["charges"][charge] = scaled(tree["charges"][charge], factor)
    book = folder / "copy"
    book.mkdir()
    (book / f"{platform}.yaml").write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    return book.name


UNLIMITED = {"quota": "unlimited", "openings": "unlimited", "lifetime": "unlimited"}
"""Of the account: as many as are asked for, at once, for as long."""

BILLED: Tree = {
    "hetzner": {"platform": "hetzner/cx23", "instances": 2},
    "fly": {"platform": "fly/machines", "size": "shared-cpu-1x-1gb", "placement": "per-agent"},
    "cloud-run": {"platform": "cloud-run/request-based", "vcpu": 2, "concurrency": 1, "min_instances": 1},
    "aws-lambda": {"platform": "aws-lambda/x86", "memory": "10 GiB"},
    "e2b": {"platform": "e2b/sandbox", "placement": "per-agent"},
    "daytona": {"platform": "daytona/sandbox", "placement": "per-agent"},
    "modal": {"platform": "modal/sandbox"},
    "cloudflare": {"platform": "cloudflare/containers", "size": "standard-1"},
}
BUSY = base(deployments=BILLED, workload=work(agents=8, arrivals={"poisson": {"rate": "12/h"}}))


@pytest.fixture(scope="module")
def busy(folder: Path) -> Any:
    """A run of many platforms, and a function that bills it by a book of another folder."""
    case = bind(BUSY, folder)
    kept = replicate(case, 0, warmup.given(case.scenario), keep=True)
    assert kept.demand is not None
    models = workload.models(case.scenario.workload, folder)

    def billed(name: str, books: Path = prices.BOOKS, book: str = BOOK) -> Invoice:
        demand, (_, outcome) = kept.demand, kept.runs[name]
        assert demand is not None
        deployment = next(one for one in case.deployments if one.name == name)
        tokens = prices.prices(BOOK, "llm").model_copy(update={"book": book})
        return bill(observe(demand, outcome, spans(outcome, demand.stop), kept.window), deployment, models,
                    Month.parse("2026-11"), prices.prices(book, deployment.platform, books), tokens)  # fmt: skip

    return billed


@pytest.mark.parametrize("name", BILLED)
def test_a_book_of_other_prices_scales_every_line(name: str, busy: Any, tmp_path: Path) -> None:
    book = copied(tmp_path, name, 3)
    one, other = busy(name), busy(name, tmp_path, book)
    assert one.total() > 0
    assert [line.item for line in other.lines] == [line.item for line in one.lines]
    for mine, theirs in zip(one.lines, other.lines, strict=True):
        assert theirs.quantity == mine.quantity and theirs.free == mine.free
        assert theirs.amount == (None if mine.amount is None else mine.amount * 3)
    assert other.total() == one.total() * 3


@pytest.mark.parametrize("name", BILLED)
def test_the_price_of_one_thing_scales_its_lines_alone(name: str, busy: Any, tmp_path: Path) -> None:
    one = busy(name)
    paid = next(line for line in one.lines if line.charge is not None and line.amount)
    other = busy(name, tmp_path, copied(tmp_path, name, 7, paid.charge))
    for mine, theirs in zip(one.lines, other.lines, strict=True):
        if mine.charge is not None:  # a credit may be used up to another degree
            assert theirs.amount == (mine.amount or 0) * (7 if mine.charge == paid.charge else 1)


def test_the_price_book_changes_the_bill_and_nothing_else(folder: Path) -> None:
    kept = {name: BILLED[name] for name in ("hetzner", "fly", "cloud-run", "e2b")}
    one = replications(BUSY | {"deployments": kept}, folder)[0]
    other = replications(BUSY | {"deployments": kept, "prices": "article-2026"}, folder)[0]
    for name in kept:
        mine, theirs = one.measures[name], other.measures[name]
        assert all(np.array_equal(mine.times[key], theirs.times[key]) for key in mine.times)
        assert mine.ratios == theirs.ratios and mine.counts == theirs.counts
        assert mine.proportions == theirs.proportions
        assert mine.invoice.total() != theirs.invoice.total()


# Instant, endless, free


INSTANT = {
    "one that holds all": {"platform": "cloud-run/request-based", "vcpu": 8, "memory": "4 GiB", "concurrency": 1000,
                           "start": 0},
    "one for each": {"platform": "cloud-run/request-based", "concurrency": 1, "start": 0, "idle_timeout": "0 s"},
    "functions": {"platform": "aws-lambda/arm", "memory": "2 GiB", "start": "0 s"},
    "servers": {"platform": "hetzner/ccx23", "instances": 3, "concurrency": 1000},
    "own": {"platform": "e2b/sandbox", "placement": "per-agent", "vcpu": 4, "wake": 0, "idle_timeout": "9 days"},
    "own again": {"platform": "modal/sandbox", "placement": "per-agent", "vcpu": 4, "start": 0, "idle_timeout": "0 s"},
    "late": {"platform": "modal/function", "binding": "late", "vcpu": 1, "start": 0, "idle_timeout": "1 min"},
}


@pytest.mark.parametrize("keys", INSTANT.values(), ids=INSTANT)
@pytest.mark.parametrize("serial", [True, False])
def test_an_instant_endless_platform_adds_nothing(keys: Tree, serial: bool, folder: Path) -> None:
    """To any request: agents wait for themselves as they do on the ideal platform."""
    # Four agents, each with one request on the CPU at most: as many as the smallest instance has cores.
    steps = [{"tool": {"cpu": "exponential(mean=8 s)" if serial else 0, "wait": "lognormal(mean=60 s, p95=200 s)"}}]
    tree = base(deployments={"here": keys}, workload=work(
        agents=4, serial=serial, arrivals={"poisson": {"rate": "6/h"}}, request=steps, memory="1 MiB"))  # fmt: skip
    result = run(tree, folder)
    table = requests(result)
    assert len(table) > 300 and (table["fate"] == "completed").all()
    assert (table["overhead_s"] == 0).all()
    assert table["latency_s"].equals(table["ideal_s"])
    told = figures(result, "here")
    assert told["overhead_s"]["mean"]["value"] == told["overhead_s"]["p90"]["value"] == 0
    assert (table["turn_s"] > 0).any() == serial
    assert all(told["wait_s"][cause]["mean"]["value"] == 0 for cause in ("queue", "start", "wake", "contention"))


@pytest.mark.parametrize("platform", ["e2b/sandbox", "daytona/sandbox", "modal/sandbox"])
def test_an_instant_sandbox_for_each_session_adds_nothing(platform: str, folder: Path) -> None:
    keys = {"platform": platform, "placement": "per-session", "vcpu": 1, "start": 0, "idle_timeout": "9 days",
            "limits": UNLIMITED}  # fmt: skip
    tree = recorded()
    tree["workload"]["serial"] = False
    tree["deployments"] = {"here": keys}
    table = requests(run(tree, folder))
    assert len(table) > 50 and (table["overhead_s"] == 0).all()


# Start-up


@pytest.mark.parametrize("seconds", [0.2, 3, 120])
@pytest.mark.parametrize("binding", ["early", "late"])
def test_without_keep_alive_every_request_waits_for_a_start(seconds: float, binding: str, folder: Path) -> None:
    """With endless instances for one request each, the overhead is the start-up: no more and no less."""
    keys = {"platform": "modal/function", "binding": binding, "start": f"{seconds} s", "idle_timeout": "0 s", "vcpu": 1}
    tree = base(deployments={"here": keys}, workload=work(serial=False, request=[{"wait": "exponential(mean=1 s)"}]))
    table = requests(run(tree, folder))
    if binding == "early":
        assert (table["warmth"] == "cold").all() and (table["overhead_s"] == seconds).all()
    else:  # or less, where another instance is free before
        assert table["overhead_s"].max() == seconds


SERIAL = base(
    horizon="2 days",
    workload=work(agents=10, arrivals={"poisson": {"rate": "3/h"}},
                  request=[{"tool": {"cpu": "exponential(mean=2 s)", "wait": "lognormal(mean=200 s, p95=700 s)"}}]),
)  # fmt: skip


def overheads(keys: Tree, folder: Path, tree: Tree = SERIAL) -> Any:
    return requests(run(tree | {"deployments": {"here": keys}}, folder))["overhead_s"].to_numpy()


def test_a_shorter_start_or_wake_is_slower_for_nobody(folder: Path) -> None:
    """An instance of one's own that stays: one queue in order, and one start before it (Lindley's recursion)."""
    starts = ["0 s", "200 ms", "5 s", "exponential(mean=60 s)", "exponential(mean=61 s)", "20 min"]
    keys = {"platform": "modal/sandbox", "placement": "per-agent", "concurrency": 1, "idle_timeout": "9 days"}
    waits = [overheads(keys | {"start": start}, folder) for start in starts]
    woken = {"platform": "e2b/sandbox", "placement": "per-agent", "concurrency": 1, "idle_timeout": "9 days",
             "limits": UNLIMITED}  # fmt: skip
    wakes = [overheads(woken | {"wake": start}, folder) for start in starts]
    for family in (waits, wakes):
        for faster, slower in pairwise(family):
            if faster is not family[2]:  # a drawn start may be shorter than five seconds
                assert (faster <= slower).all()
        assert (family[0] == 0).all() and family[-1].max() > 20 * 60 - 1


@pytest.mark.parametrize("start", [2, 300])
@pytest.mark.parametrize("timeout", [0, 60, 1200])
def test_who_stays_longer_is_slower_for_nobody(start: int, timeout: int, folder: Path) -> None:
    """If it stays longer by a start at least, an instance of one's own is cold no more often, and nobody waits longer.

    By induction over an agent's requests: with the longer timeout each leaves no later, and earlier by a start at most.
    So an instance that a request finds warm with the shorter timeout has been idle for a start longer at most.
    """
    keys = {"platform": "modal/sandbox", "placement": "per-agent", "concurrency": 1, "start": f"{start} s"}
    short, long = (requests(run(SERIAL | {"deployments": {"here": keys | {"idle_timeout": f"{idle} s"}}}, folder))
                   for idle in (timeout, timeout + start))  # fmt: skip
    assert (long["ended_us"] <= short["ended_us"]).all()
    assert (short["ended_us"] - long["ended_us"]).max() <= start * SECOND
    assert (long["warmth"] == "cold").sum() < (short["warmth"] == "cold").sum()


COLD = {
    "functions": {"platform": "aws-lambda/arm", "memory": "1 GiB", "idle_timeout": "2 min"},
    "containers": {"platform": "cloud-run/request-based", "concurrency": 2, "idle_timeout": "2 min"},
    "own": {"platform": "modal/sandbox", "placement": "per-agent", "idle_timeout": "2 min"},
}


@pytest.mark.parametrize("keys", COLD.values(), ids=COLD)
@pytest.mark.parametrize("seed", range(2))
def test_kept_instances_take_cold_starts_away(keys: Tree, seed: int, folder: Path) -> None:
    counts, waits = [], []
    for kept in (0, 1) if "placement" in keys else (0, 1, 4, 16):
        tree = crowd() | {"seed": seed, "deployments": {"here": keys | {"min_instances": kept}}}
        table = requests(run(tree, folder))
        assert (table["fate"] == "completed").all()
        counts.append(int((table["warmth"] == "cold").sum()))
        waits.append(table["start_s"].sum())
    assert counts == sorted(counts, reverse=True) and waits == sorted(waits, reverse=True)
    assert counts[0] > 20 > counts[-1] == 0


# Capacity


def test_a_core_more_is_slower_for_nobody_who_has_an_instance_alone(folder: Path) -> None:
    steps = [{"tool": {"cpu": "exponential(mean=2 s)"}}, {"wait": "1 s"}, {"tool": {"cpu": "300 ms"}}]
    tree = base(workload=work(serial=False, request=steps))
    keys = {"platform": "cloud-run/request-based", "concurrency": 1, "start": "1 s", "idle_timeout": "0 s",
            "binding": "early"}  # fmt: skip
    families = [overheads(keys | {"vcpu": vcpu}, folder, tree) for vcpu in (0.1, 0.5, 1, 2)]
    for slower, faster in pairwise(families):
        assert (faster <= slower).all()
    # One request uses one core at most.
    assert (families[2] == families[3]).all() and (families[3] == 1).all()
    # A tenth of a core takes ten times as long.
    table = requests(run(tree | {"deployments": {"here": keys | {"vcpu": 0.1}}}, folder))
    cpu = table["service_us"] - SECOND
    late = table["ended_us"] - table["started_us"] - SECOND
    assert (late - 10 * cpu).abs().max() <= 2


def test_servers_enough_for_all_leave_nobody_waiting(folder: Path) -> None:
    """Mean wait falls with each server and is none when there are as many as agents.

    One or two would leave some waiting at the end.
    """
    means = []
    for servers in (4, 5, 8, 15, 30):
        tree = crowd("150 s", instances=servers, concurrency=1, vcpu=1)
        told = figures(run(tree, folder), "here")
        means.append(told["wait_s"]["queue"]["mean"]["value"])
    assert means == sorted(means, reverse=True)
    assert means[0] > 60 and means[-1] == 0


def test_what_waits_costs_what_it_holds(folder: Path) -> None:
    """A vendor that bills an instance by the second bills the same whether its CPU is used or waited for."""
    keys = {"platform": "modal/sandbox", "placement": "per-agent", "vcpu": 2, "concurrency": 1, "start": "1 s"}
    costs = []
    for tool in ({"cpu": "30 s"}, {"wait": "30 s"}, {"cpu": "10 s", "wait": "20 s"}):
        tree = base(deployments={"here": copy.deepcopy(keys)}, workload=work(agents=20, request=[{"tool": tool}]))
        costs.append(replications(tree, folder)[0].measures["here"].invoice.total())
    assert costs[0] == costs[1] == costs[2] > 0


def test_cost_of_a_request_times_requests_is_the_bill(folder: Path) -> None:
    """Also of several replications, of which one may have no request at all."""
    tree = base(replications=5, deployments={"here": {"platform": "hetzner/cx23"}},
                workload=work(agents=1, arrivals={"renewal": {"gap": "16 h"}}))  # fmt: skip
    counts = [one.measures["here"].amounts["requests.per_month"] for one in replications(tree, folder)]
    assert min(counts) < max(counts)
    told = figures(run(tree, folder), "here")
    each, asked, total = (told["cost"]["per_1000_requests"], told["requests"]["per_month"], told["cost"]["total"])
    assert each["value"] * asked["value"] / 1000 == pytest.approx(total["value"], rel=1e-12)


# The bill, from the tables


WHOLE_MONTH = base(
    horizon="30 days", month="2026-11", reference="daytona",
    workload=work(agents=3, arrivals={"poisson": {"rate": "2/day"}}, request=[
        {"llm": {"model": "mid-tier", "input": "lognormal(mean=3000, p95=9000)", "output": 300}},
        {"tool": {"cpu": "3 s", "wait": "exponential(mean=5 min)"}}]),
    deployments={
        "daytona": {"platform": "daytona/sandbox", "vcpu": 2, "memory": "4 GiB"},
        "modal": {"platform": "modal/sandbox", "vcpu": 1, "memory": "2 GiB"},
        "e2b": {"platform": "e2b/sandbox", "vcpu": 2, "memory": "1 GiB", "start": "2 s"},
        "fly": {"platform": "fly/machines", "size": "shared-cpu-2x-2gb", "placement": "per-agent"},
    },
)  # fmt: skip
"""No day is repeated, so that the bill is that of what happened."""

RUNNING = ("starting", "idle", "busy", "entering", "waking")


def ran(states: Any, horizon: int, round_up: int) -> int:
    """Time for which instances ran until the horizon, in microseconds: each uninterrupted run rounded up.

    What rounding adds to a run belongs to its beginning, also where the run goes on beyond the horizon.
    """
    total = 0
    for _, spans_of in states[states["state"].isin(RUNNING)].groupby("instance"):
        runs: list[list[int]] = []
        for begin, end in zip(spans_of["begin_us"], spans_of["end_us"], strict=True):
            if end > begin and runs and runs[-1][1] == begin:
                runs[-1][1] = end
            elif end > begin:
                runs.append([begin, end])
        total += sum(min(end, horizon) - begin + -(end - begin) % round_up for begin, end in runs if begin < horizon)
    return total


@pytest.mark.parametrize("name", ["daytona", "modal", "e2b"])
def test_a_bill_by_the_second_is_the_time_in_the_table_times_the_price(name: str, folder: Path) -> None:
    result = run(WHOLE_MONTH, folder)
    states = result.instances[result.instances["deployment"] == name]
    bound = next(one for one in result.case.deployments if one.name == name)
    amount = {"vcpu": bound.vcpu, "core": bound.vcpu / 2, "memory": Fraction(bound.memory, 2**30)}
    charges = [charge for charge in prices.prices(BOOK, bound.platform).charges
               if charge.meter == "running" and charge.basis in amount]  # fmt: skip
    assert len(charges) == 2
    lines = {line["item"]: line for line in result.summary["deployments"][name]["cost"]["lines"]}
    for charge in charges:
        time = ran(states, 30 * 86_400 * SECOND, charge.round_up)
        dollars = Fraction(time, charge.per.time) * amount[charge.basis.value] * Fraction(charge.rate)
        assert time > 5 * 3600 * SECOND and lines[charge.item]["amount"] == float(dollars)


def test_the_bill_of_the_model_is_the_tokens_in_the_table_times_the_price(folder: Path) -> None:
    result = run(WHOLE_MONTH, folder)
    rates = {charge.measure.value: Fraction(charge.rate) for charge in prices.prices(BOOK, "llm").charges
             if charge.meter == "mid-tier"}  # fmt: skip
    for name in WHOLE_MONTH["deployments"]:
        calls = result.attempts[(result.attempts["deployment"] == name) & (result.attempts["kind"] == "llm")]
        calls = calls[calls["end_us"] < 30 * 86_400 * SECOND]
        dollars = int(calls["tokens_in"].sum()) * rates["input"] + int(calls["tokens_out"].sum()) * rates["output"]
        assert result.summary["deployments"][name]["cost"]["llm"]["value"] == float(dollars / 10**6)
