"""The two meanings of ``dZ``, proved equal, and the sum closed too early, refuted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import NamedTuple

from derive.backpropagation import LEMMA, Prover
from derive.derivation import Lemma, Meanings, Slip
from derive.errors import DeriveError
from derive.evaluation import EvaluationError, Evaluator
from derive.model import Problem, is_coefficient
from derive.terms import (
    Derivative,
    Index,
    Ref,
    Sum,
    Term,
    add,
    contains,
    factors_of,
    free_indices,
    key,
    multiply,
    same,
    substitute,
    terms_of,
    walk,
)

__all__ = ["meanings_of"]

#: Of so many parameters each is tried as 0 and as 1; further ones are 1.
_MOST_VARIED = 6


def meanings_of(
    problem: Problem, main: Lemma, prover: Prover, *, refute: bool = True
) -> Meanings | None:
    """Both meanings of the derivative by the stage that holds the parameter, or ``None`` where the
    gradient isn't a sum over examples of such derivatives.

    ``main`` is the lemma about the cost, ``prover`` the one that proved it; ``refute`` says whether
    numbers are looked for at which the sum that is closed too early is wrong.
    """
    example = problem.example_index
    if example is None or problem.is_second_order:
        return None
    found = _backpropagation_form(problem, main, example)
    if found is None:
        return None
    coefficient, summed, derivative, others = found
    rest = [factor for factor in factors_of(summed.body) if factor is not derivative]
    stage = derivative.by
    by = Ref(stage.name, problem.quantity(stage.name).ref.indices)
    own = Prover(prover.scope)
    of_cost = own.by_stage(by)
    if Counter(map(key, factors_of(of_cost.result))) != Counter(
        map(key, (*coefficient, derivative))
    ):
        # The cost is not that multiple of what is differentiated: the loss of an example has no
        # name of its own.
        return None
    in_cost = Derivative(main.claim.of, stage)
    # What the cost has besides the losses, such as a penalty, has its own share of the gradient.
    without_factor = add(Sum(summed.index, multiply(in_cost, *rest)), *others)
    equality = own.substituted(without_factor, of_cost)
    with_factor = equality[-1].after
    if not any(same(part, derivative) for part in walk(with_factor)):
        return None
    slip = _slip(problem, found) if rest and refute else None
    return Meanings(
        main.claim.by.name,
        stage,
        derivative,
        of_cost,
        with_factor,
        without_factor,
        equality,
        slip,
    )


class _Form(NamedTuple):
    """``(1/m) Σ_i ∂L_i/∂z_i x_ij + …``: the coefficient, the sum, the derivative in it, and the
    other terms of the gradient."""

    coefficient: list[Term]
    summed: Sum
    derivative: Derivative
    others: list[Term]


def _backpropagation_form(problem: Problem, main: Lemma, example: Index) -> _Form | None:
    """The gradient in the line of the derivation in which just one kind of derivative is left."""
    for step in main.steps:
        if step.rule != LEMMA:
            continue
        parts = terms_of(step.after)
        for position, part in enumerate(parts):
            others = [*parts[:position], *parts[position + 1 :]]
            factors = factors_of(part)
            for n, factor in enumerate(factors):
                if not isinstance(factor, Sum) or factor.index != example:
                    continue
                inner = factors_of(factor.body)
                derivatives = [each for each in inner if isinstance(each, Derivative)]
                coefficient = [*factors[:n], *factors[n + 1 :]]
                if (
                    len(derivatives) == 1
                    and isinstance(derivatives[0].of, Ref)
                    and not any(contains(e, Derivative) for e in inner if e is not derivatives[0])
                    and all(is_coefficient(each, problem) for each in coefficient)
                    and not any(contains(each, Derivative) for each in others)
                ):
                    return _Form(coefficient, factor, derivatives[0], others)
    return None


# The sum closed too early ------------------------------------------------------------------------


def _slip(problem: Problem, form: _Form) -> Slip | None:
    """Small numbers at which ``(1/m)(Σ_i ∂L_i/∂z_i) x_ij`` is wrong for every ``i``."""
    coefficient, summed, derivative, others = form
    rest = [factor for factor in factors_of(summed.body) if factor is not derivative]
    example = summed.index
    moved = [factor for factor in rest if example in free_indices(factor)]
    if not moved:
        return None
    stays = [factor for factor in rest if example not in free_indices(factor)]
    other = Index(example.name + "'", example.size)
    closed = Sum(other, substitute(derivative, {example: other}))
    wrong = add(multiply(*coefficient, *stays, closed, *moved), *others)
    right = add(multiply(*coefficient, summed), *others)
    functions = {
        function.name: _identity if function.arity == 1 else _square
        for function in problem.functions
    }
    former: Evaluator | None = None
    for sizes, values in _candidates(problem):
        # Points with the same sizes share what was made of the terms.
        if former is None or former.sizes != sizes:
            evaluator = Evaluator(problem, sizes, values, functions)
        else:
            evaluator = former.at(values, functions)
        former = evaluator
        slip = _refutation(problem, right, wrong, example, evaluator, values)
        if slip is not None:
            return slip
    return None


def _candidates(problem: Problem) -> Iterator[tuple[dict[str, int], dict[str, object]]]:
    """Small sizes with small whole numbers for everything, the simplest first."""
    example = problem.example_index
    chosen = [quantity.name for quantity in problem.inputs if quantity.role != "data"]
    del chosen[_MOST_VARIED:]
    for extent in (1, 2):
        sizes = problem.fitted(
            {name: 2 if example and name == example.size else extent for name in problem.size_names}
        )
        for fill in product((1, 2), *((0, 1) for _ in chosen)):
            step, numbers = fill[0], dict(zip(chosen, fill[1:], strict=True))
            values: dict[str, object] = {}
            for quantity in problem.inputs:
                shape = tuple(
                    size if isinstance(size, int) else sizes[size] for size in quantity.shape
                )
                values[quantity.name] = {
                    place: (
                        _small_number(quantity.domain, place, step)
                        if quantity.role == "data"
                        else _parameter(quantity.domain, numbers.get(quantity.name, 1))
                    )
                    for place in product(*(range(1, size + 1) for size in shape))
                }
            yield sizes, values


def _parameter(domain: str, value: int) -> Decimal:
    return Decimal(1 if domain == "positive" else value)


def _small_number(domain: str, place: tuple[int, ...], step: int) -> Decimal:
    first = place[0] if place else 1
    match domain:
        case "binary":
            return Decimal((first + 1) % 2)
        case "probabilities":
            return Decimal(int(place[-1] == (first - 1) % 2 + 1))
        case "unit interval":
            return Decimal(first) / 4
        case _:
            return Decimal(first if len(place) > 1 else first - 1) * step


def _square(arguments: tuple[Decimal, ...]) -> Decimal:
    half = len(arguments) // 2
    pairs = zip(arguments[:half], arguments[half:], strict=False)
    return sum(((a - y) ** 2 for a, y in pairs), Decimal(0)) / 2


def _identity(arguments: tuple[Decimal, ...]) -> Decimal:
    return sum(arguments, Decimal(0))


def _refutation(
    problem: Problem,
    right: Term,
    wrong: Term,
    example: Index,
    evaluator: Evaluator,
    values: Mapping[str, object],
) -> Slip | None:
    sizes = evaluator.sizes
    extent = sizes[example.size] if isinstance(example.size, str) else example.size
    slipped: list[Fraction] = []
    try:
        assignment = dict.fromkeys(free_indices(right), 1)
        truth = _exact(evaluator.value(right, assignment))
        if truth is None:
            return None
        for place in range(1, extent + 1):
            value = _exact(evaluator.value(wrong, {**assignment, example: place}))
            if value is None or value == truth:
                return None
            slipped.append(value)
    except EvaluationError:
        return None
    shown = tuple(
        (Ref(quantity.name, place), Fraction(value))
        for quantity in problem.inputs
        for place, value in _items(values[quantity.name])
    )
    return Slip(
        wrong,
        tuple(sizes.items()),
        shown,
        truth,
        tuple(slipped),
        _assumption(problem),
    )


def _items(table: object) -> Iterator[tuple[tuple[int, ...], Decimal]]:
    if not isinstance(table, dict):
        raise DeriveError("the values of a counterexample are tables")
    yield from table.items()


def _exact(value: Decimal) -> Fraction | None:
    """The simple fraction that the value is to within the precision of the evaluation, or ``None``
    where it isn't one that a reader could follow by hand."""
    simple = Fraction(value).limit_denominator(1000)
    return simple if abs(Fraction(value) - simple) < Fraction(1, 10**18) else None


def _assumption(problem: Problem) -> str:
    if not problem.functions:
        return ""
    parts = [
        f"{f.text}(u) = u" if f.arity == 1 else f"{f.text}(a, y) = ½ (a − y)²"
        for f in problem.functions
    ]
    return "for instance with " + " and ".join(parts)
