"""Costs that the pages of this folder show."""

# ruff: noqa: INP001 - read by the directives of the pages; it is in no package

import derive
import derive.second_order

i, j = derive.indices("i:m", "j:n")
x = derive.data("x[i,j]", meaning="feature j of example i")
y = derive.data("y[i]", meaning="label of example i, 0 or 1", domain="binary")
w = derive.parameter("w[j]", meaning="weights")
b = derive.parameter("b", meaning="bias")
z = derive.define("z[i]", derive.sum(w[j] * x[i, j], over=j) + b, meaning="weighted sum")
a = derive.define("a[i]", derive.sigmoid(z[i]), meaning="prediction for example i")
L = derive.define("L[i]", (a[i] - y[i]) ** 2 / 2, meaning="half the squared error of example i")
J = derive.define("J", derive.mean(L[i], over=i), meaning="cost: the mean of the losses")

squared_error_of_a_sigmoid = derive.problem(
    J,
    name="squared_error_of_a_sigmoid",
    title="The squared error of a sigmoid",
    spare=[derive.indices("s:n")],
)

# A layer whose weights have a column for each unit, as in Z = XW + b, below any loss.
k = derive.indices("k:K")
Y = derive.data("y[i,k]", meaning="labels of example i")
weights = derive.parameter("W[j,k]", meaning="weights")
biases = derive.parameter("b[k]", meaning="biases")
any_loss = derive.function("L", arguments=2, meaning="any smooth loss")
units = derive.define(
    "z[i,k]", derive.sum(weights[j, k] * x[i, j], over=j) + biases[k], meaning="output k"
)
losses = derive.define(
    "l[i]",
    any_loss(derive.family(units[i, k], over=k), derive.family(Y[i, k], over=k)),
    meaning="loss of example i",
)

dense = derive.problem(
    derive.define("J", derive.mean(losses[i], over=i), meaning="cost: the mean of the losses"),
    name="dense",
    title="A layer with a column of weights for each unit",
    spare=[derive.indices("s:n")],
)

# The derivatives of the probabilities of a softmax by its logits, and second derivatives.
softmax_jacobian = derive.second_order.jacobian_problem("softmax_regression", "p", "z")
logistic_hessian = derive.second_order.hessian_problem("logistic_regression", "w")
