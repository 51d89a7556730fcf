"""HTML: a page of its own that works offline, or a fragment for a notebook or another page.

Mathematics is MathML. Everything can be read without a script; where there is one, steps can be
put away, ways to show the same thing be switched and lines be copied as LaTeX. Nothing is loaded
from anywhere, and the page's own policy forbids it.

A screen reader meets every line of a derivation as one ``<math>`` element with one alternative
text. Where the eye needs several, the left side in a column of its own or a long right side in
pieces between which a row may end, those are hidden from it, and one that holds the whole line
lies unseen over them. A label of text would not do: what reads MathML aloud says "sum from i equals
1 to m", and nothing reads ``Σᵢ₌₁ᵐ`` so. One visible element for all would not do either: browsers
break no line of mathematics, and Firefox and Safari lay out no grid inside of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import count
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

from derive.derivation import Detail
from derive.document import PARTS, LayoutChoice, build
from derive.document.model import (
    Block,
    Bullets,
    Document,
    Equations,
    Formula,
    Inline,
    Line,
    Paragraph,
    Reference,
    Section,
    Strong,
    Table,
    Tracked,
    Views,
)
from derive.errors import InputError
from derive.exporters.formulas import SIGNS, check_label, formula_box, is_formula
from derive.gradients import Derivation
from derive.notation import PLAIN, Look, width_in_em
from derive.notation.boxes import Box, Row
from derive.notation.latex import write_latex
from derive.notation.lines import broken
from derive.notation.mathml import escape, write_mathml
from derive.notation.text import unmarked, write_text

__all__ = ["WORDS", "export", "script", "stylesheet", "write"]

#: The words of the controls, by what they are for; the words of the derivation itself are the
#: document's. What stands in braces is filled in and must stay; ``language`` is the language that
#: the page and its prose are in.
WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "language": "en",
        "follow": "Follow {factor}",
        "tracked factor": "the {factor}",
        "marked factor": "the marked factor",
        "open all": "Open all steps",
        "close all": "Close all steps",
        "one step between": "1 step between",
        "steps between": "{count} steps between",
        "copy": "Copy this line as LaTeX",
        "copied": "LaTeX copied",
        "not copied": "LaTeX could not be copied",
        "wide formula": "Wide formula or table, can be scrolled",
        "show": "Show",
        "both": "both",
        "all": "all",
    }
)

#: A right side wider than this, in em, may be broken by the browser; its pieces are no wider, so
#: that they fit a phone.
_PIECE = 17.0

#: A left side wider than this stands on a row of its own.
_WIDEST_LEFT = 17.0

_LOWEST_HEADING = 6


def export(
    derivation: Derivation,
    *,
    detail: Detail = "normal",
    layout: LayoutChoice = "both",
    look: Look = PLAIN,
    parts: Iterable[str] = PARTS,
    page: bool = True,
    label: str = "",
    heading: int | None = None,
    style: bool = True,
    words: Mapping[str, str] = WORDS,
) -> str:
    """The derivation as HTML.

    A fragment takes its colours from the colour of the text around it, and so it is as legible on
    a dark page as on a light one, however the page switches between the two. A page may choose its
    own by custom properties, set for ``.derive`` below whatever attribute its theme has, such as
    ``[data-theme="dark"] .derive``: ``--derive-track`` (the tracked factor),
    ``--derive-track-ground`` (the ground below it), ``--derive-follow-ground`` (the same while it
    is followed), ``--derive-quiet``, ``--derive-rule``, ``--derive-faint``, ``--derive-control``.

    Args:
        derivation: what is printed.
        detail: how much of it.
        layout: which matrix layouts are printed.
        look: how formulas look.
        parts: which parts of the document are printed, see :data:`derive.document.PARTS`.
        page: a page of its own; otherwise a ``<div class="derive">`` without a script.
        label: a prefix of the ids, so that two fragments on one page don't clash; the problem's
            name if left out.
        heading: the level of the title's heading: 1 on a page and 2 in a fragment if left out.
        style: whether a fragment brings its style sheet with it.
        words: words of the controls in another language, in place of those of :data:`WORDS`.

    Raises:
        InputError: ``label`` has a character that an id should not hold, ``heading`` is none of 1
            to 5, or ``words`` has a key that :data:`WORDS` hasn't or lacks what is filled in.

    >>> from derive.gradients import gradient
    >>> derivation = gradient("linear_regression", wrt="w", check="none")
    >>> print(export(derivation, page=False, style=False).splitlines()[1][:15])
    <h2>Linear regr
    >>> german = {"language": "de", "open all": "Alle Schritte zeigen"}
    >>> "Alle Schritte zeigen</button>" in export(derivation, page=False, words=german)
    True
    """
    check_label(label)
    document = build(derivation, detail=detail, layout=layout, parts=parts)
    prefix = label or derivation.problem.name
    return write(
        document, prefix=prefix, page=page, look=look, heading=heading, style=style, words=words
    )


def write(
    document: Document,
    *,
    prefix: str,
    page: bool,
    look: Look = PLAIN,
    heading: int | None = None,
    style: bool = True,
    words: Mapping[str, str] = WORDS,
) -> str:
    """A document as HTML; the arguments are those of :func:`export`."""
    level = (1 if page else 2) if heading is None else heading
    if not 1 <= level < _LOWEST_HEADING:
        raise InputError(f"the title's heading cannot be of level {level}: choose one from 1 to 5")
    every = _checked(words)
    body = "\n".join(_Writer(document, prefix, look, level, every).lines())
    if page:
        return _page(document.title, body, every["language"])
    sheet = f"<style>{stylesheet()}</style>\n" if style else ""
    return f"{sheet}{body}\n"


def _checked(words: Mapping[str, str]) -> Mapping[str, str]:
    """All words, those that are given in place of ours."""
    for key, said in words.items():
        if key not in WORDS:
            raise InputError(f"{key!r} is none of the words of a page: {', '.join(WORDS)}")
        for gap in ("{factor}", "{count}"):
            if gap in WORDS[key] and gap not in said:
                raise InputError(f"the words for {key!r} must say where {gap} stands, not {said!r}")
    return {**WORDS, **words}


@cache
def stylesheet() -> str:
    """The style sheet of pages and fragments; all its selectors are under a class of ours.

    >>> "http" in stylesheet()
    False
    """
    return _static("derive.css")


@cache
def script() -> str:
    """The script of a page. It serves all fragments of the page that it is loaded at the end of.

    >>> "http" in script()
    False
    """
    return _static("derive.js")


def _static(name: str) -> str:
    from importlib.resources import files

    text = files("derive.exporters").joinpath("static", name).read_text(encoding="utf-8")
    return "\n" + text.replace("\r\n", "\n")


def _page(title: str, body: str, language: str) -> str:
    """A page that forbids itself whatever isn't in it."""
    policy = (
        f"default-src 'none'; style-src {_digest(stylesheet())}; "
        f"script-src {_digest(script())}; base-uri 'none'; form-action 'none'"
    )
    return f"""<!DOCTYPE html>
<html lang="{escape(language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="derive">
<title>{escape(title)}</title>
<style>{stylesheet()}</style>
</head>
<body class="derive-page">
<main>
{body}
</main>
<script>{script()}</script>
</body>
</html>
"""


def _digest(source: str) -> str:
    from base64 import b64encode
    from hashlib import sha256

    return f"'sha256-{b64encode(sha256(source.encode()).digest()).decode()}'"


class _Writer:
    def __init__(
        self,
        document: Document,
        prefix: str,
        look: Look,
        level: int,
        words: Mapping[str, str],
    ) -> None:
        self.document = document
        self.words = words
        self.prefix = prefix
        self.level = level
        self.notation = look.notation(document.problem, track=document.track, longest_sum=6)
        # What is copied goes into other people's papers, which have no command for the mark.
        self.unmarked = look.notation(document.problem, longest_sum=6)
        self.numbers = {label: n for n, label in enumerate(document.labels(), start=1)}
        self.places = count(1)

    def lines(self) -> Iterator[str]:
        blocks = [self.block(block) for block in self.document.opening]
        sections = [
            self.section(section, number)
            for number, section in enumerate(self.document.sections, start=1)
        ]
        attributes = f' id="{escape(self.prefix)}" lang="{self.said("language")}"'
        attributes += f' data-copied="{self.said("copied")}"'
        attributes += f' data-not-copied="{self.said("not copied")}"'
        attributes += f' data-wide="{self.said("wide formula")}"'
        yield f'<div class="derive"{attributes}>'
        yield f"<h{self.level}>{escape(self.document.title)}</h{self.level}>"
        yield from self.controls("".join(sections))
        yield from blocks
        yield from sections
        yield "</div>"

    def said(self, key: str) -> str:
        """Words of the controls, for HTML."""
        return escape(self.words[key])

    def controls(self, sections: str) -> Iterator[str]:
        """What the script works with; it is shown only where the script is."""
        buttons = ""
        if 'class="derive-tracked"' in sections:
            said = self.said("follow").replace("{factor}", self.tracked())
            buttons += (
                f'<button type="button" class="derive-follow" aria-pressed="false">{said}</button>'
            )
        if 'class="derive-fold"' in sections:
            buttons += "".join(
                f'<button type="button" class="derive-every" value="{value}">{said}</button>'
                for value, said in (
                    ("open", self.said("open all")),
                    ("close", self.said("close all")),
                )
            )
        if buttons:
            yield f'<div class="derive-controls">{buttons}</div>'
        yield '<div class="derive-status" role="status"></div>'

    def tracked(self) -> str:
        """What is followed, by its name where the document has one; HTML."""
        for section in self.document.sections:
            for part in section.title:
                if isinstance(part, Tracked):
                    factor = escape(self.plain([part.formula]))
                    return self.said("tracked factor").replace("{factor}", factor)
        return self.said("marked factor")

    def section(self, section: Section, number: int) -> str:
        key = f"{self.prefix}-section-{section.key}"
        level = min(self.level + 1, _LOWEST_HEADING)
        blocks = "\n".join(self.block(block) for block in section.blocks)
        return (
            f'<section aria-labelledby="{escape(key)}">\n'
            f'<h{level} id="{escape(key)}"><span class="derive-number-of-section">{number}</span> '
            f"{self.inline(section.title)}</h{level}>\n{blocks}\n</section>"
        )

    # Text ----------------------------------------------------------------------------------------

    def inline(self, parts: Iterable[Inline], *, full: bool = False) -> str:
        """Parts of a sentence; formulas at ``full`` size or at that of a sentence."""
        return "".join(self.part(part, full=full) for part in parts)

    def part(self, part: Inline, *, full: bool) -> str:
        match part:
            case str():
                return escape(part)
            case Strong(words=words):
                return f"<strong>{escape(words)}</strong>"
            case Reference(label=label):
                address = escape(f"#{quote(self.id(label), safe=':')}")
                return f'<a class="derive-reference" href="{address}">({self.numbers[label]})</a>'
            case _:
                box = formula_box(part, self.notation)
                # The cells of a table, at full size, scroll with it.
                rows = [box] if full else broken(box, _PIECE, width_in_em)
                return "<wbr>".join(write_mathml(row, displaystyle=full) for row in rows)

    def plain(self, parts: Iterable[Inline]) -> str:
        """Parts of a sentence as text, where no elements can stand."""
        return "".join(
            write_text(formula_box(part, self.notation), unmarked)  # type: ignore[arg-type]
            if is_formula(part)
            else part.words
            if isinstance(part, Strong)
            else str(part)
            for part in parts
        )

    def id(self, label: str) -> str:
        return f"{self.prefix}:{label}"

    # Blocks --------------------------------------------------------------------------------------

    def block(self, block: Block) -> str:
        match block:
            case Paragraph(parts=parts):
                return f"<p>{self.inline(parts)}</p>"
            case Bullets(items=items):
                written = "\n".join(f"<li>{self.inline(item)}</li>" for item in items)
                return f"<ul>\n{written}\n</ul>"
            case Table():
                return self.table(block)
            case Equations(lines=lines):
                return self.equations(lines)
            case Views():
                return self.views(block)

    def views(self, views: Views) -> str:
        choices = [(view.key, escape(view.title)) for view in views.views]
        written = "\n".join(
            f'<div class="derive-view" data-view="{escape(view.key)}">\n'
            + "\n".join(self.block(inner) for inner in view.blocks)
            + "\n</div>"
            for view in views.views
        )
        switch = self.switch("views", escape(views.title), choices)
        return f'<div class="derive-views">\n{switch}{written}\n</div>'

    def switch(self, of: str, title: str, choices: list[tuple[str, str]]) -> str:
        """A choice between ways to show something; ``title`` and the choices are HTML."""
        if len(choices) < 2:
            return ""
        name = escape(f"{self.prefix}-switch-{next(self.places)}")
        buttons = "".join(
            f'<label><input type="radio" name="{name}" value="{escape(key)}"'
            f"{' checked' if place == 0 else ''}>{words}</label>"
            for place, (key, words) in enumerate(choices)
        )
        return (
            f'<fieldset class="derive-switch" data-of="{of}">'
            f"<legend>{title[:1].upper()}{title[1:]}</legend>{buttons}</fieldset>\n"
        )

    def table(self, table: Table) -> str:
        align = table.align or "l" * len(table.head)
        rows = ["".join(self.cells(row, table, align)) for row in table.rows]
        head = ""
        if any(table.head):
            cells = "".join(
                f'<th scope="col"{_attributes(place, table, align)}>{self.inline(cell)}</th>'
                if cell
                else f"<td{_attributes(place, table, align)}></td>"
                for place, cell in enumerate(table.head)
            )
            head = f"<thead>\n<tr>{cells}</tr>\n</thead>\n"
        body = "\n".join(f"<tr>{row}</tr>" for row in rows)
        written = (
            f'<div class="derive-scroll"><table>\n{head}<tbody>\n{body}\n</tbody>\n</table></div>'
        )
        if not table.alternatives:
            return written
        choices = [("all", self.said("both" if len(table.head) == 3 else "all"))]
        choices += [
            (str(place), self.inline(cell))
            for place, cell in enumerate(table.head[1:], start=1)
            if cell
        ]
        switch = self.switch("columns", self.said("show"), choices)
        return f'<div class="derive-alternatives">\n{switch}{written}\n</div>'

    def cells(self, row: tuple[tuple[Inline, ...], ...], table: Table, align: str) -> Iterator[str]:
        """The cells of a row; the first one says what the row is about."""
        for place, cell in enumerate(row):
            written = self.inline(cell, full=True)
            attributes = _attributes(place, table, align)
            if place == 0 and written:
                yield f'<th scope="row"{attributes}>{written}</th>'
            else:
                yield f"<td{attributes}>{written}</td>"

    # Equations -----------------------------------------------------------------------------------

    def equations(self, lines: tuple[Line, ...]) -> str:
        written: list[str] = []
        for group in _groups(lines):
            between = group[1:-1]
            ids = [self.id(line.label) if line.label else self.new_id() for line in between]
            for place, line in enumerate(group):
                if 0 < place < len(group) - 1:
                    key = ids[place - 1]
                else:
                    key = self.id(line.label) if line.label else ""
                fold = ids if place == 0 else []
                written.append(self.line(line, group[0].left, key, fold))
        return '<div class="derive-equations">\n' + "\n".join(written) + "\n</div>"

    def new_id(self) -> str:
        return f"{self.prefix}-line-{next(self.places)}"

    def line(self, line: Line, left: Formula | None, key: str, between: list[str]) -> str:
        """A line; ``between`` are the ids of the lines that it can put away, and ``left`` is the
        left side that it goes on from."""
        classes = "derive-line"
        cells = ""
        start = None if line.left is None else formula_box(line.left, self.notation)
        whole, right = self.right(line, start)
        if start is not None:
            classes += " derive-first"
            classes += " derive-aside" if width_in_em(start) > _WIDEST_LEFT else ""
            left_side = write_mathml(start, displaystyle=True, hidden=True)
            cells += f'<span class="derive-left">{left_side}</span> '
        cells += f'<span class="derive-right">{right}</span>'
        if line.reason:
            cells += f' <span class="derive-reason">{self.inline(line.reason)}</span>'
        if line.label:
            cells += f' <span class="derive-number">({self.numbers[line.label]})</span>'
        latex = self.latex(line, left)
        tools = ""
        if between:
            steps = self.said("one step between" if len(between) == 1 else "steps between")
            steps = steps.replace("{count}", str(len(between)))
            tools += (
                f'<button type="button" class="derive-fold" aria-expanded="true" '
                f'aria-controls="{escape(" ".join(between))}" aria-label="{steps}" '
                f'title="{steps}">▾</button>'
            )
        if latex:
            said = self.said("copy")
            tools += (
                f'<button type="button" class="derive-copy" aria-label="{said}" '
                f'title="{said}">TeX</button>'
            )
        if tools:
            cells += f' <span class="derive-tools">{tools}</span>'
        if between:
            cells += f'<span class="derive-folded" aria-hidden="true">⋯ {steps}</span>'
        attributes = f' id="{escape(key)}"' if key else ""
        attributes += f' data-latex="{escape(latex)}"' if latex else ""
        return f'<div class="{classes}"{attributes}>{whole}{cells}</div>'

    def right(self, line: Line, start: Box | None) -> tuple[str, str]:
        """The whole line for screen readers, and its sign and right side for the eye: one formula,
        or pieces of a long one between which a row may end.

        The first is empty if the second is all there is to the line, and both can read it.
        """
        box = formula_box(line.right, self.notation)
        sign = SIGNS[line.sign]
        fits = width_in_em(box) <= _PIECE
        if fits and start is None:
            return "", write_mathml(Row((sign, box)), displaystyle=True)
        every = Row((sign, box)) if start is None else Row((start, sign, box))
        whole = write_mathml(every, displaystyle=True, mark="")
        first, *pieces = [box] if fits else broken(box, _PIECE, width_in_em)
        written = (
            write_mathml(piece, displaystyle=True, hidden=True)
            for piece in (Row((sign, first)), *pieces)
        )
        return f'<span class="derive-whole">{whole}</span>', "<wbr>".join(written)

    def latex(self, line: Line, left: Formula | None) -> str:
        """A line as LaTeX, with the left side that it goes on from; nothing if a symbol has no
        LaTeX."""
        try:
            right = write_latex(formula_box(line.right, self.unmarked)).strip()
            if left is None:
                return right
            start = write_latex(formula_box(left, self.unmarked)).strip()
        except InputError:
            return ""
        source = f"{start} {SIGNS[line.sign].latex.strip()} {right}"
        # What a document marks by itself is marked whatever the notation.
        return source.replace(r"\derivetrack{", "{")


def _groups(lines: tuple[Line, ...]) -> Iterator[list[Line]]:
    """Lines in groups, each of which has one left side."""
    group: list[Line] = []
    for line in lines:
        if line.left is not None and group:
            yield group
            group = []
        group.append(line)
    if group:
        yield group


def _attributes(place: int, table: Table, align: str) -> str:
    """The side that a column of a table is aligned at, and which alternative it is."""
    side = f' class="derive-{align[place]}"' if align[place] in "rc" else ""
    column = f' data-column="{place}"' if table.alternatives and place else ""
    return side + column
