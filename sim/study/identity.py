"""What a run is known by: equal identities give equal results, to the byte."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

import sim
from sim.distributions import Distribution
from sim.scenario import Case
from sim.scenario.arrivals import Rates, Requests, Sessions, Shape
from sim.scenario.market import Trace
from sim.scenario.schema import Rows


def identity(case: Case) -> str:
    """Return the SHA-256 of all that a result depends on.

    That is the scenario with the behaviour bound to it, the prices, the contents of the data files, and the version of
    this program. The host, the date and the number of workers are not in it.

    Parameters
    ----------
    case : Case

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    digest = hashlib.sha256(f"{sim.__version__}\n{case.identity}\n".encode())
    lists = {deployment.name: deployment.prices(case.book) for deployment in case.deployments}
    for listed in (*(lists[name] for name in sorted(lists)), case.catalogue.prices(case.book, "llm")):
        told = listed.model_dump(mode="json")
        digest.update(json.dumps(told, sort_keys=True, default=str).encode())
    for name in sorted(set(files(case.scenario))):
        digest.update(f"{name}\n".encode())
        digest.update(hashlib.sha256((case.directory / name).read_bytes()).digest())
    # The order in which a result tells the deployments; the behaviour above does not depend on it.
    digest.update("\n".join(deployment.name for deployment in case.deployments).encode())
    return digest.hexdigest()


def files(part: Any) -> Iterator[str]:
    """Find the data files that a scenario, or a part of it, names."""
    if isinstance(part, Distribution):
        if part.samples is not None:
            yield part.samples.file
        for _, inner in part.parts:
            yield from files(inner)
    elif isinstance(part, (Rates, Requests, Rows, Sessions, Shape, Trace)):
        yield part.file
    if isinstance(part, BaseModel):
        for _, value in part:
            yield from files(value)
    elif isinstance(part, dict):
        for value in part.values():
            yield from files(value)
    elif isinstance(part, tuple):
        for value in part:
            yield from files(value)
