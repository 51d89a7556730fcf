"""Which matrices are symmetric: those declared so, and the stages that are so by their definition.

A stage such as ``K_ij = exp(−e_ij/2)`` is symmetric if its body is the same after the exchange of
``i`` and ``j``. Both are compared in a canonical form, in which the order of addends and of factors
and the letters of sums don't count, and squares of sums are multiplied out: ``(y_i − y_j)²``.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations
from typing import TypeAlias

from derive.matrix_functions import INVERSE, inverse_places, matrix_of
from derive.model import Problem
from derive.terms import (
    Add,
    Apply,
    Delta,
    Family,
    Index,
    IndexLike,
    Number,
    Power,
    Product,
    Ref,
    Sum,
    Term,
    key,
    multiply,
    substitute,
)

__all__ = ["SYMMETRIC_DOMAINS", "has_symmetric_matrix", "symmetric_names"]

#: The domains of matrices that are symmetric.
SYMMETRIC_DOMAINS = frozenset({"symmetric", "positive definite"})

_Monomial: TypeAlias = tuple[tuple[str, int], ...]
_Polynomial: TypeAlias = dict[_Monomial, Fraction]


def symmetric_names(problem: Problem) -> frozenset[str]:
    """The names of the quantities ``S`` with ``S_ab = S_ba``.

    >>> from derive.language import define, exp, indices, parameter, sum
    >>> from derive.language import problem as make_problem
    >>> i, j = indices("i:n", "j:n")
    >>> y = parameter("y[i]")
    >>> K = define("K[i,j]", exp(-((y[i] - y[j]) ** 2)))
    >>> made = make_problem(sum(K[i, j], over=[i, j]), spare=indices("k:n", "l:n"), example=False)
    >>> sorted(symmetric_names(made))
    ['K']
    """
    found = {q.name for q in problem.quantities if q.domain in SYMMETRIC_DOMAINS}
    for definition in problem.definitions:
        if len(definition.indices) != 2:
            continue
        row, column = definition.indices
        if row.size == column.size:
            turned = substitute(definition.body, {row: column, column: row}, problem.indices)
            known = frozenset(found)
            if _canonical(definition.body, known, 0) == _canonical(turned, known, 0):
                found.add(definition.name)
    return frozenset(found)


def has_symmetric_matrix(term: Apply, symmetric: frozenset[str]) -> bool:
    """Whether the matrix in a function's argument, as that of an inverse, is symmetric."""
    rows, columns, element = matrix_of(term)
    turned = substitute(element, {rows: columns, columns: rows})
    return _canonical(element, symmetric, 0) == _canonical(turned, symmetric, 0)


# The canonical form ------------------------------------------------------------------------------


def _canonical(term: Term, symmetric: frozenset[str], depth: int) -> str:
    """A text that equal polynomials in equal parts have in common."""
    terms = _polynomial(term, symmetric, depth).items()
    return " + ".join(sorted(f"{coefficient} {monomial}" for monomial, coefficient in terms))


def _polynomial(term: Term, symmetric: frozenset[str], depth: int) -> _Polynomial:
    match term:
        case Number(value=value):
            return {(): value} if value else {}
        case Add(terms=parts):
            total: _Polynomial = {}
            for part in parts:
                for monomial, coefficient in _polynomial(part, symmetric, depth).items():
                    total[monomial] = total.get(monomial, Fraction(0)) + coefficient
            return {monomial: c for monomial, c in total.items() if c}
        case Product(factors=factors):
            result: _Polynomial = {(): Fraction(1)}
            for factor in factors:
                result = _times(result, _polynomial(factor, symmetric, depth))
            return result
        case Power(base=Add() as base, exponent=Number(value=value)) if value == 2:
            inner = _polynomial(base, symmetric, depth)
            return _times(inner, inner)
        case Power(base=base, exponent=Number(value=value)) if value.denominator == 1:
            return {((_base(base, symmetric, depth), int(value)),): Fraction(1)}
        case _:
            return {((_atom(term, symmetric, depth), 1),): Fraction(1)}


def _base(term: Term, symmetric: frozenset[str], depth: int) -> str:
    """The base of a power: the atom itself, so that ``u · u⁻¹`` meets, or a whole polynomial."""
    if isinstance(term, (Add, Product, Power, Number)):
        return f"({_canonical(term, symmetric, depth)})"
    return _atom(term, symmetric, depth)


def _times(left: _Polynomial, right: _Polynomial) -> _Polynomial:
    result: _Polynomial = {}
    for one, first in left.items():
        for two, second in right.items():
            exponents = dict(one)
            for atom, exponent in two:
                exponents[atom] = exponents.get(atom, 0) + exponent
            monomial = tuple(sorted((a, e) for a, e in exponents.items() if e))
            result[monomial] = result.get(monomial, Fraction(0)) + first * second
    return {monomial: c for monomial, c in result.items() if c}


def _place(place: IndexLike) -> str:
    return f"{place.name}:{place.size}" if isinstance(place, Index) else str(place)


def _pair(row: IndexLike, column: IndexLike) -> str:
    return ",".join(sorted((_place(row), _place(column))))


def _atom(term: Term, symmetric: frozenset[str], depth: int) -> str:
    match term:
        case Ref(name=name, indices=(row, column)) if name in symmetric:
            return f"{name}[{_pair(row, column)}]"
        case Ref(name=name, indices=indices):
            return f"{name}[{','.join(map(_place, indices))}]"
        case Delta(left=left, right=right):
            return f"delta[{_pair(left, right)}]"
        case Sum():
            return _sum(term, symmetric, depth)
        case Family(index=index, body=body):
            own = Index(f"#{depth}", index.size)
            inner = substitute(body, {index: own})
            return f"family {index.size} ({_canonical(inner, symmetric, depth + 1)})"
        case Apply(function=function) if function == INVERSE and has_symmetric_matrix(
            term, symmetric
        ):
            matrix = _atom(term.arguments[1], symmetric, depth)
            return f"inverse({matrix})[{_pair(*inverse_places(term))}]"
        case Apply(function=function, arguments=arguments, orders=orders):
            inside = "; ".join(_canonical(part, symmetric, depth) for part in arguments)
            return f"{function}{orders}({inside})"
        case Power(base=base, exponent=exponent):
            above = _canonical(exponent, symmetric, depth)
            return f"({_canonical(base, symmetric, depth)})^({above})"
        case _:
            return repr(key(term))


#: The letters of more nested sums than these are not tried in every order.
_MOST_LETTERS = 4


def _sum(term: Sum, symmetric: frozenset[str], depth: int) -> str:
    """A sum, or nested ones as one over several indices, with the letters that make the least
    text: ``Σ_s Σ_q X_qa C_sq X_sb`` has no first index."""
    summed, factors = _flat(term, depth)
    body = multiply(*factors)
    if len(summed) > _MOST_LETTERS:
        return f"sum {[_place(index) for index in summed]} ({_canonical(body, symmetric, depth)})"
    texts: list[str] = []
    for order in permutations(summed):
        own = {index: Index(f"#{depth}.{n}", index.size) for n, index in enumerate(order)}
        sizes = [str(index.size) for index in order]
        inner = _canonical(substitute(body, own), symmetric, depth + 1)
        texts.append(f"sum {sizes} ({inner})")
    return min(texts)


def _flat(term: Term, depth: int) -> tuple[list[Index], list[Term]]:
    """The indices of nested sums in a product, each with a letter of its own, and the factors."""
    summed: list[Index] = []
    factors: list[Term] = []
    left = [term]
    while left:
        part = left.pop()
        match part:
            case Sum(index=index, body=body):
                own = Index(f"#{depth}_{len(summed)}", index.size)
                summed.append(own)
                left.append(substitute(body, {index: own}))
            case Product(factors=inside):
                left.extend(inside)
            case _:
                factors.append(part)
    return summed, factors
