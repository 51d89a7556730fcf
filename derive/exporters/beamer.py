r"""Slides: a beamer document that shows a derivation line after line.

A section becomes as many frames as it needs, by an estimate of heights. A line of an equation comes
with its number and its reason when its turn comes; on the next frame the line before is repeated,
so that what is done can be seen. The overlays are numbered: a ``\pause`` would be counted twice in
an ``align``, which sets everything twice to measure it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from derive.derivation import Detail
from derive.document import PARTS, Document, LayoutChoice, build
from derive.document.model import (
    Block,
    Bullets,
    Equations,
    Inline,
    Line,
    Paragraph,
    Section,
    Table,
    Views,
)
from derive.exporters.formulas import formula_box
from derive.exporters.latex import MACROS, TIGHT_MACROS, Writer, escape
from derive.gradients import Derivation
from derive.notation import PLAIN, Look, width_in_em
from derive.notation.boxes import Row
from derive.notation.lines import broken

__all__ = ["export", "write"]

#: The width of a line on a slide, in em: 140 mm at 10 pt, with something to spare.
WIDTH = 38.0

#: The room below the title of a frame, in points: a slide is 256 pt high.
HEIGHT = 194.0

#: About how many letters fit on a line.
_LETTERS = 78

#: How much wider words are than in a font with serifs.
_SANS = 1.15

# Heights in points at 10 pt, with the space between lines.
_TEXT_LINE = 14.0
_PLAIN_ROW = 19.0
_FRACTION_ROW = 29.0
_SUM_ROW = 35.0
_MARK = 3.0
_SCRIPTS = 3.5
_AROUND_EQUATIONS = 16.0
_AROUND_TABLE = 14.0

#: What stands left of a formula besides its left side, and the room for the number, in em.
_BEFORE = 2.3
_NUMBER = 2.6

_PREAMBLE = r"""\documentclass[10pt,aspectratio=169]{beamer}
% Run LaTeX twice: the first run counts the frames, the second one prints their number.
\usepackage[T1]{fontenc}
\usepackage{amsmath,amssymb,booktabs,lmodern}
\usefonttheme[onlymath]{serif}
\setbeamertemplate{navigation symbols}{}
\setbeamertemplate{footline}{\hfill\usebeamerfont{footline}\insertframenumber\,/\,%
\inserttotalframenumber\hspace*{1em}\vskip3pt}
\setbeamertemplate{itemize item}{\textbullet}
\setlength{\abovedisplayskip}{6pt}\setlength{\abovedisplayshortskip}{6pt}
\setlength{\belowdisplayskip}{6pt}\setlength{\belowdisplayshortskip}{6pt}"""

_MACROS = r"""% The number of a line.
\providecommand{\derivenumber}[1]{\hbox to2.6em{\hfil\upshape(#1)}}
\providecommand{\derivenonumber}{\hbox to2.6em{}}"""


def export(
    derivation: Derivation,
    *,
    detail: Detail = "normal",
    layout: LayoutChoice = "both",
    look: Look = PLAIN,
    parts: Iterable[str] = PARTS,
) -> str:
    r"""The derivation as slides: a whole document for the class beamer.

    Args:
        derivation: what is shown.
        detail: how much of it.
        layout: which matrix layouts are shown.
        look: how formulas look.
        parts: which parts of the document are shown, see :data:`derive.document.PARTS`.

    >>> from derive.gradients import gradient
    >>> slides = export(gradient("linear_regression", wrt="w", check="none"), parts=["any"])
    >>> slides.splitlines()[0]
    '\\documentclass[10pt,aspectratio=169]{beamer}'
    """
    return write(build(derivation, detail=detail, layout=layout, parts=parts), look=look)


def write(document: Document, *, look: Look = PLAIN) -> str:
    """A document as slides."""
    return "\n".join(_Slides(document, look).lines()) + "\n"


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is shown at once. ``source`` holds ``<+>`` where the number of its overlay goes.

    ``again`` is how it is repeated at the head of the next frame, empty if it isn't.
    """

    source: str
    height: float
    again: str = ""


@dataclass(frozen=True, slots=True)
class _Group:
    """Units that stand between an opening and an ending, on each frame that holds some of them."""

    opening: str
    units: tuple[_Unit, ...]
    ending: str
    separator: str = "\n"
    height: float = 0.0  # of the opening and the ending
    stepwise: bool = True  # whether each unit has an overlay of its own
    leads: bool = False  # whether it says what the next group is, and stays with that

    def least(self) -> float:
        """How high what is to stand on one frame is: the first two lines of an equation, and a
        table as a whole where it fits."""
        whole = self.height + sum(unit.height for unit in self.units)
        if not self.stepwise and whole <= HEIGHT:
            return whole
        return self.height + sum(unit.height for unit in self.units[:2])


@dataclass
class _Frame:
    """A frame while it is filled."""

    parts: list[str] = field(default_factory=list)
    height: float = 0.0
    overlay: int = 1
    leads: bool = False  # whether it ends with what leads to the next group


class _Slides(Writer):
    """Writes slides. References are numbers: there is nothing to be looked up by a second run."""

    def __init__(self, document: Document, look: Look) -> None:
        super().__init__(document, "", fragment=True, width=WIDTH, look=look, tight=True)
        self.numbers = {label: n for n, label in enumerate(document.labels(), start=1)}

    def lines(self) -> Iterator[str]:
        title = escape(self.document.title)
        yield _PREAMBLE
        yield MACROS
        yield TIGHT_MACROS
        yield _MACROS
        yield rf"\title{{{title}}}"
        yield r"\date{}"
        yield r"\begin{document}"
        yield r"\begin{frame}[plain]"
        yield r"\titlepage"
        yield r"\end{frame}"
        if self.document.opening:
            yield from self.frames(r"The result", self.document.opening)
        for section in self.document.sections:
            yield from self.frames(self.title(section), section.blocks)
        yield r"\end{document}"

    def title(self, section: Section) -> str:
        plain = escape(self.plain(section.title))
        return rf"\texorpdfstring{{{self.inline(section.title)}}}{{{plain}}}"

    def part_width(self, part: Inline) -> float:
        # Words on slides are set without serifs, which takes more room.
        return super().part_width(part) * (_SANS if isinstance(part, str) else 1.0)

    def reason_width(self, parts: Iterable[Inline]) -> float:
        return super().reason_width(parts) * _SANS

    def reference(self, label: str) -> str:
        return f"({self.numbers[label]})"

    # Frames --------------------------------------------------------------------------------------

    def frames(self, title: str, blocks: Iterable[Block]) -> Iterator[str]:
        """The frames of a section, filled one after the other."""
        frames = [_Frame()]
        groups = list(self.groups(blocks))
        for place, group in enumerate(groups):
            needed = group.least()
            if group.leads and place + 1 < len(groups):
                needed += groups[place + 1].least()
            last = frames[-1]
            free = group.leads or not last.leads  # what was led to stays where it is
            if last.parts and free and last.height + needed > HEIGHT:
                frames.append(_Frame())
            _fill(frames, group)
        for frame in frames:
            if not frame.parts:
                continue
            yield ""
            yield r"\begin{frame}[t]"
            yield rf"\frametitle{{{title}}}"
            yield from frame.parts
            yield r"\end{frame}"

    def groups(self, blocks: Iterable[Block]) -> Iterator[_Group]:
        for block in blocks:
            match block:
                case Paragraph(parts=parts):
                    source = rf"\uncover<+->{{{self.inline(parts)}}}"
                    yield _Group(
                        r"\par",
                        (_Unit(source, self.height(parts)),),
                        "",
                        height=5.0,
                        stepwise=False,
                        leads=True,
                    )
                case Bullets(items=items):
                    units = tuple(
                        _Unit(rf"  \item<+-> {self.inline(item)}", self.height(item, 72) + 4.0)
                        for item in items
                    )
                    yield _Group(r"\begin{itemize}", units, r"\end{itemize}", height=8.0)
                case Table():
                    yield self.rows_of(block)
                case Equations(lines=lines):
                    yield self.equation(lines)
                case Views(views=views):
                    for view in views:
                        yield from self.groups(view.blocks)

    def height(self, parts: tuple[Inline, ...], letters: int = _LETTERS) -> float:
        """About how high a paragraph is."""
        wide = self.inline_width(parts) / 0.5
        return _TEXT_LINE * (1 + int(wide / letters))

    def rows_of(self, table: Table) -> _Group:
        """A table row by row; it is there at once, since a reader looks for something in it."""
        laid = self.tabular(table)
        if laid is None:
            units = tuple(
                _Unit(record, _TEXT_LINE * (1 + int(self.inline_width(sum(row, ())) / WIDTH)) + 8.0)
                for record, row in zip(self.records(table), table.rows, strict=True)
            )
            return _Group(
                r"\par\smallskip{\small\raggedright",
                units,
                r"\par}",
                height=_AROUND_TABLE,
                stepwise=False,
            )
        bottom = r"\hline"
        head = "\n".join((*laid.opening, *laid.head))
        rows = tuple(
            _Unit(row.removesuffix(bottom), _row_height(row, table, laid.opening[-1]))
            for row in laid.rows
        )
        ending = f"{bottom}\n{laid.ending}"
        return _Group(head, rows, ending, height=_AROUND_TABLE + 22.0, stepwise=False)

    # Equations -----------------------------------------------------------------------------------

    def equation(self, lines: tuple[Line, ...]) -> _Group:
        lefts = [formula_box(line.left, self.notation) for line in lines if line.left]
        widest = max(lefts, key=width_in_em, default=Row(()))
        if width_in_em(widest) > 0.4 * WIDTH:
            widest = Row(())
        room = WIDTH - width_in_em(widest) - _BEFORE - _NUMBER
        opening = rf"\derivefit{{\quad {self.math(widest)}}}{{3.1em}}%" + "\n" + r"\begin{align*}"
        units = tuple(self.line(line, room, aside=widest == Row(())) for line in lines)
        return _Group(opening, units, r"\end{align*}", " \\\\\n", _AROUND_EQUATIONS)

    def line(self, line: Line, room: float, *, aside: bool) -> _Unit:
        """A line with all its rows: they come together."""
        right = formula_box(line.right, self.notation)
        pieces = [right] if width_in_em(right) <= room else broken(right, room - 1.0, width_in_em)
        why = self.inline(line.reason)
        left = "" if line.left is None else self.math(formula_box(line.left, self.notation))
        sign = {"=": "=", "≠": r"\ne"}[line.sign]
        number = (
            rf"\derivenumber{{{self.numbers[line.label]}}}" if line.label else r"\derivenonumber"
        )
        rows: list[tuple[str, str]] = []  # left and right of the sign
        again: list[tuple[str, str]] = []
        if aside and left:
            rows.append(("", rf"{left}"))
            left = ""
        for place, piece in enumerate(pieces):
            last = place == len(pieces) - 1
            source = self.math(piece).strip()
            width = width_in_em(piece) + (1.0 if place else 0.0)
            if place:
                source = r"\quad " + ("{}" if source[:1] in "+-" else "") + source
            source = self.fitting(source, width, room)
            start = r"{}\mathrel{}\phantom{=}{}" if place else f"{{}}{sign} "
            beside = last and bool(why) and width + self.reason_width(line.reason) + 1.2 <= room
            end = number if last and (beside or not why) else r"\derivenonumber"
            told = rf"\derivestep{{{source}}}{{{why}}}" if beside else rf"\deriveline{{{source}}}"
            begin = rf"\quad {left}" if left and not place else ""
            rows.append((begin, start + told + end))
            again.append((begin, start + rf"\deriveline{{{source}}}" + (number if last else "")))
        if why and not beside:
            rows.append(("", rf"\phantom{{{{}}={{}}}}\derivewhy{{{why}}}{number}"))
        height = sum(_height(f"{left} {source}".strip()) for left, source in rows)
        return _Unit(_covered(rows), height, _shown(again))


def _covered(rows: Iterable[tuple[str, str]]) -> str:
    return " \\\\\n".join(
        "  " + (rf"\uncover<+->{{{left}}} " if left else "") + rf"& \uncover<+->{{{right}}}"
        for left, right in rows
    )


def _shown(rows: Iterable[tuple[str, str]]) -> str:
    return " \\\\\n".join(f"  {left} & {right}" for left, right in rows)


def _height(source: str) -> float:
    """About how high a row of an equation is."""
    if source.startswith(r"\phantom"):
        letters = len(re.sub(r"\\[a-z]+|[{}$]", "", source))
        return _PLAIN_ROW + _TEXT_LINE * (letters // 70)
    base = _PLAIN_ROW
    if r"\frac" in source:
        base = _FRACTION_ROW
        # What stands above a letter in a fraction, such as its layer, makes that higher.
        base += _SCRIPTS if "^{" in source else 0.0
    if r"\sum_" in source:
        base = _SUM_ROW
    # A sum in a fraction, or a fraction in another.
    if re.search(r"\\frac\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\\(?:frac|sum_)", source):
        base += 14.0
    return base + (_MARK if r"\derivetrack" in source else 0.0)


def _row_height(row: str, table: Table, columns: str) -> float:
    """About how high a row of a table is: a cell that is broken takes several lines."""
    tall = r"\derivecell" in row
    widths = [float(width) for width in re.findall(r"p\{([\d.]+)em\}", columns)]
    lines = 1
    if widths:
        cells = [re.sub(r"\\[A-Za-z]+|[{}$]", "", cell) for cell in row.split(" & ")]
        lines = max(1 + int(len(cell) * 0.5 / min(widths)) for cell in cells)
    return (31.0 if tall else 17.0) * 1.0 + 13.0 * (lines - 1)


def _fill(frames: list[_Frame], group: _Group) -> None:
    """Put a group on the last frame and on as many new ones as it needs."""
    units = list(group.units)
    previous: _Unit | None = None
    while units:
        frame = frames[-1]
        repeated = previous.again if previous is not None else ""
        used = group.height + (_again_height(repeated) if repeated else 0.0)
        taken: list[_Unit] = []
        while units and frame.height + used + units[0].height <= HEIGHT:
            used += units[0].height
            taken.append(units.pop(0))
        # A lone first line at the foot of a frame says little.
        lone = len(taken) == 1 and units and group.stepwise
        if frame.parts and not frame.leads and lone:
            units.insert(0, taken.pop())
        if not taken:
            if frame.parts:
                frames.append(_Frame())
                continue
            taken.append(units.pop(0))  # higher than a slide: nothing can be done
            used += taken[0].height
        sources = [repeated] if repeated else []
        for unit in taken:
            sources.append(unit.source.replace("<+->", f"<{frame.overlay}->"))
            frame.overlay += 1 if group.stepwise else 0
        frame.parts += [group.opening, group.separator.join(sources), group.ending]
        frame.height += used
        frame.leads = group.leads
        previous = taken[-1]
        if units:
            frames.append(_Frame())


def _again_height(source: str) -> float:
    return sum(_height(row) for row in source.split(" \\\\\n"))
