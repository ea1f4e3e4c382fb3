"""What the report on the terminal says, in which order, and that it fits."""

from __future__ import annotations

import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from sim.report.bill import arithmetic
from sim.report.page import WIDEST
from sim.report.terminal import render
from sim.trace.audit import AuditError
from tests.report.conftest import line as bill_line

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


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_no_figure_and_no_name_is_cut_off(summary, width: int) -> None:
    text = render(summary, width=width)
    assert "…" not in text
    # In the tables of deployments, of first steps, of the bill, and beside its lines.
    for name in summary["deployments"]:
        assert text.count(f"\n {name} ") >= 4
    for figure in ("412 ms", "±25", "58.9 s", "16.4%", "$154.52", "±0.93", "×9.39", "$25,415", "$0.0389"):
        assert figure in text


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_a_long_name_goes_on_in_the_next_line(summary, width: int) -> None:
    long = "an-assistant-that-somebody-gave-a-very-long-name-indeed"
    summary["deployments"][long] = summary["deployments"].pop("suspend")
    summary["paired"][long] = summary["paired"].pop("suspend")
    summary["expect"][0]["text"] = f"{long}.cost.infrastructure.per_agent <= $0.50"
    text = render(summary, width=width)
    assert "…" not in text
    assert text.count("\n an-assistant") >= 4
    # Nothing of the name is lost, wherever its lines are broken.
    table = text[text.index("Deployments") : text.index("First step")]
    first = "".join(line[1 : int(min(width, 132) * 0.4) + 1].strip() for line in table.splitlines())
    assert long in first


def test_columns_of_a_group_stay_together_and_its_name_is_told_again_in_the_next_table(summary) -> None:
    at_60 = [line.split() for line in lines(summary, width=60)]
    assert ["p50", "p95", "p99"] in [line[:3] for line in at_60]
    at_40 = [line.split() for line in lines(summary, width=40)]
    assert at_40.count(["overhead"]) == 2
    for width in range(50, 90):
        text = render(summary, width=width)
        section = text[text.index("First step") : text.index("Bill")]
        for words in (line.split() for line in section.splitlines()):
            assert words.count("p50") == words.count("p99"), (width, words)


def test_the_order_is_verdicts_deployments_bill_advice_folder(summary) -> None:
    text = render(summary, folder=FOLDER, command=COMMAND)
    order = ["support-bot", "Expectations", "Deployments", "First step", "Bill", "largest lines", "Rests on", "Advice",
             "Kept in", "Repeat with"]  # fmt: skip
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
    assert "✓ a.wait_s.queue == 0 s: difference −2.00 ms (−3.00 to −1.00), bound 0 s" in text
    assert "✗ a.memory_mb < 600 MiB: 512 MiB, bound 600 MiB, one replication" in text
    assert "A note over two lines." in text


def test_a_missing_price_is_not_zero_dollars_and_says_why(summary) -> None:
    of_all, _, bill, _ = (line for line in lines(summary, width=120) if line.startswith(" lambda"))
    assert of_all.count("–¹") == 2
    assert bill.count("–¹") == 4
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
    one.update(replications=1, expect=[], method="none: one replication has no spread to judge by")
    text = render(one, width=120)
    assert "±" not in text
    assert "Expectations" not in text
    assert "no intervals: one replication has no spread to judge by" in text
    assert text.count("one replication has no spread to judge by") == 4


def test_one_long_run_names_its_batches(summary) -> None:
    summary.update(replications=1, method="batch means of one run, in 20 batches of 1 week")
    text = " ".join(render(summary, width=120).split())
    assert "± is a 95% interval by batch means of one run, in 20 batches of 1 week; it covers chance" in text


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


def test_failures_are_told_by_cause_the_most_frequent_first(summary) -> None:
    text = lines(summary, width=120)
    row = next(index for index, line in enumerate(text) if line.startswith(" lambda"))
    place = text[row].index("<0.01%") + len("<0.01%")
    assert [line[:place].split()[-1] for line in text[row + 1 : row + 3]] == ["memory", "duration"]
    deployment = summary["deployments"]["lambda"]
    for cause, count in {"memory": 5, "duration": 30}.items():
        deployment["requests"]["failed_by_cause"][cause]["value"] = count
    deployment["failed_fraction"] = {"value": 0.12, "low": 0.11, "high": 0.13}
    text = lines(summary, width=120)
    assert "12.0%" in text[row]
    assert [line[:place].split()[-1] for line in text[row + 1 : row + 4]] == ["±1.0", "duration", "memory"]


def test_little_overhead_is_told_as_little(summary) -> None:
    summary["deployments"]["always-on"]["overhead_fraction"] = {"value": 0.0004, "low": 0.0003, "high": 0.0005}
    assert "<0.1%" in next(line for line in lines(summary, width=120) if line.startswith(" always-on"))


def test_without_a_request_there_is_a_bill_and_that_is_said(summary) -> None:
    for deployment in summary["deployments"].values():
        deployment["requests"] = {"arrived": {"value": 0.0}, "failed_by_cause": {}}
    text = render(summary, width=120)
    assert "No request arrived within the horizon" in text
    assert "Advice" not in text
    assert "p99" not in text[text.index("Deployments") : text.index("Rests on")]
    assert "$154.52" in text


def test_a_credit_is_no_share_of_the_bill(summary) -> None:
    bill = summary["deployments"]["always-on"]["cost"]
    bill["lines"] = [*bill["lines"][-1:], bill_line("infrastructure", "credit of the plan", 1.0, "month", "-30", -12.3,
                                                    credit="30")]  # fmt: skip
    row = next(line for line in lines(summary, width=120) if "credit of the plan" in line)
    assert row.split("plan")[1].split("  ")[-1].strip() == "−$12.30"
    assert "up to $30.00 a month" in row


def test_start_up_and_wake_up_are_told_where_there_are_any(summary) -> None:
    assert "start-up          wake-up" in render(summary)
    del summary["deployments"]["suspend"], summary["paired"]["suspend"]
    text = render(summary)
    assert "start-up" in text
    assert "         wake-up" not in text
    assert "needs 20 requests" not in text


def test_a_line_of_the_bill_says_its_arithmetic() -> None:
    def told(**given: Any) -> str:
        plain = {"quantity": 6.0, "unit": "h", "rate": "0.5", "amount": 3.0}
        return arithmetic(bill_line("infrastructure", "x", **plain | given))

    assert told() == "6 h × $0.5"
    assert told(rate=None, amount=None) == "6 h, no price"
    assert told(quantity=540_000.0, unit="GB-s", rate="0.0000166667", free=400_000.0) == (
        "(540,000 − 400,000 free) GB-s × $0.0000166667")
    assert told(quantity=0.46, unit="1M requests", free=0.46) == "460,000 requests, all free"
    assert told(quantity=1.5, billable=2.0, unit="1M requests") == (
        "1.50 million requests, sold as 2.00 million × $0.5 a million")
    assert told(instances=4.0, cap="6.49", capped=4.0) == "6 h × $0.5, capped at $6.49 an instance"
    assert told(instances=8.0, cap="6.49", capped=4.0) == "6 h × $0.5, capped at $6.49 an instance, 4 of 8 of them"
    assert told(instances=4.0, cap="6.49", capped=0.0) == "6 h × $0.5"
    assert told(instances=1.0, least="0.01", raised=1.0) == "6 h × $0.5, at least $0.01 an instance"
    assert told(quantity=1.0, unit="month", rate="-30", credit="30", amount=-12.3) == "up to $30.00 a month"


def test_an_allowance_that_covers_all_is_shown(summary) -> None:
    bill = summary["deployments"]["serverless"]["cost"]
    bill["lines"] = [bill_line("infrastructure", "requests", 0.46, "1M requests", "0.40", 0.0, free=0.46)]
    text = render(summary, width=120)
    assert "460,000 requests, all free" in text
    # Where nothing costs anything, one line says so; where something does, each has its own.
    bill["lines"].append(bill_line("infrastructure", "memory", 900.0, "GB-s", "0.0000025", 0.0, free=900.0))
    for width in (80, 120):
        text = " ".join(render(summary, width=width).split())
        assert "all of it is free" in text and "460,000 requests, 900 GB-s" in text and "900 GB-s, all" not in text
    bill["lines"].append(bill_line("infrastructure", "disk", 9.0, "GB-h", "1", 9.0))
    text = render(summary, width=120)
    assert "460,000 requests, all free" in text and "900 GB-s, all free" in text


def test_callers_have_a_table_where_any_try_again_or_give_up(summary) -> None:
    assert "Callers" not in render(summary, width=120)
    for one in summary["deployments"].values():
        one |= {"attempts": {"value": 1.0}, **{f"{what}_fraction": {"value": 0.0} for what in (
            "given_up", "retried", "wasted")}}  # fmt: skip
    assert "Callers" not in render(summary, width=120)
    summary["deployments"]["suspend"] |= {"attempts": {"value": 1.5}, "retried_fraction": {"value": 0.25}}
    text = render(summary, width=120).partition("Callers")[2].partition("Bill")[0]
    row = next(line for line in text.splitlines() if line.strip().startswith("suspend"))
    assert row.split() == ["suspend", "1.50", "25.0%", "0%", "0%"]


def test_an_unknown_figure_of_the_reference_is_no_ratio_of_one(summary) -> None:
    ones = re.compile(r"×1(?!\S)")
    before = len(ones.findall(render(summary, width=120)))
    reference = summary["deployments"][summary["reference"]]
    reference["cost"]["infrastructure"] = {"value": None, "why": "no price is known for disks"}
    reference["overhead_s"]["p99"] = {"value": None, "why": "too few requests"}
    assert len(ones.findall(render(summary, width=120))) == before - 2


def test_what_figures_rest_on_is_told_by_platform(summary) -> None:
    text = render(summary, width=120)
    text = text[text.index("Rests on") : text.index("Advice")]
    assert "fly/machines             Assumed: ladder.suspended.enter 1 s, ladder.suspended.wake" in text
    assert "Not modelled: A snapshot is lost on deploys. The proxy looks" in text
    assert "Not in the bill: Backups, 20% of the server." in text
    # What is so on every platform is said once, and not of each.
    assert text.count("Writing to the prompt cache") == 1
    assert "everywhere" in text
    guess = {"path": "llm.speed", "value": "60", "standing": "assumed", "reason": "a guess"}
    for deployment in summary["deployments"].values():
        deployment["rests_on"].append(guess)
    text = render(summary, width=120)
    text = text[text.index("Rests on") : text.index("Advice")]
    assert text.count("llm.speed") == 1
    assert "everywhere               Assumed: llm.speed 60" in text


@pytest.mark.parametrize(("days", "said"), [
    (23, "prices list-2026, up to 23 days old on 2026-11-01"), (1, "up to 1 day old"),
    (0, "prices list-2026 of 2026-11-01"), (-5, "prices list-2026, all of them newer than 2026-11-01"),
])
def test_the_age_of_prices_is_counted_from_the_day_of_the_scenario(summary, days: int, said: str) -> None:
    for deployment in summary["deployments"].values():
        for one in deployment["cost"]["lines"]:
            one["age_days"] = days if one["amount"] is not None else None
    summary["deployments"]["suspend"]["cost"]["lines"][0]["age_days"] = min(days, 2)
    assert said in " ".join(render(summary).split())


def test_it_is_said_of_which_replications_the_tables_are(summary) -> None:
    text = " ".join(render(summary, folder=FOLDER).split())
    assert "events are of replication 0 of 24 alone; replications.parquet has the figures of each" in text
    assert "replication 0" not in render(summary)


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


def test_what_requests_wait_for_on_gpus_is_told_where_they_have_any(summary) -> None:
    assert not any(line.startswith("On GPUs") for line in lines(summary))
    for one in summary["deployments"].values():
        for phase, value in (("first_token_s", 0.5), ("prefill_s", 0.25), ("decode_s", 4.0)):
            one[phase] = {name: {"value": value, "low": value, "high": value} for name in ("mean", "p50", "p99")}
        one["gpu_token_rate"] = {"value": 43.0, "low": 43.0, "high": 43.0}
    told = lines(summary, width=120)
    heading = next(place for place, line in enumerate(told) if line.startswith("On GPUs"))
    row = next(line for line in told[heading:] if line.startswith(" suspend"))
    assert row.split() == ["suspend", "500", "ms", "500", "ms", "250", "ms", "4.00", "s", "43"]
