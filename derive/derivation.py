"""A derivation as data: steps, lemmas, results, checks. Nothing here computes mathematics."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, TypeAlias

from derive.terms import Derivative, Ref, Term

__all__ = [
    "Check",
    "Detail",
    "Lemma",
    "Meanings",
    "Meeting",
    "Prose",
    "Provenance",
    "Slip",
    "SmallCase",
    "Source",
    "Status",
    "Step",
]

#: How much of a derivation is printed.
Detail: TypeAlias = Literal["brief", "normal", "full"]

#: The outcome of a check. The third never looks like either of the others.
Status: TypeAlias = Literal["passed", "failed", "could not run"]


@dataclass(frozen=True, slots=True)
class Prose:
    """A sentence with mathematics in it: strings and terms in turn.

    >>> print(Prose(("differentiate ", Ref("b"))))
    differentiate b
    """

    parts: tuple[str | Term, ...]

    def __str__(self) -> str:
        return "".join(str(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Step:
    """One rewriting of one term.

    Attributes:
        rule: the name of the rule, a key of :data:`derive.rules.RULES`.
        reason: why it applies here, in words.
        before, after: the whole term before and after.
        places: where in ``before`` it was applied: each a path of child numbers from the top.
        premises: what the step rests on besides the rule: claims of lemmas, facts, definitions.
        detail: the least detail level at which ``after`` is printed on a line of its own.
    """

    rule: str
    reason: Prose
    before: Term
    after: Term
    places: tuple[tuple[int, ...], ...] = ()
    premises: tuple[Term, ...] = ()
    detail: Detail = "normal"


@dataclass(frozen=True, slots=True)
class Lemma:
    """A derivative and its value, with the steps from one to the other.

    ``number`` counts the lemmas of a derivation from 1.
    """

    number: int
    claim: Derivative
    result: Term
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class SmallCase:
    """The derivation written out at given sizes.

    Attributes:
        sizes: the sizes, as pairs of symbol and number.
        wrt: the component differentiated by, ``w_1``.
        lemmas: the local derivatives and their products, for every example; the last lemma is
            the one about the cost.
        explicit: the gradient as explicit terms.
        folded: the same, folded back into a sum.
    """

    sizes: tuple[tuple[str, int], ...]
    wrt: Ref
    lemmas: tuple[Lemma, ...]
    explicit: Term
    folded: Term


@dataclass(frozen=True, slots=True)
class Source:
    """Where one factor of the result came from: in a sentence, and as the claim of the lemma that
    brought it, if one did."""

    factor: Term
    sentence: Prose
    lemma: Term | None = None


@dataclass(frozen=True, slots=True)
class Meeting:
    """Numbers of different origin that met and became one: ``½ · 2 = 1``."""

    claim: Term
    sentence: Prose


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where each factor of the derivative by ``wrt`` came from."""

    wrt: str
    sources: tuple[Source, ...]
    meetings: tuple[Meeting, ...]


@dataclass(frozen=True, slots=True)
class Slip:
    """The sum closed too early, refuted with numbers.

    Attributes:
        wrong: the formula of the slip.
        sizes, values: the numbers put in, as pairs of what and its value.
        right, slipped: what the right formula and the slip give; the slip gives one value for
            each example whose ``x`` may have been meant.
    """

    wrong: Term
    sizes: tuple[tuple[str, int], ...]
    values: tuple[tuple[Term, Fraction], ...]
    right: Fraction
    slipped: tuple[Fraction, ...]
    assumption: str = ""


@dataclass(frozen=True, slots=True)
class Meanings:
    """The two things that a text may mean by ``dZ``, and why both give the same gradient.

    Attributes:
        wrt: the parameter.
        stage: ``z_i``.
        per_example: ``∂L_i/∂z_i``, without the ``1/m``.
        of_cost: ``∂J/∂z_i``, with it, as a lemma: ``∂J/∂z_i = (1/m) ∂L_i/∂z_i``.
        with_factor: ``(1/m) Σ_i ∂L_i/∂z_i x_ij``.
        without_factor: ``Σ_i ∂J/∂z_i x_ij``.
        equality: the steps from the second to the first.
        slip: the sum closed too early, refuted, where there is something to close it before.
    """

    wrt: str
    stage: Ref
    per_example: Derivative
    of_cost: Lemma
    with_factor: Term
    without_factor: Term
    equality: tuple[Step, ...]
    slip: Slip | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison and its outcome.

    ``residual`` is the largest difference found, relative to the size of the values compared
    (or 0 where the comparison was exact); ``seed`` made the random values; ``about`` names what
    was compared and ``method`` how.
    """

    kind: str
    about: str
    method: str
    status: Status
    residual: float | None = None
    tolerance: float | None = None
    seed: int | None = None
    message: str = ""
    samples: int = field(default=0)
