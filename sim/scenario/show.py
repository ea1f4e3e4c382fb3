"""The resolved case as YAML: what the author wrote, and beside it everything else that a run rests on.

What the program adds are comments that begin with ``#=``: which values are defaults and which differ from one, what the
platform does where the deployment says nothing, and the prices; each with its standing, and a number in brackets that
leads to its source at the end. So the text is a scenario file, which says the same as the one it was made from.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic.fields import FieldInfo

from sim.documents import Place
from sim.documents.comments import OWN, Comments, comments
from sim.documents.writing import Remarks, block
from sim.scenario import axes, extends, files, priced, resting
from sim.scenario.axes import Axis, word
from sim.scenario.bind import Case, llm_calls
from sim.scenario.deployment import BoundDeployment
from sim.scenario.listing import Sources, grounds, table
from sim.scenario.model import Model
from sim.scenario.resting import STATED
from sim.scenario.schema import Scenario

_TITLE = "the case as it runs: what begins with #= is added to the author's file"
_APART = ("workload", "deployments", "expect", "axes")
_WIDTH = 120
"""Columns of a page."""


def show(case: Case) -> str:
    """Write a case with everything that it rests on.

    Parameters
    ----------
    case : Case

    Returns
    -------
    str
        YAML that loads as an equal scenario. The author's comments are kept at their keys.
    """
    scenario, sources = case.scenario, Sources()
    whole = scenario.model_dump(mode="json", exclude_none=True)
    data = _as_written(whole, scenario)
    behind: dict[Place, Sequence[str]] = {
        ("deployments", one.name): _behind(one, case, sources) for one in case.deployments}
    ending = [*_models(case, sources), *sources.lines(OWN)]
    notes, written = _notes(case, whole), _comments(scenario)
    above = {place: one.above for place, one in written.items() if place}
    remarks = Remarks(
        above={**above, ("name",): [f"{OWN} {_TITLE}", *above.get(("name",), ())]},
        beside={place: one.beside for place, one in written.items()},
        added=notes,
        below={**behind, (): [*ending, *(written[()].above if () in written else ())]},
        apart={("name",), *((key,) for key in _APART), *list(behind)[1:]},
        flow=set(_flow(data, ())),
    )
    return "\n".join(block(data, remarks, _WIDTH)).lstrip() + "\n"


def resolved(case: Case) -> dict[str, Any]:
    """Return what `show` writes, as plain values.

    Parameters
    ----------
    case : Case

    Returns
    -------
    dict
        The scenario with its defaults; of each deployment the platform, figures and prices that it rests on; prices of
        the tokens of language models.
    """
    return {
        "scenario": case.scenario.model_dump(mode="json", exclude_none=True),
        "deployments": {
            one.name: {
                "platform": one.platform,
                "rests_on": [{"path": figure.path, "value": figure.value, **grounds(figure)}
                             for figure in one.rests_on],
                "prices": _plain(priced.of_deployment(one, case.book)),
            }
            for one in case.deployments
        },
        "tokens": _plain(priced.of_models(_called(case), case.catalogue.prices(case.book, "llm"))),
    }


def _plain(prices: Iterable[priced.Priced]) -> list[dict[str, Any]]:
    return [{"item": what, "rate": rate, "terms": terms, **grounds(one)} for what, rate, terms, one in prices]


def _as_written(resolved: dict[str, Any], scenario: Scenario) -> dict[str, Any]:
    """Return a resolved scenario with its values as the author wrote them, and without those that say nothing."""
    data = resolved if scenario.document is None else _over(scenario.document.data, resolved)
    return {key: value for key, value in {**data, "axes": resolved["axes"]}.items() if value not in ("", [], {})}


def _over(written: Any, resolved: Any) -> Any:
    if isinstance(written, dict) and isinstance(resolved, dict) and "samples" not in written:
        return {key: _over(written[key], value) if key in written else value for key, value in resolved.items()}
    if isinstance(written, list) and isinstance(resolved, list):
        return [_over(one, other) for one, other in zip(written, resolved, strict=True)]
    return written


def _flow(data: Any, place: Place) -> Iterator[Place]:
    """Find what is best written on one line: recorded samples, and values of axes that have no names."""
    for key, value in data.items() if isinstance(data, Mapping) else enumerate(data) if isinstance(data, list) else ():
        if (key == "values" and isinstance(value, list)) or (isinstance(value, Mapping) and "samples" in value):
            yield (*place, key)
        else:
            yield from _flow(value, (*place, key))


# What the author wrote beside the values


def _comments(scenario: Scenario) -> dict[Place, Comments]:
    if scenario.document is None:
        return {}
    found = comments(scenario.document, gone=(("extends",),))
    for axis in scenario.axes:  # what was written without a name has one now
        for at in (2, 3):
            if axis.where[:at] in found:
                found["axes", axis.name, *axis.where[2:at]] = found.pop(axis.where[:at])
    return found


# Defaults, and what differs from them


def _notes(case: Case, data: Mapping[str, Any]) -> dict[Place, str]:
    """Say of values which are defaults, which differ from one, and which were set on the command line."""
    found = {**_model_notes(case.scenario, (), data), **dict(_deployment_notes(case, data["deployments"]))}
    more = [(place, f"set by {name}") for place, name in _set(case.scenario)]
    more += [(place, f"varied by the axis {axis.name}") for axis in case.scenario.axes
             if (place := axes.reaches(axis.path, data, Scenario)) is not None]
    for place, note in more:
        found[place] = f"{found[place]}; {note}" if place in found else note
    return found


def _set(scenario: Scenario) -> Iterator[tuple[Place, str]]:
    """Find the values that settings gave, and the settings."""
    marks = scenario.document.values if scenario.document is not None else {}
    for place, mark in marks.items():
        if place and not mark.source.numbered and marks[place[:-1]].source != mark.source:
            yield place, mark.source.name


def _model_notes(value: Any, place: Place, data: Any) -> dict[Place, str]:
    found: dict[Place, str] = {}
    for key, one, field in _parts(value):
        if not isinstance(data, (Mapping, list)) or (isinstance(data, Mapping) and key not in data):
            continue
        found |= _model_notes(one, (*place, key), data[key])
        default = field.get_default(call_default_factory=True) if field is not None else None
        if field is not None and not field.is_required() and default not in (None, "", ()):
            same = one == default
            shown = value.model_copy(update={key: default}).model_dump(mode="json", include={key})[key]
            found[*place, key] = "default" if same else f"differs from the default, {word(shown)}"
    return found


def _parts(value: Any) -> Iterator[tuple[Any, Any, FieldInfo | None]]:
    """Go through keys or items, each with its field where a model has it."""
    if isinstance(value, Model):
        yield from ((key, getattr(value, key), field) for key, field in type(value).model_fields.items())
    elif isinstance(value, Mapping):
        yield from ((key, one, None) for key, one in value.items())
    elif isinstance(value, tuple) and not isinstance(value, Axis):
        yield from ((index, one, None) for index, one in enumerate(value))


def _deployment_notes(case: Case, data: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    for deployment in case.deployments:
        for key, value in data[deployment.name].items():
            default = resting.default(deployment.profile, key)
            if default is not None:
                same = default == word(value)
                note = "default of the platform" if same else f"differs from the platform's default, {default}"
                yield ("deployments", deployment.name, key), note


# What is not in the file


def _behind(deployment: BoundDeployment, case: Case, sources: Sources) -> list[str]:
    """Say what a deployment rests on beside its own keys: inherited keys, the platform, prices."""
    keys = {name: one.given for name, one in case.scenario.deployments.items()}
    given = extends.resolve(deployment.name, keys)
    values = {one.path: one.value for one in deployment.rests_on if one.standing == STATED}
    values["platform"] = deployment.platform
    inherited = [(path, value, f"from {member}", "") for key, (_, member) in given.pairs.items()
                 if member != deployment.name for path, value in values.items() if path.partition(".")[0] == key]
    figures = [(one.path, one.value, sources.mark(one), "") for one in deployment.rests_on
               if one.standing != STATED and not one.path.startswith("llm.")]
    prices = [(what, price, sources.mark(one), terms)
              for what, price, terms, one in priced.of_deployment(deployment, case.book)]
    return [
        *table(OWN, "inherited", inherited),
        *table(OWN, f"{deployment.platform}: {deployment.profile.title}", figures),
        *table(OWN, f"prices of {case.book}", prices),
    ]


def _called(case: Case) -> list[str]:
    """Return the language models that are called."""
    sessions = case.scenario.workload.arrivals.sessions
    if sessions is not None:
        return sorted(files.texts(case.directory, sessions.file, "model"))
    workload = case.scenario.workload.model_dump(mode="json", exclude_none=True)
    return sorted({llm["model"] for _, llm in llm_calls(workload)})


def _models(case: Case, sources: Sources) -> Iterator[str]:
    """Say what the calls of language models rest on."""
    timed = {one.path: one for deployment in case.deployments for one in deployment.rests_on
             if one.path.startswith("llm.")}
    figures = [(path.removeprefix("llm."), one.value, sources.mark(one), "") for path, one in timed.items()]
    prices = [(what, price, sources.mark(one), terms)
              for what, price, terms, one in priced.of_models(
                  _called(case), case.catalogue.prices(case.book, "llm"))]
    for lines in (table(OWN, "language models", figures), table(OWN, f"prices of tokens, {case.book}", prices)):
        yield from ["", *lines] if lines else []
