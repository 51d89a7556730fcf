"""Layer normalisation (Ba, Kiros and Hinton, 2016): each example by its own mean and deviation."""

from derive.language import (
    data,
    define,
    fact,
    family,
    function,
    hyperparameter,
    indices,
    mean,
    parameter,
    sqrt,
    sum,
)
from derive.language import problem as make_problem

i, j = indices("i:m", "j:n")
spare = indices("p:m", "q:m", "h:n", "l:n")
x = data("x[i,j]", meaning="input j of example i")
gamma = parameter("gamma[j]", meaning="scale of unit j")
beta = parameter("beta[j]", meaning="shift of unit j")
epsilon = hyperparameter("epsilon", meaning="keeps the root away from 0", domain="positive")
loss = function("loss", latex=r"\mathcal{L}", text="ℒ", meaning="what follows, any smooth function")
mu = define("mu[i]", mean(x[i, j], over=j), meaning="mean of example i over its units")
c = define("c[i,j]", x[i, j] - mu[i], meaning="centred input")
s = define("s[i]", sqrt(mean(c[i, j] ** 2, over=j) + epsilon), meaning="deviation of example i")
u = define(
    "u[i,j]",
    c[i, j] / s[i],
    latex=r"\hat{x}",
    text="x̂",
    stack_latex=r"\hat{X}",
    stack_text="X̂",
    meaning="normalised input",
)
o = define("o[i,j]", gamma[j] * u[i, j] + beta[j], meaning="output")
L = define("L[i]", loss(family(o[i, j], over=j)), meaning="loss of example i")
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="layer_norm",
    title="Layer normalisation: the gradients by scale, shift and input",
    summary="As in batch normalisation, but within one example: no example acts on another.",
    spare=spare,
    facts=[fact(sum(c[i, j], over=j), 0, reason="their mean has been taken off")],
    wrt=[x, gamma, beta],
)
