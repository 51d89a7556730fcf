"""Networks of any depth and any activation, made as data."""

from __future__ import annotations

from typing import Any

import pytest

import derive
from derive.command_line.main import main
from derive.language.networks import ACTIVATIONS

NUMBER_OF_LAYERS = (1, 2, 3)


def results(problem: derive.Problem) -> dict[str, str]:
    return {each.wrt: str(each.term) for each in derive.gradient(problem).results}


def test_one_hidden_layer_reaches_the_form_that_is_taught() -> None:
    assert results(derive.mlp(("n", "H", "K"))) == {
        "W1": "(1/m) Σᵢ₌₁ᵐ [Σₖ₌₁ᴷ (a⁽²⁾_ik − y_ik) W⁽²⁾_kh] [1 − (a⁽¹⁾_ih)²] x_ij",
        "b1": "(1/m) Σᵢ₌₁ᵐ [Σₖ₌₁ᴷ (a⁽²⁾_ik − y_ik) W⁽²⁾_kh] [1 − (a⁽¹⁾_ih)²]",
        "W2": "(1/m) Σᵢ₌₁ᵐ (a⁽²⁾_ik − y_ik) a⁽¹⁾_ih",
        "b2": "(1/m) Σᵢ₌₁ᵐ (a⁽²⁾_ik − y_ik)",
    }


def test_errors_of_hidden_layers_keep_their_names() -> None:
    found = derive.gradient(derive.mlp(("n", "P", "Q", 1), output="sigmoid"))
    assert {each.wrt: str(each.term) for each in found.results} == {
        "W1": "(1/m) Σᵢ₌₁ᵐ ∂L_i/∂z⁽¹⁾_{i,h_1} · x_ij",
        "b1": "(1/m) Σᵢ₌₁ᵐ ∂L_i/∂z⁽¹⁾_{i,h_1}",
        "W2": "(1/m) Σᵢ₌₁ᵐ ∂L_i/∂z⁽²⁾_{i,h_2} · a⁽¹⁾_{i,h_1}",
        "b2": "(1/m) Σᵢ₌₁ᵐ ∂L_i/∂z⁽²⁾_{i,h_2}",
        "w3": "(1/m) Σᵢ₌₁ᵐ (a⁽³⁾_i − y_i) a⁽²⁾_{i,h_2}",
        "b3": "(1/m) Σᵢ₌₁ᵐ (a⁽³⁾_i − y_i)",
    }
    passed_back = {str(lemma.claim): str(lemma.result) for lemma in found.lemmas}
    assert passed_back["∂L_i/∂z⁽¹⁾_{i,h_1}"] == (
        "(Σ_{h_2=1}^{Q} ∂L_i/∂z⁽²⁾_{i,h_2} · W⁽²⁾_{h_2,h_1}) [1 − (a⁽¹⁾_{i,h_1})²]"
    )


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_every_activation_is_derived_and_checked(activation: str) -> None:
    network = derive.mlp(
        ("n", "H", 1), activation=activation, output="identity", loss="squared_error"
    )
    assert derive.gradient(network, wrt="W1").passed


def test_any_smooth_activation() -> None:
    g = derive.function("g")
    network = derive.mlp(("n", "H", 1), activation=g, output="sigmoid")
    assert str(derive.gradient(network, wrt="b1").result) == (
        "(1/m) Σᵢ₌₁ᵐ (a⁽²⁾_i − y_i) w⁽²⁾_h g′(z⁽¹⁾_ih)"
    )


@pytest.mark.parametrize("depth", NUMBER_OF_LAYERS)
def test_numbers_as_widths(depth: int) -> None:
    network = derive.mlp((2,) * depth + (1,), output="sigmoid")
    assert len(derive.gradient(network).results) == 2 * depth


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"widths": ("n",)}, "at least an input and an output"),
        ({"widths": "nHK"}, "not a sequence"),
        ({"widths": ("n", 0)}, "at least one value"),
        ({"widths": ("n", 2.5)}, "neither the name of a size nor a number"),
        ({"activation": "softmax"}, "another activation"),
        ({"activation": "swoosh"}, "no activation 'swoosh'"),
        ({"activation": ("tanh", "relu")}, "2 activations are given for 1 hidden layers"),
        ({"loss": "hinge"}, "none of cross_entropy, squared_error"),
        ({"output": "tanh"}, "needs probabilities"),
        ({"widths": ("n", 1)}, "always 1"),
    ],
)
def test_what_cannot_be_a_network_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(derive.InputError, match=message):
        derive.mlp(**arguments)


def test_a_deep_chain_takes_steps_in_proportion_to_its_depth() -> None:
    """Each layer adds as many steps as the one before, however deep the network is."""
    steps = {}
    weights = {}
    for depth in (4, 8, 16):
        found = derive.gradient(derive.mlp(("n", *("H",) * (depth - 1), "K")), check="none")
        steps[depth] = len(found.steps)
        weights[depth] = max(len(str(result.term)) for result in found.results)
    assert steps[16] - steps[8] == 2 * (steps[8] - steps[4])
    assert weights[16] <= weights[8] + 4  # two-digit layers print one digit more


def test_a_network_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "mlp", "--depth", "3", "--activation", "relu", "--parts", "result"]) == 0
    assert "∂L_i/∂z⁽¹⁾" in capsys.readouterr().out
    assert main(["show", "layer", "--depth", "3"]) == 2
    assert "describe mlp" in capsys.readouterr().err
    assert main(["why", "mlp", "--depth", "3", "--widths", "n,K"]) == 2
    assert "give one" in capsys.readouterr().err


def test_what_is_kept_is_a_stage() -> None:
    w = derive.parameter("w")
    with pytest.raises(derive.InputError, match="kept: w is not a stage"):
        derive.problem(w**2, kept=[w])


def test_kept_stages_are_read_back_from_json() -> None:
    found = derive.gradient(derive.mlp(("n", "P", "Q", 1), output="sigmoid"), wrt="b1")
    again = derive.from_json(found.json())
    assert again.problem.kept == ("z1", "z2")
    assert again.problem == found.problem
