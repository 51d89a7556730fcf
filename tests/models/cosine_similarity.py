"""The cosine of the angle between two vectors, as a loss: 1 for a right angle, 0 for none."""

from derive.language import define, indices, mean, parameter, sqrt, sum
from derive.language import problem as make_problem

i, d = indices("i:m", "d:D")
spare = indices("p:m", "e:D", "f:D")
u = parameter("u[i,d]", meaning="first vector of pair i")
v = parameter("v[i,d]", meaning="second vector of pair i")
a = define("a[i]", sqrt(sum(u[i, d] ** 2, over=d)), meaning="length of the first vector")
b = define("b[i]", sqrt(sum(v[i, d] ** 2, over=d)), meaning="length of the second vector")
s = define("s[i]", sum(u[i, d] * v[i, d], over=d), meaning="their scalar product")
c = define("c[i]", s[i] / (a[i] * b[i]), meaning="cosine of their angle")
J = define("J", mean(1 - c[i], over=i), meaning="cost: the mean cosine distance")

problem = make_problem(
    J,
    name="cosine_similarity",
    title="Cosine similarity: the gradients by both vectors",
    spare=spare,
)
