"""Linear regression with the halved mean squared error."""

from derive.language import data, define, indices, parameter, size, sum
from derive.language import problem as make_problem

i, j = indices("i:m", "j:n")
s = indices("s:n")
m = size(i)
x = data("x[i,j]", meaning="feature j of example i")
y = data("y[i]", meaning="target of example i")
w = parameter("w[j]", meaning="weights")
b = parameter("b", meaning="bias")
yhat = define("yhat[i]", sum(w[j] * x[i, j], over=j) + b, meaning="prediction for example i")
L = define("L[i]", (yhat[i] - y[i]) ** 2, meaning="squared error of example i")
J = define("J", sum(L[i], over=i) / (2 * m), meaning="cost: half the mean squared error")

problem = make_problem(
    J,
    name="linear_regression",
    spare=[s],
    title="Linear regression: the gradient of the halved mean squared error",
    summary="The factor ½ is there to meet the 2 that the square brings down.",
)
