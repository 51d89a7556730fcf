"""The negative log marginal likelihood of a Gaussian process with a squared exponential kernel."""

from fractions import Fraction

from derive.language import (
    data,
    define,
    exp,
    indices,
    inverse,
    ln,
    logdet,
    parameter,
    pi,
    size,
    sum,
)
from derive.language import problem as make_problem

i, j = indices("i:n", "j:n")
spare = indices("k:n", "l:n", "p:n", "q:n")
k, l = spare[:2]
half = Fraction(1, 2)
y = data("y[i]", meaning="observation i")
e = data("e[i,j]", meaning="squared distance of the inputs i and j", domain="symmetric")
o = data("o[i,j]", meaning="1 where i = j, else 0", domain="symmetric")
theta = parameter("theta", meaning="logarithm of the kernel's variance")
rho = parameter("rho", meaning="logarithm of the noise")
K = define(
    "K[i,j]",
    exp(theta - half * e[i, j]) + exp(rho) * o[i, j],
    meaning="covariance of the observations",
)
P = inverse(K[k, l], over=(k, l))
a = define("a[i]", sum(y[j] * P[i, j], over=j), latex=r"\alpha", text="α", meaning="K⁻¹ y")
L = define(
    "L",
    half * sum(y[i] * a[i], over=i)
    + half * logdet(K[k, l], over=(k, l))
    + half * size(i) * ln(2 * pi()),
    meaning="negative log marginal likelihood",
)
J = define("J", L, meaning="cost")

problem = make_problem(
    J,
    name="gaussian_process",
    title="Gaussian process: the gradient of the marginal likelihood",
    spare=spare,
    example=False,
)
