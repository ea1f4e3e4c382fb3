"""What a run is known by: whatever changes a figure changes it, and nothing else does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim.study.identity import files, identity
from tests.system.support import (
    FEWER,
    MISSING,
    SESSIONS,
    STARTS,
    WEEK,
    Tree,
    base,
    bind,
    with_value,
    workload,
    write_data,
)

SAMPLES: Tree = {"samples": STARTS, "column": "ms", "unit": "ms"}
TOKENS: Tree = {"samples": STARTS, "column": "ms"}
RECORDED = base(horizon="1 week", workload=workload(
    arrivals={"sessions": {"file": SESSIONS, "per_day": 20, "shape": {"file": WEEK}}},
                                  request=MISSING))  # fmt: skip
OWN: Tree = {"platform": "fly/machines", "size": "shared-cpu-1x-1gb", "placement": "per-agent"}


def asked(*steps: Any) -> Tree:
    return base(workload=workload(request=list(steps)))


CALL: Tree = {"model": "mid-tier", "input": 10, "output": 10}

# Where a scenario may name a file, and the file.
PLACES: dict[str, tuple[Tree, str]] = {
    "sessions": (RECORDED, SESSIONS),
    "shape": (RECORDED, WEEK),
    "start": (with_value(base(), "deployments.here.start", SAMPLES), STARTS),
    "wake": (base(deployments={"here": OWN | {"wake": SAMPLES}}), STARTS),
    "tool.cpu": (asked({"tool": {"cpu": SAMPLES}}), STARTS),
    "tool.wait": (asked({"tool": {"wait": SAMPLES}}), STARTS),
    "wait": (asked({"wait": SAMPLES}), STARTS),
    "llm.time": (asked({"llm": CALL | {"time": SAMPLES}}), STARTS),
    "llm.input": (asked({"llm": CALL | {"input": TOKENS}}), STARTS),
    "llm.output": (asked({"llm": CALL | {"output": TOKENS}}), STARTS),
    "within a loop": (asked({"loop": {"times": 2, "steps": [{"wait": SAMPLES}]}}), STARTS),
    "rounds of a loop": (asked({"loop": {"times": TOKENS, "steps": [{"wait": "1 s"}]}}), STARTS),
    "gap": (base(workload=workload(arrivals={"renewal": {"gap": SAMPLES}})), STARTS),
}


def known(tree: Tree, folder: Path) -> str:
    return identity(bind(tree, folder))


@pytest.mark.parametrize("place", PLACES)
def test_a_data_file_is_part_of_it_wherever_it_is_named(place: str, tmp_path: Path) -> None:
    tree, name = PLACES[place]
    write_data(tmp_path)
    assert name in set(files(bind(tree, tmp_path).scenario))
    before = known(tree, tmp_path)
    assert known(tree, tmp_path) == before
    with (tmp_path / name).open("a") as file:
        file.write("\n")
    assert known(tree, tmp_path) != before, "one byte more"


def test_a_file_that_is_not_named_is_not_part_of_it(tmp_path: Path) -> None:
    write_data(tmp_path)
    before = known(RECORDED, tmp_path)
    (tmp_path / FEWER).write_text("other\n")
    (tmp_path / STARTS).write_text("other\n")
    assert known(RECORDED, tmp_path) == before
    assert set(files(bind(RECORDED, tmp_path).scenario)) == {SESSIONS, WEEK}
    assert set(files(bind(base(), tmp_path).scenario)) == set()


def test_what_files_hold_counts_and_not_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    assert len({known(RECORDED, write_data(tmp_path / name)) for name in ("here", "there")}) == 1


@pytest.mark.parametrize(("path", "value"), [
    ("seed", 4), ("replications", 2), ("horizon", "2 days"), ("prices", "article-2026"), ("month", "2026-12"),
    ("workload.agents", 7), ("deployments.here.concurrency", 3),
    ("deployments", {"there": base()["deployments"]["here"]}),
])  # fmt: skip
def test_what_a_result_depends_on_is_part_of_it(path: str, value: Any, tmp_path: Path) -> None:
    assert known(with_value(base(), path, value), tmp_path) != known(base(), tmp_path)


def test_the_order_of_deployments_is_part_of_it(tmp_path: Path) -> None:
    one, other = ({name: {"platform": platform} for name, platform in pairs} for pairs in (
        (("a", "modal/sandbox"), ("b", "e2b/sandbox")), (("b", "e2b/sandbox"), ("a", "modal/sandbox"))))  # fmt: skip
    first, second = (known(base(deployments=each, reference="a"), tmp_path) for each in (one, other))
    assert first != second
