"""The checks of a derivation. None of them shares code with what it checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from derive.beside import Beside, check_small_cases
from derive.checks.matrix import check_matrix
from derive.checks.points import Points
from derive.checks.steps import check_chain, check_lemmas, check_step, require
from derive.checks.symmetry import check_symmetry
from derive.derivation import Check, Lemma, Meanings, Prose, SmallCase, Step
from derive.matrix import MatrixForm
from derive.model import Definition, Problem
from derive.terms import Derivative, Ref, Term

__all__ = ["Points", "check_all", "check_proofs", "require"]


def check_proofs(
    problem: Problem, lemmas: Iterable[Lemma], *, seed: int = 0, drawn: Points | None = None
) -> tuple[Check, ...]:
    """The checks of the derivation for all sizes: each step, and that none is left out.

    Args:
        problem: what is differentiated.
        lemmas: the derivation for all sizes.
        seed: for all random values.
        drawn: the points of the problem and the seed, if other checks use them too.
    """
    lemmas = tuple(lemmas)
    return (
        *check_lemmas(lemmas, problem, seed=seed, drawn=drawn),
        *(check_chain(lemma) for lemma in lemmas),
    )


def check_all(
    problem: Problem,
    *,
    lemmas: Iterable[Lemma],
    small: Iterable[SmallCase],
    meanings: Iterable[Meanings],
    forms: Iterable[MatrixForm],
    results: Mapping[str, Term],
    source: str,
    seed: int = 0,
    beside: Beside | None = None,
    proofs: Iterable[Check] | None = None,
    drawn: Points | None = None,
) -> tuple[Check, ...]:
    """Every check there is of one derivation, in reading order.

    Args:
        problem: what is differentiated.
        lemmas: the derivation for all sizes.
        small: the written-out cases.
        meanings: the proofs that both meanings of ``dZ`` give the same gradient.
        forms: every matrix form that is printed.
        results: the gradient in index form by the names of the parameters.
        source: the exported NumPy module.
        seed: for all random values.
        beside: the process that was given the comparison with SymPy; here, if left out.
        proofs: the checks of the lemmas, if they have been made.
        drawn: the points at which they were made.
    """
    from derive.checks.code import check_module

    lemmas, small, meanings = tuple(lemmas), tuple(small), tuple(meanings)
    drawn = drawn or Points(problem, seed)
    found: list[Check] = list(
        check_proofs(problem, lemmas, seed=seed, drawn=drawn) if proofs is None else proofs
    )
    for case in small:
        found.extend(check_lemmas(case.lemmas, problem, dict(case.sizes), seed, drawn))
        found.extend(check_chain(lemma) for lemma in case.lemmas)
        found.append(_check_small(case))
    cost = problem.cost.name
    found.extend(_check_named(each, lemmas) for each in problem.definitions if each.derivative)
    found.extend(_check_result(term, name, lemmas, cost) for name, term in results.items())
    first = problem.cost.derivative
    is_square = first is not None and first.by.running == problem.cost.indices
    # One number is no matrix: it would be compared with itself.
    if first is not None and is_square and problem.cost.indices and first.by.name in results:
        found.append(check_symmetry(results[first.by.name], problem, drawn))
    for meaning in meanings:
        equality = Lemma(0, meaning.of_cost.claim, meaning.of_cost.result, meaning.equality)
        found.extend(check_lemmas([meaning.of_cost, equality], problem, None, seed, drawn))
        found.append(check_chain(meaning.of_cost))
        found.append(_check_meaning(problem, meaning, drawn))
    # Where a term has no matrix form the page says so and prints the index form, which has been
    # checked above.
    found.extend(
        check_matrix(form, form.term, problem, None, seed, drawn)
        for form in forms
        if form.expression is not None
    )
    code = check_module(source, problem, tuple(results), seed)
    if beside is None:
        found.extend(check_small_cases(problem, results, seed))
    else:
        found.extend(beside.finish())
    found.append(code)
    return tuple(found)


def _check_meaning(problem: Problem, meaning: Meanings, drawn: Points) -> Check:
    """Whether the gradient that one meaning of ``dZ`` gives is the whole gradient."""
    gradient = Derivative(meaning.of_cost.claim.of, problem.quantity(meaning.wrt).ref)
    step = Step(
        "two meanings",
        Prose(("the gradient with ", meaning.per_example)),
        gradient,
        meaning.with_factor,
    )
    check = check_step(step, problem, None, drawn.seed, gradient, drawn)
    return replace(check, kind="chain", about=f"both meanings of {meaning.per_example}")


def _check_small(case: SmallCase) -> Check:
    """Whether the explicit and the folded form are those that the proof ends with."""
    main = case.lemmas[-1]
    lines = [main.claim, *(step.after for step in main.steps)]
    wrong = [form for form in (case.explicit, case.folded) if form not in lines]
    if case.folded != main.result:
        wrong.append(case.folded)
    return Check(
        kind="chain",
        about=str(main.claim),
        method="the explicit and the folded form are lines of the proof",
        status="failed" if wrong else "passed",
        residual=None if wrong else 0.0,
        message=f"{wrong[0]} is not what the proof of {main.claim} says" if wrong else "",
        samples=2,
    )


def _check_named(definition: Definition, lemmas: Iterable[Lemma]) -> Check:
    """Whether a definition that names a derivative is what the proof of that derivative says."""
    claim = definition.derivative
    right = any(lemma.claim == claim and lemma.result == definition.body for lemma in lemmas)
    return Check(
        kind="chain",
        about=f"{definition.head} as the name of {claim}",
        method="the definition is the result of its proof",
        status="passed" if right else "failed",
        residual=0.0 if right else None,
        message=""
        if right
        else f"{definition.head} is given as {definition.body}, which isn't proved to be {claim}",
        samples=1,
    )


def _check_result(result: Term, name: str, lemmas: Iterable[Lemma], cost: str) -> Check:
    """Whether the result is what the lemma about the cost says."""
    proved = [
        lemma.result
        for lemma in lemmas
        if isinstance(lemma.claim.of, Ref)
        and (lemma.claim.of.name, lemma.claim.by.name) == (cost, name)
    ]
    right = result in proved
    return Check(
        kind="chain",
        about=f"the gradient by {name}",
        method="the result is that of its proof",
        status="passed" if right else "failed",
        residual=0.0 if right else None,
        message="" if right else f"the gradient by {name} is given as {result}, which isn't proved",
        samples=1,
    )
