"""Lives of instances: the bathtub law, and recorded lives that were not all seen to their end."""

import gzip
import math
from pathlib import Path

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import scipy.stats

from sim.distributions import count, duration
from sim.errors import AdvisedError

DATA = Path(__file__).parent.parent / "scenarios" / "data"


def test_bathtub_is_the_curve_that_was_fitted_to_preemptions():
    law, share, early, late, end = count("bathtub(share=0.45, early=1.2, late=0.8, end=24)"), 0.45, 1.2, 0.8, 24.0
    t = np.linspace(0.0, 23.999, 50)
    below = share * (1 - np.exp(-t / early) + np.exp((t - end) / late) - math.exp(-end / late))
    np.testing.assert_allclose(1.0 - law.law.tail(t), below, atol=1e-14)
    rest = 1 - share * (2 - math.exp(-end / early) - math.exp(-end / late))
    for k in (1, 2):  # by its density, and the point at the end
        density = scipy.integrate.quad(
            lambda x, k=k: x**k * share * (math.exp(-x / early) / early + math.exp((x - end) / late) / late), 0, end,
            epsabs=1e-12)[0]  # fmt: skip
        assert law.law.moment(k) == pytest.approx(density + rest * end**k, rel=1e-10)
    drawn = law.quantile(np.linspace(0.0005, 0.9995, 1000))
    assert abs(np.mean(drawn == end) - rest) <= 0.001
    assert drawn.max() == end


def test_a_bathtub_with_more_than_all_lives_is_refused():
    with pytest.raises(AdvisedError, match=r"0\.6 of all lives in each of two flanks are more than all; write"):
        duration("bathtub(share=0.6, early=1 h, late=1 h, end=24 h)")


LIVES = "life,event,zone\n2,died,a\n3,stopped,a\n3,died,a\n5,stopped,a\n7,died,a\n9,stopped,b\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "lives.csv").write_text(LIVES)
    return tmp_path


def lives(**keys):
    return {"samples": "lives.csv", "column": "life", "ended": {"event": "died"}} | keys


def test_lives_cut_off_by_hand(folder):
    """Six begin; at 2 one of 6 dies, at 3 one of 5 (the one stopped at 3 was there), at 7 one of 2, the last at 9."""
    law = count(lives()).load(folder)
    assert law.values == (2, 3, 7, 9)
    surviving = np.cumprod([5 / 6, 4 / 5, 1 / 2, 0])
    np.testing.assert_allclose(law.law.tail(np.array([2.0, 3.0, 7.0, 9.0])), surviving, atol=1e-15)
    assert law.mean == pytest.approx(2 / 6 + 3 * (5 / 6 / 5) + 7 * (4 / 6 / 2) + 9 * (4 / 6 / 2))
    assert law.quantile(np.array([0.1, 0.17, 0.4, 0.66, 0.67, 1 - 2**-53])).tolist() == [2, 3, 7, 7, 9, 9]


def test_where_none_is_cut_off_it_is_the_empirical_law(folder):
    law, plain = (count({"samples": "lives.csv", "column": "life", "where": {"event": "died"}} | more).load(folder)
                  for more in ({"ended": {"event": "died"}}, {}))
    u = np.array([0.05, 0.3, 0.4, 0.9])
    assert law.quantile(u).tolist() == plain.quantile(u).tolist()
    assert law.mean == pytest.approx(plain.mean)


def test_they_are_shown_as_text_that_parses():
    law = count(lives(where={"zone": "a"}))
    assert count(law.show()) == law
    assert law != count({"samples": "lives.csv", "column": "life", "where": {"zone": "a"}})


@pytest.mark.parametrize(("keys", "message"), [
    ({"ended": "died"}, "`ended` of recorded samples is not a mapping; write such as `ended: {event: preempted}`"),
    ({"ended": {"even": "died"}}, "has no column `even`; did you mean `event`?"),
    ({"ended": {"event": "dead"}}, "no time of .* was seen to its end; in `event`, did you mean `died`"),
    ({"ended": {"event": "died"}, "where": {"zone": "b"}}, "no time of .* was seen to its end; look at the file"),
])  # fmt: skip
def test_errors(folder, keys, message):
    with pytest.raises(AdvisedError, match=message):
        count(lives(**keys)).load(folder)


PREEMPTED = {"samples": "gcp-preemptible-vm.csv.gz", "column": "lifetime_s", "unit": "s",
             "ended": {"event": "preempted"}}  # fmt: skip


def recorded_lives(zone):
    with gzip.open(DATA / "gcp-preemptible-vm.csv.gz", "rt") as file:
        rows = [line.rstrip().split(",") for line in file][1:]
    return [(float(life), event == "preempted") for where, _, life, event in rows if where == zone]


def censored(lives):
    return scipy.stats.CensoredData.right_censored([life for life, _ in lives], [not seen for _, seen in lives])


@pytest.mark.parametrize("zone", ["us-central1-c", "us-west1-a"])
def test_recorded_preemptions_are_estimated_as_scipy_does(zone):
    law = duration(PREEMPTED | {"where": {"zone": zone}}).load(DATA)
    curve = scipy.stats.ecdf(censored(recorded_lives(zone))).sf
    before_last = curve.quantiles < max(life for life, _ in recorded_lives(zone))
    ours = law.law.tail(np.rint(curve.quantiles * 1e6))
    np.testing.assert_allclose(ours[before_last], curve.probabilities[before_last], atol=1e-12)
    naive = duration({key: value for key, value in PREEMPTED.items() if key != "ended"} | {
        "where": {"zone": zone, "event": "preempted"}}).load(DATA)  # fmt: skip
    assert law.mean > 1.1 * naive.mean  # those that were stopped would have lived longer


@pytest.mark.parametrize(("zone", "shape", "scale"), [("us-central1-c", 0.625, 15.1), ("us-west1-a", 1.213, 21.0)])
def test_the_weibull_laws_that_are_told_of_them_are_the_likeliest(zone, shape, scale):
    fitted = scipy.stats.weibull_min.fit(censored(recorded_lives(zone)), floc=0)
    assert (fitted[0], fitted[2] / 3600) == (pytest.approx(shape, abs=6e-4), pytest.approx(scale, abs=0.06))
    told = next(line for line in (DATA / "README.md").read_text().splitlines() if line.startswith(f"| {zone} |"))
    assert told.endswith(f"| {shape:.3f} | {scale:.1f} |")
