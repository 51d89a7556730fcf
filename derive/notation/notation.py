"""The choices a reader or a publisher makes about the look of formulas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from derive.model import Problem
from derive.terms import Origin

__all__ = ["Notation"]


@dataclass(frozen=True)
class Notation:
    r"""How terms print. Every choice about looks is a field here, and has a default.

    Attributes:
        problem: where the symbols of quantities and abstract functions come from, what is a
            hyperparameter, and which derivatives are written with d. Without one, names print
            by :func:`derive.notation.default_symbols`, and every quantity without indices is
            taken for a coefficient.
        track: leaves with this origin are marked.
        logarithm: the sign of the natural logarithm.
        longest_sum: a written-out sum of more alike terms than this prints its first two and its
            last, with dots between; ``None`` for no limit. Only terms whose numbers in the
            subscripts count up by one are alike.

    >>> from derive.terms import Apply, Ref
    >>> from derive.notation import latex
    >>> latex(Apply("ln", (Ref("a"),)), Notation(logarithm="log"))
    '\\log a'
    """

    problem: Problem | None = None
    track: Origin | None = None
    logarithm: Literal["ln", "log"] = "ln"
    longest_sum: int | None = None

    def __post_init__(self) -> None:
        if self.longest_sum is not None and self.longest_sum < 3:
            raise ValueError("longest_sum must be at least 3: first, second and last term")
