"""A residual block: the input is added to what a layer makes of it."""

from derive.language import data, define, family, function, indices, mean, parameter, sum
from derive.language import problem as make_problem

i, j, h = indices("i:m", "j:n", "h:n")
spare = indices("p:m", "r:n", "s:n", "q:n")
x = data("x[i,j]", meaning="input j of example i")
W = parameter("W[j,h]", meaning="weights")
g = function("g", meaning="any smooth activation")
loss = function("loss", latex=r"\mathcal{L}", text="ℒ", meaning="what follows, any smooth function")
z = define("z[i,j]", sum(W[j, h] * x[i, h], over=h), meaning="weighted sum")
a = define("a[i,j]", g(z[i, j]), meaning="activation")
o = define("o[i,j]", x[i, j] + a[i, j], meaning="output")
L = define("L[i]", loss(family(o[i, j], over=j)), meaning="loss of example i")
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="residual_block",
    title="Residual block: the gradients by weights and input",
    summary="The input’s gradient has two terms: one through the layer, and one past it, "
    "unchanged.",
    spare=spare,
    wrt=[W, x],
)
