"""What should be known of a scenario although it can be run: what has no price, and keys that change nothing."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

from sim.catalog.prices import PriceList
from sim.documents import Flaw, problems
from sim.errors import Problem, quoted
from sim.scenario import extends, files
from sim.scenario.bind import Case, bind, llm_calls
from sim.scenario.deployment import BoundDeployment
from sim.scenario.extends import Given
from sim.scenario.load import cases
from sim.scenario.market import SPOT, Spot
from sim.scenario.schema import Scenario


def notices(scenario: Scenario, directory: Path) -> tuple[Problem, ...]:
    """Find what should be known of a scenario before it is run.

    Parameters
    ----------
    scenario : Scenario
        One that was loaded.
    directory : Path
        The folder that names of data files are relative to.

    Returns
    -------
    tuple of Problem
        Warnings, in order of place: of each meter and language model without a price, which figures will have no
        number; of each key that changes nothing in any case, why.
    """
    made = [bind(case, directory) for _, case in cases(scenario)]
    unpriced = [problem for case in made for problem in _told(case, _unpriced(case))]
    # A key that changes something in one case of an axis is there for that case.
    idle = Counter(problem for case in made for problem in set(_told(case, _idle_keys(case))))
    found = dict.fromkeys([*unpriced, *(problem for problem, times in idle.items() if times == len(made))])
    return tuple(sorted(found, key=lambda one: (one.file, one.line, one.column, one.message)))


def _told(case: Case, flaws: Iterator[Flaw]) -> list[Problem]:
    scenario = case.scenario
    return [dataclasses.replace(one, warning=True) for one in problems(flaws, scenario.document, scenario.name)]


def _unpriced(case: Case) -> Iterator[Flaw]:
    """Say which meters that may run, and which models that are called, have no price in the book."""
    keys = {name: one.given for name, one in case.scenario.deployments.items()}
    for one in case.deployments:
        listed = one.prices(case.book)
        meters = sorted({*one.profile.meters.running(one.minimum), *([SPOT] if _is_listed(one.spot) else [])})
        for name in [*listed.unpriced(meters, one.size), *_without_rate(listed, meters, one.size)]:
            place = ("deployments", *extends.resolve(one.name, keys).place("platform"))
            yield Flaw(place, f"{case.book} has no price for {quoted(name)} of {one.platform}: where it runs, "
                       f"{quoted(f'{one.name}.cost.infrastructure')} and {quoted(f'{one.name}.cost.total')} have no "
                       "number", "name another price book or platform, or do not compare these figures")
    charges = case.catalogue.prices(case.book, "llm").charges
    priced = {charge.meter for charge in charges if charge.rate is not None}
    for place, model in _models(case):
        if model not in priced:
            yield Flaw(place, f"{case.book} has no price for tokens of {quoted(model)}: `cost.llm` and `cost.total` "
                       "have no number", "name another price book or model, or do not compare these figures")


def _is_listed(spot: Spot | None) -> bool:
    """Say whether what spot instances cost is to be looked up."""
    return spot is not None and spot.price is None and (spot.trace is None or spot.trace.price is None)


def _without_rate(listed: PriceList, meters: Collection[str], size: str | None) -> Iterator[str]:
    """Find what the list names and has no rate for."""
    for charge in listed.of_size(size):
        if charge.meter in meters and charge.rate is None and charge.cap is None and charge.least is None:
            yield charge.item


def _models(case: Case) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Find the language models that are called, each with the place that names it."""
    sessions = case.scenario.workload.arrivals.sessions
    if sessions is not None:
        for model in sorted(files.texts(case.directory, sessions.file, "model")):
            yield ("workload", "arrivals", "sessions", "file"), model
        return
    for place, llm in llm_calls(case.scenario.workload.model_dump(mode="json", exclude_none=True)):
        yield ("workload", *place, "model"), llm["model"]


def _idle_keys(case: Case) -> Iterator[Flaw]:
    """Say which keys that a deployment gives itself change nothing; what it inherits is there for another."""
    keys = {name: one.given for name, one in case.scenario.deployments.items()}
    for one in case.deployments:
        given = extends.resolve(one.name, keys)
        for key, why in _without_effect(case, one, given):
            if given.place(key)[0] == one.name:
                yield Flaw(("deployments", *given.place(key)), f"`{key}` changes nothing: {why}",
                           f"leave `{key}` out", at_key=True)


def _without_effect(case: Case, one: BoundDeployment, given: Given) -> Iterator[tuple[str, str]]:
    fixed = one.maximum == one.minimum
    if not _may_be_killed(case, one):
        if fixed:
            why = "there are as many instances at least as at most, so all of them are there from the start, and stay"
            yield from ((key, why) for key in ("start", "wake", "idle_timeout") if key in given)
        elif one.placement == "per-agent" and "start" in given and one.ladder and one.ladder[-1].keeps:
            rung = one.ladder[-1].name
            yield "start", f"the instance of an agent is {rung} at first, and never gone; `wake` is how it comes back"
    if one.maximum == 1:
        of = {"shared": "for all agents", "per-agent": "for each agent", "per-session": "for each session"}
        why = f"there is one instance {of[one.placement]}, so there is nothing to choose"
        # With a bounded queue it matters whether a request that waits for a start is in it.
        yield from ((key, why) for key in ("reuse", *(["binding"] if one.queue is None else [])) if key in given)


def _may_be_killed(case: Case, one: BoundDeployment) -> bool:
    """Say whether memory may run out, which ends an instance on some platforms."""
    needed = case.scenario.workload.memory
    # Of memory that is recorded, nothing is known yet.
    fits = isinstance(needed, int) and one.base_memory + one.concurrency * needed <= one.memory
    return one.memory_kills and not fits
