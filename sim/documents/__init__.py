"""YAML files and tables, read so that everything in them keeps its line and column.

Scenarios, platforms and prices are written in the same YAML and read by the same rules: see `sim.documents.reading`.
"""

from sim.documents.document import Document, Flaw, problems, told
from sim.documents.reading import compose, lines_of, parse, read, there
from sim.documents.tables import Fault, Table, why_no_number
from sim.documents.tables import read as read_table
from sim.documents.tree import Mark, Place, Source, Tree, grown

__all__ = [
    "Document",
    "Fault",
    "Flaw",
    "Mark",
    "Place",
    "Source",
    "Table",
    "Tree",
    "compose",
    "grown",
    "lines_of",
    "parse",
    "problems",
    "read",
    "read_table",
    "there",
    "told",
    "why_no_number",
]
