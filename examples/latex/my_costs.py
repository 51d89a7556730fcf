"""A line through the origin, fitted with a weight for each example."""

from derive import data, define, indices, mean, parameter

i = indices("i:m")
x = data("x[i]", meaning="where example i was measured")
y = data("y[i]", meaning="what was measured there")
c = data("c[i]", meaning="how sure example i is")
k = parameter("k", meaning="slope")
r = define("r[i]", k * x[i] - y[i], meaning="residual of example i")
L = define("L[i]", c[i] * r[i] ** 2, meaning="loss of example i")
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")
