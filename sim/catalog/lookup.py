"""Finding profiles by name. Only the files of the platforms that are named are read.

A file ``profiles/<platform>.yaml`` holds a table of ``sources``, the fields ``common`` to its ``variants``, and the
fields of each variant, which replace those in common. The variant ``request-based`` of the file ``cloud-run.yaml``
is the platform ``cloud-run/request-based``. A variant, or what is in common, may start from the fields of another
platform: ``like: hetzner/cx23``. ``profiles/base.yaml`` holds beginnings that are no platforms themselves, such as a
server of which nothing is said but that it is one. ``profiles/llm.yaml`` holds ``sources`` and ``models``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import Field

from sim.catalog.entries import validate
from sim.catalog.figures import Entry, Source
from sim.catalog.profiles import LlmProfile, Profile
from sim.documents import Document, Place, read
from sim.errors import AdvisedError, InputError, UnknownName, quoted

PROFILES = Path(__file__).parent / "profiles"
LLM = PROFILES / "llm.yaml"
BASE = "base"
"""The file of what platforms start from."""

Fields = Callable[[str, tuple[str, ...]], dict[str, Any]]
"""Gives the fields of a platform by its name, and by the platforms that start from it already; raises AdvisedError."""


class ProfileFile(Entry):
    """The keys of a file of profiles; a variant is validated when it is asked for."""

    sources: dict[str, Source] = Field(default_factory=dict)
    common: dict[str, Any] = Field(default_factory=dict)
    variants: dict[str, dict[str, Any]]


class LlmFile(Entry):
    """The keys of a file of language models; a model is validated when it is asked for."""

    sources: dict[str, Source] = Field(default_factory=dict)
    models: dict[str, dict[str, Any]]


class Profiles:
    """A file of profiles.

    Parameters
    ----------
    path : Path
        Any file, in the package or of a user's own.
    fields_of : callable or None
        Gives the fields of the platforms that its own start from; None for those of the package.

    Raises
    ------
    InputError
        The file is not one of profiles, or a source is wrong.
    """

    def __init__(self, path: Path, fields_of: Fields | None = None) -> None:
        self._platform = path.stem
        self._fields = fields_of or fields
        self._document = read(path)
        self._file = validate(ProfileFile, self._document.data, self._document)

    @property
    def ids(self) -> tuple[str, ...]:
        """The platforms, in the order of the file."""
        return tuple(f"{self._platform}/{variant}" for variant in self._file.variants)

    def load(self, id: str) -> Profile:
        """Make the profile of one of `ids`; raises InputError with everything that is wrong in it."""
        variant = id.partition("/")[2]
        data, places = self._gathered(variant, (id,))
        return validate(Profile, {**data, "id": id}, self._document, places, sources=self._file.sources)

    def fields(self, id: str, above: tuple[str, ...]) -> dict[str, Any]:
        """Return the fields of one of `ids` for a platform that starts from it: each source in full, with its day."""
        data, _ = self._gathered(id.partition("/")[2], (*above, id))
        return {key: _with_sources(value, self._file.sources) for key, value in data.items()}

    def _gathered(self, variant: str, above: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, Place]]:
        """Put the fields of a variant over those in common, and these over those that they start from."""
        common, own = self._file.common, self._file.variants[variant]
        places: dict[str, Place] = {"": ("variants", variant)}
        places |= {key: ("common", key) for key in common}
        places |= {key: ("variants", variant, key) for key in own}
        data = {**common, **own}
        _refuse_id(data, self._document, places.get("id", ()))
        like = data.pop("like", None)
        return {**(self._start(like, places["like"], above) if like is not None else {}), **data}, places

    def _start(self, like: object, place: Place, above: tuple[str, ...]) -> dict[str, Any]:
        """Return the fields of the platform that one starts from: of this file, or of another."""
        try:
            if like in self.ids and like not in above:
                return self.fields(str(like), above)
            return self._fields(str(like), above)
        except (AdvisedError, UnknownName) as error:
            message = f"{quoted(like)} would start from itself" if like in above else error.message
            raise InputError([self._document.problem(place, message, "" if like in above else error.fix)]) from error


class Llms:
    """A file of language models.

    Parameters
    ----------
    path : Path
        Any file, in the package or of a user's own.

    Raises
    ------
    InputError
        The file is not one of language models, or a source is wrong.
    """

    def __init__(self, path: Path) -> None:
        self._document = read(path)
        self._file = validate(LlmFile, self._document.data, self._document)

    @property
    def ids(self) -> tuple[str, ...]:
        """The models, in the order of the file."""
        return tuple(self._file.models)

    def load(self, id: str) -> LlmProfile:
        """Make the profile of one of `ids`; raises InputError with everything that is wrong in it."""
        data, place = self._file.models[id], ("models", id)
        _refuse_id(data, self._document, (*place, "id"))
        return validate(LlmProfile, {**data, "id": id}, self._document, place, sources=self._file.sources)


def platform_ids() -> tuple[str, ...]:
    """List the platforms of the catalogue, in alphabetical order. Reads every file."""
    return tuple(sorted(id for platform in _platforms() for id in _profiles(platform).ids))


def ids_of(vendor: str) -> tuple[str, ...]:
    """List the platforms of one file, such as those of ``hetzner``; none where there is no such file."""
    return _profiles(vendor).ids if vendor in _platforms() else ()


@cache
def profile(id: str) -> Profile:
    """Look up how a platform behaves.

    Parameters
    ----------
    id : str
        Such as ``cloud-run/request-based``.

    Returns
    -------
    Profile

    Raises
    ------
    UnknownName
        No platform has this name.
    InputError
        The file is wrong.
    """
    platform = id.partition("/")[0]
    if platform not in _platforms() or id not in _profiles(platform).ids:
        raise UnknownName(id, platform_ids(), "platform")
    return _profiles(platform).load(id)


def llm_ids() -> tuple[str, ...]:
    """List the language models of the catalogue, in alphabetical order."""
    return tuple(sorted(_llms().ids))


@cache
def llm(model: str) -> LlmProfile:
    """Look up how fast a language model answers.

    Parameters
    ----------
    model : str
        Such as ``mid-tier``, or a provider's model id.

    Returns
    -------
    LlmProfile

    Raises
    ------
    UnknownName
        No language model has this name.
    InputError
        The file is wrong.
    """
    if model not in _llms().ids:
        raise UnknownName(model, llm_ids(), "language model")
    return _llms().load(model)


@cache
def _platforms() -> frozenset[str]:
    return frozenset(path.stem for path in PROFILES.glob("*.yaml") if path != LLM and path.stem != BASE)


def fields(id: str, above: tuple[str, ...]) -> dict[str, Any]:
    """Return the fields of a platform of the package, or of a beginning in its file of them.

    Parameters
    ----------
    id : str
        Such as ``hetzner/cx23`` or ``base/server``.
    above : tuple of str
        The platforms that start from it, each from the next.

    Returns
    -------
    dict
        As in a file, each source in full and with its day.

    Raises
    ------
    UnknownName
        There is no such platform.
    AdvisedError
        It would start from itself.
    """
    platform = id.partition("/")[0]
    if platform not in _platforms() | {BASE} or id not in _profiles(platform).ids:
        raise UnknownName(id, (*platform_ids(), *_profiles(BASE).ids), "platform")
    if id in above:
        raise AdvisedError(f"{quoted(id)} would start from itself", "name another platform")
    return _profiles(platform).fields(id, above)


@cache
def _profiles(platform: str) -> Profiles:
    return Profiles(PROFILES / f"{platform}.yaml")


@cache
def _llms() -> Llms:
    return Llms(LLM)


def _refuse_id(data: dict[str, Any], document: Document, place: Place) -> None:
    if "id" in data:
        raise InputError([document.problem(place, "unknown key `id`", "a name follows from where it is written", True)])


def _with_sources(value: Any, sources: Mapping[str, Source]) -> Any:
    """Write out the sources that figures name by their key, so that another file can hold the figures."""
    if isinstance(value, dict):
        source = sources.get(value["source"]) if isinstance(value.get("source"), str) else None
        named = {"as_of": source.day, **value, "source": str(source)} if source is not None else value
        return {key: _with_sources(item, sources) for key, item in named.items()}
    return [_with_sources(item, sources) for item in value] if isinstance(value, list) else value
