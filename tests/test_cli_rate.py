"""`sim rate`, as a person types it."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sim.cli import program

LAMBDA = """\
month: 2026-11
usage:
  platform: aws-lambda/x86
  requests: {count: 3M, duration: 1 s, memory: 512 MiB}
"""


def rate(*arguments: str, columns: int = 100) -> Result:
    return CliRunner(env={"COLUMNS": str(columns)}).invoke(program, ["rate", *arguments])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "usage.yaml"
    path.write_text(LAMBDA)
    return path


@pytest.mark.parametrize("columns", [60, 80, 100, 200])
def test_the_table_has_the_arithmetic_of_each_line(file: Path, columns: int) -> None:
    # (1,500,000 - 400,000) GB-s x 0.0000166667 = 18.33337, and 2 million requests x 0.20 = 0.40.
    done = rate(str(file), columns=columns)
    assert done.exit_code == 0
    assert max(map(len, done.output.splitlines())) <= columns
    for told in ("1,500,000", "400,000", "1,100,000", "$18.33337", "$0.40", "$18.73"):
        assert told in done.output
    words = " ".join(re.sub(r"[^\w.$ ]", " ", done.output).split())
    for told in ("AWS Price List", "rounded up to 1", "Payloads beyond 256 KB"):
        assert told in words or columns < 100


def test_what_has_no_price_is_named_and_the_total_says_so(file: Path) -> None:
    file.write_text("month: 2026-11\nprices: article-2026\n"
                    "usage: [{platform: cloudflare/workers, quantities: {worker-requests: 12M}}]\n")
    told = rate(str(file)).stdout
    assert "no price known" in told
    assert "total, without what has no price" in " ".join(told.split())
    assert "No price is known" in told[told.index("Sources"):]
    assert json.loads(rate(str(file), "--json").stdout)["complete"] is False
    # Of what is free, nothing more is to be known.
    file.write_text(file.read_text().replace("12M", "9M"))
    assert "without what has no price" not in rate(str(file)).stdout


def test_credits_caps_and_surcharges_are_told(file: Path) -> None:
    file.write_text("month: 2026-11\nusage:\n  - {platform: hetzner, instances: {size: cx23, count: 2, hours: month}}\n"
                    "  - {platform: temporal-cloud, plan: business, quantities: {actions: 3.5M}}\n"
                    "  - {platform: railway/service, quantities: {egress: 10 GB}}\n")
    told = " ".join(rate(str(file), columns=132).stdout.split())
    assert "at most $6.49 a month each, 2 of them, 2 at the cap" in told
    # A million actions beyond the plan's cost 50; a tenth of it is less than 500. Half a dollar of traffic: 4.50 more.
    for words in ("10% of USD", "at least $500 a month", "$500.00", "at least $5 a month", "$4.50"):
        assert words in told


def test_json_is_the_invoice(file: Path) -> None:
    told = json.loads(rate(str(file), "--json").stdout)
    assert told["total"] == 18.73337
    assert [(line["charge"], line["billable"], line["amount"]) for line in told["lines"]] == [
        ("requests", 2.0, 0.4), ("duration-x86", 1_100_000.0, 18.33337)]
    assert told["lines"][1]["rounding"] == "rounded up to 1 ms, for each request"


def test_a_wrong_file_ends_with_2_and_its_place(file: Path) -> None:
    file.write_text(LAMBDA.replace("duration", "durations"))
    done = rate(str(file))
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"{file}:4:25: error: unknown key `durations`" in done.stderr
    assert "did you mean `duration`?" in done.stderr
    told = json.loads(rate(str(file), "--json").stdout)
    assert [(one["line"], one["column"]) for one in told["error"]["problems"]] == [(4, 25)]


def test_a_missing_file_or_nothing_at_all() -> None:
    assert rate("no-such.yaml").exit_code == 2
    done = rate()
    assert (done.exit_code, "name a FILE" in done.stderr) == (2, True)


def test_charges_are_listed_by_name() -> None:
    done = rate("--charges", "aws-lambda/arm")
    assert done.exit_code == 0
    for told in ("duration-arm", "$0.0000133334 per GB-s", "400,000 GB-s a month free", "AWS Price List"):
        assert told in done.stdout
    told = json.loads(rate("--charges", "aws-lambda", "--json").stdout)
    assert {"id": "requests", "unit": "1M requests", "meter": "invocation", "measure": "requests"}.items() <= next(
        one for one in told["charges"] if one["id"] == "requests").items()
    wrong = rate("--charges", "aws-lamda")
    assert (wrong.exit_code, "did you mean `aws-lambda`?" in wrong.stderr) == (2, True)


def test_the_example_of_the_help_is_rated(tmp_path: Path) -> None:
    shown = rate("--help").output
    example = textwrap.dedent(shown[shown.index("  month:"):shown.index("  An entry")])
    path = tmp_path / "example.yaml"
    path.write_text(example)
    assert rate(str(path)).exit_code == 0
