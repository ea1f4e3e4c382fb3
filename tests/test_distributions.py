"""Distributions against the standard library, scipy, quadrature and themselves."""

import dataclasses
import gzip
import hashlib
import math
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
import scipy.integrate
import scipy.special
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from sim import distributions, luck
from sim.distributions import Distribution, count, duration, parse, portable
from sim.errors import AdvisedError, InputError

LEVELS = np.concatenate([10.0 ** np.arange(-9, -2), np.linspace(0.01, 0.99, 99), 1 - 10.0 ** np.arange(-3, -10, -1)])
U = np.rint(LEVELS * 2.0**53) / 2.0**53  # numbers that luck can give: 1 - U is exact
DRAWS = luck.uniform(1, 0, luck.Stream.START, np.arange(20_000))


def sigma_of(mean, p95):
    """The smaller sigma of a lognormal distribution with this mean and p95, by root finding."""
    z = scipy.special.ndtri(0.95)
    return brentq(lambda s: z * s - s * s / 2 - math.log(p95 / mean), 0.0, z, xtol=1e-15)


def lognorm(mu, sigma):
    return scipy.stats.lognorm(s=sigma, scale=math.exp(mu))


S39 = sigma_of(3, 9)
Z = scipy.special.ndtri
WEIBULL_CV2 = brentq(lambda k: math.gamma(1 + 2 / k) / math.gamma(1 + 1 / k) ** 2 - 5, 0.3, 1, xtol=1e-15)
CONTINUOUS = {
    "uniform(1, 3)": scipy.stats.uniform(1, 2),
    "uniform(low=0, high=7)": scipy.stats.uniform(0, 7),
    "exponential(mean=2)": scipy.stats.expon(scale=2),
    "exponential(rate=4)": scipy.stats.expon(scale=0.25),
    "lognormal(mean=3, p95=9)": lognorm(math.log(3) - S39**2 / 2, S39),
    "lognormal(mean=3000, cv=2)": lognorm(math.log(3000) - math.log(5) / 2, math.sqrt(math.log(5))),
    "lognormal(mean=3, sigma=0.5)": lognorm(math.log(3) - 0.125, 0.5),
    "lognormal(median=2, sigma=1.5)": lognorm(math.log(2), 1.5),
    "lognormal(median=2, cv=1)": lognorm(math.log(2), math.sqrt(math.log(2))),
    "lognormal(p90=10, sigma=0.25)": lognorm(math.log(10) - 0.25 * Z(0.9), 0.25),
    "lognormal(median=2, p95=11)": lognorm(math.log(2), math.log(5.5) / Z(0.95)),
    "lognormal(p50=2, p99_9=50)": lognorm(math.log(2), math.log(25) / Z(0.999)),
    "lognormal(p5=1, p99.9=50)": lognorm(-Z(0.05) * math.log(50) / (Z(0.999) - Z(0.05)),
                                         math.log(50) / (Z(0.999) - Z(0.05))),
    "lognormal(mean=10, median=4)": lognorm(math.log(4), math.sqrt(2 * math.log(2.5))),
    "gamma(mean=3, cv=0.5)": scipy.stats.gamma(4, scale=0.75),
    "gamma(mean=3, cv=2)": scipy.stats.gamma(0.25, scale=12),
    "gamma(mean=3, shape=1)": scipy.stats.gamma(1, scale=3),
    "gamma(shape=90, scale=0.1)": scipy.stats.gamma(90, scale=0.1),
    "weibull(shape=0.6, scale=2)": scipy.stats.weibull_min(0.6, scale=2),
    "weibull(mean=2, shape=3)": scipy.stats.weibull_min(3, scale=2 / math.gamma(4 / 3)),
    "weibull(mean=2, cv=2)": scipy.stats.weibull_min(WEIBULL_CV2, scale=2 / math.gamma(1 + 1 / WEIBULL_CV2)),
    "pareto(minimum=2, shape=1.5)": scipy.stats.pareto(1.5, scale=2),
    "pareto(mean=2, shape=3)": scipy.stats.pareto(3, scale=4 / 3),
    "pareto(minimum=1, shape=0.9)": scipy.stats.pareto(0.9),
}  # fmt: skip
DISCRETE = {
    "geometric(mean=3)": scipy.stats.geom(1 / 3),
    "geometric(1.25)": scipy.stats.geom(0.8),
}
OTHERS = [
    "5", "geometric(mean=1)", "hyperexponential(mean=2, cv=3)", "empirical([3, 1, 2, 2])",
    "quantiles(p50=1, p90=2, p99=5, max=20)", "mixture(0.9: 1, 0.1: exponential(mean=50))",
    "mixture(1: gamma(mean=3, cv=2), 2: pareto(minimum=2, shape=1.5), max=40)",
    "mixture(70%: empirical([1, 4]), 30%: geometric(mean=3))", "lognormal(mean=3, p95=9, min=1, max=30)",
    "quantiles(p10=3, p50=3, p90=8, max=8, min=1)", "pareto(minimum=1, shape=1, max=50)", "geometric(mean=4, max=10)",
    "empirical([1, 5, 9], min=2, max=8)", "exponential(mean=2, min=1)", "uniform(1, 3, max=2)",
    "weibull(mean=2, shape=0.5, min=0.5, max=9)", "hyperexponential(mean=2, cv=1.01, max=6)",
    "bathtub(share=0.4, early=1, late=0.8, end=24)", "bathtub(share=0.5, early=30, late=2, end=24, max=20)",
]  # fmt: skip
ALL = [*CONTINUOUS, *DISCRETE, *OTHERS]


# Elementary functions


@pytest.mark.parametrize(("function", "reference", "x", "error"), [
    (portable.log, math.log, np.concatenate([10.0 ** np.linspace(-300, 300, 5000), np.linspace(0.5, 2, 5001)]), 6e-16),
    (portable.exp, math.exp, np.concatenate([np.linspace(-700, 700, 5000), np.linspace(-1, 1, 5001)]), 4e-16),
    (portable.ndtri, scipy.special.ndtri, np.concatenate([U, 2.0 ** -np.arange(1.0, 55), [1 - 2**-53]]), 2e-15),
    (portable.ndtr, scipy.special.ndtr, np.linspace(-37, 9, 5000), 2e-15),
])  # fmt: skip
def test_elementary_functions(function, reference, x, error):
    expected = np.array([reference(value) for value in x])
    assert np.all(np.abs(function(x) - expected) <= error * np.abs(expected))


def test_elementary_functions_at_the_edges():
    assert portable.log(np.array([0.0, 1.0])).tolist() == [-math.inf, 0.0]
    assert portable.exp(np.array([-math.inf, -746.0, 0.0, 710.0, math.inf])).tolist() == [0, 0, 1, math.inf, math.inf]
    assert portable.ndtr(np.array([-math.inf, 0.0, math.inf])).tolist() == [0.0, 0.5, 1.0]


@pytest.mark.parametrize("a", [1e-3, 0.1, 0.5, 1, 1.5, 2, 10, 14.99, 15, 400])
def test_logarithm_of_gamma(a):
    assert portable.lgamma(a) == pytest.approx(math.lgamma(a), rel=1e-14, abs=1e-14)


@pytest.mark.parametrize("a", [0.01, 0.5, 1, 3, 50, 1000])
def test_incomplete_gamma(a):
    x = np.concatenate([[0.0, math.inf], scipy.special.gammaincinv(a, U)])
    np.testing.assert_allclose(portable.gamma_upper(a, x), scipy.special.gammaincc(a, x), rtol=1e-11, atol=1e-16)


# Laws


@pytest.mark.parametrize("text", CONTINUOUS)
def test_quantiles_are_those_of_scipy(text):
    x, reference = count(text).quantile(U), CONTINUOUS[text]
    if "gamma" in text:  # found from the tail, where a probability below 1e-16 is lost
        np.testing.assert_allclose(reference.sf(x), 1 - U, rtol=1e-12)
        np.testing.assert_allclose(reference.cdf(x), U, rtol=1e-12, atol=1e-16)
    else:
        np.testing.assert_allclose(x, reference.ppf(U), rtol=1e-13)


@pytest.mark.parametrize("text", DISCRETE)
def test_discrete_quantiles_are_those_of_scipy(text):
    u = DRAWS[:2000]
    assert np.array_equal(count(text).integers(u), DISCRETE[text].ppf(u))


@pytest.mark.parametrize("text", [*CONTINUOUS, *DISCRETE])
def test_moments_are_those_of_scipy(text):
    law, reference = count(text), (CONTINUOUS | DISCRETE)[text]
    mean, variance = reference.stats("mv")
    assert law.mean == pytest.approx(float(mean), rel=1e-12)
    if law.mean < math.inf:  # else scipy says nan
        assert law.variance == pytest.approx(float(variance), rel=1e-11)


def integrate(law, power):
    """Integral of ``quantile ** power`` over the levels: Gauss-Legendre on pieces of ``-log(1 - u)``, up to 36."""
    nodes, weights = np.polynomial.legendre.leggauss(6)
    edges = np.linspace(0, 36, 7201)
    half = np.diff(edges)[:, None] / 2
    t = (edges[:-1, None] + half) + half * nodes
    return float(np.sum(half * weights * law.quantile(-np.expm1(-t)) ** power * np.exp(-t)))


@pytest.mark.parametrize("text", [text for text in ALL if "pareto(minimum=2" not in text and "shape=0.9" not in text])
def test_moments_are_integrals_of_the_quantile_function(text):
    law = count(text)
    steps = any(kind in text for kind in ("empirical", "geometric", "mixture", "bathtub", "uniform(1, 3, max"))
    assert law.mean == pytest.approx(integrate(law, 1), rel=1e-3 if steps else 1e-5)
    if not math.isinf(law.variance) and "mean=2, shape=3" not in text:
        assert law.variance + law.mean**2 == pytest.approx(integrate(law, 2), rel=1e-3 if steps else 1e-4)


def test_infinite_moments():
    assert count("pareto(minimum=2, shape=1)").mean == math.inf
    assert count("pareto(minimum=2, shape=1)").variance == math.inf
    assert count("pareto(minimum=2, shape=2)").mean == 4
    assert count("pareto(minimum=2, shape=2)").variance == math.inf
    assert count("mixture(0.9: 1, 0.1: pareto(minimum=2, shape=2))").variance == math.inf
    assert count("pareto(minimum=1, shape=1, max=50)").mean == pytest.approx(1 + math.log(50))
    assert count("pareto(minimum=1, shape=0.5, max=4)").mean == pytest.approx(1 + 2 * (math.sqrt(4) - 1))


@pytest.mark.parametrize("text", ALL)
def test_tail_is_what_the_quantile_leaves(text):
    law = count(text)
    x = law.quantile(U)
    assert np.all(law.law.tail(x * (1 + 1e-12)) <= 1 - U + 1e-12)
    assert np.all(law.law.tail(np.maximum(x * (1 - 1e-9), 0)) >= (1 - U) * (1 - 1e-6) - 1e-12)


@pytest.mark.parametrize("text", ["lognormal(mean=3, p95=9)", "gamma(mean=3, cv=2)", "weibull(mean=2, shape=3)",
                                  "exponential(mean=2)", "uniform(1, 3)", "pareto(mean=2, shape=3)"])  # fmt: skip
@pytest.mark.parametrize("k", [0, 1, 2])
def test_partial_moments_are_integrals_of_the_density(text, k):
    density = CONTINUOUS[text].pdf
    low, high = CONTINUOUS[text].ppf([0.3, 0.8])
    expected = scipy.integrate.quad(lambda x: x**k * density(x), low, high, epsabs=1e-13)[0]
    assert count(text).law.between(np.array([low]), high, k)[0] == pytest.approx(expected, rel=1e-9)


def test_hyperexponential():
    law = count("hyperexponential(mean=2, cv=3)")
    assert law.mean == pytest.approx(2)
    assert math.sqrt(law.variance) / law.mean == pytest.approx(3)
    first = (1 + math.sqrt(0.8)) / 2
    rates = np.array([first, 1 - first])  # 2 p / mean: balanced
    tails = np.exp(-np.outer(law.quantile(U), rates)) @ [first, 1 - first]
    np.testing.assert_allclose(tails, 1 - U, rtol=1e-9)


def test_mixture_jumps_from_atom_to_atom():
    law = count("mixture(1: 10, 2: 20, 1: 500)")
    u = np.array([0.01, 0.2499, 0.2501, 0.7499, 0.7501, 0.99])
    np.testing.assert_allclose(law.quantile(u), [10, 10, 20, 20, 500, 500], rtol=1e-14)
    assert law.integers(u).tolist() == [10, 10, 20, 20, 500, 500]
    assert law.mean == (10 + 2 * 20 + 500) / 4
    assert law.variance == (10**2 + 2 * 20**2 + 500**2) / 4 - law.mean**2


def test_quantile_table():
    law = count("quantiles(p50=10, p90=40, p99=80, max=160, min=5)")
    np.testing.assert_allclose(law.quantile(np.array([0.25, 0.5, 0.7, 0.9, 0.945, 0.99, 0.995])),
                               [10 / 2**0.5, 10, 20, 40, 40 * 2**0.5, 80, 80 * 2**0.5], rtol=1e-14)  # fmt: skip
    open_below = count("quantiles(p50=10, p90=40, max=40)")
    assert open_below.quantile(np.array([0.1]))[0] == pytest.approx(2.5)  # as far below p50 as p90 is above


def test_the_smaller_of_two_sigmas_is_taken():
    law = count("lognormal(mean=3, p95=9)")
    z = Z(0.95)
    assert 0 < S39 < z < (other := 2 * z - S39)
    assert z * other - other**2 / 2 == pytest.approx(math.log(3))  # it would do as well
    assert law.quantile(np.array([0.95]))[0] == pytest.approx(9, rel=1e-13)
    assert law.mean == pytest.approx(3, rel=1e-13)


def test_the_largest_p95_of_a_lognormal():
    most = math.exp(Z(0.95) ** 2 / 2)
    assert count(f"lognormal(mean=1, p95={most - 1e-9})").mean == pytest.approx(1)
    with pytest.raises(AdvisedError, match=r"no lognormal .* p95 of 3\.9 times its mean: it is 3\.868 times at most"):
        count("lognormal(mean=1, p95=3.9)")


def test_a_low_percentile_with_a_mean():
    law = count("lognormal(mean=10, p5=1)")
    assert law.quantile(np.array([0.05]))[0] == pytest.approx(1)
    assert law.mean == pytest.approx(10)
    with pytest.raises(AdvisedError, match="no lognormal"):
        count("lognormal(mean=10, p5=11)")


def test_bounds_move_what_is_beyond_them():
    law = count("exponential(mean=2, min=1, max=5)")
    plain = count("exponential(mean=2)")
    assert np.array_equal(law.quantile(U), np.clip(plain.quantile(U), 1, 5))
    assert law.mean == pytest.approx(1 + 2 * (math.exp(-0.5) - math.exp(-2.5)))
    assert count("geometric(mean=4, max=2)").mean == pytest.approx(1.75)


# Draws


@pytest.mark.parametrize("text", ALL)
def test_quantile_functions_rise(text):
    u = np.sort(DRAWS)
    values = count(text).quantile(u)
    assert np.all(np.diff(values) >= -1e-12 * values[1:])
    assert np.all(np.isfinite(values)) and np.all(values >= 0)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(ALL), st.lists(st.floats(2**-54, 1 - 2**-53), min_size=1, max_size=40))
def test_a_draw_does_not_depend_on_its_neighbours(text, levels):
    law, u = count(text), np.array(levels)
    together = law.quantile(u)
    alone = np.concatenate([law.quantile(u[i : i + 1]) for i in range(len(u))])
    assert together.tobytes() == alone.tobytes()
    assert np.all((together >= law.quantile(np.array([2**-54])) * (1 - 1e-12))
                  & (together <= law.quantile(np.array([1 - 2**-53])) * (1 + 1e-12)))  # fmt: skip


def test_whole_numbers():
    assert duration("1.5 ms").integers(DRAWS[:3]).tolist() == [1500] * 3
    assert count("2.5").integers(DRAWS[:2]).tolist() == [2, 2]  # half to even
    huge = count("pareto(minimum=1, shape=0.01)")
    assert huge.integers(np.array([1 - 2**-53]))[0] == distributions.LARGEST
    drawn = count("lognormal(mean=3000, p95=9000)").integers(DRAWS)
    assert drawn.dtype == np.int64
    assert drawn.mean() == pytest.approx(3000, abs=4 * 3500 / math.sqrt(len(DRAWS)))


def test_any_shape():
    law = count("gamma(mean=3, cv=2)")
    u = DRAWS[:24].reshape(2, 3, 4)
    assert np.array_equal(law.quantile(u).ravel(), law.quantile(u.ravel()))
    assert law.quantile(np.zeros((0, 2))).shape == (0, 2)


SCRIPT = """
import hashlib, sys
import numpy as np
from numpy._core._multiarray_umath import __cpu_features__ as features
from sim import luck
from sim.distributions import count
assert not any(features[name] for name in sys.argv[1].split())
digest = hashlib.sha256()
for row, text in enumerate(sys.stdin.read().split(chr(10))):
    u = luck.uniform(7, 3, luck.Stream.WAIT, np.arange(3000), row)
    digest.update(u.tobytes() + count(text).quantile(u).tobytes())
print(digest.hexdigest())
"""


def test_bits_do_not_depend_on_the_processor():
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

    optional = " ".join(name for name in __cpu_dispatch__ if __cpu_features__[name])
    if not optional:
        pytest.skip("numpy uses no optional feature of this processor")
    environment = os.environ | {"NPY_DISABLE_CPU_FEATURES": optional}
    run = subprocess.run([sys.executable, "-c", SCRIPT, optional], input="\n".join(ALL), env=environment,
                         capture_output=True, text=True, check=True)  # fmt: skip
    digest = hashlib.sha256()
    for row, text in enumerate(ALL):
        u = luck.uniform(7, 3, luck.Stream.WAIT, np.arange(3000), row)
        digest.update(u.tobytes() + count(text).quantile(u).tobytes())
    assert run.stdout.strip() == digest.hexdigest()


# Text


@pytest.mark.parametrize("text", ALL)
def test_what_is_shown_parses_back(text):
    law = count(text)
    again = count(law.show())
    assert (again, hash(again), again.show()) == (law, hash(law), law.show())
    assert pickle.loads(pickle.dumps(law)) == law
    assert copy_after_use(law) == law


def copy_after_use(law):
    law.quantile(U)
    return pickle.loads(pickle.dumps(law))


times = st.integers(1, 10**12).map(lambda us: f"{us} us")
ratios = st.floats(0.01, 3).map(repr)
simple = st.one_of(
    times,
    st.builds("exponential(mean={})".format, times),
    st.builds("exponential(rate={}/day)".format, st.integers(1, 10**6)),
    st.builds("lognormal(median={}, sigma={})".format, times, ratios),
    st.builds("gamma( mean = {} , cv= {}, max=90 days )".format, times, ratios),
    st.builds("weibull(scale={}, shape={})".format, times, st.floats(0.1, 5)),
    st.builds("pareto(minimum={}, shape={})".format, times, ratios),
    st.lists(times, min_size=1, max_size=5).map(lambda all_: f"empirical([{', '.join(all_)}])"),
)
nested = st.recursive(simple, lambda part: st.lists(st.tuples(st.floats(0.01, 9), part), min_size=1, max_size=3).map(
    lambda parts: f"mixture({', '.join(f'{weight!r}: {text}' for weight, text in parts)})"), max_leaves=4)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(nested)
def test_any_text_that_parses_is_shown_as_one_that_parses_to_the_same(text):
    law = duration(text)
    assert duration(law.show()) == law
    assert law.mean >= 0


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="lognormaex(mixture)=:,[]{}19. ms%\"", max_size=40))
def test_any_text_is_a_distribution_or_an_error_with_advice(text):
    try:
        law = duration(text)
    except AdvisedError as problem:
        assert problem.fix
    else:
        assert law.show() == duration(law.show()).show()


def test_order_and_units_of_parameters_do_not_matter():
    assert duration("lognormal(p95=5 s, mean=1500 ms)") == duration("lognormal(mean=1.5 s, p95=5 s)")
    assert duration("empirical([2 s, 1 s])") == duration("empirical(1 s, 2000 ms)")
    assert count("lognormal(p5=1, p99.9=50)") == count("lognormal(p99_9=50, p5=1)")
    assert duration("exponential(2 s)").show() == "exponential(mean=2 s)"
    assert duration("exponential(rate=30/min)").mean == 2e6
    assert duration("800 ms").show() == "800 ms"
    assert duration("constant(0 s)") == distributions.ZERO == duration(0)
    assert count(3) == count("3") == count(3.0) == count("constant(3)")
    assert count("3") != duration("3 us")


def test_immutable():
    law = count("empirical([1, 2])")
    with pytest.raises(dataclasses.FrozenInstanceError):
        law.kind = "constant"
    with pytest.raises(TypeError):
        law.law.values[0] = 5


def test_every_example_parses():
    assert set(distributions.kinds()) >= {"constant", "lognormal", "mixture", "empirical", "quantiles"}
    for kind, example in distributions.kinds().items():
        assert parse(example, "count" if kind == "geometric" else "duration").kind == kind


@pytest.mark.parametrize(("text", "message"), [
    ("lognorml(mean=1 s, cv=1)", "unknown distribution `lognorml`; did you mean `lognormal`?"),
    ("normal(mean=1 s)", "unknown distribution `normal`; .*lognormal or gamma"),
    ("lognormal(mean=1.5, p95=6 s)", "`mean` of lognormal: `1.5` is not a duration: it has no unit; write `1.5 s`"),
    ("lognormal(mean=1 s)", "lognormal cannot be made of `mean`; give it two of"),
    ("lognormal(mean=1 s, cv=1, sigma=1)", "cannot be made of `mean` and `sigma` and `cv`"),
    ("lognormal(sigma=1, cv=1)", "cannot be made of"),
    ("lognormal(median=1 s, p50=2 s)", "cannot be made of"),
    ("lognormal(p50=3 s, p95=2 s)", "`p50` of lognormal is not below `p95`; swap"),
    ("lognormal(mean=6 s, p95=1.5 s)", "sigma of 3.99.*swap them"),
    ("lognormal(mean=1 s, sigm=1)", "lognormal has no parameter `sigm`; did you mean `sigma`?"),
    ("lognormal(mean=1 s, mean=2 s)", "`mean` of lognormal is given twice"),
    ("lognormal(1 s, 2 s)", "an argument of lognormal has no name; write `name=value`"),
    ("lognormal(mean=1 s, cv=-1)", "`cv` of lognormal: `-1` is not a number of 0 or more"),
    ("lognormal(mean=1 s, cv=0)", "`cv` of lognormal is not above 0"),
    ("gamma(mean=1 s)", "gamma cannot be made of `mean`; give it `mean` and `cv`, or"),
    ("gamma(mean=1 s, cv=100)", "out of range; keep the cv between"),
    ("weibull(mean=1 s, cv=0.0001)", "no Weibull distribution in range has a cv of 0.0001"),
    ("weibull(mean=1 s, shape=0.01)", "Weibull distribution of shape 0.01 is out of range"),
    ("pareto(mean=1 s, shape=1)", "no finite mean; give `minimum`"),
    ("hyperexponential(mean=1 s, cv=1)", "a cv above 1; write exponential for 1, gamma for less"),
    ("geometric(mean=3)", "geometric is a distribution of counts; for durations write"),
    ("uniform(3 s, 1 s)", "`low` of uniform is not below `high`; swap"),
    ("exponential()", "exponential cannot be made of nothing"),
    ("exponential(mean=0 s)", "`mean` of exponential is not above 0"),
    ("exponential(rate=4)", "`rate` of exponential: .*does not say per what"),
    ("exponential(rate=0/h)", "`rate` of exponential is not above 0"),
    ("exponential(mean=[1 s])", "`mean` of exponential is not a single value"),
    ("exponential(mean=1 s, min=3 s, max=2 s)", "`min` is not below `max`"),
    ("quantiles(p50=1 s, p90=2 s)", "quantiles needs two percentiles and `max`.* add `max="),
    ("quantiles(p50=3 s, p90=2 s, max=5 s)", "do not rise"),
    ("empirical()", "empirical has no list of values"),
    ("empirical([])", "empirical has no list of values"),
    ("empirical([exponential(mean=1 s)])", "empirical has no list of values"),
    ("empirical([1 s], p95=2 s)", "empirical has no parameter `p95`"),
    ("empirical(2: 1 s, [3 s])", "empirical takes no weights"),
    ("mixture()", "mixture has no parts"),
    ("mixture(1 s, 2 s)", "a part of mixture has no weight"),
    ("mixture(0: 1 s)", "weight `0` is not above 0"),
    ("mixture(x: 1 s)", "`x` is not a number"),
    ("mixture(1: 1 s, mx=2 s)", "mixture has no parameter `mx`; did you mean `max`?"),
    ("mixture(1: 1 s, max=[2 s])", "`max` of mixture is not a single value"),
    ("exponential(0.5: 1 s)", "exponential takes no weights"),
    ("[1 s, 2 s]", "a list alone is not a distribution; write `empirical"),
    ("exponential(mean=2 s", "has no closing `\\)`; add"),
    ("exponential(mean=2 s) s", "does not expect `s`"),
    ("exponential(mean=)", "has `\\)` where a value should be"),
    ("mixture(1: " * 12 + "1 s" + ")" * 12, "nested too deep"),
    ("5:30", "does not expect `:30`"),
    ("1.5", "`1.5` is not a duration: it has no unit"),
    ("", "this is empty"),
    (1.5, "it has no unit"), (None, "this is empty"), (True, "true or false"), ([1], "this is a list"),
    ('{"samples"', "is not a mapping"),
    (distributions.count("3"), "`3` is a distribution of counts; write one of durations"),
])  # fmt: skip
def test_errors_say_what_to_write(text, message):
    with pytest.raises(AdvisedError, match=message) as caught:
        duration(text)
    assert caught.value.fix


@pytest.mark.parametrize("value", ["3 tokens", True, None, [1], -1, "-1", "nan", math.inf, math.nan, "1e999"])
def test_counts_are_plain_numbers(value):
    with pytest.raises(AdvisedError, match="is not a number of 0 or more"):
        count(value)


# Recorded samples


def recorded(**keys):
    return {"samples": "starts.csv", "column": "ms", "unit": "ms"} | keys


ROWS = "provider,mode,ms\ne2b,cold,250.25\ne2b,warm,12\nfly,cold,990\ne2b,cold,\ne2b,cold,100.0005\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "starts.csv").write_text("\ufeff" + ROWS, encoding="utf-8")
    (tmp_path / "starts.csv.gz").write_bytes(gzip.compress(ROWS.encode()))
    (tmp_path / "broken.csv.gz").write_bytes(b"not gzip")
    return tmp_path


@pytest.mark.parametrize("file", ["starts.csv", "starts.csv.gz"])
def test_samples_are_resampled(folder, file):
    law = duration(recorded(samples=file, where={"provider": "e2b"})).load(folder)
    assert law.values == (12_000, 100_000, 250_250)  # 100,000.5 us to even
    assert law.quantile(np.array([0.01, 0.33, 0.34, 0.99])).tolist() == [12_000, 12_000, 100_000, 250_250]
    assert law == duration("empirical([12 ms, 100 ms, 250.25 ms])")
    assert law.load(folder) is law


def test_samples_of_counts(folder):
    law = count({"samples": "starts.csv", "column": "ms", "where": {"mode": "warm"}}).load(folder)
    assert law.values == (12,)
    assert law.mean == 12


def test_samples_are_shown_as_text_that_parses(folder):
    law = duration(recorded(where={"provider": "e2b", "mode": "cold"}))
    assert duration(law.show()) == law
    assert law.samples.file == "starts.csv"
    with pytest.raises(AdvisedError, match=r"samples of `starts.csv` are not loaded"):
        law.quantile(U)


@pytest.mark.parametrize(("keys", "message"), [
    ({"colum": "ms"}, "unknown key `colum` of recorded samples; did you mean `column`?"),
    ({"column": ""}, "need the keys `samples` and `column`"),
    ({"column": 3}, "`column` of recorded samples is not text"),
    ({"unit": ""}, "recorded durations need their unit; add `unit: ms`"),
    ({"unit": "msec"}, "`msec` is no unit"),
    ({"where": ["e2b"]}, "`where` of recorded samples is not a mapping"),
    ({"where": {"mode": True}}, "`mode` in `where` is not text; write it in quotes"),
])  # fmt: skip
def test_errors_in_the_mapping(keys, message):
    with pytest.raises(AdvisedError, match=message):
        duration(recorded(**keys))


@pytest.mark.parametrize(("keys", "message"), [
    ({"samples": "start.csv"}, "start.csv` cannot be read: no such file or directory"),
    ({"samples": "broken.csv.gz"}, "broken.csv.gz` cannot be read"),
    ({"column": "m"}, "starts.csv` has no column `m`"),
    ({"where": {"mod": "cold"}}, "starts.csv` has no column `mod`; did you mean `mode`?"),
    ({"where": {"mode": "hot"}}, "no row of `.*starts.csv` has a number in `ms` and `hot` in `mode`; in `mode`, write"),
])  # fmt: skip
def test_errors_in_the_file(folder, keys, message):
    with pytest.raises(AdvisedError, match=message):
        duration(recorded(**keys)).load(folder)


def test_all_recorded_texts_that_are_no_numbers_are_told(tmp_path):
    """Those of the rows that are asked for; an empty one is passed over."""
    (tmp_path / "x.csv").write_text("mode,ms\ncold,5 s\nwarm,x\ncold,\ncold,nan\ncold,-1\ncold,7\n")
    with pytest.raises(InputError) as error:
        duration(recorded(samples="x.csv", where={"mode": "cold"})).load(tmp_path)
    assert [(one.line, one.column, one.width, one.message) for one in error.value.problems] == [
        (2, 6, 3, "`ms` is `5 s`, which is not a number"), (5, 6, 3, "`ms` is `nan`, which is not a finite number"),
        (6, 6, 2, "`ms` is `-1`, which is negative"),
    ]


def test_counts_have_no_unit():
    with pytest.raises(AdvisedError, match="recorded counts have no unit"):
        count(recorded())


def test_a_distribution_is_taken_as_it_is():
    law = Distribution("exponential", "duration", (("mean", 5),))
    assert duration(law) is law
    with pytest.raises(AdvisedError, match="cannot be made of"):
        Distribution("exponential", "duration")


def test_draws_beyond_any_number_become_the_largest():
    """A share of 2^-53 is beyond float64: 2^(53/0.01)."""
    law = duration("pareto(minimum=1 s, shape=0.01)")
    assert law.integers(np.array([1 - 2**-53, 0.5]))[0] == distributions.LARGEST


@pytest.mark.parametrize(("text", "number"), [
    ("0e99999999", 0), ("1e-99999999", 0), ("1e-16", 0), ("999999999999999", 999_999_999_999_999), ("1.5", 1.5),
])
def test_recorded_numbers_of_endless_digits_cost_nothing(text, number, tmp_path):
    (tmp_path / "x.csv").write_text(f"n\n{text}\n")
    law = count({"samples": "x.csv", "column": "n"})
    assert law.samples.read(tmp_path) == ((number,), ())


@pytest.mark.parametrize("text", ["1e99999999", "1e15", "-1e-99999999", "1e999999999999999999999", "inf", "sNaN"])
def test_recorded_numbers_beyond_use_are_refused(text, tmp_path):
    (tmp_path / "x.csv").write_text(f"n\n{text}\n")
    with pytest.raises(InputError, match=r"x\.csv:2:1: error: `n` is "):
        count({"samples": "x.csv", "column": "n"}).samples.read(tmp_path)
