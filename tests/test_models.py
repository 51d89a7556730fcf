"""Models whose gradient is derived and checked, but not yet in the form in which it is taught.

The files in ``models`` are costs of an author's own; nothing in the package knows of them. What
reaches its textbook form is an entry of the catalogue instead.
"""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

import derive
from derive.model import Problem

FOLDER = Path(__file__).parent / "models"

#: The gradient of each model by each of its quantities, as it is printed. The paper on the focal
#: loss has (1 − p)^γ (γ p ln p + p − 1) y x.
FORMS: dict[str, dict[str, str]] = {
    "focal_loss": {
        "w": "(1/m) Σᵢ₌₁ᵐ [γ (1 − p_i)^(γ − 1) ln p_i − (1 − p_i)^γ/p_i] p_i (1 − p_i) y_i x_ij",
        "b": "(1/m) Σᵢ₌₁ᵐ [γ (1 − p_i)^(γ − 1) ln p_i − (1 − p_i)^γ/p_i] p_i (1 − p_i) y_i",
    },
}


def problem_of(name: str) -> Problem:
    specification = spec_from_file_location(name, FOLDER / f"{name}.py")
    assert specification is not None
    assert specification.loader is not None
    module = module_from_spec(specification)
    specification.loader.exec_module(module)
    assert isinstance(module.problem, Problem)
    return module.problem


def test_every_model_has_its_form() -> None:
    assert {path.stem for path in FOLDER.glob("*.py")} == set(FORMS)


@pytest.mark.parametrize("name", FORMS)
def test_every_check_passes(name: str) -> None:
    derivation = derive.gradient(problem_of(name))
    assert {check.status for check in derivation.checks} == {"passed"}
    assert {result.wrt: str(result.term) for result in derivation.results} == FORMS[name]
    assert derive.from_json(derivation.json()) == derivation


@pytest.mark.parametrize("name", FORMS)
def test_one_example_and_another_seed(name: str) -> None:
    checks = derive.gradient(problem_of(name), check="report", seed=7, m=1).checks
    assert [check for check in checks if check.status != "passed"] == []


@pytest.mark.parametrize("name", FORMS)
def test_it_prints_in_every_form(name: str) -> None:
    derivation = derive.gradient(problem_of(name), check="none")
    assert r"\end{document}" in derivation.latex()
    assert "merror" not in derivation.html()
    for made in (derivation.text(), derivation.markdown()):
        assert "Result" in made
    compile(derivation.python(), name, "exec")
