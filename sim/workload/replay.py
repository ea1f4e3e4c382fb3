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
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np

from sim import luck
from sim.engine.contract import Int64s
from sim.errors import quoted
from sim.luck import Stream
from sim.scenario import recorded
from sim.scenario.arrivals import Requests
from sim.units import SECOND, show_duration
from sim.workload import rows, skew, table
from sim.workload.fleet import Fleet
from sim.workload.places import ranges
from sim.workload.points import MAX_POINTS, Points, too_many
from sim.workload.table import LARGEST, Table

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
    InputError
        When the file cannot be read as such a recording, or the part is empty.
    """
    path = directory / requests.file
    return _part(path, table.stamp(path, requests.file), requests)


@lru_cache(maxsize=4)
def _part(path: Path, stamp: int, requests: Requests) -> Recording:
    """Read a part; ``stamp`` keeps a changed file from being answered from memory."""
    found = rows.read(path.parent, path.name).called(requests.file)
    at = _times(found, requests)
    end = int(at[-1]) + 1 if requests.end is None else requests.end
    row = np.flatnonzero((at >= requests.begin) & (at < end))
    if not len(row):
        last = show_duration(int(at[-1]))
        raise table.problem(requests.file, 0, "has no request in the part that is asked for",
                            f"its last comes after {last}: change `begin` or `end`")
    agent = None
    if requests.agent is not None:
        found.require(requests.agent)
        agent = np.unique(np.array(found.texts(requests.agent)), return_inverse=True)[1].astype(np.int64)[row]
    return Recording(found, row, at[row] - requests.begin, agent, end - requests.begin)


def _times(found: Table, requests: Requests) -> Int64s:
    """Read the column of times, in microseconds."""
    column = requests.time
    found.require(column)
    texts = found.texts(column)
    unit = recorded.time_unit(requests.unit)
    if _stamp(texts[0]) is None:
        at = np.rint(found.numbers(column, LARGEST * SECOND / unit) * unit).astype(np.int64)
    else:
        at = _stamps(found, column)
    for row in (np.flatnonzero(np.diff(at) < 0)[:1] + 1).tolist():
        raise found.wrong(row, f"has {quoted(texts[row])} as `{column}`, which is earlier than the row before",
                          f"sort the file by `{column}`")
    return at


def _stamps(found: Table, column: str) -> Int64s:
    """Read a column of dates and times, in microseconds from the first."""
    times = []
    for row, text in enumerate(found.texts(column)):
        time = _stamp(text)
        if time is None:
            raise found.wrong(row, f"has {quoted(text)} as `{column}`, which is no date and time",
                              "write it as in the rows before, such as 2026-11-01 08:30:00")
        times.append(time)
    return np.array(times, np.int64) - times[0]


def _stamp(text: str) -> int | None:
    """Read date and time, in microseconds of the calendar; None for what is none, such as a number."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    if text.strip().isdigit():  # 20261101 would be a date
        return None
    since = time.replace(tzinfo=None) - datetime(1970, 1, 1) - (time.utcoffset() or timedelta(0))
    return since // timedelta(microseconds=1)


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
    if recording.agent is not None and int(recording.agent.max()) >= fleet.agents:
        there = int(recording.agent.max()) + 1
        raise table.problem(requests.file, 1, f"has {there:,} agents in `{requests.agent}`, and the workload has "
                            f"{fleet.agents:,}", f"write `agents: {there}` or more")
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
    if not blocks:
        lasts = show_duration(recording.length)
        raise table.problem(requests.file, 0, f"lasts {lasts}, which is less than a block", "write shorter `blocks`")
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
