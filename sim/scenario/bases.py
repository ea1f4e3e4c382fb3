"""Scenarios that start from another file: ``extends: other.yaml``.

What the file says is put over what the other says (`sim.scenario.layers`), which may extend a third. Names of files are
relative to the file that they stand in.
"""

from __future__ import annotations

import os
from pathlib import Path

from sim.documents import Document, Mark, Tree, read, there, told
from sim.errors import InputError, choose, quoted
from sim.scenario import files, layers
from sim.scenario.model import Model
from sim.scenario.paths import Step

KEY = "extends"


def inherited(document: Document, path: Path, model: type[Model]) -> Document:
    """Put a document over the file that it extends.

    Parameters
    ----------
    document : Document
    path : Path
        Where it is.
    model : type
        What it is going to be.

    Returns
    -------
    Document
        Without the key ``extends``; every value knows its file. Itself where it extends none.

    Raises
    ------
    InputError
        The other file cannot be read, or extends this one.
    """
    return _inherited(document, path, model, (path,))


def _inherited(document: Document, path: Path, model: type[Model], chain: tuple[Path, ...]) -> Document:
    found = (document.root.keys or {}).get(KEY)
    if found is None:
        return document
    name, mark = found[1].scalar, found[1].mark
    if not isinstance(name, str) or not name:
        raise InputError([told(mark, "this is not the name of a file", "write for example `extends: base.yaml`")])
    other = path.parent / name
    shown = os.path.normpath(Path(document.name).parent / name)
    _require(other, name, mark, chain)
    base = _inherited(read(other, shown, strict=False), other, model, (*chain, other))
    root = _relocated(base.root, other.parent, path.parent, model)
    together = layers.merged(layers.without(document.root, KEY), root, model)
    return Document(document.source, together, (*document.read, *base.read))


def _require(other: Path, name: str, mark: Mark, chain: tuple[Path, ...]) -> None:
    """Refuse a file that is not there, or that is extended already."""
    if there(other) != "file":
        near = [one.name for one in other.parent.glob("*.y*ml")] if there(other.parent) else []
        names = sorted(str(Path(name).with_name(one)) for one in near if one != chain[-1].name)
        fix = choose(name, names, most=6) if names else "paths are relative to the folder of this file"
        raise InputError([told(mark, f"there is no file {quoted(name)}", fix)])
    whole = [one.resolve() for one in chain]
    if other.resolve() in whole:
        circle = [*chain[whole.index(other.resolve()) :], other]
        shown = " → ".join(one.name for one in circle)
        raise InputError([told(mark, f"{quoted(other.name)} extends itself: {shown}", "leave one `extends` out")])


def _relocated(root: Tree, old: Path, new: Path, model: type[Model]) -> Tree:
    """Name data files as seen from another folder."""
    if old.resolve() == new.resolve():
        return root
    for place in files.named(root.data):
        value = layers.at(root, place)
        if isinstance(value.scalar, str) and not Path(value.scalar).is_absolute():
            moved = os.path.relpath(old / value.scalar, new)
            steps = tuple(Step(key, 0, 0) for key in place)
            root = layers.put(root, steps, (value.mark,) * len(steps), Tree(value.mark, scalar=moved), model)
    return root
