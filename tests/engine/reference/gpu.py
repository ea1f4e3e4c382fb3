"""GPU time of residents."""

from __future__ import annotations

from sim.engine.contract import Kind

from .things import MILLION, Instance, Request
from .world import World


class GpuTime(World):
    """`sim.engine.contract.gpu`."""

    def prefilling(self, instance: Instance) -> list[Request]:
        return [request for request in instance.residents if request.prefill_left is not None]

    def decoding(self, instance: Instance) -> list[Request]:
        return [request for request in instance.residents if request.decode_left is not None]

    def gpu_paces(self, instance: Instance) -> tuple[int, int]:
        """Progress of each in prefill and of each in decode, in millionths."""
        gpu = self.capacity.gpu
        assert gpu is not None
        p, d = len(self.prefilling(instance)), len(self.decoding(instance))
        beside_prefill = gpu.prefill_slows * (p - 1) + gpu.decode_slows * d
        beside_decode = gpu.prefill_slows * p + gpu.decode_slows * (d - 1)
        prefill = gpu.prefill_speed * MILLION // (MILLION + beside_prefill) if p else 0
        decode = gpu.decode_speed * MILLION // (MILLION + beside_decode) if d else 0
        return max(1, prefill), max(1, decode)

    def phase_ends(self, instance: Instance) -> list[tuple[int, Kind, int]]:
        """The next end of a prefill and the next of a decode."""
        events = []
        if self.prefilling(instance):
            left, row = min((r.prefill_left or 0, r.row) for r in self.prefilling(instance))
            events.append((self.now + max(0, -(-left // self.gpu_paces(instance)[0])), Kind.END, row))
        if self.decoding(instance):
            left, row = min((r.decode_left or 0, r.row) for r in self.decoding(instance))
            events.append((self.now + max(0, -(-left // self.gpu_paces(instance)[1])), Kind.END, row))
        return events

    def pass_gpu_time(self, instance: Instance, elapsed: int) -> None:
        if self.capacity.gpu is None:
            return
        prefill, decode = self.gpu_paces(instance)
        for request in self.prefilling(instance):
            assert request.prefill_left is not None
            request.prefill_left -= prefill * elapsed
        for request in self.decoding(instance):
            assert request.decode_left is not None
            request.decode_left -= decode * elapsed

    def in_a_step(self, request: Request) -> bool:
        states = (request.work_left, request.prefill_left, request.decode_left, request.wait_until)
        return request.calling or any(state is not None for state in states)

    def gpu_spent(self, request: Request) -> int:
        """Microseconds of GPU time that are done of the step it is in."""
        if not self.in_a_step(request) or request.work_left is not None:
            return 0
        _, _, prefill, decode, _ = request.steps[request.place]
        if request.prefill_left is not None:
            return (prefill * MILLION - max(0, request.prefill_left)) // MILLION
        if request.decode_left is not None:
            return prefill + (decode * MILLION - max(0, request.decode_left)) // MILLION
        return prefill + decode
