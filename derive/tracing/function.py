"""From a plain function to a problem."""

from __future__ import annotations
import __future__

import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from types import CodeType
from typing import Any, Literal

from derive import language
from derive.errors import InputError, Unsupported
from derive.evaluation import EvaluationError, Evaluator
from derive.language import AbstractHandle, Named
from derive.language.assembly import TOO_DEEP
from derive.language.borrowed import quantity_name
from derive.language.declarations import checked_name
from derive.model import Domain, Problem
from derive.sampling import SmoothFunction, distinct_sizes, draw, sample_functions
from derive.tracing.arrays import SymbolicArray, shape_text
from derive.tracing.operations import OPERATIONS
from derive.tracing.session import Session

__all__ = ["trace"]

#: How far the traced cost may be from the function's own value, relative to it.
TOLERANCE = 1e-8
_ATTEMPTS = 40

_Shape = tuple["str | int", ...]


def trace(
    function: Callable[..., Any],
    /,
    shapes: Mapping[str, Any] | None = None,
    *,
    wrt: str | Iterable[str] = (),
    hyperparameters: str | Iterable[str] = (),
    domains: Mapping[str, Domain] | None = None,
    meanings: Mapping[str, str] | None = None,
    constants: str | Iterable[str] = (),
    name: str = "",
    title: str = "",
    summary: str = "",
    written_out: Iterable[str] = (),
    sizes: Mapping[str, int] | None = None,
    step_at_zero: int | Fraction = 0,
    sign_at_zero: int | Fraction = 0,
    example: Literal[False] | None = None,
    check: bool = True,
    **shapes_by_name: Any,
) -> Problem:
    """The problem of a cost that is a plain Python function on NumPy arrays.

    The function is called once with symbolic arrays. Its local variables become the stages of the
    derivation, under their names; one that is assigned again gets a new name (``h``, then
    ``h_2``), and the table of symbols says so. Functions that it calls leave no names.

    Args:
        function: from arrays to the cost, a single number.
        shapes: the shape of each argument, ``{"x": "m,n"}``; a scalar is ``""``. Usually given as
            keywords, ``x="m,n"``, or as annotations of the function, ``x: "m,n"``. A size is a
            name or a number; an axis of length 1 carries no index. A function that stays abstract
            is given as ``g=derive.function("g")``. An argument without a shape keeps its default.
        wrt: the names of the parameters. If left out, those arguments that have no axis of length
            ``m``, the number of examples.
        hyperparameters: arguments that are neither; scalars that are not in ``wrt`` are.
        domains, meanings: by name of the argument (or, for meanings, of the stage).
        constants: local variables that are held constant, see :func:`derive.constant`.
        name, title, summary: by default the function's name and the first line of its docstring.
        written_out, sizes, step_at_zero, sign_at_zero: as for :func:`derive.problem`.
        example: ``False`` where nothing counts examples, as in ``trace(A @ X @ B)``.
        check: call the function a second time with random numbers and compare its value with that
            of the traced cost.

    Decimals in the function count as exact, ``0.1`` as 1/10.

    Raises:
        InputError: shapes that don't fit, with the file and the line; a decision by a value;
            an array that is changed in place; a cost that isn't a number.
        Unsupported: an operation that has no derivation here.

    >>> import numpy as np
    >>> def loss(w: "n", x: "m,n", y: "m"):
    ...     error = x @ w - y
    ...     return (error**2).mean()
    >>> problem = trace(loss)
    >>> [quantity.name for quantity in problem.parameters]
    ['w']
    """
    traced = _Function(function)
    given = {**(shapes or {}), **shapes_by_name}
    arguments = traced.arguments(given)
    roles = _Roles(arguments, _names(wrt, "wrt"), _names(hyperparameters, "hyperparameters"))
    said = {quantity_name(each): text for each, text in (meanings or {}).items()}
    where = {quantity_name(each): domain for each, domain in (domains or {}).items()}
    _require_known("domains", where, [quantity_name(a) for a in arguments])
    session = Session(
        traced.code,
        [size for shape in arguments.values() if isinstance(shape, tuple) for size in shape],
        [*traced.code.co_varnames, *traced.code.co_cellvars, *map(quantity_name, arguments)],
        map(quantity_name, arguments),
        OPERATIONS,
        said,
        map(quantity_name, _names(constants, "constants")),
    )
    values, declared = _declared(session, arguments, roles, where, said)
    try:
        cost = _cost(session, traced, values)
        _require_known("constants", session.constants, session.stages, "stage")
        used = _used(cost)
        parameters = _parameters(roles, declared, used)
        problem = language.problem(
            cost,
            name=name or _problem_name(traced),
            title=title or traced.title,
            summary=summary,
            spare=session.spare,
            written_out=[quantity_name(each) for each in written_out],
            wrt=parameters,
            sizes=sizes,
            step_at_zero=step_at_zero,
            sign_at_zero=sign_at_zero,
            example=example,
        )
    except RecursionError:
        raise Unsupported(TOO_DEEP) from None
    if check:
        _compare(traced, problem, arguments, declared)
    return problem


def _names(given: str | Iterable[str], what: str) -> tuple[str, ...]:
    names = (given,) if isinstance(given, str) else tuple(given)
    for name in names:
        if not isinstance(name, str):
            raise InputError(f"{what}: {name!r} is not the name of an argument")
    return names


def _require_known(
    what: str, given: Iterable[str], known: Iterable[str], kind: str = "argument"
) -> None:
    known = list(known)
    for name in sorted(given):
        if name not in known:
            raise InputError(
                f"{what}: the function has no {kind} {name!r}; it has {', '.join(known)}"
            )


# The function ------------------------------------------------------------------------------------


class _Function:
    """The function, its code, and what its signature says."""

    def __init__(self, function: Callable[..., Any]) -> None:
        plain = inspect.unwrap(function) if callable(function) else function
        plain = getattr(plain, "__func__", plain)
        code = getattr(plain, "__code__", None)
        if not isinstance(code, CodeType):
            raise InputError(f"{function!r} is not a function that is written in Python")
        if code.co_flags & (
            inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
        ):
            raise InputError(f"{plain.__name__} is a generator or a coroutine, and returns no cost")
        self.call = function
        self.code = code
        self.name: str = plain.__name__
        self.title = (inspect.getdoc(plain) or "").partition("\n")[0].strip().rstrip(".")
        self._parameters = inspect.signature(function).parameters

    @property
    def place(self) -> str:
        """Where the function stands."""
        return f"{self.code.co_filename}:{self.code.co_firstlineno}"

    def arguments(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The shape of each argument (or the abstract function that it is), in order."""
        for name, parameter in self._parameters.items():
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                raise InputError(f"{self.name}: the argument *{name} has no fixed shape")
        _require_known("shapes", given, self._parameters)
        found: dict[str, Any] = {}
        for name, parameter in self._parameters.items():
            annotated = parameter.annotation
            if name in given:
                shape = given[name]
            elif isinstance(annotated, str) and self._annotations_are_text:
                if annotated[:1] not in ("'", '"'):  # a type
                    if parameter.default is not parameter.empty:
                        continue
                    raise self._without_shape(name)
                shape = annotated.strip("'\"")
            elif isinstance(annotated, str):
                shape = annotated
            elif parameter.default is not parameter.empty:
                continue
            else:
                raise self._without_shape(name)
            found[name] = shape if isinstance(shape, AbstractHandle) else _shape(name, shape)
        if not found:
            raise InputError(f"{self.name} has no arguments with a shape")
        return found

    @property
    def _annotations_are_text(self) -> bool:
        """Whether ``from __future__ import annotations`` was in force: "m,n" is in quotes then."""
        return bool(self.code.co_flags & __future__.annotations.compiler_flag)

    def _without_shape(self, name: str) -> InputError:
        return InputError(
            f'{self.name}: no shape is given for {name}; write {name}="m,n", or {name}="" for a '
            "scalar"
        )


def _shape(name: str, shape: Any) -> _Shape:
    if isinstance(shape, (list, tuple)):
        parts = [str(part) for part in shape]
    elif isinstance(shape, str):
        parts = [part.strip() for part in shape.strip("() ").split(",")]
        while parts and not parts[-1]:
            parts.pop()
    else:
        raise InputError(f'{name}={shape!r} is not a shape; write "m,n", or "" for a scalar')
    made: list[str | int] = []
    for part in parts:
        if part.isdecimal() and part.isascii() and int(part) > 0:
            made.append(int(part))
        else:
            made.append(checked_name(part))
    return tuple(made)


# Roles -------------------------------------------------------------------------------------------


class _Roles:
    """What each argument is."""

    def __init__(
        self, arguments: Mapping[str, Any], wrt: tuple[str, ...], hyper: tuple[str, ...]
    ) -> None:
        arrays = {name: shape for name, shape in arguments.items() if isinstance(shape, tuple)}
        _require_known("wrt", wrt, arrays)
        _require_known("hyperparameters", hyper, arrays)
        both = [name for name in wrt if name in hyper]
        if both:
            raise InputError(f"{both[0]} is in wrt and among the hyperparameters")
        self.chosen = bool(wrt)
        if not wrt:
            wrt = tuple(n for n, shape in arrays.items() if "m" not in shape and n not in hyper)
            if not wrt:
                raise InputError("every argument has an axis of length m: say which are wrt")
        self.wrt = wrt
        self._hyper = {*hyper, *(n for n, shape in arrays.items() if not shape and n not in wrt)}

    def declare(self, name: str, specification: str, **options: Any) -> Named:
        """The argument as a quantity."""
        if name in self.wrt:
            return language.parameter(specification, **options)
        if name in self._hyper:
            options["domain"] = options.get("domain", "positive")
            return language.hyperparameter(specification, **options)
        return language.data(specification, **options)


def _declared(
    session: Session,
    arguments: Mapping[str, Any],
    roles: _Roles,
    domains: Mapping[str, Domain],
    meanings: Mapping[str, str],
) -> tuple[dict[str, Any], dict[str, Named]]:
    """The values that the function is called with, and the quantities of the arrays."""
    values: dict[str, Any] = {}
    declared: dict[str, Named] = {}
    for name, shape in arguments.items():
        if isinstance(shape, AbstractHandle):
            values[name] = _Abstract(session, shape)
            continue
        axes = session.axes(shape)
        letters = ",".join(axis.name for axis in axes if axis is not None)
        called = quantity_name(name)
        if any(called == quantity_name(other) for other in declared):
            raise InputError(f"two arguments would be called {called}; rename one of them")
        options: dict[str, Any] = {"meaning": meanings.get(called, "")}
        if called in domains:
            options["domain"] = domains[called]
        specification = f"{called}[{letters}]" if letters else called
        declared[name] = roles.declare(name, specification, **options)
        values[name] = session.declared(declared[name], axes)
    return values, declared


class _Abstract:
    """A function that stays abstract, as the traced function calls it."""

    def __init__(self, session: Session, handle: AbstractHandle) -> None:
        self._session = session
        self._handle = handle

    def __call__(self, *operands: Any) -> Any:
        return self._session.run("abstract", self._handle, operands)


# The cost ----------------------------------------------------------------------------------------


def _cost(session: Session, traced: _Function, values: Mapping[str, Any]) -> Named:
    """The function's value, as a named stage."""
    session.runner = sys._getframe()  # noqa: SLF001 - CPython's way to ask
    try:
        result = traced.call(**values)
        session.notice()
    finally:
        session.forget_frame()
    if not isinstance(result, SymbolicArray):
        raise InputError(
            f"{traced.place}: {traced.name} returns {result!r}, which is no array; return the cost"
        )
    if any(axis is not None for axis in result.axes):
        raise InputError(
            f"{traced.place}: {traced.name} returns an array of shape {shape_text(result)}; a cost "
            "is one number: return its .mean() or its .sum()"
        )
    stage = next((s for s in session.stages.values() if s.term == result.expression.term), None)
    if stage is not None:
        return stage
    name = next(n for n in ("J", "cost", "J_cost", "the_cost") if session.is_free(n))
    return session.stage(name, result)


def _used(cost: Named) -> set[str]:
    """The names of all quantities that the cost is made of."""
    found: set[str] = set()
    left = [cost]
    while left:
        named = left.pop()
        if named.name not in found:
            found.add(named.name)
            left.extend(named.body.named if named.body is not None else ())
    return found


def _parameters(roles: _Roles, declared: Mapping[str, Named], used: set[str]) -> list[Named]:
    wanted = [declared[name] for name in roles.wrt]
    missing = [named.name for named in wanted if named.name not in used]
    if missing and (roles.chosen or len(missing) == len(wanted)):
        raise InputError(f"the cost does not depend on {', '.join(missing)}")
    return [named for named in wanted if named.name in used]


def _problem_name(traced: _Function) -> str:
    return "own_cost" if traced.name == "<lambda>" else quantity_name(traced.name)


# The comparison ----------------------------------------------------------------------------------


def _compare(
    traced: _Function,
    problem: Problem,
    arguments: Mapping[str, Any],
    declared: Mapping[str, Named],
) -> None:
    """Call the function with random numbers, and compare.

    Raises:
        InputError: it fails, or has another value than the traced cost.
    """
    import numpy as np

    sizes = distinct_sizes(problem)
    point = _point(problem, sizes)
    if point is None:
        return  # the checks of the derivation say so, with the reason
    arrays, functions, expected = point
    for shape in arguments.values():
        for size in shape if isinstance(shape, tuple) else ():
            if isinstance(size, str):
                sizes.setdefault(size, 3 + len(sizes))  # of an argument that isn't used
    values: dict[str, Any] = {}
    for name, shape in arguments.items():
        if isinstance(shape, AbstractHandle):
            smooth = functions.get(shape.function.name)
            values[name] = _numeric(smooth or SmoothFunction(shape.function.name, "0"))
            continue
        lengths = tuple(sizes[size] if isinstance(size, str) else size for size in shape)
        known = arrays.get(declared[name].name)
        flat = [float(value) for value in known.values()] if known is not None else 0.5
        full = np.array(flat, dtype=float).reshape(lengths) if known else np.full(lengths, flat)
        values[name] = full if lengths else float(full)
    try:
        with np.errstate(all="ignore"):
            found = float(np.asarray(traced.call(**values), dtype=float).reshape(()))
    except Exception as error:
        raise InputError(
            f"{traced.place}: {traced.name} raises {error!r} when it is called with numbers; "
            "check=False traces it without comparing values"
        ) from error
    if not abs(found - expected) <= TOLERANCE * max(1.0, abs(expected)):
        raise InputError(
            f"{traced.place}: {traced.name} gives {found:.12g} for random numbers, but what was "
            f"traced gives {expected:.12g}: it does something that arrays without values don't see"
        )


def _point(problem: Problem, sizes: Mapping[str, int]) -> Any:
    """Random inputs at which the cost has a value, concrete functions, and that value."""
    for seed in range(_ATTEMPTS):
        values = draw(problem, sizes, seed)
        functions = sample_functions(problem, seed)
        concrete = {name: each.value for name, each in functions.items()}
        evaluator = Evaluator(problem, sizes, values, concrete)
        try:
            table = evaluator.table(problem.cost.head, ())
        except EvaluationError:
            continue
        return values, functions, float(next(iter(table.values())))
    return None


def _numeric(smooth: SmoothFunction) -> Any:
    import numpy as np

    def value(*arguments: float) -> float:
        return float(smooth.value(tuple(Decimal(repr(float(each))) for each in arguments)))

    return np.vectorize(value, otypes=[float])
