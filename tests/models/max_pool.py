"""Max pooling: each output is the larger one of two neighbours; windows don't overlap."""

from derive.language import data, define, family, function, indices, maximum, mean
from derive.language import problem as make_problem

i, t, s = indices("i:m", "t:T", "s:S")
x = data("x[i,s]", meaning="input of example i at place s")
loss = function("loss", latex=r"\mathcal{L}", text="ℒ", meaning="what follows, any smooth function")
z = define("z[i,t]", maximum(x[i, 2 * t - 1], x[i, 2 * t]), meaning="the larger one of window t")
L = define("L[i]", loss(family(z[i, t], over=t)), meaning="loss of example i")
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="max_pool",
    title="Max pooling: the gradient by the input",
    spare=(s, indices("p:T")),
    wrt=[x],
)
