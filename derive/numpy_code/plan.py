"""What a generated module computes: stages, their dependencies and their variables."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from derive.dependency import Scope
from derive.errors import Unsupported
from derive.model import Problem, Quantity
from derive.numpy_code.arrays import argument_names, axes_of, inputs_of
from derive.numpy_code.code import Code
from derive.numpy_code.dialects import NUMPY, Dialect
from derive.numpy_code.stable import Stabiliser, fold
from derive.numpy_code.writer import Writer, partial_name
from derive.terms import (
    Apply,
    Derivative,
    Index,
    Number,
    Ref,
    Term,
    bound_indices,
    children,
    free_indices,
    member,
    substitute,
    walk,
    weight,
)

__all__ = ["Plan", "Stage", "derivative_name", "parts_of"]


@dataclass(frozen=True, slots=True)
class Stage:
    """An intermediate result: the variable, what it is, and what it is made of.

    ``name`` is the quantity's name, or ``dL/dz`` for a stack of derivatives. With ``along``, the
    stage is the softmax of its body over that index.
    """

    name: str
    body: Term
    axes: tuple[Index, ...]
    along: Index | None = None


def derivative_name(term: Derivative) -> str:
    """The name of the stack of a derivative: ``dL/dz``.

    Raises:
        Unsupported: it is not the derivative of a named quantity.
    """
    if not isinstance(term.of, Ref):
        raise Unsupported(f"{term} is not the derivative of a named quantity")
    return f"d{term.of.name}/d{term.by.name}"


class Plan:
    """Everything that is decided about one generated module."""

    def __init__(
        self,
        problem: Problem,
        results: Mapping[str, Term],
        derivatives: Mapping[Derivative, Term],
        dialect: Dialect = NUMPY,
    ) -> None:
        _check_names(problem)
        self.problem = problem
        self._stabilise = Stabiliser(problem)
        self._values = self._stacks(derivatives)
        self.stages: dict[str, Stage] = {}
        for definition in problem.definitions:
            quantity = problem.quantity(definition.name)
            body = self._stabilise(definition.body)
            body = _own_letters(body, definition.indices, quantity.indices)
            share = self._stabilise.shares(body, quantity.indices)
            body, along = (body, None) if share is None else share
            axes = axes_of(quantity, problem)
            self.stages[quantity.name] = Stage(quantity.name, body, axes, along)
        named = self._with_names({name: self._folded(term) for name, term in results.items()})
        self.results: dict[str, Stage] = {}
        for name, term in named.items():
            body = self._stabilise(term)
            axes = self._result_axes(name, body)
            self.results[name] = Stage(name, body, axes)
            self._add_derivatives(body)
        self.names = self._variables()
        self.writer = Writer(problem, self.names, self._size_variables(), dialect)

    def code(self, stage: Stage) -> Code:
        """The stage as an array with its axes."""
        if stage.along is None:
            return self.writer.term(stage.body, stage.axes)
        order = (*(index for index in stage.axes if index != stage.along), stage.along)
        whole = self.writer.call("softmax", [self.writer.in_order(stage.body, order)])
        return self.writer.ordered(whole, order, stage.axes)

    def _stacks(self, derivatives: Mapping[Derivative, Term]) -> dict[str, tuple[Derivative, Term]]:
        """The derivatives of an example's loss by a stage, with their values, in which
        definitions have their names."""
        return {
            derivative_name(claim): (claim, self._folded(value))
            for claim, value in derivatives.items()
            if isinstance(claim.of, Ref)
            and set(claim.of.indices) <= set(claim.by.indices)
            and self.problem.definition(claim.by.name) is not None
        }

    def _folded(self, term: Term) -> Term:
        """The term with bodies of definitions replaced by their names."""
        problem = self.problem
        for definition in problem.definitions if problem.cost.indices else problem.definitions[:-1]:
            if not definition.constant and not isinstance(definition.body, (Ref, Number)):
                term = fold(term, definition.head, definition.body, _letters(term))
        return term

    def _with_names(self, results: dict[str, Term]) -> dict[str, Term]:
        """The results with a name for each derivative by a stage whose value stands in several
        places: ``dz = a − y`` is computed once."""
        heaviest_first = sorted(self._values, key=lambda name: -weight(self._values[name][1]))
        accepted: list[str] = []
        for name in heaviest_first:
            claim, value = self._values[name]
            if weight(value) < 2:
                continue
            folded = {
                wrt: fold(term, claim, value, _letters(term)) for wrt, term in results.items()
            }
            inside = {
                other: fold(term, claim, value, _letters(term))
                for other in accepted
                for term in (self._values[other][1],)
            }
            places = sum(folded[wrt] != term for wrt, term in results.items())
            places += sum(inside[other] != self._values[other][1] for other in accepted)
            if places < 2:
                continue
            accepted.append(name)
            results = folded
            for other, term in inside.items():
                self._values[other] = (self._values[other][0], term)
        return results

    def _add_derivatives(self, term: Term) -> None:
        """Stages for the derivatives that a result keeps as quantities of their own."""
        for part in walk(term):
            if not isinstance(part, Derivative):
                continue
            name = derivative_name(part)
            if name in self.stages:
                continue
            quantity = self.problem.quantity(part.by.name)
            claim, value = self._values.get(name, (part, None))
            if value is None:
                value = self._abstract_partial(part)
            body = self._stabilise(_own_letters(value, claim.by.running, quantity.indices))
            self._add_derivatives(body)
            self.stages[name] = Stage(name, body, axes_of(quantity, self.problem))

    def _abstract_partial(self, term: Derivative) -> Term:
        """The derivative of an abstract function of whole families, as a call of its own."""
        assert isinstance(term.of, Ref)
        definition = self.problem.definition(term.of.name)
        body = definition.body if definition is not None else None
        if isinstance(body, Apply) and self.problem.function(body.function) is not None:
            arguments = [member(argument) for argument in body.arguments]
            places = [
                place
                for place, argument in enumerate(arguments)
                if isinstance(argument, Ref) and argument.name == term.by.name
            ]
            others = [a for p, a in enumerate(arguments) if p not in places]
            if len(places) == 1 and not any(self._depends(a, term.by.name) for a in others):
                orders = tuple(int(place == places[0]) for place in range(len(arguments)))
                return Apply(body.function, tuple(arguments), orders)
        raise Unsupported(f"no value is known for {term}, which the gradient is made of")

    def _depends(self, term: Term, name: str) -> bool:
        for part in walk(term):
            if isinstance(part, Ref):
                definition = self.problem.definition(part.name)
                if part.name == name or (
                    definition is not None
                    and not definition.constant
                    and self._depends(definition.body, name)
                ):
                    return True
        return False

    def _result_axes(self, name: str, body: Term) -> tuple[Index, ...]:
        """The letters of a result in the order of its axes. Those of a derivative of what has
        components itself come in the order of declaration, the example's once."""
        cost = self.problem.cost
        if not cost.indices:
            return _result_axes(self.problem.quantity(name), body, self.problem)
        claim = Scope(self.problem).claim(name)
        return tuple(dict.fromkeys((*cost.indices, *claim.by.running)))

    # Names ---------------------------------------------------------------------------------------

    def _variables(self) -> dict[str, str]:
        """A variable for each quantity, size and stack of derivatives; inputs keep their names."""
        problem = self.problem
        names = {quantity.name: quantity.name for quantity in inputs_of(problem)}
        for name in names:
            if not name.isidentifier() or keyword.iskeyword(name) or name == "np":
                raise Unsupported(f"{name!r} cannot be the name of an argument in Python")
        taken = {*names, *(function.name for function in problem.functions), *_OF_MODULES}
        for function in problem.functions:
            arguments = argument_names(function, problem)
            taken |= {partial_name(function.name, arguments, p) for p in range(len(arguments))}
        for stage in self.stages.values():
            wanted = stage.name
            if "/" in wanted:
                of, by = wanted.split("/")
                wanted = by if problem.quantity(of[1:]).indices else f"{of}_{by}"
            if wanted in taken or keyword.iskeyword(wanted):
                letters = "".join(index.name for index in stage.axes if index.name.isidentifier())
                wanted = f"{wanted}_{letters or 'value'}"
            while wanted in taken:
                wanted += "_"
            taken.add(wanted)
            names[stage.name] = wanted
        return names

    def _size_variables(self) -> dict[str, str]:
        """A variable for each size: its symbol, unless something else has that name."""
        taken = {*self.names.values(), *(function.name for function in self.problem.functions)}
        variables: dict[str, str] = {}
        for size in self.problem.size_names:
            variable = size
            while variable in taken or keyword.iskeyword(variable):
                variable += "_size"
            variables[size] = variable
            taken.add(variable)
        return variables

    @property
    def taken(self) -> frozenset[str]:
        """Every name that means something in the module: no new variable may have it."""
        functions = [function.name for function in self.problem.functions]
        for function in self.problem.functions:
            arguments = argument_names(function, self.problem)
            functions += [partial_name(function.name, arguments, p) for p in range(len(arguments))]
        sizes = self.writer.size_names.values()
        return frozenset({*self.names.values(), *functions, *sizes, *_OF_MODULES})

    # Stages --------------------------------------------------------------------------------------

    def needs(self, stages: Iterable[Stage]) -> dict[str, None]:
        """The names of all stages that these are made of, in the order of computation."""
        found: dict[str, None] = {}

        def visit(term: Term) -> None:
            for part in parts_of(term):
                name = derivative_name(part) if isinstance(part, Derivative) else part.name
                stage = self.stages.get(name)
                if stage is not None and name not in found:
                    visit(stage.body)
                    found[name] = None

        for stage in stages:
            visit(stage.body)
        return found

    def inputs(self, stages: Iterable[Stage]) -> list[str]:
        """The inputs that these stages refer to, in order of declaration."""
        read = {
            part.name for stage in stages for part in parts_of(stage.body) if isinstance(part, Ref)
        }
        return [quantity.name for quantity in inputs_of(self.problem) if quantity.name in read]


#: Names of modules in the generated code, which no variable may have.
_OF_MODULES = {
    "np": "numpy",
    "torch": "torch",
    "jax": "jax",
    "jnp": "jax.numpy",
    "math": "math",
}

#: What the generated module names itself.
_OWN_NAMES = {
    **{name: f"the module {module}" for name, module in _OF_MODULES.items()},
    "rng": "the random numbers of example()",
    "seed": "the seed of example()",
    "arrays": "the arrays of example()",
}


def _check_names(problem: Problem) -> None:
    """Refuse names that would mean two things in the generated module.

    Raises:
        Unsupported: two names clash; the message says which.
    """
    inputs = [quantity.name for quantity in inputs_of(problem)]
    named = [(name, f"the {problem.quantity(name).role}") for name in inputs]
    named += [(name, "the size") for name in problem.size_names]
    named += [(function.name, "the function") for function in problem.functions]
    for name, what in named:
        if name in _OF_MODULES or (what == "the size" and name in _OWN_NAMES):
            raise Unsupported(
                f"{what} {name} clashes with {_OWN_NAMES[name]}, which is called {name} in the "
                f"exported code: give the {what.removeprefix('the ')} another name"
            )
    known = dict(named)
    for function in problem.functions:
        arguments = argument_names(function, problem)
        for place in range(len(arguments)):
            partial = partial_name(function.name, arguments, place)
            if partial in known:
                raise Unsupported(
                    f"{known[partial]} {partial} clashes with the derivative of the function "
                    f"{function.name}, which is called {partial} in the exported code: "
                    "give one of them another name"
                )
            known[partial] = f"the derivative of the function {function.name},"


def parts_of(term: Term) -> Iterator[Ref | Derivative]:
    """References and derivatives; what a derivative refers to is no part of it."""
    if isinstance(term, (Ref, Derivative)):
        yield term
        return
    for child in children(term):
        yield from parts_of(child)


def _letters(term: Term) -> tuple[Index, ...]:
    """Every index in the term, free or bound."""
    return tuple(dict.fromkeys((*free_indices(term), *bound_indices(term))))


def _own_letters(term: Term, letters: Sequence[Index], own: Sequence[Index]) -> Term:
    return substitute(term, dict(zip(letters, own, strict=True)))


def _result_axes(quantity: Quantity, body: Term, problem: Problem) -> tuple[Index, ...]:
    """The letters of a gradient in the order of the axes of its parameter.

    A gradient may be stated with other letters than those of the declaration.
    """
    free = free_indices(body)
    letters: list[Index] = []
    for index in quantity.indices:
        if index in free:
            letters.append(index)
            continue
        foreign = [f for f in free if f.size == index.size and f not in quantity.indices]
        fresh = next((f for f in foreign if f not in letters), index)
        letters.append(fresh)
    by_own = dict(zip(quantity.indices, letters, strict=True))
    return tuple(by_own[index] for index in axes_of(quantity, problem))
