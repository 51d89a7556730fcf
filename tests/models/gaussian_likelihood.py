"""The negative log-likelihood of a normal distribution by its mean and its variance."""

from derive.language import data, define, indices, ln, mean, parameter, pi
from derive.language import problem as make_problem

i = indices("i:m")
spare = indices("p:m")
x = data("x[i]", meaning="observation i")
mu = parameter("mu", meaning="mean")
v = parameter("v", meaning="variance", domain="positive")
L = define(
    "L[i]", ln(2 * pi() * v) / 2 + (x[i] - mu) ** 2 / (2 * v), meaning="loss of observation i"
)
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="gaussian_likelihood",
    title="Normal distribution: the gradients of the negative log-likelihood",
    summary="Where both gradients are 0 are the mean and the variance of the observations.",
    spare=spare,
)
