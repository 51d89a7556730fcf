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
from derive.language.sums import (
    arctan,
    cos,
    cosh,
    exp,
    family,
    ln,
    mean,
    sigmoid,
    sin,
    sinh,
    size,
    softplus,
    sqrt,
    sum,  # noqa: A004 - the textbook's name; the module is used qualified, as in ``derive.sum``
    tanh,
)

__all__ = [
    "AbstractHandle",
    "Expression",
    "FactHandle",
    "Named",
    "arctan",
    "cos",
    "cosh",
    "data",
    "define",
    "exp",
    "fact",
    "family",
    "function",
    "hyperparameter",
    "indices",
    "ln",
    "mean",
    "parameter",
    "parameters",
    "problem",
    "sigmoid",
    "sin",
    "sinh",
    "size",
    "softplus",
    "sqrt",
    "sum",
    "tanh",
]
