"""What a term means, as a number: evaluation at given sizes and values.

Everything is computed in :class:`decimal.Decimal` (C code, the same digits on every platform).
A derivative is computed by central differences of what it differentiates, never by a rule of
differentiation, so that a step of a derivation can be checked by what shares no code with it.

*Precision.* Differences lose a third of the digits: with ``D`` digits and a step of ``10^(−D/3)``
both the truncation error and the rounding error are about ``10^(−2D/3)``. A term without
derivatives or with one level of them is evaluated with 50 digits, so that 33 remain; each further
level of nested derivatives multiplies the working precision by 3/2, so that 33 remain again.

*Cost.* Terms are compiled once to closures, shared by all points (:meth:`Evaluator.at`). Each
component of a definition is computed once per point, and so is each table of a term. A difference
is taken between two points that lie beside the point, a step away in one component. These are kept
with it: whatever is differentiated by that component is evaluated there, and only the components
that depend on it are computed anew.
"""

from __future__ import annotations

import decimal
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeAlias

from derive.errors import DeriveError, InputError
from derive.functions import FUNCTIONS
from derive.matrix_functions import MATRIX_FUNCTIONS
from derive.model import Definition, Problem
from derive.terms import (
    Add,
    Apply,
    Delta,
    Derivative,
    Family,
    Index,
    IndexLike,
    Number,
    Power,
    Product,
    Ref,
    Shift,
    Size,
    Sum,
    Term,
    Within,
    children,
    free_indices,
    references,
)

__all__ = ["DIGITS", "ConcreteFunction", "EvaluationError", "Evaluator", "Table", "Values", "span"]

#: Digits carried where at most one level of derivatives is involved.
DIGITS = 50

#: A concrete function in place of an abstract one. It is given all its arguments in one flat
#: tuple; a family of values contributes all its members, in order.
ConcreteFunction: TypeAlias = Callable[[tuple[Decimal, ...]], Decimal]

#: For each quantity its components by their indices, counted from 1; a scalar has the key ``()``.
Values: TypeAlias = Mapping[str, Mapping[tuple[int, ...], Decimal]]

#: The values of a term by those of its indices, counted from 1.
Table: TypeAlias = Mapping[tuple[int, ...], Decimal]

_Key: TypeAlias = tuple[Any, ...]  # a component: its name, then its indices
_Code: TypeAlias = Callable[["_State"], Decimal]

_ZERO, _ONE, _TEN = Decimal(0), Decimal(1), Decimal(10)
_UNBOUND = 0  # the place of an index that has no value; ranges start from 1


class EvaluationError(DeriveError):
    """A term has no value at these numbers: a division by zero, the logarithm of −1."""


def span(index: Index, sizes: Mapping[str, int]) -> range:
    """The values ``1 … size`` of an index.

    Raises:
        InputError: the size is a symbol that ``sizes`` doesn't know, or is less than 1.

    >>> span(Index("i", "m"), {"m": 3})
    range(1, 4)
    """
    size = index.size
    if isinstance(size, str):
        if size not in sizes:
            raise InputError(f"no number is given for the size {size} of the index {index.name}")
        size = sizes[size]
    if size < 1:
        raise InputError(f"the index {index.name} runs over {size} values; it needs at least 1")
    return range(1, size + 1)


class _State:
    """One point: the values of all components known so far, at one precision.

    Attributes:
        memo: the values of components.
        derivatives: the values of derivatives, by what identifies them.
        applied: the values of functions, by their arguments; the same for points beside this one.
        places: the values of the running indices; the same list for points beside this one.
        steps: the steps of differences, innermost first.
        target: the component that was set last.
        cut: all the components that were set; they are cut off from their definitions.
        parent: the point beside which this one lies.
        depending: which components depend on :attr:`target`, as far as it is known.
        beside: the points beside this one, two for each component and step, and their distance.
    """

    __slots__ = (
        "applied",
        "beside",
        "context",
        "cut",
        "depending",
        "derivatives",
        "functions",
        "memo",
        "parent",
        "places",
        "steps",
        "target",
    )

    def __init__(
        self, inputs: Mapping[_Key, Decimal], functions: Mapping[str, ConcreteFunction], levels: int
    ) -> None:
        digits = DIGITS
        for _ in range(levels - 1):
            digits = -(-digits * 3 // 2)
        self.context = decimal.Context(
            prec=digits,
            rounding=decimal.ROUND_HALF_EVEN,
            traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
        )
        steps = []
        for _ in range(levels):  # innermost differences first: they have the most digits
            steps.append(_ONE.scaleb(-(digits // 3)))
            digits = digits * 2 // 3
        self.steps = tuple(steps)
        self.memo: dict[_Key, Decimal] = dict(inputs)
        self.derivatives: dict[_Key, Decimal] = {}
        self.applied: dict[_Key, Decimal] = {}
        self.functions = functions
        self.places: list[int] = []
        self.target: _Key = ()
        self.cut: frozenset[_Key] = frozenset()
        self.parent: _State | None = None
        self.depending: dict[_Key, bool] = {}
        self.beside: dict[tuple[_Key, int], tuple[_State, _State, Decimal]] = {}

    def moved(
        self, component: _Key, value: Decimal, cut: frozenset[_Key], depending: dict[_Key, bool]
    ) -> _State:
        """The point that differs from this one in one component, and in what depends on it."""
        other = object.__new__(_State)
        other.context, other.steps, other.functions = self.context, self.steps, self.functions
        other.applied, other.places = self.applied, self.places
        other.memo, other.derivatives, other.beside = {component: value}, {}, {}
        other.target, other.cut = component, cut
        other.parent, other.depending = self, depending
        return other


def _width(center: Decimal, step: Decimal) -> Decimal:
    """The step for differences around ``center``: in proportion to it, within reason.

    In proportion, because a logarithm of something small changes on that scale; within reason,
    because a value may also be small by accident, and rounding errors grow as the step shrinks.
    """
    if not center:
        return step
    return step.scaleb(max(-6, min(6, center.adjusted())))


def _difference(
    function: ConcreteFunction,
    arguments: tuple[Decimal, ...],
    orders: tuple[int, ...],
    steps: tuple[Decimal, ...],
) -> Decimal:
    """A partial derivative of ``function``, by nested central differences."""
    for position, order in enumerate(orders):
        if order:
            lower = (*orders[:position], order - 1, *orders[position + 1 :])
            center = arguments[position]
            width = _width(center, steps[sum(lower)])
            head, tail = arguments[:position], arguments[position + 1 :]
            above = _difference(function, (*head, center + width, *tail), lower, steps)
            below = _difference(function, (*head, center - width, *tail), lower, steps)
            return (above - below) / (2 * width)
    return function(arguments)


class _Program:
    """The terms of one problem at given sizes, compiled; independent of the values."""

    def __init__(self, problem: Problem, sizes: Mapping[str, int]) -> None:
        self.problem = problem
        self.sizes = dict(sizes)
        self._slots: dict[Index, int] = {}
        # Keyed by identity, which is cheap: the lines of a derivation share most of their parts.
        # The term is kept beside its code, so that its identity isn't given to another one.
        self._compiled: dict[int, tuple[Term, _Code, int]] = {}
        self._numbers: dict[Derivative, int] = {}
        self._bodies: dict[str, tuple[_Code, tuple[int, ...], tuple[range, ...]]] = {}
        self._levels: dict[str, int] = {}
        self._in_range: dict[_Key, None] = {}
        self._reads: dict[_Key, tuple[_Key, ...]] = {}
        self._reads_inside: dict[_Key, tuple[_Key, ...]] = {}
        self._dependents: dict[str, frozenset[str]] = {}
        self._depending: dict[tuple[_Key, frozenset[_Key]], dict[_Key, bool]] = {}

    def slot(self, index: Index) -> int:
        """The place in :attr:`_State.places` at which the value of ``index`` is found."""
        return self._slots.setdefault(index, len(self._slots))

    def clear(self, places: list[int]) -> None:
        """Make every index unbound."""
        places[:] = [_UNBOUND] * len(self._slots)

    def compile(self, term: Term) -> tuple[_Code, int]:
        """The code of a term, and how many levels of nested differences are in it."""
        known = self._compiled.get(id(term))
        if known is None:
            code, levels = self._translate(term)
            self._compiled[id(term)] = (term, code, levels)
            return code, levels
        return known[1], known[2]

    def _translate(self, term: Term) -> tuple[_Code, int]:
        match term:
            case Ref():
                return self._ref(term)
            case Number(value=value):
                return _number(value), 0
            case Size(name=name):
                size = Decimal(span(Index(name, name), self.sizes)[-1])
                return (lambda state: size), 0
            case Product(factors=parts):
                return self._fold(parts, product=True)
            case Add(terms=parts):
                return self._fold(parts, product=False)
            case Sum():
                return self._sum(term)
            case Power():
                return self._power(term)
            case Apply():
                return self._apply(term)
            case Derivative():
                return self._derivative(term)
            case Delta(left=left, right=right):
                return self._delta(left, right), 0
            case Within():
                return self._within(term), 0
            case _:
                raise EvaluationError(f"{term} is not a number by itself")

    # Leaves --------------------------------------------------------------------------------------

    def _place(self, index: IndexLike) -> Callable[[list[int]], int]:
        if isinstance(index, int):
            number = index
            return lambda places: number
        if isinstance(index, Shift):
            return self._shifted(index)
        slot = self.slot(index)
        return lambda places: places[slot]

    def _shifted(self, shift: Shift) -> Callable[[list[int]], int]:
        parts = tuple((self.slot(index), count) for index, count in shift.parts)
        offset = shift.offset

        def place(places: list[int]) -> int:
            if any(places[slot] == _UNBOUND for slot, _ in parts):
                raise InputError(f"an index of {shift} has no value")
            return offset + sum(count * places[slot] for slot, count in parts)

        return place

    def component(self, ref: Ref) -> Callable[[list[int]], _Key]:
        """From the places of the indices to the component that ``ref`` means there."""
        name = ref.name
        self.problem.quantity(name)  # an unknown name is refused here
        if all(isinstance(index, int) for index in ref.indices):
            key = (name, *ref.indices)
            return lambda places: key
        slots = [self.slot(index) for index in ref.indices if isinstance(index, Index)]
        if len(slots) == len(ref.indices) == 1:  # one and two running indices are what is common
            (only,) = slots
            return lambda places: (name, places[only])
        if len(slots) == len(ref.indices) == 2:
            first, second = slots
            return lambda places: (name, places[first], places[second])
        readers = tuple(self._place(index) for index in ref.indices)
        return lambda places: (name, *[reader(places) for reader in readers])

    def _ref(self, ref: Ref) -> tuple[_Code, int]:
        component = self.component(ref)
        definition = self.problem.definition(ref.name)
        levels = 0 if definition is None else self._definition_levels(definition)
        compute = self.compute
        if all(isinstance(index, int) for index in ref.indices):
            key = component([])

            def constant(state: _State) -> Decimal:
                value = state.memo.get(key)
                return compute(state, key) if value is None else value

            return constant, levels

        def run(state: _State) -> Decimal:
            key = component(state.places)
            value = state.memo.get(key)
            return compute(state, key) if value is None else value

        return run, levels

    def _definition_levels(self, definition: Definition) -> int:
        name = definition.name
        if name not in self._levels:
            self._levels[name] = 0  # for a definition that refers to itself
            self._levels[name] = self.compile(definition.body)[1]
        return self._levels[name]

    def _body(self, name: str) -> tuple[_Code, tuple[int, ...], tuple[range, ...]]:
        known = self._bodies.get(name)
        if known is None:
            definition = self.problem.definition(name)
            if definition is None:
                raise InputError(f"no value is given for {name}")
            code, _ = self.compile(definition.body)
            slots = tuple(self.slot(index) for index in definition.indices)
            ranges = tuple(span(index, self.sizes) for index in definition.indices)
            known = self._bodies[name] = (code, slots, ranges)
        return known

    def _check_range(self, key: _Key) -> None:
        quantity = self.problem.quantity(key[0])
        ranges = [span(index, self.sizes) for index in quantity.indices]
        places = key[1:]
        if len(places) != len(ranges):
            raise InputError(f"{key[0]} has {len(ranges)} indices, not {len(places)}")
        for place, allowed, index in zip(places, ranges, quantity.indices, strict=True):
            if place == _UNBOUND:
                raise InputError(f"an index of {key[0]} at the place of {index.name} has no value")
            if place not in allowed:
                raise InputError(
                    f"{_named(key)}: the index {index.name} runs from 1 to {allowed[-1]}"
                )
        self._in_range[key] = None

    def compute(self, state: _State, key: _Key) -> Decimal:
        """The value of a component that isn't known yet: from its definition, or from the point
        beside which this one lies, where it is the same."""
        parent = state.parent
        if parent is not None and not self._depends(state, key):
            value = parent.memo.get(key)
            if value is None:
                value = self.compute(parent, key)
            state.memo[key] = value
            return value
        if key not in self._in_range:
            self._check_range(key)
        if self.problem.definition(key[0]) is None:
            raise InputError(f"no value is given for {_named(key)}")
        code, slots, _ = self._body(key[0])
        places = state.places
        if len(places) < len(self._slots):  # the body was compiled just now
            places.extend([_UNBOUND] * (len(self._slots) - len(places)))
        saved = [places[slot] for slot in slots]
        for slot, place in zip(slots, key[1:], strict=True):
            places[slot] = place
        value = code(state)
        for slot, place in zip(slots, saved, strict=True):
            places[slot] = place
        state.memo[key] = value
        return value

    def _delta(self, left: IndexLike, right: IndexLike) -> _Code:
        left_place, right_place = self._place(left), self._place(right)
        # A shift says itself that an index has no value, and may be 0.
        shifted = isinstance(left, Shift) or isinstance(right, Shift)

        def run(state: _State) -> Decimal:
            first, second = left_place(state.places), right_place(state.places)
            if _UNBOUND in (first, second) and not shifted:
                raise InputError(f"an index of {Delta(left, right)} has no value")
            return _ONE if first == second else _ZERO

        return run

    def _within(self, term: Within) -> _Code:
        place = self._place(term.place)
        size = term.size
        allowed = span(Index("", size), self.sizes)

        def run(state: _State) -> Decimal:
            return _ONE if place(state.places) in allowed else _ZERO

        return run

    # Arithmetic ----------------------------------------------------------------------------------

    def _guarded(self, parts: Sequence[Term]) -> tuple[_Code, int]:
        """A product with brackets, which is 0 where one of them is, whatever else is in it."""
        brackets = [self.compile(part)[0] for part in parts if isinstance(part, Within)]
        others = [part for part in parts if not isinstance(part, Within)]
        if not others:
            return self._fold(parts, product=True, guarded=True)
        rest, levels = self._fold(others, product=True)

        def run(state: _State) -> Decimal:
            return rest(state) if all(bracket(state) for bracket in brackets) else _ZERO

        return run, levels

    def _fold(
        self, parts: Sequence[Term], *, product: bool, guarded: bool = False
    ) -> tuple[_Code, int]:
        if product and not guarded and any(isinstance(part, Within) for part in parts):
            return self._guarded(parts)
        compiled = [self.compile(part) for part in parts]
        levels = max(level for _, level in compiled)
        first, *rest = (code for code, _ in compiled)

        def times(state: _State) -> Decimal:
            value = first(state)
            for code in rest:
                value *= code(state)
            return value

        def plus(state: _State) -> Decimal:
            value = first(state)
            for code in rest:
                value += code(state)
            return value

        return (times if product else plus), levels

    def _sum(self, term: Sum) -> tuple[_Code, int]:
        slot = self.slot(term.index)
        places_of_index = span(term.index, self.sizes)
        body, levels = self.compile(term.body)

        def run(state: _State) -> Decimal:
            places = state.places
            outside = places[slot]
            value = _ZERO
            for place in places_of_index:
                places[slot] = place
                value += body(state)
            places[slot] = outside
            return value

        return run, levels

    def _power(self, term: Power) -> tuple[_Code, int]:
        base, base_levels = self.compile(term.base)
        exponent, exponent_levels = self.compile(term.exponent)
        number = term.exponent.value if isinstance(term.exponent, Number) else None

        def run(state: _State) -> Decimal:
            value = base(state)
            try:
                if number == -1:
                    return _ONE / value
                if number == 2:
                    return value * value
                return value ** exponent(state)
            except decimal.DecimalException as error:
                raise EvaluationError(
                    f"{term} has no value where {term.base} = {_short(value)}"
                ) from error

        return run, max(base_levels, exponent_levels)

    # Functions -----------------------------------------------------------------------------------

    def _apply(self, term: Apply) -> tuple[_Code, int]:
        arguments, levels = self._arguments(term)
        orders = term.orders if any(term.orders) else ()
        if orders and any(isinstance(argument, Family) for argument in term.arguments):
            raise EvaluationError(f"{term}: a derivative by a family of values has no one value")
        known = FUNCTIONS.get(term.function)
        name = term.function
        abstract = self.problem.function(name) is not None
        if not abstract:
            found = known or MATRIX_FUNCTIONS.get(name)
            if found is None:
                raise InputError(f"{term}: there is no function called {name!r}")
            if known is not None and len(term.arguments) != known.arity:
                wanted = "one argument" if known.arity == 1 else f"{known.arity} arguments"
                raise InputError(f"{term}: {name} takes {wanted}")
            positive = None if known is None else known.positive
            compute = found.value

            def concrete(values: tuple[Decimal, ...]) -> Decimal:
                if positive is not None and values[positive] <= 0:
                    raise EvaluationError(
                        f"{term} has no value where "
                        f"{term.arguments[positive]} = {_short(values[positive])}"
                    )
                return compute(*values)

        def run(state: _State) -> Decimal:
            values = arguments(state)
            # The steps of a derivation ask for the same logarithms again and again.
            at = (name, orders, values)
            value = state.applied.get(at)
            if value is not None:
                return value
            function = concrete if not abstract else state.functions.get(name)
            if function is None:
                raise InputError(f"{term}: no concrete function is given for {name}")
            try:
                if orders:
                    value = _difference(function, values, orders, state.steps)
                else:
                    value = function(values)
            except decimal.DecimalException as error:
                shown = ", ".join(_short(each) for each in values)
                raise EvaluationError(f"{term} has no value at ({shown})") from error
            state.applied[at] = value
            return value

        return run, max(levels, sum(orders))

    def _arguments(self, term: Apply) -> tuple[Callable[[_State], tuple[Decimal, ...]], int]:
        """The code of the arguments, families laid out flat."""
        collected = [self._argument(argument) for argument in term.arguments]
        levels = max((level for _, level in collected), default=0)
        if len(collected) == 1 and not isinstance(term.arguments[0], Family):
            only = self.compile(term.arguments[0])[0]
            return (lambda state: (only(state),)), levels
        codes = [code for code, _ in collected]

        def run(state: _State) -> tuple[Decimal, ...]:
            return tuple(itertools.chain.from_iterable(code(state) for code in codes))

        return run, levels

    def _argument(self, term: Term) -> tuple[Callable[[_State], Iterable[Decimal]], int]:
        if not isinstance(term, Family):
            single, levels = self.compile(term)
            return (lambda state: (single(state),)), levels
        slot = self.slot(term.index)
        places_of_index = span(term.index, self.sizes)
        body, levels = self._argument(term.body)

        def run(state: _State) -> list[Decimal]:
            places = state.places
            outside = places[slot]
            members: list[Decimal] = []
            for place in places_of_index:
                places[slot] = place
                members.extend(body(state))
            places[slot] = outside
            return members

        return run, levels

    # Derivatives ---------------------------------------------------------------------------------

    def _derivative(self, term: Derivative) -> tuple[_Code, int]:
        of, inner = self.compile(term.of)
        by = self.component(term.by)
        reads, name = self._reads_of_operand(term)

        def run(state: _State) -> Decimal:
            places = state.places
            component = by(places)
            at = (name(places), component)
            value = state.derivatives.get(at)
            if value is None:
                above, below, distance = self._beside(state, component, inner)
                if any(self._depends(above, key) for key in reads(places)):
                    value = (of(above) - of(below)) / distance
                else:
                    value = _ZERO  # nothing in it depends on the component
                state.derivatives[at] = value
            return value

        return run, inner + 1

    def _reads_of_operand(
        self, term: Derivative
    ) -> tuple[Callable[[list[int]], tuple[_Key, ...]], Callable[[list[int]], _Key]]:
        """From the places of the indices to the components that what is differentiated refers to,
        and to what identifies it. A quantity is identified by its component, whatever the letters
        of its indices are."""
        if isinstance(term.of, Ref):
            component = self.component(term.of)
            return (lambda places: (component(places),)), component
        number = self._numbers.setdefault(term, len(self._numbers))
        slots = tuple(self.slot(index) for index in free_indices(term))
        known = self._reads_inside

        def name(places: list[int]) -> _Key:
            return (number, *[places[slot] for slot in slots])

        def reads(places: list[int]) -> tuple[_Key, ...]:
            at = name(places)
            if at not in known:
                found: dict[_Key, None] = {}
                self.clear_new(places)
                self._collect(term.of, places, found)
                known[at] = tuple(found)
            return known[at]

        return reads, name

    def _beside(self, state: _State, component: _Key, inner: int) -> tuple[_State, _State, Decimal]:
        """The points a step above and below in one component, and how far apart they are."""
        known = state.beside.get((component, inner))
        if known is None:
            center = state.memo.get(component)
            if center is None:
                center = self.compute(state, component)
            width = _width(center, state.steps[inner])
            above, below = center + width, center - width
            cut = state.cut | {component}
            depending = self._depending.setdefault((component, cut), {component: True})
            known = state.beside[component, inner] = (
                state.moved(component, above, cut, depending),
                state.moved(component, below, cut, depending),
                above - below,
            )
        return known

    def _depends(self, state: _State, key: _Key) -> bool:
        """Whether a component depends on the one that was set last.

        A component whose value was set before, by an enclosing derivative, is cut off from its
        definition.
        """
        known = state.depending.get(key)
        if known is None:
            possible = self._dependents_of(state.target[0])
            known = self._find_depends(key, possible, state.cut, state.depending)
        return known

    def _find_depends(
        self,
        key: _Key,
        possible: frozenset[str],
        cut: frozenset[_Key],
        found: dict[_Key, bool],
    ) -> bool:
        known = found.get(key)
        if known is None:
            known = found[key] = False  # for a definition that refers to itself
            if key[0] in possible and key not in cut:
                known = found[key] = any(
                    self._find_depends(read, possible, cut, found) for read in self._reads_of(key)
                )
        return known

    def clear_new(self, places: list[int]) -> None:
        """Make room for the indices that were met since the evaluation began."""
        places.extend([_UNBOUND] * (len(self._slots) - len(places)))

    def _dependents_of(self, name: str) -> frozenset[str]:
        """The definitions that depend on the quantity ``name``, directly or not; none that is held
        constant does."""
        known = self._dependents.get(name)
        if known is None:
            found = {name}
            grown = True
            while grown:
                grown = False
                for definition in self.problem.definitions:
                    if definition.constant or definition.name in found:
                        continue
                    if any(ref.name in found for ref in references(definition.body)):
                        found.add(definition.name)
                        grown = True
            definition_of_name = self.problem.definition(name)
            if (
                definition_of_name is None
                or definition_of_name.constant
                or not any(ref.name in found for ref in references(definition_of_name.body))
            ):
                found.discard(name)
            known = self._dependents[name] = frozenset(found)
        return known

    def _reads_of(self, key: _Key) -> tuple[_Key, ...]:
        """The components that the definition of the component ``key`` refers to."""
        known = self._reads.get(key)
        if known is None:
            definition = self.problem.definition(key[0])
            found: dict[_Key, None] = {}
            if definition is not None:
                self._body(key[0])
                places = [_UNBOUND] * len(self._slots)
                for index, place in zip(definition.indices, key[1:], strict=True):
                    places[self.slot(index)] = place
                self._collect(definition.body, places, found)
            known = self._reads[key] = tuple(found)
        return known

    def _collect(self, term: Term, places: list[int], found: dict[_Key, None]) -> None:
        match term:
            case Ref(name=name, indices=indices):
                where = [
                    index
                    if isinstance(index, int)
                    else places[self.slot(index)]
                    if isinstance(index, Index)
                    else self._place(index)(places)
                    for index in indices
                ]
                found[(name, *where)] = None
            case Product(factors=factors) if not self._counts(factors, places):
                pass
            case Sum(index=index, body=body) | Family(index=index, body=body):
                slot = self.slot(index)
                self.clear_new(places)
                outside = places[slot]
                for place in span(index, self.sizes):
                    places[slot] = place
                    self._collect(body, places, found)
                places[slot] = outside
            case _:
                for child in children(term):
                    self._collect(child, places, found)

    def _counts(self, factors: Sequence[Term], places: list[int]) -> bool:
        """Whether no bracket among the factors is 0."""
        for factor in factors:
            if isinstance(factor, Within):
                place = self._place(factor.place)
                self.clear_new(places)
                if place(places) not in span(Index("", factor.size), self.sizes):
                    return False
        return True

    def components(self, term: Term, assignment: Mapping[Index, int]) -> tuple[_Key, ...]:
        """The components that a term refers to, in printing order."""
        self.compile(term)
        for index in assignment:
            self.slot(index)
        places = [_UNBOUND] * len(self._slots)
        for index, place in assignment.items():
            places[self.slot(index)] = place
        found: dict[_Key, None] = {}
        self._collect(term, places, found)
        return tuple(found)


def _number(value: Fraction) -> _Code:
    if value.denominator == 1:
        whole = Decimal(value.numerator)
        return lambda state: whole
    above, below = Decimal(value.numerator), Decimal(value.denominator)
    return lambda state: above / below  # at the precision in force, not the one at compilation


def _named(key: _Key) -> str:
    places = ", ".join(str(place) for place in key[1:])
    return f"{key[0]}[{places}]" if places else str(key[0])


def _short(value: Decimal) -> str:
    return f"{value:.6g}"


def _flat(name: str, given: object, prefix: tuple[int, ...] = ()) -> dict[_Key, Decimal]:
    """Components by key, from a mapping, nested sequences or a number."""
    if isinstance(given, Mapping):
        return {(name, *places): Decimal(value) for places, value in given.items()}
    if isinstance(given, (Decimal, int, float)):
        return {(name, *prefix): Decimal(given)}
    if isinstance(given, Sequence) and not isinstance(given, str):
        found: dict[_Key, Decimal] = {}
        for place, part in enumerate(given, start=1):
            found.update(_flat(name, part, (*prefix, place)))
        return found
    raise InputError(f"the values of {name} are neither numbers nor sequences of numbers")


class Evaluator:
    """The values of terms at one point.

    Args:
        problem: whose definitions, data and functions the terms refer to.
        sizes: a number for each size symbol.
        values: for each input a mapping from index tuples (counted from 1) to numbers, or nested
            sequences of numbers, or a number.
        functions: a concrete function for each abstract one; it gets its arguments in one flat
            tuple, a family's members laid out in order.

    >>> from derive.terms import Index, Ref, Sum, multiply
    >>> from derive.model import Problem, Quantity
    >>> i = Index("i", "m")
    >>> x = Quantity("x", (i,), "data", "x", "x", "x", "x")
    >>> problem = Problem("p", "P", (i,), (x,), ())
    >>> square = multiply(Ref("x", (i,)), Ref("x", (i,)))
    >>> print(Evaluator(problem, {"m": 3}, {"x": [1, 2, 3]}).value(Sum(i, square)))
    14
    """

    def __init__(
        self,
        problem: Problem,
        sizes: Mapping[str, int],
        values: Mapping[str, object],
        functions: Mapping[str, ConcreteFunction] | None = None,
        *,
        _program: _Program | None = None,
    ) -> None:
        self._program = _program if _program is not None else _Program(problem, sizes)
        self._inputs: dict[_Key, Decimal] = {}
        for name, given in values.items():
            self._inputs.update(_flat(name, given))
        self._functions = dict(functions or {})
        self._states: dict[int, _State] = {}
        self._tables: dict[tuple[Term, tuple[Index, ...], int], Table] = {}

    @property
    def problem(self) -> Problem:
        """The problem whose terms are evaluated."""
        return self._program.problem

    @property
    def sizes(self) -> dict[str, int]:
        """The number of each size symbol."""
        return dict(self._program.sizes)

    def at(
        self,
        values: Mapping[str, object],
        functions: Mapping[str, ConcreteFunction] | None = None,
    ) -> Evaluator:
        """An evaluator at another point, which shares all compiled terms with this one."""
        program = self._program
        return Evaluator(program.problem, program.sizes, values, functions, _program=program)

    def value(
        self, term: Term, assignment: Mapping[Index, int] | None = None, *, levels: int = 1
    ) -> Decimal:
        """The value of ``term`` where its free indices are as ``assignment`` says.

        ``levels`` raises the precision to what that many nested derivatives need.

        Raises:
            EvaluationError: it has no value there.
            InputError: an index, a size, a value or a function isn't given.
        """
        indices = tuple(assignment or {})
        places = tuple((assignment or {}).values())
        return self._evaluate(term, indices, (places,), levels)[places]

    def table(self, term: Term, indices: Sequence[Index], *, levels: int = 1) -> Table:
        """The values of ``term`` for all values of ``indices``, by those values; computed once.

        Raises the errors of :meth:`value`.
        """
        what = (term, tuple(indices), levels)
        known = self._tables.get(what)
        if known is None:
            ranges = [span(index, self._program.sizes) for index in indices]
            rows = itertools.product(*ranges)
            known = self._tables[what] = self._evaluate(term, indices, rows, levels)
        return known

    def components(
        self, term: Term, assignment: Mapping[Index, int] | None = None
    ) -> list[tuple[str, Decimal]]:
        """The components that ``term`` refers to and their values, as ``("x[1, 2]", value)``."""
        found = []
        for key in self._program.components(term, assignment or {}):
            found.append((_named(key), self.value(Ref(key[0], key[1:]))))
        return found

    def _evaluate(
        self,
        term: Term,
        indices: Sequence[Index],
        rows: Iterable[tuple[int, ...]],
        least_levels: int,
    ) -> dict[tuple[int, ...], Decimal]:
        program = self._program
        code, levels = program.compile(term)
        slots = [program.slot(index) for index in indices]
        state = self._state(max(levels, least_levels, 1))
        program.clear(state.places)
        found: dict[tuple[int, ...], Decimal] = {}
        with decimal.localcontext(state.context):
            for row in rows:
                for slot, place in zip(slots, row, strict=True):
                    state.places[slot] = place
                found[row] = code(state)
        return found

    def _state(self, levels: int) -> _State:
        state = self._states.get(levels)
        if state is None:
            state = self._states[levels] = _State(self._inputs, self._functions, levels)
        return state
