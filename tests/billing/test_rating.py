"""Pricing of quantities."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.billing import Invoice, Month, Unpriced, Usage, Used, rate
from sim.catalog.figures import Standing
from sim.catalog.prices import Charge, Group, PriceList
from sim.errors import UnknownName

from .reference import priced
from .test_worked import invoice
from .worked import WORKED

NOVEMBER = Month(2026, 11)
STATED: Mapping[str, Any] = {"standing": "vendor", "source": "a test", "as_of": "2026-11-01"}


def charge(id: str = "x", **terms: object) -> Charge:
    given = {"id": id, "item": f"the {id}", "meter": "m", "rate": "$1", "per": "h", **STATED, **terms}
    return Charge.model_validate(given)


def listed(*charges: Charge, **terms: object) -> PriceList:
    return PriceList.model_validate({"book": "test", "platform": "p", "title": "a test", "charges": charges, **terms})


def bill(book: PriceList, *unpriced: Unpriced, **used: Fraction | int | str) -> Invoice:
    return rate(Usage({name: Used(Fraction(quantity)) for name, quantity in used.items()}, unpriced), book, NOVEMBER)


quantities = st.fractions(0, 10**9, max_denominator=3600)
dollars = st.decimals(0, 1000, places=10)


@given(quantities, dollars, st.integers(1, 1000))
def test_scaling_a_price_scales_its_line(quantity: Fraction, each: Decimal, times: int) -> None:
    tiers = [{"above": 10, "rate": each / 2}]
    free = {"allowances": {"free": {"quantity": 3, "per": "h", **STATED}}}
    one = bill(listed(charge(rate=each, tiers=tiers, allowance="free"), charge("y"), **free), x=quantity, y=1)
    tiers = [{"above": 10, "rate": each / 2 * times}]
    more = bill(listed(charge(rate=each * times, tiers=tiers, allowance="free"), charge("y"), **free), x=quantity, y=1)
    assert more.total() - 1 == times * (one.total() - 1)
    assert more.lines[-1] == one.lines[-1]


@given(quantities, st.fractions(0, 1000), st.fractions(0, 100), st.lists(dollars, min_size=4, max_size=4))
def test_tiers_are_those_of_the_reference(
    quantity: Fraction, free: Fraction, width: Fraction, rates: list[Decimal]
) -> None:
    bounds = [Fraction(10), 10 + width + 1, Fraction(10**6)]
    tiers = [{"above": bound, "rate": one} for bound, one in zip(bounds, rates[1:], strict=True)]
    book = listed(charge(rate=rates[0], tiers=tiers, allowance="free"),
                  allowances={"free": {"quantity": free, "per": "h", **STATED}})
    expected = priced(quantity, list(zip([*bounds, Fraction(10**18)], map(Fraction, rates), strict=True)), free)
    made = bill(book, x=quantity)
    assert made.total() == expected
    assert all(line.quantity == line.billable + line.free for line in made.lines)
    assert sum(line.quantity for line in made.lines) == quantity


@given(st.lists(st.tuples(quantities, st.integers(1, 50)), min_size=1, max_size=5), dollars, dollars, dollars)
def test_each_instance_costs_between_its_least_price_and_its_cap(
    instances: list[tuple[Fraction, int]], each: Decimal, cap: Decimal, least: Decimal
) -> None:
    book = listed(charge(rate=each, cap=max(cap, least), least=least))
    made = rate(Usage({"x": Used.by_instance(*instances)}), book, NOVEMBER)
    one_by_one = [min(max(Fraction(each) * quantity, Fraction(least)), Fraction(max(cap, least)))
                  for quantity, count in instances if quantity for _ in range(count)]
    assert made.total() == sum(one_by_one)


@given(quantities, quantities)
def test_more_never_costs_less(quantity: Fraction, more: Fraction) -> None:
    book = listed(charge(tiers=[{"above": 5, "rate": "$0.1"}], whole_units=True, allowance="free", cents="$0.01"),
                  allowances={"free": {"quantity": 2, "per": "h", **STATED}},
                  credits=[{"item": "credit", "amount": "$3", **STATED}])
    assert bill(book, x=quantity + more).total() >= bill(book, x=quantity).total()


def test_an_allowance_is_spent_once_by_the_charges_in_their_order() -> None:
    # 10 GiB-h are free. a used 4 GiB-h; b used 9 x 3600 GiB-s, of which 6 x 3600 are left free; c has nothing left.
    book = listed(charge("a", per="GiB-h", allowance="shared"), charge("b", per="GiB-s", allowance="shared"),
                  charge("c", per="GiB-h", allowance="shared"),
                  allowances={"shared": {"quantity": 10, "per": "GiB-h", **STATED}})
    made = bill(book, c=2, b=9 * 3600, a=4)
    assert [(line.charge, line.quantity, line.free, line.billable) for line in made.lines] == [
        ("a", 4, 4, 0), ("b", 9 * 3600, 6 * 3600, 3 * 3600), ("c", 2, 0, 2)]


def test_an_allowance_by_the_month_is_as_long_as_the_month() -> None:
    # 5 GiB-month of November are 5 x 720 GiB-h.
    book = listed(charge(per="GiB-h", allowance="disk"),
                  allowances={"disk": {"quantity": 5, "per": "GiB-month", **STATED}})
    assert bill(book, x=4000).total() == 400
    assert rate(Usage({"x": Used(Fraction(4000))}), book, Month(2026, 2)).total() == 4000 - 5 * 672


def test_whole_units_are_of_what_is_not_free() -> None:
    # 1,000,001 requests beyond the free million cost two millions.
    book = listed(charge(measure="requests", per="1M requests", whole_units=True, allowance="free", rate="$0.30"),
                  allowances={"free": {"quantity": 1_000_000, "per": "requests", **STATED}})
    assert bill(book, x=Fraction(2_000_001, 10**6)).total() == Fraction("0.60")
    assert bill(book, x=1).total() == 0
    # Of 12.5 used, 1 is free, and 12 whole ones are sold: 10 at one rate, of which all were used, 2 at the other.
    tiered = listed(charge(whole_units=True, allowance="free", tiers=[{"above": 10, "rate": "$0.1"}]),
                    allowances={"free": {"quantity": 1, "per": "h", **STATED}})
    assert [(line.quantity, line.free, line.billable) for line in bill(tiered, x="12.5").lines] == [
        (11, 1, 10), (Fraction("1.5"), 0, 2)]


def test_a_line_says_how_many_instances_met_the_cap_and_the_least_price() -> None:
    # At $1 an hour, three instances of 50 h cost the cap of $30, two of 30 h just as much without it; four of 1 h cost
    # the least of $2, five of 2 h just as much without it.
    book = listed(charge(rate="$1", cap="$30", least="$2"), charge("y"))
    usage = Usage({"x": Used.by_instance((50, 3), (30, 2), (1, 4), (2, 5)), "y": Used(Fraction(1))})
    capped, plain = rate(usage, book, NOVEMBER).lines
    assert (capped.quantity, capped.billable, capped.amount) == (224, 224, 3 * 30 + 2 * 30 + 4 * 2 + 5 * 2)
    told = capped.to_dict()
    terms = ("instances", "cap", "capped", "least", "raised")
    assert [told[name] for name in terms] == [14, "30", 3, "2", 4]
    assert [plain.to_dict()[name] for name in terms] == [None] * 5


@pytest.mark.parametrize(("amount", "cents"), [
    ("0.004", "0.00"), ("0.005", "0.01"), ("1.2349", "1.23"), ("0.995", "1.00"),
])  # fmt: skip
def test_rounding_a_line_is_part_of_its_price(amount: str, cents: str) -> None:
    book = listed(charge(cents="$0.01"), charge("y"))
    assert bill(book, x=amount, y="0.001").total() == Fraction(cents) + Fraction("0.001")


def test_a_credit_is_at_most_what_was_spent() -> None:
    credits = [{"item": "plan", "amount": "$30", **STATED}, {"item": "other", "amount": "$5", **STATED}]
    assert [line.amount for line in bill(listed(charge(), credits=credits), x=100).lines] == [100, -30, -5]
    assert [line.amount for line in bill(listed(charge(), credits=credits), x=32).lines] == [32, -30, -2]
    assert [line.amount for line in bill(listed(charge(), credits=credits), x=30).lines] == [30, -30]
    assert bill(listed(charge(), credits=credits)).lines == ()
    told = [line.to_dict() for line in bill(listed(charge(), credits=credits), x=32).lines]
    assert [(line["credit"], line["amount"]) for line in told] == [(None, 32.0), ("30", -30.0), ("5", -2.0)]


def test_what_has_no_price_is_not_free() -> None:
    book = listed(charge(rate=None, reason="not published"), charge("y"))
    made = bill(book, Unpriced("disk", Fraction(7), "GB-month", Group.INFRASTRUCTURE), x=3, y=2)
    assert made.total() == 2
    assert not made.complete()
    assert made.complete(Group.LLM)
    assert made.unpriced() == ("the x", "disk of p")
    assert made.unpriced(Group.LLM) == ()
    assert [(line.amount, line.rate, line.quantity) for line in made.lines] == [
        (None, None, 3), (2, 1, 2), (None, None, 7)]
    told = made.to_dict()
    assert told["complete"] is False
    assert told["groups"]["infrastructure"] == {"amount": 2.0, "complete": False}
    assert [line["amount"] for line in told["lines"]] == [None, 2.0, None]
    # What was not used costs nothing, whatever its price is.
    assert bill(book, Unpriced("disk", Fraction(0), "h", Group.INFRASTRUCTURE), x=0).complete()


def test_what_is_free_has_a_price_though_more_of_it_has_none() -> None:
    book = listed(charge(rate=None, reason="not published", allowance="free"),
                  allowances={"free": {"quantity": 5, "per": "h", **STATED}})
    assert [(bill(book, x=used).total(), bill(book, x=used).complete()) for used in (4, 5, 6)] == [
        (0, True), (0, True), (0, False)]


def test_a_price_of_nothing_is_a_price() -> None:
    made = bill(listed(charge(rate="$0")), x=5)
    assert made.complete()
    assert [line.amount for line in made.lines] == [0]


def test_a_plan_is_charged_whatever_is_used() -> None:
    book = listed(charge("plan", meter=None, measure="plan", per="month", rate="$5"), charge())
    assert bill(book).total() == 5
    assert bill(book, x=2).total() == 7


def test_a_charge_that_is_not_in_the_list() -> None:
    with pytest.raises(UnknownName, match="server"):
        bill(listed(charge("server")), sever=1)


def test_a_charge_by_instance_needs_to_know_the_instances() -> None:
    with pytest.raises(ValueError, match="each"):
        bill(listed(charge(cap="$5")), x=3)
    with pytest.raises(ValueError, match="each"):
        rate(Usage({"x": Used(Fraction(3), ((Fraction(1), 2),))}), listed(charge(cap="$5")), NOVEMBER)


def test_bills_of_one_month_and_book_can_be_put_together() -> None:
    one = listed(charge(), not_covered=["egress"])
    other = listed(charge("y", group="llm"), not_covered=["egress", "ip"])
    both = bill(one, x=2) + bill(other, y=3)
    assert (both.total(), both.total(Group.LLM), both.not_covered) == (5, 3, ("egress", "ip"))
    assert both.to_dict()["groups"]["llm"] == {"amount": 3.0, "complete": True}
    with pytest.raises(ValueError, match="2026-12"):
        both + rate(Usage({}), one, Month(2026, 12))


def test_a_bill_is_json() -> None:
    for one in WORKED:
        made = invoice(one)
        told = json.loads(json.dumps(made.to_dict(), allow_nan=False))
        assert told["currency"] == "USD"
        assert told["prices"] == one.book
        assert told["total"] == float(made.total())
        # A rate is told to the last digit.
        assert [line["rate"] for line in told["lines"] if line["rate"]] == [
            f"{line.rate:f}" for line in made.lines if line.rate is not None]


def test_a_line_says_what_its_price_rests_on() -> None:
    book = listed(charge(standing="assumed", reason="nobody says"))
    line = bill(book, x=1).lines[0]
    assert (line.standing, line.source, line.reason) == (Standing.ASSUMED, "a test", "nobody says")
    assert line.to_dict()["as_of"] == "2026-11-01"
    # A line that a guessed allowance makes smaller is a guess too; one that it does not reach is not.
    book = listed(charge(reason="since May"), charge("y"), charge("z"), allowances={
        "free": {"quantity": 5, "per": "h", **STATED, "standing": "assumed", "reason": "of whom is not said"}})
    drawing = [one.model_copy(update={"allowance": "free"}) for one in book.charges]
    made = bill(book.model_copy(update={"charges": tuple(drawing)}), x=2, y=4, z=1).lines
    assert [line.standing for line in made] == [Standing.ASSUMED, Standing.ASSUMED, Standing.VENDOR]
    assert [line.reason for line in made] == ["since May; of whom is not said", "of whom is not said", None]
