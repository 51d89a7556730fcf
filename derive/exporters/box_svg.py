"""Formulas drawn as SVG text: positions, sizes and rules from the tree of boxes.

Widths are those of Times, which the first fonts of the stack share; a run of several letters says
its width to the browser, so that no other font makes it wider.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace

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
from derive.notation.symbols import default_symbols, split_symbol

__all__ = ["Drawing", "Frame", "Rule", "Text", "draw", "has_known_width", "text_width"]


@dataclass(frozen=True, slots=True)
class Text:
    """A run of letters on a baseline, in em."""

    x: float
    y: float
    size: float
    words: str
    italic: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """A horizontal line, in em."""

    x: float
    y: float
    width: float


@dataclass(frozen=True, slots=True)
class Frame:
    """The frame of what is tracked, in em."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """A formula with its baseline at y = 0, measured in em; y grows downwards.

    ``tracked`` holds the numbers of those parts that are inside a frame.
    """

    width: float
    ascent: float
    descent: float
    parts: tuple[Text | Rule | Frame, ...]
    tracked: frozenset[int] = frozenset()

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.ascent + self.descent


# The widths of Times, upright and italic, in em.
_UPRIGHT = {
    **dict.fromkeys("bdghknopquvxy0123456789", 0.5),
    **dict.fromkeys("acez", 0.444),
    **dict.fromkeys("ijlt/:;", 0.278),
    **dict.fromkeys("fr()[]I-", 0.333),
    **dict.fromkeys("sJ", 0.389),
    **dict.fromkeys("+−=<>≠×⊙", 0.564),
    **dict.fromkeys(",. |", 0.25),
    **dict.fromkeys("ADGHKNOQUVXY", 0.722),
    **dict.fromkeys("BCR", 0.667),
    **dict.fromkeys("ELTZ", 0.611),
    **dict.fromkeys("FPS", 0.556),
    **dict(
        zip("mwMWΣ∂⋯∇'′", (0.778, 0.722, 0.889, 0.944, 0.62, 0.494, 1, 0.7, 0.2, 0.25), strict=True)
    ),
}
_ITALIC = {
    **dict.fromkeys("abdghnopqu", 0.5),
    **dict.fromkeys("cekvxy", 0.444),
    **dict.fromkeys("fijlt", 0.278),
    **dict.fromkeys("rsz", 0.389),
    **dict.fromkeys("ABEFPRVX", 0.611),
    **dict.fromkeys("CKN", 0.667),
    **dict.fromkeys("DGHOQU", 0.722),
    **dict.fromkeys("LTYZ", 0.556),
    **dict(zip("mwIJMSW", (0.722, 0.667, 0.333, 0.444, 0.833, 0.5, 0.833), strict=True)),
}


def text_width(words: str, *, italic: bool = False) -> float:
    """About how wide ``words`` are, in em.

    >>> text_width("ab") < text_width("WW")
    True
    """
    return sum(_character_width(character, italic=italic) for character in words)


def has_known_width(words: str) -> bool:
    """Whether the width of each character is that of Times, and no estimate.

    >>> has_known_width("ln x"), has_known_width("λ")
    (True, False)
    """
    return all(character in _UPRIGHT or character in _ITALIC for character in words)


def _character_width(character: str, *, italic: bool) -> float:
    known = _ITALIC.get(character) if italic else None
    known = known or _UPRIGHT.get(character)
    if known is not None:
        return known
    if unicodedata.combining(character):
        return 0.0
    base = unicodedata.normalize("NFD", character)[0]
    if base != character:
        return _character_width(base, italic=italic)
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    return 0.72 if character.isupper() else 0.52


_OWN_SCRIPT = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ʰⁱʲᵏˡᵐⁿ]+$|\\^\\[[^\\[\\]]*\\]$")
_SCRIPT_SIGN = re.compile(r"\\mathrm\{([^{}]*)\}|\\([A-Za-z]+)|(.)", re.DOTALL)
_SCRIPT = 0.7
_OPEN = {"round": "(", "square": "[", "bar": "|"}
_CLOSE = {"round": ")", "square": "]", "bar": "|"}
_AXIS = 0.25  # how far above the baseline a fraction's rule stands
_EMPTY = Drawing(0.0, 0.0, 0.0, ())


def draw(box: Box) -> Drawing:
    """``box`` as a drawing.

    >>> from derive.notation.boxes import UNIT
    >>> [part.words for part in draw(Fraction(UNIT, Symbol("m", "m"))).parts
    ...  if isinstance(part, Text)]
    ['1', 'm']
    """
    match box:
        case Symbol():
            base, sub, sup = _split(box)
            return _scripted(base, sub, sup)
        case Row(parts=parts):
            return _beside([draw(part) for part in parts])
        case Listed(parts=parts):
            return _joined([draw(part) for part in parts], _words(", "))
        case Juxtaposed(parts=parts):
            return _product(parts)
        case Signed(parts=signed):
            pieces = []
            for place, (sign, part) in enumerate(signed):
                shown = "+" if sign == "+" else "−"
                if place:
                    pieces.append(_words(f" {shown} "))
                elif sign == "-":
                    pieces.append(_words(shown))
                pieces.append(draw(part))
            return _beside(pieces)
        case Operator(sign=sign, binary=binary):
            shown = "+" if sign == "+" else "−"
            return _words(f" {shown} " if binary else shown)
        case Fraction(numerator=above, denominator=below):
            return _fraction(draw(above), draw(below))
        case Scripts():
            return _scripts(box)
        case Root(body=body):
            inner = draw(body)
            radical = _words("√")
            drawn = _beside([radical, inner])
            rule = Rule(radical.width, -inner.ascent - 0.06, inner.width)
            return replace(drawn, ascent=drawn.ascent + 0.1, parts=(*drawn.parts, rule))
        case Exponential(exponent=exponent):
            return _scripted(_words("e", italic=True), None, draw(exponent))
        case Call(function=function, argument=argument):
            gap = [] if isinstance(argument, Parenthesised) else [_gap(0.17)]
            return _beside([draw(function), *gap, draw(argument)])
        case BigOperator(symbol=symbol, lower=lower, upper=upper, body=body):
            return _big_operator(symbol, draw(lower), draw(upper), draw(body))
        case Parenthesised(body=body, kind=kind):
            inner = draw(body)
            return _beside(
                [
                    _delimiter(_OPEN[kind], inner),
                    inner,
                    _delimiter(_CLOSE[kind], inner),
                ]
            )
        case Delimiter(pair=pair, side=side):
            signs = _OPEN[pair.kind] + _CLOSE[pair.kind]
            return _delimiter(signs[side == "close"], draw(pair.body))
        case Marked(body=body):
            return _framed(draw(body))
        case _:
            raise TypeError(f"no drawing for a {type(box).__name__}")


def _words(words: str, *, italic: bool = False, size: float = 1.0) -> Drawing:
    width = text_width(words, italic=italic) * size
    shown = words.strip(" ")
    left = text_width(words[: len(words) - len(words.lstrip(" "))]) * size
    parts = (Text(left, 0.0, size, shown, italic),) if shown else ()
    return Drawing(width, 0.72 * size, 0.22 * size, parts)


def _gap(width: float) -> Drawing:
    return replace(_EMPTY, width=width)


def _moved(drawing: Drawing, x: float, y: float, scale: float = 1.0) -> Drawing:
    parts: list[Text | Rule | Frame] = []
    for part in drawing.parts:
        at = {"x": part.x * scale + x, "y": part.y * scale + y}
        if isinstance(part, Text):
            parts.append(Text(at["x"], at["y"], part.size * scale, part.words, part.italic))
        elif isinstance(part, Rule):
            parts.append(Rule(at["x"], at["y"], part.width * scale))
        else:
            parts.append(Frame(at["x"], at["y"], part.width * scale, part.height * scale))
    return Drawing(
        drawing.width * scale,
        drawing.ascent * scale - y,
        drawing.descent * scale + y,
        tuple(parts),
        drawing.tracked,
    )


def _together(width: float, drawings: list[Drawing]) -> Drawing:
    """Drawings that were moved to their places, as one."""
    parts: list[Text | Rule | Frame] = []
    tracked: set[int] = set()
    for drawing in drawings:
        tracked.update(len(parts) + number for number in drawing.tracked)
        parts.extend(drawing.parts)
    ascent = max((drawing.ascent for drawing in drawings), default=0.0)
    descent = max((drawing.descent for drawing in drawings), default=0.0)
    return Drawing(width, ascent, descent, tuple(parts), frozenset(tracked))


def _beside(drawings: list[Drawing]) -> Drawing:
    x = 0.0
    placed = []
    for drawing in drawings:
        placed.append(_moved(drawing, x, 0.0))
        x += drawing.width
    return _together(x, placed)


def _joined(drawings: list[Drawing], between: Drawing) -> Drawing:
    pieces: list[Drawing] = []
    for drawing in drawings:
        pieces.extend([between, drawing] if pieces else [drawing])
    return _beside(pieces)


def _product(parts: tuple[Box, ...]) -> Drawing:
    pieces: list[Drawing] = []
    for place, part in enumerate(parts):
        if place:
            number = isinstance(part, Symbol) and part.kind == "number"
            pieces.append(_words(" · ") if number else _gap(0.14))
        pieces.append(draw(part))
    return _beside(pieces)


def _split(symbol: Symbol) -> tuple[Drawing, Drawing | None, Drawing | None]:
    """The sign of a symbol, and the scripts that are part of it: ``W^{[1]}``, ``w_out``."""
    text = symbol.text
    below = above = None
    if symbol.kind in ("identifier", "function") and not symbol.latex.startswith(r"\operatorname"):
        text = _OWN_SCRIPT.sub("", text) or text
        head, underscore, tail = text.partition("_")
        if underscore and head and tail:
            text, below = head, _words(tail)
        if symbol.latex:
            # LaTeX says best what stands above and below; text has no raised brackets.
            own = split_symbol(symbol.latex)
            above = _own_script(own.sup) if text != symbol.text else None
            below = _own_script(own.sub) or below
        if above is None and text == head != symbol.text:
            raised = symbol.text.removeprefix(text).partition("_")[0]
            above = _words(unicodedata.normalize("NFKC", raised)) if raised else None
    italic = len(text.strip()) <= 2 and symbol.kind in ("identifier", "function")
    # Two letters are one sign only where the second is an accent.
    italic = italic and len(unicodedata.normalize("NFC", text.strip())) == 1
    italic = italic and text not in "ΓΔΘΛΞΠΣΥΦΨΩ"
    return _words(text, italic=italic), below, above


def _own_script(source: str) -> Drawing | None:
    """What stands above or below a symbol by itself, or ``None`` if there is nothing, or if it
    is more than letters, digits and signs."""
    pieces = []
    for word, command, sign in _SCRIPT_SIGN.findall(source):
        if word:
            pieces.append(_words(word))
            continue
        letter = sign or default_symbols(command).text
        if sign in ("{", "}", "\\", "^", "_") or len(letter) != 1:
            return None
        shown = {"-": "−", "'": "′"}.get(letter, letter)
        pieces.append(_words(shown, italic=letter.isalpha()))
    return _beside(pieces) if pieces else None


def _scripted(base: Drawing, sub: Drawing | None, sup: Drawing | None) -> Drawing:
    pieces = [base]
    width = 0.0
    if sub is not None:
        pieces.append(_moved(sub, base.width + 0.02, max(0.22, base.descent - 0.05), _SCRIPT))
        width = max(width, sub.width * _SCRIPT)
    if sup is not None:
        rise = -max(0.4, base.ascent - 0.36)
        pieces.append(_moved(sup, base.width + 0.05, rise - sup.descent * 0.2, _SCRIPT))
        width = max(width, sup.width * _SCRIPT)
    return _together(base.width + width + (0.06 if width else 0.0), pieces)


def _scripts(box: Scripts) -> Drawing:
    sub = None if box.sub is None else draw(box.sub)
    sup = None if box.sup is None else draw(box.sup)
    if not isinstance(box.base, Symbol):
        return _scripted(draw(box.base), sub, sup)
    base, own_sub, own_sup = _split(box.base)
    if own_sub is not None:
        sub = own_sub if sub is None else _joined([own_sub, sub], _words(","))
    if own_sup is not None:
        sup = own_sup if sup is None else _beside([own_sup, sup])
    return _scripted(base, sub, sup)


def _fraction(above: Drawing, below: Drawing) -> Drawing:
    scale = 0.86
    width = max(above.width, below.width) * scale + 0.16
    top = _moved(
        above, (width - above.width * scale) / 2, -_AXIS - 0.08 - above.descent * scale, scale
    )
    bottom = _moved(
        below, (width - below.width * scale) / 2, -_AXIS + 0.1 + below.ascent * scale, scale
    )
    rule = Drawing(width, 0.0, 0.0, (Rule(0.03, -_AXIS, width - 0.06),))
    return _together(width + 0.06, [_moved(each, 0.03, 0.0) for each in (top, rule, bottom)])


def _big_operator(symbol: Symbol, lower: Drawing, upper: Drawing, body: Drawing) -> Drawing:
    sign = _words(symbol.text, size=1.35)
    scale = 0.62
    width = max(sign.width, lower.width * scale, upper.width * scale)
    column = _together(
        width,
        [
            _moved(sign, (width - sign.width) / 2, 0.16),
            _moved(upper, (width - upper.width * scale) / 2, -0.95, scale),
            _moved(lower, (width - lower.width * scale) / 2, 0.78, scale),
        ],
    )
    return _beside([column, _gap(0.14), body])


def _delimiter(sign: str, inner: Drawing) -> Drawing:
    size = 1.0 if inner.height < 1.5 else min(inner.height / 1.05, 2.4)
    drawn = _words(sign, size=size)
    # Large ones are centred on what they hold.
    shift = 0.0 if size == 1.0 else (inner.descent - inner.ascent) / 2 + 0.25 * size
    return _moved(drawn, 0.0, shift)


def _framed(inner: Drawing) -> Drawing:
    pad = 0.12
    frame = Frame(0.06, -inner.ascent - pad, inner.width + 2 * pad, inner.height + 2 * pad)
    moved = _moved(inner, pad + 0.06, 0.0)
    parts = (*moved.parts, frame)
    return Drawing(
        inner.width + 2 * pad + 0.12,
        inner.ascent + pad,
        inner.descent + pad,
        parts,
        frozenset(range(len(parts))),
    )
