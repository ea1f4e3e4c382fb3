"""What instances that can be taken back cost, where the scenario says so, and the checkpoints written on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np

from sim.billing.exact import by_day
from sim.billing.invoice import Invoice, Line
from sim.billing.month import Month, Tiling
from sim.catalog.charges import Group
from sim.engine.contract import Bools, Int64s
from sim.engine.offers import Prices
from sim.exact import Objects, sums
from sim.trace.spans import Spans
from sim.trace.window import Window
from sim.units import DAY, HOUR

GB = 10**9


@dataclass(frozen=True, slots=True)
class Kept:
    """Checkpoints that were kept, and read from elsewhere.

    Attributes
    ----------
    begin, end : int64[k]
        Microseconds from which, and until which, a request has one.
    moved : int64[j]
        Microseconds at which one was read in another zone than it was written in.
    size : int
        Bytes of one.
    storage, egress : Decimal or None
        Dollars for a GB and month, and for a GB; None where nothing is said of it.
    """

    begin: Int64s
    end: Int64s
    moved: Int64s
    size: int
    storage: Decimal | None
    egress: Decimal | None


@dataclass(frozen=True, slots=True)
class Sold:
    """What was bought from offers.

    Attributes
    ----------
    offer : int64[i]
        Of each instance, the number of its offer.
    zones : tuple of str
        Names of the first offers; any other is on demand.
    prices : tuple of (Prices or None)
        Of each offer; None where the prices of the platform say it.
    kept : Kept or None
        Where checkpoints cost something.
    """

    offer: Int64s
    zones: Sequence[str]
    prices: Sequence[Prices | None]
    kept: Kept | None = None

    def apart(self, instance: Int64s) -> Bools:
        """Say which instances are not charged by the platform's prices."""
        priced = np.array([one is not None for one in self.prices], np.bool_)
        return np.asarray(priced[self.offer[instance]])

    def listed(self, instance: Int64s) -> Bools:
        """Say which instances are spot ones that the platform's prices charge."""
        return np.asarray((self.offer[instance] < len(self.zones)) & ~self.apart(instance))


class SpotMetering:
    """Counts what was bought from offers, once, and makes the lines of any days of it.

    Parameters
    ----------
    sold : Sold
    platform : str
        Of the deployment.
    spans : Spans
    charged : bool[s]
        The spans in which the platform charges for an instance.
    window : Window
    """

    def __init__(self, sold: Sold, platform: str, spans: Spans, charged: Bools, window: Window) -> None:
        self._sold, self._platform, self._window = sold, platform, window
        self._used: list[tuple[str, Prices, Objects, list[Fraction]]] = []
        offer = sold.offer[spans.instance]
        for number, (zone, prices) in enumerate(zip(sold.zones, sold.prices, strict=False)):
            if prices is not None:
                rows = charged & (offer == number)
                time = _time_by_piece(spans.begin[rows], spans.end[rows], prices, window)
                self._used.append((zone, prices, *_by_day(time, prices, window)))

    def invoice(self, tiling: Tiling, month: Month, book: str) -> Invoice:
        """Make the lines of the days of a tiling.

        Parameters
        ----------
        tiling : Tiling
            Of the window.
        month : Month
        book : str
            The price book of the bill that these are put to.

        Returns
        -------
        Invoice
        """
        return Invoice(str(month), book, tuple(line for line in (*self._instances(tiling), *self._checkpoints(tiling))
                                               if line.quantity))

    def _instances(self, tiling: Tiling) -> Iterator[Line]:
        for zone, prices, time, dollars in self._used:
            hours = Fraction(_weigh(time, tiling), HOUR)
            amount = sum((one * weight for one, weight in zip(dollars, tiling.weights, strict=True)), Fraction(0))
            rate = prices.rate[0] if len(set(prices.rate)) == 1 else None
            yield self._line(f"spot instances, {zone}", hours, "h", rate, amount, prices.source)

    def _checkpoints(self, tiling: Tiling) -> Iterator[Line]:
        kept, window = self._sold.kept, self._window
        if kept is None:
            return
        if kept.storage is not None:
            begin, end = _within(kept.begin, kept.end, window)
            held = _weigh(by_day(begin, end, window.days), tiling)
            months = Fraction(held * kept.size, GB * tiling.month.microseconds)
            yield self._line("checkpoints kept", months, "GB-month", kept.storage, months * Fraction(kept.storage))
        if kept.egress is not None:
            inside = kept.moved[window.holds(kept.moved)] - window.begin
            moved = _weigh(sums(inside // DAY, np.ones(len(inside), np.int64), window.days), tiling)
            size = Fraction(moved * kept.size, GB)
            yield self._line("checkpoints read in another zone", size, "GB", kept.egress, size * Fraction(kept.egress))

    def _line(self, item: str, quantity: Fraction, unit: str, rate: Decimal | None, amount: Fraction,
              source: str = "the scenario") -> Line:  # fmt: skip
        return Line(platform=self._platform, charge=None, group=Group.INFRASTRUCTURE, item=item, quantity=quantity,
                    free=Fraction(0), billable=quantity, unit=unit, rate=rate, amount=amount, standing=None,
                    source=source, as_of=None, reason=None)  # fmt: skip


def _time_by_piece(begin: Int64s, end: Int64s, prices: Prices, window: Window) -> Objects:
    """Add up the time of stretches between the edges of `_edges`: how many there are, times how long they are so many.

    No edge is more than a day from the next, so no product leaves 64 bits.
    """
    begin, end = _within(begin, end, window)
    edges = _edges(prices, window)
    at = np.concatenate([begin, end, edges])
    order = np.argsort(at, kind="stable")
    number = np.cumsum(np.repeat([1, -1, 0], [len(begin), len(end), len(edges)])[order])[:-1]
    at = at[order]
    piece = np.searchsorted(edges[1:-1], at[:-1], side="right")
    return sums(piece, number * np.diff(at), len(edges) - 1)


def _edges(prices: Prices, window: Window) -> Int64s:
    """Return the times, from when the window began, at which a day or a price does."""
    changes = prices.begin - window.begin
    days = np.arange(window.days + 1, dtype=np.int64) * DAY
    return np.unique(np.concatenate([days, changes[(changes > 0) & (changes < window.length)]]))


def _by_day(time: Objects, prices: Prices, window: Window) -> tuple[Objects, list[Fraction]]:
    """Return time, and dollars, by day of the window."""
    edges = _edges(prices, window)[:-1]
    rates = [Fraction(rate) / HOUR for rate in prices.rate]
    rows = np.searchsorted(prices.begin - window.begin, edges, side="right") - 1
    dollars = [Fraction(0)] * window.days
    hours = np.zeros(window.days, dtype=object)
    for day, used, row in zip((edges // DAY).tolist(), time.tolist(), rows.tolist(), strict=True):
        hours[day] += used
        dollars[day] += used * rates[row]
    return hours, dollars


def _within(begin: Int64s, end: Int64s, window: Window) -> tuple[Int64s, Int64s]:
    """Cut stretches to a window, and count from its beginning; those outside are left out."""
    begin = np.maximum(begin, window.begin) - window.begin
    end = np.minimum(end, window.end) - window.begin
    lasting = end > begin
    return begin[lasting], end[lasting]


def _weigh(days: Objects, tiling: Tiling) -> int:
    return sum(int(amount) * weight for amount, weight in zip(days, tiling.weights, strict=True))
