"""The text of the generated NumPy module, and what it shares with those of other libraries."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from derive.errors import Unsupported
from derive.model import Problem
from derive.numpy_code.arrays import axes_of, inputs_of, is_transposed, shape_text, sizes_text
from derive.numpy_code.code import Code, Level
from derive.numpy_code.example import example_function
from derive.numpy_code.plan import Plan, Stage, parts_of
from derive.numpy_code.statements import WIDTH, Statement, rendered, shared
from derive.numpy_code.writer import partial_name
from derive.terms import (
    Derivative,
    Ref,
    Term,
)

__all__ = [
    "as_declared",
    "assignment",
    "axes_table",
    "call_lines",
    "compile_module",
    "docstring",
    "helper_functions",
    "is_constant",
    "module_source",
    "ordered_functions",
    "size_lines",
    "turned_lines",
    "validation",
    "without_repetition",
]


def assignment(plan: Plan, stage: Stage) -> Statement:
    """``name = expression``; what is held constant may have been given."""
    code = plan.code(stage)
    name = plan.names[stage.name]
    made = Statement.assignment(name, code)
    if not is_constant(plan, stage.name):
        return made
    return replace(made, before=(f"    if {name} is None:",), indent=8, always=False)


def is_constant(plan: Plan, stage: str) -> bool:
    """Whether the derivation holds a stage constant."""
    definition = plan.problem.definition(stage)
    return definition is not None and definition.constant


def without_repetition(plan: Plan, statements: Sequence[Statement]) -> list[Statement]:
    """The statements with a variable for what would be computed twice."""
    axes = {plan.names[stage.name]: stage.axes for stage in plan.stages.values()}
    axes |= {plan.names[q.name]: q.indices for q in inputs_of(plan.problem)}
    arrays = {name for name, indices in axes.items() if indices}
    return shared(statements, arrays, plan.taken)


def module_source(
    problem: Problem,
    results: Mapping[str, Term],
    *,
    title: str,
    docstring_lines: Sequence[str] = (),
    derivatives: Mapping[Derivative, Term] | None = None,
) -> str:
    """The text of a module with ``cost``, ``gradient`` and ``example``.

    Args:
        problem: whose cost it is.
        results: the gradient by each parameter's name, in index form. Its free letters are those
            of the parameter's declaration, or others over the same sizes.
        title: the first line of the module's docstring.
        docstring_lines: what else the docstring says: the formulas in index form.
        derivatives: values of the derivatives that the results keep as quantities of their own
            (``∂L_i/∂z_ik``). One of an abstract function's arguments needs none.

    Raises:
        Unsupported: a term has no form in NumPy; the message names it.

    >>> from derive.model import Definition, Quantity
    >>> from derive.terms import Index, Ref, Sum, multiply
    >>> i = Index("i", "m")
    >>> x = Quantity("x", (i,), "data", "x", "x", "x", "x")
    >>> w = Quantity("w", (), "parameter", "w", "w", "w", "w")
    >>> J = Quantity("J", (), "definition", "J", "J", "J", "J")
    >>> body = Sum(i, multiply(w.ref, x.ref))
    >>> problem = Problem("p", "P", (i,), (x, w, J), (Definition("J", (), body),), example_index=i)
    >>> source = module_source(problem, {"w": Sum(i, x.ref)}, title="A sum")
    >>> module = compile_module(source)
    >>> float(module["cost"](x=[1.0, 2.0], w=3.0))
    9.0
    """
    plan = Plan(problem, results, derivatives or {})
    body = [*_functions(plan), *example_function(plan)]
    helpers = helper_functions(plan)
    held = any(definition.constant for definition in problem.definitions)
    exported = [*(['"constants"'] if held else []), '"cost"', '"example"', '"gradient"']
    parts: list[list[str]] = [
        docstring(plan, title, docstring_lines),
        [
            *(["import math", ""] if "math." in "".join(map(str, helpers)) else []),
            "import numpy as np",
        ],
        [f"__all__ = [{', '.join(exported)}]"],
        axes_table(plan),
    ]
    text = "\n\n".join("\n".join(part) for part in parts)
    for part in (*body, *helpers, validation(plan)):
        text += "\n\n\n" + "\n".join(part)
    return text + "\n"


def compile_module(source: str) -> dict[str, Any]:
    """The names that a generated module defines.

    Args:
        source: a text made by :func:`module_source`, never one from elsewhere: it is executed.

    >>> compile_module("import math\\nroot = math.sqrt(4)")["root"]
    2.0
    """
    namespace: dict[str, Any] = {"__name__": "derived"}
    exec(compile(source, "<derived module>", "exec"), namespace)  # noqa: S102 - our own text
    return namespace


def helper_functions(plan: Plan) -> list[list[str]]:
    """The helpers that were used, each as its lines."""
    helpers = plan.writer.dialect.helpers
    used = plan.writer.helpers
    return [helpers[name].rstrip("\n").split("\n") for name in helpers if name in used]


def docstring(plan: Plan, title: str, lines: Sequence[str]) -> list[str]:
    """What the module is, its formulas, and the arrays with their shapes."""
    problem = plan.problem
    rows = [(q.name, shape_text(q), q.meaning) for q in inputs_of(problem)]
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    shapes = [
        f"    {name:<{first}}  {shape:<{second}}  {said}".rstrip() for name, shape, said in rows
    ]
    text = [f'"""{_safe(title).rstrip(".")}.', ""]
    if lines:
        text += [*(f"    {_safe(line)}".rstrip() for line in lines), ""]
    text += ["Arrays, by the symbols of their sizes:", "", *map(_safe, shapes), '"""']
    return text


def _safe(line: str) -> str:
    plain = "".join(character if character.isprintable() else " " for character in line)
    return plain.replace("\\", "\\\\").replace('"""', "'''")


def axes_table(plan: Plan) -> list[str]:
    """The table of the axes of each array."""
    rows = []
    for quantity in inputs_of(plan.problem):
        sizes = [
            f'"{index.size}"' if isinstance(index.size, str) else str(index.size)
            for index in quantity.indices
        ]
        inside = f"{sizes[0]}," if len(sizes) == 1 else ", ".join(sizes)
        rows.append(f'    "{quantity.name}": ({inside}),')
    comment = "# The axes of each array, by the symbols of their sizes."
    return [comment, "_AXES = {", *rows, "}"]


#: An array, or the same numbers seen in another way.
_VIEW = re.compile(r"(\w+)(?:\.T|\.transpose\([\d, ]*\))*|np\.diagonal\((\w+)\)")

_AS_FLOATS = """\
    arrays = {name: np.asarray(array, dtype=float) for name, array in given.items()}"""


def validation(
    plan: Plan,
    conversion: str = _AS_FLOATS,
    shape: str = "array.shape",
    result: str = "tuple(array[()] for array in arrays.values())",
) -> list[str]:
    """The function that checks the shapes.

    Args:
        plan: what the module computes.
        conversion: the lines that make ``arrays`` of what is ``given``.
        shape: an array's shape as a tuple.
        result: what is returned.
    """
    numbers = any(
        isinstance(index.size, int) for q in inputs_of(plan.problem) for index in q.indices
    )
    fixed = (
        """\
            if isinstance(axis, int):
                if size != axis:
                    raise ValueError(f"{name} has shape {SHAPE}; expected {axes}")
                continue
"""
        if numbers
        else ""
    )
    fixed = fixed.replace("SHAPE", shape)
    joined = "map(str, axes)" if numbers else "axes"
    source = f'''\
def _arrays(**given):
    """The arrays as floats, in order; a ValueError if their shapes do not fit together."""
{conversion}
    seen = {{}}
    for name, array in arrays.items():
        axes = _AXES[name]
        if array.ndim != len(axes):
            expected = ", ".join({joined})
            raise ValueError(f"{{name}} has shape {{{shape}}}; expected ({{expected}})")
        for axis, size in zip(axes, array.shape):
{fixed}            first, expected = seen.setdefault(axis, (name, size))
            if size != expected:
                raise ValueError(
                    f"{{name}} with shape {{{shape}}} does not fit {{first}} with shape "
                    f"{{{shape.replace("array", "arrays[first]")}}}: {{axis}} is {{size}} in one and {{expected}} in the other"
                )
    return {result}'''  # noqa: E501 - its braces are doubled
    *before, last = source.split("\n")
    return [*before, *_window_checks(plan.problem), last]


def _functions(plan: Plan) -> list[list[str]]:
    """``cost``, ``gradient`` and, if they share stages, ``_forward``."""
    problem = plan.problem
    cost = plan.stages[problem.cost.name]
    for_cost = plan.needs([cost])
    for_gradient = plan.needs(plan.results.values())
    held = [name for name in for_cost if is_constant(plan, name)]
    # What is held constant is an argument of both, and so each computes its own stages.
    shared = [name for name in for_cost if name in for_gradient and not held]
    forward = [plan.stages[name] for name in shared]
    own_cost = [plan.stages[name] for name in for_cost if name not in shared]
    own_gradient = [plan.stages[name] for name in for_gradient if name not in shared]
    later = [*own_cost, *own_gradient, cost, *plan.results.values()]
    used_later = {
        part.name for stage in later for part in parts_of(stage.body) if isinstance(part, Ref)
    }
    returned = [stage for stage in forward if stage.name in used_later]
    helper, arguments = _forward(plan, forward, returned)
    shared_functions = [name for name in arguments if name not in plan.names]
    call = _Call(tuple(arguments), tuple(returned))
    cost_body, in_cost = _body(plan, call, own_cost, [cost], _cost_end)
    results = list(plan.results.values())
    gradient_body, in_gradient = _body(plan, call, own_gradient, results, _gradient_end)
    in_cost, in_gradient = [*shared_functions, *in_cost], [*shared_functions, *in_gradient]
    every = ordered_functions(plan, [*in_cost, *in_gradient])
    given = [*dict.fromkeys([*held, *(n for n in for_gradient if is_constant(plan, n))])]
    constants = [f"{plan.names[name]}=None" for name in given]
    plan.writer.functions = dict.fromkeys(every)
    check = _checked(plan)
    functions = [
        [
            *_signature(plan, "cost", every, in_cost, constants),
            *_cost_document(plan, given),
            *check,
            *cost_body,
        ],
        [
            *_signature(plan, "gradient", every, in_gradient, constants),
            *_gradient_document(plan),
            *check,
            *gradient_body,
        ],
    ]
    if given:
        functions.append(_constants(plan, given, every, check))
    return [*functions, *([helper] if helper else [])]


def _constants(
    plan: Plan, names: Sequence[str], every: Sequence[str], check: Sequence[str]
) -> list[str]:
    """``constants``: the stages that are held constant, as further arguments of ``cost``."""
    stages = [plan.stages[name] for name in names]
    needed = list(plan.needs(stages))
    order = [*needed, *(name for name in names if name not in needed)]

    def finish(plan: Plan) -> Statement:
        pairs = ", ".join(f'"{plan.names[name]}": {plan.names[name]}' for name in names)
        return Statement((), before=(f"    return {{{pairs}}}",))

    body, used = _body(plan, _Call((), ()), [plan.stages[name] for name in order], [], finish)
    keywords = [f"{plan.names[name]}=None" for name in names]
    return [
        *_signature(plan, "constants", every, used, keywords),
        '    """What the gradient holds constant, computed from the other arguments."""',
        *check,
        *body,
    ]


@dataclass(frozen=True, slots=True)
class _Call:
    """The call of ``_forward``: its arguments and the stages that it returns."""

    arguments: tuple[str, ...]
    returned: tuple[Stage, ...]


def _body(
    plan: Plan,
    call: _Call,
    stages: Sequence[Stage],
    finals: Sequence[Stage],
    finish: Callable[[Plan], Statement],
) -> tuple[list[str], list[str]]:
    """The lines of a function's body, and the abstract functions that they call."""
    plan.writer.functions, plan.writer.sizes = {}, {}
    statements = [*(assignment(plan, stage) for stage in stages), finish(plan)]
    lines = rendered(_returning_copies(plan, without_repetition(plan, statements)))
    read = {
        part.name
        for stage in (*stages, *finals)
        for part in parts_of(stage.body)
        if isinstance(part, Ref)
    }
    first = _forward_call(plan, call.arguments, call.returned, read) if call.returned else []
    return [*size_lines(plan), *first, *lines], list(plan.writer.functions)


def ordered_functions(plan: Plan, used: Iterable[str]) -> list[str]:
    """The abstract functions and their derivatives that are used, in order of declaration."""
    found = set(used)
    order: list[str] = []
    for function in plan.problem.functions:
        arguments = plan.writer.parameters[function.name]
        names = [partial_name(function.name, arguments, p) for p in range(len(arguments))]
        order.extend(name for name in (function.name, *names) if name in found)
    return order


def _signature(
    plan: Plan,
    name: str,
    functions: Sequence[str],
    needed: Sequence[str],
    constants: Sequence[str] = (),
) -> list[str]:
    arguments = [quantity.name for quantity in inputs_of(plan.problem)]
    arguments += [function for function in functions if function in needed]
    arguments += [f"{function}=None" for function in functions if function not in needed]
    arguments += constants
    line = f"def {name}(*, {', '.join(arguments)}):"
    if len(line) <= WIDTH:
        return [line]
    inner = f"    *, {', '.join(arguments)}"
    if len(inner) <= WIDTH:
        return [f"def {name}(", inner, "):"]
    return [
        f"def {name}(",
        "    *,",
        *(f"    {argument}," for argument in arguments),
        "):",
    ]


def _checked(plan: Plan) -> list[str]:
    """The call that checks the shapes, and what turns arrays with the examples second."""
    return [*call_lines(plan), *turned_lines(plan)]


def turned_lines(plan: Plan) -> list[str]:
    """``x = x.T`` for each array that was declared with the index of the examples second."""
    return [
        f"    {quantity.name} = {quantity.name}.T  # in the following, examples are rows"
        for quantity in inputs_of(plan.problem)
        if is_transposed(quantity, plan.problem)
    ]


def call_lines(plan: Plan) -> list[str]:
    """The call that checks the shapes."""
    names = [quantity.name for quantity in inputs_of(plan.problem)]
    left = ", ".join(names) if len(names) > 1 else f"({names[0]},)"
    pairs = [f"{name}={name}" for name in names]
    line = f"    {left} = _arrays({', '.join(pairs)})"
    if len(line) <= WIDTH:
        return [line]
    inner = f"        {', '.join(pairs)}"
    if len(inner) <= WIDTH:
        return [f"    {left} = _arrays(", inner, "    )"]
    return [f"    {left} = _arrays(", *(f"        {pair}," for pair in pairs), "    )"]


def size_lines(plan: Plan) -> list[str]:
    """``m = x.shape[0]`` for each size that the body uses."""
    lines = []
    for size in (name for name in plan.problem.size_names if name in plan.writer.sizes):
        length = _length(size, plan.problem) or _number_of_windows(size, plan.problem)
        if length is None:
            raise Unsupported(
                f"the size {size} is not the length of any array given: nothing that is summed "
                "over it depends on its index, so write it without that sum"
            )
        lines.append(f"    {plan.writer.size_names[size]} = {length}")
    return lines


def _length(size: str | int, problem: Problem) -> str | None:
    """A size as the length of one of the arrays given."""
    if isinstance(size, int):
        return str(size)
    for quantity in inputs_of(problem):
        sizes = [index.size for index in axes_of(quantity, problem)]
        if size in sizes:
            return f"{quantity.name}.shape[{sizes.index(size)}]"
    return None


def _number_of_windows(size: str, problem: Problem) -> str | None:
    """A size as the number of windows that fit into every array: ``T`` from ``S = T + K − 1``."""
    found: dict[str, None] = {}
    for _, own, shift in problem.shifts:
        count = sum(count for index, count in shift.parts if index.size == size)
        if not count:
            continue
        whole = _length(own.size, problem) or _number_of_windows(str(own.size), problem)
        others = [(index.size, count) for index, count in shift.parts if index.size != size]
        lengths = [
            (_length(other, problem), many)
            for other, many in others
            if isinstance(other, str) and many > 0
        ]
        if whole is None or any(length is None for length, _ in lengths):
            return None
        # An index with a minus sign is 1 where the place is greatest.
        fixed = shift.offset + sum(
            many * (other if isinstance(other, int) and many > 0 else 1)
            for other, many in others
            if isinstance(other, int) or many < 0
        )
        taken = [length if many == 1 else f"{many} * {length}" for length, many in lengths]
        text = " - ".join([whole, *map(str, taken)])
        text += f" - {fixed}" if fixed > 0 else f" + {-fixed}" if fixed else ""
        found[text if count == 1 else f"({text}) // {count}"] = None
    if not found:
        return None
    return next(iter(found)) if len(found) == 1 else f"min({', '.join(found)})"


def _window_checks(problem: Problem) -> list[str]:
    """Lines that refuse arrays in which a shifted index goes too far. A size that is found from
    the arrays counts as 1: one window has to fit."""
    lines: dict[str, None] = {}
    for name, own, shift in problem.shifts:
        if isinstance(own.size, int) or _length(own.size, problem) is None:
            continue
        fixed, parts = shift.offset, []
        for index, count in shift.parts:
            if count > 0 and isinstance(index.size, str) and _length(index.size, problem):
                length = f'seen["{index.size}"][1]'
                parts.append(length if count == 1 else f"{count} * {length}")
            else:
                fixed += count * (index.size if isinstance(index.size, int) and count > 0 else 1)
        least = " + ".join([*parts, str(fixed)] if fixed or not parts else parts)
        lines[f'    if seen["{own.size}"][1] < {least}:'] = None
        lines[
            f"        raise ValueError(f\"{own.size} is {{seen['{own.size}'][1]}}, but a shifted "
            f'index of {name} goes up to {{{least.replace(chr(34), chr(39))}}}")'
        ] = None
    return list(lines)


def _forward(
    plan: Plan, stages: Sequence[Stage], returned: Sequence[Stage]
) -> tuple[list[str], list[str]]:
    """The helper that computes the stages which cost and gradient share, and its arguments."""
    if not stages:
        return [], []
    plan.writer.functions, plan.writer.sizes = {}, {}
    statements = [assignment(plan, stage) for stage in stages]
    names = ", ".join(plan.names[stage.name] for stage in returned)
    if len(returned) == 1 and returned[0] is stages[-1]:
        last = plan.code(stages[-1])
        statements[-1] = Statement.returned(last)
    else:
        statements.append(Statement((), before=(f"    return {names}",)))
    sizes = size_lines(plan)
    inputs = plan.inputs(stages)
    for line in sizes:  # the array whose length is asked for
        for owner in re.findall(r"(\w+)\.shape", line):
            if owner not in inputs:
                inputs.append(owner)
    order = [quantity.name for quantity in inputs_of(plan.problem)]
    arguments = [*sorted(inputs, key=order.index), *plan.writer.functions]
    what = "stage" if len(returned) == 1 else "stages"
    text = [
        f"def _forward({', '.join(arguments)}):",
        f'    """The {what} that cost and gradient share: {names}."""',
        *sizes,
        *rendered(without_repetition(plan, statements)),
    ]
    return text, arguments


def _forward_call(
    plan: Plan,
    arguments: Sequence[str],
    returned: Sequence[Stage],
    read: set[str],
) -> list[str]:
    names = ", ".join(plan.names[stage.name] if stage.name in read else "_" for stage in returned)
    return [f"    {names} = _forward({', '.join(arguments)})"]


def _cost_end(plan: Plan) -> Statement:
    cost = plan.stages[plan.problem.cost.name]
    return Statement.returned(as_declared(plan, cost.name, plan.code(cost)))


def _gradient_end(plan: Plan) -> Statement:
    entries = [
        (
            f'"{name}": ',
            (as_declared(plan, name, code) if not plan.problem.cost.indices else code).text,
            ",",
        )
        for name, stage in plan.results.items()
        for code in (plan.code(stage),)
    ]
    if not entries:
        return Statement((), before=("    return {}",))
    return Statement(tuple(entries), before=("    return {",), after=("    }",), indent=8)


def _returning_copies(plan: Plan, statements: Sequence[Statement]) -> list[Statement]:
    """A gradient is an array of its own, so that it may be changed in place: no other gradient,
    nothing that was given, and no view of either."""
    *rest, last = statements
    seen = {quantity.name for quantity in inputs_of(plan.problem)}
    entries: list[tuple[str, str, str]] = []
    for start, text, end in last.expressions:
        view = _VIEW.fullmatch(text)
        name = "" if view is None else view[1] or view[2]
        entries.append((start, f"{text}.copy()" if name in seen else text, end))
        seen |= {name} - {""}
    return [*rest, replace(last, expressions=tuple(entries))]


def as_declared(plan: Plan, name: str, code: Code) -> Code:
    """The gradient with the axes of its parameter's declaration."""
    if not is_transposed(plan.problem.quantity(name), plan.problem):
        return code
    return Code(f"{code.at(Level.ATOM)}.T")


def _cost_document(plan: Plan, constants: Sequence[str] = ()) -> list[str]:
    cost = plan.problem.cost
    what = f"The cost {cost.name}, a number."
    if cost.indices:
        shape = shape_text(plan.problem.quantity(cost.name))
        what = f"What is differentiated: {cost.name}, an array of shape {shape}."
    if constants:
        names = ", ".join(plan.names[name] for name in constants)
        return [
            f'    """{what}',
            "",
            f"    The gradient holds {names} constant: computed here if not given.",
            '    """',
        ]
    return [f'    """{what}"""']


def _gradient_document(plan: Plan) -> list[str]:
    cost = plan.problem.cost
    if cost.indices:
        what = f"The derivatives of {cost.name}, by parameter"
        shapes = [f"{name} {sizes_text(stage.axes)}" for name, stage in plan.results.items()]
    else:
        what = "The gradient of the cost, by parameter"
        shapes = [f"{name} {shape_text(plan.problem.quantity(name))}" for name in plan.results]
    line = f'    """{what}: {", ".join(shapes)}."""'
    if shapes and len(line) <= WIDTH:
        return [line]
    return [f'    """{what}."""']
