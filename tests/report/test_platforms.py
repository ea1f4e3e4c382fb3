"""What is told of platforms: their costs of a month, worked by hand, who they are for, and how well it is founded."""

from __future__ import annotations

import json
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sim import catalog
from sim.catalog.figures import Standing
from sim.catalog.prices import prices
from sim.cli import program
from sim.report import monthly, platforms
from sim.report.platforms import Wanted

LIST, ARTICLE = "list-2026", "article-2026"


def call(*args: str) -> Result:
    return CliRunner().invoke(program, ["platforms", *args])


@pytest.mark.parametrize(("name", "book", "size", "at_work", "at_rest"), [
    # 730 h: 59.098464 + 12.98232 + 3.65, whatever it does.
    ("aws-fargate/x86", LIST, "2vcpu-4gb", "75.730784", "75.730784"),
    ("aws-fargate/x86", ARTICLE, "2vcpu-4gb", "36", "36"),
    # More hours than the cap of 6.49 takes; and an address, at most 0.60.
    ("hetzner/cx23", LIST, "cx23", "7.09", "7.09"),
    # 2,628,000 s: 5,256,000 x 0.0000008465 = 4.449204, 9,198,000 x 0.000002316 = 21.302568. Stopped: 730/720 x 0.15.
    ("fly/machines-stop", LIST, "shared-cpu-2x-4gb", "25.751772", Fraction(730, 720) * Fraction("0.15")),
    # A function: 2 GB x 730 h x 0.0106 = 15.476 and 730 CPU-h x 0.128 = 93.44, of which a seat has 20; the plan is 20.
    ("vercel/functions", LIST, "standard", "108.916", "20"),
    # 2 vCPU: 5,256,000 x 0.000014 = 73.584; 0.5 GiB: 1,314,000 x 0.0000045 = 5.913; the plan 150, which is all at rest.
    ("e2b/sandbox", LIST, None, "229.497", "150"),
    # 2 vCPU and 4 GB in use: 5,256,000 x 0.00000772 = 40.57632 and 10,512,000 x 0.00000386 = 40.57632. At rest 150 MiB,
    # 384,960.9375 GB-s x 0.00000386 = 1.48..., and the plan asks for 5.
    ("railway/service", LIST, None, "81.15264", "5"),
    # 128 MB: 730 x 3,600 / 8 = 328,500 GB-s, all free. A request is in none of this.
    ("aws-lambda/x86", LIST, None, "0", "0"),
    # Card and computer 2,000 / 36; the computer 73 kWh, the card 328.5 or 29.2 kWh, x 0.1743.
    ("owned/rtx", LIST, "rtx-4090", Fraction(2000, 36) + Fraction("401.5") * Fraction("0.1743"),
     Fraction(2000, 36) + Fraction("102.2") * Fraction("0.1743")),
    # What has no known price has no known cost.
    ("coreweave/reserved", LIST, "8x-h100", None, None),
    ("fly/machines-stop", ARTICLE, "shared-cpu-2x-4gb", "6.64", None),
])  # fmt: skip
def test_a_month_of_one_thing(
    name: str, book: str, size: str | None, at_work: str | Fraction | None, at_rest: str | Fraction | None
) -> None:
    profile, listed = catalog.profile(name), prices(book, name)
    for cost, expected in ((monthly.at_work, at_work), (monthly.at_rest, at_rest)):
        assert cost(profile, size, listed) == (None if expected is None else Fraction(expected))


def test_where_the_books_differ() -> None:
    lists = {book: prices(book, "hetzner/cx23") for book in (LIST, ARTICLE)}
    (one,) = monthly.both(catalog.profile("hetzner/cx23"), lists)
    assert one.what == "cx23 at work" and one.dollars == {LIST: Fraction("7.09"), ARTICLE: Fraction("4.35")}
    text = " ".join(call("hetzner/cx23").stdout.split())
    assert "article-2026 $4.35 list-2026 $7.09 1.63 times" in text


@pytest.mark.parametrize("wanted", [
    Wanted(), Wanted(gpu="any"), Wanted(gpu="H100"), Wanted(isolation="firecracker"), Wanted(scales_to_zero=True),
    Wanted(lasts=6 * 3600 * 10**6), Wanted(memory=64 * 2**30), Wanted(idle_cost=Fraction(1)),
    Wanted(gpu="h100", scales_to_zero=True), Wanted(gpu="none at all"),
], ids=str)  # fmt: skip
def test_what_is_wanted(wanted: Wanted) -> None:
    found = {one["id"]: one for one in platforms.listed(catalog.platform_ids(), wanted)}
    for id in catalog.platform_ids():
        profile = catalog.profile(id)
        gpus = " ".join(size.gpu or "" for size in profile.sizes.values()).lower()
        longest, sizes = profile.max_duration.value, [size.memory for size in profile.sizes.values()]
        rests = monthly.at_rest(profile, profile.default_size, prices(LIST, id))
        fits = [
            wanted.gpu is None or (bool(gpus.strip()) if wanted.gpu == "any" else wanted.gpu.lower() in gpus),
            wanted.isolation is None or (profile.isolation is not None and "Firecracker" in profile.isolation.value),
            not wanted.scales_to_zero or (profile.ladder != () and profile.minimum.value == 0),
            wanted.lasts is None or longest is None or longest >= wanted.lasts,
            wanted.memory is None or max([*sizes, getattr(profile.memory_range, "high", 0)]) >= wanted.memory,
            wanted.idle_cost is None or (rests is not None and rests <= wanted.idle_cost),
        ]
        assert (id in found) == all(fits), id


def test_filters_are_told_on_the_command_line() -> None:
    listed = json.loads(call("--gpu", "l4", "--scales-to-zero", "--idle-cost", "$0", "--json").stdout)["platforms"]
    assert {"cloud-run/l4", "modal/gpu-function", "runpod/serverless"} <= {one["id"] for one in listed}
    assert all(one["at_rest"] == 0 and one["scales_to_zero"] for one in listed)
    short = json.loads(call("aws-lambda", "--lasts", "16 min", "--json").stdout)["platforms"]
    assert short == []
    assert "No platform is like this." in call("aws-lambda", "--lasts", "16 min").stdout
    large = json.loads(call("cloud-run", "--memory", "33 GiB", "--json").stdout)["platforms"]
    assert [one["id"] for one in large] == ["cloud-run/rtx-pro-6000"]
    assert [one["id"] for one in json.loads(call("fly", "--isolation", "fire", "--json").stdout)["platforms"]] == [
        "fly/machines", "fly/machines-stop"]


@pytest.mark.parametrize(("option", "text", "told"), [
    ("--lasts", "6", "has no unit"), ("--memory", "much", "`much`"), ("--idle-cost", "1", "does not start with $"),
    ("--as-of", "yesterday", "`yesterday` is not a day"), ("--catalog", "nowhere", "there is no such folder"),
])  # fmt: skip
def test_what_is_wrong_with_an_option(option: str, text: str, told: str) -> None:
    done = call(option, text)
    assert done.exit_code == 2 or isinstance(done.exception, SystemExit) or told in str(done.exception)
    assert told in (done.stderr + str(done.exception))


def test_ages_and_guesses() -> None:
    told = platforms.explained("aws-lambda/x86", date(2026, 11, 22))
    ages = {one["of"]: one for one in told["ages"]}
    # The keep-alive was measured in August 2019: 2,670 days. The article is of April.
    assert ages["figures of behaviour"]["as_of"] == "2019-08-01" and ages["figures of behaviour"]["days"] == 2670
    assert ages["prices of article-2026"]["days"] == 235
    profile = catalog.profile("aws-lambda/x86")
    weak = {path for path, one in catalog.figures(profile) if one.standing in (Standing.ASSUMED, Standing.CALIBRATED)}
    assert {one["what"] for one in told["guessed"]} == weak
    text = " ".join(call("aws-lambda/x86", "--as-of", "2026-11-22").stdout.split())
    assert "of 2019-08-01, 2,670 days before 2026-11-22" in text and "ladder.deleted.after, assumed" in text


def test_a_folder_of_ones_own_is_listed_too(tmp_path: Path) -> None:
    path = tmp_path / "profiles" / "mine.yaml"
    path.parent.mkdir()
    path.write_text("variants: {small: {like: hetzner/cx23, title: Mine}}\n")
    listed = json.loads(call("mine", "--catalog", str(tmp_path), "--json").stdout)
    assert listed["platforms"][0]["title"] == "Mine" and listed["platforms"][0]["at_rest"] is None
    assert "mine/small: Mine, by Hetzner" in call("mine/small", "--catalog", str(tmp_path)).stdout
    assert call("mine").exit_code != 0
