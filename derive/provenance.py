"""Where each factor of a result came from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from derive.backpropagation import LEMMA
from derive.derivation import Lemma, Meeting, Prose, Provenance, Source
from derive.model import Problem, is_coefficient
from derive.rules import DEFINITION
from derive.terms import (
    Add,
    Derivative,
    Number,
    Origin,
    Power,
    Product,
    Ref,
    Size,
    Sum,
    Term,
    factors_of,
    key,
    walk,
)

__all__ = ["mean_factor", "provenance_of"]


def mean_factor(problem: Problem) -> Origin | None:
    """The origin of the ``1/m`` in the cost, whose way through a derivation is followed, or
    ``None`` where the cost is not a mean."""
    example = problem.example_index
    if example is None or not isinstance(example.size, str):
        return None
    sources = (each for each in problem.definitions if each.derivative is not None)
    for definition in (problem.cost, *sources):
        for part in walk(definition.body):
            if isinstance(part, Power) and part.base == Size(example.size):
                assert isinstance(part.base, Size)
                own = Origin("definition", definition.name, f"1/{example.size}")
                # In a gradient that has got a name, it is still the factor of the cost.
                return next((each for each in part.base.origin if each.place == own.place), own)
    return None


def provenance_of(problem: Problem, main: Lemma, lemmas: Iterable[Lemma]) -> Provenance:
    """Trace each factor of the result of ``main``: numbers, sizes and hyperparameters by the
    origin that they carry; the other factors by the lemma that was cited for them."""
    by_claim = {key(lemma.claim): lemma for lemma in lemmas}
    cited = [
        by_claim[key(premise)]
        for step in main.steps
        if step.rule == LEMMA
        for premise in step.premises
        if key(premise) in by_claim
    ]
    result = _before_writing_out(main)
    front = {key(factor) for factor in factors_of(result)}
    sources = tuple(
        _source(problem, factor, cited, key(factor) in front) for factor in _factors(result)
    )
    involved = [*_needed(cited, by_claim), main]
    meetings = tuple(_meetings(problem, involved))
    return Provenance(main.claim.by.name, sources, meetings)


def _needed(cited: list[Lemma], by_claim: dict[object, Lemma]) -> list[Lemma]:
    """The lemmas on which the cited ones rest, and these, in order of their numbers."""
    found: dict[int, Lemma] = {}

    def visit(lemma: Lemma) -> None:
        if lemma.number in found:
            return
        found[lemma.number] = lemma
        for step in lemma.steps:
            for premise in step.premises:
                inner = by_claim.get(key(premise))
                if inner is not None:
                    visit(inner)

    for lemma in cited:
        visit(lemma)
    return [found[number] for number in sorted(found)]


def _before_writing_out(main: Lemma) -> Term:
    """The result in terms of the named stages, before definitions were put back into it."""
    last = main.steps[-1]
    return last.before if last.rule == DEFINITION.name and len(main.steps) > 1 else main.result


def _factors(term: Term) -> Iterator[Term]:
    """The factors of a result, down through its brackets and its sums, each once."""
    seen: set[object] = set()
    for factor in _all_factors(term, top=True):
        name = (key(factor), factor.origin if isinstance(factor, (Number, Size, Ref)) else ())
        if name not in seen and not (isinstance(factor, Number) and factor.value == -1):
            seen.add(name)
            yield factor


def _all_factors(term: Term, top: bool) -> Iterator[Term]:
    """Brackets in front of the sums are opened (``Σ_i … + λ w_j``); a difference inside a sum,
    such as ``a_i − y_i``, is one factor."""
    for factor in factors_of(term):
        match factor:
            case Sum(body=body):
                yield factor
                yield from _all_factors(body, top=False)
            case Add(terms=parts) if top and any(_holds_sum(part) for part in parts):
                for part in parts:
                    yield from _all_factors(part, top=True)
            case _:
                yield factor


def _holds_sum(term: Term) -> bool:
    return any(isinstance(factor, Sum) for factor in factors_of(term))


def _origins(term: Term) -> tuple[Origin, ...]:
    found: dict[Origin, None] = {}
    for part in walk(term):
        if isinstance(part, (Number, Size, Ref)):
            found.update(dict.fromkeys(part.origin))
    return tuple(found)


def _source(problem: Problem, factor: Term, cited: list[Lemma], in_front: bool) -> Source:
    if isinstance(factor, Sum):
        return _about_sum(problem, factor, cited)
    if is_coefficient(factor, problem):
        return Source(factor, _about_coefficient(problem, factor, in_front))
    for lemma in cited:
        if key(factor) in {key(each) for each in _all_factors(lemma.result, top=False)}:
            sentence = Prose((factor, " is brought by ", lemma.claim, " = ", lemma.result))
            return Source(factor, sentence, lemma.claim)
    if isinstance(factor, Derivative):
        left = " is what the chain rule leaves of the loss; the mean's factor is not inside"
        return Source(factor, Prose((factor, left)))
    return Source(factor, Prose((factor, *_by_origin(factor))))


def _about_sum(problem: Problem, summed: Sum, cited: list[Lemma]) -> Source:
    name = summed.index.name
    if summed.index == problem.example_index:
        sentence = (
            f"the sum over {name} stands in the definition of ",
            problem.cost.head,
            ": every example adds its share, and the sum is differentiated term by term",
        )
        return Source(summed, Prose(sentence))
    for lemma in cited:
        if any(isinstance(part, Sum) and part.index == summed.index for part in walk(lemma.result)):
            return Source(summed, Prose((f"the sum over {name} comes with ", lemma.claim)))
    return Source(summed, Prose((f"the sum over {name} was brought by the chain rule",)))


def _about_coefficient(problem: Problem, factor: Term, in_front: bool) -> Prose:
    names = [origin for origin in _origins(factor) if origin.kind == "definition"]
    rules = [origin for origin in _origins(factor) if origin.kind == "rule"]
    if names and not rules:
        heads = list(dict.fromkeys(origin.name for origin in names))
        definitions = [d.head for d in problem.definitions if d.name in heads]
        parts: list[str | Term] = [factor, " stands in the definition of "]
        for n, head in enumerate(definitions):
            parts.extend([" and of " if n else "", head])
        where = "in front of the gradient once" if in_front else "in its own term alone"
        parts.append(
            f": a constant factor passes through every derivative unchanged, so it stands {where}"
        )
        return Prose(tuple(parts))
    return Prose((factor, *_by_origin(factor)))


def _by_origin(factor: Term) -> Iterator[str | Term]:
    parts: list[str] = []
    for origin in _origins(factor):
        if origin.kind == "definition":
            parts.append(f"is what differentiation leaves of the definition of {origin.name}")
        else:
            parts.append(f"was brought by the {origin.name}, in {origin.place}")
    yield " " + " and ".join(dict.fromkeys(parts))


def _meetings(problem: Problem, lemmas: Iterable[Lemma]) -> Iterator[Meeting]:
    """Where numbers of different origin were multiplied together."""
    seen: set[str] = set()
    for lemma in lemmas:
        for step in lemma.steps:
            if step.rule != "multiply numbers":
                continue
            for part in walk(step.before):
                numbers = [
                    factor
                    for factor in factors_of(part)
                    if isinstance(factor, Number) and factor.value != -1
                ]
                if not isinstance(part, Product) or len(numbers) < 2:
                    continue
                sentence = _about_meeting(numbers, step.reason)
                if str(sentence) not in seen:
                    seen.add(str(sentence))
                    yield Meeting(lemma.claim, sentence)


def _about_meeting(numbers: list[Number], reason: Prose) -> Prose:
    parts: list[str | Term] = []
    for n, number in enumerate(numbers):
        origin = number.origin[0] if number.origin else None
        if origin is None:
            source = "an unknown place"
        elif origin.kind == "definition":
            source = f"the definition of {origin.name}"
        else:
            source = f"the {origin.name}"
        parts.extend([" meets the " if n else "the ", number, f" of {source}"])
    return Prose((*parts, ": ", *reason.parts))
