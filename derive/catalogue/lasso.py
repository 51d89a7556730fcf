"""The lasso (Tibshirani, 1996): half the mean squared error with an absolute penalty."""

from derive.language import data, define, hyperparameter, indices, mean, parameter, sum
from derive.language import problem as make_problem

i, j = indices("i:m", "j:n")
s = indices("s:n")
x = data("x[i,j]", meaning="feature j of example i")
y = data("y[i]", meaning="target of example i")
w = parameter("w[j]", meaning="weights")
b = parameter("b", meaning="bias")
yhat = define("yhat[i]", sum(w[j] * x[i, j], over=j) + b, meaning="prediction for example i")
penalty = hyperparameter("lambda_", meaning="strength of the penalty", domain="positive")
L = define("L[i]", (yhat[i] - y[i]) ** 2 / 2, meaning="half the squared error of example i")
J = define(
    "J",
    mean(L[i], over=i) + penalty * sum(abs(w[j]), over=j),
    meaning="cost: the mean of the losses, and the penalty",
)

problem = make_problem(
    J,
    name="lasso",
    spare=[s],
    title="Lasso: the subgradient of the penalised squared error",
    summary="The penalty pulls every weight towards 0 with the same force, whatever its size: its "
    "derivative is a sign.",
)
