"""Lay a derivation out as a document. The sections are those in which one would teach it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor, log10
from typing import Literal, TypeAlias, get_args

from derive.dependency import stamped_body
from derive.derivation import (
    Check,
    Detail,
    Lemma,
    Meanings,
    Prose,
    Provenance,
    Slip,
    SmallCase,
    Source,
)
from derive.document.lines import lemma_lines, step_lines
from derive.document.model import (
    Block,
    Bullets,
    Document,
    Equations,
    Formula,
    FunctionSign,
    Inline,
    Line,
    Paragraph,
    Reference,
    Relation,
    Section,
    ShapeOf,
    Short,
    Stack,
    Strong,
    Table,
    Tracked,
    View,
    Views,
)
from derive.errors import InputError
from derive.functions import FUNCTIONS, kinks
from derive.gradients import Derivation, MatrixLine, Result
from derive.matrix import MatrixForm, vectorise
from derive.matrix.expression import (
    Diagonal,
    Hadamard,
    HadamardPower,
    HadamardQuotient,
    Matrix,
    Ones,
    Trace,
    walk_matrix,
)
from derive.model import Definition, Problem, Quantity
from derive.provenance import mean_factor
from derive.terms import (
    ZERO,
    Add,
    Apply,
    Delta,
    Derivative,
    Number,
    Ref,
    Shift,
    Size,
    Term,
    Within,
    add,
    is_negative,
    key,
    multiply,
    negate,
    power,
    reciprocal,
    references,
    walk,
)

__all__ = ["PARTS", "LayoutChoice", "build", "checks_section", "why"]

#: Which of the two layouts the matrix section shows.
LayoutChoice: TypeAlias = Literal["rows", "columns", "both"]

#: The parts of a document, in order: the result at its head, and the sections.
PARTS = ("result", "cost", "small", "any", "matrices", "origin", "scaling", "checks")


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
    parts: Iterable[str] = PARTS,
) -> Document:
    """The document of a derivation.

    Args:
        derivation: what is laid out.
        detail: ``"brief"``, ``"normal"`` or ``"full"``.
        layout: which layouts the matrix section shows.
        parts: which of :data:`PARTS` it has, as names or in one text with commas or spaces between
            them; they stand in the order of that list. A section that the problem has no matter
            for (``scaling`` of a cost that is no mean) is left out.

    Raises:
        InputError: ``parts`` is empty or names a part that there isn't, or ``detail`` or
            ``layout`` is none of theirs.

    >>> from derive.gradients import gradient
    >>> document = build(gradient("linear_regression", wrt="w", check="none"))
    >>> [section.key for section in document.sections][:4]
    ['cost', 'small', 'any', 'matrices']
    """
    chosen = _chosen(parts)
    for what, value, values in (
        ("detail", detail, get_args(Detail)),
        ("layout", layout, get_args(LayoutChoice)),
    ):
        if value not in values:
            raise InputError(f"{what}={value!r} is none of {', '.join(values)}")
    labels = _Labels()
    sections: dict[str, Callable[[], Iterable[Section]]] = {
        "cost": lambda: (_cost(derivation),),
        "small": lambda: _small(derivation, detail, labels),
        "any": lambda: (_any_size(derivation, detail, labels),),
        "matrices": lambda: (_matrices(derivation, layout),),
        "origin": lambda: (_origin(derivation, labels),),
        "scaling": lambda: _scaling(derivation),
        "checks": lambda: _checks(derivation),
    }
    return Document(
        derivation.problem.title,
        derivation.problem,
        mean_factor(derivation.problem),
        tuple(_opening(derivation)) if "result" in chosen else (),
        tuple(section for part, make in sections.items() if part in chosen for section in make()),
    )


def _chosen(parts: Iterable[str]) -> tuple[str, ...]:
    chosen = tuple(parts.replace(",", " ").split() if isinstance(parts, str) else parts)
    if not chosen:
        raise InputError(f"no part is chosen; there are {', '.join(PARTS)}")
    for part in chosen:
        if part not in PARTS:
            raise InputError(f"{part!r} is no part of a document; there are {', '.join(PARTS)}")
    return chosen


def why(derivation: Derivation) -> Document:
    """The one section about where each factor comes from, as a document of its own."""
    return Document(
        derivation.problem.title,
        derivation.problem,
        mean_factor(derivation.problem),
        tuple(_opening(derivation)),
        (_origin(derivation, _Labels()),),
    )


# The result --------------------------------------------------------------------------------------


def _opening(derivation: Derivation) -> Iterator[Block]:
    problem = derivation.problem
    if problem.summary:
        yield Paragraph((problem.summary,))
    sizes = tuple(_size_words(problem))
    yield Paragraph((Strong("Result."), *((" For every ", *sizes, ",") if sizes else ())))
    yield Equations(
        tuple(line for result in derivation.results for line in _result(problem, result))
    )


def _result(problem: Problem, result: Result) -> Iterator[Line]:
    """The result; a second derivative of the cost is also shown as that."""
    first = problem.cost.derivative
    if first is not None:
        yield Line(Derivative(first, result.claim.by), result.claim)
    yield Line(result.claim, result.term)


def _size_words(problem: Problem) -> Iterator[Inline]:
    names = problem.size_names
    example = problem.example_index.size if problem.example_index else None
    others = [name for name in names if name != example]
    if isinstance(example, str):
        yield "number "
        yield Size(example)
        yield " of examples"
        yield " and every " if others else ""
    for number, name in enumerate(others):
        if number:
            yield " and " if number == len(others) - 1 else ", "
        yield Size(name)


# 1 The cost --------------------------------------------------------------------------------------


def _cost(derivation: Derivation) -> Section:
    problem = derivation.problem
    lines = tuple(
        Line(
            definition.head,
            stamped_body(definition),
            _said_of(definition, problem),
            f"definition:{definition.name}",
        )
        for definition in problem.definitions
    )
    blocks: list[Block] = [
        Paragraph(("The quantities, in the order in which they are computed:",)),
        Equations(lines),
        _symbols(problem),
    ]
    assumed = tuple(_assumptions(problem))
    if assumed:
        blocks.append(Paragraph(("Assumed:",)))
        blocks.append(Bullets(assumed))
    own = problem.cost.indices and problem.cost.derivative is None
    title: tuple[Inline, ...] = ("The stage ", problem.cost.head) if own else ("The cost",)
    return Section("cost", title, tuple(blocks))


def _said_of(definition: Definition, problem: Problem) -> tuple[Inline, ...]:
    """What a definition means, and that it is held constant."""
    said = words(definition.meaning, problem)
    if definition.derivative is not None:
        return (*said, ": " if said else "", "the derivative ", definition.derivative)
    if not definition.constant:
        return said
    return (*said, "; held constant") if said else ("held constant",)


def _symbols(problem: Problem) -> Table:
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
                (FunctionSign(function.name),),
                (f"{function.arity} argument" + ("s" if function.arity > 1 else ""),),
                ("function",),
                words(function.meaning or "any smooth function", problem),
            )
        )
    return Table(_head("symbol", "shape", "role", "meaning"), tuple(rows), "llll")


def _head(*names: str) -> tuple[tuple[Inline, ...], ...]:
    return tuple((name,) if name else () for name in names)


_WORD = re.compile(r"([^\W_]+)")


#: Words of the language that may also be names: they stay words.
_ENGLISH = frozenset({"a", "A", "I"})


def words(sentence: str, problem: Problem, *, names: bool = False) -> tuple[Inline, ...]:
    """An author's words with the names of indices and sizes in them as mathematics: the ``i`` of
    "label of example i". With ``names``, those of parameters and functions as well."""
    symbols: dict[str, Inline] = {}
    if names:
        symbols |= {each.name: FunctionSign(each.name) for each in problem.functions}
        symbols |= {each.name: Stack(each.ref) for each in problem.parameters}
    symbols |= {name: Size(name) for name in problem.size_names}
    symbols |= {index.name: index for index in problem.indices}
    parts = _WORD.split(sentence)
    return tuple(
        # "the mean's": the s behind an apostrophe is no index.
        part if part in _ENGLISH or before.endswith(("'", "’")) else symbols.get(part, part)
        for before, part in zip(("", *parts), parts, strict=False)
        if part
    )


def _listed(items: Iterable[tuple[Inline, ...]]) -> tuple[Inline, ...]:
    """``a, b and c``."""
    every = list(items)
    parts: list[Inline] = []
    for number, item in enumerate(every):
        if number:
            parts.append(" and " if number == len(every) - 1 else ", ")
        parts.extend(item)
    return tuple(parts)


def _meaning(quantity: Quantity) -> str:
    domain = {
        "real": "",
        "positive": "positive",
        "unit interval": "between 0 and 1",
        "binary": "0 or 1",
        "probabilities": "",
        "symmetric": "a symmetric matrix",
        "positive definite": "a symmetric positive definite matrix",
    }[quantity.domain]
    parts = [part for part in (quantity.meaning, domain) if part]
    if len(parts) == 2 and domain in quantity.meaning:
        parts.pop()
    return ", ".join(parts)


def _assumptions(problem: Problem) -> Iterator[tuple[Inline, ...]]:
    for fact in problem.facts:
        yield (Relation(fact.left, "=", fact.right), f", since {fact.reason}")
    yield from _windows(problem)
    yield from _kinks(problem)


def _windows(problem: Problem) -> Iterator[tuple[Inline, ...]]:
    """How large a size must be for the shifted places to lie inside."""
    for definition in problem.definitions:
        if definition.derivative is not None:
            continue
        for ref in dict.fromkeys(references(definition.body)):
            own = problem.quantity(ref.name).indices
            for index, place in zip(own, ref.indices, strict=True):
                if isinstance(place, Shift) and isinstance(index.size, str):
                    size, least = Size(index.size), _greatest(place)
                    yield (size, " is at least ", least, ", for ", ref, " to lie inside")


def _greatest(shift: Shift) -> Term:
    """The greatest place that a shift reaches: ``T + K − 1``."""
    parts: list[Term] = []
    offset = shift.offset
    for index, count in shift.parts:
        if count < 0 or isinstance(index.size, int):
            offset += count * (index.size if isinstance(index.size, int) and count > 0 else 1)
        else:
            parts.append(multiply(Number(Fraction(count)), Size(index.size)))
    return add(*parts, Number(Fraction(offset)))


def _kinks(problem: Problem) -> Iterator[tuple[Inline, ...]]:
    """Where the cost has a kink, and what its derivative counts as there."""
    seen: dict[object, None] = {}
    for definition in problem.definitions:
        for part in walk(definition.body):
            if not isinstance(part, Apply) or key(part) in seen:
                continue
            seen[key(part)] = None
            places = kinks(part)
            if not places:
                continue
            ties: list[tuple[Inline, ...]] = [(_tie(place),) for place in places]
            yield (
                part,
                " has a kink where ",
                *_listed(ties),
                ", and no derivative there; the derivative is that off the kink, ",
                *_convention(part, problem),
            )


def _tie(place: Term) -> Relation:
    """``u = v`` for the place where ``u − v`` is zero."""
    match place:
        case Add(terms=(left, right)) if is_negative(right):
            return Relation(left, "=", negate(right))
        case _:
            return Relation(place, "=", ZERO)


def _convention(part: Apply, problem: Problem) -> Iterator[Inline]:
    """What the jumping functions in the derivative of ``part`` count as where they jump."""
    slopes = [slope(*part.arguments, part) for slope in FUNCTIONS[part.function].derivatives]
    jumping: dict[str, Apply] = {}
    for slope in slopes:
        for inner in walk(slope):
            if isinstance(inner, Apply) and inner.function in ("greater", "sign"):
                jumping.setdefault(inner.function, inner)
    if not jumping:
        yield "which is 0"
    for number, (name, shown) in enumerate(jumping.items()):
        yield ", and " if number else "in which "
        yield shown
        yield " counts as "
        yield Number(problem.at_jump(name))
        yield " where it jumps"


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
        component = main.claim if derivation.problem.cost.indices else case.wrt
        # A Kronecker delta in the result is 0 here, and 1 on the diagonal.
        off = any(
            isinstance(part, Delta)
            for result in derivation.results
            if result.wrt == case.wrt.name
            for part in walk(result.term)
        )
        words = " stands for all those off the diagonal." if off else " stands for all."
        opening = ["The component ", component, words] if case.wrt.indices else []
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
        cost = derivation.problem.cost
        what: Inline = cost.head if derivation.problem.is_second_order else "the cost"
        yield Paragraph(("Now ", what, ", term by term:"))
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
    mains |= {key(each.derivative) for each in problem.definitions if each.derivative is not None}
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
        verb = " holds" if len(cited) == 1 else " hold"
        ending = " for every example, and so for any number of them." if size else " as above."
        references = _listed((Reference(label),) for label in cited)
        blocks.append(Paragraph((*references, verb + ending)))
    pending: list[Lemma] = []
    for lemma in derivation.lemmas:
        if labels.knows(lemma):
            continue
        labels.note(lemma, f"lemma:{lemma.number}")
        pending.append(lemma)
        if key(lemma.claim) in mains:
            of = (" of ", lemma.claim.of) if problem.is_second_order else ()
            blocks.append(Paragraph(("The derivative", *of, " by ", lemma.claim.by, ":")))
            blocks.append(_together(pending, detail, labels))
            pending = []
    delta = _kronecker(derivation.lemmas)
    if delta is not None:
        note = (delta, " is 1 where its indices are equal and 0 elsewhere (the Kronecker delta).")
        blocks.insert(0, Paragraph(note))
    bracket = _bracket(derivation.lemmas)
    if bracket is not None:
        said = " is 1 where the index lies in its range and 0 elsewhere (Iverson’s bracket)."
        blocks.insert(0, Paragraph((bracket, said)))
    title: tuple[Inline, ...] = ("Any ", size) if size is not None else ("Any size",)
    return Section("any", title, tuple(blocks))


def _bracket(lemmas: Iterable[Lemma]) -> Within | None:
    """The first range of an index in a result, which every reader is shown."""
    for lemma in lemmas:
        for part in walk(lemma.result):
            if isinstance(part, Within):
                return part
    return None


def _kronecker(lemmas: Iterable[Lemma]) -> Delta | None:
    """The first Kronecker delta in a result, which every reader is shown."""
    for lemma in lemmas:
        for part in walk(lemma.result):
            if isinstance(part, Delta):
                return part
    return None


# 4 As matrices -----------------------------------------------------------------------------------


def _matrices(derivation: Derivation, layout: LayoutChoice) -> Section:
    chosen: tuple[Literal["rows", "columns"], ...] = (
        ("rows", "columns") if layout == "both" else (layout,)
    )
    lines = [line for line in derivation.matrix if line.kind != "meaning"]
    forms = {
        one: [_tracked_form(derivation.problem, line, one) for line in lines] for one in chosen
    }
    signs = tuple(_signs(form for one in chosen for form in forms[one]))
    blocks: list[Block] = [Paragraph(signs)] if signs else []
    shown = {one: tuple(_one_layout(derivation, one, lines, forms[one])) for one in chosen}
    if len(chosen) == 1:
        blocks.extend(shown[chosen[0]])
    else:
        views = (View(one, f"examples are {one}", shown[one]) for one in chosen)
        blocks.append(Views("layout", tuple(views)))
    return Section("matrices", ("As matrices",), tuple(blocks))


#: What the signs of the matrix section mean: said where one of them occurs.
_MATRIX_SIGNS: tuple[tuple[tuple[type[Matrix], ...], str], ...] = (
    ((Ones,), "𝟏 is a vector of ones"),
    ((Hadamard, HadamardPower), "⊙ multiplies element by element"),
    ((HadamardQuotient,), "⊘ divides element by element"),
    ((Diagonal,), "diag puts a vector on the diagonal of a matrix"),
    ((Trace,), "tr is the sum of the diagonal"),
)


def _one_layout(
    derivation: Derivation,
    layout: Literal["rows", "columns"],
    lines: list[MatrixLine],
    forms: list[MatrixForm],
) -> Iterator[Block]:
    problem = derivation.problem
    opening: list[Inline] = [
        Strong("Examples are rows." if layout == "rows" else "Examples are columns."),
        *_data_shapes(derivation, layout),
    ]
    yield Paragraph(tuple(opening))
    rows: list[tuple[tuple[Inline, ...], ...]] = []
    previous: Term | None = None
    for line, form in zip(lines, forms, strict=True):
        left: tuple[Inline, ...] = ()
        if line.left != previous:
            left = (_left(problem, line, layout),)
        previous = line.left
        rows.append((left, tuple(_form(form)), tuple(_shapes(form))))
    yield Table(_head("", "formula", "shapes"), tuple(rows), "lll")


def _tracked_form(
    problem: Problem, line: MatrixLine, layout: Literal["rows", "columns"]
) -> MatrixForm:
    """The form of a line; that of a definition with the origins of its factors."""
    if line.kind == "forward" and isinstance(line.left, Ref):
        definition = problem.definition(line.left.name)
        if definition is not None:
            return vectorise(stamped_body(definition), problem, layout, definition.indices)
    return line.rows if layout == "rows" else line.columns


def _signs(forms: Iterable[MatrixForm]) -> Iterator[Inline]:
    nodes = [
        node
        for form in forms
        if form.expression is not None
        for node in walk_matrix(form.expression)
    ]
    said: list[tuple[Inline, ...]] = [
        (what,) for kinds, what in _MATRIX_SIGNS if any(isinstance(node, kinds) for node in nodes)
    ]
    if said:
        yield "In the following, "
        yield from _listed(said)
        yield "."


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
        yield "."


def _left(problem: Problem, line: MatrixLine, layout: Literal["rows", "columns"]) -> Formula:
    if line.kind == "gradient":
        first = problem.cost.derivative
        assert isinstance(line.left, Derivative)
        return Stack(line.left if first is None else Derivative(first, line.left.by))
    target = line.rows.target
    form = vectorise(line.left, problem, layout, target)
    return form.expression if form.expression is not None else line.left


def _form(form: MatrixForm) -> Iterator[Inline]:
    if form.held:
        yield "for every "
        yield from _listed((index,) for index in form.held)
        yield ": "
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
        yield ":\N{NO-BREAK SPACE}"
        yield ShapeOf(stored.shape)
    yield " →\N{NO-BREAK SPACE}" if form.arrays else ""
    yield ShapeOf(form.shape)


# 5 Where the factor comes from --------------------------------------------------------------------


def _origin(derivation: Derivation, labels: _Labels) -> Section:
    problem = derivation.problem
    factor = mean_factor(problem)
    blocks: list[Block] = []
    said: set[str] = set()
    for provenance in derivation.provenance:
        result = next(r for r in derivation.results if r.wrt == provenance.wrt)
        sentences = [
            sentence
            for sentence in _sentences(problem, provenance, labels)
            if str(sentence) not in said
        ]
        if not sentences:
            blocks.append(Paragraph((result.claim, " has no other factors.")))
            continue
        opening = "The other factors of " if said else "The factors of "
        said.update(map(str, sentences))
        blocks.append(Paragraph((opening, result.claim, ":")))
        blocks.append(Bullets(tuple(sentences)))
    if derivation.meanings:
        blocks.extend(_meanings(derivation, derivation.meanings[0]))
    title: tuple[Inline, ...] = ("Where each factor comes from",)
    if factor is not None:
        example = problem.example_index
        assert example is not None
        assert isinstance(example.size, str)
        title = ("Where the ", Tracked(reciprocal(Size(example.size))), " comes from")
    return Section("origin", title, tuple(blocks))


def _sentences(
    problem: Problem, provenance: Provenance, labels: _Labels
) -> Iterator[tuple[Inline, ...]]:
    """A sentence for each factor; one for all factors that the same lemma brought."""
    brought: dict[object, list[Source]] = {}
    for source in provenance.sources:
        name = source.sentence if source.lemma is None else key(source.lemma)
        brought.setdefault(name, []).append(source)
    for sources in brought.values():
        claim = sources[0].lemma
        label = None if claim is None else labels.by_claim.get(key(claim))
        if label is None or claim is None:
            yield from (_told(source.sentence, problem) for source in sources)
            continue
        factors = _listed((source.factor,) for source in sources)
        verb = " comes with " if len(sources) == 1 else " come with "
        yield (*factors, verb, claim, ", see ", Reference(label))
    for meeting in provenance.meetings:
        yield _told(meeting.sentence, problem)


def _told(sentence: Prose, problem: Problem) -> tuple[Inline, ...]:
    return tuple(
        part
        for told in sentence.parts
        for part in (words(told, problem) if isinstance(told, str) else (told,))
    )


def _meanings(derivation: Derivation, meanings: Meanings) -> Iterator[Block]:
    problem = derivation.problem
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
            " Texts stack the derivatives of each loss in it, or those of the cost; both give ",
            gradient,
            ":",
        )
    )
    rows: list[tuple[tuple[Inline, ...], ...]] = [
        (
            ("one entry",),
            (meanings.per_example,),
            (Relation(cost, "=", meanings.of_cost.result),),
        ),
        (("holds ", Tracked(reciprocal(Size(str(example.size))))), ("no",), ("yes",)),
        ((gradient,), (meanings.with_factor,), (meanings.without_factor,)),
    ]
    lines = [line for line in derivation.matrix if line.kind == "meaning" and line.left == gradient]
    if all(line.rows.expression and line.columns.expression for line in lines):
        rows.append((("examples are rows",), *(tuple(_form(line.rows)) for line in lines)))
        rows.append((("examples are columns",), *(tuple(_form(line.columns)) for line in lines)))
    yield Table(
        ((), ("of each loss",), ("of the cost",)),
        tuple(rows),
        "lll",
        alternatives=True,
    )
    yield Paragraph(("They are equal:",))
    yield Equations(tuple(step_lines(meanings.without_factor, meanings.equality, "full", {})))
    if meanings.slip is not None:
        yield from _slip(problem, meanings, meanings.slip)


def _stack(problem: Problem, derivative: Derivative) -> Short:
    form = vectorise(derivative, problem, "columns", derivative.by.running)
    return Short(form.expression if form.expression is not None else derivative)


def _slip(problem: Problem, meanings: Meanings, slip: Slip) -> Iterator[Block]:
    by = problem.quantity(meanings.wrt)
    cost = problem.cost.head
    first = Ref(by.name, (1,) * len(by.indices))
    yield Paragraph(
        (
            Strong("A common slip"),
            " is to close the sum too early: what is multiplied changes with the example.",
        )
    )
    yield Equations((Line(Derivative(cost, by.ref), slip.wrong, sign="≠"),))
    yield Paragraph(
        (
            "A counterexample",
            *_assumed(problem, slip),
            ": let ",
            *_listed((part,) for part in _sizes(slip.sizes) if part != ", "),
            " with ",
            *_listed((Relation(what, "=", Number(value)),) for what, value in slip.values),
            ". Then ",
            Relation(Derivative(cost, first), "=", Number(slip.right)),
            ", but the slip gives ",
            *_choices(slip.slipped),
            ".",
        )
    )


def _assumed(problem: Problem, slip: Slip) -> Iterator[Inline]:
    """What abstract functions are taken to be: ``g(u) = u`` and ``L(a, y) = ½ (a − y)²``."""
    if not slip.assumption:
        return
    yield ", for instance with "
    u, a, y = Ref("u"), Ref("a"), Ref("y")
    half_square = multiply(Number(Fraction(1, 2)), power(add(a, negate(y)), 2))
    yield from _listed(
        (Relation(Apply(each.name, (u,)), "=", u),)
        if each.arity == 1
        else (Relation(Apply(each.name, (a, y)), "=", half_square),)
        for each in problem.functions
    )


def _choices(values: tuple[Fraction, ...]) -> Iterator[Inline]:
    for number, value in enumerate(dict.fromkeys(values)):
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
    assert example is not None
    assert isinstance(example.size, str)
    size = Size(example.size)
    rows = tuple(
        (
            (_number(row.count),),
            (significant(row.gradient_norm_sum),),
            (significant(row.gradient_norm_mean),),
            (significant(row.largest_step_sum) if row.largest_step_sum else "none",),
            (significant(row.largest_step_mean) if row.largest_step_mean else "none",),
        )
        for row in scaling.rows
    )
    yield Section(
        "scaling",
        ("Why one divides by ", size, " at all"),
        (
            Paragraph(
                (
                    "Without the division the gradient is ",
                    size,
                    " times as large and the largest step at which gradient descent is stable ",
                    size,
                    " times as small: the step has to be chosen anew for each number of examples. ",
                    *words(scaling.method, derivation.problem, names=True),
                )
            ),
            Table(
                (
                    (size,),
                    ("gradient, sum",),
                    ("gradient, mean",),
                    ("largest step, sum",),
                    ("largest step, mean",),
                ),
                rows,
                "rrrrr",
            ),
        ),
    )


def significant(value: float, digits: int = 2) -> str:
    """A measured number to so many significant digits, written out.

    >>> significant(174.3), significant(0.000841), significant(7.0)
    ('170', '0.00084', '7.0')
    """
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits - 1}e}")
    places = digits - 1 - floor(log10(abs(rounded)))
    return f"{rounded:.{max(places, 0)}f}"


# 7 Checks ----------------------------------------------------------------------------------------


def _checks(derivation: Derivation) -> Iterator[Section]:
    if derivation.checks:
        yield checks_section(derivation.checks)


def checks_section(checks: Iterable[Check]) -> Section:
    """The table of what was checked and how it came out."""
    groups: dict[str, list[Check]] = {}
    for check in checks:
        groups.setdefault(check.kind, []).append(check)
    rows = tuple(_check_row(kind, checks) for kind, checks in groups.items())
    table = Table(_head("what", "how", "outcome", "residual", "tolerance", "seed"), rows, "llllll")
    return Section("checks", ("Checked",), (table,))


_KINDS = {
    "step": "each step",
    "chain": "no step is left out",
    "symmetry": "the symmetry",
    "small case": "the small case",
    "recursion": "each layer of whole chains",
    "matrix": "the matrix forms",
    "code": "the exported code",
}

_METHODS = {
    "step": "both sides at random points",
    "chain": "each step starts where the last one ended",
    "symmetry": "the second derivative with its indices exchanged",
    "small case": "SymPy’s own derivative of the unrolled cost",
    "recursion": "the formulas against differences through all layers behind",
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
        (_METHODS.get(kind, checks[0].method) + _sizes_compared(checks),),
        (outcome,),
        (scientific(max(residuals)) if residuals else "",),
        (scientific(max(tolerances)) if tolerances else "exact",),
        (", ".join(map(str, seeds)),),
    )


_SIZE = re.compile(r"(\w+) = (\d+)")


def _sizes_compared(checks: list[Check]) -> str:
    """The sizes that the checks say they were made at: ``, m = 1, 2, 3, 4``."""
    found: dict[str, dict[str, None]] = {}
    for check in checks:
        for name, value in _SIZE.findall(check.about.partition(" at ")[2]):
            found.setdefault(name, {})[value] = None
    return "".join(f", {name} = {', '.join(values)}" for name, values in found.items())


_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def scientific(value: float) -> str:
    """A small number as a power of ten, with one digit in front where it isn't 1.

    >>> scientific(1e-32), scientific(3e-6), scientific(0.0)
    ('10⁻³²', '3 · 10⁻⁶', '0')
    """
    if value == 0:
        return "0"
    digit, power = f"{value:.0e}".split("e")
    ten = "10" + str(int(power)).translate(_SUPERSCRIPTS)
    return ten if digit == "1" else f"{digit} · {ten}"
