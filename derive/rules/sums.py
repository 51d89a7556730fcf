"""Rules about sums over an index: splitting, collapsing, closing."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from derive.dependency import differ
from derive.derivation import Prose
from derive.matrix_functions import INVERSE, inverse_entry, inverse_places, matrix_of
from derive.model import Fact, is_coefficient
from derive.rules.base import Context, Rewrite, Rule
from derive.rules.matching import match
from derive.symmetry import has_symmetric_matrix
from derive.terms import (
    ONE,
    ZERO,
    Add,
    Apply,
    Delta,
    Index,
    IndexLike,
    Number,
    Power,
    Ref,
    Shift,
    Size,
    Sum,
    Term,
    Within,
    add,
    bounds,
    contains,
    factors_of,
    free_indices,
    multiply,
    references,
    same,
    solved,
    substitute,
    terms_of,
    total,
)

__all__ = ["SUMS"]


def _delta(term: Term, context: Context) -> Rewrite | None:
    """``Σ_l δ_lk f(l) = f(k)``."""
    if not isinstance(term, Sum):
        return None
    index = term.index
    factors = factors_of(term.body)
    for n, factor in enumerate(factors):
        other = solved(factor.left, factor.right, index) if isinstance(factor, Delta) else None
        if other is None:
            continue
        rest = multiply(*factors[:n], *factors[n + 1 :])
        after = substitute(rest, {index: other}, context.scope.spare)
        only = other.name if isinstance(other, Index) else str(other)
        if isinstance(other, Shift) or (isinstance(other, Index) and other.size != index.size):
            # The one place may lie outside the sum, which is then zero.
            after = multiply(Within(other, index.size), after)
            reason = f"only {index.name} = {only} contributes to the sum, where it is in its range"
            return Rewrite(after, Prose((reason,)))
        return Rewrite(after, Prose((f"only {index.name} = {only} contributes to the sum",)))
    return None


def _range(term: Term, context: Context) -> Rewrite | None:
    """``[1 ≤ 2 ≤ K] = 1``."""
    if not isinstance(term, Within):
        return None
    sizes = context.scope.sizes
    size = term.size if isinstance(term.size, int) else sizes.get(term.size)
    least, greatest = bounds(term.place, sizes)
    if isinstance(term.place, Index) and term.place.size == term.size:
        return Rewrite(ONE, Prose((term, " is 1")))
    inside = size is not None and greatest is not None and greatest <= size
    if inside and least is not None and least >= 1:
        return Rewrite(ONE, Prose((term, " is 1")))
    below = greatest is not None and greatest < 1
    if below or (size is not None and least is not None and least > size):
        return Rewrite(ZERO, Prose((term, " is 0")))
    return None


def _equal_indices(term: Term, context: Context) -> Rewrite | None:
    if not isinstance(term, Delta):
        return None
    if term.left == term.right:
        return Rewrite(ONE, Prose((term, " is 1")))
    if differ(term.left, term.right):
        return Rewrite(ZERO, Prose((term, " is 0")))
    return None


def _holds_delta_of(index: Index, term: Term) -> bool:
    return any(
        isinstance(factor, Delta)
        and (
            index in (factor.left, factor.right)
            or solved(factor.left, factor.right, index) is not None
        )
        for factor in factors_of(term)
    )


def _distribute(term: Term, context: Context) -> Rewrite | None:
    """``Σ_k y_k (δ_kl − p_l)``: multiply out, where a Kronecker delta waits inside."""
    if not isinstance(term, Sum):
        return None
    factors = factors_of(term.body)
    for n, factor in enumerate(factors):
        if (
            isinstance(factor, Add)
            and len(factors) > 1
            and any(_holds_delta_of(term.index, part) for part in factor.terms)
        ):
            before, behind = factors[:n], factors[n + 1 :]
            body = add(*(multiply(*before, part, *behind) for part in factor.terms))
            return Rewrite(Sum(term.index, body), Prose(("multiply out",)))
    return None


def _split(term: Term, context: Context) -> Rewrite | None:
    """``Σ(f + g) = Σf + Σg``, where a Kronecker delta waits in one of them for this sum or for one
    around it."""
    if not isinstance(term, Sum) or not isinstance(term.body, Add):
        return None
    parts = term.body.terms
    waiting = {term.index, *context.indices[context.free :]}
    if not any(_holds_delta_of(index, part) for part in parts for index in waiting):
        return None
    return Rewrite(
        add(*(total(term.index, part) for part in parts)),
        Prose(("the sum of a sum is the sum of the sums",)),
    )


def _constant_out(term: Term, context: Context) -> Rewrite | None:
    """``Σ_k c f_k = c Σ_k f_k``.

    Out of the sum over the examples come numbers, sizes, hyperparameters, scalar denominators, and
    Kronecker deltas for which a sum around waits, alone: what belongs to the unit ``h``, as in
    ``Σ_i d_i w_h (1 − a_ih²) x_ij``, is part of that unit's error.
    """
    if not isinstance(term, Sum):
        return None
    factors = factors_of(term.body)
    over_examples = term.index == context.scope.problem.example_index
    constant = [
        factor
        for factor in factors
        if term.index not in free_indices(factor)
        and (
            not over_examples
            or is_coefficient(factor, context.scope.problem)
            or _waits_for_a_sum_around(factor, context)
            or _is_scalar_denominator(factor)
        )
    ]
    rest = [factor for factor in factors if factor not in constant]
    if not constant or not rest:
        return None
    outside = multiply(*constant)
    return Rewrite(
        multiply(outside, Sum(term.index, multiply(*rest))),
        Prose((outside, f" does not depend on {term.index.name}")),
    )


def _waits_for_a_sum_around(factor: Term, context: Context) -> bool:
    """Whether the factor is a Kronecker delta that an outer sum will collapse with."""
    around = context.indices[context.free :]
    return isinstance(factor, Delta) and (factor.left in around or factor.right in around)


def _is_scalar_denominator(factor: Term) -> bool:
    """``1/v``, with no index at all: a scale that all examples and all units share."""
    return (
        isinstance(factor, Power)
        and isinstance(factor.exponent, Number)
        and factor.exponent.value < 0
        and not any(ref.indices for ref in references(factor.base))
        and not contains(factor.base, Sum)
    )


def _exchange(term: Term, context: Context) -> Rewrite | None:
    """``Σ_s v_s Σ_i f_is = Σ_i Σ_s v_s f_is``: the sum over the examples stands outside."""
    example = context.scope.problem.example_index
    if not isinstance(term, Sum) or example is None or term.index.size == example.size:
        return None
    factors = factors_of(term.body)
    for n, factor in enumerate(factors):
        if not isinstance(factor, Sum) or factor.index.size != example.size:
            continue
        others = (*factors[:n], *factors[n + 1 :])
        if any(factor.index in free_indices(other) for other in others):
            continue
        body = multiply(*factors[:n], factor.body, *factors[n + 1 :])
        after = Sum(factor.index, Sum(term.index, body))
        return Rewrite(after, Prose(("sums may be exchanged",)))
    return None


def _sum_of_constant(term: Term, context: Context) -> Rewrite | None:
    """``Σ_k c = K c``."""
    if not isinstance(term, Sum) or term.index in free_indices(term.body):
        return None
    extent = term.index.size
    count: Term = Size(extent) if isinstance(extent, str) else Number(Fraction(extent))
    return Rewrite(multiply(count, term.body), Prose((count, " equal terms")))


def _fact(term: Term, context: Context) -> Rewrite | None:
    for fact in context.scope.problem.facts:
        rewrite = _use_fact(fact, term, context)
        if rewrite is not None:
            return rewrite
    return None


def _use_fact(fact: Fact, term: Term, context: Context) -> Rewrite | None:
    variables = frozenset(free_indices(fact.left))
    found = match(fact.left, term, variables)
    if found is None:
        return None
    premise = substitute(fact.left, found)
    right = substitute(fact.right, found)
    return Rewrite(right, Prose((term, " = ", right, f", since {fact.reason}")), (premise,))


def _gather_for_fact(term: Term, context: Context) -> Rewrite | None:
    """``c y_1 + c y_2 + c y_3 + d = c (y_1 + y_2 + y_3) + d``, where a fact knows the sum."""
    if not isinstance(term, Add):
        return None
    for fact in context.scope.problem.facts:
        if not isinstance(fact.left, Add) or len(fact.left.terms) > len(term.terms):
            continue
        rewrite = _gather(fact, term)
        if rewrite is not None:
            return rewrite
    return None


def _multiply_out_for_fact(term: Term, context: Context) -> Rewrite | None:
    """``−y_1 (1 − p) + y_2 p = −y_1 + y_1 p + y_2 p``, where a fact can be used afterwards."""
    if not isinstance(term, Add):
        return None
    after = add(*(part for each in term.terms for part in _multiplied_out(each)))
    if after == term or _gather_for_fact(after, context) is None:
        return None
    return Rewrite(after, Prose(("multiply out",)))


def _multiplied_out(term: Term) -> Iterator[Term]:
    factors = factors_of(term)
    for n, factor in enumerate(factors):
        if isinstance(factor, Add):
            for part in factor.terms:
                product = multiply(*factors[:n], part, *factors[n + 1 :])
                yield _signs_together(product)
            return
    yield term


def _signs_together(term: Term) -> Term:
    value = Fraction(1)
    rest: list[Term] = []
    for factor in factors_of(term):
        if isinstance(factor, Number):
            value *= factor.value
        else:
            rest.append(factor)
    return multiply(Number(value), *rest)


def _gather(fact: Fact, term: Add) -> Rewrite | None:
    patterns = terms_of(fact.left)
    variables = frozenset(free_indices(fact.left))
    for candidate, common, found in _instances(patterns[0], term, variables):
        chosen = [candidate]
        for pattern in patterns[1:]:
            wanted = substitute(pattern, found)
            position = next(
                (
                    n
                    for n, part in enumerate(term.terms)
                    if n not in chosen and _is_product_of(part, common, wanted)
                ),
                None,
            )
            if position is None:
                break
            chosen.append(position)
        else:
            inner = substitute(fact.left, found)
            gathered = multiply(common, inner)
            rest = [part for n, part in enumerate(term.terms) if n not in chosen]
            if common == ONE and not rest:
                return None  # nothing to gather: the term is the fact's left side already
            first = min(chosen)
            place = len([n for n in range(first) if n not in chosen])
            after = add(*rest[:place], gathered, *rest[place:])
            if gathered == inner:
                return None
            return Rewrite(after, Prose(("the factor ", common, " is common")))
    return None


def _instances(
    pattern: Term, term: Add, variables: frozenset[Index]
) -> Iterator[tuple[int, Term, dict[Index, IndexLike]]]:
    """Each place in the sum where a factor fits the pattern, with the other factors."""
    for n, part in enumerate(term.terms):
        factors = factors_of(part)
        for position, factor in enumerate(factors):
            found = match(pattern, factor, variables)
            if found is not None:
                common = multiply(*factors[:position], *factors[position + 1 :])
                yield n, common, found


def _is_product_of(part: Term, common: Term, wanted: Term) -> bool:
    rest = list(factors_of(part))
    for factor in (*factors_of(wanted), *(() if common == ONE else factors_of(common))):
        position = next((n for n, each in enumerate(rest) if same(each, factor)), None)
        if position is None:
            return False
        del rest[position]
    return not rest


def _symmetry(term: Term, context: Context) -> Rewrite | None:
    """``S_ba = S_ab``: free letters before those of sums, each group in a fixed order."""
    match term:
        case Ref(name=name, indices=(row, column)) if name in context.scope.symmetric:
            turned: Term = Ref(name, (column, row), term.origin)
            matrix = name
        case Apply(function=function) if function == INVERSE and (
            context.scope.problem.function(function) is None
        ):
            row, column = inverse_places(term)
            if row == column or not has_symmetric_matrix(term, context.scope.symmetric):
                return None
            turned = inverse_entry(*matrix_of(term), column, row)
            matrix = "the inverse"
        case _:
            return None
    if _rank(row, context) <= _rank(column, context):
        return None
    return Rewrite(turned, Prose((f"{matrix} is symmetric",)))


def _rank(place: IndexLike, context: Context) -> tuple[int, int, str]:
    """Numbers first, then free letters as they were declared, then those of sums from the
    outermost on, then shifted ones."""
    if isinstance(place, int):
        return (0, place, "")
    if not isinstance(place, Index):  # t + k − 1
        return (3, 0, str(place))
    free = context.indices[: context.free]
    if place in free or place not in context.indices:
        declared = context.scope.problem.indices
        return (1, declared.index(place) if place in declared else len(declared), place.name)
    return (2, context.indices.index(place), "")


SUMS: tuple[Rule, ...] = (
    Rule(
        "equal indices",
        r"\delta_{kk} = 1",
        "A Kronecker delta with equal indices is 1, with different numbers 0.",
        "full",
        _equal_indices,
        (Delta,),
    ),
    Rule(
        "Kronecker delta",
        r"\sum_l \delta_{lk}\,f_l = f_k",
        "Only one term of the sum is left.",
        "normal",
        _delta,
        (Sum,),
    ),
    Rule(
        "range of an index",
        r"[1 \le k \le K] = 1",
        "The bracket is 1 where the index lies in its range, and 0 where it lies outside.",
        "full",
        _range,
        (Within,),
    ),
    Rule(
        "multiply out under Σ",
        r"\sum_k c_k(f_k + g_k) = \sum_k (c_k f_k + c_k g_k)",
        "Multiply out, so that a Kronecker delta can act.",
        "full",
        _distribute,
        (Sum,),
    ),
    Rule(
        "split the sum",
        r"\sum_k (f_k + g_k) = \sum_k f_k + \sum_k g_k",
        "The sum of a sum is the sum of the sums.",
        "full",
        _split,
        (Sum,),
    ),
    Rule(
        "constant out of the sum",
        r"\sum_k c\,f_k = c \sum_k f_k",
        "What does not depend on the index stands in front of the sum.",
        "full",
        _constant_out,
        (Sum,),
    ),
    Rule(
        "exchange the sums",
        r"\sum_k c_k \sum_i f_{ik} = \sum_i \sum_k c_k f_{ik}",
        "The order of two sums does not matter: the one over the examples stands outside.",
        "normal",
        _exchange,
        (Sum,),
    ),
    Rule(
        "sum of a constant",
        r"\sum_{k=1}^{K} c = K\,c",
        "A sum of equal terms.",
        "normal",
        _sum_of_constant,
        (Sum,),
    ),
    Rule(
        "multiply out",
        r"c\,(f - g) = c\,f - c\,g",
        "Multiply out, so that a fact can be used.",
        "full",
        _multiply_out_for_fact,
        (Add,),
    ),
    Rule(
        "gather",
        r"c\,y_1 + c\,y_2 = c\,(y_1 + y_2)",
        "A common factor is taken out, so that a fact can be used.",
        "normal",
        _gather_for_fact,
        (Add,),
    ),
    Rule(
        "symmetry",
        r"S_{ba} = S_{ab}",
        "A symmetric matrix, and its inverse, is its own transpose.",
        "full",
        _symmetry,
        (Ref, Apply),
        of_values=True,
    ),
    Rule(
        "fact",
        r"u = v \text{ is given}",
        "Something known about the data is put in.",
        "normal",
        _fact,
        (Term,),
    ),
)
