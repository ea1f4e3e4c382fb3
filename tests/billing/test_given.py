"""What a person says was used: counted by hand, and told where it cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sim
from sim.billing import Invoice, meter, rate
from sim.billing.invoice import Kind
from sim.catalog.charges import Group
from sim.catalog.prices import prices
from sim.errors import InputError

from .make import BUSY, RESTING, D, H, deployment, life, seen
from .test_rating import NOVEMBER


def bill(*usage: Mapping[str, Any], month: str = "2026-11", **more: Any) -> Invoice:
    return sim.rate({"month": month, "usage": list(usage), **more})


def lines(made: Invoice) -> dict[str | None, tuple[Fraction, Fraction | None]]:
    return {line.charge: (line.billable, line.amount) for line in made.lines}


def test_each_request_is_rounded_by_itself() -> None:
    # 5 M x 121 ms x 0.5 GB = 302,500 GB-s; 3 M x 1 s x 0.5 GB = 1,500,000, of which the 400,000 that are free in one
    # account go first to x86, whose charge is the first. 8 M requests less 1 M.
    made = bill({"platform": "aws-lambda/arm",
                 "requests": {"count": "5M", "duration": "120.4 ms", "memory": "512 MiB"}},
                {"platform": "aws-lambda/x86", "requests": {"count": "3M", "duration": "1 s", "memory": "512 MiB"}})
    assert lines(made) == {
        "requests": (7, Fraction("1.4")), "duration-x86": (1_100_000, 1_100_000 * Fraction("0.0000166667")),
        "duration-arm": (302_500, 302_500 * Fraction("0.0000133334"))}


def test_each_start_is_rounded_by_itself() -> None:
    # 1,000 starts of 12.3 s are billed as 13 s: one core (2 vCPU), 4 GiB; the credit of $30 pays for all of it.
    made = bill({"platform": "modal/sandbox",
                 "instances": {"vcpu": 2, "memory": "4 GiB", "starts": 1000, "seconds_each": 12.3}})
    cores, memory = 13_000 * Fraction("0.00003942"), 52_000 * Fraction("0.00000667")
    assert [line.amount for line in made.lines] == [cores, memory, -cores - memory]


def test_sizes_are_read_as_vendors_mean_them() -> None:
    # A Lambda function of "1024 MB" has 1 GB of its GB-s; tasks of "2 GB" and a disk of "30 GB" are 10 beyond 20.
    for memory in ("1 GB", "1 GiB", "1024 MB", "1024 MiB", "1GB"):
        made = bill({"platform": "aws-lambda/x86", "requests": {"count": "1M", "duration": "1 s", "memory": memory}})
        assert lines(made)["duration-x86"] == (600_000, 600_000 * Fraction("0.0000166667"))
    for disk in ("30 GB", "30 GiB"):
        made = bill({"platform": "aws-fargate/x86", "without": ["ipv4"], "instances": {
            "vcpu": 1, "memory": "2 GB", "disk": disk, "hours": 1}})
        assert {name: quantity for name, (quantity, _) in lines(made).items()} == {
            "vcpu": 3600, "memory": 7200, "ephemeral": 36_000}
    # Fly bills its disks by GB: a GiB is more than one.
    for disk, gb in (("10 GB", 10), ("10 GiB", Fraction(10 * 2**30, 10**9))):
        made = bill({"platform": "fly/machines-stop", "instances": {
            "size": "shared-cpu-1x-256mb", "meter": "stopped", "disk": disk, "hours": "month"}})
        assert lines(made) == {"stopped-rootfs": (gb, gb * Fraction("0.15"))}


def test_starts_may_overlap() -> None:
    # 100,000 runs of 5 minutes, more than one sandbox could do in a month: 30M s of a core and 4 GiB.
    made = bill({"platform": "modal/sandbox", "allowances": False, "instances": {
        "vcpu": 2, "memory": "4 GiB", "starts": "100K", "seconds_each": 300}})
    assert made.total() == 30_000_000 * (Fraction("0.00003942") + 4 * Fraction("0.00000667"))
    # Of servers with caps it must be said how many they were.
    with pytest.raises(InputError, match="longer than the month"):
        bill({"platform": "hetzner", "instances": {"size": "cx23", "starts": 721, "seconds_each": 3600}})


def test_tiers_of_a_plan() -> None:
    def actions(plan: str, count: str) -> list[Fraction | None]:
        return [line.amount for line in bill({
            "platform": "temporal-cloud", "plan": plan, "quantities": {"actions": count}}).lines]

    assert actions("developer", "12M") == [600, 60]
    assert actions("business", "14.5M") == [250, 225, 80, 500]


def test_what_was_used_counts_where_it_is_more() -> None:
    # Modal: 100 h of a core (2 vCPU) and 4 GiB. 400 h of CPU are four vCPU, two cores; 2 GiB in use are less than 4.
    def cost(**more: str) -> list[Fraction | None]:
        each = {"vcpu": 2, "memory": "4 GiB", "hours": 100, **more}
        return [line.quantity for line in bill({
            "platform": "modal/sandbox", "allowances": False, "instances": each}).lines]

    assert cost() == cost(cpu="200 h", memory_used="4 GiB") == [360_000, 1_440_000]
    assert cost(cpu="400 h", memory_used="2 GiB") == [720_000, 1_440_000]
    assert cost(cpu="1 h", memory_used="5 GiB") == [360_000, 1_800_000]


def test_a_free_tier_in_dollars_is_worth_the_same_everywhere() -> None:
    # Cloud Run: 180,000 vCPU-s x 0.000024 are 4.32, and 128,571.43 of the dearer seconds.
    def cost(seconds: int, **where: str) -> Fraction:
        return bill({"platform": "cloud-run/request-based", "quantities": {"active-cpu": seconds}, **where}).total()

    assert [cost(seconds, region="tier-2") for seconds in (128_571, 128_572, 228_572)] == [
        0, 128_572 * Fraction("0.0000336") - Fraction("4.32"), 228_572 * Fraction("0.0000336") - Fraction("4.32")]
    assert cost(1_000_000) == 820_000 * Fraction("0.000024")
    # One account in both: what Iowa uses of it, Seoul does not.
    both = bill({"platform": "cloud-run/request-based", "quantities": {"active-cpu": 100_000}},
                {"platform": "cloud-run/request-based", "region": "tier-2", "quantities": {"active-cpu": 100_000}})
    assert both.total() == 100_000 * Fraction("0.0000336") - 80_000 * Fraction("0.000024")


def test_a_credit_from_before_is_taken_off_what_is_left() -> None:
    # Hobby of E2B: 10 h of 2 vCPU and 0.5 GiB are 1.089. Modal's own credit of 30 comes first.
    use = {"platform": "e2b/sandbox", "plan": "hobby", "instances": {"vcpu": 2, "memory": "512 MiB", "hours": 10}}
    assert [bill({**use, "credit": left}).total() for left in ("$1", "$50")] == [Fraction("0.089"), 0]
    made = bill({**use, "credit": "$1"})
    assert (made.lines[-1].kind, made.lines[-1].amount) == (Kind.CREDIT, -1)
    hour = {"platform": "modal/gpu-function", "quantities": {"gpu-h100": "10 h"}}
    with pytest.raises(InputError, match="GPU-s"):
        bill(hour)
    hour["quantities"] = {"gpu-h100": "36,000"}
    assert bill({**hour, "credit": "$5"}).total() == 36_000 * Fraction("0.001097") - 35
    with pytest.raises(InputError, match="an account has one"):
        bill({**use, "credit": "$5"}, {**use, "credit": "$6"})


def test_each_server_has_its_own_cap() -> None:
    # Three servers all November cost their cap of 6.49 and 0.60 for the address; one of 100.2 h pays 101 h.
    made = bill({"platform": "hetzner", "instances": [{"size": "cx23", "count": 3, "hours": "month"},
                                                      {"size": "cx23", "hours": "100.2"}]})
    assert {name: amount for name, (_, amount) in lines(made).items()} == {
        "cx23": 3 * Fraction("6.49") + 101 * Fraction("0.0104"), "ipv4": 3 * Fraction("0.60") + Fraction("0.101")}


def test_a_state_is_named_where_there_are_several() -> None:
    # Fly: 100 h started of 2 vCPU and 4 GB (3.5 GB extra), 620 h of a root file system of 2 GB; a month is 30 days.
    made = bill({"platform": "fly/machines", "instances": [
        {"size": "shared-cpu-2x-4gb", "hours": 100},
        {"size": "shared-cpu-2x-4gb", "disk": "2 GB", "meter": "suspended", "hours": 620}]})
    rootfs = Fraction(2 * 620, 720)
    assert lines(made) == {
        "shared-vcpu": (720_000, 720_000 * Fraction("0.0000008465")),
        "shared-memory": (1_260_000, 1_260_000 * Fraction("0.000002316")),
        "suspended-rootfs": (rootfs, rootfs * Fraction("0.15"))}


def test_requests_that_share_an_instance() -> None:
    # Cloud Run: 10 M requests of 350 ms, billed as 400 ms, 20 at once on 1 vCPU and 512 MiB: 200,000 s.
    made = bill({"platform": "cloud-run/request-based", "requests": {
        "count": "10M", "duration": "350 ms", "vcpu": 1, "memory": "512 MiB", "concurrency": 20}})
    assert lines(made) == {
        "active-cpu": (20_000, 20_000 * Fraction("0.000024")), "active-memory": (0, 0),
        "requests": (8, Fraction("3.2"))}


def test_quantities_are_given_by_charge() -> None:
    made = bill({"platform": "cloudflare/workers",
                 "quantities": {"worker-requests": "15M", "worker-cpu": "75000 CPU-s"}})
    # 5 beyond 10 million x 0.30; 75,000 less 30,000 s x 0.02 a thousand.
    assert made.total() == 5 + Fraction("1.5") + Fraction("0.9")


def test_a_shape_need_not_be_whole_bytes() -> None:
    # ACI rounds 1.5 vCPU up to 2 and 3.95 GiB up to 4: 200 vCPU-h x 0.0405 and 400 GB-h x 0.00445.
    made = bill({"platform": "azure-container-instances/standard",
                 "instances": {"vcpu": 1.5, "memory": "3.95 GiB", "hours": 100}})
    assert made.total() == Fraction("8.10") + Fraction("1.78")
    # Half a GiB in use for 10 h: 18,000 GB-s; two hours of CPU; less than the fee.
    made = bill({"platform": "railway/service",
                 "instances": {"count": 2, "hours": 10, "memory_used": "0.5 GiB", "cpu": "2 h"}})
    assert {line.charge: line.quantity for line in made.lines if line.charge} == {"cpu": 14_400, "memory": 36_000}
    assert made.total() == 5


def test_tokens_and_labour() -> None:
    made = bill(tokens={"mid-tier": {"input": "12M", "cached": "40M", "output": "900K"}},
                labour={"hours": 4, "rate": "$80/h"})
    # 12 x 3 + 40 x 0.30 + 0.9 x 15
    assert (made.total(Group.LLM), made.total(Group.LABOUR)) == (Fraction("61.5"), 320)
    assert (made.lines[-1].kind, made.lines[-1].quantity, made.lines[-1].unit) == (Kind.LABOUR, 4, "h")
    assert made.complete()


def test_allowances_that_others_have_used_up_and_lines_in_cents() -> None:
    # The vendor's second example: 7.44 M requests x 0.20 = 1.488, 14.88 M GB-s x 0.0000166667 = 248.000496.
    use = {"platform": "aws-lambda/x86", "requests": {"count": 7_440_000, "duration": "2 s", "memory": "1 GiB"}}
    made = bill({**use, "allowances": False})
    assert [line.amount for line in made.lines] == [Fraction("1.488"), Fraction("248.000496")]
    made = bill({**use, "allowances": False}, round_lines="$0.01")
    assert [line.amount for line in made.lines] == [Fraction("1.49"), 248]
    assert bill(use).total() == Fraction("1.288") + 14_480_000 * Fraction("0.0000166667")
    with pytest.raises(InputError, match="an account has one"):
        bill({**use, "allowances": False}, {**use, "allowances": True})


def test_what_is_left_out_costs_nothing_and_is_no_line() -> None:
    server = {"platform": "hetzner", "instances": {"size": "cx23", "hours": "month"}}
    assert set(lines(bill(server))) == {"cx23", "ipv4"}
    assert lines(bill({**server, "without": ["ipv4"]})) == {"cx23": (720, Fraction("6.49"))}
    # Of two entries one has no address; the fee of a plan goes only where all leave it out.
    assert lines(bill({**server, "without": ["ipv4"]}, server))["ipv4"] == (720, Fraction("0.60"))
    worker = {"platform": "cloudflare/workers", "quantities": {"worker-requests": "11M"}}
    assert bill({**worker, "without": ["plan"]}).total() == Fraction("0.3")
    assert bill({**worker, "without": ["plan"]}, worker).total() == 5 + 12 * Fraction("0.3")
    # Allowances that others have used up take the credit with them.
    box = {"platform": "modal/sandbox", "instances": {"vcpu": 2, "memory": "1 GiB", "hours": 1}}
    assert [bill(box).total(), bill({**box, "allowances": False}).total()] == [
        0, 3600 * (Fraction("0.00003942") + Fraction("0.00000667"))]


OWN = """\
title: My rack
default_region: here
sources:
  page: {title: A note of mine about prices, read: 2026-11-01}
regions:
  there: {factor: 1.5, standing: assumed, source: page, reason: a guess}
charges:
  power:
    item: power of servers
    measure: count
    rate: $0.20
    per: kWh
    regional: true
    standing: assumed
    source: page
    reason: what last year's bill says
"""


def test_prices_of_ones_own_beside_the_catalogue(tmp_path: Path) -> None:
    lists = tmp_path / "mine" / "prices" / "list-2026"
    lists.mkdir(parents=True)
    (lists / "rack.yaml").write_text(OWN)
    file = tmp_path / "usage.yaml"
    file.write_text("month: 2026-11\ncatalog: mine\nusage:\n  - {platform: rack, quantities: {power: 300 kWh}}\n"
                    "  - {platform: rack, region: there, quantities: {power: 100}}\n"
                    "  - {platform: hetzner, without: [ipv4], instances: {size: cx23, hours: month}}\n")
    made = sim.rate(file)
    assert [(line.charge, line.amount) for line in made.lines] == [
        ("power", 60), ("power@there", 30), ("cx23", Fraction("6.49"))]
    assert made.lines[1].item == "power of servers, there"
    file.write_text(file.read_text().replace("catalog: mine", "catalog: yours"))
    with pytest.raises(InputError, match=r"usage\.yaml:2:10: error: `yours`: there is no such folder"):
        sim.rate(file)
    (lists / "rack.yaml").write_text(OWN.replace("rate: $0.20", "rat: $0.20"))
    file.write_text(file.read_text().replace("catalog: yours", "catalog: mine"))
    with pytest.raises(InputError, match=r"rack\.yaml:11:5: error: unknown key `rat`"):
        sim.rate(file)


def test_a_file_is_what_a_mapping_is(tmp_path: Path) -> None:
    file = tmp_path / "usage.yaml"
    file.write_text(
        "hours: 730\nusage: [{platform: e2b/sandbox, instances: {vcpu: 2, memory: 512 MiB, hours: month}}]\n")
    use = {"platform": "e2b/sandbox", "instances": {"vcpu": 2, "memory": "512 MiB", "hours": 730}}
    made = sim.rate(file)
    assert made == sim.rate(str(file)) == sim.rate({"hours": 730, "usage": use})
    # 730 h: 2 x 0.0504 + 0.5 x 0.0162 an hour, and the plan of 150.
    assert made.total() == 150 + 730 * (Fraction("0.1008") + Fraction("0.0081"))


@given(st.integers(1, 30), st.integers(1, 24), st.integers(1, 4))
def test_it_is_the_bill_of_a_run(days: int, hours: int, count: int) -> None:
    # Machines that run for so many hours a day and rest suspended for the others.
    spans = [span for box in range(count) for span in life(box, 0, *[
        phase for _ in range(days) for phase in ((BUSY, hours * H), (RESTING, D - hours * H, 0)) if phase[1]])]
    book = prices("list-2026", "fly/machines")
    one = deployment("fly/machines", "shared-cpu-1x-1gb")
    run = rate(meter(seen(30 * D, spans), one, book, NOVEMBER), book, NOVEMBER)
    shape = {"size": "shared-cpu-1x-1gb", "count": count}
    told = [{**shape, "starts": days, "seconds_each": hours * 3600}]
    if hours < 24:
        told.append({**shape, "meter": "suspended", "hours": days * (24 - hours)})
    assert lines(bill({"platform": "fly/machines", "instances": told})) == lines(run)


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 20_000)), min_size=1, max_size=4))
def test_entries_add_up(parts: list[tuple[int, int]]) -> None:
    uses = [{"platform": "aws-lambda/x86", "requests": {"count": count, "duration": f"{time} ms", "memory": "1 GiB"}}
            for count, time in parts]
    assert bill(*uses) == bill(*reversed(uses)) == bill({**uses[0], "requests": [use["requests"] for use in uses]})
    duration = sum(count * time for count, time in parts)
    line = next((line for line in bill(*uses).lines if line.charge == "duration-x86"), None)
    assert (line.quantity if line else 0) == Fraction(duration, 1000)


FILE = """\
month: 2026-11
usage:
  - platform: aws-lambda/arm
    requests: {count: 5M, duration: 120 ms, memory: 512 MiB}
"""
USE = "    requests: {count: 5M, duration: 120 ms, memory: 512 MiB}\n"


@pytest.mark.parametrize(("old", "new", "place", "told"), [
    ("month: 2026-11", "month: 2026-13", "1:8", "is not a month"),
    ("month: 2026-11", "months: 2026-11", "1:1", "did you mean `month`"),
    ("month: 2026-11\n", "", "1:1", "or `hours: 730`"),
    ("month: 2026-11", "month: 2026-11\nhours: 730", "1:1", "or twice"),
    ("month: 2026-11", "month: 2026-11\nprices: list-2062", "2:9", "did you mean `list-2026`"),
    ("aws-lambda/arm", "aws-lamda/arm", "3:15", "did you mean `aws-lambda`"),
    ("aws-lambda/arm", "aws-lambda/arn", "3:15", "did you mean `arm`"),
    ("aws-lambda/arm", "llm", "3:15", "no platform `llm`"),
    ("aws-lambda/arm", "aws-lambda/arm\n    plan: pro", "4:11", "leave `plan` out"),
    ("aws-lambda/arm", "aws-lambda/arm\n    region: fra", "4:13", "leave `region` out"),
    ("duration", "durations", "4:27", "did you mean `duration`"),
    ("duration: 120 ms, ", "", "4:15", "add `duration: 250 ms`"),
    (", memory: 512 MiB", "", "4:15", "add `memory: 4 GiB`"),
    ("120 ms", "120", "4:37", "has no unit"),
    ("5M", "5.5", "4:23", "is not a whole number"),
    ("5M", "5M", "4:15", ""),
    (", memory", ", cpu: 3 ms, memory", "4:45", "charges nothing by `cpu`"),
    ("requests: {count: 5M, duration: 120 ms, memory: 512 MiB}", "instances: {hours: 3}", "4:5", "bills no instances"),
    ("requests: {count: 5M, duration: 120 ms, memory: 512 MiB}", "quantities: {request: 5M}", "4:18",
     "did you mean `requests`"),
    ("requests: {count: 5M, duration: 120 ms, memory: 512 MiB}", "quantities: {requests: 5M GB-s}", "4:28",
     "counted in `requests`"),
    (USE, "    quantities: {cx23: 5 h}\n", "4:18", "no charge `cx23`"),
    ("aws-lambda/arm\n" + USE, "cloudflare/containers\n    quantities: {worker-requests: 5M}\n", "4:18",
     "with `platform: cloudflare/workers`"),
    ("aws-lambda/arm\n" + USE, "langgraph\n    quantities: {plus: 5}\n", "4:18", "write `plan: plus`"),
    (USE, "    without: [requests]\n    quantities: {requests: 5M}\n", "5:18", "left out by `without`"),
    (USE, "    commitments: {reserved: 5}\n", "4:19", "sells no commitment"),
    ("aws-lambda/arm\n" + USE, "hetzner\n    quantities: {cx23: 5 h}\n", "4:18", "for each instance by itself"),
    ("aws-lambda/arm\n" + USE, "hetzner\n    instances: {hours: 5}\n", "4:5", "add `size:`"),
    ("aws-lambda/arm\n" + USE, "hetzner\n    instances: {size: cx24, hours: 5}\n", "4:23", "no price of the size"),
    ("aws-lambda/arm\n" + USE, "hetzner\n    instances: {size: cx23, hours: 721}\n", "4:36", "longer than the month"),
    ("aws-lambda/arm\n" + USE, "hetzner\n    instances: {size: cx23}\n", "4:16", "how long each"),
    ("aws-lambda/arm\n" + USE, "hetzner\n    instances: {size: cx23, starts: 3}\n", "4:16", "go together"),
    ("aws-lambda/arm\n" + USE, "hetzner\n    instances: {size: cx23, memory: 4 GiB, hours: 5}\n", "4:29",
     "contradicts"),
    ("aws-lambda/arm\n" + USE, "hetzner\n    instances: {size: cx23, hours: 5, enters: 2}\n", "4:39", "for `enters`"),
    ("aws-lambda/arm\n" + USE, "hetzner\n    requests: {count: 5}\n", "4:5", "nothing for requests"),
    ("aws-lambda/arm\n" + USE, "fly/machines\n    instances: {size: shared-cpu-2x-4gb, meter: halted, hours: 5}\n",
     "4:49", "did you mean `started`"),
    ("aws-lambda/arm\n" + USE, "cloudflare\n    quantities: {plan: 1}\n", "4:18", "charged whatever is used"),
    (USE, USE + "  - {platform: aws-lambda/x86, seats: 3}\n  - {platform: aws-lambda/arm, seats: 4}\n", "6:39",
     "an account has one"),
    (USE, USE + "    without: [request]\n", "5:15", "did you mean `requests`"),
    (USE, USE + "tokens: {mid-tire: {input: 3}}\n", "5:10", "did you mean `mid-tier`"),
    (USE, USE + "labour: {hours: 3, rate: $80}\n", "5:26", "write for example `$80/h`"),
    ("count: 5M", "count: 5M, overflow: 3", "4:27", "no provisioned instances"),
    ("aws-lambda/arm\n" + USE, "aws-lambda/arm-provisioned\n    requests: {count: 5M, overflow: 6M, duration: 1 s, "
     "memory: 1 GiB}\n", "4:37", "6,000,000 of 5,000,000 requests cannot overflow"),
    (USE, USE + "tokens: {gpt-5.4: {written: 3}}\n", "5:20", "count the tokens as `input`"),
    ("month: 2026-11", "month: 2026-11\nprices: article-2026\ntokens: {small: {input: 3, batch: true}}", "3:28",
     "no price of batches"),
    ("aws-lambda/arm", "aws-lambda", "4:5", "as `platform` write one of `aws-lambda/x86`, `aws-lambda/arm`"),
    ("aws-lambda/arm", "cloud-run", "4:5", "several products"),
    ("aws-lambda/arm\n" + USE, "modal\n    instances: {vcpu: 1, memory: 1 GiB, hours: 3}\n", "4:5", "`modal/sandbox`"),
    ("aws-lambda/arm\n" + USE, "railway\n    instances: {hours: 3}\n", "4:5", "`railway/service`"),
    ("aws-lambda/arm\n" + USE, "modal/sandbox\n    instances: {vcpu: 1, memory: 1 GiB, starts: 3, seconds_each: 9M}\n",
     "4:66", "longer than the month"),
    (USE, USE + "    credit: $0\n", "5:13", "greater than 0"),
    ("aws-lambda/arm\n" + USE, "e2b/sandbox\n    instances: {vcpu: 2, memory: 1 GiB, hours: 3, cpu: 1 h}\n", "4:51",
     "charges nothing by `cpu`"),
    ("usage:\n  - platform: aws-lambda/arm\n" + USE, "", "1:1", "nothing was used"),
])  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, old: str, new: str, place: str, told: str) -> None:
    assert old in FILE
    file = tmp_path / "usage.yaml"
    file.write_text(FILE.replace(old, new, 1))
    if not told:
        sim.rate(file)
        return
    with pytest.raises(InputError) as caught:
        sim.rate(file)
    assert told in str(caught.value)
    assert f"usage.yaml:{place}: error" in str(caught.value)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(InputError) as caught:
        bill({"platform": "hetzner", "instances": [{"size": "cx24", "hours": 1}, {"size": "cx23", "hours": 999}]},
             {"platform": "nowhere"}, tokens={"no-model": {"input": 1}})
    assert len(caught.value.problems) == 4
