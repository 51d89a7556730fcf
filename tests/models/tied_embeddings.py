"""Tied embeddings (Press and Wolf, 2017): one matrix looks up the input and scores the output."""

from derive.language import data, define, indices, ln, mean, parameter, softmax, sum
from derive.language import problem as make_problem

i, v, d = indices("i:m", "v:V", "d:D")
o = data("o[i,v]", meaning="1 if the input word of example i is v, else 0", domain="binary")
y = data("y[i,v]", meaning="1 if the next word of example i is v, else 0", domain="probabilities")
E = parameter("E[v,d]", meaning="embedding of word v")
h = define("h[i,d]", sum(o[i, v] * E[v, d], over=v), meaning="embedding of the input word")
z = define("z[i,v]", sum(h[i, d] * E[v, d], over=d), meaning="logit of word v")
p = define("p[i,v]", softmax(z[i, v], over=v), meaning="probability of word v")
L = define("L[i]", -sum(y[i, v] * ln(p[i, v]), over=v), meaning="cross-entropy of example i")
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="tied_embeddings",
    title="Tied embeddings with cross-entropy: the gradient of a matrix that is used twice",
    spare=indices("q:m", "u:V", "w:V", "f:D"),
)
