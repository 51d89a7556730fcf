"""What has to be known about a whole project: its rules and the labels of its equations.

Equations are those of Sphinx's own domain of mathematics, so that ``:eq:`` finds them. This domain
keeps who asked for which label, because pages may be read by several processes at once: only when
all are read can be said which labels clash.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from sphinx.domains import Domain, ObjType
from sphinx.util import logging
from sphinx.util.nodes import make_refnode

from derive.sphinx.roles import RuleRole

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.builders import Builder
    from sphinx.environment import BuildEnvironment

__all__ = ["DeriveDomain", "settle_labels", "warn_of_clashes"]

logger = logging.getLogger(__name__)


class DeriveDomain(Domain):
    """Rules, and the labels of the equations of derivations."""

    name = "derive"
    label = "derivations"
    object_types = {"rule": ObjType("rule", "rule")}  # noqa: RUF012 - as Sphinx declares it
    roles = {"rule": RuleRole(warn_dangling=True)}  # noqa: RUF012 - as Sphinx declares it
    initial_data: ClassVar[dict[str, Any]] = {
        "rules": {},  # name of a rule -> (docname, id)
        "labels": {},  # docname -> {label: (number, file and line)}
    }
    data_version = 1
    dangling_warnings = {  # noqa: RUF012 - as Sphinx declares it
        "rule": "no page of this project has the rule %(target)s; add the directive "
        "derivation-rules to one",
    }

    @property
    def rules(self) -> dict[str, tuple[str, str]]:
        """Where the glossary has each rule."""
        rules: dict[str, tuple[str, str]] = self.data.setdefault("rules", {})
        return rules

    @property
    def labels(self) -> dict[str, dict[str, tuple[int, str]]]:
        """The labels of each page, each with the number of its equation and its place."""
        labels: dict[str, dict[str, tuple[int, str]]] = self.data.setdefault("labels", {})
        return labels

    def note_equation(self, docname: str, label: str, location: str) -> int:
        """Register an equation, and return its number on the page."""
        mathematics = self.env.domains["math"]
        equations: dict[str, tuple[str, int]] = mathematics.data["objects"]
        if label in equations:
            # Sphinx would warn, but only where one process has read both pages.
            number: int = self.env.new_serialno("eqno") + 1
        else:
            mathematics.note_equation(docname, label, location)
            number = equations[label][1]
        self.labels.setdefault(docname, {})[label] = (number, location)
        return number

    def clear_doc(self, docname: str) -> None:
        """Forget a page."""
        self.labels.pop(docname, None)
        for rule, (where, _) in list(self.rules.items()):
            if where == docname:
                del self.rules[rule]

    def merge_domaindata(self, docnames: AbstractSet[str], otherdata: dict[str, Any]) -> None:
        """Take over what another process found on its pages."""
        for rule, (docname, anchor) in otherdata["rules"].items():
            if docname in docnames:
                self.rules[rule] = (docname, anchor)
        for docname, labels in otherdata["labels"].items():
            if docname in docnames:
                self.labels[docname] = labels

    def resolve_xref(
        self,
        env: BuildEnvironment,
        fromdocname: str,
        builder: Builder,
        typ: str,
        target: str,
        node: pending_xref,
        contnode: nodes.Element,
    ) -> nodes.reference | None:
        """The link to a rule. What stands at the margin is a link only where there is a glossary:
        its words do without."""
        if target in self.rules:
            docname, anchor = self.rules[target]
            return make_refnode(builder, fromdocname, docname, anchor, contnode)
        if node.get("derive_optional"):
            return contnode  # type: ignore[return-value]  # Sphinx puts in whatever it gets
        return None

    def resolve_any_xref(
        self,
        env: BuildEnvironment,
        fromdocname: str,
        builder: Builder,
        target: str,
        node: pending_xref,
        contnode: nodes.Element,
    ) -> list[tuple[str, nodes.reference]]:
        """The same for the role ``any``."""
        found = self.resolve_xref(env, fromdocname, builder, "rule", target, node, contnode)
        return [] if found is None else [("derive:rule", found)]

    def get_objects(self) -> Iterator[tuple[str, str, str, str, str, int]]:
        """The rules, for the search and for other projects."""
        for rule, (docname, anchor) in sorted(self.rules.items()):
            yield rule, rule, "rule", docname, anchor, 1

    def owners(self) -> dict[str, list[str]]:
        """The pages that have each label, in order."""
        owners: dict[str, list[str]] = {}
        for docname, labels in sorted(self.labels.items()):
            for label in labels:
                owners.setdefault(label, []).append(docname)
        return owners


def _domain(env: BuildEnvironment) -> DeriveDomain:
    domain = env.domains["derive"]
    assert isinstance(domain, DeriveDomain)
    return domain


def settle_labels(app: Sphinx, env: BuildEnvironment) -> Iterable[str]:
    """A label that several pages have means the first of them, whoever was read when."""
    domain = _domain(env)
    equations: dict[str, tuple[str, int]] = env.domains["math"].data["objects"]
    for label, docnames in domain.owners().items():
        holder = equations.get(label, ("", 0))[0]
        if holder in docnames or not holder:
            equations[label] = (docnames[0], domain.labels[docnames[0]][label][0])
    return ()


def warn_of_clashes(app: Sphinx, env: BuildEnvironment) -> None:
    """One warning a page for the labels that another one has."""
    domain = _domain(env)
    equations: dict[str, tuple[str, int]] = env.domains["math"].data["objects"]
    said: set[str] = set()
    for label, docnames in domain.owners().items():
        holder = equations[label][0]
        for docname in docnames:
            place = domain.labels[docname][label][1]
            if docname == holder or place in said:
                continue
            said.add(place)
            logger.warning(
                "the label of equation %s is that of one in %s; give one of the two a :label: of "
                "its own (on this page it means the one here, on others that of %s)",
                label,
                holder,
                holder,
                location=place,
                type="derive",
                subtype="label",
            )
