"""Directives: a derivation, a result, the glossary of rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

from derive.asked import read_asked
from derive.collector import collection_paused
from derive.errors import DeriveError
from derive.sphinx.ahead import LaidOut, Order, order_of, read_prefix
from derive.sphinx.nodes import derive_derivation
from derive.sphinx.reports import derived, note_file, report, tell

if TYPE_CHECKING:
    from collections.abc import Collection

    from derive.gradients import Derivation
    from derive.model import Problem
    from derive.sphinx.domain import DeriveDomain
    from derive.sphinx.render import Renderer

__all__ = ["DerivationDirective", "GradientDirective", "RulesDirective"]


class _Directive(SphinxDirective):
    """What the directives have in common: an error is a warning and is seen on the page."""

    def run(self) -> list[nodes.Node]:
        """The nodes, or what is wrong."""
        try:
            with collection_paused():
                return self.contents()
        except DeriveError as error:
            message = report(error, self.get_location())
            box = nodes.error("", nodes.paragraph("", message), classes=["derive-error"])
            self.set_source_info(box)
            return [box]

    def contents(self) -> list[nodes.Node]:
        raise NotImplementedError

    def derivation(self) -> Derivation:
        asked = read_asked(
            self.arguments[0], self.options.get("wrt", ""), self.options.get("sizes", "")
        )
        return derived(asked, self.env, self.get_location())

    def renderer(
        self, problem: Problem, prefix: str, media: Collection[str] | None = None
    ) -> Renderer:
        """What makes the nodes of this directive, for all media unless some are named."""
        from derive.sphinx.render import MEDIA, Renderer

        source, line = self.get_source_info()
        return Renderer(
            problem,
            look=self.options.get("look", self.config.derive_default_look),
            docname=self.env.docname,
            prefix=prefix,
            source=source,
            line=line,
            number=self.number,
            media=MEDIA if media is None else media,
        )

    def number(self, label: str) -> int:
        """Register the label of an equation, and return its number."""
        return self.domain.note_equation(self.env.docname, label, self.get_location())

    @property
    def domain(self) -> DeriveDomain:
        from derive.sphinx.domain import DeriveDomain

        domain = self.env.domains["derive"]
        assert isinstance(domain, DeriveDomain)
        return domain

    def free(self, prefix: str, *, whole: bool = False) -> str:
        """The prefix of labels, or another one if the page has it already, which is said. Two
        labels of which Sphinx makes one id (``f.it``, ``f-it``) count as one."""
        labels = self.domain.labels.get(self.env.docname, {})
        taken = {_id(start) for label in labels for start in ([label] if whole else _starts(label))}

        def is_taken(candidate: str) -> bool:
            return _id(candidate) in taken

        if not is_taken(prefix):
            return prefix
        from sphinx.util import logging

        number = 2
        while is_taken(f"{prefix}-{number}"):
            number += 1
        logging.getLogger(__name__).warning(
            "this page has equations labelled %s already; give these a :label: of their own "
            "(now they are %s-%d)",
            prefix,
            prefix,
            number,
            location=self.get_location(),
            type="derive",
            subtype="label",
        )
        return f"{prefix}-{number}"

    def named(self, box: nodes.Element, title: str) -> list[nodes.Node]:
        """The box with its classes, behind a target for ``:ref:`` if it has a name."""
        box["classes"] += self.options.get("class", [])
        self.set_source_info(box)
        name = self.options.get("name")
        if not name:
            return [box]
        # Sphinx gives a title to the names of sections and figures alone: the target is noted by
        # hand, and so docutils is told of its id, not of its name.
        target = nodes.target("", "", ids=[nodes.make_id(name)])
        self.state.document.note_explicit_target(target)
        standard: Any = self.env.domains["std"]
        standard.note_hyperlink_target(
            nodes.fully_normalize_name(name), self.env.docname, target["ids"][0], title
        )
        return [target, box]


def _id(label: str) -> str:
    """The id of an equation with that label."""
    return nodes.make_id(f"equation-{label}")


def _starts(label: str) -> list[str]:
    """The label and what it begins with, up to each colon: ``a:b`` and ``a``."""
    places = [place for place, sign in enumerate(label) if sign == ":"]
    return [label, *(label[:place] for place in places)]


class DerivationDirective(_Directive):
    """``.. derivation:: logistic_regression``: a derivation with its steps."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict[str, Any]] = {
        "wrt": directives.unchanged_required,
        "sizes": directives.unchanged_required,
        "layout": directives.unchanged_required,
        "detail": directives.unchanged_required,
        "parts": directives.unchanged_required,
        "look": directives.unchanged,
        "label": directives.unchanged_required,
        "untitled": directives.flag,
        "class": directives.class_option,
        "name": directives.unchanged_required,
    }

    def contents(self) -> list[nodes.Node]:
        from derive.sphinx.messages import translated
        from derive.sphinx.render import has_heading

        order = order_of(self.arguments[0], self.options, self.env.docname, self.env)
        laid_out = self.laid_out(order)
        document = laid_out.document
        prefix = order.label or document.problem.name
        free = self.free(prefix)
        renderer = self.renderer(document.problem, free, media=())
        has_title = has_heading(document, titled=order.titled)
        lines = [renderer.numbered(label) for label in document.labels()]
        box = derive_derivation(
            "",
            *([renderer.title(document)] if has_title else []),
            *lines,
            laid_out=document,
            look=order.look,
            titled=order.titled,
            prefix=free,
            docname=order.docname,
            numbers={line["label"]: line["number"] for line in lines},
            place=self.get_source_info(),
            key=f"{order.docname}-{self.env.new_serialno('derive-switch')}",
            # What was written ahead has the labels that were foreseen.
            written={order.media: laid_out.written} if order.media and free == prefix else {},
        )
        if self.domain.extracts:
            # A message that is translated is known by its node, which has to be there.
            renderer.number = None
            box += renderer.document(document, titled=order.titled)
        return self.named(box, translated(document.title))

    def laid_out(self, order: Order) -> LaidOut:
        """What is ordered, made ahead or now; the page depends on its files.

        Raises:
            DeriveError: see :meth:`derive.sphinx.ahead.LaidOut.of`.
        """
        note_file(order.asked, self.env)
        ahead = self.domain.ahead
        made = (ahead and ahead.take(order)) or LaidOut.of(order)
        tell(order.asked, made.outcome, self.env, self.get_location())
        return made


class GradientDirective(_Directive):
    """``.. gradient:: logistic_regression``: the result alone, as an equation."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[dict[str, Any]] = {
        "wrt": directives.unchanged_required,
        "look": directives.unchanged,
        "label": directives.unchanged_required,
        "class": directives.class_option,
        "name": directives.unchanged_required,
    }

    def contents(self) -> list[nodes.Node]:
        from derive.sphinx.messages import translated

        label = read_prefix(self.options.get("label", ""))
        derivation = self.derivation()
        alone = len(derivation.results) == 1
        label = self.free(label, whole=alone) if label else ""
        equations = self.renderer(derivation.problem, "").results(derivation, label)
        box = nodes.container("", equations, classes=["derive"])
        return self.named(box, translated(derivation.problem.title))


class RulesDirective(_Directive):
    """``.. derivation-rules::``: every rule with its law and its meaning."""

    option_spec: ClassVar[dict[str, Any]] = {"class": directives.class_option}

    def contents(self) -> list[nodes.Node]:
        from derive.sphinx.render import rules_list

        source, line = self.get_source_info()
        glossary, anchors = rules_list(source, line, self.state.document)
        for rule, anchor in anchors.items():
            self.domain.rules[rule] = (self.env.docname, anchor)
        box = nodes.container("", glossary, classes=["derive", "derive-rules"])
        box["classes"] += self.options.get("class", [])
        self.set_source_info(box)
        return [box]
