"""Unicode text that fits a given width: what the terminal shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from derive.derivation import Detail
from derive.document import PARTS, Document, LayoutChoice, build, why
from derive.document.model import (
    Block,
    Bullets,
    Equations,
    Inline,
    Line,
    Paragraph,
    Reference,
    Section,
    Strong,
    Table,
    Views,
)
from derive.exporters.formulas import formula_box
from derive.gradients import Derivation
from derive.model import Problem
from derive.notation import PLAIN, Look, Mark, columns, in_brackets
from derive.notation.boxes import Box
from derive.notation.lines import broken
from derive.notation.text import write_text

__all__ = ["export", "export_why", "write"]

#: Text narrower than this cannot hold a formula and its reason.
NARROWEST = 40

#: Stands for the spaces of a formula until the lines are made.
_GLUE = "\N{NO-BREAK SPACE}"

#: A left side wider than this share of the line stands on a line of its own.
_WIDEST_LEFT = 0.45


def export(
    derivation: Derivation,
    *,
    detail: Detail = "normal",
    width: int = 100,
    layout: LayoutChoice = "both",
    mark: Mark = in_brackets,
    look: Look = PLAIN,
    parts: Iterable[str] = PARTS,
) -> str:
    """The derivation as text.

    Args:
        derivation: what is printed.
        detail: how much of it.
        width: the number of columns, at least 40.
        layout: which matrix layouts are printed.
        mark: how the tracked factor is shown: ``⟦1/m⟧``, or in a terminal's colours.
        look: how formulas look.
        parts: which parts of the document are printed, see :data:`derive.document.PARTS`.

    >>> from derive.gradients import gradient
    >>> text = export(gradient("linear_regression", wrt="w", check="none"))
    >>> print(next(line for line in text.splitlines() if "∂J/∂w_j" in line).strip())
    ∂J/∂w_j = ⟦1/m⟧ Σᵢ₌₁ᵐ (ŷ_i − y_i) x_ij
    """
    document = build(derivation, detail=detail, layout=layout, parts=parts)
    return write(document, width=width, mark=mark, look=look)


def export_why(derivation: Derivation, *, width: int = 100, mark: Mark = in_brackets) -> str:
    """Where each factor of the result comes from, as text."""
    return write(why(derivation), width=width, mark=mark)


def write(
    document: Document, *, width: int = 100, mark: Mark = in_brackets, look: Look = PLAIN
) -> str:
    """A document as text."""
    return _Writer(document, max(width, NARROWEST), mark, look).text()


class _Writer:
    def __init__(self, document: Document, width: int, mark: Mark, look: Look) -> None:
        self.document = document
        self.width = width
        self.mark = mark
        problem = _printable_symbols(document.problem)
        self.notation = look.notation(problem, track=document.track, longest_sum=6)
        self.numbers = {label: n for n, label in enumerate(document.labels(), start=1)}

    def text(self) -> str:
        lines = [*self.heading(printable(self.document.title), "═"), ""]
        for block in self.document.opening:
            lines.extend(self.block(block))
        for number, section in enumerate(self.document.sections, start=1):
            lines.extend(self.section(section, number))
        while lines and not lines[-1]:
            lines.pop()
        return "\n".join(line.replace(_GLUE, " ").rstrip() for line in lines) + "\n"

    def heading(self, title: str, rule: str) -> Iterator[str]:
        lines = filled(title, self.width)
        yield from lines
        yield rule * max(map(columns, lines))

    def section(self, section: Section, number: int) -> Iterator[str]:
        yield ""
        yield from self.heading(f"{number}{_GLUE * 2}{self.inline(section.title)}", "─")
        for block in section.blocks:
            yield from self.block(block)

    def inline(self, parts: Iterable[Inline]) -> str:
        """Parts of a sentence; the spaces of formulas are glued."""
        return "".join(map(self.part, parts))

    def part(self, part: Inline) -> str:
        match part:
            case str():
                return printable(part)
            case Strong(words=words):
                return printable(words)
            case Reference(label=label):
                return f"({self.numbers[label]})"
            case _:
                return self.formula(formula_box(part, self.notation)).replace(" ", _GLUE)

    def formula(self, box: Box) -> str:
        return write_text(box, self.mark)

    def block(self, block: Block) -> Iterator[str]:
        match block:
            case Paragraph(parts=parts):
                yield from filled(self.inline(parts), self.width)
            case Bullets(items=items):
                for item in items:
                    yield from filled(self.inline(item), self.width, "  • ", "    ")
            case Table():
                yield from self.table(block)
            case Equations(lines=lines):
                yield from self.equations(lines)
            case Views(views=views):
                for view in views:
                    for inner in view.blocks:
                        yield from self.block(inner)
                return
        yield ""

    # Tables --------------------------------------------------------------------------------------

    def table(self, table: Table) -> Iterator[str]:
        head = [self.inline(cell) for cell in table.head]
        rows = [[self.inline(cell) for cell in row] for row in table.rows]
        every = [head, *rows] if any(head) else rows
        widths = _fitted(every, self.width - 2 - 2 * (len(head) - 1), 0 if head[0] else 0.6)
        if widths is None:
            yield from self.records(head, rows)
            return
        align = table.align or "l" * len(widths)
        if any(head):
            yield from _row(head, widths, align)
            yield "  " + "─" * (sum(widths) + 2 * (len(widths) - 1))
        for row in rows:
            yield from _row(row, widths, align)

    def records(self, head: list[str], rows: list[list[str]]) -> Iterator[str]:
        """A table that is too wide: each row as a list of its cells."""
        if not head[0]:
            yield from self.pairs(rows)
            return
        names = max(map(columns, head[1:]), default=0)
        for row in rows:
            yield from filled(f"{head[0]} {row[0]}", self.width, "  ", "    ")
            for name, cell in zip(head[1:], row[1:], strict=True):
                if cell:
                    first = "    " + _padded(name, names, "l") + "  "
                    yield from filled(cell, self.width, first, " " * columns(first))

    def pairs(self, rows: list[list[str]]) -> Iterator[str]:
        """Rows whose first cell names the second; the others stand below it."""
        names = max(columns(row[0]) for row in rows)
        for row in rows:
            first = "  " + _padded(row[0], names, "l") + "  "
            rest = " " * (columns(first) + 2)
            yield from filled(row[1], self.width, first, rest)
            for cell in row[2:]:
                yield from filled(cell, self.width, rest, rest)

    # Equations -----------------------------------------------------------------------------------

    def equations(self, lines: tuple[Line, ...]) -> Iterator[str]:
        numbered = any(line.label for line in lines)
        edge = self.width - (6 if numbered else 0)
        lefts = [
            "" if line.left is None else self.formula(formula_box(line.left, self.notation))
            for line in lines
        ]
        indent = 2 + max(map(columns, lefts))
        aside = indent + 3 > _WIDEST_LEFT * edge
        indent = 3 if aside else indent
        laid = [
            self.laid(line, left, indent, edge, aside)
            for line, left in zip(lines, lefts, strict=True)
        ]
        margin = _margin(laid, edge)
        for line in laid:
            yield from line.above
            rows = _with_reason(line, margin, edge)
            if line.number:
                rows[-1] = _padded(rows[-1], self.width - columns(line.number), "l") + line.number
            yield from rows

    def laid(self, line: Line, left: str, indent: int, edge: int, aside: bool) -> _Laid:
        above: list[str] = []
        if aside and left:
            above = filled(left.replace(" ", _GLUE), edge, "  ", "    ")
            left = ""
        start = f"{_padded(left, indent, 'r')} {line.sign} "
        right = formula_box(line.right, self.notation)
        room = edge - columns(start)
        pieces = [self.formula(right)]
        if columns(pieces[0]) > room:
            boxes = broken(right, room - 2, lambda box: columns(self.formula(box).strip()))
            pieces = [
                part
                for box in boxes
                for part in _cut(self.formula(box).strip().replace(" ", _GLUE), room - 2)
            ]
        rows = [start + pieces[0]]
        rows.extend(" " * (columns(start) + 2) + piece for piece in pieces[1:])
        number = f"({self.numbers[line.label]})" if line.label else ""
        return _Laid(above, rows, self.inline(line.reason), number, columns(start))


@dataclass
class _Laid:
    """A line of an equation as rows of text; ``start`` is where its right side begins."""

    above: list[str]
    rows: list[str]
    reason: str
    number: str
    start: int

    @property
    def end(self) -> int:
        """The column after the last row."""
        return columns(self.rows[-1])


def _margin(lines: list[_Laid], edge: int) -> int:
    """The column at which the reasons start: where the most of them fit beside their lines."""
    told = [line for line in lines if line.reason]

    def cost(margin: int) -> float:
        total = 0.0
        for line in told:
            width = columns(line.reason)
            if line.end + 2 <= margin and margin + width <= edge:
                continue
            total += 1.5 if line.end + 3 + width <= edge else 3.0
        return total

    return min(sorted({line.end + 3 for line in told}), key=cost, default=edge)


def _with_reason(line: _Laid, margin: int, edge: int) -> list[str]:
    """The rows with the reason beside the last one, or below it where there is no room."""
    if not line.reason:
        return line.rows
    width = columns(line.reason)
    if line.end + 3 + width <= edge:
        place = max(line.end + 3, min(margin, edge - width))
        place = margin if line.end + 2 <= margin and margin + width <= edge else place
        return [*line.rows[:-1], _padded(line.rows[-1], place, "l") + line.reason]
    place = min(margin, max(edge - width, line.start + 2))
    return [*line.rows, *filled(line.reason, edge, " " * place, " " * place)]


# Tables ------------------------------------------------------------------------------------------


def _fitted(rows: list[list[str]], room: int, least_share: float) -> list[int] | None:
    """The widths of the columns, those of words made narrower until all fit; ``None`` if they
    cannot, or not without cutting a column to less than ``least_share`` of its width."""
    every = list(zip(*rows, strict=True))
    widths = [max(map(columns, column)) for column in every]
    natural = list(widths)
    least = [max(columns(word) for cell in column for word in cell.split(" ")) for column in every]
    while sum(widths) > room:
        widest = max(range(len(widths)), key=lambda n: widths[n] - least[n])
        if widths[widest] == least[widest] or widths[widest] <= least_share * natural[widest]:
            return None
        widths[widest] -= 1
    return widths


def _row(cells: list[str], widths: list[int], align: str) -> Iterator[str]:
    wrapped = [filled(cell, width) for cell, width in zip(cells, widths, strict=True)]
    for n in range(max(map(len, wrapped))):
        parts = [
            _padded(lines[n] if n < len(lines) else "", width, side)
            for lines, width, side in zip(wrapped, widths, align, strict=True)
        ]
        yield "  " + "  ".join(parts)


# Lines of words ----------------------------------------------------------------------------------


def filled(words: str, width: int, first: str = "", rest: str = "") -> list[str]:
    """Words as lines of at most ``width`` columns that begin with ``first`` and ``rest``. A word
    or a formula is broken only if it is longer than a line.

    >>> filled("one two three", 9, "- ", "  ")
    ['- one two', '  three']
    """
    lines: list[str] = []
    current, empty = first, True
    room = width - max(columns(first), columns(rest))
    for word in words.split(" "):
        for piece in _cut(word, room):
            addition = piece if empty else " " + piece
            if not empty and columns(current) + columns(addition) > width:
                lines.append(current)
                current, addition = rest, piece
            current += addition
            empty = False
    return [*lines, current]


_SIGNS = "+−·⊙="
_ONE_SIGN = re.compile(r"\x1b\[[0-9;]*m|.", re.DOTALL)


def _cut(word: str, room: int) -> list[str]:
    """A word in pieces of at most ``room`` columns: a formula at its outermost sign."""
    if columns(word) <= room:
        return [word]
    depth = 0
    best: tuple[tuple[bool, int, int], int] | None = None
    for place, character in enumerate(word):
        depth += (character in "([⟦") - (character in ")]⟧")
        if character == _GLUE and 0 < columns(word[:place]) <= room:
            rank = (word[place + 1 : place + 2] in _SIGNS, -depth, place)
            if best is None or rank > best[0]:
                best = (rank, place)
    if best is not None:
        place = best[1]
        return [word[:place], *_cut(word[place + 1 :], room)]
    piece = ""
    for sign in _ONE_SIGN.findall(word):
        if piece and columns(piece) + columns(sign) > room:
            return [piece, *_cut(word[len(piece) :], room)]
        piece += sign
    return [piece]


def _padded(text: str, width: int, side: str) -> str:
    room = " " * max(width - columns(text), 0)
    return room + text if side == "r" else text + room


def printable(words: str) -> str:
    r"""Words without control characters, which could steer a terminal.

    >>> printable("a\x1b[31mb\n")
    'a [31mb '
    """
    return "".join(sign if sign.isprintable() or sign == _GLUE else " " for sign in words)


def _printable_symbols(problem: Problem) -> Problem:
    """The problem with symbols that are safe to print."""
    return replace(
        problem,
        quantities=tuple(
            replace(each, text=printable(each.text), stack_text=printable(each.stack_text))
            for each in problem.quantities
        ),
        functions=tuple(replace(each, text=printable(each.text)) for each in problem.functions),
    )
