"""Whether two things on one page would print as the same sign.

A reader can't tell them apart: with an array ``X`` of ``x_ij`` beside a vector called ``X``, the
product of the two is ``XX``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from derive.errors import Unsupported
from derive.functions import FUNCTIONS
from derive.model import Definition, Problem, Quantity
from derive.notation.symbols import index_symbols, size_symbols
from derive.terms import ONE, Apply, Power, Ref, references, walk

__all__ = ["Conflict", "Sign", "conflicts"]


@dataclass(frozen=True, slots=True)
class Sign:
    """How something prints.

    Attributes:
        latex, text: the sign, without indices.
        what: what it stands for, in words: ``the array of x``.
        owner: the name of the quantity or function whose sign it is; two signs of one owner, such
            as ``y_i`` and its array ``y``, may be the same.
        indexed: whether indices stand at it.
        anywhere: whether it would also be read as this without indices.
        bare: whether it never has indices, so that they tell others from it in most formulas.
    """

    latex: str
    text: str
    what: str
    owner: str = ""
    indexed: bool = False
    anywhere: bool = True
    bare: bool = False

    def marks(self) -> Iterator[tuple[str, str, bool]]:
        """What no sign of another owner may have in common with it: the sign, for people and
        without the braces and spaces that don't print, and whether it has indices."""
        plain = re.sub(r"\s", "", re.sub(r"\{(\w)\}", r"\1", self.latex))
        for shown, compared in ((self.text, f"text {self.text}"), (self.latex, f"latex {plain}")):
            if shown and self.anywhere:
                yield shown, compared, False
            if shown and self.indexed:
                yield shown, compared, True


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two things that print as ``shown``."""

    first: Sign
    second: Sign
    shown: str


def conflicts(problem: Problem, *, strict: bool = False) -> Iterator[Conflict]:
    """The signs of quantities and functions that mean something else as well on a page about the
    problem. Those that nobody can choose, such as sizes and the d of derivatives, are not held
    against one another.

    Args:
        problem: whose page it is.
        strict: whether a quantity with indices may not be called as the d of derivatives or the e
            of the exponential function are. ``d_i`` and ``e_i`` are what some authors call a
            distance and an error; nobody has to rename another quantity to that.

    >>> from derive.terms import Index
    >>> places = (Index("i", "m"), Index("j", "n"))
    >>> x = Quantity("x", places, "data", "x", "x", "X", "X")
    >>> X = Quantity("X", (), "parameter", "X", "X", "X", "X")
    >>> (found, *_) = conflicts(Problem("p", "P", places, (x, X), ()))
    >>> found.first.what, found.second.what, found.shown
    ('the array of x', 'X', 'X')
    """
    used: dict[tuple[str, bool], list[Sign]] = {}
    for sign in _settled(problem):
        for _, compared, indexed in sign.marks():
            used.setdefault((compared, indexed), []).append(sign)
    for sign in _chosen(problem):
        for shown, compared, indexed in sign.marks():
            others = used.setdefault((compared, indexed), [])
            for other in others:
                told_apart = other.bare and sign.indexed and not strict
                if other.owner != sign.owner and not told_apart:
                    yield Conflict(other, sign, shown)
            others.append(sign)


def _chosen(problem: Problem) -> Iterator[Sign]:
    """The signs that an author can choose."""
    for function in problem.functions:
        # A stage may share its sign with the function that defines it: L_i = L(a_i, y_i).
        yield Sign(function.latex, function.text, f"the function {function.name}", function.name)
    for each in problem.quantities:
        yield Sign(each.latex, each.text, each.name, each.name, indexed=bool(each.indices))
        if (each.stack_latex, each.stack_text) != (each.latex, each.text):
            yield Sign(each.stack_latex, each.stack_text, f"the array of {each.name}", each.name)


def _settled(problem: Problem) -> Iterator[Sign]:
    """The signs that the problem's names and its formulas settle."""
    yield Sign(r"\mathbf 1", "𝟏", "the vector of ones")
    yield Sign(r"\odot", "⊙", "the elementwise product")
    for size in problem.size_names:
        yield Sign(*size_symbols(size), f"the size {size}")
    for index in problem.indices:
        yield Sign(*index_symbols(index.name), f"the index {index.name}")
    for name in _functions_on_the_page(problem):
        known = FUNCTIONS[name]
        yield Sign(known.latex, known.text, f"the function {name}")
        if name == "exp":
            yield Sign("e", "e", "the e of the exponential function", bare=True)
    if any(
        each.indices and each.role in ("parameter", "definition") for each in problem.quantities
    ):
        # Two indices always stand at it: a plain δ, such as the δ of Huber's loss, is no such sign.
        yield Sign(r"\delta", "δ", "the Kronecker delta", indexed=True, anywhere=False)
    differentials = dict.fromkeys(_differentials(problem))
    yield from differentials
    if differentials:
        yield Sign("d", "d", "the d of derivatives", bare=True)


def _functions_on_the_page(problem: Problem) -> list[str]:
    """The known functions of the definitions, and those that their derivatives bring in."""
    left = [
        part.function
        for definition in problem.definitions
        for part in walk(definition.body)
        if isinstance(part, Apply)
    ]
    found: dict[str, None] = {}
    while left:
        name = left.pop(0)
        if name in found or name not in FUNCTIONS:
            continue
        found[name] = None
        left.extend(_brought_by(name))
    return list(found)


def _brought_by(name: str) -> Iterator[str]:
    """The functions in the derivatives of a known one."""
    function = FUNCTIONS[name]
    for derivative in function.derivatives:
        try:
            slope = derivative(*[ONE] * function.arity, Ref("out"))
        except Unsupported:
            continue  # there is none by the order of a polygamma function
        yield from (part.function for part in walk(slope) if isinstance(part, Apply))


def _differentials(problem: Problem) -> Iterator[Sign]:
    """What prints with a d in front: both sides of ``dJ/dw``, where one quantity alone is varied,
    and the arrays ``dZ`` of derivatives of each example's loss."""
    for place, definition in enumerate(problem.definitions):
        if definition.indices and any(
            _is_loss_of(later, definition) for later in problem.definitions[place + 1 :]
        ):
            quantity = problem.quantity(definition.name)
            yield Sign(
                rf"\mathrm d{quantity.stack_latex}" if quantity.stack_latex else "",
                f"d{quantity.stack_text}",
                f"the array of derivatives by {quantity.name}",
                quantity.name,
            )
    constants = {each.name for each in problem.inputs if each.role in ("data", "hyperparameter")}
    for definition in problem.definitions:
        for part in (definition.body, *walk(definition.body)):
            if part is not definition.body and not isinstance(part, (Apply, Power)):
                continue
            varied = {ref for ref in references(part) if ref.name not in constants}
            if len(varied) != 1:
                continue
            (only,) = varied
            yield _differential(problem.quantity(only.name))
            if part is definition.body:
                yield _differential(problem.quantity(definition.name))


def _differential(quantity: Quantity) -> Sign:
    latex = f"d{quantity.latex}" if quantity.latex else ""
    what = f"the differential of {quantity.name}"
    return Sign(latex, f"d{quantity.text}", what, quantity.name)


def _is_loss_of(later: Definition, stage: Definition) -> bool:
    """Whether derivatives by the stage may be stacked: what is differentiated has its indices."""
    sizes = {index.size for index in later.indices}
    return bool(sizes) and sizes <= {index.size for index in stage.indices}
