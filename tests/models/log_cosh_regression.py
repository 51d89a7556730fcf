"""Linear regression with the loss ln cosh, a smooth form of the absolute error."""

from derive.language import data, define, indices, log_cosh, mean, parameter, sum
from derive.language import problem as make_problem

i, j = indices("i:m", "j:n")
spare = indices("s:n", "q:n")
x = data("x[i,j]", meaning="feature j of example i")
y = data("y[i]", meaning="target of example i")
w = parameter("w[j]", meaning="weights")
b = parameter("b", meaning="bias")
z = define("z[i]", sum(w[j] * x[i, j], over=j) + b, meaning="weighted sum of example i")
L = define("L[i]", log_cosh(z[i] - y[i]), meaning="loss of example i")
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="log_cosh_regression",
    title="Log-cosh regression: the gradient of the mean loss",
    spare=spare,
)
