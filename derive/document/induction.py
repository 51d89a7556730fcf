"""Lay the proof of a recursion out as a document: what is shown for every length of the chain."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from derive.dependency import stamped_body
from derive.derivation import Detail
from derive.document.build import LayoutChoice, build, checks_section
from derive.document.model import (
    Block,
    Bullets,
    Document,
    Equations,
    Inline,
    Line,
    Paragraph,
    Reference,
    Section,
    Strong,
    Table,
    View,
    Views,
)
from derive.induction import Induction
from derive.model import Definition, Problem
from derive.provenance import mean_factor
from derive.recursion import Recursion
from derive.terms import Derivative, Index, Ref, Size, Sum

__all__ = ["build_induction"]

#: What the name of a function ends in where it belongs to the last layer or to the next one.
_OF_ONE_LAYER = re.compile(r"(?<=\w)_(?:last|next)\b")


def build_induction(
    proved: Induction, *, detail: Detail = "normal", layout: LayoutChoice = "both"
) -> Document:
    """The document of a recursion that is proved for chains of every length.

    >>> from derive.catalogue.chains import load
    >>> from derive.induction import prove
    >>> document = build_induction(prove(load("deep_network"), check="none"))
    >>> [section.key for section in document.sections]
    ['cost', 'base', 'step', 'conclusion', 'matrices']
    """
    base = build(proved.base, detail=detail, layout=layout, parts=("any",))
    step = build(proved.step, detail=detail, layout=layout, parts=("any", "matrices"))
    derived, matrices = step.sections
    last, here, called = _last(proved), _here(proved), proved.recursion.called
    checks = (*proved.base.checks, *proved.step.checks, *proved.checks)
    every = (*base.sections[0].blocks, *derived.blocks)
    shared = {str(block) for block in every if every.count(block) > 1}
    sections = [
        _chain(proved),
        _section("base", (f"The last {called}, ", *last), base.sections[0].blocks, "base"),
        Section(
            "step",
            (f"From {called} to {called}",),
            (
                _what_is_behind(proved),
                *_prefixed((b for b in derived.blocks if str(b) not in shared), "step"),
            ),
        ),
        _conclusion(proved),
        Section(
            "matrices",
            (f"As matrices, in {called} ", *here),
            tuple(_prefixed(matrices.blocks, "step")),
        ),
    ]
    if checks:
        sections.append(checks_section(checks))
    problem = proved.recursion.layer
    return Document(
        problem.title,
        _all_symbols(proved),
        mean_factor(proved.step.problem),
        tuple(_opening(proved)),
        tuple(sections),
    )


def _all_symbols(proved: Induction) -> Problem:
    """A problem with the symbols of the last layer, of layer ``l`` and of the next one."""
    recursion, step, base = proved.recursion, proved.step.problem, proved.base.problem
    known = {quantity.name for quantity in step.quantities}
    functions = {function.name for function in step.functions}
    return replace(
        step,
        title=proved.recursion.layer.title,
        quantities=(
            *step.quantities,
            *(q for q in base.quantities if q.name not in known),
            *(replace(recursion.layer.quantity(n), name=f"{n}_all") for n in _shared(recursion)),
        ),
        definitions=(
            *(each for each in base.definitions if each.name not in known),
            *step.definitions,
        ),
        functions=(*step.functions, *(f for f in base.functions if f.name not in functions)),
    )


def _shared(recursion: Recursion) -> tuple[str, ...]:
    """The parameters that all layers share."""
    return recursion.parameters if recursion.shared else ()


def _here(proved: Induction) -> tuple[Inline, ...]:
    return (Index(proved.recursion.index, proved.recursion.last),)


def _last(proved: Induction) -> tuple[Inline, ...]:
    return (Size(proved.recursion.last),)


def _opening(proved: Induction) -> Iterator[Block]:
    called = proved.recursion.called
    if proved.recursion.layer.summary:
        yield Paragraph((proved.recursion.layer.summary,))
    yield Paragraph(
        (
            Strong("Result."),
            " In a chain of any number ",
            *_last(proved),
            f" of {called}s, in each {called} ",
            *_here(proved),
            " before the last,",
        )
    )
    yield _formulas(proved, "before")
    yield Paragraph((f"and in the last {called}, ", *_last(proved), ","))
    yield _formulas(proved, "last")
    if proved.recursion.shared:
        yield Paragraph((f"The parameters are the same in every {called}, so",))
        yield _totals(proved)


def _formulas(proved: Induction, where: str) -> Equations:
    return Equations(
        tuple(Line(each.claim, each.result) for each in proved.formulas if each.where == where)
    )


def _totals(proved: Induction) -> Equations:
    """The derivatives by the parameters that all layers share: ``∂J/∂W = Σ_t ∂J/∂W^{[t]}``."""
    recursion = proved.recursion
    over = Index(recursion.index, recursion.last)
    lines = []
    for name in _shared(recursion):
        claim = proved.formula("before", name).claim
        whole = Derivative(claim.of, Ref(f"{name}_all", claim.by.indices))
        lines.append(Line(whole, Sum(over, claim)))
    return Equations(tuple(lines))


def _label(definition: Definition) -> str:
    """The label of a definition's line, as in every document."""
    return f"definition:{definition.name}"


def _chain(proved: Induction) -> Section:
    recursion, step, base = proved.recursion, proved.step.problem, proved.base.problem
    lines = [
        Line(each.head, stamped_body(each), (each.meaning,) if each.meaning else (), _label(each))
        for each in step.definitions
        if each.name in recursion.inside
    ]
    inner = {f"{name}_last" for name in recursion.inside}
    end = [
        Line(each.head, stamped_body(each), (each.meaning,) if each.meaning else (), _label(each))
        for each in base.definitions
        if each.name not in inner
    ]
    blocks: list[Block] = [
        Paragraph((f"Each {recursion.called} ", *_here(proved), " is made of the one before it:")),
        Equations(tuple(lines)),
        Paragraph((f"The cost is made of the last {recursion.called}, ", *_last(proved), ":")),
        Equations(tuple(end)),
    ]
    entering = step.quantity(recursion.incoming)
    blocks.append(
        Paragraph(
            (
                f"What comes into the first {recursion.called}, as ",
                Ref(entering.name, entering.indices),
                f" of {recursion.called} 1, is given: it rests on no parameter.",
            )
        )
    )
    if recursion.shared:
        blocks.append(
            Paragraph(
                (
                    (
                        f"Every {recursion.called} has the same parameters. What is written with "
                        f"the number of a {recursion.called} is the copy that stands in it alone."
                    ),
                )
            )
        )
    return Section("cost", ("The chain",), tuple(blocks))


def _what_is_behind(proved: Induction) -> Paragraph:
    step = proved.step.problem
    loss = proved.recursion.losses().name
    behind = step.definition(loss)
    assert behind is not None
    error = proved.formula("before", proved.recursion.error).claim.by
    return Paragraph(
        (
            f"The loss is a function of the next {proved.recursion.called}’s ",
            Ref(f"{error.name}_next", _next_indices(proved)),
            ", whatever stands behind it: ",
            behind.body,
            (
                ". Each example has such a function of its own, in which its label and whatever "
                "else comes in later are constants. Nothing is assumed of it but that it is smooth."
            ),
        )
    )


def _next_indices(proved: Induction) -> tuple[Index, ...]:
    return proved.step.problem.quantity(f"{proved.recursion.error}_next").indices


def _conclusion(proved: Induction) -> Section:
    recursion = proved.recursion
    error = recursion.error
    here = proved.formula("before", error).claim
    last = proved.formula("last", error).claim
    ahead = Derivative(here.of, Ref(f"{error}_next", _next_indices(proved)))
    blocks: list[Block] = [
        Paragraph(
            (
                f"The last {recursion.called} gives ",
                last,
                ". From ",
                ahead,
                " follows ",
                here,
                (
                    f", between any two {recursion.called}s that follow upon one another. "
                    "By induction from "
                ),
                *_last(proved),
                f" down to 1 the formulas hold in every {recursion.called}, for every ",
                *_last(proved),
                f". A chain of one {recursion.called} has the last one alone.",
            )
        )
    ]
    if recursion.shared:
        blocks.append(
            Paragraph(
                (
                    (
                        "The chain rule adds what each copy of a parameter contributes: the "
                        "derivative by it is the sum of those by its copies, over all "
                        f"{recursion.called}s."
                    ),
                )
            )
        )
    return Section("conclusion", (f"Every {recursion.called}",), tuple(blocks))


# Labels of two derivations on one page ------------------------------------------------------------


def _section(key: str, title: tuple[Inline, ...], blocks: Iterable[Block], prefix: str) -> Section:
    return Section(key, title, tuple(_prefixed(blocks, prefix)))


def _prefixed(blocks: Iterable[Block], prefix: str) -> Iterator[Block]:
    """The blocks with the labels of their own derivation, kept apart from the other one's."""

    def inline(parts: tuple[Inline, ...]) -> tuple[Inline, ...]:
        return tuple(map(each_part, parts))

    def each_part(part: Inline) -> Inline:
        match part:
            case Reference(label=label):
                return Reference(f"{prefix}:{label}")
            case str():
                # Words call a function by its name, which both derivations have of their own.
                return _OF_ONE_LAYER.sub("", part)
            case _:
                return part

    for block in blocks:
        match block:
            case Equations(lines=lines):
                yield Equations(
                    tuple(
                        replace(
                            line,
                            label=f"{prefix}:{line.label}" if line.label else "",
                            reason=inline(line.reason),
                        )
                        for line in lines
                    )
                )
            case Paragraph(parts=parts):
                yield Paragraph(inline(parts))
            case Bullets(items=items):
                yield Bullets(tuple(map(inline, items)))
            case Table(rows=rows):
                yield replace(block, rows=tuple(tuple(map(inline, row)) for row in rows))
            case Views(views=views):
                yield replace(
                    block,
                    views=tuple(
                        View(view.key, view.title, tuple(_prefixed(view.blocks, prefix)))
                        for view in views
                    ),
                )
