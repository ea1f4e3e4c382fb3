"""The contract of a model: the arrays it reads and gives. What it does with them is said at the head of `sim.engine`.

Time is int64 microseconds from the start of the run. CPU is counted in millionths of a core, memory in bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
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
    DRAINING = 7


class Fate(IntEnum):
    """What became of a request."""

    ABSENT = 0
    COMPLETED = 1
    FAILED = 2
    UNFINISHED = 3
    ABANDONED = 4


class Cause(IntEnum):
    """Why a request failed."""

    NONE = 0
    QUEUE_FULL = 1
    MEMORY = 2
    DURATION = 3
    PAYLOAD = 4
    LIFETIME = 5


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


def _none() -> Int64s:
    return np.zeros(0, np.int64)


def _nobody() -> Bools:
    return np.zeros(0, np.bool_)


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
    patience : int64[n] or int64[0]
        Microseconds from its arrival after which a request leaves if it has not begun, or NEVER; empty for NEVER.
    linger : int64[n] or int64[0]
        Microseconds for which its connection stays open after it has left an instance; empty for 0.
    payload : int64[n] or int64[0]
        Bytes of the request itself; empty where nothing is said of them; not read by models.
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
    patience: Int64s = field(default_factory=_none)
    linger: Int64s = field(default_factory=_none)
    payload: Int64s = field(default_factory=_none)

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
class Credit:
    """CPU that is earned while it is not used.

    Attributes
    ----------
    rate : int
        What is earned in a microsecond, in units of 1 / `CORE` of a core.
    first, most : int
        Balance at the start and at most, in millionths of a microsecond of a core.
    """

    rate: int
    first: int
    most: int


@dataclass(frozen=True, slots=True)
class KeepAlive:
    """How long an idle instance stays, by the gaps that there were.

    Attributes
    ----------
    bin : int
        Microseconds that gaps of one bin differ by.
    bins : int
        Number of bins.
    head, tail, margin, spread : int
        Millionths.
    least : int
        Gaps, 1 at least.
    """

    bin: int
    bins: int
    head: int
    tail: int
    margin: int
    least: int
    spread: int


@dataclass(frozen=True, slots=True)
class Scaler:
    """How many instances there are to be, when that is not decided request by request.

    Attributes
    ----------
    tick, window, panic_window, stabilise : int
        Microseconds; all multiples of ``tick``; ``panic_window`` may be NEVER, ``stabilise`` 0.
    target : int
        Load of one instance: millionths of a request; with ``by_cpu`` units of 1 / `CORE` of a core.
    by_cpu : bool
        Whether load is CPU in use (else requests in the system).
    panic_at, tolerance : int
        Millionths.
    counts_coming : bool
        Whether instances that are coming count as there.
    """

    tick: int
    window: int
    target: int
    by_cpu: bool
    panic_window: int
    panic_at: int
    stabilise: int
    tolerance: int
    counts_coming: bool


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
    rung_wake : int64[k, n + spare]
        Microseconds to wake from the rung for request r.
    start : int64[n + spare]
        Microseconds to start an instance for request r, when no other is starting.
    initial_rung : int
        The rung in which each pool's instance rests at 0, or NEVER for none.
    spare : int
        Rows of luck for openings and wakes that are done for no request: at least 1 where there can be any.
    speed : int64[n + spare] or int64[0]
        Speed of the instance that is opened for request r, in millionths; empty for full speed.
    refused : bool[n] or bool[0]
        Whether a request is larger than the platform takes; empty for no.
    start_pace : int64[s]
        Progress of each of so many instances that are starting, from 1 on, in millionths, at least 1; empty for all of
        it.
    quota : int
        Instances of all pools that are up at once, or NEVER.
    pace_every, pace_burst : int
        Microseconds for one opening more, or NEVER; openings at once.
    lifetime : int
        Microseconds, or NEVER.
    lifetime_kills : bool
        Whether an instance at the end of its life ends at once (else it drains).
    check_every, check_most : int
        Microseconds between checks of idle instances, NEVER when each looks after itself or a scaler does; how many of
        them go at a check, or NEVER.
    stick : bool[n] or bool[0]
        Whether an instance that request r left last goes down the ladder when it should; empty for yes.
    floor_at, floor : int64[f]
        Microseconds above 0, in rising order; ``minimum`` from then on.
    credit : Credit or None
    scaler : Scaler or None
        None where instances are provided request by request. Only for one pool, with late binding.
    buffer : int
        Instances that each pool has to spare, beside those that serve. Not with a scaler.
    keep_alive : KeepAlive or None
        Only with a ladder, ``maximum`` 1 and ``minimum`` 0, without checks, scaler and buffer.
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
    spare: int = 0
    speed: Int64s = field(default_factory=_none)
    refused: Bools = field(default_factory=_nobody)
    start_pace: Int64s = field(default_factory=_none)
    quota: int = NEVER
    pace_every: int = NEVER
    pace_burst: int = 1
    lifetime: int = NEVER
    lifetime_kills: bool = False
    check_every: int = NEVER
    check_most: int = NEVER
    stick: Bools = field(default_factory=_nobody)
    floor_at: Int64s = field(default_factory=_none)
    floor: Int64s = field(default_factory=_none)
    credit: Credit | None = None
    scaler: Scaler | None = None
    buffer: int = 0
    keep_alive: KeepAlive | None = None


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
    spent : int64[n]
        Microseconds of CPU, on a core of nominal speed, that were done on the step that was in flight when the request
        left its instance or the run stopped; 0 where none was.
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
    spent: Int64s
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
