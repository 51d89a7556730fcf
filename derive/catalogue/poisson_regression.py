"""Poisson regression with the logarithmic link; the constant ln y! is left out."""

from derive.language import data, define, exp, indices, mean, parameter, sum
from derive.language import problem as make_problem

i, j = indices("i:m", "j:n")
s = indices("s:n")
x = data("x[i,j]", meaning="feature j of example i")
y = data("y[i]", meaning="count of example i", domain="positive")
w = parameter("w[j]", meaning="weights")
b = parameter("b", meaning="bias")
z = define("z[i]", sum(w[j] * x[i, j], over=j) + b, meaning="linear predictor of example i")
mu = define("mu[i]", exp(z[i]), meaning="rate of example i")
L = define("L[i]", mu[i] - y[i] * z[i], meaning="negative log-likelihood of example i")
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="poisson_regression",
    spare=[s],
    title="Poisson regression: the gradient of the mean negative log-likelihood",
    summary="With the logarithmic link the gradient has the form of least squares: prediction "
    "minus target.",
)
