"""The question as it was asked: the mean of any loss of any activation of a weighted sum."""

from derive.language import data, define, function, indices, mean, parameter, sum
from derive.language import problem as make_problem

i, j = indices("i:m", "j:n")
s = indices("s:n")
x = data("x[i,j]", meaning="feature j of example i")
y = data("y[i]", stack_latex="Y", stack_text="Y", meaning="label of example i")
W = parameter("W[j]", meaning="weights, a row vector", orientation="row")
b = parameter("b", meaning="bias")
g = function("g", meaning="any smooth activation")
loss = function("L", arguments=2, latex=r"\mathcal{L}", text="ℒ", meaning="any smooth loss")
z = define(
    "z[i]",
    sum(W[j] * x[i, j], over=j) + b,
    stack_latex="Z",
    stack_text="Z",
    meaning="weighted sum of example i",
)
a = define("a[i]", g(z[i]), stack_latex="A", stack_text="A", meaning="prediction for example i")
L = define("L[i]", loss(a[i], y[i]), meaning="loss of example i")
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="mean_loss",
    spare=[s],
    title="The mean of any loss: where the 1/m comes from",
    summary="Whatever the loss and the activation are, the 1/m of the mean stands in front.",
)
