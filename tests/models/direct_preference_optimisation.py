"""Direct preference optimisation (Rafailov et al., 2023), by the two log-probabilities."""

from derive.language import data, define, hyperparameter, indices, ln, mean, parameter, sigmoid
from derive.language import problem as make_problem

i = indices("i:m")
spare = indices("h:m")
a = parameter("a[i]", meaning="log-probability of the preferred answer")
b = parameter("b[i]", meaning="log-probability of the other answer")
c = data("c[i]", meaning="log-probability of the preferred answer under the reference")
d = data("d[i]", meaning="log-probability of the other answer under the reference")
beta = hyperparameter("beta", meaning="strength", domain="positive")
z = define(
    "z[i]", beta * (a[i] - c[i]) - beta * (b[i] - d[i]), meaning="margin of the implicit reward"
)
p = define("p[i]", sigmoid(z[i]), meaning="probability that the preferred answer is preferred")
L = define("L[i]", -ln(p[i]), meaning="loss of pair i")
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="direct_preference_optimisation",
    title="Direct preference optimisation: the gradient by the log-probabilities",
    summary="A pair pushes by the probability that the other answer is preferred; both answers "
    "are pushed equally, in opposite directions.",
    spare=spare,
)
