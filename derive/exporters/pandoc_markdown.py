"""Markdown as pandoc and Quarto read it, for a filter that puts it into a page.

It is the dialect ``quarto`` of :mod:`derive.exporters.markdown`, but for words: signs of
mathematics among them are mathematics, since the fonts of a printed page seldom have them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from derive.derivation import Detail
from derive.document import PARTS, Document, LayoutChoice, build
from derive.document.model import Line, Relation
from derive.errors import InputError
from derive.exporters.formulas import check_label
from derive.exporters.markdown import MarkdownWriter, dialect_of, escape, joined_lines, whole_text
from derive.exporters.signs import split_signs
from derive.gradients import Derivation
from derive.notation import PLAIN, Look

__all__ = ["export", "results", "results_inline"]


def export(
    derivation: Derivation,
    *,
    detail: Detail = "normal",
    layout: LayoutChoice = "both",
    look: Look = PLAIN,
    parts: Iterable[str] = PARTS,
    label: str = "",
    heading: int = 2,
) -> str:
    """The derivation as Markdown; the arguments are those of :mod:`derive.exporters.markdown`.

    Raises:
        InputError: ``label`` cannot be part of a label, or there is no such level.

    >>> from derive.gradients import gradient
    >>> text = export(gradient("linear_regression", wrt="b", check="none"), label="fit")
    >>> text.splitlines()[0], "{#eq-fit-lemma-3}" in text
    ('## Linear regression: the gradient of the halved mean squared error', True)
    """
    check_label(label)
    if isinstance(heading, bool) or not isinstance(heading, int) or not 1 <= heading <= 6:
        raise InputError(f"heading={heading!r} is no level of a heading; there are 1 to 6")
    document = build(derivation, detail=detail, layout=layout, parts=parts)
    return whole_text(_PandocWriter(document, look, label or derivation.problem.name, heading))


def results(derivation: Derivation, *, look: Look = PLAIN, label: str = "") -> str:
    """The results alone, each as an equation on lines of its own.

    Args:
        derivation: what is printed.
        look: how formulas look.
        label: the label of the equation, with or without Quarto's ``eq-``. Several have it with the
            names of what is differentiated by; without a label none has a number.

    Raises:
        InputError: ``label`` cannot be a label.

    >>> from derive.gradients import gradient
    >>> results(gradient("mean_loss", wrt="b", check="none"), label="fit").splitlines()[-1]
    '$$ {#eq-fit}'
    """
    check_label(label)
    writer = _PandocWriter(_empty(derivation), look, "", 1)
    alone = len(derivation.results) == 1
    lines: list[str] = []
    for result in derivation.results:
        name = label if alone or not label else f"{label}-{result.wrt}"
        line = Line(result.claim, result.term)
        lines += [*writer.display([*writer.aligned([line], "aligned")], name), ""]
    return joined_lines(lines)


def results_inline(derivation: Derivation, *, look: Look = PLAIN) -> str:
    """The results in a sentence, with commas between them."""
    writer = _PandocWriter(_empty(derivation), look, "", 1)
    relations = (Relation(result.claim, "=", result.term) for result in derivation.results)
    return ", ".join(writer.part(relation) for relation in relations)


def _empty(derivation: Derivation) -> Document:
    """A document without a word, for formulas that stand alone."""
    return Document(derivation.problem.title, derivation.problem, None, (), ())


class _PandocWriter(MarkdownWriter):
    def __init__(self, document: Document, look: Look, prefix: str, heading: int) -> None:
        super().__init__(document, dialect_of("quarto"), "quarto", look, prefix, heading)

    def label(self, label: str) -> str:
        """The label of an equation, which Quarto knows by its first letters."""
        name = f"{self.prefix}-{label}".removeprefix("-").removeprefix("eq-")
        return "eq-" + re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")

    def words(self, words: str) -> str:
        whole_text = ""
        for piece, is_sign in split_signs(words):
            if is_sign:
                whole_text += self.between(piece)
                continue
            # A digit right after a dollar would make it a dollar of money.
            close = "<!-- -->" if whole_text.endswith("$") and piece[:1].isdigit() else ""
            whole_text += close + escape(piece, scripted=False)
        return whole_text
