"""The folder of a run is there as a whole or not at all, and nothing of a person's is lost."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sim.errors import AdvisedError
from sim.report import folder as folders
from sim.report.document import document
from sim.report.folder import default_folder, require_room, write
from sim.report.readme import readme
from sim.trace.columns import REFERENCE, markdown

FILES = ["README.md", "case.yaml", "events.parquet", "invoice.json", "requests.parquet", "run-info.json",
         "summary.json"]  # fmt: skip


@pytest.fixture
def content(summary) -> dict[str, Any]:
    return {
        "summary": summary,
        "tables": {"requests": pd.DataFrame({"request": [1, 2]}), "events": pd.DataFrame({"time_us": [3]})},
        "invoices": {"suspend": {"total": 1.5, "lines": []}},
        "case": "name: support-bot\n",
        "run_info": {"host": "here", "seconds": 1.5},
    }


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_everything_is_written(content, tmp_path: Path) -> None:
    folder = write(tmp_path / "deep" / "er" / "run", **content)
    assert names(folder) == FILES
    assert json.loads((folder / "summary.json").read_text()) == content["summary"]
    assert json.loads((folder / "invoice.json").read_text()) == content["invoices"]
    assert json.loads((folder / "run-info.json").read_text()) == content["run_info"]
    assert (folder / "case.yaml").read_text() == content["case"]
    assert (folder / "README.md").read_text() == readme(content["summary"])
    pd.testing.assert_frame_equal(pd.read_parquet(folder / "requests.parquet"), content["tables"]["requests"])
    assert names(folder.parent) == ["run"]


def test_the_readme_says_what_is_there_and_what_it_rests_on(summary) -> None:
    text = readme(summary)
    for name in (*FILES[1:], *(f"{table}.parquet" for table in REFERENCE)):
        assert f"| `{name}` |" in text
    assert "are of replication 0 of 24 alone; replications.parquet has the figures of each." in text
    assert "- `ladder.suspended.enter` = 1 s: the vendor says only that it takes a moment" in text
    assert "### fly/machines (suspend)" in text
    assert "Not modelled:\n\n- A snapshot is lost on deploys.\n- The proxy looks" in text
    assert "Prices: prices" not in text
    assert markdown().strip() in text
    # One of the two sources of a level-one heading is the scenario's name.
    assert [line for line in text.splitlines() if line.startswith("# ")] == ["# support-bot", "# Tables"]
    summary.update(replications=1, about=None)
    assert "are of the one replication" in readme(summary)


def test_the_same_content_gives_the_same_bytes(content, tmp_path: Path) -> None:
    one, other = write(tmp_path / "a", **content), write(tmp_path / "b", **content)
    for name in FILES:
        assert (one / name).read_bytes() == (other / name).read_bytes()


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_others_may_read_it(content, tmp_path: Path) -> None:
    folder = write(tmp_path / "run", **content)
    assert folder.stat().st_mode & 0o055 == 0o055
    for path in folder.iterdir():
        assert path.stat().st_mode & 0o044 == 0o044


def test_an_older_run_is_replaced_and_what_a_person_added_stays(content, tmp_path: Path) -> None:
    folder = write(tmp_path / "run", **content)
    (folder / "notes.md").write_text("mine")
    (folder / "plots").mkdir()
    (folder / "plots" / "a.png").write_text("picture")
    content["case"] = "name: another\n"
    write(folder, **content)
    assert (folder / "case.yaml").read_text() == "name: another\n"
    assert (folder / "notes.md").read_text() == "mine"
    assert (folder / "plots" / "a.png").read_text() == "picture"
    assert names(folder) == sorted([*FILES, "notes.md", "plots"])
    assert names(tmp_path) == ["run"]


def test_an_empty_folder_is_taken(content, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    write(folder, **content)
    assert names(folder) == FILES


def test_a_folder_with_other_things_is_left_alone(content, tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "thesis.tex").write_text("three years of work")
    with pytest.raises(AdvisedError, match="not the folder of a run"):
        write(folder, **content)
    assert names(folder) == ["thesis.tex"]
    with pytest.raises(AdvisedError, match="is a file"):
        require_room(folder / "thesis.tex")
    require_room(tmp_path / "absent")


def test_a_write_that_fails_leaves_the_older_run(content, tmp_path: Path) -> None:
    folder = write(tmp_path / "run", **content)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    content["tables"]["events"] = pd.DataFrame([[1, 2]], columns=["same", "same"])
    with pytest.raises(ValueError, match="Duplicate"):
        write(folder, **content)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert names(tmp_path) == ["run"]


def test_a_move_that_fails_puts_the_older_run_back(content, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path / "run", **content)
    before = (folder / "case.yaml").read_text()
    replace = Path.replace

    def failing(self: Path, target: Path) -> Path:
        if ".new." in self.name:
            raise OSError("the disk is gone")
        return replace(self, target)

    monkeypatch.setattr(folders.Path, "replace", failing)
    content["case"] = "name: another\n"
    with pytest.raises(OSError, match="the disk is gone"):
        write(folder, **content)
    assert (folder / "case.yaml").read_text() == before
    assert names(tmp_path) == ["run"]


def test_a_run_has_its_place_by_scenario_and_identity(summary) -> None:
    assert default_folder(summary) == Path("results/runs/support-bot/9f2c6b1e0d4a")


def test_a_document_is_strict_json_in_the_order_given() -> None:
    assert document({"b": 1, "a": [None, "×"]}) == '{\n  "b": 1,\n  "a": [\n    null,\n    "×"\n  ]\n}\n'
    for number in (float("inf"), float("nan")):
        with pytest.raises(ValueError, match="not JSON compliant"):
            document({"value": number})
