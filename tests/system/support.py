"""Small scenarios, written as the text of a file, loaded and run as a person's would be."""

from __future__ import annotations

import copy
import csv
import dataclasses
import json
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from sim import claims, scenario, study
from sim.api import Result, Study
from sim.scenario import Case
from sim.study import Replication

Tree = dict[str, Any]

MISSING = object()
"""A key that is to be left out."""

SESSIONS, FEWER, WEEK, LEVELS, STARTS = "sessions.csv", "fewer.csv", "week.csv", "levels.csv", "starts.csv"
ASKED, LATER, TENANTS = "asked.csv", "later.csv", "tenants.csv"
CAPACITY, CHANGED = "capacity.csv", "changed.csv"
"""Names of the data files that `write_data` makes."""


def write_data(folder: Path) -> Path:
    """Make the data files that scenarios of these tests name, and a catalogue with another price of a server."""
    listed = folder / "catalog" / "prices" / "list-2026" / "hetzner.yaml"
    listed.parent.mkdir(parents=True, exist_ok=True)
    listed.write_text("title: Hetzner, as agreed\ncharges: {cx23: {item: server, meter: server, sizes: [cx23], "
                      "rate: $9, per: month, standing: measured, source: an offer by mail, as_of: 2026-10-01}}\n")
    columns = ("session", "turn", "step", "gap_s", "kind", "cpu_s", "wait_s", "tokens_in", "tokens_cached",
               "tokens_out", "model")  # fmt: skip
    rows: list[tuple[Any, ...]] = []
    for session in range(5):
        for turn in range(1 + session % 4):
            gap = 40.5 * turn * (session + 1)
            rows.append((f"s{session}", turn, 0, gap, "llm", 0, 1.25 + session, 2000 + 100 * turn, 500 * turn, 90,
                         "mid-tier"))  # fmt: skip
            rows.append((f"s{session}", turn, 1, "", "tool", 0.4, 3 + 7 * turn, "", "", "", ""))
            rows += [(f"s{session}", turn, 2, "", "wait", "", 30 + session, "", "", "", "")] * (turn % 2)
    _table(folder / SESSIONS, columns, rows)
    _table(folder / FEWER, columns, [row for row in rows if row[0] in ("s0", "s3")])
    day = 86_400
    rates = [(0, 1, 7200, 5), (day // 4, 9, 14_400, 1), (day // 2, 0, 50_000, 0), (3 * day, 4, 3 * day, 2)]
    _table(folder / WEEK, ("t_s", "rate", "hour", "load"), rates)
    _table(folder / LEVELS, ("t_s", "rate"), [(0, 8), (3600, 1)])
    _table(folder / STARTS, ("ms", "other_ms", "provider"), [(100 + 37 * n, 9000 + n, "ab"[n % 2]) for n in range(40)])
    asked = [(600 * n + n * n % 50, 7 * n, "abc"[n * n % 3], 500 + 40 * n, 900 - n, 1000 * n, 20 + n)
             for n in range(60)]  # fmt: skip
    columns = ("t_s", "min", "who", "n", "m", "ms", "mb")
    _table(folder / ASKED, columns, asked)
    _table(folder / LATER, columns, [(time + 1000, *row) for time, *row in asked[:40]])
    tenants = [(hour * 3600, f"t{n}", 1 + (hour * n) % 5, 2 * n, 0.5 + n, hour * 1800)
               for hour in range(8) for n in range(6) if hour != 3]  # fmt: skip
    changes = [(hour * 1800, hour * 2700, zone, "ab"[zone == "a"], (hour * n) % 7 > 1, hour % 3 > 0, n + hour % 2, n)
               for n, zone in ((1, "a"), (2, "b")) for hour in range(40)]  # fmt: skip
    columns = ("t_s", "later_s", "zone", "place", "available", "other", "usd", "eur")
    _table(folder / CAPACITY, columns, [[int(one) if isinstance(one, bool) else one for one in row] for row in changes])
    _table(folder / CHANGED, columns, [(*row[:4], row[0] // 3600 % 2, *map(int, row[5:])) for row in changes])
    _table(folder / TENANTS, ("t_s", "tenant", "rate", "load", "cv", "half"), tenants)
    return folder


def _table(path: Path, header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def base(**changed: Any) -> Tree:
    """A scenario of some hundred requests; keyword arguments replace top-level keys."""
    tree: Tree = {
        "name": "small",
        "as_of": "2026-11-01",
        "month": "2026-11",
        "horizon": "1 day",
        "seed": 3,
        "replications": 1,
        "workload": {
            "agents": 6,
            "arrivals": {"poisson": {"rate": "2/h"}},
            "request": [{"tool": {"cpu": "300 ms", "wait": "exponential(mean=20 s)"}}],
            "memory": "40 MiB",
        },
        "deployments": {"here": {"platform": "cloud-run/request-based", "concurrency": 2}},
    }
    return tree | changed


def workload(**changed: Any) -> Tree:
    """The workload of `base`; keyword arguments replace its keys, `MISSING` leaves one out."""
    tree = base()["workload"] | changed
    return {key: value for key, value in tree.items() if value is not MISSING}


def with_value(tree: Tree, path: str, value: Any) -> Tree:
    """Return a copy with another value at a path such as ``workload.request.0.tool``; `MISSING` takes the key out."""
    made = copy.deepcopy(tree)
    *above, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    part: Any = made
    for key in above:
        part = part[key]
    if value is MISSING:
        part.pop(last, None)
    else:
        part[last] = value
    return made


def text(tree: Tree) -> str:
    """Write a scenario as a file has it."""
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True)


def load(tree: Tree | str, folder: Path) -> scenario.Scenario:
    """Load a scenario from its text as the command does from a file."""
    return scenario.loads(tree if isinstance(tree, str) else text(tree), folder, check=claims.problems)


def bind(tree: Tree | str, folder: Path) -> Case:
    return scenario.bind(load(tree, folder), folder)


def replications(tree: Tree | str, folder: Path) -> list[Replication]:
    """Run a scenario, and give what was measured of each replication."""
    return study.run(bind(tree, folder), workers=1)


def run(tree: Tree | str, folder: Path) -> Result:
    """Run a scenario in this process."""
    return Study(load(tree, folder), folder).run(workers=1)


def plain(value: Any) -> Any:
    """Make a value comparable: arrays become lists, data classes and mappings dicts."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return str(value) if isinstance(value, Fraction) else value


def figures(result: Result, deployment: str) -> Any:
    """Everything that a summary says of a deployment, but for what it rests on."""
    told = dict(result.summary["deployments"][deployment])
    del told["rests_on"]
    return told


def tables(result: Result, deployment: str) -> dict[str, list[Any]]:
    """All tables of a deployment, without its name: the columns, and a hash of each row."""
    found = {}
    for name, table in result.tables.items():
        rows = table[table["deployment"] == deployment].drop(columns="deployment")
        found[name] = [*rows.columns, *pd.util.hash_pandas_object(rows, index=False).tolist()]
    return found


def requests(result: Result, deployment: str = "here") -> pd.DataFrame:
    """The requests of a deployment."""
    table = result.requests
    return table[table["deployment"] == deployment].reset_index(drop=True)


def same_json(one: Any, other: Any) -> bool:
    """Whether two values are the same text as JSON, but for the order of keys."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
