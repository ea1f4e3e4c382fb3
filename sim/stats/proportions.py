"""Shares of requests, and counts of them, also where hardly any or nearly all fared alike.

A share of requests (those that failed, of those that arrived) is a ratio of sums with the interval of one, see
`sim.stats.ratio`; it ends at 0 and at 1. That interval judges by what differs between replications. Where nothing
failed in any of them nothing differs, and it would have no width, as if it were known that nothing can fail; where
little failed it is too narrow: with 20 replications and five failures expected in all of them together, a nominal 95%
interval holds the truth in 88% of cases. So where fewer than `FEW` failed, or did not fail, the interval is at least
as wide as that of Clopper and Pearson for all requests together. With none in n it goes from 0 to the share p with
(1 - p)^n = (1 - level) / 2: at 95% to 3.7 / n. (At one side only that is the rule of three: 3 / n.)

What is assumed
---------------
That interval takes requests to fail independently of each other, as one coin tossed n times. Requests that share a
queue or an instance fail together. Where some failed, the spread of the replications shows that, and the wider of the
two intervals is told. Where none did, nothing can show it: if failures come c at a time, the bound is one on the number
of such spells, and too low by a factor of about c as one on the share of requests; compare with a bound that leaves
room for it. With a resampled recording it is a bound on what the recorded sessions do.

Times that are 0 in every replication (nobody ever waited) have no such bound, since nothing says how long a wait that
did not happen would have been; they are told as they were.

References
----------
Clopper and Pearson (1934), The use of confidence or fiducial limits illustrated in the case of the binomial,
Biometrika 26(4). Hanley and Lippman-Hand (1983), If nothing goes wrong, is everything all right?, JAMA 249(13): the
rule of three.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from sim.stats.estimates import Estimate, Pooled
from sim.stats.means import mean, ratio

FEW = 30
"""From so many on, and so many that fell out the other way, sectioning alone is right. In experiments on independent
requests its 95% intervals hold the truth in 93% of cases with 10 events in all, in 95% with 30."""


def proportion(counts: Sequence[int], trials: Sequence[int]) -> Estimate:
    """Estimate a share, such as that of failed requests among those that arrived.

    Parameters
    ----------
    counts, trials : sequence of int
        One for each replication, in order of replication; ``0 <= count <= trials``.

    Returns
    -------
    Estimate
        The ratio of the sums, as `sim.stats.ratio` estimates it, within 0 and 1.
    """
    found, happened, n = ratio(counts, trials).within(0.0, 1.0), sum(counts), sum(trials)
    return found.of_trials(Pooled(happened, n, 1.0)) if n and min(happened, n - happened) < FEW else found


def count(counts: Sequence[int], trials: Sequence[int]) -> Estimate:
    """Estimate how many of its requests a replication has of some sort, such as failed ones.

    Parameters
    ----------
    counts, trials : sequence of int
        As of `proportion`.

    Returns
    -------
    Estimate
        The mean over replications. Where it is that of few, its interval is at least that of the share, times the mean
        number of trials.
    """
    found, happened, n = mean(counts).within(0.0), sum(counts), sum(trials)
    # Where all of few fared alike, the count varies as their number does, and has the interval of that.
    few = n and happened < min(FEW, n)
    return found.of_trials(Pooled(happened, n, float(Fraction(n, len(trials))))) if few else found
