"""How many instances a scaler wants."""

from __future__ import annotations

from sim.engine.contract import NEVER, State

from .things import MILLION
from .world import World


class Scaling(World):
    """Scaler of the contract."""

    def load_now(self) -> int:
        assert self.capacity.scaler is not None
        if self.capacity.scaler.by_cpu:
            return sum(self.used(instance) for instance in self.instances)
        return MILLION * sum(1 for request in self.present if request.admitted != NEVER)

    def scale(self) -> None:
        scaler = self.capacity.scaler
        assert scaler is not None and self.tick_at is not None
        self.tick_at += scaler.tick
        self.load.append(self.total_load)

        def number(window: int) -> int:
            ticks = window // scaler.tick
            before = self.load[-1 - ticks] if ticks < len(self.load) else 0
            load = self.load[-1] - before
            return (load + window * scaler.target - 1) // (window * scaler.target)

        recommended = number(scaler.window)
        if scaler.panic_window != NEVER:
            urgent = number(scaler.panic_window)
            warm = sum(1 for i in self.instances if i.warm)
            if urgent * MILLION >= scaler.panic_at * max(1, warm):
                if self.now >= self.panic_until:
                    self.panic_most = 0
                self.panic_until = self.now + scaler.window
            if self.now < self.panic_until:
                self.panic_most = max(self.panic_most, recommended, urgent)
                recommended = self.panic_most
        self.advised.append((self.now, recommended))
        wanted = max(n for t, n in self.advised if t > self.now - scaler.stabilise or t == self.now)
        count = sum(1 for i in self.instances if i.warm or (scaler.counts_coming and self.coming(i)))
        if abs(wanted - count) * MILLION <= scaler.tolerance * count:
            return
        wanted = max(wanted, self.floor)
        if self.capacity.maximum != NEVER:
            wanted = min(wanted, self.capacity.maximum)
        while count < wanted and self.provide(0, None) is not None:
            count += 1
        given_up = False
        while count > wanted:
            idle = [i for i in self.instances if i.state == State.IDLE]
            busy = [i for i in self.instances if i.state == State.BUSY]
            if idle:
                rest = list(idle)
                while len(rest) > 1:
                    rest.remove(self.prefer(rest))
                self.enter(rest[0], 0)
            elif busy:
                self.drain(max(busy, key=lambda i: (-len(i.residents), i.number)))
            else:
                break
            given_up = True
            count -= 1
        if given_up:
            self.replenish()
