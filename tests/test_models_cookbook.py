"""Section 2 of The Matrix Cookbook: every identity as it is printed, and in value."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from models_cookbook import IDENTITIES, REFUSED, Identity, Refused

import derive
from derive.gradients import Derivation
from derive.matrix.layout import matrix_latex, matrix_text
from derive.notation import Notation

BY_NUMBER = {identity.number: identity for identity in IDENTITIES}
SIZES = {"n": 5, "p": 3, "q": 4, "r": 2}
STEP = 1e-6


@cache
def derivation(number: str) -> Derivation:
    identity = BY_NUMBER[number]
    problem = derive.trace(
        identity.cost,
        identity.shapes,
        wrt=identity.wrt,
        domains=dict.fromkeys(identity.symmetric, "symmetric"),
        name=f"cookbook_{number}",
        title=f"The Matrix Cookbook, equation {number}",
        example=False,
    )
    return derive.gradient(problem)


def arrays(identity: Identity, seed: int = 0) -> dict[str, Any]:
    """Random arguments; square matrices are far from singular."""
    source = np.random.default_rng(seed)
    drawn: dict[str, Any] = {}
    for name, shape in identity.shapes.items():
        sizes = [int(side) if side.isdecimal() else SIZES[side] for side in shape.split(",")]
        values = source.normal(size=sizes)
        if len(sizes) == 2 and sizes[0] == sizes[1]:
            values = values / 3 + 2 * np.eye(sizes[0])
        drawn[name] = (values + values.T) / 2 if name in identity.symmetric else values
    return drawn


def differences(identity: Identity, given: dict[str, Any]) -> Any:
    """The derivative of the cost, which NumPy computes here, by central differences."""
    found = np.empty_like(given[identity.wrt])
    for place in np.ndindex(found.shape):
        values = []
        for sign in (1, -1):
            moved = given[identity.wrt].copy()
            moved[place] += sign * STEP
            values.append(float(identity.cost(**{**given, identity.wrt: moved})))
        found[place] = (values[0] - values[1]) / (2 * STEP)
    return found


def assert_close(found: Any, expected: Any) -> None:
    scale = max(1.0, float(np.abs(expected).max()))
    assert np.shape(found) == np.shape(expected)
    assert float(np.abs(found - expected).max()) < 1e-6 * scale


def test_each_equation_is_there_once() -> None:
    assert len(BY_NUMBER) == len(IDENTITIES)
    assert not set(BY_NUMBER) & {refused.number for refused in REFUSED}


@pytest.mark.parametrize("number", BY_NUMBER)
def test_the_gradient_is_printed_as_matrices(number: str) -> None:
    found = derivation(number)
    assert {check.status for check in found.checks} == {"passed"}
    form = found.results[0].rows.expression
    assert form is not None
    notation = Notation(found.problem)
    assert matrix_text(form, notation) == BY_NUMBER[number].printed
    assert matrix_latex(form, notation)


@pytest.mark.parametrize("number", BY_NUMBER)
def test_the_book_and_finite_differences_agree_with_it(number: str) -> None:
    identity = BY_NUMBER[number]
    given = arrays(identity)
    expected = differences(identity, given)
    assert_close(identity.book(**given), expected)
    assert_close(derivation(number).numpy()(**given)[identity.wrt], expected)


def test_a_wrong_right_side_is_found() -> None:
    identity = BY_NUMBER["101"]
    given = arrays(identity)
    with pytest.raises(AssertionError):
        assert_close(2 * identity.book(**given), differences(identity, given))


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused.number)
def test_what_is_not_derived_is_refused(refused: Refused) -> None:
    with pytest.raises(derive.errors.DeriveError, match=refused.refusal):
        derive.gradient(derive.trace(refused.cost, refused.shapes, wrt=refused.wrt, example=False))
