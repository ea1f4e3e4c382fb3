"""A bill by itself, line by line, as it is held against an invoice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sim.billing.invoice import DOLLARS, Invoice, Kind, Line
from sim.catalog.charges import Group
from sim.report.numbers import NONE
from sim.report.page import Notes, heading, printed
from sim.units import show_percent

_PLACES = 6
"""Decimal places of quantities and amounts that are told; the bill itself is exact."""


def render(made: Invoice, *, width: int = 100, colour: bool = False, encoding: str = "utf-8") -> str:
    """Write a bill.

    Parameters
    ----------
    made : Invoice
    width : int
        Columns of the terminal.
    colour : bool
        Whether to use the terminal's colours.
    encoding : str
        Of the terminal.

    Returns
    -------
    str
        Each line with its quantity, what of it is free, what is billed, the rate, the amount, how the vendor rounds
        and what the price rests on; then the totals, and what is not in the bill.
    """
    return printed(_sections(made), width=width, colour=colour, encoding=encoding)


def _sections(made: Invoice) -> Iterator[RenderableType]:
    yield heading("Bill", f"of {made.month}, {made.book}")
    notes = Notes()
    table = Table(box=None, padding=(0, 1), header_style="dim")
    table.add_column("", ratio=1, overflow="fold")
    for title in ("quantity", "free", "billable"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("rate", overflow="fold", justify="right")
    table.add_column("amount", justify="right", no_wrap=True)
    for line in made.lines:
        table.add_row(*_row(line, notes))
    for name, amount in _totals(made):
        table.add_row(Text(name, style="bold"), "", "", "", "", Text(amount, style="bold"))
    yield table
    yield heading("Sources")
    yield notes.lines()
    missing = made.unpriced()
    if missing:
        yield heading("No price is known", "the total is without these")
        yield _listed(missing)
    if made.not_covered:
        yield heading("Not in this bill", "what the vendor charges for beside it")
        yield _listed(made.not_covered)


def _row(line: Line, notes: Notes) -> Iterable[Text]:
    item = Text(line.item)
    item.append(notes.mark(_source(line)), style="dim")
    for more in (f"{line.platform}{f' {line.charge}' if line.charge else ''}", *_terms(line)):
        item.append(f"\n{more}", style="dim")
    if line.kind in (Kind.CREDIT, Kind.FLOOR):
        quantities = ("", "", "")
    else:
        quantities = (_number(line.quantity), _number(line.free) if line.free else "", _number(line.billable))
    amount = NONE if line.amount is None else _dollars(line.amount)
    return (item, *map(Text, quantities), Text(_rate(line)), Text(amount))


def _rate(line: Line) -> str:
    if line.rate is None:
        return "free" if line.amount == 0 else "no price known" if line.amount is None else "as it was at the time"
    if line.kind is Kind.SURCHARGE:
        return f"{show_percent(Fraction(line.rate))} of {DOLLARS}"
    if line.kind in (Kind.CREDIT, Kind.FLOOR):
        return ""
    return f"${line.rate:f} per {line.unit}"


def _terms(line: Line) -> Iterator[str]:
    """Say how a line is rounded and limited."""
    if line.rounding:
        yield line.rounding
    of = f", {line.instances} of them" if line.instances is not None else ""
    if line.cap is not None:
        yield f"at most ${line.cap:f} a month each{of}, {line.capped} at the cap"
    if line.least is not None:
        yield f"at least ${line.least:f} a month" + (f" each{of}, {line.raised} raised to it" if of else "")
    if line.credit is not None:
        yield f"up to ${line.credit:f} a month"


def _source(line: Line) -> str:
    """Say what the price of a line rests on."""
    day = f" of {line.as_of}" if line.as_of is not None else ""
    standing = f"{line.standing.value}{day}: " if line.standing is not None else ""
    return f"{standing}{line.source}" + (f" ({line.reason})" if line.reason else "")


def _totals(made: Invoice) -> Iterator[tuple[str, str]]:
    """Yield the sums by group where there are several, and that of all; a sum that lacks a price says so."""
    groups = [group for group in Group if any(line.group is group for line in made.lines)]
    for group in (*(groups if len(groups) > 1 else ()), None):
        name = "total" if group is None else group.value
        rest = "" if made.complete(group) else ", without what has no price"
        yield f"{name}{rest}", f"${_cents(made.total(group)):,}"


def _listed(texts: Iterable[str]) -> RenderableType:
    return Padding(Text("\n".join(f"• {text}" for text in texts)), (0, 0, 0, 1))


def _cents(amount: Fraction) -> Decimal:
    return _decimal(amount, 2)


def _dollars(amount: Fraction) -> str:
    """Write an amount with cents at least, and with more places where it has them."""
    sign, digits = ("−", -amount) if amount < 0 else ("", amount)
    whole, _, rest = f"{_decimal(digits, _PLACES):,}".partition(".")
    return f"{sign}${whole}.{rest.rstrip('0').ljust(2, '0')}"


def _number(quantity: Fraction) -> str:
    text = f"{_decimal(quantity, _PLACES):,}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _decimal(value: Fraction, places: int) -> Decimal:
    """Round to decimal places, halves up."""
    step = Decimal(1).scaleb(-places)
    scaled = Decimal((value * 10**places).numerator) / Decimal((value * 10**places).denominator)
    return scaled.quantize(Decimal(1), ROUND_HALF_UP) * step
