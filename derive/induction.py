"""The proof of a recursion for chains of every length, and its checks against whole chains."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from derive.checks import require
from derive.checks.steps import check_step
from derive.derivation import Check, Detail, Step
from derive.errors import InputError
from derive.gradients import Derivation, gradient
from derive.recursion import Formula, Recursion, instance
from derive.terms import Derivative, Ref, add

__all__ = ["LENGTHS", "Induction", "compare", "prove"]

#: The lengths of the whole chains that a recursion is compared with.
LENGTHS = (1, 2, 3)


@dataclass(frozen=True)
class Induction:
    """A recursion with its proof for chains of every length.

    Attributes:
        recursion: what it is about.
        base, step: the derivations of the base case and of the induction step, each checked.
        formulas: what is proved of the last layer and of each layer before it: the error, and the
            gradients by the parameters.
        checks: each formula, in each layer of whole chains, against those chains.
    """

    recursion: Recursion
    base: Derivation
    step: Derivation
    formulas: tuple[Formula, ...]
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether checks were made and every one passed, those of the two derivations among
        them."""
        return bool(self.checks) and all(
            c.status == "passed" for c in (*self.base.checks, *self.step.checks, *self.checks)
        )

    def latex(self, *, detail: Detail = "normal", fragment: bool = False, label: str = "") -> str:
        """The proof as LaTeX, as :meth:`derive.Derivation.latex` gives it."""
        from derive.document.induction import build_induction
        from derive.exporters import latex
        from derive.exporters.formulas import check_label

        check_label(label)
        return latex.write(build_induction(self, detail=detail), prefix=label, fragment=fragment)

    def text(self, *, detail: Detail = "normal", width: int = 100) -> str:
        """The proof as Unicode text of at most ``width`` columns."""
        from derive.document.induction import build_induction
        from derive.exporters import text

        return text.write(build_induction(self, detail=detail), width=width)

    def html(self, *, detail: Detail = "normal", page: bool = True) -> str:
        """The proof as HTML, a page or a fragment."""
        from derive.document.induction import build_induction
        from derive.exporters import html

        return html.write(build_induction(self, detail=detail), prefix="", page=page)

    def formula(self, where: Literal["last", "before"], by: str) -> Formula:
        """What holds of the derivative by a quantity of the layer.

        Raises:
            InputError: nothing was proved of it.
        """
        for each in self.formulas:
            if each.where == where and each.claim.by.name in (by, f"{by}_last"):
                return each
        raise InputError(f"nothing is proved of the derivative by {by}")


def prove(
    recursion: Recursion,
    *,
    check: Literal["raise", "report", "none"] = "raise",
    lengths: Iterable[int] = LENGTHS,
    seed: int = 0,
) -> Induction:
    """Prove the gradients in a chain of every length, from each layer to the one before it.

    Args:
        recursion: the chain.
        check: ``"raise"`` an error if a check fails, only ``"report"`` it, or run ``"none"``.
        lengths: the numbers of layers of the whole chains that the formulas are compared with.
        seed: for the random values of the checks.

    Raises:
        InputError, Unsupported: as for :func:`derive.gradient`.
        CheckFailed: a check found a difference.

    The recursion is the one of Rumelhart, Hinton and Williams (1986), in the notation of layers in
    brackets.

    >>> from derive.catalogue.chains import load
    >>> proved = prove(load("deep_network"), check="none")
    >>> formula = proved.formula("before", "z")
    >>> print(formula.claim, "=", formula.result)
    ∂L_i/∂z_ik = (Σₚ₌₁ᴾ ∂L_i/∂z_next,ip · W_next,pk) g′(z_ik)
    """
    lengths = tuple(lengths)
    if check != "none" and max(lengths, default=0) < 2:
        raise InputError(
            "the step is compared in chains of two layers or more: lengths needs one such"
        )
    recursion.losses()
    base = gradient(recursion.base(), check=check, seed=seed)
    step = gradient(recursion.step(), check=check, seed=seed)
    formulas = (*_formulas(recursion, step, "before"), *_formulas(recursion, base, "last"))
    proved = Induction(recursion, base, step, formulas, ())
    if check == "none":
        return proved
    checks = tuple(_compared(proved, lengths, seed))
    if check == "raise":
        require(checks)
    return replace(proved, checks=checks)


def _formulas(
    recursion: Recursion, derivation: Derivation, where: Literal["last", "before"]
) -> Iterator[Formula]:
    errors = (recursion.error, f"{recursion.error}_last")
    losses = recursion.losses().name
    for lemma in derivation.lemmas:
        match lemma.claim:
            case Derivative(of=Ref(name=of), by=Ref(name=by)) if of == losses and by in errors:
                yield Formula(where, lemma.claim, lemma.result)
    for result in derivation.results:
        yield Formula(where, result.claim, result.term)


def _compared(proved: Induction, lengths: tuple[int, ...], seed: int) -> Iterator[Check]:
    for length in lengths:
        yield from compare(proved.recursion, proved.formulas, length, seed)


def compare(
    recursion: Recursion, formulas: Iterable[Formula], length: int, seed: int = 0
) -> Iterator[Check]:
    """Compare formulas with a whole chain: each in each of its layers, both sides at random points.
    The left side is computed by differences through all the layers behind it, with no rule in
    between."""
    problem = recursion.unrolled(length)
    shared: dict[str, list[Step]] = {}
    for formula in formulas:
        for layer in range(1, length + 1):
            step = instance(recursion, formula, layer, length)
            if step is None:
                continue
            name = formula.claim.by.name.removesuffix("_last")
            if recursion.shared and name in recursion.parameters:
                shared.setdefault(name, []).append(step)
                continue
            about = f"{formula.claim}, layer {layer} of {length}"
            yield replace(check_step(step, problem, seed=seed), kind="recursion", about=about)
    for steps in shared.values():
        whole = replace(steps[0], after=add(*(step.after for step in steps)))
        about = f"{steps[0].before}, the sum over {length} layers"
        yield replace(check_step(whole, problem, seed=seed), kind="recursion", about=about)
