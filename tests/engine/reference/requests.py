"""From the arrival of a request to its departure."""

from __future__ import annotations

from sim.engine.contract import NEVER, Cause, Fate, Parting, State, Warmth

from .provider import Provided
from .things import MILLION, Execution, Instance, Request


class Requests(Provided):
    """Arrival, Work and Departure of the contract."""

    def arrive(self, request: Request) -> None:
        request.arrival = None
        request.arrived = self.now
        request.fate = Fate.UNFINISHED
        held = self.demand.serial and any(other.agent == request.agent for other in self.present)
        self.present.append(request)
        if self.refused(request):
            self.leave_system(request, Cause.BREAKER)
        elif not held:
            self.admit(request)

    def time_out(self, request: Request) -> None:
        """Lose patience, or else give up."""
        callers = self.demand.callers
        impatient = request.patience != NEVER and self.now == request.arrived + request.patience
        if impatient and request.started == NEVER:
            self.abandon(request, Cause.NONE, Fate.ABANDONED)
            return
        assert callers is not None
        request.left = self.now
        if not callers.cancels:
            first = self.over(request, Cause.TIMEOUT)
            if first is not None:
                self.fix_followers(first)
        elif request.started == NEVER:
            self.abandon(request, Cause.TIMEOUT)
        else:
            self.leave_instance(request, Cause.TIMEOUT)

    def abandon(self, request: Request, cause: Cause, fate: Fate | None = None) -> None:
        """Let it go wherever it waits."""
        for queue in self.queues:
            if request in queue:
                queue.remove(request)
        for instance in self.instances:
            if request in instance.bound:
                instance.bound.remove(request)
        self.leave_system(request, cause, fate)
        if self.capacity.queueing is not None and request.admitted != NEVER:
            self.serve(request.pool)
        self.replenish()

    def leave_system(self, request: Request, cause: Cause, fate: Fate | None = None) -> None:
        """Write down that the request is gone. Whom this lets in is settled when the event is done."""
        request.ended = self.now
        self.stop_working(request)
        request.spent = self.spent(request)
        self.close_visit(request, Parting.LEFT)
        request.cause = cause
        request.fate = fate or (Fate.COMPLETED if cause == Cause.NONE else Fate.FAILED)
        request.gpu_spent = self.gpu_spent(request)
        if request.started == self.now and self.prefill_ended:
            self.prefill_ended[request.steps[0][0]] = NEVER
        request.work_left = request.prefill_left = request.decode_left = None
        request.wait_until = None
        self.hang_up(request)
        self.present = [other for other in self.present if other is not request]
        self.left.append(request)

    def spent(self, request: Request) -> int:
        """Microseconds of CPU that are done of the step it is in."""
        if self.checkpoints is not None:
            if request.open is None or not request.worked or request.place == len(request.steps):
                return 0
            _, cpu, *_, wait = request.steps[request.place]
            return min(cpu, request.position - (request.ends[request.place] - cpu - wait))
        if not self.in_a_step(request) or request.mode == "replay":
            return 0
        _, cpu, *_ = request.steps[request.place]
        left = 0 if request.work_left is None else max(0, request.work_left)
        return (cpu * MILLION - left) // MILLION

    def pass_turn(self, request: Request) -> None:
        """Let in the agent's next held request, and fix the arrivals of those that follow the one that left."""
        zombie = request.left != NEVER and request.cause != Cause.TIMEOUT
        first = None if zombie else self.over(request, request.cause)
        for other in self.present:
            if request.admitted == NEVER or not self.demand.serial:
                break
            if other.agent == request.agent and other.admitted == NEVER:
                self.admit(other)
                break
        if first is not None:
            self.fix_followers(first)

    def fix_followers(self, request: Request) -> None:
        for row in range(self.demand.n):
            if self.demand.after[row] == request.row:
                arrival = self.now + int(self.demand.at[row])
                if arrival < self.demand.horizon:
                    self.requests[row].arrival = arrival

    def begin(self, request: Request, instance: Instance, warmth: Warmth, bound: int) -> None:
        capacity = self.capacity
        used = capacity.base_memory + sum(other.memory for other in instance.residents) + request.memory
        too_much = capacity.memory != NEVER and used > capacity.memory
        request.started = self.now
        request.instance = instance.number
        request.warmth = warmth
        request.bound = bound
        self.open_visit(request, instance, warmth, bound)
        if too_much and not capacity.memory_kills:
            self.leave_system(request, Cause.MEMORY)
            return
        instance.residents.append(request)
        if too_much:
            self.kill(instance)
            return
        if instance.state != State.BUSY:
            self.turn(instance, State.BUSY)
        self.set_off(request)

    def next_phase(self, request: Request, over: int) -> bool:
        """Go to the next phase that has a length, when so many of the step are over; False when there is none left."""
        while request.place < len(request.steps):
            step, cpu, prefill, decode, wait = request.steps[request.place]
            request.mode = ""
            if over == 0:
                self.execute(request)
            if over < 1 and cpu > 0:
                request.work_left = cpu * MILLION
                self.settle_credit(self.instances[request.instance])
                return True
            if over < 2 and prefill > 0:
                request.prefill_left = prefill * MILLION
                return True
            if over < 3 and prefill + decode > 0:
                self.prefill_ended[step] = self.now
            if over < 3 and decode > 0:
                request.decode_left = decode * MILLION
                return True
            if over < 4 and self.is_call(step):
                self.call(request)
                return True
            if over < 4 and wait > 0:
                request.wait_until = self.now + wait
                if self.frees(step) and request.open is not None:
                    self.part(request, Parting.FREED)
                return True
            self.step_ended[step] = self.now
            request.executions[-1].over = True
            request.executions[-1].left = self.now
            request.place += 1
            over = 0
        return False

    def end_phase(self, request: Request) -> None:
        if self.checkpoints is not None:
            self.end_piece(request)
            return
        if request.open is None:
            self.end_freed_wait(request)
            return
        phases = (request.work_left, request.prefill_left, request.decode_left, request.wait_until)
        over = 1 + next(place for place, state in enumerate(phases) if state is not None)
        if request.mode == "replay":
            over = 0
        if request.work_left is not None:
            self.settle_credit(self.instances[request.instance])
        request.wait_until = request.work_left = request.prefill_left = request.decode_left = None
        if not self.next_phase(request, over):
            self.leave_instance(request, Cause.NONE)

    def frees(self, step: int) -> bool:
        recovery = self.capacity.recovery
        return recovery is not None and recovery.frees and len(self.demand.frees) > 0 and bool(self.demand.frees[step])

    def end_freed_wait(self, request: Request) -> None:
        request.wait_until = None
        step, *_ = request.steps[request.place]
        self.step_ended[step] = self.now
        request.executions[-1].over = True
        request.executions[-1].left = self.now
        request.place += 1
        if request.place == len(request.steps):
            self.leave_system(request, Cause.NONE)
            return
        step, cpu, *_, wait = request.steps[request.place]
        if cpu == 0 and self.frees(step):
            request.executions.append(Execution(step, self.now, request.visits[-1]))
            request.wait_until = self.now + wait
            return
        self.admit_again(request)

    def called(self, request: Request) -> None:
        if not self.next_phase(request, 4):
            self.leave_instance(request, Cause.NONE)

    def give_up(self, request: Request) -> None:
        self.leave_instance(request, Cause.PROVIDER)

    def leave_instance(self, request: Request, cause: Cause) -> None:
        instance = self.instances[request.instance]
        if request.work_left is not None:
            self.settle_credit(instance)
        instance.residents.remove(request)
        self.leave_system(request, cause)
        self.after_leaving(request, instance)

    def after_leaving(self, request: Request, instance: Instance) -> None:
        instance.used = self.now
        instance.open_until = max(instance.open_until, self.now + request.linger)
        instance.last = request.row
        if instance.state == State.DRAINING:
            if not instance.residents:
                self.off(instance)
                self.replenish()
            return
        queue = self.queues[instance.pool]
        if self.capacity.queueing is not None:
            self.serve(instance.pool)
        while self.capacity.queueing is None and self.free(instance) and queue:
            self.begin(queue.pop(0), instance, Warmth.WARM, self.now)
        if instance.state != State.OFF and not instance.residents:
            self.set_times(instance.pool)
        self.idle_if_empty(instance)

    def kill(self, instance: Instance) -> None:
        failed = sorted(instance.residents, key=lambda request: request.row)
        self.queues[instance.pool][:0] = instance.bound
        instance.residents = []
        instance.bound = []
        self.off(instance)
        for request in failed:
            self.leave_system(request, Cause.MEMORY)
        self.replenish()
