"""A pool whose queue has an order of its own, or whose requests do not fit everywhere."""

from __future__ import annotations

from sim.engine.contract import NEVER, Cause, Warmth
from sim.engine.fleet import Fleet
from sim.engine.instance import Instance
from sim.engine.line import Line, Needs
from sim.engine.pool import Pool, Requests

_WARM = int(Warmth.WARM)


class OrderedPool(Pool):
    """A pool with `sim.engine.contract.queueing`; every warm instance is looked at when the queue is served.

    Parameters
    ----------
    fleet, requests, memory, admitted
        See `Pool`.
    needs : Needs
    """

    def __init__(
        self, fleet: Fleet, requests: Requests, memory: list[int], admitted: list[int], needs: Needs
    ) -> None:
        super().__init__(fleet, requests, memory, admitted)
        self._needs = needs
        self._line = Line(needs, admitted)

    def _take_in(self, row: int) -> None:
        if self._needs.fits_nowhere(row):
            self._requests.fail(row, Cause.TOO_LARGE)
            return
        self._line.add(row)
        self._fill(None, _WARM)
        if row not in self._line:
            return
        want = self._wanted()
        if want >= 0:
            self.obtain(want)
        limit = self.rules.queue_limit
        if 0 <= limit < len(self._line) - self._line.place(self._slots_coming):
            self._line.remove(row)
            self._requests.fail(row, Cause.QUEUE_FULL)
        self.fleet.note(self)

    def withdraw(self, row: int) -> None:
        """Take note that a request that was admitted waits no longer: it may have kept others from beginning."""
        self._line.remove(row)
        self._fill(None, _WARM)
        self.fleet.replenish(self)

    def ready(self, instance: Instance) -> None:
        """Take note that an instance has started or woken; it may have had less room than was thought."""
        super().ready(instance)
        self.fleet.replenish(self)

    def left(self, instance: Instance, row: int) -> None:
        """Take note that a request has left its instance."""
        instance.slots -= self._needs.slots[row]
        super().left(instance, row)

    def _wanted(self) -> int:
        place = 0 if self.rules.scaler is not None else self._line.place(self._slots_coming)
        if place >= len(self._line) or (self.rules.scaler is not None and self.there):
            return NEVER
        return self._line.at(place)

    def _spare(self) -> int:
        rules = self.rules
        if not rules.buffer:
            return 0
        served = sum(instance.slots for instance in self.warm.values())
        return (len(self.warm) - rules.buffer) * rules.concurrency - served + self._slots_coming - self._line.slots

    def _begin(self, instance: Instance, row: int, bound: int, warmth: int) -> None:
        super()._begin(instance, row, bound, warmth)
        if row in instance.residents:
            instance.slots += self._needs.slots[row]

    def _fill(self, instance: Instance | None, warmth: int) -> None:
        while (chosen := self._next()) is not None:
            row, where = chosen
            self._line.remove(row)
            if where is instance and warmth != _WARM:
                self._begin(where, row, max(self._admitted[row], where.asked), warmth)
            else:
                self._begin(where, row, self.clock.now, _WARM)
        self.fleet.note(self)

    def _next(self) -> tuple[int, Instance] | None:
        """Give the request that begins next, and the instance it begins on."""
        for row in self._line:
            where = self._room_for(row)
            if where is not None:
                return row, where
            if not self._needs.backfill:
                break
        return None

    def _room_for(self, row: int) -> Instance | None:
        fits = [instance for instance in self.warm.values() if self._needs.fits(row, instance)]
        if len(fits) < 2:
            return fits[0] if fits else None
        return min(fits, key=lambda instance: (self._rank(instance), instance.number))
