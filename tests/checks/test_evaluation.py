"""The meaning of terms: values against numbers and formulas written out by hand."""

from __future__ import annotations

import decimal
import math
from decimal import Decimal
from fractions import Fraction

import pytest

from derive.errors import InputError
from derive.evaluation import EvaluationError, Evaluator
from derive.model import AbstractFunction, Definition, Problem, Quantity
from derive.terms import (
    ONE,
    Apply,
    Delta,
    Derivative,
    Family,
    Index,
    Number,
    Power,
    Ref,
    Size,
    Sum,
    Term,
    add,
    multiply,
    negate,
    power,
    reciprocal,
)

i, p, j, k = Index("i", "m"), Index("p", "m"), Index("j", "n"), Index("k", "K")
M, N, K = 3, 2, 4


def quantity(name: str, *indices: Index, role: str = "data") -> Quantity:
    return Quantity(name, indices, role, name, name, name, name)  # type: ignore[arg-type]


def half() -> Number:
    return Number(Fraction(1, 2))


LOGISTIC = Problem(
    name="logistic",
    title="Logistic",
    indices=(i, j, p),
    quantities=(
        quantity("x", i, j),
        quantity("y", i),
        quantity("w", j, role="parameter"),
        quantity("b", role="parameter"),
        quantity("z", i, role="definition"),
        quantity("a", i, role="definition"),
        quantity("L", i, role="definition"),
        quantity("J", role="definition"),
    ),
    definitions=(
        Definition("z", (i,), add(Sum(j, multiply(Ref("w", (j,)), Ref("x", (i, j)))), Ref("b"))),
        Definition("a", (i,), Apply("sigmoid", (Ref("z", (i,)),))),
        Definition(
            "L",
            (i,),
            negate(
                add(
                    multiply(Ref("y", (i,)), Apply("ln", (Ref("a", (i,)),))),
                    multiply(
                        add(ONE, negate(Ref("y", (i,)))),
                        Apply("ln", (add(ONE, negate(Ref("a", (i,)))),)),
                    ),
                )
            ),
        ),
        Definition("J", (), multiply(reciprocal(Size("m")), Sum(i, Ref("L", (i,))))),
    ),
)
X = [[0.5, -1.25], [1.5, 0.75], [-0.25, 2.0]]
Y = [0.25, 0.75, 0.5]
W = [0.5, -0.75]
B = 0.125
POINT = {"x": X, "y": Y, "w": W, "b": B}


def logistic() -> Evaluator:
    return Evaluator(LOGISTIC, {"m": M, "n": N}, POINT)


def z_of(row: int) -> float:
    return sum(w * x for w, x in zip(W, X[row], strict=True)) + B


def a_of(row: int) -> float:
    return 1 / (1 + math.exp(-z_of(row)))


def loss_of(row: int) -> float:
    return -(Y[row] * math.log(a_of(row)) + (1 - Y[row]) * math.log(1 - a_of(row)))


def test_definitions_are_evaluated_through_their_bodies() -> None:
    evaluator = logistic()
    for row in range(M):
        assert float(evaluator.value(Ref("z", (i,)), {i: row + 1})) == pytest.approx(z_of(row))
        assert float(evaluator.value(Ref("a", (row + 1,)))) == pytest.approx(a_of(row))
        assert float(evaluator.value(Ref("L", (row + 1,)))) == pytest.approx(loss_of(row))
    mean = sum(loss_of(row) for row in range(M)) / M
    assert float(evaluator.value(Ref("J"))) == pytest.approx(mean)


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        (Number(Fraction(1, 3)), 1 / 3),
        (Size("m"), 3),
        (power(Size("m"), -1), 1 / 3),
        (power(Ref("b"), 2), 0.015625),
        (power(Ref("b"), -3), 512),
        (power(Ref("b"), Fraction(1, 2)), math.sqrt(0.125)),
        (power(Ref("b"), Fraction(-1, 3)), 2.0),
        (Power(Number(Fraction(2)), Ref("b")), 2**0.125),
        (Apply("tanh", (Ref("b"),)), math.tanh(0.125)),
        (Apply("tanh", (Ref("b"),), (0,)), math.tanh(0.125)),
        (Apply("tanh", (Ref("b"),), (1,)), 1 - math.tanh(0.125) ** 2),
        (Apply("exp", (Ref("b"),), (2,)), math.exp(0.125)),
        (Delta(1, 1), 1),
        (Delta(1, 2), 0),
        (Sum(i, Sum(p, Delta(i, p))), 3),
        (Sum(Index("i", 2), Ref("y", (Index("i", 2),))), 1.0),
        (Sum(i, multiply(Ref("y", (i,)), Sum(i, Ref("y", (i,))))), 2.25),
        (Ref("x", (3, 2)), 2.0),
    ],
    ids=str,
)
def test_values(term: Term, expected: float) -> None:
    assert float(logistic().value(term)) == pytest.approx(expected, rel=1e-14)


def rows_where(row: int, other: int, value: float) -> float:
    return value if row == other else 0.0


@pytest.mark.parametrize("row", range(M))
@pytest.mark.parametrize("other", range(M))
def test_derivatives_of_stages(row: int, other: int) -> None:
    evaluator = logistic()
    a, y = a_of(row), Y[row]

    def value(of: Ref, by: Ref) -> float:
        return float(evaluator.value(Derivative(of, by), {i: row + 1, p: other + 1}))

    table = [
        ("L", "a", -y / a + (1 - y) / (1 - a)),
        ("a", "z", a * (1 - a)),
        ("L", "z", a - y),
        ("z", "z", 1.0),
        ("z", "a", 0.0),
    ]
    for of, by, expected in table:
        found = value(Ref(of, (i,)), Ref(by, (p,)))
        assert found == pytest.approx(rows_where(row, other, expected), abs=1e-14), (of, by)


def test_total_derivatives_of_the_cost() -> None:
    evaluator = logistic()
    for column in range(N):
        expected = sum((a_of(row) - Y[row]) * X[row][column] for row in range(M)) / M
        found = evaluator.value(Derivative(Ref("J"), Ref("w", (j,))), {j: column + 1})
        assert float(found) == pytest.approx(expected, rel=1e-13)
    by_stage = evaluator.value(Derivative(Ref("J"), Ref("z", (2,))))
    assert float(by_stage) == pytest.approx((a_of(1) - Y[1]) / M)


def test_derivatives_are_accurate_to_far_more_than_floats() -> None:
    evaluator = logistic()
    a, y = Ref("a", (1,)), Ref("y", (1,))
    exact = evaluator.value(add(a, negate(y)))
    found = evaluator.value(Derivative(Ref("L", (1,)), Ref("z", (1,))))
    assert abs(found - exact) < Decimal("1e-30")


def test_nested_derivatives_keep_their_accuracy() -> None:
    evaluator = logistic()
    a, z = Ref("a", (1,)), Ref("z", (1,))
    first = Derivative(a, z)
    slope = multiply(a, add(ONE, negate(a)))
    curvature = multiply(slope, add(ONE, negate(multiply(Number(Fraction(2)), a))))
    for found, expected in [(first, slope), (Derivative(first, z), curvature)]:
        difference = evaluator.value(add(found, negate(expected)))
        assert abs(difference) < Decimal("1e-28")


def test_a_stage_that_is_differentiated_by_is_cut_from_its_definition() -> None:
    # ∂²L/∂w∂a: with a held, w has no way to the loss.
    evaluator = logistic()
    mixed = Derivative(Derivative(Ref("L", (1,)), Ref("w", (1,))), Ref("a", (1,)))
    assert evaluator.value(mixed) == 0


def test_a_derivative_leaves_no_traces() -> None:
    evaluator = logistic()
    before = evaluator.value(Ref("J"))
    evaluator.value(Derivative(Ref("J"), Ref("z", (2,))))
    assert evaluator.value(Ref("J")) == before
    assert evaluator.value(Derivative(Ref("J"), Ref("w", (1,)))) == logistic().value(
        Derivative(Ref("J"), Ref("w", (1,)))
    )


def softmax() -> Evaluator:
    exponentials = Apply("exp", (Ref("z", (k,)),))
    problem = Problem(
        "softmax",
        "Softmax",
        (k,),
        (quantity("z", k), quantity("p", k, role="definition")),
        (Definition("p", (k,), multiply(exponentials, reciprocal(Sum(k, exponentials)))),),
    )
    return Evaluator(problem, {"K": K}, {"z": [0.5, -1.0, 0.25, 2.0]})


def test_softmax_derivatives() -> None:
    evaluator = softmax()
    other = Index("l", "K")
    found = evaluator.table(Derivative(Ref("p", (k,)), Ref("z", (other,))), (k, other))
    weights = [math.exp(z) for z in (0.5, -1.0, 0.25, 2.0)]
    shares = [weight / sum(weights) for weight in weights]
    for (row, column), value in found.items():
        own, others = shares[row - 1], shares[column - 1]
        assert float(value) == pytest.approx(own * ((row == column) - others), abs=1e-14)


def abstract(function: str, body: Term) -> Evaluator:
    problem = Problem(
        "abstract",
        "Abstract",
        (k,),
        (quantity("a", k), quantity("y", k), quantity("L", role="definition")),
        (Definition("L", (), body),),
        functions=(AbstractFunction(function, 2, function, function),),
    )

    def weighted(arguments: tuple[Decimal, ...]) -> Decimal:
        return sum((place * u * u for place, u in enumerate(arguments, start=1)), Decimal(0))

    values = {"a": [1, 2, 3, 4], "y": [5, 6, 7, 8]}
    return Evaluator(problem, {"K": K}, values, {function: weighted})


def test_abstract_functions_get_families_laid_out_flat() -> None:
    body = Apply("f", (Family(k, Ref("a", (k,))), Family(k, Ref("y", (k,)))))
    evaluator = abstract("f", body)
    assert evaluator.value(Ref("L")) == sum(
        place * u * u for place, u in enumerate(range(1, 9), start=1)
    )
    derivative = evaluator.value(Derivative(Ref("L"), Ref("y", (k,))), {k: 2})
    assert float(derivative) == pytest.approx(2 * 6 * 6)


def test_partial_derivatives_of_abstract_functions() -> None:
    body = Apply("f", (Ref("a", (2,)), Ref("y", (1,))))
    evaluator = abstract("f", body)
    by_second = Apply("f", body.arguments, (0, 1))
    assert float(evaluator.value(by_second)) == pytest.approx(2 * 2 * 5)
    assert float(evaluator.value(Apply("f", body.arguments, (2, 0)))) == pytest.approx(2)


@pytest.mark.parametrize(
    ("term", "error", "words"),
    [
        (reciprocal(add(Ref("b"), negate(Ref("b")))), EvaluationError, "b"),
        (Apply("ln", (negate(Ref("b")),)), EvaluationError, "ln"),
        (power(negate(Ref("b")), Fraction(1, 2)), EvaluationError, "b"),
        (Ref("x", (4, 1)), InputError, "runs from 1 to 3"),
        (Ref("z", (4,)), InputError, "runs from 1 to 3"),
        (Ref("x", (1,)), InputError, "indices"),
        (Ref("q"), InputError, "q"),
        (Ref("z", (i,)), InputError, "no value"),
        (Delta(i, p), InputError, "no value"),
        (Size("Q"), InputError, "Q"),
        (Apply("foo", (Ref("b"),)), InputError, "foo"),
        (Family(i, Ref("y", (i,))), EvaluationError, "not a number"),
    ],
    ids=str,
)
def test_errors_name_the_culprit(term: Term, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        logistic().value(term)


def test_missing_values_are_named() -> None:
    evaluator = Evaluator(LOGISTIC, {"m": M, "n": N}, {"x": X, "w": W, "b": B})
    with pytest.raises(InputError, match="y"):
        evaluator.value(Ref("L", (1,)))


def test_an_index_of_an_earlier_term_is_not_remembered() -> None:
    evaluator = logistic()
    evaluator.value(Ref("z", (i,)), {i: 2})
    with pytest.raises(InputError, match="no value"):
        evaluator.value(Ref("z", (i,)))


def test_the_surrounding_decimal_context_does_not_matter() -> None:
    with decimal.localcontext() as context:
        context.prec = 5
        coarse = logistic().value(Ref("J"))
    assert coarse == logistic().value(Ref("J"))


def test_points_share_their_compiled_terms_but_not_their_values() -> None:
    first = logistic()
    second = first.at({**POINT, "b": 1})
    assert first.value(Ref("z", (1,))) - second.value(Ref("z", (1,))) == Decimal("-0.875")
