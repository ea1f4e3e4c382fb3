"""Distributions as they are written, and what can be asked of them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from sim import units
from sim.distributions import families
from sim.distributions.families import COMPOSITE, FAMILIES, Role
from sim.distributions.grammar import Argument, Call, Node, Quantity, Values, read
from sim.distributions.late import np
from sim.distributions.laws import Empirical, Law, Mixture, Weighted
from sim.distributions.portable import Floats
from sim.distributions.recorded import Samples, samples
from sim.errors import AdvisedError, choose, quoted

if TYPE_CHECKING:
    from numpy.typing import NDArray

Of = Literal["duration", "count"]
"""What a distribution is of: durations in microseconds, or plain numbers."""

Number = int | float | Fraction

LARGEST: Final = 2**53
"""Draws beyond this become this: up to it float64 holds every whole number. As a duration it is 285 years."""

_BLOCK: Final = 2**14
_PLAIN: Final = re.compile(r"\d[\d_]*(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?")


@dataclass(frozen=True)
class Distribution:
    """A distribution of durations or counts. Two are equal when they are written with the same parameters.

    Attributes
    ----------
    kind : str
        A name of `kinds`, or "samples".
    of : {"duration", "count"}
        Durations are in microseconds.
    params : tuple of (str, number)
        Scalar parameters as written, in base units, in the order of the kind; rates are per second.
    parts : tuple of (float, Distribution)
        Weights and components of a mixture.
    values : tuple of numbers
        Of an empirical distribution, in ascending order.
    shares : tuple of float
        How likely each of the values is; none where each is as likely.
    samples : Samples or None
        Where the samples of a recorded one are, which `load` reads.
    """

    kind: str
    of: Of
    params: tuple[tuple[str, Number], ...] = ()
    parts: tuple[tuple[float, Distribution], ...] = ()
    values: tuple[int | float, ...] = ()
    shares: tuple[float, ...] = ()
    samples: Samples | None = None

    def __post_init__(self) -> None:
        if self.samples is None:
            _ = self.law

    def quantile(self, u: Floats) -> Floats:
        """Return the value below which a share ``u`` of all draws is.

        Parameters
        ----------
        u : float64, any shape
            Strictly between 0 and 1; `sim.luck.uniform` gives such numbers.

        Returns
        -------
        float64, same shape
            Microseconds or counts. A value depends on its own ``u`` alone, to the last bit, on any processor.
        """
        flat = np.ravel(u)
        result = np.empty_like(flat)
        for begin in range(0, len(flat), _BLOCK):  # blocks that stay in the processor's cache
            result[begin : begin + _BLOCK] = self.law.quantile(flat[begin : begin + _BLOCK])
        return result.reshape(np.shape(u))

    def integers(self, u: Floats) -> NDArray[np.int64]:
        """Return `quantile` rounded to whole microseconds or counts, half to even, at most `LARGEST`."""
        with np.errstate(over="ignore"):  # what is infinite becomes the largest, too
            return np.rint(np.minimum(self.quantile(u), LARGEST)).astype(np.int64)

    @property
    def mean(self) -> float:
        """Expected value, in microseconds or counts; infinite where it is."""
        return self.law.moment(1)

    @property
    def always_zero(self) -> bool:
        """Whether every draw is 0; recorded samples, which have not been read, are not taken to be."""
        numbers = dict(self.params)
        if numbers.get("min", 0) > 0:
            return False
        if self.kind == "mixture":
            return all(part.always_zero for _, part in self.parts)
        return numbers.get("value") == 0 or (self.kind == "empirical" and self.values[-1] == 0)

    @property
    def variance(self) -> float:
        """Variance, in squares of microseconds or counts; infinite where it is."""
        mean, square = self.law.moment(1), self.law.moment(2)
        return math.inf if math.isinf(square) else max(square - mean * mean, 0.0)

    @cached_property
    def law(self) -> Law:
        """The law, in base units.

        Raises
        ------
        AdvisedError
            The samples have not been loaded.
        """
        if self.samples is not None:
            raise AdvisedError(f"the samples of {quoted(self.samples.file)} are not loaded",
                               "call `load` with the folder of the scenario file")
        numbers = {name: self._base(name, number) for name, number in self.params}
        if self.kind == "empirical":
            law = Weighted(self.values, self.shares) if self.shares else Empirical(self.values)
            return families.bounded(law, numbers)
        if self.kind == "mixture":
            total = math.fsum(weight for weight, _ in self.parts)
            weights = tuple(weight / total for weight, _ in self.parts)
            return families.bounded(Mixture(weights, tuple(part.law for _, part in self.parts)), numbers)
        return families.build(self.kind, numbers)

    def _base(self, name: str, number: Number) -> float:
        """Return a parameter per base unit: rates of durations are per second."""
        per_second = self.of == "duration" and self.kind in FAMILIES and self._role(name) is Role.RATE
        return float(Fraction(number) / units.SECOND) if per_second else float(number)

    def _role(self, name: str) -> Role:
        if self.kind not in FAMILIES:
            return Role.AMOUNT
        return families.role(FAMILIES[self.kind], name) or Role.NUMBER

    def show(self) -> str:
        """Return the text that `parse` reads as an equal distribution."""
        if self.samples is not None:
            return self.samples.show()
        own = [f"{name}={self._show(name, number)}" for name, number in self.params]
        if self.kind == "constant" and len(self.params) == 1:
            return self._show("value", self.params[0][1])
        if self.kind == "empirical":
            own.insert(0, f"[{', '.join(self._show('', value) for value in self.values)}]")
        parts = [f"{_show_number(weight)}: {part.show()}" for weight, part in self.parts]
        return f"{self.kind}({', '.join(parts + own)})"

    __str__ = show

    def _show(self, name: str, number: Number) -> str:
        role = self._role(name)
        if self.of == "duration" and role is Role.AMOUNT:
            return units.show_duration(int(number))
        if self.of == "duration" and role is Role.RATE:
            return units.show_rate(Fraction(number))
        return _show_number(number)

    def load(self, directory: Path) -> Distribution:
        """Return the distribution with its recorded samples read; itself when it has none.

        Parameters
        ----------
        directory : Path
            The folder of the scenario file.

        Raises
        ------
        AdvisedError
            The file cannot be read, or has no such samples.
        """
        if self.samples is None:
            return self
        values, shares = self.samples.read(directory)
        return replace(self, kind="empirical", values=values, shares=shares, samples=None)


def parse(value: object, of: Of = "duration") -> Distribution:
    """Read a distribution.

    Parameters
    ----------
    value : str, number, mapping or Distribution
        Text such as "800 ms" or "lognormal(mean=1.5 s, p95=5 s)"; a plain number, for counts; the mapping of recorded
        samples.
    of : {"duration", "count"}
        What it is a distribution of.

    Raises
    ------
    AdvisedError
        It is not a distribution; the message says why and what to write instead.
    """
    if isinstance(value, Distribution):
        if value.of != of:
            raise AdvisedError(f"`{value.show()}` is a distribution of {value.of}s", f"write one of {of}s")
        return value
    if isinstance(value, Mapping):
        return Distribution("samples", of, samples=samples(value, of))
    if not isinstance(value, str) or not value.strip():
        return _constant(value, of)
    text = value.strip()
    if text.startswith("{"):
        return parse(_mapping(text), of)
    return _distribution(read(text), of)


def duration(value: object) -> Distribution:
    """`parse` for durations."""
    return parse(value, "duration")


def count(value: object) -> Distribution:
    """`parse` for counts."""
    return parse(value, "count")


def kinds() -> dict[str, str]:
    """Return the names of all kinds with an example of each, of durations where it has them."""
    return {name: family.example for name, family in FAMILIES.items()} | dict(COMPOSITE)


def _mapping(text: str) -> Mapping[object, object]:
    try:
        return dict(json.loads(text))
    except ValueError as problem:
        raise AdvisedError(f"{quoted(text)} is not a mapping: {problem}",
                           "write it in YAML, without quotes around it") from None


def _constant(value: object, of: Of) -> Distribution:
    return Distribution("constant", of, (("value", _amount(value, of)),))


def _amount(value: object, of: Of) -> int | float:
    """Read a duration or count."""
    return units.duration(value) if of == "duration" else _number(value, "4000")


def _number(value: object, example: str) -> int | float:
    """Read a plain number of at least 0: an int where it is whole."""
    text = repr(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)
    if isinstance(value, bool) or not _PLAIN.fullmatch(text) or math.isinf(number := float(text)):
        raise AdvisedError(f"{quoted(text)} is not a number of 0 or more", f"write such as `{example}`, without a unit")
    return int(number) if number == int(number) else number


def _distribution(node: Node, of: Of) -> Distribution:
    """Give a tree its meaning."""
    if isinstance(node, Quantity):
        return _constant(node.text, of)
    if isinstance(node, Values):
        raise AdvisedError("a list alone is not a distribution", f"write `{COMPOSITE['empirical']}`")
    if node.name == "empirical":
        return _empirical(node, of)
    if node.name == "mixture":
        return _mixture(node, of)
    family = FAMILIES.get(node.name)
    if family is None:
        raise families.unknown(node.name)
    if family.counts_only and of == "duration":
        raise AdvisedError(f"{node.name} is a distribution of counts", "for durations write exponential or gamma")
    named = list(_named(node, family.positional))
    params = {name: _parameter(node.name, family, name, value, of) for name, value in named}
    ordered = sorted(params.items(), key=lambda item: families.order(family, item[0]))
    return Distribution(node.name, of, tuple(ordered))


def _named(call: Call, positional: tuple[str, ...]) -> Iterable[tuple[str, Node]]:
    """Yield names and values of the arguments; those without a name take the family's."""
    seen = set[str]()
    for at, argument in enumerate(call.arguments):
        if argument.weight is not None:
            raise AdvisedError(f"{call.name} takes no weights",
                               f"write `name=value`, or a mixture, such as `{COMPOSITE['mixture']}`")
        name = argument.name
        if name is None and at < len(positional):
            name = positional[at]
        if name is None:
            raise AdvisedError(f"an argument of {call.name} has no name",
                               f"write `name=value`, such as `{FAMILIES[call.name].example}`")
        name = re.sub(r"^(p\d+)\.", r"\1_", name)
        if name in seen:
            raise AdvisedError(f"{quoted(name)} of {call.name} is given twice", "remove one of the two")
        seen.add(name)
        yield name, argument.value


def _parameter(kind: str, family: families.Family, name: str, value: Node, of: Of) -> Number:
    """Read one scalar parameter."""
    role = families.role(family, name)
    if role is None:
        known = [*family.roles, *(["p50", "p95", "p99"] if family.percentiles else []), *families.BOUNDS]
        raise AdvisedError(f"{kind} has no parameter {quoted(name)}", choose(name, known))
    if not isinstance(value, Quantity):
        raise AdvisedError(f"{quoted(name)} of {kind} is not a single value", f"write such as `{family.example}`")
    try:
        if role is Role.NUMBER:
            return _number(value.text, "0.5")
        if role is Role.RATE and of == "duration":
            return units.rate(value.text)
        return _amount(value.text, of)
    except AdvisedError as problem:
        raise AdvisedError(f"{quoted(name)} of {kind}: {problem.message}", problem.fix) from None


def _empirical(call: Call, of: Of) -> Distribution:
    items: list[Node] = []
    for argument in call.arguments:
        if argument.name is None and argument.weight is None:
            items += argument.value.items if isinstance(argument.value, Values) else [argument.value]
    if not items or not all(isinstance(item, Quantity) for item in items):
        raise AdvisedError("empirical has no list of values", f"write such as `{COMPOSITE['empirical']}`")
    values = sorted(_amount(item.text, of) for item in items if isinstance(item, Quantity))
    return Distribution("empirical", of, _bounds(call, of), values=tuple(values))


def _mixture(call: Call, of: Of) -> Distribution:
    parts: list[tuple[float, Distribution]] = []
    for argument in call.arguments:
        if argument.weight is not None:
            parts.append((_weight(argument.weight), _distribution(argument.value, of)))
        elif argument.name is None:
            raise AdvisedError("a part of mixture has no weight", f"write such as `{COMPOSITE['mixture']}`")
    if not parts:
        raise AdvisedError("mixture has no parts", f"write such as `{COMPOSITE['mixture']}`")
    return Distribution("mixture", of, _bounds(call, of), parts=tuple(parts))


def _weight(text: str) -> float:
    weight = units.percent(text) if text.endswith("%") else _number(text, "0.9")
    if weight <= 0:
        raise AdvisedError(f"the weight {quoted(text)} is not above 0", "remove the part, or give it a weight")
    return float(weight)


def _bounds(call: Call, of: Of) -> tuple[tuple[str, Number], ...]:
    """Read ``min`` and ``max`` of an empirical distribution or a mixture."""
    bounds: dict[str, Number] = {}
    for argument in call.arguments:
        if argument.name is not None:
            bounds |= _bound(call.name, argument, of, bounds)
        elif argument.weight is not None and call.name == "empirical":
            raise AdvisedError("empirical takes no weights", "repeat a value instead")
    return tuple(sorted(bounds.items(), key=lambda item: families.BOUNDS.index(item[0])))


def _bound(kind: str, argument: Argument, of: Of, seen: Mapping[str, Number]) -> dict[str, Number]:
    name = argument.name or ""
    if name not in families.BOUNDS:
        raise AdvisedError(f"{kind} has no parameter {quoted(name)}", choose(name, families.BOUNDS))
    if name in seen or not isinstance(argument.value, Quantity):
        raise AdvisedError(f"{quoted(name)} of {kind} is not a single value", f"write such as `{name}=1 s` once")
    return {name: _amount(argument.value.text, of)}


def _show_number(number: Number) -> str:
    return str(int(number)) if number == int(number) else repr(float(number))


ZERO: Final = _constant(0, "duration")
"""No time at all."""
