"""Mean pooling: each output is the mean of three neighbours; windows move by two."""

from derive.language import data, define, family, function, indices, mean
from derive.language import problem as make_problem

i, t, k, s = indices("i:m", "t:T", "k:3", "s:S")
x = data("x[i,s]", meaning="input of example i at place s")
loss = function("loss", latex=r"\mathcal{L}", text="ℒ", meaning="what follows, any smooth function")
z = define("z[i,t]", mean(x[i, 2 * t + k - 2], over=k), meaning="mean over window t")
L = define("L[i]", loss(family(z[i, t], over=t)), meaning="loss of example i")
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="mean_pool",
    title="Mean pooling: the gradient by the input",
    spare=(s, *indices("p:T", "l:3")),
    wrt=[x],
)
