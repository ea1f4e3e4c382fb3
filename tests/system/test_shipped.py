"""The scenarios that come with the package say what is true of them today."""

from __future__ import annotations

from pathlib import Path

import pytest

import sim
from sim.cli import program
from sim.report.document import document

FILES = sorted((Path(__file__).parents[2] / "scenarios").glob("*.yaml"))

CLAIMS = {
    "burst-50000": {"A11"},
    "ci-agent": {"A14"},
    "lean-start": {"A17", "B03", "B10"},
    "spot-training": {"A24", "A25"},
    "steady-or-bursty": {"B01", "B04", "B07"},
    "support-bot": {"A01", "A02", "A05", "A06", "B02"},
    "three-buckets": {"B05"},
    "webhook-router": {"A12", "A13"},
    "impatient-callers": {"B08"},
}
"""Rows of the ledger of claims that a file must say something about."""


def test_there_are_those_that_claims_rest_on() -> None:
    assert {"coding-agent", *CLAIMS} <= {path.stem for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_shipped_scenario_is_valid(path: Path) -> None:
    study = sim.load(path)
    assert study.scenario.name == path.stem
    assert study.scenario.about and study.scenario.expect
    with pytest.raises(SystemExit) as ended:
        program.main(["validate", str(path), "--json"])
    assert ended.value.code == 0


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_everything_that_a_shipped_scenario_expects_holds(path: Path) -> None:
    """One test for each file, so that each is run once, however tests are spread over processes."""
    result = sim.load(path).run(workers=2)
    wrong = [f"{one.verdict}: {one.text} ({one.measure} {one.value}, {one.low} to {one.high}, bound {one.bound})"
             for one in result.expectations if one.verdict != "holds"]  # fmt: skip
    assert wrong == []
    assert result.exit_code == 0
    for case in result.summary.get("cases", [result.summary]):
        for name, told in case["deployments"].items():
            assert told["audit"]["passed"], (name, told["audit"])
            fates = ("arrived", "completed", "failed", "unfinished")
            arrived, completed, failed, unfinished = (told["requests"][fate]["value"] for fate in fates)
            assert arrived == pytest.approx(completed + failed + unfinished)
            assert arrived * case["replications"] > 1000
            # What is cut off at the end is little.
            assert unfinished < 0.001 * arrived
            assert told["cost"]["infrastructure"]["value"] >= 0
            assert told["overhead_s"]["p50"]["value"] is not None or completed < arrived / 2
    assert CLAIMS.get(path.stem, set()) <= {one.claim for one in result.expectations}
    document(result.summary)
