"""Roles: a result in a sentence, and a link to a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.roles import XRefRole
from sphinx.util.docutils import SphinxRole

from derive.asked import read_role
from derive.errors import DeriveError
from derive.sphinx.reports import derived, report

if TYPE_CHECKING:
    from docutils.nodes import Element, Node, system_message
    from sphinx.environment import BuildEnvironment

__all__ = ["GradientRole", "RuleRole"]


class GradientRole(SphinxRole):
    """``:gradient:`logistic_regression wrt w```: the result in a sentence."""

    def run(self) -> tuple[list[Node], list[system_message]]:
        """The formulas, or what is wrong."""
        try:
            derivation = derived(read_role(self.text), self.env, self.get_location())
            from derive.sphinx.render import results_inline

            return results_inline(derivation, self.config.derive_default_look), []
        except DeriveError as error:
            message = report(error, self.get_location())
            return [nodes.problematic(self.rawtext, f"{self.rawtext}: {message}")], []


class RuleRole(XRefRole):
    """``:rule:`chain rule```: a link to a rule in the glossary."""

    def __init__(self, *, warn_dangling: bool = False) -> None:
        super().__init__(innernodeclass=nodes.inline, warn_dangling=warn_dangling)

    def process_link(
        self,
        env: BuildEnvironment,
        refnode: Element,
        has_explicit_title: bool,
        title: str,
        target: str,
    ) -> tuple[str, str]:
        """The name of the rule, with any line break in it taken for a space; it is shown in the
        language of the page."""
        from derive.sphinx.messages import translated

        rule = " ".join(target.split())
        return title if has_explicit_title else translated(rule), rule

    def result_nodes(
        self, document: nodes.document, env: BuildEnvironment, node: Element, is_ref: bool
    ) -> tuple[list[Node], list[system_message]]:
        """The reference, in our domain however the role was written."""
        from derive.asked import OptionError
        from derive.rules import RULES

        if is_ref and node["reftarget"] not in RULES:
            message = f"there is no rule called {node['reftarget']!r}"
            report(OptionError(message), self.get_location(), "name")
            return [nodes.problematic(self.rawtext, f"{self.rawtext}: {message}")], []
        node["refdomain"] = "derive"
        node["reftype"] = "rule"
        return [node], []
