"""Distributions of durations and counts: text to quantile function, in arithmetic that is the same everywhere.

A draw is the quantile function at a uniform number (`sim.luck`), so the same luck gives the larger draw from the larger
distribution. Kinds and how they are written:

================================================== ==============================================================
``2 s``, ``constant(2 s)``                         always the same
``uniform(1 s, 3 s)``                              evenly from low to high
``exponential(mean=2 s)``, ``(rate=30/min)``       memoryless
``lognormal(mean=1.5 s, p95=5 s)``                 logarithm is normal; of two of mean, median, percentiles, sigma, cv
``gamma(mean=2 s, cv=0.5)``                        or mean and shape, or shape and scale
``weibull(mean=2 h, shape=0.6)``                   or mean and cv, or shape and scale
``pareto(minimum=1 s, shape=1.5)``                 or mean and shape
``hyperexponential(mean=2 s, cv=3)``               two exponentials of balanced means
``bathtub(share=0.4, early=1 h, late=50 min,``     lives with a hard end, many short, many as long as can be
``end=24 h)``
``geometric(mean=3)``                              counts 1, 2, ...
``empirical([1 s, 2 s, 2 s, 5 s])``                one of the values, each as likely
``quantiles(p50=1 s, p90=2 s, p99=5 s, max=20 s)`` through percentiles, log-linear in between
``mixture(0.9: 100 ms, 0.1: exponential(5 s))``    one of several; weights are relative to their sum, or percentages
``{samples: f.csv, column: c, unit: ms}``          one of recorded values, each as likely; ``where: {column: text}``;
                                                   with ``ended: {column: text}`` other rows are lives cut off
================================================== ==============================================================

Durations carry units, counts are plain numbers; ``cv`` is standard deviation by mean. ``min=`` and ``max=`` bound any
kind: a draw beyond becomes the bound (of ``quantiles`` they are the ends of the scale, and ``max`` is required).
Percentiles are written p50, p95, p99_9.

Of a mean and a percentile two lognormal distributions may be made; the one with the smaller sigma is meant.
"""

from sim.distributions.model import LARGEST, ZERO, Distribution, Of, count, duration, kinds, parse
from sim.distributions.recorded import Samples

__all__ = ["LARGEST", "ZERO", "Distribution", "Of", "Samples", "count", "duration", "kinds", "parse"]
