"""Gamma regression with the logarithmic link and unit shape."""

from derive.language import data, define, exp, indices, mean, parameter, sum
from derive.language import problem as make_problem

i, j = indices("i:m", "j:n")
s = indices("s:n")
x = data("x[i,j]", meaning="feature j of example i")
y = data("y[i]", meaning="target of example i", domain="positive")
w = parameter("w[j]", meaning="weights")
b = parameter("b", meaning="bias")
z = define("z[i]", sum(w[j] * x[i, j], over=j) + b, meaning="linear predictor of example i")
mu = define("mu[i]", exp(z[i]), meaning="mean of example i")
L = define("L[i]", z[i] + y[i] / mu[i], meaning="negative log-likelihood of example i")
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="gamma_regression",
    spare=[s],
    title="Gamma regression: the gradient of the mean negative log-likelihood",
    summary="Errors are relative: what counts is the quotient of target and mean.",
)
