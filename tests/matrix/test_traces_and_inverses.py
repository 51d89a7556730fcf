"""Diagonals, inverses, transposes of symmetric matrices, functions of a whole matrix."""

from __future__ import annotations

from fractions import Fraction

import pytest

import derive
from derive.errors import InputError
from derive.language import Expression, define, family, function, indices, inverse, parameter
from derive.language import sum as total
from derive.matrix import matrix_text
from derive.matrix.expression import (
    Array,
    Identity,
    Inverse,
    Transpose,
    matrix_sum,
    product,
    scaled,
    transposed,
)
from derive.matrix.expression import inverse as inverse_of
from derive.notation import Notation
from derive.terms import Number, Ref, multiply

i, j, k, l, p = indices("i:n", "j:n", "k:n", "l:n", "p:P")
A = parameter("A[i,j]")
B = derive.data("B[i,j]")
S = derive.data("S[i,j]", domain="symmetric")
V = parameter("V[i,p]")
w = parameter("w[i]")
a, b = Array("A", ("n", "n")), Array("B", ("n", "n"))


def forms(cost: Expression, wrt: str) -> tuple[str, str]:
    """The cost and its gradient as matrices; every check has passed."""
    problem = derive.problem(cost, spare=(k, l, *indices("r:n", "s:n", "q:P")), example=False)
    found = derive.gradient(problem, wrt=wrt)
    forward = next(line for line in found.matrix if line.left == problem.cost.head)
    result = found.results[0].rows
    assert forward.rows.expression is not None
    assert result.expression is not None
    notation = Notation(problem)
    return matrix_text(forward.rows.expression, notation), matrix_text(result.expression, notation)


@pytest.mark.parametrize(
    ("cost", "wrt", "value", "gradient"),
    [
        (total(A[i, i], over=i), "A", "tr(A)", "I"),
        (total(A[i, i], over=i) ** 2, "A", "tr(A) tr(A)", "2 tr(A)I"),
        # A diagonal that meets something else is a vector.
        (total(A[i, i] * w[i] ** 2, over=i), "w", "(((I ⊙ A)𝟏) ⊙ w)ᵀw", "2 ((I ⊙ A)𝟏) ⊙ w"),
        (
            total(inverse(A[k, l], over=(k, l))[i, i], over=i),
            "A",
            "tr(A⁻¹)",
            "−(A⁻¹)ᵀ(A⁻¹)ᵀ",
        ),
        (total(w[i] * S[i, j] * w[j], over=[i, j]), "w", "wᵀSw", "2 Sw"),
        (
            total(w[i] * inverse(S[k, l], over=(k, l))[j, i] * w[j], over=[i, j]),
            "w",
            "wᵀS⁻¹w",
            "2 S⁻¹w",
        ),
        (total(w[i] * B[i, j] * w[j], over=[i, j]), "w", "wᵀBw", "Bw + Bᵀw"),
    ],
    ids=str,
)
def test_cost_and_gradient(cost: Expression, wrt: str, value: str, gradient: str) -> None:
    found_value, found_gradient = forms(cost, wrt)
    assert found_gradient == gradient
    assert found_value.replace(" ", "") == value.replace(" ", "")


def test_a_function_of_a_whole_matrix() -> None:
    g = function("g")
    z = define("z[i,p]", V[i, p] * w[i])
    value, gradient = forms(define("J", g(family(family(z[i, p], over=p), over=i))), "w")
    assert value == "g(Z)"
    assert gradient == "(∂J/∂Z ⊙ V)𝟏"


def test_inverses_cancel() -> None:
    assert product(a, inverse_of(a), b) == b
    assert product(inverse_of(a), a) == Identity("n")
    assert product(Transpose(a), Transpose(Inverse(a)), b) == b
    assert inverse_of(inverse_of(a)) == a
    assert product(a, inverse_of(b)) != Identity("n")
    with pytest.raises(InputError, match="no inverse: n×m is not square"):
        inverse_of(Array("X", ("n", "m")))


def test_equal_terms_are_gathered() -> None:
    two, minus, eta = Number(Fraction(2)), Number(Fraction(-1)), Ref("eta")
    assert matrix_sum(a, b, scaled(two, a)) == matrix_sum(scaled(Number(Fraction(3)), a), b)
    doubled = scaled(multiply(two, eta), a)
    assert matrix_sum(scaled(eta, a), scaled(eta, a)) == doubled
    # What would cancel stays to be seen, and other coefficients stay apart.
    assert len(matrix_sum(a, scaled(minus, a)).terms) == 2  # type: ignore[attr-defined]
    assert len(matrix_sum(a, scaled(eta, a)).terms) == 2  # type: ignore[attr-defined]


def test_the_transpose_goes_inside() -> None:
    whole = matrix_sum(product(a, b), inverse_of(a))
    inside = matrix_sum(product(Transpose(b), Transpose(a)), Transpose(Inverse(a)))
    assert transposed(whole) == inside
