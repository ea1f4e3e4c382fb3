"""The contract of a model: the arrays it reads, what it does with them, the arrays it gives.

Every model of this package (the SimPy model, the crude reference model in ``tests/``, a compiled one) reads one
`Demand` and one `Capacity`, and gives one `Outcome`. Equal inputs must give equal outputs, row for row. A model
holds no floating-point number, draws no random number and knows no name.

Time is int64 microseconds from the start of the run. CPU is counted in millionths of a core, memory in bytes.

Order
-----
The pending event with the least ``(time, kind, key)`` happens next; `Kind` gives the kinds in their order. The key is
a request's row or an instance's number; that of a CAPACITY event 0 for a token, 1 plus the instance's number for CPU
credit; that of a TICK 0 for a check of idle instances, 1 for a step of the floor, 2 for the scaler. Rows of `Demand`
are in canonical order (agent, then ordinal within the agent), so keys do not depend on how a file was sorted. Instances
are numbered as they are opened, the initial ones first. Events before ``Demand.stop`` happen; an event at ``stop`` or
later does not.

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
``Capacity.pool_of``; pools know of each other only what is said under Limits.

A request that has not begun ``patience`` after its arrival leaves then, wherever it waits (TIMEOUT, row;
`Fate.ABANDONED`). If it was bound to an instance, or was its waker, that instance comes all the same, with one request
fewer bound to it; then the pools are replenished.

Admission
---------
An instance is *warm* when idle or busy, *coming* when starting, waking, or entering a rung with a waker set. A warm
instance is *free* while it has fewer residents than ``concurrency``.

0. A request that is ``refused`` fails at once (`Cause.PAYLOAD`).
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

The luck of an opening or a wake is that of the request it is done for: ``start[r]``, ``speed[r]``,
``rung_wake[rung, r]``. With late binding that is the request at the place in the queue (counted from 0) that equals the
slots on their way. Openings and wakes that are done for no request, in the order in which they are done, have the luck
of the rows after the last request, ``n``, ``n + 1``, ..., of which there are ``spare``, and from ``n`` again; the
instances that are there at the start take one each, in order of number (of which only the speed counts).

With a scaler, an instance is provided on admission only when the pool has none that is warm or coming.

Limits
------
``quota``: an instance is *up* unless it is resting or off. While as many or more instances of all pools are up than
``quota``, no resting instance can be woken and none can be opened.

``pace_every``: openings of all pools follow a token bucket, which holds ``pace_burst`` tokens at 0 and at most, and
gains one every ``pace_every``. In integers: an instance can be opened when ``due <= now + (pace_burst - 1) *
pace_every``; ``due``, which is 0 at first, then becomes ``max(due, now) + pace_every``. When a pool wants an instance,
or has fewer than its minimum, and one could be had but for a token, a CAPACITY event at the first time that allows it
replenishes the pools.

Starting many at once is slower: the time to start is ``start[r] * slow[k] // 1000000``, where ``k`` is the number of
instances of all pools that are starting already, or the last index of ``slow``.

Work
----
An instance has the speed of its luck, in millionths: the work done in a microsecond is ``cpu_share * speed //
1000000``, and at least 1.

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

Of a request that leaves without having ended its steps, and of one that is still on an instance at ``stop``, the work
done on the step it is in is told: the step's CPU time less what remains of it, in whole microseconds, rounded down. It
is all of that time while the step waits, and nothing while no step has begun.

CPU credit
----------
With `Credit`, each instance has a balance, ``first`` when it becomes ready (and at 0 for those that are idle then),
``most`` at most. An instance with ``k`` residents in CPU time uses ``cpu_share(cpu, k) * k`` when it has credit, and
``cpu_share(min(cpu, rate), k) * k`` when it has not, before its speed. In each microsecond the balance gains ``rate``
and loses what is used. When residents in CPU time change, it is brought between 0 and ``most``, and the instance has
credit when it is above 0. When it comes to 0 or less while more is used than gained, at the first
microsecond at which that is so, it is set to 0 and the instance has no credit (CAPACITY, 1 plus its number).

Departure
---------
When a request leaves an instance: if that drains and has no other resident, it is off, and the pools are replenished.
Otherwise first, while the instance is free and the queue is not empty, the head of the queue begins there; then, if the
instance has no resident, it is idle. When the event is done, the turn passes to the next
held request of the agent, which is admitted, if the one that left had been admitted; and the requests that follow this
one have their arrivals fixed, if before the horizon.

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
again, and the pools are replenished. They are also replenished when an instance has come to rest. A negative
``rung_after`` means never.

An instance that a request left has its connection until ``linger`` of that request later: an idle instance counts as
idle from the last such time on, or from when it became idle, whichever is later.

When an idle instance should enter rung 0 and the last request that left it does not ``stick``, it stays idle, and is
not looked at again until it has been busy.

With ``check_every``, idle instances do not enter rung 0 by themselves. At every multiple of it above 0 (TICK) they are
looked at in order of number, and those that have been idle for ``rung_after[0]`` or longer enter it, unless the pool
must keep them for its minimum; ``check_most`` of them at most (one that does not stick is one of them).

Lifetime
--------
An instance that is still warm ``lifetime`` after it was last ready (after 0 for those that were idle at the start) is
taken (INTERRUPT). With ``lifetime_kills``, every resident fails, in order of row (`Cause.LIFETIME`), and it is off.
Otherwise it drains: it takes no more requests, and is neither warm nor coming; without residents it is off at once.
Then the pools are replenished.

Replenishing
------------
A pool *wants* an instance, with early binding, when its queue is not empty, for the head; with late binding when the
queue is longer than the slots on their way, for the request at the place that equals the slots on their way. While a
pool wants an instance and can have one (early: as in 2a, 2b or 2c, and the head leaves the queue and is bound to it;
late: as in 2b or 2c), it is given one: first the pool whose request was admitted first, of equals the lowest row. With
a scaler, a pool wants an instance only when it has none that is warm or coming.

Then, in order of pool, while fewer instances of a pool than ``minimum`` are warm or coming and one can be had as in 2b
or 2c, one is provided for no request.

Floor
-----
At ``floor_at[i]`` (TICK), ``minimum`` becomes ``floor[i]``, and the pools are replenished.

Scaler
------
At every multiple of ``tick`` above 0 (TICK), for the one pool there is, which must have a ladder:

1. The load is the number of requests that have been admitted and have not left, in millionths; with ``by_cpu`` it is
   what residents use of the CPU of their instances, as under CPU credit. Its mean over the last ``window`` (before 0 it
   is 0), divided by ``target`` and rounded up, is the number of instances *recommended*.
2. With a ``panic_window``, the same over that is the *urgent* number. When it is ``panic_at`` millionths or more of the
   number of warm instances (of 1, when there is none), panic lasts for another ``window`` from now. In panic the
   recommendation is the largest of it, the urgent number, and those since panic began.
3. The *wanted* number is the largest recommendation of the last ``stabilise``, those of this and of later ticks than
   ``now - stabilise``.
4. It is compared with the number of warm instances, and with ``counts_coming`` coming ones. When it differs by
   ``tolerance`` millionths of that number or less, nothing is done. Otherwise it is brought between ``minimum`` and
   ``maximum``.
5. While there are fewer, and one can be had as in 2b or 2c, one is provided for no request. While there are more: the
   idle instance that is preferred last enters rung 0; when none is idle, of the busy ones that with the fewest
   residents, of equals the highest number, drains; when there is none either, nothing more is done.

Idle instances do not enter rung 0 by themselves.

Start
-----
Every pool starts, in order of pool, with ``minimum`` idle instances; and, where ``minimum`` is 0 and ``initial_rung``
is not negative, with one instance resting in that rung. Their clocks start at 0.
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
    slow : int64[s]
        How much longer a start takes while so many others are starting, in millionths; empty for no longer.
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
    slow: Int64s = field(default_factory=_none)
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
