r"""LaTeX: a document of its own, or a fragment for ``\input``.

A fragment needs amsmath and xcolor and defines, where the paper doesn't, the commands it uses.
``\derivetrack`` marks the tracked factor by colour and by a frame, which survives black-and-white
printing. ``\derivestep`` is a line with its reason at the margin: a box as wide as the line, so
that TeX itself reports a line that is too long.

Variants: for a paper in two columns; with a label for every line, ``prefix:step:N``, besides those
that lines have otherwise; without the heading; and a
worksheet, one source for the student's version, where the formulas of the steps are dotted lines
to write on, and for the answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from derive.derivation import Detail
from derive.document import PARTS, LayoutChoice, build
from derive.document.model import (
    Block,
    Bullets,
    Document,
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
from derive.errors import InputError
from derive.exporters.formulas import check_label, formula_box, is_formula, slashed
from derive.gradients import Derivation
from derive.notation import PLAIN, Look, width_in_em
from derive.notation.boxes import (
    Box,
    Row,
)
from derive.notation.latex import Style, write_latex
from derive.notation.lines import broken

__all__ = [
    "FRAGMENT_WIDTH",
    "MACROS",
    "TIGHT_MACROS",
    "TWO_COLUMNS_WIDTH",
    "WIDTH",
    "Tabular",
    "Writer",
    "escape",
    "export",
    "write",
]

#: The width of a text line of the document, in em: 158 mm at 11 pt.
WIDTH = 41.0

#: The same for a fragment: a plain article has 345 pt at 10 pt, and something is kept to spare.
FRAGMENT_WIDTH = 33.0

#: The same for a fragment in a paper of two columns: there it has 229.5 pt.
TWO_COLUMNS_WIDTH = 21.5

#: How wide a character of the margin's small italics is, in em of the text.
_CHARACTER = 0.41

#: How wide a letter of a sentence is.
_LETTER = 0.5

#: The size of a table's letters beside the text's.
_SMALL = 0.92

#: The room between two columns of a table, in em.
_COLUMN_GAP = 1.2

#: The least room between a formula and its reason, in em.
_GAP = 1.2

#: What stands left of a formula besides its left side, in em: the indent and the sign.
_BEFORE = 2.3

#: A left side wider than this share of the line stands on a row of its own.
_WIDEST_LEFT = 0.4

#: The room for the number of a line, in em.
_NUMBER = 3.2

#: A word of more letters may be broken anywhere.
_LONGEST_WORD = 24

#: A formula whose width is estimated to take more of its room than this may be too wide in truth.
_SURE = 0.87

#: Where a formula can be set smaller, a term that is wider than a line by so much stays whole.
_SLACK = 1.15

#: The width of a dotted line in a table of a worksheet, in em.
_BLANK = 7.0

#: The definitions of every document and fragment.
MACROS = r"""\providecommand{\derivetrack}[1]{%
  \mkern1mu{\setlength{\fboxsep}{1.4pt}\color{derivetracked}%
  \mathchoice{\fcolorbox{derivetracked}{derivetracked!7}{$\displaystyle #1$}}%
    {\fcolorbox{derivetracked}{derivetracked!7}{$\textstyle #1$}}%
    {\fcolorbox{derivetracked}{derivetracked!7}{$\scriptstyle #1$}}%
    {\fcolorbox{derivetracked}{derivetracked!7}{$\scriptscriptstyle #1$}}}\mkern2mu}
\definecolor{derivetracked}{HTML}{B3261E}
\ifdefined\deriveroom\else\newdimen\deriveroom\fi
% The room for a formula and its reason, right of the widest left side.
\providecommand{\derivefit}[2]{\setbox0\hbox{$\displaystyle #1{}={}$}%
  \deriveroom=\dimexpr\linewidth-\wd0-#2\relax}
% A formula with its reason at the margin; a reason on a line of its own.
\providecommand{\derivestep}[2]{\hbox to\deriveroom{$\displaystyle #1$\hskip1em plus1fil\relax
  {\small\itshape #2}}}
\providecommand{\deriveline}[1]{\hbox to\deriveroom{$\displaystyle #1$\hfil}}
\providecommand{\derivewhy}[1]{\parbox[t]{\deriveroom}{\raggedleft\small\itshape #1}}
% A tall formula in a table, with a little room above and below.
\providecommand{\derivecell}[1]{\setbox0\hbox{#1}\ht0=\dimexpr\ht0+2.5pt\relax
  \dp0=\dimexpr\dp0+2.5pt\relax\box0 }"""

#: What is defined besides where a formula that cannot be broken may be too wide.
TIGHT_MACROS = r"""% A formula in the largest size in which it fits.
\providecommand{\derivetight}[1]{\setbox0\hbox{$\displaystyle #1$}%
  \ifdim\wd0>\deriveroom\setbox0\hbox{\small$\displaystyle #1$}\fi
  \ifdim\wd0>\deriveroom\setbox0\hbox{\footnotesize$\displaystyle #1$}\fi
  \ifdim\wd0>\deriveroom\setbox0\hbox{\scriptsize$\displaystyle #1$}\fi
  \ifdim\wd0>\deriveroom\setbox0\hbox{\tiny$\displaystyle #1$}\fi
  \box0 }"""

# The conditional is named through \csname: spelled out it would be skipped as a conditional where
# it is defined already.
_WORKSHEET_MACROS = r"""\expandafter\ifx\csname ifderiveanswers\endcsname\relax
  \expandafter\newif\csname ifderiveanswers\endcsname\csname deriveanswerstrue\endcsname
\fi
\ifdefined\deriveworksheet\csname deriveanswersfalse\endcsname\fi
% A formula that the student's version leaves out: a dotted line with room above it.
\providecommand{\derivehidden}[2]{\ifderiveanswers\derivestep{#1}{#2}\else
  \hbox to\deriveroom{\rule[-.7em]{0pt}{2.8em}\dotfill\hskip.8em\relax{\small\itshape #2}}\fi}
\providecommand{\derivehiddenline}[1]{\ifderiveanswers\deriveline{#1}\else
  \hbox to\deriveroom{\rule[-.7em]{0pt}{2.8em}\dotfill}\fi}
\providecommand{\derivehiddencell}[1]{\ifderiveanswers#1\else
  \hbox to7em{\rule[-.4em]{0pt}{1.9em}\dotfill}\fi}"""

# A row of an alignment takes one label only, so the other is a copy of what LaTeX knows about it.
# What is written into the file of labels is read where no command of ours is defined yet.
_ALIAS_MACROS = r"""% The first argument becomes another label of the equation with the second one.
\begingroup\makeatletter\ifdefined\derivealias\else
\gdef\derivealias#1#2{\protected@write\@auxout{}{\string\global\string\expandafter\string\let
  \string\csname\space r@#1\string\expandafter\string\endcsname
  \string\csname\space r@#2\string\endcsname}}\fi
\endgroup"""

_WORKSHEET_HEAD = """\
% One source for two versions. As it stands it shows the answers. For the student's version, in
% which the steps are dotted lines to write on, say before this file is read
%   \\def\\deriveworksheet{}
% or, for a whole file, run: pdflatex '\\def\\deriveworksheet{}\\input{FILE}'
% In the paper itself, \\deriveanswerstrue and \\deriveanswersfalse switch from one to the other."""

_PREAMBLE = r"""\documentclass[11pt]{article}
\usepackage[T1]{fontenc}
\usepackage[a4paper,margin=26mm]{geometry}
\usepackage{amsmath,amssymb,booktabs,xcolor,lmodern,microtype}
\usepackage[colorlinks,allcolors=black]{hyperref}
%s
\allowdisplaybreaks
\setlength{\parindent}{0pt}
\setlength{\parskip}{6pt}
\hypersetup{pdftitle={%s}}
\begin{document}

{\Large\bfseries\raggedright %s\par}
"""


def export(
    derivation: Derivation,
    *,
    detail: Detail = "normal",
    fragment: bool = False,
    label: str = "",
    layout: LayoutChoice = "both",
    width: float | None = None,
    columns: Literal[1, 2] = 1,
    look: Look = PLAIN,
    parts: Iterable[str] = PARTS,
    steps: bool = False,
    worksheet: bool = False,
    titled: bool = True,
) -> str:
    r"""The derivation as LaTeX.

    Args:
        derivation: what is printed.
        detail: how much of it.
        fragment: leave the preamble out, for ``\input``; needs amsmath and xcolor.
        label: a prefix of the labels, so that two fragments on one page don't clash; the
            problem's name if left out.
        layout: which matrix layouts are printed.
        width: the width of a text line in em; that of our own document, or for a fragment that
            of a plain article, if left out.
        columns: how many columns the paper has that a fragment is made for; in two of them, a
            formula that cannot be broken is set smaller where it would be too wide.
        look: how formulas look.
        parts: which parts of the document are printed, see :data:`derive.document.PARTS`.
        steps: number every line, the N-th of them with the label ``label:step:N`` for ``\eqref``,
            besides the label that it may have otherwise.
        worksheet: one source for the answer, which it shows as it stands, and for the student's
            version: after ``\def\deriveworksheet{}`` the formulas of the steps are dotted lines
            to write on, with the reasons as hints, and what tells the result is left out.
        titled: whether a fragment has the problem's title above it. A problem that was given none
            has no heading in any case.

    Raises:
        InputError: ``label`` has a character that a label cannot hold, ``columns`` is neither
            1 nor 2, or a whole document shall have two columns or no title.

    >>> from derive.gradients import gradient
    >>> text = export(gradient("linear_regression", wrt="w", check="none"), fragment=True)
    >>> text.splitlines()[0]
    '% Linear regression: the gradient of the halved mean squared error'
    """
    check_label(label)
    if columns not in (1, 2):
        raise InputError(f"columns={columns!r} is neither 1 nor 2")
    if columns == 2 and not fragment:
        raise InputError("columns=2 is for a fragment: a document of its own has one column")
    if not titled and not fragment:
        raise InputError("only a fragment can be without a title: a document of its own has one")
    document = build(derivation, detail=detail, layout=layout, parts=parts)
    prefix = f"{label or derivation.problem.name}:"
    if width is None:
        width = (FRAGMENT_WIDTH, TWO_COLUMNS_WIDTH)[columns - 1] if fragment else WIDTH
    return write(
        document,
        prefix=prefix,
        fragment=fragment,
        width=width,
        look=look,
        steps=steps,
        worksheet=worksheet,
        tight=columns == 2,
        titled=titled,
    )


def write(
    document: Document,
    *,
    prefix: str,
    fragment: bool,
    width: float = WIDTH,
    look: Look = PLAIN,
    steps: bool = False,
    worksheet: bool = False,
    tight: bool = False,
    titled: bool = True,
) -> str:
    """A document as LaTeX; ``tight`` sets a formula smaller where it would be too wide."""
    writer = Writer(
        document,
        prefix,
        fragment,
        width,
        look,
        steps=steps,
        worksheet=worksheet,
        tight=tight,
        titled=titled,
    )
    return "\n".join(writer.lines()) + "\n"


#: What a worksheet leaves out, by the key of a section; of the others, everything.
_HIDDEN: dict[str, Literal["nothing", "steps", "cells"]] = {
    "cost": "nothing",
    "small": "steps",
    "any": "steps",
    "matrices": "cells",
}


#: A table with more rows than this is set as several, since none is broken between pages.
_MOST_ROWS = 24


def _in_pages(rows: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The rows of a table in as few parts of about the same length as fit on a page each."""
    parts = max(1, -(-len(rows) // _MOST_ROWS))
    length = -(-len(rows) // parts) or 1
    for start in range(0, max(len(rows), 1), length):
        yield rows[start : start + length]


@dataclass(frozen=True, slots=True)
class Tabular:
    """A table that fits, in pieces: how it begins, its head, its rows, how it ends."""

    opening: tuple[str, ...]
    head: tuple[str, ...]
    rows: tuple[str, ...]
    ending: str


class Writer:
    """Writes one document.

    Attributes:
        document: what is written.
        notation: how its formulas look.
        width: the width of a text line in em.
    """

    def __init__(
        self,
        document: Document,
        prefix: str,
        fragment: bool,
        width: float,
        look: Look,
        *,
        steps: bool = False,
        worksheet: bool = False,
        tight: bool = False,
        titled: bool = True,
    ) -> None:
        self.document = document
        self.prefix = prefix
        self.fragment = fragment
        self.width = width
        self.notation = look.notation(document.problem, track=document.track, longest_sum=6)
        self.worksheet = worksheet
        # What another look makes of a formula may be wider, and may have no sign to break at.
        self.tight = tight or look != PLAIN
        self.narrow = tight
        self.titled = titled and _has_title(document)
        self.steps = steps
        self.aliases: list[tuple[str, str]] = []
        self.written = 0
        self.hidden: Literal["nothing", "steps", "cells", "all"] = "nothing"

    def lines(self) -> Iterator[str]:
        title = escape(self.document.title)
        macros = "\n".join(self.macros())
        if self.fragment:
            yield f"% {title}"
            yield "% needs \\usepackage{amsmath,xcolor}"
            if self.worksheet:
                yield _WORKSHEET_HEAD
            yield macros
            yield r"\par\begingroup\allowdisplaybreaks"
            if self.narrow:
                yield r"\emergencystretch3em\relax"
            if self.titled:
                yield rf"\noindent\textbf{{{title}}}\par"
        else:
            if self.worksheet:
                yield _WORKSHEET_HEAD
            yield _PREAMBLE % (macros, title, title)
        self.hidden = "all" if self.worksheet else "nothing"
        for block in self.document.opening:
            yield from self.block(block)
        for number, section in enumerate(self.document.sections, start=1):
            yield ""
            self.hidden = _HIDDEN.get(section.key, "nothing") if self.worksheet else "nothing"
            answer = self.worksheet and section.key not in _HIDDEN
            if answer:
                yield r"\ifderiveanswers"
            yield from self.section(section, number)
            if answer:
                yield r"\fi"
        if self.aliases:
            # After all labels, and between paragraphs, where nothing is moved by them.
            yield r"\par"
            for new, old in self.aliases:
                yield rf"\derivealias{{{self.prefix}{new}}}{{{self.prefix}{old}}}"
        yield r"\par\endgroup" if self.fragment else r"\end{document}"

    def macros(self) -> Iterator[str]:
        """The definitions that the document needs."""
        yield MACROS
        if self.tight:
            yield TIGHT_MACROS
        if self.steps:
            yield _ALIAS_MACROS
        if self.worksheet:
            yield _WORKSHEET_MACROS

    def section(self, section: Section, number: int) -> Iterator[str]:
        title = self.inline(section.title)
        if self.fragment:
            yield rf"\par\medskip\noindent\textbf{{{title}}}\par\nobreak"
        else:
            plain = escape(self.plain(section.title))
            # \texorpdfstring keeps the bookmarks free of mathematics.
            yield rf"\section*{{{number}\quad \texorpdfstring{{{title}}}{{{plain}}}}}"
        for block in section.blocks:
            yield from self.block(block)

    def plain(self, parts: Iterable[Inline]) -> str:
        from derive.notation.text import unmarked, write_text

        return "".join(
            write_text(formula_box(part, self.notation), unmarked)  # type: ignore[arg-type]
            if is_formula(part)
            else str(part)
            for part in parts
        )

    # Text ----------------------------------------------------------------------------------------

    def inline(self, parts: Iterable[Inline]) -> str:
        return "".join(self.part(part) for part in parts)

    def part(self, part: Inline) -> str:
        match part:
            case str():
                return escape(part)
            case Strong(words=words):
                return rf"\textbf{{{escape(words)}}}"
            case Reference(label=label):
                return self.reference(label)
            case _:
                return f"${write_latex(slashed(formula_box(part, self.notation)), Style.TEXT)}$"

    def reference(self, label: str) -> str:
        """A reference to a line."""
        return rf"\eqref{{{self.prefix}{label}}}"

    def cell(self, parts: Iterable[Inline]) -> str:
        """The cell of a table: formulas at full size."""
        return "".join(
            self.full_size(formula_box(part, self.notation))  # type: ignore[arg-type]
            if is_formula(part)
            else self.part(part)
            for part in parts
        )

    def full_size(self, box: Box) -> str:
        source = rf"$\displaystyle {write_latex(box, Style.DISPLAY)}$"
        is_tall = any(sign in source for sign in (r"\frac", r"\sum_", r"\derivetrack"))
        return rf"\derivecell{{{source}}}" if is_tall else source

    # Blocks --------------------------------------------------------------------------------------

    def block(self, block: Block) -> Iterator[str]:
        match block:
            case Paragraph(parts=parts):
                yield ""
                yield (r"\noindent " if self.fragment else "") + self.inline(parts)
            case Bullets(items=items):
                yield r"\par\nopagebreak"
                yield r"\begin{itemize}\setlength{\itemsep}{2pt}\setlength{\parskip}{0pt}"
                for item in items:
                    yield rf"  \item {self.inline(item)}"
                yield r"\end{itemize}"
            case Table():
                yield from self.table(block)
            case Equations(lines=lines):
                yield from self.equations(lines)
            case Views(views=views):
                for view in views:
                    for inner in view.blocks:
                        yield from self.block(inner)

    def table(self, table: Table) -> Iterator[str]:
        laid = self.tabular(table)
        if laid is None:
            yield r"\par\smallskip{\small\raggedright"
            yield from self.entries(table)
            yield r"}\medskip"
            return
        for rows in _in_pages(laid.rows):
            yield from (*laid.opening, *laid.head, *rows)
            yield laid.ending

    def tabular(self, table: Table) -> Tabular | None:
        """The table in its columns, or ``None`` if it cannot be made to fit."""
        cells = list(zip(*table.rows, strict=True))
        least = [_BLANK if self.is_hidden_cell(n) else 0.0 for n in range(len(table.head))]
        columns = _Columns(
            [self.head_width(head) for head in table.head],
            [
                [max(self.inline_width(cell), blank) for cell in column]
                for column, blank in zip(cells, least, strict=True)
            ],
            [
                [max(self.unbroken(cell), blank) for cell in column]
                for column, blank in zip(cells, least, strict=True)
            ],
        )
        least_share = 0.0 if table.head[0] else 0.6
        widths = columns.fitted(self.width / _SMALL - 2.5, least_share)
        if widths is None:
            return None
        top, middle, bottom = (
            (r"\hline",) * 3 if self.fragment else (r"\toprule", r"\midrule", r"\bottomrule")
        )
        align = "".join(
            letter if width is None else rf"p{{{width:.1f}em}}"
            for letter, width in zip(table.align or "l" * len(widths), widths, strict=True)
        )
        head: tuple[str, ...] = ()
        if any(table.head):
            heads = zip(table.head, align, strict=False) if columns.stacked else None
            titles = (
                " & ".join(self.stacked(head, letter) for head, letter in heads)
                if heads
                else " & ".join(self.cell(head) for head in table.head)
            )
            head = (titles, rf"\\{middle}")
        rows = []
        for row in table.rows:
            written = [
                ("" if width is None else r"\rightskip0pt plus1fil\relax ")
                + self.covered(self.cell(cell), column)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            rows.append(" & ".join(written) + r"\\")
        rows[-1] += bottom
        return Tabular(
            (
                r"\par\nopagebreak\smallskip{\centering\small\renewcommand{\arraystretch}{1.3}%",
                rf"\begin{{tabular}}{{@{{}}{align}@{{}}}}{top}",
            ),
            head,
            tuple(rows),
            r"\end{tabular}\par}\medskip",
        )

    def is_hidden_cell(self, column: int) -> bool:
        """Whether a worksheet leaves the cells of a column out: those with the formulas."""
        return self.hidden == "cells" and column == 1

    def covered(self, cell: str, column: int) -> str:
        """A written cell, or a line to write on in its stead."""
        return rf"\derivehiddencell{{{cell}}}" if self.is_hidden_cell(column) else cell

    def entries(self, table: Table) -> Iterator[str]:
        """A table that is too wide: a paragraph for each row, set apart from the next.

        The first cell is what the others are about. They follow it with the names of their columns
        before them; where the first column has no name of its own, each is on a line.
        """
        for row in table.rows:
            yield r"\noindent\hangindent1.5em " + self.entry(table, row) + r"\par\smallskip"

    def entry(self, table: Table, row: tuple[tuple[Inline, ...], ...]) -> str:
        flows = bool(table.head[0])
        named = flows or table.alternatives
        label = self.entry_label(table.head[0], row[0])
        taken = self.inline_width(row[0])
        cells = []
        for column, (head, cell) in enumerate(zip(table.head, row, strict=True)):
            if not column or not cell:
                continue
            name = rf"\textit{{{self.inline(head)}:}} " if named and head else ""
            aside = self.inline_width(head) if table.alternatives else taken if column == 1 else 0.0
            written = self.inline(cell) if flows else self.alone(cell, aside)
            cells.append(name + self.covered(written, column))
        if flows:
            return f"{label}: " + "; ".join(cells)
        if table.alternatives:
            return r":\newline ".join([label, cells[0]]) + "".join(
                rf"\newline {cell}" for cell in cells[1:]
            )
        return rf"{label}\quad " + r"\newline ".join(cells)

    def entry_label(self, head: tuple[Inline, ...], cell: tuple[Inline, ...]) -> str:
        """What a row is about: words in bold, a number as the value of what the column holds."""
        written = self.inline(cell)
        if head and all(is_formula(part) for part in head):
            return f"{self.inline(head)}${{}}={{}}${written}"
        if any(isinstance(part, str) and part.strip() for part in cell):
            # A frame reaches below the line, and must not touch the next one.
            below = r"\rule[-.65em]{0pt}{1.7em}" if r"\derivetrack" in written else ""
            return rf"\textbf{{{written}}}{below}"
        return written

    def alone(self, cell: tuple[Inline, ...], aside: float) -> str:
        """A cell on a line of its own beside something: at full size, if it surely fits."""
        room = _SURE * self.width / _SMALL - aside - 2.5
        is_one = len(cell) == 1 and is_formula(cell[0])
        fits = is_one and self.inline_width(cell) <= room
        return self.cell(cell) if fits else self.inline(cell)

    def records(self, table: Table) -> Iterator[str]:
        """A table that is too wide for a slide: a short paragraph for each row."""
        for row in table.rows:
            parts = []
            for column, (head, cell) in enumerate(zip(table.head, row, strict=True)):
                written = self.inline(cell)
                named = head and table.head[0]
                if written:
                    written = self.covered(written, column)
                    parts.append(rf"\textit{{{self.inline(head)}}} {written}" if named else written)
            separator = "; " if table.head[0] else r"\quad "
            yield r"\noindent\hangindent1em " + separator.join(parts) + r"\par"

    def stacked(self, head: tuple[Inline, ...], letter: str) -> str:
        """The words of a head one above the other."""
        if not all(isinstance(part, str) for part in head):
            return self.cell(head)
        side = letter if letter in "lcr" else "l"
        return rf"\shortstack[{side}]{{{self.inline(head).replace(' ', chr(92) * 2)}}}"

    def head_width(self, head: tuple[Inline, ...]) -> tuple[float, float]:
        """The width of a head on one line, and with its words one above the other."""
        whole = self.inline_width(head)
        if not all(isinstance(part, str) for part in head):
            return whole, whole
        words = "".join(str(part) for part in head).split()
        return whole, max((_LETTER * len(word) for word in words), default=0.0)

    def unbroken(self, parts: Iterable[Inline]) -> float:
        """The widest piece of a cell that cannot be broken."""
        pieces = [0.0]
        for part in parts:
            if isinstance(part, str):
                pieces.extend(_LETTER * len(word) for word in part.split())
            else:
                pieces.append(self.part_width(part))
        return max(pieces)

    def inline_width(self, parts: Iterable[Inline]) -> float:
        return sum(self.part_width(part) for part in parts)

    def part_width(self, part: Inline) -> float:
        match part:
            case str():
                return _LETTER * len(part)
            case Strong(words=words):
                return 0.55 * len(words)
            case Reference():
                return 2.4
            case _:
                return width_in_em(formula_box(part, self.notation))

    # Equations -----------------------------------------------------------------------------------

    def equations(self, lines: tuple[Line, ...]) -> Iterator[str]:
        """Lines aligned at their signs, with the reasons at the margin."""
        numbered = self.steps or any(line.label for line in lines)
        lefts = [formula_box(line.left, self.notation) for line in lines if line.left]
        widest = max(lefts, key=width_in_em, default=Row(()))
        aside = width_in_em(widest) + _BEFORE > _WIDEST_LEFT * self.width
        widest = Row(()) if aside else widest
        room = self.width - width_in_em(widest) - _BEFORE - (_NUMBER if numbered else 0.0)
        reasons = any(line.reason or self.is_hidden(line) for line in lines)
        name = "align" if numbered else "align*"
        if reasons or self.tight:
            number = f"{_NUMBER}em" if numbered else "0pt"
            yield rf"\derivefit{{\quad {self.math(widest)}}}{{{number}}}%"
        yield rf"\begin{{{name}}}"
        source = ""
        for before, lemma in pairwise([(), *_lemmas(lines)]):
            rows = [
                row
                for line in lemma
                for row in self.rows(line, room, aside, numbered=numbered, reasons=reasons)
            ]
            source += (" \\\\[4pt]\n" if before else "") + _joined(rows)
        yield source
        yield rf"\end{{{name}}}"

    def rows(
        self, line: Line, room: float, aside: bool, *, numbered: bool, reasons: bool
    ) -> Iterator[tuple[str, bool]]:
        """The rows of a line, each with whether it belongs to the one before; the left side is
        on a row of its own if it stands ``aside``."""
        self.written += 1
        hidden = self.is_hidden(line)
        left = "" if line.left is None else self.math(formula_box(line.left, self.notation))
        indent = r"\quad " if left and reasons else ""
        sign = {"=": "=", "≠": r"\ne"}[line.sign]
        silent = r" \notag" if numbered else ""
        step = f"step:{self.written}" if self.steps else ""
        label = line.label or step
        if step and line.label:
            self.aliases.append((step, line.label))
        number = rf" \label{{{self.prefix}{label}}}" if label else silent
        right = formula_box(line.right, self.notation)
        if width_in_em(right) <= room:
            pieces = [right]
        else:
            pieces = broken(right, room - 1.0, width_in_em, slack=_SLACK if self.tight else 1.0)
        why = self.inline(line.reason)
        if aside and left:
            wide = width_in_em(formula_box(line.left, self.notation)) if line.left else 0.0
            yield rf"  & {self.fitting(left, wide, room)}{silent}", False
            left = indent = ""
        for place, piece in enumerate(pieces):
            last = place == len(pieces) - 1
            source = self.math(piece).strip()
            width = width_in_em(piece)
            start = f"{indent}{left} &{sign} "
            if place:
                source = r"\quad " + ("{}" if source[:1] in "+-" else "") + source
                width += 1.0
                start = r"  &\phantom{{}={}} "
            source = self.fitting(source, width, room)
            beside = last and width + self.reason_width(line.reason) + _GAP <= room
            if reasons:
                command = r"\derivehidden" if hidden else r"\derivestep"
                alone = r"\derivehiddenline" if hidden else r"\deriveline"
                with_reason = rf"{command}{{{source}}}{{{why}}}"
                source = with_reason if beside and why else rf"{alone}{{{source}}}"
            ends = last and (beside or not why)
            continues = place > 0 or (aside and line.left is not None)
            yield f"  {start}{source}{number if ends else silent}", continues
        if why and not beside:
            yield rf"    &\phantom{{{{}}={{}}}} \derivewhy{{{why}}}{number}", True

    def is_hidden(self, line: Line) -> bool:
        """Whether a worksheet leaves the right side of a line out."""
        return self.hidden == "all" or (self.hidden == "steps" and bool(line.rule))

    def fitting(self, source: str, width: float, room: float) -> str:
        """A formula of about ``width``, set smaller by TeX if it doesn't fit."""
        return rf"\derivetight{{{source}}}" if self.tight and width > _SURE * room else source

    def reason_width(self, parts: Iterable[Inline]) -> float:
        """About how wide a reason is, in the small italics of the margin."""
        width = 0.0
        for part in parts:
            match part:
                case str():
                    width += _CHARACTER * len(part)
                case Strong() | Reference():
                    width += _SMALL * self.part_width(part)
                case _:
                    width += _SMALL * width_in_em(slashed(formula_box(part, self.notation)))
        return width

    def math(self, box: Box) -> str:
        return write_latex(box, Style.DISPLAY)


def _has_title(document: Document) -> bool:
    """Whether the author gave a title: without one, the problem is called by its name."""
    problem = document.problem
    return document.title.casefold() != problem.name.replace("_", " ").casefold()


def _lemmas(lines: tuple[Line, ...]) -> Iterator[list[Line]]:
    """The lines in groups, each from one left side to the line before the next."""
    group: list[Line] = []
    for line in lines:
        if line.left is not None and group and group[-1].left is None:
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _joined(rows: list[tuple[str, bool]]) -> str:
    """Rows with their ends. The page may end between them, but neither in a short lemma nor after
    its first nor before its last row, and never in the midst of a line."""
    source = rows[0][0]
    for number, (row, continues) in enumerate(rows[1:], start=1):
        kept = continues or len(rows) <= 4 or number == 1 or number >= len(rows) - 1
        source += (r" \\*" if kept else r" \\") + "\n" + row
    return source


class _Columns:
    """How wide the columns of a table may be, in em."""

    def __init__(
        self,
        heads: list[tuple[float, float]],
        cells: list[list[float]],
        unbroken: list[list[float]],
    ) -> None:
        self.heads = heads
        self.cells = [max(column, default=0.0) for column in cells]
        self.least = [max(column, default=0.0) for column in unbroken]
        self.stacked = False

    def fitted(self, room: float, least_share: float = 0.0) -> list[float | None] | None:
        """For each column its width if its cells must be broken, else ``None``; nothing at all if
        the table cannot be made to fit, or not without cutting a column to less than
        ``least_share`` of its width."""
        room -= _COLUMN_GAP * (len(self.heads) - 1)
        widths = [max(head[0], cell) for head, cell in zip(self.heads, self.cells, strict=True)]
        if sum(widths) <= room:
            return [None] * len(widths)
        self.stacked = True
        widths = [max(head[1], cell) for head, cell in zip(self.heads, self.cells, strict=True)]
        least = [max(head[1], cell) for head, cell in zip(self.heads, self.least, strict=True)]
        broken_columns: set[int] = set()
        while sum(widths) > room:
            # The column with the most to give gives way.
            widest = max(range(len(widths)), key=lambda n: widths[n] - least[n])
            if widths[widest] - least[widest] < 0.5:
                return None
            if widths[widest] - 0.5 < least_share * self.cells[widest]:
                return None
            widths[widest] -= 0.5
            broken_columns.add(widest)
        return [width if n in broken_columns else None for n, width in enumerate(widths)]


# Escaping ----------------------------------------------------------------------------------------

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "’": "'",
    "‘": "`",
    "“": "``",
    "”": "''",
    "–": "--",
    "—": "---",
    "…": r"\dots{}",
    "\N{NO-BREAK SPACE}": "~",
}

_GREEK = [
    rf"\{name}"
    for name in (
        *("alpha", "beta", "gamma", "delta", "varepsilon", "zeta", "eta", "theta", "iota"),
        *("kappa", "lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon"),
        *("varphi", "chi", "psi", "omega"),
    )
]

#: Signs that words may hold and that are mathematics in TeX.
_MATHEMATICAL = {
    "𝟏": r"\mathbf 1",
    "⊙": r"\odot",
    "⊘": r"\oslash",
    "×": r"\times",
    "·": r"\cdot",
    "−": "-",
    "→": r"\to",
    "≤": r"\le",
    "≥": r"\ge",
    "≠": r"\ne",
    "∈": r"\in",
    "∂": r"\partial",
    "∇": r"\nabla",
    "Σ": r"\Sigma",
    "∑": r"\sum",
    "√": r"\surd",
    "∞": r"\infty",
    "½": r"\tfrac12",
    "¼": r"\tfrac14",
    "′": "'",
    "ᵀ": r"^{\top}",
    **dict(zip("αβγδεζηθικλμνξπρστυφχψω", _GREEK, strict=True)),
}


def escape(words: str) -> str:
    r"""Words as LaTeX text: nothing in them can be a command.

    A character that the document's fonts may not have is written as its code point.

    >>> escape(r"50% of \write18, ½ & λ")
    '50\\% of \\textbackslash{}write18, $\\tfrac12$ \\& $\\lambda$'
    """
    return " ".join(_word(word) for word in words.replace("\n", " ").replace("\t", " ").split(" "))


#: Digits above the line are set together; everything else sign by sign.
_SIGN = re.compile("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+|.", re.DOTALL)
_DIGITS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")

#: Letters with accents that every encoding of LaTeX's fonts has.
_ACCENTED = frozenset(
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿ"
    "ĂăĆćČčĎďĚěĞğĹĺĽľŁłŃńŇňŐőŒœŔŕŘřŚśŞşŠšŢţŤťŮůŰűŸŹźŻżŽž"
)


def _word(word: str) -> str:
    signs = [_escaped(sign) for sign in _SIGN.findall(word)]
    if len(word) <= _LONGEST_WORD:
        return "".join(signs)
    return r"\allowbreak{}".join(signs)


def _escaped(sign: str) -> str:
    if sign[0] in "⁻⁰¹²³⁴⁵⁶⁷⁸⁹":
        return f"$^{{{sign.translate(_DIGITS)}}}$"
    if sign in _SPECIAL:
        return _SPECIAL[sign]
    if sign in _MATHEMATICAL:
        return f"${_MATHEMATICAL[sign]}$"
    if " " <= sign <= "~" or sign in _ACCENTED:
        return sign
    return rf"[U+{ord(sign):04X}]\allowbreak{{}}"
