"""One sweep over every entry of the catalogue: a new entry is tested with no new test."""

from __future__ import annotations

import ast
import inspect
from collections import Counter
from importlib import import_module

import pytest

from derive import catalogue
from derive.errors import InputError
from derive.exporters import json as json_exporter
from derive.gradients import check_again, gradient

every_entry = pytest.mark.parametrize("name", catalogue.NAMES)


@every_entry
def test_every_check_passes(name, derivation_of):
    checks = derivation_of(name).checks
    assert [check for check in checks if check.status != "passed"] == []


@every_entry
def test_every_kind_of_check_is_made(name, derivation_of):
    derivation = derivation_of(name)
    kinds = Counter(check.kind for check in derivation.checks)
    assert set(kinds) == {"step", "chain", "small case", "matrix", "code"}
    assert kinds["step"] >= len(derivation.steps)


@every_entry
def test_there_is_a_result_and_a_small_case_for_each_parameter(name, derivation_of):
    derivation = derivation_of(name)
    parameters = tuple(quantity.name for quantity in derivation.problem.parameters)
    assert parameters
    assert set(parameters) <= set(derivation.wrt)
    assert derivation.wrt == (derivation.problem.default_wrt or parameters)
    assert tuple(result.wrt for result in derivation.results) == derivation.wrt
    assert tuple(case.wrt.name for case in derivation.small) == derivation.wrt
    assert tuple(each.wrt for each in derivation.provenance) == derivation.wrt


@every_entry
def test_each_result_is_proved_by_a_lemma(name, derivation_of):
    derivation = derivation_of(name)
    for result in derivation.results:
        lemma = derivation.lemma(result.claim)
        assert lemma is not None
        assert lemma.result == result.term


@every_entry
def test_every_result_has_a_matrix_form_in_both_layouts(name, derivation_of):
    """Unless what it is made of has more than two axes: then there is none, and it says so."""
    derivation = derivation_of(name)
    axes = max(len(quantity.indices) for quantity in derivation.problem.quantities)
    for result in derivation.results:
        for form in (result.rows, result.columns):
            if form.expression is None:
                assert axes > 2
                assert "3 indices" in form.reason
                assert form.einsum


@every_entry
def test_the_same_input_gives_the_same_derivation(name, derivation_of):
    again = gradient(name, check="none")
    first = derivation_of(name)
    assert again.lemmas == first.lemmas
    assert again.small == first.small
    assert json_exporter.export(gradient(name, check="none")) == json_exporter.export(again)


@every_entry
def test_the_checks_pass_with_another_seed(name, derivation_of):
    checks = check_again(derivation_of(name), seed=20_231)
    assert [check for check in checks if check.status != "passed"] == []
    assert {check.seed for check in checks if check.seed is not None} == {20_231}


@every_entry
@pytest.mark.parametrize("m", [1, 4])
def test_other_sizes_of_the_small_case_pass_their_checks(name, m):
    assert gradient(name, m=m).passed


@every_entry
def test_an_entry_is_data_only(name):
    module = import_module(f"derive.catalogue.{name}")
    assert module.problem.name == name
    assert module.problem.title
    tree = ast.parse(inspect.getsource(module))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= {"derive.language", "fractions"}
    forbidden = (ast.FunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.While, ast.If, ast.Import)
    assert [node for node in ast.walk(tree) if isinstance(node, forbidden)] == []


def test_every_module_of_the_catalogue_is_listed():
    from pathlib import Path

    folder = Path(catalogue.__file__).parent
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert set(catalogue.NAMES) == modules
    assert len(catalogue.NAMES) == len(modules)


def test_each_entry_is_of_one_family():
    entries = [name for family in catalogue.FAMILIES for name in family.entries]
    assert sorted(entries) == sorted(set(catalogue.NAMES))
    assert len({family.name for family in catalogue.FAMILIES}) == len(catalogue.FAMILIES)
    for family in catalogue.FAMILIES:
        assert family.title
        assert family.about.endswith(".")
        assert all(catalogue.family_of(name) is family for name in family.entries)


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(InputError, match=r"no 'logistic_regresion'; did you mean logistic_reg"):
        catalogue.load("logistic_regresion")
