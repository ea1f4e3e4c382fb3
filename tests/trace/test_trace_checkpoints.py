"""Checkpoints that requests have, and read elsewhere: by hand."""

import dataclasses

import numpy as np

from sim.engine.contract import NEVER, Checkpoints, Outcome, Parting, Recovery, Resume, Visits
from sim.trace.checkpoints import written
from tests.engine import cases

RULE = Checkpoints(every=10, write=2, restore=3)


def outcome(rows, ended, offers):
    """Visits as (request, started, ended, instance, parting); the offer of each instance."""
    columns = np.array(rows, np.int64).reshape(-1, 5).T
    seen = Visits(request=columns[0], admitted=columns[1], bound=columns[1], started=columns[1], ended=columns[2],
                  instance=columns[3], warmth=np.zeros(len(rows), np.int8), parting=columns[4].astype(np.int8),
                  overhead=np.zeros(len(rows), np.int64))  # fmt: skip
    names = {field.name: np.zeros(0, np.int64) for field in dataclasses.fields(Outcome)}
    return Outcome(**{**names, "presence": 0, "ended": np.array(ended, np.int64), "visits": seen,
                      "offer": np.array(offers, np.int64)})  # fmt: skip


def made(work, rows, ended, offers, rule=RULE, zones=2, stop=1000):
    asked = cases.demand([0] * len(work), [[(0, one)] for one in work], stop=stop)
    served = dataclasses.replace(cases.capacity(len(work)), recovery=Recovery(Resume.CHECKPOINT, checkpoints=rule))
    found = written(asked, served, outcome(rows, ended, offers), zones)
    return list(zip(found.begin.tolist(), found.end.tolist(), strict=True)), found.moved.tolist()


LEFT, TAKEN, SAVED, RETURNED = (int(one) for one in (
    Parting.LEFT, Parting.INTERRUPTED, Parting.SAVED, Parting.RETURNED))  # fmt: skip


def test_a_request_has_one_from_its_first_write_until_it_leaves():
    # 25 of work from 100: a write from 110 to 112, and from 122 to 124; done at 129.
    assert made([25], [(0, 100, 129, 0, LEFT)], [129], [0]) == ([(112, 129)], [])
    # Work of one piece is never written.
    assert made([10], [(0, 100, 110, 0, LEFT)], [110], [0]) == ([], [])


def test_a_write_that_was_cut_off_is_none():
    # Taken at 111, within the first write: it begins anew on the next, and has one at 212.
    rows = [(0, 100, 111, 0, TAKEN), (0, 200, 229, 1, LEFT)]
    assert made([25], rows, [229], [0, 1]) == ([(212, 229)], [])


def test_reading_one_in_another_zone_is_told():
    # Taken at 115, with 10 kept; restored in zone 1 from 200 on, another 10 kept at 203 + 12; taken; ended on demand,
    # which is where zone 0 is.
    rows = [(0, 100, 115, 0, TAKEN), (0, 200, 220, 1, TAKEN), (0, 300, 308, 2, LEFT)]
    assert made([25], rows, [308], [0, 1, 2]) == ([(112, 308)], [200, 300])
    # In the same zone nothing is moved.
    assert made([25], rows, [308], [1, 1, 1]) == ([(112, 308)], [])


def test_on_notice_all_that_was_done_is_kept():
    rule = Checkpoints(every=NEVER, write=2, restore=3)
    rows = [(0, 100, 108, 0, SAVED), (0, 200, 222, 1, LEFT)]  # 6 done when it began to write
    assert made([25], rows, [222], [0, 1], rule) == ([(108, 222)], [200])
    # With an interval too: 14 done at 118, of which 10 had been written at 112.
    assert made([25], [(0, 100, 118, 0, SAVED), (0, 200, 214, 0, LEFT)], [214], [0]) == ([(112, 214)], [])


def test_one_that_is_left_when_the_run_stops_is_kept_until_then():
    assert made([500], [(0, 100, NEVER, 0, LEFT)], [NEVER], [0], stop=150) == ([(112, 150)], [])
    assert made([25], [(0, NEVER, NEVER, NEVER, LEFT)], [NEVER], [0]) == ([], [])
