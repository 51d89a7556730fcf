"""The catalogue: one file an entry, each nothing but definitions, roles, facts and domains."""

from __future__ import annotations

import re
from difflib import get_close_matches
from importlib import import_module
from typing import NamedTuple

from derive.errors import InputError
from derive.model import Problem

__all__ = ["FAMILIES", "NAMES", "Family", "family_of", "load"]


class Family(NamedTuple):
    """Entries that are taught together.

    Attributes:
        name: what it is asked for by, as in ``derive list --family regression``.
        title: the head of its page.
        about: what its entries have in common, in a sentence or two.
        entries: their names, in teaching order; each is a module of this package.
    """

    name: str
    title: str
    about: str
    entries: tuple[str, ...]


#: The families, in teaching order. This is the one list of what there is.
FAMILIES: tuple[Family, ...] = (
    Family(
        "mean",
        "The mean of any loss",
        "What holds for every loss and every activation: where the 1/m of the mean stands.",
        ("mean_loss",),
    ),
    Family(
        "regression",
        "Regression",
        "A number is predicted from a weighted sum. The loss says what an error costs, and the "
        "gradient passes each example's features on, weighted by the derivative of its loss.",
        (
            "linear_regression",
            "linear_regression_mean_square",
            "ridge_regression",
            "lasso",
            "poisson_regression",
        ),
    ),
    Family(
        "classification",
        "Classification",
        "A class is predicted, by its probability or by a margin.",
        (
            "logistic_regression",
            "softmax_regression",
        ),
    ),
    Family(
        "networks",
        "Networks",
        "The derivative of the loss is carried back from stage to stage.",
        ("mlp", "layer"),
    ),
)

#: The names of the entries, in teaching order.
NAMES: tuple[str, ...] = tuple(name for family in FAMILIES for name in family.entries)


def family_of(name: str) -> Family:
    """The family of an entry.

    Raises:
        InputError: there is no such entry.

    >>> family_of("lasso").title
    'Regression'
    """
    _known(name)
    return next(family for family in FAMILIES if name in family.entries)


def load(name: str) -> Problem:
    """The catalogue's problem of that name.

    Raises:
        InputError: there is none; the message gives the nearest names.

    >>> load("logistic_regression").title
    'Logistic regression: the gradient of the mean cross-entropy'
    """
    _known(name)
    problem = import_module(f"derive.catalogue.{name}").problem
    assert isinstance(problem, Problem)
    return problem


def _known(name: str) -> None:
    """Refuse a name that is no entry's."""
    if name in NAMES:
        return
    near = _near(name)
    if near:
        *others, last = near
        hint = f"did you mean {', '.join(others)}{' or ' * bool(others)}{last}?"
    else:
        hint = f"derive list shows its {len(NAMES)} entries"
    raise InputError(f"the catalogue has no {name!r}; {hint}")


def _near(name: str) -> list[str]:
    """The names that may have been meant, the likeliest first: however it is capitalised or joined,
    a part of a name, its letters with some left out, or misspelt.

    >>> _near("Ridge"), _near("softreg"), _near("mean-los"), _near("qq")
    (['ridge_regression'], ['softmax_regression'], ['mean_loss'], [])
    """
    wanted = re.sub(r"[\W_]+", "_", name.casefold()).strip("_")
    if wanted in NAMES:
        return [wanted]
    parts = [each for each in NAMES if len(wanted) > 2 and wanted in each]
    if parts:
        return parts[:3]
    shortened = [each for each in NAMES if len(wanted) > 3 and _is_shortened(wanted, each)]
    return shortened[:3] or get_close_matches(wanted, NAMES, n=3, cutoff=0.5)


def _is_shortened(short: str, name: str) -> bool:
    """Whether the letters of the one are in the other in order, and both begin alike."""
    letters = iter(name)
    return short[0] == name[0] and all(letter in letters for letter in short)
