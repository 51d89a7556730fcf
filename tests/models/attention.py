"""Scaled dot-product attention (Vaswani et al., 2017) before any smooth loss."""

from derive.language import data, define, indices, parameter, size, softmax, sqrt, sum
from derive.language import problem as make_problem

t, s, d, e = indices("t:T", "s:S", "d:D", "e:E")
spare = indices("u:T", "r:S", "q:S", "f:D", "h:E")
Q = parameter("Q[t,d]", meaning="query t")
K = parameter("K[s,d]", meaning="key s")
V = parameter("V[s,e]", meaning="value s")
g = data("g[t,e]", meaning="derivative of the loss by the output, as it arrives from above")
z = define("z[t,s]", sum(Q[t, d] * K[s, d], over=d) / sqrt(size(d)), meaning="score of key s")
a = define("a[t,s]", softmax(z[t, s], over=s), meaning="attention to key s")
o = define("o[t,e]", sum(a[t, s] * V[s, e], over=s), meaning="output")
J = define("J", sum(g[t, e] * o[t, e], over=[t, e]), meaning="the loss to first order")

problem = make_problem(
    J,
    name="attention",
    title="Attention: the gradients by queries, keys and values",
    spare=spare,
    example=False,
)
