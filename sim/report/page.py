"""What reports on the terminal have in common: the page, its headings, its end."""

from __future__ import annotations

from collections.abc import Iterable
from io import StringIO

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

WIDEST = 132
"""Columns that a report uses at most: longer lines are hard to read."""

VERDICTS = {"holds": ("✓", "green"), "fails": ("✗", "red"), "inconclusive": ("?", "yellow")}
"""Sign and colour of a verdict."""

_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_PLAIN = str.maketrans(
    {"✓": "+", "✗": "x", "×": "x", "–": "-", "−": "-", "µ": "u", "·": "|", "∞": "inf", "•": "*", "…": "~"}
    | {chr(code): f"[{digit}]" for code, digit in zip(map(ord, "⁰¹²³⁴⁵⁶⁷⁸⁹"), "0123456789", strict=True)}
)


def printed(sections: Iterable[RenderableType], *, width: int, colour: bool, encoding: str) -> str:
    """Write the sections of a report.

    Parameters
    ----------
    sections : iterable of renderables
    width : int
        Columns of the terminal.
    colour : bool
        Whether to use the terminal's colours.
    encoding : str
        Of the terminal. Signs that it cannot show are replaced by plain ones.

    Returns
    -------
    str
        Lines with a newline at the end of each.
    """
    # The environment is not asked: whether there is colour, and how wide it is, is decided by the caller alone.
    console = Console(
        file=StringIO(), width=wide(width), force_terminal=colour, no_color=not colour,
        color_system="standard" if colour else None, legacy_windows=False, highlight=False, markup=False, emoji=False,
        _environ={},
    )  # fmt: skip
    for section in sections:
        console.print(section, crop=False)
    assert isinstance(console.file, StringIO)
    text = "".join(f"{line.rstrip()}\n" for line in console.file.getvalue().splitlines())
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(_PLAIN).encode(encoding, errors="replace").decode(encoding)
    return text


def wide(width: int) -> int:
    """Return the columns that a report uses of so many."""
    return max(40, min(width, WIDEST))


def heading(title: str, aside: str = "") -> RenderableType:
    """Return the title of a section, and what is said beside it."""
    text = Text("\n")
    text.append(title, style="bold")
    if aside:
        text.append(f"  {aside}", style="dim")
    return text


def footer(folder: str | None, command: str | None, held: str = "") -> Iterable[RenderableType]:
    """Say where a run is kept, what of it is there, and what repeats it."""
    if folder or command:
        yield Text()
    for name, told in (("Kept in", folder), ("Repeat with", command)):
        if told:
            # A path or a command is copied: it must not be broken or cut by the width of the terminal. A text that is
            # printed by itself would lose that.
            line = Text(no_wrap=True, overflow="ignore")
            yield Group(line.append(f"{name:<11}  ", style="dim").append(told))
        if told is folder and folder and held:
            yield Padding(Text(held, style="dim"), (0, 0, 0, 13))


class Notes:
    """Why figures are missing, each reason once, numbered as they come."""

    def __init__(self) -> None:
        self._reasons: dict[str, int] = {}

    def mark(self, why: str) -> str:
        """Return the sign that stands beside a figure."""
        if not why:
            return ""
        return str(self._reasons.setdefault(why, len(self._reasons) + 1)).translate(_SUPERSCRIPTS)

    @property
    def reasons(self) -> dict[str, str]:
        """The reasons by their signs."""
        return {str(index).translate(_SUPERSCRIPTS): why for why, index in self._reasons.items()}

    def lines(self) -> RenderableType:
        """Return the reasons as they stand below a table."""
        rows = Table.grid(padding=(0, 1))
        rows.add_column()
        rows.add_column(overflow="fold")
        for sign, why in self.reasons.items():
            rows.add_row(Text(sign, style="dim"), Text(why, style="dim"))
        return Padding(rows, (0, 0, 0, 1))

    def __bool__(self) -> bool:
        return bool(self._reasons)
