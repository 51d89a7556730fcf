"""A variational autoencoder (Kingma and Welling, 2014): the reparametrised reconstruction."""

from fractions import Fraction

from derive.language import data, define, exp, indices, mean, parameter, sum
from derive.language import problem as make_problem

i, d, j = indices("i:m", "d:D", "j:P")
spare = indices("p:m", "e:D", "h:P")
half = Fraction(1, 2)
x = data("x[i,j]", meaning="input j of example i")
n = data("n[i,d]", latex=r"\epsilon", text="ε", meaning="noise, drawn from the standard normal")
mu = parameter("mu[i,d]", meaning="mean of the code")
s = parameter("s[i,d]", meaning="logarithm of the variance of the code")
W = parameter("W[j,d]", meaning="weights of the decoder")
t = define(
    "t[i,d]", exp(half * s[i, d]), latex=r"\sigma", text="σ", meaning="deviation of the code"
)
z = define("z[i,d]", mu[i, d] + t[i, d] * n[i, d], meaning="code, as drawn")
o = define("o[i,j]", sum(W[j, d] * z[i, d], over=d), meaning="reconstruction")
L = define(
    "L[i]", half * sum((o[i, j] - x[i, j]) ** 2, over=j), meaning="reconstruction loss of example i"
)
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="vae_reconstruction",
    title="Variational autoencoder: the gradients of the reparametrised reconstruction",
    spare=spare,
)
