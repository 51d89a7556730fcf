"""From explicit terms back to a sum, by anti-unification.

``(a_1 − y_1) x_11 + (a_2 − y_2) x_21 + (a_3 − y_3) x_31`` becomes ``Σ_i (a_i − y_i) x_i1`` because
the terms are alike but for numbers, and the numbers that differ run 1, 2, 3 in step. What the sum
was before it was written out plays no part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from derive.derivation import Prose
from derive.model import Problem
from derive.rules.base import Context, Rewrite, Rule
from derive.terms import (
    Add,
    Delta,
    Index,
    IndexLike,
    Ref,
    Sum,
    Term,
    add,
    bound_indices,
    fresh_index,
    is_negative,
    key,
    map_children,
    negate,
    walk,
)

__all__ = ["FOLD", "common_term"]


def _numbers(term: Term) -> tuple[int, ...]:
    """The numbers in the subscripts, in printing order."""
    return tuple(
        place for part in walk(term) for place in _subscript(part) if isinstance(place, int)
    )


def _subscript(term: Term) -> tuple[IndexLike, ...]:
    match term:
        case Ref(indices=indices):
            return indices
        case Delta(left=left, right=right):
            return (left, right)
        case _:
            return ()


def _with_numbers(term: Term, new: Iterator[IndexLike]) -> Term:
    """The term with the numbers in its subscripts replaced, in printing order."""

    def place(old: IndexLike) -> IndexLike:
        return next(new) if isinstance(old, int) else old

    match term:
        case Ref(name=name, indices=indices, origin=origin):
            return Ref(name, tuple(place(each) for each in indices), origin)
        case Delta(left=left, right=right):
            first = place(left)
            return Delta(first, place(right))
        case _:
            return map_children(term, lambda child: _with_numbers(child, new))


def _skeleton(term: Term) -> object:
    return key(_with_numbers(term, iter(lambda: 0, None)))


def common_term(
    terms: list[Term],
    problem: Problem,
    sizes: Mapping[str, int],
    taken: tuple[Index, ...] = (),
) -> Term | None:
    """The sum that the terms are the explicit form of, or ``None``.

    They must have the same form, and the numbers that differ between them must be the same
    sequence 1 … r everywhere, where r is their count and the declared range of every place at
    which they stand. The letter is that of the first such place, unless it is ``taken``.

    >>> from derive.catalogue import load
    >>> terms = [Ref("x", (n, 1)) for n in (1, 2, 3)]
    >>> print(common_term(terms, load("linear_regression"), {"m": 3, "n": 2}))
    Σᵢ₌₁³ x_i1
    """
    count = len(terms)
    if count < 2 or len({_skeleton(term) for term in terms}) != 1:
        return None
    columns = list(zip(*map(_numbers, terms), strict=True))
    running = {column for column in columns if len(set(column)) > 1}
    if len(running) != 1:
        return None
    (sequence,) = running
    if sorted(sequence) != list(range(1, count + 1)):
        return None
    declared = [
        own
        for own, column in zip(_declared(terms[0], problem), columns, strict=True)
        if column == sequence and own is not None
    ]
    # What windows are cut out of is read at the places of others: x_t beside z_t.
    windowed = {own for _, own, _ in problem.shifts}
    declared = [own for own in declared if own not in windowed] or declared
    # x_11 + x_22 at m = n = 2 is no sum: the two numbers count different things.
    if not declared or len({own.size for own in declared}) != 1:
        return None
    if count != _extent(declared[0], sizes):
        return None
    letter = fresh_index(declared[0], (*taken, *bound_indices(terms[0])), problem.indices)
    index = Index(letter.name, count)
    places: list[IndexLike] = [index if column == sequence else column[0] for column in columns]
    general = _with_numbers(terms[0], iter(places))
    # −e_1 v_1 − e_2 v_2 = −Σ_k e_k v_k
    return negate(Sum(index, negate(general))) if is_negative(general) else Sum(index, general)


def _declared(term: Term, problem: Problem) -> Iterator[Index | None]:
    """For each number in the subscripts, in printing order, the index that was declared at its
    place; ``None`` for those of a Kronecker delta."""
    for part in walk(term):
        own: tuple[Index | None, ...] = (None, None)
        if isinstance(part, Ref):
            own = problem.quantity(part.name).indices
        for place, index in zip(_subscript(part), own, strict=False):
            if isinstance(place, int):
                yield index


def _extent(index: Index, sizes: Mapping[str, int]) -> int:
    return index.size if isinstance(index.size, int) else sizes[index.size]


def _fold(term: Term, context: Context) -> Rewrite | None:
    if not isinstance(term, Add) or not context.scope.written_out:
        return None
    problem, sizes = context.scope.problem, context.scope.sizes
    groups: dict[object, list[int]] = {}
    for position, part in enumerate(term.terms):
        groups.setdefault(_skeleton(part), []).append(position)
    for positions in groups.values():
        for chosen in _families(term, positions):
            found = common_term([term.terms[n] for n in chosen], problem, sizes, context.indices)
            if found is None:
                continue
            rest = list(term.terms)
            for n in reversed(chosen):
                del rest[n]
            rest.insert(chosen[0], found)
            letter = bound_indices(found)[0].name  # the outermost
            reason = f"{len(chosen)} terms alike but for {letter}: a sum"
            return Rewrite(add(*rest), Prose((reason,)))
    return None


def _families(term: Add, positions: list[int]) -> Iterator[list[int]]:
    """All the positions together; then those that share the number in one of the places."""
    yield positions
    numbers = [_numbers(term.terms[n]) for n in positions]
    for place in range(len(numbers[0])):
        shared: dict[int, list[int]] = {}
        for position, row in zip(positions, numbers, strict=True):
            shared.setdefault(row[place], []).append(position)
        if len(shared) > 1:
            yield from shared.values()


FOLD = Rule(
    "fold",
    r"f_1 + f_2 + \dots + f_m = \sum_{i=1}^{m} f_i",
    "Terms that differ in one running number alone are a sum.",
    "brief",
    _fold,
    (Add,),
)
