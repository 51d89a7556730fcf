"""Linear regression with the mean squared error as it stands, without the factor ½."""

from derive.language import data, define, indices, mean, parameter, sum
from derive.language import problem as make_problem

i, j = indices("i:m", "j:n")
s = indices("s:n")
x = data("x[i,j]", meaning="feature j of example i")
y = data("y[i]", meaning="target of example i")
w = parameter("w[j]", meaning="weights")
b = parameter("b", meaning="bias")
yhat = define("yhat[i]", sum(w[j] * x[i, j], over=j) + b, meaning="prediction for example i")
L = define("L[i]", (yhat[i] - y[i]) ** 2, meaning="squared error of example i")
J = define("J", mean(L[i], over=i), meaning="cost: the mean squared error")

problem = make_problem(
    J,
    name="linear_regression_mean_square",
    spare=[s],
    title="Linear regression: the gradient of the mean squared error",
    summary="Without a ½ in the cost, the 2 that the square brings down stays in the gradient.",
)
