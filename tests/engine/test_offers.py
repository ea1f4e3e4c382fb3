"""Offers as a model reads them: recordings replayed by hand, cycles and lives by their laws, policies by arithmetic."""

import csv
import dataclasses
import gzip
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import scipy.stats

from sim.engine.contract import NEVER, Resume
from sim.engine.offers import interval, mean_life, offers, prices
from sim.engine.policies import daly, exact, young
from sim.scenario.market import Checkpoint, Recovery, Spot
from sim.theory import Availability
from sim.units import DAY, HOUR, MINUTE, SECOND
from tests.engine.cases import demand
from tests.engine.test_lower import BOUND

S = SECOND
TIMES = 300
DATA = Path(__file__).parents[2] / "scenarios" / "data"
SPOT_FILE = {"file": "spot-aws-v100.csv.gz", "zone": "zone", "price": "price_usd_h"}


def bound(recovery=None, **spot):
    return dataclasses.replace(BOUND, spot=Spot.model_validate(spot),
                               recovery=Recovery.model_validate(recovery) if recovery else None)


def lowered(deployment, horizon=30 * DAY, pools=1, directory=DATA, seed=1, replication=0):
    return offers(deployment, demand([0], [[(0, HOUR)]], horizon=horizon, stop=horizon), pools, directory, seed,
                  replication)  # fmt: skip


def up_at(offer, times):
    """Whether an offer is up at each time, looking at one window after the other."""
    return np.array([any(opens <= t and (t < closes or closes == NEVER) for opens, closes in zip(
        offer.opens.tolist(), offer.closes.tolist(), strict=True)) for t in times])


def recorded(zone):
    with gzip.open(DATA / "spot-aws-v100.csv.gz", "rt") as file:
        rows = [row for row in csv.DictReader(file) if row["zone"] == zone]
    return [(int(row["t_s"]), row["available"] == "1", Decimal(row["price_usd_h"])) for row in rows]


@pytest.mark.parametrize("zone", ["us-east-1c", "us-west-2b"])
def test_a_recording_is_played_tick_by_tick(zone):
    market = lowered(bound(zones=[zone], trace=SPOT_FILE, notice="2 min"))["market"]
    (offer,) = market.offers
    assert offer.notice == 120 * S
    rows = recorded(zone)
    ticks = np.arange(0, rows[-1][0], 195)
    said = [next(up for at, up, _ in reversed(rows) if at <= tick) for tick in ticks[:3000]]
    assert up_at(offer, ticks[:3000] * S).tolist() == said
    closes = np.where(offer.closes == NEVER, 2**62, offer.closes)
    assert (np.diff(np.column_stack([offer.opens, closes]).ravel()) > 0).all()
    # Every change to 0 is the end of a window. After its end it begins again, at its first row.
    lost = sum(1 for (_, was, _), (_, now, _) in pairwise(rows) if was and not now)
    assert ((offer.closes < rows[-1][0] * S) & (offer.closes > 0)).sum() == lost


def test_a_recording_may_begin_later_and_begins_again():
    rows = recorded("us-west-2a")
    end = rows[-1][0]
    shifted = lowered(bound(zones=["us-west-2a"], trace=SPOT_FILE | {"shift": "20 days"}))
    times = np.arange(0, 30 * 86_400, 7_000)
    said = [next(up for at, up, _ in reversed(rows) if at <= (t + 20 * 86_400) % end) for t in times]
    assert up_at(shifted["market"].offers[0], times * S).tolist() == said


def test_at_random_all_zones_begin_at_one_place_and_replications_elsewhere():
    asked = bound(zones=["us-west-2a", "us-west-2b"], trace=SPOT_FILE | {"shift": "random"})
    one, same, other = (lowered(asked, replication=number)["market"].offers for number in (4, 4, 5))
    assert one[0].opens.tolist() == same[0].opens.tolist() != other[0].opens.tolist()
    end = recorded("us-west-2a")[-1][0]
    grid = np.arange(0, 10 * 86_400, 195)
    shifts = []
    for offer, zone in zip(one, ("us-west-2a", "us-west-2b"), strict=True):
        rows = recorded(zone)
        at, up = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
        seen = up_at(offer, grid * S)
        fits = [shift for shift in range(0, end, 390) if np.mean(
            up[np.searchsorted(at, (grid[::20] + shift) % end, side="right") - 1] == seen[::20]) > 0.98]
        shifts.append(set(fits))
    assert shifts[0] & shifts[1], "zones are shifted alike"


def test_recorded_prices_follow_the_recording():
    asked = bound(zones=["us-east-1c"], trace=SPOT_FILE | {"shift": "3 days"}, on_demand="now")
    first, last = prices(asked, DATA, 1, 0, 30 * DAY)
    assert last is None
    rows = recorded("us-east-1c")
    for t in range(0, 29 * 86_400, 40_000):
        said = next(price for at, _, price in reversed(rows) if at <= (t + 3 * 86_400) % rows[-1][0])
        assert first.rate[int(np.searchsorted(first.begin, t * S, side="right")) - 1] == said
    assert prices(bound(lifetime="1 h", price="$0.92/h"), DATA, 1, 0, DAY)[0].rate == (Decimal("0.92"),)
    assert prices(bound(lifetime="1 h"), DATA, 1, 0, DAY) == (None,)


def test_a_cycle_is_there_for_its_share_of_time_from_the_beginning_on():
    asked = bound(zones=["a", "b"], availability={"up": "weibull(mean=3 h, cv=2)", "down": "uniform(0 s, 2 h)"})
    zone, times = Availability(3.0, 1.0), np.array([0, 1, 24]) * HOUR
    runs = [lowered(asked, replication=number, horizon=2 * DAY)["market"].offers for number in range(TIMES)]
    seen = np.array([[up_at(offer, times) for offer in run] for run in runs])
    for hits in seen.sum(axis=0).ravel():
        low, high = scipy.stats.binom.ppf([0.0005, 0.9995], TIMES, zone.share)
        assert low <= hits <= high
    both = seen[:, 0, 1] & seen[:, 1, 1]  # zones come and go by themselves
    assert abs(both.mean() - zone.share**2) < 4 * np.sqrt(zone.share**2 / TIMES)


def test_outages_take_all_zones_and_cut_their_times():
    cycle = {"up": "exponential(mean=5 h)", "down": "exponential(mean=2 h)"}
    asked = bound(zones=["a", "b"], outages=cycle)
    one, other = lowered(asked)["market"].offers
    assert one.opens.tolist() == other.opens.tolist() and len(one.opens) > 50
    with_own = lowered(bound(zones=["a"], outages=cycle, availability=cycle))["market"].offers[0]
    own = lowered(bound(zones=["a"], availability=cycle))["market"].offers[0]
    times = np.arange(0, 30 * DAY, 13 * MINUTE)
    assert (up_at(with_own, times) == up_at(one, times) & up_at(own, times)).all()


def test_lives_follow_their_law_and_differ_between_pools_zones_and_replications():
    asked = bound(zones=["a", "b"], lifetime="weibull(mean=5 h, shape=0.6)", notice="2 min", noticed="90%")
    first, second = lowered(asked, pools=3)["market"].offers
    assert first.lives.shape == first.noticed.shape and len(first.lives) == 3
    law = scipy.stats.weibull_min(0.6, scale=5 * HOUR / scipy.special.gamma(1 + 1 / 0.6))
    assert scipy.stats.kstest(first.lives[0][:4000], law.cdf).pvalue > 1e-4
    share = first.noticed.mean()
    assert abs(share - 0.9) < 4 * np.sqrt(0.09 / first.noticed.size)
    again = lowered(asked, pools=3, replication=1)["market"].offers[0]
    seen = [first.lives[0], first.lives[1], second.lives[0], again.lives[0]]
    assert len({tuple(one[:5].tolist()) for one in seen}) == 4
    assert abs(np.corrcoef(first.lives[0], second.lives[0])[0, 1]) < 0.05
    calm = lowered(bound(zones=["a"], outages={"up": "5 h", "down": "1 h"}))["market"].offers[0]
    assert (calm.lives == NEVER).all() and calm.noticed.all()


@pytest.mark.parametrize(("said", "after", "by_deadline"), [
    ("now", 0, False), ("10 min", 600 * S, False), ("deadline", NEVER, True)])
def test_on_demand_is_the_last_offer(said, after, by_deadline):
    found = lowered(bound(lifetime="5 h", on_demand=said))["market"].offers
    assert len(found) == 2
    assert (found[1].after, found[1].by_deadline) == (after, by_deadline)
    assert (found[1].opens.tolist(), found[1].closes.tolist()) == ([0], [NEVER])
    assert (found[1].lives == NEVER).all()
    assert len(lowered(bound(lifetime="5 h"))["market"].offers) == 1
    assert offers(BOUND, demand([0], [[(0, 1)]]), 1, DATA, 1, 0) == {}


def test_recovery():
    none = lowered(bound(lifetime="5 h"))["recovery"]
    assert (none.resume, none.attempts, none.again, none.checkpoints) == (Resume.RESTART, NEVER, 0, None)
    fail = lowered(bound({"resume": "fail"}, lifetime="5 h"))["recovery"]
    assert fail.attempts == 1  # the first interruption is the last
    durable = lowered(bound({"resume": "durable", "replay": "50 ms", "again": "30 s", "attempts": 3}, lifetime="5 h"))
    assert durable["recovery"].resume == Resume.DURABLE
    found = durable["recovery"]
    assert (found.replay, found.again, found.attempts) == (50_000, 30 * S, 3)
    writes = {"every": "10 min", "write": "30 s", "restore": "1 min"}
    saved = lowered(bound({"checkpoint": writes}, lifetime="5 h", on_demand="now",
                          returns=True))["recovery"].checkpoints  # fmt: skip
    assert (saved.every, saved.write, saved.restore, saved.returns) == (600 * S, 30 * S, 60 * S, True)


@pytest.mark.parametrize(("every", "law"), [("young", young), ("daly", daly), ("exact", exact)])
def test_policies_take_the_mean_life(every, law):
    said = Checkpoint.model_validate({"every": every, "write": "2 min"})
    spot = Spot.model_validate({"lifetime": "weibull(mean=5 h, shape=0.6)"})
    assert interval(spot, said, DATA) == pytest.approx(law(120e6, 5 * HOUR), abs=1)


def test_what_can_take_an_instance_adds_up():
    spot = Spot.model_validate({"lifetime": "exponential(mean=6 h)", "availability": {"up": "3 h", "down": "1 h"},
                                "outages": {"up": "2 h", "down": "1 h"}})
    assert mean_life(spot, DATA) == pytest.approx(HOUR)  # 1/6 + 1/3 + 1/2 an hour
    trace = Spot.model_validate({"zones": ["us-east-1c", "us-west-2b"], "trace": SPOT_FILE})
    total = lost = 0
    for zone in trace.zones:
        rows = recorded(zone)
        for (at, up, _), (then, later, _) in pairwise(rows):
            total += (then - at) * up
            lost += up and not later and then < rows[-1][0]
    assert mean_life(trace, DATA) == pytest.approx(total * S / lost)
    assert mean_life(Spot.model_validate({"notice": "2 min"}), DATA) == float("inf")
    said = Checkpoint.model_validate({"every": "on-notice", "write": "2 min"})
    assert interval(spot, said, DATA) == NEVER
