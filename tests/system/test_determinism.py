"""The same file and seed give the same bytes, whoever runs it, wherever and on whatever processor."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__  # type: ignore[import-not-found]

import sim
from sim.study.identity import identity
from sim.trace.columns import TABLES

from .support import (
    FEWER,
    SESSIONS,
    STARTS,
    WEEK,
    Tree,
    base,
    bind,
    plain,
    replications,
    requests,
    run,
    text,
    with_value,
    workload,
    write_data,
)

KEPT = ("summary.json", "invoice.json", "case.yaml", *(f"{name}.parquet" for name in TABLES))
"""Files of a run folder that must not differ."""

SAMPLES = {"samples": STARTS, "column": "ms", "unit": "ms"}

DEPLOYMENTS: Tree = {
    "servers": {"platform": "hetzner/cx23", "instances": 2, "concurrency": 3},
    "suspend": {"platform": "fly/machines", "size": "shared-cpu-1x-1gb", "placement": "per-agent"},
    "serverless": {"platform": "cloud-run/request-based", "vcpu": 1, "concurrency": 4, "idle_timeout": "2 min"},
    "functions": {"platform": "aws-lambda/arm", "memory": "1 GiB", "start": SAMPLES},
}
EXPECT = ["suspend.overhead_s.mean > 0 s", "serverless.cost.total < 2 * servers.cost.total"]

OPEN = base(
    name="open",
    warmup="auto",
    replications=4,
    workload=workload(
        agents=8,
        arrivals={"weekly": {"busy": {"when": "08:00-18:00", "rate": "4/h"},
                             "calm": {"when": "otherwise", "rate": "1/h"}}},
        request=[
            {"llm": {"model": "mid-tier", "input": "lognormal(mean=3000, p95=9000)",
                     "output": "gamma(mean=300, cv=1.5)"}},
            {"loop": {"times": "geometric(mean=3)", "steps": [
                {"tool": {"cpu": "weibull(shape=0.7, scale=400 ms)", "wait": "pareto(shape=2.5, mean=2 s)"}},
                {"wait": "exponential(mean=1 s)"}]}},
        ],
    ),
    deployments=DEPLOYMENTS, expect=EXPECT,
)  # fmt: skip
"""Every family whose quantiles take logarithms and exponentials."""

RECORDED = base(
    name="recorded",
    horizon="1 week",
    replications=2,
    workload={"agents": 8, "serial": False, "memory": "40 MiB",
              "arrivals": {"sessions": {"file": SESSIONS, "per_day": 60, "shape": {"file": WEEK}}}},
    deployments=DEPLOYMENTS | {"sandboxes": {"platform": "e2b/sandbox", "placement": "per-session",
                                             "idle_timeout": "1 min"}},
)  # fmt: skip

SCENARIOS = {"open": OPEN, "recorded": RECORDED}
WORKERS = {"open": "4", "recorded": "2"}

RUNNER = "import platform, sys; platform.node = lambda: 'HOST'; from sim.cli import main; sys.argv[0] = 'sim'; main()"
"""The command, on a machine of a certain name."""

FEATURES = [name for name in __cpu_dispatch__ if __cpu_features__.get(name)]
"""What numpy can use of this processor beyond what it always does."""


def call(folder: Path, tree: Tree, *flags: str, host: str = "here", **environment: str) -> Path:
    """Run a scenario in a process of its own, with its data files beside it, and return the folder of the run."""
    folder.mkdir(parents=True)
    write_data(folder)
    (folder / "scenario.yaml").write_text(text(tree), encoding="utf-8")
    command = [sys.executable, "-c", RUNNER.replace("HOST", host), "run", str(folder / "scenario.yaml"), "--quiet",
               "--out", str(folder / "out"), *flags]  # fmt: skip
    above = str(Path(sim.__file__).parent.parent)
    done = subprocess.run(command, cwd=folder, env=os.environ | {"PYTHONPATH": above} | environment,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode in (0, 3, 4), done.stderr
    return folder / "out"


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in KEPT}


@pytest.fixture(scope="module", params=SCENARIOS)
def first(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A scenario, and its run in one process on one worker."""
    where = tmp_path_factory.mktemp("one") / "folder-of-a-person"
    return request.param, call(where, SCENARIOS[request.param], "--workers", "1", host="first-host", TZ="Etc/GMT+12",
                               PYTHONHASHSEED="1", LC_ALL="C")  # fmt: skip


def test_any_number_of_workers_gives_the_same_bytes(first: tuple[str, Path], tmp_path: Path) -> None:
    """On another host, in another folder, 26 hours away, with another order of hashes, and some seconds later."""
    name, folder = first
    expected, found = contents(folder), contents(call(
        tmp_path / "else", SCENARIOS[name], "--workers", WORKERS[name], host="second-host", TZ="Etc/GMT-14",
        PYTHONHASHSEED="2", COLUMNS="60"))  # fmt: skip
    assert [one for one in KEPT if found[one] != expected[one]] == []


def test_a_run_from_python_writes_the_same_bytes(first: tuple[str, Path], folder: Path, tmp_path: Path) -> None:
    name, expected = first
    result = run(SCENARIOS[name], folder)
    assert contents(result.write(str(tmp_path / "run"))) == contents(expected)


@pytest.mark.skipif(not FEATURES, reason="numpy uses nothing of this processor that can be switched off")
def test_a_processor_without_vector_units_gives_the_same_bytes(first: tuple[str, Path], tmp_path: Path) -> None:
    name, folder = first
    off = {"NPY_DISABLE_CPU_FEATURES": " ".join(FEATURES)}
    probe = ("from numpy._core._multiarray_umath import __cpu_features__ as found; "
             f"assert not any(found[name] for name in {FEATURES}), found")  # fmt: skip
    subprocess.run([sys.executable, "-c", probe], env=os.environ | off, check=True)
    assert contents(call(tmp_path / "plain", SCENARIOS[name], "--workers", "1", **off)) == contents(folder)


def test_nothing_that_differs_by_nature_is_in_the_figures(first: tuple[str, Path]) -> None:
    _, folder = first
    info = json.loads((folder / "run-info.json").read_text(encoding="utf-8"))
    assert info["host"] == "first-host"
    told = {info["host"], info["machine"], info["began"], str(folder.parent), folder.parent.name}
    for name, content in contents(folder).items():
        assert [one for one in told if one.encode() in content] == [], name
    assert set(info) >= {"began", "seconds", "workers", "host", "machine", "python", "packages", "version"}


def test_another_seed_is_another_run(folder: Path) -> None:
    one, other = run(OPEN, folder), run(with_value(OPEN, "seed", 4), folder)
    assert one.summary["identity"] != other.summary["identity"]
    mine, theirs = requests(one, "servers"), requests(other, "servers")
    assert not set(mine["arrived_us"]) & set(theirs["arrived_us"])
    for name in DEPLOYMENTS:
        assert one.summary["deployments"][name]["latency_s"] != other.summary["deployments"][name]["latency_s"]


def test_replications_have_luck_of_their_own(folder: Path) -> None:
    runs = replications(OPEN, folder)
    assert [one.number for one in runs] == [0, 1, 2, 3]
    latencies = [one.measures["servers"].times["latency_s"].tolist() for one in runs]
    assert all(a != b for index, a in enumerate(latencies) for b in latencies[:index])


def test_running_twice_in_one_process_changes_nothing(folder: Path) -> None:
    first, second = replications(OPEN, folder), replications(OPEN, folder)
    assert plain([one.measures for one in first]) == plain([one.measures for one in second])


# The identity


def test_the_identity_does_not_depend_on_where_the_file_is(folder: Path, tmp_path: Path) -> None:
    assert identity(bind(RECORDED, folder)) == identity(bind(RECORDED, write_data(tmp_path)))


def test_comments_layout_and_order_of_keys_do_not_change_the_identity(folder: Path) -> None:
    turned = dict(reversed(OPEN.items())) | {"reference": "servers"}
    stated = OPEN | {"reference": "servers"}
    assert identity(bind("# why\n" + text(turned), folder)) == identity(bind(json.dumps(stated), folder))


@pytest.mark.parametrize("name", [SESSIONS, WEEK, STARTS])
def test_other_data_is_another_identity(name: str, tmp_path: Path) -> None:
    write_data(tmp_path)
    before = identity(bind(RECORDED, tmp_path))
    path = tmp_path / name
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:-1]), encoding="utf-8")
    assert identity(bind(RECORDED, tmp_path)) != before


def test_data_that_is_not_used_does_not_matter(tmp_path: Path) -> None:
    write_data(tmp_path)
    before = identity(bind(RECORDED, tmp_path))
    (tmp_path / FEWER).write_text("", encoding="utf-8")
    assert identity(bind(RECORDED, tmp_path)) == before
