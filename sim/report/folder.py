"""The folder of a run: everything that is known of it, there as a whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

from sim.errors import AdvisedError
from sim.report.document import document

if TYPE_CHECKING:
    import pandas as pd

SUMMARY, INVOICE, CASE, RUN_INFO, README = "summary.json", "invoice.json", "case.yaml", "run-info.json", "README.md"
"""Names of files of a run folder, beside a parquet file for each table."""

RUNS = Path("results", "runs")
"""Where runs are kept, below the current folder."""

_DIGITS = 12


def default_folder(summary: Mapping[str, Any]) -> Path:
    """Return where a run is kept unless a person says otherwise: below `RUNS`, by scenario and identity."""
    return RUNS / str(summary["scenario"]) / str(summary["identity"])[:_DIGITS]


def require_room(folder: Path) -> None:
    """Refuse to replace something that is not a run folder.

    Parameters
    ----------
    folder : Path
        Where a run is to be written.

    Raises
    ------
    AdvisedError
        There is a file of this name, or a folder with other things in it.
    """
    if folder.is_dir():
        if any(folder.iterdir()) and not (folder / SUMMARY).is_file():
            raise AdvisedError(f"{folder} is not empty and not the folder of a run", "name another folder")
    elif folder.exists():
        raise AdvisedError(f"{folder} is a file", "name a folder")


def require_writable(folder: Path) -> None:
    """Refuse a place where nothing can be written: told before anything is simulated.

    Parameters
    ----------
    folder : Path
        Where a run is to be written. Nothing is left behind.

    Raises
    ------
    AdvisedError
        A folder above it cannot be written to, or is no folder.
    """
    above = folder.parent
    while not above.exists() and above != above.parent:
        above = above.parent
    try:
        Path(mkdtemp(dir=above, prefix=f".{folder.name}.try.")).rmdir()
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise AdvisedError(f"nothing can be written to {above}: {why}", "name another folder with `--out`") from error


@contextmanager
def whole(folder: Path) -> Iterator[Path]:
    """Build a folder beside its place and move it there at the end; nothing is left of one that was not finished.

    Parameters
    ----------
    folder : Path
        Replaced if it holds a run. Folders above it are made. What else a person has put into it stays.

    Yields
    ------
    Path
        The folder to write to.

    Raises
    ------
    AdvisedError
        The folder holds something else than a run.
    OSError
        It cannot be written. What was there before is still there.
    """
    require_room(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    building = Path(mkdtemp(dir=folder.parent, prefix=f".{folder.name}.new."))
    try:
        # mkdtemp makes the folder private; the result is for whoever may read the folder above.
        building.chmod(0o755)
        yield building
        _replace(folder, building)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def write(
    folder: Path,
    *,
    summary: Mapping[str, Any],
    tables: Mapping[str, pd.DataFrame],
    invoices: Mapping[str, Any],
    case: str,
    run_info: Mapping[str, Any],
) -> Path:
    """Write the folder of a run, as a whole or not at all; see `whole`.

    Parameters
    ----------
    folder : Path
        Replaced if it holds a run. Folders above it are made.
    summary : mapping
        ``summary.json``; ``README.md`` is made from it.
    tables : mapping of str to DataFrame
        Each becomes a parquet file.
    invoices : mapping
        ``invoice.json``: the bill of each deployment.
    case : str
        ``case.yaml``: the scenario as it was understood.
    run_info : mapping
        ``run-info.json``: what differs by nature from run to run, such as host, date and duration.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    AdvisedError
        The folder holds something else than a run.
    OSError
        It cannot be written. What was there before is still there.
    """
    from sim.report.readme import readme
    from sim.trace.frames import write_parquet

    with whole(folder) as building:
        for name, content in ((SUMMARY, summary), (INVOICE, invoices), (RUN_INFO, run_info)):
            (building / name).write_text(document(content), encoding="utf-8")
        (building / CASE).write_text(case, encoding="utf-8")
        (building / README).write_text(readme(summary), encoding="utf-8")
        for name, frame in tables.items():
            write_parquet(frame, building / f"{name}.parquet")
    return folder


def _replace(folder: Path, building: Path) -> None:
    """Put a finished folder in its place, and keep what else was there."""
    aside = Path(mkdtemp(dir=folder.parent, prefix=f".{folder.name}.old."))
    old = aside / "run"
    # A folder cannot be replaced in one step, only an absent one: the old one is moved away first.
    with suppress(FileNotFoundError):
        folder.replace(old)
    try:
        building.replace(folder)
    except OSError:
        if old.exists():
            old.replace(folder)
        aside.rmdir()
        raise
    if old.exists():
        for thing in old.iterdir():
            if not (folder / thing.name).exists():
                thing.replace(folder / thing.name)
    shutil.rmtree(aside)
