"""The way to SymPy and back, for scalar identities: names, functions and sums become symbols."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import Any

from derive.terms import (
    Add,
    Number,
    Power,
    Product,
    Size,
    Term,
    add,
    children,
    is_negative,
    key,
    multiply,
    power,
    walk,
    weight,
)

__all__ = ["simplest_form"]

#: More atoms than this are not given to SymPy: expanding would take long, and help nobody.
_LARGEST = 40


class _Atoms:
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


def simplest_form(term: Term) -> Term | None:
    """The shortest of the forms that SymPy finds by expanding or cancelling, or ``None`` where
    there is nothing to gain: no quantity occurs twice."""
    if not _occurs_twice(term) or weight(term) > _LARGEST:
        return None
    import sympy

    atoms = _Atoms(sympy)
    expression = atoms.expression(term)
    candidates = [atoms.term(sympy.expand(expression))]
    if any(_is_denominator(each) for each in walk(term)):
        candidates.append(atoms.term(sympy.cancel(expression)))
    return min(candidates, key=weight)


def _is_denominator(term: Term) -> bool:
    return (
        isinstance(term, Power)
        and is_negative(term.exponent)
        and not isinstance(term.base, (Number, Size))
    )


def _occurs_twice(term: Term) -> bool:
    counts: Counter[object] = Counter()

    def count(part: Term) -> None:
        match part:
            case Add() | Product():
                for child in children(part):
                    count(child)
            case Power(base=base):
                count(base)
            case Number():
                pass
            case _:
                counts[key(part)] += 1

    count(term)
    return any(number > 1 for number in counts.values())
