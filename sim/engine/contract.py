"""The contract of a model: the arrays it reads, what it does with them, the arrays it gives.

Every model of this package (the SimPy model, the crude reference model in ``tests/``, a compiled one) reads one
`Demand` and one `Capacity`, and gives one `Outcome`. Equal inputs must give equal outputs, row for row. A model
holds no floating-point number, draws no random number and knows no name.

Time is int64 microseconds from the start of the run. CPU is counted in millionths of a core, memory in bytes.

Order
-----
The pending event with the least ``(time, kind, key)`` happens next; `Kind` gives the kinds in their order. The key is
a request's row or an instance's number. Rows of `Demand` are in canonical order (agent, then ordinal within the
agent), so keys do not depend on how a file was sorted. Instances are numbered as they are opened, the initial ones
first. Events before ``Demand.stop`` happen; an event at ``stop`` or later does not.

What an event sets off is settled before the next event. Requests that leave the system during an event are put in a
list; when the event has done everything else, they are taken from it in order, and for each its turn passes and its
followers are fixed (see Departure). Admissions made then may add to the end of the list.

Arrival
-------
A request whose ``after`` is -1 arrives at ``at``. Any other arrives ``at`` microseconds after the request in row
``after`` has left (completed or failed). A request that would arrive at ``Demand.horizon`` or later never does
(`Fate.ABSENT`), nor do those that follow it.

With ``Demand.serial``, a request that arrives while an earlier one of its agent is in the system is held, first come
first served, and admitted when that one has left. Otherwise it is admitted on arrival. The request's pool is
``Capacity.pool_of``; pools know nothing of each other.

Admission
---------
An instance is *warm* when idle or busy, *coming* when starting, waking, or entering a rung with a waker set. A warm
instance is *free* while it has fewer residents than ``concurrency``.

1. If the pool has a free instance, the request begins there. Among several, the one preferred by `Reuse`.
2. Otherwise, with early binding, the first of these that can be had; the request is bound to it, now, and begins
   when it is ready:

   a. a coming instance with fewer bound requests than ``concurrency``, lowest number first;
   b. a resting instance, woken now: shallowest rung first, then as preferred by `Reuse`; failing that, an instance
      that is entering a rung that keeps state: shallowest rung, then `Reuse`; the request becomes its waker;
   c. a new instance, if the pool has fewer than ``maximum`` (counting all that are not off);
   d. the tail of the pool's queue; when the queue already holds ``queue_limit`` requests, the request fails
      (`Cause.QUEUE_FULL`).

3. Otherwise, with late binding, the request joins the tail of the queue. If the queue is then longer than the slots
   on their way (``concurrency`` for every coming instance), one instance is provided as in 2b, 2c, if one can be had.
   If the queue is then longer than the slots on their way plus ``queue_limit``, the request leaves the queue and fails.

The luck of an opening or a wake is that of the request it is done for: ``start[r]``, ``rung_wake[rung, r]``. With
late binding that is the request at the place in the queue (counted from 0) that equals the slots on their way.

Work
----
When a request begins, memory comes first: if ``base_memory`` and the memory of all residents, itself included, exceed
``memory``, then either the request fails at once (`Cause.MEMORY`) and takes no slot, and the instance goes on as if it
had not come; or, with ``memory_kills``, the instance is off at once (without having been busy, if it was not) and every
resident, the newcomer included, fails, in order of row. Requests still bound to that instance go back to the head of
the queue, in their order; then the pool is replenished. A request that fails in either way has begun: its row says when
and where.

Then its steps run in order, each first its CPU time, then its waiting time. While ``k`` residents of an instance are
in CPU time, each progresses by `cpu_share` millionths of a microsecond of work in a microsecond. Of the residents in
CPU time, the one with the least ``(remaining work, row)`` ends it next, at the first microsecond at which nothing
remains; when that time comes, only it ends, the others are looked at again. Remaining work is not clipped at 0: who
would have ended earlier within the microsecond comes first. A phase's end is an event of kind END with the row as key;
phases of no length are passed over at once, and the request ends with its last phase.

A request that has not ended ``duration_limit`` microseconds after it began fails then (kind CRASH, row;
`Cause.DURATION`), and leaves the instance as if it had ended.

Departure
---------
When a request leaves an instance: first, while the instance is free and the queue is not empty, the head of the queue
begins there; then, if the instance has no resident, it is idle. When the event is done, the turn passes to the next
held request of the agent, which is admitted, and the requests that follow this one have their arrivals fixed, if before
the horizon.

Readiness
---------
READY, on an instance that was starting or waking: the requests bound to it begin, in the order they were bound; then,
while it is free and the queue is not empty, the head of the queue begins there. If it then has no resident it is idle.

Ladder
------
An idle instance enters rung 0 when it has been idle for ``rung_after[0]``, and a resting one enters rung ``j + 1``
when it has rested in rung ``j`` for ``rung_after[j + 1]`` (EXPIRE). While as many or fewer instances of the pool than
``minimum`` are warm or coming, an idle instance stays and is looked at again ``rung_after[0]`` later (which then must
be at least 1).
Entering takes ``rung_enter`` (ENTERED follows, also when that is 0). Then an instance with a waker starts to wake; one
in a rung that keeps rests; in a rung that does not keep, which is the last, it is off for good, its number is not used
again, and the pool is replenished. A negative ``rung_after`` means never.

Replenishing: with early binding, while the queue is not empty and an instance can be had as in 2a, 2b or 2c, the head
leaves the queue and is bound to it. With late binding, while the queue is longer than the slots on their way and an
instance can be had, one is provided.

Start
-----
Every pool starts, in order of pool, with ``minimum`` idle instances; and, where ``minimum`` is 0 and ``initial_rung``
is not negative, with one instance resting in that rung. Their clocks start at 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", bound=np.generic)
"""Of the numbers in an array."""

Int64s = NDArray[np.int64]
Int8s = NDArray[np.int8]
Bools = NDArray[np.bool_]

NEVER = -1
"""In any field of the contract: no such time, no such row, no limit."""

CORE = 1_000_000
"""One CPU core in the contract's unit."""


class Kind(IntEnum):
    """What happens, in the order in which things of one instant happen."""

    END = 0
    CRASH = 1
    READY = 2
    ENTERED = 3
    EXPIRE = 4
    INTERRUPT = 5
    CAPACITY = 6
    TICK = 7
    TIMEOUT = 8
    RETRY = 9
    ARRIVAL = 10


class State(IntEnum):
    """What an instance is doing. It is in exactly one state from its opening until it is off."""

    OFF = 0
    STARTING = 1
    IDLE = 2
    BUSY = 3
    ENTERING = 4
    RESTING = 5
    WAKING = 6


class Fate(IntEnum):
    """What became of a request."""

    ABSENT = 0
    COMPLETED = 1
    FAILED = 2
    UNFINISHED = 3


class Cause(IntEnum):
    """Why a request failed."""

    NONE = 0
    QUEUE_FULL = 1
    MEMORY = 2
    DURATION = 3


class Warmth(IntEnum):
    """What a request waited for on its instance."""

    WARM = 0
    COLD = 1
    WOKEN = 2


class Reuse(IntEnum):
    """Which of several free (or resting) instances is taken. Ties go to the lowest number.

    Attributes
    ----------
    MOST_RECENT : the one that became ready, or that a request left, last, by the microsecond; 0 when neither.
    NEWEST : the highest number.
    OLDEST : the lowest number.
    LEAST_LOADED : the one with the fewest residents.
    """

    MOST_RECENT = 0
    NEWEST = 1
    OLDEST = 2
    LEAST_LOADED = 3


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
        Row of the request that this one follows, or -1. Always smaller than the own row.
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
        Microseconds of CPU on a core of nominal speed; microseconds of waiting. Their sum is at least 1.
    step_tokens_in, step_tokens_cached, step_tokens_out, step_model : int64[m]
        Prompt tokens, those of them that the provider had cached, generated tokens, and index of the model of an
        ``llm`` step; 0 and -1 elsewhere; not read by models.
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

    @property
    def n(self) -> int:
        """Number of requests."""
        return len(self.at)

    def by_step(self, values: NDArray[Number]) -> NDArray[Number]:
        """Give each step the value of its request: n values to m."""
        return np.repeat(values, np.diff(self.step_first))

    def by_request(self, values: Int64s) -> Int64s:
        """Add up a quantity of steps by request: m values to n."""
        running = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(values, dtype=np.int64)))
        return running[self.step_first[1:]] - running[self.step_first[:-1]]


@dataclass(frozen=True, slots=True)
class Capacity:
    """What serves the requests: one deployment, lowered, with the luck of its openings and wakes.

    Attributes
    ----------
    pools : int
        Number of pools.
    pool_of : int64[n]
        The pool of each request.
    concurrency, minimum, maximum : int
        Slots per instance; instances per pool. ``maximum`` may be NEVER (no limit).
    queue_limit, duration_limit : int
        Requests; microseconds. NEVER for none.
    early : bool
        Whether a request waits for the instance it opened (else for the first that is free).
    reuse : Reuse
        Which free instance is taken.
    cpu : int
        CPU of an instance in units of 1 / `CORE` of a core.
    memory, base_memory : int
        Bytes of an instance (NEVER for no limit) and bytes in use when it has no resident.
    memory_kills : bool
        Whether running out of memory ends the instance (else only refuses the request).
    rung_after, rung_enter : int64[k]
        Microseconds in the phase before, until the rung is entered (NEVER for never); microseconds to enter.
    rung_keeps : bool[k]
        Whether an instance in the rung can be woken. Only the last may be False.
    rung_wake : int64[k, n]
        Microseconds to wake from the rung for request r.
    start : int64[n]
        Microseconds to start an instance for request r.
    initial_rung : int
        The rung in which each pool's instance rests at 0, or NEVER for none.
    """

    pools: int
    pool_of: Int64s
    concurrency: int
    minimum: int
    maximum: int
    queue_limit: int
    duration_limit: int
    early: bool
    reuse: Reuse
    cpu: int
    memory: int
    base_memory: int
    memory_kills: bool
    rung_after: Int64s
    rung_enter: Int64s
    rung_keeps: Bools
    rung_wake: Int64s
    start: Int64s
    initial_rung: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened.

    Attributes
    ----------
    arrived, admitted, bound, started, ended : int64[n]
        Microseconds, NEVER where it did not come to that. ``bound`` is when a request that began was given its
        instance: if it was bound to it, then; if it came from the queue as its instance became ready, when that opening
        or wake was asked for or when the request was admitted, whichever was later; otherwise ``started``.
    instance : int64[n]
        Number of the instance the request began on, or NEVER.
    fate, cause, warmth : int8[n]
        `Fate`, `Cause`, `Warmth`, 0 where there is none. A request is COLD or WOKEN when it began as its instance
        became ready.
    step_ended : int64[m]
        Microseconds, NEVER for a step that did not end.
    opener : int64[i]
        The request an instance was opened for, NEVER for the initial ones.
    pool : int64[i]
        The instance's pool.
    turn_time, turn_instance : int64[t]; turn_state, turn_rung : int8[t]
        Every change of an instance's state, as they happened, and first of all the first state of the initial ones. A
        state that is left in the microsecond in which it was entered is listed all the same. The rung is that of
        ENTERING, RESTING and WAKING, else NEVER.
    presence : int
        Integral over time of the number of requests in the system, until ``stop``, kept apart from the rows.
    """

    arrived: Int64s
    admitted: Int64s
    bound: Int64s
    started: Int64s
    ended: Int64s
    instance: Int64s
    fate: Int8s
    cause: Int8s
    warmth: Int8s
    step_ended: Int64s
    opener: Int64s
    pool: Int64s
    turn_time: Int64s
    turn_instance: Int64s
    turn_state: Int8s
    turn_rung: Int8s
    presence: int


def cpu_share(capacity: int, asking: int) -> int:
    """Progress of each of ``asking`` equal residents on an instance.

    Parameters
    ----------
    capacity : int
        CPU of the instance in units of 1 / `CORE` of a core.
    asking : int
        Residents in CPU time, at least 1.

    Returns
    -------
    int
        Millionths of a microsecond of work done in a microsecond: a full core at most, an equal part otherwise.
    """
    return min(CORE, capacity // asking)
