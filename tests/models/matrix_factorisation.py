"""Matrix factorisation with biases: half the squared error of the ratings that are known."""

from fractions import Fraction

from derive.language import data, define, indices, parameter, sum
from derive.language import problem as make_problem

u, v, f = indices("u:U", "v:V", "f:F")
spare = indices("p:U", "q:V", "g:F")
r = data("r[u,v]", meaning="rating of item v by user u")
c = data("c[u,v]", meaning="1 if that rating is known, else 0", domain="binary")
P = parameter("P[u,f]", meaning="factors of user u")
Q = parameter("Q[v,f]", meaning="factors of item v")
a = parameter("a[u]", meaning="bias of user u")
b = parameter("b[v]", meaning="bias of item v")
e = define("e[u,v]", sum(P[u, f] * Q[v, f], over=f) + a[u] + b[v] - r[u, v], meaning="error")
J = define(
    "J",
    Fraction(1, 2) * sum(c[u, v] * e[u, v] ** 2, over=[u, v]),
    meaning="cost: half the squared errors of what is known",
)

problem = make_problem(
    J,
    name="matrix_factorisation",
    title="Matrix factorisation: the gradients by users, items and biases",
    summary="Only ratings that are known count; each factor’s gradient is the errors times the "
    "other factor.",
    spare=spare,
    example=False,
)
