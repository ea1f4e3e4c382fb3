"""Demand of a workload: who asks for what and when, as the models read it."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np

from sim import luck
from sim.engine.contract import NEVER, Demand, Int64s
from sim.errors import AdvisedError
from sim.luck import Stream
from sim.scenario.arrivals import Closed, Sessions
from sim.scenario.schema import Workload
from sim.workload import closed as chains
from sim.workload import opened, recording, steps, week, windows
from sim.workload.recording import Recording
from sim.workload.steps import Unrolling, Work

MAX_WORK = 2**61
"""Microseconds of work of all requests together, so that sums of it stay in 64 bits."""

_DAY_S = 86_400


def demand(
    workload: Workload, directory: Path, horizon: int, drain: int, seed: int, replication: int, bootstrap: bool = False,
    stretch: int = 1,
) -> Demand:  # fmt: skip
    """Draw the demand of one replication.

    Parameters
    ----------
    workload : Workload
    directory : Path
        Folder that the files it names are relative to: that of the scenario file.
    horizon, drain : int
        Microseconds: how long requests arrive, and how long what is left may still run.
    seed, replication : int
        Address of the luck.
    bootstrap : bool
        Whether recorded sessions are drawn from a sample of the recording that this replication has for its own: as
        many sessions, with replacement. `sim.stats.estimates` says what for.
    stretch : int
        How many times as long as `sim.workload.closed` takes it the chain of each agent of a closed population is.

    Returns
    -------
    Demand
        Requests by agent, then in order of arrival; those of sessions by agent, then in the order in which the
        sessions start, then by turn. Sessions are numbered from 0 in the order in which they start in the fleet.

    Raises
    ------
    InputError, AdvisedError
        When a file cannot be used, or the workload is too large.
    """
    arrivals = workload.arrivals
    if arrivals.sessions is not None:
        return _sessions(workload, arrivals.sessions, directory, horizon, drain, seed, replication, bootstrap)
    if arrivals.closed is not None:
        return _closed(workload, arrivals.closed, directory, horizon, drain, seed, replication, stretch)
    drawn = opened.draw(arrivals, opened.Fleet(workload.agents, directory, horizon, seed, replication))
    handed = windows.hand_on(drawn, arrivals, horizon)
    found = handed.points
    none = np.full(len(found.value), NEVER, np.int64)
    work = _work(workload, luck.of_agent(found.entity, found.ordinal), directory, seed, replication)
    return _put(workload, horizon, drain, found.entity, none, none, found.value, work, handed.coalesced, handed.held)


def models(workload: Workload, directory: Path) -> tuple[str, ...]:
    """Return the names that ``Demand.step_model`` counts in.

    Parameters
    ----------
    workload : Workload
    directory : Path
        Folder that the files it names are relative to.
    """
    sessions = workload.arrivals.sessions
    if sessions is not None:
        return recording.read(directory / sessions.file, sessions.file).models
    return steps.models(workload.request or ())


def _work(workload: Workload, keys: Int64s, directory: Path, seed: int, replication: int) -> Work:
    return Unrolling(seed, replication, keys, directory).work(workload.request or ())


def _closed(workload: Workload, closed: Closed, directory: Path, horizon: int, drain: int, seed: int,
            replication: int, stretch: int) -> Demand:
    """Draw the chains of a closed population."""
    law = closed.think.load(directory)
    thinking = partial(chains.think, seed, replication, law)

    def lengths(keys: Int64s) -> Int64s:
        return _work(workload, keys, directory, seed, replication).lengths

    counts = chains.counts(workload.agents, horizon, thinking, lengths) * stretch
    agent = np.repeat(np.arange(workload.agents, dtype=np.int64), counts)
    ordinal = _ranges(np.zeros(workload.agents, np.int64), counts)
    work = _work(workload, luck.of_agent(agent, ordinal), directory, seed, replication)
    after = np.where(ordinal == 0, NEVER, np.arange(len(agent)) - 1)
    none = np.full(len(agent), NEVER, np.int64)
    return _put(workload, horizon, drain, agent, none, after, thinking(agent, ordinal), work)


def _sessions(workload: Workload, sessions: Sessions, directory: Path, horizon: int, drain: int, seed: int,
              replication: int, bootstrap: bool) -> Demand:
    """Draw session starts for the fleet, and for each an agent and a recorded session, with replacement."""
    recorded = recording.read(directory / sessions.file, sessions.file)
    rate = Fraction(str(sessions.per_day)) / _DAY_S
    shape = week.constant(rate)
    if sessions.shape is not None:
        shape = week.from_file(sessions.shape, directory).scaled_to(rate)
    starts = opened.poisson(shape, Stream.SESSION, opened.Fleet(1, directory, horizon, seed, replication))
    number = starts.ordinal
    agent = luck.integers_below(workload.agents, seed, replication, Stream.SESSION_AGENT, number)
    count = len(recorded.names)
    source = luck.integers_below(count, seed, replication, Stream.SESSION_PICK, number)
    if bootstrap:
        places = np.arange(count, dtype=np.int64)
        source = luck.integers_below(count, seed, replication, Stream.BOOTSTRAP, places)[source]
    order = np.lexsort((number, agent))
    return _played(workload, horizon, drain, recorded, agent[order], number[order], starts.value[order],
                   source[order])


def _played(workload: Workload, horizon: int, drain: int, recorded: Recording, agent: Int64s, number: Int64s,
            start: Int64s, source: Int64s) -> Demand:
    """Return the demand of recorded sessions that are played from their starts, in canonical order."""
    lengths = recorded.turn_first[source + 1] - recorded.turn_first[source]
    turn = _ranges(recorded.turn_first[source], lengths)
    opens = np.cumsum(lengths) - lengths
    after = np.arange(len(turn), dtype=np.int64) - 1
    after[opens] = NEVER
    at = recorded.gap[turn]
    at[opens] = start
    counts = recorded.step_first[turn + 1] - recorded.step_first[turn]
    step = _ranges(recorded.step_first[turn], counts)
    cpu, wait = recorded.cpu[step], recorded.wait[step]
    work = Work(np.concatenate(([0], np.cumsum(counts))).astype(np.int64), recorded.kind[step], cpu,
                np.where(cpu + wait < 1, 1, wait), recorded.tokens_in[step], recorded.tokens_cached[step],
                recorded.tokens_out[step], recorded.model[step])
    return _put(workload, horizon, drain, np.repeat(agent, lengths), np.repeat(number, lengths), after, at, work)


def _put(workload: Workload, horizon: int, drain: int, agent: Int64s, session: Int64s, after: Int64s, at: Int64s,
         work: Work, coalesced: Int64s | None = None, held: Int64s | None = None) -> Demand:
    none = np.zeros(len(at), np.int64)
    return Demand(
        horizon=horizon, stop=horizon + drain, serial=workload.serial, agent=agent, session=session, after=after,
        at=at, coalesced=none if coalesced is None else coalesced, held=none if held is None else held,
        memory=np.full(len(at), workload.memory, np.int64), step_first=work.first, step_kind=work.kind,
        step_cpu=work.cpu, step_wait=work.wait, step_tokens_in=work.tokens_in,
        step_tokens_cached=work.tokens_cached, step_tokens_out=work.tokens_out,
        step_model=work.model)


def _ranges(first: Int64s, counts: Int64s) -> Int64s:
    """Return ``first[0], first[0] + 1, ...``, ``counts[0]`` numbers, then those from ``first[1]``, and so on."""
    offset = np.cumsum(counts) - counts
    return np.asarray(np.arange(int(counts.sum())) + np.repeat(first - offset, counts), np.int64)
