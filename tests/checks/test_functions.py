"""Every scalar function: its declared derivative, its NumPy and SymPy spellings, by its value."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy

from derive.checks.steps import check_step
from derive.derivation import Prose, Step
from derive.evaluation import Evaluator
from derive.functions import FUNCTIONS, ScalarFunction
from derive.model import Problem, Quantity
from derive.numpy_code.dialects import NUMPY
from derive.terms import ONE, ZERO, Apply, Derivative, Number, Ref, Term, add, multiply, negate

U = Ref("u")
ARGUMENTS = (U, Ref("v"), Ref("w"))
#: Values of the first argument, on both sides of every kink; the others are fixed.
POINTS = {
    "real": ["-2.5", "-1.1", "-0.3", "0.2", "0.9", "3.1"],
    "positive": ["0.05", "0.4", "1.3", "7.5"],
}
#: What the further arguments are: an order is a whole number, a high bound above a low one.
OTHERS = {"clip": ("-0.7", "0.8"), "polygamma": ("1.3",)}
OF_VARIABLES = [function for function in FUNCTIONS.values() if function.arity]


def arguments_of(function: ScalarFunction) -> tuple[Term, ...]:
    if function.name == "polygamma":
        return (Number(Fraction(2)), U)
    return ARGUMENTS[: function.arity]


def problem(function: ScalarFunction) -> Problem:
    def quantity(name: str, positive: bool) -> Quantity:
        domain = "positive" if positive else "real"
        return Quantity(name, (), "data", name, name, name, name, domain=domain)  # type: ignore[arg-type]

    names = [each.name for each in arguments_of(function) if isinstance(each, Ref)]
    positive = {
        each.name
        for place, each in enumerate(arguments_of(function))
        if isinstance(each, Ref) and (place == function.positive or each.name == "w")
    }
    if function.name in ("huber", "elu"):
        positive.add("v")
    return Problem("p", "P", (), tuple(quantity(name, name in positive) for name in names), ())


def declared(function: ScalarFunction, by: int) -> Step:
    applied = Apply(function.name, arguments_of(function))
    variable = arguments_of(function)[by]
    assert isinstance(variable, Ref)
    after = function.derivatives[by](*arguments_of(function), applied)
    return Step(function.name, Prose(("declared",)), Derivative(applied, variable), after)


def variables(function: ScalarFunction) -> list[int]:
    return [n for n, each in enumerate(arguments_of(function)) if isinstance(each, Ref)]


PARTIALS = [
    pytest.param(function, by, id=f"{function.name} {by}")
    for function in FUNCTIONS.values()
    for by in variables(function)
]


@pytest.mark.parametrize(("function", "by"), PARTIALS)
def test_declared_derivative(function: ScalarFunction, by: int) -> None:
    for seed in range(6):
        check = check_step(declared(function, by), problem(function), seed=seed)
        assert check.status == "passed", check.message


@pytest.mark.parametrize(("function", "by"), PARTIALS)
def test_a_wrong_declared_derivative_is_caught(function: ScalarFunction, by: int) -> None:
    right = function.derivatives[by]

    def planted(wrong: Callable[[Term], Term]) -> ScalarFunction:
        changed = [*function.derivatives]
        changed[by] = lambda *terms: wrong(right(*terms))
        return replace(function, derivatives=tuple(changed))

    wrongs = [planted(lambda term: add(term, Number(Fraction(1, 10**9))))]
    if right(*arguments_of(function), ONE) != ZERO:
        wrongs += [planted(negate), planted(lambda term: multiply(term, Number(Fraction(3, 2))))]
    for wrong in wrongs:
        checks = [check_step(declared(wrong, by), problem(function), seed=s) for s in range(6)]
        failed = [check for check in checks if check.status == "failed"]
        assert failed
        assert all(function.name in check.message for check in failed)


def numpy_value(function: ScalarFunction, values: Sequence[object]) -> Any:
    """What the text of the function in NumPy gives; the text is this package's, not a user's."""
    namespace: dict[str, Any] = {"np": np, "math": math}
    for helper in NUMPY.helpers.values():
        exec(helper, namespace)
    slots = dict(zip("uvw", values, strict=False))
    code = function.numpy.format(**{slot: slot for slot in slots})
    return eval(code, {**namespace, **slots})


def points_of(function: ScalarFunction) -> list[tuple[str, ...]]:
    if not function.arity:
        return [()]
    if function.name == "polygamma":
        return [("2", "0.4"), ("1", "1.3"), ("3", "12.5")]
    others = OTHERS.get(function.name, ("0.6",) * (function.arity - 1))
    return [
        (first, *others) for first in POINTS["real" if function.positive is None else "positive"]
    ]


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_sympy_and_numpy_mean_the_same_function(function: ScalarFunction) -> None:
    for texts in points_of(function):
        numbers = [Fraction(text) for text in texts]
        evaluator = Evaluator(Problem("p", "P", (), (), ()), {}, {})
        value = evaluator.value(Apply(function.name, tuple(map(Number, numbers))))
        theirs = function.sympy(sympy, *[sympy.Rational(text) for text in texts]).evalf(40)
        assert abs(value - Decimal(str(theirs))) < Decimal("1e-35") * max(Decimal(1), abs(value)), (
            texts
        )
        floats = [
            int(text) if function.name == "polygamma" and not place else np.float64(text)
            for place, text in enumerate(texts)
        ]
        found = numpy_value(function, floats)
        assert found == pytest.approx(float(value), rel=1e-12, abs=1e-14), texts


@pytest.mark.parametrize("function", OF_VARIABLES, ids=lambda function: function.name)
def test_numpy_expression_works_elementwise(function: ScalarFunction) -> None:
    """The value of a function of an array is the array of its values."""
    at = 1 if function.name == "polygamma" else 0
    texts = points_of(function)
    fixed = [2 if function.name == "polygamma" else np.float64(text) for text in texts[0]]
    points = np.array([float(each[at]) for each in texts])
    whole = numpy_value(function, [*fixed[:at], points, *fixed[at + 1 :]])
    single = [numpy_value(function, [*fixed[:at], point, *fixed[at + 1 :]]) for point in points]
    np.testing.assert_allclose(whole, single, rtol=1e-14)


def test_kinks_are_where_the_one_sided_derivatives_differ() -> None:
    """At every declared kink the two slopes differ, and a little off it they do not."""
    tiny = Decimal("1e-20")
    for function in FUNCTIONS.values():
        if function.kinks is None or function.name in ("greater", "sign", "elu", "selu"):
            continue
        others = [Decimal(text) for text in OTHERS.get(function.name, ("0.6",) * 2)]
        others = others[: function.arity - 1]
        at = others[0] if function.name in ("max", "min", "clip") else Decimal(0)
        left, right = (
            (function.value(at + step, *others) - function.value(at, *others)) / step
            for step in (-tiny, tiny)
        )
        assert abs(left - right) > Decimal("0.1"), function.name
