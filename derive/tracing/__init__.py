"""A cost that is a plain Python function on NumPy arrays, traced with symbolic ones.

>>> import derive
>>> import numpy as np
>>> def loss(w, b, x, y):
...     z = x @ w + b
...     a = 1 / (1 + np.exp(-z))
...     L = -(y * np.log(a) + (1 - y) * np.log(1 - a))
...     return L.mean()
>>> problem = derive.trace(loss, w="n", b="", x="m,n", y="m", wrt=("w", "b"))
>>> [definition.name for definition in problem.definitions]
['z', 'a', 'L', 'J']
>>> print(derive.gradient(problem, wrt="w").result)
(1/m) Σᵢ₌₁ᵐ (a_i − y_i) x_ij

How the names are found: each operation looks at the local variables of the function that is traced
(its frame, through :func:`sys._getframe`) and gives every array that it sees there for the first
time the name of its variable. What is named is named before it is used, since using it is an
operation; the last variables are seen in the frame once the function has returned. No source text
is read or rewritten, and neither ``sys.settrace`` nor ``sys.setprofile`` is touched, so that
debuggers, coverage and other threads go on undisturbed. It works in CPython 3.10 and later, for
lambdas, methods, closures and functions typed at a prompt.
"""

from derive.tracing.arrays import SymbolicArray
from derive.tracing.function import trace

__all__ = ["SymbolicArray", "trace"]
