"""What pages of this site need besides derivations: the computation graph, and tidy examples."""

# ruff: noqa: INP001 - Sphinx imports this file by its name; it is in no package

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.transforms import SphinxTransform
from sphinx.util.docutils import SphinxDirective

from derive.asked import read_asked
from derive.sphinx.reports import derived

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata


class GraphDirective(SphinxDirective):
    """``computation-graph``: the graph of an entry, as SVG in HTML and drawn by TikZ in LaTeX."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """A node for each of the two; other builders have the derivation, which says the same."""
        derivation = derived(read_asked(self.arguments[0]), self.env, self.get_location())
        # What is wider than a phone can be scrolled, also by keyboard.
        svg = (
            '<div class="computation-graph" tabindex="0" role="group"'
            f' aria-label="Computation graph">\n{derivation.graph()}\n</div>'
        )
        tikz = (
            "\\begin{center}\n"
            "\\begin{adjustbox}{max width=\\linewidth, max totalheight=.85\\textheight}\n"
            f"{derivation.graph('tikz')}\n\\end{{adjustbox}}\\end{{center}}"
        )
        return [nodes.raw("", svg, format="html"), nodes.raw("", tikz, format="latex")]


class Trim(SphinxTransform):
    """Removes the empty line that ends an example, which pytest wants and nobody has to see."""

    default_priority = 200

    def apply(self, **kwargs: Any) -> None:  # noqa: ARG002 - as Sphinx calls it
        """Remove it."""
        for block in self.document.findall(nodes.literal_block):
            text = block.astext()
            if text.startswith(">>>") and text != text.rstrip():
                block.children = []
                block += nodes.Text(text.rstrip())
                block.rawsource = text.rstrip()


def setup(app: Sphinx) -> ExtensionMetadata:
    """Called by Sphinx."""
    app.add_directive("computation-graph", GraphDirective)
    app.add_transform(Trim)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
