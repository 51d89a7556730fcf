"""Each matrix form, compared with its index form on numbers, with all sizes different."""

from __future__ import annotations

import decimal
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from derive.checks.points import Points
from derive.derivation import Check, Status
from derive.errors import InputError
from derive.evaluation import DIGITS, EvaluationError, Evaluator, span
from derive.matrix.evaluate import ShapeError, Surroundings, evaluate_matrix
from derive.matrix.expression import Matrix, Slice
from derive.matrix.form import MatrixForm
from derive.matrix.layout import matrix_text
from derive.model import Problem
from derive.notation import Notation
from derive.sampling import distinct_sizes
from derive.terms import Apply, Index, IndexLike, Number, Term, substitute

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["check_matrix"]

#: Derivatives by differences leave 33 of 50 digits; see :mod:`derive.checks.steps`.
TOLERANCE = Decimal("1e-20")


@dataclass(frozen=True)
class _Outcome:
    """Makes the check once its outcome is known."""

    about: str
    method: str
    seed: int

    def __call__(
        self, status: Status, residual: Decimal | None = None, message: str = "", samples: int = 0
    ) -> Check:
        return Check(
            kind="matrix",
            about=self.about,
            method=self.method,
            status=status,
            residual=None if residual is None else float(residual),
            tolerance=float(TOLERANCE),
            seed=self.seed,
            message=message,
            samples=samples,
        )


def check_matrix(
    form: MatrixForm,
    term: Term,
    problem: Problem,
    sizes: Mapping[str, int] | None = None,
    seed: int = 0,
    drawn: Points | None = None,
) -> Check:
    """Compare a matrix form, evaluated exactly as printed, with the term in index form.

    Args:
        form: the matrix form.
        term: the term in index form; its free indices are those of ``form.target``.
        problem: whose quantities they are about.
        sizes: a number for each size symbol; small and all different unless given, so that a
            missing transpose cannot fit.
        seed: of the random point.
        drawn: the points of the problem and the seed, if other checks use them too.

    Returns:
        A check of the kind ``"matrix"``. It has failed if a value differs or if shapes do not
        fit. ``could not run`` means that there is no matrix form or no value at the point.

    >>> from derive.catalogue import load
    >>> from derive.matrix import vectorise
    >>> problem = load("softmax_regression")
    >>> z = problem.definition("z")
    >>> check_matrix(vectorise(z.body, problem, "rows", z.indices), z.body, problem).status
    'passed'
    """
    sizes = dict(distinct_sizes(problem) if sizes is None else sizes)
    about = f"{_name(form, problem)}, {form.layout} layout"
    method = "the matrix formula as printed against the index form, " + ", ".join(
        f"{name} = {size}" for name, size in sizes.items()
    )

    outcome = _Outcome(about, method, seed)
    if form.expression is None:
        return outcome("could not run", message=f"there is no matrix form: {form.reason}")
    try:
        (point,) = (drawn or Points(problem, seed)).at(sizes, 1)
        blocks = [
            (_table(substitute(term, places), form.rows, form.columns, point), around)
            for places in _held_places(form, point)
            for around in (_surroundings(form, point, places),)
        ]
    except (EvaluationError, InputError) as error:
        return outcome("could not run", message=f"{about}: {error}")
    checks = [
        _check_block(form.expression, expected, surroundings, about, seed, outcome)
        for expected, surroundings in blocks
    ]
    worst = next((check for check in checks if check.status != "passed"), None)
    if worst is not None:
        return worst
    largest = max(checks, key=lambda check: check.residual or 0.0)
    return replace(largest, samples=sum(check.samples for check in checks))


def _held_places(form: MatrixForm, point: Evaluator) -> list[dict[Index, IndexLike]]:
    """Every place of the indices that are held fixed; one, without any, where there are none."""
    ranges = (span(index, point.sizes) for index in form.held)
    return [dict(zip(form.held, places, strict=True)) for places in itertools.product(*ranges)]


def _check_block(
    expression: Matrix,
    expected: NDArray[np.object_],
    surroundings: Surroundings,
    about: str,
    seed: int,
    outcome: _Outcome,
) -> Check:
    try:
        with decimal.localcontext(decimal.Context(prec=DIGITS)):
            found = evaluate_matrix(expression, surroundings)
    except KeyError as error:
        return outcome("failed", message=f"{about}: {error} is not among its arrays (seed {seed})")
    except ShapeError as error:
        return outcome("failed", message=f"{about}: {error} (seed {seed})")
    except (EvaluationError, decimal.DecimalException) as error:
        return outcome("could not run", message=f"{about}: {error}")
    if found.shape != expected.shape:
        shapes = f"{found.shape[0]}×{found.shape[1]} instead of {expected.shape[0]}×"
        return outcome("failed", message=f"{about}: the result is {shapes}{expected.shape[1]}")
    return _compared(found, expected, about, seed, outcome)


def _name(form: MatrixForm, problem: Problem) -> str:
    if form.expression is None:
        return str(form.term)
    return matrix_text(form.expression, Notation(problem))


def _table(
    term: Term, rows: Index | None, columns: Index | None, point: Evaluator
) -> NDArray[np.object_]:
    """The values of ``term`` as a two-dimensional array of Decimals."""
    import numpy as np

    indices = tuple(index for index in (rows, columns) if index is not None)
    values = point.table(term, indices)
    down = max((key[0] for key in values), default=1) if rows is not None else 1
    along = max((key[-1] for key in values), default=1) if columns is not None else 1
    array = np.empty((down, along), dtype=object)
    for key, value in values.items():
        row = key[0] - 1 if rows is not None else 0
        column = key[-1] - 1 if columns is not None else 0
        array[row, column] = value
    return array


def _surroundings(
    form: MatrixForm, point: Evaluator, places: dict[Index, IndexLike]
) -> Surroundings:
    def scalar(term: Term) -> Decimal:
        return point.value(substitute(term, places))

    applied: dict[tuple[str, tuple[int, ...], tuple[Decimal, ...]], Decimal] = {}

    def function(name: str, orders: tuple[int, ...], at: tuple[Decimal, ...]) -> Decimal:
        known = applied.get((name, orders, at))
        if known is None:
            numbers = tuple(Number(Fraction(value)) for value in at)
            known = applied[name, orders, at] = point.value(Apply(name, numbers, orders))
        return known

    arrays = {
        stored.array: _table(
            # The letters of a whole array are its own, even where one of them is held elsewhere.
            substitute(stored.term, places) if isinstance(stored.array, Slice) else stored.term,
            stored.rows,
            stored.columns,
            point,
        )
        for stored in form.arrays
    }
    return Surroundings(point.sizes, arrays, scalar, function)


def _compared(
    found: NDArray[np.object_],
    expected: NDArray[np.object_],
    about: str,
    seed: int,
    outcome: _Outcome,
) -> Check:
    import numpy as np

    largest = Decimal(0)
    for place, value in zip(np.ndindex(*expected.shape), expected.ravel(), strict=True):
        other = found[place]
        residual = abs(value - other) / max(Decimal(1), abs(value), abs(other))
        if residual > TOLERANCE:
            message = (
                f"{about}: at row {place[0] + 1}, column {place[1] + 1} the matrix formula gives "
                f"{other:.12g} and the index form {value:.12g} (seed {seed})"
            )
            return outcome("failed", residual, message)
        largest = max(largest, residual)
    return outcome("passed", largest, samples=expected.size)
