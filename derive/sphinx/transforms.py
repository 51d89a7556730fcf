"""After reading: our nodes become those that every writer knows, as far as there are any."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

from derive.sphinx.nodes import (
    derive_equations,
    derive_formula,
    derive_line,
    derive_prose,
    derive_reason,
)
from derive.sphinx.visitors import equation_number

__all__ = ["Finish", "Shorten"]

#: The width of a line of text, and the room for its number.
_WIDTH = 66


class Finish(SphinxPostTransform):
    """Prose becomes paragraphs and headings, once it is translated."""

    default_priority = 300  # after references are resolved

    def run(self, **kwargs: Any) -> None:
        """Replace them."""
        if self.app.builder.format == "latex":
            for box in self.document.findall(nodes.container):
                if "derive" in box["classes"]:
                    _spell(box)
        for prose in list(self.document.findall(derive_prose)):
            if not isinstance(prose, derive_reason):
                prose.replace_self(self.finished(prose))

    def finished(self, prose: derive_prose) -> nodes.Element:
        """The paragraph or the heading."""
        if prose["kind"] == "paragraph":
            return nodes.paragraph("", "", *prose.children)
        heading = nodes.rubric("", "", *prose.children, classes=[f"derive-{prose['kind']}"])
        if self.app.builder.format == "html":
            level = 1 + (prose["kind"] == "section")
            node: Any = prose
            while node is not None:
                level += isinstance(node, nodes.section)
                node = node.parent
            heading["heading-level"] = min(level, 6)
        return heading


_UNUSUAL = re.compile("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+|[^\x00-\x7f]")


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
        if self.app.builder.format in ("html", "latex"):
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
