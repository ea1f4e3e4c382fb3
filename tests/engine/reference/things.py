"""A request and an instance of the crude model, and what has become of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from sim.engine.contract import NEVER, Cause, Fate, Parting, State, Warmth

MILLION = 1_000_000


@dataclass(eq=False)
class Visit:
    """One stay of a request on an instance."""

    admitted: int
    bound: int
    started: int
    instance: int
    warmth: Warmth
    ended: int = NEVER
    parting: Parting = Parting.LEFT
    overhead: int = 0


@dataclass(eq=False)
class Execution:
    """One step in one visit."""

    step: int
    began: int
    visit: Visit
    begin: int = 0  # with checkpoints: the work that was done before
    done: int = 0  # with checkpoints: how much was done
    over: bool = False
    left: int = NEVER


@dataclass(eq=False)
class Request:
    """One row of the demand and what has become of it."""

    row: int
    agent: int
    pool: int
    memory: int
    steps: list[tuple[int, int, int, int, int]]  # (index of the step, CPU, prefill, decode, wait)
    patience: int = NEVER
    linger: int = 0
    arrival: int | None = None  # when it is going to arrive, once that is known
    arrived: int = NEVER
    admitted: int = NEVER
    given: int = NEVER  # when it was bound to an instance, early, the last time
    bound: int = NEVER
    started: int = NEVER
    ended: int = NEVER
    left: int = NEVER  # when its caller gave it up
    due: int = NEVER  # when it is to arrive as a retry
    instance: int = NEVER
    fate: Fate = Fate.ABSENT
    cause: Cause = Cause.NONE
    warmth: Warmth = Warmth.WARM
    place: int = 0  # which of its steps it is in
    work_left: int | None = None  # millionths of a microsecond of CPU, while in CPU time
    prefill_left: int | None = None  # the same of GPU time, while in prefill
    decode_left: int | None = None  # the same, while in decode
    need: int = 1  # slots
    rank: int = 0
    wait_until: int | None = None  # while in waiting time
    calling: bool = False  # while in a call
    spent: int = 0  # microseconds of CPU done on the step it was in when it left, or at the end
    gpu_spent: int = 0  # the same of GPU time
    visits: list[Visit] = field(default_factory=list)
    open: Visit | None = None
    executions: list[Execution] = field(default_factory=list)  # that may yet have to be done again
    first_admitted: int = NEVER
    interruptions: int = 0
    retry_at: int | None = None  # when it is admitted again
    offered: list[int | None] = field(default_factory=list)  # from when on each offer may be used
    come: int = NEVER  # until when these times have come
    looks: list[int] = field(default_factory=list)  # those of these times that are to come
    freed: bool = False  # whether it waits without an instance
    replay: int = 0  # of this visit, in microseconds
    mode: str = ""  # what its phase is: replay; with checkpoints begun, restore, work, write, save
    ends: list[int] = field(default_factory=list)  # the work done when each step ends
    whole: int = 0
    position: int = 0  # with checkpoints: work done
    saved: int = 0
    worked: int = 0  # of it, in this visit
    since_write: int = 0
    piece: int = 0  # length of its phase
    saving: bool = False  # whether it writes because of a notice


@dataclass(eq=False)
class Instance:
    """One instance, from its opening on."""

    number: int
    pool: int
    opener: int
    state: State = State.OFF
    rung: int = NEVER
    warm: bool = False
    residents: list[Request] = field(default_factory=list)
    bound: list[Request] = field(default_factory=list)  # waiting for it to be ready, in the order bound
    waker: int | None = None  # the row of luck of whoever wakes it
    speed: int = MILLION
    ready_at: int = 0
    idle_from: int = 0  # since when it counts as idle
    open_until: int = 0  # the last connection of a request that left it
    last: int | None = None  # the request that left it last
    stuck: bool = False  # whether it should have gone down, and did not
    balance: int = 0  # of CPU credit
    has_credit: bool = True
    asked: int = NEVER  # when its opening or its wake was asked for
    until: int | None = None  # when it is ready, entered or expired
    start_left: int | None = None  # millionths of a microsecond of its start, where starts share
    used: int = 0  # when it became ready or a request left it, the last time
    offer: int | None = None
    life: int = NEVER
    notice: int = 0
    closes: int = NEVER
    taken_at: int | None = None
    notice_at: int | None = None
