"""A two-dimensional convolution of images with several channels: one filter of a layer."""

from derive.language import data, define, indices, mean, parameter, sum
from derive.language import problem as make_problem

i, c = indices("i:m", "c:C")
u, v = indices("u:U", "v:V")
a, d = indices("a:A", "d:B")
p, q = indices("p:P", "q:Q")
x = data("x[i,c,p,q]", meaning="channel c of image i at row p, column q")
K = parameter("K[c,a,d]", meaning="kernel")
b = parameter("b", meaning="bias")
y = data("y[i,u,v]", meaning="target")
z = define(
    "z[i,u,v]",
    sum(K[c, a, d] * x[i, c, u + a - 1, v + d - 1], over=[c, a, d]) + b,
    meaning="output at row u, column v",
)
e = define("e[i,u,v]", z[i, u, v] - y[i, u, v], meaning="error")
L = define(
    "L[i]",
    sum(e[i, u, v] ** 2, over=[u, v]) / 2,
    meaning="loss of image i",
)
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="conv2d",
    title="Two-dimensional convolution: the gradients by kernel, bias and input",
    spare=(p, q),
    wrt=[K, b, x],
)
