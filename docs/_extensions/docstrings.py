"""Small things that Napoleon makes of our docstrings, put right."""

# ruff: noqa: INP001 - Sphinx imports this file by its name; it is in no package

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.util.nodes import make_refnode

import derive

if TYPE_CHECKING:
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment
    from sphinx.util.typing import ExtensionMetadata

#: What Napoleon takes for an attribute, whose first line it reads as ``type: description``.
ATTRIBUTES = ("attribute", "data", "property")

#: A colon that Napoleon doesn't know.
RATIO = "\N{RATIO}"


def hide_colon(
    app: Sphinx, what: str, name: str, obj: object, options: Any, lines: list[str]
) -> None:
    """Before Napoleon: a first sentence may have a colon, and is no type all the same."""
    if what in ATTRIBUTES and lines:
        lines[0] = lines[0].replace(": ", f"{RATIO} ")


def show_colon(
    app: Sphinx, what: str, name: str, obj: object, options: Any, lines: list[str]
) -> None:
    """After Napoleon."""
    if what in ATTRIBUTES:
        lines[:] = [line.replace(RATIO, ":") for line in lines]


def find_public_name(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, contnode: nodes.TextElement
) -> nodes.reference | None:
    """What a docstring calls by the name it has in its module is described as ``derive.NAME``."""
    name = node.get("reftarget", "").rpartition(".")[2]
    if node.get("refdomain") != "py" or name not in derive.__all__:
        return None
    found = env.domains["py"].objects.get(f"derive.{name}")
    if found is None:
        return None
    return make_refnode(app.builder, node["refdoc"], found.docname, found.node_id, contnode)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Called by Sphinx; Napoleon has the priority 500."""
    app.connect("autodoc-process-docstring", hide_colon, priority=400)
    app.connect("autodoc-process-docstring", show_colon, priority=600)
    app.connect("missing-reference", find_public_name)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
