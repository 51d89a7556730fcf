"""Second derivatives do not depend on the order in which they are taken."""

from __future__ import annotations

from decimal import Decimal

from derive.checks.points import Points
from derive.dependency import Scope
from derive.derivation import Check, Status
from derive.errors import InputError
from derive.evaluation import EvaluationError
from derive.model import Problem
from derive.sampling import distinct_sizes
from derive.terms import Index, IndexLike, Term, substitute

__all__ = ["check_symmetry"]

#: Derivatives of abstract functions are taken by differences, which leave 33 of 50 digits.
TOLERANCE = Decimal("1e-20")


def check_symmetry(hessian: Term, problem: Problem, drawn: Points) -> Check:
    """Whether ``∂g_j/∂w_s`` is the same with ``j`` and ``s`` exchanged, as the Hessian of a
    function with continuous second derivatives is (Schwarz's theorem).

    Args:
        hessian: the second derivative in index form.
        problem: whose cost is the gradient that was differentiated once more.
        drawn: the points of the problem.

    Returns:
        A check of the kind ``"symmetry"``.

    >>> from derive.second_order import hessian
    >>> d = hessian("linear_regression", "w", check="none")
    >>> check_symmetry(d.result, d.problem, Points(d.problem, 0)).status
    'passed'
    """
    first = problem.cost.derivative
    assert first is not None
    claim = Scope(problem).claim(first.by.name)
    sizes = distinct_sizes(problem)
    about = f"{claim} with its indices exchanged"

    def check(
        status: Status, residual: Decimal | None = None, message: str = "", samples: int = 0
    ) -> Check:
        return Check(
            kind="symmetry",
            about=about,
            method="the same with its indices exchanged, "
            + ", ".join(f"{name} = {size}" for name, size in sizes.items()),
            status=status,
            residual=None if residual is None else float(residual),
            tolerance=float(TOLERANCE),
            seed=drawn.seed,
            message=message,
            samples=samples,
        )

    others: tuple[Index, ...] = claim.by.running
    mine = problem.cost.indices
    turned: dict[Index, IndexLike] = dict(zip(mine, others, strict=True))
    turned.update(zip(others, mine, strict=True))
    exchanged = substitute(hessian, turned)
    letters = tuple(dict.fromkeys((*mine, *others)))
    try:
        (point,) = drawn.at(sizes, 1)
        left, right = point.table(hessian, letters), point.table(exchanged, letters)
    except (EvaluationError, InputError) as error:
        return check("could not run", message=f"{about}: {error}")
    largest = Decimal(0)
    for place, value in left.items():
        other = right[place]
        residual = abs(value - other) / max(Decimal(1), abs(value), abs(other))
        if residual > TOLERANCE:
            message = (
                f"{about}: at {place} it is {value:.12g}, and {other:.12g} with its indices "
                f"exchanged (seed {drawn.seed})"
            )
            return check("failed", residual, message)
        largest = max(largest, residual)
    return check("passed", largest, samples=len(left))
