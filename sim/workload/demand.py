"""Demand of a workload: who asks for what and when, as the models read it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np

from sim import luck
from sim.engine.contract import NEVER, Demand, Int64s
from sim.errors import AdvisedError
from sim.luck import Stream
from sim.scenario.schema import Arrivals, Sessions, Workload
from sim.units import SECOND
from sim.workload import points, recording, steps, week
from sim.workload.points import CumulativeRate, Points
from sim.workload.recording import Recording
from sim.workload.steps import Unrolling, Work

MAX_WORK = 2**61
"""Microseconds of work of all requests together, so that sums of it stay in 64 bits."""

_DAY_S = 86_400


def demand(
    workload: Workload, directory: Path, horizon: int, drain: int, seed: int, replication: int, bootstrap: bool = False
) -> Demand:
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
    found = _open(arrivals, workload.agents, directory, horizon, seed, replication)
    keys = luck.of_agent(found.entity, found.ordinal)
    none = np.full(len(keys), NEVER, np.int64)
    work = Unrolling(seed, replication, keys, directory).work(workload.request or ())
    return _put(workload, horizon, drain, found.entity, none, none, found.value, work)


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


def _open(arrivals: Arrivals, agents: int, directory: Path, horizon: int, seed: int, replication: int) -> Points:
    """Return arrivals that do not depend on the platform, in microseconds."""
    if arrivals.renewal is not None:
        return points.renewal(seed, replication, arrivals.renewal.gap.load(directory), agents, horizon)
    if arrivals.weekly is not None:
        shape = week.from_buckets(arrivals.weekly)
    else:
        assert arrivals.poisson is not None  # the schema lets arrivals be nothing else
        shape = week.constant(arrivals.poisson.rate)
    return _poisson(shape, horizon, seed, replication, Stream.ARRIVAL, agents)


def _poisson(shape: week.Week, horizon: int, seed: int, replication: int, stream: Stream, entities: int) -> Points:
    rate = CumulativeRate(shape, horizon)
    found = points.poisson(seed, replication, stream, entities, rate.end)
    return Points(found.entity, found.ordinal, rate.times(found.value))


def _sessions(workload: Workload, sessions: Sessions, directory: Path, horizon: int, drain: int, seed: int,
              replication: int, bootstrap: bool) -> Demand:
    """Draw session starts for the fleet, and for each an agent and a recorded session, with replacement."""
    recorded = recording.read(directory / sessions.file, sessions.file)
    rate = Fraction(str(sessions.per_day)) / _DAY_S
    shape = week.constant(rate)
    if sessions.shape is not None:
        shape = week.from_file(sessions.shape, directory).scaled_to(rate)
    starts = _poisson(shape, horizon, seed, replication, Stream.SESSION, 1)
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
         work: Work) -> Demand:
    longest = float(work.cpu.sum(dtype=np.float64) + work.wait.sum(dtype=np.float64))
    if longest > MAX_WORK:
        years = longest / (_DAY_S * SECOND * 365)
        raise AdvisedError(f"the workload comes to {years:.2g} years of work, which is more than can be counted",
                           "shorten the steps, or give their distributions a `max`")
    return Demand(
        horizon=horizon, stop=horizon + drain, serial=workload.serial, agent=agent, session=session, after=after,
        at=at, memory=np.full(len(at), workload.memory, np.int64), step_first=work.first, step_kind=work.kind,
        step_cpu=work.cpu, step_wait=work.wait, step_tokens_in=work.tokens_in,
        step_tokens_cached=work.tokens_cached, step_tokens_out=work.tokens_out,
        step_model=work.model)


def _ranges(first: Int64s, counts: Int64s) -> Int64s:
    """Return ``first[0], first[0] + 1, ...``, ``counts[0]`` numbers, then those from ``first[1]``, and so on."""
    offset = np.cumsum(counts) - counts
    return np.asarray(np.arange(int(counts.sum())) + np.repeat(first - offset, counts), np.int64)
