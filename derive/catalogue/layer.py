"""Layer l of a deep network, given the derivative that arrives from above."""

from derive.language import data, define, family, function, indices, mean, parameter, sum
from derive.language import problem as make_problem

i, j, k = indices("i:m", "j:n", "k:K")
spare = indices("s:n", "r:K")
A_previous = data(
    "a_previous[i,j]",
    latex="a^{[l-1]}",
    text="a⁽ˡ⁻¹⁾",
    stack_latex="A^{[l-1]}",
    stack_text="A⁽ˡ⁻¹⁾",
    meaning="activation j of the layer below",
)
y = data("y[i,k]", meaning="labels of example i")
W = parameter("W[k,j]", latex="W^{[l]}", text="W⁽ˡ⁾", meaning="weights of layer l")
b = parameter("b[k]", latex="b^{[l]}", text="b⁽ˡ⁾", meaning="biases of layer l")
g = function("g", latex="g^{[l]}", text="g⁽ˡ⁾", meaning="any smooth activation")
above = function(
    "L",
    arguments=2,
    latex=r"\mathcal{L}",
    text="ℒ",
    meaning="the layers above and the loss, any smooth function",
)
z = define(
    "z[i,k]",
    sum(W[k, j] * A_previous[i, j], over=j) + b[k],
    latex="z^{[l]}",
    text="z⁽ˡ⁾",
    stack_latex="Z^{[l]}",
    stack_text="Z⁽ˡ⁾",
    meaning="weighted sum of unit k",
)
a = define(
    "a[i,k]",
    g(z[i, k]),
    latex="a^{[l]}",
    text="a⁽ˡ⁾",
    stack_latex="A^{[l]}",
    stack_text="A⁽ˡ⁾",
    meaning="activation of unit k",
)
L = define(
    "L[i]",
    above(family(a[i, k], over=k), family(y[i, k], over=k)),
    meaning="loss of example i",
)
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="layer",
    spare=spare,
    wrt=[W, b, A_previous],
    title="Layer l of a deep network: what is passed back",
    summary="The derivatives by this layer's activations arrive from above; those by the "
    "activations of the layer below are passed on.",
)
