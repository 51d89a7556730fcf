"""What has to be known about a whole project: its rules and the labels of its equations.

Equations are those of Sphinx's own domain of mathematics, so that ``:eq:`` finds them. This domain
keeps who asked for which label, because pages may be read by several processes at once: only when
all are read can be said which labels clash.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from docutils import nodes
from sphinx import addnodes
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

    from derive.sphinx.ahead import Ahead

__all__ = [
    "DeriveDomain",
    "clashes",
    "domain_of",
    "settle_labels",
    "unknown_equations",
    "warn_of_clashes",
    "warn_of_unknown_equations",
]

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
        "references": {},  # docname -> [(label of an equation, file and line)]
        "failed": set(),  # the pages that had a warning of ours when they were read
    }
    data_version = 2
    #: What other processes make while pages are read; it is kept with no page.
    ahead: Ahead | None = None
    #: What formulas are written as while pages are read, if not only afterwards.
    media: tuple[str, ...] = ()
    #: Whether the build is one that takes messages for translators from pages as they are read.
    extracts: bool = False
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

    @property
    def references(self) -> dict[str, list[tuple[str, str]]]:
        """The equations that each page refers to, each with the place where it does."""
        references: dict[str, list[tuple[str, str]]] = self.data.setdefault("references", {})
        return references

    @property
    def failed(self) -> set[str]:
        """The pages that had a warning of ours when they were read."""
        failed: set[str] = self.data.setdefault("failed", set())
        return failed

    def process_doc(self, env: BuildEnvironment, docname: str, document: nodes.document) -> None:
        """Note which equations a page refers to."""
        found = [
            (str(node["reftarget"]), logging.get_node_location(node) or docname)
            for node in document.findall(addnodes.pending_xref)
            if (node.get("refdomain"), node.get("reftype")) == ("math", "eq")
        ]
        if found:
            self.references[docname] = found

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
        self.references.pop(docname, None)
        self.failed.discard(docname)
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
        for docname, references in otherdata["references"].items():
            if docname in docnames:
                self.references[docname] = references
        self.failed.update(docname for docname in otherdata["failed"] if docname in docnames)

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


def domain_of(env: BuildEnvironment) -> DeriveDomain:
    """This domain of a project."""
    domain = env.domains["derive"]
    assert isinstance(domain, DeriveDomain)
    return domain


def settle_labels(app: Sphinx, env: BuildEnvironment) -> Iterable[str]:
    """A label that several pages have means the first of them, whoever was read when."""
    domain = domain_of(env)
    equations: dict[str, tuple[str, int]] = env.domains["math"].data["objects"]
    for label, docnames in domain.owners().items():
        holder = equations.get(label, ("", 0))[0]
        if holder in docnames or not holder:
            equations[label] = (docnames[0], domain.labels[docnames[0]][label][0])
    return ()


def clashes(env: BuildEnvironment) -> Iterator[tuple[str, str, str, str]]:
    """The labels that another page has: page, label, the other page, and the place; of each place
    the first alone."""
    domain = domain_of(env)
    equations: dict[str, tuple[str, int]] = env.domains["math"].data["objects"]
    said: set[str] = set()
    for label, docnames in domain.owners().items():
        holder = equations.get(label, (docnames[0], 0))[0]
        for docname in docnames:
            place = domain.labels[docname][label][1]
            if docname == holder or place in said:
                continue
            said.add(place)
            yield docname, label, holder, place


def warn_of_clashes(app: Sphinx, env: BuildEnvironment) -> None:
    """One warning a page for the labels that another one has."""
    for _, label, holder, place in clashes(env):
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


def unknown_equations(env: BuildEnvironment) -> Iterator[tuple[str, str, str, list[str]]]:
    """References to an equation that a derivation would have by its label, and hasn't: page, label,
    place, and the labels that the derivation has."""
    domain = domain_of(env)
    equations: dict[str, tuple[str, int]] = env.domains["math"].data["objects"]
    derivations: dict[tuple[str, str], list[str]] = {}
    for docname, labels in sorted(domain.labels.items()):
        for label, (_, place) in labels.items():
            derivations.setdefault((docname, place), []).append(label)
    for docname, references in sorted(domain.references.items()):
        for target, place in references:
            if target in equations:
                continue
            most, nearest = 0, []
            for labels_of_one in derivations.values():
                common = max(_common(target, label) for label in labels_of_one)
                if common > most:
                    most, nearest = common, labels_of_one
            if nearest:
                yield docname, target, place, nearest


def _common(one: str, other: str) -> int:
    """How many parts at their start two labels have in common.

    >>> _common("fit:lemma:9", "fit:small:w:1"), _common("fit:lemma:9", "fitted:lemma:9")
    (1, 0)
    """
    found = 0
    for left, right in zip(one.split(":"), other.split(":"), strict=False):
        if left != right:
            break
        found += 1
    return found


def warn_of_unknown_equations(app: Sphinx, env: BuildEnvironment) -> None:
    """Say which labels a derivation has where a reference has the beginning of one of them."""
    for _, target, place, labels in unknown_equations(env):
        logger.warning(
            "there is no equation %s; there are %s",
            target,
            ", ".join(labels),
            location=place,
            type="derive",
            subtype="label",
        )
