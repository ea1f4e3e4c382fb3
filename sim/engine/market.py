"""Offers: where instances are opened from, and when each of them is taken."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import TYPE_CHECKING

from sim.engine.clock import ORDER, Clock, Timer
from sim.engine.contract import NEVER, Kind, Market, Offer

if TYPE_CHECKING:
    from sim.engine.instance import Instance

_INTERRUPT, _CAPACITY = ORDER[Kind.INTERRUPT], ORDER[Kind.CAPACITY]


class Stall:
    """One offer, and what has been had of it.

    Parameters
    ----------
    offer : Offer
    """

    def __init__(self, offer: Offer) -> None:
        self.offer = offer
        self.opens: list[int] = offer.opens.tolist()
        self.closes: list[int] = offer.closes.tolist()
        self._lives: list[list[int]] = offer.lives.tolist()
        self._noticed: list[list[bool]] = offer.noticed.tolist()
        self._taken: dict[int, int] = {}

    def closing(self, now: int) -> int | None:
        """Give when it closes, NEVER included, if it is open now."""
        place = bisect_right(self.opens, now) - 1
        if place < 0:
            return None
        closes = self.closes[place]
        return closes if closes < 0 or now < closes - self.offer.notice else None

    def life(self, pool: int) -> tuple[int, bool]:
        """Give the life of the next instance of a pool, and whether it has notice."""
        number = self._taken.get(pool, 0)
        self._taken[pool] = number + 1
        place = number % len(self._lives[pool])
        return self._lives[pool][place], self._noticed[pool][place]

    def next_write(self, since: int, every: int, last: int) -> int:
        """Give the first time ``since + i * every`` at which it is open, for i from 1 to ``last``, or NEVER."""
        place = max(0, bisect_right(self.opens, since) - 1)
        for opens, closes in zip(self.opens[place:], self.closes[place:], strict=True):
            number = max(1, -((since - opens) // every))
            if number > last:
                return NEVER
            if closes < 0 or since + number * every < closes - self.offer.notice:
                return since + number * every
        return NEVER


class Offers:
    """The offers of a deployment, in order of preference.

    Parameters
    ----------
    clock : Clock
    market : Market

    Attributes
    ----------
    stalls : list of Stall
    """

    def __init__(self, clock: Clock, market: Market) -> None:
        self._clock = clock
        self.stalls = [Stall(offer) for offer in market.offers]
        self._due: dict[int, list[int]] = {}
        self._come: dict[int, int] = {}

    def announce(self, action: Callable[[], None]) -> None:
        """Call when an offer comes up."""
        times = sorted({time for stall in self.stalls for time in stall.opens if time > 0}, reverse=True)

        def wait() -> None:
            if times:
                Timer(self._clock, times.pop(), _CAPACITY - 1, lambda _: opened())

        def opened() -> None:
            action()
            wait()

        wait()

    def expect(self, row: int, latest: int) -> list[int]:
        """Set from when on each offer may be used for a request that is admitted now.

        Parameters
        ----------
        row : int
        latest : int
            When it must be had at the latest for the request's deadline, or NEVER.

        Returns
        -------
        list of int
            Those times that are still to come.
        """
        now = self._clock.now
        due = []
        for stall in self.stalls:
            offer = stall.offer
            times = [now + offer.after] if offer.after >= 0 else []
            if offer.by_deadline and latest >= 0:
                times.append(max(now, latest))
            due.append(min(times, default=NEVER))
        self._due[row] = due
        self._come[row] = now
        return sorted({time for time in due if time > now})

    def come(self, row: int) -> None:
        """Take note that the time of an offer has come for a request."""
        self._come[row] = self._clock.now

    def choose(self, row: int) -> int:
        """Give the offer from which an instance is opened for a request, or for none (NEVER), or NEVER."""
        now = self._clock.now
        for index, stall in enumerate(self.stalls):
            allowed = stall.offer.after == 0 if row < 0 else 0 <= self._due[row][index] <= self._come[row]
            if allowed and stall.closing(now) is not None:
                return index
        return NEVER

    def next_return(self, index: int, since: int, every: int, last: int) -> int:
        """Give the first time at which an offer before one is open, as `Stall.next_write`."""
        earlier = (stall for stall in self.stalls[:index] if stall.offer.after == 0)
        times = (stall.next_write(since, every, last) for stall in earlier)
        return min((time for time in times if time >= 0), default=NEVER)


class Lease:
    """How long an instance is left to its deployment.

    Parameters
    ----------
    instance : Instance
    offers : Offers
    index : int
        Of the offer that it is from.

    Attributes
    ----------
    index : int
    ends : int
        When it is taken, as far as is known, or NEVER.
    """

    __slots__ = ("_clock", "_closes", "_instance", "_life", "_notice", "_notice_at", "ends", "index")

    def __init__(self, instance: Instance, offers: Offers, index: int) -> None:
        self._instance = instance
        self._clock = instance.pool.clock
        self.index = index
        stall = offers.stalls[index]
        closes = stall.closing(self._clock.now)
        assert closes is not None  # it was chosen because it is open
        self._closes = closes
        self._life, noticed = stall.life(instance.pool.index)
        self._notice = stall.offer.notice if noticed else 0
        self.ends = self._notice_at = NEVER
        self._until_closing()

    def ready(self) -> None:
        """Count its life from now."""
        now = self._clock.now
        ends = now + self._life
        if self._life < 0 or 0 <= self._closes <= ends:
            self._until_closing()
        else:
            notice_at = ends - self._notice
            self._end(ends, notice_at if self._notice and notice_at > now else NEVER)

    def due(self, now: int) -> bool:
        """Tell whether it is taken now."""
        return self.ends == now

    def notice(self, now: int) -> bool:
        """Tell, once, whether it has its notice now."""
        if self._notice_at != now:
            return False
        self._notice_at = NEVER
        return True

    def _until_closing(self) -> None:
        closes = self._closes
        self._end(closes, closes - self._notice if closes >= 0 and self._notice else NEVER)

    def _end(self, ends: int, notice_at: int) -> None:
        self.ends, self._notice_at = ends, notice_at
        for time in (notice_at, ends):
            if time >= self._clock.now:
                Timer(self._clock, time, _INTERRUPT + self._instance.number, self._instance.interrupt)
