"""The contrastive loss (Hadsell, Chopra and LeCun, 2006) on Euclidean distances."""

from fractions import Fraction

from derive.language import data, define, hyperparameter, indices, mean, parameter, relu, sqrt, sum
from derive.language import problem as make_problem

i, d = indices("i:m", "d:D")
spare = indices("p:m", "e:D")
half = Fraction(1, 2)
y = data("y[i]", meaning="1 if pair i is alike, else 0", domain="binary")
u = parameter("u[i,d]", meaning="first of pair i")
v = parameter("v[i,d]", meaning="second of pair i")
mu = hyperparameter("mu", meaning="margin", domain="positive")
r = define("r[i]", sqrt(sum((u[i, d] - v[i, d]) ** 2, over=d)), meaning="distance of pair i")
h = define("h[i]", relu(mu - r[i]), meaning="by how much an unlike pair is too near")
L = define(
    "L[i]", half * y[i] * r[i] ** 2 + half * (1 - y[i]) * h[i] ** 2, meaning="loss of pair i"
)
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="contrastive_loss",
    title="Contrastive loss: the gradients by both of a pair",
    spare=spare,
)
