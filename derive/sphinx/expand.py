"""A derivation becomes nodes when a page is written, and not before.

Until then it is one node (:class:`derive.sphinx.nodes.derive_derivation`), which is replaced before
anything else is resolved: whatever comes after, of Sphinx, of a theme or of an extension, finds
nodes as any others. What Sphinx does with prose while it reads a page, is done here.
"""

from __future__ import annotations

import pickle
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.locale import init as open_catalogues
from sphinx.transforms import SphinxSmartQuotes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.i18n import docname_to_domain

from derive.collector import collection_paused
from derive.errors import DeriveError
from derive.sphinx.ahead import media_of
from derive.sphinx.nodes import (
    derive_derivation,
    derive_equations,
    derive_line,
    derive_prose,
    derive_switch,
)
from derive.sphinx.reports import report
from derive.sphinx.transforms import translate

if TYPE_CHECKING:
    from gettext import NullTranslations

    from sphinx.builders import Builder

__all__ = ["Expand"]


class Expand(SphinxPostTransform):
    """A derivation becomes nodes that hold what the builder needs."""

    default_priority = 3  # before anything in it is resolved

    def run(self, **kwargs: Any) -> None:
        """Replace those of a page. For translators all of the prose was there from the start: a
        message is known by the node that was read."""
        if self.app.builder.name == "gettext":
            return
        for node in list(self.document.findall(derive_derivation)):
            node.replace_self(_expanded(node, self.document, self.app.builder))


def _expanded(node: derive_derivation, document: nodes.document, builder: Builder) -> nodes.Element:
    """The nodes of a derivation in a box, translated; or a box with what is wrong."""
    try:
        with collection_paused():
            inner = _inner(node, builder)
    except DeriveError as error:
        message = report(error, node)
        return nodes.error("", nodes.paragraph("", message), classes=["derive-error"])
    # A document of its own, since what is done to prose is done to documents.
    page = nodes.document(document.settings, document.reporter)
    page += inner
    _place(page, node)
    _translate(page, node["docname"], builder)
    translate(page)
    if any(map(_has_quotes, page.findall(nodes.Text))):
        SphinxSmartQuotes(page, None).apply()
    box = nodes.container("", classes=["derive", *node["classes"]], ids=node["ids"])
    box.source, box.line = node.source, node.line
    box += [each for each in node.children if isinstance(each, derive_prose)]
    box += page.children
    return box


def _inner(node: derive_derivation, builder: Builder) -> list[nodes.Node]:
    """The nodes below the title, without numbers and places."""
    media = media_of(builder)
    ready: bytes | None = node["written"].get(media)
    if ready:
        found: list[nodes.Node] = pickle.loads(ready)  # noqa: S301  # as is all of the page
        return found
    from derive.sphinx.render import Renderer

    laid_out = node["laid_out"]
    renderer = Renderer(
        laid_out.problem,
        look=node["look"],
        docname=node["docname"],
        prefix=node["prefix"],
        number=lambda _: 0,
        media=media,
    )
    return list(renderer.document(laid_out, titled=node["titled"]))


def _place(page: nodes.Element, node: derive_derivation) -> None:
    """Put in what depends on the place of the derivation in its project."""
    switches = 0
    for each in page.findall(nodes.Element):
        if isinstance(each, (derive_prose, derive_equations)):
            each.source, each.line = node["place"]
        elif isinstance(each, derive_line) and each["label"]:
            each["number"] = node["numbers"][each["label"]]
        elif isinstance(each, derive_switch):
            each["key"] = nodes.make_id(f"derive-switch-{node['key']}-{switches}")
            switches += 1


# What Sphinx does to prose -----------------------------------------------------------------------


def _translate(page: nodes.document, docname: str, builder: Builder) -> None:
    """Translate by the project's own catalogues."""
    config = builder.config
    domain = docname_to_domain(docname, config.gettext_compact)
    folders = tuple(str(Path(builder.srcdir, each)) for each in config.locale_dirs)
    catalogue = _catalogue(folders, config.language, domain)
    if catalogue is None:
        return
    for prose in page.findall(derive_prose):
        for message in prose.extract_original_messages():
            translation = catalogue.gettext(message)
            if translation.strip():
                prose.apply_translated_message(message, translation)


@lru_cache(maxsize=8)  # a project has one for all of its pages, or one a page
def _catalogue(folders: tuple[str, ...], language: str, domain: str) -> NullTranslations | None:
    """The project's catalogue of a page, if it has one."""
    catalogue, is_there = open_catalogues(folders, language, domain)
    return catalogue if is_there else None


def _has_quotes(text: nodes.Text) -> bool:
    """Whether there is something in it that is typed in one way and printed in another."""
    return any(sign in text for sign in ("'", '"', "--", "..."))
