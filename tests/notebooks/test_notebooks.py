"""The notebooks run, check their own sentences, and are kept as they came from such a run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.notebooks.keep import FOLDER, read, run

NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def code(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def shown(cell: Any) -> list[str]:
    """The kinds of what a cell shows, in their order."""
    return [sorted(output.data)[0] if "data" in output else output.output_type for output in cell.outputs]


def test_all_three_are_there() -> None:
    assert [path.stem for path in NOTEBOOKS] == ["01-first-run", "02-suspend-or-always-on", "03-cold-starts"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_kept_as_it_ran(path: Path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)  # type: ignore[no-untyped-call]
    cells = code(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1)), "run once, from top to bottom"
    assert sum("image/png" in shown(cell) for cell in cells) >= 4
    assert all(cell.metadata == {} for cell in notebook.cells), "no times of execution, which differ by nature"
    text = path.read_text(encoding="utf-8")
    for trace in (r" at 0x[0-9a-f]{6}", r"/home/", r"/Users/", r"/tmp/", r"site-packages", r"\\u001b"):
        assert not re.search(trace, text), f"something of a machine: {trace}"
    assert sum("assert " in cell.source for cell in cells) >= 2, "it checks its own sentences"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_and_shows_what_is_kept(path: Path) -> None:
    kept, notebook = read(path), read(path)
    run(notebook)
    for before, after in zip(code(kept), code(notebook), strict=True):
        assert shown(after) == shown(before), after.source
        for output in after.outputs:
            assert output.output_type in ("execute_result", "display_data"), f"printed or warned: {output}"
        if "text/html" in shown(after):
            assert numbers(after) == numbers(before), "equal files and seeds give equal figures"


def numbers(cell: Any) -> list[str]:
    """The numbers that a cell shows as HTML, as they are printed."""
    pages = [output.data["text/html"] for output in cell.outputs if "text/html" in output.get("data", {})]
    return [number for page in pages for number in re.findall(r"\d[\d,.]*", re.sub(r"<[^>]*>", " ", page))]
