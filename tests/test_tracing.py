"""Costs that are plain functions on NumPy arrays."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import derive
from derive import catalogue
from derive.errors import InputError, Unsupported
from derive.exporters import json as json_exporter


def stages(problem):
    return [definition.name for definition in problem.definitions]


def bodies(problem):
    return [f"{each.head} = {each.body}" for each in problem.definitions]


# The catalogue again -----------------------------------------------------------------------------


def linear_regression(w, b, x, y):
    m = x.shape[0]
    yhat = x @ w + b
    L = (yhat - y) ** 2
    return L.sum() / (2 * m)


def linear_regression_mean_square(w, b, x, y):
    yhat = np.dot(x, w) + b
    L = np.square(yhat - y)
    return np.mean(L)


def logistic_regression(w, b, x, y):
    """Logistic regression."""
    z = x @ w + b
    a = 1 / (1 + np.exp(-z))
    L = -(y * np.log(a) + (1 - y) * np.log(1 - a))
    J = L.mean()
    return J  # noqa: RET504 - the name of the cost


def softmax_regression(W, b, x, y):
    z = x @ W.T + b
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    L = -(y * np.log(p)).sum(axis=1)
    return L.mean()


def ridge_regression(w, b, x, y, lambda_):
    m = x.shape[0]
    yhat = np.einsum("ij,j->i", x, w) + b
    L = (yhat - y) ** 2
    return L.sum() / (2 * m) + lambda_ / (2 * m) * (w**2).sum()


def mlp(W1, b1, w2, b2, x, y):
    z1 = x @ W1.T + b1
    a1 = np.tanh(z1)
    z2 = a1 @ w2 + b2
    a2 = 1 / (1 + np.exp(-z2))
    L = -(y * np.log(a2) + (1 - y) * np.log(1 - a2))
    return L.mean()


REGRESSION = {"w": "n", "b": "", "x": "m,n", "y": "m"}
AGAIN = {
    linear_regression: ({**REGRESSION}, {}),
    linear_regression_mean_square: ({**REGRESSION}, {}),
    logistic_regression: ({**REGRESSION}, {"domains": {"y": "binary"}}),
    softmax_regression: (
        {"W": "K,n", "b": "K", "x": "m,n", "y": "m,K"},
        {"domains": {"y": "probabilities"}, "sizes": {"K": 3}},
    ),
    ridge_regression: (
        {**REGRESSION, "lambda_": ""},
        {"wrt": ("w", "b"), "written_out": ["yhat"]},
    ),
    mlp: (
        {"W1": "H,n", "b1": "H", "w2": "H", "b2": "", "x": "m,n", "y": "m"},
        {"domains": {"y": "binary"}},
    ),
}


@pytest.mark.parametrize("function", AGAIN, ids=lambda each: each.__name__)
def test_a_traced_function_has_the_gradient_of_the_catalogue(function, derivation_of):
    shapes, options = AGAIN[function]
    traced = derive.trace(function, shapes, **options)
    theirs = catalogue.load(function.__name__)
    assert stages(traced) == stages(theirs)
    derivation = derive.gradient(traced)
    assert derivation.passed
    expected = {each.wrt: each for each in derivation_of(function.__name__).results}
    if function is ridge_regression:  # with ŷ put back, the order of x_ij w_j is seen
        expected.pop("w"), expected.pop("b")
    for result in derivation.results:
        if result.wrt in expected:
            assert str(result.term) == str(expected[result.wrt].term)
            assert str(result.claim) == str(expected[result.wrt].claim)


def test_the_function_names_the_problem_and_its_docstring_the_title():
    problem = derive.trace(logistic_regression, **REGRESSION)
    assert (problem.name, problem.title) == ("logistic_regression", "Logistic regression")
    assert derive.trace(lambda w: (w**2).sum(), w="n").name == "own_cost"
    assert derive.trace(linear_regression, **REGRESSION, name="n1", title="T").name == "n1"


def test_roles():
    problem = derive.trace(ridge_regression, **REGRESSION, lambda_="", hyperparameters="lambda_")
    assert {each.name: each.role for each in problem.inputs} == {
        "w": "parameter",
        "b": "parameter",
        "x": "data",
        "y": "data",
        "lambda_": "hyperparameter",
    }
    problem = derive.trace(ridge_regression, **REGRESSION, lambda_="", wrt="w")
    assert problem.default_wrt == ("w",)
    assert problem.quantity("b").role == "hyperparameter"


# Names -------------------------------------------------------------------------------------------


def test_a_variable_assigned_again_gets_a_new_name_and_the_page_says_so():
    def loss(w, x, y):
        h = x @ w
        for _ in range(2):
            h = np.tanh(h)
        return ((h - y) ** 2).mean()

    problem = derive.trace(loss, w="n", x="m,n", y="m")
    assert stages(problem) == ["h", "h_2", "h_3", "J"]
    line = loss.__code__.co_firstlineno + 3
    assert problem.definition("h_3").meaning == f"h as assigned in line {line}"
    assert derive.gradient(problem).passed


def test_an_argument_assigned_again_stays_what_it_was():
    def loss(w, x):
        x = x - x.mean(axis=0)
        return ((x @ w) ** 2).mean()

    assert bodies(derive.trace(loss, w="n", x="m,n"))[0] == "x_2,ij = x_ij − (1/m) Σₚ₌₁ᵐ x_pj"


def test_aliases_views_sizes_and_numbers_are_no_stages():
    def loss(w, x):
        m, n = x.shape
        half = 0.5
        features = x.T
        column = w[:, None]
        z = (features.T @ column)[:, 0]
        same = z
        return half * (same**2).sum() / m / n

    problem = derive.trace(loss, w="n", x="m,n")
    assert stages(problem) == ["z", "J"]
    assert bodies(problem)[0] == "z_i = Σⱼ₌₁ⁿ x_ij w_j"


def test_functions_that_are_called_leave_no_names():
    def layer(u, v):
        inner = u @ v
        return np.tanh(inner)

    def loss(w, x):
        a = layer(x, w)
        return (a**2).mean()

    assert stages(derive.trace(loss, w="n", x="m,n")) == ["a", "J"]


def test_comprehensions_leave_no_names_in_any_version_of_python():
    def loss(w, x):
        terms = [term**2 for term in (x @ w, 2 * (x @ w))]
        return sum(terms).mean()

    assert stages(derive.trace(loss, w="n", x="m,n")) == ["J"]


def test_names_with_greek_letters_accents_and_underscores():
    def loss(θ, x, y):  # noqa: PLC2401
        _ŷ = x @ θ  # noqa: PLC2401
        return ((_ŷ - y) ** 2).mean()

    problem = derive.trace(loss, {"θ": "n", "x": "m,n", "y": "m"})
    assert [each.name for each in problem.parameters] == ["theta"]
    assert stages(problem)[0] == "yhat"
    assert derive.gradient(problem).passed


def test_methods_closures_decorated_functions_and_annotations():
    class Model:
        def loss(self, w: "n", x: "m,n"):  # noqa: F821, UP037
            z = x @ w
            return (z**2).mean()

    assert stages(derive.trace(Model().loss)) == ["z", "J"]
    power = 3

    def cubic(w, x):
        z = (x @ w) ** power
        return z.mean()

    assert "³" in bodies(derive.trace(cubic, w="n", x="m,n"))[0]


def test_annotations_that_are_no_shapes_are_not_taken_for_any():
    def loss(w: np.ndarray, x: "m,n"):  # noqa: F821, UP037
        return ((x @ w) ** 2).mean()

    with pytest.raises(InputError, match='no shape is given for w; write w="m,n"'):
        derive.trace(loss)
    assert derive.trace(loss, w="n").parameters[0].shape == ("n",)


def test_a_debugger_goes_on_undisturbed():
    seen = []

    def watch(frame, event, argument):
        seen.append(event)
        return watch

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        derive.trace(logistic_regression, **REGRESSION)
        assert sys.gettrace() is watch
    finally:
        sys.settrace(before)
    assert "return" in seen


def test_index_letters_avoid_the_names_of_the_function():
    def loss(i, x):
        j = x @ i
        return (j**2).mean()

    problem = derive.trace(loss, i="n", x="m,n")
    assert not {"i", "j"} & {index.name for index in problem.indices}
    assert derive.gradient(problem).passed


# Operations --------------------------------------------------------------------------------------


def positive(u):
    return np.log(1 + np.exp(u))


#: Costs of w (n), W (n, n), x (m, n), y (m): each is traced, and compared with its own value on
#: random numbers; the last item says what must be in the formula of the cost.
OPERATIONS: dict[str, tuple[Callable[..., object], str]] = {
    "rows and columns": (lambda w, W, x, y: (x.T @ y + w @ W).sum(), ""),
    "matrices": (lambda w, W, x, y: ((x @ W) * x).mean(), ""),
    "matrix twice": (lambda w, W, x, y: (x @ W @ W.T @ w).mean(), ""),
    "outer": (lambda w, W, x, y: (np.outer(y, w) * x).sum(), ""),
    "none": (lambda w, W, x, y: (y[:, None] * w[None, :] - x).mean(), ""),
    "ellipsis": (lambda w, W, x, y: (y[..., None] * x[...] * w).sum(axis=-1).mean(), ""),
    "keepdims": (
        lambda w, W, x, y: (w * x - x.mean(axis=1, keepdims=True) * y[:, None] * w).sum(),
        "",
    ),
    "tuple of axes": (lambda w, W, x, y: x.sum(axis=(0, 1)) * w.sum(), ""),
    "transpose": (lambda w, W, x, y: (np.transpose(x, (1, 0)) @ y).sum() + W.trace(), ""),
    "einsum": (lambda w, W, x, y: np.einsum("ij,jk,ik->", x, W, x), ""),
    "implicit einsum": (lambda w, W, x, y: np.einsum("ij,j", x, w).sum(), ""),
    "diagonal": (lambda w, W, x, y: np.trace(W) * w.sum() + np.trace(W @ W), ""),
    "norm": (lambda w, W, x, y: np.linalg.norm(w) + np.linalg.norm(W) + 1, "√"),
    "absolute norm": (lambda w, W, x, y: np.linalg.norm(w, 1), "|"),
    "variance": (lambda w, W, x, y: (x @ w).var() + np.std(w) + np.var(W, axis=0).sum(), ""),
    "average": (lambda w, W, x, y: np.average(w**2, weights=np.exp(w)), ""),
    "comparison": (lambda w, W, x, y: ((x @ w > y) * y).sum(), "𝟏["),
    "greater or equal": (lambda w, W, x, y: np.mean((w >= 0) * w + (w <= 1) * w**2), "𝟏["),
    "masks": (lambda w, W, x, y: (((w > 0) & ~(w < 1)) * w).sum() + ((w > 0) | (w < 2)).sum(), ""),
    "relu": (lambda w, W, x, y: np.where(w > 0, w, 0).sum(), "ReLU"),
    "relu otherwise": (lambda w, W, x, y: np.where(w <= 0, 0, w).sum(), "ReLU"),
    "absolute": (lambda w, W, x, y: np.where(w > 0, w, -w).sum(), "|"),
    "leaky": (lambda w, W, x, y: np.where(w > 0, w, 0.01 * w).sum(), "Leaky"),
    "larger": (lambda w, W, x, y: np.where(w > w**2, w, w**2).sum(), "max("),
    "smaller": (lambda w, W, x, y: np.where(w > w**2, w**2, w).sum(), "min("),
    "elu": (lambda w, W, x, y: np.where(w > 0, w, np.exp(w) - 1).sum(), "𝟏["),
    "clip": (lambda w, W, x, y: np.clip(w, -1, 1).sum() + w.clip(0).sum(), "clip"),
    "maximum": (lambda w, W, x, y: np.maximum(0, w).sum() + np.minimum(w, y.mean()).sum(), "max("),
    "heaviside": (lambda w, W, x, y: (np.heaviside(w, 0) * w + np.heaviside(w, 1)).sum(), "𝟏["),
    "softplus": (lambda w, W, x, y: np.logaddexp(0, w).sum() + positive(w).sum(), "softplus"),
    "two exponentials": (lambda w, W, x, y: np.logaddexp(w, 2 * w).sum(), "ln("),
    "sigmoid": (lambda w, W, x, y: (np.exp(w) / (1 + np.exp(w))).sum(), "σ"),
    "sigmoid of a sum": (lambda w, W, x, y: (1 / (1 + np.exp(-(x @ w) - y))).sum(), "σ"),
    "powers": (
        lambda w, W, x, y: (np.exp(w) ** 1.5 + np.exp(w) ** -0.5).sum() + w[:, None].sum(),
        "",
    ),
    "logarithms": (
        lambda w, W, x, y: (np.log10(w**2) + np.log1p(w**2) + np.log2(w**2) + np.expm1(w)).sum(),
        "",
    ),
    "trigonometry": (lambda w, W, x, y: (np.sin(w) * np.cos(w) + np.arctan(w)).sum(), "sin"),
    "pi": (lambda w, W, x, y: (np.log(2 * np.pi * w**2) / np.pi).sum(), "π"),
    "decimals": (lambda w, W, x, y: 0.1 * (w**2).sum() + 1e-3 * np.float64(2.5) * w.sum(), "1/10"),
    "like": (lambda w, W, x, y: (np.ones_like(w) * w + np.zeros_like(w)).sum(), ""),
    "in place on a number": (lambda w, W, x, y: in_place(w, y), ""),
    "squeeze": (lambda w, W, x, y: np.squeeze(x @ np.expand_dims(w, 1), axis=1).sum(), ""),
    "number of components": (lambda w, W, x, y: (x @ w).sum() / x.size, ""),
    "reduce": (lambda w, W, x, y: np.add.reduce(x, axis=0) @ w + np.sum(np.add.reduce(x) * w), ""),
    "types": (lambda w, W, x, y: ((w > 0).astype(float) * w.copy()).sum(), ""),
}


def in_place(w, y):
    total = (w**2).sum()
    total += y.mean()
    total *= 2
    return total


@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_have_their_values_and_their_gradients(name):
    function, shown = OPERATIONS[name]
    problem = derive.trace(function, w="n", W="n,n", x="m,n", y="m")
    assert shown in str(problem.cost.body)
    derivation = derive.gradient(problem, check="report")
    trouble = [check.message for check in derivation.checks if check.status != "passed"]
    assert trouble == []


def test_a_size_of_one_is_an_axis_without_an_index():
    def loss(w, b, x, y):
        z = w.T @ x + b
        return ((z - y) ** 2).mean()

    problem = derive.trace(loss, w="n,1", b="1,1", x="n,m", y="1,m", wrt=("w", "b"))
    assert bodies(problem)[0] == "z_i = Σⱼ₌₁ⁿ w_j x_ji + b"
    assert derive.gradient(problem).passed


def test_the_usual_letters_go_to_the_sizes_that_have_them():
    def loss(W, x):
        L = -(np.tanh(x @ W)).sum(axis=1)
        return -L.sum() / x.shape[0]

    problem = derive.trace(loss, W="n,h", x="m,n")
    assert bodies(problem)[1] == "J = −(1/m) Σᵢ₌₁ᵐ L_i"
    assert problem.quantity("x").indices == derive.indices("i:m", "j:n")


def test_attention():
    def loss(Wq, x, v, y):
        S = x @ Wq @ x.T / np.sqrt(x.shape[1])
        A = np.exp(S) / np.exp(S).sum(axis=1, keepdims=True)
        o = A @ v
        return ((o - y) ** 2).sum()

    problem = derive.trace(loss, Wq="d,d", x="m,d", v="m", y="m", wrt="Wq")
    assert stages(problem) == ["S", "A", "o", "J"]
    assert derive.gradient(problem).passed


def test_sizes_that_are_numbers():
    def loss(w, x):
        assert len(w) == 3
        return (x @ w).sum() ** 2 / w.shape[0]

    problem = derive.trace(loss, w="3", x="m,3")
    assert problem.quantity("w").shape == (3,)
    assert derive.gradient(problem).passed


def test_functions_that_stay_abstract():
    def cost(w, b, x, y, g, loss):
        z = x @ w + b
        a = g(z)
        L = loss(a, y)
        return L.mean()

    problem = derive.trace(
        cost,
        w="n",
        b="",
        x="m,n",
        y="m",
        g=derive.function("g"),
        loss=derive.function("loss", arguments=2),
    )
    d = derive.gradient(problem, wrt="b")
    assert d.passed
    assert str(d.result) == "(1/m) Σᵢ₌₁ᵐ ∂L_i/∂z_i"
    lemma = next(each for each in d.lemmas if str(each.claim) == "∂L_i/∂z_i")
    assert "g′(z_i)" in str(lemma.result)


def test_named_scipy_ufuncs_are_known_by_name():
    class Expit:
        __name__ = "expit"

    def loss(w):
        return w.__array_ufunc__(Expit(), "__call__", w).sum()

    problem = derive.trace(loss, w="n", check=False)
    assert "σ" in str(problem.cost.body)


def test_held_constant():
    def loss(w, x):
        z = x @ w
        target = np.tanh(z)
        return ((z - target) ** 2).mean()

    problem = derive.trace(loss, w="n", x="m,n", constants="target")
    d = derive.gradient(problem)
    assert d.passed
    assert str(d.result) == "(2/m) Σᵢ₌₁ᵐ (z_i − target_i) x_ij"
    with pytest.raises(InputError, match="no stage 'goal'; it has z, target, J"):
        derive.trace(loss, w="n", x="m,n", constants=["goal"])


# What is refused ---------------------------------------------------------------------------------


def bad_shape(w, x):
    z = x @ w
    return (z + w).mean()


def bad_product(w, x):
    return (w @ x).mean()


def branch(w, x):
    z = x @ w
    return z.mean() if z.sum() > 0 else -z.mean()


def changed(w, x):
    z = x @ w
    z += 1
    return z.mean()


def assigned(w, x):
    z = x @ w
    z[0] = 1
    return z.mean()


def loops(w, x):
    return sum(row @ w for row in x)


def counts(w, x):
    return sum((x @ w).mean() for _ in range(x.shape[0]))


def number(w, x):
    return 3


def vector(w, x):
    return x @ w


def rounded(w, x):
    return (1 / 3 * (x @ w)).mean()


def masked(w, x):
    z = x @ w
    return z[z > 0].mean()


def part(w, x):
    return (x[0] @ w) ** 2


def largest(w, x):
    return np.max(x @ w)


def shaped(w, x):
    return (x @ w).reshape(-1).mean()


def other_array(w, x):
    return (x @ w * np.ones(3)).mean()


def mathematics(w, x):
    import math

    return math.exp((x @ w).sum())


def exponent(w, x):
    return (x @ w ** w.sum()).mean()


def equality(w, x):
    return ((x @ w) == 0).mean()


def masks_added(w, x):
    return ((w > 0) + (w < 1)).sum()


def remainder(w, x):
    return (w % 2).sum()


def output(w, x):
    z = x @ w
    np.exp(z, out=z)
    return z.mean()


def listed(w, x):
    return np.stack([w, w]).sum()


def diagonal_matrix(w, x):
    return (x @ np.diag(w)).sum()


def wrong_axis(w, x):
    return x.sum(axis=2) @ w


REFUSED = {
    bad_shape: (InputError, r"operands of shapes \(m,\) and \(n,\) do not fit together", 2),
    bad_product: (InputError, r"@ between shapes \(n,\) and \(m, n\): n is not m", 1),
    branch: (InputError, r"has no value to decide by.*np.where", 2),
    changed: (InputError, r"\+= changes an array in place.*write u = u \+ v", 2),
    assigned: (InputError, r"cannot be changed in place", 2),
    loops: (InputError, r"cannot be taken apart.*sums over axes", 1),
    counts: (InputError, r"m is a symbol and cannot be counted to", 1),
    number: (InputError, r"number returns 3, which is no array", 0),
    vector: (InputError, r"vector returns an array of shape \(m,\); a cost is one number", 0),
    rounded: (InputError, r"0.333\d+ is the rounded result of a calculation.*x / 3", 1),
    masked: (Unsupported, r"with a mask has no shape.*np.where\(mask, u, 0\)", 2),
    part: (Unsupported, r"x_ij\[0\]: a part of an array", 1),
    largest: (Unsupported, r"np.a?max has no derivation here; where it is subtracted", 1),
    shaped: (Unsupported, r"reshape: axes keep their meaning", 1),
    other_array: (InputError, r"an array of numbers cannot be an operand: make it an argument", 1),
    mathematics: (InputError, r"use NumPy's functions \(np.exp, not math.exp\)", 3),
    exponent: (Unsupported, r"an exponent is a number; write np.exp\(p \* np.log\(u\)\)", 1),
    equality: (InputError, r"compared for equality", 1),
    masks_added: (InputError, r"NumPy adds two truth values.*1.0 \* \(u > v\)", 1),
    remainder: (Unsupported, r"// and % round", 1),
    output: (InputError, r"np.exp with out= changes an array in place", 2),
    listed: (Unsupported, r"np.stack has no derivation here; give the parts as arguments", 1),
    diagonal_matrix: (Unsupported, r"np.diag of a vector: write", 1),
    wrong_axis: (InputError, r"axis=2: there is no such axis in the shape \(m, n\)", 1),
}


@pytest.mark.parametrize("function", REFUSED, ids=lambda each: each.__name__)
def test_what_is_refused_names_its_line(function):
    kind, message, line = REFUSED[function]
    place = f"{Path(__file__)}:{function.__code__.co_firstlineno + line}: "
    with pytest.raises(kind, match="(?s)" + re.escape(place) + ".*" + message) as caught:
        derive.trace(function, w="n", x="m,n")
    assert type(caught.value) in (InputError, Unsupported)
    assert str(caught.value).count(place) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"w": "n"}, 'no shape is given for x; write x="m,n"'),
        ({"w": "n", "x": "m,n", "v": "n"}, "no argument 'v'; it has w, x"),
        ({"w": "n", "x": "m,n", "wrt": "v"}, "no argument 'v'"),
        ({"w": "n", "x": "m;n"}, "'m;n' is not a name"),
        ({"w": "n", "x": 3}, "x=3 is not a shape"),
        ({"w": "n", "x": "m,n", "wrt": "x", "hyperparameters": "x"}, "x is in wrt and among"),
        ({"w": "m", "x": "m,m"}, "every argument has an axis of length m: say which are wrt"),
        ({"w": "n", "x": "m,n", "domains": {"z": "real"}}, "no argument 'z'"),
        ({"w": "n", "x": "m,n", "domains": {"x": "odd"}}, "the domain 'odd' is none of"),
    ],
)
def test_shapes_and_roles_that_cannot_be_read(options, message):
    def loss(w, x):
        return ((x @ w) ** 2).mean()

    with pytest.raises(InputError, match=re.escape(message)):
        derive.trace(loss, **options)


def test_a_parameter_that_the_cost_does_not_use():
    def loss(w, b, x):
        return (x @ w).mean() ** 2

    with pytest.raises(InputError, match="the cost does not depend on b"):
        derive.trace(loss, w="n", b="", x="m,n", wrt=("w", "b"))
    assert derive.trace(loss, w="n", b="", x="m,n").default_wrt == ("w",)


@pytest.mark.parametrize("wrong", [3, "loss", np.sin, len])
def test_what_is_no_function(wrong):
    with pytest.raises(InputError, match="is not a function that is written in Python"):
        derive.trace(wrong, w="n")


def test_a_generator_returns_no_cost():
    def loss(w):
        yield w.sum()

    with pytest.raises(InputError, match="is a generator"):
        derive.trace(loss, w="n")


def test_a_function_that_treats_numbers_otherwise_is_found_out():
    def loss(w):
        return (w**2).sum() if isinstance(w, np.ndarray) else (w**3).sum()

    with pytest.raises(InputError, match="for random numbers, but what was traced gives"):
        derive.trace(loss, w="n")
    assert derive.trace(loss, w="n", check=False).parameters[0].name == "w"


def test_a_function_that_fails_on_numbers_is_found_out():
    def loss(w):
        if isinstance(w, np.ndarray):
            raise ValueError("no numbers")  # noqa: TRY004
        return (w**2).sum()

    with pytest.raises(InputError, match=r"raises ValueError\('no numbers'\)"):
        derive.trace(loss, w="n")


def test_arrays_of_two_calls_do_not_mix():
    kept = []

    def loss(w):
        kept.append(w)
        return (w * kept[0]).sum()

    derive.trace(loss, w="n", check=False)
    with pytest.raises(InputError, match="belongs to another call"):
        derive.trace(loss, w="n", check=False)


def test_a_chain_that_is_too_long():
    def loss(w):
        z = w
        for _ in range(2000):
            z = np.tanh(z)
        return z.sum()

    with pytest.raises(Unsupported, match="nested too deeply"):
        derive.trace(loss, w="n", check=False)


def test_the_same_function_gives_the_same_bytes_in_every_process():
    code = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "import derive, hashlib, test_tracing as t\n"
        "p = derive.trace(t.logistic_regression, **t.REGRESSION)\n"
        "print(hashlib.sha256(derive.gradient(p, check='none').json().encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[1],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(filter(None, sys.path))},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1
    derivation = derive.gradient(derive.trace(logistic_regression, **REGRESSION))
    assert json_exporter.read(json_exporter.export(derivation)) == derivation


# Random programs ---------------------------------------------------------------------------------

UNARY = (np.tanh, np.sin, np.exp, np.abs, np.square, lambda u: 1 / (2 + u * u), lambda u: -u)
BINARY = (
    lambda u, v: u + v,
    lambda u, v: u - v,
    lambda u, v: u * v,
    np.maximum,
    lambda u, v: np.where(u > v, u, 0.5 * v),
    lambda u, v: u / (1 + v**2),
)


REDUCED = (
    lambda u: u.mean(axis=0),
    lambda u: u.sum(axis=1, keepdims=True),
    lambda u: u.mean(),
    lambda u: u - u.mean(axis=1, keepdims=True),
)


@st.composite
def programs(draw):
    """Instructions of a machine whose registers hold arrays that broadcast to m × n."""
    count = draw(st.integers(1, 5))
    return [
        draw(
            st.one_of(
                st.tuples(st.just("unary"), st.sampled_from(UNARY), st.integers(0, 9)),
                st.tuples(
                    st.just("binary"),
                    st.sampled_from(BINARY),
                    st.tuples(st.integers(0, 9), st.integers(0, 9)),
                ),
                st.tuples(st.just("reduce"), st.sampled_from(REDUCED), st.integers(0, 9)),
            )
        )
        for _ in range(count)
    ]


@settings(max_examples=60, deadline=None)
@given(programs())
def test_random_programs_keep_their_values(program):
    def loss(w, b, x):
        registers = [x, w, b, x @ w[:, None]]
        for kind, function, where in program:
            if kind == "binary":
                first, second = (registers[place % len(registers)] for place in where)
                r = function(first, second)
            elif kind == "unary":
                r = function(registers[where % len(registers)])
            else:
                r = function(registers[where % len(registers)] + x)
            registers.append(r)
        return (registers[-1] * x + w * b).mean()

    # trace() itself compares the value on random numbers, and raises if it differs.
    problem = derive.trace(loss, w="n", b="", x="m,n", wrt=("w", "b"))
    assert problem.default_wrt == ("w", "b")
    assert problem.cost.name == "J"


@settings(max_examples=12, deadline=None)
@given(programs())
def test_random_programs_have_right_gradients(program):
    def loss(w, b, x):
        registers = [x, w, b, x @ w[:, None]]
        for kind, function, where in program:
            places = where if kind == "binary" else (where,)
            operands = [registers[place % len(registers)] for place in places]
            if kind == "reduce":
                operands = [operands[0] + x]
            registers.append(function(*operands))
        return (registers[-1] * x + w * b).mean()

    problem = derive.trace(loss, w="n", b="", x="m,n", wrt=("w", "b"))
    checks = derive.gradient(problem, check="report").checks
    # At max(u, u) there is a kink everywhere: then a check says that it could not run.
    assert [check.message for check in checks if check.status == "failed"] == []


# Functions of a square matrix --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cost", "gradient"),
    [
        (lambda X: np.trace(np.linalg.inv(X)), "−Σ_{j'=1}^{n} (X⁻¹)_{j',j} (X⁻¹)_{s,j'}"),
        (lambda X: np.linalg.det(X), "det X (X⁻¹)_sj"),
        (lambda X: np.linalg.slogdet(X)[1], "(X⁻¹)_sj"),
        (lambda X: np.linalg.slogdet(X).logabsdet, "(X⁻¹)_sj"),
        (lambda X: np.linalg.slogdet(X).sign * X.sum(), "sign(det X)"),
    ],
)
def test_functions_of_a_square_matrix(cost: Callable[..., Any], gradient: str) -> None:
    problem = derive.trace(cost, X="n,n", example=False)
    assert str(derive.gradient(problem, wrt="X").result) == gradient


@pytest.mark.parametrize("name", ["inv", "det", "slogdet"])
def test_a_matrix_that_is_not_square_has_none(name: str) -> None:
    def cost(X: Any) -> Any:
        return np.sum(getattr(np.linalg, name)(X))

    with pytest.raises(InputError, match=rf"np.linalg.{name} of an array of shape \(n, p\)"):
        derive.trace(cost, X="n,p")
    with pytest.raises(Unsupported, match="write it as a number"):
        derive.trace(cost, X="1,1", wrt="X")
