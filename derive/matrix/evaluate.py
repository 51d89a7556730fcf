"""The value of a matrix expression, computed exactly as it is printed.

Every operation asserts the shapes it gets, so that a missing transpose is found where it is. The
elements are :class:`decimal.Decimal`, so that a comparison with the index form is one at high
precision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from derive.errors import InputError
from derive.matrix.expression import (
    Array,
    Constant,
    Determinant,
    Diagonal,
    Elementwise,
    Hadamard,
    HadamardPower,
    HadamardQuotient,
    Identity,
    Inverse,
    Matrix,
    MatrixProduct,
    MatrixSum,
    Ones,
    Rowwise,
    Scaled,
    Trace,
    Transpose,
    Weighted,
)
from derive.matrix_functions import MATRIX_FUNCTIONS, solve
from derive.terms import Term

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Values: TypeAlias = NDArray[np.object_]

__all__ = ["ShapeError", "Surroundings", "evaluate_matrix"]


class ShapeError(InputError):
    """An operation of a matrix expression got arrays whose shapes don't fit."""


@dataclass(frozen=True)
class Surroundings:
    """What the names in a matrix expression stand for.

    Attributes:
        sizes: a number for each symbol of a size.
        arrays: the stored array of each :class:`~derive.matrix.expression.Array`, two-dimensional.
        scalar: the value of a term without indices (a coefficient).
        function: the value of a scalar function at Decimal arguments, by name and orders of
            differentiation; a function of whole families gets all members of the first family,
            then of the second.
    """

    sizes: Mapping[str, int]
    arrays: Mapping[Array, Values]
    scalar: Callable[[Term], Decimal]
    function: Callable[[str, tuple[int, ...], tuple[Decimal, ...]], Decimal]

    def shape(self, matrix: Matrix) -> tuple[int, int]:
        """The shape that the expression claims to have, in numbers."""
        rows, columns = (
            extent if isinstance(extent, int) else self.sizes[extent] for extent in matrix.shape
        )
        return rows, columns


def evaluate_matrix(matrix: Matrix, surroundings: Surroundings) -> Values:
    """The value of the expression, a two-dimensional array of Decimals.

    Raises:
        ShapeError: the shapes of two operands don't fit, or a result doesn't have the shape that
            the expression claims.
    """
    value = _evaluate(matrix, surroundings)
    expected = surroundings.shape(matrix)
    if value.shape != expected:
        raise ShapeError(
            f"a {type(matrix).__name__} has the shape {_shape(value)} instead of "
            f"{expected[0]}×{expected[1]}"
        )
    return value


def _shape(value: Values) -> str:
    return f"{value.shape[0]}×{value.shape[1]}"


def _filled(shape: tuple[int, int], number: Decimal) -> Values:
    import numpy as np

    return np.full(shape, number, dtype=object)


def _mapped(function: Callable[..., Decimal], *arrays: Values) -> Values:
    import numpy as np

    result = np.empty(arrays[0].shape, dtype=object)
    for place in np.ndindex(*arrays[0].shape):
        result[place] = function(*(array[place] for array in arrays))
    return result


def _equal_shapes(arrays: list[Values], sign: str) -> None:
    for array in arrays[1:]:
        if array.shape != arrays[0].shape:
            raise ShapeError(f"{_shape(arrays[0])} {sign} {_shape(array)} does not fit")


def _times(left: Values, right: Values) -> Values:
    if left.shape[1] != right.shape[0]:
        raise ShapeError(f"the product of {_shape(left)} and {_shape(right)} does not fit")
    result: Any = left.dot(right)
    return result  # type: ignore[no-any-return]


def _evaluate(matrix: Matrix, surroundings: Surroundings) -> Values:

    def value(part: Matrix) -> Values:
        return evaluate_matrix(part, surroundings)

    match matrix:
        case Array():
            return surroundings.arrays[matrix]
        case Ones():
            return _filled(surroundings.shape(matrix), Decimal(1))
        case Identity():
            size = surroundings.shape(matrix)[0]
            result = _filled((size, size), Decimal(0))
            for place in range(size):
                result[place, place] = Decimal(1)
            return result
        case Constant(value=number):
            return _filled(surroundings.shape(matrix), surroundings.scalar(number))
        case Transpose(operand=operand):
            return value(operand).T
        case MatrixProduct(factors=factors):
            result = value(factors[0])
            for factor in factors[1:]:
                result = _times(result, value(factor))
            return result
        case MatrixSum(terms=terms):
            parts = [value(term) for term in terms]
            _equal_shapes(parts, "+")
            return _folded(lambda left, right: left + right, parts)
        case Hadamard(factors=factors):
            parts = [value(factor) for factor in factors]
            _equal_shapes(parts, "⊙")
            return _folded(lambda left, right: left * right, parts)
        case HadamardQuotient(numerator=above, denominator=below):
            parts = [value(above), value(below)]
            _equal_shapes(parts, "⊘")
            return _folded(lambda left, right: left / right, parts)
        case _:
            return _evaluate_applied(matrix, surroundings)


def _inverse(array: Values) -> Values:
    matrix: list[list[Decimal]] = [[*row] for row in array.tolist()]
    size = len(matrix)
    result = _filled((size, size), Decimal(0))
    for column in range(size):
        unit = [Decimal(int(place == column)) for place in range(size)]
        for row, entry in enumerate(solve(matrix, unit)):
            result[row, column] = entry
    return result


def _square(array: Values, what: str) -> Values:
    if array.shape[0] != array.shape[1]:
        raise ShapeError(f"{what} of {_shape(array)}, which is not square")
    return array


def _folded(operation: Callable[[Any, Any], Any], parts: list[Values]) -> Values:
    result: Any = parts[0]
    for part in parts[1:]:
        result = operation(result, part)
    return result  # type: ignore[no-any-return]


def _evaluate_applied(matrix: Matrix, surroundings: Surroundings) -> Values:
    import numpy as np

    def value(part: Matrix) -> Values:
        return evaluate_matrix(part, surroundings)

    match matrix:
        case HadamardPower(base=base, exponent=exponent):
            number = surroundings.scalar(exponent)
            return _mapped(lambda element: element**number, value(base))
        case Elementwise(function=name, arguments=arguments, orders=orders):
            parts = [value(argument) for argument in arguments]
            _equal_shapes(parts, "beside")
            return _mapped(lambda *at: surroundings.function(name, orders, at), *parts)
        case Rowwise(function=name, arguments=arguments, along="whole"):
            members = tuple(each for part in arguments for each in value(part).ravel())
            return _filled((1, 1), surroundings.function(name, (), members))
        case Rowwise(function=name, arguments=arguments, along=along):
            families = [value(argument) for argument in arguments]
            rows = [family if along == "rows" else family.T for family in families]
            if len({len(row) for row in rows}) != 1:
                raise ShapeError(f"the arguments of {name} have different numbers of examples")
            column = np.empty((len(rows[0]), 1), dtype=object)
            for place, members in enumerate(zip(*rows, strict=True)):
                flat = tuple(element for family in members for element in family)
                column[place, 0] = surroundings.function(name, (), flat)
            return column if along == "rows" else column.T
        case Scaled(coefficient=coefficient, operand=operand):
            factor = surroundings.scalar(coefficient)
            return _mapped(lambda element: factor * element, value(operand))
        case Weighted(weight=weight, operand=operand):
            scalar = value(weight)
            if scalar.shape != (1, 1):
                raise ShapeError(f"a weight of shape {_shape(scalar)} is not a scalar")
            return _mapped(lambda element: scalar[0, 0] * element, value(operand))
        case Diagonal(vector=vector):
            entries = value(vector)
            if 1 not in entries.shape:
                raise ShapeError(f"diag of {_shape(entries)}, which is not a vector")
            size = entries.size
            result = _filled((size, size), Decimal(0))
            for place, entry in enumerate(entries.ravel()):
                result[place, place] = entry
            return result
        case Inverse(operand=operand):
            return _inverse(_square(value(operand), "the inverse"))
        case Determinant(function=name, operand=operand):
            elements = _square(value(operand), "the determinant").ravel()
            return _filled((1, 1), MATRIX_FUNCTIONS[name].value(*elements))
        case Trace(operand=operand):
            square = value(operand)
            if square.shape[0] != square.shape[1]:
                raise ShapeError(f"the trace of {_shape(square)}, which is not square")
            return _filled((1, 1), sum((square[p, p] for p in range(len(square))), Decimal(0)))
    raise TypeError(f"{type(matrix).__name__} has no value")
