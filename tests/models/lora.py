"""Low-rank adaptation (Hu et al., 2021): the gradients by the two factors of the update."""

from derive.language import data, define, family, function, indices, mean, parameter, sum
from derive.language import problem as make_problem

i, j, k, r = indices("i:m", "j:n", "k:K", "r:R")
spare = indices("p:m", "s:n", "l:K", "q:R")
x = data("x[i,j]", meaning="feature j of example i")
W = data("W[k,j]", meaning="weights, which stay as they are")
A = parameter("A[r,j]", meaning="first factor of the update")
B = parameter("B[k,r]", meaning="second factor of the update")
loss = function("loss", latex=r"\mathcal{L}", text="ℒ", meaning="what follows, any smooth function")
h = define("h[i,r]", sum(A[r, j] * x[i, j], over=j), meaning="example i in the small space")
z = define(
    "z[i,k]", sum(W[k, j] * x[i, j], over=j) + sum(B[k, r] * h[i, r], over=r), meaning="output k"
)
L = define("L[i]", loss(family(z[i, k], over=k)), meaning="loss of example i")
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="lora",
    title="LoRA: the gradients by the factors of a low-rank update",
    summary="The weights stay; each factor of their update has the gradient of a layer of its own.",
    spare=spare,
)
