"""What stands on the page, before it is written as LaTeX or as text.

A term is laid out once, as a tree of boxes: the order of what is printed, the signs, the
parentheses and the fractions are settled here. A writer (``latex.py``, ``text.py``) only spells a
box out in its own medium. Boxes say what something *is* (a fraction, a function applied, a product
by juxtaposition), so that a writer can choose spaces and sizes, and another one tags.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

__all__ = [
    "UNIT",
    "BigOperator",
    "Box",
    "Call",
    "Delimiter",
    "DelimiterKind",
    "Exponential",
    "Fraction",
    "FractionKind",
    "Juxtaposed",
    "Listed",
    "Marked",
    "Operator",
    "Parenthesised",
    "Root",
    "Row",
    "Scripts",
    "Sign",
    "Signed",
    "Symbol",
    "SymbolKind",
    "fraction",
    "juxtaposed",
    "nesting",
    "parenthesised",
    "scripts",
]

#: What a symbol is: ``"function"`` is one that is applied (``\\sigma``), ``"named operator"`` one
#: that is written with or without parentheses (``\\ln``), ``"sign"`` is ∂, d, ′ or ⋯.
SymbolKind: TypeAlias = Literal["identifier", "number", "function", "named operator", "sign"]

#: ``"small"`` holds nothing but numbers, ``"coefficient"`` numbers, sizes and hyperparameters.
FractionKind: TypeAlias = Literal["small", "coefficient", "ordinary", "derivative"]

Sign: TypeAlias = Literal["+", "-"]
DelimiterKind: TypeAlias = Literal["round", "square", "bar"]


class Box:
    """Base of all boxes. Boxes are immutable and compare by structure.

    What writers made of a box is kept with it, since a box stands in many lines. That is no
    field: it takes no part in equality, and is neither copied nor pickled.
    """

    __slots__ = ("_written",)
    _written: dict[object, Any]

    @property
    def written(self) -> dict[object, Any]:
        """What was made of the box, by the writer and by all that its result depends on."""
        try:
            return self._written
        except AttributeError:
            object.__setattr__(self, "_written", {})
            return self._written


@dataclass(frozen=True, slots=True)
class Symbol(Box):
    """One sign: ``latex`` may be composite, as ``W^{[1]}`` is, and is empty if there is none."""

    latex: str
    text: str
    kind: SymbolKind = "identifier"


@dataclass(frozen=True, slots=True)
class Row(Box):
    """Parts one after another, with nothing between them."""

    parts: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Listed(Box):
    """Parts with commas between them: subscripts, arguments."""

    parts: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Juxtaposed(Box):
    """A product written side by side; the writer finds the space between two factors."""

    parts: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Signed(Box):
    """Terms with their signs; a plus sign in front of the first one isn't printed."""

    parts: tuple[tuple[Sign, Box], ...]


@dataclass(frozen=True, slots=True)
class Operator(Box):
    """A sign on its own, where a line is broken; ``binary`` unless it stands in front."""

    sign: Sign
    binary: bool


@dataclass(frozen=True, slots=True)
class Fraction(Box):
    """``numerator`` over ``denominator``."""

    numerator: Box
    denominator: Box
    kind: FractionKind = "ordinary"


@dataclass(frozen=True, slots=True)
class Scripts(Box):
    """``base`` with what stands below and above at its right."""

    base: Box
    sub: Box | None = None
    sup: Box | None = None


@dataclass(frozen=True, slots=True)
class Root(Box):
    """The square root of ``body``."""

    body: Box


@dataclass(frozen=True, slots=True)
class Exponential(Box):
    """``e`` to the power of ``exponent``."""

    exponent: Box


@dataclass(frozen=True, slots=True)
class Call(Box):
    """A function applied; ``argument`` is parenthesised, or simple: ``\\ln a``."""

    function: Box
    argument: Box


@dataclass(frozen=True, slots=True)
class BigOperator(Box):
    """``symbol`` (Σ) with its limits, in front of ``body``."""

    symbol: Symbol
    lower: Box
    upper: Box
    body: Box


@dataclass(frozen=True, slots=True)
class Parenthesised(Box):
    """``body`` between delimiters; ``depth`` counts the pairs nested inside, this one included.

    The parentheses of a simple call, ``\\sigma(z)``, have depth 0: they need no larger ones
    around them.
    """

    body: Box
    kind: DelimiterKind
    depth: int


@dataclass(frozen=True, slots=True)
class Delimiter(Box):
    """One side of ``pair``, where a line is broken inside the pair."""

    pair: Parenthesised
    side: Literal["open", "close"]


@dataclass(frozen=True, slots=True)
class Marked(Box):
    """``body``, whose origin is being followed."""

    body: Box


#: The 1 of ``1/m``, which is there only because a fraction needs a numerator.
UNIT = Symbol("1", "1", "number")


def _unmarked(box: Box) -> Box:
    return box.body if isinstance(box, Marked) else box


def juxtaposed(parts: list[Box]) -> Box:
    """The product of ``parts``, where neighbours that are marked share one mark.

    >>> two, m = Symbol("2", "2", "number"), Symbol("m", "m")
    >>> juxtaposed([Marked(two), Marked(m)]) == Marked(Juxtaposed((two, m)))
    True
    """
    merged: list[Box] = []
    for part in parts:
        if merged and isinstance(part, Marked) and isinstance(merged[-1], Marked):
            before = merged[-1].body
            inside = before.parts if isinstance(before, Juxtaposed) else (before,)
            merged[-1] = Marked(Juxtaposed((*inside, part.body)))
        else:
            merged.append(part)
    return merged[0] if len(merged) == 1 else Juxtaposed(tuple(merged))


def fraction(numerator: Box, denominator: Box, kind: FractionKind = "ordinary") -> Box:
    """A fraction, marked as a whole if all of it is marked.

    >>> m = Symbol("m", "m")
    >>> fraction(UNIT, Marked(m)) == Marked(Fraction(UNIT, m))
    True
    """
    if isinstance(denominator, Marked) and (numerator is UNIT or isinstance(numerator, Marked)):
        return Marked(Fraction(_unmarked(numerator), denominator.body, kind))
    return Fraction(numerator, denominator, kind)


def scripts(base: Box, sub: Box | None = None, sup: Box | None = None) -> Box:
    """A base with scripts, marked as a whole if base and superscript are.

    >>> m, two = Symbol("m", "m"), Symbol("2", "2", "number")
    >>> scripts(Marked(m), sup=Marked(two)) == Marked(Scripts(m, sup=two))
    True
    """
    if isinstance(base, Marked) and (sup is None or isinstance(sup, Marked)):
        above = None if sup is None else _unmarked(sup)
        return Marked(_plain_scripts(base.body, sub, above))
    return _plain_scripts(base, sub, sup)


def _plain_scripts(base: Box, sub: Box | None, sup: Box | None) -> Scripts:
    """The scripts on one base: the power of ``a_i`` stands above its subscript."""
    if isinstance(base, Scripts) and base.sup is None and sub is None:
        return Scripts(base.base, base.sub, sup)
    return Scripts(base, sub, sup)


def nesting(box: Box) -> int:
    """How many pairs of delimiters are nested in ``box`` at full size.

    What a fraction, a root or a script holds is set apart already and doesn't count.
    """
    match box:
        case Parenthesised(depth=depth):
            return depth
        case Row(parts=parts) | Listed(parts=parts) | Juxtaposed(parts=parts):
            return max((nesting(part) for part in parts), default=0)
        case Signed(parts=signed):
            return max(nesting(part) for _, part in signed)
        case Scripts(base=inner) | Marked(body=inner) | BigOperator(body=inner):
            return nesting(inner)
        case Call(argument=inner):
            return nesting(inner)
        case _:
            return 0


def parenthesised(body: Box, kind: DelimiterKind | None = None) -> Parenthesised:
    """``body`` between delimiters: round ones innermost, then square ones, in turn, unless
    ``kind`` is given.

    >>> inner = parenthesised(Symbol("a", "a"))
    >>> inner.kind, parenthesised(inner).kind
    ('round', 'square')
    """
    depth = nesting(body) + 1
    return Parenthesised(body, kind or ("round" if depth % 2 else "square"), depth)
