"""Chains of every length: the proof from layer to layer, and errors planted in it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

import derive
from derive.catalogue.chains import NAMES, load
from derive.command_line.main import main
from derive.derivation import Detail, Lemma
from derive.errors import InputError
from derive.induction import Induction, compare, prove
from derive.recursion import Formula, Recursion, instance
from derive.terms import (
    Apply,
    Derivative,
    Index,
    Ref,
    Term,
    free_indices,
    key,
    map_children,
    substitute,
)


@cache
def proved(name: str) -> Induction:
    return prove(load(name))


def test_the_recursion_of_a_deep_network() -> None:
    formulas = proved("deep_network").formulas
    found = {(each.where, each.claim.by.name): str(each.result) for each in formulas}
    assert found == {
        ("before", "z"): "(Σₚ₌₁ᴾ ∂L_i/∂z_next,ip · W_next,pk) g′(z_ik)",
        ("before", "W"): "(1/m) Σᵢ₌₁ᵐ ∂L_i/∂z_ik · a_previous,ij",
        ("before", "b"): "(1/m) Σᵢ₌₁ᵐ ∂L_i/∂z_ik",
        ("last", "z_last"): "∂L_i/∂a_last,ik · g_last′(z_last,ik)",
        ("last", "W_last"): "(1/m) Σᵢ₌₁ᵐ ∂L_i/∂z_last,ik · a_previous_last,ij",
        ("last", "b_last"): "(1/m) Σᵢ₌₁ᵐ ∂L_i/∂z_last,ik",
    }


@pytest.mark.parametrize("name", NAMES)
def test_every_formula_holds_in_every_layer_of_whole_chains(name: str) -> None:
    network = proved(name)
    assert network.passed
    assert network.base.passed
    assert network.step.passed
    assert {check.kind for check in network.checks} == {"recursion"}
    assert all(check.samples > 0 for check in network.checks)


def test_each_layer_is_compared() -> None:
    about = [check.about for check in proved("deep_network").checks]
    # Three formulas in each layer of chains of 1, 2 and 3 layers.
    assert len(about) == len(set(about)) == 3 * (1 + 2 + 3)


def test_the_whole_chain_has_the_same_gradients_by_the_ordinary_way() -> None:
    """The unrolled chain is derived as any other cost is, which knows nothing of layers: what is
    found there is, term by term, what the recursion says of each layer."""
    network = proved("deep_network")
    chain = replace(load("deep_network").unrolled(3), kept=("z_1", "z_2", "z_3"))
    found = derive.gradient(chain, check="none")
    ordinary = {each.claim.by.name: each.result for each in found.lemmas if is_about_loss(each)}
    gradients = {each.wrt: each.term for each in found.results}
    for layer in (1, 2):
        error = instance(network.recursion, network.formula("before", "z"), layer, 3)
        weights = instance(network.recursion, network.formula("before", "W"), layer, 3)
        assert error is not None
        assert weights is not None
        assert letters_aside(error.after) == letters_aside(ordinary[f"z_{layer}"])
        assert letters_aside(weights.after) == letters_aside(gradients[f"W_{layer}"])


def is_about_loss(lemma: Lemma) -> bool:
    claim = lemma.claim
    return isinstance(claim, Derivative) and isinstance(claim.of, Ref) and claim.of.name == "L"


def letters_aside(term: Term) -> object:
    """What is written, whatever the letters of the indices: their sizes stand for them."""
    values = {each: Index(f"of_{each.size}", each.size) for each in free_indices(term)}
    return key(substitute(term, values))


# Planted errors ----------------------------------------------------------------------------------


def changed(formula: Formula, change: dict[str, str]) -> Formula:
    """The formula with other names in its result."""

    def visit(term: Term) -> Term:
        inner = map_children(term, visit)
        if isinstance(inner, Ref) and inner.name in change:
            return replace(inner, name=change[inner.name])
        return inner

    return replace(formula, result=visit(formula.result))


def square() -> Recursion:
    """A deep network whose layers all have the same width, in which wrong weights fit as well."""
    from derive.language import data, define, family, function, indices, mean, parameter

    i, j, k = indices("i:m", "j:n", "k:n")
    incoming, y = data("a_previous[i,j]"), data("y[i,k]")
    w, b, g = parameter("W[k,j]"), parameter("b[k]"), function("g")
    loss = function("loss", arguments=2)
    z = define("z[i,k]", derive.sum(w[k, j] * incoming[i, j], over=j) + b[k])
    a = define("a[i,k]", g(z[i, k]))
    each = define("L[i]", loss(family(a[i, k], over=k), family(y[i, k], over=k)))
    problem = derive.problem(mean(each[i], over=i), name="square", spare=indices("s:n", "r:n"))
    return Recursion(problem, incoming="a_previous", outgoing="a", error="z")


@cache
def square_proof() -> Induction:
    return prove(square(), lengths=(2,))


def outcomes(formula: Formula) -> set[str]:
    return {check.status for check in compare(square(), [formula], 3)}


def test_the_right_formula_passes() -> None:
    assert outcomes(square_proof().formula("before", "z")) == {"passed"}


def transposed(term: Term) -> Term:
    inner = map_children(term, transposed)
    if isinstance(inner, Ref) and inner.name == "W_next":
        return replace(inner, indices=inner.indices[::-1])
    return inner


def test_the_weights_of_the_wrong_layer_are_caught() -> None:
    right = square_proof().formula("before", "z")
    assert outcomes(changed(right, {"W_next": "W"})) == {"failed"}


def test_a_missing_transpose_is_caught() -> None:
    right = square_proof().formula("before", "z")
    assert outcomes(replace(right, result=transposed(right.result))) == {"failed"}


def test_the_slope_of_the_activation_at_the_wrong_layer_is_caught() -> None:
    right = square_proof().formula("before", "z")

    def visit(term: Term) -> Term:
        if isinstance(term, Apply):
            inside = term.arguments[0]
            assert isinstance(inside, Ref)
            inner = Ref("z_next", inside.indices)
            return replace(term, arguments=(inner,))
        return map_children(term, visit)

    assert outcomes(replace(right, result=visit(right.result))) == {"failed"}


def test_the_activations_of_the_wrong_layer_are_caught() -> None:
    right = square_proof().formula("before", "W")
    assert outcomes(changed(right, {"a_previous": "a"})) == {"failed"}


def test_a_gradient_of_shared_weights_that_forgets_a_step_is_caught() -> None:
    network = proved("recurrent_network")
    right = [each for each in network.formulas if each.claim.by.name in ("W", "W_last")]
    recursion = network.recursion
    assert {check.status for check in compare(recursion, right, 3)} == {"passed"}
    last = [each for each in right if each.where == "last"]
    assert {check.status for check in compare(recursion, last, 3)} == {"failed"}


# What is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"incoming": "W"}, "what comes in is data"),
        ({"outgoing": "y"}, "y is not a stage"),
        ({"outgoing": "z", "error": "a"}, "z does not rest on a"),
        ({"incoming": "y", "error": "z"}, "z does not rest on y"),
    ],
)
def test_what_is_no_chain_is_refused(change: dict[str, str], message: str) -> None:
    names = {"incoming": "a_previous", "outgoing": "a", "error": "z", **change}
    with pytest.raises(derive.InputError, match=message):
        Recursion(load("deep_network").layer, names["incoming"], names["outgoing"], names["error"])


def test_there_is_no_chain_without_layers() -> None:
    with pytest.raises(derive.InputError, match="at least one layer"):
        load("deep_network").unrolled(0)


def test_widths_of_an_unrolled_chain_differ() -> None:
    chain = load("deep_network").unrolled(3)
    assert chain.size_names == ("m", "n_0", "n_1", "n_2", "n_3")
    assert chain.quantity("W_2").shape == ("n_2", "n_1")
    assert Index("k2", "n_2") in chain.indices


# The page ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("detail", ["brief", "normal", "full"])
def test_the_page_in_every_medium(name: str, detail: Detail) -> None:
    network = proved(name)
    page = network.text(detail=detail, width=80)
    assert max(map(len, page.splitlines())) <= 80
    assert "for every " + network.recursion.last in " ".join(page.split())
    assert page == prove(load(name)).text(detail=detail, width=80)
    assert "_last" not in page
    assert "_next" not in page
    assert network.latex(detail=detail).count(r"\begin{document}") == 1
    assert network.html(detail=detail).startswith("<!DOCTYPE html>")


def test_the_recursion_as_it_is_printed() -> None:
    page = proved("deep_network").text()
    assert "∂ℒ_i/∂z⁽ˡ⁾_ik = (Σₚ₌₁ᴾ ∂ℒ_i/∂z⁽ˡ⁺¹⁾_ip · W⁽ˡ⁺¹⁾_pk) g⁽ˡ⁾′(z⁽ˡ⁾_ik)" in page
    assert "W⁽ˡ⁺¹⁾ᵀdZ⁽ˡ⁺¹⁾" in page


def test_shared_weights_are_summed_over_the_steps() -> None:
    assert "∂J/∂W_kj = Σₜ₌₁ᵀ ∂J/∂W⁽ᵗ⁾_kj" in proved("recurrent_network").text()


def test_a_chain_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "deep_network", "--layout", "columns"]) == 0
    assert "By induction from L down to 1" in capsys.readouterr().out
    assert main(["show", "deep_network", "--depth", "3"]) == 2
    assert "proved for every length" in capsys.readouterr().err


# Chains that the step would not hold for ----------------------------------------------------------


def _layer(*, skips: bool = False, penalised: bool = False) -> derive.Problem:
    i, j, k = derive.indices("i:m", "j:n", "k:n")
    before, y = derive.data("a_before[i,j]"), derive.data("y[i,k]")
    weights = derive.parameter("W[k,j]")
    z = derive.define("z[i,k]", derive.sum(weights[k, j] * before[i, j], over=j))
    through = derive.tanh(z[i, k])
    a = derive.define("a[i,k]", through + before[i, k] if skips else through)
    loss = derive.define("L[i]", derive.sum((a[i, k] - y[i, k]) ** 2, over=k))
    cost = derive.mean(loss[i], over=i)
    if penalised:
        cost = cost + derive.sum(derive.sum(weights[k, j] ** 2, over=j), over=k)
    return derive.problem(cost, spare=derive.indices("r:n", "s:n"))


def test_a_way_past_the_error_is_refused() -> None:
    with pytest.raises(InputError, match="a rests on a_before past z"):
        Recursion(_layer(skips=True), "a_before", "a", "z")


def test_a_penalty_is_refused() -> None:
    with pytest.raises(InputError, match="uses W of a layer directly"):
        prove(Recursion(_layer(penalised=True), "a_before", "a", "z"))


@pytest.mark.parametrize("lengths", [(), (1,)])
def test_the_step_has_to_be_compared(lengths: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="two layers or more"):
        prove(Recursion(_layer(), "a_before", "a", "z"), lengths=lengths)


def test_without_checks_nothing_has_passed() -> None:
    assert not prove(Recursion(_layer(), "a_before", "a", "z"), check="none").passed
