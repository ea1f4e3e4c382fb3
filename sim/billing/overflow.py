"""Which requests come while all provisioned instances are busy, and so cost what they would without any."""

from __future__ import annotations

from heapq import heappop, heappush

import numpy as np

from sim.billing.kept import Kept
from sim.billing.records import Requests
from sim.engine.contract import Bools, Int64s
from sim.trace.window import Window


def overflows(requests: Requests, pool: Int64s, minimum: Kept, window: Window) -> Bools:
    """Say which requests found every provisioned instance of their pool busy.

    A provisioned instance serves one request at a time and is used before any other, as with AWS Lambda.

    Parameters
    ----------
    requests : Requests
    pool : int64[i]
        The pool of each instance.
    minimum : Kept
        Provisioned instances of each pool, over the window; before it, as many as at its begin.
    window : Window

    Returns
    -------
    bool[n]
        False of those that never began.
    """
    found = np.zeros(len(requests.started), dtype=np.bool_)
    began = np.flatnonzero(requests.started >= 0)
    began = began[np.argsort(requests.started[began], kind="stable")]
    kept = minimum.at(np.clip(requests.started[began] - window.begin, 0, window.length - 1))
    busy: dict[int, list[int]] = {}
    for request, number in zip(began.tolist(), kept.tolist(), strict=True):
        start, end = int(requests.started[request]), int(requests.ended[request])
        ends = busy.setdefault(int(pool[requests.instance[request]]), [])
        while ends and ends[0] <= start:
            heappop(ends)
        if len(ends) < number:
            heappush(ends, window.end if end < 0 else end)
        else:
            found[request] = True
    return found
