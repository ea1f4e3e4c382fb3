"""Expectations: comparisons between figures, written as text, and their verdicts.

::

    suspend.cost.infrastructure.per_agent <= $0.50
    serverless-warm.overhead_s.p99 < 0.5 * serverless.overhead_s.p99
    20% < ratio(fly.cost.total, hetzner.cost.total) < 1.5x and fly.failed_fraction < 0.1%
    e2b.latency_s.p50 == hetzner.latency_s.p50 within 5%

Grammar
-------
::

    expectation = clause { "and" clause }
    clause      = sum comparison sum { comparison sum }      a chain goes one way: a < b <= c
                | sum "==" sum [ "within" quantity ]
    comparison  = "<" | "<=" | ">" | ">=" | "=="
    sum         = product { ("+" | "-") product }
    product     = factor { ("*" | "/") factor }
    factor      = [ "-" ] ( quantity | figure | "(" sum ")" | function "(" sum { "," sum } ")" )
    function    = "min" | "max"   of one or more        | "abs"   of one
                | "ratio"         of two alike: the first divided by the second
    figure      = path [ "[" case "]" ]                      such as always-on.overhead_s.p99
    path        = deployment "." key { "." key }
    case        = axis "=" value { "," axis "=" value }      as the values of the axis are written
    quantity    = number | number "x" | number "%" | "$" number | number unit { number unit }

Units are those of `sim.units`: us ms s min h day week; B kB MB GB TB KiB MiB GiB TiB. A hyphen between letters or
digits belongs to the name; a minus stands between spaces. What is compared, added or divided by `ratio` must be of one
dimension; a number without a unit is not a time, not money and not a size (0 is all of them). A tolerance in per cent
is relative to the right side; any other is a quantity like the sides: points of a fraction are written ``0.01``.

An expectation that names cases compares cases; every figure of it must name the same axes. What it does not name is
free, and then it is judged for each value. Any other expectation is judged in each case.

Verdict
-------
Each comparison is measured by one number and its confidence interval, by sectioning over replications
(`sim.stats.estimates`), paired by replication, since the deployments of a case share their luck:

- a figure and a number, by the figure, whichever side it stands on; the number is the bound. So are two figures that
  are the same in every replication: by the left one, with the other as the bound;
- two figures that are positive throughout, by their ratio, left to right, with the interval of the log-ratio; the bound
  is 1, or the factor: ``a < 0.5 * b`` is told as the ratio of a and b with the bound 0.5;
- else by their difference, left less right, with the bound 0.

A share of requests that is 0 or 1 in every replication does not vary, and yet chance moves it: that nothing failed in
1,000 requests shows that failures are rare, not that there are none (`sim.stats.proportions`). With such figures a
comparison holds when it does with each of them at either end of its interval; the level is shared among their intervals
and that of all else (Bonferroni). So ``fly.failed_fraction == 0`` cannot be shown by any number of requests, and
``fly.failed_fraction < 0.1%`` by some four thousand.

A quotient is measured on the log scale, too. The comparison *holds* when all of the interval satisfies it, *fails*
when nothing of it does, and is *inconclusive* otherwise, or where a figure has no value or no interval. What is the
same in every replication is decided exactly: figures are taken as the decimals they are printed as, so that
``3 * $4.35`` is $13.05. An expectation holds when all its comparisons do and fails when one does.

The level is shared (Bonferroni): with m comparisons in the scenario that chance has a part in, and k looks at them
(`sim.stats.looks`), each has an interval at the level 1 - (1 - level) / (m k). The chance that the scenario has any
wrong verdict (holds where it is not so, or fails where it is) is then at most 1 - level, and half of that where all
comparisons are one-sided, since an interval errs on either side equally often. Where a scenario allows for more
replications until verdicts are clear, k is the number of looks that there may be at the most.
"""

from typing import TYPE_CHECKING, Any

from sim.claims.across import across, verdicts_across
from sim.claims.checks import check
from sim.claims.dimensions import Dimension, Kind, figures, kind
from sim.claims.language import Expectation, ExpectationError, parse
from sim.claims.within import expectations, problems, verdicts

if TYPE_CHECKING:
    from sim.claims.judging import Judged, Verdict, exit_code, judge, settled

__all__ = [
    "Dimension",
    "Expectation",
    "ExpectationError",
    "Judged",
    "Kind",
    "Verdict",
    "across",
    "check",
    "exit_code",
    "expectations",
    "figures",
    "judge",
    "kind",
    "parse",
    "problems",
    "settled",
    "verdicts",
    "verdicts_across",
]


def __getattr__(name: str) -> Any:
    # Late, as in `sim.claims.within`.
    if name in {"Judged", "Verdict", "exit_code", "judge", "settled"}:
        from sim.claims import judging

        return getattr(judging, name)
    raise AttributeError(f"module 'sim.claims' has no attribute {name!r}")
