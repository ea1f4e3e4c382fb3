"""The GPU of an instance, shared by its residents."""

from __future__ import annotations

from sim.engine.clock import ORDER, Clock
from sim.engine.contract import Gpu, Kind, gpu_pace
from sim.engine.sharing import Sharing

_END = ORDER[Kind.END]


class _Phase(Sharing):
    """Those who are in one phase. The pace of each phase depends on both, so both are looked at together."""

    other: _Phase

    def __init__(self, clock: Clock, gpu: Gpu, decode: bool) -> None:
        super().__init__(clock, _END, self._progress)
        self._gpu = gpu
        self._decode = decode

    def _progress(self, asking: int) -> int:
        others = len(self.other._asking)
        prefilling, decoding = (others, asking) if self._decode else (asking, others)
        return gpu_pace(self._gpu, prefilling, decoding, self._decode)

    def _advance(self) -> None:
        super()._advance()
        Sharing._advance(self.other)

    def _schedule(self) -> None:
        super()._schedule()
        Sharing._schedule(self.other)


class SharedGpu:
    """The GPU time of residents.

    Parameters
    ----------
    clock : Clock
    gpu : Gpu

    Attributes
    ----------
    prefill, decode : Sharing
    """

    def __init__(self, clock: Clock, gpu: Gpu) -> None:
        prefill, decode = _Phase(clock, gpu, decode=False), _Phase(clock, gpu, decode=True)
        prefill.other, decode.other = decode, prefill
        self.prefill: Sharing = prefill
        self.decode: Sharing = decode

    def left(self, key: int) -> int:
        """Give the microseconds of work that somebody still asks for in their phase, begun ones included."""
        return self.prefill.left(key) + self.decode.left(key)

    def withdraw(self, key: int) -> None:
        """Take somebody out whose work will not be done, if they ask for any."""
        self.prefill.withdraw(key)
        self.decode.withdraw(key)

    def stop(self) -> None:
        """Do nothing more."""
        self.prefill.stop()
        self.decode.stop()
