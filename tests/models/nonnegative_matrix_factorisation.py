"""Non-negative matrix factorisation (Lee and Seung, 2001): half the squared Frobenius norm."""

from fractions import Fraction

from derive.language import data, define, indices, parameter, sum
from derive.language import problem as make_problem

i, j, k = indices("i:n", "j:p", "k:K")
spare = indices("s:n", "t:p", "l:K")
V = data("V[i,j]", meaning="what is factorised", domain="positive")
W = parameter("W[i,k]", meaning="first factor", domain="positive")
H = parameter("H[k,j]", meaning="second factor", domain="positive")
R = define("R[i,j]", sum(W[i, k] * H[k, j], over=k) - V[i, j], meaning="what is left over")
J = define(
    "J", Fraction(1, 2) * sum(R[i, j] ** 2, over=[i, j]), meaning="half the squared Frobenius norm"
)

problem = make_problem(
    J,
    name="nonnegative_matrix_factorisation",
    title="Non-negative matrix factorisation: the gradients by both factors",
    spare=spare,
    written_out=[R],
    example=False,
)
