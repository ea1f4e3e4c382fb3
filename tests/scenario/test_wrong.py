"""Wrong files and their messages, word for word.

``wrong/x.txt`` is what is told about ``wrong/x.yaml`` before anything is simulated: when it is loaded with the settings
that stand at its head as comments, ``# --set path=value``; when its expectations and its recording are read. When a
message is changed on purpose, read it aloud, and write the files anew by ``python -m tests.scenario.test_wrong``.
"""

import os
from pathlib import Path

import pytest
import yaml

from sim import claims
from sim.documents import reading
from sim.errors import InputError
from sim.scenario import load
from sim.workload import demand

FOLDER = Path(__file__).parent / "wrong"
FILES = sorted(path.name for path in FOLDER.glob("*.yaml"))
OPTION = "# --set "


def settings(name):
    """Settings that a file is loaded with."""
    lines = (FOLDER / name).read_bytes().decode("utf-8", "replace").splitlines()
    return [line.removeprefix(OPTION) for line in lines if line.startswith(OPTION)]


def told(name):
    """What is told about a file, from its own folder."""
    before = Path.cwd()
    os.chdir(FOLDER)
    try:
        scenario = load(name, settings(name), claims.problems)
        demand(scenario.workload, Path(), scenario.horizon, scenario.drain, scenario.seed, 0)
    except InputError as error:
        return error
    finally:
        os.chdir(before)
    raise AssertionError(f"{name} is not wrong")


@pytest.mark.parametrize("name", FILES)
def test_message(name):
    error = told(name)
    assert error.problems and error.exit_code == 2
    assert f"{error}\n" == (FOLDER / name).with_suffix(".txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FILES)
def test_every_problem_has_a_place_and_a_fix(name):
    for problem in told(name).problems:
        assert problem.message and problem.fix, problem
        if problem.file.startswith("--set "):
            lines = [settings(name)[int(problem.file.removeprefix("--set ")) - 1]]
            assert problem.line == 0 and problem.source == lines[0]
        elif problem.line == 0:
            assert (FOLDER / problem.file).is_file() and problem.source is None  # the whole of a file is meant
            continue
        else:
            lines = (FOLDER / problem.file).read_bytes().decode("utf-8", "replace").splitlines()
            assert 1 <= problem.line <= max(1, len(lines))
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1


def test_every_message_has_a_file():
    assert len(FILES) >= 70
    assert {path.stem for path in FOLDER.glob("*.txt")} == {path.stem for path in FOLDER.glob("*.yaml")}


@pytest.mark.parametrize("name", FILES)
def test_the_parser_written_in_python_says_the_same(name, monkeypatch):
    monkeypatch.setattr(reading, "Loader", yaml.SafeLoader)
    test_message(name)


if __name__ == "__main__":
    for file in FILES:
        (FOLDER / file).with_suffix(".txt").write_text(f"{told(file)}\n", encoding="utf-8")
