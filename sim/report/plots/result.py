"""What plots need of a result: `sim.api.Result` has it, and so has whatever reads the folder of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import pandas as pd

from sim.errors import AdvisedError, UnknownName


class Summarised(Protocol):
    """A result as far as its figures go."""

    @property
    def summary(self) -> Mapping[str, Any]:
        """As ``summary.json`` holds it."""


class Traced(Summarised, Protocol):
    """A result with the tables of its first replication."""

    @property
    def requests(self) -> pd.DataFrame:
        """One row for each request on each deployment."""

    @property
    def attempts(self) -> pd.DataFrame:
        """One row for each step that began."""

    @property
    def instances(self) -> pd.DataFrame:
        """One row for each stretch of time that an instance spent in one state."""


class Timed(Summarised, Protocol):
    """A result with the times of all requests of all replications."""

    def times(self, figure: str) -> pd.DataFrame:
        """Columns deployment, replication and the figure (seconds, infinite for what never came)."""


class Billed(Summarised, Protocol):
    """A result with the bill as it accumulates."""

    @property
    def cost_curve(self) -> pd.DataFrame:
        """Columns deployment, day (days that are over, from 0), group, amount, low, high (dollars)."""


def names(result: Summarised) -> list[str]:
    """Return the names of all deployments, in the order of the scenario.

    Raises
    ------
    AdvisedError
        It is a sweep, whose cases each have deployments.
    """
    if "deployments" not in result.summary:
        raise AdvisedError(f"this is a sweep of {len(result.summary['cases'])} cases, and not a result",
                           "draw one of `list(sweep.results.values())`, or `against(sweep, axis)`")
    return list(result.summary["deployments"])


def chosen(result: Summarised, deployments: Sequence[str] | None) -> list[str]:
    """Return the deployments that are to be drawn, in the order of the scenario; see `among`."""
    return among(names(result), deployments)


def among(known: Sequence[str], deployments: Sequence[str] | None) -> list[str]:
    """Return the deployments that are to be drawn, in the order in which they are known.

    Parameters
    ----------
    known : sequence of str
    deployments : sequence of str or None
        All when None.

    Raises
    ------
    UnknownName
        There is no such deployment.
    """
    for name in deployments or ():
        if name not in known:
            raise UnknownName(name, known, "deployment")
    return list(known) if deployments is None else [name for name in known if name in deployments]


def part(table: pd.DataFrame, deployment: str) -> pd.DataFrame:
    """Return the rows of one deployment."""
    return table[(table["deployment"] == deployment).to_numpy()]


def counted(result: Traced, deployment: str) -> pd.DataFrame:
    """Return the requests of one deployment that figures count: not those of the warm-up."""
    requests = part(result.requests, deployment)
    return requests[requests["in_window"].to_numpy()]


def figure(deployment: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    """Return a figure of a deployment of a summary.

    Parameters
    ----------
    deployment : mapping
    path : str
        Such as ``overhead_s.p99``.

    Returns
    -------
    mapping
        With ``value``, and ``low`` and ``high`` or ``why``.

    Raises
    ------
    UnknownName
        There is no such figure.
    """
    figures = dict(_figures(deployment))
    if path not in figures:
        raise UnknownName(path, figures, "figure")
    return figures[path]


def _figures(tree: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            if "value" in value:
                yield f"{path}{key}", value
            yield from _figures(value, f"{path}{key}.")


def first_of(result: Summarised) -> str:
    """Say which replication the tables are of, for a caption."""
    count = result.summary["replications"]
    return "one replication" if count == 1 else f"the first of {count} replications"
