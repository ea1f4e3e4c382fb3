"""Order of the queue, several slots, memory that is waited for."""

from __future__ import annotations

from sim.engine.contract import NEVER, Cause, Warmth

from .things import Instance, Request
from .world import World


class Queueing(World):
    """`sim.engine.contract.queueing`."""

    def fits(self, request: Request, instance: Instance, residents: list[Request]) -> bool:
        queueing, capacity = self.capacity.queueing, self.capacity
        assert queueing is not None
        if sum(other.need for other in [*residents, request]) > capacity.concurrency:
            return False
        used = capacity.base_memory + sum(other.memory for other in [*residents, request])
        return not queueing.memory_waits or capacity.memory == NEVER or used <= capacity.memory

    def served_next(self, pool: int) -> tuple[Request, list[Instance]] | None:
        """The request that begins next, and the instances it might begin on."""
        assert self.capacity.queueing is not None
        for request in self.queues[pool]:
            fitting = [i for i in self.of_pool(pool) if i.warm and self.fits(request, i, i.residents)]
            if fitting:
                return request, fitting
            if not self.capacity.queueing.backfill:
                return None
        return None

    def serve(self, pool: int, ready: Instance | None = None, warmth: Warmth = Warmth.WARM) -> None:
        while True:
            found = self.served_next(pool)
            if found is None:
                return
            request, fitting = found
            instance = self.prefer(fitting)
            self.queues[pool].remove(request)
            if instance is ready:
                self.begin(request, instance, warmth, max(instance.asked, request.admitted))
            else:
                self.begin(request, instance, Warmth.WARM, self.now)

    def line_up(self, request: Request) -> None:
        """Put a request into the queue of its pool."""
        queue = self.queues[request.pool]
        queue.append(request)
        queue.sort(key=lambda other: (other.rank, other.admitted, other.row))

    def admit_in_order(self, request: Request) -> None:
        pool = request.pool
        queue = self.queues[pool]
        if not self.fits(request, Instance(number=NEVER, pool=pool, opener=NEVER), []):
            self.leave_system(request, Cause.TOO_LARGE)
            return
        self.line_up(request)
        self.serve(pool)
        if request not in queue:
            return
        wanted = self.wanted(pool)
        if wanted is not None:
            self.provide(pool, wanted.row)
        limit = self.capacity.queue_limit
        if limit != NEVER and len(queue) > self.place_coming(pool) + limit:
            queue.remove(request)
            self.leave_system(request, Cause.QUEUE_FULL)

    def place_coming(self, pool: int) -> int:
        """How many requests from the head the slots on their way are enough for."""
        slots, place = self.slots_coming(pool), 0
        for request in self.queues[pool]:
            slots -= request.need
            if slots < 0:
                break
            place += 1
        return place
