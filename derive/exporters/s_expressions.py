"""Terms and matrices as nested lists, and back.

The first item says what kind of node it is, the rest is what is inside:
``["product", ["power", ["size", "m"], ["number", "-1"]], ["sum", "i:m", ["ref", "L", ["i:m"]]]]``.
Leaves end with their origins, if they have any. One row of a table describes a kind; encoding and
decoding both read it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from derive.errors import Unsupported
from derive.exporters.reading import MOST_LEVELS, Cursor
from derive.matrix import expression as matrices
from derive.matrix.expression import Extent, Matrix, Shape
from derive.terms import (
    Add,
    Apply,
    Delta,
    Derivative,
    Family,
    Index,
    IndexLike,
    Number,
    Origin,
    Power,
    Product,
    Ref,
    Shift,
    Size,
    Sum,
    Term,
    Within,
    affine,
)

__all__ = [
    "SExpression",
    "read_extent",
    "read_index",
    "read_matrix",
    "read_term",
    "write_index",
    "write_matrix",
    "write_term",
]

#: What a term or a matrix is written as: a list whose items are strings, numbers and lists.
SExpression: TypeAlias = list[Any]


@dataclass(frozen=True, slots=True)
class _Coding:
    """How one field is written and read."""

    write: Callable[[Any], Any]
    read: Callable[[Cursor], Any]


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of node.

    Attributes:
        tag: the first item of the list.
        node: the class.
        fields: its fields in the order in which they are written.
        rest: a field whose items end the list, one by one.
        least: the fewest items that ``rest`` may have.
        trailing: a field that ends the list as one item, left out where it is empty.
    """

    tag: str
    node: type
    fields: tuple[tuple[str, _Coding], ...] = ()
    rest: tuple[str, _Coding] | None = None
    least: int = 2
    trailing: tuple[str, _Coding] | None = None

    def write(self, node: object) -> SExpression:
        items = [self.tag, *(coding.write(getattr(node, name)) for name, coding in self.fields)]
        if self.rest is not None:
            name, coding = self.rest
            items.extend(coding.write(item) for item in getattr(node, name))
        if self.trailing is not None:
            name, coding = self.trailing
            value = getattr(node, name)
            if value:
                items.append(coding.write(value))
        return items

    def read(self, at: Cursor) -> Any:
        items = at.items()[1:]
        count = len(self.fields)
        least = count + (self.least if self.rest is not None else 0)
        most = count + (1 if self.trailing is not None else 0)
        if len(items) < least or (self.rest is None and len(items) > most):
            number = f"{least} or more items" if self.rest is not None else f"{count} items"
            raise at.error(f"{self.tag!r} is followed by {number}, not by {len(items)}")
        values = {
            name: coding.read(item)
            for (name, coding), item in zip(self.fields, items, strict=False)
        }
        if self.rest is not None:
            name, coding = self.rest
            values[name] = tuple(coding.read(item) for item in items[count:])
        if self.trailing is not None and len(items) > count:
            name, coding = self.trailing
            values[name] = coding.read(items[-1])
        return self.node(**values)


# Fields ------------------------------------------------------------------------------------------


def write_index(index: Index | int) -> str | int:
    """An index as its author writes it, or the number that stands for one.

    Raises:
        Unsupported: it has a colon in its name, or a size that looks like a number.

    >>> write_index(Index("i", "m")), write_index(3)
    ('i:m', 3)
    """
    if not isinstance(index, Index):
        return index
    text = f"{index.name}:{index.size}"
    if _split_index(text) != index:
        raise Unsupported(f"the index {index!r} cannot be written as JSON")
    return text


def _split_index(text: str) -> Index | None:
    name, colon, size = text.partition(":")
    if not (name and colon and size) or ":" in size:
        return None
    if size.isascii() and size.isdecimal() and len(size) < 10:
        return Index(name, int(size))
    return Index(name, size)


def read_index(at: Cursor) -> Index:
    """The index written as ``"i:m"``."""
    index = _split_index(at.string())
    if index is None:
        raise at.error(f'{at.string()[:40]!r} is no index; write "i:m"')
    return index


def _write_place(place: IndexLike) -> object:
    """An index, a number, or the parts of a shift: ``[["t:T", 1], ["k:K", 1], -1]``."""
    if isinstance(place, Shift):
        return [*([write_index(index), count] for index, count in place.parts), place.offset]
    return write_index(place)


def _read_place(at: Cursor) -> IndexLike:
    if isinstance(at.value, int):
        return at.whole(1)
    if not isinstance(at.value, list):
        return read_index(at)
    items = at.items()
    if not items:
        raise at.error("a shift is not empty")
    place = affine([_read_part(part) for part in items[:-1]], _signed(items[-1]))
    if not isinstance(place, Shift):
        raise at.error("a shift is a list of at least one index with its factor, and a number")
    return place


def _read_part(at: Cursor) -> tuple[Index, int]:
    items = at.items()
    if len(items) != 2:
        raise at.error("a part of a shift is an index and its factor")
    return read_index(items[0]), _signed(items[1])


def _signed(at: Cursor) -> int:
    if isinstance(at.value, bool) or not isinstance(at.value, int):
        raise at.error("a whole number was expected")
    return at.value


def read_extent(at: Cursor) -> Extent:
    """The length of one side: a symbol or a number."""
    return at.whole(1) if isinstance(at.value, int) else at.string()


def _read_shape(at: Cursor) -> Shape:
    sides = at.map(read_extent)
    if len(sides) != 2:
        raise at.error(f"a shape has 2 sides, not {len(sides)}")
    return (sides[0], sides[1])


def _read_origin(at: Cursor) -> Origin:
    parts = at.map(Cursor.string)
    if len(parts) != 3:
        raise at.error("an origin is a list of its kind, its name and its place")
    return Origin(*parts)


def _read_reference(at: Cursor) -> Ref:
    term = read_term(at)
    if not isinstance(term, Ref):
        raise at.error("a derivative is by a reference to a quantity")
    return term


def _listed(one: _Coding) -> _Coding:
    return _Coding(
        lambda values: [one.write(value) for value in values], lambda at: at.map(one.read)
    )


_STRING = _Coding(str, Cursor.string)
_RATIONAL = _Coding(str, Cursor.fraction)
_ORDERS = _listed(_Coding(int, Cursor.whole))
_INDEX = _Coding(write_index, read_index)
_PLACE = _Coding(_write_place, _read_place)
_EXTENT = _Coding(lambda extent: extent, read_extent)
_SHAPE = _Coding(list, _read_shape)
_ORIGINS = _listed(_Coding(lambda origin: [origin.kind, origin.name, origin.place], _read_origin))
_TERM = _Coding(lambda term: _write(term, _BY_TERM), lambda at: _read(at, _TERM_BY_TAG, "term"))
_REFERENCE = _Coding(_TERM.write, _read_reference)
_MATRIX = _Coding(
    lambda matrix: _write(matrix, _BY_MATRIX), lambda at: _read(at, _MATRIX_BY_TAG, "matrix")
)


# Kinds -------------------------------------------------------------------------------------------

_FROM = ("origin", _ORIGINS)

_TERMS = (
    _Kind("number", Number, (("value", _RATIONAL),), trailing=_FROM),
    _Kind("size", Size, (("name", _STRING),), trailing=_FROM),
    _Kind("ref", Ref, (("name", _STRING), ("indices", _listed(_PLACE))), trailing=_FROM),
    _Kind(
        "apply",
        Apply,
        (("function", _STRING), ("orders", _ORDERS)),
        rest=("arguments", _TERM),
        least=0,
    ),
    _Kind("family", Family, (("index", _INDEX), ("body", _TERM))),
    _Kind("sum", Sum, (("index", _INDEX), ("body", _TERM))),
    _Kind("product", Product, rest=("factors", _TERM)),
    _Kind("add", Add, rest=("terms", _TERM)),
    _Kind("power", Power, (("base", _TERM), ("exponent", _TERM))),
    _Kind("derivative", Derivative, (("of", _TERM), ("by", _REFERENCE))),
    _Kind("delta", Delta, (("left", _PLACE), ("right", _PLACE))),
    _Kind("within", Within, (("place", _PLACE), ("size", _EXTENT))),
)

_MATRICES = (
    _Kind(
        "array",
        matrices.Array,
        (("name", _STRING), ("stored_shape", _SHAPE)),
        trailing=("of", _STRING),
    ),
    _Kind(
        "slice",
        matrices.Slice,
        (
            ("name", _STRING),
            ("stored_shape", _SHAPE),
            ("held", _listed(_STRING)),
        ),
    ),
    _Kind("ones", matrices.Ones, (("extent", _EXTENT),)),
    _Kind("identity", matrices.Identity, (("extent", _EXTENT),)),
    _Kind("constant", matrices.Constant, (("value", _TERM), ("filled_shape", _SHAPE))),
    _Kind("transpose", matrices.Transpose, (("operand", _MATRIX),)),
    _Kind("matrix product", matrices.MatrixProduct, rest=("factors", _MATRIX)),
    _Kind("matrix sum", matrices.MatrixSum, rest=("terms", _MATRIX)),
    _Kind("hadamard", matrices.Hadamard, rest=("factors", _MATRIX)),
    _Kind(
        "hadamard quotient",
        matrices.HadamardQuotient,
        (("numerator", _MATRIX), ("denominator", _MATRIX)),
    ),
    _Kind("hadamard power", matrices.HadamardPower, (("base", _MATRIX), ("exponent", _TERM))),
    _Kind(
        "elementwise",
        matrices.Elementwise,
        (("function", _STRING), ("orders", _ORDERS)),
        rest=("arguments", _MATRIX),
        least=1,
    ),
    _Kind(
        "rowwise",
        matrices.Rowwise,
        (("function", _STRING), ("along", _STRING)),
        rest=("arguments", _MATRIX),
        least=1,
    ),
    _Kind("scaled", matrices.Scaled, (("coefficient", _TERM), ("operand", _MATRIX))),
    _Kind("weighted", matrices.Weighted, (("weight", _MATRIX), ("operand", _MATRIX))),
    _Kind("diagonal", matrices.Diagonal, (("vector", _MATRIX),)),
    _Kind("trace", matrices.Trace, (("operand", _MATRIX),)),
    _Kind("inverse", matrices.Inverse, (("operand", _MATRIX),)),
    _Kind("determinant", matrices.Determinant, (("function", _STRING), ("operand", _MATRIX))),
)

_BY_TERM: dict[type, _Kind] = {kind.node: kind for kind in _TERMS}
_BY_MATRIX: dict[type, _Kind] = {kind.node: kind for kind in _MATRICES}
_TERM_BY_TAG: dict[str, _Kind] = {kind.tag: kind for kind in _TERMS}
_MATRIX_BY_TAG: dict[str, _Kind] = {kind.tag: kind for kind in _MATRICES}


def _write(node: object, kinds: dict[type, _Kind]) -> SExpression:
    kind = kinds.get(type(node))
    if kind is None:
        raise Unsupported(f"a {type(node).__name__} cannot be written as JSON")
    return kind.write(node)


def _read(at: Cursor, kinds: dict[str, _Kind], what: str) -> Any:
    items = at.items()
    if not items:
        raise at.error(f"an empty list is no {what}")
    kind = kinds.get(items[0].string())
    if kind is None:
        known = ", ".join(kinds)
        raise items[0].error(f"{items[0].value[:40]!r} is no kind of {what}; there are {known}")
    return kind.read(at)


def write_term(term: Term) -> SExpression:
    """A term as nested lists, origins included.

    Raises:
        Unsupported: it is nested too deeply to be read again.

    >>> write_term(Sum(Index("i", "m"), Ref("a", (Index("i", "m"),))))
    ['sum', 'i:m', ['ref', 'a', ['i:m']]]
    """
    return _shallow(lambda: _write(term, _BY_TERM))


def read_term(at: Cursor) -> Term:
    """The term that :func:`write_term` wrote.

    Raises:
        InputError: it is no term; the message says where.

    >>> print(read_term(Cursor(["add", ["ref", "a", []], ["number", "1/2"]])))
    a + 1/2
    """
    term: Term = _read(at, _TERM_BY_TAG, "term")
    return term


def write_matrix(matrix: Matrix) -> SExpression:
    """A matrix expression as nested lists.

    Raises:
        Unsupported: it is nested too deeply to be read again.

    >>> write_matrix(matrices.Transpose(matrices.Array("x", ("m", "n"))))
    ['transpose', ['array', 'x', ['m', 'n']]]
    """
    return _shallow(lambda: _write(matrix, _BY_MATRIX))


def read_matrix(at: Cursor) -> Matrix:
    """The matrix expression that :func:`write_matrix` wrote.

    Raises:
        InputError: it is none, or shapes don't fit; the message says where.
    """
    matrix: Matrix = _read(at, _MATRIX_BY_TAG, "matrix")
    return matrix


def _shallow(write: Callable[[], SExpression]) -> SExpression:
    """What ``write`` gives, unless reading it back would be refused for its depth."""
    try:
        written = write()
    except RecursionError:
        written = None
    # A formula stands a few levels below the top of the file.
    if written is None or _depth(written) > MOST_LEVELS - 12:
        raise Unsupported("a formula is nested too deeply to be written as JSON")
    return written


def _depth(written: SExpression) -> int:
    depth = 0
    level: list[Any] = [written]
    while level:
        depth += 1
        level = [item for each in level for item in each if isinstance(item, list)]
    return depth
