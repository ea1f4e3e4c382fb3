"""Bills worked by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest

from sim.billing import Invoice, Month, Usage, meter, meter_tokens, rate
from sim.catalog.prices import Measure, books, prices

from .make import BUSY, RESTING, D, H, deployment, life, seen
from .worked import WORKED, Worked


def invoice(one: Worked) -> Invoice:
    month, book = Month.parse(one.month), prices(one.book, one.platform)
    if one.run is None:
        usage = Usage(one.usage)
    elif one.deployment is None:
        usage = meter_tokens(one.run, one.models, book, month)
    else:
        usage = meter(one.run, one.deployment, book, month)
    return rate(usage, book, month)


@pytest.mark.parametrize("one", WORKED, ids=lambda one: f"{one.book} {one.platform} {one.name}")
def test_worked(one: Worked) -> None:
    made = invoice(one)
    billed: dict[str, tuple[Fraction, Fraction, Fraction | None]] = {}
    for line in made.lines:
        if line.charge is not None:
            quantity, free, amount = billed.get(line.charge, (Fraction(0), Fraction(0), Fraction(0)))
            known = None if line.amount is None or amount is None else amount + line.amount
            billed[line.charge] = (quantity + line.billable, free + line.free, known)
    assert billed == dict(one.expected)
    assert made.total() == one.total
    without = [line.item for line in made.lines if line.charge is None and line.amount is None]
    assert without == [f"{name} of {one.platform.partition('/')[0]}" for name in one.missing]
    assert made.complete() == (not one.missing and all(amount is not None for _, _, amount in one.expected.values()))


def test_vendor_examples_of_stopped_machines() -> None:
    # Fly.io's documentation: 1 GB stopped for 10 days in the month costs $0.05, three stopped for 30 days cost $0.45.
    one = deployment("fly/machines-stop", "shared-cpu-1x-256mb")
    book, month = prices("list-2026", "fly/machines-stop"), Month.parse("2026-11")
    ten = seen(30 * D, life(0, 0, (RESTING, 10 * D, 0)))
    three = seen(30 * D, [span for box in range(3) for span in life(box, 0, (RESTING, 30 * D, 0))])
    assert rate(meter(ten, one, book, month), book, month).total() == Fraction("0.05")
    assert rate(meter(three, one, book, month), book, month).total() == Fraction("0.45")


@pytest.mark.parametrize(("size", "dollars"), [
    ("shared-cpu-1x-256mb", "2.19"), ("shared-cpu-2x-4gb", "25.40"), ("performance-1x-2gb", "33.00"),
])  # fmt: skip
def test_thirty_days_of_a_machine(size: str, dollars: str) -> None:
    # 2,592,000 s x 0.0000008465 = 2.194; 2 x 2.194 + 3.5 x 6.003 = 25.399; 2,592,000 s x 0.000012732 = 33.001.
    book, month = prices("list-2026", "fly/machines"), Month.parse("2026-11")
    run = seen(30 * D, life(0, 0, (BUSY, 30 * D)))
    total = rate(meter(run, deployment("fly/machines", size), book, month), book, month).total()
    assert f"{float(total):.2f}" == dollars


def test_an_hour_of_the_default_e2b_sandbox() -> None:
    # E2B's documentation: 2 x $0.0504 = $0.1008 and 0.5 x $0.0162 = $0.0081 for the hour.
    book, month = prices("list-2026", "e2b/sandbox"), Month.parse("2026-11")
    run = seen(30 * D, life(0, 0, (BUSY, H)))
    made = rate(meter(run, deployment("e2b/sandbox", vcpu=2, memory=2**29), book, month), book, month)
    assert [line.amount for line in made.lines if line.charge != "plan"] == [Fraction("0.1008"), Fraction("0.0081")]


def test_a_plan_costs_its_fee_without_use() -> None:
    book, month = prices("list-2026", "cloudflare/containers"), Month.parse("2026-11")
    made = rate(meter(seen(7 * D), deployment("cloudflare/containers", "lite"), book, month), book, month)
    assert [(line.charge, line.amount) for line in made.lines] == [("plan", 5)]


@pytest.mark.parametrize("platform", [one.platform for one in WORKED if one.deployment], ids=str)
def test_no_use_costs_nothing_but_plans(platform: str) -> None:
    bound = next(one.deployment for one in WORKED if one.platform == platform and one.deployment)
    for book in books():
        price_list, month = prices(book, platform), Month.parse("2026-11")
        made = rate(meter(seen(D), bound, price_list, month), price_list, month)
        plans = [charge.id for charge in price_list.charges if charge.measure is Measure.PLAN]
        assert [line.charge for line in made.lines] == plans
        assert made.complete()
