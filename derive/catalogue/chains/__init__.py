"""Chains of alike layers: one file a chain, each the description of its last layer."""

from __future__ import annotations

from importlib import import_module

from derive.errors import InputError
from derive.recursion import Recursion

__all__ = ["NAMES", "load"]

#: The names of the chains, each a module of this package.
NAMES: tuple[str, ...] = ("deep_network", "recurrent_network")


def load(name: str) -> Recursion:
    """The chain of that name.

    Raises:
        InputError: there is none.

    >>> load("deep_network").parameters
    ('W', 'b')
    """
    if name not in NAMES:
        raise InputError(f"there is no chain {name!r}; there are {', '.join(NAMES)}")
    recursion = import_module(f"derive.catalogue.chains.{name}").recursion
    assert isinstance(recursion, Recursion)
    return recursion
