"""Each rule of advice speaks when its figures say so, and is silent otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from sim.engine.contract import Cause
from sim.report.advice import _RULES, CAUSES, advise
from tests.report.conftest import line


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
        deployment["slowest"] = dict.fromkeys(deployment["slowest"], 0) | {"overhead": 6, "latency": 100}
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


def tell(figures, **values: float) -> None:
    for name, value in values.items():
        figures[name]["value"] = value


def test_losses(plain) -> None:
    requests = plain["deployments"]["serverless"]["requests"]
    tell(requests, arrived=1000, failed=23, unfinished=0, completed=977)
    tell(requests["failed_by_cause"], queue_full=1, memory=14, duration=8)
    memory, duration = by_rule(plain)["losses"]  # one in 23 is not worth a sentence
    assert memory == (
        "serverless: 1.40% of requests fail for memory: lower `concurrency`, or take more `memory` or a larger `size`. "
        "Percentiles count them as endless.")
    assert duration.startswith("serverless: 0.800% of requests fail because they last too long: raise `max_duration`")
    tell(requests, failed=1)
    tell(requests["failed_by_cause"], queue_full=0, memory=1, duration=0)
    assert by_rule(plain)["losses"] == []
    tell(requests, failed=0, unfinished=40)
    [text] = by_rule(plain)["losses"]
    assert text.startswith("serverless leaves 4.00% of its requests unfinished: it cannot keep up")


SETTINGS = {"concurrency": "20", "queue": "0", "duration": "1 h", "maximum": "100", "placement": "shared"}


@pytest.mark.parametrize(("cause", "given", "fix"), [
    ("memory", {}, "lower `concurrency` (now 20), or take more `memory` or a larger `size`"),
    ("memory", {"concurrency": "1"}, "fail for memory: take more `memory` or a larger `size`"),
    ("queue_full", {}, "let more of them wait with `queue` (now 0), or raise `concurrency` (now 20) or `max_instances` "
                       "(now 100)."),
    ("queue_full", {"max_instances": "4"}, "or `max_instances` (now 4)."),
    ("queue_full", {"placement": "per-agent"}, "or raise `concurrency` (now 20)."),
    ("duration", {}, "raise `max_duration` (now 1 h) if the platform lets you"),
    ("duration", {"max_duration": "9 min"}, "raise `max_duration` (now 9 min) if"),
])
def test_what_helps_against_failures_goes_by_their_cause_and_the_settings(
    plain, cause: str, given: dict[str, str], fix: str
) -> None:
    deployment = plain["deployments"]["serverless"]
    tell(deployment["requests"], arrived=100, failed=12, unfinished=0)
    deployment["requests"]["failed_by_cause"] = {cause: {"value": 12}}
    deployment["rests_on"] = [{"path": path, "value": value, "standing": "scenario"}
                              for path, value in (SETTINGS | given).items()]
    [text] = by_rule(plain)["losses"]
    assert text.startswith("serverless: 12.0% of requests fail ")
    assert fix in text


def test_there_is_advice_for_every_cause_that_a_model_gives() -> None:
    assert list(CAUSES) == [cause.name.lower() for cause in Cause if cause is not Cause.NONE]


def test_requests_that_pile_up_are_told_with_what_was_offered(plain) -> None:
    place = plain["deployments"]["serverless"]
    place["backlog"] = {"before": {"value": 12.34}, "after": {"value": 40.0}, "growing": True,
                        "growth": {"value": 27.66, "low": 20.0, "high": 35.3}}  # fmt: skip
    place["offered"] = {"slots": {"value": 25.2, "most": 24}, "cores": {"value": 0.5, "most": 1.5}}
    place["utilisation"]["value"] = 0.998
    piled = "serverless: requests pile up. On average 40.0 are late in the later part of the window, 12.3 in the " \
            "earlier (20.0 to 35.3 more). "
    assert by_rule(plain)["overload"] == [
        f"{piled}It is overloaded: offered work for 25.2 of 24 slots and 0.500 of 1.5 cores of CPU; instances that are "
        "up serve a request 99.8% of the time. Give it more, or fewer requests. Its figures and its bill depend on how "
        "long is simulated."]
    place["offered"]["slots"]["value"] = 0.95 * 24  # there is room
    [text] = by_rule(plain)["overload"]
    assert "It is offered work for 22.8 of 24 slots" in text and "one after another" in text
    place["offered"]["cores"]["value"] = 1.6  # it is the CPU
    assert "It is overloaded" in by_rule(plain)["overload"][0]
    place["offered"] = {"slots": {"value": 25.2, "most": None}, "cores": {"value": 0.0, "most": None}}
    assert "It may have as many instances as it needs; instances that are up" in by_rule(plain)["overload"][0]


def test_instances_that_live_on_are_told_of_a_run_that_begins_empty(plain) -> None:
    one, other = plain["deployments"].values()
    one["left_over"]["value"], other["left_over"]["value"] = 0.05, 0.314
    plain["warmup_s"] = 86_400
    assert by_rule(plain)["left over"] == []
    plain["warmup_s"] = 0
    [text] = by_rule(plain)["left over"]
    assert "did not see end: serverless (31.4%). In a month" in text
    other["left_over"]["value"] = None  # no instance was ever there
    assert by_rule(plain)["left over"] == []


def test_an_item_without_price_is_named(summary) -> None:
    assert by_rule(summary)["unpriced"] == [
        "lambda: list-2026 has no price for data transfer out (41 GB), so there is no total; it is not $0.00."
    ]


def test_an_undecided_expectation_says_how_many_replications_would_decide_it(summary) -> None:
    # Half the interval towards the bound is 0.149, the distance to it 0.132: 24 x (0.149 / 0.132)^2 x 1.1 = 33.6.
    [text] = by_rule(summary)["precision"]
    assert "About 34 replications" in text
    assert "--replications 34" in text


def test_many_undecided_expectations_are_told_together(summary) -> None:
    unclear = summary["expect"][2]
    # Twice the distance to the bound takes a quarter of the replications: 24 x (0.149 / 0.264)^2 x 1.1 is below 24.
    far = {**unclear, "bound": 1.132}
    near = {**unclear, "bound": 0.934}  # half of it: four times 33.6, rounded up
    summary["expect"] = [unclear, unclear, near, near, far]
    [text] = by_rule(summary)["precision"]
    assert text == ("4 expectations are undecided: their intervals cover their bounds. If values stay, about 34 "
                    "replications would decide half of them, 140 all (--replications 140).")


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
    slow.update(latency=1000, overhead=100, start=51, queue=49)
    assert by_rule(plain)["slowest"] == [
        "The slowest 1% lose most of their time waiting for a start on serverless (51.0%); a minimum of instances, or "
        "a longer idle timeout, avoids starts."
    ]
    slow.update(start=49, queue=49, wake=2)
    assert by_rule(plain)["slowest"] == []


def test_no_advice_on_time_that_nobody_notices(plain) -> None:
    for deployment in plain["deployments"].values():
        deployment["slowest"].update(latency=1000, overhead=50, start=50)  # a twentieth of their own time
    plain["deployments"]["serverless"]["overhead_s"]["p99"] = {"value": 0.2, "low": 0.19, "high": 0.21}
    plain["deployments"]["serverless"]["cost"]["infrastructure"] = {"value": 9.0, "low": 8.0, "high": 10.0}
    found = by_rule(plain)
    assert found["slowest"] == []
    assert found["choice"] == [
        "On serverless and always-on even the slowest 1% lose under 5% of their time to the platform, so cost decides: "
        "serverless is the cheapest of them, $9.00 a month."
    ]
    # A small part of the whole may be a large one of what a person waits for first: 2.9 s and 3.1 s are 7% apart.
    first = plain["deployments"]["serverless"]["first_step_s"]["p50"]
    first["value"] = 3.1
    assert by_rule(plain)["choice"][0].endswith("Who waits for the first step notices more: half of these take up to "
                                                "2.90 s on always-on, 3.10 s on serverless.")
    first["value"] = 3.0
    assert "first step" not in by_rule(plain)["choice"][0]
    # A place that fails more is not named for being cheap.
    plain["deployments"]["serverless"]["failed_fraction"] = {"value": 0.05, "low": 0.04, "high": 0.06}
    assert "always-on is the cheapest" in by_rule(plain)["choice"][0]
    for deployment in plain["deployments"].values():
        deployment["slowest"].update(overhead=51, start=51)
    assert len(by_rule(plain)["slowest"]) == 1
    assert not any("cost decides" in text for text in by_rule(plain)["choice"])


def test_less_than_what_nobody_notices_is_not_traded_for(plain) -> None:
    # The cheap one is quiet: the dear one, though faster, is not named as a step beside it.
    plain["deployments"]["always-on"]["slowest"].update(latency=1000, overhead=10)
    plain["deployments"]["serverless"]["overhead_s"]["p99"]["value"] = 0.3
    assert by_rule(plain)["choice"] == []


def test_an_instance_of_ones_own_has_other_remedies(plain) -> None:
    deployment = plain["deployments"]["serverless"]
    deployment["slowest"].update(latency=1000, overhead=100, queue=80)
    assert "more instances, or more slots" in by_rule(plain)["slowest"][0]
    deployment["rests_on"] = [{"path": "placement", "value": "per-agent", "standing": "scenario"}]
    assert "more slots on an instance, or shorter requests" in by_rule(plain)["slowest"][0]


def test_old_prices_are_named(plain) -> None:
    old = line("infrastructure", "server", 1.0, "h", "1", 1.0, age_days=181)
    for deployment, of_it in zip(plain["deployments"].values(), (old, old | {"item": "other", "age_days": 180}),
                                 strict=True):  # fmt: skip
        deployment["cost"]["lines"] = [of_it]
    assert by_rule(plain)["ages"] == [
        "Prices older than 180 days on 2026-11-01: made-up/place: server (181 days); look whether they still hold."
    ]
    old["age_days"] = 180
    assert by_rule(plain)["ages"] == []


def test_verdicts_that_rest_on_guesses_say_so(summary) -> None:
    assert by_rule(summary)["assumptions"] == [
        "Verdicts rest on assumed figures: 2 of suspend (ladder.suspended.enter, ladder.suspended.wake) and 1 of "
        "serverless (duration.idle). README.md of the folder has the reasons; measure what matters."
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
        for count in (deployment["requests"], deployment["requests"].pop("failed_by_cause")):
            tell(count, **dict.fromkeys(count, 0))
        deployment["requests"]["failed_by_cause"] = {"memory": {"value": 0.0}}
        deployment["cost"]["lines"] = []
        deployment["cost"]["total"]["value"] = 0.0
        for percentile in ("p95", "p99"):
            deployment["overhead_s"][percentile] = {"value": 0.0, "low": 0.0, "high": 0.0}
    assert advise(plain) == []


def test_a_precision_that_was_missed_is_told(plain) -> None:
    plain["stopping"] = {"precision": [
        {"figure": "suspend.overhead_s.p50", "asked": 0.02, "half_width": 0.039, "reached": False},
        {"figure": "always-on.overhead_s.p50", "asked": 0.02, "half_width": 0.01, "reached": True},
        {"figure": "always-on.overhead_s.p95", "asked": 0.02, "half_width": None, "why": "it is 0, and varies",
         "reached": False}]}  # fmt: skip
    assert (
        "Not as precise as asked for, after 24 replications: suspend.overhead_s.p50 (±3.90%, asked 2.00%) and "
        "always-on.overhead_s.p95 (it is 0, and varies); raise `max_replications`, or simulate longer."
    ) in by_rule(plain)["precision"]


def test_of_equal_costs_the_one_that_adds_less_comes_first(plain) -> None:
    places = plain["deployments"]
    for name, p99 in zip(places, (900.0, 3.0, 2.0, 1.0), strict=False):
        places[name]["cost"]["infrastructure"] = {"value": 7.09, "low": 7.09, "high": 7.09}
        places[name]["overhead_s"]["p99"]["value"] = p99
    assert not any("traded" in text for text in by_rule(plain)["choice"])
