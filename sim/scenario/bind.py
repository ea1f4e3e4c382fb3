"""Binding of a scenario's names to the catalogue: from what a person wrote to what a run needs to know."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim import units
from sim.catalog import PACKAGE, Catalogue
from sim.documents import Flaw, Place, problems
from sim.errors import AdvisedError, InputError, Problem, UnknownName, choose, quoted
from sim.scenario import extends, gpus, resting
from sim.scenario.deployment import BoundDeployment, Surroundings, bind_deployment
from sim.scenario.model import keys_of
from sim.scenario.schema import Scenario, Workload


@dataclass(frozen=True, slots=True)
class Case:
    """A scenario with every name resolved: what a run runs.

    Attributes
    ----------
    scenario : Scenario
    deployments : tuple of BoundDeployment
        In the order of the file.
    reference : str
        The deployment that the others are compared with.
    book : str
        Price book.
    catalogue : Catalogue
        Where platforms and prices are looked up.
    directory : Path
        The folder that names of data files are relative to.
    identity : str
        SHA-256 of the scenario's content and of all behaviour taken from the catalogue; prices and data files are not
        in it. Comments, layout and the order of keys have no effect.
    """

    scenario: Scenario
    deployments: tuple[BoundDeployment, ...]
    reference: str
    book: str
    catalogue: Catalogue
    directory: Path
    identity: str


def bind(scenario: Scenario, directory: Path) -> Case:
    """Resolve the names of a scenario.

    Parameters
    ----------
    scenario : Scenario
    directory : Path
        The folder that names of data files are relative to.

    Returns
    -------
    Case

    Raises
    ------
    InputError
        All names that the catalogue does not have, and all that its platforms do not allow; with their places in the
        file, when the scenario comes from one.
    """
    data = scenario.model_dump(mode="json", exclude_none=True)
    keys = {name: deployment.given for name, deployment in scenario.deployments.items()}
    catalogue, flaws, wrong = own_catalogue(data, directory)
    if flaws or wrong:
        raise InputError([*problems(flaws, scenario.document, scenario.name), *wrong])
    bound, found = resolve(data, keys, catalogue)
    if found:
        raise InputError(problems(found, scenario.document, scenario.name))
    timed_by_profile = {llm["model"] for _, llm in llm_calls(data) if "time" not in llm}
    models = tuple(one for model in sorted(timed_by_profile) for one in resting.of_model(model, catalogue))
    deployments = tuple(dataclasses.replace(one, rests_on=one.rests_on + models) for one in bound)
    reference = scenario.reference or next(iter(keys))
    identity = _identity(data, reference, deployments)
    return Case(scenario, deployments, reference, scenario.prices, catalogue, directory, identity)


def own_catalogue(data: Mapping[str, Any], directory: Path) -> tuple[Catalogue, list[Flaw], list[Problem]]:
    """Return the catalogue of a scenario: the package's, with the folder over it that the scenario names.

    Parameters
    ----------
    data : mapping
        The scenario as it was written.
    directory : Path
        The folder that its name is relative to.

    Returns
    -------
    Catalogue, list of Flaw, list of Problem
        The package's, with what is wrong with the folder, or in its files.
    """
    folder = data.get("catalog")
    if not isinstance(folder, str) or not folder:
        return PACKAGE, [], []
    try:
        catalogue = Catalogue(directory / folder)
    except InputError as error:
        return PACKAGE, [Flaw(("catalog",), f"{quoted(folder)}: {one.message}", one.fix) for one in error.problems], []
    wrong = list(dict.fromkeys(catalogue.problems()))
    return (PACKAGE, [], wrong) if wrong else (catalogue, [], [])


def resolve(
    data: Mapping[str, Any], keys: extends.Keys, catalogue: Catalogue = PACKAGE
) -> tuple[list[BoundDeployment], list[Flaw]]:
    """Bind all deployments of a scenario, whatever else is wrong with it.

    Parameters
    ----------
    data : mapping
        The scenario as it was written.
    keys : mapping of str to mapping
        What each deployment gives, as the schema reads it.
    catalogue : Catalogue

    Returns
    -------
    list of BoundDeployment, list of Flaw
        Those deployments that could be bound; all names that are unknown, and all that platforms do not allow.
    """
    around = _surroundings(data, catalogue)
    priced, found = _book(data, catalogue)
    found += _model_flaws(data, catalogue)
    bound, wrong = [], {}
    for name in keys:
        given = extends.resolve(name, keys)
        one, flaws = bind_deployment(name, given, around)
        if one is not None and priced is not None and not _is_priced(one, priced):
            others = [other for other in catalogue.books() if _is_priced(one, catalogue.platforms(other))]
            flaws.append(Flaw(given.place("platform"), f"the price book has no prices of {one.platform}",
                              f"write `prices: {others[0]}`" if others else "no book has: choose another platform"))
        elif one is not None and priced is not None:
            flaws += _offer_flaws(one, given, str(data.get("prices", Scenario.model_fields["prices"].default)))
        wrong[name] = flaws
        bound += [one] if one is not None else []
    return bound, found + [flaw for name in keys for flaw in _placed(name, wrong)]


def _placed(name: str, wrong: Mapping[str, Sequence[Flaw]]) -> Iterator[Flaw]:
    """Say where the flaws of a deployment are; one that comes with an inherited key is told where it is inherited."""
    for flaw in wrong[name]:
        above = str(flaw.place[0])
        if above == name:
            yield Flaw(("deployments", *flaw.place), flaw.message, flaw.fix, flaw.at_key)
        elif (flaw.place, flaw.message) not in [(other.place, other.message) for other in wrong.get(above, ())]:
            key, fix = flaw.place[-1], re.sub(r"^(?:did you mean|write) `([^`:]*)`\??$", r"write `\1`", flaw.fix)
            yield Flaw(("deployments", name, "extends"), f"{flaw.message}; `{key}` is inherited from {quoted(above)}",
                       f"give {quoted(name)} a `{key}` of its own: {fix}")


def _book(data: Mapping[str, Any], catalogue: Catalogue) -> tuple[tuple[str, ...] | None, list[Flaw]]:
    """Return the platforms of the price book that the scenario names; None when that cannot be read."""
    book = data.get("prices", Scenario.model_fields["prices"].default)
    if not isinstance(book, str):
        return None, []
    try:
        return catalogue.platforms(book), []
    except UnknownName as error:
        return None, [Flaw(("prices",), error.message, error.fix)]


def _offer_flaws(deployment: BoundDeployment, given: extends.Given, book: str) -> Iterator[Flaw]:
    """Say whether the price book does not know the plan or the region; prices are not read where none is named."""
    asked = {key: given.value(key) for key in ("plan", "region") if key in given}
    if not asked:
        return
    listed = deployment.catalogue.whole(book, deployment.platform.partition("/")[0])
    for key, known in (("plan", listed.plans), ("region", listed.known_regions)):
        if key in asked and asked[key] not in known:
            fix = choose(asked[key], known) if known else f"leave `{key}` out: the prices are for one {key}"
            yield Flaw(given.place(key), f"{book} knows no {key} {quoted(asked[key])} of {deployment.platform}", fix)


def _is_priced(deployment: BoundDeployment, platforms: Iterable[str]) -> bool:
    return deployment.platform.partition("/")[0] in platforms


def _surroundings(data: Mapping[str, Any], catalogue: Catalogue) -> Surroundings:
    workload = data.get("workload")
    workload = workload if isinstance(workload, Mapping) else {}
    arrivals = workload.get("arrivals")
    try:
        memory = units.size(workload["memory"]) if "memory" in workload else Workload.model_fields["memory"].default
    except AdvisedError:
        memory = None
    agents = workload.get("agents")
    callers = keys_of(workload.get("callers"))
    # Of what cannot be read, nothing follows.
    serial = None if workload.get("serial") is False else agents if isinstance(agents, int) else 1
    return Surroundings(memory, isinstance(arrivals, Mapping) and "sessions" in arrivals, serial, catalogue,
                        workload.get("payload") is not None, gpus.asked(workload),
                        workload.get("deadline") is not None, workload.get("parallel") not in (None, "0%"),
                        callers.get("timeout") is not None and callers.get("cancels") is not False)


def _model_flaws(data: Mapping[str, Any], catalogue: Catalogue) -> Iterator[Flaw]:
    for place, llm in llm_calls(data):
        if "time" in llm and llm["model"] in _priced_models(data, catalogue):
            continue  # nothing of its profile is needed
        try:
            catalogue.llm(llm["model"])
        except UnknownName as error:
            yield Flaw((*place, "model"), error.message, error.fix)


def _priced_models(data: Mapping[str, Any], catalogue: Catalogue) -> set[str | None]:
    """Return the models that the price book has a price of."""
    book = data.get("prices", Scenario.model_fields["prices"].default)
    if book not in catalogue.books() or "llm" not in catalogue.platforms(book):
        return set()
    return {charge.meter for charge in catalogue.whole(book, "llm").charges}


def llm_calls(data: Any, place: Place = ()) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    """Find the calls of language models."""
    pairs = data.items() if isinstance(data, Mapping) else enumerate(data) if isinstance(data, (list, tuple)) else ()
    for key, value in pairs:
        if key == "llm" and isinstance(value, Mapping) and isinstance(value.get("model"), str):
            yield (*place, key), value
        else:
            yield from llm_calls(value, (*place, key))


def _identity(data: Mapping[str, Any], reference: str, deployments: Iterable[BoundDeployment]) -> str:
    """Return the hash of everything that decides what a run does, as far as it is known here."""
    def content(one: BoundDeployment) -> dict[str, Any]:
        apart = ("profile", "catalogue", "ladder", "start")
        told = {field.name: getattr(one, field.name) for field in dataclasses.fields(one) if field.name not in apart}
        told["ladder"] = [(rung.name, rung.after, rung.enter, rung.wake, rung.keeps) for rung in one.ladder]
        return told | {"start": list(one.start), "meters": one.profile.meters.model_dump()}

    contents = {one.name: content(one) for one in deployments}
    everything = {"scenario": data, "reference": reference, "deployments": contents}
    return hashlib.sha256(json.dumps(everything, sort_keys=True, default=str).encode()).hexdigest()
