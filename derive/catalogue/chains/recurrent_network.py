"""A recurrent network through T time steps: the errors are carried back through time."""

from derive.language import data, define, family, function, indices, mean, parameter, sum, tanh
from derive.language import problem as make_problem
from derive.recursion import Recursion

i, j, k, d = indices("i:m", "j:n", "k:n", "d:D")
spare = indices("s:n", "r:n", "c:D")
incoming = data("h_previous[i,j]", meaning="state of the step before")
x = data("x[i,d]", meaning="input of the step")
y = data("y[i,k]", meaning="labels of example i")
W = parameter("W[k,j]", meaning="weights of the state, the same in every step")
U = parameter("U[k,d]", meaning="weights of the input, the same in every step")
b = parameter("b[k]", meaning="biases, the same in every step")
loss = function("loss", arguments=2, latex=r"\ell", text="ℓ", meaning="any smooth loss")
z = define(
    "z[i,k]",
    sum(W[k, j] * incoming[i, j], over=j) + sum(U[k, d] * x[i, d], over=d) + b[k],
    meaning="weighted sums",
)
h = define("h[i,k]", tanh(z[i, k]), meaning="state")
L = define(
    "L[i]",
    loss(family(h[i, k], over=k), family(y[i, k], over=k)),
    latex=r"\mathcal{L}",
    text="ℒ",
    meaning="loss of example i",
)
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="recurrent_network",
    title="A recurrent network: backpropagation through time",
    summary="The error of a step is made of that of the step after it, in a chain of any length.",
    spare=spare,
)
recursion = Recursion(
    problem,
    incoming="h_previous",
    outgoing="h",
    error="z",
    index="t",
    last="T",
    shared=True,
    called="step",
)
