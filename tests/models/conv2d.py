"""A two-dimensional convolution layer with channels, as networks for images are made of."""

from derive.language import data, define, indices, mean, parameter, sum
from derive.language import problem as make_problem

i, o, c = indices("i:m", "o:O", "c:C")
u, v = indices("u:U", "v:V")
a, e = indices("a:A", "e:B")
p, q = indices("p:P", "q:Q")
x = data("x[i,c,p,q]", meaning="channel c of image i at row p, column q")
K = parameter("K[o,c,a,e]", meaning="kernels")
b = parameter("b[o]", meaning="biases")
y = data("y[i,o,u,v]", meaning="target")
z = define(
    "z[i,o,u,v]",
    sum(K[o, c, a, e] * x[i, c, u + a - 1, v + e - 1], over=[c, a, e]) + b[o],
    meaning="output: channel o at row u, column v",
)
L = define(
    "L[i]",
    sum((z[i, o, u, v] - y[i, o, u, v]) ** 2, over=[o, u, v]) / 2,
    meaning="loss of image i",
)
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="conv2d",
    title="Two-dimensional convolution: the gradients by kernels, biases and input",
    spare=(p, q),
    wrt=[K, b, x],
)
