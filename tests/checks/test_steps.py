"""Steps that are right pass; every kind of planted error is caught, and the report says what."""

from __future__ import annotations

import ast
import itertools
from fractions import Fraction
from pathlib import Path

import pytest

import derive.checks
from derive.catalogue import load
from derive.checks.steps import StepChecker, check_chain, check_lemmas, check_step, require
from derive.derivation import Lemma, Prose, Step
from derive.errors import CheckFailed
from derive.model import Definition, Fact, Problem, Quantity
from derive.terms import (
    ONE,
    ZERO,
    Apply,
    Delta,
    Derivative,
    Index,
    Number,
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

i, p, j, q = Index("i", "m"), Index("p", "m"), Index("j", "n"), Index("q", "n")
k, l, h = Index("k", "K"), Index("l", "K"), Index("h", "H")
MEAN = reciprocal(Size("m"))


def number(value: int) -> Number:
    return Number(Fraction(value))


def step(before: Term, after: Term, rule: str = "the rule") -> Step:
    return Step(rule, Prose(("for a reason",)), before, after)


def a(index: Index | int = i) -> Ref:
    return Ref("a", (index,))


def y(index: Index | int = i) -> Ref:
    return Ref("y", (index,))


def z(index: Index | int = i) -> Ref:
    return Ref("z", (index,))


def x(row: Index | int = i, column: Index | int = j) -> Ref:
    return Ref("x", (row, column))


def w(index: Index | int = j) -> Ref:
    return Ref("w", (index,))


def loss(index: Index | int = i) -> Ref:
    return Ref("L", (index,))


def minus(left: Term, right: Term) -> Term:
    return add(left, negate(right))


BY_W = Derivative(Ref("J"), w())
ERROR = minus(a(), y())
GRADIENT = multiply(MEAN, Sum(i, multiply(ERROR, x())))
CHAIN = Sum(i, multiply(Derivative(Ref("J"), z()), Derivative(z(), w())))
SLOPE = multiply(a(), minus(ONE, a()))
CROSS = add(
    negate(multiply(y(), reciprocal(a()))),
    multiply(minus(ONE, y()), reciprocal(minus(ONE, a()))),
)

RIGHT = {
    "constant factor": (
        Derivative(multiply(MEAN, Sum(i, loss())), w()),
        multiply(MEAN, Derivative(Sum(i, loss()), w())),
    ),
    "sum rule": (Derivative(Sum(i, loss()), w()), Sum(i, Derivative(loss(), w()))),
    "chain rule": (BY_W, CHAIN),
    "through the loss": (
        Derivative(Ref("J"), z()),
        multiply(Derivative(Ref("J"), loss()), Derivative(loss(), a()), Derivative(a(), z())),
    ),
    "delta": (Derivative(w(), w(q)), Delta(j, q)),
    "delta of examples": (Derivative(loss(), z(p)), multiply(Delta(i, p), ERROR)),
    "sum over a delta": (Sum(q, multiply(Delta(j, q), x(i, q))), x()),
    "derivative of σ": (Derivative(a(), z()), SLOPE),
    "derivative of the loss": (Derivative(loss(), a()), CROSS),
    "cancel": (multiply(CROSS, SLOPE), ERROR),
    "constant": (Derivative(x(), w(q)), ZERO),
    "itself": (Derivative(z(), z()), ONE),
    "the whole": (BY_W, GRADIENT),
    "one component": (
        Derivative(Ref("J"), w(1)),
        multiply(MEAN, Sum(i, multiply(ERROR, x(i, 1)))),
    ),
}

WRONG = {
    "dropped constant": (
        Derivative(multiply(MEAN, Sum(i, loss())), w()),
        Derivative(Sum(i, loss()), w()),
    ),
    "forgotten delta": (Derivative(w(), w(q)), ONE),
    "forgotten delta of examples": (Derivative(loss(), z(p)), ERROR),
    "missing chain factor": (BY_W, Sum(i, Derivative(Ref("J"), z()))),
    "missing slope": (
        Derivative(Ref("J"), z()),
        multiply(Derivative(Ref("J"), loss()), Derivative(loss(), a())),
    ),
    "wrong σ′": (Derivative(a(), z()), multiply(a(), add(ONE, a()))),
    "wrong σ′, tanh's": (Derivative(a(), z()), minus(ONE, power(a(), 2))),
    "lost sign": (
        Derivative(loss(), a()),
        add(multiply(y(), reciprocal(a())), multiply(minus(ONE, y()), reciprocal(minus(ONE, a())))),
    ),
    "missing 1/m": (BY_W, Sum(i, multiply(ERROR, x()))),
    "doubled 1/m": (BY_W, multiply(MEAN, GRADIENT)),
    "1/n for 1/m": (BY_W, multiply(reciprocal(Size("n")), Sum(i, multiply(ERROR, x())))),
    "sum closed too early": (
        BY_W,
        multiply(MEAN, Sum(i, ERROR), Sum(i, x())),
    ),
    "forgotten label": (multiply(CROSS, SLOPE), a()),
    "exchanged indices": (Sum(p, multiply(a(p), x(p, j))), Sum(p, multiply(a(p), x(p, 1)))),
}

LOGISTIC = load("logistic_regression")


@pytest.fixture(scope="module")
def checker() -> StepChecker:
    return StepChecker(LOGISTIC)


@pytest.mark.parametrize("name", RIGHT)
def test_a_true_step_passes(checker: StepChecker, name: str) -> None:
    check = checker.check(step(*RIGHT[name]), BY_W)
    assert check.status == "passed", check.message
    assert check.residual is not None
    assert check.residual < 1e-25
    assert check.samples >= 2


@pytest.mark.parametrize("name", WRONG)
def test_a_planted_error_is_caught_and_described(checker: StepChecker, name: str) -> None:
    before, after = WRONG[name]
    check = checker.check(step(before, after, rule=name), BY_W)
    assert check.status == "failed"
    assert check.residual is not None
    assert check.residual > 1e-6
    for part in (name, str(before), str(after), str(BY_W), "m = 3", "n = 4", "seed:   0"):
        assert part in check.message
    assert "values:" in check.message
    assert "before = " in check.message
    assert name in check.about
    assert check.kind == "step"


SIZES = {"m": 3, "n": 2}
EXPLICIT = multiply(
    reciprocal(number(3)), add(*(multiply(minus(a(r), y(r)), x(r, 1)) for r in (1, 2, 3)))
)
FOLDED = multiply(
    reciprocal(number(3)),
    Sum(Index("i", 3), multiply(minus(a(Index("i", 3)), y(Index("i", 3))), x(Index("i", 3), 1))),
)


@pytest.mark.parametrize(
    ("after", "status"),
    [
        (FOLDED, "passed"),
        (
            multiply(
                reciprocal(number(3)),
                Sum(
                    Index("i", 2),
                    multiply(minus(a(Index("i", 2)), y(Index("i", 2))), x(Index("i", 2), 1)),
                ),
            ),
            "failed",
        ),
        (
            multiply(
                reciprocal(number(3)),
                Sum(Index("i", 3), multiply(minus(a(Index("i", 3)), y(1)), x(Index("i", 3), 1))),
            ),
            "failed",
        ),
        (
            multiply(
                reciprocal(number(3)),
                Sum(
                    Index("i", 3),
                    multiply(minus(a(Index("i", 3)), y(Index("i", 3))), x(Index("i", 3), 2)),
                ),
            ),
            "failed",
        ),
    ],
)
def test_folding_explicit_terms(after: Term, status: str) -> None:
    assert check_step(step(EXPLICIT, after), LOGISTIC, SIZES).status == status


def test_labels_do_not_hide_an_error_in_a_concrete_component() -> None:
    # With y₁ = 1 both sides would agree: labels are drawn from between 0 and 1.
    before = Derivative(loss(1), a(1))
    after = negate(multiply(y(1), reciprocal(a(1))))
    for seed in range(5):
        assert check_step(step(before, after), LOGISTIC, SIZES, seed).status == "failed"


def test_a_free_index_out_of_nowhere_is_caught(checker: StepChecker) -> None:
    check = checker.check(step(multiply(a(), x()), multiply(a(), x(p))))
    assert check.status == "failed"
    assert "free index p" in check.message


def test_a_free_index_may_go_where_nothing_depends_on_it(checker: StepChecker) -> None:
    assert checker.check(step(add(minus(a(), a()), loss(p)), loss(p))).status == "passed"
    assert checker.check(step(a(), a(1))).status == "failed"


def test_softmax_needs_its_fact() -> None:
    softmax = load("softmax_regression")
    labels = Ref("y", (i, l))
    before = multiply(Ref("p", (i, k)), Sum(l, labels))
    use_fact = step(before, Ref("p", (i, k)), "Σ_k y_ik = 1")
    assert check_step(use_fact, softmax).status == "passed"
    assert check_step(use_fact, softmax.without_facts()).status == "failed"
    claim = Derivative(Ref("L", (i,)), Ref("z", (i, k)))
    result = minus(Ref("p", (i, k)), Ref("y", (i, k)))
    kept = minus(multiply(Ref("p", (i, k)), Sum(l, labels)), Ref("y", (i, k)))
    assert check_step(step(claim, result), softmax).status == "passed"
    assert check_step(step(claim, result), softmax.without_facts()).status == "failed"
    assert check_step(step(claim, kept), softmax.without_facts()).status == "passed"


def test_softmax_derivative_and_its_forgotten_delta() -> None:
    softmax = load("softmax_regression")
    own, other = Ref("p", (i, k)), Ref("p", (i, l))
    claim = Derivative(own, Ref("z", (i, l)))
    assert check_step(step(claim, multiply(own, minus(Delta(k, l), other))), softmax).status == (
        "passed"
    )
    assert check_step(step(claim, multiply(own, minus(ONE, other))), softmax).status == "failed"


def test_abstract_functions() -> None:
    mean_loss = load("mean_loss")
    slope = Apply("g", (z(),), (1,))
    assert check_step(step(Derivative(a(), z()), slope), mean_loss).status == "passed"
    assert check_step(step(Derivative(a(), z()), Apply("g", (z(),))), mean_loss).status == "failed"
    first = Apply("L", (a(), y()), (1, 0))
    second = Apply("L", (a(), y()), (0, 1))
    assert check_step(step(Derivative(loss(), a()), first), mean_loss).status == "passed"
    assert check_step(step(Derivative(loss(), a()), second), mean_loss).status == "failed"
    total = multiply(first, slope)
    assert check_step(step(Derivative(loss(), z()), total), mean_loss).status == "passed"


def test_what_could_not_run_is_reported_as_that() -> None:
    impossible = step(reciprocal(minus(a(), a())), ONE)
    check = check_step(impossible, LOGISTIC)
    assert check.status == "could not run"
    assert check.residual is None
    assert "a_i" in check.message
    with pytest.raises(CheckFailed, match="the rule"):
        require([check])


def test_data_that_cannot_obey_a_fact_could_not_run() -> None:
    r = Quantity("r", (), "data", "r", "r", "r", "r")
    square = Fact(power(Ref("r"), 2), number(-1), "impossible")
    problem = Problem("p", "P", (), (r,), (), facts=(square,))
    check = check_step(step(Ref("r"), Ref("r")), problem)
    assert check.status == "could not run"
    assert "fact" in check.message


def test_a_cost_without_values_could_not_run() -> None:
    r = Quantity("r", (), "data", "r", "r", "r", "r")
    f = Quantity("f", (), "definition", "f", "f", "f", "f")
    body = Apply("ln", (negate(power(Ref("r"), 2)),))
    problem = Problem("p", "P", (), (r, f), (Definition("f", (), body),))
    assert check_step(step(Ref("r"), Ref("r")), problem).status == "could not run"


def lemma(*terms: Term, claim: Derivative | None = None, result: Term | None = None) -> Lemma:
    steps = tuple(step(left, right) for left, right in itertools.pairwise(terms))
    first = claim or terms[0]
    assert isinstance(first, Derivative)
    return Lemma(1, first, result or terms[-1], steps)


def test_lemmas_are_checked_step_by_step() -> None:
    good = lemma(BY_W, CHAIN, GRADIENT)
    bad = lemma(BY_W, CHAIN, multiply(MEAN, GRADIENT))
    checks = check_lemmas([good, bad], LOGISTIC)
    assert [check.status for check in checks] == ["passed", "passed", "passed", "failed"]
    require(checks[:3])
    with pytest.raises(CheckFailed) as caught:
        require(checks)
    assert str(caught.value) == checks[3].message


def test_checks_are_the_same_every_time() -> None:
    good = lemma(BY_W, CHAIN, GRADIENT)
    assert check_lemmas([good], LOGISTIC) == check_lemmas([good], LOGISTIC)
    assert check_lemmas([good], LOGISTIC, seed=1) != check_lemmas([good], LOGISTIC)


def test_the_chain_has_no_gaps() -> None:
    renamed = Sum(p, multiply(Derivative(Ref("J"), z(p)), Derivative(z(p), w())))
    assert check_chain(lemma(BY_W, CHAIN, GRADIENT)).status == "passed"
    assert check_chain(lemma(BY_W, CHAIN, GRADIENT, result=GRADIENT)).status == "passed"
    steps = (step(BY_W, renamed), step(CHAIN, GRADIENT))
    assert check_chain(Lemma(1, BY_W, GRADIENT, steps)).status == "passed"


@pytest.mark.parametrize(
    "broken",
    [
        Lemma(1, BY_W, GRADIENT, (step(BY_W, CHAIN), step(GRADIENT, GRADIENT))),
        Lemma(1, BY_W, GRADIENT, (step(BY_W, CHAIN),)),
        Lemma(1, BY_W, GRADIENT, (step(CHAIN, GRADIENT),)),
        Lemma(1, BY_W, GRADIENT, ()),
    ],
)
def test_a_gap_is_found(broken: Lemma) -> None:
    check = check_chain(broken)
    assert check.status == "failed"
    assert "gap" in check.message


def test_checks_do_not_import_what_they_check() -> None:
    folder = Path(derive.checks.__file__).parent
    files = [*folder.glob("*.py"), folder.parent / "evaluation.py", folder.parent / "sampling.py"]
    forbidden = ("derive.rules", "derive.backpropagation", "derive.small_case")
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = (
                [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else []
            )
            for name in names:
                assert not name.startswith(forbidden), (file.name, name)
