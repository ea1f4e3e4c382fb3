"""Whether figures are as precise as a scenario asks for, and why there are as many replications as there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sim import stats
from sim.scenario import Case
from sim.stats import Estimate
from sim.study import asked
from sim.study.estimates import Estimates


def precise(case: Case, found: Mapping[str, Estimates], replications: int) -> bool:
    """Say whether more replications are of no use to the precision that a scenario asks for.

    Parameters
    ----------
    case : Case
    found : mapping of str to Estimates
        Of the first ``replications`` replications, by deployment.
    replications : int

    Returns
    -------
    bool
        Of each figure on each deployment, see `sim.stats.precise`.
    """
    level = asked.level(case.scenario)
    return all(stats.precise(found[deployment][path], wanted, replications, level)
               for deployment, path, wanted in _asked(case))


def stopping(
    case: Case, found: Mapping[str, Estimates], replications: int, unclear: Sequence[str] = ()
) -> dict[str, Any]:
    """Say why there are as many replications as there are, and how precise they made the figures asked for.

    Parameters
    ----------
    case : Case
    found : mapping of str to Estimates
    replications : int
    unclear : sequence of str
        Expectations that are inconclusive.

    Returns
    -------
    dict
        ``first`` and ``maximum`` number of replications, the ``looks`` taken, ``why`` there are no more, and for each
        figure in ``precision`` the half width ``asked`` for, the ``half_width`` there is (relative to the figure; None
        where there is none, with the reason as ``why``) and whether it is ``reached``.
    """
    looks, level = asked.looks(case.scenario), asked.level(case.scenario)
    told = [_told(f"{deployment}.{path}", found[deployment][path], wanted, level)
            for deployment, path, wanted in _asked(case)]
    missed = [one for one in told if not one["reached"]]
    # More replications were of use to these, and there were no more to be had.
    short = [one for one in missed if one["half_width"] is not None]
    return {
        "first": looks[0],
        "maximum": looks[-1],
        "looks": [look for look in looks if look <= replications],
        "why": _why(case, replications < looks[-1], (len(told), len(missed), len(short)), len(unclear)),
        "precision": told,
    }


def _asked(case: Case) -> Iterator[tuple[str, str, float]]:
    """Each deployment, each figure, the half width asked for."""
    precision = case.scenario.precision
    for path, wanted in precision.figures.items() if precision is not None else ():
        for deployment in case.deployments:
            yield deployment.name, path, float(wanted)


def _told(figure: str, estimate: Estimate, wanted: float, level: float) -> dict[str, Any]:
    half = stats.half_width(estimate, level)
    told = {"figure": figure, "asked": wanted, "half_width": half, "reached": half is not None and half <= wanted}
    if half is None:
        infinite = "infinite: too many requests did not complete"
        told["why"] = estimate.why or ("it is 0, and varies" if estimate.value == 0 else infinite)
    return told


def _why(case: Case, early: bool, figures: tuple[int, int, int], unclear: int) -> str:
    """Say in words why no more were run."""
    if case.scenario.precision is None:
        return "the number was given"
    asked_for, missed, short = figures
    if early or not (short or unclear):
        parts = []
        if asked_for:
            parts.append("every figure is as precise as asked for" + (", where it can be" if missed else ""))
        if case.scenario.expect:
            parts.append("every verdict is clear" + (" that can be" if unclear else ""))
        return " and ".join(parts) or "neither a figure nor a verdict asks for more"
    parts = [f"{short} of {asked_for} figures not as precise as asked for"] if short else []
    parts += [f"{unclear} verdict{'s' if unclear > 1 else ''} inconclusive"] if unclear else []
    return f"the bound was met with {' and '.join(parts)}"
