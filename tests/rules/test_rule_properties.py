"""Over random terms: a rule keeps the value and the free indices; simplification ends."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from functools import cache

import pytest
from ground import PROBLEM, SCOPE, SIZES, WRITTEN_OUT, i, j, k, l, number, p, q, r, ref
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from test_rule_table import TABLE

from derive.backpropagation import _SIMPLIFICATION, Proof
from derive.checks.steps import StepChecker
from derive.dependency import Scope
from derive.functions import FUNCTIONS, ScalarFunction, kinks
from derive.rules import (
    CALCULUS,
    CHAIN_RULE,
    DEFINITION,
    FOLD,
    INDEPENDENCE,
    RULES,
    apply_everywhere,
)
from derive.sampling import points
from derive.terms import (
    Add,
    Apply,
    Delta,
    Derivative,
    Index,
    Product,
    Ref,
    Size,
    Sum,
    Term,
    add,
    bound_indices,
    children,
    factors_of,
    free_indices,
    key,
    map_children,
    multiply,
    negate,
    power,
    reciprocal,
    substitute,
    walk,
)

LETTERS = {"m": (i, p), "n": (j, q), "K": (k, l, r)}
SHAPES = {"w": "n", "x": "mn", "b": "", "z": "m", "a": "m", "y": "m", "s": "", "lambda_": "",
          "d": "m", "Q": "m", "Y": "mK", "e": "mK", "t": "mK", "h": "m", "W": "Kn",
          "M": "nn"}  # fmt: skip
VARIABLES = ("w", "b", "z", "a", "W", "t", "s")

POLITE = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def places(shape: str, written_out: bool) -> st.SearchStrategy[tuple[Index | int, ...]]:
    return st.tuples(
        *(
            st.integers(1, SIZES[size]) if written_out else st.sampled_from(LETTERS[size])
            for size in shape
        )
    )


def references(names: tuple[str, ...], written_out: bool) -> st.SearchStrategy[Term]:
    return st.sampled_from(names).flatmap(
        lambda name: places(SHAPES[name], written_out).map(lambda at: ref(name, *at))
    )


def leaves(written_out: bool) -> st.SearchStrategy[Term]:
    numbers = st.sampled_from([number(-1), number(2), number(-3), number(1, 2), number(1)])
    named = references(tuple(SHAPES), written_out)
    choices = [named, named, numbers, st.just(Size("m")), st.just(reciprocal(Size("m")))]
    if not written_out:
        choices.append(
            st.sampled_from("mnK").flatmap(
                lambda size: st.tuples(*2 * [st.sampled_from(LETTERS[size])]).map(
                    lambda pair: Delta(*pair)
                )
            )
        )
    return st.one_of(choices)


def bigger(inner: st.SearchStrategy[Term], written_out: bool) -> st.SearchStrategy[Term]:
    several = st.lists(inner, min_size=2, max_size=3)
    # Never below zero, and not far from 1: a term of the random kind has a value everywhere.
    above = st.sampled_from([ref("s"), ref("lambda_"), Apply("exp", (ref("b"),))])
    choices = [
        several.map(lambda parts: add(*parts)),
        several.map(lambda parts: Add(tuple(parts))),
        several.map(lambda parts: multiply(*parts)),
        several.map(lambda parts: Product(tuple(parts))),
        inner.map(negate),
        inner.map(lambda term: power(term, 2)),
        st.tuples(inner, above).map(lambda pair: multiply(pair[0], reciprocal(pair[1]))),
        st.tuples(above, inner).map(lambda pair: multiply(pair[0], pair[1], reciprocal(pair[0]))),
        inner.map(lambda term: Apply("tanh", (term,))),
        references(("z", "d", "y"), written_out).map(lambda term: Apply("sigmoid", (term,))),
        references(("z",), written_out).map(lambda term: Apply("g", (term,))),
    ]
    if not written_out:
        letters = st.sampled_from([letter for group in LETTERS.values() for letter in group])
        choices.append(st.tuples(letters, inner).map(summed))
        choices.append(st.tuples(letters, inner).map(summed))
    return st.one_of(choices)


def summed(pair: tuple[Index, Term]) -> Term:
    """A sum, unless its letter is that of a sum inside."""
    index, body = pair
    return body if index in bound_indices(body) else Sum(index, body)


def terms(written_out: bool = False, leaves_at_most: int = 6) -> st.SearchStrategy[Term]:
    return st.recursive(
        leaves(written_out), lambda inner: bigger(inner, written_out), max_leaves=leaves_at_most
    )


def derivatives(written_out: bool) -> st.SearchStrategy[Term]:
    def made(pair: tuple[Term, Term]) -> Term:
        of, by = pair
        assert isinstance(by, Ref)
        return Derivative(of, by)

    return st.tuples(terms(written_out, 4), references(VARIABLES, written_out)).map(made)


@cache
def checker(written_out: bool) -> StepChecker:
    return StepChecker(PROBLEM, SIZES if written_out else {"m": 3, "n": 2, "K": 2}, count=1)


def scope_of(written_out: bool) -> Scope:
    return WRITTEN_OUT if written_out else SCOPE


def unambiguous(term: Term) -> bool:
    """No letter is free at one place and bound at another."""
    return not set(free_indices(term)) & set(bound_indices(term))


def assert_kept(rule: str, before: Term, written_out: bool) -> bool:
    """The rule keeps value and free indices of the term, if it applies; whether it does."""
    step = apply_everywhere(RULES[rule], before, scope_of(written_out))
    if step is None:
        return False
    assert set(free_indices(step.after)) <= set(free_indices(before))
    assert step.places
    assert len(set(step.places)) == len(step.places)
    check = checker(written_out).check(step)
    assert check.status != "failed", check.message
    return check.status == "passed"


DIFFERENTIATION = tuple(rule.name for rule in (DEFINITION, CHAIN_RULE, INDEPENDENCE, *CALCULUS))
REWRITING = tuple(name for name in RULES if name not in DIFFERENTIATION)


# Each rule where it is known to apply, with other letters, in random surroundings ----------------

#: Whether S_ba becomes S_ab hangs on the letters and on what binds them; numbers have one order.
BY_ORDER = ("symmetry",)
AT_WORK = {
    name: tuple(
        row
        for row in TABLE
        if row.rule == name
        and row.after is not None
        and (name not in BY_ORDER or row.scope is WRITTEN_OUT)
    )
    for name in RULES
}


def with_other_letters(term: Term, source: random.Random) -> Term:
    """The term with the letters of its free indices exchanged among those of the same range."""
    values: dict[Index, Index | int] = {}
    for group in LETTERS.values():
        values.update(zip(group, source.sample(group, len(group)), strict=True))
    return substitute(term, values, PROBLEM.indices)


def surrounded(term: Term, source: random.Random, written_out: bool) -> Term:
    """The term somewhere inside a random larger one."""
    names = ("b", "s", "lambda_", "a", "y", "d", "x")

    def leaf() -> Term:
        name = source.choice(names)
        at = [
            source.randint(1, SIZES[size]) if written_out else source.choice(LETTERS[size])
            for size in SHAPES[name]
        ]
        return ref(name, *at)

    for _ in range(source.randint(0, 3)):
        open_indices = [each for each in free_indices(term) if each not in bound_indices(term)]
        match source.randint(0, 7):
            case 0:
                term = add(leaf(), term)
            case 1:
                term = Add((term, negate(leaf())))
            case 2:
                term = multiply(leaf(), term, number(2))
            case 3:
                term = multiply(term, reciprocal(ref("s")))
            case 4:
                term = power(term, 2)
            case 5:
                term = Apply("tanh", (term,))
            case 6:
                term = negate(term)
            case _ if open_indices and not written_out:
                term = Sum(source.choice(open_indices), term)
    return term


@pytest.mark.parametrize("rule", RULES)
@given(seed=st.integers(0, 10**6))
@settings(POLITE, max_examples=8)
def test_a_rule_keeps_the_value_in_any_surroundings(rule: str, seed: int) -> None:
    source = random.Random(f"{rule} {seed}")
    row = source.choice(AT_WORK[rule])
    written_out = row.scope is WRITTEN_OUT
    inside = row.before if written_out else with_other_letters(row.before, source)
    term = surrounded(inside, source, written_out)
    assume(unambiguous(term))
    if not any(each is inside or each == inside for each in walk(term)):
        assume(False)  # flattened into its surroundings: a + (b + c)
    step = apply_everywhere(RULES[rule], term, row.scope)
    assert step is not None
    assert_kept(rule, term, written_out)


def beside_a_kink(term: Apply) -> bool:
    """Whether a kink of the function is at or near one of the points of the checks."""
    return any(
        abs(value) < Decimal("1e-5")
        for point in points(PROBLEM, SIZES, seed=0, count=4)
        for kink in kinks(term)
        for value in point.table(kink, free_indices(kink)).values()
    )


@pytest.mark.parametrize(
    "function",
    [function for function in FUNCTIONS.values() if function.arity],
    ids=lambda function: function.name,
)
@given(argument=terms(leaves_at_most=4), by=references(VARIABLES, written_out=False))
@settings(POLITE, max_examples=6)
def test_the_derivative_of_a_function_of_anything(
    function: ScalarFunction, argument: Term, by: Term
) -> None:
    assume(unambiguous(argument))
    assert isinstance(by, Ref)
    if function.positive is not None:
        argument = add(ref("s"), power(argument, 2))
    given_ones = [number(2)] * function.arity
    given_ones[1 if function.name == "polygamma" else 0] = argument
    applied = Apply(function.name, tuple(given_ones))
    term = Derivative(applied, by)
    assume(unambiguous(term))
    assume(not beside_a_kink(applied))
    assert apply_everywhere(RULES[f"derivative of {function.text}"], term, SCOPE) is not None
    assert_kept(f"derivative of {function.text}", term, written_out=False)


# Every rule on any term --------------------------------------------------------------------------


@given(data=st.data(), written_out=st.booleans())
@settings(POLITE, max_examples=40)
def test_rules_of_differentiation_keep_the_value(written_out: bool, data: st.DataObject) -> None:
    term = data.draw(derivatives(written_out))
    assume(unambiguous(term))
    for name in DIFFERENTIATION:
        assert_kept(name, term, written_out)


@given(data=st.data(), written_out=st.booleans())
@settings(POLITE, max_examples=40)
def test_rules_of_rewriting_keep_the_value(written_out: bool, data: st.DataObject) -> None:
    term = data.draw(terms(written_out, 8))
    assume(unambiguous(term))
    for name in REWRITING:
        assert_kept(name, term, written_out)


@given(
    index=st.sampled_from([k, l, r]), body=terms(leaves_at_most=4), at=st.sampled_from([k, l, r])
)
@settings(POLITE, max_examples=25)
def test_sums_with_a_kronecker_delta_keep_the_value(index: Index, body: Term, at: Index) -> None:
    assume(index != at)
    assume(index not in bound_indices(body))
    term = Sum(index, multiply(body, Delta(index, at)))
    applied = False
    for name in ("Kronecker delta", "multiply out under Σ", "split the sum"):
        applied = assert_kept(name, term, written_out=False) or applied
    assert applied


@given(data=st.data(), written_out=st.booleans())
@settings(POLITE, max_examples=30)
def test_simplification_ends_and_each_of_its_steps_keeps_the_value(
    data: st.DataObject, written_out: bool
) -> None:
    term = data.draw(terms(written_out, 8))
    assume(unambiguous(term))
    proof = Proof(term, scope_of(written_out))
    proof.exhaust(_SIMPLIFICATION)  # raises an error after some hundred steps
    for step in proof.steps:
        check = checker(written_out).check(step)
        assert check.status != "failed", check.message
    again = Proof(proof.term, scope_of(written_out))
    again.exhaust(_SIMPLIFICATION)
    assert again.steps == []


# The order of addends and factors ----------------------------------------------------------------


def reordered(term: Term, seed: int) -> Term:
    """The same term with addends and factors in another order."""
    source = random.Random(f"order {seed}")

    def visit(part: Term) -> Term:
        part = map_children(part, visit)
        if isinstance(part, (Add, Product)):
            inside = list(children(part))
            source.shuffle(inside)
            return type(part)(tuple(inside))
        return part

    return visit(term)


def unordered(term: Term) -> object:
    """A value that is equal for terms that differ in the order of addends and factors alone."""

    def visit(part: Term) -> Term:
        part = map_children(part, visit)
        if isinstance(part, (Add, Product)):
            return type(part)(tuple(sorted(children(part), key=lambda each: repr(key(each)))))
        return part

    return key(visit(term))


def simplified(term: Term, scope: Scope) -> Term:
    proof = Proof(term, scope)
    proof.exhaust(_SIMPLIFICATION)
    return proof.term


ERROR = add(ref("a", i), negate(ref("y", i)))
ORDERLESS: dict[str, Term] = {
    "gradient": multiply(
        number(1, 2), reciprocal(Size("m")), number(2), Sum(i, multiply(ERROR, ref("x", i, j)))
    ),
    "delta": Sum(l, multiply(ref("Y", i, l), add(Delta(l, k), negate(ref("e", i, k))), number(-1))),
    "cross-entropy": multiply(
        add(
            negate(multiply(ref("y", i), reciprocal(ref("a", i)))),
            multiply(
                add(number(1), negate(ref("y", i))),
                reciprocal(add(number(1), negate(ref("a", i)))),
            ),
        ),
        ref("a", i),
        add(number(1), negate(ref("a", i))),
    ),
    "softmax": multiply(
        Apply("exp", (ref("t", i, k),)),
        reciprocal(Sum(l, Apply("exp", (ref("t", i, l),)))),
        ref("Y", i, k),
    ),
    "numbers": add(number(1), ref("w", j), number(3), negate(ref("w", j))),
}


@pytest.mark.parametrize("name", ORDERLESS)
@pytest.mark.parametrize("seed", range(6))
def test_the_simplest_form_does_not_depend_on_the_order(name: str, seed: int) -> None:
    term = ORDERLESS[name]
    other = reordered(term, seed)
    assert unordered(simplified(other, SCOPE)) == unordered(simplified(term, SCOPE))


@given(seed=st.integers(0, 10**6))
@settings(POLITE, max_examples=40)
def test_folding_does_not_depend_on_the_order(seed: int) -> None:
    """What is written out over the examples folds to the same sum, whatever the order was."""
    source = random.Random(f"fold {seed}")
    factors = source.choices([ERROR, ref("a", i), ref("x", i, 1), ref("y", i), number(2)], k=3)
    body = multiply(number(source.choice((1, -1))), ref("z", i), *factors)
    parts = [substitute(body, {i: n}) for n in range(1, SIZES["m"] + 1)]
    explicit = Add(tuple(parts))
    source.shuffle(parts)
    one = apply_everywhere(FOLD, explicit, WRITTEN_OUT)
    other = apply_everywhere(FOLD, Add(tuple(parts)), WRITTEN_OUT)
    assert one is not None
    assert other is not None
    assert key(one.after) == key(other.after)
    assert any(isinstance(factor, Sum) for factor in factors_of(one.after))
    assert checker(True).check(one).status == "passed"


# The properties can fail -------------------------------------------------------------------------


def wrong_constant(term: Term) -> Term:
    return multiply(number(2), term)


def dropped_factor(term: Term) -> Term:
    return multiply(*factors_of(term)[1:])


@pytest.mark.parametrize("spoil", [wrong_constant, dropped_factor])
def test_the_property_catches_a_wrong_rule(spoil: Callable[[Term], Term]) -> None:
    before = Derivative(multiply(ref("y", i), ref("z", i)), ref("z", i))
    step = apply_everywhere(RULES["constant factor"], before, SCOPE)
    assert step is not None
    assert checker(False).check(step).status == "passed"
    assert checker(False).check(replace(step, after=spoil(step.after))).status == "failed"
