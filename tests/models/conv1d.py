"""A one-dimensional convolution layer, as it is trained: a cross-correlation with a kernel."""

from derive.language import data, define, indices, mean, parameter, sum
from derive.language import problem as make_problem

t, k, s = indices("t:T", "k:K", "s:S")
spare = indices("p:T", "l:K", "q:S")
x = parameter("x[s]", meaning="input at place s")
y = data("y[t]", meaning="target at place t")
w = parameter("w[k]", meaning="kernel")
b = parameter("b", meaning="bias")
z = define("z[t]", sum(w[k] * x[t + k - 1], over=k) + b, meaning="output at place t")
L = define("L[t]", (z[t] - y[t]) ** 2 / 2, meaning="loss at place t")
J = define("J", mean(L[t], over=t), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="conv1d",
    title="One-dimensional convolution: the gradients by kernel, bias and input",
    spare=(s, *spare),
    wrt=[w, b, x],
)
