"""The triplet loss (Schroff, Kalenichenko and Philbin, 2015) on squared distances."""

from derive.language import define, hyperparameter, indices, mean, parameter, relu, sum
from derive.language import problem as make_problem

i, d = indices("i:m", "d:D")
spare = indices("q:m", "e:D")
a = parameter("a[i,d]", meaning="anchor of triplet i")
p = parameter("p[i,d]", meaning="its positive")
n = parameter("n[i,d]", meaning="its negative")
alpha = hyperparameter("alpha", meaning="margin", domain="positive")
t = define(
    "t[i]",
    sum((a[i, d] - p[i, d]) ** 2, over=d) - sum((a[i, d] - n[i, d]) ** 2, over=d) + alpha,
    meaning="by how much triplet i misses the margin",
)
L = define("L[i]", relu(t[i]), meaning="loss of triplet i")
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="triplet_loss",
    title="Triplet loss: the gradients by anchor, positive and negative",
    spare=spare,
)
