"""Offers, and instances that are taken."""

from __future__ import annotations

from sim.engine.contract import NEVER, Offer, Parting, State

from .things import Instance, Request
from .world import World


class Offering(World):
    """Offers and Interruption of the contract."""

    def window(self, offer: Offer) -> int | None:
        """The end of the window of an offer that is open; NEVER for one without end."""
        for opens, closes in zip(offer.opens.tolist(), offer.closes.tolist(), strict=True):
            if opens <= self.now and (closes == NEVER or self.now < closes - offer.notice):
                return int(closes)
        return None

    def is_open(self, offer: Offer) -> bool:
        return self.window(offer) is not None

    def expect(self, request: Request) -> None:
        """When each offer may be used for a request that is admitted now."""
        request.offered = []
        request.come = self.now
        market = self.capacity.market
        if market is None:
            return
        for offer in market.offers:
            times = []
            if offer.after != NEVER:
                times.append(self.now + offer.after)
            if offer.by_deadline and len(market.deadline) and market.deadline[request.row] != NEVER:
                latest = request.arrived + int(market.deadline[request.row])
                latest -= int(self.capacity.start[request.row]) + self.need(request)
                times.append(max(self.now, latest))
            request.offered.append(min(times) if times else None)
        request.looks = sorted({time for time in request.offered if time is not None and time > self.now})

    def need(self, request: Request) -> int:
        """How long a visit would be, bit by bit."""
        rule, recovery = self.checkpoints, self.capacity.recovery
        assert recovery is not None
        if rule is None:
            return recovery.replay * request.place + sum(c + w for _, c, *_, w in request.steps[request.place :])
        time = rule.restore if request.position > 0 else 0
        left = request.whole - request.position
        while rule.every != NEVER and left > rule.every:
            time += rule.every + rule.write
            left -= rule.every
        return time + left

    def offer_for(self, request: Request | None) -> int | None:
        market = self.capacity.market
        assert market is not None
        for index, offer in enumerate(market.offers):
            due = request.offered[index] if request is not None else (0 if offer.after == 0 else None)
            until = self.now if request is None else request.come
            if due is not None and due <= until and self.is_open(offer):
                return index
        return None

    def offered(self, request: Request | None) -> bool:
        return self.capacity.market is None or self.offer_for(request) is not None

    def let(self, instance: Instance, request: Request | None) -> None:
        """Open an instance from an offer."""
        market = self.capacity.market
        if market is None:
            return
        index = self.offer_for(request)
        assert index is not None
        offer = market.offers[index]
        number = sum(1 for other in self.instances if other.pool == instance.pool and other.offer == index)
        lives, noticed = offer.lives[instance.pool], offer.noticed[instance.pool]
        instance.offer = index
        instance.life = int(lives[number % len(lives)])
        instance.notice = offer.notice if noticed[number % len(noticed)] else 0
        closes = self.window(offer)
        assert closes is not None
        instance.closes = closes
        self.until_closing(instance)

    def until_closing(self, instance: Instance) -> None:
        if instance.closes == NEVER:
            instance.taken_at = instance.notice_at = None
        else:
            instance.taken_at = instance.closes
            instance.notice_at = instance.closes - instance.notice if instance.notice else None
            if instance.notice_at is not None and instance.notice_at < self.now:
                instance.notice_at = None

    def begin_life(self, instance: Instance) -> None:
        if instance.offer is None:
            return
        dies = self.now + instance.life
        if instance.life == NEVER or (instance.closes != NEVER and instance.closes <= dies):
            self.until_closing(instance)
            return
        instance.taken_at = dies
        instance.notice_at = None
        if instance.notice and dies - instance.notice > self.now:
            instance.notice_at = dies - instance.notice

    def interrupt(self, instance: Instance) -> None:
        """Whatever of the three comes now."""
        if instance.taken_at == self.now:
            self.seize(instance)
        elif instance.notice_at == self.now:
            instance.notice_at = None
            self.announce(instance)
        else:
            self.take(instance)

    def seize(self, instance: Instance) -> None:
        residents = sorted(instance.residents, key=lambda request: request.row)
        self.queues[instance.pool][:0] = instance.bound
        instance.bound = []
        instance.waker = None
        instance.start_left = None
        instance.residents = []
        for request in residents:
            self.part(request, Parting.INTERRUPTED)
        self.off(instance)
        self.replenish()

    def announce(self, instance: Instance) -> None:
        if not (instance.warm or instance.state == State.DRAINING):
            self.seize(instance)
            return
        rule = self.checkpoints
        for request in sorted(instance.residents, key=lambda request: request.row):
            assert instance.taken_at is not None
            if rule is None or self.now + rule.write > instance.taken_at:
                continue
            if self.visit_would_end(request) > instance.taken_at:
                self.stop_working(request)
                request.saving = True
                request.mode = "save"
                request.wait_until = self.now + rule.write
        if instance.warm:
            self.drain(instance)
        self.replenish()

    def next_opening(self) -> int | None:
        """When an offer comes up next, that has not been told."""
        market = self.capacity.market
        if market is None:
            return None
        return min((int(t) for o in market.offers for t in o.opens if t > self.opened_until), default=None)
