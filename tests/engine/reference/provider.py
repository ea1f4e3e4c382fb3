"""Calls of language models, in the crude model: every try is kept, and all that can be known is read from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sim.engine.contract import NEVER, Capacity, Demand, Kind, Layer, Provider, Status, Tries

from .callers import Calling
from .things import MILLION, Request

MINUTE = 60_000_000


@dataclass(eq=False)
class Try:
    """One try of a call, from when it asked."""

    request: Request
    step: int
    call: int
    number: int
    way: int
    upstream: int
    asked: int
    length: int
    served: int = NEVER
    ended: int = NEVER
    status: Status = Status.NONE
    answer: Status | None = None  # what the client is going to be told
    hint: int = NEVER
    waits: bool = False  # in the queue of its upstream
    serves: bool = False  # in a slot
    trial: bool = False


class Provided(Calling):
    """What the contract says of providers."""

    def __init__(self, demand: Demand, capacity: Capacity) -> None:
        super().__init__(demand, capacity)
        self.tries: list[Try] = []
        self.asks: dict[int, int] = {}  # when the call of a request asks next, by row
        self.counts: dict[int, list[int]] = {}  # what each layer has counted for the call of a row
        self.pauses: dict[int, list[int]] = {}  # and how long it waited last
        self.purses: dict[int, int] = {}  # tokens of retries, by whose they are
        self.switches: dict[tuple[int, int], tuple[int, Try | None]] = {}  # when opened, and the probe
        self.noted: dict[tuple[int, int], list[bool]] = {}  # results since a breaker closed
        self.takings: dict[tuple[int, int], list[tuple[int, int, int]]] = {}  # of a bucket: when, how much, at least
        if capacity.provider is not None:
            self.provider: Provider = capacity.provider

    def is_call(self, step: int) -> bool:
        return self.capacity.provider is not None and self.provider.call_of[step] != NEVER

    def call(self, request: Request) -> None:
        request.calling = True
        self.asks[request.row] = self.now
        self.counts[request.row] = [0] * len(self.provider.layers)
        self.pauses[request.row] = [NEVER] * len(self.provider.layers)

    def step_of(self, request: Request) -> int:
        return request.steps[request.place][0]

    def call_events(self) -> list[tuple[int, Kind, int]]:
        n = self.demand.n
        events = [(at, Kind.RETRY, n + self.step_of(self.requests[row])) for row, at in self.asks.items()]
        for one in self.tries:
            lives = one.status == Status.NONE
            if one.serves:
                events.append((one.served + one.length, Kind.END, one.request.row if lives else n + one.step))
            if lives and one.answer is not None:
                events.append((one.asked + self.provider.answer, Kind.END, one.request.row))
            if lives and self.provider.timeout != NEVER:
                events.append((one.asked + self.provider.timeout, Kind.TIMEOUT, n + one.step))
        return events

    def of_a_call(self, kind: Kind, key: int) -> bool:
        if kind == Kind.END and key < self.demand.n:
            return self.requests[key].calling
        return kind in (Kind.END, Kind.TIMEOUT, Kind.RETRY) and key >= self.demand.n

    def call_happens(self, kind: Kind, key: int) -> None:
        """One of the events above."""
        n = self.demand.n
        if kind == Kind.RETRY:
            row = next(row for row in self.asks if n + self.step_of(self.requests[row]) == key)
            del self.asks[row]
            self.ask(self.requests[row])
        elif key < n:
            self.answered(self.live(lambda one: one.request.row == key))
        elif kind == Kind.TIMEOUT:
            self.drop(self.live(lambda one: n + one.step == key), Status.TIMED_OUT)
        else:
            gone = [one for one in self.tries if one.serves and one.status != Status.NONE and n + one.step == key]
            self.free_slot(next(one for one in gone if one.served + one.length == self.now))

    def live(self, which: Callable[[Try], bool]) -> Try:
        (one,) = [one for one in self.tries if one.status == Status.NONE and which(one)]
        return one

    def ask(self, request: Request) -> None:
        said, step = self.provider, self.step_of(request)
        call = int(said.call_of[step])
        before = [one for one in self.tries if one.request is request and one.step == step]
        way = 1 if said.fall_back != NEVER and len(before) >= said.fall_back else 0
        upstream = int(said.upstream[way, call])
        number = len(before)
        lengths = said.length[way, call]
        one = Try(request, step, call, number, way, upstream, self.now, int(lengths[min(number, len(lengths) - 1)]))
        self.tries.append(one)
        if self.breaks(one):
            self.fail_try(one, Status.OPEN)
        elif self.luck(said.luck, one, MILLION) < self.error_rate(upstream):
            one.answer = Status.ERROR
        else:
            self.receive(one)

    def luck(self, table: np.ndarray, one: Try, otherwise: int) -> int:
        return int(table[one.call, one.number]) if len(table) else otherwise

    def error_rate(self, upstream: int) -> int:
        said = self.provider
        for of, begin, end, rate in zip(said.down_of, said.down_from, said.down_until, said.down_rate, strict=True):
            if of == upstream and begin <= self.now < end:
                return int(rate)
        return int(said.errors[upstream])

    def receive(self, one: Try) -> None:
        said, u = self.provider, one.upstream
        costs = [1, int(said.cost[0, one.call]), int(said.cost[1, one.call])]
        limits = [b for b in range(3) if said.rate[b, u] != NEVER]
        short = [b for b in limits if self.level(b, u) < costs[b] * MINUTE]
        inside = sum(1 for other in self.tries if other.serves and other.upstream == u)
        queue = sum(1 for other in self.tries if other.waits and other.upstream == u)
        all_taken = said.slots[u] != NEVER and inside >= said.slots[u]
        if short or (all_taken and said.room[u] != NEVER and queue >= said.room[u]):
            one.answer = Status.LIMITED
            if short and said.hint != NEVER:
                lacking = [(min(costs[b], int(said.burst[b, u])) * MINUTE - self.level(b, u), int(said.rate[b, u]))
                           for b in short]
                wait = max((missing + rate - 1) // rate for missing, rate in lacking)
                one.hint = (wait + said.hint - 1) // said.hint * said.hint
            if said.counts_refused and 0 in limits:
                self.takings.setdefault((0, u), []).append((self.now, MINUTE, -int(said.burst[0, u]) * MINUTE))
            return
        for b in limits:
            self.takings.setdefault((b, u), []).append((self.now, costs[b] * MINUTE, NEVER))
        one.waits = True
        if not all_taken:
            self.take_in(one)

    def level(self, bucket: int, upstream: int) -> int:
        """What a bucket holds, by all that was ever taken from it."""
        rate, most = (int(a[bucket, upstream]) for a in (self.provider.rate, self.provider.burst))
        level, then = most * MINUTE, 0
        for at, taken, least in self.takings.get((bucket, upstream), []):
            level = min(most * MINUTE, level + (at - then) * rate) - taken
            if least != NEVER:
                level = max(level, least)
            then = at
        return min(most * MINUTE, level + (self.now - then) * rate)

    def take_in(self, one: Try) -> None:
        one.waits, one.serves, one.served = False, True, self.now

    def free_slot(self, one: Try) -> None:
        one.serves = False
        queue = [other for other in self.tries if other.waits and other.upstream == one.upstream]
        if queue:
            self.take_in(queue[0])

    def answered(self, one: Try) -> None:
        """The client hears of it."""
        if one.answer is not None:
            self.fail_try(one, one.answer)
            return
        self.free_slot(one)
        self.close(one, Status.DONE)
        if self.provider.budget is not None:
            purse = self.group(one.request, self.provider.budget.own)
            self.purses[purse] = min(self.provider.budget.most, self.purse(one) + self.provider.budget.gain)
        one.request.calling = False
        self.called(one.request)

    def called(self, request: Request) -> None:
        """Go on after a call; see `Requests`."""
        raise NotImplementedError

    def give_up(self, request: Request) -> None:
        """Fail for good; see `Requests`."""
        raise NotImplementedError

    def hang_up(self, request: Request) -> None:
        self.asks.pop(request.row, None)
        for one in self.tries:
            if one.request is request and one.status == Status.NONE:
                self.drop(one, Status.LEFT)
        request.calling = False

    def drop(self, one: Try, status: Status) -> None:
        if not self.provider.finishes:
            one.waits = False
            if one.serves:
                self.free_slot(one)
        if status == Status.LEFT:
            self.close(one, status)
        else:
            self.fail_try(one, status)

    def purse(self, one: Try) -> int:
        assert self.provider.budget is not None
        whose = self.group(one.request, self.provider.budget.own)
        return self.purses.setdefault(whose, self.provider.budget.most)

    def close(self, one: Try, status: Status) -> None:
        one.status, one.ended = status, self.now
        rule = self.provider.breaker
        if rule is None or status == Status.OPEN:
            return
        switch = self.group(one.request, rule.own), one.upstream
        if switch in self.switches:
            opened, probe = self.switches[switch]
            if probe is one:
                del self.switches[switch]
                if status != Status.DONE:
                    self.switches[switch] = (opened if status == Status.LEFT else self.now, None)
        elif status != Status.LEFT:
            results = self.noted.setdefault(switch, [])
            results.append(status == Status.DONE)
            last = results[-rule.calls :]
            if len(last) == rule.calls and last.count(False) * MILLION >= rule.share * rule.calls:
                self.switches[switch] = (self.now, None)
                results.clear()

    def breaks(self, one: Try) -> bool:
        rule = self.provider.breaker
        if rule is None:
            return False
        switch = self.group(one.request, rule.own), one.upstream
        if switch not in self.switches:
            return False
        opened, probe = self.switches[switch]
        if probe is not None or self.now < opened + rule.rest:
            return True
        self.switches[switch] = (opened, one)
        return False

    def fail_try(self, one: Try, status: Status) -> None:
        self.close(one, status)
        row, counts = one.request.row, self.counts[one.request.row]
        for place, layer in enumerate(self.provider.layers):
            if status not in layer.retries or counts[place] >= layer.attempts - 1:
                continue
            if self.provider.budget is not None:
                if self.purse(one) < MILLION:
                    continue
                self.purses[self.group(one.request, self.provider.budget.own)] = self.purse(one) - MILLION
            pause = self.pause(layer, one, counts[place], self.pauses[row][place])
            counts[place] += 1
            self.pauses[row][place] = pause
            for within in range(place):
                counts[within], self.pauses[row][within] = 0, NEVER
            if status == Status.LIMITED and pause < one.hint <= layer.obeys:
                pause = one.hint
            self.asks[row] = self.now + pause
            return
        self.give_up(one.request)

    def pause(self, layer: Layer, one: Try, count: int, before: int) -> int:
        luck = self.luck(self.provider.jitter, one, 0)
        if layer.decorrelated:
            base, cap = layer.delay[0], layer.delay[-1]
            reach = (base if before == NEVER else before) * layer.reach // MILLION
            return min(cap, base + max(0, reach - base) * luck // MILLION)
        by_chance = layer.delay[count] * layer.jitter // MILLION
        return layer.delay[count] - by_chance * luck // MILLION

    def told_tries(self) -> Tries:
        told = [one for one in self.tries
                if not (one.number == one.way == 0 and one.status == Status.DONE and one.served == one.asked)]
        told.sort(key=lambda one: (one.step, one.number))
        if self.capacity.provider is None:
            return Tries()
        return Tries(
            step=np.array([one.step for one in told], np.int64),
            number=np.array([one.number for one in told], np.int64),
            way=np.array([one.way for one in told], np.int8),
            asked=np.array([one.asked for one in told], np.int64),
            served=np.array([one.served for one in told], np.int64),
            ended=np.array([one.ended for one in told], np.int64),
            status=np.array([one.status for one in told], np.int8),
        )
