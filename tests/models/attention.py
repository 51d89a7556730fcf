"""Scaled dot-product attention (Vaswani et al., 2017) below any smooth loss."""

from derive.language import (
    define,
    family,
    function,
    indices,
    mean,
    parameter,
    size,
    softmax,
    sqrt,
    sum,
)
from derive.language import problem as make_problem

t, s, d, e = indices("t:T", "s:S", "d:D", "e:E")
spare = indices("u:T", "r:S", "q:S", "p:S", "f:D", "h:E")
Q = parameter("Q[t,d]", meaning="query t")
K = parameter("K[s,d]", meaning="key s")
V = parameter("V[s,e]", meaning="value s")
loss = function("loss", latex=r"\mathcal{L}", text="ℒ", meaning="what follows, any smooth function")
z = define("z[t,s]", 1 / sqrt(size(d)) * sum(Q[t, d] * K[s, d], over=d), meaning="score of key s")
a = define("a[t,s]", softmax(z[t, s], over=s), meaning="attention of query t to key s")
o = define("o[t,e]", sum(a[t, s] * V[s, e], over=s), meaning="output t")
L = define("L[t]", loss(family(o[t, e], over=e)), meaning="loss of output t")
J = define("J", mean(L[t], over=t), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="attention",
    title="Attention: the gradients by queries, keys and values",
    summary="The derivative by the scores is the attention times what each key’s own derivative "
    "has more than their weighted mean.",
    spare=spare,
)
