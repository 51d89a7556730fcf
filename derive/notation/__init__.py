r"""How terms look: the one place where a term becomes LaTeX or text.

``term → layout → boxes → LaTeX | text``; see :mod:`derive.notation.layout` for the conventions.

>>> from derive.terms import Index, Ref, Size, Sum, add, multiply, negate, reciprocal
>>> i, j = Index("i", "m"), Index("j", "n")
>>> a, y, x = Ref("a", (i,)), Ref("y", (i,)), Ref("x", (i, j))
>>> gradient = multiply(reciprocal(Size("m")), Sum(i, multiply(add(a, negate(y)), x)))
>>> print(plain_text(gradient))
(1/m) Σᵢ₌₁ᵐ (a_i − y_i) x_ij
>>> print(latex(gradient))
\frac{1}{m} \sum_{i=1}^{m}(a_i - y_i)\,x_{ij}
"""

from __future__ import annotations

from derive.notation.boxes import Box, Operator, Row
from derive.notation.latex import Style, write_latex
from derive.notation.layout import layout, place_box
from derive.notation.lines import broken, width_in_em
from derive.notation.notation import PLAIN, Look, Notation
from derive.notation.symbols import DefaultSymbols, default_symbols, validate_latex_symbol
from derive.notation.text import Mark, columns, in_brackets, unmarked, write_text
from derive.terms import IndexLike, Term

__all__ = [
    "PLAIN",
    "DefaultSymbols",
    "Look",
    "Mark",
    "Notation",
    "columns",
    "default_symbols",
    "in_brackets",
    "latex",
    "latex_lines",
    "layout",
    "place_text",
    "plain_text",
    "text_lines",
    "unmarked",
    "validate_latex_symbol",
    "width_in_em",
]


def plain_text(term: Term, notation: Notation | None = None, mark: Mark = in_brackets) -> str:
    """``term`` as one line of Unicode text.

    Args:
        notation: whose symbols are used and what is tracked; by default names print as they are.
        mark: how a tracked part is shown, for instance in a terminal's colours.

    >>> from derive.terms import Ref, Size, multiply, reciprocal
    >>> plain_text(multiply(Ref("lambda_"), reciprocal(Size("m"))))
    'λ/m'
    """
    return write_text(layout(term, notation), mark)


def place_text(place: IndexLike) -> str:
    """A place in a subscript as text.

    >>> from derive.terms import Index
    >>> place_text(Index("t", "T") + Index("k", "K") - 1)
    't + k − 1'
    """
    return write_text(place_box(place))


def latex(term: Term, notation: Notation | None = None, *, inline: bool = False) -> str:
    r"""``term`` as LaTeX for math mode.

    It needs amsmath, and ``\derivetrack`` if something is tracked.

    Args:
        notation: as in :func:`plain_text`.
        inline: whether it will stand in a line of text, where delimiters are smaller.

    Raises:
        InputError: a quantity has no LaTeX symbol.

    >>> from derive.terms import Ref, Size, multiply, reciprocal
    >>> latex(multiply(Ref("lambda_"), reciprocal(Size("m"))))
    '\\frac{\\lambda}{m}'
    """
    return write_latex(layout(term, notation), Style.TEXT if inline else Style.DISPLAY)


def latex_lines(term: Term, notation: Notation | None = None, *, width: float) -> list[str]:
    r"""``term`` as LaTeX in lines of at most ``width`` em, as far as its signs allow.

    Lines after the first begin with ``{}+`` or ``{}-``: put them behind ``\\ &\quad`` in an
    ``align``. A line that is all one product or fraction may be longer.

    >>> from derive.terms import Ref, add
    >>> latex_lines(add(*(Ref("a", (n,)) for n in range(1, 7))), width=6.0)
    ['a_1 + a_2 + a_3', '{} + a_4 + a_5', '{} + a_6']
    """
    return [
        ("{}" if place and _begins_with_sign(line) else "") + write_latex(line)
        for place, line in enumerate(broken(layout(term, notation), width, width_in_em))
    ]


def text_lines(
    term: Term,
    notation: Notation | None = None,
    *,
    columns: int,
    mark: Mark = in_brackets,
) -> list[str]:
    """``term`` as text in lines of at most ``columns`` columns, as far as its signs allow.

    Lines after the first begin with their sign; the caller indents them.

    >>> from derive.terms import Ref, add
    >>> text_lines(add(*(Ref("a", (n,)) for n in range(1, 7))), columns=18)
    ['a_1 + a_2 + a_3', '+ a_4 + a_5 + a_6']
    """

    def measure(box: Box) -> float:
        return _columns(write_text(box, mark))

    lines = broken(layout(term, notation), columns, measure)
    return [write_text(line, mark).lstrip() for line in lines]


_columns = columns  # the name is an argument above


def _begins_with_sign(line: Box) -> bool:
    return isinstance(line, Row) and isinstance(line.parts[0], Operator)
