"""The derivation written out at small sizes, and folded back into a sum."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from derive.backpropagation import Prover
from derive.dependency import Scope, unrolled
from derive.derivation import SmallCase
from derive.errors import InputError
from derive.model import Problem, Quantity
from derive.rules import FOLD, RULES
from derive.terms import Derivative, Index, IndexLike, Ref

__all__ = ["LARGEST", "resolve_sizes", "small_case", "small_cases"]

#: The most scalar quantities that a written-out case may have.
LARGEST = 5000


def resolve_sizes(problem: Problem, given: Mapping[str, int]) -> dict[str, int]:
    """A number for each size: as given, as the problem says, else 3 examples and 2 of the rest.

    Raises:
        InputError: a size is unknown or smaller than 1, or the case is too large to write out.

    >>> from derive.catalogue import load
    >>> resolve_sizes(load("softmax_regression"), {"m": 4})
    {'m': 4, 'n': 2, 'K': 3}
    """
    names = problem.size_names
    for name, value in given.items():
        if name not in names:
            raise InputError(
                f"{problem.name} has no size {name!r}; its sizes are {', '.join(names)}"
            )
        if isinstance(value, bool) or not isinstance(value, int):
            raise InputError(f"the size {name} must be a whole number, not {value!r}")
        if value < 1:
            raise InputError(f"the size {name} must be at least 1, not {value}")
    example = problem.example_index.size if problem.example_index else None
    defaults = dict(problem.default_sizes)
    sizes = {
        name: given.get(name, defaults.get(name, 3 if name == example else 2)) for name in names
    }
    fitted = problem.fitted(
        {n: 1 if n in problem.dependent_sizes and n not in given else v for n, v in sizes.items()}
    )
    for name, value in given.items():
        if fitted[name] > value:
            raise InputError(
                f"the size {name} is {value}, but at these sizes a shifted index goes up to "
                f"{fitted[name]}"
            )
    sizes = {
        name: value if name in given else max(value, defaults.get(name, 1))
        for name, value in ((name, fitted[name]) for name in names)
    }
    count = sum(_scalars(quantity, sizes) for quantity in problem.quantities)
    if count > LARGEST:
        chosen = ", ".join(f"{name} = {value}" for name, value in sizes.items())
        raise InputError(
            f"the case {chosen} is too large to write out: it has {count} scalar quantities, "
            f"the limit is {LARGEST}; the general derivation holds for every size and has no limit"
        )
    return sizes


def _scalars(quantity: Quantity, sizes: Mapping[str, int]) -> int:
    return prod(size if isinstance(size, int) else sizes[size] for size in quantity.shape)


def small_cases(
    problem: Problem, wrt: tuple[str, ...], sizes: Mapping[str, int]
) -> tuple[SmallCase, ...]:
    """The written-out derivation for the first component of each of the quantities ``wrt``.

    The lemmas are shared: each case holds those that earlier ones have not proved, its own last.
    """
    scope = unrolled(problem, dict(sizes))
    first = [RULES["data last"]] if problem.is_second_order else []
    prover = Prover(scope, closing=[*first, FOLD, RULES["signs"], RULES["order"]])
    return tuple(_one_case(prover, problem.quantity(name)) for name in wrt)


def small_case(problem: Problem, wrt: str, sizes: Mapping[str, int]) -> SmallCase:
    """The written-out derivation for the first component of one quantity.

    >>> from derive.catalogue import load
    >>> case = small_case(load("logistic_regression"), "w", {"m": 2, "n": 2})
    >>> print(case.explicit)
    (1/2) [(a_1 − y_1) x_11 + (a_2 − y_2) x_21]
    >>> print(case.folded)
    (1/2) Σᵢ₌₁² (a_i − y_i) x_i1
    """
    return small_cases(problem, (wrt,), sizes)[0]


def _one_case(prover: Prover, quantity: Quantity) -> SmallCase:
    claim = _component(prover.scope, quantity)
    known = len(prover.lemmas)
    main = prover.whole(claim)
    folds = [step for step in main.steps if step.rule == FOLD.name]
    return SmallCase(
        tuple(prover.scope.sizes.items()),
        claim.by,
        tuple(prover.lemmas[known:]),
        folds[0].before if folds else main.result,
        main.result,
    )


def _component(scope: Scope, quantity: Quantity) -> Derivative:
    """One component that stands for all: ``∂J/∂w_1``. Where the cost has components of its own,
    one off the diagonal, ``∂g_1/∂w_2``, in which nothing is equal by chance."""
    problem = scope.problem
    cost = problem.cost
    if not cost.indices:
        return Derivative(cost.head, Ref(quantity.name, (1,) * len(quantity.indices)))

    def second(index: Index) -> int:
        extent = index.size if isinstance(index.size, int) else scope.sizes[index.size]
        return min(2, extent)

    above = tuple(index if index == problem.example_index else 1 for index in cost.indices)
    below: list[IndexLike] = [
        second(index) if tie is None else above[tie]
        for tie, index in zip(scope.ties(quantity.name), quantity.indices, strict=True)
    ]
    return Derivative(Ref(cost.name, above), Ref(quantity.name, tuple(below)))
