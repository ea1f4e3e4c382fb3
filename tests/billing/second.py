"""A second, crude way to price quantities: from the text of a price list, with none of the words of `sim`."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

SECONDS = {"ms": Fraction(1, 1000), "s": 1, "min": 60, "h": 3600, "day": 86_400, "d": 86_400}
SCALES = {"": 1, "K": 1000, "M": 10**6, "B": 10**9}
Given = Mapping[str, list[tuple[Fraction, int]]]
"""By charge: how much each of so many instances used; one entry alone where that does not matter."""


def money(text: Any) -> Fraction:
    return Fraction(str(text).removeprefix("$"))


def whole(unit: str, month: int) -> Fraction:
    """How much a unit is, in things or in seconds of them."""
    number, scale, rest = re.fullmatch(r"(?:(\d+)([KMB]?) )?(.*)", unit).groups()  # type: ignore[union-attr]
    count = Fraction(int(number or 1) * SCALES[scale or ""])
    last = rest.rpartition("-")[2]
    if last == "month":
        return count * month
    if time := re.fullmatch(r"(\d*)(ms|s|min|h|day|d)", last):
        return count * int(time[1] or 1) * SECONDS[time[2]]
    return count * {"TB": 1000, "TiB": 1024}.get(rest, 1)


def total(path: Path, plan: str | None, given: Given, month: int, seats: int = 1) -> Fraction:
    """Dollars of a month of so many seconds."""
    listed = yaml.safe_load(path.read_text())
    plan = plan or listed.get("default_plan")
    free = {name: whole(one["per"], month) * (seats if one.get("per_seat") else 1) *
            Fraction(str(one["quantity"] if "quantity" in one else one["by_plan"].get(plan, 0)))
            for name, one in listed.get("allowances", {}).items() if plan in one.get("plans", [plan])}
    fees, spent = Fraction(0), Fraction(0)
    for id, one in listed["charges"].items():
        if plan not in one.get("plans", [plan]):
            continue
        if one.get("measure") == "plan":
            fees += money(one["rate"]) * (seats if one["per"] == "seat-month" else 1)
        elif id in given and "rate" in one:
            spent += charge(one, given[id], free, plan, month)
    used = spent
    for one in listed.get("surcharges", []):
        if plan in one.get("plans", [plan]):
            spent += max(used * Fraction(one["percent"].removesuffix("%")) / 100, money(one.get("least", "$0")))
    for one in listed.get("credits", []):
        if plan in one.get("plans", [plan]):
            spent -= min(spent, money(one["amount"]) * (seats if one.get("per_seat") else 1))
    floors = [money(one["amount"]) for one in listed.get("floors", []) if plan in one.get("plans", [plan])]
    return max([fees + spent, *floors])


def charge(one: Mapping[str, Any], given: list[tuple[Fraction, int]], free: dict[str, Fraction], plan: str | None,
           month: int) -> Fraction:
    """Dollars of one charge, which takes what it uses out of what is free."""
    rate = money(one["rate"])
    if "cap" in one or "least" in one:
        least, cap = money(one.get("least", "$0")), money(one.get("cap", "$999999999"))
        return sum((count * min(max(used * rate, least if used else Fraction(0)), cap) for used, count in given),
                   Fraction(0))
    used = sum((each * count for each, count in given), Fraction(0))
    if nearest := Fraction(str(one.get("nearest", 0))):
        used = math.floor(used / nearest + Fraction(1, 2)) * nearest
    size = whole(one["per"], month) * Fraction(str(one.get("draws", 1)))
    if one.get("allowance") in free:
        covered = min(used * size, free[one["allowance"]])
        free[one["allowance"]] -= covered
        used -= covered / size
    if one.get("whole_units"):
        used = Fraction(math.ceil(used))
    steps = [(Fraction(0), rate)] + [(Fraction(str(tier["above"])), money(tier["rate"])) for tier in
                                     one.get("tiers", []) if plan in tier.get("plans", [plan])]
    ends = [begin for begin, _ in steps[1:]] + [max(used, steps[-1][0])]
    return sum((max(Fraction(0), min(used, end) - begin) * each for (begin, each), end in
                zip(steps, ends, strict=True)), Fraction(0))
