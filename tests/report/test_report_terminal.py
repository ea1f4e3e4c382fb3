"""What the report on the terminal says, in which order, and that it fits."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from sim.report.page import WIDEST
from sim.report.terminal import render
from sim.trace.audit import AuditError

FOLDER = "results/runs/support-bot/9f2c6b1e0d4a"
COMMAND = "sim run scenarios/support-bot.yaml --seed 1 --replications 24"


def lines(summary: dict[str, Any], **given: Any) -> list[str]:
    return render(summary, **given).splitlines()


@pytest.mark.parametrize("width", [80, 120])
def test_the_whole_report(summary, width: int) -> None:
    """The text beside this file is not a number of the program's own: it is the made-up summary, looked at by a person.

    After a change of the layout look at the new text, then replace it.
    """
    golden = Path(__file__).with_name(f"report-{width}.txt").read_text(encoding="utf-8")
    assert render(summary, width=width, folder=FOLDER, command=COMMAND) == golden


@pytest.mark.parametrize("width", [40, 60, 80, 100, 111, 112, 120, 131, 300])
def test_no_line_is_wider_than_the_terminal_and_none_ends_in_blanks(summary, width: int) -> None:
    for line in lines(summary, width=width):
        assert len(line) <= min(width, WIDEST)
        assert line == line.rstrip()


@pytest.mark.parametrize("width", [80, 120])
def test_no_figure_is_cut_off(summary, width: int) -> None:
    text = render(summary, width=width)
    assert "…" not in text
    for name in summary["deployments"]:
        assert text.count(f" {name} ") >= 3
    for figure in ("412 ms", "±25", "58.9 s", "16.4%", "$154.52", "±0.93", "×9.39", "$25,415", "$0.0389"):
        assert figure in text


def test_the_order_is_verdicts_deployments_bill_advice_folder(summary) -> None:
    text = render(summary, folder=FOLDER, command=COMMAND)
    order = ["support-bot", "Expectations", "Deployments", "Bill", "largest lines", "Advice", "Kept in", "Repeat with"]
    places = [text.index(word) for word in order]
    assert places == sorted(places)


def test_verdicts_are_told_with_value_interval_and_bound(summary) -> None:
    text = render(summary, width=120)
    assert "2 hold · 1 fails · 1 inconclusive" in text
    assert "$0.773 (0.766 to 0.779), bound $0.50" in text
    assert "×0.868 (0.741 to 1.017), bound ×1" in text
    assert "A01" in text


def test_parts_differences_sizes_and_reasons_of_verdicts(summary) -> None:
    first = summary["expect"][0]
    part = {**first, "text": "a.wait_s.queue == 0 s", "verdict": "holds", "measure": "difference", "unit": "s",
            "value": -0.002, "low": -0.003, "high": -0.001, "bound": 0.0}  # fmt: skip
    size = {**first, "text": "a.memory_mb < 600 MiB", "unit": "B", "value": 512 * 2.0**20, "low": None, "high": None,
            "bound": 600 * 2.0**20, "why": "one replication"}  # fmt: skip
    first["parts"] = [part, size]
    first["note"] = "A note\n  over two lines."
    text = render(summary, width=120)
    assert "✓ a.wait_s.queue == 0 s, difference −2.00 ms (−3.00 to −1.00), bound 0 s" in text
    assert "✗ a.memory_mb < 600 MiB, 512 MiB, bound 600 MiB, one replication" in text
    assert "A note over two lines." in text


def test_a_missing_price_is_not_zero_dollars_and_says_why(summary) -> None:
    table = [line for line in lines(summary, width=120) if line.startswith(" lambda")]
    assert all("–¹" in line for line in table[:2])
    assert " ¹ no price is known for data transfer out" in lines(summary, width=120)


def test_one_replication_has_no_intervals_and_says_so_once_a_table(summary) -> None:
    def strip(tree: Any) -> None:
        if isinstance(tree, dict):
            if tree.get("low") is not None and tree["low"] != tree["high"]:
                tree.update(low=None, high=None, why="one replication has no spread to judge by")
            for branch in tree.values():
                strip(branch)

    one = deepcopy(summary)
    strip(one["deployments"])
    strip(one["paired"])
    one.update(replications=1, expect=[])
    text = render(one, width=120)
    assert "±" not in text
    assert "Expectations" not in text
    assert text.count("one replication has no spread to judge by") == 2


def test_a_single_deployment_has_no_ratios(summary) -> None:
    summary["deployments"] = {"always-on": summary["deployments"]["always-on"]}
    summary.update(paired={}, expect=[])
    text = render(summary, width=120)
    assert "/ ref." not in text
    assert "×1" not in text
    assert "ref. is" not in text


def test_advice_of_the_summary_is_printed_as_it_is(summary) -> None:
    summary["advice"] = [{"rule": "any", "text": "Eat more greens."}]
    assert " • Eat more greens." in lines(summary)
    summary["advice"] = []
    assert "Advice" not in render(summary)


def test_rare_failures_are_not_none(summary) -> None:
    row = next(line for line in lines(summary, width=120) if line.startswith(" suspend"))
    assert "<0.01%" in row


def test_colour_only_when_asked_for(summary) -> None:
    plain, coloured = render(summary), render(summary, colour=True)
    assert "\x1b[" not in plain
    assert "\x1b[" in coloured
    assert "\x1b[31m" in coloured
    assert "\x1b[32m" in coloured


def test_colour_does_not_depend_on_the_environment(summary, monkeypatch: pytest.MonkeyPatch) -> None:
    coloured = render(summary, colour=True)
    for name, value in {"NO_COLOR": "1", "FORCE_COLOR": "1", "TERM": "dumb", "COLUMNS": "50"}.items():
        monkeypatch.setenv(name, value)
        assert render(summary, colour=True) == coloured
        assert "\x1b[" not in render(summary)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_terminal_with_few_signs_gets_plain_ones(summary, encoding: str) -> None:
    text = render(summary, encoding=encoding)
    text.encode(encoding)
    assert "x fails" in text
    assert "-[1]" in text


def test_text_of_a_person_is_no_markup(summary) -> None:
    summary["about"] = "[bold]about[/bold] :smile: [link=x]"
    assert "[bold]about[/bold] :smile: [link=x]" in render(summary)


def test_a_failed_audit_shows_no_figure(summary) -> None:
    summary["deployments"]["suspend"]["audit"] = {
        "passed": False,
        "checks": [{"name": "presence", "passed": False, "detail": "1 us is not 2 us"},
                   {"name": "work", "passed": True, "detail": "all there"}],
    }  # fmt: skip
    with pytest.raises(AuditError) as caught:
        render(summary)
    assert str(caught.value).splitlines()[1:] == ["suspend: presence: 1 us is not 2 us"]


def test_rendering_changes_nothing(summary) -> None:
    before = deepcopy(summary)
    render(summary)
    assert summary == before
