"""Networks of any depth, made as data: a cost in the same language that an author writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

from derive.errors import InputError
from derive.language import functions
from derive.language.assembly import problem
from derive.language.declarations import data, define, fact, indices, parameter
from derive.language.expressions import Expression, FactHandle, Named
from derive.language.sums import mean
from derive.language.sums import sum as total
from derive.model import Problem
from derive.terms import Index

__all__ = ["ACTIVATIONS", "LOSSES", "OUTPUTS", "mlp"]

#: An activation by its name, or as a function of the weighted sum.
Activation: TypeAlias = "str | Callable[[Expression], Expression]"


def _identity(u: Expression) -> Expression:
    return u


#: The activations that are known by name; any other function of one value can be given itself.
ACTIVATIONS: Mapping[str, Callable[[Expression], Expression]] = MappingProxyType(
    {
        "arctan": functions.arctan,
        "elu": functions.elu,
        "gelu": functions.gelu,
        "identity": _identity,
        "leaky_relu": functions.leaky_relu,
        "relu": functions.relu,
        "selu": functions.selu,
        "sigmoid": functions.sigmoid,
        "silu": functions.silu,
        "softplus": functions.softplus,
        "tanh": functions.tanh,
    }
)

#: What the last layer may end in: softmax, or an activation.
OUTPUTS: tuple[str, ...] = ("softmax", *ACTIVATIONS)

#: The losses that are known by name.
LOSSES: tuple[str, ...] = ("cross_entropy", "squared_error")


def mlp(
    widths: Sequence[str | int] = ("n", "H", "K"),
    *,
    activation: Activation | Sequence[Activation] = "tanh",
    output: Activation = "softmax",
    loss: str = "cross_entropy",
    name: str = "mlp",
    title: str = "",
) -> Problem:
    """A multilayer perceptron of any depth: ``z^{[l]} = W^{[l]} a^{[l−1]} + b^{[l]}`` and
    ``a^{[l]} = g(z^{[l]})``, with the mean of a loss as its cost.

    Args:
        widths: the number of inputs, of units in each hidden layer and of outputs, as names of
            sizes or as numbers; one output may be written as the width 1, and has no index then.
        activation: of the hidden layers, one of :data:`ACTIVATIONS` or a function of the weighted
            sum, such as an abstract one of :func:`derive.function`; or one for each hidden layer.
        output: what the last layer ends in, one of :data:`OUTPUTS` or a function.
        loss: ``"cross_entropy"`` of a softmax or a sigmoid, or ``"squared_error"``, half the sum
            of the squared differences.
        name, title: how the problem is called.

    Returns:
        A problem with the data ``x`` (m × first width) and ``y`` (m × last width), and for each
        layer the parameters ``W1`` (second width × first width) and ``b1``, ``W2`` and so on. The
        derivatives by the weighted sums, the errors ``δ^{[l]}`` of the layers, keep their names.

    Raises:
        InputError: fewer than two widths, an unknown name, or a loss that doesn't fit the output.

    The notation is that of Goodfellow, Bengio and Courville, *Deep Learning* (2016), section 6.5,
    with layers in brackets.

    >>> from derive.gradients import gradient
    >>> network = mlp(("n", "H", "K"), activation="relu")
    >>> print(gradient(network, wrt="W2", check="none").result)
    (1/m) Σᵢ₌₁ᵐ (a⁽²⁾_ik − y_ik) a⁽¹⁾_ih
    >>> [definition.name for definition in mlp(("n", "P", "Q", 1), output="sigmoid").definitions]
    ['z1', 'a1', 'z2', 'a2', 'z3', 'a3', 'L', 'J']
    """
    sizes = _widths(widths)
    depth = len(sizes) - 1
    hidden = _activations(activation, depth - 1)
    _check_loss(output, loss, sizes[-1])
    i = indices("i:m")
    units = _units(sizes)
    first, last = units[0], units[-1]
    assert first is not None
    x = data(f"x[i,{first.name}]", meaning=f"input {first.name} of example i")
    y = _labels(last, output, loss)
    above: Named = x
    sums: list[Named] = []
    for layer in range(1, depth + 1):
        z = _weighted_sum(layer, depth, above, i, units[layer - 1], units[layer])
        sums.append(z)
        above = _activation_of(layer, depth, z, i, units[layer], [*hidden, output][layer - 1])
    error = define("L[i]", _loss(loss, output, above, y, i, last), meaning="loss of example i")
    facts: list[FactHandle] = []
    if output == "softmax" and last is not None:
        facts.append(fact(total(y[i, last], over=last), 1, reason="labels are one-hot"))
    cost = define("J", mean(error[i], over=i), meaning="cost: the mean of the losses")
    return problem(
        cost,
        name=name,
        title=title or _title(depth, activation),
        summary="The error of the output is carried back from layer to layer.",
        facts=facts,
        spare=_spare(units),
        kept=sums[:-1] if depth > 2 else (),
        sizes={last.size: 3} if output == "softmax" and last and isinstance(last.size, str) else {},
    )


def _widths(widths: Sequence[str | int]) -> tuple[str | int, ...]:
    if isinstance(widths, str) or not isinstance(widths, Iterable):
        raise InputError(f'widths={widths!r} is not a sequence such as ("n", "H", "K")')
    given = tuple(widths)
    if len(given) < 2:
        raise InputError(f"widths={given!r}: a network has at least an input and an output")
    for width in given:
        if isinstance(width, bool) or not isinstance(width, (str, int)):
            raise InputError(f"widths: {width!r} is neither the name of a size nor a number")
        if width == "":
            raise InputError("widths: one of them is empty")
        if width == "m":
            raise InputError("widths: m is the number of examples; call a width otherwise")
    if 1 in given[1:-1]:
        raise InputError(
            "widths: a hidden layer of one unit; give it a name, such as H, and 1 as its size"
        )
    return given


def _activations(activation: object, count: int) -> list[Activation]:
    if isinstance(activation, str) or callable(activation):
        return [activation] * count
    if not isinstance(activation, Iterable):
        raise InputError(f"activation={activation!r} is neither a name nor a function")
    each = list(activation)
    if len(each) != count:
        raise InputError(f"{len(each)} activations are given for {count} hidden layers")
    return each


def _check_loss(output: Activation, loss: str, width: str | int) -> None:
    if loss not in LOSSES:
        raise InputError(f"loss={loss!r} is none of {', '.join(LOSSES)}")
    if loss == "cross_entropy" and output not in ("softmax", "sigmoid"):
        raise InputError(
            "the cross-entropy needs probabilities: take output='softmax' or 'sigmoid', "
            "or loss='squared_error'"
        )
    if output == "softmax" and width == 1:
        raise InputError("a softmax over one output is always 1: take output='sigmoid'")


def _units(sizes: tuple[str | int, ...]) -> list[Index | None]:
    """The index that counts the units of each layer: ``j`` the inputs, ``h`` or ``h1, h2, …`` the
    hidden units, ``k`` the outputs; ``None`` for a single output."""
    hidden = len(sizes) - 2
    letters = ["j", *(["h"] if hidden == 1 else [f"h{n}" for n in range(1, hidden + 1)]), "k"]
    found: list[Index | None] = [
        indices(f"{letter}:{size}") for letter, size in zip(letters, sizes, strict=True)
    ]
    if sizes[-1] == 1:
        found[-1] = None
    return found


def _spare(units: list[Index | None]) -> list[Index]:
    """Two more letters for the inputs and the outputs, and one for each hidden layer."""
    hidden = len(units) - 2
    letters = [["s"], *([["r"]] if hidden == 1 else [[f"r{n}"] for n in range(1, hidden + 1)])]
    return [
        Index(letter, unit.size)
        for unit, own in zip(units, [*letters, ["l", "q"]], strict=True)
        if unit is not None
        for letter in own
    ]


def _at(unit: Index | None) -> str:
    return "" if unit is None else f",{unit.name}"


def _weighted_sum(
    layer: int, depth: int, above: Named, i: Index, inner: Index | None, unit: Index | None
) -> Named:
    assert inner is not None
    of_unit = "the output" if layer == depth else f"hidden layer {layer}"
    if unit is None:
        w = parameter(f"w{layer}[{inner.name}]", meaning="weights of the output")
        b = parameter(f"b{layer}", meaning="bias of the output")
        body = total(w[inner] * above[i, inner], over=inner) + b
    else:
        weights = parameter(f"W{layer}[{unit.name},{inner.name}]", meaning=f"weights of {of_unit}")
        biases = parameter(f"b{layer}[{unit.name}]", meaning=f"biases of {of_unit}")
        body = total(weights[unit, inner] * above[i, inner], over=inner) + biases[unit]
    return define(f"z{layer}[i{_at(unit)}]", body, meaning=f"weighted sums of {of_unit}")


def _activation_of(
    layer: int, depth: int, z: Named, i: Index, unit: Index | None, activation: Activation
) -> Named:
    here = z[i] if unit is None else z[i, unit]
    if activation == "softmax":
        if layer < depth or unit is None:
            raise InputError("softmax is for the outputs: a hidden layer has another activation")
        body = functions.exp(here) / total(functions.exp(here), over=unit)
    else:
        body = _function(activation)(here)
    meaning = "outputs" if layer == depth else f"activations of hidden layer {layer}"
    return define(f"a{layer}[i{_at(unit)}]", body, meaning=meaning)


def _function(activation: Activation) -> Callable[[Expression], Expression]:
    if not isinstance(activation, str):
        return activation
    if activation not in ACTIVATIONS:
        raise InputError(f"there is no activation {activation!r}; known: {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[activation]


def _labels(unit: Index | None, output: Activation, loss: str) -> Named:
    specification = f"y[i{_at(unit)}]"
    if output == "softmax":
        return data(specification, meaning="labels of example i", domain="probabilities")
    if loss == "cross_entropy":
        return data(specification, meaning="labels of example i, 0 or 1", domain="binary")
    return data(specification, meaning="targets of example i")


def _loss(
    loss: str, output: Activation, a: Named, y: Named, i: Index, unit: Index | None
) -> Expression:
    answer, label = (a[i], y[i]) if unit is None else (a[i, unit], y[i, unit])
    if loss == "squared_error":
        each = (answer - label) ** 2 / 2
    elif output == "softmax":
        each = -(label * functions.ln(answer))
    else:
        each = -(label * functions.ln(answer) + (1 - label) * functions.ln(1 - answer))
    return each if unit is None else total(each, over=unit)


def _title(depth: int, activation: object) -> str:
    if depth == 1:
        return "A network without hidden layers: the gradients"
    kind = f"{activation} " if isinstance(activation, str) and activation != "identity" else ""
    layers = f"one hidden {kind}layer" if depth == 2 else f"{depth - 1} hidden {kind}layers"
    return f"A network with {layers}: all gradients"
