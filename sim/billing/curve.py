"""The bill as it accumulates over the days of a month: what the vendor's page would show each midnight.

After each day the whole bill is made anew, by the rules of the bill, from the usage of the days so far. So an allowance
is used up once, a cap is reached when it is, a tier begins where it does, and the last bill is that of the month.

Four rules say what belongs to which day:

- A plan's fee is due when the month begins: the curve begins with it. (Cloudflare's billing policy makes the first day
  of the period the date of the invoice; of other plans the same is assumed.)
- What rounding up and a minimum add to a record belongs to the day on which the record begins, as in the bill of the
  month. Where the month is one record, what is added is there from the first use on.
- An instance that goes on where the simulated days come round again is one, as in the bill of the month; see
  `sim.billing.continuity`.
- A month is as long as it is: allowances, tiers, credits and prices by the month are those of the whole month from its
  first day on.

So the total never falls from one day to the next, as no price is negative. A single line may: that of a credit grows
more negative with what it is taken from.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from sim.billing.bill import billing
from sim.billing.invoice import Invoice
from sim.billing.metering import Billed, Observed
from sim.billing.month import Month, tile
from sim.catalog.charges import Group
from sim.catalog.prices import PriceList

TOTAL = "total"
"""Names the whole bill, beside the groups."""


def accumulate(
    seen: Observed, deployment: Billed, models: Sequence[str], month: Month, prices: PriceList, tokens: PriceList
) -> tuple[Invoice, ...]:
    """Make the bill of the first days of a month, for each number of days.

    Parameters
    ----------
    seen, deployment, models, month, prices, tokens
        As of `sim.billing.bill`.

    Returns
    -------
    tuple of Invoice
        ``month.days + 1`` of them. That at index d is of the usage of the days 1 to d. The first, of no usage, holds
        the fees that are due in advance; the last equals that of `sim.billing.bill`.

    Raises
    ------
    AdvisedError
        The window is not whole days.
    ValueError
        The price lists are of two books.
    """
    whole = tile(month, seen.window.length)
    made = billing(seen, deployment, models, month, prices, tokens)
    return tuple(made(whole.until(day)) for day in range(month.days + 1))


def amounts(curve: Sequence[Invoice]) -> dict[str, tuple[Fraction | None, ...]]:
    """Say what is owed after each day, in all and by group.

    Parameters
    ----------
    curve : sequence of Invoice
        As `accumulate` gives them.

    Returns
    -------
    dict of str to tuple of (Fraction or None)
        Dollars, exact, by number of days over; keys are `TOTAL` and the values of `Group`. None from the day on which
        something is used that has no known price.
    """
    groups: dict[str, Group | None] = {TOTAL: None, **{group.value: group for group in Group}}
    return {
        name: tuple(made.total(group) if made.complete(group) else None for made in curve)
        for name, group in groups.items()
    }
