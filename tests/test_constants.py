"""Stages that are held constant."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import derive
from derive.exporters import json as json_exporter
from derive.gradients import check_again
from derive.numpy_code import compile_module

i, j, k, p = derive.indices("i:m", "j:n", "k:K", "p:m")


def regression():
    x, y = derive.data("x[i,j]", "y[i]")
    w, b = derive.parameters("w[j]", "b")
    z = derive.define("z[i]", derive.sum(w[j] * x[i, j], over=j) + b)
    return x, y, w, b, z


def target():
    """A target that is made of the model's own values, as in self-distillation."""
    _, y, _, _, z = regression()
    t = derive.constant("t[i]", derive.tanh(z[i]) + y[i], meaning="target of example i")
    return derive.problem(derive.mean((z[i] - t[i]) ** 2, over=i), name="target")


def coupled():
    """The scale is held, as in a batch norm whose statistics are."""
    _, y, _, _, z = regression()
    v = derive.constant("v", derive.mean(z[p] ** 2, over=p))
    c = derive.define("c[i]", z[i] / derive.sqrt(v + 1))
    return derive.problem(derive.mean((c[i] - y[i]) ** 2, over=i), name="coupled")


def chained():
    """A constant of a constant, beside a stage that isn't."""
    _, _, _, _, z = regression()
    t = derive.constant("t[i]", z[i] ** 2)
    u = derive.constant("u[i]", t[i] * z[i])
    s = derive.define("s[i]", u[i] * z[i] + t[i])
    return derive.problem(derive.mean(derive.tanh(s[i]) + z[i] ** 2, over=i), name="chained")


def weights():
    """Weights of reweighted least squares, with the parameter itself inside."""
    _, y, w, _, z = regression()
    q = derive.constant("q[j]", 1 / (1 + w[j] ** 2))
    fit = derive.mean((z[i] - y[i]) ** 2, over=i)
    return derive.problem(fit + derive.sum(q[j] * w[j] ** 2, over=j), name="weights")


def classes():
    """Responsibilities of an EM step."""
    x = derive.data("x[i]")
    mu = derive.parameters("mu[k]")
    e = derive.define("e[i,k]", derive.exp(-((x[i] - mu[k]) ** 2)))
    r = derive.constant("r[i,k]", e[i, k] / derive.sum(e[i, k], over=k))
    cost = derive.mean(derive.sum(r[i, k] * (x[i] - mu[k]) ** 2, over=k), over=i)
    return derive.problem(cost, name="classes", spare=[derive.indices("l:K")])


PROBLEMS = (target, coupled, chained, weights, classes)
every_problem = pytest.mark.parametrize("make", PROBLEMS)


@every_problem
def test_every_check_passes(make):
    derivation = derive.gradient(make())
    assert derivation.passed
    assert {check.kind for check in derivation.checks} == {
        "step",
        "chain",
        "small case",
        "matrix",
        "code",
    }
    assert all(check.status == "passed" for check in check_again(derivation, seed=5))


def test_no_derivative_goes_through_a_constant():
    assert str(derive.gradient(target(), wrt="b").result) == "(2/m) Σᵢ₌₁ᵐ (z_i − t_i)"
    expected = "(2/m) Σᵢ₌₁ᵐ r_ik (μ_k − x_i)"
    assert str(derive.gradient(classes()).result).replace("−(x_i − μ_k)", "(μ_k − x_i)") in (
        expected,
        "−(2/m) Σᵢ₌₁ᵐ r_ik (x_i − μ_k)",
    )


@every_problem
@pytest.mark.parametrize("kind", ["step", "small case", "code"])
def test_a_gradient_through_the_constant_is_found_out(make, kind):
    held = make()
    free = replace(
        held, definitions=tuple(replace(each, constant=False) for each in held.definitions)
    )
    wrong = replace(derive.gradient(free, check="none"), problem=held)
    failed = {check.kind for check in check_again(wrong) if check.status == "failed"}
    assert kind in failed


@every_problem
@pytest.mark.parametrize("kind", ["step", "small case", "code"])
def test_a_gradient_that_leaves_a_stage_out_is_found_out(make, kind):
    held = make()
    free = replace(
        held, definitions=tuple(replace(each, constant=False) for each in held.definitions)
    )
    wrong = replace(derive.gradient(held, check="none"), problem=free)
    failed = {check.kind for check in check_again(wrong) if check.status == "failed"}
    assert kind in failed


@every_problem
def test_json_there_and_back(make):
    derivation = derive.gradient(make())
    text = derivation.json()
    assert derive.from_json(text) == derivation
    data = json.loads(text)
    schema = Path(json_exporter.__file__).with_name("derivation.schema.json")
    jsonschema.validate(data, json.loads(schema.read_text(encoding="utf-8")))
    marked = {each["name"] for each in data["definitions"] if each.get("constant")}
    assert marked == {each.name for each in derivation.problem.definitions if each.constant}


def test_json_without_constants_says_nothing_of_them():
    data = json.loads(derive.gradient("linear_regression").json())
    assert all("constant" not in each for each in data["definitions"])


@pytest.mark.parametrize("medium", ["text", "latex", "html", "markdown", "notebook"])
def test_the_page_says_what_is_held(medium):
    page = getattr(derive.gradient(target()), medium)()
    assert "held constant" in page
    assert "target of example" in page


def test_the_exported_code_takes_what_is_held():
    derivation = derive.gradient(target())
    module = compile_module(derivation.python())
    arrays = module["example"](m=6, n=3)
    held = module["constants"](**arrays)
    assert set(held) == {"t"}
    assert module["cost"](**arrays) == pytest.approx(module["cost"](**arrays, **held))
    moved = module["cost"](**arrays, t=held["t"] + 1)
    assert moved != pytest.approx(module["cost"](**arrays))
    z = arrays["x"] @ arrays["w"] + arrays["b"]
    assert held["t"] == pytest.approx(np.tanh(z) + arrays["y"])
    fixed = module["gradient"](**arrays, t=np.zeros(6))["b"]
    assert fixed == pytest.approx(2 * z.mean())


@every_problem
def test_the_notebook_holds_what_is_held(make):
    """Its cells of code, run one after the other; the last one fails if they disagree."""
    cells = json.loads(derive.gradient(make()).notebook())["cells"]
    names: dict[str, object] = {"__name__": "notebook"}
    for cell in cells:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    assert "held" in names


def test_the_graph_and_the_plot_are_drawn():
    derivation = derive.gradient(target())
    assert derivation.graph("svg").startswith("<svg")
    assert derivation.scaling() is not None


def test_a_cost_that_reaches_a_parameter_through_constants_alone():
    _, _, _, _, z = regression()
    t = derive.constant("t[i]", z[i] ** 2)
    with pytest.raises(derive.InputError, match="the cost J does not depend on w"):
        derive.gradient(derive.mean(t[i], over=i), wrt="w")


def test_a_cost_is_not_constant():
    _, _, _, _, z = regression()
    with pytest.raises(derive.InputError, match="the cost J is held constant"):
        derive.problem(derive.constant("J", derive.mean(z[i], over=i)))


def test_an_escaping_index_is_refused_as_in_define():
    x = derive.data("x[i,j]")
    with pytest.raises(derive.InputError, match="the index j is used outside its sum"):
        derive.constant("t[i]", x[i, j])


def test_stop_gradient_is_the_same_word():
    assert derive.stop_gradient is derive.constant
