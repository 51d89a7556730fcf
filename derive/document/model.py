"""A document: sections of prose, equations and tables, which every exporter prints.

Mathematics stays mathematics: a formula is a term, a matrix expression or an equation between
them, never a string of some markup.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from derive.matrix.expression import Matrix
from derive.model import Problem
from derive.terms import Index, Origin, Term

__all__ = [
    "Block",
    "Bullets",
    "Document",
    "Equations",
    "Formula",
    "FunctionSign",
    "Inline",
    "Line",
    "Paragraph",
    "Reference",
    "Relation",
    "Section",
    "ShapeOf",
    "Short",
    "Stack",
    "Strong",
    "Table",
    "Tracked",
    "View",
    "Views",
]


@dataclass(frozen=True, slots=True)
class Relation:
    """``left = right``, or with another sign between: ``∈``, ``<``."""

    left: Formula
    sign: Literal["=", "≠", "∈", "<"]
    right: Formula


@dataclass(frozen=True, slots=True)
class Stack:
    """The array of a quantity (``X``) or of a derivative by one (``∇_W J``, ``dZ``).

    ``term`` is the quantity's reference or the derivative.
    """

    term: Term


@dataclass(frozen=True, slots=True)
class ShapeOf:
    """A shape: ``m × n``."""

    sizes: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class FunctionSign:
    """The sign of an abstract function by its name: ``g``."""

    name: str


#: What can stand in mathematics.
@dataclass(frozen=True, slots=True)
class Short:
    """An array of derivatives by its short sign, ``dZ``, whatever the look of formulas: where the
    sign itself is spoken of."""

    formula: Matrix | Term


Formula: TypeAlias = "Term | Index | Matrix | Relation | Stack | ShapeOf | FunctionSign | Short"


@dataclass(frozen=True, slots=True)
class Strong:
    """Words that stand out."""

    words: str


@dataclass(frozen=True, slots=True)
class Tracked:
    """A formula that is marked as the tracked factor, wherever its origin."""

    formula: Term


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference to a line by its label: printed as its number."""

    label: str


#: What can stand in a sentence.
Inline: TypeAlias = "str | Formula | Strong | Tracked | Reference"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an equation.

    Attributes:
        left: the left side, ``None`` where the line goes on from the one above.
        right: the right side.
        reason: what stands at the margin.
        label: its label, unique in the document; empty where nothing refers to it.
        rule: the name of the rule that made it, empty for a definition.
        sign: what stands between the sides.
    """

    left: Formula | None
    right: Formula
    reason: tuple[Inline, ...] = ()
    label: str = ""
    rule: str = ""
    sign: Literal["=", "≠"] = "="


@dataclass(frozen=True, slots=True)
class Equations:
    """Lines that are aligned at their signs of equality."""

    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; its parts are printed one after the other."""

    parts: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of short paragraphs."""

    items: tuple[tuple[Inline, ...], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; a cell is a sequence of inline parts. ``align`` has a letter (l, c, r) a column.

    Where it is too wide for the page, each row is printed as a short paragraph instead, whose
    parts are named by the head. Where the columns after the first show the same thing in different
    ways, ``alternatives`` is set: a reader of a page that can do so may look at one at a time.
    """

    head: tuple[tuple[Inline, ...], ...]
    rows: tuple[tuple[tuple[Inline, ...], ...], ...]
    align: str = ""
    alternatives: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """One way to show something. ``key`` names it, ``title`` is what a reader chooses it by."""

    key: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Views:
    """Ways to show the same thing: paper has one after the other, a page that can do so a switch
    between them. ``title`` says what is chosen."""

    title: str
    views: tuple[View, ...]


Block: TypeAlias = "Paragraph | Equations | Bullets | Table | Views"


@dataclass(frozen=True, slots=True)
class Section:
    """A numbered section. ``key`` names it for links: ``small``, ``any``, ``matrices``."""

    key: str
    title: tuple[Inline, ...]
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A derivation, laid out.

    Attributes:
        title: its title.
        problem: where the symbols of quantities come from.
        track: the origin of the factor that is marked wherever it stands.
        opening: what comes before the first section: the result.
        sections: the sections in order.
    """

    title: str
    problem: Problem
    track: Origin | None
    opening: tuple[Block, ...]
    sections: tuple[Section, ...]

    def labels(self) -> Iterator[str]:
        """The labels of the lines, in order; a line's number is its place among them."""
        for block in (*self.opening, *(b for section in self.sections for b in section.blocks)):
            yield from _labels(block)


def _labels(block: Block) -> Iterator[str]:
    match block:
        case Equations(lines=lines):
            yield from (line.label for line in lines if line.label)
        case Views(views=views):
            yield from (
                label for view in views for inner in view.blocks for label in _labels(inner)
            )
        case _:
            pass
