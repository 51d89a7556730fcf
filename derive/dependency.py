"""Which quantity depends on which, and through which indices.

The loss ``L_i`` depends on ``z_p`` for ``p = i`` alone: the index of ``z`` is *tied* to that of
``L``. The probability ``p_ik`` of a softmax depends on ``z_il`` for every ``l``: that index
*ranges*. Ties are what makes ``∂L_i/∂z_i`` the derivative worth naming.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from typing import TypeAlias

from derive.errors import InputError
from derive.model import Definition, Problem
from derive.symmetry import symmetric_names
from derive.terms import (
    Add,
    Derivative,
    Index,
    IndexLike,
    Number,
    Origin,
    Power,
    Ref,
    Shift,
    Size,
    Sum,
    Term,
    add,
    bounds,
    children,
    fresh_index,
    is_negative,
    map_children,
    place_indices,
    references,
    separate,
    stamp,
    substitute,
)

__all__ = ["Pattern", "Scope", "unrolled"]

#: For each index of a quantity: the position of the index it is tied to, or ``None`` if it ranges.
Pattern: TypeAlias = tuple[int | None, ...]


class Scope:
    """A problem together with what depends on what in it.

    ``sizes`` are the numbers put for the symbols in a written-out case, ``None`` in the general
    one; ``written_out`` says which of the two it is.
    """

    def __init__(self, problem: Problem, sizes: dict[str, int] | None = None) -> None:
        self.problem = problem
        self.sizes = dict(sizes or {})
        self.written_out = sizes is not None
        self._patterns: dict[tuple[str, str], Pattern | None] = {}

    @cached_property
    def spare(self) -> tuple[Index, ...]:
        """Letters that may be used for new indices, in order of declaration."""
        return self.problem.indices

    @cached_property
    def symmetric(self) -> frozenset[str]:
        """The names of the quantities that are symmetric matrices."""
        return symmetric_names(self.problem)

    def body(self, ref: Ref, avoid: tuple[Index, ...] = ()) -> Term | None:
        """The right side of the definition of ``ref`` at its indices, or ``None``.

        Bound indices are renamed away from ``avoid``; leaves without an origin get the
        definition as theirs.
        """
        definition = self.problem.definition(ref.name)
        if definition is None:
            return None
        values: dict[Index, IndexLike] = dict(zip(definition.indices, ref.indices, strict=True))
        body = stamped_body(definition)
        own = tuple(index for place in ref.indices for index in place_indices(place))
        return separate(substitute(body, values, self.spare), (*own, *avoid), self.spare)

    def pattern(self, name: str, by: str) -> Pattern | None:
        """How the indices of ``by`` are tied to those of the definition ``name``, or ``None`` if
        ``name`` doesn't depend on ``by``; what is held constant depends on nothing."""
        if (name, by) not in self._patterns:
            self._patterns[name, by] = self._find_pattern(name, by)
        return self._patterns[name, by]

    def claim(self, by: str) -> Derivative:
        """The derivative of the cost by one quantity, which a derivation proves: ``∂J/∂w_j``.

        Where the cost has indices itself, those of ``by`` are other letters: ``∂g_j/∂w_s``. The
        index of the examples is the same in both where each example depends on itself alone:
        ``∂p_ik/∂z_il``.

        Raises:
            InputError: the cost doesn't depend on ``by``.
        """
        cost, quantity = self.problem.cost, self.problem.quantity(by)
        subscript: list[IndexLike] = []
        taken = list(cost.indices)
        for tie, own in zip(self.ties(by), quantity.indices, strict=True):
            if tie is not None:
                subscript.append(cost.indices[tie])
                continue
            new = fresh_index(own, taken, self.spare)
            taken.append(new)
            subscript.append(new)
        return Derivative(cost.head, Ref(by, tuple(subscript)))

    def ties(self, by: str) -> Pattern:
        """For each index of ``by``: the place of the cost's index that is the same example, or
        ``None``.

        Raises:
            InputError: the cost doesn't depend on ``by``.
        """
        cost = self.problem.cost
        pattern = self.pattern(cost.name, by)
        if pattern is None:
            raise InputError(f"the cost {cost.name} does not depend on {by}")
        example = self.problem.example_index
        return tuple(
            None if place is None or cost.indices[place] != example else place for place in pattern
        )

    def _find_pattern(self, name: str, by: str) -> Pattern | None:
        definition = self.problem.definition(name)
        if definition is None or definition.constant:
            return None
        found: Pattern | None = None
        for ref in references(definition.body):
            for pattern in self._patterns_through(definition, ref, by):
                found = pattern if found is None else _merge(found, pattern)
        return found

    def _patterns_through(self, definition: Definition, ref: Ref, by: str) -> Iterator[Pattern]:
        position = {index: place for place, index in enumerate(definition.indices)}
        tied = tuple(
            position.get(place) if isinstance(place, Index) else None for place in ref.indices
        )
        if ref.name == by:
            yield tied
        inner = self.pattern(ref.name, by)
        if inner is not None:
            yield tuple(None if place is None else tied[place] for place in inner)

    def depends(self, term: Term, by: Ref) -> bool:
        """Whether ``term`` may change when ``by`` does."""
        return any(self._ref_depends(ref, by) for ref in references(term))

    def _ref_depends(self, ref: Ref, by: Ref) -> bool:
        if ref.name == by.name:
            return not any(
                differ(mine, other) for mine, other in zip(ref.indices, by.indices, strict=True)
            )
        pattern = self.pattern(ref.name, by.name)
        if pattern is None:
            return False
        return not any(
            place is not None and differ(ref.indices[place], other)
            for place, other in zip(pattern, by.indices, strict=True)
        )

    def is_named_by(self, name: str, stage: str) -> bool:
        """Whether every index of ``name`` is tied to one of ``stage``: ``L_i`` to ``z_iv``."""
        definition, pattern = self.problem.definition(name), self.pattern(name, stage)
        if definition is None or pattern is None:
            return False
        return set(range(len(definition.indices))) <= set(pattern)

    def depends_beside(self, name: str, by: str, stage: str) -> bool:
        """Whether ``name`` depends on ``by`` on a path that does not lead through ``stage``."""
        definition = self.problem.definition(name)
        if name == stage or definition is None or self.pattern(name, by) is None:
            return False
        return any(
            ref.name == by or self.depends_beside(ref.name, by, stage)
            for ref in references(definition.body)
        )

    def users(self, name: str, by: str) -> tuple[str, ...]:
        """The definitions that use ``by`` directly and through which ``name`` depends on it;
        ``name`` itself if it is one of them. In order of definition."""
        return tuple(
            definition.name
            for definition in self.problem.definitions
            if self.uses_directly(definition.name, by)
            and (definition.name == name or self.pattern(name, definition.name) is not None)
        )

    def uses_directly(self, name: str, by: str) -> bool:
        """Whether ``by`` stands in the body of the definition ``name``, if it isn't constant."""
        definition = self.problem.definition(name)
        if definition is None or definition.constant:
            return False
        return any(ref.name == by for ref in references(definition.body))

    def uses_indirectly(self, name: str, by: str) -> bool:
        """Whether ``name`` depends on ``by`` through another definition."""
        definition = self.problem.definition(name)
        if definition is None or definition.constant:
            return False
        return any(self.pattern(ref.name, by) is not None for ref in references(definition.body))


def stamped_body(definition: Definition) -> Term:
    """The body with the definition as the origin of its leaves; what a number or a size stands
    for on the page (``1/m``, ``1/2``) is its place there."""

    def visit(term: Term) -> Term:
        match term:
            case Power(base=Size(name=name) as base, exponent=exponent) if is_negative(exponent):
                origin = Origin("definition", definition.name, f"1/{name}")
                return Power(stamp(base, origin), stamp(exponent, origin))
            case Size(name=name):
                return stamp(term, Origin("definition", definition.name, name))
            case Number():
                return stamp(term, Origin("definition", definition.name, str(term)))
            case _:
                return map_children(term, visit) if children(term) else term

    return stamp(visit(definition.body), Origin("definition", definition.name))


def differ(left: IndexLike, right: IndexLike) -> bool:
    """Whether two places in a subscript are certainly different: two numbers, or a shift that
    doesn't reach the other, as ``t + 1`` doesn't reach 1."""
    if isinstance(left, int) and isinstance(right, int):
        return left != right
    if not isinstance(left, Shift) and not isinstance(right, Shift):
        return False
    least, greatest = bounds(left - right, {})
    return (least is not None and least > 0) or (greatest is not None and greatest < 0)


def _merge(left: Pattern, right: Pattern) -> Pattern:
    return tuple(a if a == b else None for a, b in zip(left, right, strict=True))


def unrolled(problem: Problem, sizes: dict[str, int]) -> Scope:
    """The problem with every sum written out at the given sizes: ``z_i = w_1 x_i1 + w_2 x_i2 + b``.

    The indices of the definitions' heads stay, so one definition still serves every example.
    """
    definitions = tuple(
        replace(definition, body=write_out(stamped_body(definition), sizes))
        for definition in problem.definitions
    )
    facts = tuple(
        replace(fact, left=write_out(fact.left, sizes), right=write_out(fact.right, sizes))
        for fact in problem.facts
    )
    return Scope(replace(problem, definitions=definitions, facts=facts), sizes)


def write_out(term: Term, sizes: dict[str, int]) -> Term:
    """``term`` with its sums written out and its sizes put as numbers."""
    match term:
        case Sum(index=index, body=body):
            extent = index.size if isinstance(index.size, int) else sizes[index.size]
            parts = [write_out(substitute(body, {index: n}), sizes) for n in range(1, extent + 1)]
            # (f_1 + g_1) + (f_2 + g_2) keeps its parentheses: what belongs together stays so.
            apart = extent > 1 and all(isinstance(part, Add) for part in parts)
            return Add(tuple(parts)) if apart else add(*parts)
        case Size(name=name, origin=origin):
            return Number(Fraction(sizes[name]), origin)
        case Add(terms=parts):
            return add(*(write_out(part, sizes) for part in parts))
        case _:
            return map_children(term, lambda child: write_out(child, sizes))
