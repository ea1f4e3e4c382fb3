"""The catalogue of the package, with a folder of a person's own over it.

The folder is laid out as the package's: ``profiles/<platform>.yaml`` and ``prices/<book>/<platform>.yaml``, in the same
language. A platform of the folder stands in the place of the package's of the same name; its other variants stay. So
does a language model of ``profiles/llm.yaml``, which says how fast models answer. A price list of the folder is put
over the package's of the same book and platform: charges of the same name are replaced, others are added, and so are
allowances, regions and commitments; what else the list says replaces what the other says.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from sim.catalog import lookup, prices
from sim.catalog.lookup import Llms, Profiles
from sim.catalog.prices import PriceList
from sim.catalog.profiles import LlmProfile, Profile
from sim.documents import there
from sim.errors import InputError, Problem, UnknownName

LAYOUT: Final = "it has `profiles/<platform>.yaml`, `prices/<book>/<platform>.yaml`, or both"


class Catalogue:
    """Platforms and prices, by name. Each file is read once.

    Parameters
    ----------
    folder : Path or None
        A person's own; None for the package's alone.

    Raises
    ------
    InputError
        The folder is not there, or nothing in it has a place.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._profiles: dict[str, Path] = {}
        self._llm_path: Path | None = None
        self._llms: Llms | None = None
        self._lists: dict[tuple[str, str], Path] = {}
        if folder is not None:
            _require(folder)
            self._profiles = {path.stem: path for path in _yaml(folder / "profiles")}
            self._llm_path = self._profiles.pop(lookup.LLM.stem, None)
            self._lists = {(path.parent.name, path.stem): path for book in _folders(folder / "prices")
                           for path in _yaml(book)}  # fmt: skip
            if not self._profiles and not self._lists and self._llm_path is None:
                raise InputError([Problem(str(folder), 0, 0, "nothing of a catalogue is in this folder", LAYOUT)])
        self._files: dict[str, Profiles] = {}
        self._made: dict[str, Profile] = {}
        self._whole: dict[tuple[str, str], PriceList] = {}
        self._chosen: dict[tuple[str, str, str | None, str | None], PriceList] = {}

    def __eq__(self, other: object) -> bool:
        """Whether both are of the same folder."""
        return isinstance(other, Catalogue) and self._folder == other._folder

    def __hash__(self) -> int:
        """Of the folder."""
        return hash(self._folder)

    def platform_ids(self) -> tuple[str, ...]:
        """List the platforms, in alphabetical order. Reads every file."""
        return tuple(sorted({*lookup.platform_ids(), *self.own_ids()}))

    def own_ids(self) -> tuple[str, ...]:
        """List the platforms of the folder."""
        return tuple(id for platform in self._profiles for id in self._file(platform).ids)

    def ids_of(self, vendor: str) -> tuple[str, ...]:
        """List the platforms of files of one name, such as those of ``hetzner``; none where there is no such file."""
        own = self._file(vendor).ids if vendor in self._profiles else ()
        return tuple(dict.fromkeys([*own, *lookup.ids_of(vendor)]))

    def profile(self, id: str) -> Profile:
        """Look up how a platform behaves.

        Parameters
        ----------
        id : str
            Such as ``cloud-run/request-based``.

        Raises
        ------
        UnknownName
            No platform has this name.
        InputError
            The file is wrong.
        """
        platform = id.partition("/")[0]
        if platform in self._profiles and id in self._file(platform).ids:
            if id not in self._made:
                self._made[id] = self._file(platform).load(id)
            return self._made[id]
        try:
            return lookup.profile(id)
        except UnknownName as error:
            raise UnknownName(id, self.platform_ids(), "platform") from error

    def llm(self, model: str) -> LlmProfile:
        """Look up how fast a language model answers; raises UnknownName or InputError as `profile` does."""
        own = self._own_llms()
        if own is not None and model in own.ids:
            return own.load(model)
        if model not in lookup.llm_ids():
            raise UnknownName(model, (*lookup.llm_ids(), *(own.ids if own is not None else ())), "language model")
        return lookup.llm(model)

    def books(self) -> tuple[str, ...]:
        """Return the names of the price books."""
        return tuple(sorted({*prices.books(), *(book for book, _ in self._lists)}))

    def platforms(self, book: str) -> tuple[str, ...]:
        """Return the platforms of a price book, ``llm`` among them; raises UnknownName if there is no such book."""
        if book not in self.books():
            raise UnknownName(book, self.books(), "price book")
        packaged = prices.platforms(book) if book in prices.books() else ()
        return tuple(sorted({*packaged, *(platform for one, platform in self._lists if one == book)}))

    def prices(
        self, book: str, platform: str, *, plan: str | None = None, region: str | None = None
    ) -> PriceList:
        """Return the price list of a platform; see `sim.catalog.prices.prices`."""
        key = (book, platform, plan, region)
        if key not in self._chosen:
            name, _, variant = platform.partition("/")
            self._chosen[key] = self.whole(book, name).chosen({variant} if variant else None, plan, region)
        return self._chosen[key]

    def whole(self, book: str, platform: str) -> PriceList:
        """Return all that a book says of a platform: every variant, plan and region."""
        if platform not in self.platforms(book):
            raise UnknownName(platform, self.platforms(book), f"platform of the price book {book}")
        key = (book, platform)
        if key not in self._whole:
            packaged = book in prices.books() and platform in prices.platforms(book)
            below = prices.whole(book, platform) if packaged else None
            own = prices.load(self._lists[key], book) if key in self._lists else None
            self._whole[key] = _over(below, own)
        return self._whole[key]

    def problems(self) -> Iterator[Problem]:
        """Say everything that is wrong in the files of the folder."""
        yield from self._llm_problems()
        for platform in self._profiles:
            try:
                ids = self._file(platform).ids
            except InputError as error:
                yield from error.problems
                continue
            for id in ids:
                try:
                    self.profile(id)
                except InputError as error:
                    yield from error.problems
        for book, platform in self._lists:
            try:
                self.whole(book, platform)
            except InputError as error:
                yield from error.problems

    def _llm_problems(self) -> Iterator[Problem]:
        """Say everything that is wrong in the folder's file of language models."""
        try:
            own = self._own_llms()
            models = own.ids if own is not None else ()
        except InputError as error:
            yield from error.problems
            return
        for model in models:
            try:
                self.llm(model)
            except InputError as error:
                yield from error.problems

    def _own_llms(self) -> Llms | None:
        if self._llms is None and self._llm_path is not None:
            self._llms = Llms(self._llm_path)
        return self._llms

    def _file(self, platform: str) -> Profiles:
        if platform not in self._files:
            self._files[platform] = Profiles(self._profiles[platform], self._fields)
        return self._files[platform]

    def _fields(self, id: str, above: tuple[str, ...]) -> dict[str, Any]:
        """Return the fields of a platform for one that starts from it: the folder's, or else the package's."""
        platform = id.partition("/")[0]
        if platform in self._profiles and id not in above and id in self._file(platform).ids:
            return self._file(platform).fields(id, above)
        try:
            return lookup.fields(id, ())
        except UnknownName as error:
            raise UnknownName(id, (*error.known, *self.own_ids()), "platform") from error


PACKAGE: Final = Catalogue()
"""The catalogue that comes with the package."""


def _yaml(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.yaml")) if folder.is_dir() else []


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []


def _require(folder: Path) -> None:
    """Refuse a folder that is not there."""
    found = there(folder)
    if found != "folder":
        wrong = "this is a file, and a catalogue is a folder" if found else "there is no such folder"
        raise InputError([Problem(str(folder), 0, 0, wrong, LAYOUT)])


def _over(below: PriceList | None, own: PriceList | None) -> PriceList:
    """Put a price list of a folder over that of the package; one of them is there."""
    if own is None or below is None:
        found = own or below
        assert found is not None
        return found
    given = {name: getattr(own, name) for name in own.model_fields_set - {"book", "platform", "charges"}}
    merged = {name: {**getattr(below, name), **value} if isinstance(value, dict) else value
              for name, value in given.items()}  # fmt: skip
    charges = {charge.id: charge for charge in (*below.charges, *own.charges)}
    return below.model_copy(update={**merged, "charges": tuple(charges.values())})
