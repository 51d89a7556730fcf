"""Negative binomial regression with the logarithmic link and its dispersion."""

from derive.language import data, define, exp, indices, ln, log_gamma, mean, parameter, sum
from derive.language import problem as make_problem

i, j = indices("i:m", "j:n")
s = indices("s:n")
x = data("x[i,j]", meaning="feature j of example i")
y = data("y[i]", meaning="count of example i", domain="positive")
w = parameter("w[j]", meaning="weights")
b = parameter("b", meaning="bias")
z = define("z[i]", sum(w[j] * x[i, j], over=j) + b, meaning="linear predictor of example i")
r = parameter("r", meaning="dispersion", domain="positive")
mu = define("mu[i]", exp(z[i]), meaning="mean of example i")
L = define(
    "L[i]",
    log_gamma(r) - log_gamma(r + y[i]) + (r + y[i]) * ln(r + mu[i]) - r * ln(r) - y[i] * z[i],
    meaning="negative log-likelihood of example i",
)
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="negative_binomial_regression",
    spare=[s],
    title="Negative binomial regression: the gradient of the mean negative log-likelihood",
    summary="As for Poisson regression, but the error of a large mean counts less; the dispersion "
    "is learnt as well.",
)
