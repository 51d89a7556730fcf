"""From a document to nodes. What is imported here is heavy: directives import it when they run."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator

from docutils import nodes
from sphinx import addnodes

from derive.asked import OptionError
from derive.document import Document
from derive.document.model import (
    Block,
    Bullets,
    Equations,
    Inline,
    Line,
    Paragraph,
    Reference,
    Relation,
    Strong,
    Table,
    View,
    Views,
)
from derive.errors import InputError, Unsupported
from derive.exporters.formulas import SIGNS, formula_box
from derive.exporters.latex import Writer
from derive.exporters.text import printable
from derive.gradients import Derivation
from derive.model import Problem
from derive.notation import Look, columns, width_in_em
from derive.notation.boxes import Box, Row
from derive.notation.lines import broken
from derive.notation.mathml import write_mathml
from derive.notation.text import write_text
from derive.provenance import mean_factor
from derive.rules import RULES
from derive.sphinx.laws import law_mathml, law_text
from derive.sphinx.messages import translated
from derive.sphinx.nodes import (
    derive_equations,
    derive_formula,
    derive_line,
    derive_prose,
    derive_reason,
    derive_scroll,
    derive_switch,
    derive_table,
    reason_mark,
)
from derive.sphinx.pieces import pieces

__all__ = ["MEDIA", "Renderer", "has_heading", "results_inline", "rules_list"]

#: What formulas can be written as.
MEDIA = frozenset({"mathml", "latex", "text"})

#: A right side wider than this, in em, may be broken on a page; no piece of it is wider, as far as
#: it has signs to break at, so that the pieces fit a phone beside a left side.
_PIECE = 17

#: A piece wider than this, in em, may have to be scrolled beside a wide left side.
_SCROLLS = 12.0

#: A left side wider than this, in em, stands above its right side on a phone.
_WIDE_LEFT = 6.0

#: The width of a line of text, in columns: that of Sphinx's text builder, less an indent.
_TEXT_WIDTH = 60

#: The width of a text line of Sphinx's manuals, in em, less what a list and a wide number may take.
_LATEX_WIDTH = 39.5


def results_inline(derivation: Derivation, look: str) -> list[nodes.Node]:
    """The results in a sentence, with commas between them."""
    renderer = Renderer(derivation.problem, look=look)
    found: list[nodes.Node] = []
    for result in derivation.results:
        if found:
            found.append(nodes.Text(", "))
        found.append(renderer.formula(Relation(result.claim, "=", result.term)))
    return found


class _ReasonlessWriter(Writer):
    """Writes equations with a mark for each reason, which is known once it is translated."""

    def __init__(self, document: Document, prefix: str, look: Look) -> None:
        super().__init__(document, prefix, fragment=True, width=_LATEX_WIDTH, look=look)
        self.tight = True
        self.lines_seen = 0

    def inline(self, parts: Iterable[Inline]) -> str:
        """The mark; for a line without a reason nothing."""
        mark = reason_mark(self.lines_seen) if tuple(parts) else ""
        self.lines_seen += 1
        return mark


class Renderer:
    """Makes the nodes of one directive or role.

    Attributes:
        problem: where the symbols come from.
        look: the look of formulas, as it was written.
        docname: the page.
        prefix: of the labels; empty where they are whole already.
        source, line: the place of the directive, for translators and warnings.
        number: registers a label and tells its number.
        media: what formulas are written as, some of :data:`MEDIA`; in any other they are empty.

    Raises:
        OptionError: the look cannot be read.
    """

    def __init__(
        self,
        problem: Problem,
        *,
        look: str,
        docname: str = "",
        prefix: str = "",
        source: str = "",
        line: int = 0,
        number: Callable[[str], int] | None = None,
        media: Collection[str] = MEDIA,
    ) -> None:
        self.docname = docname
        self.prefix = prefix
        self.source = source
        self.line = line
        self.number = number
        self.media = media
        try:
            self.look = Look.read(look)
            document = Document(problem.title, problem, mean_factor(problem), (), ())
            before = f"{prefix}:" if prefix else ""
            self.writer = _ReasonlessWriter(document, f"equation:{docname}:{before}", self.look)
        except InputError as error:
            raise OptionError(f"look: {error}") from error
        self.notation = self.writer.notation

    # Words ----------------------------------------------------------------------------------------

    def prose(self, parts: Iterable[Inline], kind: str = "paragraph") -> derive_prose:
        """Words that become a paragraph."""
        return self.filled(derive_prose(kind=kind), parts)

    def heading(self, parts: Iterable[Inline], kind: str, depth: int) -> derive_prose:
        """Words that become a heading, so many levels below that of the page."""
        return self.filled(derive_prose(kind=kind, depth=depth), parts)

    def filled(
        self, node: derive_prose, parts: Iterable[Inline], *, at_full_size: bool = False
    ) -> derive_prose:
        node.source, node.line = self.source, self.line
        for part in parts:
            if isinstance(part, str):
                node += nodes.Text(printable(part))
            elif isinstance(part, Strong):
                node += nodes.strong("", printable(part.words))
            elif isinstance(part, Reference):
                node += self.reference(part.label)
            else:
                node += self.formula(part, at_full_size=at_full_size)
        return node

    def reference(self, label: str) -> nodes.Node:
        """A reference to a numbered line, as the role ``:eq:`` makes it."""
        target = f"{self.prefix}:{label}"
        return addnodes.pending_xref(
            "",
            nodes.inline("", target),
            refdoc=self.docname,
            refdomain="math",
            reftype="eq",
            reftarget=target,
            refexplicit=False,
            refwarn=True,
        )

    def formula(self, part: Inline, *, at_full_size: bool = False) -> derive_formula:
        """A formula in a sentence or in the cell of a table."""
        box = formula_box(part, self.notation)  # type: ignore[arg-type]  # no word is given
        latex = ""
        if "latex" in self.media:
            try:
                latex = self.writer.full_size(box) if at_full_size else self.writer.part(part)
            except InputError as error:
                raise Unsupported(str(error)) from error
        return derive_formula(
            latex=latex,
            mathml=self.mathml(box, displaystyle=at_full_size),
            plain=self.text(box),
            width=width_in_em(box),
        )

    def mathml(self, box: Box, *, displaystyle: bool, marked: bool = True) -> str:
        """Boxes as MathML, if that is asked for, with the tracked factor marked or as any other."""
        if "mathml" not in self.media:
            return ""
        if not marked:
            return write_mathml(box, displaystyle=displaystyle, mark="")
        return write_mathml(box, displaystyle=displaystyle)

    def text(self, box: Box) -> str:
        """Boxes as text, if that is asked for."""
        return printable(write_text(box)) if "text" in self.media else ""

    # Blocks ---------------------------------------------------------------------------------------

    def title(self, document: Document) -> derive_prose:
        """The title of a document, which stands above its result."""
        return self.heading((document.title,), "title", 1)

    def document(self, document: Document, *, titled: bool = True) -> Iterator[nodes.Node]:
        """All of a document below its title, one block after the other, with or without headings.

        Where there is no title the sections take its level: the headings of a page skip none.
        """
        has_title = has_heading(document, titled=titled)
        yield from self.blocks(document.opening)
        for section in document.sections:
            if titled:
                yield self.heading(section.title, "section", 1 + has_title)
            yield from self.blocks(section.blocks)

    def blocks(self, blocks: Iterable[Block]) -> Iterator[nodes.Node]:
        """Blocks one after the other."""
        for block in blocks:
            match block:
                case Paragraph(parts=parts):
                    yield self.prose(parts)
                case Bullets(items=items):
                    entries = (nodes.list_item("", self.prose(item)) for item in items)
                    yield nodes.bullet_list("", *entries, bullet="-")
                case Table():
                    yield self.scrolling(block)
                case Equations(lines=lines):
                    yield self.equations(lines)
                case Views():
                    yield self.views(block)

    def results(self, derivation: Derivation, label: str) -> derive_equations:
        """The results as equations. One alone has the label itself, several have it with the names
        of what is differentiated by; without a label none has a number."""
        alone = len(derivation.results) == 1
        return self.equations(
            Line(
                result.claim,
                result.term,
                label=(label if alone else f"{label}:{result.wrt}") if label else "",
            )
            for result in derivation.results
        )

    def views(self, views: Views) -> nodes.container:
        """Ways to show the same thing, behind a switch. A view that doesn't begin with what it is
        has its title above it, for media that show all of them."""
        box = nodes.container("", classes=["derive-views"])
        box += self.switch("views", views.title, [(view.title,) for view in views.views])
        for place, view in enumerate(views.views, start=1):
            inner = nodes.container("", classes=["derive-view", f"derive-view-{place}"])
            if not _has_caption(view):
                inner += self.prose((Strong(f"{view.title[:1].upper()}{view.title[1:]}."),))
            inner += list(self.blocks(view.blocks))
            box += inner
        return box

    def switch(
        self, of: str, title: str, choices: Iterable[tuple[Inline, ...]], first: int = 1
    ) -> derive_switch:
        """A switch; the values of its choices are numbers from ``first`` on."""
        words = [self.prose(choice, "choice") for choice in choices]
        return derive_switch(
            "",
            self.prose((title,), "choice"),
            *words,
            of=of,
            key="",  # is put in with the place
            values=[str(first + place) for place in range(len(words))],
        )

    def scrolling(self, table: Table) -> nodes.container:
        """A table in a box that may scroll, and with a switch if its columns are alternatives."""
        box = derive_scroll("", self.table(table))
        if not table.alternatives:
            return box
        every = "both" if len(table.head) == 3 else "all"
        switch = self.switch("columns", "show", [(every,), *table.head[1:]], first=0)
        return nodes.container("", switch, box, classes=["derive-alternatives"])

    def table(self, table: Table) -> derive_table:
        """A table of docutils."""
        width = len(table.head)
        group = nodes.tgroup("", cols=width)
        # Only the builders of text look at the widths; there is little use for a wider column.
        is_text = "text" in self.media
        group += [
            nodes.colspec("", colwidth=min(max(map(self.columns, column)), 30) if is_text else 1)
            for column in zip(table.head, *table.rows, strict=True)
        ]
        if any(table.head):
            group += nodes.thead("", self.row(table.head, table.align))
        group += nodes.tbody("", *(self.row(row, table.align) for row in table.rows))
        align = table.align or "l" * width
        classes = ["derive-table", "colwidths-auto", "no-search"]
        return derive_table("", group, classes=classes, derive_align=align)

    def columns(self, cell: tuple[Inline, ...]) -> int:
        """How wide a cell is as text, with the room that text has around it."""
        return 2 + sum(
            columns(part) if isinstance(part, str) else columns(self.plain(part)) for part in cell
        )

    def plain(self, part: Inline) -> str:
        """A part of a sentence as text."""
        if isinstance(part, Strong):
            return part.words
        if isinstance(part, Reference):
            return "(00)"
        return write_text(formula_box(part, self.notation))  # type: ignore[arg-type]  # no word

    def row(self, cells: Iterable[tuple[Inline, ...]], align: str) -> nodes.row:
        """A row of a table, its formulas at full size."""
        row = nodes.row()
        for number, cell in enumerate(cells):
            entry = nodes.entry()
            if align[number : number + 1] == "r":
                entry["classes"].append("text-right")
            if cell:
                entry += self.filled(derive_prose(kind="paragraph"), cell, at_full_size=True)
            row += entry
        return row

    def equations(self, lines: Iterable[Line]) -> derive_equations:
        """Lines aligned at their signs, each with its number and its reason."""
        lines = tuple(lines)
        latex = ""
        if "latex" in self.media:
            self.writer.lines_seen = 0
            try:
                latex = "\n".join(self.writer.equations(lines))
            except InputError as error:
                raise Unsupported(str(error)) from error
        block = derive_equations(latex=latex)
        block.source, block.line = self.source, self.line
        block += [self.equation(line) for line in lines]
        return block

    def numbered(self, label: str) -> derive_line:
        """A line with its label and its number, and nothing else.

        Args:
            label: in the document; all of it, if labels have no prefix.
        """
        assert self.number is not None
        whole = f"{self.prefix}:{label}" if self.prefix else label
        return derive_line(
            label=whole,
            number=self.number(whole),
            docname=self.docname,
            ids=[nodes.make_id(f"equation-{whole}")],
        )

    def equation(self, line: Line) -> derive_line:
        """One line."""
        left = None if line.left is None else formula_box(line.left, self.notation)
        right = formula_box(line.right, self.notation)
        sign = SIGNS[line.sign]
        rows: list[Box] = []
        if "text" in self.media:
            rows = broken(right, _TEXT_WIDTH, lambda box: columns(write_text(box)))
        first, *others = pieces(right, _PIECE) if "mathml" in self.media else [right]
        shown = [Row((sign, first)), *others]
        whole = Row((sign, right)) if left is None else Row((left, sign, right))
        node = derive_line(
            left="" if left is None else self.mathml(left, displaystyle=True),
            right=[self.mathml(piece, displaystyle=True) for piece in shown],
            # Only where several formulas stand for one is it needed: screen readers get this one.
            whole=self.mathml(whole, displaystyle=True, marked=False) if others else "",
            wide=left is not None and width_in_em(left) > _WIDE_LEFT,
            scrolls=any(width_in_em(piece) > _SCROLLS for piece in shown),
            left_text="" if left is None else self.text(left),
            right_text=[self.text(row).strip() for row in rows],
            sign=line.sign,
            label="",
            docname=self.docname,
        )
        if line.label and self.number is not None:
            node.attributes.update(self.numbered(line.label).attributes)
        if line.reason:
            reason = derive_reason()
            reason.source, reason.line = self.source, self.line
            for part in line.reason:
                if isinstance(part, str):
                    reason += _named(part)
                else:
                    self.filled(reason, (part,))
            node += reason
        return node


def has_heading(document: Document, *, titled: bool) -> bool:
    """Whether the title of a document is printed: it stands above the result."""
    return titled and bool(document.opening)


def _has_caption(view: View) -> bool:
    """Whether a view begins with words that stand out."""
    first = view.blocks[0] if view.blocks else None
    return isinstance(first, Paragraph) and isinstance(first.parts[0], Strong)


def _named(words: str) -> nodes.Node:
    """Words of a reason; the name of a rule leads to the glossary, if the project has one."""
    if words not in RULES:
        return nodes.Text(printable(words))
    return addnodes.pending_xref(
        "",
        nodes.inline("", translated(words)),
        refdomain="derive",
        reftype="rule",
        reftarget=words,
        refexplicit=True,
        refwarn=False,
        derive_optional=True,
    )


# The glossary -------------------------------------------------------------------------------------


def rules_list(
    source: str, line: int, document: nodes.document
) -> tuple[nodes.definition_list, dict[str, str]]:
    """The glossary of rules, and the anchor of each rule."""
    glossary = nodes.definition_list(classes=["derive-rules"])
    anchors: dict[str, str] = {}
    for number, rule in enumerate(RULES.values(), start=1):
        anchor = nodes.make_id(f"rule-{rule.name}")
        if anchor in anchors.values() or anchor in document.ids:
            anchor = f"{anchor}-{number}"
        anchors[rule.name] = anchor
        term = nodes.term("", translated(rule.name), ids=[anchor])
        law = derive_formula(
            latex=rf"\(\displaystyle {_law_latex(rule.law)}\)",
            mathml=law_mathml(rule.law, translated),
            plain=law_text(rule.law, translated),
        )
        meaning = derive_prose("", nodes.Text(rule.meaning), kind="paragraph")
        meaning.source, meaning.line = source, line
        body = nodes.definition("", nodes.paragraph("", "", law), meaning)
        glossary += nodes.definition_list_item("", term, body)
    return glossary, anchors


def _law_latex(law: str) -> str:
    """The LaTeX of a law with its words translated."""
    from derive.exporters.latex import escape

    def words(match: re.Match[str]) -> str:
        text = match[1]
        return rf"\text{{{text.replace(text.strip(), escape(translated(text.strip())))}}}"

    return re.sub(r"\\text\{([^{}]*)\}", words, law)
