"""Quantile regression (Koenker and Bassett, 1978): the check loss."""

from derive.language import data, define, hyperparameter, indices, mean, parameter, relu, sum
from derive.language import problem as make_problem

i, j = indices("i:m", "j:n")
s = indices("s:n")
x = data("x[i,j]", meaning="feature j of example i")
y = data("y[i]", meaning="target of example i")
w = parameter("w[j]", meaning="weights")
b = parameter("b", meaning="bias")
yhat = define("yhat[i]", sum(w[j] * x[i, j], over=j) + b, meaning="prediction for example i")
tau = hyperparameter("tau", meaning="which quantile", domain="unit interval")
r = define("r[i]", y[i] - yhat[i], meaning="residual of example i")
L = define("L[i]", tau * relu(r[i]) + (1 - tau) * relu(-r[i]), meaning="check loss of example i")
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="quantile_regression",
    spare=[s],
    title="Quantile regression: the subgradient of the mean check loss",
    summary="Only the sides on which the targets lie are counted: those above with the weight τ, "
    "those below with 1 − τ.",
)
