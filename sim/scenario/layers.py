"""Putting a scenario together: a file over the one it extends, and single values over both.

Mappings are merged key by key, whatever else is replaced as a whole, lists too. A key also replaces those that say the
same in another way; which do, each model says itself (`Model.beneath`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.documents import Mark, Place, Tree
from sim.scenario.paths import Step, below, model_of

Keys = Mapping[str, tuple[Mark, Tree]]


def merged(own: Tree, base: Tree, annotation: Any) -> Tree:
    """Put one tree over another.

    Parameters
    ----------
    own, base : Tree
    annotation : type or None
        What they are going to be.

    Returns
    -------
    Tree
        Keys in the order of the base, those that only ``own`` has behind them. Every value and key keeps its mark.
    """
    if own.keys is None or base.keys is None:
        return own
    kept = _beneath(base.keys, {key: value for key, (_, value) in own.keys.items()}, annotation)
    both = {key: (mark, merged(value, kept[key][1], below(annotation, key)) if key in kept else value)
            for key, (mark, value) in own.keys.items()}
    return _mapping(own.mark, {**kept, **both})


def put(tree: Tree, steps: tuple[Step, ...], marks: tuple[Mark, ...], value: Tree, annotation: Any) -> Tree:
    """Put a value at a path.

    Parameters
    ----------
    tree : Tree
    steps : tuple of Step
        As `sim.scenario.paths.find` gives them. Mappings that are not there yet are made.
    marks : tuple of Mark
        Where each step is written.
    value : Tree
    annotation : type or None
        What the tree is going to be.
    """
    if not steps:
        return value
    key, (mark, *later) = steps[0].key, marks
    inner = below(annotation, key)
    if isinstance(key, int):
        items = list(tree.items or ())
        items[key] = put(items[key], steps[1:], tuple(later), value, inner)
        return Tree(tree.mark, items=tuple(items), flow=tree.flow, size=1 + sum(item.size for item in items))
    keys = tree.keys or {}
    _, old = keys.get(key, (mark, Tree(mark, keys={})))
    known = len(steps) > 1 and key in keys
    new = put(old, steps[1:], tuple(later), value, inner)
    kept = _beneath(keys, {key: new}, annotation)
    return _mapping(tree.mark, {**kept, key: (keys[key][0] if known else mark, new)})


def without(tree: Tree, key: str) -> Tree:
    """Leave a key of the top out."""
    return _mapping(tree.mark, {name: pair for name, pair in (tree.keys or {}).items() if name != key})


def at(tree: Tree, place: Place) -> Tree:
    """Return what is at a place that there is."""
    for key in place:
        tree = tree.items[key] if isinstance(key, int) and tree.items is not None else (tree.keys or {})[str(key)][1]
    return tree


def _beneath(keys: Keys, own: Mapping[str, Tree], annotation: Any) -> dict[str, tuple[Mark, Tree]]:
    """Return the keys that are left of a mapping once others are put over it."""
    model = model_of(annotation)
    return dict(keys) if model is None else model.beneath(keys, {key: value.data for key, value in own.items()})


def _mapping(mark: Mark, keys: Keys) -> Tree:
    return Tree(mark, keys=keys, size=1 + sum(value.size for _, value in keys.values()))
