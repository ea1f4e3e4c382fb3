"""Warm-up and horizon of a scenario, and after how long its load repeats."""

from __future__ import annotations

import pytest

from sim.errors import InputError
from sim.scenario import load, loads, weekly
from sim.scenario.window import AUTO, period
from sim.units import DAY, WEEK
from tests.scenario.test_axes import BOT, RIGHT

OFFICE = {"day": {"when": "08:00-18:00"}, "night": {"when": "18:00-08:00"}}


def bot(*settings):
    return loads(BOT.read_text(), RIGHT, "bot.yaml", settings)


@pytest.mark.parametrize(("buckets", "shape", "expected"), [
    (None, None, None),
    (None, {"file": "week.csv"}, WEEK),
    (OFFICE, None, DAY),
    ({"day": {"when": "08:00-18:00"}, "night": {"when": "otherwise"}}, None, DAY),
    (OFFICE | {"off": {"when": "sat, sun"}}, None, WEEK),
    ({"burst": {"when": "mon 10:00-10:05"}, "rest": {"when": "otherwise"}}, None, WEEK),
    # Every day named, and all of them alike; a load that is always the same has no cycle at all.
    ({"a": {"when": "mon-sun 08:00-09:00"}, "b": {"when": "otherwise"}}, None, DAY),
    ({"all": {"when": "otherwise"}}, None, None),
    ({"a": {"when": "sat"}, "b": {"when": "nonsense"}}, None, DAY),  # told elsewhere
])  # fmt: skip
def test_after_how_long_a_load_repeats(buckets, shape, expected):
    assert period(buckets, shape) == expected


def test_a_day_that_runs_past_midnight_is_alike_on_all_days():
    assert weekly.repeats_daily({"night": "22:00-06:00", "day": "otherwise"})
    # Hours of a day run into the next one: of every day, they are on every day.
    assert weekly.repeats_daily({"late": "mon-sun 20:00-02:00", "rest": "otherwise"})
    assert not weekly.repeats_daily({"late": "mon-sat 20:00-02:00", "rest": "otherwise"})


@pytest.mark.parametrize(("text", "expected"), [
    ("0", 0), ("0 s", 0), ("1 week", WEEK), ("14 days", 2 * WEEK), ("auto", AUTO)])
def test_a_warm_up_is_read_and_written(text, expected):
    made = bot(f"warmup={text}")
    assert made.warmup == expected
    again = made.model_dump(mode="json")["warmup"]
    assert bot(f"warmup={again}").warmup == expected


def test_without_one_there_is_none():
    assert load(BOT).warmup == 0


@pytest.mark.parametrize("settings", [("horizon=10 days",), ("horizon=2 days",), ("warmup=8 days",)])
def test_a_week_is_not_cut(settings):
    with pytest.raises(InputError, match="repeats each week"):
        bot(*settings)


def test_days_that_are_alike_may_be_counted():
    steady = ("workload.arrivals.weekly={all: {when: otherwise, rate: 4/h}}",)
    assert bot(*steady, "horizon=10 days", "warmup=3 days").horizon == 10 * DAY
