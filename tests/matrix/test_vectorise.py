"""Index form to matrices: as printed, in both layouts, and equal on numbers."""

from __future__ import annotations

from fractions import Fraction

import pytest

from derive.checks.matrix import check_matrix
from derive.errors import InputError
from derive.matrix import matrix_latex, matrix_text, vectorise
from derive.matrix.expression import Scaled
from derive.notation import Notation
from derive.terms import (
    ONE,
    Apply,
    Delta,
    Derivative,
    Index,
    Number,
    Origin,
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

from .conftest import h, i, j, k, l, problem, q

x, y, w, b, lam = Ref("x", (i, j)), Ref("y", (i,)), Ref("w", (j,)), Ref("b"), Ref("lam")
a, p, Y, Z, A = (
    Ref("a", (i,)),
    Ref("p", (i, k)),
    Ref("Y", (i, k)),
    Ref("z", (i, k)),
    Ref("A", (i, k)),
)
W, bias, v, H, U, C = (
    Ref("W", (k, j)),
    Ref("bias", (k,)),
    Ref("v", (h,)),
    Ref("H", (i, h)),
    Ref("U", (h, j)),
    Ref("C", (k, h)),
)
L = Ref("L", (i,))
mean = reciprocal(Size("m"))
half = Number(Fraction(1, 2))
error, errors = add(a, negate(y)), add(p, negate(Y))
prediction = add(Sum(q, multiply(Ref("w", (q,)), Ref("x", (i, q)))), b, negate(y))
slope = add(ONE, negate(power(H, 2)))
ln_p = Apply("ln", (p,))


def exp(term: Term) -> Term:
    return Apply("exp", (term,))


Case = tuple[str, Term, tuple[Index, ...], str, str]
F = r"\frac{1}{m}\,"

CASES: list[Case] = [
    (
        "logistic, weights",
        multiply(mean, Sum(i, multiply(error, x))),
        (j,),
        F + r"X^{\top}(a - y)",
        F + r"X(a - y)^{\top}",
    ),
    (
        "logistic, bias",
        multiply(mean, Sum(i, error)),
        (),
        F + r"\mathbf 1^{\top}(a - y)",
        F + r"(a - y)\mathbf 1",
    ),
    (
        "softmax, weights",
        multiply(mean, Sum(i, multiply(errors, x))),
        (k, j),
        F + r"(P - Y)^{\top}X",
        F + r"(P - Y)X^{\top}",
    ),
    (
        "softmax, bias",
        multiply(mean, Sum(i, errors)),
        (k,),
        F + r"(P - Y)^{\top}\mathbf 1",
        F + r"(P - Y)\mathbf 1",
    ),
    (
        "one output, forward",
        add(Sum(j, multiply(w, x)), b),
        (i,),
        r"Xw + b \mathbf 1",
        r"w^{\top}X + b \mathbf 1^{\top}",
    ),
    (
        "several outputs, forward",
        add(Sum(j, multiply(W, x)), bias),
        (i, k),
        r"XW^{\top} + \mathbf 1 b^{\top}",
        r"WX + b\mathbf 1^{\top}",
    ),
    (
        "ridge",
        multiply(mean, add(Sum(i, multiply(prediction, x)), multiply(lam, w))),
        (j,),
        F + r"\bigl(X^{\top}(Xw + b \mathbf 1 - y) + \lambda w\bigr)",
        F + r"\bigl(X(w^{\top}X + b \mathbf 1^{\top} - y)^{\top} + \lambda w\bigr)",
    ),
    (
        "hidden layer, weights",
        multiply(mean, Sum(i, multiply(error, v, slope, x))),
        (h, j),
        F + r"\Bigl(\bigl((a - y)v^{\top}\bigr)\odot(1 - H\odot H)\Bigr)^{\top}X",
        F + r"\Bigl(\bigl(v(a - y)\bigr)\odot(1 - H\odot H)\Bigr)X^{\top}",
    ),
    (
        "hidden layer, bias",
        multiply(mean, Sum(i, multiply(error, v, slope))),
        (h,),
        F + r"\Bigl(\bigl((a - y)v^{\top}\bigr)\odot(1 - H\odot H)\Bigr)^{\top}\mathbf 1",
        F + r"\Bigl(\bigl(v(a - y)\bigr)\odot(1 - H\odot H)\Bigr)\mathbf 1",
    ),
    (
        "a stack of derivatives",
        multiply(mean, Sum(i, multiply(Derivative(L, Z), x))),
        (k, j),
        F + r"\mathrm dZ^{\top}X",
        F + r"\mathrm dZ\,X^{\top}",
    ),
    (
        "passed back",
        Sum(k, multiply(W, Derivative(L, Z))),
        (i, j),
        r"\mathrm dZ\,W",
        r"W^{\top}\mathrm dZ",
    ),
    (
        "through an activation",
        multiply(Apply("g", (Z,), (1,)), Derivative(L, A)),
        (i, k),
        r"\mathrm dA\odot g'(Z)",
        r"\mathrm dA\odot g'(Z)",
    ),
    ("mean", multiply(mean, Sum(i, L)), (), F + r"\mathbf 1^{\top}L", F + r"L\mathbf 1"),
    (
        "sum of squares",
        Sum(i, power(error, 2)),
        (),
        r"(a - y)^{\top}(a - y)",
        r"(a - y)(a - y)^{\top}",
    ),
    (
        "norm of a matrix",
        multiply(half, Sum(k, Sum(j, power(W, 2)))),
        (),
        r"\tfrac{1}{2}\,\operatorname{tr}(W^{\top}W)",
        r"\tfrac{1}{2}\,\operatorname{tr}(W^{\top}W)",
    ),
    (
        "cross-entropy",
        negate(multiply(mean, Sum(i, Sum(k, multiply(Y, ln_p))))),
        (),
        "-" + F + r"\operatorname{tr}(Y^{\top}\ln(P))",
        "-" + F + r"\operatorname{tr}(Y^{\top}\ln(P))",
    ),
    (
        "quotients",
        add(
            negate(multiply(y, reciprocal(a))),
            multiply(add(ONE, negate(y)), reciprocal(add(ONE, negate(a)))),
        ),
        (i,),
        r"-y\oslash a + (1 - y)\oslash(1 - a)",
        r"-y\oslash a + (1 - y)\oslash(1 - a)",
    ),
    (
        "a sum of quotients",
        Sum(i, multiply(y, reciprocal(a))),
        (),
        r"\mathbf 1^{\top}(y\oslash a)",
        r"(y\oslash a)\mathbf 1",
    ),
    (
        "softmax",
        multiply(exp(Z), reciprocal(Sum(k, exp(Z)))),
        (i, k),
        r"\operatorname{diag}(\exp(Z)\mathbf 1)^{-1}\exp(Z)",
        r"\exp(Z)\,\operatorname{diag}(\mathbf 1^{\top}\exp(Z))^{-1}",
    ),
    (
        "weighted examples",
        Sum(i, multiply(a, p, x)),
        (k, j),
        r"P^{\top}\operatorname{diag}(a)X",
        r"P\,\operatorname{diag}(a)X^{\top}",
    ),
    (
        "a scalar that is a product",
        multiply(Sum(q, power(Ref("w", (q,)), 2)), w),
        (j,),
        "(w^{\\top}w)w",
        "(w^{\\top}w)w",
    ),
    (
        "an atom too wide",
        Sum(k, multiply(add(p, C), bias)),
        (i, h),
        r"Pb\mathbf 1^{\top} + \mathbf 1 b^{\top}C",
        r"\mathbf 1 b^{\top}P + C^{\top}b\mathbf 1^{\top}",
    ),
    ("a number of terms", Sum(i, multiply(b, lam)), (), r"b \lambda m", r"b \lambda m"),
    ("a delta", Sum(l, multiply(Delta(k, l), Ref("bias", (l,)))), (k,), "b", "b"),
]


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_as_printed(case: Case) -> None:
    _, term, target, rows, columns = case
    notation = Notation(problem)
    for layout, printed in (("rows", rows), ("columns", columns)):
        form = vectorise(term, problem, layout, target)  # type: ignore[arg-type]
        assert form.expression is not None, form.reason
        assert matrix_latex(form.expression, notation) == printed
        assert form.expression.shape == form.shape


@pytest.mark.parametrize("layout", ["rows", "columns"])
@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_equal_on_numbers(case: Case, layout: str) -> None:
    _, term, target, _, _ = case
    form = vectorise(term, problem, layout, target)  # type: ignore[arg-type]
    check = check_matrix(form, term, problem, seed=5)
    assert check.status == "passed", check.message
    assert check.samples > 0


def test_shapes_of_all_arrays() -> None:
    term = multiply(mean, Sum(i, multiply(errors, x)))
    rows = vectorise(term, problem, "rows", (k, j))
    columns = vectorise(term, problem, "columns", (k, j))
    assert {stored.array.name: stored.shape for stored in rows.arrays} == {
        "p": ("m", "K"),
        "Y": ("m", "K"),
        "x": ("m", "n"),
    }
    assert {stored.array.name: stored.shape for stored in columns.arrays} == {
        "p": ("K", "m"),
        "Y": ("K", "m"),
        "x": ("n", "m"),
    }
    assert rows.shape == columns.shape == ("K", "n")


def test_a_row_of_parameters_gives_a_row() -> None:
    term = Sum(i, multiply(a, x))
    form = vectorise(term, problem, "columns", (j,), "row")
    assert form.shape == (1, "n")
    assert form.expression is not None
    assert matrix_text(form.expression, Notation(problem)) == "aXᵀ"
    assert check_matrix(form, term, problem).status == "passed"


def test_the_coefficient_keeps_its_origin() -> None:
    origin = (Origin("definition", "J"),)
    term = multiply(reciprocal(Size("m", origin)), Sum(i, a))
    form = vectorise(term, problem, "rows", ())
    assert isinstance(form.expression, Scaled)
    tracked = Notation(problem, track=origin[0])
    assert matrix_latex(form.expression, tracked).startswith(r"\derivetrack{\frac{1}{m}}")


@pytest.mark.parametrize(
    ("term", "target", "einsum", "reason"),
    [
        (
            Sum(i, Sum(k, multiply(p, C, W, H, x))),
            (h, j),
            "ik,kh,kj,ih,ij->hj",
            "held by more than two arrays",
        ),
        (multiply(p, C, W), (i, h, j), "ik,kh,kj->ihj", "the result has 3 indices"),
        (Ref("x", (i, 1)), (i,), None, "a single element"),
        (power(a, y), (i,), "i->i", "the exponent"),
    ],
)
def test_without_a_reading_it_says_so(
    term: Term, target: tuple[Index, ...], einsum: str | None, reason: str
) -> None:
    if len(target) == 3:
        term = Sum(k, term)
    form = vectorise(term, problem, "rows", target)
    assert form.expression is None
    assert reason in form.reason
    assert form.einsum == einsum
    assert check_matrix(form, term, problem).status == "could not run"


def test_a_stray_index_is_refused() -> None:
    with pytest.raises(InputError, match="depends on j, which is not an index of the result"):
        vectorise(x, problem, "rows", (i,))
