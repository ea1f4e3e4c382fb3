"""What a run is known by: equal identities give equal results, to the byte."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import sim
from sim.catalog.prices import prices
from sim.scenario import Case


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
    for platform in sorted({*(deployment.platform for deployment in case.deployments), "llm"}):
        listed = prices(case.book, platform).model_dump(mode="json")
        digest.update(json.dumps(listed, sort_keys=True, default=str).encode())
    for name in sorted(set(_files(case.scenario.model_dump(mode="json")))):
        digest.update(f"{name}\n".encode())
        digest.update(hashlib.sha256((case.directory / name).read_bytes()).digest())
    return digest.hexdigest()


def _files(data: Any) -> Iterator[str]:
    """Find the data files that a scenario names."""
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        if key in ("file", "samples") and isinstance(value, str):
            yield value
        yield from _files(value)
