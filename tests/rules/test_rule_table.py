"""Every rule: what it makes of a term, where it doesn't apply, and its edge cases.

Each row that applies is also compared in value, so that the table itself can't hold a wrong law.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest
from ground import PROBLEM, SCOPE, SIZES, WRITTEN_OUT, i, j, k, l, number, p, q, r, ref

from derive.backpropagation import Prover
from derive.checks.steps import StepChecker
from derive.dependency import Scope
from derive.derivation import Prose, Step
from derive.errors import DeriveError
from derive.functions import FUNCTIONS
from derive.matrix_functions import inverse_entry
from derive.rules import RULES, Context, by_name
from derive.terms import (
    ONE,
    ZERO,
    Add,
    Apply,
    Delta,
    Derivative,
    Family,
    Index,
    IndexLike,
    Power,
    Product,
    Ref,
    Size,
    Sum,
    Term,
    Within,
    add,
    free_indices,
    multiply,
    negate,
    power,
    reciprocal,
    substitute,
)


@dataclass(frozen=True)
class Row:
    """What a rule makes of a term; ``None`` where it doesn't apply at its top."""

    rule: str
    before: Term
    after: Term | None
    scope: Scope = SCOPE


def D(of: Term, by: Ref) -> Derivative:
    return Derivative(of, by)


w, x, z, a, y = ref("w", j), ref("x", i, j), ref("z", i), ref("a", i), ref("y", i)
b, s, lam, J = ref("b"), ref("s"), ref("lambda_"), ref("J")
Y, t, e = ref("Y", i, k), ref("t", i, k), ref("e", i, k)
mean = reciprocal(Size("m"))
two, three, half = number(2), number(3), number(1, 2)


def minus(left: Term, right: Term) -> Term:
    return add(left, negate(right))


def f(u: Term, order: int = 0) -> Apply:
    return Apply("g", (u,), (order,) if order else ())


def exp(u: Term) -> Apply:
    return Apply("exp", (u,))


def a_(n: int) -> Term:
    return ref("a", n)


def y_(n: int) -> Term:
    return ref("y", n)


def inverse_of(name: str, row: Index, column: Index) -> Apply:
    return inverse_entry(j, q, Ref(name, (j, q)), row, column)


def x_(n: int, at: int = 1) -> Term:
    return ref("x", n, at)


CALCULUS = [
    Row("definition", D(a, z), D(Apply("sigmoid", (z,)), z)),
    Row(
        # The bound index of the body isn't the index of the variable.
        "definition",
        D(z, w),
        D(add(Sum(q, multiply(ref("w", q), ref("x", i, q))), b), w),
    ),
    Row(
        "definition", D(ref("a", 2), ref("z", 2)), D(Apply("sigmoid", (ref("z", 2),)), ref("z", 2))
    ),
    Row("definition", D(x, w), None),  # data has no definition
    Row("definition", D(ref("G", i), a), None),  # an abstract loss has no other form
    Row("definition", a, None),  # nothing is differentiated
    Row(
        "chain rule",
        D(ref("G", i), z),
        multiply(D(ref("G", i), a), D(a, z)),
    ),
    Row(
        # Two ways from z to Q would be counted twice: z is used directly too.
        "chain rule",
        D(ref("Q", i), z),
        None,
    ),
    Row("chain rule", D(e, w), None),  # e does not depend on w
    Row(
        "chain rule",
        D(e, ref("W", k, j)),
        Sum(l, multiply(D(e, ref("t", i, l)), D(ref("t", i, l), ref("W", k, j)))),
    ),
    Row(
        # In the written-out case the sum is written out, without what doesn't depend on W_1j.
        "chain rule",
        D(ref("e", 1, 1), ref("W", 1, 1)),
        multiply(D(ref("e", 1, 1), ref("t", 1, 1)), D(ref("t", 1, 1), ref("W", 1, 1))),
        WRITTEN_OUT,
    ),
    Row("chain rule", D(a, z), None),  # a uses z directly: its definition is differentiated
    Row(
        "independence",
        D(ref("t", i, l), ref("W", k, j)),
        multiply(Delta(l, k), D(t, ref("W", k, j))),
    ),
    Row(
        "independence",
        D(ref("a", p), z),
        multiply(Delta(p, i), D(a, z)),
    ),
    Row("independence", D(a, z), None),  # the indices agree already
    Row("independence", D(ref("e", i, l), t), None),  # a softmax depends on every logit
    Row("independence", D(J, z), None),
    Row("constant", D(x, w), ZERO),
    Row("constant", D(number(7), w), ZERO),
    Row("constant", D(Size("m"), w), ZERO),
    Row("constant", D(b, w), ZERO),
    Row("constant", D(ref("w", 1), ref("w", 2)), ZERO),  # different numbers
    Row("constant", D(ref("z", 1), ref("z", 2)), ZERO),
    Row("constant", D(ref("w", q), w), None),  # they may agree
    Row("constant", D(z, w), None),
    Row("constant", w, None),
    Row(
        "constant factor",
        D(multiply(mean, Sum(i, z)), w),
        multiply(mean, D(Sum(i, z), w)),
    ),
    Row("constant factor", D(multiply(a, x, two), z), multiply(x, two, D(a, z))),
    Row("constant factor", D(multiply(a, z), z), None),  # both depend on z
    Row("constant factor", D(multiply(two, x), w), None),  # nothing depends on w
    Row("constant factor", D(a, z), None),
    Row("sum rule", D(add(a, z, ONE), z), add(D(a, z), D(z, z), D(ONE, z))),
    Row("sum rule", D(minus(a, y), z), add(D(a, z), D(negate(y), z))),
    Row("sum rule", D(multiply(a, z), z), None),
    Row("sum rule under Σ", D(Sum(i, a), b), Sum(i, D(a, b))),
    Row(
        # The bound index is another one than the variable's: it is renamed.
        "sum rule under Σ",
        D(Sum(i, a), z),
        Sum(p, D(ref("a", p), z)),
    ),
    Row("sum rule under Σ", D(add(a, z), z), None),
    Row(
        "quotient rule",
        D(multiply(a, reciprocal(z)), z),
        multiply(add(multiply(D(a, z), z), negate(multiply(a, D(z, z)))), power(z, -2)),
    ),
    Row("quotient rule", D(multiply(x, reciprocal(z)), z), None),  # the numerator is constant
    Row("quotient rule", D(reciprocal(z), z), None),  # a power
    Row("quotient rule", D(multiply(a, z), z), None),
    Row(
        "product rule",
        D(multiply(a, z), z),
        add(multiply(D(a, z), z), multiply(a, D(z, z))),
    ),
    Row("product rule", D(multiply(two, z), z), None),  # a constant factor comes out first
    Row("product rule", D(power(z, 2), z), None),
    Row("power rule", D(power(z, 3), z), multiply(three, power(z, 2), D(z, z))),
    Row("power rule", D(power(z, 2), z), multiply(two, z, D(z, z))),
    Row("power rule", D(reciprocal(s), s), multiply(number(-1), power(s, -2), D(s, s))),
    Row(
        "power rule",
        D(Power(s, half), s),
        multiply(half, Power(s, number(-1, 2)), D(s, s)),
    ),
    Row("power rule", D(Power(z, a), z), None),  # the exponent isn't a number
    Row("power rule", D(z, z), None),
    Row("derivative of a variable", D(w, w), ONE),
    Row("derivative of a variable", D(ref("w", q), w), Delta(q, j)),
    Row(
        "derivative of a variable",
        D(ref("W", l, q), ref("W", k, j)),
        multiply(Delta(l, k), Delta(q, j)),
    ),
    Row(
        "derivative of a variable",
        D(ref("W", k, q), ref("W", k, j)),
        Delta(q, j),
    ),
    Row("derivative of a variable", D(ref("w", 1), ref("w", 2)), ZERO),
    Row("derivative of a variable", D(ref("w", 1), ref("w", 1)), ONE),
    Row("derivative of a variable", D(ref("w", 1), w), Delta(1, j)),
    Row("derivative of a variable", D(b, w), None),
    Row("derivative of a variable", D(power(w, 2), w), None),
]


def _function_rows() -> list[Row]:
    """Each function of one variable, of a function of it, and of the variable in all its places."""
    rows = []
    for name, function in FUNCTIONS.items():
        if not function.arity:
            continue  # a constant has no rule of its own
        rule = f"derivative of {function.text}"
        inner = s if function.positive is not None else z
        other = Apply("exp" if name != "exp" else "ln", (s,))
        for argument in (inner, exp(inner)):
            at = 1 if name == "polygamma" else 0
            given: list[Term] = [number(2)] * function.arity
            given[at] = argument
            applied = Apply(name, tuple(given))
            outer = function.derivatives[at](*given, applied)
            rows.append(Row(rule, D(applied, inner), multiply(outer, D(argument, inner))))
        if function.arity > 1 and name != "polygamma":
            everywhere = (inner, exp(inner), add(number(5), exp(inner)))[: function.arity]
            applied = Apply(name, everywhere)
            parts = [
                multiply(derivative(*everywhere, applied), D(argument, inner))
                for argument, derivative in zip(everywhere, function.derivatives, strict=True)
            ]
            rows.append(Row(rule, D(applied, inner), add(*parts)))
        rows += [Row(rule, D(other, s), None), Row(rule, applied, None)]
    return rows


ABSTRACT = [
    Row(
        "derivative of an abstract function",
        D(f(z), z),
        multiply(f(z, 1), D(z, z)),
    ),
    Row(
        "derivative of an abstract function",
        D(f(z, 1), z),
        multiply(f(z, 2), D(z, z)),
    ),
    Row(
        "derivative of an abstract function",
        D(Apply("ell", (a, y)), z),
        multiply(Apply("ell", (a, y), (1, 0)), D(a, z)),  # y doesn't depend on z
    ),
    Row(
        "derivative of an abstract function",
        D(Apply("ell", (z, a)), z),
        add(
            multiply(Apply("ell", (z, a), (1, 0)), D(z, z)),
            multiply(Apply("ell", (z, a), (0, 1)), D(a, z)),
        ),
    ),
    Row("derivative of an abstract function", D(exp(z), z), None),
    Row("derivative of an abstract function", D(f(Family(i, a)), z), None),
]

#: ``s δ_kl + t_2k t_2l``: a matrix that is positive definite.
ELEMENT = add(multiply(s, Delta(k, l)), multiply(ref("t", 2, k), ref("t", 2, l)))


def _matrix_rows() -> list[Row]:
    """Each function of a matrix, by a scalar in it, by nothing in it, and beside a derivative."""
    down, along = Index("r", "K"), Index("l'", "K")

    def inverse(row: IndexLike, column: IndexLike) -> Apply:
        return inverse_entry(k, l, ELEMENT, row, column)

    def slope(row: Index, column: Index) -> Term:
        return D(substitute(ELEMENT, {k: row, l: column}), s)

    def of_matrix(name: str) -> Apply:
        return Apply(name, (Family(k, Family(l, ELEMENT)),))

    def summed(part: Term) -> Term:
        return Sum(down, Sum(along, part))

    both = multiply(number(-1), inverse(1, down), inverse(along, 2), slope(down, along))
    transposed = multiply(inverse(along, down), slope(down, along))
    jacobi = multiply(of_matrix("det"), transposed)
    return [
        Row("derivative of inverse", D(inverse(1, 2), s), summed(both)),
        Row("derivative of inverse", D(of_matrix("det"), s), None),
        Row("derivative of inverse", inverse(1, 2), None),
        Row("derivative of logdet", D(of_matrix("logdet"), s), summed(transposed)),
        Row("derivative of logdet", D(inverse(1, 2), s), None),
        Row("derivative of logdet", of_matrix("logdet"), None),
        Row("derivative of det", D(of_matrix("det"), s), summed(jacobi)),
        Row("derivative of det", D(of_matrix("logdet"), s), None),
        Row("derivative of det", of_matrix("det"), None),
    ]


SUMS = [
    Row("equal indices", Delta(k, k), ONE),
    Row("equal indices", Delta(2, 2), ONE),
    Row("equal indices", Delta(1, 2), ZERO),
    Row("equal indices", Delta(k, l), None),
    Row("equal indices", Delta(k, 1), None),
    Row("Kronecker delta", Sum(l, multiply(ref("e", i, l), Delta(l, k))), e),
    Row("Kronecker delta", Sum(l, multiply(Delta(k, l), ref("e", i, l))), e),
    Row("Kronecker delta", Sum(l, Delta(l, k)), ONE),
    Row("Kronecker delta", Sum(q, multiply(Delta(q, 2), ref("w", q))), ref("w", 2)),
    Row(
        # The index of an inner sum is renamed out of the way.
        "Kronecker delta",
        Sum(l, multiply(Delta(l, k), Sum(k, multiply(e, ref("Y", i, l))))),
        Sum(r, multiply(ref("e", i, r), Y)),
    ),
    Row(
        "Kronecker delta",
        Sum(l, multiply(Delta(l, k), Delta(l, r))),
        Delta(k, r),
    ),
    Row("Kronecker delta", Sum(l, Delta(l, l)), None),
    Row(
        "Kronecker delta",
        Sum(q, multiply(Delta(p + q - 1, i), ref("w", q))),
        multiply(Within(i - p + 1, "n"), ref("w", i - p + 1)),
    ),
    Row("Kronecker delta", Sum(i, Delta(i, j)), Within(j, "m")),
    Row("Kronecker delta", Sum(q, multiply(Delta(p + 2 * q, i), ref("w", q))), None),
    Row("range of an index", Within(j, "n"), ONE),
    Row("range of an index", Within(Index("k", 2) + 1, 3), ONE),
    Row("range of an index", Within(j + 1, 1), ZERO),
    Row("range of an index", Within(j + 1, "n"), None),
    Row("range of an index", Within(j, "m"), None),
    Row("equal indices", Delta(j + 1, 1), ZERO),
    Row("equal indices", Delta(j + 1, 2), None),
    Row("Kronecker delta", Sum(l, multiply(e, Delta(k, r))), None),
    Row("Kronecker delta", Sum(l, add(Delta(l, k), ONE)), None),
    Row(
        "multiply out under Σ",
        Sum(l, multiply(ref("Y", i, l), minus(Delta(l, k), e))),
        Sum(l, add(multiply(ref("Y", i, l), Delta(l, k)), multiply(ref("Y", i, l), negate(e)))),
    ),
    Row("multiply out under Σ", Sum(l, multiply(ref("Y", i, l), minus(ONE, e))), None),
    Row("multiply out under Σ", Sum(l, minus(Delta(l, k), e)), None),
    Row(
        "split the sum",
        Sum(l, add(Delta(l, k), ref("e", i, l))),
        add(Sum(l, Delta(l, k)), Sum(l, ref("e", i, l))),
    ),
    Row("split the sum", Sum(i, minus(a, y)), None),  # no Kronecker delta: the form is kept
    Row("split the sum", Sum(l, Delta(l, k)), None),
    Row(
        "constant out of the sum",
        Sum(l, multiply(e, ref("Y", i, l))),
        multiply(e, Sum(l, ref("Y", i, l))),
    ),
    Row("constant out of the sum", Sum(i, multiply(two, a)), multiply(two, Sum(i, a))),
    Row("constant out of the sum", Sum(i, multiply(lam, a)), multiply(lam, Sum(i, a))),
    # What belongs to unit j is part of that unit's error: over the examples it stays.
    Row("constant out of the sum", Sum(i, multiply(w, a)), None),
    Row("constant out of the sum", Sum(i, multiply(a, x)), None),
    Row("constant out of the sum", Sum(l, two), None),  # nothing would be left
    Row(
        "exchange the sums",
        Sum(j, multiply(w, Sum(i, multiply(a, x)))),
        Sum(i, Sum(j, multiply(w, a, x))),
    ),
    Row("exchange the sums", Sum(l, Sum(i, ref("e", i, l))), Sum(i, Sum(l, ref("e", i, l)))),
    Row("exchange the sums", Sum(i, Sum(j, x)), None),  # the examples are outside already
    Row("exchange the sums", Sum(j, multiply(a, Sum(i, x))), None),  # a_i is of another i
    Row("exchange the sums", Sum(l, Sum(j, multiply(w, ref("e", i, l)))), None),
    Row("data last", multiply(x, a, w), multiply(a, w, x)),
    Row("data last", multiply(x, a, y), multiply(a, x, y)),
    Row("data last", multiply(a, x), None),
    Row("data last", multiply(x, reciprocal(s)), None),  # a fraction stays one
    Row("sum of a constant", Sum(l, e), multiply(Size("K"), e)),
    Row("sum of a constant", Sum(i, ONE), Size("m")),
    Row("sum of a constant", Sum(l, ref("e", i, l)), None),
    Row("fact", Sum(k, Y), ONE),
    Row("fact", Sum(l, ref("Y", p, l)), ONE),
    Row("fact", Sum(l, ref("Y", 2, l)), ONE),
    Row("fact", Sum(k, e), None),
    Row("fact", Sum(i, Y), None),  # over the examples nothing is known
    Row("fact", Sum(k, multiply(Y, e)), None),
    Row("fact", add(ref("Y", 1, 1), ref("Y", 1, 2)), ONE, WRITTEN_OUT),
    Row("fact", add(ref("Y", 1, 1), ref("Y", 2, 2)), None, WRITTEN_OUT),
    Row(
        "gather",
        add(multiply(a_(1), ref("Y", 1, 1)), y_(1), multiply(a_(1), ref("Y", 1, 2))),
        add(multiply(a_(1), Add((ref("Y", 1, 1), ref("Y", 1, 2)))), y_(1)),
        WRITTEN_OUT,
    ),
    Row(
        "gather",
        add(multiply(a_(1), ref("Y", 1, 1)), multiply(a_(2), ref("Y", 1, 2))),
        None,  # the other factors differ
        WRITTEN_OUT,
    ),
    Row("gather", add(ref("Y", 1, 1), ref("Y", 1, 2)), None, WRITTEN_OUT),  # nothing to gather
    # Numbers first, free letters as they are declared, then those of sums.
    Row("symmetry", ref("M", q, j), ref("M", j, q)),
    Row("symmetry", ref("M", 2, 1), ref("M", 1, 2), WRITTEN_OUT),
    Row("symmetry", inverse_of("M", q, j), inverse_of("M", j, q)),
    Row("symmetry", ref("M", j, q), None),
    Row("symmetry", ref("M", j, j), None),
    Row("symmetry", ref("Y", i, k), None),
    Row("symmetry", D(ref("M", q, j), ref("M", j, q)), None),  # varied one by one
    Row(
        "multiply out",
        add(
            negate(multiply(ref("Y", 1, 1), minus(ONE, a_(1)))),
            multiply(ref("Y", 1, 2), a_(1)),
        ),
        add(
            negate(ref("Y", 1, 1)),
            multiply(ref("Y", 1, 1), a_(1)),
            multiply(ref("Y", 1, 2), a_(1)),
        ),
        WRITTEN_OUT,
    ),
    Row("multiply out", multiply(y_(1), minus(ONE, a_(1))), None, WRITTEN_OUT),
    Row(
        "multiply out",
        add(multiply(y_(1), minus(ONE, a_(1))), y_(2)),
        None,  # no fact could be used afterwards
        WRITTEN_OUT,
    ),
]

ALGEBRA = [
    Row("definition read backwards", Apply("sigmoid", (z,)), a),
    Row("definition read backwards", Apply("sigmoid", (ref("z", 3),)), ref("a", 3)),
    Row("definition read backwards", multiply(exp(t), reciprocal(Sum(l, exp(ref("t", i, l))))), e),
    Row(
        "definition read backwards",
        multiply(Y, exp(t), reciprocal(Sum(l, exp(ref("t", i, l)))), a),
        multiply(Y, e, a),
    ),
    Row(
        # One of two equal denominators is used up.
        "definition read backwards",
        multiply(exp(t), exp(ref("t", i, r)), power(Sum(l, exp(ref("t", i, l))), -2)),
        multiply(e, exp(ref("t", i, r)), reciprocal(Sum(l, exp(ref("t", i, l))))),
    ),
    Row("definition read backwards", Apply("sigmoid", (y,)), None),
    Row("definition read backwards", multiply(exp(t), a), None),
    Row("multiply numbers", Product((half, two)), ONE),
    Row("multiply numbers", Product((half, a, two)), a),
    Row("multiply numbers", Product((three, a, number(-2))), multiply(number(-6), a)),
    Row("multiply numbers", Product((half, mean, three)), multiply(number(3, 2), mean)),
    Row("multiply numbers", multiply(two, mean), None),  # a size stays apart
    Row("multiply numbers", Product((number(-1), two, a)), None),  # a sign is not a number
    Row("add numbers", Add((ONE, a, ONE)), add(two, a)),
    Row("add numbers", Add((a, ONE, number(-1))), a),
    Row("add numbers", Add((ONE, number(-1))), ZERO),
    Row("add numbers", add(ONE, a), None),
    Row("add numbers", multiply(two, a), None),
    Row("power of a number", Power(number(-3), two), number(9)),
    Row("power of a number", Power(ZERO, two), ZERO),
    Row("power of a number", Power(three, number(-1)), None),  # the 1/3 of a mean stays apart
    Row("power of a number", Power(two, number(10**9)), None),
    Row("power of a number", Power(a, two), None),
    Row("power of a number", Power(two, half), None),
    Row("signs", Product((a, number(-1), y)), Product((number(-1), a, y))),
    Row("signs", Product((number(-1), a, number(-1))), a),
    Row("signs", Product((a, two)), multiply(two, a)),
    Row("signs", negate(a), None),
    Row("signs", multiply(a, y), None),
    Row("cancel", Product((a, y, reciprocal(a))), y),
    Row("cancel", Product((a, reciprocal(a))), ONE),
    Row("cancel", Product((power(a, 3), power(a, -2))), a),
    Row("cancel", Product((a, power(a, -3))), power(a, -2)),
    Row(
        # Sums are equal whatever the name of their index is.
        "cancel",
        Product((Sum(k, e), reciprocal(Sum(l, ref("e", i, l))))),
        ONE,
    ),
    Row("cancel", Product((a, a)), None),
    Row("cancel", Product((a, reciprocal(y))), None),
    Row("cancel", Product((two, half)), None),  # numbers are multiplied
    Row(
        "multiply out and cancel",
        multiply(minus(multiply(y, reciprocal(a)), ONE), a),
        minus(y, a),
    ),
    Row("multiply out and cancel", multiply(minus(y, ONE), a), None),
    Row("multiply out and cancel", multiply(y, a), None),
    Row("collect", minus(add(a, y), a), y),
    Row(
        "collect", add(multiply(minus(ONE, y), a), negate(multiply(y, minus(ONE, a)))), minus(a, y)
    ),
    Row("collect", add(a, a), multiply(two, a)),
    Row("collect", minus(a, a), ZERO),
    Row("collect", minus(a, y), None),
    Row(
        # The terms of different examples stay apart: they are a sum.
        "collect",
        add(minus(a_(1), y_(1)), minus(a_(2), a_(1))),
        None,
        WRITTEN_OUT,
    ),
    Row("collect", a, None),
    Row(
        "cancel in a fraction",
        multiply(minus(ONE, power(a, 2)), reciprocal(minus(ONE, a))),
        add(ONE, a),
    ),
    Row(
        "cancel in a fraction",
        multiply(minus(ONE, power(a, 2)), reciprocal(minus(ONE, y))),
        None,
    ),
    Row("cancel in a fraction", multiply(minus(ONE, a), y), None),
    Row("cancel in a fraction", reciprocal(minus(ONE, a)), None),
    # Nothing cancels, there is but one denominator, or what comes out is longer.
    Row("common denominator", add(multiply(y, reciprocal(a)), reciprocal(minus(ONE, a))), None),
    Row("common denominator", add(multiply(y, reciprocal(a)), multiply(x, reciprocal(a))), None),
    Row("common denominator", add(multiply(add(x, y), reciprocal(add(x, a))), z, number(-1)), None),
    Row("common denominator", a, None),
    Row("take the sign inside", Product((number(-1), minus(y, a))), add(negate(y), a)),
    Row("take the sign inside", Product((number(-2), minus(y, a))), None),
    Row("take the sign inside", Product((number(-1), minus(y, a), x)), None),
    Row("remove parentheses", Add((a, minus(y, z))), Add((a, y, negate(z)))),
    Row("remove parentheses", Add((minus(a, y), minus(z, y))), None),  # a sum over examples
    Row("remove parentheses", minus(a, y), None),
    Row("factor out", add(multiply(two, a), multiply(two, y)), multiply(two, add(a, y))),
    Row("factor out", add(multiply(a, z), multiply(y, z)), multiply(z, add(a, y))),
    Row(
        "factor out",
        add(multiply(x, power(a, 3)), multiply(y, power(a, 2))),
        multiply(power(a, 2), add(multiply(x, a), y)),
    ),
    Row(
        "factor out",
        add(multiply(three, power(a_(1), 3)), multiply(three, power(a_(2), 3))),
        multiply(three, add(power(a_(1), 3), power(a_(2), 3))),
        WRITTEN_OUT,
    ),
    Row(
        # Out of a sum over the examples come constants alone.
        "factor out",
        add(multiply(w, a_(1)), multiply(w, a_(2))),
        None,
        WRITTEN_OUT,
    ),
    Row(
        "factor out",
        Add((multiply(two, minus(a_(1), y_(1))), multiply(two, minus(a_(2), y_(2))))),
        multiply(two, Add((minus(a_(1), y_(1)), minus(a_(2), y_(2))))),
        WRITTEN_OUT,
    ),
    Row("factor out", add(multiply(two, a), multiply(three, y)), None),
    Row("factor out", add(multiply(two, a), multiply(number(-2), y)), multiply(two, minus(a, y))),
    Row(
        "factor out",
        add(multiply(number(-2), a, z), multiply(number(-2), a, y)),
        multiply(number(-2), a, add(z, y)),
    ),
    Row("factor out", minus(negate(a), y), None),  # a sign alone is no factor
    Row("factor out", multiply(two, a), None),
    Row("equal factors", Product((a, a)), power(a, 2)),
    Row("equal factors", Product((a, power(a, 2), y)), multiply(power(a, 3), y)),
    Row("equal factors", Product((a, reciprocal(a))), None),  # that is cancelling
    Row("equal factors", Product((two, two)), None),
    Row("equal factors", multiply(a, y), None),
    Row(
        "common denominator",
        add(
            negate(multiply(y, reciprocal(a))),
            multiply(minus(ONE, y), reciprocal(minus(ONE, a))),
        ),
        multiply(minus(a, y), reciprocal(a), reciprocal(minus(ONE, a))),
    ),
    Row(
        "common denominator",
        minus(multiply(add(b, y), a, reciprocal(add(b, a))), y),
        multiply(minus(multiply(b, a), multiply(b, y)), reciprocal(add(b, a))),
    ),
    # Nothing cancels above the line, or there is none.
    Row("common denominator", minus(multiply(y, reciprocal(a)), multiply(z, reciprocal(b))), None),
    Row("common denominator", add(multiply(y, mean), multiply(a, mean)), None),
    Row("common denominator", multiply(y, reciprocal(a)), None),
    Row(
        "turn a difference",
        negate(Sum(p, multiply(ref("y", p), minus(ref("a", p), a)))),
        Sum(p, multiply(ref("y", p), minus(a, ref("a", p)))),
    ),
    Row(
        "turn a difference",
        Sum(p, negate(multiply(ref("y", p), minus(ref("a", p), a)))),
        Sum(p, multiply(ref("y", p), minus(a, ref("a", p)))),
    ),
    Row("turn a difference", Sum(p, multiply(ref("y", p), minus(ref("a", p), a))), None),
    Row("turn a difference", negate(Sum(p, minus(a, ref("a", p)))), None),
    Row("turn a difference", negate(Sum(p, minus(ref("a", p), y))), None),
    Row("order", add(negate(y), a), add(a, negate(y))),
    Row(
        "order",
        add(negate(multiply(y, reciprocal(a))), ONE),
        minus(ONE, multiply(y, reciprocal(a))),
    ),
    Row("order", Product((a, two)), Product((two, a))),
    Row("order", Product((a, lam, mean, two)), Product((two, mean, lam, a))),
    Row("order", Product((reciprocal(s), a)), Product((a, reciprocal(s)))),
    Row("order", multiply(a, y), None),
    Row("order", add(a, y), None),
    Row(
        # −y/a + (1 − y)/(1 − a) stays in the order of its two cases.
        "order",
        add(negate(multiply(y, reciprocal(a))), multiply(minus(ONE, y), reciprocal(minus(ONE, a)))),
        None,
    ),
]

#: The indices that folding makes: they count to a number.
i3, j2, k2 = Index("i", 3), Index("j", 2), Index("k", 2)

FOLDING = [
    Row("fold", add(a_(1), a_(2), a_(3)), Sum(i3, ref("a", i3)), WRITTEN_OUT),
    Row("fold", add(a_(3), a_(1), a_(2)), Sum(i3, ref("a", i3)), WRITTEN_OUT),
    Row("fold", add(a_(1), a_(2)), None, WRITTEN_OUT),  # an example is missing
    Row("fold", add(a_(1), a_(2), a_(2)), None, WRITTEN_OUT),  # one twice
    Row("fold", add(a_(1), a_(2), y_(3)), None, WRITTEN_OUT),  # another form
    Row(
        "fold",
        add(multiply(a_(1), y_(2)), multiply(a_(2), y_(3)), multiply(a_(3), y_(1))),
        None,
        WRITTEN_OUT,
    ),
    Row("fold", add(a_(1), a_(2), a_(3)), None),  # in the general case there is nothing written out
    Row("fold", a_(1), None, WRITTEN_OUT),
    Row(
        "fold",
        add(*(multiply(minus(a_(n), y_(n)), x_(n)) for n in (1, 2, 3))),
        Sum(i3, multiply(minus(ref("a", i3), ref("y", i3)), ref("x", i3, 1))),
        WRITTEN_OUT,
    ),
    Row(
        # A sign that all have comes out.
        "fold",
        add(*(negate(a_(n)) for n in (1, 2, 3))),
        negate(Sum(i3, ref("a", i3))),
        WRITTEN_OUT,
    ),
    Row(
        "fold",
        add(*(a_(n) for n in (1, 2, 3)), multiply(lam, ref("w", 1))),
        add(Sum(i3, ref("a", i3)), multiply(lam, ref("w", 1))),
        WRITTEN_OUT,
    ),
    Row(
        # The letter is that of the array.
        "fold",
        add(multiply(ref("w", 1), x_(1, 1)), multiply(ref("w", 2), x_(1, 2))),
        Sum(j2, multiply(ref("w", j2), ref("x", 1, j2))),
        WRITTEN_OUT,
    ),
    Row(
        # n = K = 2, but W_11 + W_22 is a sum over nothing: its numbers count different things.
        "fold",
        add(ref("W", 1, 1), ref("W", 2, 2)),
        None,
        WRITTEN_OUT,
    ),
    Row(
        "fold",
        add(ref("e", 1, 1), ref("e", 1, 2)),
        Sum(k2, ref("e", 1, k2)),
        WRITTEN_OUT,
    ),
]

TABLE = [*CALCULUS, *_function_rows(), *_matrix_rows(), *ABSTRACT, *SUMS, *ALGEBRA, *FOLDING]
FEWEST_ROWS = 3


@cache
def checker(written_out: bool) -> StepChecker:
    return StepChecker(PROBLEM, SIZES if written_out else None)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.rule}: {row.before}")
def test_table(row: Row) -> None:
    free = free_indices(row.before)
    rewrite = RULES[row.rule].apply(row.before, Context(row.scope, free, len(free)))
    if row.after is None:
        assert rewrite is None
        return
    assert rewrite is not None
    assert rewrite.after == row.after, f"{rewrite.after} instead of {row.after}"
    assert str(rewrite.reason)
    step = Step(row.rule, rewrite.reason, row.before, rewrite.after)
    check = checker(row.scope is WRITTEN_OUT).check(step)
    assert check.status == "passed", check.message


def test_every_rule_has_rows_that_apply_and_rows_that_do_not() -> None:
    for name in RULES:
        rows = [row for row in TABLE if row.rule == name]
        assert len(rows) >= FEWEST_ROWS, f"{name} has {len(rows)} rows in the table"
        assert any(row.after is not None for row in rows), f"no row shows {name} at work"
        assert any(row.after is None for row in rows), f"no row shows where {name} doesn't apply"
    assert {row.rule for row in TABLE} == set(RULES)


def test_a_name_is_registered_once() -> None:
    rules = list(RULES.values())
    assert by_name(rules) == RULES
    with pytest.raises(DeriveError, match="two rules called 'sum rule'"):
        by_name([*rules, replace(RULES["order"], name="sum rule")])


def test_rules_say_what_they_are() -> None:
    for name, rule in RULES.items():
        assert rule.name == name
        assert rule.law
        assert rule.meaning.endswith(".")
        assert rule.meaning[0].isupper()
        assert rule.detail in ("brief", "normal", "full")


# The step that cites a lemma ---------------------------------------------------------------------


def test_a_lemma_is_put_in_with_the_indices_of_the_place() -> None:
    prover = Prover(SCOPE)
    known = prover.lemma(ref("a", i), ref("z", i))
    claim = Sum(p, multiply(D(ref("a", p), ref("z", p)), ref("x", p, j)))
    first = prover.substituted(claim, known)[0]
    assert first.rule == "lemma"
    assert first.premises == (known.claim,)
    a_p = ref("a", p)
    assert first.after == Sum(p, multiply(a_p, minus(ONE, a_p), ref("x", p, j)))
    assert checker(False).check(first).status == "passed"


def test_a_lemma_about_another_derivative_is_not_put_in() -> None:
    prover = Prover(SCOPE)
    known = prover.lemma(ref("a", i), ref("z", i))
    claim = Sum(p, multiply(D(ref("d", p), ref("z", p)), ref("x", p, j)))
    assert prover.substituted(claim, known)[0].after == claim


def test_a_lemma_is_proved_once_and_cited_for_every_instance() -> None:
    prover = Prover(SCOPE)
    first = prover.lemma(ref("a", i), ref("z", i))
    assert prover.lemma(ref("a", p), ref("z", p)) is first
    assert prover.lemma(ref("a", 2), ref("z", 2)) is first
    assert len(prover.lemmas) == 1


# Laws --------------------------------------------------------------------------------------------


def test_laws_compile(tmp_path: Path) -> None:
    if shutil.which("pdflatex") is None:
        if os.environ.get("CI"):
            pytest.fail("pdflatex is needed to check the laws")
        pytest.skip("pdflatex is not installed")
    laws = "\n".join(f"\\[{rule.law}\\]" for rule in RULES.values())
    source = (
        "\\documentclass{article}\\usepackage{amsmath}\\begin{document}\n"
        f"{laws}\n\\end{{document}}\n"
    )
    (tmp_path / "laws.tex").write_text(source, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "laws.tex"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-2000:]


def test_prose_of_a_reason_prints() -> None:
    assert str(Prose(("put in ", a))) == "put in a_i"
