"""The generated NumPy modules: right, stable, deterministic, and written like code."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import warnings
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_models import problem_of

import derive
from derive.catalogue import NAMES, load
from derive.errors import Unsupported
from derive.model import Definition, Problem, Quantity
from derive.numpy_code import compile_module, module_source
from derive.numpy_code.code import Code
from derive.numpy_code.statements import Statement, rendered, shared
from derive.terms import (
    ONE,
    Apply,
    Derivative,
    Family,
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

i, j, k, h = Index("i", "m"), Index("j", "n"), Index("k", "K"), Index("h", "H")
q = Index("q", "n")
mean = reciprocal(Size("m"))
x = Ref("x", (i, j))

Results = dict[str, Term]
Derivatives = dict[Derivative, Term]


def averaged(term: Term) -> Term:
    return multiply(mean, Sum(i, term))


def single(prediction: str, factor: Term = ONE) -> Results:
    error = add(Ref(prediction, (i,)), negate(Ref("y", (i,))))
    return {
        "w": multiply(factor, averaged(multiply(error, x))),
        "b": multiply(factor, averaged(error)),
    }


def ridge() -> Results:
    raw = add(Sum(q, multiply(Ref("w", (q,)), Ref("x", (i, q)))), Ref("b"), negate(Ref("y", (i,))))
    penalty = multiply(Ref("lambda_"), Ref("w", (j,)))
    return {
        "w": multiply(mean, add(Sum(i, multiply(raw, x)), penalty)),
        "b": averaged(raw),
    }


def softmax() -> Results:
    errors = add(Ref("p", (i, k)), negate(Ref("y", (i, k))))
    return {"W": averaged(multiply(errors, x)), "b": averaged(errors)}


def mlp() -> tuple[Results, Derivatives]:
    error = add(Ref("a2", (i,)), negate(Ref("y", (i,))))
    hidden = multiply(error, Ref("w2", (h,)), add(ONE, negate(power(Ref("a1", (i, h)), 2))))
    results = {
        "W1": averaged(multiply(hidden, x)),
        "b1": averaged(hidden),
        "w2": averaged(multiply(error, Ref("a1", (i, h)))),
        "b2": averaged(error),
    }
    L = Ref("L", (i,))
    stacks = {
        Derivative(L, Ref("z1", (i, h))): hidden,
        Derivative(L, Ref("z2", (i,))): error,
    }
    return results, stacks


def mean_loss() -> tuple[Results, Derivatives]:
    by_z = Derivative(Ref("L", (i,)), Ref("z", (i,)))
    results = {"W": averaged(multiply(by_z, x)), "b": averaged(by_z)}
    chain = multiply(
        Apply("L", (Ref("a", (i,)), Ref("y", (i,))), (1, 0)), Apply("g", (Ref("z", (i,)),), (1,))
    )
    return results, {by_z: chain}


def layer() -> tuple[Results, Derivatives]:
    by_z = Derivative(Ref("L", (i,)), Ref("z", (i, k)))
    by_a = Derivative(Ref("L", (i,)), Ref("a", (i, k)))
    below = Ref("a_previous", (i, j))
    results = {"W": averaged(multiply(by_z, below)), "b": averaged(by_z)}
    return results, {by_z: multiply(by_a, Apply("g", (Ref("z", (i, k)),), (1,)))}


MODELS: dict[str, tuple[Results, Derivatives]] = {
    "linear_regression": (single("yhat"), {}),
    "linear_regression_mean_square": (single("yhat", Number(Fraction(2))), {}),
    "logistic_regression": (single("a"), {}),
    "softmax_regression": (softmax(), {}),
    "ridge_regression": (ridge(), {}),
    "mlp": mlp(),
    "mean_loss": mean_loss(),
    "layer": layer(),
}
CONCRETE = [name for name in MODELS if name not in ("mean_loss", "layer")]


def source(name: str) -> str:
    results, derivatives = MODELS[name]
    problem = load(name)
    return module_source(problem, results, title=problem.title, derivatives=derivatives)


def assert_gradient_is_right(module: dict[str, Any], arguments: dict[str, Any]) -> None:
    gradient = module["gradient"](**arguments)
    for name, found in gradient.items():
        value = np.asarray(arguments[name], dtype=float)
        assert np.shape(found) == value.shape
        expected = np.zeros(value.shape)
        for place in np.ndindex(*value.shape):
            step = np.zeros(value.shape)
            step[place] = 1e-5
            above = module["cost"](**{**arguments, name: value + step})
            below = module["cost"](**{**arguments, name: value - step})
            expected[place] = (above - below) / 2e-5
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", MODELS)
def test_gradient_against_finite_differences(name: str) -> None:
    module = compile_module(source(name))
    arguments = module["example"](seed=2, m=50, n=7)
    assert set(module["gradient"](**arguments)) == set(MODELS[name][0])
    assert_gradient_is_right(module, arguments)


@pytest.mark.parametrize("name", CONCRETE)
def test_stable_for_large_arguments(name: str) -> None:
    module = compile_module(source(name))
    arguments = module["example"](seed=0)
    arguments["x"] = 0 * arguments["x"]
    bias = "b2" if name == "mlp" else "b"
    with warnings.catch_warnings(), np.errstate(over="raise", invalid="raise", divide="raise"):
        warnings.simplefilter("error")
        for size in (1000.0, -1000.0):
            large = np.zeros(np.shape(arguments[bias])) + size
            if large.ndim:
                large[0] = -size
            arguments[bias] = large
            assert np.isfinite(module["cost"](**arguments))
            for found in module["gradient"](**arguments).values():
                assert np.isfinite(found).all()


def test_exact_limits_of_the_sigmoid() -> None:
    module = compile_module(source("logistic_regression"))
    one = {"x": [[1000.0]], "w": [1.0], "b": 0.0}
    assert module["gradient"](**one, y=[0.0])["w"] == pytest.approx([1000.0])
    assert module["gradient"](**one, y=[1.0])["w"] == pytest.approx([0.0])
    assert module["cost"](**one, y=[0.0]) == pytest.approx(1000.0)
    assert module["cost"](**one, y=[1.0]) == 0.0


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "logistic_regression",
            [
                "def gradient(*, x, y, w, b):",
                "    return x @ w + b",
                "    L = y * np.logaddexp(0.0, -z) + (1 - y) * np.logaddexp(0.0, z)",
                "    t1 = a - y",
                '        "w": x.T @ t1 / m,',
                '        "b": t1.sum() / m,',
            ],
        ),
        (
            "softmax_regression",
            [
                "    return x @ W.T + b",
                "    L = -(y * _log_softmax(z)).sum(axis=1)",
                "    t1 = p - y",
                '        "W": t1.T @ x / m,',
                '        "b": t1.sum(axis=0) / m,',
            ],
        ),
        (
            "ridge_regression",
            [
                "    return L.sum() / (2 * m) + lambda_ * (w @ w) / (2 * m)",
                '        "w": (x.T @ t1 + lambda_ * w) / m,',
            ],
        ),
        (
            "mlp",
            [
                "    a1 = np.tanh(z1)",
                "    z2 = a1 @ w2 + b2",
                "    dz2 = a2 - y",
                "    dz1 = np.outer(dz2, w2) * (1 - a1**2)",
                '        "W1": dz1.T @ x / m,',
                '        "b1": dz1.sum(axis=0) / m,',
                '        "w2": a1.T @ dz2 / m,',
            ],
        ),
        (
            "mean_loss",
            [
                "def cost(*, x, y, W, b, g, L, dg=None, dL_da=None):",
                "    dz = dL_da(a, y) * dg(z)",
            ],
        ),
        ("layer", ["    da = dL_da(a, y)", "    dz = da * dg(z)"]),
    ],
)
def test_reads_like_code(name: str, expected: list[str]) -> None:
    lines = source(name).split("\n")
    for line in expected:
        assert line in lines


@pytest.mark.parametrize("name", MODELS)
def test_style_and_determinism(name: str, tmp_path: Path) -> None:
    text = source(name)
    assert text == source(name)
    assert max(len(line) for line in text.split("\n")) <= 100
    ruff = shutil.which(
        "ruff", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    )
    if ruff is None:
        pytest.skip("ruff is not on the path")
    path = tmp_path / "module.py"
    path.write_text(text, encoding="utf-8")
    command = [ruff, "format", "--isolated", "--check", "--line-length", "100", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("call", ["cost", "gradient"])
def test_shapes_that_do_not_fit(call: str) -> None:
    module = compile_module(source("logistic_regression"))
    arguments = module["example"](m=5, n=3)
    with pytest.raises(ValueError, match=r"w with shape \(4,\) does not fit x with shape \(5, 3\)"):
        module[call](**{**arguments, "w": np.zeros(4)})
    with pytest.raises(ValueError, match=r"x has shape \(5,\); expected \(m, n\)"):
        module[call](**{**arguments, "x": np.zeros(5)})


def test_docstring_holds_the_formulas() -> None:
    results, _ = MODELS["logistic_regression"]
    problem = load("logistic_regression")
    text = module_source(
        problem, results, title=problem.title, docstring_lines=['a "quote" \\ and ∂J/∂b']
    )
    document = compile_module(text)["__doc__"]
    assert document.startswith(problem.title)
    assert 'a "quote" \\ and ∂J/∂b' in document
    assert "(m, n)" in document


# Terms that no catalogue entry has ---------------------------------------------------------------


def small(body: Term, *quantities: Quantity) -> Problem:
    cost = Quantity("J", (), "definition", "J", "J", "J", "J")
    indices = dict.fromkeys(index for each in quantities for index in each.indices)
    return Problem(
        "small",
        "Small",
        tuple(indices),
        (*quantities, cost),
        (Definition("J", (), body),),
        example_index=i,
    )


def named(name: str, *indices: Index, role: Any = "data") -> Quantity:
    return Quantity(name, indices, role, name, name, name, name)


def value_of(body: Term, *quantities: Quantity, **arrays: Any) -> float:
    text = module_source(small(body, *quantities), {}, title="Small")
    return float(compile_module(text)["cost"](**arrays))


def exp(term: Term) -> Term:
    return Apply("exp", (term,))


def ln(term: Term) -> Term:
    return Apply("ln", (term,))


@pytest.mark.parametrize("u", [-1000.0, -1.5, 0.0, 2.0, 1000.0])
@pytest.mark.parametrize("rule", ["sigmoid", "log", "log of one minus", "softplus", "ln exp"])
def test_stable_rewriting_of_scalars(rule: str, u: float) -> None:
    z = Ref("u")
    sigmoid = reciprocal(add(ONE, exp(negate(z))))
    terms = {
        "sigmoid": (sigmoid, np.exp(-np.logaddexp(0, -u))),
        "log": (ln(sigmoid), -np.logaddexp(0, -u)),
        "log of one minus": (ln(add(ONE, negate(sigmoid))), -np.logaddexp(0, u)),
        "softplus": (ln(add(ONE, exp(z))), np.logaddexp(0, u)),
        "ln exp": (ln(exp(z)), u),
    }
    term, expected = terms[rule]
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        assert value_of(term, named("u"), u=u) == pytest.approx(expected)


def test_stable_rewriting_of_normalised_exponentials() -> None:
    u = np.array([[1000.0, 999.0, -1000.0], [0.5, -0.5, 0.0]])
    z = Ref("u", (i, k))
    total = Sum(k, exp(z))
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        logsum = value_of(Sum(i, ln(total)), named("u", i, k), u=u)
        shares = value_of(
            Sum(i, Sum(k, power(multiply(exp(z), reciprocal(total)), 2))), named("u", i, k), u=u
        )
    assert logsum == pytest.approx(np.logaddexp.reduce(u, axis=1).sum())
    stable = np.exp(u - np.logaddexp.reduce(u, axis=1)[:, None])
    assert shares == pytest.approx((stable**2).sum())


def test_einsum_where_there_is_no_matrix_form() -> None:
    rng = np.random.default_rng(0)
    t = rng.normal(size=(4, 3, 2))
    a, b = rng.normal(size=(4, 3)), rng.normal(size=2)
    quantities = (named("t", i, j, k), named("a", i, j), named("b", k))
    product = multiply(Ref("t", (i, j, k)), Ref("a", (i, j)), Ref("b", (k,)))
    body: Term = Sum(i, Sum(j, Sum(k, product)))
    text = module_source(small(body, *quantities), {}, title="Small")
    assert "np.einsum(" in text
    found = compile_module(text)["cost"](t=t, a=a, b=b)
    assert found == pytest.approx(np.einsum("ijk,ij,k->", t, a, b))


def test_sum_over_three_indices_of_a_sum() -> None:
    rng = np.random.default_rng(1)
    t, a, c = rng.normal(size=(4, 3, 2)), rng.normal(size=(4, 3)), rng.normal(size=(4, 2))
    quantities = (named("t", i, j, k), named("a", i, j), named("c", i, k))
    inside = add(Ref("t", (i, j, k)), Ref("a", (i, j)), negate(Ref("c", (i, k))))
    body: Term = Sum(i, Sum(j, Sum(k, Apply("tanh", (inside,)))))
    found = value_of(body, *quantities, t=t, a=a, c=c)
    assert found == pytest.approx(np.tanh(t + a[:, :, None] - c[:, None, :]).sum())


def test_what_cannot_be_written_is_refused() -> None:
    body = Sum(i, Sum(j, Ref("x", (i, j))))
    with pytest.raises(Unsupported, match="cannot be the name of an argument"):
        module_source(small(body, named("x", i, j), named("lambda")), {}, title="Small")
    unknown = Derivative(Ref("L", (i,)), Ref("z", (i,)))
    problem = load("logistic_regression")
    with pytest.raises(Unsupported, match="no value is known for"):
        module_source(problem, {"b": averaged(unknown)}, title="Logistic")


def test_a_size_and_a_quantity_of_one_name() -> None:
    body = multiply(Ref("m"), mean, Sum(i, Ref("y", (i,))))
    assert value_of(body, named("m"), named("y", i), m=6.0, y=[1.0, 2.0]) == pytest.approx(9.0)


def test_an_array_is_given_with_the_axes_of_its_declaration() -> None:
    """Also where it was declared as ``x[j,i]``, with its examples as columns."""
    x_ji = Quantity("x", (j, i), "data", "x", "x", "X", "X")
    body = Sum(i, Sum(j, multiply(Ref("x", (j, i)), Ref("w", (j,)))))
    found = value_of(body, x_ji, named("w", j), x=np.ones((2, 4)), w=[1.0, 2.0])
    assert found == pytest.approx(12.0)


def test_a_family_over_one_example_is_a_call() -> None:
    problem = load("layer")
    assert any(
        isinstance(argument, Family)
        for definition in problem.definitions
        if isinstance(definition.body, Apply)
        for argument in definition.body.arguments
    )
    module = compile_module(source("layer"))
    arguments = module["example"](m=5, K=3)
    seen = []

    def loss(a: Any, y: Any) -> Any:
        seen.append((a.shape, y.shape))
        return ((a - y) ** 2).sum(axis=1)

    module["cost"](**{**arguments, "L": loss})
    assert seen == [((5, 3), (5, 3))]


@pytest.mark.parametrize("shape", ["p", "q[c]", "p q[c]", "r[i,c]", "s[c,j]"])
def test_an_index_that_runs_to_1_has_an_axis(shape: str) -> None:
    """The gradient is checked against finite differences, and so are the shapes."""
    i, j, c = derive.indices("i:m", "j:n", "c:1")
    x, y, one = derive.data("x[i,j]", "y[i,c]", "u[c]")
    p, q, r, s = derive.parameters("p", "q[c]", "r[i,c]", "s[c,j]")
    inner = {
        "p": p * y[i, c],
        "q[c]": q[c] - y[i, c],
        "p q[c]": p * q[c] * y[i, c] + one[c],
        "r[i,c]": r[i, c] * one[c] - y[i, c],
        "s[c,j]": derive.sum(s[c, j] * x[i, j], over=j) - derive.tanh(y[i, c]),
    }[shape]
    z = derive.define("z[i,c]", inner)
    derivation = derive.gradient(derive.mean(derive.sum(derive.exp(z[i, c]), over=c), over=i))
    assert derivation.results


def test_the_only_example_is_summed_over() -> None:
    i = derive.indices("i:1")
    y, p = derive.data("y[i]"), derive.parameters("p")
    derivation = derive.gradient(derive.mean((p * y[i]) ** 2, over=i))
    module = compile_module(derivation.python())
    assert module["gradient"](y=[3.0], p=2.0)["p"] == pytest.approx(36.0)
    assert np.shape(module["gradient"](y=[3.0], p=2.0)["p"]) == ()


def test_numbers_as_sizes_are_checked() -> None:
    two = Index("c", 2)
    body = Sum(i, Sum(two, Ref("x", (i, two))))
    problem = replace(small(body, named("x", i, two)))
    module = compile_module(module_source(problem, {}, title="Small"))
    assert module["cost"](x=np.ones((3, 2))) == pytest.approx(6.0)
    with pytest.raises(ValueError, match=r"x has shape \(3, 4\); expected"):
        module["cost"](x=np.ones((3, 4)))


def test_nothing_is_computed_twice() -> None:
    """Also where the lemmas have no name for it: the part of an expression gets a variable."""
    x, w = "x", "w"
    first = Statement.assignment("a", Code("np.exp(x @ w) + 1"))
    second = Statement.assignment("b", Code("np.exp(x @ w) * (x @ w) + np.sqrt(m)"))
    last = Statement.returned(Code("a + f(np.exp(x @ w) + 1) + np.sqrt(m)"))
    made = shared([first, second, last], {x, w}, {"t1", "x", "w"})
    assert rendered(made) == [
        "    t1_ = x @ w",
        "    t2 = np.exp(t1_)",
        "    a = t2 + 1",
        "    b = t2 * t1_ + np.sqrt(m)",
        "    return a + f(a) + np.sqrt(m)",
    ]


def test_what_may_not_be_run_is_not_shared() -> None:
    given = replace(Statement.assignment("c", Code("x + 1")), always=False)
    last = Statement.returned(Code("c * (x + 1)"))
    assert shared([given, last], {"x"}, {"x"}) == [given, last]


def test_letters_beyond_ascii_are_cut_in_the_right_place() -> None:
    made = shared([Statement.returned(Code("(γ + x) * β - (γ + x)"))], {"x"}, {"x"})
    assert rendered(made) == ["    t1 = γ + x", "    return t1 * β - t1"]


def test_two_equal_gradients_are_two_arrays() -> None:
    i = derive.indices("i:m")
    y = derive.data("y[i]")
    a, b = derive.parameters("a[i]", "b[i]")
    found = derive.gradient(derive.sum(derive.exp(a[i] + b[i] - y[i]), over=i))
    gradient = compile_module(found.python())["gradient"](
        y=np.zeros(2), a=np.zeros(2), b=np.zeros(2)
    )
    gradient["a"] += 1
    assert gradient["b"] == pytest.approx([1.0, 1.0])


def _model(name: str) -> dict[str, Any]:
    target = name if name in NAMES else problem_of(name)
    return compile_module(derive.gradient(target, check="none").python())


@pytest.mark.parametrize("size", [-1000.0, 1000.0])
@pytest.mark.parametrize(
    ("name", "large"),
    [
        ("bradley_terry", "s"),
        ("direct_preference_optimisation", "a"),
        ("focal_loss", "b"),
        ("info_nce", "a"),
        ("kl_divergence", "b"),
        ("label_smoothing", "b"),
        ("log_cosh_regression", "b"),
        ("logistic_regression_signed", "b"),
        ("lstm_cell", "z_i"),
        ("skip_gram", "w"),
    ],
)
def test_the_models_are_stable_for_large_arguments(name: str, large: str, size: float) -> None:
    module = _model(name)
    arguments = module["example"](seed=3)
    array = np.asarray(arguments[large])
    arguments[large] = size * (np.sign(array) + (array == 0))
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        cost = module["cost"](**arguments)
        gradient = module["gradient"](**arguments)
    assert np.isfinite(cost)
    assert all(np.isfinite(found).all() for found in gradient.values())


def test_the_focal_loss_at_a_thousand_is_that_of_its_limit() -> None:
    """With γ = 2: ∂L/∂z is ∓1 where the model is surely wrong, and 0 where it is right."""
    module = _model("focal_loss")
    one = {"x": [[1.0]], "w": [1000.0], "b": 0.0, "gamma": 2.0}
    assert module["gradient"](**one, y=[-1.0])["b"] == pytest.approx(1.0)
    assert module["gradient"](**one, y=[1.0])["b"] == pytest.approx(0.0)
    minus = {**one, "w": [-1000.0]}
    assert module["gradient"](**minus, y=[1.0])["b"] == pytest.approx(-1.0)
    assert module["gradient"](**minus, y=[-1.0])["b"] == pytest.approx(0.0)


def test_the_sigmoid_is_right_to_the_last_digits() -> None:
    import math

    sigmoid = compile_module(source("logistic_regression"))["_sigmoid"]
    points = np.array([-700.0, -40.0, -1.0, 0.0, 1e-9, 1.0, 40.0, 1000.0])
    expected = [
        math.exp(u) / (1 + math.exp(u)) if u < 0 else 1 / (1 + math.exp(-u)) for u in points
    ]
    assert sigmoid(points) == pytest.approx(expected, rel=1e-15)
    assert sigmoid(np.array([-1000.0])) == pytest.approx([0.0], abs=1e-300)


def test_softmax_over_the_first_axis() -> None:
    """``Σ_s exp(z_st)``: the index that is summed over is the row."""
    s, t = derive.indices("s:S", "t:T")
    g, z = derive.data("g[s,t]"), derive.parameter("z[s,t]")
    p = derive.define("p[s,t]", derive.exp(z[s, t]) / derive.sum(derive.exp(z[s, t]), over=s))
    found = derive.gradient(derive.sum(derive.sum(g[s, t] * p[s, t], over=t), over=s))
    text = found.python()
    assert "_softmax(z.T).T" in text
    module = compile_module(text)
    arguments = module["example"](seed=0)
    assert_gradient_is_right(module, arguments)
    arguments["z"] *= 1000
    assert np.isfinite(module["cost"](**arguments))


def test_the_logarithm_of_a_sum_over_any_index() -> None:
    s, t = derive.indices("s:S", "t:T")
    z = derive.parameter("z[s,t]")
    L = derive.define("L[t]", derive.ln(derive.sum(derive.exp(z[s, t]), over=s)))
    module = compile_module(derive.gradient(derive.sum(L[t], over=t)).python())
    arguments = module["example"](seed=0)
    assert_gradient_is_right(module, arguments)
    assert np.isfinite(module["cost"](z=1000 * arguments["z"]))


def test_products_without_a_sum_need_no_einsum() -> None:
    i, k, d = derive.indices("i:m", "k:K", "d:D")
    r, w, q = derive.data("r[i,k]", "w[i,d]", "q[k,d]")
    n = derive.parameter("n[i,k,d]")
    body = r[i, k] * w[i, d] * q[k, d] * derive.tanh(n[i, k, d])
    found = derive.gradient(
        derive.sum(derive.sum(derive.sum(body, over=d), over=k), over=i), m=2, K=2, D=2
    )
    text = found.python()
    start = text.index("def gradient")
    assert "einsum" not in text[start : text.index("def example")]
    module = compile_module(text)
    assert_gradient_is_right(module, module["example"](seed=0, m=2, K=3, D=4))


def test_the_logarithm_of_a_sum_over_the_examples() -> None:
    s, t = derive.indices("s:S", "t:T")
    z = derive.parameter("z[s,t]")
    L = derive.define("L[t]", derive.ln(derive.sum(derive.exp(z[s, t]), over=s)))
    square = derive.sum(derive.sum(z[s, t] ** 2, over=t), over=s)
    found = derive.gradient(square + derive.sum(L[t], over=t))
    assert found.problem.example_index is not None
    assert found.problem.example_index.name == "s"
    module = compile_module(found.python())
    assert_gradient_is_right(module, module["example"](seed=0))


def test_a_factor_whose_examples_come_second() -> None:
    """``einsum`` is told the axes in which the array is, with examples as rows."""
    i, t, k = derive.indices("i:m", "t:T", "k:K")
    q, n = derive.parameter("q[t,i]"), derive.data("n[i,k,t]")
    body = derive.tanh(q[t, i] ** 2) * n[i, k, t] ** 2
    total = derive.sum(derive.sum(derive.sum(body, over=k), over=t), over=i)
    module = compile_module(derive.gradient(total, m=2, T=2, K=2).python())
    assert_gradient_is_right(module, module["example"](seed=0, m=3, T=2, K=4))
