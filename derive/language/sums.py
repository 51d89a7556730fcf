"""Sums, means and families."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from derive.errors import InputError
from derive.language.declarations import checked_name
from derive.language.expressions import Expression, Operand, argument_of, combined, term_of
from derive.terms import (
    Family,
    Index,
    Number,
    Size,
    Sum,
    Term,
    multiply,
    reciprocal,
)

__all__ = [
    "family",
    "mean",
    "size",
    "sum",
]


def sum(body: Operand, over: Index | Iterable[Index]) -> Expression:  # noqa: A001
    # The name is the textbook's; the module is used qualified, as in ``derive.sum``.
    """``Σ body`` over one index or several.

    Raises:
        InputError: ``over`` is not an index.

    >>> from derive.language import data, indices
    >>> i, j = indices("i:m", "j:n")
    >>> x = data("x[i,j]")
    >>> print(sum(x[i, j], over=j))
    Σⱼ₌₁ⁿ x_ij
    """
    term = term_of(body)
    for index in reversed(_indices_of(over)):
        term = Sum(index, term)
    return combined(term, body)


def mean(body: Operand, over: Index | Iterable[Index]) -> Expression:
    """``(1/m) Σ_i body``: the mean over an index or several.

    >>> from derive.language import data, indices
    >>> i = indices("i:m")
    >>> L = data("L[i]")
    >>> print(mean(L[i], over=i))
    (1/m) Σᵢ₌₁ᵐ L_i
    """
    over = _indices_of(over)
    summed = sum(body, over)
    weights = [reciprocal(_size_of(index)) for index in over]
    return combined(multiply(*weights, summed.term), summed)


def family(body: Operand, over: Index) -> Expression:
    """All values of ``body`` over an index, as one argument of an abstract function.

    >>> from derive.language import data, function, indices
    >>> i, k = indices("i:m", "k:K")
    >>> a = data("a[i,k]")
    >>> print(function("L")(family(a[i, k], over=k)))
    L((a_ik)_k)
    """
    given = _indices_of(over)
    if len(given) != 1:
        raise InputError("a family runs over one index; nest families for several")
    return combined(Family(given[0], argument_of(body)), body)


def size(of: Index | str) -> Expression:
    """The size of an index as a number, to write ``1/(2m)``.

    >>> from derive.language import indices
    >>> m = size(indices("i:m"))
    >>> print(1 / (2 * m))
    1/(2m)
    """
    if isinstance(of, Index):
        return Expression(_size_of(of))
    return Expression(Size(checked_name(of)))


def _size_of(index: Index) -> Term:
    return Size(index.size) if isinstance(index.size, str) else Number(Fraction(index.size))


def _indices_of(over: Index | Iterable[Index]) -> tuple[Index, ...]:
    several = isinstance(over, Iterable) and not isinstance(over, str)
    found: tuple[Index, ...] = tuple(over) if several else (over,)  # type: ignore[arg-type,assignment]
    for index in found:
        if not isinstance(index, Index):
            raise InputError(
                f'{index!r} is not an index to sum over; make one with derive.indices("i:m")'
            )
    if not found:
        raise InputError("there is no index to sum over")
    if len(set(found)) != len(found):
        raise InputError("a sum runs over the same index twice")
    return found
