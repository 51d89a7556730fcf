"""Input that is unusual, wrong or malicious: a right answer or one clear sentence, never a wrong
number and never a traceback from the inside."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import derive
from derive.checks.finite_differences import check_code
from derive.errors import InputError, Unsupported
from derive.numpy_code import compile_module

i, j, k = derive.indices("i:m", "j:n", "k:n")


def test_arrays_keep_the_axes_of_their_declaration() -> None:
    x, t = derive.data("x[i,j]", "t[k]")
    w = derive.parameter("w[j]")
    J = derive.mean(t[k] ** 2 * w[k], over=k) + derive.sum(x[i, j] * w[j], over=(i, j))
    rng = np.random.default_rng(0)
    arrays = {"x": rng.normal(size=(4, 4)), "t": rng.normal(size=4), "w": rng.normal(size=4)}
    found = derive.gradient(J).numpy()(**arrays)["w"]
    assert np.allclose(found, arrays["t"] ** 2 / 4 + arrays["x"].sum(axis=0))


def test_examples_as_the_second_axis() -> None:
    x, y = derive.data("x[j,i]", "y[i]")
    w = derive.parameter("w[j]")
    J = derive.mean((derive.sum(w[j] * x[j, i], over=j) - y[i]) ** 2, over=i)
    made = derive.gradient(J, wrt=[w, x])
    rng = np.random.default_rng(0)
    x_, y_, w_ = rng.normal(size=(4, 4)), rng.normal(size=4), rng.normal(size=4)
    found = made.numpy()(x=x_, y=y_, w=w_)
    residual = 2 * (w_ @ x_ - y_) / 4
    assert np.allclose(found["w"], x_ @ residual)
    assert np.allclose(found["x"], np.outer(w_, residual))
    assert '"x": ("n", "m")' in made.python()
    assert "x = x.T  # in the following, examples are rows" in made.python()


def test_a_size_that_is_the_length_of_no_array() -> None:
    w = derive.parameter("w[j]")
    J = derive.mean(derive.mean(w[j] ** 2, over=j), over=i)
    assert derive.gradient(J).passed


def test_a_sum_over_an_index_that_the_body_does_not_hold() -> None:
    y = derive.data("y[i]")
    s, w = derive.parameters("s", "w[j]")
    J = derive.mean((s / (1 + y[i] ** 2)) * derive.sum(y[i], over=j), over=i)
    J = J + derive.sum(w[j] ** 2, over=j)
    assert derive.gradient(J).passed


@pytest.mark.parametrize("name", ["seed", "rng", "np", "arrays"])
def test_sizes_that_clash_with_the_exported_code(name: str) -> None:
    p = derive.indices(f"p:{name}")
    w = derive.parameter("w[p]")
    with pytest.raises(Unsupported, match=rf"the size {name} clashes"):
        derive.gradient(derive.sum(w[p] ** 2, over=p))


def test_functions_that_clash_with_derivatives() -> None:
    w, dg = derive.parameters("w", "dg")
    g = derive.function("g")
    with pytest.raises(Unsupported, match=r"parameter dg clashes with .* function g"):
        derive.gradient(g(w) + dg**2)
    other = derive.function("dg")
    with pytest.raises(Unsupported, match=r"function dg clashes with .* function g"):
        derive.gradient(g(w) + other(w))


def _nested(levels: int) -> Any:
    made: Any = derive.parameter("w")
    for _ in range(levels):
        made = derive.tanh(made)
    return made


def _chain(stages: int) -> Any:
    stage: Any = derive.parameter("w")
    for number in range(stages):
        stage = derive.define(f"s{number}", derive.tanh(stage))
    return stage


@pytest.mark.parametrize("made", [_nested, _chain])
@pytest.mark.parametrize("levels", [101, 300, 3000])
def test_what_is_too_deep_is_refused(made: Any, levels: int) -> None:
    with pytest.raises(Unsupported, match="nested too deeply"):
        derive.gradient(made(levels), check="none")


@pytest.mark.parametrize("made", [_nested, _chain])
def test_what_is_deep_is_derived(made: Any) -> None:
    assert derive.gradient(made(30)).passed


@pytest.mark.parametrize("made", [_nested, _chain])
def test_what_is_as_deep_as_may_be_is_a_problem(made: Any) -> None:
    assert derive.problem(made(99)).definitions


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 10**200, Fraction(1, 10**5000)])
def test_numbers_that_cannot_stand_in_a_formula(number: Any) -> None:
    with pytest.raises(InputError):
        derive.parameter("w") * number


@pytest.mark.parametrize("seed", [-1, 1.5, "1", True, None])
def test_seeds(seed: Any) -> None:
    with pytest.raises(InputError, match="seed="):
        derive.gradient("linear_regression", seed=seed)


def test_check_is_one_of_three() -> None:
    with pytest.raises(InputError, match="check='x'"):
        derive.gradient("linear_regression", check="x")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "given",
    [
        {"wrt": 3},
        {"wrt": ["v"]},
        {"written_out": [3]},
        {"written_out": ["w"]},
        {"spare": "i"},
        {"facts": 1},
        {"sizes": [("m", 3)]},
        {"title": 3},
        {"example": "i"},
    ],
)
def test_arguments_of_problem(given: dict[str, Any]) -> None:
    w = derive.parameter("w")
    with pytest.raises(InputError):
        derive.problem(w**2, **given)


def test_names_as_strings() -> None:
    w, v = derive.parameters("w", "v")
    z = derive.define("z", w * v)
    made = derive.problem(z**2, wrt="w", written_out=["z"])
    assert (made.default_wrt, made.written_out) == (("w",), ("z",))


def test_symbols_are_text() -> None:
    with pytest.raises(InputError, match="latex=3 is not text"):
        derive.parameter("w", latex=3)  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [0, -1, 1001, 80.0, "80", True])
def test_widths(width: Any) -> None:
    made = derive.gradient("linear_regression", wrt="b", check="none")
    with pytest.raises(InputError, match="width="):
        made.text(width=width)


def test_details() -> None:
    made = derive.gradient("linear_regression", wrt="b", check="none")
    for export in (made.text, made.latex):
        with pytest.raises(InputError, match="detail='x'"):
            export(detail="x")  # type: ignore[operator]


def test_rounding_noise_is_no_gradient() -> None:
    def cost(w: float) -> float:
        return 1.0 + 1e-14 * w - 1.0

    assert check_code(cost, lambda w: {"w": 0.0}, {"w": 0.5}, ["w"]).status == "passed"
    assert check_code(cost, lambda w: {"w": 1e-3}, {"w": 0.5}, ["w"]).status == "failed"


def test_an_infinite_cost_cannot_be_compared() -> None:
    check = check_code(lambda w: float("inf"), lambda w: {"w": 0.0}, {"w": 0.5}, ["w"])
    assert check.status == "could not run"
    assert "infinite" in check.message


def test_the_module_refuses_the_transpose() -> None:
    x = derive.data("x[j,i]")
    w = derive.parameter("w[j]")
    J = derive.mean(derive.sum(w[j] * x[j, i], over=j) ** 2, over=i)
    module = compile_module(derive.gradient(J, check="none").python())
    with pytest.raises(ValueError, match="does not fit"):
        module["cost"](x=np.ones((5, 3)), w=np.ones(3))


def test_the_collector_is_as_it_was() -> None:
    """It is paused while a gradient is derived, also where that ends in an error."""
    import gc

    assert gc.isenabled()
    derive.gradient("linear_regression", wrt="b")
    assert gc.isenabled()
    with pytest.raises(InputError):
        derive.gradient("linear_regression", wrt="nothing")
    assert gc.isenabled()
    gc.disable()
    try:
        derive.gradient("linear_regression", wrt="b")
        assert not gc.isenabled()
    finally:
        gc.enable()
