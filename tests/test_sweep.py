"""A scenario with axes: from the file to frames, folder and report."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

import sim
from sim.api import Result, Sweep
from sim.cli import program
from sim.report import sweep as report

TEXT = """\
name: tiny
as_of: 2026-11-01
month: 2026-11
horizon: 1 day
drain: 1 h
replications: 5
workload:
  agents: 2
  arrivals: {poisson: {rate: 2/h}}
  request:
    - tool: {cpu: 200 ms, wait: exponential(mean=2 s)}
  memory: 10 MiB
deployments:
  a: {platform: fly/machines, placement: per-agent, max_instances: 1, size: shared-cpu-1x-1gb}
  b: {platform: hetzner/cx23}
axes:
  deployments.a.idle_timeout: [1 min, 30 min]
  load: {path: workload.arrivals.poisson.rate, values: [2/h, 20/h]}
expect:
  - b.overhead_s.p50 <= 1 min
  - a.wake_fraction < 10%
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sweep") / "tiny.yaml"
    path.write_text(TEXT)
    return path


@pytest.fixture(scope="module")
def sweep(path: Path) -> Sweep:
    found = sim.load(path).run(workers=1)
    assert isinstance(found, Sweep)
    return found


def call(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(program, list(arguments))
    return done.exit_code, done.stdout, done.stderr


def test_each_case_is_what_it_is_alone(path: Path, sweep: Sweep) -> None:
    assert [str(settings) for settings in sweep.results] == [
        f"idle_timeout={idle}, load={load}" for idle in ("1 min", "30 min") for load in ("2/h", "20/h")]
    settings, result = list(sweep.results.items())[2]
    alone = sim.load(path, ["deployments.a.idle_timeout=30 min", "workload.arrivals.poisson.rate=2/h"]).run(workers=1)
    assert isinstance(alone, Result)
    told = {**alone.summary, "case": dict(settings.pairs)}
    assert result.summary == told
    assert [(key, str(one.scenario.settings)) for key, one in sim.load(path).cases()] == [
        (key, str(key)) for key in sweep.results]
    assert sim.load(path).cases()[2][1].run(workers=1).summary == result.summary


def test_frames_have_a_column_for_each_axis(sweep: Sweep) -> None:
    for name in ("overhead", "latency", "bill"):
        frame = getattr(sweep, name)
        assert list(frame.columns[:3]) == ["idle_timeout", "load", "deployment"]
        single = [getattr(result, name) for result in sweep.results.values()]
        assert len(frame) == sum(map(len, single)) and list(frame.columns[2:]) == list(single[0].columns)
    frame = sweep.overhead
    assert list(frame["idle_timeout"].cat.categories) == ["1 min", "30 min"] and frame["load"].cat.ordered
    one = frame.query("idle_timeout == '30 min' and load == '2/h' and deployment == 'a' and statistic == 'p50'")
    result = list(sweep.results.values())[2].overhead.query("deployment == 'a' and statistic == 'p50'")
    assert one["value"].item() == result["value"].item()


def test_a_longer_timeout_wakes_less_and_costs_more(sweep: Sweep) -> None:
    """What is known without a simulator, from paired runs."""
    def figure(settings: str, path: str) -> float:
        found = next(result for key, result in sweep.results.items() if str(key) == settings)
        return float(found.estimates["a"][path].value)

    for load in ("2/h", "20/h"):
        short, long = f"idle_timeout=1 min, load={load}", f"idle_timeout=30 min, load={load}"
        assert figure(short, "wake_fraction") > figure(long, "wake_fraction")
        assert figure(short, "cost.infrastructure") < figure(long, "cost.infrastructure")


def test_numbers_stay_numbers_and_names_that_are_taken_become_paths(path: Path) -> None:
    found = sim.load(path, ["axes={workload.agents: [1, 3], workload.arrivals.poisson.rate: [2/h]}"]).run(
        workers=1, replications=2)
    assert isinstance(found, Sweep)
    assert list(found.bill.columns[:2]) == ["agents", "workload.arrivals.poisson.rate"]
    assert list(found.overhead.columns[:2]) == ["agents", "rate"]
    assert pd.api.types.is_integer_dtype(found.overhead["agents"])


def test_the_worst_verdict_of_all_cases_counts(sweep: Sweep) -> None:
    first, second = sweep.expectations
    assert (first.verdict, second.verdict) == ("holds", "fails")
    assert second.text == "a.wake_fraction < 10%, in the case idle_timeout=1 min, load=2/h"
    assert sweep.exit_code == 3


def test_the_summary_has_all_cases(sweep: Sweep) -> None:
    summary = sweep.summary
    assert [case["case"] for case in summary["cases"]] == [
        {"idle_timeout": idle, "load": load} for idle in ("1 min", "30 min") for load in ("2/h", "20/h")]
    assert summary["axes"]["load"] == {"path": "workload.arrivals.poisson.rate", "values": ["2/h", "20/h"]}
    identities = {case["identity"] for case in summary["cases"]}
    assert len(identities) == 4 and summary["identity"] not in identities
    json.dumps(summary, allow_nan=False)


def test_progress_grows_over_all_cases(path: Path) -> None:
    seen: list[tuple[int, int]] = []
    sim.load(path, ["deployments.a.idle_timeout=1 min"]).run(
        workers=1, replications=2, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_flag_fixes_the_axis(path: Path) -> None:
    found = sim.load(path, ["axes={seed: [1, 2]}"]).run(workers=1, seed=7, replications=2)
    assert isinstance(found, Result) and found.summary["seed"] == 7 and "case" not in found.summary


def test_folders(sweep: Sweep, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    for _ in range(2):
        sweep.write(str(folder))
        assert json.loads((folder / "summary.json").read_text()) == json.loads(json.dumps(sweep.summary))
        names = sorted(path.name for path in (folder / "cases").iterdir())
        assert names[0] == "001-idle_timeout=1-min-load=2-h" and len(names) == 4
    case = folder / "cases" / names[2]
    assert json.loads((case / "summary.json").read_text())["case"] == {"idle_timeout": "30 min", "load": "2/h"}
    again = sim.load(case / "case.yaml").scenario
    assert again == list(sweep.results.values())[2].case.scenario


def test_the_report_has_a_line_for_each_case_and_deployment(sweep: Sweep) -> None:
    text = report.render(sweep.summary, folder="here", command="sim run x.yaml")
    lines = text.splitlines()
    assert lines[1].startswith("4 cases: idle_timeout (2) × load (2) · 5 replications each · seed 0 · prices list-2026")
    rows = [line for line in lines if line.split()[-1:] and (" a  " in line or line.strip().startswith("b "))]
    assert len(rows) == 8
    verdicts = [[one["verdict"] for one in case["expect"]] for case in sweep.summary["cases"]]
    signs = {"holds": "✓", "fails": "✗", "inconclusive": "?"}
    for row, found in zip(rows[::2], verdicts, strict=True):
        assert row.endswith("  ".join(f"{sign} {found.count(verdict)}" for verdict, sign in signs.items()
                                      if verdict in found))
    assert "✓ holds in all" in text and f"✗ holds in {[two for _, two in verdicts].count('holds') or 'none'}" in text
    assert "idle_timeout=1 min, load=2/h" in text
    assert lines[-2:] == ["Kept in      here", "Repeat with  sim run x.yaml"]
    assert all(len(line) <= 100 for line in lines)
    assert "?" not in report.render(sweep.summary, encoding="ascii").replace("? ", "")


def test_from_the_command_line(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    setting = "deployments.a.idle_timeout=[1 min"
    assert call("run", str(path), "--set", setting)[0] == 2
    code, out, err = call("run", str(path), "--workers", "1", "--replications", "2", "--set", "workload.agents=1")
    assert (code in (3, 4), err) == (True, "") and "4 cases" in out
    assert f"Repeat with  sim run {path} --set workload.agents=1 --seed 0 --replications 2" in out
    (folder,) = (tmp_path / "results" / "runs" / "tiny").iterdir()
    assert len(list((folder / "cases").iterdir())) == 4
    code, out, _ = call("run", str(path), "--workers", "1", "--replications", "2", "--json")
    assert code in (3, 4)
    assert [case["case"]["load"] for case in json.loads(out)["cases"]] == ["2/h", "20/h", "2/h", "20/h"]
