"""The bill as it accumulates over the days of a month."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim import catalog
from sim.billing import Invoice, Month, Observed, accumulate, amounts, bill, tile
from sim.catalog.prices import PriceList, Scope, books, prices
from sim.engine.contract import Warmth
from sim.errors import AdvisedError

from . import reference
from .make import BUSY, GIB, IDLE, MIN, RESTING, STARTING, D, Deployment, H, S, Span, deployment, life, seen
from .test_metering import FLY, MONTHS, STARTED, charge, listed, lives

NOVEMBER = Month(2026, 11)
TOKENS = prices("list-2026", "llm")
PLATFORMS = [name for name in catalog.platform_ids() if name.partition("/")[0] != "llm"]
NO_TOKENS = listed(charge("none", meter="none", measure="input", group="llm", per="tokens"))


def curve(run: Observed, bound: Deployment, book: PriceList, month: Month = NOVEMBER) -> tuple[Invoice, ...]:
    """The curve of a run without language models."""
    return accumulate(run, bound, [], month, book, NO_TOKENS if book.book == "test" else TOKENS)


def dollars(made: tuple[Invoice, ...]) -> list[Fraction | None]:
    return list(amounts(made)["total"])


def busy(hours: Fraction | int, days: int = 1) -> list[Span]:
    """Busy at noon of every simulated day, each time a new instance."""
    return [span for day in range(days) for span in life(day, day * D + 12 * H, (BUSY, int(hours * H)))]


# Worked by hand ------------------------------------------------------------------------------------------------------


def test_a_server_with_a_cap() -> None:
    # Hetzner CX23: 24 h x $0.0104 = $0.2496 a day, at most $6.49, which is reached on day 27 (26 days are $6.4896);
    # the address 24 h x $0.0010 = $0.024 a day, at most $0.60, which is reached as day 25 ends.
    made = curve(seen(7 * D, life(0, 0, (IDLE, 7 * D))), deployment("hetzner/cx23", "cx23"),
                 prices("list-2026", "hetzner"))
    expected = [Fraction(day) * Fraction("0.2736") for day in range(26)] + [Fraction("7.0896")] + [Fraction("7.09")] * 4
    assert dollars(made) == expected


def test_an_allowance_that_is_used_up() -> None:
    # Lambda with 2 GiB: 15,000 s a day are 30,000 GB-s; 400,000 are free, so that the 14th day costs for 20,000 and
    # each later one for 30,000, at $0.0000166667. The requests stay within their million.
    requests = [(hour * H, hour * H + 1000 * S, 0, Warmth.WARM) for hour in range(15)]
    run = seen(D, life(0, 0, (BUSY, 15 * H)), requests)
    made = curve(run, deployment("aws-lambda/x86", memory=2 * GIB), prices("list-2026", "aws-lambda/x86"))
    paid = [max(0, 30_000 * day - 400_000) for day in range(31)]
    assert paid[13:16] == [0, 20_000, 50_000]
    assert dollars(made) == [quantity * Fraction("0.0000166667") for quantity in paid]


def test_a_plan_is_due_when_the_month_begins() -> None:
    # Cloudflare, $5 with 375 vCPU-min, 25 GiB-h and 200 GB-h of disk. Nothing is used on the first simulated days, a
    # Monday to a Wednesday; November begins on a Sunday. 1 GiB for 5 h each Thursday to Sunday, so that 25 GiB-h are
    # used up after five such days: 1, 5, 6, 7 and 8 November. From then on 18,000 GiB-s x $0.0000025 = $0.045.
    spans = [span for day in (3, 4, 5, 6) for span in life(day, day * D + H, (BUSY, 5 * H))]
    bound = deployment("cloudflare/containers", vcpu=1, memory=GIB)
    made = curve(seen(7 * D, spans), bound, prices("list-2026", "cloudflare"))
    at_work = [day for day in range(1, 31) if (day + 5) % 7 >= 3]  # the 1st is day 6
    assert at_work[:6] == [1, 5, 6, 7, 8, 12]
    of_memory = [next((line.amount for line in one.lines if line.charge == "memory"), Fraction(0)) for one in made]
    paid = [max(0, sum(day <= until for day in at_work) - 5) for until in range(31)]
    assert of_memory == [Fraction("0.045") * days for days in paid]
    assert dollars(made)[0] == 5
    assert min(amount for amount in dollars(made) if amount is not None) == 5


def test_a_credit_and_tiers() -> None:
    # 10 h a day: $1 an hour up to 100 h, then $0.50. $30 are taken off: nothing is owed for three days.
    credit = {"item": "credit", "amount": "$30", "standing": "vendor", "source": "a test", "as_of": "2026-11-01"}
    book = listed(charge(tiers=[{"above": 100, "rate": "$0.50"}]), credits=[credit])
    made = curve(seen(D, busy(10)), FLY, book)
    assert dollars(made) == [0, 0, 0, 0, *(10 * day - 30 for day in range(4, 11)), *(70 + 5 * n for n in range(1, 21))]
    taken = [one.lines[-1].amount for one in made[1:]]
    assert taken[:4] == [-10, -20, -30, -30], "the line of a credit falls while the total does not"


def test_what_the_month_adds_is_there_from_the_first_use_on() -> None:
    # A minute each Tuesday; the month is one record of at least an hour, in whole hours; whole hours are billed, too.
    spans = life(0, D + H, (BUSY, MIN))
    made = curve(seen(7 * D, spans), FLY, listed(charge(scope="month", minimum="1 h", round_up="1 h")))
    assert dollars(made) == [0, 0, 0, *[1] * 28]  # the 3rd is the first Tuesday
    made = curve(seen(7 * D, spans), FLY, listed(charge(whole_units=True)))
    assert dollars(made) == [0, 0, 0, *[1] * 28]


def test_tokens_and_groups() -> None:
    # 1,000 prompt tokens on day 0 and 3,000 on day 1, in turn, at $3 a million.
    run = seen(2 * D, busy(1), steps=[(H, 0, 1000, 0, 0, 0), (D + H, 0, 3000, 0, 0, 0)])
    made = accumulate(run, deployment("hetzner/cx23", "cx23"), ["mid-tier"], NOVEMBER, prices("list-2026", "hetzner"),
                      TOKENS)
    told = amounts(made)
    assert list(told["llm"]) == [Fraction(3, 1000) * (day // 2 * 4 + day % 2) for day in range(31)]
    assert set(told) == {"total", "infrastructure", "llm", "orchestration", "labour"}
    assert set(told["labour"]) == {0}
    for total, *parts in zip(*(told[name] for name in told), strict=True):
        assert total == sum(parts)


def test_without_a_price_there_is_no_sum_from_the_first_use_on() -> None:
    # The list has no price for what is at rest, which begins on day 2 of the simulated five.
    book = listed(charge("rest", meter="suspended", rate=None), charge())
    made = curve(seen(5 * D, life(0, 0, (BUSY, 2 * D), (RESTING, D, 0))), FLY, book)
    assert dollars(made) == [0, 24, 48, *[None] * 28]
    assert [one.complete() for one in made] == [True] * 3 + [False] * 28


# What is always so ---------------------------------------------------------------------------------------------------


@st.composite
def runs(draw: st.DrawFn, days: int) -> Observed:
    """Instances, some requests on them, and calls of a model."""
    spans = draw(lives(days, 13 * MIN))
    instances = sorted({span[0] for span in spans}) or [0]
    times = st.integers(0, days * D + D)
    requests = []
    for at in draw(st.lists(times, max_size=6)):
        # Nothing begins on an instance before that has started.
        instance, warmth = draw(st.sampled_from(instances)), draw(st.sampled_from([Warmth.WARM, Warmth.COLD]))
        begin = max([at, *(end for number, state, _, _, end in spans if number == instance and state is STARTING)])
        requests.append((begin, draw(st.sampled_from([-1, begin, begin + H, begin + D])), instance, warmth))
    steps = [(at, *draw(st.tuples(*[st.integers(0, 10**12)] * 2)), 0, draw(st.integers(0, 10**9)), 0)
             for at in draw(st.lists(times, max_size=6))]
    return seen(days * D, spans, requests, steps)


@pytest.mark.parametrize("book", books())
@settings(max_examples=60, deadline=None)
@given(data=st.data(), days=st.sampled_from([1, 2, 7, 14, 30, 35]), month=st.sampled_from(MONTHS))
def test_it_rises_to_the_bill(book: str, data: st.DataObject, days: int, month: Month) -> None:
    platform = data.draw(st.sampled_from(PLATFORMS))
    sizes = sorted(catalog.profile(platform).sizes)
    bound = deployment(platform, data.draw(st.sampled_from(sizes)) if sizes else None, minimum=1)
    run, lists = data.draw(runs(days)), (prices(book, platform), prices(book, "llm"))
    made = accumulate(run, bound, ["mid-tier"], month, *lists)
    assert len(made) == month.days + 1
    assert made[-1] == bill(run, bound, ["mid-tier"], month, *lists)
    for told in amounts(made).values():
        known = [amount for amount in told if amount is not None]
        assert known == sorted(known)
        assert list(told) == known + [None] * (len(told) - len(known))


@settings(max_examples=40, deadline=None)
@given(st.data(), st.sampled_from([1, 2, 7, 14, 30, 35]), st.sampled_from(MONTHS), st.booleans())
def test_each_day_is_that_of_the_reference(data: st.DataObject, days: int, month: Month, by_start: bool) -> None:
    step = 7 * MIN
    spans = data.draw(lives(days, step))
    round_up, minimum = data.draw(st.sampled_from([S, 11 * MIN, H])), data.draw(st.sampled_from([0, MIN, 20 * MIN]))
    free, cap, least = data.draw(st.integers(0, 400)), data.draw(st.integers(3, 200)), data.draw(st.integers(0, 3))
    terms = {"scope": Scope.START if by_start else Scope.INTERVAL, "round_up": f"{round_up // S} s",
             "minimum": f"{minimum // S} s"}
    allowance = {"quantity": free, "per": "h", "standing": "vendor", "source": "a test", "as_of": "2026-11-01"}
    book = listed(charge("time", allowance="free", **terms), charge("rest", meter="suspended", rate="$0"),
                  charge("capped", cap=f"${cap}", least=f"${least}", **terms), allowances={"free": allowance})
    made = curve(seen(days * D, spans), FLY, book, month)
    tiled = reference.simulated_days(month.year, month.number, days)
    found = reference.records(spans, STARTED, by_start, days)
    day = data.draw(st.integers(0, month.days))
    hours = Fraction(reference.month_time(found, tiled[:day], round_up, minimum), H)
    each = reference.by_instance(found, tiled[:day], reference.pairs(spans, 0, days * D), round_up, minimum)
    capped = sum(count * min(max(Fraction(time, H), least), cap) for time, count in each.items() if time)
    assert dollars(made)[day] == max(0, hours - free) + capped


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 24), st.integers(0, 600))
def test_a_free_allowance_is_flat_until_used_up(hours: int, free: int) -> None:
    allowance = {"quantity": free, "per": "h", "standing": "vendor", "source": "a test", "as_of": "2026-11-01"}
    made = curve(seen(D, life(0, 0, (BUSY, hours * H))), FLY, listed(charge(allowance="free"),
                 allowances={"free": allowance}))
    free_days = min(30, free // hours)
    assert dollars(made)[: free_days + 1] == [0] * (free_days + 1)
    rises = [after - before for before, after in zip(dollars(made), dollars(made)[1:], strict=False)]
    assert rises[free_days + 1:] == [hours] * len(rises[free_days + 1:])
    if free_days < 30:
        assert 0 < rises[free_days] <= hours


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 800), st.integers(1, 3), st.sampled_from(MONTHS))
def test_a_cap_is_flat_once_reached(cap: int, servers: int, month: Month) -> None:
    spans = [span for server in range(servers) for span in life(server, 0, (IDLE, 7 * D))]
    made = curve(seen(7 * D, spans), FLY, listed(charge(cap=f"${cap}")), month)
    assert dollars(made) == [servers * min(24 * day, cap) for day in range(month.days + 1)]


@pytest.mark.parametrize("month", MONTHS, ids=str)
@pytest.mark.parametrize("days", [1, 2, 5, 7, 14, 28, 30, 31, 35, 56])
def test_first_days_of_a_tiling(month: Month, days: int) -> None:
    whole = tile(month, days * D)
    assert whole.until(month.days) == whole
    assert whole.until(0).runs == ()
    for day in range(month.days + 1):
        part = whole.until(day)
        assert tuple(simulated for first, last in part.runs for simulated in range(first, last)) == part.days
        assert all((before[1], after[0]) == (days, 0) for before, after in pairwise(part.runs))


def test_a_horizon_of_part_days_is_refused() -> None:
    with pytest.raises(AdvisedError, match="whole days"):
        curve(seen(D + H), FLY, listed(charge()))


def test_price_lists_of_two_books_make_no_curve() -> None:
    with pytest.raises(ValueError, match="article-2026"):
        accumulate(seen(D), FLY, [], NOVEMBER, prices("list-2026", "fly"), prices("article-2026", "llm"))
