"""The elastic net (Zou and Hastie, 2005): an absolute and a squared penalty."""

from derive.language import data, define, hyperparameter, indices, mean, parameter, sum
from derive.language import problem as make_problem

i, j = indices("i:m", "j:n")
s = indices("s:n")
x = data("x[i,j]", meaning="feature j of example i")
y = data("y[i]", meaning="target of example i")
w = parameter("w[j]", meaning="weights")
b = parameter("b", meaning="bias")
yhat = define("yhat[i]", sum(w[j] * x[i, j], over=j) + b, meaning="prediction for example i")
penalty = hyperparameter("lambda_", meaning="strength of the absolute penalty", domain="positive")
mu = hyperparameter("mu", meaning="strength of the squared penalty", domain="positive")
L = define("L[i]", (yhat[i] - y[i]) ** 2 / 2, meaning="half the squared error of example i")
J = define(
    "J",
    mean(L[i], over=i) + penalty * sum(abs(w[j]), over=j) + mu / 2 * sum(w[j] ** 2, over=j),
    meaning="cost: the mean of the losses, and both penalties",
)

problem = make_problem(
    J,
    name="elastic_net",
    spare=[s],
    title="Elastic net: the subgradient of the penalised squared error",
    summary="Each penalty adds its own term: the sign of a weight, and the weight itself.",
)
