"""Workloads as a scenario would have them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sim.engine.contract import Demand
from sim.scenario.schema import Workload
from sim.units import DAY
from sim.workload import demand

SCENARIOS = Path(__file__).parents[2] / "scenarios"
SHORT = [{"wait": "1 s"}]


def workload(arrivals: dict[str, Any], **keys: Any) -> Workload:
    """A workload of one agent with short requests, unless keys say otherwise."""
    return Workload.model_validate({"agents": 1, "arrivals": arrivals, "request": SHORT, **keys})


def sessions(file: str = "data/claude-code-sessions.csv.gz", per_day: float = 60, shape: bool = False,
             **keys: Any) -> Workload:
    """Recorded sessions of ten agents."""
    recorded: dict[str, Any] = {"file": file, "per_day": per_day}
    if shape:
        recorded["shape"] = {"file": "data/azure-llm-2024-week-code.csv"}
    return Workload.model_validate({"agents": 10, "arrivals": {"sessions": recorded}, **keys})


def draw(made: Workload, horizon: int = 7 * DAY, seed: int = 1, replication: int = 0,
         directory: Path = SCENARIOS) -> Demand:
    """The demand of one replication, with a day to drain."""
    return demand(made, directory, horizon, DAY, seed, replication)
