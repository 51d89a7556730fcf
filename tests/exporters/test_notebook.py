"""A notebook is valid, the same each time, and runs and checks itself."""

from __future__ import annotations

import json

import pytest

from derive import catalogue
from derive.errors import InputError
from derive.exporters import notebook
from derive.gradients import gradient
from derive.targets import find


def run(source):
    """Run the cells of code in one namespace, one after the other."""
    namespace = {"__name__": "__main__"}
    for cell in json.loads(source)["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), namespace)
    return namespace


@pytest.mark.parametrize("name", catalogue.NAMES)
def test_it_runs_and_checks_itself(name, derivation_of, capsys):
    source = notebook.export(derivation_of(name), detail="brief")
    assert "d" in run(source)
    printed = capsys.readouterr().out
    for wrt in derivation_of(name).wrt:
        assert f"{wrt}: the largest difference from finite differences is" in printed


def test_a_wrong_gradient_fails(derivation_of):
    source = notebook.export(derivation_of("logistic_regression"))
    wrong = source.replace(
        "gradient = d.numpy()", "gradient = lambda **given: {'b': 2 * d.numpy()(**given)['b']}"
    )
    assert wrong != source
    with pytest.raises(AssertionError, match="b"):
        run(wrong)


def test_a_problem_of_a_file(tmp_path, capsys):
    file = tmp_path / "it's mine.py"
    file.write_text(
        "from derive import catalogue\nfrom beside import name\nP = catalogue.load(name)\n"
    )
    (tmp_path / "beside.py").write_text("name = 'ridge_regression'\n")
    derivation = gradient(find(f"{file}:P"), wrt="w")
    run(notebook.export(derivation, target=f"{file}:P"))
    assert "w: the largest difference" in capsys.readouterr().out


def test_a_problem_of_nowhere_brings_its_module(capsys):
    from dataclasses import replace

    problem = replace(catalogue.load("logistic_regression"), name="own")
    source = notebook.export(gradient(problem, wrt="w"))
    assert "import derive" not in source
    run(source)
    assert "w: the largest difference" in capsys.readouterr().out


@pytest.mark.parametrize("target", ["nothing", "a.py:", "a.py:x; y", ":x"])
def test_a_target_that_cannot_be(target, derivation_of):
    with pytest.raises(InputError, match=r"form path/to/file\.py:name"):
        notebook.export(derivation_of("mean_loss"), target=target)


@pytest.mark.parametrize("name", catalogue.NAMES)
def test_the_format_is_the_one_of_jupyter(name, derivation_of):
    source = notebook.export(derivation_of(name))
    parsed = json.loads(source)
    ids = [cell["id"] for cell in parsed["cells"]]
    assert len(set(ids)) == len(ids)
    assert all(each.replace("-", "").isalnum() and len(each) <= 64 for each in ids)
    assert source == notebook.export(derivation_of(name))
    nbformat = pytest.importorskip("nbformat", reason="the validator of notebooks")
    nbformat.validate(nbformat.reads(source, as_version=4))
