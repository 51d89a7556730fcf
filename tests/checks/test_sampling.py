"""Random data: in their domains, obeying the facts, the same for the same seed."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.errors import InputError
from derive.evaluation import EvaluationError
from derive.model import AbstractFunction, Definition, Domain, Fact, Problem, Quantity
from derive.sampling import distinct_sizes, points, sample, sample_functions
from derive.terms import ONE, Apply, Index, Number, Ref, Size, Sum, add, multiply, negate

i, k = Index("i", "m"), Index("k", "K")


def problem(domain: Domain, *facts: Fact) -> Problem:
    y = Quantity("y", (i, k), "data", "y", "y", "Y", "Y", domain=domain)
    return Problem("p", "P", (i, k), (y,), (), facts=facts)


SIZES = {"m": 3, "K": 4}
ROWS_SUM_TO_ONE = Fact(Sum(k, Ref("y", (i, k))), ONE, "rows sum to one")


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([False, True]))
def test_values_are_in_their_domains(seed: int, interior: bool) -> None:
    inside: dict[Domain, Callable[[Decimal], bool]] = {
        "real": lambda v: Decimal("0.1") < abs(v) < 2,
        "positive": lambda v: 0 < v < 2,
        "unit interval": lambda v: 0 < v < 1,
        "binary": lambda v: 0 < v < 1 if interior else v in (0, 1),
        "probabilities": lambda v: 0 < v < 1,
    }
    for domain, contains in inside.items():
        values = sample(problem(domain), SIZES, seed, interior=interior)["y"]
        assert sorted(values) == [(a, b) for a in range(1, 4) for b in range(1, 5)]
        assert all(contains(value) for value in values.values()), domain


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_probabilities_sum_to_exactly_one(seed: int) -> None:
    values = sample(problem("probabilities", ROWS_SUM_TO_ONE), SIZES, seed)["y"]
    for row in range(1, 4):
        assert sum(Fraction(values[row, column]) for column in range(1, 5)) == 1


def test_binary_values_are_both_there() -> None:
    for seed in range(50):
        assert set(sample(problem("binary"), {"m": 1, "K": 2}, seed)["y"].values()) == {0, 1}


@pytest.mark.parametrize("domain", ["real", "positive"])
@pytest.mark.parametrize("index", [i, k])
def test_linear_facts_are_met_by_scaling(domain: Domain, index: Index) -> None:
    seven = Number(Fraction(7, 3))
    fact = Fact(Sum(index, Ref("y", (i, k))), seven, "seven thirds")
    values = sample(problem(domain, fact), SIZES, 0)["y"]
    position = (i, k).index(index)
    for other in range(1, 4):
        group = [value for places, value in values.items() if places[1 - position] == other]
        assert float(sum(group)) == pytest.approx(7 / 3, rel=1e-20)


def test_a_fact_that_cannot_be_met_is_refused() -> None:
    square = Fact(multiply(Ref("y", (i, k)), Ref("y", (i, k))), Ref("y", (i, k)), "0 or 1")
    with pytest.raises(InputError, match="cannot sample data that obey the fact"):
        sample(problem("real", square), SIZES, 0)
    assert sample(problem("binary", square), SIZES, 0)


def test_the_same_seed_gives_the_same_values_and_another_seed_others() -> None:
    assert sample(problem("real"), SIZES, 5) == sample(problem("real"), SIZES, 5)
    assert sample(problem("real"), SIZES, 5) != sample(problem("real"), SIZES, 6)


def test_sizes_differ_from_each_other_and_from_the_numbers_of_the_problem() -> None:
    three = Number(Fraction(1, 3))
    definition = Definition("J", (), multiply(three, Size("m"), Size("K")))
    sizes = distinct_sizes(Problem("p", "P", (i, k), (), (definition,)))
    assert len(set(sizes.values())) == 2
    assert not {1, 2, 3} & set(sizes.values())


def functions(seed: int) -> dict[str, object]:
    both = (AbstractFunction("g", 1, "g", "g"), AbstractFunction("L", 2, "L", "L"))
    return dict(sample_functions(Problem("p", "P", (), (), (), functions=both), seed))


def test_concrete_functions_are_repeatable_and_all_different() -> None:
    def values(seed: int) -> list[Decimal]:
        arguments = (Decimal("0.3"), Decimal("-0.7"))
        return [function(arguments) for function in functions(seed).values()]  # type: ignore[operator]

    assert values(1) == values(1)
    assert len({*values(1), *values(2)}) == 4


def test_concrete_functions_tell_their_arguments_apart() -> None:
    loss = sample_functions(
        Problem("p", "P", (), (), (), functions=(AbstractFunction("L", 2, "L", "L"),)), 0
    )["L"]
    one, two = Decimal("0.3"), Decimal("-0.7")
    assert loss((one, two)) != loss((two, one))
    assert loss.coefficients(2) == loss.coefficients(5)[:2]


def test_a_concrete_function_is_the_same_in_sympy() -> None:
    import sympy

    loss = sample_functions(
        Problem("p", "P", (), (), (), functions=(AbstractFunction("L", 2, "L", "L"),)), 0
    )["L"]
    u, v = sympy.symbols("u v")
    theirs = loss.in_sympy((u, v)).evalf(
        25, subs={u: sympy.Rational(3, 10), v: sympy.Rational(-7, 10)}
    )
    assert float(theirs) == pytest.approx(float(loss((Decimal("0.3"), Decimal("-0.7")))), rel=1e-14)


def test_points_where_a_definition_has_no_value_are_drawn_again() -> None:
    x = Quantity("x", (i,), "data", "x", "x", "x", "x")
    f = Quantity("f", (i,), "definition", "f", "f", "f", "f")
    body = Apply("ln", (Ref("x", (i,)),))
    logarithm = Problem("p", "P", (i,), (x, f), (Definition("f", (i,), body),))
    for point in points(logarithm, {"m": 2}, 0, 3):
        assert all(point.value(Ref("x", (row,))) > 0 for row in (1, 2))
    nowhere = Apply("ln", (negate(multiply(Ref("x", (i,)), Ref("x", (i,)))),))
    impossible = Problem("p", "P", (i,), (x, f), (Definition("f", (i,), add(nowhere)),))
    with pytest.raises(EvaluationError, match="ln"):
        list(points(impossible, {"m": 2}, 0, 1))
