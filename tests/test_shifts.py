"""Shifted indices: what they mean, how they are written, and what errors in them are caught."""

from __future__ import annotations

import numpy as np
import pytest

import derive
from derive.checks.oracle import check_small_case
from derive.checks.steps import StepChecker
from derive.derivation import Step
from derive.errors import InputError
from derive.exporters.reading import Cursor
from derive.exporters.s_expressions import read_term, write_term
from derive.gradients import Derivation
from derive.model import Problem
from derive.notation import latex
from derive.small_case import resolve_sizes
from derive.terms import (
    Delta,
    Index,
    Ref,
    Shift,
    Sum,
    Term,
    Within,
    affine,
    free_indices,
    map_children,
    multiply,
    same,
    solved,
    substitute,
    walk,
)

t, k, s = Index("t", "T"), Index("k", "K"), Index("s", "S")


def convolution(place: Shift | Index | int | None = None) -> Problem:
    """A convolution with a loss; ``place`` is where the input is read."""
    x = derive.parameter("x[s]")
    y = derive.data("y[t]")
    w = derive.parameter("w[k]")
    read = t + k - 1 if place is None else place
    z = derive.define("z[t]", derive.sum(w[k] * x[read], over=k))
    cost = derive.mean((z[t] - y[t]) ** 2 / 2, over=t)
    return derive.problem(cost, name="convolution", spare=[s], wrt=[w, x])


@pytest.fixture(scope="module")
def right() -> Derivation:
    return derive.gradient(convolution())


# Terms -------------------------------------------------------------------------------------------


def test_a_shift_is_in_its_simplest_form() -> None:
    assert t + k - k == t
    assert t + 1 - t == 1
    assert t + k == k + t
    assert hash(t + k) == hash(k + t)
    assert t + k != t + k + 1
    assert 2 * (t + 1) == t + t + 2
    assert affine([(t, 0)], 3) == 3


def test_numbers_alone_may_be_multiplied() -> None:
    with pytest.raises(TypeError):
        t * k  # type: ignore[operator]
    with pytest.raises(TypeError):
        t + "k"  # type: ignore[operator]


def test_substitution_and_renaming_go_through_shifts() -> None:
    x = Ref("x", (t + k - 1,))
    assert free_indices(x) == (t, k)
    assert substitute(x, {t: s - k + 1}) == Ref("x", (s,))
    assert substitute(x, {t: 2, k: 1}) == Ref("x", (2,))
    # The bound k gives way to the one that comes in.
    moved = substitute(Sum(k, multiply(Ref("w", (k,)), x)), {t: k + 1})
    other = Index("l", "K")
    assert same(moved, Sum(other, multiply(Ref("w", (other,)), Ref("x", (k + other,)))))


def test_a_place_is_solved_only_where_that_takes_no_division() -> None:
    assert solved(t + k - 1, s, k) == s - t + 1
    assert solved(t - k, s, k) == t - s
    assert solved(t + 2 * k, s, k) is None
    assert solved(t + k, s, s) == t + k
    assert solved(t, k, s) is None


def test_how_they_print() -> None:
    assert str(Ref("x", (2 * t + k - 2,))) == "x_{2t+k−2}"
    assert latex(Ref("x", (t + k - 1,))) == "x_{t+k-1}"
    assert str(Within(s - t + 1, "K")) == "[1 ≤ s − t + 1 ≤ K]"
    assert latex(Within(s - t + 1, "K")) == r"[1\le s-t+1\le K]"


@pytest.mark.parametrize("term", [Ref("x", (2 * t - k + 1,)), Within(t - 1, 3), Delta(t + 1, s)])
def test_they_are_read_back(term: Term) -> None:
    assert read_term(Cursor(write_term(term))) == term


@pytest.mark.parametrize("place", [[], [1], [["t:T"], 1], [["t:T", 1], 0], [["t:T", True], 1]])
def test_what_is_no_shift_is_refused(place: object) -> None:
    with pytest.raises(InputError):
        read_term(Cursor(["ref", "x", [place]]))


# Problems ----------------------------------------------------------------------------------------


def test_a_place_before_the_first_is_refused() -> None:
    with pytest.raises(InputError, match="can be less than 1"):
        convolution(t - k)
    with pytest.raises(InputError, match="can be less than 1"):
        convolution(t + k - 2)


def test_a_place_behind_the_last_is_refused() -> None:
    x, w = derive.data("x[a]"), derive.parameter("w[b]")
    a, b = derive.indices("a:4", "b:3")
    with pytest.raises(InputError, match="goes up to 5"):
        derive.problem(derive.sum(w[b] * x[b + 2], over=b), name="behind", spare=[a])


def test_a_shift_is_no_number() -> None:
    with pytest.raises(InputError, match="only stand in a subscript"):
        derive.parameter("w[k]")[k] * (t + 1)  # type: ignore[operator]


def test_sizes_are_fitted_to_the_shifts() -> None:
    problem = convolution()
    assert problem.fitted({"T": 4, "K": 3, "S": 1}) == {"T": 4, "K": 3, "S": 6}
    assert problem.fitted({"T": 4, "K": 3, "S": 9})["S"] == 9
    assert resolve_sizes(problem, {"T": 3, "K": 2})["S"] == 4
    with pytest.raises(InputError, match="the size S is 3"):
        resolve_sizes(problem, {"T": 3, "K": 2, "S": 3})


# The derivative ----------------------------------------------------------------------------------


def test_the_kernel_is_flipped(right: Derivation) -> None:
    by_kernel, by_input = (result.term for result in right.results)
    assert str(by_kernel) == "(1/T) Σₜ₌₁ᵀ (z_t − y_t) x_{t+k−1}"
    assert str(by_input) == "(1/T) Σₜ₌₁ᵀ (z_t − y_t) [1 ≤ s − t + 1 ≤ K] w_{s−t+1}"
    assert {check.status for check in right.checks} == {"passed"}


def test_the_code_is_that_of_numpy(right: Derivation) -> None:
    rng = np.random.default_rng(0)
    x, y, w = rng.normal(size=9), rng.normal(size=6), rng.normal(size=4)
    delta = (np.correlate(x, w, "valid") - y) / 6
    found = right.numpy()(x=x, y=y, w=w)
    np.testing.assert_allclose(found["w"], np.correlate(x, delta, "valid"))
    np.testing.assert_allclose(found["x"], np.convolve(delta, w, "full"))


@pytest.mark.parametrize("place", [2 * t + k - 2, t + 2 * k - 2, 2 * t + 3 * k - 4])
def test_stride_and_dilation(place: Shift) -> None:
    derivation = derive.gradient(convolution(place))
    assert {check.status for check in derivation.checks} == {"passed"}


def test_two_layers() -> None:
    l, p, u = derive.indices("l:B", "p:P", "u:U")
    x, y = derive.data("x[s]", "y[u]")
    w, v = derive.parameters("w[k]", "v[l]")
    h = derive.define("h[p]", derive.tanh(derive.sum(w[k] * x[p + k - 1], over=k)))
    z = derive.define("z[u]", derive.sum(v[l] * h[u + l - 1], over=l))
    cost = derive.mean((z[u] - y[u]) ** 2 / 2, over=u)
    derivation = derive.gradient(derive.problem(cost, name="two", spare=[s]))
    assert {check.status for check in derivation.checks} == {"passed"}


# Planted errors ----------------------------------------------------------------------------------


def changed(term: Term, kind: str) -> Term:
    """The term with one kind of error in what is shifted."""

    def place(old: object) -> object:
        if not isinstance(old, Shift):
            return old
        if kind == "wrong sign":
            return affine([(index, -count) for index, count in old.parts], old.offset)
        return old + 1

    match term:
        case Ref(name=name, indices=indices) if kind != "range off by one":
            return Ref(name, tuple(map(place, indices)))  # type: ignore[arg-type]
        case Within() if kind == "no range":
            return derive.terms.ONE
        case Within(place=old, size=size) if kind == "range off by one":
            return Within(old - 1, size)
    return map_children(term, lambda child: changed(child, kind))


ERRORS = ("wrong sign", "shifted by one", "range off by one", "no range")


@pytest.mark.parametrize("kind", ERRORS)
def test_a_planted_error_is_caught_at_its_step(right: Derivation, kind: str) -> None:
    checker = StepChecker(right.problem)
    steps = [
        step
        for lemma in right.lemmas
        for step in lemma.steps
        if step.rule == "Kronecker delta" and any(isinstance(p, Within) for p in walk(step.after))
    ]
    assert steps
    for step in steps:
        assert checker.check(step).status == "passed"
        wrong = Step(step.rule, step.reason, step.before, changed(step.after, kind))
        assert checker.check(wrong).status in ("failed", "could not run")
        assert checker.check(wrong).status != "passed"


@pytest.mark.parametrize("kind", ERRORS)
def test_a_planted_error_in_the_result_is_caught_by_sympy(right: Derivation, kind: str) -> None:
    result = right.results[1].term
    wrong = changed(result, kind)
    assert wrong != result
    statuses = {check.status for check in check_small_case(right.problem, "x", wrong)}
    assert statuses & {"failed", "could not run"}
    assert {check.status for check in check_small_case(right.problem, "x", result)} == {"passed"}
