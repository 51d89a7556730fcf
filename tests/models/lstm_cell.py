"""One step of an LSTM cell, elementwise in the gates' weighted sums."""

from derive.language import data, define, family, function, indices, mean, parameter, sigmoid, tanh
from derive.language import problem as make_problem

k, h = indices("k:m", "h:H")
spare = indices("p:m", "r:H")
c0 = data("c_previous[k,h]", latex=r"c^{(t-1)}", text="c⁽ᵗ⁻¹⁾", meaning="cell state before")
zi = parameter("z_i[k,h]", latex="z^{i}", text="zⁱ", meaning="weighted sum of the input gate")
zf = parameter("z_f[k,h]", latex="z^{f}", text="zᶠ", meaning="weighted sum of the forget gate")
zo = parameter("z_o[k,h]", latex="z^{o}", text="zᵒ", meaning="weighted sum of the output gate")
zg = parameter("z_g[k,h]", latex="z^{g}", text="zᵍ", meaning="weighted sum of the candidate")
loss = function("loss", latex=r"\mathcal{L}", text="ℒ", meaning="what follows, any smooth function")
gi = define("g_i[k,h]", sigmoid(zi[k, h]), latex="i", text="i", meaning="input gate")
gf = define("g_f[k,h]", sigmoid(zf[k, h]), latex="f", text="f", meaning="forget gate")
go = define("g_o[k,h]", sigmoid(zo[k, h]), latex="o", text="o", meaning="output gate")
gg = define("g_g[k,h]", tanh(zg[k, h]), latex="g", text="g", meaning="candidate")
c = define("c[k,h]", gf[k, h] * c0[k, h] + gi[k, h] * gg[k, h], meaning="cell state")
a = define("a[k,h]", go[k, h] * tanh(c[k, h]), meaning="hidden state")
L = define("L[k]", loss(family(a[k, h], over=h)), meaning="loss of example k")
J = define("J", mean(L[k], over=k), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="lstm_cell",
    title="LSTM cell: the gradients by the gates and by the cell state before",
    spare=spare,
    wrt=[zi, zf, zo, zg, c0],
)
