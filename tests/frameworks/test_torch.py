"""The generated code against PyTorch's own differentiation, in double precision on the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from library_modules import (
    EVERY,
    derivation,
    example,
    numpy_gradient,
    numpy_module,
    require_module,
    translated,
)

import derive
from derive.errors import Unsupported
from derive.functions import FUNCTIONS
from derive.numpy_code import compile_module
from derive.numpy_code.dialects import TORCH

torch = require_module("torch")

CLOSE = {"rtol": 1e-9, "atol": 1e-11}


class _Context:
    """What PyTorch gives to a forward pass; nothing is kept, so that autograd does the rest."""

    def save_for_backward(self, *tensors: Any) -> None:
        pass


def tensors(name: str, *, by: tuple[str, ...], seed: int = 1) -> tuple[dict[str, Any], Any]:
    arrays, functions = example(name, seed)
    made = {
        key: torch.tensor(np.asarray(array), dtype=torch.float64, requires_grad=key in by)
        for key, array in arrays.items()
    }
    return made, translated(functions, torch.tanh)


def taken(name: str, module: dict[str, Any], functions: dict[str, Any]) -> dict[str, Any]:
    """The functions that the module takes, in its order."""
    import inspect

    wanted = inspect.signature(module["cost"]).parameters
    return {key: functions[key] for key in wanted if key in functions}


def autograd(name: str) -> tuple[float, dict[str, Any]]:
    """The cost and its gradient as PyTorch differentiates the forward pass, which is written from
    the definitions; nothing of the derivation is in it."""
    found = derivation(name)
    module = compile_module(found.torch())
    arrays, functions = tensors(name, by=found.wrt)
    given = taken(name, module, functions)
    cost = module["_Cost"].forward(_Context(), *arrays.values(), *given.values())
    cost.backward()
    return cost.item(), {key: arrays[key].grad.numpy() for key in found.wrt}


@pytest.mark.parametrize("name", EVERY)
def test_the_numpy_module_has_the_gradient_that_autograd_finds(name: str) -> None:
    cost, expected = autograd(name)
    gradient = numpy_gradient(name)
    assert set(gradient) == set(expected)
    for key, value in expected.items():
        np.testing.assert_allclose(gradient[key], value, **CLOSE)
        assert np.abs(value).max() > 0
    arrays, functions = example(name)
    assert numpy_module(name)["cost"](**arrays, **functions) == pytest.approx(cost, rel=1e-11)


@pytest.mark.parametrize("name", EVERY)
def test_the_torch_module_has_the_gradient_that_autograd_finds(name: str) -> None:
    expected_cost, expected = autograd(name)
    found = derivation(name)
    module = compile_module(found.torch())
    arrays, functions = tensors(name, by=found.wrt)
    cost = module["cost"](**arrays, **taken(name, module, functions))
    assert cost.shape == ()
    assert cost.item() == expected_cost
    (3 * cost).backward()  # within a larger model
    for key, value in expected.items():
        np.testing.assert_allclose(arrays[key].grad.numpy(), 3 * value, **CLOSE)
        assert arrays[key].grad.shape == arrays[key].shape
    others = set(arrays) - set(found.wrt)
    assert all(arrays[key].grad is None for key in others)


@pytest.mark.parametrize("name", ["logistic_regression", "softmax_regression", "mlp"])
def test_gradcheck(name: str) -> None:
    found = derivation(name)
    cost = compile_module(found.torch())["cost"]
    arrays, _ = tensors(name, by=found.wrt)
    arrays = {
        key: array.detach()[:9] if array.ndim else array.detach() for key, array in arrays.items()
    }
    by = [key for key in arrays if key in found.wrt]
    assert torch.autograd.gradcheck(
        lambda *given: cost(**{**arrays, **dict(zip(by, given, strict=True))}),
        [arrays[key].detach().requires_grad_() for key in by],
    )


def by_hand(name: str, t: dict[str, Any]) -> Any:
    """The cost as PyTorch's own layers and losses have it."""
    from torch.nn import functional as F  # noqa: N812 - its usual name

    match name:
        case "linear_regression":
            return F.mse_loss(t["x"] @ t["w"] + t["b"], t["y"]) / 2
        case "logistic_regression":
            return F.binary_cross_entropy_with_logits(t["x"] @ t["w"] + t["b"], t["y"])
        case "softmax_regression":
            return F.cross_entropy(F.linear(t["x"], t["W"], t["b"]), t["y"])
        case "mlp":
            hidden = torch.tanh(F.linear(t["x"], t["W1"], t["b1"]))
            return F.binary_cross_entropy_with_logits(hidden @ t["w2"] + t["b2"], t["y"])
        case "attention":
            made = F.scaled_dot_product_attention(t["Q"][None], t["K"][None], t["V"][None])[0]
            return (made**2).sum(dim=1).mean() / 2
        case "batch_norm":
            made = F.batch_norm(
                t["x"], None, None, t["gamma"], t["beta"], training=True, eps=t["epsilon"].item()
            )
            return (made**2).sum(dim=1).mean() / 2
        case "layer_norm":
            n = t["x"].shape[1]
            made = F.layer_norm(t["x"], (n,), t["gamma"], t["beta"], eps=t["epsilon"].item())
            return (made**2).sum(dim=1).mean() / 2
        case "huber_regression":
            z = t["x"] @ t["w"] + t["b"]
            return F.huber_loss(z, t["y"], delta=t["delta"].item())
        case _:
            # InfoNCE: the cross-entropy of each example with itself as its class.
            s = t["a"] @ t["b"].T / t["tau"]
            return F.cross_entropy(s, torch.arange(len(s)))


@pytest.mark.parametrize(
    "name",
    [
        "linear_regression",
        "logistic_regression",
        "softmax_regression",
        "mlp",
        "attention",
        "batch_norm",
        "layer_norm",
        "huber_regression",
        "info_nce",
    ],
)
def test_against_the_layers_that_pytorch_has(name: str) -> None:
    found = derivation(name)
    arrays, _ = tensors(name, by=found.wrt)
    cost = by_hand(name, arrays)
    cost.backward()
    given, functions = example(name)
    if "loss" in functions:
        functions["loss"] = lambda o: (o**2).sum(axis=1) / 2
        functions["dloss"] = lambda o: o
    gradient = numpy_module(name)["gradient"](**given, **functions)
    for key in found.wrt:
        np.testing.assert_allclose(gradient[key], arrays[key].grad.numpy(), **CLOSE)


def test_what_was_not_derived_is_refused() -> None:
    found = derive.gradient("logistic_regression", wrt="w", check="none")
    cost = compile_module(found.torch())["cost"]
    arrays, _ = tensors("logistic_regression", by=("w", "b"))
    with pytest.raises(ValueError, match="the derivative by b was not derived"):
        cost(**arrays)
    with torch.no_grad():
        assert cost(**arrays).item() > 0
    arrays["b"] = arrays["b"].detach()
    with pytest.raises(RuntimeError, match="the second derivative was not derived"):
        torch.autograd.grad(cost(**arrays), arrays["w"], create_graph=True)


def test_shapes_and_types() -> None:
    cost = compile_module(derivation("logistic_regression").torch())["cost"]
    x, y = torch.ones(4, 3, dtype=torch.float32), torch.tensor([0, 1, 1, 0])
    w = torch.zeros(3, requires_grad=True)
    value = cost(x=x, y=y, w=w, b=0.0)
    assert value.dtype == torch.float32
    value.backward()
    assert w.grad.dtype == torch.float32
    with pytest.raises(ValueError, match=r"w with shape \(2,\) does not fit x with shape \(4, 3\)"):
        cost(x=x, y=y, w=torch.zeros(2), b=0.0)


@pytest.mark.parametrize("z", [-1000.0, 1000.0])
@pytest.mark.parametrize("name", ["logistic_regression", "softmax_regression", "mlp"])
def test_stable_at_a_thousand(name: str, z: float) -> None:
    found = derivation(name)
    cost = compile_module(found.torch())["cost"]
    arrays, _ = tensors(name, by=found.wrt)
    for key in arrays:
        if key.lower().startswith(("w", "b")):
            arrays[key] = (arrays[key].detach() * z).requires_grad_()
    value = cost(**arrays)
    value.backward()
    assert torch.isfinite(value)
    assert all(torch.isfinite(arrays[key].grad).all() for key in found.wrt)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_has_the_value_that_numpy_gives(name: str) -> None:
    from derive.numpy_code.dialects import NUMPY

    points = np.array([0.3, 0.9, 1.7, 4.0, 30.0])
    if FUNCTIONS[name].positive is None:
        points = np.concatenate([-points, points])
    arguments = [points, np.full_like(points, 0.7), np.full_like(points, 1.1)]
    slots = dict(zip("uvw", ("u", "v", "w"), strict=True))
    order = "2"
    if name == "polygamma":
        arguments[:2] = [2, np.abs(points)]

    def value(dialect: Any, helpers: dict[str, Any], given: list[Any]) -> Any:
        import math

        text = dialect.function(name).format(
            **slots, minus_u="(-u)", order=order, like="u", value="0.5"
        )
        scope = {**helpers, "math": math, **dict(zip("uvw", given, strict=True))}
        return eval(text, scope)

    def scope(dialect: Any, head: str) -> dict[str, Any]:
        return compile_module(head + "\n" + "\n\n".join(dialect.helpers.values()))

    ours = value(NUMPY, scope(NUMPY, "import math\nimport numpy as np"), arguments)
    given = [each if isinstance(each, int) else torch.tensor(each) for each in arguments]
    theirs = value(TORCH, scope(TORCH, "import math\nimport torch"), given)
    np.testing.assert_allclose(np.asarray(theirs), ours, rtol=1e-11, atol=1e-14)


def test_a_function_without_a_form_is_refused() -> None:
    from dataclasses import replace

    with pytest.raises(Unsupported, match="the function erf has no form in PyTorch"):
        replace(TORCH, functions={}).function("erf")
