"""The choices a reader or a publisher makes about the look of formulas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Literal, get_args

from derive.errors import InputError
from derive.model import Problem, Quantity
from derive.notation.clashes import conflicts
from derive.notation.symbols import default_symbols
from derive.terms import Origin

__all__ = ["PLAIN", "Derivatives", "Examples", "Logarithm", "Look", "Notation", "Vectors"]

#: The sign of the natural logarithm.
Logarithm = Literal["ln", "log"]

#: Where the index of the examples stands: ``x_{ij}``, or ``x^{(i)}_j`` as in many lecture notes.
Examples = Literal["subscript", "superscript"]

#: How whole vectors and matrices are set: ``X``, or bold.
Vectors = Literal["plain", "bold"]

#: How the array of derivatives is written: ``dZ`` and ``∇_W J``, or with the numerator of each of
#: its entries, ``∂L/∂Z`` and ``∂J/∂W``.
Derivatives = Literal["short", "full"]


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
        examples: where the index of the examples stands, if the problem has one. Where it stands
            above, in parentheses, text has layers in brackets as LaTeX does: ``a^[1](i)_h``.
        vectors: how whole vectors and matrices are set.
        derivatives: whether the array of a derivative prints with its numerator. That is the
            loss where the array stacks the derivatives of each example's loss, ``∂L/∂Z`` with
            the entry ``∂L_i/∂z_ik``, and the cost where it stacks those of the cost, ``∂J/∂Z``.

    >>> from derive.terms import Apply, Ref
    >>> from derive.notation import latex
    >>> latex(Apply("ln", (Ref("a"),)), Notation(logarithm="log"))
    '\\log a'
    """

    problem: Problem | None = None
    track: Origin | None = None
    logarithm: Logarithm = "ln"
    longest_sum: int | None = None
    examples: Examples = "subscript"
    vectors: Vectors = "plain"
    derivatives: Derivatives = "short"

    def __post_init__(self) -> None:
        if self.longest_sum is not None and self.longest_sum < 3:
            raise ValueError("longest_sum must be at least 3: first, second and last term")


#: The choices of a look that have a fixed list of values.
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "logarithm": get_args(Logarithm),
    "examples": get_args(Examples),
    "vectors": get_args(Vectors),
    "derivatives": get_args(Derivatives),
}


@dataclass(frozen=True, slots=True)
class Look:
    """What an author chooses about the look of formulas, for any problem.

    Attributes:
        logarithm, examples, vectors, derivatives: as in :class:`Notation`.
        symbols: other names for quantities, as pairs: ``("w", "theta")`` prints ``θ_j`` for
            ``w_j``. A name prints as one that a problem's author has chosen does, see
            :func:`derive.notation.default_symbols`.

    Raises:
        InputError: a value is none of those that can be chosen.

    >>> Look(examples="superscript", symbols=(("w", "theta"),)).symbols
    (('w', 'theta'),)
    """

    logarithm: Logarithm = "ln"
    examples: Examples = "subscript"
    vectors: Vectors = "plain"
    derivatives: Derivatives = "short"
    symbols: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        for choice, values in _CHOICES.items():
            if getattr(self, choice) not in values:
                raise InputError(
                    f"{choice}={getattr(self, choice)!r} is none of {', '.join(map(repr, values))}"
                )

    @classmethod
    def read(cls, text: str) -> Look:
        """A look as an author writes it in one line: ``examples=superscript, w=theta``.

        What is none of the choices is the name of a quantity.

        Raises:
            InputError: a part is no ``name=value``, a name stands twice, or a value cannot be.

        >>> Look.read("logarithm=log, w=theta")
        Look(logarithm='log', examples='subscript', vectors='plain', derivatives='short', \
symbols=(('w', 'theta'),))
        """
        chosen: dict[str, str] = {}
        for part in filter(None, (part.strip() for part in text.split(","))):
            name, equals, value = (piece.strip() for piece in part.partition("="))
            if not (name and equals and value):
                raise InputError(f"{part[:40]!r} is no choice of a look; write name=value")
            if name in chosen:
                raise InputError(f"{name} is chosen twice, as {chosen[name]} and as {value}")
            chosen[name] = value
        choices = {name: chosen.pop(name) for name in _CHOICES if name in chosen}
        return cls(**choices, symbols=tuple(chosen.items()))  # type: ignore[arg-type]  # checked

    def notation(
        self, problem: Problem, *, track: Origin | None = None, longest_sum: int | None = None
    ) -> Notation:
        """The notation of this look for a problem.

        Raises:
            InputError: a name among :attr:`symbols` is none of the problem's, or its new one
                cannot be printed or is another's.
        """
        return Notation(
            self._renamed(problem) if self.symbols else problem,
            track,
            self.logarithm,
            longest_sum,
            self.examples,
            self.vectors,
            self.derivatives,
        )

    def _renamed(self, problem: Problem) -> Problem:
        known = {quantity.name: quantity for quantity in problem.quantities}
        new: dict[str, str] = {}
        for name, called in self.symbols:
            if name not in known:
                near = get_close_matches(name, [*known, *_CHOICES], n=1)
                hint = f"; did you mean {near[0]}?" if near else f"; it has {', '.join(known)}"
                raise InputError(
                    f"{problem.name} has no quantity {name!r} to be called {called}{hint}"
                )
            if not default_symbols(called).latex:
                raise InputError(f"{called!r} cannot be written in LaTeX")
            new[name] = called
        quantities = (
            _called(quantity, new[quantity.name]) if quantity.name in new else quantity
            for quantity in problem.quantities
        )
        renamed = replace(problem, quantities=tuple(quantities))
        _check_renamed(renamed, new)
        return renamed


def _check_renamed(renamed: Problem, new: Mapping[str, str]) -> None:
    """Refuse a new name that prints as something else on the page does.

    Raises:
        InputError: one does; the message names both.
    """
    for conflict in conflicts(renamed, strict=True):
        own, other = conflict.second, conflict.first
        if own.owner not in new:
            own, other = other, own
        if own.owner not in new:
            continue
        called = new[own.owner]
        if own.what == own.owner:
            raise InputError(
                f"{own.owner} cannot be called {called}, which is how {other.what} prints"
            )
        raise InputError(
            f"{own.owner} cannot be called {called}: {own.what} would print as {conflict.shown}, "
            f"which is how {other.what} prints"
        )


def _called(quantity: Quantity, name: str) -> Quantity:
    """The quantity with the symbols of another name."""
    symbols = default_symbols(name)
    own = (symbols.latex, symbols.text)
    stack = own if len(quantity.indices) < 2 else (symbols.stack_latex, symbols.stack_text)
    return replace(quantity, latex=own[0], text=own[1], stack_latex=stack[0], stack_text=stack[1])


#: The look of formulas unless an author chooses another.
PLAIN = Look()
