"""t-SNE (van der Maaten and Hinton, 2008): the divergence of two similarities of points."""

from derive.language import data, define, fact, indices, ln, parameter, size, sum
from derive.language import problem as make_problem

i, j, d = indices("i:n", "j:n", "d:D")
spare = indices("k:n", "l:n", "r:n", "s:n", "c:D")
k, l = spare[:2]
g = data("g[i,j]", meaning="similarity of j to i, given i", domain="positive")
y = parameter("y[i,d]", meaning="image of point i")
p = define("p[i,j]", (g[i, j] + g[j, i]) / (2 * size(i)), meaning="similarity of the points")
e = define("e[i,j]", sum((y[i, d] - y[j, d]) ** 2, over=d), meaning="squared distance")
w = define("w[i,j]", 1 / (1 + e[i, j]), meaning="similarity of the images before its scale")
S = define("S", sum(w[k, l], over=[k, l]), meaning="sum of the similarities")
q = define("q[i,j]", w[i, j] / S, meaning="similarity of the images")
C = define("C", sum(p[i, j] * (ln(p[i, j]) - ln(q[i, j])), over=[i, j]), meaning="divergence")

problem = make_problem(
    define("J", C, meaning="cost: the divergence"),
    name="t_sne",
    title="t-SNE: the gradient by the images",
    spare=spare,
    facts=[
        fact(sum(g[i, j], over=j), 1, reason="they are probabilities"),
        fact(sum(p[i, j], over=[i, j]), 1, reason="they are the means of such"),
    ],
    example=False,
)
