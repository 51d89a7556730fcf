"""The formulas of a document as boxes, which every exporter writes in its own medium."""

from __future__ import annotations

from derive.document.model import Formula, FunctionSign, Relation, ShapeOf, Stack, Tracked
from derive.matrix import matrix_layout
from derive.matrix.expression import Matrix
from derive.notation import Notation, layout
from derive.notation.boxes import Box, Fraction, Marked, Row, Scripts, Symbol
from derive.notation.layout import stack_symbol
from derive.notation.symbols import index_symbols, size_symbols
from derive.terms import Derivative, Index, Ref, Term

__all__ = ["SIGNS", "formula_box", "is_formula"]

_NABLA = Symbol(r"\nabla", "∇", "sign")
_PARTIAL = Symbol(r"\partial", "∂", "sign")
_TIMES = Symbol(r"\times ", " × ", "sign")

#: How the sign of a relation is written.
SIGNS: dict[str, Symbol] = {
    "=": Symbol("= ", " = ", "sign"),
    "≠": Symbol(r"\ne ", " ≠ ", "sign"),
    "∈": Symbol(r"\in ", " ∈ ", "sign"),
    "<": Symbol("< ", " < ", "sign"),
}


def is_formula(part: object) -> bool:
    """Whether a part of a sentence is mathematics."""
    return isinstance(part, (Term, Index, Matrix, Relation, Stack, ShapeOf, FunctionSign, Tracked))


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
