"""The small case against SymPy alone: right gradients pass, planted errors don't."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest
import sympy

from derive.catalogue import load
from derive.checks.oracle import (
    _Composer,
    _OpaqueFunctions,
    _points,
    _Translator,
    check_small_case,
    differentiate,
    unrolled,
)
from derive.errors import InputError
from derive.model import Definition, Problem, Quantity
from derive.terms import (
    ONE,
    Apply,
    Derivative,
    Index,
    Number,
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

i, p, j = Index("i", "m"), Index("p", "m"), Index("j", "n")
k, l, h = Index("k", "K"), Index("l", "K"), Index("h", "H")
MEAN = reciprocal(Size("m"))


def ref(name: str, *indices: Index | int) -> Ref:
    return Ref(name, indices)


def minus(left: Term, right: Term) -> Term:
    return add(left, negate(right))


ERROR = minus(ref("a", i), ref("y", i))
P_MINUS_Y = minus(ref("p", i, k), ref("y", i, k))
OUTPUT = minus(ref("a2", i), ref("y", i))
HIDDEN = multiply(OUTPUT, ref("w2", h), minus(ONE, power(ref("a1", i, h), 2)))
BY_Z = Derivative(ref("L", i), ref("z", i))
BY_Z_PRIMES = multiply(
    Apply("L", (ref("a", i), ref("y", i)), (1, 0)), Apply("g", (ref("z", i),), (1,))
)


def mean(body: Term) -> Term:
    return multiply(MEAN, Sum(i, body))


RIGHT = [
    ("logistic_regression", "w", mean(multiply(ERROR, ref("x", i, j)))),
    ("logistic_regression", "b", mean(ERROR)),
    ("softmax_regression", "W", mean(multiply(P_MINUS_Y, ref("x", i, j)))),
    ("softmax_regression", "b", mean(P_MINUS_Y)),
    ("mlp", "W1", mean(multiply(HIDDEN, ref("x", i, j)))),
    ("mlp", "b2", mean(OUTPUT)),
    ("mean_loss", "W", mean(multiply(BY_Z, ref("x", i, j)))),
    ("mean_loss", "W", mean(multiply(BY_Z_PRIMES, ref("x", i, j)))),
    ("mean_loss", "b", mean(BY_Z)),
    (
        "layer",
        "b",
        mean(
            multiply(Derivative(ref("L", i), ref("a", i, k)), Apply("g", (ref("z", i, k),), (1,)))
        ),
    ),
]


@pytest.mark.parametrize(
    ("name", "wrt", "result"), RIGHT, ids=lambda v: v if isinstance(v, str) else ""
)
def test_right_gradients_pass(name: str, wrt: str, result: Term) -> None:
    checks = check_small_case(load(name), wrt, result)
    assert len(checks) == 4
    for count, check in enumerate(checks, start=1):
        assert check.status == "passed", check.message
        assert check.kind == "small case"
        assert f"m = {count}" in check.about
        assert check.residual is not None
        assert check.residual <= 1e-45


WRONG = {
    "missing 1/m": ("logistic_regression", "w", Sum(i, multiply(ERROR, ref("x", i, j)))),
    "doubled 1/m": ("logistic_regression", "b", multiply(MEAN, mean(ERROR))),
    "lost sign": ("logistic_regression", "b", mean(negate(ERROR))),
    "sum closed too early": (
        "logistic_regression",
        "w",
        multiply(MEAN, Sum(i, ERROR), Sum(i, ref("x", i, j))),
    ),
    "wrong component": ("logistic_regression", "w", mean(multiply(ERROR, ref("x", i, 1)))),
    "missing chain factor": ("mean_loss", "W", mean(BY_Z)),
    "missing g′": (
        "mean_loss",
        "b",
        mean(Apply("L", (ref("a", i), ref("y", i)), (1, 0))),
    ),
    "wrong argument": (
        "mean_loss",
        "b",
        mean(
            multiply(
                Apply("L", (ref("a", i), ref("y", i)), (0, 1)), Apply("g", (ref("z", i),), (1,))
            )
        ),
    ),
    "missing hidden slope": (
        "mlp",
        "W1",
        mean(multiply(OUTPUT, ref("w2", h), ref("x", i, j))),
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_planted_errors_are_caught(name: str) -> None:
    problem, wrt, result = WRONG[name]
    checks = check_small_case(load(problem), wrt, result)
    assert "failed" in [check.status for check in checks]
    # A slip about the sum over the examples can't be seen where there is one example.
    assert all(check.status == "failed" for check in checks[1:])
    message = checks[-1].message
    for part in (str(result), "m = 4", "SymPy", "values:", "seed: 0"):
        assert part in message


def test_a_fact_is_needed() -> None:
    softmax = load("softmax_regression").without_facts()
    closed = mean(P_MINUS_Y)
    kept = mean(minus(multiply(ref("p", i, k), Sum(l, ref("y", i, l))), ref("y", i, k)))
    assert {c.status for c in check_small_case(softmax, "b", closed)} == {"failed"}
    assert {c.status for c in check_small_case(softmax, "b", kept)} == {"passed"}


def test_what_cannot_be_translated_could_not_run() -> None:
    unknown = mean(ref("nothing", i))
    checks = check_small_case(load("logistic_regression"), "b", unknown)
    assert {check.status for check in checks} == {"could not run"}
    assert "nothing" in checks[0].message
    division = mean(reciprocal(minus(ref("a", i), ref("a", i))))
    checks = check_small_case(load("logistic_regression"), "b", division)
    assert {check.status for check in checks} == {"could not run"}


def test_a_cost_without_an_example_index() -> None:
    v = Quantity("v", (j,), "parameter", "v", "v", "v", "v")
    cost = Quantity("J", (), "definition", "J", "J", "J", "J")
    body = Sum(j, power(ref("v", j), 3))
    problem = Problem("p", "P", (j,), (v, cost), (Definition("J", (), body),))
    three = add(*(power(ref("v", j), 2) for _ in range(3)))
    (check,) = check_small_case(problem, "v", three)
    assert check.status == "passed"


def test_unrolled_is_in_plain_symbols() -> None:
    cost = unrolled(load("logistic_regression"), {"m": 2, "n": 2})
    names = {str(symbol) for symbol in cost.free_symbols}
    assert names == {"w_1", "w_2", "b", "y_1", "y_2", "x_1_1", "x_1_2", "x_2_1", "x_2_2"}


def test_abstract_functions_stay_undefined_unless_they_are_chosen() -> None:
    sizes = {"m": 1, "n": 1}
    undefined = unrolled(load("mean_loss"), sizes)
    z = sympy.Symbol("b") + sympy.Symbol("W_1") * sympy.Symbol("x_1_1")
    expected = sympy.Function("L")(sympy.Function("g")(z), sympy.Symbol("y_1"))
    assert undefined == expected
    chosen = unrolled(load("mean_loss"), sizes, function_seed=0)
    assert not chosen.atoms(sympy.core.function.AppliedUndef)
    assert chosen != unrolled(load("mean_loss"), sizes, function_seed=1)


def test_differentiating_by_a_stage_cuts_it_from_its_body() -> None:
    by_stage = differentiate(load("logistic_regression"), ref("L", 2), {"m": 3, "n": 1})
    assert by_stage == sympy.Rational(1, 3)
    by_slope = differentiate(load("logistic_regression"), ref("a", 1), {"m": 1, "n": 1})
    z = sympy.Symbol("b") + sympy.Symbol("w_1") * sympy.Symbol("x_1_1")
    a, y = 1 / (1 + sympy.exp(-z)), sympy.Symbol("y_1")
    assert sympy.simplify(by_slope - (-y / a + (1 - y) / (1 - a))) == 0


def test_symbols_with_clashing_names_are_kept_apart() -> None:
    x = Quantity("x", (j,), "data", "x", "x", "x", "x")
    x_1 = Quantity("x_1", (), "parameter", "x_1", "x_1", "x_1", "x_1")
    cost = Quantity("J", (), "definition", "J", "J", "J", "J")
    body = add(Sum(j, ref("x", j)), negate(ref("x_1")))
    problem = Problem("p", "P", (j,), (x, x_1, cost), (Definition("J", (), body),))
    assert len(unrolled(problem, {"n": 1}).free_symbols) == 2


def test_components_out_of_range_are_refused() -> None:
    with pytest.raises(InputError, match="out of its range"):
        differentiate(load("logistic_regression"), ref("w", 3), {"m": 1, "n": 2})


def test_a_square_root_of_a_square_and_its_derivative() -> None:
    """SymPy makes |u| and sign(u) of them, for its symbols are real."""
    w, x = Quantity("w", (), "parameter", "w", "w", "w", "w"), scalar_data()
    size = power(power(multiply(ref("w"), ref("x", i)), 2), Number(Fraction(1, 2)))
    right = Sum(i, multiply(ref("w"), power(ref("x", i), 2), power(size, -1)))
    wrong = Sum(i, multiply(ref("w"), ref("x", i), power(size, -1)))
    definitions = (Definition("J", (), Sum(i, size)),)
    problem = Problem("p", "P", (i,), (x, w, cost_quantity()), definitions, example_index=i)
    assert [c.status for c in check_small_case(problem, "w", right)] == ["passed"] * 4
    assert [c.status for c in check_small_case(problem, "w", wrong)] == ["failed"] * 4


def scalar_data() -> Quantity:
    return Quantity("x", (i,), "data", "x", "x", "x", "x")


def cost_quantity() -> Quantity:
    return Quantity("J", (), "definition", "J", "J", "J", "J")


def test_a_logarithm_that_has_no_real_value_is_named() -> None:
    x = scalar_data()
    w = Quantity("w", (), "parameter", "w", "w", "w", "w")
    body = Sum(i, Apply("ln", (negate(power(multiply(ref("w"), ref("x", i)), 2)),)))
    definitions = (Definition("J", (), body),)
    problem = Problem("p", "P", (i,), (x, w, cost_quantity()), definitions, example_index=i)
    found = check_small_case(problem, "w", Sum(i, ref("x", i)))
    assert {check.status for check in found} == {"could not run"}
    assert "ln(-w**2*x_1**2) has no real value here" in found[0].message


# Stages as functions of stages -------------------------------------------------------------------


@pytest.mark.parametrize("name", ["logistic_regression", "softmax_regression", "mlp", "layer"])
@pytest.mark.parametrize("twice", [False, True], ids=["once", "twice"])
def test_stages_as_functions_have_the_derivatives_of_the_unrolled_cost(
    name: str, twice: bool
) -> None:
    problem = load(name)
    sizes = {size: count for count, size in enumerate(problem.size_names, start=2)}
    parameter = problem.parameters[-1]
    by = Ref(parameter.name, (1,) * len(parameter.indices))
    term: Term = Derivative(problem.cost.head, by)
    if twice:
        term = Derivative(term, by)
    functions = _OpaqueFunctions(problem)
    composed = _Composer(problem, sizes, functions)
    unrolled_one = _Translator(
        problem, sizes, functions, numbers_for_sizes=False, assumptions={"nonzero": True}
    )
    found = []
    for translator in (composed, unrolled_one):
        cost = translator.stage((problem.cost.name,))
        with mpmath.workdps(50):
            numbers, _ = _points(problem, translator, sizes, 0, cost)[0]
            found.append(numbers.value(translator.translate(term, {})))
    assert found[0] != 0
    assert abs(found[0] - found[1]) < mpmath.mpf(10) ** -40


def test_a_derivative_by_a_stage_cuts_it_off_from_its_definition() -> None:
    problem = load("linear_regression")
    composed = _Composer(problem, {"m": 2, "n": 1}, _OpaqueFunctions(problem))
    term = Derivative(Ref("J"), Ref("yhat", (1,)))
    with mpmath.workdps(50):
        cost = composed.stage(("J",))
        numbers, values = _points(problem, composed, {"m": 2, "n": 1}, 0, cost)[0]
        found = numbers.value(composed.translate(term, {}))
        w, x, b, y = (
            mpmath.mpf(str(values[name][places]))
            for name, places in (("w", (1,)), ("x", (1, 1)), ("b", ()), ("y", (1,)))
        )
        assert abs(found - (w * x + b - y) / 2) < mpmath.mpf(10) ** -40


def test_what_two_problems_have_in_common_is_not_mixed_up() -> None:
    # The same stage z = w x in both, under other losses and with the index of another name.
    for exponent in (2, 3):
        x = Quantity("x", (i,), "data", "x", "x", "x", "x")
        w = Quantity("w", (), "parameter", "w", "w", "w", "w")
        z = Quantity("z", (i,), "definition", "z", "z", "z", "z")
        cost = Quantity("J", (), "definition", "J", "J", "J", "J")
        problem = Problem(
            "p",
            "P",
            (i,),
            (x, w, z, cost),
            (
                Definition("z", (i,), multiply(w.ref, x.ref)),
                Definition("J", (), mean(power(ref("z", i), exponent))),
            ),
            example_index=i,
        )
        right = mean(
            multiply(Number(Fraction(exponent)), power(ref("z", i), exponent - 1), ref("x", i))
        )
        wrong = mean(multiply(Number(Fraction(exponent)), ref("z", i), ref("z", i), ref("x", i)))
        assert {check.status for check in check_small_case(problem, "w", right)} == {"passed"}
        expected = "passed" if exponent == 3 else "failed"
        assert {check.status for check in check_small_case(problem, "w", wrong)} == {expected}
