"""Notebooks in a real kernel: each runs, and a wrong sign in its gradient makes it fail."""

from __future__ import annotations

import ast
import json
import os
import re
from dataclasses import replace
from importlib.util import find_spec

import pytest

from derive import catalogue
from derive.exporters import notebook
from derive.gradients import gradient

HOSTILE = (
    '"""\nimport os; os.environ["HIT"] = "1"\n""" \'\'\' \\ </script><script>alert(1)</script> '
    "[x](javascript:y) `c` $x$ $$y$$ | a ::: {note} # b\n%%bash\n!touch hit"
)


def require(name):
    """Skip where a package is missing, but not in continuous integration."""
    if find_spec(name) is None:
        message = f"{name} is not installed"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)


@pytest.fixture
def run_in_kernel(tmp_path, monkeypatch):
    """Run a notebook in a kernel of its own, in an empty folder; what its cells printed."""
    for name in ("nbformat", "nbclient", "ipykernel"):
        require(name)
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    folder = tmp_path / "folder"
    folder.mkdir()

    def run(source):
        made = nbformat.reads(source, as_version=4)
        client = NotebookClient(
            made, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
        )
        client.execute()
        outputs = [out for cell in made.cells for out in cell.get("outputs", ())]
        assert not [out for out in outputs if out.output_type == "error"]
        assert not [out for out in outputs if out.get("name") == "stderr"], outputs
        return "".join(out.text for out in outputs if out.output_type == "stream")

    return run


@pytest.mark.parametrize("name", catalogue.NAMES)
def test_it_runs_in_a_kernel(name, derivation_of, run_in_kernel):
    derivation = derivation_of(name)
    printed = run_in_kernel(notebook.export(derivation, detail="brief"))
    measured = re.findall(r"^(\w+): the largest difference .* is (\S+)$", printed, re.MULTILINE)
    assert [wrt for wrt, _ in measured] == list(derivation.wrt)
    assert all(float(difference) < 1e-5 for _, difference in measured)


def own_problem():
    """A problem of nobody's catalogue, whose notebook holds the code of its gradient."""
    return replace(catalogue.load("logistic_regression"), name="own")


def test_a_wrong_sign_in_the_code_fails(run_in_kernel):
    from nbclient.exceptions import CellExecutionError

    source = notebook.export(gradient(own_problem(), wrt="w"), detail="brief")
    assert run_in_kernel(source)
    wrong = source.replace("x.T @ (a - y) / m", "x.T @ (a + y) / m")
    assert wrong.count("x.T @ (a + y) / m") == 1
    with pytest.raises(CellExecutionError) as failed:
        run_in_kernel(wrong)
    assert (failed.value.ename, failed.value.evalue) == ("AssertionError", "w")


def test_a_wrong_sign_in_what_is_derived_again_fails(derivation_of, run_in_kernel):
    from nbclient.exceptions import CellExecutionError

    source = notebook.export(derivation_of("mlp"), detail="brief")
    planted = "gradient = lambda **given: {k: -v for k, v in d.numpy()(**given).items()}"
    wrong = source.replace("gradient = d.numpy()", planted)
    assert wrong != source
    with pytest.raises(CellExecutionError) as failed:
        run_in_kernel(wrong)
    assert failed.value.ename == "AssertionError"


def test_words_of_others_are_neither_markup_nor_code(run_in_kernel):
    problem = own_problem()
    problem = replace(
        problem,
        title=HOSTILE,
        summary=HOSTILE,
        quantities=tuple(replace(each, meaning=HOSTILE) for each in problem.quantities),
        definitions=tuple(replace(each, meaning=HOSTILE) for each in problem.definitions),
    )
    source = notebook.export(gradient(problem, wrt="w", check="none"), detail="brief")
    for cell in json.loads(source)["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            assert "<script" not in text
            assert "</script" not in text
            assert not re.search(r"^\s*(:::|%%|!)", text, re.MULTILINE)
        else:
            assert not re.search(r"^\s*[%!]", text, re.MULTILINE)
            for node in ast.walk(ast.parse(text)):
                assert not (isinstance(node, ast.Attribute) and node.attr == "environ")
    assert "w: the largest difference" in run_in_kernel(source)
