"""Bills to the cent: those that vendors work out on their pages, and those worked out from their prices."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest

import sim

from .invoices import INVOICES
from .page import Page
from .vendors import PAGES

SUMMED_OTHERWISE = ("lambda MicroVMs: coding assistants",)
"""Pages that round peak and baseline apart, which are one line here."""


def cents(amount: Fraction) -> str:
    return str((Decimal(amount.numerator) / amount.denominator).quantize(Decimal("0.01"), ROUND_HALF_UP))


@pytest.mark.parametrize("page", [*PAGES, *INVOICES], ids=str)
def test_to_the_cent(page: Page) -> None:
    exact = page.rated()
    lines: dict[str, Fraction] = {}
    for line in exact.lines:
        if line.charge is not None and line.amount is not None:  # tiers are lines of one charge
            lines[line.charge] = lines.get(line.charge, Fraction(0)) + line.amount
    assert {name: cents(amount) for name, amount in lines.items()} == page.lines
    assert exact.complete()
    # Pages add up what they have rounded, line by line. One rounds other sums than its lines: there the total is exact.
    made = page.rated(round_lines="$0.01")
    assert cents(made.total() if page.name not in SUMMED_OTHERWISE else exact.total()) == page.total
    assert abs(exact.total() - made.total()) <= Fraction(len(made.lines), 200)


def test_regional_rates_of_a_function() -> None:
    # Vercel's example in Sao Paulo: 4 s of CPU x 0.221/h and 4 GB for 10 s x 0.0183/GB-h are 0.0002456 + 0.0002033 for
    # each invocation; here for a million of them. In Washington they are 4 x 0.128 and 40 x 0.0106 an hour.
    def cost(**where: str) -> dict[str | None, str]:
        use = {"platform": "vercel/functions", "without": ["plan"], "allowances": False, **where, "requests": {
            "count": "1M", "duration": "10 s", "memory": "4 GiB", "cpu": "4 s"}}
        return {line.charge: f"{float(line.amount or 0):.1f}" for line in sim.rate({
            "month": "2026-11", "usage": use}).lines}

    assert cost(region="gru1") == {
        "functions-cpu@gru1": "245.6", "functions-memory@gru1": "203.3", "invocations": "0.6"}
    assert cost() == cost(region="iad1") == {
        "functions-cpu": "142.2", "functions-memory": "117.8", "invocations": "0.6"}
