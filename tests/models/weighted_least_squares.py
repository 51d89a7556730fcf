"""Weighted least squares: half the squared errors, each example with a weight of its own."""

from fractions import Fraction

from derive.language import data, define, indices, mean, parameter, sum
from derive.language import problem as make_problem

i, j = indices("i:m", "j:n")
spare = indices("s:n", "q:n")
x = data("x[i,j]", meaning="feature j of example i")
y = data("y[i]", meaning="target of example i")
w = parameter("w[j]", meaning="weights")
b = parameter("b", meaning="bias")
z = define("z[i]", sum(w[j] * x[i, j], over=j) + b, meaning="weighted sum of example i")
c = data("c[i]", meaning="weight of example i", domain="positive")
L = define(
    "L[i]", Fraction(1, 2) * (z[i] - y[i]) ** 2, meaning="half the squared error of example i"
)
J = define("J", mean(c[i] * L[i], over=i), meaning="cost: the weighted mean of the losses")

problem = make_problem(
    J,
    name="weighted_least_squares",
    title="Weighted least squares: the gradient of the weighted squared error",
    spare=spare,
)
