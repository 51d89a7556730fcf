"""Directives: a derivation, a result, the glossary of rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

from derive.asked import OptionError, read_asked, read_label
from derive.errors import DeriveError
from derive.sphinx.reports import derived, report

if TYPE_CHECKING:
    from derive.gradients import Derivation
    from derive.sphinx.domain import DeriveDomain
    from derive.sphinx.render import Renderer

__all__ = ["DerivationDirective", "GradientDirective", "RulesDirective"]


class _Directive(SphinxDirective):
    """What the directives have in common: an error is a warning and is seen on the page."""

    def run(self) -> list[nodes.Node]:
        """The nodes, or what is wrong."""
        try:
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

    def renderer(self, derivation: Derivation, prefix: str) -> Renderer:
        from derive.sphinx.render import Renderer

        source, line = self.get_source_info()
        return Renderer(
            derivation.problem,
            look=self.options.get("look", self.config.derive_default_look),
            docname=self.env.docname,
            prefix=prefix,
            source=source,
            line=line,
            number=self.number,
            switch=lambda: f"{self.env.docname}-{self.env.new_serialno('derive-switch')}",
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


def _label(given: str) -> str:
    """The label that is given, empty if there is none.

    Raises:
        InputError: it cannot be one, or no id can be made of it.
    """
    label = read_label(given)
    if label and not nodes.make_id(label):
        raise OptionError(f"label: no id can be made of {label[:40]!r}, which has no letter in it")
    return label


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
        from derive.document import build
        from derive.sphinx.messages import translated

        label = _label(self.options.get("label", ""))
        if not label and "name" in self.options:
            label = nodes.make_id(self.options["name"])
        derivation = self.derivation()
        chosen: dict[str, Any] = {
            "detail": self.options.get("detail", self.config.derive_default_detail),
            "layout": self.options.get("layout", self.config.derive_default_layout),
        }
        if "parts" in self.options:
            chosen["parts"] = self.options["parts"]
        document = build(derivation, **chosen)
        renderer = self.renderer(derivation, self.free(label or derivation.problem.name))
        inner = renderer.document(document, titled="untitled" not in self.options)
        box = nodes.container("", *inner, classes=["derive"])
        return self.named(box, translated(document.title))


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

        label = _label(self.options.get("label", ""))
        derivation = self.derivation()
        alone = len(derivation.results) == 1
        label = self.free(label, whole=alone) if label else ""
        equations = self.renderer(derivation, "").results(derivation, label)
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
