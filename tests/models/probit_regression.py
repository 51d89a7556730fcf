"""Probit regression: binary labels through the normal distribution function."""

from derive.language import data, define, indices, ln, mean, normal_cdf, parameter, sum
from derive.language import problem as make_problem

i, j = indices("i:m", "j:n")
s = indices("s:n")
x = data("x[i,j]", meaning="feature j of example i")
y = data("y[i]", meaning="label of example i, 0 or 1", domain="binary")
w = parameter("w[j]", meaning="weights")
b = parameter("b", meaning="bias")
z = define("z[i]", sum(w[j] * x[i, j], over=j) + b, meaning="weighted sum of example i")
a = define("a[i]", normal_cdf(z[i]), meaning="prediction for example i")
L = define(
    "L[i]",
    -(y[i] * ln(a[i]) + (1 - y[i]) * ln(1 - a[i])),
    meaning="cross-entropy of example i",
)
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="probit_regression",
    spare=[s],
    title="Probit regression: the gradient of the mean cross-entropy",
    summary="Here the derivative of the activation does not cancel, as it does for the logistic "
    "function.",
)
