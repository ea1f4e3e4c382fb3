"""Schedules against the calendar, a minute at a time."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import AdvisedError
from sim.scenario.crontab import minutes

MONDAY = datetime(2026, 11, 2)
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def fields(low, high):
    """Texts of a field with the numbers that they name."""
    number = st.integers(low, high)
    ranges = st.tuples(number, number).map(sorted)
    items = st.one_of(
        st.just(("*", range(low, high + 1))),
        st.integers(1, 70).map(lambda n: (f"*/{n}", range(low, high + 1, n))),
        number.map(lambda a: (str(a), [a])),
        ranges.map(lambda ab: (f"{ab[0]}-{ab[1]}", range(ab[0], ab[1] + 1))),
        st.builds(lambda ab, n: (f"{ab[0]}-{ab[1]}/{n}", range(ab[0], ab[1] + 1, n)), ranges, st.integers(1, 9)),
        st.builds(lambda a, n: (f"{a}/{n}", range(a, high + 1, n)), number, st.integers(1, 9)),
    )
    return st.lists(items, min_size=1, max_size=3).map(
        lambda chosen: (",".join(text for text, _ in chosen), {n for _, some in chosen for n in some}))


@settings(deadline=None, max_examples=60)
@given(fields(0, 59), fields(0, 23), fields(0, 7))
def test_every_minute_of_a_week(minute, hour, weekday):
    found = minutes(f"{minute[0]} {hour[0]} * * {weekday[0]}")
    expected = []
    for number in range(7 * 24 * 60):
        time = MONDAY + timedelta(minutes=number)
        sunday_is_0 = time.isoweekday() % 7
        named = sunday_is_0 in weekday[1] or (sunday_is_0 == 0 and 7 in weekday[1])
        if named and time.hour in hour[1] and time.minute in minute[1]:
            expected.append(number)
    assert list(found) == expected


@pytest.mark.parametrize(("line", "first", "count"), [
    ("@hourly", 0, 168),
    ("@daily", 0, 7),
    ("@weekly", 6 * 1440, 1),
    ("0 9 * * MON-FRI", 540, 5),
    ("30 8 ? * sun", 9150, 1),
    ("  5   *  * * sat ", 5 * 1440 + 5, 24),
])  # fmt: skip
def test_names(line, first, count):
    found = minutes(line)
    assert (found[0], len(found)) == (first, count)


@pytest.mark.parametrize(("line", "message", "fix"), [
    ("* * * *", "has 4 fields", "write five fields"),
    ("x", "has 1 field,", "write five fields"),
    ("60 * * * *", "`60` is no minute", "0 to 59"),
    ("* 24 * * *", "`24` is no hour", "0 to 23"),
    ("* * * * 8", "`8` is no day of the week", "0 to 7"),
    ("* * * * mno", "`mno` is no day", "mon"),
    ("* mon * * *", "`mon` is no hour", "0 to 23"),
    ("*/0 * * * *", "step of 0", "1 or more"),
    ("* 22-6 * * *", "ends before it begins", "`22-23,0-6`"),
    ("*-5 * * * *", "no minute of a schedule", "write five fields"),
    ("1,,2 * * * *", "`` is no minute", "write five fields"),
    ("-1 * * * *", "`-1` is no minute", "write"),
    ("0 0 1 * *", "names days of a month", "day of the week"),
    ("0 0 * 3 *", "names days of a month", "day of the week"),
    ("@monthly", "names days of a month", "day of the week"),
    ("@dayly", "no schedule", "@daily"),
])  # fmt: skip
def test_wrong(line, message, fix):
    with pytest.raises(AdvisedError) as error:
        minutes(line)
    assert message in error.value.message and fix in error.value.fix
