"""SwiGLU (Shazeer, 2020): a feed-forward layer whose hidden units are gated by a SiLU."""

from derive.language import data, define, family, function, indices, mean, parameter, silu, sum
from derive.language import problem as make_problem

i, j, h, k = indices("i:m", "j:n", "h:H", "k:K")
spare = indices("p:m", "s:n", "q:H", "l:K")
x = data("x[i,j]", meaning="input j of example i")
W = parameter("W[h,j]", meaning="weights of the gate")
V = parameter("V[h,j]", meaning="weights of the values")
U = parameter("U[k,h]", meaning="weights of the output")
loss = function("loss", latex=r"\mathcal{L}", text="ℒ", meaning="what follows, any smooth function")
a = define("a[i,h]", sum(W[h, j] * x[i, j], over=j), meaning="gate before its function")
b = define("b[i,h]", sum(V[h, j] * x[i, j], over=j), meaning="value of hidden unit h")
c = define("c[i,h]", silu(a[i, h]), meaning="gate of hidden unit h")
d = define("d[i,h]", c[i, h] * b[i, h], meaning="gated value of hidden unit h")
o = define("o[i,k]", sum(U[k, h] * d[i, h], over=h), meaning="output")
L = define("L[i]", loss(family(o[i, k], over=k)), meaning="loss of example i")
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="swiglu",
    title="SwiGLU: the gradients by the weights of gate, values and output",
    spare=spare,
)
