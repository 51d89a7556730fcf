"""The laws of the rules as boxes."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from derive.errors import InputError
from derive.rules import RULES
from derive.sphinx.laws import law_mathml, law_text

SEEN = {
    "definition": "∂f/∂u = ∂/∂u [body of f]",
    "chain rule": "∂f/∂u = Σᵥ ∂f/∂v · ∂v/∂u",
    "independence": "∂z_l/∂u_k = δ_lk · ∂z_k/∂u_k",
    "quotient rule": "(f/g)′ = (f′ g − f g′)/g²",
    "power rule": "(u^c)′ = c u^(c − 1) u′",
    "derivative of tanh": "(tanh u)′ = (1 − tanh² u) u′",
    "derivative of softplus": "softplus(u)′ = σ(u) u′",
    "sum of a constant": "Σₖ₌₁ᴷ c = K c",
    "power of a number": "c^n = c · c ⋯ c",
    "signs": "f · (−1) · g = −f g",
    "fold": "f_1 + f_2 + ⋯ + f_m = Σᵢ₌₁ᵐ f_i",
    "fact": "u = v is given",
}


@pytest.mark.parametrize("name", SEEN)
def test_a_law_as_text(name):
    assert law_text(RULES[name].law) == SEEN[name]


SIGNS = {
    "le": "≤",
    "mathbf{1}": "𝟏",
    "partial": "∂",
    "sum": "∑",
    "alpha": "α",
    "delta": "δ",
    "lambda": "λ",
    "pi": "π",
    "psi": "ψ",
    "sigma": "σ",
    "varphi": "φ",
    "Gamma": "Γ",
    "Phi": "Φ",
}


@pytest.mark.parametrize("name", RULES)
def test_every_law_can_be_written_in_every_medium(name):
    text = law_text(RULES[name].law)
    assert not re.search(r"[\\{}]", text)
    tree = ET.fromstring(law_mathml(RULES[name].law))
    assert tree.get("alttext") == text
    tags = {each.tag.rpartition("}")[2] for each in tree.iter()}
    assert "merror" not in tags
    # All signs of the law are there, none is left over; a product has invisible signs.
    shown = re.sub(r"[\s\u2061-\u2064]", "", "".join(tree.itertext()))
    source = re.sub(r"\\(frac|left|right|sqrt|text|operatorname)\b", "", RULES[name].law)
    source = re.sub(r"\\cdots|\\dots", "⋯", source).replace(r"\cdot", "·").replace("'", "′")
    for command, sign in SIGNS.items():
        source = source.replace(f"\\{command}", sign)
    source = re.sub(r"[\s{}_^\\]", "", source.replace(r"\,", "")).replace("-", "−")
    assert sorted(shown) == sorted(source)


@pytest.mark.parametrize("law", [r"\int f", r"\frac{a}{b", "a)", "a =", "", r"\frac a"])
def test_what_is_no_law_is_refused(law):
    with pytest.raises(InputError, match="cannot be read"):
        law_text(law)


def test_the_words_of_a_law_are_translated():
    words = {"body of": "rechte Seite von", "is given": "ist gegeben"}
    assert law_text(RULES["fact"].law, words.__getitem__) == "u = v ist gegeben"
    assert "rechte Seite von" in law_mathml(RULES["definition"].law, words.__getitem__)
