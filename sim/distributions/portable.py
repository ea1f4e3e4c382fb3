"""Elementary functions whose bits do not depend on the processor.

numpy's ``log`` and ``exp`` differ in the last bit between processors, because each vector unit has its own version.
Everything here is made of operations that IEEE 754 defines exactly: ``+ - * /``, square root, comparison, and the
splitting and joining of exponents; each is one numpy call, so that no compiler can fuse a product with a sum.
Results are elementwise: a value does not depend on its neighbours in the array.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from sim.distributions.late import np
from sim.distributions.single import (
    ATANH,
    CENTRE,
    EXP,
    FAR_TAIL,
    LN2_HIGH,
    LN2_LOW,
    LOG2_E,
    SQRT_HALF,
    TAIL,
    lgamma,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

Floats: TypeAlias = "NDArray[np.float64]"

def log(x: Floats) -> Floats:
    """Natural logarithm, to about 1e-15 relative.

    ``x = m 2^e`` with m in [sqrt(1/2), sqrt(2)), and ``log m = 2 atanh((m - 1) / (m + 1))`` by its series
    (Abramowitz & Stegun, 1964, 4.1.27).

    Parameters
    ----------
    x : float64[n]
        Finite and not negative. The logarithm of 0 is minus infinity.
    """
    m, e = np.frexp(x)
    low = m < SQRT_HALF
    m = np.where(low, m + m, m)
    exponent = (e - low).astype(np.float64)
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    series = horner(ATANH, z)
    series *= z
    series += 2.0
    series *= s
    series += exponent * LN2_LOW
    result: Floats = exponent * LN2_HIGH + series
    return np.where(x > 0.0, result, -np.inf)


def exp(x: Floats) -> Floats:
    """Exponential, to about 1e-15 relative; 0 and infinity beyond the range of float64.

    ``exp x = 2^k exp r`` with ``|r| <= log(2) / 2``, and the Taylor series of degree 13.

    Parameters
    ----------
    x : float64[n]
        Any number, or an infinity.
    """
    bounded = np.minimum(np.maximum(x, -800.0), 800.0)
    k = np.rint(bounded * LOG2_E)
    r = bounded - k * LN2_HIGH
    r -= k * LN2_LOW
    with np.errstate(over="ignore", under="ignore"):
        result: Floats = np.ldexp(horner(EXP, r), k.astype(np.int32))
    return result


def power(x: Floats, exponent: float) -> Floats:
    """``x ** exponent`` as ``exp(exponent log x)``, for x of at least 0 and an exponent other than 0."""
    return exp(exponent * log(x))


def horner(coefficients: Sequence[float], x: Floats) -> Floats:
    """Return the polynomial with these coefficients, highest power first, at ``x``."""
    result = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        result *= x
        result += coefficient
    return result


def ndtri(p: Floats) -> Floats:
    """Quantile function of the standard normal distribution, to about 1e-15 relative.

    Wichura (1988), The percentage points of the normal distribution, Applied Statistics 37, 477-484: AS 241, PPND16.

    Parameters
    ----------
    p : float64[n]
        Strictly between 0 and 1.
    """
    q = p - 0.5
    z = 0.180625 - q * q
    result: Floats = q * (horner(CENTRE[0], z) / horner(CENTRE[1], z))
    outer = np.flatnonzero(np.abs(q) > 0.425)
    if len(outer):
        rare = np.minimum(p[outer], 1.0 - p[outer])
        r = np.sqrt(-log(rare))
        near = r - 1.6
        distance = horner(TAIL[0], near) / horner(TAIL[1], near)
        far = np.flatnonzero(r > 5.0)
        if len(far):
            beyond = r[far] - 5.0
            distance[far] = horner(FAR_TAIL[0], beyond) / horner(FAR_TAIL[1], beyond)
        result[outer] = np.where(q[outer] < 0.0, -distance, distance)
    return result


# Cody (1969): centre, body and tail; numerators and denominators.
_ERF_CENTRE = (
    (0.185777706184603153, 3.1611237438705656, 113.864154151050156, 377.485237685302021, 3209.37758913846947),
    (1.0, 23.6012909523441209, 244.024637934444173, 1282.61652607737228, 2844.23683343917062),
)
_ERF_BODY = (
    (2.15311535474403846e-8, 0.564188496988670089, 8.88314979438837594, 66.1191906371416295, 298.635138197400131,
     881.95222124176909, 1712.04761263407058, 2051.07837782607147, 1230.33935479799725),
    (1.0, 15.7449261107098347, 117.693950891312499, 537.181101862009858, 1621.38957456669019, 3290.79923573345963,
     4362.61909014324716, 3439.36767414372164, 1230.33935480374942),
)  # fmt: skip
_ERF_TAIL = (
    (0.0163153871373020978, 0.305326634961232344, 0.360344899949804439, 0.125781726111229246, 0.0160837851487422766,
     6.58749161529837803e-4),
    (1.0, 2.56852019228982242, 1.87295284992346725, 0.527905102951428412, 0.0605183413124413191,
     0.00233520497626869185),
)  # fmt: skip


def ndtr(z: Floats) -> Floats:
    """Distribution function of the standard normal distribution, to about 1e-14 relative in both halves.

    Half the complementary error function of ``-z / sqrt(2)``, after Cody (1969), Rational Chebyshev approximations for
    the error function, Mathematics of Computation 23, 631-637.

    Parameters
    ----------
    z : float64[n]
        Any number, or an infinity.
    """
    y = np.minimum(np.abs(z) * SQRT_HALF, 30.0)
    square = y * y
    lower = 0.5 * exp(-square)
    body = np.flatnonzero(y <= 4.0)
    lower[body] *= horner(_ERF_BODY[0], y[body]) / horner(_ERF_BODY[1], y[body])
    tail = np.flatnonzero(y > 4.0)
    inverse = 1.0 / square[tail]
    fraction = inverse * horner(_ERF_TAIL[0], inverse) / horner(_ERF_TAIL[1], inverse)
    lower[tail] *= (0.5641895835477563 - fraction) / y[tail]
    centre = np.flatnonzero(y < 0.46875)
    erf = y[centre] * horner(_ERF_CENTRE[0], square[centre]) / horner(_ERF_CENTRE[1], square[centre])
    lower[centre] = 0.5 - 0.5 * erf
    return np.where(z > 0.0, 1.0 - lower, lower)


def gamma_upper(a: float, x: Floats) -> Floats:
    """Regularised upper incomplete gamma function Q(a, x).

    The series of P below ``a + 1`` and the continued fraction of Q above it, by the modified method of Lentz
    (Abramowitz & Stegun, 1964, 6.5.29 and 6.5.31; Press et al., 2007, Numerical Recipes, 6.2).

    Parameters
    ----------
    a : float
        Above 0.
    x : float64[n]
        At least 0; may be infinite.
    """
    result = np.zeros_like(x)
    result[x == 0.0] = 1.0
    below = np.flatnonzero((x > 0.0) & (x < a + 1.0))
    if len(below):
        result[below] = 1.0 - _gamma_factor(a + 1.0, a, x[below]) * _gamma_series(a, x[below])
    above = np.flatnonzero((x >= a + 1.0) & (x < np.inf))
    if len(above):
        result[above] = _gamma_factor(a, a, x[above]) * _gamma_fraction(a, x[above])
    return result


def _gamma_factor(b: float, a: float, x: Floats) -> Floats:
    """``x^a e^-x / Gamma(b)``."""
    return exp(a * log(x) - x - lgamma(b))


def _gamma_series(a: float, x: Floats) -> Floats:
    """``sum of x^n / ((a + 1) ... (a + n))``. Terms too small to change any sum end it, so neighbours do not matter."""
    term = np.ones_like(x)
    total = np.ones_like(x)
    divisor = a
    while True:
        divisor += 1.0
        term *= x
        term /= divisor
        grown = total + term
        if np.array_equal(grown, total):
            return total
        total = grown


def _gamma_fraction(a: float, x: Floats) -> Floats:
    """Continued fraction of ``Q(a, x) Gamma(a) e^x / x^a``. Each element stops by itself."""
    result = np.empty_like(x)
    rows = np.arange(len(x))
    b = x + (1.0 - a)
    d = 1.0 / b
    c = np.full_like(x, 1e300)
    h = d.copy()
    n = 0.0
    while len(rows):
        n += 1.0
        numerator = n * (a - n)
        b = b + 2.0
        d = 1.0 / (numerator * d + b)
        c = b + numerator / c
        factor = c * d
        h = h * factor
        done = np.abs(factor - 1.0) < 4e-16
        result[rows[done]] = h[done]
        left = ~done
        rows, b, c, d, h = rows[left], b[left], c[left], d[left], h[left]
    return result
