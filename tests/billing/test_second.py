"""Every price list against a second way to price, and every platform's sheet against its run."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sim
from sim import catalog
from sim.billing import Month, Usage, Used, meter, rate
from sim.catalog.counting import Measure, Scope
from sim.catalog.prices import BOOKS, platforms, prices, whole

from . import second
from .make import BUSY, D, H, S, deployment, life, seen

LIST = "list-2026"
LISTS = [name for name in platforms(LIST) if name != "llm"]
MONTHS = [Month(2026, 2), Month(2026, 11), Month(2026, 12)]
AMOUNTS = st.one_of(st.fractions(0, 50, max_denominator=8), st.integers(0, 10**9).map(Fraction),
                    st.fractions(0, 10**6, max_denominator=1000))


@st.composite
def uses(draw: st.DrawFn, platform: str) -> tuple[str | None, int, dict[str, list[tuple[Fraction, int]]]]:
    """A plan, seats, and what was used of charges of a list on that plan."""
    listed = whole(LIST, platform)
    plan = draw(st.sampled_from([None, *listed.plans]))
    on = [one for one in listed.chosen(None, plan).charges if one.measure is not Measure.PLAN]
    chosen = draw(st.lists(st.sampled_from(on), max_size=6, unique_by=lambda one: one.id)) if on else []
    some = st.lists(st.tuples(st.fractions(0, 750, max_denominator=4), st.integers(1, 5)), min_size=1, max_size=3)
    given = {one.id: draw(some) if one.by_instance else [(draw(AMOUNTS), 1)] for one in chosen}
    return plan, draw(st.integers(1, 4)), given


@settings(max_examples=6, deadline=None)
@given(st.data(), st.sampled_from(MONTHS))
@pytest.mark.parametrize("platform", LISTS)
def test_every_list_costs_what_a_second_reader_makes_of_it(platform: str, data: st.DataObject, month: Month) -> None:
    plan, seats, used = data.draw(uses(platform))
    usage = Usage({name: Used.by_instance(*each) for name, each in used.items()}, seats=seats)
    made = rate(usage, prices(LIST, platform, plan=plan), month)
    path = BOOKS / LIST / f"{platform}.yaml"
    assert made.total() == second.total(path, plan, used, month.microseconds // S, seats)


BY_TIME = [id for id in catalog.platform_ids() if catalog.profile(id).meters.busy and any(
    one.meter == catalog.profile(id).meters.busy and one.measure is Measure.TIME and one.scope is not Scope.REQUEST
    for one in prices(LIST, id).charges)]
"""Platforms that bill the time for which instances are busy."""


@settings(max_examples=3, deadline=None)
@given(st.integers(1, 20 * 3600 * 10), st.integers(1, 3), st.data())
@pytest.mark.parametrize("id", BY_TIME)
def test_a_sheet_says_what_a_run_uses(id: str, tenths: int, count: int, data: st.DataObject) -> None:
    # So many instances, each there once for a while: counted from a run, and told in a sheet.
    profile = catalog.profile(id)
    size = data.draw(st.sampled_from(list(profile.sizes) or [None]))
    one = deployment(id, size)
    spans = [span for box in range(count) for span in life(box, D + H, (BUSY, tenths * S // 10))]
    book, month = prices(LIST, id), Month(2026, 11)
    counted = {name: used.quantity for name, used in meter(seen(30 * D, spans), one, book, month).used.items()}
    shape = {"size": size} if size else {"vcpu": str(float(one.vcpu)), "memory": f"{one.memory} B"}
    on = [charge for charge in book.of_size(size) if charge.meter == profile.meters.busy]
    uses = {"cpu": "0 s"} if any(charge.measure is Measure.CPU for charge in on) else {}
    if any(charge.measure is Measure.MEMORY for charge in on):
        uses["memory_used"] = f"{one.base_memory} B"
    told = sim.rate({"month": "2026-11", "usage": {"platform": id, "instances": {
        **shape, **uses, "meter": profile.meters.busy, "count": count, "starts": 1, "seconds_each": tenths / 10}}})
    lines: dict[str, Fraction] = {}
    for line in told.lines:
        if line.charge and book.charge(line.charge).measure is not Measure.PLAN:
            lines[line.charge] = lines.get(line.charge, Fraction(0)) + line.quantity
    # A deployment pays for a minimum whether it is there or not.
    apart = {charge.id for charge in book.charges if charge.measure is Measure.PROVISIONED}
    assert {name: quantity for name, quantity in lines.items() if name not in apart} == {
        name: quantity for name, quantity in counted.items() if quantity and name not in apart}
