"""Hessians, their products with a vector, Jacobians, gradient penalties."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import derive
from derive.catalogue import NAMES, load
from derive.checks.code import check_module
from derive.checks.oracle import check_small_case
from derive.checks.points import Points
from derive.checks.symmetry import check_symmetry
from derive.command_line import main
from derive.errors import CheckFailed, InputError, Unsupported
from derive.gradients import Derivation, check_again
from derive.matrix import MatrixForm, matrix_text
from derive.matrix.expression import Diagonal, Hadamard, MatrixProduct, walk_matrix
from derive.model import Problem
from derive.notation import Notation
from derive.second_order import (
    hessian_problem,
    jacobian_problem,
    requested,
)
from derive.terms import (
    ONE,
    Delta,
    Number,
    Ref,
    Size,
    Sum,
    Term,
    add,
    multiply,
    negate,
    reciprocal,
)

TWO = Number(Fraction(2))


@cache
def poisson() -> Problem:
    i, j = derive.indices("i:m", "j:n")
    x, y = derive.data("x[i,j]"), derive.data("y[i]", domain="positive")
    w, b = derive.parameters("w[j]", "b")
    z = derive.define("z[i]", derive.sum(w[j] * x[i, j], over=j) + b)
    mu = derive.define("mu[i]", derive.exp(z[i]))
    L = derive.define("L[i]", mu[i] - y[i] * z[i])
    J = derive.define("J", derive.mean(L[i], over=i))
    return derive.problem(
        J, name="poisson", title="Poisson regression", spare=[derive.indices("s:n")]
    )


@cache
def hessian(cost: str, *names: str) -> Derivation:
    return derive.hessian(poisson() if cost == "poisson" else cost, *names)


@cache
def softmax_jacobian() -> Derivation:
    return derive.jacobian("softmax_regression", "p", "z")


def shown(derivation: Derivation, form: MatrixForm) -> str:
    assert form.expression is not None
    return matrix_text(form.expression, Notation(derivation.problem))


# The forms in which they are taught --------------------------------------------------------------

HESSIANS = [
    (("linear_regression", "w"), "(1/m) Σᵢ₌₁ᵐ x_ij x_is", "(1/m) XᵀX", "(1/m) XXᵀ"),
    (("linear_regression", "b"), "1", "1", "1"),
    (
        ("logistic_regression", "w"),
        "(1/m) Σᵢ₌₁ᵐ a_i (1 − a_i) x_ij x_is",
        "(1/m) Xᵀdiag(a ⊙ (1 − a))X",
        "(1/m) X diag(a ⊙ (1 − a))Xᵀ",
    ),
    (
        ("logistic_regression", "w", "b"),
        "(1/m) Σᵢ₌₁ᵐ a_i (1 − a_i) x_ij",
        "(1/m) Xᵀ(a ⊙ (1 − a))",
        "(1/m) X(a ⊙ (1 − a))ᵀ",
    ),
    (
        ("poisson", "w"),
        "(1/m) Σᵢ₌₁ᵐ μ_i x_ij x_is",
        "(1/m) Xᵀdiag(μ)X",
        "(1/m) X diag(μ)Xᵀ",
    ),
    (
        ("ridge_regression", "w"),
        "(1/m) (Σᵢ₌₁ᵐ x_ij x_is + λ δ_js)",
        "(1/m) (XᵀX + λ I)",
        "(1/m) (XXᵀ + λ I)",
    ),
    (
        ("softmax_regression", "W"),
        "(1/m) Σᵢ₌₁ᵐ p_ik (δ_kl − p_il) x_ij x_is",
        "(1/m) Xᵀdiag(p_k ⊙ (δ_kl 𝟏 − p_l))X",
        "(1/m) X diag(p_k ⊙ (δ_kl 𝟏ᵀ − p_l))Xᵀ",
    ),
    (
        ("softmax_regression", "b"),
        "(1/m) Σᵢ₌₁ᵐ p_ik (δ_kl − p_il)",
        "(1/m) diag(Pᵀ𝟏) − (1/m) PᵀP",
        "(1/m) diag(P𝟏) − (1/m) PPᵀ",
    ),
]


@pytest.mark.parametrize(("asked", "term", "rows", "columns"), HESSIANS)
def test_hessians_reach_the_form_in_which_they_are_taught(
    asked: tuple[str, ...], term: str, rows: str, columns: str
) -> None:
    found = hessian(*asked)
    assert found.passed
    (result,) = found.results
    assert str(result.term) == term
    assert shown(found, result.rows) == rows
    assert shown(found, result.columns) == columns


@pytest.mark.parametrize(
    ("cost", "wrt", "rows"),
    [
        ("linear_regression", "w", "(1/m) XᵀXv"),
        ("logistic_regression", "w", "(1/m) Xᵀ((Xv) ⊙ a ⊙ (1 − a))"),
        ("poisson", "w", "(1/m) Xᵀ((Xv) ⊙ μ)"),
        (
            "softmax_regression",
            "W",
            "(1/m) ((XVᵀ) ⊙ P)ᵀX − (1/m) Pᵀdiag(((PV) ⊙ X)𝟏)X",
        ),
    ],
)
def test_products_with_a_vector_never_hold_the_hessian(cost: str, wrt: str, rows: str) -> None:
    found = derive.hessian_vector_product(poisson() if cost == "poisson" else cost, wrt)
    assert found.passed
    assert shown(found, found.results[0].rows) == rows


def test_the_jacobian_of_a_softmax() -> None:
    found = softmax_jacobian()
    assert found.passed
    assert str(found.results[0].claim) == "∂p_ik/∂z_il"
    assert str(found.result) == "p_ik (δ_kl − p_il)"
    block = found.results[0].rows
    assert [index.name for index in block.held] == ["i"]
    assert shown(found, block) == "diag(p_i) − p_i p_iᵀ"
    assert "for every i: diag(p_i) − p_i p_iᵀ" in found.text()


@pytest.mark.parametrize(
    ("cost", "stage", "by", "term"),
    [
        ("logistic_regression", "a", "z", "a_i (1 − a_i)"),
        ("logistic_regression", "a", "w", "a_i (1 − a_i) x_ij"),
        ("logistic_regression", "z", "x", "w_j"),
        ("softmax_regression", "p", "W", "p_ik (δ_kl − p_il) x_ij"),
        ("softmax_regression", "z", "W", "δ_kl x_ij"),
        ("mlp", "a1", "W1", "[1 − (a⁽¹⁾_ih)²] δ_hr x_ij"),
    ],
)
def test_jacobians(cost: str, stage: str, by: str, term: str) -> None:
    found = derive.jacobian(cost, stage, by)
    assert found.passed
    assert str(found.result) == term


# Against arrays, by hand -------------------------------------------------------------------------


def sample(problem: Problem, seed: int = 3) -> dict[str, Any]:
    sizes = {"m": 6, "n": 3, "K": 4, "H": 2}
    draw = np.random.default_rng(seed)
    found: dict[str, Any] = {}
    for quantity in problem.inputs:
        shape = tuple(sizes[str(size)] for size in quantity.shape)
        found[quantity.name] = np.abs(draw.normal(size=shape)) if shape else 0.3
    return found


def numeric(function: Callable[..., Any], given: dict[str, Any], name: str) -> Any:
    """Central differences: the axes of the parameter come last."""
    values = np.asarray(given[name], dtype=float)
    columns = []
    for place in np.ndindex(values.shape):
        step = np.zeros(values.shape)
        step[place] = 1e-5
        up, down = (
            np.asarray(function(**{**given, name: values + sign * step})) for sign in (1, -1)
        )
        columns.append((up - down) / 2e-5)
    stacked = np.stack(columns, axis=-1)
    return stacked.reshape((*stacked.shape[:-1], *values.shape))


SWEPT = [
    ("linear_regression", "w", "b"),
    ("logistic_regression", "w", "w"),
    ("logistic_regression", "b", "w"),
    ("poisson", "w", "w"),
    ("ridge_regression", "w", "w"),
    ("softmax_regression", "W", "W"),
    ("softmax_regression", "W", "b"),
    ("mlp", "W1", "W1"),
    ("mlp", "W1", "w2"),
    ("mlp", "b1", "W1"),
]


@pytest.mark.parametrize(("cost", "first", "second"), SWEPT)
def test_the_code_of_a_hessian_against_differences_of_the_gradient(
    cost: str, first: str, second: str
) -> None:
    problem = poisson() if cost == "poisson" else load(cost)
    given = sample(problem)
    gradient = derive.gradient(problem, first, check="none").numpy()
    expected = numeric(lambda **each: gradient(**each)[first], given, second)
    found = hessian(cost, first, second).numpy()(**given)[second]
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-8)


def test_the_product_with_a_vector_is_that_product() -> None:
    found = derive.hessian_vector_product("softmax_regression", "W", "V", check="none")
    given = sample(load("softmax_regression"))
    V = np.random.default_rng(5).normal(size=given["W"].shape)
    whole = hessian("softmax_regression", "W").numpy()(**given)["W"]
    np.testing.assert_allclose(
        found.numpy()(**given, V=V)["W"], np.einsum("kjls,ls->kj", whole, V), atol=1e-12
    )


def test_the_code_of_the_softmax_jacobian() -> None:
    z = np.random.default_rng(0).normal(size=(5, 3))
    found = softmax_jacobian().numpy()(z=z)["z"]
    for one, matrix in zip(z, found, strict=True):
        p = np.exp(one) / np.exp(one).sum()
        np.testing.assert_allclose(matrix, np.diag(p) - np.outer(p, p), atol=1e-15)


@pytest.mark.parametrize("cost", ["linear_regression", "logistic_regression"])
@pytest.mark.parametrize("of", ["x", "w"])
def test_the_gradient_of_a_gradient_penalty_against_differences(cost: str, of: str) -> None:
    inner = derive.gradient(cost, of, check="none").numpy()
    found = derive.gradient_penalty(cost, of, ["w", "b"])
    assert found.passed
    given = sample(load(cost))
    for name in ("w", "b"):
        expected = numeric(lambda **each: (inner(**each)[of] ** 2).sum(), given, name)
        np.testing.assert_allclose(found.numpy()(**given)[name], expected, atol=1e-8)


# Every entry -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_each_hessian_of_the_catalogue_is_right_or_refused(name: str) -> None:
    problem = load(name)
    refused: list[str] = []
    for parameter in problem.parameters:
        try:
            found = derive.hessian(problem, parameter.name)
        except (InputError, Unsupported) as refusal:
            refused.append(str(refusal))
            continue
        assert found.passed
        symmetric = any(check.kind == "symmetry" for check in found.checks)
        assert symmetric == bool(parameter.indices)
    # What stays abstract has no second derivative to be written down; all else has one.
    assert all("there is no rule for" in reason for reason in refused)
    assert bool(refused) == bool(problem.functions)


FUNCTIONS = ["sigmoid", "tanh", "exp", "softplus", "sin", "log_cosh"]


@given(
    outer=st.sampled_from(FUNCTIONS),
    inner=st.sampled_from(FUNCTIONS),
    hidden=st.booleans(),
    penalised=st.booleans(),
)
@settings(max_examples=6, deadline=None, derandomize=True)
def test_hessians_of_random_models(outer: str, inner: str, hidden: bool, penalised: bool) -> None:
    i, j, s = derive.indices("i:m", "j:n", "s:n")
    x, y, w = derive.data("x[i,j]"), derive.data("y[i]"), derive.parameter("w[j]")
    weighted = derive.sum(w[j] * x[i, j], over=j)
    z = derive.define("z[i]", getattr(derive, inner)(weighted) if hidden else weighted)
    a = derive.define("a[i]", getattr(derive, outer)(z[i]))
    cost = derive.mean((a[i] - y[i]) ** 2, over=i)
    if penalised:
        cost = cost + derive.sum(w[j] ** 4, over=j)
    problem = derive.problem(derive.define("J", cost), name="random", spare=[s])
    assert derive.hessian(problem, "w", m=2).passed
    assert derive.hessian_vector_product(problem, "w", m=2).passed


# What the page says ------------------------------------------------------------------------------


def test_the_page_shows_the_gradient_first_and_what_the_second_derivative_is() -> None:
    text = hessian("logistic_regression", "w").text()
    assert "∂²J/∂w_s∂w_j = ∂g_j/∂w_s" in text
    assert "g_j = ⟦1/m⟧ Σᵢ₌₁ᵐ (a_i − y_i) x_ij            the derivative ∂J/∂w_j" in text
    assert "The derivative of J by w_j:" in text
    assert "The derivative of g_j by w_s:" in text
    assert "∇_w²J  ⟦1/m⟧ Xᵀdiag(dz)X" in text
    assert "the symmetry" in text


def test_the_factor_is_followed_to_the_definition_of_the_cost() -> None:
    text = hessian("logistic_regression", "w").text(detail="brief")
    assert "Where the ⟦1/m⟧ comes from" in text
    assert "⟦1/m⟧ stands in the definition of J" in text


def documents() -> list[Derivation]:
    return [
        hessian("softmax_regression", "W"),
        hessian("softmax_regression", "W", "b"),
        softmax_jacobian(),
        derive.hessian_vector_product("logistic_regression", "w"),
        derive.gradient_penalty("logistic_regression", "x", "w"),
    ]


@pytest.mark.parametrize("number", range(5))
def test_every_medium_takes_them(number: int) -> None:
    found = documents()[number]
    assert derive.from_json(found.json()) == found
    assert derive.from_json(found.json()).json() == found.json()
    for detail in ("brief", "normal", "full"):
        assert r"\end{document}" in found.latex(detail=detail)
        assert all(len(line) <= 80 for line in found.text(detail=detail, width=80).splitlines())
    assert "<math" in found.html()
    assert found.markdown()
    assert found.notebook()
    assert "<svg" in found.graph()


# Planted errors ----------------------------------------------------------------------------------


def failing(derivation: Derivation) -> set[str]:
    return {check.kind for check in check_again(derivation) if check.status == "failed"}


def spoiled(derivation: Derivation, term: Term) -> Derivation:
    """The derivation with another result, said as its proof says it."""
    result = replace(derivation.results[0], term=term)
    lemmas = (*derivation.lemmas[:-1], replace(derivation.lemmas[-1], result=term))
    return replace(derivation, results=(result,), lemmas=lemmas)


def test_a_wrong_hessian_is_caught_by_sympy_and_by_differences() -> None:
    right = hessian("logistic_regression", "w")
    summed = right.result
    wrong = multiply(TWO, summed)
    found = failing(spoiled(right, wrong))
    assert {"small case", "code", "chain"} <= found


def test_a_hessian_without_the_terms_off_the_diagonal_is_caught() -> None:
    right = hessian("softmax_regression", "b")
    i, k = right.problem.quantity("p").indices
    p = Ref("p", (i, k))
    (l,) = right.results[0].claim.by.running
    body = multiply(p, Delta(k, l), add(ONE, negate(p)))
    wrong = multiply(reciprocal(Size("m")), Sum(i, body))
    assert {check.status for check in check_small_case(right.problem, "b", wrong)} == {"failed"}


def test_a_wrong_gradient_under_the_right_name_is_caught() -> None:
    right = hessian("logistic_regression", "w")
    named = right.problem.cost
    wrong = replace(named, body=multiply(TWO, named.body))
    problem = replace(right.problem, definitions=(*right.problem.definitions[:-1], wrong))
    with pytest.raises(CheckFailed, match=r"g_j is given as .* which isn't proved to be ∂J/∂w_j"):
        derive.gradient(problem)


def test_sympy_takes_the_derivative_and_not_our_body_for_it() -> None:
    right = hessian("logistic_regression", "w")
    named = right.problem.cost
    wrong = replace(named, body=multiply(TWO, named.body))
    problem = replace(right.problem, definitions=(*right.problem.definitions[:-1], wrong))
    doubled = multiply(TWO, right.result)
    assert {check.status for check in check_small_case(problem, "w", doubled)} == {"failed"}
    assert {check.status for check in check_small_case(problem, "w", right.result)} == {"passed"}


def test_a_hessian_that_is_not_symmetric_is_caught() -> None:
    right = hessian("logistic_regression", "w")
    drawn = Points(right.problem, 0)
    assert check_symmetry(right.result, right.problem, drawn).status == "passed"
    lopsided = multiply(right.result, Ref("w", right.problem.cost.indices))
    check = check_symmetry(lopsided, right.problem, drawn)
    assert check.status == "failed"
    assert "with its indices exchanged" in check.message


def test_a_wrong_block_is_caught() -> None:
    right = hessian("softmax_regression", "W")
    (result,) = right.results
    assert result.rows.expression is not None

    def without_diagonal(form: MatrixForm) -> MatrixForm:
        (inner,) = (
            part.vector for part in walk_matrix(form.expression) if isinstance(part, Diagonal)
        )
        assert isinstance(inner, Hadamard)
        swapped = Hadamard((inner.factors[0], inner.factors[0]))

        def visit(part: Any) -> Any:
            if isinstance(part, Diagonal):
                return Diagonal(swapped)
            if isinstance(part, MatrixProduct):
                return MatrixProduct(tuple(map(visit, part.factors)))
            return replace(part, operand=visit(part.operand)) if hasattr(part, "operand") else part

        return replace(form, expression=visit(form.expression))

    wrong = replace(right, results=(replace(result, rows=without_diagonal(result.rows)),))
    assert failing(wrong) == {"matrix"}


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("(1 - a)", "(1 + a)"), ("x.T", "2.0 * x.T")],
)
def test_wrong_code_is_caught(right: str, wrong: str) -> None:
    found = hessian("logistic_regression", "w")
    source = found.python()
    start = source.index("def gradient")
    body = source[start:].replace(right, wrong, 1)
    assert body != source[start:]
    assert check_module(source, found.problem, ("w",)).status == "passed"
    assert check_module(source[:start] + body, found.problem, ("w",)).status == "failed"


def test_code_that_leaves_something_between_examples_is_caught() -> None:
    """The derivatives of one example by another are zero; a cost in which they aren't is not what
    the index says that stands once."""
    found = softmax_jacobian()
    source = found.python()
    coupled = source.replace("return _softmax(z)", "return _softmax(z + z.mean(axis=0))")
    assert coupled != source
    assert check_module(coupled, found.problem, ("z",)).status == "failed"


# What is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: derive.hessian("logistic_regression", "q"), "has no quantity 'q'"),
        (lambda: derive.hessian("logistic_regression", "z"), "is a stage of the model"),
        (
            lambda: derive.hessian(hessian_problem("logistic_regression", "w"), "w"),
            "is not a number: its gradient is a Jacobian",
        ),
        (lambda: derive.hessian_vector_product("mlp", "w2", "x"), "the name is taken"),
        (lambda: derive.hessian_vector_product("mlp", "w2", "1v"), "that is no name"),
        (lambda: derive.jacobian("mlp", "x", "W1"), "x is no stage of mlp"),
        (lambda: derive.jacobian("mlp", "a1", "a1"), "by itself is the identity"),
        (lambda: derive.jacobian("mlp", "a1", "w2"), "a1 does not depend on w2"),
        (lambda: derive.jacobian("mlp", "q", "w2"), "no quantity called 'q'"),
        (lambda: requested(load("mlp"), "jacobian", ("a1",)), "jacobian takes 2 names, not 1"),
        (lambda: requested(load("mlp"), "hess", ("a1",)), "'hess' is none of hessian"),
        (lambda: requested(load("mlp"), "hessian", ("b2",), ("W1",)), "leave out wrt"),
    ],
)
def test_what_cannot_be_asked_for(ask: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ask()


def test_a_block_of_zeros_is_refused() -> None:
    i = derive.indices("i:m")
    x, u, v = derive.data("x[i]"), derive.parameter("u"), derive.parameter("v")
    J = derive.define("J", derive.mean(x[i] * u**2 + v**2, over=i))
    with pytest.raises(InputError, match="these second derivatives are all zero"):
        derive.hessian(J, "u", "v")


def test_the_second_derivative_of_an_abstract_loss_is_refused() -> None:
    with pytest.raises(Unsupported, match="there is no rule for"):
        derive.hessian("mean_loss", "W")


def test_names_that_are_taken_are_not_taken_again() -> None:
    i = derive.indices("i:m")
    g, w = derive.data("g[i]"), derive.parameter("w")
    J = derive.define("J", derive.mean((w * g[i]) ** 2, over=i))
    assert derive.hessian(J, "w").problem.cost.name == "q"


def test_a_stage_that_is_given_takes_along_what_it_is_made_of() -> None:
    problem = jacobian_problem("mlp", "a2", "a1")
    assert [quantity.name for quantity in problem.inputs] == ["a1", "w2", "b2"]


# On the command line -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--hessian", "w"), "∂g_j/∂w_s = ⟦1/m⟧ Σᵢ₌₁ᵐ a_i (1 − a_i) x_ij x_is"),
        (("--hessian", "w,b"), "∂g_j/∂b = ⟦1/m⟧ Σᵢ₌₁ᵐ a_i (1 − a_i) x_ij"),
        (
            ("--hessian-vector-product", "w,u"),
            "∂D/∂w_j = ⟦1/m⟧ Σᵢ₌₁ᵐ a_i (1 − a_i) (Σₛ₌₁ⁿ u_s x_is) x_ij",
        ),
        (("--jacobian", "a,z"), "da_i/dz_i = a_i (1 − a_i)"),
        (("--gradient-penalty", "x", "--wrt", "b"), "∂R/∂b = "),
    ],
)
def test_the_command_shows_them(
    arguments: tuple[str, ...], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", "logistic_regression", *arguments, "--parts", "result"]) == 0
    assert line in capsys.readouterr().out


def test_the_command_builds_them(tmp_path: Any) -> None:
    folder = str(tmp_path)
    assert main(["build", "poisson", "-o", folder]) == 2
    asked = ["build", "logistic_regression", "--hessian", "w", "--format", "py,json", "-o", folder]
    assert main(asked) == 0
    name = "logistic_regression_hessian_w"
    assert (tmp_path / name / f"{name}.py").is_file()


def test_only_one_of_them_at_a_time(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "mlp", "--hessian", "w2", "--jacobian", "a1,z1"]) == 2
    assert "not allowed with argument" in capsys.readouterr().err


# What a reader found ------------------------------------------------------------------------------


def test_a_vector_may_be_called_as_the_gradient_would_be() -> None:
    found = derive.hessian_vector_product("logistic_regression", "w", "g")
    assert str(found.result) == "(1/m) Σᵢ₌₁ᵐ a_i (1 − a_i) (Σₛ₌₁ⁿ g_s x_is) x_ij"


def test_one_number_is_not_compared_with_itself() -> None:
    found = derive.hessian("logistic_regression", "b")
    assert "symmetry" not in {check.kind for check in found.checks}


@pytest.mark.parametrize(
    ("name", "stage", "by", "words"),
    [
        ("softmax_regression", "p", "z", "stands for all those off the diagonal."),
        ("logistic_regression", "a", "w", "stands for all."),
    ],
)
def test_one_component_stands_for_no_more_than_it_does(
    name: str, stage: str, by: str, words: str
) -> None:
    assert words in derive.jacobian(name, stage, by).text()


def test_a_deep_network_has_second_derivatives() -> None:
    network = derive.mlp(("n", "P", "Q", 1), output="identity", loss="squared_error")
    assert derive.jacobian(network, "a2", "z1").passed
