"""Visits of requests, phase by phase: what is done, kept, lost and done again."""

from __future__ import annotations

from sim.engine.contract import NEVER, Cause, Parting, Resume, State, Warmth

from .things import MILLION, Execution, Instance, Request, Visit
from .world import World


class Visiting(World):
    """Recovery, Waits that free and Checkpoints of the contract."""

    def open_visit(self, request: Request, instance: Instance, warmth: Warmth, bound: int) -> None:
        request.visits.append(Visit(request.admitted, bound, self.now, instance.number, warmth))
        request.open = request.visits[-1]
        request.mode = "begun"
        request.worked = request.since_write = 0
        request.saving = False

    def set_off(self, request: Request) -> None:
        """What a request does first on an instance."""
        recovery = self.capacity.recovery
        if self.checkpoints is not None:
            self.next_piece(request)
        elif recovery is not None and recovery.replay and request.place > 0:
            request.mode = "replay"
            request.work_left = recovery.replay * request.place * MILLION
            request.replay = recovery.replay * request.place
            self.settle_credit(self.instances[request.instance])
        else:
            self.next_phase(request, over=0)

    # Checkpoints

    def next_piece(self, request: Request) -> bool:
        """Begin restoring, or a piece of work that ends with a step or at a write, or that write; False at the end."""
        rule = self.checkpoints
        assert rule is not None
        if request.mode == "begun" and request.position > 0:
            request.mode = "restore"
            if rule.restore > 0:
                request.piece, request.wait_until = rule.restore, self.now + rule.restore
                return True
        if request.position == request.whole:
            return False
        if request.since_write == rule.every and request.mode == "work":
            request.mode = "write"
            if rule.write > 0:
                request.piece, request.wait_until = rule.write, self.now + rule.write
                return True
        if request.mode == "write":
            self.written(request)
            if self.goes_back(request):
                self.go_back(request)
                return True
        request.mode = "work"
        request.piece = request.ends[request.place] - request.position
        if rule.every != NEVER:
            request.piece = min(request.piece, rule.every - request.since_write)
        assert request.piece > 0
        request.wait_until = self.now + request.piece
        self.execute(request)
        return True

    def end_piece(self, request: Request) -> None:
        request.wait_until = None
        if request.saving:
            self.part(request, Parting.SAVED)
            return
        if request.mode == "work":
            self.advance(request, request.piece)
            if request.position == request.ends[request.place]:
                self.step_ended[request.steps[request.place][0]] = self.now
                request.executions[-1].over = True
                request.executions[-1].left = self.now
                request.place += 1
        if not self.next_piece(request):
            self.leave_instance(request, Cause.NONE)

    def advance(self, request: Request, work: int) -> None:
        request.position += work
        request.since_write += work
        request.worked += work
        request.executions[-1].done += work

    def written(self, request: Request) -> None:
        request.saved = request.position
        request.since_write = 0

    def goes_back(self, request: Request) -> bool:
        rule, market = self.checkpoints, self.capacity.market
        if rule is None or not rule.returns or market is None:
            return False
        lease = self.instances[request.instance].offer
        return any(offer.after == 0 and self.is_open(offer) for offer in market.offers[:lease])

    def go_back(self, request: Request) -> None:
        instance = self.instances[request.instance]
        if instance.state != State.DRAINING:
            instance.warm = False
            self.turn(instance, State.DRAINING)
        self.replenish()
        self.part(request, Parting.RETURNED)

    def execute(self, request: Request) -> None:
        """Write down that a step is being done, from here on."""
        step, *_ = request.steps[request.place]
        last = request.executions[-1] if request.executions else None
        if last is None or last.step != step or last.visit is not request.open:
            assert request.open is not None
            request.executions.append(Execution(step, self.now, request.open, request.position))

    def stop_working(self, request: Request) -> None:
        """Count the piece of work that is broken off."""
        if request.mode == "work" and request.wait_until is not None:
            self.advance(request, self.now - (request.wait_until - request.piece))

    def visit_would_end(self, request: Request) -> int:
        """When a visit with checkpoints would be over, if it was left alone: played through."""
        rule = self.checkpoints
        assert rule is not None and request.wait_until is not None and request.open is not None
        limit = self.capacity.duration_limit
        crash = request.open.started + limit if limit != NEVER else None
        time, position, mode, since = request.wait_until, request.position, request.mode, request.since_write
        if mode == "work":
            position, since = position + request.piece, since + request.piece
        now = self.now
        while position < request.whole:
            if mode == "work" and since == rule.every:
                mode, time = "write", time + rule.write
            if mode == "write":
                since = 0
                self.now = time
                back = self.goes_back(request)
                self.now = now
                if back:
                    break
            piece = request.whole - position
            if rule.every != NEVER:
                piece = min(piece, rule.every - since)
            mode, time, position, since = "work", time + piece, position + piece, since + piece
        return time if crash is None else min(time, crash)

    # The end of a visit

    def part(self, request: Request, parting: Parting) -> None:
        """End a visit of a request that stays in the system."""
        instance = self.instances[request.instance]
        if parting == Parting.INTERRUPTED:
            self.stop_working(request)
        if parting == Parting.SAVED:
            request.saved = request.position
        self.close_visit(request, parting)
        if parting != Parting.FREED:
            self.roll_back(request, parting)
        self.off_instance(request, instance)
        if parting == Parting.FREED:
            return
        if parting == Parting.RETURNED:
            self.admit_again(request)
            return
        request.interruptions += 1
        recovery = self.capacity.recovery
        assert recovery is not None
        if request.interruptions == recovery.attempts:
            self.leave_system(request, Cause.INTERRUPTED)
        else:
            request.retry_at = self.now + recovery.again

    def close_visit(self, request: Request, parting: Parting) -> None:
        visit = request.open
        if visit is None:
            return
        request.open = None
        visit.ended = self.now
        visit.parting = parting
        self.count_overhead(request, visit)

    def count_overhead(self, request: Request, visit: Visit) -> None:
        if self.checkpoints is not None:
            visit.overhead = self.now - visit.started - request.worked
        elif request.mode == "replay":
            left = max(0, request.work_left or 0)
            visit.overhead = (request.replay * MILLION - left) // MILLION
        else:
            visit.overhead = request.replay
        request.replay = 0

    def off_instance(self, request: Request, instance: Instance) -> None:
        """What is left to do for an instance that a request leaves, when it stays in the system."""
        if request.work_left is not None:
            self.settle_credit(instance)
            request.work_left = None
        if request not in instance.residents:
            return
        instance.residents.remove(request)
        self.after_leaving(request, instance)

    def roll_back(self, request: Request, parting: Parting) -> None:
        """Go back to where the request goes on, and write down what is done again."""
        recovery = self.capacity.recovery
        assert recovery is not None
        if recovery.resume == Resume.CHECKPOINT:
            kept = [e for e in request.executions if e.over and e.begin + e.done <= request.saved]
            again = [e for e in request.executions if e not in kept]
            for e in again:
                self.repeat(request, e, max(0, min(e.begin + e.done, request.saved) - e.begin))
                if e.over:
                    self.step_ended[e.step] = NEVER
            request.position = request.saved
            request.place = sum(1 for end in request.ends if end <= request.saved)
            request.executions = []
        elif recovery.resume == Resume.RESTART:
            for e in request.executions:
                self.repeat(request, e, 0)
                self.step_ended[e.step] = NEVER
            request.executions = []
            request.place = 0
        else:
            for e in request.executions:
                if not e.over:
                    self.repeat(request, e, 0)
            request.executions = [e for e in request.executions if e.over]
        request.wait_until = None

    def repeat(self, request: Request, execution: Execution, kept: int) -> None:
        place = next(k for k, s in enumerate(request.steps) if s[0] == execution.step)
        step, cpu, *_, wait = request.steps[place]
        if self.checkpoints is not None:
            start = request.ends[place] - cpu - wait
            offset = execution.begin - start
            computed = max(0, min(offset + execution.done, cpu) - offset)
            waited = execution.done - computed
        elif execution.over:
            computed, waited = cpu, wait
        else:
            computed = cpu if request.work_left is None else (cpu * MILLION - max(0, request.work_left)) // MILLION
            waited = 0 if request.wait_until is None else self.now - (request.wait_until - wait)
        if computed + waited > 0:
            left = execution.left if execution.over else self.now
            self.repeats.append((step, execution.began, left, int(execution.over), computed, waited, kept))

    def admit_again(self, request: Request) -> None:
        request.admitted = self.now
        self.expect(request)
        self.place_again(request)
        if self.capacity.buffer:
            self.replenish()
