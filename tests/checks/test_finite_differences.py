"""Gradients of code on arrays against differences of the cost."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from derive.checks.finite_differences import FLOOR, TOLERANCE, check_code

M, N = 50, 7


def arrays() -> dict[str, Any]:
    source = np.random.default_rng(0)
    return {
        "x": source.normal(size=(M, N)),
        "y": source.integers(0, 2, size=M).astype(float),
        "w": source.normal(size=N),
        "b": 0.25,
    }


def cost(x: Any, y: Any, w: Any, b: Any) -> float:
    z = x @ w + b
    return float(np.mean(np.logaddexp(0.0, z) - y * z))


def gradient(x: Any, y: Any, w: Any, b: Any) -> dict[str, Any]:
    error = 1 / (1 + np.exp(-(x @ w + b))) - y
    return {"w": x.T @ error / M, "b": error.mean()}


def test_a_right_gradient_passes() -> None:
    check = check_code(cost, gradient, arrays(), ["w", "b"])
    assert check.status == "passed", check.message
    assert check.kind == "code"
    assert check.samples == N + 1
    assert check.residual is not None
    assert FLOOR <= check.residual <= TOLERANCE


PLANTED: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "missing 1/m": lambda g: {**g, "w": g["w"] * M},
    "lost sign": lambda g: {**g, "b": -g["b"]},
    "one component off": lambda g: {**g, "w": g["w"] + 1e-5 * np.eye(N)[3]},
    "reversed": lambda g: {**g, "w": g["w"][::-1]},
    "not a number": lambda g: {**g, "b": math.nan},
    "missing": lambda g: {"w": g["w"]},
    "transposed": lambda g: {**g, "w": g["w"][:, None]},
}


@pytest.mark.parametrize("name", PLANTED)
def test_planted_errors_are_caught(name: str) -> None:
    def wrong(**given: Any) -> dict[str, Any]:
        return PLANTED[name](gradient(**given))

    check = check_code(cost, wrong, arrays(), ["w", "b"])
    assert check.status == "failed"
    assert "w" in check.message or "b" in check.message


def test_code_that_raises_could_not_run() -> None:
    def broken(**given: Any) -> dict[str, Any]:
        raise ValueError("no such thing")

    check = check_code(cost, broken, arrays(), ["w", "b"])
    assert check.status == "could not run"
    assert "no such thing" in check.message
    check = check_code(broken, gradient, arrays(), ["w", "b"])
    assert check.status == "could not run"
    assert "cost()" in check.message


def test_the_arrays_are_left_alone() -> None:
    given = arrays()
    check_code(cost, gradient, given, ["w", "b"])
    for name, value in arrays().items():
        np.testing.assert_array_equal(given[name], value)


def test_rounding_noise_does_not_reach_what_is_reported() -> None:
    """Another order of summation, as another linear algebra library has, gives the same report."""

    def permuted(x: Any, y: Any, w: Any, b: Any) -> float:
        order = np.random.default_rng(1).permutation(M)
        return cost(x[order][:, ::-1], y[order], np.asarray(w)[::-1], b) * (1 + 2**-52)

    assert check_code(cost, gradient, arrays(), ["w", "b"]) == check_code(
        permuted, gradient, arrays(), ["w", "b"]
    )


def test_a_quadratic_cost_reports_the_floor() -> None:
    def square(w: Any) -> float:
        return float(w @ w) / 2

    check = check_code(square, lambda w: {"w": w}, {"w": np.arange(5.0)}, ["w"])
    assert check.residual == FLOOR


def test_many_components_are_sampled_repeatably() -> None:
    given = {"w": np.linspace(0, 1, 300).reshape(30, 10)}

    def cubes(w: Any) -> float:
        return float((w**3).sum())

    check = check_code(cubes, lambda w: {"w": 3 * w**2}, given, ["w"], seed=3)
    assert check.samples == 20
    assert check == check_code(cubes, lambda w: {"w": 3 * w**2}, given, ["w"], seed=3)


def test_no_gradient_is_not_a_failure() -> None:
    check = check_code(lambda w: 7.0, lambda w: {"w": np.zeros(3)}, {"w": np.ones(3)}, ["w"])
    assert check.status == "passed"


def test_a_kink_within_the_step_is_no_failure() -> None:
    """|w| at a millionth from its kink: the differences reach across it, until they are smaller."""
    arrays = {"w": np.array([1e-5, -0.3])}

    def cost(w: np.ndarray) -> float:
        return float(np.abs(w).sum())

    right = check_code(cost, lambda w: {"w": np.sign(w)}, arrays, ["w"])
    assert right.status == "passed"
    for wrong in (np.array([-1.0, -1.0]), np.array([0.0, -1.0]), np.array([1.0, 1.0])):
        found = check_code(cost, lambda w, wrong=wrong: {"w": wrong}, arrays, ["w"])
        assert found.status == "failed"
