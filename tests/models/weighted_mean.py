"""The weighted mean of a loss, by the parameters and by the weights themselves."""

from derive.language import data, define, indices, parameter, sum
from derive.language import problem as make_problem

i, j = indices("i:m", "j:n")
spare = indices("p:m", "q:m", "h:n")
x = data("x[i,j]", meaning="feature j of example i")
y = data("y[i]", meaning="target of example i")
c = parameter("c[i]", meaning="weight of example i", domain="positive")
w = parameter("w[j]", meaning="coefficients")
z = define("z[i]", sum(w[j] * x[i, j], over=j), meaning="prediction for example i")
L = define("L[i]", (z[i] - y[i]) ** 2 / 2, meaning="half the squared error of example i")
S = define("S", sum(c[i], over=i), meaning="sum of the weights")
M = define("M", sum(c[i] * L[i], over=i) / S, meaning="weighted mean of the losses")
J = define("J", M, meaning="cost")

problem = make_problem(
    J,
    name="weighted_mean",
    title="Weighted mean: the gradients by coefficients and by the weights",
    spare=spare,
    example=i,
)
