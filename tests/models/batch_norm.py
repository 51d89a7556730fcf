"""Batch normalisation (Ioffe and Szegedy, 2015), in the compact form that is usually quoted."""

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
mu = define("mu[j]", mean(x[i, j], over=i), meaning="mean of unit j over the batch")
c = define("c[i,j]", x[i, j] - mu[j], meaning="centred input")
s = define("s[j]", sqrt(mean(c[i, j] ** 2, over=i) + epsilon), meaning="deviation of unit j")
u = define(
    "u[i,j]",
    c[i, j] / s[j],
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
    name="batch_norm",
    title="Batch normalisation: the gradients by scale, shift and input",
    summary="Each input acts on the output directly, through the batch’s mean and through its "
    "deviation; the compact form holds all three paths.",
    spare=spare,
    facts=[fact(sum(c[i, j], over=i), 0, reason="their mean has been taken off")],
    wrt=[x, gamma, beta],
)
