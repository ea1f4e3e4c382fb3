"""Counting: against the crude reference, and what must not change it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.billing import Month, Observed, Usage, meter, meter_tokens, rate, tile, turns
from sim.billing.exact import by_day
from sim.catalog.prices import Charge, PriceList, Scope
from sim.engine.contract import State, Warmth
from sim.errors import AdvisedError
from sim.trace.window import Window

from . import reference
from .make import (
    BUSY,
    ENTERING,
    GIB,
    IDLE,
    MIN,
    RESTING,
    STARTING,
    WAKING,
    D,
    H,
    S,
    Span,
    deployment,
    life,
    seen,
    spans_of,
)  # fmt: skip

MONTHS = [Month(2026, 2), Month(2026, 11), Month(2026, 12), Month(2028, 2), Month(2027, 3)]
FLY = deployment("fly/machines", "shared-cpu-1x-1gb")
STARTED = {STARTING, IDLE, BUSY, ENTERING, WAKING}


def charge(id: str = "time", **terms: object) -> Charge:
    given = {"id": id, "item": id, "meter": "started", "rate": "$1", "per": "h", "standing": "vendor",
             "source": "a test", "as_of": "2026-11-01", **terms}
    return Charge.model_validate(given)


def listed(*charges: Charge, **terms: object) -> PriceList:
    return PriceList.model_validate({"book": "test", "platform": "fly", "title": "a test", "charges": charges, **terms})


@st.composite
def lives(draw: st.DrawFn, days: int, step: int, instances: int = 4) -> list[Span]:
    """Instances that start, work, rest and wake on a clock of some minutes, perhaps beyond the horizon."""
    spans: list[Span] = []
    for instance in range(draw(st.integers(0, instances))):
        begin = draw(st.integers(0, days * D // step)) * step if draw(st.booleans()) else 0
        lengths = st.integers(1, draw(st.sampled_from([3, 40, 2 * days * D // step]))).map(lambda n: n * step)
        phases: list[tuple[State, int] | tuple[State, int, int]] = []
        if draw(st.booleans()):
            phases.append((STARTING, draw(lengths)))
        for _ in range(draw(st.integers(1, 4))):
            phases += [(state, draw(lengths)) for state in draw(st.lists(st.sampled_from([IDLE, BUSY]), max_size=3))]
            if draw(st.booleans()):
                phases += [(ENTERING, draw(lengths), 0), (RESTING, draw(lengths), 0)]
                phases += [(WAKING, draw(lengths), 0)] if draw(st.booleans()) else []
        if draw(st.booleans()):
            phases.append((BUSY, 3 * days * D))
        spans += life(instance, begin, *phases)
    return spans


def used(spans: list[Span] | Observed, days: int, month: Month, *charges: Charge) -> Usage:
    run = spans if isinstance(spans, Observed) else seen(days * D, spans)
    return meter(run, FLY, listed(*charges), month)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from([1, 2, 7, 14, 30, 35]), st.sampled_from(MONTHS), st.booleans())
def test_time_is_that_of_the_reference(data: st.DataObject, days: int, month: Month, by_start: bool) -> None:
    step, warm_up = 7 * MIN, data.draw(st.sampled_from([0, 1, 7])) * D
    spans = data.draw(lives(days + warm_up // D, step))
    round_up, minimum = data.draw(st.sampled_from([S, 11 * MIN, H])), data.draw(st.sampled_from([0, MIN, 20 * MIN]))
    terms = {"scope": Scope.START if by_start else Scope.INTERVAL, "round_up": f"{round_up // S} s",
             "minimum": f"{minimum // S} s"}
    run = seen(days * D, spans, warm_up=warm_up)
    usage = used(run, days, month, charge(**terms), charge("capped", cap="$5", **terms))
    tiled = reference.simulated_days(month.year, month.number, days)
    found = reference.records(spans, STARTED, by_start, days, warm_up)
    assert usage.used["time"].quantity == Fraction(reference.month_time(found, tiled, round_up, minimum), H)
    counts = reference.by_instance(found, tiled, reference.pairs(spans, warm_up, warm_up + days * D), round_up, minimum)
    assert dict(usage.used["capped"].instances) == {Fraction(time, H): count for time, count in counts.items()}
    assert usage.used["capped"].quantity == usage.used["time"].quantity


@settings(max_examples=25, deadline=None)
@given(st.data(), st.sampled_from([1, 2]), st.integers(0, 4))
def test_idle_within_the_minimum_is_that_of_the_reference(data: st.DataObject, days: int, minimum: int) -> None:
    step, month = 2 * H, Month(2026, 11)
    spans = data.draw(lives(days, step))
    bound = replace(deployment("cloud-run/request-based"), minimum=minimum)
    book = listed(charge("idle", meter="idle"))
    run = seen(days * D, spans)
    expected = reference.idle_in_minimum(spans, minimum, reference.simulated_days(2026, 11, days), days, step)
    assert meter(run, bound, book, month).used["idle"].quantity == Fraction(expected, H)
    # Instances of two pools do not make up for each other.
    twice = spans + [(instance + 10, *rest) for instance, *rest in spans]
    pool = np.array([0] * 10 + [1] * 10)
    both = replace(seen(days * D, twice), pool=pool)
    assert meter(both, bound, book, month).used["idle"].quantity == 2 * Fraction(expected, H)


@settings(max_examples=40, deadline=None)
@given(st.data(), st.sampled_from([2, 7, 31]), st.sampled_from(MONTHS))
def test_cutting_and_renumbering_change_nothing(data: st.DataObject, days: int, month: Month) -> None:
    spans = data.draw(lives(days, 13 * MIN))
    charges = [charge("a", round_up="1 h", minimum="2 h"), charge("b", round_up="1 h", scope="start"),
               charge("c", cap="$3", round_up="7 min"), charge("d", meter="suspended"), charge("e", scope="month")]
    whole = used(spans, days, month, *charges)
    cut: list[Span] = []
    for instance, state, rung, begin, end in spans:
        middle = data.draw(st.integers(begin + 1, end - 1)) if end - begin > 1 else begin
        cut += [(instance, state, rung, begin, middle), (instance, state, rung, middle, end)]
    assert used(cut, days, month, *charges) == whole
    # Which server goes on as which when the days come round again goes by number, so a cap may be reached by another.
    numbers = data.draw(st.permutations(range(4)))
    renumbered = [(numbers[instance], *rest) for instance, *rest in spans]
    free = [one for one in charges if one.cap is None and one.round_up == 1]
    assert used(renumbered, days, month, *free) == used(spans, days, month, *free)


@settings(max_examples=40, deadline=None)
@given(st.data(), st.sampled_from([(1, Month(2026, 11)), (7, Month(2026, 2)), (30, Month(2026, 11))]))
def test_longer_never_costs_less(data: st.DataObject, run: tuple[int, Month]) -> None:
    # Every day of these runs stands for as many days of the month. Else there is an exception by a rounding: when what
    # a record adds on Monday shrinks by what it lasts longer on Tuesday, and the month has a Monday more.
    days, month = run
    spans = data.draw(lives(days, 13 * MIN))
    if not spans:
        return
    # Another exception is true to life: a server kept all month is capped once, one replaced every week never is. So
    # the cap is tried on a run of the month itself.
    capped = [charge("c", cap="$300", least="$1", round_up="7 min")] if days == month.days else []
    book = listed(charge("a", round_up="1 h", minimum="90 min"), *capped,
                  charge("d", rate="$2", allowance="free", whole_units=True, tiers=[{"above": 50, "rate": "$0.50"}]),
                  allowances={"free": {"quantity": 20, "per": "h", "standing": "vendor", "source": "a test",
                                       "as_of": "2026-11-01"}})
    last = max(range(len(spans)), key=lambda number: (spans[number][0], spans[number][4]))
    end = spans[last][4] + data.draw(st.integers(1, days * D))
    longer = [*spans[:last], (*spans[last][:4], end), *spans[last + 1:]]
    before, after = (rate(meter(seen(days * D, some), FLY, book, month), book, month) for some in (spans, longer))
    assert after.total() >= before.total()


@pytest.mark.parametrize("month", MONTHS, ids=str)
@pytest.mark.parametrize("days", [1, 2, 5, 7, 14, 28, 30, 31, 35, 56])
def test_what_is_always_there_is_there_all_month(month: Month, days: int) -> None:
    usage = used(life(0, 0, (IDLE, days * D)), days, month, charge(), charge("capped", cap="$5", round_up="1 h"))
    assert usage.used["time"].quantity == 24 * month.days
    assert usage.used["capped"].instances == ((Fraction(24 * month.days), 1),)


def test_days_stand_for_days() -> None:
    # November 2026 begins on a Sunday, which is day 6. One week: Sunday and Monday five times, the others four times.
    assert tile(Month(2026, 11), 7 * D).weights == [5, 4, 4, 4, 4, 4, 5]
    # Two weeks: 6 to 13, then 0 to 13, then 0 to 7.
    assert tile(Month(2026, 11), 14 * D).days == (*range(6, 14), *range(14), *range(8))
    # Five days are no weeks: six times round.
    assert tile(Month(2026, 11), 5 * D).weights == [6] * 5
    assert tile(Month(2026, 11), 35 * D).days == (*range(6, 35), 0)
    assert tile(Month(2026, 2), 40 * D).days == tuple(range(28))
    assert tile(Month(2026, 11), 7 * D).runs == ((6, 7), *[(0, 7)] * 4, (0, 1))


@pytest.mark.parametrize("horizon", [0, D - 1, D + H])
def test_a_horizon_of_part_days_is_refused(horizon: int) -> None:
    with pytest.raises(AdvisedError, match="whole days"):
        tile(Month(2026, 11), horizon)


@pytest.mark.parametrize("text", ["2026-13", "2026-1", "November", "0000-01", "2026-11-01"])
def test_what_is_no_month(text: str) -> None:
    with pytest.raises(AdvisedError, match="is not a month"):
        Month.parse(text)


def test_a_record_across_midnight_is_rounded_up_once_where_it_begins() -> None:
    # 23:50 to 0:15 on day 0 and 1 of two; 25 min are billed as 1 h. Of the two days, day 0 stands for 15 of November
    # with 10 + 35 min, day 1 for 15 with 15 min.
    spans = life(0, 23 * H + 50 * MIN, (BUSY, 25 * MIN))
    assert used(spans, 2, Month(2026, 11), charge(round_up="1 h")).used["time"].quantity == 15
    capped = used(spans, 2, Month(2026, 11), charge(round_up="1 h", cap="$9"))
    assert capped.used["time"].instances == ((Fraction(1), 15),)
    # In a run of 31 days for a month of 30 the last day is not billed, nor what its record adds.
    late = life(0, 30 * D - 10 * MIN, (BUSY, 25 * MIN))
    assert used(late, 31, Month(2026, 11), charge(round_up="1 h")).used["time"].quantity == Fraction(45, 60)


def test_nothing_from_the_horizon_on_is_billed() -> None:
    spans = life(0, 0, (IDLE, 40 * D)) + life(1, 30 * D, (BUSY, D)) + life(2, 30 * D - H, (BUSY, 5 * H))
    assert used(spans, 30, Month(2026, 11), charge()).used["time"].quantity == 721
    requests = [(30 * D - S, 30 * D + S, 2, Warmth.WARM), (30 * D, 30 * D + S, 1, Warmth.WARM),
                (-1, D, -1, Warmth.WARM), (29 * D, -1, 2, Warmth.WARM)]
    run = seen(30 * D, spans, requests, steps=[(30 * D, 7, 9, 0, 9, 0), (30 * D - 1, 7, 9, 0, 9, 0)])
    bound = deployment("aws-lambda/x86")
    book = listed(charge("count", meter="invocation", measure="requests", per="requests"),
                  charge("duration", meter="invocation", scope="request", per="s"),
                  charge("cpu", meter="invocation", measure="cpu", per="s"))
    usage = meter(run, bound, book, Month(2026, 11))
    assert usage.used["count"].quantity == 2
    assert usage.used["duration"].quantity == 1 + 86_400
    assert usage.used["cpu"].quantity == Fraction(7, S)


def test_cpu_of_steps_that_were_cut_off_is_used_when_they_were() -> None:
    # Of 7 days, after a warm-up of one. A step of 5 s of CPU ended on the first; 3 s were done on one that was cut off
    # in the last microsecond, 4 s in the warm-up, and 6 s too late.
    run = seen(7 * D, warm_up=D, steps=[(2 * D - 1, 5 * S, 0, 0, 0, 0)],
               cut_off=[(8 * D - 1, 3 * S), (D - 1, 4 * S), (8 * D, 6 * S), (3 * D, 0)])
    book = listed(charge("cpu", meter="invocation", measure="cpu", per="s"))
    usage = meter(run, deployment("aws-lambda/x86"), book, Month(2026, 10))
    assert usage.used["cpu"].quantity == sum(weight * cpu for weight, cpu in zip(
        tile(Month(2026, 10), 7 * D).weights, (5, 0, 0, 0, 0, 0, 3), strict=True))


def test_the_start_goes_to_the_first_request_that_waited_for_it() -> None:
    # Two cold requests on instance 0, whose start took 3 s; a warm one on instance 1, whose start nobody waited for.
    spans = life(0, 0, (STARTING, 3 * S), (BUSY, 10 * S)) + life(1, 0, (STARTING, 5 * S), (BUSY, 10 * S))
    requests = [(3 * S, 5 * S, 0, Warmth.COLD), (3 * S, 4 * S, 0, Warmth.COLD), (7 * S, 8 * S, 1, Warmth.WARM)]
    bound = deployment("aws-lambda/x86")
    book = listed(charge("with", meter="invocation", scope="request", per="s", with_start=True, round_up="4 s"),
                  charge("without", meter="invocation", scope="request", per="s"))
    usage = meter(seen(D, spans, requests), bound, book, Month(2026, 11))
    assert usage.used["with"].quantity == 30 * (8 + 4 + 4)  # 3 + 2 = 5 s are billed as 8, 1 s as 4, 1 s as 4
    assert usage.used["without"].quantity == 30 * (2 + 1 + 1)


def test_a_start_is_one_record_and_a_wake_begins_another() -> None:
    # 10 min, at rest, 10 min: with the scope of a start each is billed as an hour; a meter that also runs at rest makes
    # one record of it all.
    spans = life(0, 0, (STARTING, MIN), (BUSY, 9 * MIN), (RESTING, H, 0), (WAKING, MIN, 0), (IDLE, 9 * MIN))
    assert used(spans, 1, Month(2026, 11), charge(round_up="1 h", scope="start")).used["time"].quantity == 60
    always = deployment("hetzner/cx23", "cx23")
    book = listed(charge(meter="server", round_up="1 h"))
    whole = life(0, 0, (STARTING, MIN), (BUSY, 9 * MIN), (IDLE, H), (BUSY, 20 * MIN))
    assert meter(seen(D, whole), always, book, Month(2026, 11)).used["time"].quantity == 60
    # Idle between requests: with the scope of a start the two served parts are one record, as an interval two.
    served = life(0, 0, (STARTING, MIN), (BUSY, 9 * MIN), (IDLE, H), (BUSY, 20 * MIN))
    bound = deployment("cloud-run/request-based")
    book = listed(charge("start", meter="active", round_up="1 h", scope="start"),
                  charge("interval", meter="active", round_up="1 h"))
    usage = meter(seen(D, served), bound, book, Month(2026, 11))
    assert (usage.used["start"].quantity, usage.used["interval"].quantity) == (30, 60)


def test_an_allowance_is_not_a_share_of_a_month() -> None:
    # An hour on the one simulated day, 30 in the month: 20 are free, not 20/30 of a day's.
    free = {"quantity": 20, "per": "h", "standing": "vendor", "source": "a test", "as_of": "2026-11-01"}
    book = listed(charge(allowance="free"), allowances={"free": free})
    made = rate(meter(seen(D, life(0, 0, (BUSY, H))), FLY, book, Month(2026, 11)), book, Month(2026, 11))
    assert [(line.quantity, line.free, line.billable, line.amount) for line in made.lines] == [(30, 20, 10, 10)]


def test_a_cap_is_of_each_server_and_not_of_days() -> None:
    # A server that lives six days of the simulated week is four or five servers, none of which reaches the cap of 200.
    week = life(0, D, (IDLE, 6 * D))
    usage = used(week, 7, Month(2026, 11), charge(cap="$200"))
    assert usage.used["time"].instances == ((Fraction(24), 1), (Fraction(144), 4))
    month_long = used(life(0, 0, (IDLE, 7 * D)), 7, Month(2026, 11), charge(cap="$200"))
    book = listed(charge(cap="$200"))
    assert rate(month_long, book, Month(2026, 11)).total() == 200
    assert rate(usage, book, Month(2026, 11)).total() == 600


def test_the_month_is_the_calendars() -> None:
    for month in MONTHS:
        spans = life(0, 0, (IDLE, 7 * D))
        book = listed(charge("m", per="month"), charge("d", per="30d"), charge("h", per="730h"))
        usage = used(spans, 7, month, *book.charges)
        assert usage.used["m"].quantity == 1
        assert usage.used["d"].quantity == Fraction(month.days, 30)
        assert usage.used["h"].quantity == Fraction(month.days * 24, 730)


def test_rounding_of_the_whole_month() -> None:
    usage = used(life(0, 0, (BUSY, MIN)), 1, Month(2026, 11), charge(scope="month", round_up="1 h"))
    assert usage.used["time"].quantity == 1
    assert used([], 1, Month(2026, 11), charge(scope="month", minimum="1 h")).used["time"].quantity == 0


def test_huge_numbers_are_exact() -> None:
    assert by_day(np.array([0]), np.array([400 * D]), 400, np.array([10**7])).tolist() == [D * 10**7] * 400
    steps = [(H, 0, 2**62, 2**61, 2**60 + 1, 0)] * 50
    book = listed(*(charge(kind, meter="big", measure=kind, group="llm", per="1M tokens")
                    for kind in ("input", "cached", "output")))
    usage = meter_tokens(seen(D, steps=steps), ["big"], book, Month(2026, 12))
    assert usage.used["output"].quantity == Fraction(31 * 50 * (2**60 + 1), 10**6)
    assert usage.used["input"].quantity == usage.used["cached"].quantity == Fraction(31 * 50 * 2**61, 10**6)


def test_a_million_spans() -> None:
    # A hundred thousand machines, each ten times up for 61.5 s: 1e6 records of 62 s, on one simulated day.
    count, ups = 100_000, 10
    begin = np.tile(np.arange(ups) * 2 * H, count)
    instance = np.repeat(np.arange(count), ups)
    made = spans_of([])
    made = replace(made, instance=instance, state=np.full(count * ups, BUSY, np.int8),
                   rung=np.full(count * ups, -1, np.int8), begin=begin, end=begin + 61_500_000)
    usage = used(seen(D, made), 1, Month(2026, 11), charge(per="s", round_up="1 s"), charge("c", cap="$1", per="s"))
    assert usage.used["time"].quantity == 30 * count * ups * 62
    assert usage.used["c"].instances == ((Fraction(615), 30 * count),)


PAUSED, KEPT = 0, 1
EVENTS = life(0, H, (STARTING, S), (BUSY, H), (ENTERING, S, PAUSED), (RESTING, 9 * H, PAUSED), (WAKING, S, PAUSED),
              (BUSY, H), (RESTING, H, PAUSED), (ENTERING, S, KEPT), (RESTING, 40 * H, KEPT), (WAKING, S, KEPT),
              (BUSY, H))


@pytest.mark.parametrize(("measure", "meter_name", "counts"), [
    # Day by day: starts of those that were not there at the begin; into and out of each rung.
    ("starts", "running", [2, 0, 0]), ("enters", "paused", [2, 0, 0]), ("wakes", "paused", [1, 0, 0]),
    ("enters", "kept", [1, 0, 0]), ("wakes", "kept", [0, 0, 1]),
])  # fmt: skip
def test_turns_are_counted_on_the_day_they_begin(measure: str, meter_name: str, counts: list[int]) -> None:
    # Beside it an instance that rests from before the run begins, and one that starts without any time.
    spans = spans_of([*EVENTS, *life(1, 0, (RESTING, 2 * D, PAUSED)), *life(2, 5 * H, (BUSY, H))])
    rungs = [level for level, name in enumerate(("paused", "kept")) if name == meter_name]
    window = Window(0, 3 * D)
    made = (turns.starts(spans, window) if measure == "starts"
            else (turns.enters if measure == "enters" else turns.wakes)(spans, rungs, window))
    assert list(made) == counts
    # After a warm-up of two days only the third is left.
    later = Window(2 * D, 3 * D)
    made = (turns.starts(spans, later) if measure == "starts"
            else (turns.enters if measure == "enters" else turns.wakes)(spans, rungs, later))
    assert list(made) == counts[2:]


def test_each_turn_counts_its_basis() -> None:
    # E2B's sandbox of 2 GiB, paused once a day and woken once: 28 x 2 GiB each way, and 28 starts.
    book = listed(charge("x", meter="paused", measure="enters", basis="memory", per="GiB"),
                  charge("y", meter="paused", measure="wakes", basis="memory", per="GiB", amount="0.5"),
                  charge("z", meter="running", measure="starts", per="1K starts"))
    day = life(0, 0, (STARTING, S), (BUSY, H), (ENTERING, S, 0), (RESTING, H, 0), (WAKING, S, 0), (BUSY, H))
    made = meter(seen(D, day), deployment("e2b/sandbox", memory=2 * GIB), book, Month(2026, 2)).used
    assert {name: one.quantity for name, one in made.items()} == {"x": 56, "y": 28, "z": Fraction(28, 1000)}


def test_memory_in_use_is_that_of_the_runtime_and_of_requests() -> None:
    # Busy and idle from 1:00 to 5:00 with the runtime's memory; two requests of 256 MiB each for an hour, one from
    # 23:30 on of which half an hour is in the window. 28 days.
    bound = deployment("e2b/sandbox", memory=2 * GIB)
    book = listed(charge("x", meter="running", measure="memory", per="GiB-h"))
    spans = life(0, H, (BUSY, 2 * H), (IDLE, 2 * H))
    run = seen(D, spans, [(H, 2 * H, 0, Warmth.WARM), (H, 2 * H, 0, Warmth.WARM), (D - H // 2, -1, 0, Warmth.WARM)])
    made = meter(run, bound, book, Month(2026, 2)).used["x"].quantity
    assert made == 28 * (4 * Fraction(bound.base_memory, GIB) + Fraction("2.5") * Fraction(1, 4))


def test_provisioned_capacity_is_paid_whether_it_is_there_or_not() -> None:
    # Three instances of 2 GiB, all February.
    book = listed(charge("x", meter="running", measure="provisioned", basis="memory", per="GiB-h"))
    bound = deployment("e2b/sandbox", memory=2 * GIB, minimum=3)
    assert meter(seen(D), bound, book, Month(2026, 2)).used["x"].quantity == 3 * 2 * 672
    none = deployment("e2b/sandbox", memory=2 * GIB)
    assert meter(seen(D), none, book, Month(2026, 2)).used["x"].quantity == 0


def test_a_long_request_is_charged_as_several() -> None:
    # Up to 256 KiB one, then one for each 64 KiB: 200 KiB is 1, 257 KiB 2, 448 KiB 4; and one that never began none.
    book = listed(charge("x", meter="invocation", measure="requests", per="requests",
                         payload={"first": "256 KiB", "then": "64 KiB"}),
                  charge("y", meter="invocation", measure="requests", per="requests"))
    asked = [(H, 2 * H, 0, Warmth.WARM)] * 3 + [(-1, -1, 0, Warmth.WARM)]
    run = seen(D, life(0, 0, (BUSY, D)), asked)
    bound, month = deployment("aws-lambda/x86", memory=GIB), Month(2026, 2)
    large = replace(run, requests=replace(run.requests, payload=np.array([200, 257, 448, 999], dtype=np.int64) * 1024))
    made = [{name: one.quantity for name, one in meter(one, bound, book, month).used.items()} for one in (run, large)]
    assert made == [{"x": 28 * 3, "y": 28 * 3}, {"x": 28 * 7, "y": 28 * 3}]


def test_what_only_a_person_counts_is_not_in_the_bill_of_a_run() -> None:
    book = listed(charge("x", meter="running", measure="count", per="GB"), charge("y", meter="running"))
    assert set(meter(seen(D), deployment("e2b/sandbox"), book, Month(2026, 2)).used) == {"y"}
