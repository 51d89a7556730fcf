"""How a cost is written in Python: the way the textbook writes it.

>>> import derive
>>> i, j = derive.indices("i:m", "j:n")
>>> x, y = derive.data("x[i,j]", "y[i]")
>>> w, b = derive.parameters("w[j]", "b")
>>> z = derive.define("z[i]", derive.sum(w[j] * x[i, j], over=j) + b)
>>> J = derive.mean((z[i] - y[i]) ** 2, over=i)
>>> problem = derive.problem(J, name="least_squares")
>>> [definition.name for definition in problem.definitions]
['z', 'J']

Nothing here is registered anywhere: an expression knows the quantities it is made of, and
:func:`problem` collects them. Shapes are read off the indices and checked when the problem is put
together.
"""

from derive.language.assembly import problem
from derive.language.declarations import (
    constant,
    data,
    define,
    fact,
    function,
    hyperparameter,
    indices,
    parameter,
    parameters,
)
from derive.language.expressions import AbstractHandle, Expression, FactHandle, Named
from derive.language.functions import (
    absolute,
    arctan,
    clip,
    cos,
    cosh,
    det,
    digamma,
    elu,
    erf,
    exp,
    gamma,
    gelu,
    greater,
    hinge,
    huber,
    inverse,
    leaky_relu,
    ln,
    log2,
    log_cosh,
    log_gamma,
    log_softmax,
    logdet,
    logsumexp,
    maximum,
    minimum,
    normal_cdf,
    normal_density,
    pi,
    relu,
    selu,
    sigmoid,
    sign,
    silu,
    sin,
    sinh,
    softmax,
    softplus,
    sqrt,
    tan,
    tanh,
)
from derive.language.networks import mlp
from derive.language.sums import (
    family,
    mean,
    size,
    sum,  # noqa: A004 - the textbook's name; the module is used qualified, as in ``derive.sum``
)

__all__ = [
    "AbstractHandle",
    "Expression",
    "FactHandle",
    "Named",
    "absolute",
    "arctan",
    "clip",
    "constant",
    "cos",
    "cosh",
    "data",
    "define",
    "det",
    "digamma",
    "elu",
    "erf",
    "exp",
    "fact",
    "family",
    "function",
    "gamma",
    "gelu",
    "greater",
    "hinge",
    "huber",
    "hyperparameter",
    "indices",
    "inverse",
    "leaky_relu",
    "ln",
    "log2",
    "log_cosh",
    "log_gamma",
    "log_softmax",
    "logdet",
    "logsumexp",
    "maximum",
    "mean",
    "minimum",
    "mlp",
    "normal_cdf",
    "normal_density",
    "parameter",
    "parameters",
    "pi",
    "problem",
    "relu",
    "selu",
    "sigmoid",
    "sign",
    "silu",
    "sin",
    "sinh",
    "size",
    "softmax",
    "softplus",
    "sqrt",
    "sum",
    "tan",
    "tanh",
]
