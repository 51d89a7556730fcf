"""How HTML and LaTeX write our nodes; for all others see :mod:`derive.sphinx.transforms`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.locale import get_translation

from derive.sphinx.nodes import (
    derive_choice,
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

if TYPE_CHECKING:
    from sphinx.application import Sphinx

__all__ = ["VISITORS", "equation_number", "is_web_page", "latex_preamble", "number_of"]

_ = get_translation("derive")


def equation_number(builder: Any, line: nodes.Element) -> str:
    """The number of an equation as references show it."""
    return number_of(builder, line["docname"], line["ids"][0], line["number"])


def number_of(builder: Any, docname: str, anchor: str, number: int) -> str:
    """The number of an equation: on its page, or with that of the section if figures have it."""
    config = builder.config
    if not (config.math_numfig and config.numfig):
        return str(number)
    page = builder.env.toc_fignumbers.get(docname, {})
    found = ".".join(map(str, page.get("displaymath", {}).get(anchor, ())))
    return str(config.math_numsep.join(found.rsplit(".", 1)))


def is_web_page(builder: Any) -> bool:
    """Whether a reader can switch between ways to show something; a book has them all."""
    return bool(builder.format == "html" and builder.name != "epub")


#: The number of an equation in the font of the manual, which may be wider than that of our own
#: documents. The lines of one derivation may have a digit more than the first of them, and TeX puts
#: a number below its line where the room between the two is less than about an em and a half.
_NUMBER_MACROS = r"""\let\derivefitin\derivefit
\renewcommand{\derivefit}[2]{\setbox2\hbox{\normalfont(\theequation0)\hskip1.9em}%
  \ifdim#2>0pt\ifdim\wd2<#2\relax\setbox2\hbox to#2{}\fi\else\setbox2\hbox{}\fi
  \derivefitin{#1}{\wd2}}"""


def latex_preamble(app: Sphinx) -> None:
    """Our commands in the preamble of LaTeX documents, where such are built."""
    if app.builder.format != "latex":
        return
    from derive.exporters.latex import MACROS, TIGHT_MACROS
    from derive.sphinx.tables import TABLE_MACROS

    context: dict[str, Any] = app.builder.context  # type: ignore[attr-defined]  # LaTeX's has one
    context["preamble"] = (
        f"{context.get('preamble', '')}\n{MACROS}\n{_NUMBER_MACROS}\n{TIGHT_MACROS}\n"
        f"{TABLE_MACROS}\n"
    )


# HTML ---------------------------------------------------------------------------------------------


def _mathml(self: Any, source: str) -> str:
    """A formula, as the version of HTML has it that is written."""
    from derive.sphinx.epub import for_books

    return for_books(source) if self.builder.name == "epub" else source


def _html_formula(self: Any, node: derive_formula) -> None:
    self.body.append(f'<span class="derive-formula">{_mathml(self, node["mathml"])}</span>')
    raise nodes.SkipNode


def _scrolling(label: str) -> dict[str, str]:
    """The attributes of a box that may scroll: it has to be reached by keyboard."""
    return {"tabindex": "0", "role": "group", "aria-label": label}


def _html_equations(self: Any, node: derive_equations) -> None:
    attributes = {"role": "group", "aria-label": _("Equations")}
    self.body.append(self.starttag(node, "div", CLASS="derive-equations", **attributes))


def _html_scroll(self: Any, node: derive_scroll) -> None:
    self.body.append(self.starttag(node, "div", CLASS="derive-scroll", **_scrolling(_("Table"))))


def _html_end_box(self: Any, node: nodes.Element) -> None:
    self.body.append("</div>\n")


def _html_line(self: Any, node: derive_line) -> None:
    classes = "derive-line derive-wide" if node["wide"] else "derive-line"
    if not any(isinstance(child, derive_reason) for child in node.children):
        classes += " derive-without-reason"
    self.body.append(self.starttag(node, "div", "", CLASS=classes))
    # A book may be shown without our style sheet, and then both would be seen.
    hidden = ""
    if node["whole"] and is_web_page(self.builder):
        self.body.append(f'<span class="derive-whole">{node["whole"]}</span>')
        hidden = ' aria-hidden="true"'
    left = f"<span{hidden}>{_mathml(self, node['left'])}</span>" if node["left"] else ""
    self.body.append(f'<span class="derive-left">{left}</span>')
    pieces = "<wbr />".join(_mathml(self, piece) for piece in node["right"])
    box = _scrolling(_("Equations")) if node["scrolls"] else {}
    self.body.append(self.starttag({}, "span", "", CLASS="derive-right", **box))
    self.body.append(f"<span{hidden}>{pieces}</span></span>")


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


def _html_switch(self: Any, node: derive_switch) -> None:
    self.body.append(f'<fieldset class="derive-switch derive-switch-{node["of"]}">\n')
    title, *choices = node.children
    parts = [
        ("legend", title, ""),
        *(("label", *each) for each in zip(choices, node["values"], strict=True)),
    ]
    for number, (tag, words, value) in enumerate(parts):
        button = ""
        if value:
            checked = ' checked="checked"' if number == 1 else ""
            button = f'<input type="radio" name="{node["key"]}" value="{value}"{checked} />'
        self.body.append(f"<{tag}>{button}")
        words.walkabout(self)
        self.body.append(f"</{tag}>\n")
    self.body.append("</fieldset>\n")
    raise nodes.SkipNode


def _html_choice(self: Any, node: derive_choice) -> None:
    self.body.append("<span>")


def _html_end_choice(self: Any, node: derive_choice) -> None:
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
    # Pages may end between the lines of a long derivation.
    self.body.append(f"\n\\begingroup\\allowdisplaybreaks\n{source}\n\\endgroup\n\n")
    raise nodes.SkipNode


def _latex_table(self: Any, node: derive_table) -> None:
    from derive.sphinx.tables import latex_table

    def written(children: Iterable[nodes.Node]) -> str:
        outer, self.body = self.body, []
        for child in children:
            child.walkabout(self)
        inner, self.body = "".join(self.body), outer
        return inner

    self.body.append(f"\n{latex_table(node, written)}\n")
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
        "html": (_html_equations, _html_end_box),
        "latex": (_latex_equations, None),
    },
    derive_line: {"html": (_html_line, _html_end_line)},
    derive_reason: {"html": (_html_reason, _html_end_reason)},
    derive_prose: _PROSE,
    derive_scroll: {"html": (_html_scroll, _html_end_box)},
    derive_switch: {"html": (_html_switch, None)},
    derive_choice: {"html": (_html_choice, _html_end_choice)},
    derive_table: {"latex": (_latex_table, None)},
}
