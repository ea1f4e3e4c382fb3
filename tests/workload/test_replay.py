"""Recorded requests: replayed as they are, cut, repeated, at other rates, in blocks."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.engine.contract import Demand
from sim.errors import AdvisedError, InputError
from sim.scenario.schema import Workload
from sim.units import DAY, HOUR, MINUTE, SECOND
from tests.workload.support import draw

STEPS = [{"llm": {"model": "small", "input": {"column": "asked"}, "output": {"column": "made"},
                  "time": {"column": "took", "unit": "ms"}}}]  # fmt: skip


def made(folder: Path, name: str = "x.csv", agents: int = 1, request: Any = None, **keys: Any) -> Workload:
    return Workload.model_validate({"agents": agents, "arrivals": {"requests": {"file": name} | keys},
                                    "request": request or [{"wait": "1 s"}]})  # fmt: skip


def write(folder: Path, times: Any, name: str = "x.csv", **columns: Any) -> None:
    pd.DataFrame({"t_s": times} | columns).to_csv(folder / name, index=False)


def replayed(folder: Path, horizon: int = DAY, replication: int = 0, **keys: Any) -> Demand:
    return draw(made(folder, **keys), horizon=horizon, replication=replication, directory=folder)


class TestVerbatim:
    def test_every_column(self, tmp_path: Path):
        write(tmp_path, [0, 0.5, 10, 3600], who=["b", "a", "b", "c"], asked=[7, 8, 9, 10], made=[1, 2, 3, 4],
              took=[1.5, 2, 2.5, 1000])  # fmt: skip
        found = replayed(tmp_path, agents=3, agent="who", request=STEPS)
        assert found.agent.tolist() == [0, 1, 1, 2]
        assert found.at.tolist() == [SECOND // 2, 0, 10 * SECOND, HOUR]
        assert found.step_tokens_in.tolist() == [8, 7, 9, 10]
        assert found.step_tokens_out.tolist() == [2, 1, 3, 4]
        assert found.step_wait.tolist() == [2000, 1500, 2500, SECOND]

    @pytest.mark.parametrize("name", ["x.csv", "x.csv.gz", "x.parquet"])
    def test_kinds_of_files(self, tmp_path: Path, name: str):
        table = pd.DataFrame({"Zeit": [1.0, 2.25], "n": [3, 4]})
        if name.endswith("parquet"):
            table.to_parquet(tmp_path / name)
        elif name.endswith("gz"):
            (tmp_path / name).write_bytes(gzip.compress(table.to_csv(index=False).encode()))
        else:
            table.to_csv(tmp_path / name, index=False)
        found = replayed(tmp_path, name=name, time="Zeit", unit="min", request=[
            {"llm": {"model": "small", "input": {"column": "n"}, "output": 1}}])  # fmt: skip
        assert found.at.tolist() == [MINUTE, 135 * SECOND]
        assert found.step_tokens_in.tolist() == [3, 4]

    def test_dates_count_from_the_first(self, tmp_path: Path):
        write(tmp_path, ["2023-11-16 18:17:03.9799600", "2023-11-16 18:17:04.0", "2023-11-17T18:17:03.979960"])
        assert replayed(tmp_path, horizon=2 * DAY).at.tolist() == [0, 20_040, DAY]

    def test_dates_of_parquet(self, tmp_path: Path):
        times = pd.to_datetime(["2023-11-16 18:00", "2023-11-16 18:30"])
        pd.DataFrame({"t_s": times}).to_parquet(tmp_path / "x.parquet")
        assert replayed(tmp_path, name="x.parquet").at.tolist() == [0, 30 * MINUTE]

    def test_cut_and_repeated(self, tmp_path: Path):
        write(tmp_path, [0, 60, 90, 120, 600])
        assert replayed(tmp_path, begin="1 min", end="2 min").at.tolist() == [0, 30 * SECOND]
        found = replayed(tmp_path, begin="1 min", end="2 min", loop=True)
        assert found.at.tolist() == [30 * SECOND * half for half in range(2880)]

    def test_memory(self, tmp_path: Path):
        write(tmp_path, [0, 1], mb=[5, 6.5])
        workload = Workload.model_validate({"agents": 1, "arrivals": {"requests": {"file": "x.csv"}},
                                            "request": [{"wait": "1 s"}], "memory": {"column": "mb", "unit": "MB"}})
        assert draw(workload, directory=tmp_path).memory.tolist() == [5_000_000, 6_500_000]

    def test_agents_by_chance(self, tmp_path: Path):
        write(tmp_path, np.arange(4000))
        found = replayed(tmp_path, agents=4)
        counts = np.bincount(found.agent, minlength=4)
        assert abs(counts - 1000).max() < 5 * np.sqrt(1000 * 0.75)

    def test_rows_stay_with_merged_requests(self, tmp_path: Path):
        write(tmp_path, [0, 1, 50, 51], asked=[1, 2, 3, 4], made=[1, 2, 3, 4], took=[1, 2, 3, 4])
        workload = Workload.model_validate({"agents": 1, "request": STEPS, "arrivals": {
            "requests": {"file": "x.csv"}, "debounce": {"quiet": "10 s"}}})  # fmt: skip
        found = draw(workload, directory=tmp_path)
        assert found.at.tolist() == [11 * SECOND, 61 * SECOND]
        assert found.step_tokens_in.tolist() == [1, 3]
        assert found.coalesced.tolist() == [1, 1]


def bursty(folder: Path) -> np.ndarray:
    """A recording of six hours in which requests come in fives, one second apart."""
    opens = np.sort(np.random.default_rng(3).uniform(0, 6 * 3600 - 10, 1500))
    times = np.sort((opens[:, None] + np.arange(5)).ravel())
    write(folder, times, number=np.arange(len(times)))
    return times


def dispersion(at: np.ndarray, width: int, horizon: int) -> float:
    counts = np.bincount(at // width, minlength=horizon // width)[: horizon // width]
    return float(counts.var() / counts.mean())


class TestRate:
    horizon = 6 * HOUR

    def runs(self, folder: Path, rate: str, runs: int = 30) -> list[Demand]:
        return [replayed(folder, horizon=self.horizon, end="6 h", rate=rate, replication=r) for r in range(runs)]

    def test_its_own_rate_is_the_recording(self, tmp_path: Path):
        times = bursty(tmp_path)
        found = replayed(tmp_path, horizon=self.horizon, end="6 h", rate="1250/h")
        assert np.array_equal(found.at, np.rint(times * 1e6))

    @pytest.mark.parametrize(("rate", "share"), [(125, 0.1), (500, 0.4)])
    def test_thinned(self, tmp_path: Path, rate: int, share: float):
        times = bursty(tmp_path)
        at = np.rint(times * 1e6).astype(np.int64)
        found = self.runs(tmp_path, f"{rate}/h")
        counts = np.array([one.n for one in found])
        assert abs(counts.mean() - rate * 6) < 5 * np.sqrt(7500 * share * (1 - share) / len(found))
        assert all(np.isin(one.at, at).all() for one in found)
        whole = dispersion(at, 10 * SECOND, self.horizon)
        thin = np.array([dispersion(one.at, 10 * SECOND, self.horizon) for one in found])
        assert whole > 2.5
        assert abs(thin.mean() - 1 - share * (whole - 1)) < 5 * thin.std(ddof=1) / np.sqrt(len(thin)) + 0.01

    def test_superposed(self, tmp_path: Path):
        at = np.rint(bursty(tmp_path) * 1e6).astype(np.int64)
        found = self.runs(tmp_path, "5000/h", 10)
        assert all(one.n == 4 * 7500 for one in found)
        assert all(np.isin(at, one.at).all() for one in found)  # the first copy is the recording
        whole = dispersion(at, 10 * SECOND, self.horizon)
        laid = np.array([dispersion(one.at, 10 * SECOND, self.horizon) for one in found])
        assert abs(laid.mean() - whole) < 0.1 * whole

    def test_a_higher_rate_only_adds(self, tmp_path: Path):
        bursty(tmp_path)
        some, more = (replayed(tmp_path, horizon=self.horizon, end="6 h", rate=rate, request=[
            {"llm": {"model": "small", "input": {"column": "number"}, "output": 1, "time": "exponential(mean=1 s)"}}])
            for rate in ("900/h", "1700/h"))  # fmt: skip
        first, second = ({(int(at), int(n)): int(wait) for at, n, wait in zip(
            one.at, one.step_tokens_in, one.step_wait, strict=True)} for one in (some, more))  # fmt: skip
        assert first.items() <= second.items()


class TestBlocks:
    def test_blocks_are_whole_and_as_likely(self, tmp_path: Path):
        # Block b of four has 2^b requests, at seconds of its own.
        times = np.concatenate([3600 * b + 100 * (b + 1) + np.arange(2**b) for b in range(4)])
        write(tmp_path, times)
        found = replayed(tmp_path, horizon=40 * DAY, blocks="1 h", end="4 h")
        counts = np.bincount(found.at // HOUR, minlength=960)
        seen = np.bincount(counts, minlength=9)
        assert seen.sum() == seen[[1, 2, 4, 8]].sum()
        assert abs(seen[[1, 2, 4, 8]] - 240).max() < 5 * np.sqrt(960 * 3 / 16)
        for b in range(4):
            hours = np.flatnonzero(counts == 2**b)
            inside = found.at[np.isin(found.at // HOUR, hours)] % HOUR // SECOND
            assert set(inside.tolist()) == {100 * (b + 1) + k for k in range(2**b)}
        again = replayed(tmp_path, horizon=40 * DAY, blocks="1 h", end="4 h", replication=1)
        assert not np.array_equal(found.at, again.at)
        assert abs(np.corrcoef(counts[1:], counts[:-1])[0, 1]) < 5 / np.sqrt(960)


class TestRows:
    """Rows drawn at random: what was recorded together stays together."""

    def test_columns_stay_together(self, tmp_path: Path):
        rng = np.random.default_rng(1)
        asked = rng.integers(1, 1000, 50)
        write(tmp_path, np.zeros(50), asked=asked, made=asked * 3 + 1, took=asked * 7)
        workload = Workload.model_validate({"agents": 5, "arrivals": {"poisson": {"rate": "30/h"}}, "request": STEPS,
                                            "rows": {"file": "x.csv"}})
        found = draw(workload, directory=tmp_path)
        assert np.array_equal(found.step_tokens_out, found.step_tokens_in * 3 + 1)
        assert np.array_equal(found.step_wait, found.step_tokens_in * 7000)
        assert abs(found.step_tokens_in.mean() - asked.mean()) < 5 * asked.std() / np.sqrt(found.n)
        assert set(found.step_tokens_in.tolist()) == set(asked.tolist())

    def test_rounds_and_repeated_steps_are_those_of_the_row(self, tmp_path: Path):
        write(tmp_path, [0, 0], rounds=[2, 5], cpu=[10, 20])
        workload = Workload.model_validate({"agents": 1, "arrivals": {"poisson": {"rate": "30/h"}}, "request": [
            {"loop": {"times": {"column": "rounds"}, "steps": [{"tool": {"cpu": {"column": "cpu", "unit": "ms"}}}]}}],
            "rows": {"file": "x.csv"}})  # fmt: skip
        found = draw(workload, directory=tmp_path)
        steps = np.diff(found.step_first)
        assert set(steps.tolist()) == {2, 5}
        assert np.array_equal(found.step_cpu, np.repeat(np.where(steps == 2, 10_000, 20_000), steps))


@pytest.mark.parametrize(("rows", "keys", "message"), [
    ("t_s\n", {}, "has a header and no rows"),
    ("t_s\n5\n4\n", {}, "x.csv:3:1: error: `t_s` is `4`, which is before the `5` in line 2"),
    ("t_s\n1\n", {"begin": "1 h"}, "has no request in the part that is asked for; its last comes after 1 s"),
    ("t_s\n1\n2\n", {"end": "1 s", "begin": "0 s"}, "has no request in the part"),
    ("t_s,who\n1,a\n2,b\n", {"agent": "who"}, "has 2 agents in `who`, and the workload has 1"),
    ("t_s\n1\n9\n", {"blocks": "1 h"}, "lasts 9.000001 s, which is less than a block"),
    ("t\n1\n", {}, "has no column `t_s`"),
    ("t_s\n1\n", {"agent": "who"}, "has no column `who`"),
])  # fmt: skip
def test_wrong(tmp_path: Path, rows: str, keys: dict[str, Any], message: str):
    (tmp_path / "x.csv").write_text(rows)
    with pytest.raises((InputError, AdvisedError), match=message):
        replayed(tmp_path, **keys)


def test_wrong_values(tmp_path: Path):
    write(tmp_path, [0, 1], asked=[1, -1], made=[1, 2], took=[1, 2])
    with pytest.raises(InputError, match="`asked` is `-1`, which is negative"):
        replayed(tmp_path, request=STEPS)
    (tmp_path / "y.parquet").write_bytes(b"no")
    with pytest.raises(AdvisedError, match="no readable parquet"):
        replayed(tmp_path, name="y.parquet")
