"""The scalar functions that a cost can be written with.

A function is a few declarative lines: how it prints, its value at high precision, its derivative
in terms of its argument ``u`` or of its own output, where it is defined, and how NumPy and SymPy
write it. The declared derivative is checked against the value by the test sweep, and in every
derivation that uses it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from derive.terms import ONE, Apply, Number, Term, add, multiply, negate, power, reciprocal

__all__ = ["FUNCTIONS", "ScalarFunction", "apply"]


@dataclass(frozen=True)
class ScalarFunction:
    """One named function of one real argument.

    Attributes:
        name: the name in Python and in :class:`~derive.terms.Apply`.
        latex, text: the operator as LaTeX and as Unicode text.
        derivative: from the argument ``u`` and the output ``f(u)`` to ``f′(u)``.
        law: the derivative as a reader knows it, in LaTeX.
        value: ``f(u)`` in :class:`decimal.Decimal`, at the precision of the context.
        numpy: the NumPy expression, stable for large arguments; ``{u}`` stands for the argument,
            already in parentheses where that is needed.
        sympy: the SymPy expression, given the ``sympy`` module and the argument.
        domain: ``"real"`` or ``"positive"``.
    """

    name: str
    latex: str
    text: str
    derivative: Callable[[Term, Term], Term]
    law: str
    value: Callable[[Decimal], Decimal]
    numpy: str
    sympy: Callable[[Any, Any], Any]
    domain: str = "real"


def _number(value: int) -> Number:
    return Number(Fraction(value))


def apply(name: str, argument: Term) -> Apply:
    """The function called ``name`` applied to ``argument``."""
    return Apply(name, (argument,))


def _sigmoid(u: Decimal) -> Decimal:
    return 1 / (1 + (-u).exp())


def _tanh(u: Decimal) -> Decimal:
    return 1 - 2 / ((2 * u).exp() + 1)


def _by_mpmath(name: str) -> Callable[[Decimal], Decimal]:
    """The function of that name in mpmath, at the decimal context's precision."""

    def value(u: Decimal) -> Decimal:
        from decimal import getcontext

        import mpmath

        with mpmath.workdps(getcontext().prec + 5):
            result = getattr(mpmath, name)(mpmath.mpf(str(u)))
            return +Decimal(mpmath.nstr(result, getcontext().prec + 3))

    return value


_ALL = (
    ScalarFunction(
        name="exp",
        latex=r"\exp",
        text="exp",
        derivative=lambda u, out: out,
        law=r"\left(e^{u}\right)' = e^{u}\,u'",
        value=lambda u: u.exp(),
        numpy="np.exp({u})",
        sympy=lambda sp, u: sp.exp(u),
    ),
    ScalarFunction(
        name="ln",
        latex=r"\ln",
        text="ln",
        derivative=lambda u, out: reciprocal(u),
        law=r"(\ln u)' = u'/u",
        value=lambda u: u.ln(),
        numpy="np.log({u})",
        sympy=lambda sp, u: sp.log(u),
        domain="positive",
    ),
    ScalarFunction(
        name="sqrt",
        latex=r"\sqrt",
        text="√",
        derivative=lambda u, out: multiply(Number(Fraction(1, 2)), reciprocal(out)),
        law=r"\left(\sqrt u\right)' = \frac{u'}{2\sqrt u}",
        value=lambda u: u.sqrt(),
        numpy="np.sqrt({u})",
        sympy=lambda sp, u: sp.sqrt(u),
        domain="positive",
    ),
    ScalarFunction(
        name="sigmoid",
        latex=r"\sigma",
        text="σ",
        derivative=lambda u, out: multiply(out, add(ONE, negate(out))),
        law=r"\sigma(u)' = \sigma(u)\,(1-\sigma(u))\,u'",
        value=_sigmoid,
        numpy="np.exp(-np.logaddexp(0.0, -{u}))",
        sympy=lambda sp, u: 1 / (1 + sp.exp(-u)),
    ),
    ScalarFunction(
        name="tanh",
        latex=r"\tanh",
        text="tanh",
        derivative=lambda u, out: add(ONE, negate(power(out, 2))),
        law=r"(\tanh u)' = (1-\tanh^2 u)\,u'",
        value=_tanh,
        numpy="np.tanh({u})",
        sympy=lambda sp, u: sp.tanh(u),
    ),
    ScalarFunction(
        name="softplus",
        latex=r"\operatorname{softplus}",
        text="softplus",
        derivative=lambda u, out: apply("sigmoid", u),
        law=r"\operatorname{softplus}(u)' = \sigma(u)\,u'",
        value=lambda u: (1 + u.exp()).ln() if u < 0 else u + (1 + (-u).exp()).ln(),
        numpy="np.logaddexp(0.0, {u})",
        sympy=lambda sp, u: sp.log(1 + sp.exp(u)),
    ),
    ScalarFunction(
        name="sin",
        latex=r"\sin",
        text="sin",
        derivative=lambda u, out: apply("cos", u),
        law=r"(\sin u)' = (\cos u)\,u'",
        value=_by_mpmath("sin"),
        numpy="np.sin({u})",
        sympy=lambda sp, u: sp.sin(u),
    ),
    ScalarFunction(
        name="cos",
        latex=r"\cos",
        text="cos",
        derivative=lambda u, out: negate(apply("sin", u)),
        law=r"(\cos u)' = -(\sin u)\,u'",
        value=_by_mpmath("cos"),
        numpy="np.cos({u})",
        sympy=lambda sp, u: sp.cos(u),
    ),
    ScalarFunction(
        name="sinh",
        latex=r"\sinh",
        text="sinh",
        derivative=lambda u, out: apply("cosh", u),
        law=r"(\sinh u)' = (\cosh u)\,u'",
        value=lambda u: (u.exp() - (-u).exp()) / 2,
        numpy="np.sinh({u})",
        sympy=lambda sp, u: sp.sinh(u),
    ),
    ScalarFunction(
        name="cosh",
        latex=r"\cosh",
        text="cosh",
        derivative=lambda u, out: apply("sinh", u),
        law=r"(\cosh u)' = (\sinh u)\,u'",
        value=lambda u: (u.exp() + (-u).exp()) / 2,
        numpy="np.cosh({u})",
        sympy=lambda sp, u: sp.cosh(u),
    ),
    ScalarFunction(
        name="arctan",
        latex=r"\arctan",
        text="arctan",
        derivative=lambda u, out: reciprocal(add(ONE, power(u, 2))),
        law=r"(\arctan u)' = \frac{u'}{1+u^2}",
        value=_by_mpmath("atan"),
        numpy="np.arctan({u})",
        sympy=lambda sp, u: sp.atan(u),
    ),
)

#: Every function, by name.
FUNCTIONS: dict[str, ScalarFunction] = {function.name: function for function in _ALL}
