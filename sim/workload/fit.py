"""A generator of arrivals fitted to a recording: its rate, and how bursty it is on several time scales."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.distributions.portable import Floats
from sim.errors import AdvisedError
from sim.scenario import dispersion
from sim.units import SECOND, show_duration

WINDOWS = (1.0, 10.0, 60.0)
"""Seconds: the time scales that are looked at, as far as the recording is long enough for them."""

LEAST_WINDOWS = 15
"""Windows without which a variance says nothing."""

BEYOND = 5.0
"""There may be one more time scale, so many times the longest window, for a rate that drifts slowly."""

_LEAST = 0.003
"""Factors of a smaller variance are left out: they would be lost in the rounding of what is written."""


@dataclass(frozen=True, slots=True)
class FittedArrivals:
    """Arrivals as a recording had them; `arrivals` says what to write in a scenario.

    Attributes
    ----------
    rate : float
        Requests a second, of the whole fleet.
    at, index_of_dispersion : tuple of float
        Time scales in seconds, and variance over mean of the counts over each that the generator has. None of them
        where the recording is no more bursty than chance.
    measured : dict of float to float
        The index that the recording has over each window looked at, about its own mean.
    expected : dict of float to float
        The index that as long a piece of the generator has on average, measured in the same way.
    """

    rate: float
    at: tuple[float, ...]
    index_of_dispersion: tuple[float, ...]
    measured: dict[float, float]
    expected: dict[float, float]

    def arrivals(self, agents: int = 1) -> dict[str, Any]:
        """Return what to write below ``workload.arrivals`` of a scenario.

        Parameters
        ----------
        agents : int
            Agents of the workload, among which the requests are divided.
        """
        told: dict[str, Any] = {"poisson": {"rate": f"{self.rate * 3600 / agents:.6g}/h"}}
        if self.at:
            told["burstiness"] = {
                "index_of_dispersion": [float(f"{index:.6g}") for index in self.index_of_dispersion],
                "at": [show_duration(round(w * SECOND)) for w in self.at],
            }
        return told


def fit_arrivals(
    times: Iterable[float], windows: Sequence[float] = WINDOWS, length: float | None = None
) -> FittedArrivals:
    """Fit a generator to recorded arrivals.

    The generator is a Poisson process whose rate wanders on the time scales given, as far as the recording needs them,
    and on one that is longer; see `sim.workload.burstiness`. What is fitted is the index of dispersion of counts over
    each window: least squares of the logarithms of what a piece of the generator as long as the recording shows on
    average over what the recording shows, each weighted by how many such windows there are. A recording may be out of
    reach, when its index falls or rises too slowly from one window to a longer one: ``expected`` beside ``measured``
    shows how far.

    Parameters
    ----------
    times : iterable of float
        When requests came, in seconds from the beginning of the recording, in rising order.
    windows : sequence of float
        Time scales in seconds. Those of which the recording has not `LEAST_WINDOWS` are passed over.
    length : float, optional
        How long was recorded, in seconds; until the last request when absent.

    Returns
    -------
    FittedArrivals

    Raises
    ------
    AdvisedError
        When there are too few requests, or they are not in order.

    Notes
    -----
    It is fitted to second moments only. Shares of silent seconds, or the longest gap, need not be those of the
    recording.
    """
    at = np.asarray(list(times), np.float64)
    if len(at) < LEAST_WINDOWS:
        raise AdvisedError(f"{len(at)} requests say nothing of how they come", "give a longer recording")
    if not (np.isfinite(at).all() and at[0] >= 0 and (np.diff(at) >= 0).all()):
        raise AdvisedError("times are not rising from 0 on", "sort them, and count them from the beginning")
    whole = float(at[-1]) if length is None else float(length)
    scales = [float(w) for w in sorted(windows) if w > 0 and whole / w >= LEAST_WINDOWS]
    if not scales or at[-1] > whole:
        raise AdvisedError(f"a recording of {whole:g} s is too short for these windows, or shorter than its times",
                           f"give `windows` of at most {whole / LEAST_WINDOWS:g} s, and the whole `length`")
    rate = len(at) / whole
    measured = {w: _dispersion(at, w, whole) for w in scales}
    lengths = [*scales, BEYOND * scales[-1]]
    pairs = [(w, v) for w, v in zip(lengths, _nearest(rate, lengths, measured, whole), strict=True) if v > _LEAST]
    kept, variances = [w for w, _ in pairs], [v for _, v in pairs]
    expected = {w: dispersion.seen(rate, kept, variances, w, whole) for w in scales}
    indices = tuple(dispersion.index(rate, kept, variances, w) for w in kept)
    return FittedArrivals(rate, tuple(kept), indices, measured, expected)


def _nearest(rate: float, lengths: Sequence[float], measured: Mapping[float, float], length: float) -> list[float]:
    """Find the variances of the time scales with which the generator is nearest to a recording."""
    from scipy.optimize import least_squares  # slow to import

    windows, goals = list(measured), np.array(list(measured.values()))
    weights = np.sqrt(length / np.array(windows))

    def errors(variances: Floats) -> Floats:
        shown = [dispersion.seen(rate, lengths, variances.tolist(), w, length) for w in windows]
        return np.asarray(weights * np.log(np.array(shown) / goals), np.float64)

    # From what would do without the longest: where that is enough, nothing is to be gained by it.
    start = np.array([*dispersion.solve(rate, windows, goals.tolist(), length), 0.0]) + 1e-6
    return [float(v) for v in least_squares(errors, start, bounds=(0.0, np.inf), xtol=1e-12, ftol=1e-12).x]


def _dispersion(at: Floats, window: float, length: float) -> float:
    """Return variance over mean of the counts in whole windows."""
    number = int(length / window)
    counts = np.bincount((at[at < number * window] / window).astype(np.int64), minlength=number)[:number]
    return float(counts.var(ddof=1) / counts.mean())
