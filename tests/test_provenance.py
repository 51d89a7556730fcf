"""Where each factor of a result came from, the two meanings of dZ, and the refuted slip."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import cache

import pytest

import derive
from derive.catalogue import NAMES, load
from derive.checks.steps import check_lemmas
from derive.derivation import Lemma, Provenance
from derive.evaluation import Evaluator
from derive.gradients import Derivation
from derive.provenance import mean_factor
from derive.terms import Number, Origin, Power, Size, Sum, Term, key, walk


@cache
def derivation(name: str) -> Derivation:
    return derive.gradient(name, check="none")


def sources(name: str, wrt: str) -> dict[str, str]:
    found = next(each for each in derivation(name).provenance if each.wrt == wrt)
    return {str(source.factor): str(source.sentence) for source in found.sources}


def meetings(name: str) -> list[str]:
    return [str(each.sentence) for found in derivation(name).provenance for each in found.meetings]


@pytest.mark.parametrize("name", NAMES)
def test_the_mean_is_found_in_every_result(name: str) -> None:
    """1/m has one source: the definition of the cost."""
    found = derivation(name)
    assert mean_factor(found.problem) == Origin("definition", "J", "1/m")
    for provenance in found.provenance:
        sentence = next(
            str(source.sentence) for source in provenance.sources if is_mean(source.factor)
        )
        assert sentence.startswith("1/m stands in the definition of J")
        assert "factor out" not in sentence


def is_mean(term: Term) -> bool:
    return isinstance(term, Power) and term.base == Size("m")


@pytest.mark.parametrize("name", NAMES)
def test_the_mean_is_the_same_factor_from_the_first_line_to_the_last(name: str) -> None:
    """The leaf that prints as 1/m in the result carries the origin it had in the definition."""
    found = derivation(name)
    for result in found.results:
        means = [part for part in walk(result.term) if is_mean(part)]
        assert means
        for mean in means:
            assert isinstance(mean, Power)
            assert isinstance(mean.base, Size)
            assert Origin("definition", "J", "1/m") in mean.base.origin


@pytest.mark.parametrize("name", NAMES)
def test_every_factor_has_a_source_once(name: str) -> None:
    found = derivation(name)
    claims = {key(lemma.claim) for lemma in found.lemmas}
    for provenance in found.provenance:
        factors = [key(source.factor) for source in provenance.sources]
        assert len(set(factors)) == len(factors)
        for source in provenance.sources:
            assert str(source.sentence)
            assert source.lemma is None or key(source.lemma) in claims


def test_the_factors_of_logistic_regression() -> None:
    found = sources("logistic_regression", "w")
    assert list(found) == ["1/m", "Σᵢ₌₁ᵐ (a_i − y_i) x_ij", "a_i − y_i", "x_ij"]
    assert found["a_i − y_i"] == "a_i − y_i is brought by ∂L_i/∂z_i = a_i − y_i"
    assert found["x_ij"] == "x_ij is brought by ∂z_i/∂w_j = x_ij"
    assert "the sum over i stands in the definition of J" in found["Σᵢ₌₁ᵐ (a_i − y_i) x_ij"]


def test_the_half_meets_the_two() -> None:
    expected = "the 1/2 of the definition of J meets the 2 of the power rule: 1/2 · 2 = 1"
    assert set(meetings("linear_regression")) == {expected}
    assert expected in meetings("ridge_regression")


def test_without_the_half_the_two_stays_and_says_where_it_is_from() -> None:
    found = sources("linear_regression_mean_square", "w")
    assert "power rule" in found["2"]
    assert meetings("linear_regression_mean_square") == []


def test_the_penalty_is_traced() -> None:
    found = sources("ridge_regression", "w")
    assert found["λ"].startswith("λ stands in the definition of J")
    assert "λ" not in sources("ridge_regression", "b")


def test_the_factors_of_a_network_come_from_its_lemmas() -> None:
    found = sources("mlp", "W1")
    assert "is brought by" in found["x_ij"]
    assert "∂z⁽¹⁾_ih/∂W⁽¹⁾_hj" in found["x_ij"]


def test_a_cost_that_is_no_mean_has_no_mean_to_follow() -> None:
    i = derive.indices("i:m")
    x, w = derive.data("x[i]"), derive.parameters("w")
    problem = derive.problem(derive.sum((w * x[i]) ** 2, over=i))
    assert mean_factor(problem) is None
    found = derive.gradient(problem, check="none")
    assert isinstance(found.provenance[0], Provenance)
    assert not any(is_mean(source.factor) for source in found.provenance[0].sources)
    assert mean_factor(derive.problem(w**2)) is None


def test_numbers_carry_the_rule_that_made_them() -> None:
    result = derivation("linear_regression_mean_square").results[0].term
    (two,) = (
        part for part in walk(result) if isinstance(part, Number) and part.value == Fraction(2)
    )
    assert [origin.name for origin in two.origin if origin.kind == "rule"] == ["power rule"]


# Both meanings of dZ -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_both_meanings_are_proved_equal(name: str) -> None:
    found = derivation(name)
    # What belongs to one example has no sum over them that could be closed.
    summed = [
        wrt
        for wrt in found.wrt
        if found.problem.example_index not in found.problem.quantity(wrt).indices
    ]
    assert [each.wrt for each in found.meanings] == summed
    for each in found.meanings:
        assert str(each.of_cost.result) == f"{mean_of(name)} · {each.per_example}"
        assert each.equality[0].before == each.without_factor
        assert key(each.equality[-1].after) == key(each.with_factor)
        assert each.per_example in list(walk(each.with_factor))
        equality = Lemma(0, each.of_cost.claim, each.of_cost.result, each.equality)
        checks = check_lemmas([each.of_cost, equality], found.problem)
        assert {check.status for check in checks} == {"passed"}


def mean_of(name: str) -> str:
    return "(1/(2m))" if name in ("linear_regression", "ridge_regression") else "(1/m)"


@pytest.mark.parametrize(
    "name",
    [
        "mean_loss",
        "linear_regression",
        "linear_regression_mean_square",
        "logistic_regression",
        "softmax_regression",
        "ridge_regression",
        "layer",
    ],
)
def test_the_sum_closed_too_early_is_refuted_with_numbers_that_are_computed(name: str) -> None:
    found = derivation(name)
    slip = found.meanings[0].slip
    assert slip is not None
    assert dict(slip.sizes)["m"] == 2
    assert len(slip.slipped) == 2
    assert all(value != slip.right for value in slip.slipped)
    assert slip.wrong != found.meanings[0].with_factor
    assert any(isinstance(part, Sum) for part in walk(slip.wrong))
    if found.problem.functions:
        assert "for instance with" in slip.assumption
        return
    # The same once more, from the printed numbers alone.
    values: dict[str, dict[tuple[int, ...], Decimal]] = {}
    for component, value in slip.values:
        places = tuple(place for place in component.indices if isinstance(place, int))
        values.setdefault(component.name, {})[places] = exact(value)
    evaluator = Evaluator(found.problem, dict(slip.sizes), values)
    own = dict.fromkeys(found.results[0].claim.by.running, 1)
    right = evaluator.value(found.meanings[0].with_factor, own)
    assert abs(Fraction(right) - slip.right) < Fraction(1, 10**12)
    example = found.problem.example_index
    assert example is not None
    for number, value in enumerate(slip.slipped, start=1):
        slipped = evaluator.value(slip.wrong, {**own, example: number})
        assert abs(Fraction(slipped) - value) < Fraction(1, 10**12)


def exact(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / value.denominator


def test_a_bias_has_nothing_to_be_pulled_out() -> None:
    for name in ("logistic_regression", "linear_regression"):
        assert derivation(name).meanings[1].wrt == "b"
        assert derivation(name).meanings[1].slip is None


def test_a_problem_without_examples_has_one_meaning() -> None:
    j = derive.indices("j:n")
    w = derive.parameters("w[j]")
    assert derive.gradient(derive.sum(w[j] ** 2, over=j), check="none").meanings == ()
    assert load("mean_loss").example_index is not None
