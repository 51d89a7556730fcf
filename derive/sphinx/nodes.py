"""The nodes of a derivation in a document tree.

Everything that docutils has a node for uses that node. Of our own are formulas and equations,
which hold what each kind of output needs, and prose, whose formulas are no matter of a translator.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from docutils import nodes
from sphinx import addnodes

__all__ = [
    "derive_choice",
    "derive_derivation",
    "derive_equations",
    "derive_formula",
    "derive_line",
    "derive_prose",
    "derive_reason",
    "derive_scroll",
    "derive_switch",
    "derive_table",
    "numbered_title",
]

# docutils finds the visitor of a node by the name of its class: these names are lower-case, as
# those of docutils and Sphinx are, and say whose they are.


class derive_derivation(nodes.General, nodes.Element):  # noqa: N801
    """A derivation that is laid out and not yet written. On a page of its own it would be more than
    a thousand nodes, and Sphinx goes through all nodes of a page dozens of times: it becomes those
    of :mod:`derive.sphinx.render` when the page is written (see :mod:`derive.sphinx.expand`).

    ``laid_out`` is the document, ``look`` that of its formulas, ``docname`` the page, ``prefix``
    that of its labels, ``numbers`` those of its equations by their labels, ``titled`` whether it
    has headings, ``place`` the file and line of the directive, ``key`` is unique in the
    project, and ``written`` what was written ahead: pickled nodes by the media that they are for,
    without numbers and places. Its children are what Sphinx has to know of:
    the title, if it has one, for translators and for who searches, and for each numbered equation a
    line that has its label, its number and nothing else. For the gettext builder all of the
    nodes are there.
    """


class derive_formula(nodes.Inline, nodes.TextElement):  # noqa: N801
    """A formula in a sentence: ``latex`` (with its delimiters), ``mathml`` and ``plain`` text, and
    about its ``width`` in LaTeX, in em."""

    def astext(self) -> str:
        return str(self["plain"])


class derive_equations(nodes.General, nodes.Element):  # noqa: N801
    """Lines aligned at their signs. ``latex`` holds all of them, with a mark (see
    :func:`reason_mark`) where each line's reason is put in; ``label`` is a text alternative."""


class derive_line(nodes.Part, nodes.Element):  # noqa: N801
    """One line: ``left`` and ``whole`` (all of it) as MathML, ``right`` as the pieces of MathML
    between which a row may end, the first with the ``sign`` before it, ``left_text`` and
    ``right_text`` as rows of text, and where it is numbered ``label``, ``number`` and ``docname``.
    ``wide`` says of the left side that it is too wide to stand beside the right one on a phone, and
    ``scrolls`` of the right side that a piece of it is too wide for a phone."""


class derive_table(nodes.table):  # noqa: N801
    """A table; LaTeX makes it fit the page, all others write it as any other."""


class derive_scroll(nodes.container):  # noqa: N801
    """A box around a table, which scrolls where the page is narrow."""


class derive_switch(nodes.General, nodes.Element):  # noqa: N801
    """Where a reader of a web page chooses which of several things that say the same is shown:
    ``of`` is ``"views"`` or ``"columns"``, ``key`` is unique in the project, ``values`` are those
    of the choices. Its children are prose, what is chosen first and the choices after it."""


class derive_choice(nodes.Part, nodes.TextElement):  # noqa: N801
    """The words of a switch, translated; those of a choice have a ``value``."""


_PLACE = re.compile(r"\{(\d+)\}|\*\*(.+?)\*\*")


class derive_prose(nodes.TextElement, addnodes.translatable):  # noqa: N801
    """Words with formulas and references among them.

    A translator is shown the words alone, with a number in braces for each of the others. ``kind``
    is what it becomes once it is translated: ``"paragraph"``, ``"title"``, ``"section"`` or, in a
    switch, ``"choice"``. A title and a section have a ``depth``: how many levels they are below the
    heading of the page that the directive stands under.
    """

    def preserve_original_messages(self) -> None:
        """Keep what the gettext builder will ask for."""
        self["message"] = self._message()

    def extract_original_messages(self) -> Sequence[str]:
        """What there is to translate; nothing, if there are no words."""
        message = str(self.get("message") or self._message())
        return [message] if any(map(str.isalpha, _PLACE.sub(r"\2", message))) else []

    def apply_translated_message(self, original_message: str, translated_message: str) -> None:
        """Put the translation in place of the words, with the formulas where it has them."""
        if translated_message == original_message:
            return
        kept = [each for each in self.children if not _is_words(each)]
        children: list[nodes.Node] = []
        used: list[int] = []
        end = 0
        for match in _PLACE.finditer(translated_message):
            children.append(nodes.Text(translated_message[end : match.start()]))
            end = match.end()
            if match[2] is not None:
                children.append(nodes.strong("", match[2]))
                continue
            used.append(int(match[1]))
            if used[-1] < len(kept):
                children.append(kept[used[-1]])
        children.append(nodes.Text(translated_message[end:]))
        if sorted(used) != list(range(len(kept))):
            from sphinx.util import logging

            logging.getLogger(__name__).warning(
                "the translation %r must have each of the formulas of %r once",
                translated_message,
                original_message,
                location=self,
                type="derive",
                subtype="translation",
            )
            return
        self.children = []
        self.extend(each for each in children if each.astext() or not _is_words(each))
        self["translated"] = True
        # Sphinx 7.0 forgets its own mark once it is done.
        self["derive_translated"] = True

    def _message(self) -> str:
        parts: list[str] = []
        number = 0
        for child in self.children:
            if isinstance(child, nodes.Text):
                parts.append(str(child))
            elif isinstance(child, nodes.strong):
                parts.append(f"**{child.astext()}**")
            else:
                parts.append(f"{{{number}}}")
                number += 1
        return "".join(parts).strip()


def _is_words(node: nodes.Node) -> bool:
    return isinstance(node, (nodes.Text, nodes.strong))


class derive_reason(derive_prose):  # noqa: N801
    """What stands at the margin of a line."""


def reason_mark(number: int) -> str:
    """Stands in LaTeX for the reason of the line of that number, until it is translated."""
    return f"\x02{number}\x03"


def numbered_title(node: nodes.Node) -> str:
    """What a line is called among the numbered things of a document; empty if it has no number,
    and then Sphinx doesn't count it."""
    return str(node["label"]) if isinstance(node, derive_line) else ""
