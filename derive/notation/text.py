"""From boxes to one line of Unicode text.

A line has no fractions and no sizes, so what LaTeX shows by position is shown here by
parentheses and a slash: ``(1/m) Σᵢ₌₁ᵐ (a_i − y_i) x_ij``. Scripts that Unicode has (``a²``,
``Σᵢ₌₁ᵐ``) are used where all of a script can be written with them; subscripts of quantities stay
as ``x_ij``, which every font has.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from derive.notation.boxes import (
    BigOperator,
    Box,
    Call,
    Delimiter,
    Exponential,
    Fraction,
    Juxtaposed,
    Listed,
    Marked,
    Operator,
    Parenthesised,
    Root,
    Row,
    Scripts,
    Signed,
    Symbol,
)
from derive.notation.symbols import subscript_text, superscript_text

__all__ = ["Mark", "columns", "in_brackets", "is_touched", "unmarked", "write_text"]

#: How the text of a marked part is shown; it gets the text with its parentheses, if any.
Mark: TypeAlias = Callable[[str], str]

_OPEN = {"round": "(", "square": "[", "bar": "|"}
_CLOSE = {"round": ")", "square": "]", "bar": "|"}
_SIGNS = {"+": "+", "-": "−"}
_ESCAPE_SEQUENCE = re.compile(r"\x1b\[[0-9;]*m")


def in_brackets(text: str) -> str:
    """The usual mark, which takes the place of parentheses.

    >>> in_brackets("(1/m)"), in_brackets("(a) (b)")
    ('⟦1/m⟧', '⟦(a) (b)⟧')
    """
    return f"⟦{text[1:-1] if _is_one_pair(text) else text}⟧"


def unmarked(text: str) -> str:
    """The mark that shows nothing.

    >>> unmarked("(1/m)")
    '(1/m)'
    """
    return text


def _is_one_pair(text: str) -> bool:
    """Whether the first parenthesis is closed by the last character."""
    if not (text.startswith("(") and text.endswith(")")):
        return False
    depth = 0
    for place, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return place == len(text) - 1
    return False


def columns(text: str) -> int:
    """How many columns of a terminal ``text`` takes: colours and combining accents take none.

    >>> columns("ŷ_i"), columns("\\x1b[31m1/m\\x1b[0m")
    (3, 3)
    """
    plain = _ESCAPE_SEQUENCE.sub("", text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in plain
    )


class _Hold(IntEnum):
    """How tightly a piece holds together on a line of text, loosest first."""

    ADDITION = 0
    PRODUCT = 1
    QUOTIENT = 2
    SCRIPTED = 3
    ATOM = 4


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    hold: _Hold = _Hold.ATOM


def write_text(box: Box, mark: Mark = in_brackets) -> str:
    """``box`` as one line of text.

    >>> from derive.notation.boxes import UNIT
    >>> write_text(Marked(Fraction(UNIT, Symbol("m", "m"))))
    '⟦1/m⟧'
    """
    return _Writer(mark).write(box).text


class _Writer:
    def __init__(self, mark: Mark) -> None:
        self.mark = mark

    def write(self, box: Box) -> _Piece:
        if self.mark not in (in_brackets, unmarked):
            return self._write(box)
        known: _Piece | None = box.written.get(self.mark)
        if known is None:
            known = box.written[self.mark] = self._write(box)
        return known

    def _write(self, box: Box) -> _Piece:
        match box:
            case Symbol(text=text):
                return _Piece(text)
            case Row(parts=parts):
                pieces = [self.write(part) for part in parts]
                hold = pieces[0].hold if len(pieces) == 1 else _Hold.ATOM
                pieces = [
                    _Piece(f"({piece.text})") if is_touched(parts, place) else piece
                    for place, piece in enumerate(pieces)
                ]
                return _Piece("".join(piece.text for piece in pieces), hold)
            case Listed(parts=parts):
                return _Piece(", ".join(self.write(part).text for part in parts))
            case Juxtaposed(parts=parts):
                return self.product(parts)
            case Signed(parts=parts):
                text = ""
                for place, (sign, part) in enumerate(parts):
                    written = self.held(part, _Hold.PRODUCT)
                    between = f" {_SIGNS[sign]} " if place else "−" if sign == "-" else ""
                    text += between + written
                return _Piece(text, _Hold.ADDITION)
            case Operator(sign=sign, binary=binary):
                return _Piece(f" {_SIGNS[sign]} " if binary else _SIGNS[sign], _Hold.ADDITION)
            case Fraction():
                above = self.held(box.numerator, _Hold.PRODUCT)
                below = self.held(box.denominator, _Hold.SCRIPTED)
                if box.kind != "derivative" and _is_long_row(box.denominator):
                    below = f"({below})"
                return _Piece(f"{above}/{below}", _Hold.QUOTIENT)
            case Scripts():
                return self.scripts(box)
            case Root(body=body):
                inside = self.held(body, _Hold.ATOM)
                inside = f"({inside})" if _is_long_row(body) else inside
                return _Piece("√" + inside, _Hold.SCRIPTED)
            case Exponential(exponent=exponent):
                return _Piece(f"exp({self.write(exponent).text})")
            case Call(function=function, argument=argument):
                return self.call(function, argument)
            case BigOperator():
                return self.big_operator(box)
            case Parenthesised(body=body, kind=kind):
                return _Piece(f"{_OPEN[kind]}{self.write(body).text}{_CLOSE[kind]}")
            case Delimiter(pair=pair, side=side):
                return _Piece((_OPEN if side == "open" else _CLOSE)[pair.kind])
            case Marked(body=body):
                inner = self.write(body)
                return _Piece(self.mark(inner.text), inner.hold)
            case _:
                raise TypeError(f"no text for a {type(box).__name__}")

    def held(self, box: Box, hold: _Hold) -> str:
        """``box``, in parentheses if it is looser than ``hold``; they belong to its mark."""
        inner = self.write(box.body if isinstance(box, Marked) else box)
        text = inner.text if inner.hold >= hold else f"({inner.text})"
        return self.mark(text) if isinstance(box, Marked) else text

    def product(self, parts: tuple[Box, ...]) -> _Piece:
        text = ""
        for place, part in enumerate(parts):
            written = self.as_factor(part)
            if place and _is_operator(parts[place - 1]) and _is_slashed(part):
                written = f"({written})"
            text += (_between(parts[place - 1], part) if place else "") + written
        return _Piece(text, _Hold.PRODUCT)

    def as_factor(self, box: Box) -> str:
        """A factor; a coefficient's fraction is in parentheses in front of others."""
        inner = box.body if isinstance(box, Marked) else box
        if isinstance(inner, Fraction) and inner.kind in ("coefficient", "small"):
            text = f"({self.write(inner).text})"
            return self.mark(text) if isinstance(box, Marked) else text
        return self.held(box, _Hold.PRODUCT)

    def scripts(self, box: Scripts) -> _Piece:
        base = box.base
        if isinstance(base, Parenthesised) and isinstance(base.body, Exponential):
            base = base.body  # exp(z)² has its parentheses already
        text = self.held(base, _Hold.ATOM)
        if isinstance(base, Symbol) and base.text.endswith("]") and isinstance(box.sup, Row):
            # A layer and an example share one superscript: a^[1](i)_h.
            text += self.write(box.sup).text
            return _Piece(text + (self.sub(box.sub, base) if box.sub else ""), _Hold.SCRIPTED)
        if box.sub is not None:
            text += self.sub(box.sub, box.base)
        if box.sup is None:
            return _Piece(text)
        return _Piece(text + self.sup(box.sup), _Hold.SCRIPTED)

    def sub(self, box: Box, base: Box) -> str:
        """A subscript; braces where a comma would end it, a comma after the symbol's own one."""
        joined = isinstance(base, Symbol) and "_" in base.text
        if isinstance(base, Symbol) and base.kind == "sign":
            return subscript_text(self.write(box).text) or f"_{self.write(box).text}"
        if isinstance(box, Listed):
            inner = ",".join(self.write(part).text for part in box.parts)
            return f",{inner}" if joined else f"_{{{inner}}}"
        inner = self.write(box).text
        return f",{inner}" if joined else f"_{inner}"

    def sup(self, box: Box) -> str:
        inner = box.body if isinstance(box, Marked) else box
        written = self.write(inner)
        if isinstance(inner, Symbol) and inner.kind == "sign":
            primed = written.text in ("′", "″", "‴")
            raised = written.text if primed else superscript_text(written.text)
        else:  # letters above are hard to read
            raised = superscript_text(written.text) if written.text.isdecimal() else None
        text = raised or "^" + self.held(inner, _Hold.ATOM)
        return self.mark(text) if isinstance(box, Marked) else text

    def call(self, function: Box, argument: Box) -> _Piece:
        sign = self.write(function).text
        inner = self.write(argument)
        if isinstance(argument, Parenthesised):
            return _Piece(sign + inner.text)
        return _Piece(f"{sign} {inner.text}", _Hold.PRODUCT)

    def big_operator(self, box: BigOperator) -> _Piece:
        lower, upper = self.write(box.lower).text, self.write(box.upper).text
        below, above = subscript_text(lower), superscript_text(upper)
        limits = f"{below}{above}" if below and above else f"_{{{lower}}}^{{{upper}}}"
        body = self.held(box.body, _Hold.PRODUCT)
        return _Piece(f"{box.symbol.text}{limits} {body}", _Hold.PRODUCT)


def is_touched(parts: tuple[Box, ...], place: int) -> bool:
    """Whether a part is a derivative in a product of matrices: with a slash, ``Xᵀ∂J/∂Z`` could be
    read as the derivative of something else, so it needs parentheses.

    >>> partial = Symbol("Z", "∂Z"), Symbol("J", "∂J")
    >>> fraction = Fraction(*partial, "derivative")
    >>> x, times = Symbol("X", "X"), Symbol("=", " = ", "sign")
    >>> is_touched((x, fraction), 1), is_touched((x, times, fraction), 2)
    (True, False)
    """
    part = parts[place]
    if not (isinstance(part, Fraction) and part.kind == "derivative"):
        return False
    before = (each for each in reversed(parts[:place]) if not _is_blank(each))
    after = (each for each in parts[place + 1 :] if not _is_blank(each))
    return any(_is_matrix(each) for each in (next(before, None), next(after, None)))


def _is_blank(box: Box) -> bool:
    return isinstance(box, Symbol) and box.text.isspace()


def _is_matrix(box: Box | None) -> bool:
    """Whether a part of a row is a matrix, and neither a sign between two of them nor what stands
    before the first term of a sum that is broken into lines."""
    match box:
        case Symbol(kind="sign", text=text):
            return text.isalnum()  # 𝟏 is one
        case Symbol() | Scripts() | Row() | Fraction() | Parenthesised() | Call():
            return True
        case _:
            return False


def _between(left: Box, right: Box) -> str:
    """The sign or space between two factors."""
    left, right = _end(left, -1), _end(right, 0)
    if _is_operator(left):
        return " "
    if _is_slashed(left) or _is_slashed(right) or _starts_with_digit(right):
        return " · "
    if isinstance(left, Symbol) and left.kind == "number":
        return "" if _is_short(right) else " "
    return " "


def _end(box: Box, place: int) -> Box:
    """The factor at the start (0) or at the end (−1) of one that may be marked with others."""
    inner = box.body if isinstance(box, Marked) else box
    return _end(inner.parts[place], place) if isinstance(inner, Juxtaposed) else inner


def _is_slashed(box: Box) -> bool:
    """Whether a factor is a bare ``a/b``, which must not touch its neighbours."""
    return (
        isinstance(box, Fraction)
        and box.kind in ("ordinary", "derivative")
        and not _is_operator(box)
    )


def _is_long_row(box: Box) -> bool:
    """Whether a row of several parts stands there, as a product of matrices, whose end must be
    seen under a root or below a line."""
    return isinstance(box, Row) and len(box.parts) > 1


def _is_operator(box: Box) -> bool:
    """Whether it is a bare ∂/∂w, which is applied to what follows."""
    return (
        isinstance(box, Fraction) and box.kind == "derivative" and isinstance(box.numerator, Symbol)
    )


def _starts_with_digit(box: Box) -> bool:
    match box:
        case Symbol(kind=kind):
            return kind == "number"
        case Scripts(base=base) | Marked(body=base):
            return _starts_with_digit(base)
        case Juxtaposed(parts=parts):
            return _starts_with_digit(parts[0])
        case _:
            return False


def _is_short(box: Box) -> bool:
    """Whether a number may stand directly before it: ``2m``, ``2a_i``, ``2(a − y)``."""
    match box:
        case Symbol() | Parenthesised() | Delimiter() | Root():
            return True
        case Scripts(base=base):
            return _is_short(base)
        case _:
            return False
