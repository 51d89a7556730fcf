"""SymPy on its own: the gradient of logistic regression, written out, differentiated, simplified.

``python benchmarks/sympy_alone.py M`` prints the seconds that ``diff`` and ``simplify`` took and
the length of the answer. The cost is written here in plain SymPy, with nothing of ``derive``.
"""

from __future__ import annotations

import sys
import time
from typing import Any


def cost(count: int, features: int = 2) -> tuple[Any, Any]:
    """The mean cross-entropy of ``count`` examples as a SymPy expression, and the symbol w_1."""
    import sympy

    w = sympy.symbols(f"w_1:{features + 1}")
    b = sympy.Symbol("b")
    losses = []
    for i in range(1, count + 1):
        x = sympy.symbols(f"x_{i}_1:{features + 1}")
        y = sympy.Symbol(f"y_{i}")
        z = sum((w[j] * x[j] for j in range(features)), b)
        a = 1 / (1 + sympy.exp(-z))
        losses.append(-(y * sympy.log(a) + (1 - y) * sympy.log(1 - a)))
    return sympy.Add(*losses) / count, w[0]


def main() -> None:
    """Print the seconds and the length."""
    import sympy

    whole, weight = cost(int(sys.argv[1]))
    start = time.perf_counter()
    gradient = whole.diff(weight)
    between = time.perf_counter()
    answer = sympy.simplify(gradient)
    end = time.perf_counter()
    print(between - start, end - between, len(str(answer)))


if __name__ == "__main__":
    main()
