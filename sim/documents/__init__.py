"""YAML files, read so that everything in them keeps its line and column.

Scenarios, platforms and prices are written in the same YAML and read by the same rules: see `sim.documents.reading`.
"""

from sim.documents.document import Document, Flaw, problems, told
from sim.documents.reading import compose, lines_of, parse, read
from sim.documents.tree import Mark, Place, Source, Tree, grown

__all__ = [
    "Document",
    "Flaw",
    "Mark",
    "Place",
    "Source",
    "Tree",
    "compose",
    "grown",
    "lines_of",
    "parse",
    "problems",
    "read",
    "told",
]
