"""Calls of language models: what `sim.engine.contract.provider` says, as callbacks beside the requests' processes."""

from __future__ import annotations

from collections import deque
from typing import Protocol

import numpy as np
from simpy.events import Event

from sim.engine.callers import Circuit
from sim.engine.clock import ORDER, Clock, Timer
from sim.engine.contract import CORE, NEVER, Cause, Demand, Kind, Layer, Provider, Status, Tries
from sim.engine.contract.provider import MINUTE, delay_after

_END, _TIMEOUT, _RETRY = (ORDER[kind] for kind in (Kind.END, Kind.TIMEOUT, Kind.RETRY))
_DONE, _LIMITED, _ERROR, _TIMED_OUT, _OPEN, _LEFT = (int(status) for status in Status if status is not Status.NONE)


class Requests(Protocol):
    """Whose calls they are."""

    def fail(self, row: int, cause: Cause) -> None:
        """Let a request go on to its end."""


class _Try:
    """One try, from when it asked."""

    __slots__ = ("asked", "call", "ended", "length", "number", "served", "status", "timer", "way")

    def __init__(self, call: _Call, way: int, length: int, asked: int) -> None:
        self.call = call
        self.number = call.tries
        self.way = way
        self.length = length
        self.asked = asked
        self.served = self.ended = NEVER
        self.status = 0
        self.timer: Event | None = None


class _Call:
    """One call, from when its step's waiting time begins until it succeeds, or its request leaves."""

    __slots__ = ("current", "event", "failed", "failures", "index", "past", "row", "step", "timer", "tries")

    def __init__(self, clock: Clock, row: int, step: int, index: int, layers: int) -> None:
        self.row = row
        self.step = step
        self.index = index
        self.event = Event(clock)
        self.tries = self.failed = 0
        self.failures = [0] * layers
        self.past = [NEVER] * layers
        self.current: _Try | None = None
        self.timer: Event | None = None


class Calls:
    """All calls of a run.

    Parameters
    ----------
    clock : Clock
    requests : Requests
    provider : Provider
    demand : Demand
    """

    def __init__(self, clock: Clock, requests: Requests, provider: Provider, demand: Demand) -> None:
        self._clock = clock
        self._requests = requests
        self._said = provider
        self._key = demand.n
        self._upstream, self._length = provider.upstream.tolist(), provider.length
        self._luck, self._jitter = provider.luck, provider.jitter
        self._of_row: dict[int, _Call] = {}
        self._tries: list[_Try] = []
        self._upstreams = [_Upstream(self, number) for number in range(len(provider.model))]
        self._agent = demand.agent.tolist()
        self._tokens: dict[int, int] = {}
        self._circuits: dict[tuple[int, int], Circuit] = {}

    def begin(self, row: int, step: int, index: int) -> Event:
        """Begin a call; the event happens when it has succeeded."""
        call = _Call(self._clock, row, step, index, len(self._said.layers))
        self._of_row[row] = call
        self._ask_at(call, self._clock.now)
        return call.event

    def hang_up(self, row: int) -> None:
        """Take note that a request leaves its instance."""
        call = self._of_row.pop(row, None)
        if call is None:
            return
        if call.current is None:
            call.timer = None
        else:
            self._give_up(call.current, _LEFT)

    def _ask_at(self, call: _Call, time: int) -> None:
        call.timer = Timer(self._clock, time, _RETRY + self._key + call.step, lambda event: self._ask(call, event))

    def _ask(self, call: _Call, event: Event) -> None:
        if call.timer is not event:
            return  # hung up
        said = self._said
        way = int(0 <= said.fall_back <= call.failed)
        lengths = self._length[way, call.index]
        now, number = self._clock.now, call.tries
        call.current = one = _Try(call, way, int(lengths[min(number, len(lengths) - 1)]), now)
        luck = int(self._luck[call.index, number]) if len(self._luck) else CORE
        circuit = self._circuit(one)
        call.tries += 1
        if circuit is not None and not circuit.lets(call.step, now):
            self._end(one, _OPEN, NEVER)
            return
        status, hint = self._upstream_of(one).ask(one, call.index, luck)
        if status and not 0 <= said.timeout < said.answer:
            Timer(self._clock, now + said.answer, _END + call.row, lambda _: self._tell(one, status, hint))
        elif said.timeout >= 0 and (status or one.served < 0 or one.length > said.timeout):
            Timer(self._clock, now + said.timeout, _TIMEOUT + self._key + call.step, lambda _: self._time_out(one))

    def _tell(self, one: _Try, status: int, hint: int) -> None:
        if not one.status:
            self._end(one, status, hint)

    def serve(self, one: _Try) -> None:
        """Take a try into service."""
        one.served = self._clock.now
        self._time_service(one)

    def _time_service(self, one: _Try) -> None:
        key = self._key + one.call.step if one.status else one.call.row
        one.timer = Timer(self._clock, one.served + one.length, _END + key, lambda event: self._served(one, event))

    def _served(self, one: _Try, event: Event) -> None:
        if one.timer is not event:
            return  # it left its slot, or goes on without its client
        self._upstream_of(one).release()
        if not one.status:
            self._end(one, _DONE, NEVER)

    def _time_out(self, one: _Try) -> None:
        if not one.status:
            self._give_up(one, _TIMED_OUT)

    def _give_up(self, one: _Try, status: int) -> None:
        """End a try from the client's side."""
        upstream = self._upstream_of(one)
        one.status = status  # whoever serves it after this serves nobody
        if one.served >= 0:
            if self._said.finishes:
                self._time_service(one)
            else:
                one.timer = None
                upstream.release()
        elif not self._said.finishes:
            upstream.forget(one)
        self._end(one, status, NEVER)

    def _end(self, one: _Try, status: int, hint: int) -> None:
        """Let the client know how a try ended."""
        one.status, one.ended = status, self._clock.now
        call = one.call
        call.current = None
        if not _plain(one):
            self._tries.append(one)
        circuit = self._circuit(one)
        if circuit is not None and status == _LEFT:
            circuit.forget(call.step)
        elif circuit is not None and status != _OPEN:
            circuit.note(call.step, status == _DONE, self._clock.now)
        if status == _DONE:
            if self._said.budget is not None:
                self._change_tokens(call, self._said.budget.gain)
            del self._of_row[call.row]
            call.event.succeed()
        elif status != _LEFT:
            call.failed += 1
            self._try_again(call, status, hint)

    def _try_again(self, call: _Call, status: int, hint: int) -> None:
        for place, layer in enumerate(self._said.layers):
            if status in layer.retries and call.failures[place] + 1 < layer.attempts and self._take_token(call):
                self._ask_at(call, self._clock.now + self._delay(call, place, layer, hint))
                call.failures[place] += 1
                call.failures[:place], call.past[:place] = [0] * place, [NEVER] * place
                return
        del self._of_row[call.row]
        self._requests.fail(call.row, Cause.PROVIDER)

    def _take_token(self, call: _Call) -> bool:
        return self._said.budget is None or self._change_tokens(call, -CORE)

    def _change_tokens(self, call: _Call, change: int) -> bool:
        """Change the budget of a call, if it has so much."""
        budget = self._said.budget
        if budget is None:
            return False
        whose = self._agent[call.row] if budget.own else 0
        tokens = self._tokens.get(whose, budget.most) + change
        if tokens >= 0:
            self._tokens[whose] = min(budget.most, tokens)
        return tokens >= 0

    def _circuit(self, one: _Try) -> Circuit | None:
        """Give the breaker that watches a try."""
        rule = self._said.breaker
        if rule is None:
            return None
        key = self._agent[one.call.row] if rule.own else 0, self._upstream[one.way][one.call.index]
        if key not in self._circuits:
            self._circuits[key] = Circuit(rule)
        return self._circuits[key]

    def _upstream_of(self, one: _Try) -> _Upstream:
        number: int = self._upstream[one.way][one.call.index]
        return self._upstreams[number]

    def _delay(self, call: _Call, place: int, layer: Layer, hint: int) -> int:
        luck = int(self._jitter[call.index, call.tries - 1]) if len(self._jitter) else 0
        delay = delay_after(layer, call.failures[place], call.past[place], luck)
        call.past[place] = delay
        return hint if delay < hint <= layer.obeys else delay

    def tries(self) -> Tries:
        """Give the tries that are told."""
        under_way = [call.current for call in self._of_row.values() if call.current is not None]
        told = sorted([*self._tries, *under_way], key=lambda one: (one.call.step, one.number))

        def column(name: str) -> list[int]:
            return [getattr(one, name) for one in told]

        return Tries(
            step=np.array([one.call.step for one in told], np.int64),
            number=np.array(column("number"), np.int64),
            way=np.array(column("way"), np.int8),
            asked=np.array(column("asked"), np.int64),
            served=np.array(column("served"), np.int64),
            ended=np.array(column("ended"), np.int64),
            status=np.array(column("status"), np.int8),
        )

    @property
    def said(self) -> Provider:
        """What is given of the provider."""
        return self._said

    @property
    def clock(self) -> Clock:
        """The run's."""
        return self._clock


def _plain(one: _Try) -> bool:
    """Tell whether a call succeeded at once."""
    return one.number == one.way == 0 and one.status == _DONE and one.served == one.asked


class _Upstream:
    """One model at a vendor, with its limits.

    Parameters
    ----------
    calls : Calls
    number : int
    """

    def __init__(self, calls: Calls, number: int) -> None:
        said = calls.said
        self._calls = calls
        self._clock = calls.clock
        self._counts_refused, self._hint = said.counts_refused, said.hint
        self._rate = said.rate[:, number].tolist()
        self._burst = np.maximum(0, said.burst[:, number]).tolist()
        self._level = [burst * MINUTE for burst in self._burst]
        self._cost = said.cost
        self._since = 0
        self._slots, self._room = int(said.slots[number]), int(said.room[number])
        self._serving = 0
        self._waiting: deque[_Try] = deque()
        self._errors = int(said.errors[number])
        own = np.flatnonzero(said.down_of == number)
        self._down: list[tuple[int, int, int]] = list(zip(
            said.down_from[own].tolist(), said.down_until[own].tolist(), said.down_rate[own].tolist(), strict=True))

    def ask(self, one: _Try, index: int, luck: int) -> tuple[int, int]:
        """Answer a try: how it fails, or 0; and in how long it may come again."""
        if luck < self._error_rate():
            return _ERROR, NEVER
        self._refill()
        cost = [MINUTE, int(self._cost[0, index]) * MINUTE, int(self._cost[1, index]) * MINUTE]
        short = [b for b in range(3) if self._rate[b] >= 0 and self._level[b] < cost[b]]
        busy = 0 <= self._slots <= self._serving
        if short or (busy and 0 <= self._room <= len(self._waiting)):
            hint = self._come_again(short, cost)
            if self._counts_refused:
                self._level[0] = max(-self._burst[0] * MINUTE, self._level[0] - MINUTE)
            return _LIMITED, hint
        self._level = [level - spent for level, spent in zip(self._level, cost, strict=True)]
        if busy:
            self._waiting.append(one)
        else:
            self._serving += 1
            self._calls.serve(one)
        return 0, NEVER

    def _refill(self) -> None:
        passed, self._since = self._clock.now - self._since, self._clock.now
        self._level = [level if rate < 0 else min(burst * MINUTE, level + passed * rate)
                       for level, rate, burst in zip(self._level, self._rate, self._burst, strict=True)]

    def _come_again(self, short: list[int], cost: list[int]) -> int:
        if self._hint < 0 or not short:
            return NEVER
        wait: int = max(-(-(min(cost[b], self._burst[b] * MINUTE) - self._level[b]) // self._rate[b]) for b in short)
        return -(-wait // self._hint) * self._hint

    def _error_rate(self) -> int:
        now = self._clock.now
        rate: int = next((rate for begin, end, rate in self._down if begin <= now < end), self._errors)
        return rate

    def release(self) -> None:
        """Free a slot: the head of the queue comes into service."""
        if self._waiting:
            self._calls.serve(self._waiting.popleft())
        else:
            self._serving -= 1

    def forget(self, one: _Try) -> None:
        """Let a try leave the queue, if it is there."""
        if one in self._waiting:
            self._waiting.remove(one)
