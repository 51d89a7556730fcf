"""What is differentiated: named quantities, definitions in order, facts and domains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Literal, TypeAlias

from derive.errors import InputError
from derive.terms import (
    Apply,
    Derivative,
    Index,
    Number,
    Power,
    Ref,
    Shift,
    Size,
    Sum,
    Term,
    bounds,
    references,
    walk,
)

__all__ = [
    "AbstractFunction",
    "Definition",
    "Domain",
    "Fact",
    "Orientation",
    "Problem",
    "Quantity",
    "Role",
    "is_coefficient",
]

#: What a quantity is for. ``"definition"`` is a stage of the model: it has a body.
Role: TypeAlias = Literal["data", "parameter", "hyperparameter", "definition"]

#: Where the values of a quantity lie. ``"probabilities"``: in [0, 1], and they sum to one over the
#: last index, as one-hot labels do. ``"symmetric"`` and ``"positive definite"`` (and symmetric) are
#: square matrices; their elements are differentiated by as if each were free.
Domain: TypeAlias = Literal[
    "real",
    "positive",
    "unit interval",
    "binary",
    "probabilities",
    "symmetric",
    "positive definite",
]


#: How a parameter with one index stands among matrices.
Orientation: TypeAlias = Literal["column", "row"]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A named quantity: its indices (and so its shape), its role, how it prints.

    ``latex`` and ``text`` are the symbol without its indices: ``\\hat y`` and ``ŷ``. ``stack`` is
    the symbol of the whole array, ``X`` for ``x_ij``. A parameter with one index is a column
    vector among matrices, or a row where ``orientation`` says so (the ``W`` of ``Z = WX + b``).
    """

    name: str
    indices: tuple[Index, ...]
    role: Role
    latex: str
    text: str
    stack_latex: str
    stack_text: str
    meaning: str = ""
    domain: Domain = "real"
    orientation: Orientation = "column"

    @property
    def shape(self) -> tuple[str | int, ...]:
        """The size of each index: ``("m", "n")``; ``()`` for a scalar."""
        return tuple(index.size for index in self.indices)

    @property
    def ref(self) -> Ref:
        """The quantity at its own indices: ``x_ij``."""
        return Ref(self.name, self.indices)


@dataclass(frozen=True, slots=True)
class Definition:
    """``z_i := body``: the head's indices are free in the body.

    One that is ``constant`` has this value and is held fixed in every derivative, as if it were
    data. One with a ``derivative`` is the name of that derivative of an earlier definition, such
    as ``g_j := ∂J/∂w_j``; its body is what the derivative was found to be, and is proved again
    wherever the problem is derived.
    """

    name: str
    indices: tuple[Index, ...]
    body: Term
    meaning: str = ""
    constant: bool = False
    derivative: Derivative | None = None

    @property
    def head(self) -> Ref:
        """The left side: ``z_i``."""
        return Ref(self.name, self.indices)


@dataclass(frozen=True, slots=True)
class Fact:
    """An equation that holds of the data, usable as a premise: ``Σ_k y_ik = 1``."""

    left: Term
    right: Term
    reason: str


@dataclass(frozen=True, slots=True)
class AbstractFunction:
    """A function that stays abstract: any smooth ``g``, or a loss ``L(a, y)`` of several
    arguments."""

    name: str
    arity: int
    latex: str
    text: str
    meaning: str = ""


@dataclass(frozen=True)
class Problem:
    """A cost with everything it is made of.

    Attributes:
        name, title: how the problem is called, as an identifier and for a reader.
        indices: every index declared, spare letters included, in order.
        quantities: every quantity, in order of first use.
        definitions: the definitions in the order in which they are written; the cost is the last.
            What is differentiated need not be a number: it is a gradient ``g_j`` where a Hessian is
            wanted, and a stage ``p_ik`` where its Jacobian is.
        facts: equations about the data that a step may cite.
        functions: the abstract functions.
        example_index: the index that counts the examples (its size is ``m``), if there is one.
        written_out: definitions whose bodies are put back into the finished gradient, because the
            textbook prints them there (``Xw + b1 − y`` instead of ``ŷ − y``).
        kept: stages whose derivatives keep their names in what rests on them, as the errors δ of
            the layers of a network do, so that no formula grows with the depth.
        default_wrt: what to differentiate by unless something is asked for; all parameters if
            empty.
        summary: one sentence for the head of the page.
        jumps: what a function that jumps counts as where it jumps, by its name: a convention, on
            which a gradient depends at a kink of the cost and nowhere else. Without one, it is 0.
    """

    name: str
    title: str
    indices: tuple[Index, ...]
    quantities: tuple[Quantity, ...]
    definitions: tuple[Definition, ...]
    facts: tuple[Fact, ...] = ()
    functions: tuple[AbstractFunction, ...] = ()
    example_index: Index | None = None
    written_out: tuple[str, ...] = ()
    default_wrt: tuple[str, ...] = ()
    summary: str = ""
    default_sizes: tuple[tuple[str, int], ...] = field(default=())
    jumps: tuple[tuple[str, Fraction], ...] = ()
    kept: tuple[str, ...] = ()

    @cached_property
    def _quantity(self) -> dict[str, Quantity]:
        return {quantity.name: quantity for quantity in self.quantities}

    @cached_property
    def _definition(self) -> dict[str, Definition]:
        return {definition.name: definition for definition in self.definitions}

    @cached_property
    def _function(self) -> dict[str, AbstractFunction]:
        return {function.name: function for function in self.functions}

    @property
    def cost(self) -> Definition:
        """The definition that is differentiated, the last one."""
        return self.definitions[-1]

    @property
    def is_second_order(self) -> bool:
        """Whether what is differentiated isn't a cost: it has components of its own, or is made of
        derivatives."""
        return bool(self.cost.indices) or any(
            definition.derivative is not None for definition in self.definitions
        )

    def at_jump(self, function: str) -> Fraction:
        """What a function that jumps counts as where it jumps: 0 unless the author said
        otherwise."""
        return dict(self.jumps).get(function, Fraction(0))

    def quantity(self, name: str) -> Quantity:
        """The quantity of that name.

        Raises:
            InputError: there is none.
        """
        try:
            return self._quantity[name]
        except KeyError:
            raise InputError(f"{self.name} has no quantity called {name!r}") from None

    def definition(self, name: str) -> Definition | None:
        """The definition of that name, or ``None`` for data and parameters."""
        return self._definition.get(name)

    def function(self, name: str) -> AbstractFunction | None:
        """The abstract function of that name, or ``None``."""
        return self._function.get(name)

    @property
    def parameters(self) -> tuple[Quantity, ...]:
        """The parameters, in order of first use."""
        return tuple(q for q in self.quantities if q.role == "parameter")

    @property
    def inputs(self) -> tuple[Quantity, ...]:
        """What values are given for: data, parameters and hyperparameters."""
        return tuple(q for q in self.quantities if q.role != "definition")

    @cached_property
    def size_names(self) -> tuple[str, ...]:
        """The symbols of all sizes, the number of examples first: ``("m", "n")``."""
        names: dict[str, None] = {}
        if self.example_index is not None and isinstance(self.example_index.size, str):
            names[self.example_index.size] = None
        for index in self.indices:
            if isinstance(index.size, str):
                names[index.size] = None
        for definition in self.definitions:
            for part in walk(definition.body):
                if isinstance(part, Size):
                    names[part.name] = None
                elif isinstance(part, Sum) and isinstance(part.index.size, str):
                    names[part.index.size] = None
        return tuple(names)

    @cached_property
    def shifts(self) -> tuple[tuple[str, Index, Shift], ...]:
        """Each shifted place in the definitions: of which quantity, at which of its indices."""
        found: dict[tuple[str, Index, Shift], None] = {}
        for definition in self.definitions:
            if definition.derivative is not None:
                continue  # where its places lie outside, a bracket makes them count for nothing
            for ref in references(definition.body):
                own = self.quantity(ref.name).indices
                for index, place in zip(own, ref.indices, strict=False):
                    if isinstance(place, Shift):
                        found[ref.name, index, place] = None
        return tuple(found)

    @cached_property
    def dependent_sizes(self) -> frozenset[str]:
        """The sizes that shifts set: the ``S`` of ``x_s`` in ``y_t = Σ_k w_k x_{t+k−1}``."""
        return frozenset(own.size for _, own, _ in self.shifts if isinstance(own.size, str))

    def fitted(self, sizes: Mapping[str, int]) -> dict[str, int]:
        """The sizes, those that a shift would exceed made as large as it needs:
        ``S = T + K − 1``.

        Raises:
            InputError: a size that is a number is too small, or no size is large enough.
        """
        fitted = dict(sizes)
        for _ in range(len(self.shifts) + 1):
            before = dict(fitted)
            for name, own, shift in self.shifts:
                greatest = bounds(shift, fitted)[1]
                if greatest is None:
                    continue
                if isinstance(own.size, str) and own.size in fitted:
                    fitted[own.size] = max(fitted[own.size], greatest)
                elif isinstance(own.size, int) and own.size < greatest:
                    raise InputError(
                        f"the place {shift} in {name} goes up to {greatest}, but {own.name} runs "
                        f"to {own.size}"
                    )
            if fitted == before:
                return fitted
        name, own, shift = self.shifts[0]
        raise InputError(f"no size is large enough for the place {shift} in {name}")

    def without_facts(self) -> Problem:
        """The same problem, in which nothing is known about the data.

        >>> import derive
        >>> problem = derive.catalogue.load("softmax_regression").without_facts()
        >>> print(derive.gradient(problem, wrt="b").result)  # doctest: +SKIP
        """
        quantities = tuple(
            replace(q, domain="real") if q.domain == "probabilities" else q for q in self.quantities
        )
        return replace(self, facts=(), quantities=quantities)

    def spare_indices(self) -> Iterator[Index]:
        """Indices that are free to be used as new letters, in order of declaration."""
        yield from self.indices


def is_coefficient(term: Term, problem: Problem) -> bool:
    """Whether the term is a number, a size, a hyperparameter or a power of one: what stands in
    front of a sum."""
    match term:
        case Number() | Size() | Apply(arguments=()):
            return True
        case Power(base=base, exponent=Number()):
            return is_coefficient(base, problem)
        case Ref(name=name, indices=()):
            return problem.quantity(name).role == "hyperparameter"
        case _:
            return False
