"""Focal loss (Lin et al., 2017) for binary labels: what is easy counts less."""

from derive.language import data, define, hyperparameter, indices, ln, mean, parameter, sigmoid, sum
from derive.language import problem as make_problem

i, j = indices("i:m", "j:n")
spare = indices("s:n", "q:n")
x = data("x[i,j]", meaning="feature j of example i")
y = data("y[i]", meaning="label of example i, 0 or 1", domain="binary")
w = parameter("w[j]", meaning="weights")
b = parameter("b", meaning="bias")
z = define("z[i]", sum(w[j] * x[i, j], over=j) + b, meaning="weighted sum of example i")
gamma = hyperparameter("gamma", meaning="how much less what is easy counts", domain="positive")
a = define("a[i]", sigmoid(z[i]), meaning="predicted probability of example i")
L = define(
    "L[i]",
    -(y[i] * (1 - a[i]) ** gamma * ln(a[i]) + (1 - y[i]) * a[i] ** gamma * ln(1 - a[i])),
    meaning="focal loss of example i",
)
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="focal_loss",
    title="Focal loss: the gradient of the mean loss",
    spare=spare,
)
