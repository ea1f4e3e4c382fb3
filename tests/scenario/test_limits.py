"""Limits, idleness and CPU that a platform brings, and what a deployment says instead."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import sim
from sim.errors import InputError
from sim.scenario import BoundDeployment, bind, loads
from sim.units import SECOND

TEXT = """\
name: tiny
as_of: 2026-11-01
month: 2026-11
horizon: 1 day
drain: 1 h
replications: 5
workload:
  agents: 300
  arrivals: {cron: {schedule: "0 9 * * *"}}
  request: [{wait: 10 min}]
  memory: 10 MiB
deployments:
  here: {platform: %s}
"""


def bound(here: str, tmp_path: Path) -> BoundDeployment:
    (deployment,) = bind(loads(TEXT % here, tmp_path), tmp_path).deployments
    return deployment


@pytest.mark.parametrize(("here", "part", "key", "value"), [
    # From the tables of facts: E2B Pro; Lambda, 1,000 environments in 10 s and 6 MB.
    ("e2b/sandbox", "limits", "quota", 100),
    ("e2b/sandbox", "limits", "openings", Fraction(5)),
    ("e2b/sandbox, limits: {quota: 1100}", "limits", "quota", 1100),
    ("e2b/sandbox, limits: {quota: 1100}", "limits", "openings", Fraction(5)),
    ("e2b/sandbox, limits: {quota: unlimited}", "limits", "quota", "unlimited"),
    ("aws-lambda/arm", "limits", "burst", 1000),
    ("aws-lambda/arm", "limits", "payload", 6_000_000),
    ("hetzner/cx23", "limits", "quota", None),
    ("fly/machines, concurrency: 1, idle: {check: 4 min}", "idle", "check", 240 * SECOND),
    ("fly/machines, concurrency: 1", "idle", "check", None),
])
def test_what_a_platform_brings_and_what_a_deployment_says_instead(
    here: str, part: str, key: str, value: Any, tmp_path: Path
) -> None:
    assert getattr(getattr(bound(here, tmp_path).elastic, part), key) == value


def test_shared_cores_have_credit_and_whole_ones_do_not(tmp_path: Path) -> None:
    credit = bound("fly/machines, size: shared-cpu-2x-1gb", tmp_path).elastic.cpu.credit
    assert credit is not None
    assert (credit.baseline, credit.first, credit.most) == (Fraction(1, 16), 5 * SECOND, 500 * SECOND)
    assert bound("fly/machines, size: performance-1x-2gb", tmp_path).elastic.cpu.credit is None


def test_what_rests_on_a_limit_is_told_key_by_key(tmp_path: Path) -> None:
    told = {one.path: (one.value, one.standing) for one in
            bound("e2b/sandbox, limits: {quota: 50}", tmp_path).rests_on}  # fmt: skip
    assert told["limits.quota"] == ("50", "scenario") and told["limits.openings"] == ("5/s", "vendor")
    sizes = {one.path for one in bound("fly/machines, size: performance-1x-2gb", tmp_path).rests_on}
    assert not any(path.startswith("cpu.") for path in sizes)


def test_the_quota_of_an_account_holds_for_sandboxes_of_all_agents(tmp_path: Path) -> None:
    """300 agents ask at once for 10 minutes each: 100 have a sandbox, and nobody may wait."""
    (tmp_path / "tiny.yaml").write_text(TEXT % "e2b/sandbox, limits: {openings: unlimited}")
    requests = sim.load(tmp_path / "tiny.yaml").run(workers=1).requests
    assert (requests.fate == "failed").sum() == 200 and (requests.fate == "completed").sum() == 100
    assert set(requests.cause[requests.fate == "failed"]) == {"queue_full"}


@pytest.mark.parametrize(("here", "message"), [
    ("fly/machines, limits: {burst: 3}", "`burst` has no effect without `openings`"),
    ("e2b/sandbox, limits: {openings: unlimited, burst: 3}", "`burst` has no effect without `openings`"),
    ("fly/machines, idle: {stops: 3}", "`stops` has no effect without `check`"),
    ("fly/machines, limits: {at_lifetime: kill}", "`at_lifetime` has no effect without `lifetime`"),
    ("fly/machines, limits: {quota: none}", "`none` is not a number of instances"),
    ("fly/machines, limits: {openings: 0/s}", "at a rate of 0"),
    ("fly/machines, idle: {learnt: {}}", "only the one instance of an agent learns when to go"),
    ("fly/machines, spare_instances: 1, placement: per-agent", "only instances that all share can be kept ready"),
    ("hetzner/cx23, spare_instances: 1", "run until they are deleted: none is let go"),
    ("fly/machines, placement: per-agent, idle: {learnt: {range: 90 s}}", "this is no multiple of `bin`, 1 min"),
    ("fly/machines, placement: per-agent, min_instances: 1, idle: {learnt: {}}", "that learns when to go is not kept"),
    ("fly/machines, placement: per-agent, idle: {learnt: {}, check: 5 min}", "has learnt when to go is not checked"),
])
def test_what_has_no_effect_or_no_meaning(here: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        bind(loads(TEXT % here, tmp_path), tmp_path)
    assert message in str(caught.value)


def test_burst_of_a_platform_may_be_changed_alone(tmp_path: Path) -> None:
    assert bound("e2b/sandbox, limits: {burst: 3}", tmp_path).elastic.limits.burst == 3
