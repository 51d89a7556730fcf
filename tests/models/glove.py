"""GloVe (Pennington, Socher and Manning, 2014): word vectors fitted to co-occurrences."""

from derive.language import data, define, indices, ln, parameter, sum
from derive.language import problem as make_problem

i, j, d = indices("i:V", "j:V", "d:D")
spare = indices("p:V", "q:V", "r:D")
X = data("X[i,j]", meaning="how often word j occurs near word i", domain="positive")
f = data("f[i,j]", meaning="weight of that pair", domain="positive")
w = parameter("w[i,d]", meaning="vector of word i")
c = parameter("c[j,d]", meaning="vector of word j as context")
a = parameter("a[i]", meaning="bias of word i")
b = parameter("b[j]", meaning="bias of word j as context")
e = define("e[i,j]", sum(w[i, d] * c[j, d], over=d) + a[i] + b[j] - ln(X[i, j]), meaning="error")
J = define(
    "J", sum(f[i, j] * e[i, j] ** 2, over=[i, j]), meaning="cost: weighted squares of the errors"
)

problem = make_problem(
    J,
    name="glove",
    title="GloVe: the gradients by word vectors, context vectors and biases",
    summary="Least squares on logarithms of counts, with a weight for each pair.",
    spare=spare,
    example=False,
)
