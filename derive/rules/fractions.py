"""Fractions whose numerator and denominator are sums: SymPy finds what they have in common, and
what is left over a common denominator."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from derive.rules.polynomials import occurs_twice
from derive.terms import (
    Add,
    Number,
    Power,
    Product,
    Size,
    Term,
    add,
    factors_of,
    is_negative,
    key,
    multiply,
    power,
    weight,
)

__all__ = ["cancelled", "over_common_denominator"]

#: Longer terms than this are not given to SymPy: it would take long, and help nobody.
_LONGEST = 40


class _Symbols:
    """The parts of a term that SymPy sees as symbols, in order of first appearance."""

    def __init__(self, sympy: Any) -> None:
        self._sympy = sympy
        self._symbols: dict[object, Any] = {}
        self.terms: dict[Any, Term] = {}
        self.order: dict[Any, int] = {}

    def symbol(self, term: Term) -> Any:
        name = key(term)
        if name not in self._symbols:
            symbol = self._sympy.Symbol(f"s{len(self._symbols)}")
            self._symbols[name] = symbol
            self.terms[symbol] = term
            self.order[symbol] = len(self.order)
        return self._symbols[name]

    def expression(self, term: Term) -> Any:
        sympy = self._sympy
        match term:
            case Number(value=value):
                return sympy.Rational(value.numerator, value.denominator)
            case Add(terms=parts):
                return sympy.Add(*map(self.expression, parts))
            case Product(factors=factors):
                return sympy.Mul(*map(self.expression, factors))
            case Power(base=Number() | Size()):
                return self.symbol(term)  # 1/m stays one thing, so that it can be followed
            case Power(base=base, exponent=Number(value=value)) if value.denominator == 1:
                return self.expression(base) ** int(value)
            case _:
                return self.symbol(term)

    def term(self, expression: Any) -> Term:
        sympy = self._sympy
        if expression.is_Rational:
            return Number(Fraction(int(expression.p), int(expression.q)))
        if expression.is_Symbol:
            return self.terms[expression]
        if expression.is_Pow:
            return power(self.term(expression.base), Fraction(int(expression.exp)))
        arguments = sorted(expression.args, key=self._first_place)
        if expression.is_Mul:
            return multiply(*map(self.term, arguments))
        if expression.is_Add:
            parts = [self.term(each) for each in arguments]
            return add(*sorted(parts, key=is_negative))
        raise TypeError(f"SymPy gave back {sympy.srepr(expression)}")

    def _first_place(self, expression: Any) -> tuple[Any, ...]:
        # Numbers first; then by the places at which the symbols first appeared, so that factors
        # and terms keep the order in which they stood on the page.
        places = sorted(self.order[symbol] for symbol in expression.free_symbols)
        sums = 1 if expression.is_Add else 0
        return (bool(places), sums, places, len(places), str(expression))


def cancelled(term: Term) -> Term | None:
    """``term`` as SymPy cancels it, or ``None`` where it is no fraction of sums.

    >>> from derive.terms import ONE, Ref, negate, reciprocal
    >>> a = Ref("a")
    >>> square = add(ONE, negate(power(a, 2)))
    >>> print(cancelled(multiply(square, reciprocal(add(ONE, negate(a))))))
    1 + a
    """
    if not _is_fraction_of_sums(term) or weight(term) > _LONGEST or not occurs_twice(term):
        return None
    import sympy

    symbols = _Symbols(sympy)
    return symbols.term(sympy.cancel(symbols.expression(term)))


def _is_fraction_of_sums(term: Term) -> bool:
    factors = factors_of(term)
    below = [
        factor
        for factor in factors
        if isinstance(factor, Power)
        and is_negative(factor.exponent)
        and isinstance(factor.base, Add)
    ]
    return bool(below) and any(isinstance(factor, Add) for factor in factors)


def over_common_denominator(term: Term) -> tuple[Term, Term] | None:
    """A sum of fractions as one fraction, and its denominator, where terms of the numerator cancel
    and what is left is no longer than the sum; else ``None``.

    >>> from derive.terms import ONE, Index, Ref, negate, reciprocal
    >>> i = Index("i", "m")
    >>> a, y = Ref("a", (i,)), Ref("y", (i,))
    >>> rest = multiply(add(ONE, negate(y)), reciprocal(add(ONE, negate(a))))
    >>> fraction, below = over_common_denominator(add(negate(multiply(y, reciprocal(a))), rest))
    >>> print(fraction, "over", below)
    (a_i − y_i)/(a_i (1 − a_i)) over a_i (1 − a_i)
    """
    if not isinstance(term, Add) or weight(term) > _LONGEST:
        return None
    sides = [_numerator_and_denominator(part) for part in term.terms]
    if len({frozenset(below) for _, below in sides}) < 2:
        return None
    import sympy

    powers: dict[Term, int] = {}
    for _, below in sides:
        for base, exponent in below.items():
            powers[base] = max(powers.get(base, 0), exponent)
    symbols = _Symbols(sympy)
    symbols.expression(term)  # so that letters keep their order
    shares = [
        sympy.expand(
            symbols.expression(multiply(*above))
            * sympy.Mul(
                *(
                    symbols.expression(base) ** (most - below.get(base, 0))
                    for base, most in powers.items()
                )
            )
        )
        for above, below in sides
    ]
    numerator = sympy.expand(sympy.Add(*shares))
    before = sum(len(sympy.Add.make_args(share)) for share in shares)
    if numerator == 0 or len(sympy.Add.make_args(numerator)) >= before:
        return None
    denominator = multiply(*(power(base, Fraction(most)) for base, most in powers.items()))
    result = multiply(
        symbols.term(_sign_inside(sympy.factor(numerator))),
        *(power(base, Fraction(-most)) for base, most in powers.items()),
    )
    return (result, denominator) if weight(result) <= weight(term) else None


def _numerator_and_denominator(term: Term) -> tuple[list[Term], dict[Term, int]]:
    """The factors above the line, and those below it with their exponents. Numbers and sizes stay
    above, so that a ``1/m`` is still there to be followed."""
    above: list[Term] = []
    below: dict[Term, int] = {}
    for factor in factors_of(term):
        match factor:
            case Power(base=base, exponent=Number(value=value)) if (
                value < 0 and value.denominator == 1 and not isinstance(base, (Number, Size))
            ):
                below[base] = below.get(base, 0) - int(value)
            case _:
                above.append(factor)
    return above, below


def _sign_inside(product: Any) -> Any:
    """``−(y − a)`` as ``a − y``: the sign in front of a product is taken into its first sum."""
    coefficient, factors = product.as_coeff_mul()
    for place, factor in enumerate(factors):
        if coefficient < 0 and factor.is_Add:
            others = (*factors[:place], *factors[place + 1 :])
            return product.func(-coefficient, *others, -factor)
    return product
