"""Euclidean and Frobenius norm as penalties that are not squared."""

from derive.language import data, define, indices, parameter, sqrt, sum
from derive.language import problem as make_problem

i, j = indices("i:n", "j:p")
spare = indices("k:n", "l:p")
x = parameter("x[i]", meaning="a vector")
c = data("c[i]", meaning="a point")
W = parameter("W[i,j]", meaning="a matrix")
r = define("r", sqrt(sum((x[i] - c[i]) ** 2, over=i)), meaning="Euclidean norm of x − c")
f = define("f", sqrt(sum(W[i, j] ** 2, over=[i, j])), meaning="Frobenius norm of W")
J = define("J", r + f, meaning="sum of both norms")

problem = make_problem(
    J,
    name="norms",
    title="Norms: the gradients of the Euclidean and of the Frobenius norm",
    spare=spare,
    example=False,
)
