"""The catalogue: one file an entry, each nothing but definitions, roles, facts and domains."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module

from derive.errors import InputError
from derive.model import Problem

__all__ = ["NAMES", "load"]

#: The names of the entries, in teaching order; each is a module of this package.
NAMES: tuple[str, ...] = (
    "mean_loss",
    "linear_regression",
    "linear_regression_mean_square",
    "logistic_regression",
    "softmax_regression",
    "ridge_regression",
    "mlp",
    "layer",
)


def load(name: str) -> Problem:
    """The catalogue's problem of that name.

    Raises:
        InputError: there is none; the message gives the nearest names.

    >>> load("logistic_regression").title
    'Logistic regression: the gradient of the mean cross-entropy'
    """
    if name not in NAMES:
        near = get_close_matches(name, NAMES, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(NAMES)}"
        raise InputError(f"the catalogue has no {name!r}; {hint}")
    problem = import_module(f"derive.catalogue.{name}").problem
    assert isinstance(problem, Problem)
    return problem
