"""JSON: a derivation as data, which reads back to an equal derivation.

``docs/json.md`` describes the format, ``derivation.schema.json`` beside this file its structure.
A formula is an object with ``latex`` and ``text`` for whoever shows it, and with ``term`` (nested
lists, see :mod:`derive.exporters.s_expressions`), from which alone it is read.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any, Literal, TypeAlias, get_args

from derive.derivation import (
    Check,
    Detail,
    Lemma,
    Meanings,
    Meeting,
    Prose,
    Provenance,
    Slip,
    SmallCase,
    Source,
    Status,
    Step,
)
from derive.errors import InputError
from derive.exporters.latex import escape
from derive.exporters.reading import Cursor, parse
from derive.exporters.s_expressions import (
    read_extent,
    read_index,
    read_matrix,
    read_term,
    write_index,
    write_matrix,
    write_term,
)
from derive.functions import FUNCTIONS
from derive.gradients import Derivation, MatrixLine, Result
from derive.matrix import Layout, MatrixForm, StoredArray, matrix_latex, matrix_text
from derive.matrix.expression import Array, Matrix
from derive.matrix_functions import MATRIX_FUNCTIONS
from derive.model import (
    AbstractFunction,
    Definition,
    Domain,
    Fact,
    Orientation,
    Problem,
    Quantity,
    Role,
)
from derive.notation import Notation, latex, plain_text, unmarked
from derive.notation.symbols import check_length
from derive.rules import RULES
from derive.terms import Apply, Derivative, Ref, Term, walk

__all__ = ["SCHEMA", "compact", "describe", "export", "read"]

#: Names this version of the format; a change that an old reader would misread gets a new number.
SCHEMA = "derive/derivation/1"

#: What an object of JSON is while it is written.
Object: TypeAlias = dict[str, Any]

_Kind: TypeAlias = Literal["forward", "backward", "gradient", "meaning"]


def export(derivation: Derivation) -> str:
    """The derivation as JSON text, ending with a line break.

    Raises:
        Unsupported: a formula is nested too deeply to be read back.

    >>> from derive.gradients import gradient
    >>> d = gradient("linear_regression", wrt="b", check="none")
    >>> read(export(d)) == d
    True
    """
    return _pretty(_Writer(derivation).derivation()) + "\n"


def compact(derivation: Derivation) -> str:
    """The derivation as JSON text on one line, with nothing in it but what :func:`read` reads:
    for keeping, not for showing.

    Raises:
        Unsupported: a formula is nested too deeply to be read back.

    >>> from derive.gradients import gradient
    >>> d = gradient("linear_regression", wrt="b", check="none")
    >>> read(compact(d)) == d
    True
    >>> len(compact(d)) < len(export(d))
    True
    """
    return _flat(_Writer(derivation, shown=False).derivation())


def read(text: str) -> Derivation:
    """The derivation that :func:`export` wrote.

    What is derived from other parts (``latex``, ``text``, ``law``, ``scaling``, the check beside a
    step) is not read. Nothing is checked again: :func:`derive.gradients.check_again` does that.

    Raises:
        InputError: the text is no such derivation; the message names the place.
    """
    try:
        return _Reader(parse(text)).derivation()
    except RecursionError:  # where the caller's own stack is nearly full
        raise InputError("the JSON is nested too deeply to be read") from None


def describe(problem: Problem) -> Object:
    """A problem in short, for a list: its name, title, sizes and symbols.

    >>> from derive.catalogue import load
    >>> describe(load("linear_regression"))["sizes"]
    ['m', 'n']
    """
    return {
        "name": problem.name,
        "title": problem.title,
        "sizes": list(problem.size_names),
        "symbols": [_symbol(quantity) for quantity in problem.quantities],
    }


def _symbol(quantity: Quantity) -> Object:
    return {
        "name": quantity.name,
        "latex": quantity.latex,
        "text": quantity.text,
        "indices": [write_index(index) for index in quantity.indices],
        "shape": list(quantity.shape),
        "role": quantity.role,
        "domain": quantity.domain,
        "meaning": quantity.meaning,
        "stack": {"latex": quantity.stack_latex, "text": quantity.stack_text},
        "orientation": quantity.orientation,
    }


# Writing -----------------------------------------------------------------------------------------


class _Writer:
    """Writes the parts of one derivation, each formula once; what stands there to be shown is
    left out unless ``shown``."""

    def __init__(self, derivation: Derivation, *, shown: bool = True) -> None:
        self._shown = shown
        self._derivation = derivation
        self._problem = derivation.problem
        self._notation = Notation(derivation.problem)
        # By identity, since equal terms may differ in their origins; with the term itself, since
        # an identity is given anew once its owner is gone.
        self._formulas: dict[int, tuple[Term, Object]] = {}
        self._step_checks = _StepChecks(derivation.checks)

    def derivation(self) -> Object:
        derivation, problem = self._derivation, self._problem
        return {
            "schema": SCHEMA,
            "name": problem.name,
            "title": problem.title,
            "summary": problem.summary,
            "wrt": list(derivation.wrt),
            "sizes": dict(derivation.sizes),
            "seed": derivation.seed,
            "indices": [write_index(index) for index in problem.indices],
            "example_index": _nullable(write_index, problem.example_index),
            "default_sizes": dict(problem.default_sizes),
            "jumps": {name: str(value) for name, value in problem.jumps},
            "written_out": list(problem.written_out),
            **({"kept": list(problem.kept)} if problem.kept else {}),
            "default_wrt": list(problem.default_wrt),
            "symbols": [_symbol(quantity) for quantity in problem.quantities],
            "functions": [_function(function) for function in problem.functions],
            "definitions": [self._definition(each) for each in problem.definitions],
            "facts": [self._fact(fact) for fact in problem.facts],
            "results": [self._result(result) for result in derivation.results],
            "lemmas": [self._lemma(lemma) for lemma in derivation.lemmas],
            "small": [self._small(case) for case in derivation.small],
            "matrix": [self._matrix_line(line) for line in derivation.matrix],
            "provenance": [self._provenance(each) for each in derivation.provenance],
            "meanings": [self._meaning(each) for each in derivation.meanings],
            "scaling": self._scaling(),
            "checks": [_check(check) for check in derivation.checks],
        }

    def _formula(self, term: Term) -> Object:
        if id(term) not in self._formulas:
            written: Object = {}
            if self._shown:
                written["latex"] = latex(term, self._notation)
                written["text"] = plain_text(term, self._notation)
            written["term"] = write_term(term)
            self._formulas[id(term)] = (term, written)
        return self._formulas[id(term)][1]

    def _prose(self, prose: Prose) -> Object:
        if not self._shown:
            return {"parts": self._parts(prose)}
        return {
            "latex": "".join(
                escape(part)
                if isinstance(part, str)
                else f"${latex(part, self._notation, inline=True)}$"
                for part in prose.parts
            ),
            "text": "".join(
                part if isinstance(part, str) else plain_text(part, self._notation)
                for part in prose.parts
            ),
            "parts": self._parts(prose),
        }

    def _parts(self, prose: Prose) -> list[Any]:
        return [
            part if isinstance(part, str) else self._formula(part)["term"] for part in prose.parts
        ]

    def _definition(self, definition: Definition) -> Object:
        return {
            "name": definition.name,
            "indices": [write_index(index) for index in definition.indices],
            "head": self._formula(definition.head),
            "body": self._formula(definition.body),
            "meaning": definition.meaning,
            **({"constant": True} if definition.constant else {}),
            **(
                {}
                if definition.derivative is None
                else {"derivative": self._formula(definition.derivative)}
            ),
        }

    def _fact(self, fact: Fact) -> Object:
        return {
            "left": self._formula(fact.left),
            "right": self._formula(fact.right),
            "reason": fact.reason,
        }

    def _result(self, result: Result) -> Object:
        return {
            "wrt": result.wrt,
            "claim": self._formula(result.claim),
            **self._formula(result.term),
            "matrix": {
                "rows": self._matrix_form(result.rows),
                "columns": self._matrix_form(result.columns),
            },
        }

    def _lemma(self, lemma: Lemma) -> Object:
        claim = str(lemma.claim)
        return {
            "number": lemma.number,
            "claim": self._formula(lemma.claim),
            "result": self._formula(lemma.result),
            "steps": [self._step(step, claim) for step in lemma.steps],
        }

    def _step(self, step: Step, claim: str) -> Object:
        rule = RULES.get(step.rule)
        return {
            "rule": step.rule,
            "law": None if rule is None else rule.law,
            "reason": self._prose(step.reason),
            "before": self._formula(step.before),
            "after": self._formula(step.after),
            "check": self._step_checks.next(f"{step.rule} in {claim}"),
            "places": [list(place) for place in step.places],
            "premises": [self._formula(premise) for premise in step.premises],
            "detail": step.detail,
        }

    def _small(self, case: SmallCase) -> Object:
        return {
            "sizes": dict(case.sizes),
            "wrt": self._formula(case.wrt),
            "lemmas": [self._lemma(lemma) for lemma in case.lemmas],
            "explicit": self._formula(case.explicit),
            "folded": self._formula(case.folded),
        }

    def _matrix_line(self, line: MatrixLine) -> Object:
        return {
            "kind": line.kind,
            "left": self._formula(line.left),
            "rows": self._matrix_form(line.rows),
            "columns": self._matrix_form(line.columns),
        }

    def _matrix_form(self, form: MatrixForm) -> Object:
        """A form without a matrix reading shows the index form in its stead; its ``term`` is
        ``null``."""
        matrix = form.expression
        written: Object = (
            {**self._formula(form.term), "term": None}
            if matrix is None
            else {
                **self._printed(matrix),
                "term": write_matrix(matrix),
            }
        )
        return {
            **written,
            "shape": list(form.shape),
            "layout": form.layout,
            "rows": _nullable(write_index, form.rows),
            "columns": _nullable(write_index, form.columns),
            "index_form": write_term(form.term),
            "target": [write_index(index) for index in form.target],
            "arrays": [self._array(stored) for stored in form.arrays],
            "einsum": form.einsum,
            "reason": form.reason,
            **({"held": [write_index(index) for index in form.held]} if form.held else {}),
        }

    def _printed(self, matrix: Matrix) -> Object:
        if not self._shown:
            return {}
        return {
            "latex": matrix_latex(matrix, self._notation),
            "text": matrix_text(matrix, self._notation, unmarked),
        }

    def _array(self, stored: StoredArray) -> Object:
        shown = {"text": matrix_text(stored.array, self._notation, unmarked)} if self._shown else {}
        return {
            **shown,
            "shape": list(stored.shape),
            "array": write_matrix(stored.array),
            "term": write_term(stored.term),
            "rows": _nullable(write_index, stored.rows),
            "columns": _nullable(write_index, stored.columns),
        }

    def _provenance(self, provenance: Provenance) -> Object:
        return {
            "wrt": provenance.wrt,
            "sources": [
                {
                    "factor": self._formula(source.factor),
                    "sentence": self._prose(source.sentence),
                    "lemma": _nullable(self._formula, source.lemma),
                }
                for source in provenance.sources
            ],
            "meetings": [
                {
                    "claim": self._formula(meeting.claim),
                    "sentence": self._prose(meeting.sentence),
                }
                for meeting in provenance.meetings
            ],
        }

    def _meaning(self, meanings: Meanings) -> Object:
        claim = str(meanings.of_cost.claim)
        return {
            "wrt": meanings.wrt,
            "stage": self._formula(meanings.stage),
            "per_example": self._formula(meanings.per_example),
            "of_cost": self._lemma(meanings.of_cost),
            "with_factor": self._formula(meanings.with_factor),
            "without_factor": self._formula(meanings.without_factor),
            "equality": [self._step(step, claim) for step in meanings.equality],
            "slip": _nullable(self._slip, meanings.slip),
        }

    def _slip(self, slip: Slip) -> Object:
        return {
            "wrong": self._formula(slip.wrong),
            "assumption": slip.assumption,
            "sizes": dict(slip.sizes),
            "values": [
                {"of": self._formula(what), "value": str(value)} for what, value in slip.values
            ],
            "right": str(slip.right),
            "slipped": [str(value) for value in slip.slipped],
        }

    def _scaling(self) -> Object | None:
        scaling = self._derivation.scaling() if self._shown else None
        if scaling is None:
            return None
        return {
            "size": scaling.size,
            "method": scaling.method,
            "seed": scaling.seed,
            "rows": [
                {
                    "count": row.count,
                    "gradient_norm_sum": row.gradient_norm_sum,
                    "gradient_norm_mean": row.gradient_norm_mean,
                    "largest_step_sum": row.largest_step_sum,
                    "largest_step_mean": row.largest_step_mean,
                }
                for row in scaling.rows
            ],
        }


class _StepChecks:
    """Finds the check of each step: they were made in the order in which steps are written."""

    def __init__(self, checks: Iterable[Check]) -> None:
        self._waiting: Iterator[tuple[int, Check]] = (
            (number, check) for number, check in enumerate(checks) if check.kind == "step"
        )
        self._next = next(self._waiting, None)

    def next(self, about: str) -> Object | None:
        """The number of the check in ``checks`` and its outcome; ``None`` if there is none."""
        if self._next is None or self._next[1].about != about:
            return None
        number, check = self._next
        self._next = next(self._waiting, None)
        return {"number": number, "status": check.status}


def _nullable(write: Callable[[Any], Any], value: object) -> Any:
    return None if value is None else write(value)


def _function(function: AbstractFunction) -> Object:
    return {
        "name": function.name,
        "arity": function.arity,
        "latex": function.latex,
        "text": function.text,
        "meaning": function.meaning,
    }


def _check(check: Check) -> Object:
    return {
        "kind": check.kind,
        "about": check.about,
        "method": check.method,
        "status": check.status,
        "residual": _nullable(_real, check.residual),
        "tolerance": _nullable(_real, check.tolerance),
        "seed": check.seed,
        "samples": check.samples,
        "message": check.message,
    }


def _real(value: float) -> float | str:
    """A number, or the word for one that JSON has no sign for."""
    return value if math.isfinite(value) else str(value)


def _pretty(value: object, indent: str = "") -> str:
    """JSON with a line for each field and each listed object; a list without objects in it, such
    as a term, and what is small or to be taken as one thing, such as a formula, stay on one line.
    """
    inner = indent + " "
    match value:
        case dict() if not any(isinstance(item, (dict, list)) for item in value.values()):
            return _flat(value)
        case {"latex": _, "text": _, "term": _, **others} if not others:
            return _flat(value)
        case dict() if value:
            fields = (f"{_flat(name)}: {_pretty(item, inner)}" for name, item in value.items())
            return "{\n" + ",\n".join(inner + each for each in fields) + f"\n{indent}}}"
        case list() if any(isinstance(item, dict) for item in value):
            items = (_pretty(item, inner) for item in value)
            return "[\n" + ",\n".join(inner + each for each in items) + f"\n{indent}]"
        case _:
            return _flat(value)


def _flat(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


# Reading -----------------------------------------------------------------------------------------


class _Reader:
    """Reads the parts of one derivation; every reference must be to a symbol that it declares."""

    def __init__(self, top: Cursor) -> None:
        schema = top.field("schema")
        if schema.string() != SCHEMA:
            raise schema.error(f"{SCHEMA!r} was expected, not {schema.string()[:60]!r}")
        self._top = top
        # The symbols alone, so that formulas can be held against them.
        self._problem = Problem(
            name=_short(top.field("name")),
            title=_short(top.field("title")),
            summary=top.field("summary").string(),
            indices=top.field("indices").map(read_index),
            quantities=top.field("symbols").map(_read_symbol),
            definitions=(),
            functions=top.field("functions").map(_read_function),
            example_index=top.field("example_index").nullable(read_index),
            written_out=top.field("written_out").map(Cursor.string),
            kept=_read_kept(top.optional("kept")),
            default_wrt=top.field("default_wrt").map(Cursor.string),
            default_sizes=_read_sizes(top.field("default_sizes")),
            jumps=_read_jumps(top.field("jumps")),
        )
        self._names = {quantity.name: quantity for quantity in self._problem.quantities}
        self._functions = {function.name for function in self._problem.functions}
        self._known_functions = {*FUNCTIONS, *MATRIX_FUNCTIONS, *self._functions}

    def derivation(self) -> Derivation:
        top = self._top
        problem = self._complete()
        return Derivation(
            problem=problem,
            wrt=top.field("wrt").map(self._name),
            sizes=_in_order(_read_sizes(top.field("sizes")), problem.size_names),
            lemmas=top.field("lemmas").map(self._lemma),
            results=top.field("results").map(self._result),
            small=top.field("small").map(self._small),
            matrix=top.field("matrix").map(self._matrix_line),
            provenance=top.field("provenance").map(self._provenance),
            meanings=top.field("meanings").map(self._meaning),
            checks=top.field("checks").map(_read_check),
            seed=top.field("seed").whole(),
        )

    def _complete(self) -> Problem:
        from dataclasses import replace

        definitions = self._top.field("definitions")
        if not definitions.items():
            raise definitions.error("a problem has at least one definition, the cost")
        self._problem = replace(
            self._problem,
            definitions=definitions.map(self._definition),
            facts=self._top.field("facts").map(self._fact),
        )
        return self._problem

    def _name(self, at: Cursor) -> str:
        name = at.string()
        if name not in self._names:
            raise at.error(f"there is no symbol {name[:40]!r}")
        return name

    def _formula(self, at: Cursor) -> Term:
        return self._term(at.field("term"))

    def _term(self, at: Cursor) -> Term:
        term = read_term(at)
        for part in walk(term):
            match part:
                case Ref(name=name, indices=indices):
                    if name not in self._names:
                        raise at.error(f"there is no symbol {name[:40]!r}")
                    wanted = len(self._names[name].indices)
                    if len(indices) != wanted:
                        raise at.error(f"{name} has {len(indices)} indices instead of {wanted}")
                case Apply(function=name, arguments=arguments, orders=orders):
                    if name not in self._known_functions:
                        raise at.error(f"there is no function {name[:40]!r}")
                    if (
                        name in FUNCTIONS
                        and name not in self._functions
                        and len(arguments) != FUNCTIONS[name].arity
                    ):
                        raise at.error(f"{name} takes {FUNCTIONS[name].arity} arguments")
                    if orders and len(orders) != len(arguments):
                        raise at.error(f"{name} needs an order for each of its arguments")
        return term

    def _derivative(self, at: Cursor) -> Derivative:
        term = self._formula(at)
        if not isinstance(term, Derivative):
            raise at.error("a derivative was expected")
        return term

    def _reference(self, at: Cursor) -> Ref:
        term = self._formula(at)
        if not isinstance(term, Ref):
            raise at.error("a reference to a quantity was expected")
        return term

    def _prose(self, at: Cursor) -> Prose:
        return Prose(at.field("parts").map(self._part))

    def _part(self, at: Cursor) -> str | Term:
        return at.string() if isinstance(at.value, str) else self._term(at)

    def _definition(self, at: Cursor) -> Definition:
        constant, derivative = at.optional("constant"), at.optional("derivative")
        return Definition(
            name=self._name(at.field("name")),
            indices=at.field("indices").map(read_index),
            body=self._formula(at.field("body")),
            meaning=_short(at.field("meaning")),
            constant=constant is not None and constant.boolean(),
            derivative=None if derivative is None else self._derivative(derivative),
        )

    def _fact(self, at: Cursor) -> Fact:
        return Fact(
            left=self._formula(at.field("left")),
            right=self._formula(at.field("right")),
            reason=at.field("reason").string(),
        )

    def _result(self, at: Cursor) -> Result:
        forms = at.field("matrix")
        return Result(
            wrt=self._name(at.field("wrt")),
            claim=self._derivative(at.field("claim")),
            term=self._formula(at),
            rows=self._matrix_form(forms.field("rows")),
            columns=self._matrix_form(forms.field("columns")),
        )

    def _lemma(self, at: Cursor) -> Lemma:
        return Lemma(
            number=at.field("number").whole(),
            claim=self._derivative(at.field("claim")),
            result=self._formula(at.field("result")),
            steps=at.field("steps").map(self._step),
        )

    def _step(self, at: Cursor) -> Step:
        return Step(
            rule=at.field("rule").string(),
            reason=self._prose(at.field("reason")),
            before=self._formula(at.field("before")),
            after=self._formula(at.field("after")),
            places=at.field("places").map(lambda place: place.map(Cursor.whole)),
            premises=at.field("premises").map(self._formula),
            detail=_choice(at.field("detail"), Detail),
        )

    def _small(self, at: Cursor) -> SmallCase:
        return SmallCase(
            sizes=_in_order(_read_sizes(at.field("sizes")), self._problem.size_names),
            wrt=self._reference(at.field("wrt")),
            lemmas=at.field("lemmas").map(self._lemma),
            explicit=self._formula(at.field("explicit")),
            folded=self._formula(at.field("folded")),
        )

    def _matrix_line(self, at: Cursor) -> MatrixLine:
        return MatrixLine(
            kind=_choice(at.field("kind"), _Kind),
            left=self._formula(at.field("left")),
            rows=self._matrix_form(at.field("rows")),
            columns=self._matrix_form(at.field("columns")),
        )

    def _matrix_form(self, at: Cursor) -> MatrixForm:
        held = at.optional("held")
        form = MatrixForm(
            term=self._term(at.field("index_form")),
            target=at.field("target").map(read_index),
            layout=_choice(at.field("layout"), Layout),
            expression=at.field("term").nullable(read_matrix),
            rows=at.field("rows").nullable(read_index),
            columns=at.field("columns").nullable(read_index),
            arrays=at.field("arrays").map(self._array),
            einsum=at.field("einsum").nullable(Cursor.string),
            reason=at.field("reason").string(),
            held=() if held is None else held.map(read_index),
        )
        if form.expression is not None and form.expression.shape != form.shape:
            raise at.error(f"a matrix of the shape {form.expression.shape} stands for {form.shape}")
        return form

    def _array(self, at: Cursor) -> StoredArray:
        array, term = read_matrix(at.field("array")), self._term(at.field("term"))
        if not isinstance(array, Array):
            raise at.error("a stored array was expected")
        if not isinstance(term, (Ref, Derivative)):
            raise at.error("an array holds a quantity or a derivative")
        rows, columns = (at.field(name).nullable(read_index) for name in ("rows", "columns"))
        return StoredArray(array, term, rows, columns)

    def _provenance(self, at: Cursor) -> Provenance:
        return Provenance(
            wrt=self._name(at.field("wrt")),
            sources=at.field("sources").map(
                lambda source: Source(
                    factor=self._formula(source.field("factor")),
                    sentence=self._prose(source.field("sentence")),
                    lemma=source.field("lemma").nullable(self._formula),
                )
            ),
            meetings=at.field("meetings").map(
                lambda meeting: Meeting(
                    claim=self._formula(meeting.field("claim")),
                    sentence=self._prose(meeting.field("sentence")),
                )
            ),
        )

    def _meaning(self, at: Cursor) -> Meanings:
        return Meanings(
            wrt=self._name(at.field("wrt")),
            stage=self._reference(at.field("stage")),
            per_example=self._derivative(at.field("per_example")),
            of_cost=self._lemma(at.field("of_cost")),
            with_factor=self._formula(at.field("with_factor")),
            without_factor=self._formula(at.field("without_factor")),
            equality=at.field("equality").map(self._step),
            slip=at.field("slip").nullable(self._slip),
        )

    def _slip(self, at: Cursor) -> Slip:
        return Slip(
            wrong=self._formula(at.field("wrong")),
            sizes=_in_order(_read_sizes(at.field("sizes")), self._problem.size_names),
            values=at.field("values").map(
                lambda pair: (self._formula(pair.field("of")), pair.field("value").fraction())
            ),
            right=at.field("right").fraction(),
            slipped=at.field("slipped").map(Cursor.fraction),
            assumption=at.field("assumption").string(),
        )


def _choice(at: Cursor, among: Any) -> Any:
    """One of the values of a ``Literal``."""
    return at.choice(get_args(among))


def _short(at: Cursor) -> str:
    """A title, a name or a meaning."""
    said = at.string()
    check_length(f"{at.place}: the text", said)
    return said


def _read_symbol(at: Cursor) -> Quantity:
    stack = at.field("stack")
    quantity = Quantity(
        name=_short(at.field("name")),
        indices=at.field("indices").map(read_index),
        role=_choice(at.field("role"), Role),
        latex=at.field("latex").string(),
        text=at.field("text").string(),
        stack_latex=stack.field("latex").string(),
        stack_text=stack.field("text").string(),
        meaning=_short(at.field("meaning")),
        domain=_choice(at.field("domain"), Domain),
        orientation=_choice(at.field("orientation"), Orientation),
    )
    if at.field("shape").map(read_extent) != quantity.shape:
        raise at.field("shape").error("the shape is not that of the indices")
    return quantity


def _read_function(at: Cursor) -> AbstractFunction:
    return AbstractFunction(
        name=_short(at.field("name")),
        arity=at.field("arity").whole(1),
        latex=at.field("latex").string(),
        text=at.field("text").string(),
        meaning=_short(at.field("meaning")),
    )


def _read_check(at: Cursor) -> Check:
    return Check(
        kind=at.field("kind").string(),
        about=at.field("about").string(),
        method=at.field("method").string(),
        status=_choice(at.field("status"), Status),
        residual=at.field("residual").nullable(Cursor.real),
        tolerance=at.field("tolerance").nullable(Cursor.real),
        seed=at.field("seed").nullable(Cursor.whole),
        message=at.field("message").string(),
        samples=at.field("samples").whole(),
    )


def _read_sizes(at: Cursor) -> tuple[tuple[str, int], ...]:
    return tuple((name, size.whole(1)) for name, size in at.entries())


def _read_kept(at: Cursor | None) -> tuple[str, ...]:
    return () if at is None else at.map(Cursor.string)


def _read_jumps(at: Cursor) -> tuple[tuple[str, Fraction], ...]:
    return tuple((name, value.fraction()) for name, value in at.entries())


def _in_order(
    sizes: tuple[tuple[str, int], ...], names: tuple[str, ...]
) -> tuple[tuple[str, int], ...]:
    """Sizes in the problem's order, whatever the order of the keys was."""
    order: Mapping[str, int] = {name: number for number, name in enumerate(names)}
    return tuple(sorted(sizes, key=lambda pair: order.get(pair[0], len(order))))
