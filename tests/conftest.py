"""Derivations of the catalogue, each made once a run."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from derive.gradients import Derivation, gradient


@cache
def _derivation(name: str) -> Derivation:
    return gradient(name, check="report")


@pytest.fixture(scope="session")
def derivation_of() -> Callable[[str], Derivation]:
    """The derivation of a catalogue entry by each of its parameters, with its checks."""
    return _derivation
