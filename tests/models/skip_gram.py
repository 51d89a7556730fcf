"""Skip-gram with negative sampling (Mikolov et al., 2013)."""

from derive.language import define, indices, ln, mean, parameter, sigmoid, sum
from derive.language import problem as make_problem

i, k, d = indices("i:m", "k:K", "d:D")
spare = indices("p:m", "l:K", "e:D")
w = parameter("w[i,d]", meaning="vector of the word of pair i")
c = parameter("c[i,d]", meaning="vector of its context")
n = parameter("n[i,k,d]", meaning="vector of negative sample k")
s = define("s[i]", sum(w[i, d] * c[i, d], over=d), meaning="score of the pair")
r = define("r[i,k]", sum(w[i, d] * n[i, k, d], over=d), meaning="score of negative sample k")
a = define("a[i]", sigmoid(s[i]), meaning="probability that the pair is a real one")
q = define("q[i,k]", sigmoid(r[i, k]), meaning="probability that negative sample k is a real one")
L = define("L[i]", -ln(a[i]) - sum(ln(1 - q[i, k]), over=k), meaning="loss of pair i")
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="skip_gram",
    title="Skip-gram: the gradients by word, context and negative samples",
    summary="Each pair is a logistic regression: the label of the context is 1, those of the "
    "negative samples are 0.",
    spare=spare,
)
