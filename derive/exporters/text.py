"""Unicode text that fits a given width: what the terminal shows."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from derive.derivation import Detail
from derive.document import Document, LayoutChoice, build, why
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
)
from derive.exporters.formulas import formula_box, is_formula
from derive.gradients import Derivation
from derive.notation import Mark, Notation, columns, in_brackets
from derive.notation.boxes import Box
from derive.notation.lines import broken
from derive.notation.text import write_text

__all__ = ["export", "export_why", "write"]

#: Text narrower than this cannot hold a formula and its reason.
NARROWEST = 40


def export(
    derivation: Derivation,
    *,
    detail: Detail = "normal",
    width: int = 100,
    layout: LayoutChoice = "both",
    mark: Mark = in_brackets,
) -> str:
    """The derivation as text.

    Args:
        derivation: what is printed.
        detail: how much of it.
        width: the number of columns; formulas without a sign to break at may be wider.
        layout: which matrix layouts are printed.
        mark: how the tracked factor is shown: ``⟦1/m⟧``, or in a terminal's colours.

    >>> from derive.gradients import gradient
    >>> text = export(gradient("linear_regression", wrt="w", check="none"))
    >>> print(text.splitlines()[4].strip())
    ∂J/∂w_j = ⟦1/m⟧ Σᵢ₌₁ᵐ (ŷ_i − y_i) x_ij
    """
    return write(build(derivation, detail=detail, layout=layout), width=width, mark=mark)


def export_why(derivation: Derivation, *, width: int = 100, mark: Mark = in_brackets) -> str:
    """Where each factor of the result comes from, as text."""
    return write(why(derivation), width=width, mark=mark)


def write(document: Document, *, width: int = 100, mark: Mark = in_brackets) -> str:
    """A document as text."""
    return _Writer(document, max(width, NARROWEST), mark).text()


class _Writer:
    def __init__(self, document: Document, width: int, mark: Mark) -> None:
        self.document = document
        self.width = width
        self.mark = mark
        self.notation = Notation(document.problem, track=document.track, longest_sum=6)
        self.numbers = {label: n for n, label in enumerate(document.labels(), start=1)}

    def text(self) -> str:
        lines = [self.document.title, "═" * min(columns(self.document.title), self.width), ""]
        for block in self.document.opening:
            lines.extend(self.block(block))
        for number, section in enumerate(self.document.sections, start=1):
            lines.extend(self.section(section, number))
        while lines and not lines[-1]:
            lines.pop()
        return "\n".join(line.rstrip() for line in lines) + "\n"

    def section(self, section: Section, number: int) -> Iterator[str]:
        title = f"{number}  {self.inline(section.title)}"
        yield ""
        yield title
        yield "─" * min(columns(title), self.width)
        for block in section.blocks:
            yield from self.block(block)

    def inline(self, parts: Iterable[Inline]) -> str:
        return "".join(self.part(part) for part in parts)

    def part(self, part: Inline) -> str:
        match part:
            case str():
                return printable(part)
            case Strong(words=words):
                return printable(words)
            case Reference(label=label):
                return f"({self.numbers[label]})"
            case _:
                return self.formula(formula_box(part, self.notation))

    def formula(self, box: Box) -> str:
        return write_text(box, self.mark)

    def block(self, block: Block) -> Iterator[str]:
        match block:
            case Paragraph(parts=parts):
                yield from self.wrapped(parts, "", "")
                yield ""
            case Bullets(items=items):
                for item in items:
                    yield from self.wrapped(item, "  • ", "    ")
                yield ""
            case Table():
                yield from self.table(block)
                yield ""
            case Equations(lines=lines):
                yield from self.equations(lines)
                yield ""

    def wrapped(self, parts: Iterable[Inline], first: str, rest: str) -> list[str]:
        """A paragraph filled to the width; formulas are not broken at their spaces."""
        words = "".join(
            self.part(part).replace(" ", "\N{NO-BREAK SPACE}")
            if is_formula(part)
            else self.part(part)
            for part in parts
        )
        lines: list[str] = []
        current = first
        empty = True
        for word in words.split(" "):
            addition = word if empty else " " + word
            if not empty and columns(current) + columns(addition) > self.width:
                lines.append(current)
                current, addition = rest, word
            current += addition
            empty = False
        lines.append(current)
        return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines]

    # Tables --------------------------------------------------------------------------------------

    def table(self, table: Table) -> Iterator[str]:
        cells = [[self.inline(cell) for cell in row] for row in table.rows]
        head = list(table.head) if any(table.head) else []
        every = [head, *cells] if head else cells
        widths = [max(columns(row[n]) for row in every) for n in range(len(table.head))]
        limits = self.limits(widths)
        align = table.align or "l" * len(widths)
        if head:
            yield from self.row(head, limits, align)
            yield "  " + "─" * (sum(limits) + 2 * (len(limits) - 1))
        for row in cells:
            yield from self.row(row, limits, align)

    def limits(self, widths: list[int]) -> list[int]:
        """The widths of the columns, the widest cut until all fit."""
        limits = list(widths)
        room = self.width - 2 - 2 * (len(widths) - 1)
        while sum(limits) > room and max(limits) > 12:
            limits[limits.index(max(limits))] -= 1
        return limits

    def row(self, cells: list[str], limits: list[int], align: str) -> Iterator[str]:
        wrapped = [
            textwrap.wrap(cell, limit, break_long_words=False, break_on_hyphens=False) or [""]
            if columns(cell) > limit
            else [cell]
            for cell, limit in zip(cells, limits, strict=True)
        ]
        for n in range(max(map(len, wrapped))):
            parts = [
                _padded(lines[n] if n < len(lines) else "", limit, side)
                for lines, limit, side in zip(wrapped, limits, align, strict=True)
            ]
            yield "  " + "  ".join(parts)

    # Equations -----------------------------------------------------------------------------------

    def equations(self, lines: tuple[Line, ...]) -> Iterator[str]:
        lefts = [
            "" if line.left is None else self.formula(formula_box(line.left, self.notation))
            for line in lines
        ]
        indent = 2 + max(map(columns, lefts))
        numbered = any(line.label in self.numbers for line in lines)
        edge = self.width - (6 if numbered else 0)
        rights = [formula_box(line.right, self.notation) for line in lines]
        reasons = [self.inline(line.reason) for line in lines]
        widest = max(
            (
                columns(self.formula(right))
                for right, reason in zip(rights, reasons, strict=True)
                if indent + 3 + columns(self.formula(right)) + 2 + columns(reason) <= edge
            ),
            default=0,
        )
        margin = min(
            indent + 3 + widest + 3,
            edge - max(min(columns(reason), edge // 2) for reason in reasons),
        )
        for line, left, right, reason in zip(lines, lefts, rights, reasons, strict=True):
            label = f"({self.numbers[line.label]})" if line.label in self.numbers else ""
            start = _padded(left, indent, "r") + " = "
            yield from self.line(start, right, reason, label, margin, edge)

    def line(
        self, start: str, right: Box, reason: str, label: str, margin: int, edge: int
    ) -> Iterator[str]:
        indent = " " * (columns(start) + 2)
        pieces = [
            self.formula(piece).strip()
            for piece in broken(
                right, edge - columns(start), lambda box: columns(self.formula(box))
            )
        ]
        rows = [start + pieces[0], *(indent + piece for piece in pieces[1:])]
        last = rows[-1]
        if reason:
            if columns(last) + 2 <= margin and margin + columns(reason) <= edge:
                last = _padded(last, margin, "l") + reason
            elif columns(last) + 3 + columns(reason) <= edge:
                last = last + "   " + reason
            else:
                yield from rows
                rows = []
                wrapped = textwrap.wrap(
                    reason,
                    max(edge - margin, edge // 2),
                    break_long_words=False,
                    break_on_hyphens=False,
                )
                place = min(margin, edge - max(map(columns, wrapped)))
                yield from (" " * place + words for words in wrapped[:-1])
                last = " " * place + wrapped[-1]
        yield from rows[:-1]
        yield _padded(last, self.width - columns(label), "l") + label if label else last


def _padded(text: str, width: int, side: str) -> str:
    room = " " * max(width - columns(text), 0)
    return room + text if side == "r" else text + room


def printable(words: str) -> str:
    r"""Words without control characters, which could steer a terminal.

    >>> printable("a\x1b[31mb\n")
    'a [31mb '
    """
    return "".join(character if character.isprintable() else " " for character in words)
