"""A deep network: the errors are carried from layer l + 1 to layer l, whatever the depth."""

from derive.language import data, define, family, function, indices, mean, parameter, sum
from derive.language import problem as make_problem
from derive.recursion import Recursion

i, j, k = indices("i:m", "j:n", "k:K")
spare = indices("s:n", "r:K")
incoming = data("a_previous[i,j]", meaning="activations of the layer below")
y = data("y[i,k]", meaning="labels of example i")
W = parameter("W[k,j]", meaning="weights of the layer")
b = parameter("b[k]", meaning="biases of the layer")
g = function("g", meaning="any smooth activation")
loss = function("loss", arguments=2, latex=r"\ell", text="ℓ", meaning="any smooth loss")
z = define("z[i,k]", sum(W[k, j] * incoming[i, j], over=j) + b[k], meaning="weighted sums")
a = define("a[i,k]", g(z[i, k]), meaning="activations")
L = define(
    "L[i]",
    loss(family(a[i, k], over=k), family(y[i, k], over=k)),
    latex=r"\mathcal{L}",
    text="ℒ",
    meaning="loss of example i",
)
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="deep_network",
    title="A deep network: backpropagation from layer to layer",
    summary="The error of a layer is made of that of the layer above, in a network of any depth.",
    spare=spare,
)
recursion = Recursion(problem, incoming="a_previous", outgoing="a", error="z")
