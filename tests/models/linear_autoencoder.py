"""A linear autoencoder: half the mean squared error of the reconstruction."""

from derive.language import data, define, indices, mean, parameter, sum
from derive.language import problem as make_problem

i, j, h = indices("i:m", "j:n", "h:H")
spare = indices("p:m", "s:n", "r:H")
x = data("x[i,j]", meaning="feature j of example i")
W = parameter("W[h,j]", meaning="encoder")
V = parameter("V[j,h]", meaning="decoder")
c = define("c[i,h]", sum(W[h, j] * x[i, j], over=j), meaning="code of example i")
o = define("o[i,j]", sum(V[j, h] * c[i, h], over=h), meaning="reconstruction")
L = define(
    "L[i]", sum((o[i, j] - x[i, j]) ** 2, over=j) / 2, meaning="half the squared error of example i"
)
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="linear_autoencoder",
    title="Linear autoencoder: the gradients by encoder and decoder",
    summary="The error of the reconstruction is carried back through the decoder to the encoder.",
    spare=spare,
)
