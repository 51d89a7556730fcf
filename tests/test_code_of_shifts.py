"""The exported code where indices are shifted, at its borders, and where other arrays meet it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import derive
from derive.numpy_code import compile_module

t, k, u, h = derive.indices("t:T", "k:K", "u:U", "h:H")
s = derive.indices("s:S")
x = derive.parameter("x[s]")
w = derive.parameter("w[k]")
y = derive.data("y[t]")


def module(cost: Any, wrt: str = "x") -> dict[str, Any]:
    """The code of a gradient, all of whose checks have passed."""
    problem = derive.problem(cost, spare=[s])
    return compile_module(derive.gradient(problem, wrt).python())


def test_two_windows_over_one_place_count_twice() -> None:
    made = module(derive.sum(x[t + 1] + x[t + 2] + y[t], over=t))
    found = made["gradient"](x=np.zeros(5), y=np.zeros(3))["x"]
    assert found.tolist() == [0.0, 1.0, 2.0, 2.0, 1.0]


def test_a_kernel_over_ones_counts_its_windows() -> None:
    made = module(derive.sum(derive.sum(x[t + k - 1] + y[t] + w[k], over=k), over=t))
    found = made["gradient"](x=np.zeros(5), y=np.zeros(3), w=np.zeros(3))["x"]
    assert found.tolist() == [1.0, 2.0, 3.0, 2.0, 1.0]


def test_a_window_with_a_sign() -> None:
    made = module(-derive.sum(x[t + 1], over=t) + derive.sum(y[t] * x[t + 2], over=t))
    found = made["gradient"](x=np.zeros(4), y=np.array([5.0, 7.0]))["x"]
    assert found.tolist() == [0.0, -1.0, 4.0, 7.0]


def test_the_number_of_windows_is_that_of_the_shift_that_goes_furthest() -> None:
    made = module(derive.sum((x[t + 1] - x[t + 2]) ** 2, over=t))
    values = np.array([1.0, 4.0, 9.0, 16.0])
    assert made["cost"](x=values) == pytest.approx(25 + 49)


def test_an_index_with_a_minus_is_one_where_the_place_is_greatest() -> None:
    three = derive.indices("k:3")
    fixed = derive.data("v[k]")
    made = module(derive.sum(derive.sum(fixed[three] * x[t - three + 3] ** 2, over=three), over=t))
    values = np.arange(1.0, 6.0)
    expected = sum(
        (1.0, 10.0, 100.0)[i - 1] * values[j - i + 3 - 1] ** 2 for i in (1, 2, 3) for j in (1, 2, 3)
    )
    assert made["cost"](x=values, v=np.array([1.0, 10.0, 100.0])) == pytest.approx(expected)


def test_windows_of_windows() -> None:
    c = derive.parameter("c[h]")
    a = derive.define("a[t]", derive.tanh(derive.sum(w[k] * x[t + k - 1], over=k)))
    o = derive.define("o[u]", derive.sum(c[h] * a[u + h - 1], over=h))
    found = derive.gradient(derive.problem(derive.mean(o[u] ** 2, over=u), spare=[s]), "c")
    made = compile_module(found.python())
    arrays = {
        "x": np.linspace(-1, 1, 9),
        "w": np.array([0.5, -1.0, 2.0]),
        "c": np.array([1.0, 3.0]),
    }
    inner = np.tanh(np.correlate(arrays["x"], arrays["w"], "valid"))
    outer = np.correlate(inner, arrays["c"], "valid")
    assert made["cost"](**arrays) == pytest.approx((outer**2).mean())


@pytest.mark.parametrize(("longest", "kernel"), [(3, 5), (2, 3)])
def test_an_array_in_which_no_window_fits_is_refused(longest: int, kernel: int) -> None:
    z = derive.define("z[t]", derive.sum(w[k] * x[t + k - 1], over=k))
    made = module(derive.mean(z[t] ** 2, over=t), "w")
    with pytest.raises(ValueError, match="a shifted index of x goes up to"):
        made["cost"](x=np.ones(longest), w=np.ones(kernel))


def test_second_derivatives_by_what_is_shifted() -> None:
    z = derive.define("z[t]", derive.sum(w[k] * x[t + k - 1], over=k))
    problem = derive.problem(derive.mean((z[t] - y[t]) ** 2 / 2, over=t), spare=[s, u])
    assert derive.hessian_vector_product(problem, "x").passed


def test_a_shifted_factor_stays_in_its_bracket() -> None:
    a, b, c = derive.data("a[t]"), derive.data("b[u]"), derive.data("c[s]")
    cost = (
        derive.sum(x[t + 1] * c[t + 2], over=t)
        + derive.sum(x[u + 1] * c[u + 2], over=u)
        + derive.sum(a[t], over=t)
        + derive.sum(b[u], over=u)
    )
    assert derive.gradient(derive.problem(cost, spare=[s]), "x").passed


# What isn't shifted -------------------------------------------------------------------------------


def test_a_symmetric_parameter_is_differentiated_by_each_element() -> None:
    p, q, *_ = derive.indices("p:N", "q:N", "r:N", "c:N")
    A, S = derive.data("A[p,q]"), derive.parameter("S[r,c]", domain="symmetric")
    cost = derive.sum(derive.sum(A[p, q] * S[q, p], over=q), over=p)
    made = compile_module(derive.gradient(derive.problem(cost)).python())
    given = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert made["gradient"](A=given, S=np.eye(2))["S"].tolist() == given.T.tolist()


def test_a_gradient_is_no_view_of_what_was_given() -> None:
    j = derive.indices("j:n")
    v, c = derive.parameter("v[j]"), derive.data("c[j]")
    made = compile_module(derive.gradient(derive.sum(v[j] * c[j], over=j)).python())
    given = np.array([1.0, 2.0])
    made["gradient"](v=np.zeros(2), c=given)["v"][:] = 5.0
    assert given.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    "share",
    [
        lambda z: derive.exp(z) / (1 + derive.exp(z)),
        lambda z: 1 / (1 + derive.exp(-z)),
        lambda z: derive.ln(1 + derive.exp(z)),
    ],
)
def test_shares_of_exponentials_are_finite_at_a_thousand(share: Any) -> None:
    i = derive.indices("i:m")
    z, target = derive.parameter("z[i]"), derive.data("y[i]")
    made = compile_module(derive.gradient(derive.mean(share(z[i]) * target[i], over=i)).python())
    arrays = {"z": np.array([-1000.0, 1000.0]), "y": np.array([1.0, 2.0])}
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        assert np.isfinite(made["cost"](**arrays))
        assert np.isfinite(made["gradient"](**arrays)["z"]).all()


def test_probabilities_may_be_a_parameter() -> None:
    c = derive.indices("c:C")
    pi = derive.parameter("pi[c]", domain="probabilities")
    assert derive.gradient(-derive.sum(pi[c] * derive.ln(pi[c]), over=c)).passed
