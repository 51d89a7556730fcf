"""The checks of a derivation. None of them shares code with what it checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from derive.beside import Beside, check_small_cases
from derive.checks.matrix import check_matrix
from derive.checks.steps import check_chain, check_lemmas, require
from derive.derivation import Check, Lemma, Meanings, SmallCase
from derive.matrix import MatrixForm
from derive.model import Problem
from derive.terms import Term

__all__ = ["check_all", "check_proofs", "require"]


def check_proofs(problem: Problem, lemmas: Iterable[Lemma], *, seed: int = 0) -> tuple[Check, ...]:
    """The checks of the derivation for all sizes: each step, and that none is left out."""
    lemmas = tuple(lemmas)
    return (
        *check_lemmas(lemmas, problem, seed=seed),
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
    """
    from derive.checks.code import check_module

    lemmas, small, meanings = tuple(lemmas), tuple(small), tuple(meanings)
    found: list[Check] = list(
        check_proofs(problem, lemmas, seed=seed) if proofs is None else proofs
    )
    for case in small:
        found.extend(check_lemmas(case.lemmas, problem, dict(case.sizes), seed))
        found.extend(check_chain(lemma) for lemma in case.lemmas)
    for meaning in meanings:
        equality = Lemma(0, meaning.of_cost.claim, meaning.of_cost.result, meaning.equality)
        found.extend(check_lemmas([meaning.of_cost, equality], problem, seed=seed))
        found.append(check_chain(meaning.of_cost))
    # Where a term has no matrix form the page says so and prints the index form, which has been
    # checked above.
    found.extend(
        check_matrix(form, form.term, problem, seed=seed)
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
