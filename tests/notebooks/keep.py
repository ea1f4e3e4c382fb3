"""Run the notebooks and keep what they show: ``python -m tests.notebooks.keep [01-first-run.ipynb ...]``.

What differs by nature from run to run (times of execution, addresses in memory, the version of Python) is left out.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

import sim

FOLDER = Path(__file__).parents[2] / "notebooks"
_LONGEST = 300
"""Seconds for one cell, on a busy machine."""


def read(path: Path) -> Any:
    """Read a notebook."""
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def run(notebook: Any) -> None:
    """Run a notebook in place.

    Raises
    ------
    CellExecutionError
        A cell raises an error.
    """
    client = NotebookClient(notebook, timeout=_LONGEST, kernel_name="python3", record_timing=False,
                            resources={"metadata": {"path": str(FOLDER)}})  # fmt: skip
    # The kernel starts in the folder of notebooks: it has to find the package that is tested, wherever that is.
    client.execute(env={**os.environ, "PYTHONPATH": str(Path(sim.__file__).parents[1])})
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "text/plain" in output.get("data", {}):
                output.data["text/plain"] = re.sub(r" at 0x[0-9a-f]+", "", output.data["text/plain"])


def main(names: list[str]) -> None:
    """Run the notebooks of these names, or all."""
    for path in sorted(FOLDER / name for name in names) if names else sorted(FOLDER.glob("*.ipynb")):
        notebook = read(path)
        run(notebook)
        nbformat.write(notebook, path)  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main(sys.argv[1:])
