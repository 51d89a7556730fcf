"""The index notation: a small closed set of immutable terms.

A term is what stands on a line of a derivation: ``(1/m) Σ_i (a_i − y_i) x_ij``. There are a dozen
kinds besides the index itself; nothing evaluates by itself. The constructors :func:`add`,
:func:`multiply`, :func:`power` and :func:`total` only flatten and drop units, so that a term stays
on the page exactly as the step that made it left it.

Leaves (:class:`Number`, :class:`Size`, :class:`Ref`) carry their *origin*: the definition or the
rule that brought them onto the page. The origin takes no part in equality.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from operator import attrgetter, is_
from typing import Any, TypeAlias

from derive.errors import InputError

__all__ = [
    "ONE",
    "ZERO",
    "Add",
    "Apply",
    "Delta",
    "Derivative",
    "Family",
    "Index",
    "IndexLike",
    "Number",
    "Origin",
    "Power",
    "Product",
    "Ref",
    "Shift",
    "Size",
    "Sum",
    "Term",
    "Within",
    "add",
    "affine",
    "bound_indices",
    "bounds",
    "children",
    "contains",
    "factors_of",
    "free_indices",
    "fresh_index",
    "is_negative",
    "key",
    "kinds",
    "map_children",
    "member",
    "multiply",
    "names",
    "negate",
    "place_indices",
    "power",
    "put_place",
    "reciprocal",
    "references",
    "same",
    "separate",
    "solved",
    "stamp",
    "substitute",
    "terms_of",
    "total",
    "walk",
    "weight",
]


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """Where a leaf came from.

    ``kind`` is ``"definition"`` (then ``name`` is the definition's name) or ``"rule"`` (then
    ``name`` is the rule's name and ``place`` the claim in whose proof it was applied).
    """

    kind: str
    name: str
    place: str = ""


class Affine:
    """What can be added to, taken from and multiplied by whole numbers: ``t + k − 1``."""

    __slots__ = ()

    def __add__(self, other: IndexLike) -> IndexLike:
        return _combined(self, other, 1, 1) if _is_place(other) else NotImplemented

    def __radd__(self, other: int) -> IndexLike:
        return _combined(other, self, 1, 1) if _is_place(other) else NotImplemented

    def __sub__(self, other: IndexLike) -> IndexLike:
        return _combined(self, other, 1, -1) if _is_place(other) else NotImplemented

    def __rsub__(self, other: int) -> IndexLike:
        return _combined(other, self, 1, -1) if _is_place(other) else NotImplemented

    def __mul__(self, factor: int) -> IndexLike:
        whole = isinstance(factor, int) and not isinstance(factor, bool)
        return _combined(self, 0, factor, 1) if whole else NotImplemented

    def __rmul__(self, factor: int) -> IndexLike:
        return self.__mul__(factor)


@dataclass(frozen=True, slots=True)
class Index(Affine):
    """An index and the range ``1 … size`` it runs over; ``size`` is a symbol or a number.

    >>> Index("i", "m")
    Index(name='i', size='m')
    """

    name: str
    size: str | int


@dataclass(frozen=True, slots=True, eq=False)
class Shift(Affine):
    """An affine expression of indices as a place in a subscript: the ``t + k − 1`` of
    ``x_{t+k−1}``, the ``2t + k − 2`` of a window that moves by two.

    ``parts`` are the indices with the whole numbers they are multiplied by, in the order in which
    they are printed; two that differ in that order alone are equal. Made by :func:`affine`, or by
    adding indices.

    >>> t, k = Index("t", "T"), Index("k", "K")
    >>> print(t + k - 1, "|", 2 * t + k - 2, "|", t + k - k)
    t + k − 1 | 2t + k − 2 | Index(name='t', size='T')
    """

    parts: tuple[tuple[Index, int], ...]
    offset: int = 0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Shift):
            return NotImplemented
        return self.offset == other.offset and dict(self.parts) == dict(other.parts)

    def __hash__(self) -> int:
        return hash((frozenset(self.parts), self.offset))

    def __str__(self) -> str:
        from derive.notation import place_text

        return place_text(self)


#: A place in a subscript: a running index, an affine expression of some, or a number (counted
#: from 1) in a written-out case.
IndexLike: TypeAlias = Index | Shift | int


def affine(parts: Iterable[tuple[Index, int]], offset: int = 0) -> IndexLike:
    """``Σ c·i + offset`` as a place, in its simplest form: a number, an index, or a shift.

    >>> t, k = Index("t", "T"), Index("k", "K")
    >>> print(affine([(k, -1), (t, 1), (k, -1)], 3))
    t − 2k + 3
    >>> affine([(t, 1), (k, 1), (k, -1)])
    Index(name='t', size='T')
    """
    counts: dict[Index, int] = {}
    for index, count in parts:
        counts[index] = counts.get(index, 0) + count
    kept = [(index, count) for index, count in counts.items() if count]
    if not kept:
        return offset
    if offset == 0 and len(kept) == 1 and kept[0][1] == 1:
        return kept[0][0]
    return Shift(tuple(sorted(kept, key=lambda part: part[1] < 0)), offset)


def parts_of(place: object) -> tuple[tuple[tuple[Index, int], ...], int]:
    """The indices of a place with what they are multiplied by, and what is added."""
    match place:
        case Shift(parts=parts, offset=offset):
            return parts, offset
        case Index():
            return ((place, 1),), 0
        case int():
            return (), place
        case _:
            raise TypeError(f"{place!r} is no place in a subscript")


def _is_place(operand: object) -> bool:
    return isinstance(operand, (Index, Shift, int)) and not isinstance(operand, bool)


def _combined(left: object, right: object, of_left: int, of_right: int) -> IndexLike:
    """``of_left · left + of_right · right``."""
    mine, first = parts_of(left)
    other, second = parts_of(right)
    parts = [(index, of_left * count) for index, count in mine]
    parts += [(index, of_right * count) for index, count in other]
    return affine(parts, of_left * first + of_right * second)


def place_indices(place: IndexLike) -> tuple[Index, ...]:
    """The running indices in one place of a subscript.

    >>> t, k = Index("t", "T"), Index("k", "K")
    >>> [index.name for index in place_indices(t + k - 1)], place_indices(2)
    (['t', 'k'], ())
    """
    return tuple(index for index, _ in parts_of(place)[0])


def put_place(place: IndexLike, values: Mapping[Index, IndexLike]) -> IndexLike:
    """The place with indices replaced, all at once.

    >>> s, t, k = Index("s", "S"), Index("t", "T"), Index("k", "K")
    >>> print(put_place(t + k - 1, {k: s - t + 1}).name, put_place(t + k - 1, {t: 2, k: 1}))
    s 2
    """
    if isinstance(place, Index):
        return values.get(place, place)
    if isinstance(place, int):
        return place
    parts: list[tuple[Index, int]] = []
    offset = place.offset
    for index, count in place.parts:
        inner, added = parts_of(values.get(index, index))
        parts += [(each, count * times) for each, times in inner]
        offset += count * added
    return affine(parts, offset)


def solved(left: IndexLike, right: IndexLike, index: Index) -> IndexLike | None:
    """What ``index`` is where ``left = right``; ``None`` if that depends on divisibility, or not
    on the index at all.

    >>> s, t, k = Index("s", "S"), Index("t", "T"), Index("k", "K")
    >>> print(solved(t + k - 1, s, k), solved(t + 2 * k, s, k))
    s − t + 1 None
    """
    if not isinstance(left, Shift) and not isinstance(right, Shift):
        if index == left == right or index not in (left, right):
            return None
        return right if left == index else left
    parts, offset = parts_of(_combined(left, right, 1, -1))
    count = dict(parts).get(index)
    if count not in (1, -1):
        return None
    rest = [(each, -count * times) for each, times in parts if each != index]
    return affine(rest, -count * offset)


def bounds(place: IndexLike, sizes: Mapping[str, int]) -> tuple[int | None, int | None]:
    """The least and the greatest number that a place can be; ``None`` where a size that isn't
    known sets it.

    >>> t, k = Index("t", "T"), Index("k", 3)
    >>> bounds(t + k - 1, {}), bounds(t + k - 1, {"T": 4})
    ((1, None), (1, 6))
    """
    parts, offset = parts_of(place)
    least: int | None = offset
    greatest: int | None = offset
    for index, count in parts:
        size = index.size if isinstance(index.size, int) else sizes.get(index.size)
        far = None if size is None else count * size
        low, high = (count, far) if count > 0 else (far, count)
        least = None if least is None or low is None else least + low
        greatest = None if greatest is None or high is None else greatest + high
    return least, greatest


class Term:
    """Base of all terms. Terms are immutable, hashable and compare by structure."""

    # What is asked for again and again is kept with the term. None of it is a field: it takes no
    # part in equality, and is neither copied nor pickled.
    __slots__ = ("_free", "_hash", "_key", "_kinds", "_names", "_stamped")
    _free: tuple[Index, ...]
    _hash: int
    _key: object
    _kinds: frozenset[type[Term]]
    _names: frozenset[str]
    _stamped: bool

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            found = hash(_FIELDS[type(self)](self))
            object.__setattr__(self, "_hash", found)
            return found

    def __str__(self) -> str:
        from derive.notation import plain_text  # a term prints through the one notation there is

        return plain_text(self)


@dataclass(frozen=True, slots=True)
class Number(Term):
    """An exact rational number."""

    value: Fraction
    origin: tuple[Origin, ...] = field(default=(), compare=False, repr=False)

    __str__ = Term.__str__
    __hash__ = Term.__hash__


@dataclass(frozen=True, slots=True)
class Size(Term):
    """The size of an index, as a number in a formula: the ``m`` of ``1/m``."""

    name: str
    origin: tuple[Origin, ...] = field(default=(), compare=False, repr=False)

    __str__ = Term.__str__
    __hash__ = Term.__hash__


@dataclass(frozen=True, slots=True)
class Ref(Term):
    """A named quantity at its indices: ``z_i``, ``x_ij``, ``b``, ``λ``."""

    name: str
    indices: tuple[IndexLike, ...] = ()
    origin: tuple[Origin, ...] = field(default=(), compare=False, repr=False)

    @property
    def running(self) -> tuple[Index, ...]:
        """The indices that run, without the numbers; those of a shift one by one."""
        return tuple(index for place in self.indices for index in place_indices(place))

    __str__ = Term.__str__
    __hash__ = Term.__hash__


@dataclass(frozen=True, slots=True)
class Apply(Term):
    """A scalar function applied: ``σ(z_i)``; ``orders`` are the orders of differentiation in each
    argument, so that ``g'(z_i)`` of an abstract ``g`` is ``Apply("g", (z_i,), (1,))``."""

    function: str
    arguments: tuple[Term, ...]
    orders: tuple[int, ...] = ()

    __str__ = Term.__str__
    __hash__ = Term.__hash__


@dataclass(frozen=True, slots=True)
class Family(Term):
    """All values over an index, as one argument of an abstract function: ``(a_ik)_k``."""

    index: Index
    body: Term

    __str__ = Term.__str__
    __hash__ = Term.__hash__


@dataclass(frozen=True, slots=True)
class Sum(Term):
    """A sum over an index: ``Σ_i body``."""

    index: Index
    body: Term

    __str__ = Term.__str__
    __hash__ = Term.__hash__


@dataclass(frozen=True, slots=True)
class Product(Term):
    """A product of two or more factors, in the order in which they are printed."""

    factors: tuple[Term, ...]

    __str__ = Term.__str__
    __hash__ = Term.__hash__


@dataclass(frozen=True, slots=True)
class Add(Term):
    """A sum of two or more terms, in the order in which they are printed."""

    terms: tuple[Term, ...]

    __str__ = Term.__str__
    __hash__ = Term.__hash__


@dataclass(frozen=True, slots=True)
class Power(Term):
    """``base ** exponent``; a quotient is a product with a power of exponent −1."""

    base: Term
    exponent: Term

    __str__ = Term.__str__
    __hash__ = Term.__hash__


@dataclass(frozen=True, slots=True)
class Derivative(Term):
    """``∂ of / ∂ by``.

    The derivative is total with respect to everything through which ``of`` depends on ``by``;
    other definitions between the two follow ``by`` along.
    """

    of: Term
    by: Ref

    __str__ = Term.__str__
    __hash__ = Term.__hash__


@dataclass(frozen=True, slots=True)
class Delta(Term):
    """The Kronecker delta: 1 where both indices are equal, 0 elsewhere."""

    left: IndexLike
    right: IndexLike

    __str__ = Term.__str__
    __hash__ = Term.__hash__


@dataclass(frozen=True, slots=True)
class Within(Term):
    """Iverson's bracket ``[1 ≤ place ≤ size]``: 1 where the place lies in the range, else 0.

    In a product it says where the other factors count: where it is 0 the product is 0, and a
    subscript beside it may lie outside its range (Graham, Knuth and Patashnik, *Concrete
    Mathematics*, section 2.1: the bracket is strongly zero).
    """

    place: IndexLike
    size: str | int

    __str__ = Term.__str__
    __hash__ = Term.__hash__


#: The fields of each kind that take part in equality.
_FIELDS: Mapping[type[Term], Callable[[Any], object]] = {
    Number: attrgetter("value"),
    Size: attrgetter("name"),
    Ref: attrgetter("name", "indices"),
    Apply: attrgetter("function", "arguments", "orders"),
    Family: attrgetter("index", "body"),
    Sum: attrgetter("index", "body"),
    Product: attrgetter("factors"),
    Add: attrgetter("terms"),
    Power: attrgetter("base", "exponent"),
    Derivative: attrgetter("of", "by"),
    Delta: attrgetter("left", "right"),
    Within: attrgetter("place", "size"),
}

ZERO = Number(Fraction(0))
ONE = Number(Fraction(1))


# Constructors that flatten and drop units, and do nothing else -----------------------------------


def is_number(term: Term, value: int) -> bool:
    return isinstance(term, Number) and term.value == value


def add(*terms: Term) -> Term:
    """The sum of ``terms``: flattened, without zeros.

    >>> print(add(Ref("a"), ZERO, add(Ref("b"), Ref("c"))))
    a + b + c
    """
    flat: list[Term] = []
    for term in terms:
        flat.extend(term.terms if isinstance(term, Add) else (term,))
    kept = tuple(term for term in flat if not is_number(term, 0))
    if not kept:
        return ZERO
    return kept[0] if len(kept) == 1 else Add(kept)


def multiply(*factors: Term) -> Term:
    """The product of ``factors``: flattened, without ones; 0 if a factor is 0.

    >>> print(multiply(Ref("a"), ONE, Ref("b")))
    a b
    """
    flat: list[Term] = []
    for factor in factors:
        flat.extend(factor.factors if isinstance(factor, Product) else (factor,))
    if any(is_number(factor, 0) for factor in flat):
        return ZERO
    kept = tuple(factor for factor in flat if not is_number(factor, 1))
    if not kept:
        return ONE
    return kept[0] if len(kept) == 1 else Product(kept)


def power(base: Term, exponent: Term | int | Fraction) -> Term:
    """``base ** exponent``, without the exponents 0 and 1."""
    if not isinstance(exponent, Term):
        exponent = Number(Fraction(exponent))
    if is_number(exponent, 1):
        return base
    if is_number(exponent, 0):
        return ONE
    if is_number(base, 1):
        return ONE
    return Power(base, exponent)


def reciprocal(term: Term) -> Term:
    """``1/term``."""
    return power(term, -1)


def negate(term: Term) -> Term:
    """``−term``; a leading −1 is taken away instead of doubled."""
    if isinstance(term, Number):
        return replace(term, value=-term.value)
    factors = factors_of(term)
    first = factors[0]
    if isinstance(first, Number) and first.value < 0:
        return multiply(replace(first, value=-first.value), *factors[1:])
    return multiply(Number(Fraction(-1)), term)


def total(index: Index, body: Term) -> Term:
    """``Σ_index body``; 0 if the body is 0."""
    return ZERO if is_number(body, 0) else Sum(index, body)


def factors_of(term: Term) -> tuple[Term, ...]:
    """The factors of a product, or the term itself as its only factor."""
    return term.factors if isinstance(term, Product) else (term,)


def terms_of(term: Term) -> tuple[Term, ...]:
    """The terms of a sum, or the term itself as its only one."""
    return term.terms if isinstance(term, Add) else (term,)


def is_negative(term: Term) -> bool:
    """Whether the term starts with a minus sign when it is printed."""
    first = factors_of(term)[0]
    return isinstance(first, Number) and first.value < 0


# Walking -----------------------------------------------------------------------------------------


def children(term: Term) -> tuple[Term, ...]:
    """The terms directly inside, in printing order."""
    read = _CHILDREN.get(type(term))
    return () if read is None else read(term)


#: How to read the children of each kind: a table, for nothing else is called as often.
_CHILDREN: Mapping[type[Term], Callable[[Any], tuple[Term, ...]]] = {
    Add: attrgetter("terms"),
    Product: attrgetter("factors"),
    Apply: attrgetter("arguments"),
    Sum: lambda term: (term.body,),
    Family: lambda term: (term.body,),
    Power: attrgetter("base", "exponent"),
    Derivative: attrgetter("of", "by"),
}


def map_children(term: Term, change: Callable[[Term], Term]) -> Term:
    """The same term with ``change`` applied to what is directly inside, rebuilt by the flattening
    constructors; the very same object if nothing changed."""
    old = children(term)
    if not old:
        return term
    new = tuple([change(child) for child in old])
    if all(map(is_, old, new)):
        return term
    match term:
        case Add():
            # Not flattened: (a_1 − y_1) + (a_2 − y_2) keeps its parentheses until a rule takes
            # them away.
            kept = tuple(part for part in new if not is_number(part, 0))
            return Add(kept) if len(kept) > 1 else add(*kept)
        case Product():
            return multiply(*new)
        case Apply():
            return replace(term, arguments=new)
        case Sum(index=index):
            return total(index, new[0])
        case Family(index=index):
            return Family(index, new[0])
        case Power():
            return power(new[0], new[1])
        case Derivative():
            by = new[1]
            if not isinstance(by, Ref):
                raise InputError(f"cannot differentiate by {by}: it is not a named quantity")
            return Derivative(new[0], by)
        case _:
            raise TypeError(f"{type(term).__name__} has no children")


def walk(term: Term) -> Iterator[Term]:
    """The term and everything inside it, outermost first."""
    yield term
    for child in children(term):
        yield from walk(child)


def contains(term: Term, kind: type[Term] | tuple[type[Term], ...]) -> bool:
    """Whether a term of this kind occurs in ``term``."""
    return any(issubclass(each, kind) for each in kinds(term))


def kinds(term: Term) -> frozenset[type[Term]]:
    """The kinds of term that occur in ``term``.

    >>> sorted(kind.__name__ for kind in kinds(add(Ref("a"), ONE)))
    ['Add', 'Number', 'Ref']
    """
    try:
        return term._kinds  # noqa: SLF001 - kept there by this module
    except AttributeError:
        found = frozenset((type(term),)).union(*map(kinds, children(term)))
        object.__setattr__(term, "_kinds", found)
        return found


def names(term: Term) -> frozenset[str]:
    """The names of the quantities and of the functions that occur in ``term``.

    >>> sorted(names(Apply("ln", (add(Ref("a"), ONE),))))
    ['a', 'ln']
    """
    try:
        return term._names  # noqa: SLF001 - kept there by this module
    except AttributeError:
        own = (
            (term.name,)
            if isinstance(term, Ref)
            else (term.function,)
            if isinstance(term, Apply)
            else ()
        )
        found = frozenset(own).union(*map(names, children(term)))
        object.__setattr__(term, "_names", found)
        return found


def references(term: Term) -> Iterator[Ref]:
    """Every reference in ``term``, in printing order, with repetitions."""
    return (part for part in walk(term) if isinstance(part, Ref))


def member(term: Term) -> Term:
    """A single value of a family, or of a family of families; any other term itself.

    >>> k = Index("k", "K")
    >>> print(member(Family(k, Ref("a", (k,)))))
    a_k
    """
    while isinstance(term, Family):
        term = term.body
    return term


def weight(term: Term) -> int:
    """How much there is to read: leaves, plus one for each function and each power."""
    match term:
        case Number(value=value):
            return 0 if abs(value) == 1 else 1
        case Size() | Ref() | Delta() | Within():
            return 1
        case Power(base=base, exponent=exponent):
            return weight(base) + (0 if is_number(exponent, -1) else 1)
        case Apply():
            return 1 + sum(weight(child) for child in children(term))
        case Derivative():
            return 2
        case Sum(body=body):
            return 1 + weight(body)
        case _:
            return sum(weight(child) for child in children(term))


# Indices -----------------------------------------------------------------------------------------


def own_indices(term: Term) -> tuple[Index, ...]:
    """The running indices in the subscripts of this node itself."""
    match term:
        case Ref(indices=indices):
            return tuple(index for place in indices for index in place_indices(place))
        case Delta(left=left, right=right):
            return (*place_indices(left), *place_indices(right))
        case Within(place=place):
            return place_indices(place)
        case _:
            return ()


def free_indices(term: Term) -> tuple[Index, ...]:
    """The running indices that no sum inside ``term`` binds, in order of first appearance."""
    try:
        return term._free  # noqa: SLF001 - kept there by this module
    except AttributeError:
        pass
    inside = children(term)
    if not inside:
        free = tuple(dict.fromkeys(own_indices(term)))
    elif isinstance(term, (Sum, Family)):
        free = tuple(index for index in free_indices(term.body) if index != term.index)
    else:
        free = tuple(dict.fromkeys(index for child in inside for index in free_indices(child)))
    object.__setattr__(term, "_free", free)
    return free


def bound_indices(term: Term) -> tuple[Index, ...]:
    """The indices bound by the sums inside ``term``."""
    return tuple(
        dict.fromkeys(part.index for part in walk(term) if isinstance(part, (Sum, Family)))
    )


def fresh_index(like: Index, taken: Iterable[Index], spare: Iterable[Index] = ()) -> Index:
    """An index over the same range whose name isn't taken: ``like`` itself, else a spare one that
    the author declared, else a primed one.

    >>> k = Index("k", "K")
    >>> fresh_index(k, [k]).name
    "k'"
    """
    names = {index.name for index in taken}
    for candidate in (like, *spare):
        if candidate.size == like.size and candidate.name not in names:
            return candidate
    name = like.name
    while name in names:
        name += "'"
    return Index(name, like.size)


def substitute(term: Term, values: Mapping[Index, IndexLike], spare: Iterable[Index] = ()) -> Term:
    """``term`` with free indices replaced, all at once; bound indices are renamed out of the way.

    >>> i, p = Index("i", "m"), Index("p", "m")
    >>> print(substitute(Sum(i, multiply(Ref("a", (i,)), Ref("b", (p,)))), {p: i}))
    Σ_{i'=1}^{m} a_i' b_i
    """
    if not values:
        return term
    match term:
        case Ref(indices=indices):
            if not indices:
                return term
            changed = tuple([put_place(place, values) for place in indices])
            return term if changed == indices else Ref(term.name, changed, term.origin)
        case Delta(left=left, right=right):
            return Delta(put_place(left, values), put_place(right, values))
        case Within(place=place, size=size):
            return Within(put_place(place, values), size)
        case Sum(index=bound, body=body) | Family(index=bound, body=body):
            inner = {old: new for old, new in values.items() if old != bound}
            free = set(free_indices(body))
            used = {old: new for old, new in inner.items() if old in free}
            if not used:
                return term
            incoming = [index for new in used.values() for index in place_indices(new)]
            if any(new.name == bound.name for new in incoming):
                taken = [*incoming, *free, *bound_indices(body)]
                renamed = fresh_index(bound, taken, spare)
                used[bound] = renamed
            else:
                renamed = bound
            new_body = substitute(body, used, spare)
            return Sum(renamed, new_body) if isinstance(term, Sum) else Family(renamed, new_body)
        case _:
            if not any(index in values for index in free_indices(term)):
                return term
            return map_children(term, lambda child: substitute(child, values, spare))


def separate(term: Term, taken: tuple[Index, ...], spare: Iterable[Index] = ()) -> Term:
    """``term`` with bound indices renamed that share a letter with one of ``taken`` or with an
    index whose sum they stand inside of: the ``k`` of the sum in ``e^{z_ik} / Σ_k e^{z_ik}`` is
    another one than the ``k`` outside.

    >>> k, l = Index("k", "K"), Index("l", "K")
    >>> print(separate(Sum(k, Ref("z", (k,))), (k,), [k, l]))
    Σₗ₌₁ᴷ z_l
    """
    match term:
        case Sum(index=bound, body=body) | Family(index=bound, body=body):
            names = {index.name for index in taken}
            if bound.name in names:
                new = fresh_index(bound, [*taken, *free_indices(body), *bound_indices(body)], spare)
                body, bound = substitute(body, {bound: new}, spare), new
            body = separate(body, (*taken, bound), spare)
            return Sum(bound, body) if isinstance(term, Sum) else Family(bound, body)
        case _:
            return map_children(term, lambda child: separate(child, taken, spare))


# Equality up to the names of bound indices -------------------------------------------------------


def key(term: Term) -> object:
    """A hashable value that is equal for terms which differ in names of bound indices alone."""
    try:
        return term._key  # noqa: SLF001 - kept there by this module
    except AttributeError:
        found = _key_of(term, {})
        object.__setattr__(term, "_key", found)
        return found


def _key_of(term: Term, depth: dict[Index, int]) -> object:
    def place(index: IndexLike) -> object:
        match index:
            case Index():
                return depth.get(index, index)
            case Shift(parts=parts, offset=offset):
                return ("shift", frozenset((place(each), count) for each, count in parts), offset)
            case _:
                return ("number", index)

    match term:
        case Ref(name=name, indices=indices):
            return ("ref", name, tuple(place(index) for index in indices))
        case Delta(left=left, right=right):
            return ("delta", frozenset([place(left), place(right)]))
        case Within(place=inside, size=size):
            return ("within", place(inside), size)
        case Sum(index=bound, body=body) | Family(index=bound, body=body):
            inner = {**depth, bound: len(depth)}
            return (type(term).__name__, bound.size, _key_of(body, inner))
        case Apply(function=function, arguments=arguments, orders=orders):
            orders = orders if any(orders) else ()
            return ("apply", function, orders, tuple(_key_of(child, depth) for child in arguments))
        case Number(value=value):
            return ("number", value)
        case Size(name=name):
            return ("size", name)
        case _:
            return (
                type(term).__name__,
                tuple(_key_of(child, depth) for child in children(term)),
            )


def same(left: Term, right: Term) -> bool:
    """Whether two terms are the same but for the names of bound indices.

    >>> i, k = Index("i", "m"), Index("k", "m")
    >>> same(Sum(i, Ref("a", (i,))), Sum(k, Ref("a", (k,))))
    True
    """
    return left == right or key(left) == key(right)


# Origins -----------------------------------------------------------------------------------------


def stamp(term: Term, origin: Origin) -> Term:
    """``term`` with ``origin`` given to each leaf that has none yet."""
    if _is_stamped(term):
        return term
    match term:
        case Number(value=value):
            return Number(value, (origin,))
        case Size(name=name):
            return Size(name, (origin,))
        case Ref(name=name, indices=indices):
            return Ref(name, indices, (origin,))
        case Derivative(of=of, by=by):
            new = stamp(of, origin)
            return term if new is of else Derivative(new, by)
        case _:
            return (
                map_children(term, lambda child: stamp(child, origin)) if children(term) else term
            )


def _is_stamped(term: Term) -> bool:
    """Whether every leaf that can have an origin has one."""
    try:
        return term._stamped  # noqa: SLF001 - kept there by this module
    except AttributeError:
        pass
    match term:
        case Number() | Size() | Ref():
            found = bool(term.origin)
        case Derivative(of=of):  # what is differentiated by is a name
            found = _is_stamped(of)
        case _:
            found = all(_is_stamped(child) for child in children(term))
    object.__setattr__(term, "_stamped", found)
    return found
