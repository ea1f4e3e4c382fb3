"""Price lists: what they say, how they fit the profiles, and what is told of a wrong one."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from sim import catalog
from sim.catalog.figures import Standing
from sim.catalog.prices import TOKENS, Charge, Measure, PriceList, Region, Unit, books, load, platforms, prices
from sim.errors import AdvisedError, InputError, UnknownName
from sim.units import DAY, HOUR, MINUTE, SECOND

EVERY = [(book, platform) for book in books() for platform in platforms(book)]

FILE = """\
title: A platform
sources:
  page: {title: The vendor's price page, at: example.com/pricing, read: 2026-11-01}
allowances:
  cpu: {quantity: 100, per: vCPU-s, standing: vendor, source: page}
charges:
  vcpu:
    item: vCPU
    meter: running
    basis: vcpu
    rate: $0.00001
    per: vCPU-s
    round_up: 100 ms
    allowance: cpu
    standing: vendor
    source: page
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    book = load(written(tmp_path, FILE), "my-prices")
    one = book.charge("vcpu")
    assert (book.book, book.platform, one.rate, one.round_up) == ("my-prices", "mine", Decimal("0.00001"), 100_000)
    assert one.source == "The vendor's price page, example.com/pricing, read 2026-11-01"
    assert (one.as_of, book.as_of, one.standing) == (date(2026, 11, 1), date(2026, 11, 1), Standing.VENDOR)
    folder = tmp_path / "books"
    (folder / "my-prices").mkdir(parents=True)
    written(folder / "my-prices", FILE)
    assert prices("my-prices", "mine/any", folder) == book


@pytest.mark.parametrize(("old", "new", "line", "told"), [
    ("rate: $0.00001", "rate: 0.00001", 11, "does not start with $"),
    ("rate: $0.00001", "rat: $0.00001", 11, "did you mean `rate`"),
    ("per: vCPU-s\n", "per: vCPU second\n", 12, "is not a unit"),
    ("per: vCPU-s\n", "per: 1M requests\n", 7, "does not measure time"),
    ("round_up: 100 ms", "round_up: 100", 13, "has no unit"),
    ("round_up: 100 ms", "round_up: 0", 13, "greater than or equal to 1"),
    ("allowance: cpu", "allowance: cpus", 14, "did you mean `cpu`"),
    ("source: page\n", "source: pages\n", 16, "did you mean `page`"),
    ("standing: vendor\n    source", "standing: guessed\n    source", 15, "not possible here"),
    ("standing: vendor\n    source", "standing: assumed\n    source", 7, "needs a reason"),
    ("basis: vcpu", "basis: rack", 10, "not possible here"),
    ("    item: vCPU\n", "", 7, "`item` is missing"),
    ("    meter: running\n", "", 7, "needs a meter"),
    ("meter: running", "meter: running\n    measure: cpu", 7, "only time"),
    ("meter: running", "meter: running\n    cap: $5", 7, "cannot have an allowance"),
    ("meter: running", "meter: running\n    with_start: true", 7, "only a request"),
    ("meter: running", "meter: running\n    included: 2", 7, "go together"),
    ("meter: running", "meter: running\n    tiers: [{above: 5, rate: $1}, {above: 4, rate: $2}]", 7, "not in order"),
    ("meter: running", "meter: running\n    meter: running", 10, "twice"),
    ("quantity: 100", "quantity: many", 5, "is not a number"),
    ("quantity: 100", "quantity: -1", 5, "is negative"),
    ("per: vCPU-s, standing", "per: requests, standing", 14, "one is of time"),
    ("per: vCPU-s, standing", "per: GiB-s, standing", 14, "name the same thing"),
    ("{quantity: 100,", "{quantity: 100, by_plan: {pro: 3},", 5, "or twice"),
    ("{quantity: 100,", "{", 5, "is not said"),
    ("meter: running", "meter: running\n    plans: [pro]", 1, "add `default_plan: pro`"),
    ("meter: running", "meter: running\n    region_rates: {fra: $1}", 1, "add `default_region:`"),
    ("meter: running", "meter: running\n    payload: {first: 1 KiB, then: 1 KiB}", 7, "only requests"),
    ("basis: vcpu", "step: 1", 7, "are of a basis"),
    ("    allowance: cpu\n", "    draws: 2\n", 7, "is of an allowance"),
    ("meter: running", "meter: running\n    amount: 0", 10, "greater than 0"),
    ("meter: running", "meter: running\n    scope: start\n    measure: provisioned", 7, "only time has a scope"),
    ("charges:", "surcharges: [{item: more, percent: 10%, of: [vcp], standing: vendor, source: page}]\ncharges:", 1,
     "did you mean `vcpu`"),
    ("charges:", "commitments: {c: {item: x, rate: $1, per: vCPU-month, allowance: cup, standing: vendor, "
     "source: page}}\ncharges:", 1, "did you mean `cpu`"),
    ("title: A platform\n", "", 1, "`title` is missing"),
    ("title: A platform", "titel: A platform", 1, "did you mean `title`"),
])  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, old: str, new: str, line: int, told: str) -> None:
    assert old in FILE
    with pytest.raises(InputError) as caught:
        load(written(tmp_path, FILE.replace(old, new, 1)), "my-prices")
    assert told in str(caught.value)
    assert any(problem.line == line for problem in caught.value.problems), str(caught.value)


def test_a_charge_without_a_rate_has_no_terms(tmp_path: Path) -> None:
    load(written(tmp_path, FILE.replace("    rate: $0.00001\n", "")), "my-prices")
    with pytest.raises(InputError, match="no terms either"):
        load(written(tmp_path, FILE.replace("rate: $0.00001", "cents: $0.01")), "my-prices")


@pytest.mark.parametrize(("text", "of_february"), [
    ("s", SECOND), ("vCPU-s", SECOND), ("GB-h", HOUR), ("min", MINUTE), ("core-ms", 1000), ("day", DAY),
    ("GB-30d", 30 * DAY), ("730h", 730 * HOUR), ("month", 28 * DAY), ("GiB-month", 28 * DAY), ("requests", 1),
    ("1K requests", 1000), ("1M tokens", 10**6), ("10K transitions", 10_000), ("1B rows", 10**9), ("GB", 1),
    ("TB", 1000), ("TiB", 1024), ("ACU", 1), ("kWh", 1), ("1M GB-s", 10**6 * SECOND), ("1M ms", 10**6 * 1000),
    ("seat-month", 28 * DAY), ("672h", 672 * HOUR), ("GB-744h", 744 * HOUR), ("service actions", 1),
])  # fmt: skip
def test_units(text: str, of_february: int) -> None:
    assert Unit.parse(text).size(28 * DAY) == of_february
    assert Unit.parse(Unit.parse(text)) == Unit.parse(text)


def test_a_unit_says_what_it_counts() -> None:
    nouns = {text: Unit.parse(text).noun for text in ("vCPU-s", "1M requests", "h", "TB", "GiB-month", "1M GB-s")}
    assert nouns == {"vCPU-s": "vCPU", "1M requests": "requests", "h": "", "TB": "GB", "GiB-month": "GiB",
                     "1M GB-s": "GB"}


@pytest.mark.parametrize("text", [
    "", "GB-year", "GB-", "-s", "0M requests", "1M", "1M ", "GB s", "1T requests", "vCPU-sec", "x-3", 5, None,
])  # fmt: skip
def test_what_is_no_unit(text: object) -> None:
    with pytest.raises(AdvisedError, match="is not a unit"):
        Unit.parse(text)


def test_names_that_are_not_known() -> None:
    with pytest.raises(UnknownName, match="list-2026"):
        prices("list-2062", "hetzner")
    with pytest.raises(UnknownName, match="hetzner"):
        prices("list-2026", "hetzne/cx23")
    with pytest.raises(UnknownName, match="cx23"):
        prices("list-2026", "hetzner").charge("cx2")


def test_a_variant_leaves_out_what_is_for_others() -> None:
    of_arm = {charge.id for charge in prices("list-2026", "aws-lambda/arm").charges if charge.meter}
    assert of_arm == {"requests", "duration-arm"}
    of_all = {charge.id for charge in prices("list-2026", "aws-lambda").charges}
    assert of_all >= of_arm | {"duration-x86", "duration-provisioned"}


PLANS = """\
title: A platform
default_plan: hobby
default_region: us
sources:
  page: {title: The vendor's price page, at: example.com/pricing, read: 2026-11-01}
regions:
  eu: {factor: 1.25, standing: assumed, source: page, reason: for a test}
allowances:
  minutes: {by_plan: {hobby: 2000, team: 3000}, per: min, standing: vendor, source: page}
credits:
  - {item: credit, amount: $20, per_seat: true, plans: [pro], standing: vendor, source: page}
charges:
  fee: {item: Pro, measure: plan, per: seat-month, rate: $20, plans: [pro], standing: vendor, source: page}
  run: {item: runs, meter: running, per: min, rate: $0.01, regional: true, allowance: minutes, variants: [a],
    tiers: [{above: 10, rate: $0.008}], standing: vendor, source: page}
  egress: {item: egress, measure: count, per: GB, rate: $0.12, region_rates: {asia: $0.2}, variants: [b],
    standing: vendor, source: page}
"""


def test_a_plan_and_a_variant_leave_out_what_is_for_others(tmp_path: Path) -> None:
    whole = load(written(tmp_path, PLANS), "my-prices")
    assert (whole.plans, whole.known_regions) == (("hobby", "pro", "team"), ("us", "eu", "asia"))
    hobby, pro, team = (whole.chosen({"a"}, plan) for plan in (None, "pro", "team"))
    assert [[charge.id for charge in one.charges] for one in (hobby, pro, team)] == [["run"], ["fee", "run"], ["run"]]
    assert [one.allowances["minutes"].quantity for one in (hobby, pro, team)] == [2000, 0, 3000]
    assert [len(one.credits) for one in (hobby, pro, team)] == [0, 1, 0]
    assert [charge.id for charge in whole.chosen(plan="pro").charges] == ["fee", "run", "egress"]
    with pytest.raises(UnknownName, match="did you mean `team`"):
        whole.chosen(plan="teams")


def test_a_region_has_its_own_rates(tmp_path: Path) -> None:
    whole = load(written(tmp_path, PLANS), "my-prices")
    run, egress = whole.chosen(region="eu").charges
    # 0.01 x 1.25 = 0.0125, 0.008 x 1.25 = 0.01; the price is as much a guess as the factor is.
    assert (run.rate, run.tiers[0].rate, run.standing, run.reason) == (
        Decimal("0.0125"), Decimal("0.01"), Standing.ASSUMED, "for a test")
    assert (egress.rate, egress.standing) == (Decimal("0.12"), Standing.VENDOR)
    run, egress = whole.chosen(region="asia").charges
    assert (run.rate, egress.rate) == (Decimal("0.01"), Decimal("0.2"))
    assert whole.chosen(region="us") == whole.chosen()
    with pytest.raises(UnknownName, match="region"):
        whole.chosen(region="mars")


def test_a_region_moves_caps_and_dates_too() -> None:
    far = Region.model_validate({
        "factor": "1.5", "standing": "vendor", "source": "another page", "as_of": "2026-02-01"})
    one = Charge.model_validate({
        "id": "x", "item": "x", "meter": "m", "per": "h", "rate": "$0.02", "cap": "$6", "least": "$1", "regional": True,
        "standing": "measured", "source": "a page of it", "as_of": "2026-03-01"})
    made = one.in_region("far", far)
    assert (made.rate, made.cap, made.least) == (Decimal("0.03"), 9, Decimal("1.5"))
    assert (made.standing, made.as_of, made.source) == (
        Standing.VENDOR, date(2026, 2, 1), "a page of it; another page")
    assert one.model_copy(update={"regional": False}).in_region("far", far).rate == Decimal("0.02")


def test_a_size_has_its_own_price() -> None:
    book = prices("list-2026", "fly/machines")
    assert {charge.id for charge in book.of_size("performance-2x-4gb") if charge.meter == "started"} == {
        "performance-vcpu", "performance-memory"}
    assert book.unpriced(["started", "suspended", "kept"], "shared-cpu-1x-256mb") == ("kept",)
    # A size that the list does not name has no price, although something else on its meter has.
    assert prices("list-2026", "hetzner/cx23").unpriced(["server"], "cx93") == ("server",)
    assert prices("list-2026", "hetzner/cx23").unpriced(["server"], None) == ("server",)


@pytest.mark.parametrize("platform", catalog.platform_ids())
@pytest.mark.parametrize("book", books())
def test_every_meter_of_every_platform_has_a_charge(book: str, platform: str) -> None:
    profile, price_list = catalog.profile(platform), prices(book, platform)
    for size in profile.sizes or [None]:
        without = price_list.unpriced(sorted(profile.meters.names), size)
        # The vendors' book prices every size. The article names one size of each kind of server.
        assert without == () or (book == "article-2026" and size is not None)


@pytest.mark.parametrize(("book", "platform"), EVERY)
def test_no_charge_is_for_a_meter_or_a_size_that_nothing_has(book: str, platform: str) -> None:
    price_list = prices(book, platform)
    if platform == "llm":
        of_tokens = {*TOKENS, Measure.WRITTEN, Measure.WRITTEN_HOUR}
        assert all(charge.measure in of_tokens and charge.group == "llm" for charge in price_list.charges)
        return
    profiles = {id.partition("/")[2]: catalog.profile(id) for id in catalog.platform_ids()
                if id.partition("/")[0] == platform}
    for charge in price_list.charges if profiles else ():  # what no run can use is there to be rated
        if charge.measure in (Measure.PLAN, Measure.COUNT):
            continue
        assert set(charge.variants) <= set(profiles)
        assert any(charge.meter in profile.meters.names for profile in profiles.values())
        sizes = [size for profile in profiles.values() for size in profile.sizes]
        assert not charge.sizes or any(charge.matches(size) for size in sizes)
        assert all(any(Charge.matches(charge.model_copy(update={"sizes": (pattern,)}), size) for size in sizes)
                   for pattern in charge.sizes)


def test_every_language_model_has_a_price() -> None:
    charges = prices("list-2026", "llm").charges
    priced = {(charge.meter, charge.measure) for charge in charges if charge.rate is not None}
    assert priced >= {(model, measure) for model in catalog.llm_ids() for measure in TOKENS}


@pytest.mark.parametrize(("book", "platform"), EVERY)
def test_every_price_says_what_it_rests_on(book: str, platform: str) -> None:
    price_list = prices(book, platform)
    for charge in price_list.charges:
        assert date(2026, 1, 1) <= charge.as_of <= date(2026, 12, 31)
        assert len(charge.source.split()) > 3
        # The article's book holds only what the article says, or what follows from it.
        ours = charge.standing in (Standing.ARTICLE, Standing.CALIBRATED)
        assert ours == (book == "article-2026")
        assert charge.rate is not None or charge.reason


def test_charges_are_refused_that_contradict_themselves() -> None:
    with pytest.raises(ValueError, match="no allowance"):
        PriceList.model_validate({"book": "b", "platform": "p", "title": "t", "charges": [
            prices("list-2026", "cloud-run").charge("requests")]})
