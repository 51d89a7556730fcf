"""The function that draws example arrays, and smooth functions for the abstract ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from derive.errors import Unsupported
from derive.model import AbstractFunction, Problem, Quantity
from derive.numpy_code.arrays import family_depth, inputs_of
from derive.numpy_code.code import number
from derive.numpy_code.plan import Plan
from derive.numpy_code.writer import partial_name
from derive.terms import Number, Ref, Sum, references

__all__ = ["default_sizes", "example_function"]


def default_sizes(problem: Problem) -> dict[str, int]:
    """Sizes for the example: as declared, else all different."""
    declared = dict(problem.default_sizes)
    sizes: dict[str, int] = {}
    free = (number for number in (7, 4, 5, 6, *range(8, 50)) if number not in declared.values())
    example = problem.example_index
    names = sorted(problem.size_names, key=lambda name: example is None or name != example.size)
    for name in names:
        if name in declared:
            sizes[name] = declared[name]
        elif example is not None and example.size == name:
            sizes[name] = 50
        else:
            sizes[name] = next(free)
    return problem.fitted(sizes)


def example_function(plan: Plan) -> list[list[str]]:
    """``example``: arrays inside their domains, and smooth abstract functions."""
    problem = plan.problem
    sizes = default_sizes(problem)
    declared = {index.size for q in inputs_of(problem) for index in q.indices}
    arguments = ["seed=0"]
    keywords = [f"{name}={size}" for name, size in sizes.items() if name in declared]
    if keywords:
        arguments += ["*", *keywords]
    lines = [
        f"def example({', '.join(arguments)}):",
        '    """Random arguments for cost and gradient, inside the declared domains."""',
        "    rng = np.random.default_rng(seed)",
    ]
    obeying = list(_obeying_facts(problem))
    lines.append("    arrays = {" if obeying else "    return {")
    for quantity in inputs_of(problem):
        lines.append(f'        "{quantity.name}": {_draw(quantity)},')
    lines.extend(_example_functions(plan))
    lines.append("    }")
    if obeying:
        lines += [*obeying, "    return arrays"]
    return [lines]


def _obeying_facts(problem: Problem) -> Iterator[str]:
    """Lines that make the drawn arrays symmetric where they are to be, and obey the facts
    ``Σ_k y_ik = c`` that no domain implies."""
    for quantity in inputs_of(problem):
        array = f'arrays["{quantity.name}"]'
        if quantity.domain == "symmetric":
            yield f"    {array} = ({array} + {array}.T) / 2"
        elif quantity.domain == "positive definite":
            yield f"    {array} = {array} @ {array}.T / len({array}) + np.eye(len({array}))"
    for fact in problem.facts:
        if any(problem.definition(ref.name) is not None for ref in references(fact.left)):
            continue  # it follows from the definitions, as Σ_i (x_i − μ) = 0 does
        body, summed = fact.left, []
        while isinstance(body, Sum):
            summed.append(body.index)
            body = body.body
        if not summed or not isinstance(body, Ref) or not isinstance(fact.right, Number):
            raise Unsupported(f"no example can be drawn that obeys {fact.left} = {fact.right}")
        name, indices, value = body.name, body.indices, fact.right.value
        quantity = problem.quantity(name)
        if quantity.domain == "probabilities" and summed == [indices[-1]] and value == 1:
            continue
        axes = sorted(indices.index(index) for index in summed)
        axis = str(axes[0]) if len(axes) == 1 else str(tuple(axes))
        array = f'arrays["{name}"]'
        total = f"{array}.sum(axis={axis}, keepdims=True)"
        if value == 0:
            yield f"    {array} -= {array}.mean(axis={axis}, keepdims=True)"
        else:
            yield f"    {array} *= {number(value).text} / {total}"


def _draw(quantity: Quantity) -> str:
    """The expression that draws a quantity."""
    sizes = [str(index.size) for index in quantity.indices]
    size = f"size={sizes[0]}" if len(sizes) == 1 else f"size=({', '.join(sizes)})"
    tail = f", {size}" if sizes else ""
    match quantity.domain:
        case "binary":
            drawn = f"rng.integers(0, 2{tail})"
            return f"{drawn}.astype(float)" if sizes else f"float({drawn})"
        case "probabilities":
            *rest, classes = sizes
            where = rest[0] if len(rest) == 1 else f"({', '.join(rest)})"
            count = f", size={where}" if rest else ""
            drawn = f"np.eye({classes})[rng.integers(0, {classes}{count})]"
            if quantity.role == "parameter":  # 0 is no value beside which differences can be taken
                drawn = f"rng.dirichlet(np.ones({classes}){count})"
        case "positive":
            drawn = f"rng.uniform(0.5, 2.0{tail})"
        case "unit interval":
            drawn = f"rng.uniform(0.05, 0.95{tail})"
        case _ if quantity.role == "hyperparameter":
            drawn = f"rng.uniform(0.1, 1.0{tail})"
        case _:
            drawn = f"rng.normal({size})" if sizes else "rng.normal()"
    return drawn


def _example_functions(plan: Plan) -> list[str]:
    """Smooth functions in place of the abstract ones, with their derivatives."""
    entries: list[str] = []
    wanted = list(plan.writer.functions)
    for function in plan.problem.functions:
        arguments = plan.writer.parameters[function.name]
        for name, text in _smooth(function, arguments, plan.problem).items():
            if name in wanted:
                entries.append(f'        "{name}": {text},')
    return entries


def _smooth(
    function: AbstractFunction, arguments: Sequence[str], problem: Problem
) -> dict[str, str]:
    """``tanh`` of one argument; half the squared difference of several."""
    names = [partial_name(function.name, arguments, place) for place in range(len(arguments))]
    if len(arguments) == 1 and not family_depth(function, problem):
        return {function.name: "np.tanh", names[0]: "lambda u: 1 - np.tanh(u) ** 2"}
    listed = ", ".join(arguments)
    difference = " - ".join(arguments)
    depth = family_depth(function, problem)
    total = f".sum(axis={-1 if depth == 1 else tuple(range(-depth, 0))})" if depth else ""
    square = f"(({difference}) ** 2){total}" if total else f"({difference}) ** 2"
    found = {function.name: f"lambda {listed}: {square} / 2"}
    for place, name in enumerate(names):
        found[name] = f"lambda {listed}: {difference if place == 0 else f'-({difference})'}"
    return found
