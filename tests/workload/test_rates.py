"""Recorded rates: counts follow them, for the fleet and for each agent."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.engine.contract import Demand
from sim.errors import AdvisedError, InputError
from sim.units import DAY, HOUR, MINUTE
from tests.workload.support import SCENARIOS, draw, workload


def drawn(folder: Path, text: str, agents: int = 4, horizon: int = DAY, replication: int = 0, beside: Any = None,
          **keys: Any) -> Demand:  # fmt: skip
    (folder / "x.csv").write_text(text)
    made = workload({"rates": {"file": "x.csv"} | keys} | (beside or {}), agents=agents)
    return draw(made, horizon=horizon, replication=replication, directory=folder)


def hold(count: float, mean: float) -> None:
    assert abs(count - mean) <= 5 * np.sqrt(mean)


class TestFleet:
    TEXT = "t_s,rate\n0,60\n3600,0\n7200,120\n14400,30\n"

    def test_counts_follow_the_rates(self, tmp_path: Path):
        # The last rate holds as long as the one before: a period of six hours.
        found = drawn(tmp_path, self.TEXT, per="h", horizon=50 * DAY)
        hours = np.bincount(found.at // HOUR % 6, minlength=6)
        assert hours[1] == 0
        for hour, rate in enumerate((60, 0, 120, 120, 30, 30)):
            hold(hours[hour], rate * 200)
        agents = np.bincount(found.agent, minlength=4)
        for count in agents:
            hold(count, 360 / 4 * 200)

    def test_held_for_a_time(self, tmp_path: Path):
        found = drawn(tmp_path, self.TEXT, per="h", hold="30 min", period="8 h", horizon=40 * DAY)
        halves = np.bincount(found.at // (HOUR // 2) % 16, minlength=16)
        expected = {0: 30, 4: 60, 8: 15}
        for half, count in enumerate(halves):
            hold(count, 120 * expected.get(half, 0))

    def test_scaled(self, tmp_path: Path):
        found = drawn(tmp_path, self.TEXT, mean="5/min", horizon=20 * DAY)
        hold(found.n, 5 * 1440 * 20)
        hours = np.bincount(found.at // HOUR % 6, minlength=6)
        hold(hours[0], 80 * 300 * 60 / 60)

    def test_a_week_is_the_same_as_by_its_shape(self, tmp_path: Path):
        (tmp_path / "x.csv").write_text("t_s,rate\n0,1\n86400,5\n")
        found = drawn(tmp_path, "t_s,rate\n0,1\n86400,5\n", per="h", period="1 week", agents=1, horizon=7 * DAY)
        buckets = {"mon": {"when": "mon", "rate": "1/h"}, "rest": {"when": "otherwise", "rate": "5/h"}}
        other = draw(workload({"weekly": buckets}), horizon=7 * DAY)
        assert abs(found.at - other.at).max() <= 1

    def test_bursty(self, tmp_path: Path):
        horizon, runs = 6 * HOUR, 60
        each = []
        for r in range(runs):
            found = drawn(tmp_path, "t_s,rate\n0,10\n3600,10\n", per="min", horizon=horizon, replication=r, beside={
                "burstiness": {"index_of_dispersion": 4, "at": "60 s"}})  # fmt: skip
            counts = np.bincount(found.at // MINUTE, minlength=360)
            each.append(((counts - 10) ** 2).mean() / 10)
        assert abs(np.mean(each) - 4) < 5 * np.std(each) / np.sqrt(runs) < 0.5


class TestAgents:
    TEXT = "t_s,who,rate,cv\n0,b,40,0.5\n0,a,10,3\n3600,a,30,3\n7200,b,20,0.5\n10800,a,0,9\n"

    def test_each_follows_its_own(self, tmp_path: Path):
        found = drawn(tmp_path, self.TEXT, agents=2, per="h", agent="who", period="4 h", horizon=50 * DAY)
        for agent, rates in ((0, (10, 30, 30, 0)), (1, (40, 40, 20, 20))):
            hours = np.bincount(found.at[found.agent == agent] // HOUR % 4, minlength=4)
            for hour, rate in enumerate(rates):
                hold(hours[hour], 300 * rate)

    def test_rows_that_are_missing_are_nothing(self, tmp_path: Path):
        found = drawn(tmp_path, self.TEXT, agents=2, per="h", agent="who", hold="1 h", horizon=50 * DAY)
        hours = np.bincount(found.at[found.agent == 1] // HOUR % 4, minlength=4)
        for hour, rate in enumerate((40, 0, 20, 0)):
            hold(hours[hour], 300 * rate)

    def test_scaled(self, tmp_path: Path):
        found = drawn(tmp_path, self.TEXT, agents=2, agent="who", period="4 h", mean="100/h", horizon=20 * DAY)
        hold(found.n, 100 * 480)
        hold((found.agent == 0).sum(), 48_000 * 70 / 190)

    def test_gaps_are_as_irregular_as_told(self, tmp_path: Path):
        # On a rate that is always the same, gaps are those of the clock.
        told = (("a", 3), ("b", 0.5), ("c", 1))
        rows = [f"{hour * 3600},{who},60,{cv}\n" for who, cv in told for hour in range(2)]
        text = "t_s,who,rate,cv\n" + "".join(rows)
        found = drawn(tmp_path, text, agents=3, per="h", agent="who", cv="cv", horizon=200 * DAY)
        for agent, cv in enumerate((3, 0.5, 1)):
            gaps = np.diff(found.at[found.agent == agent]) / MINUTE
            assert abs(gaps.mean() - 1) < 5 * cv / np.sqrt(len(gaps))
            assert abs(gaps.std() - cv) < 0.05 * cv
        counts = np.bincount(found.agent)
        assert (abs(counts - 288_000) < 5 * np.sqrt(288_000 * np.array([9, 0.25, 1]))).all()

    def test_irregular_gaps_follow_the_rate(self, tmp_path: Path):
        found = drawn(tmp_path, self.TEXT, agents=2, per="h", agent="who", cv="cv", period="4 h", horizon=50 * DAY)
        for agent, cv, rates in ((0, 3, (10, 30, 30, 0)), (1, 0.5, (40, 40, 20, 20))):
            hours = np.bincount(found.at[found.agent == agent] // HOUR % 4, minlength=4)
            for hour, rate in enumerate(rates):
                assert abs(hours[hour] - 300 * rate) <= 5 * max(cv, 1) * np.sqrt(300 * rate)

    def test_rows_in_any_order_of_agents(self, tmp_path: Path):
        one = drawn(tmp_path, self.TEXT, agents=2, per="h", agent="who", cv="cv")
        head, *lines = self.TEXT.splitlines()
        text = "\n".join([head, *sorted(lines, key=lambda line: line.split(",")[1])])
        other = drawn(tmp_path, text, agents=2, per="h", agent="who", cv="cv")
        assert np.array_equal(one.at, other.at)


class TestShipped:
    def test_tenants(self):
        # Twenty tenants over a week: each has its own rate by the hour, and gaps as irregular as recorded.
        with gzip.open(SCENARIOS / "data" / "servegen-tenants-week.csv.gz", "rt", newline="") as file:
            rows = list(csv.DictReader(file))
        names = sorted({row["tenant"] for row in rows})
        made = workload({"rates": {"file": "data/servegen-tenants-week.csv.gz", "agent": "tenant", "cv": "cv",
                                   "hold": "1 h", "period": "1 week", "mean": "0.5/s"}}, agents=20)  # fmt: skip
        found = draw(made, horizon=7 * DAY, directory=SCENARIOS)
        whole = sum(float(row["rate"]) for row in rows)
        irregular = {name: np.average([float(row["cv"]) for row in rows if row["tenant"] == name],
                                      weights=[float(row["rate"]) for row in rows if row["tenant"] == name])
                     for name in names}  # fmt: skip
        assert max(irregular.values()) > 2 > min(irregular.values())
        for agent, name in enumerate(names):
            share = sum(float(row["rate"]) for row in rows if row["tenant"] == name) / whole
            mean = share * 0.5 * 7 * 86_400
            count = (found.agent == agent).sum()
            assert abs(count - mean) < 5 * max(irregular[name], 1) * np.sqrt(mean) + 1, name
        busiest = np.bincount(found.agent).argmax()
        hours = np.bincount(found.at[found.agent == busiest] // HOUR, minlength=168)
        recorded = np.zeros(168)
        for row in rows:
            if row["tenant"] == names[busiest]:
                recorded[int(row["t_s"]) // 3600] = float(row["rate"])
        assert np.corrcoef(hours, recorded)[0, 1] > 0.5
        assert not hours[recorded == 0].any()

    def test_week_of_a_code_assistant(self):
        series = {"file": "data/azure-llm-2024-week-code.csv", "per": "min", "mean": "0.1/s"}
        made = workload({"rates": series}, agents=3)
        found = draw(made, horizon=14 * DAY, directory=SCENARIOS)
        hold(found.n, 0.1 * 14 * 86_400)
        with (SCENARIOS / "data" / "azure-llm-2024-week-code.csv").open(newline="") as file:
            rates = np.array([float(row["rate"]) for row in csv.DictReader(file)])
        hours = np.bincount(found.at // HOUR % 168, minlength=168)
        for count, rate in zip(hours, rates / rates.mean() * 720, strict=True):
            hold(count, rate)


@pytest.mark.parametrize(("text", "keys", "message"), [
    ("t_s,rate\n", {}, "has a header and no rows"),
    ("t_s,rate\n0,0\n", {}, "has no `rate` above 0"),
    ("t_s,rate\n5,1\n5,2\n", {}, "x.csv:3:1: error: `t_s` is `5`, as `5` in line 2"),
    ("t_s,rate\n5,1\n3600,1\n", {"period": "1 h"}, "x.csv:3:1: error: `t_s` is `3600`, which is too large"),
    ("t_s,rate,who\n0,1,a\n0,1,b\n", {"agent": "who"}, "has 2 agents in `who`, and the workload has 4"),
    ("t_s,rate\n0,1\n", {"agent": "who"}, "has no column `who`"),
])  # fmt: skip
def test_wrong(tmp_path: Path, text: str, keys: dict[str, Any], message: str):
    with pytest.raises((InputError, AdvisedError), match=message):
        drawn(tmp_path, text, **keys)
