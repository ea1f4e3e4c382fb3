"""Jobs on instances that are taken back, through the whole tool: from a scenario to figures, against closed forms.

Every job has a machine of its own, and jobs do not meet, so that each is a draw of its own: a figure must be within
4.5 standard errors of its closed form, and these must be small enough to say something.
"""

import csv
import gzip
import math
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from sim import scenario
from sim.api import Study
from sim.distributions import duration
from sim.engine.policies import exact
from sim.theory import Availability, Checkpointed, Durable, Restarted

SCENARIOS = Path(__file__).parents[2] / "scenarios"
START = 180.0  # seconds
AGAIN = 60.0
LIFE = 5 * 3600.0


def run(request, deployments, agents=1200, seed=5, horizon="1 week", **workload):
    tree = {
        "name": "spot", "as_of": "2026-11-01", "month": "2026-11", "horizon": horizon, "drain": "60 days",
        "seed": seed, "replications": 1, "catalog": "catalogues/aws-2023",
        "workload": {"agents": agents, "serial": False, "arrivals": {"poisson": {"rate": "1/week"}}, "memory": "1 GiB",
                     "request": request, **workload},
        "deployments": {name: {"platform": "aws-p3/job", "start": "3 min", **one} for name, one in deployments.items()},
    }  # fmt: skip
    return Study(scenario.loads(yaml.safe_dump(tree, sort_keys=False), SCENARIOS), SCENARIOS).run(workers=1)


def spot(recovery=None, **keys):
    return {"spot": {"lifetime": "exponential(mean=5 h)", **keys},
            **({"recovery": {"again": "1 min", **recovery}} if recovery is not None else {})}


def rows(result, name):
    table = result.requests
    return table[table["deployment"] == name]


def near(values, expected, slack=0.03):
    """Whether a mean of independent draws is what was expected."""
    error = values.std() / math.sqrt(len(values))
    assert error < slack * expected, "too few draws to say anything"
    return abs(values.mean() - expected) <= 4.5 * error


SAVED = {"checkpoint": {"every": "1 h", "write": "6 min", "restore": "12 min"}}


def test_makespan_and_interruptions_of_recovery_of_every_kind():
    steps = [{"wait": "2 h"}, {"wait": "30 min"}, {"tool": {"cpu": "1 h", "wait": "1 h"}}]
    work = 4.5 * 3600
    result = run(steps, {
        "anew": spot({}), "saved": spot(SAVED), "seldom": spot({**SAVED, "checkpoint": {
            "every": "9 h", "write": "6 min", "restore": "12 min"}}),
        "durable": spot({"resume": "durable", "replay": "3 min"}),
    })  # fmt: skip
    closed = {
        "anew": Restarted(work * 1e6, duration("exponential(mean=5 h)"), (START + AGAIN) * 1e6),
        "saved": Checkpointed(work, 3600.0, 360.0, 720.0, LIFE, START + AGAIN),
        "seldom": Checkpointed(work, 9 * 3600.0, 360.0, 720.0, LIFE, START + AGAIN),
        "durable": Durable((7200.0, 1800.0, 7200.0), 180.0, LIFE, START + AGAIN),
    }  # fmt: skip
    for name, one in closed.items():
        table = rows(result, name)
        makespan = one.makespan / 1e6 if name == "anew" else one.makespan
        assert near(table["latency_s"].to_numpy(), START + makespan), name
        figures = result.summary["deployments"][name]
        failures = one.attempts - 1 if name == "anew" else one.failures
        # Interruptions follow from the time that jobs are on instances: their mean life is known.
        assert figures["interruptions"]["per_request"]["value"] == pytest.approx(failures, rel=0.1), name
        assert figures["interruptions"]["per_hour"]["value"] == pytest.approx(0.2, rel=0.08), name
    told = result.summary["deployments"]
    assert near(rows(result, "seldom")["latency_s"].to_numpy(), START + Checkpointed(
        work, math.inf, 1.0, 1.0, LIFE, START + AGAIN).makespan)  # none is ever written
    on_instances = closed["saved"].makespan - closed["saved"].failures * (START + AGAIN)
    assert told["saved"]["lost_fraction"]["value"] + told["saved"]["checkpoint_fraction"]["value"] == pytest.approx(
        1 - work / on_instances, rel=0.05)
    assert told["saved"]["wait_s"]["contention"]["mean"]["value"] == 0.0


def test_the_exact_interval_is_in_the_flat_minimum():
    best = exact(360.0, LIFE)
    every = {f"x{factor:g}".replace(".", "-"): factor * best for factor in (0.4, 1.0, 2.5)}
    result = run([{"wait": "40 h"}], {name: spot({"checkpoint": {
        "every": f"{interval:.0f} s", "write": "6 min", "restore": "12 min"}}) for name, interval in every.items()},
        agents=500)  # fmt: skip
    latency = {name: rows(result, name).sort_values("request")["latency_s"].to_numpy() for name in every}
    for name, interval in every.items():
        closed = Checkpointed(40 * 3600.0, round(interval), 360.0, 720.0, LIFE, START + AGAIN)
        assert near(latency[name], START + closed.makespan), name
        if name == "x1":
            continue
        # Paired: the same jobs with the same lives. Two and a half times less or more cost more.
        more = latency[name] - latency["x1"]
        assert more.mean() > 3 * more.std() / math.sqrt(len(more)), name


def test_jobs_wait_for_a_zone_that_comes_and_goes():
    up, down = 6.0, 2.0
    result = run([{"wait": "3 h"}], {"here": {"spot": {"availability": {
        "up": f"exponential(mean={up} h)", "down": f"exponential(mean={down} h)"}},
        "recovery": {"checkpoint": {"every": "1 s", "write": "1 us"}}}},
        agents=30, horizon="26 weeks", **{"arrivals": {"poisson": {"rate": "6/week"}}})  # fmt: skip
    table = rows(result, "here")
    # A job that comes while the zone is down is queued until it is up; arrivals are a Poisson process and see averages.
    waited = table["queue_s"].to_numpy() > 0
    share = 1 - Availability(up, down).share
    # The zone has some 550 periods down, whose part of the time is known to about 6%.
    assert waited.mean() == pytest.approx(share, rel=4.5 * math.sqrt(2 / (26 * 168 / (up + down))))


def recorded(zone):
    with gzip.open(SCENARIOS / "data" / "spot-aws-v100.csv.gz", "rt") as file:
        return [(int(row["t_s"]), row["available"] == "1") for row in csv.DictReader(file) if row["zone"] == zone]


def replay(arrived, work, zone, tau, write, restore, start, again):
    """Walk through the recording by whole seconds' events: end of the job, and how often it was interrupted."""
    ups = [(a, b) for (a, up), (b, _) in pairwise(recorded(zone)) if up]
    windows = []
    for begin, end in ups:  # rows of changed prices do not end a window
        if windows and windows[-1][1] == begin:
            windows[-1][1] = end
        else:
            windows.append([begin, end])
    now, saved, interruptions = arrived, 0.0, 0
    while True:
        window = next(([begin, end] for begin, end in windows if end > now), None)
        opened = max(now, window[0])
        ready = opened + start
        if ready >= window[1]:  # taken as it starts: the job goes back to the queue, uninterrupted
            now = window[1]
            continue
        left, at = window[1] - ready, restore if saved else 0.0
        while True:
            piece = min(tau, work - saved)
            last = saved + piece >= work
            if at + piece + (0.0 if last else write) > left:
                break
            if last:
                return ready + at + piece, interruptions
            at += piece + write
            saved += piece
        interruptions += 1
        now = window[1] + again


@pytest.mark.parametrize("zone", ["us-east-1c", "us-west-2a"])
def test_a_recording_interrupts_as_an_independent_replay_says(zone):
    result = run([{"wait": "uniform(2 h, 30 h)"}], {"here": {
        "spot": {"zones": [zone], "trace": {"file": "data/spot-aws-v100.csv.gz", "zone": "zone"}},
        "recovery": {"again": "1 min", "checkpoint": {
            "every": "1 h", "write": "6 min", "restore": "12 min"}}}}, agents=150, horizon="2 weeks")  # fmt: skip
    table = rows(result, "here").set_index("request")
    counted = result.summary["deployments"]["here"]["interruptions"]["per_request"]["value"]
    total = 0
    for _, row in table.iterrows():
        ended, interruptions = replay(row["arrived_us"] / 1e6, row["service_us"] / 1e6, zone, 3600.0, 360.0, 720.0,
                                      180.0, 60.0)  # fmt: skip
        assert row["ended_us"] / 1e6 == pytest.approx(ended, abs=1e-3)
        total += interruptions
    assert total > 100
    assert counted * len(table) == pytest.approx(total)
