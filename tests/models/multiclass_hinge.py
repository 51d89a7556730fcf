"""The multiclass hinge loss (Weston and Watkins, 1999), summed over the wrong classes."""

from derive.language import data, define, fact, indices, mean, parameter, relu, sum
from derive.language import problem as make_problem

i, j, k = indices("i:m", "j:n", "k:K")
spare = indices("s:n", "l:K", "r:K")
x = data("x[i,j]", meaning="feature j of example i")
y = data("y[i,k]", meaning="1 if example i is of class k, else 0", domain="probabilities")
W = parameter("W[k,j]", meaning="weights")
b = parameter("b[k]", meaning="biases")
z = define("z[i,k]", sum(W[k, j] * x[i, j], over=j) + b[k], meaning="logit of class k")
t = define("t[i]", sum(y[i, k] * z[i, k], over=k), meaning="logit of the true class")
v = define("v[i,k]", 1 + z[i, k] - t[i], meaning="violation of the margin by class k")
L = define("L[i]", sum((1 - y[i, k]) * relu(v[i, k]), over=k), meaning="hinge loss of example i")
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="multiclass_hinge",
    title="Multiclass hinge: the subgradient of the mean loss",
    summary="Each wrong class inside the margin pushes its own weights away, and the true class’s "
    "towards the example.",
    spare=spare,
    facts=[fact(sum(y[i, k], over=k), 1, reason="labels are one-hot")],
    sizes={"K": 3},
)
