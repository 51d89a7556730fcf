"""Symmetric matrices: which are, what that does to a gradient, and that a wrong claim is found."""

from __future__ import annotations

from decimal import Decimal

import pytest

import derive
from derive.checks.steps import StepChecker
from derive.derivation import Prose, Step
from derive.errors import InputError
from derive.language import Expression, define, exp, indices, inverse, parameter
from derive.language import sum as total
from derive.matrix.layout import matrix_text
from derive.model import Problem
from derive.notation import Notation
from derive.sampling import sample
from derive.symmetry import symmetric_names
from derive.terms import Index, Ref

i, j, k, l, p, q, d = indices("i:n", "j:n", "k:n", "l:n", "p:n", "q:n", "d:D")
y = parameter("y[i,d]")
S = derive.data("S[i,j]", domain="symmetric")
C = derive.data("C[i,j]", domain="positive definite")
A = derive.data("A[i,j]")


def made(cost: Expression) -> Problem:
    return derive.problem(cost, spare=(k, l, p, q), example=False)


@pytest.mark.parametrize(
    ("body", "symmetric"),
    [
        (exp(-total((y[i, d] - y[j, d]) ** 2, over=d)), True),
        (total(y[i, d] * y[j, d], over=d) + S[j, i], True),
        ((A[i, j] + A[j, i]) / 2, True),
        (A[i, j] * A[j, i], True),
        (total(A[k, i] * S[k, l] * A[l, j], over=[k, l]), True),
        (1 / (1 + S[i, j]), True),
        (inverse(S[k, l], over=(k, l))[j, i] + A[i, j] * A[j, i], True),
        (A[i, j] - A[j, i], False),
        (A[i, j], False),
        (total(A[i, k] * A[k, j], over=k), False),
        (total(A[k, i] * A[k, l] * A[l, j], over=[k, l]), False),
        (total((y[i, d] - 2 * y[j, d]) ** 2, over=d), False),
        (inverse(A[k, l], over=(k, l))[i, j], False),
        (A[i, j] ** 2 + A[j, i], False),
    ],
    ids=str,
)
def test_a_stage_is_symmetric_by_its_definition(body: Expression, symmetric: bool) -> None:
    K = define("K[i,j]", body)
    problem = made(total(K[i, j] * y[i, d] * y[j, d], over=[i, j, d]))
    assert ("K" in symmetric_names(problem)) is symmetric


def test_what_is_symmetric_has_no_transpose() -> None:
    w = parameter("w[i]")
    found = derive.gradient(made(total(w[i] * S[i, j] * w[j], over=[i, j])), wrt="w")
    assert str(found.result) == "2 Σⱼ₌₁ⁿ S_ij w_j"
    form = found.results[0].rows.expression
    assert form is not None
    assert matrix_text(form, Notation(found.problem)) == "2 Sw"
    assert any(step.rule == "symmetry" for step in found.steps)


def test_what_is_not_symmetric_keeps_both() -> None:
    w = parameter("w[i]")
    found = derive.gradient(made(total(w[i] * A[i, j] * w[j], over=[i, j])), wrt="w")
    form = found.results[0].rows.expression
    assert form is not None
    assert matrix_text(form, Notation(found.problem)) == "Aw + Aᵀw"


def test_elements_are_differentiated_by_as_if_each_were_free() -> None:
    X = parameter("X[i,j]", domain="symmetric")
    found = derive.gradient(made(total(A[i, j] * X[i, j], over=[i, j])), wrt="X")
    assert str(found.result) == "A_ij"


@pytest.mark.parametrize("domain", ["symmetric", "positive definite"])
def test_the_law_is_no_law_of_another_matrix(domain: str) -> None:
    """The check of a step finds a matrix that was wrongly taken to be symmetric."""
    for matrix, passed in ((S if domain == "symmetric" else C, True), (A, False)):
        problem = made(total(y[i, d] * matrix[i, j] * y[j, d], over=[i, j, d]))
        a, b = Index("i", "n"), Index("j", "n")
        name = matrix.name
        step = Step("symmetry", Prose(("",)), Ref(name, (b, a)), Ref(name, (a, b)))
        check = StepChecker(problem, {"n": 3, "D": 2}).check(step)
        assert (check.status == "passed") is passed


def test_samples_are_symmetric_and_positive_definite() -> None:
    problem = made(total(y[i, d] * (S[i, j] + C[i, j]) * y[j, d], over=[i, j, d]))
    for seed in range(5):
        values = sample(problem, {"n": 3, "D": 2}, seed)
        for name in ("S", "C"):
            assert all(values[name][a, b] == values[name][b, a] for a, b in values[name])
        minor = values["C"][1, 1] * values["C"][2, 2] - values["C"][1, 2] ** 2
        assert values["C"][1, 1] > 0
        assert minor > Decimal(0)


def test_a_symmetric_matrix_is_square() -> None:
    with pytest.raises(InputError, match="a square matrix, with two indices"):
        derive.data("v[i]", domain="symmetric")
    wide = derive.data("V[i,d]", domain="symmetric")
    with pytest.raises(InputError, match="n × D is not square"):
        made(total(wide[i, d] * y[i, d], over=[i, d]))


def test_a_name_beside_the_cost() -> None:
    x, w = derive.data("x[i]"), parameter("w")
    t = define("t[i]", exp(w * x[i]))
    cost = define("J", total(exp(2 * w * x[i]) / 2 + exp(w * x[i]), over=i))
    assert "t_i" not in str(derive.gradient(made(cost), wrt="w").result)
    named = derive.problem(cost, spare=(k, l), also_named=[t])
    assert "+ t_i)" in str(derive.gradient(named, wrt="w").result)
    with pytest.raises(InputError, match="also_named: w is not a stage"):
        derive.problem(cost, also_named=[w])
