"""Closed forms of queueing theory, against which a run can be held.

Each says its formula and where it is from. Rates and times are in any one unit of time.

==================================== ============================================
`MMc`                                M/M/1 and M/M/c
`MMcK`                               M/M/c/K, with requests lost
`erlang_b`, `erlang_c`               shares lost, and waiting
`MG1`                                M/G/1, Pollaczek-Khinchine
`MGInfinity`                         M/G/infinity
`PriorityMG1`, `PriorityMMc`          classes of requests, the first served first
`ShortestFirst`                      M/G/1, the shortest served first
`Batch`                              sequences that slow each other on a GPU
`ProcessorSharing`                   cores shared by all requests on an instance
`Ladder`, `OneAtATime`, `AllAtOnce`  an instance that suspends, stops, archives
`ScaleByRequest`                     a pool that scales to zero
`Checkpointed`, `Restarted`          work that is interrupted, and saved or not
`Durable`                            steps whose results are kept
`Availability`                       a zone that is up and down in turn
==================================== ============================================
"""

from sim.theory.checkpoints import Availability, Checkpointed, Durable, Restarted
from sim.theory.general import MG1, MGInfinity, ProcessorSharing
from sim.theory.lifecycle import AllAtOnce, Ladder, OneAtATime, Rung, ScaleByRequest
from sim.theory.markov import MMc, MMcK, erlang_b, erlang_c
from sim.theory.priorities import Batch, PriorityMG1, PriorityMMc, ShortestFirst

__all__ = [
    "MG1", "AllAtOnce", "Availability", "Batch", "Checkpointed", "Durable", "Ladder", "MGInfinity", "MMc", "MMcK",
    "OneAtATime", "PriorityMG1", "PriorityMMc", "ProcessorSharing", "Restarted", "Rung", "ScaleByRequest",
    "ShortestFirst", "erlang_b", "erlang_c",
]  # fmt: skip
