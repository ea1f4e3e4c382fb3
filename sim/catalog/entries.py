"""Making an entry of the catalogue from a part of a file: every mistake in it is told with its line and column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from sim.documents import Document, Place
from sim.errors import AdvisedError, InputError, choose, quoted

Model = TypeVar("Model", bound=BaseModel)


def validate(
    model: type[Model], data: Any, document: Document, places: Mapping[str, Place] | Place = (), **context: Any
) -> Model:
    """Make a model of a part of a document.

    Parameters
    ----------
    model : type
        A pydantic model.
    data : object
        The part.
    document : Document
        Where it comes from.
    places : tuple, or dict of str to tuple
        Where the part is in the document; or, for a part that was put together, where each of its keys is, and under
        the empty key where to say that one is missing.
    **context : object
        Handed to the validators of the model.

    Returns
    -------
    Model

    Raises
    ------
    InputError
        Everything that is wrong in the part.
    """
    try:
        return model.model_validate(data, context=context)
    except ValidationError as error:
        problems = []
        for one in error.errors(include_url=False):
            place = _place(one["loc"], places)
            message, fix = _told(one, model)
            problems.append(document.problem(place, message, fix, at_key=one["type"] == "extra_forbidden"))
        raise InputError(problems) from error


def _place(where: Place, places: Mapping[str, Place] | Place) -> Place:
    if isinstance(places, tuple):
        return places + where
    if where and where[0] in places:
        return places[str(where[0])] + where[1:]
    return places.get("", ()) + where


def _told(one: Any, model: type[BaseModel]) -> tuple[str, str]:
    """Say what is wrong, and what to write instead, for one error of pydantic."""
    kind, where, context = one["type"], one["loc"], one.get("ctx", {})
    if kind == "missing":
        return f"{quoted(where[-1])} is missing", f"add `{where[-1]}:`"
    if kind == "extra_forbidden":
        return f"unknown key {quoted(where[-1])}", choose(str(where[-1]), _fields(model, where[:-1]))
    if kind in ("literal_error", "enum"):
        return f"{quoted(one['input'])} is not possible here", f"write {context['expected']}"
    if kind.startswith("int_"):
        return f"{quoted(one['input'])} is not a whole number", "write such as `20`"
    cause = context.get("error")
    if isinstance(cause, AdvisedError):
        return cause.message, cause.fix
    return str(cause) if cause is not None else f"{quoted(one['input'])}: {one['msg']}", ""


def _fields(annotation: Any, where: Place) -> list[str]:
    """List the keys that a model knows at a place."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if not where:
            return list(annotation.model_fields)
        found = annotation.model_fields.get(str(where[0]))
        return _fields(found.annotation, where[1:]) if found else []
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _fields(parts[0], where)
    if origin in (dict, list, tuple) and where:
        return _fields(parts[1] if origin is dict else parts[0], where[1:])
    return [key for part in parts if part is not type(None) for key in _fields(part, where)]
