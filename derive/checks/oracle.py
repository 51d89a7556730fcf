"""The small case, done again by SymPy alone.

The cost is unrolled into plain SymPy symbols (``x_1_2``), with its own spelling of every function,
and SymPy differentiates it. Nothing of this package's rules takes part, nor its evaluation: the
numbers come from mpmath.

A stage is put into the next one as a SymPy function of it, whose value is the body of its
definition and whose partial derivatives are SymPy's derivatives of that body. What SymPy finds for
a stage gets a name, and stands in what follows by that name. The unrolled cost as one expression
(:func:`unrolled`) is the same function, but SymPy would walk through the whole of it at every step
and write the derivatives of the inner stages again in each of the outer ones.

SymPy's ``simplify`` and ``equals`` are of no use for comparing (minutes, and wrong answers); 50
digits at random points in the domains are.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, TypeAlias

from derive.checks.residuals import round_up
from derive.dependency import Scope
from derive.derivation import Check, Status
from derive.errors import InputError, Unsupported
from derive.evaluation import EvaluationError, span
from derive.functions import FUNCTIONS
from derive.matrix_functions import MATRIX_FUNCTIONS
from derive.model import Definition, Problem
from derive.sampling import Array, SmoothFunction, draw, manageable, sample_functions
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
    contains,
)

__all__ = ["SmallCaseChecker", "check_small_case", "differentiate", "unrolled"]

#: SymPy expressions; SymPy has no types.
Expression: TypeAlias = Any
_Component: TypeAlias = tuple[Any, ...]
_Places: TypeAlias = Mapping[Index, int]
_Function: TypeAlias = Callable[[tuple[Expression, ...]], Expression]

DIGITS = 50
#: What cancellation may cost of the 50 digits; an error in a gradient is never that small.
TOLERANCE = 1e-35
#: Below this a residual is rounding noise, and is reported as this.
FLOOR = 1e-45
POINTS = 3
#: How often a point is drawn again where the cost has no real value.
_ATTEMPTS = 40


class _Translator:
    """Terms of a problem at given sizes as SymPy expressions in its inputs."""

    def __init__(
        self,
        problem: Problem,
        sizes: Mapping[str, int],
        functions: Mapping[str, _Function],
        *,
        numbers_for_sizes: bool = True,
        assumptions: Mapping[str, bool] | None = None,
    ) -> None:
        import sympy

        self.sympy = sympy
        self.problem = problem
        self.sizes = dict(sizes)
        self.functions = functions
        self.numbers_for_sizes = numbers_for_sizes
        self.assumptions = dict(assumptions or {})
        self.symbols: dict[_Component, Expression] = {}
        self._taken: dict[str, None] = {}
        self._known: dict[_Component, Expression] = {}
        self._held: dict[_Component, Expression] = {}
        self._partials: dict[tuple[str, tuple[int, ...]], tuple[Expression, tuple[Any, ...]]] = {}

    def symbol(self, component: _Component) -> Expression:
        """The symbol of one component of an input, ``x_1_2``."""
        known = self.symbols.get(component)
        if known is None:
            name = "_".join(str(part) for part in component)
            while name in self._taken:  # a scalar called x_1 beside a vector called x
                name += "_"
            self._taken[name] = None
            known = self.symbols[component] = self.sympy.Symbol(name, **self.assumptions)
        return known

    def component(self, ref: Ref, places: _Places) -> _Component:
        """The component that ``ref`` means at these places."""
        where = tuple(_place(index, places) for index in ref.indices)
        quantity = self.problem.quantity(ref.name)
        if len(where) != len(quantity.indices):
            raise InputError(f"{ref} has {len(where)} indices instead of {len(quantity.indices)}")
        for place, index in zip(where, quantity.indices, strict=True):
            if place not in span(index, self.sizes):
                raise InputError(f"{ref}: {index.name} = {place} is out of its range")
        return (ref.name, *where)

    def stage(self, component: _Component) -> Expression:
        """One component of a quantity: a symbol for an input, its body for a definition."""
        known = self._known.get(component)
        if known is None:
            definition = self.problem.definition(component[0])
            if definition is None:
                known = self.symbol(component)
            elif definition.constant:
                known = self._held.setdefault(
                    component, self.sympy.Dummy("constant", **self.assumptions)
                )
            else:
                inside = dict(zip(definition.indices, component[1:], strict=True))
                # What names a derivative is what SymPy finds for it, not what we did.
                known = self.translate(definition.derivative or definition.body, inside)
            self._known[component] = known
        return known

    def released(self, expression: Expression) -> Expression:
        """The expression with what was held constant, each a symbol, put back once everything is
        differentiated."""
        while True:
            inside = {
                symbol: self._value_of(component)
                for component, symbol in self._held.items()
                if expression.has(symbol)
            }
            if not inside:
                return expression
            expression = expression.xreplace(inside)

    def _value_of(self, component: _Component) -> Expression:
        definition = self.problem.definition(component[0])
        assert definition is not None
        inside = dict(zip(definition.indices, component[1:], strict=True))
        return self.translate(definition.body, inside)

    def translate(self, term: Term, places: _Places) -> Expression:
        """``term`` where its free indices are at ``places``."""
        sympy = self.sympy
        match term:
            case Number(value=value):
                return sympy.Rational(value.numerator, value.denominator)
            case Size(name=name):
                number = span(Index(name, name), self.sizes)[-1]
                return sympy.Integer(number) if self.numbers_for_sizes else self.symbol((name,))
            case Ref():
                return self.stage(self.component(term, places))
            case Add(terms=parts):
                return sympy.Add(*(self.translate(part, places) for part in parts))
            case Product(factors=parts) if not self._counts(parts, places):
                return sympy.Integer(0)
            case Product(factors=parts):
                return sympy.Mul(*(self.translate(part, places) for part in parts))
            case Power(base=base, exponent=exponent):
                return sympy.Pow(self.translate(base, places), self.translate(exponent, places))
            case Sum(index=index, body=body):
                return sympy.Add(
                    *(
                        self.translate(body, {**places, index: place})
                        for place in span(index, self.sizes)
                    )
                )
            case Delta(left=left, right=right):
                return sympy.Integer(_place(left, places) == _place(right, places))
            case Within():
                return sympy.Integer(self._counts((term,), places))
            case Apply():
                return self._apply(term, places)
            case Derivative(of=of, by=by):
                return self.derivative(of, self.component(by, places), places)
            case _:
                raise Unsupported(f"{term} has no counterpart in SymPy")

    def _counts(self, factors: Sequence[Term], places: _Places) -> bool:
        """Whether no bracket among the factors is 0."""
        return all(
            1 <= _place(factor.place, places) <= span(Index("", factor.size), self.sizes)[-1]
            for factor in factors
            if isinstance(factor, Within)
        )

    def derivative(self, of: Term, by: _Component, places: _Places) -> Expression:
        """SymPy's derivative of ``of`` by one component. A component of a definition is cut off
        from its own body: it becomes a symbol, and is put back afterwards."""
        if self.problem.definition(by[0]) is None or by in self.symbols:
            return self.translate(of, places).diff(self.symbol(by))
        body = self.stage(by)
        symbol = self.sympy.Dummy("stage")
        outside = self._known
        self.symbols[by] = symbol
        self._known = {by: symbol}
        try:
            result = self.translate(of, places).diff(symbol)
        finally:
            self._known = outside
            del self.symbols[by]
        return result.xreplace({symbol: body})

    def _arguments(self, term: Term, places: _Places) -> list[Expression]:
        if not isinstance(term, Family):
            return [self.translate(term, places)]
        members: list[Expression] = []
        for place in span(term.index, self.sizes):
            members.extend(self._arguments(term.body, {**places, term.index: place}))
        return members

    def _apply(self, term: Apply, places: _Places) -> Expression:
        arguments = tuple(
            itertools.chain.from_iterable(self._arguments(each, places) for each in term.arguments)
        )
        if not any(term.orders):
            return self._function(term, arguments)
        if len(arguments) != len(term.orders):
            raise Unsupported(f"{term}: a derivative by a family of values has no one value")
        known = self._partials.get((term.function, term.orders))
        if known is None:
            slots = tuple(self.sympy.Dummy("u") for _ in arguments)
            partial = self._function(term, slots)
            for slot, order in zip(slots, term.orders, strict=True):
                partial = partial.diff(slot, order) if order else partial
            known = self._partials[term.function, term.orders] = (partial, slots)
        partial, slots = known
        name = term.function
        is_known = name in FUNCTIONS or name in MATRIX_FUNCTIONS
        if self.functions.get(name) is None and not is_known:
            return partial.subs(dict(zip(slots, arguments, strict=True)))
        return partial.xreplace(dict(zip(slots, arguments, strict=True)))

    def _function(self, term: Apply, arguments: tuple[Expression, ...]) -> Expression:
        name = term.function
        given = self.functions.get(name)
        if given is not None:
            return given(arguments)
        if self.problem.function(name) is not None:
            return self.sympy.Function(name)(*arguments)
        if name in MATRIX_FUNCTIONS:
            return MATRIX_FUNCTIONS[name].sympy(self.sympy, *arguments)
        if name not in FUNCTIONS or len(arguments) != FUNCTIONS[name].arity:
            raise InputError(f"{term}: there is no function {name} of {len(arguments)} arguments")
        return FUNCTIONS[name].sympy(self.sympy, *arguments)


def _place(index: IndexLike, places: _Places) -> int:
    if isinstance(index, int):
        return index
    if isinstance(index, Shift):
        inside = sum(count * _place(each, places) for each, count in index.parts)
        return inside + index.offset
    try:
        return places[index]
    except KeyError:
        raise InputError(f"the index {index.name} has no value here") from None


def _concrete(problem: Problem, seed: int) -> dict[str, _Function]:
    return {name: chosen.in_sympy for name, chosen in sample_functions(problem, seed).items()}


@lru_cache(maxsize=256)  # making a class takes SymPy long
def _opaque(name: str, orders: tuple[int, ...]) -> Any:
    """A SymPy function that SymPy knows nothing of but that its partial derivatives are such
    functions too. (Those of ``sympy.Function`` come out as ``Subs``, which are slow to handle.)"""
    import sympy

    known: dict[int, Any] = {}

    def fdiff(self: Any, argindex: int = 1) -> Any:
        if argindex not in known:
            raised = list(orders) + [0] * (len(self.args) - len(orders))
            raised[argindex - 1] += 1
            known[argindex] = _opaque(name, tuple(raised))
        return known[argindex](*self.args)

    members = {"fdiff": fdiff, "abstract": (name, orders), "is_nonzero": True}
    if name == "exp":
        members["is_positive"] = True  # or SymPy looks long whether a sum of them is zero
    return type(name, (sympy.Function,), members)


class _OpaqueFunctions(Mapping[str, _Function]):
    """Opaque functions for all of them, until numbers are put in, each made when it is needed.

    Those that SymPy knows are opaque too: SymPy would look for simpler forms of each logarithm
    and each power that it builds, which takes most of the time and isn't needed. Their derivatives
    are still SymPy's own, see :func:`_partial`.
    """

    def __init__(self, problem: Problem) -> None:
        abstract = (function.name for function in problem.functions)
        self._names = dict.fromkeys([*FUNCTIONS, *MATRIX_FUNCTIONS, *abstract])

    def __getitem__(self, name: str) -> _Function:
        if name not in self._names:
            raise KeyError(name)
        function = _opaque(name, ())
        return lambda arguments: function(*arguments)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@lru_cache(maxsize=256)  # the same for every number of examples and every parameter
def _partial(
    function: str | SmoothFunction, count: int, orders: tuple[int, ...]
) -> tuple[Expression, tuple[Any, ...]]:
    """SymPy's partial derivative of a function of ``count`` arguments, and their symbols.

    ``function`` is the name of one that SymPy knows, or the concrete form of an abstract one.
    """
    import sympy

    slots = _slots(count)
    if isinstance(function, str):
        known = MATRIX_FUNCTIONS.get(function) or FUNCTIONS[function]
        partial = known.sympy(sympy, *slots)
    else:
        partial = function.in_sympy(
            slots, exponential=_opaque("exp", ()), part=lambda inner: _Template(inner, slots)(slots)
        )
    for slot, order in zip(slots, orders, strict=False):
        for _ in range(order):
            partial = _derivative(partial, slot)
    return partial, slots


def _derivative(expression: Expression, symbol: Any) -> Expression:
    """SymPy's derivative: what ``diff`` does, except that SymPy isn't asked whether the whole of
    it is zero, which it tries to find out from the signs of everything inside."""
    return expression._eval_derivative(symbol)  # noqa: SLF001 - what SymPy's classes have for it


@lru_cache(maxsize=64)
def _slots(count: int) -> tuple[Any, ...]:
    """Symbols for the arguments of functions of ``count`` arguments."""
    import sympy

    return tuple(sympy.Dummy("u", nonzero=True) for _ in range(count))


# Stages as functions of stages -------------------------------------------------------------------


class _Template:
    """An expression in slots, as a function of what is put into them.

    Its partial derivatives are SymPy's derivatives of the expression, made when they are asked
    for.
    """

    def __init__(self, expression: Expression, slots: tuple[Any, ...]) -> None:
        self.expression = expression
        self.slots = slots
        self._tag = _stage_classes()[1](self)
        self._partials: dict[int, _Template] = {}

    def __call__(self, arguments: Sequence[Expression]) -> Expression:
        """The SymPy function at these arguments; the argument itself, or the number, where the
        expression is no more than that."""
        if self.expression in self.slots:
            return arguments[self.slots.index(self.expression)]
        if self.expression.is_Number:
            return self.expression
        return _stage_classes()[0](self._tag, *arguments)

    def partial(self, position: int) -> _Template:
        """The partial derivative by the slot at a position, counted from 0."""
        known = self._partials.get(position)
        if known is None:
            found = _derivative(self.expression, self.slots[position])
            known = self._partials[position] = _Template(found, self.slots)
        return known


@lru_cache(maxsize=1)
def _stage_classes() -> tuple[Any, Any]:
    """The class of SymPy functions that have a template, and that of the symbols which say what
    the template is: the function's first argument."""
    import sympy

    class Tag(sympy.Dummy):  # type: ignore[misc]  # SymPy has no types
        """Stands for the ``template``; a constant to SymPy."""

        def __new__(cls, template: _Template) -> Any:
            made = super().__new__(cls, "stage")
            made.template = template
            made.free_symbols_inside = set()
            return made

        @property
        def free_symbols(self) -> Any:
            return self.free_symbols_inside

        def diff(self, *symbols: Any, **assumptions: Any) -> Any:  # noqa: ARG002 - SymPy's own
            return sympy.S.Zero

    class Named(sympy.Dummy):  # type: ignore[misc]
        """A symbol in the place of an expression, which it ``stands_for``."""

        def __new__(cls, expression: Any) -> Any:
            made = super().__new__(cls, "derivative", nonzero=True)
            made.stands_for = expression
            return made

        @property
        def free_symbols(self) -> Any:
            return self.stands_for.free_symbols

        def diff(self, *symbols: Any, **assumptions: Any) -> Any:
            return named(self.stands_for.diff(*symbols, **assumptions))

    def named(expression: Any) -> Any:
        return expression if expression.is_Atom else Named(expression)

    class Stage(sympy.Function):  # type: ignore[misc]
        """A stage as a function of other stages and of inputs."""

        is_nonzero = True  # see :class:`_Composer`

        def fdiff(self, argindex: int = 1) -> Any:
            tag, *arguments = self.args
            return tag.template.partial(argindex - 2)(arguments)

        def diff(self, *symbols: Any, **assumptions: Any) -> Any:
            """SymPy's chain rule, once for each symbol; the result has a name.

            ``diff`` itself would ask for the symbols of everything inside, and walk through the
            answer, for each stage that this one stands in.
            """
            # One symbol is what SymPy's rules ask for; anything else goes its usual way.
            if len(symbols) != 1 or not isinstance(symbols[0], sympy.Symbol):
                return super().diff(*symbols, **assumptions)
            (symbol,) = symbols
            known = self.__dict__.setdefault("known_derivatives", {})
            if symbol not in known:
                depends = symbol in self.free_symbols
                known[symbol] = named(self._eval_derivative(symbol)) if depends else sympy.S.Zero
            return known[symbol]

        @property
        def free_symbols(self) -> Any:
            found = self.__dict__.get("known_symbols")
            if found is None:
                found = set().union(*(argument.free_symbols for argument in self.args))
                self.__dict__["known_symbols"] = found
            return found

    return Stage, Tag


class _Body:
    """How to make a template; it is no part of what identifies one, so all of them are equal."""

    def __init__(
        self,
        composer: _Composer,
        body: Term,
        inside: _Places,
        reads: tuple[_Component, ...],
    ) -> None:
        self.make: Callable[[], _Template] | None = lambda: composer.body(body, inside, reads)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Body)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=512)  # the same for each example, and for each problem that has this body
def _template(form: tuple[object, ...], body: _Body) -> _Template:
    """The body of a definition as a function of the components that it reads.

    Args:
        form: what identifies it: the body, and what :meth:`_Composer._form` tells.
        body: makes it.
    """
    assert body.make is not None
    made = body.make()
    body.make = None  # what is kept here must not keep the problem
    return made


class _Composer(_Translator):
    """Terms as SymPy expressions in which a stage is a function of the stages before it."""

    def __init__(
        self,
        problem: Problem,
        sizes: Mapping[str, int],
        functions: Mapping[str, _Function],
    ) -> None:
        # Sizes stay symbols while SymPy works: it would multiply 1/m out into the terms otherwise.
        # A derivative's form doesn't depend on where its symbols are zero, but SymPy asks for it
        # at every step, and looks long where it can't know.
        super().__init__(
            problem, sizes, functions, numbers_for_sizes=False, assumptions={"nonzero": True}
        )
        self._in_body = False
        #: What is put back for the symbol of a stage that was cut off from its definition.
        self.bodies: dict[Expression, Expression] = {}

    def stage(self, component: _Component) -> Expression:
        """One component of a quantity: a symbol for an input, a function for a definition."""
        definition = self.problem.definition(component[0])
        if (
            component in self._known
            or definition is None
            or definition.constant
            or contains(definition.body, Derivative)
        ):
            return super().stage(component)
        inside = dict(zip(definition.indices, component[1:], strict=True))
        reads: dict[_Component, int] = {}
        form = (definition.body, *self._form(definition.body, inside, reads))
        template = _template(form, _Body(self, definition.body, inside, tuple(reads)))
        made = self._known[component] = template([self.stage(read) for read in reads])
        return made

    def released(self, expression: Expression) -> Expression:
        """The expression as it is; :attr:`bodies` says from now on what its constants are."""
        while True:
            new = [each for each in self._held.items() if each[1] not in self.bodies]
            if not new:
                return expression
            for component, symbol in new:
                self.bodies[symbol] = self._value_of(component)

    def body(self, term: Term, inside: _Places, reads: Sequence[_Component]) -> _Template:
        """The body of a definition as a function of the components that it reads."""
        slots = tuple(self.sympy.Dummy("u", **self.assumptions) for _ in reads)
        outside = self._known, self._in_body
        self._known, self._in_body = dict(zip(reads, slots, strict=True)), True
        try:
            return _Template(self.translate(term, inside), slots)
        finally:
            self._known, self._in_body = outside

    def translate(self, term: Term, places: _Places) -> Expression:
        """``term`` where its free indices are at ``places``.

        In the body of a definition the base of a power is a function of its own: SymPy's
        derivative of a power takes the logarithm of the base, even where it isn't needed, and
        looks long for the sign of a sum.
        """
        if self._in_body and isinstance(term, Power):
            base, exponent = (self.translate(each, places) for each in (term.base, term.exponent))
            if base.is_Add:
                symbols = tuple(sorted(base.free_symbols, key=lambda each: each.sort_key()))
                base = _Template(base, symbols)(symbols)
            return self.sympy.Pow(base, exponent)
        return super().translate(term, places)

    def _form(self, term: Term, places: _Places, reads: dict[_Component, int]) -> Iterator[object]:
        """What a body's expression depends on, besides the body itself: which of the components
        in ``reads`` stands at each place, and the Kronecker deltas. Adds to ``reads``."""
        match term:
            case Ref():
                yield reads.setdefault(self.component(term, places), len(reads))
            case Delta(left=left, right=right):
                yield _place(left, places) == _place(right, places)
            case Within():
                yield self._counts((term,), places)
            case Product(factors=factors) if not self._counts(factors, places):
                yield "nothing"
            case Size(name=name):
                yield self.symbol((name,))
            case Sum(index=index, body=body) | Family(index=index, body=body):
                within = span(index, self.sizes)
                yield within
                for place in within:
                    yield from self._form(body, {**places, index: place}, reads)
            case _:
                for child in children(term):
                    yield from self._form(child, places, reads)

    def derivative(self, of: Term, by: _Component, places: _Places) -> Expression:
        """SymPy's derivative, as in :class:`_Translator`; but the symbol of a stage stays, and
        :attr:`bodies` says what its value is."""
        if self.problem.definition(by[0]) is None or by in self.symbols:
            return self.translate(of, places).diff(self.symbol(by))
        body = self.stage(by)
        symbol = self.sympy.Dummy("stage", **self.assumptions)
        self.bodies[symbol] = body
        outside = self._known
        self.symbols[by] = symbol
        self._known = {by: symbol}
        try:
            return self.translate(of, places).diff(symbol)
        finally:
            self._known = outside
            del self.symbols[by]


def unrolled(
    problem: Problem, sizes: Mapping[str, int], *, function_seed: int | None = None
) -> Expression:
    """The cost as one SymPy expression in plain symbols, every stage substituted.

    Args:
        problem: the problem.
        sizes: a number for each size symbol.
        function_seed: chooses concrete smooth functions for the abstract ones; without it they
            stay undefined functions.

    >>> from derive.catalogue import load
    >>> unrolled(load("linear_regression"), {"m": 1, "n": 1})
    (b + w_1*x_1_1 - y_1)**2/2
    """
    functions = {} if function_seed is None else _concrete(problem, function_seed)
    translator = _Translator(problem, sizes, functions)
    return translator.released(translator.stage((problem.cost.name,)))


def differentiate(
    problem: Problem, wrt: Ref, sizes: Mapping[str, int], *, function_seed: int | None = None
) -> Expression:
    """SymPy's derivative of the unrolled cost by one component, whose indices are numbers.

    A component of a definition is held apart from its own body, as in ``∂J/∂z_1``.

    >>> from derive.catalogue import load
    >>> differentiate(load("linear_regression"), Ref("b"), {"m": 1, "n": 1})
    b + w_1*x_1_1 - y_1
    """
    functions = {} if function_seed is None else _concrete(problem, function_seed)
    translator = _Translator(problem, sizes, functions)
    found = translator.derivative(problem.cost.head, translator.component(wrt, {}), {})
    return translator.released(found)


# Numbers -----------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _mpmath_functions() -> dict[Any, Callable[[Any], Any]]:
    import mpmath
    import sympy

    return {
        sympy.exp: mpmath.exp,
        sympy.log: mpmath.log,
        sympy.tanh: mpmath.tanh,
        sympy.sinh: mpmath.sinh,
        sympy.cosh: mpmath.cosh,
        sympy.sin: mpmath.sin,
        sympy.cos: mpmath.cos,
        sympy.tan: mpmath.tan,
        sympy.atan: mpmath.atan,
        sympy.erf: mpmath.erf,
        sympy.gamma: mpmath.gamma,
        sympy.loggamma: mpmath.loggamma,
        sympy.digamma: mpmath.digamma,
        sympy.Abs: mpmath.fabs,  # SymPy makes it of √(u²)
        sympy.sign: mpmath.sign,
    }


class _Numbers:
    """SymPy expressions as numbers at one point, every common subexpression once.

    Args:
        values: of the symbols, except those of sizes.
        functions: the concrete form of each abstract function.
        bodies: what stages are that were cut off from their definitions.
        sizes: the values of the symbols of sizes, which stand in the bodies of stages too.
    """

    def __init__(
        self,
        values: Mapping[Expression, Any],
        functions: Mapping[str, SmoothFunction] | None = None,
        bodies: Mapping[Expression, Expression] | None = None,
        sizes: Mapping[Expression, Any] | None = None,
    ) -> None:
        import mpmath
        import sympy

        self._mpmath = mpmath
        self._sympy = sympy
        self._sizes: Mapping[Expression, Any] = {} if sizes is None else sizes
        self._known: dict[Expression, Any] = {**self._sizes, **values}
        self._abstract: Mapping[str, SmoothFunction] = functions or {}
        # The mapping itself: it grows as stages are cut off.
        self._bodies: Mapping[Expression, Expression] = {} if bodies is None else bodies
        self._functions = _mpmath_functions()
        self._inside: dict[Any, _Numbers] = {}

    def value(self, expression: Expression) -> Any:
        """The value, at mpmath's precision in force."""
        known = self._known.get(expression)
        if known is None:
            known = self._known[expression] = self._compute(expression)
        return known

    def _compute(self, expression: Expression) -> Any:
        if expression.is_Rational:
            return self._mpmath.mpf(expression.p) / expression.q
        if expression.is_Add:
            return self._mpmath.fsum(self.value(part) for part in expression.args)
        if expression.is_Mul:
            product = self._mpmath.mpf(1)
            for part in expression.args:
                product *= self.value(part)
            return product
        if expression.is_Pow:
            return self._power(expression)
        if hasattr(expression, "stands_for"):
            return self.value(expression.stands_for)
        if expression in self._bodies:
            return self.value(self._bodies[expression])
        if expression is self._sympy.pi:
            return +self._mpmath.pi
        if expression.is_Piecewise:
            return self._piecewise(expression)
        if expression.func is self._sympy.polygamma:
            order, argument = expression.args
            return self._real(
                self._mpmath.psi(int(self.value(order)), self.value(argument)), expression
            )
        function = self._functions.get(expression.func)
        if function is None and hasattr(expression.func, "abstract"):
            return self._opaque(expression)
        if function is None and isinstance(expression, _stage_classes()[0]):
            return self._stage(expression)
        if function is None:
            raise Unsupported(f"the value of {expression} isn't known")
        return self._real(function(self.value(expression.args[0])), expression)

    def _piecewise(self, expression: Expression) -> Any:
        """The first branch whose condition holds."""
        for branch, condition in expression.args:
            if self._holds(condition):
                return self.value(branch)
        raise EvaluationError(f"no branch of {expression} holds here")

    def _holds(self, condition: Any) -> bool:
        if condition in (self._sympy.true, self._sympy.false):
            return bool(condition)
        if condition.func is self._sympy.And:
            return all(self._holds(part) for part in condition.args)
        if condition.func is self._sympy.Or:
            return any(self._holds(part) for part in condition.args)
        if condition.is_Relational:
            left, right = (self.value(side) for side in condition.args)
            compared = {">": left > right, ">=": left >= right, "<": left < right}
            compared["<="] = left <= right
            return bool(compared[condition.rel_op])
        raise Unsupported(f"whether {condition} holds isn't known")

    def _opaque(self, expression: Expression) -> Any:
        """An opaque function or partial derivative: of the concrete function, by SymPy again."""
        name, orders = expression.func.abstract
        partial, slots = _partial(self._abstract.get(name, name), len(expression.args), orders)
        try:
            return self._within(slots, expression.args).value(partial)
        except EvaluationError:
            raise EvaluationError(f"{expression} has no real value here") from None

    def _stage(self, expression: Expression) -> Any:
        """A stage, or a partial derivative of its body."""
        tag, *arguments = expression.args
        return self._within(tag.template.slots, tuple(arguments)).value(tag.template.expression)

    def _within(self, slots: tuple[Any, ...], arguments: tuple[Expression, ...]) -> _Numbers:
        """The values of expressions in ``slots``, where these have the values of ``arguments``."""
        known = self._inside.get((slots, arguments))
        if known is None:
            values = map(self.value, arguments)
            known = self._inside[slots, arguments] = _Numbers(
                dict(zip(slots, values, strict=True)), self._abstract, sizes=self._sizes
            )
        return known

    def _power(self, expression: Expression) -> Any:
        base, exponent = (self.value(part) for part in expression.args)
        if expression.args[1].is_Integer:
            exponent = int(expression.args[1])
        if not base and exponent < 0:
            raise EvaluationError(f"division by zero in {expression}")
        return self._real(base**exponent, expression)

    def _real(self, value: Any, expression: Expression) -> Any:
        if isinstance(value, self._mpmath.mpf) and self._mpmath.isfinite(value):
            return value
        raise EvaluationError(f"{expression} has no real value here")


# The check ---------------------------------------------------------------------------------------


class SmallCaseChecker:
    """Compares gradients of one problem with SymPy's own, for several numbers of examples.

    The gradients by several quantities share the unrolled costs and the random points.

    >>> from derive.catalogue import load
    >>> from derive.gradients import gradient
    >>> problem = load("linear_regression")
    >>> checker = SmallCaseChecker(problem, counts=(1, 2))
    >>> right = gradient(problem, wrt="b", check="none").result
    >>> [check.status for check in checker.check("b", right)]
    ['passed', 'passed']
    >>> [check.status for check in checker.check("w", right)]
    ['failed', 'failed']
    """

    def __init__(
        self, problem: Problem, counts: Sequence[int] = (1, 2, 3, 4), seed: int = 0
    ) -> None:
        if problem.is_second_order:
            counts = tuple(counts)[:3]  # SymPy's second derivatives grow with the square
        examples = problem.example_index
        others = {
            name: size
            for size, name in enumerate(
                (n for n in problem.size_names if examples is None or n != examples.size), start=2
            )
        }
        if examples is None or not isinstance(examples.size, str):
            every = [manageable(problem, others)]
        else:
            name = examples.size
            others = manageable(problem, {name: max(counts), **others})
            every = [problem.fitted({**others, name: count}) for count in counts]
        functions = _OpaqueFunctions(problem)
        self.problem = problem
        self._cases = [_Case(problem, each, seed, functions) for each in every]

    def check(
        self, wrt: str, result: Term, indices: Sequence[Index] | None = None
    ) -> tuple[Check, ...]:
        """One check for each number of examples; for the arguments see :func:`check_small_case`."""
        own = tuple(indices) if indices is not None else self.problem.quantity(wrt).indices
        return tuple(case.compare(wrt, result, own) for case in self._cases)


def check_small_case(
    problem: Problem,
    wrt: str,
    result: Term,
    counts: Sequence[int] = (1, 2, 3, 4),
    seed: int = 0,
    indices: Sequence[Index] | None = None,
) -> tuple[Check, ...]:
    """Compare a gradient in index notation with SymPy's own, for several numbers of examples.

    Args:
        problem: the problem.
        wrt: the name of the quantity differentiated by.
        result: the gradient's component at the quantity's own indices.
        counts: the numbers of examples; without an example index there is one comparison.
        seed: of the random points and of the concrete functions.
        indices: the free indices of ``result`` in the quantity's order, if they aren't its own.

    Returns:
        One check of the kind ``"small case"`` for each count, about the component ``(1, …, 1)``
        and the last one.
    """
    return SmallCaseChecker(problem, counts, seed).check(wrt, result, indices)


class _Case:
    """The unrolled cost at given sizes, and points at which it has a value."""

    def __init__(
        self,
        problem: Problem,
        sizes: dict[str, int],
        seed: int,
        functions: Mapping[str, _Function],
    ) -> None:
        self.problem = problem
        self.sizes = sizes
        self.seed = seed
        self.functions = functions
        self.translator = _Composer(problem, sizes, functions)
        self._points: dict[_Translator, list[tuple[_Numbers, dict[str, Array]]]] = {}

    @cached_property
    def unrolled(self) -> _Translator:
        """The translator that puts stages in as they are."""
        return _Translator(
            self.problem,
            self.sizes,
            self.functions,
            numbers_for_sizes=False,
            assumptions=self.translator.assumptions,
        )

    def points(self, translator: _Translator) -> list[tuple[_Numbers, dict[str, Array]]]:
        """Points in the domains at which the cost has a real value."""
        if translator not in self._points:
            components = _components(self.problem.cost, self.sizes)
            cost = translator.sympy.Add(
                *(translator.released(translator.stage(each)) for each in components)
            )
            self._points[translator] = _points(
                self.problem, translator, self.sizes, self.seed, cost
            )
        return self._points[translator]

    def compare(self, wrt: str, result: Term, own: tuple[Index, ...]) -> Check:
        """Compare the first and the last component of the gradient by ``wrt``."""
        listed = ", ".join(f"{name} = {size}" for name, size in self.sizes.items())
        about = f"the gradient by {wrt} at {listed}"
        try:
            try:
                # A derivative of a derivative is left to SymPy as a whole.
                second = self.problem.is_second_order
                translator = self.unrolled if second else self.translator
                found = self._largest_difference(translator, wrt, result, own)
            except EvaluationError:
                # What has no value is said in terms of the inputs.
                found = self._largest_difference(self.unrolled, wrt, result, own)
            largest, samples, difference = found
        except (InputError, Unsupported, EvaluationError) as error:
            return self._report(about, "could not run", None, f"{about}: {error}")
        if difference:
            message = (
                f"{about} differs from SymPy's\n  result: {result}\n  {difference}\n"
                f"  seed: {self.seed}"
            )
            return self._report(about, "failed", largest, message, samples)
        return self._report(about, "passed", largest, "", samples)

    def _report(
        self, about: str, status: Status, residual: float | None, message: str, samples: int = 0
    ) -> Check:
        return Check(
            kind="small case",
            about=about,
            method=f"SymPy's derivative of the unrolled cost, {DIGITS} digits, {POINTS} points",
            status=status,
            residual=None if residual is None else round_up(residual, FLOOR),
            tolerance=TOLERANCE,
            seed=self.seed,
            message=message,
            samples=samples,
        )

    def _largest_difference(
        self, translator: _Translator, wrt: str, result: Term, own: tuple[Index, ...]
    ) -> tuple[float, int, str]:
        """The largest residual, how many numbers were compared, and a report of the first
        failure."""
        import mpmath

        pairs = []
        for above, places in _compared(self.problem, wrt, self.sizes):
            head = Ref(self.problem.cost.name, above)
            theirs = translator.derivative(head, (wrt, *places), {})
            components = dict(zip(own, places, strict=True))
            if above:
                claim = Scope(self.problem).claim(wrt)
                components = dict(zip(self.problem.cost.indices, above, strict=True))
                components |= {
                    index: place
                    for index, place in zip(claim.by.indices, places, strict=True)
                    if isinstance(index, Index)
                }
            ours = translator.translate(result, components)
            pairs.append((places, translator.released(theirs), translator.released(ours)))
        largest, samples, difference = 0.0, 0, ""
        with mpmath.workdps(DIGITS):
            for numbers, values in self.points(translator):
                for places, theirs, ours in pairs:
                    left, right = numbers.value(theirs), numbers.value(ours)
                    residual = float(abs(left - right) / max(1, abs(left), abs(right)))
                    samples += 1
                    largest = max(largest, residual)
                    if residual > TOLERANCE and not difference:
                        at = f"[{', '.join(map(str, places))}]" if places else ""
                        difference = (
                            f"component {wrt}{at}: SymPy {mpmath.nstr(left, 20)}, "
                            f"result {mpmath.nstr(right, 20)}\n  values: {_shown(values)}"
                        )
        return largest, samples, difference


def _components(cost: Definition, sizes: Mapping[str, int]) -> Iterator[_Component]:
    """Every component of what is differentiated."""
    for places in itertools.product(*(span(index, sizes) for index in cost.indices)):
        yield (cost.name, *places)


def _compared(
    problem: Problem, wrt: str, sizes: Mapping[str, int]
) -> dict[tuple[tuple[int, ...], tuple[int, ...]], None]:
    """The components that are compared: of what is differentiated, and of what it is
    differentiated by. The first, the last, and those in between where both have components."""
    mine, others = problem.cost.indices, problem.quantity(wrt).indices
    first, last = (
        tuple(tuple(span(index, sizes)[end] for index in indices) for indices in (mine, others))
        for end in (0, -1)
    )
    pairs = [(first[0], first[1]), (last[0], last[1])]
    if mine:
        ties = Scope(problem).ties(wrt)
        for above, below in ((first[0], last[1]), (last[0], first[1])):
            tied = (
                place if tie is None else above[tie] for tie, place in zip(ties, below, strict=True)
            )
            pairs.append((above, tuple(tied)))
    return dict.fromkeys(pairs)


def _points(
    problem: Problem,
    translator: _Translator,
    sizes: Mapping[str, int],
    seed: int,
    cost: Expression,
) -> list[tuple[_Numbers, dict[str, Array]]]:
    """Points in the domains at which the cost has a real value."""
    import mpmath

    found: list[tuple[_Numbers, dict[str, Array]]] = []
    trouble = ""
    for attempt in range(_ATTEMPTS):
        values = draw(problem, sizes, seed * 100 + attempt)
        known = {
            translator.symbol((name, *places)): mpmath.mpf(str(value))
            for name, array in values.items()
            for places, value in array.items()
        }
        counts = {translator.symbol((name,)): mpmath.mpf(size) for name, size in sizes.items()}
        bodies = translator.bodies if isinstance(translator, _Composer) else {}
        functions = sample_functions(problem, seed * 100 + attempt)
        numbers = _Numbers(known, functions, bodies, counts)
        try:
            numbers.value(cost)
        except EvaluationError as error:
            trouble = str(error)
            continue
        found.append((numbers, values))
        if len(found) == POINTS:
            return found
    raise EvaluationError(f"the cost has a value at too few of {_ATTEMPTS} points: {trouble}")


def _shown(values: Mapping[str, Array], limit: int = 16) -> str:
    listed = [
        f"{name}{list(places) if places else ''} = {value}"
        for name, array in values.items()
        for places, value in array.items()
    ]
    more = [f"and {len(listed) - limit} more"] if len(listed) > limit else []
    return ", ".join([*listed[:limit], *more])
