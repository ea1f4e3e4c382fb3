"""The rule of the week, against minutes counted one by one."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.errors import AdvisedError
from sim.scenario import weekly

DAY = 1440
SAMPLE = {"idle": "22:00-08:00, sat, sun", "normal": "08:00-10:00, 17:00-22:00", "peak": "10:00-17:00"}


def owner(buckets, minute):
    """The bucket that has a minute, by looking it up."""
    return next(name for start, end, name in weekly.partition(buckets) if start <= minute < end)


def test_the_sample_of_the_design_divides_the_week():
    parts = weekly.partition(SAMPLE)
    assert parts[0][0] == 0 and parts[-1][1] == 7 * DAY
    assert all(end == start for (_, end, _), (start, _, _) in pairwise(parts))
    assert parts[:6] == ((0, 480, "idle"), (480, 600, "normal"), (600, 1020, "peak"), (1020, 1320, "normal"),
                         (1320, DAY + 480, "idle"), (DAY + 480, DAY + 600, "normal"))
    # Friday 22:00 until Monday: the weekend is idle, whole.
    assert parts[-1] == (4 * DAY + 1320, 7 * DAY, "idle")
    minutes = {name: sum(end - start for start, end, of in parts if of == name) for name in SAMPLE}
    assert minutes == {"idle": 5 * 600 + 2 * DAY, "normal": 5 * 420, "peak": 5 * 420}


def test_order_of_buckets_has_no_effect():
    assert weekly.partition(dict(reversed(SAMPLE.items()))) == weekly.partition(SAMPLE)


def test_hours_of_days_come_before_days_and_days_before_hours():
    buckets = {"a": "sat 10:00-12:00", "b": "sat, sun", "c": "00:00-24:00"}
    assert owner(buckets, 5 * DAY + 600) == "a"
    assert owner(buckets, 5 * DAY + 720) == "b"
    assert owner(buckets, 4 * DAY + 600) == "c"


@pytest.mark.parametrize(("when", "ranges"), [
    ("10:00-17:00", tuple((day * DAY + 600, day * DAY + 1020) for day in range(7))),
    ("sat", ((5 * DAY, 6 * DAY),)),
    ("sat, sun", ((5 * DAY, 7 * DAY),)),
    ("sun-mon", ((0, DAY), (6 * DAY, 7 * DAY))),
    ("fri 20:00-02:00", ((4 * DAY + 1200, 5 * DAY + 120),)),
    ("sun 23:00-01:00", ((0, 60), (6 * DAY + 1380, 7 * DAY))),
    ("mon-fri 09:00-17:00", tuple((day * DAY + 540, day * DAY + 1020) for day in range(5))),
    ("MON-SUN", ((0, 7 * DAY),)),
    ("00:00-24:00", ((0, 7 * DAY),)),
    ("8:00-9:30, 9:30-10:00", tuple((day * DAY + 480, day * DAY + 600) for day in range(7))),
])
def test_a_bucket_alone(when, ranges):
    assert weekly.parse(when) == ranges


def test_otherwise_takes_the_rest():
    assert weekly.partition({"busy": "mon 08:00-10:00", "calm": "Otherwise"}) == (
        (0, 480, "calm"), (480, 600, "busy"), (600, 7 * DAY, "calm"))


@pytest.mark.parametrize(("buckets", "bucket", "message"), [
    ({"a": "10:00-17:00"}, None, "no bucket names 00:00-10:00 of every day; 17:00-24:00 of every day"),
    ({"a": "mon-fri", "b": "sat"}, None, "no bucket names all of sun"),
    ({"a": "mon-fri", "b": "fri-sun"}, "b", "`a` and `b` both name all of fri"),
    ({"a": "00:00-12:00", "b": "11:00-24:00"}, "b", "`a` and `b` both name 11:00-12:00 of every day"),
    ({"a": "mon-sun", "b": "otherwise"}, "b", "no minute of the week is left for `b`"),
    ({"a": "mon-sun", "b": "10:00-12:00"}, "b", "no minute of the week is left for `b`"),
    ({"a": "otherwise", "b": "otherwise"}, "b", "`a` says `otherwise` already"),
    ({"a": "25:00-26:00"}, "a", "`25:00` is no time of day"),
    ({"a": "24:30-26:00"}, "a", "`24:30` is no time of day"),
    ({"a": "10:00-10:00"}, "a", "`10:00-10:00` begins where it ends"),
    ({"a": "saturday"}, "a", "`saturday` is no day"),
    ({"a": "sat, otherwise"}, "a", "`otherwise` stands beside other times"),
    ({"a": "mon,"}, "a", "a time is missing"),
    ({"a": "10:00"}, "a", "`10:00` is no time of the week"),
])
def test_what_does_not_divide_the_week(buckets, bucket, message):
    assert (bucket, message) in [(fault.bucket, fault.message) for fault in weekly.faults(buckets)]
    with pytest.raises(AdvisedError):
        weekly.partition(buckets)


hours = st.tuples(st.integers(0, 23), st.integers(0, 3), st.integers(0, 23), st.integers(0, 3)).filter(
    lambda t: (t[0], t[1]) != (t[2], t[3]))
days = st.tuples(st.integers(0, 6), st.integers(0, 6))
items = st.tuples(st.none() | days, st.none() | hours).filter(lambda item: item != (None, None))


def text(item):
    """An item as it is written."""
    which, when = item
    parts = []
    if which:
        parts.append("-".join(weekly.DAYS[day] for day in dict.fromkeys(which)))
    if when:
        parts.append(f"{when[0]:02}:{when[1] * 15:02}-{when[2]:02}:{when[3] * 15:02}")
    return " ".join(parts)


def names(item, minute):
    """How closely an item names a minute: 0, 1, 2, or None; minute by minute, without sets."""
    which, when = item
    chosen = range(7) if which is None else [(which[0] + n) % 7 for n in range((which[1] - which[0]) % 7 + 1)]
    day, of_day = divmod(minute, DAY)
    if when is None:
        return 1 if day in chosen else None
    begin, end = when[0] * 60 + when[1] * 15, when[2] * 60 + when[3] * 15
    if begin < end:
        hit = day in chosen and begin <= of_day < end
    elif which is None:
        hit = of_day >= begin or of_day < end
    else:
        hit = (day in chosen and of_day >= begin) or ((day - 1) % 7 in chosen and of_day < end)
    return (2 if which is None else 0) if hit else None


@given(st.dictionaries(st.sampled_from("abc"), st.lists(items, min_size=1, max_size=3), min_size=1))
def test_partition_agrees_with_the_rule_minute_by_minute(buckets):
    texts = {name: ", ".join(text(item) for item in listed) for name, listed in buckets.items()} | {"rest": "otherwise"}
    expected = []
    for minute in range(0, 7 * DAY, 15):
        closest = {name: min((level for item in listed if (level := names(item, minute)) is not None), default=9)
                   for name, listed in buckets.items()}
        best = min(closest.values())
        expected.append(["rest"] if best == 9 else [name for name, level in closest.items() if level == best])
    divides = all(len(who) == 1 for who in expected) and {who[0] for who in expected} == set(texts)
    assert divides == (not list(weekly.faults(texts)))
    if divides:
        found = weekly.partition(texts)
        got = [next(name for start, end, name in found if start <= minute < end) for minute in range(0, 7 * DAY, 15)]
        assert got == [who[0] for who in expected]


@given(st.text(max_size=20) | st.text(alphabet="0123:-, montuesa", max_size=25))
def test_any_text_is_read_or_told(when):
    try:
        ranges = weekly.parse(when)
    except AdvisedError as error:
        assert error.message and error.fix
    else:
        assert all(0 <= start < end <= 7 * DAY for start, end in ranges)
