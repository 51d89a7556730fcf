"""Lay a derivation out as a document. The sections are those in which one would teach it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from derive.derivation import Check, Detail, Lemma, Meanings, SmallCase
from derive.document.lines import lemma_lines, step_lines
from derive.document.model import (
    Block,
    Bullets,
    Document,
    Equations,
    Formula,
    Inline,
    Line,
    Paragraph,
    Reference,
    Relation,
    Section,
    ShapeOf,
    Stack,
    Strong,
    Table,
    Tracked,
)
from derive.gradients import Derivation, MatrixLine
from derive.matrix import MatrixForm, vectorise
from derive.model import Problem, Quantity
from derive.provenance import mean_factor
from derive.terms import Derivative, Number, Ref, Size, Term, key, reciprocal

__all__ = ["LayoutChoice", "build", "why"]

#: Which of the two layouts the matrix section shows.
LayoutChoice: TypeAlias = Literal["rows", "columns", "both"]


@dataclass
class _Labels:
    """The labels of lemmas by claim; a lemma that was printed is cited, not printed again."""

    by_claim: dict[object, str] = field(default_factory=dict)
    results: dict[object, Term] = field(default_factory=dict)

    def note(self, lemma: Lemma, label: str) -> None:
        self.by_claim[key(lemma.claim)] = label
        self.results[key(lemma.claim)] = lemma.result

    def knows(self, lemma: Lemma) -> bool:
        return self.results.get(key(lemma.claim)) == lemma.result


def build(
    derivation: Derivation,
    *,
    detail: Detail = "normal",
    layout: LayoutChoice = "both",
) -> Document:
    """The document of a derivation.

    Args:
        derivation: what is laid out.
        detail: ``"brief"``, ``"normal"`` or ``"full"``.
        layout: which layouts the matrix section shows.

    >>> from derive.gradients import gradient
    >>> document = build(gradient("linear_regression", wrt="w", check="none"))
    >>> [section.key for section in document.sections][:4]
    ['cost', 'small', 'any', 'matrices']
    """
    labels = _Labels()
    sections = [
        _cost(derivation),
        *_small(derivation, detail, labels),
        _any_size(derivation, detail, labels),
        _matrices(derivation, layout),
        _origin(derivation),
        *_scaling(derivation),
        *_checks(derivation),
    ]
    return Document(
        derivation.problem.title,
        derivation.problem,
        mean_factor(derivation.problem),
        tuple(_opening(derivation)),
        tuple(sections),
    )


def why(derivation: Derivation) -> Document:
    """The one section about where each factor comes from, as a document of its own."""
    return Document(
        derivation.problem.title,
        derivation.problem,
        mean_factor(derivation.problem),
        tuple(_opening(derivation)),
        (_origin(derivation),),
    )


# The result --------------------------------------------------------------------------------------


def _opening(derivation: Derivation) -> Iterator[Block]:
    problem = derivation.problem
    if problem.summary:
        yield Paragraph((problem.summary,))
    yield Paragraph((Strong("Result."), " For every ", *_size_words(problem), ","))
    yield Equations(tuple(Line(result.claim, result.term) for result in derivation.results))


def _size_words(problem: Problem) -> Iterator[Inline]:
    names = problem.size_names
    example = problem.example_index.size if problem.example_index else None
    for number, name in enumerate(names):
        if number:
            yield " and " if number == len(names) - 1 else ", "
        if name == example:
            yield "number "
            yield Size(name)
            yield " of examples"
        else:
            yield Size(name)


# 1 The cost --------------------------------------------------------------------------------------


def _cost(derivation: Derivation) -> Section:
    problem = derivation.problem
    lines = tuple(
        Line(
            definition.head,
            definition.body,
            words(definition.meaning, problem),
            f"definition:{definition.name}",
        )
        for definition in problem.definitions
    )
    blocks: list[Block] = [Equations(lines), _symbols(problem, derivation.wrt)]
    assumed = tuple(_assumptions(problem))
    if assumed:
        blocks.append(Paragraph(("Assumed:",)))
        blocks.append(Bullets(assumed))
    return Section("cost", ("The cost",), tuple(blocks))


def _symbols(problem: Problem, wrt: tuple[str, ...]) -> Table:
    rows: list[tuple[tuple[Inline, ...], ...]] = []
    order = ("data", "parameter", "hyperparameter")
    for quantity in sorted(problem.inputs, key=lambda each: order.index(each.role)):
        rows.append(
            (
                (quantity.ref,),
                (ShapeOf(quantity.shape),),
                (quantity.role,),
                words(_meaning(quantity), problem),
            )
        )
    for function in problem.functions:
        rows.append(
            (
                (Ref(function.name),),
                (f"{function.arity} argument" + ("s" if function.arity > 1 else ""),),
                ("function",),
                (function.meaning or "any smooth function",),
            )
        )
    return Table(("symbol", "shape", "role", "meaning"), tuple(rows), "llll")


_WORD = re.compile(r"([^\W_]+)")


def words(sentence: str, problem: Problem) -> tuple[Inline, ...]:
    """An author's words with the names of indices and sizes in them as mathematics: the ``i`` of
    "label of example i"."""
    indices = {index.name: index for index in problem.indices}
    parts: list[Inline] = []
    for part in _WORD.split(sentence):
        formula: Inline = part
        if part in indices:
            formula = indices[part]
        elif part in problem.size_names:
            formula = Size(part)
        if part:
            parts.append(formula)
    return tuple(parts)


def _meaning(quantity: Quantity) -> str:
    domain = {
        "real": "",
        "positive": "positive",
        "unit interval": "between 0 and 1",
        "binary": "0 or 1",
        "probabilities": "",
    }[quantity.domain]
    parts = [part for part in (quantity.meaning, domain) if part]
    if len(parts) == 2 and domain in quantity.meaning:
        parts.pop()
    return ", ".join(parts)


def _assumptions(problem: Problem) -> Iterator[tuple[Inline, ...]]:
    for fact in problem.facts:
        yield (Relation(fact.left, "=", fact.right), f", since {fact.reason}")


# 2 The small case --------------------------------------------------------------------------------


def _small(derivation: Derivation, detail: Detail, labels: _Labels) -> Iterator[Section]:
    if not derivation.small:
        return
    sizes = tuple(_sizes(derivation.sizes))
    title: tuple[Inline, ...] = ("The small case, written out: ", *sizes)
    blocks: list[Block] = []
    cases = derivation.small[:1] if detail == "brief" else derivation.small
    for number, case in enumerate(cases):
        blocks.extend(_small_case(derivation, case, number, detail, labels))
    yield Section("small", title, tuple(blocks))


def _sizes(sizes: Iterable[tuple[str, int]]) -> Iterator[Inline]:
    for number, (name, value) in enumerate(sizes):
        if number:
            yield ", "
        yield Relation(Size(name), "=", _number(value))


def _number(value: int) -> Number:
    from fractions import Fraction

    return Number(Fraction(value))


def _small_case(
    derivation: Derivation, case: SmallCase, number: int, detail: Detail, labels: _Labels
) -> Iterator[Block]:
    *locals_, main = case.lemmas
    new = [lemma for lemma in locals_ if not labels.knows(lemma)]
    for lemma in new:
        labels.note(lemma, f"small:{case.wrt.name}:{lemma.number}")
    opening: list[Inline]
    if number == 0:
        opening = ["The component ", case.wrt, " stands for all."] if case.wrt.indices else []
        example = derivation.problem.example_index
        if new and example is not None:
            opening.append(" " if opening else "")
            opening.extend(
                ["First the local derivatives, the same for every example ", example, "."]
            )
    else:
        opening = ["In the same way, by ", case.wrt, ":"]
    if opening:
        yield Paragraph(tuple(opening))
    if new:
        yield _together(new, detail, labels)
    if number == 0 and new:
        yield Paragraph(("Now the cost, term by term:",))
    label = f"small:{case.wrt.name}:gradient"
    yield Equations(lemma_lines(main, detail, labels.by_claim, label))


def _together(lemmas: Iterable[Lemma], detail: Detail, labels: _Labels) -> Equations:
    """The lemmas in one block, so that their signs of equality are aligned."""
    return Equations(
        tuple(
            line
            for lemma in lemmas
            for line in lemma_lines(
                lemma, detail, labels.by_claim, labels.by_claim[key(lemma.claim)]
            )
        )
    )


# 3 Any size --------------------------------------------------------------------------------------


def _any_size(derivation: Derivation, detail: Detail, labels: _Labels) -> Section:
    problem = derivation.problem
    mains = {key(result.claim) for result in derivation.results}
    blocks: list[Block] = []
    cited: list[str] = []
    for lemma in derivation.lemmas:
        if labels.knows(lemma):
            cited.append(labels.by_claim[key(lemma.claim)])
    example = problem.example_index
    size: Formula | None = (
        Size(example.size) if example is not None and isinstance(example.size, str) else None
    )
    if cited:
        words: list[Inline] = []
        for number, label in enumerate(cited):
            if number:
                words.append(" and " if number == len(cited) - 1 else ", ")
            words.append(Reference(label))
        words.append(
            " hold for every example, and so for any number of them." if size else " hold."
        )
        blocks.append(Paragraph(tuple(words)))
    pending: list[Lemma] = []
    for lemma in derivation.lemmas:
        if labels.knows(lemma):
            continue
        labels.note(lemma, f"lemma:{lemma.number}")
        pending.append(lemma)
        if key(lemma.claim) in mains:
            blocks.append(Paragraph(("By ", lemma.claim.by, ":")))
            blocks.append(_together(pending, detail, labels))
            pending = []
    title: tuple[Inline, ...] = ("Any ", size) if size is not None else ("Any size",)
    return Section("any", title, tuple(blocks))


# 4 As matrices -----------------------------------------------------------------------------------


def _matrices(derivation: Derivation, layout: LayoutChoice) -> Section:
    blocks: list[Block] = []
    chosen: tuple[Literal["rows", "columns"], ...] = (
        ("rows", "columns") if layout == "both" else (layout,)
    )
    for one in chosen:
        blocks.extend(_one_layout(derivation, one))
    return Section("matrices", ("As matrices",), tuple(blocks))


def _one_layout(derivation: Derivation, layout: Literal["rows", "columns"]) -> Iterator[Block]:
    problem = derivation.problem
    yield Paragraph(
        (
            Strong("Examples are rows." if layout == "rows" else "Examples are columns."),
            *_data_shapes(derivation, layout),
        )
    )
    rows: list[tuple[tuple[Inline, ...], ...]] = []
    previous: Term | None = None
    for line in derivation.matrix:
        form = line.rows if layout == "rows" else line.columns
        left: tuple[Inline, ...] = ()
        if line.left != previous:
            left = (_left(problem, line, layout),)
        previous = line.left
        rows.append((left, tuple(_form(form)), tuple(_shapes(form))))
    yield Table(("", "formula", "shapes"), tuple(rows), "lll")


def _data_shapes(derivation: Derivation, layout: Literal["rows", "columns"]) -> Iterator[Inline]:
    """What is stored how: ``X is m × n``."""
    problem = derivation.problem
    seen = False
    for quantity in problem.inputs:
        if quantity.role != "data" or len(quantity.indices) > 2:
            continue
        form = vectorise(quantity.ref, problem, layout, quantity.indices)
        if form.expression is None:
            continue
        yield ", " if seen else " "
        yield form.expression
        yield " is "
        yield ShapeOf(form.shape)
        seen = True
    if seen:
        yield "; "
        yield "𝟏 is a vector of ones, ⊙ multiplies element by element."


def _left(problem: Problem, line: MatrixLine, layout: Literal["rows", "columns"]) -> Formula:
    if line.kind == "gradient":
        return Stack(line.left)
    target = line.rows.target
    form = vectorise(line.left, problem, layout, target)
    return form.expression if form.expression is not None else line.left


def _form(form: MatrixForm) -> Iterator[Inline]:
    if form.expression is not None:
        yield form.expression
        return
    yield form.term
    if form.einsum:
        yield f" (einsum {form.einsum})"


def _shapes(form: MatrixForm) -> Iterator[Inline]:
    if form.expression is None:
        yield form.reason
        return
    for number, stored in enumerate(form.arrays):
        if number:
            yield ", "
        yield stored.array
        yield " "
        yield ShapeOf(stored.shape)
    yield " → " if form.arrays else ""
    yield ShapeOf(form.shape)


# 5 Where the factor comes from --------------------------------------------------------------------


def _origin(derivation: Derivation) -> Section:
    problem = derivation.problem
    factor = mean_factor(problem)
    blocks: list[Block] = []
    said: set[str] = set()
    for provenance in derivation.provenance:
        result = next(r for r in derivation.results if r.wrt == provenance.wrt)
        sentences = [
            sentence
            for sentence in (
                *(source.sentence for source in provenance.sources),
                *(meeting.sentence for meeting in provenance.meetings),
            )
            if str(sentence) not in said
        ]
        said.update(map(str, sentences))
        if not sentences:
            blocks.append(Paragraph(("The factors of ", result.claim, " are among these.")))
            continue
        blocks.append(Paragraph(("The factors of ", result.claim, ":")))
        blocks.append(Bullets(tuple(sentence.parts for sentence in sentences)))
    if derivation.meanings:
        blocks.extend(_meanings(problem, derivation.meanings[0]))
    title: tuple[Inline, ...] = ("Where each factor comes from",)
    if factor is not None:
        example = problem.example_index
        assert example is not None and isinstance(example.size, str)
        title = ("Where the ", Tracked(reciprocal(Size(example.size))), " comes from")
    return Section("origin", title, tuple(blocks))


def _meanings(problem: Problem, meanings: Meanings) -> Iterator[Block]:
    stack = _stack(problem, meanings.per_example)
    cost = meanings.of_cost.claim
    gradient = Derivative(cost.of, problem.quantity(meanings.wrt).ref)
    example = problem.example_index
    assert example is not None
    yield Paragraph(
        (
            Strong("Two meanings of "),
            stack,
            Strong("."),
            " Texts mean one of two things by it, and both give the same gradient:",
        )
    )
    yield Table(
        ("stack of derivatives of", "one entry", f"holds 1/{example.size}", "the gradient"),
        (
            (
                ("each example’s loss",),
                (meanings.per_example,),
                ("no",),
                (Relation(gradient, "=", meanings.with_factor),),
            ),
            (
                ("the cost",),
                (Relation(cost, "=", meanings.of_cost.result),),
                ("yes",),
                (Relation(gradient, "=", meanings.without_factor),),
            ),
        ),
        "llll",
    )
    yield Paragraph(("They are equal:",))
    yield Equations(tuple(step_lines(meanings.without_factor, meanings.equality, "full", {})))
    if meanings.slip is not None:
        yield from _slip(meanings)


def _stack(problem: Problem, derivative: Derivative) -> Formula:
    form = vectorise(derivative, problem, "columns", derivative.by.running)
    return form.expression if form.expression is not None else derivative


def _slip(meanings: Meanings) -> Iterator[Block]:
    slip = meanings.slip
    assert slip is not None
    yield Paragraph(
        (
            Strong("A common slip."),
            " In ",
            slip.wrong,
            " the sum is closed too early: what is multiplied changes with the example and must "
            "stay inside. A counterexample",
            f" ({slip.assumption})" if slip.assumption else "",
            ": ",
            *_values(slip.values),
            ". The gradient is ",
            Number(slip.right),
            ", but the slip gives ",
            *_choices(slip.slipped),
            ".",
        )
    )


def _values(values: Iterable[tuple[Term, object]]) -> Iterator[Inline]:
    from fractions import Fraction

    for number, (what, value) in enumerate(values):
        assert isinstance(value, Fraction)
        if number:
            yield ", "
        yield Relation(what, "=", Number(value))


def _choices(values: tuple[object, ...]) -> Iterator[Inline]:
    from fractions import Fraction

    distinct = list(dict.fromkeys(values))
    for number, value in enumerate(distinct):
        assert isinstance(value, Fraction)
        if number:
            yield " or "
        yield Number(value)
    yield ", whichever example is taken outside"


# 6 Why one divides by m --------------------------------------------------------------------------


def _scaling(derivation: Derivation) -> Iterator[Section]:
    scaling = derivation.scaling()
    if scaling is None:
        return
    example = derivation.problem.example_index
    assert example is not None and isinstance(example.size, str)
    size = Size(example.size)
    rows = tuple(
        (
            (_number(row.count),),
            (f"{row.gradient_norm_sum:.2g}",),
            (f"{row.gradient_norm_mean:.2g}",),
            (f"{row.largest_step_sum:.2g}" if row.largest_step_sum else "none",),
            (f"{row.largest_step_mean:.2g}" if row.largest_step_mean else "none",),
        )
        for row in scaling.rows
    )
    yield Section(
        "scaling",
        ("Why one divides by ", size, " at all"),
        (
            Paragraph(
                (
                    "Without the division the gradient grows with the number of examples, and the "
                    "largest step at which gradient descent is stable shrinks with it; with the "
                    "division both stay as they are. ",
                    scaling.method,
                )
            ),
            Table(
                (
                    example.size,
                    "gradient, sum",
                    "gradient, mean",
                    "largest step, sum",
                    "largest step, mean",
                ),
                rows,
                "rrrrr",
            ),
        ),
    )


# 7 Checks ----------------------------------------------------------------------------------------


def _checks(derivation: Derivation) -> Iterator[Section]:
    if not derivation.checks:
        return
    groups: dict[str, list[Check]] = {}
    for check in derivation.checks:
        groups.setdefault(check.kind, []).append(check)
    rows = tuple(_check_row(kind, checks) for kind, checks in groups.items())
    table = Table(("what", "how", "outcome", "residual", "tolerance", "seed"), rows, "llllll")
    yield Section("checks", ("Checked",), (table,))


_KINDS = {
    "step": "each step",
    "chain": "no step is left out",
    "small case": "the small case",
    "matrix": "the matrix forms",
    "code": "the exported code",
}

_METHODS = {
    "step": "both sides at random points",
    "chain": "each step starts where the last one ended",
    "small case": "SymPy’s own derivative of the unrolled cost",
    "matrix": "as printed, against the index form",
    "code": "against finite differences of the cost",
}


def _check_row(kind: str, checks: list[Check]) -> tuple[tuple[Inline, ...], ...]:
    failed = [check for check in checks if check.status == "failed"]
    not_run = [check for check in checks if check.status == "could not run"]
    count = len(checks)
    if failed:
        outcome = f"{len(failed)} of {count} failed"
    elif not_run:
        outcome = f"{len(not_run)} of {count} could not run"
    else:
        outcome = "passed" if count == 1 else f"all {count} passed"
    residuals = [check.residual for check in checks if check.residual is not None]
    tolerances = [check.tolerance for check in checks if check.tolerance is not None]
    seeds = sorted({check.seed for check in checks if check.seed is not None})
    return (
        (_KINDS.get(kind, kind),),
        (_METHODS.get(kind, checks[0].method),),
        (outcome,),
        (_bound(max(residuals)) if residuals else "",),
        (f"{max(tolerances):.0e}" if tolerances else "exact",),
        (", ".join(map(str, seeds)),),
    )


def _bound(residual: float) -> str:
    return "0" if residual == 0 else f"{residual:.0e}"
