"""Figures of one long run in steady state, with intervals narrow enough for a comparison to mean something.

The unit of time is the mean gap between arrivals, so that integrals over a gap are, on average, time averages.

**Warm-up.** Runs start empty, and the first tenth of the requests is left out. That is thousands, where a queue at
utilisation 0.8 forgets its start within hundreds, and 100,000 where one at 0.95 takes thousands. Time averages end with
the last arrival.

**Batches.** What follows is cut into 200 batches of equally many requests.

**Controls.** At utilisation 0.8 the plain mean wait of 100,000 requests is known to 20% (Whitt, 1989, Management
Science 35, 1341-1366). What makes it vary is luck whose mean is known. In steady state each of these has mean 0 in
every model that does not know luck it has not yet met, right or wrong:

- ``x e``, where x is settled when a request arrives (such as the work that it finds) and e is a function of its own
  service, or of the gap after it, less the mean of that; more generally ``f(x, e) - E[f(x, e) | x]``;
- ``g(state at the end of a batch) - g(state at its beginning)``;
- the time average of a function of the number in the system less its average over what arrivals find (Wolff, 1982,
  Operations Research 30, 223-231), and of the work in it less what each request adds to that while it is there
  (Brumelle, 1971, Journal of Applied Probability 8, 508-520).

A regression of the batch means of a figure on those of such controls takes out what they explain (Lavenberg & Welch,
1981, Management Science 27, 322-335; Henderson & Glynn, 2002, Mathematics of Operations Research 27, 253-271). The
controls know the laws of the input, and no closed form of a queue: with a wrong model they explain less, and its wrong
mean stays wrong. What is settled is taken from the run itself, and in some controls from what comes of it later (when
the request starts, when everybody has been served), which is the same as long as requests are served in order.

Each batch is corrected with coefficients from the other nine tenths of the run, so that the estimate has no bias where
the relation is not linear (splitting: Nelson, 1990, Control variate remedies, Operations Research 38, 974-992). The
interval is Student's, from the corrected batches. `test_steady` checks that it covers as often as it says.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from sim.engine.contract import Cause
from tests.validation.support import US

BATCHES = 200
FOLDS = 10
ROUNDING = 3e-6  # of a mean gap; every input is rounded to a microsecond, and the gap is a second
FOREVER = 2**62


@dataclass(frozen=True)
class Estimate:
    value: float
    error: float
    freedom: int = BATCHES - 1

    def half(self, level):
        """Half the width of the interval."""
        return self.error * stdtrit(self.freedom, (1.0 + level) / 2.0)


def batch_means(values):
    """Means of equally many, one after the other, without the first tenth."""
    skip = len(values) // 10
    size = (len(values) - skip) // BATCHES
    return np.asarray(values, float)[skip : skip + size * BATCHES].reshape(BATCHES, size).mean(axis=1)


def controlled(figure, controls):
    """Estimate a figure from its batch means and those of controls, float64[batches, controls], which have mean 0."""
    spread = controls.std(axis=0)
    if not (spread > 1e-12).all():
        raise ValueError("a control that does not vary explains nothing, and its mean cannot be trusted to be 0")
    controls = controls / spread
    fold = np.arange(BATCHES) * FOLDS // BATCHES
    corrected = np.empty(BATCHES)
    for left_out in range(FOLDS):
        here = fold == left_out
        columns = np.column_stack([np.ones(BATCHES - here.sum()), controls[~here]])
        # What does not vary, but for rounding, is an identity between controls, and no luck.
        slopes = np.linalg.lstsq(columns, figure[~here], rcond=1e-5)[0][1:]
        corrected[here] = figure[here] - controls[here] @ slopes
    return Estimate(corrected.mean(), corrected.std(ddof=1) / np.sqrt(BATCHES))


class Run:
    """A run with Poisson arrivals, one a second, and independent services.

    Parameters
    ----------
    demand, outcome
        Of one run, which must have served everybody.
    service : float64[n]
        Seconds.
    law : Law
        Of ``service / mean``.
    mean : float
    cores : float, optional
        Where CPU is shared, cores of the one instance; elsewhere a request works from its start to its end.

    Attributes
    ----------
    gap, service, s, t : float64[n - 1]
        The gap after each request but the last; its service in units of the mean; both less their means.
    found, work : float64[n]
        Requests in the system as each arrives, and work left to be done, in units of the mean service.
    controls : list of float64[n - 1]
        Values of mean 0 for each request but the last.
    edges : list of float64[n]
        Functions of the state as each request arrives.
    """

    def __init__(self, demand, outcome, service, law, mean, cores=None):
        self.outcome, self.at, self.law = outcome, demand.at, law
        taken = outcome.cause == Cause.NONE
        assert (outcome.ended[taken] >= 0).all(), "somebody has not been served"
        self.ended = np.sort(outcome.ended[taken])
        times = np.concatenate([demand.at[taken], self.ended])
        order = np.argsort(times, kind="stable")
        self._times = times[order]
        self._number = np.cumsum(np.repeat([1, -1], len(self.ended))[order])
        before = np.append(0, np.cumsum(taken))[:-1]
        self.found = (before - np.searchsorted(self.ended, self.at, "right")).astype(float)
        busy = self._at_work(taken) if cores is None else self._integral(np.minimum(self._number, cores))
        self.work = (np.append(0.0, np.cumsum(np.where(taken, service, 0.0)))[:-1] - busy) / mean
        self.gap, self.service = np.diff(self.at) / US, service[:-1] / mean
        self.s, self.t = (self.service - 1.0) * taken[:-1], self.gap - 1.0
        self.controls, self.edges = self._usual(taken[:-1])

    def _usual(self, taken):
        found, work = self.found[:-1], self.work[:-1]
        controls = [*self.luck(1.0), *self.luck(work), *self.luck(found), self.gap**2 - 2.0]
        controls += [self.per_gap(lambda k: k) - found, self.per_gap(lambda k: k * k) - found**2]
        if self.law.variance:
            controls += [self.s * self.t, (self.service**2 - self.law.square) * taken]
        return controls, [self.work, self.work**2, self.found, self.found**2]

    def luck(self, settled):
        """Controls: something settled as a request arrives, times its gap and, where services vary, its service."""
        return [settled * self.t, settled * self.s] if self.law.variance else [settled * self.t]

    def _integral(self, values):
        """Integral until each arrival of something that is ``values`` after each change of the number."""
        return area(self._times, np.diff(values, prepend=0), self.at)

    def _at_work(self, taken):
        started = self.outcome.started[taken]
        times = np.concatenate([started, self.ended])
        return area(times, np.repeat([1, -1], len(started)), self.at)

    def per_gap(self, function):
        """Integral of a function of the number in the system over the gap after each request; its mean is over time."""
        return np.diff(self._integral(function(self._number).astype(float)))

    def spell(self, state, rung=None):
        """Integral of the number of instances in a state over the gap after each request; its mean is over time."""
        return np.diff(self.until(*self._spells(state, rung)))

    def in_state(self, state):
        """Number of instances in a state as each request arrives."""
        begin, end = self._spells(state)
        return (np.searchsorted(begin, self.at) - np.searchsorted(end, self.at)).astype(float)

    def until(self, begin, end):
        """Integral until each arrival of the number of spells that have begun and not ended."""
        return area(np.concatenate([begin, end]), np.repeat([1, -1], [len(begin), len(end)]), self.at)

    def _spells(self, state, rung=None):
        """Times, in order, at which instances enter a state and leave it."""
        log = self.outcome
        order = np.argsort(log.turn_instance, kind="stable")
        begin = log.turn_time[order]
        last = np.diff(log.turn_instance[order], append=-1) != 0
        end = np.where(last, FOREVER, np.roll(begin, -1))
        here = (log.turn_state[order] == state) & (rung is None or log.turn_rung[order] == rung)
        return np.sort(begin[here]), np.sort(end[here & ~last])

    def beyond(self, ready, *marks):
        """Controls: a gap lasts longer than what is settled at its beginning (and so is exponential from there on).

        Parameters
        ----------
        ready : float64[n - 1]
            Seconds after each arrival.
        marks : float
            Seconds that are added.
        """
        controls = []
        for mark in marks:
            share = np.exp(-(ready + mark))
            rest = self.gap - ready - mark
            controls += [(rest > 0) - share, np.maximum(rest, 0.0) - share]
        return controls

    def estimate(self, values, controls=(), edges=()):
        """Estimate the mean of a figure that has one value for each request but the last."""
        size = (len(self.gap) - len(self.gap) // 10) // BATCHES
        at = len(self.gap) // 10 + size * np.arange(BATCHES + 1)
        columns = [batch_means(control) for control in (*self.controls, *controls)]
        columns += [np.diff(edge[at].astype(float)) / size for edge in (*self.edges, *edges)]
        return controlled(batch_means(values), np.column_stack(columns))


def area(times, changes, at):
    """Integral until each of some times, in seconds, of what changes by ``changes`` at ``times`` (microseconds)."""
    order = np.argsort(times, kind="stable")
    times, changes = times[order], changes[order]
    height, moment = (np.append(0, np.cumsum(values)) for values in (changes, changes * times))
    k = np.searchsorted(times, at)
    return (height[k] * at - moment[k]) / US


class Comparisons:
    """The comparisons of one file, which are wrong alarms with probability 0.001 at most, all together.

    Parameters
    ----------
    at_most : int
        Number of comparisons among which that probability is divided (Bonferroni).
    """

    def __init__(self, at_most):
        self.at_most = at_most
        self.level = 1.0 - 0.001 / at_most
        self.held = []

    def hold(self, what, estimate, theory, width):
        """Hold an estimate against theory: theory in the interval, and the interval narrow.

        Parameters
        ----------
        width : float
            Largest half width that means something, as a share of the theory's value.
        """
        half = estimate.half(self.level)
        self.held.append((what, theory, estimate, half))
        assert len(self.held) <= self.at_most, "more comparisons than the level allows for"
        told = f"{what}: theory {theory:.6g}, model {estimate.value:.6g} +- {half:.2g}"
        assert abs(estimate.value - theory) <= half + ROUNDING, told
        assert half <= width * theory, f"{told} is too vague to say anything"

    def hold_percentile(self, what, estimate, tail, percentile, width):
        """Hold the share of requests beyond theory's percentile against theory.

        Parameters
        ----------
        tail : callable
            Theory's share beyond a value.
        width : float
            Largest half width that means something, as a share of the percentile: theory's slope there converts it.
        """
        slope = (tail(0.999 * percentile) - tail(1.001 * percentile)) / 0.002
        self.hold(what, estimate, tail(percentile), width * slope / tail(percentile))
