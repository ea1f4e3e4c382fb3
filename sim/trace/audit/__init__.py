"""What must be true of every run, checked on its own records.

The checks know the contract, not the model: they take the arrays that a model gave and ask whether they can be what the
contract says. A run whose audit fails shows no figures. They are meant to be cheap enough to be run always.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sim.engine.contract import Capacity, Demand, Outcome
from sim.errors import SimError
from sim.trace.audit import callers, gpu, instances, provider, requests, service, visits
from sim.trace.audit.records import Finding, Records, unreadable


class AuditError(SimError):
    """The records of a run cannot be true: its figures are not shown.

    Parameters
    ----------
    failed : mapping of str to sequence of str
        What is wrong, by deployment.
    """

    def __init__(self, failed: Mapping[str, Sequence[str]]) -> None:
        self.failed = dict(failed)
        super().__init__(self.failed)

    def __str__(self) -> str:
        found = [f"{name}: {fault}" for name, faults in self.failed.items() for fault in faults]
        return "the audit of the run failed, so its figures are not shown\n" + "\n".join(found)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be true: its name, whether it is, and the figures that say so."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Audit:
    """All checks of one run."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)

    def also(self, check: Check) -> Audit:
        """Add a check."""
        return Audit((*self.checks, check))

    def summary(self) -> dict[str, Any]:
        """Give the audit as it stands in ``summary.json``."""
        return {
            "passed": self.passed,
            "checks": [{"name": c.name, "passed": c.passed, "detail": c.detail} for c in self.checks],
        }


def audit(demand: Demand, capacity: Capacity, outcome: Outcome) -> Audit:
    """Check the records of a run.

    Parameters
    ----------
    demand, capacity : Demand, Capacity
        What the model was given.
    outcome : Outcome
        What it gave.

    Returns
    -------
    Audit
        It raises nothing: when the arrays are too broken to be read, only the check ``arrays`` is there, and fails.
    """
    broken = unreadable(demand, capacity, outcome)
    if broken:
        return Audit((Check("arrays", passed=False, detail=broken),))
    records = Records(demand, capacity, outcome)
    checks = [Check("arrays", passed=True, detail="lengths and codes are as the contract says")]
    for name, check in CHECKS.items():
        fault, figures = check(records)
        checks.append(Check(name, passed=fault is None, detail=figures if fault is None else fault))
    return Audit(tuple(checks))


CHECKS: dict[str, Callable[[Records], Finding]] = {
    "requests": requests.requests,
    "arrivals": requests.arrivals,
    "turns": requests.turns,
    "callers": callers.calls,
    "states": instances.states,
    "clocks": instances.clocks,
    "work": service.worked,
    "calls": provider.answered,
    "waits": requests.waiting,
    "residents": service.residents,
    "instances": instances.instances,
    "limits": requests.limits,
    "cpu": service.cpu,
    "gpu": gpu.gpu,
    "order": gpu.order,
    "presence": service.presence,
    "visits": visits.visits,
    "market": visits.market,
}
"""What is checked, by name: each gives a fault, if there is one, and the figures that show that there is none."""
