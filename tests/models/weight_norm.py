"""Weight normalisation (Salimans and Kingma, 2016): a length and a direction for each unit."""

from derive.language import define, family, function, indices, parameter, sqrt, sum
from derive.language import problem as make_problem

j, k = indices("j:n", "k:K")
spare = indices("h:n", "s:n", "l:K")
g = parameter("g[k]", meaning="length of the weights of unit k")
v = parameter("v[k,j]", meaning="direction of the weights of unit k")
loss = function("loss", latex=r"\mathcal{L}", text="ℒ", meaning="what follows, any smooth function")
r = define("r[k]", sqrt(sum(v[k, j] ** 2, over=j)), meaning="length of the direction")
w = define("w[k,j]", g[k] * v[k, j] / r[k], meaning="weights of unit k")
J = define("J", loss(family(family(w[k, j], over=j), over=k)), meaning="the loss")

problem = make_problem(
    J,
    name="weight_norm",
    title="Weight normalisation: the gradients by length and direction",
    spare=spare,
    example=False,
)
