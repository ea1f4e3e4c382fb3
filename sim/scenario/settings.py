"""Settings: values of a scenario that are given beside its file, as ``path=value``.

The path is one of `sim.scenario.paths`, the value YAML, so that ``deployments.suspend.idle_timeout=5 min`` and
``workload.arrivals={poisson: {rate: 4/h}}`` say what they would say in the file. The value replaces all that was there.
A setting of what an axis changes fixes the axis. Later settings are put over earlier ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sim.documents import Document, Mark, Source, Tree, compose, lines_of, told
from sim.errors import InputError, Problem, quoted
from sim.scenario import axes, layers, paths
from sim.scenario.model import Model
from sim.scenario.paths import PathError, Step

OPTION = "--set"
"""How the command line calls a setting; messages count them from 1."""


def change(
    document: Document, settings: Sequence[str], model: type[Model]
) -> tuple[Document, list[Problem]]:
    """Put settings over a document.

    Parameters
    ----------
    document : Document
    settings : sequence of str
        Each ``path=value``.
    model : type
        What the document is going to be.

    Returns
    -------
    Document, list of Problem
        What is wrong with settings that cannot be read, or whose path leads nowhere; they are left out.
    """
    found: list[Problem] = []
    root = document.root
    for number, text in enumerate(settings, 1):
        try:
            root = _changed(root, text, Source(f"{OPTION} {number}", lines_of(text), numbered=False), model)
        except InputError as error:
            found += error.problems
    return (document.with_root(root) if settings else document), found


def _changed(root: Tree, text: str, source: Source, model: type[Model]) -> Tree:
    name, sign, written = text.partition("=")
    if not sign:
        raise InputError([told(Mark(source, 1, 1, len(text)), f"{quoted(text)} gives no value",
                               f"write `{text.strip() or 'workload.agents'}=VALUE`")])
    try:
        path = paths.parse(name.rstrip())
        steps = paths.find(path, root.data, model)
        _reachable(path, steps, root.data, model)
    except PathError as error:
        mark = Mark(source, 1, error.start + 1, error.end - error.start)
        raise InputError([told(mark, error.message, error.fix)]) from None
    # The value keeps the columns that it has in the option.
    value = compose(" " * (len(name) + 1) + written, source)
    if value is None:
        raise InputError([told(Mark(source, 1, len(name) + 1), "there is no value behind the `=`",
                               f"write `{path}=VALUE`")])
    marks = tuple(Mark(source, 1, step.start + 1, step.end - step.start) for step in steps)
    return axes.fixed(layers.put(root, steps, marks, value, model), paths.place_of(steps), model)


def _reachable(path: paths.Path, steps: tuple[Step, ...], data: Any, model: type[Model]) -> None:
    """Refuse what would have no effect."""
    last = steps[-1]
    if steps[0].key == "extends":
        raise PathError(0, last.end, "what a file extends cannot be set", "write it in the file")
    axis = axes.covers(data.get("axes"), paths.place_of(steps), data, model)
    if axis is not None:
        raise PathError(0, last.end, f"an axis of the file replaces all of `{axis}`",
                        f"set `{axis}` as a whole, which fixes the axis, or set `axes`")
