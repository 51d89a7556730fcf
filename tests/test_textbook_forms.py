"""Every entry of the catalogue reaches its textbook form, as printed: not one equal to it."""

from __future__ import annotations

from functools import cache

import pytest

import derive
from derive.catalogue import load
from derive.gradients import Derivation
from derive.matrix.layout import matrix_latex
from derive.model import Problem
from derive.notation import Notation, latex

ERROR_1 = r"\bigl(a^{[2]}_i - y_i\bigr)"
HIDDEN = (
    r"\frac{1}{m} \sum_{i=1}^{m}"
    + ERROR_1
    + r"\,w^{[2]}_h\Bigl[1 - \bigl(a^{[1]}_{ih}\bigr)^2\Bigr]"
)
HIDDEN_ROWS = (
    r"\biggl(\Bigl(\bigl(a^{[2]} - y\bigr)w^{[2]\top}\Bigr)"
    r"\odot\bigl(1 - A^{[1]}\odot A^{[1]}\bigr)\biggr)^{\top}"
)
HIDDEN_COLUMNS = (
    r"\biggl(\Bigl(w^{[2]}\bigl(a^{[2]} - y\bigr)\Bigr)"
    r"\odot\bigl(1 - A^{[1]}\odot A^{[1]}\bigr)\biggr)"
)

#: For each entry and parameter: in index form, with examples as rows, with examples as columns.
FORMS: dict[tuple[str, str], tuple[str, str, str]] = {
    ("mean_loss", "W"): (
        r"\frac{1}{m} \sum_{i=1}^{m} \frac{\partial L_i}{\partial z_i}\,x_{ij}",
        r"\frac{1}{m}\,\mathrm dZ^{\top}X",
        r"\frac{1}{m}\,\mathrm dZ\,X^{\top}",
    ),
    ("mean_loss", "b"): (
        r"\frac{1}{m} \sum_{i=1}^{m} \frac{\partial L_i}{\partial z_i}",
        r"\frac{1}{m}\,\mathbf 1^{\top}\mathrm dZ",
        r"\frac{1}{m}\,\mathrm dZ\,\mathbf 1",
    ),
    ("linear_regression", "w"): (
        r"\frac{1}{m} \sum_{i=1}^{m}(\hat{y}_i - y_i)\,x_{ij}",
        r"\frac{1}{m}\,X^{\top}(\hat{y} - y)",
        r"\frac{1}{m}\,X(\hat{y} - y)^{\top}",
    ),
    ("linear_regression", "b"): (
        r"\frac{1}{m} \sum_{i=1}^{m}(\hat{y}_i - y_i)",
        r"\frac{1}{m}\,\mathbf 1^{\top}(\hat{y} - y)",
        r"\frac{1}{m}\,(\hat{y} - y)\mathbf 1",
    ),
    ("linear_regression_mean_square", "w"): (
        r"\frac{2}{m} \sum_{i=1}^{m}(\hat{y}_i - y_i)\,x_{ij}",
        r"\frac{2}{m}\,X^{\top}(\hat{y} - y)",
        r"\frac{2}{m}\,X(\hat{y} - y)^{\top}",
    ),
    ("linear_regression_mean_square", "b"): (
        r"\frac{2}{m} \sum_{i=1}^{m}(\hat{y}_i - y_i)",
        r"\frac{2}{m}\,\mathbf 1^{\top}(\hat{y} - y)",
        r"\frac{2}{m}\,(\hat{y} - y)\mathbf 1",
    ),
    ("logistic_regression", "w"): (
        r"\frac{1}{m} \sum_{i=1}^{m}(a_i - y_i)\,x_{ij}",
        r"\frac{1}{m}\,X^{\top}(a - y)",
        r"\frac{1}{m}\,X(a - y)^{\top}",
    ),
    ("logistic_regression", "b"): (
        r"\frac{1}{m} \sum_{i=1}^{m}(a_i - y_i)",
        r"\frac{1}{m}\,\mathbf 1^{\top}(a - y)",
        r"\frac{1}{m}\,(a - y)\mathbf 1",
    ),
    ("softmax_regression", "W"): (
        r"\frac{1}{m} \sum_{i=1}^{m}(p_{ik} - y_{ik})\,x_{ij}",
        r"\frac{1}{m}\,(P - Y)^{\top}X",
        r"\frac{1}{m}\,(P - Y)X^{\top}",
    ),
    ("softmax_regression", "b"): (
        r"\frac{1}{m} \sum_{i=1}^{m}(p_{ik} - y_{ik})",
        r"\frac{1}{m}\,(P - Y)^{\top}\mathbf 1",
        r"\frac{1}{m}\,(P - Y)\mathbf 1",
    ),
    ("ridge_regression", "w"): (
        (
            r"\frac{1}{m}\,\biggl[\sum_{i=1}^{m}\Bigl(\sum_{s=1}^{n} w_s x_{is} + b - y_i\Bigr)"
            r"\,x_{ij} + \lambda w_j\biggr]"
        ),
        r"\frac{1}{m}\,\bigl(X^{\top}(Xw + b \mathbf 1 - y) + \lambda w\bigr)",
        r"\frac{1}{m}\,\bigl(X(w^{\top}X + b \mathbf 1^{\top} - y)^{\top} + \lambda w\bigr)",
    ),
    ("ridge_regression", "b"): (
        r"\frac{1}{m} \sum_{i=1}^{m}\Bigl(\sum_{j=1}^{n} w_j x_{ij} + b - y_i\Bigr)",
        r"\frac{1}{m}\,\mathbf 1^{\top}(Xw + b \mathbf 1 - y)",
        r"\frac{1}{m}\,(w^{\top}X + b \mathbf 1^{\top} - y)\mathbf 1",
    ),
    ("mlp", "W1"): (
        HIDDEN + r"\,x_{ij}",
        r"\frac{1}{m}\," + HIDDEN_ROWS + "X",
        r"\frac{1}{m}\," + HIDDEN_COLUMNS + r"X^{\top}",
    ),
    ("mlp", "b1"): (
        HIDDEN,
        r"\frac{1}{m}\," + HIDDEN_ROWS + r"\mathbf 1",
        r"\frac{1}{m}\," + HIDDEN_COLUMNS + r"\mathbf 1",
    ),
    ("mlp", "w2"): (
        r"\frac{1}{m} \sum_{i=1}^{m}" + ERROR_1 + r"\,a^{[1]}_{ih}",
        r"\frac{1}{m}\,A^{[1]\top}\bigl(a^{[2]} - y\bigr)",
        r"\frac{1}{m}\,A^{[1]}\bigl(a^{[2]} - y\bigr)^{\top}",
    ),
    ("mlp", "b2"): (
        r"\frac{1}{m} \sum_{i=1}^{m}" + ERROR_1,
        r"\frac{1}{m}\,\mathbf 1^{\top}\bigl(a^{[2]} - y\bigr)",
        r"\frac{1}{m}\,\bigl(a^{[2]} - y\bigr)\mathbf 1",
    ),
    ("layer", "W"): (
        r"\frac{1}{m} \sum_{i=1}^{m} \frac{\partial L_i}{\partial z^{[l]}_{ik}}\,a^{[l-1]}_{ij}",
        r"\frac{1}{m}\,\mathrm dZ^{[l]\top}A^{[l-1]}",
        r"\frac{1}{m}\,\mathrm dZ^{[l]}\,A^{[l-1]\top}",
    ),
    ("layer", "b"): (
        r"\frac{1}{m} \sum_{i=1}^{m} \frac{\partial L_i}{\partial z^{[l]}_{ik}}",
        r"\frac{1}{m}\,\mathrm dZ^{[l]\top}\mathbf 1",
        r"\frac{1}{m}\,\mathrm dZ^{[l]}\,\mathbf 1",
    ),
}


@cache
def derivation(name: str) -> Derivation:
    return derive.gradient(name, check="none")


def printed(found: Derivation, wrt: str) -> tuple[str, str, str]:
    result = next(each for each in found.results if each.wrt == wrt)
    notation = Notation(found.problem)
    rows, columns = result.rows.expression, result.columns.expression
    assert rows is not None
    assert columns is not None
    return (
        latex(result.term, notation),
        matrix_latex(rows, notation),
        matrix_latex(columns, notation),
    )


@pytest.mark.parametrize(("name", "wrt"), FORMS, ids=lambda value: value)
def test_textbook_form(name: str, wrt: str) -> None:
    assert printed(derivation(name), wrt) == FORMS[name, wrt]


@pytest.mark.parametrize("name", dict.fromkeys(entry for entry, _ in FORMS))
def test_every_parameter_has_its_form_here(name: str) -> None:
    assert [wrt for entry, wrt in FORMS if entry == name] == [p.name for p in load(name).parameters]


def test_a_layer_passes_its_error_down() -> None:
    found = derive.gradient("layer", wrt="a_previous", check="none")
    assert printed(found, "a_previous") == (
        r"\frac{1}{m} \sum_{k=1}^{K} \frac{\partial L_i}{\partial z^{[l]}_{ik}}\,W^{[l]}_{kj}",
        r"\frac{1}{m}\,\mathrm dZ^{[l]}\,W^{[l]}",
        r"\frac{1}{m}\,W^{[l]\top}\mathrm dZ^{[l]}",
    )


def matrix_line(found: Derivation, left: str) -> str:
    line = next(each for each in found.matrix if str(each.left) == left)
    assert line.rows.expression is not None
    return matrix_latex(line.rows.expression, Notation(found.problem))


def test_the_error_of_a_layer() -> None:
    error = matrix_line(derivation("layer"), "∂L_i/∂z_ik")
    assert error == r"\mathrm dA^{[l]}\odot g^{[l]\prime}\bigl(Z^{[l]}\bigr)"


@pytest.mark.parametrize(
    ("name", "left", "form"),
    [
        ("logistic_regression", "∂L_i/∂z_i", "a - y"),
        ("softmax_regression", "∂L_i/∂z_ik", "P - Y"),
        ("linear_regression_mean_square", "∂L_i/∂ŷ_i", r"2\,(\hat{y} - y)"),
    ],
)
def test_the_error_of_the_examples(name: str, left: str, form: str) -> None:
    found = derivation(name)
    lemma = next(each for each in found.lemmas if str(each.claim) == left)
    assert matrix_line(found, left).replace(r"\,", "") == form.replace(r"\,", "")
    assert str(lemma.result)


def test_softmax_without_facts_keeps_the_sum() -> None:
    problem: Problem = load("softmax_regression").without_facts()
    found = derive.gradient(problem)
    assert found.passed
    form = r"\Bigl(p_{ik} \sum_{l=1}^{K} y_{il} - y_{ik}\Bigr)"
    assert printed(found, "W") == (
        rf"\frac{{1}}{{m}} \sum_{{i=1}}^{{m}}{form}\,x_{{ij}}",
        r"\frac{1}{m}\,\bigl(\operatorname{diag}(Y\mathbf 1)P - Y\bigr)^{\top}X",
        r"\frac{1}{m}\,\bigl(P\,\operatorname{diag}(\mathbf 1^{\top}Y) - Y\bigr)X^{\top}",
    )
    assert not any(step.rule == "fact" for step in found.steps)


def test_softmax_cites_the_fact_that_it_uses() -> None:
    found = derivation("softmax_regression")
    (step,) = (step for step in found.steps if step.rule == "fact")
    assert len(step.premises) == 1
    assert "labels are one-hot" in str(step.reason)


def test_the_same_whatever_the_sizes_of_the_small_case() -> None:
    for sizes in ({"m": 1, "n": 1}, {"m": 5, "n": 4}):
        found = derive.gradient("logistic_regression", check="none", **sizes)
        assert found.lemmas == derivation("logistic_regression").lemmas
