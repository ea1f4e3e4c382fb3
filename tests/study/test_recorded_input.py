"""Intervals that cover which sessions happened to be recorded.

The population is known: a session has 1 to 4 turns, each number as likely, and a session with t turns has turns of
gamma distributed length with mean t seconds. So long sessions have long turns, turns of a session are not independent,
and a request is of mean E[t t] / E[t] = 7.5 / 2.5 = 3 s. Recordings of it are drawn, and studies made of each.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats as scipy_stats
from scipy.optimize import brentq
from scipy.special import bdtr, bdtrc, stdtr, stdtrit

from sim import stats
from sim.api import Result, Study
from sim.engine.contract import Demand
from sim.exact import total
from sim.scenario.schema import Workload
from sim.stats import Estimate
from sim.units import DAY, SECOND
from sim.workload import demand, work
from tests.system.support import MISSING, SESSIONS, Tree, base, load, plain, replications, requests
from tests.system.support import workload as described

Int64s = NDArray[np.int64]

SHAPE, MEAN = 2.0, 3.0
"""Of the gamma distribution of a turn's length; mean of a request in seconds."""


def write_recording(path: Path, rng: np.random.Generator, sessions: int) -> None:
    """Record some sessions of the population."""
    lines = ["session,turn,step,gap_s,kind,wait_s"]
    for session, turns in enumerate(rng.integers(1, 5, sessions)):
        lengths = rng.gamma(SHAPE, turns / SHAPE, turns)
        lines += [f"s{session},{turn},0,{60 if turn else ''},wait,{length:.6f}" for turn, length in enumerate(lengths)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def quantile(q: float) -> float:
    """The q-quantile of a request: of its session's number of turns t, weighted by t."""
    def below(x: float) -> float:
        return sum(t / 10 * float(scipy_stats.gamma.cdf(x, SHAPE, scale=t / SHAPE)) for t in range(1, 5)) - q

    return float(brentq(below, 0, 100))


def drawn(path: Path, per_day: float, count: int, bootstrap: bool, seed: int = 1) -> list[Demand]:
    """The demand of each replication of four days."""
    made = Workload.model_validate(
        {"agents": 5, "arrivals": {"sessions": {"file": path.name, "per_day": per_day}}})
    return [demand(made, path.parent, 4 * DAY, DAY, seed, r, bootstrap) for r in range(count)]


def on_the_ideal_platform(path: Path, per_day: float, count: int, bootstrap: bool) -> list[Int64s]:
    return [work(one) for one in drawn(path, per_day, count, bootstrap)]


def mean(times: list[Int64s]) -> Estimate:
    return stats.ratio([total(one) for one in times], [len(one) for one in times], SECOND)


def upper_quartile(times: list[Int64s]) -> Estimate:
    return stats.percentile(times, Fraction(3, 4), SECOND)


Figure = Callable[[list[Int64s]], Estimate]


def coverage(folder: Path, figure: Figure, truth: float, recordings: int, sessions: int, per_day: float,
             runs: int = 8) -> tuple[int, int, int, int]:
    """How many intervals hold the truth, with resamples and without; how many there are of each."""
    rng, held, told = np.random.default_rng(41), [0, 0], [0, 0]
    for number in range(recordings):
        path = folder / f"recording-{number}.csv"
        write_recording(path, rng, sessions)
        for kind, bootstrap in enumerate((True, False)):
            estimate = figure(on_the_ideal_platform(path, per_day, runs, bootstrap))
            low, high = stats.interval(estimate.of_resamples() if bootstrap else estimate)
            if low is not None and high is not None:
                told[kind] += 1
                held[kind] += low <= truth <= high
    return held[0], told[0], held[1], told[1]


def in_the_band(held: int, n: int, level: float) -> bool:
    """Whether so many of n are likely enough at a level."""
    return bool(min(bdtr(held, n, level), bdtrc(held - 1, n, level) if held else 1.0) > 0.001)


def expected(sessions: int, played: float, runs: int) -> float:
    """Coverage by the formula of `sim.stats.estimates`, of what is normal: the simulation's noise counts too much."""
    noise = sessions / played  # s / V
    too_wide = (1 + noise) * (1 + 1 / runs) / (1 + (1 + noise) / runs)
    return float(2 * stdtr(runs - 1, stdtrit(runs - 1, 0.975) * np.sqrt(too_wide)) - 1)


FIGURES = [pytest.param(mean, MEAN, id="mean"), pytest.param(upper_quartile, quantile(0.75), id="p75")]


@pytest.mark.parametrize(("figure", "truth"), FIGURES)
def test_coverage_is_near_nominal_with_resamples_and_far_below_without(
    figure: Figure, truth: float, tmp_path: Path
) -> None:
    """Sixty sessions recorded, 240 played in each replication: what was recorded moves a figure most."""
    held, n, without, told = coverage(tmp_path, figure, truth, recordings=150, sessions=60, per_day=60)
    assert n > 140 and told > 140
    due = expected(sessions=60, played=240, runs=8)
    assert 0.95 < due < 0.97 and in_the_band(held, n, due), f"{held} of {n}"
    assert without < 0.6 * told, f"{without} of {told} without"


@pytest.mark.nightly
@pytest.mark.parametrize("runs", [5, 12, 30])
@pytest.mark.parametrize(("figure", "truth"), FIGURES)
@pytest.mark.parametrize(("sessions", "per_day"), [(60, 60), (200, 200), (240, 15)])
def test_coverage_at_length(sessions: int, per_day: float, figure: Figure, truth: float, runs: int,
                            tmp_path: Path) -> None:
    """Up to one point off the formula: a resample of a skewed recording is not quite normal."""
    held, n, without, _ = coverage(tmp_path, figure, truth, 400, sessions, per_day, runs)
    assert n > 380
    due = expected(sessions, 4 * per_day, runs)
    assert any(in_the_band(held, n, min(due + off, 0.9999)) for off in (-0.01, 0, 0.01)), f"{held} of {n}: {due:.3f}"
    assert without < held


# What is drawn


def test_a_resample_is_of_the_recording_and_leaves_the_rest_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "recording.csv"
    write_recording(path, np.random.default_rng(1), 100)
    one, plain_ = drawn(path, 500, 1, True)[0], drawn(path, 500, 1, False)[0]
    opens, opens_plain = one.after == -1, plain_.after == -1
    assert np.array_equal(one.at[opens], plain_.at[opens_plain]), "sessions start when they started"
    assert np.array_equal(one.agent[opens], plain_.agent[opens_plain])
    known = set(plain_.step_wait[plain_.step_first[:-1]][opens_plain])
    found = set(one.step_wait[one.step_first[:-1]][opens])
    assert len(known) == 100, "2,000 picks leave none out"
    assert found < known
    assert 50 < len(found) < 76, "1 - 1/e of them"


def test_every_replication_and_seed_has_a_resample_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "recording.csv"
    write_recording(path, np.random.default_rng(1), 40)
    seen = [frozenset(one.step_wait.tolist()) for seed in (1, 2) for one in drawn(path, 500, 3, True, seed)]
    assert len(set(seen)) == 6
    assert drawn(path, 500, 1, True)[0].step_wait.tolist() == drawn(path, 500, 1, True)[0].step_wait.tolist()


def test_resamples_are_fair(tmp_path: Path) -> None:
    """Each session has a chance of 1 / e of being left out of each resample."""
    path = tmp_path / "recording.csv"
    write_recording(path, np.random.default_rng(1), 30)
    everything = set(drawn(path, 500, 1, False)[0].step_wait.tolist())
    counts = dict.fromkeys(everything, 0)
    for one in drawn(path, 500, 200, True):
        for length in set(one.step_wait.tolist()):
            counts[length] += 1
    left_in = 1 - (1 - 1 / 30) ** 30
    assert all(min(bdtr(k, 200, left_in), bdtrc(k - 1, 200, left_in)) > 1e-6 for k in counts.values())


# In a scenario


COVER: Tree = {"intervals": {"cover": "recorded-input"}}
TWO: Tree = {"here": {"platform": "cloud-run/request-based", "concurrency": 9}, "there": {"platform": "hetzner/cx23"}}


def scenario(**changed: Any) -> Tree:
    """A scenario of recorded sessions on two deployments."""
    arrivals = {"sessions": {"file": SESSIONS, "per_day": 60}}
    work = described(agents=20, arrivals=arrivals, serial=False, request=MISSING)
    return base(**{"replications": 6, "workload": work, "deployments": TWO} | changed)


def run(tree: Tree, folder: Path) -> Result:
    return Study(load(tree, folder), folder).run(workers=1)


def test_all_deployments_meet_the_same_resample(folder: Path) -> None:
    result = run(scenario() | COVER, folder)
    here, there = (requests(result, name) for name in ("here", "there"))
    assert here["session"].equals(there["session"])
    assert result.summary["deployments"]["here"]["tokens"] == result.summary["deployments"]["there"]["tokens"]


def test_intervals_and_verdicts_are_of_resamples_and_say_so(folder: Path) -> None:
    text = "here.latency_s.mean < 1.5 * there.latency_s.mean"
    result = run(scenario(expect=[text]) | COVER, folder)
    assert result.summary["covers"] == "chance of the simulation and of which sessions were recorded"
    for path in ("latency_s.mean", "cost.llm", "tokens.in"):
        estimate = result.estimates["here"][path]
        assert estimate.resampled
        part = result.summary["deployments"]["here"]
        for key in path.split("."):
            part = part[key]
        alone = Estimate(estimate.value, estimate.sections)
        narrow = stats.interval(alone)
        assert part["high"] - part["low"] == pytest.approx(((narrow[1] or 0) - (narrow[0] or 0)) * np.sqrt(7))
    (verdict,) = result.expectations
    ours, theirs = (result.estimates[name]["latency_s.mean"] for name in ("here", "there"))
    told = stats.paired_ratio(ours, theirs)
    assert (verdict.low, verdict.high) == (pytest.approx(told["low"]), pytest.approx(told["high"]))


@pytest.mark.parametrize(("change", "covers"), [
    ({}, "chance of the simulation; recorded input as it is"),
    (COVER, "chance of the simulation and of which sessions were recorded"),
    ({**COVER, "deployments": {"here": {"platform": "cloud-run/request-based", "concurrency": 9, "start": {
        "samples": "starts.csv", "column": "ms", "unit": "ms"}}}},
     "chance of the simulation and of which sessions were recorded; other recorded input as it is")])
def test_what_intervals_cover_is_told(change: Tree, covers: str, folder: Path) -> None:
    assert run(scenario() | change | {"replications": 1}, folder).summary["covers"] == covers


def test_without_recorded_input_there_is_only_chance(folder: Path) -> None:
    assert run(base(), folder).summary["covers"] == "chance of the simulation"


def test_more_replications_keep_the_first(folder: Path) -> None:
    short, long = (replications(scenario(replications=n) | COVER, folder) for n in (2, 4))
    assert plain([one.measures for one in short]) == plain([one.measures for one in long[:2]])
