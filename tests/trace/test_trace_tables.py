"""Spans, waits and frames against a run worked out by hand."""

from __future__ import annotations

from dataclasses import astuple, fields, is_dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.engine import simulate
from sim.engine.contract import NEVER, Outcome, State
from sim.trace import frames
from sim.trace.audit import audit
from sim.trace.columns import TABLES, check, documentation, markdown
from sim.trace.frames import EVENTS, Names, tables, write_parquet
from sim.trace.spans import spans
from sim.trace.waits import CAUSES, slowest, waits
from sim.trace.window import Window
from sim.workload import ideal

NAMES = Names(kinds=("llm", "tool"), models=("small", "frontier"), rungs=("suspended",))
IDEAL = np.array([35, 15, 10, NEVER, NEVER])
WINDOW = Window(30, 999)
ALL = np.ones(5, np.bool_)


@pytest.fixture
def made(by_hand) -> dict[str, pd.DataFrame]:
    return tables(by_hand.demand, by_hand.capacity, by_hand.outcome, IDEAL, WINDOW, NAMES)


def test_the_model_agrees_with_the_run_worked_out_by_hand(by_hand) -> None:
    found = simulate(by_hand.demand, by_hand.capacity)
    for field in fields(Outcome):
        told, known = getattr(found, field.name), getattr(by_hand.outcome, field.name)
        if is_dataclass(told):
            told, known = astuple(told), astuple(known)
        np.testing.assert_array_equal(told, known, field.name)


def test_spans_by_hand(by_hand) -> None:
    found = spans(by_hand.outcome, by_hand.demand.stop)
    listed = list(zip(found.state.tolist(), found.rung.tolist(), found.begin.tolist(), found.end.tolist(), strict=True))
    assert listed == [
        (State.STARTING, NEVER, 0, 50),
        (State.BUSY, NEVER, 50, 85),
        (State.BUSY, NEVER, 85, 95),
        (State.IDLE, NEVER, 95, 195),
        (State.ENTERING, 0, 195, 200),
        (State.RESTING, 0, 200, 300),
        (State.WAKING, 0, 300, 320),
        (State.BUSY, NEVER, 320, 330),
        (State.IDLE, NEVER, 330, 430),
        (State.ENTERING, 0, 430, 435),
        (State.RESTING, 0, 435, 995),
        (State.WAKING, 0, 995, 1000),
    ]
    assert found.dropped == 1  # idle for no time at 85, between two requests of one agent


def test_spans_cover_every_life_without_gap_or_overlap(fleets) -> None:
    for run in fleets.values():
        found = spans(run.outcome, run.demand.stop)
        for instance in range(len(run.outcome.opener)):
            own = found.instance == instance
            assert (found.begin[own][1:] == found.end[own][:-1]).all()
            assert (found.end[own] > found.begin[own]).all()
            turns = run.outcome.turn_instance == instance
            life = run.outcome.turn_time[turns]
            gone = run.outcome.turn_state[turns][-1] == State.OFF
            end = life[-1] if gone else run.demand.stop
            assert (found.end[own] - found.begin[own]).sum() == end - life[0]


def test_no_turns_give_no_spans(by_hand) -> None:
    none = np.zeros(0, dtype=np.int64)
    outcome = replace(
        by_hand.outcome,
        turn_time=none, turn_instance=none, turn_state=none.astype(np.int8), turn_rung=none.astype(np.int8),
    )  # fmt: skip
    assert len(spans(outcome, 10).begin) == 0


def test_waits_by_hand(by_hand) -> None:
    found = waits(by_hand.demand, by_hand.outcome)
    assert found.turn.tolist() == [0, 55, 0, 0, NEVER]
    assert found.queue.tolist() == [0, 0, 0, NEVER, NEVER]
    assert found.start.tolist() == [50, 0, 0, NEVER, NEVER]
    assert found.wake.tolist() == [0, 0, 20, NEVER, NEVER]
    assert found.service.tolist() == [35, 10, 10, 10, 10]
    assert found.contention.tolist() == [0, 0, 0, NEVER, NEVER]
    assert found.latency.tolist() == [85, 65, 30, NEVER, NEVER]


def test_latency_counts_from_the_first_of_those_that_were_merged(by_hand) -> None:
    held = replace(by_hand.demand, held=np.array([7, 0, 4, 9, 9]), coalesced=np.array([2, 0, 1, 3, 5]))
    found = waits(held, by_hand.outcome)
    assert found.window.tolist() == [7, 0, 4, 9, NEVER]
    assert found.latency.tolist() == [92, 65, 34, NEVER, NEVER]
    # The window is there on the ideal platform too, so it is no part of the overhead.
    everyone = np.ones(5, np.bool_)
    before = slowest(waits(by_hand.demand, by_hand.outcome), IDEAL, everyone)
    now = slowest(found, IDEAL + held.held, everyone)
    assert now == before | {"latency": before["latency"] + 7}
    checked = audit(held, by_hand.capacity, by_hand.outcome)
    assert checked.passed
    # Those of request 4, which never arrived, did not come either.
    assert "10 arrived = 3 completed + 0 failed + 0 abandoned + 1 unfinished + 6 coalesced" in [
        one.detail for one in checked.checks]
    table = frames.requests(held, by_hand.capacity, by_hand.outcome, IDEAL + held.held, WINDOW)
    assert table["window_s"].tolist() == [7e-6, 0, 4e-6, 9e-6]
    assert table["coalesced"].tolist() == [2, 0, 1, 3]
    assert table["first_step_s"].tolist()[0] == pytest.approx(87e-6)  # 80 - 0, and 7


def test_the_slowest_are_divided_among_their_causes(by_hand) -> None:
    found = waits(by_hand.demand, by_hand.outcome)
    # Overheads are 50, 50 and 20. Of request 1's 55 us of waiting for its turn, 5 are there on the ideal platform too.
    assert slowest(found, IDEAL, ALL) == {
        "requests": 1, "latency": 85, "overhead": 50, "retry": 0, "turn": 0, "queue": 0, "start": 50, "wake": 0,
        "interruption": 0, "contention": 0,
        "provider": 0, "backoff": 0,
    }  # fmt: skip
    assert slowest(found, IDEAL, ALL, per_cent=100) == {
        "requests": 3, "latency": 180, "overhead": 120, "retry": 0, "turn": 50, "queue": 0, "start": 50, "wake": 20,
        "interruption": 0, "contention": 0,
        "provider": 0, "backoff": 0,
    }  # fmt: skip
    later = slowest(found, IDEAL, np.array([False, True, True, True, False]))
    assert (later["requests"], later["overhead"], later["turn"]) == (1, 50, 50)
    for nobody in (slowest(found, np.full(5, NEVER), ALL), slowest(found, IDEAL, ~ALL)):
        assert nobody["requests"] == nobody["latency"] == nobody["overhead"] == 0


def test_waits_add_up_in_every_run(fleets) -> None:
    for run in fleets.values():
        found = waits(run.demand, run.outcome)
        done = found.latency >= 0
        parts = sum(getattr(found, cause)[done] for cause in CAUSES) + found.service[done]
        np.testing.assert_array_equal(parts, found.latency[done])


# Frames


def test_every_column_is_documented_and_every_table_has_its_columns(made) -> None:
    assert set(made) == set(TABLES)
    for name, frame in made.items():
        assert list(frame.columns) == [column.name for column in TABLES[name]]
        assert [str(dtype) for dtype in frame.dtypes] == [column.dtype for column in TABLES[name]]
    for columns in TABLES.values():
        assert len({column.name for column in columns}) == len(columns)
        for column in columns:
            assert column.meaning.endswith("."), column
            assert column.origin, column
            unit = {"_us": "us", "_s": "s"}.get("_" + column.name.rpartition("_")[2] if "_" in column.name else "")
            assert unit is None or column.unit == unit, column


def test_the_reference_is_made_from_the_registry() -> None:
    # Each with the deployment; and the four columns of the figures of replications.
    count = sum(1 + len(columns) for columns in TABLES.values()) + 4
    assert len(documentation()) == count
    assert len(documentation("events")) == 1 + len(TABLES["events"])
    text = markdown()
    assert sum(line.startswith("| ") for line in text.splitlines()) == count + len(TABLES) + 1
    assert "| overhead_s | float64 | s |" in text


def test_a_frame_that_departs_from_the_registry_is_refused(made) -> None:
    with pytest.raises(TypeError, match="time_us"):
        check("events", made["events"].astype({"time_us": "float64"}))
    with pytest.raises(TypeError, match="order of columns"):
        check("events", made["events"][made["events"].columns[::-1]])
    with pytest.raises(TypeError, match="rung"):
        check("events", made["events"].drop(columns="rung"))


def test_requests_by_hand(made) -> None:
    table = made["requests"]
    assert table["request"].tolist() == [0, 1, 2, 3]  # request 4 never arrived
    assert table["session"].tolist() == [pd.NA, pd.NA, 7, 8]
    assert table["arrived_us"].tolist() == [0, 30, 300, 995]
    assert table["ended_us"].tolist() == [85, 95, 330, pd.NA]
    assert table["ideal_us"].tolist() == [35, 15, 10, pd.NA]
    assert table["fate"].tolist() == ["completed", "completed", "completed", "unfinished"]
    assert table["cause"].isna().all()
    assert table["warmth"].tolist()[:3] == ["cold", "warm", "woken"]
    assert pd.isna(table["warmth"][3])
    assert table["instance"].tolist() == [0, 0, 0, pd.NA]
    np.testing.assert_array_equal(table["latency_s"], [85e-6, 65e-6, 30e-6, np.nan])
    np.testing.assert_array_equal(table["overhead_s"], [50e-6, 50e-6, 20e-6, np.nan])
    np.testing.assert_array_equal(table["start_s"], [50e-6, 0, 0, np.nan])
    np.testing.assert_array_equal(table["turn_s"], [0, 55e-6, 0, 0])
    np.testing.assert_array_equal(table["first_step_s"], [80e-6, 65e-6, 30e-6, np.nan])
    assert table["steps"].tolist() == [2, 1, 1, 1]
    assert table["steps_ended"].tolist() == [2, 1, 1, 0]
    assert table["tokens_in"].tolist() == [100, 0, 0, 0]  # request 3 has not ended its call
    assert table["tokens_cached"].tolist() == [60, 0, 0, 0]
    assert table["tokens_out"].tolist() == [10, 0, 0, 0]
    assert table["memory_bytes"].tolist() == [1, 2, 3, 4]


def test_attempts_by_hand(made) -> None:
    table = made["attempts"]
    assert table["request"].tolist() == [0, 0, 1, 2]
    assert table["step"].tolist() == [0, 1, 0, 0]
    assert table["kind"].tolist() == ["llm", "tool", "tool", "tool"]
    assert table["begin_us"].tolist() == [50, 80, 85, 320]
    assert table["end_us"].tolist() == [80, 85, 95, 330]
    assert table["fate"].tolist() == ["completed"] * 4
    assert table["model"].tolist()[0] == "frontier"
    assert table["model"].isna().tolist() == [False, True, True, True]


def test_instances_by_hand(made) -> None:
    table = made["instances"]
    assert table["state"].tolist()[:6] == ["starting", "busy", "busy", "idle", "entering", "resting"]
    assert table["rung"].tolist()[4:7] == ["suspended"] * 3
    assert table["rung"].isna().sum() == 6
    assert table["duration_s"].sum() == pytest.approx(1000e-6, rel=1e-12)
    assert table["opener"].tolist() == [0] * 12
    assert table["agent"].isna().all()  # two agents share the pool


def test_events_by_hand(made) -> None:
    table = made["events"].astype(object).where(made["events"].notna(), None)
    told = table[["time_us", "event", "request", "instance", "rung"]].to_numpy().tolist()
    assert told == [
        [0, "arrived", 0, None, None],
        [0, "opened", 0, 0, None],
        [0, "bound", 0, 0, None],
        [30, "arrived", 1, None, None],
        [50, "ready", None, 0, None],
        [50, "began", 0, 0, None],
        [85, "completed", 0, 0, None],
        [85, "admitted", 1, None, None],
        [85, "began", 1, 0, None],
        [95, "completed", 1, 0, None],
        [195, "entering", None, 0, "suspended"],
        [200, "entered", None, 0, "suspended"],
        [300, "arrived", 2, None, None],
        [300, "waking", None, 0, "suspended"],
        [300, "bound", 2, 0, None],
        [320, "woken", None, 0, "suspended"],
        [320, "began", 2, 0, None],
        [330, "completed", 2, 0, None],
        [430, "entering", None, 0, "suspended"],
        [435, "entered", None, 0, "suspended"],
        [995, "arrived", 3, None, None],
        [995, "waking", None, 0, "suspended"],
    ]


def test_failures_carry_their_cause_and_cut_their_step_off(fleets) -> None:
    run = fleets["refused"]
    made = tables(run.demand, run.capacity, run.outcome, ideal(run.demand, run.outcome), WINDOW,
                  Names(("step",), (), ("a", "b")))
    table = made["requests"]
    assert set(table["cause"].dropna()) == {"memory", "duration"}
    assert (table["fate"] == "failed").equals(table["cause"].notna())
    refused = table["request"][table["cause"] == "memory"]
    late = table["request"][table["cause"] == "duration"]
    cut = made["attempts"][made["attempts"]["fate"] == "failed"]
    assert not made["attempts"]["request"].isin(refused).any()
    assert set(cut["request"]) == set(late)
    ends = table.set_index("request")["ended_us"][cut["request"]]
    assert cut["end_us"].tolist() == ends.tolist()
    done = made["attempts"][made["attempts"]["fate"] == "completed"]
    assert done["spent_us"].equals(done["cpu_us"].rename("spent_us"))
    spent = dict(zip(range(run.demand.n), run.outcome.spent.tolist(), strict=True))
    assert cut["spent_us"].tolist() == [spent[row] for row in cut["request"]]
    assert (cut["spent_us"] <= cut["cpu_us"]).all() and cut["spent_us"].any()
    events = made["events"]
    assert events["cause"].notna().equals(events["event"] == "failed")
    assert (np.diff(events["time_us"]) >= 0).all()


def test_instances_of_agents_name_their_agent(fleets) -> None:
    run = fleets["own"]
    table = frames.instances(run.demand, run.capacity, run.outcome, Names(("step",), (), ("a", "b")))
    assert table["agent"].tolist() == table["pool"].tolist()
    assert "initial" in set(frames.events(run.demand, run.outcome, Names(("step",), (), ("a", "b")))["event"])


def test_deployments_stand_below_each_other(made, fleets) -> None:
    run, names = fleets["own"], Names(("step",), (), ("a", "b"))
    other = tables(run.demand, run.capacity, run.outcome, ideal(run.demand, run.outcome), WINDOW, names)
    both = frames.together({"here": made, "there": other})
    for name, frame in both.items():
        assert len(frame) == len(made[name]) + len(other[name])
        own = frame[frame["deployment"] == "there"].drop(columns="deployment").reset_index(drop=True)
        assert [str(dtype) for dtype in own.dtypes] == [column.dtype for column in TABLES[name]]
        pd.testing.assert_frame_equal(own, other[name], check_categorical=False)
    assert list(both["instances"]["rung"].cat.categories) == ["suspended", "a", "b"]


def test_every_name_of_an_event_happens_somewhere(fleets) -> None:
    seen: set[str] = set()
    for run in fleets.values():
        seen |= set(frames.events(run.demand, run.outcome, Names(("step",), (), ("a", "b")))["event"])
    assert seen == set(EVENTS)


def test_parquet_keeps_every_table_and_leaves_no_litter(made, tmp_path: Path) -> None:
    for name, frame in made.items():
        path = tmp_path / f"{name}.parquet"
        path.write_text("what was there before")
        write_parquet(frame, path)
        pd.testing.assert_frame_equal(pd.read_parquet(path), frame, check_categorical=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"{name}.parquet" for name in made)


def test_a_write_that_fails_leaves_the_old_file(made, tmp_path: Path) -> None:
    path = tmp_path / "events.parquet"
    write_parquet(made["events"], path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="Duplicate"):
        write_parquet(pd.concat([made["events"]] * 2, axis=1), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_equal_frames_give_equal_files(made, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_parquet(made["requests"].copy(), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
