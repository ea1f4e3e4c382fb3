"""Counting what is given, charge by charge, apart from the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest

from sim.billing.counter import Counter, Uncounted
from sim.billing.sheet import Instances, Requests
from sim.catalog import PACKAGE
from sim.catalog.charges import Charge

from .make import H
from .test_rating import charge

MONTH = 720 * H


def instances(charges: list[Charge], **given: Any) -> Mapping[str, Fraction]:
    counter = Counter("nowhere", charges, MONTH, PACKAGE)
    return {one.id: used.quantity for one, used in counter.instances(Instances.model_validate(given))}


def requests(charges: list[Charge], **given: Any) -> Mapping[str, Fraction]:
    counter = Counter("nowhere", charges, MONTH, PACKAGE)
    return {one.id: used.quantity for one, used in counter.requests(Requests.model_validate(given))}


@pytest.mark.parametrize(("terms", "hours"), [
    # Ten instances that start 3 times for 100.5 s: of each start, each, and all together.
    ({}, Fraction(3015, 3600)), ({"round_up": "1 min"}, 1), ({"minimum": "1 h"}, 30),
    ({"round_up": "1 min", "scope": "start"}, 1), ({"round_up": "1 h", "scope": "month"}, 1),
    ({"minimum": "2 h", "scope": "month"}, 2), ({"basis": "vcpu", "step": 2}, Fraction(4 * 3015, 3600)),
    ({"amount": "0.5"}, Fraction(3015, 7200)),
    # Bought by window: each start is one.
    ({"measure": "provisioned", "round_up": "5 min"}, Fraction(30 * 300, 3600)),
])  # fmt: skip
def test_time_of_instances(terms: Mapping[str, Any], hours: Fraction) -> None:
    made = instances([charge(**terms)], count=10, starts=3, seconds_each=100.5, vcpu=3)
    assert made == {"x": hours}


def test_what_starts_and_turns_count() -> None:
    charges = [charge(), charge("y", measure="starts", per="starts"),
               charge("z", measure="wakes", per="GiB", basis="memory")]
    given = {"count": 10, "memory": "2 GiB", "starts": 3, "seconds_each": 3600}
    assert instances(charges, **given) == {"x": 30, "y": 30}
    assert instances(charges, **given, wakes=4) == {"x": 30, "y": 30, "z": 80}
    assert instances(charges, count=10, hours=3) == {"x": 30}  # how often they started is not said


def test_cpu_and_memory_in_use_are_of_each_start() -> None:
    charges = [charge(measure="cpu", per="CPU-h"), charge("y", measure="memory", per="GiB-h")]
    assert instances(charges, count=2, starts=3, seconds_each=3600, cpu="30 min", memory_used="1.5 GiB") == {
        "x": 3, "y": 9}
    assert instances(charges, count=2, hours=4, cpu="30 min", memory_used="1.5 GiB") == {"x": 1, "y": 12}


def test_requests_with_payload_and_cpu() -> None:
    charges = [charge(measure="requests", per="1K requests", payload={"first": "64 KiB", "then": "64 KiB"}),
               charge("y", measure="cpu", per="CPU-s"), charge("z", scope="request", per="GB-s", basis="memory",
                                                               round_up="100 ms")]
    # 65 KiB are two requests; 7 ms of CPU; 101 ms are billed as 200 ms of 0.5 GB.
    made = requests(charges, count="4K", payload="65 KiB", cpu="7 ms", duration="101 ms", memory="512 MiB")
    assert made == {"x": 8, "y": 28, "z": 400}


@pytest.mark.parametrize(("given", "told"), [
    ({"hours": 1, "meter": "n"}, "has no meter `n`"), ({"hours": 1, "cpu": "1 s"}, "charges nothing by `cpu`"),
    ({"hours": 1, "memory_used": "1 GB"}, "charges nothing by `memory_used`"),
    ({"hours": 721}, "longer than the month"),
    ({"hours": 1, "size": "big"}, "has no size `big`"), ({"hours": 1, "enters": 1}, "charges nothing for `enters`"),
    ({"starts": 1, "seconds_each": 721 * 3600}, "longer than the month"),
])  # fmt: skip
def test_what_no_charge_is_for(given: Mapping[str, Any], told: str) -> None:
    with pytest.raises(Uncounted) as caught:
        instances([charge()], **given)
    assert [told in flaw.message for flaw in caught.value.flaws] == [True]


@pytest.mark.parametrize(("charges", "told"), [
    ([charge(basis="memory")], "bills by memory"), ([charge(basis="gpu")], "bills by gpus"),
    ([charge(measure="cpu", per="CPU-h")], "bills by `cpu`"), ([charge(sizes=["a-*"])], "depends on the size"),
    ([charge(), charge("y", meter="n")], "in which state"),
    ([charge(measure="count", meter=None)], "bills no instances"),
])  # fmt: skip
def test_what_a_charge_needs(charges: list[Charge], told: str) -> None:
    with pytest.raises(Uncounted) as caught:
        instances(charges, hours=1)
    assert [told in flaw.message for flaw in caught.value.flaws] == [True]
