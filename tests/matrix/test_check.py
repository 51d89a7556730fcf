"""The check of matrix forms catches what it is meant for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from derive.checks.matrix import check_matrix
from derive.errors import InputError
from derive.matrix import MatrixForm, vectorise
from derive.matrix.expression import (
    Array,
    Diagonal,
    Hadamard,
    HadamardQuotient,
    Matrix,
    MatrixProduct,
    MatrixSum,
    Ones,
    Scaled,
    Trace,
    Transpose,
    Weighted,
    hadamard,
    matrix_sum,
    product,
    trace,
    transpose,
)
from derive.terms import ONE, Ref, Size, Sum, add, multiply, negate, reciprocal

from .conftest import i, j, k, problem

x, p, Y = Ref("x", (i, j)), Ref("p", (i, k)), Ref("Y", (i, k))
TERM = multiply(reciprocal(Size("m")), Sum(i, multiply(add(p, negate(Y)), x)))

X, P = Array("x", ("m", "n")), Array("p", ("m", "K"))
LABELS = Array("Y", ("m", "K"))
DIFFERENCE = MatrixSum((P, Scaled(negate(ONE), LABELS)))


def form() -> MatrixForm:
    return vectorise(TERM, problem, "rows", (k, j))


def mean(matrix: Matrix) -> Matrix:
    return Scaled(reciprocal(Size("m")), matrix)


def test_the_right_one_passes() -> None:
    right = mean(MatrixProduct((Transpose(DIFFERENCE), X)))
    assert form().expression == right
    check = check_matrix(form(), TERM, problem)
    assert (check.kind, check.status) == ("matrix", "passed")


@pytest.mark.parametrize(
    ("planted", "message"),
    [
        (mean(MatrixProduct((DIFFERENCE, X))), "does not fit"),
        (mean(MatrixProduct((X, Transpose(DIFFERENCE)))), "does not fit"),
        (mean(MatrixProduct((Transpose(X), DIFFERENCE))), "instead of"),
        (mean(MatrixProduct((Transpose(P), X))), "the index form"),
        (MatrixProduct((Transpose(DIFFERENCE), X)), "the index form"),
        (mean(mean(MatrixProduct((Transpose(DIFFERENCE), X)))), "the index form"),
        (
            mean(MatrixProduct((Transpose(MatrixSum((P, LABELS))), X))),
            "the index form",
        ),
        (mean(Hadamard((Transpose(DIFFERENCE), X))), "does not fit"),
        (mean(MatrixProduct((Transpose(DIFFERENCE), Ones("m")))), "instead of"),
    ],
    ids=[
        "missing transpose",
        "wrong order",
        "transposed result",
        "dropped term",
        "missing 1/m",
        "doubled 1/m",
        "lost sign",
        "elementwise",
        "sum closed too early",
    ],
)
def test_planted_errors_are_caught(planted: Matrix, message: str) -> None:
    check = check_matrix(replace(form(), expression=planted), TERM, problem, seed=3)
    assert check.status == "failed"
    assert message in check.message
    assert check.seed == 3


def test_sizes_that_are_equal_would_hide_a_missing_transpose() -> None:
    """Why the sizes of the check are all different."""
    square = dict.fromkeys(("m", "n", "K", "H"), 3)
    planted = replace(form(), expression=mean(MatrixProduct((Transpose(X), DIFFERENCE))))
    check = check_matrix(planted, TERM, problem, square)
    assert "the index form" in check.message  # found by the values alone


@pytest.mark.parametrize(
    "build",
    [
        lambda: product(X, P),
        lambda: matrix_sum(X, P),
        lambda: hadamard(X, P),
        lambda: trace(X),
    ],
)
def test_constructors_refuse_shapes_that_do_not_fit(build: Callable[[], Matrix]) -> None:
    with pytest.raises(InputError):
        build()


def test_transposes_are_pushed_inward() -> None:
    assert transpose(transpose(X)) == X
    assert transpose(product(transpose(P), X)) == product(transpose(X), P)
    assert transpose(Scaled(Size("m"), X)) == Scaled(Size("m"), Transpose(X))
    scalar = product(transpose(Ones("m")), Ones("m"))
    assert transpose(scalar) == scalar
    assert transpose(Diagonal(Ones("m"))) == Diagonal(Ones("m"))


def test_coefficients_come_to_the_front() -> None:
    two = Size("m")
    assert product(Scaled(two, transpose(P)), X) == Scaled(two, product(transpose(P), X))
    assert hadamard(Scaled(two, P), LABELS) == Scaled(two, hadamard(P, LABELS))
    quotient = HadamardQuotient(P, LABELS)
    assert hadamard(quotient, P) == HadamardQuotient(Hadamard((P, P)), LABELS)
    weight = Trace(product(transpose(P), P))
    assert product(Weighted(weight, transpose(P)), X) == Weighted(weight, product(transpose(P), X))
