"""A room knows only the rooms above it."""

import ast
from pathlib import Path

import pytest

import sim

PACKAGE = Path(sim.__file__).parent
ROOMS = [
    "errors", "units", "exact", "documents", "luck", "distributions", "catalog", "scenario", "workload", "engine",
    "trace", "billing", "stats", "theory", "study", "claims", "report", "api", "cli", "pytest_plugin",
]  # fmt: skip

# The arrays that workload makes and a model reads are described where the models are.
SHARED = {"sim.engine.contract"}


def room_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if parts[0] == "sim" and len(parts) > 1 else None


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            whole = [f"{node.module}.{alias.name}" for alias in node.names] if node.module == "sim" else [node.module]
            found |= set(whole)
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_only_from_rooms_above(path):
    relative = path.relative_to(PACKAGE)
    own = relative.parts[0].removesuffix(".py")
    if own.startswith("__"):
        return  # the package itself and its program are faces: they may know every room
    assert own in ROOMS, f"{own} is not a room of the house: add it to ROOMS in its place"
    for module in imports(path):
        room = room_of(module)
        if room is None or module in SHARED:
            continue
        assert ROOMS.index(room) <= ROOMS.index(own), f"{relative} may not know sim.{room}"


def test_the_names_of_the_rooms_are_true():
    there = {path.name.removesuffix(".py") for path in PACKAGE.iterdir() if not path.name.startswith("__")}
    assert set(ROOMS) <= there
