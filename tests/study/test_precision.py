"""Replications are added until figures are precise and verdicts clear, and never by which was done first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sim import claims, stats, study
from sim.api import Result, Study
from sim.errors import InputError
from sim.study import Replication
from tests.system.support import Tree, base, bind, load, plain, workload

MEAN = "latency_s.mean"

TWO = {"here": {"platform": "cloud-run/request-based", "concurrency": 9, "min_instances": 1},
       "there": {"platform": "hetzner/cx23", "concurrency": 50}}  # fmt: skip


def tree(*expect: str, first: int = 4, bound: int | None = 40, **precision: str) -> Tree:
    """Runs of some fifty requests of 20 s on average, each of which moves the mean by 14% on average."""
    named = {key.replace("__", "."): value for key, value in precision.items()}
    asked = {} if bound is None else {"precision": {**named, "max_replications": bound}}
    return base(
        replications=first, deployments=TWO, expect=list(expect), **asked,
        workload=workload(request=[{"tool": {"wait": "exponential(mean=20 s)"}}], agents=3, serial=False,
                          arrivals={"poisson": {"rate": "0.7/h"}}))  # fmt: skip


def run(tree: Tree, folder: Path, workers: int = 1, **keys: Any) -> Result:
    return Study(load(tree, folder), folder).run(workers=workers, **keys)


@pytest.fixture(scope="module")
def many(folder: Path) -> list[Replication]:
    """Forty replications, with which every other run here must begin."""
    return study.run(bind(tree(first=40, bound=None), folder), workers=1)


def prefixes(many: list[Replication], folder: Path, first: int = 4) -> Iterator[tuple[int, dict[str, study.Estimates]]]:
    """Estimates at each look."""
    case = bind(tree(first=first), folder)
    for look in study.looks(case.scenario):
        yield look, study.estimates(case, many[:look])


def width(estimate: stats.Estimate, level: float = 0.95) -> float:
    low, high = stats.interval(estimate, level)
    assert low is not None and high is not None and estimate.value
    return (high - low) / 2 / abs(estimate.value)


# Precision


@pytest.mark.parametrize("wanted", [0.15, 0.08, 0.06])
def test_it_stops_at_the_first_look_that_is_precise(wanted: float, many: list[Replication], folder: Path) -> None:
    found = run(tree(latency_s__mean=f"{100 * wanted:.0f}%"), folder)
    due = next(n for n, at in prefixes(many, folder)
               if n >= 10 and all(width(at[name][MEAN]) <= wanted for name in TWO))  # fmt: skip
    told = found.summary["stopping"]
    assert found.summary["replications"] == due < 40
    assert told["looks"] == [n for n in (4, 6, 9, 14, 21, 32, 40) if n <= due]
    assert (told["first"], told["maximum"]) == (4, 40)
    assert told["why"] == "every figure is as precise as asked for"
    assert [one["figure"] for one in told["precision"]] == ["here.latency_s.mean", "there.latency_s.mean"]
    for one, name in zip(told["precision"], TWO, strict=True):
        assert one["reached"] and one["asked"] == wanted
        assert one["half_width"] == pytest.approx(width(found.estimates[name][MEAN]))


def test_more_replications_are_the_same_and_more(many: list[Replication], folder: Path) -> None:
    case = bind(tree(latency_s__mean="8%"), folder)
    found = study.run(case, workers=1)
    assert [one.number for one in found] == list(range(len(found)))
    assert 4 < len(found) < 40
    assert all(plain(a.measures) == plain(b.measures) for a, b in zip(found, many, strict=False))
    assert found[0].demand is not None and all(one.demand is None for one in found[1:])


def test_their_number_does_not_depend_on_the_workers(folder: Path) -> None:
    asked = tree("here.latency_s.mean < 19 s", latency_s__mean="10%")
    one, two = (run(asked, folder, workers=workers) for workers in (1, 2))
    assert one.summary == two.summary
    assert one.summary["replications"] > 4


def test_the_bound_is_kept_and_what_was_missed_is_told(folder: Path) -> None:
    found = run(tree(bound=12, latency_s__mean="1%", cost__infrastructure="5%"), folder).summary
    told = {one["figure"]: one for one in found["stopping"]["precision"]}
    assert found["replications"] == 12
    assert found["stopping"]["why"] == "the bound was met with 2 of 4 figures not as precise as asked for"
    assert told["there.cost.infrastructure"] == {
        "figure": "there.cost.infrastructure", "asked": 0.05, "half_width": 0.0, "reached": True}  # fmt: skip
    assert not told["here.latency_s.mean"]["reached"] and told["here.latency_s.mean"]["half_width"] > 0.01


def test_the_bound_may_be_met_with_all_reached(folder: Path) -> None:
    found = run(tree(bound=12, latency_s__mean="30%"), folder).summary
    assert found["replications"] == 12, "the first look with at least ten"
    assert found["stopping"]["why"] == "every figure is as precise as asked for"


def test_what_cannot_be_precise_stops_nothing(folder: Path) -> None:
    """There are too few requests for p99; the servers add nothing; and nothing ever fails."""
    found = run(tree(latency_s__p99="5%", overhead_s__mean="500%", failed_fraction="5%"), folder).summary
    told = {one["figure"]: one for one in found["stopping"]["precision"]}
    assert found["replications"] == 14, "the first look with at least ten"
    assert found["stopping"]["why"] == "every figure is as precise as asked for, where it can be"
    assert told["here.latency_s.p99"]["half_width"] is None and not told["here.latency_s.p99"]["reached"]
    assert told["here.latency_s.p99"]["why"].startswith(("p99 needs", "the interval of p99 needs"))
    assert told["there.overhead_s.mean"]["reached"]
    assert told["there.failed_fraction"]["why"] == "it is 0, and varies"


def test_what_never_varies_needs_no_second_look(folder: Path) -> None:
    fixed = {"here": TWO["there"]}
    found = run(tree(cost__infrastructure="1%") | {"deployments": fixed}, folder).summary
    assert (found["replications"], found["stopping"]["looks"]) == (4, [4])


def test_a_number_that_is_given_is_kept(folder: Path) -> None:
    found = run(tree("here.latency_s.mean < 20 s", bound=None), folder).summary
    assert found["replications"] == 4
    assert found["stopping"] == {
        "first": 4, "maximum": 4, "looks": [4], "why": "the number was given", "precision": []}  # fmt: skip


def test_the_flag_gives_the_first_number(folder: Path) -> None:
    found = run(tree(bound=6, latency_s__mean="1%"), folder, replications=9).summary
    assert (found["replications"], found["stopping"]["first"], found["stopping"]["maximum"]) == (9, 9, 9)


def test_nothing_asked_for_is_nothing_more(folder: Path) -> None:
    found = run(tree(), folder).summary
    assert (found["replications"], found["stopping"]["why"]) == (4, "neither a figure nor a verdict asks for more")


def test_progress_grows_with_the_looks(folder: Path) -> None:
    seen: list[tuple[int, int]] = []
    run(tree(bound=8, latency_s__mean="1%"), folder, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4), (5, 6), (6, 6), (7, 8), (8, 8)]


# Verdicts


def test_replications_are_added_until_verdicts_are_clear(many: list[Replication], folder: Path) -> None:
    """The mean is 20 s. Each look has a share of the level, whether it is taken or not."""
    text = "here.latency_s.mean < 23 s"
    found = run(tree(text), folder)
    looks = (4, 6, 9, 14, 21, 32, 40)
    clear = []
    for _, at in prefixes(many, folder):
        low, high = stats.interval(at["here"][MEAN], 1 - 0.05 / len(looks))
        assert low is not None and high is not None
        clear.append(high < 23 or low >= 23)
    (verdict,) = found.expectations
    assert verdict.level == 1 - 0.05 / len(looks)
    assert found.summary["replications"] == next(n for n, is_so in zip(looks, clear, strict=True) if is_so)
    assert 4 < found.summary["replications"] < 40
    assert verdict.verdict != "inconclusive"
    assert found.summary["stopping"]["why"] == "every verdict is clear"


def test_the_bound_ends_what_cannot_be_decided(folder: Path) -> None:
    found = run(tree("here.latency_s.mean < 20 s", "here.latency_s.mean > 1 s", bound=9), folder)
    assert [one.verdict for one in found.expectations] == ["inconclusive", "holds"]
    assert (found.summary["replications"], found.exit_code) == (9, 4)
    assert found.summary["stopping"]["why"] == "the bound was met with 1 verdict inconclusive"


def test_precision_and_verdicts_are_both_waited_for(folder: Path) -> None:
    easy, text = "here.latency_s.mean < 60 s", "here.latency_s.mean < 23 s"
    found = [run(asked, folder).summary for asked in (
        tree(easy, latency_s__mean="8%"), tree(text, latency_s__mean="90%"), tree(text, latency_s__mean="8%"))]
    taken = [one["replications"] for one in found]
    assert min(taken[:2]) > 9 and taken[2] == max(taken[:2])
    assert {one["stopping"]["why"] for one in found} == {
        "every figure is as precise as asked for and every verdict is clear"}


def test_a_verdict_without_an_interval_is_not_waited_for(folder: Path) -> None:
    found = run(tree("here.latency_s.p99 < 20 s"), folder)
    assert [one.verdict for one in found.expectations] == ["inconclusive"]
    assert (found.summary["replications"], found.exit_code) == (14, 4)
    assert found.summary["stopping"]["why"] == "every verdict is clear that can be"


def test_of_several_comparisons_one_that_can_be_decided_is_waited_for(folder: Path) -> None:
    figures = {"a.x": stats.mean([1.0, 2.0, 3.0]), "a.y": stats.Estimate(4.0, (), "too few")}

    def settled(text: str, replications: int = 10) -> bool:
        return claims.settled(claims.judge([claims.parse(text)], figures.__getitem__), replications)

    assert settled("a.y > 1") and not settled("a.y > 1", replications=9)
    assert not settled("a.y > 1 and a.x > 2")
    assert settled("a.y > 1 and a.x > 100"), "it fails, whatever becomes of the other"
    assert settled("a.x < 100") and not settled("a.x < 2")


# Confidence


def test_confidence_is_that_of_intervals_verdicts_and_precision(folder: Path) -> None:
    text = "here.latency_s.mean < 30 s"
    machines = {"platform": "fly/machines", "size": "shared-cpu-1x-1gb", "placement": "per-agent"}
    asked = tree(text, first=12, bound=12, latency_s__mean="9%") | {"deployments": {**TWO, "there": machines}}
    plain_, sure = (run(asked | extra | {"reference": "there"}, folder)
                    for extra in ({}, {"intervals": {"confidence": "99%"}}))  # fmt: skip
    assert (plain_.summary["level"], sure.summary["level"]) == (0.95, 0.99)
    for found, level in ((plain_, 0.95), (sure, 0.99)):
        told = found.summary["deployments"]["here"]["latency_s"]["mean"]
        low, high = stats.interval(plain_.estimates["here"][MEAN], level)
        assert (told["low"], told["high"]) == (low, high)
        assert found.expectations[0].level == level
        assert found.latency.query("deployment == 'here' and statistic == 'mean'")["high"].item() == high
        assert found.summary["stopping"]["precision"][0]["half_width"] == pytest.approx(
            width(found.estimates["here"][MEAN], level))  # fmt: skip
    for found, level in ((plain_, 0.95), (sure, 0.99)):
        ours, theirs = (found.estimates[name]["cost.total"] for name in ("here", "there"))
        assert found.summary["paired"]["here"]["cost.total"] == stats.paired_ratio(ours, theirs, level)
    assert plain_.summary["paired"] != sure.summary["paired"]


# What is wrong


@pytest.mark.parametrize(("change", "message", "fix"), [
    ({"precision": {"overhead.p99": "5%", "max_replications": 9}}, "there is no figure `overhead.p99`",
     "did you mean `overhead_s.p99`?"),
    ({"precision": {"here.overhead_s.p99": "5%", "max_replications": 9}}, "a precision is asked of every deployment",
     "write `overhead_s.p99`"),
    ({"precision": {"overhead_s.p99": "0%", "max_replications": 9}},
     "no number of replications makes an interval of no width", "write for example `5%`"),
    ({"precision": {"overhead_s.p99": "5", "max_replications": 9}}, "`5` is not a percentage: it has no %",
     "write `5%`"),
    ({"precision": {"overhead_s.p99": "5%"}}, "`max_replications` is missing",
     "add for example `max_replications: 60`"),
    ({"precision": {"max_replications": 7}}, "there are 8 replications to begin with, which is more",
     "write a number above 8, or `replications: 7`"),
    ({"precision": {"max_replications": 1}}, "`1` is too small", "write a number of at least 2"),
    ({"intervals": {"confidence": "100%"}}, "`100%` is no confidence to draw conclusions with",
     "write 50% to 99.99%, such as `95%`"),
    ({"intervals": {"cover": "recorded-input"}}, "there are no recorded sessions", "leave out `cover`"),
    ({"intervals": {"cover": "everything"}}, "`cover` cannot be `everything`", "write `recorded-input`"),
])  # fmt: skip
def test_what_is_wrong_is_told_at_its_place(change: Tree, message: str, fix: str, folder: Path) -> None:
    with pytest.raises(InputError) as caught:
        load(base(replications=8) | change, folder)
    (problem,) = caught.value.problems
    assert (problem.message, problem.fix) == (message, fix)
    assert problem.line > 10 and problem.column >= 1


def test_the_precision_is_written_back_as_it_was_given(folder: Path) -> None:
    made = load(tree(latency_s__mean="5%"), folder).model_dump(mode="json")
    assert made["precision"] == {"max_replications": 40, "latency_s.mean": "5%"}


# Several cases


AXES = {"axes": {"workload.agents": [3, 30]}}


def test_each_case_of_an_axis_has_as_many_as_it_needs(folder: Path) -> None:
    """Ten times the requests are more precise by the root of ten."""
    seen: list[tuple[int, int]] = []
    swept = Study(load(tree(latency_s__mean="7%") | AXES, folder), folder).run(
        workers=1, progress=lambda done, total: seen.append((done, total)))  # fmt: skip
    few, many_ = (one["replications"] for one in swept.summary["cases"])
    assert few > many_ == 14
    assert [done for done, _ in seen] == list(range(1, few + many_ + 1)), "it never goes back"
    assert seen[0] == (1, 8) and seen[-1] == (few + many_, few + many_)
    assert all(done <= total for done, total in seen)
