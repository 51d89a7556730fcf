"""One step of an LSTM cell, elementwise in the gates' weighted sums."""

from derive.language import data, define, family, function, indices, mean, parameter, sigmoid, tanh
from derive.language import problem as make_problem

k, j = indices("k:m", "j:H")
spare = indices("p:m", "r:H")
c0 = data("c_previous[k,j]", latex=r"\bar{c}", text="c̄", meaning="cell state before")
zi = parameter("z_i[k,j]", latex="z^{i}", text="zⁱ", meaning="weighted sum of the input gate")
zf = parameter("z_f[k,j]", latex="z^{f}", text="zᶠ", meaning="weighted sum of the forget gate")
zo = parameter("z_o[k,j]", latex="z^{o}", text="zᵒ", meaning="weighted sum of the output gate")
zg = parameter("z_g[k,j]", latex="z^{g}", text="zᵍ", meaning="weighted sum of the candidate")
loss = function("loss", latex=r"\mathcal{L}", text="ℒ", meaning="what follows, any smooth function")
gi = define("g_i[k,j]", sigmoid(zi[k, j]), latex="i", text="i", meaning="input gate")
gf = define("g_f[k,j]", sigmoid(zf[k, j]), latex="f", text="f", meaning="forget gate")
go = define("g_o[k,j]", sigmoid(zo[k, j]), latex="o", text="o", meaning="output gate")
gg = define("g_g[k,j]", tanh(zg[k, j]), latex="g", text="g", meaning="candidate")
c = define(
    "c[k,j]",
    gf[k, j] * c0[k, j] + gi[k, j] * gg[k, j],
    stack_latex="c",
    stack_text="c",
    meaning="cell state",
)
h = define(
    "h[k,j]", go[k, j] * tanh(c[k, j]), stack_latex="h", stack_text="h", meaning="hidden state"
)
L = define("L[k]", loss(family(h[k, j], over=j)), meaning="loss of example k")
J = define("J", mean(L[k], over=k), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="lstm_cell",
    title="LSTM cell: the gradients by the gates and by the cell state before",
    summary="Through the cell state the derivative is passed on multiplied by the forget gate "
    "alone.",
    spare=spare,
    wrt=[zi, zf, zo, zg, c0],
)
