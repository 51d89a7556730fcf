"""The divergence term of a variational autoencoder, of diagonal normal distributions."""

from derive.language import define, exp, indices, mean, parameter, sum
from derive.language import problem as make_problem

i, d = indices("i:m", "d:D")
spare = indices("p:m", "q:D")
mu = parameter("mu[i,d]", meaning="mean of latent d for example i")
s = parameter("s[i,d]", meaning="logarithm of its variance")
L = define(
    "L[i]",
    sum(exp(s[i, d]) + mu[i, d] ** 2 - 1 - s[i, d], over=d) / 2,
    meaning="divergence of example i",
)
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the divergences")

problem = make_problem(
    J,
    name="vae_divergence",
    title="Variational autoencoder: the gradients of the divergence",
    summary="The divergence pulls every mean to 0 and every variance to 1, each on its own.",
    spare=spare,
)
