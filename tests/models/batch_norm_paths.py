"""Batch normalisation (Ioffe and Szegedy, 2015) as in the paper: through μ and σ² each by itself.

The input goes three ways: to the normalised input, to the variance and to the mean. Each way has
a name, so that the derivative along it is one with the other two held fixed.
"""

from derive.language import (
    data,
    define,
    family,
    function,
    hyperparameter,
    indices,
    mean,
    parameter,
    sqrt,
)
from derive.language import problem as make_problem

i, j = indices("i:m", "j:n")
spare = indices("p:m", "q:m", "h:n", "l:n")
x = data("x[i,j]", meaning="input j of example i")
gamma = parameter("gamma[j]", meaning="scale of unit j")
beta = parameter("beta[j]", meaning="shift of unit j")
epsilon = hyperparameter("epsilon", meaning="keeps the root away from 0", domain="positive")
loss = function("loss", latex=r"\mathcal{L}", text="ℒ", meaning="what follows, any smooth function")
a = define("a[i,j]", x[i, j], meaning="the input on its way to the normalised input")
b = define("b[i,j]", x[i, j], meaning="the input on its way to the variance")
c = define("c[i,j]", x[i, j], meaning="the input on its way to the mean")
mu = define("mu[j]", mean(c[i, j], over=i), meaning="mean of unit j over the batch")
v = define(
    "v[j]",
    mean((b[i, j] - mu[j]) ** 2, over=i),
    latex=r"\sigma^2",
    text="σ²",
    meaning="variance of unit j over the batch",
)
u = define(
    "u[i,j]",
    (a[i, j] - mu[j]) / sqrt(v[j] + epsilon),
    latex=r"\hat{x}",
    text="x̂",
    meaning="normalised input",
)
o = define("o[i,j]", gamma[j] * u[i, j] + beta[j], meaning="output")
J = define("J", loss(family(family(o[i, j], over=j), over=i)), meaning="loss of the batch")

problem = make_problem(
    J,
    name="batch_norm_paths",
    title="Batch normalisation: the gradient by the input, path by path",
    spare=spare,
    written_out=[b],
    also_named=[a, b, c],
    example=False,
    wrt=[x, gamma, beta],
)
