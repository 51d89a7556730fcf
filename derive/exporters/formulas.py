"""The formulas of a document as boxes, which every exporter writes in its own medium."""

from __future__ import annotations

from dataclasses import replace

from derive.document.model import Formula, FunctionSign, Relation, ShapeOf, Short, Stack, Tracked
from derive.errors import InputError
from derive.matrix import matrix_layout
from derive.matrix.expression import Matrix
from derive.notation import Notation, layout
from derive.notation.boxes import (
    Box,
    Fraction,
    Juxtaposed,
    Marked,
    Row,
    Scripts,
    Signed,
    Symbol,
    parenthesised,
)
from derive.notation.layout import stack_symbol
from derive.notation.symbols import index_symbols, size_symbols
from derive.notation.text import is_touched
from derive.terms import Derivative, Index, Ref, Term

__all__ = ["SIGNS", "check_label", "formula_box", "is_formula", "slashed"]

_NABLA = Symbol(r"\nabla", "∇", "sign")
_PARTIAL = Symbol(r"\partial", "∂", "sign")
_TWO = Symbol("2", "2", "number")
_TIMES = Symbol(r"\times ", " × ", "sign")

#: How the sign of a relation is written.
SIGNS: dict[str, Symbol] = {
    "=": Symbol("= ", " = ", "sign"),
    "≠": Symbol(r"\ne ", " ≠ ", "sign"),
    "∈": Symbol(r"\in ", " ∈ ", "sign"),
    "<": Symbol("< ", " < ", "sign"),
}


_FORMULAS = (Term, Index, Matrix, Relation, Stack, ShapeOf, FunctionSign, Short, Tracked)


def is_formula(part: object) -> bool:
    """Whether a part of a sentence is mathematics."""
    return isinstance(part, _FORMULAS)


def formula_box(formula: Formula | Tracked, notation: Notation) -> Box:
    """The formula as boxes."""
    match formula:
        case Relation(left=left, sign=sign, right=right):
            return Row((formula_box(left, notation), SIGNS[sign], formula_box(right, notation)))
        case ShapeOf(sizes=sizes):
            return _shape(sizes)
        case FunctionSign(name=name):
            return _function(name, notation)
        case Stack(term=term):
            return _stack(term, notation)
        case Short(formula=short):
            return formula_box(short, replace(notation, derivatives="short"))
        case Tracked(formula=inner):
            return Marked(formula_box(inner, notation))
        case Index(name=name):
            latex, text = index_symbols(name)
            return Symbol(latex, text)
        case Matrix():
            return matrix_layout(formula, notation)
        case _:
            return layout(formula, notation)


def _shape(sizes: tuple[str | int, ...]) -> Box:
    if not sizes:
        return Symbol(r"\text{scalar}", "scalar", "sign")
    parts: list[Box] = []
    for size in sizes:
        if parts:
            parts.append(_TIMES)
        parts.append(
            Symbol(str(size), str(size), "number") if isinstance(size, int) else _size(size)
        )
    return Row(tuple(parts))


def _size(name: str) -> Box:
    latex, text = size_symbols(name)
    return Symbol(latex, text)


def _stack(term: Term, notation: Notation) -> Box:
    match term:
        case Derivative(of=Ref(name=of), by=Ref(name=by, indices=indices)):
            if indices and notation.derivatives == "full":
                below = Row((_PARTIAL, _symbol(by, notation)))
                return Fraction(Row((_PARTIAL, _symbol(of, notation))), below, "derivative")
            if indices:
                return Row((Scripts(_NABLA, _symbol(by, notation)), _symbol(of, notation)))
            return layout(term, notation)
        case Derivative(of=Derivative(of=Ref(name=of), by=first), by=second) if (
            first.indices and second.indices and notation.derivatives != "full"
        ):
            # ∇²_w J for ∂²J/∂w∂w, and ∇_V ∇_w J for a block of the Hessian
            if first.name == second.name:
                power = Scripts(_NABLA, sub=_symbol(first.name, notation), sup=_TWO)
                return Row((power, _symbol(of, notation)))
            outer, inner = (
                Scripts(_NABLA, _symbol(each.name, notation)) for each in (second, first)
            )
            return Row((outer, inner, _symbol(of, notation)))
        case Ref(name=name):
            return _symbol(name, notation)
        case _:
            return layout(term, notation)


def _function(name: str, notation: Notation) -> Box:
    assert notation.problem is not None
    function = notation.problem.function(name)
    assert function is not None
    return Symbol(function.latex, function.text)


def _symbol(name: str, notation: Notation) -> Box:
    assert notation.problem is not None
    return stack_symbol(notation.problem.quantity(name), notation)


def slashed(box: Box) -> Box:
    """A derivative or the tracked factor with a slash, where it stands in a sentence: a fraction
    would be small, and its frame would touch the next line."""
    match box:
        case Marked(body=Fraction() as body):
            return Marked(_in_line(body))
        case Fraction(kind="derivative"):
            return _in_line(box)
        case Row(parts=parts):
            return Row(
                tuple(
                    parenthesised(slashed(part)) if is_touched(parts, place) else slashed(part)
                    for place, part in enumerate(parts)
                )
            )
        case Juxtaposed(parts=parts):
            return Juxtaposed(tuple(map(slashed, parts)))
        case _:
            return box


def _in_line(box: Fraction) -> Box:
    below = box.denominator
    if isinstance(below, (Juxtaposed, Signed)):
        below = parenthesised(below)
    return Row((box.numerator, Symbol("/", "/", "sign"), below))


def check_label(label: str) -> None:
    """Refuse what cannot be the prefix of labels, or of ids, in every medium.

    Raises:
        InputError: it has a character that some medium gives a meaning of its own.

    >>> check_label("costs:hinge-2")
    """
    if not all(each.isascii() and (each.isalnum() or each in "-_:.") for each in label):
        raise InputError(
            f"{label[:40]!r} cannot be the prefix of a label: use letters, digits and -_:."
        )
