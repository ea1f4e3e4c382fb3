"""The audit passes what models give, and every check of it can fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import pytest

from sim.engine.contract import CORE, NEVER, Cause, Fate, Outcome, Parting, State, Warmth
from sim.trace.audit import CHECKS, audit
from sim.trace.visits import visits
from sim.trace.work import work

Change = Callable[[Outcome], dict[str, object]]


def set_to(name: str, where: Callable[[Outcome], np.ndarray], value: int) -> Change:
    """Change the first element for which something is true."""

    def change(outcome: Outcome) -> dict[str, object]:
        array = getattr(outcome, name).copy()
        array[np.flatnonzero(where(outcome))[0]] = value
        return {name: array}

    return change


def add_to(name: str, where: Callable[[Outcome], np.ndarray], by: int) -> Change:
    def change(outcome: Outcome) -> dict[str, object]:
        array = getattr(outcome, name).copy()
        array[np.flatnonzero(where(outcome))[0]] += by
        return {name: array}

    return change


def anywhere(outcome: Outcome) -> np.ndarray:
    return np.ones(5, dtype=bool)


def vanished(outcome: Outcome) -> dict[str, object]:
    """Let a request that never began be as if it had never come."""
    row = np.flatnonzero((outcome.fate == Fate.UNFINISHED) & (outcome.started < 0))[0]
    changed = {name: getattr(outcome, name).copy() for name in ("arrived", "admitted", "fate")}
    changed["arrived"][row] = changed["admitted"][row] = NEVER
    changed["fate"][row] = Fate.ABSENT
    return changed


def passing(outcome: Outcome) -> dict[str, object]:
    """Let one that began at once have waited longest."""
    row = np.flatnonzero(outcome.started > outcome.admitted)[-1]
    admitted = np.where(np.arange(len(outcome.admitted)) == row, outcome.admitted, outcome.admitted)
    admitted[row] = 0
    return {"admitted": admitted}


def turn(state: State) -> Callable[[Outcome], np.ndarray]:
    return lambda outcome: outcome.turn_state == state


def in_table(table: str, name: str, where: Callable[[Outcome], np.ndarray], by: int) -> Change:
    """Add something to the first value of a column of a table for which something holds."""
    def change(outcome: Outcome) -> dict[str, object]:
        rows = getattr(outcome, table)
        column = getattr(rows, name).copy()
        column[np.flatnonzero(where(outcome))[0]] += by
        return {table: replace(rows, **{name: column})}

    return change


def parted(parting: Parting) -> Callable[[Outcome], np.ndarray]:
    return lambda outcome: outcome.visits.parting == parting


CORRUPTIONS: list[tuple[str, str, Change]] = [
    ("arrays", "early", lambda o: {"step_ended": o.step_ended[1:]}),
    ("arrays", "early", set_to("fate", anywhere, 9)),
    ("arrays", "early", set_to("instance", anywhere, 99)),
    ("arrays", "early", set_to("turn_time", anywhere, 10**9)),
    ("requests", "early", set_to("fate", anywhere, Fate.UNFINISHED)),
    ("requests", "early", set_to("fate", anywhere, Fate.ABSENT)),
    ("requests", "early", set_to("cause", anywhere, Cause.MEMORY)),
    ("requests", "early", set_to("ended", anywhere, NEVER)),
    ("requests", "early", set_to("bound", anywhere, NEVER)),
    ("requests", "early", set_to("instance", anywhere, NEVER)),
    ("requests", "late", set_to("warmth", lambda o: (o.started < 0) & (o.arrived >= 0), Warmth.COLD)),
    ("arrivals", "early", add_to("arrived", lambda o: o.arrived > 0, -1)),
    ("requests", "own", set_to("fate", lambda o: o.fate == Fate.UNFINISHED, Fate.ABSENT)),
    ("arrivals", "own", lambda o: vanished(o)),
    ("turns", "own", add_to("admitted", lambda o: o.admitted > o.arrived, -1)),
    ("turns", "early", add_to("admitted", anywhere, 1)),
    ("states", "early", set_to("turn_state", turn(State.IDLE), State.WAKING)),
    ("states", "early", set_to("turn_state", turn(State.BUSY), State.OFF)),
    ("states", "early", set_to("turn_rung", turn(State.RESTING), 1)),
    ("states", "early", set_to("turn_rung", turn(State.IDLE), 0)),
    ("states", "early", set_to("opener", anywhere, NEVER)),
    ("states", "early", add_to("turn_time", lambda o: turn(State.BUSY)(o) & (o.turn_time > 2000), -1000)),
    ("clocks", "early", add_to("turn_time", turn(State.RESTING), 1)),
    ("clocks", "early", add_to("turn_time", turn(State.ENTERING), 1)),
    ("clocks", "early", set_to("opener", anywhere, 1)),
    ("work", "early", set_to("step_ended", lambda o: o.step_ended >= 0, NEVER)),
    ("work", "early", lambda o: {"step_ended": np.concatenate((o.started[:1], o.step_ended[1:]))}),
    ("work", "early", set_to("spent", lambda o: o.fate == Fate.COMPLETED, 1)),
    ("work", "limited", add_to("spent", lambda o: o.cause == Cause.DURATION, 60)),
    ("work", "limited", add_to("spent", lambda o: o.spent == 0, -1)),
    ("work", "own", add_to("spent", lambda o: o.spent > 0, -1)),
    ("waits", "early", set_to("warmth", lambda o: o.warmth == Warmth.COLD, Warmth.WOKEN)),
    ("waits", "early", set_to("warmth", lambda o: o.warmth == Warmth.COLD, Warmth.WARM)),
    ("waits", "early", set_to("warmth", lambda o: o.warmth == Warmth.WARM, Warmth.COLD)),
    ("waits", "late", add_to("bound", lambda o: o.warmth == Warmth.COLD, -1)),
    ("residents", "early", set_to("turn_state", turn(State.BUSY), State.IDLE)),
    ("residents", "early", add_to("ended", lambda o: np.isin(o.ended, o.turn_time[turn(State.IDLE)(o)]), 1)),
    ("instances", "own", set_to("pool", anywhere, 3)),
    ("instances", "own", set_to("opener", anywhere, 40)),
    ("limits", "refused", set_to("cause", lambda o: o.cause == Cause.MEMORY, Cause.DURATION)),
    ("limits", "refused", set_to("cause", lambda o: o.cause == Cause.DURATION, Cause.MEMORY)),
    ("limits", "refused", set_to("cause", lambda o: o.cause == Cause.DURATION, Cause.QUEUE_FULL)),
    ("limits", "killed", add_to("ended", lambda o: o.cause == Cause.MEMORY, 1)),
    ("arrays", "tried", lambda o: {"left": o.left[1:]}),
    ("callers", "tried", add_to("left", lambda o: o.left >= 0, 1)),
    ("callers", "tried", set_to("left", lambda o: o.left >= 0, NEVER)),
    ("callers", "tried", set_to("left", lambda o: (o.left < 0) & (o.ended >= 0), 9)),
    ("callers", "tried", add_to("due", lambda o: o.due >= 0, 1)),
    ("callers", "tried", set_to("due", lambda o: o.due >= 0, NEVER)),
    ("callers", "tried", add_to("arrived", lambda o: (o.due >= 0) & (o.arrived >= 0), -1)),
    ("callers", "tried", set_to("cause", lambda o: o.fate == Fate.FAILED, Cause.TIMEOUT)),
    ("callers", "tried", set_to("cause", lambda o: o.fate == Fate.FAILED, Cause.BREAKER)),
    ("callers", "spent", set_to("admitted", lambda o: o.cause == Cause.BREAKER, 5)),
    ("gpu", "gpu", set_to("prefill_ended", lambda o: o.prefill_ended >= 0, NEVER)),
    ("gpu", "gpu", add_to("prefill_ended", lambda o: o.prefill_ended >= 2000, -1000)),
    ("gpu", "gpu", lambda o: {"prefill_ended": np.where(o.prefill_ended >= 0, o.step_ended, NEVER)}),
    ("gpu", "gpu", set_to("gpu_spent", lambda o: o.fate == Fate.COMPLETED, 1)),
    ("gpu", "gpu", add_to("gpu_spent", lambda o: o.gpu_spent > 0, 10_000)),
    ("order", "gpu", passing),
    ("order", "gpu", set_to("cause", lambda o: o.cause == Cause.DURATION, Cause.TOO_LARGE)),
    ("order", "gpu", set_to("cause", lambda o: o.cause == Cause.DURATION, Cause.MEMORY)),
    ("arrays", "saved", lambda o: {"visits": replace(o.visits, ended=o.visits.ended[1:])}),
    ("arrays", "saved", in_table("repeats", "step", lambda o: o.repeats.step >= 0, 10**6)),
    ("visits", "early", lambda o: {"visits": visits(o)}),
    ("visits", "saved", in_table("visits", "overhead", lambda o: o.visits.overhead > 0, -1)),
    ("visits", "saved", in_table("visits", "overhead", lambda o: o.fate[o.visits.request] == Fate.COMPLETED, 1)),
    ("visits", "saved", in_table("repeats", "kept", lambda o: o.repeats.kept > 0, -1)),
    ("visits", "saved", in_table("visits", "ended", parted(Parting.SAVED), -1)),
    ("visits", "saved", in_table("visits", "admitted", lambda o: np.append(False, parted(Parting.SAVED)(o)[:-1]), 1)),
    ("visits", "anew", in_table("repeats", "cpu", lambda o: o.repeats.over, 100)),
    ("visits", "anew", in_table("visits", "parting", parted(Parting.INTERRUPTED), 3)),
    ("visits", "freed", in_table("visits", "ended", parted(Parting.INTERRUPTED), 1)),
    ("visits", "freed", set_to("cause", lambda o: o.cause == Cause.INTERRUPTED, Cause.LIFETIME)),
    ("visits", "freed", set_to("instance", lambda o: o.instance > 0, 0)),
    ("residents", "freed", in_table("visits", "ended", parted(Parting.FREED), 1)),
    ("market", "anew", lambda o: {"offer": 1 - o.offer}),
    ("market", "saved", lambda o: {"offer": o.offer * 0}),
    ("presence", "early", lambda o: {"presence": o.presence + 1}),
    ("presence", "early", add_to("ended", anywhere, 1)),
]


@pytest.mark.parametrize("name", ["early", "late", "own", "killed", "limited", "refused", "tried", "spent", "gpu",
                                  "saved", "freed", "anew"])
def test_what_the_model_gives_passes(fleets, name: str) -> None:
    run = fleets[name]
    found = audit(run.demand, run.capacity, run.outcome)
    assert found.passed, [check for check in found.checks if not check.passed]
    assert [check.name for check in found.checks] == ["arrays", *CHECKS]
    assert all(check.detail for check in found.checks)
    assert found.summary()["passed"] is True


def test_the_run_worked_out_by_hand_passes(by_hand) -> None:
    assert audit(by_hand.demand, by_hand.capacity, by_hand.outcome).passed


@pytest.mark.parametrize(("check", "name", "change"), CORRUPTIONS)
def test_a_corrupted_array_is_caught(fleets, check: str, name: str, change: Change) -> None:
    run = fleets[name]
    found = audit(run.demand, run.capacity, replace(run.outcome, **change(run.outcome)))
    assert not found.passed
    failed = {one.name: one.detail for one in found.checks if not one.passed}
    assert check in failed
    assert failed[check]


@pytest.mark.parametrize(
    ("check", "name", "change"),
    [
        ("cpu", "early", {"cpu": 1000}),
        ("residents", "early", {"concurrency": 1}),
        ("residents", "killed", {"memory": 2}),
        ("instances", "early", {"maximum": 1}),
        ("instances", "late", {"minimum": 2}),
        ("limits", "refused", {"duration_limit": 140}),
        ("limits", "refused", {"memory": NEVER}),
        ("limits", "early", {"queue_limit": 0}),
        ("clocks", "early", {"rung_after": np.array([NEVER, 200])}),
        ("states", "killed", {"memory_kills": False}),
    ],
)
def test_a_run_that_was_given_more_than_it_should_is_caught(fleets, check: str, name: str, change: dict) -> None:
    run = fleets[name]
    found = audit(run.demand, replace(run.capacity, **change), run.outcome)
    assert check in {one.name for one in found.checks if not one.passed}


def test_a_budget_that_was_overdrawn_is_caught(fleets) -> None:
    run = fleets["spent"]
    callers = replace(run.demand.callers, budget=replace(run.demand.callers.budget, most=CORE))
    found = audit(replace(run.demand, callers=callers), run.capacity, run.outcome)
    assert [check.name for check in found.checks if not check.passed] == ["callers"]


def test_every_check_has_a_corruption_that_it_catches() -> None:
    # Those of calls are beside the tests of providers, in tests/engine.
    assert {check for check, _, _ in CORRUPTIONS} | {"cpu", "calls"} == {"arrays", *CHECKS}


def test_a_missed_rung_is_caught_although_every_change_is_legal(by_hand) -> None:
    kept = ~np.isin(np.arange(13), (10, 11, 12))  # the second way down the ladder was forgotten
    outcome = replace(
        by_hand.outcome,
        **{name: getattr(by_hand.outcome, name)[kept] for name in ("turn_time", "turn_instance", "turn_state",
                                                                  "turn_rung")},
    )  # fmt: skip
    failed = [check for check in audit(by_hand.demand, by_hand.capacity, outcome).checks if not check.passed]
    assert [check.name for check in failed] == ["clocks"]
    assert "was due for its next rung" in failed[0].detail


def test_hardly_any_single_change_passes_and_none_raises(fleets) -> None:
    luck = np.random.default_rng(2)
    tried = caught = 0
    for run in fleets.values():
        for field in fields(Outcome):
            array = getattr(run.outcome, field.name)
            if not isinstance(array, np.ndarray) or not len(array):
                continue
            for by in luck.choice([-50, -3, -2, -1, 1, 2, 3, 50], 12):
                changed = array.copy()
                changed[luck.integers(len(changed))] += by
                found = audit(run.demand, run.capacity, replace(run.outcome, **{field.name: changed}))
                tried += 1
                caught += not found.passed
    assert caught / tried > 0.95


def test_a_negative_limit_is_none_whatever_it_is(by_hand) -> None:
    for name in ("maximum", "queue_limit", "duration_limit", "memory"):
        assert audit(by_hand.demand, replace(by_hand.capacity, **{name: -7}), by_hand.outcome).passed


def test_work_by_hand(by_hand) -> None:
    # Requests of 35, 10 and 10 us are done; one of 10 us has not begun; one never arrived.
    asked = np.array([True, True, True, True, False])
    assert work(by_hand.demand, by_hand.outcome, asked) == {
        "offered": 65, "useful": 55, "wasted": 0, "lost": 0, "remaining": 10,
    }  # fmt: skip
    # Without the first, which arrived before a window from 30 on.
    assert work(by_hand.demand, by_hand.outcome, by_hand.outcome.arrived >= 30) == {
        "offered": 30, "useful": 20, "wasted": 0, "lost": 0, "remaining": 10,
    }  # fmt: skip


def test_work_of_failed_requests_is_wasted_or_lost(fleets) -> None:
    found = [work(run.demand, run.outcome, run.outcome.fate != Fate.ABSENT) for run in fleets.values()]
    for parts in found:
        assert parts["offered"] == parts["useful"] + parts["wasted"] + parts["lost"] + parts["remaining"]
    assert any(parts["wasted"] > 0 and parts["lost"] > 0 for parts in found)
