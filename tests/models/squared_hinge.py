"""Linear classification with the squared hinge loss, which has no kink."""

from derive.language import data, define, hinge, indices, mean, parameter, sum
from derive.language import problem as make_problem

i, j = indices("i:m", "j:n")
s = indices("s:n")
x = data("x[i,j]", meaning="feature j of example i")
y = data("y[i]", meaning="label of example i, −1 or 1")
w = parameter("w[j]", meaning="weights")
b = parameter("b", meaning="bias")
z = define("z[i]", sum(w[j] * x[i, j], over=j) + b, meaning="weighted sum of example i")
h = define("h[i]", hinge(y[i] * z[i]), meaning="hinge loss of example i")
L = define("L[i]", h[i] ** 2, meaning="squared hinge loss of example i")
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="squared_hinge",
    spare=[s],
    title="Squared hinge: the gradient of the mean loss",
    summary="Where the hinge begins its square is flat, so that there is a gradient everywhere.",
)
