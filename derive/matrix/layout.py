r"""From a matrix expression to the boxes that every exporter prints.

Precedence is data: each kind of node has a level, and each place in a node says which level it
takes without parentheses. A factor of an elementwise product is parenthesised if it is a matrix
product, so that ``(a vᵀ) ⊙ B`` cannot be misread.
"""

from __future__ import annotations

from dataclasses import replace
from enum import IntEnum
from itertools import pairwise

from derive.functions import FUNCTIONS
from derive.matrix.expression import (
    Array,
    Constant,
    Determinant,
    Diagonal,
    Elementwise,
    Hadamard,
    HadamardPower,
    HadamardQuotient,
    Identity,
    Inverse,
    Matrix,
    MatrixProduct,
    MatrixSum,
    Ones,
    Rowwise,
    Scaled,
    Slice,
    Trace,
    Transpose,
    Weighted,
    scaled,
)
from derive.model import Problem
from derive.notation import Notation, layout
from derive.notation.boxes import (
    Box,
    Call,
    Fraction,
    Juxtaposed,
    Listed,
    Marked,
    Parenthesised,
    Root,
    Row,
    Scripts,
    Sign,
    Signed,
    Symbol,
    juxtaposed,
    nesting,
    parenthesised,
)
from derive.notation.latex import write_latex
from derive.notation.layout import (
    SUBSCRIPTED,
    determinant_box,
    function_symbol,
    special_call,
    stack_symbol,
)
from derive.notation.symbols import index_symbols
from derive.notation.text import Mark, in_brackets, write_text
from derive.terms import ONE, Add, Apply, Product, Ref, Term, is_negative, negate

__all__ = ["matrix_latex", "matrix_layout", "matrix_text"]


class _Level(IntEnum):
    """How tightly an expression holds together; more is tighter."""

    SUM = 1
    ELEMENTWISE = 2
    PRODUCT = 3
    RAISED = 4
    ATOM = 5


_LEVELS: dict[type[Matrix], _Level] = {
    MatrixSum: _Level.SUM,
    Hadamard: _Level.ELEMENTWISE,
    HadamardQuotient: _Level.ELEMENTWISE,
    Scaled: _Level.PRODUCT,
    MatrixProduct: _Level.PRODUCT,
    Weighted: _Level.PRODUCT,
    Transpose: _Level.RAISED,
    HadamardPower: _Level.RAISED,
    Inverse: _Level.RAISED,
}

_TOP = Symbol(r"\top", "T", "sign")
_INVERSE = Symbol("-1", "-1", "sign")
_ONES = Symbol(r"\mathbf 1", "𝟏", "sign")
_IDENTITY = Symbol("I", "I")
_BOLD_IDENTITY = Symbol(r"\mathbf{I}", "I")
_TIMES = Symbol(r"\odot", " ⊙ ", "sign")
_OVER = Symbol(r"\oslash", " ⊘ ", "sign")
_SPACE = Symbol(r"\,", " ", "sign")
_ROMAN_D = Symbol(r"\mathrm d", "d", "sign")
_PARTIAL = Symbol(r"\partial", "∂", "sign")
_TRACE = Symbol(r"\operatorname{tr}", "tr", "function")
_DIAGONAL = Symbol(r"\operatorname{diag}", "diag", "function")
_CIRCLE = Symbol(r"\circ", "∘", "sign")


def matrix_layout(matrix: Matrix, notation: Notation) -> Box:
    r"""The expression as a tree of boxes.

    Args:
        matrix: the expression.
        notation: its problem gives the symbols of the arrays; coefficients are tracked by it.

    >>> from derive.matrix.expression import transpose
    >>> from derive.model import Quantity
    >>> x = Quantity("x", (), "data", "x", "x", "X", "X")
    >>> notation = Notation(Problem("p", "P", (), (x,), ()))
    >>> matrix_latex(transpose(Array("x", ("m", "n"))), notation)
    'X^{\\top}'
    """
    if notation.problem is None:
        raise ValueError("a matrix expression is laid out for a problem")
    return _Layout(notation, notation.problem).box(matrix)


def matrix_latex(matrix: Matrix, notation: Notation) -> str:
    """The expression as LaTeX for math mode."""
    return write_latex(matrix_layout(matrix, notation))


def matrix_text(matrix: Matrix, notation: Notation, mark: Mark = in_brackets) -> str:
    """The expression as one line of Unicode text."""
    return write_text(matrix_layout(matrix, notation), mark)


def _level(matrix: Matrix) -> _Level:
    if _starts_negative(matrix):
        return _Level.SUM
    return _LEVELS.get(type(matrix), _Level.ATOM)


def _starts_negative(matrix: Matrix) -> bool:
    match matrix:
        case Scaled(coefficient=term) | Constant(value=term):
            return is_negative(term)
        case _:
            return False


def _positive(matrix: Matrix) -> Matrix:
    """An expression that starts with a minus sign, without it."""
    match matrix:
        case Scaled(coefficient=coefficient, operand=operand):
            return scaled(negate(coefficient), operand)
        case Constant(value=value):
            return replace(matrix, value=negate(value))
        case _:
            return matrix


def _all_ones(matrix: Matrix) -> bool:
    """Whether every element is 1."""
    match matrix:
        case Ones():
            return True
        case Transpose(operand=operand):
            return _all_ones(operand)
        case MatrixProduct(factors=(Ones(), Transpose(operand=Ones()))):
            return True
        case _:
            return False


class _Layout:
    """The layout of matrix expressions in one notation."""

    def __init__(self, notation: Notation, problem: Problem) -> None:
        self.notation = notation
        self.problem = problem

    def box(self, matrix: Matrix) -> Box:
        """The expression where nothing stands around it."""
        if _starts_negative(matrix):
            return Signed((("-", self.at_least(_Level.ELEMENTWISE, _positive(matrix))),))
        match matrix:
            case Array():
                return self.array(matrix)
            case Ones():
                return _ONES
            case Identity():
                return _BOLD_IDENTITY if self.notation.vectors == "bold" else _IDENTITY
            case Constant(value=value):
                return layout(value, self.notation)
            case Transpose(operand=Array(name=name, of=of)) if self.is_short(of):
                return Row((_ROMAN_D, Scripts(self.symbol(name), sup=_TOP)))
            case Transpose(operand=operand):
                return Scripts(self.at_least(_Level.ATOM, operand), sup=_TOP)
            case MatrixProduct(factors=factors):
                return _side_by_side([self.at_least(_Level.RAISED, part) for part in factors])
            case MatrixSum(terms=terms):
                return Signed(tuple(self.signed(term) for term in terms))
            case Hadamard(factors=factors):
                parts: list[Box] = []
                for factor in factors:
                    parts += [_TIMES, self.at_least(_Level.RAISED, factor)]
                return Row(tuple(parts[1:]))
            case HadamardQuotient(numerator=above, denominator=below) if matrix.shape == (1, 1):
                return Fraction(self.box(above), self.box(below))
            case HadamardPower(base=base, exponent=exponent) if matrix.shape == (1, 1):
                return Scripts(
                    self.at_least(_Level.ATOM, base), sup=layout(exponent, self.notation)
                )
            case HadamardQuotient(numerator=above, denominator=below):
                left = self.at_least(_Level.RAISED, above)
                return Row((left, _OVER, self.at_least(_Level.RAISED, below)))
            case HadamardPower(base=base, exponent=exponent):
                count = layout(exponent, self.notation)
                if isinstance(exponent, (Add, Product)):
                    count = parenthesised(count, "round")
                raised = Row((_CIRCLE, count))
                return Scripts(self.at_least(_Level.ATOM, base), sup=raised)
            case Scaled(coefficient=coefficient, operand=operand):
                return self.scaled(coefficient, operand)
            case Weighted(weight=weight, operand=operand):
                left = self.at_least(_Level.ATOM, weight)
                return _side_by_side([left, self.at_least(_Level.PRODUCT, operand)])
            case _:
                return self.applied(matrix)

    def at_least(self, level: _Level, matrix: Matrix) -> Box:
        """The expression, in parentheses if it is looser than its surroundings need."""
        inner = self.box(matrix)
        own = _Level.RAISED if isinstance(inner, (Fraction, Root)) else _level(matrix)
        return inner if own >= level else parenthesised(inner, "round")

    def signed(self, term: Matrix) -> tuple[Sign, Box]:
        """One term of a sum with its sign."""
        if _starts_negative(term):
            return "-", self.at_least(_Level.ELEMENTWISE, _positive(term))
        return "+", self.at_least(_Level.ELEMENTWISE, term)

    # Symbols -------------------------------------------------------------------------------------

    def array(self, array: Array) -> Box:
        """``X``; ``dZ`` for a stack of derivatives of each example's loss, or ``∂L/∂Z`` where
        numerators are asked for; ``∂J/∂Z`` for derivatives of the cost."""
        symbol = self.symbol(array.name)
        if isinstance(array, Slice):
            quantity = self.problem.quantity(array.name)
            own = Symbol(quantity.latex, quantity.text)
            letters = [Symbol(*index_symbols(name)) for name in array.held]
            return Scripts(own, sub=letters[0] if len(letters) == 1 else Row(tuple(letters)))
        if not array.of:
            return symbol
        if self.is_short(array.of):
            return Row((_ROMAN_D, symbol))
        # What stands above is one loss, however many there are: it is never bold.
        of = self.problem.quantity(array.of)
        above = Row((_PARTIAL, Symbol(of.latex, of.text)))
        return Fraction(above, Row((_PARTIAL, symbol)), "derivative")

    def is_stack(self, of: str) -> bool:
        """Whether an array holds derivatives of something that each example has its own of."""
        return bool(of) and bool(self.problem.quantity(of).indices)

    def is_short(self, of: str) -> bool:
        """Whether such an array is written with a d, and without its numerator."""
        return self.notation.derivatives == "short" and self.is_stack(of)

    def symbol(self, name: str) -> Symbol:
        """The symbol of the whole array."""
        return stack_symbol(self.problem.quantity(name), self.notation)

    def function(self, name: str, count: int, orders: tuple[int, ...]) -> Box:
        """The sign of a function as the notation has it: ``σ``, ``g′``, ``∂₁L``."""
        if not any(orders) and name == "exp":
            return Symbol(r"\exp", "exp", "named operator")
        applied = layout(Apply(name, (Ref("x"),) * count, orders), self.notation)
        if not isinstance(applied, Call):
            raise TypeError(f"{name} isn't printed as a function applied")
        return applied.function

    # Scalars in front ----------------------------------------------------------------------------

    def scaled(self, coefficient: Term, operand: Matrix) -> Box:
        """A coefficient in front of what it multiplies."""
        front = layout(coefficient, self.notation)
        if isinstance(coefficient, Add):
            front = parenthesised(front, "round")
        if operand == Constant(ONE, (1, 1)):
            return front
        parts = list(front.parts) if isinstance(front, Juxtaposed) else [front]
        return juxtaposed([*parts, self.at_least(_Level.ELEMENTWISE, operand)])

    # Functions -----------------------------------------------------------------------------------

    def of_each(self, matrix: Matrix) -> Box:
        """A parameter of a function of each element: the number alone if it is the same for all,
        as the δ of ``Huber_δ(Z)``."""
        match matrix:
            case Scaled(coefficient=coefficient, operand=operand) if _all_ones(operand):
                return layout(coefficient, self.notation)
            case _:
                return self.box(matrix)

    def applied(self, matrix: Matrix) -> Box:
        """A function of matrices."""
        match matrix:
            case Elementwise(function="sqrt", arguments=(argument,), orders=()):
                return Root(self.box(argument))
            case Elementwise(function=name, arguments=arguments, orders=()) if (
                name in FUNCTIONS and self.problem.function(name) is None
            ):
                boxes = [self.box(argument) for argument in arguments]
                if name in SUBSCRIPTED:
                    boxes[1] = self.of_each(arguments[1])
                own = special_call(name, boxes, lambda each: function_symbol(each, self.notation))
                return (
                    own
                    if own is not None
                    else self.call(self.function(name, len(arguments), ()), *arguments)
                )
            case Elementwise(function=name, arguments=arguments, orders=orders):
                return self.call(self.function(name, len(arguments), orders), *arguments)
            case Rowwise(function=name, arguments=arguments):
                return self.call(self.function(name, len(arguments), ()), *arguments)
            case Diagonal(vector=HadamardQuotient(numerator=Constant(value=value), denominator=v)):
                if value == ONE:
                    return Scripts(self.call(_DIAGONAL, v), sup=_INVERSE)
                return self.call(_DIAGONAL, matrix.vector)
            case Diagonal(vector=vector):
                return self.call(_DIAGONAL, vector)
            case Trace(operand=operand):
                return self.call(_TRACE, operand)
            case Inverse(operand=operand):
                return Scripts(self.at_least(_Level.ATOM, operand), sup=_INVERSE)
            case Determinant(function=name, operand=operand):
                return determinant_box(name, self.at_least(_Level.RAISED, operand))
            case _:
                raise TypeError(f"no layout for a {type(matrix).__name__}")

    def call(self, function: Box, *arguments: Matrix) -> Box:
        """A function with its arguments in parentheses."""
        boxes = [self.box(argument) for argument in arguments]
        body = boxes[0] if len(boxes) == 1 else Listed(tuple(boxes))
        flat = all(_is_single(box) for box in boxes)
        return Call(function, Parenthesised(body, "round", 0 if flat else nesting(body) + 1))


def _is_single(box: Box) -> bool:
    """Whether a box is one symbol, with scripts or without."""
    match box:
        case Symbol():
            return True
        case Scripts(base=inner) | Marked(body=inner):
            return _is_single(inner)
        case _:
            return False


def _side_by_side(boxes: list[Box]) -> Box:
    """A product of matrices: symbols next to one another, with a space where one of them is
    made of several letters and neither a script nor a parenthesis sets it apart."""
    parts: list[Box] = [boxes[0]]
    for left, right in pairwise(boxes):
        wide = _is_long(left) or _is_long(right) or _is_call(right)
        apart = _is_subscripted(left) and not isinstance(right, Parenthesised)
        if apart or (wide and not _is_closed(left)):
            parts.append(_SPACE)
        parts.append(right)
    return parts[0] if len(parts) == 1 else Row(tuple(parts))


def _is_subscripted(box: Box) -> bool:
    """Whether a subscript ends the box, as in the ``p_i`` of ``p_i p_iᵀ``."""
    return isinstance(box, Scripts) and box.sub is not None and box.sup is None


def _is_long(box: Box) -> bool:
    """Whether the symbol is made of several signs: ``dZ``, ``loss``, ``∂J/∂Z``."""
    match box:
        case Symbol(text=text, kind="identifier"):
            letters = [letter for letter in text.split("_")[0] if letter.isalpha()]
            return len([letter for letter in letters if letter.isascii()]) > 1
        case Scripts(base=base):
            return _is_long(base)
        case Row() | Fraction():
            return True
        case _:
            return False


def _is_closed(box: Box) -> bool:
    """Whether a script or a parenthesis ends the box."""
    match box:
        case Row(parts=(*_, last)):
            return _is_closed(last)
        case _:
            return isinstance(box, (Scripts, Parenthesised))


def _is_call(box: Box) -> bool:
    return isinstance(box, Call) or (isinstance(box, Scripts) and isinstance(box.base, Call))
