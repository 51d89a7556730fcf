"""Every model there is, as a module for each library, with arrays of its own example."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import derive
from derive.catalogue import NAMES
from derive.checks.code import realistic_sizes
from derive.gradients import Derivation
from derive.model import Problem
from derive.numpy_code import compile_module

MODELS = Path(__file__).parent.parent / "models"

#: Every entry of the catalogue and every model of the tests.
EVERY = [*NAMES, *sorted(path.stem for path in MODELS.glob("*.py"))]


def require_module(name: str) -> ModuleType:
    """A library that is not installed with what the tests need, for it is a gigabyte. The tests of
    it are left out without it, but not in the step of ``.ci/run`` that is there for them: it sets
    ``FRAMEWORKS``."""
    try:
        return import_module(name)
    except ImportError:
        sentence = f"{name} is not installed (pip install -e '.[frameworks]')"
        if os.environ.get("FRAMEWORKS") == "required":
            raise RuntimeError(f"{sentence}, and these tests must run here") from None
        pytest.skip(sentence, allow_module_level=True)


def problem_of(name: str) -> str | Problem:
    if name in NAMES:
        return name
    specification = spec_from_file_location(name, MODELS / f"{name}.py")
    assert specification is not None
    assert specification.loader is not None
    module = module_from_spec(specification)
    specification.loader.exec_module(module)
    assert isinstance(module.problem, Problem)
    return module.problem


@cache
def derivation(name: str) -> Derivation:
    return derive.gradient(problem_of(name), check="none")


@cache
def numpy_module(name: str) -> dict[str, Any]:
    return compile_module(derivation(name).python())


def example(name: str, seed: int = 1) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arrays of the module's example, at realistic sizes, and its functions."""
    draw = numpy_module(name)["example"]
    taken = inspect.signature(draw).parameters
    sizes = {n: size for n, size in realistic_sizes(derivation(name).problem).items() if n in taken}
    arguments = draw(seed=seed, **sizes)
    functions = {key: value for key, value in arguments.items() if callable(value)}
    return {k: v for k, v in arguments.items() if k not in functions}, functions


def numpy_gradient(name: str, seed: int = 1) -> dict[str, Any]:
    arrays, functions = example(name, seed)
    return dict(numpy_module(name)["gradient"](**arrays, **functions))


def translated(functions: dict[str, Any], tanh: Callable[[Any], Any]) -> dict[str, Any]:
    """The functions of an example with another library's ``tanh``, the only function of NumPy's
    that they have."""
    import numpy as np

    made: dict[str, Any] = {}
    for name, function in functions.items():
        if function is np.tanh:
            made[name] = tanh
            made[f"d{name}"] = lambda u: 1 - tanh(u) ** 2
    return {**functions, **made}
