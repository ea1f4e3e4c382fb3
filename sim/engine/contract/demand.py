"""The arrays that say who asks for what and when."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sim.engine.contract.callers import Callers
from sim.engine.contract.words import Bools, Int8s, Int64s, Number, nobody, none


@dataclass(frozen=True, slots=True)
class Demand:
    """Who asks for what and when: the same for every deployment of a case.

    Attributes
    ----------
    horizon, stop : int
        Microseconds. No request arrives at ``horizon`` or later; nothing happens at ``stop`` or later.
    serial : bool
        Whether an agent's requests are served one at a time.
    agent, session : int64[n]
        Rank of the agent; number of the session, or -1.
    after : int64[n]
        Row of the request that this one follows (of its first attempt), or -1. Always smaller than the own row.
    at : int64[n]
        Microseconds: the arrival, or the gap after the request in row ``after`` has left.
    coalesced : int64[n]
        Requests that were merged into this one beside its first, and are not requests of their own; not read by models.
    held : int64[n]
        Microseconds for which its first had been held back when it arrived; not read by models.
    memory : int64[n]
        Bytes in use while the request is resident.
    step_first : int64[n + 1]
        Steps of request r are ``step_first[r]`` to ``step_first[r + 1] - 1``; every request has one at least.
    step_kind : int8[m]
        Index of the kind of step; not read by models.
    step_cpu, step_wait : int64[m]
        Microseconds of CPU on a core of nominal speed; microseconds of waiting. The length of a step is at least 1.
    step_tokens_in, step_tokens_cached, step_tokens_out, step_model : int64[m]
        Prompt tokens, those of them that the provider had cached, generated tokens, and index of the model of an
        ``llm`` step; 0 and -1 elsewhere; not read by models.
    patience : int64[n] or int64[0]
        Microseconds from its arrival after which a request leaves if it has not begun, or NEVER; empty for NEVER.
    linger : int64[n] or int64[0]
        Microseconds for which its connection stays open after it has left an instance; empty for 0.
    payload : int64[n] or int64[0]
        Bytes of the request itself; empty where nothing is said of them; not read by models.
    parallel : int
        Millionths of all CPU time that several cores can do at once.
    callers : Callers or None
        Where it is not None, rows are attempts at requests; see `sim.engine.contract.callers`.
    step_prefill, step_decode : int64[m] or int64[0]
        Microseconds of GPU time, alone on a GPU of nominal speed, after the CPU time; empty for none.
    deadline : int64[n] or int64[0]
        Microseconds after its arrival when it should be done; empty where nothing is said of that; not read by models.
    frees : bool[m] or bool[0]
        Whether a request may leave its instance for the waiting of a step, which has some; empty for no. Not of a first
        step that has no CPU time.
    priority, slots : int64[n] or int64[0]
        Class of each request, lower first, and slots that it needs; empty where nothing is said of them; not read by
        models.
    """

    horizon: int
    stop: int
    serial: bool
    agent: Int64s
    session: Int64s
    after: Int64s
    at: Int64s
    coalesced: Int64s
    held: Int64s
    memory: Int64s
    step_first: Int64s
    step_kind: Int8s
    step_cpu: Int64s
    step_wait: Int64s
    step_tokens_in: Int64s
    step_tokens_cached: Int64s
    step_tokens_out: Int64s
    step_model: Int64s
    patience: Int64s = field(default_factory=none)
    linger: Int64s = field(default_factory=none)
    payload: Int64s = field(default_factory=none)
    parallel: int = 0
    callers: Callers | None = None
    step_prefill: Int64s = field(default_factory=none)
    step_decode: Int64s = field(default_factory=none)
    deadline: Int64s = field(default_factory=none)
    frees: Bools = field(default_factory=nobody)
    priority: Int64s = field(default_factory=none)
    slots: Int64s = field(default_factory=none)

    @property
    def n(self) -> int:
        """Number of requests."""
        return len(self.at)

    @property
    def step_gpu(self) -> Int64s:
        """GPU time of each step, in microseconds alone at nominal speed."""
        if not len(self.step_decode):
            return np.zeros(len(self.step_cpu), np.int64)
        return self.step_prefill + self.step_decode

    @property
    def step_length(self) -> Int64s:
        """Length of each step with nobody beside at nominal speed, in microseconds."""
        return self.step_cpu + self.step_gpu + self.step_wait

    def by_step(self, values: NDArray[Number]) -> NDArray[Number]:
        """Give each step the value of its request: n values to m."""
        return np.repeat(values, np.diff(self.step_first))

    def by_request(self, values: Int64s) -> Int64s:
        """Add up a quantity of steps by request: m values to n."""
        running = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(values, dtype=np.int64)))
        return running[self.step_first[1:]] - running[self.step_first[:-1]]
