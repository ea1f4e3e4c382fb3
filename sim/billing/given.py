"""From a sheet of what was used to a bill: the same charges, and the same rating, as of a run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from sim.billing.counter import Counter, Uncounted
from sim.billing.invoice import Invoice
from sim.billing.labour import Worked, labour
from sim.billing.month import Hours, Month
from sim.billing.rating import Usage, Used, rate
from sim.billing.sheet import Sheet, Use
from sim.catalog import PACKAGE, Catalogue
from sim.catalog.charges import Charge
from sim.catalog.counting import Measure
from sim.catalog.entries import validate
from sim.catalog.prices import PriceList
from sim.documents import Document, Flaw, Place, parse, problems, read
from sim.errors import InputError, UnknownName, choose, quoted

LLM = "llm"
"""The price list of tokens."""


def load(source: Path | str | Mapping[str, Any]) -> tuple[Sheet, Document]:
    """Read a sheet.

    Parameters
    ----------
    source : Path, str or mapping
        A file, or what would be in it.

    Returns
    -------
    Sheet, Document

    Raises
    ------
    InputError
        Everything that is wrong in it by itself.
    """
    if isinstance(source, Mapping):
        document = parse(json.dumps(source, indent=1, default=str).encode(), "usage")
    else:
        document = read(Path(source), str(source))
    return validate(Sheet, document.data, document), document


def bill(source: Path | str | Mapping[str, Any]) -> Invoice:
    """Price what a sheet says was used.

    Parameters
    ----------
    source : Path, str or mapping
        See `load`.

    Returns
    -------
    Invoice
        The lines of each vendor in the order of the sheet, then tokens, then labour.

    Raises
    ------
    InputError
        All that is wrong with the sheet, with line and column.
    """
    sheet, document = load(source)
    folder = Path() if isinstance(source, Mapping) else Path(source).parent
    catalogue = _catalogue(sheet, folder, document)
    flaws: list[Flaw] = []
    try:
        known = catalogue.platforms(sheet.prices)
    except UnknownName as error:
        raise InputError(problems([Flaw(("prices",), error.message, error.fix)], document, document.name)) from error
    accounts: dict[str, list[tuple[int, Use]]] = {}
    for index, use in enumerate(sheet.usage):
        name = use.platform.partition("/")[0]
        if name not in known or name == LLM:
            others = [one for one in known if one != LLM]
            message = f"the price book {sheet.prices} has no platform {quoted(name)}"
            flaws.append(Flaw(("usage", index, "platform"), message, choose(name, others)))
        else:
            accounts.setdefault(name, []).append((index, use))
    made = Invoice(str(sheet.period), sheet.prices, ())
    for name, uses in accounts.items():
        account = _Account(_as_invoiced(catalogue.whole(sheet.prices, name), sheet), uses, sheet.period, catalogue)
        flaws += account.flaws
        if not flaws:
            made += rate(account.usage, account.prices, sheet.period)
    made += _tokens(sheet, catalogue, flaws)
    if flaws:
        raise InputError(problems(flaws, document, document.name))
    worked = [Worked(one.item, one.hours, one.rate, "as given") for one in sheet.labour]
    return made + labour(worked, sheet.period, sheet.prices)


def _as_invoiced(listed: PriceList, sheet: Sheet) -> PriceList:
    """Return prices whose lines are rounded as the sheet says, where they do not say it."""
    return listed if listed.cents is not None else listed.model_copy(update={"cents": sheet.round_lines})


def _catalogue(sheet: Sheet, folder: Path, document: Document) -> Catalogue:
    """Return the catalogue of a sheet: the package's, with the folder over it that the sheet names."""
    if sheet.catalog is None:
        return PACKAGE
    try:
        catalogue = Catalogue(folder / sheet.catalog)
    except InputError as error:
        flaws = [Flaw(("catalog",), f"{quoted(sheet.catalog)}: {one.message}", one.fix) for one in error.problems]
        raise InputError(problems(flaws, document, document.name)) from error
    if wrong := list(catalogue.problems()):
        raise InputError(wrong)
    return catalogue


def _tokens(sheet: Sheet, catalogue: Catalogue, flaws: list[Flaw]) -> Invoice:
    """Price the tokens of language models."""
    if not sheet.tokens:
        return Invoice(str(sheet.period), sheet.prices, ())
    listed = _as_invoiced(catalogue.whole(sheet.prices, LLM), sheet)
    models = dict.fromkeys(charge.meter for charge in listed.charges)
    used: dict[str, Used] = {}
    told = [(model, at, one) for model, entries in sheet.tokens.items() for at, one in enumerate(entries)]
    batched = {model for model, _, one in told if one.batch}
    listed = listed.model_copy(update={"charges": (*listed.charges, *(
        _in_a_batch(charge, listed.batch) for charge in listed.charges if listed.batch and charge.meter in batched))})
    for model, at, tokens in told:
        if model not in models:
            fix = choose(model, [one for one in models if one])
            flaws.append(Flaw(("tokens", model), f"{sheet.prices} has no price of {quoted(model)}", fix, at_key=True))
        elif tokens.batch and listed.batch is None:
            message = f"{sheet.prices} has no price of batches"
            flaws.append(Flaw(("tokens", model, at, "batch"), message, "leave it out", at_key=True))
            continue
        for measure, key in _TOKENS.items():
            if count := getattr(tokens, key):
                charge = _of_tokens(listed, model, measure, tokens.batch)
                if charge is None and model in models:
                    message = f"writing to the cache of {model} has no price of its own"
                    fix = "count the tokens as `input`"
                    flaws.append(Flaw(("tokens", model, at, key), message, fix, at_key=True))
                elif charge is not None:
                    used[charge.id] = used.get(charge.id, Used(Fraction(0))) + Used(Fraction(count, charge.per.count))
    return rate(Usage(used), listed, sheet.period)


_TOKENS: Mapping[Measure, str] = {
    Measure.INPUT: "input", Measure.CACHED: "cached", Measure.OUTPUT: "output", Measure.WRITTEN: "written",
    Measure.WRITTEN_HOUR: "written_hour",
}  # fmt: skip
_BATCH = ", batch"


def _of_tokens(listed: PriceList, model: str, measure: Measure, batch: bool) -> Charge | None:
    """Return the charge of a kind of tokens, where there is one."""
    found = (charge for charge in listed.charges if charge.meter == model and charge.measure is measure
             and charge.id.endswith(_BATCH) is batch)
    return next(found, None)


def _in_a_batch(charge: Charge, part: Fraction) -> Charge:
    """Return the price of the same tokens in a batch."""
    rate = None if charge.rate is None else charge.rate * Decimal(part.numerator) / Decimal(part.denominator)
    return charge.model_copy(update={"id": f"{charge.id}{_BATCH}", "item": f"{charge.item}{_BATCH}", "rate": rate})


class _Account:
    """What one account used of all products of a vendor: allowances, tiers and plans are shared by them.

    Parameters
    ----------
    listed : PriceList
        With every variant, plan and region.
    uses : sequence of (int, Use)
        With the place of each in the sheet.
    month : Month or Hours
    catalogue : Catalogue
    """

    def __init__(
        self, listed: PriceList, uses: Sequence[tuple[int, Use]], month: Month | Hours, catalogue: Catalogue
    ) -> None:
        self._listed, self._month, self._catalogue = listed, month.microseconds, catalogue
        self.flaws: list[Flaw] = []
        self._used: dict[str, Used] = {}
        self._committed: dict[str, Fraction] = {}
        plan, seats = self._once(uses, "plan"), self._once(uses, "seats")
        self._free = self._once(uses, "allowances") is not False
        # Where all entries leave a charge out, it is not made at all, though it may be a plan's fee.
        self._without = set.intersection(*(set(use.without) for _, use in uses))
        variants = {use.platform.partition("/")[2] for _, use in uses}
        self._variants = None if "" in variants else variants
        self.prices = listed
        if self._known(uses):
            self.prices = self._together(plan, list(dict.fromkeys(use.region for _, use in uses)))
            for index, use in uses:
                self._add(index, use)
        self.usage = Usage(self._used, (), seats or 1, self._committed, self._once(uses, "credit") or Decimal(0))

    def _once(self, uses: Sequence[tuple[int, Use]], key: str) -> Any:
        """Return what an account has only one of."""
        given = {index: getattr(use, key) for index, use in uses if getattr(use, key) is not None}
        first = next(iter(given.values()), None)
        for index, value in given.items():
            if value != first:
                self.flaws.append(Flaw(("usage", index, key), f"`{key}` is {quoted(first)} above: an account has one",
                                       "write the same, or rate the accounts apart"))
        return first

    def _known(self, uses: Sequence[tuple[int, Use]]) -> bool:
        """Check that variants, plans and regions are known."""
        ids = [id.partition("/")[2] for id in self._catalogue.ids_of(self._listed.platform)]
        variants = [*ids, *(name for charge in self._listed.charges for name in charge.variants)]
        charged = [charge.id for charge in self._listed.charges]
        for index, use in uses:
            for at, name in enumerate(use.without):
                if name not in charged:
                    self.flaws.append(Flaw(("usage", index, "without", at), f"{self._listed.platform} has no charge "
                                           f"{quoted(name)}", choose(name, charged)))
            for key, value, known in (
                ("platform", use.platform.partition("/")[2] or None, variants),
                ("plan", use.plan, self._listed.plans), ("region", use.region, self._listed.known_regions),
            ):  # fmt: skip
                if value is not None and value not in known:
                    what = "variant" if key == "platform" else key
                    fix = choose(value, known) if known else f"leave `{key}` out: the prices are for one {what}"
                    self.flaws.append(Flaw(("usage", index, key), f"{self._listed.platform} has no {what} "
                                           f"{quoted(value)}", fix))
        return not self.flaws

    def _together(self, plan: str | None, regions: Sequence[str | None]) -> PriceList:
        """Return the prices of all that the account uses: what costs more in a region stands beside the others."""
        base = self._listed.chosen(self._variants, plan)
        base = base.model_copy(update={"charges": tuple(one for one in base.charges if one.id not in self._without)})
        left = base.allowances if self._free else {
            name: one.model_copy(update={"quantity": Fraction(0)}) for name, one in base.allowances.items()}
        charges = list(base.charges)
        for region in regions:
            there = base if region is None else self._listed.chosen(self._variants, plan, region)
            for here in base.charges:
                other = there.charge(here.id)
                if here != other:
                    charges.append(other.model_copy(
                        update={"id": _in(other.id, region), "item": f"{other.item}, {region}"}))
        credits = base.credits if self._free else ()
        return base.model_copy(update={"charges": tuple(charges), "allowances": left, "credits": credits})

    def _add(self, index: int, use: Use) -> None:
        """Count what one entry of the sheet says."""
        place: Place = ("usage", index)
        variant = use.platform.partition("/")[2]
        names = {charge.id for charge in self.prices.charges}
        charges = [self.prices.charge(one) for one in (
            _in(charge.id, use.region) if _in(charge.id, use.region) in names else charge.id
            for charge in self._listed.charges
            if charge.id in names and charge.id not in use.without
            and (not variant or not charge.variants or variant in charge.variants)
        )]
        counter = Counter(use.platform, charges, self._month, self._catalogue, self._listed.charges)
        told: list[tuple[Any, Any, Place]] = [(counter.quantities, use.quantities, (*place, "quantities"))]
        told += [(counter.instances, one, (*place, "instances", at)) for at, one in enumerate(use.instances)]
        told += [(counter.requests, one, (*place, "requests", at)) for at, one in enumerate(use.requests)]
        for count, one, where in told:
            try:
                for charge, used in count(one):
                    self._used[charge.id] = self._used.get(charge.id, Used(Fraction(0))) + used
            except Uncounted as error:
                self.flaws += [Flaw((*where, *flaw.place), flaw.message, flaw.fix, flaw.at_key) for flaw in error.flaws]
        for name, bought in use.commitments.items():
            if name not in self.prices.commitments:
                fix = choose(name, self.prices.commitments)
                self.flaws.append(Flaw((*place, "commitments", name), f"{use.platform} sells no commitment "
                                       f"{quoted(name)}", fix, at_key=True))
            self._committed[name] = self._committed.get(name, Fraction(0)) + bought


def _in(charge: str, region: str | None) -> str:
    """Return the id of a charge in a region where it costs something else."""
    return charge if region is None else f"{charge}@{region}"
