"""Each rule of advice speaks when its figures say so, and is silent otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from sim.report.advice import _RULES, advise


def by_rule(summary: dict[str, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {rule: [] for rule in _RULES}
    for one in advise(summary):
        found[one["rule"]].append(one["text"])
    return found


@pytest.fixture
def plain(summary) -> dict[str, Any]:
    """Two places between which nothing is to be said."""
    names = ("always-on", "serverless")
    summary["deployments"] = {name: summary["deployments"][name] for name in names}
    summary["paired"] = {"serverless": summary["paired"]["serverless"]}
    summary["expect"] = []
    always_on, serverless = (summary["deployments"][name] for name in names)
    always_on["cost"]["infrastructure"] = {"value": 100.0, "low": 50.0, "high": 150.0}
    serverless["cost"]["infrastructure"] = {"value": 101.0, "low": 51.0, "high": 151.0}
    for deployment in (always_on, serverless):
        deployment["slowest"] = dict.fromkeys(deployment["slowest"], 0)
        deployment["rests_on"] = []
        deployment["cost"]["lines"] = deployment["cost"]["lines"][:1]
        deployment["cost"]["llm"]["value"] = 1.0
    return summary


def test_nothing_is_said_where_there_is_nothing_to_say(plain) -> None:
    found = by_rule(plain)
    assert [rule for rule, texts in found.items() if texts] == []


def test_the_most_pressing_comes_first(summary) -> None:
    rules = [one["rule"] for one in advise(summary)]
    assert rules == sorted(rules, key=list(_RULES).index)


def test_losses(plain) -> None:
    requests = plain["deployments"]["serverless"]["requests"]
    for name, count in {"arrived": 1000, "failed": 23, "unfinished": 0, "completed": 977}.items():
        requests[name]["value"] = count
    assert by_rule(plain)["losses"] == [
        "serverless fails 2.30% of its requests; percentiles count them as endless."
    ]
    requests["failed"]["value"], requests["unfinished"]["value"] = 0, 40
    [text] = by_rule(plain)["losses"]
    assert text.startswith("serverless leaves 4.00% of its requests unfinished: it cannot keep up")


def test_an_item_without_price_is_named(summary) -> None:
    assert by_rule(summary)["unpriced"] == [
        "lambda: list-2026 has no price for data transfer out (41 GB), so there is no total; it is not $0.00."
    ]


def test_an_undecided_expectation_says_how_many_replications_would_decide_it(summary) -> None:
    # Half the interval towards the bound is 0.149, the distance to it 0.132: 24 x (0.149 / 0.132)^2 x 1.1 = 33.6.
    [text] = by_rule(summary)["precision"]
    assert "About 34 replications" in text
    assert "--replications 34" in text


def test_an_expectation_without_figure_says_why(plain) -> None:
    plain["expect"] = [{"text": "a.x < 1", "verdict": "inconclusive", "value": None, "low": None, "high": None,
                        "bound": 1, "why": "no price is known for b"}]  # fmt: skip
    assert by_rule(plain)["precision"] == ["`a.x < 1` cannot be decided: no price is known for b."]


def test_a_percentile_that_cannot_be_told_is_told(plain) -> None:
    for deployment in plain["deployments"].values():
        deployment["overhead_s"]["p99"] = {"value": None, "why": "needs 368 independent requests, there are 210"}
    assert by_rule(plain)["precision"] == [
        "p99 cannot be told for always-on and serverless: needs 368 independent requests, there are 210."
    ]
    assert by_rule(plain)["choice"] == []
    plain["deployments"]["serverless"]["overhead_s"]["p95"] = {"value": None, "why": "there are 21"}
    assert by_rule(plain)["precision"][1] == "p95 cannot be told for serverless: there are 21."
    plain["deployments"]["serverless"]["requests"]["failed"]["value"] = 25_000  # above 5% of 461,300: p95 is endless
    assert len(by_rule(plain)["precision"]) == 1


def test_a_place_that_is_dearer_and_slower_is_named(summary) -> None:
    # The cost of lambda is not known, and serverless-warm has a smaller p95 than always-on.
    [text] = by_rule(summary)["choice"]
    assert text.startswith("always-on beats suspend and serverless: it costs less and adds less at p99")


def test_intervals_that_touch_are_no_difference(plain) -> None:
    plain["deployments"]["serverless"]["cost"]["infrastructure"]["low"] = 150.0
    assert not any("beats" in text for text in by_rule(plain)["choice"])
    plain["deployments"]["serverless"]["cost"]["infrastructure"]["low"] = 150.1
    assert any("always-on beats serverless" in text for text in by_rule(plain)["choice"])


def test_a_trade_names_each_step(plain) -> None:
    plain["deployments"]["serverless"]["overhead_s"]["p99"]["value"] = 0.3
    [text] = by_rule(plain)["choice"]
    start = "Cost is traded for overhead between always-on ($100.00 a month, p99 412 ms) and serverless ($101"
    assert text.startswith(start)


def test_the_cause_of_slowness_needs_more_than_half(plain) -> None:
    slow = plain["deployments"]["serverless"]["slowest"]
    slow.update(overhead=100, start=51, queue=49)
    assert by_rule(plain)["slowest"] == [
        "The slowest 1% lose most of their time waiting for a start on serverless (51.0%); a minimum of instances, or "
        "a longer idle timeout, avoids starts."
    ]
    slow.update(start=49, queue=49, wake=2)
    assert by_rule(plain)["slowest"] == []


def test_verdicts_that_rest_on_guesses_say_so(summary) -> None:
    assert by_rule(summary)["assumptions"] == [
        "Verdicts rest on assumed figures: 2 of suspend (ladder.suspended.enter, ladder.suspended.wake) and 1 of "
        "serverless (duration.idle). summary.json has the reasons; measure what matters."
    ]
    # `serverless` rests on one too, and is not mentioned for a verdict that is on `serverless-warm` alone.
    summary["expect"] = [one for one in summary["expect"] if one["text"].startswith("serverless-warm")]
    summary["expect"][0]["text"] = "serverless-warm.overhead_s.p99 < 1 s"
    assert by_rule(summary)["assumptions"] == []


def test_lines(summary) -> None:
    texts = by_rule(summary)["lines"]
    assert texts[0].startswith("The language model is 99.4% of the bill or more")
    assert texts[1] == (
        "One line is most of the cost of infrastructure: memory of started machines beyond 256 MB a shared vCPU for "
        "suspend (54.0%); CPU of active instances for serverless (91.1%) and serverless-warm (86.4%)."
    )


def test_a_run_without_anything_at_all_gives_no_advice(plain) -> None:
    for deployment in plain["deployments"].values():
        deployment["requests"] = {name: {"value": 0.0, "low": 0.0, "high": 0.0} for name in deployment["requests"]}
        deployment["cost"]["lines"] = []
        deployment["cost"]["total"]["value"] = 0.0
        for percentile in ("p95", "p99"):
            deployment["overhead_s"][percentile] = {"value": 0.0, "low": 0.0, "high": 0.0}
    plain["deployments"].pop("serverless")
    assert advise(plain) == []
