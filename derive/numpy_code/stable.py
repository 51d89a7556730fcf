"""Rewriting of terms for numerical stability, and definitions put back for their bodies.

The table of rules is in the docstring of :mod:`derive.numpy_code`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from fractions import Fraction

from derive.model import Problem
from derive.terms import (
    ONE,
    Add,
    Apply,
    Derivative,
    Family,
    Index,
    Number,
    Power,
    Product,
    Ref,
    Sum,
    Term,
    add,
    children,
    free_indices,
    is_negative,
    key,
    map_children,
    multiply,
    names,
    negate,
    power,
    same,
    substitute,
    walk,
)

__all__ = ["Stabiliser", "fold"]


class Stabiliser:
    """Applies the table of the module's docstring to terms of one problem."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    def __call__(self, term: Term) -> Term:
        """The term with every row of the table applied, innermost first."""
        return self._complements(self._rewritten(term))

    def _rewritten(self, term: Term) -> Term:
        term = map_children(term, self._rewritten)
        for rule in (
            self._sigmoid,
            self._share_of_sigmoid,
            self._softmax,
            self._logarithm,
            self._other_tail,
        ):
            found = rule(term)
            if found is not None:
                return found
        return term

    def _complements(self, term: Term) -> Term:
        """``1 − sigmoid(u)``, of which nothing is left for large ``u``, is ``sigmoid(−u)``: all of
        them in a term that divides by one, so that the quotient stays right."""
        divisors = {
            key(part.base)
            for part in walk(term)
            if isinstance(part, Power)
            and isinstance(part.exponent, Number)
            and part.exponent.value < 0
            and self._complement(part.base) is not None
        }
        if not divisors:
            return term

        def replaced(part: Term) -> Term:
            if key(part) in divisors:
                found = self._complement(part)
                assert found is not None
                return found
            return map_children(part, replaced)

        return replaced(term)

    def _complement(self, term: Term) -> Term | None:
        match term:
            case Add(terms=(one, other)) if one == ONE and is_negative(other):
                argument = self._definition(negate(other), "sigmoid")
                return None if argument is None else Apply("sigmoid", (negate(argument),))
        return None

    def _definition(self, term: Term, function: str) -> Term | None:
        """The argument ``u`` if the term is ``function(u)``, by itself or by its definition."""
        if isinstance(term, Ref):
            definition = self.problem.definition(term.name)
            if definition is None:
                return None
            body = self._rewritten(definition.body)
            places = dict(zip(definition.indices, term.indices, strict=True))
            term = substitute(body, places, self.problem.spare_indices())
        if isinstance(term, Apply) and term.function == function and not any(term.orders):
            return term.arguments[0]
        return None

    def _sigmoid(self, term: Term) -> Term | None:
        """``1 / (1 + e^(−u))``."""
        match term:
            case Power(base=Add(terms=(first, second)), exponent=Number(value=value)) if (
                value < 0 and value.denominator == 1
            ):
                for one, other in ((first, second), (second, first)):
                    if one == ONE and isinstance(other, Apply) and other.function == "exp":
                        return power(Apply("sigmoid", (negate(other.arguments[0]),)), -value)
        return None

    def _share_of_sigmoid(self, term: Term) -> Term | None:
        """``e^u / (1 + e^u)``, in which ``e^u`` may overflow, is ``sigmoid(u)``."""
        if not isinstance(term, Product):
            return None
        for above, below in itertools.permutations(range(len(term.factors)), 2):
            share, count = _base_and_count(term.factors[below])
            match term.factors[above], share:
                case (
                    Apply(function="exp", arguments=(argument,)),
                    Apply(function="sigmoid", arguments=(other,)),
                ) if count >= 1 and same(negate(argument), other):
                    rest = [f for p, f in enumerate(term.factors) if p not in (above, below)]
                    return multiply(*rest, Apply("sigmoid", (argument,)), power(share, count - 1))
        return None

    def _softmax(self, term: Term) -> Term | None:
        """``e^(u_k) / Σ_l e^(u_l)``, with ``k`` the last axis of ``u``."""
        if not isinstance(term, Product):
            return None
        for above, below in itertools.permutations(range(len(term.factors)), 2):
            shares = _softmax_of(term.factors[above], term.factors[below])
            if shares is None or not self._is_last(*shares):
                continue
            rest = [f for p, f in enumerate(term.factors) if p not in (above, below)]
            return multiply(*rest, Apply("softmax", (shares[0],)))
        return None

    def shares(self, body: Term, indices: Sequence[Index]) -> tuple[Term, Index] | None:
        """``u_k`` and ``k`` if the body of a definition, with these indices, is nothing but
        ``e^(u_k) / Σ_l e^(u_l)``; ``k`` may be any of them."""
        if not isinstance(body, Product) or len(body.factors) != 2:
            return None
        for above, below in (body.factors, reversed(body.factors)):
            found = _softmax_of(above, below)
            if found is not None and set(free_indices(found[0])) == set(indices):
                return found
        return None

    def _is_last(self, argument: Term, index: Index) -> bool:
        example = self.problem.example_index
        others = [other for other in free_indices(argument) if other != index]
        sizes = [None if example is None else example.size]
        return index.size not in sizes and all(other.size in sizes for other in others)

    def _logarithm(self, term: Term) -> Term | None:
        match term:
            case Apply(function="ln", arguments=(inside,)) if not any(term.orders):
                pass
            case _:
                return None
        for function in ("sigmoid", "softmax"):
            argument = self._definition(inside, function)
            if argument is not None:
                return Apply(f"log_{function}", (argument,))
        share = self._logarithm_of_share(inside)
        if share is not None:
            return share
        match inside:
            case Apply(function="exp", arguments=(argument,)):
                return argument
            case Add(terms=(one, other)) if one == ONE:
                return self._logarithm_of_one_plus(other)
            case Sum(index=index, body=Apply(function="exp", arguments=(argument,))):
                return Apply("logsumexp", (Family(index, argument),))
        return None

    def _logarithm_of_share(self, term: Term) -> Term | None:
        """``ln(e^u / Σ_l e^(v_l))`` is ``u − logsumexp(v)``, whatever the indices; the argument of
        the logarithm may be defined so."""
        if isinstance(term, Ref):
            definition = self.problem.definition(term.name)
            if definition is None:
                return None
            places = dict(zip(definition.indices, term.indices, strict=True))
            term = substitute(definition.body, places, self.problem.spare_indices())
        if not isinstance(term, Product) or len(term.factors) != 2:
            return None
        for above, below in (term.factors, reversed(term.factors)):
            match above, below:
                case (
                    Apply(function="exp", arguments=(argument,)),
                    Power(
                        base=Sum(index=index, body=Apply(function="exp", arguments=(other,))),
                        exponent=Number(value=value),
                    ),
                ) if value == -1:
                    return add(argument, negate(Apply("logsumexp", (Family(index, other),))))
        return None

    def _other_tail(self, term: Term) -> Term | None:
        """``1 − Φ(u)``, of which nothing is left where ``Φ(u)`` is nearly 1: ``Φ(−u)``."""
        match term:
            case Add(terms=(one, other)) if one == ONE and is_negative(other):
                argument = self._definition(negate(other), "normal_cdf")
                return None if argument is None else Apply("normal_cdf", (negate(argument),))
        return None

    def _logarithm_of_one_plus(self, other: Term) -> Term | None:
        """``ln(1 + e^u)`` or ``ln(1 − sigmoid(u))``, given what is added to 1."""
        if isinstance(other, Apply) and other.function == "exp":
            return Apply("softplus", other.arguments)
        argument = self._definition(negate(other), "sigmoid") if is_negative(other) else None
        return None if argument is None else Apply("log_sigmoid", (negate(argument),))


def _softmax_of(above: Term, below: Term) -> tuple[Term, Index] | None:
    """``u_k`` and ``k`` if the two factors are ``e^(u_k)`` and ``1 / Σ_l e^(u_l)``."""
    match above, below:
        case (
            Apply(function="exp", arguments=(argument,)),
            Power(base=Sum(index=bound, body=body), exponent=Number(value=value)),
        ) if value == -1:
            for index in free_indices(argument):
                if index.size == bound.size and same(substitute(body, {bound: index}), above):
                    return argument, index
    return None


def fold(term: Term, head: Ref | Derivative, body: Term, letters: Sequence[Index]) -> Term:
    """The term with ``body``, wherever it stands, replaced by ``head``.

    ``body`` holds for all values of the head's indices, so it is recognised with any of
    ``letters`` in their place; part of a longer sum or product is recognised too.
    """
    if not names(body) <= names(term):
        return term
    indices = (head.by if isinstance(head, Derivative) else head).running
    if not set(indices) <= set(free_indices(body)):
        return term  # 1/√(v + 1), which is ∂c_i/∂z_i for every i: no i is the right one
    choices = [[letter for letter in letters if letter.size == own.size] for own in indices]
    instances = []
    for places in itertools.product(*choices):
        if len(set(places)) == len(places):
            values = dict(zip(indices, places, strict=True))
            instances.append((substitute(body, values, letters), substitute(head, values)))
    return _replaced(term, instances, names(body))


def _replaced(term: Term, instances: Sequence[tuple[Term, Term]], needed: frozenset[str]) -> Term:
    """The term with each of the instances replaced; all of them hold the names ``needed``."""
    if not needed <= names(term):
        return term
    term = map_children(term, lambda child: _replaced(child, instances, needed))
    for wanted, name in instances:
        if same(term, wanted):
            return name
        for kind, join in ((Add, add), (Product, multiply)):
            if isinstance(term, kind) and isinstance(wanted, kind):
                rest = _without(children(term), children(wanted))
                if rest is not None:
                    return join(name, *rest)
    return term


def _without(terms: tuple[Term, ...], part: tuple[Term, ...]) -> list[Term] | None:
    """``terms`` without those of ``part``, or ``None`` if they aren't all among them."""
    rest = list(terms)
    for wanted in part:
        place = next((p for p, term in enumerate(rest) if key(term) == key(wanted)), None)
        if place is None:
            return None
        del rest[place]
    return rest


def _base_and_count(term: Term) -> tuple[Term, Fraction]:
    """``u`` and 3 of ``u³``."""
    match term:
        case Power(base=base, exponent=Number(value=value)):
            return base, value
        case _:
            return term, Fraction(1)
