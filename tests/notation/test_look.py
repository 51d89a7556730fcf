"""What a look changes in formulas."""

from __future__ import annotations

import pytest

from derive import catalogue
from derive.document.model import Stack
from derive.exporters.formulas import formula_box
from derive.matrix import matrix_layout
from derive.matrix.expression import Array, transpose
from derive.notation import Look, latex, plain_text
from derive.notation.latex import write_latex
from derive.terms import Derivative, Index, Number, Power, Ref

i, j, h, k = Index("i", "m"), Index("j", "n"), Index("h", "H"), Index("k", "K")
MLP = catalogue.load("mlp")
SOFTMAX = catalogue.load("softmax_regression")
LINEAR = catalogue.load("linear_regression")
RAISED = Look(examples="superscript")


def square(term):
    return Power(term, Number(2))


EXAMPLES = [
    (MLP, Ref("x", (i, j)), "x_j^{(i)}", "x_j^(i)"),
    (MLP, Ref("x", (3, 1)), "x_1^{(3)}", "x_1^(3)"),
    (MLP, Ref("y", (i,)), "y^{(i)}", "y^(i)"),
    (MLP, Ref("a1", (i, h)), "a^{[1](i)}_h", "a^[1](i)_h"),
    (MLP, Ref("W1", (h, j)), "W^{[1]}_{hj}", "W^[1]_hj"),
    (MLP, square(Ref("a1", (i, h))), r"\bigl(a^{[1](i)}_h\bigr)^2", "(a^[1](i)_h)²"),
    (MLP, Ref("z2", (i,)), "z^{[2](i)}", "z^[2](i)"),
    (MLP, square(Ref("y", (i,))), "(y^{(i)})^2", "(y^(i))²"),
    (LINEAR, Ref("yhat", (i,)), r"\hat{y}^{(i)}", "ŷ^(i)"),
    (
        MLP,
        Derivative(Ref("L", (i,)), Ref("x", (i, j))),
        r"\frac{\partial L^{(i)}}{\partial x_j^{(i)}}",
        "∂L^(i)/∂x_j^(i)",
    ),
    (MLP, Ref("y", (Index("i'", "m"),)), "y^{(i')}", "y^(i')"),
]


@pytest.mark.parametrize(("problem", "term", "source", "text"), EXAMPLES)
def test_the_index_of_the_example_stands_above(problem, term, source, text):
    notation = RAISED.notation(problem)
    assert latex(term, notation) == source
    assert plain_text(term, notation) == text


def test_without_a_look_it_stands_below():
    assert latex(Ref("x", (i, j)), Look().notation(MLP)) == "x_{ij}"


def test_arrays_are_bold_and_elements_are_not():
    notation = Look(vectors="bold").notation(MLP)
    assert write_latex(formula_box(Stack(Ref("W1", (h, j))), notation)) == r"\mathbf{W}^{[1]}"
    assert write_latex(formula_box(Stack(Ref("b2")), notation)) == "b^{[2]}"
    assert latex(Ref("W1", (h, j)), notation) == "W^{[1]}_{hj}"


def test_greek_is_bold_in_its_own_way():
    notation = Look(vectors="bold", symbols=(("w", "theta"),)).notation(LINEAR)
    assert write_latex(formula_box(Stack(Ref("w", (j,))), notation)) == r"\boldsymbol{\theta}"


def test_a_numerator_is_that_of_what_is_differentiated():
    """dZ holds the derivatives of each example's loss: its numerator is L, and not J."""
    stack = transpose(Array("z", ("m", "K"), of="L"))
    short, full = (Look(derivatives=each).notation(SOFTMAX) for each in ("short", "full"))
    assert write_latex(matrix_layout(stack, short)) == r"\mathrm dZ^{\top}"
    assert r"\frac{\partial L}{\partial Z}" in write_latex(matrix_layout(stack, full))
    gradient = Stack(Derivative(Ref("J"), Ref("W", (k, j))))
    assert write_latex(formula_box(gradient, full)) == r"\frac{\partial J}{\partial W}"
