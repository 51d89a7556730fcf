"""RMS normalisation (Zhang and Sennrich, 2019): by the root of the mean square, without a mean."""

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
epsilon = hyperparameter("epsilon", meaning="keeps the root away from 0", domain="positive")
loss = function("loss", latex=r"\mathcal{L}", text="ℒ", meaning="what follows, any smooth function")
s = define(
    "s[i]", sqrt(mean(x[i, j] ** 2, over=j) + epsilon), meaning="root mean square of example i"
)
u = define(
    "u[i,j]",
    x[i, j] / s[i],
    latex=r"\hat{x}",
    text="x̂",
    stack_latex=r"\hat{X}",
    stack_text="X̂",
    meaning="normalised input",
)
o = define("o[i,j]", gamma[j] * u[i, j], meaning="output")
L = define("L[i]", loss(family(o[i, j], over=j)), meaning="loss of example i")
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="rms_norm",
    title="RMS normalisation: the gradients by scale and input",
    summary="Without a mean there is one path less: the mean of the gradient is not taken off.",
    spare=spare,
    wrt=[x, gamma],
)
