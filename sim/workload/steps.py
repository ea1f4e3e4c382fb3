"""The work of requests: the steps that a scenario describes, drawn and unrolled.

A loop's steps are repeated as often as its luck says. Each draw is at the address (request, place), where the place
is the step's number in the text of the scenario and how often the request has come to it: another number of rounds in
one loop leaves the luck of all other steps as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from sim import luck
from sim.catalog import PACKAGE, Catalogue
from sim.distributions import Distribution
from sim.distributions.portable import Floats
from sim.engine.contract import NEVER, Int8s, Int64s, none
from sim.errors import AdvisedError
from sim.luck import Stream
from sim.scenario.gpus import GpuWork
from sim.scenario.quantities import MOST_TOKENS
from sim.scenario.recorded import Column
from sim.scenario.schema import Llm, Step
from sim.units import SECOND
from sim.workload import copula
from sim.workload.places import ranks
from sim.workload.points import MAX_POINTS, too_many
from sim.workload.recording import StepKind
from sim.workload.rows import Rows

VISITS = 2**20
"""Visits of one request to one step; the place of a draw is step number times this, plus the visit."""


@dataclass(frozen=True, slots=True)
class Work:
    """Steps of requests, as `Demand` has them.

    Attributes
    ----------
    first : int64[n + 1]
        Steps of request r are ``first[r]`` to ``first[r + 1] - 1``.
    kind : int8[m]
        `StepKind`.
    cpu, wait : int64[m]
        Microseconds; with the two below at least 1.
    tokens_in, tokens_cached, tokens_out, model : int64[m]
        Of ``llm`` steps, tokens also of ``gpu`` steps; 0 and NEVER elsewhere.
    prefill, decode : int64[m] or int64[0]
        Microseconds on a GPU; empty where no step has any.
    memory : int64[n] or int64[0]
        Bytes that each request needs for the tokens of its steps; empty for none.
    """

    first: Int64s
    kind: Int8s
    cpu: Int64s
    wait: Int64s
    tokens_in: Int64s
    tokens_cached: Int64s
    tokens_out: Int64s
    model: Int64s
    prefill: Int64s = field(default_factory=none)
    decode: Int64s = field(default_factory=none)
    memory: Int64s = field(default_factory=none)

    @property
    def length(self) -> Int64s:
        """Length of each step, in microseconds."""
        return self.cpu + self.wait + (self.prefill + self.decode if len(self.decode) else 0)

    @property
    def lengths(self) -> Int64s:
        """Work of each request: the sum of its steps, in microseconds."""
        total = np.concatenate(([0], np.cumsum(self.length)))
        return np.asarray(total[self.first[1:]] - total[self.first[:-1]], np.int64)


@dataclass(frozen=True, slots=True)
class _Visits:
    """Visits to one step of the text: the request and how often it had been there, by request."""

    step: Step
    number: int
    request: Int64s
    visit: Int64s


def models(steps: Iterable[Step]) -> tuple[str, ...]:
    """Return the names of the models that steps call, sorted."""
    found: set[str] = set()
    for step in steps:
        if step.llm is not None:
            found.add(step.llm.model)
        elif step.loop is not None:
            found.update(models(step.loop.steps))
    return tuple(sorted(found))


class Unrolling:
    """Draws the work of requests.

    Parameters
    ----------
    seed, replication : int
        Address of the luck.
    keys : int64[n]
        Address of each request.
    directory : Path
        Folder that files of recorded samples are relative to.
    rows : Rows, optional
        The recorded row of each request, for steps that take values from it.
    catalogue : Catalogue
        Knows how fast language models answer.
    """

    def __init__(
        self, seed: int, replication: int, keys: Int64s, directory: Path, rows: Rows | None = None,
        catalogue: Catalogue = PACKAGE,
    ) -> None:  # fmt: skip
        self._catalogue = catalogue
        self._seed = seed
        self._replication = replication
        self._keys = keys
        self._directory = directory
        self._rows = rows
        self._visits: list[_Visits] = []
        self._numbered = 0
        self._count = 0

    def work(self, steps: Sequence[Step]) -> Work:
        """Return the steps of all requests.

        Parameters
        ----------
        steps : sequence of Step
            What each request does.

        Raises
        ------
        AdvisedError
            When there are too many.
        """
        requests = np.arange(len(self._keys), dtype=np.int64)
        owner, row = self._sequence(steps, requests)
        names = {name: index for index, name in enumerate(models(steps))}
        drawn = [self._drawn(visits, names) for visits in self._visits]
        kind, cpu, wait, tokens_in, tokens_out, model, prefill, decode, memory = (
            np.concatenate([part[column] for part in drawn])[row] for column in range(9))
        counts = np.bincount(owner, minlength=len(requests))
        most = np.zeros(len(requests), np.int64)
        np.maximum.at(most, owner, memory)
        on_gpu, of_tokens = bool((prefill + decode).any()), bool(memory.any())
        return Work(
            first=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
            kind=kind.astype(np.int8), cpu=cpu, wait=np.where(cpu + prefill + decode + wait < 1, 1, wait),
            tokens_in=tokens_in, tokens_cached=np.zeros_like(tokens_in), tokens_out=tokens_out, model=model,
            prefill=prefill if on_gpu else none(), decode=decode if on_gpu else none(),
            memory=most if of_tokens else none())

    def _sequence(self, steps: Sequence[Step], request: Int64s) -> tuple[Int64s, Int64s]:
        """Unroll steps for rounds, given by the request that each round belongs to, sorted.

        Returns
        -------
        (int64[m], int64[m])
            Of each step in order: its round, and its row among all that were drawn.
        """
        parts = [self._step(step, request) for step in steps]
        owner = np.concatenate([part[0] for part in parts])
        row = np.concatenate([part[1] for part in parts])
        order = np.argsort(owner, kind="stable")
        return owner[order], row[order]

    def _step(self, step: Step, request: Int64s) -> tuple[Int64s, Int64s]:
        """Unroll one step; see `_sequence`."""
        visits = _Visits(step, self._numbered, request, ranks(request))
        self._numbered += 1
        if visits.visit.max(initial=0) >= VISITS:
            raise too_many(float(visits.visit.max()), "rounds of one request")
        if step.loop is None:
            return self._leaf(visits)
        times = np.maximum(self._integers(step.loop.times, Stream.LOOP, visits), 1)
        total = float(times.sum(dtype=np.float64))
        if self._count + total > MAX_POINTS:
            raise too_many(total, "rounds of a loop")
        rounds = np.repeat(np.arange(len(request), dtype=np.int64), times)
        inner, row = self._sequence(step.loop.steps, request[rounds])
        return rounds[inner], row

    def _leaf(self, visits: _Visits) -> tuple[Int64s, Int64s]:
        count = len(visits.request)
        self._visits.append(visits)
        self._count += count
        return np.arange(count, dtype=np.int64), np.arange(self._count - count, self._count, dtype=np.int64)

    def _drawn(self, visits: _Visits, names: dict[str, int]) -> tuple[Int64s, ...]:
        """Draw one step for all visits: kind, CPU, waiting, tokens in, tokens out, model, prefill, decode, memory."""
        step, none = visits.step, np.zeros(len(visits.request), np.int64)
        if step.gpu is not None:
            tokens_in, tokens_out, prefill, decode, memory = self._gpu(step.gpu, visits)
            return none + StepKind.GPU, none, none, tokens_in, tokens_out, none + NEVER, prefill, decode, memory
        return (*self._elsewhere(visits, names), none, none, none)

    def _elsewhere(self, visits: _Visits, names: dict[str, int]) -> tuple[Int64s, ...]:
        step, none = visits.step, np.zeros(len(visits.request), np.int64)
        if step.llm is not None:
            tokens_in, tokens_out, length = self._llm(step.llm, visits)
            return none + StepKind.LLM, none, length, tokens_in, tokens_out, none + names[step.llm.model]
        if step.tool is not None:
            common = self._common(step.tool.rank_correlation, visits)
            cpu = self._integers(step.tool.cpu, Stream.CPU, visits, common)
            wait = self._integers(step.tool.wait, Stream.WAIT, visits, common)
            return none + StepKind.TOOL, cpu, wait, none, none, none + NEVER
        assert step.wait is not None  # the schema lets a step be nothing else
        return none + StepKind.WAIT, none, self._integers(step.wait, Stream.WAIT, visits), none, none, none + NEVER

    def _llm(self, call: Llm, visits: _Visits) -> tuple[Int64s, Int64s, Int64s]:
        """Draw a call: tokens in, tokens out, microseconds."""
        common = self._common(call.rank_correlation, visits)
        tokens_in = _possible(self._integers(call.input, Stream.TOKENS_IN, visits, common), "input")
        tokens_out = _possible(self._integers(call.output, Stream.TOKENS_OUT, visits, common), "output")
        if call.time is not None:
            return tokens_in, tokens_out, self._integers(call.time, Stream.WAIT, visits, common)
        profile = self._catalogue.llm(call.model)
        first = self._integers(profile.first_token.value, Stream.WAIT, visits, common)
        speed = profile.tokens_per_second.value.quantile(self._uniform(Stream.SPEED, visits))
        further = np.maximum(tokens_out - 1, 0)
        return tokens_in, tokens_out, first + np.rint(further * float(SECOND) / speed).astype(np.int64)

    def _gpu(self, work: GpuWork, visits: _Visits) -> tuple[Int64s, ...]:
        """Draw work on a GPU: tokens in, tokens out, microseconds of prefill and of decode, bytes for the tokens."""
        none = np.zeros(len(visits.request), np.int64)
        if work.time is not None:
            return none, none, none, self._integers(work.time, Stream.GPU, visits), none
        # The schema lets a step that gives no time give all of these.
        assert work.input is not None and work.output is not None
        assert work.prefill is not None and work.decode is not None
        tokens_in = _possible(self._integers(work.input, Stream.TOKENS_IN, visits), "input")
        tokens_out = _possible(self._integers(work.output, Stream.TOKENS_OUT, visits), "output")
        prefill, decode = (np.rint(tokens * float(SECOND / rate)).astype(np.int64)
                           for tokens, rate in ((tokens_in, work.prefill), (tokens_out, work.decode)))
        return tokens_in, tokens_out, prefill, decode, (tokens_in + tokens_out) * (work.memory_per_token or 0)

    def _common(self, correlation: float | None, visits: _Visits) -> copula.Common | None:
        """Draw what the values of a step have in common, where they are correlated."""
        if correlation is None:
            return None
        return copula.Common.of(correlation, self._uniform(Stream.COMMON, visits))

    def _integers(
        self, law: Distribution | Column, stream: Stream, visits: _Visits, common: copula.Common | None = None
    ) -> Int64s:
        if isinstance(law, Column):
            assert self._rows is not None  # the schema lets columns be named only where there are rows
            return self._rows.integers(law)[visits.request]
        u = self._uniform(stream, visits)
        return law.load(self._directory).integers(u if common is None else common.joined(u))

    def _uniform(self, stream: Stream, visits: _Visits) -> Floats:
        return luck.uniform(self._seed, self._replication, stream, self._keys[visits.request],
                            visits.number * VISITS + visits.visit)


def _possible(tokens: Int64s, key: str) -> Int64s:
    """Refuse more tokens than a call can have; the tail of a distribution may bring them."""
    most = int(tokens.max(initial=0))
    if most > MOST_TOKENS:
        raise AdvisedError(f"`{key}` of a call comes to {most:.2g} tokens, more than {MOST_TOKENS:.0e}",
                           "give its distribution a `max`, such as `pareto(mean=1000, shape=1.5, max=200000)`")
    return tokens
