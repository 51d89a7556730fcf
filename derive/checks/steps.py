"""Each step of a derivation, compared on numbers; and the chain the steps make.

Both sides of a step are evaluated at random points in the declared domains, with all sizes
different, for *all* values of the free indices: a Kronecker delta that was dropped is right where
both indices are equal. Derivatives are computed by differences
(:mod:`derive.evaluation`), so that no rule takes part in its own check.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from derive.checks.points import Points
from derive.checks.residuals import round_up
from derive.derivation import Check, Lemma, Status, Step
from derive.errors import CheckFailed, InputError
from derive.evaluation import EvaluationError, Evaluator, Table
from derive.model import Problem
from derive.sampling import distinct_sizes
from derive.terms import Index, Term, free_indices, same

__all__ = ["StepChecker", "check_chain", "check_lemmas", "check_step", "require"]

#: Central differences with 50 digits leave 33; this leaves room for stages near the edge of their
#: domains (1 − a at 1e−6), where differences lose more. An error in a step is never that small.
TOLERANCE = Decimal("1e-20")
#: The number of random points at which a step is compared.
POINTS = 2
#: How many values a message lists; the seed gives the others.
_LISTED = 16

_ONE = Decimal(1)


def _residual(left: Decimal, right: Decimal) -> Decimal:
    """The difference relative to the larger side, or to 1 where both are smaller.

    Inputs and stages are of order 1, so terms that cancel are too: the rounding error of a
    difference near 0 is of the order of those, not of what is left.
    """
    return abs(left - right) / max(_ONE, abs(left), abs(right))


class StepChecker:
    """Compares steps of one problem at the same random points.

    >>> from derive.derivation import Prose
    >>> from fractions import Fraction
    >>> from derive.model import Quantity
    >>> from derive.terms import Number, Ref, add, multiply
    >>> x = Quantity("x", (), "data", "x", "x", "x", "x")
    >>> checker = StepChecker(Problem("p", "P", (), (x,), ()))
    >>> double = multiply(Number(Fraction(2)), Ref("x"))
    >>> step = Step("collect", Prose(("equal terms",)), add(Ref("x"), Ref("x")), double)
    >>> checker.check(step).status
    'passed'
    """

    def __init__(
        self,
        problem: Problem,
        sizes: Mapping[str, int] | None = None,
        seed: int = 0,
        count: int = POINTS,
        drawn: Points | None = None,
    ) -> None:
        self.problem = problem
        self.sizes = dict(distinct_sizes(problem) if sizes is None else sizes)
        self.seed = seed
        self._count = count
        #: Why no step can be compared; empty if steps can be.
        self.trouble = ""
        self._points: tuple[Evaluator, ...] = ()
        try:
            self._points = (drawn or Points(problem, seed)).at(self.sizes, count)
        except (EvaluationError, InputError) as error:
            self.trouble = str(error)

    def check(self, step: Step, claim: Term | str = "") -> Check:
        """Compare the two sides of ``step``, which is part of the proof of ``claim``."""
        about = f"{step.rule} in {claim}" if claim != "" else step.rule
        indices = free_indices(step.before)
        foreign = [index for index in free_indices(step.after) if index not in indices]
        if foreign:
            names = ", ".join(index.name for index in foreign)
            why = f"the free index {names} of the right side isn't one of the left side"
            return self._check(about, "failed", message=self._message(step, claim, [why]))
        if self.trouble:
            return self._check(about, "could not run", message=f"{about}: {self.trouble}")
        try:
            return self._compare(step, claim, about, indices)
        except (EvaluationError, InputError) as error:
            return self._check(about, "could not run", message=f"{about}: {error}")

    def _compare(
        self, step: Step, claim: Term | str, about: str, indices: tuple[Index, ...]
    ) -> Check:
        before, after = self._tables(step.before, indices), self._tables(step.after, indices)
        largest = Decimal(0)
        for point, left, right in zip(self._points, before, after, strict=True):
            for places, value in left.items():
                if value == right[places]:
                    continue
                residual = _residual(value, right[places])
                if residual > TOLERANCE:
                    left_value, right_value = _more_precisely(point, step, indices, places)
                    residual = _residual(left_value, right_value)
                    if residual > TOLERANCE:
                        where = _where(point, step, indices, places, left_value, right_value)
                        message = self._message(step, claim, where)
                        return self._check(about, "failed", residual, message)
                largest = max(largest, residual)
        return self._check(about, "passed", largest, samples=len(self._points) * len(before[0]))

    def _tables(self, term: Term, indices: tuple[Index, ...]) -> list[Table]:
        return [point.table(term, indices) for point in self._points]

    def _check(
        self,
        about: str,
        status: Status,
        residual: Decimal | None = None,
        message: str = "",
        samples: int = 0,
    ) -> Check:
        return Check(
            kind="step",
            about=about,
            method=f"both sides at {self._count} random points, {_sizes(self.sizes)}",
            status=status,
            residual=None if residual is None else round_up(float(residual)),
            tolerance=float(TOLERANCE),
            seed=self.seed,
            message=message,
            samples=samples,
        )

    def _message(self, step: Step, claim: Term | str, where: Sequence[str]) -> str:
        of = f" in {claim}" if claim != "" else ""
        lines = [
            f"the step {step.rule!r}{of} changes the value",
            f"before: {step.before}",
            f"after:  {step.after}",
            f"sizes:  {_sizes(self.sizes)}",
            *where,
            f"seed:   {self.seed}",
        ]
        return "\n  ".join(lines)


def _sizes(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{name} = {size}" for name, size in sizes.items()) or "no sizes"


def _more_precisely(
    point: Evaluator, step: Step, indices: tuple[Index, ...], places: tuple[int, ...]
) -> tuple[Decimal, Decimal]:
    """Both sides with the precision of one more level of derivatives, to confirm a difference."""
    assignment = dict(zip(indices, places, strict=True))
    left = point.value(step.before, assignment, levels=3)
    right = point.value(step.after, assignment, levels=3)
    return left, right


def _where(
    point: Evaluator,
    step: Step,
    indices: tuple[Index, ...],
    places: tuple[int, ...],
    left: Decimal,
    right: Decimal,
) -> list[str]:
    """The place, the values there and both sides' values, as lines of a message."""
    assignment = dict(zip(indices, places, strict=True))
    shown = dict(point.components(step.before, assignment))
    shown.update(point.components(step.after, assignment))
    listed = [f"{name} = {value:.10g}" for name, value in shown.items()]
    if len(listed) > _LISTED:
        listed = [*listed[:_LISTED], f"and {len(shown) - _LISTED} more"]
    at = ", ".join(f"{index.name} = {place}" for index, place in assignment.items())
    lines = [f"at:     {at}"] if at else []
    lines.append(f"values: {', '.join(listed) or 'none'}")
    lines.append(f"before = {left:.20g}, after = {right:.20g}")
    return lines


def check_step(
    step: Step,
    problem: Problem,
    sizes: Mapping[str, int] | None = None,
    seed: int = 0,
    claim: Term | str = "",
    drawn: Points | None = None,
) -> Check:
    """Compare the two sides of one step.

    Args:
        step: the step.
        problem: whose quantities the step is about.
        sizes: a number for each size symbol; small and all different unless given.
        seed: of the random points.
        claim: in whose proof the step stands, for the report.
        drawn: the points of the problem and the seed, if other checks use them too.

    Returns:
        A check of the kind ``"step"``. ``could not run`` means that one side has no value
        anywhere, or that no data obey the facts; the message says which.
    """
    return StepChecker(problem, sizes, seed, drawn=drawn).check(step, claim)


def check_lemmas(
    lemmas: Iterable[Lemma],
    problem: Problem,
    sizes: Mapping[str, int] | None = None,
    seed: int = 0,
    drawn: Points | None = None,
) -> tuple[Check, ...]:
    """Compare the two sides of every step of every lemma, in order."""
    checker = StepChecker(problem, sizes, seed, drawn=drawn)
    found: list[Check] = []
    for lemma in lemmas:
        claim = str(lemma.claim)
        found.extend(checker.check(step, claim) for step in lemma.steps)
    return tuple(found)


def check_chain(lemma: Lemma) -> Check:
    """Whether the steps lead from the claim to the result with nothing in between.

    Each step must start from the term the former one ended with; the comparison is exact, up to
    the names of bound indices.
    """
    lines = [("the claim", lemma.claim), *((f"{s.rule!r}", s.after) for s in lemma.steps)]
    next_lines = [(f"{s.rule!r}", s.before) for s in lemma.steps] + [("the result", lemma.result)]
    for number, ((left_name, left), (right_name, right)) in enumerate(
        zip(lines, next_lines, strict=True), start=1
    ):
        if not same(left, right):
            message = (
                f"the proof of {lemma.claim} has a gap before step {number}\n"
                f"  after {left_name}: {left}\n  {right_name} starts from: {right}"
            )
            return _chain(lemma, "failed", message)
    return _chain(lemma, "passed", "")


def _chain(lemma: Lemma, status: Status, message: str) -> Check:
    return Check(
        kind="chain",
        about=str(lemma.claim),
        method="each step starts from the term that the former one ended with",
        status=status,
        residual=0.0 if status == "passed" else None,
        message=message,
        samples=len(lemma.steps),
    )


def require(checks: Iterable[Check]) -> None:
    """Raise unless every check passed.

    Raises:
        CheckFailed: with the message of every check that failed or could not run.

    >>> require([Check("step", "a", "b", "passed")])
    """
    messages = [
        check.message or f"{check.about}: {check.status}"
        for check in checks
        if check.status != "passed"
    ]
    if messages:
        raise CheckFailed("\n".join(messages))
