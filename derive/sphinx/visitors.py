"""How HTML and LaTeX write our nodes; for all others see :mod:`derive.sphinx.transforms`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.locale import _

from derive.sphinx.nodes import (
    derive_equations,
    derive_formula,
    derive_line,
    derive_prose,
    derive_reason,
    reason_mark,
)

if TYPE_CHECKING:
    from sphinx.application import Sphinx

__all__ = ["VISITORS", "equation_number", "latex_preamble"]


def equation_number(builder: Any, line: nodes.Element) -> str:
    """The number of an equation as references show it."""
    config = builder.config
    if not (config.math_numfig and config.numfig):
        return str(line["number"])
    page = builder.env.toc_fignumbers.get(line["docname"], {})
    number = ".".join(map(str, page.get("displaymath", {}).get(line["ids"][0], ())))
    return str(config.math_numsep.join(number.rsplit(".", 1)))


def latex_preamble(app: Sphinx) -> None:
    """Our commands in the preamble of LaTeX documents, where such are built."""
    if app.builder.format != "latex":
        return
    from derive.exporters.latex import MACROS, TIGHT_MACROS

    context: dict[str, Any] = app.builder.context  # type: ignore[attr-defined]  # LaTeX's has one
    context["preamble"] = f"{context.get('preamble', '')}\n{MACROS}\n{TIGHT_MACROS}\n"


# HTML ---------------------------------------------------------------------------------------------


def _html_formula(self: Any, node: derive_formula) -> None:
    self.body.append(f'<span class="derive-formula">{node["mathml"]}</span>')
    raise nodes.SkipNode


def _html_equations(self: Any, node: derive_equations) -> None:
    # A box that may scroll has to be reached by keyboard.
    self.body.append(
        self.starttag(
            node,
            "div",
            CLASS="derive-equations",
            tabindex="0",
            role="group",
            **{"aria-label": _("Equations")},
        )
    )


def _html_end_equations(self: Any, node: derive_equations) -> None:
    self.body.append("</div>\n")


def _html_line(self: Any, node: derive_line) -> None:
    self.body.append(self.starttag(node, "div", "", CLASS="derive-line"))
    self.body.append(f'<span class="derive-left">{node["left"]}</span>')
    self.body.append(f'<span class="derive-right">{node["right"]}</span>')


def _html_end_line(self: Any, node: derive_line) -> None:
    if node["label"]:
        self.body.append(f'<span class="derive-number">({equation_number(self.builder, node)})')
        self.add_permalink_ref(node, _("Link to this equation"))
        self.body.append("</span>")
    self.body.append("</div>\n")


def _html_reason(self: Any, node: derive_reason) -> None:
    self.body.append('<span class="derive-reason">')


def _html_end_reason(self: Any, node: derive_reason) -> None:
    self.body.append("</span>")


# LaTeX --------------------------------------------------------------------------------------------


def _latex_formula(self: Any, node: derive_formula) -> None:
    self.body.append(node["latex"])
    raise nodes.SkipNode


def _latex_equations(self: Any, node: derive_equations) -> None:
    source = node["latex"]
    for number, line in enumerate(node.findall(derive_line)):
        written = ""
        for reason in line.findall(derive_reason):
            outer, self.body = self.body, []
            for child in reason.children:
                child.walkabout(self)
            written, self.body = "".join(self.body), outer
        source = source.replace(reason_mark(number), written)
    self.body.append(f"\n{source}\n\n")
    raise nodes.SkipNode


# Both ---------------------------------------------------------------------------------------------


def _prose(self: Any, node: derive_prose) -> None:
    """Only seen by a writer that is given a tree as it was read."""
    self.visit_paragraph(node)


def _end_prose(self: Any, node: derive_prose) -> None:
    self.depart_paragraph(node)


_PROSE = {"html": (_prose, _end_prose), "latex": (_prose, _end_prose)}

#: What Sphinx is told to write each node with.
VISITORS: Mapping[type[nodes.Element], dict[str, Any]] = {
    derive_formula: {"html": (_html_formula, None), "latex": (_latex_formula, None)},
    derive_equations: {
        "html": (_html_equations, _html_end_equations),
        "latex": (_latex_equations, None),
    },
    derive_line: {"html": (_html_line, _html_end_line)},
    derive_reason: {"html": (_html_reason, _html_end_reason)},
    derive_prose: _PROSE,
}
