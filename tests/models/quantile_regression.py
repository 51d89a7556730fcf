"""Quantile regression: the check loss, whose minimum is at a quantile."""

from derive.language import data, define, hyperparameter, indices, maximum, mean, parameter, sum
from derive.language import problem as make_problem

i, j = indices("i:m", "j:n")
spare = indices("s:n", "q:n")
x = data("x[i,j]", meaning="feature j of example i")
y = data("y[i]", meaning="target of example i")
w = parameter("w[j]", meaning="weights")
b = parameter("b", meaning="bias")
z = define("z[i]", sum(w[j] * x[i, j], over=j) + b, meaning="weighted sum of example i")
tau = hyperparameter("tau", meaning="which quantile", domain="unit interval")
r = define("r[i]", y[i] - z[i], meaning="residual of example i")
L = define("L[i]", maximum(tau * r[i], (tau - 1) * r[i]), meaning="check loss of example i")
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="quantile_regression",
    title="Quantile regression: the subgradient of the mean check loss",
    spare=spare,
)
