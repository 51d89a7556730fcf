"""Matrix expressions: a small closed set of immutable nodes that know their symbolic shapes.

Every node is two-dimensional: a column vector is ``n × 1``, a row vector ``1 × n``, a scalar
``1 × 1``. The constructors in lower case (:func:`transpose`, :func:`product`, :func:`matrix_sum`,
:func:`hadamard`, :func:`scaled`, …) check that shapes fit, reverse products under a transpose,
drop double transposes and bring scalar coefficients to the front; nothing else happens by itself.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from derive.errors import InputError
from derive.terms import ONE, Number, Power, Term, factors_of, multiply, power

__all__ = [
    "Array",
    "Constant",
    "Determinant",
    "Diagonal",
    "Elementwise",
    "Extent",
    "Hadamard",
    "HadamardPower",
    "HadamardQuotient",
    "Identity",
    "Inverse",
    "Matrix",
    "MatrixProduct",
    "MatrixSum",
    "Ones",
    "Rowwise",
    "Scaled",
    "Shape",
    "Slice",
    "Trace",
    "Transpose",
    "Weighted",
    "diagonal",
    "elementwise",
    "hadamard",
    "hadamard_power",
    "hadamard_quotient",
    "inverse",
    "map_matrix",
    "matrix_children",
    "matrix_sum",
    "product",
    "scaled",
    "trace",
    "transpose",
    "transposed",
    "walk_matrix",
    "weighted",
]

#: The length of one side: the symbol of a size, or a number.
Extent: TypeAlias = str | int

#: Rows and columns; 1 for a direction that is missing.
Shape: TypeAlias = tuple[Extent, Extent]


class Matrix:
    """Base of all matrix expressions. They are immutable, hashable and compare by structure."""

    __slots__ = ()

    @property
    def shape(self) -> Shape:
        """The number of rows and of columns, as symbols."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Array(Matrix):
    """A stored array, in the orientation in which it is stored.

    ``name`` is the quantity's name. If ``of`` is not empty, the array is the stack of the
    derivatives of the quantity ``of`` by the quantity ``name``: ``dZ``, the stack of ∂L_i/∂z_ik.
    """

    name: str
    stored_shape: Shape
    of: str = ""

    @property
    def shape(self) -> Shape:
        """The shape in which the array is stored."""
        return self.stored_shape


@dataclass(frozen=True, slots=True)
class Slice(Array):
    """A row or a column of a stored array, or of an array with more indices: the part at the
    indices that are held fixed, such as the column ``p_k`` of ``P``.

    ``held`` are their letters.
    """

    held: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ones(Matrix):
    """The column vector of ones of a given length."""

    extent: Extent

    @property
    def shape(self) -> Shape:
        """``extent × 1``."""
        return (self.extent, 1)


@dataclass(frozen=True, slots=True)
class Identity(Matrix):
    """The identity matrix of a given size."""

    extent: Extent

    @property
    def shape(self) -> Shape:
        """``extent × extent``."""
        return (self.extent, self.extent)


@dataclass(frozen=True, slots=True)
class Constant(Matrix):
    """A number beside an array in an elementwise sum: the 1 of ``1 − A ⊙ A``."""

    value: Term
    filled_shape: Shape

    @property
    def shape(self) -> Shape:
        """The shape of the array that the number stands beside."""
        return self.filled_shape


@dataclass(frozen=True, slots=True)
class Transpose(Matrix):
    """``Aᵀ``."""

    operand: Matrix

    @property
    def shape(self) -> Shape:
        """The operand's shape, reversed."""
        rows, columns = self.operand.shape
        return (columns, rows)


@dataclass(frozen=True, slots=True)
class MatrixProduct(Matrix):
    """``A B C``."""

    factors: tuple[Matrix, ...]

    @property
    def shape(self) -> Shape:
        """Rows of the first factor, columns of the last."""
        return (self.factors[0].shape[0], self.factors[-1].shape[1])


@dataclass(frozen=True, slots=True)
class MatrixSum(Matrix):
    """``A + B``, of equal shapes."""

    terms: tuple[Matrix, ...]

    @property
    def shape(self) -> Shape:
        """The common shape."""
        return self.terms[0].shape


@dataclass(frozen=True, slots=True)
class Hadamard(Matrix):
    """``A ⊙ B``, the elementwise product of equal shapes."""

    factors: tuple[Matrix, ...]

    @property
    def shape(self) -> Shape:
        """The common shape."""
        return self.factors[0].shape


@dataclass(frozen=True, slots=True)
class HadamardQuotient(Matrix):
    """``A ⊘ B``, the elementwise quotient of equal shapes."""

    numerator: Matrix
    denominator: Matrix

    @property
    def shape(self) -> Shape:
        """The common shape."""
        return self.numerator.shape


@dataclass(frozen=True, slots=True)
class HadamardPower(Matrix):
    """``A`` with every element raised to the same power."""

    base: Matrix
    exponent: Term

    @property
    def shape(self) -> Shape:
        """The shape of the base."""
        return self.base.shape


@dataclass(frozen=True, slots=True)
class Elementwise(Matrix):
    """A scalar function applied to every element: ``σ(Z)``; ``orders`` as in
    :class:`derive.terms.Apply`."""

    function: str
    arguments: tuple[Matrix, ...]
    orders: tuple[int, ...] = ()

    @property
    def shape(self) -> Shape:
        """The common shape of the arguments."""
        return self.arguments[0].shape


@dataclass(frozen=True, slots=True)
class Rowwise(Matrix):
    """A function of whole families, applied to each example: ``L(A, Y)``.

    ``along`` says which way an example's values lie: ``"rows"`` if example ``i`` is row ``i``;
    ``"whole"`` if the function takes all elements at once, row by row.
    """

    function: str
    arguments: tuple[Matrix, ...]
    along: str = "rows"

    @property
    def shape(self) -> Shape:
        """A column vector of the rows' values, or a row vector of the columns' values."""
        rows, columns = self.arguments[0].shape
        if self.along == "whole":
            return (1, 1)
        return (rows, 1) if self.along == "rows" else (1, columns)


@dataclass(frozen=True, slots=True)
class Scaled(Matrix):
    """A scalar coefficient in front: ``(1/m) A``. The coefficient stays the term it was, origins
    included, so that a factor can still be followed."""

    coefficient: Term
    operand: Matrix

    @property
    def shape(self) -> Shape:
        """The operand's shape."""
        return self.operand.shape


@dataclass(frozen=True, slots=True)
class Weighted(Matrix):
    """A scalar that is itself a matrix expression (``1 × 1``) times an array: ``(wᵀw) v``."""

    weight: Matrix
    operand: Matrix

    @property
    def shape(self) -> Shape:
        """The operand's shape."""
        return self.operand.shape


@dataclass(frozen=True, slots=True)
class Diagonal(Matrix):
    """The diagonal matrix of a vector, whichever way the vector stands."""

    vector: Matrix

    @property
    def shape(self) -> Shape:
        """``n × n`` for a vector of length ``n``."""
        rows, columns = self.vector.shape
        length = columns if rows == 1 else rows
        return (length, length)


@dataclass(frozen=True, slots=True)
class Trace(Matrix):
    """The trace of a square matrix, as a ``1 × 1`` matrix."""

    operand: Matrix

    @property
    def shape(self) -> Shape:
        """``1 × 1``."""
        return (1, 1)


@dataclass(frozen=True, slots=True)
class Inverse(Matrix):
    """The inverse of a square matrix."""

    operand: Matrix

    @property
    def shape(self) -> Shape:
        """The operand's shape."""
        return self.operand.shape


@dataclass(frozen=True, slots=True)
class Determinant(Matrix):
    """The determinant of a square matrix (``"det"``) or its logarithm (``"logdet"``), as a
    ``1 × 1`` matrix."""

    function: str
    operand: Matrix

    @property
    def shape(self) -> Shape:
        """``1 × 1``."""
        return (1, 1)


# Walking -----------------------------------------------------------------------------------------


def matrix_children(matrix: Matrix) -> tuple[Matrix, ...]:
    """The matrices directly inside, in printing order."""
    match matrix:
        case MatrixProduct(factors=parts) | Hadamard(factors=parts) | MatrixSum(terms=parts):
            return parts
        case Elementwise(arguments=parts) | Rowwise(arguments=parts):
            return parts
        case Transpose(operand=operand) | Scaled(operand=operand) | Trace(operand=operand):
            return (operand,)
        case HadamardQuotient(numerator=numerator, denominator=denominator):
            return (numerator, denominator)
        case Inverse(operand=operand) | Determinant(operand=operand):
            return (operand,)
        case HadamardPower(base=base):
            return (base,)
        case Weighted(weight=weight, operand=operand):
            return (weight, operand)
        case Diagonal(vector=vector):
            return (vector,)
        case _:
            return ()


def walk_matrix(matrix: Matrix) -> Iterator[Matrix]:
    """The expression and everything inside it, outermost first."""
    yield matrix
    for child in matrix_children(matrix):
        yield from walk_matrix(child)


def map_matrix(matrix: Matrix, change: Callable[[Matrix], Matrix]) -> Matrix:
    """The same expression with ``change`` applied to what is directly inside, rebuilt by the
    constructors."""
    if not (parts := [change(child) for child in matrix_children(matrix)]):
        return matrix
    match matrix:
        case MatrixProduct():
            return product(*parts)
        case MatrixSum():
            return matrix_sum(*parts)
        case Hadamard():
            return hadamard(*parts)
        case HadamardQuotient():
            return hadamard_quotient(*parts)
        case HadamardPower(exponent=exponent):
            return hadamard_power(parts[0], exponent)
        case Elementwise(function=function, orders=orders):
            return elementwise(function, parts, orders)
        case Rowwise(function=function, along=along):
            return Rowwise(function, tuple(parts), along)
        case Transpose():
            return transpose(parts[0])
        case Scaled(coefficient=coefficient):
            return scaled(coefficient, parts[0])
        case Weighted():
            return weighted(*parts)
        case Diagonal():
            return diagonal(parts[0])
        case Trace():
            return trace(parts[0])
        case Inverse():
            return inverse(parts[0])
        case Determinant(function=function):
            return Determinant(function, parts[0])
        case _:
            raise TypeError(f"{type(matrix).__name__} has nothing inside")


def transposed(matrix: Matrix) -> Matrix:
    """The transpose with as few transposed parts as there can be: that of a sum is the sum of the
    transposes, that of an inverse the inverse of the transpose."""
    match matrix:
        case MatrixProduct(factors=factors):
            return product(*map(transposed, reversed(factors)))
        case MatrixSum() | Hadamard() | HadamardQuotient() | Elementwise() | Scaled() | Inverse():
            return map_matrix(matrix, transposed)
        case _:
            return transpose(matrix)


# Constructors ------------------------------------------------------------------------------------


def transpose(matrix: Matrix) -> Matrix:
    """``matrixᵀ``: double transposes drop, ``(AB)ᵀ = BᵀAᵀ``, scalars and diagonal matrices stay as
    they are; an elementwise expression stays stacked as it is, with the transpose outside.

    >>> a, b = Array("A", ("m", "n")), Array("B", ("n", "K"))
    >>> transpose(product(a, b)) == product(transpose(b), transpose(a))
    True
    >>> transpose(transpose(a)) == a
    True
    """
    if matrix.shape == (1, 1):
        return matrix
    match matrix:
        case Transpose(operand=operand):
            return operand
        case MatrixProduct(factors=factors):
            return MatrixProduct(tuple(transpose(factor) for factor in reversed(factors)))
        case Scaled(coefficient=coefficient, operand=operand):
            return Scaled(coefficient, transpose(operand))
        case Weighted(weight=weight, operand=operand):
            return Weighted(weight, transpose(operand))
        case Identity() | Diagonal():
            return matrix
        case Constant(value=value, filled_shape=(rows, columns)):
            return Constant(value, (columns, rows))
        case _:
            return Transpose(matrix)


def inverse(matrix: Matrix) -> Matrix:
    """The inverse of a square matrix; that of an inverse is the matrix itself.

    Raises:
        InputError: it is not square.

    >>> a = Array("A", ("n", "n"))
    >>> inverse(inverse(a)) == a
    True
    """
    if matrix.shape[0] != matrix.shape[1]:
        raise InputError(f"no inverse: {matrix.shape[0]}×{matrix.shape[1]} is not square")
    match matrix:
        case Inverse(operand=operand):
            return operand
        case Transpose(operand=operand):
            return transpose(inverse(operand))
        case _:
            return Inverse(matrix)


def _without_inverses(factors: list[Matrix]) -> list[Matrix]:
    """``A A⁻¹ B = B``: neighbours that are inverse to one another drop."""
    kept: list[Matrix] = []
    for factor in factors:
        square = factor.shape[0] == factor.shape[1]
        if kept and square and kept[-1].shape == factor.shape and kept[-1] == inverse(factor):
            kept.pop()
        else:
            kept.append(factor)
    return kept or [Identity(factors[0].shape[0])]


def _same_shape(parts: tuple[Matrix, ...], what: str) -> None:
    shapes = [part.shape for part in parts]
    for shape in shapes[1:]:
        if shape != shapes[0]:
            raise InputError(
                f"the parts of {what} have different shapes, "
                f"{shapes[0][0]}×{shapes[0][1]} and {shape[0]}×{shape[1]}"
            )


def product(*factors: Matrix) -> Matrix:
    """The matrix product: flattened, without identities, coefficients in front.

    Raises:
        InputError: the columns of a factor are not the rows of the next.
    """
    coefficients: list[Term] = []
    weights: list[Matrix] = []
    flat: list[Matrix] = []
    for factor in factors:
        while isinstance(factor, (Scaled, Weighted)):
            if isinstance(factor, Scaled):
                coefficients.append(factor.coefficient)
            else:
                weights.append(factor.weight)
            factor = factor.operand
        flat.extend(factor.factors if isinstance(factor, MatrixProduct) else (factor,))
    for left, right in itertools.pairwise(flat):
        if left.shape[1] != right.shape[0]:
            raise InputError(
                "a matrix product does not fit: "
                f"{left.shape[0]}×{left.shape[1]} times {right.shape[0]}×{right.shape[1]}"
            )
    kept = _without_inverses(
        [factor for factor in flat if not isinstance(factor, Identity)] or flat[:1]
    )
    result = kept[0] if len(kept) == 1 else MatrixProduct(tuple(kept))
    for weight in reversed(weights):
        result = weighted(weight, result)
    return scaled(multiply(*coefficients), result)


def matrix_sum(*terms: Matrix) -> Matrix:
    """The sum, flattened.

    Raises:
        InputError: the shapes differ.
    """
    flat: list[Matrix] = []
    for term in terms:
        flat.extend(term.terms if isinstance(term, MatrixSum) else (term,))
    _same_shape(tuple(flat), "a sum")
    flat = _gathered(flat)
    return flat[0] if len(flat) == 1 else MatrixSum(tuple(flat))


def _gathered(terms: list[Matrix]) -> list[Matrix]:
    """``2 c A + B + c A = 3 c A + B``; what would cancel stays."""
    kept: list[Matrix] = []
    for term in terms:
        number, operand = _numbered(term)
        place = next((n for n, other in enumerate(kept) if _numbered(other)[1] == operand), None)
        if place is None or isinstance(operand, Constant):
            kept.append(term)
            continue
        other = _numbered(kept[place])[0]
        if other.value + number.value == 0:
            kept.append(term)
            continue
        origins = tuple(dict.fromkeys((*other.origin, *number.origin)))
        kept[place] = scaled(Number(other.value + number.value, origins), operand)
    return kept


def _numbered(matrix: Matrix) -> tuple[Number, Matrix]:
    """The number in front of an expression, and what it multiplies."""
    if not isinstance(matrix, Scaled):
        return ONE, matrix
    first, *rest = factors_of(matrix.coefficient)
    if not isinstance(first, Number):
        return ONE, matrix
    return first, scaled(multiply(*rest), matrix.operand)


def hadamard(*factors: Matrix) -> Matrix:
    """The elementwise product: flattened, coefficients in front, quotients gathered.

    Raises:
        InputError: the shapes differ.
    """
    coefficients: list[Term] = []
    weights: list[Matrix] = []
    flat: list[Matrix] = []
    denominators: list[Matrix] = []
    for factor in factors:
        while isinstance(factor, (Scaled, Weighted)):
            if isinstance(factor, Scaled):
                coefficients.append(factor.coefficient)
            else:
                weights.append(factor.weight)
            factor = factor.operand
        if isinstance(factor, HadamardQuotient):
            denominators.append(factor.denominator)
            factor = factor.numerator
        if isinstance(factor, Constant):
            coefficients.append(factor.value)
        else:
            flat.extend(factor.factors if isinstance(factor, Hadamard) else (factor,))
    _same_shape((*factors,), "an elementwise product")
    shape = factors[0].shape
    result: Matrix
    if not flat:
        result = Constant(multiply(*coefficients), shape)
        coefficients = []
    else:
        result = flat[0] if len(flat) == 1 else Hadamard(tuple(flat))
    if denominators:
        below = denominators[0] if len(denominators) == 1 else Hadamard(tuple(denominators))
        result = HadamardQuotient(result, below)
    for weight in reversed(weights):
        result = weighted(weight, result)
    return scaled(multiply(*coefficients), result)


def hadamard_quotient(numerator: Matrix, denominator: Matrix) -> Matrix:
    """The elementwise quotient of equal shapes."""
    _same_shape((numerator, denominator), "an elementwise quotient")
    if isinstance(numerator, Scaled):
        inner = hadamard_quotient(numerator.operand, denominator)
        return scaled(numerator.coefficient, inner)
    return HadamardQuotient(numerator, denominator)


def hadamard_power(base: Matrix, exponent: Term) -> Matrix:
    """Every element to the same power; a square is ``A ⊙ A``, a reciprocal ``1 ⊘ A``.

    >>> from fractions import Fraction
    >>> a = Array("A", ("m", "n"))
    >>> hadamard_power(a, Number(Fraction(2))) == hadamard(a, a)
    True
    """
    if isinstance(exponent, Number):
        if exponent.value == 1:
            return base
        if exponent.value == 2:
            return hadamard(base, base)
        if exponent.value == -1:
            return HadamardQuotient(Constant(ONE, base.shape), base)
    return HadamardPower(base, exponent)


def elementwise(function: str, arguments: Iterable[Matrix], orders: tuple[int, ...] = ()) -> Matrix:
    """A function applied to every element.

    Raises:
        InputError: the arguments' shapes differ.
    """
    parts = tuple(arguments)
    _same_shape(parts, f"the arguments of {function}")
    return Elementwise(function, parts, orders if any(orders) else ())


def _coefficient(*terms: Term) -> Term:
    """The product of coefficients: numbers multiplied, equal symbols brought to a power, so that
    ``(1/δ)(1/δ)`` is ``1/δ²``."""
    number = Number(Fraction(1))
    exponents: dict[Term, Fraction] = {}
    firsts: dict[Term, Term] = {}
    for factor in (part for term in terms for part in factors_of(term)):
        if isinstance(factor, Number):
            origins = tuple(dict.fromkeys((*number.origin, *factor.origin)))
            number = Number(number.value * factor.value, origins)
            continue
        base, exponent = factor, Fraction(1)
        if isinstance(factor, Power) and isinstance(factor.exponent, Number):
            base, exponent = factor.base, factor.exponent.value
        firsts.setdefault(base, factor)
        exponents[base] = exponents.get(base, Fraction(0)) + exponent
    rest = [
        firsts[base] if _exponent(firsts[base]) == exponent else power(base, exponent)
        for base, exponent in exponents.items()
    ]
    return multiply(number, *rest)


def _exponent(term: Term) -> Fraction:
    if isinstance(term, Power) and isinstance(term.exponent, Number):
        return term.exponent.value
    return Fraction(1)


def scaled(coefficient: Term, operand: Matrix) -> Matrix:
    """``coefficient · operand``, without a coefficient of one."""
    if isinstance(operand, Scaled):
        coefficient = multiply(coefficient, operand.coefficient)
        operand = operand.operand
    coefficient = _coefficient(coefficient)
    if isinstance(operand, Constant):
        return Constant(multiply(coefficient, operand.value), operand.filled_shape)
    if coefficient == ONE:
        return operand
    return Scaled(coefficient, operand)


def weighted(weight: Matrix, operand: Matrix) -> Matrix:
    """A ``1 × 1`` expression times an array, coefficients in front.

    Raises:
        InputError: the weight is not a scalar.
    """
    if weight.shape != (1, 1):
        raise InputError(f"a weight must be a scalar, not {weight.shape[0]}×{weight.shape[1]}")
    coefficient: Term = ONE
    if isinstance(weight, Scaled):
        coefficient, weight = weight.coefficient, weight.operand
    if isinstance(operand, Scaled):
        coefficient = multiply(coefficient, operand.coefficient)
        operand = operand.operand
    return scaled(coefficient, Weighted(weight, operand))


def diagonal(vector: Matrix) -> Matrix:
    """The diagonal matrix of a vector, coefficients in front.

    Raises:
        InputError: it is not a vector.
    """
    if 1 not in vector.shape:
        raise InputError(f"a diagonal is made of a vector, not {vector.shape[0]}×{vector.shape[1]}")
    if isinstance(vector, Transpose):
        return diagonal(vector.operand)
    if isinstance(vector, Scaled):
        return scaled(vector.coefficient, diagonal(vector.operand))
    return Diagonal(vector)


def trace(operand: Matrix) -> Matrix:
    """The trace of a square matrix, coefficients in front.

    Raises:
        InputError: it is not square.
    """
    if operand.shape[0] != operand.shape[1]:
        raise InputError(f"no trace: {operand.shape[0]}×{operand.shape[1]} is not square")
    if isinstance(operand, Scaled):
        return scaled(operand.coefficient, trace(operand.operand))
    return Trace(operand)
