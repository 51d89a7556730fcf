"""The linear support vector machine: the hinge loss with a squared penalty."""

from derive.language import data, define, hinge, hyperparameter, indices, mean, parameter, sum
from derive.language import problem as make_problem

i, j = indices("i:m", "j:n")
s = indices("s:n")
x = data("x[i,j]", meaning="feature j of example i")
y = data("y[i]", meaning="label of example i, −1 or 1")
w = parameter("w[j]", meaning="weights")
b = parameter("b", meaning="bias")
z = define("z[i]", sum(w[j] * x[i, j], over=j) + b, meaning="weighted sum of example i")
penalty = hyperparameter("lambda_", meaning="strength of the penalty", domain="positive")
L = define("L[i]", hinge(y[i] * z[i]), meaning="hinge loss of example i")
J = define(
    "J",
    mean(L[i], over=i) + penalty / 2 * sum(w[j] ** 2, over=j),
    meaning="cost: the mean of the losses, and the penalty",
)

problem = make_problem(
    J,
    name="support_vector_machine",
    spare=[s],
    title="Support vector machine: the subgradient of the penalised hinge loss",
    summary="Only the examples inside the margin push; they are the support vectors.",
)
