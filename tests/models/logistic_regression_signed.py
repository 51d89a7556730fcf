"""Logistic regression with labels −1 and 1: the loss of the margin y z."""

from derive.language import data, define, indices, mean, parameter, softplus, sum
from derive.language import problem as make_problem

i, j = indices("i:m", "j:n")
s = indices("s:n")
x = data("x[i,j]", meaning="feature j of example i")
y = data("y[i]", meaning="label of example i, −1 or 1")
w = parameter("w[j]", meaning="weights")
b = parameter("b", meaning="bias")
z = define("z[i]", sum(w[j] * x[i, j], over=j) + b, meaning="weighted sum of example i")
L = define("L[i]", softplus(-y[i] * z[i]), meaning="logistic loss of the margin of example i")
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="logistic_regression_signed",
    spare=[s],
    title="Logistic regression with labels −1 and 1: the gradient of the mean logistic loss",
    summary="The other way to write logistic regression: each example pushes by the probability "
    "of the wrong label.",
)
