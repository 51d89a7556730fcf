"""Each entry of the catalogue ends in the form in which it is taught, as printed: not one equal to
it. The entries with LaTeX in ``test_textbook_forms.py`` have theirs there."""

from __future__ import annotations

import pytest
from test_textbook_forms import FORMS as IN_LATEX

from derive.catalogue import NAMES
from derive.matrix import matrix_text
from derive.notation import Notation, plain_text

#: By entry and quantity: in index form, and as matrices with examples as rows; ``None`` where an
#: array has more than two axes.
FORMS: dict[str, dict[str, tuple[str, str | None]]] = {
    "lasso": {
        "w": ("(1/m) Σᵢ₌₁ᵐ (ŷ_i − y_i) x_ij + λ sign(w_j)", "(1/m) Xᵀ(ŷ − y) + λ sign(w)"),
        "b": ("(1/m) Σᵢ₌₁ᵐ (ŷ_i − y_i)", "(1/m) 𝟏ᵀ(ŷ − y)"),
    },
    "poisson_regression": {
        "w": ("(1/m) Σᵢ₌₁ᵐ (μ_i − y_i) x_ij", "(1/m) Xᵀ(μ − y)"),
        "b": ("(1/m) Σᵢ₌₁ᵐ (μ_i − y_i)", "(1/m) 𝟏ᵀ(μ − y)"),
    },
}


def test_every_entry_has_its_form():
    assert sorted([*FORMS, *dict.fromkeys(entry for entry, _ in IN_LATEX)]) == sorted(NAMES)


@pytest.mark.parametrize("name", FORMS)
def test_the_form_is_that_of_the_textbook(name, derivation_of):
    derivation = derivation_of(name)
    notation = Notation(derivation.problem)
    printed = {
        result.wrt: (
            plain_text(result.term, notation),
            matrix_text(result.rows.expression, notation) if result.rows.expression else None,
        )
        for result in derivation.results
    }
    assert printed == FORMS[name]
