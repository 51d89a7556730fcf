"""Where a page may break a long formula.

A browser fills rows by itself, if it is given a formula as several with places between them where a
row may end. What it cannot do is to prefer one of these places: all of them have to be good.
"""

from __future__ import annotations

from derive.notation import width_in_em
from derive.notation.boxes import Box, Delimiter, Juxtaposed, Row
from derive.notation.lines import broken

__all__ = ["pieces"]

#: No piece has to be smaller than this, and none may be wider than is asked for by more, in em.
_SMALLEST = 8
_MORE = 3


def pieces(box: Box, limit: int) -> list[Box]:
    """A formula in pieces of about ``limit`` em, as far as its signs allow.

    Of all ways to break it the one is taken that goes least deep into its parentheses: between the
    terms of a sum rather than inside of them, though the pieces are smaller so, or a little wider.
    Among those that go equally deep it is one without a piece that is too wide, and with the fewest
    pieces.

    Args:
        box: the formula.
        limit: in em; a formula up to this width is left whole.

    >>> from derive.notation.boxes import Signed, Symbol, parenthesised
    >>> from derive.notation.text import write_text
    >>> def product(*names):
    ...     return Juxtaposed(tuple(Symbol(name, name) for name in names))
    >>> inner = parenthesised(Signed((("+", product(*"abcd")), ("-", product(*"efgh")))))
    >>> term = Juxtaposed((product(*"xyz"), inner))
    >>> terms = parenthesised(Signed((("+", term), ("+", term))))
    >>> [write_text(piece) for piece in pieces(terms, 10)]
    ['[x y z (a b c d − e f g h)', ' + x y z (a b c d − e f g h)]']
    """
    if width_in_em(box) <= limit:
        return [box]
    sizes = range(limit + _MORE, _SMALLEST - 1, -1)
    ways = (broken(box, size, width_in_em) for size in sizes)
    return min(ways, key=lambda way: _badness(way, limit))


def _badness(way: list[Box], limit: int) -> tuple[int, float, int]:
    """How deep in parentheses the deepest break is, by how much the widest piece is too wide, and
    how many pieces there are."""
    depth = deepest = 0
    for piece in way[:-1]:
        depth += _opened(piece)
        deepest = max(deepest, depth)
    return deepest, max(0.0, max(map(width_in_em, way)) - limit), len(way)


def _opened(box: Box) -> int:
    """How many pairs of delimiters a piece opens and does not close."""
    match box:
        case Delimiter(side=side):
            return 1 if side == "open" else -1
        case Row(parts=parts) | Juxtaposed(parts=parts):
            return sum(map(_opened, parts))
        case _:
            return 0
