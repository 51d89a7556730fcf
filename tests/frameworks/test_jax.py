"""The generated code against JAX's own differentiation, in double precision on the CPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from library_modules import (
    EVERY,
    derivation,
    example,
    numpy_gradient,
    require_module,
    translated,
)

import derive
from derive.numpy_code import compile_module

jax = require_module("jax")
jnp = jax.numpy

CLOSE = {"rtol": 1e-9, "atol": 1e-11}


@pytest.fixture(autouse=True)
def _double_precision() -> Any:
    with jax.enable_x64(True):
        yield


def arrays_of(name: str, module: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    import inspect

    arrays, functions = example(name)
    functions = translated(functions, jnp.tanh)
    wanted = inspect.signature(module["cost"]).parameters
    return (
        {key: jnp.asarray(array, dtype=float) for key, array in arrays.items()},
        {key: functions[key] for key in wanted if key in functions},
    )


@pytest.mark.parametrize("name", EVERY)
def test_the_module_has_the_gradient_that_jax_finds(name: str) -> None:
    found = derivation(name)
    module = compile_module(found.jax())
    arrays, functions = arrays_of(name, module)
    wanted = {key: arrays[key] for key in found.wrt}
    others = {key: array for key, array in arrays.items() if key not in found.wrt}

    def own(parameters: dict[str, Any]) -> Any:
        """JAX's derivative of the first pass, which is written from the definitions."""
        given = {**parameters, **others}
        return module["_forward"](*(given[key] for key in arrays), *functions.values())[0]

    def ours(parameters: dict[str, Any]) -> Any:
        return module["cost"](**parameters, **others, **functions)

    value, gradient = jax.jit(jax.value_and_grad(ours))(wanted)
    expected_value, expected = jax.value_and_grad(own)(wanted)
    assert value == pytest.approx(float(expected_value), rel=1e-11)
    with_numpy = numpy_gradient(name)
    for key in found.wrt:
        assert gradient[key].shape == arrays[key].shape
        np.testing.assert_allclose(gradient[key], expected[key], **CLOSE)
        np.testing.assert_allclose(gradient[key], with_numpy[key], **CLOSE)


def test_what_was_not_derived_is_refused() -> None:
    found = derive.gradient("logistic_regression", wrt="w", check="none")
    module = compile_module(found.jax())
    arrays, _ = arrays_of("logistic_regression", module)

    def cost(**parameters: Any) -> Any:
        return module["cost"](**{**arrays, **parameters})

    assert jax.grad(lambda w: cost(w=w))(arrays["w"]).shape == arrays["w"].shape
    with pytest.raises(ValueError, match="the derivative by b was not derived"):
        jax.grad(lambda b: cost(b=b))(arrays["b"])


def test_second_derivatives_and_single_precision() -> None:
    """The second pass is differentiated by JAX itself: the Hessian is right."""
    module = compile_module(derivation("logistic_regression").jax())
    arrays, _ = arrays_of("logistic_regression", module)

    def ours(w: Any) -> Any:
        return module["cost"](**{**arrays, "w": w})

    def own(w: Any) -> Any:
        given = {**arrays, "w": w}
        return module["_forward"](*given.values())[0]

    hessian = jax.jacrev(jax.grad(ours))(arrays["w"])
    np.testing.assert_allclose(hessian, jax.hessian(own)(arrays["w"]), **CLOSE)
    single = {key: array.astype(jnp.float32) for key, array in arrays.items()}
    gradient = jax.grad(lambda w: module["cost"](**{**single, "w": w}))(single["w"])
    assert gradient.dtype == jnp.float32


@pytest.mark.parametrize("z", [-1000.0, 1000.0])
@pytest.mark.parametrize("name", ["logistic_regression", "softmax_regression", "mlp"])
def test_stable_at_a_thousand(name: str, z: float) -> None:
    found = derivation(name)
    module = compile_module(found.jax())
    arrays, _ = arrays_of(name, module)
    scaled = {key: z * arrays[key] for key in found.wrt}
    value, gradient = jax.value_and_grad(lambda given: module["cost"](**{**arrays, **given}))(
        scaled
    )
    assert jnp.isfinite(value)
    assert all(jnp.isfinite(each).all() for each in gradient.values())
