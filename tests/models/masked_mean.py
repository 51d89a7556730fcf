"""The mean of a loss over those examples that a mask keeps."""

from derive.language import data, define, indices, parameter, sum
from derive.language import problem as make_problem

i, j = indices("i:m", "j:n")
spare = indices("p:m", "q:m", "h:n")
x = data("x[i,j]", meaning="feature j of example i")
y = data("y[i]", meaning="target of example i")
c = data("c[i]", meaning="mask: 1 if example i counts, else 0", domain="binary")
w = parameter("w[j]", meaning="weights")
z = define("z[i]", sum(w[j] * x[i, j], over=j), meaning="prediction for example i")
L = define("L[i]", (z[i] - y[i]) ** 2 / 2, meaning="half the squared error of example i")
N = define("N", sum(c[i], over=i), meaning="how many examples count")
J = define("J", sum(c[i] * L[i], over=i) / N, meaning="cost: the mean of the losses that count")

problem = make_problem(
    J,
    name="masked_mean",
    title="Masked mean: the gradient of a mean over some of the examples",
    spare=spare,
    example=i,
)
