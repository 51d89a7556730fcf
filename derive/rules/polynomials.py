"""Multiplying out and collecting: a scalar term as a polynomial in its parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from typing import TypeAlias

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
)

__all__ = ["collected", "occurs_twice"]

#: A product of powers: the exponent of each part, by its place in order of first appearance.
_Monomial: TypeAlias = tuple[tuple[int, Fraction], ...]

#: A polynomial: the coefficient of each monomial.
_Polynomial: TypeAlias = dict[_Monomial, Fraction]

#: More monomials than this would help nobody.
_LARGEST = 60


class _TooLarge(Exception):
    """The term has too many monomials to be worth multiplying out."""


class _Parts:
    """What a polynomial is made of: everything that is neither a sum nor a product."""

    def __init__(self) -> None:
        self._places: dict[object, int] = {}
        self.terms: list[Term] = []

    def place(self, term: Term) -> int:
        name = key(term)
        if name not in self._places:
            self._places[name] = len(self.terms)
            self.terms.append(term)
        return self._places[name]

    def polynomial(self, term: Term) -> _Polynomial:
        match term:
            case Number(value=value):
                return {(): value}
            case Add(terms=parts):
                total: _Polynomial = {}
                for part in parts:
                    for monomial, coefficient in self.polynomial(part).items():
                        total[monomial] = total.get(monomial, Fraction(0)) + coefficient
                return total
            case Product(factors=factors):
                result: _Polynomial = {(): Fraction(1)}
                for factor in factors:
                    result = _times(result, self.polynomial(factor))
                return result
            case Power(base=Number() | Size()):
                # 1/m stays one thing, so that it can be followed.
                return {((self.place(term), Fraction(1)),): Fraction(1)}
            case Power(base=base, exponent=Number(value=value)):
                if isinstance(base, (Add, Product)) and value.denominator == 1 and 1 < value <= 4:
                    inner = self.polynomial(base)
                    result = inner
                    for _ in range(int(value) - 1):
                        result = _times(result, inner)
                    return result
                return {((self.place(base), value),): Fraction(1)}
            case _:
                return {((self.place(term), Fraction(1)),): Fraction(1)}

    def term(self, polynomial: _Polynomial) -> Term:
        parts = [
            multiply(
                Number(coefficient),
                *(power(self.terms[place], exponent) for place, exponent in monomial),
            )
            for monomial, coefficient in polynomial.items()
            if coefficient
        ]
        return add(*sorted(parts, key=is_negative))


def _times(left: _Polynomial, right: _Polynomial) -> _Polynomial:
    if len(left) * len(right) > _LARGEST:
        raise _TooLarge
    result: _Polynomial = {}
    for one, first in left.items():
        for two, second in right.items():
            exponents = dict(one)
            for place, exponent in two:
                exponents[place] = exponents.get(place, Fraction(0)) + exponent
            monomial = tuple(sorted((p, e) for p, e in exponents.items() if e))
            result[monomial] = result.get(monomial, Fraction(0)) + first * second
    return result


def collected(term: Term) -> Term | None:
    """``term`` multiplied out, with equal monomials collected: parts and monomials in order of
    first appearance, the positive ones first. ``None`` where nothing occurs twice, so that nothing
    could be collected, or where the result would be very long.

    >>> from derive.terms import ONE, Ref, negate
    >>> a, y = Ref("a"), Ref("y")
    >>> loss = add(multiply(negate(y), add(ONE, negate(a))), multiply(add(ONE, negate(y)), a))
    >>> print(loss, "=", collected(loss))
    −y (1 − a) + (1 − y) a = a − y
    """
    if not occurs_twice(term):
        return None
    parts = _Parts()
    try:
        return parts.term(parts.polynomial(term))
    except _TooLarge:
        return None


def occurs_twice(term: Term) -> bool:
    """Whether some part occurs at least twice, or several numbers are added."""
    counts = Counter(_occurrences(term))
    return any(number > 1 for number in counts.values())


def _occurrences(term: Term) -> Iterator[object]:
    match term:
        case Add() | Product():
            for child in children(term):
                yield from _occurrences(child)
        case Power(base=base) if not isinstance(base, (Number, Size)):
            yield from _occurrences(base)
        case Number():
            return
        case _:
            yield key(term)
