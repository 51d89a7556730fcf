"""The text of the generated plan."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from derive.errors import Unsupported
from derive.model import Problem
from derive.numpy_code.arrays import axes_of, inputs_of, is_transposed, shape_text
from derive.numpy_code.code import Code, Level
from derive.numpy_code.example import example_function
from derive.numpy_code.plan import Plan, Stage, parts_of
from derive.numpy_code.writer import HELPERS, partial_name
from derive.terms import (
    Derivative,
    Ref,
    Term,
)

__all__ = ["compile_module", "module_source"]


class _Lines:
    """The lines of a function's body."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.lines: list[str] = []

    def assign(self, stage: Stage) -> None:
        """``name = expression``."""
        code = self.plan.writer.term(stage.body, stage.axes)
        name = self.plan.names[stage.name]
        if _is_constant(self.plan, stage.name):
            self.lines.append(f"    if {name} is None:")
            self.lines.extend(_statement(f"{name} = ", code, indent=8))
        else:
            self.lines.extend(_statement(f"{name} = ", code))


def _is_constant(plan: Plan, stage: str) -> bool:
    definition = plan.problem.definition(stage)
    return definition is not None and definition.constant


#: The longest line that is written.
WIDTH = 100


def _statement(start: str, code: Code, end: str = "", indent: int = 4) -> list[str]:
    """A statement on one line, or in parentheses on several if it is long."""
    line = f"{' ' * indent}{start}{code.text}{end}"
    if len(line) <= WIDTH:
        return [line]
    pad = " " * (indent + 4)
    return [
        f"{' ' * indent}{start}(",
        *(f"{pad}{part}" for part in _broken(code.text, WIDTH - indent - 4)),
        f"{' ' * indent}){end}",
    ]


def _broken(text: str, width: int) -> list[str]:
    """The expression in lines, broken before signs outside all parentheses."""
    if len(text) <= width:
        return [text]
    for signs in ((" + ", " - "), (" * ", " / ", " @ ")):
        pieces: list[str] = []
        depth = start = 0
        for place, character in enumerate(text):
            depth += character in "([{"
            depth -= character in ")]}"
            if depth == 0 and any(text.startswith(sign, place) for sign in signs):
                pieces.append(text[start:place].strip())
                start = place
        pieces.append(text[start:].strip())
        if len(pieces) > 1:
            return pieces
    return [text]


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
    helpers = [
        HELPERS[name].rstrip("\n").split("\n") for name in HELPERS if name in plan.writer.helpers
    ]
    held = any(definition.constant for definition in problem.definitions)
    exported = [*(['"constants"'] if held else []), '"cost"', '"example"', '"gradient"']
    parts: list[list[str]] = [
        _docstring(plan, title, docstring_lines),
        [
            *(["import math", ""] if "math." in "".join(map(str, helpers)) else []),
            "import numpy as np",
        ],
        [f"__all__ = [{', '.join(exported)}]"],
        _axes_table(plan),
    ]
    text = "\n\n".join("\n".join(part) for part in parts)
    for part in (*body, *helpers, _validation(plan)):
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


def _docstring(plan: Plan, title: str, lines: Sequence[str]) -> list[str]:
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


def _axes_table(plan: Plan) -> list[str]:
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


def _validation(plan: Plan) -> list[str]:
    numbers = any(
        isinstance(index.size, int) for q in inputs_of(plan.problem) for index in q.indices
    )
    fixed = (
        """\
            if isinstance(axis, int):
                if size != axis:
                    raise ValueError(f"{name} has shape {array.shape}; expected {axes}")
                continue
"""
        if numbers
        else ""
    )
    joined = "map(str, axes)" if numbers else "axes"
    source = f'''\
def _arrays(**given):
    """The arrays as floats, in order; a ValueError if their shapes do not fit together."""
    arrays = {{name: np.asarray(array, dtype=float) for name, array in given.items()}}
    seen = {{}}
    for name, array in arrays.items():
        axes = _AXES[name]
        if array.ndim != len(axes):
            expected = ", ".join({joined})
            raise ValueError(f"{{name}} has shape {{array.shape}}; expected ({{expected}})")
        for axis, size in zip(axes, array.shape):
{fixed}            first, expected = seen.setdefault(axis, (name, size))
            if size != expected:
                raise ValueError(
                    f"{{name}} with shape {{array.shape}} does not fit {{first}} with shape "
                    f"{{arrays[first].shape}}: {{axis}} is {{size}} in one and {{expected}} in the other"
                )
    return tuple(array[()] for array in arrays.values())'''  # noqa: E501 - its braces are doubled
    return source.split("\n")


def _functions(plan: Plan) -> list[list[str]]:
    """``cost``, ``gradient`` and, if they share stages, ``_forward``."""
    problem = plan.problem
    cost = plan.stages[problem.cost.name]
    for_cost = plan.needs([cost])
    for_gradient = plan.needs(plan.results.values())
    held = [name for name in for_cost if _is_constant(plan, name)]
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
    every = _ordered_functions(plan, [*in_cost, *in_gradient])
    given = [*dict.fromkeys([*held, *(n for n in for_gradient if _is_constant(plan, n))])]
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

    def finish(plan: Plan, lines: _Lines) -> None:
        pairs = ", ".join(f'"{plan.names[name]}": {plan.names[name]}' for name in names)
        lines.lines.append(f"    return {{{pairs}}}")

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
    finish: Callable[[Plan, _Lines], None],
) -> tuple[list[str], list[str]]:
    """The lines of a function's body, and the abstract functions that they call."""
    plan.writer.functions, plan.writer.sizes = {}, {}
    lines = _Lines(plan)
    for stage in stages:
        lines.assign(stage)
    finish(plan, lines)
    read = {
        part.name
        for stage in (*stages, *finals)
        for part in parts_of(stage.body)
        if isinstance(part, Ref)
    }
    first = _forward_call(plan, call.arguments, call.returned, read) if call.returned else []
    return [*_size_lines(plan), *first, *lines.lines], list(plan.writer.functions)


def _ordered_functions(plan: Plan, used: Iterable[str]) -> list[str]:
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
    return [*_checking_call(plan), *_turned(plan)]


def _turned(plan: Plan) -> list[str]:
    """``x = x.T`` for each array that was declared with the index of the examples second."""
    return [
        f"    {quantity.name} = {quantity.name}.T  # in the following, examples are rows"
        for quantity in inputs_of(plan.problem)
        if is_transposed(quantity, plan.problem)
    ]


def _checking_call(plan: Plan) -> list[str]:
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


def _size_lines(plan: Plan) -> list[str]:
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
    """A size as the number of windows that fit into an array: ``T`` from ``S = T + K − 1``."""
    for _, own, shift in problem.shifts:
        whole = _length(own.size, problem)
        counts = [count for index, count in shift.parts if index.size == size]
        others = [(index.size, count) for index, count in shift.parts if index.size != size]
        lengths = [(_length(other, problem), count) for other, count in others]
        if whole is None or len(counts) != 1 or any(length is None for length, _ in lengths):
            continue
        fixed = shift.offset + sum(
            count * other for other, count in others if isinstance(other, int)
        )
        taken = [
            length if count == 1 else f"{count} * {length}"
            for (other, _), (length, count) in zip(others, lengths, strict=True)
            if isinstance(other, str)
        ]
        text = " - ".join([whole, *map(str, taken)])
        text += f" - {fixed}" if fixed > 0 else f" + {-fixed}" if fixed else ""
        return text if counts[0] == 1 else f"({text}) // {counts[0]}"
    return None


def _forward(
    plan: Plan, stages: Sequence[Stage], returned: Sequence[Stage]
) -> tuple[list[str], list[str]]:
    """The helper that computes the stages which cost and gradient share, and its arguments."""
    if not stages:
        return [], []
    plan.writer.functions, plan.writer.sizes = {}, {}
    lines = _Lines(plan)
    for stage in stages:
        shown_before_last = list(lines.lines)
        lines.assign(stage)
    sizes = _size_lines(plan)
    inputs = plan.inputs(stages)
    for line in sizes:  # the array whose length is asked for
        for owner in re.findall(r"(\w+)\.shape", line):
            if owner not in inputs:
                inputs.append(owner)
    order = [quantity.name for quantity in inputs_of(plan.problem)]
    arguments = [*sorted(inputs, key=order.index), *plan.writer.functions]
    names = ", ".join(plan.names[stage.name] for stage in returned)
    what = "stage" if len(returned) == 1 else "stages"
    if len(returned) == 1 and returned[0] is stages[-1]:
        last = plan.writer.term(stages[-1].body, stages[-1].axes)
        body = [*shown_before_last, *_statement("return ", last)]
    else:
        body = [*lines.lines, f"    return {names}"]
    text = [
        f"def _forward({', '.join(arguments)}):",
        f'    """The {what} that cost and gradient share: {names}."""',
        *sizes,
        *body,
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


def _cost_end(plan: Plan, lines: _Lines) -> None:
    cost = plan.stages[plan.problem.cost.name]
    lines.lines.extend(_statement("return ", plan.writer.term(cost.body, cost.axes)))


def _gradient_end(plan: Plan, lines: _Lines) -> None:
    entries = [
        (name, _as_declared(plan, name, plan.writer.term(stage.body, stage.axes)))
        for name, stage in plan.results.items()
    ]
    if not entries:
        lines.lines.append("    return {}")
        return
    lines.lines.append("    return {")
    for name, code in entries:
        lines.lines.extend(_statement(f'"{name}": ', code, ",", indent=8))
    lines.lines.append("    }")


def _as_declared(plan: Plan, name: str, code: Code) -> Code:
    """The gradient with the axes of its parameter's declaration."""
    if not is_transposed(plan.problem.quantity(name), plan.problem):
        return code
    return Code(f"{code.at(Level.ATOM)}.T")


def _cost_document(plan: Plan, constants: Sequence[str] = ()) -> list[str]:
    if constants:
        names = ", ".join(plan.names[name] for name in constants)
        return [
            f'    """The cost {plan.problem.cost.name}, a number.',
            "",
            f"    The gradient holds {names} constant: computed here if not given.",
            '    """',
        ]
    return [f'    """The cost {plan.problem.cost.name}, a number."""']


def _gradient_document(plan: Plan) -> list[str]:
    shapes = [f"{name} {shape_text(plan.problem.quantity(name))}" for name in plan.results]
    line = f'    """The gradient of the cost, by parameter: {", ".join(shapes)}."""'
    if shapes and len(line) <= WIDTH:
        return [line]
    return ['    """The gradient of the cost, by parameter."""']
