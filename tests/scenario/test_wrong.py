"""Wrong files and their messages, word for word.

``wrong/x.txt`` is what is told about ``wrong/x.yaml``. When a message is changed on purpose, read it aloud, and write
the files anew by ``python -m tests.scenario.test_wrong``.
"""

import os
from pathlib import Path

import pytest
import yaml

from sim.errors import InputError
from sim.scenario import document, load

FOLDER = Path(__file__).parent / "wrong"
FILES = sorted(path.name for path in FOLDER.glob("*.yaml"))


def told(name):
    """What is told about a file, from its own folder."""
    before = Path.cwd()
    os.chdir(FOLDER)
    try:
        load(name)
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
    lines = (FOLDER / name).read_bytes().decode("utf-8", "replace").splitlines()
    for problem in told(name).problems:
        assert problem.message and problem.fix, problem
        assert 1 <= problem.line <= max(1, len(lines))
        assert problem.column <= len(lines[problem.line - 1]) + 1


def test_every_message_has_a_file():
    assert len(FILES) >= 40
    assert {path.stem for path in FOLDER.glob("*.txt")} == {path.stem for path in FOLDER.glob("*.yaml")}


@pytest.mark.parametrize("name", FILES)
def test_the_parser_written_in_python_says_the_same(name, monkeypatch):
    monkeypatch.setattr(document, "_Loader", yaml.SafeLoader)
    test_message(name)


if __name__ == "__main__":
    for file in FILES:
        (FOLDER / file).with_suffix(".txt").write_text(f"{told(file)}\n", encoding="utf-8")
