"""From index notation to matrices.

How an additive term is read: factors over the same indices are gathered into one elementwise
atom (``a_i − y_i`` becomes the vector ``a − y``). The atoms are then the vertices (one index) and
edges (two indices) of a graph on the indices, and the summed indices are eliminated one at a time:

=============================  ================================================
what holds the summed index    becomes
=============================  ================================================
two edges                      a matrix product (transposed where walked backwards)
an edge and a vector           a matrix–vector product
two vectors                    a scalar product
one edge or one vector         a product with a vector of ones
a vector and two edges         the vector goes into one of the edges: ``(u vᵀ) ⊙ E`` if that edge
                               has a vector at its other end too, else ``diag(u)`` between them
edges that become parallel     an elementwise product ``⊙``
=============================  ================================================

What has no such reading stays in index form and says so; it is never forced into a matrix.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TypeAlias

from derive.errors import InputError, Unsupported
from derive.matrix.expression import (
    Array,
    Constant,
    Determinant,
    Diagonal,
    HadamardQuotient,
    Identity,
    Matrix,
    MatrixProduct,
    Ones,
    Rowwise,
    Slice,
    Transpose,
    diagonal,
    elementwise,
    hadamard,
    hadamard_power,
    inverse,
    map_matrix,
    matrix_sum,
    product,
    scaled,
    trace,
    transpose,
    transposed,
    walk_matrix,
    weighted,
)
from derive.matrix.form import Layout, MatrixForm, StoredArray, extent_of
from derive.matrix_functions import (
    INVERSE,
    MATRIX_FUNCTIONS,
    inverse_entry,
    inverse_places,
    matrix_of,
)
from derive.model import Orientation, Problem, Quantity
from derive.symmetry import symmetric_names
from derive.terms import (
    ONE,
    Add,
    Apply,
    Delta,
    Derivative,
    Family,
    Index,
    IndexLike,
    Number,
    Power,
    Product,
    Ref,
    Shift,
    Size,
    Sum,
    Term,
    Within,
    add,
    bound_indices,
    free_indices,
    fresh_index,
    multiply,
    power,
    substitute,
    walk,
)

__all__ = [
    "Arrangement",
    "FlatProduct",
    "arrangement",
    "flatten_product",
    "vectorise",
    "vectorise_blocks",
]

#: The index that runs down the rows and the one that runs along the columns.
Arrangement: TypeAlias = tuple["Index | None", "Index | None"]


class _NoReading(Exception):
    """A term without a reading as a matrix; the message is the sentence for the reader."""


def arrangement(
    indices: Sequence[Index],
    problem: Problem,
    layout: Layout,
    orientation: Orientation = "column",
) -> Arrangement:
    """Which index runs down the rows and which along the columns.

    An array over the examples has them as rows in the layout ``"rows"`` and as columns in the
    layout ``"columns"``; everything else is stored the same way in both: a vector as a column
    (or as a row, where ``orientation`` says so), ``W_kj`` as ``K × n``.

    Raises:
        Unsupported: there are more than two indices.
    """
    example = problem.example_index
    if len(indices) > 2:
        names = ", ".join(index.name for index in indices)
        raise Unsupported(f"an array over the indices {names} is not a matrix")
    over_examples = [example is not None and index.size == example.size for index in indices]
    if not indices:
        return (None, None)
    if len(indices) == 1:
        as_row = layout == "columns" if over_examples[0] else orientation == "row"
        return (None, indices[0]) if as_row else (indices[0], None)
    first, second = indices
    if over_examples[0] == over_examples[1]:
        return (first, second)
    examples, others = (first, second) if over_examples[0] else (second, first)
    return (examples, others) if layout == "rows" else (others, examples)


@dataclass(frozen=True, slots=True)
class _Operand:
    """A matrix together with the indices of its rows and columns."""

    matrix: Matrix
    rows: Index | None
    columns: Index | None
    places: tuple[int, ...] = ()
    symmetric: bool = False

    @property
    def indices(self) -> tuple[Index, ...]:
        return tuple(index for index in (self.rows, self.columns) if index is not None)

    def other(self, index: Index) -> Index | None:
        """The index at the other end of this edge, ``None`` for a vector."""
        return self.columns if self.rows == index else self.rows

    def arranged(self, rows: Index | None, columns: Index | None) -> Matrix:
        """The matrix with these rows and columns."""
        if (self.rows, self.columns) == (rows, columns):
            return self.matrix
        if (self.rows, self.columns) == (columns, rows):
            return self.matrix if self.symmetric else transpose(self.matrix)
        raise AssertionError("an operand was asked for indices that it doesn't have")


@dataclass(slots=True)
class FlatProduct:
    """A product without nested products and sums: coefficient, factors, summed indices."""

    coefficient: list[Term] = field(default_factory=list)
    factors: list[Term] = field(default_factory=list)
    summed: list[Index] = field(default_factory=list)


def _is_scalar_leaf(term: Term, held: Collection[Index] = ()) -> bool:
    """Whether no index at all, free or bound, occurs in the term, but for those held fixed."""
    if any(index not in held for index in free_indices(term)):
        return False
    return all(
        not isinstance(
            part, (Sum, Family, Derivative, Within) if held else (Sum, Family, Delta, Within)
        )
        and not (isinstance(part, Ref) and any(index not in held for index in part.indices))
        for part in walk(term)
    )


def flatten_product(
    term: Term, taken: Iterable[Index], held: Collection[Index] = ()
) -> FlatProduct:
    """The term as one flat product; bound indices are renamed so that all are different from one
    another and from ``taken``. What depends on the indices ``held`` alone is a coefficient."""
    taken = set(taken)
    flat = FlatProduct()

    def visit(part: Term) -> None:
        if _is_scalar_leaf(part, held):
            flat.coefficient.append(part)
            return
        match part:
            case Product(factors=factors):
                for factor in factors:
                    visit(factor)
            case Sum(index=bound, body=body):
                index = bound
                if bound in taken:
                    index = fresh_index(bound, [*taken, *bound_indices(body), *free_indices(body)])
                    body = substitute(body, {bound: index})
                taken.add(index)
                flat.summed.append(index)
                visit(body)
            case Power(base=base, exponent=Number(value=value)) if value == 2:
                visit(base)
                visit(base)
            case Power(base=Product(factors=factors), exponent=Number(value=value) as exponent) if (
                value.denominator == 1
            ):
                for factor in factors:
                    visit(power(factor, exponent))
            case Power(
                base=Power(base=base, exponent=Number(value=inner)), exponent=Number(value=outer)
            ) if outer.denominator == 1:
                visit(power(base, inner * outer))
            case _:
                flat.factors.append(part)

    visit(term)
    return flat


def _transposes(matrix: Matrix) -> int:
    return sum(isinstance(part, Transpose) for part in walk_matrix(matrix))


def _is_elementwise_atom(matrix: Matrix) -> bool:
    """Whether nothing but elementwise operations on stored arrays is in the expression."""
    return not any(isinstance(part, (MatrixProduct, Ones)) for part in walk_matrix(matrix))


class _Reader:
    """Reads terms of one problem in one layout."""

    def __init__(self, problem: Problem, layout: Layout, held: tuple[Index, ...] = ()) -> None:
        self.problem = problem
        self.held = held
        self.layout: Layout = layout
        self.arrays: dict[Array, StoredArray] = {}
        self.symmetric = symmetric_names(problem)
        #: The matrices in the expressions read so far that are their own transposes.
        self.own_transposes: set[Matrix] = set()

    def free(self, term: Term) -> tuple[Index, ...]:
        """The free indices of a term, without those that are held fixed."""
        return tuple(index for index in free_indices(term) if index not in self.held)

    # Arrays --------------------------------------------------------------------------------------

    def _running(self, term: Term, indices: tuple[IndexLike, ...]) -> tuple[Index, ...]:
        running = tuple(index for index in indices if isinstance(index, Index))
        if any(isinstance(place, Shift) for place in indices):
            raise _NoReading(f"{term} has a shifted index: it is a window of an array.")
        if len(running) != len(indices):
            raise _NoReading(f"{term} is a single element, not a whole array.")
        if len(set(running)) != len(running):
            raise _NoReading(f"{term} takes the diagonal of an array.")
        return running

    def _stored(self, term: Ref | Derivative, quantity: Quantity, of: str) -> _Operand:
        """The array that holds ``term``, with the letters of ``term`` on its sides."""
        ref = term.by if isinstance(term, Derivative) else term
        if any(index in self.held for index in ref.indices):
            return self._slice(term, quantity)
        letters = self._running(term, ref.indices)
        declared = quantity.indices
        if len(declared) > 2:
            raise _NoReading(f"{term} has {len(declared)} indices: it is not a matrix.")
        rows, columns = arrangement(declared, self.problem, self.layout, quantity.orientation)
        by_declared = dict(zip(declared, letters, strict=True))
        array = Array(quantity.name, (extent_of(rows), extent_of(columns)), of)
        own = Ref(quantity.name, declared)
        element: Ref | Derivative = own
        if isinstance(term, Derivative):
            back = {letter: index for index, letter in by_declared.items()}
            element = Derivative(substitute(term.of, back), own)
        self.arrays.setdefault(array, StoredArray(array, element, rows, columns))
        if isinstance(term, Ref) and quantity.name in self.symmetric:
            self.own_transposes.add(array)
        return _Operand(
            array,
            by_declared[rows] if rows is not None else None,
            by_declared[columns] if columns is not None else None,
            symmetric=array in self.own_transposes,
        )

    def _slice(self, term: Ref | Derivative, quantity: Quantity) -> _Operand:
        """The part of an array at the indices that are held fixed."""
        if isinstance(term, Derivative):
            raise _NoReading(f"{term} is taken at an index that is held fixed.")
        fixed = tuple(index for index in term.indices if index in self.held)
        pairs = [
            (own, index)
            for own, index in zip(quantity.indices, term.indices, strict=True)
            if index not in self.held
        ]
        letters = self._running(term, tuple(index for _, index in pairs if index not in fixed))
        if len(letters) != len(pairs) or len(pairs) > 2:
            raise _NoReading(f"{term} is no row and no column of an array.")
        rows, columns = arrangement([own for own, _ in pairs], self.problem, self.layout)
        if any(own in fixed for own, _ in pairs):
            raise _NoReading(f"{term} has an index that is held fixed and one of the same name.")
        shape = (extent_of(rows), extent_of(columns))
        names = tuple(str(place.name) for place in fixed if isinstance(place, Index))
        array = Slice(quantity.name, shape, "", names)
        element = Ref(
            quantity.name,
            tuple(
                index if index in self.held else own
                for own, index in zip(quantity.indices, term.indices, strict=True)
            ),
        )
        self.arrays.setdefault(array, StoredArray(array, element, rows, columns))
        letter = dict(pairs)
        return _Operand(
            array,
            _letter(letter, rows),
            _letter(letter, columns),
        )

    def _derivative(self, term: Derivative) -> _Operand:
        quantity = self.problem.quantity(term.by.name)
        if not isinstance(term.of, Ref):
            raise _NoReading(f"{term} is not the derivative of a named quantity.")
        here = set(term.by.indices)
        if any(index not in here for index in term.of.indices):
            raise _NoReading(
                f"{term} has indices above and below the line that differ: it is not a matrix."
            )
        return self._stored(term, quantity, term.of.name)

    # Atoms ---------------------------------------------------------------------------------------

    def atom(self, term: Term) -> _Operand:
        """One factor as an operand, in its natural orientation."""
        match term:
            case Ref(name=name):
                return self._stored(term, self.problem.quantity(name), "")
            case Derivative():
                return self._derivative(term)
            case Delta(left=Index() as left, right=Index() as right) if (
                left != right
                and left.size == right.size
                and left not in self.held
                and right not in self.held
            ):
                return _Operand(Identity(left.size), left, right)
            case Delta():
                raise _NoReading(f"{term} is no identity matrix.")
            case Within():
                raise _NoReading(f"{term} is the range of a shifted index.")
            case Apply(function=function) if (
                function in MATRIX_FUNCTIONS and self.problem.function(function) is None
            ):
                return self._of_matrix(term)
            case Apply(arguments=arguments) if any(isinstance(part, Family) for part in arguments):
                return self._rowwise(term)
            case _:
                return self._composite(term)

    def _composite(self, term: Term) -> _Operand:
        """A sum, power or function over at most two indices."""
        indices = self.free(term)
        if len(indices) > 2:
            names = ", ".join(index.name for index in indices)
            raise _NoReading(f"{term} depends on {len(indices)} indices at once ({names}).")
        rows, columns = arrangement(indices, self.problem, self.layout)
        direct = _Operand(self._whole(term, rows, columns), rows, columns)
        if rows is None or columns is None or self.holds_examples(indices):
            return direct
        turned = _Operand(self._whole(term, columns, rows), columns, rows)
        fewer = _transposes(turned.matrix) < _transposes(direct.matrix)
        return turned if fewer else direct

    def holds_examples(self, indices: tuple[Index, ...]) -> bool:
        example = self.problem.example_index
        return example is not None and any(index.size == example.size for index in indices)

    def _whole(self, term: Term, rows: Index | None, columns: Index | None) -> Matrix:
        """A sum, power or function of terms, each of the whole shape."""
        match term:
            case Add():
                return self.read(term, rows, columns)
            case Power(base=base, exponent=exponent):
                if not _is_scalar_leaf(exponent):
                    raise _NoReading(f"the exponent of {term} is not a plain number.")
                return hadamard_power(self._argument(base, rows, columns), exponent)
            case Apply(function=function, arguments=arguments, orders=orders):
                parts = [self._argument(part, rows, columns) for part in arguments]
                return elementwise(function, parts, orders)
            case _:
                raise _NoReading(f"{term} has no reading as a matrix.")

    def _argument(self, term: Term, rows: Index | None, columns: Index | None) -> Matrix:
        """An argument of an elementwise function; a number is the same for every element."""
        if isinstance(term, Number):
            return Constant(term, (extent_of(rows), extent_of(columns)))
        return self.read(term, rows, columns)

    def _of_matrix(self, term: Apply) -> _Operand:
        """An inverse, or a determinant."""
        rows, columns, element = matrix_of(term)
        if any(index in self.held for index in free_indices(term)):
            raise _NoReading(f"{term} is taken at an index that is held fixed.")
        if set(free_indices(element)) - {rows, columns}:
            raise _NoReading(f"{term} is made of a different matrix for each of its indices.")
        inner = self.read(element, rows, columns)
        if term.function != INVERSE:
            return _Operand(Determinant(term.function, inner), None, None)
        row, column = inverse_places(term)
        if not isinstance(row, Index) or not isinstance(column, Index) or row == column:
            raise _NoReading(f"{term} is an element of a matrix, or its diagonal.")
        inner = self.tidied(inner)
        whole = inverse(inner)
        alike = self.tidied(transposed(inner)) == inner
        if alike:
            self.own_transposes.add(whole)
        return _Operand(whole, row, column, symmetric=alike)

    def tidied(self, matrix: Matrix) -> Matrix:
        """The expression without transposes of what is symmetric."""
        if not self.own_transposes:
            return matrix
        if isinstance(matrix, Transpose):
            inner = self.tidied(matrix.operand)
            return inner if inner in self.own_transposes else transpose(inner)
        return map_matrix(matrix, self.tidied)

    def _rowwise(self, term: Apply) -> _Operand:
        """A function of whole families, one value for each example."""
        if any(term.orders) or not all(isinstance(part, Family) for part in term.arguments):
            raise _NoReading(f"{term} mixes whole families with single values.")
        indices = free_indices(term)
        if any(index in self.held for index in indices):
            raise _NoReading(f"{term} is taken at an index that is held fixed.")
        if not indices and all(
            isinstance(part, Family) and isinstance(part.body, Family) for part in term.arguments
        ):
            return _Operand(Rowwise(term.function, self._wholes(term), "whole"), None, None)
        example = self.problem.example_index
        if len(indices) > 1 or (indices and not self.holds_examples(indices)) or example is None:
            raise _NoReading(f"{term} is a function of whole families over several indices.")
        index = indices[0] if indices else None
        along = self.layout if index is not None else "columns"
        parts: list[Matrix] = []
        for part in term.arguments:
            assert isinstance(part, Family)
            sides = (index, part.index) if along == "rows" else (part.index, index)
            parts.append(self.read(part.body, *sides))
        whole = Rowwise(term.function, tuple(parts), along)
        return _Operand(whole, index, None) if along == "rows" else _Operand(whole, None, index)

    def _wholes(self, term: Apply) -> tuple[Matrix, ...]:
        """The arguments of a function of families of families, each as a matrix."""
        parts: list[Matrix] = []
        for part in term.arguments:
            assert isinstance(part, Family)
            inner = part.body
            assert isinstance(inner, Family)
            if isinstance(inner.body, Family):
                raise _NoReading(f"{term} is a function of an array of more than two indices.")
            parts.append(self.read(inner.body, part.index, inner.index))
        return tuple(parts)

    def _on_the_diagonal(self, factor: Term, position: int, flat: FlatProduct) -> _Operand | None:
        """``A_ii`` as a trace where ``i`` is summed and held by nothing else, else as the vector
        ``(I ⊙ A) 1``; ``None`` for any other factor."""
        parted = _off_diagonal(factor, (*free_indices(multiply(*flat.factors)), *flat.summed))
        if parted is None:
            return None
        index, apart = parted
        whole = self.atom(apart)
        others = [each for n, each in enumerate(flat.factors) if n != position]
        if index in flat.summed and not any(index in free_indices(each) for each in others):
            flat.summed.remove(index)
            return _Operand(trace(whole.matrix), None, None, (position,))
        masked = hadamard(Identity(index.size), whole.matrix)
        return _Operand(product(masked, Ones(index.size)), index, None, (position,))

    # Whole terms ---------------------------------------------------------------------------------

    def read(self, term: Term, rows: Index | None, columns: Index | None) -> Matrix:
        """The term as a matrix with these rows and columns, broadcast where it lacks an index."""
        if isinstance(term, Add):
            return matrix_sum(*self._terms(term, rows, columns))
        taken = set(free_indices(term)) | {i for i in (rows, columns) if i is not None}
        flat = flatten_product(term, taken, self.held)
        for position, factor in enumerate(flat.factors):
            if isinstance(factor, Add) and (
                len(self.free(factor)) > 2 or self._holds_identity(factor)
            ):
                return self._distributed(flat, position, rows, columns)
        if len(flat.factors) == 1 and flat.summed and _adds_products(flat.factors[0]):
            return self._shorter(flat, rows, columns)
        return self._product(flat, rows, columns)

    def _product(self, flat: FlatProduct, rows: Index | None, columns: Index | None) -> Matrix:
        """A flat product, factor by factor."""
        operands = [
            self._on_the_diagonal(factor, position, flat)
            or replace(self.atom(factor), places=(position,))
            for position, factor in enumerate(flat.factors)
        ]
        graph = _Graph(self, operands)
        graph.eliminate(flat.summed)
        return scaled(multiply(*flat.coefficient), graph.assemble(rows, columns))

    def _shorter(self, flat: FlatProduct, rows: Index | None, columns: Index | None) -> Matrix:
        """``Σ_p (u_p V_pj + v_p W_pj)`` is ``Vᵀu + Wᵀv``, the sum term by term, and ``Σ_i (a_i −
        y_i)`` is ``1ᵀ(a − y)``, the sum as a whole: whichever is shorter."""
        whole = FlatProduct(list(flat.coefficient), list(flat.factors), list(flat.summed))
        apart = self._distributed(flat, 0, rows, columns)
        try:
            together = self._product(whole, rows, columns)
        except _NoReading:
            return apart
        return min(together, apart, key=_measure)

    def _holds_identity(self, term: Add) -> bool:
        """Whether an identity matrix stands in the sum: ``diag(p) − p pᵀ`` says more than
        ``diag(p) (I − 𝟏 pᵀ)``. In a block it is always multiplied out."""
        return bool(self.held) and any(
            isinstance(part, Delta) and len(self.free(part)) == 2 for part in term.terms
        )

    def _terms(self, term: Add, rows: Index | None, columns: Index | None) -> list[Matrix]:
        """The terms of a sum. A plain number beside elementwise arrays is written as a number."""
        shape = (extent_of(rows), extent_of(columns))
        numbers = {
            position: part for position, part in enumerate(term.terms) if isinstance(part, Number)
        }
        others = {
            position: self.read(part, rows, columns)
            for position, part in enumerate(term.terms)
            if position not in numbers
        }
        plain = bool(others) and all(_is_elementwise_atom(part) for part in others.values())
        result: list[Matrix] = []
        for position in range(len(term.terms)):
            if position in others:
                result.append(others[position])
            elif plain:
                result.append(Constant(numbers[position], shape))
            else:
                result.append(self.read(numbers[position], rows, columns))
        return result

    def _distributed(
        self, flat: FlatProduct, position: int, rows: Index | None, columns: Index | None
    ) -> Matrix:
        """The product multiplied out over the sum at ``position``, which is too wide an atom."""
        wide = flat.factors[position]
        assert isinstance(wide, Add)
        before, after = flat.factors[:position], flat.factors[position + 1 :]
        expanded: list[Term] = []
        for part in wide.terms:
            inner = multiply(*flat.coefficient, *before, part, *after)
            for index in reversed(flat.summed):
                inner = Sum(index, inner)
            expanded.append(inner)
        return self.read(add(*expanded), rows, columns)


def _letter(letters: dict[Index, IndexLike], own: Index | None) -> Index | None:
    found = None if own is None else letters[own]
    assert found is None or isinstance(found, Index)
    return found


class _Graph:
    """Operands as vertices and edges between indices; eliminates the summed ones."""

    def __init__(self, reader: _Reader, operands: list[_Operand]) -> None:
        self._reader = reader
        self._operands: list[_Operand] = []
        self._scalars: list[Matrix] = []
        self._pairs: list[_Operand] = operands

    # Gathering -----------------------------------------------------------------------------------

    def _natural(self, group: Sequence[_Operand]) -> Arrangement:
        """The orientation of an elementwise product: as the arrays are stored."""
        first = group[0]
        indices = first.indices
        if len(indices) == 2 and not self._reader.holds_examples(indices):
            turned = (first.columns, first.rows)
            here = sum(_transposes(part.arranged(first.rows, first.columns)) for part in group)
            there = sum(_transposes(part.arranged(*turned)) for part in group)
            return turned if there < here else (first.rows, first.columns)
        if len(indices) == 1 and not self._reader.holds_examples(indices):
            return (indices[0], None)
        ordered = sorted(indices, key=lambda index: index != first.rows)
        return arrangement(ordered, self._reader.problem, self._reader.layout)

    def _gathered(self, group: Sequence[_Operand]) -> _Operand:
        """Operands over the same indices as one elementwise product."""
        if len(group) == 1:
            return group[0]
        rows, columns = self._natural(group)
        ordered = sorted(group, key=_hadamard_rank)
        parts = [part.arranged(rows, columns) for part in ordered]
        places = tuple(sorted(place for part in group for place in part.places))
        return _Operand(hadamard(*parts), rows, columns, places)

    def _groups(self) -> list[list[_Operand]]:
        groups: dict[frozenset[Index], list[_Operand]] = {}
        for operand in sorted(self._pairs, key=lambda operand: operand.places):
            groups.setdefault(frozenset(operand.indices), []).append(operand)
        scalars = groups.pop(frozenset(), [])
        self._scalars.extend(operand.matrix for operand in scalars)
        self._pairs = [operand for operand in self._pairs if operand.indices]
        return list(groups.values())

    # Eliminating ---------------------------------------------------------------------------------

    def eliminate(self, summed: Sequence[Index]) -> None:
        """Sums over ``summed``, one index at a time; the indices with fewest operands first."""
        remaining = list(summed)
        self._close_loops(remaining)
        while remaining:
            held = {
                index: sum(index in operand.indices for operand in self._pairs)
                for index in remaining
            }
            ready = [index for index in remaining if self._ready(index)]
            if not ready:
                names = ", ".join(index.name for index in remaining)
                raise _NoReading(
                    f"the summed indices {names} are each held by more than two arrays."
                )
            index = min(ready, key=lambda index: (held[index], remaining.index(index)))
            self._eliminate_one(index)
            remaining.remove(index)

    def _close_loops(self, remaining: list[Index]) -> None:
        """``tr(AᵀB)`` for two parallel edges whose ends are summed and held by nothing else."""
        for group in self._groups():
            ends = group[0].indices
            if len(ends) != 2 or len(group) < 2 or not set(ends) <= set(remaining):
                continue
            rest = [operand for operand in self._pairs if operand not in group]
            if any(index in operand.indices for operand in rest for index in ends):
                continue
            ranked = sorted(group, key=_hadamard_rank)
            first, last = self._gathered(ranked[:-1]), ranked[-1]
            if _is_quotient(first.matrix) or _is_quotient(last.matrix):
                continue
            left = first.arranged(first.columns, first.rows)
            right = last.arranged(first.rows, first.columns)
            self._pairs = rest
            self._scalars.append(trace(product(left, right)))
            for index in ends:
                remaining.remove(index)

    def _ready(self, index: Index) -> bool:
        """Whether at most two edges meet at the index, after gathering."""
        others = {
            operand.other(index)
            for operand in self._pairs
            if index in operand.indices and operand.other(index) is not None
        }
        return len(others) <= 2

    def _eliminate_one(self, index: Index) -> None:
        groups = self._groups()
        holding = [group for group in groups if index in group[0].indices]
        elsewhere = [group for group in groups if index not in group[0].indices]
        if not holding:  # the sum of equal terms: their number
            size = index.size
            number = Size(size) if isinstance(size, str) else Number(Fraction(size))
            self._scalars.append(Constant(number, (1, 1)))
            return
        pairs = [operand for group in elsewhere for operand in group]
        if len(holding) == 1 and len(holding[0]) > 1:
            whole = self._scalar_product(index, holding[0])
            if whole is not None:
                self._pairs = [*pairs, whole]
                return
        operands = [self._gathered(group) for group in holding]
        vectors = [operand for operand in operands if operand.other(index) is None]
        edges = [operand for operand in operands if operand.other(index) is not None]
        if len(edges) == 2 and vectors:
            edges, pairs = self._absorb(index, vectors[0], edges, pairs)
            vectors = []
        elif len(edges) == 1 and vectors and self._reader.holds_examples((index,)):
            # A sum over the examples: ((u vᵀ) ⊙ E)ᵀ 𝟏, whose parts stand in other gradients too.
            end = edges[0].other(index)
            hanging = [operand for operand in pairs if operand.indices == (end,)]
            if hanging:
                pairs = [operand for operand in pairs if operand not in hanging]
                edges = [self._outer_times(vectors[0], self._gathered(hanging), edges[0])]
                vectors = []
        places = tuple(sorted(place for operand in operands for place in operand.places))
        self._pairs = [*pairs, self._joined(index, vectors, edges, places)]

    def _scalar_product(self, index: Index, group: list[_Operand]) -> _Operand | None:
        """``aᵀb`` for several vectors over the index, if nothing else holds it."""
        ranked = sorted(group, key=_hadamard_rank)
        if group[0].other(index) is not None:
            return None
        last = ranked[-1]
        first = self._gathered(ranked[:-1])
        if _is_quotient(first.matrix) or _is_quotient(last.matrix):
            return None
        places = tuple(sorted(place for operand in group for place in operand.places))
        scalar = product(first.arranged(None, index), last.arranged(index, None))
        return _Operand(scalar, None, None, places)

    def _absorb(
        self,
        index: Index,
        vector: _Operand,
        edges: list[_Operand],
        rest: list[_Operand],
    ) -> tuple[list[_Operand], list[_Operand]]:
        """The vector on ``index`` goes into one of the two edges that meet there."""
        for position, edge in enumerate(edges):
            end = edge.other(index)
            hanging = [operand for operand in rest if operand.indices == (end,)]
            if not hanging or end is None:
                continue
            partner = self._gathered(hanging)
            kept = [operand for operand in rest if operand not in hanging]
            changed = list(edges)
            changed[position] = self._outer_times(vector, partner, edge)
            return changed, kept
        first, second = edges
        matrix = product(
            first.arranged(first.other(index), index),
            diagonal(vector.matrix),
        )
        absorbed = _Operand(matrix, first.other(index), index, (*first.places, *vector.places))
        return [absorbed, second], rest

    def _outer_times(self, one: _Operand, two: _Operand, edge: _Operand) -> _Operand:
        """``(u vᵀ) ⊙ E`` in the natural orientation."""
        rows, columns = self._natural([edge])
        down, along = (one, two) if one.indices == (rows,) else (two, one)
        outer = product(down.arranged(rows, None), along.arranged(None, columns))
        places = tuple(sorted((*one.places, *two.places, *edge.places)))
        whole = hadamard(outer, edge.arranged(rows, columns))
        return _Operand(whole, rows, columns, places)

    def _joined(
        self,
        index: Index,
        vectors: list[_Operand],
        edges: list[_Operand],
        places: tuple[int, ...],
    ) -> _Operand:
        """The product along ``index`` of what holds it."""
        if len(edges) == 2:
            left, right = sorted(edges, key=lambda edge: edge.places)
            rows, columns = left.other(index), right.other(index)
            matrix = product(left.arranged(rows, index), right.arranged(index, columns))
            return _Operand(matrix, rows, columns, places)
        ones = Ones(index.size)
        if not edges:
            (vector,) = vectors
            stands = vector.rows is not None  # a column: 1ᵀv; a row: v 1
            summed = (transpose(ones), vector.matrix) if stands else (vector.matrix, ones)
            return _Operand(product(*summed), None, None, places)
        beside = vectors[0].arranged(index, None) if vectors else ones
        end = edges[0].other(index)
        assert end is not None
        rows, columns = arrangement([end], self._reader.problem, self._reader.layout)
        if columns is not None:  # as a row, where vectors over the examples are rows
            across = product(transpose(beside), edges[0].arranged(index, end))
            return _Operand(across, rows, columns, places)
        return _Operand(product(edges[0].arranged(end, index), beside), end, None, places)

    # Assembling ----------------------------------------------------------------------------------

    def assemble(self, rows: Index | None, columns: Index | None) -> Matrix:
        """What is left, as one matrix with these rows and columns."""
        groups = [self._gathered(group) for group in self._groups()]
        by_indices = {frozenset(operand.indices): operand for operand in groups}
        edge = by_indices.pop(frozenset(i for i in (rows, columns) if i), None)
        down = along = None
        if rows is not None and columns is not None:
            down = by_indices.pop(frozenset([rows]), None)
            along = by_indices.pop(frozenset([columns]), None)
        if by_indices:
            raise AssertionError("an operand was left over")
        matrix = self._framed(edge, down, along, rows, columns)
        for scalar in reversed(self._scalars):
            matrix = _with_scalar(scalar, matrix)
        return matrix

    def _framed(
        self,
        edge: _Operand | None,
        down: _Operand | None,
        along: _Operand | None,
        rows: Index | None,
        columns: Index | None,
    ) -> Matrix:
        """``diag(u) E``, ``E diag(v)``, ``(u vᵀ) ⊙ E``, ``u vᵀ``, or a broadcast."""
        if edge is not None:
            whole = edge.arranged(rows, columns)
            if down is not None and along is not None:
                outer = product(down.arranged(rows, None), along.arranged(None, columns))
                return hadamard(outer, whole)
            if down is not None:
                return product(diagonal(down.matrix), whole)
            if along is not None:
                return product(whole, diagonal(along.matrix))
            return whole
        left = down.arranged(rows, None) if down is not None else _ones(rows)
        right = along.arranged(None, columns) if along is not None else _ones(columns)
        parts = [left] if left is not None else []
        if right is not None:
            parts.append(transpose(right) if along is None else right)
        if not parts:
            return Constant(ONE, (1, 1))
        return product(*parts)


def _adds_products(term: Term) -> bool:
    return isinstance(term, Add) and any(isinstance(part, (Product, Sum)) for part in term.terms)


def _measure(matrix: Matrix) -> int:
    """How much there is to read in an expression; a diag and a vector of ones count for more."""
    extra = {Diagonal: 2, Ones: 1}
    return sum(1 + extra.get(type(part), 0) for part in walk_matrix(matrix))


def _off_diagonal(factor: Term, taken: Iterable[Index]) -> tuple[Index, Term] | None:
    """The index ``i`` of an ``A_ii`` or ``(B⁻¹)_ii``, and the element ``A_ij`` off the diagonal."""
    match factor:
        case Ref(name=name, indices=(Index() as row, column)) if row == column:
            return row, Ref(name, (row, fresh_index(row, [*taken, row])))
        case Apply(function=function) if function == INVERSE:
            place, second = inverse_places(factor)
            if isinstance(place, Index) and place == second:
                other = fresh_index(place, [*taken, *bound_indices(factor), place])
                return place, inverse_entry(*matrix_of(factor), place, other)
    return None


def _ones(index: Index | None) -> Matrix | None:
    return None if index is None else Ones(index.size)


def _with_scalar(scalar: Matrix, matrix: Matrix) -> Matrix:
    if isinstance(scalar, Constant):
        return scaled(scalar.value, matrix)
    if matrix == Constant(ONE, (1, 1)):
        return scalar
    return weighted(scalar, matrix)


def _is_quotient(matrix: Matrix) -> bool:
    return any(isinstance(part, HadamardQuotient) for part in (matrix, *_operands(matrix)))


def _operands(matrix: Matrix) -> tuple[Matrix, ...]:
    return (matrix.operand,) if isinstance(matrix, Transpose) else ()


def _hadamard_rank(operand: _Operand) -> tuple[int, tuple[int, ...]]:
    """What comes first in an elementwise product: what arrives from later in the model."""
    later = any(
        isinstance(part, MatrixProduct) or (isinstance(part, Array) and part.of)
        for part in walk_matrix(operand.matrix)
    )
    return (0 if later else 1, operand.places)


# The entry ---------------------------------------------------------------------------------------


def vectorise_blocks(
    term: Term,
    problem: Problem,
    layout: Layout,
    target: tuple[Index, ...],
    orientation: Orientation = "column",
) -> MatrixForm:
    """The term as a matrix expression; one with more than two indices as one block, the same for
    each value of the fewest indices held fixed that leave a matrix.

    The arguments are those of :func:`vectorise`.

    >>> from derive.matrix import matrix_text
    >>> from derive.notation import Notation
    >>> from derive.second_order import jacobian
    >>> d = jacobian("softmax_regression", "p", "z", check="none")
    >>> form = d.results[0].rows
    >>> form.held[0].name, matrix_text(form.expression, Notation(d.problem))
    ('i', 'diag(p_i) − p_i p_iᵀ')
    """
    whole = vectorise(term, problem, layout, target, orientation)
    example = problem.example_index
    ordered = sorted(target, key=lambda index: index != example)
    if len(target) <= 2:
        return whole
    for count in (len(target) - 2, len(target) - 1):
        for held in itertools.combinations(ordered, count):
            rest = tuple(index for index in target if index not in held)
            block = vectorise(term, problem, layout, rest, orientation, held)
            if block.expression is not None:
                return block
    return whole


def vectorise(
    term: Term,
    problem: Problem,
    layout: Layout,
    target: tuple[Index, ...] | None = None,
    orientation: Orientation = "column",
    held: tuple[Index, ...] = (),
) -> MatrixForm:
    """The term as a matrix expression.

    Args:
        term: a term in index form; its free indices are in ``target``.
        problem: where the quantities, and the index that counts the examples, are declared.
        layout: ``"rows"`` if the examples are the rows of the stored arrays, else ``"columns"``.
        target: the indices of the result in order: none for a scalar, one for a vector, two for
            a matrix. The term's own free indices if left out.
        orientation: how a result with one index other than the example's stands, as the
            parameter that it is the gradient by.
        held: free indices of the term that are held fixed, and are none of the result's.

    Returns:
        The form; where there is no reading its ``expression`` is ``None`` and ``reason`` says why.

    Raises:
        InputError: a free index of the term is not in ``target``.

    >>> from derive.catalogue import load
    >>> from derive.matrix import matrix_text
    >>> from derive.notation import Notation
    >>> problem = load("softmax_regression")
    >>> z = problem.definition("z")
    >>> form = vectorise(z.body, problem, "columns", z.indices)
    >>> print(matrix_text(form.expression, Notation(problem)), form.shape)
    WX + b𝟏ᵀ ('K', 'm')
    """
    if target is None:
        target = tuple(index for index in free_indices(term) if index not in held)
    here = (*target, *held)
    stray = [index.name for index in free_indices(term) if index not in here]
    if stray:
        raise InputError(
            f"{term} depends on {', '.join(stray)}, which is not an index of the result"
        )
    if len(target) > 2:
        names = ", ".join(index.name for index in target)
        reason = f"the result has {len(target)} indices ({names}): it is not a matrix."
        return MatrixForm(term, target, layout, None, None, None, (), _einsum(term, target), reason)
    reader = _Reader(problem, layout, held)
    rows, columns = arrangement(target, problem, layout, orientation)
    try:
        expression = reader.tidied(reader.read(term, rows, columns))
    except _NoReading as failure:
        einsum = _einsum(term, target)
        return MatrixForm(term, target, layout, None, rows, columns, (), einsum, str(failure), held)
    used = dict.fromkeys(part for part in walk_matrix(expression) if isinstance(part, Array))
    arrays = tuple(reader.arrays[array] for array in used)
    return MatrixForm(term, target, layout, expression, rows, columns, arrays, held=held)


def _is_shifted(term: Term) -> bool:
    match term:
        case Ref(indices=places):
            return any(isinstance(place, Shift) for place in places)
        case Delta(left=left, right=right):
            return isinstance(left, Shift) or isinstance(right, Shift)
        case _:
            return isinstance(term, Within)


def _einsum(term: Term, target: tuple[Index, ...]) -> str | None:
    """The subscripts, if the term is one product of arrays (each in its own order of indices)."""
    if any(_is_shifted(part) for part in walk(term)):
        return None  # its operands are windows of arrays
    flat = flatten_product(term, set(target) | set(free_indices(term)))
    letters: dict[Index, str] = {}

    def letter(index: Index) -> str:
        if index not in letters:
            free = (c for c in index.name[:1] + "abcdefghijklmnopqrstuvwxyz" if c.isalpha())
            letters[index] = next(c for c in free if c not in letters.values())
        return letters[index]

    operands: list[str] = []
    result = "".join(letter(index) for index in target)
    for factor in flat.factors:
        if isinstance(factor, Ref):
            places: tuple[IndexLike, ...] = factor.indices
        else:
            places = free_indices(factor)
        running = [index for index in places if isinstance(index, Index)]
        if len(running) != len(places):
            return None
        operands.append("".join(letter(index) for index in running))
    return f"{','.join(operands)}->{result}"
