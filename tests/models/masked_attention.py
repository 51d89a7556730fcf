"""Attention with a mask, before any smooth loss: the errors of weights and scores by name."""

from derive.language import (
    data,
    define,
    family,
    function,
    indices,
    parameter,
    size,
    softmax,
    sqrt,
    sum,
)
from derive.language import problem as make_problem

t, u, d, e = indices("t:T", "u:U", "d:D", "e:E")
spare = indices("r:T", "v:U", "w:U", "f:D", "h:E")
Q = parameter("Q[t,d]", meaning="query t")
K = parameter("K[u,d]", meaning="key u")
V = parameter("V[u,e]", meaning="value u")
M = data("M[t,u]", meaning="mask: 0 where query t may look at key u, very negative elsewhere")
loss = function("loss", latex=r"\mathcal{L}", text="ℒ", meaning="what follows, any smooth function")
s = define(
    "s[t,u]",
    sum(Q[t, d] * K[u, d], over=d) / sqrt(size(d)) + M[t, u],
    meaning="score of key u",
)
a = define("a[t,u]", softmax(s[t, u], over=u), meaning="attention to key u")
o = define("o[t,e]", sum(a[t, u] * V[u, e], over=u), meaning="output")
J = define("J", loss(family(family(o[t, e], over=e), over=t)), meaning="the loss")

problem = make_problem(
    J,
    name="masked_attention",
    title="Attention with a mask: the gradients by queries, keys and values",
    spare=spare,
    example=False,
)
