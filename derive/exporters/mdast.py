"""The tree of MyST documents, which mystmd and Jupyter Book read from plugins.

Headings, paragraphs, tables and equations are nodes of their own, so that the page numbers the
equations and its references find them. The mathematics is that of Markdown: KaTeX sets it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

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
    Relation,
    Section,
    Strong,
    Table,
    Tracked,
    Views,
)
from derive.errors import InputError
from derive.exporters.formulas import check_label, formula_box, is_formula, slashed
from derive.exporters.markdown import MarkdownWriter, dialect_of, grouped_lines, symbols_used
from derive.exporters.signs import split_signs
from derive.exporters.text import printable
from derive.gradients import Derivation
from derive.notation import PLAIN, Look, Notation
from derive.notation.boxes import Box
from derive.notation.latex import Style, write_latex
from derive.rules import RULES

__all__ = ["Node", "export", "results", "results_inline", "rule_reference", "rules"]

#: A node, as it becomes JSON.
Node: TypeAlias = dict[str, Any]

_DEEPEST_HEADING = 6

_SIDES = {"l": "left", "c": "center", "r": "right"}


def export(
    derivation: Derivation,
    *,
    detail: Detail = "normal",
    layout: LayoutChoice = "both",
    look: Look = PLAIN,
    parts: Iterable[str] = PARTS,
    label: str = "",
    heading: int = 2,
    tabs: bool = False,
) -> list[Node]:
    """The derivation as nodes.

    Args:
        derivation: what is printed.
        detail: how much of it.
        layout: which matrix layouts are printed.
        look: how formulas look.
        parts: which parts of the document are printed, see :data:`derive.document.PARTS`.
        label: a prefix of the labels of equations; the problem's name if left out. The heading has
            it for its label if it is given.
        heading: the level of the title's heading; the sections are one level below.
        tabs: whether ways to show the same thing are tabs, which only web pages have, instead of
            standing one after the other.

    Raises:
        InputError: ``label`` cannot be part of a label, or there is no such level.

    >>> from derive.gradients import gradient
    >>> nodes = export(gradient("linear_regression", wrt="b", check="none"))
    >>> nodes[0]["type"], nodes[0]["depth"], nodes[0]["children"][0]["value"][:17]
    ('heading', 2, 'Linear regression')
    """
    check_label(label)
    if isinstance(heading, bool) or not isinstance(heading, int) or not 1 <= heading <= 6:
        raise InputError(f"heading={heading!r} is no level of a heading; there are 1 to 6")
    document = build(derivation, detail=detail, layout=layout, parts=parts)
    tree = _Tree(document, look, label or derivation.problem.name, heading, tabs=tabs)
    title: Node = {"type": "heading", "depth": heading, "children": _words(document.title)}
    if label:
        title |= _named(label)
    return [title, *tree.blocks(document.opening), *tree.sections()]


def results(derivation: Derivation, *, look: Look = PLAIN, label: str = "") -> list[Node]:
    """The results alone, each as an equation.

    Args:
        derivation: what is printed.
        look: how formulas look.
        label: the label of the equation. Several have it with a colon and the name of what is
            differentiated by; without a label none has a number.

    Raises:
        InputError: ``label`` cannot be a label.

    >>> from derive.gradients import gradient
    >>> (node,) = results(gradient("mean_loss", wrt="b", check="none"), label="fit")
    >>> node["type"], node["label"], node["enumerated"]
    ('math', 'fit', True)
    """
    check_label(label)
    tree = _Tree(_empty(derivation), look, "", 1)
    alone = len(derivation.results) == 1
    nodes: list[Node] = []
    for result in derivation.results:
        name = label if alone or not label else f"{label}:{result.wrt}"
        nodes.append(tree.equation([Line(result.claim, result.term)], name))
    return nodes


def results_inline(derivation: Derivation, *, look: Look = PLAIN) -> list[Node]:
    """The results in a sentence, with commas between them."""
    tree = _Tree(_empty(derivation), look, "", 1)
    nodes: list[Node] = []
    for result in derivation.results:
        if nodes:
            nodes.append(_text(", "))
        nodes += tree.parts(Relation(result.claim, "=", result.term))
    return nodes


def rules() -> list[Node]:
    """The glossary of rules; each rule's name is a target of references.

    >>> rules()[0]["children"][0]["children"][0]["value"]
    'definition'
    """
    labels = _rule_labels()
    entries: list[Node] = []
    for rule in RULES.values():
        term: Node = {"type": "definitionTerm", "children": _words(rule.name)}
        law: Node = {"type": "inlineMath", "value": rule.law}
        meaning = [law, {"type": "break"}, *_words(rule.meaning)]
        entries.append(term | _named(labels[rule.name]))
        entries.append(
            {
                "type": "definitionDescription",
                "children": [{"type": "paragraph", "children": meaning}],
            }
        )
    return [{"type": "definitionList", "children": entries}]


def rule_reference(name: str) -> Node:
    """A reference to a rule of the glossary.

    Raises:
        InputError: there is no such rule.

    >>> rule_reference("chain rule")["identifier"]
    'rule-chain-rule'
    """
    if name not in RULES:
        from difflib import get_close_matches

        near = get_close_matches(name, RULES, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise InputError(f"there is no rule called {name[:60]!r}{hint}")
    return {"type": "crossReference", "children": _words(name)} | _named(_rule_labels()[name])


def _rule_labels() -> dict[str, str]:
    """The label of each rule. A name may end with a sign that a label cannot hold: such names get
    numbers."""
    labels: dict[str, str] = {}
    for name in RULES:
        words = "".join(sign if sign.isascii() and sign.isalnum() else " " for sign in name)
        label = "-".join(["rule", *words.lower().split()])
        number = 1 + sum(each.rpartition("~")[0] == label for each in labels.values())
        labels[name] = f"{label}~{number}"
    return {name: label.removesuffix("~1").replace("~", "-") for name, label in labels.items()}


def _empty(derivation: Derivation) -> Document:
    """A document without a word, for formulas that stand alone."""
    return Document(derivation.problem.title, derivation.problem, None, (), ())


def _text(words: str) -> Node:
    return {"type": "text", "value": printable(words)}


def _words(words: str) -> list[Node]:
    return [
        {"type": "inlineMath" if is_sign else "text", "value": piece}
        for piece, is_sign in split_signs(words)
    ]


def _named(label: str) -> Node:
    """What makes a node a target, or refers to it; mystmd compares identifiers in small letters."""
    return {"label": label, "identifier": label.lower()}


class _Tree:
    def __init__(
        self, document: Document, look: Look, prefix: str, heading: int, *, tabs: bool = False
    ) -> None:
        self.document = document
        self.prefix = prefix
        self.heading = heading
        self.tabs = tabs
        self.source = MarkdownWriter(document, dialect_of("myst"), "myst", look, prefix, heading)
        # A heading becomes a title of a menu and of a PDF's outline, which hold no colour.
        self.unmarked = look.notation(document.problem, longest_sum=6)

    def sections(self) -> Iterator[Node]:
        for number, section in enumerate(self.document.sections, start=1):
            yield self.title(section, number)
            yield from self.blocks(section.blocks)

    def title(self, section: Section, number: int) -> Node:
        children = [_text(f"{number}. ")]
        for part in section.title:
            shown = part.formula if isinstance(part, Tracked) else part
            children += self.parts(shown, self.unmarked)
        depth = min(self.heading + 1, _DEEPEST_HEADING)
        key = f"{self.prefix}:section:{section.key}"
        return {"type": "heading", "depth": depth, "children": children} | _named(key)

    def blocks(self, blocks: Iterable[Block]) -> Iterator[Node]:
        for block in blocks:
            yield from self.block(block)

    def block(self, block: Block) -> Iterator[Node]:
        match block:
            case Paragraph(parts=parts):
                yield self.paragraph(parts)
            case Bullets(items=items):
                entries = [
                    {"type": "listItem", "spread": False, "children": [self.paragraph(item)]}
                    for item in items
                ]
                yield {"type": "list", "ordered": False, "spread": False, "children": entries}
            case Table():
                yield self.table(block)
            case Equations(lines=lines):
                yield from self.equations(lines)
            case Views():
                yield from self.views(block)

    def views(self, views: Views) -> Iterator[Node]:
        if not self.tabs:
            for view in views.views:
                yield from self.blocks(view.blocks)
            return
        yield {
            "type": "tabSet",
            "children": [
                {
                    "type": "tabItem",
                    "title": printable(view.title),
                    "sync": view.key,
                    "selected": place == 0,
                    "children": [*self.blocks(view.blocks)],
                }
                for place, view in enumerate(views.views)
            ],
        }

    # Sentences -----------------------------------------------------------------------------------

    def paragraph(self, parts: Iterable[Inline]) -> Node:
        return {"type": "paragraph", "children": self.inline(parts)}

    def inline(self, parts: Iterable[Inline]) -> list[Node]:
        return [node for part in parts for node in self.parts(part)]

    def parts(self, part: Inline, notation: Notation | None = None) -> list[Node]:
        """A part of a sentence; signs of mathematics among its words are mathematics."""
        match part:
            case str():
                return _words(part)
            case Strong(words=words):
                return [{"type": "strong", "children": _words(words)}]
            case Reference(label=label):
                return [self.reference(label)]
            case _:
                box = slashed(formula_box(part, notation or self.source.notation))
                return [self.mathematics(write_latex(box, Style.TEXT))]

    def mathematics(self, source: str) -> Node:
        return {"type": "inlineMath", "value": self.source.mathematics(source)}

    def reference(self, label: str) -> Node:
        return {"type": "crossReference", "kind": "eq"} | _named(self.label(label))

    def label(self, label: str) -> str:
        return f"{self.prefix}:{label}"

    # Tables --------------------------------------------------------------------------------------

    def table(self, table: Table) -> Node:
        align = table.align or "l" * len(table.head)
        rows = [self.row(table.head, align, head=True)] if any(table.head) else []
        rows += [self.row(row, align, head=False) for row in table.rows]
        return {"type": "table", "children": rows}

    def row(self, cells: Iterable[tuple[Inline, ...]], align: str, *, head: bool) -> Node:
        children: list[Node] = []
        for side, cell in zip(align, cells, strict=True):
            node: Node = {
                "type": "tableCell",
                "align": _SIDES[side],
                "children": [node for part in cell for node in self.cell(part)],
            }
            children.append(node | {"header": True} if head else node)
        return {"type": "tableRow", "children": children}

    def cell(self, part: Inline) -> list[Node]:
        """A part of a cell: formulas at full size."""
        if not is_formula(part):
            return self.parts(part)
        box: Box = formula_box(part, self.source.notation)  # type: ignore[arg-type]  # a formula
        source = write_latex(box, Style.DISPLAY)
        is_tall = any(sign in source for sign in (r"\frac", r"\sum_"))
        return [self.mathematics(rf"\displaystyle {source}" if is_tall else source)]

    # Equations -----------------------------------------------------------------------------------

    def equations(self, lines: tuple[Line, ...]) -> Iterator[Node]:
        """One equation for each number, since a page gives one number to a display."""
        for group in grouped_lines(lines):
            label = next((line.label for line in group if line.label), "")
            yield self.equation(group, self.label(label) if label else "")
            if used := symbols_used(group):
                yield {"type": "paragraph", "children": [*self.said(used)]}

    def equation(self, lines: list[Line], label: str) -> Node:
        value = "\n".join(self.source.aligned(lines, "aligned"))
        node: Node = {"type": "math", "value": value, "enumerated": bool(label)}
        return node | _named(label) if label else node

    def said(self, used: list[str]) -> Iterator[Node]:
        """Which lines the reasons of a display rest on: their numbers are only the page's."""
        yield _text("Here ")
        for place, label in enumerate(used):
            if place:
                yield _text(" and " if place == len(used) - 1 else ", ")
            yield self.reference(label)
        yield _text(" is used." if len(used) == 1 else " are used.")
