"""A network with one hidden tanh layer, a sigmoid output and the mean cross-entropy."""

from derive.language import data, define, indices, ln, mean, parameter, sigmoid, sum, tanh
from derive.language import problem as make_problem

i, j, h = indices("i:m", "j:n", "h:H")
spare = indices("s:n", "r:H")
x = data("x[i,j]", meaning="feature j of example i")
y = data("y[i]", meaning="label of example i, 0 or 1", domain="binary")
W1 = parameter("W1[h,j]", meaning="weights of the hidden layer")
b1 = parameter("b1[h]", meaning="biases of the hidden layer")
w2 = parameter("w2[h]", meaning="weights of the output")
b2 = parameter("b2", meaning="bias of the output")
z1 = define(
    "z1[i,h]",
    sum(W1[h, j] * x[i, j], over=j) + b1[h],
    meaning="weighted sum of hidden unit h",
)
a1 = define("a1[i,h]", tanh(z1[i, h]), meaning="activation of hidden unit h")
z2 = define("z2[i]", sum(w2[h] * a1[i, h], over=h) + b2, meaning="weighted sum of the output")
a2 = define("a2[i]", sigmoid(z2[i]), meaning="prediction for example i")
L = define(
    "L[i]",
    -(y[i] * ln(a2[i]) + (1 - y[i]) * ln(1 - a2[i])),
    meaning="cross-entropy of example i",
)
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="mlp",
    spare=spare,
    title="A network with one hidden layer: all four gradients",
    summary="The error of the output is carried back through the hidden layer.",
)
