"""README names what there is, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from sim.claims.dimensions import FIGURES
from sim.scenario.schema import Deployment, Workload

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def unfolded(path: str) -> set[str]:
    """The paths that ``a.{b,c}`` stands for."""
    found = re.fullmatch(r"(.*)\{(.*)\}", path)
    return {found[1] + one for one in found[2].split(",")} if found is not None else {path}


def first_cells(heading: str) -> list[str]:
    """What stands in code in the first column of a table."""
    rows = README.split(heading)[1].split("\n\n")[0].splitlines()[1:]
    return [code for row in rows for code in re.findall("`([^`]*)`", row.split("|")[1])]


def test_every_figure_is_named() -> None:
    spread = {re.sub(r"\.(mean|p\d+(_9)?)$", "", path) for path in FIGURES if not path.startswith("instances.")}
    ours = spread | {path for path in FIGURES if path.startswith("instances.")}
    told = {path for code in first_cells("| figures | |") for path in unfolded(code)}
    groups = {"cost.orchestration", "cost.labour", "cost.infrastructure", "cost.llm"}
    per = {f"{path}.{unit}" for path in groups for unit in ("per_agent", "per_1000_requests")}
    assert told - {".per_agent", ".per_1000_requests"} | per == ours


def test_every_scenario_is_named() -> None:
    assert set(first_cells("| file | asks |")) == {path.stem for path in (ROOT / "scenarios").glob("*.yaml")}


def test_keys_that_are_named_exist() -> None:
    fields = {f"workload.{name}" for name in Workload.model_fields} | set(Workload.model_fields)
    assert set(first_cells("| key | says |")) <= fields | set(Deployment.model_fields)
