"""A catalogue of one's own over the package's: platforms and prices, and what is wrong in it, with its place."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from sim import api, catalog, scenario
from sim.catalog import Catalogue
from sim.catalog.prices import prices
from sim.errors import InputError, Problem, UnknownName

PROFILES = """\
sources:
  offer: {title: An offer by mail, read: 2026-10-01}
variants:
  # A server of one's own beside those of the package, and one of the package changed.
  bare-metal:
    like: hetzner/cx33
    title: Hetzner, a server of our own
    sizes:
      big: {vcpu: 16, memory: 64 GiB, standing: vendor, source: offer}
  cx23:
    like: hetzner/cx23
    title: Hetzner CX23, tuned
    concurrency: {value: 3, standing: measured, source: offer}
"""
PRICES = """\
title: Hetzner, as agreed
sources:
  offer: {title: An offer by mail, read: 2026-10-01}
charges:
  big:
    item: our server
    meter: server
    sizes: [big]
    rate: $50
    per: month
    standing: vendor
    source: offer
  cx23:
    item: server CX23, agreed
    meter: server
    sizes: [cx23]
    rate: $3
    per: month
    standing: vendor
    source: offer
"""
TOKENS = """\
title: A model of our own
models:
  ours: {input: $1, output: $2, standing: vendor, source: An offer by mail, as_of: 2026-10-01}
"""
SCENARIO = """\
name: own
as_of: 2026-11-01
month: 2026-11
horizon: 1 day
replications: 1
catalog: cat
workload:
  agents: 2
  memory: 16 MiB
  arrivals: {poisson: {rate: 2/h}}
  request:
    - llm: {model: ours, input: 1000, output: 100, time: 2 s}
deployments:
  new: {platform: hetzner/bare-metal}
  changed: {platform: hetzner/cx23}
  kept: {platform: hetzner/cx33}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("profiles/hetzner.yaml", PROFILES), ("prices/list-2026/hetzner.yaml", PRICES),
                       ("prices/list-2026/llm.yaml", TOKENS)):  # fmt: skip
        path = tmp_path / "cat" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "own.yaml").write_text(SCENARIO)
    return tmp_path


def told(folder: Path) -> list[Problem]:
    with pytest.raises(InputError) as caught:
        scenario.load(folder / "own.yaml")
    return list(caught.value.problems)


def changed(folder: Path, name: str, old: str, new: str) -> list[Problem]:
    path = folder / name
    text = path.read_text()
    assert text.count(old) >= 1
    path.write_text(text.replace(old, new, 1))
    return told(folder)


def test_what_is_put_over_the_package(folder: Path) -> None:
    own, packaged = Catalogue(folder / "cat"), catalog.PACKAGE
    assert set(own.platform_ids()) == {*packaged.platform_ids(), "hetzner/bare-metal"}
    assert own.profile("hetzner/cx23").concurrency.value == 3
    assert own.profile("hetzner/cx23").queue == packaged.profile("hetzner/cx23").queue
    assert own.profile("hetzner/cx33") == packaged.profile("hetzner/cx33")
    assert own.books() == packaged.books() and own.platforms("list-2026") == packaged.platforms("list-2026")
    listed, before = own.prices("list-2026", "hetzner"), prices("list-2026", "hetzner")
    assert listed.title == "Hetzner, as agreed" and listed.not_covered == before.not_covered
    assert listed.charge("cx23").rate == Decimal(3) and listed.charge("cx33") == before.charge("cx33")
    assert [charge.id for charge in listed.charges] == [*(charge.id for charge in before.charges), "big"]
    assert own.prices("article-2026", "hetzner") == prices("article-2026", "hetzner")
    with pytest.raises(UnknownName, match="hetzner/bare-metal"):
        own.profile("hetzner/bare-metl")
    with pytest.raises(UnknownName):
        packaged.profile("hetzner/bare-metal")


def test_a_scenario_runs_and_is_billed_with_it(folder: Path) -> None:
    result = api.load(folder / "own.yaml").run()
    amounts = {(row.deployment, row.charge): row.amount for row in result.bill.itertuples() if row.charge}
    # A month each: 50; 3, of which no cap is left; an address 0.60 for 720 h; CX33 as the package has it, 9.99.
    assert amounts["new", "big"] == 50 and amounts["changed", "cx23"] == 3 and amounts["kept", "cx33"] == 9.99
    # 1,000 tokens at $1 and 100 at $2 a million are 0.0012 a request.
    requests = sum(result.requests.deployment == "new")
    tokens = Fraction(requests * 30 * 12, 10_000)
    bill = result.bill[(result.bill.deployment == "new") & (result.bill.group == "llm")]
    assert bill.amount.sum() == pytest.approx(float(tokens))


def test_the_same_name_has_another_identity(folder: Path) -> None:
    one = api.load(folder / "own.yaml").run().summary["identity"]
    path = folder / "cat" / "prices" / "list-2026" / "hetzner.yaml"
    path.write_text(PRICES.replace("rate: $50", "rate: $51"))
    assert api.load(folder / "own.yaml").run().summary["identity"] != one


@pytest.mark.parametrize(("name", "old", "new", "line", "column", "message", "fix"), [
    ("cat/profiles/hetzner.yaml", "value: 3", "value: three", 13, 26, "`three` is not a whole number", "such as `20`"),
    ("cat/profiles/hetzner.yaml", "like: hetzner/cx33", "like: hetzner/cx34", 6, 11, "unknown platform", "cx33"),
    ("cat/profiles/hetzner.yaml", "vcpu: 16", "vcpus: 16", 9, 13, "unknown key `vcpus`", "did you mean `vcpu`"),
    ("cat/profiles/hetzner.yaml", "variants:", "variant:", 3, 1, "unknown key `variant`", "did you mean `variants`"),
    ("cat/prices/list-2026/hetzner.yaml", "rate: $50", "rate: 50", 9, 11, "does not start with $", "`$50`"),
    ("cat/prices/list-2026/hetzner.yaml", "source: offer\n  cx23", "source: ofer\n  cx23", 12, 13, "no source `ofer`",
     "`offer`"),
    ("cat/prices/list-2026/llm.yaml", "output: $2", "ouput: $2", 3, 21, "unknown key `ouput`", "did you mean `output`"),
    ("own.yaml", "catalog: cat", "catalog: dog", 6, 10, "`dog`: there is no such folder", "profiles/<platform>.yaml"),
    ("own.yaml", "catalog: cat", "catalog: own.yaml", 6, 10, "this is a file", "profiles/<platform>.yaml"),
    ("own.yaml", "catalog: cat", f"catalog: {'x' * 400}", 6, 10, "there is no such folder", ""),
    ("own.yaml", "catalog: cat", "catalog: cat/prices", 6, 10, "nothing of a catalogue", "profiles/<platform>.yaml"),
    ("own.yaml", "platform: hetzner/bare-metal", "platform: hetzner/bear-metal", 14, 19, "unknown platform",
     "`hetzner/bare-metal`"),
    ("own.yaml", "model: ours", "model: hours", 12, 20, "unknown language model", ""),
    ("own.yaml", ", time: 2 s", "", 12, 20, "unknown language model `ours`", ""),
])  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(
    folder: Path, name: str, old: str, new: str, line: int, column: int, message: str, fix: str
) -> None:
    problem = next(one for one in changed(folder, name, old, new) if message in one.message)
    assert fix in problem.fix
    assert (Path(problem.file).name, problem.line, problem.column) == (Path(name).name, line, column)


def test_all_that_is_wrong_is_told_at_once(folder: Path) -> None:
    (folder / "cat" / "profiles" / "hetzner.yaml").write_text(PROFILES.replace("value: 3", "value: three"))
    (folder / "cat" / "prices" / "list-2026" / "hetzner.yaml").write_text(PRICES.replace("$50", "50"))
    problems = changed(folder, "own.yaml", "rate: 2/h", "rate: 2/x")
    assert {Path(one.file).parent.name for one in problems} == {folder.name, "profiles", "list-2026"}
    # What the broken files would have said is not told as unknown.
    assert len(problems) == 3


SPEEDS = """\
sources:
  bench: {title: Our own benchmark, read: 2026-10-01}
models:
  ours:
    title: Ours
    vendor: Us
    first_token: {value: 1 s, standing: measured, source: bench}
    tokens_per_second: {value: 33, standing: measured, source: bench}
"""


def test_how_fast_a_model_of_ones_own_is(folder: Path) -> None:
    # A second to the first of 100 tokens, 33 a second for the 99 others: 4 s, where nothing says how long a call takes.
    file, own = folder / "cat" / "profiles" / "llm.yaml", folder / "own.yaml"
    own.write_text(SCENARIO.replace(", time: 2 s", ""))
    assert "unknown language model `ours`" in told(folder)[0].message
    file.write_text(SPEEDS)
    result = api.load(own).run()
    assert result.requests.latency_s.round(6).min() == 4
    assert any("llm.ours.first_token" in str(one) for one in result.summary["deployments"]["new"]["rests_on"])
    # The package's models stay, or are as the folder says; another speed is another case.
    catalogue = Catalogue(folder / "cat")
    assert catalogue.llm("mid-tier") == catalog.llm("mid-tier")
    with pytest.raises(UnknownName, match="ours"):
        catalogue.llm("our")
    file.write_text(SPEEDS.replace("  ours:", "  mid-tier:").replace("value: 33", "value: 66"))
    assert Catalogue(folder / "cat").llm("mid-tier").tokens_per_second.value.mean == 66
    file.write_text(SPEEDS.replace("value: 33", "value: 66"))
    assert api.load(own).run().summary["identity"] != result.summary["identity"]
    file.write_text(SPEEDS.replace("value: 1 s", "value: 1"))
    assert [(Path(one.file).name, one.line) for one in told(folder)] == [("llm.yaml", 7)]
    file.write_text("modells: {}\n")
    assert any("did you mean `models`" in one.fix for one in told(folder))


def test_a_file_that_is_extended_names_its_own_folder(folder: Path) -> None:
    below = folder / "below"
    below.mkdir()
    (below / "child.yaml").write_text("extends: ../own.yaml\nname: child\n")
    assert scenario.load(below / "child.yaml").catalog == "../cat"
    assert len(api.load(below / "child.yaml").run().bill)
