"""GPU time: what it is, and how residents of an instance share it.

A step's GPU time comes after its CPU time and before its waiting, in two phases: prefill, then decode (work of one
phase, such as a picture, is all decode). Each is a length on a GPU of nominal speed with nobody beside. While ``p``
residents of an instance are in prefill and ``d`` in decode, each in a phase does `gpu_pace` millionths of a microsecond
of work in a microsecond. Of the residents in prefill, the one with the least ``(remaining work, row)`` ends it next, at
the first microsecond at which nothing remains, and so of those in decode; the end that is first in time happens, of
equals the lower row's; when that time comes, only that phase ends, and all others are looked at again, as with CPU time
(see Work). Remaining work is not clipped at 0. Waiting for memory, slots and order are `sim.engine.contract.queueing`.

Progress is fluid, as CPU's is: a sequence does not wait for the next whole iteration of its batch. An iteration lasts
some 30 to 50 ms and a request many seconds, so what is left out is less than one iteration in each phase; in return an
event happens when somebody comes or goes, not 30 times a second, and what theory knows of processor sharing holds.

Where it comes from: the time between tokens of a batch of ``B`` sequences grows as ``a + b B``
(Patel et al., "Splitwise", ISCA 2024, performance model of Llama-2-70B on 8 H100 and 8 A100; largest error of the line
1.0 ms and 3.7 ms), which is ``alone * (1 + decode_slows * (B - 1))``; prompts of a batch take as long as one after the
other, which is ``prefill_slows`` of all. A share ``1 / k`` for each of ``k`` is both at all.
"""

from __future__ import annotations

from dataclasses import dataclass

from sim.engine.contract.words import CORE


@dataclass(frozen=True, slots=True)
class Gpu:
    """The GPU (or the GPUs that work as one) of an instance.

    Attributes
    ----------
    prefill_speed, decode_speed : int
        Against a nominal GPU, in millionths, at least 1.
    prefill_slows, decode_slows : int
        How much longer everybody else takes for each resident that is in prefill, and in decode: millionths of the time
        alone.
    """

    prefill_speed: int = CORE
    decode_speed: int = CORE
    prefill_slows: int = 0
    decode_slows: int = 0


def gpu_pace(gpu: Gpu, prefilling: int, decoding: int, decode: bool) -> int:
    """Progress of each resident in a phase.

    Parameters
    ----------
    gpu : Gpu
    prefilling, decoding : int
        Residents in each phase; at least 1 in the one that is asked for.
    decode : bool
        Whether it is asked for decode (else for prefill).

    Returns
    -------
    int
        Millionths of a microsecond of work done in a microsecond, at least 1.
    """
    speed, own = (gpu.decode_speed, gpu.decode_slows) if decode else (gpu.prefill_speed, gpu.prefill_slows)
    length = CORE + gpu.prefill_slows * prefilling + gpu.decode_slows * decoding - own
    return max(1, speed * CORE // length)
