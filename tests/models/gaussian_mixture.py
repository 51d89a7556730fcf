"""A mixture of K normal distributions with spherical covariances, weighted by a softmax."""

from derive.language import (
    data,
    define,
    fact,
    indices,
    ln,
    logsumexp,
    mean,
    parameter,
    pi,
    size,
    softmax,
    sum,
)
from derive.language import problem as make_problem

i, k, d = indices("i:m", "k:K", "d:D")
spare = indices("p:m", "l:K", "q:K", "c:D")
x = data("x[i,d]", meaning="observation i")
mu = parameter("mu[k,d]", meaning="mean of component k")
v = parameter(
    "v[k]", latex=r"\sigma^2", text="σ²", meaning="variance of component k", domain="positive"
)
t = parameter("t[k]", meaning="logit of the weight of component k")
w = define("w[k]", softmax(t[k], over=k), meaning="weight of component k")
e = define(
    "e[i,k]", sum((x[i, d] - mu[k, d]) ** 2, over=d), meaning="squared distance to component k"
)
s = define(
    "s[i,k]",
    ln(w[k]) - size(d) / 2 * ln(2 * pi() * v[k]) - e[i, k] / (2 * v[k]),
    meaning="logarithm of weight times density",
)
r = define("r[i,k]", softmax(s[i, k], over=k), meaning="responsibility of component k")
L = define("L[i]", -logsumexp(s[i, k], over=k), meaning="loss of observation i")
J = define("J", mean(L[i], over=i), meaning="cost: the mean negative log-likelihood")

problem = make_problem(
    J,
    name="gaussian_mixture",
    title="Gaussian mixture: the gradients by means, variances and weights",
    spare=spare,
    also_named=[r],
    facts=[fact(sum(r[i, k], over=k), 1, reason="r is a softmax")],
)
