"""What a notebook shows: the figures of the summary, well-formed, escaped, without colours that hide it in the dark."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import sim
from sim.claims import Verdict
from sim.report import html
from sim.report.numbers import show
from sim.trace.audit import AuditError

Tree = dict[str, Any]
VOID = {"br"}


class Page(HTMLParser):
    """Reads a page, and complains where tags are not closed in their order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.styles: list[str] = []
        self.told: list[str] = []
        self.rows: list[list[str]] = []
        self.feed(text)
        self.close()
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert {name for name, _ in attrs} <= {"style"}
        self.styles += [value or "" for _, value in attrs]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.told.append(data)
        if "td" in self.open or "th" in self.open:
            self.rows[-1][-1] += data

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.told).split())


def test_a_result_shows_its_summary(summary: Tree) -> None:
    page = Page(html.result(summary))
    for name, deployment in summary["deployments"].items():
        row = next(row for row in page.rows if row and row[0] == name + deployment["platform"])
        shown = show(deployment["overhead_s"]["p99"], "seconds")
        assert shown.value + shown.spread in row
        if deployment["cost"]["infrastructure"]["value"] is not None:
            money = show(deployment["cost"]["infrastructure"], "dollars")
            assert money.value + money.spread in row
    for one in summary["expect"]:
        assert one["text"] in page.text
    assert "✗ fails" in page.text
    assert "? inconclusive" in page.text
    assert "2 hold · 1 fails · 1 inconclusive" in page.text
    assert "24 replications" in page.text
    assert "Bill of November 2026, list-2026" in page.text
    assert "no price is known for data transfer out" in page.text, "why there is no sum"


def test_the_bill_has_a_line_for_each_item(summary: Tree) -> None:
    page = Page(html.result(summary))
    told = [row for row in page.rows if len(row) == 4]
    items = [line["item"] for one in summary["deployments"].values() for line in one["cost"]["lines"]
             if line["group"] != "llm"]
    assert [row[1] for row in told if row[1] in items] == items
    unpriced = next(row for row in told if row[1] == "data transfer out")
    assert unpriced[2:] == ["41 GB, no price", "–"], "never $0.00"
    assert ["requests", "460,000 requests, all free", "$0.00"] in [row[1:] for row in told]
    assert sum(row[1].startswith("mid-tier") for row in told) == 2, "what models cost is told once"


def test_no_text_becomes_a_tag(summary: Tree) -> None:
    evil = "<script>alert('&amp;')</script>"
    text = json.dumps(summary)
    for word in ("support-bot", "Two hundred support bots", "always-on", "hetzner/cx23", "server CX23", "A02"):
        text = text.replace(word, f"{word}{evil}")
    spoilt = json.loads(text)
    spoilt["advice"] = [{"rule": "r", "text": evil}]
    spoilt["expect"][0]["note"] = evil
    spoilt["covers"] = evil
    page = Page(html.result(spoilt))
    assert "script" not in page.tags
    assert page.text.count(evil) >= 10
    case = {**spoilt, "case": {f"axis{evil}": evil}}
    swept = {**spoilt, "axes": {f"axis{evil}": {"path": "p", "values": [evil]}}, "cases": [case]}
    page = Page(html.sweep(swept))
    assert "script" not in page.tags
    assert page.text.count(evil) >= 5


def test_it_can_be_read_on_light_and_on_dark_ground(summary: Tree) -> None:
    page = Page(html.result(summary))
    assert not {"style", "script", "link", "font"} & set(page.tags)
    assert not any("background" in style for style in page.styles)
    colours = set(re.findall(r"#[0-9a-f]{6}", " ".join(page.styles)))
    assert len(colours) == 3, "of verdicts alone"
    for colour in colours:
        for ground in ("#ffffff", "#111111"):
            assert contrast(colour, ground) > 3, "WCAG 2.1, 1.4.11"


def contrast(one: str, other: str) -> float:
    """Contrast of two colours, WCAG 2.1."""
    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_figures_of_a_run_that_failed_its_audit_are_not_shown(summary: Tree) -> None:
    summary["deployments"]["suspend"]["audit"] = {
        "passed": False, "checks": [{"name": "presence", "passed": False, "detail": "1 s is missing"}]}
    with pytest.raises(AuditError, match="1 s is missing"):
        html.result(summary)
    with pytest.raises(AuditError, match="1 s is missing"):
        html.sweep({**summary, "axes": {}, "cases": [{**summary, "case": {}}]})


def test_what_is_zero_everywhere_has_no_column(summary: Tree) -> None:
    heads = Page(html.result(summary)).rows
    assert any("cold starts" in row for row in heads)
    for deployment in summary["deployments"].values():
        deployment["cold_start_fraction"] = {"value": 0.0, "low": 0.0, "high": 0.0}
    assert not any("cold starts" in row for row in Page(html.result(summary)).rows)


SCENARIO = """
name: little
about: "Is 1 < 2 & 3?"
as_of: 2026-11-01
month: 2026-11
horizon: 1 day
replications: 2
workload:
  agents: 2
  arrivals: {poisson: {rate: 4/h}}
  request: [{tool: {wait: 3 s}}]
deployments:
  server: {platform: hetzner/cx23}
  other: {extends: server, concurrency: 3}
axes:
  load: {path: workload.arrivals.poisson.rate, values: [4/h, 8/h]}
expect:
  - {that: server.utilisation < 100%, claim: A99, note: always}
  - server.cost.total < $1
"""


def test_everything_shows_itself(tmp_path: Path) -> None:
    path = tmp_path / "little.yaml"
    path.write_text(SCENARIO)
    study = sim.load(path)
    page = Page(study._repr_html_())
    for text in ("little", "Is 1 < 2 & 3?", "hetzner/cx23", "extends server", "concurrency: 3", "4/h, 8/h",
                 "workload.arrivals.poisson.rate", "server.utilisation < 100%", "A99", "2 agents", "1 day"):
        assert text in page.text
    sweep = study.run(workers=1)
    page = Page(sweep._repr_html_())
    assert "2 cases: load (2)" in page.text
    assert [row[0] for row in page.rows[1:]] == ["4/h", "", "8/h", ""]
    assert page.rows[1][-1] == "✓ 1 ✗ 1"
    one = next(iter(sweep.results.values()))
    page = Page(one._repr_html_())
    assert "little (load=4/h)" in page.text
    page = Page(one.expectations._repr_html_())
    assert "1 holds · 1 fails" in page.text
    assert all(isinstance(verdict, Verdict) for verdict in one.expectations)
    assert Page(sweep.expectations._repr_html_()).text.count("in the case load=4/h") == 2


@pytest.mark.parametrize(("warmup", "told"), [
    ("0 s", "1 day · 2 replications"), ("2 days", "1 day after 2 days of warm-up · 2"),
    ("auto", "1 day after a warm-up that is looked for · 2"),
])
def test_a_study_says_what_its_figures_leave_out(warmup: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "little.yaml"
    path.write_text(f"warmup: {warmup}\n{SCENARIO}")
    assert told in Page(sim.load(path)._repr_html_()).text


def test_long_tables_can_be_scrolled(summary: Tree) -> None:
    summary["expect"] = summary["expect"] * 8
    assert "overflow:auto" in html.verdicts(summary["expect"])
    assert "overflow:auto" not in html.verdicts(summary["expect"][:4])
