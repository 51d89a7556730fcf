"""InfoNCE (van den Oord, Li and Vinyals, 2018): each query must find its own key in the batch."""

from derive.language import define, hyperparameter, indices, ln, mean, parameter, softmax, sum
from derive.language import problem as make_problem

i, j, d = indices("i:m", "j:m", "d:D")
spare = indices("k:m", "l:m", "r:D")
a = parameter("a[i,d]", meaning="query i")
b = parameter("b[j,d]", meaning="key j")
tau = hyperparameter("tau", meaning="temperature", domain="positive")
s = define(
    "s[i,j]", sum(a[i, d] * b[j, d], over=d) / tau, meaning="similarity of query i and key j"
)
p = define("p[i,j]", softmax(s[i, j], over=j), meaning="probability of key j for query i")
L = define("L[i]", -ln(p[i, i]), meaning="loss of query i")
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="info_nce",
    title="InfoNCE: the gradients by queries and keys",
    summary="A softmax over the batch: the expected key minus the right one, and the same for "
    "queries.",
    spare=spare,
)
