"""The Bradley–Terry model (1952): strengths from comparisons."""

from derive.language import data, define, indices, ln, parameter, sigmoid, sum
from derive.language import problem as make_problem

i, j = indices("i:n", "j:n")
spare = indices("k:n", "l:n")
c = data("c[i,j]", meaning="how often i was preferred to j", domain="positive")
s = parameter("s[i]", meaning="strength of i")
p = define("p[i,j]", sigmoid(s[i] - s[j]), meaning="probability that i is preferred to j")
J = define("J", -sum(c[i, j] * ln(p[i, j]), over=[i, j]), meaning="negative log-likelihood")

problem = make_problem(
    J,
    name="bradley_terry",
    title="Bradley–Terry: the gradient by the strengths",
    summary="A comparison counts the more, the less its outcome was expected: what was lost with "
    "a plus, what was won with a minus.",
    spare=spare,
    example=False,
)
