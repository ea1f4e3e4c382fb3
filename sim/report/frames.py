"""Tidy frames of a result: one row for each figure, with its interval.

Amounts are in dollars, what ends in ``_s`` is in seconds, fractions are of one. A number that there is not is NaN, and
``why`` says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim import stats
from sim.errors import UnknownName
from sim.scenario import Case, Scenario, Settings
from sim.stats import INFINITE, Estimate
from sim.study import Replication, apart, billed, estimates, level, resampled

if TYPE_CHECKING:
    import pandas as pd

FIGURES = ("deployment", "figure", "value", "low", "high", "why")
"""Columns of the frame of figures."""

APART = ("replication", "deployment", "figure", "value")
"""Columns of the frame of figures of each replication alone."""

CURVE = ("deployment", "day", "date", "group", "amount", "low", "high")
"""Columns of the frame of bills as they accumulate."""

_SECOND = 1_000_000


def figures(found: Mapping[str, Mapping[str, Estimate]], level: float) -> pd.DataFrame:
    """Make the frame of all figures.

    Parameters
    ----------
    found : mapping of str to mapping of str to Estimate
        By deployment and path.
    level : float
        Confidence level of the intervals.

    Returns
    -------
    DataFrame
        Columns `FIGURES`; figures are called by their paths, such as ``overhead_s.p99``.
    """
    import pandas as pd

    rows = [
        {"deployment": name, "figure": path, **stats.figure(estimate, level)}
        for name, paths in found.items()
        for path, estimate in paths.items()
    ]
    made = pd.DataFrame(rows, columns=list(FIGURES))
    return made.astype(dict.fromkeys(("value", "low", "high"), "float64"))


def replications(done: Sequence[Replication]) -> pd.DataFrame:
    """Make the frame of all figures from each replication alone, for whoever wants the spread.

    Parameters
    ----------
    done : sequence of Replication

    Returns
    -------
    DataFrame
        Columns `APART`; see `sim.study.apart` for what a value may be. Deployments and figures are categories.
    """
    import pandas as pd

    made = pd.DataFrame(apart(done), columns=list(APART))
    for name in ("deployment", "figure"):
        made[name] = pd.Categorical(made[name], made[name].drop_duplicates())
    return made


def statistics(figures: pd.DataFrame, group: str) -> pd.DataFrame:
    """Take the figures of one group, such as ``latency_s``, and name them by what is behind it.

    Parameters
    ----------
    figures : DataFrame
        Of a result or a sweep.
    group : str

    Returns
    -------
    DataFrame
        ``statistic`` in place of ``figure``.
    """
    of_group = figures[figures["figure"].str.startswith(f"{group}.")]
    named = of_group.assign(figure=of_group["figure"].str.removeprefix(f"{group}."))
    return named.rename(columns={"figure": "statistic"}).reset_index(drop=True)


def times(replications: Sequence[Replication], figure: str) -> pd.DataFrame:
    """Make the frame of the times of single requests (or starts), of all replications.

    Parameters
    ----------
    replications : sequence of Replication
    figure : str
        Such as ``overhead_s``.

    Returns
    -------
    DataFrame
        Columns ``deployment`` (category), ``replication`` and the figure (seconds, ascending within a replication,
        infinite for a request that failed or was not finished). A row of one figure has nothing to do with the same
        row of another.

    Raises
    ------
    UnknownName
        There are no times of this name.
    """
    import pandas as pd

    known = replications[0].measures
    names = list(next(iter(known.values())).times)
    if figure not in names:
        raise UnknownName(figure, names, "time")
    parts = [
        (index, one.number, one.measures[name].times[figure])
        for index, name in enumerate(known)
        for one in replications
    ]
    lengths = [len(part) for *_, part in parts]
    whole = np.concatenate([part for *_, part in parts])
    codes, numbers = (np.repeat(np.array([part[at] for part in parts], np.int64), lengths) for at in (0, 1))
    return pd.DataFrame({
        "deployment": pd.Categorical.from_codes(codes, pd.Index(list(known))),
        "replication": numbers,
        figure: np.where(whole == INFINITE, np.inf, whole / _SECOND),
    })


def cost_curve(case: Case, replications: Sequence[Replication]) -> pd.DataFrame:
    """Make the frame of the bill as it accumulates over the days of the month.

    Parameters
    ----------
    case : Case
    replications : sequence of Replication

    Returns
    -------
    DataFrame
        Columns `CURVE`. ``day`` counts the days that are over, from 0; ``date`` is the midnight at which so much is
        owed; ``group`` is ``total`` or a group of the bill; ``amount`` is the mean over the replications, NaN from the
        day on which one of them uses something that has no known price.
    """
    import pandas as pd

    rows, judged = [], estimates(case, replications)
    for deployment in case.deployments:
        curves = [one.curve for one in billed(replications, deployment.name)]
        total = judged[deployment.name]["cost.total"]
        for group in curves[0]:
            amounts = np.array([curve[group] for curve in curves])
            rows += [
                (deployment.name, day, group, *_mean(amounts[:, day], case.scenario, total.why))
                for day in range(amounts.shape[1])
            ]
    made = pd.DataFrame(rows, columns=[name for name in CURVE if name != "date"])
    made.insert(2, "date", pd.Timestamp(f"{case.scenario.month}-01") + pd.to_timedelta(made["day"], unit="D"))
    return made


def _mean(
    amounts: np.ndarray[tuple[int], np.dtype[np.float64]], scenario: Scenario, why: str | None
) -> tuple[float, float, float]:
    """Return the mean over replications and its interval; NaN where there is none, or a reason for none."""
    if np.isnan(amounts).any():
        return np.nan, np.nan, np.nan
    estimate = stats.mean(amounts.tolist())
    if resampled(scenario):
        estimate = estimate.of_resamples()
    low, high = stats.interval(estimate, level(scenario)) if why is None or estimate.constant else (None, None)
    assert estimate.value is not None
    return estimate.value, np.nan if low is None else low, np.nan if high is None else high


def stacked(scenario: Scenario, frames: Mapping[Settings, pd.DataFrame]) -> pd.DataFrame:
    """Put the frames of all cases below each other, with a column for each axis before the others.

    Values of axes that are text are categories in the order of the axis. An axis that is called as a column is, is
    called by its path.

    Parameters
    ----------
    scenario : Scenario
        With the axes.
    frames : mapping of Settings to DataFrame
        Of each case.
    """
    import pandas as pd

    columns = next(iter(frames.values())).columns
    parts = []
    for settings, frame in frames.items():
        values = {}
        for axis, (_, value) in zip(scenario.axes, settings.pairs, strict=True):
            values[axis.path if axis.name in columns else axis.name] = value
        parts.append(pd.concat([pd.DataFrame(values, index=frame.index), frame], axis=1))
    made = pd.concat(parts, ignore_index=True)
    for name in made.columns[: len(scenario.axes)]:
        taken = list(dict.fromkeys(made[name]))
        if all(isinstance(value, str) for value in taken):
            made[name] = made[name].astype(pd.CategoricalDtype(taken, ordered=True))
    return made
