"""Every price is in a bill that was worked by hand, and every platform runs in a scenario."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
import yaml

from sim import api, catalog
from sim.billing import Invoice, Month, Usage, rate
from sim.billing.invoice import Kind
from sim.catalog.prices import Measure, books, platforms, prices, whole
from tests.billing.invoices import INVOICES
from tests.billing.worked import WORKED

from .bills import Rated
from .rated import RATED


@pytest.mark.parametrize("one", RATED, ids=str)
def test_a_bill_worked_by_hand(one: Rated) -> None:
    listed = prices(one.book, one.platform, plan=one.plan, region=one.region)
    used = {charge: item[0] for charge, item in one.items.items() if listed.charge(charge).measure is not Measure.PLAN}
    made = rate(Usage(used, seats=one.seats), listed, Month.parse(one.month))
    billed: dict[str, tuple[Fraction, Fraction | None]] = {}
    for line in made.lines:
        if line.charge is not None:
            free, amount = billed.get(line.charge, (Fraction(0), Fraction(0)))
            known = None if line.amount is None or amount is None else amount + line.amount
            billed[line.charge] = (free + line.free, known)
    assert billed == {charge: (free, amount) for charge, (_, free, amount) in one.items.items()}
    assert made.total() == one.total


@pytest.fixture(scope="module")
def invoices() -> list[Invoice]:
    """Bills whose amounts are tried in `tests.billing.test_vendors`."""
    return [page.rated() for page in INVOICES]


def test_every_charge_of_every_price_list_is_in_a_worked_bill(invoices: list[Invoice]) -> None:
    worked = {(one.book, one.platform.partition("/")[0], charge) for one in WORKED for charge in one.expected}
    worked |= {(one.book, one.platform.partition("/")[0], charge) for one in RATED for charge in one.items}
    worked |= {(one.book, line.platform, line.charge.partition("@")[0].removesuffix(", batch")) for one in invoices
               for line in one.lines if line.charge}
    listed = {(book, platform, charge.id) for book in books() for platform in platforms(book)
              for charge in whole(book, platform).charges}
    assert listed == worked


def test_every_allowance_is_in_a_worked_bill(invoices: list[Invoice]) -> None:
    drawn = {(one.book, one.platform.partition("/")[0], charge) for one in WORKED
             for charge, (_, free, _) in one.expected.items() if free}
    drawn |= {(one.book, one.platform.partition("/")[0], charge) for one in RATED
              for charge, (_, free, _) in one.items.items() if free}
    drawn |= {(one.book, line.platform, line.charge.partition("@")[0]) for one in invoices for line in one.lines
              if line.charge and line.free}
    for book in books():
        for platform in platforms(book):
            listed = whole(book, platform)
            spent = {listed.charge(charge).allowance for where, name, charge in drawn if (where, name) ==
                     (book, platform)}
            assert spent >= set(listed.allowances), (book, platform)


def test_every_list_with_credits_or_floors_is_in_a_bill_that_they_change(invoices: list[Invoice]) -> None:
    made = [(one.book, one.platform, one.total, [amount for _, _, amount in one.expected.values()]) for one in WORKED]
    made += [(one.book, one.platform, one.total, [amount for _, _, amount in one.items.values()]) for one in RATED]
    changed = {(book, platform.partition("/")[0]) for book, platform, total, amounts in made
               if total != sum((amount or 0 for amount in amounts), Fraction(0))}
    changed |= {(one.book, line.platform) for one in invoices for line in one.lines
                if line.kind in (Kind.CREDIT, Kind.FLOOR)}
    terms = {(book, platform) for book in books() for platform in platforms(book)
             if whole(book, platform).credits or whole(book, platform).floors}
    assert terms <= changed


def scenario(names: tuple[str, ...], book: str) -> str:
    """A morning of some agents on each of the platforms."""
    text: str = yaml.safe_dump({
        "name": "every-platform", "as_of": "2026-11-22", "month": "2026-11", "horizon": "1 day", "seed": 1,
        "replications": 1, "prices": book,
        "workload": {
            "agents": 3, "memory": "16 MiB", "arrivals": {"poisson": {"rate": "2/h"}},
            "request": [{"tool": {"cpu": "300 ms", "wait": "5 s"}}],
        },
        "deployments": {deployed(name): {"platform": name} for name in names},
    })  # fmt: skip
    return text


def deployed(name: str) -> str:
    """What the deployment of a platform is called."""
    return name.replace("/", "-")


@pytest.mark.parametrize("book", books())
def test_every_platform_runs_and_is_billed(tmp_path: Path, book: str) -> None:
    file = tmp_path / "every.yaml"
    names = catalog.platform_ids()
    file.write_text(scenario(names, book))
    result = api.load(file).run()
    requests = result.requests
    assert set(requests.fate) == {"completed"}
    assert set(requests.groupby("deployment").size()) == {len(requests) // len(names)}
    # What runs while a request is served is on the bill, with a price or without one.
    billed = result.bill
    for name in names:
        lines = billed[billed.deployment == deployed(name)]
        meters = {prices(book, name).charge(charge).meter for charge in lines.charge.dropna()}
        meters |= {item.partition(" of ")[0] for item in lines[lines.charge.isna()].item}
        of = catalog.profile(name).meters
        assert meters >= {of.busy, of.request} - {None}, name
