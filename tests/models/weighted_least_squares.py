"""Weighted least squares: half the squared errors, each example with a weight of its own."""

from derive.language import data, define, indices, mean, parameter, sum
from derive.language import problem as make_problem

i, j = indices("i:m", "j:n")
s = indices("s:n")
x = data("x[i,j]", meaning="feature j of example i")
y = data("y[i]", meaning="target of example i")
w = parameter("w[j]", meaning="weights")
b = parameter("b", meaning="bias")
yhat = define("yhat[i]", sum(w[j] * x[i, j], over=j) + b, meaning="prediction for example i")
c = data("c[i]", meaning="weight of example i", domain="positive")
L = define("L[i]", (yhat[i] - y[i]) ** 2 / 2, meaning="half the squared error of example i")
J = define("J", mean(c[i] * L[i], over=i), meaning="cost: the weighted mean of the losses")

problem = make_problem(
    J,
    name="weighted_least_squares",
    spare=[s],
    title="Weighted least squares: the gradient of the weighted squared error",
    summary="The weight of an example multiplies its share of the gradient; as a matrix, the "
    "weights stand on a diagonal.",
)
