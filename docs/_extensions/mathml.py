r"""Formulas in the text, ``$\sum_i x_i$``, as MathML in HTML: no script is fetched for them."""

# ruff: noqa: INP001 - Sphinx imports this file by its name; it is in no package

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from docutils import nodes
from docutils.utils.math import MathError, latex2mathml
from sphinx.util import logging

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

logger = logging.getLogger(__name__)

#: docutils puts the subscript of a letter with a hat below the letter.
_HAT = re.compile(r'<munderover>(<mi>\w</mi>)(<mi>\w</mi>)<mo stretchy="false">ˆ</mo></munderover>')


def mathml(source: str, *, inline: bool, location: Any = None) -> str:
    """A formula in LaTeX as MathML.

    What cannot be read is a warning, and is shown as it is written.

    >>> mathml("x_i", inline=True)
    '<math xmlns="http://www.w3.org/1998/Math/MathML"><msub><mi>x</mi><mi>i</mi></msub></math>'
    """
    try:
        tree = latex2mathml.tex2mathml(source, as_block=not inline)
    except MathError as error:
        logger.warning("the formula %s cannot be read: %s", source, error, location=location)
        return f"<code>{nodes.unescape(source)}</code>"
    text = "".join(line.strip() for line in str(tree).splitlines())
    text = _HAT.sub(r'<msub><mover accent="true">\1<mo>^</mo></mover>\2</msub>', text)
    # In LaTeX a slash has no space around it, in MathML it has.
    return text.replace(
        '<mo stretchy="false">/</mo>', '<mo stretchy="false" lspace="0" rspace="0">/</mo>'
    )


def _inline(self: Any, node: nodes.math) -> None:
    self.body.append(mathml(node.astext(), inline=True, location=node))
    raise nodes.SkipNode


def _block(self: Any, node: nodes.math_block) -> None:
    if node.get("label"):
        logger.warning("a formula with a label has no number here", location=node)
    formula = mathml(node.astext(), inline=False, location=node)
    self.body.append(f'<div class="formula" tabindex="0" role="group">{formula}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> ExtensionMetadata:
    """Called by Sphinx."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
