"""Commands on the language of scenarios: show, schema, and settings on the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from sim.cli import program
from sim.scenario import json_schema, load, loads

SCENARIOS = Path(__file__).parents[1] / "scenarios"
BOT = SCENARIOS / "support-bot.yaml"


def call(*arguments: str) -> Result:
    return CliRunner().invoke(program, list(arguments))


def test_show_prints_the_case_and_nothing_else() -> None:
    done = call("show", str(BOT))
    assert (done.exit_code, done.stderr) == (0, "")
    assert loads(done.stdout, SCENARIOS) == load(BOT)
    assert "#= differs from the default, 8" in done.stdout


def test_show_with_settings() -> None:
    done = call("show", str(BOT), "--set", "workload.agents=7", "--set", "deployments.suspend.idle_timeout=9 min")
    assert "agents: 7 #= set by --set 1\n" in done.stdout
    assert "idle_timeout: 9 min #= differs from the platform's default, 5 min; set by --set 2\n" in done.stdout
    assert loads(done.stdout, SCENARIOS) == load(
        BOT, ["workload.agents=7", "deployments.suspend.idle_timeout=9 min"])


def test_show_as_json() -> None:
    plain = json.loads(call("show", str(BOT), "--json").stdout)
    assert plain["scenario"]["name"] == "support-bot" and plain["deployments"]["suspend"]["rests_on"]
    assert not list(jsonschema.Draft7Validator(json_schema()).iter_errors(plain["scenario"]))


def test_show_of_a_wrong_file_says_what_validate_says(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(BOT.read_text().replace("agents: 200", "agent: 200").replace("< 6%", "< 6 s"))
    shown, checked = call("show", str(path)), call("validate", str(path))
    assert shown.exit_code == checked.exit_code == 2
    assert shown.stdout == "" and shown.stderr.strip() == checked.stderr.strip()


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_schema(arguments: tuple[str, ...]) -> None:
    done = call("schema", *arguments)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == (SCENARIOS / "schema.json").read_text(encoding="utf-8")


def test_validate_with_settings_and_cases(tmp_path: Path) -> None:
    done = call("validate", str(BOT), "--set", "workload.agnets=7", "--set", "drain=5")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "--set 1: error: unknown key `agnets`\n      | workload.agnets=7\n      |          ^^^^^^\n" in done.stderr
    assert "--set 2: error: `5` is not a duration" in done.stderr
    done = call("validate", str(BOT), "--set", "axes={workload.agents: [1, 2], seed: [1, 2, 3]}")
    assert done.stdout == f"{BOT}: valid, 8 deployments, 22 expectations, 6 cases\n"


def test_settings_without_a_value_are_told(tmp_path: Path) -> None:
    for command in ("run", "validate", "show"):
        done = call(command, str(BOT), "--set")
        assert done.exit_code == 2 and "--set" in done.stderr


@pytest.mark.parametrize("file", [BOT, SCENARIOS / "coding-agent.yaml"], ids=["bot", "recorded"])
@pytest.mark.parametrize("arguments", [["validate"], ["show"]])
def test_reading_imports_nothing_heavy(arguments: list[str], file: Path) -> None:
    """Not even numpy: its import takes as long as the rest. Nor the rooms that run, count and judge."""
    code = f"""
import sys
from sim.cli import program
try:
    program.main({[*arguments, str(file)]!r})
except SystemExit as end:
    assert end.code == 0, end.code
heavy = {{"numpy", "pandas", "scipy", "matplotlib", "pyarrow", "rich", "simpy", "joblib"}} & set(sys.modules)
rooms = ("workload", "engine", "trace", "billing", "stats", "theory", "study", "claims.judging", "report", "api")
heavy |= {{name for name in sys.modules if any(f"{{name}}.".startswith(f"sim.{{room}}.") for room in rooms)}}
assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
