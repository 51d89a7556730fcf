"""The Kullback–Leibler divergence from a teacher's softmax to a student's."""

from derive.language import data, define, fact, indices, ln, mean, parameter, softmax, sum
from derive.language import problem as make_problem

i, j, k = indices("i:m", "j:n", "k:K")
spare = indices("s:n", "l:K", "r:K")
x = data("x[i,j]", meaning="feature j of example i")
v = data("v[i,k]", meaning="logits of the teacher")
t = define("t[i,k]", softmax(v[i, k], over=k), meaning="target probability of class k")
W = parameter("W[k,j]", meaning="weights")
b = parameter("b[k]", meaning="biases")
z = define("z[i,k]", sum(W[k, j] * x[i, j], over=j) + b[k], meaning="logit of class k")
p = define("p[i,k]", softmax(z[i, k], over=k), meaning="probability of class k")
L = define(
    "L[i]",
    sum(t[i, k] * (ln(t[i, k]) - ln(p[i, k])), over=k),
    meaning="divergence of example i",
)
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the divergences")

problem = make_problem(
    J,
    name="kl_divergence",
    title="Kullback–Leibler divergence: the gradient of a student’s softmax",
    summary="What does not depend on the student drops out; the gradient is that of softmax "
    "regression.",
    spare=spare,
    facts=[fact(sum(t[i, k], over=k), 1, reason="targets are distributions")],
    sizes={"K": 3},
)
