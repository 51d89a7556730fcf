"""Modules for PyTorch and JAX: the cost as a function that carries its own gradient.

Both libraries differentiate by themselves; what such a module gives is the gradient that was
derived, in closed form, within a larger model that they differentiate:
`torch.autograd.Function <https://docs.pytorch.org/docs/stable/notes/extending.html>`_ and
`jax.custom_vjp
<https://docs.jax.dev/en/latest/notebooks/Custom_derivative_rules_for_Python_code.html>`_. The
stages of the forward pass that the gradient needs are kept, not computed again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from derive.model import Problem
from derive.numpy_code.arrays import inputs_of, shape_text
from derive.numpy_code.code import Code, times
from derive.numpy_code.dialects import JAX, TORCH
from derive.numpy_code.module import (
    as_declared,
    axes_table,
    call_lines,
    docstring,
    helper_functions,
    is_constant,
    ordered_functions,
    size_lines,
    turned_lines,
    validation,
    without_repetition,
)
from derive.numpy_code.plan import Plan, Stage
from derive.numpy_code.statements import WIDTH, Statement, rendered
from derive.terms import Derivative, Term

__all__ = ["jax_source", "torch_source"]


@dataclass(frozen=True, slots=True)
class _Passes:
    """The two passes.

    Attributes:
        plan: what is computed.
        forward: the lines up to the cost, indented as a function's body is.
        cost: the variable of the cost.
        backward: the lines up to the return of the gradient, which is in them.
        saved: the variables that the second pass needs of the first.
        arrays: the names of the arrays that are given.
        functions: the names of the abstract functions that are given, with their derivatives.
        upstream: the variable of the derivative by the cost.
    """

    plan: Plan
    forward: tuple[str, ...]
    cost: str
    backward: tuple[str, ...]
    saved: tuple[str, ...]
    arrays: tuple[str, ...]
    functions: tuple[str, ...]
    upstream: str

    @property
    def given(self) -> str:
        """The arguments of both libraries' functions."""
        return ", ".join((*self.arrays, *self.functions))

    @property
    def kept(self) -> str:
        """The variables that are saved, as what a tuple is unpacked into."""
        return ", ".join(self.saved) + ("," if len(self.saved) == 1 else "")

    def free(self, name: str) -> str:
        """The name, with underscores behind it if it means something already."""
        while name in self.plan.taken:
            name += "_"
        return name


def _passes(plan: Plan, *, with_functions: bool) -> _Passes:
    """The passes; ``with_functions`` says that the gradient has a place for each abstract
    function."""
    arrays = tuple(quantity.name for quantity in inputs_of(plan.problem))
    upstream = "upstream"
    while upstream in plan.taken:
        upstream += "_"
    cost = plan.stages[plan.problem.cost.name]
    first = [*plan.needs([cost]), cost.name]
    second = [name for name in plan.needs(plan.results.values()) if name not in first]
    plan.writer.functions, plan.writer.sizes = {}, {}
    stages = [_assignment(plan, plan.stages[name]) for name in first]
    forward = [*size_lines(plan), *turned_lines(plan)]
    forward += rendered(without_repetition(plan, stages))
    plan.writer.sizes = {}
    statements = [_assignment(plan, plan.stages[name]) for name in second]
    gradients = [_times_upstream(plan, name, upstream) for name in arrays]
    # A number is no array that could be kept, and costs nothing to compute again.
    numbers = [name for name in first if _is_number(plan, name)]
    used = _identifiers([text for each in statements for _, text, _ in each.expressions])
    used |= _identifiers(gradients)
    again = [_assignment(plan, plan.stages[name]) for name in numbers if plan.names[name] in used]
    functions = tuple(ordered_functions(plan, plan.writer.functions))
    gradients += ["None"] * len(functions) if with_functions else []
    returned = Statement(
        tuple(("", text, ",") for text in gradients),
        before=("    return (",),
        after=("    )",),
        indent=8,
    )
    backward = [
        *size_lines(plan),
        *rendered(without_repetition(plan, [*again, *statements, returned])),
    ]
    used = _identifiers(backward)
    kept = [*arrays, *(plan.names[name] for name in first if name not in numbers)]
    return _Passes(
        plan=plan,
        forward=tuple(forward),
        cost=plan.names[cost.name],
        backward=tuple(backward),
        saved=tuple(name for name in kept if name in used),
        arrays=arrays,
        functions=functions,
        upstream=upstream,
    )


def _assignment(plan: Plan, stage: Stage) -> Statement:
    """``name = expression``; what is held constant is so for the library as well."""
    code = plan.code(stage)
    if is_constant(plan, stage.name):
        code = plan.writer.operation("constant", u=code)
    return Statement.assignment(plan.names[stage.name], code)


def _times_upstream(plan: Plan, name: str, upstream: str) -> str:
    """The derivative by an input, times the one that comes from above; ``None`` if it was not
    derived."""
    if name not in plan.results:
        return "None"
    stage = plan.results[name]
    code = as_declared(plan, name, plan.code(stage))
    return times(Code(upstream), code).text


def _is_number(plan: Plan, name: str) -> bool:
    stage = plan.stages[name]
    return not stage.axes and plan.writer.is_number(plan.code(stage))


def _identifiers(lines: Iterable[str]) -> set[str]:
    return {name for line in lines for name in re.findall(r"(?<![\w.])[^\W\d]\w*", line)}


def _definition(name: str, arguments: Sequence[str], indent: int = 0) -> list[str]:
    """The line that begins a function, broken if it is long."""
    pad = " " * indent
    line = f"{pad}def {name}({', '.join(arguments)}):"
    if len(line) <= WIDTH:
        return [line]
    inner = f"{pad}    {', '.join(arguments)}"
    if len(inner) <= WIDTH:
        return [f"{pad}def {name}(", inner, f"{pad}):"]
    return [f"{pad}def {name}(", *(f"{pad}    {each}," for each in arguments), f"{pad}):"]


def _cost(passes: _Passes, refused: Sequence[str], call: str, said: str) -> list[str]:
    """The function that users call."""
    plan = passes.plan
    by = ", ".join(f"{name} {shape_text(plan.problem.quantity(name))}" for name in plan.results)
    return [
        *_definition("cost", ["*", *passes.arrays, *passes.functions]),
        f'    """The cost {plan.problem.cost.name}, {said}.',
        "",
        f"    Its gradient by {by} is the one above." if by else "    It has no gradient.",
        '    """',
        *call_lines(plan),
        *refused,
        f"    return {call}({passes.given})",
    ]


def _text(
    passes: _Passes, title: str, lines: Sequence[str], imports: Sequence[str], *parts: list[str]
) -> str:
    plan = passes.plan
    helpers = helper_functions(plan)
    body = [*parts[:-1], *helpers, parts[-1]]
    standard = [name for name in ("functools", "math") if _uses(name, body)]
    head = [f"import {name}" for name in standard]
    sections = [
        docstring(plan, title, lines),
        [*head, *([""] if head else []), *imports],
        ['__all__ = ["cost"]'],
        axes_table(plan),
    ]
    text = "\n\n".join("\n".join(section) for section in sections)
    for part in body:
        text += "\n\n\n" + "\n".join(part)
    return text + "\n"


def _uses(module: str, parts: Sequence[Sequence[str]]) -> bool:
    return any(f"{module}." in line for part in parts for line in part)


def torch_source(
    problem: Problem,
    results: Mapping[str, Term],
    *,
    title: str,
    docstring_lines: Sequence[str] = (),
    derivatives: Mapping[Derivative, Term] | None = None,
) -> str:
    """The text of a module with ``cost`` on tensors, a :class:`torch.autograd.Function`.

    The arguments and the errors are those of :func:`derive.numpy_code.module_source`. A gradient
    by what was not differentiated by, or a second derivative, is refused by the module, never
    wrong.

    >>> from derive.catalogue import load
    >>> print(torch_source(load("linear_regression"), {}, title="T").split("\\n")[0])
    \"\"\"T.
    """
    passes = _passes(Plan(problem, results, derivatives or {}, TORCH), with_functions=True)
    others = [name for name in passes.arrays if name not in passes.plan.results]
    context, array, word = passes.free("ctx"), passes.free("array"), passes.free("name")
    refused = []
    if others:
        pairs = ", ".join(f'"{name}": {name}' for name in others)
        told = f"the derivative by {{{word}}} was not derived: detach it"
        refused = [
            f"    for {word}, {array} in {{{pairs}}}.items():",
            f"        if {array}.requires_grad and torch.is_grad_enabled():",
            f'            raise ValueError(f"{told}")',
        ]
    call = "_Cost.apply"
    keep = [f"{context}.save_for_backward({', '.join(passes.saved)})"] if passes.saved else []
    fetch = [f"{passes.kept} = {context}.saved_tensors"] if passes.saved else []
    if passes.functions:
        names = ", ".join(passes.functions) + ("," if len(passes.functions) == 1 else "")
        keep.append(f"{context}.functions = ({names})")
        fetch.append(f"{names} = {context}.functions")
    function = [
        "class _Cost(torch.autograd.Function):",
        '    """The cost, with its gradient in closed form."""',
        "",
        "    @staticmethod",
        *_definition("forward", [context, *passes.arrays, *passes.functions], 4),
        *_in(passes.forward),
        *(f"        {line}" for line in keep),
        f"        return {passes.cost}",
        "",
        "    @staticmethod",
        *_definition("backward", [context, passes.upstream], 4),
        "        if torch.is_grad_enabled():  # create_graph",
        '            raise RuntimeError("the second derivative was not derived")',
        *(f"        {line}" for line in fetch),
        *_in(passes.backward),
    ]
    imports = ["import torch"]
    checks = validation(
        passes.plan, _TENSORS, shape="tuple(array.shape)", result="tuple(arrays.values())"
    )
    cost = _cost(passes, refused, call, "a tensor without axes")
    return _text(passes, title, docstring_lines, imports, cost, function, checks)


_TENSORS = """\
    arrays = {name: torch.as_tensor(array) for name, array in given.items()}
    dtype = functools.reduce(torch.promote_types, (array.dtype for array in arrays.values()))
    if not dtype.is_floating_point:
        dtype = torch.get_default_dtype()
    arrays = {name: array.to(dtype) for name, array in arrays.items()}"""

_JAX_ARRAYS = """\
    dtype = jnp.result_type(float, *map(jnp.asarray, given.values()))
    arrays = {name: jnp.asarray(array, dtype=dtype) for name, array in given.items()}"""


def _in(lines: Iterable[str]) -> list[str]:
    """The lines one step further in."""
    return [f"    {line}" if line else "" for line in lines]


def jax_source(
    problem: Problem,
    results: Mapping[str, Term],
    *,
    title: str,
    docstring_lines: Sequence[str] = (),
    derivatives: Mapping[Derivative, Term] | None = None,
) -> str:
    """The text of a module with ``cost`` on JAX arrays, a :func:`jax.custom_vjp`.

    The arguments and the errors are those of :func:`derive.numpy_code.module_source`. A gradient
    by what was not differentiated by is refused by the module, never wrong.

    >>> from derive.catalogue import load
    >>> print(jax_source(load("linear_regression"), {}, title="J").split("\\n")[0])
    \"\"\"J.
    """
    passes = _passes(Plan(problem, results, derivatives or {}, JAX), with_functions=False)
    others = [name for name in passes.arrays if name not in passes.plan.results]
    saved, each, word = passes.free("saved"), passes.free("each"), passes.free("name")
    places = range(len(passes.arrays), len(passes.arrays) + len(passes.functions))
    decorator = "@jax.custom_vjp"
    if passes.functions:
        numbers = ", ".join(map(str, places)) + ("," if len(places) == 1 else "")
        decorator = f"@functools.partial(jax.custom_vjp, nondiff_argnums=({numbers}))"
    everything = [*passes.arrays, *passes.functions]
    refused = []
    if others:
        pairs = ", ".join(f'"{name}": {name}' for name in others)
        refused = [
            f"    for {word}, {each} in {{{pairs}}}.items():",
            f"        if {each}.perturbed:",
            f'            raise ValueError(f"the derivative by {{{word}}} was not derived")',
        ]
    values = [f"{name}.value" for name in passes.arrays] + list(passes.functions)
    forward = [
        *_definition("_forward", everything),
        '    """The cost, and what the gradient needs of the stages."""',
        *passes.forward,
        f"    return {passes.cost}, ({passes.kept})",
    ]
    function = [
        decorator,
        *_definition("_cost", everything),
        f"    return _forward({passes.given})[0]",
    ]
    first = [
        *_definition("_first_pass", everything),
        *refused,
        f"    return _forward({', '.join(values)})",
    ]
    second = [
        *_definition("_second_pass", [*passes.functions, saved, passes.upstream]),
        *([f"    {passes.kept} = {saved}"] if passes.saved else []),
        *passes.backward,
        "",
        "",
        "_cost.defvjp(_first_pass, _second_pass, symbolic_zeros=True)",
    ]
    checks = validation(passes.plan, _JAX_ARRAYS, result="tuple(arrays.values())")
    cost = _cost(passes, [], "_cost", "an array without axes")
    imports = ["import jax", "import jax.numpy as jnp"]
    return _text(
        passes, title, docstring_lines, imports, cost, function, forward, first, second, checks
    )
