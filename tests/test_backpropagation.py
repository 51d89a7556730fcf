"""The derivation for any m: the order of the lemmas, the ways through the stages, determinism."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache

import pytest

import derive
from derive.backpropagation import LEMMA, Proof, Prover
from derive.catalogue import NAMES, load
from derive.dependency import Scope
from derive.derivation import Lemma, Prose
from derive.errors import InputError, Unsupported
from derive.rules import RULES
from derive.rules.base import Context, Rewrite, Rule, relettered
from derive.terms import (
    Derivative,
    Index,
    Ref,
    Sum,
    Term,
    bound_indices,
    contains,
    free_indices,
    key,
    multiply,
    negate,
    walk,
)

i, p = Index("i", "m"), Index("p", "m")


@cache
def proved(name: str) -> tuple[Lemma, ...]:
    problem = load(name)
    prover = Prover(Scope(problem))
    for quantity in problem.parameters:
        prover.gradient(quantity.ref)
    return tuple(prover.lemmas)


@pytest.mark.parametrize("name", NAMES)
def test_each_lemma_rests_on_earlier_ones(name: str) -> None:
    known: set[object] = set()
    for number, lemma in enumerate(proved(name), start=1):
        assert lemma.number == number
        for step in lemma.steps:
            if step.rule == LEMMA:
                assert step.premises
                assert {key(premise) for premise in step.premises} <= known
        assert key(lemma.claim) not in known, f"{lemma.claim} is proved twice"
        known.add(key(lemma.claim))


@pytest.mark.parametrize("name", NAMES)
def test_the_steps_lead_from_the_claim_to_the_result(name: str) -> None:
    for lemma in proved(name):
        assert lemma.steps[0].before == lemma.claim
        assert lemma.steps[-1].after == lemma.result
        for one, other in zip(lemma.steps, lemma.steps[1:], strict=False):
            assert one.after == other.before
        for step in lemma.steps:
            assert step.rule in (*RULES, LEMMA)
            assert step.after != step.before
            assert str(step.reason)
            assert free_indices(step.after) == () or set(free_indices(step.after)) <= set(
                free_indices(lemma.claim)
            )


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_is_named_where_it_was_applied(name: str) -> None:
    """A step's places are where in ``before`` its rule fits."""
    scope = Scope(load(name))
    for lemma in proved(name):
        for step in lemma.steps:
            for path in step.places:
                part, bound = at(step.before, path)
                free = free_indices(step.before)
                context = Context(scope, (*free, *bound), len(free))
                assert RULES[step.rule].apply(part, context) is not None


def at(term: Term, path: tuple[int, ...]) -> tuple[Term, tuple[Index, ...]]:
    from derive.terms import children

    bound: list[Index] = []
    for number in path:
        if isinstance(term, Sum):
            bound.append(term.index)
        term = children(term)[number]
    return term, tuple(bound)


@pytest.mark.parametrize("name", NAMES)
def test_no_letter_means_two_things_on_one_line(name: str) -> None:
    for lemma in proved(name):
        for step in lemma.steps:
            assert_readable(step.after, free_indices(step.after))


def assert_readable(term: Term, outside: tuple[Index, ...]) -> None:
    from derive.terms import children

    if isinstance(term, Sum):
        assert term.index.name not in {index.name for index in outside}
        outside = (*outside, term.index)
    for child in children(term):
        assert_readable(child, outside)


def test_sums_get_a_readable_letter_back() -> None:
    prime = Index("i'", "m")
    inner = Sum(prime, Ref("a", (prime,)))
    assert relettered(inner, ()) == Sum(i, Ref("a", (i,)))
    assert relettered(inner, (i,)) == inner
    assert relettered(inner, (i,), (i, p)) == Sum(p, Ref("a", (p,)))
    shadowed = multiply(Ref("y", (i,)), Sum(i, Ref("a", (i,))))
    assert relettered(shadowed, (i,), (i, p)) == multiply(Ref("y", (i,)), Sum(p, Ref("a", (p,))))
    nested = Sum(prime, Sum(i, Ref("x", (prime, i))))
    assert key(relettered(nested, ())) == key(nested)
    assert len({index.name for index in bound_indices(relettered(nested, ()))}) == 2


# Ways through the stages -------------------------------------------------------------------------


def result_of(cost: derive.language.Expression, wrt: str | None = None) -> str:
    return str(derive.gradient(cost, wrt, check="none").result)


def test_a_stage_used_directly_and_through_another_one_is_counted_once_each() -> None:
    w = derive.parameters("w")
    s = derive.define("s", derive.tanh(w))
    t = derive.define("t", w * s)
    assert result_of(t * 3) == "3[s + w (1 − s²)]"


def test_a_diamond_is_summed_over_both_ways() -> None:
    i = derive.indices("i:m")
    x, w = derive.data("x[i]"), derive.parameters("w")
    z = derive.define("z[i]", w * x[i])
    a, b = derive.define("a[i]", derive.sin(z[i])), derive.define("b[i]", derive.exp(z[i]))
    c = derive.define("c[i]", a[i] * b[i])
    found = derive.gradient(derive.mean(c[i], over=i))
    assert found.passed
    lemma = next(each for each in found.lemmas if str(each.claim) == "∂c_i/∂z_i")
    assert lemma.steps[0].rule == "chain rule"
    assert str(lemma.steps[0].reason) == "c_i depends on z_i through a_i and b_i"


def test_every_component_of_a_softmax_depends_on_every_logit() -> None:
    steps = [s for lemma in proved("softmax_regression") for s in lemma.steps]
    chain = [s for s in steps if s.rule == "chain rule" and str(s.before) == "∂L_i/∂z_ik"]
    assert (
        "Σₗ₌₁ᴷ ∂L_i/∂p_il · ∂p_il/∂z_ik" in str(chain[0].after)
        or chain == []
        or contains(chain[0].after, Sum)
    )


def test_an_abstract_loss_keeps_its_name() -> None:
    for lemma in proved("mean_loss"):
        if str(lemma.claim) == "∂L_i/∂z_i":
            assert str(lemma.result) == "∂L_i/∂a_i · g′(z_i)"
    assert any(isinstance(part, Derivative) for part in walk(proved("mean_loss")[-1].result))


def test_backpropagation_shares_what_was_proved() -> None:
    """All four gradients of the network rest on one lemma about the output's error."""
    claims = [str(lemma.claim) for lemma in proved("mlp")]
    assert claims.count("∂L_i/∂z⁽²⁾_i") == 1
    assert [claim for claim in claims if claim.startswith("∂J")] == [
        "∂J/∂W⁽¹⁾_hj",
        "∂J/∂b⁽¹⁾_h",
        "∂J/∂w⁽²⁾_h",
        "∂J/∂b⁽²⁾",
    ]


def test_definitions_are_put_back_where_the_textbook_prints_them() -> None:
    last = next(each for each in proved("ridge_regression") if str(each.claim) == "∂J/∂w_j")
    assert last.steps[-1].rule == "definition"
    assert "ŷ" not in str(last.result)
    assert "ŷ" in str(last.steps[-1].before)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_printed_in_brief_ends_with_the_result(name: str) -> None:
    for lemma in proved(name):
        assert lemma.steps[-1].detail == "brief"
        assert {step.detail for step in lemma.steps} <= {"brief", "normal", "full"}


# What can't be derived ---------------------------------------------------------------------------


def test_a_quantity_that_the_cost_does_not_depend_on() -> None:
    problem = load("logistic_regression")
    with pytest.raises(InputError, match="the cost J does not depend on J"):
        Prover(Scope(problem)).gradient(Ref("J"))


def test_a_proof_that_does_not_end_is_given_up_with_its_line() -> None:
    def flip(term: Term, context: Context) -> Rewrite | None:
        return Rewrite(negate(term), Prose(("again",))) if isinstance(term, Ref) else None

    rule = Rule("flip", "f = -f", "Wrong.", "full", flip, (Ref,))
    proof = Proof(Ref("w", (Index("j", "n"),)), Scope(load("logistic_regression")))
    with pytest.raises(Unsupported, match=r"does not come to an end; it stands at"):
        proof.exhaust([rule])


# Sizes and seeds ---------------------------------------------------------------------------------


def test_the_general_derivation_does_not_know_the_sizes() -> None:
    one = derive.gradient("softmax_regression", check="none", m=1, n=1, K=1)
    other = derive.gradient("softmax_regression", check="none", m=4, n=3, K=2)
    assert one.lemmas == other.lemmas
    assert one.results == other.results


def test_the_same_in_every_process() -> None:
    program = (
        "import derive\n"
        "d = derive.gradient('mlp', check='none')\n"
        "print([[(s.rule, str(s.reason), s.after) for s in l.steps] for l in d.lemmas])\n"
        "print([(c.explicit, c.folded) for c in d.small], d.provenance, d.meanings)\n"
    )
    printed = []
    for seed in ("0", "1"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", program]
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        printed.append(run.stdout)
    assert printed[0] == printed[1]
