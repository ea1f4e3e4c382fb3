"""What each replication says by itself: for whoever wants the spread, or a statistic of their own."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from sim.study.estimates import Estimates
from sim.study.replicate import Replication


def apart(replications: Sequence[Replication]) -> Iterator[tuple[int, str, str, float]]:
    """Estimate every figure of every deployment from each replication alone.

    Parameters
    ----------
    replications : sequence of Replication

    Yields
    ------
    int, str, str, float
        Number of the replication, deployment, path of the figure, and its value; NaN where this replication alone has
        none, infinity where too many of its requests did not complete. The mean of these is not always the figure of
        all replications together: that of a percentile or a ratio pools their requests.
    """
    for one in replications:
        for deployment, measures in one.measures.items():
            for figure, estimate in Estimates([measures]).items():
                yield one.number, deployment, figure, math.nan if estimate.value is None else estimate.value
