"""The lines of a lemma at a level of detail, and what stands at their margin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from derive.backpropagation import LEMMA
from derive.derivation import Detail, Lemma, Step
from derive.document.model import Inline, Line, Reference
from derive.rules import CHAIN_RULE, DEFINITION, INDEPENDENCE, RULES
from derive.terms import Term, key

__all__ = ["is_shown", "lemma_lines", "step_lines"]

DEFINITION_BACKWARDS = "definition read backwards"

_LEVEL: dict[Detail, int] = {"brief": 0, "normal": 1, "full": 2}

#: Rules whose margin says what they did here instead of how they are called.
_BY_REASON = {
    "cancel",
    "multiply out and cancel",
    "multiply numbers",
    "fact",
    "Kronecker delta",
    "independence",
    "fold",
    "definition",
    "sum of a constant",
    "collect",
    "gather",
    "order",
}

#: Rules whose reason alone says all, name included.
_SAYS_ALL = {
    "collect",
    "multiply out",
    "multiply out under Σ",
    "order",
    "remove parentheses",
    "signs",
    "take the sign inside",
}

#: Rules that say more than those around them.
_SAYING_MOST = {CHAIN_RULE.name, "quotient rule", "product rule", "power rule"}

#: Steps that need no words of their own beside those of another step on the same line.
_SILENT = {
    "order",
    "signs",
    "take the sign inside",
    "remove parentheses",
    "equal indices",
    "constant",
    "derivative of a variable",
}


def is_shown(step: Step, detail: Detail) -> bool:
    """Whether the line that the step makes is printed at this level."""
    return _LEVEL[step.detail] <= _LEVEL[detail]


def lemma_lines(
    lemma: Lemma, detail: Detail, labels: Mapping[object, str], label: str = ""
) -> tuple[Line, ...]:
    """The lines from the claim to the result. ``labels`` tells the label of each lemma by the key
    of its claim; ``label`` is this one's own, given to its last line."""
    return tuple(step_lines(lemma.claim, lemma.steps, detail, labels, label))


def step_lines(
    left: Term,
    steps: tuple[Step, ...],
    detail: Detail,
    labels: Mapping[object, str],
    label: str = "",
) -> Iterator[Line]:
    """The lines of a chain of steps that starts from ``left``."""
    pending: list[Step] = []
    first: Term | None = left
    for number, step in enumerate(steps):
        pending.append(step)
        last = number == len(steps) - 1
        if not (last or is_shown(step, detail)):
            continue
        yield Line(
            first,
            step.after,
            tuple(_margin(pending, detail, labels)),
            label if last else "",
            step.rule,
        )
        first = None
        pending = []


def _margin(steps: list[Step], detail: Detail, labels: Mapping[object, str]) -> Iterator[Inline]:
    """What was done between two printed lines: the names of the rules, each once."""
    spoken = [step for step in steps if step.rule not in _SILENT] or steps
    if detail == "full" and len(steps) == 1 and spoken[0].rule != LEMMA:
        yield from _in_full(spoken[0])
        return
    said: dict[str, tuple[Inline, ...]] = {}
    for step in _visible(_leading(spoken), steps):
        words = tuple(_words(step, labels))
        said.setdefault(" ".join(map(str, words)), words)
    for number, words in enumerate(said.values()):
        if number:
            yield ", "
        yield from words


def _in_full(step: Step) -> Iterator[Inline]:
    """The rule and why it applies."""
    if step.rule == DEFINITION_BACKWARDS:
        yield from step.reason.parts
        yield ", read backwards"
        return
    told = str(step.reason).startswith(step.rule) or step.rule in _BY_REASON | _SAYS_ALL
    if not told:
        yield f"{step.rule}: "
    yield from step.reason.parts


def _leading(steps: list[Step]) -> list[Step]:
    """The steps worth naming where several made one line: at most two. The chain rule and the
    derivative of a function say more than the rules around them, and what was done here more than
    the name of a rule."""
    distinct = list({step.rule: step for step in steps}.values())
    if any(step.rule == INDEPENDENCE.name for step in distinct):
        # "z_ik alone depends on W_kj" says why one term of a sum that isn't printed is left.
        distinct = [step for step in distinct if step.rule != "Kronecker delta"]
    if len(distinct) <= 2:
        return distinct
    named = [
        step
        for step in distinct
        if step.rule in _SAYING_MOST or step.rule.startswith("derivative of ")
    ]
    told = [step for step in distinct if step.rule in _BY_REASON and step.rule != DEFINITION.name]
    return [*named[:2], *told[-1:]][:2] or distinct[-2:]


def _visible(chosen: list[Step], steps: list[Step]) -> list[Step]:
    """Where the line with the definition isn't printed, nobody has seen the sum in which one index
    alone contributes: what the reader is told is where it comes from."""
    first = steps[0]
    if first.rule != DEFINITION.name or len(steps) == 1:
        return chosen
    seen = [first if step.rule == "Kronecker delta" else step for step in chosen]
    return list({step.rule: step for step in seen}.values())


def _words(step: Step, labels: Mapping[object, str]) -> Iterator[Inline]:
    if step.rule == LEMMA:
        references = [labels[key(claim)] for claim in step.premises if key(claim) in labels]
        if references:
            yield "by "
            for number, label in enumerate(references[:3]):
                if number:
                    yield ", "
                yield Reference(label)
            if len(references) > 3:
                yield ", …"
        else:
            yield "by "
            yield from step.reason.parts
    elif step.rule in _BY_REASON or step.rule == DEFINITION_BACKWARDS:
        yield from step.reason.parts
    else:
        yield RULES[step.rule].name
