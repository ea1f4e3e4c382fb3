"""The command line: what is printed where, and with which code it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pandas as pd
import pytest
from click.testing import CliRunner, Result

import sim
from sim.cli import program
from sim.errors import AdvisedError, InputError, Problem
from sim.scenario import loads
from sim.trace.audit import AuditError
from sim.trace.columns import REFERENCE

SUMMARY: dict[str, Any] = {
    "scenario": "tiny", "about": "", "identity": "abcdef0123456789", "seed": 7, "replications": 3, "horizon_s": 86_400,
    "warmup_s": 0, "warmup": {"method": "given", "why": "", "settled": True},
    "month": "2026-11", "as_of": "2026-11-01", "prices": "list-2026", "agents": 1, "level": 0.95, "covers": "chance",
    "stopping": {"first": 3},
    "reference": "here", "paired": {}, "expect": [], "advice": [],
    "deployments": {"here": {
        "platform": "hetzner/cx23", "rests_on": [], "not_modelled": [], "not_covered": [],
        "requests": {"arrived": {"value": 9.0}, "failed_by_cause": {}},
        **{f"{name}_fraction": {"value": 0.0} for name in ("failed", "overhead", "cold_start")},
        "wake_fraction": {"value": 0.0},
        **{name: {p: {"value": 1.5, "low": 1.4, "high": 1.6} for p in ("p50", "p95", "p99")}
           for name in ("overhead_s", "latency_s", "first_step_s", "start_up_s", "wake_up_s")},
        "cost": {**{g: {"value": 3.5, "low": 3.5, "high": 3.5, "per_agent": {}, "per_1000_requests": {}}
                    for g in ("total", "infrastructure", "llm", "orchestration", "labour")}, "lines": []},
        "audit": {"passed": True, "checks": []},
    }},
}  # fmt: skip
PROBLEMS = (
    Problem("x.yaml", 3, 5, "unknown key `agent`", "did you mean `agents`?", "    agent: 3", 5),
    Problem("x.yaml", 9, 1, "`horizon` has no unit", "write `9 days`"),
)


FAKED = """name: tiny
as_of: 2026-11-01
month: 2026-11
horizon: 1 day
workload: {agents: 1, arrivals: {poisson: {rate: 4/h}}, request: [{wait: 1 s}]}
deployments: {here: {platform: hetzner/cx23}}
"""


class Fake:
    """A study whose run is over at once."""

    exit_code = 0
    summary = SUMMARY
    scenario = loads(FAKED, Path())
    directory = Path()

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}
        self.written: list[Path] = []
        self.error: BaseException | None = None
        self.unwritable: Exception | None = None

    def load(self, path: Path, settings: tuple[str, ...] = ()) -> Fake:
        self.path, self.settings = path, settings
        return self

    def run(self, *, progress: Callable[[int, int], None] | None, **asked: Any) -> Fake:
        self.asked = asked
        if self.error is not None:
            raise self.error
        if progress is not None:
            progress(3, 3)
        return self

    def write(self, folder: Path) -> None:
        if self.unwritable is not None:
            raise self.unwritable
        self.written.append(folder)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    study = Fake()
    monkeypatch.setitem(sim.__dict__, "load", study.load)
    return study


def call(*arguments: str) -> Result:
    return CliRunner().invoke(program, list(arguments))


# Running


def test_a_run_is_reported_on_standard_output_and_kept(fake: Fake) -> None:
    done = call("run", "x.yaml")
    assert done.exit_code == 0
    assert done.stderr == ""
    assert "Deployments" in done.stdout
    folder = Path("results/runs/tiny/abcdef012345")
    assert fake.written == [folder]
    assert f"Kept in      {folder}" in done.stdout
    assert "Repeat with  sim run x.yaml --seed 7 --replications 3" in done.stdout
    assert "\x1b[" not in done.stdout
    assert fake.asked == {"workers": None, "seed": None, "replications": None}


def test_flags_reach_the_study(fake: Fake, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = call("run", "x.yaml", "--seed", "1", "--replications", "2", "--workers", "3", "--out", str(out))
    assert done.exit_code == 0
    assert fake.asked == {"workers": 3, "seed": 1, "replications": 2}
    assert fake.written == [out]


def test_json_is_exactly_one_document_the_summary(fake: Fake) -> None:
    done = call("run", "x.yaml", "--json")
    assert json.loads(done.stdout) == SUMMARY
    assert done.stderr == ""


def test_quiet_prints_nothing_but_keeps_the_run(fake: Fake) -> None:
    done = call("run", "x.yaml", "--quiet")
    assert (done.stdout, done.stderr, done.exit_code) == ("", "", 0)
    assert fake.written


@pytest.mark.parametrize("code", [0, 3, 4])
def test_the_exit_code_is_that_of_the_expectations(fake: Fake, code: int) -> None:
    fake.exit_code = code
    assert call("run", "x.yaml").exit_code == code
    assert call("run", "x.yaml", "--json").exit_code == code


def test_an_odd_path_is_quoted_in_the_command_that_repeats(fake: Fake) -> None:
    assert "sim run 'my file.yaml' --seed" in call("run", "my file.yaml").stdout


def test_the_command_that_repeats_a_run_has_the_flags_that_matter(fake: Fake, tmp_path: Path) -> None:
    # Precision was asked for: 3 replications to begin with, and it went on to 12.
    fake.summary = SUMMARY | {"replications": 12}
    out = str(tmp_path / "out")
    done = call("run", "x.yaml", "--set", "a.b=1 min", "--out", out, "--workers", "2", "--replications", "3")
    repeat = done.stdout.split("Repeat with  ")[1].strip()
    assert repeat == f"sim run x.yaml --set 'a.b=1 min' --out {out} --seed 7 --replications 3"


# What goes wrong


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (InputError(PROBLEMS), 2, "did you mean `agents`?"),
        (AdvisedError("too many requests", "take fewer agents"), 2, "error: too many requests; take fewer agents"),
        (AuditError({"here": ["presence: 1 us is not 2 us"]}), 1, "here: presence: 1 us is not 2 us"),
        (KeyError("oops"), 1, "this is a bug of sim, not of your file: KeyError: 'oops'"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (MemoryError(), 2, "not enough memory"),
        (PermissionError(13, "Permission denied", "/there/x"), 2, "error: Permission denied: /there/x"),
        (OSError(28, "No space left on device"), 2, "error: No space left on device: the disk"),
        (OSError("a pipe burst"), 1, "this is a bug"),
    ],
)
def test_what_ends_a_run_early(fake: Fake, error: BaseException, code: int, said: str) -> None:
    fake.error = error
    done = call("run", "x.yaml")
    assert done.exit_code == code
    assert said in done.stderr
    assert done.stdout == ""
    assert fake.written == []
    assert "Traceback" not in done.stderr


def test_all_problems_are_rendered_with_their_place(fake: Fake) -> None:
    fake.error = InputError(PROBLEMS)
    told = call("run", "x.yaml").stderr
    assert "x.yaml:3:5: error: unknown key `agent`" in told
    assert "^^^^^" in told
    assert "x.yaml:9:1: error: `horizon` has no unit" in told


def test_problems_as_json_are_one_document_too(fake: Fake) -> None:
    fake.error = InputError(PROBLEMS)
    done = call("run", "x.yaml", "--json")
    assert done.exit_code == 2
    told = json.loads(done.stdout)["error"]
    assert told["exit_code"] == 2
    assert told["problems"][0] == {
        "file": "x.yaml", "line": 3, "column": 5, "message": "unknown key `agent`", "fix": "did you mean `agents`?",
    }  # fmt: skip
    assert "x.yaml:3:5" in done.stderr


@pytest.mark.parametrize("arguments", [("run", "--json"), ("run", "x.yaml", "--json", "--sead", "1"), ("rn", "--json")])
def test_a_wrong_call_with_json_is_one_document(arguments: tuple[str, ...]) -> None:
    done = call(*arguments)
    assert done.exit_code == 2
    assert json.loads(done.stdout)["error"]["message"]


def test_a_bug_as_json_and_with_its_traceback(fake: Fake) -> None:
    fake.error = KeyError("oops")
    done = call("run", "x.yaml", "--json", "--debug")
    assert done.exit_code == 1
    assert "Traceback" in done.stderr
    assert "KeyError" in json.loads(done.stdout)["error"]["message"]


def test_debug_shows_no_traceback_of_bad_input(fake: Fake) -> None:
    fake.error = InputError(PROBLEMS)
    assert "Traceback" not in call("run", "x.yaml", "--debug").stderr


def test_a_summary_with_a_failed_audit_is_not_shown(fake: Fake) -> None:
    bad = {"passed": False, "checks": [{"name": "work", "passed": False, "detail": "3 is not 4"}]}
    fake.summary = SUMMARY | {"deployments": {"here": SUMMARY["deployments"]["here"] | {"audit": bad}}}
    done = call("run", "x.yaml")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "here: work: 3 is not 4" in done.stderr
    assert fake.written == []


def test_a_result_that_cannot_be_kept_is_reported_all_the_same(fake: Fake) -> None:
    fake.unwritable = PermissionError(13, "Permission denied", "results")
    done = call("run", "x.yaml")
    assert done.exit_code == 2
    assert "Deployments" in done.stdout
    assert "Kept in" not in done.stdout
    assert "Permission denied: results" in done.stderr


def test_a_folder_of_somebody_else_is_refused_before_the_run(fake: Fake, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    done = call("run", "x.yaml", "--out", str(tmp_path))
    assert done.exit_code == 2
    assert "not the folder of a run" in done.stderr
    assert fake.asked == {}


def test_a_place_that_cannot_be_written_is_told_before_the_run(
    fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").write_text("a file where the folder would be")
    for arguments in ((), ("--out", "results/here")):
        done = call("run", "x.yaml", *arguments)
        assert (done.exit_code, done.stdout) == (2, "")
        assert len(done.stderr.splitlines()) == 1
        assert "nothing can be written to results" in done.stderr
        assert fake.asked == {}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
@pytest.mark.parametrize("arguments", [["--version"], ["schema"], ["validate", "none.yaml", "--json"]])
def test_a_full_device_is_told_in_a_line(arguments: list[str], tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-m", "sim", *arguments], stdout=full, stderr=subprocess.PIPE, text=True,
                              check=False)  # fmt: skip
    assert done.returncode == 2
    *_, last = done.stderr.splitlines()
    assert last.startswith("error: ") and "No space left on device" in last
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("rn", "x.yaml"), "there is no command `rn`; did you mean `sim run`?"),
        (("valdate",), "did you mean `sim validate`?"),
        (("zzz",), "there is no command `zzz`"),
        (("scenarios/x.yaml",), "did you mean `sim run scenarios/x.yaml`?"),
        (("run",), "Missing argument 'FILE'"),
        (("run", "x.yaml", "--sead", "1"), "--seed"),
        (("run", "x.yaml", "--seed", "-1"), "--seed"),
        (("run", "x.yaml", "--replications", "0"), "--replications"),
        (("run", "x.yaml", "--workers", "many"), "--workers"),
        (("validate",), "Missing argument"),
    ],
)
def test_wrong_calls(arguments: tuple[str, ...], said: str) -> None:
    done = call(*arguments)
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stdout == ""


# Help


def test_help_and_version() -> None:
    for arguments in ((), ("--help",), ("-h",)):
        done = call(*arguments)
        assert done.exit_code == 0
        for command in program.commands:
            assert f"  {command} " in done.stdout
        assert "130 interrupted" in done.stdout
    for command in program.commands:
        done = call(command, "-h")
        assert done.exit_code == 0
        assert "--json" in done.stdout
    assert call("--version").stdout == f"sim {sim.__version__}\n"


def test_every_option_is_described() -> None:
    for command in program.commands.values():
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, parameter.name


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False, timeout=60,
        env=os.environ | environment,
    )  # fmt: skip


def test_help_imports_nothing_heavy() -> None:
    done = python("""
        import sys
        from sim.cli import program
        try:
            program.main(["--help"])
        except SystemExit as end:
            assert end.code == 0
        heavy = {"pandas", "numpy", "scipy", "matplotlib", "pyarrow", "rich", "pydantic", "simpy"} & set(sys.modules)
        assert not heavy, heavy
    """)
    assert done.returncode == 0, done.stderr


def test_the_module_is_the_program() -> None:
    done = subprocess.run([sys.executable, "-m", "sim", "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"sim {sim.__version__}\n")


def test_a_reader_that_has_gone_is_left_alone() -> None:
    """As in `sim run x.yaml --json | head -1`, with a pipe whose other end is closed already."""
    done = python("""
        import os, sys
        import sim
        from sim import cli

        reader, writer = os.pipe()
        os.close(reader)
        os.dup2(writer, 1)
        cli._print("a line\\n" * 100_000)
        cli._print("another\\n")
        sys.exit(3)
    """)
    assert (done.returncode, done.stderr) == (3, "")


# Validation

TINY = """\
name: tiny
as_of: 2026-11-01
month: 2026-11
horizon: 1 day
drain: 1 h
replications: 5
workload:
  agents: 1
  arrivals: {poisson: {rate: 4/h}}
  request:
    - tool: {cpu: 200 ms, wait: exponential(mean=2 s)}
deployments:
  here: {platform: fly/machines, placement: per-agent, size: shared-cpu-1x-1gb}
expect:
  - here.overhead_s.p50 <= 1 min
"""


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY)
    return path


def test_a_valid_file_is_told_in_a_line(tiny: Path) -> None:
    done = call("validate", str(tiny))
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == f"{tiny}: valid, 1 deployment, 1 expectation\n"


def test_everything_that_is_wrong_in_all_files_is_told_at_once(tiny: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(TINY.replace("agents: 1", "agent: 1").replace("fly/machines", "fly/machine"))
    third = tmp_path / "third.yaml"
    third.write_text(
        TINY + "  - 'here.overhead_s.p51 < 1 s'\n  - there.cost.total <\n  - {that: here.cost.total < 3, claim: A01}\n"
    )
    done = call("validate", str(other), str(tiny), str(third), str(tmp_path / "none.yaml"))
    assert done.exit_code == 2
    assert done.stdout == f"{tiny}: valid, 1 deployment, 1 expectation\n"
    for said in (
        f"{other}:8:3: error: ", "did you mean `agents`?", "did you mean `fly/machines`?", f"{third}:16:",
        f"{third}:17:", f"{third}:18:", f"{tmp_path / 'none.yaml'}: error: there is no such file",
    ):  # fmt: skip
        assert said in done.stderr


def test_an_expectation_is_pointed_at_where_it_is_wrong(tiny: Path) -> None:
    tiny.write_text(TINY + "  - 'here.overhead_s.p51 < 1 s'\n")
    told = call("validate", str(tiny)).stderr.splitlines()
    assert told[0].startswith(f"{tiny}:16:11: error: there is no figure `overhead_s.p51`")
    assert told[1].index("overhead_s.p51") == told[2].index("^^^^^^^^^^^^^^")
    assert "did you mean `overhead_s.p" in told[3]


def test_an_expectation_over_several_lines_is_still_found(tiny: Path) -> None:
    tiny.write_text(TINY + "  - >-\n    here.overhead_s.p51\n    < 1 s\n")
    assert f"{tiny}:16:" in call("validate", str(tiny)).stderr


def test_validation_as_json_is_one_document(tiny: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(TINY.replace("1 day", "1"))
    done = call("validate", "--json", str(tiny), str(bad))
    assert done.exit_code == 2
    good, wrong = json.loads(done.stdout)["files"]
    assert good == {"file": str(tiny), "valid": True, "problems": [], "warnings": []}
    assert wrong["valid"] is False
    assert wrong["problems"][0]["line"] == 4
    assert wrong["problems"][0]["fix"]


def test_validation_imports_nothing_slow(tiny: Path) -> None:
    done = python(f"""
        import sys
        from sim.cli import program
        try:
            program.main(["validate", {str(tiny)!r}])
        except SystemExit as end:
            assert end.code == 0, end.code
        heavy = {{"pandas", "scipy", "matplotlib", "pyarrow", "rich", "simpy", "joblib"}} & set(sys.modules)
        assert not heavy, heavy
    """)
    assert done.returncode == 0, done.stderr


# From a file to a folder, with nothing faked


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_scenario_from_the_file_to_the_folder(tiny: Path, here: Path) -> None:
    done = call("run", "tiny.yaml", "--workers", "1")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "✓ holds" in done.stdout
    [folder] = (here / "results" / "runs" / "tiny").iterdir()
    assert f"Kept in      {folder.relative_to(here)}" in done.stdout
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["summary.json", "invoice.json", "case.yaml", "run-info.json", "README.md",
         *(f"{table}.parquet" for table in REFERENCE)])
    for name, columns in REFERENCE.items():
        frame = pd.read_parquet(folder / f"{name}.parquet")
        assert [column.name for column in columns] == list(frame.columns)
        assert [column.dtype for column in columns] == [str(dtype) for dtype in frame.dtypes]
        assert len(frame) > 0
    requests = pd.read_parquet(folder / "requests.parquet")
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["deployments"]["here"]["audit"]["passed"] is True
    assert (requests["overhead_s"] >= 0).all()
    repeat = done.stdout.split("Repeat with  ")[1].split()
    assert repeat == ["sim", "run", "tiny.yaml", "--seed", str(summary["seed"]), "--replications", "5"]


def test_json_of_a_run_is_its_summary_and_the_same_bytes_again(tiny: Path, here: Path) -> None:
    first = call("run", "tiny.yaml", "--json", "--workers", "1", "--out", "one")
    second = call("run", "tiny.yaml", "--json", "--workers", "2", "--out", "two")
    assert first.stdout == second.stdout == (here / "one" / "summary.json").read_text()
    for path in (here / "one").iterdir():
        if path.name != "run-info.json":
            assert path.read_bytes() == (here / "two" / path.name).read_bytes(), path.name


@pytest.mark.parametrize(
    ("expectation", "code"),
    [("here.overhead_s.p50 > 1 min", 3), ("here.cost.total > 0.000001 * here.overhead_s.p50 * $1 / 1 s", 0)],
)
def test_the_expectations_of_a_file_decide_the_exit_code(tiny: Path, here: Path, expectation: str, code: int) -> None:
    tiny.write_text(TINY + f"  - {expectation}\n")
    assert call("run", "tiny.yaml", "--workers", "1", "--quiet").exit_code == code


def test_a_seed_and_a_count_from_the_command_line_count(tiny: Path, here: Path) -> None:
    told = [json.loads(call("run", "tiny.yaml", "--json", "--workers", "1", "--out", "x", *flags).stdout)
            for flags in ([], ["--seed", "5"], ["--replications", "3"])]  # fmt: skip
    assert [one["seed"] for one in told] == [0, 5, 0]
    assert [one["replications"] for one in told] == [5, 5, 3]
    assert len({one["deployments"]["here"]["overhead_s"]["mean"]["value"] for one in told}) == 3


def test_a_bad_file_is_told_before_anything_runs(tiny: Path, here: Path) -> None:
    tiny.write_text(TINY.replace("agents: 1", "agent: 1") + "  - here.overhead_s.p51 < 1 s\n")
    done = call("run", "tiny.yaml")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "tiny.yaml:8:3: error: " in done.stderr
    assert not (here / "results").exists()
