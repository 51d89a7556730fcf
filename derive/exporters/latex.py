r"""LaTeX: a document of its own, or a fragment for ``\input``.

A fragment needs amsmath and xcolor and defines, where the paper doesn't, the commands it uses.
``\derivetrack`` marks the tracked factor by colour and by a frame, which survives black-and-white
printing. ``\derivestep`` is a line with its reason at the margin: a box as wide as the line, so
that TeX itself reports a line that is too long.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from derive.derivation import Detail
from derive.document import LayoutChoice, build
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
)
from derive.errors import InputError
from derive.exporters.formulas import formula_box, is_formula
from derive.gradients import Derivation
from derive.notation import Notation, width_in_em
from derive.notation.boxes import (
    Box,
    Fraction,
    Juxtaposed,
    Marked,
    Row,
    Signed,
    Symbol,
    parenthesised,
)
from derive.notation.latex import Style, write_latex
from derive.notation.lines import broken

__all__ = ["FRAGMENT_WIDTH", "WIDTH", "escape", "export", "write"]

#: The width of a text line of the document, in em: 158 mm at 11 pt.
WIDTH = 41.0

#: The width of a text line that a fragment is made for, in em: that of the class article at 10 pt
#: with its own margins is 345 pt.
FRAGMENT_WIDTH = 34.0

#: The same for a fragment: a plain article has 345 pt at 10 pt, and something is kept to spare.
FRAGMENT_WIDTH = 33.0

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

_MACROS = r"""\providecommand{\derivetrack}[1]{%
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

    Raises:
        InputError: ``label`` has a character that a label cannot hold.

    >>> from derive.gradients import gradient
    >>> text = export(gradient("linear_regression", wrt="w", check="none"), fragment=True)
    >>> text.splitlines()[0]
    '% Linear regression: the gradient of the halved mean squared error'
    """
    if not all(each.isascii() and (each.isalnum() or each in "-_:.") for each in label):
        raise InputError(f"{label!r} cannot be the prefix of a label: use letters, digits and -_:.")
    document = build(derivation, detail=detail, layout=layout)
    prefix = f"{label or derivation.problem.name}:"
    if width is None:
        width = FRAGMENT_WIDTH if fragment else WIDTH
    return write(document, prefix=prefix, fragment=fragment, width=width)


def write(document: Document, *, prefix: str, fragment: bool, width: float = WIDTH) -> str:
    """A document as LaTeX."""
    writer = _Writer(document, prefix, fragment, width)
    return "\n".join(writer.lines()) + "\n"


class _Writer:
    def __init__(self, document: Document, prefix: str, fragment: bool, width: float) -> None:
        self.document = document
        self.prefix = prefix
        self.fragment = fragment
        self.width = width
        self.notation = Notation(document.problem, track=document.track, longest_sum=6)
        self.labels = frozenset(document.labels())

    def lines(self) -> Iterator[str]:
        title = escape(self.document.title)
        if self.fragment:
            yield f"% {title}"
            yield "% needs \\usepackage{amsmath,xcolor}"
            yield _MACROS
            yield r"\begingroup\allowdisplaybreaks"
            yield rf"\noindent\textbf{{{title}}}\par"
        else:
            yield _PREAMBLE % (_MACROS, title, title)
        for block in self.document.opening:
            yield from self.block(block)
        for number, section in enumerate(self.document.sections, start=1):
            yield ""
            yield from self.section(section, number)
        yield r"\par\endgroup" if self.fragment else r"\end{document}"

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
                return rf"\eqref{{{self.prefix}{label}}}"
            case _:
                return f"${write_latex(_slashed(formula_box(part, self.notation)), Style.TEXT)}$"

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

    def table(self, table: Table) -> Iterator[str]:
        columns = _Columns(
            [self.head_width(head) for head in table.head],
            [
                [self.inline_width(cell) for cell in column]
                for column in zip(*table.rows, strict=True)
            ],
            [[self.unbroken(cell) for cell in column] for column in zip(*table.rows, strict=True)],
        )
        least_share = 0.0 if table.head[0] else 0.6
        widths = columns.fitted(self.width / _SMALL - 2.5, least_share)
        if widths is None:
            yield from self.records(table)
            return
        top, middle, bottom = (
            (r"\hline",) * 3 if self.fragment else (r"\toprule", r"\midrule", r"\bottomrule")
        )
        align = "".join(
            letter if width is None else rf"p{{{width:.1f}em}}"
            for letter, width in zip(table.align or "l" * len(widths), widths, strict=True)
        )
        yield r"\par\nopagebreak\smallskip{\centering\small\renewcommand{\arraystretch}{1.3}%"
        yield rf"\begin{{tabular}}{{@{{}}{align}@{{}}}}{top}"
        if any(table.head):
            heads = zip(table.head, align, strict=False) if columns.stacked else None
            yield (
                " & ".join(self.stacked(head, letter) for head, letter in heads)
                if heads
                else " & ".join(self.cell(head) for head in table.head)
            )
            yield rf"\\{middle}"
        for number, row in enumerate(table.rows):
            cells = [
                ("" if width is None else r"\rightskip0pt plus1fil\relax ") + self.cell(cell)
                for cell, width in zip(row, widths, strict=True)
            ]
            yield " & ".join(cells) + r"\\" + (bottom if number == len(table.rows) - 1 else "")
        yield r"\end{tabular}\par}\medskip"

    def records(self, table: Table) -> Iterator[str]:
        """A table that is too wide: a short paragraph for each row."""
        yield r"\par\smallskip{\small\raggedright"
        for row in table.rows:
            parts = []
            for head, cell in zip(table.head, row, strict=True):
                written = self.inline(cell)
                named = head and table.head[0]
                if written:
                    parts.append(rf"\textit{{{self.inline(head)}}} {written}" if named else written)
            separator = "; " if table.head[0] else r"\quad "
            yield r"\noindent\hangindent1em " + separator.join(parts) + r"\par"
        yield r"}\medskip"

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
        numbered = any(line.label for line in lines)
        lefts = [formula_box(line.left, self.notation) for line in lines if line.left]
        widest = max(lefts, key=width_in_em, default=Row(()))
        aside = width_in_em(widest) + _BEFORE > _WIDEST_LEFT * self.width
        widest = Row(()) if aside else widest
        room = self.width - width_in_em(widest) - _BEFORE - (_NUMBER if numbered else 0.0)
        reasons = any(line.reason for line in lines)
        name = "align" if numbered else "align*"
        if reasons:
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
        left = "" if line.left is None else self.math(formula_box(line.left, self.notation))
        indent = r"\quad " if left and reasons else ""
        sign = {"=": "=", "≠": r"\ne"}[line.sign]
        silent = r" \notag" if numbered else ""
        number = rf" \label{{{self.prefix}{line.label}}}" if line.label else silent
        right = formula_box(line.right, self.notation)
        pieces = [right] if width_in_em(right) <= room else broken(right, room - 1.0, width_in_em)
        why = self.inline(line.reason)
        if aside and left:
            yield rf"  & {left}{silent}", False
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
            beside = last and width + self.reason_width(line.reason) + _GAP <= room
            if reasons:
                step = rf"\derivestep{{{source}}}{{{why}}}"
                source = step if beside and why else rf"\deriveline{{{source}}}"
            ends = last and (beside or not why)
            continues = place > 0 or (aside and line.left is not None)
            yield f"  {start}{source}{number if ends else silent}", continues
        if why and not beside:
            yield rf"    &\phantom{{{{}}={{}}}} \derivewhy{{{why}}}{number}", True

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
                    width += _SMALL * width_in_em(_slashed(formula_box(part, self.notation)))
        return width

    def math(self, box: Box) -> str:
        return write_latex(box, Style.DISPLAY)


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


def _slashed(box: Box) -> Box:
    """A derivative or the tracked factor with a slash, where it stands in a sentence: a fraction
    would be small, and its frame would touch the next line."""
    match box:
        case Marked(body=Fraction() as body):
            return Marked(_in_line(body))
        case Fraction(kind="derivative"):
            return _in_line(box)
        case Row(parts=parts):
            return Row(tuple(map(_slashed, parts)))
        case Juxtaposed(parts=parts):
            return Juxtaposed(tuple(map(_slashed, parts)))
        case _:
            return box


def _in_line(box: Fraction) -> Box:
    below = box.denominator
    if isinstance(below, (Juxtaposed, Signed)):
        below = parenthesised(below)
    return Row((box.numerator, Symbol("/", "/", "sign"), below))


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
