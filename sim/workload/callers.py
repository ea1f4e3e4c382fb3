"""What holds for all requests beside their steps: patience, open connections, sizes, deadlines, parallel work."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from pathlib import Path

import numpy as np

from sim import luck
from sim.distributions import Distribution
from sim.engine.contract import CORE, Demand, Int64s
from sim.luck import Stream
from sim.scenario.schema import Workload


def with_callers(asked: Demand, workload: Workload, directory: Path, seed: int, replication: int) -> Demand:
    """Add to a demand what holds for all of its requests.

    Parameters
    ----------
    asked : Demand
    workload : Workload
    directory : Path
        Folder that files of recorded samples are relative to.
    seed, replication : int
        Address of the luck.

    Returns
    -------
    Demand
        The same requests; what the workload says nothing of stays empty.
    """
    whom, said = luck.of_requests(asked.agent), workload.deadline

    def drawn(law: Distribution | None, stream: Stream) -> Int64s:
        if law is None:
            return np.zeros(0, np.int64)
        return law.load(directory).integers(luck.uniform(seed, replication, stream, whom))

    return dataclasses.replace(
        asked,
        patience=drawn(workload.patience, Stream.PATIENCE),
        linger=drawn(workload.keep_open, Stream.KEEP_OPEN),
        payload=drawn(workload.payload, Stream.PAYLOAD),
        parallel=round(workload.parallel * CORE),
        deadline=_share_of_length(asked, said) if isinstance(said, Fraction) else drawn(said, Stream.DEADLINE),
    )


def _share_of_length(asked: Demand, share: Fraction) -> Int64s:
    """Return a multiple of how long each request takes by itself, rounded up."""
    length = asked.by_request(asked.step_length)
    return np.asarray(np.ceil(length * float(share)), np.int64)
