"""Softmax regression with smoothed labels: a part of each label is spread over all classes."""

from derive.language import (
    data,
    define,
    fact,
    hyperparameter,
    indices,
    ln,
    mean,
    parameter,
    size,
    softmax,
    sum,
)
from derive.language import problem as make_problem

i, j, k = indices("i:m", "j:n", "k:K")
spare = indices("s:n", "l:K", "r:K")
x = data("x[i,j]", meaning="feature j of example i")
y = data("y[i,k]", meaning="1 if example i is of class k, else 0", domain="probabilities")
W = parameter("W[k,j]", meaning="weights")
b = parameter("b[k]", meaning="biases")
z = define("z[i,k]", sum(W[k, j] * x[i, j], over=j) + b[k], meaning="logit of class k")
p = define("p[i,k]", softmax(z[i, k], over=k), meaning="probability of class k")
epsilon = hyperparameter(
    "epsilon", meaning="part of the label that is spread", domain="unit interval"
)
t = define("t[i,k]", (1 - epsilon) * y[i, k] + epsilon / size(k), meaning="smoothed label")
L = define("L[i]", -sum(t[i, k] * ln(p[i, k]), over=k), meaning="cross-entropy of example i")
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="label_smoothing",
    title="Label smoothing: the gradient of the mean cross-entropy",
    summary="The error is that of softmax regression, with the smoothed label in the label’s "
    "place.",
    spare=spare,
    facts=[
        fact(sum(y[i, k], over=k), 1, reason="labels are one-hot"),
        fact(sum(t[i, k], over=k), 1, reason="smoothed labels still sum to one"),
    ],
    sizes={"K": 3},
)
