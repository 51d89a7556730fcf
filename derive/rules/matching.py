"""Matching a term against a pattern in which some indices may stand for any index."""

from __future__ import annotations

from derive.terms import (
    Apply,
    Delta,
    Family,
    Index,
    IndexLike,
    Number,
    Ref,
    Shift,
    Size,
    Sum,
    Term,
    Within,
    children,
    place_indices,
    put_place,
)

__all__ = ["match"]


def match(pattern: Term, term: Term, variables: frozenset[Index]) -> dict[Index, IndexLike] | None:
    """What the ``variables`` of ``pattern`` must be for it to become ``term``, or ``None``.

    >>> i, p = Index("i", "m"), Index("p", "m")
    >>> match(Ref("z", (i,)), Ref("z", (p,)), frozenset([i]))
    {Index(name='i', size='m'): Index(name='p', size='m')}
    """
    found: dict[Index, IndexLike] = {}
    return found if _match(pattern, term, variables, found, {}) else None


def _match(
    pattern: Term,
    term: Term,
    variables: frozenset[Index],
    found: dict[Index, IndexLike],
    bound: dict[Index, Index],
) -> bool:
    if type(pattern) is not type(term):
        return False

    def place(wanted: IndexLike, given: IndexLike) -> bool:
        if isinstance(wanted, Index):
            if wanted in bound:
                return bound[wanted] == given
            if wanted in variables:
                if isinstance(given, Index) and given.size != wanted.size:
                    return False
                if any(index in bound.values() for index in place_indices(given)):
                    return False
                return found.setdefault(wanted, given) == given
        if isinstance(wanted, Shift):
            # What a shift is made of must be known by now: x_{t+k−1} doesn't say what t is.
            if not all(each in bound or each in found for each in place_indices(wanted)):
                return wanted == given and not bound and variables.isdisjoint(place_indices(wanted))
            return put_place(wanted, {**found, **bound}) == given
        return wanted == given and not any(
            index in bound.values() for index in place_indices(given)
        )

    match pattern, term:
        case (Ref(), Ref()):
            return (
                pattern.name == term.name
                and len(pattern.indices) == len(term.indices)
                and all(map(place, pattern.indices, term.indices))
            )
        case (Delta(), Delta()):
            return place(pattern.left, term.left) and place(pattern.right, term.right)
        case (Within(), Within()):
            return pattern.size == term.size and place(pattern.place, term.place)
        case (Number(), Number()) | (Size(), Size()):
            return pattern == term
        case (Sum(index=mine_index, body=mine_body), Sum(index=index, body=body)) | (
            Family(index=mine_index, body=mine_body),
            Family(index=index, body=body),
        ):
            if mine_index.size != index.size:
                return False
            inner = {**bound, mine_index: index}
            return _match(mine_body, body, variables - {mine_index}, found, inner)
        case (Apply(), Apply()):
            if pattern.function != term.function or pattern.orders != term.orders:
                return False
    mine, other = children(pattern), children(term)
    return len(mine) == len(other) and all(
        _match(one, two, variables, found, bound) for one, two in zip(mine, other, strict=True)
    )
