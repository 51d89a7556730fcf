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
    contains,
    free_indices,
    fresh_index,
    kinds,
    map_children,
    stamp,
    substitute,
)

__all__ = ["Context", "Rewrite", "Rule", "Tried", "apply_everywhere", "relettered", "rewritten"]


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What a rule makes of a term: the new term, why, and what that rests on."""

    after: Term
    reason: Prose
    premises: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule may look at besides the term itself: the problem, and the indices that are in
    use where the term stands, of which the first ``free`` ones are bound by no sum."""

    scope: Scope
    indices: tuple[Index, ...] = ()
    free: int = 0


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
        of_values: it is a law about values, such as ``S_ab = S_ba``, which must not be used inside
            a derivative, where the one is varied without the other.
    """

    name: str
    law: str
    meaning: str
    detail: Detail
    apply: Application
    kinds: tuple[type[Term], ...]
    of_values: bool = False


class Tried:
    """Where rules have been tried in vain: most of a term is the same after a step as before it.

    What a rule makes of a term depends on the term, on the scope and on the indices that are in
    use where it stands. So this may be shared among the terms of one scope, and not further.
    """

    def __init__(self) -> None:
        # By identity, which is cheap; with the term itself, since an identity is given anew once
        # its owner is gone.
        self._terms: dict[str, dict[tuple[int, int], Term]] = {}
        self._numbers: dict[tuple[int, tuple[Index, ...]], int] = {}

    def terms(self, rule: Rule) -> dict[tuple[int, int], Term]:
        """The terms in which the rule fits nowhere, by their identity and by the number of the
        indices that are in use where they stand."""
        return self._terms.setdefault(rule.name, {})

    def number(self, indices: tuple[Index, ...], free: int) -> int:
        """A number that stands for these indices, of which the first ``free`` ones are free."""
        return self._numbers.setdefault((free, indices), len(self._numbers))


def apply_everywhere(
    rule: Rule, term: Term, scope: Scope, tried: Tried | None = None
) -> Step | None:
    """One step that applies ``rule`` at every outermost place in ``term`` where it fits, or
    ``None`` where there is no such place.

    Args:
        rule: the rule.
        term: where it is tried.
        scope: the problem.
        tried: where it was tried before, in the same scope.
    """
    tried = Tried() if tried is None else tried
    places: list[tuple[int, ...]] = []
    rewrites: list[Rewrite] = []

    in_vain = tried.terms(rule)
    wanted = None if Term in rule.kinds else rule.kinds

    def visit(node: Term, path: tuple[int, ...], bound: tuple[Index, ...], number: int) -> Term:
        if wanted is not None and kinds(node).isdisjoint(wanted):
            return node
        at = (id(node), number)
        if at in in_vain:
            return node
        if wanted is None or type(node) in wanted:
            rewrite = rule.apply(node, Context(scope, bound, len(free)))
            if rewrite is not None:
                places.append(path)
                rewrites.append(rewrite)
                return rewrite.after
        if isinstance(node, Derivative) and rule.of_values:
            return node
        if isinstance(node, Derivative):
            # What is differentiated by is a name, not a place for a rule.
            of = visit(node.of, (*path, 0), bound, number)
            new: Term = node if of is node.of else Derivative(of, node.by)
        else:
            if isinstance(node, (Sum, Family)):
                bound = (*bound, node.index)
                number = tried.number(bound, len(free))
            old = children(node)
            parts = [visit(child, (*path, n), bound, number) for n, child in enumerate(old)]
            if all(map(is_, old, parts)):
                new = node
            else:
                rest = iter(parts)
                new = map_children(node, lambda child: next(rest))
        if new is node:
            in_vain[at] = node
        return new

    free = free_indices(term)
    after = visit(term, (), free, tried.number(free, len(free)))
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
    if not contains(term, (Sum, Family)):
        return term
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
