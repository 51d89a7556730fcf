"""From a cost to its checked derivation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from derive.backpropagation import LEMMA, SECOND_ORDER, Prover
from derive.catalogue import load
from derive.collector import collection_paused
from derive.dependency import Scope
from derive.derivation import (
    Check,
    Detail,
    Lemma,
    Meanings,
    Provenance,
    SmallCase,
    Step,
)
from derive.errors import InputError, Unsupported
from derive.language import Expression, Named
from derive.language import problem as make_problem
from derive.language.assembly import TOO_DEEP
from derive.matrix import MatrixForm, vectorise, vectorise_blocks
from derive.meanings import meanings_of
from derive.model import Problem, Quantity
from derive.provenance import provenance_of
from derive.rules.matching import match
from derive.small_case import resolve_sizes, small_cases
from derive.terms import Derivative, Index, Term, free_indices, walk, weight

if TYPE_CHECKING:
    from derive.beside import Beside
    from derive.checks import Points
    from derive.scaling import Scaling

__all__ = ["Derivation", "MatrixLine", "Result", "gradient"]

#: What may be asked for: a catalogue name, a cost as an expression, or a problem.
Cost: TypeAlias = "str | Expression | Problem"


@dataclass(frozen=True)
class MatrixLine:
    """One line of the matrix section: a quantity or a derivative, in both layouts.

    ``kind`` is ``"forward"`` for a definition, ``"backward"`` for a derivative by a stage,
    ``"gradient"`` for a derivative by a parameter, and ``"meaning"`` for the same with one of the
    two meanings of ``dZ`` in it.
    """

    kind: Literal["forward", "backward", "gradient", "meaning"]
    left: Term
    rows: MatrixForm
    columns: MatrixForm


@dataclass(frozen=True)
class Result:
    """The gradient by one quantity.

    Attributes:
        wrt: the name of the quantity.
        claim: ``∂J/∂w_j``.
        term: its value in index form.
        rows, columns: the whole array as matrices, in the layout in which examples are rows and
            in that in which they are columns.
    """

    wrt: str
    claim: Derivative
    term: Term
    rows: MatrixForm
    columns: MatrixForm


@dataclass(frozen=True)
class Derivation:
    """A gradient with everything that leads to it.

    Attributes:
        problem: what is differentiated.
        wrt: the names of the quantities differentiated by.
        sizes: the sizes of the written-out case, as pairs of symbol and number.
        lemmas: the derivation for every size, in an order in which each rests on earlier ones.
        results: the gradient by each of ``wrt``.
        small: the written-out case for each of ``wrt``.
        matrix: the matrix form, line by line.
        provenance: where each factor of each result came from.
        meanings: the two meanings of ``dZ``, for each of ``wrt`` that has them.
        checks: every check, with its outcome.
        seed: what the random values of the checks were made from.
    """

    problem: Problem
    wrt: tuple[str, ...]
    sizes: tuple[tuple[str, int], ...]
    lemmas: tuple[Lemma, ...]
    results: tuple[Result, ...]
    small: tuple[SmallCase, ...]
    matrix: tuple[MatrixLine, ...]
    provenance: tuple[Provenance, ...]
    meanings: tuple[Meanings, ...]
    checks: tuple[Check, ...]
    seed: int = 0

    @property
    def result(self) -> Term:
        """The gradient in index form.

        Raises:
            InputError: the derivation is by several quantities; see :attr:`results`.
        """
        if len(self.results) != 1:
            raise InputError(
                f"this derivation has the results by {', '.join(self.wrt)}; "
                "take one of derivation.results, or ask for one with wrt="
            )
        return self.results[0].term

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Every step of the derivation for all sizes, in reading order."""
        return tuple(step for lemma in self.lemmas for step in lemma.steps)

    def lemma(self, claim: Term) -> Lemma | None:
        """The lemma that proves ``claim``, if there is one."""
        return next((lemma for lemma in self.lemmas if lemma.claim == claim), None)

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.status == "passed" for check in self.checks)

    def latex(self, *, detail: Detail = "normal", fragment: bool = False, label: str = "") -> str:
        """The derivation as LaTeX: a document, or a fragment for ``\\input``.

        Args:
            detail: how much of it is printed.
            fragment: no preamble; it needs amsmath and xcolor.
            label: a prefix of the fragment's labels.
        """
        from derive.exporters import latex

        return latex.export(self, detail=detail, fragment=fragment, label=label)

    def text(self, *, detail: Detail = "normal", width: int = 100) -> str:
        """The derivation as Unicode text of at most ``width`` columns."""
        from derive.exporters import text

        if isinstance(width, bool) or not isinstance(width, int) or not 1 <= width <= 1000:
            raise InputError(f"width={width!r} is not a whole number from 1 to 1000")
        return text.export(self, detail=detail, width=width)

    def html(self, *, detail: Detail = "normal", page: bool = True) -> str:
        """The derivation as HTML with its formulas in MathML: a page that needs no other file, or
        a fragment for a page that is there already."""
        from derive.exporters import html

        return html.export(self, detail=detail, page=page)

    def markdown(
        self,
        *,
        flavour: Literal["github", "myst", "quarto", "mkdocs", "jupyter"] = "github",
        detail: Detail = "normal",
    ) -> str:
        """The derivation as Markdown, with formulas as the flavour writes them."""
        from derive.exporters import markdown

        return markdown.export(self, flavour=flavour, detail=detail)

    def notebook(self, *, target: str = "", detail: Detail = "normal") -> str:
        """The derivation as a Jupyter notebook that computes and checks the gradient again.

        Args:
            target: what it derives again, a catalogue name or ``file.py:name``; if left out, an
                entry of the catalogue goes by its name, and anything else by its NumPy module.
            detail: how much of it is printed.
        """
        from derive.exporters import notebook

        return notebook.export(self, target=target, detail=detail)

    def graph(self, kind: Literal["svg", "tikz"] = "svg") -> str:
        """The computation graph: values forward, derivatives backward, the ``1/m`` marked."""
        if kind == "svg":
            from derive.exporters import graph_svg

            return graph_svg.export(self)
        if kind == "tikz":
            from derive.exporters import graph_tikz

            return graph_tikz.export(self)
        raise InputError(f"kind={kind!r} is none of 'svg', 'tikz'")

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return self.html(page=False)

    def _repr_markdown_(self) -> str:
        from derive.exporters import markdown

        return markdown.export(self, flavour="jupyter", heading=3)

    def _repr_latex_(self) -> str:
        from derive.exporters import markdown

        return markdown.results(self)

    def __rich__(self) -> Any:
        """What Rich prints."""
        from derive.exporters import terminal

        return terminal.renderable(self)

    def json(self) -> str:
        """The derivation as JSON, see ``docs/json.md``; :func:`derive.from_json` reads it back."""
        from derive.exporters import json

        return json.export(self)

    def python(self) -> str:
        """The source of a module with ``cost``, ``gradient`` and ``example``, for NumPy alone."""
        return self._source

    @cached_property
    def _source(self) -> str:
        from derive.numpy_code import module_source

        return self._written_by(module_source)

    def _written_by(self, write: Callable[..., str]) -> str:
        """The text that one of the writers of :mod:`derive.numpy_code` makes."""
        return write(
            self.problem,
            {result.wrt: result.term for result in self.results},
            title=self.problem.title,
            docstring_lines=[f"{result.claim} = {result.term}" for result in self.results],
            derivatives={lemma.claim: lemma.result for lemma in self.lemmas},
        )

    def torch(self) -> str:
        """The source of a module for PyTorch: ``cost`` on tensors, a ``torch.autograd.Function``
        whose backward pass is the gradient that was derived.

        Raises:
            derive.errors.Unsupported: a term has no form in PyTorch.

        >>> "class _Cost(torch.autograd.Function):" in gradient("linear_regression").torch()
        True
        """
        from derive.numpy_code import torch_source

        return self._written_by(torch_source)

    def jax(self) -> str:
        """The source of a module for JAX: ``cost`` on arrays, a ``jax.custom_vjp`` whose backward
        pass is the gradient that was derived.

        Raises:
            derive.errors.Unsupported: a term has no form in JAX.

        >>> "@jax.custom_vjp" in gradient("linear_regression").jax()
        True
        """
        from derive.numpy_code import jax_source

        return self._written_by(jax_source)

    def numpy(self) -> Callable[..., dict[str, Any]]:
        """The gradient as a function on arrays, by the names of the problem's symbols; it returns
        a dict by parameter. Arrays have the axes of their declaration.

        >>> import numpy as np
        >>> d = gradient("linear_regression", wrt="w")
        >>> d.numpy()(x=np.eye(2), y=np.zeros(2), w=np.ones(2), b=0.0)["w"]
        array([0.5, 0.5])
        """
        from derive.numpy_code import compile_module

        function: Callable[..., dict[str, Any]] = compile_module(self.python())["gradient"]
        return function

    def sympy_cost(self) -> Any:
        """The cost of the written-out case as a SymPy expression in plain symbols (``w_1``,
        ``x_1_2``), every stage put in.

        >>> d = gradient("linear_regression", wrt="w", check="none", m=1, n=1)
        >>> d.sympy_cost()
        (b + w_1*x_1_1 - y_1)**2/2
        """
        from derive.checks.oracle import unrolled

        return unrolled(self.problem, dict(self.sizes))

    def scaling(self) -> Scaling | None:
        """Why one divides by m: measured on generated data, see :mod:`derive.scaling`; ``None``
        where the cost is not a mean."""
        return self._scaling

    @cached_property
    def _scaling(self) -> Scaling | None:
        from derive.scaling import measure

        return measure(self)

    def __str__(self) -> str:
        return self.text()


def gradient(
    cost: Cost,
    wrt: str | Named | Iterable[str | Named] | None = None,
    *,
    check: Literal["raise", "report", "none"] = "raise",
    seed: int = 0,
    beside: Beside | None = None,
    **sizes: int,
) -> Derivation:
    """Derive the gradient of a cost, step by step, and check every step.

    Args:
        cost: the name of a catalogue entry, an expression (see :mod:`derive.language`), or a
            problem made by :func:`derive.problem`.
        wrt: what to differentiate by, by name or as the quantity; if left out, what the problem
            says, else all parameters.
        check: ``"raise"`` an error if a check fails, only ``"report"`` it, or run ``"none"``.
        seed: for the random values of the checks.
        beside: a process that runs SymPy's part of the checks meanwhile, see
            :mod:`derive.beside`.
        sizes: the sizes of the written-out case, such as ``m=3, n=2``.

    Raises:
        InputError: the cost, a name or a size cannot be read.
        Unsupported: there is no rule for a part of the cost; the message names it.
        CheckFailed: a check found a difference.

    >>> d = gradient("logistic_regression", wrt="w", m=3, n=2)
    >>> print(d.result)
    (1/m) Σᵢ₌₁ᵐ (a_i − y_i) x_ij
    """
    if check not in ("raise", "report", "none"):
        raise InputError(f"check={check!r} is none of 'raise', 'report', 'none'")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InputError(f"seed={seed!r} is not a whole number of at least 0")
    problem = as_problem(cost)
    try:
        with collection_paused():
            return _derived(problem, wrt, check, seed, beside, sizes)
    except RecursionError:
        raise Unsupported(TOO_DEEP) from None


def _derived(
    problem: Problem,
    wrt: str | Named | Iterable[str | Named] | None,
    check: Literal["raise", "report", "none"],
    seed: int,
    beside: Beside | None,
    sizes: Mapping[str, int],
) -> Derivation:
    from derive.checks import Points, check_proofs, require

    names = quantities(problem, wrt)
    resolved = resolve_sizes(problem, sizes)
    scope = Scope(problem)
    prover = Prover(scope, closing=SECOND_ORDER if problem.is_second_order else ())
    for definition in problem.definitions:
        if definition.derivative is not None:
            prover.whole(definition.derivative)
    mains = [prover.whole(scope.claim(name)) for name in names]
    lemmas = tuple(prover.lemmas)
    if beside is not None and check != "none":
        beside.begin(problem, {main.claim.by.name: main.result for main in mains}, seed)
    # What rests on a wrong step need not make sense: a wrong step is reported before anything is
    # made of it.
    drawn = Points(problem, seed)
    proofs = () if check == "none" else check_proofs(problem, lemmas, seed=seed, drawn=drawn)
    if check == "raise":
        require(proofs)
    results = tuple(
        _result(problem, problem.quantity(name), main)
        for name, main in zip(names, mains, strict=True)
    )
    meanings = _meanings(problem, mains, prover)
    unchecked = Derivation(
        problem=problem,
        wrt=names,
        sizes=tuple(resolved.items()),
        lemmas=lemmas,
        results=results,
        small=small_cases(problem, names, resolved),
        matrix=tuple(_matrix_lines(problem, lemmas, mains, meanings)),
        provenance=tuple(provenance_of(problem, main, lemmas) for main in mains),
        meanings=meanings,
        checks=(),
        seed=seed,
    )
    if check == "none":
        return unchecked
    checks = _all_checks(unchecked, seed, beside, proofs, drawn)
    if check == "raise":
        require(checks)
    checked = replace(unchecked, checks=checks)
    # The module that was checked: it is the same with the checks as without them.
    checked.__dict__["_source"] = unchecked.python()
    return checked


def _meanings(problem: Problem, mains: Iterable[Lemma], prover: Prover) -> tuple[Meanings, ...]:
    """Both meanings by each parameter that has them. Where no simple numbers refute the slip by one
    parameter, none are looked for by the others: the search takes long, and longer the deeper the
    cost is."""
    found: list[Meanings] = []
    for main in mains:
        sought = not found or found[-1].slip is not None
        meaning = meanings_of(problem, main, prover, refute=sought)
        if meaning is not None:
            found.append(meaning)
    return tuple(found)


def check_again(derivation: Derivation, seed: int | None = None) -> tuple[Check, ...]:
    """Run every check of a derivation, with another seed if one is given."""
    return _all_checks(derivation, derivation.seed if seed is None else seed)


def _all_checks(
    derivation: Derivation,
    seed: int,
    beside: Beside | None = None,
    proofs: tuple[Check, ...] | None = None,
    drawn: Points | None = None,
) -> tuple[Check, ...]:
    from derive.checks import check_all

    return check_all(
        derivation.problem,
        lemmas=derivation.lemmas,
        small=derivation.small,
        meanings=derivation.meanings,
        forms=[
            *(form for line in derivation.matrix for form in (line.rows, line.columns)),
            *(form for result in derivation.results for form in (result.rows, result.columns)),
        ],
        results={result.wrt: result.term for result in derivation.results},
        source=derivation.python(),
        seed=seed,
        beside=beside,
        proofs=proofs,
        drawn=drawn,
    )


def as_problem(cost: Cost) -> Problem:
    """The problem that is meant by a name, an expression or a problem."""
    match cost:
        case str():
            return load(cost)
        case Problem():
            return cost
        case _:
            return make_problem(cost)


def quantities(
    problem: Problem, wrt: str | Named | Iterable[str | Named] | None
) -> tuple[str, ...]:
    """The names of the quantities that are meant: what one may differentiate by.

    Raises:
        InputError: there is no such quantity, or it is a stage or the cost.
    """
    if wrt is None:
        names = problem.default_wrt or tuple(quantity.name for quantity in problem.parameters)
        if not names:
            raise InputError(
                f"{problem.name} has no parameters; say what to differentiate by with wrt="
            )
        return names
    several = isinstance(wrt, Iterable) and not isinstance(wrt, (str, Named))
    given: list[str | Named] = []
    for each in wrt if several else [wrt]:
        if not isinstance(each, (str, Named)):
            raise InputError(f"{each!r} is not a name or a quantity to differentiate by")
        given.append(each)
    if not given:
        raise InputError("wrt is empty: name at least one quantity")
    names = tuple(dict.fromkeys(each.name if isinstance(each, Named) else each for each in given))
    known = [quantity.name for quantity in problem.quantities]
    for each in given:
        if isinstance(each, Named) and each.name not in known:
            raise InputError(f"the cost {problem.cost.name} does not depend on {each.name}")
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=2, cutoff=0.4)
            hint = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(known)}"
            raise InputError(f"{problem.name} has no quantity {name!r}; {hint}")
        if name == problem.cost.name:
            raise InputError(f"{name} is the cost itself; its derivative by itself is 1")
        if problem.quantity(name).role == "definition":
            definition = problem.definition(name)
            assert definition is not None
            raise InputError(
                f"{name} is a stage of the model ({definition.head} = {definition.body}); "
                "differentiate by a parameter or by data"
            )
    return names


def _result(problem: Problem, quantity: Quantity, main: Lemma) -> Result:
    rows, columns = (
        vectorise_blocks(main.result, problem, layout, _axes(problem, main), quantity.orientation)
        for layout in _LAYOUTS
    )
    return Result(quantity.name, main.claim, main.result, rows, columns)


def _axes(problem: Problem, main: Lemma) -> tuple[Index, ...]:
    """The axes of what is derived: those of the cost, if it has any, then those of the quantity
    that it is differentiated by. What each example has of its own stands once."""
    return tuple(dict.fromkeys((*problem.cost.indices, *main.claim.by.running)))


_LAYOUTS: tuple[Literal["rows"], Literal["columns"]] = ("rows", "columns")


def _matrix_lines(
    problem: Problem,
    lemmas: Iterable[Lemma],
    mains: Iterable[Lemma],
    meanings: Iterable[Meanings],
) -> Iterable[MatrixLine]:
    """Forward through the definitions, backward through the stages, then the gradients; at last
    the gradients with either meaning of ``dZ``."""
    for definition in problem.definitions:
        yield _matrix_line(problem, "forward", definition.head, definition.body, definition.indices)
    lemmas, mains = tuple(lemmas), tuple(mains)
    for lemma in _backward_lemmas(problem, lemmas, mains):
        left = lemma.claim
        yield _matrix_line(problem, "backward", left, _shorter_form(lemma), left.by.running)
    for main in mains:
        yield from _gradient_lines(problem, main, _axes(problem, main))
    claims = {main.claim.by.name: main.claim for main in mains}
    for meaning in meanings:
        indices = problem.quantity(meaning.wrt).indices
        for term in (meaning.with_factor, meaning.without_factor):
            yield _matrix_line(problem, "meaning", claims[meaning.wrt], term, indices)


def _gradient_lines(
    problem: Problem, main: Lemma, indices: tuple[Any, ...]
) -> Iterable[MatrixLine]:
    """The gradient in terms of the derivatives by the stages, and as it is printed; of the former
    nothing is said where it alone is no matrix."""
    forms = dict.fromkeys((_gradient_form(problem, main), main.result))
    lines = [_matrix_line(problem, "gradient", main.claim, term, indices) for term in forms]
    # Of an array with more than two indices, only what can be read as blocks says more.
    blocks = [line for line in lines if line.rows.held and line.rows.expression is not None]
    lines = blocks or lines
    printed = lines[-1]
    for line in lines:
        if line is printed or all(
            form.expression is not None or other.expression is None
            for form, other in ((line.rows, printed.rows), (line.columns, printed.columns))
        ):
            yield line


def _backward_lemmas(
    problem: Problem, lemmas: tuple[Lemma, ...], mains: tuple[Lemma, ...]
) -> tuple[Lemma, ...]:
    """The lemmas about the derivatives by stages that the gradients are made of, in order."""
    found: dict[int, Lemma] = {}

    def about(part: Term) -> Lemma | None:
        """The lemma about the derivative, whatever the letters of its indices."""
        if not isinstance(part, Derivative):
            return None
        claims = (
            lemma
            for lemma in lemmas
            if match(lemma.claim, part, frozenset(free_indices(lemma.claim))) is not None
        )
        return next(claims, None)

    def visit(term: Term) -> None:
        for part in walk(term):
            lemma = about(part)
            if lemma is not None and lemma.number not in found:
                found[lemma.number] = lemma
                visit(_shorter_form(lemma))

    for main in mains:
        visit(_gradient_form(problem, main))
    # ∂c_i/∂z_p has more indices than a gradient: it is no array of the shape of z.
    return tuple(
        found[number]
        for number in sorted(found)
        if set(free_indices(found[number].claim)) <= set(found[number].claim.by.running)
    )


def _named_form(lemma: Lemma) -> Term:
    """The line in which the derivatives by stages still have their names:
    ``(1/m) Σ_i ∂L_i/∂z_i x_ij``; the result where there is no such line."""
    for step in lemma.steps:
        if step.rule == LEMMA:
            return step.after
    return lemma.result


def _gradient_form(problem: Problem, main: Lemma) -> Term:
    """The named form of a gradient. By what each example has of its own, such as ``x_ij``, it is
    ``(1/m) ∂L_i/∂x_ij``."""
    if problem.example_index in problem.quantity(main.claim.by.name).indices:
        for step in main.steps:
            if step.rule == LEMMA:
                return step.before
    return _named_form(main)


def _shorter_form(lemma: Lemma) -> Term:
    """The named form or the result, whichever is shorter."""
    return min(_named_form(lemma), lemma.result, key=weight)


def _matrix_line(
    problem: Problem,
    kind: Literal["forward", "backward", "gradient", "meaning"],
    left: Term,
    term: Term,
    target: tuple[Any, ...],
) -> MatrixLine:
    orientation = (
        problem.quantity(left.by.name).orientation if isinstance(left, Derivative) else "column"
    )
    read = vectorise_blocks if kind == "gradient" else vectorise
    rows, columns = (read(term, problem, layout, target, orientation) for layout in _LAYOUTS)
    return MatrixLine(kind, left, rows, columns)
