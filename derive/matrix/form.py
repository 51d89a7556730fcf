"""A matrix form as data: the expression, its layout, the arrays it is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from derive.matrix.expression import Array, Extent, Matrix, Shape
from derive.terms import Derivative, Index, Ref, Term

__all__ = ["Layout", "MatrixForm", "StoredArray", "extent_of"]

#: Whether the examples are the rows or the columns of the stored arrays.
Layout: TypeAlias = Literal["rows", "columns"]


def extent_of(index: Index | None) -> Extent:
    """The length of a side: the size of its index, 1 where there is none."""
    return 1 if index is None else index.size


@dataclass(frozen=True, slots=True)
class StoredArray:
    """One array of a matrix form: what is stored in it, and how.

    ``term`` is the element at ``rows``, ``columns`` (``None`` for a direction that is missing).
    """

    array: Array
    term: Ref | Derivative
    rows: Index | None
    columns: Index | None

    @property
    def shape(self) -> Shape:
        """The stored shape."""
        return self.array.shape


@dataclass(frozen=True, slots=True)
class MatrixForm:
    """A term as a matrix expression, or the statement that it has none.

    Attributes:
        term: the term in index form.
        target: its free indices, in the order of the result's indices.
        layout: whether examples are rows or columns.
        expression: the matrix expression, or ``None`` where there is no reading.
        rows, columns: the indices of the result's rows and columns.
        arrays: every stored array used, in order of appearance, with its shape.
        einsum: where there is no reading, the ``einsum`` subscripts if the term is one product of
            arrays.
        reason: where there is no reading, a sentence that says why.
        held: further free indices of the term, which are held fixed: the expression is one block
            of an array with more than two indices, the same for each of their values.
    """

    term: Term
    target: tuple[Index, ...]
    layout: Layout
    expression: Matrix | None
    rows: Index | None
    columns: Index | None
    arrays: tuple[StoredArray, ...] = ()
    einsum: str | None = None
    reason: str = ""
    held: tuple[Index, ...] = ()

    @property
    def shape(self) -> Shape:
        """The shape of the result, as symbols."""
        return (extent_of(self.rows), extent_of(self.columns))
