"""The look of terms: a table of term → LaTeX → text, and every row of it through TeX."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from derive import catalogue
from derive.errors import InputError
from derive.model import AbstractFunction, Definition, Problem, Quantity
from derive.notation import Look, Notation, latex, latex_lines, plain_text, text_lines, unmarked
from derive.notation.text import columns
from derive.terms import (
    ONE,
    ZERO,
    Add,
    Apply,
    Delta,
    Derivative,
    Family,
    Index,
    Number,
    Origin,
    Power,
    Product,
    Ref,
    Size,
    Sum,
    Term,
    add,
    negate,
    power,
    reciprocal,
    stamp,
)


def number(above: int, below: int = 1) -> Number:
    return Number(Fraction(above, below))


def times(*factors: Term) -> Product:
    return Product(factors)


def less(left: Term, right: Term) -> Term:
    return add(left, negate(right))


def call(name: str, *arguments: Term, orders: tuple[int, ...] = ()) -> Apply:
    return Apply(name, arguments, orders)


i, j, k, h = Index("i", "m"), Index("j", "n"), Index("k", "K"), Index("h", "H")
other_k, primed = Index("l", "K"), Index("i'", "m")
m, n = Size("m"), Size("n")
x, y, a, z, loss = Ref("x", (i, j)), Ref("y", (i,)), Ref("a", (i,)), Ref("z", (i,)), Ref("L", (i,))
w, b, lam, cost = Ref("w", (j,)), Ref("b"), Ref("lambda_"), Ref("J")
z_ik, z_il = Ref("z", (i, k)), Ref("z", (i, other_k))
weight, hidden = Ref("W1", (h, j)), Ref("a1", (i, h))
mean = reciprocal(m)
half, third = number(1, 2), number(1, 3)


def at(name: str, *places: int) -> Ref:
    return Ref(name, places)


def quantity(name: str, role: str, *indices: Index, latex: str | None = None) -> Quantity:
    symbol = latex or name
    return Quantity(name, indices, role, symbol, name, symbol, name)  # type: ignore[arg-type]


PROBLEM = Problem(
    name="logistic",
    title="Logistic regression",
    indices=(i, j, k),
    quantities=(
        quantity("x", "data", i, j),
        quantity("y", "data", i),
        quantity("w", "parameter", j),
        quantity("b", "parameter"),
        replace(quantity("lam", "hyperparameter", latex=r"\lambda"), text="λ"),
        quantity("z", "definition", i),
        quantity("a", "definition", i),
        quantity("p", "definition", i),
        quantity("L", "definition", i, latex=r"\mathcal{L}"),
        quantity("J", "definition"),
    ),
    definitions=(
        Definition("z", (i,), add(Sum(j, times(w, x)), b)),
        Definition("a", (i,), call("g", z)),
        Definition("p", (i,), times(call("exp", z), reciprocal(Sum(primed, Ref("z", (primed,)))))),
        Definition("L", (i,), call("ell", a, y)),
        Definition("J", (), times(mean, Sum(i, loss))),
    ),
    functions=(
        AbstractFunction("g", 1, "g^{[2]}", "g⁽²⁾"),
        AbstractFunction("ell", 2, r"\ell", "ℓ"),
    ),
    example_index=i,
)

# Each row: a term, its LaTeX, its text.
ROWS: list[tuple[Term, str, str]] = [
    # numbers, sizes, references
    (ZERO, "0", "0"),
    (ONE, "1", "1"),
    (number(-3), "-3", "−3"),
    (third, r"\tfrac{1}{3}", "1/3"),
    (number(-3, 4), r"-\tfrac{3}{4}", "−3/4"),
    (m, "m", "m"),
    (Size("n1"), "n_{1}", "n_1"),
    (x, "x_{ij}", "x_ij"),
    (z, "z_i", "z_i"),
    (b, "b", "b"),
    (lam, r"\lambda", "λ"),
    (Ref("yhat", (i,)), r"\hat{y}_i", "ŷ_i"),
    (Ref("loss"), r"\mathrm{loss}", "loss"),
    (Ref("w_out", (j,)), r"w_{\mathrm{out},j}", "w_out,j"),
    (Ref("w_1", (i,)), "w_{1,i}", "w_1,i"),
    (weight, "W^{[1]}_{hj}", "W⁽¹⁾_hj"),
    (at("x", 1, 2), "x_{12}", "x_12"),
    (at("x", 10, 2), "x_{10,2}", "x_{10,2}"),
    (at("L", 10), "L_{10}", "L_10"),
    (Ref("x", (i, 1)), "x_{i1}", "x_i1"),
    (Ref("a", (primed,)), "a_{i'}", "a_i'"),
    (Ref("x", (primed, j)), "x_{i',j}", "x_{i',j}"),
    (Delta(k, other_k), r"\delta_{kl}", "δ_kl"),
    (Delta(1, 12), r"\delta_{1,12}", "δ_{1,12}"),
    # coefficients
    (mean, r"\frac{1}{m}", "1/m"),
    (negate(mean), r"-\frac{1}{m}", "−1/m"),
    (times(half, mean), r"\frac{1}{2m}", "1/(2m)"),
    (times(mean, half), r"\frac{1}{2m}", "1/(2m)"),
    (times(lam, mean), r"\frac{\lambda}{m}", "λ/m"),
    (times(lam, half, mean), r"\frac{\lambda}{2m}", "λ/(2m)"),
    (times(mean, lam, w), r"\frac{\lambda}{m}\,w_j", "(λ/m) w_j"),
    (times(half, third), r"\frac{1}{2\cdot 3}", "1/(2 · 3)"),
    (times(number(2), half, a), r"\tfrac{2}{2}\,a_i", "(2/2) a_i"),
    (times(number(2), half, mean, lam, w), r"\frac{2\lambda}{2m}\,w_j", "(2λ/(2m)) w_j"),
    (times(half, reciprocal(times(number(2), m))), r"\frac{1}{2\cdot 2m}", "1/(2 · 2m)"),
    (power(m, -2), r"\frac{1}{m^2}", "1/m²"),
    (reciprocal(less(m, ONE)), r"\frac{1}{m - 1}", "1/(m − 1)"),
    (reciprocal(mean), r"\frac{1}{\frac{1}{m}}", "1/(1/m)"),
    (times(y, mean), r"y_i\,\frac{1}{m}", "y_i (1/m)"),
    (times(add(a, y), mean), r"(a_i + y_i)\,\frac{1}{m}", "(a_i + y_i) (1/m)"),
    # products
    (times(number(2), a), "2a_i", "2a_i"),
    (times(number(-1), a, y), "-a_i y_i", "−a_i y_i"),
    (times(number(2), add(a, y)), "2(a_i + y_i)", "2(a_i + y_i)"),
    (times(a, number(2)), r"a_i\cdot 2", "a_i · 2"),
    (times(a, number(-2)), "a_i(-2)", "a_i (−2)"),
    (times(number(2), number(3), a), r"2\cdot 3a_i", "2 · 3a_i"),
    (times(a, less(ONE, a)), "a_i(1 - a_i)", "a_i (1 − a_i)"),
    (times(less(a, y), x), r"(a_i - y_i)\,x_{ij}", "(a_i − y_i) x_ij"),
    (times(less(a, y), add(a, y)), "(a_i - y_i)(a_i + y_i)", "(a_i − y_i) (a_i + y_i)"),
    (times(x, times(y, a)), "x_{ij}(y_i a_i)", "x_ij (y_i a_i)"),
    (times(number(-1), Add((a, y))), "-(a_i + y_i)", "−(a_i + y_i)"),
    (times(half, power(less(a, y), 2)), r"\tfrac{1}{2}\,(a_i - y_i)^2", "(1/2) (a_i − y_i)²"),
    # quotients
    (times(y, reciprocal(a)), r"\frac{y_i}{a_i}", "y_i/a_i"),
    (times(reciprocal(a), y), r"\frac{1}{a_i}\,y_i", "1/a_i · y_i"),
    (
        times(mean, y, reciprocal(a)),
        r"\frac{1}{m}\,\frac{y_i}{a_i}",
        "(1/m) · y_i/a_i",
    ),
    (times(number(2), reciprocal(a)), r"\frac{2}{a_i}", "2/a_i"),
    (
        add(negate(times(y, reciprocal(a))), times(less(ONE, y), reciprocal(less(ONE, a)))),
        r"-\frac{y_i}{a_i} + \frac{1 - y_i}{1 - a_i}",
        "−y_i/a_i + (1 − y_i)/(1 − a_i)",
    ),
    (
        times(reciprocal(a), a, less(ONE, a)),
        r"\frac{1}{a_i}\,a_i(1 - a_i)",
        "1/a_i · a_i (1 − a_i)",
    ),
    (
        times(x, reciprocal(times(a, less(ONE, a)))),
        r"\frac{x_{ij}}{a_i(1 - a_i)}",
        "x_ij/(a_i (1 − a_i))",
    ),
    (
        times(x, reciprocal(a), Sum(i, a)),
        r"\frac{x_{ij}}{a_i} \sum_{i=1}^{m} a_i",
        "x_ij/a_i · Σᵢ₌₁ᵐ a_i",
    ),
    (
        times(call("exp", z_ik), reciprocal(Sum(other_k, call("exp", z_il)))),
        r"\frac{e^{z_{ik}}}{\sum_{l=1}^{K} e^{z_{il}}}",
        "exp(z_ik)/(Σₗ₌₁ᴷ exp(z_il))",
    ),
    # sums
    (
        times(mean, Sum(i, times(less(a, y), x))),
        r"\frac{1}{m} \sum_{i=1}^{m}(a_i - y_i)\,x_{ij}",
        "(1/m) Σᵢ₌₁ᵐ (a_i − y_i) x_ij",
    ),
    (
        add(Sum(j, times(w, x)), b),
        r"\sum_{j=1}^{n} w_j x_{ij} + b",
        "Σⱼ₌₁ⁿ w_j x_ij + b",
    ),
    (
        times(Sum(j, times(w, x)), b),
        r"\Bigl(\sum_{j=1}^{n} w_j x_{ij}\Bigr)\,b",
        "(Σⱼ₌₁ⁿ w_j x_ij) b",
    ),
    (Sum(i, add(a, y)), r"\sum_{i=1}^{m}(a_i + y_i)", "Σᵢ₌₁ᵐ (a_i + y_i)"),
    (Sum(i, negate(loss)), r"\sum_{i=1}^{m}(-L_i)", "Σᵢ₌₁ᵐ (−L_i)"),
    (negate(Sum(i, loss)), r"-\sum_{i=1}^{m} L_i", "−Σᵢ₌₁ᵐ L_i"),
    (Sum(i, Sum(k, z_ik)), r"\sum_{i=1}^{m}\sum_{k=1}^{K} z_{ik}", "Σᵢ₌₁ᵐ Σₖ₌₁ᴷ z_ik"),
    (Sum(Index("i", 3), loss), r"\sum_{i=1}^{3} L_i", "Σᵢ₌₁³ L_i"),
    (Sum(primed, Ref("a", (primed,))), r"\sum_{i'=1}^{m} a_{i'}", "Σ_{i'=1}^{m} a_i'"),
    (Add((a, Add((y, b)))), "a_i + (y_i + b)", "a_i + (y_i + b)"),
    (
        negate(
            add(times(y, call("ln", a)), times(less(ONE, y), call("ln", less(ONE, a)))),
        ),
        r"-\bigl[y_i \ln a_i + (1 - y_i) \ln(1 - a_i)\bigr]",
        "−[y_i ln a_i + (1 − y_i) ln(1 − a_i)]",
    ),
    (
        times(third, add(times(less(at("a", 1), at("y", 1)), at("x", 1, 1)), at("b", 2))),
        r"\tfrac{1}{3}\,\bigl[(a_1 - y_1)\,x_{11} + b_2\bigr]",
        "(1/3) [(a_1 − y_1) x_11 + b_2]",
    ),
    # powers and roots
    (power(a, 2), "a_i^2", "a_i²"),
    (power(x, 2), "x_{ij}^2", "x_ij²"),
    (power(hidden, 2), r"\bigl(a^{[1]}_{ih}\bigr)^2", "(a⁽¹⁾_ih)²"),
    (power(add(a, y), 2), "(a_i + y_i)^2", "(a_i + y_i)²"),
    (Power(power(a, 2), number(3)), "(a_i^2)^3", "(a_i²)³"),
    (Power(number(-2), number(2)), "(-2)^2", "(−2)²"),
    (Power(half, number(2)), r"\bigl(\tfrac{1}{2}\bigr)^2", "(1/2)²"),
    (power(Sum(j, w), 2), r"\Bigl(\sum_{j=1}^{n} w_j\Bigr)^2", "(Σⱼ₌₁ⁿ w_j)²"),
    (
        power(Derivative(a, z), 2),
        r"\Bigl(\frac{\partial a_i}{\partial z_i}\Bigr)^2",
        "(∂a_i/∂z_i)²",
    ),
    (power(x, Fraction(1, 2)), r"\sqrt{x_{ij}}", "√x_ij"),
    (power(x, Ref("p")), "x_{ij}^p", "x_ij^p"),
    (power(x, add(Ref("p"), ONE)), "x_{ij}^{p + 1}", "x_ij^(p + 1)"),
    (
        times(half, power(x, Fraction(-1, 2))),
        r"\frac{1}{2\sqrt{x_{ij}}}",
        "1/(2√x_ij)",
    ),
    # functions
    (call("sigmoid", z), r"\sigma(z_i)", "σ(z_i)"),
    (power(call("sigmoid", z), 2), r"\sigma(z_i)^2", "σ(z_i)²"),
    (
        times(call("sigmoid", z), less(ONE, call("sigmoid", z))),
        r"\sigma(z_i)(1 - \sigma(z_i))",
        "σ(z_i) (1 − σ(z_i))",
    ),
    (times(x, call("sigmoid", z)), r"x_{ij}\,\sigma(z_i)", "x_ij σ(z_i)"),
    (call("ln", a), r"\ln a_i", "ln a_i"),
    (call("ln", less(ONE, a)), r"\ln(1 - a_i)", "ln(1 − a_i)"),
    (times(call("ln", a), y), r"\ln(a_i)\,y_i", "ln(a_i) y_i"),
    (power(call("tanh", z), 2), r"\tanh^2 z_i", "tanh² z_i"),
    (times(power(call("tanh", z), 2), x), r"\tanh^2(z_i)\,x_{ij}", "tanh²(z_i) x_ij"),
    (
        less(ONE, power(call("tanh", add(z, b)), 2)),
        r"1 - \tanh^2(z_i + b)",
        "1 − tanh²(z_i + b)",
    ),
    (call("softplus", z), r"\operatorname{softplus}(z_i)", "softplus(z_i)"),
    (call("sqrt", add(x, y)), r"\sqrt{x_{ij} + y_i}", "√(x_ij + y_i)"),
    (call("exp", negate(z)), "e^{-z_i}", "exp(−z_i)"),
    (power(call("exp", z), 2), "(e^{z_i})^2", "exp(z_i)²"),
    (
        reciprocal(add(ONE, call("exp", negate(z)))),
        r"\frac{1}{1 + e^{-z_i}}",
        "1/(1 + exp(−z_i))",
    ),
    (
        call("exp", times(y, reciprocal(a))),
        r"\exp\Bigl(\frac{y_i}{a_i}\Bigr)",
        "exp(y_i/a_i)",
    ),
    (call("g", z), "g(z_i)", "g(z_i)"),
    (call("g", z, orders=(1,)), "g'(z_i)", "g′(z_i)"),
    (call("g", z, orders=(2,)), "g''(z_i)", "g″(z_i)"),
    (call("g", z, orders=(4,)), "g^{(4)}(z_i)", "g⁽⁴⁾(z_i)"),
    (call("tanh", z, orders=(1,)), r"\tanh'(z_i)", "tanh′(z_i)"),
    (call("L", a, y, orders=(1, 0)), r"\partial_1 L(a_i, y_i)", "∂₁L(a_i, y_i)"),
    (call("L", a, y, orders=(2, 1)), r"\partial_1^2\partial_2 L(a_i, y_i)", "∂₁²∂₂L(a_i, y_i)"),
    (
        call("L", Family(k, Ref("a", (i, k))), b),
        r"L\bigl((a_{ik})_k, b\bigr)",
        "L((a_ik)_k, b)",
    ),
    # derivatives
    (Derivative(loss, z), r"\frac{\partial L_i}{\partial z_i}", "∂L_i/∂z_i"),
    (
        times(Derivative(loss, a), Derivative(a, z), x),
        r"\frac{\partial L_i}{\partial a_i}\,\frac{\partial a_i}{\partial z_i}\,x_{ij}",
        "∂L_i/∂a_i · ∂a_i/∂z_i · x_ij",
    ),
    (
        Derivative(times(mean, Sum(i, loss)), w),
        r"\frac{\partial}{\partial w_j}\Bigl[\frac{1}{m} \sum_{i=1}^{m} L_i\Bigr]",
        "∂/∂w_j [(1/m) Σᵢ₌₁ᵐ L_i]",
    ),
    (
        times(third, Derivative(add(at("L", 1), at("L", 2)), at("w", 1))),
        r"\tfrac{1}{3}\,\frac{\partial}{\partial w_1}(L_1 + L_2)",
        "(1/3) ∂/∂w_1 (L_1 + L_2)",
    ),
    (
        times(third, add(times(Derivative(at("L", 1), at("a", 1)), b), Derivative(b, b))),
        (
            r"\tfrac{1}{3}\,\Bigl(\frac{\partial L_1}{\partial a_1}\,b"
            r" + \frac{\partial b}{\partial b}\Bigr)"
        ),
        "(1/3) (∂L_1/∂a_1 · b + ∂b/∂b)",
    ),
    (
        Derivative(call("sigmoid", z), z),
        r"\frac{\partial}{\partial z_i}\,\sigma(z_i)",
        "∂/∂z_i σ(z_i)",
    ),
    (
        times(Derivative(call("ln", a), z), x),
        r"\frac{\partial}{\partial z_i}[\ln a_i]\,x_{ij}",
        "∂/∂z_i [ln a_i] x_ij",
    ),
    (
        Derivative(Derivative(loss, a), z),
        r"\frac{\partial^2 L_i}{\partial z_i\partial a_i}",
        "∂²L_i/∂z_i∂a_i",
    ),
]

ORIGIN = Origin("definition", "J")
TRACKING = Notation(track=ORIGIN)
m_here, third_here = Size("m", (ORIGIN,)), Number(Fraction(1, 3), (ORIGIN,))

TRACKED: list[tuple[Term, str, str]] = [
    (reciprocal(m_here), r"\derivetrack{\frac{1}{m}}", "⟦1/m⟧"),
    (third_here, r"\derivetrack{\tfrac{1}{3}}", "⟦1/3⟧"),
    (times(half, reciprocal(m_here)), r"\frac{1}{2\derivetrack{m}}", "1/(2⟦m⟧)"),
    (times(lam, half, reciprocal(m_here)), r"\frac{\lambda}{2\derivetrack{m}}", "λ/(2⟦m⟧)"),
    (stamp(times(lam, half, mean), ORIGIN), r"\derivetrack{\frac{\lambda}{2m}}", "⟦λ/(2m)⟧"),
    (
        times(lam, Number(Fraction(1, 2), (ORIGIN,)), reciprocal(m_here)),
        r"\frac{\lambda}{\derivetrack{2m}}",
        "λ/⟦2m⟧",
    ),
    (times(half, third_here), r"\frac{1}{2\cdot \derivetrack{3}}", "1/(2 · ⟦3⟧)"),
    (
        times(reciprocal(m_here), Sum(i, a)),
        r"\derivetrack{\frac{1}{m}} \sum_{i=1}^{m} a_i",
        "⟦1/m⟧ Σᵢ₌₁ᵐ a_i",
    ),
    (times(third_here, add(a, y)), r"\derivetrack{\tfrac{1}{3}}\,(a_i + y_i)", "⟦1/3⟧ (a_i + y_i)"),
    (power(stamp(a, ORIGIN), 2), r"\derivetrack{a_i}^2", "⟦a_i⟧²"),
    (stamp(power(a, 2), ORIGIN), r"\derivetrack{a_i^2}", "⟦a_i²⟧"),
    (Power(a, Number(Fraction(2), (ORIGIN,))), r"a_i^{\derivetrack{2}}", "a_i⟦²⟧"),
]


@pytest.mark.parametrize(("term", "as_latex", "as_text"), ROWS, ids=[row[2] for row in ROWS])
def test_look(term: Term, as_latex: str, as_text: str) -> None:
    assert latex(term) == as_latex
    assert plain_text(term) == as_text


@pytest.mark.parametrize(("term", "as_latex", "as_text"), TRACKED, ids=[r[2] for r in TRACKED])
def test_tracked_look(term: Term, as_latex: str, as_text: str) -> None:
    assert latex(term, TRACKING) == as_latex
    assert plain_text(term, TRACKING) == as_text


@pytest.mark.parametrize("term", [row[0] for row in TRACKED], ids=[row[2] for row in TRACKED])
def test_a_mark_changes_nothing_else(term: Term) -> None:
    assert plain_text(term, TRACKING, mark=unmarked) == plain_text(term)


def test_a_mark_can_be_a_colour() -> None:
    def red(text: str) -> str:
        return f"\x1b[31m{text}\x1b[0m"

    shown = plain_text(times(reciprocal(m_here), Sum(i, a)), TRACKING, mark=red)
    assert shown == "\x1b[31m(1/m)\x1b[0m Σᵢ₌₁ᵐ a_i"
    assert columns(shown) == columns("(1/m) Σᵢ₌₁ᵐ a_i")


IN_PROBLEM: list[tuple[Term, str, str]] = [
    # one quantity alone, besides data: d; two, or one element of many: ∂
    (Derivative(a, z), r"\frac{da_i}{dz_i}", "da_i/dz_i"),
    (Derivative(at("a", 1), at("z", 1)), r"\frac{da_1}{dz_1}", "da_1/dz_1"),
    (Derivative(loss, a), r"\frac{d\mathcal{L}_i}{da_i}", "dL_i/da_i"),
    (Derivative(at("a", 1), at("z", 2)), r"\frac{\partial a_1}{\partial z_2}", "∂a_1/∂z_2"),
    (Derivative(loss, z), r"\frac{\partial\mathcal{L}_i}{\partial z_i}", "∂L_i/∂z_i"),
    (Derivative(z, w), r"\frac{\partial z_i}{\partial w_j}", "∂z_i/∂w_j"),
    (Derivative(Ref("p", (i,)), z), r"\frac{\partial p_i}{\partial z_i}", "∂p_i/∂z_i"),
    (Derivative(cost, loss), r"\frac{\partial J}{\partial\mathcal{L}_i}", "∂J/∂L_i"),
    # hyperparameters are coefficients, parameters are not
    (times(mean, Ref("lam"), w), r"\frac{\lambda}{m}\,w_j", "(λ/m) w_j"),
    (times(mean, b, x), r"\frac{1}{m}\,b x_{ij}", "(1/m) b x_ij"),
    # abstract functions
    (call("g", z), "g^{[2]}(z_i)", "g⁽²⁾(z_i)"),
    (call("g", z, orders=(1,)), r"g^{[2]\prime}(z_i)", "g⁽²⁾′(z_i)"),
    (call("ell", a, y, orders=(1, 0)), r"\partial_1\ell(a_i, y_i)", "∂₁ℓ(a_i, y_i)"),
]


@pytest.mark.parametrize(
    ("term", "as_latex", "as_text"), IN_PROBLEM, ids=[row[2] for row in IN_PROBLEM]
)
def test_look_in_a_problem(term: Term, as_latex: str, as_text: str) -> None:
    notation = Notation(problem=PROBLEM)
    assert latex(term, notation) == as_latex
    assert plain_text(term, notation) == as_text


def test_delimiters_are_smaller_in_a_line_of_text() -> None:
    assert latex(power(Sum(j, w), 2), inline=True) == r"\bigl(\sum_{j=1}^{n} w_j\bigr)^2"


def test_logarithm() -> None:
    assert latex(call("ln", a), Notation(logarithm="log")) == r"\log a_i"


# Long sums and long lines ------------------------------------------------------------------------


def written_out(count: int) -> Term:
    return add(*(times(less(at("a", p), at("y", p)), at("x", p, 1)) for p in range(1, count + 1)))


def test_a_long_sum_is_cut_short() -> None:
    notation = Notation(longest_sum=5)
    term = times(third, add(written_out(100), b))
    assert plain_text(term, notation) == (
        "(1/3) [(a_1 − y_1) x_11 + (a_2 − y_2) x_21 + ⋯ + (a_100 − y_100) x_{100,1} + b]"
    )
    assert r" + \cdots + " in latex(term, notation)
    assert "⋯" not in plain_text(written_out(5), notation)
    assert "⋯" not in plain_text(written_out(100))


def test_only_terms_that_count_up_are_cut_short() -> None:
    notation = Notation(longest_sum=3)
    places = (1, 2, 3, 5, 6, 4)
    assert "⋯" not in plain_text(add(*(at("a", place) for place in places)), notation)
    mixed = add(*(at("a", place) for place in (1, 2, 3, 4, 5)), at("b", 6))
    assert plain_text(mixed, notation) == "a_1 + a_2 + ⋯ + a_5 + b_6"


def test_a_sum_cut_short_needs_three_terms() -> None:
    with pytest.raises(ValueError, match="at least 3"):
        Notation(longest_sum=2)


@pytest.mark.parametrize("term", [written_out(9), times(third, written_out(9))])
def test_lines_hold_all_of_the_term(term: Term) -> None:
    lines = text_lines(term, columns=40)
    assert len(lines) > 2
    assert all(columns(line) <= 40 for line in lines)
    assert all(line.startswith("+ ") for line in lines[1:])
    assert " ".join(lines) == plain_text(term)

    in_latex = latex_lines(term, width=18.0)
    assert len(in_latex) > 2
    assert all(line.startswith("{} + ") for line in in_latex[1:])
    assert "".join(line.removeprefix("{}") for line in in_latex) == latex(term)


def test_lines_break_outside_first() -> None:
    term = add(times(half, add(a, y)), times(half, add(z, b)))
    assert text_lines(term, columns=22) == ["(1/2) (a_i + y_i)", "+ (1/2) (z_i + b)"]


def test_a_short_term_is_one_line() -> None:
    assert text_lines(a, columns=80) == ["a_i"]
    assert latex_lines(negate(add(a, y)), width=80.0) == ["-(a_i + y_i)"]


# Through TeX -------------------------------------------------------------------------------------


def test_every_row_compiles(tmp_path: Path) -> None:
    if shutil.which("pdflatex") is None:
        if os.environ.get("CI"):
            pytest.fail("pdflatex is not installed, and this test must run under CI")
        pytest.skip("pdflatex is not installed")
    formulas = [
        *(latex(term) for term, _, _ in ROWS),
        *(latex(term, inline=True) for term, _, _ in ROWS),
        *(latex(term, TRACKING) for term, _, _ in TRACKED),
        *(latex(term, Notation(problem=PROBLEM)) for term, _, _ in IN_PROBLEM),
    ]
    long = r" \\ &\quad ".join(latex_lines(times(third, written_out(9)), width=30.0))
    source = "\n".join(
        [
            r"\documentclass{article}\usepackage{amsmath,xcolor}",
            r"\newcommand{\derivetrack}[1]{{\color{red}#1}}",
            r"\begin{document}",
            *(rf"\[{formula}\]" for formula in formulas),
            rf"\begin{{align*}} &{long} \end{{align*}}",
            r"\end{document}",
        ]
    )
    (tmp_path / "page.tex").write_text(source, encoding="utf-8")
    run = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"],
        check=False,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=120,
    )
    assert run.returncode == 0, run.stdout[-2000:]
    assert "Overfull" not in run.stdout


@pytest.mark.parametrize("taken", ["m", "n", "i", "x", "b", "L"])
def test_a_name_that_prints_as_something_else_is_refused(taken):
    problem = catalogue.load("logistic_regression")
    with pytest.raises(InputError, match=f"w cannot be called {taken}, which is how"):
        Look(symbols=(("w", taken),)).notation(problem)


@pytest.mark.parametrize(
    ("name", "called", "other"),
    [
        ("w", "X", "the array of x"),
        ("w", "dz", "the array of derivatives by z"),
        ("b", "dz", "the array of derivatives by z"),
        ("z", "sigma", "the function sigmoid"),
        ("w", "delta", "the Kronecker delta"),
        ("w", "d", "the d of derivatives"),
    ],
)
def test_a_name_that_prints_as_another_sign_is_refused(name, called, other):
    problem = catalogue.load("logistic_regression")
    with pytest.raises(InputError, match=f"{name} cannot be called {called}, .* {other} prints"):
        Look(symbols=((name, called),)).notation(problem)


def test_an_array_that_would_print_as_another_sign_is_refused():
    problem = catalogue.load("mlp")
    with pytest.raises(InputError, match="x cannot be called X1, which is how the array of W1 p"):
        Look(symbols=(("W1", "x1"), ("x", "X1"))).notation(problem)
    said = "x cannot be called w1: the array of x would print as W⁽¹⁾, which is how W1 prints"
    with pytest.raises(InputError, match=said):
        Look(symbols=(("x", "w1"),)).notation(problem)


def test_signs_that_are_not_on_the_page_are_free():
    problem = catalogue.load("linear_regression")
    for called in ("e", "sigma", "Phi"):
        assert Look(symbols=(("w", called),)).notation(problem).problem is not None
    # A Kronecker delta always has two indices.
    assert Look(symbols=(("b", "delta"),)).notation(problem).problem is not None


def test_two_quantities_may_change_names():
    problem = catalogue.load("logistic_regression")
    renamed = Look(symbols=(("w", "b"), ("b", "w"))).notation(problem).problem
    assert renamed is not None
    assert [renamed.quantity(name).text for name in ("w", "b")] == ["b", "w"]
