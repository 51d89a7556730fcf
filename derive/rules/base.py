"""What a rule is, and how it is applied to a term."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from operator import is_
from typing import TypeAlias

from derive.dependency import Scope
from derive.derivation import Detail, Prose, Step
from derive.terms import (
    Derivative,
    Family,
    Index,
    Origin,
    Sum,
    Term,
    bound_indices,
    children,
    free_indices,
    fresh_index,
    map_children,
    stamp,
    substitute,
)

__all__ = ["Context", "Rewrite", "Rule", "apply_everywhere", "relettered", "rewritten"]


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What a rule makes of a term: the new term, why, and what that rests on."""

    after: Term
    reason: Prose
    premises: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule may look at besides the term itself: the problem, and the indices that are in
    use where the term stands."""

    scope: Scope
    indices: tuple[Index, ...] = ()


#: One rewriting of one term at its top; ``None`` where the rule doesn't apply.
Application: TypeAlias = Callable[[Term, Context], Rewrite | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """A named law.

    Attributes:
        name: what a step is called by.
        law: the law itself, in LaTeX.
        meaning: the law in a sentence.
        detail: the least detail level at which a line made by it is worth printing.
        apply: the rewriting.
        kinds: the kinds of term that it can apply to; others need not be tried.
    """

    name: str
    law: str
    meaning: str
    detail: Detail
    apply: Application
    kinds: tuple[type[Term], ...]


def apply_everywhere(rule: Rule, term: Term, scope: Scope) -> Step | None:
    """One step that applies ``rule`` at every outermost place in ``term`` where it fits, or
    ``None`` where there is no such place.

    Leaves that the rule makes get the rule as their origin.
    """
    places: list[tuple[int, ...]] = []
    rewrites: list[Rewrite] = []

    def visit(node: Term, path: tuple[int, ...], bound: tuple[Index, ...]) -> Term:
        if isinstance(node, rule.kinds):
            rewrite = rule.apply(node, Context(scope, bound))
            if rewrite is not None:
                places.append(path)
                rewrites.append(rewrite)
                return rewrite.after
        if isinstance(node, (Sum, Family)):
            bound = (*bound, node.index)
        if isinstance(node, Derivative):
            # What is differentiated by is a name, not a place for a rule.
            of = visit(node.of, (*path, 0), bound)
            return node if of is node.of else Derivative(of, node.by)
        old = children(node)
        if not old:
            return node
        new = [visit(child, (*path, n), bound) for n, child in enumerate(old)]
        if all(map(is_, old, new)):
            return node
        parts = iter(new)
        return map_children(node, lambda child: next(parts))

    after = visit(term, (), free_indices(term))
    if not rewrites:
        return None
    premises = tuple(dict.fromkeys(each for rewrite in rewrites for each in rewrite.premises))
    return Step(rule.name, rewrites[0].reason, term, after, tuple(places), premises, rule.detail)


def rewritten(step: Step, place: str, spare: tuple[Index, ...] = ()) -> Step:
    """The step with its rule as the origin of the leaves it brought, and with readable letters
    for its sums; ``place`` is the claim in whose proof it was applied."""
    after = relettered(step.after, free_indices(step.after), spare)
    return replace(step, after=stamp(after, Origin("rule", step.rule, place)))


def relettered(term: Term, taken: tuple[Index, ...], spare: tuple[Index, ...] = ()) -> Term:
    """``term`` with sums over another letter, where theirs is that of an index outside or has a
    prime that isn't needed (any more).

    >>> from derive.terms import Ref
    >>> p = Index("i'", "m")
    >>> print(relettered(Sum(p, Ref("a", (p,))), ()))
    Σᵢ₌₁ᵐ a_i
    """
    match term:
        case Sum(index=bound, body=body) | Family(index=bound, body=body):
            used = [*taken, *(each for each in free_indices(body) if each != bound)]
            clash = any(each.name == bound.name for each in used)
            if clash or bound.name.endswith("'"):
                plain = Index(bound.name.rstrip("'"), bound.size)
                new = fresh_index(plain, [*used, *bound_indices(body)], spare)
                if clash or not new.name.endswith("'"):
                    body, bound = substitute(body, {bound: new}, spare), new
            body = relettered(body, (*taken, bound), spare)
            return Sum(bound, body) if isinstance(term, Sum) else Family(bound, body)
        case _:
            return map_children(term, lambda child: relettered(child, taken, spare))
