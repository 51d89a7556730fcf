"""What was wrong once, and is not any more."""

from __future__ import annotations

import pytest

import derive
from derive.derivation import Check
from derive.gradients import Derivation, check_again
from derive.terms import ONE, Number, add


def failing(derivation: Derivation) -> list[Check]:
    return [check for check in check_again(derivation) if check.status != "passed"]


def test_the_meanings_of_a_penalised_cost_are_the_whole_gradient() -> None:
    """The penalty was left out of the two meanings and of the counterexample to the slip."""
    found = derive.gradient("ridge_regression", wrt="w")
    (meaning,) = found.meanings
    assert "λ w_j" in str(meaning.with_factor)
    assert "w_j" in str(meaning.without_factor)
    assert meaning.slip is not None
    values = {str(what): float(value) for what, value in meaning.slip.values}
    gradient = found.numpy()(
        x=[[values["x_11"]], [values["x_21"]]],
        y=[values["y_1"], values["y_2"]],
        w=[values["w_1"]],
        b=values["b"],
        lambda_=values["λ"],
    )
    assert float(gradient["w"][0]) == float(meaning.slip.right)


def test_a_meaning_that_is_not_the_whole_gradient_is_caught() -> None:
    from dataclasses import replace

    found = derive.gradient("ridge_regression", wrt="w")
    (meaning,) = found.meanings
    wrong = replace(meaning, with_factor=add(meaning.with_factor, ONE))
    broken = replace(found, meanings=(wrong,))
    assert any("two meanings" in check.message for check in failing(broken))


def test_a_loss_without_a_name_has_no_second_meaning() -> None:
    """What multiplies ∂o_i/∂z_i in the cost was counted twice."""
    i, j = derive.indices("i:m", "j:n")
    x, y, w = derive.data("x[i,j]"), derive.data("y[i]"), derive.parameters("w[j]")
    z = derive.define("z[i]", derive.sum(w[j] * x[i, j], over=j))
    o = derive.define("o[i]", z[i] * derive.sigmoid(z[i]))
    found = derive.gradient(derive.mean((o[i] - y[i]) ** 2, over=i))
    assert found.passed
    assert found.meanings == ()


def test_a_number_is_not_taken_for_the_base_of_a_power() -> None:
    """The −1 in the third place of a product was taken for the 3 of 1/3, at n = 3."""
    j, k = derive.indices("j:n", "k:n")
    v = derive.parameter("v[j]")
    cost = -(derive.mean(v[j], over=j) / (1 + derive.sum(v[k], over=k) ** 2))
    assert derive.gradient(cost, n=3).passed


def test_two_ties_to_one_index_come_to_an_end() -> None:
    """∂u_k/∂W_ab, where u_k is made of W_kk, went back and forth between a and b."""
    j, _, i = derive.indices("j:n", "k:n", "i:m")
    W, x = derive.parameter("W[j,k]"), derive.data("x[i,j]")
    u = derive.define("u[j]", W[j, j] ** 2)
    cost = derive.mean(derive.sum(u[j] * x[i, j], over=j), over=i)
    # The diagonal is taken by einsum.
    assert derive.gradient(cost, wrt=W).passed
    from derive.backpropagation import Prover
    from derive.dependency import Scope

    problem = derive.problem(cost)
    result = Prover(Scope(problem)).gradient(problem.quantity("W").ref).result
    assert str(result) == "(2/m) Σᵢ₌₁ᵐ x_ij δ_jk W_jj"


@pytest.mark.parametrize("part", ["explicit", "folded"])
def test_a_changed_written_out_form_is_caught(part: str) -> None:
    from dataclasses import replace

    found = derive.gradient("linear_regression", wrt="b")
    (case,) = found.small
    broken = replace(found, small=(replace(case, **{part: Number(ONE.value)}),))
    assert any(check.kind == "chain" for check in failing(broken))


def test_a_changed_matrix_form_of_a_result_is_caught() -> None:
    from dataclasses import replace

    found = derive.gradient("logistic_regression", wrt="w")
    (result,) = found.results
    wrong = replace(result, rows=replace(result.rows, expression=result.columns.expression))
    broken = replace(found, results=(wrong,))
    assert any(check.kind == "matrix" for check in failing(broken))


def test_a_changed_result_is_caught() -> None:
    from dataclasses import replace

    found = derive.gradient("logistic_regression", wrt="w")
    (result,) = found.results
    broken = replace(found, results=(replace(result, term=add(result.term, ONE)),))
    assert {check.kind for check in failing(broken)} >= {"chain", "small case", "code"}
