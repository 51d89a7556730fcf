"""Ridge regression: least squares with a quadratic penalty on the weights, not on the bias."""

from derive.language import data, define, hyperparameter, indices, parameter, size, sum
from derive.language import problem as make_problem

i, j = indices("i:m", "j:n")
s = indices("s:n")
m = size(i)
x = data("x[i,j]", meaning="feature j of example i")
y = data("y[i]", meaning="target of example i")
w = parameter("w[j]", meaning="weights")
b = parameter("b", meaning="bias, not penalised")
penalty = hyperparameter("lambda_", meaning="strength of the penalty")
yhat = define("yhat[i]", sum(w[j] * x[i, j], over=j) + b, meaning="prediction for example i")
L = define("L[i]", (yhat[i] - y[i]) ** 2, meaning="squared error of example i")
J = define(
    "J",
    sum(L[i], over=i) / (2 * m) + penalty / (2 * m) * sum(w[j] ** 2, over=j),
    meaning="cost: half the mean squared error, and the penalty",
)

problem = make_problem(
    J,
    name="ridge_regression",
    spare=[s],
    title="Ridge regression: the gradient of the penalised squared error",
    summary="The penalty adds its own term to the gradient of the weights and none to the bias's.",
    written_out=[yhat],
)
