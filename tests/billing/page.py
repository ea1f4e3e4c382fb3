"""A bill that somebody worked out, and the sheet that says what it is of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

import sim
from sim.billing import Invoice


@dataclass(frozen=True)
class Page:
    """What was used, as a sheet says it; the lines by charge, and the total, to the cent.

    Attributes
    ----------
    name, source : str
    usage : str
        Of the sheet, as YAML.
    lines : dict of str to str
        Dollars by charge.
    total : str
    month : str
        Or its hours.
    tokens : dict
    """

    name: str
    source: str
    usage: str
    lines: Mapping[str, str]
    total: str
    month: str = "2026-11"
    tokens: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    def rated(self, **more: Any) -> Invoice:
        """Return the bill of the sheet."""
        usage = yaml.safe_load(self.usage) if self.usage else []
        period = {"hours": int(self.month)} if self.month.isdigit() else {"month": self.month}
        return sim.rate({**period, "usage": usage, "tokens": self.tokens, **more})
