r"""From boxes to LaTeX. The result needs amsmath and, where something is marked, ``\derivetrack``.

Delimiters grow by what they hold (``(``, ``\bigl(``, ``\Bigl(`` …), never by ``\left`` and
``\right``: those pad, cannot be broken over lines, and are as tall as the tallest limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from typing import Literal, TypeAlias

from derive.errors import InputError
from derive.notation.boxes import (
    BigOperator,
    Box,
    Call,
    Delimiter,
    DelimiterKind,
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
from derive.notation.symbols import SplitSymbol, split_symbol

__all__ = ["Style", "write_latex"]


class Style(IntEnum):
    """TeX's styles, as far as they matter for sizes."""

    SCRIPT = 0
    TEXT = 1
    DISPLAY = 2


#: What a piece begins or ends with, as far as it matters for the space beside it.
_Edge: TypeAlias = Literal["digit", "letter", "accent", "open", "close", "fraction", "operator"]

# After a command stands a space, so that a letter behind it is not read as a part of its name.
_OPEN = {"round": "(", "square": "[", "bar": "\\lvert "}
_CLOSE = {"round": ")", "square": "]", "bar": "\\rvert "}
_SIZES = ("", r"\big", r"\Big", r"\bigg", r"\Bigg")
_BIG_FRACTION = 2  # the size of delimiters around a fraction or a sum in display style


@dataclass(frozen=True, slots=True)
class _Piece:
    """LaTeX source with what its neighbours must know: the size of delimiters around it (an entry
    of ``_SIZES``) and its edges."""

    source: str
    size: int = 0
    left: _Edge = "letter"
    right: _Edge = "letter"


def write_latex(box: Box, style: Style = Style.DISPLAY) -> str:
    r"""``box`` as LaTeX for math mode.

    Raises:
        InputError: a symbol has no LaTeX.

    >>> from derive.notation.boxes import UNIT
    >>> write_latex(Fraction(UNIT, Symbol("m", "m")))
    '\\frac{1}{m}'
    """
    return _write(box, style).source


def _write(box: Box, style: Style) -> _Piece:
    what = ("LaTeX", style)
    known: _Piece | None = box.written.get(what)
    if known is None:
        known = box.written[what] = _written(box, style)
    return known


def _written(box: Box, style: Style) -> _Piece:
    match box:
        case Symbol():
            return _symbol(box)
        case Row(parts=parts):
            return _row([_write(part, style) for part in parts])
        case Listed(parts=parts):
            pieces = [_write(part, style) for part in parts]
            comma = "," if style is Style.SCRIPT else ", "
            return _Piece(comma.join(p.source for p in pieces), _tallest(pieces))
        case Juxtaposed(parts=parts):
            return _juxtaposed([_write(part, style) for part in parts])
        case Signed():
            return _signed(box, style)
        case Operator(sign=sign, binary=binary):
            return _Piece(f" {sign} " if binary else sign, left="operator", right="operator")
        case Fraction():
            return _fraction(box, style)
        case Scripts():
            return _scripts(box, style)
        case Root(body=body):
            inner = _write(body, style)
            return _Piece(rf"\sqrt{{{inner.source}}}", inner.size, right="accent")
        case Exponential(exponent=exponent):
            return _exponential(exponent, style)
        case Call(function=function, argument=argument):
            return _call(function, argument, style)
        case BigOperator():
            return _big_operator(box, style)
        case Parenthesised(body=body, kind=kind):
            inner = _write(body, style)
            size = _SIZES[min(inner.size, len(_SIZES) - 1)]
            opening, closing = _delimiters(kind, size)
            grown = inner.size + 1 if box.depth else inner.size
            return _Piece(f"{opening}{inner.source}{closing}", grown, "open", "close")
        case Delimiter(pair=pair, side=side):
            inner = _write(pair.body, style)
            opening, closing = _delimiters(pair.kind, _SIZES[min(inner.size, len(_SIZES) - 1)])
            if side == "open":
                return _Piece(opening, left="open", right="open")
            return _Piece(closing, left="close", right="close")
        case Marked(body=body):
            inner = _write(body, style)
            return _Piece(rf"\derivetrack{{{inner.source}}}", inner.size, inner.left, inner.right)
        case _:
            raise TypeError(f"no LaTeX for a {type(box).__name__}")


def _symbol(symbol: Symbol) -> _Piece:
    if not symbol.latex:
        raise InputError(
            f"{symbol.text!r} has no LaTeX symbol of its own: declare one for it in the problem"
        )
    if symbol.kind == "number":
        return _Piece(symbol.latex, left="digit", right="digit")
    if symbol.kind == "named operator":
        return _Piece(symbol.latex, left="operator")
    raised = symbol.kind == "identifier" and bool(_split(symbol).sup)
    return _Piece(symbol.latex, 1 if raised else 0)


def _split(symbol: Symbol) -> SplitSymbol:
    """The symbol's own scripts; operators and signs such as ``\\operatorname{…}`` have none."""
    if symbol.kind == "identifier" or (
        symbol.kind == "function" and not symbol.latex.startswith(r"\operatorname")
    ):
        return split_symbol(symbol.latex)
    return SplitSymbol(symbol.latex, "", "")


def _tallest(pieces: list[_Piece]) -> int:
    return max((piece.size for piece in pieces), default=0)


def _row(pieces: list[_Piece]) -> _Piece:
    if not pieces:
        return _Piece("")
    source = ""
    for piece in pieces:
        source += _gap_after_command(source, piece.source) + piece.source
    return _Piece(source, _tallest(pieces), pieces[0].left, pieces[-1].right)


def _gap_after_command(before: str, after: str) -> str:
    """A space where a command such as ``\\partial`` would run into a letter."""
    end = len(before)
    while end and before[end - 1].isalpha() and before[end - 1].isascii():
        end -= 1
    is_command = end < len(before) and end > 0 and before[end - 1] == "\\"
    runs_on = is_command or before[-1:].isdigit()
    return " " if runs_on and after[:1].isalpha() else ""


def _juxtaposed(pieces: list[_Piece]) -> _Piece:
    source = pieces[0].source
    for left, right in pairwise(pieces):
        source += _space_between(left.right, right.left) + right.source
    return _Piece(source, _tallest(pieces), pieces[0].left, pieces[-1].right)


def _space_between(left: _Edge, right: _Edge) -> str:
    r"""The sign or space between two factors. TeX itself spaces operators such as Σ and ln."""
    if right == "digit":
        return r"\cdot "
    if right == "operator":
        return " "
    if left == "close" and right == "open":
        return ""
    if left in ("fraction", "close", "accent"):
        return r"\,"
    if right == "open" or left == "digit":
        return ""
    return " " if right == "letter" else r"\,"


def _signed(box: Signed, style: Style) -> _Piece:
    pieces = [_write(part, style) for _, part in box.parts]
    source = ""
    for place, ((sign, _), piece) in enumerate(zip(box.parts, pieces, strict=True)):
        if place:
            source += f" {sign} "
        elif sign == "-":
            source += sign
        source += piece.source
    return _Piece(source, _tallest(pieces), "operator", pieces[-1].right)


def _fraction(box: Fraction, style: Style) -> _Piece:
    small = box.kind == "small"
    inside = Style.TEXT if style is Style.DISPLAY and not small else Style.SCRIPT
    above = _write(box.numerator, inside)
    below = _write(box.denominator, inside)
    # Next to other display material a bare number is set small, as in print.
    command = r"\tfrac" if small and style is Style.DISPLAY else r"\frac"
    if style is Style.DISPLAY and not small:
        size = _BIG_FRACTION + (1 if max(above.size, below.size) > 1 else 0)
    else:
        size = 0 if style is Style.SCRIPT else 1
    source = f"{command}{{{above.source}}}{{{below.source}}}"
    # No space between a bare ∂/∂w and the bracket around what it is applied to.
    operator = box.kind == "derivative" and isinstance(box.numerator, Symbol)
    return _Piece(source, size, "fraction", "close" if operator else "fraction")


def _scripts(box: Scripts, style: Style) -> _Piece:
    base = box.base
    own = SplitSymbol("", "", "")
    if isinstance(base, Symbol):
        written = _symbol(base)  # which refuses a symbol that has no LaTeX
        own = _split(base)
        source = own.base
    else:
        written = _write(base, style)
        source = f"{{{written.source}}}" if isinstance(base, Scripts) else written.source
    sub = "" if box.sub is None else _write(box.sub, Style.SCRIPT).source
    sup = "" if box.sup is None else _write(box.sup, Style.SCRIPT).source
    below = ",".join(part for part in (own.sub, sub) if part)
    # A layer and a prime share one superscript, g^{[1]\prime}, as do a layer and an example.
    primes = set(sup) == {"'"}
    joined = sup.replace("'", r"\prime") if primes else sup
    above = own.sup + joined if own.sup and sup else own.sup or sup
    raised = _script("^", above)
    lowered = _script("_", below)
    # A symbol's own superscript stands first, W^{[1]}_{hj}; a power last, a_{ih}^2.
    source += raised + lowered if own.sup else lowered + raised
    if not above:
        right: _Edge = written.right
    else:
        right = "close" if written.right == "close" and not sup else "accent"
    if own.sup:
        right = "letter"
    return _Piece(source, written.size, written.left, right)


def _script(sign: str, source: str) -> str:
    if not source:
        return ""
    if sign == "^" and set(source) == {"'"}:
        return source
    return sign + (source if len(source) == 1 else f"{{{source}}}")


def _exponential(exponent: Box, style: Style) -> _Piece:
    """``e`` with a superscript; ``exp(…)`` if the exponent is too tall for one."""
    if style is not Style.SCRIPT:
        tall = _write(exponent, Style.TEXT)
        if tall.size:
            full = _write(exponent, style)
            opening, closing = _delimiters("round", _SIZES[min(full.size, len(_SIZES) - 1)])
            source = rf"\exp{opening}{full.source}{closing}"
            return _Piece(source, full.size + 1, "operator", "close")
    return _Piece(f"e^{{{_write(exponent, Style.SCRIPT).source}}}", right="accent")


def _call(function: Box, argument: Box, style: Style) -> _Piece:
    sign = _write(function, style)
    inner = _write(argument, style)
    gap = "" if inner.left == "open" else " "
    return _Piece(sign.source + gap + inner.source, inner.size, _call_edge(sign), inner.right)


def _call_edge(sign: _Piece) -> _Edge:
    # A function's sign is set off from a letter before it, so that x σ(z) isn't read as a name.
    return "operator" if sign.left == "operator" else "accent"


def _big_operator(box: BigOperator, style: Style) -> _Piece:
    lower = _write(box.lower, Style.SCRIPT).source
    upper = _write(box.upper, Style.SCRIPT).source
    body = _write(box.body, style)
    gap = " " if body.source and body.left not in ("open", "operator") else ""
    source = f"{box.symbol.latex}_{{{lower}}}^{{{upper}}}{gap}{body.source}"
    own = _BIG_FRACTION if style is Style.DISPLAY else int(style is Style.TEXT)
    return _Piece(source, max(own, body.size), "operator", body.right)


def _delimiters(kind: DelimiterKind, size: str) -> tuple[str, str]:
    opening, closing = _OPEN[kind], _CLOSE[kind]
    return (f"{size}l{opening}", f"{size}r{closing}") if size else (opening, closing)
