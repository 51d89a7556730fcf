"""A layer with dropout, for a mask that is fixed."""

from derive.language import (
    data,
    define,
    family,
    function,
    hyperparameter,
    indices,
    mean,
    parameter,
    sum,
)
from derive.language import problem as make_problem

i, j, k = indices("i:m", "j:n", "k:K")
spare = indices("p:m", "s:n", "l:K")
x = data("x[i,j]", meaning="input j of example i")
q = hyperparameter("q", meaning="probability that a unit is kept", domain="unit interval")
r = data("r[i,j]", meaning="mask: 1 if input j of example i is kept, else 0", domain="binary")
W = parameter("W[k,j]", meaning="weights")
loss = function("loss", latex=r"\mathcal{L}", text="ℒ", meaning="what follows, any smooth function")
d = define("d[i,j]", r[i, j] * x[i, j] / q, meaning="input after dropout")
z = define("z[i,k]", sum(W[k, j] * d[i, j], over=j), meaning="weighted sum of unit k")
L = define("L[i]", loss(family(z[i, k], over=k)), meaning="loss of example i")
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="dropout",
    title="Dropout: the gradients by weights and input",
    summary="On the way back the same mask and the same factor apply as on the way forward.",
    spare=spare,
    wrt=[W, x],
)
