"""The negative log-likelihood of a multivariate normal distribution by mean and covariance."""

from fractions import Fraction

from derive.language import (
    data,
    define,
    indices,
    inverse,
    ln,
    logdet,
    mean,
    parameter,
    pi,
    size,
    sum,
)
from derive.language import problem as make_problem

i, a, b = indices("i:m", "a:D", "b:D")
spare = indices("p:m", "c:D", "d:D", "e:D", "f:D")
c, d = spare[1:3]
half = Fraction(1, 2)
x = data("x[i,a]", meaning="observation i")
mu = parameter("mu[a]", meaning="mean")
Sigma = parameter("Sigma[a,b]", meaning="covariance", domain="positive definite")
u = define("u[i,a]", x[i, a] - mu[a], meaning="distance from the mean")
S = define("S[a,b]", mean(u[i, a] * u[i, b], over=i), meaning="scatter about the mean")
P = inverse(Sigma[c, d], over=(c, d))
J = define(
    "J",
    half * size(a) * ln(2 * pi())
    + half * logdet(Sigma[c, d], over=(c, d))
    + half * sum(P[a, b] * S[a, b], over=[a, b]),
    meaning="cost: the mean of the negative log-likelihoods",
)

problem = make_problem(
    J,
    name="multivariate_normal",
    title="Multivariate normal distribution: the gradients by mean and covariance",
    spare=spare,
    example=i,
    wrt=[mu, Sigma],
)
