"""One step of an LSTM cell, elementwise in the gates' weighted sums."""

from derive.language import data, define, family, function, indices, mean, parameter, sigmoid, tanh
from derive.language import problem as make_problem

i, h = indices("i:m", "h:H")
spare = indices("p:m", "r:H")
c0 = data("c_previous[i,h]", latex=r"c^{(t-1)}", text="c⁽ᵗ⁻¹⁾", meaning="cell state before")
zi = parameter("z_i[i,h]", latex="z^{i}", text="zⁱ", meaning="weighted sum of the input gate")
zf = parameter("z_f[i,h]", latex="z^{f}", text="zᶠ", meaning="weighted sum of the forget gate")
zo = parameter("z_o[i,h]", latex="z^{o}", text="zᵒ", meaning="weighted sum of the output gate")
zg = parameter("z_g[i,h]", latex="z^{g}", text="zᵍ", meaning="weighted sum of the candidate")
loss = function("loss", latex=r"\mathcal{L}", text="ℒ", meaning="what follows, any smooth function")
gi = define("g_i[i,h]", sigmoid(zi[i, h]), latex="i", text="i", meaning="input gate")
gf = define("g_f[i,h]", sigmoid(zf[i, h]), latex="f", text="f", meaning="forget gate")
go = define("g_o[i,h]", sigmoid(zo[i, h]), latex="o", text="o", meaning="output gate")
gg = define("g_g[i,h]", tanh(zg[i, h]), latex="g", text="g", meaning="candidate")
c = define("c[i,h]", gf[i, h] * c0[i, h] + gi[i, h] * gg[i, h], meaning="cell state")
a = define("a[i,h]", go[i, h] * tanh(c[i, h]), meaning="hidden state")
L = define("L[i]", loss(family(a[i, h], over=h)), meaning="loss of example i")
J = define("J", mean(L[i], over=i), meaning="cost: the mean of the losses")

problem = make_problem(
    J,
    name="lstm_cell",
    title="LSTM cell: the gradients by the gates and by the cell state before",
    spare=spare,
    wrt=[zi, zf, zo, zg, c0],
)
