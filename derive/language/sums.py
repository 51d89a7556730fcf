"""Sums, means and the functions of one argument."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from derive.errors import InputError
from derive.language.declarations import checked_name
from derive.language.expressions import Expression, Operand, argument_of, combined, term_of
from derive.terms import (
    Apply,
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
    "arctan",
    "cos",
    "cosh",
    "exp",
    "family",
    "ln",
    "mean",
    "sigmoid",
    "sin",
    "sinh",
    "size",
    "softplus",
    "sqrt",
    "sum",
    "tanh",
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


def _apply(name: str, argument: Operand) -> Expression:
    return combined(Apply(name, (term_of(argument),)), argument)


def exp(u: Operand) -> Expression:
    """The exponential function ``e^u``."""
    return _apply("exp", u)


def ln(u: Operand) -> Expression:
    """The natural logarithm of a positive ``u``."""
    return _apply("ln", u)


def sqrt(u: Operand) -> Expression:
    """The square root of a positive ``u``."""
    return _apply("sqrt", u)


def sigmoid(u: Operand) -> Expression:
    """The logistic function ``σ(u) = 1/(1 + e^−u)``."""
    return _apply("sigmoid", u)


def tanh(u: Operand) -> Expression:
    """The hyperbolic tangent."""
    return _apply("tanh", u)


def softplus(u: Operand) -> Expression:
    """``ln(1 + e^u)``, whose derivative is the logistic function."""
    return _apply("softplus", u)


def sin(u: Operand) -> Expression:
    """The sine."""
    return _apply("sin", u)


def cos(u: Operand) -> Expression:
    """The cosine."""
    return _apply("cos", u)


def sinh(u: Operand) -> Expression:
    """The hyperbolic sine."""
    return _apply("sinh", u)


def cosh(u: Operand) -> Expression:
    """The hyperbolic cosine."""
    return _apply("cosh", u)


def arctan(u: Operand) -> Expression:
    """The arc tangent."""
    return _apply("arctan", u)
