"""Requests that pile up: told where a deployment cannot keep up, and nowhere else."""

from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom

from sim import api, stats
from sim.engine.contract import NEVER, State
from sim.scenario import loads
from sim.study import backlog
from sim.study.backlog import Load, stretches, told
from sim.trace.spans import Spans
from sim.trace.window import Window
from sim.units import DAY, SECOND, WEEK

HEAD = """name: one
as_of: 2026-11-01
month: 2026-11
horizon: {horizon}
workload:
  agents: 4
  serial: {serial}
  memory: 1 MiB
  arrivals: {arrivals}
  request: [{{wait: "exponential(mean=1 min)"}}]
deployments:
  one: {{platform: hetzner/cx23, instances: {instances}, concurrency: 1}}
"""
EVERY_DAY = '{weekly: {day: {when: "08:00-20:00", rate: 1/h}, night: {when: otherwise, rate: 2/h}}}'
EVERY_WEEK = '{weekly: {work: {when: "mon-fri", rate: 1/h}, free: {when: otherwise, rate: 2/h}}}'


def scenario(folder: Path, arrivals: str, horizon: str = "2 days", serial: bool = False, instances: int = 1) -> Any:
    text = HEAD.format(arrivals=arrivals, horizon=horizon, serial=str(serial).lower(), instances=instances)
    return loads(text, folder)


def run(arrived: Any, work: Any, ended: Any, stop: int = 1000, cpu: Any = None) -> tuple[Any, Any]:
    """Arrays of requests of one step each, as far as they are looked at."""
    cpu = np.zeros(len(arrived), np.int64) if cpu is None else np.array(cpu)
    work = np.array(work, np.int64)
    demand = SimpleNamespace(stop=stop, step_cpu=cpu, step_length=work, by_request=lambda steps: steps)
    return demand, SimpleNamespace(arrived=np.array(arrived, np.int64), ended=np.array(ended, np.int64),
                                   pool=np.zeros(9, np.int64))  # fmt: skip


def lives(*rows: tuple[int, int, int]) -> Spans:
    """Spans of instances: number, begin, end."""
    columns = np.array(rows, np.int64).reshape(-1, 3).T
    state = np.full(len(rows), State.BUSY, np.int8)
    return Spans(columns[0], state, state, columns[1], columns[2], 0)


def test_instances_left_over_by_hand() -> None:
    """In 100..300: instance 0 was there before, 1 is of within, 2 was opened at 250 (50 us until the end), 3 at 120 in
    two states (180 us), 4 begins as the window ends, 5 ends then (10 us), 6 begins with the window and lasts: it was
    there at its begin."""
    there = lives((0, 50, 400), (1, 110, 150), (2, 250, 900), (3, 120, 200), (3, 200, 350), (4, 300, 400),
                  (5, 290, 300), (6, 100, 400))  # fmt: skip
    found = backlog.load(*run([], [], []), there, Window(100, 300), None)
    assert (found.opened, found.there) == (50 + 180 + 10, 200 + 40 + 50 + 180 + 10 + 200)
    # Of a pool that keeps one, another may be kept at the end: it goes on as the one that was kept at the begin.
    found = backlog.load(*run([], [], []), lives((0, 0, 250), (1, 240, 400)), Window(100, 300), None)
    assert (found.opened, found.there) == (0, 150 + 60)


@pytest.mark.parametrize(("warmup", "told"), [("0 s", True), ("4 days", False)])
def test_a_run_that_begins_empty_is_told_where_instances_live_on(warmup: str, told: bool, tmp_path: Path) -> None:
    """Each of 20 sessions a day leaves a sandbox paused, for good."""
    (tmp_path / "s.csv").write_text("session,turn,step,gap_s,kind,wait_s\na,0,0,,tool,60\n")
    asked = loads(f"""name: one
as_of: 2026-11-01
month: 2026-11
horizon: 4 days
warmup: {warmup}
workload: {{agents: 4, memory: 1 MiB, arrivals: {{sessions: {{file: s.csv, per_day: 20}}}}}}
deployments:
  box: {{platform: e2b/sandbox, placement: per-session}}
  fixed: {{platform: hetzner/cx23, instances: 1, concurrency: 4}}
""", tmp_path)
    summary = api.Study(asked, tmp_path).run(replications=2, workers=1).summary
    texts = [one["text"] for one in summary["advice"] if one["rule"] == "left over"]
    assert len(texts) == told and all("box (100%)" in text and "fixed" not in text for text in texts)
    assert summary["deployments"]["fixed"]["left_over"]["value"] == 0


def test_late_requests_by_hand() -> None:
    """In 100..200 and 200..300: one is late from 90 to 130; one never; one from 180 on, unfinished, until the stop at
    250; one failed before its work was done; one never arrived; one from 290 to 400. So 30 + 20 of 100 us in the first,
    50 + 10 in the second. Work that arrived in 100..300: 20 + 40 + 500 + 70 us, 15 of it
    CPU."""
    asked = run([80, 110, 140, 150, NEVER, 220], [10, 20, 40, 500, 9, 70], [130, 130, NEVER, 160, NEVER, 400], 250,
                [0, 5, 10, 0, 0, 0])  # fmt: skip
    found = backlog.load(*asked, lives(), Window(100, 300), (Window(100, 200), Window(200, 300)))
    assert (found.before, found.after) == (Fraction(50, 100), Fraction(60, 100))
    assert (found.slots, found.cores) == (Fraction(20 + 40 + 500 + 70, 200), Fraction(15, 200))


@pytest.mark.parametrize(("arrivals", "window", "expected"), [
    ("{poisson: {rate: 1/h}}", (0, 3), ((0, 1.5), (1.5, 3))),
    ("{poisson: {rate: 1/h}}", (2, 5), ((2, 3.5), (3.5, 5))),
    (EVERY_DAY, (0, 4), ((0, 2), (2, 4))),
    (EVERY_DAY, (0, 5), ((0, 2), (3, 5))),  # the day in the middle would make them unequal
    (EVERY_WEEK, (7, 28), ((7, 14), (21, 28))),
    (EVERY_WEEK, (7, 14), ((3.5, 7), (10.5, 14))),  # one cycle: its end with that of the warm-up
    (EVERY_WEEK, (0, 7), None),
    ('{cron: {schedule: "0 9 * * mon-fri"}}', (0, 14), ((0, 7), (7, 14))),
])
def test_what_is_compared(arrivals: str, window: Any, expected: Any, tmp_path: Path) -> None:
    asked = scenario(tmp_path, arrivals, "4 weeks")
    found = stretches(asked, Window(*(day * DAY for day in window)))
    in_days = None if found is None else tuple((one.begin / DAY, one.end / DAY) for one in found)
    assert in_days == expected
    assert found is None or (found[1].begin - found[0].begin) % (DAY if arrivals == EVERY_DAY else WEEK) == 0 or (
        arrivals[1:8] == "poisson")


def loads_of(*growths: float, before: float = 10) -> list[Load]:
    return [Load(Fraction(1), Fraction(0), Fraction(before), Fraction(before) + Fraction(one)) for one in growths]


def judged(found: list[Load], tests: int = 1, level: float = 0.95, resampled: bool = False) -> dict[str, Any]:
    deployment: Any = SimpleNamespace(placement="shared", maximum=3, concurrency=4, vcpu=Fraction(1, 2))
    made = told(deployment, 9, found, level, tests, resampled)
    assert (made["offered"]["slots"]["most"], made["offered"]["cores"]["most"]) == (12, 1.5)
    return dict(made["backlog"])


def test_growth_must_be_beyond_chance_and_worth_a_word() -> None:
    # Growth 4, 6, 8: mean 6, standard error 2 / sqrt(3). With t = 4.303 the low end is 1.03; it was 10 before.
    assert judged(loads_of(4, 6, 8))["growing"]
    assert judged(loads_of(4, 6, 8))["growth"]["low"] == pytest.approx(6 - 4.30265 * 2 / 3**0.5, rel=1e-5)
    assert not judged(loads_of(4, 6, 8), tests=2)["growing"]  # t = 6.205: the chance is shared
    assert not judged(loads_of(4, 6, 8), level=0.99)["growing"]
    assert not judged(loads_of(4, 6, 8), resampled=True)["growing"]  # the spread of one, not of the mean
    assert not judged(loads_of(4, 6, 8, before=11))["growing"]  # 1.03 is less than a tenth of 11
    assert not judged(loads_of(0.98, 0.99, 0.98, before=0))["growing"]  # less than one request is no pile
    assert judged(loads_of(1.01, 1.02, 1.01, before=0))["growing"]
    assert not judged(loads_of(-4, -6, -8))["growing"]


def test_without_spread_or_stretches_nothing_is_told() -> None:
    assert not judged(loads_of(50))["growing"] and "why" in judged(loads_of(50))["growth"]
    none = judged([Load(Fraction(1), Fraction(0), None, None)] * 3)
    assert not none["growing"] and none["growth"]["why"] == (
        "the window is one cycle of its load, and no warm-up comes before it")


@pytest.mark.parametrize(("placement", "slots", "cores"), [("per-agent", 36, 4.5), ("per-session", None, None)])
def test_what_there_is_at_most(placement: str, slots: Any, cores: Any) -> None:
    deployment: Any = SimpleNamespace(placement=placement, maximum=1, concurrency=4, vcpu=Fraction(1, 2))
    offered = told(deployment, 9, loads_of(1, 2), 0.95, 1, False)["offered"]
    assert (offered["slots"]["most"], offered["cores"]["most"]) == (slots, cores)


def single_server(rng: np.random.Generator, rho: float, customers: int) -> Load:
    """M/M/1 from empty by Lindley's recursion, unrolled: a wait is a sum less its running minimum."""
    gaps, work = rng.exponential(1 / rho, customers), rng.exponential(1.0, customers)
    arrived = np.cumsum(gaps)
    steps = np.concatenate(([0.0], np.cumsum(work[:-1] - gaps[1:])))
    wait = steps - np.minimum.accumulate(np.minimum(steps, 0.0))
    at, needs = np.rint(arrived * SECOND).astype(np.int64), np.rint(work * SECOND).astype(np.int64)
    end = int(at[-1])
    window = Window(end // 10, end)
    middle = (window.begin + end) // 2
    asked = run(at, needs, at + needs + np.rint(wait * SECOND).astype(np.int64), 10 * end)
    return backlog.load(*asked, lives(), window, (Window(window.begin, middle), Window(middle, end)))


def test_how_often_it_is_told_of_one_server() -> None:
    """Utilisation 0.7: at most in the 2.5% of cases that a 95% interval lies above what it is of. 1.1: always."""
    rng = np.random.default_rng(20261122)
    calm = [[single_server(rng, 0.7, 3000) for _ in range(6)] for _ in range(150)]
    alarms = sum(judged(one)["growing"] for one in calm)
    assert alarms <= binom.ppf(0.999, len(calm), 0.025)
    # What is late waits: the mean number in the queue of M/M/1.
    waiting = stats.mean([part for one in calm for found in one for part in (found.before, found.after) if part])
    low, high = stats.interval(waiting, 0.999)
    assert low is not None and high is not None and low < 0.7**2 / (1 - 0.7) < high
    assert all(judged([single_server(rng, 1.1, 3000) for _ in range(6)])["growing"] for _ in range(20))


@pytest.mark.parametrize(("rate", "serial", "instances", "expected"), [
    ("16.5/h", False, 1, "It is overloaded: offered work for 1."),  # 4 agents ask 1.1 times as much as one slot serves
    ("10/h", False, 1, None),
    ("66/h", True, 9, "agents may ask for more than they can have one after another"),
])
def test_what_a_person_is_told(rate: str, serial: bool, instances: int, expected: str | None, tmp_path: Path) -> None:
    asked = scenario(tmp_path, f"{{poisson: {{rate: {rate}}}}}", "4 days", serial, instances)
    summary = api.Study(asked, tmp_path).run(replications=6, workers=1).summary
    texts = [one["text"] for one in summary["advice"] if one["rule"] == "overload"]
    assert summary["deployments"]["one"]["backlog"]["growing"] is (expected is not None)
    assert len(texts) == (expected is not None)
    if expected is not None:
        assert texts[0].startswith("one: requests pile up.") and expected in texts[0]
