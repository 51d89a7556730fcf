"""Costs that are SymPy expressions."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import derive
from derive import catalogue
from derive.errors import InputError, Unsupported
from derive.evaluation import EvaluationError, Evaluator
from derive.sampling import draw

i, j, k, l, h, p = sp.symbols("i j k l h p", integer=True)
m, n, K, H = sp.symbols("m n K H", integer=True, positive=True)
x, y, w, z, a, L, W, P, c = map(sp.IndexedBase, ["x", "y", "w", "z", "a", "L", "W", "p", "c"])
yhat, bk = sp.IndexedBase("yhat"), sp.IndexedBase("b")
b, J = sp.symbols("b J")
lam = sp.Symbol("lambda", positive=True)

WEIGHTED = sp.Sum(w[j] * x[i, j], (j, 1, n)) + b
CROSS_ENTROPY = -(y[i] * sp.log(a[i]) + (1 - y[i]) * sp.log(1 - a[i]))
SQUARE = (L[i], (yhat[i] - y[i]) ** 2)

W1, b1, w2, z1, a1, z2, a2 = map(sp.IndexedBase, ["W1", "b1", "w2", "z1", "a1", "z2", "a2"])
b2 = sp.Symbol("b2")

AGAIN = {
    "linear_regression": (
        sp.Sum(L[i], (i, 1, m)) / (2 * m),
        {"stages": [(yhat[i], WEIGHTED), SQUARE], "parameters": [w, b]},
    ),
    "linear_regression_mean_square": (
        sp.Eq(J, sp.Sum(L[i], (i, 1, m)) / m),
        {"stages": [sp.Eq(yhat[i], WEIGHTED), sp.Eq(*SQUARE)], "parameters": [w, b]},
    ),
    "logistic_regression": (
        sp.Sum(L[i], (i, 1, m)) / m,
        {
            "stages": [
                (L[i], CROSS_ENTROPY),
                (a[i], 1 / (1 + sp.exp(-z[i]))),
                (z[i], WEIGHTED),
            ],
            "parameters": ["w", "b"],
            "domains": {y: "binary"},
        },
    ),
    "softmax_regression": (
        sp.Sum(L[i], (i, 1, m)) / m,
        {
            "stages": [
                (z[i, k], sp.Sum(W[k, j] * x[i, j], (j, 1, n)) + bk[k]),
                (P[i, k], sp.exp(z[i, k]) / sp.Sum(sp.exp(z[i, k]), (k, 1, K))),
                (L[i], -sp.Sum(y[i, k] * sp.log(P[i, k]), (k, 1, K))),
            ],
            "parameters": [W, bk],
            "facts": [(sp.Sum(y[i, k], (k, 1, K)), 1, "labels are one-hot")],
            "domains": {"y": "probabilities"},
            "sizes": {"K": 3},
        },
    ),
    "ridge_regression": (
        sp.Sum(L[i], (i, 1, m)) / (2 * m) + lam / (2 * m) * sp.Sum(w[j] ** 2, (j, 1, n)),
        {
            "stages": [(yhat[i], WEIGHTED), SQUARE],
            "parameters": [w, b],
            "written_out": [yhat],
        },
    ),
    "mlp": (
        sp.Sum(L[i], (i, 1, m)) / m,
        {
            "stages": [
                (z1[i, h], sp.Sum(W1[h, j] * x[i, j], (j, 1, n)) + b1[h]),
                (a1[i, h], sp.tanh(z1[i, h])),
                (z2[i], sp.Sum(w2[h] * a1[i, h], (h, 1, H)) + b2),
                (a2[i], sp.Function("sigmoid")(z2[i])),
                (L[i], -y[i] * sp.log(a2[i]) - (1 - y[i]) * sp.log(1 - a2[i])),
            ],
            "parameters": [W1, b1, w2, b2],
            "domains": {y: "binary"},
        },
    ),
}


@pytest.mark.parametrize("name", AGAIN)
def test_a_sympy_form_has_the_gradient_of_the_catalogue(name, derivation_of):
    cost, options = AGAIN[name]
    problem = derive.from_sympy(cost, **options)
    expected = catalogue.load(name)
    assert {each.name for each in problem.definitions} == {
        each.name for each in expected.definitions
    }
    assert {each.name: each.role for each in problem.quantities} == {
        each.name: each.role for each in expected.quantities
    }
    derivation = derive.gradient(problem)
    assert derivation.passed
    theirs = {result.wrt: str(result.term) for result in derivation_of(name).results}
    if name == "ridge_regression":  # SymPy puts the terms into an order of its own
        assert {result.wrt for result in derivation.results} == set(theirs)
        return
    assert {result.wrt: str(result.term) for result in derivation.results} == theirs


# Indices and sizes -------------------------------------------------------------------------------


def read(cost, parameters=(w,), **options):
    return derive.from_sympy(cost, parameters=list(parameters), **options)


def test_sums_from_zero_are_counted_from_one_and_the_page_says_so():
    problem = read(sp.Sum(w[j] ** 2, (j, 0, n - 1)), summary="A sum.")
    assert str(problem.cost.body) == "Σⱼ₌₁ⁿ w_j²"
    assert problem.summary == "A sum. What was given as j = 0..n - 1 is counted from 1 here."


def test_an_idx_brings_its_range():
    r = sp.Idx("r", (1, n))
    s = sp.Idx("s", m)
    assert str(read(sp.Sum(w[r] ** 2, r)).cost.body) == "Σᵣ₌₁ⁿ w_r²"
    assert "s = 0..m - 1" in read(sp.Sum(x[s] * b, s), [b]).summary


def test_a_size_comes_from_a_shape_or_from_other_places():
    v = sp.IndexedBase("v", shape=(n,))
    problem = derive.from_sympy(
        sp.Sum(z[j], (j, 1, n)), stages=[(z[k], v[k] ** 2 * w[k])], parameters=[w]
    )
    assert problem.quantity("z").shape == ("n",)
    problem = derive.from_sympy(sp.Sum(z[j], (j, 1, n)), stages=[(z[k], w[k] ** 2)], parameters=[w])
    assert problem.quantity("w").shape == ("n",)


def test_a_size_that_is_a_number():
    assert read(sp.Sum(w[j] ** 2, (j, 1, 3))).quantity("w").shape == (3,)
    assert read(sp.Sum(w[j] ** 2, (j, 0, 2))).quantity("w").shape == (3,)


def test_spare_letters_are_found():
    problem = read(sp.Sum((WEIGHTED - y[i]) ** 2, (i, 1, m)) / m, [w, b])
    assert "'" not in str(derive.gradient(problem, wrt="w").result)


def test_a_quantity_with_the_same_index_twice():
    A = sp.IndexedBase("A")
    problem = read(sp.Sum(A[j, j] * w[j] ** 2, (j, 1, n)))
    assert problem.quantity("A").shape == ("n", "n")
    assert derive.gradient(problem).passed


# Functions ---------------------------------------------------------------------------------------

u = w[j]
FUNCTIONS = {
    sp.exp(u): "exp(w_j)",
    sp.log(u**2): "ln(w_j²)",
    sp.sqrt(u**2 + 1): "√(w_j² + 1)",
    1 / sp.sqrt(u**2 + 1): "1/√(w_j² + 1)",
    (u**2 + 1) ** sp.Rational(3, 2): "(w_j² + 1)",
    sp.tanh(u) * sp.sin(u) + sp.cosh(u): "tanh",
    sp.atan(u) + sp.tan(u / 9): "arctan",
    sp.erf(u) + sp.pi * u: "π w_j",
    sp.loggamma(u**2 + 1) + sp.gamma(u**2 + 1) + sp.digamma(u**2 + 1): "ln Γ",
    sp.Abs(u) + sp.sign(u) * u: "|w_j|",
    sp.Max(0, 1 - u): "max(0, 1 − w_j)",
    sp.Max(0, u, u**2) + sp.Min(u, 1): "min(1, w_j)",
    sp.Heaviside(u) * u: "𝟏[w_j > 0]",
    sp.log(1 + sp.exp(u)): "softplus(w_j)",
    sp.exp(u) / (1 + sp.exp(u)): "σ(w_j)",
    2**u: "exp(w_j ln 2)",
    sp.E * u: "exp(1)",
    sp.Rational(1, 3) * u - sp.Rational(7, 2): "(1/3) w_j − 7/2",
    sp.Function("relu")(u) + sp.Function("gelu")(u): "ReLU(w_j)",
    sp.Function("huber")(u, lam): "Huber",
    sp.Function("g")(u): "g(w_j)",
    sp.Function("f")(u, u**2): "f(w_j, w_j²)",
}


@pytest.mark.parametrize("body", FUNCTIONS, ids=str)
def test_functions(body):
    problem = read(sp.Sum(body, (j, 1, n)))
    assert FUNCTIONS[body] in str(problem.cost.body)
    derivation = derive.gradient(problem, check="report")
    assert [check.message for check in derivation.checks if check.status != "passed"] == []


PIECES = {
    ((u, u > 0), (0, True)): "ReLU(w_j)",
    ((u, u >= 0), (0, True)): "max(0, w_j)",  # so SymPy writes it in a sum
    ((0, u < 0), (u, True)): "max(0, w_j)",
    ((u, u > 0), (-u, True)): "|w_j|",
    ((u, u > 0), (u / 10, True)): "LeakyReLU",
    ((u**2, u > 1), (2 * u - 1, True)): "𝟏[w_j > 1]",
    ((u, (u > 0) & (u < 1)), (0, True)): "𝟏[",
    ((u, (u > 1) | (u < 0)), (0, True)): "𝟏[",
}


@pytest.mark.parametrize("pieces", PIECES, ids=str)
def test_piecewise(pieces):
    problem = read(sp.Sum(sp.Piecewise(*pieces), (j, 1, n)))
    assert PIECES[pieces] in str(problem.cost.body)
    derivation = derive.gradient(problem, check="report")
    assert [check.message for check in derivation.checks if check.status != "passed"] == []


def test_the_value_of_heaviside_at_zero_is_the_convention():
    assert read(sp.Sum(sp.Heaviside(u) * u, (j, 1, n))).at_jump("greater") == Fraction(1, 2)
    assert read(sp.Sum(sp.Heaviside(u, 0) * u, (j, 1, n))).at_jump("greater") == 0
    with pytest.raises(InputError, match="differ at 0"):
        read(sp.Sum(sp.Heaviside(u) * u + sp.Heaviside(u - 1, 1), (j, 1, n)))
    with pytest.raises(InputError, match="step_at_zero=1, but"):
        read(sp.Sum(sp.Heaviside(u) * u, (j, 1, n)), step_at_zero=1)


def test_positive_symbols_are_positive_and_domains_can_be_given():
    problem = read(lam * sp.Sum(w[j] ** 2 * c[j], (j, 1, n)), domains={"c": "unit interval"})
    assert problem.quantity("lambda_").domain == "positive"
    assert problem.quantity("c").domain == "unit interval"
    positive = sp.IndexedBase("v", positive=True)
    assert read(sp.Sum(w[j] * positive[j], (j, 1, n))).quantity("v").domain == "positive"


def test_meanings_and_constants():
    problem = derive.from_sympy(
        sp.Sum((z[i] - a[i]) ** 2, (i, 1, m)) / m,
        stages=[(z[i], WEIGHTED), (a[i], sp.tanh(z[i]))],
        parameters=[w, b],
        constants=[a],
        meanings={z: "weighted sum", "w": "weights"},
    )
    assert problem.definition("z").meaning == "weighted sum"
    assert problem.quantity("w").meaning == "weights"
    d = derive.gradient(problem, wrt="b")
    assert d.passed
    assert str(d.result) == "(2/m) Σᵢ₌₁ᵐ (z_i − a_i)"


# What is refused ---------------------------------------------------------------------------------

total = sp.Sum(w[j] ** 2, (j, 1, n))
X = sp.MatrixSymbol("X", 2, 2)

REFUSED = [
    ("(w1 - 2)**2", {}, InputError, "text is not parsed; give a SymPy expression"),
    (0.5 * total, {}, InputError, r"0.5\d* is a rounded number.*Rational\(1, 2\)"),
    (sp.Sum(w[j] ** 0.3, (j, 1, n)), {}, InputError, r"rounded number.*Rational\(3, 10\)"),
    (sp.Sum(w[j] * x[i, j], (i, 1, m)), {}, InputError, r"w\[j\]: the index j has no size"),
    (sp.Sum(w[j] * j, (j, 1, n)), {}, InputError, "j is an index and stands where a number"),
    (sp.Sum(w[j], (j, 2, n)), {}, Unsupported, r"a range from 2 to n; indices run over 1\.\.m"),
    (sp.Sum(w[j], (j, 1, 2 * n)), {}, Unsupported, r"an index over 2\*n values"),
    (
        sp.Sum(w[j] * x[i, j], (j, 1, i), (i, 1, m)),
        {},
        Unsupported,
        "the size of an index is a symbol or a number",
    ),
    (sp.Sum(w[1], (j, 1, n)), {}, Unsupported, "the index 1 is not a letter"),
    (sp.Sum(w[j + 1], (j, 1, n)), {}, Unsupported, r"the index j \+ 1 is not a letter"),
    (
        sp.Sum(w[j], (j, 1, n)) * sp.Sum(x[j], (j, 1, m)),
        {},
        InputError,
        r"the index j runs over 1\.\.\w here and over 1\.\.\w elsewhere",
    ),
    (
        sp.Sum(w[j], (j, 1, n)) * sp.Sum(w[k], (k, 0, n - 1)),
        {},
        InputError,
        r"counts from [01] here and from [01] elsewhere",
    ),
    (sp.Product(w[j], (j, 1, n)), {}, Unsupported, r"write the product as exp\(Sum\(log"),
    (sp.Integral(b * lam, (lam, 0, 1)), {"parameters": [b]}, Unsupported, "an integral has no"),
    (sp.Sum(w[j] ** lam, (j, 1, n)), {}, Unsupported, r"write exp\(lambda\*log\(w\[j\]\)\)"),
    (sp.Sum(sp.besselj(0, w[j]), (j, 1, n)), {}, Unsupported, "there is no function besselj here"),
    (sp.I * total, {}, Unsupported, "I: only real costs have a gradient"),
    (sp.Sum(sp.KroneckerDelta(j, k) * w[j], (j, 1, n), (k, 1, n)), {}, Unsupported, "as data"),
    (X, {}, Unsupported, "X is a matrix: write its components with indices"),
    (X[0, 0] * total, {}, Unsupported, "use an IndexedBase instead of a MatrixSymbol"),
    (sp.Sum(sp.Function("v")(j) * w[j], (j, 1, n)), {}, InputError, "a function has no indices"),
    (sp.Sum(sp.Function("relu")(u, u), (j, 1, n)), {}, InputError, "relu takes 1 arguments"),
    (
        sp.Sum(sp.Function("f")(u) + sp.Function("f")(u, u), (j, 1, n)),
        {},
        InputError,
        "f takes . argument",
    ),
    (
        sp.Sum(sp.Piecewise((u, u > 0)), (j, 1, n)),
        {},
        Unsupported,
        r"no branch is for everything else",
    ),
    (
        sp.Sum(sp.Piecewise((u, sp.Eq(u, 1)), (0, True)), (j, 1, n)),
        {},
        Unsupported,
        "conditions are inequalities",
    ),
    (total, {"parameters": [w, b]}, InputError, "does not depend on the parameter b"),
    (total, {"parameters": []}, InputError, "parameters is empty"),
    (total, {"parameters": w}, InputError, "give a list, even of one"),
    (total, {"data": [w]}, InputError, "w is given as parameter and as data"),
    (total, {"stages": [(z[i], b)]}, InputError, "does not use the stage z"),
    (total, {"stages": [(w[j], b)]}, InputError, "w is a stage, and is given as parameter too"),
    (total, {"stages": [z[i]]}, InputError, r"z\[i\] is not a stage; give a pair"),
    (total, {"stages": [(z[i] + 1, b)]}, InputError, "is not the head of a stage"),
    (total, {"constants": [z]}, InputError, "constants: z is not a stage"),
    (sp.Integer(3), {}, InputError, "the cost is the number 3"),
    (
        sp.Symbol("x") * sp.Symbol("x", positive=True) * total,
        {},
        InputError,
        "two different SymPy objects are called x",
    ),
    (
        sp.Sum(z[i], (i, 1, m)),
        {"stages": [(z[i], a[i] + b), (a[i], z[i] ** 2)], "parameters": [b]},
        InputError,
        "the stages z, a are defined by one another, in a circle",
    ),
    (
        sp.Sum(z[i], (i, 1, m)) + 0 * total,
        {"stages": [(z[i], w[j] * x[i, j])]},
        InputError,
        r"in the definition of z\[i\]: .*the index j has no size",
    ),
    (
        sp.Sum(z[i], (i, 1, m)) * total,
        {"stages": [(z[i], w[j] * x[i, j])]},
        InputError,
        r"the index j is used outside its sum in the definition of z\[i\]",
    ),
    (
        sp.Sum(z[i], (i, 1, m)) * total,
        {"stages": [(z[i], x[i] * 0.1)]},
        InputError,
        r"in the definition of z\[i\]: 0\.1\d* is a rounded number",
    ),
    (w[j] * total, {}, InputError, "the cost J.* still has the index j|the index j is used"),
]


@pytest.mark.parametrize(("cost", "options", "kind", "message"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_refused(cost, options, kind, message):
    with pytest.raises(kind, match=message) as caught:
        derive.from_sympy(cost, **{"parameters": [w], **options})
    assert type(caught.value) is kind


def test_deep_nesting_is_refused():
    deep = w[j]
    for _ in range(150):
        deep = sp.Function("g")(deep)
    with pytest.raises(Unsupported, match="nested too deeply"):
        read(sp.Sum(deep, (j, 1, n)))


# Random expressions ------------------------------------------------------------------------------


def leaves():
    return st.sampled_from([w[j], x[i, j], y[i], b, sp.Integer(2), sp.Rational(-3, 4), lam])


def grow(inner):
    return st.one_of(
        st.tuples(inner, inner).map(lambda pair: pair[0] + pair[1]),
        st.tuples(inner, inner).map(lambda pair: pair[0] * pair[1]),
        inner.map(lambda each: each - y[i] ** 2),
        inner.map(lambda each: -each),
        inner.map(sp.tanh),
        inner.map(lambda each: 1 / (2 + each**2)),
        inner.map(lambda each: sp.sqrt(1 + each**2)),
        inner.map(lambda each: 1 / (1 + sp.exp(-each))),
        st.tuples(inner, inner).map(lambda pair: sp.Max(*pair)),
        inner.map(lambda each: sp.Sum(each * w[j], (j, 1, n))),
        inner.map(lambda each: sp.Piecewise((each, each > y[i]), (y[i], True))),
    )


def value_of(expression, sizes, values):
    """The expression with its sums written out and numbers for its components, by SymPy."""
    letters = {"x": 2, "w": 1, "y": 1}
    written = expression.subs({m: sizes["m"], n: sizes["n"]}).doit()
    numbers = {}
    for name, count in letters.items():
        base = sp.IndexedBase(name)
        for places, number in values.get(name, {}).items():
            assert len(places) == count
            numbers[base[places]] = sp.Rational(str(number))
    for name, symbol in (("b", b), ("lambda_", lam)):
        if name in values:
            numbers[symbol] = sp.Rational(str(values[name][()]))
    return complex(written.xreplace(numbers).evalf(30))


@settings(max_examples=80, deadline=None)
@given(st.recursive(leaves(), grow, max_leaves=6), st.integers(0, 3))
def test_random_expressions_keep_their_values(body, seed):
    cost = sp.Sum(sp.Sum((body + w[j] * x[i, j]) * y[i], (j, 1, n)), (i, 1, m)) / m
    problem = read(cost)
    sizes = {"m": random.Random(seed).choice([2, 3]), "n": 2}
    values = draw(problem, sizes, seed)
    try:
        table = Evaluator(problem, sizes, values, {}).table(problem.cost.head, ())
    except EvaluationError:
        pytest.fail(f"no value of {problem.cost.body}")
    found = float(next(iter(table.values())))
    expected = value_of(cost, sizes, values)
    assert abs(expected.imag) < 1e-12
    assert found == pytest.approx(expected.real, rel=1e-9, abs=1e-9)
