r"""LaTeX: a document of its own, or a fragment for ``\input``.

A fragment needs amsmath and xcolor and defines, where the paper doesn't, the two commands it
uses: ``\derivetrack`` marks the tracked factor by colour and by a frame, which survives
black-and-white printing; ``\derivewhy`` sets the rule at the margin.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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
from derive.notation.boxes import Box, Fraction, Marked, Row, Symbol
from derive.notation.latex import Style, write_latex
from derive.notation.lines import broken

__all__ = ["WIDTH", "escape", "export", "write"]

#: The width of a text line of the document, in em: 158 mm at 11 pt.
WIDTH = 41.0

#: How wide a character of the margin's small italics is, in em of the text.
_CHARACTER = 0.41

#: The least room between a formula and its reason, in em.
_GAP = 1.2

_MACROS = r"""\providecommand{\derivetrack}[1]{{\setlength{\fboxsep}{1.4pt}\color{derivetracked}%
  \mathchoice{\fcolorbox{derivetracked}{derivetracked!7}{$\displaystyle #1$}}%
    {\fcolorbox{derivetracked}{derivetracked!7}{$\textstyle #1$}}%
    {\fcolorbox{derivetracked}{derivetracked!7}{$\scriptstyle #1$}}%
    {\fcolorbox{derivetracked}{derivetracked!7}{$\scriptscriptstyle #1$}}}}
\providecommand{\derivewhy}[1]{\text{\small\itshape #1}}
\definecolor{derivetracked}{HTML}{B3261E}"""

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
    width: float = WIDTH,
) -> str:
    r"""The derivation as LaTeX.

    Args:
        derivation: what is printed.
        detail: how much of it.
        fragment: leave the preamble out, for ``\input``; needs amsmath and xcolor.
        label: a prefix of the labels, so that two fragments on one page don't clash; the
            problem's name if left out.
        layout: which matrix layouts are printed.
        width: the width of a text line in em.

    Raises:
        InputError: ``label`` has a character that a label cannot hold.

    >>> from derive.gradients import gradient
    >>> text = export(gradient("linear_regression", wrt="w", check="none"), fragment=True)
    >>> text.splitlines()[0]
    '% Linear regression: the gradient of the halved mean squared error'
    """
    if not all(character.isalnum() or character in "-_:." for character in label):
        raise InputError(f"{label!r} cannot be the prefix of a label: use letters, digits and -_:.")
    document = build(derivation, detail=detail, layout=layout)
    prefix = f"{label or derivation.problem.name}:"
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
            yield f"% {self.document.title}"
            yield "% needs \\usepackage{amsmath,xcolor}"
            yield _MACROS
        else:
            yield _PREAMBLE % (_MACROS, title, title)
        for block in self.document.opening:
            yield from self.block(block)
        for number, section in enumerate(self.document.sections, start=1):
            yield ""
            yield from self.section(section, number)
        if not self.fragment:
            yield r"\end{document}"

    def section(self, section: Section, number: int) -> Iterator[str]:
        title = self.inline(section.title)
        if self.fragment:
            yield rf"\paragraph{{{title}}}\mbox{{}}\par"
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
            rf"$\displaystyle {write_latex(formula_box(part, self.notation), Style.DISPLAY)}$"  # type: ignore[arg-type]
            if is_formula(part)
            else self.part(part)
            for part in parts
        )

    # Blocks --------------------------------------------------------------------------------------

    def block(self, block: Block) -> Iterator[str]:
        match block:
            case Paragraph(parts=parts):
                yield ""
                yield self.inline(parts)
            case Bullets(items=items):
                yield r"\begin{itemize}\setlength{\itemsep}{2pt}\setlength{\parskip}{0pt}"
                for item in items:
                    yield rf"  \item {self.inline(item)}"
                yield r"\end{itemize}"
            case Table():
                yield from self.table(block)
            case Equations(lines=lines):
                yield from self.equations(lines)

    def table(self, table: Table) -> Iterator[str]:
        rule = (r"\toprule", r"\midrule", r"\bottomrule")
        if self.fragment:
            rule = (r"\hline", r"\hline", r"\hline")
        cells = [[self.cell(cell) for cell in row] for row in table.rows]
        wide = self.wide_columns(table)
        align = "".join(
            rf"p{{{share:.2f}\linewidth}}" if share else letter
            for letter, share in zip(table.align or "l" * len(table.head), wide, strict=True)
        )
        yield r"\par\nopagebreak\smallskip{\centering\small\renewcommand{\arraystretch}{1.3}%"
        yield rf"\begin{{tabular}}{{@{{}}{align}@{{}}}}{rule[0]}"
        if any(table.head):
            yield " & ".join(escape(word) for word in table.head) + rf"\\{rule[1]}"
        for number, row in enumerate(cells):
            end = rf"\\{rule[2]}" if number == len(cells) - 1 else r"\\"
            yield " & ".join(row) + end
        yield r"\end{tabular}\par}\medskip"

    def wide_columns(self, table: Table) -> list[float]:
        """For each column the share of the line it is given if it must be broken, else 0."""
        widths = [
            max([self.inline_width(cell) for cell in column] + [0.0])
            for column in zip(*table.rows, strict=True)
        ]
        gaps = 1.2 * (len(widths) - 1)
        room = self.width / 0.92 - gaps - 2.0  # \small, and a little to spare
        if sum(widths) <= room:
            return [0.0] * len(widths)
        # The widest column of words takes what the others leave.
        breakable = [
            number
            for number, column in enumerate(zip(*table.rows, strict=True))
            if any(isinstance(part, str) for cell in column for part in cell)
        ]
        if not breakable:
            return [0.0] * len(widths)
        widest = max(breakable, key=lambda number: widths[number])
        others = sum(width for number, width in enumerate(widths) if number != widest)
        share = max((room - others) / (self.width / 0.92), 0.15)
        return [share if number == widest else 0.0 for number in range(len(widths))]

    def inline_width(self, parts: Iterable[Inline]) -> float:
        return sum(self.part_width(part) for part in parts)

    def part_width(self, part: Inline) -> float:
        match part:
            case str():
                return 0.5 * len(part)
            case Strong(words=words):
                return 0.55 * len(words)
            case Reference():
                return 1.6
            case _:
                return width_in_em(formula_box(part, self.notation))

    # Equations -----------------------------------------------------------------------------------

    def equations(self, lines: tuple[Line, ...]) -> Iterator[str]:
        """An ``align`` with the reasons in a column at the margin.

        The width of ``align`` is that of its widest formula plus that of its widest reason. So a
        formula that would not leave room for the reasons is set without a width of its own
        (``\\rlap``), and its reason on the line below; one that is wider than the page is broken.
        """
        numbered = any(line.label in self.labels and line.label for line in lines)
        left = max(
            (width_in_em(formula_box(line.left, self.notation)) for line in lines if line.left),
            default=0.0,
        )
        room = self.width - left - 1.5 - (3.0 if numbered else 0.0)
        # A reason that would take more than its share of the line reaches to the left of its
        # column instead, in a line of its own.
        own = [_CHARACTER * self.characters(line.reason) for line in lines]
        reasons = max((width for width in own if width <= 0.6 * room), default=0.0)
        yield r"\begin{align}" if numbered else r"\begin{align*}"
        source = ""
        for number, line in enumerate(lines):
            rows = " \\\\\n".join(self.rows(line, room, reasons, numbered))
            # A little room before each new left side.
            gap = "[4pt]" if line.left is not None and lines[number - 1].left is None else ""
            source += f" \\\\{gap}\n{rows}" if source else rows
        yield source
        yield r"\end{align}" if numbered else r"\end{align*}"

    def characters(self, parts: Iterable[Inline]) -> int:
        return round(self.inline_width(parts) / 0.5)

    def rows(self, line: Line, room: float, reasons: float, numbered: bool) -> Iterator[str]:
        left = "" if line.left is None else self.math(formula_box(line.left, self.notation))
        right = formula_box(line.right, self.notation)
        pieces = broken(right, room, width_in_em) if width_in_em(right) > room else [right]
        starts = [f"  {left} &= ", *(r"    &\quad " for _ in pieces[1:])]
        silent = r" \notag" if numbered else ""
        number = silent
        if numbered and line.label:
            number = rf" \label{{{self.prefix}{line.label}}}"
        for place, (start, piece) in enumerate(zip(starts, pieces, strict=True)):
            source = self.math(piece)
            if place and source[:1] in "+-":
                source = "{}" + source
            if place < len(pieces) - 1:
                yield f"{start}{_without_width(source)}{silent}"
                continue
            width = width_in_em(piece) + (2.0 if place else 0.0)
            own = _CHARACTER * self.characters(line.reason)
            why = self.inline(line.reason)
            plain = rf"\derivewhy{{{why}}}"
            box = rf"\makebox[{reasons:.1f}em][r]{{{plain}}}"
            if not why:
                yield f"{start}{source if width <= room else _without_width(source)}{number}"
            elif own <= reasons and width + reasons + _GAP <= room:
                yield rf"{start}{source} && {plain}{number}"
            elif width + own + 2 * _GAP <= room:
                # Short of room for the widest reason, but not for this one: flush right.
                yield rf"{start}{_without_width(source)} && {box}{number}"
            else:
                yield f"{start}{_without_width(source)}{silent}"
                yield rf"    &&& {box if own > reasons else plain}{number}"

    def math(self, box: Box) -> str:
        return write_latex(box, Style.DISPLAY)


def _without_width(source: str) -> str:
    return rf"\rlap{{$\displaystyle {source}$}}"


def _slashed(box: Box) -> Box:
    """The tracked factor with a slash where it stands in a sentence: its frame would touch the
    next line otherwise."""
    if isinstance(box, Marked) and isinstance(box.body, Fraction):
        slash = Symbol("/", "/", "sign")
        return Marked(Row((box.body.numerator, slash, box.body.denominator)))
    return box


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
    '"': r"\textquotedbl{}",
    "’": "'",
    "‘": "`",
    "“": "``",
    "”": "''",
    "–": "--",
    "—": "---",
    "…": r"\dots{}",
    "\n": " ",
    "\t": " ",
}

#: Signs that words may hold and that are mathematics in TeX.
_MATHEMATICAL = {
    "𝟏": r"\mathbf 1",
    "⊙": r"\odot",
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
    "²": "^2",
    "³": "^3",
    "′": "'",
    "ᵀ": r"^{\top}",
    **dict(
        zip(
            "αβγδεζηθικλμνξπρστυφχψω",
            (
                r"\alpha \beta \gamma \delta \varepsilon \zeta \eta \theta \iota \kappa \lambda \mu "
                r"\nu \xi \pi \rho \sigma \tau \upsilon \varphi \chi \psi \omega"
            ).split(),
            strict=True,
        )
    ),
}


def escape(words: str) -> str:
    r"""Words as LaTeX text: nothing in them can be a command.

    A character that the document's fonts may not have is written as its code point.

    >>> escape(r"50% of \write18, ½ & λ")
    '50\\% of \\textbackslash{}write18, $\\tfrac12$ \\& $\\lambda$'
    """
    return "".join(_escaped(character) for character in words)


def _escaped(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    if character in _MATHEMATICAL:
        return f"${_MATHEMATICAL[character]}$"
    if " " <= character <= "~" or "À" <= character <= "ſ":
        return character
    return f"[U+{ord(character):04X}]"
