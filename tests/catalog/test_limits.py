"""Limits of platforms: what vendors say, and that a deployment is held to them unless it says otherwise."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from sim import api, catalog, scenario
from sim.catalog.limits import Limits
from sim.catalog.profiles import Profile
from sim.scenario.resting import STATED

SCENARIO = """\
name: limits
as_of: 2026-11-01
month: 2026-11
horizon: 1 day
replications: 1
workload:
  agents: 40
  memory: 16 MiB
  arrivals: {cron: {schedule: "0 9 * * *"}}
  request: [{tool: {cpu: 100 ms, wait: 1 min}}]
deployments:
  # Sandboxes that there is none of yet: one of an agent's own would be paused.
  held: {platform: e2b/sandbox, placement: shared, concurrency: 1, queue: unlimited}
  free: {extends: held, limits: {quota: 1000, openings: 1000/s, burst: 1000}}
"""


@pytest.mark.parametrize(("name", "quota", "openings", "burst", "payload"), [
    # 1,000 in 10 s; 5 a second; 20 a second and 100 at once; as typed in from the vendors' quotas.
    ("aws-lambda/x86", None, 100, 1000, 6 * 10**6), ("aws-lambda/arm", None, 100, 1000, 6 * 10**6),
    ("e2b/sandbox", 100, 5, 5, None), ("aws-fargate/x86", None, 20, 100, None),
    ("modal/sandbox", 100, None, None, None), ("vercel/sandbox", 10_000, None, None, None),
    ("hetzner/cx23", None, None, None, None),
])  # fmt: skip
def test_what_vendors_say(
    name: str, quota: int | None, openings: int | None, burst: int | None, payload: int | None
) -> None:
    limits = catalog.profile(name).limits
    figures = (limits.quota, limits.openings, limits.burst, limits.payload)
    found = [None if one is None else one.value for one in figures]
    assert found == [quota, openings, burst, payload]


def bound(tmp_path: Path, keys: str = "") -> scenario.BoundDeployment:
    text = SCENARIO.split("deployments:")[0] + f"deployments:\n  it: {{platform: e2b/sandbox{keys}}}\n"
    return scenario.bind(scenario.loads(text, tmp_path), tmp_path).deployments[0]


@pytest.mark.parametrize(("keys", "quota", "openings", "burst"), [
    ("", 100, 5, 5), (", limits: {quota: 7}", 7, 5, 5), (", limits: {openings: 1/s}", 100, 1, 1),
    (", limits: {openings: 2/s, burst: 9}", 100, 2, 9), (", limits: {lifetime: 1 h}", 100, 5, 5),
])  # fmt: skip
def test_a_deployment_replaces_what_it_gives(
    tmp_path: Path, keys: str, quota: int, openings: int, burst: int
) -> None:
    it = bound(tmp_path, keys)
    limits = it.elastic.limits
    assert (limits.quota, limits.openings, limits.burst) == (quota, Fraction(openings), burst)
    kept = {one.path for one in it.rests_on if one.path.startswith("limits.") and one.standing != STATED}
    given = keys.partition("{")[2]
    assert ("limits.quota" in kept) == ("quota" not in given)
    assert ("limits.openings" in kept) == ("limits.burst" in kept) == ("openings" not in given)


def test_they_hold_in_a_run(tmp_path: Path) -> None:
    file = tmp_path / "limits.yaml"
    file.write_text(SCENARIO)
    requests = api.load(file).run().requests
    waits = {name: requests[requests.deployment == name].overhead_s.max() for name in ("held", "free")}
    # Forty at once with five a second: the last begins to start (40 - 5) / 5 = 7 s later.
    assert waits["held"] == pytest.approx(waits["free"] + 7, abs=2)
    assert waits["held"] > 7 > waits["free"]


def test_a_burst_is_one_of_openings() -> None:
    figure = {"value": 5, "standing": "vendor", "source": "a document", "as_of": "2026-11-01"}
    with pytest.raises(ValueError, match="says nothing without `openings`"):
        Limits.model_validate({"burst": figure})


def test_an_opening_is_written_so_that_it_can_be_read_again() -> None:
    one = catalog.profile("aws-lambda/x86")
    assert Profile.model_validate(one.model_dump(mode="json")).limits == one.limits
    assert one.model_dump(mode="json")["limits"]["openings"]["value"] == "100/s"
