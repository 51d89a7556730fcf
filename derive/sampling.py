"""Random values inside the declared domains, obeying the facts; concrete abstract functions.

Everything is drawn from :class:`random.Random` seeded with text, and held in decimals of ten
digits, so that a seed gives the same numbers on every platform and in every process.
"""

from __future__ import annotations

import decimal
import itertools
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from math import prod
from typing import Any

from derive.errors import InputError
from derive.evaluation import ConcreteFunction, EvaluationError, Evaluator, span
from derive.functions import kinks
from derive.model import Definition, Domain, Fact, Problem, Quantity
from derive.symmetry import SYMMETRIC_DOMAINS
from derive.terms import Family, Index, Number, Ref, Sum, free_indices, walk

__all__ = [
    "Array",
    "SmoothFunction",
    "distinct_sizes",
    "draw",
    "manageable",
    "points",
    "sample",
    "sample_functions",
    "values_in",
]

#: The components of one quantity by their indices, counted from 1; a scalar has the key ``()``.
Array = dict[tuple[int, ...], Decimal]

_DIGITS = 10
#: Differences, of at most this width, must not reach across a kink.
_BESIDE_A_KINK = Decimal("1e-5")
_ONE = Decimal(1)


def distinct_sizes(problem: Problem) -> dict[str, int]:
    """Small sizes, no two of them equal, none equal to a number that the definitions contain.

    A wrong step may exchange two sizes, or a size for a number; with all of them different that
    shows.

    >>> from derive.terms import Index
    >>> distinct_sizes(Problem("p", "P", (Index("i", "m"), Index("j", "n")), (), ()))
    {'m': 3, 'n': 4}
    """
    # 2 is left out throughout: differentiating a square brings it in.
    taken = {1, 2}
    for definition in problem.definitions:
        for part in walk(definition.body):
            if isinstance(part, Number):
                taken |= {abs(part.value.numerator), part.value.denominator}
    free = (size for size in itertools.count(3) if size not in taken)
    names = list(problem.size_names)
    if problem.example_index is not None and problem.example_index.size in names:
        examples = str(problem.example_index.size)  # most sums run over it: the smallest size
        names.remove(examples)
        names.insert(0, examples)
    sizes = {name: 1 if name in problem.dependent_sizes else next(free) for name in names}
    return manageable(problem, sizes)


#: A definition with more values than this, counted with those that are summed, takes long.
_MOST_VALUES = 20_000


def manageable(problem: Problem, sizes: Mapping[str, int]) -> dict[str, int]:
    """The sizes, fitted to the shifts; 2 and 3 in turn where an array of many indices would be
    too large to be differenced. Such an array has no matrix form, in which equal sizes might be
    mistaken for one another.

    >>> from derive.catalogue import load
    >>> manageable(load("linear_regression"), {"m": 3, "n": 4})
    {'m': 3, 'n': 4}
    """
    fitted = problem.fitted(sizes)
    if all(values_in(definition, fitted) <= _MOST_VALUES for definition in problem.definitions):
        return fitted
    turns = itertools.cycle((2, 2, 3))
    return problem.fitted(
        {
            name: 1 if name in problem.dependent_sizes else min(size, next(turns))
            for name, size in sizes.items()
        }
    )


def values_in(definition: Definition, sizes: Mapping[str, int]) -> int:
    """How many values a definition is made of: one for each of its indices and of those inside."""
    inside = (part.index for part in walk(definition.body) if isinstance(part, (Sum, Family)))
    indices = dict.fromkeys((*definition.indices, *inside))
    return prod(len(span(index, sizes)) for index in indices)


# Arrays ------------------------------------------------------------------------------------------


def sample(
    problem: Problem, sizes: Mapping[str, int], seed: int, *, interior: bool = False
) -> dict[str, Array]:
    """Values for every input of ``problem``: in their domains, obeying its facts.

    Args:
        problem: whose inputs are drawn.
        sizes: a number for each size symbol.
        seed: the same seed gives the same values.
        interior: draw what is binary from the unit interval, in which it is contained. No term
            then vanishes by accident, as ``(1 − y)`` does at ``y = 1``.

    Raises:
        InputError: the drawn data don't obey a fact; or a size is missing.

    >>> from derive.terms import Index
    >>> i = Index("i", "m")
    >>> y = Quantity("y", (i,), "data", "y", "y", "y", "y", domain="binary")
    >>> values = sample(Problem("p", "P", (i,), (y,), ()), {"m": 3}, seed=0)
    >>> [str(value) for value in values["y"].values()]
    ['1', '1', '0']
    """
    source = random.Random(f"values {seed}")
    values: dict[str, Array] = {}
    for quantity in problem.inputs:
        domain: Domain = quantity.domain
        if interior and domain == "binary":
            domain = "unit interval"
        values[quantity.name] = _array(quantity, domain, sizes, source)
    for fact in problem.facts:
        _normalise(problem, fact, sizes, values)
    _verify_facts(problem, sizes, values, seed)
    return values


def _uniform(source: random.Random, low: str, high: str) -> Decimal:
    """A number between ``low`` and ``high`` with ten digits after the point."""
    unit = 10**_DIGITS
    ends = (int(Decimal(low) * unit), int(Decimal(high) * unit))
    return Decimal(source.randint(*ends)).scaleb(-_DIGITS)


def _scalar(domain: Domain, source: random.Random) -> Decimal:
    match domain:
        case "real":
            return source.choice((1, -1)) * _uniform(source, "0.2", "1.2")
        case "positive":
            return _uniform(source, "0.3", "1.7")
        case "unit interval":
            return _uniform(source, "0.1", "0.9")
        case "binary":
            return Decimal(source.randint(0, 1))
        case _:
            raise InputError(f"a single value can't be drawn from the domain {domain!r}")


def _array(
    quantity: Quantity, domain: Domain, sizes: Mapping[str, int], source: random.Random
) -> Array:
    ranges = [span(index, sizes) for index in quantity.indices]
    if domain in SYMMETRIC_DOMAINS:
        return _symmetric(list(ranges[0]), source, definite=domain == "positive definite")
    if domain != "probabilities":
        array = {places: _scalar(domain, source) for places in itertools.product(*ranges)}
        if domain == "binary" and len(array) > 1 and len(set(array.values())) == 1:
            first = next(iter(array))  # both values occur wherever there is room for both
            array[first] = 1 - array[first]
        return array
    if not ranges:
        raise InputError(f"{quantity.name} is declared as probabilities but has no index to sum")
    array = {}
    for row in itertools.product(*ranges[:-1]):
        weights = [source.randint(2, 9) * 10**8 + source.randint(0, 10**8) for _ in ranges[-1]]
        for place, share in zip(ranges[-1], _shares(weights, _ONE), strict=True):
            array[(*row, place)] = share
    return array


def _symmetric(places: list[int], source: random.Random, *, definite: bool) -> Array:
    """A symmetric matrix; ``B Bᵀ + I`` with a random ``B`` if it is to be positive definite."""
    drawn = {(a, b): _scalar("real", source) for a in places for b in places}
    if not definite:
        return {(a, b): drawn[min(a, b), max(a, b)] for a in places for b in places}
    with decimal.localcontext() as context:
        context.prec = 50
        return {
            (a, b): sum((drawn[a, c] * drawn[b, c] for c in places), Decimal(int(a == b)))
            for a in places
            for b in places
        }


def _shares(weights: list[int], whole: Decimal) -> list[Decimal]:
    """Parts of ``whole`` in proportion to ``weights``; their sum is exact."""
    everything = sum(weights)
    exact = [Fraction(whole) * Fraction(weight, everything) for weight in weights[:-1]]
    parts = [Decimal(round(part * 10**_DIGITS)).scaleb(-_DIGITS) for part in exact]
    return [*parts, whole - sum(parts)]


# Facts -------------------------------------------------------------------------------------------


def _linear_fact(problem: Problem, fact: Fact) -> tuple[list[Index], Ref, Decimal] | None:
    """The parts of a fact ``Σ_k y_…k = c`` about data that stand in the declared order; the sum may
    be over several indices."""
    for left, right in ((fact.left, fact.right), (fact.right, fact.left)):
        summed: list[Index] = []
        while isinstance(left, Sum):
            summed.append(left.index)
            left = left.body
        if not summed or not isinstance(left, Ref) or not isinstance(right, Number):
            continue
        quantity = problem.quantity(left.name)
        whole = all(isinstance(place, Index) for place in left.indices)
        if quantity.role != "definition" and whole and set(summed) <= set(left.indices):
            with decimal.localcontext() as context:
                context.prec = 50
                return summed, left, Decimal(right.value.numerator) / right.value.denominator
    return None


def _normalise(
    problem: Problem, fact: Fact, sizes: Mapping[str, int], values: dict[str, Array]
) -> None:
    """Scale the values so that they obey a linear fact, where it is one."""
    parts = _linear_fact(problem, fact)
    if parts is None:
        return
    summed, ref, whole = parts
    positions = [n for n, index in enumerate(ref.indices) if index not in summed]
    array = values[ref.name]
    groups: dict[tuple[int, ...], list[tuple[int, ...]]] = {}
    for places in array:
        groups.setdefault(tuple(places[position] for position in positions), []).append(places)
    with decimal.localcontext() as context:
        context.prec = 50
        for group in groups.values():
            now = sum((array[places] for places in group), Decimal(0))
            if now == whole:
                continue
            if not now:
                raise InputError(
                    f"cannot sample data that obey the fact {fact.left} = {fact.right}"
                )
            scaled = [
                (array[places] * whole / now).quantize(_ONE.scaleb(-_DIGITS)) for places in group
            ]
            scaled[-1] = whole - sum(scaled[:-1], Decimal(0))
            array.update(zip(group, scaled, strict=True))


def _verify_facts(
    problem: Problem, sizes: Mapping[str, int], values: dict[str, Array], seed: int
) -> None:
    if not problem.facts:
        return
    evaluator = Evaluator(problem, sizes, values, _concrete(problem, seed))
    for fact in problem.facts:
        indices = tuple(dict.fromkeys((*free_indices(fact.left), *free_indices(fact.right))))
        try:
            left = evaluator.table(fact.left, indices)
            right = evaluator.table(fact.right, indices)
        except EvaluationError as error:
            raise InputError(
                f"cannot sample data that obey the fact {fact.left} = {fact.right}: {error}"
            ) from error
        for places, value in left.items():
            if abs(value - right[places]) > _ONE.scaleb(-30) * max(_ONE, abs(value)):
                raise InputError(
                    f"cannot sample data that obey the fact {fact.left} = {fact.right} "
                    f"({fact.reason})"
                )


# Concrete functions ------------------------------------------------------------------------------


@dataclass(frozen=True)
class SmoothFunction:
    """A smooth function of any number of arguments ``u_1, u_2, …``, to stand for an abstract one::

        Σ_k (a_k u_k + b_k u_k²) + c exp(−(Σ_k d_k u_k)²)

    All coefficients differ, so that an exchange of two arguments shows; the last term couples the
    arguments, is not a polynomial, and stays bounded.

    >>> g = SmoothFunction("g", "seed")
    >>> g((Decimal(1),)) == g.value((Decimal(1),))
    True
    """

    name: str
    seed: str
    _drawn: list[tuple[Decimal, Decimal, Decimal]] = field(
        default_factory=list, compare=False, repr=False
    )

    def coefficients(self, count: int) -> list[tuple[Decimal, Decimal, Decimal]]:
        """``(a_k, b_k, d_k)`` for the first ``count`` arguments."""
        for position in range(len(self._drawn), count):
            source = random.Random(f"function {self.name} {self.seed} {position}")
            a, b, d = (
                source.choice((1, -1)) * Decimal(source.randint(low, high)).scaleb(-3)
                for low, high in ((300, 900), (100, 400), (200, 500))
            )
            self._drawn.append((a, b, d))
        return self._drawn[:count]

    @cached_property
    def scale(self) -> Decimal:
        """The coefficient ``c`` of the bounded term."""
        source = random.Random(f"function {self.name} {self.seed}")
        return Decimal(source.randint(700, 1900)).scaleb(-3)

    def __call__(self, arguments: tuple[Decimal, ...]) -> Decimal:
        return self.value(arguments)

    def value(self, arguments: tuple[Decimal, ...]) -> Decimal:
        """The value, at the precision of the decimal context."""
        total, inner = Decimal(0), Decimal(0)
        for (a, b, d), u in zip(self.coefficients(len(arguments)), arguments, strict=True):
            total += (a + b * u) * u
            inner += d * u
        return total + self.scale * (-inner * inner).exp()

    def in_sympy(
        self,
        arguments: tuple[Any, ...],
        *,
        exponential: Callable[[Any], Any] | None = None,
        part: Callable[[Any], Any] = lambda inner: inner,
    ) -> Any:
        """The same function of SymPy expressions.

        Args:
            arguments: what it is applied to.
            exponential: stands for ``sympy.exp``.
            part: what becomes of the sum under the square.
        """
        import sympy

        total, inner = sympy.Integer(0), sympy.Integer(0)
        for (a, b, d), u in zip(self.coefficients(len(arguments)), arguments, strict=True):
            total += _rational(a) * u + _rational(b) * u**2
            inner += _rational(d) * u
        return total + _rational(self.scale) * (exponential or sympy.exp)(-(part(inner) ** 2))

    def floats(self, count: int) -> tuple[list[float], list[float], list[float], float]:
        """``a``, ``b``, ``d`` and ``c`` as floats, for ``count`` arguments."""
        rows = self.coefficients(count)
        a, b, d = ([float(row[column]) for row in rows] for column in range(3))
        return a, b, d, float(self.scale)

    def description(self, count: int) -> str:
        """The formula in words, for ``count`` arguments.

        >>> SmoothFunction("g", "seed").description(1).startswith("g(u1) = ")
        True
        """
        letters = [f"u{position}" for position in range(1, count + 1)]
        rows = self.coefficients(count)
        powers = " ".join(
            f"{a:+} {u} {b:+} {u}²" for (a, b, _), u in zip(rows, letters, strict=True)
        )
        inner = " ".join(f"{d:+} {u}" for (_, _, d), u in zip(rows, letters, strict=True))
        return f"{self.name}({', '.join(letters)}) = {powers} + {self.scale} exp(−({inner})²)"


def _rational(value: Decimal) -> Any:
    import sympy

    return sympy.Rational(*value.as_integer_ratio())


def sample_functions(problem: Problem, seed: int) -> dict[str, SmoothFunction]:
    """A concrete smooth function for every abstract function of ``problem``.

    The same seed gives the same functions; each function and each seed gets its own coefficients.

    >>> from derive.model import AbstractFunction
    >>> problem = Problem("p", "P", (), (), (), functions=(AbstractFunction("g", 1, "g", "g"),))
    >>> sorted(sample_functions(problem, seed=0))
    ['g']
    """
    return {
        function.name: SmoothFunction(function.name, str(seed)) for function in problem.functions
    }


def _concrete(problem: Problem, seed: int) -> dict[str, ConcreteFunction]:
    return {name: function.value for name, function in sample_functions(problem, seed).items()}


def draw(problem: Problem, sizes: Mapping[str, int], seed: int) -> dict[str, Array]:
    """Values from the interior of the domains where the facts allow it, else from the domains.

    Raises:
        InputError: no data that obey the facts were found.
    """
    try:
        return sample(problem, sizes, seed, interior=True)
    except InputError:
        return sample(problem, sizes, seed)


def _require_smooth(problem: Problem, evaluator: Evaluator) -> None:
    """Refuse a point at or beside a kink, where there is no derivative to compare with.

    Raises:
        EvaluationError: it is one.
    """
    for definition in problem.definitions:
        for part in walk(definition.body):
            for kink in kinks(part):
                for value in evaluator.table(kink, free_indices(kink)).values():
                    if abs(value) < _BESIDE_A_KINK:
                        raise EvaluationError(f"{part} has a kink where {kink} = 0")


def points(
    problem: Problem,
    sizes: Mapping[str, int],
    seed: int,
    count: int,
    *,
    attempts: int = 40,
) -> Iterator[Evaluator]:
    """``count`` evaluators at random points where every definition has a value.

    Where a definition has none (the logarithm of a stage that came out negative) the point is
    drawn again. Each point has concrete functions of its own.

    Raises:
        InputError: no data that obey the facts were found.
        EvaluationError: too few of the drawn points give every definition a value.
    """
    first: Evaluator | None = None
    found = 0
    trouble: EvaluationError | None = None
    for number in range(seed * 1000, seed * 1000 + attempts):
        values = draw(problem, sizes, number)
        functions = _concrete(problem, number)
        if first is None:
            first = Evaluator(problem, sizes, values, functions)
        evaluator = first.at(values, functions)
        try:
            for definition in problem.definitions:
                evaluator.table(definition.head, definition.indices)
            _require_smooth(problem, evaluator)
        except EvaluationError as error:
            trouble = error
            continue
        yield evaluator
        found += 1
        if found == count:
            return
    raise EvaluationError(
        f"no {count} points of {attempts} gave every definition a value: {trouble}"
    )
