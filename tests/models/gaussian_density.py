"""The density of a multivariate normal distribution itself, by its mean and its precision."""

from fractions import Fraction

from derive.language import data, define, exp, indices, ln, logdet, parameter, pi, size, sum
from derive.language import problem as make_problem

a, b = indices("a:D", "b:D")
spare = indices("c:D", "d:D", "e:D", "f:D")
c, d = spare[:2]
half = Fraction(1, 2)
x = data("x[a]", meaning="observation")
mu = parameter("mu[a]", meaning="mean")
P = parameter("P[a,b]", latex=r"\Lambda", text="Λ", meaning="precision", domain="positive definite")
u = define("u[a]", x[a] - mu[a], meaning="distance from the mean")
q = define("q", sum(u[a] * P[a, b] * u[b], over=[a, b]), meaning="squared Mahalanobis distance")
p = define(
    "p",
    exp(half * logdet(P[c, d], over=(c, d)) - half * size(a) * ln(2 * pi()) - half * q),
    meaning="density at the observation",
)

problem = make_problem(
    define("J", -p, meaning="the density, to be made large"),
    name="gaussian_density",
    title="Gaussian density: the gradients by mean and precision",
    spare=spare,
    example=False,
)
