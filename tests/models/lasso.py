"""Lasso: half the mean squared error with an absolute penalty on the weights."""

from fractions import Fraction

from derive.language import data, define, hyperparameter, indices, mean, parameter, sum
from derive.language import problem as make_problem

i, j = indices("i:m", "j:n")
spare = indices("s:n", "q:n")
x = data("x[i,j]", meaning="feature j of example i")
y = data("y[i]", meaning="target of example i")
w = parameter("w[j]", meaning="weights")
b = parameter("b", meaning="bias")
z = define("z[i]", sum(w[j] * x[i, j], over=j) + b, meaning="weighted sum of example i")
lam = hyperparameter(
    "lambda_", latex=r"\lambda", text="λ", meaning="strength of the penalty", domain="positive"
)
L = define(
    "L[i]", Fraction(1, 2) * (z[i] - y[i]) ** 2, meaning="half the squared error of example i"
)
J = define("J", mean(L[i], over=i) + lam * sum(abs(w[j]), over=j), meaning="penalised cost")

problem = make_problem(
    J,
    name="lasso",
    title="Lasso: the subgradient of the penalised squared error",
    spare=spare,
    summary="The penalty has a kink where a weight is 0.",
)
