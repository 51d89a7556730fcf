"""The random points at which the checks of one derivation compare, each drawn once."""

from __future__ import annotations

from collections.abc import Mapping

from derive.evaluation import Evaluator
from derive.model import Problem
from derive.sampling import points

__all__ = ["Points"]


class Points:
    """Random points of one problem, for several checks.

    Drawing a point gives a value to every definition, and an evaluator remembers what it has
    computed. So checks that compare at the same point are given the same evaluator.

    Args:
        problem: whose definitions have values at the points.
        seed: what the points are drawn from.

    >>> from derive.catalogue import load
    >>> drawn = Points(load("linear_regression"), 0)
    >>> sizes = {"m": 3, "n": 4}
    >>> drawn.at(sizes, 2)[0] is drawn.at(sizes, 1)[0]
    True
    """

    def __init__(self, problem: Problem, seed: int) -> None:
        self.problem = problem
        self.seed = seed
        self._drawn: dict[tuple[tuple[str, int], ...], tuple[Evaluator, ...]] = {}

    def at(self, sizes: Mapping[str, int], count: int) -> tuple[Evaluator, ...]:
        """The first ``count`` points at these sizes.

        Raises the errors of :func:`derive.sampling.points`.
        """
        which = tuple(sizes.items())
        known = self._drawn.get(which, ())
        if len(known) < count:
            known = self._drawn[which] = tuple(points(self.problem, sizes, self.seed, count))
        return known[:count]
