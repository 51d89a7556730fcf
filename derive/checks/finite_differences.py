"""Code on arrays, against finite differences of the cost that came with it.

*What is reported must be the same on every machine*, whatever its linear algebra library does
with the last bits. So the stencil is chosen such that its own truncation error, which is the same
everywhere, is above the rounding error, which is not: with five points and a step of 1/512 the
truncation error is ``h⁴ f⁗′/30 ≈ 5·10⁻¹³ f⁗′`` and the rounding error ``ε |J|/h ≈ 10⁻¹³ |J|``. The
largest residual is then rounded up to a power of ten and never reported below ``10⁻¹⁰`` (a
quadratic cost has no truncation error at all: there only rounding is left). A wrong gradient is
off by far more than the tolerance of ``10⁻⁶``.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any

from derive.checks.residuals import round_up
from derive.derivation import Check, Status

if TYPE_CHECKING:
    import numpy as np

__all__ = ["check_code"]

#: The step: a power of two, so that x + h and x − h are exact.
STEP = 1 / 512
#: Tried where a kink may lie within that step, the smallest one far above rounding.
SMALLER_STEPS = (1 / 2**12, 1 / 2**15, 1 / 2**18, 1 / 2**21)
TOLERANCE = 1e-6
#: Below this a residual is rounding noise, and is reported as this.
FLOOR = 1e-10
NOT_FINITE = (
    "cost() is infinite or not a number at the example's values or beside them, so there is "
    'nothing to compare gradient() with; say where values lie, as in data(…, domain="positive")'
)
#: How many components of each parameter are compared.
COMPONENTS = 20


def check_code(
    cost: Callable[..., Any],
    gradient: Callable[..., Mapping[str, Any]],
    arrays: Mapping[str, Any],
    wrt: Sequence[str],
    seed: int = 0,
    ties: Mapping[str, Sequence[int | None]] | None = None,
) -> Check:
    """Compare ``gradient(**arrays)`` with central differences of ``cost(**arrays)``.

    Args:
        cost: from arrays by name to a number, or to an array.
        gradient: from the same arrays to a mapping from each name in ``wrt`` to an array of its
            shape. If the cost is an array, the axes of the cost come before those of the parameter.
        arrays: the arrays, numbers and functions that both are given. They aren't changed.
        wrt: the names of the parameters.
        seed: chooses the components that are compared, at most 20 of each parameter.
        ties: for each axis of a parameter the axis of the cost that is the same one (that of the
            examples), so that it stands once in the derivative, or ``None``. Derivatives off it
            must be zero.

    Returns:
        A check of the kind ``"code"``. ``could not run`` means that the code raised an exception.

    >>> import numpy as np
    >>> def cost(w):
    ...     return float(w @ w)
    >>> check_code(cost, lambda w: {"w": 2 * w}, {"w": np.array([1.0, 2.0])}, ["w"]).status
    'passed'
    >>> check_code(cost, lambda w: {"w": w}, {"w": np.array([1.0, 2.0])}, ["w"]).status
    'failed'
    """
    import numpy as np

    about = f"gradient() by {', '.join(wrt)}"
    running = "gradient()"
    largest, samples = 0.0, 0
    try:
        found = gradient(**arrays)
        running = "cost()"
        whole = np.asarray(cost(**arrays), dtype=float)
        size = float(np.max(np.abs(whole)))
        tied = {
            name: tuple((ties or {}).get(name, (None,) * np.ndim(arrays[name]))) for name in wrt
        }
        running = "gradient()"
        faults = (_fault(found, arrays, name, whole.shape, tied[name]) for name in wrt)
        fault = next(filter(None, faults), "")
        if fault:
            return _report(about, "failed", seed, message=fault)
        if not isfinite(size):
            return _report(about, "could not run", seed, message=NOT_FINITE)
        for name in wrt:
            rows = _compare(cost, found, arrays, name, size, seed, tied[name])
            samples += len(rows)
            for place, expected, given, residual in rows:
                if not isfinite(expected):
                    return _report(about, "could not run", seed, message=NOT_FINITE)
                if not residual <= TOLERANCE:  # not a number fails too
                    at = f"[{', '.join(map(str, place))}]" if place else ""
                    message = (
                        f"the gradient by {name}{at} (counted from 0) is {given:.9g}, but "
                        f"differences of the cost give {expected:.9g}; seed: {seed}"
                    )
                    return _report(
                        about, "failed", seed, round_up(residual, FLOOR), message, samples
                    )
                largest = max(largest, residual)
    except Exception as error:  # noqa: BLE001 - whatever the code under test raises is its outcome
        return _report(about, "could not run", seed, message=f"{running} raised {error!r}")
    return _report(about, "passed", seed, round_up(largest, FLOOR), "", samples)


def _fault(
    found: Mapping[str, Any],
    arrays: Mapping[str, Any],
    name: str,
    cost: tuple[int, ...],
    ties: Sequence[int | None],
) -> str:
    """What is wrong with the shape of the gradient by ``name``; nothing if it is right."""
    import numpy as np

    if name not in found:
        return f"gradient() returns nothing for {name}"
    given, own = np.shape(found[name]), np.shape(arrays[name])
    wanted = (*cost, *_untied(own, ties))
    if given != wanted and cost:
        return f"the derivatives by {name} are of shape {given} instead of {wanted}"
    if given != wanted:
        return f"the gradient by {name} is of shape {given}, but {name} is of shape {wanted}"
    return ""


def _compare(
    cost: Callable[..., Any],
    found: Mapping[str, Any],
    arrays: Mapping[str, Any],
    name: str,
    size: float,
    seed: int,
    ties: Sequence[int | None],
) -> list[tuple[tuple[int, ...], float, float, float]]:
    """Components with the difference quotient, the gradient and the residual at each; ``size`` is
    that of the cost."""
    import numpy as np

    values = np.array(arrays[name], dtype=float)  # a copy
    given = np.asarray(found[name], dtype=float)
    places = list(np.ndindex(values.shape))
    if len(places) > COMPONENTS:
        places = random.Random(f"components {name} {seed}").sample(places, COMPONENTS)
    rows: list[tuple[tuple[int, ...], tuple[int, ...], float, float]] = []
    for place in places:
        quotient = _quotient(cost, arrays, name, values, place)
        column = _column(given, quotient.shape, place, ties)
        rows.extend(
            (above, place, float(quotient[above]), float(column[above]))
            for above in np.ndindex(quotient.shape)
        )
    # Relative to the largest component, for the smallest may be zero; and the rounding error of
    # the cost (10⁻¹⁴ of it, or of its terms) isn't taken for a gradient where there is none.
    scale = max(1e-6 * max(1.0, size), *(abs(expected) for _, _, expected, _ in rows))
    compared = []
    for above, place, expected, mine in rows:
        residual = abs(expected - mine) / scale
        if not residual <= TOLERANCE:
            # A kink of the cost may lie within the step. The differences then come to the
            # gradient as the step shrinks; where there is none, all of them say the same.
            for step in SMALLER_STEPS:
                closer = float(_quotient(cost, arrays, name, values, place, step)[above])
                if abs(closer - mine) / scale <= TOLERANCE:
                    expected, residual = closer, abs(closer - mine) / scale
                    break
        compared.append(((*above, *place), expected, mine, residual))
    return compared


def _quotient(
    cost: Callable[..., Any],
    arrays: Mapping[str, Any],
    name: str,
    values: np.ndarray[Any, Any],
    place: tuple[int, ...],
    step: float = STEP,
) -> np.ndarray[Any, Any]:
    """The central difference of fourth order, ``[8 (J₊₁ − J₋₁) − (J₊₂ − J₋₂)] / 12h``."""
    import numpy as np

    def at(offset: int) -> np.ndarray[Any, Any]:
        moved = values.copy()
        moved[place] += offset * step
        given = {**arrays, name: moved if moved.shape else float(moved)}
        return np.asarray(cost(**given), dtype=float)

    return np.asarray((8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * step))


def _untied(places: Sequence[int], ties: Sequence[int | None]) -> tuple[int, ...]:
    return tuple(place for place, tie in zip(places, ties, strict=True) if tie is None)


def _column(
    given: np.ndarray[Any, Any],
    shape: tuple[int, ...],
    place: tuple[int, ...],
    ties: Sequence[int | None],
) -> np.ndarray[Any, Any]:
    """The derivatives of every component of the cost by the one component at ``place``."""
    import numpy as np

    found = np.zeros(shape)
    where: list[int | slice] = [slice(None)] * len(shape)
    for position, tie in zip(place, ties, strict=True):
        if tie is not None:
            where[tie] = position
    found[tuple(where)] = given[(*where, *_untied(place, ties))]
    return found


def _report(
    about: str,
    status: Status,
    seed: int,
    residual: float | None = None,
    message: str = "",
    samples: int = 0,
) -> Check:
    return Check(
        kind="code",
        about=about,
        method="central differences of fourth order of the cost it came with",
        status=status,
        residual=residual,
        tolerance=TOLERANCE,
        seed=seed,
        message=message,
        samples=samples,
    )
