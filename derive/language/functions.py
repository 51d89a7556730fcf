"""The functions of one value, of several, and of a whole family of values."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from derive.errors import InputError
from derive.functions import FUNCTIONS
from derive.language.expressions import Expression, Operand, combined, term_of
from derive.matrix_functions import inverse_entry
from derive.terms import (
    Apply,
    Family,
    Index,
    Number,
    Sum,
    add,
    free_indices,
    fresh_index,
    multiply,
    negate,
    power,
    reciprocal,
    substitute,
)

__all__ = [
    "absolute",
    "arctan",
    "clip",
    "cos",
    "cosh",
    "det",
    "digamma",
    "elu",
    "erf",
    "exp",
    "gamma",
    "gelu",
    "greater",
    "hinge",
    "huber",
    "inverse",
    "leaky_relu",
    "ln",
    "log2",
    "log_cosh",
    "log_gamma",
    "log_softmax",
    "logdet",
    "logsumexp",
    "maximum",
    "minimum",
    "normal_cdf",
    "normal_density",
    "pi",
    "relu",
    "selu",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "sinh",
    "softmax",
    "softplus",
    "sqrt",
    "tan",
    "tanh",
]


def _apply(name: str, *arguments: Operand) -> Expression:
    terms = tuple(term_of(argument) for argument in arguments)
    positive = FUNCTIONS[name].positive
    if positive is not None:
        argument = terms[positive]
        if isinstance(argument, Number) and argument.value <= 0:
            raise InputError(f"{name}({argument}): {name} needs a positive argument")
    return combined(Apply(name, terms), *arguments)


def exp(u: Operand) -> Expression:
    """The exponential function ``e^u``."""
    return _apply("exp", u)


def ln(u: Operand) -> Expression:
    """The natural logarithm of a positive ``u``."""
    return _apply("ln", u)


def log2(u: Operand) -> Expression:
    """The logarithm to the base 2 of a positive ``u``: its derivative is ``1/(u ln 2)``."""
    return _apply("log2", u)


def sqrt(u: Operand) -> Expression:
    """The square root of a positive ``u``."""
    return _apply("sqrt", u)


def sin(u: Operand) -> Expression:
    """The sine."""
    return _apply("sin", u)


def cos(u: Operand) -> Expression:
    """The cosine."""
    return _apply("cos", u)


def tan(u: Operand) -> Expression:
    """The tangent."""
    return _apply("tan", u)


def sinh(u: Operand) -> Expression:
    """The hyperbolic sine."""
    return _apply("sinh", u)


def cosh(u: Operand) -> Expression:
    """The hyperbolic cosine."""
    return _apply("cosh", u)


def tanh(u: Operand) -> Expression:
    """The hyperbolic tangent."""
    return _apply("tanh", u)


def arctan(u: Operand) -> Expression:
    """The arc tangent."""
    return _apply("arctan", u)


def sigmoid(u: Operand) -> Expression:
    """The logistic function ``σ(u) = 1/(1 + e^−u)``."""
    return _apply("sigmoid", u)


def softplus(u: Operand) -> Expression:
    """``ln(1 + e^u)``, whose derivative is the logistic function."""
    return _apply("softplus", u)


def silu(u: Operand) -> Expression:
    """``u σ(u)``, also called swish (Ramachandran et al., 2017)."""
    return _apply("silu", u)


def gelu(u: Operand, *, approximate: bool = False) -> Expression:
    """``u Φ(u)`` (Hendrycks and Gimpel, 2016), or its approximation by tanh,
    ``(u/2) (1 + tanh(√(2/π) (u + 0.044715 u³)))``.

    >>> from derive.language import data, indices
    >>> z = data("z[i]")
    >>> print(gelu(z[indices("i:m")]))
    GELU(z_i)
    """
    if not approximate:
        return _apply("gelu", u)
    argument = term_of(u)
    cubic = add(argument, multiply(Number(Fraction(44715, 10**6)), power(argument, 3)))
    scale = Apply("sqrt", (multiply(Number(Fraction(2)), reciprocal(Apply("pi", ()))),))
    bent = add(Number(Fraction(1)), Apply("tanh", (multiply(scale, cubic),)))
    return combined(multiply(Number(Fraction(1, 2)), argument, bent), u)


def erf(u: Operand) -> Expression:
    """The error function ``(2/√π) ∫₀ᵘ e^(−t²) dt``."""
    return _apply("erf", u)


def normal_cdf(u: Operand) -> Expression:
    """``Φ(u)``, the distribution function of the standard normal distribution."""
    return _apply("normal_cdf", u)


def normal_density(u: Operand) -> Expression:
    """``φ(u) = e^(−u²/2)/√(2π)``, the density of the standard normal distribution."""
    return _apply("normal_density", u)


def log_cosh(u: Operand) -> Expression:
    """``ln cosh u``, a smooth form of ``|u|``; its derivative is ``tanh u``."""
    return _apply("log_cosh", u)


def gamma(u: Operand) -> Expression:
    """The gamma function of a positive ``u``."""
    return _apply("gamma", u)


def log_gamma(u: Operand) -> Expression:
    """``ln Γ(u)`` of a positive ``u``; its derivative is the digamma function."""
    return _apply("log_gamma", u)


def digamma(u: Operand) -> Expression:
    """``ψ(u) = (ln Γ(u))′`` of a positive ``u``."""
    return _apply("digamma", u)


def pi() -> Expression:
    """The number ``π``."""
    return Expression(Apply("pi", ()))


# With a kink or a jump ----------------------------------------------------------------------------


def greater(u: Operand, v: Operand = 0) -> Expression:
    """The indicator ``1[u > v]``: 1 where it holds and 0 elsewhere; its derivative is 0.

    >>> from derive.language import data, indices
    >>> z = data("z[i]")
    >>> print(greater(z[indices("i:m")]))
    𝟏[z_i > 0]
    """
    return _apply("greater", u, v)


def sign(u: Operand) -> Expression:
    """``sign(u)``: 1, 0 or −1; its derivative is 0."""
    return _apply("sign", u)


def absolute(u: Operand) -> Expression:
    """``|u|``, which Python's ``abs`` writes too; its derivative is ``sign(u)`` except at 0."""
    return _apply("abs", u)


def relu(u: Operand) -> Expression:
    """``max(0, u)``; its derivative is ``1[u > 0]`` except at 0."""
    return _apply("relu", u)


def leaky_relu(u: Operand, slope: Operand = Fraction(1, 100)) -> Expression:
    """``u`` where it is positive, ``slope · u`` elsewhere (Maas et al., 2013)."""
    return _apply("leaky_relu", u, slope)


def elu(u: Operand, alpha: Operand = 1) -> Expression:
    """``u`` where it is positive, ``α (e^u − 1)`` elsewhere (Clevert et al., 2015)."""
    return _apply("elu", u, alpha)


def selu(u: Operand) -> Expression:
    """The scaled exponential linear unit, with the two constants of Klambauer et al. (2017)."""
    return _apply("selu", u)


def maximum(u: Operand, v: Operand) -> Expression:
    """The larger of two values. A constant stands first on the page: ``max(0, u)``."""
    return _apply("max", u, v)


def minimum(u: Operand, v: Operand) -> Expression:
    """The smaller of two values."""
    return _apply("min", u, v)


def hinge(margin: Operand) -> Expression:
    """``max(0, 1 − margin)``, the loss of a support vector machine for the margin ``y z``.

    >>> from derive.language import data, indices
    >>> i = indices("i:m")
    >>> y, z = data("y[i]", "z[i]")
    >>> print(hinge(y[i] * z[i]))
    max(0, 1 − y_i z_i)
    """
    below = add(Number(Fraction(1)), negate(term_of(margin)))
    return combined(Apply("max", (below, Number(Fraction(0)))), margin)


def clip(u: Operand, low: Operand, high: Operand) -> Expression:
    """``u`` between ``low`` and ``high``, which must be the larger one."""
    return _apply("clip", u, low, high)


def huber(u: Operand, delta: Operand = 1) -> Expression:
    """``u²/2`` for ``|u| ≤ δ``, ``δ (|u| − δ/2)`` beyond (Huber, 1964); its derivative is ``u``
    clipped to ``[−δ, δ]``."""
    return _apply("huber", u, delta)


# Of a whole family of values ----------------------------------------------------------------------


def _exponentials(z: Operand, over: Index) -> Sum:
    """``Σ_l e^(z_l)``, with a letter of its own where ``z`` is at one that stands outside too."""
    if not isinstance(over, Index):
        raise InputError(f"over={over!r} is not an index")
    term = term_of(z)
    if over not in free_indices(term):
        raise InputError(f"{term} does not depend on {over.name}, over which it is summed")
    return Sum(over, Apply("exp", (term,)))


def logsumexp(z: Operand, over: Index) -> Expression:
    """``ln Σ_k e^(z_k)``, whose derivative is the softmax of ``z``.

    >>> from derive.language import data, indices
    >>> i, k = indices("i:m", "k:K")
    >>> z = data("z[i,k]")
    >>> print(logsumexp(z[i, k], over=k))
    ln(Σₖ₌₁ᴷ exp(z_ik))
    """
    return combined(Apply("ln", (_exponentials(z, over),)), z)


def softmax(z: Operand, over: Index) -> Expression:
    """``e^(z_k) / Σ_l e^(z_l)``: positive values that sum to 1 over the index.

    >>> from derive.language import data, indices
    >>> i, k = indices("i:m", "k:K")
    >>> z = data("z[i,k]")
    >>> print(softmax(z[i, k], over=k))
    exp(z_ik)/(Σ_{k'=1}^{K} exp(z_{i,k'}))
    """
    below = _separated(_exponentials(z, over))
    return combined(multiply(Apply("exp", (term_of(z),)), reciprocal(below)), z)


def log_softmax(z: Operand, over: Index) -> Expression:
    """``z_k − ln Σ_l e^(z_l)``: the logarithm of the softmax."""
    below = _separated(_exponentials(z, over))
    return combined(add(term_of(z), negate(Apply("ln", (below,)))), z)


# Of a whole matrix --------------------------------------------------------------------------------


@dataclass(frozen=True)
class InverseHandle:
    """The inverse of a matrix; take its elements with two indices: ``inverse(…)[p, q]``."""

    element: Expression
    rows: Index
    columns: Index

    def __getitem__(self, places: tuple[Index, Index]) -> Expression:
        if not isinstance(places, tuple) or len(places) != 2:
            raise InputError("an inverse has two indices: write inverse(…)[p, q]")
        for place, own in zip(places, (self.rows, self.columns), strict=True):
            if not isinstance(place, Index) or place.size != own.size:
                raise InputError(f"{place!r} is no index over {own.size}, the size of the inverse")
        term = inverse_entry(self.rows, self.columns, term_of(self.element), *places)
        return combined(term, self.element)


def _matrix(element: Operand, over: tuple[Index, Index], what: str) -> tuple[Index, Index]:
    """The two indices of a square matrix.

    Raises:
        InputError: they are no two indices, equal, or over different sizes.
    """
    term = term_of(element)
    if not isinstance(over, tuple) or len(over) != 2:
        raise InputError(f"{what} of {term}: over=(r, c) are the indices of rows and columns")
    rows, columns = over
    for index in over:
        if not isinstance(index, Index):
            raise InputError(f"{what} of {term}: {index!r} is not an index")
    if rows == columns:
        raise InputError(f"{what} of {term}: rows and columns need two letters")
    if rows.size != columns.size:
        raise InputError(f"{what} of {term}: {rows.size} × {columns.size} is not square")
    return rows, columns


def inverse(element: Operand, over: tuple[Index, Index]) -> InverseHandle:
    """The inverse of a square matrix, given by its element and the indices of rows and columns.

    >>> from derive.language import indices, parameter
    >>> r, c, p, q = indices("r:D", "c:D", "p:D", "q:D")
    >>> S = parameter("S[r,c]")
    >>> print(inverse(S[r, c], over=(r, c))[p, q])
    (S⁻¹)_pq
    """
    rows, columns = _matrix(element, over, "the inverse")
    return InverseHandle(combined(term_of(element), element), rows, columns)


def logdet(element: Operand, over: tuple[Index, Index]) -> Expression:
    """``ln|det A|`` of a square matrix, given by its element and the indices of rows and columns.

    >>> from derive.language import indices, parameter
    >>> r, c = indices("r:D", "c:D")
    >>> print(logdet(parameter("S[r,c]")[r, c], over=(r, c)))
    ln|det S|
    """
    return _of_matrix("logdet", element, over)


def det(element: Operand, over: tuple[Index, Index]) -> Expression:
    """The determinant of a square matrix, given as for :func:`logdet`."""
    return _of_matrix("det", element, over)


def _of_matrix(name: str, element: Operand, over: tuple[Index, Index]) -> Expression:
    rows, columns = _matrix(element, over, name)
    return combined(Apply(name, (Family(rows, Family(columns, term_of(element))),)), element)


def _separated(term: Sum) -> Sum:
    """The sum over a letter that doesn't stand outside of it."""
    new = fresh_index(term.index, [term.index, *free_indices(term.body)])
    return Sum(new, substitute(term.body, {term.index: new}))
