"""The small case, done again by SymPy alone.

The cost is unrolled into plain SymPy symbols (``x_1_2``), with every stage substituted and its
own spelling of every function, and SymPy differentiates it. Nothing of this package's rules takes
part, nor its evaluation: the numbers come from mpmath.

SymPy's ``simplify`` and ``equals`` are of no use for comparing (minutes, and wrong answers); 50
digits at random points in the domains are.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, TypeAlias

from derive.checks.residuals import round_up
from derive.derivation import Check, Status
from derive.errors import InputError, Unsupported
from derive.evaluation import EvaluationError, span
from derive.functions import FUNCTIONS
from derive.model import Problem
from derive.sampling import Array, SmoothFunction, draw, sample_functions
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
    Size,
    Sum,
    Term,
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
                known = self._held.setdefault(component, self.sympy.Dummy("constant"))
            else:
                inside = dict(zip(definition.indices, component[1:], strict=True))
                known = self.translate(definition.body, inside)
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
            case Apply():
                return self._apply(term, places)
            case Derivative(of=of, by=by):
                return self.derivative(of, self.component(by, places), places)
            case _:
                raise Unsupported(f"{term} has no counterpart in SymPy")

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
        if self.functions.get(term.function) is None and term.function not in FUNCTIONS:
            return partial.subs(dict(zip(slots, arguments, strict=True)))
        return partial.xreplace(dict(zip(slots, arguments, strict=True)))

    def _function(self, term: Apply, arguments: tuple[Expression, ...]) -> Expression:
        name = term.function
        given = self.functions.get(name)
        if given is not None:
            return given(arguments)
        if self.problem.function(name) is not None:
            return self.sympy.Function(name)(*arguments)
        if name not in FUNCTIONS or len(arguments) != FUNCTIONS[name].arity:
            raise InputError(f"{term}: there is no function {name} of {len(arguments)} arguments")
        return FUNCTIONS[name].sympy(self.sympy, *arguments)


def _place(index: IndexLike, places: _Places) -> int:
    if isinstance(index, int):
        return index
    try:
        return places[index]
    except KeyError:
        raise InputError(f"the index {index.name} has no value here") from None


def _concrete(problem: Problem, seed: int) -> dict[str, _Function]:
    return {name: chosen.in_sympy for name, chosen in sample_functions(problem, seed).items()}


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
    return type(name, (sympy.Function,), members)


def _opaque_functions(problem: Problem) -> dict[str, _Function]:
    """Opaque functions for all of them, until numbers are put in.

    Those that SymPy knows are opaque too: SymPy would look for simpler forms of each logarithm
    and each power that it builds, which takes most of the time and isn't needed. Their derivatives
    are still SymPy's own, see :func:`_partial`.
    """

    def caller(name: str) -> _Function:
        function = _opaque(name, ())
        return lambda arguments: function(*arguments)

    names = dict.fromkeys([*FUNCTIONS, *(function.name for function in problem.functions)])
    return {name: caller(name) for name in names}


@lru_cache(maxsize=256)  # the same for every number of examples and every parameter
def _partial(
    function: str | SmoothFunction, count: int, orders: tuple[int, ...]
) -> tuple[Expression, tuple[Any, ...]]:
    """SymPy's partial derivative of a function of ``count`` arguments, and their symbols.

    ``function`` is the name of one that SymPy knows, or the concrete form of an abstract one.
    """
    import sympy

    slots = tuple(sympy.Dummy("u") for _ in range(count))
    if isinstance(function, str):
        partial = FUNCTIONS[function].sympy(sympy, *slots)
    else:
        partial = function.in_sympy(slots)
    for slot, order in zip(slots, orders, strict=False):
        partial = partial.diff(slot, order) if order else partial
    return partial, slots


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


class _Numbers:
    """SymPy expressions as numbers at one point, every common subexpression once."""

    def __init__(
        self,
        values: Mapping[Expression, Any],
        functions: Mapping[str, SmoothFunction] | None = None,
    ) -> None:
        import mpmath
        import sympy

        self._mpmath = mpmath
        self._sympy = sympy
        self._known: dict[Expression, Any] = dict(values)
        self._abstract = dict(functions or {})
        self._functions: dict[Any, Callable[[Any], Any]] = {
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
        arguments = [self.value(argument) for argument in expression.args]
        try:
            return _Numbers(dict(zip(slots, arguments, strict=True))).value(partial)
        except EvaluationError:
            raise EvaluationError(f"{expression} has no real value here") from None

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
        examples = problem.example_index
        others = {
            name: size
            for size, name in enumerate(
                (n for n in problem.size_names if examples is None or n != examples.size), start=2
            )
        }
        if examples is None or not isinstance(examples.size, str):
            every = [others]
        else:
            every = [{examples.size: count, **others} for count in counts]
        functions = _opaque_functions(problem)
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
        # Sizes stay symbols while SymPy works: it would multiply 1/m out into the terms otherwise,
        # and couldn't use its cache for the losses that m and m + 1 examples share. A derivative's
        # form doesn't depend on where its symbols are zero, but SymPy asks for it at every step,
        # and looks long where it can't know.
        self.translator = _Translator(
            problem, sizes, functions, numbers_for_sizes=False, assumptions={"nonzero": True}
        )

    @cached_property
    def points(self) -> list[tuple[_Numbers, dict[str, Array]]]:
        """Points in the domains at which the cost has a real value."""
        cost = self.translator.released(self.translator.stage((self.problem.cost.name,)))
        return _points(self.problem, self.translator, self.sizes, self.seed, cost)

    def compare(self, wrt: str, result: Term, own: tuple[Index, ...]) -> Check:
        """Compare the first and the last component of the gradient by ``wrt``."""
        listed = ", ".join(f"{name} = {size}" for name, size in self.sizes.items())
        about = f"the gradient by {wrt} at {listed}"
        try:
            largest, samples, difference = self._largest_difference(wrt, result, own)
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
        self, wrt: str, result: Term, own: tuple[Index, ...]
    ) -> tuple[float, int, str]:
        """The largest residual, how many numbers were compared, and a report of the first
        failure."""
        import mpmath

        ends = [span(index, self.sizes)[-1] for index in own]
        pairs = []
        for places in dict.fromkeys([(1,) * len(own), tuple(ends)]):
            theirs = self.translator.derivative(self.problem.cost.head, (wrt, *places), {})
            ours = self.translator.translate(result, dict(zip(own, places, strict=True)))
            released = self.translator.released
            pairs.append((places, released(theirs), released(ours)))
        largest, samples, difference = 0.0, 0, ""
        with mpmath.workdps(DIGITS):
            for numbers, values in self.points:
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
        for name, size in sizes.items():
            known[translator.symbol((name,))] = mpmath.mpf(size)
        numbers = _Numbers(known, sample_functions(problem, seed * 100 + attempt))
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
