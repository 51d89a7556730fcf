"""After reading: our nodes become those that every writer knows, as far as there are any."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.nodes import make_refnode

from derive.sphinx.nodes import (
    derive_choice,
    derive_equations,
    derive_formula,
    derive_line,
    derive_prose,
    derive_reason,
    derive_switch,
)
from derive.sphinx.visitors import equation_number, is_web_page, number_of

if TYPE_CHECKING:
    from derive.sphinx.domain import DeriveDomain

__all__ = ["Finish", "OwnEquations", "Shorten", "Translate", "translate"]

#: The width of a line of text, and the room for its number.
_WIDTH = 66


class Translate(SphinxTransform):
    """Prose that the project's own catalogues don't translate is translated by ours."""

    default_priority = 22  # right after Sphinx has looked into those of the project

    def apply(self, **kwargs: Any) -> None:
        """Translate what of it there is a translation for."""
        translate(self.document)


def translate(root: nodes.Element) -> None:
    """Translate the prose in a tree that nobody has translated."""
    proses = [each for each in root.findall(derive_prose) if not each.get("derive_translated")]
    if not proses:
        return
    from derive.sphinx.messages import is_translated, translated

    if not is_translated():
        return
    for prose in proses:
        for message in prose.extract_original_messages():
            prose.apply_translated_message(message, translated(message))


class OwnEquations(SphinxPostTransform):
    """A label that the page itself has means the equation on the page.

    Another page may have the label too, which is said in a warning; Sphinx knows one of them.
    """

    default_priority = 4  # before anyone else resolves references to equations

    def run(self, **kwargs: Any) -> None:
        """Resolve them."""
        domain: DeriveDomain = self.env.domains["derive"]  # type: ignore[assignment]
        for node in list(self.document.findall(addnodes.pending_xref)):
            if node["refdomain"] != "math" or node["reftype"] not in ("eq", "numref"):
                continue
            docname, target = node.get("refdoc", self.env.docname), node["reftarget"]
            own = domain.labels.get(docname, {}).get(target)
            if own is not None:
                node.replace_self(self.reference(docname, target, own[0]))

    def reference(self, docname: str, target: str, number: int) -> nodes.Element:
        """The reference as Sphinx would make it."""
        if self.app.builder.format == "latex":
            from sphinx.builders.latex.nodes import math_reference

            return math_reference("", docname=docname, target=target)
        builder = self.app.builder
        anchor = nodes.make_id(f"equation-{target}")
        shown = number_of(builder, docname, anchor, number)
        form = self.config.math_eqref_format or "({number})"
        words = nodes.Text(form.format(number=shown))
        return make_refnode(builder, docname, docname, anchor, words)


class Finish(SphinxPostTransform):
    """Prose becomes paragraphs and headings, once it is translated."""

    default_priority = 300  # after references are resolved

    def run(self, **kwargs: Any) -> None:
        """Replace them; what is to be translated is taken from them as they are."""
        if self.app.builder.name == "gettext":
            return
        if self.app.builder.format == "latex":
            for box in self.document.findall(nodes.container):
                if "derive" in box["classes"]:
                    _spell(box)
        if not is_web_page(self.app.builder):
            for switch in list(self.document.findall(derive_switch)):
                switch.parent.remove(switch)
        for prose in list(self.document.findall(derive_prose)):
            if self.app.builder.format == "html":
                _keep_together(prose)
            if not isinstance(prose, derive_reason):
                prose.replace_self(self.finished(prose))

    def finished(self, prose: derive_prose) -> nodes.Element:
        """The paragraph or the heading."""
        if prose["kind"] == "paragraph":
            # The words are those of every derivation: a search for one would find every page.
            return nodes.paragraph("", "", *prose.children, classes=["no-search"])
        if prose["kind"] == "choice":
            return derive_choice("", "", *prose.children)
        heading = nodes.rubric("", "", *prose.children, classes=[f"derive-{prose['kind']}"])
        if self.app.builder.format == "html":
            level = prose["depth"]
            node: Any = prose
            while node is not None:
                level += isinstance(node, nodes.section)
                node = node.parent
            heading["heading-level"] = min(level, 6)
        return heading


#: What belongs to the formula before it, and what to the one after it.
_BEHIND = re.compile(r"[,.;:!?)\N{RIGHT SINGLE QUOTATION MARK}]+")
_AHEAD = re.compile(r"(\(|→[ \u00a0]|≠[ \u00a0])$")
#: An equation of letters among words: "only l = k contributes".
_EQUATION = re.compile(r"(?<=\b\w) = (?=\w\b)")
#: The word before a letter: "example i". A formula up to this width in em is a letter.
_WORD = re.compile(r"\S+ $")
_LETTER = 1.2
#: What stands between a formula and another one that says what it is.
_TOLD_BY = (": ", ":\N{NO-BREAK SPACE}")


def _keep_together(prose: derive_prose) -> None:
    """A row of a page doesn't end between a formula and its comma, or between "W:" and what
    follows: browsers take formulas for pictures, beside which they may end one anywhere."""
    pieces: list[nodes.Node] = []
    tied: list[bool] = []  # whether a piece belongs to the one before it

    def add(piece: nodes.Node, *, to_last: bool) -> None:
        pieces.append(piece)
        tied.append(to_last and len(pieces) > 1)

    children = _merged(prose.children)
    in_cell = isinstance(prose.parent, nodes.entry)  # a narrow column needs each place to break
    after_formula = ahead = False
    for place, child in enumerate(children):
        if not isinstance(child, nodes.Text):
            add(child, to_last=ahead)
            after_formula, ahead = isinstance(child, derive_formula), False
            continue
        words = str(child)
        following = children[place + 1] if place + 1 < len(children) else None
        room = following["width"] if isinstance(following, derive_formula) else 0.0
        told = room > 0
        if after_formula and told and words in _TOLD_BY:
            add(child, to_last=True)
            after_formula, ahead = False, True
            continue
        behind = _BEHIND.match(words) if after_formula else None
        if behind:
            add(nodes.Text(behind[0]), to_last=True)
            words = words[behind.end() :]
        before = _AHEAD.search(words) if told else None
        if told and before is None and not in_cell and room <= _LETTER:
            before = _WORD.search(words)
        rest = words[: before.start()] if before else words
        if rest:
            add(nodes.Text(rest), to_last=False)
        if before:
            add(nodes.Text(before[0]), to_last=False)
        after_formula, ahead = False, before is not None
    prose.children = []
    group: list[nodes.Node] = []
    for piece, is_tied in zip([*pieces, None], [*tied, False], strict=True):
        if group and not is_tied:
            prose.extend(
                group if len(group) == 1 else [nodes.inline("", "", *group, classes=[_TOGETHER])]
            )
            group = []
        if piece is not None:
            group.append(piece)


def _merged(children: list[nodes.Node]) -> list[nodes.Node]:
    """The children with all words between two others in one piece."""
    merged: list[nodes.Node] = []
    for child in children:
        if isinstance(child, nodes.Text) and merged and isinstance(merged[-1], nodes.Text):
            merged[-1] = nodes.Text(f"{merged[-1]}{child}")
        else:
            merged.append(child)
    return [
        nodes.Text(_EQUATION.sub("\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}", str(child)))
        if isinstance(child, nodes.Text)
        else child
        for child in merged
    ]


#: The class of what stays on one row.
_TOGETHER = "derive-together"

#: Quotation marks are those of the language, which every manual of Sphinx has.
_UNUSUAL = re.compile("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+|[^\x00-\x7f„“”‚‘’«»]")


def _spell(box: nodes.Element) -> None:
    """Signs that TeX's fonts may not have, spelled out."""
    from derive.exporters.latex import escape

    for text in list(box.findall(nodes.Text)):
        pieces: list[nodes.Node] = []
        end = 0
        for match in _UNUSUAL.finditer(str(text)):
            written = escape(match[0])
            if written == match[0]:
                continue
            pieces += [
                nodes.Text(text[end : match.start()]),
                nodes.raw("", written, format="latex"),
            ]
            end = match.end()
        if pieces:
            pieces.append(nodes.Text(text[end:]))
            text.parent.replace(text, pieces)


class Shorten(SphinxPostTransform):
    """Where there is no mathematics to be had, formulas are text and equations lines of text."""

    default_priority = 310

    def run(self, **kwargs: Any) -> None:
        """Replace them; HTML and LaTeX have visitors of their own."""
        if self.app.builder.format in ("html", "latex") or self.app.builder.name == "gettext":
            return
        for block in list(self.document.findall(derive_equations)):
            anchors = [
                nodes.target("", "", ids=line["ids"])
                for line in block.findall(derive_line)
                if line["ids"]
            ]
            text = "\n".join(self.rows(block))
            literal = nodes.literal_block(text, text, language="none", classes=["derive"])
            block.replace_self([*anchors, literal])
        for formula in list(self.document.findall(derive_formula)):
            formula.replace_self(nodes.Text(formula.astext()))

    def rows(self, block: derive_equations) -> list[str]:
        """The lines, aligned at their signs."""
        from derive.notation import columns

        lines = list(block.findall(derive_line))
        indent = min(max(columns(line["left_text"]) for line in lines), 20)
        rows: list[str] = []
        for line in lines:
            left = " " * (indent - columns(line["left_text"])) + line["left_text"]
            first, *rest = line["right_text"]
            rows.append(f"{left} {line['sign']} {first}")
            rows += [" " * (indent + 5) + row for row in rest]
            reason = "".join(each.astext() for each in line.children)
            number = f"({equation_number(self.app.builder, line)})" if line["label"] else ""
            if reason and columns(rows[-1]) + 3 + columns(reason) > _WIDTH:
                rows.append(" " * (indent + 5) + f"[{reason}]")
            elif reason:
                rows[-1] += f"   [{reason}]"
            if number:
                rows[-1] += " " * max(_WIDTH - columns(rows[-1]), 2) + number
        return rows
