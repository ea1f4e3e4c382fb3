"""Point estimates and intervals that are right for dependent data. Knows arrays and numbers only.

The currency is the `Estimate`: a figure from all replications together, and the same figure from each of them.
`percentiles`, `mean`, `ratio`, `proportion` and `count` make one; `figure` and `paired_ratio` say it with its interval.
"""

from sim.stats.estimates import LEVEL, Estimate, Figure, Interval, exact, figure, interval, student
from sim.stats.longrun import BATCHES, PARTS, Cut, correlated, warm_up
from sim.stats.means import difference, mean, paired_ratio, ratio
from sim.stats.proportions import count, proportion
from sim.stats.quantiles import INFINITE, PERCENTILES, percentile, percentiles, quantile
from sim.stats.stopping import FIRST, half_width, looks, precise

__all__ = [
    "BATCHES",
    "FIRST",
    "INFINITE",
    "LEVEL",
    "PARTS",
    "PERCENTILES",
    "Cut",
    "Estimate",
    "Figure",
    "Interval",
    "correlated",
    "count",
    "difference",
    "exact",
    "figure",
    "half_width",
    "interval",
    "looks",
    "mean",
    "paired_ratio",
    "percentile",
    "percentiles",
    "precise",
    "proportion",
    "quantile",
    "ratio",
    "student",
    "warm_up",
]
