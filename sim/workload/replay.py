"""Recorded requests, replayed: cut, repeated, thinned or laid over each other, resampled in blocks.

A run is covered by pieces of the recording: by the whole part, once or again and again, or by blocks drawn by chance.
For another rate, copies of each piece are laid over each other. The first copy is the recording as it is; each other is
turned round its piece by a time drawn by chance, so that its bursts fall elsewhere; from the last copy, requests are
left out by chance. Thinning by a share p leaves of the over-dispersion of counts, ``I - 1``, a share p (Cox & Isham,
Point Processes, 1980, 4.3); superposing copies leaves it as it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from sim import luck
from sim.documents import Table
from sim.engine.contract import Int64s
from sim.luck import Stream
from sim.scenario import recordings
from sim.scenario.arrivals import Requests
from sim.units import SECOND
from sim.workload import rows, skew
from sim.workload.fleet import Fleet
from sim.workload.places import ranges
from sim.workload.points import MAX_POINTS, Points, too_many

_COPY = 2**28
"""Entity of luck: number of the copy times this, plus number of the piece."""


@dataclass(frozen=True, slots=True)
class Recording:
    """The part of a recording that is replayed.

    Attributes
    ----------
    table : Table
    row : int64[n]
        Rows of the part, in order of time.
    at : int64[n]
        Microseconds from the beginning of the part.
    agent : int64[n] or None
        Rank of the agent among the names in the file, sorted.
    length : int
        Microseconds that the part lasts.
    """

    table: Table
    row: Int64s
    at: Int64s
    agent: Int64s | None
    length: int


def read(requests: Requests, directory: Path) -> Recording:
    """Read the part of a recording that is replayed.

    Raises
    ------
    InputError, AdvisedError
        When the file cannot be read as such a recording, or the part is empty; see `sim.scenario.recordings.requests`.
    """
    return _part(recordings.table(directory, requests.file), requests)


@lru_cache(maxsize=4)
def _part(table: Table, requests: Requests) -> Recording:
    at = np.array(recordings.requests(table, requests), np.int64)
    end = int(at[-1]) + 1 if requests.end is None else requests.end
    row = np.flatnonzero((at >= requests.begin) & (at < end))
    agent = None
    if requests.agent is not None:
        agent = np.unique(np.array(table.texts(requests.agent)), return_inverse=True)[1].astype(np.int64)[row]
    return Recording(table, row, at[row] - requests.begin, agent, end - requests.begin)


@dataclass(frozen=True, slots=True)
class _Pieces:
    """What a run is covered by: pieces of the recording, in order of time.

    Attributes
    ----------
    start, begin : int64[pieces]
        Where a piece is in the run, and where it begins in the recording.
    length : int
        Microseconds, of each.
    """

    start: Int64s
    begin: Int64s
    length: int


def draw(requests: Requests, fleet: Fleet) -> tuple[Points, rows.Rows]:
    """Replay recorded requests.

    Parameters
    ----------
    requests : Requests
    fleet : Fleet

    Returns
    -------
    Points, Rows
        By agent, then in order of time, with the recorded row of each. The ordinal of a point says which copy of which
        row in which piece it is: it is the same at another rate, and so is its luck.

    Raises
    ------
    InputError, AdvisedError
        When the file cannot be used, has more agents than the workload, or comes to too many requests.
    """
    recording = read(requests, fleet.directory)
    if requests.agent is not None:
        recordings.require_agents(recording.table, requests.agent, fleet.agents, exactly=False)
    pieces = _pieces(requests, recording, fleet)
    factor = 1.0
    if requests.rate is not None:
        factor = float(requests.rate * recording.length / (len(recording.at) * SECOND))
    count = len(recording.at) * len(pieces.start)
    if count * max(factor, 1.0) > MAX_POINTS:
        raise too_many(count * max(factor, 1.0), "arrivals")
    parts = [_copy(copy, min(factor - copy, 1.0), recording, pieces, fleet) for copy in range(math.ceil(factor))]
    agent, ordinal, at = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((ordinal, at, agent))
    found = Points(agent[order], ordinal[order], at[order])
    return found, rows.Rows(recording.table, recording.row[found.ordinal % len(recording.row)])


def _pieces(requests: Requests, recording: Recording, fleet: Fleet) -> _Pieces:
    """Say which pieces of the recording cover the run."""
    length = requests.blocks or recording.length
    if not (requests.loop or requests.blocks):
        return _Pieces(np.zeros(1, np.int64), np.zeros(1, np.int64), length)
    start = np.arange(0, fleet.horizon, length, dtype=np.int64)
    if requests.blocks is None:
        return _Pieces(start, np.zeros_like(start), length)
    blocks = recording.length // length
    number = np.arange(len(start), dtype=np.int64)
    chosen = luck.integers_below(blocks, fleet.seed, fleet.replication, Stream.BLOCK, number)
    return _Pieces(start, chosen * length, length)


def _copy(copy: int, share: float, recording: Recording, pieces: _Pieces, fleet: Fleet
          ) -> tuple[Int64s, Int64s, Int64s]:
    """Lay one copy of the recording over the run: agent, ordinal and time of the requests that are kept."""
    where = fleet.seed, fleet.replication
    first = np.searchsorted(recording.at, pieces.begin)
    counts = np.searchsorted(recording.at, pieces.begin + pieces.length) - first
    piece = np.repeat(np.arange(len(first)), counts)
    request = ranges(first, counts)
    address = copy * _COPY + piece
    if share < 1.0:
        kept = luck.uniform(*where, Stream.THIN, address, request) < share
        piece, request, address = piece[kept], request[kept], address[kept]
    inside = recording.at[request] - pieces.begin[piece]
    if copy:
        numbers = copy * _COPY + np.arange(len(first), dtype=np.int64)
        shift = np.floor(luck.uniform(*where, Stream.SHIFT, numbers) * pieces.length).astype(np.int64)
        inside = (inside + shift[piece]) % pieces.length
    at = pieces.start[piece] + inside
    agent = recording.agent
    who = agent[request] if agent is not None else skew.chosen(fleet, Stream.REQUEST_AGENT, address, request)
    ordinal = (copy * len(first) + piece) * len(recording.at) + request
    before = at < fleet.horizon
    return who[before], ordinal[before], at[before]
