"""The exported NumPy module against finite differences of the cost it came with."""

from __future__ import annotations

import inspect
from dataclasses import replace
from functools import partial

from derive.checks.finite_differences import check_code
from derive.dependency import Pattern, Scope
from derive.derivation import Check
from derive.model import Problem
from derive.numpy_code import compile_module

__all__ = ["check_module", "realistic_sizes"]


def realistic_sizes(problem: Problem) -> dict[str, int]:
    """Sizes at which code is used: 50 examples, 7 features, everything different.

    >>> from derive.catalogue import load
    >>> realistic_sizes(load("softmax_regression"))
    {'m': 50, 'n': 7, 'K': 4}
    """
    example = problem.example_index.size if problem.example_index else None
    others = iter((7, 4, 5, 6, 3, 8, 9, 10, 11, 12))
    return problem.fitted(
        {name: 50 if name == example else next(others) for name in problem.size_names}
    )


def _ties(problem: Problem, wrt: tuple[str, ...]) -> dict[str, Pattern]:
    """Which axes of each parameter are axes of the cost itself, if that is an array."""
    if not problem.cost.indices:
        return {}
    scope = Scope(problem)
    return {name: scope.ties(name) for name in wrt}


def check_module(source: str, problem: Problem, wrt: tuple[str, ...], seed: int = 0) -> Check:
    """Run the module's ``gradient`` on its own ``example`` at realistic sizes, against central
    differences of its ``cost``."""
    import numpy as np

    module = compile_module(source)
    taken = inspect.signature(module["example"]).parameters
    # A size may be the length of no array: then the code doesn't depend on it.
    sizes = {name: n for name, n in realistic_sizes(problem).items() if name in taken}
    arrays = module["example"](seed=seed, **sizes)
    cost = module["cost"]
    # What isn't a number is reported by the check, and needs no warning of NumPy's beside it.
    with np.errstate(all="ignore"):
        if "constants" in module:  # held at their values here while the differences move the rest
            cost = partial(cost, **module["constants"](**arrays))
        check = check_code(cost, module["gradient"], arrays, wrt, seed, _ties(problem, wrt))
    at = ", ".join(f"{name} = {size}" for name, size in sizes.items())
    return replace(check, about=f"{check.about} at {at}" if at else check.about)
