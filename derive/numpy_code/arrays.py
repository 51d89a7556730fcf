"""Which arrays the generated functions are given: order, axes, names."""

from __future__ import annotations

from collections.abc import Sequence

from derive.matrix.vectorise import arrangement
from derive.model import AbstractFunction, Problem, Quantity
from derive.terms import (
    Apply,
    Family,
    Index,
    Ref,
    Term,
    member,
    references,
    walk,
)

__all__ = [
    "argument_names",
    "axes_of",
    "family_depth",
    "inputs_of",
    "is_transposed",
    "shape_text",
    "sizes_text",
]


def inputs_of(problem: Problem) -> list[Quantity]:
    """What the functions are given, in the order of the arguments: data, parameters, then
    hyperparameters, each in the order in which the definitions use them."""
    used = dict.fromkeys(
        ref.name for definition in problem.definitions for ref in references(definition.body)
    )
    place = {name: number for number, name in enumerate(used)}
    roles = ("data", "parameter", "hyperparameter")
    return sorted(
        problem.inputs, key=lambda q: (roles.index(q.role), place.get(q.name, len(place)))
    )


def axes_of(quantity: Quantity, problem: Problem) -> tuple[Index, ...]:
    """The indices of a quantity in the order of the axes in which the code computes with it:
    examples are rows."""
    if len(quantity.indices) > 2:
        return quantity.indices
    return tuple(i for i in arrangement(quantity.indices, problem, "rows") if i is not None)


def is_transposed(quantity: Quantity, problem: Problem) -> bool:
    """Whether the code computes with the transpose of the array that was declared.

    What is given and what is returned always has the axes of the declaration, in that order.
    """
    return axes_of(quantity, problem) != quantity.indices


def argument_names(function: AbstractFunction, problem: Problem) -> tuple[str, ...]:
    """Names for the arguments of an abstract function: those of what it is first applied to."""
    for definition in problem.definitions:
        for part in walk(definition.body):
            if isinstance(part, Apply) and part.function == function.name:
                inside = [member(argument) for argument in part.arguments]
                names = [a.name if isinstance(a, Ref) else "" for a in inside]
                unique = len(set(names)) == len(names) and all(names)
                return tuple(names) if unique else tuple(f"u{p + 1}" for p in range(len(names)))
    return tuple(f"u{place + 1}" for place in range(function.arity))


def shape_text(quantity: Quantity) -> str:
    """The shape as a docstring gives it: ``(m, n)``, ``(m,)`` or ``number``."""
    return sizes_text(quantity.indices)


def sizes_text(indices: Sequence[Index]) -> str:
    """The shape of an array with these indices, as a docstring gives it."""
    sizes = [str(index.size) for index in indices]
    if not sizes:
        return "number"
    return f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"


def family_depth(function: AbstractFunction, problem: Problem) -> int:
    """Over how many indices the function is given all values as one argument: 1 for the outputs of
    an example, 2 for those of all examples, 0 for single values."""
    depths = [
        _depth(argument)
        for definition in problem.definitions
        for part in walk(definition.body)
        if isinstance(part, Apply) and part.function == function.name
        for argument in part.arguments
    ]
    return max(depths, default=0)


def _depth(argument: Term) -> int:
    return 1 + _depth(argument.body) if isinstance(argument, Family) else 0
