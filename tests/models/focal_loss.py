"""The focal loss (Lin et al., 2017): what is easy counts less."""

from derive.language import data, define, hyperparameter, indices, ln, mean, parameter, sigmoid, sum
from derive.language import problem as make_problem

i, j = indices("i:m", "j:n")
s = indices("s:n")
x = data("x[i,j]", meaning="feature j of example i")
y = data("y[i]", meaning="label of example i, −1 or 1")
w = parameter("w[j]", meaning="weights")
b = parameter("b", meaning="bias")
z = define("z[i]", sum(w[j] * x[i, j], over=j) + b, meaning="weighted sum of example i")
gamma = hyperparameter("gamma", meaning="how much less what is easy counts", domain="positive")
p = define("p[i]", sigmoid(y[i] * z[i]), meaning="probability of the true label of example i")
L = define("L[i]", -((1 - p[i]) ** gamma) * ln(p[i]), meaning="focal loss of example i")
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="focal_loss",
    spare=[s],
    title="Focal loss: the gradient of the mean loss",
    summary="The cross-entropy of the true label is weighted by a power of the probability that "
    "is missing.",
)
