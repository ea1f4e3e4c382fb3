"""What the meters of a platform cost. How the platform behaves is in its profile; a price list only prices meters.

A price book is a folder of price lists, one file for each platform::

    charges:
      vcpu:
        item: vCPU while a request is served
        meter: active                  # a meter that the profile names
        basis: vcpu                    # what of the instance is counted: here its vCPUs
        rate: $0.000024
        per: vCPU-s                    # what the rate is for
        round_up: 100 ms
        allowance: cpu
        standing: vendor
        source: pricing

A charge without a rate has no known price: the bill says so, and never says $0.00.

Beside its charges a list may say what the vendor gives away (``allowances``, ``credits``), asks for on top or at least
(``surcharges``, ``floors``), and sells for a whole month (``commitments``); which ``variants`` and ``plans`` each is
for; and what ``regions`` cost. `sim.catalog.charges` says every key, `sim.catalog.counting` what can be counted, and
in which units.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import Field, model_validator

from sim.catalog.charges import (
    Allowance,
    Charge,
    Commitment,
    Credit,
    Floor,
    Group,
    ModelPrice,
    Money,
    Offered,
    Region,
    Share,
    Surcharge,
)
from sim.catalog.counting import TOKENS, Basis, Measure, Resources, Scope, Unit
from sim.catalog.entries import validate
from sim.catalog.figures import Entry, Source
from sim.documents import Place, read
from sim.errors import AdvisedError, InputError, UnknownName, choose, quoted

__all__ = [
    "BOOKS", "TOKENS", "Allowance", "Basis", "Charge", "Commitment", "Credit", "Floor", "Group", "Measure",
    "PriceList", "Region", "Resources", "Scope", "Surcharge", "Unit", "books", "load", "platforms", "prices",
]  # fmt: skip

BOOKS: Final = Path(__file__).with_suffix("")
"""The folder of the price books that come with the package."""

One = TypeVar("One", bound=Offered)


class PriceList(Entry):
    """What the meters of one platform cost.

    Attributes
    ----------
    book : str
        The name of the price book.
    platform : str
        Such as ``cloud-run``, or ``llm`` for the prices of tokens.
    title : str
        Vendor, region and plan.
    not_covered : tuple of str
        What the vendor charges for beside this, and a bill leaves out.
    default_plan : str or None
        The vendor's plan that is meant where none is named.
    default_region : str or None
        The region whose prices the list gives.
    regions : dict of str to Region
        What other regions cost.
    allowances : dict of str to Allowance
    credits : tuple of Credit
    floors : tuple of Floor
    surcharges : tuple of Surcharge
    commitments : dict of str to Commitment
    cents : Decimal or None
        Lines are rounded to a multiple of it, halves up.
    batch : Fraction or None
        The part of the price of tokens that calls in a batch cost; None where none is known.
    charges : tuple of Charge
        In the order of the file.
    """

    book: str
    platform: str
    title: str
    not_covered: tuple[str, ...] = ()
    default_plan: str | None = None
    default_region: str | None = None
    regions: dict[str, Region] = Field(default_factory=dict)
    allowances: dict[str, Allowance] = Field(default_factory=dict)
    credits: tuple[Credit, ...] = ()
    floors: tuple[Floor, ...] = ()
    surcharges: tuple[Surcharge, ...] = ()
    commitments: dict[str, Commitment] = Field(default_factory=dict)
    cents: Money | None = None
    batch: Share | None = None
    charges: tuple[Charge, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_are_known(self) -> PriceList:
        for charge in self.charges:
            _check_allowance(charge, self.allowances)
        for name, commitment in self.commitments.items():
            if commitment.allowance not in self.allowances:
                raise AdvisedError(f"{quoted(name)} fills an allowance {quoted(commitment.allowance)} that the list "
                                   "does not have", choose(commitment.allowance, self.allowances))
        ids = [charge.id for charge in self.charges]
        for name in (name for surcharge in self.surcharges for name in surcharge.of):
            if name not in ids:
                raise AdvisedError(f"a surcharge is of the charge {quoted(name)} that is not there", choose(name, ids))
        if self.default_plan is None and self.plans:
            raise AdvisedError("there are plans, and none is the default", f"add `default_plan: {self.plans[0]}`")
        if self.default_region is None and self.known_regions:
            raise AdvisedError("there are regions, and none is that of the prices", "add `default_region:`")
        return self

    @property
    def as_of(self) -> date:
        """The day of its oldest price."""
        return min(charge.as_of for charge in self.charges)

    @property
    def plans(self) -> tuple[str, ...]:
        """The vendor's plans that something in it is for, and the default one."""
        named = [plan for one in self._offered() for plan in one.plans]
        named += [plan for charge in self.charges for tier in charge.tiers for plan in tier.plans]
        named += [plan for one in self.allowances.values() for plan in one.by_plan]
        return tuple(dict.fromkeys([*([self.default_plan] if self.default_plan else []), *named]))

    @property
    def known_regions(self) -> tuple[str, ...]:
        """The regions that it knows the prices of."""
        named = [*self.regions, *(region for charge in self.charges for region in charge.region_rates)]
        return tuple(dict.fromkeys([*([self.default_region] if self.default_region else []), *named]))

    def charge(self, name: str) -> Charge:
        """Return a charge.

        Raises
        ------
        UnknownName
            No charge has this id.
        """
        found = next((charge for charge in self.charges if charge.id == name), None)
        if found is None:
            raise UnknownName(name, [charge.id for charge in self.charges], "charge")
        return found

    def of_size(self, size: str | None) -> tuple[Charge, ...]:
        """Return the charges that apply to instances of a size."""
        return tuple(charge for charge in self.charges if charge.matches(size))

    def chosen(
        self, variants: Collection[str] | None = None, plan: str | None = None, region: str | None = None
    ) -> PriceList:
        """Return the prices of some variants, on a plan, in a region.

        Parameters
        ----------
        variants : collection of str, optional
            Leave out what is charged for other variants only.
        plan, region : str, optional
            The list's defaults where they are left out.

        Returns
        -------
        PriceList

        Raises
        ------
        UnknownName
            The list does not know the plan or the region.
        """
        for name, known, what in ((plan, self.plans, "plan"), (region, self.known_regions, "region")):
            if name is not None and name not in known:
                raise UnknownName(name, known, f"{what} of {self.platform}")
        on = plan or self.default_plan

        def kept(every: Iterable[One]) -> Iterator[One]:
            for one in every:
                if (variants is None or not one.variants or set(variants) & set(one.variants)) and (
                    not one.plans or on in one.plans
                ):
                    yield one

        allowances = {name: one.on(on) for name, one in self.allowances.items() if one in list(kept([one]))}
        charges = [_on(on, _without(charge, allowances)) for charge in kept(self.charges)]
        if region is not None and region != self.default_region:
            there = self.regions.get(region) or _same(charges[0])
            charges = [_worth(charge, charge.in_region(region, there), allowances) for charge in charges]
        names = {charge.id for charge in charges}
        return self.model_copy(update={
            "charges": tuple(charges), "allowances": allowances, "credits": tuple(kept(self.credits)),
            "floors": tuple(kept(self.floors)),
            "surcharges": tuple(one for one in kept(self.surcharges) if not one.of or names & set(one.of)),
            "commitments": {name: one for name, one in self.commitments.items() if one in list(kept([one]))},
        })  # fmt: skip

    def unpriced(self, meters: Iterable[str], size: str | None) -> tuple[str, ...]:
        """Return the meters that the list does not price for a size.

        A meter is priced when a charge of it applies, and when, of its charges for certain sizes, one applies too.

        Parameters
        ----------
        meters : iterable of str
        size : str or None

        Returns
        -------
        tuple of str
            In the order of ``meters``.
        """
        def priced(meter: str) -> bool:
            on_meter = [charge for charge in self.charges if charge.meter == meter]
            sized = [charge for charge in on_meter if charge.sizes]
            return any(charge.matches(size) for charge in (sized or on_meter))

        return tuple(meter for meter in meters if not priced(meter))

    def _offered(self) -> Iterator[Offered]:
        for group in (self.charges, self.allowances.values(), self.credits, self.floors, self.surcharges,
                      self.commitments.values()):
            yield from group


def books(folder: Path = BOOKS) -> tuple[str, ...]:
    """Return the names of the price books."""
    return tuple(sorted(path.name for path in folder.iterdir() if path.is_dir()))


def platforms(book: str, folder: Path = BOOKS) -> tuple[str, ...]:
    """Return the platforms of a price book, ``llm`` among them.

    Raises
    ------
    UnknownName
        There is no such book.
    """
    known = books(folder)
    if book not in known:
        raise UnknownName(book, known, "price book")
    return tuple(sorted(path.stem for path in (folder / book).glob("*.yaml")))


@cache
def prices(
    book: str, platform: str, folder: Path = BOOKS, *, plan: str | None = None, region: str | None = None
) -> PriceList:
    """Return the price list of a platform. A file is read once.

    Parameters
    ----------
    book : str
        Such as ``list-2026``.
    platform : str
        Such as ``hetzner``, or with a variant, ``aws-lambda/arm``: then only with what is charged for that variant.
    folder : Path
        Where the books are.
    plan, region : str, optional
        Of the vendor; the list's defaults where they are left out.

    Returns
    -------
    PriceList

    Raises
    ------
    UnknownName
        The book, the platform in it, its plan or its region does not exist.
    InputError
        The file is wrong.
    """
    name, _, variant = platform.partition("/")
    return whole(book, name, folder).chosen({variant} if variant else None, plan, region)


@cache
def whole(book: str, platform: str, folder: Path = BOOKS) -> PriceList:
    """Return all that a book says of a platform: every variant, plan and region. See `prices`."""
    known = platforms(book, folder)
    if platform not in known:
        raise UnknownName(platform, known, f"platform of the price book {book}")
    return load(folder / book / f"{platform}.yaml", book)


def load(path: Path, book: str) -> PriceList:
    """Read a price list.

    Parameters
    ----------
    path : Path
    book : str
        The name of the book it belongs to.

    Returns
    -------
    PriceList
        With every variant, plan and region.

    Raises
    ------
    InputError
        Everything that is wrong in the file.
    """
    document = read(path)
    data = dict(document.data)
    places: dict[str, Place] = {key: (key,) for key in data}
    sources = {
        key: validate(Source, entry, document, ("sources", key))
        for key, entry in _mapping(data.pop("sources", {})).items()
    }
    allowances = {
        key: validate(Allowance, entry, document, ("allowances", key), sources=sources)
        for key, entry in _mapping(data.pop("allowances", {})).items()
    }
    charges = []
    for key, entry in _mapping(data.pop("charges", {})).items():
        charge = validate(Charge, {"id": key, **_mapping(entry)}, document, ("charges", key), sources=sources)
        try:
            _check_allowance(charge, allowances)
        except AdvisedError as error:
            wrong = document.problem(("charges", key, "allowance"), error.message, error.fix)
            raise InputError([wrong]) from error
        charges.append(charge)
    for model, entry in _mapping(data.pop("models", {})).items():
        price = validate(ModelPrice, entry, document, ("models", model), sources=sources)
        charges += [Charge.model_validate(charge) for charge in price.charges(model)]
    return validate(
        PriceList, {"book": book, "platform": path.stem, **data, "allowances": allowances, "charges": charges},
        document, places, sources=sources,
    )  # fmt: skip


def _check_allowance(charge: Charge, allowances: Mapping[str, Allowance]) -> None:
    """Raise an AdvisedError if a charge draws on an allowance that is not there, or not of what it counts."""
    name = charge.allowance
    if name is None:
        return
    if name not in allowances:
        raise AdvisedError(f"the list has no allowance {quoted(name)}", choose(name, allowances))
    free = allowances[name].per
    if free.timed != charge.per.timed:
        raise AdvisedError(f"allowance {quoted(name)} is not of what {quoted(charge.id)} counts",
                           "one is of time, the other counts things")
    if free.noun != charge.per.noun:
        raise AdvisedError(f"allowance {quoted(name)} is of {quoted(free.noun or free.text)}, and "
                           f"{quoted(charge.id)} counts {quoted(charge.per.noun or charge.per.text)}",
                           "name the same thing in both")


def _without(charge: Charge, allowances: Mapping[str, Allowance]) -> Charge:
    """Return a charge without its allowance where there is none on the plan."""
    if charge.allowance is None or charge.allowance in allowances:
        return charge
    return charge.model_copy(update={"allowance": None, "draws": Fraction(1)})


def _on(plan: str | None, charge: Charge) -> Charge:
    """Return a charge with the tiers of a plan."""
    if not any(tier.plans for tier in charge.tiers):
        return charge
    return charge.model_copy(update={"tiers": tuple(
        tier for tier in charge.tiers if not tier.plans or plan in tier.plans)})


def _worth(here: Charge, there: Charge, allowances: Mapping[str, Allowance]) -> Charge:
    """Return a charge in a region, where a unit of it takes up as much of an allowance as it is worth."""
    if here.allowance is None or not allowances[here.allowance].by_value or not here.rate or there.rate is None:
        return there
    return there.model_copy(update={"draws": here.draws * Fraction(there.rate) / Fraction(here.rate)})


def _same(charge: Charge) -> Region:
    """Return a region that costs the same, but for what has a rate of its own there."""
    return Region(standing=charge.standing, source=charge.source, as_of=charge.as_of, reason=charge.reason)


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
