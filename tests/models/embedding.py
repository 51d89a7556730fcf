"""Embedding look-up: each word, as a one-hot row, picks its row of the table."""

from derive.language import data, define, family, function, indices, mean, parameter, sum
from derive.language import problem as make_problem

i, v, d = indices("i:m", "v:V", "d:D")
h = data(
    "h[i,v]", meaning="1 if word i is entry v of the vocabulary, else 0", domain="probabilities"
)
E = parameter("E[v,d]", meaning="embedding of entry v")
loss = function("loss", latex=r"\mathcal{L}", text="ℒ", meaning="what follows, any smooth function")
x = define("x[i,d]", sum(h[i, v] * E[v, d], over=v), meaning="embedding of word i")
L = define("L[i]", loss(family(x[i, d], over=d)), meaning="loss of word i")
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="embedding",
    title="Embedding look-up: the gradient by the table",
    spare=indices("p:m", "w:V"),
    wrt=[E],
)
