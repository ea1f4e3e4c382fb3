"""Work that people do for a deployment: on the bill, apart."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner

from sim.billing import Month, bill
from sim.billing.curve import accumulate, amounts
from sim.billing.invoice import Kind
from sim.catalog.charges import Group
from sim.catalog.prices import prices
from sim.cli import program
from sim.errors import InputError
from sim.scenario import load
from sim.scenario.bind import bind
from sim.scenario.deployment import Labour
from sim.units import HOUR

from .make import IDLE, D, deployment, life, seen

NOVEMBER = Month(2026, 11)
LISTS = prices("list-2026", "hetzner/cx23"), prices("list-2026", "llm")
RUN = seen(30 * D, life(0, 0, (IDLE, 30 * D)))
CX23 = replace(deployment("hetzner/cx23", "cx23"), labour=Labour(4 * HOUR + HOUR // 2, Decimal(80)))


def test_hours_a_month_are_a_line_of_their_own_group() -> None:
    # 4.5 h x 80 = 360; the server costs 6.49 and its address 0.60.
    made = bill(RUN, CX23, [], NOVEMBER, *LISTS)
    line = made.lines[-1]
    assert (line.kind, line.group, line.quantity, line.rate, line.amount) == (
        Kind.LABOUR, Group.LABOUR, Fraction("4.5"), 80, 360)
    assert (made.total(Group.INFRASTRUCTURE), made.total()) == (Fraction("7.09"), Fraction("367.09"))
    without = bill(RUN, replace(CX23, labour=None), [], NOVEMBER, *LISTS)
    assert made.lines[:-1] == without.lines


def test_it_is_worked_day_by_day() -> None:
    curve = amounts(accumulate(RUN, CX23, [], NOVEMBER, *LISTS))
    assert curve["labour"] == tuple(Fraction(360 * day, 30) for day in range(31))


SCENARIO = """\
name: servers
as_of: 2026-11-01
month: 2026-11
horizon: 1 week
replications: 1
workload:
  agents: 2
  arrivals: {poisson: {rate: 1/h}}
  request: [{tool: {cpu: 1 s}}]
deployments:
  servers: {platform: hetzner/cx23, labour: {hours: 4 h, rate: $80/h}}
  again: {extends: servers}
  none: {platform: hetzner/cx23}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "servers.yaml"
    path.write_text(text)
    return path


def test_a_deployment_says_what_people_do_for_it(tmp_path: Path) -> None:
    path = written(tmp_path, SCENARIO)
    bound = {one.name: one.labour for one in bind(load(path), tmp_path).deployments}
    assert bound == {"servers": Labour(4 * HOUR, Decimal(80)), "again": Labour(4 * HOUR, Decimal(80)), "none": None}
    done = CliRunner().invoke(program, ["run", str(path), "--json", "--workers", "1", "--out", str(tmp_path / "out")])
    told = {name: one["cost"]["labour"]["value"] for name, one in json.loads(done.stdout)["deployments"].items()}
    assert told == {"servers": 320, "again": 320, "none": 0}
    shown = CliRunner().invoke(program, ["show", str(path)]).stdout
    assert "labour:\n      hours: 4 h\n      rate: $80/h\n" in shown
    report = CliRunner().invoke(program, ["run", str(path), "--workers", "1", "--out", str(tmp_path / "out")]).stdout
    assert "operating and patching for" not in report  # it is no part of the cost of infrastructure
    assert report.index("server CX23") < report.index("labour, for servers") < report.index("4 h × $80")


@pytest.mark.parametrize(("old", "new", "told"), [
    ("rate: $80/h", "rate: $80", "11:64: error: `$80` is not the price of an hour"),
    ("rate: $80/h", "rate: $80/day", "write for example `$80/h`"),
    ("hours: 4 h", "hours: 4", "has no unit"),
    ("hours: 4 h, ", "", "`hours` is missing"),
    ("labour: {hours: 4 h, rate: $80/h}", "plan: pro", "11:43: error: list-2026 knows no plan `pro`"),
    ("labour: {hours: 4 h, rate: $80/h}", "region: mars", "leave `region` out"),
])  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, old: str, new: str, told: str) -> None:
    path = written(tmp_path, SCENARIO.replace(old, new))
    with pytest.raises(InputError) as caught:
        bind(load(path), tmp_path)
    assert told in str(caught.value)
