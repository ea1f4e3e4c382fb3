"""Elementary functions of one number, in plain Python: the same bits as `sim.distributions.portable` gives.

What a scenario says is read with these, so that reading one needs no numpy. Each step is one operation that IEEE 754
defines exactly, in the same order as there; the constants of both are here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

LN2_HIGH: Final = float.fromhex("0x1.62e42fee00000p-1")  # 21 trailing zeros: exact when multiplied by an exponent
LN2_LOW: Final = float.fromhex("0x1.a39ef35793c76p-33")
SQRT_HALF: Final = 0.7071067811865476
HALF_LOG_2PI: Final = 0.9189385332046727

LOG2_E: Final = 1.4426950408889634

ATANH: Final = tuple(2.0 / (2 * k + 1) for k in range(11, 0, -1))
EXP: Final = tuple(1.0 / math.factorial(k) for k in range(13, -1, -1))

# Wichura (1988), algorithm AS 241, function PPND16: centre, tail, far tail; numerators and denominators.
CENTRE = (
    (2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
     13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608),
    (5226.495278852854561, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867,
     5394.1960214247511077, 687.1870074920579083, 42.313330701600911252, 1.0),
)  # fmt: skip
TAIL = (
    (7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258,
     3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734),
    (1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459,
     0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1.0),
)  # fmt: skip
FAR_TAIL = (
    (2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386, 0.026532189526576123093,
     0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699, 6.6579046435011037772),
    (2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.868691311456132591e-4,
     0.0148753612908506148525, 0.13692988092273580531, 0.59983220655588793769, 1.0),
)  # fmt: skip


def log1(x: float) -> float:
    """`portable.log` of one number."""
    if x <= 0.0:
        return -math.inf
    m, e = math.frexp(x)
    low = m < SQRT_HALF
    m = m + m if low else m
    exponent = float(e - low)
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    series = (_horner(ATANH, z) * z + 2.0) * s + exponent * LN2_LOW
    return exponent * LN2_HIGH + series


def exp1(x: float) -> float:
    """`portable.exp` of one number."""
    bounded = min(max(x, -800.0), 800.0)
    k = round(bounded * LOG2_E)
    r = bounded - k * LN2_HIGH
    r -= k * LN2_LOW
    try:
        return math.ldexp(_horner(EXP, r), k)
    except OverflowError:
        return math.inf


def ndtri1(p: float) -> float:
    """`portable.ndtri` of one number."""
    q = p - 0.5
    if abs(q) <= 0.425:
        z = 0.180625 - q * q
        return q * (_horner(CENTRE[0], z) / _horner(CENTRE[1], z))
    r = math.sqrt(-log1(min(p, 1.0 - p)))
    top, bottom, shift = (*FAR_TAIL, 5.0) if r > 5.0 else (*TAIL, 1.6)
    distance = _horner(top, r - shift) / _horner(bottom, r - shift)
    return -distance if q < 0.0 else distance


_STIRLING = (
    -3617 / 122400, 1 / 156, -691 / 360360, 1 / 1188, -1 / 1680, 1 / 1260, -1 / 360, 1 / 12,
)  # fmt: skip


def lgamma(a: float) -> float:
    """Logarithm of the gamma function, to about 1e-14 absolute for moderate arguments.

    Stirling's series (Abramowitz & Stegun, 1964, 6.1.41) at ``a + n >= 15``, and the recurrence down to ``a``.

    Parameters
    ----------
    a : float
        Above 0.
    """
    product = 1.0
    while a < 15.0:
        product *= a
        a += 1.0
    z = 1.0 / (a * a)
    series = 0.0
    for coefficient in _STIRLING:
        series = series * z + coefficient
    return (a - 0.5) * log1(a) - a + HALF_LOG_2PI + series / a - log1(product)


def _horner(coefficients: Sequence[float], x: float) -> float:
    result = coefficients[0]
    for coefficient in coefficients[1:]:
        result = result * x + coefficient
    return result
