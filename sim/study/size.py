"""Whether a run can be done on this machine: refused before anything is simulated, with the numbers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from sim import units
from sim.documents import Flaw, Place, problems
from sim.errors import InputError, Problem
from sim.scenario import BoundDeployment, Case, Scenario
from sim.study import asked, warmup
from sim.workload.size import Size, expected

MOST_STEPS = 10**10
"""Steps that a run simulates at most, over all replications, deployments and cases: days of work."""

REQUEST, STEP, INSTANCE = 1200, 350, 1200
"""Bytes that a run takes for each request, each step and each instance that is there from the start: measured as the
largest memory of the process, with up to 200,000 requests, 1,000,000 steps and 100,000 instances."""

_GROUP = Path("/sys/fs/cgroup/memory.max")
"""Where Linux says what a container may use."""


def require_size(cases: Sequence[Case], workers: int | None) -> None:
    """Refuse what cannot be run.

    Parameters
    ----------
    cases : sequence of Case
        What is run, one after another.
    workers : int or None
        Processes, each of which has a replication in memory; as many as there are processors where it is None.

    Raises
    ------
    InputError
        A case does not fit into the memory of this machine, or all of them come to more than `MOST_STEPS`.
    """
    found: list[Problem] = []
    room, total = _memory(), 0.0
    for case in cases:
        scenario = case.scenario
        size = expected(scenario.workload, case.directory, _lasts(scenario))
        most = asked.looks(scenario)[-1]
        total += (size.requests + size.steps) * most * len(case.deployments)
        at_once = min(workers or os.cpu_count() or 1, most)
        found += problems(_too_large(case, size, at_once, room), scenario.document, scenario.name)
    if not found and total > MOST_STEPS:
        scenario = cases[0].scenario
        flaw = Flaw(("workload",), f"the run comes to about {total:.2g} steps, over all replications, deployments and "
                    f"cases; more than {MOST_STEPS:.0e} take days",
                    "shorten `horizon`, or lower `agents`, the rate, the rounds of loops or `replications`",
                    at_key=True)  # fmt: skip
        found = problems([flaw], scenario.document, scenario.name)
    if found:
        raise InputError(found)


def _lasts(scenario: Scenario) -> int:
    """Return how long arrivals of a run last at most: half of a pilot is the longest warm-up that is found."""
    warm_up = warmup.given(scenario)
    if warm_up is not None:
        return warm_up.length + scenario.horizon
    pilot, _ = warmup.pilot(scenario)
    return max(pilot, pilot // 2 + scenario.horizon)


def _too_large(case: Case, size: Size, at_once: int, room: int) -> list[Flaw]:
    """Say what of a case does not fit into the memory."""
    demand = size.requests * REQUEST + size.steps * STEP
    found = []
    for one in case.deployments:
        instances = _instances(one, case.scenario.workload.agents, size.sessions)
        if instances * INSTANCE * at_once > room:
            found.append(Flaw(
                _place(case, one), f"{instances:.2g} instances take about {_shown(instances * INSTANCE)}"
                f"{_each(at_once)}, and this machine has {_shown(room)}", "lower their number: each is simulated",
                at_key=True))
    if not found and demand * at_once > room:
        found.append(Flaw(
            ("workload",), f"about {size.requests:.2g} requests with {size.steps:.2g} steps take about "
            f"{_shown(demand)}{_each(at_once)}, and this machine has {_shown(room)}",
            "shorten `horizon`, or lower `agents`, the rate or the rounds of loops"
            + ("; fewer `--workers` take less memory" if at_once > 1 and demand < room else ""), at_key=True))
    return found


def _instances(deployment: BoundDeployment, agents: int, sessions: float) -> float:
    """Return how many instances there are at least."""
    return {"shared": deployment.minimum, "per-agent": agents}.get(deployment.placement, sessions)


def _place(case: Case, deployment: BoundDeployment) -> Place:
    if deployment.placement != "shared":
        return ("workload", "agents" if deployment.placement == "per-agent" else "arrivals")
    given = case.scenario.deployments[deployment.name].given
    key = next((key for key in ("instances", "min_instances") if key in given), "extends")
    return ("deployments", deployment.name, key)


def _memory() -> int:
    """Bytes of memory of this machine, or of the container that this process is in; no bound where it is not told."""
    if not hasattr(os, "sysconf"):
        return units.INT64_MAX
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = _GROUP.read_text().strip() if _GROUP.is_file() else "max"
    return min(machine, int(limit)) if limit.isdigit() else machine


def _each(processes: int) -> str:
    return f" in each of {processes} processes at once" if processes > 1 else ""


def _shown(size: float) -> str:
    return f"{size / 10**9:.2g} GB"
