"""Costs with a kink: the derivative off it, the convention at it, on the page and in the code."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import derive
from derive.checks.code import check_module
from derive.errors import CheckFailed, InputError
from derive.language import Expression
from derive.model import Problem

i, j = derive.indices("i:m", "j:n")
x, y = derive.data("x[i,j]", "y[i]")
w, b = derive.parameters("w[j]", "b")
delta = derive.hyperparameter("delta", domain="positive")
z = derive.define("z[i]", derive.sum(w[j] * x[i, j], over=j) + b)

COSTS: dict[str, tuple[Expression, str]] = {
    "relu": (derive.relu(z[i]), "(1/m) Σᵢ₌₁ᵐ 𝟏[z_i > 0] x_ij"),
    "hinge": (derive.hinge(y[i] * z[i]), "−(1/m) Σᵢ₌₁ᵐ 𝟏[1 − y_i z_i > 0] y_i x_ij"),
    "absolute": (abs(z[i] - y[i]), "(1/m) Σᵢ₌₁ᵐ sign(z_i − y_i) x_ij"),
    "huber": (derive.huber(z[i] - y[i], delta), "(1/m) Σᵢ₌₁ᵐ clip(z_i − y_i, −δ, δ) x_ij"),
    "clip": (derive.clip(z[i], -1, 1), "(1/m) Σᵢ₌₁ᵐ 𝟏[z_i > −1] 𝟏[1 > z_i] x_ij"),
    "maximum": (
        derive.maximum(derive.tanh(z[i]), y[i]),
        "(1/m) Σᵢ₌₁ᵐ 𝟏[tanh z_i > y_i] (1 − tanh² z_i) x_ij",
    ),
}


def problem(name: str, step: Fraction | int = 0, sign: Fraction | int = 0) -> Problem:
    cost = derive.mean(COSTS[name][0], over=i)
    return derive.problem(cost, name=name, step_at_zero=step, sign_at_zero=sign)


@pytest.mark.parametrize("name", COSTS)
def test_the_derivative_off_the_kink(name: str) -> None:
    derivation = derive.gradient(problem(name), wrt="w")
    assert str(derivation.result) == COSTS[name][1]
    assert {check.status for check in derivation.checks} == {"passed"}
    assert derive.from_json(derivation.json()) == derivation


@pytest.mark.parametrize("name", ["relu", "leaky", "elu", "selu", "gelu", "silu", "minimum"])
def test_activations_in_a_hidden_layer(name: str) -> None:
    """Every check passes, those of matrices and of code among them."""
    k = derive.indices("k:K")
    W, v = derive.parameters("W[k,j]", "v[k]")
    inner = derive.define("s[i,k]", derive.sum(W[k, j] * x[i, j], over=j))
    activation = {
        "relu": derive.relu,
        "leaky": derive.leaky_relu,
        "elu": derive.elu,
        "selu": derive.selu,
        "gelu": derive.gelu,
        "silu": derive.silu,
        "minimum": lambda u: derive.minimum(u, 1),
    }[name](inner[i, k])
    hidden = derive.define("a[i,k]", activation)
    out = derive.define("o[i]", derive.sum(v[k] * hidden[i, k], over=k))
    derivation = derive.gradient(derive.mean((out[i] - y[i]) ** 2, over=i), wrt=["W", "v"])
    assert {check.status for check in derivation.checks} == {"passed"}


def test_the_page_says_where_there_is_no_derivative() -> None:
    page = derive.gradient(problem("relu", step=Fraction(1, 2)), wrt="w").text()
    assert (
        "ReLU(z_i) has a kink where z_i = 0, and no derivative there; the derivative is that off "
        "the kink, in which 𝟏[z_i > 0] counts as 1/2 where it jumps" in " ".join(page.split())
    )
    page = " ".join(derive.gradient(problem("absolute"), wrt="w").text().split())
    assert "|z_i − y_i| has a kink where z_i = y_i" in page
    assert "sign(z_i − y_i) counts as 0 where it jumps" in page


@pytest.mark.parametrize("step", [0, Fraction(1, 2), 1])
def test_the_code_follows_the_convention_at_the_kink(step: Fraction | int) -> None:
    derivation = derive.gradient(problem("relu", step=step), wrt="w")
    inputs = np.array([[1.0, -2.0], [3.0, 4.0]])
    found = derivation.numpy()(x=inputs, w=np.zeros(2), b=0.0)
    np.testing.assert_allclose(found["w"], float(step) * inputs.mean(axis=0))


@pytest.mark.parametrize("sign", [-1, 0, Fraction(1, 3)])
def test_the_code_follows_the_convention_of_the_absolute_value(sign: Fraction | int) -> None:
    derivation = derive.gradient(problem("absolute", sign=sign), wrt="b")
    found = derivation.numpy()(x=np.ones((3, 2)), y=np.zeros(3), w=np.zeros(2), b=0.0)
    np.testing.assert_allclose(found["b"], float(sign))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"step_at_zero": 2}, "step_at_zero=2 is no subgradient: it lies from 0 to 1"),
        ({"step_at_zero": -1}, "step_at_zero=-1 is no subgradient"),
        ({"sign_at_zero": Fraction(3, 2)}, "sign_at_zero=3/2 is no subgradient"),
        ({"step_at_zero": 0.5}, "step_at_zero=0.5 is not a whole number or a Fraction"),
        ({"sign_at_zero": True}, "sign_at_zero=True is not a whole number"),
    ],
)
def test_what_is_no_subgradient_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        derive.problem(derive.mean(abs(z[i]), over=i), **options)  # type: ignore[arg-type]


def test_a_cost_that_is_always_at_its_kink_is_refused() -> None:
    """max(u, u) has no point off its kink at which it could be checked."""
    cost = derive.mean(derive.maximum(z[i], z[i]), over=i)
    with pytest.raises(CheckFailed, match="has a kink where z_i − z_i = 0"):
        derive.gradient(cost, wrt="w")


def test_a_wrong_slope_in_the_code_is_caught() -> None:
    made = problem("leaky") if "leaky" in COSTS else problem("relu")
    source = derive.gradient(made, wrt="w").python()
    wrong = source.replace("> 0, 1.0, 0.0)", "> 0, 1.0, 0.25)")
    assert wrong != source
    assert check_module(source, made, ("w",)).status == "passed"
    assert check_module(wrong, made, ("w",)).status == "failed"
