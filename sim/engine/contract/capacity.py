"""The arrays that say what serves the requests."""

from __future__ import annotations

from dataclasses import dataclass, field

from sim.engine.contract.gpu import Gpu
from sim.engine.contract.market import Market, Recovery
from sim.engine.contract.provider import Provider
from sim.engine.contract.queueing import Queueing
from sim.engine.contract.words import NEVER, Bools, Int64s, Reuse, nobody, none


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
        Only with a ladder, ``maximum`` 1 and ``minimum`` 0, without checks, scaler, buffer, market and waits that free.
    gpu : Gpu or None
        Where some step has GPU time.
    queueing : Queueing or None
        None where one slot is as good as another and the first come is served first. Only with late binding.
    market : Market or None
        With a recovery.
    recovery : Recovery or None
        With a market, or where waits free. Not with GPU time, queueing, callers and a provider.
    provider : Provider or None
        What answers calls of language models; None where each takes its step's waiting time.
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
    speed: Int64s = field(default_factory=none)
    refused: Bools = field(default_factory=nobody)
    start_pace: Int64s = field(default_factory=none)
    quota: int = NEVER
    pace_every: int = NEVER
    pace_burst: int = 1
    lifetime: int = NEVER
    lifetime_kills: bool = False
    check_every: int = NEVER
    check_most: int = NEVER
    stick: Bools = field(default_factory=nobody)
    floor_at: Int64s = field(default_factory=none)
    floor: Int64s = field(default_factory=none)
    credit: Credit | None = None
    scaler: Scaler | None = None
    buffer: int = 0
    keep_alive: KeepAlive | None = None
    gpu: Gpu | None = None
    queueing: Queueing | None = None
    market: Market | None = None
    recovery: Recovery | None = None
    provider: Provider | None = None
