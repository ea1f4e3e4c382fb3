"""Recorded sessions: what is played is what was recorded."""

from __future__ import annotations

import csv
import gzip
import importlib.util
from collections import defaultdict
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from scipy import stats

from sim.engine.contract import Demand
from sim.units import HOUR, SECOND, WEEK
from sim.workload import models
from tests.workload.support import SCENARIOS, draw, sessions

FILE = SCENARIOS / "data" / "claude-code-sessions.csv.gz"
Turn = tuple[int, tuple[tuple[object, ...], ...]]
"""Gap, and for each step: kind, CPU, waiting, tokens in, cached and out, model."""


def recorded() -> dict[str, list[Turn]]:
    """The turns of each session, read in the plainest way."""
    found: dict[str, dict[int, tuple[list[int], list[tuple[object, ...]]]]] = defaultdict(dict)
    with gzip.open(FILE, "rt", newline="") as file:
        for row in csv.DictReader(file):
            gap, steps = found[row["session"]].setdefault(int(row["turn"]), ([], []))
            gap.append(round(float(row["gap_s"] or 0) * SECOND))
            steps.append((row["kind"], 0, max(1, round(float(row["wait_s"]) * SECOND)), int(row["tokens_in"]),
                          int(row["tokens_cached"]), int(row["tokens_out"]), row["model"]))
    return {name: [(sum(gap), tuple(steps)) for _, (gap, steps) in sorted(turns.items())]
            for name, turns in found.items()}


def played(demand: Demand, names: tuple[str, ...]) -> dict[int, list[Turn]]:
    """The turns of each session of a demand, row by row."""
    found: dict[int, list[Turn]] = defaultdict(list)
    kinds = ("llm", "tool", "wait")
    for row in range(demand.n):
        steps = tuple(
            (kinds[demand.step_kind[step]], int(demand.step_cpu[step]), int(demand.step_wait[step]),
             int(demand.step_tokens_in[step]), int(demand.step_tokens_cached[step]),
             int(demand.step_tokens_out[step]), names[demand.step_model[step]] if demand.step_model[step] >= 0 else "")
            for step in range(demand.step_first[row], demand.step_first[row + 1]))
        gap = int(demand.at[row]) if demand.after[row] >= 0 else 0
        found[int(demand.session[row])].append((gap, steps))
    return found


class TestPlayed:
    def test_every_step_is_the_recorded_one(self):
        made = sessions(per_day=20)
        turns = recorded()
        name_of = {tuple(value): name for name, value in turns.items()}
        assert len(name_of) == len(turns) == 264
        found = played(draw(made), models(made, SCENARIOS))
        assert len(found) > 100
        assert all(tuple(value) in name_of for value in found.values())

    def test_turns_follow_each_other(self):
        found = draw(sessions())
        first = np.append(True, np.diff(found.session) != 0)
        assert np.array_equal(found.after == -1, first)
        assert np.array_equal(found.after[~first], np.flatnonzero(~first) - 1)
        assert (found.at[first] < found.horizon).all()

    def test_sessions_are_numbered_as_they_start(self):
        found = draw(sessions())
        first = np.flatnonzero(found.after == -1)
        number, start = found.session[first], found.at[first]
        order = np.argsort(number)
        assert np.array_equal(number[order], np.arange(len(number)))
        assert (np.diff(start[order]) >= 0).all()
        same = np.diff(found.agent[first]) == 0
        assert (np.diff(number)[same] > 0).all()

    def test_agents_and_sessions_are_drawn_evenly(self):
        made = sessions(per_day=2000)
        found = draw(made)
        first = np.flatnonzero(found.after == -1)
        assert stats.chisquare(np.bincount(found.agent[first], minlength=10)).pvalue > 1e-4
        first_step = found.step_first[first]
        lengths, counts = np.unique(found.step_wait[first_step], return_counts=True)
        weight = defaultdict(int)
        for turns in recorded().values():
            weight[turns[0][1][0][2]] += 1
        assert set(lengths.tolist()) == set(weight)
        expected = np.array([weight[int(length)] for length in lengths]) * len(first) / 264
        assert stats.chisquare(counts, expected).pvalue > 1e-4

    def test_who_has_a_session_has_nothing_to_do_with_which_it_is_or_when(self):
        """Of 14,000 sessions: agent against the session's first step, and against the gap before its start."""
        found = draw(sessions(per_day=2000))
        first = np.flatnonzero(found.after == -1)
        agent, start = found.agent[first], found.at[first]
        by_start = np.argsort(start)
        agent, start = agent[by_start], start[by_start]
        length = found.step_wait[found.step_first[first]][by_start]
        for other in (length[1:], np.diff(start)):
            table = np.zeros((10, 4))
            quarter = np.searchsorted(np.quantile(other, [0.25, 0.5, 0.75]), other)
            np.add.at(table, (agent[1:], quarter), 1)
            assert stats.chi2_contingency(table).pvalue > 1e-4
        # Nor has the session with the gap before it.
        assert stats.kendalltau(length[1:], np.diff(start)).pvalue > 1e-4

    def test_starts_have_the_shape_of_the_week(self):
        found = draw(sessions(per_day=500, shape=True), horizon=4 * WEEK)
        start = found.at[found.after == -1]
        low, high = stats.poisson.interval(1 - 1e-6, 4 * 7 * 500)
        assert low <= len(start) <= high
        rows = np.loadtxt(SCENARIOS / "data" / "azure-llm-2024-week-code.csv", delimiter=",", skiprows=1)
        share = rows[:, 1] / rows[:, 1].sum()
        counts = np.bincount(start % WEEK // HOUR, minlength=168)
        assert stats.chisquare(counts, share * len(start)).pvalue > 1e-4

    def test_even_without_a_shape(self):
        start = (found := draw(sessions(per_day=500))).at[found.after == -1]
        assert stats.kstest(start / WEEK, "uniform").pvalue > 1e-4

    def test_more_sessions_come_sooner(self):
        once, twice = draw(sessions(per_day=30), horizon=2 * WEEK), draw(sessions(per_day=60), horizon=WEEK)
        assert np.array_equal(once.session, twice.session)
        assert np.array_equal(once.step_wait, twice.step_wait)
        first = once.after == -1
        assert np.array_equal(once.at[first] // 2, twice.at[first])
        assert np.array_equal(once.at[~first], twice.at[~first])


@pytest.fixture(scope="module")
def make() -> ModuleType:
    """The script that made the data."""
    spec = importlib.util.spec_from_file_location("make", SCENARIOS / "data" / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def call(trigger: str = "tool", api: str = "1", think: str = "2", stop: str = "tool_use",
         t: str = "0") -> dict[str, str]:
    return {"trigger": trigger, "api_s": api, "think_s": think, "stop": stop, "t_s": t, "in_tok": "9",
            "cached_tok": "8", "out_tok": "7", "model": "m"}


class TestMaking:
    @pytest.mark.parametrize(("calls", "kept"), [
        ([call("user"), call(), call("other")], True), ([call("user"), call("unknown")], False),
        ([call("user"), call(api="")], False), ([call("user"), call(think="")], True)])
    def test_which_sessions(self, make: ModuleType, calls: list[dict[str, str]], kept: bool):
        assert make.complete(calls) is kept

    def test_turns(self, make: ModuleType):
        calls = [call("user"), call("tool"), call("other", think="30", stop="end_turn"),
                 call("other", think="40"), call("user", think="50", stop="end_turn"), call("user", think="60")]
        rows = list(make.steps("s", calls))
        assert [(row[1], row[2], row[3], row[4], str(row[6])) for row in rows] == [
            (0, 0, "", "llm", "1"), (0, 1, "", "tool", "2"), (0, 2, "", "llm", "1"), (0, 3, "", "tool", "30"),
            (0, 4, "", "llm", "1"), (1, 0, "40", "llm", "1"), (2, 0, "50", "llm", "1"), (3, 0, "60", "llm", "1")]

    def test_gap_over_a_sub_agent(self, make: ModuleType):
        assert make.gap(call(think="", t="100"), call(api="12.4", t="50")) == "38"
        assert make.gap(call(think="", t="60"), call(api="12.4", t="50")) == "0"

    def test_shipped(self):
        turns = recorded()
        steps = [step for session in turns.values() for _, rows in session for step in rows]
        kinds = [step[0] for step in steps]
        assert len(turns) == 264
        assert sum(len(session) for session in turns.values()) == 1292
        assert (kinds.count("llm"), kinds.count("tool")) == (19_581, 18_289)
        for session in turns.values():
            assert session[0][0] == 0
            for _, rows in session:
                assert [row[0] for row in rows] == [("llm", "tool")[at % 2] for at in range(len(rows))]
                assert rows[-1][0] == "llm"

    @pytest.mark.parametrize("provider", ["blaxel", "cloudflare", "daytona", "e2b", "modal", "runloop", "vercel"])
    @pytest.mark.parametrize("mode", ["sequential", "staggered"])
    def test_start_times(self, provider: str, mode: str):
        with gzip.open(SCENARIOS / "data" / "sandbox-tti.csv.gz", "rt", newline="") as file:
            rows = [row for row in csv.DictReader(file) if (row["provider"], row["mode"]) == (provider, mode)]
        times = np.array([float(row["tti_ms"]) for row in rows])
        assert len(times) == 400
        assert (np.diff(times) >= 0).all()
        assert all("2026-02-21" <= row["date"] <= "2026-04-11" for row in rows)
        said = readme_row(provider, mode)
        assert times.mean() == pytest.approx(said["mean, ms"], rel=0.03)
        assert np.quantile(times, 0.5) == pytest.approx(said["p50"], rel=0.01)
        assert np.quantile(times, 0.98) <= said["p99"] <= times[-1]


def readme_row(provider: str, mode: str) -> dict[str, float]:
    """Figures of the whole sample as the data's README gives them."""
    lines = [[cell.strip() for cell in line.strip("|\n ").split("|")]
             for line in (SCENARIOS / "data" / "README.md").read_text(encoding="utf-8").splitlines() if "|" in line]
    header = next(line for line in lines if line[0] == "provider" and "p99" in line)
    row = next(line for line in lines if line[:2] == [provider, mode])
    return {name: float(cell.replace(",", "")) for name, cell in zip(header[3:], row[3:], strict=True)}


def test_folder_is_found_from_the_scenario(tmp_path: Path):
    (tmp_path / "mine.csv").write_text("session,turn,step,gap_s,kind,wait_s\ns,0,0,,llm,2\ns,1,0,5,tool,0\n")
    found = draw(sessions("mine.csv", per_day=1000), directory=tmp_path)
    assert set(found.step_wait.tolist()) == {2 * SECOND, 1}
    assert set(found.at[found.after >= 0].tolist()) == {5 * SECOND}
