"""A bilinear form in a Kronecker product: yᵀ(A ⊗ B)x, its vectors as matrices."""

from derive.language import data, define, indices, parameter, sum
from derive.language import problem as make_problem

i, j, k, l = indices("i:p", "j:q", "k:r", "l:s")
spare = indices("a:p", "b:q", "c:r", "d:s")
A = parameter("A[i,j]", meaning="first factor")
B = parameter("B[k,l]", meaning="second factor")
X = data("X[j,l]", meaning="the vector on the right, row by row")
Y = data("Y[i,k]", meaning="the vector on the left, row by row")
J = define(
    "J",
    sum(Y[i, k] * A[i, j] * B[k, l] * X[j, l], over=[i, j, k, l]),
    meaning="bilinear form in the Kronecker product of A and B",
)

problem = make_problem(
    J,
    name="kronecker_product",
    title="Kronecker product: the gradients by both of its factors",
    spare=spare,
    example=False,
)
