"""Values that go together: a Gaussian copula with one common factor.

Each value has a normal score, ``z = sqrt(r) z_0 + sqrt(1 - r) e``, of a part z_0 that all have in common and one of its
own. Any two scores have correlation r, and the values, which rise with their scores, have Spearman's rank correlation
``(6 / pi) asin(r / 2)`` whatever their distributions, as long as they are continuous (Kruskal, 1958, Ordinal measures
of association, JASA 53, 814-861).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sim.distributions import portable
from sim.distributions.portable import Floats

_LEAST, _MOST = 2.0**-54, 1.0 - 2.0**-53


@dataclass(frozen=True, slots=True)
class Common:
    """What values have in common.

    Attributes
    ----------
    part : float64[n]
        ``sqrt(r) z_0``.
    rest : float
        ``sqrt(1 - r)``.
    """

    part: Floats
    rest: float

    @classmethod
    def of(cls, rank_correlation: float, u: Floats) -> Common:
        """Make it of a rank correlation.

        Parameters
        ----------
        rank_correlation : float
            Spearman's, between 0 and 1.
        u : float64[n]
            Luck of the common part.
        """
        r = 2.0 * math.sin(math.pi * rank_correlation / 6.0)
        return cls(math.sqrt(r) * portable.ndtri(u), math.sqrt(1.0 - r))

    def joined(self, u: Floats) -> Floats:
        """Return uniform numbers, in place of those of a value's own luck, that go with the common part."""
        found = portable.ndtr(self.part + self.rest * portable.ndtri(u))
        return np.minimum(np.maximum(found, _LEAST), _MOST)
