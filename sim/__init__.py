"""Simulator of fleets of AI agents across hosting platforms.

>>> import sim
>>> result = sim.load("scenarios/support-bot.yaml").run()  # doctest: +SKIP
>>> result.overhead  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.api import Result, Study, Sweep, load, rate
    from sim.report import plots
    from sim.workload import fit_arrivals

__all__ = ["Result", "Study", "Sweep", "__version__", "fit_arrivals", "load", "plots", "rate"]

__version__ = "0.1.0"


def __dir__() -> list[str]:
    return list(__all__)


def __getattr__(name: str) -> Any:
    # Late, because pandas alone takes longer than `sim validate` may.
    if name in {"Result", "Study", "Sweep", "load", "rate"}:
        from sim import api

        return getattr(api, name)
    if name == "plots":
        from sim.report import plots

        return plots
    if name == "fit_arrivals":
        from sim.workload import fit_arrivals

        return fit_arrivals
    raise AttributeError(f"module 'sim' has no attribute {name!r}")
