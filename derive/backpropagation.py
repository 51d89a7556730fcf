"""The derivation for any m: lemma by lemma, backwards through the definitions.

Every line comes from the one before it by one rule, applied by :class:`Proof`; what is printed is
what was computed. A claim ``∂T/∂s`` is proved in one of two ways:

* if every path from ``T`` to ``s`` ends in a stage that uses ``s`` directly and in no other way,
  by the **chain rule** through those stages: ``∂L_i/∂z_i = ∂L_i/∂a_i · da_i/dz_i``;
* otherwise by putting in the **definition** of ``T`` and differentiating it.

The derivatives that stand in the result are lemmas of their own, proved once and cited.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from derive.dependency import Scope
from derive.derivation import Detail, Lemma, Prose, Step
from derive.errors import InputError, Unsupported
from derive.rules import CALCULUS, CHAIN_RULE, DEFINITION, INDEPENDENCE, RULES
from derive.rules.base import Context, Rule, Tried, apply_everywhere, rewritten
from derive.rules.calculus import is_given
from derive.rules.matching import match
from derive.terms import (
    Add,
    Apply,
    Derivative,
    Family,
    Index,
    IndexLike,
    Ref,
    Term,
    add,
    free_indices,
    fresh_index,
    key,
    map_children,
    same,
    substitute,
    walk,
)

__all__ = ["LEMMA", "SECOND_ORDER", "Prover"]

#: The name of the step that puts in what a lemma has shown.
LEMMA = "lemma"

#: The rules that bring a differentiated term into its shortest form, in the order in which they
#: are tried. What opens the way for a Kronecker delta comes before what closes a form.
_SIMPLIFICATION: tuple[Rule, ...] = tuple(
    RULES[name]
    for name in (
        "equal indices",
        "Kronecker delta",
        "symmetry",
        "range of an index",
        "definition read backwards",
        "turn a difference",
        "multiply numbers",
        "power of a number",
        "add numbers",
        "signs",
        "constant out of the sum",
        "cancel",
        "multiply out under Σ",
        "split the sum",
        "multiply out and cancel",
        "sum of a constant",
        "fact",
        "remove parentheses",
        "gather",
        "multiply out",
        "factor out",
        "collect",
        "cancel in a fraction",
        "take the sign inside",
        "equal factors",
        "order",
    )
)

#: In a finished gradient alone: −y/a + (1 − y)/(1 − a) is how the derivative of a loss by its
#: prediction is known, and what it is multiplied by there may cancel either denominator.
_COMMON_DENOMINATOR = RULES["common denominator"]

#: The rules that bring a second derivative into the form in which it is taught,
#: ``(1/m) Σ_i a_i (1 − a_i) x_ij x_is``. A gradient is in its form without them.
SECOND_ORDER: tuple[Rule, ...] = tuple(
    RULES[name] for name in ("exchange the sums", "constant out of the sum", "data last", "order")
)

#: A proof that takes more steps than this has gone astray: no rule may undo another.
_MOST_STEPS = 400


class Proof:
    """A claim and the steps taken from it so far."""

    def __init__(self, claim: Term, scope: Scope, tried: Tried | None = None) -> None:
        self.claim = claim
        self.scope = scope
        self._tried = Tried() if tried is None else tried
        self.term: Term = claim
        self.steps: list[Step] = []
        self._place = str(claim)

    def take(self, step: Step) -> None:
        """Add a step, which starts where the last one ended."""
        if len(self.steps) >= _MOST_STEPS:
            raise Unsupported(
                f"the derivation of {self.claim} does not come to an end; it stands at {self.term}"
            )
        done = rewritten(step, self._place, self.scope.spare)
        self.steps.append(done)
        self.term = done.after

    def apply(self, rule: Rule) -> bool:
        """Apply the rule wherever it fits; whether it did anywhere."""
        step = apply_everywhere(rule, self.term, self.scope, self._tried)
        if step is None or step.after == self.term:
            return False
        self.take(step)
        return True

    def exhaust(self, rules: Iterable[Rule]) -> None:
        """Apply the first rule that fits, again and again, until none does."""
        rules = tuple(rules)
        while any(self.apply(rule) for rule in rules):
            pass


class Prover:
    """Proves derivatives in one problem, each once; later ones cite earlier ones.

    ``lemmas`` are in the order in which they were proved, so that each rests on earlier ones only.
    The rules ``closing`` are applied to a finished derivative of the cost.
    """

    def __init__(self, scope: Scope, closing: Iterable[Rule] = ()) -> None:
        self.scope = scope
        self.closing = tuple(closing)
        self._tried = Tried()
        self.lemmas: list[Lemma] = []
        self._by_claim: dict[object, Lemma] = {}
        self._underway: list[object] = []

    def gradient(self, by: Ref) -> Lemma:
        """The derivative of the cost by ``by``, proved from the cost's definition.

        Raises:
            InputError: the cost doesn't depend on ``by``.
            Unsupported: the derivative needs something that isn't implemented.
        """
        return self.whole(Derivative(self.scope.problem.cost.head, by))

    def whole(self, claim: Derivative) -> Lemma:
        """The derivative of a definition, such as the cost, by anything that it depends on, proved
        from its definition: what a reader asked for, and not only on the way there.

        Raises the errors of :meth:`gradient`.
        """
        name = key(claim)
        if name not in self._by_claim:
            self._by_claim[name] = self._finish(self._opened(claim), main=True)
        return self._by_claim[name]

    def by_stage(self, by: Ref) -> Lemma:
        """The derivative of the cost by a stage, in terms of the losses of the examples:
        ``∂J/∂z_i = (1/m) ∂L_i/∂z_i``."""
        proof = self._opened(Derivative(self.scope.problem.cost.head, by))
        proof.exhaust(_SIMPLIFICATION)
        return self._entered(proof, main=True)

    def _opened(self, claim: Derivative) -> Proof:
        """A proof about the cost, up to the derivatives of the stages that it is made of."""
        of, by = claim.of, claim.by
        assert isinstance(of, Ref)
        if self.scope.pattern(of.name, by.name) is None:
            raise InputError(f"the cost {of.name} does not depend on {by.name}")
        proof = Proof(claim, self.scope, self._tried)
        # A cost that is any function of whole families has no derivative as a whole: it is taken
        # through the stages between.
        through = self._is_of_families(of) and proof.apply(CHAIN_RULE)
        if not through:
            self._differentiate_definition(proof)
        proof.exhaust(_SIMPLIFICATION[:2])
        self._use_ties(proof)
        quantity = self.scope.problem.quantity(by.name)
        of_examples = self.scope.problem.example_index in quantity.indices
        # The derivatives of the stages by a parameter are taken apart here, in the sight of the
        # reader. Those by what each example has of its own, as ∂L_i/∂x_ij, are lemmas: they are
        # worth a name.
        if not through and not of_examples and proof.apply(CHAIN_RULE):
            self._use_ties(proof)
        return proof

    def _body_of(self, ref: Ref) -> Term | None:
        definition = self.scope.problem.definition(ref.name)
        return None if definition is None else definition.body

    def _is_of_families(self, ref: Ref) -> bool:
        """Whether the quantity is an abstract function of whole families of values."""
        body = self._body_of(ref)
        return (
            isinstance(body, Apply)
            and self.scope.problem.function(body.function) is not None
            and any(isinstance(argument, Family) for argument in body.arguments)
        )

    def substituted(self, claim: Term, known: Lemma) -> tuple[Step, ...]:
        """The steps that put a lemma about the cost into ``claim`` and bring the result into its
        form."""
        proof = Proof(claim, self.scope, self._tried)

        def visit(term: Term) -> Term:
            if isinstance(term, Derivative):
                values = match(known.claim, term, frozenset(free_indices(known.claim)))
                return term if values is None else substitute(known.result, values)
            return map_children(term, visit)

        reason = Prose((known.claim, " = ", known.result))
        proof.take(Step(LEMMA, reason, claim, visit(claim), (), (known.claim,), "normal"))
        proof.exhaust(_SIMPLIFICATION)
        return tuple(proof.steps)

    def lemma(self, of: Ref, by: Ref) -> Lemma:
        """The lemma about ``∂of/∂by`` in general form, proved now if it wasn't yet."""
        claim, _ = self._canonical(Derivative(of, by))
        name = key(claim)
        if name not in self._by_claim:
            if name in self._underway:
                raise Unsupported(f"the derivation of {claim} needs itself")
            self._underway.append(name)
            try:
                self._by_claim[name] = self._prove(claim)
            finally:
                self._underway.pop()
        return self._by_claim[name]

    def _prove(self, claim: Derivative) -> Lemma:
        proof = Proof(claim, self.scope, self._tried)
        if not proof.apply(CHAIN_RULE):
            self._differentiate_definition(proof)
        self._use_ties(proof)
        return self._finish(proof, main=False)

    def _use_ties(self, proof: Proof) -> None:
        """Keep only those stages in the sums that do depend on the variable."""
        while proof.apply(INDEPENDENCE):
            proof.exhaust(_SIMPLIFICATION[:2])

    def _differentiate_definition(self, proof: Proof) -> None:
        if not proof.apply(DEFINITION):
            raise Unsupported(f"{proof.claim} has no definition to be differentiated by")
        proof.exhaust(CALCULUS)
        for part in walk(proof.term):
            if isinstance(part, Derivative) and not isinstance(part.of, Ref):
                raise Unsupported(
                    f"there is no rule for {part}; give the inner expression a name of its own "
                    "with derive.define, or write it with other functions"
                )

    def _finish(self, proof: Proof, main: bool) -> Lemma:
        """Put in what the remaining derivatives are, and bring the result into its form."""
        self._prove_what_is_needed(proof)
        # First what the variable does to the stage that holds it: the line that is left,
        # (1/m) Σ_i ∂L_i/∂z_i x_ij, is the form in which backpropagation computes.
        self._cite(proof, direct_only=True)
        if main:
            proof.exhaust(_SIMPLIFICATION[:2])
        self._cite(proof, direct_only=False)
        proof.exhaust(_SIMPLIFICATION)
        if main:
            proof.exhaust((*_SIMPLIFICATION, _COMMON_DENOMINATOR))
            self._write_out(proof)
            proof.exhaust(self.closing)
        return self._entered(proof, main)

    def _entered(self, proof: Proof, main: bool) -> Lemma:
        """The finished proof as a lemma, with the next number."""
        claim = proof.claim
        assert isinstance(claim, Derivative)
        lemma = Lemma(len(self.lemmas) + 1, claim, proof.term, _with_details(proof, main))
        self.lemmas.append(lemma)
        return lemma

    # Lemmas --------------------------------------------------------------------------------------

    def _prove_what_is_needed(self, proof: Proof) -> None:
        """Prove the lemmas about the derivatives that are left, in the order of reading."""
        for part in walk(proof.term):
            if self._is_open(part, proof):
                assert isinstance(part, Derivative)
                assert isinstance(part.of, Ref)
                self.lemma(part.of, part.by)

    def _is_open(self, term: Term, proof: Proof) -> bool:
        """Whether the term is a derivative that a lemma can say something about."""
        return (
            isinstance(term, Derivative)
            and isinstance(term.of, Ref)
            and not same(term, proof.claim)
            and not is_given(term, Context(self.scope))
        )

    def _cite(self, proof: Proof, direct_only: bool) -> bool:
        """One step that puts in lemmas: those about stages that use the variable directly
        (``∂z_i/∂w_j = x_ij``), or all."""
        cited: dict[int, Lemma] = {}

        def visit(term: Term) -> Term:
            if isinstance(term, Derivative):
                return self._value(term, proof, direct_only, cited)
            return map_children(term, visit)

        before = proof.term
        after = visit(before)
        if not cited:
            return False
        claims = tuple(lemma.claim for lemma in cited.values())
        parts: list[str | Term] = []
        for n, lemma in enumerate(list(cited.values())[:3]):
            parts.extend([", " if n else "", lemma.claim, " = ", lemma.result])
        if len(cited) > 3:
            parts.append(", and so on")
        proof.take(Step(LEMMA, Prose(tuple(parts)), before, after, (), claims, "normal"))
        return True

    def _value(
        self, term: Derivative, proof: Proof, direct_only: bool, cited: dict[int, Lemma]
    ) -> Term:
        if not self._is_open(term, proof):
            return term
        assert isinstance(term.of, Ref)
        direct = isinstance(proof.claim, Derivative) and term.by.name == proof.claim.by.name
        if direct_only and not direct:
            return term
        lemma = self.lemma(term.of, term.by)
        if not direct and self._keeps_its_name(lemma):
            return term
        _, values = self._canonical(term)
        cited[lemma.number] = lemma
        return substitute(lemma.result, values, self.scope.spare)

    def _keeps_its_name(self, lemma: Lemma) -> bool:
        """Whether a derivative is cited by its name: that of an abstract loss, and all that rests
        on it, has no shorter form, and some stages are kept because the author says so. What rests
        on the latter alone is written out: ``∂L_i/∂a_ih = Σ_k ∂L_i/∂z_ik W_kh``. That of each
        example's loss by weights, ``∂L_i/∂w_kj``, is no array of the shape of ``w``: it has no
        name. Nor does that by a stage which is but another name of a quantity."""
        of, by = lemma.claim.of, lemma.claim.by
        kept = self.scope.problem.kept
        if by.name in kept:
            return True
        shaped = set(free_indices(of)) <= set(by.running)
        alias = isinstance(self._body_of(by), Ref)
        return (
            shaped
            and not alias
            and any(
                isinstance(part, Derivative) and part.by.name not in kept
                for part in walk(lemma.result)
            )
        )

    def _canonical(self, term: Derivative) -> tuple[Derivative, dict[Index, IndexLike]]:
        """The claim of which ``term`` is an instance, and what its indices become in ``term``."""
        scope = self.scope
        assert isinstance(term.of, Ref)
        definition = scope.problem.definition(term.of.name)
        pattern = scope.pattern(term.of.name, term.by.name)
        if definition is None or pattern is None:
            raise Unsupported(f"{term}: {term.of} does not depend on {term.by}")
        example = scope.problem.example_index
        head = tuple(
            place if isinstance(place, int) and own != example else own
            for own, place in zip(definition.indices, term.of.indices, strict=True)
        )
        subscript: list[IndexLike] = []
        taken = list(definition.indices)
        quantity = scope.problem.quantity(term.by.name)
        for place, tie, own in zip(term.by.indices, pattern, quantity.indices, strict=True):
            if tie is not None:
                subscript.append(head[tie])
            elif not isinstance(place, int):
                new = fresh_index(own, taken, scope.spare)
                taken.append(new)
                subscript.append(new)
            else:
                subscript.append(place)
        values: dict[Index, IndexLike] = {}
        for mine, other in zip(
            (*head, *subscript), (*term.of.indices, *term.by.indices), strict=True
        ):
            if isinstance(mine, Index) and values.setdefault(mine, other) != other:
                raise Unsupported(f"{term} ties indices that are different")
        return Derivative(Ref(term.of.name, head), Ref(term.by.name, tuple(subscript))), values

    # The form of the result ----------------------------------------------------------------------

    def _write_out(self, proof: Proof) -> None:
        """Put back the bodies of the definitions that the textbook prints in the gradient."""
        taken = free_indices(proof.claim)
        names = self.scope.problem.written_out
        if not names or self.scope.written_out:
            return

        def visit(term: Term) -> Term:
            if isinstance(term, Ref) and term.name in names:
                body = self.scope.body(term, taken)
                return term if body is None else body
            if isinstance(term, Derivative):
                return term
            if isinstance(term, Add):
                # Xw + b − y without parentheses of its own
                return add(*map(visit, term.terms))
            return map_children(term, visit)

        after = visit(proof.term)
        if after != proof.term:
            heads = [
                definition.head
                for definition in self.scope.problem.definitions
                if definition.name in names
            ]
            reason = Prose(("definition of ", *heads))
            proof.take(Step("definition", reason, proof.term, after, (), tuple(heads), "brief"))


def _with_details(proof: Proof, main: bool) -> tuple[Step, ...]:
    """The steps with the detail level at which each line is worth printing.

    In the derivative of the cost, the lines that a lecturer writes on the blackboard are brief
    ones. In the derivative of a definition by what stands in it, everything between the definition
    and the result is for a full print.
    """
    steps = list(proof.steps)
    local = not main and bool(steps) and steps[0].rule == DEFINITION.name
    for n, step in enumerate(steps):
        detail: Detail = step.detail
        followed_by_independence = n + 1 < len(steps) and steps[n + 1].rule == INDEPENDENCE.name
        if (local and n > 0) or (step.rule == CHAIN_RULE.name and followed_by_independence):
            detail = "full"
        elif main and step.rule in (CHAIN_RULE.name, LEMMA, "Kronecker delta"):
            detail = "brief"
        if n == len(steps) - 1:
            detail = "brief"
        steps[n] = replace(step, detail=detail)
    return tuple(steps)
