"""The rules, by name. A rule is a law, a reason and one rewriting; see :mod:`derive.rules.base`."""

from __future__ import annotations

from collections.abc import Iterable

from derive.errors import DeriveError
from derive.rules.algebra import ALGEBRA
from derive.rules.base import Context, Rewrite, Rule, apply_everywhere
from derive.rules.calculus import CALCULUS, CHAIN_RULE, DEFINITION, INDEPENDENCE
from derive.rules.folding import FOLD
from derive.rules.sums import SUMS

__all__ = [
    "ALGEBRA",
    "CALCULUS",
    "CHAIN_RULE",
    "DEFINITION",
    "FOLD",
    "INDEPENDENCE",
    "RULES",
    "SUMS",
    "Context",
    "Rewrite",
    "Rule",
    "apply_everywhere",
    "by_name",
]


def by_name(rules: Iterable[Rule]) -> dict[str, Rule]:
    """The rules by their names.

    Raises:
        DeriveError: two rules have the same name, so that a step could mean either.
    """
    found: dict[str, Rule] = {}
    for rule in rules:
        if found.setdefault(rule.name, rule) is not rule:
            raise DeriveError(f"there are two rules called {rule.name!r}")
    return found


#: Every rule that a step may name, apart from those that cite a lemma.
RULES: dict[str, Rule] = by_name(
    (DEFINITION, CHAIN_RULE, INDEPENDENCE, *CALCULUS, *SUMS, *ALGEBRA, FOLD)
)
