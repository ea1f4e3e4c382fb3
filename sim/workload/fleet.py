"""Who asks, for how long, and where the luck of it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sim.catalog import PACKAGE, Catalogue
from sim.distributions.portable import Floats


@dataclass(frozen=True, slots=True)
class Fleet:
    """Who asks, for how long, and where the luck is.

    Attributes
    ----------
    agents : int
    directory : Path
        Folder that files are relative to.
    horizon : int
        Microseconds.
    seed, replication : int
        Address of the luck.
    shares : float64[agents] or None
        How many times the mean rate of an agent each has; all the same when None.
    catalogue : Catalogue
        Knows how fast language models answer.
    """

    agents: int
    directory: Path
    horizon: int
    seed: int
    replication: int
    shares: Floats | None = None
    catalogue: Catalogue = PACKAGE
