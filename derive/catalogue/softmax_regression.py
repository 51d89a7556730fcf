"""Softmax regression over K classes with the mean cross-entropy."""

from derive.language import data, define, exp, fact, indices, ln, mean, parameter, sum
from derive.language import problem as make_problem

i, j, k = indices("i:m", "j:n", "k:K")
spare = indices("s:n", "l:K", "r:K")
x = data("x[i,j]", meaning="feature j of example i")
y = data("y[i,k]", meaning="1 if example i is of class k, else 0", domain="probabilities")
W = parameter("W[k,j]", meaning="weights")
b = parameter("b[k]", meaning="biases")
z = define("z[i,k]", sum(W[k, j] * x[i, j], over=j) + b[k], meaning="logit of class k")
p = define("p[i,k]", exp(z[i, k]) / sum(exp(z[i, k]), over=k), meaning="probability of class k")
L = define("L[i]", -sum(y[i, k] * ln(p[i, k]), over=k), meaning="cross-entropy of example i")
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="softmax_regression",
    title="Softmax regression: the gradient of the mean cross-entropy",
    facts=[fact(sum(y[i, k], over=k), 1, reason="labels are one-hot")],
    spare=spare,
    sizes={"K": 3},
)
