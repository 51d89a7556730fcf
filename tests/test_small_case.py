"""The written-out case: every term explicit, folded back from the terms themselves."""

from __future__ import annotations

import random

import pytest

import derive
from derive.catalogue import NAMES, load
from derive.checks.oracle import check_small_case
from derive.dependency import unrolled, write_out
from derive.errors import InputError
from derive.rules.folding import common_term
from derive.small_case import LARGEST, resolve_sizes, small_case
from derive.terms import (
    Index,
    Ref,
    Sum,
    Term,
    add,
    bound_indices,
    contains,
    key,
    substitute,
    terms_of,
    walk,
)

m_3 = {"m": 3, "n": 2}


# Sizes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("logistic_regression", {}, {"m": 3, "n": 2}),
        ("logistic_regression", {"m": 1}, {"m": 1, "n": 2}),
        ("softmax_regression", {}, {"m": 3, "n": 2, "K": 3}),
        ("softmax_regression", {"K": 2, "m": 5}, {"m": 5, "n": 2, "K": 2}),
        ("mlp", {"H": 3}, {"m": 3, "n": 2, "H": 3}),
    ],
)
def test_sizes(name: str, given: dict[str, int], expected: dict[str, int]) -> None:
    assert resolve_sizes(load(name), given) == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"K": 2}, "has no size 'K'; its sizes are m, n"),
        ({"m": 0}, "the size m must be at least 1, not 0"),
        ({"n": -3}, "the size n must be at least 1, not -3"),
        ({"m": 1.5}, "must be a whole number, not 1.5"),
        ({"m": True}, "must be a whole number, not True"),
        ({"m": "3"}, "must be a whole number, not '3'"),
        (
            {"m": 10**6},
            f"too large to write out: .* the limit is {LARGEST}; the general derivation",
        ),
    ],
)
def test_sizes_that_are_refused(given: dict[str, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        resolve_sizes(load("logistic_regression"), given)


# Explicit and folded -----------------------------------------------------------------------------


def examples(term: Term, problem_name: str) -> set[int]:
    """The numbers of the examples that the term speaks of."""
    problem = load(problem_name)
    example = problem.example_index
    return {
        place
        for ref in walk(term)
        if isinstance(ref, Ref)
        for place, own in zip(ref.indices, problem.quantity(ref.name).indices, strict=True)
        if own == example and isinstance(place, int)
    }


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("m", [1, 2, 4])
def test_explicit_terms_and_their_sum(name: str, m: int) -> None:
    found = derive.gradient(name, check="none", m=m)
    for case in found.small:
        assert not contains(case.explicit, Sum)
        # Written out again the folded form is the explicit one.
        assert key(write_out(case.folded, {})) == key(case.explicit)
        over_examples = [each for each in sums(case.folded) if each.index.name == "i"]
        if found.problem.example_index in found.problem.quantity(case.wrt.name).indices:
            # What belongs to one example isn't summed over them: ∂J/∂a_11.
            assert over_examples == []
            assert examples(case.explicit, name) == {1}
            continue
        assert examples(case.explicit, name) == set(range(1, m + 1))
        if m == 1:
            assert over_examples == []
        else:
            (summed,) = over_examples
            assert summed.index == Index("i", m)


def sums(term: Term) -> list[Sum]:
    return [part for part in walk(term) if isinstance(part, Sum)]


#: The general result of the others has definitions put back into it.
NOT_WRITTEN_OUT = [name for name in NAMES if not load(name).written_out]


@pytest.mark.parametrize("name", NOT_WRITTEN_OUT)
def test_the_folded_form_is_the_general_result_at_that_component(name: str) -> None:
    """Found by recognising the common term, it is what the general derivation says."""
    problem = load(name)
    found = derive.gradient(name, check="none")
    for case, result in zip(found.small, found.results, strict=True):
        component = dict.fromkeys(problem.quantity(result.wrt).indices, 1)
        general = write_out(substitute(result.term, component), dict(found.sizes))
        assert key(general) == key(write_out(case.folded, {}))


@pytest.mark.parametrize("name", ["logistic_regression", "ridge_regression", "softmax_regression"])
@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_sympy_agrees_with_what_was_written_out(name: str, m: int) -> None:
    found = derive.gradient(name, check="none", m=m)
    result = found.results[0]
    (check,) = check_small_case(found.problem, result.wrt, result.term, counts=[m])
    assert check.status == "passed"


def test_the_example_of_the_documentation() -> None:
    case = small_case(load("logistic_regression"), "w", m_3)
    assert str(case.explicit) == ("(1/3) [(a_1 − y_1) x_11 + (a_2 − y_2) x_21 + (a_3 − y_3) x_31]")
    assert str(case.folded) == "(1/3) Σᵢ₌₁³ (a_i − y_i) x_i1"
    assert case.wrt == Ref("w", (1,))
    assert dict(case.sizes) == m_3
    assert case.lemmas[-1].result == case.folded
    assert case.lemmas[-1].steps[-1].rule == "fold"


def test_the_cost_is_differentiated_step_by_step() -> None:
    case = small_case(load("logistic_regression"), "w", m_3)
    rules = {step.rule for lemma in case.lemmas for step in lemma.steps}
    assert {
        "constant factor",
        "sum rule",
        "chain rule",
        "derivative of σ",
        "lemma",
        "fold",
    } <= rules


def test_a_case_of_any_size_folds() -> None:
    case = small_case(load("linear_regression"), "w", {"m": 40, "n": 2})
    assert str(case.folded) == "(1/40) Σᵢ₌₁⁴⁰ (ŷ_i − y_i) x_i1"


def test_the_sums_of_a_problem_are_written_out() -> None:
    scope = unrolled(load("softmax_regression"), {"m": 3, "n": 2, "K": 2})
    assert scope.written_out
    bodies = {d.name: str(d.body) for d in scope.problem.definitions}
    assert bodies["z"] == "W_k1 x_i1 + W_k2 x_i2 + b_k"
    assert bodies["J"] == "(1/3) (L_1 + L_2 + L_3)"
    assert str(scope.problem.facts[0].left) == "y_i1 + y_i2"
    assert not any(contains(d.body, Sum) for d in scope.problem.definitions)


def test_sums_of_differences_keep_their_parentheses() -> None:
    i = derive.indices("i:m")
    a, y = derive.data("a[i]", "y[i]")
    scope = unrolled(derive.problem(derive.sum(a[i] - y[i], over=i)), {"m": 2})
    assert str(scope.problem.cost.body) == "(a_1 − y_1) + (a_2 − y_2)"


# Recognising the common term ---------------------------------------------------------------------

PROBLEM = load("softmax_regression")
SIZES = {"m": 3, "n": 2, "K": 2}


def fold(*terms: Term, taken: tuple[Index, ...] = ()) -> Term | None:
    return common_term(list(terms), PROBLEM, SIZES, taken)


def x(n: int, at: int = 1) -> Term:
    return Ref("x", (n, at))


def test_terms_that_differ_in_one_running_number_are_a_sum() -> None:
    assert str(fold(x(1), x(2), x(3))) == "Σᵢ₌₁³ x_i1"
    assert str(fold(x(2), x(3), x(1))) == "Σᵢ₌₁³ x_i1"
    assert str(fold(x(1, 1), x(1, 2))) == "Σⱼ₌₁² x_1j"
    assert str(fold(*(add(x(n), Ref("p", (n, 1))) for n in (1, 2, 3)))) == "Σᵢ₌₁³ (x_i1 + p_i1)"


@pytest.mark.parametrize(
    "terms",
    [
        (x(1),),
        (x(1), x(2)),  # not all of them
        (x(1), x(2), x(2)),
        (x(1, 1), x(2, 2), x(3, 1)),  # two numbers differ, not in step
        (x(1), x(2), Ref("p", (3, 1))),
        (Ref("W", (1, 1)), Ref("W", (2, 2))),  # a class is no feature, though K = n
        (x(1, 1), x(2, 2)),
    ],
    ids=str,
)
def test_terms_that_are_no_sum(terms: tuple[Term, ...]) -> None:
    assert fold(*terms) is None


def test_the_letter_is_the_arrays_and_not_one_in_use() -> None:
    i = Index("i", "m")
    assert str(fold(x(1), x(2), x(3), taken=(i,))) == "Σ_{i'=1}^{3} x_{i',1}"
    spare = next(index for index in PROBLEM.indices if index.size == "n" and index.name != "j")
    found = fold(x(1, 1), x(1, 2), taken=(Index("j", "n"),))
    assert found is not None
    assert bound_indices(found)[0].name == spare.name


def test_folding_reads_the_terms_and_not_the_definition() -> None:
    """A cost without any Σ in it folds as well."""
    i = derive.indices("i:m")
    a = derive.data("a[i]")
    problem = derive.problem(derive.sum(a[i], over=i))
    source = random.Random(3)
    terms: list[Term] = [Ref("a", (n,)) for n in range(1, 6)]
    source.shuffle(terms)
    assert str(common_term(terms, problem, {"m": 5})) == "Σᵢ₌₁⁵ a_i"
    assert len(terms_of(add(*terms))) == 5
