"""Linear regression with Huber's loss: squared near, absolute far from the target."""

from derive.language import data, define, huber, hyperparameter, indices, mean, parameter, sum
from derive.language import problem as make_problem

i, j = indices("i:m", "j:n")
spare = indices("s:n", "q:n")
x = data("x[i,j]", meaning="feature j of example i")
y = data("y[i]", meaning="target of example i")
w = parameter("w[j]", meaning="weights")
b = parameter("b", meaning="bias")
z = define("z[i]", sum(w[j] * x[i, j], over=j) + b, meaning="weighted sum of example i")
delta = hyperparameter(
    "delta", meaning="where the loss turns from square to absolute", domain="positive"
)
L = define("L[i]", huber(z[i] - y[i], delta), meaning="Huber loss of example i")
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="huber_regression",
    title="Huber regression: the gradient of the mean Huber loss",
    spare=spare,
)
