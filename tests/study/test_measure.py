"""What a run is reduced to, each figure worked by hand.

No model gave these arrays: each number is there for one figure, so that no two mistakes cancel. Seconds, two days
until the horizon, a third until the end.

    request  agent  arrives   admitted  begins       ends      became of it
    0        0          100        100     110 cold       160  completed: 20 s, then 30 s of work
    1        0          120        160     163            170  completed: 5 s of work, which took 7
    2        1         1000       1000    1003 woken     1063  failed after 40 s of its 140 s, which took 43
    3        1     day +500       +500     never         +500  failed at once, of a full queue; 20 s of work
    4        0       2d -10        -10      -8 cold       +22  completed: 30 s of work
    5        1       2d  -5         -5      -5          never  unfinished: 10 s done at +5, two days to go
    6        1       2d  -4      never   never          never  unfinished: waits for its agent until the end; 1 s
    7        1        never                                    after request 6; 3 s

    instance 0: starting 100-110, busy -160, idle -163, busy -170, idle -470, entering -480, resting -1000, waking
                -1003, busy -1063, idle -1363, entering -1373, then rests to the end
    instance 1: starting 2d-10 to -8, then busy to the end
    instance 2: starting from 2d-3 to the end
    instance 3: starting from 2d+1 to +4
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.billing import Invoice, Month
from sim.billing.invoice import Line
from sim.catalog.prices import Group
from sim.engine.contract import NEVER, Cause, Demand, Fate, Outcome, State, Warmth
from sim.stats import INFINITE
from sim.study.measure import Measures, Run, measure
from sim.trace.audit import Audit
from sim.trace.spans import Spans
from sim.trace.waits import waits
from sim.trace.window import Window

S, MB = 1_000_000, 1_000_000
DAY = 86_400
HORIZON, STOP = 2 * DAY, 3 * DAY
NONE = None
"""A time that never came."""


def times(*seconds: float | None) -> Any:
    return np.array([NEVER if one is None else round(one * S) for one in seconds], np.int64)


def ints(*values: int) -> Any:
    return np.array(values, np.int64)


DEMAND = Demand(
    horizon=HORIZON * S, stop=STOP * S, serial=True, agent=ints(0, 0, 1, 1, 0, 1, 1, 1), session=ints(*[NEVER] * 8),
    after=ints(*[NEVER] * 7, 6), at=times(100, 120, 1000, DAY + 500, HORIZON - 10, HORIZON - 5, HORIZON - 4, 0),
    coalesced=ints(0, 2, 0, 0, 0, 0, 0, 9), held=ints(*[0] * 8),
    memory=ints(*(MB * one for one in (200, 300, 200, 900, 100, 100, 900, 900))),
    step_first=ints(0, 2, 3, 5, 6, 7, 9, 10, 11), step_kind=np.zeros(11, np.int8),
    step_cpu=times(0, 30, 5, 40, 0, 20, 0, 0, 0, 1, 0),
    step_wait=times(20, 0, 0, 0, 100, 0, 30, 10, 2 * DAY, 0, 3),
    step_tokens_in=ints(1000, 0, 0, 0, 700, 0, 50, 0, 5000, 0, 0),
    step_tokens_cached=ints(400, 0, 0, 0, 300, 0, 0, 0, 600, 0, 0),
    step_tokens_out=ints(100, 0, 0, 0, 70, 0, 7, 0, 900, 0, 0),
    step_model=ints(0, NEVER, NEVER, NEVER, 0, NEVER, 0, NEVER, 0, NEVER, NEVER),
)  # fmt: skip

OUTCOME = Outcome(
    arrived=times(100, 120, 1000, DAY + 500, HORIZON - 10, HORIZON - 5, HORIZON - 4, NONE),
    admitted=times(100, 160, 1000, DAY + 500, HORIZON - 10, HORIZON - 5, NONE, NONE),
    bound=times(100, 163, 1000, NONE, HORIZON - 10, HORIZON - 5, NONE, NONE),
    started=times(110, 163, 1003, NONE, HORIZON - 8, HORIZON - 5, NONE, NONE),
    ended=times(160, 170, 1063, DAY + 500, HORIZON + 22, NONE, NONE, NONE),
    instance=ints(0, 0, 0, NEVER, 1, 1, NEVER, NEVER),
    fate=np.array([Fate.COMPLETED, Fate.COMPLETED, Fate.FAILED, Fate.FAILED, Fate.COMPLETED, Fate.UNFINISHED,
                   Fate.UNFINISHED, Fate.ABSENT], np.int8),
    cause=np.array([0, 0, Cause.DURATION, Cause.QUEUE_FULL, 0, 0, 0, 0], np.int8),
    warmth=np.array([Warmth.COLD, Warmth.WARM, Warmth.WOKEN, 0, Warmth.COLD, Warmth.WARM, 0, 0], np.int8),
    step_ended=times(130, 160, 170, 1043, NONE, NONE, HORIZON + 22, HORIZON + 5, NONE, NONE, NONE),
    spent=times(0, 0, 20, 0, 0, 0, 0, 0), opener=ints(0, 4, 5, 5), pool=ints(0, 0, 0, 0),
    turn_time=ints(), turn_instance=ints(), turn_state=np.array([], np.int8), turn_rung=np.array([], np.int8),
    presence=0,
)  # fmt: skip

STARTING, IDLE, BUSY, ENTERING, RESTING, WAKING = (
    State.STARTING, State.IDLE, State.BUSY, State.ENTERING, State.RESTING, State.WAKING)  # fmt: skip


def life(instance: int, *changes: tuple[State, float], end: float) -> list[tuple[int, State, float, float]]:
    """An instance's states, each with the time at which it begins."""
    ends = [*(begin for _, begin in changes[1:]), end]
    return [(instance, state, begin, end) for (state, begin), end in zip(changes, ends, strict=True)]


LIVES = [
    *life(0, (STARTING, 100), (BUSY, 110), (IDLE, 160), (BUSY, 163), (IDLE, 170), (ENTERING, 470), (RESTING, 480),
          (WAKING, 1000), (BUSY, 1003), (IDLE, 1063), (ENTERING, 1363), (RESTING, 1373), end=STOP),
    *life(1, (STARTING, HORIZON - 10), (BUSY, HORIZON - 8), end=STOP),
    *life(2, (STARTING, HORIZON - 3), end=STOP),
    *life(3, (STARTING, HORIZON + 1), end=HORIZON + 4),
]  # fmt: skip

IDEAL = times(50, 35, 140, 20, 30, 2 * DAY + 10, 1, NONE)
"""Of request 1: from 120 it would have waited 30 s for request 0, done at 150, and 5 s of work."""


def spans(lives: Sequence[tuple[int, State, float, float]]) -> Spans:
    return Spans(
        instance=ints(*(one[0] for one in lives)), state=np.array([one[1] for one in lives], np.int8),
        rung=np.array([0 if one[1] in (ENTERING, RESTING, WAKING) else NEVER for one in lives], np.int8),
        begin=times(*(one[2] for one in lives)), end=times(*(one[3] for one in lives)), dropped=0)  # fmt: skip


def line(group: Group, amount: str | None) -> Line:
    return Line("place", None, group, f"{group.value} at {amount}", Fraction(1), Fraction(0), Fraction(1), "h",
                Decimal(1), None if amount is None else Fraction(amount), None, "", None, None)  # fmt: skip


def invoice(*lines: Line) -> Invoice:
    return Invoice("2026-12", "book", lines)


BILL = invoice(line(Group.INFRASTRUCTURE, "1.25"), line(Group.INFRASTRUCTURE, "2"), line(Group.LLM, "0.75"))


FIRST = invoice(line(Group.INFRASTRUCTURE, "1.25"), line(Group.LLM, "0.5"))
"""Of the days before the last."""


def run_of(demand: Demand = DEMAND, outcome: Outcome = OUTCOME, bill: Invoice = BILL) -> Run:
    return Run(window=Window(0, demand.horizon), demand=demand, outcome=outcome, seen=outcome, ideal=IDEAL,
               waits=waits(demand, outcome), spans=spans(LIVES), bills=(invoice(), FIRST, bill),
               audit=Audit(()))  # fmt: skip


def measured(run: Run, month: str = "2026-12", agents: int = 2) -> Measures:
    """On a deployment of which instances use 50 MB when they are empty."""
    deployment: Any = SimpleNamespace(base_memory=50 * MB, spot=None)
    return measure(run, deployment, agents, Month.parse(month))


@pytest.fixture(scope="module")
def found() -> Measures:
    return measured(run_of())


ENDLESS = "endless"


TIMES: dict[str, list[Any]] = {
    # What arrived: all but request 7. Who failed or did not finish is endless.
    "latency_s": [160 - 100, 170 - 120, 32, *[ENDLESS] * 4],
    # 60 - 50, 50 - 35, 32 - 30.
    "overhead_s": [10, 15, 2, *[ENDLESS] * 4],
    "completed.latency_s": [60, 50, 32],
    "completed.overhead_s": [10, 15, 2],
    # Also of request 2, which failed later, and of request 5, which is unfinished.
    "first_step_s": [30, 50, 43, 32, 10, *[ENDLESS] * 2],
    # Instance 2 was still starting at the end; a start after the horizon is one all the same.
    "start_up_s": [10, 2, 3, ENDLESS],
    "wake_up_s": [3],
    # Nobody has GPU time.
    "first_token_s": [], "prefill_s": [], "decode_s": [],
    "wait_s.window": [0] * 7,
    "wait_s.retry": [0] * 7,
    # Request 1 was held for 40 s; request 6 was held until the end.
    "wait_s.turn": [0, 40, 0, 0, 0, 0, ENDLESS],
    # Of the admitted: request 1 waited 3 s, and request 3 never began. Request 6 did not come to the queue.
    "wait_s.queue": [0, 3, 0, ENDLESS, 0, 0],
    # Of those that began.
    "wait_s.start": [10, 0, 0, 2, 0],
    "wait_s.wake": [0, 0, 3, 0, 0],
    # Nothing was interrupted.
    "wait_s.interruption": [0, 0, 0],
    # Of the completed: 50 - 50, 7 - 5, 30 - 30.
    "wait_s.contention": [0, 2, 0],
    "wait_s.provider": [0, 0, 0],
    "wait_s.backoff": [0, 0, 0],
}  # fmt: skip


@pytest.mark.parametrize("name", TIMES)
def test_times(found: Measures, name: str) -> None:
    assert found.times[name].tolist() == sorted(INFINITE if one is ENDLESS else one * S for one in TIMES[name])


def test_there_are_no_other_times(found: Measures) -> None:
    assert set(found.times) == set(TIMES)


def test_what_became_of_requests(found: Measures) -> None:
    assert dict(found.counts) == {
        "requests.arrived": 9, "requests.completed": 3, "requests.failed": 2, "requests.abandoned": 0,
        "requests.unfinished": 2,
        "requests.coalesced": 2,  # those of request 7, which never arrived, are not counted
        "requests.failed_by_cause.queue_full": 1, "requests.failed_by_cause.memory": 0,
        "requests.failed_by_cause.duration": 1, "requests.failed_by_cause.payload": 0,
        "requests.failed_by_cause.lifetime": 0, "requests.failed_by_cause.timeout": 0,
        "requests.failed_by_cause.breaker": 0,
        "requests.failed_by_cause.too_large": 0,
        "requests.failed_by_cause.interrupted": 0, "requests.failed_by_cause.provider": 0}  # fmt: skip
    assert dict(found.proportions) == {
        "cold_start_fraction": (2, 5),  # requests 0 and 4, of the five that began
        "wake_fraction": (1, 5),  # request 2
        "failed_fraction": (2, 7),
        "completed_fraction": (3, 7),
        "given_up_fraction": (0, 7),
        "retried_fraction": (0, 7),
        "deadline_missed_fraction": (0, 0),  # there is none
    }


def test_after_a_day_of_warm_up_the_first_three_do_not_count() -> None:
    """What is left: request 3, which failed of a full queue, request 4, and two unfinished; the wake was before."""
    later = measured(dataclasses.replace(run_of(), window=Window(DAY * S, HORIZON * S)))
    assert {name: count for name, count in later.counts.items() if count} == {
        "requests.arrived": 4, "requests.completed": 1, "requests.failed": 1, "requests.unfinished": 2,
        "requests.failed_by_cause.queue_full": 1}  # fmt: skip
    assert later.ratios["overhead_fraction"] == (2 * S, 32 * S)
    assert later.times["wake_up_s"].tolist() == []
    assert later.times["start_up_s"].tolist() == [2 * S, 3 * S, INFINITE]


def test_a_wake_in_the_drain_does_not_count() -> None:
    """Like all else, wakes are those of the window: one more begins at its very end, one a microsecond before."""
    run = run_of()
    outcome = dataclasses.replace(run.outcome, opener=ints(0, 4, 5, 5, NEVER, NEVER), pool=ints(*[0] * 6))
    more = [*life(4, (WAKING, HORIZON), (BUSY, HORIZON + 4), end=HORIZON + 9),
            *life(5, (WAKING, HORIZON - 1e-6), (BUSY, HORIZON + 5), end=HORIZON + 9)]  # fmt: skip
    found = measured(dataclasses.replace(run, outcome=outcome, spans=spans([*LIVES, *more])))
    assert found.times["wake_up_s"].tolist() == [3 * S, 5 * S + 1]


def test_instances(found: Measures) -> None:
    """Up in two days: instance 0 for 10 + 50 + 3 + 7 + 300 + 10 and 3 + 60 + 300 + 10, 1 for 10, 2 for 3: 766 s.

    Of that busy: 50 + 7 + 60, and 8. At rest: 520 s, and from 1373 on. At once: 1 and 2 in the last three seconds; that
    a state begins as the one before ends does not make two; 3 is up after the horizon only.
    """
    assert found.ratios["utilisation"] == (125 * S, 766 * S)
    assert found.amounts["instances.mean"] == Fraction(766, HORIZON)
    assert found.amounts["instances.resting"] == Fraction(520 + HORIZON - 1373, HORIZON)
    assert found.amounts["instances.max"] == 2


@pytest.mark.parametrize(("lives", "most"), [
    # One goes from state to state beside another one: never three.
    ([*life(0, (STARTING, 10), (BUSY, 20), (IDLE, 25), end=30), *life(1, (IDLE, 0), end=40)], 2),
    # One comes as another goes: never two.
    ([*life(0, (BUSY, 0), end=30), *life(1, (STARTING, 30), end=40)], 1),
    # At rest and after the horizon nothing is up.
    ([*life(0, (RESTING, 0), end=30), *life(1, (STARTING, HORIZON), end=HORIZON + 10)], 0),
])  # fmt: skip
def test_instances_at_one_time(lives: list[Any], most: int) -> None:
    found = measured(dataclasses.replace(run_of(), spans=spans(lives)))
    assert found.amounts["instances.max"] == most


def test_overhead_of_the_latency_of_those_that_completed(found: Measures) -> None:
    """10, 15 and 2 s in 60, 50 and 32."""
    assert found.ratios["overhead_fraction"] == (27 * S, 142 * S)


def test_residents(found: Measures) -> None:
    """On instances within two days: 50, 7, 60, 8 and 5 s, in 125 s that an instance is busy.

    Memory: 200 MB x 50 s + 300 x 7 + 200 x 60 + 100 x 8 + 100 x 5 = 25,400 MB s, and 50 MB x 125 s below them.
    """
    assert found.ratios["concurrency"] == (130 * S, 125 * S)
    top, bottom = found.ratios["memory_mb"]
    assert Fraction(top) / bottom == Fraction(25_400 + 6_250, 125) == Fraction("253.2")


def test_work(found: Measures) -> None:
    """Done: 50 + 5 + 30 of those that completed, 10 of one that may yet. In vain: 40 of request 2; lost: its other 100,
    and 20 of request 3. To go: two days and 1 s. Request 7 never came."""
    work = {name.removeprefix("work_s."): value for name, value in found.amounts.items() if name.startswith("work_s")}
    assert work == {"useful": 95, "wasted": 40, "lost": 120, "remaining": 2 * DAY + 1, "offered": 2 * DAY + 256}


def test_tokens_are_those_of_calls_that_began(found: Measures) -> None:
    """Calls that ended: 1000 + 50 in, 400 cached, 100 + 7 out. Request 2 was cut off 20 s into a call of 100 s, of
    which 700, 300, and 70 x 20 / 100 = 14 are billed; the run stopped 86,395 s into one of 172,800 s of request 5:
    5000, 600, and 900 x 86,395 / 172,800 = 449.97. Of requests 3 and 6 nothing began."""
    assert [found.amounts[f"tokens.{name}"] for name in ("in", "cached", "out")] == [6750, 1300, 107 + 14 + 449]


@pytest.mark.parametrize(("month", "requests"), [
    ("2026-12", 16 * 3 + 15 * 4),  # 31 days are 16 of the first and 15 of the second simulated day
    ("2026-11", 15 * 3 + 15 * 4),
])  # fmt: skip
def test_requests_of_the_month(month: str, requests: int) -> None:
    """Three arrive on the first day, four on the second."""
    assert measured(run_of(), month).amounts["requests.per_month"] == requests


def test_whole_weeks_keep_their_weekdays() -> None:
    """December 2026 begins on a Tuesday and has five each of Tuesday, Wednesday and Thursday, four of the others.

    Request r comes on day r of the week: Monday to Sunday.
    """
    at = times(*(DAY * day for day in range(7)), NONE)
    week = dataclasses.replace(DEMAND, horizon=7 * DAY * S, stop=8 * DAY * S)
    asked = measured(run_of(week, dataclasses.replace(OUTCOME, arrived=at)))
    assert asked.amounts["requests.per_month"] == 31
    only_tuesday = times(*([DAY] * 3 + [NONE] * 5))
    asked = measured(run_of(week, dataclasses.replace(OUTCOME, arrived=only_tuesday)))
    assert asked.amounts["requests.per_month"] == 3 * 5


def test_slowest(found: Measures) -> None:
    """One of the three that completed, request 1: 15 s, of which 3 in the queue and 2 of contention. It waited 40 s for
    its turn and would have waited 30 on the ideal platform. It was there for 50 s."""
    assert dict(found.slowest) == {"requests": 1, "latency": 50 * S, "overhead": 15 * S, "retry": 0, "turn": 10 * S,
                                   "queue": 3 * S, "start": 0, "wake": 0, "interruption": 0, "contention": 2 * S,
                                   "provider": 0, "backoff": 0}  # fmt: skip


def costs(found: Measures) -> dict[str, Fraction]:
    return {name: value for name, value in found.amounts.items() if name.startswith("cost")}


def test_costs_in_all_by_group_and_for_each_of_two_agents(found: Measures) -> None:
    assert costs(found) == {
        "cost.total": 4, "cost.per_agent": 2,
        "cost.infrastructure": Fraction("3.25"), "cost.infrastructure.per_agent": Fraction("1.625"),
        "cost.llm": Fraction("0.75"), "cost.llm.per_agent": Fraction("0.375"),
        "cost.orchestration": 0, "cost.orchestration.per_agent": 0, "cost.labour": 0, "cost.labour.per_agent": 0,
    }  # fmt: skip
    assert costs(measured(run_of(), agents=8))["cost.per_agent"] == Fraction(1, 2)


def test_a_sum_with_an_unknown_price_is_no_sum() -> None:
    bill = invoice(line(Group.INFRASTRUCTURE, "1.25"), line(Group.INFRASTRUCTURE, None), line(Group.LLM, "0.75"))
    known = costs(measured(run_of(bill=bill)))
    assert "cost.total" not in known and "cost.infrastructure" not in known and "cost.per_agent" not in known
    assert known["cost.llm"] == Fraction("0.75")


def test_what_is_taken_over(found: Measures) -> None:
    assert found.invoice is BILL
    assert [(check.name, check.passed) for check in found.audit.checks] == [("window", True)]


def test_times_of_very_many_instances_do_not_overflow() -> None:
    """A year of 400,000 instances is 1.26e19 us, and 2^63 is 9.2e18; their memory is as much again times 10^8."""
    count, year = 400_000, 365 * DAY * S
    whole = np.full(count, year, np.int64)
    busy = Spans(np.arange(count), np.full(count, BUSY, np.int8), np.full(count, NEVER, np.int8), whole * 0, whole, 0)
    many = {field.name: np.repeat(getattr(OUTCOME, field.name)[:1], count)
            for field in dataclasses.fields(OUTCOME)
            if isinstance(getattr(OUTCOME, field.name), np.ndarray)}  # fmt: skip
    outcome = Outcome(**{**many, "presence": 0, "arrived": whole * 0, "admitted": whole * 0, "bound": whole * 0,
                         "started": whole * 0, "ended": whole - 1})  # fmt: skip
    each = {field.name: np.repeat(getattr(DEMAND, field.name)[:1], count)
            for field in dataclasses.fields(DEMAND) if isinstance(getattr(DEMAND, field.name), np.ndarray)}  # fmt: skip
    demand = Demand(**{**each, "horizon": year, "stop": year, "serial": False, "step_first": np.arange(count + 1),
                       "step_wait": whole - 1})  # fmt: skip
    ideal = np.zeros(count, np.int64)
    run = dataclasses.replace(run_of(), demand=demand, outcome=outcome, seen=outcome, ideal=ideal,
                              waits=waits(demand, outcome), spans=busy, window=Window(0, year))  # fmt: skip
    found = measured(run)
    assert found.amounts["instances.mean"] == count
    assert found.ratios["utilisation"] == (count * year, count * year)
    assert found.ratios["concurrency"] == (count * (year - 1), count * year)
    assert found.ratios["memory_mb"] == (50 * MB * count * year + 200 * MB * count * (year - 1), count * year * 10**6)
    assert found.amounts["work_s.useful"] == Fraction(count * (year - 1), S)
    # 1% of them: 4,000.
    assert found.slowest["overhead"] == 4_000 * (year - 1)
    assert found.slowest["requests"] == 4_000


def test_the_bill_accumulates() -> None:
    unpriced = measured(run_of(bill=invoice(line(Group.INFRASTRUCTURE, "2"), line(Group.LLM, None)))).curve
    for name, expected in {"total": [0, 1.75, 4], "infrastructure": [0, 1.25, 3.25], "llm": [0, 0.5, 0.75],
                           "orchestration": [0, 0, 0], "labour": [0, 0, 0]}.items():
        assert measured(run_of()).curve[name].tolist() == expected
        # From the day on which something is used that has no known price.
        gone = name in ("total", "llm")
        assert np.isnan(unpriced[name]).tolist() == [False, False, gone]
        assert unpriced[name][:2].tolist() == expected[:2]
