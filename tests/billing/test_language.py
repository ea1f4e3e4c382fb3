"""What a price list can say beside rates, tiers and allowances: by hand, and as properties."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.billing import Hours, Month, Usage, Used, rate
from sim.billing.invoice import Invoice, Kind
from sim.billing.quantity import quantity
from sim.catalog.charges import Payload
from sim.catalog.counting import Resources, Unit
from sim.catalog.figures import Standing
from sim.catalog.prices import PriceList

from .make import GIB
from .test_rating import NOVEMBER, STATED, charge, listed, quantities

PLAN: Mapping[str, Any] = {"id": "plan", "meter": None, "measure": "plan", "per": "seat-month"}


def bill(book: PriceList, seats: int = 1, bought: Mapping[str, int] | None = None, **used: Fraction | int | str
         ) -> Invoice:
    committed = {name: Fraction(one) for name, one in (bought or {}).items()}
    return rate(Usage({name: Used(Fraction(one)) for name, one in used.items()}, (), seats, committed), book, NOVEMBER)


def test_each_seat_pays_the_plan_and_brings_its_credit() -> None:
    # Five seats at $20 with $20 of credit each, which no fee is paid by: 130 used cost 30 and the fees of 100.
    book = listed(charge(**PLAN, rate="$20"), charge(),
                  credits=[{"item": "credit", "amount": "$20", "per_seat": True, **STATED}])
    made = bill(book, 5, x=130)
    assert [(line.kind, line.quantity, line.amount) for line in made.lines] == [
        (Kind.CHARGE, 5, 100), (Kind.CHARGE, 130, 130), (Kind.CREDIT, 1, -100)]
    assert made.lines[-1].credit == 100
    assert bill(book, 5, x=60).total() == 100
    assert bill(book, 1).total() == 20
    flat = listed(charge("plan", meter=None, measure="plan", per="month", rate="$20"))
    assert bill(flat, 5).total() == 20


def test_an_allowance_by_the_seat() -> None:
    book = listed(charge(allowance="free"),
                  allowances={"free": {"quantity": 10, "per": "h", "per_seat": True, **STATED}})
    assert bill(book, 3, x=100).total() == 70


def test_a_floor_is_a_fee_that_pays_for_use() -> None:
    # A fee of 5 that pays for as much: 3 used cost 5, 7 used cost 7, nothing used costs 5.
    book = listed(charge(), floors=[{"item": "least bill", "amount": "$5", **STATED}])
    assert [bill(book, x=used).total() for used in (0, 3, 5, 7)] == [5, 5, 5, 7]
    line = bill(book, x=3).lines[-1]
    assert (line.kind, line.amount, line.rate, line.least) == (Kind.FLOOR, 2, 5, 5)
    # What one floor asks for counts for the next.
    two = listed(charge(), floors=[{"item": "least", "amount": f"${least}", **STATED} for least in (5, 8)])
    assert [line.amount for line in bill(two, x=3).lines] == [3, 2, 3]


def test_a_surcharge_is_a_share_with_a_least_amount() -> None:
    # 10% of 812.50 is 81.25; at least 500. Of plans nothing is taken.
    added = {"item": "support", "percent": "10%", **STATED}
    book = listed(charge(**PLAN, rate="$100"), charge(), charge("y"), surcharges=[added])
    made = bill(book, x="812.50").lines[-1]
    assert (made.kind, made.quantity, made.rate, made.amount) == (
        Kind.SURCHARGE, Fraction("812.5"), Decimal("0.1"), Fraction("81.25"))
    least = listed(charge(), surcharges=[{**added, "least": "$500"}])
    assert [bill(least, x=used).total() for used in (0, 1000, 6000)] == [500, 1500, 6600]
    assert [bill(least, x=used).lines[-1].raised for used in (1000, 6000)] == [1, 0]
    of_one = listed(charge(), charge("y"), surcharges=[{**added, "of": ["y"]}])
    assert bill(of_one, x=100, y=10).total() == 111
    unknown = bill(listed(charge(rate=None), charge("y"), surcharges=[added]), x=1, y=10)
    assert (unknown.lines[-1].amount, unknown.total()) == (None, 10)


def test_what_is_beyond_a_commitment_has_its_own_rate() -> None:
    # Two devices for the month of 720 h are 1,440 device-hours: 2 x 1,000 for them, and 60 h beyond at $3.
    book = listed(charge(per="GPU-h", rate="$3", basis="gpu", allowance="reserved"),
                  allowances={"reserved": {"quantity": 0, "per": "GPU-h", **STATED}},
                  commitments={"reserved": {"item": "reserved", "rate": "$1000", "per": "GPU-month",
                                            "allowance": "reserved", **STATED}})
    made = bill(book, bought={"reserved": 2}, x=1500)
    assert [(line.kind, line.billable, line.amount) for line in made.lines] == [
        (Kind.CHARGE, 60, 180), (Kind.COMMITMENT, 2, 2000)]
    assert bill(book, bought={"reserved": 2}).total() == 2000  # used or not
    assert bill(book, x=10).total() == 30


def test_units_may_draw_twice_on_an_allowance() -> None:
    # 100 minutes free: 30 of those that count twice leave 40, of which 50 plain ones pay 10.
    book = listed(charge("two", per="min", allowance="free", draws=2), charge("one", per="min", allowance="free"),
                  allowances={"free": {"quantity": 100, "per": "min", **STATED}})
    made = {line.charge: (line.free, line.billable) for line in bill(book, two=30, one=50).lines}
    assert made == {"two": (30, 0), "one": (40, 10)}
    assert [line.billable for line in bill(book, two=70).lines] == [20]


def test_every_line_may_be_rounded_to_cents() -> None:
    # 1.234 and 1.235 are 1.23 and 1.24; 10% of the 2.47 is 0.25; what is free is 0.
    book = listed(charge(), charge("y"), cents="$0.01", surcharges=[{"item": "more", "percent": "10%", **STATED}])
    made = bill(book, x="1.234", y="1.235")
    assert [line.amount for line in made.lines] == [Fraction("1.23"), Fraction("1.24"), Fraction("0.25")]
    assert made.lines[0].rounding == "line to $0.01"
    assert bill(listed(charge(cents="$1"), cents="$0.01"), x="1.5").total() == 2


@pytest.mark.parametrize(("size", "requests"), [
    (0, 1), (256 * 1024, 1), (256 * 1024 + 1, 2), (320 * 1024, 2), (1024 * 1024, 13),
])  # fmt: skip
def test_a_long_payload_is_several_requests(size: int, requests: int) -> None:
    # One up to 256 KiB, one more for each 64 KiB: (1,024 - 256) / 64 = 12 more.
    assert Payload.model_validate({"first": "256 KiB", "then": "64 KiB"}).requests(size) == requests


@pytest.mark.parametrize(("terms", "counted"), [
    ({"basis": "vcpu"}, "1.1"), ({"basis": "core"}, "0.55"), ({"basis": "vcpu", "step": 1}, "2"),
    ({"basis": "memory"}, "1.25"), ({"basis": "memory", "step": "0.1"}, "1.3"), ({"basis": "memory", "floor": 2}, "2"),
    ({"basis": "memory", "floor": "1.2", "step": "0.5"}, "1.5"), ({"basis": "disk"}, "10"), ({"basis": "gpu"}, "4"),
    ({"amount": "0.128"}, "0.128"), ({"basis": "gpu", "amount": "0.7"}, "2.8"),
    ({"basis": "extra-memory", "included": "0.25"}, "0.975"), ({"basis": "extra-disk", "included": 8}, "2"),
    ({"basis": "extra-disk", "included": 20}, "0"), ({"basis": "extra-disk-gib", "included": 9}, str(
        Fraction(10**10, GIB) - 9)),
])  # fmt: skip
def test_what_a_charge_counts_of_an_instance(terms: Mapping[str, Any], counted: str) -> None:
    has = Resources(vcpu=Fraction("1.1"), memory=5 * GIB // 4, disk_gb=Fraction(10), gpus=4)
    assert charge(**terms).counts(has) == Fraction(counted)


def test_what_was_used_may_be_rounded_to_the_nearest() -> None:
    # GitHub's example: 3 GB for 10 days of March and 12 GB for 21 are 6,768 GB-hours; of 744 hours 9.0967 GB-months,
    # rounded to the nearest MB 9.097; at $0.25.
    book = listed(charge(measure="count", per="GB-month", rate="$0.25", nearest="0.001"))
    usage = Usage({"x": Used(quantity("6768 GB-h", Unit.parse("GB-month"), Month(2026, 3).microseconds))})
    line = rate(usage, book, Month(2026, 3)).lines[0]
    assert (line.quantity, line.amount) == (Fraction("9.097"), Fraction("2.27425"))
    assert line.rounding == "to the nearest 0.001 GB-month"


TEMPORAL = listed(
    charge("actions", measure="count", per="1M actions", rate="$50", allowance="actions", group="orchestration", tiers=[
        {"above": 5, "rate": "$45"}, {"above": 10, "rate": "$40"}, {"above": 20, "rate": "$35"}]),
    charge("active", measure="count", per="GB-h", rate="$0.042", allowance="active"),
    charge("retained", measure="count", per="GB-h", rate="$0.00105"),
    allowances={"actions": {"quantity": "2.5", "per": "1M actions", **STATED},
                "active": {"quantity": "2.5", "per": "GB-744h", **STATED}},
    surcharges=[{"item": "Business plan", "percent": "10%", "least": "$500", "group": "orchestration", **STATED}])


def test_the_examples_of_temporal_cloud() -> None:
    # temporalio/documentation@0217b718: 11.25M actions beyond the 2.5M of the plan are 5 x 50 + 5 x 45 + 1.25 x 40 =
    # 525. 720 GBh beyond 2.5 GB (each 744 GBh) x 0.042 = 30.24, and 3,600 x 0.00105 = 3.78. Of 6,000 spent the plan is
    # 10%, 600, else 500.
    made = bill(TEMPORAL, actions="13.75")
    assert [line.amount for line in made.lines] == [250, 225, 50, 500]
    made = bill(TEMPORAL, active=720 + 5 * 372, retained=3600)
    assert [line.amount for line in made.lines] == [Fraction("30.24"), Fraction("3.78"), 500]
    assert bill(TEMPORAL, active=1860, retained=6000 / Fraction("0.00105")).lines[-1].amount == 600


def test_the_bills_of_railway() -> None:
    # railwayapp/docs, understanding your bill: on Hobby 3, 5, 8 and 15 of use make bills of 5, 5, 8 and 15.
    book = listed(charge(), floors=[{"item": "Hobby", "amount": "$5", **STATED}])
    assert [bill(book, x=used).total() for used in (3, 5, 8, 15)] == [5, 5, 8, 15]


def test_a_month_of_so_many_hours() -> None:
    book = listed(charge(per="GB-month"))
    usage = Usage({"x": Used(Fraction(2))})
    made = rate(usage, book, Hours(730))
    assert (made.month, made.total()) == ("730 h", 2)
    free = listed(charge(allowance="free"), allowances={"free": {"quantity": 1, "per": "month", **STATED}})
    assert rate(Usage({"x": Used(Fraction(1000))}), free, Hours(730)).total() == 270


def test_a_bill_is_a_frame() -> None:
    made = bill(listed(charge(), floors=[{"item": "least bill", "amount": "$5", **STATED}]), x=3)
    frame = made.frame()
    assert list(frame["amount"]) == [3, 2]
    assert list(frame.columns) == list(bill(listed(charge())).frame().columns) == list(made.lines[0].to_dict())
    assert Standing(frame["standing"][0]) is Standing.VENDOR


@given(quantities, quantities, st.integers(1, 9), st.integers(0, 40))
def test_more_never_costs_less_and_never_less_than_the_floor(
    used: Fraction, more: Fraction, seats: int, percent: int
) -> None:
    book = listed(
        charge(**PLAN, rate="$3"), charge(allowance="free", whole_units=True, tiers=[{"above": 7, "rate": "$0.2"}]),
        allowances={"free": {"quantity": 2, "per": "h", "per_seat": True, **STATED}},
        surcharges=[{"item": "more", "percent": f"{percent}%", "least": "$2", **STATED}],
        credits=[{"item": "credit", "amount": "$4", "per_seat": True, **STATED}],
        floors=[{"item": "floor", "amount": "$6", "per_seat": True, **STATED}])
    less, whole = bill(book, seats, x=used), bill(book, seats, x=used + more)
    assert whole.total() >= less.total() >= 6 * seats
    assert all(line.amount is not None and line.free >= 0 and line.billable >= 0 for line in whole.lines)


@given(st.permutations([("x", 7), ("y", 11), ("z", 13)]))
def test_the_order_of_what_was_used_does_not_matter(order: list[tuple[str, int]]) -> None:
    book = listed(charge(allowance="free"), charge("y", allowance="free"), charge("z"),
                  allowances={"free": {"quantity": 10, "per": "h", **STATED}})
    assert bill(book, **dict(order)) == bill(book, x=7, y=11, z=13)


@given(st.lists(st.fractions(0, 50, max_denominator=60), min_size=1, max_size=6))
def test_tiers_are_continuous(parts: list[Fraction]) -> None:
    # At a boundary one unit more costs at most the dearest rate for it.
    book = listed(charge(rate="$5", tiers=[{"above": 10, "rate": "$3"}, {"above": 40, "rate": "$1"}]))
    at = Fraction(0)
    for part in parts:
        before, after = bill(book, x=at).total(), bill(book, x=at + part).total()
        assert part <= after - before <= 5 * part
        at += part
