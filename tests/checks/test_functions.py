"""Every scalar function: its declared derivative, its NumPy and SymPy spellings, by its value."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
import sympy

from derive.checks.steps import check_step
from derive.derivation import Prose, Step
from derive.evaluation import Evaluator
from derive.functions import FUNCTIONS, ScalarFunction
from derive.model import Problem, Quantity
from derive.terms import Apply, Derivative, Number, Ref, add, multiply, negate

U = Ref("u")
POINTS = {
    "real": ["-2.5", "-1.1", "-0.3", "0.2", "0.9", "3.1"],
    "positive": ["0.05", "0.4", "1.3", "7.5"],
}


def problem(function: ScalarFunction) -> Problem:
    domain = "positive" if function.domain == "positive" else "real"
    u = Quantity("u", (), "data", "u", "u", "u", "u", domain=domain)  # type: ignore[arg-type]
    return Problem("p", "P", (), (u,), ())


def declared(function: ScalarFunction) -> Step:
    applied = Apply(function.name, (U,))
    after = function.derivative(U, applied)
    return Step(function.name, Prose(("declared",)), Derivative(applied, U), after)


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_declared_derivative(function: ScalarFunction) -> None:
    for seed in range(3):
        check = check_step(declared(function), problem(function), seed=seed)
        assert check.status == "passed", check.message


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_a_wrong_declared_derivative_is_caught(function: ScalarFunction) -> None:
    right = function.derivative
    planted = [
        replace(function, derivative=lambda u, out: negate(right(u, out))),
        replace(function, derivative=lambda u, out: add(right(u, out), Number(Fraction(1, 10**9)))),
        replace(function, derivative=lambda u, out: multiply(right(u, out), u)),
    ]
    for wrong in planted:
        check = check_step(declared(wrong), problem(function))
        assert check.status == "failed"
        assert function.name in check.message


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_sympy_and_numpy_mean_the_same_function(function: ScalarFunction) -> None:
    symbol = sympy.Symbol("u")
    expression = function.sympy(sympy, symbol)
    code = compile(function.numpy.format(u="u"), function.name, "eval")
    for text in POINTS[function.domain]:
        evaluator = Evaluator(problem(function), {}, {"u": Decimal(text)})
        value = evaluator.value(Apply(function.name, (U,)))
        theirs = expression.evalf(40, subs={symbol: sympy.Rational(text)})
        assert abs(value - Decimal(str(theirs))) < Decimal("1e-35") * max(Decimal(1), abs(value)), (
            text
        )
        # The text of a NumPy expression in this package, not a user's.
        found = eval(code, {"np": np, "u": np.float64(text)})
        assert found == pytest.approx(float(value), rel=1e-13, abs=1e-15), text


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_numpy_expression_works_elementwise(function: ScalarFunction) -> None:
    """The value of a function of an array is the array of its values."""
    points = np.array([float(text) for text in POINTS[function.domain]])
    code = compile(function.numpy.format(u="u"), function.name, "eval")
    whole = eval(code, {"np": np, "u": points})
    single = [eval(code, {"np": np, "u": point}) for point in points]
    np.testing.assert_allclose(whole, single, rtol=1e-14)
