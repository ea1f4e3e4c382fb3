"""Demand of a workload: who asks for what and when, as the models read it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np

from sim import luck
from sim.catalog import PACKAGE, Catalogue
from sim.distributions import Distribution
from sim.engine.contract import NEVER, Demand, Int64s, none
from sim.errors import AdvisedError
from sim.luck import Stream
from sim.scenario import recordings
from sim.scenario.arrivals import Closed, Sessions
from sim.scenario.recorded import Column
from sim.scenario.schema import Workload
from sim.units import SECOND
from sim.workload import closed as chains
from sim.workload import opened, recording, replay, rows, skew, steps, week, windows
from sim.workload.attempts import with_attempts
from sim.workload.callers import with_callers
from sim.workload.fleet import Fleet
from sim.workload.places import ranges
from sim.workload.recording import Recording
from sim.workload.rows import Rows
from sim.workload.steps import Unrolling, Work

MAX_WORK = 2**61
"""Microseconds of work of all requests together, so that sums of it stay in 64 bits."""

_DAY_S = 86_400


def demand(
    workload: Workload, directory: Path, horizon: int, drain: int, seed: int, replication: int, bootstrap: bool = False,
    stretch: int = 1, catalogue: Catalogue = PACKAGE,
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
    catalogue : Catalogue
        Knows how fast language models answer.

    Returns
    -------
    Demand
        Requests by agent, then in order of arrival; those of sessions by agent, then in the order in which the
        sessions start, then by turn; each as often as it may be tried. Sessions are numbered from 0 in the order in
        which they start in the fleet.

    Raises
    ------
    InputError, AdvisedError
        When a file cannot be used, or the workload is too large.
    """
    asked = _requests(workload, directory, horizon, drain, seed, replication, bootstrap, stretch, catalogue)
    asked = with_callers(asked, workload, directory, seed, replication)
    return with_attempts(asked, workload, directory, seed, replication)


def _requests(workload: Workload, directory: Path, horizon: int, drain: int, seed: int, replication: int,
              bootstrap: bool, stretch: int, catalogue: Catalogue) -> Demand:
    """Draw the requests of all agents."""
    arrivals = workload.arrivals
    shares = skew.shares(arrivals.skew, workload.agents)
    fleet = Fleet(workload.agents, directory, horizon, seed, replication, shares, catalogue)
    if arrivals.sessions is not None:
        asked = _sessions(workload, arrivals.sessions, fleet, bootstrap)
    elif arrivals.closed is not None:
        asked = _closed(workload, arrivals.closed, fleet, stretch)
    else:
        asked = _open(workload, fleet)
    work = asked.work
    longest = float(work.length.sum(dtype=np.float64))
    if longest > MAX_WORK:
        years = longest / (_DAY_S * SECOND * 365)
        raise AdvisedError(f"the workload comes to {years:.2g} years of work, which is more than can be counted",
                           "shorten the steps, or give their distributions a `max`")
    return Demand(
        horizon=horizon, stop=horizon + drain, serial=workload.serial, agent=asked.agent, session=asked.session,
        after=asked.after, at=asked.at, coalesced=asked.coalesced, held=asked.held, memory=asked.each.memory,
        step_first=work.first, step_kind=work.kind, step_cpu=work.cpu, step_wait=work.wait,
        step_tokens_in=work.tokens_in, step_tokens_cached=work.tokens_cached, step_tokens_out=work.tokens_out,
        step_model=work.model, step_prefill=work.prefill, step_decode=work.decode, priority=asked.each.priority,
        slots=asked.each.slots)


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
        return recording.read(directory / sessions.file).models
    return steps.models(workload.request or ())


@dataclass(frozen=True, slots=True)
class _Asked:
    """Requests, in canonical order; see `Demand`."""

    agent: Int64s
    session: Int64s
    after: Int64s
    at: Int64s
    coalesced: Int64s
    held: Int64s
    work: Work
    each: _Each


@dataclass(frozen=True, slots=True)
class _Each:
    """What each request has beside its steps; see `Demand`."""

    memory: Int64s
    priority: Int64s = field(default_factory=none)
    slots: Int64s = field(default_factory=none)


def _open(workload: Workload, fleet: Fleet) -> _Asked:
    """Draw requests that come on their own."""
    arrivals, recorded = workload.arrivals, None
    if arrivals.requests is not None:
        drawn, recorded = replay.draw(arrivals.requests, fleet)
    else:
        drawn = opened.draw(arrivals, fleet)
    handed = windows.hand_on(drawn, arrivals, fleet.horizon)
    found = handed.points
    if recorded is not None:
        recorded = Rows(recorded.table, recorded.row[handed.first])
    never = np.full(len(found.value), NEVER, np.int64)
    work, each = _work(workload, fleet, luck.of_agent(found.entity, found.ordinal), recorded)
    return _Asked(found.entity, never, never, found.value, handed.coalesced, handed.held, work, each)


def _closed(workload: Workload, closed: Closed, fleet: Fleet, stretch: int) -> _Asked:
    """Draw the chains of a closed population."""
    law = closed.think.load(fleet.directory)
    thinking = partial(chains.think, fleet.seed, fleet.replication, law)

    def lengths(keys: Int64s) -> Int64s:
        return _work(workload, fleet, keys)[0].lengths

    counts = chains.counts(workload.agents, fleet.horizon, thinking, lengths) * stretch
    agent = np.repeat(np.arange(workload.agents, dtype=np.int64), counts)
    ordinal = ranges(np.zeros(workload.agents, np.int64), counts)
    work, each = _work(workload, fleet, luck.of_agent(agent, ordinal))
    after = np.where(ordinal == 0, NEVER, np.arange(len(agent)) - 1)
    never, zero = np.full(len(agent), NEVER, np.int64), np.zeros(len(agent), np.int64)
    return _Asked(agent, never, after, thinking(agent, ordinal), zero, zero, work, each)


def _work(workload: Workload, fleet: Fleet, keys: Int64s, recorded: Rows | None = None) -> tuple[Work, _Each]:
    """Draw the work of requests, by their addresses, and what else each of them has."""
    if workload.rows is not None:
        found = recordings.table(fleet.directory, workload.rows.file)
        recorded = rows.drawn(found, keys, fleet.seed, fleet.replication)
    unrolling = Unrolling(fleet.seed, fleet.replication, keys, fleet.directory, recorded, fleet.catalogue)
    work = unrolling.work(workload.request or ())

    def drawn(law: Distribution | Column | None, stream: Stream, least: int) -> Int64s:
        if law is None:
            return none()
        if isinstance(law, Column):
            assert recorded is not None  # the schema lets columns be named only where there are rows
            return np.maximum(recorded.integers(law), least)
        u = luck.uniform(fleet.seed, fleet.replication, stream, keys)
        return np.maximum(law.load(fleet.directory).integers(u), least)

    if isinstance(workload.memory, Column):
        assert recorded is not None
        memory = recorded.integers(workload.memory)
    else:
        memory = np.full(len(keys), workload.memory, np.int64)
    if len(work.memory):
        memory = memory + work.memory
    return work, _Each(memory, drawn(workload.priority, Stream.PRIORITY, 0), drawn(workload.slots, Stream.SLOTS, 1))


def _sessions(workload: Workload, sessions: Sessions, fleet: Fleet, bootstrap: bool) -> _Asked:
    """Draw session starts for the fleet, and for each an agent and a recorded session, with replacement."""
    recorded = recording.read(fleet.directory / sessions.file)
    rate = Fraction(str(sessions.per_day)) / _DAY_S
    shape = week.constant(rate)
    if sessions.shape is not None:
        shape = week.from_file(sessions.shape, fleet.directory).scaled_to(rate)
    together = dataclasses.replace(fleet, agents=1, shares=None)
    bursty = opened.bursty(workload.arrivals.burstiness, None, shape, together)
    starts = opened.poisson(shape, Stream.SESSION, together, bursty)
    number = starts.ordinal
    agent = skew.chosen(fleet, Stream.SESSION_AGENT, number)
    count, where = len(recorded.names), (fleet.seed, fleet.replication)
    source = luck.integers_below(count, *where, Stream.SESSION_PICK, number)
    if bootstrap:
        places = np.arange(count, dtype=np.int64)
        source = luck.integers_below(count, *where, Stream.BOOTSTRAP, places)[source]
    order = np.lexsort((number, agent))
    return _played(workload, recorded, agent[order], number[order], starts.value[order], source[order])


def _played(workload: Workload, recorded: Recording, agent: Int64s, number: Int64s, start: Int64s, source: Int64s
            ) -> _Asked:
    """Return recorded sessions that are played from their starts."""
    lengths = recorded.turn_first[source + 1] - recorded.turn_first[source]
    turn = ranges(recorded.turn_first[source], lengths)
    opens = np.cumsum(lengths) - lengths
    after = np.arange(len(turn), dtype=np.int64) - 1
    after[opens] = NEVER
    at = recorded.gap[turn]
    at[opens] = start
    counts = recorded.step_first[turn + 1] - recorded.step_first[turn]
    step = ranges(recorded.step_first[turn], counts)
    cpu, wait = recorded.cpu[step], recorded.wait[step]
    work = Work(np.concatenate(([0], np.cumsum(counts))).astype(np.int64), recorded.kind[step], cpu,
                np.where(cpu + wait < 1, 1, wait), recorded.tokens_in[step], recorded.tokens_cached[step],
                recorded.tokens_out[step], recorded.model[step])
    zero = np.zeros(len(at), np.int64)
    assert not isinstance(workload.memory, Column)  # the schema lets columns be named only where there are rows
    return _Asked(np.repeat(agent, lengths), np.repeat(number, lengths), after, at, zero, zero, work,
                  _Each(zero + workload.memory))
