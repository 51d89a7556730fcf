"""Fractions whose numerator and denominator are sums: SymPy finds what they have in common."""

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

__all__ = ["cancelled"]

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
