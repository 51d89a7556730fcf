"""Linear regression with the loss ln cosh, a smooth form of the absolute error."""

from derive.language import data, define, indices, log_cosh, mean, parameter, sum
from derive.language import problem as make_problem

i, j = indices("i:m", "j:n")
s = indices("s:n")
x = data("x[i,j]", meaning="feature j of example i")
y = data("y[i]", meaning="target of example i")
w = parameter("w[j]", meaning="weights")
b = parameter("b", meaning="bias")
yhat = define("yhat[i]", sum(w[j] * x[i, j], over=j) + b, meaning="prediction for example i")
L = define("L[i]", log_cosh(yhat[i] - y[i]), meaning="logarithm of the error’s cosh")
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="log_cosh_regression",
    spare=[s],
    title="Log-cosh regression: the gradient of the mean loss",
    summary="An error counts by its hyperbolic tangent: as it is while it is small, and as its "
    "sign once it is large.",
)
