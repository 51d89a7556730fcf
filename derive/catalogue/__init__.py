"""The catalogue: one file an entry, each nothing but definitions, roles, facts and domains."""

from __future__ import annotations

import re
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
        near = _near(name)
        if near:
            *others, last = near
            hint = f"did you mean {', '.join(others)}{' or ' * bool(others)}{last}?"
        else:
            hint = f"there are {', '.join(NAMES)}"
        raise InputError(f"the catalogue has no {name!r}; {hint}")
    problem = import_module(f"derive.catalogue.{name}").problem
    assert isinstance(problem, Problem)
    return problem


def _near(name: str) -> list[str]:
    """The names that may have been meant, the likeliest first: however it is capitalised or joined,
    a part of a name, its letters with some left out, or misspelt.

    >>> _near("Ridge"), _near("logreg"), _near("mean-los"), _near("qq")
    (['ridge_regression'], ['logistic_regression'], ['mean_loss'], [])
    """
    wanted = re.sub(r"[\W_]+", "_", name.casefold()).strip("_")
    if wanted in NAMES:
        return [wanted]
    parts = [each for each in NAMES if len(wanted) > 2 and wanted in each]
    if parts:
        return parts[:3]
    close = get_close_matches(wanted, NAMES, n=3, cutoff=0.5)
    if close or len(wanted) < 4:
        return close
    return [each for each in NAMES if _is_shortened(wanted, each)][:3]


def _is_shortened(short: str, name: str) -> bool:
    """Whether the letters of the one are in the other in order, and both begin alike."""
    letters = iter(name)
    return short[0] == name[0] and all(letter in letters for letter in short)
