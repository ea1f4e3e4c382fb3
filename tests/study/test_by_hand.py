"""A whole scenario of constants, worked by hand from the file to the bill.

A session has three turns, always the same. Each has a sandbox of its own, so sessions have nothing to do with each
other, and what there is of one there is of all; only how many start, and when, is luck. The sandbox is deleted after
five minutes without work, and a new one takes 2.5 s to start. Seconds from the start of a session:

    full core                                       half a core
      0.0 - 2.5     starting                          0.0 - 2.5     starting
      2.5 - 20.5    turn 0: 8, then 4 CPU and 6       2.5 - 24.5    turn 0: 8, then 4 CPU take 8, and 6
     20.5 - 80.5    the user thinks for 60 s         24.5 - 84.5    the user thinks for 60 s
     80.5 - 92.5    turn 1: 2 CPU and 10             84.5 - 98.5    turn 1: 2 CPU take 4, and 10
     92.5 - 392.5   idle, then deleted               98.5 - 398.5   idle, then deleted
   1292.5 - 1295    starting, 1200 s after turn 1  1298.5 - 1301    starting
   1295.0 - 1325    turn 2: 30                     1301.0 - 1331    turn 2: 30
   1325.0 - 1625    idle, then deleted             1331.0 - 1631    idle, then deleted

                                 full core                       half a core
    latency of the turns         20.5, 12, 32.5; mean 65 / 3     24.5, 14, 32.5; mean 71 / 3
    of which work                18, 12, 30                      18, 12, 30
    overhead                     2.5, 0, 2.5; mean 5 / 3         6.5, 2, 2.5; mean 11 / 3
      start                      2.5, 0, 2.5                     2.5, 0, 2.5
      contention                 0, 0, 0                         4, 2, 0
    cold                         2 of 3                          2 of 3
    up                           392.5 + 332.5 = 725             398.5 + 332.5 = 731
    busy                         18 + 12 + 30 = 60               22 + 14 + 30 = 66
    billed, whole seconds        393 + 333 = 726                 399 + 333 = 732

The bill of a session, by ``list-2026``: a physical core is two vCPUs and costs $0.00003942 a second, a GiB
$0.00000667 a second; the sandboxes have 16 GiB.

    full core    726 s x (0.5 x $0.00003942 + 16 x $0.00000667) = 726 x $0.00012643 = $0.09178818
    half a core  732 s x (0.25 x $0.00003942 + 16 x $0.00000667) = 732 x $0.000116575 = $0.0853329
    model        7,000 tokens in, 1,000 of them cached, 300 out: 6,000 x $3 + 1,000 x $0.30 + 300 x $15 a million
                 = $0.018 + $0.0003 + $0.0045 = $0.0228

November has 30 days, and each is the simulated one. A month's bill of infrastructure has $30 of it credited.
"""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

import sim
from sim.api import Result
from sim.cli import program

SESSION = """\
session,turn,step,gap_s,kind,cpu_s,wait_s,tokens_in,tokens_cached,tokens_out,model
a,0,0,,llm,,8,3000,1000,200,mid-tier
a,0,1,,tool,4,6,,,,
a,1,0,60,tool,2,10,,,,
a,2,0,1200,llm,,30,4000,,100,mid-tier
"""

SCENARIO: dict[str, Any] = {
    "name": "by-hand", "as_of": "2026-11-01", "month": "2026-11", "horizon": "1 day", "seed": 69, "replications": 5,
    "prices": "list-2026",
    "workload": {"agents": 2, "arrivals": {"sessions": {"file": "session.csv", "per_day": 45}}, "serial": False,
                 "memory": "100 MiB"},
    "deployments": {
        "full": {"platform": "modal/sandbox", "placement": "per-session", "vcpu": 1, "memory": "16 GiB",
                 "concurrency": 1, "start": "2500 ms", "idle_timeout": "5 min"},
        "half": {"extends": "full", "vcpu": 0.5},
    },
    "reference": "full",
    "expect": ["full.latency_s.mean < 22 s", "half.latency_s.mean < 22 s", "half.utilisation > 9%",
               "half.cost.infrastructure < full.cost.infrastructure", "full.wake_fraction < 1%"],
}  # fmt: skip

SESSION_OF = {
    "full": {"latency": [20.5, 12, 32.5], "overhead": [2.5, 0, 2.5], "contention": [0, 0, 0], "up": 725, "busy": 60,
             "bill": Fraction("0.09178818")},
    "half": {"latency": [24.5, 14, 32.5], "overhead": [6.5, 2, 2.5], "contention": [4, 2, 0], "up": 731, "busy": 66,
             "bill": Fraction("0.0853329")},
}  # fmt: skip
TOKENS_OF = Fraction("0.0228")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("by-hand")
    (folder / "session.csv").write_text(SESSION)
    (folder / "by-hand.yaml").write_text(yaml.safe_dump(SCENARIO, sort_keys=False))
    return folder / "by-hand.yaml"


@pytest.fixture(scope="module")
def result(path: Path) -> Result:
    found = sim.load(path).run(workers=1)
    assert isinstance(found, Result)
    return found


@pytest.fixture(scope="module")
def sessions(result: Result) -> list[int]:
    """How many sessions start in each replication, which is luck, and that none is cut off by the end of the day."""
    counts = [int(count) // 3 for count in result.estimates["full"]["requests.arrived"].sections]
    starts = result.requests.query("deployment == 'full'").groupby("session")["arrived_s"].min()
    assert len(starts) == counts[0] and starts.max() < 86_400 - 1631
    for name, one in SESSION_OF.items():
        arrived, up = (result.estimates[name][path].sections for path in ("requests.arrived", "instances.mean"))
        # Another seed will do, if sessions of this one come to start within half an hour of the end.
        assert arrived == tuple(3 * count for count in counts), "all three turns of each session arrive"
        assert up == pytest.approx([one["up"] * count / 86_400 for count in counts]), "and are over before midnight"
    assert min(counts) > 33 and len(set(counts)) > 1, "100 requests are enough for p90"
    return counts


BOTH = pytest.mark.parametrize("name", SESSION_OF)


def same(value: float) -> Any:
    """A figure that is the same in every replication."""
    near = pytest.approx(value, rel=1e-12, abs=1e-12)
    return {"value": near, "low": near, "high": near}


@BOTH
def test_latency_and_what_it_is_made_of(name: str, result: Result, sessions: list[int]) -> None:
    told, wanted = result.summary["deployments"][name], SESSION_OF[name]
    waits = {"start": [2.5, 0, 2.5], "contention": wanted["contention"], "queue": [0] * 3, "turn": [0] * 3,
             "wake": [0] * 3, "window": [0] * 3, "interruption": [0] * 3,
             "retry": [0] * 3, "provider": [0] * 3, "backoff": [0] * 3}  # fmt: skip
    assert set(told["wait_s"]) == set(waits)
    for figures, values in ((told["latency_s"], wanted["latency"]), (told["overhead_s"], wanted["overhead"]),
                            *((told["wait_s"][cause], values) for cause, values in waits.items())):  # fmt: skip
        assert figures["mean"] == same(sum(values) / 3)
        # Of three equal parts the middle one is the median, the last one p90.
        assert (figures["p50"], figures["p90"]) == (same(sorted(values)[1]), same(max(values)))
    assert told["first_step_s"]["mean"] == same((2.5 + 8 + wanted["latency"][1] + 32.5) / 3)
    assert told["start_up_s"]["mean"] == told["start_up_s"]["p50"] == same(2.5)
    assert told["wake_up_s"]["mean"]["value"] is None, "nothing rests"
    # Of sums: the whole latency of a session is 65 s or 71 s.
    assert told["overhead_fraction"] == same(sum(wanted["overhead"]) / sum(wanted["latency"]))


@BOTH
def test_shares_and_counts(name: str, result: Result, sessions: list[int]) -> None:
    told, wanted, count = result.summary["deployments"][name], SESSION_OF[name], sum(sessions) / 5
    assert told["cold_start_fraction"]["value"] == pytest.approx(2 / 3, rel=1e-15)
    assert told["wake_fraction"]["value"] == told["failed_fraction"]["value"] == 0
    # None of so many: 1 - 0.025^(1 / n).
    n = 3 * sum(sessions)
    assert told["failed_fraction"]["high"] == pytest.approx(1 - 0.025 ** (1 / n), rel=1e-9)
    assert told["completed_fraction"]["low"] == pytest.approx(0.025 ** (1 / n), rel=1e-12)
    requests = dict(told["requests"])
    causes = requests.pop("failed_by_cause")
    assert {key: figure["value"] for key, figure in causes.items()} == {
        "queue_full": 0, "memory": 0, "duration": 0, "payload": 0, "lifetime": 0, "timeout": 0, "breaker": 0,
        "too_large": 0, "interrupted": 0, "provider": 0}
    assert {key: figure["value"] for key, figure in requests.items()} == pytest.approx({
        "arrived": 3 * count, "completed": 3 * count, "failed": 0, "abandoned": 0, "unfinished": 0, "coalesced": 0,
        "per_month": 90 * count})
    assert {key: figure["value"] for key, figure in told["work_s"].items()} == pytest.approx({
        "offered": 60 * count, "useful": 60 * count, "lost": 0, "wasted": 0, "remaining": 0})
    assert {key: figure["value"] for key, figure in told["tokens"].items()} == pytest.approx({
        "in": 7000 * count, "cached": 1000 * count, "out": 300 * count, "wasted": 0, "in_vain": 0})
    assert told["utilisation"]["value"] == pytest.approx(wanted["busy"] / wanted["up"], rel=1e-12)
    assert told["concurrency"]["value"] == told["attempts"]["value"] == 1
    # 50 MiB of its own and 100 of the request.
    assert told["memory_mb"]["value"] == pytest.approx(150 * 2**20 / 1e6, rel=1e-12)
    assert told["instances"]["mean"]["value"] == pytest.approx(count * wanted["up"] / 86_400, rel=1e-12)
    assert told["instances"]["resting"]["value"] == 0
    assert told["requests"]["arrived"]["low"] < 3 * count < told["requests"]["arrived"]["high"]


@BOTH
def test_the_bill(name: str, result: Result, sessions: list[int]) -> None:
    told, each = result.summary["deployments"][name]["cost"], SESSION_OF[name]["bill"]
    bills = [30 * count * each - 30 for count in sessions]
    assert min(bills) > 0, "the credit is used up"
    infrastructure = float(sum(bills) / 5)
    tokens = float(30 * TOKENS_OF * sum(sessions) / 5)
    assert told["infrastructure"]["value"] == pytest.approx(infrastructure, rel=1e-12)
    assert told["llm"]["value"] == pytest.approx(tokens, rel=1e-12)
    assert told["total"]["value"] == pytest.approx(infrastructure + tokens, rel=1e-12)
    assert told["per_agent"]["value"] == pytest.approx((infrastructure + tokens) / 2, rel=1e-12)
    requests = 90 * sum(sessions) / 5
    assert told["infrastructure"]["per_1000_requests"]["value"] == pytest.approx(
        1000 * infrastructure / requests, rel=1e-12)  # fmt: skip
    # Student's t with 4 degrees of freedom is 2.776445 (table).
    spread = np.std([float(one) for one in bills], ddof=1) / np.sqrt(5)
    assert told["infrastructure"]["high"] - infrastructure == pytest.approx(2.776445 * spread, rel=1e-6)
    seconds = 726 if name == "full" else 732
    lines = {line["item"]: line["quantity"] for line in told["lines"]}
    cores = 0.5 if name == "full" else 0.25
    assert lines["physical cores of sandboxes"] == pytest.approx(30 * cores * seconds * sum(sessions) / 5)
    assert lines["memory of sandboxes"] == pytest.approx(30 * 16 * seconds * sum(sessions) / 5)


def test_what_is_compared_is_divided_by_the_reference(result: Result, sessions: list[int]) -> None:
    """The middle overhead is 2.5 s on both; and infrastructure costs what it costs in all replications together."""
    (told,) = result.summary["paired"].values()
    assert set(result.summary["paired"]) == {"half"}
    assert told["overhead_s.p50"] == {"value": 1, "low": 1, "high": 1}
    half, full = (sum(30 * count * SESSION_OF[name]["bill"] - 30 for count in sessions) for name in ("half", "full"))
    assert told["cost.infrastructure"]["value"] == pytest.approx(float(half / full), rel=1e-12)
    assert told["cost.infrastructure"]["high"] < 1
    assert told["latency_s.p99"]["value"] is None, "so few requests have no p99"


def test_the_first_replication_in_full(result: Result, sessions: list[int]) -> None:
    table = result.requests.query("deployment == 'half'").sort_values(["session", "arrived_us"])
    assert table["latency_s"].tolist() == [24.5, 14, 32.5] * sessions[0]
    assert table["warmth"].tolist() == ["cold", "warm", "cold"] * sessions[0]
    # From turn to turn: 24.5 + 60, and 14 + 1200.
    gaps = table["arrived_s"].to_numpy().reshape(-1, 3)
    assert np.diff(gaps, axis=1) == pytest.approx(np.tile([84.5, 1214.0], (sessions[0], 1)), abs=1e-6)


def test_expectations_are_judged_on_the_deployment_they_name(result: Result) -> None:
    """65 / 3 = 21.7 s on one, 71 / 3 = 23.7 s on the other; 66 / 731 = 9.03%, and 60 / 725 = 8.3% on the reference."""
    assert [one.verdict for one in result.expectations] == ["holds", "fails", "holds", "holds", "holds"]
    assert result.expectations[1].value == pytest.approx(71 / 3, rel=1e-12)
    assert result.exit_code == 3


def test_the_command_says_the_same(path: Path, result: Result, tmp_path: Path) -> None:
    done = CliRunner().invoke(program, ["run", str(path), "--json", "--out", str(tmp_path / "run")])
    assert done.exit_code == 3, done.output
    assert json.loads(done.stdout) == json.loads(json.dumps(result.summary))
    told = json.loads(done.stdout)["deployments"]
    assert told["full"]["latency_s"]["p50"] == {"value": 20.5, "low": 20.5, "high": 20.5}
    assert told["half"]["latency_s"]["p50"] == {"value": 24.5, "low": 24.5, "high": 24.5}
