"""One step of a GRU cell, elementwise in the weighted sums: the reset gate acts on the weighted sum
of the state before."""

from derive.language import data, define, family, function, indices, mean, parameter, sigmoid, tanh
from derive.language import problem as make_problem

k, h = indices("k:m", "h:H")
spare = indices("p:m", "s:H")
h0 = data("h_previous[k,h]", latex=r"h^{(t-1)}", text="h⁽ᵗ⁻¹⁾", meaning="hidden state before")
zr = parameter("z_r[k,h]", latex=r"z^{r}", text="zʳ", meaning="weighted sum of the reset gate")
zu = parameter("z_u[k,h]", latex=r"z^{u}", text="zᵘ", meaning="weighted sum of the update gate")
zx = parameter("z_x[k,h]", latex=r"z^{x}", text="zˣ", meaning="the input’s part of the candidate")
zh = parameter("z_h[k,h]", latex=r"z^{h}", text="zʰ", meaning="the state’s part of the candidate")
loss = function("loss", latex=r"\mathcal{L}", text="ℒ", meaning="what follows, any smooth function")
gr = define("g_r[k,h]", sigmoid(zr[k, h]), latex="r", text="r", meaning="reset gate")
gu = define("g_u[k,h]", sigmoid(zu[k, h]), latex="u", text="u", meaning="update gate")
n = define("n[k,h]", tanh(zx[k, h] + gr[k, h] * zh[k, h]), meaning="candidate")
a = define("a[k,h]", (1 - gu[k, h]) * n[k, h] + gu[k, h] * h0[k, h], meaning="hidden state")
L = define("L[k]", loss(family(a[k, h], over=h)), meaning="loss of example k")
J = define("J", mean(L[k], over=k), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="gru_cell",
    title="GRU cell: the gradients by the gates and by the hidden state before",
    spare=spare,
    wrt=[zr, zu, zx, zh, h0],
)
