"""Exact parsing: values worked out by hand, messages that name the fix, and what is shown is what is read."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim import units
from sim.errors import AdvisedError, SimError

HOUR = 3_600_000_000


@pytest.mark.parametrize(("text", "microseconds"), [
    ("5 min", 300_000_000),
    ("5min", 300_000_000),
    ("1 h 30 min", 5_400_000_000),
    ("1h30min", 5_400_000_000),
    (" 2.5 s ", 2_500_000),
    ("1.5e3 ms", 1_500_000),
    (".5 s", 500_000),
    ("250 us", 250),
    ("250 µs", 250),
    ("1 day", 24 * HOUR),
    ("3 days 12 h", 84 * HOUR),
    ("4 weeks", 4 * 7 * 24 * HOUR),
    ("0 s", 0),
    (0, 0),
    (0.0, 0),
    (timedelta(days=1, microseconds=3), 24 * HOUR + 3),
    ("9223372036854775807 us", 2**63 - 1),
])
def test_durations(text, microseconds):
    assert units.duration(text) == microseconds
    assert type(units.duration(text)) is int


@pytest.mark.parametrize(("text", "size"), [
    ("4 GiB", 4 * 1024**3), ("600 MiB", 600 * 1024**2), ("1.5 GB", 1_500_000_000), ("1 kB", 1000), ("1 KiB", 1024),
    ("0.5 KiB", 512), ("7 B", 7), ("1 TiB", 1024**4), (0, 0), ("1 GiB 512 MiB", 1536 * 1024**2),
])
def test_sizes(text, size):
    assert units.size(text) == size


@pytest.mark.parametrize(("text", "per_second"), [
    ("4/h", Fraction(1, 900)), ("0.2/h", Fraction(1, 18_000)), ("4 / h", Fraction(1, 900)), ("12/min", Fraction(1, 5)),
    ("100/day", Fraction(100, 86_400)), ("7/week", Fraction(1, 86_400)), ("3/s", Fraction(3)), ("0/h", Fraction(0)),
    (0, Fraction(0)), (Fraction(1, 3), Fraction(1, 3)), ("1000000/s", Fraction(1_000_000)),
])
def test_rates(text, per_second):
    assert units.rate(text) == per_second


@pytest.mark.parametrize(("text", "cores"), [
    (2, Fraction(2)), (0.5, Fraction(1, 2)), (0.1, Fraction(1, 10)), ("500m", Fraction(1, 2)), ("0.25", Fraction(1, 4)),
    ("1500 m", Fraction(3, 2)), (Fraction(1, 3), Fraction(1, 3)), (0, Fraction(0)),
])
def test_cores(text, cores):
    assert units.cores(text) == cores


def test_money_and_percent():
    assert units.money("$0.0000166667") == Decimal("0.0000166667")
    assert units.money("$ 12.50") == Decimal("12.50")
    assert units.money(Decimal("0.10")) == Decimal("0.10")
    assert units.money(0) == 0
    assert units.percent("5%") == Fraction(1, 20)
    assert units.percent("0.1 %") == Fraction(1, 1000)
    assert units.percent("150%") == Fraction(3, 2)
    assert units.percent(0) == 0


@pytest.mark.parametrize(("read", "value", "message"), [
    (units.duration, 5, "`5` is not a duration: it has no unit; write `5 s`, `5 min` or `5 h`"),
    (units.duration, "5", "`5` is not a duration: it has no unit; write `5 s`, `5 min` or `5 h`"),
    (units.duration, "90 m", "`90 m` is not a duration: `m` is no unit; "
                             "write `90 min` (`m` may be minutes, months or thousandths)"),
    (units.duration, "5 Min", "`5 Min` is not a duration: `Min` is no unit; write `5 min`"),
    (units.duration, "2 months", "`2 months` is not a duration: `months` is no unit; "
                                 "months differ in length: write days or weeks"),
    (units.duration, "2 moons", "`2 moons` is not a duration: `moons` is no unit; "
                                "write one of the units us, ms, s, min, h, day, week"),
    (units.duration, "-5 s", "`-5 s` is negative; a duration is 0 or more"),
    (units.duration, "0.1 us", "`0.1 us` is not a whole number of microseconds; the finest duration is `1 us`"),
    (units.duration, "nan s", "`nan s` is not a duration: it must be a finite number; write for example `5 min`"),
    (units.duration, float("inf"), "`inf` is not a duration: it must be a finite number; write for example `5 min`"),
    (units.duration, "9223372036854775808 us", "`9223372036854775808 us` is more microseconds than 64 bits can count; "
                                               "the largest duration is 292,471 years"),
    (units.duration, "1e999999999 s", "`1e999999999 s` is too large for a duration; write for example `5 min`"),
    (units.duration, "1e-999999999 s", "`1e-999999999 s` is too small for a duration; write for example `5 min`"),
    (units.duration, "5:30", "`5:30` is not a duration; write it with units, such as `5 h 30 min`"),
    (units.duration, "1,5 s", "`1,5 s` is not a duration; write `1500` and `1.5`: no separator between thousands, "
                              "a point before the decimals"),
    (units.duration, "５ min", "`５ min` is not a duration; write for example `5 min`"),
    (units.duration, "5 min 3 min", "`5 min 3 min` names `min` twice; write it once, such as `5 min`"),
    (units.duration, "", "this is empty, not a duration; write for example `5 min`"),
    (units.duration, None, "this is empty, not a duration; write for example `5 min`"),
    (units.duration, True, "this is true or false, not a duration; write for example `5 min`"),
    (units.duration, ["5 min"], "this is a list, not a duration; write for example `5 min`"),
    (units.size, 600, "`600` is not a size: it has no unit; write `600 MB`, `600 MiB` or `600 GiB`"),
    (units.size, "4G", "`4G` is not a size: `G` is no unit; write `4 GB` (1000³ bytes) or `4 GiB` (1024³ bytes)"),
    (units.size, "4Gi", "`4Gi` is not a size: `Gi` is no unit; write `4 GiB`"),
    (units.size, "1.5 B", "`1.5 B` is not a whole number of bytes; the finest size is `1 B`"),
    (units.size, "8388608 TiB", "`8388608 TiB` is more bytes than 64 bits can count; "
                                "the largest size is 8,388,607 TiB"),
    (units.rate, 4, "`4` is not a rate: it does not say per what; write `4/h`, `4/min` or `4/day`"),
    (units.rate, "4 per hour", "`4 per hour` is not a rate: it does not say per what; write `4/h`, `4/min` or `4/day`"),
    (units.rate, "4/5 min", "`4/5 min` is not a rate: `5 min` is no unit of time; "
                            "write a unit alone after the slash: s, min, h, day or week"),
    (units.rate, "1000001/s", "`1000001/s` is more than one a microsecond, the tick of the clock; write a lower rate"),
    (units.rate, "-1/h", "`-1/h` is negative; a rate is 0 or more"),
    (units.cores, "two", "`two` is not a number of cores; write for example `0.5` or `500m`"),
    (units.cores, -1, "`-1` is negative; a number of cores is 0 or more"),
    (units.percent, 0.05, "`0.05` is not a percentage: it has no %; write `5%`"),
    (units.percent, 1, "`1` is not a percentage: it has no %; write `100%`"),
    (units.percent, 95, "`95` is not a percentage: it has no %; write `95%`"),
    (units.money, 0.5, "`0.5` is not an amount of money: it does not start with $; write `$0.5`"),
    (units.money, "5 €", "`5 €` is not an amount of money: it does not start with $; "
                         "write dollars, for example `$0.50`"),
    (units.money, "$-1", "`$-1` is negative; an amount of money is 0 or more"),
])
def test_messages_name_the_fix(read, value, message):
    with pytest.raises(units.UnitError) as caught:
        read(value)
    assert str(caught.value) == message


def test_a_unit_error_is_a_value_error_of_this_package():
    assert issubclass(units.UnitError, (ValueError,)) and issubclass(units.UnitError, SimError)
    assert issubclass(units.UnitError, AdvisedError)


amounts = st.integers(0, 2**63 - 1)
decimals = st.decimals(0, 10**9, allow_nan=False, allow_infinity=False, places=12)


@given(amounts)
def test_a_shown_duration_is_read_back(microseconds):
    assert units.duration(units.show_duration(microseconds)) == microseconds


@given(amounts | st.integers(0, 2**20).map(lambda n: n * 2**20))
def test_a_shown_size_is_read_back(size):
    assert units.size(units.show_size(size)) == size


@given(st.integers(0, 10**9), st.integers(0, 9), st.sampled_from(["s", "min", "h", "day", "week"]))
def test_a_shown_rate_is_read_back(number, places, unit):
    digits = f"{Decimal(number).scaleb(-places):f}"
    rate = Fraction(Decimal(digits)) / {"s": 1, "min": 60, "h": 3600, "day": 86_400, "week": 604_800}[unit]
    if rate <= 10**6:
        assert units.rate(f"{digits}/{unit}") == rate
        assert units.rate(units.show_rate(rate)) == rate


@given(decimals)
def test_shown_cores_money_and_percentages_are_read_back(number):
    assert units.cores(units.show_cores(Fraction(number))) == Fraction(number)
    assert units.percent(units.show_percent(Fraction(number))) == Fraction(number)
    assert units.money(units.show_money(number)) == number


@pytest.mark.parametrize(("microseconds", "text"), [
    (0, "0 s"), (1, "1 us"), (1500, "1.5 ms"), (800_000, "800 ms"), (1_500_000, "1.5 s"), (90_000_000, "1 min 30 s"),
    (300_000_000, "5 min"), (24 * HOUR, "1 day"), (36 * HOUR, "1 day 12 h"), (168 * HOUR, "1 week"),
    (672 * HOUR, "4 weeks"),
])
def test_shown_durations_read_well(microseconds, text):
    assert units.show_duration(microseconds) == text


def test_shown_sizes_rates_and_money_read_well():
    sizes = [units.show_size(n) for n in (0, 512, 600 * 2**20, 10**9, 3 * 2**29, 1769 * 2**20)]
    assert sizes == ["0 B", "512 B", "600 MiB", "1 GB", "1.5 GiB", "1769 MiB"]
    rates = [units.show_rate(units.rate(text)) for text in ("0.2/h", "12/h", "100/day", "1/s", "0/min")]
    assert rates == ["0.2/h", "12/h", "100/day", "1/s", "0/h"]
    assert units.show_rate(Fraction(1, 11)) == "327.272727273/h"
    assert units.show_cores(Fraction(1, 3)) == "0.333333333333"
    assert units.show_money(Decimal("1E-7")) == "$0.0000001"


@given(st.text(max_size=30) | st.floats() | st.integers() | st.none() | st.lists(st.integers(), max_size=2))
def test_anything_else_is_told_not_thrown(value):
    for read in (units.duration, units.size, units.rate, units.cores, units.percent, units.money):
        try:
            read(value)
        except units.UnitError as error:
            assert error.message and str(error) == (f"{error.message}; {error.fix}" if error.fix else error.message)
