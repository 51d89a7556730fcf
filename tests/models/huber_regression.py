"""Linear regression with Huber's loss (1964): squared near the target, absolute far from it."""

from derive.language import data, define, huber, hyperparameter, indices, mean, parameter, sum
from derive.language import problem as make_problem

i, j = indices("i:m", "j:n")
s = indices("s:n")
x = data("x[i,j]", meaning="feature j of example i")
y = data("y[i]", meaning="target of example i")
w = parameter("w[j]", meaning="weights")
b = parameter("b", meaning="bias")
yhat = define("yhat[i]", sum(w[j] * x[i, j], over=j) + b, meaning="prediction for example i")
delta = hyperparameter(
    "delta", meaning="where the loss turns from square to absolute", domain="positive"
)
L = define("L[i]", huber(yhat[i] - y[i], delta), meaning="Huber loss of example i")
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="huber_regression",
    spare=[s],
    title="Huber regression: the gradient of the mean Huber loss",
    summary="The gradient is that of least squares with errors that are clipped, so that no "
    "outlier counts more than δ.",
)
