r"""Markdown with mathematics, in the dialects that pages are written in.

Every dialect has its own way to set mathematics apart, to number an equation and to refer to it:

========  =====================  ===========================  ==============================
dialect   in a sentence          on lines of its own          numbers
========  =====================  ===========================  ==============================
github    ``$`…`$``              a fence called ``math``      the derivation's own, printed
jupyter   ``$…$``                ``$$…$$``                    the derivation's own, printed
mkdocs    ``\(…\)``              ``\[…\]``                    the derivation's own, printed
myst      ``$…$``                a directive ``{math}``       the page's, by ``{eq}``
quarto    ``$…$``                ``$$…$$ {#eq-…}``            the page's, by ``@eq-…``
========  =====================  ===========================  ==============================

The mathematics keeps to what MathJax, KaTeX and amsmath have in common. Words of others (titles,
meanings) are escaped for Markdown, for HTML and for the mathematics of the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from derive.derivation import Detail
from derive.document import PARTS, Document, LayoutChoice, build
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
from derive.errors import InputError
from derive.exporters.formulas import check_label, formula_box, is_formula, slashed
from derive.exporters.latex import escape as escape_latex
from derive.exporters.text import printable
from derive.gradients import Derivation
from derive.notation import PLAIN, Look, Notation, width_in_em
from derive.notation.boxes import Box
from derive.notation.latex import Style, write_latex
from derive.notation.lines import broken

__all__ = [
    "RUN_OF_SIGNS",
    "WIDTH",
    "Flavour",
    "MarkdownWriter",
    "dialect_of",
    "escape",
    "export",
    "grouped_lines",
    "joined_lines",
    "results",
    "sign_in_mathematics",
    "symbols_used",
    "whole_text",
    "write",
    "write_pieces",
]

#: The dialects of Markdown.
Flavour: TypeAlias = Literal["github", "myst", "quarto", "mkdocs", "jupyter"]

#: The width of a line of mathematics, in em: about that of the text of a page.
WIDTH = 46.0

#: How wide a letter of a reason is, in em.
_LETTER = 0.46

#: The room between a formula and its reason, for the sign, and for the number, in em.
_GAP, _SIGN, _NUMBER = 2.5, 1.4, 3.0

#: Formulas are not broken into lines narrower than this only to have their reasons beside them.
_NARROWEST = 16.0

_DEEPEST_HEADING = 6


@dataclass(frozen=True, slots=True)
class _Dialect:
    """How a dialect sets mathematics apart, and what it needs in order to leave words alone.

    Attributes:
        inline: what stands around mathematics in a sentence.
        display: what stands around mathematics on lines of its own.
        own_numbers: whether the derivation's numbers are printed, or those that the page gives.
        scripted: whether a script looks for mathematics in the finished page: there, a dollar or
            a backslash has to stand in an element of its own, beyond which no script looks.
    """

    inline: tuple[str, str]
    display: tuple[str, str]
    own_numbers: bool
    scripted: bool


_DIALECTS: dict[str, _Dialect] = {
    "github": _Dialect(("$`", "`$"), ("```math", "```"), own_numbers=True, scripted=True),
    "jupyter": _Dialect(("$", "$"), ("$$", "$$"), own_numbers=True, scripted=True),
    "mkdocs": _Dialect((r"\(", r"\)"), (r"\[", r"\]"), own_numbers=True, scripted=True),
    "myst": _Dialect(("$", "$"), ("```{math}", "```"), own_numbers=False, scripted=False),
    "quarto": _Dialect(("$", "$"), ("$$", "$$"), own_numbers=False, scripted=False),
}


def export(
    derivation: Derivation,
    *,
    flavour: Flavour = "github",
    detail: Detail = "normal",
    layout: LayoutChoice = "both",
    look: Look = PLAIN,
    parts: Iterable[str] = PARTS,
    label: str = "",
    heading: int = 1,
) -> str:
    """The derivation as Markdown.

    Args:
        derivation: what is printed.
        flavour: the dialect; ``"jupyter"`` is that of notebooks, which most editors read as well.
        detail: how much of it.
        layout: which matrix layouts are printed.
        look: how formulas look.
        parts: which parts of the document are printed, see :data:`derive.document.PARTS`.
        label: a prefix of the labels in MyST and Quarto, so that two derivations of one project
            don't clash; the problem's name if left out.
        heading: the level of the title's heading; the sections are one level below.

    Raises:
        InputError: there is no such flavour or level, or ``label`` cannot be part of a label.

    >>> from derive.gradients import gradient
    >>> text = export(gradient("linear_regression", wrt="w", check="none"))
    >>> text.splitlines()[0]
    '# Linear regression: the gradient of the halved mean squared error'
    """
    dialect = dialect_of(flavour)
    check_label(label)
    if isinstance(heading, bool) or not isinstance(heading, int) or not 1 <= heading <= 6:
        raise InputError(f"heading={heading!r} is no level of a heading; there are 1 to 6")
    document = build(derivation, detail=detail, layout=layout, parts=parts)
    prefix = label or derivation.problem.name
    return whole_text(MarkdownWriter(document, dialect, flavour, look, prefix, heading))


def write(
    document: Document,
    *,
    flavour: Flavour = "github",
    look: Look = PLAIN,
    label: str = "",
    heading: int = 1,
) -> str:
    """A document as Markdown."""
    prefix = label or document.problem.name
    return whole_text(MarkdownWriter(document, dialect_of(flavour), flavour, look, prefix, heading))


def write_pieces(
    document: Document, *, flavour: Flavour = "jupyter", look: Look = PLAIN
) -> list[tuple[str, str]]:
    """A document as Markdown in pieces: its head, and then each section, with their keys."""
    writer = MarkdownWriter(
        document, dialect_of(flavour), flavour, look, document.problem.name, heading=1
    )
    return [(key, joined_lines(lines)) for key, lines in writer.pieces()]


def results(derivation: Derivation, *, look: Look = PLAIN) -> str:
    r"""The results alone, as one displayed formula that MathJax and KaTeX print.

    >>> from derive.gradients import gradient
    >>> print(results(gradient("mean_loss", wrt="b", check="none")).splitlines()[0])
    $$\begin{aligned}
    """
    document = build(derivation, parts=("result",))
    writer = MarkdownWriter(document, dialect_of("jupyter"), "jupyter", look, "", heading=1)
    lines = [
        line for block in document.opening if isinstance(block, Equations) for line in block.lines
    ]
    body = writer.aligned(lines, "aligned")
    return "$$" + "\n".join(body) + "$$"


def dialect_of(flavour: object) -> _Dialect:
    """How that flavour of Markdown writes mathematics, labels and tables.

    Raises:
        InputError: there is no such flavour.
    """
    if flavour not in _DIALECTS:
        names = ", ".join(map(repr, get_args(Flavour)))
        raise InputError(f"flavour={flavour!r} is none of {names}")
    return _DIALECTS[str(flavour)]


def whole_text(writer: MarkdownWriter) -> str:
    """The whole document, piece after piece."""
    return "\n".join(joined_lines(lines) for _, lines in writer.pieces())


def joined_lines(lines: Iterable[str]) -> str:
    """Lines with an end of line each, no two of them empty in a row, and none at the end."""
    kept: list[str] = []
    for line in lines:
        if line or (kept and kept[-1]):
            kept.append(line)
    while kept and not kept[-1]:
        kept.pop()
    return "".join(f"{line}\n" for line in kept)


class MarkdownWriter:
    """Writes one document in one flavour of Markdown, piece by piece."""

    def __init__(
        self,
        document: Document,
        dialect: _Dialect,
        flavour: str,
        look: Look,
        prefix: str,
        heading: int,
    ) -> None:
        self.document = document
        self.dialect = dialect
        self.flavour = flavour
        self.notation = look.notation(document.problem, track=document.track, longest_sum=6)
        self.prefix = prefix
        self.heading = heading
        self.numbers = {label: n for n, label in enumerate(document.labels(), start=1)}
        # A line that is cited inside a formula looks there as it does at its own place.
        self.claims = dict(_claims(document, look.notation(document.problem, longest_sum=6)))

    def pieces(self) -> Iterator[tuple[str, list[str]]]:
        """The head of the document and its sections, as lines, with their keys."""
        title = f"{'#' * self.heading} {self.words(self.document.title).strip()}"
        yield "head", [title, "", *self.blocks(self.document.opening)]
        for number, section in enumerate(self.document.sections, start=1):
            yield section.key, [*self.section(section, number)]

    def section(self, section: Section, number: int) -> Iterator[str]:
        level = min(self.heading + 1, _DEEPEST_HEADING)
        # A number and a stop would begin a list; a heading keeps it as it stands.
        yield f"{'#' * level} {number}. {self.inline(section.title)}"
        yield ""
        yield from self.blocks(section.blocks)

    def blocks(self, blocks: Iterable[Block]) -> Iterator[str]:
        for block in blocks:
            yield from self.block(block)
            yield ""

    def block(self, block: Block) -> Iterator[str]:
        match block:
            case Paragraph(parts=parts):
                yield _at_start(self.inline(parts))
            case Bullets(items=items):
                for item in items:
                    yield f"- {_at_start(self.inline(item))}"
            case Table():
                yield from self.table(block)
            case Equations(lines=lines):
                yield from self.equations(lines)
            case Views(views=views):
                for view in views:
                    yield from self.blocks(view.blocks)

    # Sentences -----------------------------------------------------------------------------------

    def inline(self, parts: Iterable[Inline]) -> str:
        return "".join(self.part(part) for part in parts)

    def part(self, part: Inline) -> str:
        match part:
            case str():
                return self.words(part)
            case Strong(words=words):
                return self.strong(self.words(words))
            case Reference(label=label):
                return self.reference(label)
            case _:
                return self.between(
                    write_latex(slashed(formula_box(part, self.notation)), Style.TEXT)
                )

    def strong(self, inner: str) -> str:
        """Strong words; signs alone are left as they are: ``**.**`` isn't everywhere strong."""
        if not any(map(str.isalnum, inner)):
            return inner
        bare = inner.strip()
        before, _, after = inner.partition(bare)
        return f"{before}**{bare}**{after}"

    def words(self, words: str) -> str:
        return escape(words, scripted=self.dialect.scripted)

    def between(self, source: str) -> str:
        """Mathematics in a sentence."""
        opening, closing = self.dialect.inline
        return f"{opening}{self.mathematics(source)}{closing}"

    def reference(self, label: str) -> str:
        match self.flavour:
            case "myst":
                return f"{{eq}}`{self.label(label)}`"
            case "quarto":
                return f"@{self.label(label)}"
            case _:
                return f"({self.numbers[label]})"

    def label(self, label: str) -> str:
        """The label on the page; Quarto knows an equation by its first letters."""
        name = f"{self.prefix}-{label}"
        if self.flavour == "quarto":
            return "eq-" + re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")
        return re.sub(r"[^A-Za-z0-9_.:-]+", "-", name)

    def mathematics(self, source: str) -> str:
        """Source that MathJax and KaTeX read, and nothing in it that ends it too early."""
        source = _marked(source)
        # A bar would end the cell of a table.
        source = source.replace(r"\|", r"\Vert ").replace("|", r"\vert ").replace("`", "'")
        if self.flavour == "github":
            # GitHub refuses \operatorname.
            source = re.sub(
                r"\\operatorname\{([^{}]*)\}", r"\\mathop{\\mathrm{\1}}\\nolimits", source
            )
        return " ".join(source.split())

    # Tables --------------------------------------------------------------------------------------

    def table(self, table: Table) -> Iterator[str]:
        align = table.align or "l" * len(table.head)
        yield self.row(table.head)
        yield "|" + "|".join({"l": ":--", "c": ":-:", "r": "--:"}[letter] for letter in align) + "|"
        for row in table.rows:
            yield self.row(row)

    def row(self, cells: Iterable[tuple[Inline, ...]]) -> str:
        return "| " + " | ".join(self.cell(cell) for cell in cells) + " |"

    def cell(self, parts: Iterable[Inline]) -> str:
        """A cell: formulas at full size."""
        return "".join(
            self.full_size(formula_box(part, self.notation))  # type: ignore[arg-type]
            if is_formula(part)
            else self.part(part)
            for part in parts
        ).strip()

    def full_size(self, box: Box) -> str:
        source = write_latex(box, Style.DISPLAY)
        is_tall = any(sign in source for sign in (r"\frac", r"\sum_"))
        return self.between(rf"\displaystyle {source}" if is_tall else source)

    # Equations -----------------------------------------------------------------------------------

    def equations(self, lines: tuple[Line, ...]) -> Iterator[str]:
        if self.dialect.own_numbers:
            yield from self.display([*self.aligned(lines, "align*")])
            return
        for group in grouped_lines(lines):
            label = next((line.label for line in group if line.label), "")
            yield from self.display([*self.aligned(group, "aligned")], label)
            used = symbols_used(group)
            if used:
                yield ""
                yield "Here " + _listed([self.reference(each) for each in used])
            yield ""

    def display(self, body: list[str], label: str = "") -> Iterator[str]:
        opening, closing = self.dialect.display
        yield opening
        if label and self.flavour == "myst":
            yield f":label: {self.label(label)}"
            yield ""
        yield from body
        yield (
            f"{closing} {{#{self.label(label)}}}" if label and self.flavour == "quarto" else closing
        )

    def aligned(self, lines: Iterable[Line], environment: str) -> Iterator[str]:
        """Lines aligned at their signs; the reasons in a column at the right if there is room for
        all of them, else each where there is room."""
        lines = tuple(lines)
        boxes = [
            None if line.left is None else formula_box(line.left, self.notation) for line in lines
        ]
        rights = [formula_box(line.right, self.notation) for line in lines]
        numbered = any(line.label for line in lines)
        left = max((width_in_em(box) for box in boxes if box is not None), default=0.0)
        room = WIDTH - left - _SIGN - (_NUMBER if numbered else 0.0)
        reasons = [self.reason(line.reason) for line in lines]
        widest = max((self.reason_width(line.reason) for line in lines), default=0.0)
        limit = room - widest - _GAP
        broken_rights = [_fitted(right, max(limit, _NARROWEST)) for right in rights]
        in_column = (
            max((width_in_em(piece) for pieces in broken_rights for piece in pieces), default=0.0)
            <= limit
        )
        if not in_column:
            broken_rights = [_fitted(right, room) for right in rights]
        yield rf"\begin{{{environment}}}"
        rows: list[str] = []
        for number, (line, box, pieces) in enumerate(zip(lines, boxes, broken_rights, strict=True)):
            if number and line.left is not None and lines[number - 1].left is None:
                rows[-1] += r"\\[6pt]"  # a little room between one lemma and the next
            own = [*self.rows(line, box, pieces, reasons[number], room, in_column=in_column)]
            if line.label and self.dialect.own_numbers:
                own[-1] += rf" \tag{{{self.numbers[line.label]}}}"
            rows.extend(own)
        for row in rows[:-1]:
            yield row if row.endswith(r"\\[6pt]") else rf"{row} \\"
        yield rows[-1]
        yield rf"\end{{{environment}}}"

    def rows(
        self,
        line: Line,
        left: Box | None,
        pieces: list[Box],
        reason: str,
        room: float,
        *,
        in_column: bool,
    ) -> Iterator[str]:
        sign = {"=": "=", "≠": r"\ne"}[line.sign]
        start = "" if left is None else self.mathematics(write_latex(left)) + " "
        for place, piece in enumerate(pieces):
            source = self.mathematics(write_latex(piece))
            if place:
                # The empty group makes a sign at the start one between two terms.
                source = r"\quad " + ("{}" if source[:1] in "+-" else "") + source
            row = f"&{source}" if place else f"{start}&{sign} {source}"
            if reason and place == len(pieces) - 1:
                if in_column:
                    row += rf" && {reason}"
                elif width_in_em(piece) + _GAP + self.reason_width(line.reason) <= room:
                    row += rf" \qquad {reason}"
                else:
                    yield row
                    row = rf"&\qquad {reason}"
            yield row

    def reason(self, parts: Iterable[Inline]) -> str:
        """What stands at the margin, as mathematics: words, numbers and formulas in turn."""
        source, words = "", ""
        for part in parts:
            if isinstance(part, (str, Strong)):
                words += part if isinstance(part, str) else part.words
                continue
            source += words_in_mathematics(words)
            words = ""
            match part:
                case Reference(label=label) if self.dialect.own_numbers:
                    source += f"({self.numbers[label]})"
                case Reference(label=label):
                    # Only the page knows the number; the claim says as well which line is meant.
                    source += self.formula_in_reason(self.claims[label])
                case _:
                    source += self.formula_in_reason(formula_box(part, self.notation))
        return source + words_in_mathematics(words)

    def formula_in_reason(self, box: Box) -> str:
        return self.mathematics(write_latex(slashed(box), Style.TEXT))

    def reason_width(self, parts: Iterable[Inline]) -> float:
        width = 0.0
        for part in parts:
            match part:
                case str():
                    width += _LETTER * len(part)
                case Strong(words=words):
                    width += _LETTER * len(words)
                case Reference(label=label) if not self.dialect.own_numbers:
                    width += width_in_em(slashed(self.claims[label]))
                case Reference():
                    width += 2.4
                case _:
                    width += width_in_em(slashed(formula_box(part, self.notation)))
        return width


def _claims(document: Document, notation: Notation) -> Iterator[tuple[str, Box]]:
    """What each labelled line is about: the left side that it or a line above it has."""
    every = [*document.opening, *(block for each in document.sections for block in each.blocks)]
    while every:
        block = every.pop(0)
        if isinstance(block, Views):
            every = [*(inner for view in block.views for inner in view.blocks), *every]
        elif isinstance(block, Equations):
            left = None
            for line in block.lines:
                left = line.left if line.left is not None else left
                if line.label:
                    about = left if left is not None else line.right
                    yield line.label, formula_box(about, notation)


def grouped_lines(lines: tuple[Line, ...]) -> Iterator[list[Line]]:
    """The lines in groups that end with a label: a page gives one number to a display."""
    group: list[Line] = []
    for line in lines:
        group.append(line)
        if line.label:
            yield group
            group = []
    if group:
        yield group


def symbols_used(lines: Iterable[Line]) -> list[str]:
    """The labels that the reasons of some lines refer to, each once."""
    return list(
        dict.fromkeys(
            part.label for line in lines for part in line.reason if isinstance(part, Reference)
        )
    )


def _listed(names: list[str]) -> str:
    if len(names) == 1:
        return f"{names[0]} is used."
    return f"{', '.join(names[:-1])} and {names[-1]} are used."


def _fitted(box: Box, limit: float) -> list[Box]:
    return [box] if width_in_em(box) <= limit else broken(box, limit - 1.0, width_in_em)


def _marked(source: str) -> str:
    r"""The tracked factor by colour and by a frame, with commands that every program knows.

    >>> _marked(r"\derivetrack{\frac{1}{m}}x")
    '\\textcolor{red}{\\boxed{\\frac{1}{m}}}x'
    """
    before, command, rest = source.partition(r"\derivetrack{")
    if not command:
        return source
    depth, place = 1, 0
    while depth:
        if rest[place] == "\\":
            place += 1
        else:
            depth += (rest[place] == "{") - (rest[place] == "}")
        place += 1
    inner, after = rest[: place - 1], rest[place:]
    return rf"{before}\textcolor{{red}}{{\boxed{{{_marked(inner)}}}}}{_marked(after)}"


# Words of others ---------------------------------------------------------------------------------

#: Escaped by a backslash: what every dialect lets one escape so.
_BY_BACKSLASH = frozenset("`*_[]")

#: Escaped as a character reference, which is never markup: tags, tables, strikethrough, highlights,
#: superscripts, citations, roles, substitutions, emoji and addresses.
_BY_REFERENCE = frozenset("<>&|~^=@{}:#!\"'")


def escape(words: str, *, scripted: bool = True) -> str:
    """Words as text of Markdown: nothing in them can be markup, HTML or mathematics.

    Args:
        words: what is written.
        scripted: whether a script looks for mathematics in the finished page.

    >>> escape("<b> a_i | $x$", scripted=False)
    '&lt;b&gt; a\\\\_i &#124; \\\\$x\\\\$'
    """
    return "".join(
        _escaped(sign, words, place, scripted) for place, sign in enumerate(printable(words))
    )


def _escaped(sign: str, words: str, place: int, scripted: bool) -> str:
    if sign in "$\\":
        if not scripted:
            return f"\\{sign}"
        return "<span>$</span>" if sign == "$" else "<span>&#92;</span>"
    if sign in _BY_BACKSLASH:
        return f"\\{sign}"
    if sign in "'\"!#:=" and _is_harmless(words, place):
        return sign
    if sign in _BY_REFERENCE:
        return {"<": "&lt;", ">": "&gt;", "&": "&amp;"}.get(sign, f"&#{ord(sign)};")
    return sign


def _is_harmless(words: str, place: int) -> bool:
    """Whether a sign that means something only before or beside another stands alone, as the
    colon of a sentence does."""
    sign = words[place]
    after = words[place + 1 : place + 2]
    before = words[place - 1 : place] if place else " "
    match sign:
        case ":":
            return not after.strip()
        case "=":
            return before == after == " " and place > 0
        case "#":
            return False
        case "!":
            return after in ("", " ")
        case _:
            return True


def _at_start(text: str) -> str:
    """A paragraph that doesn't begin like a list, a heading, a quotation or a block of code."""
    text = text.lstrip()
    if text.startswith(": "):
        return "&#58;" + text[1:]
    if re.match(r"[-+](\s|$|--)", text) or text.startswith("---"):
        return "\\" + text
    return re.sub(r"^(\d+)([.)])(?=\s|$)", r"\1\\\2", text)


#: Signs that are commands in TeX, as mathematics that prints them.
_SPECIAL = {
    "\\": r"\backslash ",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\wedge ",
    "~": r"\sim ",
    "<": "{<}",
    ">": "{>}",
    "|": r"\vert ",
    "`": "'",
}

RUN_OF_SIGNS = re.compile("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+|.", re.DOTALL)


def words_in_mathematics(words: str) -> str:
    r"""Words inside a formula; signs of mathematics among them stand as mathematics.

    ``\text`` holds no mathematics and no special sign: how programs read those there differs.

    >>> words_in_mathematics("derivative of σ")
    '\\text{derivative of }\\sigma '
    """
    source, text = "", ""
    for sign in RUN_OF_SIGNS.findall(printable(words)):
        written = sign_in_mathematics(sign)
        if written is None:
            text += sign
            continue
        source += (rf"\text{{{text}}}" if text else "") + written
        text = ""
    return source + (rf"\text{{{text}}}" if text else "")


def sign_in_mathematics(sign: str) -> str | None:
    """The LaTeX of a sign of mathematics in an author's words, or ``None`` where it is none."""
    if sign in _SPECIAL:
        return _SPECIAL[sign]
    if sign.isascii():
        return None
    # The LaTeX exporter knows which signs are mathematics: those come back between dollars.
    written = escape_latex(sign)
    if written.startswith("$") and written.endswith("$"):
        inner = written[1:-1]
        if inner.startswith("^"):
            return "{}" + inner
        return f"{inner} " if inner[-1:].isalpha() else inner
    return None
