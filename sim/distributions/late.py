"""numpy, imported when it is first used.

Scenarios are read and checked without it, and its import takes as long as all of that. The modules here write ``np`` as
ever, by ``from sim.distributions.late import np``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
else:

    class _Late:
        """Stands for numpy; keeps what was asked for, so that asking again costs nothing."""

        def __getattr__(self, name: str) -> Any:
            import numpy

            found = getattr(numpy, name)
            setattr(self, name, found)
            return found

    np = _Late()

__all__ = ["np"]
