"""Functions of a square matrix: the inverse, the determinant and its logarithm.

In a term, a matrix is the family of its rows, each of them the family of its elements,
``((b_rc)_c)_r``. A component of the inverse, ``(B⁻¹)_pq``, is the function ``inverse`` of three
families: the unit vector of the row ``p``, the matrix, and the unit vector of the column ``q``. So
the inverse needs no kind of term of its own, and its derivative is made of inverses again:

    ``∂(B⁻¹)_pq/∂b_rc = −(B⁻¹)_pr (B⁻¹)_cq``,   ``∂ ln|det B|/∂b_rc = (B⁻¹)_cr``

(Petersen and Pedersen, *The Matrix Cookbook*, 2012, equations 60 and 57).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import isqrt
from typing import Any

from derive.errors import InputError
from derive.terms import (
    Apply,
    Delta,
    Family,
    Index,
    IndexLike,
    Term,
    free_indices,
    fresh_index,
    multiply,
    negate,
    place_indices,
    substitute,
)

__all__ = [
    "INVERSE",
    "MATRIX_FUNCTIONS",
    "MatrixFunction",
    "inverse_entry",
    "inverse_places",
    "matrix_of",
    "solve",
]

#: The name of the function whose values are the components of an inverse.
INVERSE = "inverse"


@dataclass(frozen=True)
class MatrixFunction:
    """A function of a square matrix whose value is one number.

    Attributes:
        name: the name in :class:`~derive.terms.Apply`.
        law: the derivative as a reader knows it, in LaTeX.
        meaning: the law in a sentence.
        slope: from the function applied and two indices ``r``, ``c`` to its derivative by ``b_rc``.
        value: from the members of all its arguments, one after the other, to its value.
        sympy: the same in SymPy, given the module.
    """

    name: str
    law: str
    meaning: str
    slope: Callable[[Apply, Index, Index], Term]
    value: Callable[..., Decimal]
    sympy: Callable[..., Any]


# Terms -------------------------------------------------------------------------------------------


def matrix_of(term: Apply) -> tuple[Index, Index, Term]:
    """The rows' index, the columns' index and the element of the matrix in the function's argument.

    Raises:
        InputError: the argument isn't a family of families.
    """
    family = term.arguments[len(term.arguments) // 2]
    if isinstance(family, Family) and isinstance(family.body, Family):
        return family.index, family.body.index, family.body.body
    raise InputError(f"the argument of {term.function} is not a matrix")


def inverse_entry(
    rows: Index, columns: Index, element: Term, row: IndexLike, column: IndexLike
) -> Apply:
    """``(B⁻¹)_pq`` for the matrix with this element.

    >>> from derive.terms import Ref
    >>> r, c, p, q = (Index(name, "D") for name in "rcpq")
    >>> print(inverse_entry(r, c, Ref("B", (r, c)), p, q))
    (B⁻¹)_pq
    """
    down, along = _unit(rows, row), _unit(columns, column)
    return Apply(INVERSE, (down, Family(rows, Family(columns, element)), along))


def _unit(like: Index, place: IndexLike) -> Family:
    """The unit vector with its 1 at ``place``."""
    taken = place_indices(place)
    running = fresh_index(like, taken)
    return Family(running, Delta(running, place))


def inverse_places(term: Apply) -> tuple[IndexLike, IndexLike]:
    """``p`` and ``q`` of ``(B⁻¹)_pq``.

    Raises:
        InputError: the term is no component of an inverse.
    """
    found: list[IndexLike] = []
    for vector in (term.arguments[0], term.arguments[-1]):
        match vector:
            case Family(index=running, body=Delta(left=left, right=right)):
                found.append(right if left == running else left)
            case _:
                raise InputError("the arguments of inverse are not unit vectors")
    return found[0], found[1]


def _inverse_slope(term: Apply, down: Index, along: Index) -> Term:
    rows, columns, element = matrix_of(term)
    row, column = inverse_places(term)
    return negate(
        multiply(
            inverse_entry(rows, columns, element, row, down),
            inverse_entry(rows, columns, element, along, column),
        )
    )


def _logarithm_slope(term: Apply, down: Index, along: Index) -> Term:
    return inverse_entry(*matrix_of(term), along, down)


def _determinant_slope(term: Apply, down: Index, along: Index) -> Term:
    return multiply(term, inverse_entry(*matrix_of(term), along, down))


def elements(term: Apply, down: Index, along: Index) -> Term:
    """The element ``b_rc`` of the function's matrix at these indices."""
    rows, columns, element = matrix_of(term)
    return substitute(element, {rows: down, columns: along})


def fresh_places(
    term: Apply, taken: Sequence[Index], spare: Sequence[Index]
) -> tuple[Index, Index]:
    """Two letters for the rows and the columns of the function's matrix that aren't in use."""
    rows, columns, element = matrix_of(term)
    used = [*taken, *free_indices(element), *free_indices(term)]
    down = fresh_index(rows, used, spare)
    return down, fresh_index(columns, [*used, down], spare)


# Values ------------------------------------------------------------------------------------------


def _square(values: Sequence[Decimal]) -> list[list[Decimal]]:
    size = isqrt(len(values))
    return [list(values[row * size : (row + 1) * size]) for row in range(size)]


def _eliminated(matrix: list[list[Decimal]], beside: list[Decimal]) -> Decimal:
    """Bring the matrix to triangular form by Gaussian elimination with partial pivoting, in place,
    and the vector with it; the determinant.

    Raises:
        decimal.DivisionByZero: the matrix is singular.
    """
    size, determinant = len(matrix), Decimal(1)
    for place in range(size):
        pivot = max(range(place, size), key=lambda row: abs(matrix[row][place]))
        if pivot != place:
            matrix[place], matrix[pivot] = matrix[pivot], matrix[place]
            beside[place], beside[pivot] = beside[pivot], beside[place]
            determinant = -determinant
        determinant *= matrix[place][place]
        for row in range(place + 1, size):
            ratio = matrix[row][place] / matrix[place][place]
            beside[row] -= ratio * beside[place]
            for column in range(place, size):
                matrix[row][column] -= ratio * matrix[place][column]
    return determinant


def solve(matrix: list[list[Decimal]], right: list[Decimal]) -> list[Decimal]:
    """The solution ``x`` of ``A x = b``; the arguments are left as they are.

    Raises:
        decimal.DivisionByZero: the matrix is singular.

    >>> matrix = [[Decimal(2), Decimal(1)], [Decimal(0), Decimal(4)]]
    >>> [str(x) for x in solve(matrix, [Decimal(3), Decimal(3)])]
    ['1.125', '0.75']
    """
    rows, beside = [list(row) for row in matrix], list(right)
    _eliminated(rows, beside)
    solution = [Decimal(0)] * len(rows)
    for place in reversed(range(len(rows))):
        known = sum(
            (rows[place][other] * solution[other] for other in range(place + 1, len(rows))),
            Decimal(0),
        )
        solution[place] = (beside[place] - known) / rows[place][place]
    return solution


def _inverse_value(*values: Decimal) -> Decimal:
    size = isqrt(len(values) + 1) - 1  # u, B and v have n² + 2n elements
    down, matrix, along = values[:size], values[size:-size], values[-size:]
    solution = solve(_square(matrix), list(along))
    return sum((u * x for u, x in zip(down, solution, strict=True)), Decimal(0))


def _determinant_value(*values: Decimal) -> Decimal:
    matrix = _square(values)
    return _eliminated(matrix, [Decimal(0)] * len(matrix))


def _sympy_matrix(sympy: Any, values: Sequence[Any]) -> Any:
    size = isqrt(len(values))
    return sympy.Matrix(size, size, list(values))


def _sympy_inverse(sympy: Any, *values: Any) -> Any:
    size = isqrt(len(values) + 1) - 1
    matrix = _sympy_matrix(sympy, values[size:-size])
    form = sympy.Matrix([values[:size]]) * matrix.adjugate() * sympy.Matrix(values[-size:])
    return form[0, 0] / matrix.det(method="berkowitz")


MATRIX_FUNCTIONS: dict[str, MatrixFunction] = {
    function.name: function
    for function in (
        MatrixFunction(
            name=INVERSE,
            law=r"\frac{\partial (B^{-1})_{pq}}{\partial u} = -\sum_r\sum_c (B^{-1})_{pr}"
            r"\,\frac{\partial b_{rc}}{\partial u}\,(B^{-1})_{cq}",
            meaning="The derivative of an inverse: the inverse on both sides, with a minus sign.",
            slope=_inverse_slope,
            value=_inverse_value,
            sympy=_sympy_inverse,
        ),
        MatrixFunction(
            name="logdet",
            law=r"\frac{\partial}{\partial u} \ln\det B"
            r" = \sum_r\sum_c (B^{-1})_{cr}\,\frac{\partial b_{rc}}{\partial u}",
            meaning="The derivative of the logarithm of a determinant: the inverse, transposed.",
            slope=_logarithm_slope,
            value=lambda *values: abs(_determinant_value(*values)).ln(),
            sympy=lambda sp, *values: (
                sp.log(_sympy_matrix(sp, values).det(method="berkowitz") ** 2) / 2
            ),
        ),
        MatrixFunction(
            name="det",
            law=r"\frac{\partial \det B}{\partial u}"
            r" = \det B \sum_r\sum_c (B^{-1})_{cr}\,\frac{\partial b_{rc}}{\partial u}",
            meaning="Jacobi's formula for the derivative of a determinant.",
            slope=_determinant_slope,
            value=_determinant_value,
            sympy=lambda sp, *values: _sympy_matrix(sp, values).det(method="berkowitz"),
        ),
    )
}
